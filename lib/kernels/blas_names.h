/*
 * A BLAS whose names begin with a word of its own, as that of the wheels on PyPI does, so that a process
 * can hold several: its pkg-config file defines BLAS_SYMBOL_PREFIX. To be included before cblas.h,
 * which declares the names with or without it. Others know only the names below.
 */
#ifndef NAI_KERNELS_BLAS_NAMES_H
#define NAI_KERNELS_BLAS_NAMES_H

#ifdef BLAS_SYMBOL_PREFIX
#define NAI__JOIN(prefix, name) prefix##name
#define NAI__NAMED(prefix, name) NAI__JOIN(prefix, name)
#define NAI__BLAS(name) NAI__NAMED(BLAS_SYMBOL_PREFIX, name)

#define cblas_dgemm NAI__BLAS(cblas_dgemm)
#define cblas_saxpy NAI__BLAS(cblas_saxpy)
#define cblas_sgemm NAI__BLAS(cblas_sgemm)
#define cblas_sgemv NAI__BLAS(cblas_sgemv)
#define dgeev_ NAI__BLAS(dgeev_)
#define dgeqrf_ NAI__BLAS(dgeqrf_)
#define dgesdd_ NAI__BLAS(dgesdd_)
#define dorgqr_ NAI__BLAS(dorgqr_)
#endif

#endif
