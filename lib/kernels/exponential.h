/*
 * The exponential of a square matrix whose 1-norm or infinity norm is at most 1, and the derivative
 * of that exponential in one direction. Row-major doubles.
 */
#ifndef NAI_KERNELS_EXPONENTIAL_H
#define NAI_KERNELS_EXPONENTIAL_H

#include <stdint.h>

/* Arrays [n][n] of work space; nai__exponential() reads its matrix from the first of them. */
#define NAI__EXPONENTIAL_ARRAYS 14

/* Returns exp(work[0]), which lies in the work space, as long as n does not change. */
const double *nai__exponential(double *work, int64_t n);

/* Where nai__exponential_derivative() reads its direction: the only array that may be written. */
double *nai__exponential_direction(double *work, int64_t n);

/*
 * After nai__exponential(): d/dh exp(work[0] + h direction) at h = 0. Leaves the matrix, its
 * exponential and the direction as they are.
 */
const double *nai__exponential_derivative(double *work, int64_t n);

#endif
