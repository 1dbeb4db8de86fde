/*
 * Who fired, of a network of which one trial runs: the senders of each step that is kept, found once however
 * many projections carry their spikes. A row of rates that is opened to be written is looked at again.
 */
#ifndef NAI_NETWORK_EVENTS_H
#define NAI_NETWORK_EVENTS_H

#include "activity.h"

enum { NAI__UNKNOWN = -1 };

struct nai__events {
  int64_t slots, units, nodes;
  int32_t *sender; /* [slots][units]: of each node from its first column on */
  int64_t *count;  /* [slots][nodes]; NAI__UNKNOWN: not looked at */
};

/* Of as many steps as the activity keeps; NULL where no synapses go by sender. */
nai_status nai__events_create(nai__events **out, const nai__activity *a);
void nai__events_destroy(nai__events *events);

/*
 * The units, counted in their population, that sent anything in the first of its signals at time t, which is
 * kept: how many.
 */
int64_t nai__events_of(const int32_t **out, const nai__activity *a, const nai__node *node,
                       int64_t t);

/* What was found of this slot, or of all, holds no longer. Nullable: events. */
static inline void nai__events_forget(nai__events *events, int64_t slot)
{
  for (int64_t i = 0; events && i < events->nodes; i++)
    events->count[slot * events->nodes + i] = NAI__UNKNOWN;
}
void nai__events_forget_all(nai__events *events);

#endif
