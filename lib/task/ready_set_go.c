/*
 * Ready, set, go (Jazayeri & Shadlen 2010; Remington et al. 2018), after neurogym: measure the
 * interval between two pulses, and go `gain` times as long after the second one. Inputs: fixation
 * cue, on until the production epoch; ready pulse; set pulse. Classes: 0 fixate, 1 go, at the one
 * step when it is due.
 *
 * The interval is from the start of the ready pulse to that of the set pulse, and is produced from
 * the start of the set pulse. Neurogym has the right answer one set pulse later than the reward for
 * it; here both are where the reward is. A trial ends twice the produced interval after the set
 * pulse.
 *
 * Judged by the first step from the set pulse on whose largest output is go: correct when it is at
 * most `margin` times the interval to be produced and 25 ms away from when it is due.
 */
#include <math.h>

#include "../base/error.h"
#include "epochs.h"

enum { FIXATION, READY, INTERVAL_MIN, INTERVAL_MAX, SET, GAIN, MARGIN, PARAMETERS };

/* name, unit, meaning, default, smallest, largest */
static const nai__parameter parameters[PARAMETERS] = {
    [FIXATION] = {"fixation", "ms", "duration of fixation, before the ready pulse", 100, 0, 1e7, 0},
    [READY] = {"ready", "ms", "duration of the ready pulse", 83, 0, 1e7, 0},
    [INTERVAL_MIN] = {"interval_min", "ms", "shortest interval from ready to set", 800, 0, 1e7, 0},
    [INTERVAL_MAX] = {"interval_max", "ms", "longest interval from ready to set", 1500, 0, 1e7, 0},
    [SET] = {"set", "ms", "duration of the set pulse", 83, 0, 1e7, 0},
    [GAIN] = {"gain", "", "the interval to be produced, in intervals measured", 1, 1e-3, 100, 0},
    [MARGIN] = {"margin", "", "of what is correct, in intervals to be produced", 0.2, 0, 100, 0},
};

enum { INTERVAL, PRODUCTION, ONSET, CONDITIONS };
static const char *const conditions[CONDITIONS] = {
    [INTERVAL] = "interval",     /* from ready to set, ms */
    [PRODUCTION] = "production", /* from set to go, ms */
    [ONSET] = "set",             /* when the set pulse starts, ms */
};

enum { FIXATION_EPOCH, INTERVAL_EPOCH, SET_EPOCH, EPOCHS };
enum { PRODUCTION_EPOCH = EPOCHS, READY_EPOCH, ALL_EPOCHS };
static const char *const more_epochs[ALL_EPOCHS - EPOCHS] = {"production", "ready"};
static const char *const epoch_names[EPOCHS] = {"fixation", "interval", "set"};
static const nai__epoch epochs[EPOCHS] = {
    {FIXATION, NAI__LISTED}, {INTERVAL_MIN, NAI__UNIFORM}, {SET, NAI__LISTED}};

/* Steps from set to go: rounded down, like an epoch. */
static int64_t count_production(double gain, int64_t interval)
{
  return nai__task_steps(gain * (double)interval, 1);
}

static nai_status count_steps(int64_t *longest, const nai__builtin_task *task, double dt)
{
  const nai__parameters *p = &task->parameters;
  nai__range range = nai__epochs_range(p, epochs, EPOCHS, dt);
  nai__range interval = nai__epochs_range(p, &epochs[INTERVAL_EPOCH], 1, dt);
  const nai__list *gain = &p->list[GAIN], *ready = &p->list[READY];
  NAI__TRY(nai__check_steps(ready->value, ready->n, p->rule[READY].name, 0, dt));
  int64_t soonest = count_production(nai__list_smallest(gain), (int64_t)interval.least);
  if (soonest < 1)
    return nai__fail(NAI_ERR_INVALID,
                     "gain is %g: %g times the shortest interval has no step of dt = %g ms",
                     nai__list_smallest(gain), nai__list_smallest(gain), dt);
  range.least += 2 * (double)soonest;
  range.most += 2 * (double)count_production(nai__list_largest(gain), (int64_t)interval.most);
  return nai__check_range(longest, range, dt);
}

static void fill(nai__trial *trial)
{
  const double *value = trial->value;
  double dt = trial->batch->dt;
  nai__span interval = trial->epoch[INTERVAL_EPOCH], set = trial->epoch[SET_EPOCH];
  nai__span ready = {interval.from, interval.from + nai__task_steps(value[READY], dt)};
  if (ready.end > interval.end) ready.end = interval.end; /* the set pulse ends the ready pulse */
  int64_t production = count_production(value[GAIN], interval.end - interval.from);
  int64_t due = set.from + production;
  trial->epoch[PRODUCTION_EPOCH] = nai__trial_append(trial, 2 * production);
  trial->epoch[READY_EPOCH] = ready;
  nai__set_input(trial, (nai__span){0, set.end}, 0, 1);
  nai__set_input(trial, ready, 1, 1);
  nai__set_input(trial, set, 2, 1);
  if (due < trial->end) nai__set_class(trial, (nai__span){due, due + 1}, 1);
  nai__set_condition(trial, INTERVAL, nai__trial_duration(trial, interval));
  nai__set_condition(trial, PRODUCTION, (double)production * dt);
  nai__set_condition(trial, ONSET, (double)set.from * dt);
}

static nai_status judge(void *user, nai_judgement *judgement)
{
  const nai__builtin_task *task = user;
  double production = (double)judgement->condition[PRODUCTION];
  double set = (double)judgement->condition[ONSET];
  if (!(production >= 0 && set >= 0)) return NAI_OK; /* trials that do not say */
  double margin = task->parameters.list[MARGIN].value[0] * production + 25;
  judgement->correct = 0;
  judgement->choice = 0;
  for (int64_t t = llround(set / judgement->dt); t < judgement->steps; t++) {
    int32_t largest = nai__largest_output(judgement, t);
    if (largest == 0) continue;
    judgement->choice = largest;
    judgement->correct =
        largest == 1 && fabs((double)t * judgement->dt - set - production) <= margin;
    break;
  }
  return NAI_OK;
}

const nai__task_kind nai__ready_set_go = {
    .name = "ready-set-go",
    .n_inputs = 3,
    .n_outputs = 2,
    .has_classes = 1,
    .n_conditions = CONDITIONS,
    .condition_names = conditions,
    .parameters = parameters,
    .n_parameters = NAI__AT_MOST(PARAMETERS, NAI__MOST_PARAMETERS),
    .n_single = PARAMETERS - MARGIN,
    .steps = count_steps,
    .epochs = epochs,
    .n_epochs = NAI__AT_MOST(EPOCHS, NAI__MOST_EPOCHS),
    .epoch_names = epoch_names,
    .more_epochs = more_epochs,
    .n_more_epochs = ALL_EPOCHS - EPOCHS,
    .fill = fill,
    .judge = judge,
};
