/* Standard normals with AVX-512. Compiled with -mavx512f -ffp-contract=off: see noise.inc.h. */
#if defined(__AVX512F__)
#define NAI__WIDTH 64
#define NAI__NORMALS nai__normals_avx512
#define NAI__NORMAL_ROWS nai__normal_rows_avx512
#define NAI__WORDS nai__words_avx512
#include "noise.inc.h"
#else
typedef int nai__not_this_processor;
#endif
