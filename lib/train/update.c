/* One update: the gradient and what it moves, or a life within trials; and what is remembered. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "trainer.h"

static void remember(nai_trainer *trainer)
{
  const nai__plasticity *p = &trainer->plasticity;
  double *row = nai__history_add(&trainer->history);
  assert(trainer->history.columns == NAI_HISTORY_COSTS + p->objective.n);
  row[NAI_HISTORY_COST] = p->objective.total;
  row[NAI_HISTORY_GRADIENT_NORM] = p->gradient_norm;
  row[NAI_HISTORY_PERFORMANCE] = NAN;
  row[NAI_HISTORY_STAGE] = (double)(trainer->course.curriculum ? trainer->course.stage : -1);
  for (int64_t i = 0; i < p->objective.n; i++) row[NAI_HISTORY_COSTS + i] = p->objective.value[i];
}

nai_status nai__trainer_find(nai_trainer *trainer, const nai_trials *trials)
{
  double shards = trainer->setting[NAI__SHARDS];
  if (!trials) return nai__shards_gradient(trainer, NAI_OK);
  if (shards == 1) return nai__trainer_gradient(trainer, trials);
  return nai__fail(
      NAI_ERR_UNSUPPORTED,
      "shards is %g, but trials that are given at an update are not cut: set shards to "
      "1, or make the trainer with these trials as its task",
      shards);
}

static nai_status learn(nai_trainer *trainer, const nai_trials *trials)
{
  nai__plasticity *p = &trainer->plasticity;
  if (trials && nai__learns_within(p->rule)) return nai__trainer_live(trainer, trials);
  NAI__TRY(nai__trainer_find(trainer, trials));
  nai_status status =
      nai__plasticity_apply(p, trainer->pool, trainer->setting[NAI__CLIP], trainer->step + 1);
  if (status != NAI_OK) nai__kept_put_back(p);
  return status;
}

/* A failed update leaves all that a checkpoint holds as it was. */
nai_status nai__trainer_update(nai_trainer *trainer, const nai_trials *trials)
{
  nai_status status = nai__history_reserve(&trainer->history, 1);
  if (status != NAI_OK) return trials ? status : nai__shards_gradient(trainer, status);
  NAI__TRY(learn(trainer, trials));
  trainer->step++;
  trainer->drawn += trials ? (uint64_t)trials->trials : (uint64_t)trainer->setting[NAI__BATCH];
  remember(trainer);
  return NAI_OK;
}

void nai__trainer_progress(nai_progress *now, const nai_trainer *trainer, int64_t steps)
{
  const nai__plasticity *p = &trainer->plasticity;
  *now = (nai_progress){.struct_size = sizeof *now,
                        .n_costs = p->objective.n,
                        .step = trainer->step,
                        .steps = steps,
                        .cost = p->objective.total,
                        .costs = p->objective.value,
                        .performance = trainer->performance,
                        .gradient_norm = p->gradient_norm};
}
