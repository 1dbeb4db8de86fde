/*
 * Which elements of a matrix exist, row by row (compressed rows, as sparse matrices have them): what
 * lists are made from, without a matrix of flags where there is none.
 */
#ifndef NAI_KERNELS_COMPRESSED_H
#define NAI_KERNELS_COMPRESSED_H

#include <stdint.h>

typedef struct nai__compressed {
  int64_t n, k;          /* receivers, senders */
  int64_t *first;        /* [n + 1]: of each receiver's synapses */
  int32_t *sender;       /* [first[n]]: ascending within a receiver */
  int32_t *place;        /* [first[n]]: where the weight is; NULL: in this order, */
  const int64_t *turned; /* or, lent, [k + 1]: in that of the rows that were turned, as `first` */
} nai__compressed;

/* Of those that are not turned. */
static inline int32_t nai__compressed_place(const nai__compressed *c, int64_t e)
{
  return c->place ? c->place[e] : (int32_t)e;
}

/* Of `exists` [n][ld], whose places are those of weights; 0 without memory. */
int nai__compress(nai__compressed *out, const uint8_t *exists, int64_t ld, int64_t n, int64_t k);
/* The number of the synapse from one to the other; -1. */
int64_t nai__compressed_find(const nai__compressed *c, int64_t receiver, int64_t sender);
/* The same synapses with receivers for senders; of those in order `c` has to outlive them. */
int nai__compress_turned(nai__compressed *out, const nai__compressed *c);
/*
 * Of so many receivers and senders, with nothing in it; and the same again in memory of its own. NULL
 * without memory.
 */
nai__compressed *nai__compressed_create(int64_t n, int64_t k);
nai__compressed *nai__compressed_copy(const nai__compressed *c);
void nai__compressed_destroy(nai__compressed *c);
void nai__compressed_release(nai__compressed *c);
int64_t nai__compressed_bytes(int64_t n, int64_t synapses, int places);

#endif
