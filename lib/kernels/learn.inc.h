/*
 * Rows of weights that learn while they are used: trace, weight and the next step's product in one
 * pass, which takes no longer than reading and writing both.
 */

#include <math.h>

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

/* --- sums of many rows -------------------------------------------------------------------------- */

#if NAI__WIDTH == 64
#define NAI__DOTS 4

/* sum_of() of each; from the second step on, halves of several rows are added at once. */
NAI__INLINE void sums_of_four(float *out, const vec sum[NAI__DOTS][NAI__SUMS])
{
  vec row[NAI__DOTS], half[2];
#pragma GCC unroll 4
  for (int r = 0; r < NAI__DOTS; r++) row[r] = (sum[r][0] + sum[r][1]) + (sum[r][2] + sum[r][3]);
#pragma GCC unroll 2
  for (int r = 0; r < 2; r++)
    half[r] = _mm512_shuffle_f32x4(row[2 * r], row[2 * r + 1], 0x44) +
              _mm512_shuffle_f32x4(row[2 * r], row[2 * r + 1], 0xee);
  vec all =
      _mm512_shuffle_f32x4(half[0], half[1], 0x88) + _mm512_shuffle_f32x4(half[0], half[1], 0xdd);
  all += _mm512_permute_ps(all, 0x4e);
  all += _mm512_permute_ps(all, 0xb1);
  /* In a register: compressed into memory it takes more than a hundred cycles (Zen 4). */
  _mm_storeu_ps(out, _mm512_castps512_ps128(_mm512_maskz_compress_ps(0x1111, all)));
}

NAI__INLINE void add_four_dots(float *c, const float *w, int64_t ld, const float *a, int64_t n)
{
  vec sum[NAI__DOTS][NAI__SUMS] = {{{0}}};
  float dot[NAI__DOTS];
  int64_t j = 0;
  for (; j + NAI__SUMS * NAI__LANES <= n; j += NAI__SUMS * NAI__LANES)
#pragma GCC unroll 4
    for (int k = 0; k < NAI__SUMS; k++) {
      const vec x = load(a + j + k * NAI__LANES);
#pragma GCC unroll 4
      for (int r = 0; r < NAI__DOTS; r++)
        sum[r][k] = fused(load(w + r * ld + j + k * NAI__LANES), x, sum[r][k]);
    }
  for (; j < n; j += NAI__LANES) {
    const vec x = load_up_to(a + j, n - j);
#pragma GCC unroll 4
    for (int r = 0; r < NAI__DOTS; r++)
      sum[r][0] = fused(load_up_to(w + r * ld + j, n - j), x, sum[r][0]);
  }
  sums_of_four(dot, (const vec(*)[NAI__SUMS])sum);
  for (int r = 0; r < NAI__DOTS; r++) c[r] += dot[r];
}
#endif

static void add_dots(float *c, const float *w, int64_t ld, const float *a, int64_t rows, int64_t n)
{
  int64_t i = 0;
#if NAI__WIDTH == 64
  for (; i + NAI__DOTS <= rows; i += NAI__DOTS) add_four_dots(c + i, w + i * ld, ld, a, n);
#endif
  for (; i < rows; i++) c[i] += row_dot(w + i * ld, a, n);
}

/* --- a row learns ------------------------------------------------------------------------------- */

/*
 * What a row has; known to the compiler in each of the loops below. Limits are those of signs; a gain of 1
 * needs no multiplication.
 */
enum {
  NAI__HAS_TRACE = 1,
  NAI__HAS_NEXT = 2,
  NAI__HAS_GAIN = 4,
  NAI__HAS_LIMITS = 8,
  NAI__HAS_MASK = 16
};

/* A trace, from what it was. */
NAI__INLINE vec next_trace(const nai__learning_row *r, int has, vec pre, vec trace)
{
  if (has & NAI__HAS_GAIN) pre = all(r->gain) * pre;
  return has & NAI__HAS_TRACE ? flushed(fused(all(r->decay), trace, pre)) : pre;
}

NAI__INLINE vec next_weight(const nai__learning_row *r, int has, vec trace, vec w)
{
  const vec moved = w - all(r->factor) * trace;
  return has & NAI__HAS_LIMITS ? within(moved, all(r->low), all(r->high)) : moved;
}

/*
 * NAI__CHAINS vectors from j on. All is read before anything is written: traces and weights lie far apart,
 * but where the last bits of their addresses agree a load would wait for the store before it.
 */
NAI__INLINE void learn_vectors(nai__learning_row r, int has, int64_t j, vec sum[])
{
  vec trace[NAI__CHAINS], w[NAI__CHAINS];
#pragma GCC unroll 4
  for (int c = 0; c < NAI__CHAINS; c++) {
    trace[c] = has & NAI__HAS_TRACE ? load(r.p + j + c * NAI__LANES) : (vec){0};
    w[c] = load(r.w + j + c * NAI__LANES);
  }
#pragma GCC unroll 4
  for (int c = 0; c < NAI__CHAINS; c++) {
    const int64_t at = j + c * NAI__LANES;
    trace[c] = next_trace(&r, has, load(r.pre + at), trace[c]);
    const vec moved = next_weight(&r, has, trace[c], w[c]);
    w[c] = has & NAI__HAS_MASK
               ? choose(is_zero(flags_up_to(r.plastic + at, NAI__LANES)), w[c], moved)
               : moved;
    if (has & NAI__HAS_NEXT) sum[c] = fused(w[c], load(r.next + at), sum[c]);
  }
#pragma GCC unroll 4
  for (int c = 0; c < NAI__CHAINS; c++) {
    if (has & NAI__HAS_TRACE) store(r.p + j + c * NAI__LANES, trace[c]);
    store(r.w + j + c * NAI__LANES, w[c]);
  }
}

/* Lanes j .. of a row, `count` of them; returns the sum with what they add to it. */
NAI__INLINE vec learn_lanes(nai__learning_row r, int has, int64_t j, int64_t count, vec sum)
{
  const vec before = has & NAI__HAS_TRACE ? load_up_to(r.p + j, count) : (vec){0},
            w = load_up_to(r.w + j, count),
            trace = next_trace(&r, has, load_up_to(r.pre + j, count), before);
  vec moved = next_weight(&r, has, trace, w);
  if (has & NAI__HAS_TRACE) store_up_to(r.p + j, trace, count);
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
#pragma GCC unroll 4
    for (int part = 0; part < NAI__PARTS; part++)
      learn_vectors(r, has, j + part * NAI__CHAINS * NAI__LANES, sum + part * NAI__CHAINS);
  for (; j < r.n; j += NAI__PARTS * NAI__LANES)
#pragma GCC unroll 4
    for (int p = 0; p < NAI__PARTS; p++) {
      const int64_t at = j + p * NAI__LANES;
      if (at < r.n) sum[p] = learn_lanes(r, has, at, r.n - at, sum[p]);
    }
  return has & NAI__HAS_NEXT ? sum_of(sum) : 0;
}

/* Without a mask each loop has what it needs and no more; of others one loop will do. */
static float learn_row(const nai__learning_row *row)
{
  enum { ALL = NAI__HAS_GAIN | NAI__HAS_LIMITS, TRACE = NAI__HAS_TRACE, NEXT = NAI__HAS_NEXT };
  const int ends = (row->p ? TRACE : 0) | (row->next ? NEXT : 0);
  const int asks = ends | (row->gain != 1 ? NAI__HAS_GAIN : 0) |
                   (row->low > -INFINITY || row->high < INFINITY ? NAI__HAS_LIMITS : 0);
  if (row->plastic || (!row->p && row->gain != 1))
    switch (ends | (row->plastic ? NAI__HAS_MASK : 0)) {
    case 0: return learn_with(*row, ALL);
    case NEXT: return learn_with(*row, ALL | NEXT);
    case NAI__HAS_MASK: return learn_with(*row, ALL | NAI__HAS_MASK);
    case NAI__HAS_MASK | TRACE: return learn_with(*row, ALL | NAI__HAS_MASK | TRACE);
    case NAI__HAS_MASK | NEXT: return learn_with(*row, ALL | NAI__HAS_MASK | NEXT);
    default: return learn_with(*row, ALL | NAI__HAS_MASK | TRACE | NEXT);
    }
  switch (asks) {
  case 0: return learn_with(*row, 0);
  case NEXT: return learn_with(*row, NEXT);
  case NAI__HAS_LIMITS: return learn_with(*row, NAI__HAS_LIMITS);
  case NAI__HAS_LIMITS | NEXT: return learn_with(*row, NAI__HAS_LIMITS | NEXT);
  case TRACE: return learn_with(*row, TRACE);
  case TRACE | NEXT: return learn_with(*row, TRACE | NEXT);
  case TRACE | NAI__HAS_GAIN: return learn_with(*row, TRACE | NAI__HAS_GAIN);
  case TRACE | NAI__HAS_GAIN | NEXT: return learn_with(*row, TRACE | NAI__HAS_GAIN | NEXT);
  case TRACE | NAI__HAS_LIMITS: return learn_with(*row, TRACE | NAI__HAS_LIMITS);
  case TRACE | NAI__HAS_LIMITS | NEXT: return learn_with(*row, TRACE | NAI__HAS_LIMITS | NEXT);
  case TRACE | ALL: return learn_with(*row, TRACE | ALL);
  default: return learn_with(*row, TRACE | ALL | NEXT);
  }
}

/* --- many rows -------------------------------------------------------------------------------- */

static nai__learning_row row_of(const nai__learning_rows *l, int64_t i)
{
  return (nai__learning_row){.n = l->n,
                             .w = l->w + i * l->ld,
                             .p = l->p ? l->p + i * l->ld : NULL,
                             .pre = l->pre,
                             .next = l->next,
                             .decay = l->p ? l->decay[i] : 0,
                             .gain = l->p ? l->gain[i] : 1,
                             .factor = l->factor[i],
                             .low = l->low,
                             .high = l->high};
}

/* So many at once as there are registers for: what senders send is read for all of them. */
#if NAI__WIDTH == 64
#define NAI__LEARNING 4
#define NAI__TRACING 2

/* NAI__SUMS vectors of a row. */
NAI__INLINE void learn_vectors_of(const nai__learning_row *r, int has, int64_t j, const vec *pre,
                                  const vec *next, vec *sum)
{
  vec trace[NAI__SUMS], w[NAI__SUMS];
#pragma GCC unroll 4
  for (int c = 0; c < NAI__SUMS; c++) {
    if (has & NAI__HAS_TRACE) trace[c] = load(r->p + j + c * NAI__LANES);
    w[c] = load(r->w + j + c * NAI__LANES);
  }
#pragma GCC unroll 4
  for (int c = 0; c < NAI__SUMS; c++) {
    trace[c] = next_trace(r, has, pre[c], trace[c]);
    w[c] = next_weight(r, has, trace[c], w[c]);
    if (has & NAI__HAS_NEXT) sum[c] = fused(w[c], next[c], sum[c]);
  }
#pragma GCC unroll 4
  for (int c = 0; c < NAI__SUMS; c++) {
    if (has & NAI__HAS_TRACE) store(r->p + j + c * NAI__LANES, trace[c]);
    store(r->w + j + c * NAI__LANES, w[c]);
  }
}

/* `rows` and `has` are constants. */
NAI__INLINE void learn_some(float *sum, const nai__learning_rows *l, int64_t first, int rows,
                            int has)
{
  vec sums[NAI__LEARNING][NAI__SUMS] = {{{0}}};
  nai__learning_row row[NAI__LEARNING];
  int64_t j = 0;
#pragma GCC unroll 4
  for (int r = 0; r < rows; r++) row[r] = row_of(l, first + r);
  for (; j + NAI__SUMS * NAI__LANES <= l->n; j += NAI__SUMS * NAI__LANES) {
    vec pre[NAI__SUMS], next[NAI__SUMS] = {{0}};
#pragma GCC unroll 4
    for (int c = 0; c < NAI__SUMS; c++) {
      pre[c] = load(l->pre + j + c * NAI__LANES);
      if (has & NAI__HAS_NEXT) next[c] = load(l->next + j + c * NAI__LANES);
    }
#pragma GCC unroll 4
    for (int r = 0; r < rows; r++) learn_vectors_of(&row[r], has, j, pre, next, sums[r]);
  }
  for (; j < l->n; j += NAI__LANES)
#pragma GCC unroll 4
    for (int r = 0; r < rows; r++)
      sums[r][0] = learn_lanes(row[r], has, j, at_most(NAI__LANES, l->n - j), sums[r][0]);
#pragma GCC unroll 4
  for (int r = 0; r < rows; r++) sum[first + r] = has & NAI__HAS_NEXT ? sum_of(sums[r]) : 0;
}

#define NAI__LEARN(name, rows, has)                                                   \
  static __attribute__((noinline)) void name(float *sum, const nai__learning_rows *l, \
                                             int64_t first)                           \
  {                                                                                   \
    learn_some(sum, l, first, rows, has);                                             \
  }
NAI__LEARN(learn_plain, NAI__LEARNING, 0)
NAI__LEARN(learn_next, NAI__LEARNING, NAI__HAS_NEXT)
NAI__LEARN(learn_within, NAI__LEARNING, NAI__HAS_LIMITS)
NAI__LEARN(learn_next_within, NAI__LEARNING, NAI__HAS_NEXT | NAI__HAS_LIMITS)
#define NAI__HAS_OWN (NAI__HAS_TRACE | NAI__HAS_GAIN)
NAI__LEARN(trace_plain, NAI__TRACING, NAI__HAS_OWN)
NAI__LEARN(trace_next, NAI__TRACING, NAI__HAS_OWN | NAI__HAS_NEXT)
NAI__LEARN(trace_within, NAI__TRACING, NAI__HAS_OWN | NAI__HAS_LIMITS)
NAI__LEARN(trace_next_within, NAI__TRACING, NAI__HAS_OWN | NAI__HAS_NEXT | NAI__HAS_LIMITS)

static int64_t learn_most(float *sum, const nai__learning_rows *l)
{
  typedef void some_rows(float *sum, const nai__learning_rows *l, int64_t first);
  static some_rows *const of[2][2][2] = {
      {{learn_plain, learn_within}, {learn_next, learn_next_within}},
      {{trace_plain, trace_within}, {trace_next, trace_next_within}}};
  const int has_limits = l->low > -INFINITY || l->high < INFINITY;
  some_rows *const learn = of[l->p != NULL][l->next != NULL][has_limits];
  const int64_t rows = l->p ? NAI__TRACING : NAI__LEARNING;
  int64_t row = 0;
  for (; row + rows <= l->rows; row += rows) learn(sum, l, row);
  return row;
}
#else
static int64_t learn_most(float *sum, const nai__learning_rows *l)
{
  (void)sum, (void)l;
  return 0;
}
#endif

static void learn_rows(float *sum, const nai__learning_rows *l)
{
  for (int64_t i = learn_most(sum, l); i < l->rows; i++) {
    const nai__learning_row row = row_of(l, i);
    sum[i] = learn_row(&row);
  }
}
