/* NaN and infinity in an update: where the first one is, and what helps. */
#include <assert.h>
#include <math.h>

#include "../base/error.h"
#include "../network/row.h"
#include "plasticity.h"

#define REMEDY "lower the learning rate, or set clip"

/* Of activity: before the first update no learning rate has had a part in it. */
#define REMEDY_AT_FIRST \
  "nothing was learnt yet, so lower the weights' spectral radius, or the inputs"

/* Squares of gradients, which optimisers keep, must stay within single precision. */
#define LARGEST 1e18

typedef struct squares {
  const float *gradient;
  const nai_network *net;
  double sum[NAI__MOST_SLICES];
} squares;

static void add_squares(void *argument, int64_t slice, int32_t thread)
{
  (void)thread;
  squares *s = argument;
  const nai__stretch at = nai__slice(s->net, slice), *part = s->net->stretch;
  double chain[8] = {0};
  for (int64_t k = nai__stretch_beyond(s->net, at.first);
       k < s->net->n_stretches && part[k].first < at.end; k++) {
    const nai__stretch common = nai__stretch_common(part[k], at);
    assert(common.first % 8 == 0 && common.end % 8 == 0); /* theta consists of whole rows */
    for (int64_t i = common.first; i < common.end; i += 8)
      for (int c = 0; c < 8; c++)
        chain[c] += (double)s->gradient[i + c] * (double)s->gradient[i + c];
  }
  s->sum[slice] = ((chain[0] + chain[1]) + (chain[2] + chain[3])) +
                  ((chain[4] + chain[5]) + (chain[6] + chain[7]));
}

double nai__norm(const float *gradient, const nai_network *net, nai__pool *pool)
{
  squares s = {.gradient = gradient, .net = net};
  double sum = 0;
  nai__share_slices(pool, net, add_squares, &s);
  for (int64_t slice = 0; slice < nai__slices(net); slice++) sum += s.sum[slice];
  return sum <= LARGEST * LARGEST ? sqrt(sum) : NAN;
}

/* Unit of a node whose first signal, or another one, this column is; -1. */
static int64_t unit_of(const nai__node *node, int64_t column)
{
  if (column >= node->offset && column < node->offset + node->n) return column - node->offset;
  for (int32_t k = 1; node->cells && k < node->cells->model->ops.n_signals; k++) {
    int64_t unit = column - node->cells->signal[k];
    if (unit >= 0 && unit < node->n) return unit;
  }
  return -1;
}

/* A layer within the step comes after what it hears, whichever was added first. */
static const nai__node *node_at(const nai_network *net, int32_t kind, int64_t column)
{
  const nai__node *node = net->node;
  while (node->kind != kind || unit_of(node, column) < 0) node++;
  assert(node < net->node + net->n_nodes);
  return node;
}

/* First bad element of [steps][trials][ld] among n columns; 1 with its place. */
static int find(const float *array, int64_t rows, int64_t ld, int64_t n, int64_t *row,
                int64_t *column)
{
  for (*row = 0; *row < rows; (*row)++)
    for (*column = 0; *column < n; (*column)++)
      if (!isfinite(array[*row * ld + *column])) return 1;
  return 0;
}

/* In steps of it, from the one after `first` on. */
static nai_status fail_activity(const nai__batch *batch, int64_t update, int32_t kind,
                                const float *array, int64_t first, int64_t steps)
{
  const nai_network *net = batch->activity.net;
  int outputs = kind == NAI_OUTPUTS;
  int64_t row, column;
  if (!find(array, steps * batch->trials, outputs ? net->ld_outputs : net->ld_units,
            outputs ? net->n_outputs : net->n_units, &row, &column))
    return NAI_OK;
  const nai__node *node = node_at(net, kind, column);
  return nai__fail(NAI_ERR_NONFINITE,
                   "%s '%s' is not finite: unit %lld, step %lld, trial %lld of the batch, at "
                   "update %lld: %s",
                   outputs ? "output" : "population", node->name, (long long)unit_of(node, column),
                   (long long)(first + row / batch->trials + 1),
                   (long long)(batch->before + row % batch->trials), (long long)update,
                   update == 1 ? REMEDY_AT_FIRST : REMEDY);
}

static int bad(float g)
{
  return !isfinite(g) || fabsf(g) > (float)LARGEST;
}

static nai_status fail_gradient(const nai__plasticity *p, int64_t update)
{
  const nai_network *net = p->net;
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *part = &net->projection[k];
    for (int64_t i = 0; i < part->n_post; i++)
      for (nai__row row = nai__row_of(net, part, i); nai__row_next(&row);)
        if (bad(p->gradient[row.place]))
          return nai__fail(
              NAI_ERR_NONFINITE,
              "the gradient from '%s' to '%s' is %g at [%lld][%lld], at update %lld: " REMEDY,
              nai__source_name(net, part), nai__target_name(net, part),
              (double)p->gradient[row.place], (long long)i, (long long)row.pre, (long long)update);
  }
  for (int64_t i = 0; i < net->n_nodes; i++) {
    const nai__node *node = &net->node[i];
    for (int64_t u = 0; node->kind != NAI_INPUTS && u < node->n; u++)
      if (bad(p->gradient[nai__bias_start(net, node) + u]))
        return nai__fail(NAI_ERR_NONFINITE,
                         "the gradient of the bias of '%s' is not finite, at update %lld: " REMEDY,
                         node->name, (long long)update);
  }
  return NAI_OK;
}

static nai_status fail_costs(const nai__objective *o, int64_t update)
{
  for (int64_t i = 0; i < o->n; i++)
    if (!isfinite(o->value[i]))
      return nai__fail(NAI_ERR_NONFINITE, "cost '%s' is %g, at update %lld: " REMEDY,
                       o->cost[i].cost->name, o->value[i], (long long)update);
  return NAI_OK;
}

/* Of spans the first one where it is, which is run again. */
static nai_status fail_rates(nai__batch *batch, int64_t update)
{
  int64_t length = batch->spans.steps;
  for (int64_t first = 0; first < batch->steps; first += length) {
    int64_t steps = batch->steps - first < length ? batch->steps - first : length;
    NAI__TRY(nai__batch_recall(batch, first));
    NAI__TRY(fail_activity(batch, update, NAI_POPULATIONS,
                           nai__rate_at(&batch->activity, first + 1), first, steps));
  }
  return NAI_OK;
}

nai_status nai__fail_nonfinite(const nai__plasticity *p, nai__batch *batch, int64_t update)
{
  NAI__TRY(fail_rates(batch, update));
  NAI__TRY(fail_activity(batch, update, NAI_OUTPUTS, batch->activity.output, 0, batch->steps));
  NAI__TRY(fail_costs(&p->objective, update));
  NAI__TRY(fail_gradient(p, update));
  return nai__fail(NAI_ERR_NONFINITE, "the gradient's norm is too large, at update %lld: " REMEDY,
                   (long long)update);
}
