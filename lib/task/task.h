/* A task as the trainer and the evaluation see it. */
#ifndef NAI_TASK_TASK_H
#define NAI_TASK_TASK_H

#include <neuroai/extend.h>

#include "../base/reference.h"
#include "trials.h"

struct nai_task {
  nai__reference reference;
  nai_task_ops ops;
  char *name;
  char (*condition_name)[64]; /* [ops.n_conditions] */
  char (*epoch_name)[64];     /* [ops.n_epochs] */
  void *user;
  const nai_network *net; /* for its names, sizes and dt */
  nai_network *kept;      /* the same, for the end */
  /*
   * Of a task whose trials are there already (recorded.c), in place of ops.generate: adds what its
   * trials have, and refills them, with `trials` of them. NULL for all others.
   */
  nai_status (*add_arrays)(nai_trials *trials, const nai_task *task);
  nai_status (*fill)(nai_trials *trials, const nai_task *task, uint64_t seed, int32_t stream,
                     uint64_t first);
  const nai_trials *test; /* of it, all of them; NULL: as many as one likes */
  int aimless;            /* 1: its trials have neither targets nor classes */
};

void nai__task_keep(nai_task *task);

/* Trials with room for `trials` of the task's longest ones: allocate once, refill for ever. */
nai_status nai__task_trials(nai_trials **out, const nai_task *task, int64_t trials);

/*
 * Refills them with trials first .. of a stream, without allocating. `count` <= the number they
 * were made for.
 */
nai_status nai__task_fill(nai_trials *trials, const nai_task *task, uint64_t seed, int32_t stream,
                          uint64_t first, int64_t count);

/* A batch of these trials as the task's callbacks see it; `steps` are those in use. */
nai_trial_batch nai__task_batch(const nai_trials *trials, const nai_task *task);
/* Checks steps from .. end - 1 of what a callback wrote, or conditions and epochs. */
nai_status nai__task_check_steps(const nai_trials *trials, const nai_task *task,
                                 const nai_trial_batch *batch, int64_t from, int64_t end);
nai_status nai__task_check_own(const nai_trials *trials, const nai_trial_batch *batch);
/* From the arrays that a task wrote to those of each output, or of conditions and epochs. */
void nai__task_deal_steps(nai_trials *trials, const nai_task *task, const nai_trial_batch *batch,
                          int64_t from, int64_t end);
void nai__task_deal_own(nai_trials *trials, const nai_trial_batch *batch);

/* --- answering, respond.c --------------------------------------------------------------------- */

/* 1 when the task is to be asked at each stop. */
int nai__task_responds(const nai_task *task);

/* What the network has put out: step t of trial b at output + t * step_stride + b * trial_stride. */
typedef struct nai__done {
  const float *output;
  int64_t step_stride, trial_stride;
} nai__done;

/* After `step`, the next one at which a part of some trial ends; of this trial alone, or -1. */
int64_t nai__task_next_stop(const nai_trials *trials, int64_t step, int64_t trial);
/*
 * Has the task answer what these trials did, of which parts ended at `step`; all of them, or this
 * one alone. What it writes is checked, and dealt out, up to the next stop.
 */
nai_status nai__task_respond(nai_trials *trials, const nai_task *task, int64_t step, int64_t trial,
                             const nai__done *done);

/*
 * The parameters of a task as they were, to be put back; a task of the user's own has none. Starts as
 * 0. Taking them again allocates only where lists have grown.
 */
typedef struct nai__task_past {
  struct nai__list *list;
  int n;
  int64_t max_steps, parts;
} nai__task_past;

nai_status nai__task_past_take(nai__task_past *past, const nai_task *task);
/* Once after each taking. */
void nai__task_past_put_back(nai__task_past *past, nai_task *task);
void nai__task_past_release(nai__task_past *past);
/* How many nai_task_parameter() describes of it; 0 of the user's own, whatever its name. */
int nai__task_parameter_count(const nai_task *task);
/* 1 when a parameter of a built-in task has its default. */
int nai__task_is_default(const nai_task *task, const char *parameter);
/* From now on setting a parameter to at most so many values does not allocate. */
nai_status nai__task_reserve(nai_task *task, int64_t values);

/*
 * Judges part p of trial b (0: the whole trial, where parts are not judged by themselves) from the
 * trial's outputs z: step t of it is at output + t * step_stride, n_outputs channels. By the task's own judge, or by class: at the last step with a mask above 0 of the first
 * output with classes, the largest channel is the choice. correct: 1, 0 or -1 when there is nothing
 * to judge by. task may be NULL (plain arrays).
 */
typedef struct nai__verdict {
  int32_t correct, choice;
  double time; /* of the choice, ms from the trial's start; NaN for none */
} nai__verdict;

nai_status nai__judge(nai__verdict *out, const nai_task *task, const nai_trials *trials, int64_t b,
                      int64_t p, const float *output, int64_t step_stride, double dt);

#endif
