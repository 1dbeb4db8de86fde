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

/* Adds a number of `weight` 2^first to one of so many planes, which it does not overflow. */
NAI__INLINE void carry_on(uvec plane[NAI__PLANES], int first, int planes, uvec carry)
{
#pragma GCC unroll 8
  for (int k = first; k < planes; k++) {
    const uvec both = plane[k] & carry;
    plane[k] ^= carry;
    carry = both;
  }
}

NAI__INLINE uvec bits_at(const uint64_t *row)
{
  return (uvec)load((const float *)(const void *)row);
}

/* Up to eight rows; planes: at least 4. */
NAI__INLINE void add_eight(uvec plane[NAI__PLANES], int planes, const uint64_t *bits,
                           int64_t stride, const int32_t *row, int64_t rows)
{
  uvec r[8], two[4], four[2], eight;
#pragma GCC unroll 8
  for (int k = 0; k < 8; k++) r[k] = k < rows ? bits_at(bits + row[k] * stride) : (uvec){0};
#pragma GCC unroll 4
  for (int k = 0; k < 4; k++) add_three(&two[k], &plane[0], plane[0], r[2 * k], r[2 * k + 1]);
#pragma GCC unroll 2
  for (int k = 0; k < 2; k++) add_three(&four[k], &plane[1], plane[1], two[2 * k], two[2 * k + 1]);
  add_three(&eight, &plane[2], plane[2], four[0], four[1]);
  carry_on(plane, 3, planes, eight);
}

NAI__INLINE int is_any(uvec a)
{
#if NAI__WIDTH == 64
  return _mm512_test_epi32_mask((__m512i)a, (__m512i)a) != 0;
#else
  uint32_t any = 0;
  for (int i = 0; i < NAI__LANES; i++) any |= a[i];
  return any != 0;
#endif
}

/* The first planes, of which those after them are empty. */
NAI__INLINE int planes_of(const uvec plane[NAI__PLANES])
{
  for (int k = NAI__PLANES; k > 0; k--)
    if (is_any(plane[k - 1])) return k;
  return 0;
}

#if NAI__WIDTH == 64
#define NAI__COLUMNS 64

/* c += weight times the number in each of up to 64 bytes. */
NAI__INLINE void add_bytes(float *c, int64_t n, float weight, __m512i bytes)
{
  uint8_t byte[NAI__COLUMNS];
  _mm512_storeu_si512(byte, bytes);
#pragma GCC unroll 4
  for (int64_t i = 0; i < NAI__COLUMNS; i += NAI__LANES) {
    const __m128i some = _mm_loadu_si128((const __m128i *)(const void *)(byte + i));
    const vec sum = (vec)_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(some));
    if (n > i) store_up_to(c + i, load_up_to(c + i, n - i) + all(weight) * sum, n - i);
  }
}

/* Up to 64 columns, of the bits in words `at` of each plane. */
NAI__INLINE void take_columns(float *c, int64_t n, float weight,
                              const uint64_t word[NAI__PLANES][8], int64_t at, int planes)
{
  __m512i bytes = _mm512_setzero_si512();
  for (int k = 0; k < planes; k++)
    bytes = _mm512_mask_add_epi8(bytes, word[k][at], bytes, _mm512_set1_epi8((char)(1 << k)));
  add_bytes(c, n, weight, bytes);
}
#else
#define NAI__COLUMNS NAI__LANES

NAI__INLINE truth bits_as_truth(uint32_t bits)
{
#if NAI__WIDTH == 32
  const uvec lane = {1, 2, 4, 8, 16, 32, 64, 128};
#else
  const uvec lane = {1, 2, 4, 8};
#endif
  return (lane & bits) != 0;
}

NAI__INLINE void take_columns(float *c, int64_t n, float weight,
                              const uint64_t word[NAI__PLANES][8], int64_t at, int planes)
{
  vec sum = {0};
  for (int k = 0; k < planes; k++) {
    const uint32_t bits = (uint32_t)(word[k][at * NAI__LANES / 64] >> at * NAI__LANES % 64);
    sum += choose(bits_as_truth(bits), all((float)(1 << k)), (vec){0});
  }
  store_up_to(c, load_up_to(c, n) + all(weight) * sum, n);
}
#endif

/* c += weight times what the planes say of up to n columns. */
NAI__INLINE void take_counts(float *c, int64_t n, float weight, const uvec plane[NAI__PLANES])
{
  uint64_t word[NAI__PLANES][8];
  const int planes = planes_of(plane);
  for (int k = 0; k < planes; k++) memcpy(word[k], &plane[k], sizeof plane[k]);
  for (int64_t i = 0; i < n; i += NAI__COLUMNS)
    take_columns(c + i, n - i, weight, word, i / NAI__COLUMNS, planes);
}

NAI__INLINE void add_up(uvec plane[NAI__PLANES], int planes, const uint64_t *bits, int64_t stride,
                        const int32_t *row, int64_t rows)
{
  int64_t s = 0;
  for (; s + 8 <= rows; s += 8) add_eight(plane, planes, bits, stride, row + s, 8);
  if (s < rows) add_eight(plane, planes, bits, stride, row + s, rows - s);
}

/*
 * c [n] += weight times how many of these rows of bits have each: at most 255 rows, so many words apart, with
 * bits up to a multiple of 512.
 */
static void add_bits(float *c, int64_t n, float weight, const uint64_t *bits, int64_t stride,
                     const int32_t *row, int64_t rows)
{
  for (int64_t i = 0; i < n; i += 8 * NAI__WIDTH) {
    uvec plane[NAI__PLANES] = {{0}};
    if (rows < 64)
      add_up(plane, 6, bits + i / 64, stride, row, rows);
    else
      add_up(plane, NAI__PLANES, bits + i / 64, stride, row, rows);
    take_counts(c + i, at_most(8 * NAI__WIDTH, n - i), weight, plane);
  }
}
