/*
 * A rate unit that adapts: x = (1 - alpha) x + alpha (v - a) + noise, r = gain f(x),
 * a <- (1 - alpha_a) a + alpha_a adaptation r, where v - a has the a of the step before
 * (Benda & Herz 2003 in its linear form).
 */
#include "phi.h"

enum { TAU, NOISE, NOISE_TAU, GAIN, EXPONENT, ADAPTATION, TAU_ADAPTATION, PARAMETERS };
enum { ALPHA_A, CONSTANTS };
enum { X, A, STATES };

static const nai_field parameters[PARAMETERS] = {
    [TAU] = NAI__FIELD("tau", "ms", "time constant of the leak", 100, 0, 1e9),
    [NOISE] = NAI__FIELD("noise", "1", "sigma of the private noise", 0, 0, 1e6),
    [NOISE_TAU] =
        NAI__FIELD("noise_tau", "ms", "correlation time of the noise; 0: white", 0, 0, 1e9),
    [GAIN] = NAI__FIELD("gain", "1", "factor of the rate", 1, 1e-6, 1e6),
    [EXPONENT] = NAI__FIELD("exponent", "1", "of the transfer function power", 2, 1, 10),
    [ADAPTATION] = NAI__FIELD("adaptation", "1", "a at a steady rate of 1", 1, -1e6, 1e6),
    [TAU_ADAPTATION] =
        NAI__FIELD("tau_adaptation", "ms", "time constant of adaptation", 500, 1e-6, 1e9)};
static const nai_field states[STATES] = {[X] = NAI__FIELD("x", "1", "current", 0, 0, 0),
                                         [A] = NAI__FIELD("a", "1", "adaptation", 0, 0, 0)};
static const nai_field ports[] = {NAI__FIELD("input", "1", "what it receives", 0, 0, 0)};
static const nai_field signals[] = {NAI__FIELD("rate", "1", "rate", 0, 0, 0)};

static nai_status prepare(void *user, nai_unit_batch *b)
{
  (void)user;
  for (int64_t i = 0; i < b->n; i++) {
    double alpha = b->dt / (double)b->parameter[TAU_ADAPTATION][i];
    b->constant[ALPHA_A][i] = (float)(alpha < 1 ? alpha : 1);
  }
  return NAI_OK;
}

static nai_status begin(void *user, nai_unit_batch *b)
{
  (void)user;
  for (int64_t k = 0; k < b->trials; k++)
    nai__phi((const nai__unit_batch *)b, b->signal[0] + k * b->signal_stride,
             b->state[X] + k * b->state_stride);
  return NAI_OK;
}

static nai_status step(void *user, nai_unit_batch *b)
{
  (void)user;
  const nai__units *u = &((const nai__unit_batch *)b)->units;
  const float *alpha_a = b->constant[ALPHA_A], *adaptation = b->parameter[ADAPTATION];
  for (int64_t k = 0; k < b->trials; k++) {
    float *x = b->state[X] + k * b->state_stride, *a = b->state[A] + k * b->state_stride,
          *r = b->signal[0] + k * b->signal_stride;
    const float *v = b->port[0] + k * b->port_stride, *xi = b->normal[0] + k * b->normal_stride;
    for (int64_t i = 0; i < b->n; i++) {
      x[i] += u->alpha[i] * (v[i] - a[i] - x[i]);
      if (u->noise) x[i] += u->noise[i] * xi[i];
    }
    nai__phi((const nai__unit_batch *)b, r, x);
    for (int64_t i = 0; i < b->n; i++) a[i] += alpha_a[i] * (adaptation[i] * r[i] - a[i]);
  }
  return NAI_OK;
}

/* At time 0, where r = gain f(x). */
static nai_status slopes_at_start(nai_unit_batch *b)
{
  for (int64_t k = 0; k < b->trials; k++)
    nai__phi_slope((const nai__unit_batch *)b, b->zs + k * b->n,
                   b->signal[0] + k * b->signal_stride);
  return NAI_OK;
}

/* With p = phi'(x) after the step: x by (x, a, v), r by p of these, a by its share of r. */
static nai_status slopes(void *user, nai_unit_batch *b)
{
  (void)user;
  if (b->step == 0) return slopes_at_start(b);
  const nai__units *u = &((const nai__unit_batch *)b)->units;
  const float *alpha_a = b->constant[ALPHA_A], *adaptation = b->parameter[ADAPTATION];
  int64_t stride = b->slope_stride;
  for (int64_t k = 0; k < b->trials; k++) {
    float *p = b->zp + k * b->n, *ss = b->ss + k * b->n, *sp = b->sp + k * b->n,
          *zs = b->zs + k * b->n;
    nai__phi_slope((const nai__unit_batch *)b, p, b->signal[0] + k * b->signal_stride);
    for (int64_t i = 0; i < b->n; i++) {
      float alpha = u->alpha[i], share = alpha_a[i] * adaptation[i], slope = p[i];
      ss[(X * STATES + X) * stride + i] = 1 - alpha;
      ss[(X * STATES + A) * stride + i] = -alpha;
      sp[X * stride + i] = alpha;
      zs[X * stride + i] = slope * (1 - alpha);
      zs[A * stride + i] = -slope * alpha;
      p[i] = slope * alpha;
      ss[(A * STATES + X) * stride + i] = share * slope * (1 - alpha);
      ss[(A * STATES + A) * stride + i] = 1 - alpha_a[i] - share * slope * alpha;
      sp[A * stride + i] = share * slope * alpha;
    }
  }
  return NAI_OK;
}

const nai_model nai__model_adaptive_rate = {.ops = {.struct_size = sizeof(nai_model_ops),
                                                    .flags = NAI_MODEL_THREADED,
                                                    .name = "adaptive_rate",
                                                    .n_parameters = PARAMETERS,
                                                    .n_states = STATES,
                                                    .n_ports = 1,
                                                    .n_signals = 1,
                                                    .n_normals = 1,
                                                    .n_constants = CONSTANTS,
                                                    .parameters = parameters,
                                                    .states = states,
                                                    .ports = ports,
                                                    .signals = signals,
                                                    .prepare = prepare,
                                                    .begin = begin,
                                                    .step = step,
                                                    .slopes = slopes}};
