/*
 * Rows of weights that learn while they are used: trace, weight and the next step's product in one
 * pass, which takes no longer than reading and writing both.
 */

#define NAI__CHAINS 4 /* sums side by side, for the latency of an addition */

/*
 * Vectors of a chain. Where fused() fuses a chain has 16 lanes whatever the width, and lanes are
 * added up in one order, so that those tables have the same bits.
 */
#if NAI__FUSES
#define NAI__PARTS (16 / NAI__LANES)
#else
#define NAI__PARTS 1
#endif
#define NAI__SUMS (NAI__CHAINS * NAI__PARTS)

/* Lane i to lane i + 8, those to i + 4, and so on. */
NAI__INLINE float sum_of_chain(const vec part[NAI__PARTS])
{
#if NAI__WIDTH == 64
  return _mm512_reduce_add_ps(part[0]);
#elif NAI__WIDTH == 32
  const __m256 eight = part[0] + part[1];
  const __m128 x = _mm256_castps256_ps128(eight) + _mm256_extractf128_ps(eight, 1);
  return (x[0] + x[2]) + (x[1] + x[3]);
#elif NAI__PARTS == 4
  const vec x = (part[0] + part[2]) + (part[1] + part[3]);
  return (x[0] + x[2]) + (x[1] + x[3]);
#else
  const vec x = part[0];
  return (x[0] + x[1]) + (x[2] + x[3]);
#endif
}

NAI__INLINE float sum_of(const vec sum[NAI__SUMS])
{
  vec part[NAI__PARTS];
#pragma GCC unroll 4
  for (int p = 0; p < NAI__PARTS; p++)
    part[p] = (sum[p] + sum[NAI__PARTS + p]) + (sum[2 * NAI__PARTS + p] + sum[3 * NAI__PARTS + p]);
  return sum_of_chain(part);
}

static float row_sum(const float *a, int64_t n)
{
  vec sum[NAI__SUMS] = {{0}};
  int64_t j = 0;
  for (; j + NAI__SUMS * NAI__LANES <= n; j += NAI__SUMS * NAI__LANES)
#pragma GCC unroll 16
    for (int c = 0; c < NAI__SUMS; c++) sum[c] += load(a + j + c * NAI__LANES);
  for (; j < n; j += NAI__PARTS * NAI__LANES)
#pragma GCC unroll 4
    for (int p = 0; p < NAI__PARTS; p++) {
      const int64_t at = j + p * NAI__LANES;
      if (at < n) sum[p] += load_up_to(a + at, n - at);
    }
  return sum_of(sum);
}

static float row_dot(const float *w, const float *a, int64_t n)
{
  vec sum[NAI__SUMS] = {{0}};
  int64_t j = 0;
  for (; j + NAI__SUMS * NAI__LANES <= n; j += NAI__SUMS * NAI__LANES)
#pragma GCC unroll 16
    for (int c = 0; c < NAI__SUMS; c++)
      sum[c] = fused(load(w + j + c * NAI__LANES), load(a + j + c * NAI__LANES), sum[c]);
  for (; j < n; j += NAI__PARTS * NAI__LANES)
#pragma GCC unroll 4
    for (int p = 0; p < NAI__PARTS; p++) {
      const int64_t at = j + p * NAI__LANES;
      if (at < n) sum[p] = fused(load_up_to(w + at, n - at), load_up_to(a + at, n - at), sum[p]);
    }
  return sum_of(sum);
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
  vec sum[NAI__SUMS] = {{0}};
  int64_t j = 0;
  for (; j + NAI__SUMS * NAI__LANES <= r.n; j += NAI__SUMS * NAI__LANES)
#pragma GCC unroll 16
    for (int c = 0; c < NAI__SUMS; c++)
      sum[c] = learn_lanes(r, has, j + c * NAI__LANES, NAI__LANES, sum[c]);
  for (; j < r.n; j += NAI__PARTS * NAI__LANES)
#pragma GCC unroll 4
    for (int p = 0; p < NAI__PARTS; p++) {
      const int64_t at = j + p * NAI__LANES;
      if (at < r.n) sum[p] = learn_lanes(r, has, at, r.n - at, sum[p]);
    }
  return sum_of(sum);
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
