/*
 * Checking what a user gives as trials: finite, a mask not below 0, classes and lengths in range.
 */
#include <float.h>
#include <math.h>

#include "../base/error.h"
#include "arrays.h"

/*
 * The first value outside low .. high, or -1. Without an early exit inside a run, so that compilers
 * vectorise it: every batch of a training passes through here.
 */
static int64_t find_outside(const float *values, int64_t n, float low, float high)
{
  for (int64_t start = 0; start < n; start += 1024) {
    int64_t end = n - start < 1024 ? n : start + 1024;
    int outside = 0;
    for (int64_t i = start; i < end; i++) outside |= !((values[i] >= low) & (values[i] <= high));
    if (!outside) continue;
    for (int64_t i = start; i < end; i++)
      if (!(values[i] >= low && values[i] <= high)) return i;
  }
  return -1;
}

static nai_status fail_value(nai_status code, const char *what, int64_t at, int64_t trials,
                             int64_t columns, float value, const char *must)
{
  return nai__fail(code, "%s[%lld][%lld][%lld] is %g, must be %s", what,
                   (long long)(at / columns / trials), (long long)(at / columns % trials),
                   (long long)(at % columns), (double)value, must);
}

nai_status nai__check_finite(const float *values, int64_t steps, int64_t trials, int64_t columns,
                             const char *what)
{
  int64_t at = find_outside(values, steps * trials * columns, -FLT_MAX, FLT_MAX);
  if (at < 0) return NAI_OK;
  return fail_value(NAI_ERR_NONFINITE, what, at, trials, columns, values[at], "finite");
}

/* NaN is what other tools write where nothing counts: so how that is written here is told. */
nai_status nai__check_targets(const float *values, int64_t steps, int64_t trials, int64_t columns,
                              const char *what)
{
  int64_t at = find_outside(values, steps * trials * columns, -FLT_MAX, FLT_MAX);
  if (at < 0) return NAI_OK;
  return fail_value(NAI_ERR_NONFINITE, what, at, trials, columns, values[at],
                    isnan(values[at])
                        ? "finite; in steps that do not count write 0 and set their mask to 0"
                        : "finite");
}

nai_status nai__check_mask(const float *mask, int64_t steps, int64_t trials, int64_t columns)
{
  int64_t at = find_outside(mask, steps * trials * columns, 0, FLT_MAX);
  if (at < 0) return NAI_OK;
  if (isfinite(mask[at]))
    return fail_value(NAI_ERR_INVALID, "mask", at, trials, columns, mask[at], "at least 0");
  return fail_value(NAI_ERR_NONFINITE, "mask", at, trials, columns, mask[at], "finite");
}

nai_status nai__check_classes(const int32_t *classes, int64_t steps, int64_t trials, int64_t n)
{
  for (int64_t i = 0; i < steps * trials; i++)
    if (classes[i] < 0 || classes[i] >= n)
      return nai__fail(NAI_ERR_INVALID, "classes[%lld][%lld] is %d, must be 0 to %lld%s",
                       (long long)(i / trials), (long long)(i % trials), (int)classes[i],
                       (long long)n - 1,
                       classes[i] < 0 ? "; in steps that do not count (mask 0) write 0" : "");
  return NAI_OK;
}

nai_status nai__check_lengths(const int32_t *lengths, int64_t trials, int64_t steps)
{
  for (int64_t b = 0; b < trials; b++)
    if (lengths[b] < 1 || lengths[b] > steps)
      return nai__fail(NAI_ERR_INVALID, "lengths[%lld] is %d, must be 1 to %lld", (long long)b,
                       (int)lengths[b], (long long)steps);
  return NAI_OK;
}
