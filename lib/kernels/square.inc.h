/*
 * Products of square matrices in double precision. Rows are so near each other that a is read as it
 * lies; of b, a panel of columns is packed, so many rows at a time. The sum of an element is one
 * chain over k, as in products.inc.h, whose tiles these have (with half as many columns).
 */

#define NAI__DOUBLES (NAI__WIDTH / 8)
#define NAI__SQUARE_DEPTH 64

typedef double dvec __attribute__((vector_size(NAI__WIDTH)));
typedef double dvec_anywhere __attribute__((vector_size(NAI__WIDTH), aligned(8), may_alias));

NAI__INLINE dvec fused_doubles(dvec a, dvec b, dvec c)
{
#if NAI__WIDTH == 64
  return _mm512_fmadd_pd(a, b, c);
#elif NAI__WIDTH == 32
  return _mm256_fmadd_pd(a, b, c);
#elif defined(NAI__NEON)
  return (dvec)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
#else
  return a * b + c;
#endif
}

/* The first n, or all when n is more; the others are 0. */
NAI__INLINE dvec load_doubles(const double *p, int64_t n)
{
  dvec x = {0};
  if (n >= NAI__DOUBLES)
    x = *(const dvec_anywhere *)p;
  else
    for (int i = 0; i < NAI__DOUBLES; i++)
      if (i < n) x[i] = p[i];
  return x;
}

NAI__INLINE void store_doubles(double *p, dvec x, int64_t n)
{
  if (n >= NAI__DOUBLES)
    *(dvec_anywhere *)p = x;
  else
    for (int i = 0; i < NAI__DOUBLES; i++)
      if (i < n) p[i] = x[i];
}

/* c [rows, columns] (+)= a [rows, depth] b [depth, vectors]; rows and vectors are constants. */
NAI__INLINE void square_tile(int rows, int vectors, double *c, const double *a, int64_t ld,
                             const double *b, int64_t depth, int64_t columns, int add)
{
  dvec sum[NAI__ROWS][NAI__VECTORS];
#pragma GCC unroll 8
  for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) {
      sum[r][v] = (dvec){0};
      if (add) sum[r][v] = load_doubles(c + r * ld + v * NAI__DOUBLES, columns - v * NAI__DOUBLES);
    }
  for (int64_t i = 0; i < depth; i++, b += vectors * NAI__DOUBLES) {
    dvec panel[NAI__VECTORS];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) panel[v] = *(const dvec_anywhere *)(b + v * NAI__DOUBLES);
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++) {
      const dvec x = a[r * ld + i] - (dvec){0};
#pragma GCC unroll 4
      for (int v = 0; v < vectors; v++) sum[r][v] = fused_doubles(x, panel[v], sum[r][v]);
      if (r == 3) NAI__HALF;
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++)
      store_doubles(c + r * ld + v * NAI__DOUBLES, sum[r][v], columns - v * NAI__DOUBLES);
}

/* All rows of a panel of so many vectors. */
NAI__INLINE void square_panel(int vectors, double *c, const double *a, int64_t n, const double *b,
                              int64_t depth, int64_t columns, int add)
{
  int64_t row = 0;
  for (; row + NAI__ROWS <= n; row += NAI__ROWS)
    square_tile(NAI__ROWS, vectors, c + row * n, a + row * n, n, b, depth, columns, add);
  for (; row + NAI__ROWS / 2 <= n; row += NAI__ROWS / 2)
    square_tile(NAI__ROWS / 2, vectors, c + row * n, a + row * n, n, b, depth, columns, add);
  for (; row < n; row++)
    square_tile(1, vectors, c + row * n, a + row * n, n, b, depth, columns, add);
}

static void square_product(double *c, const double *a, const double *b, int64_t n, int accumulate)
{
  double packed[NAI__SQUARE_DEPTH * NAI__VECTORS * NAI__DOUBLES];
  for (int64_t j = 0; j < n; j += NAI__VECTORS * NAI__DOUBLES) {
    const int64_t columns = at_most(NAI__VECTORS * NAI__DOUBLES, n - j),
                  vectors = (columns + NAI__DOUBLES - 1) / NAI__DOUBLES;
    for (int64_t k = 0; k < n; k += NAI__SQUARE_DEPTH) {
      const int64_t depth = at_most(NAI__SQUARE_DEPTH, n - k);
      const int add = accumulate || k > 0;
      for (int64_t i = 0; i < depth; i++)
        for (int64_t v = 0; v < vectors; v++)
          *(dvec_anywhere *)(packed + (i * vectors + v) * NAI__DOUBLES) =
              load_doubles(b + (k + i) * n + j + v * NAI__DOUBLES, columns - v * NAI__DOUBLES);
      if (vectors == 1) square_panel(1, c + j, a + k, n, packed, depth, columns, add);
      if (vectors == 2) square_panel(2, c + j, a + k, n, packed, depth, columns, add);
#if NAI__VECTORS == 3
      if (vectors == 3) square_panel(3, c + j, a + k, n, packed, depth, columns, add);
#endif
    }
  }
}
