/* lib/task: the tasks in neurogym's form, from what neurogym says of them. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "tasks.h"

#define COMPARISON "delay-comparison"
#define MATCH_SAMPLE "delay-match-sample"
#define MATCH_CATEGORY "delay-match-category"
#define CONTEXT "context-decision-making"
#define SENSES "multisensory-integration"
#define GO_NOGO "go-nogo"
#define READY "ready-set-go"

static const double pi = 3.14159265358979323846;

START_TEST(hold_what_every_task_holds)
{
  static const char *const names[] = {COMPARISON, MATCH_SAMPLE, MATCH_CATEGORY, CONTEXT,
                                      SENSES,     GO_NOGO,      READY};
  check_any_task(names[_i], 20, 0);
}
END_TEST

START_TEST(stimuli_are_noisy)
{
  static const struct {
    const char *name;
    int64_t channels, milliseconds;
  } of[] = {{COMPARISON, 1, 1000},      {MATCH_SAMPLE, 2, 1000},
            {MATCH_CATEGORY, 16, 1300}, {CONTEXT, 4, 750},
            {SENSES, 4, 750},           {"perceptual-decision-making", 2, 2000}};
  check_stimulus_noise(of[_i].name, 50, 1, of[_i].channels, of[_i].milliseconds / 50);
  check_stimulus_noise(of[_i].name, 10, 1, of[_i].channels, of[_i].milliseconds / 10);
}
END_TEST

/* Cue 1 before step `until`; the class 0 before step `answer`, `target` from there on; mask 1. */
static void check_frame(const nai_trials *trials, int64_t b, int64_t until, int64_t answer,
                        int target)
{
  for (int64_t t = 0; t < trials->length[b]; t++) {
    EXPECT(input_at(trials, t, b, 0) == (t < until));
    ck_assert_int_eq(class_at(trials, t, b), t >= answer ? target : 0);
    EXPECT(mask_at(trials, t, b) == 1);
  }
}

/* --- delay comparison ------------------------------------------------------------------------- */

START_TEST(comparison_of_frequencies)
{
  enum { N = 2000 };
  static const double delays[] = {200, 400, 800, 1600, 3200};
  nai_task *task = make_task(COMPARISON, 100);
  ck_assert_int_eq(task->ops.max_steps, 26);
  set_number(task, "sigma", 0);
  set_numbers(task, "delay", delays, 5); /* as the notebook of Yang & Wang (2020) */
  set_number(task, "decision", 500);
  nai_trials *trials = make_trials(task, N);
  double count[5][2] = {{0}};
  for (int64_t b = 0; b < N; b++) {
    int target = (int)condition_of(trials, "target", b);
    int64_t delay = (int64_t)condition_of(trials, "delay", b) / 100, second = 10 + delay;
    ck_assert_int_eq(trials->length[b], second + 10);
    check_frame(trials, b, second + 5, second + 5, target);
    double f1 = condition_of(trials, "f1", b), f2 = condition_of(trials, "f2", b);
    EXPECT(target == (f1 > f2 ? 1 : 2) && condition_of(trials, "difference", b) == f2 - f1);
    EXPECT(fabs(f2 - f1) == 8);
    for (int64_t t = 0; t < second + 10; t++) {
      double f = t >= 5 && t < 10 ? f1 : t >= second && t < second + 5 ? f2 : -1;
      expect_near((double)input_at(trials, t, b, 1), f < 0 ? 0 : (1 + (f - 10) / 24) / 2);
    }
    count[(int)(fmin(f1, f2) - 10) / 4][target - 1]++;
  }
  for (int k = 0; k < 5; k++)
    for (int target = 0; target < 2; target++) expect_share(count[k][target], N, 0.1);
  nai_trials_destroy(trials);
  nai_task_destroy(task);
}
END_TEST

/* Who compares the means of the two stimuli: 1/6 apart, each of 500 ms. */
START_TEST(comparing_observer)
{
  enum { N = 20000 };
  nai_task *task = make_task(COMPARISON, 100);
  nai_trials *trials = make_trials(task, N);
  double correct = 0;
  for (int64_t b = 0; b < N; b++) {
    double evidence = 0;
    for (int64_t t = 0; t < 5; t++)
      evidence += (double)input_at(trials, 20 + t, b, 1) - (double)input_at(trials, 5 + t, b, 1);
    correct += (evidence > 0 ? 2 : 1) == (int)condition_of(trials, "target", b);
  }
  expect_share(correct, N, normal_below(8.0 / 48 / sqrt(2.0 / 500)));
  nai_trials_destroy(trials);
  nai_task_destroy(task);
}
END_TEST

/* --- delayed match ---------------------------------------------------------------------------- */

START_TEST(match_to_sample)
{
  enum { N = 4000 };
  nai_task *task = make_task(MATCH_SAMPLE, 100);
  set_number(task, "sigma", 0);
  nai_trials *trials = make_trials(task, N);
  ck_assert_int_eq(trials->steps, 3 + 5 + 10 + 5 + 9);
  double count[2][2] = {{0}};
  for (int64_t b = 0; b < N; b++) {
    int target = (int)condition_of(trials, "target", b);
    check_frame(trials, b, 23, 23, target);
    int sample = condition_of(trials, "sample", b) > 1, test = condition_of(trials, "test", b) > 1;
    ck_assert_int_eq(target, sample == test ? 1 : 2);
    for (int64_t t = 0; t < 32; t++)
      for (int k = 0; k < 2; k++) {
        int on = (t >= 3 && t < 8 && k == sample) || (t >= 18 && t < 23 && k == test);
        expect_near((double)input_at(trials, t, b, 1 + k), on);
      }
    count[target - 1][sample]++;
  }
  for (int i = 0; i < 4; i++) expect_share(count[i / 2][i % 2], N, 0.25);
  nai_trials_destroy(trials);
  nai_task_destroy(task);
}
END_TEST

START_TEST(match_to_category)
{
  enum { N = 4000 };
  nai_task *task = make_task(MATCH_CATEGORY, 50);
  set_number(task, "sigma", 0);
  nai_trials *trials = make_trials(task, N);
  ck_assert_int_eq(trials->steps, 10 + 13 + 20 + 13);
  double count[2][2] = {{0}}, mean = 0, square = 0;
  for (int64_t b = 0; b < N; b++) {
    int target = (int)condition_of(trials, "target", b);
    check_frame(trials, b, 43, 43, target); /* the answer is due during the test */
    double sample = condition_of(trials, "sample", b), test = condition_of(trials, "test", b);
    EXPECT(sample >= 0 && sample < 2 * pi + 1e-6 && test >= 0 && test < 2 * pi + 1e-6);
    ck_assert_int_eq(target, (sample < pi) == (test < pi) ? 1 : 2);
    for (int64_t t = 0; t < 56; t += 3)
      for (int k = 0; k < 16; k++) {
        double shown = t >= 10 && t < 23 ? sample : t >= 43 ? test : NAN;
        expect_near((double)input_at(trials, t, b, 1 + k),
                    isnan(shown) ? 0 : 0.5 + 0.5 * cos(2 * pi * k / 16 - shown));
      }
    count[target - 1][sample < pi]++;
    mean += test / N;
    square += test * test / N;
  }
  for (int i = 0; i < 4; i++) expect_share(count[i / 2][i % 2], N, 0.25);
  ck_assert_double_lt(fabs(mean - pi), 4 * 2 * pi / sqrt(12.0 * N)); /* uniform on the circle */
  ck_assert_double_lt(fabs(square - 4 * pi * pi / 3), 4 * 4 * pi * pi * sqrt(4 / 45.0 / N));
  nai_trials_destroy(trials);
  nai_task_destroy(task);
}
END_TEST

/*
 * Reads both categories off the noisy ring: sin of the direction's estimate. Nearly always right,
 * and it would be at chance if the ring had two directions.
 */
START_TEST(categories_can_be_seen)
{
  enum { N = 2000 };
  nai_task *task = make_task(MATCH_CATEGORY, 50);
  nai_trials *trials = make_trials(task, N);
  double correct = 0;
  for (int64_t b = 0; b < N; b++) {
    double sine[2] = {0};
    for (int64_t t = 0; t < 13; t++)
      for (int k = 0; k < 16; k++) {
        double weight = sin(2 * pi * k / 16);
        sine[0] += weight * (double)input_at(trials, 10 + t, b, 1 + k);
        sine[1] += weight * (double)input_at(trials, 43 + t, b, 1 + k);
      }
    correct += ((sine[0] > 0) == (sine[1] > 0) ? 1 : 2) == (int)condition_of(trials, "target", b);
  }
  EXPECT(correct / N > 0.95 && correct < N);
  nai_trials_destroy(trials);
  nai_task_destroy(task);
}
END_TEST

/* --- context ---------------------------------------------------------------------------------- */

/* A drawn value is rounded down to whole steps. */
static double truncated_exponential(double x)
{
  return expm1(-(x - 300) / 600) / expm1(-2700.0 / 600);
}

START_TEST(context_dependent_decisions)
{
  enum { N = 3000 };
  static double delays[N];
  nai_task *task = make_task(CONTEXT, 10);
  ck_assert_int_eq(task->ops.max_steps, 30 + 75 + 300 + 10);
  set_number(task, "sigma", 0);
  nai_trials *trials = make_trials(task, N);
  double count[2][2][2] = {{{0}}}, levels[3][3] = {{0}};
  for (int64_t b = 0; b < N; b++) {
    int target = (int)condition_of(trials, "target", b);
    int context = (int)condition_of(trials, "context", b);
    int64_t delay = (int64_t)condition_of(trials, "delay", b) / 10;
    EXPECT(delay >= 30 && delay < 300);
    delays[b] = (double)delay * 10 + 5;
    ck_assert_int_eq(trials->length[b], 115 + delay);
    check_frame(trials, b, 30, 105 + delay, target);
    const double c[2] = {condition_of(trials, "signed_coherence1", b),
                         condition_of(trials, "signed_coherence2", b)};
    EXPECT(condition_of(trials, "signed_coherence", b) == c[context - 1]);
    ck_assert_int_eq(target, c[context - 1] > 0 ? 2 : 1);
    for (int64_t t = 0; t < 115 + delay; t += 3) {
      int on = t >= 30 && t < 105;
      for (int m = 0; m < 2; m++)
        for (int k = 0; k < 2; k++)
          expect_near((double)input_at(trials, t, b, 1 + 2 * m + k),
                      on ? 0.5 + (k ? c[m] : -c[m]) / 200 : 0);
      for (int k = 0; k < 2; k++) EXPECT(input_at(trials, t, b, 5 + k) == (k == context - 1));
    }
    count[context - 1][c[0] > 0][c[1] > 0]++;
    levels[fabs(c[0]) == 5    ? 0
           : fabs(c[0]) == 15 ? 1
                              : 2][fabs(c[1]) == 5    ? 0
                                   : fabs(c[1]) == 15 ? 1
                                                      : 2]++;
  }
  for (int i = 0; i < 8; i++) expect_share(count[i / 4][i / 2 % 2][i % 2], N, 0.125);
  for (int i = 0; i < 9; i++) expect_share(levels[i / 3][i % 3], N, 1 / 9.0);
  ck_assert_double_lt(kolmogorov(delays, N, truncated_exponential), 2.2);
  nai_trials_destroy(trials);

  set_number(task, "context", 2); /* implicit: one modality counts always */
  trials = make_trials(task, 50);
  for (int64_t b = 0; b < 50; b++)
    EXPECT(condition_of(trials, "signed_coherence", b) ==
           condition_of(trials, "signed_coherence2", b));
  nai_trials_destroy(trials);
  nai_task_destroy(task);
}
END_TEST

/*
 * The cue until the decision is the one thing that changes: targets, stimuli, delays and noise are
 * those of the same trials with neurogym's cue.
 */
START_TEST(the_cue_can_stay_until_the_decision)
{
  enum { N = 200 };
  const int perceptual = _i == 1;
  nai_task *task = make_task(perceptual ? "perceptual-decision-making" : CONTEXT, 20);
  if (perceptual) set_numbers(task, "delay", (double[]){0, 200, 1000}, 3);
  nai_trials *without = make_trials(task, N);
  set_number(task, "cue_until_decision", 1);
  nai_trials *with = make_trials(task, N);
  ck_assert_int_eq(with->steps, without->steps);
  for (int64_t b = 0; b < N; b++) {
    ck_assert_int_eq(with->length[b], without->length[b]);
    const int target = (int)condition_of(with, "target", b);
    check_frame(without, b, perceptual ? 5 : 15, with->length[b] - 5, target);
    check_frame(with, b, with->length[b] - 5, with->length[b] - 5, target);
    for (int64_t t = 0; t < with->steps; t++)
      for (int64_t c = 1; c < with->n_inputs; c++)
        EXPECT(input_at(with, t, b, c) == input_at(without, t, b, c));
  }
  expect_fails(nai_task_set(task, "cue_until_decision", 2), NAI_ERR_INVALID, "cue_until_decision");
  expect_fails(nai_task_set_list(task, "cue_until_decision", (double[]){0, 1}, 2), NAI_ERR_INVALID,
               "cue_until_decision");
  nai_trials_destroy(with);
  nai_trials_destroy(without);
  nai_task_destroy(task);
}
END_TEST

/* Sums the difference of the stimuli of the modality that counts, or of modality 1 always. */
START_TEST(context_observers)
{
  enum { N = 20000 };
  nai_task *task = make_task(CONTEXT, 50);
  set_number(task, "delay_max", 300);
  nai_trials *trials = make_trials(task, N);
  double attentive = 0, blind = 0, p = 0;
  for (int64_t b = 0; b < N; b++) {
    double evidence[2] = {0};
    for (int64_t t = 6; t < 21; t++)
      for (int m = 0; m < 2; m++)
        evidence[m] +=
            (double)input_at(trials, t, b, 2 + 2 * m) - (double)input_at(trials, t, b, 1 + 2 * m);
    int target = (int)condition_of(trials, "target", b);
    int context = (int)condition_of(trials, "context", b);
    attentive += (evidence[context - 1] > 0 ? 2 : 1) == target;
    blind += (evidence[0] > 0 ? 2 : 1) == target;
  }
  for (int k = 0; k < 3; k++) p += normal_below((double[]){5, 15, 50}[k] / 100 * sqrt(375)) / 3;
  expect_share(attentive, N, p);
  expect_share(blind, N, p / 2 + 0.25);
  nai_trials_destroy(trials);
  nai_task_destroy(task);
}
END_TEST

/* --- multisensory ----------------------------------------------------------------------------- */

START_TEST(multisensory_integration)
{
  enum { N = 3000 };
  nai_task *task = make_task(SENSES, 50);
  set_number(task, "sigma", 0);
  nai_trials *trials = make_trials(task, N);
  ck_assert_int_eq(trials->steps, 6 + 15 + 2);
  double count[3][2] = {{0}}, mean = 0, square = 0;
  for (int64_t b = 0; b < N; b++) {
    int target = (int)condition_of(trials, "target", b);
    check_frame(trials, b, 21, 21, target);
    double c = condition_of(trials, "coherence", b), share = condition_of(trials, "share", b);
    EXPECT(condition_of(trials, "signed_coherence", b) == (target == 2 ? c : -c));
    EXPECT(share >= 0 && share <= 1);
    for (int64_t t = 0; t < 23; t++)
      for (int m = 0; m < 2; m++)
        for (int k = 0; k < 2; k++) {
          double half = c * (m ? 1 - share : share) / 200;
          expect_near((double)input_at(trials, t, b, 1 + 2 * m + k),
                      t >= 6 && t < 21 ? 0.5 + (k + 1 == target ? half : -half) : 0);
        }
    count[c == 5 ? 0 : c == 15 ? 1 : 2][target - 1]++;
    mean += share / N;
    square += share * share / N;
  }
  for (int i = 0; i < 6; i++) expect_share(count[i / 2][i % 2], N, 1 / 6.0);
  ck_assert_double_lt(fabs(mean - 0.5), 4 * sqrt(1 / 12.0 / N));
  ck_assert_double_lt(fabs(square - 1 / 3.0), 4 * sqrt(4 / 45.0 / N));
  nai_trials_destroy(trials);
  nai_task_destroy(task);
}
END_TEST

/* Sums both modalities. */
START_TEST(multisensory_observer)
{
  enum { N = 20000 };
  nai_task *task = make_task(SENSES, 50);
  nai_trials *trials = make_trials(task, N);
  double correct = 0, p = 0;
  for (int64_t b = 0; b < N; b++) {
    double evidence = 0;
    for (int64_t t = 6; t < 21; t++)
      for (int m = 0; m < 2; m++)
        evidence +=
            (double)input_at(trials, t, b, 2 + 2 * m) - (double)input_at(trials, t, b, 1 + 2 * m);
    correct += (evidence > 0 ? 2 : 1) == (int)condition_of(trials, "target", b);
  }
  for (int k = 0; k < 3; k++) p += normal_below((double[]){5, 15, 50}[k] / 100 * sqrt(750) / 2) / 3;
  expect_share(correct, N, p);
  nai_trials_destroy(trials);
  nai_task_destroy(task);
}
END_TEST

/* --- go, no-go -------------------------------------------------------------------------------- */

START_TEST(go_or_no_go)
{
  enum { N = 4000 };
  nai_task *task = make_task(GO_NOGO, 100);
  for (int round = 0; round < 2; round++) {
    if (round) set_number(task, "go_probability", 0.8);
    nai_trials *trials = make_trials(task, N);
    ck_assert_int_eq(trials->steps, 15);
    double count = 0;
    for (int64_t b = 0; b < N; b++) {
      int go = (int)condition_of(trials, "target", b), choice;
      check_frame(trials, b, 10, 10, go);
      for (int64_t t = 0; t < 15; t++)
        for (int k = 0; k < 2; k++) EXPECT(input_at(trials, t, b, 1 + k) == (t < 5 && k == go));
      float z[15][2] = {{0}};
      z[14][1] = 1;
      ck_assert_int_eq(judged(&choice, task, trials, b, z[0]), go);
      ck_assert_int_eq(choice, 1);
      count += go;
    }
    expect_share(count, N, round ? 0.8 : 0.5);
    nai_trials_destroy(trials);
  }
  nai_task_destroy(task);
}
END_TEST

/* --- ready, set, go --------------------------------------------------------------------------- */

static double uniform_interval(double x)
{
  return fmin(1, fmax(0, (x - 800) / 700));
}

static void check_ready_set_go(double dt, double gain)
{
  enum { N = 1000 };
  static double intervals[N];
  nai_task *task = make_task(READY, dt);
  set_number(task, "gain", gain);
  nai_trials *trials = make_trials(task, N);
  int64_t fixation = (int64_t)(100 / dt), pulse = (int64_t)(83 / dt);
  for (int64_t b = 0; b < N; b++) {
    int64_t interval = llround(condition_of(trials, "interval", b) / dt);
    int64_t production = llround(condition_of(trials, "production", b) / dt);
    int64_t set = fixation + interval, length = set + pulse + 2 * production;
    intervals[b] = ((double)interval + 0.5) * dt;
    ck_assert_int_eq(production, (int64_t)floor(gain * (double)interval + 1e-6));
    ck_assert_int_eq(llround(condition_of(trials, "set", b) / dt), set);
    ck_assert_int_eq(trials->length[b], length);
    for (int64_t t = 0; t < length; t++) {
      EXPECT(input_at(trials, t, b, 0) == (t < set + pulse));
      EXPECT(input_at(trials, t, b, 1) == (t >= fixation && t < fixation + pulse));
      EXPECT(input_at(trials, t, b, 2) == (t >= set && t < set + pulse));
      ck_assert_int_eq(class_at(trials, t, b), t == set + production);
    }
  }
  if (dt <= 5) ck_assert_double_lt(kolmogorov(intervals, N, uniform_interval), 2.2);
  nai_trials_destroy(trials);
  nai_task_destroy(task);
}

START_TEST(ready_set_and_go)
{
  check_ready_set_go(80, 1);
  check_ready_set_go(20, 1);
  check_ready_set_go(20, 1.5);
  check_ready_set_go(5, 0.3);
}
END_TEST

START_TEST(the_first_go_is_judged_by_when_it_was)
{
  nai_task *task = make_task(READY, 20);
  set_number(task, "interval_min", 1000);
  set_number(task, "interval_max", 1000);
  nai_trials *trials = make_trials(task, 1);
  int64_t length = trials->length[0], set = 5 + 50, due = set + 50;
  float *z = calloc(2 * (size_t)length, sizeof *z);
  int choice;
  ck_assert_int_eq(judged(&choice, task, trials, 0, z), 0); /* never */
  ck_assert_int_eq(choice, 0);
  z[2 * (set - 1) + 1] = 1; /* before the set pulse nothing counts */
  ck_assert_int_eq(judged(&choice, task, trials, 0, z), 0);
  ck_assert_int_eq(choice, 0);
  z[2 * (length - 1) + 1] = 1;
  for (int64_t t = length - 1; t >= set; t--) { /* within 0.2 * 1000 + 25 ms: 11 steps */
    z[2 * t + 1] = 1;
    ck_assert_int_eq(judged(&choice, task, trials, 0, z), llabs(t - due) <= 11);
    ck_assert_int_eq(choice, 1);
  }
  set_number(task, "margin", 0);
  for (int64_t t = set; t < due - 1; t++) z[2 * t + 1] = 0;
  ck_assert_int_eq(judged(&choice, task, trials, 0, z), 1); /* 20 ms early */
  z[2 * (due - 2) + 1] = 1;
  ck_assert_int_eq(judged(&choice, task, trials, 0, z), 0);
  z[2 * set + 1] = 0;
  for (int k = 0; k < 3; k++) {
    static const float lost[3] = {NAN, INFINITY, -INFINITY};
    z[2 * set] = lost[k];
    ck_assert_int_eq(judged(&choice, task, trials, 0, z), 0);
    ck_assert_int_eq(choice, -1);
  }
  free(z);
  nai_trials_destroy(trials);
  nai_task_destroy(task);
}
END_TEST

Suite *neurogym_tasks_suite(void);

Suite *neurogym_tasks_suite(void)
{
  Suite *suite = suite_create("neurogym_tasks");
  TCase *all = tcase_create("all");
  tcase_add_loop_test(all, hold_what_every_task_holds, 0, 7);
  tcase_add_loop_test(all, stimuli_are_noisy, 0, 6);
  tcase_add_loop_test(all, the_cue_can_stay_until_the_decision, 0, 2);
  suite_add_tcase(suite, all);
  ADD_CASE(suite, "memory", comparison_of_frequencies, comparing_observer, match_to_sample,
           match_to_category, categories_can_be_seen);
  ADD_CASE(suite, "decisions", context_dependent_decisions, context_observers,
           multisensory_integration, multisensory_observer, go_or_no_go);
  ADD_CASE(suite, "timing", ready_set_and_go, the_first_go_is_judged_by_when_it_was);
  return suite;
}
