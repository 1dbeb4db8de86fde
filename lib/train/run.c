/* Running a trainer: updates, evaluations on test trials, the callback, and when to end. */
#include <math.h>

#include "../base/error.h"
#include "../base/structs.h"
#include "trainer.h"

/* The task's next batch; NULL where it is cut into shards, which are drawn one by one. */
static nai_status next(const nai_trials **out, nai_trainer *trainer)
{
  *out = NULL;
  return trainer->setting[NAI__SHARDS] > 1 ? NAI_OK : nai__trainer_draw(out, trainer);
}

/* Trials to work on: those that were given, or the task's next batch. */
static nai_status choose(const nai_trials **trials, nai_trainer *trainer, const nai_progress *now)
{
  if (now) NAI__TRY(nai__struct_check(now, NAI__FIRST_SIZE(nai_progress, gradient_norm), "now"));
  return *trials ? NAI_OK : next(trials, trainer);
}

/* One gradient, or one update. */
typedef nai_status (*act)(nai_trainer *trainer, const nai_trials *trials);

static nai_status work(nai_progress *now, nai_trainer *trainer, const nai_trials *trials, act act)
{
  NAI__TRY(choose(&trials, trainer, now));
  NAI__TRY(nai__trainer_stopped(act(trainer, trials)));
  nai_progress ours;
  nai__trainer_progress(&ours, trainer, trainer->step);
  if (now) nai__struct_give(now, &ours, sizeof ours);
  return NAI_OK;
}

static nai_status work_in_turn(nai_progress *now, nai_trainer *trainer, const nai_trials *trials,
                               enum nai__doing doing, act act)
{
  nai__work turn;
  NAI__REQUIRE(trainer);
  NAI__TRY(nai__work_begin(&turn, &trainer->plasticity, doing));
  nai_status status = work(now, trainer, trials, act);
  nai__work_end(&turn);
  return status;
}

nai_status nai_trainer_estimate_gradient(nai_progress *now, nai_trainer *trainer,
                                         const nai_trials *trials)
{
  return work_in_turn(now, trainer, trials, NAI__LOOKING, nai__trainer_find);
}

nai_status nai_trainer_step(nai_progress *now, nai_trainer *trainer, const nai_trials *trials)
{
  return work_in_turn(now, trainer, trials, NAI__MOVING, nai__trainer_update);
}

/* --- evaluation ------------------------------------------------------------------------------- */

/* Trials first .. of the test trials, which the batch has run. */
static nai_status judge_batch(const nai_trainer *trainer, int64_t first, int64_t *correct,
                              int64_t *judged)
{
  const nai__batch *batch = &trainer->batch;
  const nai_task *judge = trainer->judge ? trainer->judge : trainer->task;
  /* given ones as they are: drawn, they have only the conditions that training trials have too */
  const nai_trials *given = trainer->task->test, *trials = given ? given : trainer->trials;
  if (!given) first = 0;
  int64_t ld = trainer->plasticity.net->ld_outputs;
  for (int64_t k = 0; k < batch->trials * trials->own; k++) {
    nai__verdict verdict;
    int64_t b = k / trials->own, p = k % trials->own;
    NAI__TRY(nai__judge(&verdict, judge, trials, first + b, p, batch->activity.output + b * ld,
                        batch->trials * ld, trainer->plasticity.net->dt));
    *correct += verdict.correct == 1;
    *judged += verdict.correct >= 0;
  }
  return NAI_OK;
}

/* Every so many batches of test trials, from one on. Above 0: the host wants no more. */
static nai_status judge_some(nai_trainer *trainer, int64_t from, int64_t every, int64_t *correct,
                             int64_t *judged)
{
  const nai_trials *given = trainer->task->test;
  int64_t total = (int64_t)trainer->setting[NAI__EVALUATE_TRIALS],
          size = nai__trainer_at_once(trainer);
  if (given && total > given->trials) total = given->trials;
  for (int64_t first = from * size; first < total; first += every * size) {
    int64_t count = total - first < size ? total - first : size;
    NAI__TRY(nai__trainer_fill(trainer, NAI_STREAM_TEST, (uint64_t)first, count));
    const nai_trials *trials = trainer->trials;
    const nai__means means = nai__trainer_means(trainer);
    NAI__TRY(nai__batch_prepare(&trainer->batch, trainer->plasticity.net, trials, &means));
    nai__pool_watch(trainer->pool, &trainer->watch);
    const nai__showing showing = nai__trainer_showing(trainer, trials);
    nai_status status = nai__batch_run(&trainer->batch, &showing);
    nai__pool_watch(trainer->pool, NULL);
    NAI__TRY(status);
    NAI__TRY(judge_batch(trainer, first, correct, judged));
    NAI__TRY(nai__ask(&trainer->watch, first + count, total));
  }
  return NAI_OK;
}

/* On the same test trials each time, in the memory of a batch; ranks share them out, and count together. */
static nai_status evaluate(double *performance, nai_trainer *trainer)
{
  const nai_exchange *exchange = trainer->shards.exchange;
  int64_t correct = 0, judged = 0;
  nai_status status = judge_some(trainer, nai__exchange_rank(exchange),
                                 nai__exchange_ranks(exchange), &correct, &judged);
  double count[] = {(double)correct, (double)judged};
  NAI__TRY(nai__shards_count(trainer, status, count, 2));
  *performance = count[1] > 0 ? count[0] / count[1] : NAN;
  return NAI_OK;
}

/* --- run -------------------------------------------------------------------------------------- */

/* Remembered, and what the curriculum goes by. *over: 1 when the run ends. */
static nai_status evaluate_in_run(nai_trainer *trainer, int *over)
{
  double performance;
  nai_status status = evaluate(&performance, trainer);
  if (status > 0) *over = 1;
  if (status != NAI_OK) return status < 0 ? status : NAI_OK;
  nai__work_lend(&trainer->plasticity, NAI__SETTING); /* to a callback of the stage */
  status = nai__course_evaluated(over, &trainer->course, trainer->task, performance);
  nai__work_lend(&trainer->plasticity, NAI__NOTHING);
  NAI__TRY(status);
  trainer->performance = performance;
  nai__history_last(&trainer->history)[NAI_HISTORY_PERFORMANCE] = performance;
  double stop_at = trainer->setting[NAI__STOP_AT];
  if (stop_at > 0 && trainer->performance >= stop_at) *over = 1;
  return NAI_OK;
}

static nai_status save_checkpoint(nai_trainer *trainer, const nai__checkpoints *c)
{
  nai__work_lend(&trainer->plasticity, NAI__SETTING);
  nai_status status = c->save(trainer, c->path);
  nai__work_lend(&trainer->plasticity, NAI__NOTHING);
  return status;
}

static nai_status update_and_evaluate(nai_trainer *trainer, int64_t end, int *over)
{
  const nai_trials *trials;
  NAI__TRY(next(&trials, trainer));
  nai_status status = nai__trainer_update(trainer, trials);
  if (status < 0) return status;
  *over = status > 0;
  int64_t every = (int64_t)trainer->setting[NAI__EVALUATE_EVERY];
  if (every && !*over && (trainer->step % every == 0 || trainer->step == end))
    NAI__TRY(evaluate_in_run(trainer, over));
  const nai__checkpoints *c = &trainer->checkpoints;
  if (c->every && (trainer->step % c->every == 0 || trainer->step == end || *over))
    return save_checkpoint(trainer, c);
  return NAI_OK;
}

static nai_status report(nai_trainer *trainer, int64_t end, nai_progress_callback progress,
                         void *user, int *over)
{
  nai_progress now;
  nai__trainer_progress(&now, trainer, end);
  nai__clear_error();
  nai__work_lend(&trainer->plasticity, NAI__LOOKING);
  nai_status status = progress(&now, user);
  nai__work_lend(&trainer->plasticity, NAI__NOTHING);
  if (status > 0) *over = 1;
  return status < 0 ? nai__fail_callback(status, "callback", "progress") : NAI_OK;
}

static nai_status check_run(const nai_trainer *trainer, int64_t steps)
{
  const double *setting = trainer->setting;
  if (steps < 0)
    return nai__fail(NAI_ERR_INVALID, "steps is %lld, must be at least 0", (long long)steps);
  if (steps > 0 && setting[NAI__STOP_AT] > 0 && setting[NAI__EVALUATE_EVERY] == 0)
    return nai__fail(NAI_ERR_INVALID,
                     "stop_at is %g, but evaluate_every is 0: without evaluations no run would end "
                     "by it",
                     setting[NAI__STOP_AT]);
  return NAI_OK;
}

/* Rows of history that a run makes room for at once; a longer one makes more later. */
#define MOST_ROWS 131072

static nai_status run(nai_trainer *trainer, int64_t steps, nai_progress_callback progress,
                      void *user)
{
  NAI__TRY(check_run(trainer, steps));
  int64_t end = steps < INT64_MAX - trainer->step ? trainer->step + steps : INT64_MAX;
  int over = 0;
  nai_status status =
      nai__history_reserve(&trainer->history, steps < MOST_ROWS ? steps : MOST_ROWS);
  if (status != NAI_OK && steps > 0) return nai__shards_go_on(trainer, status, &over);
  while (status == NAI_OK && trainer->step < end && !over) {
    int64_t before = trainer->step;
    status = update_and_evaluate(trainer, end, &over);
    trainer->shards.all_know = trainer->shards.all_know && status < 0;
    if (status == NAI_OK && progress && trainer->step > before)
      status = report(trainer, end, progress, user, &over);
    status = nai__shards_go_on(trainer, status, &over);
  }
  return status;
}

nai_status nai_trainer_run(nai_trainer *trainer, int64_t steps, nai_progress_callback progress,
                           void *user)
{
  nai__work turn;
  NAI__REQUIRE(trainer);
  NAI__TRY(nai__work_begin(&turn, &trainer->plasticity, NAI__MOVING));
  nai_status status = run(trainer, steps, progress, user);
  nai__work_end(&turn);
  return status;
}
