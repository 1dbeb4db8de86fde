/*
 * Node perturbation while it happens: every step is perturbed, each synapse keeps the sum of what its
 * postsynaptic unit was given times what it carried itself, and a reward, compared with the mean of
 * those before, says how much of that to keep (Fiete & Seung 2006).
 */
#include <string.h>

#include "../base/memory.h"
#include "../network/row.h"
#include "node_perturbation.h"

typedef struct live {
  nai__perturbation perturbation;
  float *trace; /* as theta is laid out */
  float *v, *z; /* [ld_units], [ld_outputs]: what was added at this step */
} live;

static void detach(nai__online *online)
{
  live *own = online->own;
  if (!own) return;
  online->activity->perturbation = NULL;
  nai__free(own->trace);
  nai__free(own->v);
  nai__free(own->z);
  nai__free(own);
  online->own = NULL;
}

static nai_status attach(nai__online *online)
{
  const nai_network *net = online->learner->net;
  live *own = online->own = NAI__NEW(live);
  if (!own) return NAI_ERR_MEMORY;
  own->trace = NAI__ARRAY(float, net->n_theta);
  own->v = NAI__ARRAY(float, net->ld_units);
  own->z = NAI__ARRAY(float, net->ld_outputs + 1);
  if (!own->trace || !own->v || !own->z) return NAI_ERR_MEMORY;
  nai__node_perturbation_of(online->learner, &own->perturbation);
  online->activity->perturbation = &own->perturbation;
  return NAI_OK;
}

/* The activity has begun with perturbed initial states, where these learn. */
static void begin(nai__online *online)
{
  const nai_network *net = online->learner->net;
  live *own = online->own;
  nai__node_perturbation_of(online->learner, &own->perturbation);
  memset(own->trace, 0, (size_t)net->n_theta * sizeof *own->trace);
  nai__perturb_units(&own->perturbation, net, online->activity->first, 0, own->v);
  memcpy(own->trace + net->unit_initial, own->v, (size_t)net->n_units * sizeof *own->v);
}

/* --- a step ----------------------------------------------------------------------------------- */

static void add_block(const nai__online *online, const nai__block *b)
{
  const live *own = online->own;
  const float *given = b->to_output ? own->z : own->v,
              *sent = nai__carried(online->activity, b, online->t);
  for (int64_t i = 0; i < b->n_post; i++) {
    const nai__strip strip = nai__strip_of(b, i);
    const float *r = nai__online_carried(online, &strip, sent, online->carried[0]);
    float *trace = own->trace + strip.at, xi = given[b->post + i];
    for (int64_t j = 0; j < strip.n; j++) trace[j] += xi * r[j];
  }
}

static void add_step(const nai__online *online)
{
  const nai_network *net = online->learner->net;
  const live *own = online->own;
  uint64_t trial = online->activity->first;
  nai__perturb_units(&own->perturbation, net, trial, online->t, own->v);
  nai__perturb_outputs(&own->perturbation, net, trial, online->t, own->z);
  for (int64_t k = 0; k < net->n_blocks; k++) add_block(online, &net->block[k]);
  for (int64_t u = 0; u < net->n_units; u++) own->trace[net->unit_bias + u] += own->v[u];
  for (int64_t o = 0; o < net->n_outputs; o++) own->trace[net->output_bias + o] += own->z[o];
}

/* The first reward only says what is usual. Returns minus the surprise. */
static double compare_reward(const nai__online *online)
{
  float *mean = nai__node_perturbation_mean(online->learner);
  double before = mean[1] != 0 ? (double)mean[0] : online->reward;
  double rate = nai__node_perturbation_rate(online->learner);
  mean[0] = (float)(before + rate * (online->reward - before));
  mean[1] = 1;
  return before - online->reward;
}

static nai_status step(nai__online *online)
{
  const nai_network *net = online->learner->net;
  live *own = online->own;
  add_step(online);
  online->nothing = !online->has_reward;
  if (!online->has_reward) return NAI_OK;
  double size = (double)own->perturbation.size;
  float slope = (float)(compare_reward(online) / (size * size));
  for (int64_t i = 0; i < net->n_theta; i++) online->gradient[i] += slope * own->trace[i];
  memset(own->trace, 0, (size_t)net->n_theta * sizeof *own->trace);
  return NAI_OK;
}

const nai__online_ops nai__node_perturbation_online = {
    .attach = attach, .detach = detach, .begin = begin, .step = step};
