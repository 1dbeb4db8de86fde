/*
 * Weight mirror (Akrout et al. 2019, eq. 7). In mirror mode a projection is driven alone with noise
 * x of variance s^2; with y = f(W x + b), E[y x^T] = s^2 f'(b) W for small s. Feedback weights are a
 * running mean of y x^T / s^2, so their size stays that of the weights; y is taken about its mean,
 * which changes nothing but the variance. In engaged mode they do what W^T does in backpropagation.
 */
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/philox.h"
#include "backward.h"

enum { RATE, NOISE, SAMPLES, WARM_UP, PARAMETERS };
static const nai__parameter parameters[PARAMETERS] = {
    [RATE] = {"rate", "1", "how far feedback weights move to the correlation at an update", 0.01, 0,
              1, 0},
    [NOISE] = {"noise", "1", "standard deviation of the noise in mirror mode", 0.1, 1e-6, 1e6, 0},
    [SAMPLES] = {"samples", "1", "samples of noise drawn for an update", 128, 2, 4096, 1},
    [WARM_UP] = {"warm_up", "updates", "updates in mirror mode alone, when the trainer is made", 0,
                 0, 1e6, 1},
};

typedef struct mirror {
  float *x, *y;    /* [most samples][ld_units], [..][the larger of ld_units and ld_outputs] */
  float *estimate; /* as theta is laid out */
  float *scratch;  /* of products of the two */
  int64_t *first;  /* [n_blocks] the first block that has noise in common with it */
} mirror;

static int64_t larger(int64_t a, int64_t b)
{
  return a > b ? a : b;
}

static void detach(nai__learner *learner)
{
  mirror *m = learner->own;
  if (!m) return;
  nai__free(m->x);
  nai__free(m->y);
  nai__free(m->estimate);
  nai__free(m->scratch);
  nai__free(m->first);
  nai__free(m);
}

/* Floats of each array. */
typedef struct sizes {
  int64_t x, y, estimate, scratch;
} sizes;

static sizes sizes_for(const nai_network *net)
{
  int64_t samples = (int64_t)parameters[SAMPLES].high;
  sizes n = {samples * net->ld_units + 64, samples * larger(net->ld_units, net->ld_outputs) + 64,
             net->n_theta, 1};
  for (int64_t k = 0; k < net->n_blocks; k++) {
    const nai__block *b = &net->block[k];
    n.scratch = larger(n.scratch, b->is_listed ? nai__block_scratch(net, b)
                                               : net->kernels->outer_scratch(b->n_post, b->n_pre));
  }
  return n;
}

static int64_t memory(const nai_rule *rule, const nai_network *net, int64_t trials, int64_t threads)
{
  sizes n = sizes_for(net);
  return nai__feedback_memory(rule, net, trials, threads) +
         (n.x + n.y + n.estimate + n.scratch) * (int64_t)sizeof(float);
}

/* What is one block where weights are matrices may be several where they are listed. */
static int are_mirrored_at_once(const nai__block *a, const nai__block *b)
{
  return a->from_input == b->from_input && a->to_output == b->to_output && a->delay == b->delay &&
         (a->from_input || a->from_stage == b->from_stage) &&
         (a->to_output || a->to_stage == b->to_stage);
}

static void group_blocks(const nai_network *net, int64_t *first)
{
  for (int64_t k = 0; k < net->n_blocks; k++)
    for (first[k] = 0; !are_mirrored_at_once(&net->block[first[k]], &net->block[k]);) first[k]++;
}

static nai_status allocate(nai__learner *learner)
{
  mirror *m = learner->own = NAI__NEW(mirror);
  if (!m) return NAI_ERR_MEMORY;
  sizes n = sizes_for(learner->net);
  m->x = NAI__ARRAY(float, n.x);
  m->y = NAI__ARRAY(float, n.y);
  m->estimate = NAI__ARRAY(float, n.estimate);
  m->scratch = NAI__ARRAY(float, n.scratch);
  m->first = NAI__ARRAY(int64_t, learner->net->n_blocks + 1);
  if (!m->x || !m->y || !m->estimate || !m->scratch || !m->first) return NAI_ERR_MEMORY;
  group_blocks(learner->net, m->first);
  return NAI_OK;
}

/* --- mirror mode ------------------------------------------------------------------------------ */

static void draw(const nai__learner *learner, int64_t group, int64_t samples, int64_t update)
{
  const nai_network *net = learner->net;
  mirror *m = learner->own;
  uint64_t seed = nai__seed_derive(learner->rule->seed, NAI__FOR_FEEDBACK, (uint64_t)group);
  float sd = (float)learner->rule->number[NOISE];
  for (int64_t i = 0; i < samples; i++) {
    float *x = m->x + i * net->ld_units;
    net->kernels->normals(x, net->n_units, seed, NAI__FOR_FEEDBACK, (uint64_t)update, (uint32_t)i);
    for (int64_t u = 0; u < net->n_units; u++) x[u] *= sd;
  }
}

/* y of blocks with one noise: f(W x + b) of units, W x of outputs (their bias would go with the mean). */
static void respond(const nai__learner *learner, int64_t first, int64_t samples, int64_t ld)
{
  const nai_network *net = learner->net;
  mirror *m = learner->own;
  memset(m->y, 0, (size_t)(samples * ld) * sizeof *m->y);
  for (int64_t k = first; k < net->n_blocks; k++) {
    const nai__block *b = &net->block[k];
    if (m->first[k] == first)
      nai__block_product(net, b, m->y + b->post, ld, m->x + b->pre, net->ld_units, samples, 1);
  }
  if (net->block[first].to_output) return;
  for (int64_t i = 0; i < samples; i++)
    for (int64_t s = 0; s < net->n_segments; s++) {
      const nai__segment *g = &net->segment[s];
      if (g->stage != net->block[first].to_stage) continue;
      float *y = m->y + i * ld + g->offset;
      for (int64_t u = 0; u < g->units.n; u++) y[u] += g->units.bias[u];
      net->kernels->transfer(&g->units, y, y);
    }
}

static void centre(float *y, int64_t n, int64_t ld, int64_t samples)
{
  for (int64_t u = 0; u < n; u++) {
    double sum = 0;
    for (int64_t i = 0; i < samples; i++) sum += (double)y[i * ld + u];
    for (int64_t i = 0; i < samples; i++) y[i * ld + u] -= (float)(sum / (double)samples);
  }
}

/* Feedback in place of one block goes a part of the way to E[y x^T] / s^2. */
static void follow(nai__learner *learner, const nai__block *b, int64_t samples, int64_t ld)
{
  const nai_network *net = learner->net;
  const double *number = learner->rule->number;
  mirror *m = learner->own;
  const float *y = m->y + b->post, *x = m->x + b->pre;
  if (b->is_listed)
    nai__block_outer(net, b, m->estimate, y, ld, x, net->ld_units, nai__rows_of(samples), 0,
                     b->n_post, 0, m->scratch);
  else /* of those that do not learn, too */
    net->kernels->outer(m->estimate + b->at.start, b->at.stride, y, ld, x, net->ld_units,
                        nai__rows_of(samples), b->n_post, b->n_pre, 0, m->scratch);
  float scale = (float)(1 / ((double)(samples - 1) * number[NOISE] * number[NOISE]));
  float *feedback = learner->feedback.weight + b->at.start;
  const float *estimate = m->estimate + b->at.start;
  const uint8_t *exists = net->exists + b->at.start;
  for (int64_t i = 0; i < b->at.rows * b->at.stride; i++)
    if (exists[i] != 0) feedback[i] += (float)number[RATE] * (scale * estimate[i] - feedback[i]);
}

/* `group`: numbers noise alike whether weights are listed or not. */
static void mirror_blocks(nai__learner *learner, int64_t first, int64_t group, int64_t update)
{
  const nai_network *net = learner->net;
  const mirror *m = learner->own;
  int64_t samples = (int64_t)learner->rule->number[SAMPLES],
          ld = net->block[first].to_output ? net->ld_outputs : net->ld_units;
  draw(learner, group, samples, update);
  respond(learner, first, samples, ld);
  centre(m->y, net->block[first].to_output ? net->n_outputs : net->n_units, ld, samples);
  for (int64_t k = first; k < net->n_blocks; k++)
    if (m->first[k] == first) follow(learner, &net->block[k], samples, ld);
}

static void mirror_all(nai__learner *learner, int64_t update)
{
  const mirror *m = learner->own;
  int64_t group = 0;
  for (int64_t k = 0; k < learner->net->n_blocks; k++) {
    if (m->first[k] != k) continue;
    if (learner->feedback.packed[k]) mirror_blocks(learner, k, group, update);
    group++;
  }
  nai__feedback_pack(&learner->feedback, learner->net);
}

static nai_status attach(nai__learner *learner)
{
  int64_t warm_up = (int64_t)learner->rule->number[WARM_UP];
  NAI__TRY(nai__feedback_weights(learner, 0));
  NAI__TRY(allocate(learner));
  for (int64_t i = 0; i < warm_up; i++) {
    mirror_all(learner, i);
    nai_status status = nai__ask(&learner->watch, i + 1, warm_up);
    if (status > 0)
      return nai__fail(NAI_ERR_USER, "stopped after %lld updates in mirror mode", (long long)i + 1);
    NAI__TRY(status);
  }
  return NAI_OK;
}

/* The weights are still those of before the move: the packed ones. */
static void settled(nai__learner *learner, const nai__moved *now)
{
  mirror_all(learner, (int64_t)learner->rule->number[WARM_UP] + now->update);
}

nai_status nai_rule_create_weight_mirror(nai_rule **out, uint64_t seed)
{
  static const nai__rule_kind kind = {.name = "weight_mirror",
                                      .parameter = parameters,
                                      .n_parameters =
                                          NAI__AT_MOST(PARAMETERS, NAI__MOST_RULE_PARAMETERS),
                                      .costs = NAI__LEARNS_FROM_ACTIVITY,
                                      .why = "through whose transfer functions it sends its noise",
                                      .attach = attach,
                                      .memory = memory,
                                      .detach = detach,
                                      .estimate = nai__estimate_feedback,
                                      .in_spans = 1,
                                      .settled = settled};
  return nai__rule_create(out, &kind, seed);
}
