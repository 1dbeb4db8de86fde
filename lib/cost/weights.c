/* Costs on weights: L1, L2, and wiring, which charges a strong synapse for its length. */
#include <math.h>

#include "../base/error.h"
#include "cost.h"

static float sign(float w)
{
  return (float)((w > 0) - (w < 0));
}

static nai_status l1_weights(void *user, nai_synapses *const *synapses, int64_t n, double scale,
                             double *value)
{
  (void)user;
  for (int64_t k = 0; k < n; k++) {
    const nai_synapses *s = synapses[k];
    for (int64_t i = 0; i < s->n_post; i++) {
      const float *w = s->weight + i * s->stride;
      float *g = s->gradient + i * s->stride;
      for (int64_t j = 0; j < s->n_pre; j++) *value += fabs((double)w[j]);
      for (int64_t j = 0; j < s->n_pre; j++) g[j] += (float)scale * sign(w[j]);
    }
  }
  return NAI_OK;
}

static nai_status l2_weights(void *user, nai_synapses *const *synapses, int64_t n, double scale,
                             double *value)
{
  (void)user;
  for (int64_t k = 0; k < n; k++) {
    const nai_synapses *s = synapses[k];
    for (int64_t i = 0; i < s->n_post; i++) {
      const float *w = s->weight + i * s->stride;
      float *g = s->gradient + i * s->stride;
      for (int64_t j = 0; j < s->n_pre; j++) *value += (double)w[j] * (double)w[j];
      for (int64_t j = 0; j < s->n_pre; j++) g[j] += (float)(2 * scale) * w[j];
    }
  }
  return NAI_OK;
}

static nai_status distance(void *user, nai_synapses *const *synapses, int64_t n, double scale,
                           double *value)
{
  (void)user;
  for (int64_t k = 0; k < n; k++) {
    const nai_synapses *s = synapses[k];
    if (!s->post_position || !s->pre_position)
      return nai__fail(NAI_ERR_ORDER,
                       "'%s' has no positions, which the cost 'distance' needs: place it",
                       s->post_position ? s->from : s->to);
    for (int64_t i = 0; i < s->n_post; i++) {
      const float *w = s->weight + i * s->stride, *p = s->post_position + 3 * i;
      float *g = s->gradient + i * s->stride;
      for (int64_t j = 0; j < s->n_pre; j++) {
        const float *q = s->pre_position + 3 * j;
        float x = p[0] - q[0], y = p[1] - q[1], z = p[2] - q[2];
        float d = sqrtf(x * x + y * y + z * z);
        *value += fabs((double)w[j]) * (double)d;
        g[j] += (float)scale * d * sign(w[j]);
      }
    }
  }
  return NAI_OK;
}

nai_status nai_cost_create_l1_weights(nai_cost **out, const char *from, const char *to)
{
  NAI__REQUIRE(out);
  *out = NULL;
  NAI__REQUIRE(from);
  nai_cost_ops ops = {.struct_size = sizeof ops,
                      .flags = NAI_COST_BY_SYNAPSE,
                      .name = "l1_weights",
                      .on_weights = l1_weights};
  return nai__cost_create_counted(out, &ops, NULL, from, to, NAI__PER_SYNAPSE);
}

nai_status nai_cost_create_l2_weights(nai_cost **out, const char *from, const char *to)
{
  NAI__REQUIRE(out);
  *out = NULL;
  NAI__REQUIRE(from);
  nai_cost_ops ops = {.struct_size = sizeof ops,
                      .flags = NAI_COST_BY_SYNAPSE,
                      .name = "l2_weights",
                      .on_weights = l2_weights};
  return nai__cost_create_counted(out, &ops, NULL, from, to, NAI__PER_SYNAPSE);
}

nai_status nai_cost_create_distance(nai_cost **out, const char *from, const char *to)
{
  NAI__REQUIRE(out);
  *out = NULL;
  NAI__REQUIRE(from);
  nai_cost_ops ops = {.struct_size = sizeof ops,
                      .flags = NAI_COST_BY_SYNAPSE,
                      .name = "distance",
                      .on_weights = distance};
  return nai__cost_create_counted(out, &ops, NULL, from, to, NAI__PER_SYNAPSE);
}
