/*
 * The exponential of a matrix by its series. With a norm of at most 1 the terms beyond the 16th
 * power add up to less than 1e-14, so nothing has to be scaled and squared; and of a matrix without
 * negative elements no two terms cancel, so that small elements are as accurate as large ones. Terms
 * are summed as polynomials in B^4 (Paterson & Stockmeyer 1973): six products of matrices, and twice
 * as many for the derivative, by the rule for products.
 */
#include "exponential.h"

#include <string.h>

#include "kernels.h"

enum {
  POWER = 0,             /* B, B^2, B^3, B^4 */
  SUM = 4,               /* Horner's sums; the last is the exponential */
  EXPONENTIAL = SUM + 3, /* */
  D_POWER = 8,           /* derivatives of the powers; the first is the direction */
  D_SUM = 12,            /* two, by turns */
  ARRAYS = NAI__EXPONENTIAL_ARRAYS
};
_Static_assert(D_SUM + 2 == ARRAYS, "arrays of the work space");

/* 1 / k! */
static const double factor[17] = {1.,
                                  1.,
                                  1. / 2,
                                  1. / 6,
                                  1. / 24,
                                  1. / 120,
                                  1. / 720,
                                  1. / 5040,
                                  1. / 40320,
                                  1. / 362880,
                                  1. / 3628800,
                                  1. / 39916800,
                                  1. / 479001600,
                                  1. / 6227020800.,
                                  1. / 87178291200.,
                                  1. / 1307674368000.,
                                  1. / 20922789888000.};

static double *array(double *work, int64_t n, int index)
{
  return work + index * n * n;
}

/* c = or += a b. By our own kernels: how fast it is does not depend on whether the BLAS is. */
static void multiply(double *c, const double *a, const double *b, int64_t n, int accumulate)
{
  nai__kernels_best()->square_product(c, a, b, n, accumulate);
}

/* sum += the terms of degree 4 k + j, j = 1 .. last, of which powers[j - 1] is B^j. */
static void add_terms(double *sum, const double *powers, int64_t n, int k, int last)
{
  const double *f = factor + 4 * k;
  int64_t size = n * n;
  for (int j = 1; j <= last; j++)
    for (int64_t i = 0; i < size; i++) sum[i] += f[j] * powers[(j - 1) * size + i];
}

static void add_identity(double *sum, int64_t n, double value)
{
  for (int64_t i = 0; i < n; i++) sum[i * n + i] += value;
}

const double *nai__exponential(double *work, int64_t n)
{
  double *b = array(work, n, POWER), *b2 = array(work, n, POWER + 1),
         *b4 = array(work, n, POWER + 3);
  multiply(b2, b, b, n, 0);
  multiply(array(work, n, POWER + 2), b2, b, n, 0);
  multiply(b4, b2, b2, n, 0);
  memset(array(work, n, SUM), 0, (size_t)(n * n) * sizeof *work);
  for (int k = 3; k >= 0; k--) {
    double *sum = array(work, n, SUM + 3 - k);
    if (k < 3) multiply(sum, array(work, n, SUM + 2 - k), b4, n, 0);
    add_terms(sum, b, n, k, k == 3 ? 4 : 3);
    add_identity(sum, n, factor[4 * k]);
  }
  return array(work, n, EXPONENTIAL);
}

double *nai__exponential_direction(double *work, int64_t n)
{
  return array(work, n, D_POWER);
}

const double *nai__exponential_derivative(double *work, int64_t n)
{
  const double *b = array(work, n, POWER), *b2 = array(work, n, POWER + 1),
               *b4 = array(work, n, POWER + 3), *d = array(work, n, D_POWER);
  double *d2 = array(work, n, D_POWER + 1), *d3 = array(work, n, D_POWER + 2),
         *d4 = array(work, n, D_POWER + 3), *result = NULL;
  multiply(d2, b, d, n, 0);
  multiply(d2, d, b, n, 1);
  multiply(d3, b2, d, n, 0);
  multiply(d3, d2, b, n, 1);
  multiply(d4, b2, d2, n, 0);
  multiply(d4, d2, b2, n, 1);
  memset(array(work, n, D_SUM + 1), 0, (size_t)(n * n) * sizeof *work);
  for (int k = 3; k >= 0; k--) {
    result = array(work, n, D_SUM + k % 2);
    if (k < 3) {
      multiply(result, array(work, n, D_SUM + (k + 1) % 2), b4, n, 0);
      multiply(result, array(work, n, SUM + 2 - k), d4, n, 1);
    }
    add_terms(result, d, n, k, k == 3 ? 4 : 3);
  }
  return result;
}
