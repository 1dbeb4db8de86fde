/* What tests of built-in tasks share: see tasks.h. */
#include "tasks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/task/epochs.h"
#include "faults.h"

static const nai__task_kind *find_kind(const char *name)
{
  const nai__task_kind *kind;
  for (int64_t i = 0; (kind = nai__task_kind_at(i)) != NULL; i++)
    if (strcmp(kind->name, name) == 0) return kind;
  ck_abort_msg("no task is called %s", name);
}

static nai_network *make_network(int64_t n_inputs, int64_t n_outputs, double dt)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, dt));
  if (n_inputs) expect_ok(nai_network_add_input(net, "in", n_inputs));
  expect_ok(nai_network_add_population(net, "E", 3, NAI_FREE));
  expect_ok(nai_network_add_output(net, "out", n_outputs));
  if (n_inputs) expect_ok(nai_network_connect(net, "in", "E"));
  expect_ok(nai_network_connect(net, "E", "out"));
  expect_ok(nai_network_build(net, 1));
  return net;
}

nai_task *task_for(const nai_network *net, const char *name)
{
  nai_task *task;
  expect_ok(nai_task_create(&task, name, net));
  return task;
}

nai_task *make_task(const char *name, double dt)
{
  const nai__task_kind *kind = find_kind(name);
  nai_network *net = make_network(kind->n_inputs, kind->n_outputs, dt);
  nai_task *task = task_for(net, name);
  nai_network_destroy(net);
  return task;
}

void set_number(nai_task *task, const char *parameter, double value)
{
  expect_ok(nai_task_set(task, parameter, value));
}

void set_numbers(nai_task *task, const char *parameter, const double *values, int64_t n)
{
  expect_ok(nai_task_set_list(task, parameter, values, n));
}

nai_trials *make_trials(const nai_task *task, int64_t n)
{
  return make_trials_of(task, 5, NAI_STREAM_TRAIN, 0, n);
}

nai_trials *make_trials_of(const nai_task *task, uint64_t seed, int32_t stream, uint64_t first,
                           int64_t n)
{
  nai_trials *trials;
  expect_ok(nai_task_generate(&trials, task, seed, stream, first, n));
  return trials;
}

/* --- reading ---------------------------------------------------------------------------------- */

static int64_t row(const nai_trials *trials, int64_t t, int64_t b)
{
  EXPECT(t >= 0 && t < trials->steps && b >= 0 && b < trials->trials);
  return t * trials->trials + b;
}

float input_at(const nai_trials *trials, int64_t t, int64_t b, int64_t channel)
{
  EXPECT(channel >= 0 && channel < trials->n_inputs);
  return trials->input[row(trials, t, b) * trials->n_inputs + channel];
}

float target_at(const nai_trials *trials, int64_t t, int64_t b, int64_t channel)
{
  EXPECT(trials->goal[0].target && channel >= 0 && channel < trials->goal[0].n);
  return trials->goal[0].target[row(trials, t, b) * trials->goal[0].n + channel];
}

float mask_at(const nai_trials *trials, int64_t t, int64_t b)
{
  ck_assert_int_eq(trials->goal[0].mask_columns, 1);
  return trials->goal[0].mask[row(trials, t, b)];
}

int32_t class_at(const nai_trials *trials, int64_t t, int64_t b)
{
  EXPECT(trials->goal[0].classes);
  return trials->goal[0].classes[row(trials, t, b)];
}

double condition_of(const nai_trials *trials, const char *name, int64_t b)
{
  for (int64_t i = 0; i < trials->n_conditions; i++)
    if (strcmp(trials->condition[i].name, name) == 0) return (double)trials->condition[i].value[b];
  ck_abort_msg("no condition is called %s", name);
}

void expect_near(double found, double expected)
{
  if (!(fabs(found - expected) <= 1e-6 * fmax(1, fabs(expected))))
    ck_abort_msg("found %.9g, expected %.9g", found, expected);
}

void expect_share(double k, double n, double p)
{
  if (!(fabs(k - n * p) <= 4 * sqrt(n * p * (1 - p)) + 1e-9))
    ck_abort_msg("%g of %g, expected a share of %g", k, n, p);
}

nai_staircase falling_coherence(void)
{
  nai_staircase stair = NAI_STAIRCASE_INIT;
  stair.parameter = "coherence";
  stair.start = 100;
  stair.hardest = 20;
  stair.step = 15;
  return stair;
}

double normal_below(double x)
{
  return 0.5 * erfc(-x / sqrt(2));
}

int judged(int *choice, const nai_task *task, const nai_trials *trials, int64_t b, const float *z)
{
  nai__verdict v;
  expect_ok(nai__judge(&v, task, trials, b, 0, z, trials->n_outputs, task->net->dt));
  *choice = v.choice;
  return v.correct;
}

/* --- what holds for all ----------------------------------------------------------------------- */

static void expect_same(const nai_trials *x, int64_t b, const nai_trials *y, int64_t c)
{
  ck_assert_int_eq(x->length[b], y->length[c]);
  ck_assert_int_eq(x->n_conditions, y->n_conditions);
  int64_t own = x->own;
  for (int64_t i = 0; i < x->n_conditions * own; i++)
    EXPECT(x->condition[i / own].value[b * own + i % own] ==
           y->condition[i / own].value[c * own + i % own]);
  ck_assert_int_eq(x->n_epochs, y->n_epochs);
  own *= 2;
  for (int64_t i = 0; i < x->n_epochs * own; i++)
    EXPECT(x->epoch[i / own].step[b * own + i % own] == y->epoch[i / own].step[c * own + i % own]);
  for (int64_t t = 0; t < x->length[b]; t++) {
    EXPECT(mask_at(x, t, b) == mask_at(y, t, c));
    for (int64_t k = 0; k < x->n_inputs; k++) EXPECT(input_at(x, t, b, k) == input_at(y, t, c, k));
    if (x->goal[0].classes) EXPECT(class_at(x, t, b) == class_at(y, t, c));
    for (int64_t k = 0; x->goal[0].target && k < x->goal[0].n; k++)
      EXPECT(target_at(x, t, b, k) == target_at(y, t, c, k));
  }
}

static void check_splits(const nai_task *task)
{
  enum { N = 40 };
  static const int64_t sizes[] = {1, 7, 39};
  for (int32_t stream = 0; stream < 2; stream++) {
    nai_trials *whole = make_trials_of(task, 9, stream, 1000, N);
    for (int k = 0; k < 3; k++)
      for (int64_t first = 0; first < N; first += sizes[k]) {
        int64_t n = N - first < sizes[k] ? N - first : sizes[k];
        nai_trials *part = make_trials_of(task, 9, stream, 1000 + (uint64_t)first, n);
        for (int64_t b = 0; b < n; b++) expect_same(part, b, whole, first + b);
        nai_trials_destroy(part);
      }
    nai_trials_destroy(whole);
  }
}

/* Nothing but 0 beyond the end; no trial is longer than the task says, and the mask says how long. */
static void check_ends(const nai_task *task, const nai_trials *trials)
{
  int64_t longest = 0;
  for (int64_t b = 0; b < trials->trials; b++) {
    int64_t length = trials->length[b];
    EXPECT(length >= 1 && length <= task->ops.max_steps);
    longest = length > longest ? length : longest;
    for (int64_t t = length; t < trials->steps; t++) {
      EXPECT(mask_at(trials, t, b) == 0);
      for (int64_t k = 0; k < trials->n_inputs; k++) EXPECT(input_at(trials, t, b, k) == 0);
    }
  }
  ck_assert_int_eq(longest, trials->steps);
}

/* Which of the trials are equal, one by one, in what was drawn and shown. */
static int count_equal(const nai_trials *x, const nai_trials *y)
{
  int equal = 0;
  for (int64_t b = 0; b < x->trials; b++) {
    int same = x->length[b] == y->length[b];
    for (int64_t i = 0; same && i < x->n_conditions; i++)
      same = x->condition[i].value[b] == y->condition[i].value[b];
    for (int64_t t = 0; same && t < x->length[b]; t++)
      for (int64_t k = 0; same && k < x->n_inputs; k++)
        same = input_at(x, t, b, k) == input_at(y, t, b, k);
    equal += same;
  }
  return equal;
}

/*
 * Trials of one stream are not those of another. Of few kinds of trials some meet by chance: with
 * two equal kinds half of them.
 */
static void check_streams(const nai_task *task, int fixed)
{
  enum { N = 200 };
  nai_trials *of[4];
  for (int s = 0; s < 4; s++) of[s] = make_trials_of(task, 1 + s / 2, s % 2, 0, N);
  for (int s = 0; s < 4; s++) check_ends(task, of[s]);
  for (int s = 0; s < 4; s++)
    for (int r = 0; r < s; r++) {
      int equal = count_equal(of[r], of[s]);
      EXPECT(fixed ? equal == N : equal < N / 2 + 30);
    }
  for (int s = 0; s < 4; s++) nai_trials_destroy(of[s]);
}

static void check_refusals(nai_task *task, const nai__task_kind *kind)
{
  nai_trials *before = make_trials(task, 5);
  int64_t longest = task->ops.max_steps;
  EXPECT(kind->n_parameters > 0);
  for (int k = 0; k < kind->n_parameters; k++) {
    const nai__parameter *p = &kind->parameters[k];
    EXPECT(p->low <= p->initial && p->initial <= p->high && strlen(p->meaning) > 5);
    const double bad[] = {NAN, INFINITY, -INFINITY, p->low - 0.5, 2 * p->high + 1};
    for (int i = 0; i < 5; i++) {
      expect_fails(nai_task_set(task, p->name, bad[i]), NAI_ERR_INVALID, p->name);
      expect_fails(nai_task_set_list(task, p->name, (double[]){p->high, bad[i]}, 2),
                   NAI_ERR_INVALID, p->name);
    }
    if (p->whole)
      expect_fails(nai_task_set(task, p->name, p->low + 0.5), NAI_ERR_INVALID,
                   p->low == 0 && p->high == 1 ? "0 or 1" : "whole");
  }
  expect_fails(nai_task_set(task, "no-such", 1), NAI_ERR_NAME, "no parameter 'no-such'");
  ck_assert_int_eq(task->ops.max_steps, longest);
  nai_trials *after = make_trials(task, 5);
  for (int64_t b = 0; b < 5; b++) expect_same(before, b, after, b);
  nai_trials_destroy(before);
  nai_trials_destroy(after);
}

/* Durations that leave no step in any trial, and those of too many. */
static void check_durations(const char *name, const nai__task_kind *kind)
{
  nai_task *task = make_task(name, 1);
  nai_status status = NAI_OK;
  for (int k = 0; k < kind->n_parameters && status == NAI_OK; k++)
    if (strcmp(kind->parameters[k].unit, "ms") == 0)
      status = nai_task_set(task, kind->parameters[k].name, kind->parameters[k].low);
  expect_fails(status, NAI_ERR_INVALID, "no step");
  nai_trials_destroy(make_trials(task, 2));
  nai_task_destroy(task);

  task = make_task(name, 1);
  int64_t longest = task->ops.max_steps;
  int refused = 0;
  for (int k = 0; k < kind->n_parameters; k++) {
    if (strcmp(kind->parameters[k].unit, "ms") != 0) continue;
    if (nai_task_set(task, kind->parameters[k].name, 1e7) == NAI_OK) {
      set_number(task, kind->parameters[k].name, kind->parameters[k].initial);
      continue;
    }
    int is_grace = strcmp(kind->parameters[k].name, "grace") == 0; /* within the stimulus */
    expect_fails(NAI_ERR_INVALID, NAI_ERR_INVALID, is_grace ? "no step" : "at most 1000000");
    ck_assert_int_eq(task->ops.max_steps, longest);
    refused++;
  }
  EXPECT(refused >= 1);
  nai_task_destroy(task);
}

static void check_allocations(const nai_task *task)
{
  nai_trials *trials;
  expect_ok(nai__task_trials(&trials, task, 16));
  long before = faults_allocations();
  nai_status worst = NAI_OK;
  for (uint64_t k = 0; k < 10; k++) {
    nai_status status = nai__task_fill(trials, task, 3, NAI_STREAM_TRAIN, 16 * k, 16);
    if (status != NAI_OK) worst = status;
  }
  long after = faults_allocations();
  ck_assert_int_eq(after, before);
  expect_ok(worst);
  nai_trials_destroy(trials);
}

void check_any_task(const char *name, double dt, int fixed)
{
  const nai__task_kind *kind = find_kind(name);
  nai_task *task = make_task(name, dt);
  ck_assert_str_eq(nai_task_name(task), name);
  EXPECT(kind->n_parameters <= NAI__MOST_PARAMETERS);
  check_splits(task);
  check_streams(task, fixed);
  check_refusals(task, kind);
  check_allocations(task);
  check_durations(name, kind);
  nai_task_destroy(task);
}

/* --- noise ------------------------------------------------------------------------------------ */

/* Noise z of one channel at one step, added to the sums. */
typedef struct noise_sums {
  double n, sum, square, fourth, between, in_time;
} noise_sums;

static void add_trial(noise_sums *sums, const nai_trials *noisy, const nai_trials *quiet, int64_t b,
                      int64_t first, int64_t n, double sd, int64_t *count)
{
  double last = 0;
  *count = 0;
  for (int64_t t = 0; t < noisy->length[b]; t++) {
    double left = 0;
    int some = 0;
    for (int64_t k = 0; k < noisy->n_inputs; k++) {
      double z = ((double)input_at(noisy, t, b, k) - (double)input_at(quiet, t, b, k)) / sd;
      if (k < first || k >= first + n) {
        EXPECT(z == 0);
        continue;
      }
      some |= z != 0;
      sums->n += z != 0;
      sums->sum += z;
      sums->square += z * z;
      sums->fourth += z * z * z * z;
      sums->between += z * left;
      left = z;
    }
    sums->in_time += left * last;
    last = left;
    *count += some;
  }
}

void check_stimulus_noise(const char *name, double dt, int64_t first, int64_t n, int64_t steps)
{
  enum { N = 400 };
  nai_task *task = make_task(name, dt);
  nai_trials *noisy = make_trials(task, N);
  set_number(task, "sigma", 0);
  nai_trials *quiet = make_trials(task, N);
  noise_sums sums = {0};
  for (int64_t b = 0; b < N; b++) {
    int64_t count;
    add_trial(&sums, noisy, quiet, b, first, n, sqrt(1 / dt), &count);
    ck_assert_int_eq(count, steps);
  }
  ck_assert_double_lt(fabs(sums.n / (double)(N * steps * n) - 1), 1e-3); /* a few round to 0 */
  double root = sqrt(sums.n);
  ck_assert_double_lt(fabs(sums.sum / sums.n), 4 / root);
  ck_assert_double_lt(fabs(sums.square / sums.n - 1), 4 * sqrt(2) / root);
  ck_assert_double_lt(fabs(sums.fourth / sums.n - 3), 4 * sqrt(96) / root);
  ck_assert_double_lt(fabs(sums.between / sums.n), 4 / root);
  ck_assert_double_lt(fabs(sums.in_time / sums.n), 4 / root);
  nai_trials_destroy(noisy);
  nai_trials_destroy(quiet);
  nai_task_destroy(task);
}
