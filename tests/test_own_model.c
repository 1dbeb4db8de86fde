/*
 * Unit models of the user's own: the same rates and gradients as the built-in ones that they repeat,
 * by every rule that works from slopes; nai_network_check_model() and faults that it has to find; what a
 * table may be; threads; functions that fail; files; lives.
 */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/train/trainer.h"
#include "faults.h"
#include "own_models.h"
#include "rules.h"
#include "states.h"

enum { STEPS = 12, TRIALS = 5, CHANNELS = 3, OUTPUTS = 2 };

static const struct {
  const char *from, *to;
} ends[] = {
    {"u", "A"},           {"u", "D:dendrite+"}, {"u", "D:soma"},      {"u", "R"},      {"A", "A"},
    {"A", "R"},           {"A", "D:dendrite+"}, {"A", "D:dendrite-"}, {"D", "D:soma"}, {"D", "A"},
    {"D", "D:dendrite+"}, {"R", "D:soma"},      {"A", "z"},           {"D", "z"},      {"R", "z"}};
enum { ENDS = sizeof ends / sizeof *ends };

typedef struct form {
  const char *nonlinearity;
  int32_t lag, leak;
} form;
static const form forms[] = {
    {"subtractive", 0, NAI_LEAK_CURRENT}, {"subtractive", 1, NAI_LEAK_RATE},
    {"divisive", 0, NAI_LEAK_RATE},       {"divisive", 1, NAI_LEAK_CURRENT},
    {"yang2016", 0, NAI_LEAK_CURRENT},    {"yang2016", 1, NAI_LEAK_RATE}};
enum { FORMS = sizeof forms / sizeof *forms };

/* --- networks --------------------------------------------------------------------------------- */

typedef struct own {
  own_model rate, adaptive, dendritic;
} own;

static void use(nai_network *net, const char *name, nai_model_ops ops, own_model *user)
{
  nai_model *model;
  if (nai_model_create(&model, &ops, user) != NAI_OK) return; /* without memory */
  user->thread = (unsigned long)pthread_self();
  nai_network_use_model(net, name, model);
  nai_model_destroy(model);
}

static void choose_models(nai_network *net, const form *f, own *m)
{
  if (m) {
    use(net, "A", own_adaptive_ops(&m->adaptive), &m->adaptive);
    use(net, "D", own_dendritic_ops(&m->dendritic), &m->dendritic);
    use(net, "R", own_rate_ops(&m->rate), &m->rate);
    nai_network_choose(net, "R", "leak_on", f->leak == NAI_LEAK_RATE ? "rate" : "current");
    return;
  }
  nai_network_set_model(net, "A", "adaptive_rate");
  nai_network_set_model(net, "D", "dendritic");
  nai_network_set_leak(net, "R", f->leak);
  nai_network_set_transfer(net, "A R", NAI_TRANSFER_TANH);
  nai_network_set_transfer(net, "D", NAI_TRANSFER_SOFTPLUS);
}

/* Of built-in models, or of those of the user's own. */
static void compose(nai_network *net, const form *f, own *m)
{
  nai_network_add_input(net, "u", CHANNELS);
  nai_network_add_population(net, "A", 5, NAI_FREE);
  nai_network_add_population(net, "D", 4, NAI_FREE);
  nai_network_add_population(net, "R", 3, NAI_FREE);
  nai_network_add_output(net, "z", OUTPUTS);
  choose_models(net, f, m);
  nai_network_set(net, "A", "adaptation", 0.8);
  nai_network_set(net, "A", "tau_adaptation", 60);
  nai_network_set_model_size(net, "D", "branches", 2);
  nai_network_choose(net, "D", "nonlinearity", f->nonlinearity);
  nai_network_set(net, "D", "lag", f->lag);
  nai_network_set(net, "A D R", "tau", 30);
  nai_network_set(net, "R", "noise", 0.1);
  nai_network_set(net, "A D R", "initial", 0.2);
  nai_network_set(net, "A D R", "plastic_initial", 1);
  for (int k = 0; k < ENDS; k++) nai_network_connect(net, ends[k].from, ends[k].to);
  nai_network_set_delay(net, "A", "D:dendrite-", 30);
  nai_network_set_delay(net, "D", "D:dendrite+", 20);
  nai_network_set_delay(net, "R", "D:soma", 0);
}

static nai_network *build(const form *f, own *m)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, 10));
  compose(net, f, m);
  expect_ok(nai_network_build(net, 3));
  for (int k = 0; k < ENDS; k++)
    draw_weights(net, ends[k].from, ends[k].to, k,
                 strcmp(f->nonlinearity, "yang2016") ? 0.5 : 0.05);
  return net;
}

static nai_trials *make_trials(const nai_network *net, int64_t n)
{
  return normal_trials(net, "z", STEPS, n);
}

static nai_trainer *train(nai_network *net, nai_rule *rule)
{
  nai_cost *c;
  nai_trainer *trainer = trainer_of(net, rule, adam(1e-2));
  attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 1);
  attach_cost(trainer, nai_cost_create_l2_rates(&c, "*"), &c, 0.1);
  return trainer;
}

/* --- the same numbers ------------------------------------------------------------------------- */

/* The largest difference between two arrays, and the largest number. */
static void compare(double *worst, double *largest, const nai_view *a, const nai_view *b)
{
  ck_assert_int_eq(a->shape[0], b->shape[0]);
  for (int64_t i = 0; i < a->shape[0]; i++)
    for (int64_t j = 0; j < a->shape[1]; j++) {
      *largest = fmax(*largest, fabs((double)at(a, i, j)));
      *worst = fmax(*worst, fabs((double)at(a, i, j) - (double)at(b, i, j)));
    }
}

static void compare_gradients(nai_trainer *a, nai_trainer *b, const nai_trials *trials)
{
  double largest = 0, worst = 0;
  nai_progress of_a = NAI_PROGRESS_INIT, of_b = NAI_PROGRESS_INIT;
  expect_ok(nai_trainer_estimate_gradient(&of_a, a, trials));
  expect_ok(nai_trainer_estimate_gradient(&of_b, b, trials));
  ck_assert_double_eq_tol(of_a.cost, of_b.cost, 1e-6 * of_a.cost);
  for (int k = 0; k < ENDS; k++) {
    nai_view from_a = NAI_VIEW_INIT, from_b = NAI_VIEW_INIT;
    expect_ok(nai_trainer_gradient(&from_a, a, ends[k].from, ends[k].to));
    expect_ok(nai_trainer_gradient(&from_b, b, ends[k].from, ends[k].to));
    compare(&worst, &largest, &from_a, &from_b);
  }
  const nai__plasticity *p = &a->plasticity, *q = &b->plasticity;
  for (int64_t i = 0; i < p->net->n_units; i++) { /* biases and initial states */
    worst = fmax(worst, fabs((double)p->gradient[p->net->unit_bias + i] -
                             (double)q->gradient[q->net->unit_bias + i]));
    worst = fmax(worst, fabs((double)p->gradient[p->net->unit_initial + i] -
                             (double)q->gradient[q->net->unit_initial + i]));
  }
  ck_assert_msg(largest > 0 && worst <= 1e-6 * largest, "off by %g of %g", worst, largest);
}

static void compare_by(const form *f, nai_rule *one, nai_rule *other, int fused)
{
  own m = {.adaptive.fused = fused, .rate.threaded = fused};
  nai_network *net = build(f, NULL), *mine = build(f, &m);
  nai_trials *trials = make_trials(net, TRIALS), *same = make_trials(mine, TRIALS);
  nai_trainer *a = train(net, one), *b = train(mine, other);
  compare_gradients(a, b, trials);
  nai_trials_destroy(same);
  nai_trainer_destroy(a);
  nai_trainer_destroy(b);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
  nai_network_destroy(mine);
  ck_assert_int_eq(m.rate.destroyed + m.adaptive.destroyed + m.dendritic.destroyed, 3);
}

START_TEST(gradients_of_every_rule)
{
  if (strcmp(all_rules[_i].name, "weight_mirror") == 0) return; /* rate units alone */
  compare_by(&forms[0], rule_made(_i, 2), rule_made(_i, 2), 0);
  compare_by(&forms[1], rule_made(_i, 2), rule_made(_i, 2), 1);
}
END_TEST

/* The same random signs, and the same lengths of what they move. */
START_TEST(gradients_of_uoro)
{
  nai_rule *one, *other;
  expect_ok(nai_rule_create_uoro(&one, 4));
  expect_ok(nai_rule_create_uoro(&other, 4));
  compare_by(&forms[_i], one, other, _i % 2);
}
END_TEST

START_TEST(gradients_of_every_form)
{
  nai_rule *one, *other;
  compare_by(&forms[_i], bptt_rule(), bptt_rule(), _i % 2);
  expect_ok(nai_rule_create_rtrl(&one));
  expect_ok(nai_rule_create_rtrl(&other));
  compare_by(&forms[_i], one, other, _i % 2);
}
END_TEST

START_TEST(rates_of_every_form)
{
  own m = {.rate.threaded = 1};
  nai_network *net = build(&forms[_i], NULL), *mine = build(&forms[_i], &m);
  nai_state *a = make_state(net, 2, 5), *b = make_state(mine, 2, 5);
  float input[STEPS * 2 * CHANNELS], first[STEPS * 2 * OUTPUTS], second[STEPS * 2 * OUTPUTS];
  expect_ok(nai_random_normals(input, STEPS * 2 * CHANNELS, 3, 0));
  expect_ok(nai_state_run(first, NULL, a, STEPS, input));
  expect_ok(nai_state_run(second, NULL, b, STEPS, input));
  for (int i = 0; i < STEPS * 2 * OUTPUTS; i++)
    ck_assert_double_eq_tol((double)first[i], (double)second[i],
                            1e-6 * (1 + fabs((double)first[i])));
  nai_state_destroy(a);
  nai_state_destroy(b);
  nai_network_destroy(net);
  nai_network_destroy(mine);
}
END_TEST

/* --- nai_network_check_model() ------------------------------------------------------------------------ */

START_TEST(right_slopes_pass)
{
  own m = {.adaptive.fused = 1};
  nai_network *net = build(&forms[_i], NULL), *mine = build(&forms[_i], &m);
  expect_ok(nai_network_check_model(net, "A"));
  expect_ok(nai_network_check_model(net, "D"));
  expect_ok(nai_network_check_model(net, "R"));
  expect_ok(nai_network_check_model(mine, "A"));
  expect_ok(nai_network_check_model(mine, "D"));
  expect_ok(nai_network_check_model(mine, "R"));
  nai_network_destroy(net);
  nai_network_destroy(mine);
}
END_TEST

/* Built-in models with every transfer function: relu has a kink, and power is steep. */
START_TEST(right_slopes_pass_with_every_transfer_function)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, 10));
  nai_network_add_population(net, "A", 20, NAI_FREE);
  nai_network_add_population(net, "D", 20, NAI_FREE);
  nai_network_set_model(net, "A", "adaptive_rate");
  nai_network_set_model(net, "D", "dendritic");
  nai_network_set_transfer(net, "A D", _i);
  nai_network_set(net, "A", "noise", 0.2);
  nai_network_set(net, "D", "gain", 2);
  expect_ok(nai_network_build(net, 3));
  expect_ok(nai_network_check_model(net, "A"));
  expect_ok(nai_network_check_model(net, "D"));
  nai_network_destroy(net);
}
END_TEST

/* --- rate units -------------------------------------------------------------------------------- */

/* Side by side with other populations of the same run, and one of another. */
static nai_network *build_rates(int32_t leak, int32_t transfer)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, 10));
  nai_network_add_population(net, "B", 5, NAI_FREE);
  nai_network_add_population(net, "R", 23, NAI_FREE);
  nai_network_add_population(net, "L", 3, NAI_FREE);
  nai_network_set_leak(net, "B R", leak);
  nai_network_set_transfer(net, "B R", transfer);
  nai_network_set_transfer(net, "L", NAI_TRANSFER_LINEAR);
  nai_network_set(net, "B", "tau", 200);
  nai_network_set(net, "R", "tau", 30);
  nai_network_set(net, "R", "noise", 0.3);
  nai_network_set(net, "R", "gain", 1.5);
  nai_network_set(net, "R", "bias", 0.2);
  nai_network_set(net, "R", "initial", 0.4);
  expect_ok(nai_network_build(net, 3));
  return net;
}

static const int32_t leaks[] = {NAI_LEAK_CURRENT, NAI_LEAK_RATE, NAI_LEAK_WHOLE};
enum { LEAKS = sizeof leaks / sizeof *leaks, TRANSFERS = NAI_TRANSFER_POWER + 1 };

/* By every table of kernels that this processor runs. */
START_TEST(right_slopes_of_rate_units_pass)
{
  nai_network *net = build_rates(leaks[_i % LEAKS], _i / LEAKS);
  const char *name;
  for (int table = 0; (name = nai__kernels_name(table)); table++) {
    if (!nai__kernels_named(name)) continue;
    net->kernels = nai__kernels_named(name);
    expect_ok(nai_network_check_model(net, "R"));
    expect_ok(nai_network_check_model(net, "B"));
    expect_ok(nai_network_check_model(net, "L"));
  }
  nai_network_destroy(net);
}
END_TEST

/* A way back that is wrong for errors of the input, or of what is carried. */
static int spoils_carry;

static void spoil_one(const nai__units *u, float *signal, float *carry)
{
  (spoils_carry ? carry : signal)[u->n - 1] *= 1.1F;
}

static void wrong_current(const nai__units *u, float *signal, float *carry, const float *r)
{
  nai__kernels_best()->current_backward(u, signal, carry, r);
  spoil_one(u, signal, carry);
}

static void wrong_rate(const nai__units *u, float *signal, float *carry, const float *a)
{
  nai__kernels_best()->rate_backward(u, signal, carry, a);
  spoil_one(u, signal, carry);
}

static void wrong_start(const nai__units *u, float *r, const float *x)
{
  nai__kernels_best()->transfer(u, r, x);
  for (int64_t i = 0; i < u->n; i++) r[i] *= 1.1F;
}

START_TEST(wrong_slopes_of_rate_units_are_found)
{
  static const char *const carried[] = {"ss of model 'rate': 'x' by 'x'",
                                        "ss of model 'rate': 'r' by 'r'",
                                        "ss of model 'rate': 'r' by 'r'"},
                           *const received[] = {"zs of model 'rate': 'rate' by 'x'",
                                                "sp of model 'rate': 'r' by 'input'",
                                                "sp of model 'rate': 'r' by 'input'"};
  nai_network *net = build_rates(leaks[_i], NAI_TRANSFER_TANH);
  nai__kernels wrong = *nai__kernels_best();
  net->kernels = &wrong;
  expect_ok(nai_network_check_model(net, "R"));
  wrong.current_backward = wrong_current;
  wrong.rate_backward = wrong_rate;
  for (spoils_carry = 0; spoils_carry < 2; spoils_carry++)
    expect_fails(nai_network_check_model(net, "R"), NAI_ERR_INVALID,
                 spoils_carry ? carried[_i] : received[_i]);
  expect_fails(nai_network_check_model(net, "R"), NAI_ERR_INVALID, "in unit 22 of 'R'");
  wrong = *nai__kernels_best();
  wrong.transfer = wrong_start;
  if (leaks[_i] == NAI_LEAK_CURRENT)
    expect_fails(nai_network_check_model(net, "R"), NAI_ERR_INVALID,
                 "zs of model 'rate': 'rate' by 'x' is");
  else
    expect_ok(nai_network_check_model(net, "R"));
  wrong = *nai__kernels_best();
  faults_fail_allocation(0);
  nai_status status = nai_network_check_model(net, "R");
  faults_fail_allocation(-1);
  ck_assert_int_eq(status, NAI_ERR_MEMORY);
  nai_network_destroy(net);
}
END_TEST

static const char *const faults[] = {"ss of model 'own_adaptive': 'x' by 'x'",
                                     "ss of model 'own_adaptive': 'x' by 'a'",
                                     "ss of model 'own_adaptive': 'a' by 'x'",
                                     "ss of model 'own_adaptive': 'a' by 'a'",
                                     "sp of model 'own_adaptive': 'x' by 'input'",
                                     "sp of model 'own_adaptive': 'a' by 'input'",
                                     "zs of model 'own_adaptive': 'rate' by 'x'",
                                     "zs of model 'own_adaptive': 'rate' by 'a'",
                                     "zp of model 'own_adaptive': 'rate' by 'input'",
                                     "at step 0, where x is",
                                     "at step 0, where a is",
                                     "backward of model 'own_adaptive': carry of 'x'",
                                     "backward of model 'own_adaptive': carry of 'a'",
                                     "backward of model 'own_adaptive': port_error of 'input'"};
enum { FAULTS = sizeof faults / sizeof *faults };

START_TEST(wrong_slopes_are_found)
{
  for (int nan = 0; nan < 2; nan++) {
    own m = {.adaptive = {.fused = 1, .wrong = _i + 1, .nan = nan}};
    nai_network *net = build(&forms[0], &m);
    expect_fails(nai_network_check_model(net, "A"), NAI_ERR_INVALID, faults[_i]);
    expect_ok(nai_network_check_model(net, "D"));
    nai_network_destroy(net);
  }
}
END_TEST

static nai_network *build_spiking(own_model *m)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, 1));
  nai_network_add_population(net, "S", 30, NAI_FREE);
  use(net, "S", own_spiking_ops(m), m);
  expect_ok(nai_network_build(net, 1));
  return net;
}

START_TEST(units_that_spike_are_checked_where_they_do_not)
{
  own_model right = {0}, wrong = {.wrong = 1};
  nai_network *net = build_spiking(&right), *other = build_spiking(&wrong);
  expect_ok(nai_network_check_model(net, "S"));
  expect_fails(nai_network_check_model(other, "S"), NAI_ERR_INVALID,
               "ss of model 'own_spiking': 'x' by 'x'");
  nai_network_destroy(net);
  nai_network_destroy(other);
}
END_TEST

START_TEST(what_cannot_be_checked)
{
  own_model m = {0};
  nai_network *net, *plain = build(&forms[0], NULL);
  expect_ok(nai_network_create(&net, 1));
  nai_network_add_population(net, "S", 3, NAI_FREE);
  nai_network_add_input(net, "u", 3);
  nai_model_ops ops = own_spiking_ops(&m);
  ops.slopes = NULL;
  use(net, "S", ops, &m);
  expect_fails(nai_network_check_model(net, "S"), NAI_ERR_ORDER, "");
  expect_ok(nai_network_build(net, 1));
  expect_fails(nai_network_check_model(net, "S"), NAI_ERR_UNSUPPORTED,
               "'S' is of model 'own_spiking', which has no slopes");
  expect_fails(nai_network_check_model(net, "u"), NAI_ERR_NAME, "u");
  expect_fails(nai_network_check_model(net, NULL), NAI_ERR_INVALID, "population is NULL");
  expect_fails(nai_network_check_model(NULL, "S"), NAI_ERR_INVALID, "net is NULL");
  for (int failures = 0; failures < 2; failures++) {
    faults_fail_allocation(failures);
    nai_status status = nai_network_check_model(plain, "A");
    faults_fail_allocation(-1);
    ck_assert_int_eq(status, NAI_ERR_MEMORY);
  }
  nai_rule *rule = bptt_rule();
  nai_optimizer *sgd = plain_descent(1);
  nai_trainer *trainer;
  expect_fails(nai_trainer_create(&trainer, net, rule, sgd, NULL), NAI_ERR_UNSUPPORTED,
               "rule 'bptt' needs the slopes of units; 'S' is of model 'own_spiking'");
  nai_rule_destroy(rule);
  nai_optimizer_destroy(sgd);
  nai_network_destroy(net);
  nai_network_destroy(plain);
}
END_TEST

/* --- tables ----------------------------------------------------------------------------------- */

static nai_field fields[2], sent;

static void spoil_field(nai_model_ops *ops, int k)
{
  fields[0] = fields[1] = (nai_field)NAI_FIELD_INIT;
  fields[0].name = "one";
  fields[1].name = "two";
  ops->parameters = fields;
  ops->n_parameters = 2;
  switch (k) {
  case 20: fields[1].name = NULL; break;
  case 21: fields[1].name = "one"; break;
  case 22: fields[1].name = "a:b"; break;
  case 23: fields[1].name = "bias"; break;
  case 24: fields[0].struct_size = 8; break;
  case 25: fields[1].struct_size = sizeof(nai_field) + 8; break;
  case 26: fields[1].copies = "three"; break;
  case 27: fields[1].initial = NAN; break;
  case 28: fields[1].low = 2; break;
  case 29: fields[1].high = 2, fields[1].initial = 3; break;
  case 30: fields[1].words = "a b", fields[1].initial = 2; break;
  case 31: fields[1].whole = 1, fields[1].initial = 0.5; break;
  case 32: ops->sizes = fields, ops->n_sizes = 1; break;
  case 33: fields[1].words = ""; break;
  default: break;
  }
}

static void spoil_port(nai_model_ops *ops, int k)
{
  fields[0] = fields[1] = (nai_field)NAI_FIELD_INIT;
  fields[0].name = "in";
  fields[1].name = "in+";
  fields[1].sign = 1;
  sent = (nai_field)NAI_FIELD_INIT;
  sent.name = "sent";
  sent.potential = 2;
  ops->ports = fields;
  ops->n_ports = 2;
  switch (k) {
  case 41: fields[0].name = "on", fields[1].sign = 2; break;
  case 42: fields[0].name = "on", fields[1].sign = -1; break;
  case 43: fields[0].name = "on", fields[1].copies = "branches"; break;
  case 44: fields[0].name = "on+", fields[0].sign = 1; break;
  case 45: ops->signals = fields, fields[0].name = "on", fields[0].copies = "n"; break;
  case 46: fields[0].name = "on", ops->signals = &sent; break;
  case 47: fields[0].name = "on", fields[1].potential = 1; break;
  default: break;
  }
}

/* Ports "on" and, of a sign, "in+" or "in-", in copies; and a parameter that is added to the latter. */
static nai_field size_field, added;

static void add_to_port(nai_model_ops *ops, int32_t sign)
{
  spoil_port(ops, 0);
  fields[0].name = "on";
  fields[1].name = sign < 0 ? "in-" : "in+";
  fields[1].sign = sign;
  fields[1].copies = size_field.name = "branches";
  size_field.struct_size = added.struct_size = sizeof added;
  size_field.initial = 2;
  added.name = fields[1].name;
  added.copies = "branches";
  added.low = sign < 0 ? -5 : 0;
  added.high = sign < 0 ? 0 : 5;
  ops->sizes = &size_field;
  ops->parameters = &added;
  ops->n_sizes = ops->n_parameters = 1;
}

static void spoil_added(nai_model_ops *ops, int k)
{
  add_to_port(ops, k == 52 ? -1 : 1);
  switch (k) {
  case 50: added.copies = NULL; break;
  case 51: added.low = -1; break;
  case 52: added.high = 1; break;
  case 53: added.low = added.high = 0; break;
  default: break;
  }
}

static void spoil_table(nai_model_ops *ops, int k)
{
  switch (k) {
  case 0: ops->struct_size = 8; break;
  case 1: ops->name = NULL; break;
  case 2: ops->name = ""; break;
  case 3: ops->name = "two words"; break;
  case 4: ops->name = "dendritic"; break;
  case 5: ops->step = NULL; break;
  case 6: ops->flags = 64; break;
  case 7: ops->n_ports = 0; break;
  case 8: ops->n_signals = NAI_MOST_SIGNALS + 1; break;
  case 9: ops->n_states = -1; break;
  case 10: ops->n_parameters = NAI_MOST_PARAMETERS + 1; break;
  case 11: ops->n_sizes = NAI_MOST_SIZES + 1; break;
  case 12: ops->states = NULL; break;
  case 13: ops->n_normals = 5; break;
  case 14: ops->n_constants = 33; break;
  case 15: ops->flags = NAI_MODEL_SENDS_STATE, ops->n_states = 0; break;
  case 16: ops->slopes = NULL, ops->backward = ops->step; break;
  default: break;
  }
  if (k >= 20 && k < 40) spoil_field(ops, k);
  if (k >= 40 && k < 50) spoil_port(ops, k);
  if (k >= 50) spoil_added(ops, k);
}

static const struct {
  int number;
  nai_status code;
  const char *words;
} bad[] = {
    {0, NAI_ERR_INVALID, "struct_size"},
    {1, NAI_ERR_INVALID, "name of the model is NULL"},
    {2, NAI_ERR_NAME, "name of the model is empty"},
    {3, NAI_ERR_NAME, "name of the model \"two words\""},
    {4, NAI_ERR_NAME, "'dendritic' is a built-in model"},
    {5, NAI_ERR_INVALID, "step of model 'own_rate' is NULL"},
    {6, NAI_ERR_INVALID, "flags of model 'own_rate' is 64"},
    {7, NAI_ERR_INVALID, "n_ports of model 'own_rate' is 0, must be 1 to 8"},
    {8, NAI_ERR_INVALID, "n_signals of model 'own_rate' is 5, must be 1 to 4"},
    {9, NAI_ERR_INVALID, "n_states of model 'own_rate' is -1, must be 0 to 8"},
    {10, NAI_ERR_INVALID, "n_parameters of model 'own_rate' is 33"},
    {11, NAI_ERR_INVALID, "n_sizes of model 'own_rate' is 5"},
    {12, NAI_ERR_INVALID, "states of model 'own_rate' is NULL"},
    {13, NAI_ERR_INVALID, "n_normals of model 'own_rate' is 5, must be 0 to 4"},
    {14, NAI_ERR_INVALID, "n_constants of model 'own_rate' is 33, must be 0 to 32"},
    {15, NAI_ERR_INVALID, "sends its first state, which it has not"},
    {16, NAI_ERR_INVALID, "has backward without slopes"},
    {20, NAI_ERR_NAME, "parameter is empty"},
    {21, NAI_ERR_NAME, "model 'own_rate' has two parameters 'one'"},
    {22, NAI_ERR_NAME, "parameter \"a:b\""},
    {23, NAI_ERR_NAME, "parameter 'bias' of model 'own_rate'"},
    {24, NAI_ERR_INVALID, "parameter: struct_size is 8"},
    {25, NAI_ERR_INVALID, "struct_size of parameter 1 of model 'own_rate' is"},
    {26, NAI_ERR_NAME, "as many copies as 'three' says, which is no size"},
    {27, NAI_ERR_INVALID, "parameter 'two' starts at nan"},
    {28, NAI_ERR_INVALID, "parameter 'two' starts at 0 and has the range 2 to 0"},
    {29, NAI_ERR_INVALID, "parameter 'two' starts at 3, which is not between 0 and 2"},
    {30, NAI_ERR_INVALID, "parameter 'two' starts at 2, which is not between 0 and 1"},
    {31, NAI_ERR_INVALID, "parameter 'two' starts at 0.5, must be a whole number"},
    {32, NAI_ERR_INVALID, "size 'one' starts at 0, which is not between 1 and"},
    {33, NAI_ERR_INVALID, "parameter 'two' starts at 0 and has the range 0 to -1"},
    {40, NAI_ERR_NAME, "has the ports 'in' and 'in+', which are one name"},
    {41, NAI_ERR_INVALID, "sign of port 'in+' is 2"},
    {42, NAI_ERR_NAME, "port 'in+' has the sign -1, so its name must end with '-'"},
    {43, NAI_ERR_NAME, "as many copies as 'branches' says, which is no size"},
    {44, NAI_ERR_INVALID, "port 'on+' is the first of model 'own_rate'"},
    {45, NAI_ERR_NAME, "as many copies as 'n' says"},
    {46, NAI_ERR_INVALID, "potential of signal 'sent' of model 'own_rate' is 2, must be 0 or 1"},
    {47, NAI_ERR_INVALID, "potential of port 'in+' of model 'own_rate' is 1, must be 0"},
    {50, NAI_ERR_INVALID, "is added to the port 'in+', so it must have as many copies"},
    {51, NAI_ERR_INVALID, "of the sign +1, so its range must have it, which is -1 to 5"},
    {52, NAI_ERR_INVALID, "of the sign -1, so its range must have it, which is -5 to 1"},
    {53, NAI_ERR_INVALID, "of the sign +1, so its range must have it, which is 0 to 0"}};
enum { BAD = sizeof bad / sizeof *bad };

START_TEST(wrong_tables_are_refused)
{
  own_model m = {0};
  nai_model_ops ops = own_rate_ops(&m);
  nai_model *model = (nai_model *)(void *)&m;
  spoil_table(&ops, bad[_i].number);
  expect_fails(nai_model_create(&model, &ops, &m), bad[_i].code, bad[_i].words);
  ck_assert_ptr_null(model);
  ck_assert_int_eq(m.destroyed, bad[_i].number != 0); /* unless it could not be read */
}
END_TEST

START_TEST(parameters_are_added_to_ports)
{
  own_model m = {0};
  for (int32_t sign = -1; sign <= 1; sign += 2) {
    nai_network *net;
    nai_model *model;
    nai_model_ops ops = own_rate_ops(&m);
    add_to_port(&ops, sign);
    expect_ok(nai_model_create(&model, &ops, &m));
    expect_ok(nai_network_create(&net, 10));
    expect_ok(nai_network_add_population(net, "E", 3, NAI_FREE));
    expect_ok(nai_network_use_model(net, "E", model));
    nai_model_destroy(model);
    expect_fails(nai_network_set(net, "E", added.name, -sign), NAI_ERR_INVALID, "of 'E' is ");
    nai_network_destroy(net);
  }
}
END_TEST

START_TEST(tables_and_their_bounds)
{
  own_model m = {0};
  nai_model *model;
  nai_network *net;
  nai_model_ops ops = own_rate_ops(&m);
  expect_fails(nai_model_create(&model, NULL, &m), NAI_ERR_INVALID, "ops is NULL");
  expect_fails(nai_model_create(NULL, &ops, &m), NAI_ERR_INVALID, "out is NULL");
  ck_assert_int_eq(m.destroyed, 1);
  nai_model_destroy(NULL);
  struct {
    nai_model_ops ops;
    void *later[2];
  } newer = {.ops = own_rate_ops(&m)};
  newer.ops.struct_size = sizeof newer;
  expect_ok(nai_model_create(&model, &newer.ops, &m));
  nai_model_destroy(model);
  newer.later[1] = &m;
  expect_fails(nai_model_create(&model, &newer.ops, &m), NAI_ERR_UNSUPPORTED, "newer library");
  expect_ok(nai_network_create(&net, 10));
  nai_network_add_population(net, "E", 3, NAI_FREE);
  expect_fails(nai_network_use_model(net, "E", NULL), NAI_ERR_INVALID, "model is NULL");
  nai_network_destroy(net);
}
END_TEST

static nai_status try_network(own_model *m, int k)
{
  nai_network *net;
  nai_model *model;
  nai_model_ops ops = k < 6 ? own_dendritic_ops(m) : own_rate_ops(m);
  expect_ok(nai_network_create(&net, 10));
  expect_ok(nai_model_create(&model, &ops, m));
  nai_network_add_population(net, "E", 3, NAI_FREE);
  if (k == 1) nai_network_connect(net, "E", "E");
  nai_status status = nai_network_use_model(net, k == 0 ? "F" : "E", model);
  nai_model_destroy(model);
  if (k == 2) status = nai_network_set_model_size(net, "E", "branches", 0);
  if (k == 3) status = nai_network_set(net, "E", "lag", 0.5);
  if (k == 4) status = nai_network_choose(net, "E", "nonlinearity", "none");
  if (k == 5) {
    nai_network_set_model_size(net, "E", "branches", 100);
    status = nai_network_build(net, 1);
  }
  if (k == 6) status = nai_network_set(net, "E", "tau", 5);
  if (k == 7) status = nai_network_set(net, "E", "gain", 5);
  if (k == 8) status = nai_network_set_transfer(net, "E", NAI_TRANSFER_TANH);
  if (k == 9) status = nai_network_set_leak(net, "E", NAI_LEAK_RATE);
  nai_network_destroy(net);
  return status;
}

START_TEST(what_networks_refuse)
{
  static const struct {
    nai_status code;
    const char *words;
  } expected[] = {{NAI_ERR_NAME, "F"},
                  {NAI_ERR_ORDER, "'E' is connected"},
                  {NAI_ERR_INVALID, "branches of 'E' is 0, must be 1 to"},
                  {NAI_ERR_INVALID, "lag of 'E' is 0.5"},
                  {NAI_ERR_NAME, "must be one of: subtractive divisive yang2016"},
                  {NAI_ERR_INVALID, "a unit of 'E' has 201 ports, may have at most 128"},
                  {NAI_ERR_INVALID, "tau of 'E' is 5"},
                  {NAI_ERR_NAME, "of model 'own_rate', has no parameter 'gain'; it has tau"},
                  {NAI_ERR_UNSUPPORTED, "'E' is of model 'own_rate', which has no transfer"},
                  {NAI_ERR_UNSUPPORTED, "'E' is of model 'own_rate', which has no leak"}};
  for (int k = 0; k < (int)(sizeof expected / sizeof *expected); k++) {
    own_model m = {0};
    expect_fails(try_network(&m, k), expected[k].code, expected[k].words);
    ck_assert_int_eq(m.destroyed, 1);
  }
}
END_TEST

/* --- lives ------------------------------------------------------------------------------------ */

START_TEST(a_model_lives_as_long_as_one_who_has_it)
{
  own m = {.rate.destroyed = 0};
  nai_network *net = build(&forms[0], &m), *copy;
  expect_ok(nai_network_copy(&copy, net));
  EXPECT(hash_of(copy) == hash_of(net));
  nai_network_destroy(net);
  ck_assert_int_eq(m.rate.destroyed, 0);
  nai_state *state = make_state(copy, 1, 1);
  nai_network_destroy(copy);
  ck_assert_int_eq(m.rate.destroyed, 0);
  expect_ok(nai_state_run(NULL, NULL, state, 3, NULL));
  nai_state_destroy(state);
  ck_assert_int_eq(m.rate.destroyed, 1);
  ck_assert_int_eq(m.adaptive.destroyed, 1);
  ck_assert_int_eq(m.dendritic.destroyed, 1);
}
END_TEST

START_TEST(composing_without_memory)
{
  int failures = 0;
  for (nai_status status = NAI_ERR_MEMORY; status != NAI_OK; failures++) {
    own m = {.rate.destroyed = 0};
    nai_network *net = NULL;
    faults_fail_allocation(failures);
    status = nai_network_create(&net, 10);
    if (status == NAI_OK) {
      compose(net, &forms[2], &m);
      status = nai_network_build(net, 3);
    }
    faults_fail_allocation(-1);
    nai_network_destroy(net);
    if (net) {
      ck_assert_int_eq(m.rate.destroyed, 1);
      ck_assert_int_eq(m.adaptive.destroyed, 1);
      ck_assert_int_eq(m.dendritic.destroyed, 1);
    }
  }
  ck_assert_int_gt(failures, 60);
}
END_TEST

/* --- at work ---------------------------------------------------------------------------------- */

START_TEST(steps_do_not_allocate)
{
  own m = {.rate.destroyed = 0};
  nai_network *net = build(&forms[1], &m);
  nai_trials *trials = make_trials(net, TRIALS);
  nai_trainer *trainer = train(net, bptt_rule());
  nai_state *state = make_state(net, 2, 5);
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  long allocations = faults_allocations();
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  expect_ok(nai_state_run(NULL, NULL, state, 3, NULL));
  ck_assert_int_eq(faults_allocations(), allocations);
  nai_state_destroy(state);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

static const char *const bound_rules[] = {"bptt", "rtrl"};

/* All trials of a step in one call, on the thread that calls; and the same bits for any number. */
START_TEST(plain_models_are_called_on_the_callers_thread)
{
  uint64_t hash[2];
  for (int k = 0; k < 2; k++) {
    own m = {.rate.threaded = 1};
    nai_network *net = build(&forms[0], &m);
    nai_trials *trials = make_trials(net, 70);
    nai_rule *rule;
    expect_ok(_i ? nai_rule_create_rtrl(&rule) : nai_rule_create_bptt(&rule));
    ck_assert_str_eq(nai_rule_name(rule), bound_rules[_i]);
    nai_trainer *trainer = train(net, rule);
    expect_ok(nai_trainer_set(trainer, "threads", k ? 3 : 1));
    for (int i = 0; i < 3; i++) expect_ok(nai_trainer_step(NULL, trainer, trials));
    hash[k] = hash_of(net);
    ck_assert_int_eq(m.adaptive.other_thread + m.dendritic.other_thread, 0);
    ck_assert_int_eq(m.adaptive.most_trials, 70);
    ck_assert_int_eq(m.dendritic.calls[OWN_STEP - 1], 3 * STEPS);
    if (!_i) ck_assert_int_eq(m.dendritic.calls[OWN_SLOPES - 1], 3 * STEPS);
    nai_trainer_destroy(trainer);
    nai_trials_destroy(trials);
    nai_network_destroy(net);
  }
  EXPECT(hash[0] == hash[1]);
}
END_TEST

/* R is computed before D within a step, but was added after it. */
START_TEST(units_are_counted_as_populations_were_added)
{
  own m = {.rate.destroyed = 0};
  nai_network *net = build(&forms[0], &m);
  EXPECT(m.rate.first_unit == 9); /* in prepare */
  m.adaptive.first_unit = m.rate.first_unit = -1;
  nai_state *state;
  expect_ok(nai_state_create(&state, net, 2, 1));
  expect_ok(nai_state_step(NULL, state, NULL));
  EXPECT(m.adaptive.first_unit == 0 && m.dendritic.first_unit == 5 && m.rate.first_unit == 9);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

START_TEST(evaluations_call_them_there_too)
{
  own m = {.rate.threaded = 1};
  nai_network *net = build(&forms[0], &m);
  nai_evaluation *evaluation;
  nai_evaluation_options options = NAI_EVALUATION_OPTIONS_INIT;
  nai_trials *trials = make_trials(net, 70);
  options.threads = 3;
  expect_ok(nai_evaluation_create_from_trials(&evaluation, net, trials, NULL, &options));
  ck_assert_int_eq(m.adaptive.other_thread + m.dendritic.other_thread, 0);
  EXPECT(m.adaptive.most_trials > 16);
  nai_evaluation_destroy(evaluation);
  m.rate.fails = OWN_STEP;
  m.rate.says = 1;
  expect_fails(nai_evaluation_create_from_trials(&evaluation, net, trials, NULL, &options),
               NAI_ERR_USER, "the cells are asleep");
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* --- functions that fail ---------------------------------------------------------------------- */

static const struct {
  int function, threaded, says;
} failing[] = {{OWN_BEGIN, 0, 1},  {OWN_BEGIN, 1, 0},  {OWN_STEP, 0, 0},     {OWN_STEP, 1, 1},
               {OWN_SLOPES, 0, 1}, {OWN_SLOPES, 1, 1}, {OWN_BACKWARD, 0, 0}, {OWN_BACKWARD, 1, 1}};
enum { FAILING = sizeof failing / sizeof *failing };

/* The first failure comes out of the call that led to it, from each thread, and no weight moves. */
START_TEST(failures_come_out)
{
  own m = {.adaptive = {.fused = failing[_i].function == OWN_BACKWARD,
                        .threaded = failing[_i].threaded,
                        .says = failing[_i].says}};
  const char *words =
      failing[_i].says ? "the cells are asleep" : "model own_adaptive failed with NAI_ERR_USER";
  nai_network *net = build(&forms[0], &m);
  nai_trials *trials = make_trials(net, 70);
  nai_trainer *trainer = train(net, bptt_rule());
  expect_ok(nai_trainer_set(trainer, "threads", 3));
  m.dendritic.threaded = m.rate.threaded = 1;
  uint64_t hash = hash_of(net);
  for (int after = 0; after < 3; after++) {
    nai_set_error("of another time");
    m.adaptive.fails = failing[_i].function;
    m.adaptive.fails_after = m.adaptive.calls[failing[_i].function - 1] + after;
    nai_status status = nai_trainer_step(NULL, trainer, trials);
    if (!after || failing[_i].function != OWN_BEGIN) /* once a group of trials */
      expect_fails(status, NAI_ERR_USER, words);
    EXPECT(status == NAI_OK || hash_of(net) == hash);
    m.adaptive.fails = 0;
    expect_ok(nai_trainer_step(NULL, trainer, trials));
    hash = hash_of(net);
  }
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

START_TEST(failures_come_out_of_forward_rules)
{
  own m = {.adaptive.says = 1};
  nai_network *net = build(&forms[0], &m);
  nai_trials *trials = make_trials(net, 3);
  nai_rule *rule;
  expect_ok(nai_rule_create_rtrl(&rule));
  nai_trainer *trainer = train(net, rule);
  for (int after = 0; after < 2; after++) { /* at time 0, and later */
    m.adaptive.fails = OWN_SLOPES;
    m.adaptive.fails_after = m.adaptive.calls[OWN_SLOPES - 1] + 3 * after;
    expect_fails(nai_trainer_step(NULL, trainer, trials), NAI_ERR_USER, "the cells are asleep");
    m.adaptive.fails = 0;
    expect_ok(nai_trainer_step(NULL, trainer, trials));
  }
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

START_TEST(failures_of_states_and_builds)
{
  own m = {.rate = {.fails = OWN_PREPARE, .says = 1}};
  nai_network *net;
  expect_ok(nai_network_create(&net, 10));
  compose(net, &forms[0], &m);
  expect_fails(nai_network_build(net, 3), NAI_ERR_USER, "the cells are asleep");
  nai_network_destroy(net);
  own fine = {.rate.says = 1};
  net = build(&forms[0], &fine);
  nai_state *state = make_state(net, 1, 1), *other = make_state(net, 1, 1);
  void *before = snapshot_of(state);
  fine.rate.fails = OWN_STEP;
  expect_fails(nai_state_run(NULL, NULL, state, 3, NULL), NAI_ERR_USER, "the cells are asleep");
  fine.rate.fails = 0;
  expect_ok(nai_state_restore(state, before, nai_state_snapshot_size(state)));
  expect_ok(nai_state_run(NULL, NULL, state, 3, NULL));
  expect_ok(nai_state_run(NULL, NULL, other, 3, NULL));
  EXPECT(same_states(state, other));
  fine.rate.fails = OWN_BEGIN;
  expect_fails(nai_state_reset(state), NAI_ERR_USER, "the cells are asleep");
  fine.rate.fails = 0;
  expect_ok(nai_state_reset(state));
  fine.rate.fails = OWN_PREPARE;
  expect_fails(nai_network_set(net, "A D R", "tau", 50), NAI_ERR_USER, "the cells are asleep");
  double tau[5];
  expect_ok(nai_network_get_each(tau, 5, net, "A", "tau"));
  EXPECT(tau[0] == 30 && tau[4] == 30);
  free(before);
  nai_state_destroy(state);
  nai_state_destroy(other);
  nai_network_destroy(net);
}
END_TEST

START_TEST(slopes_that_are_no_numbers_end_the_update)
{
  for (int fused = 0; fused < 2; fused++) {
    own m = {.adaptive = {.fused = fused, .wrong = fused ? 14 : 5, .nan = 1}};
    nai_network *net = build(&forms[0], &m);
    nai_trials *trials = make_trials(net, 3);
    nai_trainer *trainer = train(net, bptt_rule());
    uint64_t hash = hash_of(net);
    expect_fails(nai_trainer_step(NULL, trainer, trials), NAI_ERR_NONFINITE, "");
    EXPECT(hash_of(net) == hash);
    nai_trainer_destroy(trainer);
    nai_trials_destroy(trials);
    nai_network_destroy(net);
  }
}
END_TEST

/* --- files ------------------------------------------------------------------------------------ */

static nai_model *make(nai_model_ops ops, own_model *m)
{
  nai_model *model;
  m->thread = (unsigned long)pthread_self();
  expect_ok(nai_model_create(&model, &ops, m));
  return model;
}

static void refuse_to_load(const char *path, nai_model *const *models)
{
  nai_network *again;
  nai_model *none[] = {NULL};
  expect_fails(nai_network_load(&again, path, NULL), NAI_ERR_NAME,
               "it needs the user's own model 'own_adaptive', which was not given");
  ck_assert_ptr_null(again);
  expect_fails(nai_network_load(&again, path, LOADING(.models = models, .n_models = 1)),
               NAI_ERR_NAME, "it needs the user's own model 'own_dendritic'");
  expect_fails(nai_network_load(&again, path, LOADING(.models = models, .n_models = -1)),
               NAI_ERR_INVALID, "n_models is -1");
  expect_fails(nai_network_load(&again, path, LOADING(.n_models = 1)), NAI_ERR_INVALID,
               "models is NULL");
  expect_fails(nai_network_load(&again, path, LOADING(.models = none, .n_models = 1)),
               NAI_ERR_INVALID, "models[0] is NULL");
}

START_TEST(files_take_the_users_models)
{
  char folder[256], path[300];
  checks_folder(folder);
  snprintf(path, sizeof path, "%s/net.safetensors", folder);
  own m = {.rate.destroyed = 0}, n = {.rate.destroyed = 0};
  nai_network *net = build(&forms[1], &m), *again;
  const double adaptation[] = {0.1, 0.2, 0.3, 0.4, 0.5};
  expect_ok(nai_network_set_each(net, "A", "adaptation", adaptation, 5));
  expect_ok(nai_network_save(net, path));
  nai_model *models[] = {make(own_adaptive_ops(&n.adaptive), &n.adaptive),
                         make(own_dendritic_ops(&n.dendritic), &n.dendritic),
                         make(own_rate_ops(&n.rate), &n.rate)};
  refuse_to_load(path, models);
  expect_ok(nai_network_load(&again, path, LOADING(.models = models, .n_models = 3)));
  for (int k = 0; k < 3; k++) nai_model_destroy(models[k]);
  EXPECT(hash_of(again) == hash_of(net));
  nai_state *a = make_state(net, 1, 5), *b = make_state(again, 1, 5);
  expect_ok(nai_state_run(NULL, NULL, a, 9, NULL));
  expect_ok(nai_state_run(NULL, NULL, b, 9, NULL));
  EXPECT(same_states(a, b));
  nai_state_destroy(a);
  nai_state_destroy(b);
  nai_network_destroy(again);
  ck_assert_int_eq(n.rate.destroyed + n.adaptive.destroyed + n.dendritic.destroyed, 3);
  unlink(path);
  rmdir(folder);
  nai_network_destroy(net);
}
END_TEST

/* A parameter that the model has no longer is refused, one that it has since is at its default. */
START_TEST(files_of_other_versions_of_a_model)
{
  char folder[256], path[300];
  checks_folder(folder);
  snprintf(path, sizeof path, "%s/net.safetensors", folder);
  own_model m = {0};
  nai_network *net, *again;
  nai_model_ops before = own_adaptive_ops(&m), after = before;
  before.n_parameters = 2;
  expect_ok(nai_network_create(&net, 10));
  nai_network_add_population(net, "A", 5, NAI_FREE);
  use(net, "A", before, &m);
  expect_ok(nai_network_build(net, 1));
  expect_ok(nai_network_save(net, path));
  nai_model *model = make(after, &m);
  double value[5];
  expect_ok(nai_network_load(&again, path, LOADING(.models = &model, .n_models = 1)));
  expect_ok(nai_network_get_each(value, 5, again, "A", "tau_adaptation"));
  EXPECT(value[0] == 500 && value[4] == 500);
  expect_ok(nai_network_save(again, path));
  nai_network_destroy(again);
  nai_model_destroy(model);
  model = make(before, &m);
  expect_fails(nai_network_load(&again, path, LOADING(.models = &model, .n_models = 1)),
               NAI_ERR_FORMAT, "'A', of model 'own_adaptive', has no parameter 'tau_adaptation'");
  nai_model_destroy(model);
  nai_network_destroy(net);
  ck_assert_int_eq(m.destroyed, 3);
  unlink(path);
  rmdir(folder);
}
END_TEST

START_TEST(checkpoints_go_on_with_the_users_models)
{
  char folder[256], path[300];
  checks_folder(folder);
  snprintf(path, sizeof path, "%s/trainer.safetensors", folder);
  uint64_t hash[2];
  for (int k = 0; k < 2; k++) {
    own m = {.rate.destroyed = 0};
    nai_network *net = build(&forms[0], &m);
    nai_trials *trials = make_trials(net, TRIALS);
    nai_trainer *trainer = train(net, bptt_rule());
    if (k) expect_ok(nai_trainer_restore(trainer, path));
    for (int update = k ? 3 : 0; update < 6; update++) {
      if (update == 3 && !k) expect_ok(nai_trainer_save(trainer, path));
      expect_ok(nai_trainer_step(NULL, trainer, trials));
    }
    hash[k] = hash_of(net);
    nai_trainer_destroy(trainer);
    nai_trials_destroy(trials);
    nai_network_destroy(net);
  }
  EXPECT(hash[0] == hash[1]);
  unlink(path);
  rmdir(folder);
}
END_TEST

/* --- the suite -------------------------------------------------------------------------------- */

static void add_loop(Suite *suite, const char *name, const TTest *test, int end)
{
  TCase *tests = tcase_create(name);
  tcase_add_loop_test(tests, test, 0, end);
  suite_add_tcase(suite, tests);
}

Suite *own_model_suite(void);

Suite *own_model_suite(void)
{
  Suite *suite = suite_create("own_model");
  add_loop(suite, "rules", gradients_of_every_rule, n_rules);
  add_loop(suite, "uoro", gradients_of_uoro, FORMS);
  add_loop(suite, "forms", gradients_of_every_form, FORMS);
  add_loop(suite, "rates", rates_of_every_form, FORMS);
  add_loop(suite, "right", right_slopes_pass, FORMS);
  add_loop(suite, "transfer", right_slopes_pass_with_every_transfer_function,
           NAI_TRANSFER_POWER + 1);
  add_loop(suite, "wrong", wrong_slopes_are_found, FAULTS);
  add_loop(suite, "rate units", right_slopes_of_rate_units_pass, LEAKS * TRANSFERS);
  add_loop(suite, "rate faults", wrong_slopes_of_rate_units_are_found, LEAKS);
  ADD_CASE(suite, "check", units_that_spike_are_checked_where_they_do_not, what_cannot_be_checked);
  add_loop(suite, "tables", wrong_tables_are_refused, BAD);
  ADD_CASE(suite, "bounds", parameters_are_added_to_ports, tables_and_their_bounds,
           what_networks_refuse);
  ADD_CASE(suite, "lives", a_model_lives_as_long_as_one_who_has_it, composing_without_memory);
  ADD_CASE(suite, "work", steps_do_not_allocate, evaluations_call_them_there_too,
           units_are_counted_as_populations_were_added);
  add_loop(suite, "threads", plain_models_are_called_on_the_callers_thread, 2);
  add_loop(suite, "failures", failures_come_out, FAILING);
  ADD_CASE(suite, "failing", failures_come_out_of_forward_rules, failures_of_states_and_builds,
           slopes_that_are_no_numbers_end_the_update);
  ADD_CASE(suite, "files", files_take_the_users_models, files_of_other_versions_of_a_model,
           checkpoints_go_on_with_the_users_models);
  return suite;
}
