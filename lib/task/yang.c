/*
 * The twenty tasks of Yang et al. 2019, one by one ("yang-fdgo", "yang-reactgo", ...) and mixed
 * ("yang-mixed"): their parameters, and how their trials are judged. What a trial is:
 * yang_trials.c.
 *
 * As in the paper, durations, rings and, in the mixed task, the rule are drawn once for a block of
 * trials, there a batch; angles and strengths are each trial's own. Trial k is in block k / `block`
 * of its stream, so that blocks are batches where a batch has `block` trials.
 *
 * The paper's outputs are logistic: y = 1 / (1 + exp(-z)) goes into its cost, and targets of 0.05
 * to 0.85 are meant for it. The network's own outputs are z, linear; so the cost must have that
 * link, as nai_cost_create_logistic_mse() has, and the judge below applies it to z.
 */
#include "yang.h"

#include <assert.h>
#include <math.h>

#include "../base/error.h"

#define PI 3.14159265358979323846

/* --- parameters ------------------------------------------------------------------------------- */

#define TIME(name, meaning, initial)        \
  {                                         \
    name, "ms", meaning, initial, 0, 1e7, 0 \
  }
#define RESPONSE(initial) TIME("response", "time for the answer", initial)
#define STRENGTH(name, meaning, initial)   \
  {                                        \
    name, "1", meaning, initial, 0, 0.8, 0 \
  }
#define COHERENCE(initial) \
  STRENGTH("coherence", "how far each stimulus is from the mean strength of both", initial)
#define BLOCK(shared)                                                         \
  {                                                                           \
    "block", "trials", "consecutive trials that share " shared, 64, 1, 1e9, 1 \
  }
#define TIMING_BLOCK BLOCK("their durations and rings")

static const nai__parameter fd[] = {
    TIME("onset_min", "shortest time before the stimulus", 300),
    TIME("onset_max", "longest time before the stimulus", 700),
    TIME("stimulus_min", "shortest time from the stimulus to go", 500),
    TIME("stimulus_max", "longest time from the stimulus to go", 1500),
    RESPONSE(500),
    TIMING_BLOCK,
};

static const nai__parameter react[] = {
    TIME("onset_min", "shortest time before the stimulus, which is go", 500),
    TIME("onset_max", "longest time before the stimulus, which is go", 2500),
    RESPONSE(500),
    TIMING_BLOCK,
};

static const nai__parameter delaygo[] = {
    TIME("onset", "time before the stimulus", 500),
    TIME("stimulus", "duration of the stimulus", 400),
    TIME("delay", "time from the end of the stimulus to go", 400),
    RESPONSE(500),
    TIMING_BLOCK,
};
static const nai__list_default delaygo_lists[] = {
    {0, 3, {300, 500, 700}}, {1, 3, {200, 400, 600}}, {2, 4, {200, 400, 800, 1600}}, {0, 0, {0}}};

static const nai__parameter dm[] = {
    TIME("onset_min", "shortest time before the stimuli", 100),
    TIME("onset_max", "longest time before the stimuli", 400),
    TIME("stimulus", "duration of both stimuli, which end at go", 800),
    RESPONSE(500),
    COHERENCE(0.04),
    TIMING_BLOCK,
};
static const nai__list_default dm_lists[] = {
    {2, 3, {400, 800, 1600}}, {4, 4, {0.01, 0.02, 0.04, 0.08}}, {0, 0, {0}}};

static const nai__parameter delaydm[] = {
    TIME("onset", "time before the first stimulus", 400),
    TIME("stimulus", "duration of the first stimulus", 400),
    TIME("delay", "time between the stimuli", 400),
    TIME("second", "duration of the second stimulus", 400),
    TIME("wait_min", "shortest time from the end of the second stimulus to go", 100),
    TIME("wait_max", "longest time from the end of the second stimulus to go", 300),
    RESPONSE(500),
    COHERENCE(0.16),
    TIMING_BLOCK,
};
static const nai__list_default delaydm_lists[] = {
    {0, 3, {200, 400, 600}}, {1, 3, {200, 400, 600}},    {2, 4, {200, 400, 800, 1600}},
    {3, 3, {200, 400, 600}}, {7, 3, {0.08, 0.16, 0.32}}, {0, 0, {0}}};

/* Matching: the second stimulus is go. */
static const nai__parameter matching[] = {
    TIME("onset", "time before the first stimulus", 400),
    TIME("stimulus", "duration of the first stimulus", 400),
    TIME("delay", "time from the end of the first stimulus to the second, which is go", 400),
    RESPONSE(500),
    TIMING_BLOCK,
};
static const nai__list_default dms_lists[] = {
    {0, 3, {200, 400, 600}}, {1, 3, {200, 400, 600}}, {2, 4, {200, 400, 800, 1600}}, {0, 0, {0}}};
static const nai__list_default dmc_lists[] = {{0, 3, {200, 400, 600}},
                                              {1, 3, {200, 400, 600}},
                                              {2, 4, {200, 400, 800, 1600}},
                                              {3, 3, {200, 400, 600}},
                                              {0, 0, {0}}};

/* Which parameter is what, counted from 1; 0: there is none. */
typedef struct family {
  const nai__parameter *parameters;
  int n;
  const nai__list_default *lists;
  int8_t epoch[NAI__YANG_EPOCHS], most[NAI__YANG_EPOCHS], coherence;
} family;

#define TABLE(array) array, sizeof array / sizeof *array

static const family families[NAI__YANG_FAMILIES] = {
    [NAI__YANG_FD] = {TABLE(fd), NULL, {1, 3, 0, 0, 0, 5}, {2, 4, 0, 0, 0, 0}, 0},
    [NAI__YANG_REACT] = {TABLE(react), NULL, {1, 0, 0, 0, 0, 3}, {2, 0, 0, 0, 0, 0}, 0},
    [NAI__YANG_DELAYGO] = {TABLE(delaygo), delaygo_lists, {1, 2, 3, 0, 0, 4}, {0}, 0},
    [NAI__YANG_DM] = {TABLE(dm), dm_lists, {1, 3, 0, 0, 0, 4}, {2, 0, 0, 0, 0, 0}, 5},
    [NAI__YANG_DELAYDM] =
        {TABLE(delaydm), delaydm_lists, {1, 2, 3, 4, 5, 7}, {0, 0, 0, 0, 6, 0}, 8},
    [NAI__YANG_DMS] = {TABLE(matching), dms_lists, {1, 2, 3, 0, 0, 4}, {0}, 0},
    [NAI__YANG_DMC] = {TABLE(matching), dmc_lists, {1, 2, 3, 0, 0, 4}, {0}, 0},
};

/* Mixed: the durations of each task are the paper's. */
enum { MIXED_RULE, MIXED_COHERENCE, MIXED_DELAYED_COHERENCE, MIXED_BLOCK, MIXED_PARAMETERS };

static const nai__parameter mixed[MIXED_PARAMETERS] = {
    [MIXED_RULE] = {"rule", "1", "the task, 0 to 19 in the paper's order; twice as often if twice",
                    0, 0, NAI__YANG_RULES - 1, 1},
    [MIXED_COHERENCE] = COHERENCE(0.04),
    [MIXED_DELAYED_COHERENCE] =
        STRENGTH("delayed_coherence", "the same where stimuli are a delay apart", 0.16),
    [MIXED_BLOCK] = BLOCK("their rule, durations and rings"),
};
static const nai__list_default mixed_lists[] = {
    /* contextdm1 and contextdm2, 8 and 9, five times as often as any other */
    {MIXED_RULE, 28, {0, 1, 2, 3, 4,  5,  6,  7,  8,  8,  8,  8,  8,  9,
                      9, 9, 9, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19}},
    {MIXED_COHERENCE, 4, {0.01, 0.02, 0.04, 0.08}},
    {MIXED_DELAYED_COHERENCE, 3, {0.08, 0.16, 0.32}},
    {0, 0, {0}}};

/* --- plans ------------------------------------------------------------------------------------ */

static nai__yang_values default_values(const family *f, int parameter)
{
  for (const nai__list_default *list = f->lists; list && list->n; list++)
    if (list->parameter == parameter) return (nai__yang_values){list->value, list->n};
  return (nai__yang_values){&f->parameters[parameter].initial, 1};
}

/* Parameter `number` of a family, counted from 1: as set, or without `p` the default. */
static nai__yang_values values_of(const family *f, int number, const nai__parameters *p)
{
  if (!number) return (nai__yang_values){NULL, 0};
  if (!p) return default_values(f, number - 1);
  return (nai__yang_values){p->list[number - 1].value, p->list[number - 1].n};
}

static nai__yang_plan make_plan(const family *f, const nai__parameters *p)
{
  nai__yang_plan plan = {.coherence = values_of(f, f->coherence, p)};
  for (int e = 0; e < NAI__YANG_EPOCHS; e++) {
    plan.epoch[e] = values_of(f, f->epoch[e], p);
    plan.most[e] = values_of(f, f->most[e], p);
  }
  return plan;
}

static nai__yang_values list_of(const nai__parameters *p, int index)
{
  return (nai__yang_values){p->list[index].value, p->list[index].n};
}

static nai__yang_plan mixed_plan(int rule, const nai__parameters *p)
{
  int number = nai__yang_family(rule);
  nai__yang_plan plan = make_plan(&families[number], NULL);
  if (number == NAI__YANG_DM) plan.coherence = list_of(p, MIXED_COHERENCE);
  if (number == NAI__YANG_DELAYDM) plan.coherence = list_of(p, MIXED_DELAYED_COHERENCE);
  return plan;
}

/* --- lengths ---------------------------------------------------------------------------------- */

/* Widens least .. most by what is in a list. */
static void widen(double *least, double *most, const nai__yang_values *values)
{
  for (int64_t i = 0; i < values->n; i++) {
    *least = fmin(*least, values->value[i]);
    *most = fmax(*most, values->value[i]);
  }
}

/* Parameter `number` of a family, counted from 1, where it is a duration of epoch e. */
static nai_status check_duration(const family *f, int e, int number, const nai__yang_values *values,
                                 double dt)
{
  if (!number) return NAI_OK;
  return nai__check_steps(values->value, values->n, f->parameters[number - 1].name,
                          e == NAI__YANG_STIMULUS || e == NAI__YANG_SECOND, dt);
}

/* Steps of the longest trial; every epoch that must be seen needs a step. */
static nai_status count_plan(int64_t *longest, const family *f, const nai__yang_plan *plan,
                             double dt)
{
  double steps = 0;
  for (int e = 0; e < NAI__YANG_EPOCHS; e++) {
    if (!plan->epoch[e].n) continue;
    double least = INFINITY, most = 0;
    widen(&least, &most, &plan->epoch[e]);
    widen(&least, &most, &plan->most[e]);
    int64_t few = nai__task_steps(least, dt), grace = nai__yang_grace(dt);
    if (e == NAI__YANG_RESPONSE && few <= grace)
      return nai__fail(NAI_ERR_INVALID,
                       "a response of %g ms has %lld steps, must be more than the %lld of grace "
                       "after go, in which nothing counts",
                       least, (long long)few, (long long)grace);
    NAI__TRY(check_duration(f, e, f->epoch[e], &plan->epoch[e], dt));
    NAI__TRY(check_duration(f, e, f->most[e], &plan->most[e], dt));
    steps += (double)nai__task_steps(most, dt);
  }
  if (steps > NAI__MOST_STEPS)
    return nai__fail(NAI_ERR_INVALID, "the longest trial has %.0f steps, must be at most %d", steps,
                     NAI__MOST_STEPS);
  *longest = (int64_t)steps;
  return NAI_OK;
}

/* The family whose parameters these are; those that share them have them in the same places. */
static const family *family_of(const nai__parameters *p)
{
  for (int k = 0; k < NAI__YANG_FAMILIES; k++)
    if (families[k].parameters == p->rule) return &families[k];
  assert(0); /* each has its own table */
  return NULL;
}

static nai_status count_steps(int64_t *longest, const nai__builtin_task *task, double dt)
{
  const nai__parameters *p = &task->parameters;
  const family *f = family_of(p);
  nai__yang_plan plan = make_plan(f, p);
  return count_plan(longest, f, &plan, dt);
}

static nai_status count_mixed_steps(int64_t *longest, const nai__builtin_task *task, double dt)
{
  const nai__parameters *p = &task->parameters;
  nai__yang_values rules = list_of(p, MIXED_RULE);
  int64_t most = 0;
  for (int64_t i = 0; i < rules.n; i++) {
    int rule = (int)rules.value[i];
    nai__yang_plan plan = mixed_plan(rule, p);
    int64_t steps = 0;
    NAI__TRY(count_plan(&steps, &families[nai__yang_family(rule)], &plan, dt));
    if (steps > most) most = steps;
  }
  *longest = most;
  return NAI_OK;
}

/* --- trials ----------------------------------------------------------------------------------- */

static uint64_t block_of(const nai_trial_batch *batch, int64_t b, double block)
{
  return (batch->first + (uint64_t)b) / (uint64_t)block;
}

static nai_status generate(void *user, nai_trial_batch *batch)
{
  const nai__builtin_task *task = user;
  const nai__parameters *p = &task->parameters;
  nai__yang_plan plan = make_plan(family_of(p), p);
  double block = p->list[p->n - 1].value[0];
  int rule = (int)(task->kind - nai__yang);
  for (int64_t b = 0; b < batch->trials; b++)
    nai__yang_fill(batch, b, rule, &plan, block_of(batch, b, block));
  return NAI_OK;
}

static nai_status generate_mixed(void *user, nai_trial_batch *batch)
{
  const nai__parameters *p = &((const nai__builtin_task *)user)->parameters;
  nai__yang_values rules = list_of(p, MIXED_RULE);
  for (int64_t b = 0; b < batch->trials; b++) {
    uint64_t block = block_of(batch, b, p->list[MIXED_BLOCK].value[0]);
    int rule = nai__yang_draw_rule(batch, block, &rules);
    nai__yang_plan plan = mixed_plan(rule, p);
    nai__yang_fill(batch, b, rule, &plan, block);
  }
  return NAI_OK;
}

/* --- judging ---------------------------------------------------------------------------------- */

/* Angle of the population vector of the ring's logistic outputs, -pi to pi; NaN where one is not finite. */
static double population_angle(const float *z)
{
  double x = 0, y = 0;
  for (int k = 0; k < NAI__YANG_RING; k++) {
    if (!isfinite(z[k])) return NAN;
    double rate = 1 / (1 + exp(-(double)z[k])), preferred = 2 * PI / NAI__YANG_RING * k;
    x += rate * cos(preferred);
    y += rate * sin(preferred);
  }
  return atan2(y, x);
}

static double distance(double a, double b)
{
  double d = fmod(fabs(a - b), 2 * PI);
  return fmin(d, 2 * PI - d);
}

/*
 * At the last step: fixating is a fixation output above 1/2; an answer is right within 0.2 pi.
 * Choices: in a decision between two stimuli the one that the answer is nearer to, 0 or 1, and none
 * while fixating; in all other tasks 1 for an answer and 0 for fixating.
 */
static nai_status judge(void *user, nai_judgement *j)
{
  (void)user;
  const float *z = j->output + (j->steps - 1) * j->stride;
  double answer = (double)j->condition[NAI__YANG_ANSWER],
         first = (double)j->condition[NAI__YANG_ANGLE_1],
         second = (double)j->condition[NAI__YANG_ANGLE_2];
  int decides = second >= 0 && j->condition[NAI__YANG_MATCH] < 0;
  if (isnan(answer)) return NAI_OK; /* trials given as arrays that do not say */
  double angle = population_angle(z + 1);
  if (!isfinite(z[0]) || isnan(angle)) {
    j->correct = 0;
    return NAI_OK;
  }
  int fixates = z[0] > 0;
  j->correct = answer < 0 ? fixates : !fixates && distance(angle, answer) < 0.2 * PI;
  if (!decides)
    j->choice = !fixates;
  else if (!fixates)
    j->choice = distance(angle, second) < distance(angle, first);
  return NAI_OK;
}

/* --- kinds ------------------------------------------------------------------------------------ */

static const char *const conditions[NAI__YANG_CONDITIONS] = {
    [NAI__YANG_RULE] = "rule",
    [NAI__YANG_ANSWER] = "answer",
    [NAI__YANG_ANGLE_1] = "angle1",
    [NAI__YANG_ANGLE_2] = "angle2",
    [NAI__YANG_STRENGTH_1_RING_1] = "strength1_ring1",
    [NAI__YANG_STRENGTH_1_RING_2] = "strength1_ring2",
    [NAI__YANG_STRENGTH_2_RING_1] = "strength2_ring1",
    [NAI__YANG_STRENGTH_2_RING_2] = "strength2_ring2",
    [NAI__YANG_COHERENCE] = "coherence",
    [NAI__YANG_IGNORED_COHERENCE] = "ignored_coherence",
    [NAI__YANG_MATCH] = "match",
    [NAI__YANG_ONSET_AT] = "onset",
    [NAI__YANG_DELAY_LASTED] = "delay",
    [NAI__YANG_GO_AT] = "go",
};

/* Those that a task has not are empty. */
static const char *const epochs[NAI__YANG_EPOCHS] = {
    [NAI__YANG_ONSET] = "onset", [NAI__YANG_STIMULUS] = "stimulus",
    [NAI__YANG_DELAY] = "delay", [NAI__YANG_SECOND] = "second",
    [NAI__YANG_WAIT] = "wait",   [NAI__YANG_RESPONSE] = "response",
};

#define SHARED                                                                                  \
  .n_inputs = NAI__YANG_INPUTS, .n_outputs = NAI__YANG_OUTPUTS, .flags = NAI_TASK_CHANNEL_MASK, \
  .n_conditions = NAI__YANG_CONDITIONS, .condition_names = conditions, .n_single = 1,           \
  .judge = judge, .more_epochs = epochs, .n_more_epochs = NAI__YANG_EPOCHS

#define KIND(title, array, defaults)                                                               \
  {                                                                                                \
    SHARED, .name = "yang-" title, .parameters = array,                                            \
            .n_parameters = sizeof array / sizeof *array, .lists = defaults, .steps = count_steps, \
            .generate = generate                                                                   \
  }

/* In the order of the rules. */
const nai__task_kind nai__yang[NAI__YANG_KINDS] = {
    KIND("fdgo", fd, NULL),
    KIND("reactgo", react, NULL),
    KIND("delaygo", delaygo, delaygo_lists),
    KIND("fdanti", fd, NULL),
    KIND("reactanti", react, NULL),
    KIND("delayanti", delaygo, delaygo_lists),
    KIND("dm1", dm, dm_lists),
    KIND("dm2", dm, dm_lists),
    KIND("contextdm1", dm, dm_lists),
    KIND("contextdm2", dm, dm_lists),
    KIND("multidm", dm, dm_lists),
    KIND("delaydm1", delaydm, delaydm_lists),
    KIND("delaydm2", delaydm, delaydm_lists),
    KIND("contextdelaydm1", delaydm, delaydm_lists),
    KIND("contextdelaydm2", delaydm, delaydm_lists),
    KIND("multidelaydm", delaydm, delaydm_lists),
    KIND("dmsgo", matching, dms_lists),
    KIND("dmsnogo", matching, dms_lists),
    KIND("dmcgo", matching, dmc_lists),
    KIND("dmcnogo", matching, dmc_lists),
    {SHARED, .name = "yang-mixed", .parameters = mixed, .n_parameters = MIXED_PARAMETERS,
     .lists = mixed_lists, .steps = count_mixed_steps, .generate = generate_mixed},
};
