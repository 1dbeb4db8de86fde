/*
 * Learning against two judges: numbers of an independent program in double precision (trajectories,
 * costs, gradients), and central differences of the costs themselves.
 */
#include <check.h>
#include <float.h>
#include <math.h>
#include <neuroai/neuroai.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/train/trainer.h"
#include "networks.h"
#include "oracle.h"
#include "rules.h"

START_TEST(there_are_cases)
{
  oracle o;
  for (int i = 0; i < RECURRENT; i++) {
    ck_assert(oracle_open(&o, "rnn_", i));
    oracle_close(&o);
  }
  ck_assert(!oracle_open(&o, "rnn_", RECURRENT));
  for (int i = 0; i < LAYERED; i++) {
    ck_assert(oracle_open(&o, "mlp_", i));
    oracle_close(&o);
  }
  ck_assert(!oracle_open(&o, "mlp_", LAYERED));
  ck_assert_ptr_nonnull(oracle_kernels(1)); /* portable and blas are everywhere */
}
END_TEST

/* --- gathering our arrays in the shape of theirs ---------------------------------------------- */

/* Columns from `first` on of an array whose rows are `ld` apart. */
static void gather(double *out, int64_t ld, int64_t first, const nai_trainer *trainer,
                   const char *name)
{
  nai_view view = NAI_VIEW_INIT;
  expect_ok(nai_trainer_activity(&view, trainer, name));
  oracle_copy(out + first, ld, &view);
}

/* Checks one of their arrays against what `fill` gathers. */
static void compare(oracle *o, const nai_trainer *trainer, const char *name,
                    void (*fill)(double *, const oracle *, const nai_trainer *, int64_t))
{
  int64_t count, shape[4];
  const double *expected = oracle_sized(o, name, &count, shape);
  double *ours = malloc((size_t)count * sizeof *ours);
  for (int64_t i = 0; i < count; i++) ours[i] = NAN; /* what is not gathered shows */
  fill(ours, o, trainer, shape[2] > 1 ? shape[2] : shape[1]);
  oracle_check(o, name, ours, expected, count);
  free(ours);
}

static void fill_rates(double *ours, const oracle *o, const nai_trainer *trainer, int64_t n)
{
  for (int k = 0; k < o->n_parts; k++) gather(ours, n, o->part[k].first, trainer, o->part[k].name);
}

static void fill_outputs(double *ours, const oracle *o, const nai_trainer *trainer, int64_t n)
{
  (void)o;
  gather(ours, n, 0, trainer, "z");
}

/* --- recurrent networks ----------------------------------------------------------------------- */

static void compare_costs(oracle *o, const nai_trainer *trainer, const nai_progress *now)
{
  static const char *const known[] = {"J_task", "J_l1_weight", "J_l2_rate", "J_distance"};
  oracle_check(o, "J", &now->cost, oracle_array(o, "J"), 1);
  int n = 0;
  for (int i = 0; i < 4; i++) {
    if (!nai__tensors_have(&o->file, known[i])) continue;
    double value = nai_trainer_cost_value(trainer, n);
    ck_assert_int_eq(nai_trainer_cost_count(trainer), now->n_costs);
    ck_assert(value == now->costs[n]);
    oracle_check(o, known[i], &value, oracle_array(o, known[i]), 1);
    n++;
  }
  ck_assert_int_eq(n, now->n_costs);
}

static void compare_recurrent(oracle *o, const nai_trainer *trainer)
{
  compare(o, trainer, "rate", fill_rates);
  compare(o, trainer, "output", fill_outputs);
  static const char *const names[] = {"W_in", "W_rec", "W_out", "b_rec", "b_out"};
  for (int i = 0; i < 5; i++) oracle_check_gradient(o, trainer, "grad_", names[i]);
}

/* Absent synapses have no gradient at all, not a small one. */
static void check_masked_are_zero(const nai_trainer *trainer)
{
  int64_t absent = 0;
  for (int64_t i = 0; i < trainer->plasticity.net->n_theta; i++) {
    EXPECT(trainer->plasticity.net->exists[i] != 0 || trainer->plasticity.gradient[i] == 0);
    absent += trainer->plasticity.net->exists[i] == 0;
  }
  ck_assert_int_gt(absent, 0);
}

START_TEST(recurrent_cases)
{
  oracle o;
  ck_assert(oracle_open(&o, "rnn_", _i));
  const char *kernels;
  for (int k = 0; (kernels = oracle_kernels(k)); k++) {
    nai_network *net = oracle_network(&o, kernels);
    ck_assert_str_eq(nai_network_kernels(net), kernels);
    nai_trials *trials = oracle_trials(&o, net);
    nai_trainer *trainer = oracle_trainer(&o, net);
    nai_progress now = NAI_PROGRESS_INIT;
    expect_ok(nai_trainer_estimate_gradient(&now, trainer, trials));
    compare_recurrent(&o, trainer);
    compare_costs(&o, trainer, &now);
    check_masked_are_zero(trainer);
    nai_trainer_destroy(trainer);
    nai_trials_destroy(trials);
    nai_network_destroy(net);
    oracle_close(&o);
    ck_assert(oracle_open(&o, "rnn_", _i));
  }
  oracle_close(&o);
}
END_TEST

/* The same trajectories from a state, which goes round in its memory. */
START_TEST(recurrent_cases_run_by_a_state)
{
  oracle o;
  ck_assert(oracle_open(&o, "rnn_", _i));
  int64_t shape[4], in, n_rates, n_outputs;
  const double *u = oracle_sized(&o, "u", &in, shape),
               *rate = oracle_sized(&o, "rate", &n_rates, NULL),
               *output = oracle_sized(&o, "output", &n_outputs, NULL);
  nai_network *net = oracle_network(&o, NULL);
  nai_state *state;
  expect_ok(nai_state_create(&state, net, shape[1], 0));
  float *inputs = malloc((size_t)in * sizeof *inputs);
  float *rates = malloc((size_t)n_rates * sizeof *rates);
  float *outputs = malloc((size_t)n_outputs * sizeof *outputs);
  for (int64_t i = 0; i < in; i++) inputs[i] = (float)u[i];
  expect_ok(nai_state_run(outputs, rates, state, shape[0], inputs));
  double *ours = malloc((size_t)n_rates * sizeof *ours);
  for (int64_t i = 0; i < n_rates; i++) ours[i] = (double)rates[i];
  oracle_check(&o, "rate", ours, rate, n_rates);
  for (int64_t i = 0; i < n_outputs; i++) ours[i] = (double)outputs[i];
  oracle_check(&o, "output", ours, output, n_outputs);
  free(ours);
  free(inputs);
  free(rates);
  free(outputs);
  nai_state_destroy(state);
  nai_network_destroy(net);
  oracle_close(&o);
}
END_TEST

/* --- feed-forward networks -------------------------------------------------------------------- */

static void compare_layer(oracle *o, const nai_trainer *trainer, int i)
{
  char name[16];
  snprintf(name, sizeof name, "W%d", i);
  oracle_check_gradient(o, trainer, "grad_", name);
  name[0] = 'b';
  oracle_check_gradient(o, trainer, "grad_", name);
}

START_TEST(layered_cases)
{
  oracle o;
  ck_assert(oracle_open(&o, "mlp_", _i));
  const char *kernels;
  for (int k = 0; (kernels = oracle_kernels(k)); k++) {
    nai_network *net = oracle_network(&o, kernels);
    nai_trials *trials = oracle_trials(&o, net);
    nai_trainer *trainer = oracle_trainer(&o, net);
    nai_progress now = NAI_PROGRESS_INIT;
    expect_ok(nai_trainer_estimate_gradient(&now, trainer, trials));
    oracle_check(&o, "J", &now.cost, oracle_array(&o, "J"), 1);
    compare(&o, trainer, "output", fill_outputs);
    for (int i = 0; i <= o.n_parts; i++) compare_layer(&o, trainer, i);
    nai_trainer_destroy(trainer);
    nai_trials_destroy(trials);
    nai_network_destroy(net);
    oracle_close(&o);
    ck_assert(oracle_open(&o, "mlp_", _i));
  }
  oracle_close(&o);
}
END_TEST

/* --- central differences: a network with everything at once ----------------------------------- */

/* Every cost, each with a share of J that shows. */
static nai_trainer *train_everything(nai_network *net)
{
  nai_trainer *trainer = train_by_bptt(net, 1e-3);
  nai_cost *c = NULL;
  attach_cost(trainer, nai_cost_create_mse(&c, "real"), &c, 0.7);
  attach_cost(trainer, nai_cost_create_cross_entropy(&c, "choice"), &c, 1.1);
  attach_cost(trainer, nai_cost_create_l1_weights(&c, "E I", "*"), &c, 0.01);
  attach_cost(trainer, nai_cost_create_l2_weights(&c, "* ", "layer I"), &c, 0.02);
  attach_cost(trainer, nai_cost_create_distance(&c, "E I layer", "E I layer"), &c, 0.01);
  attach_cost(trainer, nai_cost_create_l1_rates(&c, "E I"), &c, 0.002);
  attach_cost(trainer, nai_cost_create_l2_rates(&c, "*"), &c, 0.003);
  expect_ok(nai_trainer_set(trainer, "seed", 17));
  return trainer;
}

/* A trainer, its trials, and how things were where differences are taken. */
typedef struct point {
  nai_trainer *trainer;
  const nai_trials *trials;
  int64_t n;
  float *theta, *gradient;
  double cost;
  signed char *sign; /* of every rate and drive: where one turns, J has a kink */
} point;

/* Rates r, then phi(v) where the leak is on the rate. */
static int64_t signs(const point *p)
{
  return 2 * EVERYTHING_STEPS * EVERYTHING_TRIALS * p->trainer->plasticity.net->ld_units;
}

static int sign_of(const point *p, int64_t i)
{
  const nai__activity *a = &p->trainer->batch.activity;
  int64_t n = signs(p) / 2;
  float value = i < n ? nai__rate_at(a, 1)[i] : nai__drive_at(a, 1)[i - n];
  return (value > 0) - (value < 0);
}

static double cost_now(const point *p)
{
  nai_progress now = NAI_PROGRESS_INIT;
  expect_ok(nai_trainer_estimate_gradient(&now, p->trainer, p->trials));
  return now.cost;
}

static point open_point(nai_trainer *trainer, const nai_trials *trials)
{
  point p = {.trainer = trainer, .trials = trials, .n = trainer->plasticity.net->n_theta};
  size_t bytes = (size_t)p.n * sizeof *p.theta;
  p.cost = cost_now(&p);
  p.theta = malloc(bytes);
  p.gradient = malloc(bytes);
  p.sign = malloc((size_t)signs(&p));
  memcpy(p.theta, trainer->plasticity.net->theta, bytes);
  memcpy(p.gradient, trainer->plasticity.gradient, bytes);
  for (int64_t i = 0; i < signs(&p); i++) p.sign[i] = (signed char)sign_of(&p, i);
  return p;
}

static void close_point(point *p)
{
  free(p->theta);
  free(p->gradient);
  free(p->sign);
}

/* J at theta + h d; *smooth becomes 0 when a rate has another sign there. */
static double cost_at(const point *p, const double *d, double h, int *smooth)
{
  nai_network *net = p->trainer->plasticity.net;
  for (int64_t i = 0; i < p->n; i++) net->theta[i] = (float)((double)p->theta[i] + h * d[i]);
  nai__pack(net);
  double cost = cost_now(p);
  for (int64_t i = 0; i < signs(p); i++) *smooth = *smooth && sign_of(p, i) == p->sign[i];
  memcpy(net->theta, p->theta, (size_t)p->n * sizeof *p->theta);
  nai__pack(net);
  return cost;
}

/* (J(h) - J(-h)) / 2h, without its error of order h^2; what remains is of order h^4. */
static double slope_along(const point *p, const double *d, double h, int *smooth)
{
  double near = cost_at(p, d, h, smooth) - cost_at(p, d, -h, smooth),
         far = cost_at(p, d, 2 * h, smooth) - cost_at(p, d, -2 * h, smooth);
  return (8 * near - far) / (12 * h);
}

/* How far an element may go: synapses as far as their own size, so that none turns its sign. */
static double reach(const point *p, int64_t i)
{
  const nai_network *net = p->trainer->plasticity.net;
  double size = fabs((double)p->theta[i]);
  return net->plastic[i] == 0 ? 0 : i < net->unit_bias ? size : 0.1 + size;
}

#define LARGEST_STEP (1.0 / 64)
#define SMALLEST_STEP (1.0 / 1024)

/*
 * The gradient along d against differences of J, on the largest step without a kink. J comes from
 * sums of single-precision numbers: it is off by a few FLT_EPSILON J, which weighs 1.5 / h in the
 * slope; what is left of the step's own error is below 1e-4 of what the elements of d contribute.
 * Returns 1 when that was a test: a step was found, and the contribution stands out of the noise.
 */
static int check_along(const point *p, const double *d)
{
  double expected = 0, size = 0;
  for (int64_t i = 0; i < p->n; i++) {
    double part = (double)p->gradient[i] * d[i];
    expected += part;
    size += part * part;
  }
  size = sqrt(size);
  for (double h = LARGEST_STEP; h >= SMALLEST_STEP; h /= 2) {
    int smooth = 1;
    double slope = slope_along(p, d, h, &smooth);
    double error = 1.5 * 2 * (double)FLT_EPSILON * fabs(p->cost) / h + 1e-4 * size;
    if (!smooth) continue;
    if (!(fabs(slope - expected) <= error))
      ck_abort_msg("%s: the slope is %.9g, the gradient says %.9g, allowed are "
                   "%.2g (step %g)",
                   nai_network_kernels(p->trainer->plasticity.net), slope, expected, error, h);
    return error < 0.02 * size;
  }
  return 0;
}

/* Many elements at once, all of theta among them; and few. */
static int check_random_directions(const point *p, int share)
{
  enum { DIRECTIONS = 12 };
  int tested = 0;
  double *d = malloc((size_t)p->n * sizeof *d);
  for (uint64_t k = 0; k < DIRECTIONS; k++) {
    for (int64_t i = 0; i < p->n; i++) {
      double u = nai_random_uniform(3, k, 2 * (uint64_t)i),
             chosen = nai_random_uniform(3, k, 2 * (uint64_t)i + 1);
      d[i] = chosen * share < 1 ? reach(p, i) * (2 * u - 1) : 0;
    }
    tested += check_along(p, d);
  }
  free(d);
  return tested;
}

/* Elements first + row * ld + column, one at a time: the one that contributes most, and another. */
static int check_single(const point *p, int64_t first, int64_t rows, int64_t columns, int64_t ld)
{
  double *d = calloc((size_t)p->n, sizeof *d), most = 0;
  int64_t at = first, tested = 0;
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++) {
      int64_t k = first + i * ld + j;
      double part = fabs((double)p->gradient[k]) * reach(p, k);
      if (part <= most) continue;
      most = part;
      at = k;
    }
  d[at] = reach(p, at);
  tested = check_along(p, d);
  d[at] = 0;
  int64_t other = first + rows / 2 * ld + columns / 2;
  d[other] = reach(p, other);
  check_along(p, d);
  free(d);
  return (int)tested;
}

static int check_every_array(const point *p)
{
  const nai_network *net = p->trainer->plasticity.net;
  int tested = 0;
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *q = &net->projection[k];
    tested += check_single(p, q->at.start, q->at.rows, q->at.columns, q->at.stride);
  }
  for (int64_t i = 0; i < net->n_nodes; i++)
    if (net->node[i].kind != NAI_INPUTS)
      tested += check_single(p, nai__bias_start(net, &net->node[i]), net->node[i].n, 1, 1);
  return tested;
}

/* No gradient where nothing learns, some where something does. */
static void check_frozen(const point *p)
{
  const nai_network *net = p->trainer->plasticity.net;
  int64_t moving = 0, plastic = 0;
  for (int64_t i = 0; i < p->n; i++) {
    EXPECT(net->plastic[i] != 0 || p->gradient[i] == 0);
    moving += p->gradient[i] != 0;
    plastic += net->plastic[i] != 0;
  }
  ck_assert_int_gt(moving, plastic * 9 / 10);
}

START_TEST(gradient_agrees_with_central_differences)
{
  const char *kernels;
  for (int k = 0; (kernels = oracle_kernels(k)); k++) {
    nai_network *net = build_everything(_i, kernels);
    nai_trials *trials = trials_for_everything(net, 1);
    nai_trainer *trainer = train_everything(net);
    point p = open_point(trainer, trials);
    check_frozen(&p);
    check_random_directions(&p, 1);
    ck_assert_int_ge(check_random_directions(&p, 32), 4); /* most find a step without a kink */
    ck_assert_int_ge(check_every_array(&p), 10);          /* of 18 with a gradient */
    close_point(&p);
    nai_trainer_destroy(trainer);
    nai_trials_destroy(trials);
    nai_network_destroy(net);
  }
}
END_TEST

Suite *reference_suite(void);

Suite *reference_suite(void)
{
  Suite *suite = suite_create("reference");
  TCase *cases = tcase_create("cases");
  tcase_add_test(cases, there_are_cases);
  tcase_add_loop_test(cases, recurrent_cases, 0, RECURRENT);
  tcase_add_loop_test(cases, recurrent_cases_run_by_a_state, 0, RECURRENT);
  tcase_add_loop_test(cases, layered_cases, 0, LAYERED);
  suite_add_tcase(suite, cases);
  TCase *differences = tcase_create("differences");
  tcase_add_loop_test(differences, gradient_agrees_with_central_differences, 0, transfers());
  suite_add_tcase(suite, differences);
  return suite;
}
