/*
 * lib/train: the same bits for any number of threads and any split into batches; learning;
 * clipping; NaN; callbacks; evaluation; settings; memory.
 */
#include <check.h>
#include <math.h>
#include <neuroai/extend.h>
#include <neuroai/neuroai.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/kernels/kernels.h"
#include "../lib/network/network.h"
#include "../lib/train/trainer.h"
#include "checks.h"
#include "faults.h"
#include "rules.h"

#define PERCEPTUAL "perceptual-decision-making"

/* --- networks, trainers ----------------------------------------------------------------------- */

/* E and I, sparse, with noise, for the perceptual task. */
static nai_network *compose(int64_t n_e, int64_t n_i)
{
  nai_network *net = compose_ei_of(20, 3, n_e, n_i, 3);
  expect_ok(nai_network_set(net, "E I", "noise", 0.1));
  expect_ok(nai_network_set(net, "stimulus", "noise", 0.01));
  expect_ok(nai_network_place_box(net, "E I", 1, 1, 1));
  make_sparse(net, "E I", 0.5);
  return net;
}

static nai_network *build(int64_t n_e, int64_t n_i)
{
  nai_network *net = compose(n_e, n_i);
  expect_ok(nai_network_build(net, 3));
  return net;
}

/* One population that is connected to itself. */
static nai_network *build_other(double dt, int64_t inputs, int64_t outputs, int64_t n,
                                const char *kernels)
{
  nai_network *net = COMPOSE(.dt = dt, .inputs = {{"stimulus", inputs}},
                             .populations = {{"E", n, NAI_FREE}}, .outputs = {{"choice", outputs}},
                             .projections = {{"stimulus", "E"}, {"E", "E choice"}});
  expect_ok(nai_network_set_kernels(net, kernels));
  expect_ok(nai_network_build(net, 1));
  return net;
}

/* Trials of 200 to 300 ms. */
static nai_task *make_task(const nai_network *net)
{
  nai_task *task;
  static const double stimulus[3] = {100, 140, 200};
  expect_ok(nai_task_create(&task, PERCEPTUAL, net));
  expect_ok(nai_task_set_list(task, "stimulus", stimulus, 3));
  expect_ok(nai_task_set(task, "fixation", 40));
  expect_ok(nai_task_set(task, "decision", 60));
  return task;
}

/* A trainer without costs. `optimizer` is given away. */
static nai_trainer *bare_trainer(nai_network *net, nai_task *task, nai_optimizer *optimizer)
{
  nai_rule *bptt;
  nai_trainer *trainer;
  expect_ok(nai_rule_create_bptt(&bptt));
  expect_ok(nai_trainer_create(&trainer, net, bptt, optimizer, task));
  nai_rule_destroy(bptt);
  nai_optimizer_destroy(optimizer);
  return trainer;
}

static nai_trainer *make_trainer(nai_network *net, nai_task *task, nai_optimizer *optimizer)
{
  nai_trainer *trainer = bare_trainer(net, task, optimizer);
  nai_cost *c;
  attach_cost(trainer, nai_cost_create_cross_entropy(&c, "choice"), &c, 1);
  return trainer;
}

static void set(nai_trainer *trainer, const char *parameter, double value)
{
  expect_ok(nai_trainer_set(trainer, parameter, value));
}

/* Task, trainer and all weights as they were, of a network of one's own. */
typedef struct bench {
  nai_network *net;
  nai_task *task;
  nai_trainer *trainer;
  float *theta;
} bench;

static void remember(bench *b)
{
  memcpy(b->theta, b->net->theta, (size_t)b->net->n_theta * sizeof *b->theta);
}

static bench bench_of(nai_network *net, nai_optimizer *optimizer)
{
  bench b = {.net = net, .task = make_task(net)};
  b.trainer = make_trainer(net, b.task, optimizer);
  set(b.trainer, "batch", 8);
  set(b.trainer, "evaluate_every", 0);
  b.theta = malloc((size_t)net->n_theta * sizeof *b.theta);
  remember(&b);
  return b;
}

static bench open_bench(void)
{
  return bench_of(build(12, 4), adam(0.01));
}

static int is_unchanged(const bench *b)
{
  return memcmp(b->theta, b->net->theta, (size_t)b->net->n_theta * sizeof *b->theta) == 0;
}

static void close_bench(bench *b)
{
  nai_trainer_destroy(b->trainer);
  nai_task_destroy(b->task);
  nai_network_destroy(b->net);
  free(b->theta);
}

/* --- the same bits ---------------------------------------------------------------------------- */

/* So many units that threads share out the rows of a weight gradient, unevenly. */
enum { UPDATES = 20, N_E = 44, N_I = 11, BATCHES = 5 };

/* Weights after some updates, with every kind of cost that threads share. */
static float *trained(const char *kernels, int64_t batch, int threads, int change, double *seen)
{
  nai_network *net = compose(N_E, N_I);
  expect_ok(nai_network_set_kernels(net, kernels));
  expect_ok(nai_network_build(net, 3));
  nai_task *task = make_task(net);
  nai_trainer *trainer = make_trainer(net, task, adam(0.01));
  nai_cost *c;
  attach_cost(trainer, nai_cost_create_l2_rates(&c, "E I"), &c, 1e-2);
  attach_cost(trainer, nai_cost_create_l1_rates(&c, "I"), &c, 1e-2);
  attach_cost(trainer, nai_cost_create_distance(&c, "E I", "E I"), &c, 1e-2);
  set(trainer, "batch", (double)batch);
  set(trainer, "threads", threads);
  set(trainer, "seed", 11);
  set(trainer, "evaluate_every", 7);
  set(trainer, "evaluate_trials", 20);
  expect_ok(nai_trainer_run(trainer, UPDATES / 2, NULL, NULL));
  if (change) set(trainer, "threads", threads % 3 + 1);
  expect_ok(nai_trainer_run(trainer, UPDATES - UPDATES / 2, NULL, NULL));
  *seen = trainer->performance;
  float *theta = malloc((size_t)net->n_theta * sizeof *theta);
  memcpy(theta, net->theta, (size_t)net->n_theta * sizeof *theta);
  nai_trainer_destroy(trainer);
  nai_task_destroy(task);
  nai_network_destroy(net);
  return theta;
}

static int64_t theta_size(void)
{
  nai_network *net = build(N_E, N_I);
  int64_t n = net->n_theta;
  nai_network_destroy(net);
  return n;
}

START_TEST(any_number_of_threads_gives_the_same_bits)
{
  static const int64_t batches[BATCHES] = {1, 7, 64, 65, 100};
  static const int threads[] = {2, 3, 16}; /* more than groups of trials, too */
  size_t bytes = (size_t)theta_size() * sizeof(float);
  const char *kernels, *best = nai__kernels_best()->name;
  for (int k = 0; (kernels = nai__kernels_name(k)); k++) {
    if (!nai__kernels_named(kernels)) continue;
    if (batches[_i] != 7 && strcmp(kernels, best) != 0) continue;
    double performance, other;
    float *one = trained(kernels, batches[_i], 1, 0, &performance);
    for (int t = 0; t < (int)(sizeof threads / sizeof *threads); t++) {
      float *many = trained(kernels, batches[_i], threads[t], threads[t] == 3, &other);
      ck_assert_msg(memcmp(one, many, bytes) == 0, "%s, batch %d, %d threads", kernels,
                    (int)batches[_i], threads[t]);
      ck_assert(performance == other);
      free(many);
    }
    free(one);
  }
}
END_TEST

/* Threads that would wait take a part of a group; no part is less than what is one sum. */
START_TEST(threads_beyond_groups_find_work)
{
  static const struct {
    int64_t trials, threads, walked;
  } of[] = {{20, 1, 8},   {20, 9, 8},   {64, 1, 16},  {64, 4, 16},  {64, 5, 16},  {64, 8, 8},
            {128, 2, 32}, {128, 3, 16}, {128, 4, 32}, {128, 8, 16}, {128, 16, 8}, {128, 64, 8}};
  nai_network *net = build(N_E, N_I);
  nai_task *task = make_task(net);
  for (int k = 0; k < (int)(sizeof of / sizeof *of); k++) {
    nai_trainer *trainer = make_trainer(net, task, adam(0.01));
    set(trainer, "batch", (double)of[k].trials);
    set(trainer, "threads", (double)of[k].threads);
    expect_ok(nai_trainer_step(NULL, trainer, NULL));
    ck_assert_int_eq(trainer->batch.walked, of[k].walked);
    ck_assert_int_eq(trainer->batch.summed, 8);
    nai_trainer_destroy(trainer);
  }
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

/* Slices have all of theta, one after the other, and are no more than there is room for. */
START_TEST(slices_join)
{
  static const int64_t most = NAI__MOST_SLICES, sizes[] = {8, 65536, 65544, 1 << 22, 68157440};
  nai_network *net = calloc(1, sizeof *net);
  for (int k = 0; k < 5; k++)
    for (net->n_theta = sizes[k]; net->n_theta <= sizes[k] + 1024; net->n_theta += 8) {
      const int64_t slices = nai__slices(net);
      int64_t next = 0;
      EXPECT(slices >= 1 && slices <= most);
      for (int64_t i = 0; i < slices; i++) {
        const nai__stretch at = nai__slice(net, i);
        EXPECT(at.first == next && at.end > at.first && at.first % 1024 == 0);
        next = at.end;
      }
      ck_assert_int_eq(next, net->n_theta);
    }
  free(net);
}
END_TEST

/*
 * Of so many weights that an update is shared out, with frozen ones between: the same bits by any number of
 * threads, and a norm that misses none.
 */
START_TEST(updates_are_shared_out)
{
  uint64_t one = 0;
  for (int threads = 1; threads <= 4; threads++) {
    nai_network *net =
        COMPOSE(.dt = 20, .inputs = {{"u", 250}},
                .populations = {{"a", 500, NAI_FREE}, {"b", 300, NAI_FREE}}, .outputs = {{"z", 2}},
                .projections = {{"u", "a b"}, {"a b", "a b"}, {"a b", "z"}});
    nai_optimizer *move;
    nai_cost *c;
    expect_ok(nai_network_set_initial_weights(net, "*", "*", NAI_WEIGHTS_NORMAL, 0, 0.02));
    expect_ok(nai_network_set_plastic(net, "a b", "a b", 0));
    expect_ok(nai_network_build(net, 3));
    ck_assert_int_gt(nai__slices(net), 4);
    ck_assert_int_gt(net->n_stretches, 1);
    expect_ok(_i ? nai_optimizer_create_adam(&move, 1e-3) : nai_optimizer_create_sgd(&move, 0.1));
    nai_trainer *trainer = trainer_of(net, rule_named("bptt", 1), move);
    attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 1);
    set(trainer, "threads", threads);
    set(trainer, "clip", 0.01);
    nai_trials *trials = normal_trials(net, "z", 3, 4);
    for (int k = 0; k < 3; k++) {
      double sum = 0;
      expect_ok(nai_trainer_step(NULL, trainer, trials));
      for (int64_t i = 0; i < net->n_theta; i++)
        sum += (double)trainer->plasticity.gradient[i] * (double)trainer->plasticity.gradient[i];
      ck_assert_double_eq_tol(trainer->plasticity.gradient_norm, sqrt(sum), 1e-12 * sqrt(sum));
    }
    if (threads == 1) one = hash_of(net);
    EXPECT(hash_of(net) == one);
    nai_trials_destroy(trials);
    nai_trainer_destroy(trainer);
    nai_network_destroy(net);
  }
}
END_TEST

/* Frozen ones have a gradient of 0, by which a mean becomes .9 of what it was. */
START_TEST(moments_fade_where_nothing_learns)
{
  nai_network *net = COMPOSE(.dt = 20, .inputs = {{"u", 3}}, .populations = {{"a", 5, NAI_FREE}},
                             .outputs = {{"z", 2}}, .projections = {{"u", "a"}, {"a", "z"}});
  nai_optimizer *move;
  nai_cost *c;
  expect_ok(nai_network_build(net, 1));
  expect_ok(_i ? nai_optimizer_create_adam(&move, 1e-3)
               : nai_optimizer_create_momentum(&move, 1e-3));
  nai_trainer *trainer = trainer_of(net, rule_named("bptt", 1), move);
  attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 1);
  nai_trials *trials = normal_trials(net, "z", 5, 4);
  const float *mean = trainer->plasticity.mean + net->projection[0].at.start;
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  const double before = mean[0];
  EXPECT(before != 0);
  expect_ok(nai_network_set_plastic(net, "u", "a", 0));
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  ck_assert_double_eq_tol(mean[0], 0.9 * before, 1e-6 * fabs(before));
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* A BLAS that takes the processor for another is slow: it multiplies only for whoever asks for it. */
START_TEST(only_its_own_kernels_call_the_blas)
{
  const char *kernels = nai__kernels_name(_i);
  if (!nai__kernels_named(kernels)) return;
  double performance;
  long before = faults_blas_calls();
  free(trained(kernels, 7, 1, 0, &performance));
  EXPECT((faults_blas_calls() > before) == (strcmp(kernels, "blas") == 0));
  before = faults_blas_calls();
  free(trained(NULL, 7, 1, 0, &performance)); /* as they are chosen */
  EXPECT(faults_blas_calls() == before);
}
END_TEST

/* Rates of trial k, step by step, as one row. */
static void copy_trial(float *out, const nai_trainer *trainer, const char *name, int64_t k)
{
  nai_view v = NAI_VIEW_INIT;
  expect_ok(nai_trainer_activity(&v, trainer, name));
  for (int64_t t = 0; t < v.shape[0]; t++)
    memcpy(out + t * v.shape[2], (const char *)v.data + t * v.stride[0] + k * v.stride[1],
           (size_t)v.shape[2] * sizeof *out);
}

/* Sums over thousands of steps and trials, which a BLAS takes another way than short ones. */
START_TEST(long_sums_are_the_same_too)
{
  const char *kernels = _i ? "blas" : nai__kernels_best()->name;
  float *one = NULL;
  for (int threads = 1; threads <= 3; threads++) {
    nai_network *net = build_other(20, 3, 3, 20, kernels);
    nai_task *task;
    expect_ok(nai_task_create(&task, PERCEPTUAL, net));
    nai_trainer *trainer = make_trainer(net, task, adam(0.01));
    set(trainer, "threads", threads);
    expect_ok(nai_trainer_estimate_gradient(NULL, trainer, NULL)); /* 110 steps of 64 trials */
    size_t bytes = (size_t)net->n_theta * sizeof *one;
    if (!one) {
      one = malloc(bytes);
      memcpy(one, trainer->plasticity.gradient, bytes);
    }
    ck_assert_msg(memcmp(one, trainer->plasticity.gradient, bytes) == 0, "%s, %d threads", kernels,
                  threads);
    nai_trainer_destroy(trainer);
    nai_task_destroy(task);
    nai_network_destroy(net);
  }
  free(one);
}
END_TEST

/* The same bits; but a BLAS may sum in another order when there are more rows. */
static int is_same(const float *a, const float *b, int64_t n, int exact)
{
  if (exact) return memcmp(a, b, (size_t)n * sizeof *a) == 0;
  for (int64_t i = 0; i < n; i++)
    if (!(fabsf(a[i] - b[i]) <= 1e-4f * (1 + fabsf(b[i])))) return 0;
  return 1;
}

/* Activity of trial k: the same alone, in a batch, in another place of a larger batch. */
START_TEST(trials_do_not_depend_on_their_batch)
{
  const char *kernels = nai__kernels_name(_i);
  ck_assert_ptr_eq(nai__kernels_name(5), NULL);
  if (!nai__kernels_named(kernels)) return;
  int exact = strcmp(kernels, "blas") != 0;
  nai_network *net = compose(20, 5);
  expect_ok(nai_network_set_kernels(net, kernels));
  expect_ok(nai_network_build(net, 3));
  nai_task *task;
  expect_ok(nai_task_create(&task, PERCEPTUAL, net));
  expect_ok(nai_task_set(task, "stimulus", 300));
  enum { N = 65, STEPS = 25 };
  nai_trainer *whole = make_trainer(net, task, plain_descent(0));
  set(whole, "batch", N);
  set(whole, "seed", 9007199254740992.0);
  expect_ok(nai_trainer_estimate_gradient(NULL, whole, NULL));
  static const int64_t sizes[3] = {1, 5, 33};
  float one[STEPS * 20], other[STEPS * 20];
  for (int s = 0; s < 3; s++) {
    nai_trainer *parts =
        make_trainer(net, task, plain_descent(0)); /* nothing moves but the trials */
    set(parts, "batch", (double)sizes[s]);
    set(parts, "seed", 9007199254740992.0);
    for (int64_t first = 0; first + sizes[s] <= N; first += sizes[s]) {
      expect_ok(nai_trainer_step(NULL, parts, NULL));
      for (int64_t k = 0; k < sizes[s]; k++) {
        copy_trial(one, parts, "E", k);
        copy_trial(other, whole, "E", first + k);
        EXPECT(is_same(one, other, STEPS * 20, exact));
        copy_trial(one, parts, "choice", k);
        copy_trial(other, whole, "choice", first + k);
        EXPECT(is_same(one, other, STEPS * 3, exact));
      }
    }
    nai_trainer_destroy(parts);
  }
  nai_trainer_destroy(whole);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

/*
 * Every trial weighs the same here, so the gradient of a batch is the mean of those of its parts.
 */
START_TEST(gradient_of_a_batch_is_the_mean_of_its_parts)
{
  nai_network *net = build(20, 5);
  nai_task *task;
  expect_ok(nai_task_create(&task, PERCEPTUAL, net));
  expect_ok(nai_task_set(task, "stimulus", 200));
  nai_trainer *trainer = make_trainer(net, task, plain_descent(0));
  nai_cost *c;
  attach_cost(trainer, nai_cost_create_l2_rates(&c, "E"), &c, 0.1);
  size_t n = (size_t)net->n_theta;
  double *mean = calloc(n, sizeof *mean), cost = 0, largest = 0;
  nai_progress now = NAI_PROGRESS_INIT;
  for (uint64_t part = 0; part < 8; part++) {
    nai_trials *trials;
    expect_ok(nai_task_generate(&trials, task, 5, NAI_STREAM_TRAIN, 8 * part, 8));
    expect_ok(nai_trainer_estimate_gradient(&now, trainer, trials));
    for (size_t i = 0; i < n; i++) mean[i] += (double)trainer->plasticity.gradient[i] / 8;
    cost += now.cost / 8;
    nai_trials_destroy(trials);
  }
  nai_trials *trials;
  expect_ok(nai_task_generate(&trials, task, 5, NAI_STREAM_TRAIN, 0, 64));
  expect_ok(nai_trainer_estimate_gradient(&now, trainer, trials));
  ck_assert_double_eq_tol(now.cost, cost, 1e-6 * cost);
  for (size_t i = 0; i < n; i++) largest = fmax(largest, fabs(mean[i]));
  ck_assert_double_gt(largest, 1e-4);
  for (size_t i = 0; i < n; i++)
    EXPECT(fabs((double)trainer->plasticity.gradient[i] - mean[i]) < 1e-5 * largest);
  free(mean);
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

/*
 * A state with the same seed runs the same trials: the trainer's noise is that of trial 0, 1, ...
 */
START_TEST(activity_is_that_of_a_state)
{
  enum { TRIALS = 5, STEPS = 9 };
  nai_network *net = build(12, 4);
  float inputs[STEPS * TRIALS * 3], rates[STEPS * TRIALS * 16], outputs[STEPS * TRIALS * 3];
  expect_ok(nai_random_normals(inputs, STEPS * TRIALS * 3, 2, 2));
  nai_state *state;
  const uint64_t seed = (UINT64_C(1) << 63) + 77; /* which no double holds */
  expect_ok(nai_state_create(&state, net, TRIALS, seed));
  expect_ok(nai_state_run(outputs, rates, state, STEPS, inputs));

  nai_trials *trials;
  nai_trainer *trainer = make_trainer(net, NULL, plain_descent(0));
  const int32_t classes[STEPS * TRIALS] = {0};
  expect_ok(nai_trainer_set_seed(trainer, seed));
  expect_ok(nai_trials_create(&trials, net, STEPS, TRIALS));
  expect_ok(nai_trials_set_inputs(trials, NULL, inputs, 3));
  expect_ok(nai_trials_set_classes(trials, "choice", classes));
  nai_view e = NAI_VIEW_INIT, choice = NAI_VIEW_INIT, i = NAI_VIEW_INIT;
  expect_fails(nai_trainer_activity(&e, trainer, "E"), NAI_ERR_ORDER, "no activity yet");
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
  expect_ok(nai_trainer_activity(&e, trainer, "E"));
  expect_ok(nai_trainer_activity(&i, trainer, "I"));
  expect_ok(nai_trainer_activity(&choice, trainer, "choice"));
  ck_assert(e.dtype == NAI_FLOAT32 && e.ndim == 3 && choice.ndim == 3);
  ck_assert(e.shape[0] == STEPS && e.shape[1] == TRIALS && e.shape[2] == 12 && e.shape[3] == 1);
  ck_assert(choice.shape[2] == 3 && e.stride[2] == sizeof(float) && e.stride[3] == 0);
  for (int64_t t = 0; t < STEPS; t++)
    for (int64_t b = 0; b < TRIALS; b++) {
      const float *r = rates + (t * TRIALS + b) * 16;
      const char *at = (const char *)e.data + t * e.stride[0] + b * e.stride[1];
      EXPECT(memcmp(at, r, 12 * sizeof *r) == 0);
      at = (const char *)i.data + t * i.stride[0] + b * i.stride[1];
      EXPECT(memcmp(at, r + 12, 4 * sizeof *r) == 0);
      at = (const char *)choice.data + t * choice.stride[0] + b * choice.stride[1];
      EXPECT(memcmp(at, outputs + (t * TRIALS + b) * 3, 3 * sizeof *r) == 0);
    }
  nai_state_destroy(state);
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* --- learning --------------------------------------------------------------------------------- */

/* Coherences of 0 to 51 %, of which an ideal observer gets 0.86 right; chance is 0.5 at best. */
START_TEST(a_network_learns_to_decide)
{
  nai_network *net = build(40, 10);
  nai_task *task;
  expect_ok(nai_task_create(&task, PERCEPTUAL, net));
  expect_ok(nai_task_set(task, "stimulus", 500));
  nai_trainer *trainer = make_trainer(net, task, adam(0.01));
  nai_cost *c;
  attach_cost(trainer, nai_cost_create_l2_rates(&c, "E I"), &c, 1e-5);
  set(trainer, "batch", 32);
  set(trainer, "clip", 1);
  set(trainer, "evaluate_every", 1000); /* once, at the end */
  nai_progress first = NAI_PROGRESS_INIT, last = NAI_PROGRESS_INIT;
  expect_ok(nai_trainer_step(&first, trainer, NULL));
  expect_ok(nai_trainer_run(trainer, 300, NULL, NULL));
  expect_ok(nai_trainer_estimate_gradient(&last, trainer, NULL));
  ck_assert_double_lt(last.cost, 0.7 * first.cost);
  ck_assert_double_gt(last.performance, 0.75);

  /*
   * the same by an evaluation of its own (a BLAS may turn a draw), and Dale's law and the wiring
   * have held
   */
  nai_evaluation *evaluation;
  expect_ok(nai_evaluation_create(&evaluation, net, task, 500, 0, 1));
  ck_assert_double_eq_tol(nai_evaluation_performance(evaluation), last.performance, 0.005);
  nai_evaluation_destroy(evaluation);
  for (int64_t k = 0; k < net->n_projections; k++) {
    nai_synapses s = nai__synapses(net, &net->projection[k], NULL, NULL);
    for (int64_t i = 0; i < s.n_post; i++)
      for (int64_t j = 0; j < s.n_pre; j++) {
        float w = s.weight[i * s.stride + j];
        EXPECT(w * (float)s.population_sign >= 0 && (w == 0 || s.exists[i * s.stride + j] == 1));
      }
  }
  nai_trainer_destroy(trainer);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

/* Plain descent moves by the gradient, whose norm is cut to `clip`. */
START_TEST(clipping_by_the_global_norm)
{
  nai_network *net =
      COMPOSE(.dt = 20, .inputs = {{"in", 3}}, .populations = {{"free", 8, NAI_FREE}},
              .outputs = {{"choice", 3}}, .projections = {{"in", "free"}, {"free", "free choice"}});
  expect_ok(nai_network_build(net, 3));
  bench b = bench_of(net, plain_descent(0.5));
  nai_progress now = NAI_PROGRESS_INIT;
  for (int round = 0; round < 3; round++) {
    remember(&b);
    expect_ok(nai_trainer_estimate_gradient(&now, b.trainer, NULL));
    double norm = now.gradient_norm, sum = 0, clip = round == 0 ? 0 : round == 1 ? norm / 4 : 1e9;
    for (int64_t i = 0; i < net->n_theta; i++)
      sum += (double)b.trainer->plasticity.gradient[i] * (double)b.trainer->plasticity.gradient[i];
    ck_assert_double_eq_tol(norm, sqrt(sum), 1e-9 * norm);
    ck_assert_double_gt(norm, 0);
    set(b.trainer, "clip", clip);
    expect_ok(nai_trainer_step(&now, b.trainer, NULL)); /* the same batch */
    ck_assert(now.gradient_norm == norm);               /* before clipping */
    double scale = round == 1 ? 0.25 : 1;
    for (int64_t i = 0; i < net->n_theta; i++) {
      double moved = (double)b.net->theta[i] - (double)b.theta[i];
      EXPECT(fabs(moved + 0.5 * scale * (double)b.trainer->plasticity.gradient[i]) <
             1e-6 * (norm + fabs((double)b.theta[i])));
    }
  }
  close_bench(&b);
}
END_TEST

/* --- gradient, step, views -------------------------------------------------------------------- */

START_TEST(a_gradient_changes_nothing)
{
  bench b = open_bench();
  nai_progress one = NAI_PROGRESS_INIT, two = NAI_PROGRESS_INIT;
  nai_view view = NAI_VIEW_INIT;
  expect_fails(nai_trainer_gradient(&view, b.trainer, "E", "I"), NAI_ERR_ORDER, "no gradient yet");
  expect_ok(nai_trainer_estimate_gradient(&one, b.trainer, NULL));
  size_t bytes = (size_t)b.net->n_theta * sizeof(float);
  float *gradient = malloc(bytes);
  memcpy(gradient, b.trainer->plasticity.gradient, bytes);
  expect_ok(nai_trainer_estimate_gradient(&two, b.trainer, NULL));
  ck_assert(is_unchanged(&b));
  ck_assert_int_eq(two.step, 0);
  ck_assert(one.cost == two.cost && memcmp(gradient, b.trainer->plasticity.gradient, bytes) == 0);
  expect_ok(nai_trainer_step(&two, b.trainer, NULL)); /* the same batch: it was not used up */
  ck_assert_int_eq(two.step, 1);
  ck_assert(one.cost == two.cost && memcmp(gradient, b.trainer->plasticity.gradient, bytes) == 0);
  ck_assert(!is_unchanged(&b));
  expect_ok(nai_trainer_estimate_gradient(&two, b.trainer, NULL)); /* the next one */
  ck_assert(one.cost != two.cost);
  ck_assert_int_eq(two.step, 1);
  free(gradient);
  close_bench(&b);
}
END_TEST

START_TEST(views_of_the_gradient)
{
  bench b = open_bench();
  expect_ok(nai_trainer_estimate_gradient(NULL, b.trainer, NULL));
  double sum = 0;
  for (int64_t k = 0; k < nai_network_count(b.net, NAI_PROJECTIONS); k++) {
    const char *from, *to;
    nai_view g = NAI_VIEW_INIT, mask = NAI_VIEW_INIT;
    expect_ok(nai_network_projection(&from, &to, b.net, k));
    expect_ok(nai_trainer_gradient(&g, b.trainer, from, to));
    expect_ok(nai_network_mask(&mask, b.net, from, to));
    ck_assert(g.ndim == 2 && g.dtype == NAI_FLOAT32 && g.struct_size == sizeof g);
    ck_assert(g.shape[0] == mask.shape[0] && g.shape[1] == mask.shape[1]);
    for (int64_t i = 0; i < g.shape[0]; i++)
      for (int64_t j = 0; j < g.shape[1]; j++) {
        float value = *(const float *)((const char *)g.data + i * g.stride[0] + j * g.stride[1]);
        EXPECT(at(&mask, i, j) == 1 || value == 0);
        sum += (double)value * (double)value;
      }
  }
  static const char *const biases[3] = {"E", "I", "choice"};
  for (int k = 0; k < 3; k++) {
    nai_view g = NAI_VIEW_INIT;
    expect_ok(nai_trainer_gradient(&g, b.trainer, biases[k], NULL));
    ck_assert_int_eq(g.ndim, 1);
    ck_assert_int_eq(g.shape[0], k == 0 ? 12 : k == 1 ? 4 : 3);
    for (int64_t i = 0; i < g.shape[0]; i++)
      sum += (double)((const float *)g.data)[i] * (double)((const float *)g.data)[i];
  }
  nai_progress now = NAI_PROGRESS_INIT;
  expect_ok(nai_trainer_estimate_gradient(&now, b.trainer, NULL));
  ck_assert_double_eq_tol(now.gradient_norm, sqrt(sum), 1e-9 * now.gradient_norm);

  nai_view view = NAI_VIEW_INIT;
  expect_fails(nai_trainer_gradient(&view, b.trainer, "E", "stimulus"), NAI_ERR_NAME, "stim");
  expect_fails(nai_trainer_gradient(&view, b.trainer, "I", "choice"), NAI_ERR_NAME, "choice");
  expect_fails(nai_trainer_gradient(&view, b.trainer, "X", "E"), NAI_ERR_NAME, "X");
  expect_fails(nai_trainer_gradient(&view, b.trainer, "stimulus", NULL), NAI_ERR_NAME, "stimulus");
  expect_fails(nai_trainer_activity(&view, b.trainer, "stimulus"), NAI_ERR_NAME, "stimulus");
  expect_fails(nai_trainer_activity(&view, b.trainer, ""), NAI_ERR_NAME, "''");
  view.struct_size = 1;
  expect_fails(nai_trainer_activity(&view, b.trainer, "E"), NAI_ERR_INVALID, "struct_size is 1");
  expect_fails(nai_trainer_gradient(&view, b.trainer, "E", "E"), NAI_ERR_INVALID,
               "struct_size is 1");
  close_bench(&b);
}
END_TEST

/* Given trials are learnt from as those that the trainer draws itself. */
START_TEST(given_trials_and_drawn_ones)
{
  bench a = open_bench(), b = open_bench();
  nai_trials *trials;
  nai_progress one = NAI_PROGRESS_INIT, two = NAI_PROGRESS_INIT;
  expect_ok(nai_task_generate(&trials, b.task, 0, NAI_STREAM_TRAIN, 0, 8));
  expect_ok(nai_trainer_step(&one, a.trainer, NULL));
  expect_ok(nai_trainer_step(&two, b.trainer, trials));
  ck_assert(one.cost == two.cost && one.gradient_norm == two.gradient_norm);
  remember(&a);
  ck_assert(memcmp(a.theta, b.net->theta, (size_t)a.net->n_theta * sizeof *a.theta) == 0);
  nai_trials_destroy(trials);

  /* trials of other sizes, in any order */
  static const int64_t sizes[5][2] = {{3, 1}, {40, 2}, {1, 100}, {40, 100}, {2, 3}};
  for (int k = 0; k < 5; k++) {
    expect_ok(nai_trials_create(&trials, b.net, sizes[k][0], sizes[k][1]));
    int32_t *classes = calloc((size_t)(sizes[k][0] * sizes[k][1]), sizeof *classes);
    expect_ok(nai_trials_set_classes(trials, "choice", classes));
    expect_ok(nai_trainer_step(&two, b.trainer, trials));
    ck_assert_int_eq(two.step, k + 2);
    nai_view view = NAI_VIEW_INIT;
    expect_ok(nai_trainer_activity(&view, b.trainer, "I"));
    ck_assert(view.shape[0] == sizes[k][0] && view.shape[1] == sizes[k][1]);
    free(classes);
    nai_trials_destroy(trials);
  }
  expect_ok(nai_trainer_step(&two, b.trainer, NULL));
  close_bench(&a);
  close_bench(&b);
}
END_TEST

/* --- NaN and infinity ------------------------------------------------------------------------- */

/*
 * The update fails with these words, changes nothing, and after `restore` goes as if nothing was.
 */
static void check_stops(bench *b, const nai_trials *trials, const char *words, const char *more)
{
  bench other = open_bench(); /* never in trouble */
  expect_fails(nai_trainer_step(NULL, b->trainer, trials), NAI_ERR_NONFINITE, words);
  ck_assert_msg(strstr(nai_last_error(), more) != NULL, "'%s' has no '%s'", nai_last_error(), more);
  ck_assert(is_unchanged(b));
  expect_fails(nai_trainer_estimate_gradient(NULL, b->trainer, trials), NAI_ERR_NONFINITE, words);
  ck_assert(is_unchanged(b));
  memcpy(b->net->theta, other.net->theta, (size_t)b->net->n_theta * sizeof *b->theta);
  nai__pack(b->net);
  for (int k = 0; k < 3; k++) {
    nai_progress one = NAI_PROGRESS_INIT, two = NAI_PROGRESS_INIT;
    expect_ok(nai_trainer_step(&one, b->trainer, NULL));
    expect_ok(nai_trainer_step(&two, other.trainer, NULL));
    ck_assert(one.step == two.step && one.cost == two.cost);
  }
  remember(b);
  ck_assert(memcmp(b->theta, other.net->theta, (size_t)b->net->n_theta * sizeof *b->theta) == 0);
  close_bench(&other);
  close_bench(b);
}

static void set_all(nai_network *net, const char *from, const char *to, float value)
{
  nai_view mask = NAI_VIEW_INIT;
  expect_ok(nai_network_mask(&mask, net, from, to));
  float w[64 * 64];
  for (int64_t i = 0; i < mask.shape[0]; i++)
    for (int64_t j = 0; j < mask.shape[1]; j++) w[i * mask.shape[1] + j] = value * at(&mask, i, j);
  expect_ok(nai_network_set_weights(net, from, to, w, mask.shape[0], mask.shape[1]));
}

START_TEST(activity_that_overflows)
{
  bench b = open_bench();
  set_all(b.net, "E", "E", 1e10f);
  remember(&b);
  check_stops(&b, NULL, "population 'E' is not finite: unit ", "step ");
}
END_TEST

START_TEST(outputs_that_overflow)
{
  bench b = open_bench();
  set_all(b.net, "E", "choice", 3e38f);
  float bias[12];
  for (int i = 0; i < 12; i++) bias[i] = 100; /* every unit is active */
  expect_ok(nai_network_set_bias(b.net, "E", bias, 12));
  remember(&b);
  check_stops(&b, NULL, "output 'choice' is not finite: unit 0, step 1", "trial 0");
}
END_TEST

START_TEST(inputs_that_overflow)
{
  bench b = open_bench();
  nai_trials *trials;
  enum { STEPS = 6, TRIALS = 9 };
  const int32_t classes[STEPS * TRIALS] = {0};
  float inputs[STEPS * TRIALS * 3] = {0};
  /* infinity less infinity, at the fourth step of trial 7, and NaN ever after */
  for (int c = 0; c < 3; c++) inputs[(3 * TRIALS + 7) * 3 + c] = c == 1 ? -3e38f : 3e38f;
  expect_ok(nai_trials_create(&trials, b.net, STEPS, TRIALS));
  expect_ok(nai_trials_set_inputs(trials, NULL, inputs, 3));
  expect_ok(nai_trials_set_classes(trials, "choice", classes));
  set_all(b.net, "stimulus", "I", 100);
  remember(&b);
  check_stops(&b, trials, "population '", "step 4, trial 7 of the batch");
  nai_trials_destroy(trials);
}
END_TEST

/* One bad step in the middle, in trials that go on and whose cost does not look at it. */
START_TEST(overflow_where_no_cost_looks)
{
  bench b = open_bench();
  nai_trials *trials;
  enum { STEPS = 8, TRIALS = 2 };
  const int32_t classes[STEPS * TRIALS] = {0};
  float inputs[STEPS * TRIALS * 3] = {0}, mask[STEPS * TRIALS] = {0};
  mask[0] = mask[1] = 1; /* the first step alone */
  for (int c = 0; c < 3; c++) inputs[(3 * TRIALS + 1) * 3 + c] = 3e38f;
  expect_ok(nai_trials_create(&trials, b.net, STEPS, TRIALS));
  expect_ok(nai_trials_set_inputs(trials, NULL, inputs, 3));
  expect_ok(nai_trials_set_classes(trials, "choice", classes));
  expect_ok(nai_trials_set_mask(trials, "choice", mask, 1));
  set_all(b.net, "stimulus", "E", 100);
  remember(&b);
  check_stops(&b, trials, "population 'E' is not finite", "step 4, trial 1");
  nai_trials_destroy(trials);
}
END_TEST

/*
 * Populations and outputs that no cost depends on, with infinity at one step or from one on: the
 * power of a current that is finite, a rate that the leak keeps, an output without a cost.
 */
START_TEST(overflow_that_reaches_no_gradient)
{
  enum { STEPS = 6, TRIALS = 3 };
  nai_network *net = COMPOSE(.dt = 20, .inputs = {{"in", 1}},
                             .populations = {{"leaf", 3, NAI_FREE}, {"stem", 2, NAI_FREE}},
                             .outputs = {{"seen", 1}, {"unseen", 2}});
  if (_i == 0) expect_ok(nai_network_set_transfer(net, "leaf", NAI_TRANSFER_POWER));
  expect_ok(nai_network_set(net, "leaf stem", "tau", 20));
  expect_ok(nai_network_connect(net, "in", "leaf stem"));
  expect_ok(nai_network_connect(net, "stem", "seen unseen"));
  expect_ok(nai_network_build(net, 1));
  if (_i == 0) { /* else the slope of infinity would show */
    expect_ok(nai_network_set_plastic(net, "in", "leaf", 0));
    expect_ok(nai_network_set(net, "leaf", "plastic_bias", 0));
  }
  const float large[4] = {_i == 1 ? 3e38f : 1e20f, 0, 0}, small[2] = {1, 1},
              readout[4] = {_i == 2 ? 3e38f : 1, 0, 0, 1};
  expect_ok(nai_network_set_weights(net, "in", "leaf", large, 3, 1));
  expect_ok(nai_network_set_weights(net, "in", "stem", small, 2, 1));
  expect_ok(nai_network_set_weights(net, "stem", "unseen", readout, 2, 2));
  nai_trainer *trainer = bare_trainer(net, NULL, adam(0.01));
  nai_cost *c;
  attach_cost(trainer, nai_cost_create_mse(&c, "seen"), &c, 1);
  nai_trials *trials;
  float inputs[STEPS * TRIALS] = {0}, targets[STEPS * TRIALS] = {0};
  inputs[2 * TRIALS + 1] = 2;
  expect_ok(nai_trials_create(&trials, net, STEPS, TRIALS));
  expect_ok(nai_trials_set_inputs(trials, NULL, inputs, 1));
  expect_ok(nai_trials_set_targets(trials, "seen", targets, 1));
  size_t bytes = (size_t)net->n_theta * sizeof(float);
  float *theta = malloc(bytes);
  memcpy(theta, net->theta, bytes);
  expect_fails(
      nai_trainer_step(NULL, trainer, trials), NAI_ERR_NONFINITE,
      _i == 2
          ? "output 'unseen' is not finite: unit 0, step 3, trial 1"
          : "population 'leaf' is not finite: unit 0, step 3, trial 1 of the batch, at update 1: "
            "nothing was learnt yet, so lower the weights' spectral radius, or the inputs");
  ck_assert(memcmp(theta, net->theta, bytes) == 0);
  inputs[2 * TRIALS + 1] = 0;
  expect_ok(nai_trials_set_inputs(trials, NULL, inputs, 1));
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  inputs[2 * TRIALS + 1] = 2;
  expect_ok(nai_trials_set_inputs(trials, NULL, inputs, 1));
  expect_fails(nai_trainer_step(NULL, trainer, trials), NAI_ERR_NONFINITE,
               "at update 2: lower the learning rate, or set clip");
  free(theta);
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* Of a layer within the step that was added before what it hears, and of what it hears. */
START_TEST(overflow_in_layers)
{
  enum { STEPS = 3 };
  nai_network *net =
      COMPOSE(.dt = 20, .inputs = {{"in", 1}},
              .populations = {{"layer", 3, NAI_FREE}, {"first", 2, NAI_FREE}},
              .outputs = {{"out", 1}},
              .projections = {{"in", "first"}, {"first", "layer"}, {"layer", "out"}});
  expect_ok(nai_network_set(net, "layer first", "tau", 20));
  expect_ok(nai_network_set_delay(net, "first", "layer", 0));
  expect_ok(nai_network_build(net, 1));
  const float ones[2] = {1, 1}, drive[6] = {0, 0, 0, 0, _i ? 1 : 3e38f, 0}, none[3] = {0};
  expect_ok(nai_network_set_weights(net, "in", "first", ones, 2, 1));
  expect_ok(nai_network_set_weights(net, "first", "layer", drive, 3, 2));
  expect_ok(nai_network_set_weights(net, "layer", "out", none, 1, 3));
  if (_i) expect_ok(nai_network_set_weights(net, "in", "first", (float[]){1, 3e38f}, 2, 1));
  nai_trainer *trainer = bare_trainer(net, NULL, adam(0.01));
  nai_cost *c;
  attach_cost(trainer, nai_cost_create_mse(&c, "out"), &c, 1);
  nai_trials *trials;
  float inputs[STEPS] = {0, 2, 0}, targets[STEPS] = {0};
  expect_ok(nai_trials_create(&trials, net, STEPS, 1));
  expect_ok(nai_trials_set_inputs(trials, NULL, inputs, 1));
  expect_ok(nai_trials_set_targets(trials, "out", targets, 1));
  uint64_t before = hash_of(net);
  expect_fails(nai_trainer_step(NULL, trainer, trials), NAI_ERR_NONFINITE,
               _i ? "population 'first' is not finite: unit 1, step 2"
                  : "population 'layer' is not finite: unit 2, step 2");
  ck_assert(hash_of(net) == before);
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* Errors so large that the squares that optimisers keep would overflow. */
START_TEST(gradients_that_overflow)
{
  nai_network *net = build(12, 4);
  nai_trainer *trainer = bare_trainer(net, NULL, adam(0.01));
  nai_cost *c;
  nai_trials *trials;
  attach_cost(trainer, nai_cost_create_mse(&c, "choice"), &c, 1);
  expect_ok(nai_trials_create(&trials, net, 1, 1));
  float targets[3] = {1e30f, 0, 0};
  expect_ok(nai_trials_set_targets(trials, "choice", targets, 3));
  float bias[12];
  for (int i = 0; i < 12; i++) bias[i] = 1;
  expect_ok(nai_network_set_bias(net, "E", bias, 12));
  size_t bytes = (size_t)net->n_theta * sizeof(float);
  float *theta = malloc(bytes);
  memcpy(theta, net->theta, bytes);
  expect_fails(nai_trainer_step(NULL, trainer, trials), NAI_ERR_NONFINITE, "the gradient from '");
  ck_assert(memcmp(theta, net->theta, bytes) == 0);
  set(trainer, "clip", 1); /* too large for that, too */
  expect_fails(nai_trainer_step(NULL, trainer, trials), NAI_ERR_NONFINITE, "update 1");
  ck_assert(memcmp(theta, net->theta, bytes) == 0);
  targets[0] = 1;
  expect_ok(nai_trials_set_targets(trials, "choice", targets, 3));
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  for (int64_t i = 0; i < net->n_theta; i++) EXPECT(isfinite(net->theta[i]));
  free(theta);
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* What every synapse keeps small: biases that are too large alone, or small but too many. */
START_TEST(gradients_of_biases_that_overflow)
{
  nai_network *net = COMPOSE(.dt = 20, .inputs = {{"in", 1}}, .populations = {{"E", 3, NAI_FREE}},
                             .outputs = {{"first", 1}, {"out", 4}},
                             .projections = {{"in", "E"}, {"E", "E first out"}});
  expect_ok(nai_network_build(net, 1));
  nai_trainer *trainer = bare_trainer(net, NULL, adam(0.01));
  nai_cost *c;
  nai_trials *trials;
  attach_cost(trainer, nai_cost_create_mse(&c, "out"), &c, 1);
  expect_ok(nai_trials_create(&trials, net, 1, 1)); /* without input no unit is active */
  const float large[4] = {0, 0, -1e30f, 0}, many[4] = {1.8e18f, 1.8e18f, 1.8e18f, 1.8e18f};
  uint64_t before = hash_of(net);
  expect_ok(nai_trials_set_targets(trials, "out", large, 4));
  expect_fails(nai_trainer_step(NULL, trainer, trials), NAI_ERR_NONFINITE,
               "the gradient of the bias of 'out' is not finite, at update 1");
  expect_ok(nai_trials_set_targets(trials, "out", many, 4));
  expect_fails(nai_trainer_step(NULL, trainer, trials), NAI_ERR_NONFINITE,
               "the gradient's norm is too large, at update 1");
  ck_assert(hash_of(net) == before);
  expect_ok(nai_trials_set_targets(trials, "out", (float[]){1, 2, 3, 4}, 4));
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  ck_assert(hash_of(net) != before);
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* A constraint that fails, or writes NaN, from the second update on. */
typedef struct spoiler {
  int updates; /* until it is one; below 0: never */
  nai_status answer;
} spoiler;

static nai_status spoil(void *user, nai_synapses *s)
{
  spoiler *o = user;
  if (o->updates < 0 || o->updates-- > 0) return NAI_OK;
  o->updates = 0;
  if (o->answer != NAI_OK) return o->answer;
  s->weight[1] = NAN;
  s->weight[2] = 0.25f; /* and something fine */
  return NAI_OK;
}

START_TEST(constraints_that_spoil_an_update)
{
  spoiler o = {.updates = -1};
  nai_constraint_ops ops = {.struct_size = sizeof ops, .name = "spoiler", .project = spoil};
  nai_constraint *constraint;
  expect_ok(nai_constraint_create(&constraint, &ops, &o));
  nai_network *net = compose(12, 4);
  expect_ok(nai_network_constrain(net, "stimulus", "I", constraint));
  nai_constraint_destroy(constraint);
  expect_ok(nai_network_build(net, 3));
  bench b = bench_of(net, adam(0.01));
  expect_ok(nai_trainer_step(NULL, b.trainer, NULL));
  remember(&b);
  o.updates = 0;
  expect_fails(nai_trainer_step(NULL, b.trainer, NULL), NAI_ERR_NONFINITE,
               "update 2 would make the weight from 'stimulus' to 'I' at [0][1] nan: lower "
               "the learning rate, or set clip");
  ck_assert(is_unchanged(&b));
  o = (spoiler){0, -42};
  expect_fails(nai_trainer_step(NULL, b.trainer, NULL), -42, "spoiler");
  ck_assert(is_unchanged(&b));
  o.updates = -1;
  nai_progress now = NAI_PROGRESS_INIT;
  expect_ok(nai_trainer_step(&now, b.trainer, NULL));
  ck_assert_int_eq(now.step, 2);
  ck_assert(!is_unchanged(&b));
  close_bench(&b);
}
END_TEST

/* --- runs and callbacks ----------------------------------------------------------------------- */

/* What a callback has seen, and when it ends the run. */
typedef struct witness {
  nai_trainer *trainer;
  int64_t calls, first, last, end;
  double cost, performance;
  int64_t stops_at;
  nai_status answer;
  const char *message;
} witness;

static nai_status watch(const nai_progress *now, void *user)
{
  witness *w = user;
  EXPECT(now->struct_size == sizeof *now && now->n_costs == 1 && isfinite(now->cost));
  EXPECT(now->gradient_norm > 0 && now->costs[0] == now->cost);
  if (!w->calls) w->first = now->step;
  EXPECT(now->step == w->first + w->calls);
  w->calls++;
  w->last = now->step;
  w->end = now->steps;
  w->cost = now->cost;
  w->performance = now->performance;
  if (now->step != w->stops_at) return NAI_OK;
  if (w->message) nai_set_error(w->message);
  return w->answer;
}

START_TEST(runs_and_their_callbacks)
{
  bench b = open_bench();
  witness w = {0};
  expect_ok(nai_trainer_run(b.trainer, 0, watch, &w));
  ck_assert_int_eq(w.calls, 0);
  ck_assert(is_unchanged(&b));
  expect_ok(nai_trainer_run(b.trainer, 5, watch, &w));
  ck_assert(w.calls == 5 && w.first == 1 && w.last == 5 && w.end == 5 && isnan(w.performance));
  w = (witness){0};
  expect_ok(nai_trainer_run(b.trainer, 3, watch, &w)); /* goes on where it was */
  ck_assert(w.calls == 3 && w.first == 6 && w.last == 8 && w.end == 8);

  /* a positive answer ends it without an error, a negative one with its own */
  w = (witness){.stops_at = 10, .answer = NAI_STOP};
  expect_ok(nai_trainer_run(b.trainer, 100, watch, &w));
  ck_assert(w.calls == 2 && w.last == 10 && w.end == 108);
  w = (witness){.stops_at = 11, .answer = 12345};
  expect_ok(nai_trainer_run(b.trainer, 100, watch, &w));
  ck_assert_int_eq(w.calls, 1);
  remember(&b);
  nai_set_error("an older failure");
  w = (witness){.stops_at = 12, .answer = -5000};
  expect_fails(nai_trainer_run(b.trainer, 100, watch, &w), -5000, "callback progress failed");
  ck_assert(!is_unchanged(&b)); /* what was learnt is kept */
  w = (witness){.stops_at = 13, .answer = NAI_ERR_USER, .message = "the rat has left"};
  expect_fails(nai_trainer_run(b.trainer, 100, watch, &w), NAI_ERR_USER, "the rat has left");
  expect_ok(nai_trainer_run(b.trainer, 1, NULL, NULL));
  expect_fails(nai_trainer_run(b.trainer, -1, NULL, NULL), NAI_ERR_INVALID, "steps is -1");
  close_bench(&b);
}
END_TEST

/* One run, or steps one by one, or several runs: the same weights. */
START_TEST(runs_are_made_of_steps)
{
  bench a = open_bench(), b = open_bench();
  set(b.trainer, "evaluate_every", 3); /* looking changes nothing */
  set(b.trainer, "evaluate_trials", 11);
  expect_ok(nai_trainer_run(a.trainer, 10, NULL, NULL));
  expect_ok(nai_trainer_run(b.trainer, 4, NULL, NULL));
  for (int k = 0; k < 3; k++) expect_ok(nai_trainer_step(NULL, b.trainer, NULL));
  expect_ok(nai_trainer_run(b.trainer, 3, NULL, NULL));
  remember(&a);
  ck_assert(memcmp(a.theta, b.net->theta, (size_t)a.net->n_theta * sizeof *a.theta) == 0);
  close_bench(&a);
  close_bench(&b);
}
END_TEST

/* --- a task that counts ----------------------------------------------------------------------- */

typedef struct counter {
  int64_t fills[2], trials[2]; /* of each stream */
  uint64_t first[2], seed[2];
  int64_t longest[2]; /* steps of each stream's trials */
  int32_t right;      /* what it judges */
  nai_status answer, of_tests, of_judge;
} counter;

static nai_status count_trials(void *user, nai_trial_batch *b)
{
  counter *c = user;
  c->fills[b->stream]++;
  c->trials[b->stream] += b->trials;
  c->first[b->stream] = b->first;
  c->seed[b->stream] = b->seed;
  for (int64_t i = 0; i < b->steps * b->trials * b->n_inputs; i++) b->input[i] = 1;
  for (int64_t k = 0; k < b->trials; k++) b->length[k] = (int32_t)c->longest[b->stream];
  return b->stream == NAI_STREAM_TEST && c->of_tests != NAI_OK ? c->of_tests : c->answer;
}

static nai_status judge_as_told(void *user, nai_judgement *j)
{
  j->correct = ((const counter *)user)->right;
  return ((const counter *)user)->of_judge;
}

static bench open_counting_bench(counter *c)
{
  nai_task_ops ops = {.struct_size = sizeof ops,
                      .name = "counter",
                      .n_inputs = 3,
                      .n_outputs = 3,
                      .max_steps = 12,
                      .has_classes = 1,
                      .generate = count_trials,
                      .judge = judge_as_told};
  bench b = {.net = build(12, 4)};
  expect_ok(nai_task_create_own(&b.task, &ops, b.net, c));
  b.trainer = make_trainer(b.net, b.task, adam(0.01));
  set(b.trainer, "batch", 4);
  b.theta = malloc((size_t)b.net->n_theta * sizeof *b.theta);
  remember(&b);
  return b;
}

START_TEST(evaluations_come_when_they_are_due)
{
  counter c = {.longest = {3, 3}, .right = 1};
  bench b = open_counting_bench(&c);
  witness w = {0};
  set(b.trainer, "evaluate_every", 5);
  set(b.trainer, "evaluate_trials", 10); /* of 4, 4 and 2 */
  expect_ok(nai_trainer_run(b.trainer, 4, watch, &w));
  ck_assert(w.performance == 1); /* at the run's end */
  ck_assert_int_eq(c.fills[NAI_STREAM_TEST], 3);
  ck_assert_int_eq(c.trials[NAI_STREAM_TEST], 10);
  ck_assert(c.first[NAI_STREAM_TEST] == 8);
  c.right = 0;
  w = (witness){.stops_at = 8, .answer = NAI_STOP};
  expect_ok(nai_trainer_run(b.trainer, 8, watch, &w)); /* at 5, not at its end */
  ck_assert_int_eq(c.trials[NAI_STREAM_TEST], 20);
  ck_assert(w.performance == 0);
  expect_ok(nai_trainer_run(b.trainer, 4, NULL, NULL)); /* at 10, and at its end */
  ck_assert_int_eq(c.trials[NAI_STREAM_TEST], 40);
  ck_assert_int_eq(c.trials[NAI_STREAM_TRAIN], 4 * 12);
  ck_assert(c.first[NAI_STREAM_TRAIN] == 44);
  ck_assert(c.seed[0] != c.seed[1]);
  expect_ok(nai_trainer_run(b.trainer, 3, NULL, NULL)); /* 15: due and at the end, but once */
  ck_assert_int_eq(c.trials[NAI_STREAM_TEST], 50);

  c.right = -1; /* no judgement at all */
  w = (witness){0};
  expect_ok(nai_trainer_run(b.trainer, 5, watch, &w));
  ck_assert(isnan(w.performance));
  set(b.trainer, "evaluate_every", 0);
  expect_ok(nai_trainer_run(b.trainer, 10, NULL, NULL));
  ck_assert_int_eq(c.trials[NAI_STREAM_TEST], 60);
  close_bench(&b);
}
END_TEST

START_TEST(runs_that_stop_when_performance_is_reached)
{
  counter c = {.longest = {3, 3}, .right = 0};
  bench b = open_counting_bench(&c);
  witness w = {0};
  set(b.trainer, "evaluate_every", 5);
  set(b.trainer, "evaluate_trials", 4);
  set(b.trainer, "stop_at", 0.5);
  expect_ok(nai_trainer_run(b.trainer, 20, watch, &w));
  ck_assert_int_eq(w.calls, 20);
  c.right = 1;
  w = (witness){0};
  expect_ok(nai_trainer_run(b.trainer, 100, watch, &w));
  ck_assert_int_eq(w.last, 25);
  ck_assert(w.performance == 1);
  close_bench(&b);
}
END_TEST

/* A task that fails: code, message, and the trainer as it was. */
START_TEST(tasks_that_fail)
{
  counter c = {.longest = {3, 3}, .answer = -99};
  bench b = open_counting_bench(&c);
  expect_fails(nai_trainer_run(b.trainer, 3, NULL, NULL), -99, "counter");
  expect_fails(nai_trainer_step(NULL, b.trainer, NULL), -99, "counter");
  expect_fails(nai_trainer_estimate_gradient(NULL, b.trainer, NULL), -99, "counter");
  ck_assert(is_unchanged(&b));
  c.answer = NAI_OK;
  c.longest[0] = 13; /* beyond the room that it asked for */
  expect_fails(nai_trainer_step(NULL, b.trainer, NULL), NAI_ERR_INVALID, "counter");
  c.longest[0] = 3;
  expect_ok(nai_trainer_run(b.trainer, 3, NULL, NULL));
  ck_assert(c.first[NAI_STREAM_TRAIN] == 8); /* none was skipped */
  close_bench(&b);
}
END_TEST

/* In an evaluation: the update before it was made, and the run ends with the task's own code. */
START_TEST(tasks_that_fail_while_they_are_evaluated)
{
  counter c = {.longest = {3, 3}};
  bench b = open_counting_bench(&c);
  set(b.trainer, "evaluate_every", 2);
  c.of_tests = -98;
  expect_fails(nai_trainer_run(b.trainer, 5, NULL, NULL), -98, "counter");
  ck_assert_int_eq(nai_trainer_updates(b.trainer), 2);
  c.of_tests = NAI_OK;
  c.of_judge = -97;
  expect_fails(nai_trainer_run(b.trainer, 5, NULL, NULL), -97, "counter");
  ck_assert_int_eq(nai_trainer_updates(b.trainer), 4);
  c.of_judge = NAI_OK;
  expect_ok(nai_trainer_run(b.trainer, 2, NULL, NULL));
  close_bench(&b);
}
END_TEST

/* --- trials that get longer ------------------------------------------------------------------- */

START_TEST(test_trials_may_be_longer_than_those_learnt_from)
{
  counter c = {.longest = {2, 12}, .right = 1};
  bench b = open_counting_bench(&c);
  set(b.trainer, "evaluate_every", 2);
  set(b.trainer, "evaluate_trials", 9);
  expect_ok(nai_trainer_run(b.trainer, 4, NULL, NULL));
  nai_view view = NAI_VIEW_INIT;
  expect_ok(nai_trainer_activity(&view, b.trainer, "E"));
  ck_assert_int_eq(view.shape[0], 12);
  expect_ok(nai_trainer_step(NULL, b.trainer, NULL));
  expect_ok(nai_trainer_activity(&view, b.trainer, "E"));
  ck_assert_int_eq(view.shape[0], 2);
  close_bench(&b);
}
END_TEST

static nai_status lengthen(const nai_progress *now, void *user)
{
  return nai_task_set(user, "stimulus", 100 * (double)(now->step + 1));
}

START_TEST(a_tasks_parameters_change_while_a_trainer_has_it)
{
  bench b = open_bench();
  set(b.trainer, "evaluate_every", 1);
  set(b.trainer, "evaluate_trials", 20);
  expect_ok(nai_trainer_run(b.trainer, 1, NULL, NULL));
  expect_ok(nai_task_set(b.task, "stimulus", 2000));
  expect_ok(nai_trainer_run(b.trainer, 2, NULL, NULL));
  nai_view view = NAI_VIEW_INIT;
  expect_ok(nai_trainer_activity(&view, b.trainer, "E"));
  ck_assert_int_eq(view.shape[0], 105); /* 2100 ms */
  expect_ok(nai_task_set(b.task, "stimulus", 40));
  expect_ok(nai_trainer_step(NULL, b.trainer, NULL));
  expect_ok(nai_trainer_activity(&view, b.trainer, "E"));
  ck_assert_int_eq(view.shape[0], 7);
  expect_ok(nai_trainer_run(b.trainer, 30, lengthen, b.task)); /* at each step of a run */
  set(b.trainer, "batch", 50);                                 /* and larger batches */
  set(b.trainer, "threads", 2);
  expect_ok(nai_trainer_run(b.trainer, 2, NULL, NULL));
  expect_ok(nai_trainer_activity(&view, b.trainer, "E"));
  ck_assert_int_eq(view.shape[1], 20); /* the evaluation's */

  /* the same bits as a trainer that has known no other trials */
  bench fresh = open_bench();
  expect_ok(nai_task_set(fresh.task, "stimulus", 400));
  expect_ok(nai_trainer_run(fresh.trainer, 3, NULL, NULL));
  bench used = open_bench();
  expect_ok(nai_task_set(used.task, "stimulus", 2000));
  expect_ok(nai_trainer_estimate_gradient(NULL, used.trainer, NULL));
  expect_ok(nai_task_set(used.task, "stimulus", 400));
  expect_ok(nai_trainer_run(used.trainer, 3, NULL, NULL));
  remember(&fresh);
  ck_assert(memcmp(fresh.theta, used.net->theta, (size_t)used.net->n_theta * sizeof *fresh.theta) ==
            0);
  close_bench(&fresh);
  close_bench(&used);
  close_bench(&b);
}
END_TEST

/* --- memory ----------------------------------------------------------------------------------- */

static void add_more_costs(nai_trainer *trainer)
{
  nai_cost *c;
  attach_cost(trainer, nai_cost_create_l2_rates(&c, "E I"), &c, 1e-3);
  attach_cost(trainer, nai_cost_create_l1_weights(&c, "E I", "E I"), &c, 1e-3);
  attach_cost(trainer, nai_cost_create_distance(&c, "E I", "E I"), &c, 1e-3);
}

/* Lengths differ from batch to batch: the longest ones come late. */
START_TEST(updates_allocate_nothing)
{
  bench b = open_bench();
  static const double stimulus[8] = {20, 20, 20, 20, 20, 20, 200, 600};
  expect_ok(nai_task_set_list(b.task, "stimulus", stimulus, 8));
  add_more_costs(b.trainer);
  set(b.trainer, "batch", 1);
  set(b.trainer, "threads", 2);
  set(b.trainer, "evaluate_every", 10);
  set(b.trainer, "evaluate_trials", 15);
  nai_progress now = NAI_PROGRESS_INIT;
  expect_ok(nai_trainer_step(&now, b.trainer, NULL));
  nai_view view = NAI_VIEW_INIT;
  expect_ok(nai_trainer_activity(&view, b.trainer, "E"));
  int64_t first_steps = view.shape[0], most = 0;
  long before = faults_allocations();
  nai_status status = NAI_OK;
  for (int k = 0; k < 100 && status == NAI_OK; k++) {
    status = nai_trainer_step(&now, b.trainer, NULL);
    if (b.trainer->batch.steps > most) most = b.trainer->batch.steps;
  }
  long after = faults_allocations();
  expect_ok(status);
  ck_assert_int_eq(after, before);
  ck_assert_int_gt(most, first_steps); /* the test has been one */
  close_bench(&b);
}
END_TEST

START_TEST(creating_without_memory)
{
  nai_network *net = build(12, 4);
  nai_task *task = make_task(net);
  nai_rule *bptt;
  nai_optimizer *optimizer = adam(0.01);
  expect_ok(nai_rule_create_bptt(&bptt));
  for (long good = 0;; good++) {
    nai_trainer *trainer = (nai_trainer *)&net;
    faults_fail_allocation(good);
    nai_status status = nai_trainer_create(&trainer, net, bptt, optimizer, task);
    faults_fail_allocation(-1);
    if (status == NAI_OK) {
      ck_assert_int_ge(good, 5);
      nai_trainer_destroy(trainer);
      break;
    }
    ck_assert_int_eq(status, NAI_ERR_MEMORY);
    ck_assert_ptr_null(trainer);
  }
  nai_rule_destroy(bptt);
  nai_optimizer_destroy(optimizer);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

START_TEST(adding_costs_without_memory)
{
  bench b = open_bench();
  expect_ok(nai_trainer_step(NULL, b.trainer, NULL)); /* there is a batch already */
  nai_cost *c;
  expect_ok(nai_cost_create_l2_rates(&c, "E I"));
  int64_t refused = 0;
  for (long good = 0;; good++) {
    faults_fail_allocation(good);
    nai_status status = nai_trainer_add_cost(b.trainer, c, 1);
    faults_fail_allocation(-1);
    if (status == NAI_OK) break;
    refused++;
    ck_assert_int_eq(status, NAI_ERR_MEMORY);
    ck_assert_int_eq(nai_trainer_cost_count(b.trainer), 1);
    expect_ok(nai_trainer_step(NULL, b.trainer, NULL)); /* without it */
  }
  ck_assert_int_ge(refused, 3);
  ck_assert_int_eq(nai_trainer_cost_count(b.trainer), 2);
  nai_cost_destroy(c);
  expect_ok(nai_trainer_step(NULL, b.trainer, NULL));
  close_bench(&b);
}
END_TEST

static nai_status one_step(bench *b)
{
  return nai_trainer_step(NULL, b->trainer, NULL);
}

static nai_status one_run(bench *b)
{
  return nai_trainer_run(b->trainer, 1, NULL, NULL); /* with its evaluation */
}

static nai_status one_larger_step(bench *b)
{
  nai_status status = nai_trainer_set(b->trainer, "batch", 40);
  if (status == NAI_OK) status = nai_trainer_set(b->trainer, "threads", 3);
  return status == NAI_OK ? nai_trainer_step(NULL, b->trainer, NULL) : status;
}

static nai_status one_longer_step(bench *b)
{
  nai_status status = nai_task_set(b->task, "stimulus", 900);
  return status == NAI_OK ? nai_trainer_step(NULL, b->trainer, NULL) : status;
}

/* What there was to see before a failure may be gone after it, but is never seen wrongly. */
static void look_around(const bench *b)
{
  nai_view view = NAI_VIEW_INIT;
  nai_status status = nai_trainer_activity(&view, b->trainer, "E");
  if (status == NAI_OK) {
    EXPECT(view.data && view.shape[0] > 0);
    float sum = 0;
    for (int64_t t = 0; t < view.shape[0]; t++)
      sum += *(const float *)((const char *)view.data + t * view.stride[0]);
    EXPECT(isfinite(sum));
  } else {
    expect_fails(status, NAI_ERR_ORDER, "no activity");
  }
  for (int64_t i = 0; i < nai_trainer_cost_count(b->trainer); i++)
    (void)nai_trainer_cost_value(b->trainer, i);
  (void)nai_trainer_gradient(&view, b->trainer, "E", "I");
}

static bench open_starved_bench(int warm)
{
  bench b = open_bench();
  add_more_costs(b.trainer);
  set(b.trainer, "evaluate_every", 1);
  set(b.trainer, "evaluate_trials", 20);
  if (warm) expect_ok(nai_trainer_step(NULL, b.trainer, NULL));
  remember(&b);
  return b;
}

/* Every allocation of the call fails in turn; then it works, and gives what it always gives. */
static void check_without_memory(nai_status (*call)(bench *), int warm, long least)
{
  bench fed = open_starved_bench(warm);
  expect_ok(call(&fed));
  remember(&fed);
  for (long good = 0;; good++) {
    bench b = open_starved_bench(warm);
    faults_fail_allocation(good);
    nai_status status = call(&b);
    faults_fail_allocation(-1);
    if (status != NAI_OK) {
      ck_assert_int_eq(status, NAI_ERR_MEMORY);
      look_around(&b);
      ck_assert(is_unchanged(&b));
      expect_ok(call(&b));
    }
    EXPECT(memcmp(fed.theta, b.net->theta, (size_t)b.net->n_theta * sizeof *b.theta) == 0);
    close_bench(&b);
    if (status != NAI_OK) continue;
    ck_assert_int_ge(good, least);
    break;
  }
  close_bench(&fed);
}

START_TEST(updates_without_memory)
{
  check_without_memory(one_step, 0, 15);
  check_without_memory(one_larger_step, 1, 15);
  check_without_memory(one_longer_step, 1, 8);
}
END_TEST

START_TEST(runs_without_memory)
{
  check_without_memory(one_run, 0, 15);
}
END_TEST

/* A cost that makes the task's trials longer while an update is made. */
static nai_status lengthen_task(void *user, nai_synapses *const *s, int64_t n, double scale,
                                double *value)
{
  *value += 0 * scale * (double)(n + s[0]->n_post);
  return nai_task_set(user, "stimulus", 900);
}

/* So the evaluation needs more than its update has, which was made. */
START_TEST(evaluations_without_memory)
{
  int64_t refused = 0;
  for (long good = 0;; good++) {
    bench b = open_bench();
    nai_cost *cost;
    nai_cost_ops ops = {
        .struct_size = sizeof ops, .name = "lengthening", .on_weights = lengthen_task};
    expect_ok(nai_trainer_run(b.trainer, 1, NULL, NULL));
    expect_ok(nai_cost_create(&cost, &ops, "E", "I", b.task));
    attach_cost(b.trainer, NAI_OK, &cost, 1);
    set(b.trainer, "evaluate_every", 1);
    set(b.trainer, "evaluate_trials", 9);
    faults_fail_allocation(good);
    nai_status status = nai_trainer_run(b.trainer, 1, NULL, NULL);
    faults_fail_allocation(-1);
    if (status != NAI_OK) {
      expect_fails(status, NAI_ERR_MEMORY, "memory");
      refused += nai_trainer_updates(b.trainer) == 2;
      expect_ok(nai_trainer_run(b.trainer, 1, NULL, NULL));
    }
    nai_view view = NAI_VIEW_INIT;
    expect_ok(nai_trainer_activity(&view, b.trainer, "E"));
    ck_assert_int_eq(view.shape[0], 50); /* 1000 ms */
    close_bench(&b);
    if (status == NAI_OK) break;
  }
  ck_assert_int_gt(refused, 10);
}
END_TEST

/* Threads that cannot be had. */
START_TEST(updates_without_threads)
{
  bench b = open_bench();
  set(b.trainer, "threads", 3);
  for (long good = 0; good < 2; good++) {
    faults_fail_thread(good);
    nai_status status = nai_trainer_step(NULL, b.trainer, NULL);
    faults_fail_thread(-1);
    ck_assert_int_lt(status, 0);
    ck_assert_msg(strstr(nai_last_error(), "thread") != NULL, "%s", nai_last_error());
    ck_assert(is_unchanged(&b));
  }
  expect_ok(nai_trainer_step(NULL, b.trainer, NULL));
  close_bench(&b);
}
END_TEST

/* --- settings and arguments ------------------------------------------------------------------- */

START_TEST(settings_of_a_trainer)
{
  static const struct {
    const char *name;
    double initial;
  } known[] = {{"batch", 64},           {"threads", 1},           {"seed", 0},    {"clip", 0},
               {"evaluate_every", 100}, {"evaluate_trials", 500}, {"stop_at", 0}, {"recompute", 0}};
  nai_network *net = build(12, 4);
  nai_trainer *trainer = make_trainer(net, NULL, adam(0.01));
  for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
    nai_parameter p = NAI_PARAMETER_INIT;
    int64_t index = 0;
    do expect_ok(nai_trainer_parameter(&p, index++));
    while (strcmp(p.name, known[k].name) != 0);
    ck_assert(p.initial == known[k].initial && p.unit && p.meaning && p.list == 0);
    double value = -1;
    expect_ok(nai_trainer_get(&value, trainer, p.name));
    ck_assert(value == p.initial);
    const double bad[] = {NAN,         INFINITY,         -INFINITY, p.low - 1,
                          p.low - 0.5, p.high * 1.5 + 1, 1e300};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
      expect_fails(nai_trainer_set(trainer, p.name, bad[i]), NAI_ERR_INVALID, p.name);
    if (p.high >= 2 && strcmp(p.name, "clip") != 0)
      expect_fails(nai_trainer_set(trainer, p.name, 1.5), NAI_ERR_INVALID, "whole");
    expect_ok(nai_trainer_get(&value, trainer, p.name));
    ck_assert(value == p.initial);
    expect_ok(nai_trainer_set(trainer, p.name, p.high));
    expect_ok(nai_trainer_get(&value, trainer, p.name));
    ck_assert(value == p.high);
    expect_ok(nai_trainer_set(trainer, p.name, p.low));
  }
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

START_TEST(seeds_have_64_bits)
{
  bench b = open_bench();
  const double most = 9007199254740992.0; /* 2^53 */
  double value = -1;
  expect_ok(nai_trainer_set(b.trainer, "seed", 7));
  EXPECT(nai_trainer_seed(b.trainer) == 7);
  expect_ok(nai_trainer_set_seed(b.trainer, UINT64_MAX));
  EXPECT(nai_trainer_seed(b.trainer) == UINT64_MAX);
  expect_fails(
      nai_trainer_get(&value, b.trainer, "seed"), NAI_ERR_UNSUPPORTED,
      "'seed' is 18446744073709551615, and is read as a double up to 9007199254740992 only");
  EXPECT(value == -1);
  expect_fails(nai_trainer_set(b.trainer, "seed", 2 * most), NAI_ERR_INVALID, "seed");
  EXPECT(nai_trainer_seed(b.trainer) == UINT64_MAX);
  expect_ok(nai_trainer_set_seed(b.trainer, (uint64_t)most + 1)); /* whose nearest double is most */
  expect_ok(nai_trainer_set(b.trainer, "seed", most));
  EXPECT(nai_trainer_seed(b.trainer) == (uint64_t)most);
  expect_ok(nai_trainer_get(&value, b.trainer, "seed"));
  EXPECT(value == most);
  expect_fails(nai_trainer_set_seed(NULL, 1), NAI_ERR_INVALID, "trainer is NULL");
  EXPECT(nai_trainer_seed(NULL) == 0);
  close_bench(&b);
}
END_TEST

START_TEST(settings_that_there_are_not)
{
  bench b = open_bench();
  double value = 3;
  nai_parameter p = NAI_PARAMETER_INIT;
  expect_fails(nai_trainer_set(b.trainer, "speed", 1), NAI_ERR_NAME, "'speed'");
  expect_fails(nai_trainer_set(b.trainer, "", 1), NAI_ERR_NAME, "''");
  expect_fails(nai_trainer_set(b.trainer, NULL, 1), NAI_ERR_INVALID, "parameter is NULL");
  expect_fails(nai_trainer_set(NULL, "batch", 1), NAI_ERR_INVALID, "trainer is NULL");
  expect_fails(nai_trainer_get(&value, b.trainer, "speed"), NAI_ERR_NAME, "'speed'");
  expect_fails(nai_trainer_get(&value, b.trainer, NULL), NAI_ERR_INVALID, "parameter is NULL");
  expect_fails(nai_trainer_get(&value, NULL, "batch"), NAI_ERR_INVALID, "trainer is NULL");
  expect_fails(nai_trainer_get(NULL, b.trainer, "batch"), NAI_ERR_INVALID, "value is NULL");
  ck_assert(value == 3);
  expect_fails(nai_trainer_parameter(NULL, 0), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_trainer_parameter(&p, -1), NAI_ERR_INVALID, "index is -1");
  expect_fails(nai_trainer_parameter(&p, INT64_MAX), NAI_ERR_INVALID, "index is ");
  p.struct_size = 0;
  expect_fails(nai_trainer_parameter(&p, 0), NAI_ERR_INVALID, "struct_size is 0");
  close_bench(&b);
}
END_TEST

START_TEST(creating_from_nothing)
{
  nai_network *net = build(12, 4), *unbuilt = compose(12, 4);
  nai_optimizer *o = adam(0.01);
  nai_rule *rule;
  expect_ok(nai_rule_create_bptt(&rule));
  nai_trainer *trainer = (nai_trainer *)&trainer;
  expect_fails(nai_trainer_create(NULL, net, rule, o, NULL), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_trainer_create(&trainer, NULL, rule, o, NULL), NAI_ERR_INVALID, "net is NULL");
  ck_assert_ptr_null(trainer);
  expect_fails(nai_trainer_create(&trainer, net, NULL, o, NULL), NAI_ERR_INVALID, "rule is NULL");
  expect_fails(nai_trainer_create(&trainer, net, rule, NULL, NULL), NAI_ERR_INVALID,
               "optimizer is NULL");
  expect_fails(nai_trainer_create(&trainer, unbuilt, rule, o, NULL), NAI_ERR_ORDER, "not built");
  ck_assert_ptr_null(trainer);
  nai_trainer_destroy(NULL);
  nai_rule_destroy(rule);
  nai_optimizer_destroy(o);
  nai_network_destroy(net);
  nai_network_destroy(unbuilt);
}
END_TEST

START_TEST(calls_with_nothing)
{
  bench b = open_bench();
  nai_cost *cost;
  nai_view view = NAI_VIEW_INIT;
  nai_progress now = NAI_PROGRESS_INIT;
  expect_ok(nai_cost_create_l2_rates(&cost, "E"));
  expect_fails(nai_trainer_add_cost(NULL, cost, 1), NAI_ERR_INVALID, "trainer is NULL");
  expect_fails(nai_trainer_add_cost(b.trainer, NULL, 1), NAI_ERR_INVALID, "cost is NULL");
  const double bad[] = {NAN, INFINITY, -INFINITY, -1e-9, 1e300};
  for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
    expect_fails(nai_trainer_add_cost(b.trainer, cost, bad[k]), NAI_ERR_INVALID,
                 "beta of cost 'l2_rates' is ");
  ck_assert_int_eq(nai_trainer_cost_count(b.trainer), 1);
  nai_cost_destroy(cost);

  expect_fails(nai_trainer_run(NULL, 1, NULL, NULL), NAI_ERR_INVALID, "trainer is NULL");
  expect_fails(nai_trainer_run(b.trainer, INT64_MIN, NULL, NULL), NAI_ERR_INVALID, "steps is ");
  expect_fails(nai_trainer_step(NULL, NULL, NULL), NAI_ERR_INVALID, "trainer is NULL");
  expect_fails(nai_trainer_estimate_gradient(NULL, NULL, NULL), NAI_ERR_INVALID, "trainer is NULL");
  now.struct_size = 4;
  expect_fails(nai_trainer_step(&now, b.trainer, NULL), NAI_ERR_INVALID, "now: struct_size is 4");
  expect_fails(nai_trainer_estimate_gradient(&now, b.trainer, NULL), NAI_ERR_INVALID,
               "now: struct_size");
  expect_fails(nai_trainer_gradient(NULL, b.trainer, "E", "I"), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_trainer_gradient(&view, NULL, "E", "I"), NAI_ERR_INVALID, "trainer is NULL");
  expect_fails(nai_trainer_activity(NULL, b.trainer, "E"), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_trainer_activity(&view, NULL, "E"), NAI_ERR_INVALID, "trainer is NULL");
  expect_fails(nai_trainer_activity(&view, b.trainer, NULL), NAI_ERR_INVALID, "name is NULL");
  ck_assert(is_unchanged(&b));
  expect_ok(nai_trainer_step(NULL, b.trainer, NULL));
  expect_fails(nai_trainer_gradient(&view, b.trainer, NULL, "E"), NAI_ERR_INVALID, "from is NULL");
  expect_fails(nai_trainer_gradient(&view, b.trainer, NULL, NULL), NAI_ERR_INVALID, "from is NULL");

  const int64_t none[] = {-1, 1, INT64_MAX, INT64_MIN};
  for (size_t k = 0; k < sizeof none / sizeof *none; k++) {
    ck_assert_ptr_null(nai_trainer_cost_name(b.trainer, none[k]));
    ck_assert_double_nan(nai_trainer_cost_value(b.trainer, none[k]));
  }
  ck_assert_int_eq(nai_trainer_stage(NULL), -1);
  ck_assert_ptr_null(nai_trainer_stage_name(NULL));
  ck_assert_int_eq(nai_trainer_cost_count(NULL), -1);
  ck_assert_ptr_null(nai_trainer_cost_name(NULL, 0));
  ck_assert_double_nan(nai_trainer_cost_value(NULL, 0));
  ck_assert_int_eq(nai_trainer_cost_count(b.trainer), 1);
  ck_assert_str_eq(nai_trainer_cost_name(b.trainer, 0), "cross_entropy");
  close_bench(&b);
}
END_TEST

START_TEST(nothing_to_learn_from)
{
  nai_network *net = build(12, 4);
  nai_task *task = make_task(net);
  nai_trainer *costless = bare_trainer(net, task, adam(0.01)),
              *taskless = make_trainer(net, NULL, adam(0.01));
  expect_fails(nai_trainer_step(NULL, costless, NULL), NAI_ERR_ORDER, "no cost");
  expect_fails(nai_trainer_run(costless, 1, NULL, NULL), NAI_ERR_ORDER, "no cost");
  expect_fails(nai_trainer_step(NULL, taskless, NULL), NAI_ERR_ORDER, "no task");
  expect_fails(nai_trainer_estimate_gradient(NULL, taskless, NULL), NAI_ERR_ORDER, "no task");
  expect_fails(nai_trainer_run(taskless, 1, NULL, NULL), NAI_ERR_ORDER, "no task");
  nai_curriculum *c;
  expect_ok(nai_curriculum_create(&c));
  expect_ok(nai_curriculum_add_stage(c, "first", 0.5, 1));
  expect_fails(nai_trainer_set_curriculum(taskless, c), NAI_ERR_ORDER, "a curriculum needs one");
  ck_assert_int_eq(nai_trainer_stage(taskless), -1);
  expect_ok(nai_curriculum_add_stage(c, "second", 0.5, 1)); /* nobody has it */
  nai_curriculum_destroy(c);
  nai_trainer_destroy(costless);
  nai_trainer_destroy(taskless);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

START_TEST(what_was_made_for_another_network)
{
  static const char *const must[] = {"dt 20 ms, must be 3, 3, 10 ms", "must be 4, 3, 20 ms",
                                     "must be 3, 2, 20 ms"};
  nai_network *net = build(12, 4), *others[4];
  others[0] = build_other(10, 3, 3, 4, NULL);
  others[1] = build_other(20, 4, 3, 4, NULL);
  others[2] = build_other(20, 3, 2, 4, NULL);
  others[3] = build_other(20, 3, 3, 4, NULL);
  nai_task *task = make_task(net);
  nai_trials *trials;
  nai_optimizer *o = adam(0.01);
  nai_rule *rule;
  expect_ok(nai_task_generate(&trials, task, 0, NAI_STREAM_TRAIN, 0, 4));
  expect_ok(nai_rule_create_bptt(&rule));
  for (int k = 0; k < 3; k++) {
    nai_trainer *trainer = (nai_trainer *)&trainer;
    expect_fails(nai_trainer_create(&trainer, others[k], rule, o, task), NAI_ERR_INVALID, must[k]);
    ck_assert_ptr_null(trainer);
    if (k == 0) continue; /* trials do not know their dt */
    trainer = make_trainer(others[k], NULL, adam(0.01));
    expect_fails(nai_trainer_step(NULL, trainer, trials), NAI_ERR_INVALID,
                 "the trials have 3 input");
    nai_trainer_destroy(trainer);
  }
  nai_trainer *trainer = make_trainer(others[3], task, adam(0.01)); /* it fits */
  expect_ok(nai_trainer_run(trainer, 2, NULL, NULL));
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_rule_destroy(rule);
  nai_optimizer_destroy(o);
  nai_task_destroy(task);
  nai_network_destroy(net);
  for (int k = 0; k < 4; k++) nai_network_destroy(others[k]);
}
END_TEST

/* A trainer keeps alive all that it was made of. */
START_TEST(everything_else_may_go_first)
{
  bench b = open_bench();
  nai_network_destroy(b.net);
  nai_task_destroy(b.task);
  expect_ok(nai_trainer_run(b.trainer, 2, NULL, NULL));
  nai_trainer_destroy(b.trainer);
  free(b.theta);
}
END_TEST

Suite *trainer_suite(void);

Suite *trainer_suite(void)
{
  Suite *suite = suite_create("trainer");
  TCase *bits = tcase_create("bits");
  tcase_add_loop_test(bits, any_number_of_threads_gives_the_same_bits, 0, BATCHES);
  tcase_add_test(bits, threads_beyond_groups_find_work);
  tcase_add_test(bits, slices_join);
  tcase_add_loop_test(bits, moments_fade_where_nothing_learns, 0, 2);
  tcase_add_loop_test(bits, updates_are_shared_out, 0, 2);
  tcase_add_loop_test(bits, only_its_own_kernels_call_the_blas, 0, 5);
  tcase_add_loop_test(bits, long_sums_are_the_same_too, 0, 2);
  tcase_add_loop_test(bits, trials_do_not_depend_on_their_batch, 0, 5); /* tables */
  tcase_add_test(bits, gradient_of_a_batch_is_the_mean_of_its_parts);
  tcase_add_test(bits, activity_is_that_of_a_state);
  suite_add_tcase(suite, bits);
  ADD_CASE(suite, "learning", a_network_learns_to_decide, clipping_by_the_global_norm);
  ADD_CASE(suite, "gradient", a_gradient_changes_nothing, views_of_the_gradient,
           given_trials_and_drawn_ones);
  ADD_CASE(suite, "finite", activity_that_overflows, outputs_that_overflow, inputs_that_overflow,
           overflow_where_no_cost_looks, gradients_that_overflow, gradients_of_biases_that_overflow,
           constraints_that_spoil_an_update);
  TCase *silent = tcase_create("silent");
  tcase_add_loop_test(silent, overflow_that_reaches_no_gradient, 0, 3);
  tcase_add_loop_test(silent, overflow_in_layers, 0, 2);
  suite_add_tcase(suite, silent);
  ADD_CASE(suite, "run", runs_and_their_callbacks, runs_are_made_of_steps,
           evaluations_come_when_they_are_due, runs_that_stop_when_performance_is_reached,
           tasks_that_fail, tasks_that_fail_while_they_are_evaluated,
           test_trials_may_be_longer_than_those_learnt_from,
           a_tasks_parameters_change_while_a_trainer_has_it);
  ADD_CASE(suite, "memory", updates_allocate_nothing, creating_without_memory,
           adding_costs_without_memory, updates_without_memory, runs_without_memory,
           evaluations_without_memory, updates_without_threads);
  ADD_CASE(suite, "arguments", settings_of_a_trainer, seeds_have_64_bits,
           settings_that_there_are_not, creating_from_nothing, calls_with_nothing,
           nothing_to_learn_from, what_was_made_for_another_network, everything_else_may_go_first);
  return suite;
}
