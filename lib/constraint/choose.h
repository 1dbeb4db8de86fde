/* Some of the synapses that may exist, all sets of so many being equally likely. */
#ifndef NAI_CONSTRAINT_CHOOSE_H
#define NAI_CONSTRAINT_CHOOSE_H

#include "../base/sampling.h"
#include "../network/constraint.h"

/* Numbers for those of a row, or of a column. */
nai__stream nai__synapses_stream(uint64_t seed, int64_t row);
/* How many of these flags, each of which is 0 or 1, are 1. */
int64_t nai__may_exist(const uint8_t *exists, int64_t n);
/* `wanted` of the `may` that are 1 stay 1, the others become 0; wanted <= may. */
void nai__choose_synapses(uint8_t *exists, int64_t n, int64_t may, int64_t wanted,
                          nai__stream *random);
/*
 * `wanted` times one of the `may` that are 1 is drawn, again and again: those that were stay 1, the others
 * become 0. more: [n], of those that stay 1, how often after the first time. 0 where that is above
 * NAI__MOST_REPEATS. 0 < may
 */
int nai__draw_multapses(uint8_t *exists, uint8_t *more, int64_t n, int64_t may, int64_t wanted,
                        nai__stream *random);

#endif
