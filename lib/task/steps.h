/*
 * Durations in steps: what all tasks that count in milliseconds share. A duration is cut down to
 * whole steps. One above 0 without a step would be an epoch that vanishes, so that a decision, say,
 * is never asked for: tasks refuse it.
 */
#ifndef NAI_TASK_STEPS_H
#define NAI_TASK_STEPS_H

#include "parameters.h"

/* At most this many a trial. */
#define NAI__MOST_STEPS 1000000

/*
 * Whole steps in a duration, ms; durations that are a multiple of dt up to rounding count in full.
 */
int64_t nai__task_steps(double duration, double dt);

/* The same of a duration that was drawn from a range: a step at least, if it is above 0. */
int64_t nai__drawn_steps(double duration, double dt);

/*
 * NAI_OK when each of these durations has a step; `needed`: 0 is refused too, not only what is
 * between 0 and dt.
 */
nai_status nai__check_steps(const double *durations, int64_t n, const char *parameter, int needed,
                            double dt);

#endif
