/*
 * Rows of weights that learn while they are used: trace, weight and the next step's product in one
 * pass, which takes no longer than reading and writing both.
 */

#define NAI__CHAINS 4 /* sums side by side, for the latency of an addition */

NAI__INLINE float sum_of(vec x)
{
#if NAI__WIDTH == 64
  return _mm512_reduce_add_ps(x);
#else
  float sum[4] = {0};
  for (int i = 0; i < NAI__LANES; i++) sum[i % 4] += x[i];
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
#endif
}

static float row_dot(const float *w, const float *a, int64_t n)
{
  vec sum[NAI__CHAINS] = {{0}};
  int64_t j = 0;
  for (; j + NAI__CHAINS * NAI__LANES <= n; j += NAI__CHAINS * NAI__LANES)
    for (int c = 0; c < NAI__CHAINS; c++)
      sum[c] = fused(load(w + j + c * NAI__LANES), load(a + j + c * NAI__LANES), sum[c]);
  for (; j < n; j += NAI__LANES)
    sum[0] = fused(load_up_to(w + j, n - j), load_up_to(a + j, n - j), sum[0]);
  return sum_of((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

/* Lanes j .. of a row, `count` of them; returns what they add to the sum. */
NAI__INLINE vec learn_lanes(const nai__learning_row *r, int64_t j, int64_t count, vec sum)
{
  vec trace = all(r->gain) * load_up_to(r->pre + j, count);
  if (r->p) {
    trace = flushed(fused(all(r->decay), load_up_to(r->p + j, count), trace));
    store_up_to(r->p + j, trace, count);
  }
  vec w = load_up_to(r->w + j, count), moved = w - all(r->factor) * trace;
  moved = choose(is_below(moved, all(r->low)), all(r->low), moved);
  moved = choose(is_below(all(r->high), moved), all(r->high), moved);
  if (r->plastic) moved = choose(is_zero(load_up_to(r->plastic + j, count)), w, moved);
  store_up_to(r->w + j, moved, count);
  return r->next ? fused(moved, load_up_to(r->next + j, count), sum) : sum;
}

static float learn_row(const nai__learning_row *r)
{
  vec sum[NAI__CHAINS] = {{0}};
  int64_t j = 0;
  for (; j + NAI__CHAINS * NAI__LANES <= r->n; j += NAI__CHAINS * NAI__LANES)
    for (int c = 0; c < NAI__CHAINS; c++)
      sum[c] = learn_lanes(r, j + c * NAI__LANES, NAI__LANES, sum[c]);
  for (; j < r->n; j += NAI__LANES) sum[0] = learn_lanes(r, j, r->n - j, sum[0]);
  return sum_of((sum[0] + sum[1]) + (sum[2] + sum[3]));
}
