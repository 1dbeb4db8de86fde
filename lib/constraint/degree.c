/*
 * How many synapses there are: onto each unit, from each unit, or of a whole projection. They are
 * drawn without replacement, so all are of different pairs, and all sets of so many are equally likely.
 *
 * Of a total, how many of the synapses are in the first row is drawn, then in the second one, ...;
 * these numbers are hypergeometric. Given them, rows do not depend on each other, and each has a stream
 * of random numbers of its own.
 */
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "builtin.h"
#include "choose.h"

static int64_t wanted_of(const void *user)
{
  return (int64_t)((const nai__builtin *)user)->value[0];
}

static uint8_t *row_of(const nai_synapses *s, int64_t i)
{
  return s->exists + i * s->stride;
}

static void draw_row(const nai_synapses *s, int64_t i, int64_t may, int64_t wanted)
{
  nai__stream random = nai__synapses_stream(s->seed, s->first_post + i);
  nai__choose_synapses(row_of(s, i), s->n_pre, may, wanted, &random);
}

/* --- onto each unit --------------------------------------------------------------------------- */

static nai_status wire_indegree(void *user, nai_synapses *s)
{
  const int64_t wanted = wanted_of(user);
  for (int64_t i = 0; i < s->n_post; i++) {
    const int64_t may = nai__may_exist(row_of(s, i), s->n_pre);
    if (wanted > may)
      return nai__fail(NAI_ERR_INVALID,
                       "indegree is %lld, but unit %lld of '%s' can have only %lld synapses from "
                       "'%s'",
                       (long long)wanted, (long long)(s->first_post + i), s->to, (long long)may,
                       s->from);
    draw_row(s, i, may, wanted);
  }
  return NAI_OK;
}

/* --- in total --------------------------------------------------------------------------------- */

/* What is still to be shared out, and among how many pairs; in the order of rows. */
typedef struct deal {
  int64_t wanted, may;
  nai__stream random;
} deal;

static nai_status begin_deal(deal *d, int64_t wanted, int64_t may, const nai_synapses *s)
{
  *d = (deal){wanted, may, nai__stream_open(s->seed, NAI__FOR_SYNAPSES, 0, 1)};
  if (wanted <= may) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID,
                   "total is %lld, but only %lld synapses can exist from '%s' to '%s': a pair of "
                   "units has one at most",
                   (long long)wanted, (long long)may, s->from, s->to);
}

/* Of a row of which so many may exist. */
static int64_t next_of_deal(deal *d, int64_t may)
{
  const int64_t wanted = nai__stream_hypergeometric(&d->random, may, d->wanted, d->may);
  d->wanted -= wanted;
  d->may -= may;
  return wanted;
}

static nai_status wire_total(void *user, nai_synapses *s)
{
  int64_t all = 0;
  for (int64_t i = 0; i < s->n_post; i++) all += nai__may_exist(row_of(s, i), s->n_pre);
  deal d;
  NAI__TRY(begin_deal(&d, wanted_of(user), all, s));
  for (int64_t i = 0; i < s->n_post; i++) {
    const int64_t may = nai__may_exist(row_of(s, i), s->n_pre);
    draw_row(s, i, may, next_of_deal(&d, may));
  }
  return NAI_OK;
}

/* Of a list: what may exist in each row is counted first, then how many of these shall is drawn. */
typedef struct totals {
  int64_t total, n_post;
  int64_t *of; /* [n_post] */
} totals;

static int64_t total_bytes(const void *user, int64_t n_post, int64_t n_pre)
{
  (void)user, (void)n_pre;
  return n_post * (int64_t)sizeof(int64_t) + (int64_t)sizeof(totals);
}

static void end_total(void *own)
{
  totals *t = own;
  nai__free(t->of);
  nai__free(t);
}

static nai_status begin_total(void **own, void *user, const nai_synapses *all)
{
  totals *t = NAI__NEW(totals);
  if (!t) return NAI_ERR_MEMORY;
  *t = (totals){wanted_of(user), all->n_post, NAI__ARRAY(int64_t, all->n_post)};
  *own = t;
  return t->of ? NAI_OK : NAI_ERR_MEMORY;
}

static void look_total(void *own, const nai_synapses *s)
{
  const totals *t = own;
  for (int64_t i = 0; i < s->n_post; i++)
    t->of[s->first_post + i] = nai__may_exist(row_of(s, i), s->n_pre);
}

static nai_status draw_total(void *own, const nai_synapses *all)
{
  const totals *t = own;
  int64_t may = 0;
  for (int64_t i = 0; i < t->n_post; i++) may += t->of[i];
  deal d;
  NAI__TRY(begin_deal(&d, t->total, may, all));
  for (int64_t i = 0; i < t->n_post; i++) t->of[i] = next_of_deal(&d, t->of[i]);
  return NAI_OK;
}

static nai_status total_rows(void *own, nai_synapses *s)
{
  const totals *t = own;
  for (int64_t i = 0; i < s->n_post; i++)
    draw_row(s, i, nai__may_exist(row_of(s, i), s->n_pre), t->of[s->first_post + i]);
  return NAI_OK;
}

/* --- from each unit --------------------------------------------------------------------------- */

/*
 * A sender draws which it connects of those that it may: of the first, the second, ... of them. Rows
 * come one after the other, so each sender counts how many of them are still to be passed by.
 */
typedef struct columns {
  int64_t wanted, n_pre, n_post;
  int64_t *may; /* [n_pre] */
  int32_t
      *pass; /* [n_pre][wanted]: how many before each that it connects; there are fewer than 2^31 */
  int32_t *left;  /* [n_pre]: how many before the next one */
  int32_t *drawn; /* [n_pre]: which one that is */
} columns;

static int64_t outdegree_bytes(const void *user, int64_t n_post, int64_t n_pre)
{
  const int64_t wanted = wanted_of(user), synapses = wanted < n_post ? wanted : n_post;
  return n_pre * (int64_t)(sizeof(int64_t) + (2 + (size_t)synapses) * sizeof(int32_t)) + n_post +
         (int64_t)sizeof(columns);
}

static void end_outdegree(void *own)
{
  columns *c = own;
  nai__free(c->may);
  nai__free(c->pass);
  nai__free(c->left);
  nai__free(c->drawn);
  nai__free(c);
}

static nai_status begin_outdegree(void **own, void *user, const nai_synapses *all)
{
  columns *c = NAI__NEW(columns);
  if (!c) return NAI_ERR_MEMORY;
  *c = (columns){wanted_of(user),
                 all->n_pre,
                 all->n_post,
                 NAI__ARRAY(int64_t, all->n_pre),
                 NULL,
                 NAI__ARRAY(int32_t, all->n_pre),
                 NAI__ARRAY(int32_t, all->n_pre)};
  *own = c;
  return c->may && c->left && c->drawn ? NAI_OK : NAI_ERR_MEMORY;
}

static void look_outdegree(void *own, const nai_synapses *s)
{
  const columns *c = own;
  for (int64_t i = 0; i < s->n_post; i++) {
    const uint8_t *exists = row_of(s, i);
    for (int64_t j = 0; j < s->n_pre; j++) c->may[j] += exists[j];
  }
}

/* chosen: [c->n_post] */
static void draw_column(const columns *c, int64_t j, uint64_t seed, uint8_t *chosen)
{
  nai__stream random = nai__synapses_stream(seed, j);
  int32_t *pass = c->pass + j * c->wanted;
  memset(chosen, 1, (size_t)c->may[j]);
  nai__choose_synapses(chosen, c->may[j], c->may[j], c->wanted, &random);
  const uint8_t *from = chosen;
  for (const uint8_t *at; (at = memchr(from, 1, (size_t)(chosen + c->may[j] - from)));
       from = at + 1)
    *pass++ = (int32_t)(at - from);
}

static nai_status check_from(const columns *c, int64_t j, const nai_synapses *s)
{
  if (c->wanted <= c->may[j]) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID,
                   "outdegree is %lld, but unit %lld of '%s' can have only %lld synapses onto '%s'",
                   (long long)c->wanted, (long long)j, s->from, (long long)c->may[j], s->to);
}

static nai_status draw_outdegree(void *own, const nai_synapses *all)
{
  columns *c = own;
  for (int64_t j = 0; j < c->n_pre; j++) NAI__TRY(check_from(c, j, all));
  c->pass = NAI__ARRAY(int32_t, c->n_pre * c->wanted + 1);
  uint8_t *chosen = NAI__ARRAY(uint8_t, c->n_post);
  if (c->pass && chosen)
    for (int64_t j = 0; j < c->n_pre; j++) draw_column(c, j, all->seed, chosen);
  nai__free(chosen);
  return c->pass && chosen ? NAI_OK : NAI_ERR_MEMORY;
}

/* Behind the last one nothing is connected any more. */
static int32_t next_pass(const columns *c, int64_t j)
{
  return c->drawn[j] < c->wanted ? c->pass[j * c->wanted + c->drawn[j]] : INT32_MAX;
}

static void start_outdegree(void *own)
{
  const columns *c = own;
  for (int64_t j = 0; j < c->n_pre; j++) {
    c->drawn[j] = 0;
    c->left[j] = next_pass(c, j);
  }
}

static nai_status outdegree_rows(void *own, nai_synapses *s)
{
  const columns *c = own;
  for (int64_t i = 0; i < s->n_post; i++) {
    uint8_t *exists = row_of(s, i), *end = exists + s->n_pre;
    for (int64_t j = 0; j < s->n_pre; j++) {
      const uint8_t may = exists[j];
      exists[j] = may & (c->left[j] == 0);
      c->left[j] -= may;
    }
    for (uint8_t *at = exists; (at = memchr(at, 1, (size_t)(end - at))); at++) {
      const int64_t j = at - exists;
      c->drawn[j]++;
      c->left[j] = next_pass(c, j);
    }
  }
  return NAI_OK;
}

/* As a list is, with all rows in one. */
static nai_status wire_outdegree(void *user, nai_synapses *s)
{
  void *own = NULL;
  nai_status status = begin_outdegree(&own, user, s);
  if (status == NAI_OK) {
    look_outdegree(own, s);
    status = draw_outdegree(own, s);
  }
  if (status == NAI_OK) {
    start_outdegree(own);
    status = outdegree_rows(own, s);
  }
  if (own) end_outdegree(own);
  return status;
}

/* --- creating --------------------------------------------------------------------------------- */

static nai_status create(nai_constraint **out, const char *name, uint32_t flags,
                         nai_status (*wire)(void *user, nai_synapses *synapses),
                         const nai__wiring *wiring, int64_t synapses, int64_t most)
{
  NAI__REQUIRE(out);
  *out = NULL;
  if (synapses < 0 || synapses > most)
    return nai__fail(NAI_ERR_INVALID, "%s is %lld, must be 0 to %lld", name, (long long)synapses,
                     (long long)most);
  return nai__builtin_create_wired(out, name, flags, wire, wiring, (double)synapses, NULL, 0, 0);
}

nai_status nai_constraint_create_indegree(nai_constraint **out, int64_t indegree)
{
  return create(out, "indegree", NAI_CONSTRAINT_BY_ROWS, wire_indegree, NULL, indegree, 10000000);
}

nai_status nai_constraint_create_outdegree(nai_constraint **out, int64_t outdegree)
{
  static const nai__wiring wiring = {.begin = begin_outdegree,
                                     .end = end_outdegree,
                                     .bytes = outdegree_bytes,
                                     .look = look_outdegree,
                                     .draw = draw_outdegree,
                                     .start = start_outdegree,
                                     .wire = outdegree_rows};
  return create(out, "outdegree", 0, wire_outdegree, &wiring, outdegree, 10000000);
}

nai_status nai_constraint_create_total(nai_constraint **out, int64_t total)
{
  static const nai__wiring wiring = {.begin = begin_total,
                                     .end = end_total,
                                     .bytes = total_bytes,
                                     .look = look_total,
                                     .draw = draw_total,
                                     .wire = total_rows};
  return create(out, "total", 0, wire_total, &wiring, total, 100000000000000);
}
