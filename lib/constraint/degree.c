/*
 * How many synapses there are: onto each unit, from each unit, or of a whole projection. They are
 * drawn without replacement, so all are of different pairs: of N that may exist and K that shall, one
 * after another exists with probability (still to be drawn) / (still to be seen), which makes all
 * sets of K equally likely (Fan, Muller & Rezucha 1962).
 */
#include "../base/error.h"
#include "../base/memory.h"
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

static nai_status check_from(const nai_synapses *s, int64_t j, int64_t wanted, int64_t left)
{
  if (wanted <= left) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID,
                   "outdegree is %lld, but unit %lld of '%s' can have only %lld synapses onto '%s'",
                   (long long)wanted, (long long)j, s->from, (long long)left, s->to);
}

static nai_status wire_outdegree(void *user, nai_synapses *s)
{
  for (int64_t j = 0; j < s->n_pre; j++) {
    draw d = {wanted_of(user), from(s, j)};
    NAI__TRY(check_from(s, j, d.wanted, d.left));
    for (int64_t i = 0; i < s->n_post; i++) decide(&d, s, i, j);
  }
  return NAI_OK;
}

/* --- in total --------------------------------------------------------------------------------- */

static nai_status check_all(const nai_synapses *s, int64_t wanted, int64_t left)
{
  if (wanted <= left) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID,
                   "total is %lld, but only %lld synapses can exist from '%s' to '%s': a pair of "
                   "units has one at most",
                   (long long)wanted, (long long)left, s->from, s->to);
}

static nai_status wire_total(void *user, nai_synapses *s)
{
  draw d = {wanted_of(user), 0};
  for (int64_t i = 0; i < s->n_post; i++) d.left += onto(s, i);
  NAI__TRY(check_all(s, d.wanted, d.left));
  for (int64_t i = 0; i < s->n_post; i++)
    for (int64_t j = 0; j < s->n_pre; j++) decide(&d, s, i, j);
  return NAI_OK;
}

/* --- rows of a list --------------------------------------------------------------------------- */

/*
 * Rows come one after the other, twice: what may exist is counted first, then decided. For each sender, or
 * for all of them, one draw goes on from row to row.
 */
typedef struct rows {
  int64_t wanted, n; /* draws */
  int64_t *may;      /* [n]: synapses that may exist; their draws behind them */
  draw *draw;        /* [n] */
} rows;

static int64_t rows_bytes(int64_t n)
{
  return n * (int64_t)(sizeof(int64_t) + sizeof(draw)) + (int64_t)sizeof(rows);
}

static int64_t outdegree_bytes(const void *user, int64_t n_post, int64_t n_pre)
{
  (void)user, (void)n_post;
  return rows_bytes(n_pre);
}

static int64_t total_bytes(const void *user, int64_t n_post, int64_t n_pre)
{
  (void)user, (void)n_post, (void)n_pre;
  return rows_bytes(1);
}

static void end(void *own)
{
  rows *r = own;
  nai__free(r->may);
  nai__free(r->draw);
  nai__free(r);
}

static nai_status begin(void **own, const void *user, int64_t n)
{
  rows *r = NAI__NEW(rows);
  if (!r) return NAI_ERR_MEMORY;
  r->wanted = wanted_of(user);
  r->n = n;
  r->may = NAI__ARRAY(int64_t, n);
  r->draw = NAI__ARRAY(draw, n);
  if (r->may && r->draw) {
    *own = r;
    return NAI_OK;
  }
  end(r);
  return NAI_ERR_MEMORY;
}

static nai_status begin_outdegree(void **own, void *user, const nai_synapses *all)
{
  return begin(own, user, all->n_pre);
}

static nai_status begin_total(void **own, void *user, const nai_synapses *all)
{
  (void)all;
  return begin(own, user, 1);
}

static void start(void *own)
{
  const rows *r = own;
  for (int64_t k = 0; k < r->n; k++) r->draw[k] = (draw){r->wanted, r->may[k]};
}

static void look_outdegree(void *own, const nai_synapses *s)
{
  const rows *r = own;
  for (int64_t i = 0; i < s->n_post; i++)
    for (int64_t j = 0; j < s->n_pre; j++) r->may[j] += s->exists[i * s->stride + j] != 0;
}

static nai_status check_outdegree(const void *own, const nai_synapses *all)
{
  const rows *r = own;
  for (int64_t j = 0; j < r->n; j++) NAI__TRY(check_from(all, j, r->wanted, r->may[j]));
  return NAI_OK;
}

static nai_status outdegree_rows(void *own, nai_synapses *s)
{
  const rows *r = own;
  for (int64_t i = 0; i < s->n_post; i++)
    for (int64_t j = 0; j < s->n_pre; j++) decide(&r->draw[j], s, i, j);
  return NAI_OK;
}

static void look_total(void *own, const nai_synapses *s)
{
  const rows *r = own;
  for (int64_t i = 0; i < s->n_post; i++) r->may[0] += onto(s, i);
}

static nai_status check_total(const void *own, const nai_synapses *all)
{
  const rows *r = own;
  return check_all(all, r->wanted, r->may[0]);
}

static nai_status total_rows(void *own, nai_synapses *s)
{
  const rows *r = own;
  for (int64_t i = 0; i < s->n_post; i++)
    for (int64_t j = 0; j < s->n_pre; j++) decide(r->draw, s, i, j);
  return NAI_OK;
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
                                     .end = end,
                                     .bytes = outdegree_bytes,
                                     .look = look_outdegree,
                                     .check = check_outdegree,
                                     .start = start,
                                     .wire = outdegree_rows};
  return create(out, "outdegree", 0, wire_outdegree, &wiring, outdegree, 10000000);
}

nai_status nai_constraint_create_total(nai_constraint **out, int64_t total)
{
  static const nai__wiring wiring = {.begin = begin_total,
                                     .end = end,
                                     .bytes = total_bytes,
                                     .look = look_total,
                                     .check = check_total,
                                     .start = start,
                                     .wire = total_rows};
  return create(out, "total", 0, wire_total, &wiring, total, 100000000000000);
}
