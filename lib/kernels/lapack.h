/*
 * Eigenvalues, singular values and orthogonal matrices by LAPACK; column-major doubles, as there.
 */
#ifndef NAI_KERNELS_LAPACK_H
#define NAI_KERNELS_LAPACK_H

#include <stdint.h>

#include <neuroai/status.h>

/* Eigenvalues of a [n, n] into real [n], imaginary [n]. a is destroyed. */
nai_status nai__eigenvalues(double *real, double *imaginary, double *a, int64_t n);
/* Singular values of a [n, n] into values [n], descending. a is destroyed. */
nai_status nai__singular_values(double *values, double *a, int64_t n);
/*
 * a [m, n], m >= n, standard normal: replaced by a random orthogonal matrix (orthonormal columns,
 * uniform by Haar).
 */
nai_status nai__orthogonal(double *a, int64_t m, int64_t n);

#endif
