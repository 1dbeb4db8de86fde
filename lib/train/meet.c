/*
 * Where costs are met: what a cost of each kind is shown, and the call. Nobody else fills these
 * tables or calls these functions.
 */
#include <assert.h>

#include "../base/error.h"
#include "../base/names.h"
#include "costs.h"

static nai_status finish(const nai_cost *cost, nai_status status)
{
  return status == NAI_OK ? NAI_OK : nai__fail_callback(status, "cost", cost->name);
}

/* Sum of an output's mask over the batch. */
static double mask_total(const nai__goal *goal, const nai_trials *trials)
{
  double sum = 0;
  int64_t n = trials->steps * trials->trials * goal->mask_columns;
  for (int64_t i = 0; i < n; i++) sum += (double)goal->mask[i];
  return sum;
}

nai__aim nai__aim_of(const nai__goal *goal, const nai_trials *trials)
{
  return (nai__aim){.name = goal->name,
                    .n = goal->n,
                    .offset = goal->offset,
                    .target = goal->target,
                    .classes = goal->classes,
                    .mask = goal->mask,
                    .mask_columns = goal->mask_columns,
                    .mask_total = mask_total(goal, trials)};
}

nai_status nai__meet_output(double *value, const nai_cost *cost, const nai__aim *aim,
                            const nai__deed *deed, double scale)
{
  nai_output_batch b = {.struct_size = sizeof b,
                        .mask_columns = (int32_t)aim->mask_columns,
                        .name = aim->name,
                        .steps = deed->steps,
                        .trials = deed->trials,
                        .n = aim->n,
                        .stride = deed->stride,
                        .output = deed->output,
                        .target = aim->target,
                        .classes = aim->classes,
                        .mask = aim->mask,
                        .gradient = deed->gradient,
                        .scale = scale,
                        .mask_total = aim->mask_total};
  nai__clear_error();
  return finish(cost, cost->ops.on_outputs(cost->user, &b, value));
}

nai__rates nai__rates_of(const nai__batch *batch, const nai_trials *trials, int64_t t)
{
  int64_t ld = batch->activity.net->ld_units;
  return (nai__rates){.steps = batch->steps,
                      .trials = batch->trials,
                      .stride = ld,
                      .step_stride = batch->trials * ld,
                      .batch_trials = batch->trials,
                      .batch_steps = batch->steps,
                      .length = trials->length,
                      .rate = nai__rate_at(&batch->activity, t),
                      .gradient = batch->signal};
}

nai_status nai__meet_rates(double *value, const nai_cost *cost, const nai__node *node,
                           const nai__rates *rates, double scale)
{
  nai_rate_batch b = {.struct_size = sizeof b,
                      .name = node->name,
                      .steps = rates->steps,
                      .trials = rates->trials,
                      .n = node->n,
                      .stride = rates->stride,
                      .step_stride = rates->step_stride,
                      .first_step = rates->first_step,
                      .batch_trials = rates->batch_trials,
                      .batch_steps = rates->batch_steps,
                      .length = rates->length,
                      .rate = rates->rate + node->offset,
                      .gradient = rates->gradient ? rates->gradient + node->offset : NULL,
                      .scale = scale};
  nai__clear_error();
  return finish(cost, cost->ops.on_rates(cost->user, &b, value));
}

nai_status nai__meet_weights(double *value, const nai_cost *cost, const nai_network *net,
                             nai_synapses *synapses, float *gradient, double scale)
{
  int64_t n = 0;
  NAI__EACH_PROJECTION(net, p, cost->names, cost->to)
    synapses[n++] = nai__synapses(net, p, gradient, NULL);
  assert(n <= net->n_projections); /* as many have room */
  nai__clear_error();
  return finish(cost, cost->ops.on_weights(cost->user, synapses, n, scale, value));
}

nai_status nai__meet_errors(double *value, const nai_cost *cost, nai_error_batch *batch)
{
  batch->struct_size = sizeof *batch;
  nai__clear_error();
  return finish(cost, cost->ops.on_errors(cost->user, batch, value));
}
