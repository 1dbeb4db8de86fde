/*
 * Where costs are met: what a cost of each kind is shown, and the call. Nobody else fills these
 * tables or calls these functions.
 */
#include <assert.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/names.h"
#include "../network/whole.h"
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
                        .mask_columns = aim->mask_columns,
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

static nai_status call_on_weights(double *value, const nai_cost *cost,
                                  nai_synapses *const *synapses, int64_t n, double scale)
{
  nai__clear_error();
  return finish(cost, cost->ops.on_weights(cost->user, synapses, n, scale, value));
}

/* A listed projection, a row at a time: the senders of its synapses have their places side by side. */
static nai_status meet_rows(double *value, const nai_cost *cost, const nai_network *net,
                            const nai__projection *p, const nai__block *part, float *gradient,
                            double scale)
{
  const nai__compressed *list = part->synapses;
  const int64_t start = part->at.start - p->at.start;
  const nai__node *pre = &net->node[p->from];
  const float *onto = nai__onto_position(net, p);
  float *from = pre->position ? NAI__ARRAY(float, 3 * p->n_pre) : NULL;
  nai_status status = pre->position && !from ? NAI_ERR_MEMORY : NAI_OK;
  for (int64_t i = 0; i < p->n_post && status == NAI_OK; i++) {
    const int64_t first = list->first[i], n = list->first[i + 1] - first;
    nai_synapses s = nai__synapses(net, p, gradient, NULL);
    s.n_pre = n;
    s.weight += start + first;
    s.exists += start + first;
    s.plastic += start + first;
    if (s.gradient) s.gradient += start + first;
    s.first_post = i;
    s.post_position = onto ? onto + 3 * i : NULL;
    s.pre_position = from;
    for (int64_t e = 0; e < n && from; e++)
      memcpy(from + 3 * e, pre->position + 3 * (int64_t)list->sender[first + e], 3 * sizeof *from);
    status = call_on_weights(value, cost, &(nai_synapses *){&s}, 1, scale);
  }
  nai__free(from);
  return status;
}

/* With matrices for those that are listed. */
static nai_status meet_whole(double *value, const nai_cost *cost, const nai_network *net,
                             nai_synapses *const *synapses, float *gradient, double scale)
{
  nai__whole *whole = NAI__ARRAY(nai__whole, net->n_projections);
  int64_t n = 0, listed = 0;
  nai_status status = whole ? NAI_OK : NAI_ERR_MEMORY;
  if (whole)
    NAI__EACH_PROJECTION(net, p, cost->names, cost->to) {
      if (p->is_listed && status == NAI_OK)
        status = nai__whole_open(&whole[listed++], net, p, NULL, 1, cost->name);
      *synapses[n++] =
          p->is_listed ? whole[listed - 1].shown : nai__synapses(net, p, gradient, NULL);
    }
  if (status == NAI_OK) status = call_on_weights(value, cost, synapses, n, scale);
  for (int64_t k = 0; k < listed; k++) {
    if (status == NAI_OK && gradient) nai__whole_add(&whole[k], net, gradient);
    nai__whole_close(&whole[k]);
  }
  nai__free(whole);
  return status;
}

nai_status nai__meet_weights(double *value, const nai_cost *cost, const nai_network *net,
                             nai_synapses *const *synapses, float *gradient, double scale)
{
  int64_t n = 0, listed = 0;
  NAI__EACH_PROJECTION(net, p, cost->names, cost->to) {
    listed += p->is_listed;
    if (!p->is_listed) *synapses[n++] = nai__synapses(net, p, gradient, NULL);
  }
  assert(n <= net->n_projections); /* as many have room */
  if (listed && !(cost->ops.flags & NAI_COST_BY_SYNAPSE))
    return meet_whole(value, cost, net, synapses, gradient, scale);
  if (n || !listed) NAI__TRY(call_on_weights(value, cost, synapses, n, scale));
  if (listed)
    NAI__EACH_PROJECTION(net, p, cost->names, cost->to)
      for (int64_t k = 0; p->is_listed && k < p->n_parts; k++)
        NAI__TRY(meet_rows(value, cost, net, p, &net->block[p->block + k], gradient, scale));
  return NAI_OK;
}

nai_status nai__meet_errors(double *value, const nai_cost *cost, nai_error_batch *batch)
{
  batch->struct_size = sizeof *batch;
  nai__clear_error();
  return finish(cost, cost->ops.on_errors(cost->user, batch, value));
}
