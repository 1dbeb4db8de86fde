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

/* Row `row` of a block as it stands in theta: n synapses side by side. */
typedef struct nai__strip {
  int64_t at, n;
  const int32_t *sender; /* of a list; NULL: one from each of the block's senders */
} nai__strip;

static inline nai__strip nai__strip_of(const nai__block *b, int64_t row)
{
  if (!b->is_listed) return (nai__strip){nai__place_in(&b->at, row, 0), b->n_pre, NULL};
  const int64_t first = b->synapses->first[row], end = b->synapses->first[row + 1];
  return (nai__strip){b->at.start + first, end - first, b->synapses->sender + first};
}

/* The same of a projection. */
static inline nai__strip nai__strip_in(const nai_network *net, const nai__projection *p,
                                       int64_t row)
{
  if (p->is_listed) return nai__strip_of(&net->block[p->block], row);
  return (nai__strip){nai__place_in(&p->at, row, 0), p->n_pre, NULL};
}

/* What its synapses carry, [n], of what senders send; of a list, gathered in scratch. */
static inline const float *nai__strip_carried(const nai__strip *strip, const float *sent,
                                              float *scratch)
{
  if (!strip->sender) return sent;
  for (int64_t e = 0; e < strip->n; e++) scratch[e] = sent[strip->sender[e]];
  return scratch;
}

/* Floats of scratch that are enough for each row of a network. */
static inline int64_t nai__strip_scratch(const nai_network *net)
{
  return net->ld_units > net->ld_inputs ? net->ld_units : net->ld_inputs;
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
