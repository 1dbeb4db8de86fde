/*
 * Song 2016's term against vanishing gradients (Pascanu, Mikolov & Bengio 2013). With d = dJ/dx(t)
 * and v = (1-alpha) d + (W^T alpha d) f'(x(t)) what one step back makes of it, Omega is the mean of
 * (|v|^2 / |d|^2 - 1)^2 over the steps and trials at which there is an error. Its gradient is the
 * immediate one: d and x are taken as given. f' at x(t) and not at x(t-1) follows pycog.
 */
#include <neuroai/extend.h>

/* |d|^2 below which there is no error to speak of (pycog's `bound`). */
#define BOUND 1e-20

typedef struct row {
  double error, back; /* |d|^2 and |v|^2 */
} row;

static double component(const nai_error_batch *b, int64_t at, int64_t u, double *d)
{
  *d = (double)b->error[at + u] / (double)b->alpha[u];
  return (1 - (double)b->alpha[u]) * *d + (double)(b->back[at + u] * b->slope[at + u]);
}

static row measure(const nai_error_batch *b, int64_t at)
{
  row r = {0, 0};
  for (int64_t u = 0; u < b->n; u++) {
    double d, v = component(b, at, u, &d);
    r.error += d * d;
    r.back += v * v;
  }
  return r;
}

/* dOmega/d(W^T alpha d) = 4 (|v|^2 / |d|^2 - 1) / |d|^2 v f', and the mean's factor. */
static void write_gradient(nai_error_batch *b, int64_t at, double excess, double factor)
{
  for (int64_t u = 0; u < b->n; u++) {
    double d, v = component(b, at, u, &d);
    b->gradient[at + u] = (float)(4 * excess * factor * v * (double)b->slope[at + u]);
  }
}

static nai_status vanishing_gradient(void *user, nai_error_batch *b, double *value)
{
  (void)user;
  double omega = 0;
  int64_t count = 0, rows = b->steps * b->trials;
  for (int64_t k = 0; k < rows; k++) count += measure(b, k * b->stride).error >= BOUND;
  for (int64_t k = 0; k < rows; k++) {
    row r = measure(b, k * b->stride);
    if (!(r.error >= BOUND)) continue;
    double excess = r.back / r.error - 1;
    omega += excess * excess;
    write_gradient(b, k * b->stride, excess, b->scale / ((double)count * r.error));
  }
  if (count) *value += omega / (double)count;
  return NAI_OK;
}

nai_status nai_cost_create_vanishing_gradient(nai_cost **out, const char *names)
{
  nai_cost_ops ops = {
      .struct_size = sizeof ops, .name = "vanishing_gradient", .on_errors = vanishing_gradient};
  return nai_cost_create(out, &ops, names, NULL, NULL);
}
