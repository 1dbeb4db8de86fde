/*
 * Kernels: every table that this processor runs, against plain loops in double precision, against
 * each other where bits are promised, and at the edges of what they may write.
 */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/philox.h"
#include "kernels/kernels.h"

#define TABLES 5
#define GUARD 12345.0f
#define NORMALS_HASH 0x099f9e19e2b4d4bau

static const int64_t sizes[] = {1, 2, 3, 7, 15, 16, 17, 48, 64, 65, 100, 112, 257};
static const int64_t row_counts[] = {1, 2, 3, 5, 8, 13, 33};
#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

/* An assertion on each of many numbers: Check's own write something down even when they hold. */
#define CHECK(condition, ...)                    \
  do {                                           \
    if (!(condition)) ck_abort_msg(__VA_ARGS__); \
  } while (0)

/* --- help ------------------------------------------------------------------------------------- */

static uint64_t state;

/* -1 .. 1 */
static double uniform(void)
{
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (double)(state >> 11) * 0x1p-52 - 1.0;
}

static float *floats(int64_t n)
{
  float *p = malloc((size_t)(n > 0 ? n : 1) * sizeof *p);
  ck_assert_ptr_nonnull(p);
  return p;
}

static float *random_floats(int64_t n)
{
  float *p = floats(n);
  for (int64_t i = 0; i < n; i++) p[i] = (float)uniform();
  return p;
}

static float *copy_of(const float *from, int64_t n)
{
  return memcpy(floats(n), from, (size_t)n * sizeof(float));
}

static float *guards(int64_t n)
{
  float *p = floats(n);
  for (int64_t i = 0; i < n; i++) p[i] = GUARD;
  return p;
}

static int same_bits(const float *a, const float *b, int64_t n)
{
  return memcmp(a, b, (size_t)n * sizeof *a) == 0;
}

/* NULL when this processor cannot run it. */
static const nai__kernels *table_of(int index)
{
  const char *name = nai__kernels_name(index);
  ck_assert_ptr_nonnull(name);
  return nai__kernels_named(name);
}

/* Whether sums are promised to have the same bits however rows are cut. */
static int keeps_bits(const nai__kernels *kernels)
{
  return strcmp(kernels->name, "blas") != 0;
}

/* --- which table ------------------------------------------------------------------------------ */

START_TEST(test_names)
{
  int portable = 0, blas = 0;
  const nai__kernels *first = NULL;
  for (int i = 0; i < TABLES; i++) {
    const nai__kernels *kernels = table_of(i);
    if (!kernels) continue;
    if (!first) first = kernels;
    ck_assert_str_eq(kernels->name, nai__kernels_name(i));
    ck_assert_ptr_eq(kernels, nai__kernels_named(nai__kernels_name(i)));
    portable += strcmp(kernels->name, "portable") == 0;
    blas += strcmp(kernels->name, "blas") == 0;
  }
  ck_assert_int_eq(portable, 1);
  ck_assert_int_eq(blas, 1);
  ck_assert_ptr_eq(nai__kernels_best(), first);
  ck_assert_str_ne(nai__kernels_best()->name, "blas"); /* only when it is asked for */
  ck_assert_ptr_null(nai__kernels_name(-1));
  ck_assert_ptr_null(nai__kernels_name(TABLES));
  ck_assert_ptr_null(nai__kernels_named("avx1024"));
  ck_assert_ptr_null(nai__kernels_named(""));
}
END_TEST

/* --- products --------------------------------------------------------------------------------- */

typedef struct matrices {
  int64_t rows, k, n, lda, ldc;
  float *a, *w, *packed, *c; /* w [k, n], plain */
} matrices;

/* Rows of a and c have odd leading dimensions; neither array has a float more than it needs. */
static matrices matrices_new(const nai__kernels *kernels, int64_t rows, int64_t k, int64_t n,
                             int transposed)
{
  matrices m = {.rows = rows, .k = k, .n = n, .lda = k + 3, .ldc = n + 5};
  m.a = random_floats((rows - 1) * m.lda + k);
  m.w = random_floats(k * n);
  m.packed = floats(kernels->packed_size(k, n));
  m.c = random_floats((rows - 1) * m.ldc + n);
  for (int64_t row = 0; row + 1 < rows; row++)
    for (int64_t j = n; j < m.ldc; j++) m.c[row * m.ldc + j] = GUARD;
  const int64_t ldw = (transposed ? k : n) + 2;
  float *w = floats((transposed ? n : k) * ldw);
  for (int64_t i = 0; i < k; i++)
    for (int64_t j = 0; j < n; j++) w[transposed ? j * ldw + i : i * ldw + j] = m.w[i * n + j];
  kernels->pack(m.packed, w, ldw, k, n, transposed);
  free(w);
  return m;
}

static void matrices_free(matrices *m)
{
  free(m->a);
  free(m->w);
  free(m->packed);
  free(m->c);
}

/* Some of its columns after the others: all of it, and nothing that is another's. */
START_TEST(test_pack_columns)
{
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  for (int64_t n = 1; n <= 130; n += n < 50 ? 1 : 7) {
    const int64_t k = 1 + n % 19, ldw = k + 2, size = kernels->packed_size(k, n);
    float *w = random_floats(n * ldw), *whole = floats(size), *parts = floats(size);
    memset(whole, 0, (size_t)size * sizeof *whole); /* narrow vectors leave some of it alone */
    memset(parts, 0, (size_t)size * sizeof *parts);
    kernels->pack(whole, w, ldw, k, n, 1);
    const int64_t cut = n / 2 / NAI__PACK_ROWS * NAI__PACK_ROWS;
    kernels->pack_columns(parts, w, ldw, k, n, cut, n);
    kernels->pack_columns(parts, w, ldw, k, n, 0, cut);
    kernels->pack_columns(parts, w, ldw, k, n, cut, cut);
    CHECK(same_bits(whole, parts, size), "%lld x %lld", (long long)k, (long long)n);
    free(w);
    free(whole);
    free(parts);
  }
}
END_TEST

/* c against before + a w; the error allowed is that of one rounding a term, all the same way. */
static void assert_product(const matrices *m, const float *before, const float *c)
{
  for (int64_t row = 0; row < m->rows; row++) {
    for (int64_t j = 0; j < m->n; j++) {
      double sum = before ? before[row * m->ldc + j] : 0.0, size = fabs(sum);
      for (int64_t i = 0; i < m->k; i++) {
        double term = (double)m->a[row * m->lda + i] * m->w[i * m->n + j];
        sum += term;
        size += fabs(term);
      }
      double error = fabs(c[row * m->ldc + j] - sum);
      CHECK(error <= size * 1.2e-7 * sqrt((double)m->k + 8.0),
            "%lld x %lld x %lld at %lld, %lld: off by %g", (long long)m->rows, (long long)m->k,
            (long long)m->n, (long long)row, (long long)j, error);
    }
    for (int64_t j = m->n; j < m->ldc && row + 1 < m->rows; j++)
      CHECK(c[row * m->ldc + j] == GUARD, "column %lld was written", (long long)j);
  }
}

START_TEST(test_product)
{
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  int turn = 0;
  for (int ik = 0; ik < COUNT(sizes); ik++) {
    for (int in = 0; in < COUNT(sizes); in++) {
      for (int twice = 0; twice < 2; twice++, turn++) {
        const int64_t rows = row_counts[turn % COUNT(row_counts)];
        matrices m = matrices_new(kernels, rows, sizes[ik], sizes[in], turn & 1);
        int accumulate = turn >> 1 & 1;
        float *before = copy_of(m.c, (m.rows - 1) * m.ldc + m.n);
        kernels->product(m.c, m.ldc, m.a, m.lda, m.packed, m.rows, m.k, m.n, accumulate);
        assert_product(&m, accumulate ? before : NULL, m.c);
        free(before);
        matrices_free(&m);
      }
    }
  }
}
END_TEST

/*
 * Beyond the second-level cache products are made otherwise; with rows left over after the last
 * whole tile, too.
 */
START_TEST(test_product_large)
{
  static const int64_t rows[] = {8, 16, 29};
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  for (int ir = 0; ir < COUNT(rows); ir++) {
    matrices m = matrices_new(kernels, rows[ir], 530, 517, ir & 1);
    float *one = floats(m.n);
    kernels->product(m.c, m.ldc, m.a, m.lda, m.packed, m.rows, m.k, m.n, 0);
    assert_product(&m, NULL, m.c);
    for (int64_t row = 0; row < m.rows && keeps_bits(kernels); row++) {
      kernels->product(one, m.n, m.a + row * m.lda, m.lda, m.packed, 1, m.k, m.n, 0);
      ck_assert_int_eq(same_bits(one, m.c + row * m.ldc, m.n), 1);
    }
    free(one);
    matrices_free(&m);
  }
}
END_TEST

/* Whole tiles of rows, and all widths of the last vector: where half of it is there or less, tiles differ. */
START_TEST(test_product_widths)
{
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  for (int64_t n = 1; n <= 50; n++) {
    matrices m = matrices_new(kernels, 8 + n % 3, 5, n, n & 1);
    float *before = copy_of(m.c, (m.rows - 1) * m.ldc + m.n);
    kernels->product(m.c, m.ldc, m.a, m.lda, m.packed, m.rows, m.k, m.n, n >> 1 & 1);
    assert_product(&m, n >> 1 & 1 ? before : NULL, m.c);
    free(before);
    matrices_free(&m);
  }
}
END_TEST

/* What c holds is not read unless it is asked for: NaN there would show. */
START_TEST(test_product_overwrites)
{
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  matrices m = matrices_new(kernels, 9, 40, 37, 0);
  int32_t index[40];
  float *row = floats(37);
  for (int64_t i = 0; i < 37; i++) row[i] = NAN;
  for (int64_t i = 0; i < 9; i++)
    for (int64_t j = 0; j < 37; j++) m.c[i * m.ldc + j] = NAN;
  kernels->product(m.c, m.ldc, m.a, m.lda, m.packed, 9, 40, 37, 0);
  assert_product(&m, NULL, m.c);
  kernels->row_product(row, m.a, m.packed, 40, 37, 0, index);
  for (int64_t i = 0; i < 37; i++) ck_assert_float_eq_tol(row[i], m.c[i], 1e-5f);
  free(row);
  matrices_free(&m);
}
END_TEST

/* One row: its leading dimensions mean nothing. */
START_TEST(test_product_one_row)
{
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  matrices m = matrices_new(kernels, 1, 40, 37, 0);
  kernels->product(m.c, 0, m.a, 0, m.packed, 1, 40, 37, 0);
  assert_product(&m, NULL, m.c);
  matrices_free(&m);
}
END_TEST

/* No rows, no terms, no columns: nothing to do, or zero. */
START_TEST(test_product_of_nothing)
{
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  ck_assert_int_gt(kernels->packed_size(0, 5), 0);
  ck_assert_int_gt(kernels->packed_size(5, 0), 0);
  float packed[64] = {0}, a[8] = {1, 1, 1, 1, 1, 1, 1, 1}, c[8] = {3, 3, 3, 3, 3, 3, 3, 3},
        w[8] = {0};
  int32_t index[8];
  kernels->pack(packed, w, 1, 0, 4, 0);
  kernels->product(c, 4, a, 4, packed, 2, 0, 3, 1);
  kernels->product(c, 4, a, 4, packed, 0, 2, 3, 0);
  kernels->product(c, 4, a, 4, packed, 2, 3, 0, 0);
  kernels->row_product(c, a, packed, 0, 3, 1, index);
  for (int i = 0; i < 8; i++) ck_assert_float_eq(c[i], 3.0f);
  kernels->product(c, 4, a, 4, packed, 2, 0, 3, 0);
  for (int i = 0; i < 8; i++) ck_assert_float_eq(c[i], i % 4 == 3 ? 3.0f : 0.0f);
}
END_TEST

static void silence_half(float *a, int64_t n)
{
  for (int64_t i = 0; i < n; i++)
    if (uniform() < 0.0) a[i] = uniform() < 0.0 ? 0.0f : -0.0f;
}

static void check_row_product(const nai__kernels *kernels, int64_t k, int64_t n, int turn)
{
  matrices m = matrices_new(kernels, 1, k, n, turn & 1);
  int accumulate = turn >> 1 & 1;
  if (turn % 5) silence_half(m.a, m.k);
  if (turn % 7 == 0) memset(m.a, 0, (size_t)m.k * sizeof *m.a);
  float *row = copy_of(m.c, m.n), *before = copy_of(m.c, m.n);
  int32_t *index = malloc((size_t)m.k * sizeof *index);
  kernels->row_product(row, m.a, m.packed, m.k, m.n, accumulate, index);
  assert_product(&m, accumulate ? before : NULL, row);
  kernels->product(m.c, m.ldc, m.a, m.lda, m.packed, 1, m.k, m.n, accumulate);
  if (keeps_bits(kernels)) ck_assert_int_eq(same_bits(row, m.c, m.n), 1);
  free(index);
  free(before);
  free(row);
  matrices_free(&m);
}

/* Also of all numbers of vectors of 16 up to 26, whose panels are met together in every way. */
START_TEST(test_row_product)
{
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  int turn = 0;
  for (int ik = 0; ik < COUNT(sizes); ik++)
    for (int in = 0; in < COUNT(sizes); in++, turn++)
      check_row_product(kernels, sizes[ik], sizes[in], turn);
  for (int64_t vectors = 1; vectors <= 26; vectors++)
    for (int64_t less = 0; less < 16; less += 5, turn++)
      check_row_product(kernels, 37, 16 * vectors - less, turn);
}
END_TEST

/*
 * A product that underflows to -0, and then silent units: skipping them may not show even in the
 * sign of 0.
 */
START_TEST(test_row_product_signed_zero)
{
  const nai__kernels *kernels = table_of(_i);
  if (!kernels || !keeps_bits(kernels)) return;
  float a[3] = {1e-30f, 0.0f, 0.0f}, w[3] = {-1e-30f, 1.0f, -1.0f}, one, row;
  int32_t index[3];
  float *packed = floats(kernels->packed_size(3, 1));
  kernels->pack(packed, w, 1, 3, 1, 0);
  kernels->product(&one, 1, a, 3, packed, 1, 3, 1, 0);
  kernels->row_product(&row, a, packed, 3, 1, 0, index);
  ck_assert_int_eq(same_bits(&one, &row, 1), 1);
  kernels->product(&one, 1, a, 1, packed, 1, 1, 1, 0);
  kernels->row_product(&row, a, packed, 1, 1, 0, index);
  ck_assert_int_eq(same_bits(&one, &row, 1), 1);
  free(packed);
}
END_TEST

START_TEST(test_row_product_nan)
{
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  float a[40] = {0}, w[40], c = 0.0f;
  int32_t index[40];
  for (int i = 0; i < 40; i++) w[i] = 1.0f;
  float *packed = floats(kernels->packed_size(40, 1));
  kernels->pack(packed, w, 1, 40, 1, 0);
  for (int i = 0; i < 40; i++) {
    a[i] = NAN;
    kernels->row_product(&c, a, packed, 40, 1, 0, index);
    ck_assert_float_nan(c);
    a[i] = 0.0f;
  }
  free(packed);
}
END_TEST

/* A trial's bits do not depend on the trials around it. */
START_TEST(test_product_cut)
{
  const nai__kernels *kernels = table_of(_i);
  if (!kernels || !keeps_bits(kernels)) return;
  const int64_t rows = 33;
  for (int is = 0; is < COUNT(sizes); is++) {
    matrices m = matrices_new(kernels, rows, sizes[COUNT(sizes) - 1 - is], sizes[is], 0);
    const int64_t size = (rows - 1) * m.ldc + m.n;
    float *whole = copy_of(m.c, size);
    kernels->product(whole, m.ldc, m.a, m.lda, m.packed, rows, m.k, m.n, 0);
    for (int64_t block = 1; block < rows; block++) {
      for (int64_t row = 0; row < rows; row += block) {
        int64_t some = rows - row < block ? rows - row : block;
        kernels->product(m.c + row * m.ldc, m.ldc, m.a + row * m.lda, m.lda, m.packed, some, m.k,
                         m.n, 0);
      }
      ck_assert_msg(same_bits(whole, m.c, size), "n = %lld in blocks of %lld rows", (long long)m.n,
                    (long long)block);
    }
    free(whole);
    matrices_free(&m);
  }
}
END_TEST

/* --- the weight gradient ---------------------------------------------------------------------- */

typedef struct gradients {
  int64_t rows, m, n, ldd, ldr, ldw;
  float *d, *r, *w, *scratch;
} gradients;

static int64_t padded(int64_t n)
{
  int64_t ld = (n + 15) / 16 * 16;
  return ld % 256 == 0 ? ld + 16 : ld;
}

static float *aligned_random(int64_t n)
{
  float *p = aligned_alloc(64, (size_t)n * sizeof *p);
  ck_assert_ptr_nonnull(p);
  for (int64_t i = 0; i < n; i++) p[i] = (float)uniform();
  return p;
}

static gradients gradients_new(const nai__kernels *kernels, int64_t rows, int64_t m, int64_t n)
{
  gradients g = {
      .rows = rows, .m = m, .n = n, .ldd = padded(m), .ldr = padded(n), .ldw = padded(n)};
  g.d = aligned_random(rows * g.ldd);
  g.r = aligned_random(rows * g.ldr);
  g.w = aligned_random(m * g.ldw + 16);
  for (int64_t i = 0; i < 16; i++) g.w[m * g.ldw + i] = GUARD;
  g.scratch = guards(kernels->outer_scratch(m, n) + 16);
  return g;
}

static void gradients_free(gradients *g)
{
  free(g->d);
  free(g->r);
  free(g->w);
  free(g->scratch);
}

static void assert_gradient(const gradients *g, const float *before, const float *w)
{
  for (int64_t i = 0; i < g->m; i++) {
    for (int64_t j = 0; j < g->n; j++) {
      double sum = before ? before[i * g->ldw + j] : 0.0, size = fabs(sum);
      for (int64_t row = 0; row < g->rows; row++) {
        double term = (double)g->d[row * g->ldd + i] * g->r[row * g->ldr + j];
        sum += term;
        size += fabs(term);
      }
      double error = fabs(w[i * g->ldw + j] - sum);
      CHECK(error <= size * 1.2e-7 * sqrt((double)g->rows + 8.0),
            "%lld x %lld x %lld at %lld, %lld: off by %g", (long long)g->rows, (long long)g->m,
            (long long)g->n, (long long)i, (long long)j, error);
    }
  }
  for (int64_t i = 0; i < 16; i++) ck_assert_float_eq(w[g->m * g->ldw + i], GUARD);
}

static void outer_of(const nai__kernels *kernels, const gradients *g, int accumulate)
{
  kernels->outer(g->w, g->ldw, g->d, g->ldd, g->r, g->ldr, nai__rows_of(g->rows), g->m, g->n,
                 accumulate, g->scratch);
  for (int64_t i = 0; i < 16; i++)
    ck_assert_float_eq(g->scratch[kernels->outer_scratch(g->m, g->n) + i], GUARD);
}

START_TEST(test_outer)
{
  static const int64_t rows[] = {1, 2, 7, 64, 127, 128, 129, 401, 1000};
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  int turn = 0;
  for (int im = 0; im < COUNT(sizes); im++) {
    for (int in = 0; in < COUNT(sizes); in++, turn++) {
      gradients g = gradients_new(kernels, rows[turn % COUNT(rows)], sizes[im], sizes[in]);
      float *before = copy_of(g.w, g.m * g.ldw);
      int accumulate = turn & 1;
      outer_of(kernels, &g, accumulate);
      assert_gradient(&g, accumulate ? before : NULL, g.w);
      free(before);
      gradients_free(&g);
    }
  }
}
END_TEST

/* Rows of d so far apart that they are packed first. */
START_TEST(test_outer_large)
{
  static const int64_t widths[] = {3, 16, 65, 130};
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  for (int in = 0; in < COUNT(widths); in++) {
    gradients g = gradients_new(kernels, 300, 531, widths[in]);
    float *before = copy_of(g.w, g.m * g.ldw);
    outer_of(kernels, &g, 1);
    assert_gradient(&g, before, g.w);
    if (keeps_bits(kernels)) {
      float *whole = copy_of(g.w, g.m * g.ldw);
      memcpy(g.w, before, (size_t)(g.m * g.ldw) * sizeof *g.w);
      for (int64_t i = 0, some; i < g.m; i += some) {
        some = g.m - i < 77 ? g.m - i : 77;
        kernels->outer(g.w + i * g.ldw, g.ldw, g.d + i, g.ldd, g.r, g.ldr, nai__rows_of(g.rows),
                       some, g.n, 1, g.scratch);
      }
      for (int64_t i = 0; i < g.m; i++)
        ck_assert_int_eq(same_bits(whole + i * g.ldw, g.w + i * g.ldw, g.n), 1);
      free(whole);
    }
    free(before);
    gradients_free(&g);
  }
}
END_TEST

START_TEST(test_outer_of_nothing)
{
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  gradients g = gradients_new(kernels, 1, 5, 18);
  float *before = copy_of(g.w, g.m * g.ldw);
  g.rows = 0;
  outer_of(kernels, &g, 1);
  assert_gradient(&g, before, g.w);
  outer_of(kernels, &g, 0);
  assert_gradient(&g, NULL, g.w);
  free(before);
  gradients_free(&g);
}
END_TEST

START_TEST(test_outer_cut)
{
  static const int64_t widths[] = {1, 3, 16, 48, 100, 112};
  const nai__kernels *kernels = table_of(_i);
  if (!kernels || !keeps_bits(kernels)) return;
  for (int in = 0; in < COUNT(widths); in++) {
    gradients g = gradients_new(kernels, 500, 65, widths[in]);
    outer_of(kernels, &g, 0);
    float *whole = copy_of(g.w, g.m * g.ldw);
    for (int64_t block = 1; block < g.m; block += block < 18 ? 1 : 13) {
      for (int64_t i = 0; i < g.m; i += block) {
        gradients part = g;
        part.m = g.m - i < block ? g.m - i : block;
        part.d = g.d + i;
        part.w = g.w + i * g.ldw;
        kernels->outer(part.w, part.ldw, part.d, part.ldd, part.r, part.ldr,
                       nai__rows_of(part.rows), part.m, part.n, 0, part.scratch);
      }
      for (int64_t i = 0; i < g.m; i++)
        ck_assert_msg(same_bits(whole + i * g.ldw, g.w + i * g.ldw, g.n),
                      "n = %lld in blocks of %lld", (long long)g.n, (long long)block);
    }
    free(whole);
    gradients_free(&g);
  }
}
END_TEST

/* Rows cut at whole blocks, too: the later calls add to what the first has made. */
START_TEST(test_outer_continued)
{
  static const int64_t widths[] = {1, 3, 16, 48, 100, 112}, cuts[] = {1, 2, 3};
  const nai__kernels *kernels = table_of(_i);
  if (!kernels || !keeps_bits(kernels)) return;
  for (int in = 0; in < COUNT(widths); in++)
    for (int k = 0; k < COUNT(cuts); k++) {
      gradients g = gradients_new(kernels, 500, 33, widths[in]);
      const int64_t step = cuts[k] * NAI__OUTER_DEPTH;
      outer_of(kernels, &g, 0);
      float *whole = copy_of(g.w, g.m * g.ldw);
      for (int64_t row = 0; row < g.rows; row += step)
        kernels->outer(g.w, g.ldw, g.d + row * g.ldd, g.ldd, g.r + row * g.ldr, g.ldr,
                       nai__rows_of(g.rows - row < step ? g.rows - row : step), g.m, g.n, row > 0,
                       g.scratch);
      for (int64_t i = 0; i < g.m; i++)
        ck_assert_msg(same_bits(whole + i * g.ldw, g.w + i * g.ldw, g.n),
                      "n = %lld after %lld rows each", (long long)g.n, (long long)step);
      free(whole);
      gradients_free(&g);
    }
}
END_TEST

/*
 * Rows of steps that lie apart, as a group of trials has them: step by step the same bits; what lies
 * between them is not read.
 */
START_TEST(test_outer_of_steps)
{
  static const int64_t widths[] = {1, 3, 40, 100, 112}, trials[] = {1, 8, 18, 32, 150};
  const nai__kernels *kernels = table_of(_i);
  if (!kernels || !keeps_bits(kernels)) return;
  for (int in = 0; in < COUNT(widths); in++)
    for (int k = 0; k < COUNT(trials); k++) {
      const int64_t each = trials[k], apart = each + 5, steps = 7;
      gradients g = gradients_new(kernels, steps * apart, 33, widths[in]);
      for (int64_t row = 0; row < g.rows; row++)
        for (int64_t i = 0; i < g.ldd && row % apart >= each; i++) g.d[row * g.ldd + i] = NAN;
      outer_of(kernels, &g, 0); /* NAN all over, which is to be overwritten */
      kernels->outer(g.w, g.ldw, g.d, g.ldd, g.r, g.ldr, (nai__rows){steps * each, each, apart},
                     g.m, g.n, 0, g.scratch);
      float *together = copy_of(g.w, g.m * g.ldw);
      for (int64_t t = 0; t < steps; t++)
        kernels->outer(g.w, g.ldw, g.d + t * apart * g.ldd, g.ldd, g.r + t * apart * g.ldr, g.ldr,
                       nai__rows_of(each), g.m, g.n, t > 0, g.scratch);
      for (int64_t i = 0; i < g.m; i++) {
        CHECK(same_bits(together + i * g.ldw, g.w + i * g.ldw, g.n), "n = %lld, %lld trials",
              (long long)g.n, (long long)each);
        for (int64_t j = 0; j < g.n; j++) CHECK(!isnan(g.w[i * g.ldw + j]), "%lld", (long long)j);
      }
      free(together);
      gradients_free(&g);
    }
}
END_TEST

/* --- where most are 0 ------------------------------------------------------------------------- */

/* So many of 20 numbers stay; one of those that go is -0. */
static void keep_some(float *a, int64_t n, int some)
{
  for (int64_t i = 0; i < n; i++)
    if ((uniform() + 1) * 10 >= some) a[i] = i % 3 ? 0.0f : -0.0f;
}

static const int kept[] = {0, 1, 4, 6, 8, 20}; /* around one in three, where the way changes */

/* A row alone is never multiplied by lists of what is not 0: it has the bits of all others. */
START_TEST(test_product_of_zeros)
{
  static const int64_t rows[] = {8, 13, 64, 65, 130}, ks[] = {32, 33, 128, 129, 257, 300};
  const nai__kernels *kernels = table_of(_i);
  if (!kernels || !keeps_bits(kernels)) return;
  for (int ir = 0; ir < COUNT(rows); ir++)
    for (int ik = 0; ik < COUNT(ks); ik++)
      for (int in = 0; in < COUNT(sizes); in++) {
        const int accumulate = (ir + ik + in) & 1;
        matrices m = matrices_new(kernels, rows[ir], ks[ik], sizes[in], in & 1);
        keep_some(m.a, (m.rows - 1) * m.lda + m.k, kept[(ir + ik + in) % COUNT(kept)]);
        const int64_t size = (m.rows - 1) * m.ldc + m.n;
        float *one = copy_of(m.c, size);
        for (int64_t row = 0; row < m.rows; row++)
          kernels->product(one + row * m.ldc, m.ldc, m.a + row * m.lda, m.lda, m.packed, 1, m.k,
                           m.n, accumulate);
        kernels->product(m.c, m.ldc, m.a, m.lda, m.packed, m.rows, m.k, m.n, accumulate);
        CHECK(same_bits(one, m.c, size), "%lld x %lld x %lld", (long long)m.rows, (long long)m.k,
              (long long)m.n);
        free(one);
        matrices_free(&m);
      }
}
END_TEST

/* Of a single row of w the same. */
START_TEST(test_outer_of_zeros)
{
  static const int64_t rows[] = {8, 64, 127, 128, 129, 300}, ns[] = {32, 41, 64, 65, 100, 130};
  const nai__kernels *kernels = table_of(_i);
  if (!kernels || !keeps_bits(kernels)) return;
  for (int ir = 0; ir < COUNT(rows); ir++)
    for (int im = 0; im < COUNT(sizes); im++)
      for (int in = 0; in < COUNT(ns); in++) {
        const int accumulate = (ir + im + in) & 1;
        gradients g = gradients_new(kernels, rows[ir], sizes[im], ns[in]);
        keep_some(g.r, g.rows * g.ldr, kept[(ir + im + in) % COUNT(kept)]);
        float *one = copy_of(g.w, g.m * g.ldw);
        for (int64_t i = 0; i < g.m; i++)
          kernels->outer(one + i * g.ldw, g.ldw, g.d + i, g.ldd, g.r, g.ldr, nai__rows_of(g.rows),
                         1, g.n, accumulate, g.scratch);
        outer_of(kernels, &g, accumulate);
        for (int64_t i = 0; i < g.m; i++)
          CHECK(same_bits(one + i * g.ldw, g.w + i * g.ldw, g.n), "%lld x %lld x %lld",
                (long long)g.rows, (long long)g.m, (long long)g.n);
        for (int64_t i = 0; i < 16; i++) ck_assert_float_eq(g.w[g.m * g.ldw + i], GUARD);
        free(one);
        gradients_free(&g);
      }
}
END_TEST

/* --- pieces ----------------------------------------------------------------------------------- */

/* What has more rows, columns or terms than the BLAS counts, or rows too far apart (blas_pieces.c). */
const nai__kernels *blas_in_pieces(void);

static void check_pieces(int64_t rows, int64_t k, int64_t n, int accumulate)
{
  const nai__kernels *kernels = blas_in_pieces();
  matrices m = matrices_new(kernels, rows, k, n, accumulate);
  float *before = copy_of(m.c, (m.rows - 1) * m.ldc + m.n), *row = copy_of(m.c, m.n);
  kernels->product(m.c, m.ldc, m.a, m.lda, m.packed, m.rows, m.k, m.n, accumulate);
  assert_product(&m, accumulate ? before : NULL, m.c);
  kernels->row_product(row, m.a, m.packed, m.k, m.n, accumulate, NULL);
  m.rows = 1;
  assert_product(&m, accumulate ? before : NULL, row);
  free(before);
  free(row);
  matrices_free(&m);
  gradients g = gradients_new(kernels, k, rows, n);
  before = copy_of(g.w, g.m * g.ldw);
  outer_of(kernels, &g, accumulate);
  assert_gradient(&g, accumulate ? before : NULL, g.w);
  free(before);
  gradients_free(&g);
}

START_TEST(test_blas_in_pieces)
{
  static const int64_t some[] = {1, 36, 37, 38, 74, 100};
  for (int i = 0; i < COUNT(some); i++)
    for (int j = 0; j < COUNT(some); j++)
      for (int k = 0; k < COUNT(some); k++)
        check_pieces(some[i], some[k], some[j], (i + j + k) & 1);
}
END_TEST

/* --- learning step by step -------------------------------------------------------------------- */

START_TEST(test_row_dot)
{
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  for (int in = 0; in < COUNT(sizes); in++) {
    int64_t n = sizes[in];
    float *w = random_floats(n), *a = random_floats(n);
    double sum = 0, size = 0;
    for (int64_t j = 0; j < n; j++) {
      sum += (double)w[j] * (double)a[j];
      size += fabs((double)w[j] * (double)a[j]);
    }
    ck_assert(fabs((double)kernels->row_dot(w, a, n) - sum) <= 1e-6 * size + 1e-30);
    free(w);
    free(a);
  }
}
END_TEST

/* Of each number of rows from 0 on: what row_dot() says, added, and nothing beyond. */
START_TEST(test_add_dots)
{
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  enum { MOST = 9 };
  for (int in = 0; in < COUNT(sizes); in++)
    for (int64_t rows = 0; rows <= MOST; rows++) {
      const int64_t n = sizes[in], ld = n + 3;
      float *w = random_floats(MOST * ld), *a = random_floats(n), *c = random_floats(MOST);
      float expected[MOST];
      for (int64_t i = 0; i < MOST; i++)
        expected[i] = i < rows ? c[i] + kernels->row_dot(w + i * ld, a, n) : c[i];
      kernels->add_dots(c, w, ld, a, rows, n);
      ck_assert_mem_eq(c, expected, sizeof expected);
      free(w), free(a), free(c);
    }
}
END_TEST

START_TEST(test_row_sum)
{
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  for (int in = 0; in < COUNT(sizes); in++) {
    const int64_t n = sizes[in];
    float *a = random_floats(n);
    double sum = 0;
    for (int64_t j = 0; j < n; j++) sum += (double)a[j];
    ck_assert(fabs((double)kernels->row_sum(a, n) - sum) <= 1e-7 * (double)n);
    free(a);
  }
}
END_TEST

/* Numbers of every kind, at any place: 1 in 2 is finite. */
static float odd_number(void)
{
  static const float kinds[] = {0, -0.0f, 0x1p-149f, -0x1p-130f, INFINITY, -INFINITY, NAN, FLT_MAX};
  const double x = uniform();
  return x < 0 ? (float)uniform() : kinds[(int)(x * COUNT(kinds))];
}

static float *odd_floats(int64_t n)
{
  float *p = floats(n);
  for (int64_t i = 0; i < n; i++) p[i] = odd_number();
  return p;
}

/* The same number, or no number both. */
static int is_same(float a, float b)
{
  return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

/* To the bit as one by one, from wherever rows begin; nothing beyond them. */
START_TEST(test_add_rows)
{
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  for (int in = 0; in < COUNT(sizes); in++)
    for (int64_t odd = 0; odd < 4; odd++) {
      const int64_t n = sizes[in];
      float *x = odd_floats(n + odd) + odd, *a = odd_floats(n), *out = odd_floats(n + 1),
            *sum = copy_of(out, n + 1);
      kernels->add_row(sum, x, n);
      for (int64_t j = 0; j < n; j++) CHECK(is_same(sum[j], out[j] + x[j]), "%lld", (long long)j);
      memcpy(sum, out, (size_t)n * sizeof *sum);
      kernels->add_products(sum, a, x, n);
      for (int64_t j = 0; j < n; j++) {
        const float product = a[j] * x[j];
        CHECK(is_same(sum[j], out[j] + product), "%lld", (long long)j);
      }
      ck_assert(is_same(sum[n], out[n]));
      free(x - odd), free(a), free(out), free(sum);
    }
}
END_TEST

/*
 * All that are not 0, ascending, NaN and the smallest number among them; never more than there is room for,
 * and on from there.
 */
START_TEST(test_find_active)
{
  static const int64_t rooms[] = {1, 15, 16, 17, 63, 64, 65, 257};
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  for (int in = 0; in < COUNT(sizes); in++)
    for (int k = 0; k < COUNT(rooms); k++) {
      const int64_t n = sizes[in], room = rooms[k];
      float *a = k % 2 ? odd_floats(n) : random_floats(n);
      int32_t *found = malloc((size_t)(room + 1) * sizeof *found);
      int64_t next = 0;
      for (int64_t looked = 0; looked < n;) {
        const int64_t before = looked;
        found[room] = -7;
        const int64_t some = kernels->find_active(found, room, a, n, &looked);
        CHECK(looked > before && looked <= n && some <= room && (some == room || looked == n),
              "%lld of %lld found up to %lld of %lld", (long long)some, (long long)room,
              (long long)looked, (long long)n);
        for (int64_t i = 0; i < some; i++, next++) {
          while (next < n && a[next] == 0) next++;
          CHECK(found[i] == next, "%lld for %lld", (long long)found[i], (long long)next);
        }
        while (next < looked && a[next] == 0) next++;
        CHECK(next == looked, "%lld for %lld", (long long)looked, (long long)next);
        ck_assert_int_eq(found[room], -7);
      }
      free(a), free(found);
    }
}
END_TEST

/* Whole numbers, so that every count shows. */
START_TEST(test_add_bits)
{
  enum { WORDS = 3 * 8, ROWS = 300 };
  static const int64_t columns[] = {1, 15, 16, 17, 63, 64, 65, 128, 257, 511, 513, 1100},
                       many[] = {0, 1, 7, 8, 9, 63, 64, 65, 127, 128, 255};
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  uint64_t *bits = malloc(ROWS * WORDS * sizeof *bits);
  int32_t row[255];
  for (int k = 0; k < ROWS * WORDS; k++) {
    bits[k] = 0;
    for (int bit = 0; bit < 64; bit++)
      bits[k] |= (uint64_t)(k % WORDS % 6 == 0 || uniform() < 0.4) << bit; /* some: all rows */
  }
  for (int in = 0; in < COUNT(columns); in++)
    for (int k = 0; k < COUNT(many); k++) {
      const int64_t n = columns[in];
      float *c = guards(n + 1);
      for (int64_t r = 0; r < many[k]; r++) row[r] = (int32_t)(r * 7 % ROWS);
      kernels->add_bits(c, n, 3, bits, WORDS, row, many[k]);
      for (int64_t i = 0; i < n; i++) {
        int count = 0;
        for (int64_t r = 0; r < many[k]; r++) count += bits[row[r] * WORDS + i / 64] >> i % 64 & 1;
        CHECK(c[i] == GUARD + 3 * (float)count, "%lld rows, column %lld of %lld: %g for %d",
              (long long)many[k], (long long)i, (long long)n, (double)(c[i] - GUARD) / 3, count);
      }
      ck_assert_float_eq(c[n], GUARD);
      free(c);
    }
  free(bits);
}
END_TEST

/* In double, one number after another: trace, weight within its bounds, the next product. */
static double learn_slowly(double *w, double *p, const nai__learning_row *r)
{
  double sum = 0;
  for (int64_t j = 0; j < r->n; j++) {
    double trace = (double)r->gain * (double)r->pre[j];
    if (r->p) trace = p[j] = (double)r->decay * p[j] + trace;
    double moved = w[j] - (double)r->factor * trace;
    moved = fmin(fmax(moved, (double)r->low), (double)r->high);
    if (!r->plastic || r->plastic[j] != 0) w[j] = moved;
    if (r->next) sum += w[j] * (double)r->next[j];
  }
  return sum;
}

/* The same bits from every table, to the sum of squares in double. */
START_TEST(test_square_row)
{
  const nai__kernels *kernels = table_of(_i), *portable = nai__kernels_named("portable");
  if (!kernels) return;
  for (int in = 0; in < COUNT(sizes); in++)
    for (int seen = 0; seen < 2; seen++) {
      const int64_t n = sizes[in];
      float *r = random_floats(n), *g = random_floats(n + 1), *before = copy_of(g, n + 1),
            *other = copy_of(g, n + 1);
      const float sum = kernels->square_row(r, seen ? g : NULL, n, 0.3f),
                  same = portable->square_row(r, seen ? other : NULL, n, 0.3f);
      double expected = 0;
      for (int64_t j = 0; j < n; j++) {
        const double more = seen ? 0.3 * (double)r[j] : 0;
        expected += (double)r[j] * (double)r[j];
        CHECK(fabs((double)g[j] - (double)before[j] - more) <= 2e-7, "number %lld", (long long)j);
      }
      ck_assert(fabs((double)sum - expected) <= 1e-6 * expected);
      ck_assert(same_bits(&sum, &same, 1) && same_bits(g, other, n + 1) && g[n] == before[n]);
      free(r), free(g), free(before), free(other);
    }
}
END_TEST

/* With and without memory, mask, a product to make ready, a gain and a bound; bounds of either side. */
START_TEST(test_learn_row)
{
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  for (int in = 0; in < COUNT(sizes); in++)
    for (int form = 0; form < 32; form++) {
      int64_t n = sizes[in];
      float *w = random_floats(n + 1), *p = random_floats(n + 1), *pre = random_floats(n),
            *next = random_floats(n), *chance = random_floats(n);
      uint8_t *plastic = malloc((size_t)n + 1); /* one of none is NULL to some */
      double *w2 = malloc((size_t)n * sizeof *w2), *p2 = malloc((size_t)n * sizeof *p2);
      for (int64_t j = 0; j < n; j++) plastic[j] = chance[j] > 0;
      for (int64_t j = 0; j < n; j++) w2[j] = (double)w[j], p2[j] = (double)p[j];
      nai__learning_row row = {.n = n,
                               .w = w,
                               .p = form & 1 ? p : NULL,
                               .plastic = form & 2 ? plastic : NULL,
                               .pre = pre,
                               .next = form & 4 ? next : NULL,
                               .decay = 0.8f,
                               .gain = form & 8 ? 1 : 0.3f,
                               .factor = 0.7f,
                               .low = form & 16 ? 0 : -INFINITY,
                               .high = form % 8 == 5 ? 0 : INFINITY};
      float last_w = w[n], last_p = p[n];
      double sum = (double)kernels->learn_row(&row), expected = learn_slowly(w2, p2, &row);
      ck_assert(fabs(sum - expected) <= 1e-5 * (1 + (double)n / 100));
      for (int64_t j = 0; j < n; j++) {
        ck_assert(fabs((double)w[j] - w2[j]) <= 1e-6);
        ck_assert(fabs((double)p[j] - p2[j]) <= 1e-6);
      }
      ck_assert(w[n] == last_w && p[n] == last_p); /* nothing past the end */
      free(w), free(p), free(pre), free(next), free(plastic), free(chance), free(w2), free(p2);
    }
}
END_TEST

/* Many rows: each as if alone. */
START_TEST(test_learn_rows)
{
  static const int64_t counts[] = {1, 3, 4, 9};
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  for (int in = 0; in < COUNT(sizes); in++)
    for (int form = 0; form < 32; form++) {
      const int64_t n = sizes[in], rows = counts[form % COUNT(counts)], ld = n + form % 3;
      float *w = random_floats(rows * ld), *p = random_floats(rows * ld), sum[9],
            *pre = random_floats(n), *next = random_floats(n), *of = random_floats(3 * rows),
            *w2 = copy_of(w, rows * ld), *p2 = copy_of(p, rows * ld);
      const nai__learning_rows all = {.rows = rows,
                                      .n = n,
                                      .ld = ld,
                                      .w = w,
                                      .p = form & 16 ? p : NULL,
                                      .pre = pre,
                                      .next = form & 4 ? next : NULL,
                                      .decay = of,
                                      .gain = of + rows,
                                      .factor = of + 2 * rows,
                                      .low = form & 8 ? 0 : -INFINITY,
                                      .high = INFINITY};
      kernels->learn_rows(sum, &all);
      for (int64_t i = 0; i < rows; i++) {
        const nai__learning_row row = {.n = n,
                                       .w = w2 + i * ld,
                                       .p = all.p ? p2 + i * ld : NULL,
                                       .pre = pre,
                                       .next = all.next,
                                       .decay = all.decay[i],
                                       .gain = all.p ? all.gain[i] : 1,
                                       .factor = all.factor[i],
                                       .low = all.low,
                                       .high = all.high};
        const float one = kernels->learn_row(&row);
        ck_assert(same_bits(&one, &sum[i], 1));
      }
      ck_assert(same_bits(w2, w, rows * ld) && same_bits(p2, p, rows * ld));
      free(w), free(p), free(pre), free(next), free(of), free(w2), free(p2);
    }
}
END_TEST

/* What decays ends at 0, and NaN is not hidden by a bound. */
START_TEST(test_learn_row_decays)
{
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  float w[20] = {0}, p[20], nothing[20] = {0};
  for (int j = 0; j < 20; j++) p[j] = 1;
  nai__learning_row row = {.n = 20, .w = w, .p = p, .pre = nothing, .decay = 0.8f, .factor = 1e-3f};
  row.low = -INFINITY;
  row.high = INFINITY;
  for (int t = 0; t < 1000; t++) kernels->learn_row(&row);
  for (int j = 0; j < 20; j++) ck_assert(p[j] == 0);
  w[3] = NAN;
  row.low = 0;
  kernels->learn_row(&row);
  ck_assert(isnan(w[3]) && !isnan(w[4]));
}
END_TEST

/* --- noise ------------------------------------------------------------------------------------ */

START_TEST(test_philox)
{
  static const uint32_t of_zero[4] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
  static const uint32_t of_ones[4] = {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd};
  const uint32_t zero[4] = {0}, ones[4] = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};
  uint32_t out[4];
  nai__philox(out, zero, 0);
  ck_assert_mem_eq(out, of_zero, sizeof out);
  nai__philox(out, ones, UINT64_MAX);
  ck_assert_mem_eq(out, of_ones, sizeof out);
}
END_TEST

/*
 * The contract of kernels.h in double precision. u is rounded to float, and radius 0 must be
 * allowed for.
 */
static double normal_reference(int64_t unit, uint64_t seed, uint32_t purpose, uint64_t trial,
                               uint32_t step)
{
  const double turn = 6.283185307179586476925;
  uint32_t counter[4] = {(uint32_t)(unit / 4), step, (uint32_t)trial,
                         ((uint32_t)(trial >> 32) & 0x00ffffffu) | purpose << 24};
  uint32_t word[4];
  nai__philox(word, counter, seed);
  const uint32_t *pair = word + (unit % 4 / 2) * 2;
  double u = ((float)(pair[0] >> 8) + 0.5f) * 0x1p-24, angle = turn * 0x1p-24 * (pair[1] >> 8);
  return sqrt(-2.0 * log(u)) * (unit % 2 ? sin(angle) : cos(angle));
}

START_TEST(test_normals)
{
  const nai__kernels *kernels = table_of(_i), *portable = nai__kernels_named("portable");
  if (!kernels) return;
  static const uint64_t seeds[] = {0, 1, UINT64_MAX, 0x123456789abcdef0};
  static const uint64_t trials[] = {0, 7, 0x00fedcba98765432, 0x00ffffffffffffff};
  static const uint32_t steps[] = {0, 3, UINT32_MAX, 77}, purposes[] = {0, 1, 255, 2};
  for (int is = 0; is < COUNT(sizes); is++) {
    for (int c = 0; c < COUNT(seeds); c++) {
      const int64_t n = sizes[is];
      float *x = guards(n + 1), *y = guards(n + 1);
      kernels->normals(x, n, seeds[c], purposes[c], trials[c], steps[c]);
      portable->normals(y, n, seeds[c], purposes[c], trials[c], steps[c]);
      ck_assert_int_eq(same_bits(x, y, n + 1), 1);
      ck_assert_float_eq(x[n], GUARD);
      for (int64_t i = 0; i < n; i++)
        ck_assert_double_eq_tol(
            x[i], normal_reference(i, seeds[c], purposes[c], trials[c], steps[c]), 2e-6);
      free(x);
      free(y);
    }
  }
}
END_TEST

/* Of several trials at once, whose numbers may carry into the high word; nothing beyond a row. */
START_TEST(test_normal_rows)
{
  static const int64_t rows[] = {1, 2, 3, 5, 8, 16, 33};
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  const uint64_t first = (UINT64_C(1) << 32) - 3;
  for (int64_t n = 1; n <= 300; n += n < 70 ? 1 : 23)
    for (int k = 0; k < COUNT(rows); k++) {
      const int64_t ld = n + 5;
      float *all = guards(rows[k] * ld), *one = guards(n);
      kernels->normal_rows(all, ld, rows[k], n, 77, 9, first, 4);
      for (int64_t row = 0; row < rows[k]; row++) {
        kernels->normals(one, n, 77, 9, first + (uint64_t)row, 4);
        ck_assert_msg(same_bits(one, all + row * ld, n), "row %lld of %lld, n = %lld",
                      (long long)row, (long long)rows[k], (long long)n);
        for (int64_t i = n; i < ld; i++) ck_assert_float_eq(all[row * ld + i], GUARD);
      }
      free(all);
      free(one);
    }
}
END_TEST

/* FNV-1a over a million normals: the same on every machine, for ever. */
START_TEST(test_normals_bits)
{
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  const int64_t n = 1000000;
  float *x = floats(n);
  kernels->normals(x, n, 2026, 1, 5, 9);
  uint64_t hash = 0xcbf29ce484222325u;
  for (int64_t i = 0; i < n; i++) {
    uint32_t bits;
    memcpy(&bits, x + i, sizeof bits);
    hash = (hash ^ bits) * 0x100000001b3u;
  }
  ck_assert_msg(hash == NORMALS_HASH, "%s: %016llx", kernels->name, (unsigned long long)hash);
  free(x);
}
END_TEST

/* Bounds are five standard errors of each statistic at a million draws. */
START_TEST(test_normals_distribution)
{
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  enum { STEPS = 1000, UNITS = 1000 };
  const double n = (double)STEPS * UNITS;
  double sum[5] = {0}, lag_unit = 0, lag_step = 0;
  int64_t beyond[6] = {0};
  float x[UNITS], before[UNITS] = {0};
  for (uint32_t step = 0; step < STEPS; step++) {
    kernels->normals(x, UNITS, 11, NAI__FOR_NOISE, 3, step);
    for (int i = 0; i < UNITS; i++) {
      CHECK(isfinite(x[i]), "step %u, unit %d", step, i);
      double y = x[i];
      for (int p = 1; p <= 4; p++) sum[p] += pow(y, p);
      for (int k = 1; k < 6; k++) beyond[k] += fabs(y) > k;
      lag_unit += i > 0 ? y * x[i - 1] : 0.0;
      lag_step += y * before[i];
    }
    memcpy(before, x, sizeof x);
  }
  ck_assert_double_eq_tol(sum[1] / n, 0.0, 5.0 * sqrt(1 / n));
  ck_assert_double_eq_tol(sum[2] / n, 1.0, 5.0 * sqrt(2 / n));
  ck_assert_double_eq_tol(sum[3] / n, 0.0, 5.0 * sqrt(15 / n));
  ck_assert_double_eq_tol(sum[4] / n, 3.0, 5.0 * sqrt(96 / n));
  ck_assert_double_eq_tol(lag_unit / n, 0.0, 5.0 * sqrt(1 / n));
  ck_assert_double_eq_tol(lag_step / n, 0.0, 5.0 * sqrt(1 / n));
  for (int k = 1; k < 6; k++) {
    double p = erfc(k / sqrt(2.0));
    ck_assert_double_eq_tol((double)beyond[k] / n, p, 5.0 * sqrt(p * (1 - p) / n) + 1 / n);
  }
}
END_TEST

/* Each part of the name of a number matters. */
START_TEST(test_normals_differ)
{
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  float x[7][32];
  kernels->normals(x[0], 32, 1, 1, 1, 1);
  kernels->normals(x[1], 32, 2, 1, 1, 1);
  kernels->normals(x[2], 32, 1 + (UINT64_C(1) << 32), 1, 1, 1);
  kernels->normals(x[3], 32, 1, 2, 1, 1);
  kernels->normals(x[4], 32, 1, 1, 2, 1);
  kernels->normals(x[5], 32, 1, 1, 1 + (UINT64_C(1) << 55), 1);
  kernels->normals(x[6], 32, 1, 1, 1, 2);
  for (int a = 0; a < 7; a++)
    for (int b = 0; b < a; b++)
      for (int i = 0; i < 32; i++) ck_assert_float_ne(x[a][i], x[b][i]);
}
END_TEST

/* --- units ------------------------------------------------------------------------------------ */

enum { UNITS = 117 };

static double f(int transfer, double x, double exponent)
{
  switch (transfer) {
  case NAI__RELU: return x <= 0 ? 0 : x;
  case NAI__TANH: return tanh(x);
  case NAI__SOFTPLUS: return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
  case NAI__LOGISTIC: return x > 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x));
  case NAI__LINEAR: return x;
  case NAI__RECTIFIED_TANH: return x <= 0 ? 0 : tanh(x);
  case NAI__POWER: return x <= 0 ? 0 : pow(x, exponent);
  default: ck_abort_msg("what is transfer function %d?", transfer);
  }
}

static double slope(int transfer, double x, double exponent)
{
  const double h = 1e-5;
  return (f(transfer, x + h, exponent) - f(transfer, x - h, exponent)) / (2 * h);
}

typedef struct population {
  float alpha[UNITS], bias[UNITS], noise[UNITS], gain[UNITS], exponent[UNITS];
  float x[UNITS], v[UNITS], xi[UNITS], g[UNITS], carry[UNITS];
} population;

static population population_new(void)
{
  population p;
  for (int i = 0; i < UNITS; i++) {
    p.alpha[i] = i % 9 == 0 ? 1.0f : (float)(0.5 + 0.45 * uniform());
    p.bias[i] = (float)uniform();
    p.noise[i] = (float)(0.5 + 0.5 * uniform());
    p.gain[i] = (float)(1.5 + uniform());
    p.exponent[i] = i % 2 ? 2.0f : (float)(2.0 + uniform());
    p.x[i] = (float)(4 * uniform());
    p.v[i] = (float)(4 * uniform());
    p.xi[i] = (float)(2 * uniform());
    p.g[i] = (float)uniform();
    p.carry[i] = (float)uniform();
  }
  return p;
}

static nai__units units_of(const population *p, int64_t n, int transfer, int with)
{
  return (nai__units){.n = n,
                      .transfer = transfer,
                      .alpha = p->alpha,
                      .bias = p->bias,
                      .noise = with & 1 ? p->noise : NULL,
                      .gain = with & 2 ? p->gain : NULL,
                      .exponent = transfer == NAI__POWER ? p->exponent : NULL};
}

static double gain_of(const nai__units *u, int64_t i)
{
  return u->gain ? u->gain[i] : 1.0;
}

static double exponent_of(const nai__units *u, int64_t i)
{
  return u->exponent ? u->exponent[i] : 0.0;
}

static double noise_of(const nai__units *u, const population *p, int64_t i)
{
  return u->noise ? (double)u->noise[i] * p->xi[i] : 0.0;
}

#define ASSERT_NEAR(a, b, tolerance)                                                         \
  CHECK(fabs((double)(a) - (b)) <= (tolerance),                                              \
        "transfer %d, with %d, n %d, unit %d: %.9g for %.9g", (int)u.transfer, with, (int)n, \
        (int)i, (double)(a), (double)(b))

/*
 * Runs `body` for each transfer function, with and without noise and gain, for several n, i from 0
 * to n - 1 inside.
 */
#define FOR_ALL_UNITS                                           \
  for (int transfer = 0; transfer < NAI__TRANSFERS; transfer++) \
    for (int with = 0; with < 4; with++)                        \
      for (int in = 0; in < COUNT(unit_counts); in++)
static const int unit_counts[] = {1, 3, 4, 7, 15, 16, 17, 31, 64, 100, UNITS};

START_TEST(test_current_forward)
{
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  const population p = population_new();
  FOR_ALL_UNITS
  {
    const int n = unit_counts[in];
    const nai__units u = units_of(&p, n, transfer, with);
    float x[UNITS + 1], r[UNITS + 1];
    memcpy(x, p.x, sizeof p.x);
    for (int i = n; i <= UNITS; i++) x[i] = r[i] = GUARD;
    kernels->current_forward(&u, x, r, p.v, with & 1 ? p.xi : NULL);
    for (int i = 0; i < n; i++) {
      double y = (1 - (double)p.alpha[i]) * p.x[i] + p.alpha[i] * ((double)p.v[i] + p.bias[i]) +
                 noise_of(&u, &p, i);
      ASSERT_NEAR(x[i], y, 1e-6);
      double z = gain_of(&u, i) * f(transfer, x[i], exponent_of(&u, i));
      ASSERT_NEAR(r[i], z, 4e-7 * fabs(z));
    }
    for (int i = n; i <= UNITS; i++) {
      CHECK(x[i] == GUARD, "unit %d was written", i);
      CHECK(r[i] == GUARD, "unit %d was written", i);
    }
  }
}
END_TEST

START_TEST(test_rate_forward)
{
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  const population p = population_new();
  FOR_ALL_UNITS
  {
    const int n = unit_counts[in];
    const nai__units u = units_of(&p, n, transfer, with);
    float r[UNITS + 1], a[UNITS + 1], in_place[UNITS + 1];
    for (int i = 0; i <= UNITS; i++) {
      r[i] = a[i] = in_place[i] = GUARD;
      if (i < n) in_place[i] = p.x[i];
    }
    kernels->rate_forward(&u, r, a, p.x, p.v, with & 1 ? p.xi : NULL);
    for (int i = 0; i < n; i++) {
      double input = (double)p.v[i] + p.bias[i] + noise_of(&u, &p, i);
      double z = gain_of(&u, i) * f(transfer, input, exponent_of(&u, i));
      ASSERT_NEAR(a[i], z, 3e-6 * (1 + fabs(z)));
      ASSERT_NEAR(r[i], (1 - (double)p.alpha[i]) * p.x[i] + (double)p.alpha[i] * a[i],
                  1e-6 * (1 + fabs(z)));
    }
    for (int i = n; i <= UNITS; i++) {
      CHECK(r[i] == GUARD, "unit %d was written", i);
      CHECK(a[i] == GUARD, "unit %d was written", i);
    }
    kernels->rate_forward(&u, in_place, a, in_place, p.v, with & 1 ? p.xi : NULL);
    ck_assert_int_eq(same_bits(r, in_place, UNITS + 1), 1);
  }
}
END_TEST

/*
 * Places where the slope is asked for: away from the kinks at 0, where a central difference means
 * nothing.
 */
static void rates_at(float *r, double *x, const nai__units *u, const population *p)
{
  for (int64_t i = 0; i < u->n; i++) {
    x[i] = fabs(p->x[i]) < 0.01 ? 0.5 : p->x[i];
    r[i] = (float)(gain_of(u, i) * f(u->transfer, x[i], exponent_of(u, i)));
  }
}

START_TEST(test_backward)
{
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  const population p = population_new();
  FOR_ALL_UNITS
  {
    const int n = unit_counts[in];
    const nai__units u = units_of(&p, n, transfer, with);
    float r[UNITS], g[2][UNITS + 1], carry[2][UNITS + 1];
    double x[UNITS];
    rates_at(r, x, &u, &p);
    for (int k = 0; k < 2; k++) {
      memcpy(g[k], p.g, sizeof p.g);
      memcpy(carry[k], p.carry, sizeof p.carry);
      for (int i = n; i <= UNITS; i++) g[k][i] = carry[k][i] = GUARD;
    }
    kernels->current_backward(&u, g[0], carry[0], r);
    kernels->rate_backward(&u, g[1], carry[1], r);
    for (int i = 0; i < n; i++) {
      double steep = gain_of(&u, i) * slope(transfer, x[i], exponent_of(&u, i)), alpha = p.alpha[i];
      double dx = p.carry[i] + p.g[i] * steep, dr = (double)p.carry[i] + p.g[i];
      ASSERT_NEAR(g[0][i], alpha * dx, 2e-6 * (1 + fabs(steep)));
      ASSERT_NEAR(carry[0][i], (1 - alpha) * dx, 2e-6 * (1 + fabs(steep)));
      ASSERT_NEAR(g[1][i], alpha * dr * steep, 2e-6 * (1 + fabs(steep)));
      ASSERT_NEAR(carry[1][i], (1 - alpha) * dr, 2e-6);
    }
    for (int k = 0; k < 2; k++)
      for (int i = n; i <= UNITS; i++) {
        CHECK(g[k][i] == GUARD, "unit %d was written", i);
        CHECK(carry[k][i] == GUARD, "unit %d was written", i);
      }
  }
}
END_TEST

/* Slopes that are small, where 1 - exp(-r) and the like would lose all their digits. */
START_TEST(test_small_slopes)
{
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  const float one = 1.0f, zero = 0.0f;
  for (double x = -30.0; x < 0.0; x += 0.125) {
    nai__units u = {.n = 1, .alpha = &one, .bias = &zero};
    for (u.transfer = NAI__SOFTPLUS; u.transfer <= NAI__LOGISTIC; u.transfer++) {
      float at = (float)x, r, g = 1.0f, carry = 0.0f;
      kernels->transfer(&u, &r, &at);
      kernels->current_backward(&u, &g, &carry, &r);
      double e = exp(x), s = u.transfer == NAI__SOFTPLUS ? e / (1 + e) : e / ((1 + e) * (1 + e));
      ck_assert_double_eq_tol(g, s, 1e-6 * s);
    }
  }
}
END_TEST

/* The whole range, to a few units in the last place; below 2^-100 results may be 0. */
START_TEST(test_transfer)
{
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  enum { N = 4001 };
  static float x[N + 8], r[N], exponent[N];
  for (int i = 0; i < N; i++) {
    double along = (i - N / 2) / (double)(N / 2);
    x[i] = (float)(along * pow(fabs(along), 3.0) * 95.0);
    exponent[i] = i % 3 ? 2.0f : 1.5f;
  }
  for (int transfer = 0; transfer < NAI__TRANSFERS; transfer++) {
    const nai__units u = {
        .n = N, .transfer = transfer, .exponent = transfer == NAI__POWER ? exponent : NULL};
    kernels->transfer(&u, r, x);
    for (int i = 0; i < N; i++) {
      double y = f(transfer, x[i], exponent[i]);
      CHECK(fabs(r[i] - y) <= 3.6e-7 * fabs(y) + 1e-30, "transfer %d of %.9g: %.9g for %.9g",
            transfer, x[i], r[i], y);
    }
  }
}
END_TEST

START_TEST(test_not_finite)
{
  static const float of_infinity[NAI__TRANSFERS] = {INFINITY, 1, INFINITY, 1,
                                                    INFINITY, 1, INFINITY};
  static const float of_minus_infinity[NAI__TRANSFERS] = {0, -1, 0, 0, -INFINITY, 0, 0};
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  const population p = population_new();
  FOR_ALL_UNITS
  {
    const int n = unit_counts[in];
    nai__units u = units_of(&p, n, transfer, with);
    float x[UNITS], r[UNITS], a[UNITS], v[UNITS];
    for (int i = 0; i < n; i++) x[i] = i % 3 == 0 ? NAN : i % 3 == 1 ? INFINITY : -INFINITY;
    memcpy(v, x, sizeof v);
    kernels->transfer(&u, r, x);
    for (int i = 0; i < n; i++) {
      if (i % 3 == 0)
        CHECK(isnan(r[i]), "transfer %d, unit %d: r = %g", transfer, i, r[i]);
      else
        ck_assert_float_eq(r[i], (float)gain_of(&u, i) *
                                     (i % 3 == 1 ? of_infinity : of_minus_infinity)[transfer]);
    }
    kernels->rate_forward(&u, r, a, p.x, v, p.xi);
    for (int i = 0; i < n; i += 3) {
      CHECK(isnan(r[i]), "transfer %d, unit %d: r = %g", transfer, i, r[i]);
      CHECK(isnan(a[i]), "transfer %d, unit %d: a = %g", transfer, i, a[i]);
    }
    memcpy(x, p.x, sizeof x);
    kernels->current_forward(&u, x, r, v, p.xi);
    for (int i = 0; i < n; i += 3) {
      CHECK(isnan(x[i]), "transfer %d, unit %d: x = %g", transfer, i, x[i]);
      CHECK(isnan(r[i]), "transfer %d, unit %d: r = %g", transfer, i, r[i]);
    }
  }
}
END_TEST

START_TEST(test_rectifying_slope_at_zero)
{
  static const int rectifying[] = {NAI__RELU, NAI__RECTIFIED_TANH, NAI__POWER};
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  population p = population_new();
  for (int k = 0; k < COUNT(rectifying); k++) {
    nai__units u = units_of(&p, 20, rectifying[k], 2);
    float r[20] = {0}, g[20], carry[20] = {0};
    for (int i = 0; i < 20; i++) g[i] = 1.0f;
    kernels->current_backward(&u, g, carry, r);
    for (int i = 0; i < 20; i++) ck_assert_float_eq(g[i], 0.0f);
  }
}
END_TEST

/*
 * A unit without gain has no slope either, rather than 0 / 0; a negative one works like any other.
 */
START_TEST(test_odd_gains)
{
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  const float alpha[2] = {1, 1}, bias[2] = {0, 0}, gain[2] = {0, -2}, exponent[2] = {2, 2},
              x[2] = {0.5f, 0.5f};
  for (int transfer = 0; transfer < NAI__TRANSFERS; transfer++) {
    nai__units u = {.n = 2,
                    .transfer = transfer,
                    .alpha = alpha,
                    .bias = bias,
                    .gain = gain,
                    .exponent = exponent};
    float r[2], g[2] = {1, 1}, carry[2] = {0, 0};
    kernels->transfer(&u, r, x);
    kernels->current_backward(&u, g, carry, r);
    ck_assert_float_eq(r[0], 0.0f);
    ck_assert_float_eq(g[0], 0.0f);
    ck_assert_double_eq_tol(r[1], -2 * f(transfer, 0.5, 2), 1e-6);
    ck_assert_double_eq_tol(g[1], -2 * slope(transfer, 0.5, 2), 1e-6);
  }
}
END_TEST

/* What decays ends at 0, not among the denormal numbers. */
START_TEST(test_decay)
{
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  float alpha[20], zero[20] = {0}, x[20], r[20], a[20], rate[20], g[20], carry[20];
  for (int i = 0; i < 20; i++) {
    alpha[i] = 0.2f;
    x[i] = rate[i] = carry[i] = i % 2 ? 1.0f : -1.0f;
  }
  nai__units u = {.n = 20, .transfer = NAI__TANH, .alpha = alpha, .bias = zero};
  for (int t = 0; t < 1000; t++) {
    memset(g, 0, sizeof g);
    kernels->current_forward(&u, x, r, zero, NULL);
    kernels->rate_forward(&u, rate, a, rate, zero, NULL);
    kernels->current_backward(&u, g, carry, r);
    for (int i = 0; i < 20; i++) {
      CHECK(x[i] == 0 || fabsf(x[i]) >= FLT_MIN, "x is %g", x[i]);
      CHECK(r[i] == 0 || fabsf(r[i]) >= FLT_MIN, "r is %g", r[i]);
      CHECK(rate[i] == 0 || fabsf(rate[i]) >= FLT_MIN, "rate is %g", rate[i]);
      CHECK(carry[i] == 0 || fabsf(carry[i]) >= FLT_MIN, "carry is %g", carry[i]);
      CHECK(g[i] == 0 || fabsf(g[i]) >= FLT_MIN, "g is %g", g[i]);
    }
  }
  for (int i = 0; i < 20; i++)
    ck_assert(x[i] == 0 && r[i] == 0 && rate[i] == 0 && carry[i] == 0 && g[i] == 0);
}
END_TEST

/* --- units that spike ------------------------------------------------------------------------- */

enum {
  OF_V,
  OF_WAIT,
  OF_B,
  OF_IN,
  OF_DECAY,
  OF_TARGET,
  OF_THRESHOLD,
  OF_RESET,
  OF_PERIOD,
  OF_TAKEN,
  OF_ADAPTATION,
  OF_KEPT,
  OF_ALL
};

/* Units of every state: those that wait, and those whose v is at the threshold, which is enough. */
static float spiking_number(int what, int64_t i)
{
  switch (what) {
  case OF_V: return i % 11 == 0 ? NAN : i % 7 == 0 ? 1 : (float)(2 * uniform());
  case OF_WAIT: return (float)(i % 4);
  case OF_IN: return i % 7 == 0 ? 0 : (float)uniform();
  case OF_DECAY: return i % 7 == 0 ? 0 : (float)(0.5 + 0.4 * uniform());
  case OF_THRESHOLD: return 1;
  case OF_PERIOD: return (float)(1 + i % 3);
  case OF_TAKEN: return i % 3 == 0 ? 0 : 1.5f;
  case OF_B:
  case OF_KEPT:
  case OF_ADAPTATION: return i % 7 == 0 ? 0 : (float)(0.5 + 0.5 * uniform());
  default: return (float)uniform();
  }
}

/* By units/lif.h, one unit after another. */
static void fire_slowly(const nai__spiking *u)
{
  for (int64_t i = 0; i < u->n; i++) {
    const int64_t at = u->same ? 0 : i;
    const float taken = u->soft ? u->taken[at] : 0, b = u->adapts ? u->b[i] : 0, wait = u->wait[i];
    float v = u->v[i] + u->decay[at] * (u->target[at] - u->v[i]) + u->in[i];
    if (taken != 0 && wait > u->period[at] - 0.5f) v -= taken; /* it fired in the step before */
    if (taken == 0 && wait > 1) v = u->v[i];
    float barrier = u->threshold[at];
    if (u->adapts) barrier += u->adaptation[at] * b;
    const int fires = v >= barrier && wait <= 1;
    if (fires && taken == 0) v = u->reset[at];
    u->v[i] = u->sent[i] = v;
    u->spike[i] = (float)fires;
    u->wait[i] = fires ? u->period[at] : wait > 1 ? wait - 1 : 0;
    if (u->adapts) u->b[i] = u->kept_b[at] * b + (float)fires;
  }
}

static nai__spiking spiking_of(float *const of[OF_ALL], float *sent, float *spike, int64_t n,
                               int how)
{
  return (nai__spiking){.n = n,
                        .adapts = how & 1,
                        .soft = how >> 1 & 1,
                        .same = how >> 2 & 1,
                        .v = of[OF_V],
                        .wait = of[OF_WAIT],
                        .b = of[OF_B],
                        .spike = spike,
                        .sent = sent,
                        .in = of[OF_IN],
                        .decay = of[OF_DECAY],
                        .target = of[OF_TARGET],
                        .threshold = of[OF_THRESHOLD],
                        .reset = of[OF_RESET],
                        .period = of[OF_PERIOD],
                        .taken = of[OF_TAKEN],
                        .adaptation = of[OF_ADAPTATION],
                        .kept_b = of[OF_KEPT]};
}

static void check_fire(const nai__kernels *kernels, int64_t n, int how)
{
  float *of[OF_ALL], *other[OF_ALL], *sent = guards(n + 1), *spike = guards(n + 1),
                                     *sent2 = guards(n + 1), *spike2 = guards(n + 1);
  for (int what = 0; what < OF_ALL; what++) {
    of[what] = guards(n + 1);
    for (int64_t i = 0; i < n; i++) of[what][i] = spiking_number(what, i);
    other[what] = copy_of(of[what], n + 1);
  }
  for (int step = 0; step < 6; step++) {
    const nai__spiking u = spiking_of(of, sent, spike, n, how),
                       slow = spiking_of(other, sent2, spike2, n, how);
    kernels->fire(&u);
    fire_slowly(&slow);
    for (int64_t i = 0; i <= n; i++) {
      for (int what = 0; what < OF_ALL; what++)
        CHECK(is_same(of[what][i], other[what][i]), "how %d, n %lld, step %d, unit %lld: %d", how,
              (long long)n, step, (long long)i, what);
      CHECK(is_same(sent[i], sent2[i]) && is_same(spike[i], spike2[i]), "unit %lld", (long long)i);
    }
  }
  for (int what = 0; what < OF_ALL; what++) free(of[what]), free(other[what]);
  free(sent), free(spike), free(sent2), free(spike2);
}

/* Adaptive or not, with soft resets or hard ones or both, of one kind or many. */
START_TEST(test_fire)
{
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  for (int in = 0; in < COUNT(unit_counts); in++)
    for (int how = 0; how < 8; how++) check_fire(kernels, unit_counts[in], how);
}
END_TEST

/* --- the suite -------------------------------------------------------------------------------- */

static void seed(void)
{
  state = 42;
}

static void add(Suite *suite, const char *name, const TTest *const *tests, int count)
{
  TCase *of = tcase_create(name);
  tcase_add_checked_fixture(of, seed, NULL);
  tcase_set_timeout(of, 120);
  for (int i = 0; i < count; i++) tcase_add_loop_test(of, tests[i], 0, TABLES);
  suite_add_tcase(suite, of);
}

Suite *kernels_suite(void);
Suite *kernels_suite(void)
{
  Suite *suite = suite_create("kernels");
  TCase *alone = tcase_create("alone");
  tcase_add_test(alone, test_names);
  tcase_add_test(alone, test_philox);
  tcase_add_test(alone, test_blas_in_pieces);
  suite_add_tcase(suite, alone);
  const TTest *products[] = {test_pack_columns,       test_product,
                             test_product_large,      test_product_one_row,
                             test_product_of_zeros,   test_product_overwrites,
                             test_product_of_nothing, test_product_widths,
                             test_row_product,        test_row_product_signed_zero,
                             test_row_product_nan,    test_product_cut};
  const TTest *learning[] = {test_row_dot,   test_add_dots,   test_square_row,
                             test_learn_row, test_learn_rows, test_learn_row_decays};
  const TTest *rows[] = {test_row_sum, test_add_rows, test_find_active, test_add_bits};
  const TTest *gradient[] = {test_outer,         test_outer_large,     test_outer_of_nothing,
                             test_outer_cut,     test_outer_continued, test_outer_of_steps,
                             test_outer_of_zeros};
  const TTest *noise[] = {test_normals, test_normal_rows, test_normals_bits,
                          test_normals_distribution, test_normals_differ};
  const TTest *units[] = {test_current_forward,
                          test_rate_forward,
                          test_backward,
                          test_small_slopes,
                          test_transfer,
                          test_not_finite,
                          test_rectifying_slope_at_zero,
                          test_odd_gains,
                          test_decay,
                          test_fire};
  add(suite, "learning", learning, COUNT(learning));
  add(suite, "rows", rows, COUNT(rows));
  add(suite, "products", products, COUNT(products));
  add(suite, "weight gradient", gradient, COUNT(gradient));
  add(suite, "noise", noise, COUNT(noise));
  add(suite, "units", units, COUNT(units));
  return suite;
}

#ifdef TEST_MAIN
int main(void)
{
  SRunner *runner = srunner_create(kernels_suite());
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
#endif
