/**
 * @file task.h
 * @brief Tasks: endless, seeded streams of trials. For tasks of your own see extend.h.
 *
 * Trial k of a stream depends only on (seed, stream, k): it is the same for any batch size and
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
  NAI_STREAM_TRAIN = 0, /**< for training */
  NAI_STREAM_TEST = 1   /**< for evaluations */
};

/** Name of built-in task `index`, such as "perceptual-decision-making"; NULL past the last. */
NAI_API const char *nai_task_builtin_name(int64_t index);

/** Describes parameter `index` of a built-in task; NAI_ERR_INVALID past the last. */
NAI_API nai_status nai_task_parameter(nai_parameter *out, const char *task, int64_t index);

/** What a built-in task is, whatever its parameters are. */
typedef struct nai_task_description {
  uint32_t struct_size; /**< sizeof(nai_task_description), filled in by the caller */
  uint32_t flags;       /**< NAI_TASK_CHANNEL_MASK, NAI_TASK_BLOCK (extend.h), or 0 */
  int32_t has_classes;  /**< 1: classes of the first output; 0: real targets of all outputs */
  int32_t has_times;    /**< 1: its judgement gives the time of a choice */
  int64_t n_inputs;     /**< input channels that its networks have, all inputs together */
  int64_t more_inputs;  /**< a network with so many is taken too, and shown more; 0: none */
  int64_t n_outputs;    /**< output channels, all outputs together; of classes, of the one output */
  int64_t n_conditions; /**< conditions of a trial */
  int64_t n_epochs;     /**< named epochs of a trial */
  int64_t n_parameters; /**< parameters, as nai_task_parameter() describes them */
} nai_task_description;

/* clang-format off */
/** A nai_task_description to be filled. */
#define NAI_TASK_DESCRIPTION_INIT {sizeof(nai_task_description), 0, 0, 0, 0, 0, 0, 0, 0, 0}
/* clang-format on */

/** Describes a built-in task. No parameter changes any of it. */
NAI_API nai_status nai_task_describe(nai_task_description *out, const char *task);

/** Name of condition `index` of the trials of a built-in task; NULL past the last. */
NAI_API const char *nai_task_condition_name(const char *task, int64_t index);

/**
 * Name of epoch `index` of the trials of a built-in task; NULL past the last. A trial may lack some
 * of them: they have no steps then.
 */
NAI_API const char *nai_task_epoch_name(const char *task, int64_t index);

/**
 * Creates a built-in task for this network, which must be built and have the numbers of input and
 * output channels of the task. All parameters have their defaults.
 *
 * Durations are rounded down to whole steps of the network's dt. A duration above 0 that is shorter
 * than one step is refused, here and wherever it is set; so is an epoch of 0 ms in which the answer
 * would be due. A duration that each trial draws between two bounds has at least one step.
 */
NAI_API nai_status nai_task_create(nai_task **out, const char *name, const nai_network *net);

/**
 * Values of a parameter: what nai_task_set_list() takes. It never changes, as that call does not.
 */
typedef struct nai_task_setting {
  const char *parameter; /**< its name */
  const double *values;  /**< [n] from which each trial draws one; copied */
  int64_t n;             /**< number of values, 1 or more */
} nai_task_setting;

/**
 * The same with given values of some parameters, `settings` [n], which are checked together: for a
 * dt at which the defaults have epochs without a step. Nullable: settings (when n is 0).
 */
NAI_API nai_status nai_task_create_with(nai_task **out, const char *name, const nai_network *net,
                                        const nai_task_setting *settings, int64_t n);

/**
 * Creates a task from given trials, such as recorded ones, which are copied; they may have any
 * lengths, masks and conditions, and classes or targets of any output. Training goes through all of
 * `trials` repeatedly: trial k of the training stream belongs to pass k / n, whose order is a
 * random permutation that depends on (seed, pass). The test stream repeats the trials of `test` in
 * the given order; an evaluation during training uses each of them at most once. Trials are judged
 * by class, at the last step that counts, or as nai_trainer_set_judge() says. Noise: a test trial
 * has the noise of its own number (nai_trials_first()), as in nai_evaluation_create_from_trials();
 * trial k of training has that of number 2^54 + k. The task has no parameters, and so no curricula.
 * Nullable: test (then `trials`).
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
 * Reads the values from which each trial draws one: `values` [capacity]; `count` becomes their
 * number, even if capacity is smaller. Nullable: values (when capacity is 0).
 */
NAI_API nai_status nai_task_get_list(double *values, int64_t capacity, int64_t *count,
                                     const nai_task *task, const char *parameter);

/**
 * Name of a task: of a built-in one that by which it was created; "recorded_trials" of given
 * trials.
 */
NAI_API const char *nai_task_name(const nai_task *task);

/** Makes trials `first` .. `first + trials - 1` of a stream. */
NAI_API nai_status nai_task_generate(nai_trials **out, const nai_task *task, uint64_t seed,
                                     int32_t stream, uint64_t first, int64_t trials);

/**
 * Whether the task has reaction times, that is, whether its judgement gives the time of a choice.
 * `times`: 1 or 0, or -1 (not known) for a user's own judgement.
 */
NAI_API nai_status nai_task_has_times(int32_t *times, const nai_task *task);

#ifdef __cplusplus
}
#endif
#endif
