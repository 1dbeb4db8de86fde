/*
 * Rules that learn from the cost of each trial alone: node perturbation against the exact gradient
 * of a network with everything, by statistics; reward-modulated Hebbian learning against the paper's
 * equations written out in double; and what both stand on, costs of single trials.
 */
#include <math.h>
#include <neuroai/extend.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/train/trainer.h"
#include "faults.h"
#include "networks.h"
#include "rules.h"

static nai_rule *node_perturbation(double sd, uint64_t seed)
{
  nai_rule *rule;
  expect_ok(nai_rule_create_node_perturbation(&rule, sd, seed));
  return rule;
}

static nai_rule *reward_hebbian(uint64_t seed)
{
  nai_rule *rule;
  expect_ok(nai_rule_create_reward_hebbian(&rule, seed));
  return rule;
}

static void check_close(double ours, double expected, double tolerance, const char *what)
{
  if (!(fabs(ours - expected) <= tolerance))
    ck_abort_msg("%s is %.12g, expected %.12g", what, ours, expected);
}

/* A network with everything that can learn; its units smooth. */
static nai_network *build_smooth(void)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  expect_ok(nai_network_set(net, "E layer", "plastic_initial", 1));
  return net;
}

/* --- many draws ------------------------------------------------------------------------------- */

/* Means and covariances of what is plastic, over draws of the perturbation. */
typedef struct draws {
  int64_t n, count;
  int64_t *at; /* [n] in theta */
  double *mean, *covariance, *exact;
} draws;

static draws open_draws(const nai_network *net)
{
  draws d = {.at = calloc((size_t)net->n_theta, sizeof *d.at)};
  for (int64_t i = 0; i < net->n_theta; i++)
    if (net->plastic[i] != 0) d.at[d.n++] = i;
  d.mean = calloc((size_t)d.n, sizeof *d.mean);
  d.exact = calloc((size_t)d.n, sizeof *d.exact);
  d.covariance = calloc((size_t)(d.n * d.n), sizeof *d.covariance);
  return d;
}

static void close_draws(draws *d)
{
  free(d->at);
  free(d->mean);
  free(d->exact);
  free(d->covariance);
}

/* Sums until they are finished. */
static void add_draw(draws *d, const float *gradient)
{
  double *now = malloc((size_t)d->n * sizeof *now);
  for (int64_t i = 0; i < d->n; i++) d->mean[i] += now[i] = (double)gradient[d->at[i]];
  for (int64_t i = 0; i < d->n; i++)
    for (int64_t j = 0; j <= i; j++) d->covariance[i * d->n + j] += now[i] * now[j];
  d->count++;
  free(now);
}

static void finish_draws(draws *d)
{
  double count = (double)d->count;
  for (int64_t i = 0; i < d->n; i++) d->mean[i] /= count;
  for (int64_t i = 0; i < d->n; i++)
    for (int64_t j = 0; j <= i; j++)
      d->covariance[i * d->n + j] =
          (d->covariance[i * d->n + j] - count * d->mean[i] * d->mean[j]) / (count - 1);
}

static void draw_many(draws *d, nai_trainer *trainer, const nai_trials *trials, int64_t count)
{
  for (int64_t k = 0; k < count; k++) {
    trainer->plasticity.rule->seed = (uint64_t)k + 1;
    expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
    add_draw(d, trainer->plasticity.gradient);
  }
  finish_draws(d);
}

static void exact_gradient(draws *d, nai_network *net, const nai_trials *trials)
{
  nai_rule *bptt;
  expect_ok(nai_rule_create_bptt(&bptt));
  nai_trainer *trainer = train_everything_by(net, bptt);
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
  for (int64_t i = 0; i < d->n; i++) d->exact[i] = (double)trainer->plasticity.gradient[d->at[i]];
  nai_trainer_destroy(trainer);
}

/* count (mean - from)^T covariance^-1 (mean - from): chi-square of n, when `from` is the mean. */
static double hotelling(const draws *d, const double *from)
{
  int64_t n = d->n;
  double *l = malloc((size_t)(n * n) * sizeof *l), *y = malloc((size_t)n * sizeof *y), sum = 0;
  memcpy(l, d->covariance, (size_t)(n * n) * sizeof *l);
  for (int64_t i = 0; i < n; i++) {
    for (int64_t j = 0; j <= i; j++) {
      for (int64_t k = 0; k < j; k++) l[i * n + j] -= l[i * n + k] * l[j * n + k];
      if (j < i) l[i * n + j] /= l[j * n + j];
    }
    EXPECT(l[i * n + i] > 0);
    l[i * n + i] = sqrt(l[i * n + i]);
    y[i] = d->mean[i] - (from ? from[i] : 0);
    for (int64_t k = 0; k < i; k++) y[i] -= l[i * n + k] * y[k];
    y[i] /= l[i * n + i];
    sum += y[i] * y[i];
  }
  free(y);
  free(l);
  return sum * (double)d->count;
}

/* As a standard normal (Wilson & Hilferty 1931); covariances are estimates: F, not chi-square. */
static double normal_of(double t2, const draws *d)
{
  double n = (double)d->n, m = (double)d->count;
  double f = t2 * (m - n) / (n * (m - 1)), a = 2 / (9 * n), b = 2 / (9 * (m - n));
  double cube = cbrt(f);
  return ((1 - b) * cube - (1 - a)) / sqrt(b * cube * cube + a);
}

static void check_on_average(nai_network *net)
{
  nai_trials *trials = trials_for_everything(net, 3);
  nai_trainer *trainer = train_everything_by(net, node_perturbation(1e-3, 1));
  draws d = open_draws(net);
  exact_gradient(&d, net, trials);
  draw_many(&d, trainer, trials, 20000);
  double away = hotelling(&d, NULL), off = hotelling(&d, d.exact);
  ck_assert_int_gt(d.n, 200);
  EXPECT(away > 10 * (double)d.n); /* it can tell the gradient from none */
  EXPECT(fabs(normal_of(off, &d)) < 3);
  for (int64_t i = 0; i < d.n; i++) {
    double error = sqrt(d.covariance[i * d.n + i] / (double)d.count);
    EXPECT(error > 0);
    check_close(d.mean[i], d.exact[i], 4.5 * error, "mean of the estimates");
  }
  close_draws(&d);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}

START_TEST(test_node_perturbation_is_the_gradient_on_average)
{
  check_on_average(build_smooth());
}
END_TEST

/* What is added to an output is not held, so its errors are those of every cost: they go back too. */
START_TEST(test_it_is_so_with_outputs_that_have_a_memory)
{
  nai_network *net = build_smooth();
  remember_outputs(net);
  check_on_average(net);
}
END_TEST

/* --- a small network -------------------------------------------------------------------------- */

enum { SMALL_STEPS = 6 };

/* Input 2, population "p" of 3, output 2. */
static nai_network *build_small(int32_t leak)
{
  nai_network *net =
      COMPOSE(.dt = 20, .inputs = {{"in", 2}}, .populations = {{"p", 3, NAI_FREE}},
              .outputs = {{"out", 2}}, .projections = {{"in", "p"}, {"p", "p"}, {"p", "out"}});
  expect_ok(nai_network_set_transfer(net, "p", NAI_TRANSFER_TANH));
  expect_ok(nai_network_set(net, "p", "tau", 60));
  expect_ok(nai_network_set_leak(net, "p", leak));
  expect_ok(nai_network_build(net, 5));
  return net;
}

/* `different`: trials differ; else all are the first. */
static nai_trials *small_trials(const nai_network *net, int64_t count, int different)
{
  nai_trials *trials;
  size_t n = (size_t)(SMALL_STEPS * count * 2);
  float *in = malloc(n * sizeof *in), *y = malloc(n * sizeof *y);
  for (int64_t t = 0; t < SMALL_STEPS; t++)
    for (int64_t k = 0; k < count; k++)
      for (int64_t c = 0; c < 2; c++) {
        uint64_t at = (uint64_t)(different ? k : 0) * 2 + (uint64_t)c;
        in[(t * count + k) * 2 + c] = (float)(nai_random_uniform(1, (uint64_t)t, at) * 2 - 1);
        y[(t * count + k) * 2 + c] = (float)(nai_random_uniform(2, (uint64_t)t, at) * 2 - 1);
      }
  expect_ok(nai_trials_create(&trials, net, SMALL_STEPS, count));
  expect_ok(nai_trials_set_inputs(trials, "in", in, 2));
  expect_ok(nai_trials_set_targets(trials, "out", y, 2));
  free(in);
  free(y);
  return trials;
}

/* A mean square and plain descent; the rule becomes the trainer's. */
static nai_trainer *train_small(nai_network *net, nai_rule *rule, double rate)
{
  nai_trainer *trainer = trainer_of(net, rule, plain_descent(rate));
  nai_cost *cost;
  attach_cost(trainer, nai_cost_create_mse(&cost, "out"), &cost, 1);
  return trainer;
}

static double variance_with(nai_network *net, int64_t count)
{
  nai_trials *trials = small_trials(net, count, 0);
  nai_trainer *trainer = train_small(net, node_perturbation(1e-3, 1), 0.1);
  draws d = open_draws(net);
  draw_many(&d, trainer, trials, 4000);
  double variance = 0;
  for (int64_t i = 0; i < d.n; i++) variance += d.covariance[i * d.n + i];
  close_draws(&d);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  return variance;
}

START_TEST(test_variance_falls_with_the_number_of_trials)
{
  nai_network *net = build_small(_i ? NAI_LEAK_RATE : NAI_LEAK_CURRENT);
  double one = variance_with(net, 1), four = variance_with(net, 4), many = variance_with(net, 40);
  check_close(one / four, 4, 0.4, "variance of 1 trial over that of 4");
  check_close(four / many, 10, 1, "variance of 4 trials over that of 40");
  nai_network_destroy(net);
}
END_TEST

/* --- costs of trials -------------------------------------------------------------------------- */

static double sum_of(const double *values, int64_t n)
{
  double sum = 0;
  for (int64_t i = 0; i < n; i++) sum += values[i];
  return sum;
}

/* Every cost that a scalar can be of, one after another and all at once. */
static nai_status make_cost(nai_cost **out, int number)
{
  nai_status status = number == 0   ? nai_cost_create_mse(out, "real")
                      : number == 1 ? nai_cost_create_logistic_mse(out, "real")
                      : number == 2 ? nai_cost_create_cross_entropy(out, "choice")
                      : number < 5  ? nai_cost_create_l2_rates(out, "E I")
                      : number < 7  ? nai_cost_create_l1_rates(out, "*")
                                    : nai_cost_create_binary_cross_entropy(out, "real");
  if (status == NAI_OK && (number == 4 || number == 6)) nai_cost_set_normalise(*out, 1);
  return status;
}

enum { SCALAR_COSTS = 8 };

/* Targets of "real" between 0 and 1, so that every cost can be had; or one mask for its channels. */
static nai_trials *trials_with_probabilities(const nai_network *net, int one_mask)
{
  enum { ROWS = EVERYTHING_STEPS * EVERYTHING_TRIALS };
  nai_trials *trials = trials_for_everything(net, 4);
  float y[ROWS * 2], mask[ROWS];
  for (int i = 0; i < ROWS * 2; i++) y[i] = (float)nai_random_uniform(3, (uint64_t)i, 0);
  for (int i = 0; i < ROWS; i++) mask[i] = (float)(i % 5) / 3;
  expect_ok(nai_trials_set_targets(trials, "real", y, 2));
  if (one_mask) expect_ok(nai_trials_set_mask(trials, "real", mask, 1));
  return trials;
}

static nai_trainer *train_by_costs(nai_network *net, nai_rule *rule, int number)
{
  nai_trainer *trainer = trainer_of(net, rule, plain_descent(0));
  for (int k = 0; k < SCALAR_COSTS; k++) {
    if (number < SCALAR_COSTS && k != number) continue;
    nai_cost *cost;
    attach_cost(trainer, make_cost(&cost, k), &cost, 0.3 + k);
  }
  return trainer;
}

/* J of a batch; of one that is run again, perturbed. */
static double whole_cost(nai_trainer *trainer, const nai_trials *trials, const nai__perturbation *p)
{
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
  if (!p) return trainer->plasticity.objective.total;
  trainer->batch.activity.perturbation = p;
  const nai__showing showing = {.trials = trials, .pool = trainer->pool};
  expect_ok(nai__batch_run(&trainer->batch, &showing));
  trainer->batch.activity.perturbation = NULL;
  expect_ok(nai__trainer_estimate(trainer, trainer->plasticity.learner, trials));
  expect_ok(nai__trainer_complete(trainer, trials));
  return trainer->plasticity.objective.total;
}

START_TEST(test_costs_of_trials_add_up)
{
  nai_network *net = build_smooth();
  nai_trials *trials = trials_with_probabilities(net, _i);
  const nai__perturbation p = {.seed = 2, .size = 0.1f};
  for (int number = 0; number <= SCALAR_COSTS; number++) {
    nai_rule *bptt;
    expect_ok(nai_rule_create_bptt(&bptt));
    nai_trainer *exact = train_by_costs(net, bptt, number),
                *ours = train_by_costs(net, node_perturbation(0.1, 2), number);
    double whole = whole_cost(exact, trials, NULL), other = whole_cost(exact, trials, &p);
    expect_ok(nai_trainer_estimate_gradient(NULL, ours, trials));
    EXPECT(whole > 0 && fabs(whole - other) > 1e-5 * whole); /* told apart far beyond 1e-12 */
    check_close(ours->plasticity.objective.total, whole, 1e-12 * whole, "J");
    check_close(sum_of(ours->scalars.cost, EVERYTHING_TRIALS), whole, 1e-12 * whole, "sum");
    check_close(sum_of(ours->scalars.perturbed, EVERYTHING_TRIALS), other, 1e-12 * other,
                "sum, perturbed");
    nai_trainer_destroy(exact);
    nai_trainer_destroy(ours);
  }
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

START_TEST(test_costs_of_trials_by_hand)
{
  enum { TRIALS = 9 };
  nai_network *net = build_small(NAI_LEAK_CURRENT);
  nai_trials *trials = small_trials(net, TRIALS, 1);
  const int32_t length[TRIALS] = {6, 1, 3, 6, 2, 5, 6, 4, 6};
  expect_ok(nai_trials_set_lengths(trials, length));
  nai_trainer *trainer = train_small(net, node_perturbation(0.1, 1), 0.1);
  nai_cost *l2;
  attach_cost(trainer, nai_cost_create_l2_rates(&l2, "p"), &l2, 0.25);
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
  nai_view z = NAI_VIEW_INIT, r = NAI_VIEW_INIT, y = NAI_VIEW_INIT;
  expect_ok(nai_trainer_activity(&z, trainer, "out"));
  expect_ok(nai_trainer_activity(&r, trainer, "p"));
  expect_ok(nai_trials_view(&y, trials, NAI_TRIALS_TARGETS, "out"));
  for (int64_t k = 0; k < TRIALS; k++) {
    double squares = 0, rates = 0;
    for (int64_t t = 0; t < length[k]; t++) {
      const float *row =
          (const float *)(const void *)((const char *)r.data + t * r.stride[0] + k * r.stride[1]);
      const float *out =
          (const float *)(const void *)((const char *)z.data + t * z.stride[0] + k * z.stride[1]);
      const float *goal = (const float *)y.data + (t * TRIALS + k) * 2;
      for (int u = 0; u < 3; u++) rates += (double)row[u] * (double)row[u];
      for (int u = 0; u < 2; u++)
        squares += ((double)out[u] - (double)goal[u]) * ((double)out[u] - (double)goal[u]);
    }
    check_close(trainer->scalars.cost[k], squares / (39 * 2) + 0.25 * rates / TRIALS, 1e-7,
                "cost of a trial");
  }
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* 1 when all n are 0. */
static int silent(const float *x, int64_t n)
{
  for (int64_t i = 0; i < n; i++)
    if (x[i] != 0) return 0;
  return 1;
}

START_TEST(test_nothing_counts_past_the_end_of_a_trial)
{
  enum { TRIALS = 4 };
  const int32_t length[TRIALS] = {6, 1, 3, 5};
  for (int k = 0; k < 2; k++) {
    nai_network *net = build_small(NAI_LEAK_CURRENT);
    nai_trials *trials = small_trials(net, TRIALS, 1);
    expect_ok(nai_trials_set_lengths(trials, length));
    nai_trainer *trainer = train_small(net, k ? reward_hebbian(2) : node_perturbation(0.1, 2), 0.1);
    expect_ok(nai_trials_set_first(trials, 50));
    expect_ok(nai_trainer_step(NULL, trainer, trials)); /* now reward_hebbian has a mean */
    expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
    const nai__batch *b = &trainer->batch;
    for (int64_t t = 0; t < SMALL_STEPS; t++)
      for (int64_t row = 0; row < TRIALS; row++) {
        int64_t at = t * TRIALS + row;
        EXPECT(silent(b->signal + at * net->ld_units, 3) == (t >= length[row]));
        if (!k) EXPECT(silent(b->output_gradient + at * net->ld_outputs, 2) == (t >= length[row]));
      }
    nai_trainer_destroy(trainer);
    nai_trials_destroy(trials);
    nai_network_destroy(net);
  }
}
END_TEST

/* A mean over what is there, not over the batch. */
static nai_status own_mean(void *user, nai_output_batch *b, double *value)
{
  (void)user;
  for (int64_t row = 0; row < b->steps * b->trials; row++)
    *value += (double)b->output[row * b->stride] * (double)b->output[row * b->stride] /
              (double)(b->steps * b->trials);
  return NAI_OK;
}

static nai_status own_sum(void *user, nai_output_batch *b, double *value)
{
  (void)user;
  for (int64_t row = 0; row < b->steps * b->trials; row++)
    *value += (double)b->mask[row] * (double)b->output[row * b->stride] / b->mask_total;
  return NAI_OK;
}

START_TEST(test_own_costs_must_add_up)
{
  nai_network *net = build_small(NAI_LEAK_CURRENT);
  nai_trials *trials = small_trials(net, 7, 1);
  for (int good = 0; good < 2; good++) {
    nai_trainer *trainer = train_small(net, node_perturbation(0.1, 1), 0.1);
    nai_cost_ops ops = {
        .struct_size = sizeof ops, .name = "own", .on_outputs = good ? own_sum : own_mean};
    nai_cost *own;
    attach_cost(trainer, nai_cost_create(&own, &ops, "out", NULL, NULL), &own, 1);
    if (good)
      expect_ok(nai_trainer_step(NULL, trainer, trials));
    else
      expect_fails(nai_trainer_step(NULL, trainer, trials), NAI_ERR_UNSUPPORTED, "cost 'own' is ");
    nai_trainer_destroy(trainer);
  }
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

static nai_status own_failure(void *user, nai_output_batch *b, double *value)
{
  (void)b;
  (void)value;
  int *calls = user;
  return --*calls < 0 ? -77 : NAI_OK;
}

static nai_status own_rate_failure(void *user, nai_rate_batch *b, double *value)
{
  (void)b;
  (void)value;
  int *calls = user;
  return --*calls < 0 ? -77 : NAI_OK;
}

START_TEST(test_failures_of_own_costs_come_out)
{
  nai_network *net = build_small(NAI_LEAK_CURRENT);
  nai_trials *trials = small_trials(net, 3, 1);
  for (int rates = 0; rates < 2; rates++) {
    int calls = 0, good = 0; /* perturbed 3, whole 1 (outputs), unperturbed 3 */
    nai_trainer *trainer = train_small(net, node_perturbation(0.1, 1), 0.1);
    nai_cost_ops ops = {.struct_size = sizeof ops, .name = "own"};
    if (rates) {
      ops.on_rates = own_rate_failure;
      ops.flags = NAI_COST_SEPARABLE;
    } else {
      ops.on_outputs = own_failure;
    }
    nai_cost *own;
    attach_cost(trainer, nai_cost_create(&own, &ops, rates ? "p" : "out", NULL, &calls), &own, 1);
    for (calls = 0; nai_trainer_step(NULL, trainer, trials) != NAI_OK; calls = ++good)
      EXPECT(strstr(nai_last_error(), "cost own failed") && trainer->step == 0);
    ck_assert_int_eq(good, rates ? 6 : 7);
    nai_trainer_destroy(trainer);
  }
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* --- what is added ---------------------------------------------------------------------------- */

/* Outputs of `count` trials numbered from `first`, with this perturbation. */
static void run_perturbed(float *out, nai_network *net, const nai__perturbation *p, int64_t count,
                          uint64_t first)
{
  nai_trials *trials = small_trials(net, count, 0);
  nai_trainer *trainer = train_small(net, node_perturbation(0.1, 1), 0.1);
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials)); /* makes room */
  trainer->batch.activity.perturbation = p;
  const nai__showing showing = {.trials = trials, .first = first, .pool = trainer->pool};
  expect_ok(nai__batch_run(&trainer->batch, &showing));
  for (int64_t t = 0; t < SMALL_STEPS; t++)
    for (int64_t k = 0; k < count; k++)
      memcpy(out + (t * count + k) * 2,
             trainer->batch.activity.output + (t * count + k) * net->ld_outputs, 2 * sizeof *out);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
}

START_TEST(test_a_perturbation_of_nothing_changes_no_bit)
{
  enum { N = SMALL_STEPS * 5 * 2 };
  float none[N], zero[N], some[N], alone[SMALL_STEPS * 2];
  nai_network *net = build_small(_i ? NAI_LEAK_RATE : NAI_LEAK_CURRENT);
  expect_ok(nai_network_set(net, "p", "plastic_initial", 1));
  nai__perturbation p = {.seed = 4, .size = 0};
  run_perturbed(none, net, NULL, 5, 10);
  run_perturbed(zero, net, &p, 5, 10);
  EXPECT(memcmp(none, zero, sizeof none) == 0);
  p.size = 0.1f;
  run_perturbed(some, net, &p, 5, 10);
  for (int i = 0; i < N; i++) EXPECT(some[i] != none[i]);
  /* by the trial's number, alone or in a batch */
  run_perturbed(alone, net, &p, 1, 13);
  for (int t = 0; t < SMALL_STEPS; t++)
    EXPECT(memcmp(alone + 2 * t, some + (t * 5 + 3) * 2, 2 * sizeof *alone) == 0);
  nai_network_destroy(net);
}
END_TEST

static double uniform(double x)
{
  return x < -1 ? 0 : x > 1 ? 1 : (x + 1) / 2;
}

START_TEST(test_pushes_are_rare_and_uniform)
{
  enum { STEPS = 60000 };
  nai_network *net = build_small(NAI_LEAK_CURRENT);
  nai__perturbation p = {.seed = 4, .size = 0.25f, .probability = 0.06f};
  double *x = malloc(STEPS * 3 * sizeof *x), mean[3] = {0}, both = 0;
  int64_t n = 0;
  for (int64_t t = 1; t <= STEPS; t++) {
    float v[16];
    nai__perturb_units(&p, net, 3, t, v);
    both += v[0] != 0 && v[1] != 0;
    for (int u = 0; u < 3; u++) {
      mean[u] += v[u] != 0;
      if (v[u] != 0) x[n++] = (double)v[u] * (20.0 / 60) / 0.25;
    }
  }
  for (int u = 0; u < 3; u++) /* 4.5 standard errors */
    check_close(mean[u] / STEPS, 0.06, 4.5 * sqrt(0.06 * 0.94 / STEPS), "share of steps");
  check_close(both / STEPS, 0.0036, 4.5 * sqrt(0.0036 / STEPS), "two at once");
  EXPECT(kolmogorov(x, n, uniform) < 2.2);
  float z[16] = {1, 1};
  nai__perturb_outputs(&p, net, 3, 1, z);
  EXPECT(z[0] == 0 && z[1] == 0);
  free(x);
  nai_network_destroy(net);
}
END_TEST

/* --- reward-modulated Hebbian learning, written out ------------------------------------------- */

enum { UNITS = 2, PAPER_STEPS = 14, PAPER_TRIALS = 3, PAPER_UPDATES = 12, PAPER_TYPES = 3 };

typedef struct paper {
  double alpha[UNITS], w[UNITS][UNITS], in[UNITS], b[UNITS], out[UNITS], z;
  double eta, limit, activity_memory, reward_memory, beta;
  int times_mean, slots; /* types told apart */
  double mean[PAPER_TYPES];
  int known[PAPER_TYPES], order[PAPER_TYPES], n_known; /* slot of a type; -1: none yet */
  double dw[UNITS][UNITS], db[UNITS]; /* estimate of the gradient, of the batch at hand */
  double first_factor;
  int clipped, free;
} paper;

static const int32_t paper_length[PAPER_TRIALS] = {14, 9, 12};

static nai_network *build_paper(void)
{
  nai_network *net =
      COMPOSE(.dt = 10, .inputs = {{"in", 1}}, .populations = {{"p", UNITS, NAI_FREE}},
              .outputs = {{"out", 1}}, .projections = {{"in", "p"}, {"p", "p"}, {"p", "out"}});
  expect_ok(nai_network_set_transfer(net, "p", NAI_TRANSFER_TANH));
  expect_ok(nai_network_set_each(net, "p", "tau", (const double[]){30, 50}, 2));
  expect_ok(nai_network_set(net, "p", "initial", 0.3));
  expect_ok(nai_network_set(net, "p", "bias", 0.2));
  expect_ok(nai_network_set_autapses(net, "p", "p", 1));
  expect_ok(nai_network_build(net, 5));
  return net;
}

static void read_paper(paper *p, const nai_network *net)
{
  nai_view w = weights_of(net, "p", "p"), in = weights_of(net, "in", "p"),
           out = weights_of(net, "p", "out"), b = bias_of(net, "p"), z = bias_of(net, "out");
  for (int i = 0; i < UNITS; i++) {
    for (int j = 0; j < UNITS; j++) p->w[i][j] = (double)at(&w, i, j);
    p->in[i] = (double)at(&in, i, 0);
    p->out[i] = (double)at(&out, 0, i);
    p->b[i] = (double)at(&b, i, 0);
    p->alpha[i] = 10.0 / (i ? 50 : 30);
  }
  p->z = (double)at(&z, 0, 0);
}

static double paper_input(int64_t update, int64_t t, int64_t k)
{
  return nai_random_uniform(8, (uint64_t)(update * 100 + t), (uint64_t)k) * 2 - 1;
}

/* One trial: its error, and e; push [steps][units] of currents. */
static double live(const paper *p, int64_t update, int64_t k, const nai__perturbation *push,
                   const nai_network *net, double e[UNITS][UNITS], double eb[UNITS])
{
  double x[UNITS] = {0.3, 0.3}, mean[UNITS] = {0.3, 0.3}, squares = 0;
  double r[UNITS] = {tanh(0.3), tanh(0.3)};
  memset(e, 0, UNITS * sizeof *e);
  memset(eb, 0, UNITS * sizeof *eb);
  for (int64_t t = 1; t <= paper_length[k]; t++) {
    double v[UNITS], z = p->z;
    float d[16];
    nai__perturb_units(push, net, (uint64_t)(update * PAPER_TRIALS + k), t, d);
    for (int i = 0; i < UNITS; i++) {
      v[i] = p->in[i] * (double)(float)paper_input(update, t - 1, k) + p->b[i];
      for (int j = 0; j < UNITS; j++) v[i] += p->w[i][j] * r[j];
    }
    for (int i = 0; i < UNITS; i++) {
      x[i] = (1 - p->alpha[i]) * x[i] + p->alpha[i] * v[i] + p->alpha[i] * (double)d[i];
      for (int j = 0; j < UNITS; j++) e[i][j] += pow(r[j] * (x[i] - mean[i]), 3);
      eb[i] += pow(x[i] - mean[i], 3);
      mean[i] = p->activity_memory * mean[i] + (1 - p->activity_memory) * x[i];
    }
    for (int i = 0; i < UNITS; i++) z += p->out[i] * (r[i] = tanh(x[i]));
    squares += (z - 0.4) * (z - 0.4);
  }
  return squares;
}

/* Where the mean of a type is kept. */
static int slot_of(paper *p, int type)
{
  if (p->order[type] < 0) p->order[type] = p->n_known < p->slots - 1 ? p->n_known++ : p->slots - 1;
  return p->order[type];
}

static void gather(paper *p, int64_t update, const nai__perturbation *push, const nai_network *net)
{
  memset(p->dw, 0, sizeof p->dw);
  memset(p->db, 0, sizeof p->db);
  for (int64_t k = 0; k < PAPER_TRIALS; k++) {
    double e[UNITS][UNITS], eb[UNITS];
    double squares = live(p, update, k, push, net, e, eb);
    double reward = -p->beta * squares / (14 + 9 + 12) * PAPER_TRIALS;
    int slot = slot_of(p, (int)((update * PAPER_TRIALS + k) * 5 % 7 % PAPER_TYPES));
    if (!p->known[slot]++) p->mean[slot] = reward;
    double better = (reward - p->mean[slot]) * (p->times_mean ? -p->mean[slot] : 1);
    for (int i = 0; i < UNITS; i++) {
      for (int j = 0; j < UNITS; j++) p->dw[i][j] -= e[i][j] * better / PAPER_TRIALS;
      p->db[i] -= eb[i] * better / PAPER_TRIALS;
    }
    p->mean[slot] = p->reward_memory * p->mean[slot] + (1 - p->reward_memory) * reward;
  }
}

static double limited(paper *p, double move)
{
  int over = p->limit > 0 && fabs(move) > p->limit;
  p->clipped += over;
  p->free += !over;
  return over ? copysign(p->limit, move) : move;
}

static void move(paper *p)
{
  for (int i = 0; i < UNITS; i++) {
    for (int j = 0; j < UNITS; j++) p->w[i][j] += limited(p, -p->eta * p->dw[i][j]);
    p->b[i] += limited(p, -p->eta * p->db[i]);
  }
}

static nai_trials *paper_trials(const nai_network *net)
{
  nai_trials *trials;
  expect_ok(nai_trials_create(&trials, net, PAPER_STEPS, PAPER_TRIALS));
  float y[PAPER_STEPS * PAPER_TRIALS];
  for (int i = 0; i < PAPER_STEPS * PAPER_TRIALS; i++) y[i] = 0.4f;
  expect_ok(nai_trials_set_targets(trials, "out", y, 1));
  expect_ok(nai_trials_set_lengths(trials, paper_length));
  return trials;
}

static void fill_paper(nai_trials *trials, int64_t update)
{
  float in[PAPER_STEPS * PAPER_TRIALS], type[PAPER_TRIALS];
  for (int64_t t = 0; t < PAPER_STEPS; t++)
    for (int64_t k = 0; k < PAPER_TRIALS; k++)
      in[t * PAPER_TRIALS + k] = (float)paper_input(update, t, k);
  for (int64_t k = 0; k < PAPER_TRIALS; k++)
    type[k] = 0.25f * (float)((update * PAPER_TRIALS + k) * 5 % 7 % PAPER_TYPES);
  for (int64_t k = 0; k < PAPER_TRIALS; k++) /* NaN of either sign is none, and one type */
    if (type[k] == 0.5f) type[k] = update % 2 ? NAN : -NAN;
  expect_ok(nai_trials_set_inputs(trials, "in", in, 1));
  expect_ok(nai_trials_set_condition(trials, "kind", type));
}

static void check_paper(const paper *p, const nai_trainer *trainer)
{
  nai_view w = NAI_VIEW_INIT, b = NAI_VIEW_INIT, other = NAI_VIEW_INIT;
  expect_ok(nai_trainer_gradient(&w, trainer, "p", "p"));
  expect_ok(nai_trainer_gradient(&b, trainer, "p", NULL));
  double largest = 0;
  for (int i = 0; i < UNITS; i++) {
    largest = fmax(largest, fabs(p->db[i]));
    for (int j = 0; j < UNITS; j++) largest = fmax(largest, fabs(p->dw[i][j]));
  }
  for (int i = 0; i < UNITS; i++) {
    check_close((double)at(&b, i, 0), p->db[i], 1e-4 * largest, "bias");
    for (int j = 0; j < UNITS; j++)
      check_close((double)at(&w, i, j), p->dw[i][j], 1e-4 * largest, "weight");
  }
  static const char *const still[][2] = {{"in", "p"}, {"p", "out"}, {"out", NULL}};
  for (int k = 0; k < 3; k++) {
    expect_ok(nai_trainer_gradient(&other, trainer, still[k][0], still[k][1]));
    EXPECT(at(&other, 0, 0) == 0 && at(&other, other.shape[0] - 1, 0) == 0);
  }
}

START_TEST(test_reward_hebbian_is_the_paper)
{
  /* plain; with types that share; times the mean, without a limit */
  paper p = {.eta = 0.5,
             .limit = _i == 2 ? 0 : 2e-3,
             .activity_memory = _i ? 0.3 : 0.05,
             .reward_memory = _i ? 0.7 : 0.33,
             .beta = 0.8,
             .times_mean = _i == 2,
             .slots = _i == 1 ? 2 : 16,
             .order = {-1, -1, -1}};
  nai_network *net = build_paper();
  nai_rule *rule = reward_hebbian(6);
  expect_ok(nai_rule_set(rule, "frequency", 30));
  expect_ok(nai_rule_set(rule, "limit", p.limit));
  expect_ok(nai_rule_set(rule, "activity_memory", p.activity_memory));
  expect_ok(nai_rule_set(rule, "reward_memory", p.reward_memory));
  expect_ok(nai_rule_set(rule, "times_mean", p.times_mean));
  expect_ok(nai_rule_set(rule, "types", p.slots));
  nai__perturbation push = {.seed = 6, .size = 0.5f, .probability = 0.3f};
  nai_trainer *trainer = trainer_of(net, rule, plain_descent(p.eta));
  nai_cost *cost;
  attach_cost(trainer, nai_cost_create_mse(&cost, "out"), &cost, p.beta);
  nai_trials *trials = paper_trials(net);
  read_paper(&p, net);
  for (int64_t update = 0; update < PAPER_UPDATES; update++) {
    fill_paper(trials, update);
    gather(&p, update, &push, net);
    expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials)); /* means stay as they are */
    check_paper(&p, trainer);
    expect_ok(nai_trainer_step(NULL, trainer, trials));
    check_paper(&p, trainer);
    move(&p);
    nai_view w = weights_of(net, "p", "p"), b = bias_of(net, "p");
    for (int i = 0; i < UNITS; i++) {
      check_close((double)at(&b, i, 0), p.b[i], 2e-6, "bias after the update");
      for (int j = 0; j < UNITS; j++)
        check_close((double)at(&w, i, j), p.w[i][j], 2e-6, "weight after the update");
    }
  }
  EXPECT(p.free > 10 && (p.limit > 0 ? p.clipped > 10 : p.clipped == 0));
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

START_TEST(test_an_update_that_fails_is_not_remembered)
{
  nai_network *net = build_paper();
  nai_rule *rule = reward_hebbian(6);
  expect_ok(nai_rule_set(rule, "frequency", 30));
  expect_ok(nai_rule_set(rule, "limit", 0));
  nai_trainer *trainer = train_small(net, rule, 0.5);
  nai_trials *trials = paper_trials(net);
  nai_view w = NAI_VIEW_INIT;
  float before[UNITS];
  for (int k = 0; k < 4; k++) { /* now there are means */
    fill_paper(trials, k);
    expect_ok(nai_trainer_step(NULL, trainer, trials));
  }
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
  expect_ok(nai_trainer_gradient(&w, trainer, "p", "p"));
  for (int i = 0; i < UNITS; i++) before[i] = at(&w, i, 0);
  EXPECT(before[0] != 0 && before[1] != 0);
  trainer->plasticity.optimizer->number[0] = 1e39; /* as no user can */
  expect_fails(nai_trainer_step(NULL, trainer, trials), NAI_ERR_NONFINITE, "would make");
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
  for (int i = 0; i < UNITS; i++) EXPECT(at(&w, i, 0) == before[i]);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

START_TEST(test_activity_at_hand)
{
  /* that of no perturbation after one rule, that of the perturbation after the other */
  nai_network *net = build_small(NAI_LEAK_CURRENT);
  expect_ok(nai_network_set(net, "p", "noise", 0.2));
  nai_trials *trials = small_trials(net, 5, 1);
  double cost[3];
  nai_rule *bptt;
  expect_ok(nai_rule_create_bptt(&bptt));
  nai_rule *rules[3] = {bptt, node_perturbation(0.5, 1), reward_hebbian(1)};
  expect_ok(nai_rule_set(rules[2], "frequency", 20));
  for (int k = 0; k < 3; k++) {
    nai_trainer *trainer = train_small(net, rules[k], 0.1);
    nai_progress now = NAI_PROGRESS_INIT;
    expect_ok(nai_trainer_estimate_gradient(&now, trainer, trials));
    cost[k] = now.cost;
    EXPECT(trainer->batch.activity.perturbation == NULL);
    nai_trainer_destroy(trainer);
  }
  EXPECT(cost[0] == cost[1] && fabs(cost[2] - cost[0]) > 1e-3 * cost[0]);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* --- in training ------------------------------------------------------------------------------ */

static char path[64];

/* Excitatory and inhibitory, few synapses; leak on the current, noise; and a task. */
static nai_network *build_task_network(void)
{
  nai_network *net = COMPOSE(.dt = 50, .inputs = {{"in", 3}},
                             .populations = {{"E", 12, NAI_EXCITATORY}, {"I", 4, NAI_INHIBITORY}},
                             .outputs = {{"out", 3}},
                             .projections = {{"in", "E I"}, {"E I", "E I"}, {"E", "out"}});
  expect_ok(nai_network_set_sign(net, "in", NAI_EXCITATORY));
  expect_ok(nai_network_set(net, "E I", "noise", 0.1));
  make_sparse(net, "E I", 0.5);
  expect_ok(nai_network_build(net, 2));
  return net;
}

static nai_trainer *train_task(nai_network *net, nai_rule *rule, int threads)
{
  nai_trainer *trainer;
  nai_optimizer *adam;
  nai_task *task;
  nai_cost *cost, *l2, *weights;
  expect_ok(nai_optimizer_create_adam(&adam, 0.03));
  expect_ok(nai_task_create(&task, "perceptual-decision-making", net));
  expect_ok(nai_trainer_create(&trainer, net, rule, adam, task));
  nai_rule_destroy(rule);
  nai_optimizer_destroy(adam);
  nai_task_destroy(task);
  attach_cost(trainer, nai_cost_create_cross_entropy(&cost, "out"), &cost, 1);
  attach_cost(trainer, nai_cost_create_l2_rates(&l2, "E I"), &l2, 1e-3);
  attach_cost(trainer, nai_cost_create_l2_weights(&weights, "E I", "E I"), &weights, 1e-3);
  expect_ok(nai_trainer_set(trainer, "batch", 37));
  expect_ok(nai_trainer_set(trainer, "threads", threads));
  expect_ok(nai_trainer_set(trainer, "evaluate_every", 0));
  return trainer;
}

static nai_rule *rule_number(int number)
{
  if (!number) return node_perturbation(0.01, 3);
  nai_rule *rule = reward_hebbian(3);
  expect_ok(nai_rule_set(rule, "limit", 0.02));
  return rule;
}

static uint64_t trained_hash(int number, int threads)
{
  nai_network *net = build_task_network();
  nai_trainer *trainer = train_task(net, rule_number(number), threads);
  expect_ok(nai_trainer_run(trainer, 6, NULL, NULL));
  uint64_t hash = hash_of(net);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
  return hash;
}

START_TEST(test_any_number_of_threads_gives_the_same_bits)
{
  uint64_t one = trained_hash(_i, 1);
  EXPECT(trained_hash(_i, 2) == one);
  EXPECT(trained_hash(_i, 5) == one);
  nai_network *net = build_task_network();
  EXPECT(hash_of(net) != one);
  nai_network_destroy(net);
}
END_TEST

START_TEST(test_resumed_from_a_checkpoint)
{
  strcpy(path, "/tmp/neuroai-perturbation-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(path));
  strcat(path, "/run.safetensors");
  uint64_t whole = trained_hash(_i, 1), cut;
  nai_network *net = build_task_network();
  nai_trainer *trainer = train_task(net, rule_number(_i), 1);
  expect_ok(nai_trainer_run(trainer, 2, NULL, NULL));
  expect_ok(nai_trainer_save(trainer, path));
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
  net = build_task_network();
  trainer = train_task(net, rule_number(_i), 2);
  expect_ok(nai_trainer_restore(trainer, path));
  expect_ok(nai_trainer_run(trainer, 4, NULL, NULL));
  cut = hash_of(net);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
  unlink(path);
  *strrchr(path, '/') = 0;
  rmdir(path);
  EXPECT(cut == whole);
}
END_TEST

START_TEST(test_signs_and_masks_hold)
{
  nai_network *net = build_task_network(), *start = build_task_network();
  nai_trainer *trainer = train_task(net, rule_number(_i), 1);
  expect_ok(nai_trainer_run(trainer, 20, NULL, NULL));
  int64_t moved = 0, absent = 0;
  for (int k = 0; k < 6; k++) {
    const char *from = k < 2 ? "E" : k < 4 ? "I" : "in", *to = k % 2 ? "I" : "E";
    nai_view w = weights_of(net, from, to), before = weights_of(start, from, to),
             mask = mask_of(net, from, to);
    for (int64_t i = 0; i < w.shape[0]; i++)
      for (int64_t j = 0; j < w.shape[1]; j++) {
        EXPECT(k / 2 == 1 ? at(&w, i, j) <= 0 : at(&w, i, j) >= 0);
        EXPECT(at(&mask, i, j) != 0 || at(&w, i, j) == 0);
        moved += at(&w, i, j) != at(&before, i, j);
        absent += at(&mask, i, j) == 0;
      }
  }
  ck_assert_int_gt(moved, 60);
  ck_assert_int_gt(absent, 60);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
  nai_network_destroy(start);
}
END_TEST

/* --- what is refused -------------------------------------------------------------------------- */

START_TEST(test_costs_that_are_refused)
{
  nai_network *net = build_small(NAI_LEAK_CURRENT);
  static const char *const name[] = {"node_perturbation", "reward_hebbian"};
  for (int k = 0; k < 2; k++) {
    nai_trainer *trainer = train_small(net, rule_number(k), 0.1);
    nai_cost *target, *vanishing;
    expect_ok(nai_cost_create_rate_target(&target, "p", 0.1));
    expect_fails(nai_trainer_add_cost(trainer, target, 1), NAI_ERR_UNSUPPORTED, "'rate_target'");
    EXPECT(strstr(nai_last_error(), name[k]) && strstr(nai_last_error(), "all rates"));
    expect_ok(nai_cost_create_vanishing_gradient(&vanishing, "p"));
    expect_fails(nai_trainer_add_cost(trainer, vanishing, 1), NAI_ERR_UNSUPPORTED,
                 "'vanishing_gradient'");
    nai_cost_destroy(target);
    nai_cost_destroy(vanishing);
    nai_trainer_destroy(trainer);
  }
  nai_network_destroy(net);
}
END_TEST

START_TEST(test_bad_arguments)
{
  nai_rule *rule = (nai_rule *)&rule;
  expect_fails(nai_rule_create_node_perturbation(NULL, 0.1, 1), NAI_ERR_INVALID, "out is NULL");
  static const double bad[] = {0, -1, 1e4, 1e-7, NAN, INFINITY};
  for (int k = 0; k < 6; k++) {
    expect_fails(nai_rule_create_node_perturbation(&rule, bad[k], 1), NAI_ERR_INVALID, "sd is ");
    ck_assert_ptr_null(rule);
  }
  expect_fails(nai_rule_create_reward_hebbian(NULL, 1), NAI_ERR_INVALID, "out is NULL");
  rule = node_perturbation(0.25, 1);
  double value;
  expect_ok(nai_rule_get(&value, rule, "sd"));
  ck_assert(value == 0.25);
  ck_assert_str_eq(nai_rule_name(rule), "node_perturbation");
  expect_fails(nai_rule_set(rule, "types", 4), NAI_ERR_NAME, "types");
  nai_rule_destroy(rule);
  rule = reward_hebbian(1);
  ck_assert_str_eq(nai_rule_name(rule), "reward_hebbian");
  static const struct {
    const char *name;
    double paper, bad;
  } number[] = {{"frequency", 3, -1},
                {"amplitude", 0.5, -1},
                {"activity_memory", 0.05, 2},
                {"reward_memory", 0.33, -1},
                {"limit", 1e-4, -1},
                {"types", 16, 257},
                {"types", 16, 0},
                {"types", 16, 2.5},
                {"times_mean", 0, 2}};
  for (size_t k = 0; k < sizeof number / sizeof *number; k++) {
    expect_ok(nai_rule_get(&value, rule, number[k].name));
    ck_assert(value == number[k].paper);
    expect_fails(nai_rule_set(rule, number[k].name, number[k].bad), NAI_ERR_INVALID,
                 number[k].name);
  }
  nai_network *net = build_small(NAI_LEAK_RATE);
  nai_optimizer *sgd = plain_descent(0.1);
  nai_trainer *trainer;
  expect_fails(nai_trainer_create(&trainer, net, rule, sgd, NULL), NAI_ERR_UNSUPPORTED,
               "population 'p' has its leak on the rate");
  EXPECT(strstr(nai_last_error(), "'reward_hebbian'"));
  nai_optimizer_destroy(sgd);
  nai_rule_destroy(rule);
  nai_network_destroy(net);
}
END_TEST

START_TEST(test_a_frequency_of_0_pushes_nothing)
{
  nai_network *net = build_small(NAI_LEAK_CURRENT);
  nai_trials *trials = small_trials(net, 4, 1);
  nai_rule *bptt, *rule = reward_hebbian(1);
  expect_ok(nai_rule_create_bptt(&bptt));
  expect_ok(nai_rule_set(rule, "frequency", 0));
  nai_trainer *still = train_small(net, rule, 0.1), *other = train_small(net, bptt, 0.1);
  nai_progress a = NAI_PROGRESS_INIT, b = NAI_PROGRESS_INIT;
  expect_ok(nai_trainer_estimate_gradient(&a, still, trials));
  expect_ok(nai_trainer_estimate_gradient(&b, other, trials));
  EXPECT(a.cost == b.cost && a.cost > 0);
  nai_trainer_destroy(still);
  nai_trainer_destroy(other);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* --- without memory --------------------------------------------------------------------------- */

/* 1 when it succeeded. Rule, trainer, and two batches, the second larger. */
static int train_briefly(nai_network *net, nai_optimizer *sgd, nai_cost *cost,
                         const nai_trials *few, const nai_trials *many, int number)
{
  nai_rule *rule = NULL;
  nai_trainer *trainer = NULL;
  nai_status status = number ? nai_rule_create_reward_hebbian(&rule, 1)
                             : nai_rule_create_node_perturbation(&rule, 0.1, 1);
  if (status == NAI_OK) status = nai_trainer_create(&trainer, net, rule, sgd, NULL);
  if (status == NAI_OK) status = nai_trainer_add_cost(trainer, cost, 1);
  if (status == NAI_OK) status = nai_trainer_step(NULL, trainer, few);
  if (status == NAI_OK) status = nai_trainer_step(NULL, trainer, many);
  EXPECT(status == NAI_OK || status == NAI_ERR_MEMORY);
  if (status != NAI_OK && trainer) { /* it can go on */
    faults_fail_allocation(-1);
    if (!trainer->plasticity.objective.n) expect_ok(nai_trainer_add_cost(trainer, cost, 1));
    expect_ok(nai_trainer_step(NULL, trainer, many));
  }
  nai_trainer_destroy(trainer);
  nai_rule_destroy(rule);
  return status == NAI_OK;
}

START_TEST(test_every_allocation_may_fail)
{
  nai_network *net = build_small(NAI_LEAK_CURRENT);
  nai_trials *few = small_trials(net, 3, 1), *many = small_trials(net, 20, 1);
  nai_optimizer *sgd = plain_descent(0.01);
  nai_cost *cost;
  expect_ok(nai_cost_create_mse(&cost, "out"));
  int done = 0, n = 0;
  for (; !done; n++) {
    faults_fail_allocation(n);
    done = train_briefly(net, sgd, cost, few, many, _i);
    faults_fail_allocation(-1);
  }
  ck_assert_int_gt(n, 40);
  nai_cost_destroy(cost);
  nai_optimizer_destroy(sgd);
  nai_trials_destroy(few);
  nai_trials_destroy(many);
  nai_network_destroy(net);
}
END_TEST

START_TEST(test_updates_allocate_nothing)
{
  nai_network *net = build_task_network();
  nai_trainer *trainer = train_task(net, rule_number(_i), 1);
  expect_ok(nai_trainer_run(trainer, 1, NULL, NULL));
  expect_ok(nai_trainer_run(trainer, 10, NULL, NULL));
  /* the history grows by doubling: a run makes room for all of its updates at once */
  nai_trials *trials = trainer->trials;
  long before = faults_allocations();
  for (int k = 0; k < 3; k++) expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
  long after = faults_allocations();
  ck_assert_int_eq(after, before);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

Suite *perturbation_rules_suite(void)
{
  Suite *suite = suite_create("perturbation_rules");
  ADD_CASE(suite, "node perturbation", test_node_perturbation_is_the_gradient_on_average,
           test_it_is_so_with_outputs_that_have_a_memory);
  TCase *loops = tcase_create("loops");
  tcase_set_timeout(loops, 300);
  tcase_add_loop_test(loops, test_variance_falls_with_the_number_of_trials, 0, 2);
  tcase_add_loop_test(loops, test_costs_of_trials_add_up, 0, 2);
  tcase_add_loop_test(loops, test_a_perturbation_of_nothing_changes_no_bit, 0, 2);
  tcase_add_loop_test(loops, test_reward_hebbian_is_the_paper, 0, 3);
  tcase_add_loop_test(loops, test_any_number_of_threads_gives_the_same_bits, 0, 2);
  tcase_add_loop_test(loops, test_resumed_from_a_checkpoint, 0, 2);
  tcase_add_loop_test(loops, test_signs_and_masks_hold, 0, 2);
  tcase_add_loop_test(loops, test_every_allocation_may_fail, 0, 2);
  tcase_add_loop_test(loops, test_updates_allocate_nothing, 0, 2);
  suite_add_tcase(suite, loops);
  ADD_CASE(suite, "costs of trials", test_costs_of_trials_by_hand, test_own_costs_must_add_up,
           test_nothing_counts_past_the_end_of_a_trial, test_failures_of_own_costs_come_out);
  ADD_CASE(suite, "pushes", test_pushes_are_rare_and_uniform, test_activity_at_hand,
           test_a_frequency_of_0_pushes_nothing, test_an_update_that_fails_is_not_remembered);
  ADD_CASE(suite, "refused", test_costs_that_are_refused, test_bad_arguments);
  return suite;
}
