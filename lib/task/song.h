/*
 * What the decision tasks of Song, Yang & Wang (2016) share. Two outputs, one a choice, are to be
 * low during fixation, and in the decision high for the right one and low for the other; between
 * these the mask is 0. A catch trial has no input and asks for low outputs from its first step to
 * its last. The choice is the larger output at the last step of a trial; catch trials are not
 * judged.
 *
 * Inputs are what the task alone gives. The baseline of 0.2 that was added to them, their noise (of
 * standard deviation 0.01) and their rectification belong to the network: nai_network_set() of
 * "baseline", "rectify" and "noise" on the input.
 *
 * Defaults are those of training; the published tests had a longer fixation, which `fixation` says,
 * and no catch trials (`catch` 0). Published validation went through the conditions in turn, here
 * they are drawn.
 */
#ifndef NAI_TASK_SONG_H
#define NAI_TASK_SONG_H

#include "epochs.h"

/* Parameters that all of them have, first in their tables. */
enum {
  NAI__SONG_FIXATION,
  NAI__SONG_LOW,
  NAI__SONG_HIGH,
  NAI__SONG_CATCH,
  NAI__SONG_CATCH_DURATION,
  NAI__SONG_PARAMETERS
};

#define NAI__SONG_SHARED(high, catch_probability, catch_duration)                                \
  [NAI__SONG_FIXATION] = {"fixation", "ms", "duration of fixation", 100, 0, 1e7, 0},             \
  [NAI__SONG_LOW] = {"low", "", "target of an output that is not chosen", 0.2, -1e6, 1e6, 0},    \
  [NAI__SONG_HIGH] = {"high", "", "target of the output that is chosen", high, -1e6, 1e6, 0},    \
  [NAI__SONG_CATCH] = {"catch", "", "probability of a catch trial", catch_probability, 0, 1, 0}, \
  [NAI__SONG_CATCH_DURATION] = {                                                                 \
      "catch_duration", "ms", "duration of a catch trial", catch_duration, 0, 1e7, 0}

/* The first draw of each task is whether it is a catch trial. */
enum { NAI__SONG_DRAW_CATCH, NAI__SONG_DRAWS };

/* The last condition of each task: the right output, 0 or 1, or -1 in a catch trial. */
#define NAI__SONG_TARGET "target"

/* The longest trial, of these epochs or a catch trial. */
nai_status nai__song_steps(int64_t *longest, const nai__builtin_task *task, double dt);

/* 1 when the trial is a catch trial, which is complete then. `target`: the condition's index. */
int nai__song_catch(nai__trial *trial, int target);

/* Targets, mask and the condition `target` of a trial in which output `right` is right. */
void nai__song_answer(nai__trial *trial, nai__span fixation, nai__span decision, int target,
                      int right);

/* The judge: the larger output at the last step; none, which is wrong, when both are equal. */
nai_status nai__song_judge(void *user, nai_judgement *judgement);

#endif
