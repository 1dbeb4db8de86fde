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
  int64_t first;         /* place of column 0, or of the first synapse of a list */
  const int32_t *sender; /* of the synapses of a list, from its first; NULL: a matrix */
  int64_t pre, place;    /* the present synapse: its column, and where it stands in theta */
} nai__row;

static inline nai__row nai__row_of(const nai_network *net, const nai__projection *p, int64_t row)
{
  const nai__compressed *list = net->block[p->block].synapses;
  if (p->is_listed)
    return (nai__row){.exists = net->exists,
                      .next = p->at.start + list->first[row],
                      .end = p->at.start + list->first[row + 1],
                      .first = p->at.start,
                      .sender = list->sender};
  const int64_t first = nai__place_in(&p->at, row, 0);
  return (nai__row){.exists = net->exists, .next = first, .end = first + p->n_pre, .first = first};
}

/* Goes to the next synapse, in ascending order of `pre`; 0 behind the last one. */
static inline int nai__row_next(nai__row *row)
{
  const uint8_t *from = row->exists + row->next;
  const uint8_t *at = row->next < row->end ? memchr(from, 1, (size_t)(row->end - row->next)) : NULL;
  if (!at) return 0;
  row->place = at - row->exists;
  row->pre = row->place - row->first;
  if (row->sender) row->pre = row->sender[row->pre];
  row->next = row->place + 1;
  return 1;
}

/* The ends of number k of a projection's rectangle of theta, which its synapses are in. */
static inline void nai__ends_of_place(const nai_network *net, const nai__projection *p, int64_t k,
                                      int64_t *post, int64_t *pre)
{
  const nai__compressed *list = net->block[p->block].synapses;
  *post = k / p->at.columns;
  *pre = k % p->at.columns;
  if (!p->is_listed) return;
  *pre = list->sender[k];
  for (*post = 0; list->first[*post + 1] <= k;) ++*post;
}

/* Where the synapse stands in theta; -1 where there is none. */
static inline int64_t nai__place_of(const nai_network *net, const nai__projection *p, int64_t post,
                                    int64_t pre)
{
  int64_t place = p->is_listed ? nai__compressed_find(net->block[p->block].synapses, post, pre)
                               : nai__place_in(&p->at, post, pre);
  if (p->is_listed && place >= 0) place += p->at.start;
  return place >= 0 && net->exists[place] ? place : -1;
}

/* 0 where there is no synapse. */
static inline float nai__weight_of(const nai_network *net, const nai__projection *p, int64_t post,
                                   int64_t pre)
{
  const int64_t place = nai__place_of(net, p, post, pre);
  return place < 0 ? 0 : net->theta[place];
}

#endif
