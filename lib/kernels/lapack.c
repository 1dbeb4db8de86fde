/*
 * Eigenvalues, singular values and orthogonal matrices: LAPACK's own routines, called with their
 * Fortran names. Some raise floating-point exceptions on purpose (ieeeck makes infinities and NaN to
 * see whether it may), which hosts that trap them would die of: they are held meanwhile.
 */
#include "lapack.h"

#include <limits.h>
#include <stddef.h>

#include "../base/error.h"
#include "../base/floating.h"
#include "../base/memory.h"
#include "blas_names.h"

/* The last arguments are the lengths of the character arguments, as gfortran passes them. */
void dgeev_(const char *left, const char *right, const int *n, double *a, const int *lda,
            double *wr, double *wi, double *vl, const int *ldvl, double *vr, const int *ldvr,
            double *work, const int *lwork, int *info, size_t left_length, size_t right_length);
void dgesdd_(const char *job, const int *m, const int *n, double *a, const int *lda, double *s,
             double *u, const int *ldu, double *vt, const int *ldvt, double *work, const int *lwork,
             int *iwork, int *info, size_t job_length);
void dgeqrf_(const int *m, const int *n, double *a, const int *lda, double *tau, double *work,
             const int *lwork, int *info);
void dorgqr_(const int *m, const int *n, const int *k, double *a, const int *lda, const double *tau,
             double *work, const int *lwork, int *info);

/*
 * Blocks of LAPACK's unblocked parts are at most this wide; more work space than needed is
 * harmless.
 */
#define BLOCK 64

static nai_status check_size(int64_t n)
{
  if (n > 32768)
    return nai__fail(NAI_ERR_UNSUPPORTED, "a matrix of %lld units is too large, at most 32768",
                     (long long)n);
  return NAI_OK;
}

nai_status nai__eigenvalues(double *real, double *imaginary, double *a, int64_t n)
{
  NAI__TRY(check_size(n));
  int size = (int)n, one = 1, info = 0, lwork = size * (BLOCK + 3);
  double *work = NAI__ARRAY(double, lwork);
  if (!work) return NAI_ERR_MEMORY;
  fenv_t host;
  nai__floating_hold(&host);
  dgeev_("N", "N", &size, a, &size, real, imaginary, NULL, &one, NULL, &one, work, &lwork, &info, 1,
         1);
  nai__floating_release(&host);
  nai__free(work);
  if (info) return nai__fail(NAI_ERR_NONFINITE, "the eigenvalues do not converge");
  return NAI_OK;
}

nai_status nai__singular_values(double *values, double *a, int64_t n)
{
  NAI__TRY(check_size(n));
  int size = (int)n, one = 1, info = 0, lwork = size * (BLOCK + 10);
  double *work = NAI__ARRAY(double, lwork);
  int *iwork = NAI__ARRAY(int, 8 * n);
  fenv_t host;
  nai__floating_hold(&host);
  if (work && iwork)
    dgesdd_("N", &size, &size, a, &size, values, NULL, &one, NULL, &one, work, &lwork, iwork, &info,
            1);
  nai__floating_release(&host);
  nai_status status = !work || !iwork ? NAI_ERR_MEMORY
                      : info ? nai__fail(NAI_ERR_NONFINITE, "the singular values do not converge")
                             : NAI_OK;
  nai__free(work);
  nai__free(iwork);
  return status;
}

nai_status nai__orthogonal(double *a, int64_t m, int64_t n)
{
  NAI__TRY(check_size(m));
  int rows = (int)m, columns = (int)n, info = 0, lwork = columns * BLOCK;
  double *tau = NAI__ARRAY(double, n), *sign = NAI__ARRAY(double, n),
         *work = NAI__ARRAY(double, lwork);
  nai_status status = tau && sign && work ? NAI_OK : NAI_ERR_MEMORY;
  fenv_t host;
  nai__floating_hold(&host);
  if (status == NAI_OK) {
    dgeqrf_(&rows, &columns, a, &rows, tau, work, &lwork, &info);
    for (int64_t j = 0; j < n; j++) sign[j] = a[j * m + j] < 0 ? -1 : 1;
    dorgqr_(&rows, &columns, &columns, a, &rows, tau, work, &lwork, &info);
    /*
     * with the signs of R's diagonal the matrix is uniform over all orthogonal ones (Mezzadri 2007)
     */
    for (int64_t j = 0; j < n; j++)
      for (int64_t i = 0; i < m; i++) a[j * m + i] *= sign[j];
  }
  nai__floating_release(&host);
  nai__free(tau);
  nai__free(sign);
  nai__free(work);
  return status;
}
