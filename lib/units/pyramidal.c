/*
 * A pyramidal neuron with a soma, a basal and an apical compartment, or an interneuron with a soma and a
 * dendrite (Sacramento, Costa, Bengio & Senn 2018, eqs 1 to 5). With v_A = apical + lateral,
 *
 *   du/dt = -g_leak u + g_basal (basal - u) + g_apical (v_A - u) + nudge g_soma (target - u) + noise
 *         = drive - total u,   total = g_leak + g_basal + g_apical + nudge g_soma
 *
 * by explicit Euler steps, noise sqrt(dt) sigma xi; or u is at once what it would become, drive / total.
 * The rate is gain f(slope (w - threshold)), w = u, or prospectively w = u + (du/dt) / total, which is
 * drive / total (Haider et al. 2021).
 */
#include <math.h>

#include "chunk.h"
#include "phi.h"

enum {
  G_LEAK,
  G_BASAL,
  G_APICAL,
  G_SOMA,
  NOISE,
  GAIN,
  EXPONENT,
  SLOPE,
  THRESHOLD,
  DYNAMICS,
  PROSPECTIVE,
  TARGET_CONSTANT,
  NUDGE_CONSTANT,
  PLASTIC_BIAS,
  PARAMETERS
};
enum { CONDUCTANCE, BASAL_SHARE, SIGMA, CONSTANTS };
enum { U, STATES };
enum { BASAL, APICAL, LATERAL, TARGET, NUDGE, PORTS };
enum { RATE, POTENTIAL, SIGNALS };

static const nai_field parameters[PARAMETERS] = {
    [G_LEAK] = NAI__FIELD("g_leak", "1/ms", "leak conductance", 0.1, 0, 1e6),
    [G_BASAL] =
        NAI__FIELD("g_basal", "1/ms", "conductance from the basal compartment", 1, 1e-6, 1e6),
    [G_APICAL] =
        NAI__FIELD("g_apical", "1/ms", "conductance from the apical compartment; 0: there is none",
                   0.8, 0, 1e6),
    [G_SOMA] = NAI__FIELD("g_soma", "1/ms", "conductance of a nudge of 1", 0.8, 0, 1e6),
    [NOISE] = NAI__FIELD("noise", "1/sqrt(ms)", "sigma of the noise, sqrt(dt) sigma xi a step", 0,
                         0, 1e6),
    [GAIN] = NAI__FIELD("gain", "1", "factor of the rate", 1, 1e-6, 1e6),
    [EXPONENT] = NAI__FIELD("exponent", "1", "of the transfer function power", 2, 1, 10),
    [SLOPE] = NAI__FIELD("slope", "1", "of what the transfer function is taken of", 1, 1e-6, 1e6),
    [THRESHOLD] =
        NAI__FIELD("threshold", "units of potential", "potential at which that is 0", 0, -1e6, 1e6),
    [DYNAMICS] = {sizeof(nai_field), 0, "dynamics", "1",
                  "full: Euler steps; steady: u is at once at its steady state", 0, 0, 1, NULL,
                  "full steady", 0, 0},
    [PROSPECTIVE] = {sizeof(nai_field), 0, "prospective", "1",
                     "1: the rate is of u + tau du/dt, tau the effective time constant", 0, 0, 1,
                     NULL, NULL, 1, 0},
    [TARGET_CONSTANT] = NAI__FIELD("target", "units of potential",
                                   "added to what the port target receives", 0, -1e6, 1e6),
    [NUDGE_CONSTANT] =
        NAI__FIELD("nudge", "units of g_soma", "added to what the port nudge receives", 0, 0, 1e6),
    /* The circuits that it is for have no biases, which would learn at the rate of no pathway. */
    [PLASTIC_BIAS] = {sizeof(nai_field), 0, "plastic_bias", "1", "1: the bias learns", 0, 0, 1,
                      NULL, NULL, 1, 0}};
static const nai_field states[STATES] = {
    [U] = NAI__FIELD("u", "units of potential", "somatic potential", 0, 0, 0)};
static const nai_field ports[PORTS] = {
    [BASAL] = NAI__FIELD("basal", "units of potential", "basal compartment", 0, 0, 0),
    [APICAL] = NAI__FIELD("apical", "units of potential",
                          "apical compartment, from pyramidal neurons of the layer above", 0, 0, 0),
    [LATERAL] = NAI__FIELD("lateral", "units of potential", "apical compartment, from interneurons",
                           0, 0, 0),
    [TARGET] = NAI__FIELD("target", "units of potential", "potential to which the soma is nudged",
                          0, 0, 0),
    [NUDGE] = NAI__FIELD("nudge", "units of g_soma", "how strongly it is", 0, 0, 0)};
static const nai_field signals[SIGNALS] = {
    [RATE] = NAI__FIELD("rate", "1", "rate", 0, 0, 0),
    [POTENTIAL] = NAI__POTENTIAL("u", "units of potential", "the potential that the rate is of")};

static nai_status prepare(void *user, nai_unit_batch *b)
{
  (void)user;
  for (int64_t i = 0; i < b->n; i++) {
    double leak = (double)b->parameter[G_LEAK][i], basal = (double)b->parameter[G_BASAL][i],
           apical = (double)b->parameter[G_APICAL][i];
    b->constant[CONDUCTANCE][i] = (float)(leak + basal + apical);
    b->constant[BASAL_SHARE][i] = (float)(basal / (leak + basal + apical));
    b->constant[SIGMA][i] = (float)(sqrt(b->dt) * (double)b->parameter[NOISE][i]);
  }
  return NAI_OK;
}

#define CHUNK 64 /* units at once */

/* --- rates ------------------------------------------------------------------------------------ */

/* The units' transfer function, from what it is taken of on. */
static nai__unit_batch some(const nai__chunk *c)
{
  nai__unit_batch some = *(const nai__unit_batch *)c->batch;
  some.units.n = c->n;
  if (some.units.gain) some.units.gain += c->first;
  if (some.units.exponent) some.units.exponent += c->first;
  return some;
}

static void find_rates(float *rate, const nai__chunk *c, const float *potential)
{
  const nai__unit_batch units = some(c);
  const float *slope = nai__chunk_parameter(c, SLOPE),
              *threshold = nai__chunk_parameter(c, THRESHOLD);
  float x[CHUNK];
  for (int64_t i = 0; i < c->n; i++) x[i] = slope[i] * (potential[i] - threshold[i]);
  nai__phi(&units, rate, x);
}

/* dphi/dw from phi(w). */
static void find_slopes(float *by_potential, const nai__chunk *c, const float *rate)
{
  const nai__unit_batch units = some(c);
  const float *slope = nai__chunk_parameter(c, SLOPE);
  nai__phi_slope(&units, by_potential, rate);
  for (int64_t i = 0; i < c->n; i++) by_potential[i] *= slope[i];
}

/* --- currents --------------------------------------------------------------------------------- */

/* du/dt = drive - total u. */
typedef struct balance {
  float drive[CHUNK], total[CHUNK];
} balance;

static void find_balance(balance *out, const nai__chunk *c)
{
  const float *g_basal = nai__chunk_parameter(c, G_BASAL),
              *g_apical = nai__chunk_parameter(c, G_APICAL),
              *g_soma = nai__chunk_parameter(c, G_SOMA),
              *conductance = nai__chunk_constant(c, CONDUCTANCE),
              *basal = nai__chunk_port(c, BASAL), *apical = nai__chunk_port(c, APICAL),
              *lateral = nai__chunk_port(c, LATERAL), *target = nai__chunk_port(c, TARGET),
              *nudge = nai__chunk_port(c, NUDGE);
  for (int64_t i = 0; i < c->n; i++) {
    float teaching = nudge[i] * g_soma[i];
    out->total[i] = conductance[i] + teaching;
    out->drive[i] =
        g_basal[i] * basal[i] + g_apical[i] * (apical[i] + lateral[i]) + teaching * target[i];
  }
}

static int is_steady(const nai__chunk *c, int64_t i)
{
  return nai__chunk_parameter(c, DYNAMICS)[i] != 0;
}

/* 1: what is sent depends on what ports receive alone, and not on u. */
static int is_at_once(const nai__chunk *c, int64_t i)
{
  return is_steady(c, i) || nai__chunk_parameter(c, PROSPECTIVE)[i] != 0;
}

/* --- steps ------------------------------------------------------------------------------------ */

static void begin_chunk(const nai__chunk *c)
{
  memcpy(nai__chunk_signal(c, POTENTIAL), nai__chunk_state(c, U), (size_t)c->n * sizeof(float));
  find_rates(nai__chunk_signal(c, RATE), c, nai__chunk_state(c, U));
}

static nai_status begin(void *user, nai_unit_batch *b)
{
  (void)user;
  nai__each_chunk(b, CHUNK, begin_chunk);
  return NAI_OK;
}

static void step_chunk(const nai__chunk *c)
{
  const nai_unit_batch *b = c->batch;
  const float *sigma = nai__chunk_constant(c, SIGMA),
              *xi = b->normal[0] + c->trial * b->normal_stride + c->first;
  float *u = nai__chunk_state(c, U), *w = nai__chunk_signal(c, POTENTIAL), dt = (float)b->dt;
  balance now;
  find_balance(&now, c);
  for (int64_t i = 0; i < c->n; i++) {
    float steady = now.drive[i] / now.total[i];
    u[i] = is_steady(c, i) ? steady : u[i] + dt * (now.drive[i] - now.total[i] * u[i]);
    if (sigma[i] > 0 && !is_steady(c, i)) u[i] += sigma[i] * xi[i];
    w[i] = is_at_once(c, i) ? steady : u[i];
  }
  find_rates(nai__chunk_signal(c, RATE), c, w);
}

static nai_status step(void *user, nai_unit_batch *b)
{
  (void)user;
  nai__each_chunk(b, CHUNK, step_chunk);
  return NAI_OK;
}

/* --- slopes ----------------------------------------------------------------------------------- */

/*
 * Of u after the step, and of w, the potential that is sent: by u before the step, and by what ports
 * add to the drive. `of` is the potential from which a target pulls.
 */
typedef struct share {
  float by_state, by_drive, of;
} share;

static share share_of(const nai__chunk *c, const balance *now, int64_t i, int at_once)
{
  float u = nai__chunk_state(c, U)[i], dt = (float)c->batch->dt;
  if (at_once) return (share){0, 1 / now->total[i], now->drive[i] / now->total[i]};
  return (share){1 - dt * now->total[i], dt, u};
}

/* What each port adds to drive - total `of`. */
static void find_ports(float out[PORTS], const nai__chunk *c, int64_t i, float of)
{
  float g_soma = nai__chunk_parameter(c, G_SOMA)[i];
  out[BASAL] = nai__chunk_parameter(c, G_BASAL)[i];
  out[APICAL] = out[LATERAL] = nai__chunk_parameter(c, G_APICAL)[i];
  out[TARGET] = nai__chunk_port(c, NUDGE)[i] * g_soma;
  out[NUDGE] = g_soma * (nai__chunk_port(c, TARGET)[i] - of);
}

static void slopes_chunk(const nai__chunk *c)
{
  const nai_unit_batch *b = c->batch;
  int64_t stride = b->slope_stride, at = c->trial * b->n + c->first;
  float by_potential[CHUNK];
  balance now;
  find_balance(&now, c);
  find_slopes(by_potential, c, nai__chunk_signal(c, RATE));
  for (int64_t i = 0; i < c->n; i++, at++) {
    const share after = share_of(c, &now, i, is_steady(c, i)),
                send = share_of(c, &now, i, is_at_once(c, i));
    float by_after[PORTS], by_sent[PORTS];
    find_ports(by_after, c, i, after.of);
    find_ports(by_sent, c, i, send.of);
    b->ss[at] = after.by_state;
    b->zs[RATE * stride + at] = by_potential[i] * send.by_state;
    b->zs[POTENTIAL * stride + at] = send.by_state;
    for (int p = 0; p < PORTS; p++) {
      float moved = send.by_drive * by_sent[p];
      b->sp[p * stride + at] = after.by_drive * by_after[p];
      b->zp[(RATE * PORTS + p) * stride + at] = by_potential[i] * moved;
      b->zp[(POTENTIAL * PORTS + p) * stride + at] = moved;
    }
  }
}

/* At time 0 the rate is of u itself. */
static void slopes_at_start(const nai__chunk *c)
{
  const nai_unit_batch *b = c->batch;
  float *rate = b->zs + c->trial * b->n + c->first, *u = rate + POTENTIAL * b->slope_stride;
  find_slopes(rate, c, nai__chunk_signal(c, RATE));
  for (int64_t i = 0; i < c->n; i++) u[i] = 1;
}

static nai_status slopes(void *user, nai_unit_batch *b)
{
  (void)user;
  nai__each_chunk(b, CHUNK, b->step ? slopes_chunk : slopes_at_start);
  return NAI_OK;
}

static void backward_chunk(const nai__chunk *c)
{
  const nai_unit_batch *b = c->batch;
  int64_t signal = c->trial * b->signal_stride + c->first,
          port = c->trial * b->port_stride + c->first;
  float *carry = b->carry[0] + c->trial * b->state_stride + c->first, by_potential[CHUNK];
  balance now;
  find_balance(&now, c);
  find_slopes(by_potential, c, nai__chunk_signal(c, RATE));
  for (int64_t i = 0; i < c->n; i++) {
    const share after = share_of(c, &now, i, is_steady(c, i)),
                send = share_of(c, &now, i, is_at_once(c, i));
    float by_after[PORTS], by_sent[PORTS],
        error = by_potential[i] * b->error[RATE][signal + i] + b->error[POTENTIAL][signal + i],
        onto_after = carry[i] * after.by_drive, onto_sent = error * send.by_drive;
    find_ports(by_after, c, i, after.of);
    find_ports(by_sent, c, i, send.of);
    for (int p = 0; p < PORTS; p++)
      b->port_error[p][port + i] = onto_after * by_after[p] + onto_sent * by_sent[p];
    carry[i] = carry[i] * after.by_state + error * send.by_state;
  }
}

static nai_status backward(void *user, nai_unit_batch *b)
{
  (void)user;
  nai__each_chunk(b, CHUNK, backward_chunk);
  return NAI_OK;
}

/* --- errors ----------------------------------------------------------------------------------- */

/*
 * Of the potential at the instant of what ports receive: what its own dendrites should have predicted of
 * its rate, and apical compartments at rest (eqs 7 to 10).
 */
static void errors_chunk(const nai__chunk *c)
{
  const nai_unit_batch *b = c->batch;
  int64_t at = c->trial * b->port_stride + c->first;
  const float *basal = nai__chunk_port(c, BASAL), *apical = nai__chunk_port(c, APICAL),
              *lateral = nai__chunk_port(c, LATERAL), *share = nai__chunk_constant(c, BASAL_SHARE),
              *u = nai__chunk_state(c, U);
  float w[CHUNK], rate[CHUNK], by_basal[CHUNK], by_apical[CHUNK];
  balance now;
  find_balance(&now, c);
  for (int64_t i = 0; i < c->n; i++) {
    w[i] = is_at_once(c, i) ? now.drive[i] / now.total[i] : u[i];
    by_basal[i] = share[i] * basal[i];
  }
  find_rates(rate, c, w);
  find_rates(by_basal, c, by_basal);
  find_rates(by_apical, c, apical);
  for (int64_t i = 0; i < c->n; i++) {
    b->port_error[BASAL][at + i] = rate[i] - by_basal[i];
    b->port_error[APICAL][at + i] = rate[i] - by_apical[i];
    b->port_error[LATERAL][at + i] = -(apical[i] + lateral[i]);
    b->port_error[TARGET][at + i] = b->port_error[NUDGE][at + i] = 0;
  }
}

static nai_status errors(void *user, nai_unit_batch *b)
{
  (void)user;
  nai__each_chunk(b, CHUNK, errors_chunk);
  return NAI_OK;
}

const nai_model nai__model_pyramidal = {.ops = {.struct_size = sizeof(nai_model_ops),
                                                .flags = NAI_MODEL_THREADED,
                                                .name = "pyramidal",
                                                .n_parameters = PARAMETERS,
                                                .n_states = STATES,
                                                .n_ports = PORTS,
                                                .n_signals = SIGNALS,
                                                .n_normals = 1,
                                                .n_constants = CONSTANTS,
                                                .parameters = parameters,
                                                .states = states,
                                                .ports = ports,
                                                .signals = signals,
                                                .prepare = prepare,
                                                .begin = begin,
                                                .step = step,
                                                .slopes = slopes,
                                                .backward = backward,
                                                .errors = errors}};
