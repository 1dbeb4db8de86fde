/*
 * Costs on firing rates, a mean over trials: (1/trials) sum over steps, trials and units; and their
 * distance from a target.
 */
#include <math.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../kernels/kernels.h"
#include "cost.h"

/*
 * Calls `row` for each trial and step that counts; each returns its sum and adds factor * (its
 * derivative).
 */
static double over_rows(const nai_rate_batch *b,
                        double (*row)(const nai__kernels *kernels, const float *r, float *g,
                                      int64_t n, float factor),
                        double factor)
{
  const nai__kernels *const kernels = nai__kernels_best(); /* whichever: bits are the same */
  double sum = 0;
  for (int64_t t = 0; t < b->steps; t++)
    for (int64_t k = 0; k < b->trials; k++) {
      if (b->first_step + t >= b->length[k]) continue;
      int64_t at = t * b->step_stride + k * b->stride;
      sum += row(kernels, b->rate + at, b->gradient ? b->gradient + at : NULL, b->n, (float)factor);
    }
  return sum;
}

static double square_row(const nai__kernels *kernels, const float *r, float *g, int64_t n,
                         float factor)
{
  return (double)kernels->square_row(r, g, n, factor);
}

static nai_status l2_rates(void *user, nai_rate_batch *b, double *value)
{
  (void)user;
  double trials = (double)b->batch_trials;
  *value += over_rows(b, square_row, 2 * b->scale / trials) / trials;
  return NAI_OK;
}

static double absolute_row(const nai__kernels *kernels, const float *r, float *g, int64_t n,
                           float factor)
{
  (void)kernels;
  double sum = 0;
  for (int64_t i = 0; i < n; i++) sum += fabs((double)r[i]);
  if (g)
    for (int64_t i = 0; i < n; i++) g[i] += factor * (float)((r[i] > 0) - (r[i] < 0));
  return sum;
}

static nai_status l1_rates(void *user, nai_rate_batch *b, double *value)
{
  (void)user;
  double trials = (double)b->batch_trials;
  *value += over_rows(b, absolute_row, b->scale / trials) / trials;
  return NAI_OK;
}

nai_status nai_cost_create_l2_rates(nai_cost **out, const char *names)
{
  nai_cost_ops ops = {.struct_size = sizeof ops,
                      .flags = NAI_COST_SEPARABLE,
                      .name = "l2_rates",
                      .on_rates = l2_rates};
  return nai__cost_create_counted(out, &ops, NULL, names, NULL, NAI__PER_RATE);
}

nai_status nai_cost_create_l1_rates(nai_cost **out, const char *names)
{
  nai_cost_ops ops = {.struct_size = sizeof ops,
                      .flags = NAI_COST_SEPARABLE,
                      .name = "l1_rates",
                      .on_rates = l1_rates};
  return nai__cost_create_counted(out, &ops, NULL, names, NULL, NAI__PER_RATE);
}

/* --- target ----------------------------------------------------------------------------------- */

static double deviation(const void *user, double mean, double *slope)
{
  double excess = mean - *(const double *)user;
  *slope = (excess > 0) - (excess < 0);
  return fabs(excess);
}

/* A cost with a target, which is its user. */
static nai_status create_with_target(nai_cost **out, nai_cost_ops *ops, const char *names,
                                     double target)
{
  NAI__REQUIRE(out);
  *out = NULL;
  NAI__REQUIRE(names);
  if (!(target >= 0 && target <= 1e12))
    return nai__fail(NAI_ERR_INVALID, "target is %g, must be 0 to 1e12", target);
  double *kept = NAI__NEW(double);
  if (!kept) return NAI_ERR_MEMORY;
  *kept = target;
  ops->struct_size = sizeof *ops;
  ops->destroy = nai__free;
  NAI__TRY(nai_cost_create(out, ops, names, NULL, kept));
  (*out)->number = target;
  return NAI_OK;
}

nai_status nai_cost_create_rate_target(nai_cost **out, const char *names, double target)
{
  nai_cost_ops ops = {.name = "rate_target", .on_rates = l2_rates};
  NAI__TRY(create_with_target(out, &ops, names, target));
  (*out)->of_mean = deviation;
  return NAI_OK;
}

/* --- a target of each unit -------------------------------------------------------------------- */

enum { UNITS = 64 }; /* at once */

/* Steps of trial k here that count. */
static int64_t steps_of(const nai_rate_batch *b, int64_t k)
{
  int64_t left = b->length[k] - b->first_step;
  return left < 0 ? 0 : left < b->steps ? left : b->steps;
}

/* 1/2 (f - target)^2 of units from `first` on, f their means over `count` steps of trials. */
static double add_units(const nai_rate_batch *b, int64_t first, int64_t count, double target)
{
  const int64_t n = b->n - first < UNITS ? b->n - first : UNITS;
  double sum[UNITS] = {0}, value = 0;
  float slope[UNITS];
  for (int64_t k = 0; k < b->trials; k++)
    for (int64_t t = 0; t < steps_of(b, k); t++) {
      const float *r = b->rate + t * b->step_stride + k * b->stride + first;
      for (int64_t i = 0; i < n; i++) sum[i] += (double)r[i];
    }
  for (int64_t i = 0; i < n; i++) {
    double excess = sum[i] / (double)count - target;
    value += excess * excess / 2;
    slope[i] = (float)(b->scale * excess / (double)count);
  }
  for (int64_t k = 0; k < b->trials && b->gradient; k++)
    for (int64_t t = 0; t < steps_of(b, k); t++) {
      float *g = b->gradient + t * b->step_stride + k * b->stride + first;
      for (int64_t i = 0; i < n; i++) g[i] += slope[i];
    }
  return value;
}

static nai_status unit_rate_target(void *user, nai_rate_batch *b, double *value)
{
  int64_t count = 0;
  for (int64_t k = 0; k < b->trials; k++) count += steps_of(b, k);
  for (int64_t first = 0; first < b->n && count; first += UNITS)
    *value += add_units(b, first, count, *(const double *)user);
  return NAI_OK;
}

nai_status nai_cost_create_unit_rate_target(nai_cost **out, const char *names, double target)
{
  nai_cost_ops ops = {.name = "unit_rate_target", .on_rates = unit_rate_target};
  return create_with_target(out, &ops, names, target);
}
