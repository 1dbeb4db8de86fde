/*
 * Who fired, of a network of which one trial runs: the senders of each step that is kept, found once however
 * many projections carry their spikes. A row of rates that is opened to be written is looked at again.
 */
#ifndef NAI_RUNNING_EVENTS_H
#define NAI_RUNNING_EVENTS_H

#include "activity.h"

enum { NAI__UNKNOWN = -1 };

struct nai__events {
  int64_t slots, units, nodes;
  int32_t *sender; /* [slots][units]: of each node from its first column on */
  int64_t *count;  /* [slots][nodes]; NAI__UNKNOWN: not looked at */
  int64_t known;   /* until this time all is known that ways carry, of what is kept */
};

/* Of as many steps as the activity keeps; NULL where no synapses go by sender, of a network that is not shared. */
nai_status nai__events_create(nai__events **out, const nai__activity *a);
void nai__events_destroy(nai__events *events);
/* What they take of memory, where there are any. */
int64_t nai__events_bytes(const nai_network *net, int64_t slots);

/*
 * The units, counted in their population, that sent anything in the first of its signals at time t, which is
 * kept: how many.
 */
int64_t nai__events_of(const int32_t **out, const nai__activity *a, const nai__node *node,
                       int64_t t);

/*
 * The same where it is told, not found: the list of a population at time t, with room for all of its units, and how
 * many are in it, which whoever fills it counts.
 */
static inline int32_t *nai__events_list(const nai__activity *a, const nai__node *node, int64_t t)
{
  return a->events->sender + nai__rate_slot_number(a, t) * a->events->units + node->offset;
}
static inline int64_t *nai__events_count(const nai__activity *a, const nai__node *node, int64_t t)
{
  return &a->events->count[nai__rate_slot_number(a, t) * a->events->nodes + (node - a->net->node)];
}

/* Finds all of times first .. last that ways carry, where it is not known. */
void nai__events_find(const nai__activity *a, int64_t first, int64_t last);

/* What was found of a time, which has this slot, or of all, holds no longer. */
static inline void nai__events_forget(nai__events *events, int64_t slot, int64_t t)
{
  for (int64_t i = 0; i < events->nodes; i++)
    events->count[slot * events->nodes + i] = NAI__UNKNOWN;
  if (t <= events->known) events->known = t - 1;
}
/* Nullable. */
void nai__events_forget_all(nai__events *events);

#endif
