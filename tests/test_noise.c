/*
 * Coloured noise of units and of inputs (docs/equations.md, "Inputs" and "Units"): its first steps
 * by hand, its statistics, and that it is part of a state and of nothing else.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "networks.h"
#include "rules.h"
#include "states.h"

#define DT 10.0

/* Units "A" without recurrence, linear, each driven by a channel of "u" of its own. Not built. */
static nai_network *compose_noisy(int64_t n, int32_t leak, double tau)
{
  nai_network *net = COMPOSE(.dt = DT, .inputs = {{"u", n}}, .populations = {{"A", n, NAI_FREE}},
                             .projections = {{"u", "A"}});
  expect_ok(nai_network_set_transfer(net, "A", NAI_TRANSFER_LINEAR));
  expect_ok(nai_network_set_leak(net, "A", leak));
  expect_ok(nai_network_set(net, "A", "tau", tau));
  expect_ok(nai_network_set_initial_weights(net, "u", "A", NAI_WEIGHTS_IDENTITY, 1, 0));
  return net;
}

/* Noise of `name`, "A" or "u". */
static nai_network *build_noisy(int64_t n, int32_t leak, double tau, const char *name, double noise,
                                double noise_tau)
{
  nai_network *net = compose_noisy(n, leak, tau);
  expect_ok(nai_network_set(net, name, "noise", noise));
  expect_ok(nai_network_set(net, name, "noise_tau", noise_tau));
  expect_ok(nai_network_build(net, 1));
  return net;
}

/* Rates [steps][trials][n], to be freed. */
static float *rates_from(const nai_network *net, int64_t steps, int64_t trials, uint64_t seed)
{
  int64_t n = nai_network_size(net, NAI_POPULATIONS, NULL);
  float *rates = malloc((size_t)(steps * trials * n) * sizeof *rates);
  nai_state *state = make_state(net, trials, seed);
  expect_ok(nai_state_run(NULL, rates, state, steps, NULL));
  nai_state_destroy(state);
  return rates;
}

/* --- by hand ---------------------------------------------------------------------------------- */

enum { STEPS = 6, N = 3 };

/*
 * The normal variables, from units without memory and white noise of 1: r = v + sqrt(2) xi; or, of
 * inputs whose white noise has the time constant dt / 2, r = xi.
 */
static float *normals_of(const char *name)
{
  int inputs = strcmp(name, "u") == 0;
  nai_network *net = compose_noisy(N, NAI_LEAK_CURRENT, DT);
  expect_ok(nai_network_set(net, name, "noise", 1));
  if (inputs) expect_ok(nai_network_set(net, name, "tau", DT / 2));
  expect_ok(nai_network_build(net, 1));
  float *xi = rates_from(net, STEPS, 1, 7);
  for (int i = 0; i < STEPS * N && !inputs; i++) xi[i] = (float)((double)xi[i] / sqrt(2));
  nai_network_destroy(net);
  return xi;
}

/* n_1 = sd xi_1, n_t = a n_(t-1) + sd sqrt(1 - a^2) xi_t, a = exp(-dt / tau). */
static void check_by_hand(const char *name, int32_t leak, double tau, double sd, double noise_tau)
{
  float *xi = normals_of(name);
  nai_network *net = build_noisy(N, leak, tau, name, sd, noise_tau);
  float *rate = rates_from(net, STEPS, 1, 7);
  double a = exp(-DT / noise_tau), alpha = DT / tau;
  for (int u = 0; u < N; u++) {
    double n = sd * (double)xi[u], r = 0;
    for (int t = 0; t < STEPS; t++) {
      if (t > 0) n = a * n + sd * sqrt(1 - a * a) * (double)xi[t * N + u];
      r = (1 - alpha) * r + alpha * n; /* linear: the same for both leaks */
      ck_assert_double_lt(fabs((double)rate[t * N + u] - r), 2e-6 * sd); /* single precision */
    }
  }
  free(xi);
  free(rate);
  nai_network_destroy(net);
}

START_TEST(first_steps_by_hand)
{
  for (int32_t leak = NAI_LEAK_CURRENT; leak <= NAI_LEAK_RATE; leak++) {
    check_by_hand("A", leak, DT, 0.5, 25);
    check_by_hand("A", leak, 40, 2, 100);
    check_by_hand("A", leak, 40, 2, 1e-3); /* keeps nothing: white, of this deviation */
    check_by_hand("u", leak, 20, 0.3, 55);
  }
  /* half is kept: the noise of Goudar et al. (2023), dt = 1 ms, tau = 2 ms by Euler's method */
  check_by_hand("A", NAI_LEAK_RATE, 100, 0.05 / sqrt(0.75), DT / log(2));
}
END_TEST

/* --- statistics ------------------------------------------------------------------------------- */

/*
 * Variance sd^2 from the first step on, autocorrelation exp(-k dt / tau), nothing between units or
 * trials. n values of which 256 x 32 series are independent: the estimate of a variance over all
 * steps has relative variance (2 / n) (1 + a^2) / (1 - a^2), of one step 2 / series.
 */
static void check_statistics(const char *name, double sd, double noise_tau)
{
  enum { UNITS = 256, TRIALS = 32, LONG = 200, SERIES = UNITS * TRIALS };
  nai_network *net = build_noisy(UNITS, NAI_LEAK_RATE, DT, name, sd, noise_tau);
  float *x = rates_from(net, LONG, TRIALS, 77);
  double a = exp(-DT / noise_tau), n = (double)LONG * SERIES, square = 0, across = 0;
  double lag[3] = {0}, first = 0, last = 0;
  const int64_t steps[3] = {1, 2, 5};
  for (int64_t k = 0; k < LONG * SERIES; k++) {
    double value = (double)x[k] / sd;
    square += value * value / n;
    if (k < SERIES) first += value * value / SERIES;
    if (k >= (LONG - 1) * SERIES) last += value * value / SERIES;
    for (int i = 0; i < 3; i++)
      if (k + steps[i] * SERIES < LONG * SERIES)
        lag[i] +=
            value * (double)x[k + steps[i] * SERIES] / sd / (double)((LONG - steps[i]) * SERIES);
    if (k % SERIES + UNITS < SERIES && k % UNITS + 1 < UNITS) /* next unit, next trial */
      across += value * (double)x[k + UNITS + 1] / sd / n;
  }
  double spread = sqrt(2 / n * (1 + a * a) / (1 - a * a));
  ck_assert_double_lt(fabs(square - 1), 4 * spread);
  ck_assert_double_lt(fabs(first - 1), 4 * sqrt(2.0 / SERIES));
  ck_assert_double_lt(fabs(last - 1), 4 * sqrt(2.0 / SERIES));
  for (int i = 0; i < 3; i++)
    ck_assert_double_lt(fabs(lag[i] - pow(a, (double)steps[i])), 4 * spread);
  ck_assert_double_lt(fabs(across), 4 * spread);
  free(x);
  nai_network_destroy(net);
}

START_TEST(variance_and_autocorrelation)
{
  check_statistics("A", 0.5, 30);
  check_statistics("u", 3, 80);
}
END_TEST

/*
 * What docs/equations.md has for x: sd^2 alpha / (2 - alpha) (1 + c) / (1 - c), c = (1 - alpha) a,
 * of a unit with the leak on the current.
 */
START_TEST(variance_of_currents)
{
  enum { UNITS = 256, TRIALS = 32, LONG = 300, WARM = 100, SERIES = UNITS * TRIALS };
  nai_network *net = build_noisy(UNITS, NAI_LEAK_CURRENT, 50, "A", 0.4, 30);
  float *x = rates_from(net, LONG, TRIALS, 3);
  double a = exp(-DT / 30), alpha = DT / 50, c = (1 - alpha) * a, square = 0;
  double expected = 0.4 * 0.4 * alpha / (2 - alpha) * (1 + c) / (1 - c);
  for (int64_t k = WARM * SERIES; k < LONG * SERIES; k++)
    square += (double)x[k] * (double)x[k] / ((LONG - WARM) * SERIES);
  ck_assert_double_lt(fabs(square / expected - 1), 0.01); /* more than four standard deviations */
  free(x);
  nai_network_destroy(net);
}
END_TEST

/* --- whose it is ------------------------------------------------------------------------------ */

/* Units of white noise have the bits that they have alone, whatever colour the others have. */
START_TEST(white_noise_is_as_it_was)
{
  nai_network *white = build_noisy(N, NAI_LEAK_CURRENT, 40, "A", 0.5, 0);
  nai_network *mixed = compose_noisy(N, NAI_LEAK_CURRENT, 40);
  expect_ok(nai_network_set(mixed, "A", "noise", 0.5));
  expect_ok(nai_network_set_each(mixed, "A", "noise_tau", (double[N]){0, 70, 0}, N));
  expect_ok(nai_network_build(mixed, 1));
  float *a = rates_from(white, STEPS, 2, 4), *b = rates_from(mixed, STEPS, 2, 4);
  for (int k = 0; k < STEPS * 2 * N; k++) EXPECT((a[k] == b[k]) == (k % N != 1));
  free(a);
  free(b);
  nai_network_destroy(white);
  nai_network_destroy(mixed);
}
END_TEST

/* Of trial 11 it is the same in a state of 13 trials, and in one of that trial alone. */
START_TEST(each_trial_has_its_own)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_state *many = make_state(net, 13, 5), *one = make_state(net, 1, 5);
  expect_ok(nai_state_set_first(one, 11));
  for (int t = 0; t < 12; t++) {
    expect_ok(nai_state_step(NULL, many, NULL));
    expect_ok(nai_state_step(NULL, one, NULL));
    for (int64_t u = 0; u < nai_network_size(net, NAI_POPULATIONS, "layer"); u++)
      EXPECT(rate_of(many, "layer", 11, u) == rate_of(one, "layer", 0, u));
  }
  nai_state_destroy(many);
  nai_state_destroy(one);
  nai_network_destroy(net);
}
END_TEST

/* A reset state does the same again; a restored one goes on with the noise that it had. */
START_TEST(a_snapshot_has_it)
{
  nai_network *net = build_noisy(N, NAI_LEAK_CURRENT, 40, "A", 0.5, 200);
  expect_ok(nai_network_set(net, "u", "noise", 0.3));
  expect_ok(nai_network_set(net, "u", "noise_tau", 500));
  nai_state *state = make_state(net, 2, 5), *other = make_state(net, 2, 6);
  expect_ok(nai_state_run(NULL, NULL, state, 9, NULL));
  void *before = snapshot_of(state);
  expect_ok(nai_state_restore(other, before, nai_state_snapshot_size(other)));
  expect_ok(nai_state_run(NULL, NULL, state, 5, NULL));
  expect_ok(nai_state_run(NULL, NULL, other, 5, NULL));
  EXPECT(same_states(state, other));
  expect_ok(nai_state_reset(other));
  expect_ok(nai_state_run(NULL, NULL, other, 14, NULL));
  EXPECT(same_states(state, other));
  free(before);
  nai_state_destroy(state);
  nai_state_destroy(other);
  nai_network_destroy(net);
}
END_TEST

/* Colour that comes while a state runs has all of its variance at once; and may go again. */
START_TEST(colour_may_be_set_while_a_state_runs)
{
  enum { UNITS = 4096 };
  nai_network *net = build_noisy(UNITS, NAI_LEAK_CURRENT, DT, "A", 0.5, 0);
  nai_state *state = make_state(net, 1, 5);
  for (int t = 0; t < 6; t++) {
    expect_ok(nai_network_set(net, "A", "noise_tau", t % 3 ? 1000 : 0));
    expect_ok(nai_state_step(NULL, state, NULL));
    double square = 0, expected = t % 3 ? 0.25 : 2 * 0.25;
    for (int64_t u = 0; u < UNITS; u++) square += pow((double)rate_of(state, "A", 0, u), 2) / UNITS;
    ck_assert_double_lt(fabs(square / expected - 1), 4 * sqrt(2.0 / UNITS));
  }
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

START_TEST(a_model_file_has_it)
{
  char path[300], folder[256];
  checks_folder(folder);
  snprintf(path, sizeof path, "%s/noise.safetensors", folder);
  nai_network *net = build_noisy(N, NAI_LEAK_RATE, 40, "A", 0.5, 33.25), *loaded;
  expect_ok(nai_network_set(net, "u", "noise_tau", 0.1));
  expect_ok(nai_network_save(net, path));
  expect_ok(nai_network_load(&loaded, path, NULL));
  double tau[N], input_tau[N];
  expect_ok(nai_network_get_each(tau, N, loaded, "A", "noise_tau"));
  expect_ok(nai_network_get_each(input_tau, N, loaded, "u", "noise_tau"));
  for (int u = 0; u < N; u++) EXPECT(tau[u] == 33.25 && input_tau[u] == 0.1);
  float *a = rates_from(net, STEPS, 2, 4), *b = rates_from(loaded, STEPS, 2, 4);
  EXPECT(memcmp(a, b, STEPS * 2 * N * sizeof *a) == 0);
  free(a);
  free(b);
  nai_network_destroy(net);
  nai_network_destroy(loaded);
}
END_TEST

START_TEST(what_is_no_time_is_refused)
{
  static const double bad[] = {-1, NAN, INFINITY, 2e9};
  nai_network *net = build_noisy(N, NAI_LEAK_RATE, 40, "A", 0.5, 30);
  for (int i = 0; i < 4; i++) {
    expect_fails(nai_network_set(net, "A", "noise_tau", bad[i]), NAI_ERR_INVALID,
                 "noise_tau of 'A'");
    expect_fails(nai_network_set(net, "u", "noise_tau", bad[i]), NAI_ERR_INVALID,
                 "noise_tau of 'u'");
  }
  double tau[N];
  expect_ok(nai_network_get_each(tau, N, net, "A", "noise_tau"));
  EXPECT(tau[0] == 30 && tau[N - 1] == 30);
  nai_network_destroy(net);
}
END_TEST

/* --- learning --------------------------------------------------------------------------------- */

/* Gradients under it are held by every test of build_everything(); here the bits of updates. */
START_TEST(threads_change_no_bit)
{
  uint64_t hash[3];
  for (int threads = 1; threads <= 3; threads++) {
    nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
    nai_trainer *trainer = train_everything_by(net, bptt_rule());
    nai_trials *trials = any_trials_for_everything(net, 40, 3);
    expect_ok(nai_trainer_set(trainer, "threads", threads));
    for (int k = 0; k < 3; k++) expect_ok(nai_trainer_step(NULL, trainer, trials));
    hash[threads - 1] = hash_of(net);
    nai_trials_destroy(trials);
    nai_trainer_destroy(trainer);
    nai_network_destroy(net);
  }
  EXPECT(hash[0] == hash[1] && hash[0] == hash[2]);
}
END_TEST

Suite *noise_suite(void);

Suite *noise_suite(void)
{
  Suite *suite = suite_create("noise");
  ADD_CASE(suite, "what it is", first_steps_by_hand, variance_and_autocorrelation,
           variance_of_currents);
  ADD_CASE(suite, "whose it is", white_noise_is_as_it_was, each_trial_has_its_own,
           a_snapshot_has_it, colour_may_be_set_while_a_state_runs, a_model_file_has_it,
           what_is_no_time_is_refused, threads_change_no_bit);
  return suite;
}
