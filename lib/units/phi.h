/* Transfer functions for models that have one: r = gain f(x), and its slope, a row of a trial at a time. */
#ifndef NAI_UNITS_PHI_H
#define NAI_UNITS_PHI_H

#include <string.h>

#include "model.h"

static inline void nai__phi(const nai__unit_batch *b, float *r, const float *x)
{
  b->kernels->transfer(&b->units, r, x);
}

/* gain f'(x) from r = gain f(x): what a step back makes of 1 where no leak takes its share. */
static inline void nai__phi_slope(const nai__unit_batch *b, float *slope, const float *r)
{
  nai__units units = b->units;
  float one[64], carry[64];
  for (int k = 0; k < 64; k++) one[k] = 1;
  for (int64_t first = 0; first < b->units.n; first += 64) {
    units.n = b->units.n - first < 64 ? b->units.n - first : 64;
    units.alpha = one;
    units.gain = b->units.gain ? b->units.gain + first : NULL;
    units.exponent = b->units.exponent ? b->units.exponent + first : NULL;
    memset(carry, 0, sizeof carry);
    memcpy(slope + first, one, (size_t)units.n * sizeof *slope);
    b->kernels->current_backward(&units, slope + first, carry, r + first);
  }
}

#endif
