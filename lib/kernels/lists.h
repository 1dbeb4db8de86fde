/*
 * Which synapses of a matrix exist, and their weights, in the order in which list kernels want them:
 * for matrices of which most elements are absent. Trials are in the lanes of vectors, so a synapse is
 * one multiply-add for all of them, wherever its two ends are.
 *
 * For products, k senders are cut into blocks of NAI__LIST_PRE, which stay in the first-level cache, and
 * n receivers into blocks of NAI__LIST_POST, which meet them one after the other. Within two such blocks receivers are sorted by how many synapses they have there, and taken in slices of four: slot
 * s of a slice holds the s-th synapse of each, senders ascending. So the sum of a receiver is the same
 * chain over its senders as in the products of whole matrices, and has the same bits.
 *
 * For the weight gradient, senders are cut into blocks of NAI__LIST_NEAR, and the synapses of a
 * receiver from such a block are taken in groups of four.
 */
#ifndef NAI_KERNELS_LISTS_H
#define NAI_KERNELS_LISTS_H

#include "compressed.h"

#define NAI__LIST_PRE 128
#define NAI__LIST_POST 256
#define NAI__LIST_SLICES (NAI__LIST_POST / 4)
#define NAI__LIST_NEAR 64
/* Senders are numbered so far apart that a number times a power of two is a place in bytes. */
#define NAI__LIST_SCALE 16

typedef struct nai__lists {
  int64_t k, n; /* senders, receivers */
  int64_t synapses;
  /*
   * Lent, where no place is kept. rows [n + 1]: first weight of each receiver, whose weights are in order.
   * turned [k + 1]: the same of each sender, where these are in order. Both NULL: they are in a matrix.
   */
  const int64_t *rows, *turned;
  int64_t from_blocks, to_blocks; /* of NAI__LIST_PRE, NAI__LIST_POST */
  int64_t slots;
  int32_t *first;   /* [to_blocks][from_blocks][NAI__LIST_SLICES + 1]: slots */
  uint16_t *post;   /* [to_blocks][from_blocks][NAI__LIST_POST]: receivers in their block, sorted */
  uint16_t *pre;    /* [slots][4]: senders in their block, times SCALE; PRE times SCALE: none */
  int32_t *place;   /* [slots][4]: where the weight is, counted from w; -1: none. NULL: in order */
  float *weight;    /* [slots][4] */
  int64_t near;     /* blocks of NAI__LIST_NEAR senders; 0: no weight gradient is wanted */
  int64_t groups;   /* of four synapses onto a receiver */
  int32_t *start;   /* [near][n + 1]: groups */
  uint16_t *sender; /* [groups][4]: senders in their block; NAI__LIST_NEAR: none */
} nai__lists;

/*
 * Of these synapses; with `gradient`, lists for the weight gradient as well, of weights that stand where
 * the synapses say. NULL without memory. Weights are to be packed. `synapses` outlives lists of weights
 * in its own order.
 */
nai__lists *nai__lists_create(const nai__compressed *synapses, int gradient);
void nai__lists_destroy(nai__lists *lists);
/* Bytes of some, 0 of none; and what lists of so many synapses take at most. */
int64_t nai__lists_size(const nai__lists *lists);
int64_t nai__lists_bytes(int64_t k, int64_t n, int64_t synapses, int gradient);
/* And what those of so many random ones take, about, whose weights are in order. */
int64_t nai__lists_expected(int64_t k, int64_t n, int64_t synapses, int gradient);

/* Takes the weights from w, where they have their places. */
void nai__lists_pack(nai__lists *lists, const float *w);
/* Other weights for the same lists, in as many floats: their `weight`. */
int64_t nai__lists_weights(const nai__lists *lists);
void nai__lists_pack_into(float *weight, const nai__lists *lists, const float *w);

#endif
