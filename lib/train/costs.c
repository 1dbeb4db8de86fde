/*
 * The objective, and its costs over a batch. Task costs see the outputs whole; costs on rates see
 * them whole, or in parts from inside the rule's walk while the rates are in cache; costs on weights
 * come last and add their own exact gradient.
 */
#include "costs.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/names.h"

/* 1 when it names the first signal of a population that the name means; `other`: one that has it later. */
static int is_first_signal(const nai_network *net, const char *name, const char *part,
                           const nai__node **other)
{
  for (int64_t i = 0; i < net->n_nodes; i++) {
    const nai__node *node = &net->node[i];
    if (!nai__selected(node, NAI__KIND(NAI_POPULATIONS), name)) continue;
    if (nai__end_is(node, NAI__SOURCE, 0, part)) return 1;
    for (int32_t k = 1; k < nai__ends_of(node, NAI__SOURCE); k++)
      if (nai__end_is(node, NAI__SOURCE, k, part)) *other = node;
  }
  return 0;
}

/* Costs on rates see first signals, which entries may name. */
static nai_status check_rates(const nai_network *net, const char *names, const char *cost)
{
  char entry[NAI__ENTRY];
  NAI__TRY(nai__parts_known(net, NAI__KIND(NAI_POPULATIONS), NAI__SOURCE, names, cost));
  while (nai__names_next(&names, entry) == 1) {
    const nai__node *other = NULL;
    const char *part = nai__names_part(entry);
    if (!part || is_first_signal(net, entry, part, &other) || !other) continue;
    return nai__fail(
        NAI_ERR_NAME,
        "%s: '%s' of '%s' is not its first signal, which is what costs on rates see: "
        "connect '%s:%s' to an output by frozen identity weights, and give that a cost",
        cost, part, other->name, other->name, part);
  }
  return NAI_OK;
}

nai_status nai__cost_check(const nai_cost *cost, const nai_network *net)
{
  if (cost->ops.on_outputs)
    return nai__names_known(net, NAI__KIND(NAI_OUTPUTS), cost->names, cost->name);
  if (cost->ops.on_rates || cost->ops.on_errors) return check_rates(net, cost->names, cost->name);
  NAI__TRY(nai__projections_known(net, cost->names, cost->to));
  return cost->check ? cost->check(cost, net) : NAI_OK;
}

/* --- memory ----------------------------------------------------------------------------------- */

static void free_places(const nai__weighed_cost *c)
{
  nai__free(c->part);
  nai__free(c->room);
  nai__free(c->synapses);
}

nai_status nai__objective_add(nai__objective *o, const nai_network *net, nai_cost *cost,
                              double beta)
{
  nai__weighed_cost *costs = nai__grow(o->cost, o->n, o->n + 1, sizeof *costs);
  if (!costs) return NAI_ERR_MEMORY;
  o->cost = costs;
  double *values = nai__grow(o->value, o->n, o->n + 1, sizeof *values);
  if (!values) return NAI_ERR_MEMORY;
  o->value = values;
  nai__weighed_cost *c = &o->cost[o->n];
  *c = (nai__weighed_cost){.cost = cost, .beta = beta};
  c->part = NAI__ARRAY(double, o->groups + 1);
  c->room = NAI__ARRAY(nai_synapses, net->n_projections + 1);
  c->synapses = NAI__ARRAY(nai_synapses *, net->n_projections + 1);
  if (!c->part || !c->room || !c->synapses) {
    free_places(c);
    return NAI_ERR_MEMORY;
  }
  for (int64_t k = 0; k < net->n_projections; k++) c->synapses[k] = &c->room[k];
  nai__cost_keep(cost);
  o->n++;
  return NAI_OK;
}

nai_status nai__objective_reserve(nai__objective *o, int64_t trials)
{
  int64_t groups = nai__most_groups(trials);
  if (groups <= o->groups) return NAI_OK;
  for (int64_t i = 0; i < o->n; i++) {
    double *part = NAI__ARRAY(double, groups + 1);
    if (!part) return NAI_ERR_MEMORY;
    nai__free(o->cost[i].part);
    o->cost[i].part = part;
  }
  int64_t *asked = NAI__ARRAY(int64_t, groups);
  if (!asked) return NAI_ERR_MEMORY;
  nai__free(o->asked);
  o->asked = asked;
  o->groups = groups;
  return NAI_OK;
}

void nai__objective_drop(nai__objective *o)
{
  assert(o->n > 0);
  const nai__weighed_cost *c = &o->cost[--o->n];
  nai_cost_destroy(c->cost);
  free_places(c);
}

void nai__objective_destroy(nai__objective *o)
{
  while (o->n > 0) nai__objective_drop(o);
  nai__free(o->cost);
  nai__free(o->value);
  nai__free(o->asked);
  *o = (nai__objective){.n = 0};
}

/* --- before the rule: outputs, and rates that are wanted whole --------------------------------- */

/* Of an output; a mean over its mask is one over the whole batch. */
static nai__aim aim_of(const nai__objective *o, const nai_trials *trials, int64_t output)
{
  nai__aim aim = nai__aim_of(&trials->goal[output], trials);
  if (o->whole) aim.mask_total = o->whole->mask_total[output];
  return aim;
}

static nai_status on_outputs(const nai__objective *o, nai__weighed_cost *c, nai__batch *batch,
                             const nai_trials *trials)
{
  for (int64_t i = 0; i < trials->n_goals; i++) {
    const nai__goal *goal = &trials->goal[i];
    if (!nai__names_match(c->cost->names, goal->name)) continue;
    const nai__aim aim = aim_of(o, trials, i);
    const nai__deed deed = {batch->steps, batch->trials, batch->activity.net->ld_outputs,
                            batch->activity.output + goal->offset,
                            batch->output_gradient + goal->offset};
    NAI__TRY(nai__meet_output(&c->value, c->cost, &aim, &deed, c->scale));
  }
  return NAI_OK;
}

static nai_status each_population(double *value, const nai_cost *cost, const nai_network *net,
                                  const nai__rates *rates, double scale)
{
  for (int64_t i = 0; i < net->n_nodes; i++)
    if (nai__cost_sees(cost, &net->node[i]))
      NAI__TRY(nai__meet_rates(value, cost, &net->node[i], rates, scale));
  return NAI_OK;
}

/* A function of a mean needs the mean before it has a slope: once for that, once for the gradient. */
static nai_status on_rates(nai__weighed_cost *c, nai__batch *batch, const nai_trials *trials)
{
  const nai_cost *cost = c->cost;
  const nai_network *net = batch->activity.net;
  nai__rates rates = nai__rates_of(batch, trials, 1), values = rates;
  if (!cost->of_mean) return each_population(&c->value, cost, net, &rates, c->scale);
  double terms = nai__rate_terms(net, cost, trials), sum = 0, slope, again = 0;
  values.gradient = NULL;
  NAI__TRY(each_population(&sum, cost, net, &values, 0));
  c->value = cost->of_mean(cost->user, sum / terms, &slope);
  return each_population(&again, cost, net, &rates, c->scale * slope / terms);
}

static int in_parts(const nai_cost *cost)
{
  return cost->ops.on_rates && (cost->ops.flags & NAI_COST_SEPARABLE);
}

void nai__costs_scale(nai__objective *o, const nai_network *net, const nai_trials *trials)
{
  for (int64_t i = 0; i < o->n; i++)
    o->cost[i].scale = o->cost[i].beta / nai__cost_terms(net, o->cost[i].cost, trials, o->whole);
}

/* Nothing has been asked, and no part has a value. */
static void clear_parts(nai__objective *o)
{
  o->part_error = NAI_OK;
  memset(o->asked, 0, (size_t)o->groups * sizeof *o->asked);
  for (int64_t i = 0; i < o->n; i++)
    memset(o->cost[i].part, 0, (size_t)o->groups * sizeof *o->cost[i].part);
}

nai_status nai__costs_before(int *has_signal, nai__objective *o, nai__batch *batch,
                             const nai_trials *trials)
{
  const nai_network *net = batch->activity.net;
  int64_t rows = batch->steps * batch->trials;
  assert(nai__most_groups(batch->trials) <= o->groups);
  memset(batch->output_gradient, 0, (size_t)(rows * net->ld_outputs) * sizeof(float));
  *has_signal = 0;
  nai__costs_scale(o, net, trials);
  clear_parts(o);
  for (int64_t i = 0; i < o->n; i++) {
    nai__weighed_cost *c = &o->cost[i];
    c->value = 0;
    if (c->cost->ops.on_outputs) NAI__TRY(on_outputs(o, c, batch, trials));
    if (!c->cost->ops.on_rates || in_parts(c->cost)) continue;
    if (!*has_signal) memset(batch->signal, 0, (size_t)(rows * net->ld_units) * sizeof(float));
    *has_signal = 1;
    NAI__TRY(on_rates(c, batch, trials));
  }
  return NAI_OK;
}

/* --- from inside the rule's walk: rates in parts ------------------------------------------------ */

int nai__costs_in_parts(const nai__objective *objective)
{
  for (int64_t i = 0; i < objective->n; i++)
    if (in_parts(objective->cost[i].cost)) return 1;
  return 0;
}

/* One step, a group of trials. */
static nai__rates part_of(const nai__parts *parts, int64_t t, int64_t row, int64_t rows, float *g)
{
  nai__rates r = nai__rates_of(parts->batch, parts->trials, t);
  r.steps = 1;
  r.trials = rows;
  r.first_step = t - 1;
  r.length += row;
  r.rate += row * r.stride;
  r.gradient = g;
  const nai__whole_batch *whole = parts->objective->whole;
  if (!whole) return r;
  r.batch_trials = whole->trials;
  r.batch_steps = whole->steps;
  return r;
}

/* Messages are a thread's own: what is to come out of the call is kept where all can see it. */
static void keep_error(nai__objective *o, nai_status status)
{
  nai_status none = NAI_OK;
  if (__atomic_compare_exchange_n(&o->part_error, &none, status, 0, __ATOMIC_RELAXED,
                                  __ATOMIC_RELAXED))
    snprintf(o->part_message, sizeof o->part_message, "%s", nai_last_error());
}

/* What a cost says of some units, for as many trials at a time as are one sum. */
static void meet_trials(const nai__parts *parts, nai__weighed_cost *c, const nai__node *node,
                        int64_t t, int64_t row, int64_t rows, float *g)
{
  const int64_t most = parts->batch->summed;
  for (int64_t b = 0; b < rows; b += most) {
    const nai__rates rates = part_of(parts, t, row + b, nai__task_from(b, rows, most),
                                     g + b * parts->batch->activity.net->ld_units);
    nai_status status =
        nai__meet_rates(&c->part[(row + b) / most], c->cost, node, &rates, c->scale);
    if (status != NAI_OK) keep_error(parts->objective, status);
  }
}

void nai__costs_part(void *user, int64_t t, int64_t row, int64_t rows, int64_t first, int64_t end,
                     float *g)
{
  const nai__parts *parts = user;
  const nai_network *net = parts->batch->activity.net;
  nai__objective *o = parts->objective;
  const int64_t part = row / parts->batch->summed;
  assert(row % parts->batch->summed == 0 && part < o->groups);
  o->asked[part] += rows * ((end < net->n_units ? end : net->n_units) - first);
  for (int64_t i = 0; i < o->n; i++)
    for (int64_t k = 0; k < net->n_nodes && in_parts(o->cost[i].cost); k++) {
      const nai__node *node = &net->node[k];
      if (nai__cost_sees(o->cost[i].cost, node) && node->offset >= first && node->offset < end)
        meet_trials(parts, &o->cost[i], node, t, row, rows, g);
    }
}

static nai_status last_of_goal(const nai__parts *parts, int64_t output, const float *z, float *e)
{
  const nai__objective *o = parts->objective;
  const nai_trials *trials = parts->trials;
  const nai__goal *goal = &trials->goal[output];
  int64_t rows = (trials->steps - 1) * trials->trials;
  nai__aim aim = aim_of(o, trials, output);
  aim.mask += rows * aim.mask_columns;
  if (aim.target) aim.target += rows * aim.n;
  if (aim.classes) aim.classes += rows;
  const nai__deed deed = {1, trials->trials, parts->batch->activity.net->ld_outputs,
                          z + goal->offset, e + goal->offset};
  for (int64_t i = 0; i < o->n; i++) {
    const nai__weighed_cost *c = &o->cost[i];
    double value = 0;
    if (c->cost->ops.on_outputs && nai__names_match(c->cost->names, goal->name))
      NAI__TRY(nai__meet_output(&value, c->cost, &aim, &deed, c->scale));
  }
  return NAI_OK;
}

nai_status nai__costs_of_last(void *user, const float *z, float *e)
{
  const nai__parts *parts = user;
  int64_t n = parts->batch->trials * parts->batch->activity.net->ld_outputs;
  memset(e, 0, (size_t)n * sizeof *e);
  for (int64_t i = 0; i < parts->trials->n_goals; i++) NAI__TRY(last_of_goal(parts, i, z, e));
  return NAI_OK;
}

/* A rule that forgets to ask would lose the cost, and what it says, without a word. */
nai_status nai__parts_finish(const nai__parts *parts, const nai_rule *rule)
{
  const nai__objective *o = parts->objective;
  const nai__batch *batch = parts->batch;
  if (o->part_error != NAI_OK) return nai__fail(o->part_error, "%s", o->part_message);
  if (!nai__costs_in_parts(o)) return NAI_OK;
  int64_t asked = 0, all = batch->steps * batch->trials * batch->activity.net->n_units;
  for (int64_t i = 0; i < o->groups; i++) asked += o->asked[i];
  if (asked == all) return NAI_OK;
  return nai__fail(NAI_ERR_UNSUPPORTED,
                   "rule '%s' evaluated the costs on rates for %lld of %lld rates",
                   rule->kind->name, (long long)asked, (long long)all);
}

/* --- after it: weights, and the sum ------------------------------------------------------------- */

nai_status nai__costs_after(nai__objective *o, const nai_network *net, float *gradient)
{
  o->total = 0;
  for (int64_t i = 0; i < o->n; i++) {
    nai__weighed_cost *c = &o->cost[i];
    for (int64_t k = 0; k < o->groups; k++) c->value += c->part[k];
    if (c->cost->ops.on_weights)
      NAI__TRY(nai__meet_weights(&c->value, c->cost, net, c->synapses, gradient, c->scale));
    c->value *= c->scale;
    o->value[i] = c->value;
    o->total += c->value;
  }
  return NAI_OK;
}
