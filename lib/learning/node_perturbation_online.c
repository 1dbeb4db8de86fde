/*
 * Node perturbation while it happens: every step is perturbed, each synapse keeps the sum of what its
 * postsynaptic unit was given times what it carried itself, and a reward, compared with the mean of
 * those before, says how much of that to keep (Fiete & Seung 2006).
 */
#include <string.h>

#include "../base/memory.h"
#include "node_perturbation.h"

typedef struct live {
  nai__perturbation perturbation;
  float *trace; /* as theta is laid out */
  float *v, *z; /* [ld_units], [ld_outputs]: what was added at this step */
} live;

static void detach(nai__online *online)
{
  live *s = online->own;
  if (!s) return;
  online->activity->perturbation = NULL;
  nai__free(s->trace);
  nai__free(s->v);
  nai__free(s->z);
  nai__free(s);
  online->own = NULL;
}

static nai_status attach(nai__online *online)
{
  const nai_network *net = online->learner->net;
  live *s = online->own = NAI__NEW(live);
  if (!s) return NAI_ERR_MEMORY;
  s->trace = NAI__ARRAY(float, net->n_theta);
  s->v = NAI__ARRAY(float, net->ld_units);
  s->z = NAI__ARRAY(float, net->ld_outputs + 1);
  if (!s->trace || !s->v || !s->z) return NAI_ERR_MEMORY;
  nai__node_perturbation_of(online->learner, &s->perturbation);
  online->activity->perturbation = &s->perturbation;
  return NAI_OK;
}

/* The activity has begun with perturbed initial states, where these learn. */
static void begin(nai__online *online)
{
  const nai_network *net = online->learner->net;
  live *s = online->own;
  nai__node_perturbation_of(online->learner, &s->perturbation);
  memset(s->trace, 0, (size_t)net->n_theta * sizeof *s->trace);
  nai__perturb_units(&s->perturbation, net, online->activity->first, 0, s->v);
  memcpy(s->trace + net->unit_initial, s->v, (size_t)net->n_units * sizeof *s->v);
}

/* --- a step ----------------------------------------------------------------------------------- */

static void add_block(const nai__online *online, const nai__block *b)
{
  const live *s = online->own;
  const float *given = b->to_output ? s->z : s->v,
              *r = nai__carried(online->activity, b, online->t);
  for (int64_t i = 0; i < b->at.rows; i++) {
    float *trace = s->trace + b->at.start + i * b->at.stride, xi = given[b->post + i];
    for (int64_t j = 0; j < b->at.columns; j++) trace[j] += xi * r[j];
  }
}

static void add_step(const nai__online *online)
{
  const nai_network *net = online->learner->net;
  const live *s = online->own;
  uint64_t trial = online->activity->first;
  nai__perturb_units(&s->perturbation, net, trial, online->t, s->v);
  nai__perturb_outputs(&s->perturbation, net, trial, online->t, s->z);
  for (int64_t k = 0; k < net->n_blocks; k++) add_block(online, &net->block[k]);
  for (int64_t u = 0; u < net->n_units; u++) s->trace[net->unit_bias + u] += s->v[u];
  for (int64_t o = 0; o < net->n_outputs; o++) s->trace[net->output_bias + o] += s->z[o];
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
  live *s = online->own;
  add_step(online);
  online->nothing = !online->has_reward;
  if (!online->has_reward) return NAI_OK;
  double size = (double)s->perturbation.size;
  float slope = (float)(compare_reward(online) / (size * size));
  for (int64_t i = 0; i < net->n_theta; i++) online->gradient[i] += slope * s->trace[i];
  memset(s->trace, 0, (size_t)net->n_theta * sizeof *s->trace);
  return NAI_OK;
}

const nai__online_ops nai__node_perturbation_online = {
    .attach = attach, .detach = detach, .begin = begin, .step = step};
