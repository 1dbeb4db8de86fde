/*
 * Kernels for x86 with AVX-512 (F, VL, DQ, BW); compiled with -mavx512f -mavx512vl -mavx512dq
 * -mavx512bw -mfma.
 */
#if defined(__AVX512F__) && defined(__AVX512VL__) && defined(__AVX512DQ__) && defined(__AVX512BW__)
#define NAI__WIDTH 64
#define NAI__TABLE nai__kernels_avx512
#define NAI__TABLE_NAME "avx512"
#define NAI__NORMALS nai__normals_avx512
#define NAI__NORMAL_ROWS nai__normal_rows_avx512
#define NAI__WORDS nai__words_avx512
#include "table.inc.h"
#else
#include <stddef.h>

#include "tables.h"

const nai__kernels *nai__kernels_avx512(void)
{
  return NULL;
}
#endif
