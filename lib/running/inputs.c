/* Looking at inputs before they move anything: one that is not finite would stay in the rates. */
#include <math.h>
#include <stdio.h>

#include "../base/error.h"
#include "../base/finite.h"
#include "activity.h"

static const nai__node *input_of(const nai_network *net, int64_t channel)
{
  const nai__node *node = net->node;
  while (node->kind != NAI_INPUTS || channel < node->order || channel >= node->order + node->n)
    node++;
  return node;
}

static nai_status fail_input(const nai_network *net, const float *inputs, int64_t steps,
                             int64_t trials)
{
  int64_t at = 0;
  while (isfinite(inputs[at])) at++;
  int64_t channel = at % net->n_inputs, trial = at / net->n_inputs % trials;
  const nai__node *node = input_of(net, channel);
  char step[32] = "";
  if (steps > 1)
    snprintf(step, sizeof step, " at row %lld", (long long)(at / net->n_inputs / trials));
  return nai__fail(NAI_ERR_NONFINITE,
                   "inputs: '%s', channel %lld of trial %lld%s is %g, must be finite", node->name,
                   (long long)(channel - node->order), (long long)trial, step, (double)inputs[at]);
}

nai_status nai__inputs_finite(const nai_network *net, const float *inputs, int64_t steps,
                              int64_t trials)
{
  if (!inputs || nai__all_finite(inputs, steps * trials * net->n_inputs)) return NAI_OK;
  return fail_input(net, inputs, steps, trials);
}
