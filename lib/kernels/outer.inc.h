/*
 * The weight gradient: w [m, n] = sum over rows of d[row][i] r[row][j], thousands of rows. Rows are
 * taken NAI__DEPTH at a time, and each block's sums are added to w. So every element is a sum of
 * blocks, each block is one chain, and the bits are the same however m is cut.
 *
 * A block of r is packed in panels, which stay in the first-level cache while they meet all of d. A
 * block of d is read as it lies, as long as its rows are so near each other that the processor
 * foresees the next; else it is packed too. d and r come from far away, once: while one block is
 * multiplied the next one is asked for, a little in each tile, so that it comes in as fast as it is
 * used up.
 */

#define NAI__DEPTH NAI__OUTER_DEPTH
#define NAI__NARROW (NAI__LANES / 2) /* so many last columns of w are made transposed */
#define NAI__STRIP 16                /* columns of d that are packed together: a cache line */

/* Leading dimension up to which d is not packed: prefetchers see no pattern beyond 2 KiB. */
#define NAI__NEAR_ROWS 512

static int64_t rounded(int64_t n)
{
  return (n + 15) / 16 * 16;
}

static int64_t outer_scratch(int64_t m, int64_t n)
{
  const int64_t wider = m > n ? m : n;
  return NAI__DEPTH * (rounded(wider) + NAI__VECTORS * NAI__LANES) + NAI__NARROW * rounded(m);
}

/* What is asked for in the tiles of a block: so many bytes of d, then of r, then nothing new. */
typedef struct errand {
  const char *at[3];
  int64_t bytes[3]; /* still to ask for */
  int64_t share;    /* of a tile */
} errand;

static errand errand_new(const float *d, int64_t ldd, const float *r, int64_t ldr, int64_t apart,
                         int64_t next, int64_t tiles)
{
  errand e = {{(const char *)(d + apart * ldd), (const char *)(r + apart * ldr), (const char *)d},
              {next * ldd * 4, next * ldr * 4, INT64_MAX},
              0};
  e.share = (e.bytes[0] + e.bytes[1]) / (tiles > 2 ? tiles - 2 : 1);
  return e;
}

static const char *errand_next(errand *e)
{
  const int which = e->bytes[0] > 0 ? 0 : e->bytes[1] > 0 ? 1 : 2;
  const char *at = e->at[which];
  e->at[which] += which < 2 ? e->share : 0;
  e->bytes[which] -= e->share;
  return at;
}

/* Rows that are multiplied at once: so many, of one step; the block after them has `next`, so far on. */
typedef struct deep {
  int64_t place, rows, next, apart;
} deep;

static int64_t depth_of(nai__rows rows, int64_t row)
{
  return row < rows.n ? at_most(NAI__DEPTH, at_most(rows.n - row, rows.each - row % rows.each)) : 0;
}

static deep deep_at(nai__rows rows, int64_t row)
{
  const int64_t some = depth_of(rows, row), place = nai__row_place(rows, row),
                next = depth_of(rows, row + some);
  return (deep){place, some, next, next ? nai__row_place(rows, row + some) - place : 0};
}

/* One block of rows: w = or += d^T r. */
static void outer_block(float *w, int64_t ldw, const float *d, int64_t ldd, const float *r,
                        int64_t ldr, const deep *rows_at, int64_t m, int64_t n, int mode,
                        float *scratch)
{
  const int64_t depth = rows_at->rows;
  const panels p = panels_of(n);
  const int64_t tiles = (m + NAI__ROWS - 1) / NAI__ROWS * p.count;
  const int near = ldd <= NAI__NEAR_ROWS || p.count == 1, alone = m <= NAI__ROWS;
  errand ahead = errand_new(d, ldd, r, ldr, rows_at->apart, rows_at->next, tiles);
  float *const packed_r = scratch;
  float *const packed_d = scratch + NAI__DEPTH * NAI__VECTORS * NAI__LANES;
  for (int64_t i = 0; i < m && !near; i += NAI__STRIP)
    pack_panel(packed_d + i * NAI__DEPTH, d + i, ldd, depth, at_most(NAI__STRIP, m - i),
               NAI__STRIP);
  for (int64_t panel = 0, j = 0; panel < p.count; panel++) {
    const int64_t vectors = panel_vectors(&p, panel), width = vectors * NAI__LANES;
    const int64_t columns = at_most(width, n - j);
    /* A whole panel is packed by its first tile, or not at all when it is the only one. */
    const int whole = columns == width;
    if (!whole) pack_panel(packed_r, r + j, ldr, depth, columns, width);
    for (int64_t i = 0; i < m; i += NAI__ROWS) {
      const int64_t rows = at_most(NAI__ROWS, m - i);
      const int direct = whole && i == 0;
      tile_function *run = direct && !alone ? first[vectors - 1] : across[rows - 1][vectors - 1];
      const float *a =
          near ? d + i : packed_d + i / NAI__STRIP * NAI__STRIP * NAI__DEPTH + i % NAI__STRIP;
      run(w + i * ldw + j, ldw, a, near ? ldd : NAI__STRIP, direct ? r + j : packed_r,
          direct ? ldr : width, depth, columns, mode, errand_next(&ahead), ahead.share / depth,
          packed_r);
    }
    j += columns;
  }
}

/*
 * A few columns beyond a whole number of vectors, or a few in all, such as those of the inputs,
 * would leave most lanes of a vector empty: for these w^T is made, block by block as well, and
 * turned at the end (and at the beginning, when it is added to). How many these are depends on the
 * width of vectors; bits do not.
 */
static void outer(float *w, int64_t ldw, const float *d, int64_t ldd, const float *r, int64_t ldr,
                  nai__rows rows, int64_t m, int64_t n, int accumulate, float *scratch)
{
  const int64_t rest = n % NAI__LANES, narrow = rest <= NAI__NARROW ? rest : 0, wide = n - narrow;
  const int64_t ldt = rounded(m);
  float *const turned = scratch + NAI__DEPTH * (rounded(m > n ? m : n) + NAI__VECTORS * NAI__LANES);
  if (rows.n <= 0 && !accumulate)
    for (int64_t i = 0; i < m; i++) memset(w + i * ldw, 0, (size_t)n * sizeof *w);
  for (int64_t i = 0; i < m && accumulate; i++)
    for (int64_t j = 0; j < narrow; j++) turned[j * ldt + i] = w[i * ldw + wide + j];
  for (int64_t row = 0, some; row < rows.n; row += some) {
    deep now = deep_at(rows, row);
    const float *const d_row = d + now.place * ldd, *const r_row = r + now.place * ldr;
    const int mode = row > 0 || accumulate ? NAI__ADD : NAI__SET;
    some = now.rows;
    if (wide > 0 && is_sparse(r_row, ldr, some, wide, m))
      sparse_outer(w, ldw, d_row, ldd, r_row, ldr, some, m, wide, mode, scratch);
    else if (wide > 0)
      outer_block(w, ldw, d_row, ldd, r_row, ldr, &now, m, wide, mode, scratch);
    if (wide > 0) now.next = 0; /* has been asked for */
    if (narrow > 0)
      outer_block(turned, ldt, r_row + wide, ldr, d_row, ldd, &now, narrow, m, mode, scratch);
  }
  for (int64_t i = 0; i < m && rows.n > 0; i++)
    for (int64_t j = 0; j < narrow; j++) w[i * ldw + wide + j] = turned[j * ldt + i];
}
