/* Slopes held against central differences: see central.h. */
#include "central.h"

#include <float.h>
#include <math.h>

#include "../base/error.h"

#define NEAR 0x1p-7 /* how far a number of size 1 or less is moved; FAR is twice that */
#define SHARE 1e-3  /* of a slope, which is found in single precision */
#define ROUNDING 16 /* roundings of a step, one after another */
#define KINK 0.75   /* of a curvature; smooth functions have half of it at half the distance */

float nai__central_moved(float x, int point)
{
  static const double share[NAI__POINTS] = {
      [NAI__LESS] = -NEAR, [NAI__MORE] = NEAR, [NAI__LEAST] = -2 * NEAR, [NAI__MOST] = 2 * NEAR};
  return (float)((double)x + share[point] * fmax(1, fabs((double)x)));
}

static double ratio(const double *f, const double *x, int more, int less)
{
  return (f[more] - f[less]) / (x[more] - x[less]);
}

double nai__central_slope(const double f[NAI__POINTS], const double x[NAI__POINTS])
{
  return ratio(f, x, NAI__MORE, NAI__LESS);
}

int nai__central_agrees(double slope, const double f[NAI__POINTS], const double x[NAI__POINTS],
                        double terms)
{
  double size = terms;
  for (int p = 0; p < NAI__POINTS; p++) size = fmax(size, fabs(f[p]));
  double near = nai__central_slope(f, x), far = ratio(f, x, NAI__MOST, NAI__LEAST);
  if (!isfinite(slope) || !isfinite(f[NAI__HERE])) return 0;
  if (!isfinite(near) || !isfinite(far)) return 1; /* an edge of where the function is */
  double rounding = ROUNDING * (double)FLT_EPSILON * size / (x[NAI__MORE] - x[NAI__LESS]);
  double curve = fabs(ratio(f, x, NAI__MORE, NAI__HERE) - ratio(f, x, NAI__HERE, NAI__LESS)),
         far_curve = fabs(ratio(f, x, NAI__MOST, NAI__HERE) - ratio(f, x, NAI__HERE, NAI__LEAST));
  if (curve > KINK * far_curve + rounding) return 1;
  return fabs(slope - near) <=
         SHARE * fmax(fabs(slope), fabs(near)) + 4 * fabs(near - far) + rounding;
}

nai_status nai__central_fail(const nai__wrong_slope *wrong)
{
  return nai__fail(
      NAI_ERR_INVALID,
      "%s of model '%.30s': '%.24s' by '%.24s' is %.6g, by central differences %.6g, in "
      "unit %lld of '%.24s' at step %lld, where %.24s is %.6g",
      wrong->block, wrong->model, wrong->of, wrong->by, wrong->slope, wrong->difference,
      (long long)wrong->unit, wrong->population, (long long)wrong->step, wrong->by, wrong->x);
}
