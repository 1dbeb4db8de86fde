/*
 * Costs on errors: what the rule sent back, gathered from the populations that a cost names into
 * arrays that stand side by side.
 */
#include "errors.h"

#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../network/row.h"

nai_status nai__errors_check(const nai_network *net, const nai_cost *cost)
{
  for (int64_t i = 0; i < net->n_nodes; i++) {
    const nai__node *node = &net->node[i];
    if (!nai__cost_sees(cost, node)) continue;
    if (node->cells)
      return nai__fail(NAI_ERR_UNSUPPORTED, "cost '%s' needs rate units, '%s' is of model '%s'",
                       cost->name, node->name, node->cells->model->ops.name);
    if (node->leak != NAI_LEAK_CURRENT)
      return nai__fail(NAI_ERR_UNSUPPORTED,
                       "cost '%s' needs the leak on the current, '%s' has it %s", cost->name,
                       node->name, nai__leak_place(node->leak));
  }
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

static void gather_units(nai__errors *e, const nai__batch *batch, const nai__node *node,
                         int64_t column, int64_t ld)
{
  const nai_network *net = batch->activity.net;
  memcpy(e->alpha + column, net->unit + node->offset, (size_t)node->n * sizeof(float));
  for (int64_t row = 0; row < batch->steps * batch->trials; row++) {
    int64_t from = row * net->ld_units + node->offset, to = row * ld + column;
    memcpy(e->error + to, batch->signal + from, (size_t)node->n * sizeof(float));
    find_slope(net, node, e->slope + to, nai__rate_at(&batch->activity, 1) + from);
  }
}

static int64_t column_of(const nai_network *net, const nai_cost *cost, int64_t node)
{
  int64_t column = 0;
  for (int64_t i = 0; i < node; i++)
    if (nai__cost_sees(cost, &net->node[i])) column += net->node[i].n;
  return column;
}

/* Copies weights to the square matrix, or adds the square matrix to the projections' gradient. */
static void move_weights(nai__errors *e, const nai_network *net, const nai_cost *cost, int64_t ld,
                         float *gradient)
{
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    if (!nai__cost_sees(cost, &net->node[p->from]) || !nai__cost_sees(cost, &net->node[p->to]) ||
        p->delay != 1 || p->spread)
      continue;
    float *corner = e->weight + column_of(net, cost, p->to) * ld + column_of(net, cost, p->from);
    for (int64_t i = 0; i < p->n_post; i++)
      for (nai__row row = nai__row_of(net, p, i); nai__row_next(&row);) {
        if (gradient)
          gradient[row.place] += corner[i * ld + row.pre];
        else
          corner[i * ld + row.pre] = net->theta[row.place];
      }
  }
}

/* --- calling ---------------------------------------------------------------------------------- */

/* Everything that the cost is shown. */
static void gather(nai__errors *e, const nai__batch *batch, const nai_cost *cost, int64_t n,
                   int64_t ld)
{
  const nai_network *net = batch->activity.net;
  const nai__kernels *kernels = net->kernels;
  int64_t rows = batch->steps * batch->trials, group = batch->rows;
  memset(e->weight, 0, (size_t)(n * ld) * sizeof(float));
  memset(e->gradient, 0, (size_t)(rows * ld) * sizeof(float));
  for (int64_t i = 0; i < net->n_nodes; i++)
    if (nai__cost_sees(cost, &net->node[i]))
      gather_units(e, batch, &net->node[i], column_of(net, cost, i), ld);
  move_weights(e, net, cost, ld, NULL);
  kernels->pack(e->packed, e->weight, ld, n, n, 0);
  for (int64_t r = 0; r < rows; r += group)
    kernels->product(e->back + r * ld, ld, e->error + r * ld, ld, e->packed,
                     rows - r < group ? rows - r : group, n, n, 0);
}

static nai_status on_errors(nai__errors *e, nai__weighed_cost *c, const nai__batch *batch,
                            const nai_trials *trials, float *gradient)
{
  const nai_network *net = batch->activity.net;
  int64_t n = column_of(net, c->cost, net->n_nodes), ld = nai__leading(n);
  int64_t rows = batch->steps * batch->trials;
  NAI__TRY(prepare(e, net->kernels, rows * ld, n));
  gather(e, batch, c->cost, n, ld);
  nai_error_batch b = {.steps = batch->steps,
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
  NAI__TRY(nai__meet_errors(&c->value, c->cost, &b));
  net->kernels->outer(e->weight, ld, e->error, ld, e->gradient, ld, nai__rows_of(rows), n, n, 0,
                      e->scratch);
  move_weights(e, net, c->cost, ld, gradient);
  return NAI_OK;
}

nai_status nai__costs_errors(nai__errors *errors, nai__objective *objective,
                             const nai__batch *batch, const nai_trials *trials, float *gradient)
{
  for (int64_t i = 0; i < objective->n; i++)
    if (objective->cost[i].cost->ops.on_errors)
      NAI__TRY(on_errors(errors, &objective->cost[i], batch, trials, gradient));
  return NAI_OK;
}
