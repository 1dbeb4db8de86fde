/*
 * Dendritic error with a sweep: the two-step form against a loop in double precision; bits; and what it
 * refuses.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/train/trainer.h"
#include "faults.h"
#include "rules.h"

enum { LAYERS = 3, MOST = 8 };
static const int64_t sizes[LAYERS + 1] = {4, 6, 5, 3};
#define MIX_TOP 0.1
#define MIX 0.3

/* Conductances that mix like this where there is no leak, and all pathways plastic. */
static nai_microcircuit two_steps(void)
{
  nai_microcircuit options = NAI_MICROCIRCUIT_INIT;
  options.delay = 1;
  options.dynamics = "steady";
  options.noise = options.g_leak = 0;
  options.g_apical = MIX / (1 - MIX);
  options.g_soma = MIX_TOP / (1 - MIX_TOP);
  options.plastic_down = options.plastic_bias = 1;
  return options;
}

static nai_network *compose(const nai_microcircuit *options)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, 1));
  expect_ok(nai_network_add_microcircuit(net, sizes, LAYERS + 1, options));
  return net;
}

static nai_network *build(const nai_microcircuit *options)
{
  nai_network *net = compose(options);
  expect_ok(nai_network_build(net, 5));
  /* So that nothing comes down from before the first step; interneurons are not exact all the same. */
  expect_ok(nai_network_self_predict(net));
  nai_view w = weights_of(net, "P1", "I1:basal");
  float inexact[MOST * MOST];
  for (int64_t i = 0; i < w.shape[0] * w.shape[1]; i++)
    inexact[i] = at(&w, i / w.shape[1], i % w.shape[1]) + 0.1f * (float)(i % 5 - 2);
  expect_ok(nai_network_set_weights(net, "P1", "I1:basal", inexact, w.shape[0], w.shape[1]));
  return net;
}

static nai_rule *sweeping(void)
{
  nai_rule *rule;
  expect_ok(nai_rule_create_dendritic_error(&rule));
  expect_ok(nai_rule_set(rule, "update_every", 0));
  expect_ok(nai_rule_set(rule, "sweep", 1));
  return rule;
}

/* A teacher at all times. */
static nai_trials *taught(const nai_network *net, int64_t steps, int64_t n)
{
  nai_trials *trials;
  int64_t channels = sizes[0] + 2 * sizes[LAYERS], values = steps * n * channels;
  float *input = malloc((size_t)values * sizeof *input);
  expect_ok(nai_random_normals(input, values, 7, 0));
  for (int64_t i = 0; i < steps * n; i++)
    for (int64_t c = channels - sizes[LAYERS]; c < channels; c++) input[i * channels + c] = 1;
  expect_ok(nai_trials_create(&trials, net, steps, n));
  expect_ok(nai_trials_set_inputs(trials, NULL, input, channels));
  free(input);
  return trials;
}

/* --- against a loop --------------------------------------------------------------------------- */

typedef double layer[MOST];

static double phi(double u)
{
  return 1 / (1 + exp(-u));
}

/* out = W r, or += */
static void add(const nai_network *net, const char *from, const char *to, const layer r, layer out,
                int anew)
{
  nai_view w = weights_of(net, from, to);
  for (int64_t i = 0; i < w.shape[0]; i++) {
    if (anew) out[i] = 0;
    for (int64_t j = 0; j < w.shape[1]; j++) out[i] += (double)at(&w, i, j) * r[j];
  }
}

static const char *const cells[] = {NULL, "P1", "P2", "P3"}, *const inter[] = {NULL, "I1", "I2"},
                         *const basal[] = {NULL, "P1:basal", "P2:basal", "P3:basal"},
                         *const apical[] = {NULL, "P1:apical", "P2:apical"},
                         *const lateral[] = {NULL, "P1:lateral", "P2:lateral"},
                         *const inter_basal[] = {NULL, "I1:basal", "I2:basal"};

typedef struct two_step {
  layer rate[LAYERS + 1], up[LAYERS + 1];                /* of layers 0 to 3: last, and predicted */
  layer inter[LAYERS], inter_up[LAYERS], apical[LAYERS]; /* of interneurons; apical potentials */
} two_step;

/* Section 3.4 of the paper, with potentials that basal dendrites predict as they are mixed. */
static void run_two_steps(two_step *s, const nai_network *net, const float *input)
{
  layer v[LAYERS + 1], u;
  for (int64_t i = 0; i < sizes[0]; i++) s->rate[0][i] = (double)input[i];
  for (int k = 1; k <= LAYERS; k++) {
    add(net, k == 1 ? "x" : cells[k - 1], basal[k], s->rate[k - 1], v[k], 1);
    for (int64_t i = 0; i < sizes[k]; i++) {
      v[k][i] *= k < LAYERS ? 1 - MIX : 1;
      s->up[k][i] = s->rate[k][i] = phi(v[k][i]);
    }
  }
  for (int64_t i = 0; i < sizes[LAYERS]; i++) {
    u[i] = (1 - MIX_TOP) * v[LAYERS][i] + MIX_TOP * (double)input[sizes[0] + i];
    s->rate[LAYERS][i] = phi(u[i]);
  }
  for (int k = LAYERS - 1; k >= 1; k--) {
    layer predicted;
    add(net, cells[k], inter_basal[k], s->up[k], predicted, 1);
    for (int64_t i = 0; i < sizes[k + 1]; i++) {
      s->inter_up[k][i] = phi(predicted[i]);
      s->inter[k][i] = phi((1 - MIX_TOP) * predicted[i] + MIX_TOP * u[i]);
    }
    add(net, cells[k + 1], apical[k], s->rate[k + 1], s->apical[k], 1);
    for (int64_t i = 0; i < sizes[k]; i++) u[i] = s->apical[k][i]; /* of the top-down part alone */
    add(net, inter[k], lateral[k], s->inter[k], s->apical[k], 0);
    for (int64_t i = 0; i < sizes[k]; i++) {
      u[i] = v[k][i] + MIX * s->apical[k][i];
      s->rate[k][i] = phi(u[i]);
    }
  }
}

/* sum += error r^T / n */
static void induce(double sum[MOST][MOST], const layer error, const layer r, int64_t post,
                   int64_t pre, int64_t n)
{
  for (int64_t i = 0; i < post; i++)
    for (int64_t j = 0; j < pre; j++) sum[i][j] += error[i] * r[j] / (double)n;
}

static void expect_gradient(const nai_trainer *trainer, const char *from, const char *to,
                            double sum[MOST][MOST])
{
  nai_view view = NAI_VIEW_INIT;
  expect_ok(nai_trainer_gradient(&view, trainer, from, to));
  double largest = 0;
  for (int64_t i = 0; i < view.shape[0]; i++)
    for (int64_t j = 0; j < view.shape[1]; j++) {
      ck_assert_msg(fabs((double)at(&view, i, j) + sum[i][j]) < 2e-6, "%s to %s: %g, not %g", from,
                    to, (double)at(&view, i, j), -sum[i][j]);
      largest = fmax(largest, fabs(sum[i][j]));
    }
  EXPECT(largest > 1e-4);
}

START_TEST(two_steps_by_hand)
{
  enum { TRIALS = 5 };
  const nai_microcircuit options = two_steps();
  nai_network *net = build(&options);
  nai_trials *trials = taught(net, 1, TRIALS);
  nai_trainer *trainer = trainer_of(net, sweeping(), plain_descent(1));
  double up[LAYERS + 1][MOST][MOST] = {{{0}}}, across[LAYERS][MOST][MOST] = {{{0}}},
                     back[LAYERS][MOST][MOST] = {{{0}}};
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
  for (int64_t b = 0; b < TRIALS; b++) {
    two_step s;
    layer error;
    run_two_steps(&s, net, trials->input + b * trials->n_inputs);
    for (int k = 1; k <= LAYERS; k++) {
      for (int64_t i = 0; i < sizes[k]; i++) error[i] = s.rate[k][i] - s.up[k][i];
      induce(up[k], error, s.rate[k - 1], sizes[k], sizes[k - 1], TRIALS);
    }
    for (int k = 1; k < LAYERS; k++) {
      for (int64_t i = 0; i < sizes[k + 1]; i++) error[i] = s.inter[k][i] - s.inter_up[k][i];
      induce(across[k], error, s.rate[k], sizes[k + 1], sizes[k], TRIALS);
      for (int64_t i = 0; i < sizes[k]; i++) error[i] = -s.apical[k][i];
      induce(back[k], error, s.inter[k], sizes[k], sizes[k + 1], TRIALS);
    }
  }
  for (int k = 1; k <= LAYERS; k++)
    expect_gradient(trainer, k == 1 ? "x" : cells[k - 1], basal[k], up[k]);
  for (int k = 1; k < LAYERS; k++) {
    expect_gradient(trainer, cells[k], inter_basal[k], across[k]);
    expect_gradient(trainer, inter[k], lateral[k], back[k]);
  }
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

static void join(nai_network *net, const char *from, const char *to, double delay, double weight)
{
  expect_ok(nai_network_connect(net, from, to));
  expect_ok(nai_network_set_delay(net, from, to, delay));
  expect_ok(nai_network_set_initial_weights(net, from, to, NAI_WEIGHTS_IDENTITY, weight, 0));
}

/* One unit each; B is driven by A, which moves before it. */
static nai_network *build_three(void)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, 1));
  expect_ok(nai_network_add_input(net, "x", 1));
  for (int i = 0; i < 3; i++)
    expect_ok(nai_network_add_population(net, (const char *[]){"C", "A", "B"}[i], 1, NAI_FREE));
  expect_ok(nai_network_set_model(net, "A B C", "pyramidal"));
  expect_ok(nai_network_set_transfer(net, "A B C", NAI_TRANSFER_LOGISTIC));
  expect_ok(nai_network_choose(net, "A B C", "dynamics", "steady"));
  expect_ok(nai_network_set(net, "A B C", "g_leak", 0));
  expect_ok(nai_network_set(net, "A B C", "g_apical", 0.5));
  expect_ok(nai_network_set(net, "A", "bias", 0.3));
  expect_ok(nai_network_set(net, "B", "bias", -0.2));
  join(net, "x", "C:basal", 0, 1);
  join(net, "x", "A:basal", 0, 0.5);
  join(net, "A", "B:basal", 0, 2);
  join(net, "C", "A:apical", 1, -1.5);
  join(net, "C", "B:apical", 1, 0.8);
  expect_ok(nai_network_build(net, 1));
  return net;
}

static double rate_of(const nai_trainer *trainer, const char *name)
{
  const nai__node *node;
  expect_ok(nai__node_find(&node, trainer->plasticity.net, NAI__KIND(NAI_POPULATIONS), name, "n"));
  return (double)nai__rate_at(&trainer->batch.activity, 1)[node->offset];
}

/* What first ports get may have changed, or not: A is driven by the input alone. */
START_TEST(drivers_that_move_drive_anew)
{
  nai_network *net = build_three();
  const float x = 0.9f;
  nai_trials *trials;
  expect_ok(nai_trials_create(&trials, net, 1, 1));
  expect_ok(nai_trials_set_inputs(trials, NULL, &x, 1));
  nai_trainer *trainer = trainer_of(net, sweeping(), plain_descent(0));
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
  const double c = phi((double)x / 1.5), a = phi((0.5 * (double)x + 0.3 + 0.5 * -1.5 * c) / 1.5),
               b = phi((2 * a - 0.2 + 0.5 * 0.8 * c) / 1.5);
  ck_assert_double_eq_tol(rate_of(trainer, "C"), c, 1e-6);
  ck_assert_double_eq_tol(rate_of(trainer, "A"), a, 1e-6);
  ck_assert_double_eq_tol(rate_of(trainer, "B"), b, 1e-6);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* --- bits, memory ----------------------------------------------------------------------------- */

START_TEST(bits_do_not_depend_on_threads)
{
  const nai_microcircuit options = two_steps();
  float first[MOST * MOST];
  for (int threads = 1; threads <= 3; threads++) {
    nai_network *net = build(&options);
    nai_trials *trials = taught(net, 2, 37);
    nai_trainer *trainer = trainer_of(net, sweeping(), plain_descent(0.5));
    expect_ok(nai_trainer_set(trainer, "threads", threads));
    for (int k = 0; k < 4; k++) expect_ok(nai_trainer_step(NULL, trainer, trials));
    nai_view w = weights_of(net, "P1", "P2:basal");
    for (int64_t i = 0; i < w.shape[0] * w.shape[1]; i++) {
      float now = at(&w, i / w.shape[1], i % w.shape[1]);
      if (threads == 1) first[i] = now;
      EXPECT(now == first[i]);
    }
    nai_trainer_destroy(trainer);
    nai_trials_destroy(trials);
    nai_network_destroy(net);
  }
}
END_TEST

START_TEST(updates_allocate_nothing)
{
  const nai_microcircuit options = two_steps();
  nai_network *net = build(&options);
  nai_trials *trials = taught(net, 1, 9);
  nai_trainer *trainer = trainer_of(net, sweeping(), plain_descent(0.5));
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  long before = faults_allocations();
  for (int k = 0; k < 5; k++) expect_ok(nai_trainer_step(NULL, trainer, trials));
  ck_assert_int_eq(faults_allocations(), before);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

START_TEST(without_memory)
{
  const nai_microcircuit options = two_steps();
  nai_network *net = build(&options);
  nai_optimizer *sgd = plain_descent(0);
  nai_rule *rule = sweeping();
  long failures = 0;
  for (nai_status status = NAI_ERR_MEMORY; status != NAI_OK; failures++) {
    nai_trainer *trainer = NULL;
    faults_fail_allocation(failures);
    status = nai_trainer_create(&trainer, net, rule, sgd, NULL);
    faults_fail_allocation(-1);
    EXPECT(status == NAI_OK || status == NAI_ERR_MEMORY);
    nai_trainer_destroy(trainer);
  }
  ck_assert_int_ge(failures, 5);
  nai_rule_destroy(rule);
  nai_optimizer_destroy(sgd);
  nai_network_destroy(net);
}
END_TEST

/* --- refusals --------------------------------------------------------------------------------- */

static void expect_refused(nai_network *net, nai_rule *rule, nai_status status, const char *words)
{
  nai_trainer *trainer;
  nai_optimizer *sgd = plain_descent(1);
  expect_fails(nai_trainer_create(&trainer, net, rule, sgd, NULL), status, words);
  nai_optimizer_destroy(sgd);
  nai_rule_destroy(rule);
  nai_network_destroy(net);
}

START_TEST(what_goes_down_has_a_delay)
{
  nai_microcircuit options = two_steps();
  options.delay = -1;
  expect_refused(
      build(&options), sweeping(), NAI_ERR_UNSUPPORTED,
      "rule 'dendritic_error' with sweep: from 'P1' to 'P2' has a delay of 1 steps, must "
      "have none; where it is part of a loop, give what goes down a delay");
  options.delay = NAN;
  nai_network *net;
  expect_ok(nai_network_create(&net, 1));
  expect_fails(nai_network_add_microcircuit(net, sizes, LAYERS + 1, &options), NAI_ERR_INVALID,
               "delay is nan, must be at most 1e6");
  nai_network_destroy(net);
}
END_TEST

START_TEST(loops_of_what_goes_down_are_refused)
{
  const nai_microcircuit options = two_steps();
  nai_network *net = compose(&options);
  expect_ok(nai_network_connect(net, "P1", "P2:apical"));
  expect_ok(nai_network_set_delay(net, "P1", "P2:apical", 1));
  expect_ok(nai_network_set_initial_weights(net, "P1", "P2:apical", NAI_WEIGHTS_UNIFORM, -1, 1));
  expect_ok(nai_network_build(net, 1));
  expect_refused(net, sweeping(), NAI_ERR_UNSUPPORTED,
                 "rule 'dendritic_error' with sweep: what goes down to 'P1' comes from there, too");
}
END_TEST

START_TEST(short_term_plasticity_is_refused)
{
  const nai_microcircuit options = two_steps();
  const double U = 0.4, tau_x = 3, tau_u = 5, hz = 300;
  nai_network *net = compose(&options);
  nai_short_term *short_term;
  expect_ok(nai_short_term_create(&short_term, 1, &U, &tau_x, &tau_u, &hz));
  expect_ok(nai_network_set_short_term(net, "P1", "P2", short_term));
  nai_short_term_destroy(short_term);
  expect_ok(nai_network_build(net, 1));
  expect_refused(net, sweeping(), NAI_ERR_UNSUPPORTED,
                 "rule 'dendritic_error' with sweep: what 'P1' sends has short-term plasticity");
}
END_TEST

START_TEST(nothing_is_learnt_within_a_trial)
{
  const nai_microcircuit options = two_steps();
  nai_rule *rule = sweeping();
  expect_ok(nai_rule_set(rule, "update_every", 3));
  expect_refused(build(&options), rule, NAI_ERR_INVALID,
                 "rule 'dendritic_error': update_every is 3, must be 0, as sweep is 1");
  nai_network *net = build(&options);
  nai_trials *trials = taught(net, 2, 3);
  rule = sweeping();
  nai_optimizer *sgd = plain_descent(1);
  nai_trainer *trainer;
  nai_agent *agent;
  expect_ok(nai_trainer_create(&trainer, net, rule, sgd, NULL));
  expect_fails(nai_agent_create(&agent, trainer), NAI_ERR_INVALID, "must be 0, as sweep is 1");
  expect_ok(nai_rule_set(rule, "update_every", 1)); /* afterwards */
  expect_fails(nai_trainer_step(NULL, trainer, trials), NAI_ERR_INVALID,
               "update_every is 1, must be 0, as sweep is 1");
  nai_rule_destroy(rule);
  nai_optimizer_destroy(sgd);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

START_TEST(trials_are_equally_long)
{
  static const int32_t lengths[] = {3, 2, 3};
  const nai_microcircuit options = two_steps();
  nai_network *net = build(&options);
  nai_trials *trials = taught(net, 3, 3);
  nai_trainer *trainer = trainer_of(net, sweeping(), plain_descent(1));
  expect_ok(nai_trials_set_lengths(trials, lengths));
  expect_fails(nai_trainer_step(NULL, trainer, trials), NAI_ERR_INVALID,
               "trial 1 has 2 steps, another one 3: with sweep all trials of a batch must be "
               "equally long");
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

Suite *sweep_suite(void);

Suite *sweep_suite(void)
{
  Suite *suite = suite_create("sweep");
  ADD_CASE(suite, "two steps", two_steps_by_hand, drivers_that_move_drive_anew,
           bits_do_not_depend_on_threads, updates_allocate_nothing, without_memory);
  ADD_CASE(suite, "refused", what_goes_down_has_a_delay, loops_of_what_goes_down_are_refused,
           short_term_plasticity_is_refused, nothing_is_learnt_within_a_trial,
           trials_are_equally_long);
  return suite;
}
