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
