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

/* What a row has; known to the compiler in each of the loops below. */
enum { NAI__HAS_TRACE = 1, NAI__HAS_MASK = 2, NAI__HAS_NEXT = 4 };

/* Lanes j .. of a row, `count` of them; returns the sum with what they add to it. */
NAI__INLINE vec learn_lanes(nai__learning_row r, int has, int64_t j, int64_t count, vec sum)
{
  vec trace = all(r.gain) * load_up_to(r.pre + j, count);
  if (has & NAI__HAS_TRACE) {
    trace = flushed(fused(all(r.decay), load_up_to(r.p + j, count), trace));
    store_up_to(r.p + j, trace, count);
  }
  vec w = load_up_to(r.w + j, count);
  vec moved = within(w - all(r.factor) * trace, all(r.low), all(r.high));
  if (has & NAI__HAS_MASK) moved = choose(is_zero(flags_up_to(r.plastic + j, count)), w, moved);
  store_up_to(r.w + j, moved, count);
  return has & NAI__HAS_NEXT ? fused(moved, load_up_to(r.next + j, count), sum) : sum;
}

/* By value: stores to weights must not make the compiler read the row's numbers again. */
NAI__INLINE float learn_with(nai__learning_row r, int has)
{
  vec sum[NAI__CHAINS] = {{0}};
  int64_t j = 0;
  for (; j + NAI__CHAINS * NAI__LANES <= r.n; j += NAI__CHAINS * NAI__LANES)
    for (int c = 0; c < NAI__CHAINS; c++)
      sum[c] = learn_lanes(r, has, j + c * NAI__LANES, NAI__LANES, sum[c]);
  for (; j < r.n; j += NAI__LANES) sum[0] = learn_lanes(r, has, j, r.n - j, sum[0]);
  return sum_of((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

static float learn_row(const nai__learning_row *row)
{
  switch ((row->p ? NAI__HAS_TRACE : 0) | (row->plastic ? NAI__HAS_MASK : 0) |
          (row->next ? NAI__HAS_NEXT : 0)) {
  case 0: return learn_with(*row, 0);
  case 1: return learn_with(*row, 1);
  case 2: return learn_with(*row, 2);
  case 3: return learn_with(*row, 3);
  case 4: return learn_with(*row, 4);
  case 5: return learn_with(*row, 5);
  case 6: return learn_with(*row, 6);
  default: return learn_with(*row, 7);
  }
}
