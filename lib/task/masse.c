/*
 * Delayed match tasks of Masse et al. (2019, "Circuit mechanisms for the maintenance and manipulation
 * of information in working memory"): a sample direction of motion, a delay, a test direction. They
 * match when they are the same (DMS), when the test is the sample turned by `rotation` (DMRS: 90
 * degrees, or 180), or when both are in the same half of the circle (DMC).
 *
 * Inputs: 24 units with preferred directions 15 degrees apart, height exp(kappa (cos(direction -
 * preferred) - 1)) while a direction is shown, else 0; baseline, noise and rectification of inputs
 * are the network's. There are eight directions, 45 degrees apart; half of the trials match; any
 * other direction, or one of the other half, is a non-match. Classes: 0 fixate, 1 match, 2
 * non-match, due during the test, of which the first `grace` does not count.
 *
 * Numbers are the defaults of the authors' program (Short-term-plasticity-RNN, parameters.py).
 */
#include <math.h>

#include "../base/error.h"
#include "epochs.h"

enum { FIXATION, SAMPLE, DELAY, TEST, EPOCHS };
enum { GRACE = EPOCHS, HEIGHT, KAPPA, PARAMETERS, ROTATION = PARAMETERS, ROTATED_PARAMETERS };
enum { UNITS = 24, DIRECTIONS = 8 };

#define SHARED                                                                                     \
  [FIXATION] = {"fixation", "ms", "duration of fixation", 500, 0, 1e7, 0},                         \
  [SAMPLE] = {"sample", "ms", "duration of the sample", 500, 0, 1e7, 0},                           \
  [DELAY] = {"delay", "ms", "duration between sample and test", 1000, 0, 1e7, 0},                  \
  [TEST] = {"test", "ms", "duration of the test, during which the answer is due", 500, 0, 1e7, 0}, \
  [GRACE] = {"grace", "ms", "at the start of the test, when no output counts", 50, 0, 1e7, 0},     \
  [HEIGHT] = {"height", "", "of the tuning curves", 4, 0, 1e6, 0},                                 \
  [KAPPA] = {"kappa", "", "how narrow the tuning curves are", 2, 0, 100, 0}

/* name, unit, meaning, default, smallest, largest */
static const nai__parameter parameters[PARAMETERS] = {SHARED};
static const nai__parameter rotated_parameters[ROTATED_PARAMETERS] = {
    SHARED,
    [ROTATION] = {"rotation", "degrees",
                  "from the sample to the test that matches it, in steps of 45", 90, 0, 315, 0},
};

enum { TARGET, SAMPLE_DIRECTION, TEST_DIRECTION, DURATION, CONDITIONS };
static const char *const conditions[CONDITIONS] = {
    [TARGET] = "target",           /* 1 match, 2 non-match */
    [SAMPLE_DIRECTION] = "sample", /* degrees */
    [TEST_DIRECTION] = "test",     /* degrees */
    [DURATION] = "delay",          /* ms */
};

static const nai__epoch epochs[EPOCHS] = {{FIXATION, NAI__LISTED},
                                          {SAMPLE, NAI__LISTED | NAI__NEEDED},
                                          {DELAY, NAI__LISTED},
                                          {TEST, NAI__LISTED | NAI__NEEDED}};

enum { DRAW_TARGET, DRAW_SAMPLE, DRAW_TEST };

/* The answer must be due for a step at least, and a match must be one of the directions. */
static nai_status count_steps(int64_t *longest, const nai__builtin_task *task, double dt)
{
  const nai__parameters *p = &task->parameters;
  const nai__list *grace = &p->list[GRACE];
  NAI__TRY(nai__check_steps(grace->value, grace->n, p->rule[GRACE].name, 0, dt));
  double latest = nai__list_largest(grace), shortest = nai__list_smallest(&p->list[TEST]);
  if (nai__task_steps(latest, dt) >= nai__task_steps(shortest, dt))
    return nai__fail(NAI_ERR_INVALID,
                     "a grace of %g ms leaves no step of dt = %g ms for the answer in a test of %g "
                     "ms",
                     latest, dt, shortest);
  if (p->n > ROTATION && fmod(p->list[ROTATION].value[0], 45) != 0)
    return nai__fail(NAI_ERR_INVALID, "rotation is %g degrees, must be a multiple of 45",
                     p->list[ROTATION].value[0]);
  return nai__check_range(longest, nai__epochs_range(p, epochs, EPOCHS, dt), dt);
}

static void show_direction(nai__trial *trial, nai__span span, int direction)
{
  double height = trial->value[HEIGHT], kappa = trial->value[KAPPA];
  double theta = nai__ring_direction(direction, DIRECTIONS);
  for (int k = 0; k < UNITS; k++)
    nai__set_input(trial, span, k,
                   height * exp(kappa * (cos(theta - nai__ring_direction(k, UNITS)) - 1)));
}

static void show(nai__trial *trial, int sample, int test, int target)
{
  const nai__span *epoch = trial->epoch;
  nai__span grace = {epoch[TEST].from, epoch[TEST].from};
  grace.end += nai__task_steps(trial->value[GRACE], trial->batch->dt);
  show_direction(trial, epoch[SAMPLE], sample);
  show_direction(trial, epoch[TEST], test);
  nai__set_class(trial, epoch[TEST], target);
  nai__set_mask(trial, grace, 0);
  nai__set_condition(trial, TARGET, target);
  nai__set_condition(trial, SAMPLE_DIRECTION, 45 * sample);
  nai__set_condition(trial, TEST_DIRECTION, 45 * test);
  nai__set_condition(trial, DURATION, nai__trial_duration(trial, epoch[DELAY]));
}

static void fill_turned(nai__trial *trial, int turn)
{
  int target = 1 + nai__trial_below(trial, DRAW_TARGET, 2);
  int sample = nai__trial_below(trial, DRAW_SAMPLE, DIRECTIONS);
  int away = target == 1 ? 0 : 1 + nai__trial_below(trial, DRAW_TEST, DIRECTIONS - 1);
  show(trial, sample, (sample + turn + away) % DIRECTIONS, target);
}

static void fill_sample(nai__trial *trial)
{
  fill_turned(trial, 0);
}

static void fill_rotated(nai__trial *trial)
{
  fill_turned(trial, (int)(trial->value[ROTATION] / 45));
}

static void fill_category(nai__trial *trial)
{
  enum { HALF = DIRECTIONS / 2 };
  int target = 1 + nai__trial_below(trial, DRAW_TARGET, 2);
  int sample = nai__trial_below(trial, DRAW_SAMPLE, DIRECTIONS);
  int category = target == 1 ? sample / HALF : 1 - sample / HALF;
  show(trial, sample, HALF * category + nai__trial_below(trial, DRAW_TEST, HALF), target);
}

#define KIND(title, table, n, filling, single)                                                  \
  {                                                                                             \
    .name = title, .n_inputs = UNITS, .n_outputs = 3, .has_classes = 1,                         \
    .n_conditions = CONDITIONS, .condition_names = conditions, .parameters = table,             \
    .n_parameters = NAI__AT_MOST(n, NAI__MOST_PARAMETERS), .n_single = single,                  \
    .steps = count_steps, .epochs = epochs, .n_epochs = NAI__AT_MOST(EPOCHS, NAI__MOST_EPOCHS), \
    .fill = filling                                                                             \
  }

const nai__task_kind nai__masse_dms = KIND("masse-dms", parameters, PARAMETERS, fill_sample, 0);
const nai__task_kind nai__masse_dmrs =
    KIND("masse-dmrs", rotated_parameters, ROTATED_PARAMETERS, fill_rotated, 1);
const nai__task_kind nai__masse_dmc = KIND("masse-dmc", parameters, PARAMETERS, fill_category, 0);
