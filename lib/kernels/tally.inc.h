/* How many thresholds numbers reach: counts that are drawn by inverting a distribution. */

/* 1 where it is said. */
NAI__INLINE int tally_one(float *out, uint16_t half, const nai__guide *g)
{
  const int at = half >> (16 - NAI__GUIDE_BITS);
  *out = (float)(g->below[at] + (half > g->first[at])) + g->base;
  return half != g->first[at] && half < g->second[at];
}

#if NAI__WIDTH == 64
/* The numbers of a guide, two vectors each. */
typedef struct guide_tables {
  __m512i below[2], first[2], second[2];
} guide_tables;

NAI__INLINE void load_both(__m512i to[2], const uint16_t *number)
{
  to[0] = _mm512_loadu_si512(number);
  to[1] = _mm512_loadu_si512(number + 2 * NAI__LANES);
}

NAI__INLINE __m512i look_up(const __m512i table[2], __m512i at)
{
  return _mm512_permutex2var_epi16(table[0], at, table[1]);
}

NAI__INLINE vec float_of_16(__m256i x)
{
  return (vec)_mm512_cvtepi32_ps(_mm512_cvtepu16_epi32(x));
}

/* Of 32 numbers; a bit for each that is not said. */
NAI__INLINE uint32_t tally_vector(float *out, const uint16_t *half, const guide_tables *t, vec base)
{
  const __m512i h = _mm512_loadu_si512(half), at = _mm512_srli_epi16(h, 16 - NAI__GUIDE_BITS),
                first = look_up(t->first, at), below = look_up(t->below, at);
  const __mmask32 one = _mm512_cmpgt_epu16_mask(h, first);
  const __m512i sum = _mm512_mask_add_epi16(below, one, below, _mm512_set1_epi16(1));
  store(out, float_of_16(_mm512_castsi512_si256(sum)) + base);
  store(out + NAI__LANES, float_of_16(_mm512_extracti64x4_epi64(sum, 1)) + base);
  return _mm512_cmpeq_epu16_mask(h, first) | _mm512_cmpge_epu16_mask(h, look_up(t->second, at));
}
#endif

static int64_t tally(float *out, int16_t *unsaid, int64_t n, const uint16_t *half,
                     const nai__guide *guide)
{
  int64_t i = 0, found = 0;
#if NAI__WIDTH == 64
  guide_tables t;
  load_both(t.below, guide->below);
  load_both(t.first, guide->first);
  load_both(t.second, guide->second);
  for (; i + 2 * NAI__LANES <= n; i += 2 * NAI__LANES)
    for (uint32_t more = tally_vector(out + i, half + i, &t, all(guide->base)); more;
         more &= more - 1)
      unsaid[found++] = (int16_t)(i + __builtin_ctz(more));
#endif
  for (; i < n; i++)
    if (!tally_one(out + i, half[i], guide)) unsaid[found++] = (int16_t)i;
  return found;
}
