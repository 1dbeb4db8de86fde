/* Poisson counts. */
#ifndef NAI_KERNELS_COUNTS_H
#define NAI_KERNELS_COUNTS_H

#include "kernels.h"

/*
 * out [n] = Poisson counts of mean [n], of units first .. first + n - 1: functions of (seed, purpose, trial,
 * step, unit) and of the unit's mean, whatever units are asked for together. A count is found by inverting
 * the distribution at one word, so it never is in a tail of less than 2^-32; from a mean of 4096 on it is
 * the nearest whole number to a normal of that mean and variance. 0 where the mean is not above 0; NaN
 * stays NaN.
 */
void nai__counts(const nai__kernels *kernels, float *out, int64_t n, int64_t first,
                 const float *mean, uint64_t seed, uint32_t purpose, uint64_t trial, uint32_t step);

#endif
