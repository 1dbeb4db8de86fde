/*
 * For rules that learn from the cost of each trial alone: a batch that is run perturbed, once or
 * before it is run as it is, and what each trial costs. Costs are the same functions as ever: they
 * are shown a batch of one trial, and told what they divide a mean by.
 */
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/names.h"
#include "trainer.h"

/* --- memory ----------------------------------------------------------------------------------- */

void nai__scalars_destroy(nai__scalars *s)
{
  nai__free(s->cost);
  nai__free(s->perturbed);
  nai__free(s->type);
  nai__free(s->output);
  nai__free(s->target);
  nai__free(s->mask);
  nai__free(s->classes);
  *s = (nai__scalars){.steps = 0};
}

static nai_status allocate(nai__scalars *s, int64_t steps, int64_t trials, int64_t channels)
{
  s->cost = NAI__ARRAY(double, trials);
  s->perturbed = NAI__ARRAY(double, trials);
  s->type = NAI__ARRAY(uint32_t, trials);
  s->output = NAI__ARRAY(float, steps *channels);
  s->target = NAI__ARRAY(float, steps *channels);
  s->mask = NAI__ARRAY(float, steps *channels);
  s->classes = NAI__ARRAY(int32_t, steps);
  if (!s->cost || !s->perturbed || !s->type || !s->output || !s->target || !s->mask || !s->classes)
    return NAI_ERR_MEMORY;
  s->steps = steps;
  s->trials = trials;
  return NAI_OK;
}

/* As much room as the batch has. */
static nai_status prepare(nai_trainer *trainer)
{
  nai__scalars *s = &trainer->scalars;
  const nai__batch *batch = &trainer->batch;
  if (batch->steps_room <= s->steps && batch->trials_room <= s->trials) return NAI_OK;
  nai__scalars_destroy(s);
  nai_status status =
      allocate(s, batch->steps_room, batch->trials_room, trainer->net->n_outputs + 1);
  if (status != NAI_OK) nai__scalars_destroy(s);
  return status;
}

/* --- what a trial costs: outputs -------------------------------------------------------------- */

/* Row `trial` of every step of [steps][trials][stride] values of four bytes: its first n. */
static void gather(void *out, const void *from, int64_t steps, int64_t trials, int64_t stride,
                   int64_t trial, int64_t n)
{
  const char *row = (const char *)from + trial * stride * 4;
  for (int64_t t = 0; t < steps; t++, row += trials * stride * 4)
    memcpy((char *)out + t * n * 4, row, (size_t)n * 4);
}

/* An output as if trial k were the batch, but for what a mean divides by. */
static nai_output_batch output_of(const nai_trainer *trainer, const nai__goal *goal, double scale,
                                  double mask_total, int64_t k)
{
  const nai__batch *batch = &trainer->batch;
  const nai__scalars *s = &trainer->scalars;
  int64_t steps = batch->steps, trials = batch->trials, n = goal->n, columns = goal->mask_columns;
  gather(s->output, batch->activity.output + goal->offset, steps, trials, trainer->net->ld_outputs,
         k, n);
  gather(s->mask, goal->mask, steps, trials, columns, k, columns);
  if (goal->target) gather(s->target, goal->target, steps, trials, n, k, n);
  if (goal->classes) gather(s->classes, goal->classes, steps, trials, 1, k, 1);
  return (nai_output_batch){.struct_size = sizeof(nai_output_batch),
                            .mask_columns = (int32_t)columns,
                            .name = goal->name,
                            .steps = steps,
                            .trials = 1,
                            .n = n,
                            .stride = n,
                            .output = s->output,
                            .target = goal->target ? s->target : NULL,
                            .classes = goal->classes ? s->classes : NULL,
                            .mask = s->mask,
                            .scale = scale,
                            .mask_total = mask_total};
}

/* Sums over trials, of values and of their sizes. */
typedef struct sums {
  double value, size;
} sums;

static void add(sums *sum, double *cost, double scale, double value)
{
  *cost += scale * value;
  sum->value += value;
  sum->size += fabs(value);
}

static nai_status on_outputs(nai_trainer *trainer, const nai__weighed_cost *c,
                             const nai_trials *trials, double *cost, sums *sum)
{
  for (int64_t i = 0; i < trials->n_goals; i++) {
    const nai__goal *goal = &trials->goal[i];
    if (!nai__names_match(c->cost->names, goal->name)) continue;
    double total = nai__mask_total(goal, trials);
    for (int64_t k = 0; k < trials->trials; k++) {
      nai_output_batch b = output_of(trainer, goal, c->scale, total, k);
      double value = 0;
      nai__clear_error();
      NAI__TRY(nai__cost_finish(c->cost, c->cost->ops.on_outputs(c->cost->user, &b, &value)));
      add(sum, &cost[k], c->scale, value);
    }
  }
  return NAI_OK;
}

/* --- what a trial costs: rates ---------------------------------------------------------------- */

static nai_status on_rates(nai_trainer *trainer, const nai__weighed_cost *c,
                           const nai_trials *trials, double *cost, sums *sum)
{
  for (int64_t i = 0; i < trainer->net->n_nodes; i++) {
    const nai__node *node = &trainer->net->node[i];
    if (!nai__selected(node, NAI__KIND(NAI_POPULATIONS), c->cost->names)) continue;
    for (int64_t k = 0; k < trials->trials; k++) {
      nai_rate_batch b = nai__rates_whole(trainer, node, trials, c->scale);
      b.trials = 1;
      b.length += k;
      b.rate += k * b.stride;
      b.gradient = NULL;
      double value = 0;
      nai__clear_error();
      NAI__TRY(nai__cost_finish(c->cost, c->cost->ops.on_rates(c->cost->user, &b, &value)));
      add(sum, &cost[k], c->scale, value);
    }
  }
  return NAI_OK;
}

/* --- all costs -------------------------------------------------------------------------------- */

/* A cost of the user's own may divide by what is not the batch's; then trials do not add up. */
static nai_status check_sum(const nai_trainer *trainer, const nai__weighed_cost *c, sums sum)
{
  if (!(fabs(sum.value - c->value) > 1e-4 * (sum.size + fabs(c->value)))) return NAI_OK;
  return nai__fail(NAI_ERR_UNSUPPORTED,
                   "cost '%s' is %g for single trials together and %g for the batch: rule '%s' "
                   "needs one that adds up; divide by mask_total, not by what is in the batch",
                   c->cost->name, sum.value, c->value, trainer->rule->kind->name);
}

/* `at_hand`: of the activity that the trainer's values are of, rather than of a run before it. */
static nai_status find_costs(nai_trainer *trainer, const nai_trials *trials, int at_hand,
                             double *cost)
{
  memset(cost, 0, (size_t)trials->trials * sizeof *cost);
  for (int64_t i = 0; i < trainer->n_costs; i++) {
    nai__weighed_cost *c = &trainer->cost[i];
    sums sum = {0, 0};
    if (c->cost->ops.on_outputs) {
      NAI__TRY(on_outputs(trainer, c, trials, cost, &sum));
      if (at_hand) NAI__TRY(check_sum(trainer, c, sum));
    }
    if (!c->cost->ops.on_rates) continue;
    NAI__TRY(on_rates(trainer, c, trials, cost, &sum));
    if (at_hand) c->part[0] = sum.value; /* nobody else calls it */
  }
  return NAI_OK;
}

/* --- types of trials -------------------------------------------------------------------------- */

/* FNV-1a of the values of all conditions. */
static uint32_t type_of(const nai_trials *trials, int64_t k)
{
  uint32_t hash = UINT32_C(0x811c9dc5);
  for (int64_t i = 0; i < trials->n_conditions; i++) {
    float value = trials->condition[i].value[k] + 0.0f; /* -0 is 0 */
    unsigned char byte[sizeof value];
    memcpy(byte, &value, sizeof value);
    for (size_t j = 0; j < sizeof byte; j++) hash = (hash ^ byte[j]) * UINT32_C(0x01000193);
  }
  return hash;
}

/* --- running ---------------------------------------------------------------------------------- */

nai_status nai__perturbed_forward(nai_trainer *trainer, const nai_trials *trials, uint64_t first)
{
  const nai__rule_kind *kind = trainer->rule->kind;
  nai__batch *batch = &trainer->batch;
  nai__perturbation *perturbation = &trainer->scalars.perturbation;
  uint64_t seed = (uint64_t)trainer->setting[NAI__SEED];
  NAI__TRY(prepare(trainer));
  kind->perturb(trainer->learner, perturbation);
  batch->activity.perturbation = perturbation;
  nai__batch_run(batch, trainer->pool, trials, seed, first);
  batch->activity.perturbation = NULL;
  if (!(kind->runs & NAI__RUNS_BOTH)) return NAI_OK;
  nai__costs_scale(trainer, trials);
  NAI__TRY(find_costs(trainer, trials, 0, trainer->scalars.perturbed));
  nai__batch_run(batch, trainer->pool, trials, seed, first);
  return NAI_OK;
}

nai_status nai__perturbed_costs(nai__trial_costs *out, nai_trainer *trainer,
                                const nai_trials *trials)
{
  nai__scalars *s = &trainer->scalars;
  NAI__TRY(find_costs(trainer, trials, 1, s->cost));
  for (int64_t k = 0; k < trials->trials; k++) s->type[k] = type_of(trials, k);
  *out = (nai__trial_costs){s->perturbation, s->cost, s->perturbed, s->type};
  return NAI_OK;
}
