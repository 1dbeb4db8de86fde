/* Standard normals for every processor. Compiled with -ffp-contract=off: see noise.inc.h. */
#define NAI__WIDTH 16
#define NAI__NORMALS nai__normals_portable
#define NAI__NORMAL_ROWS nai__normal_rows_portable
#define NAI__WORDS nai__words_portable
#include "noise.inc.h"
