/* Standard normals with NEON. Compiled with -ffp-contract=off: see noise.inc.h. */
#if defined(__aarch64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NAI__NEON 1
#define NAI__WIDTH 16
#define NAI__NORMALS nai__normals_neon
#define NAI__NORMAL_ROWS nai__normal_rows_neon
#define NAI__WORDS nai__words_neon
#include "noise.inc.h"
#else
typedef int nai__not_this_processor;
#endif
