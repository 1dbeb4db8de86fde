/*
 * lib/learning/optimizer: each optimiser against its recurrence, computed here in double precision
 * for gradients that a cost hands out.
 */
#include <check.h>
#include <math.h>
#include <neuroai/extend.h>
#include <neuroai/neuroai.h>
#include <string.h>

#include "checks.h"
#include "faults.h"
#include "networks.h"

/* --- a trainer whose gradient we choose ------------------------------------------------------- */

enum { N = 6, UPDATES = 6 };

/* Of different sizes and signs; zeros; and one that is small beside any epsilon but the default. */
static const double gradients[UPDATES][N] = {
    {0.5, -2, 0, 1e-4, 30, -0.01}, {0.25, 1, 0, -2e-4, 20, 0},
    {-1, 0.5, 0, 5e-5, -40, 0},    {0, 0, 0, 0, 0, 0},
    {2, -3, 0, 1e-3, 10, -0.02},   {0.125, 4, 0, 0, -5, 0.03},
};

static const float start[N] = {1, -0.5f, 0.25f, 2, -3, 0.125f};

typedef struct puppet {
  nai_network *net;
  nai_trainer *trainer;
  nai_trials *trials;
  int update;
} puppet;

static nai_status hand_out(void *user, nai_synapses *const *synapses, int64_t n, double scale,
                           double *value)
{
  const puppet *p = user;
  const nai_synapses *s = synapses[0];
  EXPECT(n == 1 && s->n_post == 2 && s->n_pre == 3);
  for (int k = 0; k < N; k++)
    s->gradient[k / 3 * s->stride + k % 3] += (float)(scale * gradients[p->update][k]);
  *value += 1;
  return NAI_OK;
}

static void open_puppet(puppet *p, nai_optimizer *optimizer)
{
  nai_rule *bptt;
  nai_cost *cost;
  nai_cost_ops ops = {.struct_size = sizeof ops, .name = "puppet", .on_weights = hand_out};
  *p = (puppet){.net = NULL};
  p->net = COMPOSE(.dt = 10, .inputs = {{"in", 3}}, .populations = {{"E", 2, NAI_FREE}},
                   .projections = {{"in", "E"}});
  expect_ok(nai_network_set(p->net, "E", "bias", 0.5));
  expect_ok(nai_network_build(p->net, 1));
  expect_ok(nai_network_set_weights(p->net, "in", "E", start, 2, 3));
  expect_ok(nai_rule_create_bptt(&bptt));
  expect_ok(nai_trainer_create(&p->trainer, p->net, bptt, optimizer, NULL));
  expect_ok(nai_cost_create(&cost, &ops, "in", "E", p));
  expect_ok(nai_trainer_add_cost(p->trainer, cost, 1));
  expect_ok(nai_trials_create(&p->trials, p->net, 1, 1));
  nai_cost_destroy(cost);
  nai_rule_destroy(bptt);
}

static void close_puppet(puppet *p)
{
  nai_trainer_destroy(p->trainer);
  nai_trials_destroy(p->trials);
  nai_network_destroy(p->net);
}

static void update(puppet *p)
{
  expect_ok(nai_trainer_step(NULL, p->trainer, p->trials));
  p->update++;
}

/* Single precision: a few units in the last place of the weight and of the way it has come. */
static void check_weights(const puppet *p, const double *expected)
{
  nai_view view = NAI_VIEW_INIT;
  expect_ok(nai_network_weights(&view, p->net, "in", "E"));
  for (int k = 0; k < N; k++) {
    double w = (double)*(const float *)((const char *)view.data + k / 3 * view.stride[0] +
                                        k % 3 * view.stride[1]);
    double size = fabs(expected[k]) + fabs(expected[k] - (double)start[k]);
    if (!(fabs(w - expected[k]) <= 1e-6 * size))
      ck_abort_msg("update %d: weight %d is %.9g, expected %.9g", p->update, k, w, expected[k]);
  }
}

static void start_weights(double *w)
{
  for (int k = 0; k < N; k++) w[k] = (double)start[k];
}

/* --- the recurrences -------------------------------------------------------------------------- */

START_TEST(descent)
{
  puppet p;
  nai_optimizer *o;
  double w[N];
  expect_ok(nai_optimizer_create_sgd(&o, 0.05));
  ck_assert_str_eq(nai_optimizer_name(o), "sgd");
  open_puppet(&p, o);
  start_weights(w);
  while (p.update < UPDATES) {
    if (p.update == 3) expect_ok(nai_optimizer_set(o, "rate", 0.2));
    for (int k = 0; k < N; k++) w[k] -= (p.update < 3 ? 0.05 : 0.2) * gradients[p.update][k];
    update(&p);
    check_weights(&p, w);
  }
  close_puppet(&p);
  nai_optimizer_destroy(o);
}
END_TEST

START_TEST(momentum)
{
  puppet p;
  nai_optimizer *o;
  double w[N], m[N] = {0};
  expect_ok(nai_optimizer_create_momentum(&o, 0.05));
  ck_assert_str_eq(nai_optimizer_name(o), "momentum");
  open_puppet(&p, o);
  start_weights(w);
  while (p.update < UPDATES) {
    for (int k = 0; k < N; k++) {
      m[k] = 0.9 * m[k] + gradients[p.update][k];
      w[k] -= 0.05 * m[k];
    }
    update(&p);
    check_weights(&p, w);
  }
  close_puppet(&p);
  nai_optimizer_destroy(o);
}
END_TEST

/* With the defaults, and with numbers of which each shows. */
START_TEST(rmsprop)
{
  const double decay = _i ? 0.5 : 0.99, epsilon = _i ? 0.05 : 1e-8, rate = 0.01;
  puppet p;
  nai_optimizer *o;
  double w[N], s[N] = {0};
  expect_ok(nai_optimizer_create_rmsprop(&o, rate));
  ck_assert_str_eq(nai_optimizer_name(o), "rmsprop");
  if (_i) expect_ok(nai_optimizer_set(o, "decay", decay));
  if (_i) expect_ok(nai_optimizer_set(o, "epsilon", epsilon));
  open_puppet(&p, o);
  start_weights(w);
  while (p.update < UPDATES) {
    for (int k = 0; k < N; k++) {
      double g = gradients[p.update][k];
      s[k] = decay * s[k] + (1 - decay) * g * g;
      w[k] -= rate * g / (sqrt(s[k]) + epsilon);
    }
    update(&p);
    check_weights(&p, w);
  }
  close_puppet(&p);
  nai_optimizer_destroy(o);
}
END_TEST

/* Kingma & Ba, algorithm 1, with both corrections; `decay` apart, as Loshchilov & Hutter. */
static void check_adam(nai_optimizer *o, double beta1, double beta2, double epsilon, double decay)
{
  const double rate = 0.02;
  puppet p;
  double w[N], m[N] = {0}, v[N] = {0};
  open_puppet(&p, o);
  start_weights(w);
  while (p.update < UPDATES) {
    for (int k = 0; k < N; k++) {
      double g = gradients[p.update][k], before = w[k];
      m[k] = beta1 * m[k] + (1 - beta1) * g;
      v[k] = beta2 * v[k] + (1 - beta2) * g * g;
      double mean = m[k] / (1 - pow(beta1, p.update + 1)),
             square = v[k] / (1 - pow(beta2, p.update + 1));
      w[k] -= rate * mean / (sqrt(square) + epsilon) + rate * decay * before;
    }
    update(&p);
    check_weights(&p, w);
  }
  /* the biases had no gradient: they stay, or decay */
  nai_view bias = NAI_VIEW_INIT;
  expect_ok(nai_network_bias(&bias, p.net, "E"));
  double left = 0.5 * pow(1 - rate * decay, UPDATES);
  ck_assert_double_eq_tol((double)*(const float *)bias.data, left, 1e-6);
  close_puppet(&p);
  nai_optimizer_destroy(o);
}

START_TEST(adam)
{
  nai_optimizer *o;
  expect_ok(nai_optimizer_create_adam(&o, 0.02));
  ck_assert_str_eq(nai_optimizer_name(o), "adam");
  if (_i) expect_ok(nai_optimizer_set(o, "beta1", 0.6));
  if (_i) expect_ok(nai_optimizer_set(o, "beta2", 0.7));
  if (_i) expect_ok(nai_optimizer_set(o, "epsilon", 0.05));
  check_adam(o, _i ? 0.6 : 0.9, _i ? 0.7 : 0.999, _i ? 0.05 : 1e-8, 0);
}
END_TEST

START_TEST(adamw)
{
  nai_optimizer *o;
  expect_ok(nai_optimizer_create_adamw(&o, 0.02));
  ck_assert_str_eq(nai_optimizer_name(o), "adamw");
  if (_i) expect_ok(nai_optimizer_set(o, "decay", 3));
  if (_i) expect_ok(nai_optimizer_set(o, "epsilon", 0.05));
  check_adam(o, 0.9, 0.999, _i ? 0.05 : 1e-8, _i ? 3 : 0.01);
}
END_TEST

/* What does not learn is not moved by momentum that it has, nor by decay. */
START_TEST(frozen_weights_stay)
{
  nai_optimizer *o;
  for (int kind = 0; kind < 3; kind++) {
    puppet p;
    nai_view view = NAI_VIEW_INIT;
    expect_ok(kind == 0   ? nai_optimizer_create_momentum(&o, 0.1)
              : kind == 1 ? nai_optimizer_create_adamw(&o, 0.1)
                          : nai_optimizer_create_rmsprop(&o, 0.1));
    open_puppet(&p, o);
    update(&p);
    expect_ok(nai_network_set_plastic(p.net, "in", "E", 0));
    expect_ok(nai_network_set(p.net, "E", "plastic_bias", 0));
    expect_ok(nai_network_weights(&view, p.net, "in", "E"));
    float before[N], bias;
    memcpy(before, view.data, 3 * sizeof *before);
    memcpy(before + 3, (const char *)view.data + view.stride[0], 3 * sizeof *before);
    expect_ok(nai_network_bias(&view, p.net, "E"));
    memcpy(&bias, view.data, sizeof bias);
    while (p.update < UPDATES) update(&p);
    ck_assert(bias == *(const float *)view.data);
    expect_ok(nai_network_weights(&view, p.net, "in", "E"));
    EXPECT(memcmp(before, view.data, 3 * sizeof *before) == 0);
    EXPECT(memcmp(before + 3, (const char *)view.data + view.stride[0], 3 * sizeof *before) == 0);
    close_puppet(&p);
    nai_optimizer_destroy(o);
  }
}
END_TEST

/* Running means belong to the trainer: two of them with one optimiser do not disturb each other. */
START_TEST(one_optimizer_for_two_trainers)
{
  puppet a, b;
  nai_optimizer *o;
  expect_ok(nai_optimizer_create_adam(&o, 0.02));
  open_puppet(&a, o);
  open_puppet(&b, o);
  nai_optimizer_destroy(o); /* the trainers keep it */
  while (a.update < UPDATES) update(&a);
  while (b.update < UPDATES) update(&b);
  nai_view one = NAI_VIEW_INIT, two = NAI_VIEW_INIT;
  expect_ok(nai_network_weights(&one, a.net, "in", "E"));
  expect_ok(nai_network_weights(&two, b.net, "in", "E"));
  EXPECT(memcmp(one.data, two.data, 3 * sizeof(float)) == 0);
  close_puppet(&a);
  close_puppet(&b);
}
END_TEST

/* --- settings --------------------------------------------------------------------------------- */

typedef nai_status (*create)(nai_optimizer **out, double rate);
static const create creators[] = {nai_optimizer_create_sgd, nai_optimizer_create_momentum,
                                  nai_optimizer_create_rmsprop, nai_optimizer_create_adam,
                                  nai_optimizer_create_adamw};
enum { KINDS = sizeof creators / sizeof *creators };

START_TEST(numbers_of_each_kind)
{
  static const char *const names[KINDS][6] = {
      {"rate", NULL},
      {"rate", "momentum", NULL},
      {"rate", "decay", "epsilon", NULL},
      {"rate", "beta1", "beta2", "epsilon", NULL},
      {"rate", "beta1", "beta2", "epsilon", "decay", NULL},
  };
  nai_optimizer *o;
  expect_ok(creators[_i](&o, 0.25));
  int n = 0;
  for (; names[_i][n]; n++) {
    nai_parameter p = NAI_PARAMETER_INIT;
    double value;
    expect_ok(nai_optimizer_parameter(&p, o, n));
    ck_assert_str_eq(p.name, names[_i][n]);
    ck_assert(p.unit && p.meaning && p.meaning[0] && p.list == 0);
    expect_ok(nai_optimizer_get(&value, o, p.name));
    ck_assert(value == (n == 0 ? 0.25 : p.initial));
    const double bad[] = {NAN, INFINITY, -INFINITY, -1e-9, p.high * (1 + 1e-9) + 1e-9, 1e300};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
      expect_fails(nai_optimizer_set(o, p.name, bad[k]), NAI_ERR_INVALID, p.name);
    expect_ok(nai_optimizer_get(&value, o, p.name));
    ck_assert(value == (n == 0 ? 0.25 : p.initial));
    expect_ok(nai_optimizer_set(o, p.name, p.high));
    expect_ok(nai_optimizer_set(o, p.name, p.low));
    expect_ok(nai_optimizer_get(&value, o, p.name));
    ck_assert(value == p.low);
  }
  nai_parameter p = NAI_PARAMETER_INIT;
  expect_fails(nai_optimizer_parameter(&p, o, n), NAI_ERR_INVALID, "index");
  nai_optimizer_destroy(o);
}
END_TEST

START_TEST(wrong_arguments)
{
  nai_optimizer *o = (nai_optimizer *)&o;
  double value = 5;
  nai_parameter p = NAI_PARAMETER_INIT;
  static const double bad[] = {NAN, INFINITY, -INFINITY, -1e-9, 1e300};
  expect_fails(creators[_i](NULL, 1), NAI_ERR_INVALID, "out is NULL");
  for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
    o = (nai_optimizer *)&o;
    expect_fails(creators[_i](&o, bad[k]), NAI_ERR_INVALID, "rate is ");
    ck_assert_ptr_null(o);
  }
  expect_ok(creators[_i](&o, 0)); /* allowed: nothing moves */
  expect_fails(nai_optimizer_set(o, "speed", 1), NAI_ERR_NAME, "'speed'");
  expect_fails(nai_optimizer_set(o, "", 1), NAI_ERR_NAME, "''");
  expect_fails(nai_optimizer_set(o, NULL, 1), NAI_ERR_INVALID, "parameter is NULL");
  expect_fails(nai_optimizer_set(NULL, "rate", 1), NAI_ERR_INVALID, "optimizer is NULL");
  expect_fails(nai_optimizer_get(&value, o, "speed"), NAI_ERR_NAME, "'speed'");
  expect_fails(nai_optimizer_get(&value, o, NULL), NAI_ERR_INVALID, "parameter is NULL");
  expect_fails(nai_optimizer_get(&value, NULL, "rate"), NAI_ERR_INVALID, "optimizer is NULL");
  expect_fails(nai_optimizer_get(NULL, o, "rate"), NAI_ERR_INVALID, "value is NULL");
  ck_assert(value == 5);
  expect_fails(nai_optimizer_parameter(NULL, o, 0), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_optimizer_parameter(&p, NULL, 0), NAI_ERR_INVALID, "optimizer is NULL");
  expect_fails(nai_optimizer_parameter(&p, o, -1), NAI_ERR_INVALID, "index is -1");
  expect_fails(nai_optimizer_parameter(&p, o, INT64_MAX), NAI_ERR_INVALID, "index is ");
  p.struct_size = 3;
  expect_fails(nai_optimizer_parameter(&p, o, 0), NAI_ERR_INVALID, "out: struct_size is 3");
  ck_assert_ptr_null(nai_optimizer_name(NULL));
  nai_optimizer_destroy(NULL);
  nai_optimizer_destroy(o);
}
END_TEST

START_TEST(without_memory)
{
  nai_optimizer *o = (nai_optimizer *)&o;
  faults_fail_allocation(0);
  nai_status status = creators[_i](&o, 1);
  faults_fail_allocation(-1);
  ck_assert_int_eq(status, NAI_ERR_MEMORY);
  ck_assert_ptr_null(o);
}
END_TEST

/* --- rules ------------------------------------------------------------------------------------ */

START_TEST(rules_as_handles)
{
  nai_rule *rule = (nai_rule *)&rule;
  expect_fails(nai_rule_create_bptt(NULL), NAI_ERR_INVALID, "out is NULL");
  faults_fail_allocation(0);
  nai_status status = nai_rule_create_bptt(&rule);
  faults_fail_allocation(-1);
  ck_assert_int_eq(status, NAI_ERR_MEMORY);
  ck_assert_ptr_null(rule);
  expect_ok(nai_rule_create_bptt(&rule));
  ck_assert_str_eq(nai_rule_name(rule), "bptt");
  ck_assert_ptr_null(nai_rule_name(NULL));
  nai_rule_destroy(rule);
  nai_rule_destroy(NULL);
}
END_TEST

Suite *optimizer_suite(void);

Suite *optimizer_suite(void)
{
  Suite *suite = suite_create("optimizer");
  TCase *steps = tcase_create("steps");
  tcase_add_test(steps, descent);
  tcase_add_test(steps, momentum);
  tcase_add_loop_test(steps, rmsprop, 0, 2);
  tcase_add_loop_test(steps, adam, 0, 2);
  tcase_add_loop_test(steps, adamw, 0, 2);
  tcase_add_test(steps, frozen_weights_stay);
  tcase_add_test(steps, one_optimizer_for_two_trainers);
  suite_add_tcase(suite, steps);
  TCase *settings = tcase_create("settings");
  tcase_add_loop_test(settings, numbers_of_each_kind, 0, KINDS);
  tcase_add_loop_test(settings, wrong_arguments, 0, KINDS);
  tcase_add_loop_test(settings, without_memory, 0, KINDS);
  tcase_add_test(settings, rules_as_handles);
  suite_add_tcase(suite, settings);
  return suite;
}
