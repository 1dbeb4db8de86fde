/*
 * Products with a packed matrix. The columns are cut into panels of up to NAI__VECTORS vectors, as
 * even as they come (7 vectors: 3 + 2 + 2); a panel holds its columns for k = 0, then for k = 1,
 * and so on. A tile is NAI__ROWS rows by one panel, all of it in registers while k runs.
 *
 * The sum of an element is one chain of fused multiply-adds over k in every function here, whatever
 * the tile; that makes a row's bits independent of the rows around it. Adding 0 at the end makes -0
 * (a product that underflowed) +0, for then it makes no difference whether terms that are 0 were
 * added or skipped.
 */

/* Registers: NAI__ROWS * NAI__VECTORS sums, NAI__VECTORS of the panel and one of a. */
#if NAI__WIDTH == 64 || defined(NAI__NEON)
#define NAI__ROWS 8
#define NAI__VECTORS 3
#elif NAI__WIDTH == 32
#define NAI__ROWS 4
#define NAI__VECTORS 3
#else
#define NAI__ROWS 4
#define NAI__VECTORS 2
#endif

/*
 * Between the halves of a tile's rows: nothing is read ahead of time across it. The sums leave no
 * registers for all rows of a at once; GCC reads them first all the same, and spills sums.
 */
#if defined(NAI__NEON)
#define NAI__HALF __asm__ volatile("" ::: "memory")
#else
#define NAI__HALF (void)0
#endif

#define NAI__FAR (1 << 18) /* floats of a matrix that may not stay in the second-level cache */

typedef struct panels {
  int64_t count;
  int64_t wider; /* the first `wider` panels have one vector more than the others */
  int64_t vectors;
} panels;

NAI__INLINE panels panels_of(int64_t n)
{
  int64_t all_vectors = (n + NAI__LANES - 1) / NAI__LANES;
  int64_t count = (all_vectors + NAI__VECTORS - 1) / NAI__VECTORS;
  /* all_vectors / count, by constants alone: a division takes as long as ten products */
  int64_t vectors =
      all_vectors % NAI__VECTORS == 0 ? NAI__VECTORS : at_most(all_vectors, NAI__VECTORS - 1);
  return (panels){count, all_vectors - count * vectors, vectors};
}

NAI__INLINE int64_t panel_vectors(const panels *p, int64_t panel)
{
  return p->vectors + (panel < p->wider);
}

static int64_t packed_size(int64_t k, int64_t n)
{
  int64_t lanes = (n + 15) / 16 * 16;
  return k > 0 && n > 0 ? k * lanes : 16;
}

/* One panel of `width` columns, of which the first `columns` exist. */
static void pack_panel(float *packed, const float *w, int64_t ldw, int64_t k, int64_t columns,
                       int64_t width)
{
  for (int64_t i = 0; i < k; i++, w += ldw, packed += width) {
    int64_t j = 0;
    for (; j + NAI__LANES <= columns; j += NAI__LANES) store(packed + j, load(w + j));
    for (; j < width; j += NAI__LANES) store(packed + j, load_up_to(w + j, columns - j));
  }
}

/*
 * Columns first .. end - 1 of it, of which the first `columns` exist, in squares, so that each line of w is read
 * once; from more rows than the processor follows by itself.
 */
static void pack_panel_transposed(float *packed, const float *w, int64_t ldw, int64_t k,
                                  int64_t columns, int64_t width, int64_t first, int64_t end)
{
  for (int64_t i = 0; i < k; i += NAI__LANES) {
    const int64_t depth = at_most(NAI__LANES, k - i);
    for (int64_t j = first; j < end; j += NAI__LANES) {
      const int64_t some = at_most(NAI__LANES, columns - j);
      vec v[NAI__LANES];
#pragma GCC unroll 16
      for (int row = 0; row < NAI__LANES; row++) {
        const float *const from = w + (j + row) * ldw + i;
        if (depth == NAI__LANES) __builtin_prefetch(from + 16);
        v[row] = row < some ? load_up_to(from, depth) : (vec){0};
      }
      transpose(v);
#pragma GCC unroll 16
      for (int row = 0; row < NAI__LANES; row++)
        if (row < depth) store(packed + (i + row) * width + j, v[row]);
    }
  }
}

static void pack_columns(float *packed, const float *w, int64_t ldw, int64_t k, int64_t n,
                         int64_t first, int64_t end)
{
  const panels p = panels_of(n);
  for (int64_t panel = 0, j = 0; panel < p.count && j < end; panel++) {
    const int64_t width = panel_vectors(&p, panel) * NAI__LANES, columns = at_most(width, n - j);
    const int64_t from = first > j ? first - j : 0;
    pack_panel_transposed(packed, w + j * ldw, ldw, k, columns, width, from,
                          at_most(width, end - j));
    packed += k * width;
    j += columns;
  }
}

static void pack(float *packed, const float *w, int64_t ldw, int64_t k, int64_t n, int transposed)
{
  const panels p = panels_of(n);
  if (transposed) {
    pack_columns(packed, w, ldw, k, n, 0, n);
    return;
  }
  for (int64_t panel = 0, j = 0; panel < p.count; panel++) {
    const int64_t width = panel_vectors(&p, panel) * NAI__LANES, columns = at_most(width, n - j);
    pack_panel(packed, w + j, ldw, k, columns, width);
    packed += k * width;
    j += columns;
  }
}

/* What a tile does with c. */
enum { NAI__SET = 0, NAI__CONTINUE = 1, NAI__ADD = 2 };

/*
 * c [rows, columns] from sums over i of a[row * a_row + i * a_step] b[i * b_step + column]: alone,
 * continuing the chain that c holds, or added to c. Only the last of the `vectors` may be partial;
 * `half`: no more than half of it is there. Meanwhile what lies at `ahead`, ahead_step bytes further at
 * each i, is asked for, and what is read of b is packed into `kept`; neither when NULL. rows, vectors,
 * half, and whether those two are NULL, are constants.
 */
NAI__INLINE void tile(int rows, int vectors, int half, float *c, int64_t ldc, const float *a,
                      int64_t a_row, int64_t a_step, const float *b, int64_t b_step, int64_t k,
                      int64_t columns, int mode, const char *ahead, int64_t ahead_step, float *kept)
{
  const int last = vectors - 1;
  const int64_t rest = columns - last * NAI__LANES;
  vec sum[NAI__ROWS][NAI__VECTORS];
  float *at = c;
#pragma GCC unroll 8
  for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) {
      sum[r][v] = (vec){0};
      if (mode == NAI__CONTINUE)
        sum[r][v] = v < last ? load(at + v * NAI__LANES) : load_up_to(at + v * NAI__LANES, rest);
      if (mode == NAI__ADD) __builtin_prefetch(at + v * NAI__LANES, 1);
    }
    at += ldc;
  }
  for (int64_t i = 0; i < k; i++) {
    vec panel[NAI__VECTORS];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) {
      panel[v] = load(b + v * NAI__LANES);
      if (kept) store(kept + v * NAI__LANES, panel[v]);
    }
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++) {
      const vec x = half && vectors == 1 ? all_half(a[r * a_row]) : all(a[r * a_row]);
#pragma GCC unroll 4
      for (int v = 0; v < vectors; v++)
        sum[r][v] =
            half && v == last ? fused_half(x, panel[v], sum[r][v]) : fused(x, panel[v], sum[r][v]);
      if (r == 3) NAI__HALF;
    }
    a += a_step;
    b += b_step;
    if (kept) kept += vectors * NAI__LANES;
    if (ahead) __builtin_prefetch(ahead, 0, 2);
    if (ahead) ahead += ahead_step;
  }
#pragma GCC unroll 8
  for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) {
      vec x = sum[r][v] + 0.0f;
      if (v < last) {
        store(c + v * NAI__LANES, mode == NAI__ADD ? load(c + v * NAI__LANES) + x : x);
      } else {
        if (mode == NAI__ADD) x += load_up_to(c + v * NAI__LANES, rest);
        store_up_to(c + v * NAI__LANES, x, rest);
      }
    }
    c += ldc;
  }
}

typedef void tile_function(float *c, int64_t ldc, const float *a, int64_t lda, const float *b,
                           int64_t b_step, int64_t k, int64_t columns, int mode, const char *ahead,
                           int64_t ahead_step, float *kept);

/*
 * Every size of tile: along the rows of a for the product, across them for the weight gradient, and
 * the largest across them while it packs b for the others.
 */
#define NAI__TILE(name, rows, vectors, half, a_row, a_step, to_add, ahead, kept)          \
  static void name(float *c, int64_t ldc, const float *a, int64_t lda, const float *b,    \
                   int64_t b_step, int64_t k, int64_t columns, int mode, const char *far, \
                   int64_t far_step, float *packed)                                       \
  {                                                                                       \
    (void)far, (void)far_step, (void)packed;                                              \
    tile(rows, vectors, half, c, ldc, a, a_row, a_step, b, b_step, k, columns,            \
         mode == NAI__SET ? NAI__SET : to_add, ahead, far_step, kept);                    \
  }
#define NAI__SIZE(rows, vectors)                                                           \
  NAI__TILE(along_##rows##_##vectors, rows, vectors, 0, lda, 1, NAI__CONTINUE, NULL, NULL) \
  NAI__TILE(across_##rows##_##vectors, rows, vectors, 0, 1, lda, NAI__ADD, far, NULL)
#define NAI__NAMES(kind, rows)                                   \
  {                                                              \
    kind##_##rows##_1, kind##_##rows##_2 NAI__NAME_3(kind, rows) \
  }
#if NAI__VECTORS == 3
#define NAI__SIZES(rows) NAI__SIZE(rows, 1) NAI__SIZE(rows, 2) NAI__SIZE(rows, 3)
#define NAI__NAME_3(kind, rows) , kind##_##rows##_3
#else
#define NAI__SIZES(rows) NAI__SIZE(rows, 1) NAI__SIZE(rows, 2)
#define NAI__NAME_3(kind, rows)
#endif

NAI__SIZES(1)
NAI__SIZES(2)
NAI__SIZES(3)
NAI__SIZES(4)
#if NAI__ROWS == 8
NAI__SIZES(5)
NAI__SIZES(6)
NAI__SIZES(7)
NAI__SIZES(8)
#define NAI__ALL_NAMES(kind)                                                          \
  NAI__NAMES(kind, 1), NAI__NAMES(kind, 2), NAI__NAMES(kind, 3), NAI__NAMES(kind, 4), \
      NAI__NAMES(kind, 5), NAI__NAMES(kind, 6), NAI__NAMES(kind, 7), NAI__NAMES(kind, 8)
#else
#define NAI__ALL_NAMES(kind) \
  NAI__NAMES(kind, 1), NAI__NAMES(kind, 2), NAI__NAMES(kind, 3), NAI__NAMES(kind, 4)
#endif

static tile_function *const along[NAI__ROWS][NAI__VECTORS] = {NAI__ALL_NAMES(along)};
static tile_function *const across[NAI__ROWS][NAI__VECTORS] = {NAI__ALL_NAMES(across)};

NAI__TILE(far_1, NAI__ROWS, 1, 0, lda, 1, NAI__CONTINUE, far, NULL)
NAI__TILE(far_2, NAI__ROWS, 2, 0, lda, 1, NAI__CONTINUE, far, NULL)
NAI__TILE(first_1, NAI__ROWS, 1, 0, 1, lda, NAI__ADD, far, packed)
NAI__TILE(first_2, NAI__ROWS, 2, 0, 1, lda, NAI__ADD, far, packed)
#if NAI__VECTORS == 3
NAI__TILE(far_3, NAI__ROWS, 3, 0, lda, 1, NAI__CONTINUE, far, NULL)
NAI__TILE(first_3, NAI__ROWS, 3, 0, 1, lda, NAI__ADD, far, packed)
static tile_function *const along_far[NAI__VECTORS] = {far_1, far_2, far_3};
static tile_function *const first[NAI__VECTORS] = {first_1, first_2, first_3};
#else
static tile_function *const along_far[NAI__VECTORS] = {far_1, far_2};
static tile_function *const first[NAI__VECTORS] = {first_1, first_2};
#endif

/* The largest, where half of the last vector or less is there. */
#if NAI__WIDTH == 64
NAI__TILE(half_1, NAI__ROWS, 1, 1, lda, 1, NAI__CONTINUE, NULL, NULL)
NAI__TILE(half_2, NAI__ROWS, 2, 1, lda, 1, NAI__CONTINUE, NULL, NULL)
NAI__TILE(half_3, NAI__ROWS, 3, 1, lda, 1, NAI__CONTINUE, NULL, NULL)
static tile_function *const along_half[NAI__VECTORS] = {half_1, half_2, half_3};
#else
#define along_half (along[NAI__ROWS - 1])
#endif

static tile_function *tile_along(int64_t rows, int64_t vectors, int64_t columns, int far)
{
  if (rows < NAI__ROWS) return along[rows - 1][vectors - 1];
  if (vectors * NAI__LANES - columns >= NAI__LANES / 2) return along_half[vectors - 1];
  return (far ? along_far : along[NAI__ROWS - 1])[vectors - 1];
}

/*
 * The panels of a large matrix come from beyond the second-level cache, each once; while the rows
 * meet one panel, the next is asked for, a share in each tile.
 */
static void product(float *c, int64_t ldc, const float *a, int64_t lda, const float *packed,
                    int64_t rows, int64_t k, int64_t n, int accumulate)
{
  const panels p = panels_of(n);
  const int far = k * n > NAI__FAR && rows > NAI__ROWS;
  const int mode = accumulate ? NAI__CONTINUE : NAI__SET;
  for (int64_t panel = 0; panel < p.count; panel++) {
    const int64_t vectors = panel_vectors(&p, panel), width = vectors * NAI__LANES;
    const int64_t columns = at_most(width, n);
    const int64_t step = panel + 1 < p.count ? width * 4 * NAI__ROWS / rows : 0;
    for (int64_t row = 0; row < rows; row += NAI__ROWS) {
      const int64_t some = at_most(NAI__ROWS, rows - row);
      tile_function *run = tile_along(some, vectors, columns, far);
      run(c + row * ldc, ldc, a + row * lda, lda, packed, width, k, columns, mode,
          (const char *)(packed + (step ? k * width : 0)) + row / NAI__ROWS * k * step, step, NULL);
    }
    packed += k * width;
    c += columns;
    n -= columns;
  }
}

/* --- one row ---------------------------------------------------------------------------------- */

/* The places where a is not 0, in order; returns how many. NaN is not 0. */
static int64_t active(int32_t *index, const float *a, int64_t k)
{
  int64_t count = 0, i = 0;
#if NAI__WIDTH == 64
  for (; i + 16 <= k; i += 16) {
    __mmask16 on = (__mmask16)~is_zero(load(a + i));
    __m512i here = (__m512i)(lane_number() + (int32_t)i);
    /* As count <= i, there is room for all 16. */
    _mm512_storeu_si512(index + count, _mm512_maskz_compress_epi32(on, here));
    count += __builtin_popcount(on);
  }
#endif
  for (; i < k; i++) {
    index[count] = (int32_t)i;
    count += a[i] != 0.0f;
  }
  return count;
}

/*
 * `wide` panels of NAI__VECTORS vectors and then `less` of `fewer`, side by side in c; constants all.
 * The chains of many at once hide the latency of one.
 */
NAI__INLINE void row_tile(int wide, int less, int fewer, float *c, const float *a, const float *b,
                          int64_t k, const int32_t *index, int64_t count, int64_t columns,
                          int accumulate)
{
  const int first = wide * NAI__VECTORS, n = first + less * fewer;
  const int64_t width = NAI__VECTORS * NAI__LANES, narrower = fewer * NAI__LANES;
  vec sum[4 * NAI__VECTORS];
#pragma GCC unroll 12
  for (int v = 0; v < n; v++) {
    sum[v] = (vec){0};
    if (accumulate) sum[v] = load_up_to(c + v * NAI__LANES, columns - v * NAI__LANES);
  }
  for (int64_t i = 0; i < count; i++) {
    const int64_t at = index[i];
    const vec x = all(a[at]);
    const float *from = b + at * width, *rest = b + wide * k * width + at * narrower;
#pragma GCC unroll 12
    for (int v = 0; v < n; v++)
      sum[v] =
          fused(x,
                load(v < first ? from + v / NAI__VECTORS * k * width + v % NAI__VECTORS * NAI__LANES
                               : rest + (v - first) / fewer * k * narrower +
                                     (v - first) % fewer * NAI__LANES),
                sum[v]);
  }
#pragma GCC unroll 12
  for (int v = 0; v < n; v++)
    store_up_to(c + v * NAI__LANES, sum[v] + 0.0f, columns - v * NAI__LANES);
}

#define NAI__ROW_TILE(name, wide, less, fewer)                                                 \
  static void row_##name(float *c, const float *a, const float *b, int64_t k,                  \
                         const int32_t *index, int64_t count, int64_t columns, int accumulate) \
  {                                                                                            \
    row_tile(wide, less, fewer, c, a, b, k, index, count, columns, accumulate);                \
  }
#define NAI__FEWER (NAI__VECTORS - 1)
NAI__ROW_TILE(single, 0, 1, 1)
NAI__ROW_TILE(1_0, 1, 0, NAI__FEWER)
NAI__ROW_TILE(2_0, 2, 0, NAI__FEWER)
NAI__ROW_TILE(3_0, 3, 0, NAI__FEWER)
NAI__ROW_TILE(4_0, 4, 0, NAI__FEWER)
NAI__ROW_TILE(0_1, 0, 1, NAI__FEWER)
NAI__ROW_TILE(1_1, 1, 1, NAI__FEWER)
NAI__ROW_TILE(2_1, 2, 1, NAI__FEWER)
NAI__ROW_TILE(3_1, 3, 1, NAI__FEWER)
#if NAI__VECTORS == 3
NAI__ROW_TILE(0_2, 0, 2, NAI__FEWER)
NAI__ROW_TILE(1_2, 1, 2, NAI__FEWER)
NAI__ROW_TILE(2_2, 2, 2, NAI__FEWER)
#else
#define row_0_2 NULL
#define row_1_2 NULL
#define row_2_2 NULL
#endif

typedef void row_function(float *c, const float *a, const float *b, int64_t k, const int32_t *index,
                          int64_t count, int64_t columns, int accumulate);

/* By wide panels, and by those of one vector less, of which there are fewer than NAI__VECTORS. */
static row_function *const row_tiles[5][3] = {{NULL, row_0_1, row_0_2},
                                              {row_1_0, row_1_1, row_1_2},
                                              {row_2_0, row_2_1, row_2_2},
                                              {row_3_0, row_3_1, NULL},
                                              {row_4_0, NULL, NULL}};

static void row_product(float *c, const float *a, const float *packed, int64_t k, int64_t n,
                        int accumulate, int32_t *index)
{
  if (k > INT32_MAX) {
    product(c, n, a, k, packed, 1, k, n, accumulate);
    return;
  }
  const panels p = panels_of(n);
  const int64_t count = active(index, a, k);
  if (p.vectors < NAI__FEWER) {
    row_single(c, a, packed, k, index, count, n, accumulate);
    return;
  }
  int64_t left = p.count, wides = p.vectors == NAI__VECTORS ? p.count : p.wider;
  while (left > 0) {
    int64_t together = left % 4 == 0 ? 4 : at_most(left, 3);
    int64_t wide = at_most(together, wides), less = together - wide;
    int64_t width = (wide * NAI__VECTORS + less * NAI__FEWER) * NAI__LANES;
    row_tiles[wide][less](c, a, packed, k, index, count, at_most(width, n), accumulate);
    packed += k * width;
    c += width;
    n -= width;
    left -= together;
    wides -= wide;
  }
}
