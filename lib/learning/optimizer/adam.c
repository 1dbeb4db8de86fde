/* Adam (Kingma & Ba 2015) and AdamW (Loshchilov & Hutter 2019). */
#include <math.h>

#include "optimizer.h"

/* The bias corrections are taken into the rate and epsilon, so that the loop has none. */
static void adam_step(const double *number, double decay, const nai__move *m)
{
  double first = 1 - pow(number[1], (double)m->step),
         second = sqrt(1 - pow(number[2], (double)m->step));
  float rate = (float)(number[0] * second / first), epsilon = (float)(number[3] * second);
  float beta1 = (float)number[1], fresh1 = (float)(1 - number[1]);
  float beta2 = (float)number[2], fresh2 = (float)(1 - number[2]);
  float scale = (float)m->scale, shrink = (float)(number[0] * decay);
  for (int64_t i = 0; i < m->n; i++) {
    float g = scale * m->gradient[i];
    float mean = beta1 * m->mean[i] + fresh1 * g;
    float square = beta2 * m->square[i] + fresh2 * g * g;
    m->mean[i] = mean;
    m->square[i] = square;
    m->theta[i] -=
        (rate * mean / (sqrtf(square) + epsilon) + shrink * m->theta[i]) * (float)m->plastic[i];
  }
}

static void adam(const double *number, const nai__move *m)
{
  adam_step(number, 0, m);
}

static void adamw(const double *number, const nai__move *m)
{
  adam_step(number, number[4], m);
}

static double adam_most(const double *number, int64_t step)
{
  return number[0] / (number[3] * (1 - pow(number[1], (double)step)));
}

/* What decays by no more than all of it does not grow by that. */
static double adamw_most(const double *number, int64_t step)
{
  return number[0] * number[4] <= 1 ? adam_most(number, step) : HUGE_VAL;
}

#define BETAS                                                                        \
  {"beta1", "1", "part of the mean that is kept", 0.9, 0, 0.999999, 0},              \
      {"beta2", "1", "part of the mean square that is kept", 0.999, 0, 0.999999, 0}, \
  {                                                                                  \
    "epsilon", "1", "added to the root of the mean square", 1e-8, 1e-30, 1, 0        \
  }

nai_status nai_optimizer_create_adam(nai_optimizer **out, double rate)
{
  static const nai__optimizer_kind kind = {"adam", 1, 1, 4, {NAI__RATE, BETAS}, adam, adam_most};
  return nai__optimizer_create(out, &kind, rate);
}

nai_status nai_optimizer_create_adamw(nai_optimizer **out, double rate)
{
  static const nai__optimizer_kind kind = {
      "adamw", 1,         1, 5, {NAI__RATE, BETAS, {"decay", "1", "weight decay", 0.01, 0, 1e3, 0}},
      adamw,   adamw_most};
  return nai__optimizer_create(out, &kind, rate);
}
