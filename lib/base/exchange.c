/* The handle of an exchange, and sums over ranks made of swaps between two. */
#include "exchange.h"

#include <assert.h>

#include "error.h"
#include "memory.h"
#include "reference.h"
#include "structs.h"

/* Numbers that are added up at once: 2^30 bytes. */
#define MOST_FLOATS ((int64_t)1 << 28)

struct nai_exchange {
  nai__reference reference;
  nai_exchange_ops ops;
  void *user;
  int64_t *first, *bytes; /* [ranks] of what is gathered */
  int broken;
};

/* --- life ------------------------------------------------------------------------------------- */

static nai_status check_ops(const nai_exchange_ops *ops)
{
  if (ops->flags)
    return nai__fail(NAI_ERR_INVALID, "flags of the exchange is %u, must be 0",
                     (unsigned)ops->flags);
  if (ops->ranks < 1 || ops->ranks > NAI__MOST_RANKS)
    return nai__fail(NAI_ERR_INVALID, "ranks of the exchange is %lld, must be 1 to %d",
                     (long long)ops->ranks, NAI__MOST_RANKS);
  if (ops->rank < 0 || ops->rank >= ops->ranks)
    return nai__fail(NAI_ERR_INVALID, "rank of the exchange is %lld, must be 0 to %d",
                     (long long)ops->rank, (int)ops->ranks - 1);
  if (!ops->swap) return nai__fail(NAI_ERR_INVALID, "swap of the exchange is NULL");
  if (!ops->gather) return nai__fail(NAI_ERR_INVALID, "gather of the exchange is NULL");
  return NAI_OK;
}

static nai_status create(nai_exchange **out, const nai_exchange_ops *ops, void *user)
{
  NAI__REQUIRE(out);
  NAI__TRY(check_ops(ops));
  nai_exchange *e = NAI__NEW(nai_exchange);
  if (!e) return NAI_ERR_MEMORY;
  nai__reference_init(&e->reference);
  e->first = NAI__ARRAY(int64_t, ops->ranks);
  e->bytes = NAI__ARRAY(int64_t, ops->ranks);
  if (!e->first || !e->bytes) {
    nai_exchange_destroy(e); /* its table is still empty: `user` is released by the caller */
    return NAI_ERR_MEMORY;
  }
  e->ops = *ops;
  e->user = user;
  *out = e;
  return NAI_OK;
}

nai_status nai_exchange_create(nai_exchange **out, const nai_exchange_ops *ops, void *user)
{
  if (out) *out = NULL;
  nai_exchange_ops table;
  NAI__TRY(nai__struct_take(&table, sizeof table, ops, NAI__FIRST_SIZE(nai_exchange_ops, destroy),
                            "ops"));
  nai_status status = create(out, &table, user);
  if (status != NAI_OK && table.destroy) table.destroy(user);
  return status;
}

void nai__exchange_keep(nai_exchange *exchange)
{
  nai__reference_keep(&exchange->reference);
}

void nai_exchange_destroy(nai_exchange *exchange)
{
  if (!exchange || !nai__reference_drop(&exchange->reference)) return;
  if (exchange->ops.destroy) exchange->ops.destroy(exchange->user);
  nai__free(exchange->first);
  nai__free(exchange->bytes);
  nai__free(exchange);
}

int32_t nai__exchange_rank(const nai_exchange *exchange)
{
  return exchange ? (int32_t)exchange->ops.rank : 0;
}

int32_t nai__exchange_ranks(const nai_exchange *exchange)
{
  return exchange ? (int32_t)exchange->ops.ranks : 1;
}

int nai__exchange_broken(const nai_exchange *exchange)
{
  return exchange && exchange->broken;
}

/* --- calls ------------------------------------------------------------------------------------ */

static nai_status begin(const nai_exchange *e)
{
  if (e->broken)
    return nai__fail(NAI_ERR_ORDER,
                     "the exchange has failed before, and messages may be under way: make another "
                     "one, and restore a checkpoint on all ranks");
  nai__clear_error();
  return NAI_OK;
}

static nai_status end(nai_exchange *e, nai_status status, const char *which)
{
  if (status == NAI_OK) return NAI_OK;
  e->broken = 1;
  return nai__fail_callback(status, which, "of the exchange");
}

static nai_status swap(nai_exchange *e, int64_t partner, const float *give, int64_t n_give,
                       float *take, int64_t n_take)
{
  const int64_t size = sizeof(float);
  NAI__TRY(begin(e));
  return end(e, e->ops.swap(e->user, partner, give, n_give * size, take, n_take * size), "swap");
}

static nai_status gather(nai_exchange *e, void *all)
{
  NAI__TRY(begin(e));
  return end(e, e->ops.gather(e->user, e->first, e->bytes, all), "gather");
}

nai_status nai__exchange_rows(nai_exchange *exchange, void *all, int64_t bytes)
{
  for (int32_t k = 0; k < exchange->ops.ranks; k++) {
    exchange->first[k] = k * bytes;
    exchange->bytes[k] = bytes;
  }
  return gather(exchange, all);
}

nai_status nai__exchange_pieces(nai_exchange *exchange, void *all, const int64_t *bytes)
{
  int64_t before = 0;
  for (int32_t k = 0; k < exchange->ops.ranks; k++) {
    exchange->first[k] = before;
    exchange->bytes[k] = bytes[k];
    before += bytes[k];
  }
  return gather(exchange, all);
}

/* --- sums ------------------------------------------------------------------------------------- */

typedef struct part {
  int64_t first, end;
} part;

/* One half of a part: the first, or the other. */
static part half(part p, int64_t other)
{
  int64_t middle = p.first + (p.end - p.first) / 2;
  return other ? (part){middle, p.end} : (part){p.first, middle};
}

/* What a rank has the sum of when all swaps are made: for each of them half of what it had. */
static part part_of(int64_t n, int64_t rank, int64_t ranks)
{
  part p = {0, n};
  for (int32_t bit = 1; bit < ranks; bit *= 2) p = half(p, rank & bit);
  return p;
}

/*
 * With the neighbour, then with the next but one, and so on: each gives away one half of what it has, and
 * adds the other's numbers to the half that it keeps.
 */
static nai_status add_up(nai_exchange *e, float *x, int64_t n, float *scratch)
{
  part p = {0, n};
  for (int32_t bit = 1; bit < e->ops.ranks; bit *= 2) {
    part keep = half(p, e->ops.rank & bit), give = half(p, !(e->ops.rank & bit));
    int64_t kept = keep.end - keep.first;
    if (p.end > p.first)
      NAI__TRY(swap(e, e->ops.rank ^ bit, x + give.first, give.end - give.first, scratch, kept));
    for (int64_t i = 0; i < kept; i++) x[keep.first + i] += scratch[i];
    p = keep;
  }
  return NAI_OK;
}

static nai_status hand_on(nai_exchange *e, float *x, int64_t n)
{
  for (int32_t k = 0; k < e->ops.ranks; k++) {
    part p = part_of(n, k, e->ops.ranks);
    e->first[k] = p.first * (int64_t)sizeof *x;
    e->bytes[k] = (p.end - p.first) * (int64_t)sizeof *x;
  }
  return gather(e, x);
}

int64_t nai__exchange_scratch(const nai_exchange *exchange, int64_t n)
{
  int64_t most = n < MOST_FLOATS ? n : MOST_FLOATS;
  return nai__exchange_ranks(exchange) > 1 ? (most + 1) / 2 : 0;
}

nai_status nai__exchange_sum(nai_exchange *exchange, float *x, int64_t n, float *scratch)
{
  assert(!(exchange->ops.ranks & (exchange->ops.ranks - 1)));
  for (int64_t first = 0, count; first < n; first += count) {
    count = n - first < MOST_FLOATS ? n - first : MOST_FLOATS;
    NAI__TRY(add_up(exchange, x + first, count, scratch));
    NAI__TRY(hand_on(exchange, x + first, count));
  }
  return NAI_OK;
}
