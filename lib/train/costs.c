/*
 * Costs over a batch. Task costs see the outputs whole; costs on rates see them whole, or in parts
 * from inside the rule's walk while the rates are in cache; costs on weights come last and add
 * their own exact gradient.
 */
#include <stdio.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/names.h"
#include "trainer.h"

nai_status nai__cost_check(const nai_cost *cost, const nai_network *net)
{
  if (cost->ops.on_outputs)
    return nai__names_known(net, NAI__KIND(NAI_OUTPUTS), cost->names, cost->name);
  if (cost->ops.on_rates || cost->ops.on_errors)
    return nai__names_known(net, NAI__KIND(NAI_POPULATIONS), cost->names, cost->name);
  NAI__TRY(nai__projections_known(net, cost->names, cost->to));
  return cost->check ? cost->check(cost, net) : NAI_OK;
}

static int in_parts(const nai_cost *cost)
{
  return cost->ops.on_rates && (cost->ops.flags & NAI_COST_SEPARABLE);
}

int nai__costs_in_parts(const nai_trainer *trainer)
{
  for (int64_t i = 0; i < trainer->n_costs; i++)
    if (in_parts(trainer->cost[i].cost)) return 1;
  return 0;
}

nai_status nai__cost_finish(const nai_cost *cost, nai_status status)
{
  return status == NAI_OK ? NAI_OK : nai__fail_callback(status, "cost", cost->name);
}

/* --- terms ------------------------------------------------------------------------------------ */

static double count_units(const nai_network *net, const char *names)
{
  double units = 0;
  for (int64_t i = 0; i < net->n_nodes; i++)
    if (nai__selected(&net->node[i], NAI__KIND(NAI_POPULATIONS), names))
      units += (double)net->node[i].n;
  return units;
}

/* Steps that count, times units, over trials: what turns a mean over trials into a mean over all. */
static double count_rates(const nai_network *net, const char *names, const nai_trials *trials)
{
  double steps = 0;
  for (int64_t k = 0; k < trials->trials; k++) steps += (double)trials->length[k];
  return steps * count_units(net, names) / (double)trials->trials;
}

static double count_synapses(const nai_network *net, const nai_cost *cost)
{
  int64_t count = 0;
  NAI__EACH_PROJECTION(net, p, cost->names, cost->to)
  {
    nai_synapses s = nai__synapses(net, p, NULL, NULL);
    for (int64_t i = 0; i < s.n_post; i++)
      for (int64_t j = 0; j < s.n_pre; j++) count += s.exists[i * s.stride + j] != 0;
  }
  return count ? (double)count : 1;
}

static double divisor(const nai_network *net, const nai_cost *cost, const nai_trials *trials)
{
  if (!cost->normalise) return 1;
  return cost->terms == NAI__PER_RATE ? count_rates(net, cost->names, trials)
                                      : count_synapses(net, cost);
}

double nai__cost_terms(const nai_network *net, const nai_cost *cost, int64_t steps)
{
  if (!cost->normalise) return 1;
  if (cost->terms != NAI__PER_RATE) return count_synapses(net, cost);
  return (steps ? (double)steps : 1) * count_units(net, cost->names);
}

/* --- on outputs ------------------------------------------------------------------------------- */

double nai__mask_total(const nai__goal *goal, const nai_trials *trials)
{
  double sum = 0;
  int64_t n = trials->steps * trials->trials * goal->mask_columns;
  for (int64_t i = 0; i < n; i++) sum += (double)goal->mask[i];
  return sum;
}

static nai_status on_outputs(nai_trainer *trainer, nai__weighed_cost *c, const nai_trials *trials)
{
  const nai__batch *batch = &trainer->batch;
  for (int64_t i = 0; i < trials->n_goals; i++) {
    const nai__goal *goal = &trials->goal[i];
    if (!nai__names_match(c->cost->names, goal->name)) continue;
    nai_output_batch b = {.struct_size = sizeof b,
                          .mask_columns = (int32_t)goal->mask_columns,
                          .name = goal->name,
                          .steps = batch->steps,
                          .trials = batch->trials,
                          .n = goal->n,
                          .stride = trainer->net->ld_outputs,
                          .output = batch->activity.output + goal->offset,
                          .target = goal->target,
                          .classes = goal->classes,
                          .mask = goal->mask,
                          .gradient = batch->output_gradient + goal->offset,
                          .scale = c->scale,
                          .mask_total = nai__mask_total(goal, trials)};
    nai__clear_error();
    NAI__TRY(nai__cost_finish(c->cost, c->cost->ops.on_outputs(c->cost->user, &b, &c->value)));
  }
  return NAI_OK;
}

/* --- on rates --------------------------------------------------------------------------------- */

nai_rate_batch nai__rates_whole(const nai_trainer *trainer, const nai__node *node,
                                const nai_trials *trials, double scale)
{
  const nai__batch *batch = &trainer->batch;
  int64_t ld = trainer->net->ld_units;
  return (nai_rate_batch){.struct_size = sizeof(nai_rate_batch),
                          .name = node->name,
                          .steps = batch->steps,
                          .trials = batch->trials,
                          .n = node->n,
                          .stride = ld,
                          .step_stride = batch->trials * ld,
                          .batch_trials = batch->trials,
                          .batch_steps = batch->steps,
                          .length = trials->length,
                          .rate = nai__rate_at(&batch->activity, 1) + node->offset,
                          .gradient = batch->signal + node->offset,
                          .scale = scale};
}

static nai_status each_population(nai_trainer *trainer, const nai_cost *cost,
                                  const nai_trials *trials, double scale, int only_value,
                                  double *value)
{
  for (int64_t i = 0; i < trainer->net->n_nodes; i++) {
    const nai__node *node = &trainer->net->node[i];
    if (!nai__selected(node, NAI__KIND(NAI_POPULATIONS), cost->names)) continue;
    nai_rate_batch b = nai__rates_whole(trainer, node, trials, scale);
    if (only_value) b.gradient = NULL;
    nai__clear_error();
    NAI__TRY(nai__cost_finish(cost, cost->ops.on_rates(cost->user, &b, value)));
  }
  return NAI_OK;
}

/* A function of a mean needs the mean before it has a slope: once for that, once for the gradient. */
static nai_status on_rates(nai_trainer *trainer, nai__weighed_cost *c, const nai_trials *trials)
{
  const nai_cost *cost = c->cost;
  if (!cost->of_mean) return each_population(trainer, cost, trials, c->scale, 0, &c->value);
  double terms = count_rates(trainer->net, cost->names, trials), sum = 0, slope, again = 0;
  NAI__TRY(each_population(trainer, cost, trials, 0, 1, &sum));
  c->value = cost->of_mean(cost->user, sum / terms, &slope);
  return each_population(trainer, cost, trials, c->scale * slope / terms, 0, &again);
}

void nai__costs_scale(nai_trainer *trainer, const nai_trials *trials)
{
  for (int64_t i = 0; i < trainer->n_costs; i++)
    trainer->cost[i].scale =
        trainer->cost[i].beta / divisor(trainer->net, trainer->cost[i].cost, trials);
}

nai_status nai__costs_before(nai_trainer *trainer, const nai_trials *trials, int *has_signal)
{
  nai__batch *batch = &trainer->batch;
  int64_t rows = batch->steps * batch->trials;
  memset(batch->output_gradient, 0, (size_t)(rows * trainer->net->ld_outputs) * sizeof(float));
  *has_signal = 0;
  nai__costs_scale(trainer, trials);
  for (int64_t i = 0; i < trainer->n_costs; i++) {
    nai__weighed_cost *c = &trainer->cost[i];
    c->value = 0;
    memset(c->part, 0, (size_t)(batch->trials_room / 8 + 1) * sizeof *c->part);
    if (c->cost->ops.on_outputs) NAI__TRY(on_outputs(trainer, c, trials));
    if (!c->cost->ops.on_rates || in_parts(c->cost)) continue;
    if (!*has_signal)
      memset(batch->signal, 0, (size_t)(rows * trainer->net->ld_units) * sizeof(float));
    *has_signal = 1;
    NAI__TRY(on_rates(trainer, c, trials));
  }
  return NAI_OK;
}

/* Rates of the part at hand: one step, a group of trials. */
static nai_rate_batch part_of(const nai__parts *parts, const nai__node *node, double scale,
                              int64_t t, int64_t row, int64_t rows, float *g)
{
  nai_rate_batch b = nai__rates_whole(parts->trainer, node, parts->trials, scale);
  b.steps = 1;
  b.trials = rows;
  b.first_step = t - 1;
  b.length = parts->trials->length + row;
  b.rate += (t - 1) * b.step_stride + row * b.stride;
  b.gradient = g + node->offset;
  return b;
}

/* Messages are a thread's own: what is to come out of the call is kept where all can see it. */
static void keep_error(nai_trainer *trainer, nai_status status)
{
  nai_status none = NAI_OK;
  if (__atomic_compare_exchange_n(&trainer->part_error, &none, status, 0, __ATOMIC_RELAXED,
                                  __ATOMIC_RELAXED))
    snprintf(trainer->part_message, sizeof trainer->part_message, "%s", nai_last_error());
}

void nai__costs_part(void *user, int64_t t, int64_t row, int64_t rows, int64_t first, int64_t end,
                     float *g)
{
  const nai__parts *parts = user;
  nai_trainer *trainer = parts->trainer;
  for (int64_t i = 0; i < trainer->n_costs; i++) {
    nai__weighed_cost *c = &trainer->cost[i];
    if (!in_parts(c->cost)) continue;
    for (int64_t k = 0; k < trainer->net->n_nodes; k++) {
      const nai__node *node = &trainer->net->node[k];
      if (!nai__selected(node, NAI__KIND(NAI_POPULATIONS), c->cost->names)) continue;
      if (node->offset < first || node->offset >= end) continue;
      nai_rate_batch b = part_of(parts, node, c->scale, t, row, rows, g);
      double *value = &c->part[row / trainer->batch.rows];
      nai__clear_error();
      nai_status status =
          nai__cost_finish(c->cost, c->cost->ops.on_rates(c->cost->user, &b, value));
      if (status != NAI_OK) keep_error(trainer, status);
    }
  }
}

/* --- on weights, and the sum ------------------------------------------------------------------ */

nai_status nai__cost_on_weights(nai_trainer *trainer, nai__weighed_cost *c, double scale,
                                double *value)
{
  int64_t n = 0;
  NAI__EACH_PROJECTION(trainer->net, p, c->cost->names, c->cost->to)
  c->synapses[n++] = nai__synapses(trainer->net, p, trainer->gradient, NULL);
  nai__clear_error();
  return nai__cost_finish(c->cost,
                          c->cost->ops.on_weights(c->cost->user, c->synapses, n, scale, value));
}

nai_status nai__costs_after(nai_trainer *trainer)
{
  if (trainer->part_error != NAI_OK)
    return nai__fail(trainer->part_error, "%s", trainer->part_message);
  int64_t groups = trainer->batch.trials_room / 8 + 1;
  trainer->total = 0;
  for (int64_t i = 0; i < trainer->n_costs; i++) {
    nai__weighed_cost *c = &trainer->cost[i];
    for (int64_t k = 0; k < groups; k++) c->value += c->part[k];
    if (c->cost->ops.on_weights) NAI__TRY(nai__cost_on_weights(trainer, c, c->scale, &c->value));
    c->value *= c->scale;
    trainer->cost_values[i] = c->value;
    trainer->total += c->value;
  }
  return NAI_OK;
}
