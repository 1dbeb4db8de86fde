/*
 * A step of rate units, one row of a run, by the kernel of their leak; and the way back through it
 * (docs/equations.md, "Units").
 */
#ifndef NAI_NETWORK_RATE_UNITS_H
#define NAI_NETWORK_RATE_UNITS_H

#include <string.h>

#include "network.h"

/* x: currents, which move on; scratch where the leak is elsewhere. drive: where it is on the rate. */
static inline void nai__rate_units_forward(const nai__kernels *kernels, const nai__units *units,
                                           int32_t leak, float *x, float *r, float *drive,
                                           const float *before, const float *v, const float *xi)
{
  if (leak == NAI_LEAK_RATE) {
    kernels->rate_forward(units, r, drive, before, v, xi);
    return;
  }
  if (leak == NAI_LEAK_WHOLE) memcpy(x, before, (size_t)units->n * sizeof *before);
  kernels->current_forward(units, x, r, v, xi);
}

/*
 * signal: dJ/dr in, dJ/dv out; carry: dJ/dstate, after the step in, before it out. Where the leak is
 * within the transfer function, what comes back through it has phi' of the step before it.
 */
static inline void nai__rate_units_backward(const nai__kernels *kernels, const nai__units *units,
                                            int32_t leak, float *signal, float *carry,
                                            const float *rate, const float *drive)
{
  if (leak == NAI_LEAK_RATE) {
    kernels->rate_backward(units, signal, carry, drive);
    return;
  }
  if (leak == NAI_LEAK_WHOLE) {
    for (int64_t u = 0; u < units->n; u++) signal[u] += carry[u];
    memset(carry, 0, (size_t)units->n * sizeof *carry);
  }
  kernels->current_backward(units, signal, carry, rate);
}

#endif
