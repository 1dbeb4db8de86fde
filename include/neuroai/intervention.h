/**
 * @file intervention.h
 * @brief Interventions: units that are silenced, clamped, scaled, frozen or given a current, and
 * projections that are scaled or cut, during a part of the trial.
 *
 * One description for evaluations (evaluation.h) and for states (state.h): which units or synapses,
 * what is done to them, when, and in which trials.
 */
#ifndef NEUROAI_INTERVENTION_H
#define NEUROAI_INTERVENTION_H

#include <neuroai/network.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  NAI_ALL_UNITS = -1 /**< in place of a number of units: all units of the population */
};

/**
 * What an intervention does. What is said of rates is said of what units send: of their first
 * signal, or of one that is named. A current goes to their first port, or to one that is named, and
 * there to all its copies.
 */
enum {
  NAI_SILENCE = 0,        /**< the rate is 0: a lesion, or optogenetic silencing */
  NAI_CLAMP = 1,          /**< the rate is the value */
  NAI_INJECT = 2,         /**< the value is added to what the unit receives */
  NAI_SCALE = 3,          /**< the rate is multiplied by the value, >= 0 */
  NAI_SCALE_SYNAPSES = 4, /**< weights from the units to `to` are multiplied by it; 0 cuts them */
  NAI_FREEZE = 5          /**< the rate stays what it is at the first of these steps */
};

/**
 * Trials in which a condition has a value. It never changes, as programs lay out arrays of it: what
 * more may be asked of trials one day becomes a member of nai_intervention.
 */
typedef struct nai_where {
  const char *condition; /**< such as "coherence" */
  double value;          /**< that it has in these trials */
} nai_where;

/**
 * An intervention. Begin with NAI_INTERVENTION_INIT: silence, all units, in all trials from their
 * first step to their last. Interventions act in the order in which they are given.
 *
 * States of units (their currents, or rates where the leak is on the rate) go on meanwhile, with
 * what the units receive. Trials start with rates of their own, which units receive in the first
 * steps; a start below 0 imposes those, too.
 */
typedef struct nai_intervention {
  uint32_t struct_size; /**< sizeof(nai_intervention), the same in all of an array */
  int32_t kind;         /**< NAI_SILENCE, NAI_CLAMP, ... */
  /** Populations, of NAI_SCALE_SYNAPSES inputs too; "E:nmda": a signal of E, "E:apical" a port. */
  const char *names;
  const int64_t *units; /**< [n_units] of each of them, from 0, none twice */
  int64_t n_units;      /**< 0 or more, or NAI_ALL_UNITS */
  /**
   * Of these units, drawn at random in each population: above 0, at most 1, rounded to a number of
   * units. Those of a smaller fraction with the same seed are among those of a larger one.
   */
  double fraction;
  uint64_t seed; /**< of this draw */
  double value;  /**< rate, current or factor of all of them; 0 for NAI_SILENCE and NAI_FREEZE */
  const float *values; /**< [n_values] one a unit of these, in place of value. Nullable */
  int64_t n_values;    /**< 0 without values */
  /**
   * Name of an epoch of the trials: start and end count from its first step, and it is over at its
   * last. Nullable: the whole trial. In trials that are blocks each part is a trial: it has the
   * epoch, start and end count from its first step, and `where` asks for its conditions.
   */
  const char *epoch;
  double start; /**< ms: from here on; below 0: from before the first step on */
  double end;   /**< ms, above start: until here; 0: to the end */
  double rise;  /**< ms during which the effect rises linearly, from start on */
  double fall;  /**< ms during which it falls linearly, until the end */
  /**
   * [n_trials][2] the first step in each trial, from 0, and the one after the last, in place of an
   * epoch; none where they are equal. Nullable.
   */
  const int32_t *steps;
  const uint8_t *trials;  /**< [n_trials] 1: in this trial. Nullable: in all */
  int64_t n_trials;       /**< of steps and trials; 0 without */
  const nai_where *where; /**< [n_where] only in trials that have all of these. Nullable */
  int64_t n_where;        /**< 0 without where */
  /**
   * Of NAI_SCALE_SYNAPSES, and of no other: where the projections lead, populations and outputs.
   * Short-term plasticity goes on from what is sent, as if nothing were done.
   */
  const char *to;
  int32_t of_units; /**< 1: `fraction` is of the sending units; 0: of each projection's synapses */
  int32_t reserved; /**< 0 */
} nai_intervention;

/* clang-format off */
/** Silences all units of no population yet: set names. */
#define NAI_INTERVENTION_INIT                                                                     \
  {sizeof(nai_intervention), NAI_SILENCE, NULL, NULL, NAI_ALL_UNITS, 1.0, 0, 0, NULL, 0, NULL, 0, \
   0, 0, 0, NULL, NULL, 0, NULL, 0, NULL, 0, 0}
/* clang-format on */

#ifdef __cplusplus
}
#endif
#endif
