/*
 * Pyramidal neurons and interneurons in a microcircuit: steady states and induction terms of an independent
 * program, the self-predicting state, the limit of weak feedback, noise, slopes.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../lib/running/move.h"
#include "../lib/running/state.h"
#include "microcircuits.h"
#include "oracle.h"
#include "states.h"

enum { MOST = 256, STEPS = 1000, TRIALS = 3 };

/* Each way of moving u, and of making a rate of it. */
static const struct {
  const char *dynamics;
  int32_t prospective;
} ways[] = {{"full", 0}, {"full", 1}, {"steady", 0}, {"steady", 1}};
enum { WAYS = sizeof ways / sizeof *ways };

static void choose_way(nai_network *net, int way)
{
  expect_ok(nai_network_choose(net, "P* I*", "dynamics", ways[way].dynamics));
  expect_ok(nai_network_set(net, "P* I*", "prospective", ways[way].prospective));
}

/* So many steps of the same inputs. */
static void settle(nai_state *state, const float *inputs, int steps)
{
  for (int t = 0; t < steps; t++) expect_ok(nai_state_step(NULL, state, inputs));
}

/* --- numbers of an independent program -------------------------------------------------------- */

static const char *const conditions[] = {"free", "taught", "selfpred_free", "selfpred_taught"};
static const char *const path_names[] = {"up", "down", "ip", "pi"};

static void check_potentials(oracle *o, nai_state *state, const char *array, const char *kind,
                             int k)
{
  char name[64];
  double ours[MOST];
  int64_t n;
  nai_view first = NAI_VIEW_INIT, second = NAI_VIEW_INIT;
  int is_apical = strstr(array, "vA") != NULL;
  snprintf(name, sizeof name, "%s%d:%s", kind, k, is_apical ? "apical" : "u");
  expect_ok(nai_state_variable(&first, state, name));
  snprintf(name, sizeof name, "P%d:lateral", k);
  if (is_apical) expect_ok(nai_state_variable(&second, state, name));
  for (int64_t b = 0; b < first.shape[0]; b++)
    for (int64_t i = 0; i < first.shape[1]; i++)
      ours[b * first.shape[1] + i] =
          (double)at(&first, b, i) + (is_apical ? (double)at(&second, b, i) : 0);
  snprintf(name, sizeof name, "%s%d", array, k);
  const double *expected = oracle_sized(o, name, &n, NULL);
  ck_assert_int_eq(n, first.shape[0] * first.shape[1]);
  for (int64_t i = 0; i < n; i++)
    ck_assert_msg(fabs(ours[i] - expected[i]) < 1e-5, "%s: %s is %g, not %g", o->name, name,
                  ours[i], expected[i]);
}

static void check_states(oracle *o, nai_state *state, const microcircuit *m, const char *condition)
{
  char array[32];
  for (int k = 1; k <= m->layers; k++) {
    snprintf(array, sizeof array, "%s_u", condition);
    check_potentials(o, state, array, "P", k);
    snprintf(array, sizeof array, "%s_uI", condition);
    if (k < m->layers) check_potentials(o, state, array, "I", k);
    snprintf(array, sizeof array, "%s_vA", condition);
    if (k < m->layers) check_potentials(o, state, array, "P", k);
  }
}

/* (post error)(pre)^T, mean over trials, of one projection at the state's last step. */
static void find_induction(double *out, const nai_state *state, const path_ends *ends)
{
  const nai_network *net = state->net;
  const nai__projection *p;
  float error[TRIALS * MOST];
  expect_ok(nai__projection_find(&p, net, ends->from, ends->to));
  EXPECT(net->ld_units <= MOST);
  for (int64_t s = 0; s < net->n_segments; s++)
    expect_ok(nai__cells_errors(&state->activity, &net->segment[s], state->time, state->time - 1, 0,
                                TRIALS, error));
  const nai__block *block = &net->block[p->block];
  const float *pre = nai__carried(&state->activity, block, state->time) + p->pre - block->pre;
  for (int64_t i = 0; i < p->at.rows; i++)
    for (int64_t j = 0; j < p->at.columns; j++) {
      double sum = 0;
      for (int b = 0; b < TRIALS; b++)
        sum += (double)error[b * net->ld_units + p->post + i] *
               (double)pre[b * nai__carried_stride(net, block) + j];
      out[i * p->at.columns + j] = sum / TRIALS;
    }
}

static void check_induction(oracle *o, const nai_state *state, const microcircuit *m,
                            const char *condition)
{
  for (int k = 1; k <= m->layers; k++)
    for (int path = 0; path < PATHS; path++) {
      char name[64];
      path_ends ends;
      double ours[MOST];
      int64_t n;
      if (path == PATH_DOWN || !path_of(&ends, m, path, k)) continue;
      snprintf(name, sizeof name, "%s_dW_%s%d", condition, path_names[path], k);
      const double *expected = oracle_sized(o, name, &n, NULL);
      find_induction(ours, state, &ends);
      for (int64_t i = 0; i < n; i++)
        ck_assert_msg(fabs(ours[i] - expected[i]) < 1e-5, "%s: %s is %g, not %g", o->name, name,
                      ours[i], expected[i]);
    }
}

START_TEST(steady_states_are_those_of_an_independent_program)
{
  int number = _i % 2, way = _i / 2;
  const microcircuit *m = &microcircuit_cases[number].shape;
  for (int c = 0; c < 4; c++) {
    oracle o = microcircuit_open(number);
    float inputs[MOST];
    nai_network *net = microcircuit_case_network(&o, number, conditions[c], ways[way].dynamics,
                                                 ways[way].prospective);
    nai_state *state = make_state(net, TRIALS, 1);
    microcircuit_inputs(inputs, m, TRIALS, oracle_array(&o, "r0"), oracle_array(&o, "target"),
                        strstr(conditions[c], "taught") != NULL);
    settle(state, inputs, way < 2 ? STEPS : 50);
    check_states(&o, state, m, conditions[c]);
    check_induction(&o, state, m, conditions[c]);
    nai_state_destroy(state);
    nai_network_destroy(net);
    oracle_close(&o);
  }
}
END_TEST

/* --- self-prediction -------------------------------------------------------------------------- */

static const microcircuit wide = {{30, 20, 10}, 2, 0};

enum { PATTERNS = 8, INPUTS = 30, HIDDEN = 20, TOP = 10 };

static double between(uint64_t stream, int64_t i)
{
  return 2 * nai_random_uniform(5, stream, (uint64_t)i) - 1;
}

static void draw_inputs(float *inputs, int64_t trials, double teach)
{
  double x[PATTERNS * INPUTS], target[PATTERNS * TOP];
  for (int64_t i = 0; i < trials * INPUTS; i++) x[i] = between(0, i);
  for (int64_t i = 0; i < trials * TOP; i++) target[i] = between(1, i);
  microcircuit_inputs(inputs, &wide, trials, x, target, teach);
}

START_TEST(apical_compartments_rest_without_a_teacher)
{
  nai_network *net = compose_microcircuit(&wide);
  float inputs[TRIALS * (INPUTS + 2 * TOP)];
  choose_way(net, _i);
  expect_ok(nai_network_build(net, 3));
  predict_self(net, &wide);
  nai_state *state = make_state(net, TRIALS, 1);
  for (int teach = 0; teach < 2; teach++) {
    nai_view apical = NAI_VIEW_INIT, lateral = NAI_VIEW_INIT;
    double most = 0;
    draw_inputs(inputs, TRIALS, teach);
    settle(state, inputs, STEPS);
    expect_ok(nai_state_variable(&apical, state, "P1:apical"));
    expect_ok(nai_state_variable(&lateral, state, "P1:lateral"));
    for (int64_t b = 0; b < TRIALS; b++)
      for (int64_t i = 0; i < HIDDEN; i++)
        most = fmax(most, fabs((double)at(&apical, b, i) + (double)at(&lateral, b, i)));
    ck_assert_msg(teach ? most > 0.05 : most < 1e-6, "teacher %d: %g", teach, most);
  }
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* --- weak feedback ---------------------------------------------------------------------------- */

/* Of two arrays: the angle between them, in degrees, and the ratio of their norms. */
typedef struct likeness {
  double angle, ratio;
} likeness;

static likeness compare(const double *a, const double *b, int64_t n)
{
  double ab = 0, aa = 0, bb = 0;
  for (int64_t i = 0; i < n; i++) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return (likeness){acos(fmin(ab / sqrt(aa * bb), 1)) * 180 / acos(-1), sqrt(aa / bb)};
}

/* All mixing factors lambda; W_down the transpose of W_up, or random. */
static nai_network *build_weak(double lambda, int is_random)
{
  nai_network *net = compose_microcircuit(&wide);
  double g = 1.1 * lambda / (1 - lambda);
  float down[HIDDEN * TOP];
  expect_ok(nai_network_choose(net, "P* I*", "dynamics", "steady"));
  expect_ok(nai_network_set(net, "P* I*", "g_soma", g));
  expect_ok(nai_network_set(net, "P1", "g_apical", g));
  expect_ok(nai_network_build(net, 3));
  nai_view up = weights_of(net, "P1", "P2:basal");
  for (int64_t i = 0; i < HIDDEN; i++)
    for (int64_t j = 0; j < TOP; j++) down[i * TOP + j] = at(&up, j, i);
  if (!is_random) expect_ok(nai_network_set_weights(net, "P2", "P1:apical", down, HIDDEN, TOP));
  predict_self(net, &wide);
  return net;
}

static double logistic(double u)
{
  return 1 / (1 + exp(-u));
}

static double slope_at(double u)
{
  return logistic(u) * (1 - logistic(u));
}

/* By backpropagation, of half the squared distance of the potentials: at v_A, and at the rates of P1. */
static void backpropagate(double *apical, double *error, nai_state *state, const float *inputs)
{
  nai_view u1 = NAI_VIEW_INIT, u2 = NAI_VIEW_INIT;
  nai_view up = weights_of(state->net, "P1", "P2:basal");
  expect_ok(nai_state_variable(&u1, state, "P1:u"));
  expect_ok(nai_state_variable(&u2, state, "P2:u"));
  for (int64_t b = 0; b < PATTERNS; b++)
    for (int64_t i = 0; i < HIDDEN; i++) {
      double sum = 0;
      for (int64_t j = 0; j < TOP; j++) {
        double u = (double)at(&u2, b, j),
               target = (double)inputs[b * (INPUTS + 2 * TOP) + INPUTS + j];
        sum += (double)at(&up, j, i) * slope_at(u) * (target - u);
      }
      apical[b * HIDDEN + i] = sum;
      error[b * HIDDEN + i] = slope_at((double)at(&u1, b, i)) * sum;
    }
}

/* What the circuit has of it under the teacher, by lambda and lambda^2. */
static void measure(likeness out[2], double lambda, int is_random)
{
  enum { N = PATTERNS * HIDDEN };
  float inputs[PATTERNS * (INPUTS + 2 * TOP)];
  double apical[N], error[N], ours[2][N];
  nai_network *net = build_weak(lambda, is_random);
  nai_state *state = make_state(net, PATTERNS, 1);
  draw_inputs(inputs, PATTERNS, 0);
  settle(state, inputs, 60);
  backpropagate(apical, error, state, inputs);
  draw_inputs(inputs, PATTERNS, 1);
  settle(state, inputs, 60);
  nai_view u = NAI_VIEW_INIT, down = NAI_VIEW_INIT, lateral = NAI_VIEW_INIT, basal = NAI_VIEW_INIT;
  expect_ok(nai_state_variable(&u, state, "P1:u"));
  expect_ok(nai_state_variable(&down, state, "P1:apical"));
  expect_ok(nai_state_variable(&lateral, state, "P1:lateral"));
  expect_ok(nai_state_variable(&basal, state, "P1:basal"));
  for (int64_t i = 0; i < N; i++) {
    int64_t b = i / HIDDEN, k = i % HIDDEN;
    double predicted = (1 - lambda) / 1.1 * (double)at(&basal, b, k);
    ours[0][i] = (double)at(&down, b, k) + (double)at(&lateral, b, k);
    ours[1][i] = logistic((double)at(&u, b, k)) - logistic(predicted);
  }
  out[0] = compare(ours[0], apical, N);
  out[1] = compare(ours[1], error, N);
  out[0].ratio /= lambda;
  out[1].ratio /= lambda * lambda;
  nai_state_destroy(state);
  nai_network_destroy(net);
}

/* The angle in proportion to lambda; where lambda is smallest single precision shows in errors of lambda^2. */
START_TEST(weak_feedback_tends_to_backpropagation)
{
  likeness weak[2], some[2], twice[2];
  measure(weak, 0.01, 0);
  measure(some, 0.03, 0);
  measure(twice, 0.06, 0);
  for (int k = 0; k < 2; k++) {
    ck_assert_msg(weak[k].angle < 0.3, "%d: %g degrees", k, weak[k].angle);
    ck_assert_double_eq_tol(weak[k].ratio, 1, 0.01);
    ck_assert_double_eq_tol(some[k].angle / twice[k].angle, 0.5, 0.05);
    ck_assert_double_eq_tol((1 - some[k].ratio) / (1 - twice[k].ratio), 0.5, 0.05);
  }
}
END_TEST

START_TEST(random_feedback_does_not)
{
  static const double lambda[] = {0.1, 0.01};
  for (int k = 0; k < 2; k++) {
    likeness random[2];
    measure(random, lambda[k], 1);
    for (int i = 0; i < 2; i++) EXPECT(random[i].angle > 60 && random[i].angle < 120);
  }
}
END_TEST

/* --- one unit --------------------------------------------------------------------------------- */

static nai_network *build_one(double dt, int64_t n)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, dt));
  expect_ok(nai_network_add_input(net, "in", n));
  expect_ok(nai_network_add_population(net, "P", n, NAI_FREE));
  expect_ok(nai_network_set_model(net, "P", "pyramidal"));
  expect_ok(nai_network_set_transfer(net, "P", NAI_TRANSFER_TANH));
  expect_ok(nai_network_connect(net, "in", "P:basal"));
  expect_ok(nai_network_set_initial_weights(net, "in", "P:basal", NAI_WEIGHTS_IDENTITY, 1, 0));
  return net;
}

/* By hand: constants of the ports, the bias, transfer function, and prospective rates. */
START_TEST(steps_by_hand)
{
  for (int way = 0; way < WAYS; way++) {
    nai_network *net = build_one(0.5, 1);
    expect_ok(nai_network_set(net, "P", "target", 0.7));
    expect_ok(nai_network_set(net, "P", "nudge", 0.25));
    expect_ok(nai_network_set(net, "P", "bias", 0.2));
    expect_ok(nai_network_set(net, "P", "gain", 2));
    expect_ok(nai_network_set(net, "P", "slope", 1.5));
    expect_ok(nai_network_set(net, "P", "threshold", 0.1));
    expect_ok(nai_network_set(net, "P", "initial", 0.3));
    expect_ok(nai_network_choose(net, "P", "dynamics", ways[way].dynamics));
    expect_ok(nai_network_set(net, "P", "prospective", ways[way].prospective));
    expect_ok(nai_network_build(net, 1));
    nai_state *state = make_state(net, 1, 1);
    ck_assert_double_eq_tol((double)rate_of(state, "P", 0, 0), 2 * tanh(1.5 * (0.3 - 0.1)), 1e-6);
    double u = 0.3, total = 0.1 + 1 + 0.8 + 0.2;
    for (int t = 1; t <= 4; t++) {
      float input = 0.1F * (float)t;
      nai_view shown = NAI_VIEW_INIT;
      double drive = (double)input + 0.2 + 0.2 * 0.7, steady = drive / total;
      u = way < 2 ? u + 0.5 * (drive - total * u) : steady;
      expect_ok(nai_state_step(NULL, state, &input));
      expect_ok(nai_state_variable(&shown, state, "P:u"));
      ck_assert_double_eq_tol((double)at(&shown, 0, 0), ways[way].prospective ? steady : u, 1e-6);
      ck_assert_double_eq_tol((double)rate_of(state, "P", 0, 0),
                              2 * tanh(1.5 * ((ways[way].prospective ? steady : u) - 0.1)), 1e-6);
    }
    nai_state_destroy(state);
    nai_network_destroy(net);
  }
}
END_TEST

/* Of a Wiener process the variance at rest is sigma^2 / (2 total), whatever the time step. */
START_TEST(noise_does_not_depend_on_the_time_step)
{
  static const double dt[] = {0.1, 0.02};
  nai_network *net = build_one(dt[_i], 100);
  expect_ok(nai_network_set(net, "P", "noise", 0.5));
  expect_ok(nai_network_build(net, 1));
  nai_state *state = make_state(net, 30, 1);
  for (int t = 0; t < (int)(5 / dt[_i]); t++) expect_ok(nai_state_step(NULL, state, NULL));
  nai_view u = NAI_VIEW_INIT;
  expect_ok(nai_state_variable(&u, state, "P:u"));
  double sum = 0, share = 1.9 * dt[_i];
  for (int64_t b = 0; b < 30; b++)
    for (int64_t i = 0; i < 100; i++) sum += pow((double)at(&u, b, i), 2) / 3000;
  /* Euler's own: sigma^2 dt / (1 - (1 - total dt)^2). Of 3000 the standard error is 2.6 %. */
  ck_assert_double_eq_tol(sum * 2 * 1.9 / 0.25, 1 / (1 - share / 2), 0.1);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* Nobody draws what nobody adds; of a network whose noise is set later, and taken away. */
START_TEST(normals_are_drawn_for_noise_alone)
{
  nai_network *net = build_one(0.1, 2);
  expect_ok(nai_network_build(net, 1));
  EXPECT(!net->has_noise);
  expect_ok(nai_network_set(net, "P", "noise", 0.1));
  EXPECT(net->has_noise);
  nai_state *state = make_state(net, 1, 1), *other = make_state(net, 1, 2);
  expect_ok(nai_state_step(NULL, state, NULL));
  expect_ok(nai_state_step(NULL, other, NULL));
  EXPECT(!same_states(state, other));
  expect_ok(nai_network_set(net, "P", "noise", 0));
  EXPECT(!net->has_noise);
  nai_state_destroy(other);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

START_TEST(slopes_are_central_differences)
{
  for (int way = 0; way < WAYS; way++)
    for (int32_t transfer = 0; transfer < transfers(); transfer++) {
      nai_network *net = build_one(0.1, 20);
      expect_ok(nai_network_set_transfer(net, "P", transfer));
      expect_ok(nai_network_choose(net, "P", "dynamics", ways[way].dynamics));
      expect_ok(nai_network_set(net, "P", "prospective", ways[way].prospective));
      expect_ok(nai_network_set(net, "P", "g_soma", 0.2));
      expect_ok(nai_network_set(net, "P", "slope", 1.3));
      expect_ok(nai_network_set(net, "P", "threshold", 0.2));
      expect_ok(nai_network_set(net, "P", "gain", 0.6));
      expect_ok(nai_network_build(net, 1));
      expect_ok(nai_network_check_model(net, "P"));
      nai_network_destroy(net);
    }
}
END_TEST

/* Port by port, at the instant before the step: eqs 7 to 10. */
START_TEST(errors_by_hand)
{
  nai_network *net = build_one(0.1, 1);
  expect_ok(nai_network_add_input(net, "top", 1));
  expect_ok(nai_network_connect(net, "top", "P:apical P:lateral"));
  expect_ok(nai_network_set_initial_weights(net, "top", "P:apical", NAI_WEIGHTS_CONSTANT, 2, 0));
  expect_ok(nai_network_set_initial_weights(net, "top", "P:lateral", NAI_WEIGHTS_CONSTANT, -1, 0));
  expect_ok(nai_network_set(net, "P", "initial", 0.4));
  expect_ok(nai_network_build(net, 1));
  nai__activity activity;
  nai__scratch scratch;
  expect_ok(nai__activity_create(&activity, net, 1, 1));
  expect_ok(nai__scratch_create(&scratch, net, 1));
  const float inputs[] = {0.5F, 0.3F};
  float error[64];
  nai__begin(&activity, 0, 1);
  nai__advance(&activity, 1, 0, 1, inputs, &scratch);
  EXPECT(net->ld_units <= 64);
  expect_ok(nai__cells_errors(&activity, &net->segment[0], 1, 0, 0, 1, error));
  const int64_t *port = net->segment[0].cells->port;
  const double expected[] = {tanh(0.4) - tanh(0.5 / 1.9), tanh(0.4) - tanh(0.6), -0.3, 0, 0};
  for (int k = 0; k < 5; k++) ck_assert_double_eq_tol((double)error[port[k]], expected[k], 1e-6);
  nai__scratch_destroy(&scratch);
  nai__activity_destroy(&activity);
  nai_network_destroy(net);
}
END_TEST

/* --- refusals --------------------------------------------------------------------------------- */

START_TEST(wrong_numbers_are_refused)
{
  static const struct {
    const char *parameter;
    double value;
    const char *words;
  } bad[] = {{"g_leak", -0.1, "g_leak of 'P' is -0.1, must be 0 to"},
             {"g_basal", 0, "g_basal of 'P' is 0, must be 1e-06 to"},
             {"noise", -1, "noise of 'P' is -1"},
             {"slope", 0, "slope of 'P' is 0"},
             {"nudge", -1, "nudge of 'P' is -1, must be 0 to"},
             {"prospective", 0.5, "prospective of 'P' is 0.5"},
             {"dynamics", 2, "dynamics of 'P' is 2"}};
  for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
    nai_network *net = build_one(0.1, 2);
    expect_fails(nai_network_set(net, "P", bad[k].parameter, bad[k].value), NAI_ERR_INVALID,
                 bad[k].words);
    nai_network_destroy(net);
  }
}
END_TEST

START_TEST(weights_must_be_told)
{
  static const char *const ports[] = {"basal", "apical", "lateral", "target", "nudge"};
  for (int k = 0; k < 5; k++) {
    nai_network *net = build_one(0.1, 2);
    char to[24], words[64];
    snprintf(to, sizeof to, "P:%s", ports[k]);
    snprintf(words, sizeof words, "from 'top' to '%s' must be told", to);
    expect_ok(nai_network_add_input(net, "top", 2));
    expect_ok(nai_network_connect(net, "top", to));
    expect_fails(nai_network_build(net, 1), NAI_ERR_INVALID, words);
    nai_network_destroy(net);
  }
}
END_TEST

Suite *pyramidal_suite(void);

Suite *pyramidal_suite(void)
{
  Suite *suite = suite_create("pyramidal");
  TCase *reference = tcase_create("reference");
  tcase_add_loop_test(reference, steady_states_are_those_of_an_independent_program, 0, 2 * WAYS);
  tcase_add_loop_test(reference, apical_compartments_rest_without_a_teacher, 0, WAYS);
  suite_add_tcase(suite, reference);
  ADD_CASE(suite, "feedback", weak_feedback_tends_to_backpropagation, random_feedback_does_not);
  TCase *noise = tcase_create("noise");
  tcase_add_loop_test(noise, noise_does_not_depend_on_the_time_step, 0, 2);
  suite_add_tcase(suite, noise);
  ADD_CASE(suite, "unit", normals_are_drawn_for_noise_alone, steps_by_hand, errors_by_hand,
           slopes_are_central_differences);
  ADD_CASE(suite, "refusals", wrong_numbers_are_refused, weights_must_be_told);
  return suite;
}
