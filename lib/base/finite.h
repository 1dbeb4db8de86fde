/* Looking for NaN and infinity. */
#ifndef NAI_BASE_FINITE_H
#define NAI_BASE_FINITE_H

#include <stdint.h>

/* Eight chains, so that the compiler may use vectors; 0 * x is NaN where x is not finite. */
static inline int nai__all_finite(const float *x, int64_t n)
{
  float chain[8] = {0};
  int64_t i = 0;
  for (; i + 8 <= n; i += 8)
    for (int c = 0; c < 8; c++) chain[c] += 0 * x[i + c];
  for (; i < n; i++) chain[0] += 0 * x[i];
  for (int c = 1; c < 8; c++) chain[0] += chain[c];
  return chain[0] == 0;
}

#endif
