/*
 * Short-term plasticity of what a unit sends (Tsodyks, Pawelzik & Markram 1998; Mongillo, Barak &
 * Tsodyks 2008; discretised as Masse et al. 2019). It stands between a sender and its projections:
 * its port is what is sent, r, its signal what is released. With R = hz dt / 1000,
 *
 *   x <- x + (dt / tau_x) (1 - x) - R u x r        resources
 *   u <- u + (dt / tau_u) (U - u) + R U (1 - u) r  release probability
 *   released = u x r
 *
 * on the right-hand side x and u of before; then both are clipped to [0, 1], and what is released is of
 * the new ones.
 */
#include "model.h"

enum { U_BASE, TAU_X, TAU_U, HZ, PARAMETERS };
enum { U, X, STATES };
/* Where states start, in their order; the steps of recovery; R. */
enum { U_START, X_START, ALPHA_U, ALPHA_X, PER_STEP, CONSTANTS };

static const nai_field parameters[PARAMETERS] = {
    [U_BASE] = NAI__FIELD("U", "1", "release probability at rest", 0.15, 0, 1),
    [TAU_X] =
        NAI__FIELD("tau_x", "ms", "time constant with which resources recover", 200, 1e-6, 1e9),
    [TAU_U] =
        NAI__FIELD("tau_u", "ms", "time constant with which facilitation decays", 1500, 1e-6, 1e9),
    [HZ] = NAI__FIELD("hz", "Hz", "rate, in Hz, that a rate of 1 stands for", 1, 0, 1e6)};
static const nai_field states[STATES] = {
    [U] = NAI__FIELD("u", "1", "release probability", 0, 0, 1),
    [X] = NAI__FIELD("x", "1", "resources that are there", 1, 0, 1)};
static const nai_field ports[] = {NAI__FIELD("sent", "1", "what the unit sends", 0, 0, 0)};
static const nai_field signals[] = {
    NAI__FIELD("released", "1", "what its synapses carry on", 0, 0, 0)};

static float at_most_1(double x)
{
  return (float)(x < 1 ? x : 1);
}

static nai_status prepare(void *user, nai_unit_batch *b)
{
  (void)user;
  for (int64_t i = 0; i < b->n; i++) {
    b->constant[U_START][i] = b->parameter[U_BASE][i];
    b->constant[X_START][i] = 1;
    b->constant[ALPHA_U][i] = at_most_1(b->dt / (double)b->parameter[TAU_U][i]);
    b->constant[ALPHA_X][i] = at_most_1(b->dt / (double)b->parameter[TAU_X][i]);
    b->constant[PER_STEP][i] = (float)(b->dt / 1000 * (double)b->parameter[HZ][i]);
  }
  return NAI_OK;
}

/* Of one unit, before they are clipped. */
static float next_u(const nai_unit_batch *b, int64_t i, float u, float r)
{
  float base = b->parameter[U_BASE][i];
  return u + b->constant[ALPHA_U][i] * (base - u) + b->constant[PER_STEP][i] * base * (1 - u) * r;
}

static float next_x(const nai_unit_batch *b, int64_t i, float u, float x, float r)
{
  return x + b->constant[ALPHA_X][i] * (1 - x) - b->constant[PER_STEP][i] * u * x * r;
}

/* NaN stays, to be found. */
static float clipped(float y)
{
  return y < 0 ? 0 : y > 1 ? 1 : y;
}

static int is_inside(float y)
{
  return y >= 0 && y <= 1;
}

static nai_status step(void *user, nai_unit_batch *b)
{
  (void)user;
  for (int64_t k = 0; k < b->trials; k++) {
    float *u = b->state[U] + k * b->state_stride, *x = b->state[X] + k * b->state_stride,
          *released = b->signal[0] + k * b->signal_stride;
    const float *r = b->port[0] + k * b->port_stride;
    for (int64_t i = 0; i < b->n; i++) {
      float after = clipped(next_u(b, i, u[i], r[i]));
      x[i] = clipped(next_x(b, i, u[i], x[i], r[i]));
      u[i] = after;
      released[i] = u[i] * x[i] * r[i];
    }
  }
  return NAI_OK;
}

/* u and x after the step by (u, x, r); what is released by these through both, and by r itself. */
static nai_status slopes(void *user, nai_unit_batch *b)
{
  (void)user;
  int64_t stride = b->slope_stride;
  for (int64_t k = 0; k < b->trials; k++) {
    const float *u = b->state[U] + k * b->state_stride, *x = b->state[X] + k * b->state_stride,
                *r = b->port[0] + k * b->port_stride;
    float *ss = b->ss + k * b->n, *sp = b->sp + k * b->n, *zs = b->zs + k * b->n,
          *zp = b->zp + k * b->n;
    for (int64_t i = 0; i < b->n; i++) {
      float base = b->parameter[U_BASE][i], per_step = b->constant[PER_STEP][i],
            u1 = next_u(b, i, u[i], r[i]), x1 = next_x(b, i, u[i], x[i], r[i]);
      float free_u = is_inside(u1) ? 1 : 0, free_x = is_inside(x1) ? 1 : 0;
      float uu = free_u * (1 - b->constant[ALPHA_U][i] - per_step * base * r[i]),
            ur = free_u * per_step * base * (1 - u[i]), xu = -free_x * per_step * x[i] * r[i],
            xx = free_x * (1 - b->constant[ALPHA_X][i] - per_step * u[i] * r[i]),
            xr = -free_x * per_step * u[i] * x[i];
      u1 = clipped(u1);
      x1 = clipped(x1);
      ss[(U * STATES + U) * stride + i] = uu;
      ss[(X * STATES + U) * stride + i] = xu;
      ss[(X * STATES + X) * stride + i] = xx;
      sp[U * stride + i] = ur;
      sp[X * stride + i] = xr;
      zs[U * stride + i] = r[i] * (uu * x1 + u1 * xu);
      zs[X * stride + i] = r[i] * u1 * xx;
      zp[i] = u1 * x1 + r[i] * (ur * x1 + u1 * xr);
    }
  }
  return NAI_OK;
}

const nai_model nai__model_tsodyks_markram = {.ops = {.struct_size = sizeof(nai_model_ops),
                                                      .flags = NAI_MODEL_THREADED,
                                                      .name = "tsodyks_markram",
                                                      .n_parameters = PARAMETERS,
                                                      .n_states = STATES,
                                                      .n_ports = 1,
                                                      .n_signals = 1,
                                                      .n_constants = CONSTANTS,
                                                      .parameters = parameters,
                                                      .states = states,
                                                      .ports = ports,
                                                      .signals = signals,
                                                      .prepare = prepare,
                                                      .step = step,
                                                      .slopes = slopes}};
