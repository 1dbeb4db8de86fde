/*
 * The tables, each from its own file; NULL where the compiler was not told to build it (another
 * processor).
 */
#ifndef NAI_KERNELS_TABLES_H
#define NAI_KERNELS_TABLES_H

#include "kernels.h"

const nai__kernels *nai__kernels_portable(void);
const nai__kernels *nai__kernels_avx2(void);
const nai__kernels *nai__kernels_avx512(void);
const nai__kernels *nai__kernels_neon(void);
const nai__kernels *nai__kernels_blas(void);

/* nai__kernels.normals, compiled apart because no compiler flag may change its bits. */
void nai__normals_portable(float *out, int64_t n, uint64_t seed, uint32_t purpose, uint64_t trial,
                           uint32_t step);
void nai__normals_avx2(float *out, int64_t n, uint64_t seed, uint32_t purpose, uint64_t trial,
                       uint32_t step);
void nai__normals_avx512(float *out, int64_t n, uint64_t seed, uint32_t purpose, uint64_t trial,
                         uint32_t step);
void nai__normals_neon(float *out, int64_t n, uint64_t seed, uint32_t purpose, uint64_t trial,
                       uint32_t step);

#endif
