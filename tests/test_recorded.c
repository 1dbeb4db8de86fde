/* Given trials as a task: what its streams hold, how passes are ordered, what is refused. */
#include <neuroai/evaluation.h>
#include <string.h>

#include "../lib/task/trials.h"
#include "checks.h"
#include "faults.h"
#include "networks.h"
#include "rules.h"
#include "tasks.h"

/* Trial b has its number as first input, and lengths, masks and a condition of its own. */
static nai_trials *numbered(const nai_network *net, int64_t n)
{
  nai_trials *trials = any_trials_for_everything(net, n, 3);
  float value[64];
  ck_assert(n <= 64);
  for (int64_t t = 0; t < trials->steps; t++)
    for (int64_t b = 0; b < n; b++)
      trials->input[(t * n + b) * trials->n_inputs] = (float)(100 * t + b);
  for (int64_t b = 0; b < n; b++) value[b] = (float)b;
  expect_ok(nai_trials_set_condition(trials, "number", value));
  return trials;
}

static nai_task *task_of(const nai_trials *trials, const nai_trials *test, const nai_network *net)
{
  nai_task *task;
  expect_ok(nai_task_create_from_trials(&task, trials, test, net));
  return task;
}

static int64_t number_at(const nai_trials *trials, int64_t b)
{
  return (int64_t)condition_of(trials, "number", b);
}

/* All arrays of trial b are those of trial `from` of the given ones. */
static void expect_same(const nai_trials *trials, int64_t b, const nai_trials *given, int64_t from)
{
  ck_assert_int_eq(trials->length[b], given->length[from]);
  for (int64_t t = 0; t < trials->steps; t++) {
    int64_t at = t * trials->trials + b, source = t * given->trials + from;
    EXPECT(memcmp(trials->input + at * trials->n_inputs, given->input + source * trials->n_inputs,
                  (size_t)trials->n_inputs * sizeof(float)) == 0);
    for (int64_t i = 0; i < trials->n_goals; i++) {
      const nai__goal *goal = &trials->goal[i], *other = &given->goal[i];
      ck_assert_int_eq(goal->mask_columns, other->mask_columns);
      EXPECT(memcmp(goal->mask + at * goal->mask_columns, other->mask + source * goal->mask_columns,
                    (size_t)goal->mask_columns * sizeof(float)) == 0);
      EXPECT(!goal->target == !other->target && !goal->classes == !other->classes);
      if (goal->target)
        EXPECT(memcmp(goal->target + at * goal->n, other->target + source * goal->n,
                      (size_t)goal->n * sizeof(float)) == 0);
      if (goal->classes) ck_assert_int_eq(goal->classes[at], other->classes[source]);
    }
  }
}

START_TEST(the_test_stream_has_them_in_order)
{
  nai_network *net = build_everything(NAI_TRANSFER_RELU, NULL);
  nai_trials *given = numbered(net, 13), *found;
  expect_ok(nai_trials_set_first(given, 40));
  nai_task *task = task_of(given, NULL, net);
  expect_ok(nai_task_generate(&found, task, 5, NAI_STREAM_TEST, 4, 20));
  ck_assert_int_eq(nai_trials_first(found), 44);
  for (int64_t b = 0; b < 20; b++) {
    ck_assert_int_eq(number_at(found, b), (4 + b) % 13);
    expect_same(found, b, given, (4 + b) % 13);
  }
  nai_trials_destroy(found);
  nai_trials_destroy(given); /* the task has a copy */
  expect_ok(nai_task_generate(&found, task, 5, NAI_STREAM_TEST, 0, 1));
  ck_assert_int_eq(number_at(found, 0), 0);
  nai_trials_destroy(found);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

START_TEST(each_pass_has_all_of_them_in_its_own_order)
{
  enum { N = 7, PASSES = 200 };
  nai_network *net = build_everything(NAI_TRANSFER_RELU, NULL);
  nai_trials *given = numbered(net, N), *found;
  nai_task *task = task_of(given, NULL, net);
  int at[N][N] = {{0}}, same = 0, before[N] = {0};
  for (int64_t pass = 0; pass < PASSES; pass++) {
    int seen[N] = {0}, equal = 1;
    expect_ok(nai_task_generate(&found, task, 5, NAI_STREAM_TRAIN, (uint64_t)(pass * N), N));
    for (int64_t b = 0; b < N; b++) {
      int64_t number = number_at(found, b);
      expect_same(found, b, given, number);
      seen[number]++;
      at[b][number]++;
      equal &= before[b] == number;
      before[b] = (int)number;
    }
    for (int64_t k = 0; k < N; k++) ck_assert_int_eq(seen[k], 1);
    same += equal;
    ck_assert(nai_trials_first(found) == (UINT64_C(1) << 54) + (uint64_t)(pass * N));
    nai_trials_destroy(found);
  }
  ck_assert_int_le(same, 2);      /* of 5040 orders */
  for (int64_t b = 0; b < N; b++) /* each trial is as often at each place */
    for (int64_t k = 0; k < N; k++) expect_share(at[b][k], PASSES, 1.0 / N);
  nai_task_destroy(task);
  nai_trials_destroy(given);
  nai_network_destroy(net);
}
END_TEST

START_TEST(batches_may_be_cut_anywhere)
{
  nai_network *net = build_everything(NAI_TRANSFER_RELU, NULL);
  nai_trials *given = numbered(net, 11), *whole, *part;
  nai_task *task = task_of(given, NULL, net);
  expect_ok(nai_task_generate(&whole, task, 9, NAI_STREAM_TRAIN, 0, 60));
  const int64_t sizes[] = {1, 3, 11, 12, 25};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    for (int64_t first = 0; first + sizes[i] <= 60; first += sizes[i]) {
      expect_ok(nai_task_generate(&part, task, 9, NAI_STREAM_TRAIN, (uint64_t)first, sizes[i]));
      for (int64_t b = 0; b < sizes[i]; b++)
        ck_assert_int_eq(number_at(part, b), number_at(whole, first + b));
      nai_trials_destroy(part);
    }
  expect_ok(nai_task_generate(&part, task, 10, NAI_STREAM_TRAIN, 0, 60));
  int differ = 0;
  for (int64_t b = 0; b < 60; b++) differ += number_at(part, b) != number_at(whole, b);
  ck_assert_int_gt(differ, 20);
  nai_trials_destroy(part);
  nai_trials_destroy(whole);
  nai_task_destroy(task);
  nai_trials_destroy(given);
  nai_network_destroy(net);
}
END_TEST

START_TEST(test_trials_of_their_own)
{
  nai_network *net = build_everything(NAI_TRANSFER_RELU, NULL);
  nai_trials *train = numbered(net, 6), *test = numbered(net, 9), *found;
  float more[9] = {0};
  expect_ok(nai_trials_set_condition(test, "only_here", more));
  nai_task *task = task_of(train, test, net);
  expect_ok(nai_task_generate(&found, task, 5, NAI_STREAM_TEST, 0, 9));
  for (int64_t b = 0; b < 9; b++) expect_same(found, b, test, b);
  ck_assert_str_eq(nai_trials_condition_name(found, 0), "number");
  ck_assert_ptr_null(nai_trials_condition_name(found, 1));
  nai_trials_destroy(found);
  expect_ok(nai_task_generate(&found, task, 5, NAI_STREAM_TRAIN, 0, 6));
  for (int64_t b = 0; b < 6; b++) expect_same(found, b, train, number_at(found, b));
  nai_trials_destroy(found);
  nai_task_destroy(task);
  nai_trials_destroy(test);
  nai_trials_destroy(train);
  nai_network_destroy(net);
}
END_TEST

/* Each of them once, however many an evaluation may have. */
START_TEST(an_evaluation_has_them_once)
{
  enum { CASES = 3 };
  static const int64_t most[CASES] = {3, 5, 100};
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_trials *train = numbered(net, 13), *test = numbered(net, 5);
  nai_task *task = task_of(train, test, net);
  for (int k = 0; k < CASES; k++) {
    nai_rule *rule = bptt_rule();
    nai_optimizer *sgd = plain_descent(1e-3);
    nai_trainer *trainer;
    nai_cost *cost;
    nai_view view = NAI_VIEW_INIT;
    expect_ok(nai_trainer_create(&trainer, net, rule, sgd, task));
    attach_cost(trainer, nai_cost_create_mse(&cost, "real"), &cost, 1);
    expect_ok(nai_trainer_set(trainer, "batch", 16));
    expect_ok(nai_trainer_set(trainer, "evaluate_trials", (double)most[k]));
    expect_ok(nai_trainer_run(trainer, 1, NULL, NULL));
    expect_ok(nai_trainer_activity(&view, trainer, "E"));
    ck_assert_int_eq(view.shape[1], most[k] < 5 ? most[k] : 5);
    nai_trainer_destroy(trainer);
    nai_rule_destroy(rule);
    nai_optimizer_destroy(sgd);
  }
  nai_task_destroy(task);
  nai_trials_destroy(test);
  nai_trials_destroy(train);
  nai_network_destroy(net);
}
END_TEST

/* --- judged by another task ------------------------------------------------------------------- */

static nai_status nothing_to_draw(void *user, nai_trial_batch *batch)
{
  (void)user;
  (void)batch;
  return NAI_ERR_UNSUPPORTED;
}

/* Correct where the last output is above what a condition says. */
static nai_status above_bound(void *user, nai_judgement *j)
{
  (void)user;
  j->correct = j->output[(j->steps - 1) * j->stride] > j->condition[0];
  return NAI_OK;
}

static nai_task *judge_for(const nai_network *net)
{
  static const char *const condition = "bound";
  const nai_task_ops ops = {.struct_size = sizeof ops,
                            .name = "bounded",
                            .n_inputs = net->n_inputs,
                            .n_outputs = net->n_outputs,
                            .max_steps = 1,
                            .n_conditions = 1,
                            .condition_names = &condition,
                            .generate = nothing_to_draw,
                            .judge = above_bound};
  nai_task *judge;
  expect_ok(nai_task_create_own(&judge, &ops, net, NULL));
  return judge;
}

/* Numbers 0, 3, 6 ... miss their bounds, whatever the network puts out, and all others meet them. */
static nai_trials *bounded(const nai_network *net, int64_t n)
{
  nai_trials *trials = numbered(net, n);
  float bound[64];
  for (int64_t b = 0; b < n; b++) bound[b] = b % 3 ? -1e4F : 1e4F;
  expect_ok(nai_trials_set_condition(trials, "bound", bound));
  return trials;
}

static double evaluated(const nai_network *net, const nai_trials *test, const nai_task *judge)
{
  nai_evaluation *e;
  expect_ok(nai_evaluation_create_from_trials(&e, net, test, judge, NULL));
  double performance = nai_evaluation_performance(e);
  nai_evaluation_destroy(e);
  return performance;
}

/* Performance after another update of a run. */
static double performance_in_run(nai_trainer *trainer)
{
  double values[256];
  int64_t rows, columns;
  expect_ok(nai_trainer_run(trainer, 1, NULL, NULL));
  expect_ok(nai_trainer_history(values, 256, &rows, &columns, trainer));
  return values[(rows - 1) * columns + NAI_HISTORY_PERFORMANCE];
}

static nai_trainer *trainer_on(nai_network *net, nai_task *task)
{
  nai_rule *rule = bptt_rule();
  nai_optimizer *sgd = plain_descent(1e-3);
  nai_trainer *trainer;
  nai_cost *cost;
  expect_ok(nai_trainer_create(&trainer, net, rule, sgd, task));
  nai_rule_destroy(rule);
  nai_optimizer_destroy(sgd);
  attach_cost(trainer, nai_cost_create_mse(&cost, "real"), &cost, 1);
  expect_ok(nai_trainer_set(trainer, "batch", 4));
  return trainer;
}

/*
 * Of 11 test trials, in batches of 4, numbers 0, 3, 6 and 9 miss their bounds, which the trials of
 * training do not have.
 */
START_TEST(an_evaluation_has_a_judge)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_trials *train = numbered(net, 6), *test = bounded(net, 11);
  nai_task *task = task_of(train, test, net), *judge = judge_for(net);
  nai_trainer *trainer = trainer_on(net, task);
  double by_class = performance_in_run(trainer);
  ck_assert_double_eq(by_class, evaluated(net, test, NULL));
  expect_ok(nai_trainer_set_judge(trainer, judge));
  nai_task_destroy(task);
  for (int k = 0; k < 2; k++) {
    ck_assert_double_eq(performance_in_run(trainer), 7.0 / 11);
    ck_assert_double_eq(evaluated(net, test, judge), 7.0 / 11);
  }
  nai_task_destroy(judge); /* the trainer has kept it */
  ck_assert_double_eq(performance_in_run(trainer), 7.0 / 11);
  expect_ok(nai_trainer_set_judge(trainer, NULL));
  by_class = performance_in_run(trainer);
  ck_assert_double_eq(by_class, evaluated(net, test, NULL));
  ck_assert_double_ne(by_class, 7.0 / 11);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(test);
  nai_trials_destroy(train);
  nai_network_destroy(net);
}
END_TEST

START_TEST(bad_judges_are_refused)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL), *other = build_ei(4, 2, 1);
  nai_trials *train = bounded(net, 6);
  nai_task *task = task_of(train, NULL, net), *judge = judge_for(net), *odd = judge_for(other);
  nai_trainer *trainer = trainer_on(net, task), *own = trainer_on(net, judge),
              *none = trainer_on(net, NULL);
  expect_ok(nai_trainer_set_judge(trainer, judge));
  expect_fails(nai_trainer_set_judge(NULL, judge), NAI_ERR_INVALID, "trainer is NULL");
  expect_fails(nai_trainer_set_judge(trainer, odd), NAI_ERR_INVALID,
               "task 'bounded' was made for another network");
  expect_fails(nai_trainer_set_judge(own, judge), NAI_ERR_INVALID,
               "judge: is for trainers with given trials, but this one has a task");
  expect_fails(nai_trainer_set_judge(none, judge), NAI_ERR_INVALID, "but this one has none");
  ck_assert_double_eq(performance_in_run(trainer), 4.0 / 6);
  nai_trainer_destroy(none);
  nai_trainer_destroy(own);
  nai_trainer_destroy(trainer);
  nai_task_destroy(odd);
  nai_task_destroy(judge);
  nai_task_destroy(task);
  nai_trials_destroy(train);
  nai_network_destroy(other);
  nai_network_destroy(net);
}
END_TEST

START_TEST(bad_trials_are_refused)
{
  nai_network *net = build_everything(NAI_TRANSFER_RELU, NULL), *other = build_ei(4, 2, 1);
  nai_trials *given = numbered(net, 5), *bare, *odd;
  nai_task *task = (nai_task *)given;
  expect_ok(nai_trials_create(&bare, net, 4, 3));
  expect_ok(nai_trials_create(&odd, other, 4, 3));
  expect_fails(nai_task_create_from_trials(NULL, given, NULL, net), NAI_ERR_INVALID, "out");
  expect_fails(nai_task_create_from_trials(&task, NULL, NULL, net), NAI_ERR_INVALID, "trials");
  ck_assert_ptr_null(task);
  expect_fails(nai_task_create_from_trials(&task, given, NULL, NULL), NAI_ERR_INVALID, "net");
  task = task_of(bare, NULL, net);
  nai_rule *rule = bptt_rule();
  nai_optimizer *sgd = plain_descent(1);
  nai_trainer *trainer;
  expect_fails(nai_trainer_create(&trainer, net, rule, sgd, task), NAI_ERR_INVALID,
               "neither classes nor targets: there is nothing to learn for rule 'bptt'");
  nai_rule_destroy(rule);
  nai_optimizer_destroy(sgd);
  nai_task_destroy(task);
  expect_fails(nai_task_create_from_trials(&task, given, bare, net), NAI_ERR_INVALID,
               "the test trials neither classes nor targets");
  expect_fails(nai_task_create_from_trials(&task, odd, NULL, net), NAI_ERR_INVALID, "input");
  expect_fails(nai_task_create_from_trials(&task, given, odd, net), NAI_ERR_INVALID, "input");
  ck_assert_ptr_null(task);
  task = task_of(given, NULL, net);
  ck_assert_str_eq(nai_task_name(task), "recorded_trials");
  ck_assert_int_ne(nai_task_set(task, "number", 1), NAI_OK);
  nai_task_destroy(task);
  nai_trials_destroy(odd);
  nai_trials_destroy(bare);
  nai_trials_destroy(given);
  nai_network_destroy(other);
  nai_network_destroy(net);
}
END_TEST

START_TEST(each_allocation_may_fail)
{
  nai_network *net = build_everything(NAI_TRANSFER_RELU, NULL);
  nai_trials *given = numbered(net, 5), *test = numbered(net, 4), *found;
  nai_task *task;
  long good = 0;
  for (nai_status status = NAI_ERR_MEMORY; status != NAI_OK; good++) {
    faults_fail_allocation(good);
    status = nai_task_create_from_trials(&task, given, test, net);
    faults_fail_allocation(-1);
    EXPECT(status == NAI_OK || (status == NAI_ERR_MEMORY && !task));
  }
  ck_assert_int_gt(good, 20);
  good = 0;
  for (nai_status status = NAI_ERR_MEMORY; status != NAI_OK; good++) {
    faults_fail_allocation(good);
    status = nai_task_generate(&found, task, 1, NAI_STREAM_TRAIN, 0, 3);
    faults_fail_allocation(-1);
    EXPECT(status == NAI_OK || (status == NAI_ERR_MEMORY && !found));
  }
  ck_assert_int_gt(good, 10);
  long before = faults_allocations();
  for (uint64_t first = 0; first < 30; first += 3)
    expect_ok(nai__task_fill(found, task, 1, first % 2 ? NAI_STREAM_TEST : NAI_STREAM_TRAIN, first,
                             first % 2 ? 2 : 3));
  ck_assert_int_eq(faults_allocations(), before);
  nai_trials_destroy(found);
  nai_task_destroy(task);
  nai_trials_destroy(test);
  nai_trials_destroy(given);
  nai_network_destroy(net);
}
END_TEST

Suite *recorded_suite(void);

Suite *recorded_suite(void)
{
  Suite *suite = suite_create("recorded");
  ADD_CASE(suite, "streams", the_test_stream_has_them_in_order,
           each_pass_has_all_of_them_in_its_own_order, batches_may_be_cut_anywhere,
           test_trials_of_their_own);
  ADD_CASE(suite, "judge", an_evaluation_has_a_judge, bad_judges_are_refused);
  ADD_CASE(suite, "refused", an_evaluation_has_them_once, bad_trials_are_refused,
           each_allocation_may_fail);
  return suite;
}
