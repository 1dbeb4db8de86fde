/* Checkpoints: a training that was stopped, or killed, ends with the same bits as one that was not. */
#define _GNU_SOURCE /* memmem */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/file/checkpoint.h"
#include "../lib/file/safetensors.h"
#include "faults.h"
#include "rules.h"
#include "tasks.h"

#define UPDATES 60

typedef struct rig {
  nai_network *net;
  nai_trainer *trainer;
} rig;

/* What a rig is made of; the tests change one of these at a time. */
typedef struct plan {
  int64_t n_e;
  double tau, density, beta, rate, sigma, criterion;
  int momentum, curriculum, two_costs, schedule, normalise;
} plan;

static const plan usual = {12, 100, 0.5, 1e-3, 1e-2, 1, 0, 0, 1, 1, 1, 0};

static nai_network *make_network(const plan *p)
{
  nai_constraint *sparse;
  nai_network *net =
      COMPOSE(.dt = 20.0, .inputs = {{"stimulus", 3}},
              .populations = {{"E", p->n_e, NAI_EXCITATORY}, {"I", 4, NAI_INHIBITORY}},
              .outputs = {{"choice", 3}},
              .projections = {{"stimulus", "E I"}, {"E I", "E I"}, {"E", "choice"}});
  nai_network_set(net, "E I", "noise", 0.1);
  nai_network_set(net, "E", "tau", p->tau);
  expect_ok(nai_constraint_create_sparse(&sparse, p->density));
  nai_network_constrain(net, "E I", "E I", sparse);
  nai_constraint_destroy(sparse);
  expect_ok(nai_network_build(net, 3));
  return net;
}

/* A stage at the second evaluation, a staircase that moves at each. */
static void add_curriculum(nai_trainer *trainer, const plan *p)
{
  nai_curriculum *c;
  nai_staircase stair = falling_coherence();
  expect_ok(nai_curriculum_create(&c));
  expect_ok(nai_curriculum_add_stage(c, "first", p->criterion, 2));
  expect_ok(nai_curriculum_add_stage(c, "second", 1, 1));
  expect_ok(nai_curriculum_set(c, "second", "stimulus", (double[]){60, 120}, 2));
  expect_ok(nai_curriculum_add_staircase(c, "second", &stair));
  expect_ok(nai_trainer_set_curriculum(trainer, c));
  nai_curriculum_destroy(c);
}

static nai_optimizer *make_optimizer(const plan *p)
{
  nai_optimizer *optimizer;
  if (p->momentum)
    expect_ok(nai_optimizer_create_momentum(&optimizer, p->rate));
  else
    expect_ok(nai_optimizer_create_adam(&optimizer, p->rate));
  if (p->schedule)
    expect_ok(
        nai_optimizer_set_schedule(optimizer, (int64_t[]){0, UPDATES}, (double[]){1, 0.1}, 2));
  return optimizer;
}

static nai_task *make_plan_task(const plan *p, const nai_network *net)
{
  nai_task *task = task_for(net, "perceptual-decision-making");
  expect_ok(nai_task_set(task, "fixation", 40));
  expect_ok(nai_task_set(task, "stimulus", 100));
  expect_ok(nai_task_set(task, "sigma", p->sigma));
  return task;
}

/* Gives up the task, of which there may be none. */
static rig make_rig_for(const plan *p, nai_network *net, nai_task *task)
{
  rig r = {net, NULL};
  nai_rule *rule;
  nai_cost *cost, *rates;
  nai_optimizer *optimizer = make_optimizer(p);
  expect_ok(nai_rule_create_bptt(&rule));
  expect_ok(nai_cost_create_cross_entropy(&cost, "choice"));
  expect_ok(nai_cost_create_l2_rates(&rates, "E"));
  if (p->normalise) expect_ok(nai_cost_set_normalise(rates, 1));
  expect_ok(nai_trainer_create(&r.trainer, r.net, rule, optimizer, task));
  expect_ok(nai_trainer_add_cost(r.trainer, cost, 1.0));
  if (p->two_costs) expect_ok(nai_trainer_add_cost(r.trainer, rates, p->beta));
  expect_ok(nai_trainer_set(r.trainer, "batch", 6));
  expect_ok(nai_trainer_set(r.trainer, "evaluate_trials", 20));
  expect_ok(nai_trainer_set(r.trainer, "evaluate_every", 10));
  if (p->curriculum) add_curriculum(r.trainer, p);
  nai_rule_destroy(rule);
  nai_optimizer_destroy(optimizer);
  nai_cost_destroy(cost);
  nai_cost_destroy(rates);
  nai_task_destroy(task);
  return r;
}

static rig make_rig(const plan *p)
{
  nai_network *net = make_network(p);
  return make_rig_for(p, net, make_plan_task(p, net));
}

static void destroy_rig(rig *r)
{
  nai_trainer_destroy(r->trainer);
  nai_network_destroy(r->net);
}

static char path[300];

static void open_folder(void)
{
  checks_folder(path);
  strcat(path, "/run.safetensors");
}

static void close_folder(void)
{
  unlink(path);
  *strrchr(path, '/') = 0;
  rmdir(path);
}

/* Bits of the weights, and of everything in the history. */
static uint64_t hash_rig(const rig *r)
{
  static double history[UPDATES * 16];
  int64_t rows, columns;
  uint64_t hash = hash_of(r->net);
  expect_ok(nai_trainer_history(history, UPDATES * 16, &rows, &columns, r->trainer));
  const unsigned char *bytes = (const unsigned char *)history;
  for (size_t i = 0; i < (size_t)(rows * columns) * sizeof *history; i++)
    hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
  return hash ^ (uint64_t)nai_trainer_stage(r->trainer) ^ (uint64_t)rows << 20;
}

static uint64_t uninterrupted(const plan *p)
{
  rig r = make_rig(p);
  expect_ok(nai_trainer_run(r.trainer, UPDATES, NULL, NULL));
  uint64_t hash = hash_rig(&r);
  destroy_rig(&r);
  return hash;
}

/* --- going on --------------------------------------------------------------------------------- */

static void check_resumed(const plan *p, uint64_t expected)
{
  rig r = make_rig(p);
  expect_ok(nai_trainer_restore(r.trainer, path));
  int64_t left = UPDATES - nai_trainer_updates(r.trainer);
  EXPECT(left >= 0 && left <= UPDATES);
  expect_ok(nai_trainer_run(r.trainer, left, NULL, NULL));
  EXPECT(hash_rig(&r) == expected);
  destroy_rig(&r);
}

static nai_status stop_after(const nai_progress *now, void *user)
{
  return now->step == *(const int64_t *)user ? NAI_STOP : NAI_OK;
}

START_TEST(test_resumed_anywhere_ends_with_the_same_bits)
{
  plan plans[] = {usual, usual, usual};
  plans[1].momentum = 1;
  plans[2].curriculum = 0;
  open_folder();
  for (int k = 0; k < 3; k++) {
    uint64_t expected = uninterrupted(&plans[k]);
    for (int64_t stop = 1; stop < UPDATES; stop += 7) {
      rig r = make_rig(&plans[k]);
      expect_ok(nai_trainer_run(r.trainer, UPDATES, stop_after, &stop));
      EXPECT(nai_trainer_updates(r.trainer) == stop);
      expect_ok(nai_trainer_save(r.trainer, path));
      destroy_rig(&r);
      check_resumed(&plans[k], expected);
    }
  }
  close_folder();
}
END_TEST

START_TEST(test_written_while_training)
{
  rig r = make_rig(&usual);
  int64_t stop = 33;
  open_folder();
  expect_ok(nai_trainer_set_checkpoints(r.trainer, path, 8));
  expect_ok(nai_trainer_run(r.trainer, UPDATES, stop_after, &stop));
  destroy_rig(&r);
  r = make_rig(&usual);
  expect_ok(nai_trainer_restore(r.trainer, path));
  ck_assert_int_eq(nai_trainer_updates(r.trainer), 32);
  expect_ok(nai_trainer_set_checkpoints(r.trainer, path, 1000)); /* at the end of the run */
  expect_ok(nai_trainer_run(r.trainer, 4, NULL, NULL));
  expect_ok(nai_trainer_set_checkpoints(r.trainer, NULL, 0));
  expect_ok(nai_trainer_run(r.trainer, 4, NULL, NULL));
  destroy_rig(&r);
  r = make_rig(&usual);
  expect_ok(nai_trainer_restore(r.trainer, path));
  ck_assert_int_eq(nai_trainer_updates(r.trainer), 36);
  destroy_rig(&r);

  nai_network *net; /* a checkpoint is a model file too */
  expect_ok(nai_network_load(&net, path, NULL));
  ck_assert_int_eq(nai_network_size(net, NAI_POPULATIONS, "E"), usual.n_e);
  nai_network_destroy(net);
  close_folder();
}
END_TEST

/* Of all pairs, so that nothing but the optimiser writes weights. */
static nai_network *make_free_network(void)
{
  nai_network *net =
      COMPOSE(.dt = 20, .inputs = {{"u", 3}}, .populations = {{"a", 5, NAI_FREE}},
              .outputs = {{"z", 2}}, .projections = {{"u", "a"}, {"a", "a"}, {"a", "z"}});
  expect_ok(nai_network_set_autapses(net, "a", "a", 1));
  expect_ok(nai_network_build(net, 1));
  return net;
}

/* The gradient, the performance and what moments were: of what was restored nothing is known of them. */
START_TEST(test_what_was_before_is_forgotten)
{
  nai_network *net = make_free_network();
  nai_trainer *trainer = trainer_of(net, bptt_rule(), adam(1));
  nai_trials *trials = normal_trials(net, "z", 5, 4);
  nai_view gradient = NAI_VIEW_INIT;
  nai_cost *cost;
  attach_cost(trainer, nai_cost_create_mse(&cost, "z"), &cost, 1);
  open_folder();
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  trainer->plasticity.mean[net->projection[0].at.start] =
      3e38F; /* beyond what any gradient leaves */
  trainer->plasticity.square[net->projection[0].at.start] = 0;
  expect_ok(nai_trainer_save(trainer, path));
  trainer->plasticity.mean[net->projection[0].at.start] = 0;
  trainer->performance = 0.5;
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  expect_ok(nai_trainer_gradient(&gradient, trainer, "u", "a"));
  expect_ok(nai_trainer_restore(trainer, path));
  EXPECT(isnan(trainer->performance));
  expect_fails(nai_trainer_gradient(&gradient, trainer, "u", "a"), NAI_ERR_ORDER, "gradient");
  uint64_t before = hash_of(net);
  expect_fails(nai_trainer_step(NULL, trainer, trials), NAI_ERR_NONFINITE, "");
  EXPECT(hash_of(net) == before);
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
  close_folder();
}
END_TEST

/* A seed of 64 bits is written exact; one that a double holds as earlier releases did. */
START_TEST(test_any_seed_goes_on)
{
  const uint64_t seeds[] = {0, 12, (UINT64_C(1) << 53) - 1, UINT64_C(1) << 53, UINT64_MAX};
  open_folder();
  for (size_t k = 0; k < sizeof seeds / sizeof *seeds; k++) {
    rig r = make_rig(&usual), other = make_rig(&usual);
    expect_ok(nai_trainer_set_seed(r.trainer, seeds[k]));
    expect_ok(nai_trainer_run(r.trainer, 2, NULL, NULL));
    expect_ok(nai_trainer_save(r.trainer, path));
    expect_ok(nai_trainer_restore(other.trainer, path));
    EXPECT(nai_trainer_seed(other.trainer) == seeds[k]);
    expect_ok(nai_trainer_run(r.trainer, 2, NULL, NULL));
    expect_ok(nai_trainer_run(other.trainer, 2, NULL, NULL));
    EXPECT(hash_rig(&r) == hash_rig(&other));
    destroy_rig(&r);
    destroy_rig(&other);
  }
  close_folder();
}
END_TEST

/* A run that ends with its curriculum has written what it ended with. */
START_TEST(test_written_where_a_run_ends_early)
{
  plan p = usual;
  p.curriculum = 0;
  rig r = make_rig(&p), other = make_rig(&p);
  nai_curriculum *c;
  expect_ok(nai_curriculum_create(&c));
  expect_ok(nai_curriculum_add_stage(c, "only", 0, 2));
  expect_ok(nai_trainer_set_curriculum(r.trainer, c));
  expect_ok(nai_trainer_set_curriculum(other.trainer, c));
  nai_curriculum_destroy(c);
  open_folder();
  expect_ok(nai_trainer_set_checkpoints(r.trainer, path, 1000));
  expect_ok(nai_trainer_run(r.trainer, UPDATES, NULL, NULL));
  ck_assert_int_eq(nai_trainer_updates(r.trainer), 20); /* its second evaluation */
  expect_ok(nai_trainer_restore(other.trainer, path));
  ck_assert_int_eq(nai_trainer_updates(other.trainer), 20);
  ck_assert(hash_rig(&other) == hash_rig(&r));
  close_folder();
  destroy_rig(&r);
  destroy_rig(&other);
}
END_TEST

/* The child dies at any moment, also while it writes. */
static void train_and_die(useconds_t after)
{
  pid_t child = fork();
  ck_assert_int_ge(child, 0);
  if (child == 0) {
    rig r = make_rig(&usual);
    nai_trainer_restore(r.trainer, path); /* there is none the first time */
    nai_trainer_set_checkpoints(r.trainer, path, 1);
    nai_trainer_run(r.trainer, UPDATES - nai_trainer_updates(r.trainer), NULL, NULL);
    destroy_rig(&r);
    _exit(0);
  }
  for (int k = 0; k < 20000 && access(path, R_OK) != 0; k++) usleep(1000);
  usleep(after);
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
}

/* As weights are: what theta looks like inside does not matter to the file. */
START_TEST(test_moments_are_held_a_projection_at_a_time)
{
  rig r = make_rig(&usual);
  open_folder();
  expect_ok(nai_trainer_run(r.trainer, 3, NULL, NULL));
  expect_ok(nai_trainer_save(r.trainer, path));
  nai__tensors file;
  expect_ok(nai__tensors_open(&file, path));
  ck_assert(!nai__tensors_have(&file, "trainer: mean"));
  const nai__plasticity *p = &r.trainer->plasticity;
  const struct {
    const char *name;
    const float *moment;
  } moments[] = {{"mean: E -> I", p->mean}, {"square: E -> I", p->square}};
  for (int k = 0; k < 2; k++) {
    nai__tensor tensor;
    nai_view view = NAI_VIEW_INIT;
    expect_ok(
        nai__tensors_expect(&tensor, &file, moments[k].name, NAI__F32, 2, (int64_t[]){4, 12}));
    expect_ok(nai_trainer_gradient(&view, r.trainer, "E", "I")); /* for where it is in theta */
    int64_t start = (const float *)view.data - p->gradient, learnt = 0;
    for (int64_t i = 0; i < 4; i++)
      for (int64_t j = 0; j < 12; j++) {
        float value;
        expect_ok(nai__tensors_read(&value, &file, &tensor, i * 12 + j, 1));
        EXPECT(value == moments[k].moment[start + i * view.stride[0] / 4 + j]);
        learnt += value != 0;
      }
    ck_assert_int_gt(learnt, 0);
  }
  ck_assert(nai__tensors_have(&file, "square bias: choice"));
  ck_assert(nai__tensors_have(&file, "mean initial: E"));
  nai__tensors_close(&file);
  close_folder();
  destroy_rig(&r);
}
END_TEST

/*
 * Stages that set things once; or that begin by setting them to something else; or that begin with
 * other staircases too; or of which one differs, in what a later one has as well.
 */
enum { ONCE, SET_TWICE, CLIMBING_TWICE, OTHER_STIMULUS, OTHER_COHERENCE, OTHER_STAIRCASE };
static rig make_staged_rig(int how)
{
  nai_staircase stairs[] = {
      {sizeof *stairs, 0, "coherence", 90, 30, 20, 0, 0},
      {sizeof *stairs, 0, "coherence", 100, 20, 15, 0, 0},
      {sizeof *stairs, 0, "sigma", 0.5, 2, 0.25, 0, 0},
      {sizeof *stairs, 0, "coherence", 80, 10, 5, 0, 0},
  };
  static const char *const stage[] = {"second", "second", "second", "third"};
  plan p = usual;
  nai_curriculum *c;
  p.curriculum = 0;
  rig r = make_rig(&p);
  expect_ok(nai_trainer_set(r.trainer, "evaluate_every", 3));
  expect_ok(nai_curriculum_create(&c));
  expect_ok(nai_curriculum_add_stage(c, "first", 0, 1));
  expect_ok(nai_curriculum_add_stage(c, "second", 0, 2));
  expect_ok(nai_curriculum_add_stage(c, "third", 1, 1));
  if (how == SET_TWICE || how == CLIMBING_TWICE) {
    expect_ok(nai_curriculum_set(c, "second", "stimulus", (double[]){20}, 1));
    expect_ok(nai_curriculum_set(c, "second", "coherence", (double[]){5, 7}, 2));
  }
  const double stimulus = how == OTHER_STIMULUS ? 60 : 80,
               coherence = how == OTHER_COHERENCE ? 40 : 50;
  expect_ok(nai_curriculum_set(c, "first", "stimulus", &stimulus, 1));
  expect_ok(nai_curriculum_set(c, "first", "coherence", &coherence, 1));
  expect_ok(nai_curriculum_set(c, "second", "stimulus", (double[]){60, 120}, 2));
  expect_ok(nai_curriculum_set(c, "third", "stimulus", (double[]){40}, 1));
  if (how == OTHER_STAIRCASE) stairs[1].step = 14;
  for (int k = how == CLIMBING_TWICE ? 0 : 1; k < 4; k++)
    expect_ok(nai_curriculum_add_staircase(c, stage[k], &stairs[k]));
  expect_ok(nai_trainer_set_curriculum(r.trainer, c));
  nai_curriculum_destroy(c);
  return r;
}

/* What a stage sets twice is in the file once, as it was set last, and is what the stage began with. */
START_TEST(test_what_is_set_last_is_what_a_stage_has)
{
  open_folder();
  for (int how = ONCE; how <= CLIMBING_TWICE; how++) {
    rig r = make_staged_rig(how), again = make_staged_rig(how), once = make_staged_rig(ONCE);
    expect_ok(nai_trainer_run(r.trainer, 15, NULL, NULL));
    ck_assert_int_eq(nai_trainer_stage(r.trainer), 1);
    expect_ok(nai_trainer_save(r.trainer, path));
    expect_ok(nai_trainer_restore(again.trainer, path));
    nai_status status = nai_trainer_restore(once.trainer, path);
    if (how == CLIMBING_TWICE)
      expect_fails(status, NAI_ERR_FORMAT, "'trainer: staircases' is 4, must be 3");
    else
      expect_ok(status);
    expect_ok(nai_trainer_run(r.trainer, 36, NULL, NULL));
    expect_ok(nai_trainer_run(again.trainer, 36, NULL, NULL));
    ck_assert_int_eq(nai_trainer_stage(r.trainer), 2);
    EXPECT(hash_rig(&r) == hash_rig(&again));
    if (how != CLIMBING_TWICE) {
      expect_ok(nai_trainer_run(once.trainer, 36, NULL, NULL));
      EXPECT(hash_rig(&r) == hash_rig(&once));
    }
    destroy_rig(&r);
    destroy_rig(&again);
    destroy_rig(&once);
  }
  close_folder();
}
END_TEST

START_TEST(test_what_a_stage_sets_is_compared_though_a_later_one_sets_it_too)
{
  static const struct {
    int how;
    const char *words;
  } others[] = {
      {OTHER_STIMULUS, "trainer: stages 'first': stimulus[0] is 80.0 in the file, 60.0 here"},
      {OTHER_COHERENCE, "trainer: stages 'first': coherence[0] is 50.0 in the file, 40.0 here"},
      {OTHER_STAIRCASE, "trainer: stages 'second': coherence[2] is 15.0 in the file, 14.0 here"}};
  rig r = make_staged_rig(ONCE);
  open_folder();
  expect_ok(nai_trainer_run(r.trainer, 15, NULL, NULL));
  expect_ok(nai_trainer_save(r.trainer, path));
  for (int k = 0; k < 3; k++) {
    rig other = make_staged_rig(others[k].how);
    expect_fails(nai_trainer_restore(other.trainer, path), NAI_ERR_INVALID, others[k].words);
    destroy_rig(&other);
  }
  close_folder();
  destroy_rig(&r);
}
END_TEST

/* A trainer without a task, which is given its trials: nor has its file a task. */
START_TEST(test_without_a_task)
{
  plan p = usual;
  p.curriculum = 0;
  nai_network *net = make_network(&p);
  nai_task *task = make_plan_task(&p, net);
  nai_trials *trials = make_trials(task, 5);
  rig r = make_rig_for(&p, net, NULL), again = make_rig_for(&p, make_network(&p), NULL),
      other = make_rig(&p);
  open_folder();
  for (int k = 0; k < 4; k++) expect_ok(nai_trainer_step(NULL, r.trainer, trials));
  expect_ok(nai_trainer_save(r.trainer, path));
  expect_fails(nai_trainer_restore(other.trainer, path), NAI_ERR_INVALID,
               "trainer: task is not there in the file, {...} here");
  expect_ok(nai_trainer_restore(again.trainer, path));
  ck_assert_int_eq(nai_trainer_updates(again.trainer), 4);
  for (int k = 0; k < 4; k++) {
    expect_ok(nai_trainer_step(NULL, r.trainer, trials));
    expect_ok(nai_trainer_step(NULL, again.trainer, trials));
  }
  EXPECT(hash_rig(&r) == hash_rig(&again));
  close_folder();
  nai_trials_destroy(trials);
  nai_task_destroy(task);
  destroy_rig(&r);
  destroy_rig(&again);
  destroy_rig(&other);
}
END_TEST

static nai_status leave_zeros(void *user, nai_trial_batch *batch)
{
  (void)user;
  (void)batch;
  return NAI_OK;
}

/* Of a task of the user's own the file has the name only, also when a built-in one is called so. */
START_TEST(test_an_own_task_with_the_name_of_a_built_in_one)
{
  const nai_task_ops ops = {.struct_size = sizeof ops,
                            .name = "perceptual-decision-making",
                            .n_inputs = 3,
                            .n_outputs = 3,
                            .max_steps = 4,
                            .has_classes = 1,
                            .generate = leave_zeros};
  plan p = usual;
  nai_task *task;
  nai__tensors file;
  p.curriculum = 0;
  nai_network *net = make_network(&p);
  expect_ok(nai_task_create_own(&task, &ops, net, NULL));
  rig r = make_rig_for(&p, net, task), built_in = make_rig(&p);
  open_folder();
  expect_ok(nai_trainer_run(r.trainer, 3, NULL, NULL));
  expect_ok(nai_trainer_save(r.trainer, path));
  expect_ok(nai__tensors_open(&file, path));
  ck_assert_ptr_nonnull(strstr(nai__tensors_note(&file, "neuroai"),
                               "\"task\":{\"name\":\"perceptual-decision-making\"}"));
  nai__tensors_close(&file);
  expect_ok(nai_trainer_restore(r.trainer, path));
  expect_fails(nai_trainer_restore(built_in.trainer, path), NAI_ERR_INVALID,
               "trainer: task: fixation is not there in the file, [...] here");
  close_folder();
  destroy_rig(&r);
  destroy_rig(&built_in);
}
END_TEST

/* --- what release 0.1.0 wrote ------------------------------------------------------------------ */

#define FORMER TESTS_FOLDER "/golden/0.1.0/rule_reward_hebbian.safetensors"

/* The trainer of that file, as tests/golden/recipes.py makes it. */
static rig make_former_rig(void)
{
  rig r;
  nai_rule *rule;
  nai_cost *cost;
  nai_optimizer *optimizer = adam(1e-3);
  expect_ok(nai_network_load(&r.net, FORMER, NULL));
  nai_task *task = task_for(r.net, "perceptual-decision-making");
  expect_ok(nai_task_set(task, "fixation", 40));
  expect_ok(nai_task_set(task, "stimulus", 100));
  expect_ok(nai_task_set(task, "decision", 40));
  expect_ok(nai_rule_create_reward_hebbian(&rule, 5));
  expect_ok(nai_trainer_create(&r.trainer, r.net, rule, optimizer, task));
  attach_cost(r.trainer, nai_cost_create_cross_entropy(&cost, "choice"), &cost, 1);
  expect_ok(nai_trainer_set(r.trainer, "batch", 8));
  expect_ok(nai_trainer_set(r.trainer, "evaluate_trials", 20));
  expect_ok(nai_trainer_set(r.trainer, "evaluate_every", 5));
  nai_rule_destroy(rule);
  nai_optimizer_destroy(optimizer);
  nai_task_destroy(task);
  return r;
}

/* What is kept of each type of trial: whether it is known, its number of 32 bits, the mean of its cost. */
static void check_types(const nai__tensors *file, const nai__learner *learner)
{
  enum { TYPES = 256 };
  nai__tensor tensor;
  float then[4 * TYPES];
  int known = 0;
  expect_ok(
      nai__tensors_expect(&tensor, file, "rule: trial types", NAI__F32, 1, (int64_t[]){4 * TYPES}));
  expect_ok(nai__tensors_read(then, file, &tensor, 0, 4 * TYPES));
  ck_assert_int_eq(learner->n_kept, 1);
  ck_assert_int_eq(learner->kept[0].n, 3 * TYPES);
  for (int k = 0; k < TYPES; k++) {
    const float *was = then + 4 * k;
    const double *is = learner->kept[0].doubles + 3 * k;
    EXPECT(is[0] == (double)was[0]);
    EXPECT(is[1] == (double)was[1] * 65536 + (double)was[2]);
    EXPECT(is[2] == (double)was[3]);
    known += was[0] != 0 && was[3] != 0;
  }
  ck_assert_int_gt(known, 3);
}

static void check_whole(const nai__tensors *file, const char *name, const float *moment, int64_t n)
{
  nai__tensor tensor;
  int64_t learnt = 0;
  expect_ok(nai__tensors_expect(&tensor, file, name, NAI__F32, 1, &n));
  for (int64_t i = 0; i < n; i++) {
    float value;
    expect_ok(nai__tensors_read(&value, file, &tensor, i, 1));
    EXPECT(value == moment[i]);
    learnt += value != 0;
  }
  ck_assert_int_gt(learnt, 100);
}

/* It wrote moments whole, and as floats what is doubles now: all of it is there, and goes on. */
START_TEST(test_moments_and_doubles_of_the_first_release)
{
  rig r = make_former_rig(), again = make_former_rig();
  nai__tensors file;
  open_folder();
  expect_ok(nai_trainer_restore(r.trainer, FORMER));
  ck_assert_int_eq(nai_trainer_updates(r.trainer), 7);
  const nai__plasticity *p = &r.trainer->plasticity;
  expect_ok(nai__tensors_open(&file, FORMER));
  check_types(&file, p->learner);
  check_whole(&file, "trainer: mean", p->mean, r.net->n_theta);
  check_whole(&file, "trainer: square", p->square, r.net->n_theta);
  nai__tensors_close(&file);
  expect_ok(nai_trainer_save(r.trainer, path)); /* as files are now */
  expect_ok(nai_trainer_restore(again.trainer, path));
  expect_ok(nai_trainer_run(r.trainer, 8, NULL, NULL));
  expect_ok(nai_trainer_run(again.trainer, 8, NULL, NULL));
  EXPECT(hash_rig(&r) == hash_rig(&again));
  close_folder();
  destroy_rig(&r);
  destroy_rig(&again);
}
END_TEST

START_TEST(test_a_file_of_the_first_release_without_memory)
{
  rig r = make_former_rig();
  uint64_t before = hash_rig(&r);
  long good = 0;
  for (nai_status status = NAI_ERR_MEMORY; status != NAI_OK; good++) {
    faults_fail_allocation(good);
    status = nai_trainer_restore(r.trainer, FORMER);
    faults_fail_allocation(-1);
    EXPECT(status == NAI_OK || status == NAI_ERR_MEMORY);
    if (status != NAI_OK) EXPECT(hash_rig(&r) == before);
  }
  ck_assert_int_gt(good, 12);
  ck_assert_int_eq(nai_trainer_updates(r.trainer), 7);
  destroy_rig(&r);
}
END_TEST

START_TEST(test_killed_at_random_moments)
{
  uint64_t expected = uninterrupted(&usual);
  open_folder();
  for (unsigned k = 0; k < 20; k++) {
    if (k % 5 == 0) unlink(path); /* from the beginning again */
    train_and_die((useconds_t)(30000 * nai_random_uniform(5, 0, k)));
    check_resumed(&usual, expected);
  }
  char command[400]; /* a file that was being written may be left beside it */
  *strrchr(path, '/') = 0;
  snprintf(command, sizeof command, "rm -rf '%s'", path);
  ck_assert_int_eq(system(command), 0);
}
END_TEST

/* --- refusals --------------------------------------------------------------------------------- */

static void refuse(const plan *p, const char *words)
{
  rig r = make_rig(p);
  expect_ok(nai_trainer_run(r.trainer, 3, NULL, NULL));
  uint64_t before = hash_rig(&r);
  expect_fails(nai_trainer_restore(r.trainer, path), NAI_ERR_INVALID, words);
  EXPECT(hash_rig(&r) == before);
  EXPECT(nai_trainer_updates(r.trainer) == 3);
  expect_ok(nai_trainer_run(r.trainer, 3, NULL, NULL));
  destroy_rig(&r);
}

START_TEST(test_another_trainer_is_refused_by_what_differs)
{
  rig r = make_rig(&usual);
  plan p;
  open_folder();
  expect_ok(nai_trainer_run(r.trainer, 5, NULL, NULL));
  expect_ok(nai_trainer_save(r.trainer, path));
  destroy_rig(&r);
  p = usual, p.n_e = 13;
  refuse(&p, "populations 'E': n is 12 in the file, 13 here");
  p = usual, p.tau = 50;
  refuse(&p, "populations 'E': tau is 100");
  p = usual, p.density = 0.6;
  refuse(&p, "'mask: E -> E' is not as it is here");
  p = usual, p.beta = 2e-3;
  refuse(&p, "trainer: costs 'l2_rates': beta is 0.001 in the file, 0.002 here");
  p = usual, p.normalise = 1;
  refuse(&p, "trainer: costs 'l2_rates': normalise is false in the file, true here");
  p = usual, p.two_costs = 0;
  refuse(&p, "trainer: costs 'l2_rates' is {");
  p = usual, p.rate = 1e-3;
  refuse(&p, "trainer: optimizer: rate is 0.01 in the file, 0.001 here");
  p = usual, p.momentum = 1;
  refuse(&p, "trainer: optimizer: name is \"adam\" in the file, \"momentum\" here");
  p = usual, p.schedule = 0;
  refuse(&p, "trainer: optimizer: schedule");
  p = usual, p.sigma = 2;
  refuse(&p, "trainer: task: sigma[0] is 1.0 in the file, 2.0 here");
  p = usual, p.criterion = 0.5;
  refuse(&p, "trainer: stages 'first': criterion is 0.0 in the file, 0.5 here");
  close_folder();
}
END_TEST

/* A network of 40 units that lacks one synapse, of which it says where it is. */
static rig make_rig_lacking(int64_t synapse)
{
  enum { N = 40 };
  static uint8_t mask[N * N];
  nai_constraint *some;
  nai_network *net = COMPOSE(.dt = 20.0, .inputs = {{"stimulus", 3}}, .populations = {{"E", N}},
                             .outputs = {{"choice", 3}},
                             .projections = {{"stimulus", "E"}, {"E", "E"}, {"E", "choice"}});
  memset(mask, 1, sizeof mask);
  mask[synapse] = 0;
  expect_ok(nai_constraint_create_mask(&some, mask, N, N));
  nai_network_constrain(net, "E", "E", some);
  nai_constraint_destroy(some);
  expect_ok(nai_network_build(net, 3));
  return make_rig_for(&usual, net, make_plan_task(&usual, net));
}

/* Arrays are compared a kilobyte at a time. */
START_TEST(test_arrays_are_compared_to_the_end)
{
  static const int64_t other[] = {1, 1023, 1024, 1598};
  rig r = make_rig_lacking(1599), same = make_rig_lacking(1599);
  open_folder();
  expect_ok(nai_trainer_save(r.trainer, path));
  expect_ok(nai_trainer_restore(same.trainer, path));
  for (int k = 0; k < 4; k++) {
    rig differs = make_rig_lacking(other[k]);
    expect_fails(nai_trainer_restore(differs.trainer, path), NAI_ERR_INVALID,
                 "'mask: E -> E' is not as it is here");
    destroy_rig(&differs);
  }
  close_folder();
  destroy_rig(&r);
  destroy_rig(&same);
}
END_TEST

/* A rate of one projection or of one bias; NULL: of none. */
typedef struct one_rate {
  const char *from, *to;
  double factor;
} one_rate;

static rig make_rig_at(const one_rate *rate)
{
  rig r = make_rig(&usual);
  if (rate->from) expect_ok(nai_trainer_set_rate(r.trainer, rate->from, rate->to, rate->factor));
  return r;
}

/* Each by itself: the first and the last of projections and of biases, too. */
START_TEST(test_rates_are_compared)
{
  static const struct {
    one_rate file, here;
    const char *words;
  } cases[] = {
      {{"stimulus", "E", 0.5}, {NULL, NULL, 1}, "rates is {...} in the file, not there here"},
      {{NULL, NULL, 1}, {"choice", NULL, 2}, "rates is not there in the file, {...} here"},
      {{"stimulus", "E", 0.5},
       {"stimulus", "E", 0.25},
       "stimulus -> E is 0.5 in the file, 0.25 here"},
      {{"E", "choice", 0.5}, {"E", "choice", 2}, "rates: E -> choice is 0.5 in the file, 2.0 here"},
      {{"E", NULL, 0.5}, {"E", NULL, 0}, "rates: E is 0.5 in the file, 0.0 here"},
      {{"I", "E", 0.5}, {"E", "I", 0.5}, "rates: E -> I is not there in the file, 0.5 here"},
      {{"I", "E", 0.5}, {"I", NULL, 0.5}, "rates: I is not there in the file, 0.5 here"},
  };
  open_folder();
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    rig r = make_rig_at(&cases[k].file), same = make_rig_at(&cases[k].file),
        other = make_rig_at(&cases[k].here);
    expect_ok(nai_trainer_run(r.trainer, 2, NULL, NULL));
    expect_ok(nai_trainer_save(r.trainer, path));
    expect_fails(nai_trainer_restore(other.trainer, path), NAI_ERR_INVALID, cases[k].words);
    expect_ok(nai_trainer_restore(same.trainer, path));
    EXPECT(hash_rig(&r) == hash_rig(&same));
    destroy_rig(&r);
    destroy_rig(&same);
    destroy_rig(&other);
  }
  rig ones = make_rig_at(&(one_rate){"E", "E", 1}), none = make_rig(&usual);
  expect_ok(nai_trainer_save(ones.trainer, path));
  expect_ok(nai_trainer_restore(none.trainer, path)); /* ones say nothing */
  expect_ok(nai_trainer_save(none.trainer, path));
  expect_ok(nai_trainer_restore(ones.trainer, path));
  destroy_rig(&ones);
  destroy_rig(&none);
  close_folder();
}
END_TEST

/* What may differ is called "progress" and "library": so may populations be, which may not. */
START_TEST(test_populations_of_any_name_are_compared)
{
  nai_trainer *trainer[2];
  for (int k = 0; k < 2; k++) {
    nai_network *net =
        COMPOSE(.dt = 20, .inputs = {{"u", 1}},
                .populations = {{"library", 3, NAI_FREE}, {"progress", 3, NAI_FREE}},
                .outputs = {{"z", 1}},
                .projections = {{"u", "library"}, {"library", "progress"}, {"progress", "z"}});
    nai_rule *rule = bptt_rule();
    nai_optimizer *optimizer = plain_descent(1e-3);
    expect_ok(nai_network_build(net, 1));
    expect_ok(nai_trainer_create(&trainer[k], net, rule, optimizer, NULL));
    nai_rule_destroy(rule);
    nai_optimizer_destroy(optimizer);
    nai_network_destroy(net);
  }
  open_folder();
  expect_ok(nai_trainer_set_rate(trainer[0], "progress library", NULL, 0.5));
  expect_ok(nai_trainer_save(trainer[0], path));
  expect_ok(nai_trainer_set_rate(trainer[1], "library", NULL, 0.5));
  expect_fails(nai_trainer_restore(trainer[1], path), NAI_ERR_INVALID,
               "rates: progress is 0.5 in the file, not there here");
  expect_ok(nai_trainer_set_rate(trainer[1], "progress", NULL, 0.5));
  expect_ok(nai_trainer_restore(trainer[1], path));
  expect_ok(nai_trainer_set_rate(trainer[1], "library", NULL, 2));
  expect_fails(nai_trainer_restore(trainer[1], path), NAI_ERR_INVALID,
               "rates: library is 0.5 in the file, 2.0 here");
  close_folder();
  for (int k = 0; k < 2; k++) nai_trainer_destroy(trainer[k]);
}
END_TEST

START_TEST(test_bad_arguments)
{
  rig r = make_rig(&usual);
  open_folder();
  expect_fails(nai_trainer_save(NULL, path), NAI_ERR_INVALID, "trainer");
  expect_fails(nai_trainer_save(r.trainer, NULL), NAI_ERR_INVALID, "path");
  expect_fails(nai_trainer_save(r.trainer, ""), NAI_ERR_INVALID, "path");
  expect_fails(nai_trainer_save(r.trainer, "/nowhere/at/all"), NAI_ERR_FILE, "/nowhere");
  expect_fails(nai_trainer_restore(NULL, path), NAI_ERR_INVALID, "trainer");
  expect_fails(nai_trainer_restore(r.trainer, NULL), NAI_ERR_INVALID, "path");
  expect_fails(nai_trainer_restore(r.trainer, path), NAI_ERR_FILE, "run.safetensors");
  expect_fails(nai_trainer_set_checkpoints(NULL, path, 1), NAI_ERR_INVALID, "trainer");
  expect_fails(nai_trainer_set_checkpoints(r.trainer, NULL, 1), NAI_ERR_INVALID, "path");
  expect_fails(nai_trainer_set_checkpoints(r.trainer, path, -1), NAI_ERR_INVALID, "every is -1");
  ck_assert_int_eq(nai_trainer_updates(NULL), -1);
  expect_ok(nai_network_save(r.net, path));
  expect_fails(nai_trainer_restore(r.trainer, path), NAI_ERR_FORMAT, "without a training");
  char longer[200] = "/"; /* its end is what tells it from others */
  memset(longer + 1, 'x', 150);
  strcpy(longer + 151, "/the-end");
  expect_fails(nai_trainer_restore(r.trainer, longer), NAI_ERR_FILE, "checkpoint 'xxxx");
  expect_fails(nai_trainer_restore(r.trainer, longer), NAI_ERR_FILE, "x/the-end': cannot be");
  close_folder();
  destroy_rig(&r);
}
END_TEST

/* Any byte of the file may be wrong: refused, or harmless, and never half of it. */
START_TEST(test_damaged_files)
{
  rig r = make_rig(&usual);
  open_folder();
  expect_ok(nai_trainer_run(r.trainer, 12, NULL, NULL));
  expect_ok(nai_trainer_save(r.trainer, path));
  static char bytes[1 << 17];
  FILE *file = fopen(path, "rb");
  size_t size = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  EXPECT(size < sizeof bytes);
  uint64_t before = hash_rig(&r);
  for (unsigned k = 0; k < 300; k++) {
    size_t at = (size_t)(nai_random_uniform(6, 0, k) * (double)size), cut = k % 3 ? size : at;
    char kept = bytes[at];
    bytes[at] = (char)(kept ^ (1 << k % 8));
    file = fopen(path, "wb");
    fwrite(bytes, 1, cut, file);
    fclose(file);
    bytes[at] = kept;
    nai_status status = nai_trainer_restore(r.trainer, path);
    if (status != NAI_OK) EXPECT(hash_rig(&r) == before);
    if (cut < size) EXPECT(status != NAI_OK);
    before = hash_rig(&r);
  }
  close_folder();
  destroy_rig(&r);
}
END_TEST

/* --- files that lie --------------------------------------------------------------------------- */

typedef struct saved_file {
  char *data;
  size_t size;
} saved_file;

static saved_file read_saved(void)
{
  saved_file f = {malloc(1 << 17), 0};
  FILE *file = fopen(path, "rb");
  f.size = fread(f.data, 1, 1 << 17, file);
  fclose(file);
  EXPECT(f.size < 1 << 17);
  return f;
}

static void write_saved(const char *data, size_t size)
{
  FILE *file = fopen(path, "wb");
  EXPECT(fwrite(data, 1, size, file) == size);
  fclose(file);
}

/* The file with one piece of its header replaced by another, and the length put right. */
static void write_edited(saved_file f, const char *from, const char *to)
{
  uint64_t length;
  memcpy(&length, f.data, 8);
  char *at = memmem(f.data + 8, length, from, strlen(from)), *out = malloc(f.size + 200);
  ck_assert_msg(at != NULL, "'%s' is not in the header", from);
  size_t before = (size_t)(at - f.data), after = f.size - before - strlen(from);
  memcpy(out, f.data, before);
  memcpy(out + before, to, strlen(to));
  memcpy(out + before + strlen(to), at + strlen(from), after);
  length += strlen(to) - strlen(from);
  memcpy(out, &length, 8);
  write_saved(out, before + strlen(to) + after);
  free(out);
}

/* A value in a tensor of the file, at its byte; and what it was is put back. */
static void write_value(saved_file f, const char *tensor, int64_t byte, const void *value, size_t n)
{
  nai__tensors file;
  nai__tensor where;
  char was[8];
  expect_ok(nai__tensors_open(&file, path));
  expect_ok(nai__tensors_find(&where, &file, tensor));
  nai__tensors_close(&file);
  memcpy(was, f.data + where.start + byte, n);
  memcpy(f.data + where.start + byte, value, n);
  write_saved(f.data, f.size);
  memcpy(f.data + where.start + byte, was, n);
}

/* A file says nothing of one shard, as those of the first release do; of two it does. */
START_TEST(test_shards_are_restored)
{
  open_folder();
  for (int shards = 1; shards <= 4; shards *= 2) {
    rig r = make_rig(&usual), other = make_rig(&usual);
    double found;
    expect_ok(nai_trainer_set(r.trainer, "shards", shards));
    expect_ok(nai_trainer_set(other.trainer, "shards", 8));
    expect_ok(nai_trainer_save(r.trainer, path));
    saved_file f = read_saved();
    EXPECT((memmem(f.data, f.size, "shards", 6) != NULL) == (shards > 1));
    expect_ok(nai_trainer_restore(other.trainer, path));
    expect_ok(nai_trainer_get(&found, other.trainer, "shards"));
    EXPECT(found == shards);
    free(f.data);
    destroy_rig(&r);
    destroy_rig(&other);
  }
  close_folder();
}
END_TEST

START_TEST(test_values_that_cannot_be)
{
  static const struct {
    const char *tensor;
    int64_t element;
    double value;
    const char *words;
  } lies[] = {
      {"trainer: staircases", 0, NAN, "'trainer: staircases' [0] is nan, must be 20 to 100"},
      {"trainer: staircases", 0, 101, "is 101, must be 20 to 100"},
      {"trainer: history", 0, NAN, "'trainer: history' [0] cannot be"},
      {"trainer: history", 5, INFINITY, "'trainer: history' [0] cannot be"},
      {"trainer: history", 3, 0.5, "'trainer: history' [0] cannot be"},
      {"trainer: history", 2, 1.5, "'trainer: history' [0] cannot be"},
      {"trainer: history", 2, -0.5, "'trainer: history' [0] cannot be"},
      {"trainer: history", 1, INFINITY, "'trainer: history' [0] cannot be"},
      {"trainer: history", 3, -2, "'trainer: history' [0] cannot be"},
      {"trainer: history", 3, NAN, "'trainer: history' [0] cannot be"},
      {"trainer: history", 3, INFINITY, "'trainer: history' [0] cannot be"},
  };
  plan p = usual;
  p.criterion = 0;
  rig r = make_rig(&p);
  open_folder();
  expect_ok(nai_trainer_run(r.trainer, 25, NULL, NULL));
  expect_ok(nai_trainer_save(r.trainer, path));
  saved_file f = read_saved();
  uint64_t before = hash_rig(&r);
  for (size_t k = 0; k < sizeof lies / sizeof *lies; k++) {
    write_value(f, lies[k].tensor, 8 * lies[k].element, &lies[k].value, 8);
    expect_fails(nai_trainer_restore(r.trainer, path), NAI_ERR_FORMAT, lies[k].words);
  }
  write_value(f, "square: E -> E", 4, &(float){-1e-3f}, 4);
  expect_fails(nai_trainer_restore(r.trainer, path), NAI_ERR_FORMAT, "squared gradients is -0.001");
  write_value(f, "mean: E -> E", 4, &(float){NAN}, 4);
  expect_fails(nai_trainer_restore(r.trainer, path), NAI_ERR_FORMAT, "finite");
  static const char *const edits[][3] = {
      {"\\\"performance\\\":", "\\\"performance\\\":7", "'performance' is 7"},
      {"\\\"drawn\\\":\\\"", "\\\"drawn\\\":\\\"99999999999999999999", "'drawn' is"},
      {"\\\"moves\\\":", "\\\"moves\\\":-", "'moves' is -25"},
      {"\\\"streak\\\":", "\\\"streak\\\":9223372036854775807", "no whole number 'streak'"},
      {"\\\"batch\\\":6.0", "\\\"batch\\\":6.5", "batch is 6.5"},
      {"\\\"batch\\\":6.0", "\\\"bunch\\\":6.0", "no number 'batch'"},
      {"\\\"evaluate_every\\\":10.0", "\\\"evaluate_every\\\":-1.0", "evaluate_every is -1"},
      {"\\\"performance\\\":", "\\\"performance\\\":-1", "'performance' is -1"},
      {"\\\"performance\\\":", "\\\"performance\\\":[],\\\"was\\\":", "no number 'performance'"},
      {"\\\"drawn\\\":\\\"", "\\\"drawn\\\":\\\"36028797018963968\\\",\\\"was\\\":\\\"",
       "'drawn' is '36028797018963968', must be a number below 2^55"},
      {"\\\"seed\\\":0.0", "\\\"seed\\\":0.5", "'seed' is 0.5, must be a whole number"},
      {"\\\"seed\\\":0.0", "\\\"seed\\\":1e17", "'seed' is 1e+17, must be a whole number of 0 to"},
      {"\\\"seed\\\":0.0", "\\\"seed\\\":\\\"18446744073709551616\\\"",
       "'seed' is '18446744073709551616', must be a number of 64 bits"},
      {"\\\"seed\\\":0.0", "\\\"need\\\":0.0", "no number 'seed'"},
      {"\\\"drawn\\\":", "\\\"drown\\\":", "no text 'drawn'"},
      {"\\\"updates\\\":25", "\\\"updates\\\":24", "'trainer: history' must be F64 [24, "},
      {"\\\"updates\\\":25", "\\\"updates\\\":25.0", "no whole number 'updates'"},
      /* what the trainer is: any kind of value, in place of another */
      {"\\\"beta\\\":1.0", "\\\"beta\\\":1e999",
       "beta is beyond all numbers in the file, 1.0 here"},
      {"\\\"beta\\\":1.0", "\\\"beta\\\":true", "beta is true in the file, 1.0 here"},
      {"\\\"beta\\\":1.0", "\\\"beta\\\":\\\"1.0\\\"", "beta is \"1.0\" in the file, 1.0 here"},
      {"\\\"beta\\\":1.0", "\\\"beta\\\":null", "beta is null in the file, 1.0 here"},
      {"\\\"beta\\\":1.0", "\\\"beta\\\":{}", "beta is {...} in the file, 1.0 here"},
      {"\\\"normalise\\\":false", "\\\"normalise\\\":null", "normalise is null in the file"},
      {"\\\"name\\\":\\\"adam\\\"", "\\\"name\\\":7", "name is 7 in the file, \"adam\" here"},
      {"\\\"rule\\\":\\\"bptt\\\"", "\\\"rule\\\":[\\\"bptt\\\"]", "rule is [...] in the file"},
      {"\\\"schedule\\\":[[0,1.0]", "\\\"schedule\\\":[[0,1.0,2]",
       "schedule[0][2] is 2 in the file, not there here"},
      {"\\\"schedule\\\":[[0,1.0]", "\\\"schedule\\\":[[0]",
       "schedule[0][1] is not there in the file, 1.0 here"},
      {"\\\"schedule\\\":[[0,1.0]", "\\\"schedule\\\":[[0.5,1.0]",
       "schedule[0][0] is 0.5 in the file, 0 here"},
      {"\\\"schedule\\\":[", "\\\"schedule\\\":[{\\\"from\\\":\\\"x\\\"},",
       "schedule[0] is {...} in the file, [...] here"},
      {"[60,0.1]]", "[60,0.1],{\\\"from\\\":\\\"x\\\"}]",
       "schedule[2] is {...} in the file, not there here"},
  };
  double batch;
  expect_ok(nai_trainer_set(r.trainer, "batch", 9));
  for (size_t k = 0; k < sizeof edits / sizeof *edits; k++) {
    write_edited(f, edits[k][0], edits[k][1]);
    nai_status status = nai_trainer_restore(r.trainer, path);
    ck_assert_msg(status < 0 && strstr(nai_last_error(), edits[k][2]), "%s: %s", edits[k][1],
                  nai_last_error());
    expect_ok(nai_trainer_get(&batch, r.trainer, "batch"));
    EXPECT(batch == 9); /* settings before the one that is refused, too */
  }
  EXPECT(hash_rig(&r) == before);
  write_saved(f.data, f.size);
  expect_ok(nai_trainer_restore(r.trainer, path));
  free(f.data);
  close_folder();
  destroy_rig(&r);
}
END_TEST

/* Floats of the first release that are none, or of which there are not enough. */
START_TEST(test_former_values_that_cannot_be)
{
  rig r = make_former_rig();
  uint64_t before = hash_rig(&r);
  open_folder();
  char *kept = strdup(path);
  strcpy(path, FORMER);
  saved_file f = read_saved();
  strcpy(path, kept);
  free(kept);
  write_saved(f.data, f.size);
  write_value(f, "rule: trial types", 4 * 5, &(float){NAN}, 4);
  expect_fails(nai_trainer_restore(r.trainer, path), NAI_ERR_FORMAT,
               "'rule: trial types' [5] is nan, must be finite");
  write_value(f, "trainer: mean", 4 * 9, &(float){INFINITY}, 4);
  expect_fails(nai_trainer_restore(r.trainer, path), NAI_ERR_FORMAT,
               "'trainer: mean' [9] is inf, must be finite");
  write_edited(f, "\"rule: trial types\":{\"dtype\":\"F32\",\"shape\":[1024]",
               "\"rule: trial types\":{\"dtype\":\"F32\",\"shape\":[4,256]");
  expect_fails(nai_trainer_restore(r.trainer, path), NAI_ERR_FORMAT,
               "'rule: trial types' has 2 dimensions, must have 1");
  write_edited(f, "\"rule: trial types\":{\"dtype\":\"F32\",\"shape\":[1024]",
               "\"rule: trial types\":{\"dtype\":\"F64\",\"shape\":[512]");
  expect_fails(nai_trainer_restore(r.trainer, path), NAI_ERR_FORMAT,
               "'rule: trial types' is 512, must be 768");
  EXPECT(hash_rig(&r) == before);
  free(f.data);
  close_folder();
  destroy_rig(&r);
}
END_TEST

/* Tensors whose shape is another, or that nothing says are there. */
START_TEST(test_shapes_that_cannot_be)
{
  rig r = make_rig(&usual);
  int64_t rows, columns;
  char shape[96], other[96], words[96];
  open_folder();
  expect_ok(nai_trainer_run(r.trainer, 6, NULL, NULL));
  expect_ok(nai_trainer_history(NULL, 0, &rows, &columns, r.trainer));
  expect_ok(nai_trainer_save(r.trainer, path));
  saved_file f = read_saved();
  snprintf(shape, sizeof shape, "\"trainer: history\":{\"dtype\":\"F64\",\"shape\":[6,%d]",
           (int)columns);
  snprintf(words, sizeof words, "'trainer: history' must be F64 [6, %d]", (int)columns);
  const int64_t shapes[][2] = {{3, 2 * columns}, {2 * columns, 3}, {6 * columns, 1}};
  for (int k = 0; k < 4; k++) {
    snprintf(other, sizeof other, "\"trainer: history\":{\"dtype\":\"F64\",\"shape\":[%d",
             (int)(k < 3 ? shapes[k][0] : 6 * columns));
    snprintf(other + strlen(other), 16, k < 3 ? ",%d]" : "]", k < 3 ? (int)shapes[k][1] : 0);
    write_edited(f, shape, other);
    expect_fails(nai_trainer_restore(r.trainer, path), NAI_ERR_FORMAT, words);
  }
  write_edited(f, "{\"__metadata__\"",
               "{\"initial: E\":{\"dtype\":\"F64\",\"shape\":[0],\"data_offsets\":[0,0]},"
               "\"__metadata__\"");
  expect_fails(nai_trainer_restore(r.trainer, path), NAI_ERR_FORMAT,
               "dimension 0 of tensor 'initial: E' is 0, must be 12");
  free(f.data);
  close_folder();
  destroy_rig(&r);
}
END_TEST

/* As a library would write it that has not that number: what it is by default, or another trainer. */
START_TEST(test_an_absent_number_is_its_default)
{
  rig r = make_rig(&usual);
  open_folder();
  expect_ok(nai_trainer_run(r.trainer, 3, NULL, NULL));
  expect_ok(nai_trainer_save(r.trainer, path));
  saved_file f = read_saved();
  write_edited(f, "\\\"exponent\\\":2.0,", "");
  expect_ok(nai_trainer_restore(r.trainer, path));
  write_edited(f, "\\\"noise\\\":0.1,", "");
  expect_fails(nai_trainer_restore(r.trainer, path), NAI_ERR_INVALID,
               "populations 'E': noise is not there in the file, 0.1 here");
  write_edited(f, "\\\"inputs\\\":[{", "\\\"inputs\\\":[{\\\"sign\\\":0,");
  expect_ok(nai_trainer_restore(r.trainer, path));
  write_edited(f, "\\\"inputs\\\":[{", "\\\"inputs\\\":[{\\\"sign\\\":1,");
  expect_fails(nai_trainer_restore(r.trainer, path), NAI_ERR_INVALID,
               "sign is 1 in the file, not there here");
  write_edited(f, "\\\"delay\\\":[0.0],", ""); /* of the task */
  expect_ok(nai_trainer_restore(r.trainer, path));
  write_edited(f, "\\\"fixation\\\":[40.0],", "");
  expect_fails(nai_trainer_restore(r.trainer, path), NAI_ERR_INVALID,
               "trainer: task: fixation is not there in the file, [...] here");
  write_edited(f, "\\\"exponent\\\":2.0,", "\\\"slope\\\":2.0,");
  expect_fails(nai_trainer_restore(r.trainer, path), NAI_ERR_INVALID,
               "populations 'E': slope is 2.0 in the file, not there here");
  free(f.data);
  close_folder();
  destroy_rig(&r);
}
END_TEST

START_TEST(test_failing_allocations)
{
  rig r = make_rig(&usual), other = make_rig(&usual);
  open_folder();
  expect_ok(nai_trainer_run(r.trainer, 12, NULL, NULL));
  long good = 0;
  for (nai_status status = NAI_ERR_MEMORY; status != NAI_OK; good++) {
    faults_fail_allocation(good);
    status = nai_trainer_save(r.trainer, path);
    faults_fail_allocation(-1);
    EXPECT(status == NAI_OK || status == NAI_ERR_MEMORY);
    if (status != NAI_OK) EXPECT(strstr(nai_last_error(), "memory") != NULL);
  }
  ck_assert_int_gt(good, 12);
  uint64_t before = hash_rig(&other);
  good = 0;
  for (nai_status status = NAI_ERR_MEMORY; status != NAI_OK; good++) {
    faults_fail_allocation(good);
    status = nai_trainer_restore(other.trainer, path);
    faults_fail_allocation(-1);
    EXPECT(status == NAI_OK || status == NAI_ERR_MEMORY);
    if (status != NAI_OK) EXPECT(strstr(nai_last_error(), "memory") != NULL);
    if (status != NAI_OK) EXPECT(hash_rig(&other) == before);
  }
  ck_assert_int_gt(good, 12);
  EXPECT(hash_rig(&other) == hash_rig(&r));
  close_folder();
  destroy_rig(&r);
  destroy_rig(&other);
}
END_TEST

Suite *checkpoint_suite(void)
{
  Suite *suite = suite_create("checkpoint");
  ADD_CASE(suite, "going on", test_resumed_anywhere_ends_with_the_same_bits,
           test_what_was_before_is_forgotten, test_moments_are_held_a_projection_at_a_time,
           test_written_while_training, test_any_seed_goes_on, test_written_where_a_run_ends_early,
           test_what_is_set_last_is_what_a_stage_has,
           test_what_a_stage_sets_is_compared_though_a_later_one_sets_it_too, test_without_a_task,
           test_an_own_task_with_the_name_of_a_built_in_one,
           test_moments_and_doubles_of_the_first_release,
           test_a_file_of_the_first_release_without_memory, test_killed_at_random_moments);
  ADD_CASE(suite, "refusals", test_another_trainer_is_refused_by_what_differs,
           test_arrays_are_compared_to_the_end, test_rates_are_compared,
           test_populations_of_any_name_are_compared, test_shards_are_restored, test_bad_arguments,
           test_damaged_files, test_values_that_cannot_be, test_former_values_that_cannot_be,
           test_shapes_that_cannot_be, test_an_absent_number_is_its_default,
           test_failing_allocations);
  return suite;
}
