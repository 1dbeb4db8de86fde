/*
 * A soma with dendritic branches. Each branch gets excitation g_E and inhibition g_I >= 0 (what
 * arrives on its inhibitory port, less its sign) and makes of them
 *
 *   subtractive  d = tanh(g_E - g_I)
 *   divisive     d = exp(-g_I) (1 + tanh(g_E - 1)) - (1 + tanh(-1))
 *   yang2016     d = V_D + 70 = q3 + 30 (1 + tanh(s)), s = (g_E - q0 (4 + g_I)) / (q1 exp(g_I / q2))
 *
 * (Liu & Wang 2024; Yang, Murray & Wang 2016, with the digits of its authors' program.) The soma is a
 * rate unit with its leak on the rate:
 *
 *   r = (1 - alpha) r + alpha phi(soma + sum of d) + output_noise xi
 *   r = (1 - alpha) r + alpha phi(f0 + f1 (mean of d)^f2 + soma) + output_noise xi     (yang2016)
 *
 * with the d of this step, or with lag 1 those of the step before.
 */
#include <math.h>
#include <string.h>

#include "chunk.h"
#include "phi.h"

enum { BRANCHES, SIZES };
enum { TAU, GAIN, EXPONENT, OUTPUT_NOISE, NONLINEARITY, LAG, D_START, PARAMETERS };
enum { R, D, STATES };
enum { SOMA, EXCITED, INHIBITED, PORTS };
enum { SUBTRACTIVE, DIVISIVE, YANG_2016 };

static const nai_field sizes[SIZES] = {
    [BRANCHES] = NAI__FIELD("branches", "1", "dendritic branches of a unit", 1, 1, 64)};
static const nai_field parameters[PARAMETERS] = {
    [TAU] = NAI__FIELD("tau", "ms", "time constant of the leak", 100, 0, 1e9),
    [GAIN] = NAI__FIELD("gain", "1", "factor of the rate", 1, 1e-6, 1e6),
    [EXPONENT] = NAI__FIELD("exponent", "1", "of the transfer function power", 2, 1, 10),
    [OUTPUT_NOISE] =
        NAI__FIELD("output_noise", "1",
                   "standard deviation of what is added to the rate at each step", 0, 0, 1e6),
    [NONLINEARITY] = {sizeof(nai_field), 0, "nonlinearity", "1",
                      "what a branch makes of its inputs", 0, 0, 2, NULL,
                      "subtractive divisive yang2016", 0, 0},
    [LAG] = {sizeof(nai_field), 0, "lag", "1", "1: the soma reads the branches of the step before",
             0, 0, 1, NULL, NULL, 1, 0},
    [D_START] = {sizeof(nai_field), 0, "d", "1", "branches at time 0; mV in yang2016", 0, -1e6, 1e6,
                 "branches", NULL, 0, 0}};
static const nai_field states[STATES] = {
    [R] = NAI__FIELD("r", "1", "rate", 0, 0, 0),
    [D] = {sizeof(nai_field), 0, "d", "1", "what each branch sends to the soma; mV in yang2016", 0,
           0, 0, "branches", NULL, 0, 0}};
static const nai_field ports[PORTS] = {
    [SOMA] = NAI__FIELD("soma", "1", "what the soma receives", 0, 0, 0),
    [EXCITED] = {sizeof(nai_field), 1, "dendrite+", "1",
                 "excitation of each branch; nS in yang2016", 0, 0, 0, "branches", NULL, 0, 0},
    [INHIBITED] = {sizeof(nai_field), -1, "dendrite-", "1",
                   "inhibition of each branch, at most 0; nS in yang2016", 0, 0, 0, "branches",
                   NULL, 0, 0}};
static const nai_field signals[] = {NAI__FIELD("rate", "1", "rate", 0, 0, 0)};

/* --- a branch --------------------------------------------------------------------------------- */

static const float Q[4] = {5.5592051F, 9.64361681F, 6.5386557F, 0.7779744F};
static const float F[3] = {2.59035567F, 0.13104463F, 2.07809856F};

/* 1 + tanh(-1) */
#define REST 0.23840584404423515F

#define CHUNK 64 /* units at once */

/* A branch of each of them: what it sends, and the slopes of that by g_E and by g_I. */
typedef struct branch {
  float d[CHUNK], by_excitation[CHUNK], by_inhibition[CHUNK];
} branch;

static int nonlinearity_of(const nai__chunk *c, int64_t i)
{
  return (int)nai__chunk_parameter(c, NONLINEARITY)[i];
}

static int lags(const nai__chunk *c, int64_t i)
{
  return nai__chunk_parameter(c, LAG)[i] != 0;
}

static const float *received(const nai__chunk *c, int port, int64_t copy)
{
  return nai__chunk_port(c, port) + copy * c->batch->n;
}

/* What tanh is taken of. yang2016: width is q1 exp(g_I / q2). */
static float inside(int nonlinearity, float excitation, float inhibition, float *width)
{
  if (nonlinearity == SUBTRACTIVE) return excitation - inhibition;
  if (nonlinearity == DIVISIVE) return excitation - 1;
  *width = Q[1] * expf(inhibition / Q[2]);
  return (excitation - Q[0] * (4 + inhibition)) / *width;
}

static void finish(branch *out, int64_t i, int nonlinearity, float inhibition, float s, float rise,
                   float width)
{
  float slope = 1 - rise * rise;
  if (nonlinearity == SUBTRACTIVE) {
    out->d[i] = rise;
    out->by_excitation[i] = slope;
    out->by_inhibition[i] = -slope;
  } else if (nonlinearity == DIVISIVE) {
    float factor = expf(-inhibition);
    out->d[i] = factor * (1 + rise) - REST;
    out->by_excitation[i] = factor * slope;
    out->by_inhibition[i] = -factor * (1 + rise);
  } else {
    out->d[i] = Q[3] + 30 * (1 + rise);
    out->by_excitation[i] = 30 * slope / width;
    out->by_inhibition[i] = 30 * slope * (-Q[0] / width - s / Q[2]);
  }
}

static void find_branch(branch *out, const nai__chunk *c, int64_t k)
{
  const float *excitation = received(c, EXCITED, k), *inhibition = received(c, INHIBITED, k);
  float s[CHUNK], rise[CHUNK], width[CHUNK];
  for (int64_t i = 0; i < c->n; i++)
    s[i] = inside(nonlinearity_of(c, i), excitation[i], -inhibition[i], &width[i]);
  const nai__units tanh_of = {.n = c->n, .transfer = NAI__TANH};
  ((const nai__unit_batch *)c->batch)->kernels->transfer(&tanh_of, rise, s);
  for (int64_t i = 0; i < c->n; i++)
    finish(out, i, nonlinearity_of(c, i), -inhibition[i], s[i], rise[i], width[i]);
}

/* --- the soma --------------------------------------------------------------------------------- */

/* What the branches add to its input, by the sum of d of `n` branches. */
static float onto_soma(int nonlinearity, float sum, float n)
{
  if (nonlinearity != YANG_2016) return sum;
  return sum > 0 ? F[0] + F[1] * powf(sum / n, F[2]) : F[0];
}

/* And its slope by each d. */
static float onto_soma_slope(int nonlinearity, float sum, float n)
{
  if (nonlinearity != YANG_2016) return 1;
  return sum > 0 ? F[1] * F[2] * powf(sum / n, F[2] - 1) / n : 0;
}

/* Its transfer function and that one's slope, for the units of the chunk. */
static nai__unit_batch somas(const nai__chunk *c)
{
  nai__unit_batch some = *(const nai__unit_batch *)c->batch;
  some.units.n = c->n;
  some.units.alpha += c->first;
  if (some.units.gain) some.units.gain += c->first;
  if (some.units.exponent) some.units.exponent += c->first;
  return some;
}

/* --- steps ------------------------------------------------------------------------------------ */

/* The input of each soma; the branches go on where `move`, else their state is of before. */
static void receive(float *input, float *sum, const nai__chunk *c, int move)
{
  const nai_unit_batch *b = c->batch;
  const float *soma = received(c, SOMA, 0);
  memset(sum, 0, (size_t)c->n * sizeof *sum);
  for (int64_t k = 0; k < b->size[BRANCHES]; k++) {
    float *state = nai__chunk_state(c, D) + k * b->n;
    branch now;
    find_branch(&now, c, k);
    for (int64_t i = 0; i < c->n; i++) {
      sum[i] += lags(c, i) ? state[i] : now.d[i];
      if (move) state[i] = now.d[i];
    }
  }
  for (int64_t i = 0; i < c->n; i++)
    input[i] = soma[i] + onto_soma(nonlinearity_of(c, i), sum[i], (float)b->size[BRANCHES]);
}

static void step_chunk(const nai__chunk *c)
{
  const nai_unit_batch *b = c->batch;
  nai__unit_batch soma = somas(c);
  const float *noise = nai__chunk_parameter(c, OUTPUT_NOISE),
              *xi = b->normal[0] + c->trial * b->normal_stride + c->first;
  float *r = nai__chunk_state(c, R), *sent = nai__chunk_signal(c, 0), input[CHUNK], sum[CHUNK];
  receive(input, sum, c, 1);
  nai__phi(&soma, input, input);
  for (int64_t i = 0; i < c->n; i++) {
    r[i] += soma.units.alpha[i] * (input[i] - r[i]);
    if (noise[i] > 0) r[i] += noise[i] * xi[i];
    sent[i] = r[i];
  }
}

static nai_status step(void *user, nai_unit_batch *b)
{
  (void)user;
  nai__each_chunk(b, CHUNK, step_chunk);
  return NAI_OK;
}

/* --- slopes ----------------------------------------------------------------------------------- */

/* The slope of what the soma sends, by its input, and by each d that it reads. */
static void find_soma(float *by_input, float *by_branch, const nai__chunk *c)
{
  nai__unit_batch soma = somas(c);
  float input[CHUNK], slope[CHUNK], sum[CHUNK];
  receive(input, sum, c, 0);
  nai__phi(&soma, input, input);
  nai__phi_slope(&soma, slope, input);
  for (int64_t i = 0; i < c->n; i++) {
    by_input[i] = soma.units.alpha[i] * slope[i];
    by_branch[i] = by_input[i] *
                   onto_soma_slope(nonlinearity_of(c, i), sum[i], (float)c->batch->size[BRANCHES]);
  }
}

/* States: r, then the branches; ports: the soma, then branches excited, then inhibited. */
static void slopes_of_branch(const nai__chunk *c, int64_t k, const float *by_branch)
{
  const nai_unit_batch *b = c->batch;
  int64_t branches = b->size[BRANCHES], stride = b->slope_stride, at = c->trial * b->n + c->first,
          excited = 1 + k, inhibited = 1 + branches + k, d = 1 + k;
  branch now;
  find_branch(&now, c, k);
  for (int64_t i = 0; i < c->n; i++, at++) {
    b->sp[(d * b->n_ports + excited) * stride + at] = now.by_excitation[i];
    b->sp[(d * b->n_ports + inhibited) * stride + at] = -now.by_inhibition[i];
    if (lags(c, i)) {
      b->ss[d * stride + at] = b->zs[d * stride + at] = by_branch[i];
    } else {
      b->sp[excited * stride + at] = b->zp[excited * stride + at] =
          by_branch[i] * now.by_excitation[i];
      b->sp[inhibited * stride + at] = b->zp[inhibited * stride + at] =
          -by_branch[i] * now.by_inhibition[i];
    }
  }
}

static void slopes_chunk(const nai__chunk *c)
{
  const nai_unit_batch *b = c->batch;
  const float *alpha = ((const nai__unit_batch *)b)->units.alpha + c->first;
  float by_input[CHUNK], by_branch[CHUNK];
  int64_t at = c->trial * b->n + c->first;
  find_soma(by_input, by_branch, c);
  for (int64_t i = 0; i < c->n; i++, at++) {
    b->ss[at] = b->zs[at] = 1 - alpha[i];
    b->sp[at] = b->zp[at] = by_input[i];
  }
  for (int64_t k = 0; k < b->size[BRANCHES]; k++) slopes_of_branch(c, k, by_branch);
}

static nai_status slopes(void *user, nai_unit_batch *b)
{
  (void)user;
  nai__each_chunk(b, CHUNK, slopes_chunk);
  return NAI_OK;
}

/* --- backward --------------------------------------------------------------------------------- */

static void branch_backward(const nai__chunk *c, int64_t k, const float *onto,
                            const float *by_branch)
{
  const nai_unit_batch *b = c->batch;
  int64_t place = k * b->n + c->first, port = c->trial * b->port_stride + place;
  float *carry = b->carry[D] + c->trial * b->state_stride + place,
        *excited = b->port_error[EXCITED] + port, *inhibited = b->port_error[INHIBITED] + port;
  branch now;
  find_branch(&now, c, k);
  for (int64_t i = 0; i < c->n; i++) {
    float read = onto[i] * by_branch[i], error = carry[i] + (lags(c, i) ? 0 : read);
    excited[i] = error * now.by_excitation[i];
    inhibited[i] = -error * now.by_inhibition[i];
    carry[i] = lags(c, i) ? read : 0;
  }
}

static void backward_chunk(const nai__chunk *c)
{
  const nai_unit_batch *b = c->batch;
  const float *alpha = ((const nai__unit_batch *)b)->units.alpha + c->first,
              *error = b->error[0] + c->trial * b->signal_stride + c->first;
  float *carry = b->carry[R] + c->trial * b->state_stride + c->first,
        *soma = b->port_error[SOMA] + c->trial * b->port_stride + c->first, onto[CHUNK],
        by_input[CHUNK], by_branch[CHUNK];
  find_soma(by_input, by_branch, c);
  for (int64_t i = 0; i < c->n; i++) {
    onto[i] = carry[i] + error[i];
    carry[i] = (1 - alpha[i]) * onto[i];
    soma[i] = by_input[i] * onto[i];
  }
  for (int64_t k = 0; k < b->size[BRANCHES]; k++) branch_backward(c, k, onto, by_branch);
}

static nai_status backward(void *user, nai_unit_batch *b)
{
  (void)user;
  nai__each_chunk(b, CHUNK, backward_chunk);
  return NAI_OK;
}

const nai_model nai__model_dendritic = {.ops = {.struct_size = sizeof(nai_model_ops),
                                                .flags = NAI_MODEL_THREADED | NAI_MODEL_SENDS_STATE,
                                                .name = "dendritic",
                                                .n_sizes = SIZES,
                                                .n_parameters = PARAMETERS,
                                                .n_states = STATES,
                                                .n_ports = PORTS,
                                                .n_signals = 1,
                                                .n_normals = 1,
                                                .sizes = sizes,
                                                .parameters = parameters,
                                                .states = states,
                                                .ports = ports,
                                                .signals = signals,
                                                .step = step,
                                                .slopes = slopes,
                                                .backward = backward}};
