/*
 * The product of one trial with the synapses that exist (row_lists.h): 16 receivers at once, whose
 * next synapses lie side by side. A lane without a synapse adds 0 times 0, whatever is at its sender.
 */

#define NAI__ROW_PARTS (NAI__ROW_SLICE / NAI__LANES)

/* Lanes of one part of a slice, where the slot has a synapse; else 0. */
NAI__INLINE vec present(vec x, uint16_t here, int part)
{
#if NAI__WIDTH == 64
  (void)part;
  return _mm512_maskz_mov_ps(here, x);
#else
  const ivec bit = ((ivec){0} + 1) << (lane_number() + part * NAI__LANES);
  return (vec)((ivec)x & ((((ivec){0} + here) & bit) == bit));
#endif
}

/* x[at[lane]], of a window. */
NAI__INLINE vec look_up_near(const float *x, const uint8_t *at)
{
#if NAI__WIDTH == 64
  const __m512i i = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(const void *)at));
  const __mmask16 second = _mm512_movepi32_mask(_mm512_slli_epi32(i, 26));
  const vec a = _mm512_permutex2var_ps(load(x), i, load(x + 16)),
            b = _mm512_permutex2var_ps(load(x + 32), i, load(x + 48));
  return choose(second, b, a);
#elif NAI__WIDTH == 32
  const __m256i i = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)at));
  return _mm256_i32gather_ps(x, i, 4);
#else
  return (vec){x[at[0]], x[at[1]], x[at[2]], x[at[3]]};
#endif
}

/* One slice; sum [NAI__ROW_SLICE]. */
NAI__INLINE void row_slice(float *sum, const float *a, const nai__row_lists *l, int64_t slice)
{
  vec s[NAI__ROW_PARTS];
#pragma GCC unroll 4
  for (int p = 0; p < NAI__ROW_PARTS; p++) s[p] = load(sum + p * NAI__LANES);
  for (int64_t slot = l->first[slice]; slot < l->first[slice + 1]; slot++) {
    const int64_t at = slot * NAI__ROW_SLICE;
    const float *const from = a + l->start[slot];
    __builtin_prefetch(l->weight + at + 1024);
#pragma GCC unroll 4
    for (int p = 0; p < NAI__ROW_PARTS; p++) {
      const int64_t lane = at + p * NAI__LANES;
      const vec x = present(look_up_near(from, l->sender + lane), l->here[slot], p);
      s[p] = fused(load(l->weight + lane), x, s[p]);
    }
  }
#pragma GCC unroll 4
  for (int p = 0; p < NAI__ROW_PARTS; p++) store(sum + p * NAI__LANES, s[p] + 0.0f);
}

static void list_row(float *c, const float *a, const nai__row_lists *l, int accumulate)
{
  if (l->columns) {
    column_product(c, a, l->columns, accumulate);
    return;
  }
  for (int64_t slice = 0; slice < l->slices; slice++) {
    _Alignas(64) float sum[NAI__ROW_SLICE] = {0};
    const int32_t *const post = l->post + slice * NAI__ROW_SLICE;
    for (int p = 0; p < NAI__ROW_SLICE && accumulate; p++)
      if (post[p] >= 0) sum[p] = c[post[p]];
    row_slice(sum, a, l, slice);
    for (int p = 0; p < NAI__ROW_SLICE; p++)
      if (post[p] >= 0) c[post[p]] = sum[p];
  }
}
