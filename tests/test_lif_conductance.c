/*
 * Neurons with synaptic conductances: steps by hand, refractory periods, backgrounds, what cannot train them.
 * Numbers of an independent program: bindings/python/tests/test_circuit_units.py.
 */
#include <math.h>
#include <string.h>

#include "networks.h"
#include "rules.h"
#include "states.h"

/* Not built. One input channel in the unit of the port, with a weight of 1. */
static nai_network *compose_onto(const char *port, int64_t n, double dt)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, dt));
  expect_ok(nai_network_add_input(net, "u", 1));
  expect_ok(nai_network_add_population(net, "E", n, NAI_EXCITATORY));
  expect_ok(nai_network_set_model(net, "E", "lif_conductance"));
  expect_ok(nai_network_connect(net, "u", port));
  expect_ok(nai_network_set_initial_weights(net, "u", port, NAI_WEIGHTS_CONSTANT,
                                            strstr(port, "gaba") ? -1 : 1, 0));
  return net;
}

static float variable(nai_state *state, const char *name, int64_t b, int64_t i)
{
  nai_view view = NAI_VIEW_INIT;
  expect_ok(nai_state_variable(&view, state, name));
  return at(&view, b, i);
}

static void expect_near(nai_state *state, const char *name, double expected, double tolerance)
{
  double found = (double)variable(state, name, 0, 0);
  ck_assert_msg(fabs(found - expected) <= tolerance, "%s is %.9g, not %.9g", name, found, expected);
}

/* --- steps ------------------------------------------------------------------------------------ */

/* 2 nS of inhibition arrive at step 1, decay by dt / tau_gaba and move v from step 2 on. */
START_TEST(inhibition_by_hand)
{
  nai_network *net = compose_onto("E:gaba-", 1, 0.1);
  const float arrives = 2, none = 0;
  expect_ok(nai_network_set(net, "E", "initial", 10));
  expect_ok(nai_network_build(net, 1));
  nai_state *state = make_state(net, 1, 1);
  expect_near(state, "E:v", -60, 0);
  double v = -60, g = 0;
  for (int t = 0; t < 3; t++) {
    v += 0.1 / 500 * (25 * (-70 - v) + g * (-70 - v));
    g += (t == 0 ? 2 : 0) - 0.1 / 5 * g;
    expect_ok(nai_state_step(NULL, state, t == 0 ? &arrives : &none));
    expect_near(state, "E:v", v, 1e-5);
    expect_near(state, "E:g_gaba", g, 1e-6);
    expect_near(state, "E:spike", 0, 0);
  }
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/*
 * 3 nS of excitation arrive at step 1. Those of AMPA decay by dt / tau_ampa; those of NMDA are there for
 * one step, and magnesium leaves 1 / (1 + Mg exp(-.062 v) / 3.57) of them. At -60 mV that is 0.08.
 */
static void excite_by_hand(int nmda, double magnesium)
{
  nai_network *net = compose_onto(nmda ? "E:nmda+" : "E:ampa+", 1, 0.1);
  const float arrives = 3, none = 0;
  expect_ok(nai_network_set(net, "E", "initial", 10));
  expect_ok(nai_network_set(net, "E", "e_exc", 5));
  expect_ok(nai_network_set(net, "E", "magnesium", magnesium));
  expect_ok(nai_network_build(net, 1));
  nai_state *state = make_state(net, 1, 1);
  double v = -60, g = 0;
  for (int t = 0; t < 4; t++) {
    double open = nmda ? 1 / (1 + magnesium * exp(-0.062 * v) / 3.57) : 1;
    v += 0.1 / 500 * (25 * (-70 - v) + g * open * (5 - v));
    g = (t == 0 ? 3 : 0) + (nmda ? 0 : g - 0.1 / 2 * g);
    expect_ok(nai_state_step(NULL, state, t == 0 ? &arrives : &none));
    expect_near(state, "E:v", v, 1e-5);
    expect_near(state, nmda ? "E:g_nmda" : "E:g_ampa", g, 1e-6);
    expect_near(state, "E:spike", 0, 0);
  }
  nai_state_destroy(state);
  nai_network_destroy(net);
}

START_TEST(excitation_by_hand)
{
  excite_by_hand(0, 1.2);
  excite_by_hand(1, 1.2);
  excite_by_hand(1, 0); /* nothing blocks */
}
END_TEST

/* Of the NMDA gate: x is 1 after a spike, and opens s from the step after it on. */
START_TEST(its_own_gate_by_hand)
{
  nai_network *net = compose_onto("E:current", 1, 0.1);
  const float kick = 2e5F, none = 0;
  expect_ok(nai_network_build(net, 1));
  nai_state *state = make_state(net, 1, 1);
  double x = 0, s = 0;
  for (int t = 0; t < 40; t++) {
    expect_ok(nai_state_step(NULL, state, t == 2 ? &kick : &none));
    s += 0.1 * (-s / 100 + 0.5 * x * (1 - s));
    x += (t == 2) - 0.1 * x / 2;
    expect_near(state, "E:spike", t == 2, 0);
    expect_near(state, "E:nmda", s, 1e-6);
    expect_near(state, "E:x", x, 1e-6);
  }
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/*
 * Under a current that takes it above threshold within a step, it fires at step 1, is held at reset for
 * 2 ms, 20 steps, and fires at step 22. Where v reaches the threshold exactly it fires.
 */
START_TEST(refractory_periods_are_whole_steps)
{
  nai_network *net = compose_onto("E:current", 1, 0.1);
  const float kick = 2e5F;
  expect_ok(nai_network_build(net, 1));
  nai_state *state = make_state(net, 1, 1);
  for (int t = 1; t <= 45; t++) {
    expect_ok(nai_state_step(NULL, state, &kick));
    expect_near(state, "E:spike", t % 21 == 1, 0);
    expect_near(state, "E:v", -55, 0);
  }
  nai_state_destroy(state);
  expect_ok(nai_network_set(net, "E", "threshold", -70));
  expect_ok(nai_network_set(net, "E", "refractory", 0));
  state = make_state(net, 1, 1);
  expect_ok(nai_state_step(NULL, state, NULL));
  expect_near(state, "E:spike", 1, 0);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* --- backgrounds ------------------------------------------------------------------------------ */

enum { UNITS = 300, TRIALS = 4, STEPS = 400 };

/* Counts of a state: what arrives at g_ampa, whose gate forgets at once. */
static nai_network *build_background(int other)
{
  nai_network *net = compose_onto("E:background", UNITS, 1);
  expect_ok(nai_network_add_population(net, "other", UNITS, NAI_EXCITATORY));
  expect_ok(nai_network_set_model(net, "other", "lif_conductance"));
  expect_ok(nai_network_set(net, "E other", "tau_ampa", 1));
  expect_ok(nai_network_set(net, "E other", "background_weight", 0.5));
  expect_ok(nai_network_set(net, "E", "background", 500));
  if (other) expect_ok(nai_network_set(net, "other", "background", 700));
  expect_ok(nai_network_build(net, 1));
  return net;
}

/* 500 Hz of its own and 200 Hz that arrive are 0.7 spikes a step, each of 0.5 nS, variance as the mean. */
START_TEST(a_background_is_a_poisson_process)
{
  nai_network *net = build_background(1);
  nai_state *state = make_state(net, TRIALS, 3);
  const float input[TRIALS] = {200, 200, 200, 200};
  double sum = 0, squares = 0, product = 0, far = 0;
  for (int t = 0; t < STEPS; t++) {
    expect_ok(nai_state_step(NULL, state, input));
    for (int b = 0; b < TRIALS; b++)
      for (int i = 0; i < UNITS; i++) {
        double count = (double)variable(state, "E:g_ampa", b, i) / 0.5;
        double other = (double)variable(state, "other:g_ampa", b, i) / 0.5;
        EXPECT(count == floor(count));
        sum += count;
        squares += count * count;
        product += (count - 0.7) * (other - 0.7);
        if (i >= 256) /* as many units as are drawn at once */
          far += (count - 0.7) * ((double)variable(state, "E:g_ampa", b, i - 256) / 0.5 - 0.7);
      }
  }
  double n = (double)STEPS * TRIALS * UNITS, mean = sum / n;
  ck_assert_double_eq_tol(mean, 0.7, 5 * sqrt(0.7 / n));
  ck_assert_double_eq_tol(squares / n - mean * mean, 0.7, 0.01);
  ck_assert_double_eq_tol(product / n, 0, 5 * 0.7 / sqrt(n)); /* populations share no spikes */
  n *= (UNITS - 256.0) / UNITS;
  ck_assert_double_eq_tol(far / n, 0, 5 * 0.7 / sqrt(n));
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* What another population draws, and how many trials run at once, moves no spike; nor is there one at 0 Hz. */
START_TEST(a_background_is_of_seed_trial_step_and_unit)
{
  nai_network *alone = build_background(0), *both = build_background(1);
  nai_state *one = make_state(alone, 1, 3), *many = make_state(both, TRIALS, 3);
  const float input[TRIALS] = {10, 10, -1e4F, 20};
  for (int t = 0; t < 20; t++) {
    expect_ok(nai_state_step(NULL, one, input));
    expect_ok(nai_state_step(NULL, many, input));
    for (int i = 0; i < UNITS; i++) {
      EXPECT(variable(one, "E:g_ampa", 0, i) == variable(many, "E:g_ampa", 0, i));
      EXPECT(variable(one, "other:g_ampa", 0, i) == 0);
      EXPECT(variable(many, "E:g_ampa", 2, i) == 0);
    }
  }
  nai_state_destroy(one);
  nai_state_destroy(many);
  nai_network_destroy(alone);
  nai_network_destroy(both);
}
END_TEST

/* --- refusals --------------------------------------------------------------------------------- */

START_TEST(numbers_out_of_range_are_refused)
{
  static const struct {
    const char *name;
    double value;
    const char *words;
  } bad[] = {{"capacitance", 0, "capacitance of 'E' is 0, must be"},
             {"tau_nmda", 0, "tau_nmda of 'E' is 0, must be"},
             {"refractory", -1, "refractory of 'E' is -1, must be 0"},
             {"magnesium", -1, "magnesium of 'E' is -1, must be 0"},
             {"background", -1, "background of 'E' is -1, must be 0"}};
  for (int k = 0; k < (int)(sizeof bad / sizeof *bad); k++) {
    nai_network *net = compose_onto("E:ampa+", 1, 0.1);
    expect_fails(nai_network_set(net, "E", bad[k].name, bad[k].value), NAI_ERR_INVALID,
                 bad[k].words);
    nai_network_destroy(net);
  }
}
END_TEST

START_TEST(rules_of_gradients_refuse_it_by_name)
{
  const char *const rules[] = {"bptt", "rflo", "eprop_symmetric", "snap1"};
  for (int k = 0; k < 4; k++) {
    nai_network *net = compose_onto("E:ampa+", 2, 0.1);
    nai_trainer *trainer;
    nai_optimizer *optimizer = plain_descent(0.1);
    nai_rule *rule = rule_named(rules[k], 1);
    expect_ok(nai_network_add_output(net, "z", 1));
    expect_ok(nai_network_connect(net, "E", "z"));
    expect_ok(nai_network_build(net, 1));
    expect_fails(nai_trainer_create(&trainer, net, rule, optimizer, NULL), NAI_ERR_UNSUPPORTED,
                 "'E' is of model 'lif_conductance'");
    ck_assert_ptr_null(trainer);
    nai_rule_destroy(rule);
    nai_optimizer_destroy(optimizer);
    nai_network_destroy(net);
  }
}
END_TEST

Suite *lif_conductance_suite(void);

Suite *lif_conductance_suite(void)
{
  Suite *suite = suite_create("lif_conductance");
  ADD_CASE(suite, "steps", inhibition_by_hand, excitation_by_hand, its_own_gate_by_hand,
           refractory_periods_are_whole_steps);
  ADD_CASE(suite, "background", a_background_is_a_poisson_process,
           a_background_is_of_seed_trial_step_and_unit);
  ADD_CASE(suite, "refusals", numbers_out_of_range_are_refused,
           rules_of_gradients_refuse_it_by_name);
  return suite;
}
