/*
 * Costs on errors: what the rule sent back, gathered from the populations that a cost names into
 * arrays that stand side by side.
 */
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "trainer.h"

static int is_named(const nai__node *node, const nai_cost *cost)
{
  return nai__selected(node, NAI__KIND(NAI_POPULATIONS), cost->names);
}

nai_status nai__errors_check(const nai_trainer *trainer, const nai_cost *cost)
{
  const nai_network *net = trainer->net;
  for (int64_t i = 0; i < net->n_nodes; i++)
    if (is_named(&net->node[i], cost) && net->node[i].leak != NAI_LEAK_CURRENT)
      return nai__fail(NAI_ERR_UNSUPPORTED,
                       "cost '%s' needs the leak on the current, '%s' has it on the rate",
                       cost->name, net->node[i].name);
  return NAI_OK;
}

/* --- memory ----------------------------------------------------------------------------------- */

void nai__errors_destroy(nai__errors *e)
{
  float **array[] = {&e->error, &e->back,   &e->slope,  &e->gradient,
                     &e->alpha, &e->weight, &e->packed, &e->scratch};
  for (size_t i = 0; i < sizeof array / sizeof *array; i++) {
    nai__free(*array[i]);
    *array[i] = NULL;
  }
  e->room = e->units = 0;
}

static nai_status allocate(nai__errors *e, const nai__kernels *kernels, int64_t room, int64_t units)
{
  float **large[] = {&e->error, &e->back, &e->slope, &e->gradient};
  for (int i = 0; i < 4; i++)
    if (!(*large[i] = NAI__ARRAY(float, room + 64))) return NAI_ERR_MEMORY;
  e->alpha = NAI__ARRAY(float, units);
  e->weight = NAI__ARRAY(float, units *nai__leading(units));
  e->packed = NAI__ARRAY(float, kernels->packed_size(units, units));
  e->scratch = NAI__ARRAY(float, kernels->outer_scratch(units, units));
  return e->alpha && e->weight && e->packed && e->scratch ? NAI_OK : NAI_ERR_MEMORY;
}

static nai_status prepare(nai__errors *e, const nai__kernels *kernels, int64_t room, int64_t units)
{
  if (room <= e->room && units <= e->units) return NAI_OK;
  if (room < e->room) room = e->room;
  if (units < e->units) units = e->units;
  nai__errors_destroy(e);
  if (allocate(e, kernels, room, units) != NAI_OK) {
    nai__errors_destroy(e);
    return NAI_ERR_MEMORY;
  }
  e->room = room;
  e->units = units;
  return NAI_OK;
}

/* --- gathering -------------------------------------------------------------------------------- */

/* dr/dx of one row of a population, found from r: what a backward step makes of 1. */
static void find_slope(const nai_network *net, const nai__node *node, float *slope, const float *r)
{
  float carry[256];
  for (int64_t first = 0; first < node->n; first += 256) {
    int64_t n = node->n - first < 256 ? node->n - first : 256, at = node->offset + first;
    const float *unit = net->unit + at;
    nai__units units = {.n = n,
                        .transfer = node->transfer,
                        .alpha = unit,
                        .gain = unit + 2 * net->ld_units,
                        .exponent = unit + 3 * net->ld_units};
    memset(carry, 0, sizeof carry);
    for (int64_t u = 0; u < n; u++) slope[first + u] = 1;
    net->kernels->current_backward(&units, slope + first, carry, r + first);
    for (int64_t u = 0; u < n; u++) slope[first + u] /= unit[u];
  }
}

static void gather_units(nai_trainer *t, const nai__node *node, int64_t column, int64_t ld)
{
  const nai__batch *batch = &t->batch;
  const nai_network *net = t->net;
  memcpy(t->errors.alpha + column, net->unit + node->offset, (size_t)node->n * sizeof(float));
  for (int64_t row = 0; row < batch->steps * batch->trials; row++) {
    int64_t from = row * net->ld_units + node->offset, to = row * ld + column;
    memcpy(t->errors.error + to, batch->signal + from, (size_t)node->n * sizeof(float));
    find_slope(net, node, t->errors.slope + to, nai__rate_at(&batch->activity, 1) + from);
  }
}

static int64_t column_of(const nai_network *net, const nai_cost *cost, int64_t node)
{
  int64_t column = 0;
  for (int64_t i = 0; i < node; i++)
    if (is_named(&net->node[i], cost)) column += net->node[i].n;
  return column;
}

/* Copies weights to the square matrix, or adds the square matrix to the projections' gradient. */
static void move_weights(nai_trainer *t, const nai_cost *cost, int64_t ld, int scatter)
{
  const nai_network *net = t->net;
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    if (!is_named(&net->node[p->from], cost) || !is_named(&net->node[p->to], cost) || p->delay != 1)
      continue;
    float *corner =
        t->errors.weight + column_of(net, cost, p->to) * ld + column_of(net, cost, p->from);
    nai_synapses s = nai__synapses(net, p, t->gradient, NULL);
    for (int64_t i = 0; i < s.n_post; i++)
      for (int64_t j = 0; j < s.n_pre; j++) {
        if (scatter)
          s.gradient[i * s.stride + j] += corner[i * ld + j];
        else
          corner[i * ld + j] = s.weight[i * s.stride + j];
      }
  }
}

/* --- calling ---------------------------------------------------------------------------------- */

/* Everything that the cost is shown. */
static void gather(nai_trainer *t, const nai_cost *cost, int64_t n, int64_t ld)
{
  nai__errors *e = &t->errors;
  const nai__kernels *kernels = t->net->kernels;
  int64_t rows = t->batch.steps * t->batch.trials, group = t->batch.rows;
  memset(e->weight, 0, (size_t)(n * ld) * sizeof(float));
  memset(e->gradient, 0, (size_t)(rows * ld) * sizeof(float));
  for (int64_t i = 0; i < t->net->n_nodes; i++)
    if (is_named(&t->net->node[i], cost))
      gather_units(t, &t->net->node[i], column_of(t->net, cost, i), ld);
  move_weights(t, cost, ld, 0);
  kernels->pack(e->packed, e->weight, ld, n, n, 0);
  for (int64_t r = 0; r < rows; r += group)
    kernels->product(e->back + r * ld, ld, e->error + r * ld, ld, e->packed,
                     rows - r < group ? rows - r : group, n, n, 0);
}

static nai_status on_errors(nai_trainer *t, nai__weighed_cost *c, const nai_trials *trials)
{
  const nai__batch *batch = &t->batch;
  nai__errors *e = &t->errors;
  int64_t n = column_of(t->net, c->cost, t->net->n_nodes), ld = nai__leading(n);
  int64_t rows = batch->steps * batch->trials;
  NAI__TRY(prepare(e, t->net->kernels, rows * ld, n));
  gather(t, c->cost, n, ld);
  nai_error_batch b = {.struct_size = sizeof b,
                       .steps = batch->steps,
                       .trials = batch->trials,
                       .n = n,
                       .stride = ld,
                       .length = trials->length,
                       .alpha = e->alpha,
                       .error = e->error,
                       .back = e->back,
                       .slope = e->slope,
                       .gradient = e->gradient,
                       .scale = c->beta};
  nai__clear_error();
  nai_status status = c->cost->ops.on_errors(c->cost->user, &b, &c->value);
  if (status != NAI_OK) return nai__fail_callback(status, "cost", c->cost->name);
  t->net->kernels->outer(e->weight, ld, e->error, ld, e->gradient, ld, rows, n, n, 0, e->scratch);
  move_weights(t, c->cost, ld, 1);
  return NAI_OK;
}

nai_status nai__costs_errors(nai_trainer *trainer, const nai_trials *trials)
{
  for (int64_t i = 0; i < trainer->n_costs; i++)
    if (trainer->cost[i].cost->ops.on_errors)
      NAI__TRY(on_errors(trainer, &trainer->cost[i], trials));
  return NAI_OK;
}
