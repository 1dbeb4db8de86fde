/*
 * Units that are drawn by lots of their own, so that those of a smaller fraction are among those of a
 * larger one.
 */
#include "draw_units.h"

#include <math.h>
#include <stdlib.h>

#include "../base/error.h"
#include "../base/random.h"

static int compare_lots(const void *a, const void *b)
{
  const nai__candidate *x = a, *y = b;
  if (x->lot != y->lot) return x->lot < y->lot ? -1 : 1;
  return (x->unit > y->unit) - (x->unit < y->unit);
}

static int compare_units(const void *a, const void *b)
{
  const nai__candidate *x = a, *y = b;
  return (x->unit > y->unit) - (x->unit < y->unit);
}

static uint64_t draw_lot(uint64_t seed, int64_t unit)
{
  nai__stream stream = nai__stream_open(seed, NAI__FOR_INTERVENTION, (uint64_t)unit, 0);
  return nai__stream_long(&stream);
}

nai_status nai__draw_units(int64_t *count, nai__candidate *found, const nai__node *node,
                           const nai_intervention *i)
{
  const int64_t n = i->n_units == NAI_ALL_UNITS ? node->n : i->n_units;
  for (int64_t k = 0; k < n; k++) {
    int64_t unit = i->n_units == NAI_ALL_UNITS ? k : i->units[k];
    found[k] = (nai__candidate){.place = k, .unit = unit};
    if (i->fraction < 1) found[k].lot = draw_lot(i->seed, node->order + unit);
  }
  *count = i->fraction < 1 ? (int64_t)floor(i->fraction * (double)n + 0.5) : n;
  if (*count == 0 && n > 0)
    return nai__fail(NAI_ERR_INVALID, "fraction is %g, which is none of the %lld units of '%s'",
                     i->fraction, (long long)n, node->name);
  if (*count < n) qsort(found, (size_t)n, sizeof *found, compare_lots);
  qsort(found, (size_t)*count, sizeof *found, compare_units);
  return NAI_OK;
}
