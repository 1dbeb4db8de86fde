/* Who works on an object. */
#include "busy.h"

#include <assert.h>

#include "error.h"

/* A thread is its copy of this. */
static _Thread_local char self;

/* What leaving gives back: the object was free. */
#define FREE (-1)

nai_status nai__busy_enter(int *before, nai__busy *busy, enum nai__doing doing, const char *what)
{
  uintptr_t nobody = 0, me = (uintptr_t)&self;
  if (atomic_compare_exchange_strong_explicit(&busy->owner, &nobody, me, memory_order_acquire,
                                              memory_order_relaxed)) {
    *before = FREE;
    busy->lent = NAI__NOTHING;
    return NAI_OK;
  }
  if (nobody != me)
    return nai__fail(NAI_ERR_ORDER, "%s is at work in another thread: one at a time may use it",
                     what);
  if (busy->lent < (int)doing)
    return nai__fail(NAI_ERR_ORDER, "%s is at work: a callback of its own cannot %s it meanwhile",
                     what, doing == NAI__MOVING ? "train" : "use or change");
  *before = busy->lent;
  busy->lent = NAI__NOTHING;
  return NAI_OK;
}

void nai__busy_leave(nai__busy *busy, int before)
{
  assert(atomic_load_explicit(&busy->owner, memory_order_relaxed) == (uintptr_t)&self);
  if (before == FREE)
    atomic_store_explicit(&busy->owner, 0, memory_order_release);
  else
    busy->lent = before;
}

int nai__busy_is_taken(nai__busy *busy)
{
  return atomic_load_explicit(&busy->owner, memory_order_acquire) != 0;
}
