/* Kernels for x86 with AVX2 and FMA; compiled with -mavx2 -mfma. */
#if defined(__AVX2__) && defined(__FMA__)
#define NAI__WIDTH 32
#define NAI__TABLE nai__kernels_avx2
#define NAI__TABLE_NAME "avx2"
#define NAI__NORMALS nai__normals_avx2
#define NAI__NORMAL_ROWS nai__normal_rows_avx2
#define NAI__WORDS nai__words_avx2
#include "table.inc.h"
#else
#include <stddef.h>

#include "tables.h"

const nai__kernels *nai__kernels_avx2(void)
{
  return NULL;
}
#endif
