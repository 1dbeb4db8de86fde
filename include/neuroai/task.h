/**
 * @file task.h
 * @brief Tasks: endless, seeded streams of trials. A user's own: extend.h.
 *
 * Trial k of a stream is a function of (seed, stream, k) alone: the same for any batch size and
 * number of threads. Training and test streams never share a trial.
 */
#ifndef NEUROAI_TASK_H
#define NEUROAI_TASK_H

#include <neuroai/trials.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A task. */
typedef struct nai_task nai_task;

/** Streams of trials. */
enum {
  NAI_STREAM_TRAIN = 0, /**< what a trainer draws from */
  NAI_STREAM_TEST = 1   /**< what an evaluation draws from */
};

/**
 * Name of a task, whose index is 0; of NULL, that of built-in task `index`, such as
 * "perceptual-decision-making". NULL past the last. Nullable: task.
 */
NAI_API const char *nai_task_name(const nai_task *task, int64_t index);

/** Describes parameter `index` of a built-in task; NAI_ERR_INVALID past the last. */
NAI_API nai_status nai_task_parameter(nai_parameter *out, const char *task, int64_t index);

/**
 * A built-in task for this network, which must be built and have the task's numbers of input and
 * output channels. All parameters have their defaults.
 *
 * Durations are cut down to whole steps of the network's dt. One above 0 that has no step is
 * refused, here and wherever it is set; so is an epoch of 0 ms in which the answer would be due. A
 * duration that each trial draws between two bounds has at least one step.
 */
NAI_API nai_status nai_task_create(nai_task **out, const char *name, const nai_network *net);

/** Values of a parameter. */
typedef struct nai_task_setting {
  const char *parameter; /**< its name */
  const double *values;  /**< [n] from which each trial draws one; copied */
  int64_t n;             /**< number of values, 1 or more */
} nai_task_setting;

/**
 * The same with other values of some parameters, `settings` [n], which must do together: for a dt
 * at which the defaults have epochs without a step. Nullable: settings (when n is 0).
 */
NAI_API nai_status nai_task_create_with(nai_task **out, const char *name, const nai_network *net,
                                        const nai_task_setting *settings, int64_t n);

/**
 * A task of given trials, such as recorded ones, which are copied; they may have any lengths, masks
 * and conditions, and classes or targets of any output. Training goes through all of `trials`, pass
 * after pass: trial k of the training stream is in pass k / n, whose order is a permutation that is
 * a function of (seed, pass). The test stream has those of `test` in the order in which they were
 * given, and then again; an evaluation in a run is of each of them once at most. They are judged by
 * class, at the last step that counts. Noise: a test trial has that of its own number
 * (nai_trials_first()), as in nai_evaluation_create_from_trials(); trial k of training that of
 * number 2^54 + k. Parameters, and so curricula, it has none. Nullable: test (the same as
 * `trials`).
 */
NAI_API nai_status nai_task_create_from_trials(nai_task **out, const nai_trials *trials,
                                               const nai_trials *test, const nai_network *net);

/** Nullable: task. */
NAI_API void nai_task_destroy(nai_task *task);

/** Sets a parameter. */
NAI_API nai_status nai_task_set(nai_task *task, const char *parameter, double value);

/** Sets a list of values from which each trial draws one; n >= 1. */
NAI_API nai_status nai_task_set_list(nai_task *task, const char *parameter, const double *values,
                                     int64_t n);

/**
 * Reads the values from which each trial draws one: `values` [capacity]; `count` is their number,
 * also when capacity is smaller. Nullable: values (when capacity is 0).
 */
NAI_API nai_status nai_task_get_list(double *values, int64_t capacity, int64_t *count,
                                     const nai_task *task, const char *parameter);

/** Trials `first` .. `first + trials - 1` of a stream. */
NAI_API nai_status nai_task_generate(nai_trials **out, const nai_task *task, uint64_t seed,
                                     int32_t stream, uint64_t first, int64_t trials);

/**
 * Whether the task has reaction times: whether its judgement gives the time of a choice. `times`: 1
 * or 0, or -1 for a user's own judgement, which may or may not.
 */
NAI_API nai_status nai_task_has_times(int32_t *times, const nai_task *task);

#ifdef __cplusplus
}
#endif
#endif
