/*
 * Synapses: which exist, which learn, what sign they have; and putting the weights back where they
 * may be after each learning step. Constraints speak first; what holds whatever they wrote is made
 * to hold after them.
 */
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/philox.h"
#include "ends.h"

nai_synapses nai__synapses(const nai_network *net, const nai__projection *p, float *gradient,
                           float *momentum)
{
  const nai__node *pre = &net->node[p->from], *post = &net->node[p->to];
  nai_synapses s = {.struct_size = sizeof s,
                    .sign = p->sign,
                    .from = nai__source_name(net, p),
                    .to = nai__target_name(net, p),
                    .n_post = p->at.rows,
                    .n_pre = p->at.columns,
                    .stride = p->at.stride,
                    .weight = net->theta + p->at.start,
                    .exists = net->exists + p->at.start,
                    .plastic = net->plastic + p->at.start,
                    .momentum = momentum ? momentum + p->at.start : NULL,
                    .gradient = gradient ? gradient + p->at.start : NULL,
                    .post_position = p->at.rows == post->n ? post->position : post->port_position,
                    .pre_position = pre->position,
                    .population_sign = pre->sign};
  return s;
}

static uint64_t constraint_seed(const nai_network *net, const nai__projection *p,
                                int64_t constraint)
{
  uint64_t label = (uint64_t)(p - net->projection) << 16 | (uint64_t)constraint;
  return nai__seed_derive(net->seed, NAI__FOR_SYNAPSES, label);
}

/* --- at the build ----------------------------------------------------------------------------- */

/* A port may have copies, each of all units. */
static int allowed(const nai__projection *p, int64_t post, int64_t pre)
{
  return p->autapses || p->from != p->to || post % p->at.columns != pre;
}

static void wire_all(const nai__projection *p, nai_synapses *s)
{
  for (int64_t i = 0; i < s->n_post; i++)
    for (int64_t j = 0; j < s->n_pre; j++) {
      s->exists[i * s->stride + j] = s->plastic[i * s->stride + j] = allowed(p, i, j) != 0;
    }
}

/* A port of one sign gives it to what is free, and refuses the other. */
static nai_status check_port(const nai_network *net, const nai__projection *p, int32_t *sign)
{
  int32_t port = nai__port_sign(&net->node[p->to], p->port);
  if (port && *sign == -port)
    return nai__fail(NAI_ERR_INVALID, "'%s' is %s, so it cannot drive '%s'",
                     nai__source_name(net, p), *sign > 0 ? "excitatory" : "inhibitory",
                     nai__target_name(net, p));
  if (port) *sign = port;
  return NAI_OK;
}

/*
 * Whatever a table wrote: 0 or 1, nothing that was absent or fixed before it comes back, nothing
 * absent learns.
 */
static void tidy(nai_synapses *s, const uint8_t *existed, const uint8_t *learned)
{
  for (int64_t i = 0; i < s->n_post; i++)
    for (int64_t j = 0; j < s->n_pre; j++) {
      int64_t k = i * s->stride + j;
      s->exists[k] = s->exists[k] != 0 && existed[k] != 0;
      s->plastic[k] = s->plastic[k] != 0 && learned[k] != 0 && s->exists[k] != 0;
    }
}

static nai_status wire_constraint(const nai_constraint *constraint, nai_synapses *s)
{
  if (!constraint->ops.wire) return NAI_OK;
  int64_t n = (s->n_post - 1) * s->stride + s->n_pre;
  uint8_t *before = NAI__ARRAY(uint8_t, 2 * n);
  if (!before) return NAI_ERR_MEMORY;
  memcpy(before, s->exists, (size_t)n);
  memcpy(before + n, s->plastic, (size_t)n);
  nai__clear_error();
  nai_synapses shown = *s; /* of what is written into the struct itself only the sign counts */
  nai_status status = constraint->ops.wire(constraint->user, &shown);
  s->sign = shown.sign;
  tidy(s, before, before + n);
  nai__free(before);
  return status == NAI_OK ? NAI_OK : nai__fail_callback(status, "constraint", constraint->name);
}

static nai_status wire_projection(nai_network *net, nai__projection *p)
{
  nai_synapses s = nai__synapses(net, p, NULL, NULL);
  s.weight = NULL;
  s.sign = s.population_sign;
  s.plastic = net->learns + p->at.start;
  wire_all(p, &s);
  for (int64_t c = 0; c < p->n_constraints; c++) {
    s.seed = constraint_seed(net, p, c);
    NAI__TRY(wire_constraint(p->constraint[c], &s));
  }
  if (s.sign < -1 || s.sign > 1)
    return nai__fail(NAI_ERR_INVALID, "sign from '%s' to '%s' is %d, must be -1, 0 or 1", s.from,
                     s.to, (int)s.sign);
  NAI__TRY(check_port(net, p, &s.sign));
  p->sign = s.sign;
  nai__refresh_plastic(net, p);
  return NAI_OK;
}

void nai__refresh_plastic(nai_network *net, const nai__projection *p)
{
  nai_synapses s = nai__synapses(net, p, NULL, NULL);
  const uint8_t *learns = net->learns + p->at.start;
  for (int64_t i = 0; i < s.n_post; i++)
    for (int64_t j = 0; j < s.n_pre; j++)
      s.plastic[i * s.stride + j] = p->plastic ? learns[i * s.stride + j] : 0;
}

nai_status nai__wire(nai_network *net)
{
  for (int64_t i = 0; i < net->n_projections; i++)
    NAI__TRY(wire_projection(net, &net->projection[i]));
  nai__find_plastic(net);
  return NAI_OK;
}

/* --- after each learning step ----------------------------------------------------------------- */

/*
 * No wrong sign, no weight where no synapse is, nothing new where none learns: `before` holds the
 * weights as they were, or is NULL at the build. What learns exists. NaN stays, to be found.
 */
static void guard(nai_synapses *s, int whole, const float *before)
{
  float sign = (float)s->sign;
  if (whole && !s->sign) return;
  for (int64_t i = 0; i < s->n_post; i++) {
    float *w = s->weight + i * s->stride;
    const uint8_t *exists = s->exists + i * s->stride, *plastic = s->plastic + i * s->stride;
    const float *old = before ? before + i * s->stride : NULL;
    if (s->sign)
      for (int64_t j = 0; j < s->n_pre; j++) w[j] = w[j] * sign < 0 ? 0 : w[j];
    if (whole) continue;
    if (before)
      for (int64_t j = 0; j < s->n_pre; j++) w[j] = plastic[j] != 0 ? w[j] : old[j];
    else
      for (int64_t j = 0; j < s->n_pre; j++) w[j] = exists[j] != 0 ? w[j] : 0;
  }
}

static nai_status project_one(nai_network *net, const nai__projection *p, float *momentum,
                              const float *before)
{
  nai_synapses s = nai__synapses(net, p, NULL, momentum);
  for (int64_t c = 0; c < p->n_constraints; c++) {
    const nai_constraint *constraint = p->constraint[c];
    if (!constraint->ops.project) continue;
    nai_synapses shown = s;
    shown.seed = constraint_seed(net, p, c);
    nai__clear_error();
    nai_status status = constraint->ops.project(constraint->user, &shown);
    if (status != NAI_OK) return nai__fail_callback(status, "constraint", constraint->name);
  }
  guard(&s, p->whole, before ? before + p->at.start : NULL);
  return NAI_OK;
}

nai_status nai__project(nai_network *net, float *momentum, const float *before)
{
  for (int64_t i = 0; i < net->n_projections; i++)
    if (!before || net->projection[i].plastic || net->projection[i].n_constraints)
      NAI__TRY(project_one(net, &net->projection[i], momentum, before));
  nai__bound_initial_states(net);
  return NAI_OK;
}

nai_status nai__project_block(nai_network *net, int64_t block, const float *before)
{
  for (int64_t i = 0; i < net->n_projections; i++)
    if (net->projection[i].block == block)
      NAI__TRY(project_one(net, &net->projection[i], NULL, before));
  return NAI_OK;
}

/* Whether each place has a synapse that learns. */
static int is_whole(const nai_network *net, const nai__rectangle *at)
{
  for (int64_t i = 0; i < at->rows; i++)
    if (memchr(net->plastic + nai__place_in(at, i, 0), 0, (size_t)at->columns)) return 0;
  return 1;
}

static void find_whole(nai_network *net)
{
  for (int64_t i = 0; i < net->n_projections; i++)
    net->projection[i].whole = is_whole(net, &net->projection[i].at);
  for (int64_t i = 0; i < net->n_blocks; i++)
    net->block[i].whole = is_whole(net, &net->block[i].at);
}

void nai__find_plastic(nai_network *net)
{
  find_whole(net);
  for (int64_t i = 0; i < net->n_blocks; i++) net->block[i].frozen = 1;
  for (int64_t i = 0; i < net->n_projections; i++)
    if (net->projection[i].plastic || net->projection[i].n_constraints)
      net->block[net->projection[i].block].frozen = 0;
  int64_t first = 0;
  net->n_stretches = 0;
  for (int64_t i = 0; i < net->n_blocks; i++) {
    const nai__rectangle *at = &net->block[i].at;
    if (!net->block[i].frozen) continue;
    if (at->start > first) net->stretch[net->n_stretches++] = (nai__stretch){first, at->start};
    first = at->start + at->rows * at->stride;
  }
  net->stretch[net->n_stretches++] = (nai__stretch){first, net->n_theta};
}
