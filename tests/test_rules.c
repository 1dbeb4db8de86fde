/*
 * Rules that are local in time, and truncated backpropagation: against numbers of an independent
 * program, against their definition followed forwards in double, and against each other where
 * theory says that they are the same. Then what every rule must hold.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "faults.h"
#include "oracle.h"
#include "rules.h"

/* --- the reference cases ---------------------------------------------------------------------- */

/* The case's feedback, population by population. */
static void set_feedback(oracle *o, nai_trainer *trainer)
{
  int64_t shape[4];
  const double *b = oracle_sized(o, "B_feedback", NULL, shape);
  for (int k = 0; k < o->n_parts; k++) {
    float values[64];
    ck_assert_int_le(o->part[k].n * shape[1], 64);
    for (int64_t i = 0; i < o->part[k].n * shape[1]; i++)
      values[i] = (float)b[o->part[k].first * shape[1] + i];
    expect_ok(nai_trainer_set_feedback(trainer, o->part[k].name, NULL, values));
  }
}

static void check_reference(oracle *o, const char *rule, const char *kernels)
{
  nai_rule *made = rule_named(rule, 3);
  nai_network *net = oracle_network(o, kernels);
  nai_trials *trials = oracle_trials(o, net);
  nai_trainer *trainer = oracle_trainer_with(o, net, made, 1);
  set_feedback(o, trainer);
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
  oracle_check_gradient(o, trainer, "rflo_grad_", "W_rec");
  oracle_check_gradient(o, trainer, "rflo_grad_", "W_in");
  oracle_check_gradient(o, trainer, "rflo_grad_", "b_rec");
  oracle_check_gradient(o, trainer, "grad_", "W_out"); /* no penalty is on the readout */
  oracle_check_gradient(o, trainer, "grad_", "b_out");
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
  nai_rule_destroy(made);
}

START_TEST(test_reference_cases)
{
  static const char *const names[] = {"rflo", "eprop_random", "direct_feedback_alignment"};
  const char *kernels;
  for (int k = 0; (kernels = oracle_kernels(k)); k++)
    for (int i = 0; i < 3; i++) {
      oracle o;
      ck_assert(oracle_open(&o, "rnn_", _i));
      check_reference(&o, names[i], kernels);
      oracle_close(&o);
    }
}
END_TEST

/* --- followed forwards ------------------------------------------------------------------------ */

static void exact(tangents *tangents, const nai_trainer *trainer)
{
  (void)tangents;
  (void)trainer;
}

static void windows_of_four(tangents *tangents, const nai_trainer *trainer)
{
  (void)trainer;
  tangents->window = 4;
}

static void by_readout(tangents *tangents, const nai_trainer *trainer)
{
  (void)trainer;
  tangents->kept = TANGENTS_LOCAL;
}

static void by_feedback_of_readout(tangents *tangents, const nai_trainer *trainer)
{
  tangents->kept = TANGENTS_LOCAL;
  tangents->through = trainer->plasticity.learner->feedback.weight;
}

static void by_readout_and_autapse(tangents *tangents, const nai_trainer *trainer)
{
  (void)trainer;
  tangents->kept = TANGENTS_OWN;
}

START_TEST(test_followed_forwards)
{
  check_by_tangents(_i, "bptt", exact);
  check_by_tangents(_i, "truncated_bptt", windows_of_four);
  check_by_tangents(_i, "rflo", by_direct_feedback);
  check_by_tangents(_i, "eprop_symmetric", by_readout);
  check_by_tangents(_i, "eprop_random", by_direct_feedback);
  check_by_tangents(_i, "eprop_adaptive", by_feedback_of_readout);
  check_by_tangents(_i, "snap1", by_readout_and_autapse);
}
END_TEST

/* --- where rules are the same ----------------------------------------------------------------- */

/* Which recurrent synapses there are. */
enum { NONE, ALL, DIAGONAL };

static void only_diagonal(nai_network *net, const char *name, int64_t n)
{
  nai_constraint *own;
  uint8_t *mask = calloc((size_t)(n * n), 1);
  for (int64_t i = 0; i < n; i++) mask[i * n + i] = 1;
  expect_ok(nai_constraint_create_mask(&own, mask, n, n));
  expect_ok(nai_network_constrain(net, name, name, own));
  nai_constraint_destroy(own);
  free(mask);
}

/* Both leaks, time constants that differ, a delay of 3 steps onto "b"; all of "a" is read out. */
static nai_network *build_pair(int recurrent)
{
  static const double tau[6] = {20, 35, 50, 75, 100, 60};
  nai_network *net = COMPOSE(.dt = 20, .inputs = {{"u", 3}},
                             .populations = {{"a", 6, NAI_FREE}, {"b", 5, NAI_FREE}},
                             .outputs = {{"z", 2}}, .projections = {{"u", "a b"}, {"a b", "z"}});
  expect_ok(nai_network_set_transfer(net, "a b", NAI_TRANSFER_TANH));
  expect_ok(nai_network_set_each(net, "a", "tau", tau, 6));
  expect_ok(nai_network_set_leak(net, "b", NAI_LEAK_RATE));
  expect_ok(nai_network_set(net, "a b", "noise", 0.1));
  expect_ok(nai_network_set(net, "a b", "initial", 0.3));
  expect_ok(nai_network_set(net, "a b", "plastic_initial", 1));
  if (recurrent == ALL) expect_ok(nai_network_connect(net, "a b", "a b"));
  if (recurrent == DIAGONAL) {
    expect_ok(nai_network_connect(net, "a", "a"));
    expect_ok(nai_network_connect(net, "b", "b"));
    expect_ok(nai_network_set_autapses(net, "a", "a", 1));
    expect_ok(nai_network_set_autapses(net, "b", "b", 1));
    only_diagonal(net, "a", 6);
    only_diagonal(net, "b", 5);
  }
  if (recurrent != NONE) expect_ok(nai_network_set_delay(net, "b", "b", 60));
  expect_ok(nai_network_build(net, 4));
  return net;
}

static nai_trials *trials_for_pair(const nai_network *net, int64_t steps, int64_t n)
{
  nai_trials *trials;
  float *values = malloc((size_t)(steps * n * 3) * sizeof *values);
  expect_ok(nai_trials_create(&trials, net, steps, n));
  expect_ok(nai_random_normals(values, steps * n * 3, 2, 0));
  expect_ok(nai_trials_set_inputs(trials, NULL, values, 3));
  expect_ok(nai_random_normals(values, steps * n * 2, 2, 1));
  expect_ok(nai_trials_set_targets(trials, "z", values, 2));
  free(values);
  return trials;
}

static nai_trainer *train_pair(nai_network *net, nai_rule *rule)
{
  nai_cost *cost;
  nai_trainer *trainer = trainer_of(net, rule, plain_descent(1e-2));
  attach_cost(trainer, nai_cost_create_mse(&cost, "z"), &cost, 1);
  attach_cost(trainer, nai_cost_create_l2_rates(&cost, "a b"), &cost, 0.01);
  return trainer;
}

/* Both rules' gradients, within `tolerance` of the largest; 0: the same bits. */
static void expect_same(nai_network *net, const nai_trials *trials, nai_rule *a, nai_rule *b,
                        double tolerance, void (*prepare)(nai_trainer *trainer))
{
  nai_trainer *one = train_pair(net, a), *other = train_pair(net, b);
  if (prepare) prepare(one);
  expect_ok(nai_trainer_estimate_gradient(NULL, one, trials));
  expect_ok(nai_trainer_estimate_gradient(NULL, other, trials));
  double largest = 0, worst = 0, most_initial = 0;
  for (int64_t i = 0; i < net->n_theta; i++) {
    largest = fmax(largest, fabs((double)other->plasticity.gradient[i]));
    worst = fmax(worst,
                 fabs((double)one->plasticity.gradient[i] - (double)other->plasticity.gradient[i]));
    EXPECT(!isnan(one->plasticity.gradient[i]));
    if (i >= net->unit_initial)
      most_initial = fmax(most_initial, fabs((double)one->plasticity.gradient[i]));
  }
  if (!(worst <= tolerance * largest)) ck_abort_msg("off by %g, the largest is %g", worst, largest);
  EXPECT(largest > 1e-3 && most_initial > 0);
  nai_trainer_destroy(one);
  nai_trainer_destroy(other);
}

static int differ(nai_network *net, const nai_trials *trials, nai_rule *a, nai_rule *b)
{
  nai_trainer *one = train_pair(net, a), *other = train_pair(net, b);
  expect_ok(nai_trainer_estimate_gradient(NULL, one, trials));
  expect_ok(nai_trainer_estimate_gradient(NULL, other, trials));
  int found = memcmp(one->plasticity.gradient, other->plasticity.gradient,
                     (size_t)net->unit_bias * sizeof(float)) != 0;
  nai_trainer_destroy(one);
  nai_trainer_destroy(other);
  return found;
}

static void silence_recurrence(nai_network *net)
{
  static const float zero[36];
  static const char *const name[] = {"a", "b"};
  static const int64_t n[] = {6, 5};
  for (int i = 0; i < 2; i++)
    for (int j = 0; j < 2; j++)
      expect_ok(nai_network_set_weights(net, name[i], name[j], zero, n[j], n[i]));
}

START_TEST(test_eprop_is_exact_without_recurrence)
{
  nai_network *none = build_pair(NONE), *silent = build_pair(ALL);
  nai_trials *trials = trials_for_pair(none, 9, 4);
  silence_recurrence(silent);
  expect_same(none, trials, rule_named("eprop_symmetric", 0), rule_named("bptt", 0), 0, NULL);
  nai_trials_destroy(trials);
  trials = trials_for_pair(silent, 9, 4);
  expect_same(silent, trials, rule_named("eprop_symmetric", 0), rule_named("bptt", 0), 0, NULL);
  nai_trials_destroy(trials);
  nai_network_destroy(none);
  nai_network_destroy(silent);
}
END_TEST

/* Of weights: to initial states, the first step reaches back through W too. */
START_TEST(test_eprop_is_exact_in_one_step)
{
  nai_network *net = build_pair(ALL);
  nai_trials *one = trials_for_pair(net, 1, 4), *two = trials_for_pair(net, 2, 4);
  ck_assert(differ(net, two, rule_named("eprop_symmetric", 0), rule_named("bptt", 0)));
  ck_assert(!differ(net, one, rule_named("eprop_symmetric", 0), rule_named("bptt", 0)));
  nai_trials_destroy(one);
  nai_trials_destroy(two);
  nai_network_destroy(net);
}
END_TEST

static void feed_back_by_readout(nai_trainer *trainer)
{
  static const char *const name[] = {"a", "b"};
  for (int k = 0; k < 2; k++) {
    nai_view w = weights_of(trainer->plasticity.net, name[k], "z");
    float values[12];
    for (int64_t i = 0; i < w.shape[1]; i++)
      for (int64_t o = 0; o < 2; o++) values[i * 2 + o] = at(&w, o, i);
    expect_ok(nai_trainer_set_feedback(trainer, name[k], NULL, values));
  }
}

START_TEST(test_rflo_fed_back_by_the_readout_is_symmetric_eprop)
{
  nai_network *net = build_pair(ALL);
  nai_trials *trials = trials_for_pair(net, 12, 4);
  expect_same(net, trials, rule_named("rflo", 7), rule_named("eprop_symmetric", 0), 1e-6,
              feed_back_by_readout);
  ck_assert(differ(net, trials, rule_named("rflo", 7), rule_named("eprop_symmetric", 0)));
  expect_same(net, trials, rule_named("rflo", 7), rule_named("eprop_random", 7), 0, NULL);
  ck_assert(differ(net, trials, rule_named("rflo", 7), rule_named("rflo", 8)));
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

START_TEST(test_snap1)
{
  nai_network *all = build_pair(ALL), *diagonal = build_pair(DIAGONAL);
  nai_trials *trials = trials_for_pair(all, 12, 4);
  expect_same(all, trials, rule_named("snap1", 0), rule_named("eprop_symmetric", 0), 0, NULL);
  ck_assert(differ(all, trials, rule_named("snap1", 0), rule_named("bptt", 0)));
  nai_trials_destroy(trials);
  trials = trials_for_pair(diagonal, 12, 4);
  expect_same(diagonal, trials, rule_named("snap1", 0), rule_named("bptt", 0), 1e-6, NULL);
  ck_assert(differ(diagonal, trials, rule_named("snap1", 0), rule_named("eprop_symmetric", 0)));
  nai_trials_destroy(trials);
  nai_network_destroy(all);
  nai_network_destroy(diagonal);
}
END_TEST

/* --- truncation ------------------------------------------------------------------------------- */

static nai_rule *windows_of(int64_t steps)
{
  nai_rule *rule;
  expect_ok(nai_rule_create_truncated_bptt(&rule, steps));
  return rule;
}

START_TEST(test_windows_as_long_as_the_trial)
{
  nai_network *net = build_pair(ALL);
  nai_trials *trials = trials_for_pair(net, 10, 4);
  static const int64_t steps[] = {10, 11, 1000000000};
  for (int i = 0; i < 3; i++)
    expect_same(net, trials, windows_of(steps[i]), rule_named("bptt", 0), 0, NULL);
  ck_assert(differ(net, trials, windows_of(9), rule_named("bptt", 0)));
  nai_rule *rule = windows_of(2);
  expect_ok(nai_rule_set(rule, "steps", 10));
  expect_same(net, trials, rule, rule_named("bptt", 0), 0, NULL);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* Delays of 1 and 3 steps, over every border. */
START_TEST(test_short_windows_followed_forwards)
{
  nai_network *net = build_pair(ALL);
  nai_trials *trials = trials_for_pair(net, 10, 3);
  for (int64_t steps = 1; steps <= 10; steps++) {
    nai_trainer *trainer = train_pair(net, windows_of(steps));
    expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
    double *expected = tangents_gradient(trainer, &(tangents){.window = steps, .l2 = 0.01});
    tangents_check(trainer, expected, "truncated_bptt");
    free(expected);
    nai_trainer_destroy(trainer);
  }
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* --- what every rule holds -------------------------------------------------------------------- */

static uint64_t hash_feedback(uint64_t hash, const nai_trainer *trainer)
{
  for (int k = 0; k < trainer->plasticity.learner->n_kept; k++) {
    const nai__kept *kept = &trainer->plasticity.learner->kept[k];
    const unsigned char *bytes = nai__kept_memory(kept);
    for (size_t i = 0; i < nai__kept_size(kept); i++)
      hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
  }
  return hash;
}

/* Enough trials for several groups of them, and enough units for several blocks of rows. */
static uint64_t trained_by(int rule, int threads, const char *kernels)
{
  enum { STEPS = 12, TRIALS = 45 };
  static float inputs[STEPS * TRIALS * 3], targets[STEPS * TRIALS * 2];
  expect_ok(nai_random_normals(inputs, STEPS * TRIALS * 3, 6, 0));
  expect_ok(nai_random_normals(targets, STEPS * TRIALS * 2, 6, 1));
  nai_network *net = compose_ei(40, 12);
  nai_cost *cost;
  nai_trials *trials;
  expect_ok(nai_network_set_kernels(net, kernels));
  expect_ok(nai_network_build(net, 9));
  expect_ok(nai_trials_create(&trials, net, STEPS, TRIALS));
  expect_ok(nai_trials_set_inputs(trials, NULL, inputs, 3));
  expect_ok(nai_trials_set_targets(trials, "choice", targets, 2));
  nai_trainer *trainer = trainer_of(net, rule_made(rule, 3), plain_descent(1e-2));
  attach_cost(trainer, nai_cost_create_mse(&cost, "choice"), &cost, 1);
  expect_ok(nai_trainer_set(trainer, "threads", threads));
  for (int i = 0; i < 4; i++) expect_ok(nai_trainer_step(NULL, trainer, trials));
  uint64_t hash = hash_feedback(hash_of(net), trainer);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
  return hash;
}

START_TEST(test_threads_do_not_change_bits)
{
  const char *kernels;
  for (int k = 0; (kernels = oracle_kernels(k)); k++) {
    uint64_t one = trained_by(_i, 1, kernels);
    EXPECT(trained_by(_i, 2, kernels) == one);
    EXPECT(trained_by(_i, 3, kernels) == one);
    EXPECT(trained_by(_i, 6, kernels) == one); /* more than groups */
  }
}
END_TEST

static void check_held(const nai_network *net, const float *before)
{
  int64_t moved = 0;
  for (int64_t i = 0; i < net->n_theta; i++) {
    EXPECT(net->exists[i] != 0 || i >= net->unit_bias || net->theta[i] == 0);
    EXPECT(net->plastic[i] != 0 || net->theta[i] == before[i]);
    moved += net->theta[i] != before[i];
  }
  EXPECT(moved > 100);
  for (int64_t k = 0; k < net->n_projections; k++) {
    nai_synapses s = nai__synapses(net, &net->projection[k], NULL, NULL);
    for (int64_t i = 0; i < s.n_post; i++)
      for (int64_t j = 0; j < s.n_pre; j++) EXPECT((float)s.sign * s.weight[i * s.stride + j] >= 0);
  }
}

/* Feedback weights are 0 where there is no synapse. */
static void check_feedback_held(const nai_trainer *trainer)
{
  const nai_network *net = trainer->plasticity.net;
  const float *feedback = trainer->plasticity.learner->feedback.weight;
  for (int64_t i = 0; feedback && i < net->unit_bias; i++)
    EXPECT(net->exists[i] != 0 || feedback[i] == 0);
}

START_TEST(test_signs_masks_and_frozen_synapses_hold)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_trainer *trainer = train_everything_by(net, rule_made(_i, 11));
  float *before = malloc((size_t)net->n_theta * sizeof *before);
  memcpy(before, net->theta, (size_t)net->n_theta * sizeof *before);
  for (uint64_t k = 0; k < 30; k++) {
    nai_trials *trials = trials_for_everything(net, 100 + k);
    expect_ok(nai_trainer_step(NULL, trainer, trials));
    nai_trials_destroy(trials);
    check_held(net, before);
    check_feedback_held(trainer);
  }
  free(before);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

START_TEST(test_updates_allocate_nothing)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_trainer *trainer = train_everything_by(net, rule_made(_i, 11));
  nai_trials *trials = trials_for_everything(net, 1);
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  long before = faults_allocations();
  for (int k = 0; k < 5; k++) expect_ok(nai_trainer_step(NULL, trainer, trials));
  long after = faults_allocations();
  ck_assert_int_eq(after, before);
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* Making the rule, and putting it to work. */
START_TEST(test_without_memory)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_optimizer *sgd = plain_descent(1e-2);
  long failures = 0;
  for (nai_status status = NAI_ERR_MEMORY; status != NAI_OK; failures++) {
    nai_rule *rule = NULL;
    nai_trainer *trainer = NULL;
    faults_fail_allocation(failures);
    status = all_rules[_i].create(&rule, 1);
    if (status == NAI_OK) status = nai_trainer_create(&trainer, net, rule, sgd, NULL);
    faults_fail_allocation(-1);
    EXPECT(status == NAI_OK || status == NAI_ERR_MEMORY);
    EXPECT((status == NAI_OK) == (trainer != NULL));
    nai_trainer_destroy(trainer);
    nai_rule_destroy(rule);
  }
  ck_assert_int_ge(failures, 5);
  nai_optimizer_destroy(sgd);
  nai_network_destroy(net);
}
END_TEST

/* --- errors ----------------------------------------------------------------------------------- */

START_TEST(test_bad_arguments)
{
  nai_rule *rule = NULL;
  for (int i = 0; i < n_rules; i++)
    expect_fails(all_rules[i].create(NULL, 1), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_rule_create_truncated_bptt(&rule, 0), NAI_ERR_INVALID, "steps is 0");
  expect_fails(nai_rule_create_truncated_bptt(&rule, -3), NAI_ERR_INVALID, "steps is -3");
  expect_fails(nai_rule_create_eprop(&rule, 3, 0), NAI_ERR_INVALID, "feedback is 3");
  expect_fails(nai_rule_create_eprop(&rule, -1, 0), NAI_ERR_INVALID, "feedback is -1");
  expect_fails(nai_rule_create_sign_symmetry(&rule, 3, 0), NAI_ERR_INVALID, "form is 3");
  expect_fails(nai_rule_create_sign_symmetry(&rule, -1, 0), NAI_ERR_INVALID, "form is -1");
  expect_fails(nai_rule_create_kolen_pollack(&rule, -0.1, 0), NAI_ERR_INVALID, "decay is -0.1");
  expect_fails(nai_rule_create_kolen_pollack(&rule, 1.5, 0), NAI_ERR_INVALID, "decay is 1.5");
  expect_fails(nai_rule_create_kolen_pollack(&rule, NAN, 0), NAI_ERR_INVALID, "decay is nan");
  EXPECT(rule == NULL);
}
END_TEST

static void refuse(nai_rule *rule, const char *parameter, double value, nai_status status,
                   const char *words)
{
  double before, after;
  if (status == NAI_ERR_INVALID) expect_ok(nai_rule_get(&before, rule, parameter));
  expect_fails(nai_rule_set(rule, parameter, value), status, words);
  if (status != NAI_ERR_INVALID) return;
  expect_ok(nai_rule_get(&after, rule, parameter));
  EXPECT(before == after);
}

START_TEST(test_bad_numbers)
{
  nai_rule *window = windows_of(4), *mirror = rule_named("weight_mirror", 0),
           *adaptive = rule_named("eprop_adaptive", 0), *rflo = rule_named("rflo", 0);
  refuse(window, "steps", 0, NAI_ERR_INVALID, "steps is 0");
  refuse(window, "steps", 2.5, NAI_ERR_INVALID, "steps is 2.5, must be a whole number");
  refuse(mirror, "rate", 1.1, NAI_ERR_INVALID, "rate is 1.1");
  refuse(mirror, "noise", 0, NAI_ERR_INVALID, "noise is 0");
  refuse(mirror, "samples", 1, NAI_ERR_INVALID, "samples is 1");
  refuse(mirror, "samples", 5000, NAI_ERR_INVALID, "samples is 5000");
  refuse(mirror, "warm_up", -1, NAI_ERR_INVALID, "warm_up is -1");
  refuse(adaptive, "decay", 2, NAI_ERR_INVALID, "decay is 2");
  refuse(rflo, "decay", 0.1, NAI_ERR_NAME, "rflo has no parameter 'decay'");
  nai_rule_destroy(window);
  nai_rule_destroy(mirror);
  nai_rule_destroy(adaptive);
  nai_rule_destroy(rflo);
}
END_TEST

/* Of costs that need the errors of units, all but backpropagation say so when they are added. */
START_TEST(test_costs_that_a_rule_cannot_use)
{
  nai_network *net = build_pair(ALL);
  nai_cost *cost;
  expect_ok(nai_cost_create_vanishing_gradient(&cost, "a"));
  for (int i = 0; i < n_rules; i++) {
    nai_trainer *trainer = trainer_of(net, rule_made(i, 1), plain_descent(1e-2));
    if (strcmp(all_rules[i].name, "bptt") == 0) {
      expect_ok(nai_trainer_add_cost(trainer, cost, 1));
    } else {
      expect_fails(nai_trainer_add_cost(trainer, cost, 1), NAI_ERR_UNSUPPORTED,
                   "cannot learn from cost 'vanishing_gradient'");
      EXPECT(strstr(nai_last_error(), nai_rule_name(trainer->plasticity.rule)));
    }
    nai_trainer_destroy(trainer);
  }
  nai_cost_destroy(cost);
  nai_network_destroy(net);
}
END_TEST

START_TEST(test_without_outputs)
{
  nai_network *net = compose_one("a", 5, NAI_FREE);
  nai_optimizer *sgd = plain_descent(1e-2);
  expect_ok(nai_network_build(net, 1));
  for (int i = 0; i < n_rules; i++) {
    nai_rule *rule = rule_made(i, 1);
    nai_trainer *trainer = NULL;
    nai_status status = nai_trainer_create(&trainer, net, rule, sgd, NULL);
    if (status != NAI_OK) expect_fails(status, NAI_ERR_INVALID, "learns from outputs");
    EXPECT((status == NAI_OK) == (i < 2 || !strcmp(all_rules[i].name, "snap1") ||
                                  !strcmp(all_rules[i].name, "eprop_symmetric")));
    nai_trainer_destroy(trainer);
    nai_rule_destroy(rule);
  }
  nai_optimizer_destroy(sgd);
  nai_network_destroy(net);
}
END_TEST

Suite *rules_suite(void);

Suite *rules_suite(void)
{
  Suite *suite = suite_create("rules");
  TCase *followed = tcase_create("followed"), *every = tcase_create("every rule");
  tcase_add_loop_test(followed, test_reference_cases, 0, RECURRENT);
  tcase_add_loop_test(followed, test_followed_forwards, 0, transfers());
  suite_add_tcase(suite, followed);
  ADD_CASE(suite, "the same", test_eprop_is_exact_without_recurrence,
           test_eprop_is_exact_in_one_step, test_rflo_fed_back_by_the_readout_is_symmetric_eprop,
           test_snap1);
  ADD_CASE(suite, "truncation", test_windows_as_long_as_the_trial,
           test_short_windows_followed_forwards);
  tcase_add_loop_test(every, test_threads_do_not_change_bits, 0, n_rules);
  tcase_add_loop_test(every, test_signs_masks_and_frozen_synapses_hold, 0, n_rules);
  tcase_add_loop_test(every, test_updates_allocate_nothing, 0, n_rules);
  tcase_add_loop_test(every, test_without_memory, 0, n_rules);
  suite_add_tcase(suite, every);
  ADD_CASE(suite, "errors", test_bad_arguments, test_bad_numbers, test_costs_that_a_rule_cannot_use,
           test_without_outputs);
  return suite;
}
