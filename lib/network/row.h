/*
 * The synapses onto one row of a projection, one after the other: the one place that has to do with
 * how they are stored, for all who look at them singly.
 */
#ifndef NAI_NETWORK_ROW_H
#define NAI_NETWORK_ROW_H

#include <string.h>

#include "network.h"

typedef struct nai__row {
  const uint8_t *exists; /* as theta */
  int64_t next, end;     /* places that are still to be looked at */
  int64_t first;         /* place of column 0 */
  int64_t pre, place;    /* the present synapse: its column, and where it stands in theta */
} nai__row;

static inline nai__row nai__row_of(const nai_network *net, const nai__projection *p, int64_t row)
{
  const int64_t first = nai__place_in(&p->at, row, 0);
  return (nai__row){net->exists, first, first + p->at.columns, first, -1, -1};
}

/* Goes to the next synapse, in ascending order of `pre`; 0 behind the last one. */
static inline int nai__row_next(nai__row *row)
{
  const uint8_t *from = row->exists + row->next;
  const uint8_t *at = row->next < row->end ? memchr(from, 1, (size_t)(row->end - row->next)) : NULL;
  if (!at) return 0;
  row->place = at - row->exists;
  row->pre = row->place - row->first;
  row->next = row->place + 1;
  return 1;
}

#endif
