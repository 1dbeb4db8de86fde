/*
 * Products and the weight gradient over the synapses that exist (lists.h). Activity lies trial by
 * trial; a block of it is turned, so that a unit's values in all trials of a tile are one or two
 * vectors, and stays in the first-level cache while all its synapses are met.
 */

/* Number p of four that were read as one. */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define NAI__LIST_SHIFT(p) (48 - 16 * (p))
#else
#define NAI__LIST_SHIFT(p) (16 * (p))
#endif

/* --- turning ---------------------------------------------------------------------------------- */

/* x [NAI__LANES][ldx] = a square of a [rows][lda], turned; what is not there is 0. */
static void turn_edge_in(float *x, int64_t ldx, const float *a, int64_t lda, int64_t rows,
                         int64_t columns)
{
  vec v[NAI__LANES];
  for (int i = 0; i < NAI__LANES; i++)
    v[i] = i < rows ? load_up_to(a + i * lda, columns) : (vec){0};
  transpose(v);
  for (int i = 0; i < NAI__LANES; i++) store(x + i * ldx, v[i]);
}

/*
 * x [columns rounded up to NAI__LANES][ldx], of which NAI__LANES are written, = the same of a
 * [rows][lda], turned; trials that are not there are 0.
 */
static void turn_in(float *x, int64_t ldx, const float *a, int64_t lda, int64_t rows,
                    int64_t columns)
{
  int64_t j = 0;
  for (; rows >= NAI__LANES && j + NAI__LANES <= columns; j += NAI__LANES) {
    vec v[NAI__LANES];
#pragma GCC unroll 16
    for (int i = 0; i < NAI__LANES; i++) v[i] = load(a + i * lda + j);
    transpose(v);
#pragma GCC unroll 16
    for (int i = 0; i < NAI__LANES; i++) store(x + (j + i) * ldx, v[i]);
  }
  for (; j < columns; j += NAI__LANES)
    turn_edge_in(x + j * ldx, ldx, a + j, lda, rows, columns - j);
}

static void turn_edge_out(float *c, int64_t ldc, const float *y, int64_t ldy, int64_t rows,
                          int64_t columns)
{
  vec v[NAI__LANES];
  for (int i = 0; i < NAI__LANES; i++) v[i] = load(y + i * ldy) + 0.0f;
  transpose(v);
  for (int i = 0; i < NAI__LANES && i < rows; i++) store_up_to(c + i * ldc, v[i], columns);
}

/* c [rows][ldc] = y [columns][ldy], turned back. Of c exactly `columns` are written. */
static void turn_out(float *c, int64_t ldc, const float *y, int64_t ldy, int64_t rows,
                     int64_t columns)
{
  int64_t j = 0;
  for (; rows >= NAI__LANES && j + NAI__LANES <= columns; j += NAI__LANES) {
    vec v[NAI__LANES];
#pragma GCC unroll 16
    for (int i = 0; i < NAI__LANES; i++) v[i] = load(y + (j + i) * ldy) + 0.0f;
    transpose(v);
#pragma GCC unroll 16
    for (int i = 0; i < NAI__LANES; i++) store(c + i * ldc + j, v[i]);
  }
  for (; j < columns; j += NAI__LANES)
    turn_edge_out(c + j, ldc, y + j * ldy, ldy, rows, columns - j);
}

/* --- products --------------------------------------------------------------------------------- */

/* The most vectors of trials at once: two hide that a weight takes as long to load as a rate. */
#define NAI__LIST_VECTORS 2

/* y += the synapses between two blocks; x and y of `vectors` vectors a unit, a constant. */
NAI__INLINE void list_tile(int vectors, float *y, const float *x, const int32_t *first,
                           const uint16_t *post, int64_t slices, const uint16_t *pre,
                           const float *weight)
{
  const int wide = vectors * NAI__LANES;
  const int64_t bytes = wide * (int64_t)sizeof(float) / NAI__LIST_SCALE;
  for (int64_t s = 0; s < slices; s++, post += 4) {
    vec sum[4][NAI__LIST_VECTORS];
#pragma GCC unroll 4
    for (int p = 0; p < 4; p++)
#pragma GCC unroll 2
      for (int v = 0; v < vectors; v++) sum[p][v] = load(y + post[p] * wide + v * NAI__LANES);
    for (int64_t slot = first[s]; slot < first[s + 1]; slot++) {
      uint64_t four;
      const quad weights = load_four(weight + 4 * slot);
      memcpy(&four, pre + 4 * slot, sizeof four);
#pragma GCC unroll 4
      for (int p = 0; p < 4; p++) {
        const int64_t at = (int64_t)(four >> (NAI__LIST_SHIFT(p)) & 0xffff) * bytes;
        const float *from = (const float *)(const void *)((const char *)x + at);
        const vec w = all_of(weights, p);
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++)
          sum[p][v] = fused(w, load(from + v * NAI__LANES), sum[p][v]);
      }
    }
#pragma GCC unroll 4
    for (int p = 0; p < 4; p++)
#pragma GCC unroll 2
      for (int v = 0; v < vectors; v++) store(y + post[p] * wide + v * NAI__LANES, sum[p][v]);
  }
}

/* As many trials as fit, at most, in `vectors` vectors, which x and y have room for. */
NAI__INLINE void list_rows(int vectors, float *x, float *y, float *c, int64_t ldc, const float *a,
                           int64_t lda, const nai__lists *l, int64_t rows, int accumulate)
{
  const int wide = vectors * NAI__LANES;
  memset(x + NAI__LIST_PRE * wide, 0, (size_t)wide * sizeof *x);
  for (int64_t to = 0; to < l->to_blocks; to++) {
    const int64_t n = at_most(NAI__LIST_POST, l->n - to * NAI__LIST_POST);
    float *const here = c + to * NAI__LIST_POST;
    if (!accumulate) memset(y, 0, (size_t)((n + 15) / 16 * 16 * wide) * sizeof *y);
    for (int v = 0; v < vectors && accumulate; v++)
      turn_in(y + v * NAI__LANES, wide, here + v * NAI__LANES * ldc, ldc, rows - v * NAI__LANES, n);
    for (int64_t from = 0; from < l->from_blocks; from++) {
      const int64_t k = at_most(NAI__LIST_PRE, l->k - from * NAI__LIST_PRE),
                    at = to * l->from_blocks + from;
      for (int v = 0; v < vectors; v++)
        turn_in(x + v * NAI__LANES, wide, a + v * NAI__LANES * lda + from * NAI__LIST_PRE, lda,
                rows - v * NAI__LANES, k);
      list_tile(vectors, y, x, l->first + at * (NAI__LIST_SLICES + 1),
                l->post + at * NAI__LIST_POST, (n + 3) / 4, l->pre, l->weight);
    }
    for (int v = 0; v < vectors; v++)
      turn_out(here + v * NAI__LANES * ldc, ldc, y + v * NAI__LANES, wide, rows - v * NAI__LANES,
               n);
  }
}

static __attribute__((noinline)) void list_one(float *c, int64_t ldc, const float *a, int64_t lda,
                                               const nai__lists *l, int64_t rows, int accumulate)
{
  _Alignas(64) float x[(NAI__LIST_PRE + 1) * NAI__LANES], y[(NAI__LIST_POST + 4) * NAI__LANES];
  list_rows(1, x, y, c, ldc, a, lda, l, rows, accumulate);
}

static __attribute__((noinline)) void list_two(float *c, int64_t ldc, const float *a, int64_t lda,
                                               const nai__lists *l, int64_t rows, int accumulate)
{
  enum {
    WIDE = 2 * NAI__LANES
  }; /* 42 KB where lanes are 16: threads of hosts may have small stacks */
  _Alignas(64) float x[(NAI__LIST_PRE + 1) * WIDE], y[(NAI__LIST_POST + 4) * WIDE];
  list_rows(2, x, y, c, ldc, a, lda, l, rows, accumulate);
}

static void list_product(float *c, int64_t ldc, const float *a, int64_t lda, const nai__lists *l,
                         int64_t rows, int accumulate)
{
  for (int64_t row = 0; row < rows; row += NAI__LIST_VECTORS * NAI__LANES) {
    const int64_t some = at_most(NAI__LIST_VECTORS * NAI__LANES, rows - row);
    (some > NAI__LANES ? list_two : list_one)(c + row * ldc, ldc, a + row * lda, lda, l, some,
                                              accumulate);
  }
}

/* --- the weight gradient ---------------------------------------------------------------------- */

/* Rows (steps and trials) that are taken at once: errors of a receiver fill so many vectors. */
#define NAI__LIST_DEEP 8
#define NAI__LIST_DEPTH (NAI__LIST_DEEP * NAI__LANES)

static int64_t list_scratch(const nai__lists *l)
{
  return (l->n + NAI__LANES) * NAI__LIST_DEPTH + 4 * l->groups;
}

/* turn_in() of rows from `row` on that are of more than one step. */
static __attribute__((noinline)) void turn_steps_in(float *x, int64_t ldx, const float *a,
                                                    int64_t lda, nai__rows rows, int64_t row,
                                                    int64_t columns)
{
  const float *at[NAI__LANES];
  const int64_t some = at_most(NAI__LANES, rows.n - row);
  for (int64_t i = 0; i < some; i++) at[i] = a + nai__row_place(rows, row + i) * lda;
  for (int64_t j = 0; j < columns; j += NAI__LANES) {
    vec v[NAI__LANES];
    for (int i = 0; i < NAI__LANES; i++)
      v[i] = i < some ? load_up_to(at[i] + j, columns - j) : (vec){0};
    transpose(v);
    for (int i = 0; i < NAI__LANES; i++) store(x + (j + i) * ldx, v[i]);
  }
}

/* So many rows from `row` on, turned; those that are not there are 0. */
static void turn_deep(float *x, const float *a, int64_t lda, nai__rows rows, int64_t row,
                      int64_t columns)
{
  for (int64_t i = 0; i < NAI__LIST_DEPTH; i += NAI__LANES, row += NAI__LANES) {
    const int64_t some = row < rows.n ? at_most(NAI__LANES, rows.n - row) : 0;
    if (some > rows.each - row % rows.each)
      turn_steps_in(x + i, NAI__LIST_DEPTH, a, lda, rows, row, columns);
    else
      turn_in(x + i, NAI__LIST_DEPTH, some ? a + nai__row_place(rows, row) * lda : a, lda, some,
              columns);
  }
}

/* sum [4] += over the rows of a block, error times rate, for each synapse of each group. */
NAI__INLINE void list_groups(float *sum, const float *error, const float *x, const uint16_t *sender,
                             int64_t groups)
{
  vec d[NAI__LIST_DEEP];
#pragma GCC unroll 8
  for (int v = 0; v < NAI__LIST_DEEP; v++) d[v] = load(error + v * NAI__LANES);
  for (int64_t g = 0; g < groups; g++, sender += 4, sum += 4) {
    const float *const at[4] = {x + sender[0] * NAI__LIST_DEPTH, x + sender[1] * NAI__LIST_DEPTH,
                                x + sender[2] * NAI__LIST_DEPTH, x + sender[3] * NAI__LIST_DEPTH};
    vec s[4] = {{0}};
#pragma GCC unroll 8
    for (int v = 0; v < NAI__LIST_DEEP; v++)
#pragma GCC unroll 4
      for (int p = 0; p < 4; p++) s[p] = fused(d[v], load(at[p] + v * NAI__LANES), s[p]);
    add_sums(sum, s);
  }
}

/*
 * What is turned comes from far away, a few lines of each of many rows, which no processor foresees: it
 * is asked for while what came before is multiplied.
 */
typedef struct errands {
  const float *at; /* the row at hand, of which `columns` */
  int64_t ld, columns;
  int64_t left, here; /* rows to come, and of these in this step */
  nai__rows rows;
  int64_t share; /* lines to ask for each time */
  int64_t column;
} errands;

/* `some` rows from `row` on, if any. */
static errands errands_new(const float *a, int64_t ld, nai__rows rows, int64_t row, int64_t some,
                           int64_t columns, int64_t times)
{
  const int64_t lines = some * ((columns + 15) / 16);
  return (errands){.at = some ? a + nai__row_place(rows, row) * ld : a,
                   .ld = ld,
                   .columns = columns,
                   .left = some,
                   .here = rows.each - row % rows.each,
                   .rows = rows,
                   .share = (lines + times - 1) / (times > 0 ? times : 1)};
}

NAI__INLINE void errands_run(errands *e)
{
  for (int64_t line = 0; line < e->share && e->left > 0; line++) {
    __builtin_prefetch(e->at + e->column, 0, 2);
    e->column += 16;
    if (e->column < e->columns) continue;
    e->column = 0;
    e->left--;
    if (e->left > 0) e->at += e->ld;
    if (--e->here > 0) continue;
    e->here = e->rows.each;
    if (e->left > 0) e->at += (e->rows.apart - e->rows.each) * e->ld;
  }
}

/* Receivers first .. end - 1, one block of rows, from `row` on. */
static void list_deep(const nai__lists *l, const float *d, int64_t ldd, const float *r, int64_t ldr,
                      nai__rows rows, int64_t row, int64_t first, int64_t end, float *scratch)
{
  _Alignas(64) float x[(NAI__LIST_NEAR + 1) * NAI__LIST_DEPTH];
  float *const errors = scratch + 4 * l->groups;
  const int64_t n = end - first, some = at_most(NAI__LIST_DEPTH, rows.n - row), after = row + some,
                next = at_most(NAI__LIST_DEPTH, rows.n - after);
  errands d_ahead = errands_new(d + first, ldd, rows, after, next, n, n * l->near);
  memset(x + NAI__LIST_NEAR * NAI__LIST_DEPTH, 0, NAI__LIST_DEPTH * sizeof *x);
  turn_deep(errors, d + first, ldd, rows, row, n);
  for (int64_t near = 0; near < l->near; near++) {
    const int64_t from = near * NAI__LIST_NEAR, beyond = from + NAI__LIST_NEAR;
    const int32_t *const start = l->start + near * (l->n + 1);
    errands r_ahead =
        beyond < l->k ? errands_new(r + beyond, ldr, rows, row, some,
                                    at_most(NAI__LIST_NEAR, l->k - beyond), n)
                      : errands_new(r, ldr, rows, after, next, at_most(NAI__LIST_NEAR, l->k), n);
    turn_deep(x, r + from, ldr, rows, row, at_most(NAI__LIST_NEAR, l->k - from));
    for (int64_t i = first; i < end; i++) {
      errands_run(&r_ahead);
      errands_run(&d_ahead);
      if (start[i + 1] > start[i])
        list_groups(scratch + 4 * start[i], errors + (i - first) * NAI__LIST_DEPTH, x,
                    l->sender + 4 * (int64_t)start[i], start[i + 1] - start[i]);
    }
  }
}

/* The same where w has one number for each synapse, in their order. */
static void list_sums_in_order(const nai__lists *l, float *w, int64_t first, int64_t end,
                               float *sums, int to_w)
{
  for (int64_t i = first; i < end; i++) {
    float *at = w + l->rows[i];
    for (int64_t near = 0; near < l->near; near++) {
      const int32_t *const start = l->start + near * (l->n + 1);
      for (int64_t g = 4 * (int64_t)start[i]; g < 4 * (int64_t)start[i + 1]; g++) {
        if (l->sender[g] == NAI__LIST_NEAR) continue;
        *(to_w ? at : &sums[g]) = to_w ? sums[g] : *at;
        at++;
      }
    }
  }
}

/* sums [groups][4] of receivers first .. end - 1, from w or to it. */
static void list_sums(const nai__lists *l, float *w, int64_t ldw, int64_t first, int64_t end,
                      float *sums, int to_w)
{
  if (l->rows) {
    list_sums_in_order(l, w, first, end, sums, to_w);
    return;
  }
  for (int64_t near = 0; near < l->near; near++) {
    const int32_t *const start = l->start + near * (l->n + 1);
    for (int64_t i = first; i < end; i++)
      for (int64_t g = 4 * (int64_t)start[i]; g < 4 * (int64_t)start[i + 1]; g++) {
        if (l->sender[g] == NAI__LIST_NEAR) continue;
        float *const at = w + i * ldw + near * NAI__LIST_NEAR + l->sender[g];
        *(to_w ? at : &sums[g]) = to_w ? sums[g] : *at;
      }
  }
}

static void list_outer(float *w, int64_t ldw, const float *d, int64_t ldd, const float *r,
                       int64_t ldr, nai__rows rows, const nai__lists *l, int64_t first, int64_t end,
                       int accumulate, float *scratch)
{
  for (int64_t near = 0; near < l->near; near++) {
    const int32_t *const start = l->start + near * (l->n + 1);
    memset(scratch + 4 * (int64_t)start[first], 0,
           (size_t)(4 * (start[end] - start[first])) * sizeof *scratch);
  }
  if (accumulate) list_sums(l, w, ldw, first, end, scratch, 0);
  for (int64_t row = 0; row < rows.n; row += NAI__LIST_DEPTH)
    list_deep(l, d, ldd, r, ldr, rows, row, first, end, scratch);
  for (int64_t i = first; i < end && !accumulate && !l->rows; i++)
    memset(w + i * ldw, 0, (size_t)l->k * sizeof *w);
  list_sums(l, w, ldw, first, end, scratch, 1);
}
