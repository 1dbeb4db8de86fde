/**
 * @file state.h
 * @brief A running network: the activity of one or more trials, step by step.
 *
 * Threads: states of the same network may be run by different threads at once; one state is used by
 * one thread at a time. Memory: only nai_state_create() allocates, and what plans interventions:
 * nai_state_intervene(), nai_state_restore().
 */
#ifndef NEUROAI_STATE_H
#define NEUROAI_STATE_H

#include <neuroai/intervention.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Activity of a network. Keeps the network alive. */
typedef struct nai_state nai_state;

/**
 * Creates a state of `trials` trials that run in parallel, at time 0, with noise from `seed` (of
 * trials 0, 1, ... of that seed). The network must be built.
 */
NAI_API nai_status nai_state_create(nai_state **out, const nai_network *net, int64_t trials,
                                    uint64_t seed);

/** Nullable: state. */
NAI_API void nai_state_destroy(nai_state *state);

/**
 * Makes one time step. `outputs` [trials, all output channels], outputs in the order in which they
 * were added; `inputs` [trials, all input channels] likewise. Nullable: outputs, inputs (all 0).
 * Errors: NAI_ERR_NONFINITE for an input that is NaN or infinite; the state does not change.
 */
NAI_API nai_status nai_state_step(float *outputs, nai_state *state, const float *inputs);

/**
 * Makes `steps` time steps. `outputs` [steps, trials, channels]; `rates` [steps, trials, units],
 * populations in the order in which they were added; `inputs` [steps, trials, channels]. Nullable:
 * outputs, rates, inputs. Errors: NAI_ERR_NONFINITE for an input that is NaN or infinite at any
 * step; the state does not change.
 */
NAI_API nai_status nai_state_run(float *outputs, float *rates, nai_state *state, int64_t steps,
                                 const float *inputs);

/**
 * A spike: unit `unit` of trial `trial` fired at step `step`. It never changes, as programs lay out
 * arrays of it.
 */
typedef struct nai_spike {
  int64_t step;  /**< steps since time 0, as nai_state_time() counts them */
  int32_t trial; /**< trial */
  int32_t unit;  /**< of the populations whose spikes are recorded, one after the other */
} nai_spike;

/**
 * What nai_state_record() fills. Begin with NAI_RECORDING_INIT, then say where it goes; what is
 * left as it is, is not recorded.
 *
 * Spikes are events: what is recorded takes the memory of the spikes, whatever the number of units.
 * How many there will be is not known before, so a call makes steps only as long as there is room
 * for one in which all units fire; `made` says how many that were. Empty the buffer, set n to 0 and
 * go on with the steps that are left.
 *
 * All else comes in rows: of each step, or with `every` of each so many-th one. Nothing is copied
 * between rows. `since` counts on from call to call, so that a run in pieces has the rows of the
 * whole one, wherever it is cut. A call that makes all of its steps writes (since + steps) / every
 * rows; each call begins with row 0 of the arrays.
 */
typedef struct nai_recording {
  uint32_t struct_size;    /**< sizeof(nai_recording) */
  int32_t reserved;        /**< 0 */
  const char *populations; /**< whose spikes: names or patterns; NULL: of none */
  nai_spike *spikes;       /**< [room], by step, trial and unit */
  int64_t room;            /**< spikes that it takes: at least those of a step with all units */
  int64_t n;               /**< spikes in it; a call adds those of its steps */
  int64_t made;            /**< steps that the last call made */
  float *outputs;          /**< [rows, trials, channels], or NULL */
  float *rates;            /**< [rows, trials, units], or NULL */
  const char *variables;   /**< "E:x I:rate": names that nai_state_variable() takes, or NULL */
  float *traces;           /**< [rows, trials, width] one variable after the other, or NULL */
  int64_t width;           /**< of all together, each as nai_network_size() has it; or of columns */
  int64_t every;           /**< rows are of every so many steps; 0: of each */
  int64_t since;           /**< steps since the last row, below every; a call counts on from it */
  int64_t rows;            /**< rows that the last call wrote */
  /** [width] which numbers of the variables, counted through all of them; NULL: all. */
  const int64_t *columns;
  /** [n_units] whose spikes, counted through the populations, ascending; NULL: of all units. */
  const int64_t *units;
  int64_t n_units; /**< how many */
} nai_recording;

/* clang-format off */
/** A nai_recording that records nothing yet. */
#define NAI_RECORDING_INIT \
  {sizeof(nai_recording), 0, NULL, NULL, 0, 0, 0, NULL, NULL, NULL, NULL, 0, 0, 0, 0, NULL, NULL, 0}
/* clang-format on */

/**
 * Makes up to `steps` time steps as nai_state_run() does, and records what `to` says: spikes,
 * outputs, rates, variables. A spike is where what is sent is not 0, of populations whose model has
 * NAI_MODEL_SPIKES; populations are in the order in which they were added, units of the next one
 * counted on, also where only some units are chosen. Allocates nothing without variables. If a
 * model's function fails, `made`, `n`, `rows` and `since` are of the steps before. Nullable:
 * inputs. Errors: NAI_ERR_UNSUPPORTED for a population that does not spike; NAI_ERR_INVALID where
 * the buffer has less room than a step may need, for another width than that of the variables, and
 * for units or columns that there are not; NAI_ERR_NAME for a variable; NAI_ERR_NONFINITE as in
 * nai_state_run().
 */
NAI_API nai_status nai_state_record(nai_recording *to, nai_state *state, int64_t steps,
                                    const float *inputs);

/**
 * Threads that make each step: they share out the trials, or of one trial parts of populations of
 * several thousand units, where a population that spikes has listed projections. 1 (the default) to
 * 1024; the same bits for any number. Nothing spins between calls. Errors: NAI_ERR_INVALID,
 * NAI_ERR_MEMORY; the state keeps the threads that it had.
 */
NAI_API nai_status nai_state_set_threads(nai_state *state, int64_t threads);

/** Returns to time 0: the initial state, no interventions, the same noise. */
NAI_API nai_status nai_state_reset(nai_state *state);

/* --- interventions ---------------------------------------------------------------------------- */

/**
 * Clamps these populations: from the next step on their rates are `rate`, whatever their input.
 * Their states go on meanwhile, with what they receive.
 */
NAI_API nai_status nai_state_clamp(nai_state *state, const char *names, double rate);

/**
 * The same for `units` [n] of each of these populations, from 0, none twice; n may be
 * NAI_ALL_UNITS. `rate` [n_rates], where n_rates is 1 or the number of units. A call that fails
 * changes nothing.
 */
NAI_API nai_status nai_state_clamp_units(nai_state *state, const char *names, const int64_t *units,
                                         int64_t n, const float *rate, int64_t n_rates);

/** Clamps these populations to a rate of 0: a lesion, or optogenetic silencing. */
NAI_API nai_status nai_state_silence(nai_state *state, const char *names);

/** The same for some units, as in nai_state_clamp_units(). */
NAI_API nai_status nai_state_silence_units(nai_state *state, const char *names,
                                           const int64_t *units, int64_t n);

/**
 * Injects currents: from now on `current` [n] is added to the input of these populations' units; n
 * is the number of units, or 1 for the same current in all of them.
 */
NAI_API nai_status nai_state_inject(nai_state *state, const char *names, const float *current,
                                    int64_t n);

/** The same for some units, as in nai_state_clamp_units(). */
NAI_API nai_status nai_state_inject_units(nai_state *state, const char *names, const int64_t *units,
                                          int64_t n, const float *current, int64_t n_currents);

/**
 * Plans `n` interventions besides those that there are; their times count from now. A call that
 * fails changes nothing. Errors: NAI_ERR_UNSUPPORTED for an epoch or conditions, which a state does
 * not have. Nullable: interventions (when n is 0).
 */
NAI_API nai_status nai_state_intervene(nai_state *state, const nai_intervention *interventions,
                                       int64_t n);

/** Ends all interventions in these populations, also planned ones. */
NAI_API nai_status nai_state_release(nai_state *state, const char *names);

/** The same for some units, as in nai_state_clamp_units(). */
NAI_API nai_status nai_state_release_units(nai_state *state, const char *names,
                                           const int64_t *units, int64_t n);

/** Ends all that is planned for projections from and to these. */
NAI_API nai_status nai_state_release_synapses(nai_state *state, const char *from, const char *to);

/* --- numbers of trials, looking, snapshots ---------------------------------------------------- */

/**
 * Sets the number of the first trial (initially 0), at most 2^56 minus the number of trials. With
 * the same number and seed as in another run, such as nai_trials_first() of the trials of an
 * evaluation, the noise is the same.
 */
NAI_API nai_status nai_state_set_first(nai_state *state, uint64_t first);

/**
 * Noise is of this seed from the next step on. With nai_state_restore() runs go on from the end of
 * another one, with the same noise as if it had been longer, or with other noise.
 */
NAI_API nai_status nai_state_set_seed(nai_state *state, uint64_t seed);

/** Current rates of a population: [trials, n]. */
NAI_API nai_status nai_state_rates(nai_view *out, const nai_state *state, const char *name);

/**
 * A variable of a population by its name: a signal, "E:rate", as it is sent; a state, "E:x", as
 * units have it by themselves; or a port, "E:soma", what it received at the last step, with bias
 * and injected currents, 0 before the first one. Without a colon the first signal. [trials, n]; of
 * branches [trials, branches n], branch after branch. Rate units have the signal `rate`, the state
 * `x` (`r` where the leak is on the rate) and the port `input`; for others see nai_model_field().
 * The view changes with the state, which from now on keeps what it shows. Errors: NAI_ERR_NAME, and
 * the message lists what there is.
 */
NAI_API nai_status nai_state_variable(nai_view *out, nai_state *state, const char *name);

/**
 * What synapses of a projection with short-term plasticity have now: release probability `u` and
 * resources `x` of each unit that sends, [trials, n]. The views change with the state. Nullable: u,
 * x.
 */
NAI_API nai_status nai_state_short_term(nai_view *u, nai_view *x, nai_state *state,
                                        const char *from, const char *to);

/**
 * The currents of a population, x in r = phi(x): [trials, n]. Errors: NAI_ERR_UNSUPPORTED for a
 * leak on the rate, where the state consists of rates.
 */
NAI_API nai_status nai_state_currents(nai_view *out, const nai_state *state, const char *name);

/**
 * Sets the currents of a population, and its rates accordingly: `currents` [trials, n]. At time 0
 * this includes the activity in delays, as with initial states; later, the activity in delays does
 * not change. Clamped units keep their rates. Errors: NAI_ERR_UNSUPPORTED for a leak on the rate:
 * set the rates.
 */
NAI_API nai_status nai_state_set_currents(nai_state *state, const char *name, const float *currents,
                                          int64_t n);

/**
 * Sets the rates of a population with the leak on the rate: `rates` [trials, n]; as in
 * nai_state_set_currents(). Errors: NAI_ERR_UNSUPPORTED for a leak on the current: set the
 * currents.
 */
NAI_API nai_status nai_state_set_rates(nai_state *state, const char *name, const float *rates,
                                       int64_t n);

/**
 * Sets a state of a population by its name, as nai_state_variable() has it: "E:x" of rate units
 * ("E:r" where the leak is on the rate), "E:v" or "E:wait" of neurons. `values` [trials, n]; trials
 * is that of the state, or 1 for the same in all of them; n is nai_network_size() of the name, with
 * branches.
 *
 * What is sent now follows: rates, gates and potentials, but no spike, which was sent at the step
 * that is over; a potential above threshold fires at the next step. At time 0 this includes what is
 * under way in delays, as with initial states; later, what is under way does not change. Clamped
 * units go on sending what they are clamped to. Neurons that are refractory stay so: their "wait",
 * in steps, is a state as well. Of models of one's own, signals are what `begin` makes of the
 * states.
 *
 * Errors: NAI_ERR_NAME, and the message lists the states that there are; NAI_ERR_INVALID for a
 * value out of the state's bounds; NAI_ERR_NONFINITE; what a function of the model answers. The
 * state is as it was.
 */
NAI_API nai_status nai_state_set_variable(nai_state *state, const char *name, const float *values,
                                          int64_t trials, int64_t n);

/**
 * Sets release probability `u` and resources `x`, 0 to 1, of each unit that sends along a
 * projection with short-term plasticity: [trials, n], as in nai_state_set_variable(), and so what
 * is released now of what is sent. To be set last: where what is sent is set, u and x of this step
 * are made anew. Nullable: u, x, which stay.
 */
NAI_API nai_status nai_state_set_short_term(nai_state *state, const char *from, const char *to,
                                            const float *u, const float *x, int64_t trials,
                                            int64_t n);

/** Number of steps since time 0; -1 when state is NULL. */
NAI_API int64_t nai_state_time(const nai_state *state);

/**
 * Bytes that nai_state_snapshot() writes; -1 when state is NULL. Interventions take room: ask again
 * after calls that plan, release or restore them. Steps do not change it.
 */
NAI_API int64_t nai_state_snapshot_size(const nai_state *state);

/** Writes everything that later steps depend on (activity, delays, time, interventions, noise). */
NAI_API nai_status nai_state_snapshot(void *buffer, int64_t size, const nai_state *state);

/** Restores a snapshot; refused if network, number of trials or library differ. */
NAI_API nai_status nai_state_restore(nai_state *state, const void *buffer, int64_t size);

#ifdef __cplusplus
}
#endif
#endif
