/*
 * Synapses by sender: to whom each of them sends. Where few senders are active, as among neurons that
 * spike, only their synapses are gone through: products cost as much as there are events.
 *
 * Receivers are cut into slices, which stay in the first-level cache and are
 * numbered by sixteen bits. The sum of a receiver is one chain over its active senders, ascending, as in
 * all other products; of synapses that share one weight it is that weight times the number of spikes.
 * Where such synapses are not few, a sender also has a row of bits, one for each receiver: those of active
 * senders are counted in fewer operations than there are synapses.
 */
#ifndef NAI_KERNELS_FANS_H
#define NAI_KERNELS_FANS_H

#include "compressed.h"

typedef struct nai__kernels nai__kernels;

#define NAI__FAN_SLICE 4096
#define NAI__MOST_FAN_SLICE 16384

/*
 * How large the slices of so many receivers are, a multiple of 512: a quarter of them, so that threads can share
 * them out, up to what the first-level cache counts spikes of; of few receivers one. Small ones are more often
 * met: each sender's synapses onto a slice stand elsewhere in memory.
 */
static inline int64_t nai__fan_slice(int64_t n)
{
  const int64_t quarter = (n + 2047) / 2048 * 512, all = n > 512 ? (n + 511) / 512 * 512 : 512,
                least = all < NAI__FAN_SLICE ? all : NAI__FAN_SLICE;
  return quarter < least ? least : quarter > NAI__MOST_FAN_SLICE ? NAI__MOST_FAN_SLICE : quarter;
}

/* How many there are. */
static inline int64_t nai__fan_slices(int64_t n)
{
  const int64_t slice = nai__fan_slice(n);
  return (n + slice - 1) / slice;
}

typedef struct nai__fans {
  int64_t k, n;  /* senders, receivers */
  int64_t slice; /* receivers of one */
  int64_t slices;
  int64_t most;       /* synapses from one sender to the same receiver, at least 1 */
  uint32_t *first;    /* [k][slices] and the end: of each sender's synapses onto the slice */
  uint16_t *receiver; /* [synapses]: in their slice, ascending */
  float *weight;      /* [synapses], in this order; NULL: all have `one` */
  float one;
  uint64_t *bits; /* [k][slices] of `slice` bits; NULL: no rows of bits */
} nai__fans;

/* Of these synapses, all of one weight or not. NULL without memory. Weights are to be packed. */
nai__fans *nai__fans_create(const nai__compressed *synapses, int has_one_weight);
void nai__fans_destroy(nai__fans *fans);
/* Gives each synapse a weight of its own, to be packed; 0 without memory. */
int nai__fans_part(nai__fans *fans);
/* Bytes of some, 0 of none; and of so many synapses. */
int64_t nai__fans_size(const nai__fans *fans);
int64_t nai__fans_bytes(int64_t k, int64_t n, int64_t synapses, int has_one_weight);
/* 1 where so many get rows of bits. */
int nai__fans_want_bits(int64_t k, int64_t n, int64_t synapses, int has_one_weight);

/* Takes the weights from w, which are in the order of `synapses`. */
void nai__fans_pack(nai__fans *fans, const nai__compressed *synapses, const float *w);
/* Other weights for the same synapses, [synapses] of them. */
void nai__fans_pack_into(float *weight, const nai__fans *fans, const nai__compressed *synapses,
                         const float *w);

/* Where each synapse stands in the fans, [synapses], by its number; the caller frees it. NULL without memory. */
int32_t *nai__fans_places(const nai__fans *fans, const nai__compressed *synapses);

/*
 * c [n] += W a of one trial in slices first .. end - 1, where these n senders are the active ones. What
 * is sent is mostly 0, and 1 for a spike.
 */
void nai__fans_add(const nai__kernels *kernels, float *c, const float *a, const nai__fans *fans,
                   int64_t first, int64_t end, const int32_t *sender, int64_t n);
/*
 * Asks the memory for what nai__fans_add() is going to read of a slice, where that is rows of bits: some work
 * before it.
 */
void nai__fans_ask(const nai__fans *fans, int64_t slice, const int32_t *sender, int64_t n);
/* c [n] = or += W a, the same. */
void nai__fans_product(const nai__kernels *kernels, float *c, const float *a, const nai__fans *fans,
                       int accumulate);
/* c [k] = or += W^T a, of these weights or, NULL, of those that are packed. */
void nai__fans_product_back(float *c, const float *a, const nai__fans *fans, const float *weight,
                            int accumulate);

#endif
