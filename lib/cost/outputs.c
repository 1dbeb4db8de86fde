/*
 * Task costs: masked mean square, cross-entropy with its softmax, and both for logistic channels,
 * each by itself.
 */
#include <math.h>

#include <neuroai/extend.h>

#include "../base/error.h"

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

/* Where the other kind is there, the cost for it is named. */
static nai_status fail_targets(const nai_output_batch *b, const char *cost)
{
  return nai__fail(NAI_ERR_ORDER, "output '%s' has no targets, which the cost '%s' needs%s",
                   b->name, cost,
                   b->classes ? ", but classes: use cross-entropy (CrossEntropy)" : "");
}

static nai_status fail_classes(const nai_output_batch *b)
{
  return nai__fail(NAI_ERR_ORDER,
                   "output '%s' has no classes, which the cost 'cross_entropy' needs%s", b->name,
                   b->target ? ", but real targets: use the mean squared error (MSE)" : "");
}

static nai_status mse(void *user, nai_output_batch *b, double *value)
{
  (void)user;
  if (!b->target) return fail_targets(b, "mse");
  double total = b->mask_total * (b->mask_columns == 1 ? (double)b->n : 1);
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
  return nai_cost_create(out, &ops, output, NULL, NULL);
}

/* --- cross-entropy ---------------------------------------------------------------------------- */

/* -log softmax(z)[class]; gradient += factor (softmax(z) - one-hot). */
static double nll_row(const nai_output_batch *b, int64_t row, double factor)
{
  const float *z = b->output + row * b->stride;
  int32_t class = b->classes[row];
  double largest = (double)z[0], sum = 0;
  for (int64_t i = 1; i < b->n; i++) /* no fmax(): GCC 12 for ARM ends in an error on such a loop */
    largest = (double)z[i] > largest ? (double)z[i] : largest;
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
  if (!b->classes) return fail_classes(b);
  if (b->mask_columns != 1)
    return nai__fail(NAI_ERR_UNSUPPORTED,
                     "output '%s' has a mask for each channel, 'cross_entropy' needs one a step",
                     b->name);
  double total = b->mask_total, sum = 0;
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
  return nai_cost_create(out, &ops, output, NULL, NULL);
}

/* --- logistic channels ------------------------------------------------------------------------ */

/* 1 / (1 + exp(-z)), without overflow. */
static double logistic(double z)
{
  double e = exp(-fabs(z));
  return (z >= 0 ? 1 : e) / (1 + e);
}

/* Cost of one channel and its slope in z. */
typedef double (*channel_cost)(double z, double y, double *slope);

static double logistic_square(double z, double y, double *slope)
{
  double s = logistic(z), error = s - y;
  *slope = 2 * error * s * (1 - s);
  return error * error;
}

/* -y log s - (1 - y) log(1 - s), s = logistic(z). */
static double binary_nll(double z, double y, double *slope)
{
  *slope = logistic(z) - y;
  return fmax(z, 0) - z * y + log1p(exp(-fabs(z)));
}

static double channel_row(const nai_output_batch *b, int64_t row, double factor, channel_cost cost)
{
  const float *z = b->output + row * b->stride, *y = b->target + row * b->n;
  const float *mask = b->mask + row * b->mask_columns;
  float *gradient = b->gradient ? b->gradient + row * b->stride : NULL;
  double sum = 0;
  for (int64_t i = 0; i < b->n; i++) {
    double m = (double)mask[b->mask_columns == 1 ? 0 : i], slope;
    if (m == 0) continue;
    sum += m * cost((double)z[i], (double)y[i], &slope);
    if (gradient) gradient[i] += (float)(factor * m * slope);
  }
  return sum;
}

static nai_status over_channels(const nai_output_batch *b, double *value, const char *name,
                                channel_cost cost)
{
  if (!b->target) return fail_targets(b, name);
  double total = b->mask_total * (b->mask_columns == 1 ? (double)b->n : 1), sum = 0;
  if (total <= 0) return NAI_OK;
  for (int64_t row = 0; row < b->steps * b->trials; row++)
    sum += channel_row(b, row, b->scale / total, cost);
  *value += sum / total;
  return NAI_OK;
}

static nai_status logistic_mse(void *user, nai_output_batch *b, double *value)
{
  (void)user;
  return over_channels(b, value, "logistic_mse", logistic_square);
}

nai_status nai_cost_create_logistic_mse(nai_cost **out, const char *output)
{
  NAI__REQUIRE(out);
  *out = NULL;
  NAI__REQUIRE(output);
  nai_cost_ops ops = {
      .struct_size = sizeof ops, .name = "logistic_mse", .on_outputs = logistic_mse};
  return nai_cost_create(out, &ops, output, NULL, NULL);
}

/* A cost without a lower end would teach nothing: targets are probabilities wherever they count. */
static nai_status check_probabilities(const nai_output_batch *b)
{
  for (int64_t row = 0; b->target && row < b->steps * b->trials; row++)
    for (int64_t i = 0; i < b->n; i++) {
      float y = b->target[row * b->n + i];
      if (b->mask[row * b->mask_columns + (b->mask_columns == 1 ? 0 : i)] == 0) continue;
      if (!(y >= 0 && y <= 1))
        return nai__fail(NAI_ERR_INVALID,
                         "target of '%s' at step %lld, trial %lld, channel %lld is %g, must be 0 "
                         "to 1 for the cost 'binary_cross_entropy'",
                         b->name, (long long)(row / b->trials), (long long)(row % b->trials),
                         (long long)i, (double)y);
    }
  return NAI_OK;
}

static nai_status binary_cross_entropy(void *user, nai_output_batch *b, double *value)
{
  (void)user;
  NAI__TRY(check_probabilities(b));
  return over_channels(b, value, "binary_cross_entropy", binary_nll);
}

nai_status nai_cost_create_binary_cross_entropy(nai_cost **out, const char *output)
{
  NAI__REQUIRE(out);
  *out = NULL;
  NAI__REQUIRE(output);
  nai_cost_ops ops = {.struct_size = sizeof ops,
                      .name = "binary_cross_entropy",
                      .on_outputs = binary_cross_entropy};
  return nai_cost_create(out, &ops, output, NULL, NULL);
}
