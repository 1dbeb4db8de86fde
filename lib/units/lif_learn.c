/*
 * How integrate-and-fire units learn: slopes in which a surrogate psi stands for the slope of a spike. With
 * theta = threshold - rest,
 *
 *   psi = dampening h(u / width) / theta,   u = (v~ - threshold - adaptation b) / theta,   0 while refractory
 *   h(x) = max(0, 1 - |x|)   or   1 / (1 + |x|)^2
 *
 * (Bellec et al. 2020; Zenke & Ganguli 2018). A spike acts by psi on b and on what receives it; on its own
 * potential only where reset_gradient is "full". What a soft reset will take from v at the next step is held
 * by `wait` until then: its slopes are those of the spike.
 */
#include <math.h>
#include <string.h>

#include "lif.h"

/* What units do at a step. */
typedef struct look {
  float v[NAI__LIF_CHUNK];         /* v~ */
  float free[NAI__LIF_CHUNK];      /* 0: v is held, as the unit is refractory; else 1 */
  float after[NAI__LIF_CHUNK];     /* of v by v~: 0 at a hard reset, else 1 */
  float psi[NAI__LIF_CHUNK];       /* of the spike by v~ */
  float by_spike[NAI__LIF_CHUNK];  /* of v by the spike */
  float by_before[NAI__LIF_CHUNK]; /* of v~ by the spike of the step before */
  float waits[NAI__LIF_CHUNK];     /* of wait by the spike */
} look;

static void find_potentials(look *restrict out, const nai__chunk *c, const float *restrict in)
{
  const float *restrict v = nai__chunk_state(c, NAI__LIF_V);
  const float *restrict wait = nai__chunk_state(c, NAI__LIF_WAIT);
  const float *restrict b = nai__chunk_state(c, NAI__LIF_B);
  const float *restrict decay = nai__chunk_constant(c, NAI__LIF_DECAY);
  const float *restrict target = nai__chunk_constant(c, NAI__LIF_TARGET);
  const float *restrict period = nai__chunk_constant(c, NAI__LIF_PERIOD);
  const float *restrict taken = nai__chunk_constant(c, NAI__LIF_SOFT);
  const float *restrict threshold = nai__chunk_parameter(c, NAI__LIF_THRESHOLD);
  const float *restrict adaptation = nai__chunk_parameter(c, NAI__LIF_ADAPTATION);
  for (int64_t i = 0; i < c->n; i++) {
    const float take = taken[i], waits = wait[i];
    const float pending = waits > period[i] - 0.5F ? take : 0;
    const float next = v[i] + decay[i] * (target[i] - v[i]) + in[i] - pending;
    const float over = next - (threshold[i] + adaptation[i] * b[i]);
    const int hard = take == 0, refractory = waits > 1;
    out->v[i] = next;
    out->psi[i] = over;
    out->free[i] = refractory & hard ? 0 : 1;
    out->after[i] = (over >= 0) & !refractory & hard ? 0 : 1;
  }
}

/* psi, in which the distance from the threshold is. */
static void find_surrogates(look *restrict out, const nai__chunk *c)
{
  const float *restrict wait = nai__chunk_state(c, NAI__LIF_WAIT);
  const float *restrict threshold = nai__chunk_parameter(c, NAI__LIF_THRESHOLD);
  const float *restrict rest = nai__chunk_parameter(c, NAI__LIF_REST);
  const float *restrict width = nai__chunk_parameter(c, NAI__LIF_WIDTH);
  const float *restrict form = nai__chunk_parameter(c, NAI__LIF_SURROGATE);
  const float *restrict dampening = nai__chunk_parameter(c, NAI__LIF_DAMPENING);
  for (int64_t i = 0; i < c->n; i++) {
    const float theta = threshold[i] - rest[i], x = fabsf(out->psi[i]) / (theta * width[i]);
    const float less = 1 - x, linear = less > 0 ? less : 0, sigmoid = 1 / ((1 + x) * (1 + x));
    const float h = form[i] != 0 ? sigmoid : linear, psi = dampening[i] * h / theta;
    out->psi[i] = wait[i] > 1 ? 0 : psi;
  }
}

static void find_resets(look *restrict out, const nai__chunk *c)
{
  const float *restrict full = nai__chunk_parameter(c, NAI__LIF_RESET_GRADIENT);
  const float *restrict taken = nai__chunk_constant(c, NAI__LIF_SOFT);
  const float *restrict reset = nai__chunk_parameter(c, NAI__LIF_RESET);
  for (int64_t i = 0; i < c->n; i++) {
    const float take = taken[i], through = full[i], jump = reset[i] - out->v[i];
    const int is_full = through != 0, soft = take != 0;
    out->by_spike[i] = is_full & !soft ? jump : 0;
    out->by_before[i] = is_full ? -take : 0;
    out->waits[i] = is_full & soft ? 1 : 0;
  }
}

static void look_at(look *out, const nai__chunk *c)
{
  float room[NAI__LIF_CHUNK];
  size_t bytes = (size_t)c->n * sizeof(float);
  find_potentials(out, c, nai__lif_input(room, c));
  find_surrogates(out, c);
  find_resets(out, c);
  if (!((const nai__unit_batch *)c->batch)->plain) return;
  memset(out->psi, 0, bytes);
  memset(out->by_before, 0, bytes);
}

/* --- slopes ----------------------------------------------------------------------------------- */

/* v~ by states and ports that act on it, and b by itself. */
enum { FROM_DELTA = NAI__LIF_STATES, FROMS };

static void find_causes(float out[FROMS], const look *l, const nai__chunk *c, int64_t i)
{
  const float free = l->free[i];
  out[NAI__LIF_V] = free != 0 ? 1 - nai__chunk_constant(c, NAI__LIF_DECAY)[i] : 1;
  out[NAI__LIF_I_EXC] = free * nai__chunk_constant(c, NAI__LIF_BY_EXC)[i];
  out[NAI__LIF_I_INH] = free * nai__chunk_constant(c, NAI__LIF_BY_INH)[i];
  out[NAI__LIF_WAIT] = l->by_before[i];
  out[NAI__LIF_B] = 0;
  out[FROM_DELTA] = free * nai__chunk_constant(c, NAI__LIF_GAIN)[i];
}

/* Of all by one of them: `change` of v~, `barrier` of the threshold. */
static void write_column(float *after, float *sent, int64_t row, int64_t signal, const look *l,
                         int64_t i, float change, float barrier, float adaptation)
{
  const float spike = l->psi[i] * (change - barrier),
              v = l->after[i] * change + l->by_spike[i] * spike;
  after[NAI__LIF_V * row] = sent[NAI__LIF_SENT_V * signal] = v;
  after[NAI__LIF_WAIT * row] = l->waits[i] * spike;
  after[NAI__LIF_B * row] = adaptation != 0 ? spike : 0;
  sent[NAI__LIF_SPIKE * signal] = spike;
}

static void slopes_unit(const nai__chunk *c, const look *l, int64_t i, int64_t at)
{
  const nai_unit_batch *b = c->batch;
  const int plain = ((const nai__unit_batch *)b)->plain;
  const int64_t stride = b->slope_stride, row = NAI__LIF_STATES * stride,
                onto = NAI__LIF_PORTS * stride;
  const float adaptation = nai__chunk_parameter(c, NAI__LIF_ADAPTATION)[i];
  float cause[FROMS];
  find_causes(cause, l, c, i);
  for (int s = 0; s < NAI__LIF_STATES; s++)
    write_column(b->ss + s * stride + at, b->zs + s * stride + at, row, row, l, i, cause[s],
                 s == NAI__LIF_B ? adaptation : 0, adaptation);
  write_column(b->sp + at, b->zp + at, onto, onto, l, i, cause[FROM_DELTA], 0, adaptation);
  b->ss[NAI__LIF_I_EXC * (row + stride) + at] = nai__chunk_constant(c, NAI__LIF_KEPT_EXC)[i];
  b->ss[NAI__LIF_I_INH * (row + stride) + at] = nai__chunk_constant(c, NAI__LIF_KEPT_INH)[i];
  b->ss[NAI__LIF_B * (row + stride) + at] += nai__chunk_constant(c, NAI__LIF_KEPT_B)[i];
  if (plain) b->ss[NAI__LIF_WAIT * (row + stride) + at] = nai__chunk_state(c, NAI__LIF_WAIT)[i] > 1;
  b->sp[NAI__LIF_I_EXC * onto + NAI__LIF_ONTO_EXC * stride + at] = 1;
  b->sp[NAI__LIF_I_INH * onto + NAI__LIF_ONTO_INH * stride + at] = 1;
}

static void slopes_chunk(const nai__chunk *c)
{
  const nai_unit_batch *b = c->batch;
  const int64_t at = c->trial * b->n + c->first;
  look l;
  if (b->step == 0) {
    float *sent = b->zs + (NAI__LIF_SENT_V * NAI__LIF_STATES + NAI__LIF_V) * b->slope_stride + at;
    for (int64_t i = 0; i < c->n; i++) sent[i] = 1;
    return;
  }
  look_at(&l, c);
  for (int64_t i = 0; i < c->n; i++) slopes_unit(c, &l, i, at + i);
}

nai_status nai__lif_slopes(void *user, nai_unit_batch *b)
{
  (void)user;
  nai__lif_each_chunk(b, slopes_chunk);
  return NAI_OK;
}

/* --- the same as a product -------------------------------------------------------------------- */

/* Of one trial, as the states and ports of a chunk. */
static float *carry_of(const nai__chunk *c, int state)
{
  return c->batch->carry[state] + c->trial * c->batch->state_stride + c->first;
}

static float *port_error_of(const nai__chunk *c, int port)
{
  return c->batch->port_error[port] + c->trial * c->batch->port_stride + c->first;
}

static const float *error_of(const nai__chunk *c, int signal)
{
  return c->batch->error[signal] + c->trial * c->batch->signal_stride + c->first;
}

/* dJ/dv~, and what of v is carried on; b and wait by the way. errors may be where port errors will be. */
static void onto_potential(float *restrict out, const nai__chunk *c, const look *restrict l)
{
  float *restrict v = carry_of(c, NAI__LIF_V);
  float *restrict b = carry_of(c, NAI__LIF_B);
  float *restrict wait = carry_of(c, NAI__LIF_WAIT);
  const float *restrict spike = error_of(c, NAI__LIF_SPIKE);
  const float *restrict sent = error_of(c, NAI__LIF_SENT_V);
  const float *restrict decay = nai__chunk_constant(c, NAI__LIF_DECAY);
  const float *restrict kept_b = nai__chunk_constant(c, NAI__LIF_KEPT_B);
  const float *restrict adaptation = nai__chunk_parameter(c, NAI__LIF_ADAPTATION);
  for (int64_t i = 0; i < c->n; i++) {
    const float after = v[i] + sent[i], of_b = b[i], raises = adaptation[i];
    const float adapts = raises != 0 ? of_b : 0, kept = 1 - decay[i];
    const float by_psi =
        l->psi[i] * (spike[i] + adapts + l->waits[i] * wait[i] + l->by_spike[i] * after);
    const float error = l->after[i] * after + by_psi;
    v[i] = (l->free[i] != 0 ? kept : 1) * error;
    b[i] = kept_b[i] * of_b - raises * by_psi;
    wait[i] = l->by_before[i] * error;
    out[i] = l->free[i] * error;
  }
}

/* A current gets what v and itself after the step are worth. */
static void onto_current(const nai__chunk *c, const float *restrict error, int state, int port,
                         int by, int kept_by)
{
  float *restrict carry = carry_of(c, state);
  float *restrict arrivals = port_error_of(c, port);
  const float *restrict worth = nai__chunk_constant(c, by);
  const float *restrict kept = nai__chunk_constant(c, kept_by);
  for (int64_t i = 0; i < c->n; i++) {
    arrivals[i] = carry[i];
    carry[i] = kept[i] * carry[i] + worth[i] * error[i];
  }
}

static void backward_chunk(const nai__chunk *c)
{
  const float *gain = nai__chunk_constant(c, NAI__LIF_GAIN);
  float error[NAI__LIF_CHUNK], *delta = port_error_of(c, NAI__LIF_ONTO_DELTA);
  look l;
  look_at(&l, c);
  onto_potential(error, c, &l);
  for (int64_t i = 0; i < c->n; i++) delta[i] = gain[i] * error[i];
  onto_current(c, error, NAI__LIF_I_EXC, NAI__LIF_ONTO_EXC, NAI__LIF_BY_EXC, NAI__LIF_KEPT_EXC);
  onto_current(c, error, NAI__LIF_I_INH, NAI__LIF_ONTO_INH, NAI__LIF_BY_INH, NAI__LIF_KEPT_INH);
  memset(port_error_of(c, NAI__LIF_ONTO_BACKGROUND), 0, (size_t)c->n * sizeof(float));
  memset(port_error_of(c, NAI__LIF_ONTO_BACKGROUND_EXC), 0, (size_t)c->n * sizeof(float));
}

nai_status nai__lif_backward(void *user, nai_unit_batch *b)
{
  (void)user;
  nai__lif_each_chunk(b, backward_chunk);
  return NAI_OK;
}
