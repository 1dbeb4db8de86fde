/* Sources of Poisson spikes: how many, of what they are functions, and that no error goes through them. */
#include <math.h>

#include "networks.h"
#include "rules.h"
#include "states.h"

enum {
  UNITS = 301,
  TRIALS = 3,
  STEPS = 500
}; /* more units than are drawn at once, no multiple of 4 */

/* Units of 100 Hz and the rate that an input says, steps of 1 ms; maybe behind another population. */
static nai_network *build_sources(int other_first, int64_t units)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, 1));
  expect_ok(nai_network_add_input(net, "u", 1));
  if (other_first) expect_ok(nai_network_add_population(net, "other", UNITS, NAI_EXCITATORY));
  expect_ok(nai_network_add_population(net, "S", units, NAI_EXCITATORY));
  expect_ok(nai_network_set_model(net, "S", "poisson"));
  expect_ok(nai_network_set(net, "S", "rate", 100));
  expect_ok(nai_network_connect(net, "u", "S"));
  expect_ok(nai_network_set_initial_weights(net, "u", "S", NAI_WEIGHTS_CONSTANT, 1, 0));
  expect_ok(nai_network_build(net, 1));
  return net;
}

/* At 400 Hz 0.4 a step, whatever the step before and the neighbour drew; none below 0 Hz; always one from
 * 1000 Hz on. */
START_TEST(spikes_come_at_their_rate)
{
  nai_network *net = build_sources(0, UNITS);
  nai_state *state = make_state(net, TRIALS, 7);
  const float input[TRIALS] = {300, -300, 1000};
  double sum = 0, after = 0, beside = 0;
  float before[UNITS] = {0};
  for (int t = 0; t < STEPS; t++) {
    expect_ok(nai_state_step(NULL, state, input));
    for (int i = 0; i < UNITS; i++) {
      float spike = rate_of(state, "S", 0, i);
      EXPECT(spike == 0 || spike == 1);
      EXPECT(rate_of(state, "S", 1, i) == 0 && rate_of(state, "S", 2, i) == 1);
      sum += (double)spike;
      after += (double)(spike * before[i]);
      if (i) beside += (double)(spike * rate_of(state, "S", 0, i - 1));
      before[i] = spike;
    }
  }
  double n = (double)STEPS * UNITS;
  ck_assert_double_eq_tol(sum / n, 0.4, 5 * sqrt(0.24 / n));
  ck_assert_double_eq_tol(after / n, 0.16, 0.01);
  ck_assert_double_eq_tol(beside / n * UNITS / (UNITS - 1), 0.16, 0.01);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* Whatever holds the units: one population, or two, of which the second goes on counting. */
START_TEST(spikes_are_of_seed_trial_step_and_unit)
{
  nai_network *net = build_sources(0, 2 * UNITS), *shifted = build_sources(1, UNITS);
  nai_state *many = make_state(net, TRIALS, 7), *one = make_state(net, 1, 7),
            *apart = make_state(shifted, TRIALS, 7);
  int differ = 0;
  for (int t = 0; t < 50; t++) {
    expect_ok(nai_state_step(NULL, many, NULL));
    expect_ok(nai_state_step(NULL, one, NULL));
    expect_ok(nai_state_step(NULL, apart, NULL));
    for (int i = 0; i < UNITS; i++) {
      EXPECT(rate_of(many, "S", 0, i) == rate_of(one, "S", 0, i));
      EXPECT(rate_of(many, "S", 1, UNITS + i) == rate_of(apart, "S", 1, i));
      differ += rate_of(many, "S", 1, i) != rate_of(many, "S", 2, i);
      differ += rate_of(many, "S", 1, i) != rate_of(many, "S", 1, i + 256);
    }
  }
  ck_assert_int_gt(differ,
                   2 * 50 * UNITS / 7); /* 2 x .1 x .9 of all are expected to: 18 % of them */
  nai_state_destroy(many);
  nai_state_destroy(one);
  nai_state_destroy(apart);
  nai_network_destroy(net);
  nai_network_destroy(shifted);
}
END_TEST

/* What reads them learns, what sets their rate does not. */
START_TEST(no_error_goes_through_a_spike)
{
  nai_network *net;
  nai_cost *cost;
  expect_ok(nai_network_create(&net, 1));
  expect_ok(nai_network_add_input(net, "u", 1));
  expect_ok(nai_network_add_population(net, "S", 5, NAI_FREE));
  expect_ok(nai_network_set_model(net, "S", "poisson"));
  expect_ok(nai_network_set(net, "S", "rate", 300));
  expect_ok(nai_network_add_population(net, "R", 5, NAI_FREE));
  expect_ok(nai_network_add_output(net, "z", 1));
  expect_ok(nai_network_connect(net, "u", "S"));
  expect_ok(nai_network_set_initial_weights(net, "u", "S", NAI_WEIGHTS_CONSTANT, 10, 0));
  expect_ok(nai_network_connect(net, "S", "R"));
  expect_ok(nai_network_connect(net, "R", "z"));
  expect_ok(nai_network_build(net, 1));
  expect_ok(nai_network_check_model(net, "S"));
  nai_trials *trials = normal_trials(net, "z", 30, 4);
  nai_trainer *trainer = trainer_of(net, rule_named("bptt", 1), plain_descent(0.1));
  attach_cost(trainer, nai_cost_create_mse(&cost, "z"), &cost, 1);
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
  const char *const ends[][2] = {{"u", "S"}, {"S", "R"}};
  for (int k = 0; k < 2; k++) {
    nai_view view = NAI_VIEW_INIT;
    double most = 0;
    expect_ok(nai_trainer_gradient(&view, trainer, ends[k][0], ends[k][1]));
    for (int64_t i = 0; i < view.shape[0]; i++)
      for (int64_t j = 0; j < view.shape[1]; j++) most = fmax(most, fabs((double)at(&view, i, j)));
    EXPECT(k == 0 ? most == 0 : most > 0);
  }
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

Suite *poisson_suite(void);

Suite *poisson_suite(void)
{
  Suite *suite = suite_create("poisson");
  ADD_CASE(suite, "spikes", spikes_come_at_their_rate, spikes_are_of_seed_trial_step_and_unit,
           no_error_goes_through_a_spike);
  return suite;
}
