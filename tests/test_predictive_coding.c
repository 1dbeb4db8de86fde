/* Predictive coding: with predictions fixed it is backpropagation, else it tends to that. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "faults.h"
#include "oracle.h"
#include "refusals.h"

static nai_rule *coding(double fixed, double steps, double rate, double reach)
{
  nai_rule *rule;
  expect_ok(nai_rule_create_predictive_coding(&rule));
  expect_ok(nai_rule_set(rule, "fixed", fixed));
  expect_ok(nai_rule_set(rule, "steps", steps));
  expect_ok(nai_rule_set(rule, "rate", rate));
  expect_ok(nai_rule_set(rule, "reach", reach));
  return rule;
}

/* --- backpropagation -------------------------------------------------------------------------- */

/* Largest difference of the gradients of two trainers of a network, over the largest gradient. */
static double difference(nai_trainer *a, nai_trainer *b, const nai_trials *trials)
{
  const nai_network *net = a->plasticity.net;
  double most = 0, largest = 0;
  expect_ok(nai_trainer_estimate_gradient(NULL, a, trials));
  expect_ok(nai_trainer_estimate_gradient(NULL, b, trials));
  for (int64_t i = 0; i < net->n_theta; i++) {
    double ours = (double)a->plasticity.gradient[i], exact = (double)b->plasticity.gradient[i];
    most = fmax(most, fabs(ours - exact));
    largest = fmax(largest, fabs(exact));
  }
  EXPECT(largest > 0);
  return most / largest;
}

START_TEST(test_reference_cases)
{
  const char *kernels;
  for (int k = 0; (kernels = oracle_kernels(k)); k++) {
    oracle o;
    ck_assert(oracle_open(&o, "mlp_", _i));
    nai_rule *rule = coding(1, 300, 0.1, 1), *bptt = bptt_rule();
    nai_network *net = oracle_network(&o, kernels);
    nai_trials *trials = oracle_trials(&o, net);
    nai_trainer *trainer = oracle_trainer_with(&o, net, rule, 0);
    nai_trainer *exact = oracle_trainer_with(&o, net, bptt, 0);
    ck_assert_double_lt(difference(trainer, exact, trials), 1e-5);
    for (int i = 0; i <= o.n_parts; i++) {
      char name[16] = "W0";
      name[1] = (char)('0' + i);
      oracle_check_gradient(&o, trainer, "grad_", name);
      name[0] = 'b';
      oracle_check_gradient(&o, trainer, "grad_", name);
    }
    nai_trainer_destroy(trainer);
    nai_trainer_destroy(exact);
    nai_trials_destroy(trials);
    nai_network_destroy(net);
    nai_rule_destroy(rule);
    nai_rule_destroy(bptt);
    oracle_close(&o);
  }
}
END_TEST

/*
 * Three layers, E and I in the first under Dale's law and sparse, one that skips a layer, inputs with a
 * delay, two outputs. Every leak.
 */
static nai_network *build_layers(int32_t transfer, const char *kernels)
{
  nai_network *net = COMPOSE(.dt = 20, .inputs = {{"u", 3}},
                             .populations = {{"E", 18, NAI_EXCITATORY},
                                             {"I", 6, NAI_INHIBITORY},
                                             {"h2", 13, NAI_FREE},
                                             {"h3", 9, NAI_FREE}},
                             .outputs = {{"y", 2}, {"z", 3}},
                             .projections = {{"u", "E I"},
                                             {"E I", "h2"},
                                             {"h2", "h3"},
                                             {"E", "h3"},
                                             {"h3", "y z"},
                                             {"h2", "z"},
                                             {"u", "h3"}});
  expect_ok(nai_network_set_kernels(net, kernels));
  expect_ok(nai_network_set(net, "E I h2 h3", "tau", 20));
  expect_ok(nai_network_set_transfer(net, "E I h2 h3", transfer));
  expect_ok(nai_network_set_leak(net, "h2", NAI_LEAK_RATE));
  expect_ok(nai_network_set_leak(net, "h3", NAI_LEAK_WHOLE));
  expect_ok(nai_network_set_delay(net, "E I", "h2 h3", 0));
  expect_ok(nai_network_set_delay(net, "h2", "h3", 0));
  expect_ok(nai_network_set_delay(net, "u", "h3", 20));
  nai_constraint *sparse;
  expect_ok(nai_constraint_create_sparse(&sparse, 0.7));
  expect_ok(nai_network_constrain(net, "E I", "h2", sparse));
  nai_constraint_destroy(sparse);
  expect_ok(nai_network_build(net, 4));
  expect_ok(nai_network_set_plastic(net, "E", "h3", 0));
  return net;
}

enum { LAYER_STEPS = 3, LAYER_TRIALS = 37 };

static nai_trainer *train_layers(nai_network *net, nai_rule *rule)
{
  nai_cost *c;
  nai_trainer *trainer = trainer_of(net, rule, plain_descent(1e-2));
  attach_cost(trainer, nai_cost_create_mse(&c, "y"), &c, 0.7);
  attach_cost(trainer, nai_cost_create_l2_rates(&c, "E h2"), &c, 0.05);
  attach_cost(trainer, nai_cost_create_l1_rates(&c, "h3"), &c, 0.02);
  attach_cost(trainer, nai_cost_create_l2_weights(&c, "E", "*"), &c, 0.02);
  return trainer;
}

START_TEST(test_fixed_predictions_are_backpropagation)
{
  nai_network *net = build_layers(_i, NULL);
  nai_trials *trials = normal_trials(net, "y", LAYER_STEPS, LAYER_TRIALS);
  nai_trainer *exact = train_layers(net, bptt_rule());
  /* a rate of 1 is there after as many steps as there are layers; any other after many */
  const double how[][3] = {{3, 1, 1}, {300, 0.1, 1}, {150, 0.2, 50}};
  for (int k = 0; k < 3; k++) {
    nai_trainer *trainer = train_layers(net, coding(1, how[k][0], how[k][1], how[k][2]));
    ck_assert_double_lt(difference(trainer, exact, trials), 1e-5);
    nai_trainer_destroy(trainer);
  }
  nai_trainer *early = train_layers(net, coding(1, 2, 1, 1));
  ck_assert_double_gt(difference(early, exact, trials), 1e-3);
  nai_trainer_destroy(early);
  nai_trainer_destroy(exact);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* Outputs that pull less: in proportion to that. Not relu, whose slopes jump. */
START_TEST(test_the_limit_of_a_large_variance)
{
  static const int32_t smooth[] = {NAI_TRANSFER_TANH, NAI_TRANSFER_SOFTPLUS, NAI_TRANSFER_LOGISTIC};
  nai_network *net = build_layers(smooth[_i], NULL);
  nai_trials *trials = normal_trials(net, "y", LAYER_STEPS, LAYER_TRIALS);
  nai_trainer *exact = train_layers(net, bptt_rule());
  double off[3];
  for (int k = 0; k < 3; k++) {
    nai_rule *rule = coding(0, 400, 0.1, 5);
    expect_ok(nai_rule_set(rule, "variance", 100 * (1 << k)));
    nai_trainer *trainer = train_layers(net, rule);
    off[k] = difference(trainer, exact, trials);
    nai_trainer_destroy(trainer);
  }
  ck_assert_double_lt(off[2], 0.03);
  for (int k = 0; k < 2; k++) ck_assert_double_eq_tol(off[k] / off[k + 1], 2, 0.1);
  nai_trainer_destroy(exact);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* --- by hand ---------------------------------------------------------------------------------- */

/*
 * x1 = w1 u + b1, z = w2 tanh(x1) + b2; at the start w1 = 0.5, u = 1, b1 = 0, w2 = 2, b2 = 0.1, y = 0; the
 * cost (z - y)^2, so that a reach of 1/2 is at the target. Followed in double.
 */
START_TEST(test_by_hand)
{
  nai_network *net = COMPOSE(.dt = 1, .inputs = {{"u", 1}}, .populations = {{"h", 1, NAI_FREE}},
                             .outputs = {{"z", 1}}, .projections = {{"u", "h"}, {"h", "z"}});
  expect_ok(nai_network_set(net, "h", "tau", 1));
  expect_ok(nai_network_set_transfer(net, "h", NAI_TRANSFER_TANH));
  expect_ok(nai_network_build(net, 1));
  expect_ok(nai_network_set_weights(net, "u", "h", (float[]){0.5f}, 1, 1));
  expect_ok(nai_network_set_weights(net, "h", "z", (float[]){2}, 1, 1));
  expect_ok(nai_network_set_bias(net, "z", (float[]){0.1f}, 1));
  nai_trials *trials;
  expect_ok(nai_trials_create(&trials, net, 1, 1));
  expect_ok(nai_trials_set_inputs(trials, "u", (float[]){1}, 1));
  expect_ok(nai_trials_set_targets(trials, "z", (float[]){0}, 1));
  nai_rule *rule = coding(0, 7, 0.3, 0.5);
  expect_ok(nai_rule_set(rule, "variance", 3));
  nai_trainer *trainer = trainer_of(net, rule, plain_descent(1e-2));
  nai_cost *c;
  attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 1);
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
  double x = 0.5, e1 = 0, e2 = 0;
  for (int k = 0; k <= 7; k++) {
    e1 = x - 0.5;
    e2 = (0 - (2 * tanh(x) + 0.1)) / 3;
    if (k < 7) x += 0.3 * (-e1 + (1 - tanh(x) * tanh(x)) * 2 * e2);
  }
  const double expected[] = {-6 * e1, -6 * e1, -6 * e2 * tanh(x), -6 * e2};
  const char *const ends[][2] = {{"u", "h"}, {"h", NULL}, {"h", "z"}, {"z", NULL}};
  for (int k = 0; k < 4; k++) {
    nai_view view = NAI_VIEW_INIT;
    expect_ok(nai_trainer_gradient(&view, trainer, ends[k][0], ends[k][1]));
    ck_assert_double_eq_tol((double)at(&view, 0, 0), expected[k], 1e-5 * fabs(expected[k]));
  }
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* --- what holds of all rules ------------------------------------------------------------------ */

START_TEST(test_threads_and_learning)
{
  for (int fixed = 0; fixed < 2; fixed++) {
    uint64_t hash[3];
    for (int threads = 1; threads <= 3; threads++) {
      nai_network *net = build_layers(NAI_TRANSFER_SOFTPLUS, NULL);
      nai_trials *trials = normal_trials(net, "y", LAYER_STEPS, LAYER_TRIALS);
      nai_trainer *trainer = train_layers(net, coding(fixed, 20, 0.2, 1));
      nai_progress first = NAI_PROGRESS_INIT, last = NAI_PROGRESS_INIT;
      expect_ok(nai_trainer_set(trainer, "threads", threads));
      expect_ok(nai_trainer_step(&first, trainer, trials));
      long before = faults_allocations();
      expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
      EXPECT(faults_allocations() == before);
      for (int k = 0; k < 30; k++) expect_ok(nai_trainer_step(&last, trainer, trials));
      EXPECT(last.cost < first.cost);
      hash[threads - 1] = hash_of(net);
      nai_trainer_destroy(trainer);
      nai_trials_destroy(trials);
      nai_network_destroy(net);
    }
    EXPECT(hash[0] == hash[1] && hash[0] == hash[2]);
  }
}
END_TEST

static nai_rule *few_steps(void)
{
  return coding(1, 5, 1, 1);
}

START_TEST(test_failing_allocations)
{
  nai_network *net = build_layers(NAI_TRANSFER_TANH, NULL);
  nai_trials *few = normal_trials(net, "y", LAYER_STEPS, 3),
             *many = normal_trials(net, "y", LAYER_STEPS, LAYER_TRIALS);
  fail_each_allocation(net, few_steps, few, many);
  nai_trials_destroy(few);
  nai_trials_destroy(many);
  nai_network_destroy(net);
}
END_TEST

/* --- refusals --------------------------------------------------------------------------------- */

static nai_rule *relaxing(void)
{
  return coding(0, 20, 0.2, 1);
}

static void refuse(nai_network *net, const char *words)
{
  expect_refused(net, relaxing(), words);
}

START_TEST(test_networks_that_are_refused)
{
  nai_network *net = build_ei(4, 2, 1);
  refuse(net, "in layers that answer within a step: 'E' has a memory, as its tau is above dt");
  expect_ok(nai_network_set(net, "E I", "tau", nai_network_dt(net)));
  refuse(net, "there is a delay from 'E' to 'E'");
  nai_network_destroy(net);
  net = build_layers(NAI_TRANSFER_TANH, NULL);
  static const wrong_part wrong[] = {
      {"h2", "noise", 0.1, 0, "'h2' has noise"},
      {"I", "output_noise", 0.1, 0, "'I' has noise"},
      {"h3", "tau", 40, 20, "'h3' has a memory, as its tau is above dt"},
      {"z", "tau", 40, 0, "'z' has a memory, or a gain"},
      {"z", "gain", 2, 1, "'z' has a memory, or a gain"}};
  nai_trainer *trainer = train_layers(net, coding(0, 20, 0.2, 1));
  nai_trials *trials = normal_trials(net, "y", LAYER_STEPS, 3);
  expect_parts_refused(trainer, net, trials, relaxing, wrong, sizeof wrong / sizeof *wrong);
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

START_TEST(test_models_that_are_refused)
{
  nai_network *net = COMPOSE(.dt = 1, .inputs = {{"u", 1}}, .populations = {{"h", 3, NAI_FREE}},
                             .outputs = {{"z", 1}});
  expect_ok(nai_network_set_model(net, "h", "adaptive_rate"));
  expect_ok(nai_network_connect(net, "u", "h"));
  expect_ok(nai_network_connect(net, "h", "z"));
  expect_ok(nai_network_build(net, 1));
  refuse(net,
         "rule 'predictive_coding' works with rate units alone, whose transfer functions it takes "
         "errors through; 'h' is of model 'adaptive_rate'");
  nai_network_destroy(net);
}
END_TEST

START_TEST(test_bad_numbers)
{
  static const wrong_number wrong[] = {{"fixed", 2, "fixed is 2, must be 0 to 1"},
                                       {"steps", 0, "steps is 0"},
                                       {"steps", 1.5, "steps is 1.5, must be a whole number"},
                                       {"rate", 0, "rate is 0"},
                                       {"rate", 1.5, "rate is 1.5"},
                                       {"reach", 0, "reach is 0"},
                                       {"reach", NAN, "reach is nan"},
                                       {"variance", -1, "variance is -1"}};
  nai_rule *rule;
  expect_fails(nai_rule_create_predictive_coding(NULL), NAI_ERR_INVALID, "out");
  expect_ok(nai_rule_create_predictive_coding(&rule));
  expect_numbers_refused(rule, wrong, sizeof wrong / sizeof *wrong);
  expect_fails(nai_rule_set(rule, "beta", 1), NAI_ERR_NAME, "predictive_coding has no parameter");
  nai_rule_destroy(rule);
}
END_TEST

Suite *predictive_coding_suite(void);

Suite *predictive_coding_suite(void)
{
  Suite *suite = suite_create("predictive_coding");
  TCase *exact = tcase_create("backpropagation");
  tcase_add_loop_test(exact, test_reference_cases, 0, LAYERED);
  tcase_add_loop_test(exact, test_fixed_predictions_are_backpropagation, 0, transfers());
  tcase_add_loop_test(exact, test_the_limit_of_a_large_variance, 0, 3);
  suite_add_tcase(suite, exact);
  ADD_CASE(suite, "by hand", test_by_hand);
  ADD_CASE(suite, "at work", test_threads_and_learning, test_failing_allocations);
  ADD_CASE(suite, "refused", test_networks_that_are_refused, test_models_that_are_refused,
           test_bad_numbers);
  return suite;
}
