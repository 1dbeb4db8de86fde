/* Philox4x32-10 (Salmon et al. 2011): four words that are a function of a key and a counter. */
#ifndef NAI_BASE_PHILOX_H
#define NAI_BASE_PHILOX_H

#include <stdint.h>

/*
 * What random numbers are for; part of the counter, so that purposes never share numbers. Values
 * are for ever.
 */
enum nai__purpose {
  NAI__FOR_USER = 0,
  NAI__FOR_NOISE = 1,
  NAI__FOR_INPUT_NOISE = 2,
  NAI__FOR_WEIGHTS = 3,
  NAI__FOR_SYNAPSES = 4,
  NAI__FOR_POSITIONS = 5,
  NAI__FOR_TASK = 6,
  NAI__FOR_FEEDBACK = 7,
  NAI__FOR_PERTURBATION = 8, /* of units */
  NAI__FOR_OUTPUT_PERTURBATION = 9,
  NAI__FOR_INTERVENTION = 10, /* which units */
  NAI__FOR_OUTPUT_NOISE = 11, /* of units, after the leak */
  NAI__FOR_DELAYS = 12,
  NAI__FOR_COUNTS = 13,       /* of background spikes */
  NAI__FOR_OTHER_COUNTS = 14, /* of a second background */
  NAI__FOR_AREAS = 32
};

void nai__philox(uint32_t out[4], const uint32_t counter[4], uint64_t key);

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

/* Another seed, for stream `label` of this one. */
uint64_t nai__seed_derive(uint64_t seed, uint32_t purpose, uint64_t label);

#endif
