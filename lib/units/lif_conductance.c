/*
 * A leaky integrate-and-fire neuron with synaptic conductances, of Wang (2002) and Brunel & Wang (2001):
 *
 *   C dv/dt = g_leak (rest - v) + (g_ampa + g_nmda / (1 + Mg exp(-.062 v) / 3.57)) (e_exc - v)
 *             + g_gaba (e_inh - v) + current
 *   dg_ampa/dt = -g_ampa / tau_ampa, dg_gaba/dt = -g_gaba / tau_gaba; by jumps of what arrives
 *   ds/dt = -s / tau_nmda + alpha x (1 - s), dx/dt = -x / tau_rise; x by jumps of 1, of its own spikes
 *
 * AMPA and GABA gates of all senders of a neuron decay alike, so their weighted sums are states of the
 * receiver; so is the background's, which is AMPA. An NMDA gate saturates, so s is of the sender, which
 * sends it, and g_nmda is what arrived.
 *
 * A step: all by explicit Euler from what was before, v unless refractory; then the threshold; then what
 * arrives is added.
 */
#include <math.h>
#include <string.h>

#include "../base/philox.h"
#include "../kernels/counts.h"
#include "chunk.h"

enum {
  CAPACITANCE,
  G_LEAK,
  REST,
  THRESHOLD,
  RESET,
  REFRACTORY,
  E_EXC,
  E_INH,
  TAU_AMPA,
  TAU_GABA,
  TAU_NMDA,
  TAU_RISE,
  ALPHA,
  MAGNESIUM,
  RATE,
  WEIGHT,
  PLASTIC_BIAS,
  PARAMETERS
};
/* Of a step: its share of C and of each time constant; steps of the refractory period; log(3.57 / Mg). */
enum { SHARE, AMPA_SHARE, GABA_SHARE, NMDA_SHARE, RISE_SHARE, HELD, BLOCK, CONSTANTS };
enum { CURRENT, AMPA, NMDA, GABA, BACKGROUND, PORTS };
enum { V, G_AMPA, G_GABA, G_NMDA, X, S, WAIT, STATES };
enum { SPIKE, GATE, POTENTIAL, SIGNALS };

static const nai_field parameters[PARAMETERS] = {
    [CAPACITANCE] = NAI__FIELD("capacitance", "pF", "of the membrane", 500, 1e-6, 1e9),
    [G_LEAK] = NAI__FIELD("g_leak", "nS", "leak conductance", 25, 0, 1e9),
    [REST] =
        NAI__FIELD("rest", "mV", "reversal potential of the leak, where v starts", -70, -1e6, 1e6),
    [THRESHOLD] = NAI__FIELD("threshold", "mV", "from which on there is a spike", -50, -1e6, 1e6),
    [RESET] = NAI__FIELD("reset", "mV", "potential after a spike", -55, -1e6, 1e6),
    [REFRACTORY] =
        NAI__FIELD("refractory", "ms", "how long v stays there, in whole steps", 2, 0, 1e6),
    [E_EXC] = NAI__FIELD("e_exc", "mV", "reversal potential of AMPA and NMDA", 0, -1e6, 1e6),
    [E_INH] = NAI__FIELD("e_inh", "mV", "reversal potential of GABA", -70, -1e6, 1e6),
    [TAU_AMPA] = NAI__FIELD("tau_ampa", "ms", "decay of AMPA gates", 2, 1e-6, 1e9),
    [TAU_GABA] = NAI__FIELD("tau_gaba", "ms", "decay of GABA gates", 5, 1e-6, 1e9),
    [TAU_NMDA] = NAI__FIELD("tau_nmda", "ms", "decay of NMDA gates", 100, 1e-6, 1e9),
    [TAU_RISE] = NAI__FIELD("tau_rise", "ms", "rise of NMDA gates", 2, 1e-6, 1e9),
    [ALPHA] = NAI__FIELD("alpha", "1/ms", "how fast an x of 1 opens NMDA gates", 0.5, 0, 1e6),
    [MAGNESIUM] =
        NAI__FIELD("magnesium", "mM", "outside the cell, where it blocks NMDA", 1, 0, 1e6),
    [RATE] =
        NAI__FIELD("background", "Hz", "added to what the port background receives", 0, 0, 1e9),
    [WEIGHT] = NAI__FIELD("background_weight", "nS", "what a background spike adds to g_ampa", 2.1,
                          0, 1e6),
    [PLASTIC_BIAS] = {sizeof(nai_field), 0, "plastic_bias", "1", "1: the bias learns", 0, 0, 1,
                      NULL, NULL, 1, 0}};
static const nai_field states[STATES] = {
    [V] = NAI__FIELD("v", "mV", "membrane potential, less rest before it begins", 0, 0, 0),
    [G_AMPA] = NAI__FIELD("g_ampa", "nS", "conductance of AMPA, with the background", 0, 0, 0),
    [G_GABA] = NAI__FIELD("g_gaba", "nS", "conductance of GABA", 0, 0, 0),
    [G_NMDA] = NAI__FIELD("g_nmda", "nS", "conductance of NMDA, were nothing blocked", 0, 0, 0),
    [X] = NAI__FIELD("x", "1", "what opens its own NMDA gate", 0, 0, 0),
    [S] = NAI__FIELD("s", "1", "the NMDA gate that it opens in others", 0, 0, 0),
    [WAIT] = {sizeof(nai_field), 0, "wait", "1", "steps left of the refractory period", 0, 0, 1e6,
              NULL, NULL, 1, 0}};
static const nai_field ports[PORTS] = {
    [CURRENT] = NAI__FIELD("current", "pA", "injected; the bias is one", 0, 0, 0),
    [AMPA] = {sizeof(nai_field), 1, "ampa+", "nS", "of spikes; they add to g_ampa", 0, 0, 0, NULL,
              NULL, 0, 0},
    [NMDA] = {sizeof(nai_field), 1, "nmda+", "nS", "of gates: it is g_nmda of the next step", 0, 0,
              0, NULL, NULL, 0, 0},
    [GABA] = {sizeof(nai_field), -1, "gaba-", "nS", "of spikes; they add to g_gaba, less the sign",
              0, 0, 0, NULL, NULL, 0, 0},
    [BACKGROUND] = NAI__FIELD("background", "Hz",
                              "rate of Poisson spikes from outside; below 0: none", 0, 0, 0)};
static const nai_field signals[SIGNALS] = {
    [SPIKE] = NAI__FIELD("spike", "1", "1 for a spike", 0, 0, 0),
    [GATE] = NAI__FIELD("nmda", "1", "s", 0, 0, 0),
    [POTENTIAL] = NAI__POTENTIAL("v", "mV", "membrane potential")};

/* No more than the whole is lost in a step. */
static float share_of(double dt, float tau)
{
  double share = dt / (double)tau;
  return (float)(share < 1 ? share : 1);
}

static nai_status prepare(void *user, nai_unit_batch *b)
{
  (void)user;
  const float *const *p = b->parameter;
  for (int64_t i = 0; i < b->n; i++) {
    double magnesium = (double)p[MAGNESIUM][i];
    b->constant[SHARE][i] = (float)(b->dt / (double)p[CAPACITANCE][i]);
    b->constant[AMPA_SHARE][i] = share_of(b->dt, p[TAU_AMPA][i]);
    b->constant[GABA_SHARE][i] = share_of(b->dt, p[TAU_GABA][i]);
    b->constant[NMDA_SHARE][i] = share_of(b->dt, p[TAU_NMDA][i]);
    b->constant[RISE_SHARE][i] = share_of(b->dt, p[TAU_RISE][i]);
    b->constant[HELD][i] = (float)round((double)p[REFRACTORY][i] / b->dt);
    /* Without magnesium the logistic function is 1 from here. */
    b->constant[BLOCK][i] = magnesium > 0 ? (float)log(3.57 / magnesium) : 1e6F;
  }
  return NAI_OK;
}

static nai_status begin(void *user, nai_unit_batch *b)
{
  (void)user;
  for (int64_t k = 0; k < b->trials; k++) {
    float *v = b->state[V] + k * b->state_stride,
          *sent = b->signal[POTENTIAL] + k * b->signal_stride;
    for (int64_t i = 0; i < b->n; i++) sent[i] = v[i] += b->parameter[REST][i];
  }
  return NAI_OK;
}

static nai_status send_states(void *user, nai_unit_batch *b)
{
  (void)user;
  for (int64_t k = 0; k < b->trials; k++) {
    const size_t bytes = (size_t)b->n * sizeof(float);
    memcpy(b->signal[POTENTIAL] + k * b->signal_stride, b->state[V] + k * b->state_stride, bytes);
    memcpy(b->signal[GATE] + k * b->signal_stride, b->state[S] + k * b->state_stride, bytes);
  }
  return NAI_OK;
}

/* --- some units of a trial -------------------------------------------------------------------- */

#define CHUNK 256 /* units at once */

/* What is left of the NMDA conductance at v: 1 / (1 + Mg exp(-.062 v) / 3.57). */
static void find_open(float *restrict open, const nai__chunk *c)
{
  const nai__units logistic = {.n = c->n, .transfer = NAI__LOGISTIC};
  const float *block = nai__chunk_constant(c, BLOCK), *v = nai__chunk_state(c, V);
  for (int64_t i = 0; i < c->n; i++) open[i] = 0.062F * v[i] + block[i];
  ((const nai__unit_batch *)c->batch)->kernels->transfer(&logistic, open, open);
}

/* v, had it no threshold and no refractory period. */
static void integrate(float *restrict next, const nai__chunk *c)
{
  const float *share = nai__chunk_constant(c, SHARE), *g_leak = nai__chunk_parameter(c, G_LEAK),
              *rest = nai__chunk_parameter(c, REST), *e_exc = nai__chunk_parameter(c, E_EXC),
              *e_inh = nai__chunk_parameter(c, E_INH), *current = nai__chunk_port(c, CURRENT),
              *v = nai__chunk_state(c, V), *g_ampa = nai__chunk_state(c, G_AMPA),
              *g_nmda = nai__chunk_state(c, G_NMDA), *g_gaba = nai__chunk_state(c, G_GABA);
  float open[CHUNK];
  find_open(open, c);
  for (int64_t i = 0; i < c->n; i++) {
    float excited = (g_ampa[i] + g_nmda[i] * open[i]) * (e_exc[i] - v[i]),
          inhibited = g_gaba[i] * (e_inh[i] - v[i]), leak = g_leak[i] * (rest[i] - v[i]);
    next[i] = v[i] + share[i] * (leak + excited + inhibited + current[i]);
  }
}

/* --- loops without branches, and without arrays that overlap, so that they become vectors ----- */

/* From v to the next, of those that are not refractory. */
static void move(int64_t n, float *restrict v, const float *restrict next,
                 const float *restrict wait)
{
  for (int64_t i = 0; i < n; i++) {
    const float before = v[i], after = next[i];
    v[i] = wait[i] > 0 ? before : after;
  }
}

static void fire(int64_t n, float *restrict spike, const float *restrict v,
                 const float *restrict threshold, const float *restrict wait)
{
  for (int64_t i = 0; i < n; i++) {
    const float reached = v[i] >= threshold[i] ? 1.0F : 0.0F, free = wait[i] > 0 ? 0.0F : 1.0F;
    spike[i] = reached * free;
  }
}

static void put_back(int64_t n, float *restrict v, float *restrict wait,
                     const float *restrict spike, const float *restrict reset,
                     const float *restrict held)
{
  for (int64_t i = 0; i < n; i++) {
    const float less = wait[i] - 1, left = less > 0 ? less : 0.0F, stays = 1 - spike[i];
    v[i] = stays * v[i] + spike[i] * reset[i];
    wait[i] = stays * left + spike[i] * held[i];
  }
}

/* A neuron's own gate, by the spikes of this step. */
static void open_gate(int64_t n, float dt, float *restrict s, float *restrict x,
                      const float *restrict spike, const float *restrict alpha,
                      const float *restrict nmda_share, const float *restrict rise_share)
{
  for (int64_t i = 0; i < n; i++) {
    s[i] += dt * alpha[i] * x[i] * (1 - s[i]) - nmda_share[i] * s[i];
    x[i] += spike[i] - rise_share[i] * x[i];
  }
}

static void decay_and_add(int64_t n, float *restrict g, const float *restrict share,
                          const float *restrict arrived, float sign)
{
  for (int64_t i = 0; i < n; i++) g[i] += sign * arrived[i] - share[i] * g[i];
}

/* --- a step ----------------------------------------------------------------------------------- */

static void copy(float *to, const float *from, int64_t n)
{
  memcpy(to, from, (size_t)n * sizeof *to);
}

static void send(const nai__chunk *c, const float *next)
{
  float *v = nai__chunk_state(c, V), *wait = nai__chunk_state(c, WAIT), *s = nai__chunk_state(c, S),
        *spike = nai__chunk_signal(c, SPIKE);
  move(c->n, v, next, wait);
  fire(c->n, spike, v, nai__chunk_parameter(c, THRESHOLD), wait);
  put_back(c->n, v, wait, spike, nai__chunk_parameter(c, RESET), nai__chunk_constant(c, HELD));
  open_gate(c->n, (float)c->batch->dt, s, nai__chunk_state(c, X), spike,
            nai__chunk_parameter(c, ALPHA), nai__chunk_constant(c, NMDA_SHARE),
            nai__chunk_constant(c, RISE_SHARE));
  copy(nai__chunk_signal(c, GATE), s, c->n);
  copy(nai__chunk_signal(c, POTENTIAL), v, c->n);
}

/* Spikes of the background, each of this weight. */
static void add_background(const nai__chunk *c)
{
  const nai_unit_batch *b = c->batch;
  const float *rate = nai__chunk_port(c, BACKGROUND), *weight = nai__chunk_parameter(c, WEIGHT);
  float count[CHUNK], *g_ampa = nai__chunk_state(c, G_AMPA);
  int any = 0;
  for (int64_t i = 0; i < c->n; i++) any |= rate[i] > 0;
  if (!any) return;
  nai__counts(c->shared, count, c->n, b->first_unit + c->first, b->first + (uint64_t)c->trial,
              rate);
  for (int64_t i = 0; i < c->n; i++) g_ampa[i] += weight[i] * count[i];
}

static void receive(const nai__chunk *c)
{
  decay_and_add(c->n, nai__chunk_state(c, G_AMPA), nai__chunk_constant(c, AMPA_SHARE),
                nai__chunk_port(c, AMPA), 1);
  decay_and_add(c->n, nai__chunk_state(c, G_GABA), nai__chunk_constant(c, GABA_SHARE),
                nai__chunk_port(c, GABA), -1);
  copy(nai__chunk_state(c, G_NMDA), nai__chunk_port(c, NMDA), c->n);
  add_background(c);
}

static void step_chunk(const nai__chunk *c)
{
  float next[CHUNK];
  integrate(next, c);
  send(c, next);
  receive(c);
}

static nai_status step(void *user, nai_unit_batch *b)
{
  nai__counting background;
  (void)user;
  nai__counting_start(&background, ((const nai__unit_batch *)b)->kernels, b->seed, NAI__FOR_COUNTS,
                      (uint32_t)b->step, (float)(b->dt / 1000));
  nai__each_chunk_with(b, CHUNK, step_chunk, &background);
  return NAI_OK;
}

const nai_model nai__model_lif_conductance = {
    .ops = {.struct_size = sizeof(nai_model_ops),
            .flags = NAI_MODEL_THREADED | NAI_MODEL_SPIKES,
            .name = "lif_conductance",
            .n_parameters = PARAMETERS,
            .n_states = STATES,
            .n_ports = PORTS,
            .n_signals = SIGNALS,
            .n_constants = CONSTANTS,
            .parameters = parameters,
            .states = states,
            .ports = ports,
            .signals = signals,
            .prepare = prepare,
            .begin = begin,
            .step = step},
    .send = send_states};
