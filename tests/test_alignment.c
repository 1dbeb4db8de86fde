/*
 * How well a rule does: cosines and ratios against those computed here from two gradients, what
 * must not count, what must not change, and errors.
 */
#include <math.h>
#include <neuroai/extend.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/base/error.h"
#include "../lib/train/trainer.h"
#include "checks.h"
#include "faults.h"
#include "rules.h"

#define PERCEPTUAL "perceptual-decision-making"

/* --- a trainer -------------------------------------------------------------------------------- */

typedef struct bench {
  nai_network *net;
  nai_task *task;
  nai_trainer *trainer;
} bench;

/* E and I, sparse, with noise; both are read out, and what I does to E is fixed. */
static nai_network *build(void)
{
  nai_network *net =
      COMPOSE(.dt = 20, .inputs = {{"stimulus", 3}},
              .populations = {{"E", 14, NAI_EXCITATORY}, {"I", 5, NAI_INHIBITORY}},
              .outputs = {{"choice", 3}},
              .projections = {{"stimulus", "E I"}, {"E I", "E I"}, {"E I", "choice"}});
  nai_network_set(net, "E I", "noise", 0.1);
  nai_network_set(net, "E", "plastic_initial", 1);
  nai_network_set(net, "I", "plastic_bias", 0);
  make_sparse(net, "E I", 0.5);
  expect_ok(nai_network_build(net, 3));
  expect_ok(nai_network_set_plastic(net, "I", "E", 0));
  return net;
}

/* `rule` is given away. Trials of 200 to 300 ms, batches of 8. */
static bench open_bench(nai_rule *rule)
{
  static const double stimulus[3] = {100, 140, 200};
  bench b = {.net = build()};
  nai_optimizer *adam;
  nai_cost *c = NULL;
  expect_ok(nai_task_create(&b.task, PERCEPTUAL, b.net));
  expect_ok(nai_task_set_list(b.task, "stimulus", stimulus, 3));
  expect_ok(nai_task_set(b.task, "fixation", 40));
  expect_ok(nai_optimizer_create_adam(&adam, 0.01));
  expect_ok(nai_trainer_create(&b.trainer, b.net, rule, adam, b.task));
  expect_ok(nai_trainer_set(b.trainer, "batch", 8));
  expect_ok(nai_trainer_set(b.trainer, "evaluate_every", 0));
  attach_cost(b.trainer, nai_cost_create_cross_entropy(&c, "choice"), &c, 1);
  attach_cost(b.trainer, nai_cost_create_l2_rates(&c, "E I"), &c, 1e-3);
  nai_optimizer_destroy(adam);
  nai_rule_destroy(rule);
  return b;
}

static void close_bench(bench *b)
{
  nai_trainer_destroy(b->trainer);
  nai_task_destroy(b->task);
  nai_network_destroy(b->net);
}

static nai_rule *rflo(void)
{
  nai_rule *rule;
  expect_ok(nai_rule_create_rflo(&rule, 5));
  return rule;
}

/* One of each kind that has an estimate of its own; NULL past the last. */
static nai_rule *rule_number(int number)
{
  nai_rule *rule = NULL;
  switch (number) {
  case 0: return rflo();
  case 1: expect_ok(nai_rule_create_eprop(&rule, NAI_FEEDBACK_SYMMETRIC, 1)); break;
  case 2: expect_ok(nai_rule_create_eprop(&rule, NAI_FEEDBACK_ADAPTIVE, 1)); break;
  case 3: expect_ok(nai_rule_create_snap1(&rule)); break;
  case 4: expect_ok(nai_rule_create_feedback_alignment(&rule, 1)); break;
  case 5: expect_ok(nai_rule_create_direct_feedback_alignment(&rule, 1)); break;
  case 6: expect_ok(nai_rule_create_sign_symmetry(&rule, NAI_SIGN_BATCH, 1)); break;
  case 7: expect_ok(nai_rule_create_kolen_pollack(&rule, 1e-3, 1)); break;
  case 8: expect_ok(nai_rule_create_weight_mirror(&rule, 1)); break;
  case 9: expect_ok(nai_rule_create_truncated_bptt(&rule, 3)); break;
  case 10: expect_ok(nai_rule_create_uoro(&rule, 1)); break;
  case 11: expect_ok(nai_rule_create_node_perturbation(&rule, 1e-3, 1)); break;
  case 12: expect_ok(nai_rule_create_reward_hebbian(&rule, 1)); break;
  case 13:
    rule = rflo();
    expect_ok(nai_rule_set(rule, "update_every", 3));
    break;
  default: break;
  }
  return rule;
}

#define RULES 14
#define EXACT_READOUT 11 /* so many of these have */

static double cosine_of(const bench *b, const char *from, const char *to)
{
  double cosine = 7;
  expect_ok(nai_trainer_alignment(&cosine, NULL, b->trainer, from, to));
  return cosine;
}

static double ratio_of(const bench *b, const char *from, const char *to)
{
  double ratio = 7;
  expect_ok(nai_trainer_alignment(NULL, &ratio, b->trainer, from, to));
  return ratio;
}

/* The rule's estimate is the gradient, in direction and in length. */
static void expect_exact(const bench *b, const char *from, const char *to, double angle,
                         double length)
{
  ck_assert_double_eq_tol(cosine_of(b, from, to), 1, angle);
  ck_assert_double_eq_tol(ratio_of(b, from, to), 1, length);
}

/* Projections and biases that learn, and all together. */
static const char *const learning[][2] = {
    {"stimulus", "E"}, {"stimulus", "I"}, {"E", "E"},  {"E", "I"},       {"I", "I"},
    {"E", "choice"},   {"I", "choice"},   {"E", NULL}, {"choice", NULL}, {NULL, NULL}};

#define LEARNING (sizeof learning / sizeof *learning)

/* --- what it says ----------------------------------------------------------------------------- */

START_TEST(backpropagation_is_its_own_measure)
{
  bench b = open_bench(bptt_rule());
  expect_ok(nai_trainer_measure_alignment(b.trainer, NULL));
  for (size_t i = 0; i < LEARNING; i++)
    expect_exact(&b, learning[i][0], learning[i][1], 1e-14, 1e-14);
  close_bench(&b);
}
END_TEST

/* Sums of products of two gradients, by their public views. */
typedef struct sums {
  double xx, yy, xy;
} sums;

static void add_views(sums *sum, const nai_view *x, const nai_view *y)
{
  int64_t columns = x->ndim == 2 ? x->shape[1] : 1;
  for (int64_t i = 0; i < x->shape[0]; i++)
    for (int64_t j = 0; j < columns; j++) {
      int64_t at = i * x->stride[0] + (x->ndim == 2 ? j * x->stride[1] : 0);
      double a = (double)*(const float *)((const char *)x->data + at),
             b = (double)*(const float *)((const char *)y->data + at);
      sum->xx += a * a;
      sum->yy += b * b;
      sum->xy += a * b;
    }
}

static void expect_sums(const bench *b, const char *from, const char *to, const sums *sum)
{
  ck_assert(sum->xx > 0 && sum->yy > 0);
  ck_assert_double_eq_tol(cosine_of(b, from, to), sum->xy / sqrt(sum->xx * sum->yy), 1e-12);
  ck_assert_double_eq_tol(ratio_of(b, from, to), sqrt(sum->yy / sum->xx), 1e-12);
}

/* The gradients of two trainers on the same trials; what is fixed is 0 in both. */
START_TEST(a_local_rule_beside_backpropagation)
{
  bench exact = open_bench(bptt_rule()), local = open_bench(rflo());
  sums all = {0, 0, 0};
  nai_view x = NAI_VIEW_INIT, y = NAI_VIEW_INIT;
  expect_ok(nai_trainer_estimate_gradient(NULL, exact.trainer, NULL));
  expect_ok(nai_trainer_estimate_gradient(NULL, local.trainer, NULL));
  expect_ok(nai_trainer_initial_state_gradient(&x, exact.trainer, "E"));
  expect_ok(nai_trainer_initial_state_gradient(&y, local.trainer, "E"));
  add_views(&all, &x, &y);
  expect_ok(nai_trainer_measure_alignment(local.trainer, NULL));
  for (size_t i = 0; i + 1 < LEARNING; i++) {
    sums sum = {0, 0, 0};
    expect_ok(nai_trainer_gradient(&x, exact.trainer, learning[i][0], learning[i][1]));
    expect_ok(nai_trainer_gradient(&y, local.trainer, learning[i][0], learning[i][1]));
    add_views(&sum, &x, &y);
    add_views(&all, &x, &y);
    expect_sums(&local, learning[i][0], learning[i][1], &sum);
  }
  expect_sums(&local, NULL, NULL, &all);
  ck_assert(fabs(cosine_of(&local, "E", "E")) < 0.99); /* the test has been one */
  close_bench(&exact);
  close_bench(&local);
}
END_TEST

START_TEST(the_readout_is_exact)
{
  bench b = open_bench(rule_number(_i));
  expect_ok(nai_trainer_run(b.trainer, 3, NULL, NULL));
  expect_ok(nai_trainer_measure_alignment(b.trainer, NULL));
  static const char *const from[] = {"E", "I", "choice"}, *const to[] = {"choice", "choice", NULL};
  for (int i = 0; i < 3; i++) expect_exact(&b, from[i], to[i], 1e-12, 1e-12);
  ck_assert(isfinite(cosine_of(&b, NULL, NULL)) && cosine_of(&b, NULL, NULL) < 1);
  close_bench(&b);
}
END_TEST

/* Forward in time, the same gradient. */
START_TEST(real_time_recurrent_learning_is_exact)
{
  nai_rule *rule;
  expect_ok(nai_rule_create_rtrl(&rule));
  bench b = open_bench(rule);
  expect_ok(nai_trainer_measure_alignment(b.trainer, NULL));
  for (size_t i = 0; i < LEARNING; i++)
    expect_exact(&b, learning[i][0], learning[i][1], 1e-8, 1e-4);
  close_bench(&b);
}
END_TEST

/* The noise of a perturbation averages out over seeds: the mean estimate would be the gradient. */
START_TEST(perturbing_points_along_the_gradient_on_average)
{
  double mean = 0;
  for (uint64_t seed = 0; seed < 40; seed++) {
    nai_rule *rule;
    expect_ok(nai_rule_create_node_perturbation(&rule, 1e-3, seed));
    bench b = open_bench(rule);
    expect_ok(nai_trainer_measure_alignment(b.trainer, NULL));
    mean += cosine_of(&b, "E", "choice") / 40;
    close_bench(&b);
  }
  ck_assert_double_gt(mean, 0.1);
}
END_TEST

START_TEST(a_rule_that_moves_weights_itself)
{
  nai_rule *rule;
  nai_optimizer *sgd;
  nai_trainer *trainer;
  nai_cost *mse = NULL;
  nai_trials *trials;
  float input[30], target[30] = {0};
  nai_network *net = build();
  expect_ok(nai_random_normals(input, 30, 1, 0));
  expect_ok(nai_trials_create(&trials, net, 10, 1));
  expect_ok(nai_trials_set_inputs(trials, NULL, input, 3));
  expect_ok(nai_trials_set_targets(trials, "choice", target, 3));
  expect_ok(nai_rule_create_force(&rule));
  expect_ok(nai_optimizer_create_sgd(&sgd, 0.1));
  expect_ok(nai_trainer_create(&trainer, net, rule, sgd, NULL));
  attach_cost(trainer, nai_cost_create_mse(&mse, "choice"), &mse, 1);
  expect_fails(nai_trainer_measure_alignment(trainer, trials), NAI_ERR_UNSUPPORTED, "rule 'force'");
  expect_fails(nai_trainer_alignment(NULL, NULL, trainer, NULL, NULL), NAI_ERR_ORDER,
               "no alignment yet");
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  nai_optimizer_destroy(sgd);
  nai_rule_destroy(rule);
  nai_network_destroy(net);
}
END_TEST

START_TEST(what_does_not_learn_has_none)
{
  bench b = open_bench(rflo());
  expect_ok(nai_trainer_measure_alignment(b.trainer, NULL));
  ck_assert(isnan(cosine_of(&b, "I", "E")) && isnan(ratio_of(&b, "I", "E")));
  ck_assert(isnan(cosine_of(&b, "I", NULL)) && isnan(ratio_of(&b, "I", NULL)));
  close_bench(&b);
}
END_TEST

/* Units that are not read out get no signal by symmetric e-prop, but have a gradient. */
START_TEST(what_a_rule_does_not_teach)
{
  nai_rule *rule;
  nai_optimizer *sgd;
  nai_cost *mse;
  nai_trials *trials;
  bench b = {0};
  float input[20], target[20];
  expect_ok(nai_random_normals(input, 20, 1, 0));
  expect_ok(nai_random_normals(target, 20, 1, 1));
  nai_network *net = COMPOSE(.dt = 20, .inputs = {{"u", 1}},
                             .populations = {{"hidden", 6, NAI_FREE}, {"read", 6, NAI_FREE}},
                             .outputs = {{"z", 1}},
                             .projections = {{"u", "hidden"}, {"hidden", "read"}, {"read", "z"}});
  nai_network_set_transfer(net, "hidden read", NAI_TRANSFER_TANH);
  expect_ok(nai_network_build(net, 1));
  expect_ok(nai_trials_create(&trials, net, 10, 2));
  expect_ok(nai_trials_set_inputs(trials, NULL, input, 1));
  expect_ok(nai_trials_set_targets(trials, "z", target, 1));
  expect_ok(nai_rule_create_eprop(&rule, NAI_FEEDBACK_SYMMETRIC, 0));
  expect_ok(nai_optimizer_create_sgd(&sgd, 0.1));
  expect_ok(nai_trainer_create(&b.trainer, net, rule, sgd, NULL));
  attach_cost(b.trainer, nai_cost_create_mse(&mse, "z"), &mse, 1);
  expect_ok(nai_trainer_measure_alignment(b.trainer, trials));
  ck_assert(isnan(cosine_of(&b, "u", "hidden")));
  ck_assert_double_eq(ratio_of(&b, "u", "hidden"), 0);
  ck_assert_double_gt(cosine_of(&b, "hidden", "read"), 0.5);
  nai_trials_destroy(trials);
  nai_trainer_destroy(b.trainer);
  nai_optimizer_destroy(sgd);
  nai_rule_destroy(rule);
  nai_network_destroy(net);
}
END_TEST

START_TEST(costs_on_weights_do_not_count)
{
  bench plain = open_bench(rflo()), heavy = open_bench(rflo());
  nai_cost *c = NULL;
  attach_cost(heavy.trainer, nai_cost_create_l2_weights(&c, "E I", "*"), &c, 1e4);
  expect_ok(nai_trainer_measure_alignment(plain.trainer, NULL));
  expect_ok(nai_trainer_measure_alignment(heavy.trainer, NULL));
  for (size_t i = 0; i < LEARNING; i++) {
    const char *from = learning[i][0], *to = learning[i][1];
    ck_assert_double_eq(cosine_of(&plain, from, to), cosine_of(&heavy, from, to));
    ck_assert_double_eq(ratio_of(&plain, from, to), ratio_of(&heavy, from, to));
  }
  ck_assert_double_gt(heavy.trainer->plasticity.gradient_norm,
                      100 * plain.trainer->plasticity.gradient_norm);
  close_bench(&plain);
  close_bench(&heavy);
}
END_TEST

START_TEST(any_number_of_threads_gives_the_same_bits)
{
  double one[2] = {0, 0}, three[2] = {0, 0};
  for (int k = 0; k < 2; k++) {
    bench b = open_bench(rflo());
    expect_ok(nai_trainer_set(b.trainer, "batch", 40));
    expect_ok(nai_trainer_set(b.trainer, "threads", k ? 3 : 1));
    expect_ok(nai_trainer_measure_alignment(b.trainer, NULL));
    double *found = k ? three : one;
    expect_ok(nai_trainer_alignment(&found[0], &found[1], b.trainer, NULL, NULL));
    close_bench(&b);
  }
  ck_assert(memcmp(one, three, sizeof one) == 0);
}
END_TEST

/* --- what it leaves alone --------------------------------------------------------------------- */

static nai_status look(const nai_progress *now, void *user)
{
  bench *b = user;
  return now->step % 2 ? nai_trainer_measure_alignment(b->trainer, NULL) : NAI_OK;
}

/* Looking between updates, and from the callback of a run, changes no bit of what is learnt. */
START_TEST(looking_changes_nothing)
{
  bench plain = open_bench(rule_number(_i)), watched = open_bench(rule_number(_i));
  expect_ok(nai_trainer_set(plain.trainer, "evaluate_every", 3));
  expect_ok(nai_trainer_set(watched.trainer, "evaluate_every", 3));
  expect_ok(nai_trainer_run(plain.trainer, 6, NULL, NULL));
  expect_ok(nai_trainer_measure_alignment(watched.trainer, NULL));
  expect_ok(nai_trainer_run(watched.trainer, 6, look, &watched));
  const nai_trainer *x = plain.trainer, *y = watched.trainer;
  size_t bytes = (size_t)plain.net->n_theta * sizeof(float);
  ck_assert(memcmp(plain.net->theta, watched.net->theta, bytes) == 0);
  ck_assert(memcmp(x->plasticity.mean, y->plasticity.mean, bytes) == 0 &&
            memcmp(x->plasticity.square, y->plasticity.square, bytes) == 0);
  for (int k = 0; k < x->plasticity.learner->n_kept; k++)
    ck_assert(memcmp(nai__kept_memory(&x->plasticity.learner->kept[k]),
                     nai__kept_memory(&y->plasticity.learner->kept[k]),
                     nai__kept_size(&x->plasticity.learner->kept[k])) == 0);
  double one[6 * 8], two[6 * 8];
  int64_t rows, columns;
  expect_ok(nai_trainer_history(one, 48, &rows, &columns, x));
  expect_ok(nai_trainer_history(two, 48, &rows, &columns, y));
  ck_assert_int_eq(rows, 6);
  ck_assert(memcmp(one, two, (size_t)(rows * columns) * sizeof *one) == 0);
  close_bench(&plain);
  close_bench(&watched);
}
END_TEST

START_TEST(the_gradient_is_then_the_rule_s)
{
  bench b = open_bench(rflo());
  nai_cost *c = NULL;
  attach_cost(b.trainer, nai_cost_create_l2_weights(&c, "E I", "*"), &c, 0.1);
  size_t bytes = (size_t)b.net->n_theta * sizeof(float);
  float *gradient = malloc(bytes);
  nai_progress now = NAI_PROGRESS_INIT;
  expect_ok(nai_trainer_estimate_gradient(&now, b.trainer, NULL));
  memcpy(gradient, b.trainer->plasticity.gradient, bytes);
  expect_ok(nai_trainer_measure_alignment(b.trainer, NULL));
  ck_assert(memcmp(gradient, b.trainer->plasticity.gradient, bytes) == 0);
  ck_assert(b.trainer->plasticity.objective.total == now.cost &&
            b.trainer->plasticity.gradient_norm == now.gradient_norm);
  free(gradient);
  close_bench(&b);
}
END_TEST

/* A rule that counts its estimates in what it keeps, and makes them larger. */
static nai_status attach_counting(nai__learner *learner)
{
  return nai__learner_keep(learner, "count", 1) ? NAI_OK : NAI_ERR_MEMORY;
}

static nai_status count(nai__learner *learner, nai__pass *pass)
{
  for (int64_t i = 0; i < pass->net->n_theta; i++) pass->gradient[i] = 1;
  learner->kept[0].floats[0] += 1;
  memset(pass->signal, 0, (size_t)(pass->steps * pass->trials * pass->net->ld_units) * 4);
  for (int64_t t = 1; t <= pass->steps && pass->rate_signal; t++)
    for (int64_t row = 0; row < pass->trials; row += pass->rows) {
      int64_t rows = pass->trials - row < pass->rows ? pass->trials - row : pass->rows;
      float *g = pass->signal + ((t - 1) * pass->trials + row) * pass->net->ld_units;
      pass->rate_signal(pass->user, t, row, rows, 0, pass->net->n_units, g);
    }
  return NAI_OK;
}

START_TEST(what_a_rule_remembers_is_put_back)
{
  static const nai__rule_kind kind = {.name = "counting",
                                      .costs = NAI__LEARNS_FROM_ACTIVITY,
                                      .attach = attach_counting,
                                      .estimate = count};
  nai_rule *rule;
  expect_ok(nai__rule_create(&rule, &kind, 0));
  bench b = open_bench(rule);
  const float *counted = b.trainer->plasticity.learner->kept[0].floats;
  expect_ok(nai_trainer_measure_alignment(b.trainer, NULL));
  ck_assert_float_eq(*counted, 0);
  expect_ok(nai_trainer_step(NULL, b.trainer, NULL));
  ck_assert_float_eq(*counted, 1);
  expect_ok(nai_trainer_measure_alignment(b.trainer, NULL));
  ck_assert_float_eq(*counted, 1);
  ck_assert(fabs(cosine_of(&b, "E", "I")) < 1 && ratio_of(&b, "E", "I") > 0);
  ck_assert(isnan(ratio_of(&b, "I", "E"))); /* fixed, whatever the rule wrote there */
  close_bench(&b);
}
END_TEST

/* --- memory ----------------------------------------------------------------------------------- */

START_TEST(aligning_without_memory)
{
  bench fed = open_bench(rflo()), b = open_bench(rflo());
  expect_ok(nai_trainer_measure_alignment(fed.trainer, NULL));
  for (long good = 0;; good++) {
    double cosine;
    faults_fail_allocation(good);
    nai_status status = nai_trainer_measure_alignment(b.trainer, NULL);
    faults_fail_allocation(-1);
    if (status == NAI_OK) {
      ck_assert_int_ge(good, 15);
      break;
    }
    ck_assert_int_eq(status, NAI_ERR_MEMORY);
    expect_fails(nai_trainer_alignment(&cosine, NULL, b.trainer, "E", "E"), NAI_ERR_ORDER,
                 "no alignment yet");
    close_bench(&b); /* a new one each time: what was taken before a failure may stay */
    b = open_bench(rflo());
  }
  ck_assert_double_eq(cosine_of(&b, NULL, NULL), cosine_of(&fed, NULL, NULL));
  long before = faults_allocations();
  nai_status again = nai_trainer_measure_alignment(b.trainer, NULL);
  long after = faults_allocations();
  expect_ok(again);
  ck_assert_int_eq(after, before);
  close_bench(&fed);
  close_bench(&b);
}
END_TEST

/* --- arguments, failures ---------------------------------------------------------------------- */

START_TEST(calls_with_nothing)
{
  bench b = open_bench(rflo());
  double cosine = 7;
  expect_fails(nai_trainer_measure_alignment(NULL, NULL), NAI_ERR_INVALID, "trainer is NULL");
  expect_fails(nai_trainer_alignment(&cosine, NULL, NULL, "E", "E"), NAI_ERR_INVALID,
               "trainer is NULL");
  expect_fails(nai_trainer_alignment(&cosine, NULL, b.trainer, "E", "E"), NAI_ERR_ORDER,
               "no alignment yet");
  expect_ok(nai_trainer_measure_alignment(b.trainer, NULL));
  expect_ok(nai_trainer_alignment(NULL, NULL, b.trainer, "E", "E"));
  expect_fails(nai_trainer_alignment(&cosine, NULL, b.trainer, NULL, "E"), NAI_ERR_INVALID,
               "from is NULL");
  expect_fails(nai_trainer_alignment(&cosine, NULL, b.trainer, "E", "X"), NAI_ERR_NAME,
               "to: nothing is called 'X'");
  expect_fails(nai_trainer_alignment(&cosine, NULL, b.trainer, "stimulus", NULL), NAI_ERR_NAME,
               "stimulus");
  ck_assert_double_eq(cosine, 7);
  close_bench(&b);
}
END_TEST

START_TEST(a_rule_without_estimate)
{
  static const nai__rule_kind kind = {.name = "idle", .costs = NAI__LEARNS_FROM_ACTIVITY};
  nai_rule *rule;
  expect_ok(nai__rule_create(&rule, &kind, 0));
  bench b = open_bench(rule);
  expect_fails(nai_trainer_measure_alignment(b.trainer, NULL), NAI_ERR_UNSUPPORTED,
               "rule 'idle' makes no estimate");
  close_bench(&b);
}
END_TEST

START_TEST(nothing_to_compare)
{
  bench b = open_bench(rflo());
  nai_trainer *bare;
  nai_rule *rule = rflo();
  expect_ok(nai_trainer_create(&bare, b.net, rule, b.trainer->plasticity.optimizer, NULL));
  expect_fails(nai_trainer_measure_alignment(bare, NULL), NAI_ERR_ORDER, "no task");
  expect_ok(nai_trainer_measure_alignment(b.trainer, NULL));
  expect_fails(nai_trainer_measure_alignment(bare, b.trainer->trials), NAI_ERR_ORDER, "no cost");
  nai_rule_destroy(rule);
  nai_trainer_destroy(bare);
  close_bench(&b);
}
END_TEST

/* A cost of one's own that fails when it is told to. */
static nai_status fail_on_demand(void *user, nai_rate_batch *batch, double *value)
{
  (void)batch;
  (void)value;
  int *calls = user;
  return (*calls)-- == 0 ? nai_set_error("enough"), NAI_ERR_USER : NAI_OK;
}

static void fail_at(int call, uint32_t flags)
{
  int calls = -1;
  bench b = open_bench(rflo());
  nai_cost_ops ops = {
      .struct_size = sizeof ops, .name = "moody", .on_rates = fail_on_demand, .flags = flags};
  nai_cost *cost = NULL;
  attach_cost(b.trainer, nai_cost_create(&cost, &ops, "E", NULL, &calls), &cost, 1);
  expect_ok(nai_trainer_measure_alignment(b.trainer, NULL));
  calls = call;
  expect_fails(nai_trainer_measure_alignment(b.trainer, NULL), NAI_ERR_USER, "enough");
  expect_fails(nai_trainer_alignment(NULL, NULL, b.trainer, "E", "E"), NAI_ERR_ORDER,
               "no alignment yet");
  calls = -1;
  expect_ok(nai_trainer_measure_alignment(b.trainer, NULL));
  ck_assert(isfinite(cosine_of(&b, "E", "E")));
  close_bench(&b);
}

/* While the exact gradient is found, and while the rule's is; on all rates, and in parts. */
START_TEST(costs_that_fail)
{
  fail_at(0, 0);
  fail_at(1, 0);
  fail_at(0, NAI_COST_SEPARABLE);
  bench b = open_bench(rflo());
  expect_ok(nai_trainer_measure_alignment(b.trainer, NULL));
  int parts = (int)b.trainer->batch.steps; /* one group of trials */
  close_bench(&b);
  fail_at(parts - 1, NAI_COST_SEPARABLE);
  fail_at(parts, NAI_COST_SEPARABLE);
  fail_at(2 * parts - 1, NAI_COST_SEPARABLE);
}
END_TEST

/* Silent units whose recurrence would blow up: no error of RFLO goes through it. */
START_TEST(an_exact_gradient_that_overflows)
{
  nai_rule *rule = rflo();
  nai_optimizer *sgd;
  nai_cost *mse;
  nai_trials *trials;
  bench b = {0};
  float input[40] = {0}, target[40];
  for (int i = 0; i < 40; i++) target[i] = 1;
  nai_network *net = COMPOSE(.dt = 20, .inputs = {{"u", 1}}, .populations = {{"h", 4, NAI_FREE}},
                             .outputs = {{"z", 1}}, .projections = {{"u", "h"}, {"h", "h z"}});
  nai_network_set_transfer(net, "h", NAI_TRANSFER_LINEAR);
  nai_network_set_initial_weights(net, "h", "h", NAI_WEIGHTS_NORMAL, 0, 1e3);
  expect_ok(nai_network_build(net, 1));
  expect_ok(nai_trials_create(&trials, net, 40, 1));
  expect_ok(nai_trials_set_inputs(trials, NULL, input, 1));
  expect_ok(nai_trials_set_targets(trials, "z", target, 1));
  expect_ok(nai_optimizer_create_sgd(&sgd, 1e-3));
  expect_ok(nai_trainer_create(&b.trainer, net, rule, sgd, NULL));
  attach_cost(b.trainer, nai_cost_create_mse(&mse, "z"), &mse, 1);
  expect_ok(nai_trainer_estimate_gradient(NULL, b.trainer, trials));
  expect_fails(nai_trainer_measure_alignment(b.trainer, trials), NAI_ERR_NONFINITE, "gradient");
  expect_fails(nai_trainer_alignment(NULL, NULL, b.trainer, NULL, NULL), NAI_ERR_ORDER,
               "no alignment yet");
  expect_ok(nai_trainer_step(NULL, b.trainer, trials));
  nai_trials_destroy(trials);
  nai_trainer_destroy(b.trainer);
  nai_optimizer_destroy(sgd);
  nai_rule_destroy(rule);
  nai_network_destroy(net);
}
END_TEST

Suite *alignment_suite(void);
Suite *alignment_suite(void)
{
  Suite *suite = suite_create("alignment");
  TCase *rules = tcase_create("every rule");
  tcase_add_loop_test(rules, the_readout_is_exact, 0, EXACT_READOUT);
  tcase_add_loop_test(rules, looking_changes_nothing, 0, RULES);
  suite_add_tcase(suite, rules);
  ADD_CASE(suite, "what it says", backpropagation_is_its_own_measure,
           a_local_rule_beside_backpropagation, real_time_recurrent_learning_is_exact,
           perturbing_points_along_the_gradient_on_average, what_does_not_learn_has_none,
           what_a_rule_does_not_teach, costs_on_weights_do_not_count,
           any_number_of_threads_gives_the_same_bits);
  ADD_CASE(suite, "what it leaves alone", the_gradient_is_then_the_rule_s,
           what_a_rule_remembers_is_put_back);
  ADD_CASE(suite, "memory", aligning_without_memory);
  ADD_CASE(suite, "arguments", calls_with_nothing, a_rule_without_estimate,
           a_rule_that_moves_weights_itself, nothing_to_compare, costs_that_fail,
           an_exact_gradient_that_overflows);
  return suite;
}
