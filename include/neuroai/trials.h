/**
 * @file trials.h
 * @brief Trials as plain arrays: inputs, targets, mask, lengths, conditions.
 */
#ifndef NEUROAI_TRIALS_H
#define NEUROAI_TRIALS_H

#include <neuroai/network.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A batch of trials that fits one network. */
typedef struct nai_trials nai_trials;

/** Arrays for nai_trials_view(). */
enum {
  NAI_TRIALS_INPUTS = 0,    /**< [steps, trials, all input channels] */
  NAI_TRIALS_TARGETS = 1,   /**< [steps, trials, n] of an output */
  NAI_TRIALS_CLASSES = 2,   /**< int32 [steps, trials] of an output */
  NAI_TRIALS_MASK = 3,      /**< [steps, trials, 1 or n] of an output */
  NAI_TRIALS_LENGTHS = 4,   /**< int32 [trials], steps of each trial */
  NAI_TRIALS_CONDITION = 5, /**< [trials] of a condition; of blocks [trials, parts] */
  NAI_TRIALS_EPOCH = 6,     /**< int32 [trials, 2] of an epoch: first step, one after the last; of
                              blocks [trials, parts, 2] */
  NAI_TRIALS_PARTS = 7 /**< int32 [trials, parts] of blocks: steps until the end of each part */
};

/**
 * Creates `trials` trials of `steps` steps for this (built) network: inputs 0, no targets, mask 1,
 * every trial with all steps.
 */
NAI_API nai_status nai_trials_create(nai_trials **out, const nai_network *net, int64_t steps,
                                     int64_t trials);

/** Nullable: trials. */
NAI_API void nai_trials_destroy(nai_trials *trials);

/** Sets an input: `values` [steps, trials, n]; all inputs, in order, when name is NULL. Copied. */
NAI_API nai_status nai_trials_set_inputs(nai_trials *trials, const char *name, const float *values,
                                         int64_t n);

/**
 * Sets the targets of an output: `values` [steps, trials, n], finite at every step, even where the
 * mask is 0. Copied.
 */
NAI_API nai_status nai_trials_set_targets(nai_trials *trials, const char *output,
                                          const float *values, int64_t n);

/**
 * Sets the correct class of an output at each step: `classes` [steps, trials], 0 .. n-1, even at
 * steps that do not count, where the mask is 0. Copied.
 */
NAI_API nai_status nai_trials_set_classes(nai_trials *trials, const char *output,
                                          const int32_t *classes);

/**
 * Sets the cost mask of an output: `mask` [steps, trials, columns], >= 0; columns is 1 or n.
 * Copied.
 */
NAI_API nai_status nai_trials_set_mask(nai_trials *trials, const char *output, const float *mask,
                                       int64_t columns);

/**
 * Sets the number of steps of each trial: `lengths` [trials], 1 .. steps. Later steps do not count
 * in any cost. Copied.
 */
NAI_API nai_status nai_trials_set_lengths(nai_trials *trials, const int32_t *lengths);

/**
 * Sets a condition, such as "coherence": `values` [trials]; of blocks [trials, parts]. NaN: none in
 * that trial. Copied.
 */
NAI_API nai_status nai_trials_set_condition(nai_trials *trials, const char *name,
                                            const float *values);

/**
 * Says when an epoch, such as "delay", is: `steps` [trials, 2], the first step of each trial that
 * belongs to it, counted from 0, and the one after the last; 0 <= first <= second <= steps of the
 * trials. Two equal numbers: no step of this trial does. No cost depends on it. Of blocks: [trials,
 * parts, 2]. Copied.
 */
NAI_API nai_status nai_trials_set_epoch(nai_trials *trials, const char *name, const int32_t *steps);

/**
 * Makes each trial a block of parts, each of which is judged by itself and has conditions and
 * epochs of its own: `ends` [trials, parts], steps until the end of each part, in ascending order,
 * at most the trial's. Two that are equal: a part without steps, which is not judged. To be called
 * before conditions and epochs are set, which NAI_ERR_ORDER says. Copied.
 */
NAI_API nai_status nai_trials_set_parts(nai_trials *trials, const int32_t *ends, int64_t parts);

/**
 * Sets the number of the first trial (default 0). Noise depends on (seed, trial number, step,
 * unit). A trainer adds the number of trials that it has used, so that noise does not repeat.
 */
NAI_API nai_status nai_trials_set_first(nai_trials *trials, uint64_t first);

/**
 * Number of the first trial; those of a task's test stream start at 2^55. 0 when trials is NULL.
 */
NAI_API uint64_t nai_trials_first(const nai_trials *trials);

/** A view of an array; `name`: of output, condition or epoch. Nullable: name (inputs, lengths). */
NAI_API nai_status nai_trials_view(nai_view *out, const nai_trials *trials, int32_t what,
                                   const char *name);

/** Name of condition `index`, until another one is set; NULL when there is none. */
NAI_API const char *nai_trials_condition_name(const nai_trials *trials, int64_t index);

/** Name of epoch `index`, in the order of a trial, until another one is set; NULL for none. */
NAI_API const char *nai_trials_epoch_name(const nai_trials *trials, int64_t index);

#ifdef __cplusplus
}
#endif
#endif
