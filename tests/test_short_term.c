/*
 * Short-term plasticity: two steps by hand, steady states, who shares it, what acts on what is released,
 * states, and what is refused. Gradients, files and rules: test_models.c; an independent program's
 * numbers: bindings/python/tests/test_short_term.py.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "faults.h"
#include "networks.h"
#include "rules.h"
#include "states.h"

static nai_short_term *one(double U, double tau_x, double tau_u, double hz)
{
  nai_short_term *made;
  expect_ok(nai_short_term_create(&made, 1, &U, &tau_x, &tau_u, &hz));
  return made;
}

static void give(nai_network *net, const char *from, const char *to, nai_short_term *short_term)
{
  expect_ok(nai_network_set_short_term(net, from, to, short_term));
  nai_short_term_destroy(short_term);
}

static void set_weight(nai_network *net, const char *from, const char *to, float weight)
{
  expect_ok(nai_network_set_weights(net, from, to, &weight, 1, 1));
}

/*
 * "S", whose rate is its input, onto "T" and "V", whose rates are what they receive: T and V (by the
 * delay of a step) are what S released in the step before, and "W" what it released now.
 */
static nai_network *compose_line(void)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, 10));
  nai_network_add_input(net, "u", 1);
  nai_network_add_population(net, "S", 1, NAI_FREE);
  nai_network_add_population(net, "T", 1, NAI_FREE);
  nai_network_add_population(net, "V", 1, NAI_FREE);
  nai_network_add_population(net, "W", 1, NAI_FREE);
  nai_network_add_output(net, "z", 1);
  nai_network_set(net, "S T V W", "tau", 10);
  nai_network_set_transfer(net, "*", NAI_TRANSFER_LINEAR);
  nai_network_connect(net, "u", "S");
  nai_network_connect(net, "S", "T V W");
  nai_network_connect(net, "T", "z");
  nai_network_set_delay(net, "S", "W", 0);
  return net;
}

static nai_network *build_line(nai_network *net)
{
  expect_ok(nai_network_build(net, 1));
  set_weight(net, "u", "S", 1);
  set_weight(net, "S", "T", 1);
  set_weight(net, "S", "V", 1);
  set_weight(net, "S", "W", 1);
  return net;
}

static void step(nai_state *state, float input)
{
  expect_ok(nai_state_step(NULL, state, &input));
}

static void expect_near(float ours, double expected)
{
  ck_assert_msg(fabs((double)ours - expected) < 1e-6, "%.9g, not %.9g", (double)ours, expected);
}

static float u_of(nai_state *state, const char *to)
{
  nai_view u = NAI_VIEW_INIT;
  expect_ok(nai_state_short_term(&u, NULL, state, "S", to));
  return at(&u, 0, 0);
}

static float x_of(nai_state *state, const char *to)
{
  nai_view x = NAI_VIEW_INIT;
  expect_ok(nai_state_short_term(NULL, &x, state, "S", to));
  return at(&x, 0, 0);
}

/* --- the equation ----------------------------------------------------------------------------- */

/* R = 100 Hz 10 ms = 1, dt / tau_x = .1, dt / tau_u = .2. */
START_TEST(two_steps_by_hand)
{
  nai_network *net = compose_line();
  nai_short_term *all = one(0.5, 100, 50, 100);
  expect_ok(nai_network_set_short_term(net, "S", "T V W", all));
  nai_short_term_destroy(all);
  nai_state *state = make_state(build_line(net), 1, 1);
  expect_near(u_of(state, "T"), 0.5); /* one step at time 0, of a rate of 0 */
  expect_near(x_of(state, "T"), 1);
  step(state, 0.2F);
  expect_near(u_of(state, "T"), 0.55);           /* .5 + .5 (1 - .5) .2 */
  expect_near(x_of(state, "T"), 0.9);            /* 1 - .5 1 .2 */
  expect_near(rate_of(state, "W", 0, 0), 0.099); /* .55 .9 .2 */
  expect_near(rate_of(state, "T", 0, 0), 0);
  step(state, 0.4F);
  expect_near(u_of(state, "T"), 0.63);  /* .55 + .2 (.5 - .55) + .5 (1 - .55) .4 */
  expect_near(x_of(state, "T"), 0.712); /* .9 + .1 (1 - .9) - .55 .9 .4 */
  expect_near(rate_of(state, "W", 0, 0), 0.179424);
  expect_near(rate_of(state, "T", 0, 0), 0.099);
  expect_near(rate_of(state, "S", 0, 0), 0.4);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* The step at time 0 has the initial rates, which what is delayed carries before. */
START_TEST(it_steps_once_at_time_0)
{
  nai_network *net = compose_line();
  give(net, "S", "T V", one(0.5, 100, 50, 100));
  nai_network_set_delay(net, "S", "V", 30);
  nai_network_set(net, "S", "initial", 0.2);
  nai_state *state = make_state(build_line(net), 1, 1);
  expect_near(u_of(state, "V"), 0.55);
  expect_near(x_of(state, "V"), 0.9);
  step(state, 0);
  expect_near(rate_of(state, "T", 0, 0), 0.099);
  for (int k = 0; k < 3; k++) {
    expect_near(rate_of(state, "V", 0, 0), 0.099);
    step(state, 0);
  }
  expect_near(rate_of(state, "V", 0, 0), 0);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/*
 * At a steady rate r, u = U (1 + tau_u r) / (1 + U tau_u r) and x = 1 / (1 + u tau_x r) (Mongillo et
 * al. 2008): what is released of 10 Hz grows by facilitation, and falls by depression.
 */
START_TEST(steady_states)
{
  static const double of[][3] = {{0.15, 200, 1500}, {0.45, 1500, 200}};
  nai_network *net = compose_line();
  give(net, "S", "W", one(of[_i][0], of[_i][1], of[_i][2], 1));
  nai_state *state = make_state(build_line(net), 1, 1);
  const double r = 10, per_ms = r / 1000, U = of[_i][0],
               u = U * (1 + of[_i][2] * per_ms) / (1 + U * of[_i][2] * per_ms),
               x = 1 / (1 + u * of[_i][1] * per_ms);
  step(state, (float)r);
  float first = rate_of(state, "W", 0, 0);
  for (int k = 0; k < 2000; k++) step(state, (float)r);
  ck_assert_double_eq_tol((double)u_of(state, "W"), u, 1e-4);
  ck_assert_double_eq_tol((double)x_of(state, "W"), x, 1e-4);
  ck_assert_double_eq_tol((double)rate_of(state, "W", 0, 0), u * x * r, 1e-3);
  EXPECT((rate_of(state, "W", 0, 0) > first) == (_i == 0));
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

START_TEST(both_stay_within_0_and_1)
{
  nai_network *net = compose_line();
  give(net, "S", "T", one(0.5, 1, 1, 1000)); /* time constants below dt act as dt */
  nai_state *state = make_state(build_line(net), 1, 1);
  const float rates[] = {1, 5, -5, 100, -100, 0, 0};
  for (int k = 0; k < 7; k++) {
    step(state, rates[k]);
    EXPECT(u_of(state, "T") >= 0 && u_of(state, "T") <= 1);
    EXPECT(x_of(state, "T") >= 0 && x_of(state, "T") <= 1);
  }
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* --- whose it is ------------------------------------------------------------------------------ */

/* One object: one u and x. Another with the same numbers: its own, here with the same values. */
START_TEST(projections_share_an_object)
{
  nai_network *net = compose_line();
  nai_short_term *shared = one(0.5, 100, 50, 100), *got;
  expect_ok(nai_network_set_short_term(net, "S", "T W", shared));
  give(net, "S", "V", one(0.5, 100, 50, 100));
  expect_ok(nai_network_short_term(&got, net, "S", "T"));
  EXPECT(got == shared);
  nai_short_term_destroy(got);
  nai_short_term_destroy(shared);
  expect_ok(nai_network_short_term(&got, net, "u", "S"));
  ck_assert_ptr_null(got);
  nai_state *state = make_state(build_line(net), 1, 1);
  nai_view t = NAI_VIEW_INIT, v = NAI_VIEW_INIT, w = NAI_VIEW_INIT;
  step(state, 0.5F);
  step(state, 0.5F);
  expect_ok(nai_state_short_term(&t, NULL, state, "S", "T"));
  expect_ok(nai_state_short_term(&v, NULL, state, "S", "V"));
  expect_ok(nai_state_short_term(&w, NULL, state, "S", "W"));
  EXPECT(t.data == w.data && t.data != v.data);
  EXPECT(at(&t, 0, 0) == at(&v, 0, 0));
  EXPECT(rate_of(state, "T", 0, 0) == rate_of(state, "V", 0, 0));
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* A U of 1 that sees no rates carries what is sent; and NULL takes plasticity away again. */
START_TEST(none_is_none)
{
  nai_network *net = compose_line();
  give(net, "S", "T", one(1, 100, 100, 0));
  give(net, "S", "W", one(0.5, 100, 50, 100));
  expect_ok(nai_network_set_short_term(net, "S", "W", NULL));
  nai_state *state = make_state(build_line(net), 1, 1);
  step(state, 0.3F);
  expect_near(rate_of(state, "W", 0, 0), 0.3);
  step(state, 0);
  EXPECT(rate_of(state, "T", 0, 0) == rate_of(state, "V", 0, 0));
  expect_fails(nai_state_short_term(NULL, NULL, state, "S", "W"), NAI_ERR_INVALID,
               "no short-term plasticity from 'S' to 'W'");
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* --- states ----------------------------------------------------------------------------------- */

/* What is imposed is what is released; units go on from their own rate. */
START_TEST(what_is_imposed_is_released)
{
  nai_network *net = compose_line();
  give(net, "S", "T W", one(0.5, 100, 50, 100));
  nai_state *state = make_state(build_line(net), 1, 1);
  expect_ok(nai_state_clamp(state, "S", 0.2));
  step(state, 5);
  expect_near(rate_of(state, "W", 0, 0), 0.099);
  expect_ok(nai_state_clamp(state, "S", 0));
  step(state, 5);
  expect_near(rate_of(state, "W", 0, 0), 0);
  expect_near(x_of(state, "T"), 0.91); /* recovers by .1 of .1 */
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* Rates that are set are sent in place of those that were: the step is made again from before. */
START_TEST(rates_that_are_set_are_released)
{
  nai_network *net = compose_line();
  give(net, "S", "T W", one(0.5, 100, 50, 100));
  expect_ok(nai_network_set_leak(net, "S", NAI_LEAK_RATE));
  nai_network_set_delay(net, "S", "V", 20);
  nai_state *state = make_state(build_line(net), 1, 1);
  const float rate = 0.2F;
  for (int k = 0; k < 2; k++) {
    expect_ok(nai_state_set_rates(state, "S", &rate, 1));
    expect_near(u_of(state, "T"), 0.55);
    expect_near(x_of(state, "T"), 0.9);
    expect_ok(nai_state_reset(state));
    step(state, 7);
  }
  expect_ok(nai_state_set_rates(state, "S", &rate, 1));
  step(state, 0);
  expect_near(rate_of(state, "T", 0, 0), 0.099);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* --- rules ------------------------------------------------------------------------------------ */

/* Two units that send what is released to two that are read; those read themselves have synapses of their
 * own, each onto itself. */
static nai_network *build_chain_of(int own, double delay)
{
  nai_network *net =
      COMPOSE(.dt = 10, .inputs = {{"u", 2}},
              .populations = {{"S", 2, NAI_FREE}, {"T", 1, NAI_FREE}}, .outputs = {{"z", 1}},
              .projections = {{"u", "S T"}, {"S", "T"}, {"T", "z"}});
  nai_network_set(net, "S T", "tau", 20);
  nai_network_set_transfer(net, "S T", NAI_TRANSFER_SOFTPLUS);
  give(net, "S", "T", one(0.4, 100, 60, 30));
  if (own) {
    nai_network_connect(net, "T", "T");
    nai_network_set_autapses(net, "T", "T", 1);
    give(net, "T", "T", one(0.4, 100, 60, 30));
  }
  if (delay > 0) nai_network_set_delay(net, "S", "T", delay);
  expect_ok(nai_network_build(net, 5));
  return net;
}

static nai_network *build_chain(int own)
{
  return build_chain_of(own, 0);
}

enum { CHAIN_STEPS = 9 };

/* Its gradient between two populations, at [0][0] and [0][1] where there is one, by this rule. */
static void gradient_by(double out[2], nai_rule *rule, const nai_network *from_net,
                        const char *from)
{
  nai_network *net;
  nai_cost *c;
  nai_view view = NAI_VIEW_INIT;
  expect_ok(nai_network_copy(&net, from_net));
  nai_trials *trials = normal_trials(net, "z", CHAIN_STEPS, 2);
  nai_trainer *trainer = trainer_of(net, rule, plain_descent(0));
  attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 1);
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
  expect_ok(nai_trainer_gradient(&view, trainer, from, "T"));
  out[0] = (double)at(&view, 0, 0);
  out[1] = view.shape[1] > 1 ? (double)at(&view, 0, 1) : 0;
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}

/*
 * Onto units that are read and send nothing on, e-prop is the gradient, with what was released as what
 * came in; onto those that send to themselves alone SnAp-1 is, through u and x of their own synapse, which
 * e-prop leaves out.
 */
START_TEST(local_rules_keep_what_is_a_unit_s_own)
{
  nai_network *net = build_chain(_i);
  nai_rule *eprop, *snap1;
  double exact[2], local[2];
  for (int k = 0; k < 1 + _i; k++) {
    const char *from = k ? "T" : "S";
    expect_ok(nai_rule_create_eprop(&eprop, NAI_FEEDBACK_SYMMETRIC, 1));
    expect_ok(nai_rule_create_snap1(&snap1));
    gradient_by(exact, bptt_rule(), net, from);
    EXPECT(fabs(exact[0]) > 1e-4);
    gradient_by(local, snap1, net, from);
    for (int i = 0; i < 2; i++) ck_assert_double_eq_tol(local[i], exact[i], 1e-5 * fabs(exact[0]));
    gradient_by(local, eprop, net, from);
    if (!_i)
      for (int i = 0; i < 2; i++)
        ck_assert_double_eq_tol(local[i], exact[i], 1e-5 * fabs(exact[0]));
    else
      EXPECT(fabs(local[0] - exact[0]) > 1e-3 * fabs(exact[0]));
  }
  nai_network_destroy(net);
}
END_TEST

/* The rule, with an update every so many steps of a trial, or 0. */
static nai_rule *within(int which, double every)
{
  static const char *const names[] = {"rflo", "eprop_symmetric", "eprop_random", "eprop_adaptive"};
  nai_rule *rule = rule_named(names[which], 3);
  expect_ok(nai_rule_set(rule, "update_every", every));
  return rule;
}

static nai_trainer *train_chain(nai_network *net, nai_rule *rule, double rate)
{
  nai_cost *c;
  nai_trainer *trainer = trainer_of(net, rule, plain_descent(rate));
  attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 1);
  attach_cost(trainer, nai_cost_create_l2_rates(&c, "S T"), &c, 0.1);
  return trainer;
}

/* Traces of what was released add up to the gradient of whole trials, with delays of synapses too. */
START_TEST(traces_are_of_what_is_released)
{
  nai_network *net = build_chain_of(1, _i / 4 * 30);
  nai_trials *trials = normal_trials(net, "z", CHAIN_STEPS, 1);
  nai_trainer *whole = train_chain(net, within(_i % 4, 0), 0),
              *online = train_chain(net, within(_i % 4, 1000), 0);
  nai_view a = NAI_VIEW_INIT, b = NAI_VIEW_INIT;
  expect_ok(nai_trainer_estimate_gradient(NULL, whole, trials));
  expect_ok(nai_trainer_step(NULL, online, trials));
  for (int to_itself = 0; to_itself < 2; to_itself++) {
    expect_ok(nai_trainer_gradient(&a, whole, to_itself ? "T" : "S", "T"));
    expect_ok(nai_trainer_gradient(&b, online, to_itself ? "T" : "S", "T"));
    for (int64_t j = 0; j < a.shape[1]; j++) {
      EXPECT(fabs((double)at(&a, 0, j)) > 1e-5);
      ck_assert_double_eq_tol((double)at(&b, 0, j), (double)at(&a, 0, j),
                              1e-5 * fabs((double)at(&a, 0, j)));
    }
  }
  nai_trainer_destroy(whole);
  nai_trainer_destroy(online);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* An agent's synapses release what those of a state do, while its weights change. */
START_TEST(agents_have_short_term_plasticity)
{
  nai_network *net = build_chain(1), *copy;
  expect_ok(nai_network_copy(&copy, net));
  nai_trainer *trainer = train_chain(copy, within(0, 1), 0),
              *learning = train_chain(net, within(0, 1), 0.05);
  nai_agent *agent, *learner;
  expect_ok(nai_agent_create(&agent, trainer));
  expect_ok(nai_agent_create(&learner, learning));
  nai_network *still;
  expect_ok(nai_network_copy(&still, net));
  nai_state *state = make_state(still, 1, 1);
  float input[CHAIN_STEPS * 2], target = 1;
  expect_ok(nai_random_normals(input, CHAIN_STEPS * 2, 3, 0));
  for (int t = 0; t < CHAIN_STEPS; t++) {
    nai_experience now = NAI_EXPERIENCE_INIT;
    float out[3];
    now.input = input + 2 * t;
    now.target = &target;
    expect_ok(nai_agent_step(out, agent, &now));
    expect_ok(nai_agent_step(out + 1, learner, &now));
    expect_ok(nai_state_step(out + 2, state, input + 2 * t));
    ck_assert_float_eq(out[0], out[2]);
    EXPECT(t < 3 || out[1] != out[0]);
  }
  nai_agent_destroy(agent);
  nai_agent_destroy(learner);
  nai_state_destroy(state);
  nai_trainer_destroy(trainer);
  nai_trainer_destroy(learning);
  nai_network_destroy(still);
  nai_network_destroy(copy);
  nai_network_destroy(net);
}
END_TEST

START_TEST(other_rules_name_the_projection)
{
  nai_network *net = build_chain(0);
  for (int k = 0; k < 4; k++) {
    nai_rule *rule;
    nai_trainer *trainer;
    nai_optimizer *sgd = plain_descent(1e-3);
    expect_ok(k == 0   ? nai_rule_create_uoro(&rule, 1)
              : k == 1 ? nai_rule_create_node_perturbation(&rule, 0.1, 1)
              : k == 2 ? nai_rule_create_weight_mirror(&rule, 1)
                       : nai_rule_create_force(&rule));
    expect_fails(nai_trainer_create(&trainer, net, rule, sgd, NULL), NAI_ERR_UNSUPPORTED,
                 "short-term plasticity, as from 'S' to 'T'");
    nai_rule_destroy(rule);
    nai_optimizer_destroy(sgd);
  }
  nai_network_destroy(net);
}
END_TEST

/* --- memory ----------------------------------------------------------------------------------- */

static nai_status give_quietly(nai_network *net, const char *to, int64_t n, double U)
{
  const double all_U[2] = {U, U}, tau[2] = {100, 60}, hz[2] = {30, 20};
  nai_short_term *made;
  nai_status status = nai_short_term_create(&made, n, all_U, tau, tau, hz);
  if (status == NAI_OK) status = nai_network_set_short_term(net, "S", to, made);
  nai_short_term_destroy(made);
  return status;
}

START_TEST(without_memory)
{
  uint64_t whole = 0;
  int failures = 0;
  for (nai_status status = NAI_ERR_MEMORY; status != NAI_OK || !whole; failures++) {
    nai_network *net = NULL, *copy = NULL;
    nai_state *state = NULL;
    faults_fail_allocation(whole ? failures : -1);
    status = nai_network_create(&net, 10);
    if (status == NAI_OK) {
      nai_network_add_population(net, "S", 2, NAI_FREE);
      nai_network_add_population(net, "T", 1, NAI_FREE);
      nai_network_connect(net, "S", "S T");
      status = give_quietly(net, "T", 1, 0.4);
      if (status == NAI_OK) status = give_quietly(net, "S", 2, 0.2);
      if (status == NAI_OK) status = nai_network_build(net, 3);
      if (status == NAI_OK) status = nai_network_copy(&copy, net);
      if (status == NAI_OK) status = nai_state_create(&state, copy, 2, 1);
    }
    faults_fail_allocation(-1);
    EXPECT(status == NAI_OK || status == NAI_ERR_MEMORY);
    if (status == NAI_OK && whole) EXPECT(hash_of(copy) == whole);
    if (!whole) {
      whole = hash_of(copy);
      failures = -1;
      status = NAI_ERR_MEMORY;
    }
    nai_state_destroy(state);
    nai_network_destroy(copy);
    nai_network_destroy(net);
  }
  ck_assert_int_gt(failures, 20);
}
END_TEST

/* --- refusals --------------------------------------------------------------------------------- */

START_TEST(wrong_numbers_are_refused)
{
  const double good[2] = {0.5, 0.5}, tau[2] = {10, 20}, bad[][2] = {{0.5, 1.1}, {0.5, (double)NAN}},
               none[2] = {10, 0};
  nai_short_term *made;
  double values[2];
  expect_fails(nai_short_term_create(NULL, 1, good, tau, tau, good), NAI_ERR_INVALID, "out");
  expect_fails(nai_short_term_create(&made, 0, good, tau, tau, good), NAI_ERR_INVALID, "n is 0");
  expect_fails(nai_short_term_create(&made, 1, NULL, tau, tau, good), NAI_ERR_INVALID, "U");
  expect_fails(nai_short_term_create(&made, 1, good, tau, NULL, good), NAI_ERR_INVALID, "tau_u");
  expect_fails(nai_short_term_create(&made, 2, bad[0], tau, tau, good), NAI_ERR_INVALID,
               "U[1] is 1.1, must be 0 to 1");
  expect_fails(nai_short_term_create(&made, 2, bad[1], tau, tau, good), NAI_ERR_INVALID, "U[1]");
  expect_fails(nai_short_term_create(&made, 2, good, none, tau, good), NAI_ERR_INVALID,
               "tau_x[1] is 0");
  expect_fails(nai_short_term_create(&made, 1, good, tau, tau, (double[]){-1}), NAI_ERR_INVALID,
               "hz[0] is -1");
  ck_assert_ptr_null(made);
  expect_ok(nai_short_term_create(&made, 2, good, tau, tau, good));
  ck_assert_int_eq(nai_short_term_size(made), 2);
  ck_assert_int_eq(nai_short_term_size(NULL), -1);
  expect_ok(nai_short_term_get(values, 2, made, "tau_u"));
  EXPECT(values[0] == 10 && values[1] == 20);
  expect_fails(nai_short_term_get(values, 1, made, "U"), NAI_ERR_INVALID, "n is 1, must be 2");
  expect_fails(nai_short_term_get(values, 2, made, "tau"), NAI_ERR_NAME, "U, tau_x, tau_u, hz");
  expect_fails(nai_short_term_get(values, 2, NULL, "U"), NAI_ERR_INVALID, "short_term");
  expect_fails(nai_short_term_get(NULL, 2, made, "U"), NAI_ERR_INVALID, "values");
  expect_fails(nai_short_term_get(values, 2, made, NULL), NAI_ERR_INVALID, "parameter");
  nai_short_term_destroy(made);
  nai_short_term_destroy(NULL);
}
END_TEST

START_TEST(wrong_projections_are_refused)
{
  static const struct {
    const char *from, *to, *words;
    nai_status code;
  } bad[] = {{"u", "S", "'u' is an input", NAI_ERR_UNSUPPORTED},
             {"S", "T", "short_term has 2 values, must have 1 or 1, one for each unit of 'S'",
              NAI_ERR_INVALID},
             {"S", "X", "X", NAI_ERR_NAME}};
  nai_short_term *two, *got;
  const double U[2] = {0.5, 0.5}, tau[2] = {10, 20};
  expect_ok(nai_short_term_create(&two, 2, U, tau, tau, U));
  for (int k = 0; k < 3; k++) {
    nai_network *net = compose_line();
    expect_fails(nai_network_set_short_term(net, bad[k].from, bad[k].to, two), bad[k].code,
                 bad[k].words);
    nai_network_destroy(net);
  }
  nai_network *net = build_line(compose_line());
  expect_fails(nai_network_set_short_term(net, "S", "T", two), NAI_ERR_ORDER, "");
  expect_fails(nai_network_short_term(&got, net, "S", "u"), NAI_ERR_NAME, "u");
  ck_assert_ptr_null(got);
  expect_fails(nai_network_short_term(NULL, net, "S", "T"), NAI_ERR_INVALID, "out");
  nai_network_destroy(net);
  nai_short_term_destroy(two);
  expect_ok(nai_network_create(&net, 10));
  nai_network_add_population(net, "E", 2, NAI_FREE);
  expect_fails(nai_network_set_model(net, "E", "tsodyks_markram"), NAI_ERR_NAME,
               "stands before projections");
  nai_network_destroy(net);
}
END_TEST

START_TEST(its_fields_are_listed)
{
  nai_field field = NAI_FIELD_INIT;
  const int n[] = {0, 4, 2, 1, 1};
  for (int32_t list = NAI_MODEL_SIZES; list <= NAI_MODEL_SIGNALS; list++) {
    for (int k = 0; k < n[list]; k++)
      expect_ok(nai_model_field(&field, "tsodyks_markram", list, k));
    expect_fails(nai_model_field(&field, "tsodyks_markram", list, n[list]), NAI_ERR_INVALID,
                 "index");
  }
  ck_assert_str_eq(field.name, "released");
}
END_TEST

Suite *short_term_suite(void);

Suite *short_term_suite(void)
{
  Suite *suite = suite_create("short_term");
  ADD_CASE(suite, "equation", two_steps_by_hand, it_steps_once_at_time_0, both_stay_within_0_and_1);
  TCase *steady = tcase_create("steady");
  tcase_add_loop_test(steady, steady_states, 0, 2);
  suite_add_tcase(suite, steady);
  ADD_CASE(suite, "sharing", projections_share_an_object, none_is_none);
  ADD_CASE(suite, "states", what_is_imposed_is_released, rates_that_are_set_are_released);
  TCase *rules = tcase_create("rules");
  tcase_add_loop_test(rules, local_rules_keep_what_is_a_unit_s_own, 0, 2);
  tcase_add_loop_test(rules, traces_are_of_what_is_released, 0, 8);
  tcase_add_test(rules, agents_have_short_term_plasticity);
  suite_add_tcase(suite, rules);
  ADD_CASE(suite, "memory", without_memory);
  ADD_CASE(suite, "refusals", other_rules_name_the_projection, wrong_numbers_are_refused,
           wrong_projections_are_refused, its_fields_are_listed);
  return suite;
}
