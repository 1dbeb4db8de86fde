/* Running a trainer: updates, evaluations on test trials, the callback, and when to end. */
#include <math.h>

#include "../base/error.h"
#include "trainer.h"

/* Trials to work on: those that were given, or the task's next batch. */
static nai_status choose(const nai_trials **trials, nai_trainer *trainer, const nai_progress *now)
{
  NAI__REQUIRE(trainer);
  if (now && now->struct_size != sizeof *now)
    return nai__fail(NAI_ERR_INVALID, "now->struct_size is %u, must be %zu",
                     (unsigned)now->struct_size, sizeof *now);
  return *trials ? NAI_OK : nai__trainer_draw(trials, trainer);
}

nai_status nai_trainer_estimate_gradient(nai_progress *now, nai_trainer *trainer,
                                         const nai_trials *trials)
{
  NAI__TRY(choose(&trials, trainer, now));
  NAI__TRY(nai__trainer_gradient(trainer, trials));
  if (now) nai__trainer_progress(now, trainer, trainer->step);
  return NAI_OK;
}

nai_status nai_trainer_step(nai_progress *now, nai_trainer *trainer, const nai_trials *trials)
{
  NAI__TRY(choose(&trials, trainer, now));
  NAI__TRY(nai__trainer_update(trainer, trials));
  if (now) nai__trainer_progress(now, trainer, trainer->step);
  return NAI_OK;
}

/* --- evaluation ------------------------------------------------------------------------------- */

static nai_status judge_batch(const nai_trainer *trainer, const nai_trials *trials,
                              int64_t *correct, int64_t *judged)
{
  const nai__batch *batch = &trainer->batch;
  int64_t ld = trainer->plasticity.net->ld_outputs;
  for (int64_t b = 0; b < batch->trials; b++) {
    nai__verdict verdict;
    NAI__TRY(nai__judge(&verdict, trainer->task, trials, b, batch->activity.output + b * ld,
                        batch->trials * ld, trainer->plasticity.net->dt));
    *correct += verdict.correct == 1;
    *judged += verdict.correct >= 0;
  }
  return NAI_OK;
}

/* On the same test trials each time, in the memory of a batch. */
static nai_status evaluate(double *performance, nai_trainer *trainer)
{
  int64_t total = (int64_t)trainer->setting[NAI__EVALUATE_TRIALS],
          size = (int64_t)trainer->setting[NAI__BATCH], there = trainer->task->test_trials;
  if (there && total > there) total = there;
  int64_t correct = 0, judged = 0;
  uint64_t seed = (uint64_t)trainer->setting[NAI__SEED];
  for (int64_t first = 0; first < total; first += size) {
    int64_t count = total - first < size ? total - first : size;
    NAI__TRY(nai__trainer_fill(trainer, NAI_STREAM_TEST, (uint64_t)first, count));
    const nai_trials *trials = trainer->trials;
    NAI__TRY(nai__batch_prepare(&trainer->batch, trainer->plasticity.net, trials,
                                (int32_t)trainer->setting[NAI__THREADS]));
    nai__batch_run(&trainer->batch, trainer->pool, trials, seed, trials->first);
    NAI__TRY(judge_batch(trainer, trials, &correct, &judged));
  }
  *performance = judged ? (double)correct / (double)judged : NAN;
  return NAI_OK;
}

/* --- run -------------------------------------------------------------------------------------- */

/* Remembered, and what the curriculum goes by. *over: 1 when the run ends. */
static nai_status evaluate_in_run(nai_trainer *trainer, int *over)
{
  double performance;
  NAI__TRY(evaluate(&performance, trainer));
  NAI__TRY(nai__course_evaluated(over, &trainer->course, trainer->task, performance));
  trainer->performance = performance;
  nai__history_last(&trainer->history)[NAI_HISTORY_PERFORMANCE] = performance;
  double stop_at = trainer->setting[NAI__STOP_AT];
  if (stop_at > 0 && trainer->performance >= stop_at) *over = 1;
  return NAI_OK;
}

static nai_status update_and_evaluate(nai_trainer *trainer, int64_t end, int *over)
{
  const nai_trials *trials;
  NAI__TRY(nai__trainer_draw(&trials, trainer));
  NAI__TRY(nai__trainer_update(trainer, trials));
  int64_t every = (int64_t)trainer->setting[NAI__EVALUATE_EVERY];
  if (every && (trainer->step % every == 0 || trainer->step == end))
    NAI__TRY(evaluate_in_run(trainer, over));
  const nai__checkpoints *c = &trainer->checkpoints;
  if (c->every && (trainer->step % c->every == 0 || trainer->step == end || *over))
    return c->save(trainer, c->path);
  return NAI_OK;
}

static nai_status report(const nai_trainer *trainer, int64_t end, nai_progress_callback progress,
                         void *user, int *over)
{
  nai_progress now;
  nai__trainer_progress(&now, trainer, end);
  nai__clear_error();
  nai_status status = progress(&now, user);
  if (status > 0) *over = 1;
  return status < 0 ? nai__fail_callback(status, "callback", "progress") : NAI_OK;
}

nai_status nai_trainer_run(nai_trainer *trainer, int64_t steps, nai_progress_callback progress,
                           void *user)
{
  NAI__REQUIRE(trainer);
  if (steps < 0)
    return nai__fail(NAI_ERR_INVALID, "steps is %lld, must be at least 0", (long long)steps);
  int64_t end = trainer->step + steps;
  for (int over = 0; trainer->step < end && !over;) {
    NAI__TRY(update_and_evaluate(trainer, end, &over));
    if (progress) NAI__TRY(report(trainer, end, progress, user, &over));
  }
  return NAI_OK;
}
