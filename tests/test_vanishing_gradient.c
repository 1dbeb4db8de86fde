/*
 * Song 2016's term against vanishing gradients: known values, its immediate gradient against one
 * computed in double here, and a cost on errors of one's own.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <neuroai/extend.h>

#include "faults.h"
#include "networks.h"
#include "rules.h"

#define N 9
#define STEPS 8
#define TRIALS 4

typedef struct rig {
  nai_network *net;
  nai_trials *trials;
  nai_trainer *trainer;
} rig;

/* Two populations, two time constants, softplus with a gain; z is read from both. Not built. */
static nai_network *compose(int free_of_weights)
{
  nai_network *net =
      COMPOSE(.dt = 20.0, .inputs = {{"u", 2}},
              .populations = {{"a", 5, NAI_FREE}, {"b", N - 5, NAI_FREE}}, .outputs = {{"z", 1}});
  nai_network_set_transfer(net, "a b", NAI_TRANSFER_SOFTPLUS);
  nai_network_set(net, "a b", "tau", 100.0);
  if (!free_of_weights) nai_network_set(net, "b", "tau", 50.0);
  nai_network_set(net, "b", "gain", 1.25);
  nai_network_connect(net, "u", "a b");
  nai_network_connect(net, "a b", "a b");
  nai_network_connect(net, "a b", "z");
  if (free_of_weights) nai_network_set_initial_weights(net, "a b", "a b", NAI_WEIGHTS_NORMAL, 0, 0);
  return net;
}

static rig rig_of(nai_network *net, const nai_cost *extra, double beta)
{
  rig r = {.net = net};
  nai_rule *rule;
  nai_optimizer *sgd;
  nai_cost *task;
  float input[STEPS * TRIALS * 2], target[STEPS * TRIALS];
  expect_ok(nai_network_build(r.net, 2));
  expect_ok(nai_random_normals(input, STEPS * TRIALS * 2, 1, 0));
  expect_ok(nai_random_normals(target, STEPS * TRIALS, 1, 1));
  expect_ok(nai_trials_create(&r.trials, r.net, STEPS, TRIALS));
  expect_ok(nai_trials_set_inputs(r.trials, NULL, input, 2));
  expect_ok(nai_trials_set_targets(r.trials, "z", target, 1));
  expect_ok(nai_rule_create_bptt(&rule));
  expect_ok(nai_optimizer_create_sgd(&sgd, 0.01));
  expect_ok(nai_cost_create_mse(&task, "z"));
  expect_ok(nai_trainer_create(&r.trainer, r.net, rule, sgd, NULL));
  expect_ok(nai_trainer_add_cost(r.trainer, task, 1.0));
  if (extra) expect_ok(nai_trainer_add_cost(r.trainer, (nai_cost *)extra, beta));
  nai_rule_destroy(rule);
  nai_optimizer_destroy(sgd);
  nai_cost_destroy(task);
  return r;
}

static rig make_rig(const nai_cost *extra, double beta, int free_of_weights)
{
  return rig_of(compose(free_of_weights), extra, beta);
}

static void destroy_rig(rig *r)
{
  nai_trainer_destroy(r->trainer);
  nai_trials_destroy(r->trials);
  nai_network_destroy(r->net);
}

static const char *const names[] = {"a", "b"};
static const int first[] = {0, 5, N};

/* All weights, or all of a gradient of the recurrent projections, as one matrix. */
static void collect(double out[N][N], const rig *r, int gradient)
{
  for (int i = 0; i < 2; i++)
    for (int j = 0; j < 2; j++) {
      nai_view view = NAI_VIEW_INIT;
      if (gradient)
        expect_ok(nai_trainer_gradient(&view, r->trainer, names[j], names[i]));
      else
        expect_ok(nai_network_weights(&view, r->net, names[j], names[i]));
      for (int a = first[i]; a < first[i + 1]; a++)
        for (int b = first[j]; b < first[j + 1]; b++)
          out[a][b] = (double)at(&view, a - first[i], b - first[j]);
    }
}

/* --- a cost that keeps what it is shown -------------------------------------------------------- */

typedef struct seen {
  double alpha[N], error[STEPS][TRIALS][N], back[STEPS][TRIALS][N], slope[STEPS][TRIALS][N];
  int calls, destroyed;
} seen;

static nai_status look(void *user, nai_error_batch *batch, double *value)
{
  seen *seen = user;
  if (batch->n != N || batch->steps != STEPS || batch->trials != TRIALS) return NAI_ERR_INVALID;
  seen->calls++;
  for (int u = 0; u < N; u++) seen->alpha[u] = (double)batch->alpha[u];
  for (int t = 0; t < STEPS; t++)
    for (int k = 0; k < TRIALS; k++)
      for (int u = 0; u < N; u++) {
        int64_t index = (t * TRIALS + k) * batch->stride + u;
        seen->error[t][k][u] = (double)batch->error[index];
        seen->back[t][k][u] = (double)batch->back[index];
        seen->slope[t][k][u] = (double)batch->slope[index];
      }
  *value += 3;
  return NAI_OK;
}

static void count_destroy(void *user)
{
  ((seen *)user)->destroyed++;
}

static nai_cost *make_look(seen *seen, const char *on)
{
  nai_cost *cost;
  nai_cost_ops ops = {
      .struct_size = sizeof ops, .name = "look", .on_errors = look, .destroy = count_destroy};
  expect_ok(nai_cost_create(&cost, &ops, on, NULL, seen));
  return cost;
}

/* Omega and its immediate gradient in double, from what the cost above was shown. */
static double omega_of(const seen *seen, double w[N][N], double gradient[N][N])
{
  double omega = 0;
  memset(gradient, 0, sizeof(double[N][N]));
  for (int t = 0; t < STEPS; t++)
    for (int k = 0; k < TRIALS; k++) {
      double dd = 0, vv = 0, v[N];
      for (int j = 0; j < N; j++) {
        double d = seen->error[t][k][j] / seen->alpha[j], back = 0;
        for (int i = 0; i < N; i++) back += w[i][j] * seen->error[t][k][i];
        v[j] = (1 - seen->alpha[j]) * d + back * seen->slope[t][k][j];
        dd += d * d;
        vv += v[j] * v[j];
      }
      omega += (vv / dd - 1) * (vv / dd - 1) / (STEPS * TRIALS);
      for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
          gradient[i][j] += 4 * (vv / dd - 1) / dd * v[j] * seen->slope[t][k][j] *
                            seen->error[t][k][i] / (STEPS * TRIALS);
    }
  return omega;
}

START_TEST(test_value_and_immediate_gradient)
{
  seen seen = {.calls = 0};
  nai_cost *kept = make_look(&seen, "a b"), *omega;
  rig r = make_rig(kept, 0.5, 0);
  double w[N][N], plain[N][N], with[N][N], expected[N][N];
  nai_progress now = NAI_PROGRESS_INIT;
  expect_ok(nai_trainer_estimate_gradient(&now, r.trainer, r.trials));
  ck_assert_int_eq(seen.calls, 1);
  ck_assert_double_eq(now.costs[1], 1.5);
  collect(w, &r, 0);
  collect(plain, &r, 1);
  expect_ok(nai_cost_create_vanishing_gradient(&omega, "a b"));
  expect_ok(nai_trainer_add_cost(r.trainer, omega, 0.25));
  expect_ok(nai_trainer_estimate_gradient(&now, r.trainer, r.trials));
  collect(with, &r, 1);
  double value = omega_of(&seen, w, expected), largest = 0, worst = 0;
  ck_assert_double_gt(value, 1e-3);
  ck_assert_double_eq_tol(now.costs[2], 0.25 * value, 1e-5 * value);
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      if (i == j) continue; /* no autapses */
      largest = fmax(largest, fabs(0.25 * expected[i][j]));
      worst = fmax(worst, fabs(with[i][j] - plain[i][j] - 0.25 * expected[i][j]));
    }
  ck_assert_msg(worst < 1e-4 * largest, "off by %g of %g", worst, largest);
  for (int t = 0; t < STEPS; t++) /* back is W^T e, without autapses */
    for (int j = 0; j < N; j++) {
      double back = 0;
      for (int i = 0; i < N; i++) back += w[i][j] * seen.error[t][1][i];
      EXPECT(fabs(back - seen.back[t][1][j]) < 1e-5 * (1 + fabs(back)));
    }
  nai_cost_destroy(kept);
  nai_cost_destroy(omega);
  destroy_rig(&r);
  ck_assert_int_eq(seen.destroyed, 1);
}
END_TEST

/* Errors that come later than at the step before are no part of W^T e. */
START_TEST(test_delayed_projections_are_left_out)
{
  seen seen = {.calls = 0};
  nai_cost *kept = make_look(&seen, "a b");
  nai_network *net = compose(0);
  expect_ok(nai_network_set_delay(net, "a", "b", 40));
  rig r = rig_of(net, kept, 0.5);
  double w[N][N], largest = 0;
  expect_ok(nai_trainer_estimate_gradient(NULL, r.trainer, r.trials));
  ck_assert_int_eq(seen.calls, 1);
  collect(w, &r, 0);
  for (int t = 0; t < STEPS; t++)
    for (int j = 0; j < N; j++) {
      double back = 0;
      for (int i = 0; i < N; i++) {
        double part = w[i][j] * seen.error[t][1][i];
        if (i < 5 || j >= 5) /* not from a to b */
          back += part;
        else
          largest = fmax(largest, fabs(part));
      }
      EXPECT(fabs(back - seen.back[t][1][j]) < 1e-5 * (1 + fabs(back))); /* sums of 9 floats */
    }
  ck_assert_double_gt(largest, 1e-3); /* it would show */
  nai_cost_destroy(kept);
  destroy_rig(&r);
}
END_TEST

/* --- several of them -------------------------------------------------------------------------- */

static nai_trials *trials_of(const nai_network *net, int64_t steps)
{
  nai_trials *trials;
  float target[64];
  ck_assert(steps <= 64);
  expect_ok(nai_random_normals(target, steps, 1, 1));
  expect_ok(nai_trials_create(&trials, net, steps, 1));
  expect_ok(nai_trials_set_targets(trials, "z", target, 1));
  return trials;
}

static nai_trainer *trainer_with(nai_network *net, int large)
{
  nai_trainer *trainer = train_by_bptt(net, 0);
  nai_cost *c;
  attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 1);
  attach_cost(trainer, nai_cost_create_vanishing_gradient(&c, "a"), &c, 0.5);
  if (large) attach_cost(trainer, nai_cost_create_vanishing_gradient(&c, "a b"), &c, 0.5);
  return trainer;
}

/* Of few units and of many, on short trials and on long ones, in any order: as alone. */
START_TEST(test_costs_of_different_sizes)
{
  enum { BATCHES = 6 };
  static const int64_t steps[BATCHES] = {24, 4, 24, 60, 4, 60};
  nai_network *net = COMPOSE(.dt = 20, .populations = {{"a", 4, NAI_FREE}, {"b", 20, NAI_FREE}},
                             .outputs = {{"z", 1}}, .projections = {{"a b", "a b z"}});
  expect_ok(nai_network_set_transfer(net, "a b", NAI_TRANSFER_SOFTPLUS));
  expect_ok(nai_network_build(net, 2));
  nai_trainer *trainer = trainer_with(net, 0);
  for (int k = 0; k < BATCHES; k++) {
    nai_cost *c;
    if (k == 1) attach_cost(trainer, nai_cost_create_vanishing_gradient(&c, "a b"), &c, 0.5);
    nai_trainer *alone = trainer_with(net, k > 0);
    nai_trials *trials = trials_of(net, steps[k]);
    nai_progress now = NAI_PROGRESS_INIT, fresh = NAI_PROGRESS_INIT;
    expect_ok(nai_trainer_estimate_gradient(&now, trainer, trials));
    expect_ok(nai_trainer_estimate_gradient(&fresh, alone, trials));
    EXPECT(now.n_costs == (k ? 3 : 2) && now.n_costs == fresh.n_costs);
    for (int i = 0; i < now.n_costs; i++)
      EXPECT(now.costs[i] > 0 && now.costs[i] == fresh.costs[i]);
    EXPECT(memcmp(trainer->plasticity.gradient, alone->plasticity.gradient,
                  (size_t)net->n_theta * sizeof(float)) == 0);
    nai_trials_destroy(trials);
    nai_trainer_destroy(alone);
  }
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

static nai_status fail_errors(void *user, nai_error_batch *batch, double *value)
{
  *value += 0 * batch->scale;
  return *(const nai_status *)user;
}

/* --- slopes of long populations ------------------------------------------------------------------ */

/* More than are looked at at once; every unit has numbers of its own. */
enum { MANY = 600 };

static nai_status keep_slopes(void *user, nai_error_batch *batch, double *value)
{
  float(*kept)[MANY] = user; /* of steps and trials, then alpha */
  int64_t row = 0;
  *value += 1;
  for (; row < batch->steps * batch->trials; row++)
    memcpy(kept[row], batch->slope + row * batch->stride, sizeof *kept);
  memcpy(kept[row], batch->alpha, sizeof *kept);
  return NAI_OK;
}

/* r = g tanh(x): dr/dx = g - r^2 / g. */
START_TEST(test_slopes_of_long_populations)
{
  nai_network *net = COMPOSE(.dt = 20, .inputs = {{"u", 2}}, .populations = {{"a", MANY, NAI_FREE}},
                             .outputs = {{"z", 1}}, .projections = {{"u", "a"}, {"a", "z"}});
  double gain[MANY], tau[MANY];
  for (int u = 0; u < MANY; u++) gain[u] = 0.5 + u / 400.0, tau[u] = 40 + u;
  expect_ok(nai_network_set_transfer(net, "a", NAI_TRANSFER_TANH));
  expect_ok(nai_network_set_each(net, "a", "gain", gain, MANY));
  expect_ok(nai_network_set_each(net, "a", "tau", tau, MANY));
  static float kept[STEPS * TRIALS + 1][MANY];
  nai_cost *cost;
  nai_cost_ops ops = {.struct_size = sizeof ops, .name = "slopes", .on_errors = keep_slopes};
  expect_ok(nai_cost_create(&cost, &ops, "a", NULL, kept));
  rig r = rig_of(net, cost, 1);
  nai_cost_destroy(cost);
  nai_view view = NAI_VIEW_INIT;
  expect_ok(nai_trainer_estimate_gradient(NULL, r.trainer, r.trials));
  expect_ok(nai_trainer_activity(&view, r.trainer, "a"));
  double largest = 0;
  for (int64_t t = 0; t < STEPS; t++)
    for (int64_t k = 0; k < TRIALS; k++)
      for (int64_t u = 0; u < MANY; u++) {
        const char *at_unit =
            (const char *)view.data + t * view.stride[0] + k * view.stride[1] + u * view.stride[2];
        double rate = (double)*(const float *)(const void *)at_unit;
        double slope = gain[u] - rate * rate / gain[u];
        EXPECT(fabs((double)kept[t * TRIALS + k][u] - slope) < 1e-5 * gain[u]);
        largest = fmax(largest, fabs(rate));
      }
  for (int u = 0; u < MANY; u++) EXPECT(fabs((double)kept[STEPS * TRIALS][u] - 20 / tau[u]) < 1e-6);
  ck_assert_double_gt(largest, 0.1);
  destroy_rig(&r);
}
END_TEST

START_TEST(test_an_own_one_that_fails)
{
  nai_status answer = -31;
  nai_cost *cost;
  nai_cost_ops ops = {.struct_size = sizeof ops, .name = "whisker", .on_errors = fail_errors};
  expect_ok(nai_cost_create(&cost, &ops, "a", NULL, &answer));
  rig r = make_rig(cost, 1, 0);
  nai_cost_destroy(cost);
  uint64_t before = hash_of(r.net);
  expect_fails(nai_trainer_step(NULL, r.trainer, r.trials), -31, "whisker");
  ck_assert(hash_of(r.net) == before);
  answer = NAI_OK;
  expect_ok(nai_trainer_step(NULL, r.trainer, r.trials));
  ck_assert(hash_of(r.net) != before);
  destroy_rig(&r);
}
END_TEST

/* W = 0, one alpha: v = (1-alpha) d, so Omega = ((1-alpha)^2 - 1)^2 = 0.1296 at alpha = 0.2. */
START_TEST(test_known_value_without_weights)
{
  nai_cost *omega;
  expect_ok(nai_cost_create_vanishing_gradient(&omega, "*"));
  rig r = make_rig(omega, 1.0, 1);
  nai_progress now = NAI_PROGRESS_INIT;
  expect_ok(nai_trainer_estimate_gradient(&now, r.trainer, r.trials));
  ck_assert_double_eq_tol(now.costs[1], 0.1296, 1e-6);
  nai_cost_destroy(omega);
  destroy_rig(&r);
}
END_TEST

START_TEST(test_refusals)
{
  nai_cost *omega, *none;
  expect_fails(nai_cost_create_vanishing_gradient(NULL, "a"), NAI_ERR_INVALID, "out");
  expect_fails(nai_cost_create_vanishing_gradient(&omega, NULL), NAI_ERR_INVALID, "names");
  expect_ok(nai_cost_create_vanishing_gradient(&omega, "a"));
  expect_ok(nai_cost_create_vanishing_gradient(&none, "nobody"));
  rig r = make_rig(NULL, 0, 0);
  expect_fails(nai_trainer_add_cost(r.trainer, none, 1), NAI_ERR_NAME, "nobody");
  destroy_rig(&r);
  nai_network *net = compose_one("a", 4, NAI_FREE);
  expect_ok(nai_network_set_leak(net, "a", NAI_LEAK_RATE));
  expect_ok(nai_network_build(net, 1));
  nai_rule *rule;
  nai_optimizer *sgd;
  nai_trainer *trainer;
  expect_ok(nai_rule_create_bptt(&rule));
  expect_ok(nai_optimizer_create_sgd(&sgd, 0.01));
  expect_ok(nai_trainer_create(&trainer, net, rule, sgd, NULL));
  expect_fails(nai_trainer_add_cost(trainer, omega, 1), NAI_ERR_UNSUPPORTED,
               "needs the leak on the current, 'a' has it on the rate");
  nai_trainer_destroy(trainer);
  nai_rule_destroy(rule);
  nai_optimizer_destroy(sgd);
  nai_network_destroy(net);
  nai_cost_destroy(omega);
  nai_cost_destroy(none);
}
END_TEST

START_TEST(test_memory)
{
  nai_cost *omega;
  expect_ok(nai_cost_create_vanishing_gradient(&omega, "a b"));
  rig r = make_rig(omega, 0.1, 0);
  uint64_t before = hash_of(r.net);
  for (long good = 0;; good++) { /* a new one each time: what was taken before a failure may stay */
    faults_fail_allocation(good);
    nai_status status = nai_trainer_step(NULL, r.trainer, r.trials);
    faults_fail_allocation(-1);
    if (status == NAI_OK) break;
    EXPECT(status == NAI_ERR_MEMORY && hash_of(r.net) == before);
    destroy_rig(&r);
    r = make_rig(omega, 0.1, 0);
  }
  long count = faults_allocations();
  for (int k = 0; k < 20; k++) EXPECT(nai_trainer_step(NULL, r.trainer, r.trials) == NAI_OK);
  count = faults_allocations() - count;
  ck_assert_int_eq(count, 0);
  nai_cost_destroy(omega);
  destroy_rig(&r);
}
END_TEST

Suite *vanishing_gradient_suite(void)
{
  Suite *suite = suite_create("vanishing_gradient");
  ADD_CASE(suite, "vanishing gradient", test_value_and_immediate_gradient,
           test_known_value_without_weights, test_delayed_projections_are_left_out,
           test_costs_of_different_sizes, test_an_own_one_that_fails,
           test_slopes_of_long_populations, test_refusals, test_memory);
  return suite;
}
