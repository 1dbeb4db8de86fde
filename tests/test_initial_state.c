/* Initial states that learn: gradients by central differences, updates, files. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "networks.h"
#include "rules.h"

#define STEPS 12
#define TRIALS 5

static const char *const names[] = {"a", "b", "c", "d"};
enum { POPULATIONS = 4, UNITS = 6 };

/* All leaks, long delays, a stage without delay, noise, a gain; smooth transfer functions. */
static nai_network *make_network(void)
{
  nai_network *net;
  double start[UNITS];
  expect_ok(nai_network_create(&net, 10.0));
  nai_network_add_input(net, "u", 2);
  for (int i = 0; i < POPULATIONS; i++) nai_network_add_population(net, names[i], UNITS, NAI_FREE);
  nai_network_add_output(net, "z", 2);
  nai_network_set_leak(net, "b", NAI_LEAK_RATE);
  nai_network_set_leak(net, "d", NAI_LEAK_WHOLE);
  nai_network_set_transfer(net, "a", NAI_TRANSFER_TANH);
  nai_network_set_transfer(net, "b", NAI_TRANSFER_SOFTPLUS);
  nai_network_set_transfer(net, "c", NAI_TRANSFER_LOGISTIC);
  nai_network_set_transfer(net, "d", NAI_TRANSFER_TANH);
  nai_network_set(net, "a b c d", "tau", 40.0);
  nai_network_set(net, "c", "gain", 1.5);
  nai_network_set(net, "a b", "noise", 0.05);
  nai_network_connect(net, "u", "a b");
  nai_network_connect(net, "a b c d", "a b");
  nai_network_connect(net, "a", "c d");
  nai_network_connect(net, "b c d", "z");
  nai_network_set_delay(net, "b", "a", 30.0);
  nai_network_set_delay(net, "a", "c", 0.0);
  nai_network_set_delay(net, "d", "z", 20.0);
  nai_network_set(net, "a b c d", "plastic_initial", 1);
  for (int i = 0; i < POPULATIONS; i++) {
    for (int u = 0; u < UNITS; u++) start[u] = 0.3 * sin(7 * i + u);
    nai_network_set_each(net, names[i], "initial", start, UNITS);
  }
  expect_ok(nai_network_build(net, 5));
  return net;
}

static nai_trials *make_trials(const nai_network *net)
{
  nai_trials *trials;
  float input[STEPS * TRIALS * 2], target[STEPS * TRIALS * 2];
  int32_t length[TRIALS] = {STEPS, 1, 2, 7, STEPS};
  expect_ok(nai_random_normals(input, STEPS * TRIALS * 2, 1, 0));
  expect_ok(nai_random_normals(target, STEPS * TRIALS * 2, 1, 1));
  expect_ok(nai_trials_create(&trials, net, STEPS, TRIALS));
  expect_ok(nai_trials_set_inputs(trials, NULL, input, 2));
  expect_ok(nai_trials_set_targets(trials, "z", target, 2));
  expect_ok(nai_trials_set_lengths(trials, length));
  return trials;
}

static nai_trainer *make_trainer(nai_network *net, double rate)
{
  nai_trainer *trainer;
  nai_rule *rule;
  nai_optimizer *sgd;
  nai_cost *task, *rates;
  expect_ok(nai_rule_create_bptt(&rule));
  expect_ok(nai_optimizer_create_sgd(&sgd, rate));
  expect_ok(nai_cost_create_mse(&task, "z"));
  expect_ok(nai_cost_create_l2_rates(&rates, "*"));
  expect_ok(nai_trainer_create(&trainer, net, rule, sgd, NULL));
  expect_ok(nai_trainer_add_cost(trainer, task, 1.0));
  expect_ok(nai_trainer_add_cost(trainer, rates, 0.02));
  nai_rule_destroy(rule);
  nai_optimizer_destroy(sgd);
  nai_cost_destroy(task);
  nai_cost_destroy(rates);
  return trainer;
}

static double cost_at(nai_trainer *trainer, nai_network *net, const nai_trials *trials,
                      const char *name, double *start, int unit, double shift)
{
  nai_progress now = NAI_PROGRESS_INIT;
  double kept = start[unit];
  start[unit] += shift;
  expect_ok(nai_network_set_each(net, name, "initial", start, UNITS));
  start[unit] = kept;
  expect_ok(nai_trainer_estimate_gradient(&now, trainer, trials));
  return now.cost;
}

START_TEST(test_central_differences)
{
  nai_network *net = make_network();
  nai_trials *trials = make_trials(net);
  nai_trainer *trainer = make_trainer(net, 0);
  double largest = 0, worst = 0;
  for (int i = 0; i < POPULATIONS; i++) {
    float exact[UNITS];
    double start[UNITS];
    nai_view view = NAI_VIEW_INIT;
    expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
    expect_ok(nai_trainer_initial_state_gradient(&view, trainer, names[i]));
    ck_assert_int_eq(view.shape[0], UNITS);
    memcpy(exact, view.data, sizeof exact);
    expect_ok(nai_network_get_each(start, UNITS, net, names[i], "initial"));
    for (int u = 0; u < UNITS; u++) {
      const double h = 1e-2; /* with the next order taken out: truncation h^4, rounding 1e-7 / h */
      double d1 = cost_at(trainer, net, trials, names[i], start, u, h) -
                  cost_at(trainer, net, trials, names[i], start, u, -h);
      double d2 = cost_at(trainer, net, trials, names[i], start, u, 2 * h) -
                  cost_at(trainer, net, trials, names[i], start, u, -2 * h);
      double difference = (8 * d1 - d2) / (12 * h);
      worst = fmax(worst, fabs(difference - (double)exact[u]));
      largest = fmax(largest, fabs((double)exact[u]));
    }
    expect_ok(nai_network_set_each(net, names[i], "initial", start, UNITS));
  }
  ck_assert_double_gt(largest, 1e-3);
  ck_assert_msg(worst < 1e-3 * largest, "off by %g of %g", worst, largest);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* By hand: x_1 = (1-alpha) x_0, J = mean (w x_1)^2; dJ/dx_0 = 2 w^2 (1-alpha)^2 x_0. */
START_TEST(test_one_unit_by_hand)
{
  nai_trials *trials;
  nai_network *net = COMPOSE(.dt = 1.0, .populations = {{"x", 1, NAI_FREE}}, .outputs = {{"z", 1}},
                             .projections = {{"x", "z"}});
  nai_network_set_transfer(net, "x", NAI_TRANSFER_LINEAR);
  nai_network_set(net, "x", "tau", 4.0);
  nai_network_set(net, "x", "initial", 2.0);
  nai_network_set(net, "x", "plastic_initial", 1);
  expect_ok(nai_network_build(net, 1));
  expect_ok(nai_network_set_weights(net, "x", "z", (float[]){3.0f}, 1, 1));
  expect_ok(nai_trials_create(&trials, net, 1, 2));
  expect_ok(nai_trials_set_targets(trials, "z", (float[]){0, 0}, 1));
  nai_cost *task;
  nai_rule *rule;
  nai_optimizer *sgd;
  nai_trainer *trainer;
  expect_ok(nai_rule_create_bptt(&rule));
  expect_ok(nai_optimizer_create_sgd(&sgd, 0.01));
  expect_ok(nai_cost_create_mse(&task, "z"));
  expect_ok(nai_trainer_create(&trainer, net, rule, sgd, NULL));
  expect_ok(nai_trainer_add_cost(trainer, task, 1.0));
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  nai_view view = NAI_VIEW_INIT;
  double now;
  expect_ok(nai_trainer_initial_state_gradient(&view, trainer, "x"));
  ck_assert_float_eq_tol(at(&view, 0, 0), 2 * 9 * 0.5625f * 2, 1e-5f);
  expect_ok(nai_network_get_each(&now, 1, net, "x", "initial"));
  ck_assert_double_eq_tol(now, 2 - 0.01 * 2 * 9 * 0.5625 * 2, 1e-6);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_rule_destroy(rule);
  nai_optimizer_destroy(sgd);
  nai_cost_destroy(task);
  nai_network_destroy(net);
}
END_TEST

/* What learns moves, what does not stays bit for bit, and files keep both. */
START_TEST(test_updates_and_files)
{
  nai_network *net = make_network(), *loaded;
  double before[POPULATIONS][UNITS], after[UNITS], read[UNITS];
  for (int i = 0; i < POPULATIONS; i++)
    expect_ok(nai_network_get_each(before[i], UNITS, net, names[i], "initial"));
  expect_ok(nai_network_set(net, "b", "plastic_initial", 0));
  nai_trials *trials = make_trials(net);
  nai_trainer *trainer = make_trainer(net, 0.1);
  for (int k = 0; k < 10; k++) expect_ok(nai_trainer_step(NULL, trainer, trials));
  char path[] = "/tmp/neuroai-initial-XXXXXX";
  int file = mkstemp(path);
  ck_assert_int_ge(file, 0);
  close(file);
  expect_ok(nai_trainer_save(trainer, path));
  expect_ok(nai_network_load(&loaded, path, NULL));
  for (int i = 0; i < POPULATIONS; i++) {
    expect_ok(nai_network_get_each(after, UNITS, net, names[i], "initial"));
    expect_ok(nai_network_get_each(read, UNITS, loaded, names[i], "initial"));
    for (int u = 0; u < UNITS; u++) {
      ck_assert_int_eq((float)before[i][u] == (float)after[u], i == 1);
      ck_assert_double_eq((double)(float)after[u], read[u]);
    }
  }
  for (int k = 0; k < 3; k++) expect_ok(nai_trainer_step(NULL, trainer, trials));
  uint64_t further = hash_of(net);
  expect_ok(nai_trainer_restore(trainer, path));
  ck_assert(hash_of(net) == hash_of(loaded));
  for (int k = 0; k < 3; k++) expect_ok(nai_trainer_step(NULL, trainer, trials));
  ck_assert(hash_of(net) == further);
  unlink(path);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(loaded);
  nai_network_destroy(net);
}
END_TEST

START_TEST(test_bad_arguments)
{
  nai_network *net = make_network();
  nai_trainer *trainer = make_trainer(net, 0.1);
  nai_view view = NAI_VIEW_INIT, wrong = {0};
  expect_fails(nai_trainer_initial_state_gradient(&view, trainer, "a"), NAI_ERR_ORDER,
               "no gradient");
  expect_fails(nai_trainer_initial_state_gradient(&view, trainer, "z"), NAI_ERR_NAME, "z");
  expect_fails(nai_trainer_initial_state_gradient(&view, trainer, NULL), NAI_ERR_INVALID,
               "population");
  expect_fails(nai_trainer_initial_state_gradient(&view, NULL, "a"), NAI_ERR_INVALID, "trainer");
  expect_fails(nai_trainer_initial_state_gradient(NULL, trainer, "a"), NAI_ERR_INVALID, "out");
  expect_fails(nai_trainer_initial_state_gradient(&wrong, trainer, "a"), NAI_ERR_INVALID,
               "struct_size");
  expect_fails(nai_network_set(net, "a", "plastic_initial", 0.5), NAI_ERR_INVALID, "0 or 1");
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

static double initial_of(const nai_network *net, const char *name, int unit)
{
  double value[UNITS];
  expect_ok(nai_network_get_each(value, UNITS, net, name, "initial"));
  return value[unit];
}

static nai_trainer *bounded_trainer(nai_network *net, int k)
{
  nai_rule *rule;
  nai_optimizer *sgd;
  nai_cost *cost = NULL;
  if (k == n_rules)
    expect_ok(nai_rule_create_node_perturbation(&rule, 0.1, 1));
  else
    rule = rule_made(k, 3);
  expect_ok(nai_optimizer_create_sgd(&sgd, 0.3));
  nai_trainer *trainer = trainer_of(net, rule, sgd);
  attach_cost(trainer, nai_cost_create_mse(&cost, "z"), &cost, 1);
  return trainer;
}

/* At the build and after each update, whatever the rule; those that do not learn are left alone. */
START_TEST(test_bounds_hold_under_every_rule)
{
  nai_network *net = make_network();
  expect_ok(nai_network_set(net, "a b", "initial_min", 0));
  expect_ok(nai_network_set(net, "b", "initial_max", 0.125));
  expect_ok(
      nai_network_set_each(net, "b", "plastic_initial", (double[UNITS]){1, 1, 1, 1, 1, 0}, UNITS));
  expect_ok(nai_network_set(net, "a b", "initial", 0.0625));
  expect_ok(nai_network_set_each(net, "b", "initial", (double[UNITS]){0, 0, 0, 0, 0, -3}, UNITS));
  nai_trials *trials = make_trials(net);
  int at_least = 0, at_most = 0, free_below = 0;
  for (int k = 0; k < n_rules + 1; k++) {
    nai_trainer *trainer = bounded_trainer(net, k);
    for (int update = 0; update < 4; update++) {
      expect_ok(nai_trainer_step(NULL, trainer, trials));
      for (int u = 0; u < UNITS; u++) {
        double a = initial_of(net, "a", u), b = initial_of(net, "b", u);
        EXPECT(a >= 0 && (u == 5 ? b == -3 : b >= 0 && b <= 0.125));
        at_least += a == 0 || b == 0;
        at_most += b == 0.125;
        free_below += initial_of(net, "c", u) < 0;
      }
    }
    nai_trainer_destroy(trainer);
  }
  EXPECT(at_least && at_most && free_below);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

START_TEST(test_bounds_at_the_build_and_in_files)
{
  char folder[256], path[300];
  double value[2];
  nai_network *net, *loaded;
  checks_folder(folder);
  snprintf(path, sizeof path, "%s/bounds.safetensors", folder);
  expect_ok(nai_network_create(&net, 10));
  expect_ok(nai_network_add_population(net, "a", 2, NAI_FREE));
  expect_ok(nai_network_set(net, "a", "initial", -0.5));
  expect_ok(nai_network_set(net, "a", "initial_max", 2));
  expect_ok(nai_network_set(net, "a", "initial_min", 1));
  expect_ok(nai_network_set_each(net, "a", "plastic_initial", (double[]){1, 0}, 2));
  expect_ok(nai_network_build(net, 1));
  expect_fails(nai_network_set(net, "a", "initial_max", 0.5), NAI_ERR_INVALID,
               "initial_max of 'a' is 0.5, must be at least initial_min = 1");
  expect_fails(nai_network_set_each(net, "a", "initial_min", (double[]){2, 3}, 2), NAI_ERR_INVALID,
               "initial_min of 'a' is 3, must be at most initial_max = 2");
  expect_ok(nai_network_get_each(value, 2, net, "a", "initial"));
  EXPECT(value[0] == 1 && value[1] == -0.5);
  expect_ok(nai_network_save(net, path));
  expect_ok(nai_network_load(&loaded, path, NULL));
  expect_ok(nai_network_get_each(value, 2, loaded, "a", "initial_min"));
  EXPECT(value[0] == 1 && value[1] == 1);
  expect_ok(nai_network_get_each(value, 2, loaded, "a", "initial_max"));
  EXPECT(value[0] == 2 && value[1] == 2);
  nai_network_destroy(loaded);
  nai_network_destroy(net);
}
END_TEST

Suite *initial_state_suite(void)
{
  Suite *suite = suite_create("initial_state");
  ADD_CASE(suite, "initial state", test_central_differences, test_one_unit_by_hand,
           test_updates_and_files, test_bad_arguments, test_bounds_hold_under_every_rule,
           test_bounds_at_the_build_and_in_files);
  return suite;
}
