/* Standard normals with AVX2. Compiled with -mavx2 -ffp-contract=off: see noise.inc.h. */
#if defined(__AVX2__)
#define NAI__WIDTH 32
#define NAI__NORMALS nai__normals_avx2
#define NAI__NORMAL_ROWS nai__normal_rows_avx2
#define NAI__WORDS nai__words_avx2
#include "noise.inc.h"
#else
typedef int nai__not_this_processor;
#endif
