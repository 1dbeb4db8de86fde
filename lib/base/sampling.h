/* How many: numbers of things of a kind in a sample, and which. */
#ifndef NAI_BASE_SAMPLING_H
#define NAI_BASE_SAMPLING_H

#include "random.h"

/* 0 .. n-1, from a word as a rule; 1 <= n <= 2^32 - 1. */
uint32_t nai__stream_index(nai__stream *random, uint32_t n);

/*
 * Of `all` things `marked` are marked, and `drawn` are drawn, none twice: how many of them are marked.
 * None of these is above 2^52, the first two not above the third.
 */
int64_t nai__stream_hypergeometric(nai__stream *random, int64_t drawn, int64_t marked, int64_t all);
/* Of n trials, each of which succeeds with probability part / whole: how many do. None is above 2^52. */
int64_t nai__stream_binomial(nai__stream *random, int64_t n, int64_t part, int64_t whole);

#endif
