/* Poisson counts. */
#ifndef NAI_KERNELS_COUNTS_H
#define NAI_KERNELS_COUNTS_H

#include "kernels.h"

enum { NAI__MOST_THRESHOLDS = 1280 };

/*
 * Whose counts are drawn: functions of (seed, purpose, trial, step, unit) and of the unit's mean, which is
 * `scale` times its rate. Thresholds of the last mean are kept: units of one rate should come together.
 */
typedef struct nai__counting {
  const nai__kernels *kernels;
  uint64_t seed;
  uint32_t purpose, step;
  float scale;
  float mean; /* of the guide; 0: of none */
  nai__guide guide;
  uint64_t threshold[NAI__MOST_THRESHOLDS];
} nai__counting;

static inline void nai__counting_start(nai__counting *c, const nai__kernels *kernels, uint64_t seed,
                                       uint32_t purpose, uint32_t step, float scale)
{
  c->kernels = kernels;
  c->seed = seed;
  c->purpose = purpose;
  c->step = step;
  c->scale = scale;
  c->mean = 0;
}

/*
 * out [n] = Poisson counts of units first .. first + n - 1 of a trial, with rates [n]. A count is found by
 * inverting the distribution at a number of 48 bits: half a word of nai__kernels.words, half i % 2 of word i / 2
 * for unit i, and where that does not say it the first word of counter {2^31 + unit, ...} behind it. So it
 * never is in a tail of less than 2^-48; above a mean of 4096 it is the nearest whole number to a normal of
 * that mean and variance. 0 where the rate is not above 0; NaN stays NaN.
 */
void nai__counts(nai__counting *c, float *out, int64_t n, int64_t first, uint64_t trial,
                 const float *rate);

#endif
