/*
 * Back through outputs with a memory: z = b + y, y(t) = kappa y(t-1) + gain W r(t). With g = dJ/dz,
 *
 *   dJ/d(W r)(t) = d(t) = gain g(t) + kappa d(t+1),   dJ/db = sum over t of g(t),
 *
 * so that all that lies before an output sees it as one without memory whose dJ/dz is d. A sum over t
 * of g(t) with a trace filtered by kappa (Bellec et al. 2020) is the sum of d with the trace
 * itself.
 */
#include <string.h>

#include "rule.h"

/* Trials that are one sum. */
static void filter_trials(void *argument, int64_t task, int32_t thread)
{
  (void)thread;
  nai__pass *pass = argument;
  const nai_network *net = pass->net;
  const float *kept = net->readout + NAI__READOUT_KEPT * net->ld_outputs,
              *gain = net->readout + NAI__READOUT_GAINS * net->ld_outputs;
  int64_t row = task * pass->summed, left = pass->trials - row,
          rows = left < pass->summed ? left : pass->summed, step = pass->trials * net->ld_outputs;
  double *sum = pass->bias_sum + task * nai__numbers_width(net);
  memset(sum, 0, (size_t)net->n_outputs * sizeof *sum);
  for (int64_t t = pass->steps; t >= 1; t--)
    for (int64_t b = row; b < row + rows; b++) {
      float *g = pass->output_gradient + (t - 1) * step + b * net->ld_outputs;
      for (int64_t o = 0; o < net->n_outputs; o++) {
        float later = t < pass->steps && kept[o] != 0 ? kept[o] * g[step + o] : 0;
        sum[o] += (double)g[o];
        g[o] = gain[o] * g[o] + later;
      }
    }
}

void nai__filter_outputs(nai__pass *pass)
{
  const nai_network *net = pass->net;
  if (!net->has_output_memory) return;
  int64_t sums = nai__pass_sums(pass);
  nai__pool_run(pass->pool, sums, filter_trials, pass);
  for (int64_t o = 0; o < net->n_outputs; o++) {
    pass->output_bias[o] = 0;
    for (int64_t k = 0; k < sums; k++)
      pass->output_bias[o] += pass->bias_sum[k * nai__numbers_width(net) + o];
  }
  pass->is_filtered = 1;
}
