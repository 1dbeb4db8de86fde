/*
 * Integrate-and-fire units: potentials and spikes computed by hand, backgrounds, the same bits from every
 * kernel, thread and grouping of trials, slopes, learning step by step and forward in time, refusals. Numbers
 * of an independent program: bindings/python/tests/test_lif.py.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "faults.h"
#include "networks.h"
#include "oracle.h"
#include "rules.h"
#include "states.h"

/* tau for which half of a potential is left after a step of 1 ms. */
#define HALF (1 / log(2))

/* --- by hand ---------------------------------------------------------------------------------- */

static nai_network *one_unit(double tau)
{
  nai_network *net = COMPOSE(.dt = 1, .populations = {{"E", 1}});
  expect_ok(nai_network_set_model(net, "E", "lif"));
  expect_ok(nai_network_set(net, "E", "tau", tau));
  return net;
}

static double seen(nai_state *state, const char *name)
{
  nai_view view = NAI_VIEW_INIT;
  expect_ok(nai_state_variable(&view, state, name));
  return (double)at(&view, 0, 0);
}

static void expect_course(nai_network *net, const double *v, const int *spike, int n)
{
  expect_ok(nai_network_build(net, 1));
  nai_state *state = make_state(net, 1, 1);
  for (int t = 0; t < n; t++) {
    expect_ok(nai_state_step(NULL, state, NULL));
    ck_assert_double_eq_tol(seen(state, "E:v"), v[t], 1e-5);
    ck_assert_double_eq(seen(state, "E:spike"), spike[t]);
  }
  nai_state_destroy(state);
  nai_network_destroy(net);
}

/* Half of the way to rest + drive = 2 in each step. */
START_TEST(a_hard_reset)
{
  nai_network *net = one_unit(HALF);
  const double v[] = {0, 1, -3, -3, -3, -0.5, 0.75, -3};
  const int spike[] = {0, 0, 1, 0, 0, 0, 0, 1};
  nai_network_set(net, "E", "rest", -2);
  nai_network_set(net, "E", "drive", 4);
  nai_network_set(net, "E", "threshold", 1.3);
  nai_network_set(net, "E", "reset", -3);
  nai_network_set(net, "E", "refractory", 2);
  expect_course(net, v, spike, 8);
}
END_TEST

/* A spike takes threshold - rest = 1 from v a step later; the second one is held back by the refractory period. */
START_TEST(a_soft_reset)
{
  nai_network *net = one_unit(HALF);
  const double v[] = {1.5, 1.25, 2.125, 1.5625, 2.28125, 1.640625};
  const int spike[] = {1, 0, 1, 0, 1, 0};
  nai_network_set(net, "E", "drive", 3);
  nai_network_set(net, "E", "threshold", 1);
  nai_network_set(net, "E", "refractory", 1);
  nai_network_set(net, "E", "soft_reset", 1);
  expect_course(net, v, spike, 6);
}
END_TEST

/* The barrier is 1 + 2 b, and b grows by 1 at each spike and is halved from step to step. */
START_TEST(an_adaptive_threshold)
{
  nai_network *net = one_unit(HALF);
  const double v[] = {1.25, 0.875, 1.6875, 2.09375, 1.296875};
  const int spike[] = {1, 0, 0, 1, 0};
  nai_network_set(net, "E", "drive", 2.5);
  nai_network_set(net, "E", "threshold", 1);
  nai_network_set(net, "E", "adaptation", 2);
  nai_network_set(net, "E", "tau_adaptation", HALF);
  nai_network_set(net, "E", "soft_reset", 1);
  expect_course(net, v, spike, 5);
}
END_TEST

/* --- backgrounds ------------------------------------------------------------------------------ */

enum { MANY = 700 };

/* Potentials that only add up what arrives: two populations, or one of as many units. */
static nai_network *listeners(int split)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, 1));
  nai_network_add_population(net, "A", split ? MANY / 2 : MANY, NAI_FREE);
  if (split) nai_network_add_population(net, "B", MANY - MANY / 2, NAI_FREE);
  nai_network_set_model(net, "*", "lif");
  nai_network_set(net, "*", "tau", 1e9);
  nai_network_set(net, "*", "threshold", 1e6);
  nai_network_set(net, "*", "background", 1500);
  nai_network_set(net, "*", "background_weight", 2);
  expect_ok(nai_network_build(net, 1));
  return net;
}

static nai_view run_and_see(nai_state *state, int steps, const char *name)
{
  nai_view view = NAI_VIEW_INIT;
  expect_ok(nai_state_run(NULL, NULL, state, steps, NULL));
  expect_ok(nai_state_variable(&view, state, name));
  return view;
}

/* Mean and variance of 1.5 spikes a step over 20 steps, within five standard errors; no two units alike. */
START_TEST(a_background_is_poisson)
{
  nai_network *net = listeners(0);
  nai_state *state = make_state(net, 2, 7);
  const nai_view v = run_and_see(state, 20, "A:v");
  double sum = 0, square = 0, n = 2 * MANY;
  for (int64_t b = 0; b < 2; b++)
    for (int64_t i = 0; i < MANY; i++) {
      double count = (double)at(&v, b, i) / 2;
      ck_assert_double_eq_tol(count, round(count), 1e-3);
      sum += count;
      square += count * count;
    }
  double mean = sum / n, variance = square / n - mean * mean;
  ck_assert_double_eq_tol(mean, 30, 5 * sqrt(30 / n));
  ck_assert_double_eq_tol(variance, 30, 5 * 30 * sqrt(2 / n));
  EXPECT(memcmp(v.data, (const char *)v.data + v.stride[0], MANY * sizeof(float)) != 0);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* What a unit gets does not depend on which population it is in, nor on which trials are run with it. */
START_TEST(a_background_is_a_unit_s_own)
{
  nai_network *one = listeners(0), *two = listeners(1);
  nai_state *a = make_state(one, 3, 7), *b = make_state(two, 1, 7);
  const nai_view all = run_and_see(a, 5, "A:v"), first = run_and_see(b, 5, "A:v");
  nai_view second = NAI_VIEW_INIT;
  expect_ok(nai_state_variable(&second, b, "B:v"));
  for (int64_t i = 0; i < MANY; i++)
    EXPECT(at(&all, 0, i) == (i < MANY / 2 ? at(&first, 0, i) : at(&second, 0, i - MANY / 2)));
  nai_state_destroy(a);
  nai_state_destroy(b);
  nai_network_destroy(one);
  nai_network_destroy(two);
}
END_TEST

/* Counts of its own, with their weight onto the current, and only onto that at this step. */
START_TEST(the_other_background_charges_a_current)
{
  nai_network *net = listeners(0);
  nai_network_set(net, "A", "background_exc", 1500);
  nai_network_set(net, "A", "background_exc_weight", 3);
  nai_state *state = make_state(net, 1, 7);
  const nai_view v = run_and_see(state, 1, "A:v");
  nai_view i_exc = NAI_VIEW_INIT;
  int alike = 0;
  double sum = 0;
  expect_ok(nai_state_variable(&i_exc, state, "A:i_exc"));
  for (int64_t i = 0; i < MANY; i++) {
    double count = (double)at(&i_exc, 0, i) / 3;
    EXPECT(count == round(count) && at(&v, 0, i) == 2 * roundf(at(&v, 0, i) / 2));
    alike += count == (double)at(&v, 0, i) / 2;
    sum += count;
  }
  ck_assert_double_eq_tol(sum / MANY, 1.5, 5 * sqrt(1.5 / MANY));
  ck_assert_int_lt(alike, MANY / 2);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* --- a network -------------------------------------------------------------------------------- */

enum { STEPS = 40, TRIALS = 5 };
static const struct {
  const char *from, *to;
  double delay, size;
} ends[] = {{"u", "E:delta", 0, 0.5},       {"E", "E:delta", 3, 0.3}, {"E", "I:exc+", 1, 60},
            {"I", "E:inh-", 2, 60},         {"I", "I:delta", 1, 0.2}, {"E:spike", "z", 0, 0.4},
            {"u", "I:background", 0, 1500}, {"E:v", "z", 0, 0.1}};
enum { ENDS = sizeof ends / sizeof *ends };

typedef struct form {
  const char *surrogate, *reset_gradient;
  int soft;
  double adaptation;
} form;
static const form forms[] = {{"linear", "cut", 0, 0},         {"linear", "full", 0, 0.3},
                             {"fast_sigmoid", "cut", 1, 0.3}, {"fast_sigmoid", "full", 1, 0},
                             {"linear", "full", 1, 0.3},      {"fast_sigmoid", "cut", 0, 0.3}};
enum { FORMS = sizeof forms / sizeof *forms };

/* Under Dale's law, with delays, masks, currents and a background; thresholds that differ. */
static void compose(nai_network *net, const form *f)
{
  const double thresholds[] = {1, 1.1, 0.9, 1.2, 0.8};
  nai_network_add_input(net, "u", 3);
  nai_network_add_population(net, "E", 5, NAI_EXCITATORY);
  nai_network_add_population(net, "I", 3, NAI_INHIBITORY);
  nai_network_add_output(net, "z", 2);
  nai_network_set_model(net, "E I", "lif");
  nai_network_set_each(net, "E", "threshold", thresholds, 5);
  nai_network_set(net, "I", "threshold", 1);
  nai_network_set(net, "E I", "drive", 0.8);
  nai_network_set(net, "E I", "capacitance", 100);
  nai_network_set(net, "E I", "tau_exc", 3);
  nai_network_set(net, "E", "refractory", 2);
  nai_network_set(net, "E", "rest", -0.1);
  nai_network_set(net, "I", "background", 20);
  nai_network_set(net, "E I", "soft_reset", f->soft);
  nai_network_set(net, "E I", "adaptation", f->adaptation);
  nai_network_set(net, "E I", "plastic_initial", 1);
  nai_network_set(net, "z", "tau", 20 * f->soft);
  nai_network_set(net, "z", "gain", f->soft ? 0.1 : 1);
  nai_network_choose(net, "E I", "surrogate", f->surrogate);
  nai_network_choose(net, "E I", "reset_gradient", f->reset_gradient);
  for (int k = 0; k < ENDS; k++) {
    nai_network_connect(net, ends[k].from, ends[k].to);
    nai_network_set_delay(net, ends[k].from, ends[k].to, ends[k].delay);
    nai_network_set_initial_weights(net, ends[k].from, ends[k].to, NAI_WEIGHTS_NORMAL, 0,
                                    ends[k].size);
  }
}

static nai_network *build(const form *f)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, 1));
  compose(net, f);
  make_sparse(net, "E", 0.7);
  expect_ok(nai_network_build(net, 3));
  return net;
}

static nai_trials *trials_of(const nai_network *net, int64_t n)
{
  return normal_trials(net, "z", STEPS, n);
}

static nai_trainer *train(nai_network *net, nai_rule *rule)
{
  nai_cost *c;
  nai_trainer *trainer = trainer_of(net, rule, adam(1e-3));
  attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 1);
  attach_cost(trainer, nai_cost_create_l2_rates(&c, "*"), &c, 1e-3);
  return trainer;
}

static double spikes_of(const nai_trainer *trainer, const char *name)
{
  nai_view view = NAI_VIEW_INIT;
  double sum = 0;
  expect_ok(nai_trainer_activity(&view, trainer, name));
  for (int64_t t = 0; t < view.shape[0]; t++)
    for (int64_t b = 0; b < view.shape[1]; b++)
      for (int64_t i = 0; i < view.shape[2]; i++) {
        float spike;
        memcpy(&spike, (const char *)view.data + t * view.stride[0] + b * view.stride[1] + i * 4,
               4);
        EXPECT(spike == 0 || spike == 1);
        sum += (double)spike;
      }
  return sum;
}

/* --- slopes ----------------------------------------------------------------------------------- */

START_TEST(slopes_are_those_of_the_step)
{
  nai_network *net = build(&forms[_i]);
  expect_ok(nai_network_check_model(net, "E"));
  expect_ok(nai_network_check_model(net, "I"));
  nai_network_destroy(net);
}
END_TEST

static void expect_same_gradient(const nai_network *net, nai_trainer *a, nai_trainer *b,
                                 double tolerance)
{
  double apart = 0, largest = 0;
  for (int k = 0; k < ENDS; k++) {
    nai_view x = NAI_VIEW_INIT, y = NAI_VIEW_INIT;
    expect_ok(nai_trainer_gradient(&x, a, ends[k].from, ends[k].to));
    expect_ok(nai_trainer_gradient(&y, b, ends[k].from, ends[k].to));
    for (int64_t i = 0; i < x.shape[0]; i++)
      for (int64_t j = 0; j < x.shape[1]; j++) {
        apart = fmax(apart, fabs((double)at(&x, i, j) - (double)at(&y, i, j)));
        largest = fmax(largest, fabs((double)at(&x, i, j)));
      }
  }
  (void)net;
  ck_assert_double_gt(largest, 1e-4);
  ck_assert_msg(apart < tolerance * largest, "off by %g of %g", apart, largest);
}

/* Forward in time from the slopes, back by the fused product: each rounds in its own order. */
START_TEST(gradients_forward_and_back)
{
  nai_network *net = build(&forms[_i]);
  nai_trials *trials = trials_of(net, TRIALS);
  nai_rule *rule;
  expect_ok(nai_rule_create_rtrl(&rule));
  nai_trainer *back = train(net, bptt_rule()), *forward = train(net, rule);
  expect_ok(nai_trainer_estimate_gradient(NULL, back, trials));
  expect_ok(nai_trainer_estimate_gradient(NULL, forward, trials));
  ck_assert_double_gt(spikes_of(back, "E"), 20);
  ck_assert_double_gt(spikes_of(back, "I"), 10);
  expect_same_gradient(net, back, forward, 2e-5);
  nai_trainer_destroy(back);
  nai_trainer_destroy(forward);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/*
 * The output has v of a step ago: z(1) = v(0), z(2) = v(1) = v(0) / 2. With targets of 0 the cost is the mean of
 * their squares, and its slope 1.25 v(0).
 */
START_TEST(the_first_potential_learns)
{
  nai_network *net = one_unit(HALF);
  nai_network_add_output(net, "z", 1);
  nai_network_connect(net, "E:v", "z");
  nai_network_set_initial_weights(net, "E:v", "z", NAI_WEIGHTS_CONSTANT, 1, 0);
  nai_network_set_delay(net, "E:v", "z", 1);
  nai_network_set(net, "E", "initial", 0.5);
  nai_network_set(net, "E", "plastic_initial", 1);
  expect_ok(nai_network_build(net, 1));
  nai_trials *trials;
  nai_cost *cost;
  nai_view view = NAI_VIEW_INIT;
  expect_ok(nai_trials_create(&trials, net, 2, 1));
  expect_ok(nai_trials_set_targets(trials, "z", (const float[]){0, 0}, 1));
  nai_trainer *trainer = train_by_bptt(net, 0.1);
  attach_cost(trainer, nai_cost_create_mse(&cost, "z"), &cost, 1);
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
  expect_ok(nai_trainer_initial_state_gradient(&view, trainer, "E"));
  ck_assert_double_eq_tol((double)*(const float *)view.data, 0.625, 1e-6);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* --- learning step by step -------------------------------------------------------------------- */

static nai_rule *eprop(double update_every)
{
  nai_rule *rule;
  expect_ok(nai_rule_create_eprop(&rule, NAI_FEEDBACK_SYMMETRIC, 1));
  expect_ok(nai_rule_set(rule, "update_every", update_every));
  return rule;
}

/* Eligibility vectors, with an update after the trial, against the walk back. */
START_TEST(eprop_online_is_eprop_of_the_batch)
{
  nai_network *net = build(&forms[_i]);
  nai_trials *trials = trials_of(net, 1);
  nai_trainer *batch = train(net, eprop(0)), *online = train(net, eprop(STEPS));
  expect_ok(nai_trainer_estimate_gradient(NULL, batch, trials));
  expect_ok(nai_trainer_step(NULL, online, trials));
  expect_same_gradient(net, batch, online, 2e-5);
  nai_trainer_destroy(batch);
  nai_trainer_destroy(online);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* --- bits ------------------------------------------------------------------------------------- */

static nai_network *build_first(void)
{
  return build(&forms[4]);
}

static nai_trials *some_trials(const nai_network *net)
{
  return trials_of(net, TRIALS);
}

static nai_trainer *train_by(nai_network *net, int number)
{
  return train(net, number == 0 ? bptt_rule() : eprop(number == 1 ? 0 : 2));
}

/* Updates with 1, 2 and 3 threads, and from a checkpoint. */
START_TEST(bits_do_not_depend_on_threads)
{
  const makers make = {build_first, some_trials, train_by};
  expect_same_bits(&make, _i % 3, 4, 1 + _i / 3);
}
END_TEST

/* Every kernel moves units by the same bits, so that spike trains are those of every processor. */
START_TEST(bits_do_not_depend_on_kernels)
{
  void *expected = NULL;
  for (int k = 0; oracle_kernels(k); k++) {
    nai_network *net = listeners(0);
    expect_ok(nai_network_set_kernels(net, oracle_kernels(k)));
    nai_network_set(net, "A", "tau", 15);
    nai_network_set(net, "A", "threshold", 20 + 0.1 * _i);
    nai_network_set(net, "A", "refractory", 2);
    nai_network_set(net, "A", "soft_reset", _i % 2);
    nai_network_set(net, "A", "adaptation", _i / 2 ? 3 : 0);
    nai_state *state = make_state(net, 2, 5);
    nai_view view = run_and_see(state, 60, "A:v");
    if (!expected) expected = memcpy(malloc(MANY * sizeof(float)), view.data, MANY * sizeof(float));
    EXPECT(memcmp(expected, view.data, MANY * sizeof(float)) == 0);
    nai_state_destroy(state);
    nai_network_destroy(net);
  }
  free(expected);
}
END_TEST

START_TEST(a_snapshot_goes_on_with_the_same_spikes)
{
  nai_network *net = build(&forms[_i]);
  nai_state *state = make_state(net, 2, 5), *other = make_state(net, 2, 5);
  expect_ok(nai_state_run(NULL, NULL, state, 30, NULL));
  void *before = snapshot_of(state);
  expect_ok(nai_state_run(NULL, NULL, state, 50, NULL));
  expect_ok(nai_state_restore(other, before, nai_state_snapshot_size(state)));
  EXPECT(!same_states(state, other));
  expect_ok(nai_state_run(NULL, NULL, other, 50, NULL));
  EXPECT(same_states(state, other));
  free(before);
  nai_state_destroy(state);
  nai_state_destroy(other);
  nai_network_destroy(net);
}
END_TEST

/* --- refusals --------------------------------------------------------------------------------- */

static const struct {
  const char *parameter;
  double value;
  const char *words;
} bad[] = {
    {"refractory", 2.5,
     "population 'E': refractory of unit 0 is 2.5, must be whole steps of dt = 1"},
    {"threshold", -0.5, "population 'E': threshold of unit 0 is -0.5, must be above rest = 0"},
    {"reset", 20, "population 'E': threshold of unit 0 is 20, must be above reset = 20"},
    {"tau", 0.5, "tau of 'E' is 0.5, must be 1"},
    {"refractory", -1, "refractory of 'E' is -1, must be 0"},
    {"tau_exc", 0, "tau_exc of 'E' is 0, must be"},
    {"background", -3, "background of 'E' is -3, must be 0"},
    {"soft_reset", 0.5, "soft_reset of 'E' is 0.5, must be"}};

/* At the build, or when it is set; and then the number is the one of before. */
START_TEST(numbers_that_are_refused)
{
  nai_network *net = one_unit(20);
  nai_status status = nai_network_set(net, "E", bad[_i].parameter, bad[_i].value);
  expect_fails(status == NAI_OK ? nai_network_build(net, 1) : status, NAI_ERR_INVALID,
               bad[_i].words);
  nai_network_destroy(net);
  net = one_unit(20);
  expect_ok(nai_network_build(net, 1));
  double before, after;
  expect_ok(nai_network_get_each(&before, 1, net, "E", bad[_i].parameter));
  expect_fails(nai_network_set(net, "E", bad[_i].parameter, bad[_i].value), NAI_ERR_INVALID,
               bad[_i].words);
  expect_ok(nai_network_get_each(&after, 1, net, "E", bad[_i].parameter));
  EXPECT(before == after);
  expect_ok(nai_network_set(net, "E", bad[_i].parameter, before));
  nai_network_destroy(net);
}
END_TEST

START_TEST(words_that_are_refused)
{
  nai_network *net = one_unit(20);
  expect_fails(nai_network_choose(net, "E", "surrogate", "step"), NAI_ERR_NAME,
               "surrogate of 'E' is 'step', must be one of: linear fast_sigmoid");
  nai_network_destroy(net);
}
END_TEST

START_TEST(composing_without_memory)
{
  nai_status status = NAI_ERR_MEMORY;
  for (long good = 0; status != NAI_OK; good++) {
    nai_network *net = NULL;
    faults_fail_allocation(good);
    status = nai_network_create(&net, 1);
    if (status == NAI_OK) {
      compose(net, &forms[4]);
      status = nai_network_build(net, 3);
    }
    if (status == NAI_OK) status = nai_network_set(net, "E", "refractory", 3);
    faults_fail_allocation(-1);
    EXPECT(status == NAI_OK || status == NAI_ERR_MEMORY);
    nai_network_destroy(net);
  }
}
END_TEST

START_TEST(agents_without_memory)
{
  nai_network *net = build(&forms[2]); /* its outputs have a memory */
  nai_trainer *trainer = train(net, eprop(1));
  nai_status status = NAI_ERR_MEMORY;
  int failures = 0;
  for (; status != NAI_OK; failures++) {
    nai_agent *agent;
    faults_fail_allocation(failures);
    status = nai_agent_create(&agent, trainer);
    faults_fail_allocation(-1);
    EXPECT(status == NAI_OK || status == NAI_ERR_MEMORY);
    nai_agent_destroy(agent);
  }
  ck_assert_int_gt(failures, 20);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

START_TEST(steps_do_not_allocate)
{
  nai_network *net = build(&forms[4]);
  nai_state *state = make_state(net, 2, 1);
  nai_trials *trials = trials_of(net, 2);
  nai_trainer *trainer = train(net, eprop(1));
  expect_ok(nai_state_step(NULL, state, NULL));
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  long before = faults_allocations();
  expect_ok(nai_state_step(NULL, state, NULL));
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  EXPECT(faults_allocations() == before);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* --- the suite -------------------------------------------------------------------------------- */

static void add_loop(Suite *suite, const char *name, const TTest *test, int end)
{
  TCase *tests = tcase_create(name);
  tcase_add_loop_test(tests, test, 0, end);
  suite_add_tcase(suite, tests);
}

Suite *lif_suite(void);

Suite *lif_suite(void)
{
  Suite *suite = suite_create("lif");
  ADD_CASE(suite, "by hand", a_hard_reset, a_soft_reset, an_adaptive_threshold);
  ADD_CASE(suite, "background", a_background_is_poisson, a_background_is_a_unit_s_own,
           the_other_background_charges_a_current);
  add_loop(suite, "slopes", slopes_are_those_of_the_step, FORMS);
  add_loop(suite, "gradients", gradients_forward_and_back, FORMS);
  ADD_CASE(suite, "initial", the_first_potential_learns);
  add_loop(suite, "online", eprop_online_is_eprop_of_the_batch, FORMS);
  add_loop(suite, "threads", bits_do_not_depend_on_threads, 9);
  add_loop(suite, "kernels", bits_do_not_depend_on_kernels, 4);
  add_loop(suite, "snapshots", a_snapshot_goes_on_with_the_same_spikes, FORMS);
  add_loop(suite, "numbers", numbers_that_are_refused, sizeof bad / sizeof *bad);
  ADD_CASE(suite, "words", words_that_are_refused);
  ADD_CASE(suite, "memory", composing_without_memory, agents_without_memory, steps_do_not_allocate);
  return suite;
}
