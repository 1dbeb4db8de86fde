/* RMSProp (Tieleman & Hinton 2012). */
#include <math.h>

#include "optimizer.h"

static void rmsprop(const double *number, const nai__move *m)
{
  float rate = (float)number[0], decay = (float)number[1], epsilon = (float)number[2],
        scale = (float)m->scale;
  float fresh = (float)(1 - number[1]);
  for (int64_t i = 0; i < m->n; i++) {
    float g = scale * m->gradient[i];
    float square = decay * m->square[i] + fresh * g * g;
    m->square[i] = square;
    m->theta[i] -= rate * g / (sqrtf(square) + epsilon);
  }
}

static double most(const double *number, int64_t step)
{
  (void)step;
  return number[0] / number[2];
}

nai_status nai_optimizer_create_rmsprop(nai_optimizer **out, double rate)
{
  static const nai__optimizer_kind kind = {
      "rmsprop",
      0,
      1,
      3,
      {NAI__RATE,
       {"decay", "1", "part of the mean square that is kept", 0.99, 0, 1, 0},
       {"epsilon", "1", "added to the root of the mean square", 1e-8, 1e-30, 1, 0}},
      rmsprop,
      most};
  return nai__optimizer_create(out, &kind, rate);
}
