/* The trials of a trainer: its task's, or those that it was given; and room for them. */
#include "../base/error.h"
#include "trainer.h"

static nai_status make_pool(nai_trainer *trainer)
{
  int32_t threads = (int32_t)trainer->setting[NAI__THREADS];
  if (trainer->pool && nai__pool_threads(trainer->pool) == threads) return NAI_OK;
  nai__pool *pool;
  NAI__TRY(nai__pool_create(&pool, threads));
  nai__pool_destroy(trainer->pool);
  trainer->pool = pool;
  return NAI_OK;
}

nai_status nai__trainer_fill(nai_trainer *trainer, int32_t stream, uint64_t first, int64_t count)
{
  if (!trainer->task)
    return nai__fail(NAI_ERR_ORDER, "the trainer has no task: make it with one, or give it trials");
  int64_t batch = (int64_t)trainer->setting[NAI__BATCH];
  if (!trainer->trials || trainer->trials_made < batch ||
      trainer->trials->capacity < trainer->task->ops.max_steps) {
    nai_trials *trials;
    NAI__TRY(nai__task_trials(&trials, trainer->task, batch));
    nai_trials_destroy(trainer->trials);
    trainer->trials = trials;
    trainer->trials_made = batch;
  }
  return nai__task_fill(trainer->trials, trainer->task, (uint64_t)trainer->setting[NAI__SEED],
                        stream, first, count);
}

nai_status nai__trainer_draw(const nai_trials **out, nai_trainer *trainer)
{
  NAI__TRY(nai__trainer_fill(trainer, NAI_STREAM_TRAIN, trainer->drawn,
                             (int64_t)trainer->setting[NAI__BATCH]));
  *out = trainer->trials;
  return NAI_OK;
}

/* --- room --------------------------------------------------------------------------------------- */

static nai_status check(const nai_trainer *trainer, const nai_trials *trials)
{
  if (!trainer->plasticity.objective.n)
    return nai__fail(NAI_ERR_ORDER, "the trainer has no cost: add one first");
  return nai__trials_fit(trials, trainer->plasticity.net);
}

nai_status nai__trainer_prepare(nai_trainer *trainer, const nai_trials *trials)
{
  NAI__TRY(check(trainer, trials));
  NAI__TRY(make_pool(trainer));
  NAI__TRY(nai__objective_reserve(&trainer->plasticity.objective, trials->trials));
  return nai__batch_prepare(&trainer->batch, trainer->plasticity.net, trials,
                            (int32_t)trainer->setting[NAI__THREADS]);
}

uint64_t nai__trainer_first(const nai_trainer *trainer, const nai_trials *trials)
{
  return trials == trainer->trials ? trials->first : trials->first + trainer->drawn;
}
