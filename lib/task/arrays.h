/*
 * What the tasks need of trials beyond the public calls: room for their longest trials, and masks
 * that end with each trial.
 *
 * A mask is kept twice: whole, as it was given, and cut off at each trial's end, which is what
 * costs read; so lengths and masks may be set in any order, and again. The whole one follows the
 * cut one in memory.
 */
#ifndef NAI_TASK_ARRAYS_H
#define NAI_TASK_ARRAYS_H

#include "../network/network.h"
#include "trials.h"

/* Trials have numbers below this: noise has 56 bits for them, and one is the test stream's. */
#define NAI__MOST_TRIAL ((uint64_t)1 << 55)

/* Conditions of a task; so few that a trial's fit on the stack. */
#define NAI__MOST_CONDITIONS 64

/* Named epochs of a task. */
#define NAI__MOST_NAMED_EPOCHS 32

/*
 * Trials of a network, as nai_trials_create() makes them; `scratch` floats a trial follow the
 * inputs.
 */
nai_status nai__trials_make(nai_trials **out, const nai_network *net, int64_t steps, int64_t trials,
                            int64_t scratch);

/* The whole mask of a goal; the same shape as goal->mask. */
float *nai__trials_whole_mask(const nai_trials *trials, const nai__goal *goal);

/* Makes the masks that costs read from the whole ones and the lengths; or steps from .. end - 1. */
void nai__trials_cut(nai_trials *trials);
void nai__trials_cut_steps(nai_trials *trials, int64_t from, int64_t end);

/* Room for so many parts, equal ones of all steps; `own`: with conditions and epochs of their own. */
nai_status nai__trials_need_parts(nai_trials *trials, int64_t parts, int own);
void nai__trials_part_equally(int32_t *part_end, int64_t trials, int64_t parts, int64_t steps);
/*
 * NAI_OK when `what` [trials][parts] is in order and the last part ends with the trial, or with
 * `exact` 0 within it.
 */
nai_status nai__check_parts(const int32_t *part_end, const int32_t *length, int64_t trials,
                            int64_t parts, int exact, const char *what);

/* Memory for targets or classes of a goal, the first time; 0 everywhere. */
nai_status nai__trials_need_targets(const nai_trials *trials, nai__goal *goal);
nai_status nai__trials_need_classes(const nai_trials *trials, nai__goal *goal);

/* The condition of this name, added when it is new (values 0). */
nai_status nai__trials_need_condition(nai__condition **out, nai_trials *trials, const char *name);

/* The epoch of this name, added when it is new (no steps). */
nai_status nai__trials_need_epoch(nai__when **out, nai_trials *trials, const char *name);

/* NULL when there is none. */
const nai__when *nai__trials_epoch(const nai_trials *trials, const char *name);

/* NAI_OK when each pair of steps [trials][own][2] is in order and within 0 .. the longest. */
nai_status nai__check_epoch(const int32_t *steps, int64_t trials, int64_t own, int64_t longest,
                            const char *name);

/*
 * Where part p of trial b is judged by class: the first goal with classes, and its last step with a
 * mask above 0. NULL when there is no such goal or step.
 */
const nai__goal *nai__trials_judged_at(int64_t *step, const nai_trials *trials, int64_t b,
                                       int64_t p);

/*
 * Checks of values that come from outside; the message names the first wrong one as
 * what[step][trial][column].
 */
nai_status nai__check_finite(const float *values, int64_t steps, int64_t trials, int64_t columns,
                             const char *what);
nai_status nai__check_mask(const float *mask, int64_t steps, int64_t trials, int64_t columns);
nai_status nai__check_targets(const float *values, int64_t steps, int64_t trials, int64_t columns,
                              const char *what);
nai_status nai__check_classes(const int32_t *classes, int64_t steps, int64_t trials, int64_t n);
nai_status nai__check_lengths(const int32_t *lengths, int64_t trials, int64_t steps);

#endif
