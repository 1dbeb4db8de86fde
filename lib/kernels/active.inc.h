/* Which numbers of a row are not 0: who fired. */

#define NAI__ACTIVE_STRIDE (4 * NAI__LANES)

/* A bit for each that is not 0, of up to so many that are there. */
NAI__INLINE uint64_t active_bits(const float *a)
{
  uint64_t bits = 0;
#if NAI__WIDTH == 64
#pragma GCC unroll 4
  for (int k = 0; k < 4; k++)
    bits |= (uint64_t)(uint16_t)~is_zero(load(a + k * NAI__LANES)) << k * NAI__LANES;
#else
  uint32_t word[NAI__ACTIVE_STRIDE], any = 0;
  memcpy(word, a, sizeof word);
  for (int i = 0; i < NAI__ACTIVE_STRIDE; i++) any |= word[i] << 1; /* -0 is silent, too */
  for (int i = 0; any && i < NAI__ACTIVE_STRIDE; i++) bits |= (uint64_t)(a[i] != 0) << i;
#endif
  return bits;
}

static int64_t find_active(int32_t *out, int64_t room, const float *a, int64_t n, int64_t *looked)
{
  int64_t found = 0, j = *looked;
  for (; n - j >= NAI__ACTIVE_STRIDE && room - found >= NAI__ACTIVE_STRIDE; j += NAI__ACTIVE_STRIDE)
    for (uint64_t bits = active_bits(a + j); bits; bits &= bits - 1)
      out[found++] = (int32_t)(j + __builtin_ctzll(bits));
  for (; j < n && found < room; j++)
    if (a[j] != 0) out[found++] = (int32_t)j;
  *looked = j;
  return found;
}
