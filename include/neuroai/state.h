/**
 * @file state.h
 * @brief A running network: the activity of one or more trials, step by step.
 *
 * The calls that move a state take their arguments in the order of time: what goes in, then what
 * comes out.
 *
 * Threads: many states may run one network from many threads; one state is used by one thread at a
 * time. Memory: only nai_state_create() allocates.
 */
#ifndef NEUROAI_STATE_H
#define NEUROAI_STATE_H

#include <neuroai/network.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Activity of a network. Keeps the network alive. */
typedef struct nai_state nai_state;

/**
 * `trials` run at once, at time 0, with noise from `seed` (trial 0, 1, ... of that seed). The
 * network must be built.
 */
NAI_API nai_status nai_state_create(nai_state **out, const nai_network *net, int64_t trials,
                                    uint64_t seed);

/** Nullable: state. */
NAI_API void nai_state_destroy(nai_state *state);

/**
 * One time step. `inputs` [trials, all input channels], inputs in the order they were added;
 * `outputs` [trials, all output channels] likewise. Nullable: inputs (0, where the network has none
 * or is left alone), outputs. Errors: NAI_ERR_NONFINITE for an input that is NaN or infinite; the
 * state stays as it was.
 */
NAI_API nai_status nai_state_step(nai_state *state, const float *inputs, float *outputs);

/**
 * `steps` time steps. `inputs` [steps, trials, channels]; `outputs` likewise; `rates` [steps,
 * trials, units], populations in the order they were added. Nullable: inputs, outputs, rates.
 * Errors: NAI_ERR_NONFINITE for an input that is NaN or infinite at any step; then none is made.
 */
NAI_API nai_status nai_state_run(nai_state *state, int64_t steps, const float *inputs,
                                 float *outputs, float *rates);

/** Back to time 0: the initial state, nothing clamped or injected; the same noise again. */
NAI_API nai_status nai_state_reset(nai_state *state);

/* --- interventions ---------------------------------------------------------------------------- */

enum {
  NAI_ALL_UNITS = -1 /**< in place of a number of units: all that a population has */
};

/** Some units of some populations. */
typedef struct nai_units {
  const char *names;    /**< populations, as in every list of names */
  const int64_t *units; /**< [n] units of each of them, from 0, none twice; not read for all */
  int64_t n;            /**< number of units, 0 or more, or NAI_ALL_UNITS */
} nai_units;

/** From now on the rates of these populations are `rate`, whatever they receive. */
NAI_API nai_status nai_state_clamp(nai_state *state, const char *names, float rate);

/**
 * The same for `units` [n] of each of these populations, from 0, none twice; n may be
 * NAI_ALL_UNITS. `rate` [n_rates], where n_rates is 1 or the number of units. Errors: whatever is
 * refused changes nothing.
 */
NAI_API nai_status nai_state_clamp_units(nai_state *state, const char *names, const int64_t *units,
                                         int64_t n, const float *rate, int64_t n_rates);

/** Clamps these populations to a rate of 0: a lesion, or optogenetic silencing. */
NAI_API nai_status nai_state_silence(nai_state *state, const char *names);

/** The same for some units, as in nai_state_clamp_units(). */
NAI_API nai_status nai_state_silence_units(nai_state *state, const char *names,
                                           const int64_t *units, int64_t n);

/**
 * From now on `current` [n] is added to what this population's units receive; of one value when n
 * is 1.
 */
NAI_API nai_status nai_state_inject(nai_state *state, const char *names, const float *current,
                                    int64_t n);

/** The same for some units, as in nai_state_clamp_units(). */
NAI_API nai_status nai_state_inject_units(nai_state *state, const char *names, const int64_t *units,
                                          int64_t n, const float *current, int64_t n_currents);

/** Ends clamping and injection of these populations. */
NAI_API nai_status nai_state_release(nai_state *state, const char *names);

/** The same for some units, as in nai_state_clamp_units(). */
NAI_API nai_status nai_state_release_units(nai_state *state, const char *names,
                                           const int64_t *units, int64_t n);

/* --- numbers of trials, looking, snapshots ---------------------------------------------------- */

/**
 * Number of the first trial, below 2^56 less the number of trials; 0 at the start. With the number
 * and the seed of trials that were run elsewhere, such as nai_trials_first() of those of an
 * evaluation, the noise is the same.
 */
NAI_API nai_status nai_state_set_first(nai_state *state, uint64_t first);

/** Rates of a population now: [trials, n]. */
NAI_API nai_status nai_state_rates(nai_view *out, const nai_state *state, const char *name);

/**
 * Currents of a population now, x in r = phi(x): [trials, n]. Errors: NAI_ERR_UNSUPPORTED for a
 * leak on the rate: only rates last from step to step then.
 */
NAI_API nai_status nai_state_currents(nai_view *out, const nai_state *state, const char *name);

/**
 * Sets the currents of a population, and its rates with them: `currents` [trials, n]. At time 0
 * also what delays carry from before, as initial states do; later that stays. Clamped units keep
 * their rates. Errors: NAI_ERR_UNSUPPORTED for a leak on the rate: set its rates.
 */
NAI_API nai_status nai_state_set_currents(nai_state *state, const char *name, const float *currents,
                                          int64_t n);

/**
 * Sets the rates of a population whose leak is on the rate: `rates` [trials, n]; as in
 * nai_state_set_currents(). Errors: NAI_ERR_UNSUPPORTED for a leak on the current: set its
 * currents.
 */
NAI_API nai_status nai_state_set_rates(nai_state *state, const char *name, const float *rates,
                                       int64_t n);

/** Steps made since time 0; -1 when state is NULL. */
NAI_API int64_t nai_state_time(const nai_state *state);

/** Bytes that nai_state_snapshot() writes; -1 when state is NULL. */
NAI_API int64_t nai_state_snapshot_size(const nai_state *state);

/** Writes all that later steps depend on (activity, delays, time, clamps, noise) into `buffer`. */
NAI_API nai_status nai_state_snapshot(void *buffer, int64_t size, const nai_state *state);

/** Puts a snapshot back; refused when it is of another network, number of trials or library. */
NAI_API nai_status nai_state_restore(nai_state *state, const void *buffer, int64_t size);

#ifdef __cplusplus
}
#endif
#endif
