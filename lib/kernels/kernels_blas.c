/*
 * Kernels over CBLAS: products and the weight gradient by sgemm, the rest as in the portable table.
 * The BLAS decides in what order it sums, and how many threads it uses; neither is touched here.
 *
 * CBLAS counts in int. What is larger is cut into pieces of at most NAI__BLAS_MOST rows, columns or
 * terms; a leading dimension that is larger is avoided by going row by row.
 */
#define NAI__WIDTH 16
#include "blas_names.h"

#include <cblas.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "tables.h"
#include "vector.h"

#include "units.inc.h"

#include "learn.inc.h"

#include "sums.inc.h"

#include "tally.inc.h"

#include "active.inc.h"

#include "bits.inc.h"

#include "spikes.inc.h"

#ifndef NAI__BLAS_MOST
#define NAI__BLAS_MOST (INT_MAX / 2)
#endif

/* The largest leading dimension that it is given. */
#ifndef NAI__BLAS_STRIDE
#define NAI__BLAS_STRIDE INT_MAX
#endif

static int64_t packed_size(int64_t k, int64_t n)
{
  return k > 0 && n > 0 ? k * n : 1;
}

/* In panels of NAI__BLAS_MOST columns: [k][columns of the panel] each. */
static void pack_columns(float *packed, const float *w, int64_t ldw, int64_t k, int64_t n,
                         int64_t first, int64_t end)
{
  for (int64_t j0 = 0; j0 < end; j0 += NAI__BLAS_MOST) {
    const int64_t columns = at_most(NAI__BLAS_MOST, n - j0);
    for (int64_t i0 = 0; i0 < k; i0 += 16) /* in blocks, so that each line of w is read once */
      for (int64_t j = first > j0 ? first - j0 : 0; j < at_most(columns, end - j0); j++)
        for (int64_t i = i0; i < at_most(i0 + 16, k); i++)
          packed[i * columns + j] = w[(j0 + j) * ldw + i];
    packed += k * columns;
  }
}

static void pack(float *packed, const float *w, int64_t ldw, int64_t k, int64_t n, int transposed)
{
  if (transposed) {
    pack_columns(packed, w, ldw, k, n, 0, n);
    return;
  }
  for (int64_t j0 = 0; j0 < n; j0 += NAI__BLAS_MOST) {
    const int64_t columns = at_most(NAI__BLAS_MOST, n - j0);
    for (int64_t i = 0; i < k; i++)
      memcpy(packed + i * columns, w + i * ldw + j0, (size_t)columns * sizeof *packed);
    packed += k * columns;
  }
}

/*
 * c [rows, n] = or += op(a) [rows, k] b [k, n]; every size fits an int, leading dimensions may not.
 * That of a single row means nothing to us, but CBLAS would refuse one that is too small.
 */
static void multiply(CBLAS_TRANSPOSE op, float *c, int64_t ldc, const float *a, int64_t lda,
                     const float *b, int64_t ldb, int64_t rows, int64_t k, int64_t n,
                     int accumulate)
{
  if (rows == 1) {
    lda = op == CblasNoTrans ? k : lda;
    ldc = n;
  }
  if (k > 0 && lda <= NAI__BLAS_STRIDE && ldb <= NAI__BLAS_STRIDE && ldc <= NAI__BLAS_STRIDE) {
    cblas_sgemm(CblasRowMajor, op, CblasNoTrans, (int)rows, (int)n, (int)k, 1.0f, a, (int)lda, b,
                (int)ldb, accumulate ? 1.0f : 0.0f, c, (int)ldc);
    return;
  }
  for (int64_t row = 0; row < rows; row++) {
    float *to = c + row * ldc;
    if (!accumulate) memset(to, 0, (size_t)n * sizeof *to);
    for (int64_t i = 0; i < k; i++)
      cblas_saxpy((int)n, op == CblasTrans ? a[i * lda + row] : a[row * lda + i], b + i * ldb, 1,
                  to, 1);
  }
}

static void product(float *c, int64_t ldc, const float *a, int64_t lda, const float *packed,
                    int64_t rows, int64_t k, int64_t n, int accumulate)
{
  for (int64_t j = 0; j < n; j += NAI__BLAS_MOST) {
    const int64_t columns = at_most(NAI__BLAS_MOST, n - j);
    for (int64_t row = 0; row < rows; row += NAI__BLAS_MOST) {
      const int64_t some = at_most(NAI__BLAS_MOST, rows - row);
      int64_t i = 0;
      do { /* once also for k = 0, which may have to set c to 0 */
        const int64_t terms = at_most(NAI__BLAS_MOST, k - i);
        multiply(CblasNoTrans, c + row * ldc + j, ldc, a + row * lda + i, lda, packed + i * columns,
                 columns, some, terms, columns, accumulate || i > 0);
        i += terms;
      } while (i < k);
    }
    packed += k * columns;
  }
}

static void row_product(float *c, const float *a, const float *packed, int64_t k, int64_t n,
                        int accumulate, int32_t *index)
{
  (void)index;
  if (k > 0 && n > 0 && k <= NAI__BLAS_MOST && n <= NAI__BLAS_MOST)
    cblas_sgemv(CblasRowMajor, CblasTrans, (int)k, (int)n, 1.0f, packed, (int)n, a, 1,
                accumulate ? 1.0f : 0.0f, c, 1);
  else
    product(c, n > 0 ? n : 1, a, k > 0 ? k : 1, packed, 1, k, n, accumulate);
}

static void square_product(double *c, const double *a, const double *b, int64_t n, int accumulate)
{
  if (n > 0)
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)n, (int)n, (int)n, 1.0, a, (int)n,
                b, (int)n, accumulate ? 1.0 : 0.0, c, (int)n);
}

static int64_t outer_scratch(int64_t m, int64_t n)
{
  (void)m;
  (void)n;
  return 1;
}

/* Of one step. */
static void outer_step(float *w, int64_t ldw, const float *d, int64_t ldd, const float *r,
                       int64_t ldr, int64_t rows, int64_t m, int64_t n, int accumulate)
{
  for (int64_t i = 0; i < m; i += NAI__BLAS_MOST)
    for (int64_t j = 0; j < n; j += NAI__BLAS_MOST) {
      int64_t row = 0;
      do {
        const int64_t terms = at_most(NAI__BLAS_MOST, rows - row);
        multiply(CblasTrans, w + i * ldw + j, ldw, d + row * ldd + i, ldd, r + row * ldr + j, ldr,
                 at_most(NAI__BLAS_MOST, m - i), terms, at_most(NAI__BLAS_MOST, n - j),
                 accumulate || row > 0);
        row += terms;
      } while (row < rows);
    }
}

static void outer(float *w, int64_t ldw, const float *d, int64_t ldd, const float *r, int64_t ldr,
                  nai__rows rows, int64_t m, int64_t n, int accumulate, float *scratch)
{
  (void)scratch;
  int64_t row = 0;
  do {
    const int64_t some = at_most(rows.each, rows.n - row);
    outer_step(w, ldw, d, ldd, r, ldr, some, m, n, accumulate || row > 0);
    row += some;
    d += rows.apart * ldd;
    r += rows.apart * ldr;
  } while (row < rows.n);
}

/* --- lists, which no BLAS knows --------------------------------------------------------------- */

static void list_product(float *c, int64_t ldc, const float *a, int64_t lda,
                         const nai__lists *lists, int64_t rows, int accumulate)
{
  nai__kernels_portable()->list_product(c, ldc, a, lda, lists, rows, accumulate);
}

static void list_row(float *c, const float *a, const nai__row_lists *lists, int accumulate)
{
  nai__kernels_portable()->list_row(c, a, lists, accumulate);
}

static int64_t list_scratch(const nai__lists *lists)
{
  return nai__kernels_portable()->list_scratch(lists);
}

static void list_outer(float *w, int64_t ldw, const float *d, int64_t ldd, const float *r,
                       int64_t ldr, nai__rows rows, const nai__lists *lists, int64_t first,
                       int64_t end, int accumulate, float *scratch)
{
  nai__kernels_portable()->list_outer(w, ldw, d, ldd, r, ldr, rows, lists, first, end, accumulate,
                                      scratch);
}

static const nai__kernels table = {
    .name = "blas",
    .outer_rows = 64, /* a BLAS sums in another order when there are more rows */
    .packed_size = packed_size,
    .pack = pack,
    .pack_columns = pack_columns,
    .product = product,
    .row_product = row_product,
    .square_product = square_product,
    .outer_scratch = outer_scratch,
    .outer = outer,
    .list_product = list_product,
    .list_row = list_row,
    .list_scratch = list_scratch,
    .list_outer = list_outer,
    .add_row = add_row,
    .add_products = add_products,
    .square_row = square_row,
    .row_sum = row_sum,
    .row_dot = row_dot,
    .add_dots = add_dots,
    .learn_row = learn_row,
    .learn_rows = learn_rows,
    .normals = nai__normals_portable,
    .normal_rows = nai__normal_rows_portable,
    .words = nai__words_portable,
    .tally = tally,
    .find_active = find_active,
    .add_bits = add_bits,
    .current_forward = current_forward,
    .rate_forward = rate_forward,
    .current_backward = current_backward,
    .rate_backward = rate_backward,
    .transfer = transfer,
    .fire = fire,
};

const nai__kernels *nai__kernels_blas(void)
{
  return &table;
}
