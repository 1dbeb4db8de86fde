/*
 * Counting bits down columns: how many of some rows have each bit. Eight rows at a time go through adders of
 * three bits, whose sums and carries are planes of a binary number for each column (Harley & Seal).
 */

/* Planes of counts up to 255. */
#define NAI__PLANES 8

/* high, low = the two bits of a + b + c. */
NAI__INLINE void add_three(uvec *high, uvec *low, uvec a, uvec b, uvec c)
{
  const uvec differ = a ^ b;
  *high = (a & b) | (differ & c);
  *low = differ ^ c;
}

/* Adds a number of `weight` 2^first. */
NAI__INLINE void carry_on(uvec plane[NAI__PLANES], int first, uvec carry)
{
#pragma GCC unroll 8
  for (int k = first; k < NAI__PLANES; k++) {
    const uvec both = plane[k] & carry;
    plane[k] ^= carry;
    carry = both;
  }
}

NAI__INLINE uvec bits_at(const uint64_t *row)
{
  return (uvec)load((const float *)(const void *)row);
}

NAI__INLINE void add_eight(uvec plane[NAI__PLANES], const uint64_t *bits, int64_t stride,
                           const int32_t *row)
{
  uvec r[8], two[4], four[2], eight;
#pragma GCC unroll 8
  for (int k = 0; k < 8; k++) r[k] = bits_at(bits + row[k] * stride);
#pragma GCC unroll 4
  for (int k = 0; k < 4; k++) add_three(&two[k], &plane[0], plane[0], r[2 * k], r[2 * k + 1]);
#pragma GCC unroll 2
  for (int k = 0; k < 2; k++) add_three(&four[k], &plane[1], plane[1], two[2 * k], two[2 * k + 1]);
  add_three(&eight, &plane[2], plane[2], four[0], four[1]);
  carry_on(plane, 3, eight);
}

#if NAI__WIDTH == 64
NAI__INLINE truth bits_as_truth(uint32_t bits)
{
  return (truth)bits;
}
#else
NAI__INLINE truth bits_as_truth(uint32_t bits)
{
#if NAI__WIDTH == 32
  const uvec lane = {1, 2, 4, 8, 16, 32, 64, 128};
#else
  const uvec lane = {1, 2, 4, 8};
#endif
  return (lane & bits) != 0;
}
#endif

/* c += weight times what the planes say of up to n columns. */
NAI__INLINE void take_counts(float *c, int64_t n, float weight, const uvec plane[NAI__PLANES])
{
  uint32_t word[NAI__PLANES][NAI__LANES], any;
  int planes = NAI__PLANES;
  memcpy(word, plane, sizeof word);
  for (; planes > 0; planes--) {
    any = 0;
    for (int i = 0; i < NAI__LANES; i++) any |= word[planes - 1][i];
    if (any) break;
  }
  for (int64_t i = 0; i < n; i += NAI__LANES) {
    vec sum = {0};
    for (int k = 0; k < planes; k++)
      sum += choose(bits_as_truth(word[k][i / 32] >> (i % 32)), all((float)(1 << k)), (vec){0});
    store_up_to(c + i, load_up_to(c + i, n - i) + all(weight) * sum, n - i);
  }
}

/*
 * c [n] += weight times how many of these rows of bits have each: at most 255 rows, so many words apart, with
 * bits up to a multiple of 512.
 */
static void add_bits(float *c, int64_t n, float weight, const uint64_t *bits, int64_t stride,
                     const int32_t *row, int64_t rows)
{
  for (int64_t s = 0; s < rows; s++)
    for (int64_t i = 0; i < n; i += 512) __builtin_prefetch(bits + row[s] * stride + i / 64);
  for (int64_t i = 0; i < n; i += 8 * NAI__WIDTH) {
    uvec plane[NAI__PLANES] = {{0}};
    int64_t s = 0;
    for (; s + 8 <= rows; s += 8) add_eight(plane, bits + i / 64, stride, row + s);
    for (; s < rows; s++) carry_on(plane, 0, bits_at(bits + i / 64 + row[s] * stride));
    take_counts(c + i, at_most(8 * NAI__WIDTH, n - i), weight, plane);
  }
}
