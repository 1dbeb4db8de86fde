/*
 * The leak within the transfer function, r = phi((1 - alpha) r + alpha v + noise): by hand, against an
 * independent program in double, under every rule, its noise, states, files.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rules.h"
#include "states.h"

enum { STEPS = 11, TRIALS = 5 };

/* --- by hand ---------------------------------------------------------------------------------- */

/* One unit, alpha = 1/4, r_0 = 1, r = [.]_+ of what it gets from u by 2 and from itself by -1. */
static nai_network *build_unit(int32_t transfer)
{
  nai_network *net =
      COMPOSE(.dt = 10, .inputs = {{"u", 1}}, .populations = {{"a", 1, NAI_FREE}},
              .outputs = {{"z", 1}}, .projections = {{"u", "a"}, {"a", "a"}, {"a", "z"}});
  nai_network_set(net, "a", "tau", 40);
  nai_network_set(net, "a", "initial", 1);
  nai_network_set(net, "a", "plastic_initial", 1);
  nai_network_set_leak(net, "a", NAI_LEAK_WHOLE);
  nai_network_set_transfer(net, "a", transfer);
  nai_network_set_autapses(net, "a", "a", 1);
  expect_ok(nai_network_build(net, 1));
  expect_ok(nai_network_set_weights(net, "u", "a", &(float){2}, 1, 1));
  expect_ok(nai_network_set_weights(net, "a", "a", &(float){-1}, 1, 1));
  expect_ok(nai_network_set_weights(net, "a", "z", &(float){1}, 1, 1));
  return net;
}

START_TEST(two_steps_by_hand)
{
  nai_network *net = build_unit(NAI_TRANSFER_RELU);
  nai_state *state = make_state(net, 1, 1);
  float z[3];
  /* 0.75 + 0.25 (2 - 1) = 1; 0.75 - 0.25 = 0.5, and u = -2: 0.75 0.5 + 0.25 (-4 - 0.5) < 0 */
  expect_ok(nai_state_run(z, NULL, state, 3, (float[]){1, 0, -2}));
  EXPECT(z[0] == 1 && z[1] == 0.5F && z[2] == 0);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* r_1 = (3/4 - 1/4) r_0 + u/2, r_2 = r_1 / 2, linear. J = (z_2)^2, so dJ/dr_2 = 2 r_2. */
START_TEST(a_gradient_by_hand)
{
  nai_network *net = build_unit(NAI_TRANSFER_LINEAR);
  nai_trainer *trainer = train_by_bptt(net, 0);
  nai_cost *c;
  nai_trials *trials;
  nai_view view = NAI_VIEW_INIT;
  attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 1);
  expect_ok(nai_trials_create(&trials, net, 2, 1));
  expect_ok(nai_trials_set_inputs(trials, NULL, (float[]){1, 0}, 1));
  expect_ok(nai_trials_set_targets(trials, "z", (float[]){0, 0}, 1));
  expect_ok(nai_trials_set_mask(trials, "z", (float[]){0, 1}, 1));
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
  /* r_1 = 1, r_2 = 0.5: dJ/dr_2 = 1 (mean over one entry), dv_2 = 1/4, dr_1 = 1/2, dv_1 = 1/8 */
  expect_ok(nai_trainer_gradient(&view, trainer, "u", "a"));
  ck_assert_float_eq_tol(at(&view, 0, 0), 0.125F, 1e-6F);
  expect_ok(nai_trainer_gradient(&view, trainer, "a", "a"));
  ck_assert_float_eq_tol(at(&view, 0, 0), 0.25F * 1 + 0.125F * 1, 1e-6F);
  expect_ok(nai_trainer_initial_state_gradient(&view, trainer, "a"));
  ck_assert_float_eq_tol(at(&view, 0, 0), 0.25F, 1e-6F);
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* --- a network -------------------------------------------------------------------------------- */

static nai_network *build(int32_t transfer)
{
  nai_network *net =
      COMPOSE(.dt = 10, .inputs = {{"u", 2}},
              .populations = {{"E", 7, NAI_FREE}, {"I", 4, NAI_INHIBITORY}, {"c", 3, NAI_FREE}},
              .outputs = {{"z", 2}},
              .projections = {{"u", "E I c"}, {"E I", "E I c"}, {"c", "c E"}, {"E c", "z"}});
  nai_network_set_leak(net, "E I", NAI_LEAK_WHOLE);
  nai_network_set_transfer(net, "E I c", transfer);
  nai_network_set(net, "E", "tau", 40);
  nai_network_set(net, "I", "tau", 20);
  nai_network_set(net, "E", "noise", 0.1);
  nai_network_set(net, "I", "noise", 0.2);
  nai_network_set(net, "I", "noise_tau", 30);
  nai_network_set(net, "E I", "gain", 0.8);
  nai_network_set(net, "E I c", "bias", 0.1);
  if (transfer == NAI_TRANSFER_POWER) nai_network_set(net, "E I c", "exponent", 1.1);
  nai_network_set(net, "E I c", "initial", 0.3);
  nai_network_set(net, "E I c", "plastic_initial", 1);
  nai_network_set_delay(net, "E", "I", 0);
  nai_network_set_delay(net, "I", "E", 30);
  expect_ok(nai_network_build(net, 5));
  return net;
}

static nai_trials *make_trials(const nai_network *net)
{
  return normal_trials(net, "z", STEPS, TRIALS);
}

static nai_trainer *train(nai_network *net, nai_rule *rule, nai_optimizer *optimizer)
{
  nai_cost *c;
  nai_trainer *trainer = trainer_of(net, rule, optimizer);
  attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 1);
  attach_cost(trainer, nai_cost_create_l2_rates(&c, "*"), &c, L2_RATES);
  return trainer;
}

/* --- rules ------------------------------------------------------------------------------------ */

/* Forwards in double: all influence, of each weight on its own unit, and that and the autapse. */
static void check_rule(nai_network *net, nai_rule *rule, int kept, const char *what)
{
  nai_trials *trials = make_trials(net);
  nai_trainer *trainer = train(net, rule, plain_descent(0));
  tangents how = {.kept = kept, .l2 = L2_RATES};
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
  double *expected = tangents_gradient(trainer, &how);
  tangents_check(trainer, expected, what);
  free(expected);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
}

START_TEST(rules_follow_the_influence_forwards)
{
  nai_network *net = build(_i);
  nai_rule *rule;
  check_rule(net, bptt_rule(), TANGENTS_ALL, "bptt");
  expect_ok(nai_rule_create_rtrl(&rule));
  check_rule(net, rule, TANGENTS_ALL, "rtrl");
  expect_ok(nai_rule_create_snap1(&rule));
  check_rule(net, rule, TANGENTS_OWN, "snap1");
  expect_ok(nai_rule_create_eprop(&rule, NAI_FEEDBACK_SYMMETRIC, 1));
  check_rule(net, rule, TANGENTS_LOCAL, "eprop");
  nai_network_destroy(net);
}
END_TEST

START_TEST(every_rule_trains_it)
{
  nai_network *net = build(NAI_TRANSFER_TANH);
  nai_trials *trials = make_trials(net);
  nai_trainer *trainer = train(net, rule_made(_i, 2), adam(3e-3));
  nai_progress now = NAI_PROGRESS_INIT;
  double first = 0;
  for (int k = 0; k < 80; k++) {
    expect_ok(nai_trainer_step(&now, trainer, trials));
    if (k == 0) first = now.cost;
  }
  ck_assert_msg(now.cost < 0.9 * first, "%s: from %g to %g", all_rules[_i].name, first, now.cost);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

START_TEST(rules_that_learn_currents_refuse_it)
{
  nai_network *net = build(NAI_TRANSFER_TANH);
  nai_rule *rule;
  nai_trainer *trainer;
  nai_optimizer *sgd = plain_descent(1e-3);
  expect_ok(nai_rule_create_reward_hebbian(&rule, 1));
  expect_fails(nai_trainer_create(&trainer, net, rule, sgd, NULL), NAI_ERR_UNSUPPORTED,
               "population 'E' has its leak on the rate within the transfer function");
  nai_rule_destroy(rule);
  nai_optimizer_destroy(sgd);
  trainer = train_by_bptt(net, 0);
  nai_cost *cost;
  expect_ok(nai_cost_create_vanishing_gradient(&cost, "E"));
  expect_fails(nai_trainer_add_cost(trainer, cost, 1), NAI_ERR_UNSUPPORTED,
               "'E' has it on the rate within the transfer function");
  nai_cost_destroy(cost);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
  net = COMPOSE(.dt = 10, .populations = {{"A", 3, NAI_FREE}}, .outputs = {{"z", 1}});
  nai_network_set_model(net, "A", "adaptive_rate");
  nai_network_connect(net, "A", "A z");
  expect_ok(nai_network_build(net, 1));
  trainer = train_by_bptt(net, 0);
  expect_ok(nai_cost_create_vanishing_gradient(&cost, "A"));
  expect_fails(nai_trainer_add_cost(trainer, cost, 1), NAI_ERR_UNSUPPORTED,
               "needs rate units, 'A' is of model 'adaptive_rate'");
  nai_cost_destroy(cost);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

START_TEST(bits_depend_on_no_threads)
{
  uint64_t hash[2];
  for (int k = 0; k < 2; k++) {
    nai_network *net = build(NAI_TRANSFER_SOFTPLUS);
    nai_trials *trials = make_trials(net);
    nai_trainer *trainer = train(net, bptt_rule(), adam(1e-2));
    expect_ok(nai_trainer_set(trainer, "threads", k ? 3 : 1));
    for (int update = 0; update < 3; update++) expect_ok(nai_trainer_step(NULL, trainer, trials));
    hash[k] = hash_of(net);
    nai_trainer_destroy(trainer);
    nai_trials_destroy(trials);
    nai_network_destroy(net);
  }
  EXPECT(hash[0] == hash[1]);
}
END_TEST

/* --- noise ------------------------------------------------------------------------------------ */

enum { NOISY = 4000 };

static nai_network *build_noisy(double noise_tau, double output_noise)
{
  nai_network *net = COMPOSE(.dt = 10, .populations = {{"a", NOISY, NAI_FREE}});
  nai_network_set_leak(net, "a", NAI_LEAK_WHOLE);
  nai_network_set_transfer(net, "a", NAI_TRANSFER_LINEAR);
  nai_network_set(net, "a", "tau", 40);
  nai_network_set(net, "a", "noise", output_noise > 0 ? 0 : 0.3);
  nai_network_set(net, "a", "noise_tau", noise_tau);
  nai_network_set(net, "a", "output_noise", output_noise);
  expect_ok(nai_network_build(net, 1));
  return net;
}

/* Variance over units after so many steps. */
static double variance_after(const nai_network *net, int64_t steps)
{
  nai_state *state = make_state(net, 1, 3);
  double sum = 0;
  expect_ok(nai_state_run(NULL, NULL, state, steps, NULL));
  for (int64_t i = 0; i < NOISY; i++) {
    double r = (double)rate_of(state, "a", 0, i);
    sum += r * r / NOISY;
  }
  nai_state_destroy(state);
  return sum;
}

/* The standard error of a variance is sqrt(2 / n) of it: 2.2 %, four of which are 9 %. */
static void expect_variance(double found, double expected)
{
  ck_assert_msg(fabs(found / expected - 1) < 0.09, "%g, not %g", found, expected);
}

START_TEST(noise_has_its_variance)
{
  const double alpha = 0.25, sigma = 0.3, a = exp(-10 / 25.0), c = (1 - alpha) * a;
  nai_network *net = build_noisy(0, 0);
  expect_variance(variance_after(net, 1), 2 * alpha * sigma * sigma);
  expect_variance(variance_after(net, 100), sigma * sigma / (1 - alpha / 2));
  nai_network_destroy(net);
  net = build_noisy(25, 0); /* stationary from the first step on */
  expect_variance(variance_after(net, 1), alpha * alpha * sigma * sigma);
  expect_variance(variance_after(net, 100),
                  sigma * sigma * alpha / (2 - alpha) * (1 + c) / (1 - c));
  nai_network_destroy(net);
  net = build_noisy(0, 0.2); /* as it is, whatever dt is */
  expect_variance(variance_after(net, 1), 0.04);
  expect_variance(variance_after(net, 100), 0.04 / (1 - (1 - alpha) * (1 - alpha)));
  nai_network_destroy(net);
}
END_TEST

/* --- states and files ------------------------------------------------------------------------- */

START_TEST(states_are_rates)
{
  nai_network *net = build_unit(NAI_TRANSFER_LINEAR);
  nai_state *state = make_state(net, 1, 1);
  nai_view view = NAI_VIEW_INIT;
  float z;
  expect_fails(nai_state_currents(&view, state, "a"), NAI_ERR_UNSUPPORTED,
               "'a' has its leak on the rate within the transfer function, and so no currents");
  expect_ok(nai_state_set_rates(state, "a", &(float){2}, 1));
  expect_ok(nai_state_step(&z, state, NULL));
  EXPECT(z == 1); /* 3/4 2 - 1/4 2 */
  expect_ok(nai_state_clamp(state, "a", 4));
  expect_ok(nai_state_step(&z, state, NULL)); /* 3/4 1 - 1/4 1 of its own */
  EXPECT(z == 4);
  expect_ok(nai_state_variable(&view, state, "a:r"));
  EXPECT(at(&view, 0, 0) == 0.5F);
  expect_ok(nai_state_release(state, "a"));
  expect_ok(nai_state_step(&z, state, NULL)); /* 3/4 0.5 - 1/4 4 */
  EXPECT(z == -0.625F && at(&view, 0, 0) == z);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

START_TEST(files_have_it)
{
  char folder[256], path[300], text[4096] = "";
  nai_network *net = build(NAI_TRANSFER_TANH), *loaded;
  int32_t leak = -1;
  checks_folder(folder);
  snprintf(path, sizeof path, "%s/whole.safetensors", folder);
  expect_ok(nai_network_save(net, path));
  expect_ok(nai_network_load(&loaded, path, NULL));
  expect_ok(nai_network_leak(&leak, loaded, "I"));
  EXPECT(leak == NAI_LEAK_WHOLE);
  EXPECT(hash_of(net) == hash_of(loaded));
  FILE *file = fopen(path, "rb");
  EXPECT(file && fread(text, 1, sizeof text - 1, file) > 100);
  fclose(file);
  for (size_t i = 0; i < sizeof text - 1; i++) text[i] = text[i] ? text[i] : ' ';
  EXPECT(strstr(text, "\"leak\\\":\\\"whole\\\"") || strstr(text, "\"leak\":\"whole\""));
  EXPECT(strstr(text, "format\\\":2") || strstr(text, "format\":2"));
  nai_state *a = make_state(net, 2, 7), *b = make_state(loaded, 2, 7);
  expect_ok(nai_state_run(NULL, NULL, a, 9, NULL));
  expect_ok(nai_state_run(NULL, NULL, b, 9, NULL));
  EXPECT(same_states(a, b));
  nai_state_destroy(a);
  nai_state_destroy(b);
  nai_network_destroy(loaded);
  nai_network_destroy(net);
  unlink(path);
  rmdir(folder);
}
END_TEST

Suite *leak_suite(void);

Suite *leak_suite(void)
{
  Suite *suite = suite_create("leak");
  ADD_CASE(suite, "hand", two_steps_by_hand, a_gradient_by_hand);
  TCase *rules = tcase_create("rules");
  tcase_add_loop_test(rules, rules_follow_the_influence_forwards, 0, transfers());
  tcase_add_loop_test(rules, every_rule_trains_it, 0, n_rules);
  suite_add_tcase(suite, rules);
  ADD_CASE(suite, "refusals", rules_that_learn_currents_refuse_it, bits_depend_on_no_threads);
  ADD_CASE(suite, "noise", noise_has_its_variance);
  ADD_CASE(suite, "states", states_are_rates, files_have_it);
  return suite;
}
