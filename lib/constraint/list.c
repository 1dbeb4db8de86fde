/* Synapses that are listed: pairs of a presynaptic and a postsynaptic unit, and no others. */
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../network/constraint.h"
#include "builtin.h"

/* While a list is gone through: what it has had. */
#define LISTED 2

typedef struct list {
  int64_t n;
  int64_t *pre, *post; /* [n] each, in one memory */
} list;

static void destroy(void *user)
{
  list *l = user;
  if (l) nai__free(l->pre);
  nai__free(l);
}

static nai_status check_unit(const nai_synapses *s, int64_t pair, const char *end, int64_t unit,
                             const char *population, int64_t n)
{
  if (unit < n) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID,
                   "%s[%lld] of the list from '%s' to '%s' is %lld, but '%s' has %lld units", end,
                   (long long)pair, s->from, s->to, (long long)unit, population, (long long)n);
}

/* Of a population onto itself, whatever the signal and the port; a unit may have several branches. */
static int is_recurrent(const nai_synapses *s)
{
  size_t from = strcspn(s->from, ":"), to = strcspn(s->to, ":");
  return from == to && memcmp(s->from, s->to, from) == 0;
}

/* Autapses that are not allowed are a mistake in the list; what a mask has removed stays absent. */
static nai_status mark(const list *l, nai_synapses *s, int64_t pair)
{
  int64_t i = l->post[pair], j = l->pre[pair];
  uint8_t *exists = &s->exists[(i - s->first_post) * s->stride + j];
  if (*exists & LISTED)
    return nai__fail(NAI_ERR_INVALID,
                     "the list from '%s' to '%s' has the pair of pre %lld and post %lld twice, at "
                     "[%lld] again: a pair has one synapse at most",
                     s->from, s->to, (long long)j, (long long)i, (long long)pair);
  if (*exists == 0 && i % s->n_pre == j && is_recurrent(s))
    return nai__fail(NAI_ERR_INVALID,
                     "pre[%lld] is %lld and post[%lld] is %lld in the list from '%s' to '%s': an "
                     "autapse, and autapses are not allowed",
                     (long long)pair, (long long)j, (long long)pair, (long long)i, s->from, s->to);
  *exists |= LISTED;
  return NAI_OK;
}

static void keep_marked(const nai_synapses *s)
{
  for (int64_t i = 0; i < s->n_post; i++)
    for (int64_t j = 0; j < s->n_pre; j++) {
      uint8_t *exists = &s->exists[i * s->stride + j];
      *exists = *exists == (LISTED | 1);
    }
}

static nai_status check_pairs(const list *l, const nai_synapses *s)
{
  for (int64_t pair = 0; pair < l->n; pair++) {
    NAI__TRY(check_unit(s, pair, "pre", l->pre[pair], s->from, s->n_pre));
    NAI__TRY(check_unit(s, pair, "post", l->post[pair], s->to, s->n_post));
  }
  return NAI_OK;
}

static nai_status wire(void *user, nai_synapses *s)
{
  const list *l = user;
  NAI__TRY(check_pairs(l, s));
  for (int64_t pair = 0; pair < l->n; pair++) NAI__TRY(mark(l, s, pair));
  keep_marked(s);
  return NAI_OK;
}

/* --- rows of a list ------------------------------------------------------------------------------ */

/* The numbers of the pairs, those of a row together, in their order. */
typedef struct rows {
  const list *list;
  int64_t *first; /* [n_post + 1] */
  int64_t *pair;  /* [n] */
} rows;

static int64_t rows_bytes(const void *user, int64_t n_post, int64_t n_pre)
{
  (void)n_pre;
  return (n_post + 2 + ((const list *)user)->n) * (int64_t)sizeof(int64_t) + (int64_t)sizeof(rows);
}

static void end_rows(void *own)
{
  rows *r = own;
  nai__free(r->first);
  nai__free(r->pair);
  nai__free(r);
}

/* Each row's end moves to where the next one begins. */
static void sort(rows *r, int64_t n_post)
{
  const list *l = r->list;
  for (int64_t pair = 0; pair < l->n; pair++) r->first[l->post[pair] + 2]++;
  for (int64_t i = 0; i < n_post; i++) r->first[i + 2] += r->first[i + 1];
  for (int64_t pair = 0; pair < l->n; pair++) r->pair[r->first[l->post[pair] + 1]++] = pair;
}

static nai_status begin_rows(void **own, void *user, const nai_synapses *all)
{
  NAI__TRY(check_pairs(user, all));
  rows *r = NAI__NEW(rows);
  if (!r) return NAI_ERR_MEMORY;
  r->list = user;
  r->first = NAI__ARRAY(int64_t, all->n_post + 2);
  r->pair = NAI__ARRAY(int64_t, r->list->n + 1);
  if (!r->first || !r->pair) {
    end_rows(r);
    return NAI_ERR_MEMORY;
  }
  sort(r, all->n_post);
  *own = r;
  return NAI_OK;
}

static nai_status wire_rows(void *own, nai_synapses *s)
{
  const rows *r = own;
  for (int64_t k = r->first[s->first_post]; k < r->first[s->first_post + s->n_post]; k++)
    NAI__TRY(mark(r->list, s, r->pair[k]));
  keep_marked(s);
  return NAI_OK;
}

/* --- creating ------------------------------------------------------------------------------------ */

static nai_status check_units(const int64_t *units, int64_t n, const char *end)
{
  for (int64_t k = 0; k < n; k++)
    if (units[k] < 0)
      return nai__fail(NAI_ERR_INVALID, "%s[%lld] is %lld, must be at least 0", end, (long long)k,
                       (long long)units[k]);
  return NAI_OK;
}

static nai_status check(const int64_t *pre, const int64_t *post, int64_t n)
{
  if (n < 0 || n > 100000000000000)
    return nai__fail(NAI_ERR_INVALID, "n is %lld, must be 0 to 100000000000000", (long long)n);
  if (n == 0) return NAI_OK;
  NAI__REQUIRE(pre);
  NAI__REQUIRE(post);
  NAI__TRY(check_units(pre, n, "pre"));
  return check_units(post, n, "post");
}

static nai_status make(list **out, const int64_t *pre, const int64_t *post, int64_t n)
{
  list *l = NAI__NEW(list);
  if (!l) return NAI_ERR_MEMORY;
  l->n = n;
  l->pre = NAI__ARRAY(int64_t, 2 * n);
  if (!l->pre) {
    destroy(l);
    return NAI_ERR_MEMORY;
  }
  l->post = l->pre + n;
  if (n > 0) {
    memcpy(l->pre, pre, (size_t)n * sizeof *pre);
    memcpy(l->post, post, (size_t)n * sizeof *post);
  }
  *out = l;
  return NAI_OK;
}

nai_status nai_constraint_create_list(nai_constraint **out, const int64_t *pre, const int64_t *post,
                                      int64_t n)
{
  NAI__REQUIRE(out);
  *out = NULL;
  list *l;
  NAI__TRY(check(pre, post, n));
  NAI__TRY(make(&l, pre, post, n));
  nai_constraint_ops ops = {sizeof ops, 0, "list", wire, NULL, destroy};
  NAI__TRY(nai_constraint_create(out, &ops, l));
  static const nai__wiring wiring = {
      .begin = begin_rows, .end = end_rows, .bytes = rows_bytes, .wire = wire_rows};
  (*out)->expected = nai__constraint_expected;
  (*out)->wiring = &wiring;
  (*out)->bytes = 2 * n * (int64_t)sizeof(int64_t);
  return NAI_OK;
}

int nai__constraint_listed(const nai_constraint *constraint, int64_t *n)
{
  if (constraint->ops.wire != wire) return 0;
  *n = ((const list *)constraint->user)->n;
  return 1;
}
