/* The one-choice maze: its problems, inputs, what counts, and what is known without the goal. */
#include <math.h>
#include <string.h>

#include "../lib/task/arrays.h"
#include "../lib/task/task.h"
#include "faults.h"
#include "tasks.h"

/* Goals and ways of the paper's eight problems; ways are l, u, r, d. */
static const struct {
  int goal;
  const char *open;
  char right;
} table[8] = {{9, "ul", 'u'},  {9, "rd", 'r'}, {19, "ld", 'd'}, {17, "rd", 'd'},
              {17, "ul", 'l'}, {7, "ur", 'u'}, {19, "lr", 'r'}, {7, "lr", 'l'}};
static const int goals[4] = {7, 9, 17, 19};
static const char ways[] = "lurd";

static int way(char name)
{
  return (int)(strchr(ways, name) - ways);
}

static nai_network *build_maze(void)
{
  nai_network *net =
      COMPOSE(.dt = 1, .inputs = {{"seen", 8}}, .populations = {{"units", 4, NAI_FREE}},
              .outputs = {{"way", 4}}, .projections = {{"seen", "units"}, {"units", "way"}});
  expect_ok(nai_network_set(net, "units", "tau", 1));
  expect_ok(nai_network_build(net, 1));
  return net;
}

enum { PROBLEM, GOAL, TARGET, OTHER };

static int condition(const nai_trials *trials, int which, int64_t b)
{
  return (int)trials->condition[which].value[b];
}

/* Every value of trial b, whose epochs end at these steps. */
static void check_trial(const nai_trials *trials, int64_t b, const int64_t end[3])
{
  int problem = condition(trials, PROBLEM, b), right = way(table[problem].right);
  EXPECT(trials->length[b] == end[2]);
  EXPECT(condition(trials, GOAL, b) == table[problem].goal &&
         condition(trials, TARGET, b) == right);
  EXPECT(condition(trials, OTHER, b) != right &&
         strchr(table[problem].open, ways[condition(trials, OTHER, b)]));
  for (int64_t step = 0; step < trials->steps; step++) {
    int64_t row = step * trials->trials + b;
    int chooses = step >= end[1] && step < end[2];
    for (int k = 0; k < 4; k++) {
      EXPECT(trials->input[row * 8 + k] == (step < end[0] && goals[k] == table[problem].goal));
      EXPECT(trials->input[row * 8 + 4 + k] ==
             (chooses && strchr(table[problem].open, ways[k]) != NULL));
    }
    EXPECT(trials->goal[0].mask[row] == (step == end[2] - 1));
    if (chooses) EXPECT(trials->goal[0].classes[row] == right);
  }
}

START_TEST(every_value_of_many_trials)
{
  enum { N = 400 };
  nai_network *net = build_maze();
  nai_task *task = task_for(net, "maze");
  nai_trials *trials = make_trials_of(task, 3, NAI_STREAM_TRAIN, 0, N);
  static const char *const names[] = {"problem", "goal", "target", "other"};
  for (int i = 0; i < 4; i++) ck_assert_str_eq(nai_trials_condition_name(trials, i), names[i]);
  ck_assert_int_eq(trials->steps, 50);
  for (int64_t b = 0; b < N; b++) check_trial(trials, b, (int64_t[]){20, 30, 50});
  nai_trials_destroy(trials);

  expect_ok(nai_task_set(task, "goal", 3));
  expect_ok(nai_task_set(task, "delay", 0));
  expect_ok(nai_task_set_list(task, "choices", (double[]){1, 5}, 2));
  ck_assert_int_eq(task->ops.max_steps, 8);
  trials = make_trials_of(task, 3, NAI_STREAM_TEST, 0, N);
  int64_t longer = 0;
  for (int64_t b = 0; b < N; b++) {
    EXPECT(trials->length[b] == 4 || trials->length[b] == 8);
    check_trial(trials, b, (int64_t[]){3, 3, trials->length[b]});
    longer += trials->length[b] == 8;
  }
  ck_assert_double_lt(fabs((double)longer - N / 2.0), 4 * sqrt(N / 4.0));
  nai_trials_destroy(trials);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

/*
 * Problems and ways are equally likely. Whoever knows the open ways alone, and picks the one that
 * is right most often, is right in 5 of 8 trials.
 */
START_TEST(problems_and_what_can_be_guessed)
{
  enum { N = 8000 };
  nai_network *net = build_maze();
  nai_task *task = task_for(net, "maze");
  expect_ok(nai_task_set(task, "goal", 1));
  expect_ok(nai_task_set(task, "choices", 1));
  nai_trials *trials = make_trials_of(task, 3, NAI_STREAM_TRAIN, 0, N);
  double problems[8] = {0}, right[4] = {0}, by_open[16][4] = {{0}}, best = 0;
  for (int64_t b = 0; b < N; b++) {
    problems[condition(trials, PROBLEM, b)]++;
    right[condition(trials, TARGET, b)]++;
    int open = 1 << condition(trials, TARGET, b) | 1 << condition(trials, OTHER, b);
    by_open[open][condition(trials, TARGET, b)]++;
  }
  for (int k = 0; k < 8; k++)
    ck_assert_double_lt(fabs(problems[k] - N / 8.0), 4 * sqrt(N * 7 / 64.0));
  for (int k = 0; k < 4; k++) ck_assert_double_lt(fabs(right[k] - N / 4.0), 4 * sqrt(N * 3 / 16.0));
  for (int open = 0; open < 16; open++) {
    double most = 0;
    for (int k = 0; k < 4; k++) most = fmax(most, by_open[open][k]);
    best += most;
  }
  ck_assert_double_lt(fabs(best / N - 5.0 / 8), 4 * sqrt(15.0 / 64 / N) + 0.01);
  nai_trials_destroy(trials);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

START_TEST(the_last_step_is_judged)
{
  nai_network *net = build_maze();
  nai_task *task = task_for(net, "maze");
  expect_ok(nai_task_set_list(task, "delay", (double[]){0, 10}, 2));
  nai_trials *trials = make_trials_of(task, 3, NAI_STREAM_TEST, 0, 40);
  for (int64_t b = 0; b < 40; b++)
    for (int chosen = 0; chosen < 4; chosen++) {
      static float z[50][4];
      nai__verdict v;
      memset(z, 0, sizeof z);
      z[trials->length[b] - 1][chosen] = 1;
      z[trials->length[b] - 2][(chosen + 1) % 4] = 9;
      expect_ok(nai__judge(&v, task, trials, b, 0, z[0], 4, 1));
      EXPECT(v.choice == chosen && v.correct == (chosen == condition(trials, TARGET, b)));
    }
  nai_trials_destroy(trials);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

START_TEST(splits_streams_and_seeds)
{
  enum { N = 200 };
  nai_network *net = build_maze();
  nai_task *task = task_for(net, "maze");
  expect_ok(nai_task_set_list(task, "delay", (double[]){0, 10, 20, 30}, 4));
  nai_trials *all = make_trials_of(task, 5, NAI_STREAM_TEST, 50, N);
  for (int64_t first = 0; first < N; first += 25) {
    nai_trials *part = make_trials_of(task, 5, NAI_STREAM_TEST, 50 + (uint64_t)first, 25);
    for (int64_t b = 0; b < 25; b++) {
      EXPECT(part->length[b] == all->length[first + b]);
      for (int i = 0; i < 4; i++) EXPECT(condition(part, i, b) == condition(all, i, first + b));
    }
    nai_trials_destroy(part);
  }
  /* 32 kinds of trial: another stream or seed agrees in one of 32, not in all */
  nai_trials *others[2] = {make_trials_of(task, 5, NAI_STREAM_TRAIN, 50, N),
                           make_trials_of(task, 6, NAI_STREAM_TEST, 50, N)};
  for (int k = 0; k < 2; k++) {
    int same = 0;
    for (int64_t b = 0; b < N; b++)
      same += all->length[b] == others[k]->length[b] &&
              condition(all, PROBLEM, b) == condition(others[k], PROBLEM, b);
    ck_assert_int_lt(same, N / 32 + 4 * 3);
    nai_trials_destroy(others[k]);
  }
  nai_trials_destroy(all);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

START_TEST(refused_and_without_allocation)
{
  nai_network *net = build_maze(), *other = build_ei(3, 2, 1);
  nai_task *task = task_for(net, "maze");
  expect_fails(nai_task_set(task, "goal", 0), NAI_ERR_INVALID, "goal");
  expect_fails(nai_task_set(task, "delay", -1), NAI_ERR_INVALID, "delay");
  expect_fails(nai_task_set(task, "choices", 0), NAI_ERR_INVALID, "choices");
  expect_fails(nai_task_set(task, "choices", 1.5), NAI_ERR_INVALID, "whole");
  expect_fails(nai_task_set(task, "sigma", 1), NAI_ERR_NAME, "sigma");
  ck_assert_int_eq(task->ops.max_steps, 50);
  nai_task *none;
  expect_fails(nai_task_create(&none, "maze", other), NAI_ERR_INVALID, "8 input channels");
  nai_trials *trials;
  expect_ok(nai__task_trials(&trials, task, 32));
  long before = faults_allocations();
  nai_status worst = NAI_OK;
  for (uint64_t k = 0; k < 20; k++) {
    nai_status status = nai__task_fill(trials, task, 3, NAI_STREAM_TRAIN, 32 * k, 32);
    if (status != NAI_OK) worst = status;
  }
  long after = faults_allocations();
  ck_assert_int_eq(after, before);
  expect_ok(worst);
  nai_trials_destroy(trials);
  nai_task_destroy(task);
  nai_network_destroy(net);
  nai_network_destroy(other);
}
END_TEST

Suite *maze_suite(void);

Suite *maze_suite(void)
{
  Suite *suite = suite_create("maze");
  ADD_CASE(suite, "maze", every_value_of_many_trials, problems_and_what_can_be_guessed,
           the_last_step_is_judged, splits_streams_and_seeds, refused_and_without_allocation);
  return suite;
}
