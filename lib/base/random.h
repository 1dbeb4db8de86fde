/* Streams of random numbers, read one after the other: what is drawn once. */
#ifndef NAI_BASE_RANDOM_H
#define NAI_BASE_RANDOM_H

#include "philox.h"

/* A sequential reader of one stream: (seed, purpose, a, b); b < 2^24. */
typedef struct nai__stream {
  uint64_t key;
  uint32_t counter[4];
  uint32_t word[4];
  int used;
} nai__stream;

nai__stream nai__stream_open(uint64_t seed, uint32_t purpose, uint64_t a, uint32_t b);
uint32_t nai__stream_word(nai__stream *random);
/* Two words, as 64 bits. */
static inline uint64_t nai__stream_long(nai__stream *random)
{
  const uint64_t high = nai__stream_word(random);
  return high << 32 | nai__stream_word(random);
}
double nai__stream_uniform(nai__stream *random);             /* [0, 1), 53 bits */
double nai__stream_normal(nai__stream *random);              /* standard normal */
double nai__stream_gamma(nai__stream *random, double shape); /* scale 1 (Marsaglia & Tsang 2000) */
int64_t nai__stream_below(nai__stream *random, int64_t n);   /* 0 .. n-1 */

/* ln(a / b) of positive numbers, to the last digits where they are alike. */
double nai__log_ratio(double a, double b);

#endif
