/*
 * The twenty tasks of Yang et al. 2019: every value of their trials against a description written
 * here from the paper's program, how often chance draws what, how trials are judged, and blocks.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <neuroai/extend.h>

#include "../lib/task/arrays.h"
#include "../lib/task/task.h"
#include "faults.h"
#include "networks.h"

#define PI 3.14159265358979323846
#define TASKS 20
#define RING 32
#define INPUTS 85
#define OUTPUTS 33
#define MIXED "yang-mixed"

/* Trials of a batch of these tests, and steps that are room enough for any of them at dt 20. */
#define BATCH 128

/* --- what the tasks are ----------------------------------------------------------------------- */

/* Durations in ms: one of up to four values, or anything between two. n = 0: no such epoch. */
typedef struct epoch {
  int n, range;
  double value[4];
} epoch;

enum { ONSET, STIMULUS, DELAY, SECOND, WAIT, RESPONSE, EPOCHS };
enum { PRO, ANTI, STRONGER, MATCH, NONMATCH };

typedef struct expected {
  const char *name;
  int family, rings, answer; /* rings: 0 either; 1, 2 that one; 3, 4 both but attend one; 5 sum */
} expected;

enum { FD, REACT, DELAYGO, DM, DELAYDM, DMS, DMC };

static const expected task_table[TASKS] = {
    {"yang-fdgo", FD, 0, PRO},
    {"yang-reactgo", REACT, 0, PRO},
    {"yang-delaygo", DELAYGO, 0, PRO},
    {"yang-fdanti", FD, 0, ANTI},
    {"yang-reactanti", REACT, 0, ANTI},
    {"yang-delayanti", DELAYGO, 0, ANTI},
    {"yang-dm1", DM, 1, STRONGER},
    {"yang-dm2", DM, 2, STRONGER},
    {"yang-contextdm1", DM, 3, STRONGER},
    {"yang-contextdm2", DM, 4, STRONGER},
    {"yang-multidm", DM, 5, STRONGER},
    {"yang-delaydm1", DELAYDM, 1, STRONGER},
    {"yang-delaydm2", DELAYDM, 2, STRONGER},
    {"yang-contextdelaydm1", DELAYDM, 3, STRONGER},
    {"yang-contextdelaydm2", DELAYDM, 4, STRONGER},
    {"yang-multidelaydm", DELAYDM, 5, STRONGER},
    {"yang-dmsgo", DMS, 0, MATCH},
    {"yang-dmsnogo", DMS, 0, NONMATCH},
    {"yang-dmcgo", DMC, 0, MATCH},
    {"yang-dmcnogo", DMC, 0, NONMATCH},
};

static const struct {
  epoch epoch[EPOCHS];
  int stays, keeps_fixation, visible; /* visible: of both stimuli, how many times one comes on */
} family_table[] = {
    [FD] = {{{2, 1, {300, 700}}, {2, 1, {500, 1500}}, {0}, {0}, {0}, {1, 0, {500}}}, 1, 0, 1},
    [REACT] = {{{2, 1, {500, 2500}}, {0}, {0}, {0}, {0}, {1, 0, {500}}}, 1, 1, 1},
    [DELAYGO] = {{{3, 0, {300, 500, 700}},
                  {3, 0, {200, 400, 600}},
                  {4, 0, {200, 400, 800, 1600}},
                  {0},
                  {0},
                  {1, 0, {500}}},
                 0,
                 0,
                 1},
    [DM] = {{{2, 1, {100, 400}}, {3, 0, {400, 800, 1600}}, {0}, {0}, {0}, {1, 0, {500}}}, 0, 0, 1},
    [DELAYDM] = {{{3, 0, {200, 400, 600}},
                  {3, 0, {200, 400, 600}},
                  {4, 0, {200, 400, 800, 1600}},
                  {3, 0, {200, 400, 600}},
                  {2, 1, {100, 300}},
                  {1, 0, {500}}},
                 0,
                 0,
                 2},
    [DMS] = {{{3, 0, {200, 400, 600}},
              {3, 0, {200, 400, 600}},
              {4, 0, {200, 400, 800, 1600}},
              {0},
              {0},
              {1, 0, {500}}},
             0,
             1,
             2},
    [DMC] = {{{3, 0, {200, 400, 600}},
              {3, 0, {200, 400, 600}},
              {4, 0, {200, 400, 800, 1600}},
              {0},
              {0},
              {3, 0, {200, 400, 600}}},
             0,
             1,
             2},
};

/* --- networks, tasks, trials ------------------------------------------------------------------ */

/* Outputs: one of 33 channels, or fixation and ring apart. */
static nai_network *build_wide(double dt, int apart)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, dt));
  expect_ok(nai_network_add_input(net, "fixation", 1));
  expect_ok(nai_network_add_input(net, "rings", 2 * RING));
  expect_ok(nai_network_add_input(net, "rules", TASKS));
  expect_ok(nai_network_add_population(net, "units", 4, NAI_FREE));
  expect_ok(nai_network_set(net, "units", "tau", 2 * dt));
  expect_ok(nai_network_connect(net, "fixation rings rules", "units"));
  if (apart) {
    expect_ok(nai_network_add_output(net, "fixate", 1));
    expect_ok(nai_network_add_output(net, "answer", RING));
    expect_ok(nai_network_connect(net, "units", "fixate answer"));
  } else {
    expect_ok(nai_network_add_output(net, "out", OUTPUTS));
    expect_ok(nai_network_connect(net, "units", "out"));
  }
  expect_ok(nai_network_build(net, 1));
  return net;
}

static nai_task *make(const nai_network *net, const char *name, double block)
{
  nai_task *task;
  expect_ok(nai_task_create(&task, name, net));
  if (block > 0) expect_ok(nai_task_set(task, "block", block));
  return task;
}

static nai_trials *generate(const nai_task *task, uint64_t seed, int32_t stream, uint64_t first,
                            int64_t n)
{
  nai_trials *trials;
  expect_ok(nai_task_generate(&trials, task, seed, stream, first, n));
  return trials;
}

static float condition(const nai_trials *trials, const char *name, int64_t b)
{
  for (int64_t i = 0; i < trials->n_conditions; i++)
    if (strcmp(trials->condition[i].name, name) == 0) return trials->condition[i].value[b];
  ck_abort_msg("no condition '%s'", name);
}

static float input_at(const nai_trials *trials, int64_t step, int64_t b, int64_t c)
{
  return trials->input[(step * trials->trials + b) * INPUTS + c];
}

/* Targets and masks of both outputs, wherever they are. */
static const nai__goal *goal_of(const nai_trials *trials, int64_t c)
{
  for (int64_t i = 0; i < trials->n_goals; i++)
    if (c < trials->goal[i].offset + trials->goal[i].n) return &trials->goal[i];
  return NULL;
}

static float target_at(const nai_trials *trials, int64_t step, int64_t b, int64_t c)
{
  const nai__goal *goal = goal_of(trials, c);
  return goal->target[(step * trials->trials + b) * goal->n + c - goal->offset];
}

static float mask_at(const nai_trials *trials, int64_t step, int64_t b, int64_t c)
{
  const nai__goal *goal = goal_of(trials, c);
  EXPECT(goal->mask_columns == goal->n);
  return goal->mask[(step * trials->trials + b) * goal->n + c - goal->offset];
}

/* --- a trial, read off its arrays ------------------------------------------------------------- */

/* Steps at which something on the rings comes on and goes off: at most two times. */
typedef struct reading {
  int runs;
  int64_t on[2], off[2], go, end;
} reading;

static int shows(const nai_trials *trials, int64_t step, int64_t b)
{
  float most = 0;
  for (int64_t c = 1; c <= 2 * RING; c++) most = fmaxf(most, input_at(trials, step, b, c));
  return most > 0;
}

static reading read_trial(const nai_trials *trials, int64_t b)
{
  reading r = {.go = -1, .end = trials->length[b]};
  int before = 0;
  for (int64_t step = 0; step < r.end; step++) {
    int now = shows(trials, step, b);
    if (now && !before) {
      EXPECT(r.runs < 2);
      r.on[r.runs++] = step;
    }
    if (now) r.off[r.runs - 1] = step + 1;
    before = now;
    /* where the grace after go begins: the mask falls from 1 to 0 */
    if (step > 0 && mask_at(trials, step - 1, b, 1) == 1 && mask_at(trials, step, b, 1) == 0)
      r.go = step;
  }
  return r;
}

/* The steps of each epoch, from what is seen. */
static void durations(int64_t out[EPOCHS], const reading *r, int family)
{
  memset(out, 0, EPOCHS * sizeof *out);
  out[ONSET] = r->on[0];
  out[RESPONSE] = r->end - r->go;
  if (family == FD || family == DM) out[STIMULUS] = r->go - r->on[0];
  if (family >= DELAYDM || family == DELAYGO) out[STIMULUS] = r->off[0] - r->on[0];
  if (family == DELAYGO) out[DELAY] = r->go - r->off[0];
  if (family >= DELAYDM) out[DELAY] = r->on[1] - r->off[0];
  if (family != DELAYDM) return;
  out[SECOND] = r->off[1] - r->on[1];
  out[WAIT] = r->go - r->off[1];
}

static int64_t whole(double ms, double dt)
{
  return (int64_t)floor(ms / dt + 1e-9);
}

static void check_durations(const nai_trials *trials, int64_t b, const reading *r, int family,
                            double dt)
{
  int64_t steps[EPOCHS];
  durations(steps, r, family);
  EXPECT(r->runs == family_table[family].visible);
  EXPECT(r->off[r->runs - 1] == (family == DM        ? r->go
                                 : family == DELAYGO ? r->off[0]
                                 : family == DELAYDM ? r->off[1]
                                                     : r->end));
  if (family == REACT || family >= DMS) EXPECT(r->on[r->runs - 1] == r->go);
  for (int e = 0; e < EPOCHS; e++) {
    const epoch *want = &family_table[family].epoch[e];
    int fits = want->n == 0 && steps[e] == 0;
    for (int i = 0; i < want->n && !want->range; i++) fits |= steps[e] == whole(want->value[i], dt);
    if (want->range)
      fits = steps[e] >= whole(want->value[0], dt) && steps[e] <= whole(want->value[1], dt);
    ck_assert_msg(fits, "epoch %d of family %d has %d steps", e, family, (int)steps[e]);
  }
  EXPECT(condition(trials, "onset", b) == (float)((double)r->on[0] * dt));
  EXPECT(condition(trials, "go", b) == (float)((double)r->go * dt));
  EXPECT(condition(trials, "delay", b) == (float)((double)steps[DELAY] * dt));
}

static double bump(double angle, int k)
{
  double d = fabs(angle - 2 * PI * k / RING);
  d = fmin(d, 2 * PI - d) / (PI / 8);
  return 0.8 * exp(-d * d / 2);
}

static int close_to(float value, double wanted)
{
  return fabs((double)value - wanted) < 2e-6;
}

static void check_inputs(const nai_trials *trials, int64_t b, const reading *r, int rule)
{
  static const char *const strengths[2][2] = {{"strength1_ring1", "strength1_ring2"},
                                              {"strength2_ring1", "strength2_ring2"}};
  int family = task_table[rule].family;
  double angle[2] = {(double)condition(trials, "angle1", b),
                     (double)condition(trials, "angle2", b)};
  EXPECT((angle[1] < 0) == (family <= DELAYGO));
  for (int64_t step = 0; step < trials->steps; step++) {
    int on[2] = {step >= r->on[0] && step < r->off[0], 0};
    if (family == DM) on[1] = on[0];
    if (family >= DELAYDM) on[1] = step >= r->on[1] && step < r->off[1];
    int lives = step < r->end;
    EXPECT(input_at(trials, step, b, 0) ==
           (lives && (step < r->go || family_table[family].keeps_fixation)));
    for (int ring = 0; ring < 2; ring++)
      for (int k = 0; k < RING; k++) {
        double sum = 0;
        for (int s = 0; s < 2; s++)
          if (on[s]) sum += (double)condition(trials, strengths[s][ring], b) * bump(angle[s], k);
        EXPECT(close_to(input_at(trials, step, b, 1 + ring * RING + k), sum));
      }
    for (int k = 0; k < TASKS; k++)
      EXPECT(input_at(trials, step, b, 1 + 2 * RING + k) == (lives && k == rule));
  }
}

static void check_outputs(const nai_trials *trials, int64_t b, const reading *r, double dt)
{
  double answer = (double)condition(trials, "answer", b);
  int64_t grace = whole(100, dt);
  for (int64_t step = 0; step < trials->steps; step++) {
    int after = step >= r->go, lives = step < r->end;
    double weight = !lives || step < grace ? 0 : !after ? 1 : step < r->go + grace ? 0 : 25;
    for (int64_t c = 0; c < OUTPUTS; c++)
      EXPECT(mask_at(trials, step, b, c) == (float)(c == 0 ? 4 * weight : weight));
    if (!lives) continue;
    EXPECT(target_at(trials, step, b, 0) == (after && answer >= 0 ? 0.05f : 0.8f));
    for (int k = 0; k < RING; k++)
      EXPECT(close_to(target_at(trials, step, b, 1 + k),
                      0.05 + (after && answer >= 0 ? bump(answer, k) : 0)));
  }
}

/* --- every value ------------------------------------------------------------------------------ */

static double distance(double a, double b)
{
  double d = fmod(fabs(a - b), 2 * PI);
  return fmin(d, 2 * PI - d);
}

/* What is right, from the stimuli alone. */
static double right_answer(const nai_trials *trials, int64_t b, int rule)
{
  double first = (double)condition(trials, "angle1", b),
         second = (double)condition(trials, "angle2", b);
  double strength[2] = {0, 0};
  int rings = task_table[rule].rings, matches;
  if (rings != 2 && rings != 4) {
    strength[0] += (double)condition(trials, "strength1_ring1", b);
    strength[1] += (double)condition(trials, "strength2_ring1", b);
  }
  if (rings != 1 && rings != 3) {
    strength[0] += (double)condition(trials, "strength1_ring2", b);
    strength[1] += (double)condition(trials, "strength2_ring2", b);
  }
  matches = task_table[rule].family == DMS ? first == second : (first < PI) == (second < PI);
  switch (task_table[rule].answer) {
  case PRO: return first;
  case ANTI: return fmod(first + PI, 2 * PI);
  case STRONGER: return strength[1] > strength[0] ? second : first;
  case MATCH: return matches ? second : -1;
  default: return matches ? -1 : second;
  }
}

static void check_answer(const nai_trials *trials, int64_t b, int rule)
{
  double wanted = right_answer(trials, b, rule), answer = (double)condition(trials, "answer", b);
  EXPECT((wanted < 0) == (answer < 0));
  EXPECT(wanted < 0 || distance(wanted, answer) < 1e-6);
  int family = task_table[rule].family;
  if (family < DMS) EXPECT(condition(trials, "match", b) == -1);
  if (family >= DMS)
    EXPECT((condition(trials, "match", b) == 1) ==
           ((answer >= 0) == (task_table[rule].answer == MATCH)));
}

static void check_task(int rule, double dt, int apart)
{
  nai_network *net = build_wide(dt, apart);
  nai_task *task = make(net, task_table[rule].name, 1);
  nai_trials *trials = generate(task, 5, NAI_STREAM_TRAIN, 0, 48);
  for (int64_t b = 0; b < 48; b++) {
    EXPECT(condition(trials, "rule", b) == (float)rule);
    reading r = read_trial(trials, b);
    check_durations(trials, b, &r, task_table[rule].family, dt);
    check_inputs(trials, b, &r, rule);
    check_outputs(trials, b, &r, dt);
    check_answer(trials, b, rule);
  }
  nai_trials_destroy(trials);
  nai_task_destroy(task);
  nai_network_destroy(net);
}

START_TEST(every_value_of_every_task)
{
  check_task(_i, 20, 0);
  check_task(_i, 20, 1);
  check_task(_i, 50, 1);
}
END_TEST

START_TEST(tasks_are_listed_in_the_order_of_their_rules)
{
  int64_t first = 0;
  while (nai_task_builtin_name(first) &&
         strcmp(nai_task_builtin_name(first), task_table[0].name) != 0)
    first++;
  for (int i = 0; i < TASKS; i++)
    ck_assert_str_eq(nai_task_builtin_name(first + i), task_table[i].name);
  ck_assert_str_eq(nai_task_builtin_name(first + TASKS), MIXED);
  ck_assert_ptr_null(nai_task_builtin_name(first + TASKS + 1));
  for (int i = 0; i <= TASKS; i++) {
    nai_parameter p = NAI_PARAMETER_INIT;
    int64_t n = 0;
    while (nai_task_parameter(&p, nai_task_builtin_name(first + i), n) == NAI_OK) {
      EXPECT(p.low <= p.initial && p.initial <= p.high);
      EXPECT(p.list == (strcmp(p.name, "block") != 0));
      n++;
    }
    ck_assert_str_eq(p.name, "block");
    EXPECT(p.initial == 64);
    EXPECT(n >= 4);
  }
}
END_TEST

/* --- chance ----------------------------------------------------------------------------------- */

/* Numbers seen in many trials. */
#define MANY 2048

typedef struct statistics {
  double n, seen[EPOCHS][4], sum[EPOCHS], square[EPOCHS]; /* durations */
  double ring[2], both_rings_1; /* of each stimulus: how often in ring 1; both there */
  double match, coherent[4], positive, agrees, summed;
  double angle[MANY], turn[MANY], mean[MANY], share[MANY];
  double early[MANY]; /* angles of the trials with the shortest onset of a list */
  int64_t n_early;
} statistics;

static void count_durations(statistics *found, const reading *r, int family)
{
  int64_t steps[EPOCHS];
  durations(steps, r, family);
  for (int e = 0; e < EPOCHS; e++) {
    const epoch *want = &family_table[family].epoch[e];
    for (int i = 0; i < want->n && !want->range; i++)
      found->seen[e][i] += steps[e] == whole(want->value[i], 20);
    found->sum[e] += (double)steps[e];
    found->square[e] += (double)(steps[e] * steps[e]);
  }
}

static const double coherences[2][4] = {{0.01, 0.02, 0.04, 0.08}, {0.08, 0.16, 0.32, 0}};

static void count_decision(statistics *found, const nai_trials *trials, int64_t b, int rule,
                           int64_t k)
{
  double c = (double)condition(trials, "coherence", b), other;
  other = (double)condition(trials, "ignored_coherence", b);
  for (int i = 0; i < 4; i++)
    found->coherent[i] += fabs(fabs(c) - coherences[task_table[rule].family == DELAYDM][i]) < 1e-6;
  found->positive += c > 0;
  found->agrees += c * other > 0;
  double sum = c + other;
  found->summed += fabs(sum) < 1e-6 ? 0.5 : (sum > 0) == (c > 0);
  double first = (double)condition(trials, "strength1_ring1", b) +
                 (double)condition(trials, "strength1_ring2", b),
         second = (double)condition(trials, "strength2_ring1", b) +
                  (double)condition(trials, "strength2_ring2", b);
  int rings = task_table[rule].rings;
  if (rings == 5) {
    first /= 2;
    second /= 2;
    found->share[k] = fabs((double)condition(trials, "strength1_ring1", b) -
                           (double)condition(trials, "strength1_ring2", b)) /
                      first;
  }
  if (rings >= 3 && rings <= 4) { /* those of the ring that counts */
    const char *names[2][2] = {{"strength1_ring1", "strength2_ring1"},
                               {"strength1_ring2", "strength2_ring2"}};
    first = (double)condition(trials, names[rings - 3][0], b);
    second = (double)condition(trials, names[rings - 3][1], b);
  }
  found->mean[k] = (first + second) / 2;
  EXPECT(fabs((second - first) / 2 - c) < 1e-6);
  if (rings <= 2) {
    EXPECT(condition(trials, rings == 1 ? "strength1_ring2" : "strength1_ring1", b) == 0);
    EXPECT(condition(trials, rings == 1 ? "strength2_ring2" : "strength2_ring1", b) == 0);
  }
  EXPECT((other != 0) == (rings == 3 || rings == 4));
}

static void count_rings(statistics *found, const nai_trials *trials, int64_t b, int family)
{
  int first = condition(trials, "strength1_ring1", b) == 1, second = 0;
  EXPECT(condition(trials, "strength1_ring2", b) == !first);
  if (family >= DMS) {
    second = condition(trials, "strength2_ring1", b) == 1;
    EXPECT(condition(trials, "strength2_ring2", b) == !second);
  }
  found->ring[0] += first;
  found->ring[1] += second;
  found->both_rings_1 += first && second;
}

static void collect(statistics *found, int rule)
{
  memset(found, 0, sizeof *found);
  nai_network *net = build_wide(20, 0);
  nai_task *task = make(net, task_table[rule].name, 1);
  nai_trials *trials;
  expect_ok(nai__task_trials(&trials, task, BATCH));
  for (int64_t k = 0; k < MANY; k++) {
    int64_t b = k % BATCH;
    if (b == 0) expect_ok(nai__task_fill(trials, task, 9, NAI_STREAM_TEST, (uint64_t)k, BATCH));
    reading r = read_trial(trials, b);
    count_durations(found, &r, task_table[rule].family);
    if (task_table[rule].answer == STRONGER)
      count_decision(found, trials, b, rule, k);
    else
      count_rings(found, trials, b, task_table[rule].family);
    found->match += condition(trials, "match", b) == 1;
    found->angle[k] = (double)condition(trials, "angle1", b);
    if (r.on[0] == whole(family_table[task_table[rule].family].epoch[ONSET].value[0], 20))
      found->early[found->n_early++] = found->angle[k];
    double turned = (double)condition(trials, "angle2", b) - found->angle[k];
    found->turn[k] = turned < 0 ? turned + 2 * PI : turned;
    found->n++;
  }
  nai_trials_destroy(trials);
  nai_task_destroy(task);
  nai_network_destroy(net);
}

/* Within four standard deviations of a binomial's mean. */
static void check_fraction(double count, double n, double p)
{
  ck_assert_msg(fabs(count - n * p) < 4 * sqrt(n * p * (1 - p)), "%g of %g, expected %g", count, n,
                n * p);
}

/* Durations in whole steps of dt 20, uniform over `range` ms: mean and variance. */
static void check_durations_of_many(const statistics *found, int family)
{
  for (int e = 0; e < EPOCHS; e++) {
    const epoch *want = &family_table[family].epoch[e];
    if (!want->range) {
      for (int i = 0; i < want->n && want->n > 1; i++)
        check_fraction(found->seen[e][i], found->n, 1.0 / want->n);
      continue;
    }
    /* 300 .. 700 are the steps 15 .. 34, all equally likely */
    double low = want->value[0] / 20, many = want->value[1] / 20 - low,
           mean = found->sum[e] / found->n;
    double variance = found->square[e] / found->n - mean * mean,
           expected_variance = (many * many - 1) / 12;
    ck_assert_double_lt(fabs(mean - (low + (many - 1) / 2)),
                        4 * sqrt(expected_variance / found->n));
    ck_assert_double_lt(fabs(variance / expected_variance - 1), 4 * sqrt(0.8 / found->n));
  }
}

static double low_end, high_end;

static double uniform_law(double x)
{
  return x < low_end ? 0 : x > high_end ? 1 : (x - low_end) / (high_end - low_end);
}

/* Kolmogorov: above 2.2 in one of 8000. */
static void check_uniform(double *x, int64_t n, double low, double high)
{
  low_end = low;
  high_end = high;
  ck_assert_double_lt(kolmogorov(x, n, uniform_law), 2.2);
}

static void check_decisions_of_many(statistics *found, int rule)
{
  int delayed = task_table[rule].family == DELAYDM, n = delayed ? 3 : 4;
  for (int i = 0; i < n; i++) check_fraction(found->coherent[i], found->n, 1.0 / n);
  check_fraction(found->positive, found->n, 0.5);
  check_uniform(found->mean, MANY, 0.8, 1.2);
  if (task_table[rule].rings == 5) check_uniform(found->share, MANY, 0.2, 0.8);
  if (task_table[rule].rings < 3 || task_table[rule].rings == 5) return;
  check_fraction(found->agrees, found->n, 0.5);
  check_fraction(found->summed, found->n, 0.75); /* who ignores the context is right so often */
}

/* Second stimuli that do not match are a range away, and chance alone says which trials match. */
static void check_matching_of_many(statistics *found, int family)
{
  check_fraction(found->match, found->n, 0.5);
  check_fraction(found->ring[1], found->n, 0.5);
  check_fraction(found->both_rings_1, found->n, 0.25);
  if (family == DMC) {
    double places[10] = {0};
    for (int k = 0; k < MANY; k++) {
      double place = (found->angle[k] / PI / 0.1 - 1) / 2;
      EXPECT(fabs(place - round(place)) < 1e-5 && round(place) >= 0 && round(place) < 10);
      places[(int)round(place)]++;
    }
    for (int k = 0; k < 10; k++) check_fraction(places[k], found->n, 0.1);
    return;
  }
  int64_t others = 0;
  for (int64_t k = 0; k < MANY; k++)
    if (found->turn[k] > 1e-6) found->turn[others++] = found->turn[k];
  check_fraction((double)others, found->n, 0.5);
  check_uniform(found->turn, others, PI / 9, 17 * PI / 9);
}

static statistics many;

START_TEST(chance_draws_as_in_the_paper)
{
  int family = task_table[_i].family;
  collect(&many, _i);
  check_durations_of_many(&many, family);
  if (family >= DMS) check_matching_of_many(&many, family);
  if (task_table[_i].answer != STRONGER) check_fraction(many.ring[0], many.n, 0.5);
  if (task_table[_i].answer == STRONGER) {
    check_decisions_of_many(&many, _i);
    check_uniform(many.turn, MANY, 0.5 * PI, 1.5 * PI);
  }
  if (family == DMC) return;
  check_uniform(many.angle, MANY, 0, 2 * PI);
  check_uniform(many.early, many.n_early, 0, 2 * PI); /* what blocks draw says nothing of trials */
}
END_TEST

/* --- judging ---------------------------------------------------------------------------------- */

/* The output z whose logistic function is y. */
static float logit(double y)
{
  return (float)log(y / (1 - y));
}

typedef nai__verdict verdict;

/* The outputs of the last step are what counts: they are 0 at all others. */
static verdict judge(const nai_task *task, const nai_trials *trials, int64_t b,
                     const float last[OUTPUTS])
{
  static float z[400][OUTPUTS];
  memset(z, 0, sizeof z);
  EXPECT(trials->length[b] <= 400);
  memcpy(z[trials->length[b] - 1], last, sizeof z[0]);
  verdict v;
  expect_ok(nai__judge(&v, task, trials, b, 0, z[0], OUTPUTS, 20));
  return v;
}

/* Fixating (or not) with a bump towards this angle. */
static verdict judge_answer(const nai_task *task, const nai_trials *trials, int64_t b,
                            double fixation, double angle)
{
  float z[OUTPUTS] = {logit(fixation)};
  for (int k = 0; k < RING; k++) z[1 + k] = logit(0.05 + bump(angle, k));
  return judge(task, trials, b, z);
}

static double turned(double angle, double by)
{
  return fmod(angle + by + 2 * PI, 2 * PI);
}

static void check_verdicts(const nai_task *task, const nai_trials *trials, int64_t b, int rule)
{
  double answer = (double)condition(trials, "answer", b),
         second = (double)condition(trials, "angle2", b);
  double towards = answer < 0 ? 1 : answer;
  int decides = task_table[rule].answer == STRONGER;
  float ideal[OUTPUTS];
  for (int c = 0; c < OUTPUTS; c++)
    ideal[c] = logit((double)target_at(trials, trials->length[b] - 1, b, c));
  EXPECT(judge(task, trials, b, ideal).correct == 1);
  verdict fixating = judge_answer(task, trials, b, 0.51, towards),
          going = judge_answer(task, trials, b, 0.49, towards);
  EXPECT(fixating.correct == (answer < 0) && fixating.choice == (decides ? -1 : 0));
  EXPECT(going.correct == (answer >= 0));
  EXPECT(going.choice == (decides ? distance(answer, second) < 1e-6 : 1));
  if (answer < 0) return;
  for (int sign = -1; sign <= 1; sign += 2) {
    EXPECT(judge_answer(task, trials, b, 0.05, turned(answer, sign * 0.198 * PI)).correct == 1);
    EXPECT(judge_answer(task, trials, b, 0.05, turned(answer, sign * 0.202 * PI)).correct == 0);
  }
  EXPECT(judge_answer(task, trials, b, 0.05, turned(answer, PI)).correct == 0);
  if (decides) {
    double wrong =
        distance(answer, second) < 1e-6 ? (double)condition(trials, "angle1", b) : second;
    verdict v = judge_answer(task, trials, b, 0.05, wrong);
    EXPECT(v.correct == 0 && v.choice == 1 - going.choice);
  }
}

START_TEST(ideal_outputs_are_right_and_others_wrong)
{
  nai_network *net = build_wide(20, _i % 2);
  nai_task *task = make(net, task_table[_i].name, 1);
  nai_trials *trials = generate(task, 3, NAI_STREAM_TEST, 0, BATCH);
  for (int64_t b = 0; b < BATCH; b++) check_verdicts(task, trials, b, _i);
  float z[OUTPUTS] = {0};
  for (int k = 0; k < 6; k++) { /* of the ring, or of fixation */
    static const float lost[3] = {NAN, INFINITY, -INFINITY};
    z[k < 3 ? 7 : 0] = lost[k % 3];
    verdict v = judge(task, trials, 0, z);
    EXPECT(v.correct == 0 && v.choice == -1);
    z[7] = 0;
  }
  nai_trials_destroy(trials);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

/* Trials that a user gives as arrays, without the task's conditions, cannot be judged. */
START_TEST(trials_without_conditions_are_not_judged)
{
  nai_network *net = build_wide(20, 0);
  nai_task *task = make(net, "yang-dm1", 0);
  nai_trials *trials;
  expect_ok(nai_trials_create(&trials, net, 3, 1));
  float z[OUTPUTS] = {0};
  verdict v = judge(task, trials, 0, z);
  EXPECT(v.correct == -1 && v.choice == -1);
  nai_trials_destroy(trials);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

/* Answers in any direction are right in a fifth of the trials; always fixating in none, or half. */
START_TEST(chance_level)
{
  nai_network *net = build_wide(20, 0);
  nai_task *task = make(net, task_table[_i].name, 1);
  nai_trials *trials;
  expect_ok(nai__task_trials(&trials, task, BATCH));
  double guessed = 0, fixated = 0, answers = 0, sided = 0;
  for (int64_t k = 0; k < MANY; k++) {
    int64_t b = k % BATCH;
    if (b == 0) expect_ok(nai__task_fill(trials, task, 4, NAI_STREAM_TEST, (uint64_t)k, BATCH));
    double anywhere = 2 * PI * nai_random_uniform(99, 1, (uint64_t)k);
    answers += condition(trials, "answer", b) >= 0;
    guessed += judge_answer(task, trials, b, 0.05, anywhere).correct;
    fixated += judge_answer(task, trials, b, 0.8, anywhere).correct;
    sided += judge_answer(task, trials, b, 0.05, (double)condition(trials, "angle1", b)).correct;
  }
  check_fraction(guessed, answers, 0.2);
  if (task_table[_i].family >= DMS)
    check_fraction(fixated, MANY, 0.5);
  else
    EXPECT(fixated == 0);
  if (task_table[_i].answer == STRONGER) check_fraction(sided, MANY, 0.5);
  nai_trials_destroy(trials);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

/* Through the whole machinery: a network that always fixates. */
START_TEST(a_network_that_fixates)
{
  static const struct {
    const char *name;
    double low, high;
  } wanted[] = {{"yang-fdgo", 0, 0}, {"yang-contextdelaydm2", 0, 0}, {"yang-dmsnogo", 0.4, 0.6}};
  nai_network *net = build_wide(20, 1);
  expect_ok(nai_network_set_bias(net, "fixate", (float[]){1e6f}, 1));
  for (size_t k = 0; k < sizeof wanted / sizeof *wanted; k++) {
    nai_task *task = make(net, wanted[k].name, 1);
    nai_evaluation *e;
    expect_ok(nai_evaluation_create(&e, net, task, 400, 3, 2));
    double performance = nai_evaluation_performance(e);
    EXPECT(performance >= wanted[k].low && performance <= wanted[k].high);
    nai_evaluation_destroy(e);
    nai_task_destroy(task);
  }
  nai_network_destroy(net);
}
END_TEST

/* --- blocks ----------------------------------------------------------------------------------- */

static int same_ring(const nai_trials *trials, int64_t a, int64_t b)
{
  return (condition(trials, "strength1_ring1", a) == 0) ==
         (condition(trials, "strength1_ring1", b) == 0);
}

/* Trials of a block share rule, ring and every duration, wherever a batch begins; not angles. */
START_TEST(blocks_share_what_a_batch_shares_in_the_paper)
{
  enum { N = 300, FIRST = 23 };
  static const char *const shared[] = {"rule", "onset", "delay", "go"};
  nai_network *net = build_wide(20, 0);
  nai_task *task = make(net, MIXED, _i ? 50 : 0);
  int64_t block = _i ? 50 : 64, changes = 0, borders = 0;
  nai_trials *trials = generate(task, 12, NAI_STREAM_TRAIN, FIRST, N);
  for (int64_t b = 1; b < N; b++) {
    int same = (FIRST + b) / block == (FIRST + b - 1) / block,
        differs = trials->length[b] != trials->length[b - 1];
    for (int i = 0; i < 4; i++)
      differs |= condition(trials, shared[i], b) != condition(trials, shared[i], b - 1);
    if (same) EXPECT(!differs && same_ring(trials, b, b - 1));
    borders += !same;
    changes += !same && differs;
    EXPECT(condition(trials, "rule", b) >= 18 /* ten places */ ||
           condition(trials, "angle1", b) != condition(trials, "angle1", b - 1));
  }
  EXPECT(borders >= 4 && changes >= borders - 1);
  nai_trials_destroy(trials);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

/* contextdm1 and contextdm2 five times as often as each of the other eighteen. */
START_TEST(mixed_rules_are_as_frequent_as_in_the_paper)
{
  enum { N = 7168 };
  nai_network *net = build_wide(20, 0);
  nai_task *task = make(net, MIXED, 1);
  nai_trials *trials;
  expect_ok(nai__task_trials(&trials, task, BATCH));
  double seen[TASKS] = {0};
  for (uint64_t k = 0; k < N; k += BATCH) {
    expect_ok(nai__task_fill(trials, task, 6, NAI_STREAM_TRAIN, k, BATCH));
    for (int64_t b = 0; b < BATCH; b++) seen[(int)condition(trials, "rule", b)]++;
  }
  for (int k = 0; k < TASKS; k++) check_fraction(seen[k], N, (k == 8 || k == 9 ? 5 : 1) / 28.0);
  expect_ok(nai_task_set_list(task, "rule", (double[]){6, 7}, 2));
  expect_ok(nai__task_fill(trials, task, 6, NAI_STREAM_TRAIN, 0, BATCH));
  double first = 0;
  for (int64_t b = 0; b < BATCH; b++) {
    EXPECT(condition(trials, "rule", b) == 6 || condition(trials, "rule", b) == 7);
    first += condition(trials, "rule", b) == 6;
  }
  check_fraction(first, BATCH, 0.5);
  nai_trials_destroy(trials);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

/* Trial b of one is trial c of the other, bit for bit, up to its end. */
static void check_same(const nai_trials *x, int64_t b, const nai_trials *y, int64_t c)
{
  EXPECT(x->length[b] == y->length[c]);
  for (int64_t i = 0; i < x->n_conditions; i++)
    EXPECT(x->condition[i].value[b] == y->condition[i].value[c]);
  for (int64_t step = 0; step < x->length[b]; step++) {
    EXPECT(memcmp(&x->input[(step * x->trials + b) * INPUTS],
                  &y->input[(step * y->trials + c) * INPUTS], INPUTS * sizeof(float)) == 0);
    for (int64_t k = 0; k < OUTPUTS; k++)
      EXPECT(target_at(x, step, b, k) == target_at(y, step, c, k) &&
             mask_at(x, step, b, k) == mask_at(y, step, c, k));
  }
}

/* The mixed task with one rule alone is the task of that rule. */
START_TEST(mixed_trials_are_those_of_the_tasks)
{
  nai_network *net = build_wide(20, 0);
  nai_task *mixed = make(net, MIXED, 3), *task = make(net, task_table[_i].name, 3);
  expect_ok(nai_task_set(mixed, "rule", _i));
  nai_trials *x = generate(mixed, 8, NAI_STREAM_TEST, 100, 20),
             *y = generate(task, 8, NAI_STREAM_TEST, 100, 20);
  for (int64_t b = 0; b < 20; b++) check_same(x, b, y, b);
  nai_trials_destroy(x);
  nai_trials_destroy(y);
  nai_task_destroy(mixed);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

START_TEST(any_split_into_batches_gives_the_same_trials)
{
  enum { N = 90 };
  static const int64_t sizes[] = {1, 7, 64};
  nai_network *one = build_wide(20, 0), *two = build_wide(20, 1);
  nai_task *task = make(one, MIXED, 16), *again = make(two, MIXED, 16);
  for (int32_t stream = NAI_STREAM_TRAIN; stream <= NAI_STREAM_TEST; stream++) {
    nai_trials *all = generate(task, 77, stream, 1000, N);
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
      for (int64_t first = 0; first < N; first += sizes[k]) {
        int64_t n = N - first < sizes[k] ? N - first : sizes[k];
        nai_trials *part = generate(again, 77, stream, 1000 + (uint64_t)first, n);
        for (int64_t b = 0; b < n; b++) check_same(part, b, all, first + b);
        nai_trials_destroy(part);
      }
    nai_trials_destroy(all);
  }
  nai_task_destroy(task);
  nai_task_destroy(again);
  nai_network_destroy(one);
  nai_network_destroy(two);
}
END_TEST

static int compare_doubles(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

START_TEST(streams_and_seeds_share_no_trial)
{
  enum { N = 300, STREAMS = 4 };
  static const struct {
    uint64_t seed;
    int32_t stream;
  } of[STREAMS] = {
      {1, NAI_STREAM_TRAIN}, {1, NAI_STREAM_TEST}, {2, NAI_STREAM_TRAIN}, {2, NAI_STREAM_TEST}};
  static double sum[STREAMS * N];
  nai_network *net = build_wide(20, 0);
  nai_task *task = make(net, "yang-dm1", 0);
  for (int s = 0; s < STREAMS; s++) {
    nai_trials *trials = generate(task, of[s].seed, of[s].stream, 0, N);
    for (int64_t b = 0; b < N; b++)
      sum[s * N + b] =
          (double)condition(trials, "angle1", b) + 10 * (double)condition(trials, "angle2", b);
    nai_trials_destroy(trials);
  }
  qsort(sum, STREAMS * N, sizeof *sum, compare_doubles);
  for (int i = 1; i < STREAMS * N; i++) EXPECT(sum[i] != sum[i - 1]);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

/* --- setting and refusing --------------------------------------------------------------------- */

START_TEST(parameters_are_obeyed)
{
  nai_network *net = build_wide(10, 0);
  nai_task *task = make(net, "yang-delaydm1", 1);
  static const char *const names[] = {"onset",    "stimulus", "delay",   "second",
                                      "wait_min", "wait_max", "response"};
  static const double values[] = {150, 250, 350, 450, 120, 120, 300};
  for (int i = 0; i < 7; i++) expect_ok(nai_task_set(task, names[i], values[i]));
  expect_ok(nai_task_set_list(task, "coherence", (double[]){0, 0.5}, 2));
  ck_assert_int_eq(task->ops.max_steps, 162);
  nai_trials *trials = generate(task, 1, NAI_STREAM_TRAIN, 0, BATCH);
  double seconds = 0, zeros = 0;
  for (int64_t b = 0; b < BATCH; b++) {
    reading r = read_trial(trials, b);
    EXPECT(r.on[0] == 15 && r.off[0] == 40 && r.on[1] == 75 && r.off[1] == 120 && r.go == 132 &&
           r.end == 162);
    float c = condition(trials, "coherence", b);
    EXPECT(c == 0 || fabsf(c) == 0.5f);
    if (c != 0) continue;
    EXPECT(!signbit(c));
    zeros++;
    seconds += condition(trials, "answer", b) == condition(trials, "angle2", b);
  }
  check_fraction(zeros, BATCH, 0.5);
  check_fraction(seconds, zeros, 0.5); /* no difference: either may be called right */
  /* ranges either way round, and lists of their ends */
  expect_ok(nai_task_set_list(task, "wait_min", (double[]){900, 500}, 2));
  ck_assert_int_eq(task->ops.max_steps, 162 + 78);
  nai_trials_destroy(trials);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

START_TEST(refused_parameters_change_nothing)
{
  nai_network *net = build_wide(20, 0);
  nai_task *task = make(net, MIXED, 0), *dm = make(net, "yang-dm1", 0);
  nai_trials *before = generate(task, 4, NAI_STREAM_TRAIN, 0, 70);
  expect_fails(nai_task_set(task, "rule", 20), NAI_ERR_INVALID, "0 to 19");
  expect_fails(nai_task_set(task, "rule", -1), NAI_ERR_INVALID, "rule");
  expect_fails(nai_task_set(task, "rule", 1.5), NAI_ERR_INVALID, "whole");
  expect_fails(nai_task_set(task, "block", 0), NAI_ERR_INVALID, "block");
  expect_fails(nai_task_set(task, "block", 2.5), NAI_ERR_INVALID, "whole");
  expect_fails(nai_task_set_list(task, "block", (double[]){1, 2}, 2), NAI_ERR_INVALID,
               "one value, not a list");
  expect_fails(nai_task_set(task, "coherence", 0.81), NAI_ERR_INVALID, "coherence");
  expect_fails(nai_task_set(task, "coherence", NAN), NAI_ERR_INVALID, "coherence");
  expect_fails(nai_task_set(task, "onset", 100), NAI_ERR_NAME, "onset");
  nai_trials *after = generate(task, 4, NAI_STREAM_TRAIN, 0, 70);
  for (int64_t b = 0; b < 70; b++) check_same(before, b, after, b);

  expect_fails(nai_task_set(dm, "response", 119), NAI_ERR_INVALID, "more than the 5 of grace");
  expect_fails(nai_task_set_list(dm, "stimulus", (double[]){19, 400}, 2), NAI_ERR_INVALID,
               "no step of dt");
  expect_fails(nai_task_set(dm, "onset_min", -1), NAI_ERR_INVALID, "onset_min");
  expect_fails(nai_task_set(dm, "onset_max", 1e7 + 1), NAI_ERR_INVALID, "onset_max");
  expect_ok(nai_task_set(dm, "stimulus", 1e7));
  expect_ok(nai_task_set(dm, "onset_max", 9.9e6));
  expect_fails(nai_task_set(dm, "response", 1e7), NAI_ERR_INVALID, "at most 1000000");
  nai_trials_destroy(before);
  nai_trials_destroy(after);
  nai_task_destroy(task);
  nai_task_destroy(dm);
  nai_network_destroy(net);
}
END_TEST

START_TEST(networks_and_steps_that_do_not_fit)
{
  nai_network *narrow = compose_ei(4, 2), *fine = build_wide(1, 0), *coarse = build_wide(300, 0);
  expect_ok(nai_network_build(narrow, 1));
  nai_task *task;
  expect_fails(nai_task_create(&task, MIXED, narrow), NAI_ERR_INVALID, "85 input channels");
  ck_assert_ptr_null(task);
  expect_fails(nai_task_create(&task, "yang-delaygo", coarse), NAI_ERR_INVALID, "no step of dt");
  expect_fails(nai_task_create(&task, MIXED, coarse), NAI_ERR_INVALID, "no step of dt");
  expect_ok(nai_task_create(&task, "yang-reactgo", fine));
  expect_fails(nai_task_set(task, "onset_max", 1e7), NAI_ERR_INVALID, "at most 1000000");
  ck_assert_int_eq(task->ops.max_steps, 3000);
  nai_task_destroy(task);
  nai_network_destroy(narrow);
  nai_network_destroy(fine);
  nai_network_destroy(coarse);
}
END_TEST

START_TEST(filling_allocates_nothing)
{
  nai_network *net = build_wide(20, _i);
  nai_task *task = make(net, MIXED, 7);
  nai_trials *trials;
  expect_ok(nai__task_trials(&trials, task, 64));
  long before = faults_allocations();
  nai_status worst = NAI_OK; /* Check's own calls allocate */
  for (uint64_t k = 0; k < 30; k++) {
    nai_status status = nai__task_fill(trials, task, 3, NAI_STREAM_TRAIN, 64 * k, 64 - (int64_t)k);
    if (status != NAI_OK) worst = status;
  }
  long after = faults_allocations();
  ck_assert_int_eq(after, before);
  expect_ok(worst);
  nai_trials_destroy(trials);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

START_TEST(tasks_without_memory)
{
  nai_network *net = build_wide(20, 1);
  long good = 0;
  for (int done = 0; !done; good++) {
    nai_task *task = NULL;
    nai_trials *trials = NULL;
    faults_fail_allocation(good);
    nai_status status = nai_task_create(&task, MIXED, net);
    if (status == NAI_OK) status = nai_task_set_list(task, "rule", (double[]){3, 15}, 2);
    if (status == NAI_OK) status = nai_task_generate(&trials, task, 1, NAI_STREAM_TRAIN, 0, 4);
    faults_fail_allocation(-1);
    done = status == NAI_OK;
    if (!done) EXPECT(status == NAI_ERR_MEMORY && !trials);
    nai_trials_destroy(trials);
    nai_task_destroy(task);
  }
  ck_assert_int_gt(good, 10);
  nai_network_destroy(net);
}
END_TEST

static void add_loop(Suite *suite, const char *name, const TTest *test, int n)
{
  TCase *tcase = tcase_create(name);
  tcase_add_loop_test(tcase, test, 0, n);
  suite_add_tcase(suite, tcase);
}

Suite *yang_tasks_suite(void);

Suite *yang_tasks_suite(void)
{
  Suite *suite = suite_create("yang_tasks");
  add_loop(suite, "values", every_value_of_every_task, TASKS);
  add_loop(suite, "chance", chance_draws_as_in_the_paper, TASKS);
  add_loop(suite, "judging", ideal_outputs_are_right_and_others_wrong, TASKS);
  add_loop(suite, "guessing", chance_level, TASKS);
  add_loop(suite, "mixed", mixed_trials_are_those_of_the_tasks, TASKS);
  add_loop(suite, "blocks", blocks_share_what_a_batch_shares_in_the_paper, 2);
  add_loop(suite, "memory", filling_allocates_nothing, 2);
  ADD_CASE(suite, "others", tasks_are_listed_in_the_order_of_their_rules,
           trials_without_conditions_are_not_judged, a_network_that_fixates,
           mixed_rules_are_as_frequent_as_in_the_paper,
           any_split_into_batches_gives_the_same_trials, streams_and_seeds_share_no_trial,
           parameters_are_obeyed, refused_parameters_change_nothing,
           networks_and_steps_that_do_not_fit, tasks_without_memory);
  return suite;
}
