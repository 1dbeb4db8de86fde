/* How many thresholds words reach: counts that are drawn by inverting a distribution. */

/* Where a word reaches the second threshold of those that begin like it, there may be more. */
static float tally_on(uint32_t word, const nai__guide *g)
{
  int64_t n = g->below[word >> (32 - NAI__GUIDE_BITS)];
  while (n < g->count && word >= g->threshold[n]) n++;
  return (float)n + g->base;
}

static float tally_one(uint32_t word, const nai__guide *g)
{
  const uint32_t at = word >> (32 - NAI__GUIDE_BITS);
  if (word >= g->second[at]) return tally_on(word, g);
  return (float)(int32_t)(g->below[at] + (word >= g->first[at])) + g->base;
}

#if NAI__WIDTH == 64
/* The numbers of a guide, two vectors each. */
typedef struct tables {
  __m512i below[2], first[2], second[2];
} tables;

NAI__INLINE void load_both(__m512i to[2], const uint32_t *number)
{
  to[0] = _mm512_loadu_si512(number);
  to[1] = _mm512_loadu_si512(number + NAI__LANES);
}

NAI__INLINE __m512i look_up(const __m512i table[2], __m512i at)
{
  return _mm512_permutex2var_epi32(table[0], at, table[1]);
}

NAI__INLINE void tally_vector(float *out, const uint32_t *word, const tables *t,
                              const nai__guide *g)
{
  const __m512i w = _mm512_loadu_si512(word), at = _mm512_srli_epi32(w, 32 - NAI__GUIDE_BITS),
                below = look_up(t->below, at);
  const __mmask16 one = _mm512_cmpge_epu32_mask(w, look_up(t->first, at));
  uint32_t more = _mm512_cmpge_epu32_mask(w, look_up(t->second, at));
  const __m512i sum = _mm512_mask_add_epi32(below, one, below, _mm512_set1_epi32(1));
  store(out, (vec)_mm512_add_ps(_mm512_cvtepi32_ps(sum), _mm512_set1_ps(g->base)));
  for (; more; more &= more - 1) {
    const int lane = __builtin_ctz(more);
    out[lane] = tally_on(word[lane], g);
  }
}

static int64_t tally_vectors(float *out, int64_t n, const uint32_t *word, const nai__guide *g)
{
  int64_t i = 0;
  tables t;
  load_both(t.below, g->below);
  load_both(t.first, g->first);
  load_both(t.second, g->second);
  for (; i + NAI__LANES <= n; i += NAI__LANES) tally_vector(out + i, word + i, &t, g);
  return i;
}
#else
static int64_t tally_vectors(float *out, int64_t n, const uint32_t *word, const nai__guide *g)
{
  (void)out, (void)n, (void)word, (void)g;
  return 0;
}
#endif

static void tally(float *out, int64_t n, const uint32_t *word, const nai__guide *guide)
{
  for (int64_t i = tally_vectors(out, n, word, guide); i < n; i++)
    out[i] = tally_one(word[i], guide);
}
