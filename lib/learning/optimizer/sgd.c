/* Gradient descent, with and without momentum. */
#include "optimizer.h"

static void sgd(const double *number, const nai__move *m)
{
  float rate = (float)(number[0] * m->scale);
  for (int64_t i = 0; i < m->n; i++) m->theta[i] -= rate * m->gradient[i];
}

static double sgd_most(const double *number, int64_t step)
{
  (void)step;
  return number[0];
}

static void momentum(const double *number, const nai__move *m)
{
  float rate = (float)number[0], keep = (float)number[1], scale = (float)m->scale;
  for (int64_t i = 0; i < m->n; i++) {
    float mean = keep * m->mean[i] + scale * m->gradient[i];
    m->mean[i] = mean;
    m->theta[i] -= rate * mean * (float)m->plastic[i];
  }
}

/* What is kept of the mean, and the gradient. */
static double momentum_most(const double *number, int64_t step)
{
  (void)step;
  return 2 * number[0];
}

nai_status nai_optimizer_create_sgd(nai_optimizer **out, double rate)
{
  static const nai__optimizer_kind kind = {"sgd", 0, 0, 1, {NAI__RATE}, sgd, sgd_most};
  return nai__optimizer_create(out, &kind, rate);
}

nai_status nai_optimizer_create_momentum(nai_optimizer **out, double rate)
{
  static const nai__optimizer_kind kind = {
      "momentum",
      1,
      0,
      2,
      {NAI__RATE, {"momentum", "1", "part of the last step that is kept", 0.9, 0, 1, 0}},
      momentum,
      momentum_most};
  return nai__optimizer_create(out, &kind, rate);
}
