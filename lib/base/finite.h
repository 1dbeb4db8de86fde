/* Looking for NaN and infinity. */
#ifndef NAI_BASE_FINITE_H
#define NAI_BASE_FINITE_H

#include <stdint.h>
#include <string.h>

/* The exponent of NaN and infinity is all ones, and one more carries into the sign. */
static inline uint32_t nai__finite_carry(float x)
{
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return (bits & UINT32_C(0x7f800000)) + UINT32_C(0x00800000);
}

/*
 * Without arithmetic on the numbers, which would trap where the host has exceptions trapped; in
 * sixteen lanes, so that the compiler may use vectors.
 */
static inline int nai__all_finite(const float *x, int64_t n)
{
  uint32_t lane[16] = {0};
  int64_t i = 0;
  for (; i + 16 <= n; i += 16)
    for (int k = 0; k < 16; k++) lane[k] |= nai__finite_carry(x[i + k]);
  for (; i < n; i++) lane[0] |= nai__finite_carry(x[i]);
  for (int k = 1; k < 16; k++) lane[0] |= lane[k];
  return !(lane[0] >> 31);
}

#endif
