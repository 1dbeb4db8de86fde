/* Unit models of a user: see own_models.h. */
#include "own_models.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

#define FIELD(name, initial, low, high)                                          \
  {                                                                              \
    sizeof(nai_field), 0, name, NULL, NULL, initial, low, high, NULL, NULL, 0, 0 \
  }

/* --- what a test asks ------------------------------------------------------------------------- */

static nai_status count(void *user, const nai_unit_batch *b, int function)
{
  own_model *m = user;
  m->calls[function - 1]++;
  if (!m->threaded) {
    if (b->trials > m->most_trials) m->most_trials = b->trials;
    m->first_unit = b->first_unit;
    if (function != OWN_PREPARE && (unsigned long)pthread_self() != m->thread) m->other_thread = 1;
  }
  if (m->fails != function || m->calls[function - 1] <= m->fails_after) return NAI_OK;
  if (m->says) nai_set_error("the cells are asleep");
  return NAI_ERR_USER;
}

static void spoil(const own_model *m, float *value, int entry)
{
  if (m->wrong == entry) *value = m->nan ? NAN : *value * 1.2F + 0.2F;
}

/* --- rate ------------------------------------------------------------------------------------- */

enum { TAU, NOISE, LEAK_ON };
static const nai_field rate_parameters[] = {
    FIELD("tau", 100, 0, 0),
    FIELD("noise", 0, 0, 1e6),
    {sizeof(nai_field), 0, "leak_on", NULL, NULL, 0, 0, 0, NULL, "current rate", 0, 0}};
static const nai_field rate_states[] = {FIELD("x", 0, 0, 0)};
static const nai_field rate_ports[] = {FIELD("input", 0, 0, 0)};
static const nai_field rate_signals[] = {FIELD("rate", 0, 0, 0)};

static nai_status rate_prepare(void *user, nai_unit_batch *b)
{
  for (int64_t i = 0; i < b->n; i++)
    b->constant[0][i] = (float)(b->dt / (double)b->parameter[TAU][i]);
  return count(user, b, OWN_PREPARE);
}

static nai_status rate_begin(void *user, nai_unit_batch *b)
{
  for (int64_t k = 0; k < b->trials; k++)
    for (int64_t i = 0; i < b->n; i++) {
      float x = b->state[0][k * b->state_stride + i];
      b->signal[0][k * b->signal_stride + i] = b->parameter[LEAK_ON][i] != 0 ? x : tanhf(x);
    }
  return count(user, b, OWN_BEGIN);
}

static nai_status rate_step(void *user, nai_unit_batch *b)
{
  for (int64_t k = 0; k < b->trials; k++)
    for (int64_t i = 0; i < b->n; i++) {
      float *x = &b->state[0][k * b->state_stride + i],
            *z = &b->signal[0][k * b->signal_stride + i];
      float v = b->port[0][k * b->port_stride + i], alpha = b->constant[0][i];
      float noise = b->parameter[NOISE][i] * b->normal[0][k * b->normal_stride + i];
      if (b->parameter[LEAK_ON][i] != 0) {
        *x += alpha * (tanhf(v + sqrtf(2 / alpha) * noise) - *x);
        *z = *x;
      } else {
        *x += alpha * (v - *x) + sqrtf(2 * alpha) * noise;
        *z = tanhf(*x);
      }
    }
  return count(user, b, OWN_STEP);
}

static nai_status rate_slopes(void *user, nai_unit_batch *b)
{
  for (int64_t k = 0; k < b->trials; k++)
    for (int64_t i = 0; i < b->n; i++) {
      int64_t at = k * b->n + i;
      float alpha = b->constant[0][i], z = b->signal[0][k * b->signal_stride + i];
      int on_rate = b->parameter[LEAK_ON][i] != 0;
      if (b->step == 0) {
        b->zs[at] = on_rate ? 1 : 1 - z * z;
        continue;
      }
      if (on_rate) { /* noise is inside: phi(v) from the step itself */
        float before = b->state[0][k * b->state_stride + i];
        float phi = (z - (1 - alpha) * before) / alpha;
        b->ss[at] = b->zs[at] = 1 - alpha;
        b->sp[at] = b->zp[at] = alpha * (1 - phi * phi);
      } else {
        b->ss[at] = 1 - alpha;
        b->sp[at] = alpha;
        b->zs[at] = (1 - alpha) * (1 - z * z);
        b->zp[at] = alpha * (1 - z * z);
      }
    }
  return count(user, b, OWN_SLOPES);
}

static void destroy(void *user)
{
  ((own_model *)user)->destroyed++;
}

nai_model_ops own_rate_ops(const own_model *m)
{
  return (nai_model_ops){.struct_size = sizeof(nai_model_ops),
                         .flags = m->threaded ? NAI_MODEL_THREADED : 0,
                         .name = "own_rate",
                         .n_parameters = 3,
                         .n_states = 1,
                         .n_ports = 1,
                         .n_signals = 1,
                         .n_normals = 1,
                         .n_constants = 1,
                         .parameters = rate_parameters,
                         .states = rate_states,
                         .ports = rate_ports,
                         .signals = rate_signals,
                         .prepare = rate_prepare,
                         .begin = rate_begin,
                         .step = rate_step,
                         .slopes = rate_slopes,
                         .destroy = destroy};
}

/* --- adaptive_rate ---------------------------------------------------------------------------- */

enum { ADAPTATION = 1, TAU_ADAPTATION };
static const nai_field adaptive_parameters[] = {
    FIELD("tau", 100, 0, 0), FIELD("adaptation", 1, 0, 0), FIELD("tau_adaptation", 500, 1e-6, 1e9)};
static const nai_field adaptive_states[] = {FIELD("x", 0, 0, 0), FIELD("a", 0, 0, 0)};

static nai_status adaptive_begin(void *user, nai_unit_batch *b)
{
  for (int64_t k = 0; k < b->trials; k++)
    for (int64_t i = 0; i < b->n; i++)
      b->signal[0][k * b->signal_stride + i] = tanhf(b->state[0][k * b->state_stride + i]);
  return count(user, b, OWN_BEGIN);
}

static nai_status adaptive_step(void *user, nai_unit_batch *b)
{
  float dt = (float)b->dt;
  for (int64_t k = 0; k < b->trials; k++)
    for (int64_t i = 0; i < b->n; i++) {
      float *x = &b->state[0][k * b->state_stride + i], *a = &b->state[1][k * b->state_stride + i],
            *z = &b->signal[0][k * b->signal_stride + i];
      *x += dt / b->parameter[TAU][i] * (b->port[0][k * b->port_stride + i] - *a - *x);
      *z = tanhf(*x);
      *a += dt / b->parameter[TAU_ADAPTATION][i] * (b->parameter[ADAPTATION][i] * *z - *a);
    }
  return count(user, b, OWN_STEP);
}

/* Entries 1 to 4: ss by row; 5, 6: sp; 7, 8: zs; 9: zp; 10, 11: zs at step 0. */
static void adaptive_entry(const own_model *m, nai_unit_batch *b, int64_t k, int64_t i)
{
  int64_t at = k * b->n + i, stride = b->slope_stride;
  float alpha = (float)b->dt / b->parameter[TAU][i];
  float share = (float)b->dt / b->parameter[TAU_ADAPTATION][i],
        z = b->signal[0][k * b->signal_stride + i];
  float slope = 1 - z * z, push = share * b->parameter[ADAPTATION][i] * slope;
  float *const entry[] = {&b->ss[at],
                          &b->ss[stride + at],
                          &b->ss[2 * stride + at],
                          &b->ss[3 * stride + at],
                          &b->sp[at],
                          &b->sp[stride + at],
                          &b->zs[at],
                          &b->zs[stride + at],
                          &b->zp[at]};
  const float value[] = {1 - alpha,    -alpha,       push * (1 - alpha),  1 - share - push * alpha,
                         alpha,        push * alpha, slope * (1 - alpha), -slope * alpha,
                         slope * alpha};
  if (b->step == 0) {
    b->zs[at] = slope;
    spoil(m, &b->zs[at], 10);
    spoil(m, &b->zs[stride + at], 11);
    return;
  }
  for (int e = 0; e < 9; e++) {
    *entry[e] = value[e];
    spoil(m, entry[e], e + 1);
  }
}

static nai_status adaptive_slopes(void *user, nai_unit_batch *b)
{
  for (int64_t k = 0; k < b->trials; k++)
    for (int64_t i = 0; i < b->n; i++) adaptive_entry(user, b, k, i);
  return count(user, b, OWN_SLOPES);
}

/* Entries 12, 13: carry; 14: the port's error. */
static nai_status adaptive_backward(void *user, nai_unit_batch *b)
{
  for (int64_t k = 0; k < b->trials; k++)
    for (int64_t i = 0; i < b->n; i++) {
      float alpha = (float)b->dt / b->parameter[TAU][i];
      float share = (float)b->dt / b->parameter[TAU_ADAPTATION][i],
            z = b->signal[0][k * b->signal_stride + i];
      float *x = &b->carry[0][k * b->state_stride + i], *a = &b->carry[1][k * b->state_stride + i],
            *v = &b->port_error[0][k * b->port_stride + i];
      float rate = b->error[0][k * b->signal_stride + i] + share * b->parameter[ADAPTATION][i] * *a;
      float onto = *x + (1 - z * z) * rate;
      *x = (1 - alpha) * onto;
      *a = (1 - share) * *a - alpha * onto;
      *v = alpha * onto;
      spoil(user, x, 12);
      spoil(user, a, 13);
      spoil(user, v, 14);
    }
  return count(user, b, OWN_BACKWARD);
}

nai_model_ops own_adaptive_ops(const own_model *m)
{
  return (nai_model_ops){.struct_size = sizeof(nai_model_ops),
                         .flags = m->threaded ? NAI_MODEL_THREADED : 0,
                         .name = "own_adaptive",
                         .n_parameters = 3,
                         .n_states = 2,
                         .n_ports = 1,
                         .n_signals = 1,
                         .parameters = adaptive_parameters,
                         .states = adaptive_states,
                         .ports = rate_ports,
                         .signals = rate_signals,
                         .begin = adaptive_begin,
                         .step = adaptive_step,
                         .slopes = adaptive_slopes,
                         .backward = m->fused ? adaptive_backward : NULL,
                         .destroy = destroy};
}

/* --- dendritic -------------------------------------------------------------------------------- */

enum { NONLINEARITY = 1, LAG };
static const nai_field dendritic_sizes[] = {FIELD("branches", 1, 0, 0)};
static const nai_field dendritic_parameters[] = {
    FIELD("tau", 100, 0, 0),
    {sizeof(nai_field), 0, "nonlinearity", NULL, NULL, 0, 0, 0, NULL,
     "subtractive divisive yang2016", 0, 0},
    {sizeof(nai_field), 0, "lag", NULL, NULL, 0, 0, 1, NULL, NULL, 1, 0}};
static const nai_field dendritic_states[] = {
    FIELD("r", 0, 0, 0), {sizeof(nai_field), 0, "d", NULL, NULL, 0, 0, 0, "branches", NULL, 0, 0}};
static const nai_field dendritic_ports[] = {
    FIELD("soma", 0, 0, 0),
    {sizeof(nai_field), 1, "dendrite+", NULL, NULL, 0, 0, 0, "branches", NULL, 0, 0},
    {sizeof(nai_field), -1, "dendrite-", NULL, NULL, 0, 0, 0, "branches", NULL, 0, 0}};

/* What a branch sends, and its slopes by the two ports. */
static double branch(int kind, double e, double port, double *by_e, double *by_port)
{
  double i = -port, t, width;
  switch (kind) {
  case 0:
    t = tanh(e - i);
    *by_e = *by_port = 1 - t * t;
    return t;
  case 1:
    t = tanh(e - 1);
    *by_e = exp(-i) * (1 - t * t);
    *by_port = exp(-i) * (1 + t);
    return exp(-i) * (1 + t) - (1 + tanh(-1));
  default:
    width = 9.64361681 * exp(i / 6.5386557);
    t = tanh((e - 5.5592051 * (4 + i)) / width);
    *by_e = 30 * (1 - t * t) / width;
    *by_port =
        -30 * (1 - t * t) * (-5.5592051 / width - (e - 5.5592051 * (4 + i)) / width / 6.5386557);
    return .7779744 + 30 * (1 + t);
  }
}

/* What the branches give the soma, and the slope by each of them. */
static double onto_soma(int kind, double sum, double branches, double *by_branch)
{
  *by_branch = 1;
  if (kind < 2) return sum;
  double mean = sum / branches;
  *by_branch = .13104463 * 2.07809856 * pow(mean, 1.07809856) / branches;
  return 2.59035567 + .13104463 * pow(mean, 2.07809856);
}

typedef struct unit {
  int kind, lags;
  double alpha, by_input, by_branch, rate;
  double d[4], by_e[4], by_port[4];
} unit;

static void look(unit *u, const nai_unit_batch *b, int64_t k, int64_t i)
{
  int64_t at = k * b->port_stride + i, branches = b->size[0];
  double sum = 0;
  u->kind = (int)b->parameter[NONLINEARITY][i];
  u->lags = b->parameter[LAG][i] != 0;
  u->alpha = b->dt / (double)b->parameter[TAU][i];
  for (int64_t j = 0; j < branches; j++) {
    u->d[j] = branch(u->kind, (double)b->port[1][at + j * b->n], (double)b->port[2][at + j * b->n],
                     &u->by_e[j], &u->by_port[j]);
    sum += u->lags ? (double)b->state[1][k * b->state_stride + j * b->n + i] : u->d[j];
  }
  double v = (double)b->port[0][at] + onto_soma(u->kind, sum, (double)branches, &u->by_branch);
  u->rate = fmax(v, 0) + log1p(exp(-fabs(v)));
  u->by_input = u->alpha / (1 + exp(-v));
  u->by_branch *= u->by_input;
}

static nai_status dendritic_step(void *user, nai_unit_batch *b)
{
  for (int64_t k = 0; k < b->trials; k++)
    for (int64_t i = 0; i < b->n; i++) {
      unit u;
      look(&u, b, k, i);
      float *r = &b->state[0][k * b->state_stride + i];
      *r = (float)((1 - u.alpha) * (double)*r + u.alpha * u.rate);
      b->signal[0][k * b->signal_stride + i] = *r;
      for (int64_t j = 0; j < b->size[0]; j++)
        b->state[1][k * b->state_stride + j * b->n + i] = (float)u.d[j];
    }
  return count(user, b, OWN_STEP);
}

static void dendritic_entry(nai_unit_batch *b, int64_t k, int64_t i)
{
  unit u;
  look(&u, b, k, i);
  int64_t at = k * b->n + i, branches = b->size[0], stride = b->slope_stride;
  b->ss[at] = b->zs[at] = (float)(1 - u.alpha);
  b->sp[at] = b->zp[at] = (float)u.by_input;
  for (int64_t j = 0; j < branches; j++) {
    int64_t d = 1 + j, e = 1 + j, p = 1 + branches + j;
    b->sp[(d * b->n_ports + e) * stride + at] = (float)u.by_e[j];
    b->sp[(d * b->n_ports + p) * stride + at] = (float)u.by_port[j];
    if (u.lags) {
      b->ss[d * stride + at] = b->zs[d * stride + at] = (float)u.by_branch;
    } else {
      b->sp[e * stride + at] = b->zp[e * stride + at] = (float)(u.by_branch * u.by_e[j]);
      b->sp[p * stride + at] = b->zp[p * stride + at] = (float)(u.by_branch * u.by_port[j]);
    }
  }
}

static nai_status dendritic_slopes(void *user, nai_unit_batch *b)
{
  for (int64_t k = 0; k < b->trials; k++)
    for (int64_t i = 0; i < b->n; i++) dendritic_entry(b, k, i);
  return count(user, b, OWN_SLOPES);
}

nai_model_ops own_dendritic_ops(const own_model *m)
{
  return (nai_model_ops){.struct_size = sizeof(nai_model_ops),
                         .flags = NAI_MODEL_SENDS_STATE |
                                  (m->threaded ? (uint32_t)NAI_MODEL_THREADED : 0),
                         .name = "own_dendritic",
                         .n_sizes = 1,
                         .n_parameters = 3,
                         .n_states = 2,
                         .n_ports = 3,
                         .n_signals = 1,
                         .sizes = dendritic_sizes,
                         .parameters = dendritic_parameters,
                         .states = dendritic_states,
                         .ports = dendritic_ports,
                         .signals = rate_signals,
                         .step = dendritic_step,
                         .slopes = dendritic_slopes,
                         .destroy = destroy};
}

/* --- spikes ----------------------------------------------------------------------------------- */

static nai_status spiking_step(void *user, nai_unit_batch *b)
{
  for (int64_t k = 0; k < b->trials; k++)
    for (int64_t i = 0; i < b->n; i++) {
      float *v = &b->state[0][k * b->state_stride + i];
      *v = 0.9F * *v + 0.5F * b->port[0][k * b->port_stride + i];
      b->signal[0][k * b->signal_stride + i] = *v > 1;
      if (*v > 1) *v -= 1;
    }
  return count(user, b, OWN_STEP);
}

/* Signals have a slope that central differences do not find. Entry 1: ss. */
static nai_status spiking_slopes(void *user, nai_unit_batch *b)
{
  for (int64_t k = 0; k < b->trials; k++)
    for (int64_t i = 0; i < b->n; i++) {
      int64_t at = k * b->n + i;
      b->ss[at] = 0.9F;
      b->sp[at] = 0.5F;
      b->zp[at] = b->zs[at] = 0.3F;
      spoil(user, &b->ss[at], 1);
    }
  return count(user, b, OWN_SLOPES);
}

nai_model_ops own_spiking_ops(const own_model *m)
{
  nai_model_ops ops = own_rate_ops(m);
  ops.name = "own_spiking";
  ops.flags |= NAI_MODEL_SPIKES;
  ops.n_parameters = ops.n_normals = ops.n_constants = 0;
  ops.prepare = NULL;
  ops.begin = NULL;
  ops.step = spiking_step;
  ops.slopes = spiking_slopes;
  return ops;
}
