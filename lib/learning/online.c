/* What rules that learn within a trial share: the learning signal of a step, and the readout. */
#include "online.h"

#include <string.h>

#include "../base/error.h"

/* By the weights as they are scaled. apart: in place of the block's own, or NULL. */
static void add_scaled_back(const nai__online *online, const nai__block *b, const float *apart,
                            float *signal)
{
  const nai_network *net = online->learner->net;
  for (int64_t i = 0; i < b->n_post; i++) {
    const nai__strip strip = nai__strip_of(b, i);
    const float *w = apart ? apart + i * b->at.stride : net->theta + strip.at;
    const float *factor = online->factor + strip.at;
    const float error = online->output_gradient[b->post + i];
    for (int64_t j = 0; j < strip.n; j++)
      signal[strip.sender ? strip.sender[j] : j] += factor[j] * w[j] * error;
  }
}

static void add_back(const nai__online *online, const nai__block *b, float *backward, float *signal)
{
  nai__block_product_back(online->learner->net, b, backward, signal, online->learner->net->ld_units,
                          online->output_gradient + b->post, online->learner->net->ld_outputs, 1,
                          1);
}

void nai__online_signal(const nai__online *online, float *const *backward, int transposed,
                        float *const *direct, float *signal)
{
  const nai_network *net = online->learner->net;
  memcpy(signal, online->rate_gradient, (size_t)net->n_units * sizeof *signal);
  memset(signal + net->n_units, 0, (size_t)(net->n_columns - net->n_units) * sizeof *signal);
  float *const *apart = online->learner->feedback.apart;
  nai__catch_up_all(net, backward);
  for (int64_t k = 0; backward && k < net->n_blocks; k++) {
    const nai__block *b = &net->block[k];
    if (!backward[k]) continue;
    if (transposed && online->factor && !b->is_shared)
      add_scaled_back(online, b, apart ? apart[k] : NULL, signal + b->pre);
    else
      add_back(online, b, backward[k], signal + b->pre);
  }
  for (int64_t stage = 0; direct && stage < net->n_stages; stage++) {
    int64_t first = net->stage_first[stage];
    net->kernels->product(signal + first, net->ld_units, online->output_gradient, net->ld_outputs,
                          direct[stage], 1, net->n_outputs, net->stage_first[stage + 1] - first, 1);
  }
  for (int64_t u = 0; u < net->n_columns && online->follows; u++) signal[u] *= online->follows[u];
}

void nai__online_readout(nai__online *online)
{
  const nai_network *net = online->learner->net;
  for (int64_t k = 0; k < net->n_blocks; k++) {
    const nai__block *b = &net->block[k];
    if (!b->to_output) continue;
    const float *sent = nai__carried(online->activity, b, online->t);
    for (int64_t i = 0; i < b->n_post; i++) {
      const nai__strip strip = nai__strip_of(b, i);
      const float *r = nai__online_carried(online, &strip, sent, online->carried[0]);
      for (int64_t j = 0; j < strip.n; j++)
        online->gradient[strip.at + j] += online->output_gradient[b->post + i] * r[j];
    }
  }
  for (int64_t o = 0; o < net->n_outputs; o++)
    online->gradient[net->output_bias + o] += online->output_gradient[o];
}

nai_status nai__online_prompt(const nai__online *online, float *const *backward)
{
  const nai_network *net = online->learner->net;
  for (int64_t k = 0; backward && k < net->n_blocks; k++)
    if (backward[k] && net->block[k].to_output && net->block[k].delay > 0)
      return nai__fail(NAI_ERR_UNSUPPORTED,
                       "rule '%s' cannot learn within a trial through a readout with a delay",
                       online->learner->rule->kind->name);
  for (int64_t k = 0; backward && k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    if (p->release >= 0 && backward[p->block] && net->block[p->block].to_output)
      return nai__fail(NAI_ERR_UNSUPPORTED,
                       "rule '%s' cannot learn within a trial through a readout with short-term "
                       "plasticity, as from '%s' to '%s'",
                       online->learner->rule->kind->name, nai__source_name(net, p),
                       nai__target_name(net, p));
  }
  return NAI_OK;
}

nai_status nai__online_renew(const nai__online *online)
{
  nai__feedback *f = &online->learner->feedback;
  const nai_network *net = online->learner->net;
  if (f->exact && f->changes != net->changes) nai__feedback_renew(f, net);
  return f->exact && f->n_exact ? nai__online_prompt(online, f->exact) : NAI_OK;
}

/* The same time constant in all channels, whatever their gains are. */
static nai_status check_one_memory(const nai_rule *rule, const nai_network *net)
{
  const nai__node *first = NULL;
  for (int64_t i = 0; i < net->n_nodes; i++) {
    const nai__node *node = &net->node[i];
    if (node->kind != NAI_OUTPUTS) continue;
    if (!first) first = node;
    const double tau = first->number[NAI__OUTPUT_TAU][0];
    for (int64_t o = 0; o < node->n; o++)
      if (node->number[NAI__OUTPUT_TAU][o] != tau)
        return nai__fail(NAI_ERR_UNSUPPORTED,
                         "rule '%s' cannot learn within a trial through outputs with different "
                         "memories: tau of '%s' is %g ms, of '%s' %g ms",
                         rule->kind->name, first->name, tau, node->name,
                         node->number[NAI__OUTPUT_TAU][o]);
  }
  return NAI_OK;
}

nai_status nai__online_can_read(const nai_rule *rule, const nai_network *net)
{
  if (net->has_output_memory && rule->kind->online && rule->kind->online->remembers)
    return check_one_memory(rule, net);
  for (int64_t i = 0; net->has_output_memory && i < net->n_nodes; i++) {
    const nai__node *node = &net->node[i];
    if (node->kind != NAI_OUTPUTS) continue;
    const double *tau = node->number[NAI__OUTPUT_TAU], *gain = node->number[NAI__OUTPUT_GAIN];
    for (int64_t o = 0; o < node->n; o++)
      if (tau[o] > 0 || gain[o] != 1)
        return nai__fail(NAI_ERR_UNSUPPORTED,
                         "rule '%s' cannot learn within a trial through output '%s', which has a "
                         "memory (tau = %g ms, gain = %g): set its tau to 0 and its gain to 1, or "
                         "learn at the end of trials",
                         rule->kind->name, node->name, tau[o], gain[o]);
  }
  return NAI_OK;
}
