/*
 * Equilibrium propagation: it tends to the gradient at rest, symmetric weights stay so, and what it cannot
 * drive it says.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <neuroai/extend.h>

#include "faults.h"
#include "refusals.h"

enum { REST = 150, FEW = 5, TRIALS = 11 };

static nai_rule *propagation(int32_t form, double beta, double steps)
{
  nai_rule *rule;
  expect_ok(nai_rule_create_equilibrium_propagation(&rule, form, 3));
  expect_ok(nai_rule_set(rule, "beta", beta));
  expect_ok(nai_rule_set(rule, "steps", steps));
  return rule;
}

/* --- networks and trials ---------------------------------------------------------------------- */

/* Weights from `to` to `from` are those from `from` to `to`, or the upper half of a square the lower. */
static void mirror(nai_network *net, const char *from, const char *to)
{
  const nai_view there = weights_of(net, from, to);
  int64_t rows = there.shape[0], columns = there.shape[1];
  float w[256];
  ck_assert_int_le(rows * columns, 256);
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++)
      w[j * rows + i] = strcmp(from, to) == 0 && i < j ? at(&there, j, i) : at(&there, i, j);
  expect_ok(nai_network_set_weights(net, to, from, w, columns, rows));
}

static nai_network *compose_loops(int32_t leak, int32_t transfer)
{
  nai_network *net =
      COMPOSE(.dt = 20, .inputs = {{"u", 3}},
              .populations = {{"a", 7, NAI_FREE}, {"b", 6, NAI_FREE}, {"c", 4, NAI_FREE}},
              .outputs = {{"y", 2}, {"z", 3}},
              .projections = {
                  {"u", "a b"}, {"a", "a b"}, {"b", "a c"}, {"c", "b"}, {"c", "y z"}, {"b", "y"}});
  expect_ok(nai_network_set(net, "a b c", "tau", 40));
  expect_ok(nai_network_set(net, "b", "gain", 0.8));
  expect_ok(nai_network_set_leak(net, "a b c", leak));
  expect_ok(nai_network_set_transfer(net, "a b c", transfer));
  return net;
}

/* Every pair the transpose of the other. */
static void make_symmetric(nai_network *net)
{
  mirror(net, "a", "a");
  mirror(net, "a", "b");
  mirror(net, "b", "c");
}

static nai_network *build_loops(int32_t leak, int32_t transfer)
{
  nai_network *net = compose_loops(leak, transfer);
  expect_ok(nai_network_set_radius(net, "a b c", 0.6));
  expect_ok(nai_network_build(net, 4));
  make_symmetric(net);
  return net;
}

/* Inputs that stay, and costs at the last step alone. */
static nai_trials *resting_trials(const nai_network *net, int64_t steps, int64_t n)
{
  nai_trials *trials = normal_trials(net, "y", steps, n);
  float *inputs = calloc((size_t)(steps * n * 3), sizeof *inputs);
  float *mask = calloc((size_t)(steps * n), sizeof *mask);
  for (int64_t t = 0; t < steps; t++)
    for (int64_t i = 0; i < n * 3; i++) inputs[t * n * 3 + i] = sinf(0.7f + 1.3f * (float)i);
  for (int64_t b = 0; b < n; b++) mask[(steps - 1) * n + b] = 1;
  expect_ok(nai_trials_set_inputs(trials, NULL, inputs, 3));
  expect_ok(nai_trials_set_mask(trials, "y", mask, 1));
  free(inputs);
  free(mask);
  return trials;
}

static nai_trainer *train_loops(nai_network *net, nai_rule *rule, nai_optimizer *optimizer)
{
  nai_cost *c;
  nai_trainer *trainer = trainer_of(net, rule, optimizer);
  attach_cost(trainer, nai_cost_create_mse(&c, "y"), &c, 0.7);
  attach_cost(trainer, nai_cost_create_logistic_mse(&c, "y"), &c, 2);
  return trainer;
}

/* --- the gradient ----------------------------------------------------------------------------- */

static double gradient_at(const nai_trainer *trainer, const nai__rectangle *at, int64_t i,
                          int64_t j)
{
  return (double)trainer->plasticity.gradient[nai__place_in(at, i, j)];
}

/* Backpropagation's, of weights that two directions share: the sum of both. */
static double shared_gradient(const nai_trainer *exact, const nai__projection *p,
                              const nai__projection *back, int64_t i, int64_t j)
{
  double one = gradient_at(exact, &p->at, i, j);
  return back ? one + gradient_at(exact, &back->at, j, i) : one;
}

static const nai__projection *back_of(const nai_network *net, const nai__projection *p)
{
  for (int64_t k = 0; k < net->n_projections; k++)
    if (net->projection[k].from == p->to && net->projection[k].to == p->from)
      return &net->projection[k];
  return NULL;
}

/* Largest difference from the exact gradient, over the largest gradient. */
static double off(nai_network *net, int32_t form, double beta, const nai_trials *trials)
{
  nai_trainer *exact = train_loops(net, bptt_rule(), plain_descent(1e-2));
  nai_trainer *ours = train_loops(net, propagation(form, beta, REST), plain_descent(1e-2));
  expect_ok(nai_trainer_estimate_gradient(NULL, exact, trials));
  expect_ok(nai_trainer_estimate_gradient(NULL, ours, trials));
  double most = 0, largest = 0;
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k], *back = back_of(net, p);
    for (int64_t i = 0; i < p->at.rows; i++)
      for (int64_t j = 0; j < p->at.columns; j++) {
        double g = shared_gradient(exact, p, back, i, j);
        most = fmax(most, fabs(gradient_at(ours, &p->at, i, j) - g));
        largest = fmax(largest, fabs(g));
      }
  }
  for (int64_t u = net->unit_bias; u < net->n_theta; u++)
    most = fmax(most,
                fabs((double)ours->plasticity.gradient[u] - (double)exact->plasticity.gradient[u]));
  nai_trainer_destroy(exact);
  nai_trainer_destroy(ours);
  EXPECT(largest > 1e-3);
  return most / largest;
}

/* Of each leak; what it is off by falls with beta, and with its square. */
START_TEST(test_the_limit_of_a_small_beta)
{
  static const int32_t transfer[] = {NAI_TRANSFER_TANH, NAI_TRANSFER_LOGISTIC,
                                     NAI_TRANSFER_SOFTPLUS};
  nai_network *net = build_loops(_i, transfer[_i]);
  nai_trials *trials = resting_trials(net, REST, TRIALS);
  for (int32_t form = NAI_NUDGE_ONE_SIDED; form <= NAI_NUDGE_SYMMETRIC; form++) {
    double found[3];
    for (int k = 0; k < 3; k++) found[k] = off(net, form, 0.1 / (1 << k), trials);
    int falls = form == NAI_NUDGE_SYMMETRIC ? 4 : 2;
    for (int k = 0; k < 2; k++)
      ck_assert_double_eq_tol(found[k] / found[k + 1], falls, 0.1 * falls);
    ck_assert_double_lt(found[2], form == NAI_NUDGE_SYMMETRIC ? 0.01 : 0.1);
  }
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* An update of the random form is that of beta or of -beta, one about as often as the other. */
START_TEST(test_random_signs)
{
  nai_network *net = build_loops(NAI_LEAK_RATE, NAI_TRANSFER_TANH);
  nai_trials *trials = resting_trials(net, 20, TRIALS);
  nai_trainer *random = train_loops(net, propagation(NAI_NUDGE_RANDOM, 0.5, 4), plain_descent(0));
  nai_trainer *positive =
      train_loops(net, propagation(NAI_NUDGE_ONE_SIDED, 0.5, 4), plain_descent(0));
  expect_ok(nai_trainer_estimate_gradient(NULL, positive, trials));
  size_t bytes = (size_t)net->n_theta * sizeof(float);
  int alike = 0;
  for (int k = 0; k < 60; k++) {
    expect_ok(nai_trainer_step(NULL, random, trials));
    expect_ok(nai_trainer_estimate_gradient(NULL, random, trials));
    alike += memcmp(random->plasticity.gradient, positive->plasticity.gradient, bytes) == 0;
  }
  EXPECT(alike > 15 && alike < 45);
  nai_trainer_destroy(random);
  nai_trainer_destroy(positive);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* --- by hand ---------------------------------------------------------------------------------- */

/*
 * h and t, tanh, the leak on the rate with alpha 1/2, w both ways, z = t; one trial, two free steps and
 * three nudged ones, cost (z - 0.4)^2. Followed in double.
 */
START_TEST(test_by_hand)
{
  const double w = 0.6, u = 0.5, beta = 0.3;
  nai_network *net =
      COMPOSE(.dt = 1, .inputs = {{"u", 1}},
              .populations = {{"h", 1, NAI_FREE}, {"t", 1, NAI_FREE}}, .outputs = {{"z", 1}},
              .projections = {{"u", "h"}, {"h", "t"}, {"t", "h"}, {"t", "z"}});
  expect_ok(nai_network_set(net, "h t", "tau", 2));
  expect_ok(nai_network_set_leak(net, "h t", NAI_LEAK_RATE));
  expect_ok(nai_network_set_transfer(net, "h t", NAI_TRANSFER_TANH));
  expect_ok(nai_network_build(net, 1));
  expect_ok(nai_network_set_weights(net, "u", "h", (float[]){1}, 1, 1));
  expect_ok(nai_network_set_weights(net, "h", "t", (float[]){(float)w}, 1, 1));
  expect_ok(nai_network_set_weights(net, "t", "h", (float[]){(float)w}, 1, 1));
  expect_ok(nai_network_set_weights(net, "t", "z", (float[]){1}, 1, 1));
  nai_trials *trials;
  expect_ok(nai_trials_create(&trials, net, 2, 1));
  expect_ok(nai_trials_set_inputs(trials, "u", (float[]){(float)u, (float)u}, 1));
  expect_ok(nai_trials_set_targets(trials, "z", (float[]){0.4f, 0.4f}, 1));
  expect_ok(nai_trials_set_mask(trials, "z", (float[]){0, 1}, 1));
  nai_trainer *trainer =
      trainer_of(net, propagation(NAI_NUDGE_ONE_SIDED, beta, 3), plain_descent(1e-2));
  nai_cost *c;
  attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 1);
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
  double h = 0, t = 0, free_h = 0, free_t = 0;
  for (int k = 0; k < 5; k++) {
    double push = k < 2 ? 0 : -beta * 2 * (t - 0.4), before = h;
    h = 0.5 * h + 0.5 * tanh(w * t + u);
    t = 0.5 * t + 0.5 * tanh(w * before + push);
    if (k == 1) free_h = h, free_t = t;
  }
  double pair = -(h * t - free_h * free_t) / beta;
  const double expected[] = {
      -u * (h - free_h) / beta, -(h - free_h) / beta,       pair, pair, -(t - free_t) / beta,
      2 * (free_t - 0.4),       2 * (free_t - 0.4) * free_t};
  const char *const ends[][2] = {{"u", "h"},  {"h", NULL}, {"h", "t"}, {"t", "h"},
                                 {"t", NULL}, {"z", NULL}, {"t", "z"}};
  for (int k = 0; k < 7; k++) {
    nai_view view = NAI_VIEW_INIT;
    expect_ok(nai_trainer_gradient(&view, trainer, ends[k][0], ends[k][1]));
    ck_assert_double_eq_tol((double)at(&view, 0, 0), expected[k], 3e-6);
  }
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* --- at work ---------------------------------------------------------------------------------- */

static void expect_symmetric(const nai_network *net)
{
  static const char *const pairs[][2] = {{"a", "a"}, {"a", "b"}, {"b", "c"}};
  for (int k = 0; k < 3; k++) {
    const nai_view there = weights_of(net, pairs[k][0], pairs[k][1]),
                   back = weights_of(net, pairs[k][1], pairs[k][0]);
    for (int64_t i = 0; i < there.shape[0]; i++)
      for (int64_t j = 0; j < there.shape[1]; j++) EXPECT(at(&there, i, j) == at(&back, j, i));
  }
}

/* Under any optimiser and any number of threads; no update takes memory. */
START_TEST(test_weights_stay_symmetric)
{
  uint64_t hash[3];
  for (int threads = 1; threads <= 3; threads++) {
    nai_network *net = build_loops(NAI_LEAK_CURRENT, NAI_TRANSFER_TANH);
    nai_trials *trials = resting_trials(net, 12, 37);
    nai_rule *rule = propagation(NAI_NUDGE_SYMMETRIC, 0.5, 6);
    nai_trainer *trainer = train_loops(net, rule, _i ? adam(3e-3) : plain_descent(0.05));
    nai_progress first = NAI_PROGRESS_INIT, last = NAI_PROGRESS_INIT;
    expect_ok(nai_trainer_set(trainer, "threads", threads));
    expect_ok(nai_trainer_set(trainer, "clip", 0.5));
    expect_ok(nai_trainer_step(&first, trainer, trials));
    long before = faults_allocations();
    expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
    EXPECT(faults_allocations() == before);
    for (int k = 0; k < 100; k++) expect_ok(nai_trainer_step(&last, trainer, trials));
    EXPECT(last.cost < first.cost);
    expect_symmetric(net);
    hash[threads - 1] = hash_of(net);
    nai_trainer_destroy(trainer);
    nai_trials_destroy(trials);
    nai_network_destroy(net);
  }
  EXPECT(hash[0] == hash[1] && hash[0] == hash[2]);
}
END_TEST

/* Synapses that are removed one way leave others without one back: said, until those are gone, too. */
START_TEST(test_synapses_removed_one_way)
{
  nai_network *net = build_loops(NAI_LEAK_CURRENT, NAI_TRANSFER_TANH);
  nai_trials *trials = resting_trials(net, 12, 5);
  nai_trainer *trainer =
      train_loops(net, propagation(NAI_NUDGE_SYMMETRIC, 0.5, 6), plain_descent(0.05));
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  expect_ok(nai_network_prune_smallest(net, "b", "c", 0.4));
  const uint64_t before = hash_of(net);
  expect_fails(nai_trainer_step(NULL, trainer, trials), NAI_ERR_UNSUPPORTED,
               "are not the transpose of those back, from 'b' to 'c'");
  EXPECT(hash_of(net) == before);
  expect_ok(nai_network_prune_smallest(net, "c", "b", 0.4));
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  expect_symmetric(net);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

static nai_rule *short_nudges(void)
{
  return propagation(NAI_NUDGE_SYMMETRIC, 0.5, 3);
}

START_TEST(test_failing_allocations)
{
  nai_network *net = build_loops(NAI_LEAK_WHOLE, NAI_TRANSFER_TANH);
  nai_trials *few = resting_trials(net, 4, 3), *many = resting_trials(net, 4, 37);
  fail_each_allocation(net, short_nudges, few, many);
  nai_trials_destroy(few);
  nai_trials_destroy(many);
  nai_network_destroy(net);
}
END_TEST

/* --- costs in the nudged phase ---------------------------------------------------------------- */

typedef struct spy {
  int calls, fails_at;
  int64_t steps;
  float first, last; /* output of the first trial */
} spy;

static nai_status look(void *user, nai_output_batch *b, double *value)
{
  spy *s = user;
  s->steps = b->steps;
  s->last = b->output[0];
  if (++s->calls == 1) s->first = b->output[(b->steps - 1) * b->trials * b->stride];
  if (s->calls == s->fails_at) return NAI_ERR_USER;
  for (int64_t k = 0; k < b->trials; k++) b->gradient[k * b->stride] += (float)b->scale;
  *value += 1;
  return NAI_OK;
}

/* They are asked again at each step, of one step, of outputs that move; a failure comes out. */
START_TEST(test_costs_are_asked_again)
{
  nai_cost_ops ops = {.struct_size = sizeof ops, .name = "look", .on_outputs = look};
  nai_network *net = build_loops(NAI_LEAK_RATE, NAI_TRANSFER_TANH);
  nai_trials *trials = resting_trials(net, REST, 3);
  spy s = {.fails_at = -1};
  nai_cost *cost;
  expect_ok(nai_cost_create(&cost, &ops, "y", NULL, &s));
  nai_trainer *trainer =
      trainer_of(net, propagation(NAI_NUDGE_SYMMETRIC, 0.1, 5), plain_descent(1e-2));
  expect_ok(nai_trainer_add_cost(trainer, cost, 1));
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
  ck_assert_int_eq(s.calls, 11);
  ck_assert_int_eq(s.steps, 1);
  EXPECT(s.last > s.first); /* its gradient is 1, and it is pushed by -beta last */
  uint64_t before = hash_of(net);
  s = (spy){.fails_at = 8};
  expect_fails(nai_trainer_step(NULL, trainer, trials), NAI_ERR_USER, "look");
  EXPECT(hash_of(net) == before);
  nai_trainer_destroy(trainer);
  nai_cost_destroy(cost);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* Classes too. */
START_TEST(test_classes)
{
  nai_network *net = build_loops(NAI_LEAK_WHOLE, NAI_TRANSFER_TANH);
  nai_trials *trials;
  float inputs[6 * 4 * 3];
  float mask[6 * 4];
  int32_t classes[6 * 4];
  for (int i = 0; i < 6 * 4; i++) mask[i] = i >= 5 * 4, classes[i] = i % 3;
  for (int i = 0; i < 6 * 4 * 3; i++) inputs[i] = (float)(i % 12 % 5) - 2;
  expect_ok(nai_trials_create(&trials, net, 6, 4));
  expect_ok(nai_trials_set_inputs(trials, NULL, inputs, 3));
  expect_ok(nai_trials_set_classes(trials, "z", classes));
  expect_ok(nai_trials_set_mask(trials, "z", mask, 1));
  nai_trainer *trainer = trainer_of(net, propagation(NAI_NUDGE_SYMMETRIC, 0.5, 6), adam(1e-2));
  nai_cost *c;
  attach_cost(trainer, nai_cost_create_cross_entropy(&c, "z"), &c, 1);
  nai_progress first = NAI_PROGRESS_INIT, last = NAI_PROGRESS_INIT;
  expect_ok(nai_trainer_step(&first, trainer, trials));
  for (int k = 0; k < 150; k++) expect_ok(nai_trainer_step(&last, trainer, trials));
  EXPECT(last.cost < 0.3 * first.cost);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* --- refusals --------------------------------------------------------------------------------- */

static nai_rule *long_nudges(void)
{
  return propagation(NAI_NUDGE_SYMMETRIC, 0.5, 20);
}

static void refuse(nai_network *net, const char *words)
{
  expect_refused(net, long_nudges(), words);
}

static nai_trainer *train_by_propagation(nai_network *net)
{
  return train_loops(net, propagation(NAI_NUDGE_SYMMETRIC, 0.5, 3), plain_descent(1e-2));
}

START_TEST(test_networks_that_are_refused)
{
  nai_network *net = compose_loops(NAI_LEAK_RATE, NAI_TRANSFER_TANH);
  expect_ok(nai_network_set_delay(net, "b", "c", 40));
  expect_ok(nai_network_build(net, 4));
  refuse(net, "there is a delay other than one step from 'b' to 'c'");
  nai_network_destroy(net);
  net = compose_loops(NAI_LEAK_RATE, NAI_TRANSFER_TANH);
  expect_ok(nai_network_set_delay(net, "c", "z", 20));
  expect_ok(nai_network_build(net, 4));
  refuse(net, "there is a delay from 'c' to 'z'");
  nai_network_destroy(net);
  net = compose_loops(NAI_LEAK_RATE, NAI_TRANSFER_TANH);
  expect_ok(nai_network_connect(net, "c", "a"));
  expect_ok(nai_network_build(net, 4));
  make_symmetric(net);
  refuse(net, "there is none back for the projection from 'c' to 'a'");
  nai_network_destroy(net);
  net = compose_loops(NAI_LEAK_RATE, NAI_TRANSFER_TANH);
  expect_ok(nai_network_build(net, 4));
  mirror(net, "a", "a");
  mirror(net, "a", "b");
  refuse(net, "are not the transpose of those back, from 'b' to 'c'");
  mirror(net, "b", "c");
  expect_ok(nai_network_set_plastic(net, "b", "a", 0));
  refuse(net, "which of them learn, are not the transpose of those back, from 'a' to 'b'");
  expect_ok(nai_network_set_plastic(net, "a", "b", 0));
  nai_trainer_destroy(train_by_propagation(net));
  nai_network_destroy(net);
}
END_TEST

/* What may be set later is refused when the trainer is made and in an update, which changes nothing. */
START_TEST(test_numbers_that_are_refused)
{
  static const wrong_part wrong[] = {{"b", "noise", 0.1, 0, "there is noise in 'b'"},
                                     {"c", "output_noise", 0.1, 0, "there is noise in 'c'"},
                                     {"z", "tau", 40, 0, "there is a memory or a gain in 'z'"},
                                     {"y", "gain", 2, 1, "there is a memory or a gain in 'y'"}};
  nai_network *net = build_loops(NAI_LEAK_RATE, NAI_TRANSFER_TANH);
  nai_trials *trials = resting_trials(net, FEW, 3);
  nai_trainer *trainer = train_by_propagation(net);
  expect_parts_refused(trainer, net, trials, long_nudges, wrong, sizeof wrong / sizeof *wrong);
  expect_ok(nai_trials_set_lengths(trials, (int32_t[]){FEW, FEW - 1, FEW}));
  expect_fails(nai_trainer_step(NULL, trainer, trials), NAI_ERR_UNSUPPORTED,
               "goes on from the last step of trials, and trial 1 has 4 of 5 steps");
  nai_cost *rates;
  expect_ok(nai_cost_create_l2_rates(&rates, "a"));
  expect_fails(nai_trainer_add_cost(trainer, rates, 1), NAI_ERR_UNSUPPORTED,
               "cannot learn from cost 'l2_rates'");
  nai_cost_destroy(rates);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

START_TEST(test_bad_numbers)
{
  static const wrong_number wrong[] = {
      {"form", 3, "form is 3"},   {"form", 0.5, "form is 0.5, must be a whole number"},
      {"steps", 0, "steps is 0"}, {"beta", 0, "beta is 0"},
      {"beta", -1, "beta is -1"}, {"beta", NAN, "beta is nan"}};
  nai_rule *rule = (nai_rule *)&rule;
  expect_fails(nai_rule_create_equilibrium_propagation(NULL, 0, 0), NAI_ERR_INVALID, "out");
  expect_fails(nai_rule_create_equilibrium_propagation(&rule, 3, 0), NAI_ERR_INVALID, "form is 3");
  EXPECT(rule == NULL);
  expect_fails(nai_rule_create_equilibrium_propagation(&rule, -1, 0), NAI_ERR_INVALID,
               "form is -1");
  rule = propagation(NAI_NUDGE_RANDOM, 0.5, 20);
  expect_numbers_refused(rule, wrong, sizeof wrong / sizeof *wrong);
  nai_rule_destroy(rule);
}
END_TEST

Suite *equilibrium_propagation_suite(void);

Suite *equilibrium_propagation_suite(void)
{
  Suite *suite = suite_create("equilibrium_propagation");
  TCase *gradient = tcase_create("gradient"), *work = tcase_create("at work");
  tcase_add_loop_test(gradient, test_the_limit_of_a_small_beta, 0, 3);
  tcase_add_test(gradient, test_random_signs);
  tcase_add_test(gradient, test_by_hand);
  suite_add_tcase(suite, gradient);
  tcase_add_loop_test(work, test_weights_stay_symmetric, 0, 2);
  tcase_add_test(work, test_synapses_removed_one_way);
  tcase_add_test(work, test_failing_allocations);
  tcase_add_test(work, test_costs_are_asked_again);
  tcase_add_test(work, test_classes);
  suite_add_tcase(suite, work);
  ADD_CASE(suite, "refused", test_networks_that_are_refused, test_numbers_that_are_refused,
           test_bad_numbers);
  return suite;
}
