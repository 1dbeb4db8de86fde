/*
 * Which synapses are plastic, and putting the weights back where they may be after each learning step.
 * Constraints speak first; what holds whatever they wrote is made to hold after them.
 */
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "whole.h"

void nai__refresh_plastic(nai_network *net, const nai__projection *p)
{
  nai_synapses s = nai__synapses(net, p, NULL, NULL);
  const uint8_t *learns = net->learns + p->at.start;
  for (int64_t i = 0; i < s.n_post; i++)
    for (int64_t j = 0; j < s.n_pre; j++)
      s.plastic[i * s.stride + j] = p->plastic ? learns[i * s.stride + j] : 0;
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

static nai_status call(const nai_constraint *constraint, nai_synapses shown, uint64_t seed)
{
  shown.seed = seed;
  nai__clear_error();
  nai_status status = constraint->ops.project(constraint->user, &shown);
  return status == NAI_OK ? NAI_OK : nai__fail_callback(status, "constraint", constraint->name);
}

/* A listed projection for a constraint that knows no lists. */
static nai_status call_whole(const nai_network *net, const nai__projection *p, float *momentum,
                             const nai_constraint *constraint, uint64_t seed)
{
  nai__whole whole;
  nai_status status = nai__whole_open(&whole, net, p, momentum, 0, constraint->name);
  if (status == NAI_OK) status = call(constraint, whole.shown, seed);
  if (status == NAI_OK) nai__whole_take(&whole, net, momentum);
  nai__whole_close(&whole);
  return status;
}

static nai_status project_one(nai_network *net, const nai__projection *p, float *momentum,
                              const float *before)
{
  nai_synapses s = nai__synapses(net, p, NULL, momentum);
  for (int64_t c = 0; c < p->n_constraints; c++) {
    const nai_constraint *constraint = p->constraint[c];
    const uint64_t seed = nai__constraint_seed(net, p, c);
    if (!constraint->ops.project) continue;
    if (p->is_listed && !(constraint->ops.flags & NAI_CONSTRAINT_BY_SYNAPSE))
      NAI__TRY(call_whole(net, p, momentum, constraint, seed));
    else
      NAI__TRY(call(constraint, s, seed));
  }
  guard(&s, p->whole, before ? before + p->at.start : NULL);
  return NAI_OK;
}

nai_status nai__project(nai_network *net, float *momentum, const float *before)
{
  for (int64_t i = 0; i < net->n_projections; i++)
    if (!before || net->projection[i].plastic || nai__is_projected(&net->projection[i]))
      NAI__TRY(project_one(net, &net->projection[i], momentum, before));
  nai__bound_initial_states(net);
  return NAI_OK;
}

nai_status nai__project_block(nai_network *net, int64_t block, const float *before)
{
  for (int64_t i = 0; i < net->n_projections; i++)
    if (block == net->projection[i].block)
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
  net->changes++;
  find_whole(net);
  for (int64_t i = 0; i < net->n_blocks; i++) net->block[i].frozen = 1;
  for (int64_t i = 0; i < net->n_projections; i++)
    if (net->projection[i].plastic || nai__is_projected(&net->projection[i]))
      for (int64_t k = 0; k < net->projection[i].n_parts; k++)
        net->block[net->projection[i].block + k].frozen = 0;
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
