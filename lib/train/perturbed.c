/*
 * For rules that learn from the cost of each trial alone: a batch that is run perturbed, once or
 * before it is run as it is, and what each trial costs. Costs are the same functions as ever: they
 * are shown a batch of one trial, and told what they divide a mean by.
 */
#include "perturbed.h"

#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/names.h"

/* --- memory ----------------------------------------------------------------------------------- */

void nai__scalars_destroy(nai__scalars *scalars)
{
  nai__free(scalars->cost);
  nai__free(scalars->perturbed);
  nai__free(scalars->type);
  nai__free(scalars->output);
  nai__free(scalars->target);
  nai__free(scalars->mask);
  nai__free(scalars->classes);
  *scalars = (nai__scalars){.steps = 0};
}

static nai_status allocate(nai__scalars *scalars, int64_t steps, int64_t trials, int64_t channels)
{
  scalars->cost = NAI__ARRAY(double, trials);
  scalars->perturbed = NAI__ARRAY(double, trials);
  scalars->type = NAI__ARRAY(uint32_t, trials);
  scalars->output = NAI__ARRAY(float, steps *channels);
  scalars->target = NAI__ARRAY(float, steps *channels);
  scalars->mask = NAI__ARRAY(float, steps *channels);
  scalars->classes = NAI__ARRAY(int32_t, steps);
  if (!scalars->cost || !scalars->perturbed || !scalars->type || !scalars->output ||
      !scalars->target || !scalars->mask || !scalars->classes)
    return NAI_ERR_MEMORY;
  scalars->steps = steps;
  scalars->trials = trials;
  return NAI_OK;
}

/* As much room as the batch has. */
static nai_status prepare(nai__scalars *scalars, const nai__batch *batch)
{
  if (batch->steps_room <= scalars->steps && batch->trials_room <= scalars->trials) return NAI_OK;
  nai__scalars_destroy(scalars);
  nai_status status =
      allocate(scalars, batch->steps_room, batch->trials_room, batch->activity.net->n_outputs + 1);
  if (status != NAI_OK) nai__scalars_destroy(scalars);
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

/* What an output should do, and did, in trial k alone; what a mean divides by stays the batch's. */
static nai__aim gather_trial(nai__deed *deed, const nai__scalars *scalars, const nai__aim *aim,
                             const nai__batch *batch, int64_t k)
{
  int64_t steps = batch->steps, trials = batch->trials, n = aim->n, columns = aim->mask_columns;
  gather(scalars->output, batch->activity.output + aim->offset, steps, trials,
         batch->activity.net->ld_outputs, k, n);
  gather(scalars->mask, aim->mask, steps, trials, columns, k, columns);
  if (aim->target) gather(scalars->target, aim->target, steps, trials, n, k, n);
  if (aim->classes) gather(scalars->classes, aim->classes, steps, trials, 1, k, 1);
  *deed = (nai__deed){steps, 1, n, scalars->output, NULL};
  nai__aim one = *aim;
  one.mask = scalars->mask;
  one.target = aim->target ? scalars->target : NULL;
  one.classes = aim->classes ? scalars->classes : NULL;
  return one;
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

static nai_status on_outputs(double *cost, sums *sum, const nai__weighed_cost *c,
                             const nai__scalars *scalars, const nai__batch *batch,
                             const nai_trials *trials)
{
  for (int64_t i = 0; i < trials->n_goals; i++) {
    if (!nai__names_match(c->cost->names, trials->goal[i].name)) continue;
    const nai__aim aim = nai__aim_of(&trials->goal[i], trials);
    for (int64_t k = 0; k < trials->trials; k++) {
      nai__deed deed;
      const nai__aim one = gather_trial(&deed, scalars, &aim, batch, k);
      double value = 0;
      NAI__TRY(nai__meet_output(&value, c->cost, &one, &deed, c->scale));
      add(sum, &cost[k], c->scale, value);
    }
  }
  return NAI_OK;
}

/* --- what a trial costs: rates ---------------------------------------------------------------- */

static nai_status on_rates(double *cost, sums *sum, const nai__weighed_cost *c,
                           const nai__batch *batch, const nai_trials *trials)
{
  const nai_network *net = batch->activity.net;
  nai__rates all = nai__rates_of(batch, trials, 1);
  all.trials = 1;
  all.gradient = NULL;
  for (int64_t i = 0; i < net->n_nodes; i++) {
    if (!nai__cost_sees(c->cost, &net->node[i])) continue;
    nai__rates one = all;
    for (int64_t k = 0; k < trials->trials; k++, one.length++, one.rate += one.stride) {
      double value = 0;
      NAI__TRY(nai__meet_rates(&value, c->cost, &net->node[i], &one, c->scale));
      add(sum, &cost[k], c->scale, value);
    }
  }
  return NAI_OK;
}

/* --- all costs -------------------------------------------------------------------------------- */

/* A cost of the user's own may divide by what is not the batch's; then trials do not add up. */
static nai_status check_sum(const nai__weighed_cost *c, sums sum, const nai_rule *rule)
{
  if (!(fabs(sum.value - c->value) > 1e-4 * (sum.size + fabs(c->value)))) return NAI_OK;
  return nai__fail(NAI_ERR_UNSUPPORTED,
                   "cost '%s' is %g for single trials together and %g for the batch: rule '%s' "
                   "needs one that adds up; divide by mask_total, not by what is in the batch",
                   c->cost->name, sum.value, c->value, rule->kind->name);
}

/* `at_hand`: the rule, of the activity that J is of; NULL of a run before it. */
static nai_status find_costs(double *cost, const nai__scalars *scalars, nai__objective *objective,
                             const nai__batch *batch, const nai_trials *trials,
                             const nai_rule *at_hand)
{
  memset(cost, 0, (size_t)trials->trials * sizeof *cost);
  for (int64_t i = 0; i < objective->n; i++) {
    nai__weighed_cost *c = &objective->cost[i];
    sums sum = {0, 0};
    if (c->cost->ops.on_outputs) {
      NAI__TRY(on_outputs(cost, &sum, c, scalars, batch, trials));
      if (at_hand) NAI__TRY(check_sum(c, sum, at_hand));
    }
    if (!c->cost->ops.on_rates) continue;
    NAI__TRY(on_rates(cost, &sum, c, batch, trials));
    if (at_hand) c->part[0] = sum.value; /* nobody else calls it */
  }
  return NAI_OK;
}

/* --- types of trials -------------------------------------------------------------------------- */

/* FNV-1a of the values of all conditions. Blocks are all of one type: no two are alike. */
static uint32_t type_of(const nai_trials *trials, int64_t k)
{
  uint32_t hash = UINT32_C(0x811c9dc5);
  for (int64_t i = 0; i < trials->n_conditions && trials->own == 1; i++) {
    float value = trials->condition[i].value[k] + 0.0f; /* -0 is 0 */
    if (isnan(value)) value = NAN;                      /* of whatever sign */
    unsigned char byte[sizeof value];
    memcpy(byte, &value, sizeof value);
    for (size_t j = 0; j < sizeof byte; j++) hash = (hash ^ byte[j]) * UINT32_C(0x01000193);
  }
  return hash;
}

/* --- running ---------------------------------------------------------------------------------- */

nai_status nai__perturbed_forward(nai__scalars *scalars, nai__objective *objective,
                                  nai__batch *batch, const nai__learner *learner,
                                  const nai__showing *showing)
{
  const nai__rule_kind *kind = learner->rule->kind;
  const nai_trials *trials = showing->trials;
  int both = kind->runs & NAI__RUNS_BOTH;
  nai__showing given = *showing;
  NAI__TRY(prepare(scalars, batch));
  if (both && showing->task) {
    NAI__TRY(nai__batch_run(batch, showing));
    given.task = NULL;
  }
  kind->perturb(learner, &scalars->perturbation);
  batch->activity.perturbation = &scalars->perturbation;
  nai_status status = nai__batch_run(batch, &given);
  batch->activity.perturbation = NULL;
  NAI__TRY(status);
  if (!both) return NAI_OK;
  nai__costs_scale(objective, batch->activity.net, trials);
  NAI__TRY(find_costs(scalars->perturbed, scalars, objective, batch, trials, NULL));
  return nai__batch_run(batch, &given);
}

nai_status nai__perturbed_costs(nai__trial_costs *out, nai__scalars *scalars,
                                nai__objective *objective, const nai__batch *batch,
                                const nai_rule *rule, const nai_trials *trials)
{
  NAI__TRY(find_costs(scalars->cost, scalars, objective, batch, trials, rule));
  for (int64_t k = 0; k < trials->trials; k++) scalars->type[k] = type_of(trials, k);
  *out =
      (nai__trial_costs){scalars->perturbation, scalars->cost, scalars->perturbed, scalars->type};
  return NAI_OK;
}
