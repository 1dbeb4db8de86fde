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

#include "phi.h"

enum { BRANCHES, SIZES };
enum { TAU, GAIN, EXPONENT, OUTPUT_NOISE, NONLINEARITY, LAG, D_START, PARAMETERS };
enum { R, D, STATES };
enum { SOMA, EXCITED, INHIBITED, PORTS };
enum { SUBTRACTIVE, DIVISIVE, YANG_2016 };

#define FIELD(name, unit, meaning, initial, low, high)                              \
  {                                                                                 \
    sizeof(nai_field), 0, name, unit, meaning, initial, low, high, NULL, NULL, 0, 0 \
  }

static const nai_field sizes[SIZES] = {
    [BRANCHES] = FIELD("branches", "1", "dendritic branches of a unit", 1, 1, 64)};
static const nai_field parameters[PARAMETERS] = {
    [TAU] = FIELD("tau", "ms", "time constant of the leak", 100, 0, 1e9),
    [GAIN] = FIELD("gain", "1", "factor of the rate", 1, 1e-6, 1e6),
    [EXPONENT] = FIELD("exponent", "1", "of the transfer function power", 2, 1, 10),
    [OUTPUT_NOISE] =
        FIELD("output_noise", "1", "standard deviation of what is added to the rate at each step",
              0, 0, 1e6),
    [NONLINEARITY] = {sizeof(nai_field), 0, "nonlinearity", "1",
                      "what a branch makes of its inputs", 0, 0, 2, NULL,
                      "subtractive divisive yang2016", 0, 0},
    [LAG] = {sizeof(nai_field), 0, "lag", "1", "1: the soma reads the branches of the step before",
             0, 0, 1, NULL, NULL, 1, 0},
    [D_START] = {sizeof(nai_field), 0, "d", "1", "branches at time 0", 0, -1e6, 1e6, "branches",
                 NULL, 0, 0}};
static const nai_field states[STATES] = {[R] = FIELD("r", "1", "rate", 0, 0, 0),
                                         [D] = {sizeof(nai_field), 0, "d", "1",
                                                "what each branch sends to the soma", 0, 0, 0,
                                                "branches", NULL, 0, 0}};
static const nai_field ports[PORTS] = {
    [SOMA] = FIELD("soma", "1", "what the soma receives", 0, 0, 0),
    [EXCITED] = {sizeof(nai_field), 1, "dendrite+", "1", "excitation of each branch", 0, 0, 0,
                 "branches", NULL, 0, 0},
    [INHIBITED] = {sizeof(nai_field), -1, "dendrite-", "1", "inhibition of each branch, at most 0",
                   0, 0, 0, "branches", NULL, 0, 0}};
static const nai_field signals[] = {FIELD("rate", "1", "rate", 0, 0, 0)};

/* --- a branch --------------------------------------------------------------------------------- */

static const double Q[4] = {5.5592051, 9.64361681, 6.5386557, 0.7779744};
static const double F[3] = {2.59035567, 0.13104463, 2.07809856};

/* What a branch sends, and its slopes by g_E and by g_I. */
typedef struct branch {
  double d, by_excitation, by_inhibition;
} branch;

static branch branch_of(int nonlinearity, double excitation, double inhibition)
{
  if (nonlinearity == SUBTRACTIVE) {
    double d = tanh(excitation - inhibition), slope = 1 - d * d;
    return (branch){d, slope, -slope};
  }
  if (nonlinearity == DIVISIVE) {
    double factor = exp(-inhibition), rise = tanh(excitation - 1);
    return (branch){factor * (1 + rise) - (1 + tanh(-1.0)), factor * (1 - rise * rise),
                    -factor * (1 + rise)};
  }
  double width = Q[1] * exp(inhibition / Q[2]), s = (excitation - Q[0] * (4 + inhibition)) / width,
         rise = tanh(s), slope = 30 * (1 - rise * rise);
  return (branch){Q[3] + 30 * (1 + rise), slope / width, slope * (-Q[0] / width - s / Q[2])};
}

static branch branch_at(const nai_unit_batch *b, int64_t trial, int64_t k, int64_t i)
{
  int64_t at = trial * b->port_stride + k * b->n + i;
  return branch_of((int)b->parameter[NONLINEARITY][i], (double)b->port[EXCITED][at],
                   -(double)b->port[INHIBITED][at]);
}

/* What the branches add to the input of the soma, by the sum of d of `n` branches. */
static double onto_soma(int nonlinearity, double sum, double n)
{
  if (nonlinearity != YANG_2016) return sum;
  return sum > 0 ? F[0] + F[1] * pow(sum / n, F[2]) : F[0];
}

/* And its slope by each d. */
static double onto_soma_slope(int nonlinearity, double sum, double n)
{
  if (nonlinearity != YANG_2016) return 1;
  return sum > 0 ? F[1] * F[2] * pow(sum / n, F[2] - 1) / n : 0;
}

/* --- steps ------------------------------------------------------------------------------------ */

/* The sum of the d that the soma of unit i reads. `state` [branches][n]: those of before. */
static double sum_of(const nai_unit_batch *b, const float *state, int64_t trial, int64_t i)
{
  double sum = 0;
  for (int64_t k = 0; k < b->size[BRANCHES]; k++)
    sum += b->parameter[LAG][i] != 0 ? (double)state[k * b->n + i] : branch_at(b, trial, k, i).d;
  return sum;
}

/* The input of the soma. */
static float soma_at(const nai_unit_batch *b, double sum, int64_t trial, int64_t i)
{
  return (float)((double)b->port[SOMA][trial * b->port_stride + i] +
                 onto_soma((int)b->parameter[NONLINEARITY][i], sum, (double)b->size[BRANCHES]));
}

/* The branches of unit i go on; the sum of the d that its soma reads. */
static double move_branches(const nai_unit_batch *b, float *d, int64_t trial, int64_t i)
{
  int lag = b->parameter[LAG][i] != 0;
  double sum = 0;
  for (int64_t k = 0; k < b->size[BRANCHES]; k++) {
    double now = branch_at(b, trial, k, i).d;
    sum += lag ? (double)d[k * b->n + i] : now;
    d[k * b->n + i] = (float)now;
  }
  return sum;
}

static void step_trial(nai_unit_batch *b, int64_t trial)
{
  const nai__unit_batch *own = (const nai__unit_batch *)b;
  const float *alpha = own->units.alpha, *noise = b->parameter[OUTPUT_NOISE],
              *xi = b->normal[0] + trial * b->normal_stride;
  float *r = b->state[R] + trial * b->state_stride, *d = b->state[D] + trial * b->state_stride,
        *sent = b->signal[0] + trial * b->signal_stride;
  for (int64_t i = 0; i < b->n; i++) sent[i] = soma_at(b, move_branches(b, d, trial, i), trial, i);
  nai__phi(own, sent, sent);
  for (int64_t i = 0; i < b->n; i++) {
    r[i] += alpha[i] * (sent[i] - r[i]);
    if (noise[i] > 0) r[i] += noise[i] * xi[i];
    sent[i] = r[i];
  }
}

static nai_status step(void *user, nai_unit_batch *b)
{
  (void)user;
  for (int64_t k = 0; k < b->trials; k++) step_trial(b, k);
  return NAI_OK;
}

/* --- slopes ----------------------------------------------------------------------------------- */

/* States: r, then the branches; ports: the soma, then branches excited, then inhibited. */
static void slopes_of_unit(nai_unit_batch *b, int64_t trial, int64_t i, double alpha, double slope,
                           double sum)
{
  int64_t branches = b->size[BRANCHES], at = trial * b->n + i, stride = b->slope_stride;
  int lag = b->parameter[LAG][i] != 0;
  double read =
      alpha * slope * onto_soma_slope((int)b->parameter[NONLINEARITY][i], sum, (double)branches);
  b->ss[at] = b->zs[at] = (float)(1 - alpha);
  b->sp[at] = b->zp[at] = (float)(alpha * slope);
  for (int64_t k = 0; k < branches; k++) {
    branch of = branch_at(b, trial, k, i);
    int64_t excited = 1 + k, inhibited = 1 + branches + k, d = 1 + k;
    b->sp[(d * b->n_ports + excited) * stride + at] = (float)of.by_excitation;
    b->sp[(d * b->n_ports + inhibited) * stride + at] = (float)-of.by_inhibition;
    if (lag) {
      b->ss[d * stride + at] = b->zs[d * stride + at] = (float)read;
    } else {
      b->sp[excited * stride + at] = b->zp[excited * stride + at] =
          (float)(read * of.by_excitation);
      b->sp[inhibited * stride + at] = b->zp[inhibited * stride + at] =
          (float)(read * -of.by_inhibition);
    }
  }
}

static nai_status slopes(void *user, nai_unit_batch *b)
{
  (void)user;
  const nai__unit_batch *own = (const nai__unit_batch *)b;
  for (int64_t k = 0; k < b->trials; k++) {
    const float *d = b->state[D] + k * b->state_stride;
    float *phi = b->zs + k * b->n, *slope = b->zp + k * b->n; /* before they get their own */
    for (int64_t i = 0; i < b->n; i++) phi[i] = soma_at(b, sum_of(b, d, k, i), k, i);
    nai__phi(own, phi, phi);
    nai__phi_slope(own, slope, phi);
    for (int64_t i = 0; i < b->n; i++)
      slopes_of_unit(b, k, i, (double)own->units.alpha[i], (double)slope[i],
                     b->parameter[NONLINEARITY][i] == YANG_2016 ? sum_of(b, d, k, i) : 0);
  }
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
                                                .slopes = slopes}};
