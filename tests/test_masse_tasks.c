/* The delayed matches of Masse et al. 2019: tuning curves, what matches, what counts. */
#include <math.h>

#include "tasks.h"

static const char *const names[] = {"masse-dms", "masse-dmrs", "masse-dmc"};
enum { DMS, DMRS, DMC, TASKS };

START_TEST(they_are_tasks_like_any)
{
  check_any_task(names[_i], 20, 0);
}
END_TEST

/* 4 exp(2 (cos(difference) - 1)): 4 at the preferred direction, 4 exp(-4) opposite of it. */
static double tuned(int unit, double degrees)
{
  const double pi = 3.14159265358979323846;
  return 4 * exp(2 * (cos((degrees - 15 * unit) * pi / 180) - 1));
}

static double shown_at(const nai_trials *trials, int64_t t, int64_t b, int unit)
{
  static const int ends[] = {50, 100, 200, 250}; /* steps of 10 ms */
  if (t >= ends[0] && t < ends[1]) return tuned(unit, condition_of(trials, "sample", b));
  return t >= ends[2] ? tuned(unit, condition_of(trials, "test", b)) : 0;
}

static int matches(int kind, int sample, int test, int rotation)
{
  if (kind == DMC) return sample / 180 == test / 180;
  return (sample + (kind == DMRS ? rotation : 0)) % 360 == test;
}

START_TEST(what_is_shown_and_asked)
{
  for (int rotation = 90; rotation <= (_i == DMRS ? 180 : 90); rotation += 90) {
    nai_task *task = make_task(names[_i], 10);
    if (_i == DMRS) set_number(task, "rotation", rotation);
    nai_trials *trials = make_trials(task, 400);
    int right = 0, of[8] = {0};
    for (int64_t b = 0; b < 400; b++) {
      int sample = (int)condition_of(trials, "sample", b),
          test = (int)condition_of(trials, "test", b);
      int match = matches(_i, sample, test, rotation);
      EXPECT(sample % 45 == 0 && test % 45 == 0 && test < 360 && trials->length[b] == 250);
      EXPECT(condition_of(trials, "target", b) == (match ? 1 : 2));
      right += match;
      of[test / 45]++;
      for (int64_t t = 0; t < 250; t++) {
        EXPECT(class_at(trials, t, b) == (t < 200 ? 0 : match ? 1 : 2));
        EXPECT(mask_at(trials, t, b) == (t < 200 || t >= 205));
        for (int k = 0; k < 24; k++)
          expect_near(input_at(trials, t, b, k), shown_at(trials, t, b, k));
      }
    }
    expect_share(right, 400, 0.5);
    for (int d = 0; d < 8; d++) expect_share(of[d], 400, 1.0 / 8);
    nai_trials_destroy(trials);
    nai_task_destroy(task);
  }
  expect_near(tuned(0, 0), 4);
  expect_near(tuned(0, 180), 4 * exp(-4));
}
END_TEST

START_TEST(what_is_refused)
{
  nai_task *task = make_task("masse-dmrs", 10);
  expect_fails(nai_task_set(task, "rotation", 30), NAI_ERR_INVALID,
               "rotation is 30 degrees, must be a multiple of 45");
  expect_fails(nai_task_set(task, "grace", 500), NAI_ERR_INVALID,
               "a grace of 500 ms leaves no step");
  expect_fails(nai_task_set_list(task, "rotation", (double[]){90, 180}, 2), NAI_ERR_INVALID,
               "one value");
  set_numbers(task, "delay", (double[]){500, 1000}, 2);
  nai_task_destroy(task);
}
END_TEST

Suite *masse_tasks_suite(void);

Suite *masse_tasks_suite(void)
{
  Suite *suite = suite_create("masse_tasks");
  TCase *each = tcase_create("each");
  tcase_add_loop_test(each, they_are_tasks_like_any, 0, TASKS);
  tcase_add_loop_test(each, what_is_shown_and_asked, 0, TASKS);
  suite_add_tcase(suite, each);
  ADD_CASE(suite, "faults", what_is_refused);
  return suite;
}
