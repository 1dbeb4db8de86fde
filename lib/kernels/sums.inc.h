/* Rows added to rows. No fused multiply-add: the same bits everywhere. */

static void add_row(float *out, const float *x, int64_t n)
{
  for (int64_t i = 0; i < n; i += NAI__LANES)
    store_up_to(out + i, load_up_to(out + i, n - i) + load_up_to(x + i, n - i), n - i);
}

static void add_products(float *out, const float *a, const float *x, int64_t n)
{
  for (int64_t i = 0; i < n; i += NAI__LANES) {
    const vec product = load_up_to(a + i, n - i) * load_up_to(x + i, n - i);
    store_up_to(out + i, load_up_to(out + i, n - i) + product, n - i);
  }
}

/* Sixteen chains, and short ones: at most a population long. */
#define NAI__SQUARES (16 / NAI__LANES)

static float square_row(const float *r, float *g, int64_t n, float factor)
{
  vec sum[NAI__SQUARES] = {{0}};
  for (int64_t i = 0; i < n; i += 16)
#pragma GCC unroll 4
    for (int p = 0; p < NAI__SQUARES; p++) {
      const int64_t at = i + p * NAI__LANES, left = n - at;
      if (left <= 0) break;
      const vec x = load_up_to(r + at, left);
      sum[p] += x * x;
      if (g) store_up_to(g + at, load_up_to(g + at, left) + all(factor) * x, left);
    }
#if NAI__WIDTH == 64
  return _mm512_reduce_add_ps(sum[0]);
#else
  float s[16];
  for (int p = 0; p < NAI__SQUARES; p++) store(s + p * NAI__LANES, sum[p]);
  for (int half = 8; half > 0; half /= 2)
    for (int i = 0; i < half; i++) s[i] += s[i + half];
  return s[0];
#endif
}
