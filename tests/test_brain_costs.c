/*
 * Costs that brains have: communicability against an independent program and against the formula
 * written out, rate targets, logistic channels, and costs divided by the number of their terms.
 */
#include <check.h>
#include <math.h>
#include <neuroai/extend.h>
#include <neuroai/neuroai.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cost/cost.h"
#include "../lib/kernels/exponential.h"
#include "../lib/network/network.h"
#include "../lib/train/trainer.h"
#include "checks.h"
#include "faults.h"
#include "oracle.h"
#include "rules.h"

static void check_close(double ours, double expected, double tolerance, const char *what)
{
  if (!(fabs(ours - expected) <= tolerance))
    ck_abort_msg("%s is %.12g, expected %.12g", what, ours, expected);
}

/* --- the exponential of a matrix -------------------------------------------------------------- */

/* Columns that add up to 1; positive. */
static void draw_stochastic(double *b, int64_t n)
{
  for (int64_t j = 0; j < n; j++) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
      sum += b[i * n + j] = nai_random_uniform(3, (uint64_t)i, (uint64_t)j);
    for (int64_t i = 0; i < n; i++) b[i * n + j] /= sum;
  }
}

START_TEST(exponential_by_hand)
{
  /* exp([[0, 1], [1, 0]]) = cosh 1, sinh 1; of a rotation cos, sin; of nothing the identity */
  double work[NAI__EXPONENTIAL_ARRAYS * 4] = {0, 1, 1, 0};
  const double *e = nai__exponential(work, 2);
  for (int i = 0; i < 4; i++) check_close(e[i], i % 3 ? sinh(1) : cosh(1), 1e-14, "exp");
  memcpy(work, (double[]){0, 1, -1, 0}, 4 * sizeof(double));
  e = nai__exponential(work, 2);
  const double rotation[] = {cos(1), sin(1), -sin(1), cos(1)};
  for (int i = 0; i < 4; i++) check_close(e[i], rotation[i], 1e-14, "exp");
  memset(work, 0, 4 * sizeof(double));
  e = nai__exponential(work, 2);
  for (int i = 0; i < 4; i++) ck_assert(e[i] == (i % 3 == 0));
  /* at 0 the derivative in a direction is the direction */
  double *direction = nai__exponential_direction(work, 2);
  for (int i = 0; i < 4; i++) direction[i] = i - 1.5;
  const double *d = nai__exponential_derivative(work, 2);
  for (int i = 0; i < 4; i++) check_close(d[i], i - 1.5, 1e-15, "derivative");
}
END_TEST

START_TEST(exponential_of_a_large_matrix)
{
  enum { N = 120 };
  double *work = calloc(NAI__EXPONENTIAL_ARRAYS * N * N, sizeof *work);
  draw_stochastic(work, N);
  const long blas_calls = faults_blas_calls();
  const double *e = nai__exponential(work, N);
  for (int j = 0; j < N; j++) {
    double sum = 0;
    for (int i = 0; i < N; i++) sum += e[i * N + j];
    check_close(sum, exp(1), 1e-13, "sum of a column");
  }
  /* in the direction of the matrix itself: d/dh exp((1+h) B) = B exp(B) */
  memcpy(nai__exponential_direction(work, N), work, N * N * sizeof *work);
  const double *d = nai__exponential_derivative(work, N);
  ck_assert_int_eq(faults_blas_calls(), blas_calls); /* which may take the processor for another */
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      double product = 0;
      for (int k = 0; k < N; k++) product += work[i * N + k] * e[k * N + j];
      check_close(d[i * N + j], product, 1e-13, "derivative");
    }
  /* elsewhere, where nothing commutes: central differences */
  double *other = calloc(NAI__EXPONENTIAL_ARRAYS * N * N, sizeof *other), *up = calloc(N * N, 8);
  double *k = nai__exponential_direction(work, N);
  for (int i = 0; i < N * N; i++) k[i] = nai_random_uniform(5, (uint64_t)i, 0) / N - 0.5 / N;
  d = nai__exponential_derivative(work, N);
  const double h = 1e-4;
  for (int i = 0; i < N * N; i++) other[i] = work[i] + h * k[i];
  memcpy(up, nai__exponential(other, N), N * N * sizeof *up);
  for (int i = 0; i < N * N; i++) other[i] = work[i] - h * k[i];
  const double *down = nai__exponential(other, N);
  for (int i = 0; i < N * N; i++)
    check_close(d[i], (up[i] - down[i]) / (2 * h), 1e-10, "derivative");
  free(up);
  free(other);
  free(work);
}
END_TEST

/* --- the formula, written out ----------------------------------------------------------------- */

enum { MOST = 16 };

/* One matrix over all units, [receiver][sender], and where the units are. */
typedef struct wiring {
  int n;
  double w[MOST][MOST];
  float position[MOST][3];
} wiring;

/* exp(M) of whatever norm: the series at M / 1024, squared ten times. */
static void exponential(double out[MOST][MOST], double m[MOST][MOST], int n)
{
  double term[MOST][MOST], next[MOST][MOST] = {{0}};
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) out[i][j] = term[i][j] = i == j;
  for (int k = 1; k < 20; k++) {
    for (int i = 0; i < n; i++)
      for (int j = 0; j < n; j++) {
        next[i][j] = 0;
        for (int l = 0; l < n; l++) next[i][j] += term[i][l] * m[l][j] / 1024 / k;
      }
    memcpy(term, next, sizeof term);
    for (int i = 0; i < n; i++)
      for (int j = 0; j < n; j++) out[i][j] += term[i][j];
  }
  for (int k = 0; k < 10; k++) {
    for (int i = 0; i < n; i++)
      for (int j = 0; j < n; j++) {
        next[i][j] = 0;
        for (int l = 0; l < n; l++) next[i][j] += out[i][l] * out[l][j];
      }
    memcpy(out, next, sizeof next);
  }
}

/* As the paper has it, rows senders. */
static double formula(const wiring *x, double exponent)
{
  double s[MOST] = {0}, m[MOST][MOST] = {{0}}, c[MOST][MOST], value = 0;
  for (int i = 0; i < x->n; i++)
    for (int j = 0; j < x->n; j++) s[i] += fabs(x->w[j][i]);
  for (int i = 0; i < x->n; i++)
    for (int j = 0; j < x->n; j++)
      if (s[i] > 0 && s[j] > 0) m[i][j] = fabs(x->w[j][i]) / sqrt(s[i]) / sqrt(s[j]);
  exponential(c, m, x->n);
  for (int i = 0; i < x->n; i++)
    for (int j = 0; j < x->n; j++) {
      double d = 0;
      for (int k = 0; k < 3; k++)
        d += pow((double)x->position[i][k] - (double)x->position[j][k], 2);
      if (i != j && c[i][j] > 0) value += fabs(x->w[j][i]) * sqrt(d) * pow(c[i][j], exponent);
    }
  return value;
}

static double formula_at(const wiring *x, double exponent, int post, int pre, double w)
{
  wiring moved = *x;
  moved.w[post][pre] = w;
  return formula(&moved, exponent);
}

/* Five points, so that they may lie so far apart that rounding does not matter. */
static double formula_slope(const wiring *x, double exponent, int post, int pre)
{
  double w = x->w[post][pre], h = 2e-3 * fabs(w);
  double near =
             formula_at(x, exponent, post, pre, w + h) - formula_at(x, exponent, post, pre, w - h),
         far = formula_at(x, exponent, post, pre, w + 2 * h) -
               formula_at(x, exponent, post, pre, w - 2 * h);
  return (8 * near - far) / (12 * h);
}

/* --- networks --------------------------------------------------------------------------------- */

enum { STEPS = 5, TRIALS = 9, N_E = 7, N_I = 4, N = N_E + N_I };

static const int32_t lengths[TRIALS] = {5, 1, 3, 5, 4, 2, 5, 3, 5};

/* No recurrent synapse so weak that differences of its weight would drown in rounding. */
static void strengthen(nai_network *net)
{
  static const char *const name[] = {"E", "I"};
  for (int k = 0; k < 4; k++) {
    nai_view v = NAI_VIEW_INIT;
    double w[MOST * MOST];
    float stronger[MOST * MOST];
    expect_ok(nai_network_weights(&v, net, name[k / 2], name[k % 2]));
    oracle_copy(w, v.shape[1], &v);
    for (int64_t i = 0; i < v.shape[0] * v.shape[1]; i++)
      stronger[i] = (float)(w[i] + 0.05 * ((w[i] > 0) - (w[i] < 0)));
    expect_ok(
        nai_network_set_weights(net, name[k / 2], name[k % 2], stronger, v.shape[0], v.shape[1]));
  }
}

static nai_network *build(double density)
{
  nai_network *net =
      COMPOSE(.dt = 20, .inputs = {{"in", 2}},
              .populations = {{"E", N_E, NAI_EXCITATORY}, {"I", N_I, NAI_INHIBITORY}},
              .outputs = {{"out", 2}},
              .projections = {{"in", "E I"}, {"E I", "E I"}, {"E", "out"}});
  expect_ok(nai_network_set_transfer(net, "E I", NAI_TRANSFER_SOFTPLUS));
  expect_ok(nai_network_place_box(net, "E I", 1, 2, 3));
  make_sparse(net, "E I", density);
  expect_ok(nai_network_build(net, 6));
  strengthen(net);
  return net;
}

/* The first `count` of the trials, over and over. */
static nai_trials *make_trials(const nai_network *net, int64_t steps, int64_t count)
{
  nai_trials *trials;
  float *in = calloc((size_t)(steps * count * 2), sizeof *in),
        *y = calloc((size_t)(steps * count * 2), sizeof *y);
  int32_t *length = calloc((size_t)count, sizeof *length);
  for (int64_t t = 0; t < steps; t++)
    for (int64_t k = 0; k < count; k++)
      for (int64_t c = 0; c < 2; c++) {
        uint64_t at = (uint64_t)(t * TRIALS + k % TRIALS);
        in[(t * count + k) * 2 + c] = (float)nai_random_uniform(1, at, (uint64_t)c);
        y[(t * count + k) * 2 + c] = (float)nai_random_uniform(2, at, (uint64_t)c);
      }
  for (int64_t k = 0; k < count; k++) length[k] = lengths[k % TRIALS];
  expect_ok(nai_trials_create(&trials, net, steps, count));
  expect_ok(nai_trials_set_inputs(trials, "in", in, 2));
  expect_ok(nai_trials_set_targets(trials, "out", y, 2));
  expect_ok(nai_trials_set_lengths(trials, length));
  free(length);
  free(y);
  free(in);
  return trials;
}

static void give(nai_trainer *trainer, nai_cost *cost, double beta)
{
  expect_ok(nai_trainer_add_cost(trainer, cost, beta));
  nai_cost_destroy(cost);
}

static nai_cost *communicability(const char *names, double exponent)
{
  nai_cost *cost;
  expect_ok(nai_cost_create_communicability(&cost, names, names, exponent));
  ck_assert_str_eq(nai_cost_name(cost), "communicability");
  return cost;
}

/* Value of the one cost of a trainer; its gradient stays in the trainer. */
static double gradient_of(nai_trainer *trainer, const nai_trials *trials)
{
  nai_progress now = NAI_PROGRESS_INIT;
  expect_ok(nai_trainer_estimate_gradient(&now, trainer, trials));
  return now.cost;
}

/* The recurrent weights, or their gradient, as one matrix. */
static void gather(double out[MOST][MOST], const nai_network *net, const nai_trainer *trainer)
{
  static const char *const name[] = {"E", "I"};
  for (int from = 0; from < 2; from++)
    for (int to = 0; to < 2; to++) {
      nai_view v = NAI_VIEW_INIT;
      if (trainer)
        expect_ok(nai_trainer_gradient(&v, trainer, name[from], name[to]));
      else
        expect_ok(nai_network_weights(&v, net, name[from], name[to]));
      double part[MOST * MOST];
      oracle_copy(part, v.shape[1], &v);
      for (int64_t i = 0; i < v.shape[0]; i++)
        for (int64_t j = 0; j < v.shape[1]; j++)
          out[to * N_E + i][from * N_E + j] = part[i * v.shape[1] + j];
    }
}

static wiring wiring_of(const nai_network *net)
{
  wiring x = {.n = N};
  gather(x.w, net, NULL);
  for (int k = 0; k < 2; k++) {
    nai_view v = NAI_VIEW_INIT;
    double part[MOST * 3];
    expect_ok(nai_network_positions(&v, net, k ? "I" : "E"));
    oracle_copy(part, 3, &v);
    for (int64_t i = 0; i < v.shape[0] * 3; i++)
      x.position[k * N_E + i / 3][i % 3] = (float)part[i];
  }
  return x;
}

/* --- communicability: numbers of an independent program --------------------------------------- */

static oracle open_case(void)
{
  oracle o = {.name = "rnn_serial_relu_communicability", .n_parts = 1, .part = {{"p", 0, 16}}};
  o.index = oracle_index();
  o.about = nai__json_get(o.index.root, o.name);
  ck_assert_ptr_nonnull(o.about);
  expect_ok(nai__tensors_open(&o.file, TESTS_FOLDER
                              "/reference/rnn_serial_relu_communicability.safetensors"));
  return o;
}

static void check_view(oracle *o, const char *array, nai_status looked, const nai_view *view)
{
  expect_ok(looked);
  int64_t count, columns = view->shape[view->ndim - 1];
  const double *expected = oracle_sized(o, array, &count, NULL);
  double *ours = malloc((size_t)count * sizeof *ours);
  for (int64_t i = 0; i < count; i++) ours[i] = NAN; /* what is not gathered shows */
  oracle_copy(ours, columns, view);
  oracle_check(o, array, ours, expected, count);
  free(ours);
}

START_TEST(communicability_is_that_of_an_independent_program)
{
  const char *kernels = oracle_kernels(_i);
  if (!kernels) return;
  oracle o = open_case();
  nai_network *net = oracle_network(&o, kernels);
  nai_trials *trials = oracle_trials(&o, net);
  nai_trainer *trainer = oracle_trainer(&o, net);
  double beta = oracle_number(nai__json_get(o.about, "betas"), "communicability");
  int64_t n = nai_trainer_cost_count(trainer);
  ck_assert_int_eq(n, 1);
  give(trainer, communicability("p", 1), beta);
  nai_progress now = NAI_PROGRESS_INIT;
  expect_ok(nai_trainer_estimate_gradient(&now, trainer, trials));
  oracle_check(&o, "J", &now.cost, oracle_array(&o, "J"), 1);
  oracle_check(&o, "J_task", &now.costs[0], oracle_array(&o, "J_task"), 1);
  oracle_check(&o, "J_communicability", &now.costs[1], oracle_array(&o, "J_communicability"), 1);
  nai_view v = NAI_VIEW_INIT;
  check_view(&o, "rate", nai_trainer_activity(&v, trainer, "p"), &v);
  check_view(&o, "output", nai_trainer_activity(&v, trainer, "z"), &v);
  check_view(&o, "grad_W_in", nai_trainer_gradient(&v, trainer, "u", "p"), &v);
  check_view(&o, "grad_W_rec", nai_trainer_gradient(&v, trainer, "p", "p"), &v);
  check_view(&o, "grad_W_out", nai_trainer_gradient(&v, trainer, "p", "z"), &v);
  check_view(&o, "grad_b_rec", nai_trainer_gradient(&v, trainer, "p", NULL), &v);
  check_view(&o, "grad_b_out", nai_trainer_gradient(&v, trainer, "z", NULL), &v);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
  oracle_close(&o);
}
END_TEST

/* --- communicability: what has to hold -------------------------------------------------------- */

/* Two units that talk to each other: C = sinh(1) sqrt(a / b), and back. */
START_TEST(two_units_by_hand)
{
  const double a = 2, b = 0.5, d = 5;
  float w[2] = {2, -0.5f}, g[2] = {10, 10}, zero[3] = {0}, there[3] = {3, 4, 0};
  nai_synapses s[2] = {{.from = "A", .to = "B", .post_position = there, .pre_position = zero},
                       {.from = "B", .to = "A", .post_position = zero, .pre_position = there}};
  for (int k = 0; k < 2; k++) {
    s[k].struct_size = sizeof *s;
    s[k].n_post = s[k].n_pre = s[k].stride = 1;
    s[k].weight = &w[k];
    s[k].gradient = &g[k];
  }
  nai_cost *cost = communicability("A B", 1);
  double value = 1;
  expect_ok(cost->ops.on_weights(cost->user, (nai_synapses *[]){&s[0], &s[1]}, 2, 3, &value));
  check_close(value, 1 + d * sinh(1) * (a * sqrt(a / b) + b * sqrt(b / a)), 1e-13, "value");
  double by_a = d * sinh(1) * (1.5 * sqrt(a / b) - 0.5 * pow(b / a, 1.5)),
         by_b = d * sinh(1) * (1.5 * sqrt(b / a) - 0.5 * pow(a / b, 1.5));
  check_close((double)g[0], 10 + 3 * by_a, 1e-5, "gradient of a");
  check_close((double)g[1], 10 - 3 * by_b, 1e-5, "gradient of -b");
  nai_cost_destroy(cost);
}
END_TEST

/* A unit that listens to itself pays nothing for that, but shares what it sends: the slope is < 0. */
START_TEST(autapses)
{
  wiring x = {.n = 4};
  float w[16], g[16] = {0}, p[12];
  for (int i = 0; i < 12; i++)
    p[i] = x.position[i / 3][i % 3] = (float)nai_random_uniform(8, 0, (uint64_t)i);
  for (int i = 0; i < 16; i++) {
    w[i] = 0.1f + (float)nai_random_uniform(9, 0, (uint64_t)i);
    x.w[i / 4][i % 4] = (double)w[i];
  }
  nai_synapses s = {.struct_size = sizeof s,
                    .from = "E",
                    .to = "E",
                    .n_post = 4,
                    .n_pre = 4,
                    .stride = 4,
                    .weight = w,
                    .gradient = g,
                    .post_position = p,
                    .pre_position = p};
  nai_cost *cost = communicability("E", 1);
  double value = 0;
  expect_ok(cost->ops.on_weights(cost->user, &(nai_synapses *){&s}, 1, 1, &value));
  check_close(value, formula(&x, 1), 1e-12, "value");
  for (int i = 0; i < 16; i++)
    check_close((double)g[i], formula_slope(&x, 1, i / 4, i % 4), 1e-6, "gradient");
  for (int i = 0; i < 4; i++) ck_assert(g[5 * i] < -0.001f);
  nai_cost_destroy(cost);
}
END_TEST

static const double exponents[] = {1, 2, 0.5, 3.25};

/* Value, every element of the gradient, and w . dJ/dw = J, which any exponent obeys. */
static void check_formula(nai_network *net, double exponent)
{
  const double beta = 0.7;
  nai_trials *trials = make_trials(net, STEPS, TRIALS);
  nai_trainer *trainer = train_by_bptt(net, 1e-3);
  give(trainer, communicability("E I", exponent), beta);
  double value = gradient_of(trainer, trials), g[MOST][MOST], euler = 0, largest = 0;
  gather(g, net, trainer);
  wiring x = wiring_of(net);
  double expected = beta * formula(&x, exponent);
  ck_assert_double_gt(expected, 0.01);
  check_close(value, expected, 1e-7 * expected, "value");
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      euler += g[i][j] * x.w[i][j];
      largest = fmax(largest, fabs(g[i][j]));
    }
  check_close(euler, value, 1e-6 * value, "w . gradient");
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++)
      if (x.w[i][j] == 0)
        ck_assert(g[i][j] == 0);
      else
        check_close(g[i][j], beta * formula_slope(&x, exponent, i, j), 1e-6 * largest, "gradient");
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
}

START_TEST(value_and_gradient_of_the_formula)
{
  nai_network *net = build(_i / 4 ? 0.4 : 1);
  check_formula(net, exponents[_i % 4]);
  nai_network_destroy(net);
}
END_TEST

/* Units that send nothing, some of which nobody sends to either: no infinity, and the formula. */
START_TEST(silent_units)
{
  nai_network *net = build(1);
  wiring x = wiring_of(net);
  for (int from = 0; from < 2; from++)
    for (int to = 0; to < 2; to++) {
      float w[MOST * MOST];
      int rows = to ? N_I : N_E, columns = from ? N_I : N_E;
      for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++)
          w[i * columns + j] = (!from && (j == 2 || j == 5)) || (!to && i == 5)
                                   ? 0
                                   : (float)x.w[to * N_E + i][from * N_E + j];
      expect_ok(nai_network_set_weights(net, from ? "I" : "E", to ? "I" : "E", w, rows, columns));
    }
  x = wiring_of(net);
  for (int i = 0; i < N; i++) ck_assert(x.w[i][2] == 0 && x.w[i][5] == 0 && x.w[5][i] == 0);
  double to_silent = 0;
  for (int j = 0; j < N; j++) to_silent += fabs(x.w[2][j]);
  ck_assert_double_gt(to_silent, 0);
  for (int k = 0; k < 4; k++) check_formula(net, exponents[k]);
  nai_network_destroy(net);
}
END_TEST

/* All weights 0: nothing is sent, nothing costs. */
START_TEST(all_silent)
{
  nai_network *net = build(1);
  const float zero[MOST * MOST] = {0};
  static const char *const name[] = {"E", "I"};
  for (int k = 0; k < 4; k++)
    expect_ok(nai_network_set_weights(net, name[k / 2], name[k % 2], zero, k % 2 ? N_I : N_E,
                                      k / 2 ? N_I : N_E));
  nai_trials *trials = make_trials(net, STEPS, TRIALS);
  nai_trainer *trainer = train_by_bptt(net, 1e-3);
  give(trainer, communicability("E I", 0.5), 1);
  ck_assert(gradient_of(trainer, trials) == 0);
  for (int64_t i = 0; i < net->n_theta; i++) EXPECT(trainer->plasticity.gradient[i] == 0);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* Weights of very different sizes: what B hides, M would not. */
START_TEST(senders_of_very_different_strength)
{
  nai_network *net = build(1);
  wiring x = wiring_of(net);
  float w[N_E * N_E];
  for (int i = 0; i < N_E; i++)
    for (int j = 0; j < N_E; j++) w[i * N_E + j] = (float)(x.w[i][j] * pow(10, j - 3));
  expect_ok(nai_network_set_weights(net, "E", "E", w, N_E, N_E));
  check_formula(net, 1);
  nai_network_destroy(net);
}
END_TEST

/* A projection that is absent counts as 0, and order does not matter. */
START_TEST(absent_projections_are_zero)
{
  nai_network *net =
      COMPOSE(.dt = 20, .populations = {{"E", 3, NAI_FREE}, {"I", 2, NAI_FREE}},
              .outputs = {{"out", 1}}, .projections = {{"I", "E"}, {"E", "I E"}, {"E", "out"}});
  expect_ok(nai_network_place_box(net, "E I", 1, 2, 3));
  expect_ok(nai_network_build(net, 6));
  wiring x = {.n = 5};
  static const struct {
    const char *from, *to;
    int column, row, n_pre, n_post;
  } part[] = {{"E", "E", 0, 0, 3, 3}, {"E", "I", 0, 3, 3, 2}, {"I", "E", 3, 0, 2, 3}};
  for (int k = 0; k < 3; k++) {
    nai_view v = NAI_VIEW_INIT;
    double w[9];
    expect_ok(nai_network_weights(&v, net, part[k].from, part[k].to));
    oracle_copy(w, part[k].n_pre, &v);
    for (int i = 0; i < part[k].n_post; i++)
      for (int j = 0; j < part[k].n_pre; j++)
        x.w[part[k].row + i][part[k].column + j] = w[i * part[k].n_pre + j];
  }
  for (int k = 0; k < 2; k++) {
    nai_view v = NAI_VIEW_INIT;
    double p[9];
    expect_ok(nai_network_positions(&v, net, k ? "I" : "E"));
    oracle_copy(p, 3, &v);
    for (int64_t i = 0; i < 3 * v.shape[0]; i++) x.position[3 * k + i / 3][i % 3] = (float)p[i];
  }
  nai_trainer *trainer = train_by_bptt(net, 1e-3);
  give(trainer, communicability("? ?", 1), 1);
  nai_trials *trials;
  expect_ok(nai_trials_create(&trials, net, 2, 2));
  double expected = formula(&x, 1);
  check_close(gradient_of(trainer, trials), expected, 1e-7 * expected, "value");
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

START_TEST(not_finite_is_found)
{
  const float odd[] = {NAN, INFINITY};
  for (int k = 0; k < 2; k++) {
    float w[4] = {1, odd[k], 2, 1}, g[4] = {0}, p[6] = {0, 0, 0, 1, 1, 1};
    nai_synapses s = {.struct_size = sizeof s,
                      .from = "E",
                      .to = "E",
                      .n_post = 2,
                      .n_pre = 2,
                      .stride = 2,
                      .weight = w,
                      .gradient = g,
                      .post_position = p,
                      .pre_position = p};
    nai_cost *cost = communicability("E", 1);
    double value = 0;
    expect_ok(cost->ops.on_weights(cost->user, &(nai_synapses *){&s}, 1, 1, &value));
    ck_assert(!isfinite(value));
    nai_cost_destroy(cost);
  }
}
END_TEST

START_TEST(what_communicability_refuses)
{
  nai_cost *cost = (nai_cost *)&cost;
  expect_fails(nai_cost_create_communicability(NULL, "E", "E", 1), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_cost_create_communicability(&cost, NULL, "E", 1), NAI_ERR_INVALID,
               "from is NULL");
  ck_assert_ptr_null(cost);
  expect_fails(nai_cost_create_communicability(&cost, "E", NULL, 1), NAI_ERR_INVALID, "to is NULL");
  static const double bad[] = {0, -1, NAN, INFINITY, 101};
  for (int i = 0; i < 5; i++)
    expect_fails(nai_cost_create_communicability(&cost, "E", "E", bad[i]), NAI_ERR_INVALID,
                 "exponent is ");
  ck_assert_ptr_null(cost);

  nai_network *net = build(1);
  nai_trainer *trainer = train_by_bptt(net, 1e-3);
  static const struct {
    const char *from, *to, *words;
    nai_status status;
  } odd[] = {{"E", "I", "'E' only sends", NAI_ERR_INVALID},
             {"E I", "E", "'I' only sends", NAI_ERR_INVALID},
             {"E", "E I", "'I' only receives", NAI_ERR_INVALID},
             {"*", "E I", "'in' only sends", NAI_ERR_INVALID},
             {"E I", "*", "'out' only receives", NAI_ERR_INVALID},
             {"X", "E", "X", NAI_ERR_NAME},
             {"in", "out", "no projection", NAI_ERR_NAME}};
  for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
    expect_ok(nai_cost_create_communicability(&cost, odd[i].from, odd[i].to, 1));
    expect_fails(nai_trainer_add_cost(trainer, cost, 1), odd[i].status, odd[i].words);
    nai_cost_destroy(cost);
  }
  ck_assert_int_eq(nai_trainer_cost_count(trainer), 0);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);

  expect_ok(nai_network_create(&net, 20)); /* nobody has a place */
  expect_ok(nai_network_add_population(net, "E", 3, NAI_FREE));
  expect_ok(nai_network_add_output(net, "out", 1));
  expect_ok(nai_network_connect(net, "E", "E out"));
  expect_ok(nai_network_build(net, 1));
  trainer = train_by_bptt(net, 1e-3);
  give(trainer, communicability("E", 1), 1);
  nai_trials *trials;
  expect_ok(nai_trials_create(&trials, net, 2, 2));
  expect_fails(nai_trainer_step(NULL, trainer, trials), NAI_ERR_ORDER, "'E' has no positions");
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* --- communicability: memory and threads ------------------------------------------------------ */

START_TEST(no_memory_after_the_first_update)
{
  nai_network *net = build(0.5);
  nai_trials *trials = make_trials(net, STEPS, TRIALS);
  nai_trainer *trainer = train_by_bptt(net, 1e-3);
  give(trainer, communicability("E I", 1), 1e-3);
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  long before = faults_allocations();
  nai_status status = NAI_OK;
  for (int i = 0; i < 100 && status == NAI_OK; i++)
    status = nai_trainer_step(NULL, trainer, trials);
  long after = faults_allocations();
  expect_ok(status);
  ck_assert_int_eq(after - before, 0);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* A network of another size with the same cost: work space grows, what it held is of no matter. */
START_TEST(one_cost_of_two_networks)
{
  nai_network *large = build(0.5), *small;
  small = COMPOSE(.dt = 20, .populations = {{"E", 2, NAI_FREE}}, .outputs = {{"out", 1}},
                  .projections = {{"E", "E out"}});
  expect_ok(nai_network_place_box(small, "E", 1, 2, 3));
  expect_ok(nai_network_build(small, 6));
  nai_trials *trials[2] = {NULL, make_trials(large, STEPS, TRIALS)};
  expect_ok(nai_trials_create(&trials[0], small, 2, 2));
  nai_cost *shared = communicability("E", 1), *own = communicability("E", 1);
  nai_trainer *trainer[2] = {train_by_bptt(small, 1e-3), train_by_bptt(large, 1e-3)},
              *alone = train_by_bptt(large, 1e-3);
  for (int k = 0; k < 2; k++) expect_ok(nai_trainer_add_cost(trainer[k], shared, 1));
  nai_cost_destroy(shared);
  give(alone, own, 1);
  double first = gradient_of(trainer[0], trials[0]);
  double large_value = gradient_of(trainer[1], trials[1]);
  ck_assert(large_value == gradient_of(alone, trials[1]));
  ck_assert(memcmp(trainer[1]->plasticity.gradient, alone->plasticity.gradient,
                   (size_t)large->n_theta * sizeof(float)) == 0);
  ck_assert(gradient_of(trainer[0], trials[0]) == first);
  nai_trainer_destroy(alone);
  for (int k = 0; k < 2; k++) {
    nai_trainer_destroy(trainer[k]);
    nai_trials_destroy(trials[k]);
  }
  nai_network_destroy(small);
  nai_network_destroy(large);
}
END_TEST

START_TEST(without_memory)
{
  nai_cost *cost = NULL;
  long good;
  for (good = 0;; good++) {
    cost = (nai_cost *)&good;
    faults_fail_allocation(good);
    nai_status status = nai_cost_create_communicability(&cost, "E I", "E I", 1);
    faults_fail_allocation(-1);
    if (status == NAI_OK) break;
    ck_assert_int_eq(status, NAI_ERR_MEMORY);
    ck_assert_ptr_null(cost);
  }
  ck_assert_int_ge(good, 5);

  nai_network *net = build(0.5);
  nai_trials *trials = make_trials(net, STEPS, TRIALS);
  nai_trainer *trainer = train_by_bptt(net, 1e-3), *warm = train_by_bptt(net, 1e-3);
  nai_cost *other;
  expect_ok(nai_cost_create_l1_weights(&other, "E", "E"));
  give(warm, other, 1);
  give(trainer, cost, 1e-3);
  float *before = malloc((size_t)net->n_theta * sizeof *before);
  memcpy(before, net->theta, (size_t)net->n_theta * sizeof *before);
  for (good = 0;; good++) {
    faults_fail_allocation(good);
    nai_status status = nai_trainer_step(NULL, trainer, trials);
    faults_fail_allocation(-1);
    int same = memcmp(before, net->theta, (size_t)net->n_theta * sizeof *before) == 0;
    if (status == NAI_OK) {
      ck_assert(!same);
      break;
    }
    ck_assert_int_eq(status, NAI_ERR_MEMORY);
    ck_assert(same);
  }
  ck_assert_int_ge(good, 6);
  free(before);

  expect_ok(nai_network_set_plastic(net, "E I", "E I", 0));
  for (good = 0;; good++) {
    other = (nai_cost *)&good;
    faults_fail_allocation(good);
    nai_status status = nai_cost_create_rate_target(&other, "E I", 1);
    faults_fail_allocation(-1);
    if (status == NAI_OK) break;
    ck_assert_int_eq(status, NAI_ERR_MEMORY);
    ck_assert_ptr_null(other);
  }
  nai_cost_destroy(other);
  nai_trainer_destroy(warm);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

typedef struct runner {
  nai_network *net;
  nai_trainer *trainer;
  nai_trials *trials;
  nai_status status;
} runner;

static runner prepare_runner(nai_cost *cost)
{
  runner r = {.net = build(0.5)};
  r.trials = make_trials(r.net, STEPS, TRIALS);
  r.trainer = train_by_bptt(r.net, 1e-3);
  expect_ok(nai_trainer_add_cost(r.trainer, cost, 1e-2));
  return r;
}

static void *run(void *argument)
{
  runner *r = argument;
  for (int i = 0; i < 200 && r->status == NAI_OK; i++)
    r->status = nai_trainer_step(NULL, r->trainer, r->trials);
  return NULL;
}

static void close_runner(runner *r)
{
  nai_trainer_destroy(r->trainer);
  nai_trials_destroy(r->trials);
  nai_network_destroy(r->net);
}

/* More threads than work space is kept for: the same bits as alone. */
START_TEST(trainers_on_threads_share_a_cost)
{
  enum { RUNNERS = 20 };
  nai_cost *cost = communicability("E I", 1);
  runner alone = prepare_runner(cost), r[RUNNERS];
  pthread_t thread[RUNNERS];
  run(&alone);
  expect_ok(alone.status);
  for (int i = 0; i < RUNNERS; i++) r[i] = prepare_runner(cost);
  nai_cost_destroy(cost);
  for (int i = 0; i < RUNNERS; i++)
    ck_assert_int_eq(pthread_create(&thread[i], NULL, run, &r[i]), 0);
  for (int i = 0; i < RUNNERS; i++) ck_assert_int_eq(pthread_join(thread[i], NULL), 0);
  for (int i = 0; i < RUNNERS; i++) {
    expect_ok(r[i].status);
    ck_assert(
        memcmp(r[i].net->theta, alone.net->theta, (size_t)alone.net->n_theta * sizeof(float)) == 0);
    close_runner(&r[i]);
  }
  close_runner(&alone);
}
END_TEST

/* --- rate target ------------------------------------------------------------------------------ */

/* Mean of r^2 over the steps that count, trials and units of these populations. */
static double mean_square(const nai_trainer *trainer, const char *names)
{
  double sum = 0, count = 0;
  for (int k = 0; k < 2; k++) {
    if (!strchr(names, "EI"[k])) continue;
    nai_view v = NAI_VIEW_INIT;
    expect_ok(nai_trainer_activity(&v, trainer, k ? "I" : "E"));
    double *r = malloc((size_t)(v.shape[0] * v.shape[1] * v.shape[2]) * sizeof *r);
    oracle_copy(r, v.shape[2], &v);
    for (int64_t t = 0; t < v.shape[0]; t++)
      for (int64_t b = 0; b < v.shape[1]; b++)
        for (int64_t i = 0; i < v.shape[2] && t < lengths[b % TRIALS]; i++) {
          double x = r[(t * v.shape[1] + b) * v.shape[2] + i];
          sum += x * x;
          count++;
        }
    free(r);
  }
  return sum / count;
}

static nai_cost *rate_target(const char *names, double target)
{
  nai_cost *cost;
  expect_ok(nai_cost_create_rate_target(&cost, names, target));
  ck_assert_str_eq(nai_cost_name(cost), "rate_target");
  return cost;
}

START_TEST(rate_target_is_the_deviation_of_the_mean)
{
  static const char *const names[] = {"E", "I", "E I"};
  nai_network *net = build(0.5);
  nai_trials *trials = make_trials(net, STEPS, TRIALS);
  for (int k = 0; k < 3; k++)
    for (int above = 0; above < 2; above++) {
      nai_trainer *trainer = train_by_bptt(net, 1e-3), *plain = train_by_bptt(net, 1e-3);
      nai_cost *l2;
      expect_ok(nai_cost_create_l2_rates(&l2, names[k]));
      expect_ok(nai_cost_set_normalise(l2, 1));
      give(plain, l2, 0.5);
      double mean = gradient_of(plain, trials) / 0.5;
      check_close(mean, mean_square(plain, names[k]), 1e-6 * mean, "mean square");
      double target = above ? 2 * mean : mean / 3;
      give(trainer, rate_target(names[k], target), 0.5);
      double value = gradient_of(trainer, trials);
      check_close(value, 0.5 * fabs(mean - target), 1e-12, "value");
      double largest = 0;
      for (int64_t i = 0; i < net->n_theta; i++) {
        double expected = (above ? -1 : 1) * (double)plain->plasticity.gradient[i];
        largest = fmax(largest, fabs(expected));
        EXPECT(fabs((double)trainer->plasticity.gradient[i] - expected) <
               1e-6 * fmax(1, fabs(expected)));
      }
      ck_assert_double_gt(largest, 1e-3);
      nai_trainer_destroy(trainer);
      nai_trainer_destroy(plain);
    }
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* More units than are added up at once, each with a mean of its own: 2 steps of 2 trials. */
START_TEST(unit_rate_target_of_a_long_population)
{
  enum { UNITS = 200, ROW = UNITS + 3 };
  float rate[4 * ROW], gradient[4 * ROW] = {0};
  const int32_t length[] = {2, 2};
  double value = 1, expected = 1;
  nai_cost *cost;
  for (int row = 0; row < 4; row++)
    for (int i = 0; i < ROW; i++) rate[row * ROW + i] = (float)(i * (row + 1)) / 64;
  nai_rate_batch b = {.struct_size = sizeof b,
                      .name = "E",
                      .steps = 2,
                      .trials = 2,
                      .n = UNITS,
                      .stride = ROW,
                      .step_stride = 2 * ROW,
                      .length = length,
                      .rate = rate,
                      .gradient = gradient,
                      .scale = 2,
                      .batch_trials = 2};
  expect_ok(nai_cost_create_unit_rate_target(&cost, "E", 0.5));
  expect_ok(cost->ops.on_rates(cost->user, &b, &value));
  for (int i = 0; i < UNITS; i++) { /* (1 + 2 + 3 + 4) / 4 i / 64 */
    double excess = 2.5 * i / 64 - 0.5;
    expected += excess * excess / 2;
    for (int row = 0; row < 4; row++)
      check_close((double)gradient[row * ROW + i], 2 * excess / 4, 1e-6, "gradient");
  }
  check_close(value, expected, 1e-9 * expected, "value");
  for (int i = UNITS; i < ROW; i++) EXPECT(gradient[i] == 0);
  nai_cost_destroy(cost);
}
END_TEST

/* 1/2 (f - target)^2 of each unit, f counted by hand; the last steps of trials that are short do not count. */
START_TEST(unit_rate_target_is_of_each_unit)
{
  nai_network *net = build(0.5);
  nai_trials *trials = make_trials(net, STEPS, TRIALS);
  nai_trainer *trainer = train_by_bptt(net, 1e-3);
  nai_cost *cost;
  nai_view view = NAI_VIEW_INIT;
  double f[MOST] = {0}, expected = 0;
  expect_ok(nai_cost_create_unit_rate_target(&cost, "E", 0.3));
  ck_assert_str_eq(nai_cost_name(cost), "unit_rate_target");
  give(trainer, cost, 0.5);
  double value = gradient_of(trainer, trials);
  expect_ok(nai_trainer_activity(&view, trainer, "E"));
  int64_t count = 0;
  for (int64_t k = 0; k < view.shape[1]; k++)
    for (int64_t t = 0; t < trials->length[k]; t++, count++)
      for (int64_t i = 0; i < N_E; i++) {
        float r;
        const char *row = (const char *)view.data + t * view.stride[0] + k * view.stride[1];
        memcpy(&r, row + i * view.stride[2], sizeof r);
        f[i] += (double)r;
      }
  ck_assert_int_lt(count, view.shape[0] * view.shape[1]);
  for (int64_t i = 0; i < N_E; i++) expected += 0.5 * pow(f[i] / (double)count - 0.3, 2) / 2;
  check_close(value, expected, 1e-6 * expected, "value");
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* Of the whole: weights moved along the gradient, against it. */
START_TEST(rate_target_by_central_differences)
{
  nai_network *net = build(1);
  nai_trials *trials = make_trials(net, STEPS, TRIALS);
  nai_trainer *trainer = train_by_bptt(net, 1e-3);
  nai_cost *each;
  expect_ok(nai_cost_create_unit_rate_target(&each, "E I", 5));
  give(trainer, _i ? each : rate_target("E I", 5), 2);
  if (!_i) nai_cost_destroy(each);
  gradient_of(trainer, trials);
  double g[MOST][MOST], w[MOST][MOST], square = 0, value[2];
  gather(g, net, trainer);
  gather(w, net, NULL);
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) square += g[i][j] * g[i][j];
  const double h = 2e-3 / sqrt(square);
  double step = 0; /* what rounding leaves of it */
  for (int side = 0; side < 2; side++) {
    for (int k = 0; k < 4; k++) {
      int from = k / 2, to = k % 2, rows = to ? N_I : N_E, columns = from ? N_I : N_E;
      float moved[MOST * MOST];
      for (int i = 0; i < rows * columns; i++) {
        int row = to * N_E + i / columns, column = from * N_E + i % columns;
        moved[i] = (float)(w[row][column] + (side ? h : -h) * g[row][column]);
        step += (side ? 1 : -1) * (double)moved[i] * g[row][column];
      }
      expect_ok(
          nai_network_set_weights(net, from ? "I" : "E", to ? "I" : "E", moved, rows, columns));
    }
    value[side] = gradient_of(trainer, trials);
  }
  check_close((value[1] - value[0]) / step, 1, 1e-3, "slope along the gradient");
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

START_TEST(on_target_nothing_moves)
{
  nai_network *net; /* without input and bias: rates are 0 */
  net = COMPOSE(.dt = 20, .populations = {{"E", 3, NAI_FREE}, {"I", 2, NAI_FREE}},
                .outputs = {{"out", 1}}, .projections = {{"E I", "E I out"}});
  expect_ok(nai_network_build(net, 6));
  nai_trials *trials;
  expect_ok(nai_trials_create(&trials, net, 3, 2));
  nai_trainer *trainer = train_by_bptt(net, 1e-3);
  give(trainer, rate_target("E I", 0), 1);
  ck_assert(gradient_of(trainer, trials) == 0);
  for (int64_t i = 0; i < net->n_theta; i++) EXPECT(trainer->plasticity.gradient[i] == 0);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);

  nai_cost *cost = rate_target("E", 0.25);
  double slope = 9;
  ck_assert(cost->of_mean(cost->user, 0.25, &slope) == 0 && slope == 0);
  nai_cost_destroy(cost);
  cost = (nai_cost *)&cost;
  expect_fails(nai_cost_create_rate_target(NULL, "E", 1), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_cost_create_rate_target(&cost, NULL, 1), NAI_ERR_INVALID, "names is NULL");
  ck_assert_ptr_null(cost);
  expect_fails(nai_cost_create_unit_rate_target(NULL, "E", 1), NAI_ERR_INVALID, "out is NULL");
  static const double bad[] = {-1e-9, NAN, INFINITY};
  for (int i = 0; i < 3; i++) {
    expect_fails(nai_cost_create_rate_target(&cost, "E", bad[i]), NAI_ERR_INVALID, "target is ");
    expect_fails(nai_cost_create_unit_rate_target(&cost, "E", bad[i]), NAI_ERR_INVALID,
                 "target is ");
  }
}
END_TEST

/* Beside other costs on rates, in parts and whole, each has its own share. */
START_TEST(rate_costs_side_by_side)
{
  nai_network *net = build(0.5);
  nai_trials *trials = make_trials(net, STEPS, TRIALS);
  nai_trainer *both = train_by_bptt(net, 1e-3),
              *one[3] = {train_by_bptt(net, 1e-3), train_by_bptt(net, 1e-3),
                         train_by_bptt(net, 1e-3)};
  double value[3], total = 0;
  float *sum = calloc((size_t)net->n_theta, sizeof *sum);
  for (int k = 0; k < 3; k++) {
    nai_cost *cost;
    if (k == 1) expect_ok(nai_cost_create_l1_rates(&cost, "E I"));
    if (k == 1) expect_ok(nai_cost_set_normalise(cost, 1));
    if (k != 1) cost = k ? rate_target("I", 9) : rate_target("E I", 0.01);
    expect_ok(nai_trainer_add_cost(both, cost, k + 1));
    give(one[k], cost, k + 1);
    total += value[k] = gradient_of(one[k], trials);
    for (int64_t i = 0; i < net->n_theta; i++) sum[i] += one[k]->plasticity.gradient[i];
  }
  expect_ok(nai_trainer_set(both, "threads", 2));
  nai_progress now = NAI_PROGRESS_INIT;
  expect_ok(nai_trainer_estimate_gradient(&now, both, trials));
  check_close(now.cost, total, 1e-12, "sum");
  for (int k = 0; k < 3; k++) check_close(now.costs[k], value[k], 1e-14, "part");
  for (int64_t i = 0; i < net->n_theta; i++)
    EXPECT(fabsf(both->plasticity.gradient[i] - sum[i]) < 1e-5f);
  for (int k = 0; k < 3; k++) nai_trainer_destroy(one[k]);
  free(sum);
  nai_trainer_destroy(both);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* --- logistic channels ------------------------------------------------------------------------ */

/* Two trials at one step, two channels; rows of z and of the gradient are 3 apart. */
static nai_output_batch two_rows(const float *z, const float *y, const float *mask, int32_t columns,
                                 float *gradient)
{
  double total = 0;
  for (int32_t i = 0; i < 2 * columns; i++) total += (double)mask[i];
  return (nai_output_batch){.struct_size = sizeof(nai_output_batch),
                            .mask_columns = columns,
                            .name = "out",
                            .steps = 1,
                            .trials = 2,
                            .n = 2,
                            .stride = 3,
                            .output = z,
                            .target = y,
                            .mask = mask,
                            .gradient = gradient,
                            .scale = 2,
                            .mask_total = total};
}

static double square_formula(double z, double y)
{
  double y_hat = 1 / (1 + exp(-z));
  return (y_hat - y) * (y_hat - y);
}

static double nll_formula(double z, double y)
{
  double y_hat = 1 / (1 + exp(-z));
  return -y * log(y_hat) - (1 - y) * log(1 - y_hat);
}

typedef nai_status (*create_task_cost)(nai_cost **out, const char *output);

static const struct {
  create_task_cost create;
  const char *name;
  double (*formula)(double z, double y);
  double far[4]; /* at z = 1000, -1000 with y = 1, 0, 1, 0 */
} task_costs[] = {
    {nai_cost_create_logistic_mse, "logistic_mse", square_formula, {0, 1, 1, 0}},
    {nai_cost_create_binary_cross_entropy, "binary_cross_entropy", nll_formula, {0, 1000, 1000, 0}},
};

START_TEST(logistic_channels)
{
  const float z[6] = {1, -2, 99, 0, 3.5f, 99}, y[4] = {0.85f, 0.05f, 1, 0};
  nai_cost *cost;
  expect_ok(task_costs[_i].create(&cost, "out"));
  ck_assert_str_eq(nai_cost_name(cost), task_costs[_i].name);
  for (int32_t columns = 1; columns <= 2; columns++) {
    const float mask[4] = {1, 3, 0, 2};
    float g[6] = {10, 10, 77, 10, 10, 77};
    nai_output_batch b = two_rows(z, y, mask, columns, g);
    double value = 5, expected = 0, total = 0;
    expect_ok(cost->ops.on_outputs(cost->user, &b, &value));
    for (int i = 0; i < 4; i++) total += (double)(columns == 1 ? mask[i / 2] : mask[i]);
    for (int i = 0; i < 4; i++) {
      double m = (double)(columns == 1 ? mask[i / 2] : mask[i]) / total, h = 1e-5;
      double at = (double)z[i / 2 * 3 + i % 2], target = (double)y[i];
      double (*f)(double, double) = task_costs[_i].formula;
      expected += m * f(at, target);
      check_close((double)g[i / 2 * 3 + i % 2],
                  10 + 2 * m * (f(at + h, target) - f(at - h, target)) / (2 * h), 2e-6, "gradient");
    }
    check_close(value, 5 + expected, 1e-12, "value");
    ck_assert(g[2] == 77 && g[5] == 77);
    b.gradient = NULL;
    value = 0;
    expect_ok(cost->ops.on_outputs(cost->user, &b, &value));
    check_close(value, expected, 1e-12, "value alone");
  }
  /* where exp() overflows; nothing that counts; no targets */
  const float far_z[6] = {1000, 1000, 0, -1000, -1000, 0}, far_y[4] = {1, 0, 1, 0};
  for (int i = 0; i < 4; i++) {
    float mask[4] = {0}, g[6] = {0};
    mask[i] = 2;
    nai_output_batch b = two_rows(far_z, far_y, mask, 2, g);
    double value = 0;
    expect_ok(cost->ops.on_outputs(cost->user, &b, &value));
    check_close(value, task_costs[_i].far[i], 1e-12, "far");
    for (int k = 0; k < 6; k++) ck_assert(isfinite(g[k]));
    b.mask = (const float[]){0, 0, 0, 0};
    b.mask_total = 0;
    expect_ok(cost->ops.on_outputs(cost->user, &b, &value));
    check_close(value, task_costs[_i].far[i], 1e-12, "nothing counts");
    b.target = NULL;
    expect_fails(cost->ops.on_outputs(cost->user, &b, &value), NAI_ERR_ORDER,
                 "'out' has no targets");
    ck_assert_ptr_nonnull(strstr(nai_last_error(), task_costs[_i].name));
  }
  nai_cost_destroy(cost);
  cost = (nai_cost *)&cost;
  expect_fails(task_costs[_i].create(&cost, NULL), NAI_ERR_INVALID, "output is NULL");
  ck_assert_ptr_null(cost);
  expect_fails(task_costs[_i].create(NULL, "out"), NAI_ERR_INVALID, "out is NULL");
}
END_TEST

START_TEST(binary_targets_are_probabilities)
{
  nai_cost *cost;
  expect_ok(nai_cost_create_binary_cross_entropy(&cost, "out"));
  static const float bad[] = {1.001f, -0.001f, NAN, INFINITY};
  for (int i = 0; i < 4; i++) {
    const float z[6] = {0};
    float y[4] = {0, 0, 1, bad[i]}, g[6] = {0};
    nai_output_batch b = two_rows(z, y, (const float[]){1, 1, 1, 1}, 2, g);
    double value = 0;
    expect_fails(cost->ops.on_outputs(cost->user, &b, &value), NAI_ERR_INVALID,
                 "step 0, trial 1, channel 1 is ");
    ck_assert(value == 0 && g[0] == 0);
    b.mask = (const float[]){1, 1, 1, 0}; /* what does not count may be anything */
    b.mask_total = 3;
    expect_ok(cost->ops.on_outputs(cost->user, &b, &value));
    check_close(value, log(2), 1e-15, "value");
    b.mask = (const float[]){1, 0}; /* one column: neither channel of the second trial */
    b.mask_columns = 1;
    b.mask_total = 1;
    expect_ok(cost->ops.on_outputs(cost->user, &b, &value));
    check_close(value, 2 * log(2), 1e-15, "value of the first trial");
    b.mask = (const float[]){0, 1};
    expect_fails(cost->ops.on_outputs(cost->user, &b, &value), NAI_ERR_INVALID,
                 "step 0, trial 1, channel 1 is ");
  }
  nai_cost_destroy(cost);
}
END_TEST

/* In a trainer: by the name of the output, and the values of the activity. */
START_TEST(logistic_costs_in_a_trainer)
{
  nai_network *net = build(1);
  nai_trials *trials = make_trials(net, STEPS, TRIALS);
  nai_trainer *trainer = train_by_bptt(net, 1e-3);
  nai_cost *cost;
  expect_ok(task_costs[_i].create(&cost, "nobody"));
  expect_fails(nai_trainer_add_cost(trainer, cost, 1), NAI_ERR_NAME, "nobody");
  nai_cost_destroy(cost);
  expect_ok(task_costs[_i].create(&cost, "out"));
  give(trainer, cost, 3);
  double value = gradient_of(trainer, trials), sum = 0, count = 0, z[STEPS * TRIALS * 2];
  nai_view v = NAI_VIEW_INIT;
  expect_ok(nai_trainer_activity(&v, trainer, "out"));
  oracle_copy(z, 2, &v);
  for (int t = 0; t < STEPS; t++)
    for (int k = 0; k < TRIALS; k++)
      for (int c = 0; c < 2 && t < lengths[k]; c++, count++)
        sum += task_costs[_i].formula(
            z[(t * TRIALS + k) * 2 + c],
            (double)(float)nai_random_uniform(2, (uint64_t)(t * TRIALS + k), (uint64_t)c));
  check_close(value, 3 * sum / count, 1e-9, "value");
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* --- normalise -------------------------------------------------------------------------------- */

static nai_cost *create_kind(int kind, const char *names)
{
  nai_cost *c = NULL;
  switch (kind) {
  case 0: expect_ok(nai_cost_create_l1_weights(&c, names, names)); break;
  case 1: expect_ok(nai_cost_create_l2_weights(&c, names, names)); break;
  case 2: expect_ok(nai_cost_create_distance(&c, names, names)); break;
  case 3: expect_ok(nai_cost_create_communicability(&c, names, names, 1)); break;
  case 4: expect_ok(nai_cost_create_l1_rates(&c, names)); break;
  default: expect_ok(nai_cost_create_l2_rates(&c, names));
  }
  return c;
}

enum { KINDS = 6 };

START_TEST(normalised_is_divided_by_the_terms)
{
  nai_network *net = build(0.4);
  nai_trials *trials = make_trials(net, STEPS, TRIALS);
  nai_trainer *plain = train_by_bptt(net, 1e-3), *divided = train_by_bptt(net, 1e-3);
  double terms = 0;
  if (_i < 4) {
    NAI__EACH_PROJECTION(net, p, "E I", "E I") {
      nai_synapses s = nai__synapses(net, p, NULL, NULL);
      for (int64_t i = 0; i < s.n_post; i++)
        for (int64_t j = 0; j < s.n_pre; j++) terms += (double)s.exists[i * s.stride + j];
    }
    ck_assert(terms > 10 && terms < 0.6 * N * N);
  } else {
    for (int k = 0; k < TRIALS; k++) terms += (double)lengths[k] * N / TRIALS;
  }
  give(plain, create_kind(_i, "E I"), 1.5);
  nai_cost *cost = create_kind(_i, "E I");
  expect_ok(nai_cost_set_normalise(cost, 1));
  give(divided, cost, 1.5);
  double value = gradient_of(plain, trials), mean = gradient_of(divided, trials);
  ck_assert_double_gt(mean, 0);
  check_close(mean, value / terms, 1e-12 * mean, "mean");
  double largest = 0;
  for (int64_t i = 0; i < net->n_theta; i++) {
    double expected = (double)plain->plasticity.gradient[i] / terms;
    largest = fmax(largest, fabs(expected));
    EXPECT(fabs((double)divided->plasticity.gradient[i] - expected) <=
           1e-6 * fmax(1e-2, fabs(expected)));
  }
  ck_assert_double_gt(largest, 1e-5);
  if (_i == 5) check_close(mean, 1.5 * mean_square(divided, "E I"), 1e-6 * mean, "mean square");
  nai_trainer_destroy(plain);
  nai_trainer_destroy(divided);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* Twice the trials, or one thread more, or trials cut into groups: the same mean. */
START_TEST(means_do_not_depend_on_the_batch)
{
  nai_network *net = build(0.4);
  for (int kind = 4; kind < KINDS; kind++) {
    double value[2];
    for (int k = 0; k < 2; k++) {
      nai_trials *trials = make_trials(net, STEPS, TRIALS * (k ? 20 : 1));
      nai_trainer *trainer = train_by_bptt(net, 1e-3);
      nai_cost *cost = create_kind(kind, "?");
      expect_ok(nai_cost_set_normalise(cost, 1));
      give(trainer, cost, 1);
      expect_ok(nai_trainer_set(trainer, "threads", k + 1));
      value[k] = gradient_of(trainer, trials);
      nai_trainer_destroy(trainer);
      nai_trials_destroy(trials);
    }
    check_close(value[1], value[0], 1e-6 * value[0], "mean");
  }
  nai_network_destroy(net);
}
END_TEST

/* All synapses gone: 0 and not 0 / 0. */
START_TEST(a_mean_of_nothing)
{
  nai_network *net = build(1), *empty;
  nai_constraint *mask;
  const uint8_t none[4] = {0};
  nai_network_destroy(net);
  empty = COMPOSE(.dt = 20, .populations = {{"E", 2, NAI_FREE}}, .outputs = {{"out", 1}},
                  .projections = {{"E", "E out"}});
  expect_ok(nai_network_place_box(empty, "E", 1, 1, 1));
  expect_ok(nai_constraint_create_mask(&mask, none, 2, 2));
  expect_ok(nai_network_constrain(empty, "E", "E", mask));
  nai_constraint_destroy(mask);
  expect_ok(nai_network_build(empty, 1));
  nai_trials *trials;
  expect_ok(nai_trials_create(&trials, empty, 2, 2));
  for (int kind = 0; kind < 4; kind++) {
    nai_trainer *trainer = train_by_bptt(empty, 1e-3);
    nai_cost *cost = create_kind(kind, "E");
    expect_ok(nai_cost_set_normalise(cost, 1));
    give(trainer, cost, 1);
    ck_assert(gradient_of(trainer, trials) == 0);
    nai_trainer_destroy(trainer);
  }
  nai_trials_destroy(trials);
  nai_network_destroy(empty);
}
END_TEST

static nai_status nothing(void *user, nai_synapses *const *s, int64_t n, double scale,
                          double *value)
{
  (void)user, (void)s, (void)n, (void)scale, (void)value;
  return NAI_OK;
}

START_TEST(what_cannot_be_normalised)
{
  nai_cost *cost[7];
  nai_cost_ops ops = {.struct_size = sizeof ops, .name = "own", .on_weights = nothing};
  expect_ok(nai_cost_create(&cost[0], &ops, "E", "E", NULL));
  expect_ok(nai_cost_create_mse(&cost[1], "out"));
  expect_ok(nai_cost_create_cross_entropy(&cost[2], "out"));
  expect_ok(nai_cost_create_logistic_mse(&cost[3], "out"));
  expect_ok(nai_cost_create_binary_cross_entropy(&cost[4], "out"));
  expect_ok(nai_cost_create_rate_target(&cost[5], "E", 1));
  expect_ok(nai_cost_create_vanishing_gradient(&cost[6], "E"));
  for (int i = 0; i < 7; i++) {
    expect_ok(nai_cost_set_normalise(cost[i], 0));
    expect_fails(nai_cost_set_normalise(cost[i], 1), NAI_ERR_UNSUPPORTED, nai_cost_name(cost[i]));
    nai_cost_destroy(cost[i]);
  }
  expect_fails(nai_cost_set_normalise(NULL, 1), NAI_ERR_INVALID, "cost is NULL");

  nai_network *net = build(1);
  nai_trainer *trainer = train_by_bptt(net, 1e-3);
  for (int kind = 0; kind < KINDS; kind++) {
    nai_cost *c = create_kind(kind, "E");
    expect_fails(nai_cost_set_normalise(c, 2), NAI_ERR_INVALID, "normalise is 2");
    expect_fails(nai_cost_set_normalise(c, -1), NAI_ERR_INVALID, "normalise is -1");
    expect_ok(nai_cost_set_normalise(c, 1));
    expect_ok(nai_cost_set_normalise(c, 0));
    expect_ok(nai_trainer_add_cost(trainer, c, 1));
    expect_fails(nai_cost_set_normalise(c, 1), NAI_ERR_ORDER, "before a trainer has it");
    expect_ok(nai_cost_set_normalise(c, 0)); /* as it is */
    nai_cost_destroy(c);
  }
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

Suite *brain_costs_suite(void);

Suite *brain_costs_suite(void)
{
  Suite *suite = suite_create("brain_costs");
  ADD_CASE(suite, "exponential", exponential_by_hand, exponential_of_a_large_matrix);
  TCase *reference = tcase_create("reference");
  tcase_add_loop_test(reference, communicability_is_that_of_an_independent_program, 0, 4);
  tcase_add_loop_test(reference, value_and_gradient_of_the_formula, 0, 8);
  suite_add_tcase(suite, reference);
  ADD_CASE(suite, "communicability", two_units_by_hand, autapses, silent_units, all_silent,
           senders_of_very_different_strength, absent_projections_are_zero, not_finite_is_found,
           what_communicability_refuses);
  ADD_CASE(suite, "memory", no_memory_after_the_first_update, one_cost_of_two_networks,
           without_memory, trainers_on_threads_share_a_cost);
  ADD_CASE(suite, "rate target", rate_target_is_the_deviation_of_the_mean,
           unit_rate_target_is_of_each_unit, unit_rate_target_of_a_long_population,
           on_target_nothing_moves, rate_costs_side_by_side);
  TCase *targets = tcase_create("rate targets");
  tcase_add_loop_test(targets, rate_target_by_central_differences, 0, 2);
  suite_add_tcase(suite, targets);
  TCase *logistic = tcase_create("logistic");
  tcase_add_loop_test(logistic, logistic_channels, 0, 2);
  tcase_add_loop_test(logistic, logistic_costs_in_a_trainer, 0, 2);
  tcase_add_test(logistic, binary_targets_are_probabilities);
  suite_add_tcase(suite, logistic);
  TCase *normalise = tcase_create("normalise");
  tcase_add_loop_test(normalise, normalised_is_divided_by_the_terms, 0, KINDS);
  tcase_add_test(normalise, means_do_not_depend_on_the_batch);
  tcase_add_test(normalise, a_mean_of_nothing);
  tcase_add_test(normalise, what_cannot_be_normalised);
  suite_add_tcase(suite, normalise);
  return suite;
}
