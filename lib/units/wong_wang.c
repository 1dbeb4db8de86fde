/*
 * A pool of neurons of the decision circuit of Wong & Wang (2006), reduced to its NMDA gate S. With
 * x = current + I_noise,
 *
 *   dS/dt = -S / tau + (1 - S) gamma H(x),   H(x) = (a x - b) / (1 - exp(-d (a x - b)))
 *
 * by Euler steps. I_noise, white noise that AMPA receptors filter, is an Ornstein-Uhlenbeck process by its
 * exact solution: an Euler step of a quarter of its time constant would make it 7 % larger.
 */
#include <math.h>

#include "model.h"

enum { TAU, NOISE, TAU_AMPA, A, B, D, GAMMA, CURRENT, PARAMETERS };
enum { KEPT, NEW, CONSTANTS };
enum { S, I_NOISE, STATES };
enum { GATE, RATE, SIGNALS };

static const nai_field parameters[PARAMETERS] = {
    [TAU] = NAI__FIELD("tau", "ms", "time constant of the NMDA gate", 100, 0, 1e9),
    [NOISE] =
        NAI__FIELD("noise", "nA", "sigma of the noise, whose standard deviation is sigma / sqrt(2)",
                   0.02, 0, 1e6),
    [TAU_AMPA] = NAI__FIELD("tau_ampa", "ms", "correlation time of the noise", 2, 1e-6, 1e9),
    [A] = NAI__FIELD("a", "Hz/nA", "slope of the rate far above threshold", 270, 1e-6, 1e9),
    [B] = NAI__FIELD("b", "Hz", "a times the current at threshold", 108, -1e9, 1e9),
    [D] = NAI__FIELD("d", "s", "1 / d is the rate at threshold", 0.154, 1e-6, 1e6),
    [GAMMA] = NAI__FIELD("gamma", "1", "by how much of what is left a spike opens the gate", 0.641,
                         0, 1e6),
    [CURRENT] = NAI__FIELD("current", "nA", "I_0, added to what the port current receives", 0.3255,
                           -1e6, 1e6)};
static const nai_field states[STATES] = {
    [S] = NAI__FIELD("S", "1", "NMDA gate", 0, 0, 0),
    [I_NOISE] = NAI__FIELD("I_noise", "nA", "current of the noise", 0, 0, 0)};
static const nai_field ports[] = {NAI__FIELD("current", "nA", "what it receives", 0, 0, 0)};
static const nai_field signals[SIGNALS] = {
    [GATE] = NAI__FIELD("gate", "1", "S", 0, 0, 0),
    [RATE] = NAI__FIELD("rate", "Hz", "H(x); 0 at time 0", 0, 0, 0)};

static nai_status prepare(void *user, nai_unit_batch *b)
{
  (void)user;
  for (int64_t i = 0; i < b->n; i++) {
    double share = b->dt / (double)b->parameter[TAU_AMPA][i];
    b->constant[KEPT][i] = (float)exp(-share);
    b->constant[NEW][i] = (float)(sqrt(-expm1(-2 * share) / 2) * (double)b->parameter[NOISE][i]);
  }
  return NAI_OK;
}

/* --- the rate --------------------------------------------------------------------------------- */

/* Nearer to 0, y / (1 - exp(-y)) is its series, as the quotient is 0 / 0 there. */
#define NEAR 0.25f

static float ramp(float y)
{
  float square = y * y;
  if (fabsf(y) < NEAR) return 1 + y / 2 + square / 12 - square * square / 720;
  return -y / expm1f(-y);
}

/* Its slope, from q = 1 / (1 - exp(-y)). */
static float ramp_slope(float y)
{
  if (fabsf(y) < NEAR) return 0.5f + y / 6 - y * y * y / 180;
  float q = -1 / expm1f(-y);
  return q + y * q * (1 - q);
}

/* A unit of a trial, before the step. */
typedef struct unit {
  float s, y;   /* y = d (a x - b) */
  float opened; /* S by a rate of 1 Hz during a step, were the gate closed */
} unit;

static unit unit_of(const nai_unit_batch *b, int64_t trial, int64_t i)
{
  const float *const *p = b->parameter;
  int64_t at = trial * b->state_stride + i;
  float x = b->port[0][trial * b->port_stride + i] + b->state[I_NOISE][at];
  return (unit){.s = b->state[S][at],
                .y = p[D][i] * (p[A][i] * x - p[B][i]),
                .opened = (float)b->dt * 0.001f * p[GAMMA][i]};
}

/* --- steps ------------------------------------------------------------------------------------ */

static nai_status step(void *user, nai_unit_batch *b)
{
  (void)user;
  const float *alpha = ((const nai__unit_batch *)b)->units.alpha;
  for (int64_t k = 0; k < b->trials; k++)
    for (int64_t i = 0; i < b->n; i++) {
      int64_t state = k * b->state_stride + i, sent = k * b->signal_stride + i;
      const unit u = unit_of(b, k, i);
      float rate = ramp(u.y) / b->parameter[D][i], noise = b->constant[NEW][i];
      b->state[S][state] += u.opened * rate * (1 - u.s) - alpha[i] * u.s;
      b->state[I_NOISE][state] *= b->constant[KEPT][i];
      if (noise > 0) b->state[I_NOISE][state] += noise * b->normal[0][k * b->normal_stride + i];
      b->signal[GATE][sent] = b->state[S][state];
      b->signal[RATE][sent] = rate;
    }
  return NAI_OK;
}

static nai_status slopes(void *user, nai_unit_batch *b)
{
  (void)user;
  const float *alpha = ((const nai__unit_batch *)b)->units.alpha;
  int64_t stride = b->slope_stride;
  for (int64_t k = 0; k < b->trials; k++)
    for (int64_t i = 0; i < b->n; i++) {
      int64_t at = k * b->n + i;
      const unit u = unit_of(b, k, i);
      float rate = ramp(u.y) / b->parameter[D][i], by_x = b->parameter[A][i] * ramp_slope(u.y),
            kept = 1 - alpha[i] - u.opened * rate, moved = u.opened * (1 - u.s) * by_x;
      b->ss[(S * STATES + S) * stride + at] = b->zs[(GATE * STATES + S) * stride + at] = kept;
      b->ss[(S * STATES + I_NOISE) * stride + at] = moved;
      b->zs[(GATE * STATES + I_NOISE) * stride + at] = moved;
      b->sp[S * stride + at] = b->zp[GATE * stride + at] = moved;
      b->ss[(I_NOISE * STATES + I_NOISE) * stride + at] = b->constant[KEPT][i];
      b->zs[(RATE * STATES + I_NOISE) * stride + at] = by_x;
      b->zp[RATE * stride + at] = by_x;
    }
  return NAI_OK;
}

const nai_model nai__model_wong_wang = {.ops = {.struct_size = sizeof(nai_model_ops),
                                                .flags = NAI_MODEL_THREADED | NAI_MODEL_SENDS_STATE,
                                                .name = "wong_wang",
                                                .n_parameters = PARAMETERS,
                                                .n_states = STATES,
                                                .n_ports = 1,
                                                .n_signals = SIGNALS,
                                                .n_normals = 1,
                                                .n_constants = CONSTANTS,
                                                .parameters = parameters,
                                                .states = states,
                                                .ports = ports,
                                                .signals = signals,
                                                .prepare = prepare,
                                                .step = step,
                                                .slopes = slopes}};
