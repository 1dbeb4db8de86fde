/*
 * The synapses that exist once more, for products of one trial: receivers are in the lanes of vectors, 16
 * of them a slice, those with the most synapses first. A slot holds at most one synapse of each, its
 * next one, senders ascending; so the sum of a receiver is the same chain as in all other products.
 *
 * Senders of a slot lie in a window of NAI__ROW_WINDOW, whose rates are looked up in registers; it stands where
 * the receiver that is most behind goes on, and those that are ahead of it wait. Where a window would hold
 * too few synapses they are listed by sender instead.
 */
#ifndef NAI_KERNELS_ROW_LISTS_H
#define NAI_KERNELS_ROW_LISTS_H

#include "columns.h"

#define NAI__ROW_SLICE 16
#define NAI__ROW_WINDOW 64

typedef struct nai__row_lists {
  int64_t k, n; /* senders, receivers */
  int64_t slices, slots;
  int64_t *first;  /* [slices + 1]: slots */
  int32_t *post;   /* [slices][16]: receivers; -1: none */
  uint16_t *here;  /* [slots]: bit i: the slot has a synapse of lane i */
  int32_t *start;  /* [slots]: first sender of the window */
  uint8_t *sender; /* [slots][16]: in their window */
  const int64_t
      *rows;      /* [n + 1], lent: first weight of each receiver, whose weights are in order; */
  int32_t *place; /* NULL: [slots][16], where the weight is, counted from w; -1: none */
  float *weight;  /* [slots][16] */
  nai__columns *columns; /* NULL; else there is nothing but these */
} nai__row_lists;

/*
 * Of these synapses; weights are to be packed. *out is NULL where one trial is multiplied faster by
 * the whole matrix, or in another way: by size, density and where synapses are. Returns 0 without memory.
 * `synapses` outlives rows of weights in its own order.
 */
int nai__row_lists_create(nai__row_lists **out, const nai__compressed *synapses);
void nai__row_lists_destroy(nai__row_lists *rows);
/* Bytes of some, 0 of none; and what those of up to so many synapses take at most. */
int64_t nai__row_lists_size(const nai__row_lists *rows);
int64_t nai__row_lists_bytes(int64_t k, int64_t n, int64_t synapses);
/* And what those of so many random ones take, about, whose weights are in order. */
int64_t nai__row_lists_expected(int64_t k, int64_t n, int64_t synapses, int places);

/* Takes the weights from w, where they have their places. */
void nai__row_lists_pack(nai__row_lists *rows, const float *w);

#endif
