/**
 * @file evaluation.h
 * @brief Evaluation: choices and performance on test trials, for each trial and each condition.
 *
 * A trial is correct when, at its last step with a mask above 0, the largest channel of the output
 * is the correct class; where one of its channels is NaN or infinite no choice is made, which is
 * wrong. A task may define its own judgement. Where trials are blocks of parts (NAI_TASK_BLOCK),
 * each part is a trial of the result: those of the first block come first.
 */
#ifndef NEUROAI_EVALUATION_H
#define NEUROAI_EVALUATION_H

#include <neuroai/state.h>
#include <neuroai/task.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The result of an evaluation. */
typedef struct nai_evaluation nai_evaluation;

/** Arrays of the caller's for nai_evaluation_curve(), each [capacity]. Nullable: each of them. */
typedef struct nai_curve_arrays {
  uint32_t struct_size; /**< sizeof(nai_curve_arrays), filled in by the caller */
  int32_t reserved;     /**< 0 */
  double *value;        /**< of the condition */
  double *correct;      /**< fraction of its trials that are correct */
  double *choice;  /**< mean choice in its trials, scaled such that the lowest choice is 0 and the
                      highest is 1 */
  int64_t *trials; /**< number of its trials */
} nai_curve_arrays;

/* clang-format off */
/** No arrays: those that are wanted are filled in. */
#define NAI_CURVE_ARRAYS_INIT {sizeof(nai_curve_arrays), 0, NULL, NULL, NULL, NULL}
/* clang-format on */

/** Options of an evaluation. */
typedef struct nai_evaluation_options {
  uint32_t struct_size;                  /**< sizeof(nai_evaluation_options) */
  int32_t reserved;                      /**< 0 */
  int64_t threads;                       /**< 1 or more; the result does not depend on it */
  uint64_t seed;                         /**< of the noise, and of the trials of a task */
  const nai_intervention *interventions; /**< [n_interventions] in the trials: lesions, silencing
                                            during an epoch, currents (intervention.h) */
  int64_t n_interventions;               /**< how many there are */
  nai_work_callback progress; /**< called every few milliseconds with the number of trials done, of
                                 those under way by the steps they have made; NAI_STOP ends the
                                 evaluation with the trials that are done whole, possibly none.
                                 Nullable. */
  void *user;                 /**< last argument of progress */
  /**
   * [trials] for nai_trials_create_played(), which fills it: 1 if activity was finite to the end of
   * the trial, else 0, as nai_evaluation_finite() has it; 1 of a task that does not respond, whose
   * trials are not run. Evaluations refuse it. Nullable.
   */
  int32_t *finite;
} nai_evaluation_options;

/** One thread, seed 0, no interventions, no callback. */
#define NAI_EVALUATION_OPTIONS_INIT                                    \
  {                                                                    \
    sizeof(nai_evaluation_options), 0, 1, 0, NULL, 0, NULL, NULL, NULL \
  }

/**
 * Runs `trials` test trials of the task on `threads` threads. Trials and noise follow from `seed`.
 */
NAI_API nai_status nai_evaluation_create(nai_evaluation **out, const nai_network *net,
                                         const nai_task *task, int64_t trials, uint64_t seed,
                                         int64_t threads);

/** The same with options. Nullable: options (NAI_EVALUATION_OPTIONS_INIT). */
NAI_API nai_status nai_evaluation_create_with(nai_evaluation **out, const nai_network *net,
                                              const nai_task *task, int64_t trials,
                                              const nai_evaluation_options *options);

/**
 * Runs given trials, such as recorded ones, with the noise of their numbers (nai_trials_first()).
 * They are judged by class, or by the task's own judgement. Nullable: task, options.
 */
NAI_API nai_status nai_evaluation_create_from_trials(nai_evaluation **out, const nai_network *net,
                                                     const nai_trials *trials, const nai_task *task,
                                                     const nai_evaluation_options *options);

/**
 * Test trials as they have become: those that nai_evaluation_create_with() runs with these options,
 * after the task has answered what the network did between their parts. Given trials, run with the
 * same seed and the same units silenced, repeat what it did then to the last bit. Trials of a task
 * that does not respond are as nai_task_generate() makes them. Nullable: options.
 */
NAI_API nai_status nai_trials_create_played(nai_trials **out, const nai_network *net,
                                            const nai_task *task, int64_t trials,
                                            const nai_evaluation_options *options);

/** Nullable: evaluation. */
NAI_API void nai_evaluation_destroy(nai_evaluation *evaluation);

/** Fraction correct; NaN when no trial can be judged. */
NAI_API double nai_evaluation_performance(const nai_evaluation *evaluation);

/**
 * For each trial: 1 if it is correct, 0 if not, -1 if it cannot be judged: int32 [trials].
 */
NAI_API nai_status nai_evaluation_correct(nai_view *out, const nai_evaluation *evaluation);

/** The choice made in each trial, -1 where there is none: int32 [trials]. */
NAI_API nai_status nai_evaluation_choice(nai_view *out, const nai_evaluation *evaluation);

/**
 * For each trial 1 if activity was finite to its end, 0 if a rate, another state or an output
 * became NaN or infinite, as of a network that diverges; parts of a block have the same: int32
 * [trials].
 */
NAI_API nai_status nai_evaluation_finite(nai_view *out, const nai_evaluation *evaluation);

/**
 * Time of the choice in each trial, ms from the start of the trial, NaN where there is none: float
 * [trials]. Errors: NAI_ERR_UNSUPPORTED if the task has no reaction times: see
 * nai_task_has_times().
 */
NAI_API nai_status nai_evaluation_time(nai_view *out, const nai_evaluation *evaluation);

/** Value of a condition in each trial: float [trials]. */
NAI_API nai_status nai_evaluation_condition(nai_view *out, const nai_evaluation *evaluation,
                                            const char *name);

/** Name of condition `index`; NULL when there is none. */
NAI_API const char *nai_evaluation_condition_name(const nai_evaluation *evaluation, int64_t index);

/**
 * A curve over the values of a condition, in ascending order, copied into `arrays`, of which at
 * most `capacity` are written. `count` becomes the number of values, even if capacity is smaller.
 * Trials in which the condition is NaN or infinite are at none of them. Nullable: arrays (when
 * capacity is 0).
 */
NAI_API nai_status nai_evaluation_curve(const nai_curve_arrays *arrays, int64_t capacity,
                                        int64_t *count, const nai_evaluation *evaluation,
                                        const char *condition);

#ifdef __cplusplus
}
#endif
#endif
