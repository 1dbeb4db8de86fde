/* The gradient of J on a batch: the run, the costs, the rule's estimate, the other costs. */
#include <math.h>

#include "../base/error.h"
#include "trainer.h"

static nai_status recall(void *user, int64_t first)
{
  const nai__parts *parts = user;
  return nai__batch_recall(parts->batch, first);
}

static nai_status estimate(nai_trainer *trainer, nai__learner *learner, const nai_trials *trials,
                           int has_signal, const nai__trial_costs *trial_costs)
{
  nai__batch *batch = &trainer->batch;
  nai__plasticity *p = &trainer->plasticity;
  nai__parts parts = {&p->objective, batch, trials};
  nai__pass pass = {.net = p->net,
                    .activity = &batch->activity,
                    .steps = batch->steps,
                    .trials = batch->trials,
                    .all_trials = p->objective.whole ? p->objective.whole->trials : batch->trials,
                    .end = batch->steps,
                    .span = batch->spans.steps,
                    .recall = recall,
                    .rows = batch->rows,
                    .walked = batch->walked,
                    .summed = batch->summed,
                    .update = trainer->step,
                    .length = trials->length,
                    .pool = trainer->pool,
                    .output_gradient = batch->output_gradient,
                    .signal = batch->signal,
                    .has_signal = has_signal,
                    .rate_signal = nai__costs_in_parts(&p->objective) ? nai__costs_part : NULL,
                    .output_signal = nai__costs_of_last,
                    .user = &parts,
                    .trial_costs = trial_costs,
                    .gradient = p->gradient,
                    .carry = batch->carry,
                    .state_carry = batch->state_carry,
                    .slopes = batch->slopes,
                    .start = batch->start,
                    .bias_sum = batch->bias_sum,
                    .output_bias = batch->output_bias,
                    .outer_scratch = batch->outer_scratch,
                    .sums = batch->by_groups ? batch->sums : NULL};
  if (!trial_costs) nai__filter_outputs(&pass);
  NAI__TRY(learner->rule->kind->estimate(learner, &pass));
  NAI__TRY(nai__failure_raise(&pass.failed));
  NAI__TRY(nai__pool_answer(trainer->pool));
  return trial_costs ? NAI_OK : nai__parts_finish(&parts, learner->rule);
}

nai_status nai__trainer_forward(nai_trainer *trainer, const nai_trials *trials)
{
  nai__plasticity *p = &trainer->plasticity;
  const nai__showing showing = nai__trainer_showing(trainer, trials);
  if (p->rule->kind->perturb)
    return nai__perturbed_forward(&trainer->scalars, &p->objective, &trainer->batch, p->learner,
                                  &showing);
  return nai__batch_run(&trainer->batch, &showing);
}

nai_status nai__trainer_estimate(nai_trainer *trainer, nai__learner *learner,
                                 const nai_trials *trials)
{
  nai__objective *objective = &trainer->plasticity.objective;
  int has_signal, perturbs = learner->rule->kind->perturb != NULL;
  nai__trial_costs costs;
  NAI__TRY(nai__costs_before(&has_signal, objective, &trainer->batch, trials));
  if (perturbs)
    NAI__TRY(nai__perturbed_costs(&costs, &trainer->scalars, objective, &trainer->batch,
                                  learner->rule, trials));
  return estimate(trainer, learner, trials, has_signal, perturbs ? &costs : NULL);
}

nai_status nai__trainer_complete(nai_trainer *trainer, const nai_trials *trials)
{
  nai__plasticity *p = &trainer->plasticity;
  NAI__TRY(
      nai__costs_errors(&trainer->errors, &p->objective, &trainer->batch, trials, p->gradient));
  NAI__TRY(nai__costs_after(&p->objective, p->net, p->gradient));
  if (!nai__plasticity_measure(p, trainer->pool) || !isfinite(p->objective.total) ||
      !nai__batch_finite(&trainer->batch))
    return nai__fail_nonfinite(p, &trainer->batch, trainer->step + 1);
  return NAI_OK;
}

static nai_status find(nai_trainer *trainer, const nai_trials *trials)
{
  NAI__TRY(nai__trainer_forward(trainer, trials));
  NAI__TRY(nai__trainer_estimate(trainer, trainer->plasticity.learner, trials));
  return nai__trainer_complete(trainer, trials);
}

nai_status nai__trainer_gradient(nai_trainer *trainer, const nai_trials *trials)
{
  NAI__TRY(nai__trainer_prepare(trainer, trials));
  NAI__TRY(nai__kept_save(&trainer->plasticity));
  nai__pool_watch(trainer->pool, &trainer->watch);
  nai_status status = find(trainer, trials);
  nai__pool_watch(trainer->pool, NULL);
  if (status != NAI_OK) nai__kept_put_back(&trainer->plasticity);
  return status;
}

nai_status nai__trainer_stopped(nai_status status)
{
  return status > 0 ? nai__fail(NAI_ERR_USER, "stopped before the end: nothing has changed")
                    : status;
}
