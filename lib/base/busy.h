/*
 * Who works on an object: one thread at a time, and within it one call at a time, but for what its
 * own callbacks may do meanwhile.
 */
#ifndef NAI_BASE_BUSY_H
#define NAI_BASE_BUSY_H

#include <stdatomic.h>
#include <stdint.h>

#include <neuroai/status.h>

/* What a call does to the object; a callback is lent all up to one of these. */
enum nai__doing {
  NAI__NOTHING,
  NAI__SETTING, /* sets a number, or saves */
  NAI__LOOKING, /* leaves weights as they are after all, or puts all of it in another place */
  NAI__MOVING   /* moves weights */
};

typedef struct nai__busy {
  atomic_uintptr_t owner; /* a thread; 0: free */
  int lent;               /* what a callback of the owner may do at this moment */
} nai__busy;

/*
 * NAI_ERR_ORDER when another thread, or a call of this one that has not lent so much, is at work on
 * it. `before` is for nai__busy_leave(). `what`: "the trainer".
 */
nai_status nai__busy_enter(int *before, nai__busy *busy, enum nai__doing doing, const char *what);
void nai__busy_leave(nai__busy *busy, int before);
/* 1 when somebody works on it. */
int nai__busy_is_taken(nai__busy *busy);

#endif
