/* Task costs: masked mean square, and cross-entropy with its softmax. */
#include <math.h>

#include <neuroai/extend.h>

#include "../base/error.h"

static double mask_sum(const nai_output_batch *b)
{
  double sum = 0;
  int64_t n = b->steps * b->trials * b->mask_columns;
  for (int64_t i = 0; i < n; i++) sum += (double)b->mask[i];
  return sum;
}

/* --- masked mean square ----------------------------------------------------------------------- */

/* One trial at one step: sum of m (z-y)^2; gradient += factor m (z-y). */
static double square_row(const nai_output_batch *b, int64_t row, double factor)
{
  const float *z = b->output + row * b->stride, *y = b->target + row * b->n;
  const float *mask = b->mask + row * b->mask_columns;
  float *gradient = b->gradient ? b->gradient + row * b->stride : NULL;
  double sum = 0;
  for (int64_t i = 0; i < b->n; i++) {
    double m = (double)mask[b->mask_columns == 1 ? 0 : i], error = (double)z[i] - (double)y[i];
    if (m == 0) continue;
    sum += m * error * error;
    if (gradient) gradient[i] += (float)(factor * m * error);
  }
  return sum;
}

static nai_status mse(void *user, nai_output_batch *b, double *value)
{
  (void)user;
  if (!b->target)
    return nai__fail(NAI_ERR_ORDER, "output '%s' has no targets, which the cost 'mse' needs",
                     b->name);
  double total = mask_sum(b) * (b->mask_columns == 1 ? (double)b->n : 1);
  if (total <= 0) return NAI_OK;
  double sum = 0;
  for (int64_t row = 0; row < b->steps * b->trials; row++)
    sum += square_row(b, row, 2 * b->scale / total);
  *value += sum / total;
  return NAI_OK;
}

nai_status nai_cost_create_mse(nai_cost **out, const char *output)
{
  NAI__REQUIRE(out);
  *out = NULL;
  NAI__REQUIRE(output);
  nai_cost_ops ops = {.struct_size = sizeof ops, .name = "mse", .on_outputs = mse};
  return nai_cost_create(out, &ops, NULL, output, NULL);
}

/* --- cross-entropy ---------------------------------------------------------------------------- */

/* -log softmax(z)[class]; gradient += factor (softmax(z) - one-hot). */
static double nll_row(const nai_output_batch *b, int64_t row, double factor)
{
  const float *z = b->output + row * b->stride;
  int32_t class = b->classes[row];
  double largest = (double)z[0], sum = 0;
  for (int64_t i = 1; i < b->n; i++) largest = fmax(largest, (double)z[i]);
  for (int64_t i = 0; i < b->n; i++) sum += exp((double)z[i] - largest);
  if (b->gradient)
    for (int64_t i = 0; i < b->n; i++)
      b->gradient[row * b->stride + i] +=
          (float)(factor * (exp((double)z[i] - largest) / sum - (i == class)));
  return log(sum) + largest - (double)z[class];
}

static nai_status cross_entropy(void *user, nai_output_batch *b, double *value)
{
  (void)user;
  if (!b->classes)
    return nai__fail(NAI_ERR_ORDER,
                     "output '%s' has no classes, which the cost 'cross_entropy' needs", b->name);
  if (b->mask_columns != 1)
    return nai__fail(NAI_ERR_UNSUPPORTED,
                     "output '%s' has a mask for each channel, 'cross_entropy' needs one a step",
                     b->name);
  double total = mask_sum(b), sum = 0;
  if (total <= 0) return NAI_OK;
  for (int64_t row = 0; row < b->steps * b->trials; row++) {
    double m = (double)b->mask[row];
    if (m != 0) sum += m * nll_row(b, row, b->scale * m / total);
  }
  *value += sum / total;
  return NAI_OK;
}

nai_status nai_cost_create_cross_entropy(nai_cost **out, const char *output)
{
  NAI__REQUIRE(out);
  *out = NULL;
  NAI__REQUIRE(output);
  nai_cost_ops ops = {
      .struct_size = sizeof ops, .name = "cross_entropy", .on_outputs = cross_entropy};
  return nai_cost_create(out, &ops, NULL, output, NULL);
}
