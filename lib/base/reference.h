/* Counting references: attach keeps one, destroy gives one up, the last one out releases. */
#ifndef NAI_BASE_REFERENCE_H
#define NAI_BASE_REFERENCE_H

#include <assert.h>
#include <stdatomic.h>

typedef struct nai__reference {
  atomic_int count;
} nai__reference;

static inline void nai__reference_init(nai__reference *r)
{
  atomic_init(&r->count, 1);
}
static inline void nai__reference_keep(nai__reference *r)
{
  int before = atomic_fetch_add_explicit(&r->count, 1, memory_order_relaxed);
  assert(before >= 1); /* only who holds one may hand on another */
  (void)before;
}
/* 1 when nobody else holds one. */
static inline int nai__reference_only(const nai__reference *r)
{
  return atomic_load_explicit(&r->count, memory_order_acquire) == 1;
}
/* 1 when that was the last one. */
static inline int nai__reference_drop(nai__reference *r)
{
  int before = atomic_fetch_sub_explicit(&r->count, 1, memory_order_acq_rel);
  assert(before >= 1);
  return before == 1;
}

#endif
