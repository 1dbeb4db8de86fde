/* Slopes of transfer functions, from what the activity keeps. */
#ifndef NAI_LEARNING_SLOPES_H
#define NAI_LEARNING_SLOPES_H

#include <string.h>

#include "../network/network.h"

/*
 * slope [n] = phi' of a run of units, from their rates, or from phi(v) where the leak is on the
 * rate: what a step back makes of 1 where nothing is carried, and no leak takes its share. one [n]
 * holds 1s; carry [n] is scratch.
 */
static inline void nai__slopes(const nai_network *net, nai__units units, int32_t leak,
                               const float *one, float *slope, float *carry, const float *value)
{
  size_t bytes = (size_t)units.n * sizeof *slope;
  units.alpha = one;
  memcpy(slope, one, bytes);
  memset(carry, 0, bytes);
  if (leak == NAI_LEAK_RATE)
    net->kernels->rate_backward(&units, slope, carry, value);
  else
    net->kernels->current_backward(&units, slope, carry, value);
}

#endif
