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

/*
 * nai__kernels.normals, normal_rows and words, compiled apart because no compiler flag may change their bits.
 */
#define NAI__NORMALS_OF(table)                                                                  \
  void nai__normals_##table(float *out, int64_t n, uint64_t seed, uint32_t purpose,             \
                            uint64_t trial, uint32_t step);                                     \
  void nai__normal_rows_##table(float *out, int64_t ld, int64_t rows, int64_t n, uint64_t seed, \
                                uint32_t purpose, uint64_t first, uint32_t step);               \
  void nai__words_##table(uint32_t *out, int64_t n, int64_t first, uint64_t seed,               \
                          uint32_t purpose, uint64_t trial, uint32_t step);
NAI__NORMALS_OF(portable)
NAI__NORMALS_OF(avx2)
NAI__NORMALS_OF(avx512)
NAI__NORMALS_OF(neon)

#endif
