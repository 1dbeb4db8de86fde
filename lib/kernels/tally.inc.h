/* How many thresholds words reach: counts that are drawn by inverting a distribution. */

/* So many vectors side by side: each threshold is loaded once for them. */
#define NAI__TALLIES 4

static void tally(float *out, int64_t n, const uint32_t *word, const uint32_t *threshold,
                  int64_t count, float base)
{
  for (int64_t i = 0; i < n; i += NAI__TALLIES * NAI__LANES) {
    const int64_t here = at_most(n - i, NAI__TALLIES * NAI__LANES);
    uint32_t from[NAI__TALLIES * NAI__LANES] = {0};
    float to[NAI__TALLIES * NAI__LANES];
    uvec w[NAI__TALLIES];
    ivec sum[NAI__TALLIES] = {0};
    memcpy(from, word + i, (size_t)here * sizeof *from);
    memcpy(w, from, sizeof w);
    for (int64_t k = 0; k < count; k++)
#pragma GCC unroll 4
      for (int j = 0; j < NAI__TALLIES; j++) sum[j] -= w[j] >= threshold[k];
#pragma GCC unroll 4
    for (int j = 0; j < NAI__TALLIES; j++) store(to + j * NAI__LANES, to_float(sum[j]) + base);
    memcpy(out + i, to, (size_t)here * sizeof *to);
  }
}
