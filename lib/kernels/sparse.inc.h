/*
 * Products and the weight gradient where most of the rates are 0, as in images of strokes, stimuli at
 * one place, populations of which few units fire. Each row has its own places of zeros, so a
 * multiply-add cannot serve many rows: places are listed for each row, and a tile is one row by one
 * panel. It reads a vector of the panel from the first-level cache for each multiply-add, and pays
 * where fewer than one rate in NAI__SPARSE is not 0.
 *
 * Terms that are 0 are left out of the same chains, so bits are those of the other tiles; but a weight
 * or an error that is not a number meets fewer sums.
 */

#define NAI__SPARSE 3
#define NAI__SPARSE_LISTS 64  /* that are kept at once: of rows, or of columns of a gradient */
#define NAI__SPARSE_DEPTH 128 /* of a panel, at most, that stays in the first-level cache */
#define NAI__SPARSE_LOOK 8    /* one row in so many is looked at */

_Static_assert(NAI__OUTER_DEPTH <= NAI__SPARSE_DEPTH && NAI__SPARSE_DEPTH <= 256,
               "places are bytes");

static int64_t count_active(const float *a, int64_t k)
{
  int64_t count = 0, i = 0;
#if NAI__WIDTH == 64
  for (; i + NAI__LANES <= k; i += NAI__LANES)
    count += __builtin_popcount((__mmask16)~is_zero(load(a + i)));
#endif
  for (; i < k; i++) count += a[i] != 0.0f;
  return count;
}

/* Whether leaving out zeros pays for a [rows, k], in products with n columns. */
static int is_sparse(const float *a, int64_t lda, int64_t rows, int64_t k, int64_t n)
{
  int64_t on = 0, looked = 0;
  if (rows < NAI__SPARSE_LOOK || k < 2 * NAI__LANES || n < 2 * NAI__LANES) return 0;
  for (int64_t row = 0; row < rows; row += NAI__SPARSE_LOOK, looked += k)
    on += count_active(a + row * lda, k);
  return on * NAI__SPARSE < looked;
}

/* Places of a panel where rates are not 0, ascending, and these rates. 41 KB */
typedef struct sparse_lists {
  int32_t count[NAI__SPARSE_LISTS];
  uint8_t place[NAI__SPARSE_LISTS][NAI__SPARSE_DEPTH];
  float rate[NAI__SPARSE_LISTS][NAI__SPARSE_DEPTH];
} sparse_lists;

/* Goes on with the chains of `sum` by what is in a list; `vectors` is a constant. */
NAI__INLINE void add_listed(int vectors, vec *sum, const sparse_lists *l, int64_t list,
                            const float *panel)
{
  for (int64_t i = 0; i < l->count[list]; i++) {
    const float *const from = panel + l->place[list][i] * vectors * NAI__LANES;
    const vec x = all(l->rate[list][i]);
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) sum[v] = fused(x, load(from + v * NAI__LANES), sum[v]);
  }
}

/* A list for each row. */
static void list_active(sparse_lists *l, const float *a, int64_t lda, int64_t rows, int64_t depth)
{
  for (int64_t row = 0; row < rows; row++, a += lda) {
    int64_t found = 0, i = 0;
#if NAI__WIDTH == 64
    for (; i + 16 <= depth; i += 16) { /* as found <= i, there is room for all 16 */
      const vec x = load(a + i);
      const __mmask16 on = (__mmask16)~is_zero(x);
      const __m512i here = (__m512i)(lane_number() + (int32_t)i);
      _mm_storeu_si128((__m128i *)(l->place[row] + found),
                       _mm512_cvtepi32_epi8(_mm512_maskz_compress_epi32(on, here)));
      store(l->rate[row] + found, _mm512_maskz_compress_ps(on, x));
      found += __builtin_popcount(on);
    }
#endif
    for (; i < depth; i++) {
      l->place[row][found] = (uint8_t)i;
      l->rate[row][found] = a[i];
      found += a[i] != 0.0f;
    }
    l->count[row] = (int32_t)found;
  }
}

/* c [columns] = or += the sum over the places listed; `vectors` is a constant. */
NAI__INLINE void sparse_row(int vectors, float *c, const sparse_lists *l, int64_t row,
                            const float *panel, int64_t columns, int accumulate)
{
  const int last = vectors - 1;
  vec sum[NAI__VECTORS];
#pragma GCC unroll 4
  for (int v = 0; v < vectors; v++) {
    sum[v] = (vec){0};
    if (accumulate)
      sum[v] = v < last ? load(c + v * NAI__LANES)
                        : load_up_to(c + v * NAI__LANES, columns - v * NAI__LANES);
  }
  add_listed(vectors, sum, l, row, panel);
#pragma GCC unroll 4
  for (int v = 0; v < vectors; v++) {
    const vec x = sum[v] + 0.0f;
    if (v < last)
      store(c + v * NAI__LANES, x);
    else
      store_up_to(c + v * NAI__LANES, x, columns - v * NAI__LANES);
  }
}

/* What some rows have in `depth` places, by one panel; asks for what the next panel has there. */
NAI__INLINE void sparse_panel(int vectors, float *c, int64_t ldc, const sparse_lists *l,
                              const float *panel, const char *ahead, int64_t rows, int64_t depth,
                              int64_t columns, int accumulate)
{
  const int64_t share = depth * vectors * NAI__WIDTH / rows;
  for (int64_t row = 0; row < rows; row++) {
    for (int64_t byte = 0; ahead && byte < share; byte += 64)
      __builtin_prefetch(ahead + byte, 0, 2);
    if (ahead) ahead += share;
    sparse_row(vectors, c + row * ldc, l, row, panel, columns, accumulate);
  }
}

static void sparse_rows(float *c, int64_t ldc, const float *a, int64_t lda, const float *packed,
                        int64_t rows, int64_t k, int64_t n, int accumulate)
{
  const panels p = panels_of(n);
  const int64_t parts = (k + NAI__SPARSE_DEPTH - 1) / NAI__SPARSE_DEPTH,
                even = (k + parts - 1) / parts;
  sparse_lists l;
  for (int64_t first = 0; first < k; first += even) {
    const int64_t depth = at_most(even, k - first);
    const float *panel = packed;
    list_active(&l, a + first, lda, rows, depth);
    for (int64_t i = 0, column = 0; i < p.count; i++) {
      const int64_t vectors = panel_vectors(&p, i), width = vectors * NAI__LANES;
      const float *const here = panel + first * width;
      const char *const ahead = i + 1 < p.count ? (const char *)(here + k * width) : NULL;
      const int add = accumulate || first > 0;
#define NAI__SPARSE_PANEL(vectors)                                                                 \
  sparse_panel(vectors, c + column, ldc, &l, here, ahead, rows, depth, at_most(width, n - column), \
               add)
      if (vectors == 1) NAI__SPARSE_PANEL(1);
      if (vectors == 2) NAI__SPARSE_PANEL(2);
#if NAI__VECTORS == 3
      if (vectors == 3) NAI__SPARSE_PANEL(3);
#endif
#undef NAI__SPARSE_PANEL
      panel += k * width;
      column += width;
    }
  }
}

static void sparse_product(float *c, int64_t ldc, const float *a, int64_t lda, const float *packed,
                           int64_t rows, int64_t k, int64_t n, int accumulate)
{
  for (int64_t row = 0; row < rows; row += NAI__SPARSE_LISTS)
    sparse_rows(c + row * ldc, ldc, a + row * lda, lda, packed,
                at_most(NAI__SPARSE_LISTS, rows - row), k, n, accumulate);
}

/* product(), by whichever way is faster; the bits are the same. */
static void any_product(float *c, int64_t ldc, const float *a, int64_t lda, const float *packed,
                        int64_t rows, int64_t k, int64_t n, int accumulate)
{
  (is_sparse(a, lda, rows, k, n) ? sparse_product : product)(c, ldc, a, lda, packed, rows, k, n,
                                                             accumulate);
}

/* --- the weight gradient ---------------------------------------------------------------------- */

/* A list for each column: the rows in which it is not 0. */
static void list_strip(sparse_lists *l, const float *r, int64_t ldr, int64_t depth, int64_t columns)
{
  memset(l->count, 0, sizeof l->count);
  for (int64_t row = 0; row < depth; row++, r += ldr) {
    int32_t on[NAI__SPARSE_LISTS];
    const int64_t found = active(on, r, columns);
    for (int64_t i = 0; i < found; i++) {
      const int32_t at = l->count[on[i]]++;
      l->place[on[i]][at] = (uint8_t)row;
      l->rate[on[i]][at] = r[on[i]];
    }
  }
}

/*
 * Rows of w of one panel of d, `vectors` (a constant) of NAI__LANES, and at most NAI__LANES columns, from `first` of
 * the lists on: made column by column, and turned.
 */
NAI__INLINE void sparse_square(int vectors, float *w, int64_t ldw, const float *d,
                               const sparse_lists *l, int64_t first, int64_t columns, int64_t m,
                               int mode)
{
  vec sum[NAI__VECTORS][NAI__LANES];
  for (int64_t j = 0; j < NAI__LANES; j++) {
    vec s[NAI__VECTORS];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) {
      s[v] = (vec){0};
      if (v * NAI__LANES + j < m) __builtin_prefetch(w + (v * NAI__LANES + j) * ldw, 1);
    }
    if (j < columns) add_listed(vectors, s, l, first + j, d);
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) sum[v][j] = s[v] + 0.0f;
  }
#pragma GCC unroll 4
  for (int v = 0; v < vectors; v++) {
    transpose(sum[v]);
    const int64_t rows = at_most(NAI__LANES, m - v * NAI__LANES);
    for (int64_t i = 0; i < rows; i++) {
      float *const to = w + (v * NAI__LANES + i) * ldw;
      vec x = sum[v][i];
      if (mode == NAI__ADD) x += load_up_to(to, columns);
      store_up_to(to, x, columns);
    }
  }
}

/* outer_block(), where few of r are not 0. packed: room for d in panels. */
static __attribute__((noinline)) void sparse_outer(float *w, int64_t ldw, const float *d,
                                                   int64_t ldd, const float *r, int64_t ldr,
                                                   int64_t depth, int64_t m, int64_t n, int mode,
                                                   float *packed)
{
  const panels p = panels_of(m);
  sparse_lists l;
  pack(packed, d, ldd, depth, m, 0);
  for (int64_t j = 0; j < n; j += NAI__SPARSE_LISTS) {
    const int64_t strip = at_most(NAI__SPARSE_LISTS, n - j);
    const float *panel = packed;
    list_strip(&l, r + j, ldr, depth, strip);
    for (int64_t at = 0, i = 0; at < p.count; at++) {
      const int64_t vectors = panel_vectors(&p, at), width = vectors * NAI__LANES;
      for (int64_t s = 0; s < strip; s += NAI__LANES) {
        float *const to = w + i * ldw + j + s;
        const int64_t columns = at_most(NAI__LANES, strip - s);
        if (vectors == 1) sparse_square(1, to, ldw, panel, &l, s, columns, m - i, mode);
        if (vectors == 2) sparse_square(2, to, ldw, panel, &l, s, columns, m - i, mode);
#if NAI__VECTORS == 3
        if (vectors == 3) sparse_square(3, to, ldw, panel, &l, s, columns, m - i, mode);
#endif
      }
      panel += depth * width;
      i += width;
    }
  }
}
