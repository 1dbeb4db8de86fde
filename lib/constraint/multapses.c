/*
 * Numbers of synapses that are drawn with repeats, as biological circuits are often laid out: a pair that is
 * drawn several times has one synapse, whose initial weight is a sum of as many. Of a total, rows have
 * binomial numbers, one after the other.
 */
#include <assert.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "builtin.h"
#include "choose.h"

typedef struct repeats {
  int64_t wanted, n_post;
  int64_t *
      of; /* [n_post] of a total: what may exist in each row, then how many are drawn there; else NULL */
} repeats;

static void end(void *own)
{
  repeats *r = own;
  nai__free(r->of);
  nai__free(r);
}

static nai_status begin(void **own, void *user, const nai_synapses *all)
{
  repeats *r = NAI__NEW(repeats);
  if (!r) return NAI_ERR_MEMORY;
  *r = (repeats){(int64_t)((const nai__builtin *)user)->value[0], all->n_post, NULL};
  *own = r;
  return NAI_OK;
}

static nai_status begin_total(void **own, void *user, const nai_synapses *all)
{
  NAI__TRY(begin(own, user, all));
  repeats *r = *own;
  r->of = NAI__ARRAY(int64_t, r->n_post);
  return r->of ? NAI_OK : NAI_ERR_MEMORY;
}

static int64_t bytes(const void *user, int64_t n_post, int64_t n_pre)
{
  (void)user, (void)n_post, (void)n_pre;
  return (int64_t)sizeof(repeats);
}

static int64_t total_bytes(const void *user, int64_t n_post, int64_t n_pre)
{
  return n_post * (int64_t)sizeof(int64_t) + bytes(user, n_post, n_pre);
}

static void look(void *own, const nai_synapses *s)
{
  const repeats *r = own;
  for (int64_t i = 0; i < s->n_post; i++)
    r->of[s->first_post + i] = nai__may_exist(s->exists + i * s->stride, s->n_pre);
}

static nai_status draw_total(void *own, const nai_synapses *all)
{
  const repeats *r = own;
  int64_t may = 0, wanted = r->wanted;
  for (int64_t i = 0; i < r->n_post; i++) may += r->of[i];
  if (wanted > 0 && may == 0)
    return nai__fail(NAI_ERR_INVALID, "total is %lld, but no synapses can exist from '%s' to '%s'",
                     (long long)wanted, all->from, all->to);
  nai__stream random = nai__stream_open(all->seed, NAI__FOR_SYNAPSES, 0, 1);
  for (int64_t i = 0; i < r->n_post; i++) {
    const int64_t here = r->of[i];
    r->of[i] = nai__stream_binomial(&random, wanted, here, may);
    wanted -= r->of[i];
    may -= here;
  }
  return NAI_OK;
}

static nai_status wire_row(nai_synapses *s, int64_t i, uint8_t *more, int64_t wanted)
{
  uint8_t *exists = s->exists + i * s->stride;
  const int64_t may = nai__may_exist(exists, s->n_pre);
  nai__stream random = nai__synapses_stream(s->seed, s->first_post + i);
  if (may == 0 && wanted == 0) return NAI_OK;
  if (may == 0)
    return nai__fail(NAI_ERR_INVALID,
                     "indegree is %lld, but unit %lld of '%s' can have no synapses from '%s'",
                     (long long)wanted, (long long)(s->first_post + i), s->to, s->from);
  if (!nai__draw_multapses(exists, more + i * s->stride, s->n_pre, may, wanted, &random))
    return nai__fail(NAI_ERR_INVALID,
                     "unit %lld of '%s' has drawn more than %d synapses from a unit of '%s': draw "
                     "fewer",
                     (long long)(s->first_post + i), s->to, NAI__MOST_REPEATS + 1, s->from);
  return NAI_OK;
}

static nai_status wire_rows(void *own, nai_synapses *s, uint8_t *more)
{
  const repeats *r = own;
  for (int64_t i = 0; i < s->n_post; i++)
    NAI__TRY(wire_row(s, i, more, r->of ? r->of[s->first_post + i] : r->wanted));
  return NAI_OK;
}

/* Such projections are no matrices. */
static nai_status wire_matrix(void *user, nai_synapses *s)
{
  (void)user, (void)s;
  assert(0);
  return NAI_OK;
}

/* --- creating --------------------------------------------------------------------------------- */

static nai_status create(nai_constraint **out, const char *name, const nai__wiring *wiring,
                         int64_t synapses, int64_t most)
{
  NAI__REQUIRE(out);
  *out = NULL;
  if (synapses < 0 || synapses > most)
    return nai__fail(NAI_ERR_INVALID, "%s is %lld, must be 0 to %lld", name, (long long)synapses,
                     (long long)most);
  return nai__builtin_create_wired(out, name, 0, wire_matrix, wiring, (double)synapses, NULL, 0, 0);
}

nai_status nai_constraint_create_indegree_multapses(nai_constraint **out, int64_t indegree)
{
  static const nai__wiring wiring = {
      .begin = begin, .end = end, .bytes = bytes, .wire_multapses = wire_rows};
  return create(out, "indegree", &wiring, indegree, 10000000);
}

nai_status nai_constraint_create_total_multapses(nai_constraint **out, int64_t total)
{
  static const nai__wiring wiring = {.begin = begin_total,
                                     .end = end,
                                     .bytes = total_bytes,
                                     .look = look,
                                     .draw = draw_total,
                                     .wire_multapses = wire_rows};
  return create(out, "total", &wiring, total, 100000000000000);
}
