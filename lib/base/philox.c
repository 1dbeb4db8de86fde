/*
 * Philox4x32-10: J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, "Parallel random numbers:
 * as easy as 1, 2, 3", SC11 (2011). Plain C, one block at a time: the scalar twin of the kernels'
 * vectorised noise.
 */
#include "philox.h"

#define MULTIPLIER_0 0xD2511F53u
#define MULTIPLIER_1 0xCD9E8D57u
#define WEYL_0 0x9E3779B9u /* golden ratio */
#define WEYL_1 0xBB67AE85u /* sqrt(3) - 1 */
#define ROUNDS 10

/* Purposes are below 128; the top bit keeps derived seeds apart from every stream. */
#define DERIVED 0x80u

void nai__philox(uint32_t out[4], const uint32_t counter[4], uint64_t key)
{
  uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
  uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
  for (int round = 0; round < ROUNDS; round++) {
    uint64_t p0 = (uint64_t)MULTIPLIER_0 * c0;
    uint64_t p1 = (uint64_t)MULTIPLIER_1 * c2;
    c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
    c1 = (uint32_t)p1;
    c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
    c3 = (uint32_t)p0;
    k0 += WEYL_0;
    k1 += WEYL_1;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

uint64_t nai__seed_derive(uint64_t seed, uint32_t purpose, uint64_t label)
{
  const uint32_t counter[4] = {(uint32_t)label, (uint32_t)(label >> 32), 0,
                               (DERIVED | purpose) << 24};
  uint32_t word[4];
  nai__philox(word, counter, seed);
  return (uint64_t)word[1] << 32 | word[0];
}
