/*
 * The synapses that exist by sender, for products of one trial where few of them do: to whom each sends.
 * Senders of 0 are left out, and the sum of a receiver is the same chain over the others, ascending, as in all
 * other products.
 *
 * Receivers are cut into slices of NAI__COLUMN_SLICE, which are numbered by sixteen bits and stay in the
 * second-level cache.
 */
#ifndef NAI_KERNELS_COLUMNS_H
#define NAI_KERNELS_COLUMNS_H

#include "compressed.h"

#define NAI__COLUMN_SLICE 65536

typedef struct nai__columns {
  int64_t k, n; /* senders, receivers */
  int64_t slices;
  int64_t *first;     /* [slices][k] and the end: of each sender's synapses onto the slice */
  uint16_t *receiver; /* [synapses]: in their slice, ascending */
  int32_t *place;     /* [synapses], where the weight is, counted from w; NULL: in the order of */
  const nai__compressed *synapses; /* these, lent */
  int64_t *next;                   /* [slices][k]: scratch of packing in that order */
  float *weight;                   /* [synapses] */
} nai__columns;

/* Weights are to be packed; NULL without memory. Of those in order `synapses` outlives them. */
nai__columns *nai__columns_create(const nai__compressed *synapses);
void nai__columns_destroy(nai__columns *columns);
/* Bytes of so many synapses, whose weights have places or are in order. */
int64_t nai__columns_bytes(int64_t k, int64_t n, int64_t synapses, int places);

/* Takes the weights from w, where they have their places. */
void nai__columns_pack(nai__columns *columns, const float *w);

#endif
