/*
 * The synapses onto one row of a projection, one after the other: the one place that has to do with
 * how they are stored, for all who look at them singly.
 */
#ifndef NAI_NETWORK_ROW_H
#define NAI_NETWORK_ROW_H

#include <string.h>

#include "network.h"

/* Where delays differ, synapses of the shortest delay come first. */
typedef struct nai__row {
  const uint8_t *exists;  /* as theta */
  int64_t next, end;      /* places that are still to be looked at */
  int64_t first;          /* place of column 0, or of the first synapse of a list */
  const int32_t *sender;  /* of the synapses of a list, from its first; NULL: a matrix */
  int64_t pre, place;     /* the present synapse: its column, and where it stands in theta */
  const nai__block *part; /* of a list: the block that it is in, */
  int64_t parts, number;  /* of so many that are left; which row */
} nai__row;

static inline void nai__row_open(nai__row *row, const nai__block *part)
{
  const nai__compressed *list = part->synapses;
  row->part = part;
  row->first = part->at.start;
  row->next = row->first + list->first[row->number];
  row->end = row->first + list->first[row->number + 1];
  row->sender = list->sender;
}

/* Of one delay alone. */
static inline nai__row nai__row_in(const nai_network *net, const nai__projection *p, int64_t part,
                                   int64_t row)
{
  nai__row out = {.exists = net->exists, .number = row};
  if (p->is_listed) {
    nai__row_open(&out, &net->block[p->block + part]);
    return out;
  }
  out.next = out.first = nai__place_in(&p->at, row, 0);
  out.end = out.first + p->n_pre;
  return out;
}

static inline nai__row nai__row_of(const nai_network *net, const nai__projection *p, int64_t row)
{
  nai__row out = nai__row_in(net, p, 0, row);
  out.parts = p->n_parts - 1;
  return out;
}

/* Goes to the next synapse, of one delay in ascending order of `pre`; 0 behind the last one. */
static inline int nai__row_next(nai__row *row)
{
  for (;;) {
    const uint8_t *from = row->exists + row->next;
    const uint8_t *at =
        row->next < row->end ? memchr(from, 1, (size_t)(row->end - row->next)) : NULL;
    if (at) {
      row->place = at - row->exists;
      row->pre = row->place - row->first;
      if (row->sender) row->pre = row->sender[row->pre];
      row->next = row->place + 1;
      return 1;
    }
    if (row->parts == 0) return 0;
    row->parts--;
    nai__row_open(row, row->part + 1);
  }
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

/* The same of a projection, of one delay. */
static inline nai__strip nai__strip_in(const nai_network *net, const nai__projection *p,
                                       int64_t part, int64_t row)
{
  if (p->is_listed) return nai__strip_of(&net->block[p->block + part], row);
  return (nai__strip){nai__place_in(&p->at, row, 0), p->n_pre, NULL};
}

/* The first synapse of a list that comes from column `pre` or one behind it. */
static inline int64_t nai__strip_from(const nai__strip *strip, int64_t pre)
{
  int64_t from = 0, end = strip->n;
  while (from < end) {
    const int64_t middle = from + (end - from) / 2;
    if (strip->sender[middle] < pre)
      from = middle + 1;
    else
      end = middle;
  }
  return from;
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

/* Where the pair has its place in this block of the projection, be there a synapse or not; -1: none. */
static inline int64_t nai__pair_within(const nai__projection *p, const nai__block *b, int64_t post,
                                       int64_t pre)
{
  if (!p->is_listed) return nai__place_in(&p->at, post, pre);
  const int64_t place = nai__compressed_find(b->synapses, post, pre);
  return place < 0 ? -1 : b->at.start + place;
}

/* Where the synapse stands in theta, of those that are in this block of the projection; -1: none. */
static inline int64_t nai__place_within(const nai_network *net, const nai__projection *p,
                                        const nai__block *b, int64_t post, int64_t pre)
{
  const int64_t place = nai__pair_within(p, b, post, pre);
  return place >= 0 && net->exists[place] ? place : -1;
}

/* In any of them. */
static inline int64_t nai__place_of(const nai_network *net, const nai__projection *p, int64_t post,
                                    int64_t pre)
{
  const nai__block *first = &net->block[p->block];
  for (const nai__block *b = first; b < first + p->n_parts; b++) {
    const int64_t place = nai__place_within(net, p, b, post, pre);
    if (place >= 0) return place;
  }
  return -1;
}

/* 0 where there is no synapse. */
static inline float nai__weight_in(const nai_network *net, const nai__projection *p,
                                   const nai__block *b, int64_t post, int64_t pre)
{
  const int64_t place = nai__place_within(net, p, b, post, pre);
  return place < 0 ? 0 : net->theta[place];
}

#endif
