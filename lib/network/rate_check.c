/*
 * Rate units are moved by kernels, whose way back is fused and has no slopes to show. What it makes of
 * an error of 1 in what is sent, or in the state after the step, is a row of them; each is held against
 * central differences of the step.
 */
#include "rate_check.h"

#include <math.h>
#include <neuroai/random.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "central.h"
#include "rate_units.h"

#define FAR_AWAY 1e3F

/* Where an error of 1 is, and where it comes out. */
enum { OF_STATE, OF_RATE, ENDS };
enum { BY_STATE, BY_INPUT };

/* Arrays are [n]; `state` is the current, or the rate where the leak is not on the current. */
typedef struct check {
  const nai_network *net;
  const nai__node *node;
  nai__units units;
  int32_t leak;
  int64_t step; /* 0: rates from initial states */
  float *memory, *state, *input, *normal, *moved, *drive;
  float *after[ENDS][NAI__POINTS]; /* states and rates */
  float *slope[ENDS][2];
} check;

static nai_status allocate(check *k)
{
  int64_t n = k->units.n;
  k->memory = NAI__ARRAY(float, n *(5 + ENDS * (NAI__POINTS + 2)));
  if (!k->memory) return NAI_ERR_MEMORY;
  float *at = k->memory;
  k->state = at;
  k->input = at += n;
  k->normal = at += n;
  k->moved = at += n;
  k->drive = at += n;
  for (int end = 0; end < ENDS; end++) {
    for (int p = 0; p < NAI__POINTS; p++) k->after[end][p] = at += n;
    for (int by = 0; by < 2; by++) k->slope[end][by] = at += n;
  }
  return NAI_OK;
}

static void copy(const check *k, float *to, const float *from)
{
  memcpy(to, from, (size_t)k->units.n * sizeof *to);
}

/* A step from these states, or the beginning; the drive that is left is that of the last one. */
static void run(check *k, int point, const float *state, const float *input)
{
  const nai__kernels *kernels = k->net->kernels;
  float *after = k->after[OF_STATE][point], *rate = k->after[OF_RATE][point];
  copy(k, after, state);
  if (k->step)
    nai__rate_units_forward(kernels, &k->units, k->leak, after, rate, k->drive, state, input,
                            k->normal);
  else if (k->leak == NAI_LEAK_CURRENT)
    kernels->transfer(&k->units, rate, state);
  else
    copy(k, rate, state);
  if (k->leak != NAI_LEAK_CURRENT) copy(k, after, rate);
}

static void find_slopes(check *k)
{
  run(k, NAI__HERE, k->state, k->input);
  for (int end = 0; end < ENDS; end++) {
    float *signal = k->slope[end][BY_INPUT], *carry = k->slope[end][BY_STATE];
    for (int64_t i = 0; i < k->units.n; i++) {
      signal[i] = end == OF_RATE;
      carry[i] = end == OF_STATE;
    }
    if (k->step || k->leak == NAI_LEAK_CURRENT)
      nai__rate_units_backward(k->net->kernels, &k->units, k->leak, signal, carry,
                               k->after[OF_RATE][NAI__HERE], k->drive);
    for (int64_t i = 0; i < k->units.n && !k->step; i++) /* to x_0 there is no leak */
      carry[i] = k->leak == NAI_LEAK_CURRENT ? signal[i] / k->units.alpha[i] : 1;
  }
}

static nai_status check_entry(const check *k, int end, int by)
{
  static const char *const blocks[ENDS][2] = {{"ss", "sp"}, {"zs", "zp"}};
  const char *state = k->leak == NAI_LEAK_CURRENT ? "x" : "r";
  const float *from = by == BY_STATE ? k->state : k->input;
  for (int64_t i = 0; i < k->units.n; i++) {
    double f[NAI__POINTS], x[NAI__POINTS], slope = (double)k->slope[end][by][i];
    for (int p = 0; p < NAI__POINTS; p++) {
      f[p] = (double)k->after[end][p][i];
      x[p] = (double)nai__central_moved(from[i], p);
    }
    double terms = fabs((double)k->slope[end][BY_STATE][i] * (double)k->state[i]) +
                   fabs((double)k->slope[end][BY_INPUT][i] * (double)k->input[i]);
    if (nai__central_agrees(slope, f, x, terms)) continue;
    return nai__central_fail(&(nai__wrong_slope){.block = blocks[end][by],
                                                 .model = "rate",
                                                 .of = end == OF_STATE ? state : "rate",
                                                 .by = by == BY_STATE ? state : "input",
                                                 .population = k->node->name,
                                                 .unit = i,
                                                 .step = k->step,
                                                 .slope = slope,
                                                 .difference = nai__central_slope(f, x),
                                                 .x = x[NAI__HERE]});
  }
  return NAI_OK;
}

static nai_status check_slopes(check *k)
{
  find_slopes(k);
  for (int by = BY_STATE; by <= BY_INPUT && (by == BY_STATE || k->step); by++) {
    const float *from = by == BY_STATE ? k->state : k->input;
    for (int p = NAI__LESS; p < NAI__POINTS; p++) {
      for (int64_t i = 0; i < k->units.n; i++) k->moved[i] = nai__central_moved(from[i], p);
      run(k, p, by == BY_STATE ? k->moved : k->state, by == BY_STATE ? k->input : k->moved);
    }
    for (int end = k->step ? OF_STATE : OF_RATE; end < ENDS; end++)
      NAI__TRY(check_entry(k, end, by));
  }
  return NAI_OK;
}

/* Those of steep transfer functions that ran away start again. */
static void go_on(check *k, const float *initial)
{
  const float *after = k->after[OF_STATE][NAI__HERE];
  for (int64_t i = 0; i < k->units.n; i++)
    k->state[i] = fabsf(after[i]) < FAR_AWAY ? after[i] : initial[i];
}

/* A trial: from the initial state, with random input and noise. */
static nai_status follow(check *k, int64_t trial)
{
  int64_t n = k->units.n;
  uint64_t seed = NAI__CHECK_SEED + (uint64_t)trial;
  const float *initial = k->net->theta + k->net->unit_initial + k->node->offset;
  copy(k, k->state, initial);
  k->step = 0;
  NAI__TRY(check_slopes(k));
  for (k->step = 1; k->step <= 1 + (NAI__CHECK_PROBES - 1) * NAI__CHECK_BETWEEN; k->step++) {
    NAI__TRY(nai_random_normals(k->input, n, seed, 2 * (uint64_t)k->step));
    NAI__TRY(nai_random_normals(k->normal, n, seed, 2 * (uint64_t)k->step + 1));
    if ((k->step - 1) % NAI__CHECK_BETWEEN == 0) NAI__TRY(check_slopes(k));
    run(k, NAI__HERE, k->state, k->input);
    go_on(k, initial);
  }
  return NAI_OK;
}

/* Its own of a run, which may have units of other populations beside it. */
static void find_units(check *k)
{
  for (int64_t s = 0; s < k->net->n_segments; s++) {
    const nai__segment *g = &k->net->segment[s];
    int64_t from = k->node->offset - g->offset;
    if (g->cells || from < 0 || from >= g->units.n) continue;
    k->leak = g->leak;
    k->units = g->units;
    k->units.n = k->node->n;
    k->units.alpha += from;
    k->units.bias += from;
    if (k->units.noise) k->units.noise += from;
    if (k->units.gain) k->units.gain += from;
    if (k->units.exponent) k->units.exponent += from;
  }
}

nai_status nai__rate_check(const nai_network *net, const nai__node *node)
{
  check k = {.net = net, .node = node};
  find_units(&k);
  nai_status status = allocate(&k);
  for (int64_t trial = 0; status == NAI_OK && trial * node->n < NAI__CHECK_COUNT; trial++)
    status = follow(&k, trial);
  nai__free(k.memory);
  return status;
}
