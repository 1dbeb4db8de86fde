/* Learning-rate schedules: factors at some updates, straight lines between them. */
#include <math.h>
#include <string.h>

#include "../../base/error.h"
#include "../../base/memory.h"
#include "optimizer.h"

static nai_status check(const int64_t *update, const double *factor, int64_t n)
{
  if (n < 0 || n > 1000000)
    return nai__fail(NAI_ERR_INVALID, "n is %lld, must be 0 to 1000000", (long long)n);
  if (n == 0) return NAI_OK;
  NAI__REQUIRE(update);
  NAI__REQUIRE(factor);
  for (int64_t i = 0; i < n; i++) {
    int64_t least = i ? update[i - 1] + 1 : 0;
    if (update[i] < least || update[i] == INT64_MAX)
      return nai__fail(NAI_ERR_INVALID, "update[%lld] is %lld, must be at least %lld", (long long)i,
                       (long long)update[i], (long long)least);
    if (!(factor[i] >= 0 && factor[i] <= 1e6))
      return nai__fail(NAI_ERR_INVALID, "factor[%lld] is %g, must be 0 to 1e6", (long long)i,
                       factor[i]);
  }
  return NAI_OK;
}

nai_status nai_optimizer_set_schedule(nai_optimizer *optimizer, const int64_t *update,
                                      const double *factor, int64_t n)
{
  NAI__REQUIRE(optimizer);
  NAI__TRY(check(update, factor, n));
  int64_t *updates = n ? NAI__ARRAY(int64_t, n) : NULL;
  double *factors = n ? NAI__ARRAY(double, n) : NULL;
  if (n && (!updates || !factors)) {
    nai__free(updates);
    nai__free(factors);
    return NAI_ERR_MEMORY;
  }
  if (n) memcpy(updates, update, (size_t)n * sizeof *updates);
  if (n) memcpy(factors, factor, (size_t)n * sizeof *factors);
  nai__free(optimizer->update);
  nai__free(optimizer->factor);
  optimizer->update = updates;
  optimizer->factor = factors;
  optimizer->n_schedule = n;
  return NAI_OK;
}

double nai_optimizer_factor(const nai_optimizer *optimizer, int64_t update)
{
  if (!optimizer) return NAN;
  int64_t n = optimizer->n_schedule, low = 0, high = n - 1;
  if (n == 0) return 1;
  const int64_t *at = optimizer->update;
  const double *factor = optimizer->factor;
  if (update <= at[0]) return factor[0];
  if (update >= at[n - 1]) return factor[n - 1];
  while (high - low > 1) {
    int64_t middle = low + (high - low) / 2;
    if (at[middle] <= update)
      low = middle;
    else
      high = middle;
  }
  double part = (double)(update - at[low]) / (double)(at[high] - at[low]);
  return factor[low] + part * (factor[high] - factor[low]);
}

double nai__optimizer_rate(const nai_optimizer *optimizer, int64_t step)
{
  return optimizer->number[0] * nai_optimizer_factor(optimizer, step - 1);
}

double nai__optimizer_most(const nai_optimizer *optimizer, int64_t step)
{
  double number[NAI__OPTIMIZER_NUMBERS];
  memcpy(number, optimizer->number, sizeof number);
  number[0] = nai__optimizer_rate(optimizer, step);
  return optimizer->kind->most(number, step);
}

void nai__optimizer_move(const nai_optimizer *optimizer, const nai__move *m)
{
  double number[NAI__OPTIMIZER_NUMBERS];
  memcpy(number, optimizer->number, sizeof number);
  number[0] = m->factor * nai__optimizer_rate(optimizer, m->step);
  optimizer->kind->move(number, m);
}
