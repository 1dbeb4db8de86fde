/*
 * What the tasks in neurogym's form share. The first input is the fixation cue, the classes are
 * neurogym's ground truth: 0 fixate, 1 and 2 (or 1 for go) in the epoch of the answer. Stimuli have
 * independent normal noise of standard deviation sigma / sqrt(dt), dt in ms. As many steps as fit
 * into an epoch. Neurogym (2.3)
 * adds that noise to the cue as well in DelayComparison and MultiSensoryIntegration: not so here.
 */
#ifndef NAI_TASK_NEUROGYM_H
#define NAI_TASK_NEUROGYM_H

#include <math.h>

#include "epochs.h"

#define NAI__FIXATION_ROW(index, duration) \
  [index] = {"fixation", "ms", "duration of fixation", duration, 0, 1e7, 0}
#define NAI__DECISION_ROW(index, duration) \
  [index] = {"decision", "ms", "duration of the decision epoch", duration, 0, 1e7, 0}
#define NAI__SIGMA_ROW(index)                                                                     \
  [index] = {"sigma", "sqrt(ms)", "noise of the stimuli, of standard deviation sigma / sqrt(dt)", \
             1,       0,          1e6,                                                            \
             0}

/*
 * Of tasks whose cue is on during fixation alone in neurogym. The last parameter and a single one, so
 * that no trial draws it: the task's own draws start one place earlier and stay where they were.
 */
#define NAI__CUE_UNTIL_DECISION_ROW(index)                                                       \
  [index] = {"cue_until_decision",                                                               \
             "",                                                                                 \
             "0: the cue is on during fixation, as in neurogym; 1: until the decision, so that " \
             "its end is the signal to answer",                                                  \
             0,                                                                                  \
             0,                                                                                  \
             1,                                                                                  \
             1}
#define NAI__FIRST_DRAW_AFTER_CUE (-1)

/* Standard deviation of the noise at each step. */
static inline double nai__neurogym_noise(const nai__trial *trial, double sigma)
{
  return sigma / sqrt(trial->batch->dt);
}

/* The cue, from the trial's start to that of an epoch. */
static inline void nai__set_cue(nai__trial *trial, nai__span until)
{
  nai__set_input(trial, (nai__span){0, until.from}, 0, 1);
}

#endif
