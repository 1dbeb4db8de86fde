/*
 * Kernels for every processor, in vectors of 16 bytes, without fused multiply-add: the same bits
 * everywhere.
 */
#define NAI__WIDTH 16
#define NAI__TABLE nai__kernels_portable
#define NAI__TABLE_NAME "portable"
#define NAI__NORMALS nai__normals_portable
#define NAI__NORMAL_ROWS nai__normal_rows_portable
#define NAI__WORDS nai__words_portable
#include "table.inc.h"
