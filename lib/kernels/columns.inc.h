/* The product of one trial with synapses by sender (columns.h). */

NAI__INLINE float fused_one(float a, float b, float c)
{
#if NAI__FUSES
  return __builtin_fmaf(a, b, c);
#else
  return a * b + c;
#endif
}

/* Receivers of a sender differ, so four sums may be read before any is written. */
NAI__INLINE void add_column(float *restrict c, const uint16_t *receiver, const float *weight,
                            int64_t n, float sent)
{
  int64_t e = 0;
  for (; e + 4 <= n; e += 4) {
    float sum[4];
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) sum[k] = fused_one(weight[e + k], sent, c[receiver[e + k]]);
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) c[receiver[e + k]] = sum[k];
  }
  for (; e < n; e++) c[receiver[e]] = fused_one(weight[e], sent, c[receiver[e]]);
}

/* Columns that are read soon stand anywhere in memory. */
NAI__INLINE void ask_for_column(const nai__columns *l, int64_t first, int64_t end)
{
  for (int64_t e = first; e < end; e += 16) __builtin_prefetch(l->weight + e, 0, 2);
  for (int64_t e = first; e < end; e += 32) __builtin_prefetch(l->receiver + e, 0, 2);
}

/* What these senders, ascending, send to a slice. */
static void add_columns(float *c, const float *a, const nai__columns *l, int64_t slice,
                        const int32_t *sender, int64_t n)
{
  enum { AHEAD = 12 };
  const int64_t *first = l->first + slice * l->k;
  for (int64_t s = 0; s < n; s++) {
    const int64_t j = sender[s];
    if (s + AHEAD < n) ask_for_column(l, first[sender[s + AHEAD]], first[sender[s + AHEAD] + 1]);
    add_column(c + slice * NAI__COLUMN_SLICE, l->receiver + first[j], l->weight + first[j],
               first[j + 1] - first[j], a[j]);
  }
}

static void column_product(float *c, const float *a, const nai__columns *l, int accumulate)
{
  enum { SOME = 2048 };
  int32_t sender[SOME];
  if (!accumulate) memset(c, 0, (size_t)l->n * sizeof *c);
  for (int64_t looked = 0; looked < l->k;) {
    const int64_t n = find_active(sender, SOME, a, l->k, &looked);
    for (int64_t slice = 0; slice < l->slices; slice++) add_columns(c, a, l, slice, sender, n);
  }
  for (int64_t i = 0; i < l->n; i++) c[i] += 0.0f; /* of products that underflowed, -0 */
}
