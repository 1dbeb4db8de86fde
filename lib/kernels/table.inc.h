/*
 * One table: the products, the weight gradient and the units, compiled for the processor that the
 * flags of the including file allow. The file defines NAI__TABLE (its accessor), NAI__TABLE_NAME,
 * NAI__NORMALS, NAI__NORMAL_ROWS and NAI__WORDS.
 */
#include <math.h>
#include <stddef.h>

#include "tables.h"
#include "vector.h"

#include "products.inc.h"

#include "square.inc.h"

#include "sparse.inc.h"

#include "outer.inc.h"

#include "lists.inc.h"

#include "active.inc.h"

#include "columns.inc.h"

#include "rows.inc.h"

#include "units.inc.h"

#include "learn.inc.h"

#include "sums.inc.h"

#include "tally.inc.h"

#include "bits.inc.h"

#include "spikes.inc.h"

static const nai__kernels table = {
    .name = NAI__TABLE_NAME,
    .packed_size = packed_size,
    .pack = pack,
    .pack_columns = pack_columns,
    .product = any_product,
    .row_product = row_product,
    .square_product = square_product,
    .outer_scratch = outer_scratch,
    .outer = outer,
    .list_rows = NAI__LANES / 2 + 1,
    .list_product = list_product,
    .list_row = list_row,
    .list_scratch = list_scratch,
    .list_outer = list_outer,
    .add_row = add_row,
    .add_products = add_products,
    .square_row = square_row,
    .row_sum = row_sum,
    .row_dot = row_dot,
    .add_dots = add_dots,
    .learn_row = learn_row,
    .learn_rows = learn_rows,
    .normals = NAI__NORMALS,
    .normal_rows = NAI__NORMAL_ROWS,
    .words = NAI__WORDS,
    .tally = tally,
    .find_active = find_active,
    .add_bits = add_bits,
    .current_forward = current_forward,
    .rate_forward = rate_forward,
    .current_backward = current_backward,
    .rate_backward = rate_backward,
    .transfer = transfer,
    .fire = fire,
};

const nai__kernels *NAI__TABLE(void)
{
  return &table;
}
