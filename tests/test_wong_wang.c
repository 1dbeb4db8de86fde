/*
 * Pools of Wong & Wang's decision circuit: steps by hand, the rate around the current of threshold, noise,
 * slopes. Numbers of an independent program: bindings/python/tests/test_circuit_units.py.
 */
#include <math.h>

#include "networks.h"
#include "states.h"

enum { POOLS = 4, TRIALS = 3 };

/* Not built. `n` pools that an input of their own reaches with a weight of 1 nA. */
static nai_network *compose_pools(int64_t n, double noise)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, 0.5));
  expect_ok(nai_network_add_input(net, "u", n));
  expect_ok(nai_network_add_population(net, "A", n, NAI_FREE));
  expect_ok(nai_network_set_model(net, "A", "wong_wang"));
  expect_ok(nai_network_set(net, "A", "noise", noise));
  expect_ok(nai_network_connect(net, "u", "A"));
  expect_ok(nai_network_set_initial_weights(net, "u", "A", NAI_WEIGHTS_IDENTITY, 1, 0));
  return net;
}

static float variable(nai_state *state, const char *name, int64_t b, int64_t i)
{
  nai_view view = NAI_VIEW_INIT;
  expect_ok(nai_state_variable(&view, state, name));
  return at(&view, b, i);
}

static double frequency(double x)
{
  double y = 0.154 * (270 * x - 108);
  return y == 0 ? 1 / 0.154 : y / 0.154 / -expm1(-y);
}

/* From S = .2 under a current of .3255 + .1 nA, twice. */
START_TEST(a_step_by_hand)
{
  nai_network *net = compose_pools(1, 0);
  const float input = 0.1f;
  expect_ok(nai_network_set(net, "A", "initial", 0.2));
  expect_ok(nai_network_build(net, 1));
  nai_state *state = make_state(net, 1, 1);
  ck_assert_float_eq(variable(state, "A:gate", 0, 0), 0.2f);
  ck_assert_float_eq(variable(state, "A:rate", 0, 0), 0);
  double s = 0.2;
  for (int t = 0; t < 2; t++) {
    double rate = frequency(0.4255);
    s += 0.5 * (-s / 100 + (1 - s) * 0.641 * rate / 1000);
    expect_ok(nai_state_step(NULL, state, &input));
    ck_assert_double_eq_tol((double)variable(state, "A:S", 0, 0), s, 1e-6);
    ck_assert_double_eq_tol((double)variable(state, "A:rate", 0, 0), rate, 1e-4);
  }
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/*
 * Where a x = b the rate is 1 / d, and no NaN; it goes through smoothly, also where series and quotient
 * meet, at y = .25; far below threshold it is 0.
 */
START_TEST(rates_around_threshold)
{
  enum { POINTS = 8 };
  const float y[POINTS] = {0, 1e-6f, -1e-6f, 0.249999f, 0.250001f, -0.249999f, -0.250001f, -200};
  float input[POINTS];
  nai_network *net = compose_pools(POINTS, 0);
  expect_ok(nai_network_set(net, "A", "current", 0));
  expect_ok(nai_network_build(net, 1));
  nai_state *state = make_state(net, 1, 1);
  for (int i = 0; i < POINTS; i++) input[i] = (y[i] / 0.154f + 108) / 270;
  expect_ok(nai_state_step(NULL, state, input));
  for (int i = 0; i < POINTS; i++)
    ck_assert_double_eq_tol((double)variable(state, "A:rate", 0, i), frequency((double)input[i]),
                            2e-5); /* a x - b cancels: 108 Hz in single precision */
  ck_assert_double_eq_tol((double)variable(state, "A:rate", 0, 0), 1 / 0.154, 1e-4);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* Its standard deviation is sigma / sqrt(2), its correlation time tau_ampa, whatever dt is. */
START_TEST(noise_of_a_known_size)
{
  enum { STEPS = 20000 };
  nai_network *net = compose_pools(POOLS, 0.02);
  expect_ok(nai_network_build(net, 1));
  nai_state *state = make_state(net, TRIALS, 5);
  double squares = 0, products = 0;
  float before[TRIALS][POOLS] = {{0}};
  for (int t = 0; t < STEPS; t++) {
    expect_ok(nai_state_step(NULL, state, NULL));
    for (int b = 0; b < TRIALS; b++)
      for (int i = 0; i < POOLS; i++) {
        float now = variable(state, "A:I_noise", b, i);
        squares += (double)now * (double)now;
        products += (double)now * (double)before[b][i];
        before[b][i] = now;
      }
  }
  /* 12 x 20000 numbers, of which about one in 4 / (1 + 1) is independent: 0.4 % of the deviation. */
  ck_assert_double_eq_tol(sqrt(squares / (STEPS * TRIALS * POOLS)), 0.0141421, 0.0141421 * 0.012);
  ck_assert_double_eq_tol(products / squares, exp(-0.25), 0.01);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* Along trajectories, from below threshold to far above it, and in the series. */
START_TEST(slopes_are_those_of_the_step)
{
  const double current[] = {0.3255, 0.38, 0.4, 0.45};
  nai_network *net = compose_pools(POOLS, 0.02);
  expect_ok(nai_network_set_each(net, "A", "current", current, POOLS));
  expect_ok(nai_network_set(net, "A", "initial", 0.3));
  expect_ok(nai_network_build(net, 1));
  expect_ok(nai_network_check_model(net, "A"));
  nai_network_destroy(net);
}
END_TEST

START_TEST(numbers_out_of_range_are_refused)
{
  static const struct {
    const char *name;
    double value;
    const char *words;
  } bad[] = {{"tau", 0.1, "tau of 'A' is 0.1, must be 0.5"},
             {"tau_ampa", 0, "tau_ampa of 'A' is 0, must be"},
             {"a", 0, "a of 'A' is 0, must be"},
             {"d", 0, "d of 'A' is 0, must be"},
             {"noise", -1, "noise of 'A' is -1, must be 0"}};
  for (int k = 0; k < (int)(sizeof bad / sizeof *bad); k++) {
    nai_network *net = compose_pools(1, 0);
    expect_fails(nai_network_set(net, "A", bad[k].name, bad[k].value), NAI_ERR_INVALID,
                 bad[k].words);
    nai_network_destroy(net);
  }
}
END_TEST

Suite *wong_wang_suite(void);

Suite *wong_wang_suite(void)
{
  Suite *suite = suite_create("wong_wang");
  ADD_CASE(suite, "steps", a_step_by_hand, rates_around_threshold, noise_of_a_known_size);
  ADD_CASE(suite, "slopes", slopes_are_those_of_the_step);
  ADD_CASE(suite, "refusals", numbers_out_of_range_are_refused);
  return suite;
}
