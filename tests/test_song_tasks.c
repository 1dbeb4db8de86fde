/* lib/task/song*.c: the tasks of Song, Yang & Wang (2016), from what the paper's code says of them. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "tasks.h"

#define DOTS "song-random-dots"
#define VARIABLE "song-random-dots-variable"
#define REACTION "song-random-dots-reaction-time"
#define CONTEXT "song-context-integration"
#define SENSES "song-multisensory"
#define MEMORY "song-parametric-working-memory"
#define EYES "song-eye-movement-sequence"
#define SINE "song-sine"

static const double pi = 3.14159265358979323846;
static const float lost[3] = {NAN, INFINITY, -INFINITY}; /* what no output of a choice may be */

/* --- what all decision tasks share ------------------------------------------------------------ */

/*
 * Lengths, targets and mask of trial b: counted in fixation (steps 0 .. fixation - 1) and in the
 * decision (steps decision .. length - 1), or, in catch trials, from first to last. Returns the
 * right output, -1 in a catch trial.
 */
static int check_answer(const nai_trials *trials, int64_t b, int64_t fixation, int64_t decision,
                        int64_t length, int64_t catch_length, double high)
{
  int right = (int)condition_of(trials, "target", b);
  EXPECT(right >= -1 && right <= 1);
  ck_assert_int_eq(trials->length[b], right < 0 ? catch_length : length);
  for (int64_t t = 0; t < trials->length[b]; t++) {
    int counts = right < 0 || t < fixation || t >= decision;
    EXPECT(mask_at(trials, t, b) == counts);
    for (int k = 0; k < 2 && counts; k++)
      expect_near((double)target_at(trials, t, b, k), k == right && t >= decision ? high : 0.2);
    for (int64_t k = 0; right < 0 && k < trials->n_inputs; k++)
      EXPECT(input_at(trials, t, b, k) == 0);
  }
  return right;
}

/* How often catch trials are, and that the two outputs are right equally often. */
static void check_shares(const nai_trials *trials, double catch_share)
{
  double caught = 0, second = 0, n = (double)trials->trials;
  for (int64_t b = 0; b < trials->trials; b++) {
    caught += condition_of(trials, "target", b) < 0;
    second += condition_of(trials, "target", b) == 1;
  }
  expect_share(caught, n, catch_share);
  expect_share(second, n - caught, 0.5);
}

/* The choice is the larger output at the last step; catch trials are not judged. */
static void check_last_step_judge(const char *name)
{
  enum { N = 200 };
  nai_task *task = make_task(name, 20);
  set_number(task, "catch", 0.5);
  nai_trials *trials = make_trials(task, N);
  float *z = calloc((size_t)trials->steps * 2, sizeof *z);
  double always_first = 0, judgements = 0;
  for (int64_t b = 0; b < N; b++) {
    int right = (int)condition_of(trials, "target", b), choice;
    float *last = z + 2 * (trials->length[b] - 1);
    for (int k = 0; k < 2; k++) {
      for (int64_t t = 0; t < trials->steps; t++) z[2 * t + 1 - k] = 0.5f;
      last[k] = 0.7f;
      last[1 - k] = 0.3f;
      if (k == 0 && right >= 0) always_first += right == 0;
      int correct = judged(&choice, task, trials, b, z);
      ck_assert_int_eq(correct, right < 0 ? -1 : right == k);
      ck_assert_int_eq(choice, right < 0 ? -1 : k);
    }
    judgements += right >= 0;
    for (int k = 0; k < 3; k++) {
      last[1] = lost[k];
      ck_assert_int_eq(judged(&choice, task, trials, b, z), right < 0 ? -1 : 0);
      ck_assert_int_eq(choice, -1);
    }
    last[1] = 0;
  }
  expect_share(always_first, judgements, 0.5);
  free(z);
  nai_trials_destroy(trials);
  nai_task_destroy(task);
}

START_TEST(hold_what_every_task_holds)
{
  static const char *const names[] = {DOTS,   VARIABLE, REACTION, CONTEXT,
                                      SENSES, MEMORY,   EYES,     SINE};
  check_any_task(names[_i], 20, names[_i] == names[7]);
}
END_TEST

START_TEST(choose_the_larger_output_at_the_last_step)
{
  static const char *const names[] = {DOTS, VARIABLE, CONTEXT, SENSES, MEMORY};
  check_last_step_judge(names[_i]);
}
END_TEST

/* Where the probability is 0 or 1 there is no trial of the other kind, nor room for one. */
START_TEST(catch_trials_by_probability)
{
  nai_task *task = make_task(DOTS, 20);
  ck_assert_int_eq(task->ops.max_steps, 100);
  set_number(task, "catch", 0);
  ck_assert_int_eq(task->ops.max_steps, 60);
  nai_trials *trials = make_trials(task, 500);
  for (int64_t b = 0; b < 500; b++) EXPECT(condition_of(trials, "target", b) >= 0);
  nai_trials_destroy(trials);
  set_number(task, "catch", 1);
  set_number(task, "catch_duration", 40);
  ck_assert_int_eq(task->ops.max_steps, 2);
  trials = make_trials(task, 500);
  for (int64_t b = 0; b < 500; b++) EXPECT(condition_of(trials, "target", b) == -1);
  nai_trials_destroy(trials);
  set_numbers(task, "catch", (double[]){0, 0.5}, 2);
  ck_assert_int_eq(task->ops.max_steps, 60);
  expect_fails(nai_task_set(task, "catch_duration", 0), NAI_ERR_INVALID, "no step");
  nai_task_destroy(task);
}
END_TEST

/* --- random dots ------------------------------------------------------------------------------ */

static void check_dots(double dt, double fixation_ms, int64_t fixation, int64_t stimulus,
                       int64_t decision, int64_t catch_length)
{
  nai_task *task = make_task(DOTS, dt);
  set_number(task, "fixation", fixation_ms);
  nai_trials *trials = make_trials(task, 60);
  int64_t decided = fixation + stimulus;
  for (int64_t b = 0; b < 60; b++) {
    int right = check_answer(trials, b, fixation, decided, decided + decision, catch_length, 1);
    double c = condition_of(trials, "coherence", b);
    expect_near(condition_of(trials, "signed_coherence", b), right == 1 ? c : -c);
    for (int64_t t = 0; t < trials->length[b] && right >= 0; t++)
      for (int k = 0; k < 2; k++)
        expect_near((double)input_at(trials, t, b, k),
                    t < fixation || t >= decided ? 0 : (1 + (k == right ? c : -c) / 100) / 2);
    if (right >= 0) {
      expect_near(condition_of(trials, "stimulus", b), (double)stimulus * dt);
      expect_near(condition_of(trials, "onset", b), (double)fixation * dt);
    }
  }
  nai_trials_destroy(trials);
  nai_task_destroy(task);
}

START_TEST(dots_of_fixed_duration)
{
  check_dots(20, 100, 5, 40, 15, 100);
  check_dots(20, 300, 15, 40, 15, 100);       /* as published tests */
  check_dots(0.5, 300, 600, 1600, 600, 4000); /* and their time step */
  check_dots(30, 100, 3, 26, 10, 66);         /* as many steps as fit */
}
END_TEST

START_TEST(dots_by_chance)
{
  enum { N = 11000 };
  static const double coherence[] = {3.2, 6.4, 12.8, 25.6, 51.2};
  nai_task *task = make_task(DOTS, 100);
  nai_trials *trials = make_trials(task, N);
  check_shares(trials, 1 / 11.0);
  double right_sums = 0, judged_trials = 0, count[5][2] = {{0}};
  for (int64_t b = 0; b < N; b++) {
    int right = (int)condition_of(trials, "target", b);
    if (right < 0) continue;
    double evidence = 0;
    for (int64_t t = 0; t < trials->length[b]; t++)
      evidence += (double)input_at(trials, t, b, 1) - (double)input_at(trials, t, b, 0);
    right_sums += (evidence > 0) == right;
    judged_trials++;
    for (int c = 0; c < 5; c++)
      count[c][right] += fabs(coherence[c] - condition_of(trials, "coherence", b)) < 0.01;
  }
  EXPECT(right_sums == judged_trials); /* inputs have no noise of the task's own */
  for (int c = 0; c < 5; c++)
    for (int right = 0; right < 2; right++) expect_share(count[c][right], judged_trials, 0.1);
  nai_trials_destroy(trials);
  nai_task_destroy(task);
}
END_TEST

static double truncated_exponential(double x)
{
  return expm1(-(x - 80) / 330) / expm1(-(1500.0 - 80) / 330);
}

START_TEST(dots_of_variable_duration)
{
  enum { N = 100, BATCHES = 30 };
  static double duration[N * BATCHES];
  nai_task *task = make_task(VARIABLE, 1);
  ck_assert_int_eq(task->ops.max_steps, 2000); /* a catch trial; the longest other one has 1900 */
  int64_t n = 0;
  double mean = 0;
  for (uint64_t batch = 0; batch < BATCHES; batch++) {
    nai_trials *trials = make_trials_of(task, 4, NAI_STREAM_TRAIN, N * batch, N);
    for (int64_t b = 0; b < N; b++) {
      int64_t stimulus = (int64_t)condition_of(trials, "stimulus", b);
      int right = check_answer(trials, b, 100, 100 + stimulus, 400 + stimulus, 2000, 1);
      if (right < 0) continue;
      EXPECT(stimulus >= 80 && stimulus < 1500);
      duration[n] = (double)stimulus + 0.5; /* the middle of what is rounded down to it */
      mean += duration[n++];
      double c = condition_of(trials, "coherence", b);
      for (int64_t t = 0; t < trials->length[b]; t += 10) {
        int on = t >= 100 && t < 100 + stimulus;
        EXPECT(input_at(trials, t, b, 2) == on);
        expect_near((double)input_at(trials, t, b, right), on ? (1 + c / 100) / 2 : 0);
      }
    }
    nai_trials_destroy(trials);
  }
  double span = 1500 - 80, tail = exp(-span / 330);
  double expected = 80 + 330 - span * tail / (1 - tail);
  ck_assert_double_lt(fabs(mean / (double)n - expected), 4 * 330 / sqrt((double)n));
  ck_assert_double_lt(kolmogorov(duration, n, truncated_exponential), 2.2);
  nai_task_destroy(task);
}
END_TEST

/* Equal bounds make a constant; exchanged ones are the same. */
START_TEST(bounds_of_durations)
{
  nai_task *task = make_task(VARIABLE, 20);
  nai_trials *before = make_trials(task, 50);
  set_number(task, "stimulus_min", 1500);
  set_number(task, "stimulus_max", 80);
  nai_trials *after = make_trials(task, 50);
  for (int64_t b = 0; b < 50; b++) ck_assert_int_eq(before->length[b], after->length[b]);
  nai_trials_destroy(before);
  nai_trials_destroy(after);
  set_number(task, "catch", 0);
  set_number(task, "stimulus_min", 400);
  set_number(task, "stimulus_max", 400);
  ck_assert_int_eq(task->ops.max_steps, 40);
  after = make_trials(task, 50);
  for (int64_t b = 0; b < 50; b++) EXPECT(condition_of(after, "stimulus", b) == 400);
  nai_trials_destroy(after);
  nai_task_destroy(task);
}
END_TEST

START_TEST(dots_with_reaction_time)
{
  enum { N = 2200 };
  for (int test = 0; test < 2; test++) {
    int64_t fixation = test ? 15 : 5, stimulus = test ? 75 : 40;
    nai_task *task = make_task(REACTION, 20);
    if (test) {
      set_number(task, "fixation", 300);
      set_number(task, "stimulus", 1500);
    }
    nai_trials *trials = make_trials(task, N);
    check_shares(trials, 5 / 11.0);
    for (int64_t b = 0; b < N; b++) {
      int right = check_answer(trials, b, fixation, fixation + 15, fixation + stimulus, 100, 1.2);
      double c = condition_of(trials, "coherence", b);
      for (int64_t t = 0; t < trials->length[b] && right >= 0; t++) {
        EXPECT(input_at(trials, t, b, 2) == (t >= fixation));
        expect_near((double)input_at(trials, t, b, right), t >= fixation ? (1 + c / 100) / 2 : 0);
        expect_near((double)input_at(trials, t, b, 1 - right),
                    t >= fixation ? (1 - c / 100) / 2 : 0);
      }
    }
    nai_trials_destroy(trials);
    nai_task_destroy(task);
  }
}
END_TEST

START_TEST(first_output_above_the_threshold_is_the_choice)
{
  nai_task *task = make_task(REACTION, 20);
  nai_trials *trials = make_trials(task, 40);
  float *z = calloc((size_t)trials->steps * 2, sizeof *z);
  for (int64_t b = 0; b < 40; b++) {
    int right = (int)condition_of(trials, "target", b), choice;
    int64_t last = trials->length[b] - 1;
    for (int64_t i = 0; i < 2 * trials->steps; i++) z[i] = 0.2f;
    /* never above: the larger one at the end */
    z[2 * last + 1] = 1;
    ck_assert_int_eq(judged(&choice, task, trials, b, z), right < 0 ? -1 : right == 1);
    ck_assert_int_eq(choice, right < 0 ? -1 : 1);
    /* output 0 is above before output 1 is, and below again at the end */
    z[2 * 20] = 1.01f;
    z[2 * 21 + 1] = 3;
    ck_assert_int_eq(judged(&choice, task, trials, b, z), right < 0 ? -1 : right == 0);
    /* both at once: the larger one */
    z[2 * 20 + 1] = 1.02f;
    ck_assert_int_eq(judged(&choice, task, trials, b, z), right < 0 ? -1 : right == 1);
    nai__verdict verdict; /* at the end of step 20 from 0, 420 ms; no time without an answer */
    expect_ok(nai__judge(&verdict, task, trials, b, 0, z, trials->n_outputs, 20));
    EXPECT(right < 0 ? isnan(verdict.time) : verdict.time == 420);
    for (int k = 0; k < 3; k++) { /* before, whatever comes later */
      z[2 * 10 + 1] = lost[k];
      ck_assert_int_eq(judged(&choice, task, trials, b, z), right < 0 ? -1 : 0);
      ck_assert_int_eq(choice, -1);
    }
    z[2 * 10 + 1] = 0.2f;
    z[2 * 20 + 1] = INFINITY; /* when it would be made */
    expect_ok(nai__judge(&verdict, task, trials, b, 0, z, trials->n_outputs, 20));
    EXPECT(verdict.choice == -1 && verdict.correct == (right < 0 ? -1 : 0) && isnan(verdict.time));
  }
  /* a threshold out of reach leaves the criterion of the published training */
  set_number(task, "threshold", 1e6);
  for (int64_t b = 0; b < 40; b++) {
    int right = (int)condition_of(trials, "target", b), choice;
    for (int64_t i = 0; i < 2 * trials->steps; i++) z[i] = 0.2f;
    z[2 * 20] = 5;
    z[2 * (trials->length[b] - 1) + 1] = 0.3f;
    ck_assert_int_eq(judged(&choice, task, trials, b, z), right < 0 ? -1 : right == 1);
  }
  expect_fails(nai_task_set_list(task, "threshold", (double[]){1, 2}, 2), NAI_ERR_INVALID,
               "threshold");
  free(z);
  nai_trials_destroy(trials);
  nai_task_destroy(task);
}
END_TEST

/* --- context-dependent integration ------------------------------------------------------------ */

/* Of the values 5, 15 and 50, with a sign: 0 to 5. */
static int level(double signed_coherence)
{
  double c = fabs(signed_coherence);
  int k = c == 5 ? 0 : c == 15 ? 1 : c == 50 ? 2 : -1;
  EXPECT(k >= 0);
  return 2 * k + (signed_coherence > 0);
}

START_TEST(integration_by_context)
{
  enum { N = 73 * 200 };
  nai_task *task = make_task(CONTEXT, 100);
  ck_assert_int_eq(task->ops.max_steps, 20);
  nai_trials *trials = make_trials(task, N);
  check_shares(trials, 1 / 73.0);
  static double count[2][6][6];
  double motion_alone = 0, n = 0;
  for (int64_t b = 0; b < N; b++) {
    int right = check_answer(trials, b, 1, 9, 12, 20, 1);
    if (right < 0) continue;
    int context = (int)condition_of(trials, "context", b);
    double motion = condition_of(trials, "motion", b), colour = condition_of(trials, "colour", b);
    double counts = context == 1 ? motion : colour;
    ck_assert_int_eq(right, counts > 0);
    EXPECT(condition_of(trials, "signed_coherence", b) == counts);
    const double shown[6] = {context == 1,           context == 2,
                             (1 - motion / 100) / 2, (1 + motion / 100) / 2,
                             (1 - colour / 100) / 2, (1 + colour / 100) / 2};
    for (int64_t t = 0; t < 12; t++)
      for (int k = 0; k < 6; k++)
        expect_near((double)input_at(trials, t, b, k), t >= 1 && t < 9 ? shown[k] : 0);
    count[context - 1][level(motion)][level(colour)]++;
    motion_alone += right == (motion > 0);
    n++;
  }
  double chi_square = 0;
  for (int i = 0; i < 72; i++) chi_square += pow(count[i / 36][i / 6 % 6][i % 6] - n / 72, 2);
  ck_assert_double_lt(chi_square / (n / 72), 71 + 4 * sqrt(2 * 71));
  expect_share(motion_alone, n, 0.75); /* who ignores the context cannot do better */
  nai_trials_destroy(trials);
  nai_task_destroy(task);
}
END_TEST

/* --- multisensory ----------------------------------------------------------------------------- */

START_TEST(multisensory_integration)
{
  enum { N = 10000 };
  nai_task *task = make_task(SENSES, 100);
  ck_assert_int_eq(task->ops.max_steps, 25);
  nai_trials *trials = make_trials(task, N);
  check_shares(trials, 0.2);
  double count[3][8] = {{0}}, n = 0;
  for (int64_t b = 0; b < N; b++) {
    int right = check_answer(trials, b, 1, 11, 14, 25, 1);
    if (right < 0) continue;
    double f = condition_of(trials, "frequency", b);
    int modality = (int)condition_of(trials, "modality", b);
    EXPECT(f >= 9 && f <= 16 && f == floor(f) && modality >= 1 && modality <= 3);
    ck_assert_int_eq(right, f > 12.5 ? 0 : 1);
    double rises = 0.4 + 0.8 * (f - 9) / 7, falls = 0.4 + 0.8 * (16 - f) / 7;
    int seen = modality != 2, heard = modality != 1;
    const double shown[4] = {seen * rises, heard * rises, seen * falls, heard * falls};
    for (int64_t t = 0; t < 14; t++) {
      for (int k = 0; k < 4; k++)
        expect_near((double)input_at(trials, t, b, k), t >= 1 && t < 11 ? shown[k] : 0);
      EXPECT(input_at(trials, t, b, 4) == (t >= 1));
    }
    count[modality - 1][(int)f - 9]++;
    n++;
  }
  for (int m = 0; m < 3; m++)
    for (int f = 0; f < 8; f++) expect_share(count[m][f], n, 1 / 24.0);
  nai_trials_destroy(trials);
  nai_task_destroy(task);
}
END_TEST

/* --- parametric working memory ---------------------------------------------------------------- */

static double uniform_delay(double x)
{
  return fmin(1, fmax(0, (x - 2500) / 1000));
}

START_TEST(parametric_working_memory)
{
  enum { N = 4400 };
  static double delay[N];
  nai_task *task = make_task(MEMORY, 10);
  ck_assert_int_eq(task->ops.max_steps, 490);
  nai_trials *trials = make_trials(task, N);
  check_shares(trials, 1 / 11.0);
  int64_t n = 0;
  double count[5][2] = {{0}}, first_alone = 0;
  for (int64_t b = 0; b < N; b++) {
    int64_t wait = (int64_t)condition_of(trials, "delay", b) / 10;
    int right = check_answer(trials, b, 10, 110 + wait, 140 + wait, 200, 1);
    if (right < 0) continue;
    EXPECT(wait >= 250 && wait < 350);
    delay[n++] = (double)wait * 10 + 5;
    double f1 = condition_of(trials, "f1", b), f2 = condition_of(trials, "f2", b);
    EXPECT(fabs(f1 - f2) == 8);
    ck_assert_int_eq(right, f1 > f2 ? 0 : 1);
    for (int64_t t = 0; t < 140 + wait; t += 5) {
      double f = t >= 10 && t < 60 ? f1 : t >= 60 + wait && t < 110 + wait ? f2 : -1;
      expect_near((double)input_at(trials, t, b, 0), f < 0 ? 0 : 0.4 + 0.8 * (f - 10) / 24);
      expect_near((double)input_at(trials, t, b, 1), f < 0 ? 0 : 0.4 + 0.8 * (34 - f) / 24);
    }
    count[(int)(fmin(f1, f2) - 10) / 4][right]++;
    /* who compares the first with 22 Hz alone */
    first_alone += (f1 > 22 ? 0 : f1 < 22 ? 1 : -1) == right;
  }
  for (int k = 0; k < 5; k++)
    for (int right = 0; right < 2; right++) expect_share(count[k][right], (double)n, 0.1);
  expect_share(first_alone, (double)n, 0.6); /* of the ten orders six */
  ck_assert_double_lt(kolmogorov(delay, n, uniform_delay), 2.2);
  nai_trials_destroy(trials);

  set_number(task, "delay_min", 3000); /* as published tests */
  set_number(task, "delay_max", 3000);
  set_number(task, "catch", 0);
  trials = make_trials(task, 50);
  for (int64_t b = 0; b < 50; b++) ck_assert_int_eq(trials->length[b], 440);
  nai_trials_destroy(trials);
  nai_task_destroy(task);
}
END_TEST

/* --- eye movements ---------------------------------------------------------------------------- */

/* Dots of each sequence after the middle, and where the eye could go from a dot. */
static const int sequences[8][3] = {{5, 1, 0}, {3, 1, 2}, {3, 7, 8}, {5, 7, 6},
                                    {5, 1, 2}, {3, 1, 0}, {3, 7, 6}, {5, 7, 8}};

static int may_go(int from, int to)
{
  switch (from) {
  case 4: return to == 3 || to == 5;
  case 3:
  case 5: return to == 1 || to == 7;
  case 1: return to == 0 || to == 2;
  case 7: return to == 6 || to == 8;
  default: return 0;
  }
}

static double dot_x(int dot)
{
  return -0.5 + 0.5 * (dot % 3);
}

static double dot_y(int dot)
{
  return -0.5 + 0.5 * (2 - dot / 3);
}

START_TEST(eye_movements)
{
  enum { N = 4000 };
  nai_task *task = make_task(EYES, 50);
  nai_trials *trials = make_trials(task, N);
  ck_assert_int_eq(trials->steps, 70);
  double count[8] = {0};
  for (int64_t b = 0; b < N; b++) {
    int order = (int)condition_of(trials, "sequence", b) - 1;
    EXPECT(order >= 0 && order < 8);
    count[order]++;
    for (int64_t t = 0; t < 70; t++) {
      int movement = t < 40 ? -1 : (int)((t - 40) / 10);
      int from = movement > 0 ? sequences[order][movement - 1] : 4;
      int to = movement >= 0 ? sequences[order][movement] : 4;
      EXPECT(mask_at(trials, t, b) == (t >= 20));
      for (int dot = 0; dot < 9; dot++) {
        int on = t >= 20 && (dot == from || (movement >= 0 && may_go(from, dot)));
        EXPECT(input_at(trials, t, b, dot) == on);
      }
      for (int k = 0; k < 8; k++) EXPECT(input_at(trials, t, b, 9 + k) == (k == order));
      if (t < 20) continue;
      expect_near((double)target_at(trials, t, b, 0), dot_x(to));
      expect_near((double)target_at(trials, t, b, 1), dot_y(to));
    }
  }
  for (int s = 0; s < 8; s++) expect_share(count[s], N, 1 / 8.0);
  nai_trials_destroy(trials);
  nai_task_destroy(task);
}
END_TEST

START_TEST(eye_movements_are_judged_by_their_error)
{
  nai_task *task = make_task(EYES, 50);
  nai_trials *trials = make_trials(task, 30);
  float z[70][2];
  for (int64_t b = 0; b < 30; b++) {
    int order = (int)condition_of(trials, "sequence", b) - 1, choice;
    for (int64_t t = 0; t < 70; t++)
      for (int k = 0; k < 2; k++) /* far off where nothing counts */
        z[t][k] = t < 20 ? 7 : target_at(trials, t, b, k) + 0.049f;
    ck_assert_int_eq(judged(&choice, task, trials, b, z[0]), 1);
    ck_assert_int_eq(choice, order);
    for (int64_t t = 20; t < 70; t++)
      for (int k = 0; k < 2; k++) z[t][k] += 0.002f;
    ck_assert_int_eq(judged(&choice, task, trials, b, z[0]), 0);
    ck_assert_int_eq(choice, order);
    /* another sequence: where the last movement of another one ends */
    int other = (order + 4) % 8;
    for (int m = 0; m < 3; m++) {
      z[49 + 10 * m][0] = (float)dot_x(sequences[other][m]);
      z[49 + 10 * m][1] = (float)dot_y(sequences[other][m]);
    }
    ck_assert_int_eq(judged(&choice, task, trials, b, z[0]), 0);
    ck_assert_int_eq(choice, other);
    z[69][0] = z[69][1] = 0; /* the middle: no sequence ends there */
    judged(&choice, task, trials, b, z[0]);
    ck_assert_int_eq(choice, -1);
    for (int m = 0; m < 2; m++) { /* a sequence ends there, but before it */
      z[69][m] = (float)(m ? dot_y : dot_x)(sequences[other][2]);
    }
    for (int k = 0; k < 3; k++) {
      z[30][1] = lost[k];
      ck_assert_int_eq(judged(&choice, task, trials, b, z[0]), 0);
      ck_assert_int_eq(choice, -1);
    }
  }
  nai_trials_destroy(trials);
  nai_task_destroy(task);
}
END_TEST

/* --- sine ------------------------------------------------------------------------------------- */

START_TEST(sine_wave)
{
  nai_task *task = make_task(SINE, 20);
  nai_trials *trials = make_trials(task, 3);
  ck_assert_int_eq(trials->steps, 80);
  float z[80];
  for (int64_t b = 0; b < 3; b++) {
    int choice;
    for (int64_t t = 0; t < 80; t++) {
      expect_near((double)target_at(trials, t, b, 0),
                  0.9 * sin(2 * pi * (double)(t + 1) * 20 / 800));
      EXPECT(mask_at(trials, t, b) == 1);
      z[t] = target_at(trials, t, b, 0) + (t % 2 ? 0.049f : -0.049f);
    }
    ck_assert_int_eq(judged(&choice, task, trials, b, z), 1);
    ck_assert_int_eq(choice, -1);
    for (int64_t t = 0; t < 80; t++) z[t] = target_at(trials, t, b, 0) + 0.051f;
    ck_assert_int_eq(judged(&choice, task, trials, b, z), 0);
    z[3] = NAN;
    ck_assert_int_eq(judged(&choice, task, trials, b, z), 0);
  }
  nai_trials_destroy(trials);
  set_numbers(task, "period", (double[]){400, 1000}, 2);
  set_number(task, "periods", 1.5);
  trials = make_trials(task, 40);
  ck_assert_int_eq(trials->steps, 75);
  for (int64_t b = 0; b < 40; b++) {
    double period = condition_of(trials, "period", b);
    EXPECT(period == 400 || period == 1000);
    ck_assert_int_eq(trials->length[b], period * 1.5 / 20);
    expect_near((double)target_at(trials, 4, b, 0), 0.9 * sin(2 * pi * 100 / period));
  }
  nai_trials_destroy(trials);
  nai_task_destroy(task);
}
END_TEST

/* Trials given as arrays say nothing of what they are: they are not judged. */
START_TEST(trials_without_conditions_are_not_judged)
{
  static const char *const names[] = {DOTS, REACTION, EYES, SINE, "ready-set-go"};
  nai_task *task = make_task(names[_i], 20);
  nai_trials *trials;
  expect_ok(nai_trials_create(&trials, task->net, 6, 1));
  float z[6][2] = {{0}};
  int choice;
  ck_assert_int_eq(judged(&choice, task, trials, 0, z[0]), -1);
  ck_assert_int_eq(choice, -1);
  if (_i == 2) { /* nor those whose length is not what they say */
    static const char *const conditions[] = {"sequence", "between", "fixation", "movement"};
    for (int k = 0; k < 4; k++)
      expect_ok(nai_trials_set_condition(trials, conditions[k], (float[]){k ? 1000 : 1}));
    ck_assert_int_eq(judged(&choice, task, trials, 0, z[0]), -1);
  }
  nai_trials_destroy(trials);
  nai_task_destroy(task);
}
END_TEST

Suite *song_tasks_suite(void);

Suite *song_tasks_suite(void)
{
  Suite *suite = suite_create("song_tasks");
  TCase *all = tcase_create("all");
  tcase_add_loop_test(all, hold_what_every_task_holds, 0, 8);
  tcase_add_loop_test(all, choose_the_larger_output_at_the_last_step, 0, 5);
  tcase_add_loop_test(all, trials_without_conditions_are_not_judged, 0, 5);
  tcase_add_test(all, catch_trials_by_probability);
  suite_add_tcase(suite, all);
  ADD_CASE(suite, "dots", dots_of_fixed_duration, dots_by_chance, dots_of_variable_duration,
           bounds_of_durations, dots_with_reaction_time,
           first_output_above_the_threshold_is_the_choice);
  ADD_CASE(suite, "decisions", integration_by_context, multisensory_integration,
           parametric_working_memory);
  ADD_CASE(suite, "movements", eye_movements, eye_movements_are_judged_by_their_error, sine_wave);
  return suite;
}
