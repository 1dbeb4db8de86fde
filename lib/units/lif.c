/* Leaky integrate-and-fire units: the table, and a step (lif.h). */
#include "lif.h"

#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/philox.h"
#include "../kernels/counts.h"

/* Potentials, currents and conductances far beyond biology; and the least time constant. */
#define MOST 1e6
#define LEAST_TAU 1e-6

static const nai_field parameters[NAI__LIF_PARAMETERS] = {
    [NAI__LIF_TAU] = NAI__FIELD("tau", "ms", "time constant of the membrane", 20, 0, 1e9),
    [NAI__LIF_CAPACITANCE] =
        NAI__FIELD("capacitance", "pF", "of the membrane; what currents charge", 250, 1e-6, MOST),
    [NAI__LIF_REST] = NAI__FIELD("rest", "mV", "potential without input", 0, -MOST, MOST),
    [NAI__LIF_THRESHOLD] =
        NAI__FIELD("threshold", "mV", "potential of a spike, above rest", 20, -MOST, MOST),
    [NAI__LIF_RESET] =
        NAI__FIELD("reset", "mV", "potential after a spike, below the threshold", 0, -MOST, MOST),
    [NAI__LIF_REFRACTORY] = NAI__FIELD(
        "refractory", "ms", "refractory period after a spike, whole steps of dt", 0, 0, 1e6),
    [NAI__LIF_TAU_EXC] =
        NAI__FIELD("tau_exc", "ms", "time constant of excitatory currents", 0.5, LEAST_TAU, 1e9),
    [NAI__LIF_TAU_INH] =
        NAI__FIELD("tau_inh", "ms", "time constant of inhibitory currents", 0.5, LEAST_TAU, 1e9),
    [NAI__LIF_DRIVE] =
        NAI__FIELD("drive", "mV", "what a constant current adds to rest", 0, -MOST, MOST),
    [NAI__LIF_NORMALISE] = {sizeof(nai_field), 0, "normalise", "1",
                            "1: arrivals at delta are multiplied by 1 - exp(-dt / tau)", 0, 0, 1,
                            NULL, NULL, 1, 0},
    [NAI__LIF_BACKGROUND] =
        NAI__FIELD("background", "Hz", "added to what the port background receives", 0, 0, 1e9),
    [NAI__LIF_BACKGROUND_WEIGHT] =
        NAI__FIELD("background_weight", "mV", "of a spike of the background", 0.1, -MOST, MOST),
    [NAI__LIF_BACKGROUND_EXC] = NAI__FIELD(
        "background_exc", "Hz", "added to what the port background_exc receives", 0, 0, 1e9),
    [NAI__LIF_BACKGROUND_EXC_WEIGHT] =
        NAI__FIELD("background_exc_weight", "pA", "of a spike of that background", 87.8, 0, MOST),
    [NAI__LIF_ADAPTATION] =
        NAI__FIELD("adaptation", "mV", "by which b raises the threshold", 0, -MOST, MOST),
    [NAI__LIF_TAU_ADAPTATION] =
        NAI__FIELD("tau_adaptation", "ms", "time constant of b", 200, LEAST_TAU, 1e9),
    [NAI__LIF_SOFT_RESET] = {sizeof(nai_field), 0, "soft_reset", "1",
                             "1: a spike takes threshold - rest from v, a step later", 0, 0, 1,
                             NULL, NULL, 1, 0},
    [NAI__LIF_RESET_GRADIENT] = {sizeof(nai_field), 0, "reset_gradient", "1",
                                 "whether gradients go through the reset", 0, 0, 1, NULL,
                                 "cut full", 0, 0},
    [NAI__LIF_SURROGATE] = {sizeof(nai_field), 0, "surrogate", "1",
                            "what stands for the slope of a spike", 0, 0, 1, NULL,
                            "linear fast_sigmoid", 0, 0},
    [NAI__LIF_WIDTH] = NAI__FIELD(
        "width", "1", "of that, in parts of threshold - rest: where it is 0, or a quarter", 1, 1e-6,
        MOST),
    [NAI__LIF_DAMPENING] = NAI__FIELD("dampening", "1", "of that, its peak", 0.3, 0, MOST)};
static const nai_field states[NAI__LIF_STATES] = {
    [NAI__LIF_V] = NAI__FIELD("v", "mV", "potential; starts at rest + initial", 0, 0, 0),
    [NAI__LIF_I_EXC] = NAI__FIELD("i_exc", "pA", "excitatory current", 0, 0, 0),
    [NAI__LIF_I_INH] = NAI__FIELD("i_inh", "pA", "inhibitory current", 0, 0, 0),
    [NAI__LIF_WAIT] = {sizeof(nai_field), 0, "wait", "steps",
                       "to the first at which it may fire again; 0: may", 0, 0, 1e6, NULL, NULL, 1,
                       0},
    [NAI__LIF_B] = NAI__FIELD("b", "1", "spikes, forgotten with tau_adaptation", 0, 0, 0)};
static const nai_field ports[NAI__LIF_PORTS] = {
    [NAI__LIF_ONTO_DELTA] = NAI__FIELD("delta", "mV", "jumps of v", 0, 0, 0),
    [NAI__LIF_ONTO_EXC] = {sizeof(nai_field), +1, "exc+", "pA", "jumps of i_exc", 0, 0, 0, NULL,
                           NULL, 0, 0},
    [NAI__LIF_ONTO_INH] = {sizeof(nai_field), -1, "inh-", "pA", "jumps of i_inh", 0, 0, 0, NULL,
                           NULL, 0, 0},
    [NAI__LIF_ONTO_BACKGROUND] = NAI__FIELD(
        "background", "Hz", "rate of a Poisson train, background_weight each, onto delta", 0, 0, 0),
    [NAI__LIF_ONTO_BACKGROUND_EXC] =
        NAI__FIELD("background_exc", "Hz",
                   "rate of a Poisson train, background_exc_weight each, onto exc", 0, 0, 0)};
static const nai_field signals[NAI__LIF_SIGNALS] = {
    [NAI__LIF_SPIKE] = NAI__FIELD("spike", "1", "1 at a spike, else 0", 0, 0, 0),
    [NAI__LIF_SENT_V] = NAI__POTENTIAL("v", "mV", "potential")};

/* --- constants -------------------------------------------------------------------------------- */

/*
 * What v gets in a step of a current of 1 that decays with tau_syn: (h / C) exp(-h / tau) (1 - exp(-x)) / x,
 * x = h (1 / tau_syn - 1 / tau), which the usual quotient is not near tau_syn = tau.
 */
static float by_current(double dt, double capacitance, double tau, double tau_syn)
{
  double x = dt / tau_syn - dt / tau;
  return (float)(dt / capacitance * exp(-dt / tau) * (x == 0 ? 1 : -expm1(-x) / x));
}

/* Parameters are floats: of whole steps they are a little off. */
#define SHARE_OF_A_STEP 1e-3

static nai_status find_period(float *out, const nai_unit_batch *b, int64_t i)
{
  double refractory = (double)b->parameter[NAI__LIF_REFRACTORY][i], steps = refractory / b->dt,
         whole = floor(steps + 0.5);
  if (fabs(steps - whole) > SHARE_OF_A_STEP)
    return nai__fail(NAI_ERR_INVALID,
                     "refractory of unit %lld is %g, must be whole steps of dt = %g", (long long)i,
                     refractory, b->dt);
  *out = (float)(whole + 1);
  return NAI_OK;
}

static nai_status check_threshold(const nai_unit_batch *b, int64_t i)
{
  double threshold = (double)b->parameter[NAI__LIF_THRESHOLD][i],
         rest = (double)b->parameter[NAI__LIF_REST][i],
         reset = (double)b->parameter[NAI__LIF_RESET][i];
  int soft = b->parameter[NAI__LIF_SOFT_RESET][i] != 0;
  if (!(threshold > rest))
    return nai__fail(NAI_ERR_INVALID, "threshold of unit %lld is %g, must be above rest = %g",
                     (long long)i, threshold, rest);
  if (!soft && !(threshold > reset))
    return nai__fail(NAI_ERR_INVALID, "threshold of unit %lld is %g, must be above reset = %g",
                     (long long)i, threshold, reset);
  return NAI_OK;
}

static nai_status prepare_unit(nai_unit_batch *b, int64_t i)
{
  const float *const *p = b->parameter;
  float *const *c = b->constant;
  double dt = b->dt, tau = (double)p[NAI__LIF_TAU][i],
         capacitance = (double)p[NAI__LIF_CAPACITANCE][i], tau_exc = (double)p[NAI__LIF_TAU_EXC][i],
         tau_inh = (double)p[NAI__LIF_TAU_INH][i];
  NAI__TRY(check_threshold(b, i));
  NAI__TRY(find_period(&c[NAI__LIF_PERIOD][i], b, i));
  c[NAI__LIF_DECAY][i] = (float)-expm1(-dt / tau);
  c[NAI__LIF_TARGET][i] = p[NAI__LIF_REST][i] + p[NAI__LIF_DRIVE][i];
  c[NAI__LIF_GAIN][i] = p[NAI__LIF_NORMALISE][i] != 0 ? c[NAI__LIF_DECAY][i] : 1;
  c[NAI__LIF_BY_EXC][i] = by_current(dt, capacitance, tau, tau_exc);
  c[NAI__LIF_BY_INH][i] = by_current(dt, capacitance, tau, tau_inh);
  c[NAI__LIF_KEPT_EXC][i] = (float)exp(-dt / tau_exc);
  c[NAI__LIF_KEPT_INH][i] = (float)exp(-dt / tau_inh);
  c[NAI__LIF_KEPT_B][i] = (float)exp(-dt / (double)p[NAI__LIF_TAU_ADAPTATION][i]);
  c[NAI__LIF_SOFT][i] =
      p[NAI__LIF_SOFT_RESET][i] != 0 ? p[NAI__LIF_THRESHOLD][i] - p[NAI__LIF_REST][i] : 0;
  return NAI_OK;
}

/* 1: all units have the same numbers. */
static int is_same(const nai_unit_batch *b)
{
  for (int64_t i = 1; i < b->n; i++) {
    for (int k = 0; k < NAI__LIF_PARAMETERS; k++)
      if (b->parameter[k][i] != b->parameter[k][0]) return 0;
  }
  return 1;
}

static nai_status prepare(void *user, nai_unit_batch *b)
{
  (void)user;
  int form = is_same(b) ? NAI__LIF_IS_SAME : 0;
  for (int64_t i = 0; i < b->n; i++) {
    NAI__TRY(prepare_unit(b, i));
    if (b->parameter[NAI__LIF_ADAPTATION][i] != 0) form |= NAI__LIF_IS_ADAPTIVE;
    if (b->parameter[NAI__LIF_SOFT_RESET][i] != 0) form |= NAI__LIF_IS_SOFT;
    if (b->parameter[NAI__LIF_NORMALISE][i] != 0) form |= NAI__LIF_IS_NORMALISED;
  }
  for (int64_t i = 0; i < b->n; i++) {
    b->constant[NAI__LIF_FORM][i] = (float)form;
    if (!(form & NAI__LIF_IS_ADAPTIVE)) b->constant[NAI__LIF_KEPT_B][i] = 1; /* nothing moves b */
  }
  return NAI_OK;
}

/* --- beginning -------------------------------------------------------------------------------- */

static void begin_chunk(const nai__chunk *c)
{
  float *v = nai__chunk_state(c, NAI__LIF_V), *spike = nai__chunk_signal(c, NAI__LIF_SPIKE),
        *sent = nai__chunk_signal(c, NAI__LIF_SENT_V);
  const float *rest = nai__chunk_parameter(c, NAI__LIF_REST);
  for (int64_t i = 0; i < c->n; i++) {
    v[i] += rest[i];
    sent[i] = v[i];
    spike[i] = 0;
  }
}

static nai_status begin(void *user, nai_unit_batch *b)
{
  (void)user;
  nai__each_chunk(b, NAI__LIF_CHUNK, begin_chunk);
  return NAI_OK;
}

static void send_chunk(const nai__chunk *c)
{
  memcpy(nai__chunk_signal(c, NAI__LIF_SENT_V), nai__chunk_state(c, NAI__LIF_V),
         (size_t)c->n * sizeof(float));
}

static nai_status send(void *user, nai_unit_batch *b)
{
  (void)user;
  nai__each_chunk(b, NAI__LIF_CHUNK, send_chunk);
  return NAI_OK;
}

/* --- a background ----------------------------------------------------------------------------- */

/* Of both ports, for all chunks of a batch. */
typedef struct backgrounds {
  nai__counting delta, exc;
} backgrounds;

static void start_counting(nai__counting *counting, const nai_unit_batch *b, uint32_t purpose)
{
  nai__counting_start(counting, ((const nai__unit_batch *)b)->kernels, b->seed, purpose,
                      (uint32_t)b->step, (float)(b->dt / 1000));
}

void nai__lif_each_chunk(const nai_unit_batch *b, void (*what)(const nai__chunk *c))
{
  backgrounds by;
  start_counting(&by.delta, b, NAI__FOR_COUNTS);
  start_counting(&by.exc, b, NAI__FOR_OTHER_COUNTS);
  nai__each_chunk_with(b, NAI__LIF_CHUNK, what, &by);
}

/* Spikes of this step from trains of the rates that a port receives, one a unit. */
static void count(float *out, const nai__chunk *c, int port)
{
  backgrounds *by = c->shared;
  nai__counts(port == NAI__LIF_ONTO_BACKGROUND ? &by->delta : &by->exc, out, c->n,
              c->batch->first_unit + c->first, c->batch->first + (uint64_t)c->trial,
              nai__chunk_port(c, port));
}

/* --- a step ----------------------------------------------------------------------------------- */

/* To the bit: what is not is added, which changes nothing where it is -0. */
static int is_zero(const float *x, int64_t n)
{
  const float zero = 0;
  return memcmp(x, &zero, sizeof zero) == 0 && memcmp(x, x + 1, (size_t)(n - 1) * sizeof *x) == 0;
}

/* Bits of the states of currents that there are, or may be. */
static int look_for_currents(const nai__chunk *c)
{
  int exc = nai__lif_hears(c, NAI__LIF_ONTO_EXC) || nai__lif_hears(c, NAI__LIF_ONTO_BACKGROUND_EXC),
      inh = nai__lif_hears(c, NAI__LIF_ONTO_INH);
  if (!exc) exc = !is_zero(nai__chunk_state(c, NAI__LIF_I_EXC), c->n);
  if (!inh) inh = !is_zero(nai__chunk_state(c, NAI__LIF_I_INH), c->n);
  return exc << NAI__LIF_I_EXC | inh << NAI__LIF_I_INH;
}

/* What is 0 and hears nothing stays 0: of all chunks it is known after the first step. */
enum { NO_EXC = 1, NO_INH = 2, LOOKED = 4 };

static int find_currents(const nai__chunk *c)
{
  uint32_t *memo = ((const nai__unit_batch *)c->batch)->memo;
  if (memo && (*memo & LOOKED))
    return !(*memo & NO_EXC) << NAI__LIF_I_EXC | !(*memo & NO_INH) << NAI__LIF_I_INH;
  const int currents = look_for_currents(c);
  if (memo && currents >> NAI__LIF_I_EXC & 1) *memo &= ~(uint32_t)NO_EXC;
  if (memo && currents >> NAI__LIF_I_INH & 1) *memo &= ~(uint32_t)NO_INH;
  return currents;
}

/* out += a x */
static void add_product(const nai__chunk *c, float *out, const float *a, const float *x)
{
  ((const nai__unit_batch *)c->batch)->kernels->add_products(out, a, x, c->n);
}

static void add_background(float *out, const nai__chunk *c)
{
  float spikes[NAI__LIF_CHUNK];
  count(spikes, c, NAI__LIF_ONTO_BACKGROUND);
  add_product(c, out, nai__chunk_parameter(c, NAI__LIF_BACKGROUND_WEIGHT), spikes);
}

static const float *find_input(float *restrict room, const nai__chunk *c, int currents)
{
  const float *restrict gain = nai__chunk_constant(c, NAI__LIF_GAIN);
  const float *delta = nai__chunk_port(c, NAI__LIF_ONTO_DELTA);
  int hears = nai__lif_hears(c, NAI__LIF_ONTO_BACKGROUND),
      normalised = nai__lif_is(c, NAI__LIF_IS_NORMALISED);
  if (!hears && !normalised && !currents) return delta;
  memcpy(room, delta, (size_t)c->n * sizeof *room);
  if (hears) add_background(room, c);
  for (int64_t i = 0; i < c->n && normalised; i++) room[i] *= gain[i];
  if (currents >> NAI__LIF_I_EXC & 1)
    add_product(c, room, nai__chunk_constant(c, NAI__LIF_BY_EXC),
                nai__chunk_state(c, NAI__LIF_I_EXC));
  if (currents >> NAI__LIF_I_INH & 1)
    add_product(c, room, nai__chunk_constant(c, NAI__LIF_BY_INH),
                nai__chunk_state(c, NAI__LIF_I_INH));
  return room;
}

const float *nai__lif_input(float *room, const nai__chunk *c)
{
  return find_input(room, c, find_currents(c));
}

/* current = kept current + arrivals */
static void move_current(float *restrict current, const float *restrict kept,
                         const float *restrict arrivals, int64_t n)
{
  for (int64_t i = 0; i < n; i++) current[i] = kept[i] * current[i] + arrivals[i];
}

static void move_currents(const nai__chunk *c, int currents)
{
  float *exc = nai__chunk_state(c, NAI__LIF_I_EXC), *inh = nai__chunk_state(c, NAI__LIF_I_INH);
  if (currents >> NAI__LIF_I_EXC & 1)
    move_current(exc, nai__chunk_constant(c, NAI__LIF_KEPT_EXC),
                 nai__chunk_port(c, NAI__LIF_ONTO_EXC), c->n);
  if (nai__lif_hears(c, NAI__LIF_ONTO_BACKGROUND_EXC)) {
    float spikes[NAI__LIF_CHUNK];
    count(spikes, c, NAI__LIF_ONTO_BACKGROUND_EXC);
    add_product(c, exc, nai__chunk_parameter(c, NAI__LIF_BACKGROUND_EXC_WEIGHT), spikes);
  }
  if (currents >> NAI__LIF_I_INH & 1)
    move_current(inh, nai__chunk_constant(c, NAI__LIF_KEPT_INH),
                 nai__chunk_port(c, NAI__LIF_ONTO_INH), c->n);
}

/* v, spikes, and what they leave behind; where none of the units adapts b stays 0. */
static void move(const nai__chunk *c, const float *in)
{
  const nai__spiking units = {.n = c->n,
                              .adapts = nai__lif_is(c, NAI__LIF_IS_ADAPTIVE),
                              .soft = nai__lif_is(c, NAI__LIF_IS_SOFT),
                              .same = nai__lif_is(c, NAI__LIF_IS_SAME),
                              .v = nai__chunk_state(c, NAI__LIF_V),
                              .wait = nai__chunk_state(c, NAI__LIF_WAIT),
                              .b = nai__chunk_state(c, NAI__LIF_B),
                              .spike = nai__chunk_signal(c, NAI__LIF_SPIKE),
                              .sent = nai__chunk_signal(c, NAI__LIF_SENT_V),
                              .in = in,
                              .decay = nai__chunk_constant(c, NAI__LIF_DECAY),
                              .target = nai__chunk_constant(c, NAI__LIF_TARGET),
                              .threshold = nai__chunk_parameter(c, NAI__LIF_THRESHOLD),
                              .reset = nai__chunk_parameter(c, NAI__LIF_RESET),
                              .period = nai__chunk_constant(c, NAI__LIF_PERIOD),
                              .taken = nai__chunk_constant(c, NAI__LIF_SOFT),
                              .adaptation = nai__chunk_parameter(c, NAI__LIF_ADAPTATION),
                              .kept_b = nai__chunk_constant(c, NAI__LIF_KEPT_B)};
  ((const nai__unit_batch *)c->batch)->kernels->fire(&units);
}

static void step_chunk(const nai__chunk *c)
{
  float room[NAI__LIF_CHUNK];
  const int currents = find_currents(c);
  const float *in = find_input(room, c, currents);
  if (currents) move_currents(c, currents);
  move(c, in);
}

static nai_status step(void *user, nai_unit_batch *b)
{
  uint32_t *memo = ((nai__unit_batch *)b)->memo;
  (void)user;
  if (memo && !(*memo & LOOKED)) *memo |= NO_EXC | NO_INH; /* unless a chunk has some */
  nai__lif_each_chunk(b, step_chunk);
  if (memo) *memo |= LOOKED;
  return NAI_OK;
}

const nai_model nai__model_lif = {.ops = {.struct_size = sizeof(nai_model_ops),
                                          .flags = NAI_MODEL_THREADED | NAI_MODEL_SPIKES,
                                          .name = "lif",
                                          .n_parameters = NAI__LIF_PARAMETERS,
                                          .n_states = NAI__LIF_STATES,
                                          .n_ports = NAI__LIF_PORTS,
                                          .n_signals = NAI__LIF_SIGNALS,
                                          .n_constants = NAI__LIF_CONSTANTS,
                                          .parameters = parameters,
                                          .states = states,
                                          .ports = ports,
                                          .signals = signals,
                                          .prepare = prepare,
                                          .begin = begin,
                                          .step = step,
                                          .slopes = nai__lif_slopes,
                                          .backward = nai__lif_backward},
                                  .send = send};
