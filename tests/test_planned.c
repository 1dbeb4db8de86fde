/* Interventions that are planned: which units, what is done to them, when, in which trials. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "faults.h"
#include "networks.h"
#include "states.h"
#include "tasks.h"

enum { STEPS = 12, B = 3 };

/* --- when ------------------------------------------------------------------------------------- */

/* The same by hand at the right steps, with dt = 10 ms: before step `at`. */
static void act_by_hand(nai_state *state, const nai_intervention *i, int at)
{
  float value = (float)i->value;
  if (at == (int)i->start / 10)
    expect_ok(i->kind == NAI_INJECT
                  ? nai_state_inject_units(state, i->names, i->units, i->n_units, &value, 1)
                  : nai_state_clamp_units(state, i->names, i->units, i->n_units, &value, 1));
  if (at == (int)i->end / 10)
    expect_ok(nai_state_release_units(state, i->names, i->units, i->n_units));
}

static float *rates_of(nai_state *state)
{
  float *rates = malloc(B * 18 * sizeof *rates);
  expect_ok(nai_state_run(NULL, rates, state, 1, NULL));
  return rates;
}

static void expect_as_by_hand(int32_t transfer, const nai_intervention *i)
{
  nai_network *net = build_everything(transfer, NULL);
  nai_state *planned = make_state(net, B, 4), *by_hand = make_state(net, B, 4);
  expect_ok(nai_state_run(NULL, NULL, planned, 2, NULL));
  expect_ok(nai_state_run(NULL, NULL, by_hand, 2, NULL));
  expect_ok(nai_state_intervene(planned, i, 1)); /* counted from now */
  for (int t = 0; t < STEPS; t++) {
    act_by_hand(by_hand, i, t);
    float *a = rates_of(planned), *b = rates_of(by_hand);
    EXPECT(memcmp(a, b, B * 18 * sizeof *a) == 0);
    free(a);
    free(b);
  }
  nai_state_destroy(planned);
  nai_state_destroy(by_hand);
  nai_network_destroy(net);
}

/* Two leaks, stages, delays, noise: every transfer function, every kind that a state can do at once. */
START_TEST(a_plan_is_what_is_done_by_hand)
{
  static const int64_t units[] = {3, 0};
  nai_intervention some[] = {plan(NAI_SILENCE, "I", 0), plan(NAI_CLAMP, "E layer", 0.7),
                             plan(NAI_INJECT, "*", -0.4)};
  for (int32_t transfer = 0; nai_transfer_name(transfer); transfer++)
    for (int k = 0; k < 3; k++) {
      some[k].start = 20 + 10 * k;
      some[k].end = 80;
      some[k].units = k == 1 ? units : NULL;
      some[k].n_units = k == 1 ? 2 : NAI_ALL_UNITS;
      expect_as_by_hand(transfer, &some[k]);
    }
}
END_TEST

/* u -> A; nothing comes back to it. NULL: rate units, their leak on the rate. */
static nai_network *build_line(const char *model)
{
  nai_network *net = COMPOSE(.dt = 10, .inputs = {{"u", 1}}, .populations = {{"A", 4, NAI_FREE}},
                             .outputs = {{"z", 4}});
  if (model)
    expect_ok(nai_network_set_model(net, "A", model));
  else
    expect_ok(nai_network_set_leak(net, "A", NAI_LEAK_RATE));
  expect_ok(nai_network_connect(net, "u", "A"));
  expect_ok(nai_network_connect(net, "A", "z"));
  expect_ok(nai_network_set(net, "A", "tau", 50));
  expect_ok(nai_network_set(net, "A", "initial", 1));
  expect_ok(nai_network_build(net, 3));
  return net;
}

/*
 * What is scaled or silenced is what units send: they go on from their own states, whatever they
 * are, and afterwards all is as if nothing had been done.
 */
START_TEST(states_go_on_meanwhile)
{
  static const float factors[] = {0.5f, 0, 2, 1};
  static const char *const models[] = {"rate", NULL, "adaptive_rate", "dendritic"};
  for (int m = 0; m < 4; m++) {
    nai_network *net = build_line(models[m]);
    nai_state *free_one = make_state(net, 1, 1), *scaled = make_state(net, 1, 1);
    nai_intervention i = plan(NAI_SCALE, "A", 0);
    i.values = factors;
    i.n_values = 4;
    i.start = 30;
    i.end = 60;
    expect_ok(nai_state_intervene(scaled, &i, 1));
    const float u = 1;
    for (int t = 0; t < STEPS; t++) {
      expect_ok(nai_state_step(NULL, free_one, &u));
      expect_ok(nai_state_step(NULL, scaled, &u));
      for (int k = 0; k < 4; k++)
        EXPECT(rate_of(scaled, "A", 0, k) ==
               rate_of(free_one, "A", 0, k) * (t >= 3 && t < 6 ? factors[k] : 1));
    }
    nai_state_destroy(free_one);
    nai_state_destroy(scaled);
    nai_network_destroy(net);
  }
}
END_TEST

/* A current of 1 that rises over 40 ms and falls over 20 of the 80 ms: the middle of each step. */
START_TEST(ramps)
{
  static const float expected[] = {0, 0.125f, 0.375f, 0.625f, 0.875f, 1, 1, 0.75f, 0.25f, 0, 0, 0};
  nai_network *net = COMPOSE(.dt = 10, .populations = {{"A", 1, NAI_FREE}, {"B", 1, NAI_FREE}});
  expect_ok(nai_network_set(net, "A B", "tau", 10)); /* the rate is what is received */
  expect_ok(nai_network_set_transfer(net, "A B", NAI_TRANSFER_LINEAR));
  expect_ok(nai_network_set(net, "B", "bias", 4));
  expect_ok(nai_network_build(net, 1));
  nai_state *state = make_state(net, 1, 1);
  nai_intervention both[] = {plan(NAI_INJECT, "A", 1), plan(NAI_CLAMP, "B", 2)};
  for (int k = 0; k < 2; k++) {
    both[k].start = 10;
    both[k].end = 90;
    both[k].rise = 40;
    both[k].fall = 20;
  }
  expect_ok(nai_state_intervene(state, both, 2));
  for (int t = 0; t < STEPS; t++) {
    expect_ok(nai_state_step(NULL, state, NULL));
    EXPECT(rate_of(state, "A", 0, 0) == expected[t]);
    EXPECT(rate_of(state, "B", 0, 0) == 4 - 2 * expected[t]);
  }
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* Each trial has steps of its own, or none. */
/* 1e21 steps from now: more than an int64_t counts, and not yet. */
START_TEST(a_start_that_never_comes)
{
  nai_network *net = COMPOSE(.dt = 1e-9, .populations = {{"E", 2, NAI_FREE}});
  expect_ok(nai_network_build(net, 1));
  nai_state *state = make_state(net, 1, 1);
  nai_intervention i = plan(NAI_CLAMP, "E", 7);
  float rates[2];
  i.start = i.rise = 1e12;
  expect_ok(nai_state_intervene(state, &i, 1));
  expect_ok(nai_state_run(NULL, rates, state, 1, NULL));
  EXPECT(rates[0] < 1 && rates[1] < 1);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

START_TEST(each_trial_its_own_steps)
{
  static const int32_t steps[B][2] = {{2, 5}, {0, 12}, {4, 4}};
  static const uint8_t there[B] = {1, 1, 0};
  nai_network *net = build_line("rate");
  for (int masked = 0; masked < 2; masked++) {
    nai_state *state = make_state(net, B, 1);
    nai_intervention i = plan(NAI_CLAMP, "A", -5);
    i.n_trials = B;
    i.steps = masked ? NULL : &steps[0][0];
    i.trials = masked ? there : NULL;
    expect_ok(nai_state_intervene(state, &i, 1));
    for (int t = 0; t < STEPS; t++) {
      expect_ok(nai_state_step(NULL, state, NULL));
      for (int b = 0; b < B; b++) {
        int now = masked ? there[b] : t >= steps[b][0] && t < steps[b][1];
        EXPECT((rate_of(state, "A", b, 2) == -5) == now);
      }
    }
    nai_state_destroy(state);
  }
  nai_network_destroy(net);
}
END_TEST

/* From before the start on: what is received from initial rates, over all delays, is imposed, too. */
START_TEST(a_start_below_0_is_before_the_first_step)
{
  nai_network *net = COMPOSE(.dt = 10, .populations = {{"A", 1, NAI_FREE}, {"B", 1, NAI_FREE}},
                             .projections = {{"A", "B"}});
  expect_ok(nai_network_set(net, "A", "initial", 3));
  expect_ok(nai_network_set(net, "B", "tau", 10));
  expect_ok(nai_network_set_delay(net, "A", "B", 30));
  expect_ok(nai_network_build(net, 1));
  expect_ok(nai_network_set_weights(net, "A", "B", (float[]){1}, 1, 1));
  for (int before = 0; before < 2; before++) {
    nai_state *state = make_state(net, 1, 1);
    nai_intervention i = plan(NAI_SILENCE, "A", 0);
    i.start = before ? -1 : 0;
    expect_ok(nai_state_intervene(state, &i, 1));
    EXPECT(rate_of(state, "A", 0, 0) == (before ? 0 : 3));
    for (int t = 0; t < 5; t++) {
      expect_ok(nai_state_step(NULL, state, NULL));
      EXPECT(rate_of(state, "B", 0, 0) == (before || t >= 3 ? 0 : 3));
    }
    expect_ok(nai_state_reset(state));
    EXPECT(rate_of(state, "A", 0, 0) == 3);
    nai_state_destroy(state);
  }
  nai_network_destroy(net);
}
END_TEST

/* --- which ------------------------------------------------------------------------------------ */

static int64_t silent_ones(nai_network *net, double fraction, uint64_t seed, int *silent)
{
  nai_state *state = make_state(net, 1, 1);
  nai_intervention i = plan(NAI_CLAMP, "A B", -7);
  i.fraction = fraction;
  i.seed = seed;
  expect_ok(nai_state_intervene(state, &i, 1));
  expect_ok(nai_state_step(NULL, state, NULL));
  int64_t n = 0;
  for (int k = 0; k < 60; k++) {
    silent[k] = (k < 40 ? rate_of(state, "A", 0, k) : rate_of(state, "B", 0, k - 40)) == -7;
    n += silent[k];
  }
  nai_state_destroy(state);
  return n;
}

START_TEST(fractions_are_of_each_population_and_nested)
{
  nai_network *net = COMPOSE(.dt = 10, .populations = {{"A", 40, NAI_FREE}, {"B", 20, NAI_FREE}});
  expect_ok(nai_network_build(net, 1));
  int less[60], more[60], others[60], differ = 0, in_a = 0;
  ck_assert_int_eq(silent_ones(net, 0.25, 5, less), 15);
  ck_assert_int_eq(silent_ones(net, 0.5, 5, more), 30);
  ck_assert_int_eq(silent_ones(net, 0.25, 6, others), 15);
  for (int k = 0; k < 60; k++) {
    EXPECT(!less[k] || more[k]);
    differ += less[k] != others[k];
    in_a += k < 40 && less[k];
  }
  EXPECT(differ > 0 && in_a == 10);
  ck_assert_int_eq(silent_ones(net, 1, 6, more), 60);
  nai_network_destroy(net);
}
END_TEST

/* Later ones act on what earlier ones made; those that were released do nothing. */
START_TEST(in_their_order_until_they_are_released)
{
  nai_network *net = build_line(NULL);
  nai_state *state = make_state(net, 1, 1);
  const nai_intervention in_order[] = {plan(NAI_CLAMP, "A", 3), plan(NAI_SCALE, "A", 0.5)};
  expect_ok(nai_state_intervene(state, in_order, 2));
  expect_ok(nai_state_step(NULL, state, NULL));
  EXPECT(rate_of(state, "A", 0, 1) == 1.5f);
  expect_ok(nai_state_release_units(state, "A", (int64_t[]){1}, 1));
  expect_ok(nai_state_step(NULL, state, NULL));
  EXPECT(rate_of(state, "A", 0, 1) != 1.5f && rate_of(state, "A", 0, 2) == 1.5f);
  expect_ok(nai_state_release(state, "*"));
  nai_state *free_one = make_state(net, 1, 1);
  expect_ok(nai_state_run(NULL, NULL, free_one, 3, NULL));
  expect_ok(nai_state_step(NULL, state, NULL));
  for (int k = 0; k < 4; k++) EXPECT(rate_of(state, "A", 0, k) == rate_of(free_one, "A", 0, k));
  ck_assert_int_eq(nai_state_snapshot_size(state), nai_state_snapshot_size(free_one));
  nai_state_destroy(free_one);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* --- signals and ports ------------------------------------------------------------------------- */

enum { CELLS = 3, BRANCHES = 2 };

/* u -> dendrites that are excited, by the same weight everywhere. */
static nai_network *build_branches(float weight)
{
  float weights[BRANCHES * CELLS];
  nai_network *net =
      COMPOSE(.dt = 10, .inputs = {{"u", 1}}, .populations = {{"A", CELLS, NAI_EXCITATORY}});
  expect_ok(nai_network_set_sign(net, "u", NAI_EXCITATORY));
  expect_ok(nai_network_set_model(net, "A", "dendritic"));
  expect_ok(nai_network_set_model_size(net, "A", "branches", BRANCHES));
  expect_ok(nai_network_connect(net, "u", "A:dendrite+"));
  expect_ok(nai_network_build(net, 1));
  for (int k = 0; k < BRANCHES * CELLS; k++) weights[k] = weight;
  expect_ok(nai_network_set_weights(net, "u", "A:dendrite+", weights, BRANCHES * CELLS, 1));
  return net;
}

/* A current into a port is what an input of that weight brings to all its copies. */
START_TEST(currents_into_ports)
{
  nai_network *net = build_branches(0.5f);
  nai_state *by_input = make_state(net, 1, 1), *planned = make_state(net, 1, 1),
            *at_once = make_state(net, 1, 1), *free_one = make_state(net, 1, 1);
  nai_intervention i = plan(NAI_INJECT, "A:dendrite+", 0.5);
  i.start = 30;
  i.end = 60;
  expect_ok(nai_state_intervene(planned, &i, 1));
  const float half = 0.5f, other = 9;
  int differ = 0;
  for (int t = 0; t < STEPS; t++) {
    const float u = t >= 3 && t < 6;
    if (t == 3) expect_ok(nai_state_inject(at_once, "A:dendrite+", &other, 1));
    if (t == 3) expect_ok(nai_state_inject(at_once, "A:dendrite+", &half, 1)); /* in its place */
    if (t == 6) expect_ok(nai_state_release(at_once, "A:dendrite+"));
    expect_ok(nai_state_step(NULL, by_input, &u));
    expect_ok(nai_state_step(NULL, planned, NULL));
    expect_ok(nai_state_step(NULL, at_once, NULL));
    expect_ok(nai_state_step(NULL, free_one, NULL));
    for (int k = 0; k < CELLS; k++) {
      EXPECT(rate_of(planned, "A", 0, k) == rate_of(by_input, "A", 0, k));
      EXPECT(rate_of(at_once, "A", 0, k) == rate_of(by_input, "A", 0, k));
      differ += rate_of(planned, "A", 0, k) != rate_of(free_one, "A", 0, k);
    }
  }
  ck_assert_int_gt(differ, CELLS);
  ck_assert_int_eq(nai_state_snapshot_size(at_once), nai_state_snapshot_size(free_one));
  nai_state_destroy(by_input);
  nai_state_destroy(planned);
  nai_state_destroy(at_once);
  nai_state_destroy(free_one);
  nai_network_destroy(net);
}
END_TEST

/* Of some units, in a snapshot, and what the first of each is called. */
START_TEST(parts_by_their_names)
{
  nai_network *net = build_branches(1);
  nai_state *state = make_state(net, 1, 1), *other = make_state(net, 1, 1);
  nai_intervention i = plan(NAI_INJECT, "A:dendrite-", -0.5);
  i.units = (const int64_t[]){1};
  i.n_units = 1;
  const float u = 1;
  expect_ok(nai_state_intervene(state, &i, 1));
  char *snapshot = snapshot_of(state);
  nai_state *third = make_state(net, 1, 2);
  expect_ok(nai_state_restore(third, snapshot, nai_state_snapshot_size(state)));
  for (int t = 0; t < 4; t++) {
    expect_ok(nai_state_step(NULL, state, &u));
    expect_ok(nai_state_step(NULL, other, &u));
    expect_ok(nai_state_step(NULL, third, &u));
  }
  EXPECT(same_states(state, third));
  EXPECT(rate_of(state, "A", 0, 1) < rate_of(other, "A", 0, 1));
  EXPECT(rate_of(state, "A", 0, 2) == rate_of(other, "A", 0, 2));
  expect_ok(nai_state_silence(other, "A:rate")); /* as "A" */
  expect_ok(nai_state_step(NULL, other, &u));
  EXPECT(rate_of(other, "A", 0, 2) == 0);
  i = plan(NAI_SILENCE, "A:rate", 0);
  expect_ok(nai_state_intervene(state, &i, 1));
  expect_ok(nai_state_step(NULL, state, &u));
  EXPECT(rate_of(state, "A", 0, 2) == 0);
  i = plan(NAI_INJECT, "A:dendrite", 1);
  expect_fails(nai_state_intervene(state, &i, 1), NAI_ERR_NAME,
               "'A:dendrite' means several ports, must be one of dendrite+, dendrite-");
  i = plan(NAI_SILENCE, "A:soma", 0);
  expect_fails(nai_state_intervene(state, &i, 1), NAI_ERR_NAME,
               "'A' has no signal 'soma'; it has rate");
  expect_fails(nai_state_inject(state, "A:rate", &u, 1), NAI_ERR_NAME,
               "'A' has no port 'rate'; it has soma, dendrite+, dendrite-");
  free(snapshot);
  nai_state_destroy(state);
  nai_state_destroy(other);
  nai_state_destroy(third);
  nai_network_destroy(net);
}
END_TEST

/* --- snapshots -------------------------------------------------------------------------------- */

START_TEST(snapshots_have_plans)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_state *state = make_state(net, B, 1), *other = make_state(net, B, 7);
  nai_intervention i[] = {plan(NAI_CLAMP, "E", 2), plan(NAI_SCALE, "I layer", 0.25)};
  i[0].start = 30;
  i[1].end = 60;
  expect_ok(nai_state_run(NULL, NULL, state, 2, NULL));
  expect_ok(nai_state_intervene(state, i, 2));
  expect_ok(nai_state_run(NULL, NULL, state, 1, NULL));
  int64_t size = nai_state_snapshot_size(state);
  char *snapshot = snapshot_of(state);
  expect_ok(nai_state_restore(other, snapshot, size));
  for (int t = 0; t < 6; t++) {
    EXPECT(same_states(state, other));
    expect_ok(nai_state_step(NULL, state, NULL));
    expect_ok(nai_state_step(NULL, other, NULL));
  }
  EXPECT(rate_of(other, "E", 1, 3) == 2);
  nai_state *third = make_state(net, B, 7);
  void *before = snapshot_of(third);
  int64_t plain = nai_state_snapshot_size(third);
  expect_fails(nai_state_restore(third, snapshot, plain), NAI_ERR_INVALID, "size is");
  expect_bytes_taken_or_refused(third, before, snapshot, plain, size);
  free(before);
  free(snapshot);
  nai_state_destroy(third);
  nai_state_destroy(other);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* --- memory ----------------------------------------------------------------------------------- */

START_TEST(steps_allocate_nothing)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_state *state = make_state(net, B, 1);
  nai_intervention i = plan(NAI_SCALE, "E I", 0.5);
  i.rise = 30;
  expect_ok(nai_state_intervene(state, &i, 1));
  long before = faults_allocations();
  nai_status status = nai_state_run(NULL, NULL, state, 20, NULL);
  long allocations = faults_allocations() - before;
  expect_ok(status);
  ck_assert_int_eq(allocations, 0);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

START_TEST(without_memory_nothing_is_planned)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_state *state = make_state(net, B, 1);
  const nai_intervention i[] = {plan(NAI_CLAMP, "E I", 0.5), plan(NAI_INJECT, "layer", 2)};
  void *before = snapshot_of(state);
  long good = 0;
  for (int done = 0; !done; good++) {
    faults_fail_allocation(good);
    nai_status status = nai_state_intervene(state, i, 2);
    faults_fail_allocation(-1);
    done = status == NAI_OK;
    if (!done) ck_assert_int_eq(status, NAI_ERR_MEMORY);
    if (!done) expect_unmoved(state, before);
  }
  ck_assert_int_gt(good, 5);
  free(before);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* --- what is refused -------------------------------------------------------------------------- */

typedef struct refusal {
  nai_intervention i;
  nai_status status;
  const char *words;
} refusal;

#define REFUSED(STATUS, WORDS, ...)                                       \
  {                                                                       \
    {.struct_size = sizeof(nai_intervention), __VA_ARGS__}, STATUS, WORDS \
  }
#define OF(NAMES, UNITS, N) .fraction = 1, .names = NAMES, .units = UNITS, .n_units = N
#define ALL(NAMES) OF(NAMES, NULL, NAI_ALL_UNITS)
#define PART(FRACTION) .fraction = FRACTION, .names = "E", .units = NULL, .n_units = NAI_ALL_UNITS

static const float bad_values[] = {1, NAN}, negative[] = {1, -1};
static const int64_t outside[] = {7}, first_two[] = {0, 1};
static const int32_t backwards[B][2] = {{0, 1}, {3, 2}, {0, 1}};
static const nai_where where[] = {{"coherence", 1}};

static const refusal refusals[] = {
    REFUSED(NAI_ERR_NAME, "interventions[0]: names: nothing is called", ALL("PV")),
    REFUSED(NAI_ERR_NAME, "'stimulus'", ALL("stimulus")),
    REFUSED(NAI_ERR_INVALID, "names is NULL", ALL(NULL)),
    REFUSED(NAI_ERR_INVALID, "units[0] is 7, must be 0 to 6", OF("E", outside, 1)),
    REFUSED(NAI_ERR_INVALID, "kind is 6", ALL("E"), .kind = 6),
    REFUSED(NAI_ERR_INVALID, "kind is -1", ALL("E"), .kind = -1),
    REFUSED(NAI_ERR_INVALID, "fraction is 0, must be above 0", PART(0)),
    REFUSED(NAI_ERR_INVALID, "fraction is 1.5", PART(1.5)),
    REFUSED(NAI_ERR_INVALID, "fraction is 0.01, which is none of the 7 units of 'E'", PART(0.01)),
    REFUSED(NAI_ERR_INVALID, "silence takes no value", ALL("E"), .value = 1),
    REFUSED(NAI_ERR_NONFINITE, "value is 1e+39", ALL("E"), .kind = NAI_CLAMP, .value = 1e39),
    REFUSED(NAI_ERR_NONFINITE, "values[1] is nan", OF("E", first_two, 2), .kind = NAI_INJECT,
            .values = bad_values, .n_values = 2),
    REFUSED(NAI_ERR_INVALID, "values has 2 values, must have 1 or 7", ALL("E"), .kind = NAI_CLAMP,
            .values = negative, .n_values = 2),
    REFUSED(NAI_ERR_INVALID, "values[1] is -1, must be at least 0", .kind = NAI_SCALE,
            OF("E", first_two, 2), .values = negative, .n_values = 2),
    REFUSED(NAI_ERR_INVALID, "value is -2, must be at least 0", ALL("E"), .kind = NAI_SCALE,
            .value = -2),
    REFUSED(NAI_ERR_INVALID, "values is NULL", ALL("E"), .kind = NAI_CLAMP, .n_values = 7),
    REFUSED(NAI_ERR_INVALID, "n_values is -1", ALL("E"), .n_values = -1),
    REFUSED(NAI_ERR_INVALID, "start is nan", ALL("E"), .start = NAN),
    REFUSED(NAI_ERR_INVALID, "start is inf", ALL("E"), .start = INFINITY),
    REFUSED(NAI_ERR_INVALID, "end is -1 ms", ALL("E"), .end = -1),
    REFUSED(NAI_ERR_INVALID, "end is 100 ms, must be above start, 200 ms", ALL("E"), .start = 200,
            .end = 100),
    REFUSED(NAI_ERR_INVALID, "from 101 to 105 ms there is no step of dt = 10 ms", ALL("E"),
            .start = 101, .end = 105),
    REFUSED(NAI_ERR_INVALID, "rise is -1 ms", ALL("E"), .rise = -1),
    REFUSED(NAI_ERR_INVALID, "fall is nan ms", ALL("E"), .fall = NAN),
    REFUSED(NAI_ERR_INVALID, "fall is 50 ms, but there is no end", ALL("E"), .fall = 50),
    REFUSED(NAI_ERR_INVALID, "n_trials is 2, must be 3", ALL("E"), .steps = &backwards[0][0],
            .n_trials = 2),
    REFUSED(NAI_ERR_INVALID, "steps[1] are 3 and 2", ALL("E"), .steps = &backwards[0][0],
            .n_trials = B),
    REFUSED(NAI_ERR_INVALID, "epoch 'delay' and steps", ALL("E"), .epoch = "delay",
            .steps = &backwards[0][0], .n_trials = B),
    REFUSED(NAI_ERR_UNSUPPORTED, "a state has no epochs", ALL("E"), .epoch = "delay"),
    REFUSED(NAI_ERR_UNSUPPORTED, "a state has no conditions", ALL("E"), .where = where,
            .n_where = 1),
    REFUSED(NAI_ERR_INVALID, "where is NULL", ALL("E"), .n_where = 1),
    REFUSED(NAI_ERR_INVALID, "n_trials is -1", ALL("E"), .n_trials = -1),
    {{.struct_size = 8}, NAI_ERR_INVALID, "struct_size is 8"},
};

START_TEST(bad_plans_are_named_and_change_nothing)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_state *state = make_state(net, B, 1);
  const nai_intervention good = plan(NAI_CLAMP, "layer", 1);
  expect_ok(nai_state_intervene(state, &good, 1));
  void *before = snapshot_of(state);
  for (size_t k = 0; k < sizeof refusals / sizeof *refusals; k++) {
    expect_fails(nai_state_intervene(state, &refusals[k].i, 1), refusals[k].status,
                 refusals[k].words);
    expect_unmoved(state, before);
    if (refusals[k].i.struct_size == 8) continue;
    const nai_intervention second[] = {good, refusals[k].i}; /* all of them, or none */
    expect_fails(nai_state_intervene(state, second, 2), refusals[k].status, "interventions[1]: ");
    expect_unmoved(state, before);
  }
  expect_fails(nai_state_intervene(state, NULL, 1), NAI_ERR_INVALID, "interventions is NULL");
  expect_fails(nai_state_intervene(state, &good, -1), NAI_ERR_INVALID, "n is -1");
  expect_fails(nai_state_intervene(NULL, &good, 1), NAI_ERR_INVALID, "state is NULL");
  expect_ok(nai_state_intervene(state, NULL, 0));
  free(before);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* --- evaluations ------------------------------------------------------------------------------ */

enum { N = 150 };

static nai_evaluation *evaluate(const nai_network *net, const nai_task *task, int32_t threads,
                                const nai_intervention *interventions, int64_t n)
{
  nai_evaluation *e;
  nai_evaluation_options options = NAI_EVALUATION_OPTIONS_INIT;
  options.seed = 6;
  options.threads = threads;
  options.interventions = interventions;
  options.n_interventions = n;
  expect_ok(nai_evaluation_create_with(&e, net, task, N, &options));
  return e;
}

static const int32_t *choices(const nai_evaluation *e)
{
  nai_view view = NAI_VIEW_INIT;
  expect_ok(nai_evaluation_choice(&view, e));
  return view.data;
}

/* The choice of trial b in a state of its own. */
static int32_t choose_alone(const nai_network *net, const nai_trials *trials, int64_t b,
                            nai_intervention *interventions, int64_t n)
{
  nai_view input = NAI_VIEW_INIT, length = NAI_VIEW_INIT;
  expect_ok(nai_trials_view(&input, trials, NAI_TRIALS_INPUTS, NULL));
  expect_ok(nai_trials_view(&length, trials, NAI_TRIALS_LENGTHS, NULL));
  nai_state *state = make_state(net, 1, 6);
  expect_ok(nai_state_set_first(state, nai_trials_first(trials) + (uint64_t)b));
  expect_ok(nai_state_intervene(state, interventions, n));
  float z[3];
  for (int64_t t = 0; t < ((const int32_t *)length.data)[b]; t++)
    expect_ok(nai_state_step(z, state, (const float *)input.data + (t * N + b) * 3));
  nai_state_destroy(state);
  int32_t largest = z[1] > z[0] ? 1 : 0;
  if (z[2] > z[largest]) largest = 2;
  int shared = (z[0] == z[largest]) + (z[1] == z[largest]) + (z[2] == z[largest]);
  return shared > 1 ? -1 : largest;
}

static nai_network *build_decider(void)
{
  nai_network *net = compose_ei_of(20, 3, 9, 4, 3);
  expect_ok(nai_network_set_leak(net, "I", NAI_LEAK_RATE));
  expect_ok(nai_network_set(net, "E I stimulus", "noise", 0.3));
  expect_ok(nai_network_set_delay(net, "I", "E", 60));
  expect_ok(nai_network_build(net, 2));
  return net;
}

/* Choices are those of states, for any number of threads; where nothing is done, as without it. */
START_TEST(evaluations_are_those_of_states)
{
  nai_network *net = build_decider();
  nai_task *task = task_for(net, "perceptual-decision-making");
  expect_ok(nai_task_set_list(task, "stimulus", (double[]){100, 200, 300}, 3));
  nai_trials *trials = make_trials_of(task, 6, NAI_STREAM_TEST, 0, N);
  nai_intervention i[] = {plan(NAI_SCALE, "E", 0.1), plan(NAI_SCALE_SYNAPSES, "E", 0.4),
                          plan(NAI_FREEZE, "I", 0), plan(NAI_INJECT, "I", 2)};
  uint8_t odd[N];
  for (int b = 0; b < N; b++) odd[b] = b % 2;
  i[0].fraction = 0.5;
  i[0].start = i[3].start = 100;
  i[0].end = 240;
  i[1].to = "*";
  i[1].fraction = 0.7;
  i[1].end = 200;
  i[1].rise = 60;
  i[2].start = 160;
  i[2].end = 260;
  i[3].rise = 60;
  i[3].trials = odd;
  i[3].n_trials = N;
  nai_evaluation *whole = evaluate(net, task, 1, NULL, 0), *first = evaluate(net, task, 1, i, 4);
  int differ = 0;
  for (int b = 0; b < N; b++) {
    nai_intervention alone[] = {i[0], i[1], i[2], i[3]};
    alone[3].trials = NULL;
    alone[3].n_trials = 0;
    ck_assert_int_eq(choices(first)[b], choose_alone(net, trials, b, alone, odd[b] ? 4 : 3));
    differ += choices(first)[b] != choices(whole)[b];
  }
  EXPECT(differ > 0);
  for (int32_t threads = 2; threads <= 3; threads++) {
    nai_evaluation *e = evaluate(net, task, threads, i, 4);
    EXPECT(memcmp(choices(e), choices(first), N * sizeof(int32_t)) == 0);
    nai_evaluation_destroy(e);
  }
  nai_evaluation_destroy(first);
  nai_evaluation_destroy(whole);
  nai_trials_destroy(trials);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

/* Only in trials of one coherence. */
START_TEST(only_where_a_condition_has_a_value)
{
  nai_network *net = build_decider();
  nai_task *task = task_for(net, "perceptual-decision-making");
  nai_intervention i = plan(NAI_CLAMP, "E", 0);
  nai_evaluation *whole = evaluate(net, task, 1, NULL, 0), *all = evaluate(net, task, 1, &i, 1);
  nai_view coherence = NAI_VIEW_INIT;
  expect_ok(nai_evaluation_condition(&coherence, whole, "coherence"));
  const float *value = coherence.data;
  const nai_where here = {"coherence", (double)value[0]};
  i.where = &here;
  i.n_where = 1;
  nai_evaluation *some = evaluate(net, task, 1, &i, 1);
  int inside = 0, outside_of_it = 0;
  for (int b = 0; b < N; b++) {
    const nai_evaluation *like = value[b] == value[0] ? all : whole;
    ck_assert_int_eq(choices(some)[b], choices(like)[b]);
    inside += value[b] == value[0] && choices(all)[b] != choices(whole)[b];
    outside_of_it += value[b] != value[0] && choices(all)[b] != choices(whole)[b];
  }
  EXPECT(inside > 0 && outside_of_it > 0);
  nai_evaluation_destroy(some);
  nai_evaluation_destroy(all);
  nai_evaluation_destroy(whole);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

/* A unit that is silent, unless it is clamped at 1: then the second choice is made at once. */
static nai_network *build_switch(void)
{
  nai_network *net = COMPOSE(.dt = 20, .populations = {{"E", 1}}, .outputs = {{"z", 2}},
                             .projections = {{"E", "z"}});
  expect_ok(nai_network_build(net, 1));
  expect_ok(nai_network_set_weights(net, "E", "z", (float[]){0, 1}, 2, 1));
  expect_ok(nai_network_set_bias(net, "E", (float[]){-1}, 1));
  expect_ok(nai_network_set_bias(net, "z", (float[]){0.5f, 0}, 2));
  return net;
}

static void expect_where(const nai_network *net, const nai_trials *trials, int64_t n,
                         const nai_where *where, int64_t n_where, const int32_t *expected)
{
  nai_intervention i = plan(NAI_CLAMP, "E", 1);
  nai_evaluation *e;
  i.where = where;
  i.n_where = n_where;
  nai_evaluation_options options = NAI_EVALUATION_OPTIONS_INIT;
  options.interventions = &i;
  options.n_interventions = 1;
  expect_ok(nai_evaluation_create_from_trials(&e, net, trials, NULL, &options));
  for (int64_t b = 0; b < n; b++) ck_assert_int_eq(choices(e)[b], expected[b]);
  nai_evaluation_destroy(e);
}

/* From the first step on, of trials and of parts of blocks; of several conditions all. */
START_TEST(where_all_conditions_hold)
{
  nai_network *net = build_switch();
  nai_trials *trials, *blocks;
  const nai_where zero = {"x", 0}, two[] = {{"x", 0}, {"y", 3}}, high = {"x", 2};
  expect_ok(nai_trials_create(&trials, net, 1, 4));
  expect_ok(nai_trials_set_classes(trials, "z", (int32_t[]){0, 0, 0, 0}));
  expect_ok(nai_trials_set_condition(trials, "x", (float[]){0, 1, 0, 2}));
  expect_ok(nai_trials_set_condition(trials, "y", (float[]){3, 3, 1, 3}));
  expect_where(net, trials, 4, &zero, 1, (int32_t[]){1, 0, 1, 0});
  expect_where(net, trials, 4, two, 2, (int32_t[]){1, 0, 0, 0});
  expect_ok(nai_trials_create(&blocks, net, 2, 3));
  expect_ok(nai_trials_set_parts(blocks, (int32_t[]){1, 2, 1, 2, 1, 2}, 2));
  expect_ok(nai_trials_set_classes(blocks, "z", (int32_t[]){0, 0, 0, 0, 0, 0}));
  expect_ok(nai_trials_set_condition(blocks, "x", (float[]){0, 1, 2, 0, 1, 2}));
  expect_where(net, blocks, 6, &zero, 1, (int32_t[]){1, 0, 0, 1, 0, 0});
  expect_where(net, blocks, 6, &high, 1, (int32_t[]){0, 0, 1, 0, 0, 1});
  nai_trials_destroy(trials);
  nai_trials_destroy(blocks);
  nai_network_destroy(net);
}
END_TEST

/*
 * During an epoch, whose steps differ from trial to trial, is during these steps; from a start to an
 * end within it.
 */
START_TEST(epochs_are_their_steps)
{
  nai_network *net = build_decider();
  nai_task *task = task_for(net, "perceptual-decision-making");
  expect_ok(nai_task_set_list(task, "stimulus", (double[]){100, 200, 300}, 3));
  nai_trials *trials = make_trials_of(task, 6, NAI_STREAM_TEST, 0, N);
  nai_view epoch = NAI_VIEW_INIT;
  expect_ok(nai_trials_view(&epoch, trials, NAI_TRIALS_EPOCH, "stimulus"));
  nai_intervention by_name = plan(NAI_INJECT, "E", 3), by_steps = by_name;
  by_name.fraction = by_steps.fraction = 0.3;
  by_name.epoch = "stimulus";
  by_steps.steps = epoch.data;
  by_steps.n_trials = N;
  nai_evaluation *whole = evaluate(net, task, 1, NULL, 0);
  for (int part = 0; part < 2; part++) {
    by_name.start = by_steps.start = 40 * part;
    by_name.end = by_steps.end = 120 * part;
    nai_evaluation *a = evaluate(net, task, 1, &by_name, 1),
                   *b = evaluate(net, task, 2, &by_steps, 1);
    EXPECT(memcmp(choices(a), choices(b), N * sizeof(int32_t)) == 0);
    EXPECT(memcmp(choices(a), choices(whole), N * sizeof(int32_t)) != 0);
    nai_evaluation_destroy(a);
    nai_evaluation_options options = NAI_EVALUATION_OPTIONS_INIT;
    options.seed = 6;
    options.interventions = &by_name;
    options.n_interventions = 1;
    expect_ok(nai_evaluation_create_from_trials(&a, net, trials, NULL, &options));
    EXPECT(memcmp(choices(a), choices(b), N * sizeof(int32_t)) == 0);
    nai_evaluation_destroy(a);
    nai_evaluation_destroy(b);
  }
  nai_evaluation_destroy(whole);
  nai_trials_destroy(trials);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

START_TEST(plans_that_no_evaluation_has)
{
  nai_network *net = build_decider();
  nai_task *task = task_for(net, "perceptual-decision-making");
  const nai_where nowhere = {"colour", 1};
  nai_intervention i[] = {plan(NAI_SILENCE, "E", 0), plan(NAI_SILENCE, "E", 0)};
  i[1].where = &nowhere;
  i[1].n_where = 1;
  nai_evaluation *e = NULL;
  nai_evaluation_options options = NAI_EVALUATION_OPTIONS_INIT;
  options.interventions = i;
  options.n_interventions = 2;
  expect_fails(nai_evaluation_create_with(&e, net, task, N, &options), NAI_ERR_NAME,
               "interventions[1]: where: no condition is called 'colour'; the first one is");
  ck_assert_ptr_null(e);
  options.interventions = i + 1; /* the first one is looked at, too */
  options.n_interventions = 1;
  expect_fails(nai_evaluation_create_with(&e, net, task, N, &options), NAI_ERR_NAME,
               "interventions[0]: where: no condition is called 'colour'");
  const nai_where alone = {"coherence", 3};
  i[1].where = &alone;
  expect_fails(nai_evaluation_create_with(&e, net, task, N, &options), NAI_ERR_INVALID,
               "interventions[0]: where: no trial has coherence 3");
  ck_assert_ptr_null(strstr(nai_last_error(), "all the others"));
  options.interventions = i;
  options.n_interventions = 2;
  const nai_where never[] = {{"coherence", 12.8}, {"coherence", 3}};
  i[1].where = never;
  i[1].n_where = 2;
  expect_fails(nai_evaluation_create_with(&e, net, task, N, &options), NAI_ERR_INVALID,
               "interventions[1]: where: no trial has coherence 12.8 and all the others");
  ck_assert_ptr_null(e);
  i[1] = i[0];
  i[1].epoch = "nap";
  expect_fails(
      nai_evaluation_create_with(&e, net, task, N, &options), NAI_ERR_NAME,
      "interventions[1]: epoch: no epoch of these trials is called 'nap'; the first one is");
  const uint8_t one = 1;
  i[1] = i[0];
  i[1].trials = &one;
  i[1].n_trials = 1;
  expect_fails(nai_evaluation_create_with(&e, net, task, N, &options), NAI_ERR_INVALID,
               "interventions[1]: n_trials is 1, must be 150");
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

Suite *planned_suite(void);

Suite *planned_suite(void)
{
  Suite *suite = suite_create("planned");
  ADD_CASE(suite, "when", a_plan_is_what_is_done_by_hand, states_go_on_meanwhile, ramps,
           a_start_that_never_comes, each_trial_its_own_steps,
           a_start_below_0_is_before_the_first_step);
  ADD_CASE(suite, "which", fractions_are_of_each_population_and_nested,
           in_their_order_until_they_are_released);
  ADD_CASE(suite, "parts", currents_into_ports, parts_by_their_names);
  ADD_CASE(suite, "kept", snapshots_have_plans, steps_allocate_nothing,
           without_memory_nothing_is_planned);
  ADD_CASE(suite, "refused", bad_plans_are_named_and_change_nothing, plans_that_no_evaluation_has);
  ADD_CASE(suite, "evaluations", evaluations_are_those_of_states,
           only_where_a_condition_has_a_value, where_all_conditions_hold, epochs_are_their_steps);
  return suite;
}
