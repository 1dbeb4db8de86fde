/*
 * The table of the BLAS once more, with at most 37 rows, columns and terms at once, and 64 floats from row to
 * row, in place of what fits an int.
 */
#define NAI__BLAS_MOST 37
#define NAI__BLAS_STRIDE 64
#define nai__kernels_blas blas_in_pieces
#include "../lib/kernels/kernels_blas.c"
