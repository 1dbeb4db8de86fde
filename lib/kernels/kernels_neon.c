/* Kernels for 64-bit ARM, all of which has NEON: vectors of 16 bytes, 32 of them in registers. */
#if defined(__aarch64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NAI__NEON 1
#define NAI__WIDTH 16
#define NAI__TABLE nai__kernels_neon
#define NAI__TABLE_NAME "neon"
#define NAI__NORMALS nai__normals_neon
#define NAI__NORMAL_ROWS nai__normal_rows_neon
#define NAI__WORDS nai__words_neon
#include "table.inc.h"
#else
#include <stddef.h>

#include "tables.h"

const nai__kernels *nai__kernels_neon(void)
{
  return NULL;
}
#endif
