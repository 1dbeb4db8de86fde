/* NaN and infinity: finding them, and saying where. */
#include <math.h>

#include "../base/error.h"
#include "../base/finite.h"
#include "trainer.h"

/* Squares of gradients, which optimisers keep, must stay within single precision. */
#define LARGEST 1e18

double nai__norm(const float *gradient, int64_t n)
{
  double chain[8] = {0};
  int64_t i = 0;
  for (; i + 8 <= n; i += 8)
    for (int c = 0; c < 8; c++) chain[c] += (double)gradient[i + c] * (double)gradient[i + c];
  for (; i < n; i++) chain[0] += (double)gradient[i] * (double)gradient[i];
  double sum = ((chain[0] + chain[1]) + (chain[2] + chain[3])) +
               ((chain[4] + chain[5]) + (chain[6] + chain[7]));
  return sum <= LARGEST * LARGEST ? sqrt(sum) : NAN;
}

static int has_power(const nai_network *net)
{
  for (int64_t s = 0; s < net->n_segments; s++)
    if (net->segment[s].units.transfer == NAI_TRANSFER_POWER) return 1;
  return 0;
}

/*
 * A rate that is not finite leaves its mark on the last step, for the leak keeps it; but not the
 * power of a current that is finite, and not an output.
 */
int nai__batch_finite(const nai__batch *batch)
{
  const nai_network *net = batch->activity.net;
  int64_t first = has_power(net) ? 1 : batch->steps;
  return nai__all_finite(nai__rate_at(&batch->activity, first),
                         (batch->steps - first + 1) * batch->trials * net->ld_units) &&
         nai__all_finite(batch->activity.output, batch->steps * batch->trials * net->ld_outputs);
}

static const nai__node *node_at(const nai_network *net, int32_t kind, int64_t column)
{
  for (int64_t i = 0; i < net->n_nodes; i++) {
    const nai__node *node = &net->node[i];
    if (node->kind == kind && column >= node->offset && column < node->offset + node->n)
      return node;
  }
  return NULL;
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

static nai_status fail_activity(const nai__batch *batch, int32_t kind, const float *array,
                                int64_t ld, int64_t n)
{
  const nai_network *net = batch->activity.net;
  int64_t row, column;
  if (!find(array, batch->steps * batch->trials, ld, n, &row, &column)) return NAI_OK;
  const nai__node *node = node_at(net, kind, column);
  return nai__fail(NAI_ERR_NONFINITE,
                   "%s '%s' is not finite: unit %lld, step %lld, trial %lld of the batch",
                   kind == NAI_OUTPUTS ? "output" : "population", node ? node->name : "?",
                   (long long)(column - (node ? node->offset : 0)),
                   (long long)(row / batch->trials + 1), (long long)(row % batch->trials));
}

static int bad(float g)
{
  return !isfinite(g) || fabsf(g) > (float)LARGEST;
}

static nai_status fail_gradient(const nai_trainer *trainer)
{
  const nai_network *net = trainer->net;
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    nai_synapses s = nai__synapses(net, p, trainer->gradient, NULL);
    for (int64_t i = 0; i < s.n_post; i++)
      for (int64_t j = 0; j < s.n_pre; j++)
        if (bad(s.gradient[i * s.stride + j]))
          return nai__fail(NAI_ERR_NONFINITE,
                           "the gradient from '%s' to '%s' is %g at [%lld][%lld], update %lld: "
                           "lower the learning rate, "
                           "or set clip",
                           s.from, s.to, (double)s.gradient[i * s.stride + j], (long long)i,
                           (long long)j, (long long)trainer->step + 1);
  }
  for (int64_t i = 0; i < net->n_nodes; i++) {
    const nai__node *node = &net->node[i];
    for (int64_t u = 0; node->kind != NAI_INPUTS && u < node->n; u++)
      if (bad(trainer->gradient[nai__bias_start(net, node) + u]))
        return nai__fail(NAI_ERR_NONFINITE,
                         "the gradient of the bias of '%s' is not finite, update %lld", node->name,
                         (long long)trainer->step + 1);
  }
  return NAI_OK;
}

nai_status nai__fail_nonfinite(const nai_trainer *trainer)
{
  const nai_network *net = trainer->net;
  const nai__batch *batch = &trainer->batch;
  NAI__TRY(fail_activity(batch, NAI_POPULATIONS, nai__rate_at(&batch->activity, 1), net->ld_units,
                         net->n_units));
  NAI__TRY(
      fail_activity(batch, NAI_OUTPUTS, batch->activity.output, net->ld_outputs, net->n_outputs));
  for (int64_t i = 0; i < trainer->n_costs; i++)
    if (!isfinite(trainer->cost_values[i]))
      return nai__fail(NAI_ERR_NONFINITE, "cost '%s' is %g, update %lld",
                       trainer->cost[i].cost->name, trainer->cost_values[i],
                       (long long)trainer->step + 1);
  NAI__TRY(fail_gradient(trainer));
  return nai__fail(NAI_ERR_NONFINITE,
                   "the gradient's norm is too large, update %lld: lower the learning rate",
                   (long long)trainer->step + 1);
}
