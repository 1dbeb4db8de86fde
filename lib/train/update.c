/*
 * One update: trials, activity, costs, the rule's estimate, clipping, the optimiser, the
 * constraints.
 */
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/finite.h"
#include "../base/memory.h"
#include "agent.h"
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
    return nai__fail(NAI_ERR_ORDER,
                     "the trainer has no task: give nai_trainer_create one, or give trials");
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

/* The task's next batch; `drawn` moves on only when an update has been made. */
nai_status nai__trainer_draw(const nai_trials **out, nai_trainer *trainer)
{
  NAI__TRY(nai__trainer_fill(trainer, NAI_STREAM_TRAIN, trainer->drawn,
                             (int64_t)trainer->setting[NAI__BATCH]));
  *out = trainer->trials;
  return NAI_OK;
}

/* --- gradient --------------------------------------------------------------------------------- */

static nai_status grow_parts(nai_trainer *trainer, int64_t trials)
{
  if (trials <= trainer->batch.trials_room) return NAI_OK;
  for (int64_t i = 0; i < trainer->n_costs; i++) {
    double *part = NAI__ARRAY(double, trials / 8 + 1);
    if (!part) return NAI_ERR_MEMORY;
    nai__free(trainer->cost[i].part);
    trainer->cost[i].part = part;
  }
  return NAI_OK;
}

static nai_status check(const nai_trainer *trainer, const nai_trials *trials)
{
  if (!trainer->n_costs)
    return nai__fail(NAI_ERR_ORDER, "the trainer has no cost: call nai_trainer_add_cost first");
  return nai__trials_fit(trials, trainer->net);
}

static nai_status estimate(nai_trainer *trainer, nai__learner *learner, const nai_trials *trials,
                           int has_signal, const nai__trial_costs *trial_costs)
{
  nai__batch *batch = &trainer->batch;
  nai__parts parts = {trainer, trials};
  nai__pass pass = {.net = trainer->net,
                    .activity = &batch->activity,
                    .steps = batch->steps,
                    .trials = batch->trials,
                    .rows = batch->rows,
                    .update = trainer->step,
                    .length = trials->length,
                    .pool = trainer->pool,
                    .output_gradient = batch->output_gradient,
                    .signal = batch->signal,
                    .has_signal = has_signal,
                    .rate_signal = nai__costs_in_parts(trainer) ? nai__costs_part : NULL,
                    .user = &parts,
                    .trial_costs = trial_costs,
                    .gradient = trainer->gradient,
                    .carry = batch->carry,
                    .start = batch->start,
                    .bias_sum = batch->bias_sum,
                    .outer_scratch = batch->outer_scratch};
  trainer->part_error = NAI_OK;
  return learner->rule->kind->estimate(learner, &pass);
}

/* What is not plastic has no gradient: nothing that follows sees it. */
static void clear_frozen(nai_trainer *trainer)
{
  const float *plastic = trainer->net->plastic;
  for (int64_t i = 0; i < trainer->net->n_theta; i++)
    trainer->gradient[i] = plastic[i] != 0 ? trainer->gradient[i] : 0;
}

int nai__trainer_measure(nai_trainer *trainer)
{
  clear_frozen(trainer);
  trainer->has_gradient = 1;
  trainer->gradient_norm = nai__norm(trainer->gradient, trainer->net->n_theta);
  return isfinite(trainer->gradient_norm);
}

nai_status nai__trainer_prepare(nai_trainer *trainer, const nai_trials *trials)
{
  NAI__TRY(check(trainer, trials));
  NAI__TRY(make_pool(trainer));
  NAI__TRY(grow_parts(trainer, trials->trials));
  return nai__batch_prepare(&trainer->batch, trainer->net, trials,
                            (int32_t)trainer->setting[NAI__THREADS]);
}

uint64_t nai__trainer_first(const nai_trainer *trainer, const nai_trials *trials)
{
  return trials == trainer->trials ? trials->first : trials->first + trainer->drawn;
}

nai_status nai__trainer_forward(nai_trainer *trainer, const nai_trials *trials)
{
  NAI__TRY(nai__trainer_prepare(trainer, trials));
  uint64_t first = nai__trainer_first(trainer, trials);
  if (trainer->rule->kind->perturb) return nai__perturbed_forward(trainer, trials, first);
  nai__batch_run(&trainer->batch, trainer->pool, trials, (uint64_t)trainer->setting[NAI__SEED],
                 first);
  return NAI_OK;
}

nai_status nai__trainer_estimate(nai_trainer *trainer, nai__learner *learner,
                                 const nai_trials *trials)
{
  int has_signal, perturbs = learner->rule->kind->perturb != NULL;
  nai__trial_costs costs;
  NAI__TRY(nai__costs_before(trainer, trials, &has_signal));
  if (perturbs) NAI__TRY(nai__perturbed_costs(&costs, trainer, trials));
  return estimate(trainer, learner, trials, has_signal, perturbs ? &costs : NULL);
}

nai_status nai__trainer_complete(nai_trainer *trainer, const nai_trials *trials)
{
  NAI__TRY(nai__costs_errors(trainer, trials));
  NAI__TRY(nai__costs_after(trainer));
  if (!nai__trainer_measure(trainer) || !isfinite(trainer->total) ||
      !nai__batch_finite(&trainer->batch))
    return nai__fail_nonfinite(trainer);
  return NAI_OK;
}

nai_status nai__trainer_gradient(nai_trainer *trainer, const nai_trials *trials)
{
  NAI__TRY(nai__trainer_forward(trainer, trials));
  NAI__TRY(nai__trainer_estimate(trainer, trainer->learner, trials));
  return nai__trainer_complete(trainer, trials);
}

/* --- update ----------------------------------------------------------------------------------- */

static void move(nai_trainer *trainer)
{
  double clip = trainer->setting[NAI__CLIP];
  const nai_network *net = trainer->net;
  nai__move m = {.n = net->n_theta,
                 .step = trainer->moves + 1,
                 .scale =
                     clip > 0 && trainer->gradient_norm > clip ? clip / trainer->gradient_norm : 1,
                 .theta = net->theta,
                 .gradient = trainer->gradient,
                 .plastic = net->plastic,
                 .mean = trainer->mean,
                 .square = trainer->square};
  nai__optimizer_move(trainer->optimizer, &m);
}

static nai_status check_weights(const nai_trainer *trainer)
{
  const nai_network *net = trainer->net;
  if (nai__all_finite(net->theta, net->n_theta)) return NAI_OK;
  for (int64_t k = 0; k < net->n_projections; k++) {
    nai_synapses s = nai__synapses(net, &net->projection[k], NULL, NULL);
    for (int64_t i = 0; i < s.n_post; i++)
      for (int64_t j = 0; j < s.n_pre; j++)
        if (!isfinite(s.weight[i * s.stride + j]))
          return nai__fail(NAI_ERR_NONFINITE,
                           "update %lld would make the weight from '%s' to '%s' at [%lld][%lld] "
                           "%g: lower the learning rate",
                           (long long)trainer->step + 1, s.from, s.to, (long long)i, (long long)j,
                           (double)s.weight[i * s.stride + j]);
  }
  return nai__fail(NAI_ERR_NONFINITE,
                   "update %lld would make a bias infinite: lower the learning rate",
                   (long long)trainer->step + 1);
}

static void remember(nai_trainer *trainer)
{
  double *row = nai__history_add(&trainer->history);
  row[NAI_HISTORY_COST] = trainer->total;
  row[NAI_HISTORY_GRADIENT_NORM] = trainer->gradient_norm;
  row[NAI_HISTORY_PERFORMANCE] = NAN;
  row[NAI_HISTORY_STAGE] = (double)nai_trainer_stage(trainer);
  memcpy(row + NAI_HISTORY_COSTS, trainer->cost_values,
         (size_t)trainer->n_costs * sizeof *trainer->cost_values);
}

nai_status nai__trainer_apply(nai_trainer *trainer)
{
  nai_network *net = trainer->net;
  size_t bytes = (size_t)net->n_theta * sizeof *net->theta;
  memcpy(trainer->before, net->theta, bytes);
  move(trainer);
  const nai__rule_kind *rule = trainer->rule->kind;
  const nai__moved now = {net->theta, trainer->before, trainer->moves};
  if (rule->moved) rule->moved(trainer->learner, &now);
  nai_status status = nai__project(net, trainer->mean, trainer->before);
  if (status == NAI_OK) status = check_weights(trainer);
  if (status != NAI_OK) {
    memcpy(net->theta, trainer->before, bytes);
    return status;
  }
  if (rule->settled) rule->settled(trainer->learner, &now);
  nai__pack(net);
  trainer->moves++;
  return NAI_OK;
}

/* A failed update leaves the weights as they were; the optimiser's running means have moved on. */
nai_status nai__trainer_update(nai_trainer *trainer, const nai_trials *trials)
{
  NAI__TRY(nai__history_reserve(&trainer->history, 1));
  if (nai__learns_within(trainer)) {
    NAI__TRY(nai__trainer_live(trainer, trials));
  } else {
    NAI__TRY(nai__trainer_gradient(trainer, trials));
    NAI__TRY(nai__trainer_apply(trainer));
  }
  trainer->step++;
  trainer->drawn += (uint64_t)trials->trials;
  remember(trainer);
  return NAI_OK;
}

void nai__trainer_progress(nai_progress *now, const nai_trainer *trainer, int64_t steps)
{
  *now = (nai_progress){.struct_size = sizeof *now,
                        .n_costs = (int32_t)trainer->n_costs,
                        .step = trainer->step,
                        .steps = steps,
                        .cost = trainer->total,
                        .costs = trainer->cost_values,
                        .performance = trainer->performance,
                        .gradient_norm = trainer->gradient_norm};
}
