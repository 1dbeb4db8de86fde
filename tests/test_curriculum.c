/* Curricula: stages, staircases, refusals, and the history that a trainer keeps. */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "../lib/train/trainer.h"
#include "faults.h"
#include "networks.h"
#include "rules.h"

/* A trainer on a decision that is short, with no evaluation that is not asked for. */
typedef struct rig {
  nai_network *net;
  nai_task *task;
  nai_trainer *trainer;
} rig;

static rig make_rig(void)
{
  rig r;
  nai_rule *rule;
  nai_optimizer *adam;
  nai_cost *cost;
  r.net = COMPOSE(.dt = 20.0, .inputs = {{"stimulus", 3}},
                  .populations = {{"E", 16, NAI_EXCITATORY}, {"I", 4, NAI_INHIBITORY}},
                  .outputs = {{"choice", 3}},
                  .projections = {{"stimulus", "E I"}, {"E I", "E I"}, {"E", "choice"}});
  expect_ok(nai_network_build(r.net, 1));
  expect_ok(nai_task_create(&r.task, "perceptual-decision-making", r.net));
  expect_ok(nai_task_set(r.task, "fixation", 40));
  expect_ok(nai_task_set(r.task, "stimulus", 100));
  expect_ok(nai_rule_create_bptt(&rule));
  expect_ok(nai_optimizer_create_adam(&adam, 1e-2));
  expect_ok(nai_cost_create_cross_entropy(&cost, "choice"));
  expect_ok(nai_trainer_create(&r.trainer, r.net, rule, adam, r.task));
  expect_ok(nai_trainer_add_cost(r.trainer, cost, 1.0));
  expect_ok(nai_trainer_set(r.trainer, "batch", 8));
  expect_ok(nai_trainer_set(r.trainer, "evaluate_trials", 50));
  expect_ok(nai_trainer_set(r.trainer, "evaluate_every", 2));
  nai_rule_destroy(rule);
  nai_optimizer_destroy(adam);
  nai_cost_destroy(cost);
  return r;
}

static void destroy_rig(rig *r)
{
  nai_trainer_destroy(r->trainer);
  nai_task_destroy(r->task);
  nai_network_destroy(r->net);
}

static double value_of(const nai_task *task, const char *parameter)
{
  double value = NAN;
  int64_t n;
  expect_ok(nai_task_get_list(&value, 1, &n, task, parameter));
  return value;
}

static int64_t count_of(const nai_task *task, const char *parameter)
{
  int64_t n;
  expect_ok(nai_task_get_list(NULL, 0, &n, task, parameter));
  return n;
}

/* --- stages ----------------------------------------------------------------------------------- */

static int64_t begun[8];
static int n_begun;

static nai_status note_stage(int64_t stage, const char *name, void *user)
{
  if (strcmp(name, ((const char *const *)user)[stage]) != 0) return -100;
  begun[n_begun++] = stage;
  return NAI_OK;
}

/* Criterion 0 holds at every evaluation: so what happens when is known. */
START_TEST(test_stages_follow_each_other)
{
  rig r = make_rig();
  const char *const names[] = {"easy", "hard", "last"}, *name;
  const double coherences[] = {12.8, 25.6};
  nai_curriculum *c;
  expect_ok(nai_curriculum_create(&c));
  expect_ok(nai_curriculum_add_stage(c, "easy", 0, 1));
  expect_ok(nai_curriculum_add_stage(c, "hard", 0, 3));
  expect_ok(nai_curriculum_add_stage(c, "last", 0, 1));
  expect_ok(nai_curriculum_set(c, "easy", "coherence", (double[]){100}, 1));
  expect_ok(nai_curriculum_set(c, "hard", "coherence", coherences, 2));
  expect_ok(nai_curriculum_set(c, "last", "stimulus", (double[]){300}, 1));
  n_begun = 0;
  expect_ok(nai_curriculum_on_stage(c, note_stage, (void *)names));
  ck_assert_int_eq(nai_curriculum_stage_count(c), 3);
  name = nai_trainer_stage_name(r.trainer);
  ck_assert_int_eq(nai_trainer_stage(r.trainer), -1);
  ck_assert_ptr_null(name);
  expect_ok(nai_trainer_set_curriculum(r.trainer, c));
  nai_curriculum_destroy(c);
  name = nai_trainer_stage_name(r.trainer);
  ck_assert_int_eq(nai_trainer_stage(r.trainer), 0);
  ck_assert_str_eq(name, "easy");
  ck_assert_double_eq(value_of(r.task, "coherence"), 100);
  ck_assert_double_eq(value_of(r.task, "stimulus"), 100);

  expect_ok(nai_trainer_run(r.trainer, 2, NULL, NULL)); /* one evaluation: on to "hard" */
  ck_assert_int_eq(nai_trainer_stage(r.trainer), 1);
  double both[2] = {0};
  int64_t count;
  expect_ok(nai_task_get_list(both, 2, &count, r.task, "coherence"));
  EXPECT(count == 2 && both[0] == 12.8 && both[1] == 25.6);
  expect_ok(nai_trainer_run(r.trainer, 4, NULL, NULL)); /* two of the three that it takes */
  ck_assert_int_eq(nai_trainer_stage(r.trainer), 1);
  expect_ok(nai_trainer_run(r.trainer, 100, NULL, NULL)); /* ends when the last one is met */
  name = nai_trainer_stage_name(r.trainer);
  ck_assert_int_eq(nai_trainer_stage(r.trainer), 3);
  ck_assert_ptr_null(name);
  ck_assert_int_eq(nai_trainer_updates(r.trainer), 10);
  ck_assert_double_eq(value_of(r.task, "stimulus"), 300);
  ck_assert_int_eq(count_of(r.task, "coherence"), 2);
  ck_assert_int_eq(n_begun, 3);
  for (int i = 0; i < 3; i++) ck_assert_int_eq(begun[i], i);

  double history[10 * 5];
  int64_t rows, columns;
  expect_ok(nai_trainer_history(history, 50, &rows, &columns, r.trainer));
  ck_assert_int_eq(rows, 10);
  ck_assert_int_eq(columns, 5);
  const int stage_of[] = {0, 0, 1, 1, 1, 1, 1, 1, 2, 2};
  for (int i = 0; i < 10; i++) {
    ck_assert_double_eq(history[i * 5 + NAI_HISTORY_STAGE], stage_of[i]);
    ck_assert_int_eq(isnan(history[i * 5 + NAI_HISTORY_PERFORMANCE]), i % 2 == 0);
    ck_assert_double_eq(history[i * 5 + NAI_HISTORY_COST], history[i * 5 + NAI_HISTORY_COSTS]);
    ck_assert(history[i * 5 + NAI_HISTORY_GRADIENT_NORM] > 0);
  }
  destroy_rig(&r);
}
END_TEST

START_TEST(test_a_criterion_that_does_not_hold_keeps_the_stage)
{
  rig r = make_rig();
  nai_curriculum *c;
  expect_ok(nai_curriculum_create(&c));
  expect_ok(nai_curriculum_add_stage(c, "perfect", 1, 1));
  expect_ok(nai_trainer_set_curriculum(r.trainer, c));
  expect_ok(nai_trainer_run(r.trainer, 6, NULL, NULL));
  ck_assert_int_eq(nai_trainer_stage(r.trainer), 0);
  ck_assert_int_eq(nai_trainer_updates(r.trainer), 6);
  expect_ok(nai_trainer_set_curriculum(r.trainer, NULL));
  ck_assert_int_eq(nai_trainer_stage(r.trainer), -1);
  nai_curriculum_destroy(c);
  destroy_rig(&r);
}
END_TEST

/* --- staircases ------------------------------------------------------------------------------- */

static nai_staircase stairs(double start, double hardest, double harder_at, double easier_at)
{
  nai_staircase stair = NAI_STAIRCASE_INIT;
  stair.parameter = "coherence";
  stair.start = start;
  stair.hardest = hardest;
  stair.step = 30;
  stair.harder_at = harder_at;
  stair.easier_at = easier_at;
  return stair;
}

/* Always harder: 100, 70, 40, 25.6 and then the stage is met. */
START_TEST(test_a_staircase_descends_to_its_end)
{
  rig r = make_rig();
  nai_curriculum *c;
  expect_ok(nai_curriculum_create(&c));
  expect_ok(nai_curriculum_add_stage(c, "shape", 0, 1));
  nai_staircase stair = stairs(100, 25.6, 0, 0);
  expect_ok(nai_curriculum_add_staircase(c, "shape", &stair));
  expect_ok(nai_trainer_set_curriculum(r.trainer, c));
  const double expected[] = {100, 70, 40, 25.6, 25.6};
  for (int i = 0; i < 4; i++) {
    ck_assert_double_eq(value_of(r.task, "coherence"), expected[i]);
    ck_assert_int_eq(nai_trainer_stage(r.trainer), 0);
    expect_ok(nai_trainer_run(r.trainer, 2, NULL, NULL));
  }
  ck_assert_int_eq(nai_trainer_stage(r.trainer), 1);
  ck_assert_double_eq(value_of(r.task, "coherence"), 25.6);
  nai_curriculum_destroy(c);
  destroy_rig(&r);
}
END_TEST

/* Never good enough, as noise drowns the stimuli: it stays where it starts, which is the easiest. */
START_TEST(test_a_staircase_does_not_leave_its_range)
{
  rig r = make_rig();
  expect_ok(nai_task_set(r.task, "sigma", 1000));
  nai_curriculum *c;
  expect_ok(nai_curriculum_create(&c));
  expect_ok(nai_curriculum_add_stage(c, "shape", 0, 1));
  nai_staircase stair = stairs(50, 100, 1, 1);
  expect_ok(nai_curriculum_add_staircase(c, "shape", &stair));
  expect_ok(nai_trainer_set_curriculum(r.trainer, c));
  expect_ok(nai_trainer_run(r.trainer, 6, NULL, NULL));
  ck_assert_double_eq(value_of(r.task, "coherence"), 50);
  ck_assert_int_eq(nai_trainer_stage(r.trainer), 0);
  nai_curriculum_destroy(c);
  destroy_rig(&r);
}
END_TEST

/* One evaluation after the other: where the staircase is then, and whether the stage has ended: at `ends` alone. */
static void expect_climb(double criterion, nai_staircase stair, int n, const double *performance,
                         const double *expected, int ends)
{
  rig r = make_rig();
  nai_curriculum *c;
  int met;
  expect_ok(nai_curriculum_create(&c));
  expect_ok(nai_curriculum_add_stage(c, "shape", criterion, 1));
  expect_ok(nai_curriculum_add_staircase(c, "shape", &stair));
  expect_ok(nai_trainer_set_curriculum(r.trainer, c));
  for (int i = 0; i < n; i++) {
    expect_ok(nai__course_evaluated(&met, &r.trainer->course, r.task, performance[i]));
    EXPECT(value_of(r.task, "coherence") == expected[i] && met == (i == ends));
  }
  nai_curriculum_destroy(c);
  destroy_rig(&r);
}

/* Up, down, and where it is in between. */
START_TEST(test_a_staircase_follows_performance)
{
  const double performance[] = {0.8, 0.79, 0.9, 0.5, 0.49, 0.6, 0.1, 0.2},
               expected[] = {70, 70, 40, 40, 70, 70, 100, 100};
  expect_climb(1, stairs(100, 10, 0.8, 0.5), 8, performance, expected, -1);
}
END_TEST

/* Good enough for the stage, but not to stay at the hardest value: then the stage goes on. */
START_TEST(test_a_stage_does_not_end_as_it_becomes_easier)
{
  const double performance[] = {0.9, 0.9, 0.45, 0.9, 0.5}, expected[] = {70, 40, 70, 40, 40};
  expect_climb(0.4, stairs(100, 40, 0.8, 0.5), 5, performance, expected, 4);
}
END_TEST

/* --- refusals --------------------------------------------------------------------------------- */

START_TEST(test_bad_stages)
{
  nai_curriculum *c;
  const double one = 1;
  expect_fails(nai_curriculum_create(NULL), NAI_ERR_INVALID, "out");
  expect_ok(nai_curriculum_create(&c));
  expect_fails(nai_curriculum_add_stage(NULL, "a", 0.5, 1), NAI_ERR_INVALID, "curriculum");
  expect_fails(nai_curriculum_add_stage(c, NULL, 0.5, 1), NAI_ERR_INVALID, "name");
  expect_fails(nai_curriculum_add_stage(c, "", 0.5, 1), NAI_ERR_NAME, "name");
  expect_fails(nai_curriculum_add_stage(c, "a", -0.1, 1), NAI_ERR_INVALID, "criterion is -0.1");
  expect_fails(nai_curriculum_add_stage(c, "a", 1.1, 1), NAI_ERR_INVALID, "criterion is 1.1");
  expect_fails(nai_curriculum_add_stage(c, "a", NAN, 1), NAI_ERR_INVALID, "criterion");
  expect_fails(nai_curriculum_add_stage(c, "a", 0.5, 0), NAI_ERR_INVALID, "evaluations is 0");
  ck_assert_int_eq(nai_curriculum_stage_count(c), 0);
  expect_ok(nai_curriculum_add_stage(c, "a", 0.5, 1));
  expect_fails(nai_curriculum_add_stage(c, "a", 0.5, 1), NAI_ERR_NAME, "'a'");
  expect_fails(nai_curriculum_set(c, "b", "coherence", &one, 1), NAI_ERR_NAME,
               "the curriculum has no stage 'b'; it has ");
  expect_fails(nai_curriculum_set(c, NULL, "coherence", &one, 1), NAI_ERR_INVALID, "stage");
  expect_fails(nai_curriculum_set(c, "a", NULL, &one, 1), NAI_ERR_INVALID, "parameter");
  expect_fails(nai_curriculum_set(c, "a", "coherence", NULL, 1), NAI_ERR_INVALID, "values");
  expect_fails(nai_curriculum_set(c, "a", "coherence", &one, 0), NAI_ERR_INVALID, "n is 0");
  nai_staircase stair = stairs(50, 50, 0.8, 0.6);
  expect_fails(nai_curriculum_add_staircase(c, "a", &stair), NAI_ERR_INVALID, "differ");
  stair = stairs(50, NAN, 0.8, 0.6);
  expect_fails(nai_curriculum_add_staircase(c, "a", &stair), NAI_ERR_INVALID, "finite");
  stair = stairs(50, 10, 0.5, 0.6);
  expect_fails(nai_curriculum_add_staircase(c, "a", &stair), NAI_ERR_INVALID, "easier_at");
  stair = stairs(50, 10, 1.5, 0.6);
  expect_fails(nai_curriculum_add_staircase(c, "a", &stair), NAI_ERR_INVALID, "harder_at is 1.5");
  stair = stairs(50, 10, 0.8, 0.6);
  expect_fails(nai_curriculum_add_staircase(NULL, "a", &stair), NAI_ERR_INVALID, "curriculum");
  expect_fails(nai_curriculum_add_staircase(c, "b", &stair), NAI_ERR_NAME, "'b'");
  stair.parameter = NULL;
  expect_fails(nai_curriculum_add_staircase(c, "a", &stair), NAI_ERR_INVALID, "parameter");
  stair = stairs(INFINITY, 10, 0.8, 0.6);
  expect_fails(nai_curriculum_add_staircase(c, "a", &stair), NAI_ERR_INVALID, "start is inf");
  stair = stairs(50, 10, 0.8, -0.1);
  expect_fails(nai_curriculum_add_staircase(c, "a", &stair), NAI_ERR_INVALID, "easier_at is -0.1");
  stair = stairs(50, 10, 0.8, 0.6);
  stair.step = INFINITY;
  expect_fails(nai_curriculum_add_staircase(c, "a", &stair), NAI_ERR_INVALID, "step is inf");
  expect_fails(nai_curriculum_set(NULL, "a", "coherence", &one, 1), NAI_ERR_INVALID, "curriculum");
  expect_fails(nai_curriculum_set(c, "a", "coherence", &one, 4097), NAI_ERR_INVALID, "n is 4097");
  stair.step = 0;
  expect_fails(nai_curriculum_add_staircase(c, "a", &stair), NAI_ERR_INVALID, "step is 0");
  stair.struct_size = 3;
  expect_fails(nai_curriculum_add_staircase(c, "a", &stair), NAI_ERR_INVALID, "struct_size");
  expect_fails(nai_curriculum_add_staircase(c, "a", NULL), NAI_ERR_INVALID, "NULL");
  expect_fails(nai_curriculum_on_stage(NULL, note_stage, NULL), NAI_ERR_INVALID, "curriculum");
  ck_assert_int_eq(nai_curriculum_stage_count(NULL), -1);
  nai_curriculum_destroy(c);
  nai_curriculum_destroy(NULL);
}
END_TEST

/* On its way to 0 this one would come to 10 ms, which has no step: refused before anything moves. */
START_TEST(test_staircases_through_durations_without_a_step_are_refused)
{
  enum { CASES = 3 };
  static const struct {
    double start, hardest, step;
    int taken;
  } of[CASES] = {{100, 0, 30, 0}, {0, 100, 10, 0}, {100, 0, 25, 1}};
  for (int k = 0; k < CASES; k++) {
    rig r = make_rig();
    nai_curriculum *c;
    nai_staircase stair = NAI_STAIRCASE_INIT;
    stair.parameter = "delay";
    stair.start = of[k].start;
    stair.hardest = of[k].hardest;
    stair.step = of[k].step;
    stair.harder_at = stair.easier_at = 0.5;
    expect_ok(nai_curriculum_create(&c));
    expect_ok(nai_curriculum_add_stage(c, "wait", 0.5, 1));
    expect_ok(nai_curriculum_add_staircase(c, "wait", &stair));
    nai_status status = nai_trainer_set_curriculum(r.trainer, c);
    if (of[k].taken)
      expect_ok(status);
    else
      expect_fails(status, NAI_ERR_INVALID, "stage 'wait': delay is 10 ms and has no step");
    EXPECT(value_of(r.task, "delay") == (of[k].taken ? 100 : 0));
    destroy_rig(&r);
    nai_curriculum_destroy(c);
  }
}
END_TEST

static nai_curriculum *with(const char *stage, const char *parameter, double value)
{
  nai_curriculum *c;
  expect_ok(nai_curriculum_create(&c));
  expect_ok(nai_curriculum_add_stage(c, "first", 0, 1));
  expect_ok(nai_curriculum_add_stage(c, "second", 0, 1));
  expect_ok(nai_curriculum_set(c, "first", "stimulus", (double[]){500}, 1));
  expect_ok(nai_curriculum_set(c, stage, parameter, &value, 1));
  return c;
}

/* What a later stage cannot do is known before the first one starts, and nothing has changed. */
START_TEST(test_attaching_tries_all_stages)
{
  rig r = make_rig();
  nai_curriculum *unknown = with("second", "colour", 1), *bad = with("second", "coherence", 101),
                 *empty;
  expect_fails(nai_trainer_set_curriculum(r.trainer, unknown), NAI_ERR_NAME,
               "stage 'second': perceptual-decision-making has no parameter 'colour'");
  expect_fails(nai_trainer_set_curriculum(r.trainer, bad), NAI_ERR_INVALID, "stage 'second': ");
  expect_ok(nai_curriculum_create(&empty));
  expect_fails(nai_trainer_set_curriculum(r.trainer, empty), NAI_ERR_INVALID, "no stage");
  nai_curriculum *steep = with("second", "coherence", 100);
  nai_staircase stair = stairs(101, 10, 0.8, 0.5);
  expect_ok(nai_curriculum_add_staircase(steep, "first", &stair));
  expect_fails(nai_trainer_set_curriculum(r.trainer, steep), NAI_ERR_INVALID,
               "stage 'first': coherence is 101");
  nai_curriculum_destroy(steep);
  expect_fails(nai_trainer_set_curriculum(NULL, empty), NAI_ERR_INVALID, "trainer");
  ck_assert_int_eq(nai_trainer_stage(r.trainer), -1);
  ck_assert_double_eq(value_of(r.task, "stimulus"), 100);
  ck_assert_int_eq(count_of(r.task, "coherence"), 5);

  nai_curriculum *good = with("second", "coherence", 100);
  expect_ok(nai_trainer_set_curriculum(r.trainer, good));
  ck_assert_double_eq(value_of(r.task, "stimulus"), 500);
  ck_assert_int_eq(count_of(r.task, "coherence"), 5);
  expect_fails(nai_curriculum_add_stage(good, "third", 0, 1), NAI_ERR_ORDER, "fixed");
  nai_curriculum_destroy(unknown);
  nai_curriculum_destroy(bad);
  nai_curriculum_destroy(empty);
  nai_curriculum_destroy(good);
  destroy_rig(&r);
}
END_TEST

static nai_status fail_stage(int64_t stage, const char *name, void *user)
{
  (void)name;
  (void)user;
  return stage == 1 ? -123 : NAI_OK;
}

START_TEST(test_a_failing_callback_ends_the_run)
{
  rig r = make_rig();
  nai_curriculum *c = with("second", "coherence", 100);
  expect_ok(nai_curriculum_on_stage(c, fail_stage, NULL));
  expect_ok(nai_trainer_set_curriculum(r.trainer, c));
  ck_assert_int_eq(nai_trainer_run(r.trainer, 10, NULL, NULL), -123);
  ck_assert_int_eq(nai_trainer_updates(r.trainer), 2);
  nai_curriculum_destroy(c);
  destroy_rig(&r);
}
END_TEST

/* Of the first stage it is called at once: then nothing is attached, and the task is as it was. */
static nai_status fail_at_once(int64_t stage, const char *name, void *user)
{
  (void)stage;
  (void)name;
  (void)user;
  return -123;
}

START_TEST(test_a_callback_that_fails_at_once)
{
  rig r = make_rig();
  nai_curriculum *c = with("second", "coherence", 100);
  expect_ok(nai_curriculum_on_stage(c, fail_at_once, NULL));
  expect_fails(nai_curriculum_set(c, "first", NULL, NULL, 0), NAI_ERR_INVALID, "parameter");
  expect_fails(nai_trainer_set_curriculum(r.trainer, c), -123, "stage first failed with");
  ck_assert_int_eq(nai_trainer_stage(r.trainer), -1);
  ck_assert_double_eq(value_of(r.task, "stimulus"), 100);
  ck_assert_int_eq(count_of(r.task, "coherence"), 5);
  expect_ok(nai_curriculum_on_stage(c, NULL, NULL)); /* nobody uses it */
  expect_ok(nai_trainer_set_curriculum(r.trainer, c));
  ck_assert_double_eq(value_of(r.task, "stimulus"), 500);
  nai_curriculum_destroy(c);
  destroy_rig(&r);
}
END_TEST

static nai_status fail_twice(int64_t stage, const char *name, void *user)
{
  (void)name;
  return stage == 1 && (*(int *)user)-- > 0 ? -123 : NAI_OK;
}

static void expect_stages_without_memory(int64_t n)
{
  rig r = make_rig();
  double coherences[40];
  int met, left = 2;
  for (int k = 0; k < 40; k++) coherences[k] = k + 1;
  nai_curriculum *c = with("second", "fixation", 60);
  expect_ok(nai_curriculum_set(c, "second", "coherence", coherences, n));
  expect_ok(nai_curriculum_on_stage(c, fail_twice, &left));
  expect_ok(nai_trainer_set_curriculum(r.trainer, c));
  for (int k = 0; k < 4; k++) {
    faults_fail_allocation(0);
    nai_status status = nai__course_evaluated(&met, &r.trainer->course, r.task, 1);
    faults_fail_allocation(-1);
    ck_assert_int_eq(status, k < 2 ? -123 : NAI_OK);
    ck_assert_int_eq(met, k == 3);
    ck_assert_int_eq(count_of(r.task, "coherence"), k < 2 ? 5 : n);
  }
  nai_curriculum_destroy(c);
  destroy_rig(&r);
}

/*
 * Also after a callback that failed: room for all that stages set, and put back, was taken when they were attached.
 * They set more values than the task has, and fewer.
 */
START_TEST(test_stages_begin_without_memory)
{
  expect_stages_without_memory(40);
  expect_stages_without_memory(1);
}
END_TEST

/* What a call could not take has left nothing behind: the same curriculum, once there is memory. */
START_TEST(test_composing_without_memory)
{
  const double values[] = {60, 120};
  nai_staircase stair = stairs(100, 10, 0.8, 0.5);
  nai_curriculum *c = NULL;
  int refused = 0;
  for (int call = 0; call < 7; call++) /* the second of each keeps the first */
    for (long good = 0;; good++) {
      faults_fail_allocation(good);
      nai_status status =
          call == 0       ? nai_curriculum_create(&c)
          : call % 3 == 1 ? nai_curriculum_add_stage(c, call < 4 ? "a" : "b", 0.5, 1)
          : call % 3 == 2 ? nai_curriculum_set(c, call < 4 ? "a" : "b", "stimulus", values, 2)
                          : nai_curriculum_add_staircase(c, call < 4 ? "a" : "b", &stair);
      faults_fail_allocation(-1);
      if (status == NAI_OK) break;
      expect_fails(status, NAI_ERR_MEMORY, "memory");
      refused++;
    }
  ck_assert_int_eq(refused, 1 + 2 * (1 + 3 + 2));
  ck_assert_int_eq(nai_curriculum_stage_count(c), 2);
  rig r = make_rig();
  expect_ok(nai_trainer_set_curriculum(r.trainer, c));
  ck_assert_int_eq(count_of(r.task, "stimulus"), 2);
  ck_assert_double_eq(value_of(r.task, "coherence"), 100);
  nai_curriculum_destroy(c);
  destroy_rig(&r);
}
END_TEST

START_TEST(test_failing_allocations)
{
  rig r = make_rig();
  long good = 0;
  for (nai_status status = NAI_ERR_MEMORY; status != NAI_OK; good++) {
    nai_curriculum *c = with("second", "coherence", 100);
    nai_staircase stair = stairs(100, 10, 0.8, 0.5);
    expect_ok(nai_curriculum_add_staircase(c, "second", &stair));
    faults_fail_allocation(good);
    status = nai_trainer_set_curriculum(r.trainer, c);
    faults_fail_allocation(-1);
    if (status != NAI_OK) {
      ck_assert_int_eq(status, NAI_ERR_MEMORY);
      ck_assert_int_eq(nai_trainer_stage(r.trainer), -1);
    }
    nai_curriculum_destroy(c);
  }
  ck_assert_int_gt(good, 3);
  expect_ok(nai_trainer_run(r.trainer, 4, NULL, NULL));
  destroy_rig(&r);
}
END_TEST

/* --- what fails later ------------------------------------------------------------------------- */

/* The file that a trainer of these tests was saved to; the folder goes with it. */
static char path[300];

static void save(const nai_trainer *trainer)
{
  checks_folder(path);
  strcat(path, "/stages.safetensors");
  expect_ok(nai_trainer_save((nai_trainer *)trainer, path));
}

static void remove_saved(void)
{
  unlink(path);
  *strrchr(path, '/') = 0;
  rmdir(path);
}

/* Intervals that get shorter, then shorter still: where they start from, all stages can be met. */
static rig make_interval_rig(void)
{
  rig r = {.net = compose_ei_of(20, 3, 8, 4, 2)};
  nai_optimizer *sgd = plain_descent(1e-4);
  nai_rule *rule = bptt_rule();
  nai_cost *cost;
  nai_curriculum *c;
  expect_ok(nai_network_build(r.net, 1));
  expect_ok(nai_task_create(&r.task, "ready-set-go", r.net));
  expect_ok(nai_trainer_create(&r.trainer, r.net, rule, sgd, r.task));
  nai_rule_destroy(rule);
  nai_optimizer_destroy(sgd);
  attach_cost(r.trainer, nai_cost_create_cross_entropy(&cost, "choice"), &cost, 1);
  expect_ok(nai_trainer_set(r.trainer, "batch", 2));
  expect_ok(nai_trainer_set(r.trainer, "evaluate_trials", 2));
  expect_ok(nai_trainer_set(r.trainer, "evaluate_every", 1));
  nai_staircase stair = stairs(1, 0.2, 0, 0);
  stair.parameter = "gain";
  stair.step = 0.4;
  expect_ok(nai_curriculum_create(&c));
  expect_ok(nai_curriculum_add_stage(c, "short", 0, 1));
  expect_ok(nai_curriculum_add_stage(c, "shorter", 0, 1));
  expect_ok(nai_curriculum_add_stage(c, "last", 0, 1));
  expect_ok(nai_curriculum_add_staircase(c, "short", &stair));
  expect_ok(nai_curriculum_set(c, "shorter", "gain", (double[]){0.05}, 1));
  expect_ok(nai_curriculum_set(c, "last", "interval_max", (double[]){1500}, 1));
  expect_ok(nai_trainer_set_curriculum(r.trainer, c));
  nai_curriculum_destroy(c);
  return r;
}

static void expect_at(const rig *r, int64_t stage, double gain)
{
  ck_assert_int_eq(nai_trainer_stage(r->trainer), stage);
  ck_assert_double_eq(value_of(r->task, "gain"), gain);
}

/* What is set meanwhile, so that the next value has no step: the run ends, and all stays there. */
START_TEST(test_a_stage_that_cannot_go_on)
{
  rig r = make_interval_rig();
  expect_ok(nai_task_set(r.task, "interval_max", 20)); /* one step */
  expect_fails(nai_trainer_run(r.trainer, 5, NULL, NULL), NAI_ERR_INVALID,
               "stage 'short': gain is 0.6: 0.6 times the shortest interval has no step");
  ck_assert_int_eq(nai_trainer_updates(r.trainer), 1);
  expect_at(&r, 0, 1);
  expect_ok(nai_task_set(r.task, "interval_max", 1500));
  expect_ok(nai_trainer_run(r.trainer, 2, NULL, NULL));
  expect_at(&r, 0, 0.2);
  expect_ok(nai_task_set(r.task, "interval_max", 100)); /* five steps, of which one is left */
  expect_fails(nai_trainer_run(r.trainer, 5, NULL, NULL), NAI_ERR_INVALID,
               "stage 'shorter': gain is 0.05");
  ck_assert_int_eq(nai_trainer_updates(r.trainer), 4);
  expect_at(&r, 0, 0.2);
  expect_ok(nai_task_set(r.task, "interval_max", 1500));
  expect_ok(nai_trainer_run(r.trainer, 1, NULL, NULL));
  expect_at(&r, 1, 0.05);
  destroy_rig(&r);
}
END_TEST

/* The same for a checkpoint's stage and value. */
START_TEST(test_a_stage_that_cannot_be_resumed)
{
  rig r = make_interval_rig(), other = make_interval_rig();
  expect_ok(nai_trainer_run(r.trainer, 1, NULL, NULL));
  save(r.trainer);
  expect_ok(nai_task_set(other.task, "interval_max", 20));
  expect_fails(nai_trainer_restore(other.trainer, path), NAI_ERR_INVALID,
               "stage 'short': gain is 0.6");
  expect_at(&other, 0, 1);
  remove_saved();
  expect_ok(nai_trainer_run(r.trainer, 2, NULL, NULL));
  expect_at(&r, 1, 0.05);
  save(r.trainer);
  expect_ok(nai_task_set(other.task, "interval_max", 100));
  expect_fails(nai_trainer_restore(other.trainer, path), NAI_ERR_INVALID,
               "stage 'shorter': gain is 0.05");
  expect_at(&other, 0, 1);
  ck_assert_int_eq(nai_trainer_updates(other.trainer), 0);
  expect_ok(nai_task_set(other.task, "interval_max", 1500));
  expect_ok(nai_trainer_restore(other.trainer, path));
  expect_at(&other, 1, 0.05);
  remove_saved();
  destroy_rig(&r);
  destroy_rig(&other);
}
END_TEST

/* All stages met: no stage begins, in runs that go on or in trainers that go on from a file. */
START_TEST(test_after_the_last_stage)
{
  const char *const names[] = {"first", "second"};
  rig r = make_rig(), other = make_rig();
  nai_curriculum *c = with("second", "coherence", 100), *same = with("second", "coherence", 100);
  expect_ok(nai_trainer_set_curriculum(r.trainer, c));
  expect_ok(nai_trainer_run(r.trainer, 100, NULL, NULL));
  ck_assert_int_eq(nai_trainer_updates(r.trainer), 4);
  expect_ok(nai_trainer_run(r.trainer, 4, NULL, NULL)); /* with two evaluations */
  ck_assert_int_eq(nai_trainer_updates(r.trainer), 8);
  ck_assert_int_eq(nai_trainer_stage(r.trainer), 2);
  save(r.trainer);
  n_begun = 0;
  expect_ok(nai_curriculum_on_stage(same, note_stage, (void *)names));
  expect_ok(nai_trainer_set_curriculum(other.trainer, same));
  ck_assert_int_eq(n_begun, 1);
  expect_ok(nai_trainer_restore(other.trainer, path));
  ck_assert_int_eq(n_begun, 1);
  ck_assert_int_eq(nai_trainer_stage(other.trainer), 2);
  ck_assert_double_eq(value_of(other.task, "coherence"), 100);
  ck_assert_double_eq(value_of(other.task, "stimulus"), 500);
  remove_saved();
  nai_curriculum_destroy(c);
  nai_curriculum_destroy(same);
  destroy_rig(&r);
  destroy_rig(&other);
}
END_TEST

/* Since the first stage began, a longer list was set than any that room was made for. */
static rig make_hungry_rig(void)
{
  rig r = make_rig();
  double many[40];
  nai_curriculum *c = with("second", "fixation", 60);
  expect_ok(nai_curriculum_set(c, "second", "stimulus", (double[]){100, 200}, 2));
  expect_ok(nai_trainer_set_curriculum(r.trainer, c));
  nai_curriculum_destroy(c);
  for (int i = 0; i < 40; i++) many[i] = i;
  expect_ok(nai_task_set_list(r.task, "coherence", many, 40));
  return r;
}

static void expect_first_stage(const rig *r)
{
  ck_assert_int_eq(nai_trainer_stage(r->trainer), 0);
  ck_assert_int_eq(count_of(r->task, "coherence"), 40);
  ck_assert_double_eq(value_of(r->task, "fixation"), 40);
  ck_assert_double_eq(value_of(r->task, "stimulus"), 500);
}

static void expect_second_stage(const rig *r)
{
  ck_assert_int_eq(nai_trainer_stage(r->trainer), 1);
  ck_assert_double_eq(value_of(r->task, "fixation"), 60);
  ck_assert_int_eq(count_of(r->task, "stimulus"), 2);
}

/* Each allocation of a run into the second stage, and of a restoration there, fails in turn. */
START_TEST(test_going_on_without_memory)
{
  rig saved = make_hungry_rig();
  expect_ok(nai_trainer_run(saved.trainer, 2, NULL, NULL));
  save(saved.trainer);
  for (int from_file = 0; from_file < 2; from_file++) {
    int late = 0;
    for (long good = 0;; good++) {
      rig r = make_hungry_rig();
      faults_fail_allocation(good);
      nai_status status = from_file ? nai_trainer_restore(r.trainer, path)
                                    : nai_trainer_run(r.trainer, 2, NULL, NULL);
      faults_fail_allocation(-1);
      if (status == NAI_OK) {
        expect_second_stage(&r);
        destroy_rig(&r);
        break;
      }
      ck_assert_int_eq(status, NAI_ERR_MEMORY);
      expect_first_stage(&r);
      late += nai_trainer_updates(r.trainer) == 2; /* as the stage ended */
      expect_ok(from_file ? nai_trainer_restore(r.trainer, path)
                          : nai_trainer_run(r.trainer, late ? 1 : 2, NULL, NULL));
      expect_second_stage(&r);
      destroy_rig(&r);
    }
    if (!from_file) ck_assert_int_gt(late, 0);
  }
  remove_saved();
  destroy_rig(&saved);
}
END_TEST

/* --- history ---------------------------------------------------------------------------------- */

START_TEST(test_history)
{
  rig r = make_rig();
  int64_t rows, columns;
  double values[12];
  nai_cost *rates;
  expect_ok(nai_trainer_history(NULL, 0, &rows, &columns, r.trainer));
  ck_assert_int_eq(rows, 0);
  ck_assert_int_eq(columns, 5);
  expect_ok(nai_trainer_step(NULL, r.trainer, NULL));
  expect_ok(nai_cost_create_l2_rates(&rates, "E I"));
  expect_ok(nai_trainer_add_cost(r.trainer, rates, 1e-3)); /* a column more; unknown before */
  nai_cost_destroy(rates);
  nai_progress now = NAI_PROGRESS_INIT;
  expect_ok(nai_trainer_step(&now, r.trainer, NULL));
  values[11] = -7;
  expect_ok(nai_trainer_history(values, 11, &rows, &columns, r.trainer)); /* room for one row */
  ck_assert_int_eq(rows, 2);
  ck_assert_int_eq(columns, 6);
  ck_assert(isnan(values[NAI_HISTORY_COSTS + 1]));
  expect_ok(nai_trainer_history(values, 12, &rows, &columns, r.trainer));
  ck_assert_double_eq(values[6 + NAI_HISTORY_COST], now.cost);
  ck_assert_double_eq(values[6 + NAI_HISTORY_GRADIENT_NORM], now.gradient_norm);
  ck_assert_double_eq(values[6 + NAI_HISTORY_STAGE], -1);
  ck_assert_double_eq(values[6 + NAI_HISTORY_COSTS], now.costs[0]);
  ck_assert_double_eq(values[6 + NAI_HISTORY_COSTS + 1], now.costs[1]);
  expect_fails(nai_trainer_history(values, -1, &rows, &columns, r.trainer), NAI_ERR_INVALID,
               "capacity is -1");
  expect_fails(nai_trainer_history(NULL, 1, &rows, &columns, r.trainer), NAI_ERR_INVALID, "values");
  expect_fails(nai_trainer_history(values, 1, NULL, &columns, r.trainer), NAI_ERR_INVALID, "rows");
  expect_fails(nai_trainer_history(values, 1, &rows, NULL, r.trainer), NAI_ERR_INVALID, "columns");
  expect_fails(nai_trainer_history(values, 1, &rows, &columns, NULL), NAI_ERR_INVALID, "trainer");
  destroy_rig(&r);
}
END_TEST

Suite *curriculum_suite(void)
{
  Suite *suite = suite_create("curriculum");
  ADD_CASE(suite, "stages", test_stages_follow_each_other,
           test_a_criterion_that_does_not_hold_keeps_the_stage);
  ADD_CASE(suite, "staircases", test_a_staircase_descends_to_its_end,
           test_a_staircase_does_not_leave_its_range, test_a_staircase_follows_performance,
           test_a_stage_does_not_end_as_it_becomes_easier,
           test_staircases_through_durations_without_a_step_are_refused);
  ADD_CASE(suite, "refusals", test_bad_stages, test_attaching_tries_all_stages,
           test_a_failing_callback_ends_the_run, test_a_callback_that_fails_at_once,
           test_stages_begin_without_memory, test_composing_without_memory,
           test_failing_allocations);
  ADD_CASE(suite, "later", test_a_stage_that_cannot_go_on, test_a_stage_that_cannot_be_resumed,
           test_after_the_last_stage, test_going_on_without_memory);
  ADD_CASE(suite, "history", test_history);
  return suite;
}
