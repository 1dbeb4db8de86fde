/* Threads of a state: the same bits for any number, of trials and of parts of one trial. */
#include <stdlib.h>
#include <string.h>

#include "../lib/network/network.h"
#include "../lib/running/parts.h"
#include "faults.h"
#include "listed.h"
#include "states.h"

enum { N_E = 2 * NAI__FAN_SLICE + 77, N_I = 999, STEPS = 60, BEFORE = 25 };

/* Several parts, delays of their own, an input, an output, one weight and several. */
static nai_network *build_spiking(void)
{
  nai_network *net =
      COMPOSE(.dt = 0.5, .inputs = {{"u", 2}},
              .populations = {{"E", N_E, NAI_EXCITATORY}, {"I", N_I, NAI_INHIBITORY}},
              .outputs = {{"z", 1}});
  nai_constraint *few;
  expect_ok(nai_network_set_model(net, "E I", "lif"));
  expect_ok(nai_network_set(net, "E I", "background", 6000));
  expect_ok(nai_network_set(net, "E I", "background_weight", 0.4));
  expect_ok(nai_network_connect(net, "E I", "E I"));
  expect_ok(nai_network_connect(net, "u", "E"));
  expect_ok(nai_network_connect(net, "E", "z"));
  expect_ok(nai_network_set_delay(net, "E", "I", 2));
  constrain_by(net, "E I", "E I", nai_constraint_create_indegree(&few, 30), &few);
  constrain_by(net, "u E", "E z", nai_constraint_create_sparse(&few, 0.5), &few);
  expect_ok(nai_network_set_initial_weights(net, "u", "E", NAI_WEIGHTS_UNIFORM, 0, 1));
  expect_ok(nai_network_set_initial_weights(net, "E", "E I", NAI_WEIGHTS_CONSTANT, 0.3, 0));
  expect_ok(nai_network_set_initial_weights(net, "I", "E I", NAI_WEIGHTS_UNIFORM, -2, 0));
  expect_ok(nai_network_set_plastic(net, "E I", "E I", 0));
  expect_ok(nai_network_set_storage(net, "E I", "E I", NAI_STORAGE_LISTED));
  expect_ok(nai_network_build(net, 3));
  return net;
}

/* Planned for its runs. */
static const nai_intervention *planned;
static int64_t n_planned;

/* Rates and outputs of a run that is clamped and restored on its way. */
typedef struct traces {
  int64_t n_rates, n_outputs;
  float *rates, *outputs;
} traces;

static traces run(const nai_network *net, int64_t trials, int32_t threads)
{
  traces out = {STEPS * trials * net->n_units, STEPS * trials * net->n_outputs, NULL, NULL};
  const int64_t inputs = trials * net->n_inputs;
  float *u = calloc((size_t)(STEPS * inputs), sizeof *u);
  out.rates = calloc((size_t)out.n_rates, sizeof *out.rates);
  out.outputs = calloc((size_t)out.n_outputs, sizeof *out.outputs);
  expect_ok(nai_random_normals(u, STEPS * inputs, 5, 0));
  nai_state *state = make_state(net, trials, 7);
  expect_ok(nai_state_set_threads(state, threads));
  expect_ok(nai_state_intervene(state, planned, n_planned));
  expect_ok(nai_state_run(out.outputs, out.rates, state, BEFORE, u));
  void *half = snapshot_of(state);
  expect_ok(nai_state_run(NULL, NULL, state, 7, u));
  expect_ok(nai_state_restore(state, half, nai_state_snapshot_size(state)));
  expect_ok(nai_state_run(out.outputs + BEFORE * trials * net->n_outputs,
                          out.rates + BEFORE * trials * net->n_units, state, STEPS - BEFORE,
                          u + BEFORE * inputs));
  free(half);
  nai_state_destroy(state);
  free(u);
  return out;
}

static void release(traces *t)
{
  free(t->rates);
  free(t->outputs);
}

static void expect_same(const nai_network *net, int64_t trials, float least)
{
  traces one = run(net, trials, 1);
  float sum = 0;
  for (int64_t k = 0; k < one.n_rates; k++) sum += one.rates[k];
  ck_assert_float_gt(sum, least * (float)one.n_rates);
  for (int32_t threads = 2; threads <= 7; threads += threads == 3 ? 4 : 1) {
    traces other = run(net, trials, threads);
    ck_assert_int_eq(memcmp(one.rates, other.rates, (size_t)one.n_rates * sizeof(float)), 0);
    ck_assert_int_eq(memcmp(one.outputs, other.outputs, (size_t)one.n_outputs * sizeof(float)), 0);
    release(&other);
  }
  release(&one);
}

START_TEST(parts_of_one_trial)
{
  nai_network *net = build_spiking();
  expect_same(net, 1, 0.001F);
  nai_network_destroy(net);
}
END_TEST

/* Who fired at times that come again is found anew. */
START_TEST(reset_spiking_units)
{
  nai_network *net = build_spiking();
  const size_t n = (size_t)(STEPS * net->n_units);
  float *first = calloc(n, sizeof *first), *again = calloc(n, sizeof *again);
  nai_state *state = make_state(net, 1, 7);
  expect_ok(nai_state_run(NULL, first, state, STEPS, NULL));
  expect_ok(nai_state_reset(state));
  expect_ok(nai_state_run(NULL, again, state, STEPS, NULL));
  ck_assert_int_eq(memcmp(first, again, n * sizeof *first), 0);
  free(first);
  free(again);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

START_TEST(trials_of_spiking_units)
{
  nai_network *net = build_spiking();
  expect_same(net, 3, 0.001F);
  nai_network_destroy(net);
}
END_TEST

/* One trial by itself goes along events, several do not: the same numbers. */
static void expect_one_as_among_others(const nai_network *net)
{
  nai_state *one = make_state(net, 1, 7), *two = make_state(net, 2, 7);
  expect_ok(nai_state_intervene(one, planned, n_planned));
  expect_ok(nai_state_intervene(two, planned, n_planned));
  expect_ok(nai_state_run(NULL, NULL, one, STEPS, NULL));
  expect_ok(nai_state_run(NULL, NULL, two, STEPS, NULL));
  for (int u = 0; u < N_E; u++) EXPECT(rate_of(one, "E", 0, u) == rate_of(two, "E", 0, u));
  nai_state_destroy(one);
  nai_state_destroy(two);
}

static void expect_equal_variable(nai_state *one, nai_state *two, const char *name)
{
  nai_view a = NAI_VIEW_INIT, b = NAI_VIEW_INIT;
  expect_ok(nai_state_variable(&a, one, name));
  expect_ok(nai_state_variable(&b, two, name));
  ck_assert_int_eq(memcmp(a.data, b.data, (size_t)a.shape[1] * sizeof(float)), 0);
}

/* What no projection carries is kept of one step alone where there is one trial: potentials, also imposed ones. */
START_TEST(signals_that_nothing_carries)
{
  nai_network *net = build_spiking();
  nai_intervention clamp = NAI_INTERVENTION_INIT;
  clamp.kind = NAI_CLAMP;
  clamp.names = "E:v";
  clamp.fraction = 0.4;
  clamp.value = -61;
  clamp.end = 6;
  nai_state *one = make_state(net, 1, 7), *two = make_state(net, 2, 7);
  for (int again = 0; again < 2; again++) {
    for (int step = 0; step < 30; step++) {
      if (step == 3) expect_ok(nai_state_intervene(one, &clamp, 1));
      if (step == 3) expect_ok(nai_state_intervene(two, &clamp, 1));
      expect_equal_variable(one, two, "E:v");
      expect_equal_variable(one, two, "I:v");
      expect_equal_variable(one, two, "E");
      expect_ok(nai_state_step(NULL, one, NULL));
      expect_ok(nai_state_step(NULL, two, NULL));
    }
    expect_ok(nai_state_reset(one));
    expect_ok(nai_state_reset(two));
    clamp.start = -1; /* from before the first step on */
    expect_ok(nai_state_intervene(one, &clamp, 1));
    expect_ok(nai_state_intervene(two, &clamp, 1));
  }
  nai_state_destroy(one);
  nai_state_destroy(two);
  nai_network_destroy(net);
}
END_TEST

/* Synapses of one weight and of several, whole projections, some units' and some synapses, along a ramp. */
START_TEST(synapses_that_are_scaled)
{
  nai_network *net = build_spiking();
  nai_intervention plans[3];
  for (int k = 0; k < 3; k++) {
    plans[k] = (nai_intervention)NAI_INTERVENTION_INIT;
    plans[k].kind = NAI_SCALE_SYNAPSES;
    plans[k].names = k == 0 ? "E" : k == 1 ? "I" : "* u";
    plans[k].to = k == 0 ? "E" : k == 1 ? "E I" : "*";
    plans[k].value = 0.5 * k;
    plans[k].start = 3 * k;
  }
  plans[1].rise = 8;
  plans[1].of_units = 1;
  plans[1].fraction = 0.5;
  plans[2].fraction = 0.3;
  plans[2].value = 2;
  traces before = run(net, 1, 1);
  planned = plans;
  n_planned = 3;
  traces one = run(net, 1, 1);
  EXPECT(memcmp(before.rates, one.rates, (size_t)one.n_rates * sizeof(float)) != 0);
  expect_same(net, 1, 0.001F);
  expect_same(net, 3, 0.001F);
  expect_one_as_among_others(net);
  n_planned = 0;
  release(&before);
  release(&one);
  nai_network_destroy(net);
}
END_TEST

START_TEST(trials_of_rate_units)
{
  nai_network *net = compose_ei(40, 12);
  expect_ok(nai_network_set(net, "E I", "noise", 0.3));
  expect_ok(nai_network_build(net, 2));
  expect_same(net, 5, 0.001F);
  expect_same(net, 1, 0.001F);
  nai_network_destroy(net);
}
END_TEST

START_TEST(one_trial_as_among_others)
{
  nai_network *net = build_spiking();
  expect_one_as_among_others(net);
  nai_network_destroy(net);
}
END_TEST

/* What is imposed is what is sent, spikes or not. */
START_TEST(what_is_clamped_is_sent)
{
  nai_network *net = build_spiking();
  enum { CLAMPED = 400 };
  int64_t unit[CLAMPED];
  float sent[CLAMPED], *rates[2];
  for (int k = 0; k < CLAMPED; k++) unit[k] = 20 * k + k % 2, sent[k] = k % 2 ? 0.5F : 1;
  for (int k = 0; k < 2; k++) {
    nai_state *state = make_state(net, 1 + k, 7);
    rates[k] = malloc(N_E * sizeof *rates[k]);
    expect_ok(nai_state_set_threads(state, 2));
    expect_ok(nai_state_run(NULL, NULL, state, 3, NULL));
    expect_ok(nai_state_clamp_units(state, "E", unit, CLAMPED, sent, CLAMPED));
    expect_ok(nai_state_run(NULL, NULL, state, 9, NULL));
    for (int u = 0; u < N_E; u++) rates[k][u] = rate_of(state, "E", 0, u);
    ck_assert_float_eq(rates[k][21], 0.5F);
    nai_state_destroy(state);
  }
  ck_assert_int_eq(memcmp(rates[0], rates[1], N_E * sizeof(float)), 0);
  free(rates[0]);
  free(rates[1]);
  nai_network_destroy(net);
}
END_TEST

/* --- several steps at once -------------------------------------------------------------------- */

enum { LONG = 151, ROOM = 40 * (N_E + N_I) };

/* Nothing arrives within three steps. Units of one part have biases, those of I currents of a background. */
static nai_network *build_alone(void)
{
  nai_network *net =
      COMPOSE(.dt = 0.5, .populations = {{"E", N_E, NAI_EXCITATORY}, {"I", N_I, NAI_INHIBITORY}});
  nai_constraint *few;
  float *bias = calloc(N_E, sizeof *bias);
  for (int k = NAI__FAN_SLICE; k < N_E; k++) bias[k] = 0.2F * (float)(k % 7);
  expect_ok(nai_network_set_model(net, "E I", "lif"));
  expect_ok(nai_network_set(net, "E I", "background", 6000));
  expect_ok(nai_network_set(net, "E I", "background_weight", 0.4));
  expect_ok(nai_network_connect(net, "E I", "E I"));
  expect_ok(nai_network_set_delay(net, "E I", "E I", 1.5));
  expect_ok(nai_network_set_delay(net, "E", "I", 4));
  constrain_by(net, "E I", "E I", nai_constraint_create_indegree(&few, 30), &few);
  expect_ok(nai_network_set_initial_weights(net, "E", "E I", NAI_WEIGHTS_CONSTANT, 0.3, 0));
  expect_ok(nai_network_set_initial_weights(net, "I", "E I", NAI_WEIGHTS_UNIFORM, -2, 0));
  expect_ok(nai_network_set_plastic(net, "E I", "E I", 0));
  expect_ok(nai_network_set_storage(net, "E I", "E I", NAI_STORAGE_LISTED));
  expect_ok(nai_network_build(net, 3));
  expect_ok(nai_network_set_bias(net, "E", bias, N_E));
  free(bias);
  return net;
}

typedef struct ran {
  nai_spike *spike;
  int64_t n;
  float v[N_I];
} ran;

/* In calls of so many steps, at most; on the way a clamp, and the end of a background whose currents decay. */
static void run_alone(ran *out, nai_network *net, int64_t each, int32_t threads)
{
  nai_state *state = make_state(net, 1, 7);
  nai_recording r = NAI_RECORDING_INIT;
  nai_view v = {.struct_size = sizeof v};
  expect_ok(nai_state_set_threads(state, threads));
  expect_ok(nai_network_set(net, "I", "background_exc", 900));
  r.populations = "E I";
  r.spikes = out->spike = malloc(ROOM * sizeof *r.spikes);
  for (int64_t t = 0, some; t < LONG; t += some) {
    const int64_t end = t < 90 ? 90 : t < 120 ? 120 : LONG;
    r.room = r.n + 30 * (N_E + N_I);
    if (t == 90) expect_ok(nai_state_clamp(state, "E", 0));
    if (t == 120) expect_ok(nai_state_release(state, "E"));
    if (t == 120) expect_ok(nai_network_set(net, "I", "background_exc", 0));
    some = each < end - t ? each : end - t;
    expect_ok(nai_state_record(&r, state, some, NULL));
    some = r.made;
  }
  expect_ok(nai_state_variable(&v, state, "I:v"));
  memcpy(out->v, v.data, sizeof out->v);
  out->n = r.n;
  nai_state_destroy(state);
}

START_TEST(steps_at_once)
{
  static ran one, some;
  nai_network *net = build_alone();
  ck_assert_int_eq(nai__parts_window(net), 3);
  run_alone(&one, net, 1, 1);
  ck_assert_int_gt(one.n, N_E);
  for (int32_t threads = 1; threads <= 3; threads += 2)
    for (int64_t each = 2; each < 100; each += 60) {
      run_alone(&some, net, each, threads);
      ck_assert_int_eq(some.n, one.n);
      ck_assert_int_eq(memcmp(one.spike, some.spike, (size_t)one.n * sizeof *one.spike), 0);
      ck_assert_int_eq(memcmp(one.v, some.v, sizeof one.v), 0);
      free(some.spike);
    }
  free(one.spike);
  nai_network_destroy(net);
}
END_TEST

/* Between rows steps are made at once, up to those of the rows: states and ports are there as at each step. */
START_TEST(rows_between_steps_at_once)
{
  enum { ROWS_STEPS = 60, WIDTH = 3 * N_I + 3 * N_E };
  static float one[ROWS_STEPS * WIDTH], some[ROWS_STEPS * WIDTH];
  nai_network *net = build_alone();
  float *to[] = {one, some};
  for (int64_t every = 1; every <= 7; every += every > 1 ? 5 : 1) {
    nai_state *state = make_state(net, 1, 7);
    nai_recording r = NAI_RECORDING_INIT;
    r.variables = "I:i_exc I:exc I:background E:v E:delta E:spike";
    r.width = WIDTH;
    r.traces = to[every > 1];
    r.every = every;
    expect_ok(nai_state_record(&r, state, ROWS_STEPS, NULL));
    ck_assert_int_eq(r.rows, ROWS_STEPS / every);
    for (int64_t k = 0; k < r.rows; k++)
      EXPECT(memcmp(r.traces + k * WIDTH, one + ((k + 1) * every - 1) * WIDTH,
                    WIDTH * sizeof *one) == 0);
    nai_state_destroy(state);
  }
  nai_network_destroy(net);
}
END_TEST

START_TEST(what_cannot_be)
{
  nai_network *net = build_ei(5, 3, 1);
  nai_state *state = make_state(net, 4, 1);
  expect_fails(nai_state_set_threads(NULL, 1), NAI_ERR_INVALID, "state is NULL");
  expect_fails(nai_state_set_threads(state, 0), NAI_ERR_INVALID, "threads is 0, must be 1 to 1024");
  expect_fails(nai_state_set_threads(state, 1025), NAI_ERR_INVALID, "threads is 1025");
  expect_ok(nai_state_set_threads(state, 2));
  faults_fail_thread(1);
  expect_fails(nai_state_set_threads(state, 3), NAI_ERR_MEMORY, "thread");
  faults_fail_thread(-1);
  nai_status status = NAI_ERR_MEMORY;
  int failed = 0;
  for (; status == NAI_ERR_MEMORY; failed++) {
    faults_fail_allocation(failed);
    status = nai_state_set_threads(state, 3);
    faults_fail_allocation(-1);
    expect_ok(nai_state_step(NULL, state, NULL));
  }
  expect_ok(status);
  ck_assert_int_ge(failed, 8);
  expect_ok(nai_state_set_threads(state, 1));
  expect_ok(nai_state_step(NULL, state, NULL));
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

Suite *state_threads_suite(void)
{
  Suite *suite = suite_create("state_threads");
  ADD_CASE(suite, "bits", parts_of_one_trial, reset_spiking_units, signals_that_nothing_carries,
           synapses_that_are_scaled, trials_of_spiking_units, trials_of_rate_units,
           one_trial_as_among_others, what_is_clamped_is_sent, steps_at_once,
           rows_between_steps_at_once);
  ADD_CASE(suite, "refusals", what_cannot_be);
  return suite;
}
