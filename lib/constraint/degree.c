/*
 * How many synapses there are: onto each unit, from each unit, or of a whole projection. They are
 * drawn without replacement, so all are of different pairs: of N that may exist and K that shall, one
 * after another exists with probability (still to be drawn) / (still to be seen), which makes all
 * sets of K equally likely (Fan, Muller & Rezucha 1962).
 */
#include "../base/error.h"
#include "builtin.h"

/* --- drawing ---------------------------------------------------------------------------------- */

typedef struct draw {
  int64_t wanted, left; /* still to be drawn, still to be seen */
} draw;

static void decide(draw *d, nai_synapses *s, int64_t i, int64_t j)
{
  uint8_t *exists = &s->exists[i * s->stride + j];
  if (*exists == 0) return;
  double chance = nai_random_uniform(s->seed, (uint64_t)(s->first_post + i), (uint64_t)j);
  if ((double)d->left * chance < (double)d->wanted)
    d->wanted--;
  else
    *exists = 0;
  d->left--;
}

static int64_t wanted_of(const void *user)
{
  return (int64_t)((const nai__builtin *)user)->value[0];
}

static int64_t onto(const nai_synapses *s, int64_t i)
{
  int64_t n = 0;
  for (int64_t j = 0; j < s->n_pre; j++) n += s->exists[i * s->stride + j] != 0;
  return n;
}

static int64_t from(const nai_synapses *s, int64_t j)
{
  int64_t n = 0;
  for (int64_t i = 0; i < s->n_post; i++) n += s->exists[i * s->stride + j] != 0;
  return n;
}

/* --- onto each unit --------------------------------------------------------------------------- */

static nai_status wire_indegree(void *user, nai_synapses *s)
{
  for (int64_t i = 0; i < s->n_post; i++) {
    draw d = {wanted_of(user), onto(s, i)};
    if (d.wanted > d.left)
      return nai__fail(NAI_ERR_INVALID,
                       "indegree is %lld, but unit %lld of '%s' can have only %lld synapses from "
                       "'%s'",
                       (long long)d.wanted, (long long)(s->first_post + i), s->to,
                       (long long)d.left, s->from);
    for (int64_t j = 0; j < s->n_pre; j++) decide(&d, s, i, j);
  }
  return NAI_OK;
}

/* --- from each unit --------------------------------------------------------------------------- */

static nai_status wire_outdegree(void *user, nai_synapses *s)
{
  for (int64_t j = 0; j < s->n_pre; j++) {
    draw d = {wanted_of(user), from(s, j)};
    if (d.wanted > d.left)
      return nai__fail(NAI_ERR_INVALID,
                       "outdegree is %lld, but unit %lld of '%s' can have only %lld synapses onto "
                       "'%s'",
                       (long long)d.wanted, (long long)j, s->from, (long long)d.left, s->to);
    for (int64_t i = 0; i < s->n_post; i++) decide(&d, s, i, j);
  }
  return NAI_OK;
}

/* --- in total --------------------------------------------------------------------------------- */

static nai_status wire_total(void *user, nai_synapses *s)
{
  draw d = {wanted_of(user), 0};
  for (int64_t i = 0; i < s->n_post; i++) d.left += onto(s, i);
  if (d.wanted > d.left)
    return nai__fail(NAI_ERR_INVALID,
                     "total is %lld, but only %lld synapses can exist from '%s' to '%s': a pair of "
                     "units has one at most",
                     (long long)d.wanted, (long long)d.left, s->from, s->to);
  for (int64_t i = 0; i < s->n_post; i++)
    for (int64_t j = 0; j < s->n_pre; j++) decide(&d, s, i, j);
  return NAI_OK;
}

/* --- creating --------------------------------------------------------------------------------- */

static nai_status create(nai_constraint **out, const char *name, uint32_t flags,
                         nai_status (*wire)(void *user, nai_synapses *synapses), int64_t synapses,
                         int64_t most)
{
  NAI__REQUIRE(out);
  *out = NULL;
  if (synapses < 0 || synapses > most)
    return nai__fail(NAI_ERR_INVALID, "%s is %lld, must be 0 to %lld", name, (long long)synapses,
                     (long long)most);
  return nai__builtin_create(out, name, flags, wire, NULL, (double)synapses, 0, NULL, 0, 0);
}

nai_status nai_constraint_create_indegree(nai_constraint **out, int64_t indegree)
{
  return create(out, "indegree", NAI_CONSTRAINT_BY_ROWS, wire_indegree, indegree, 10000000);
}

nai_status nai_constraint_create_outdegree(nai_constraint **out, int64_t outdegree)
{
  return create(out, "outdegree", 0, wire_outdegree, outdegree, 10000000);
}

nai_status nai_constraint_create_total(nai_constraint **out, int64_t total)
{
  return create(out, "total", 0, wire_total, total, 100000000000000);
}
