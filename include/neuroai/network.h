/**
 * @file network.h
 * @brief The architecture: inputs, populations, outputs, projections; building, files.
 *
 * What becomes of it: weights and synapses of a built network (synapses.h), what it takes of memory
 * and time (estimate.h).
 *
 * A network is composed by name and then built, which draws its weights. While it is composed it
 * keeps its first error: later calls do nothing and return that error, so it is sufficient to check
 * the status of nai_network_build(). After the build, a call that fails changes nothing.
 *
 * `names` is a list separated by spaces. Each entry is a name or a shell pattern ("pfc?E*").
 *
 * A network has at most 2^20 inputs, populations and outputs together, 10^7 units or channels of
 * each kind, 2^20 projections, and 2^16 constraints for each projection.
 *
 * Threads: a built network may be read by any number of threads at once; during calls for which the
 * network is not `const`, no other thread may use it.
 */
#ifndef NEUROAI_NETWORK_H
#define NEUROAI_NETWORK_H

#include <neuroai/constraint.h>
#include <neuroai/exchange.h>
#include <neuroai/model.h>
#include <neuroai/short_term.h>
#include <neuroai/view.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A network. */
typedef struct nai_network nai_network;

/** Sign of the outgoing weights of a population or input (Dale's law). */
enum {
  NAI_EXCITATORY = 1,  /**< its weights are >= 0 */
  NAI_INHIBITORY = -1, /**< its weights are <= 0 */
  NAI_FREE = 0         /**< either */
};

/** The leak of a population; v is the summed input, xi standard normal, alpha = dt / tau. */
enum {
  NAI_LEAK_CURRENT =
      0, /**< x' = (1-alpha) x + alpha v + sqrt(2 alpha) noise xi, r = phi(x)      (Song 2016) */
  NAI_LEAK_RATE =
      1, /**< r' = (1-alpha) r + alpha phi(v + sqrt(2/alpha) noise xi)  (Yang 2019, Murray 2019) */
  NAI_LEAK_WHOLE = 2 /**< r' = phi((1-alpha) r + alpha v + sqrt(2 alpha) noise xi)   (Masse 2019) */
};

/** Transfer functions, r = gain * f(x). */
enum {
  NAI_TRANSFER_RELU = 0,           /**< max(x, 0); slope 0 at 0 */
  NAI_TRANSFER_TANH = 1,           /**< tanh(x) */
  NAI_TRANSFER_SOFTPLUS = 2,       /**< log(1 + exp(x)) */
  NAI_TRANSFER_LOGISTIC = 3,       /**< 1 / (1 + exp(-x)) */
  NAI_TRANSFER_LINEAR = 4,         /**< x */
  NAI_TRANSFER_RECTIFIED_TANH = 5, /**< max(tanh(x), 0) */
  NAI_TRANSFER_POWER = 6           /**< max(x, 0)^exponent */
};

/** Name of a transfer function, such as "relu"; NULL past the last. */
NAI_API const char *nai_transfer_name(int32_t transfer);

/** Parts of a network that can be counted and named. */
enum {
  NAI_INPUTS = 0,      /**< inputs, in the order they were added */
  NAI_POPULATIONS = 1, /**< populations, likewise */
  NAI_OUTPUTS = 2,     /**< outputs, likewise */
  NAI_PROJECTIONS = 3  /**< projections, in the order they were connected */
};

/**
 * Initial weights, for nai_network_set_initial_weights(). `a` and `b` are given with the name, and
 * not read where none are.
 */
enum {
  /** Under Dale's law NAI_WEIGHTS_STRONG_WEAK where it can be, NAI_WEIGHTS_BALANCED elsewhere; free
      weights are normal. */
  NAI_WEIGHTS_DEFAULT = 0,
  NAI_WEIGHTS_UNIFORM = 1,    /**< from a to b */
  NAI_WEIGHTS_NORMAL = 2,     /**< mean a, standard deviation b */
  NAI_WEIGHTS_GAMMA = 3,      /**< shape a, scale b */
  NAI_WEIGHTS_LOGNORMAL = 4,  /**< mean a, standard deviation b, of the weight, not its logarithm */
  NAI_WEIGHTS_ORTHOGONAL = 5, /**< random orthogonal times a (rows or columns orthonormal when not
                                 square) */
  NAI_WEIGHTS_IDENTITY = 6,   /**< a where post == pre, else 0; needs a square projection that
                                 allows autapses */
  /**
   * Under Dale's law: between populations gamma, with excitation and inhibition balanced, scaled
   * to a bulk of radius 1 (Rajan & Abbott 2006); to outputs gamma of shape 2 and mean 1 / sqrt(k),
   * k being the number of synapses onto an output. Free weights are normal. docs/equations.md has
   * the equations.
   */
  NAI_WEIGHTS_BALANCED = 7,
  /**
   * Strong-sparse and weak-dense (Teramae, Tsubo & Fukai 2012). Weak: as NAI_WEIGHTS_BALANCED with
   * a bulk of radius 0.3. Strong: one excitatory synapse of each unit is larger by 1, and as much
   * inhibition is spread over its inhibitory synapses. Each excitatory unit has a strong synapse
   * from another excitatory unit, no two from the same one, so these synapses form cycles (White,
   * Lee & Sompolinsky 2004). In masks they are found by bipartite matching. For recurrent
   * projections under Dale's law, for all of those onto a population and of both signs; else
   * nai_network_build() fails (NAI_ERR_INVALID).
   */
  NAI_WEIGHTS_STRONG_WEAK = 8,
  /**
   * a, with its sign: where Dale's law or a constraint asks for the other sign, nai_network_build()
   * fails (NAI_ERR_INVALID) and names the projection. nai_network_set_radius() scales it with the
   * others, and so does a balance that is asked for.
   */
  NAI_WEIGHTS_CONSTANT = 9
};

/**
 * @name Composing
 * @{
 */

/** A new, empty network. `dt`: time step, ms, 1e-9 to 1e6. */
NAI_API nai_status nai_network_create(nai_network **out, double dt);

/**
 * Copies a network: composition, weights, masks, positions, kernels. The copy runs and learns with
 * the same bits. Constraints are shared.
 */
NAI_API nai_status nai_network_copy(nai_network **out, const nai_network *net);

/** Gives up the caller's reference. Nullable: net. */
NAI_API void nai_network_destroy(nai_network *net);

/**
 * Adds an input with `n` channels. Names have 1 to 63 characters: ASCII letters, digits and signs,
 * but no spaces and none of : * ? [ ] and backslash.
 */
NAI_API nai_status nai_network_add_input(nai_network *net, const char *name, int64_t n);

/** Adds a population with `n` units. `sign`: NAI_EXCITATORY, NAI_INHIBITORY or NAI_FREE. */
NAI_API nai_status nai_network_add_population(nai_network *net, const char *name, int64_t n,
                                              int32_t sign);

/**
 * Sets the sign of the outgoing weights of inputs or populations: NAI_EXCITATORY, NAI_INHIBITORY or
 * NAI_FREE (default of inputs). Before the build.
 */
NAI_API nai_status nai_network_set_sign(nai_network *net, const char *names, int32_t sign);

/**
 * Adds a linear output with `n` channels. Without a memory z = b + gain W r; with a time constant
 * "tau" (nai_network_set()) z = b + y, y' = exp(-dt / tau) y + gain W r, from y = 0 on.
 */
NAI_API nai_status nai_network_add_output(nai_network *net, const char *name, int64_t n);

/**
 * Sets a number of populations, inputs or outputs; before or after the network is built.
 * Populations: "tau" (ms, >= dt; 100), "noise" (0), "noise_tau" (its correlation time, ms; 0:
 * white), "bias" (0), "initial" (x_0, or r_0 where the leak is on the rate; 0), "gain" (1),
 * "exponent" (2; NAI_TRANSFER_POWER only), "plastic_bias" (1 or 0; 1), "plastic_initial" (1 or 0;
 * 0): the initial state learns, between "initial_min" and "initial_max" (-1e6 and 1e6), to which it
 * is clipped at the build and after each update; "output_noise" (0): standard deviation of white
 * noise that is added after the leak at each step, whatever dt is. Inputs (Song 2016): u =
 * [baseline + task + sqrt(2 tau / dt) noise xi]: "noise" (0), "tau" (ms; 100), "noise_tau" (ms;
 * 0), "baseline" (0), "rectify" (1 or 0; 0). Outputs: "bias" (0), "plastic_bias" (1), "tau" (ms;
 * 0: no memory), "gain" (1). Through outputs with a memory, or a gain other than 1, rules learn at
 * the end of trials; RFLO and e-prop within them, too, and as agents, where all outputs have one
 * "tau". Of other rules such trainers and agents are refused (NAI_ERR_UNSUPPORTED).
 *
 * Where "noise_tau" is above 0, the noise is an Ornstein-Uhlenbeck process of that correlation time
 * and of standard deviation "noise", n' = a n + sqrt(1 - a^2) noise xi with a = exp(-dt /
 * noise_tau), which is stationary from the first step on. It is added to what a unit receives, v +
 * n, with either leak; or to an input, [baseline + task + n].
 */
NAI_API nai_status nai_network_set(nai_network *net, const char *names, const char *parameter,
                                   double value);

/** The same with one value for each unit or channel: `n` values, used for each name. */
NAI_API nai_status nai_network_set_each(nai_network *net, const char *names, const char *parameter,
                                        const double *values, int64_t n);

/** Reads a parameter: `values` [n], where n is the number of units or channels of `name`. */
NAI_API nai_status nai_network_get_each(double *values, int64_t n, const nai_network *net,
                                        const char *name, const char *parameter);

/**
 * Describes number `index` of what nai_network_set() takes for this kind: NAI_INPUTS,
 * NAI_POPULATIONS or NAI_OUTPUTS. NAI_ERR_INVALID past the last.
 */
NAI_API nai_status nai_network_parameter(nai_parameter *out, const nai_network *net, int32_t kind,
                                         int64_t index);

/**
 * Sets the leak: on the current, NAI_LEAK_CURRENT (default), on the rate, NAI_LEAK_RATE, or on the
 * rate within the transfer function, NAI_LEAK_WHOLE.
 */
NAI_API nai_status nai_network_set_leak(nai_network *net, const char *names, int32_t leak);

/** Sets the transfer function: NAI_TRANSFER_... (NAI_TRANSFER_RELU by default). */
NAI_API nai_status nai_network_set_transfer(nai_network *net, const char *names, int32_t transfer);

/**
 * Gives populations a model by its name ("rate", "adaptive_rate", "dendritic", ...; see
 * nai_model_builtin_name()), with its defaults. Before they are connected.
 */
NAI_API nai_status nai_network_set_model(nai_network *net, const char *names, const char *model);

/** Gives populations a model of the user's own, kept by the network. Before they are connected. */
NAI_API nai_status nai_network_use_model(nai_network *net, const char *names, nai_model *model);

/**
 * Holds the slopes of a population's model, built in or the user's own, against central
 * differences of its step, and `backward` against the slopes: on a trajectory with random input
 * (standard normal numbers on each port, of the sign of the port), away from kinks, as of relu at
 * 0; of models that spike, the slopes of states where nothing spikes. NAI_ERR_INVALID with a
 * message that names the first wrong one, what it is and what it should be; NAI_ERR_UNSUPPORTED
 * without slopes. Of rate units: what errors of rate and state become on the way back. After the
 * build.
 */
NAI_API nai_status nai_network_check_model(const nai_network *net, const char *population);

/** A size of a model, such as "branches", before the populations are connected. */
NAI_API nai_status nai_network_set_model_size(nai_network *net, const char *names, const char *size,
                                              int64_t n);

/** A parameter of a model whose values are words: ("E", "nonlinearity", "divisive"). */
NAI_API nai_status nai_network_choose(nai_network *net, const char *names, const char *parameter,
                                      const char *word);

/** Places units at random in a box with these sides, mm, when the network is built. */
NAI_API nai_status nai_network_place_box(nai_network *net, const char *names, double x, double y,
                                         double z);

/** Places units at random on a sphere with this radius, mm, when the network is built. */
NAI_API nai_status nai_network_place_sphere(nai_network *net, const char *names, double radius);

/** Places units on a cubic lattice, spacing in mm, along x first; all `names` share the lattice. */
NAI_API nai_status nai_network_place_lattice(nai_network *net, const char *names, double spacing);

/**
 * Places the units of one population: `positions` [n, 3], mm. Before or after the build.
 */
NAI_API nai_status nai_network_set_positions(nai_network *net, const char *name,
                                             const float *positions, int64_t n);

/**
 * Connects each of `from` to each of `to`: inputs to populations, populations to populations,
 * populations to outputs. All synapses exist, except autapses and those that constraints remove.
 */
NAI_API nai_status nai_network_connect(nai_network *net, const char *from, const char *to);

/**
 * Sets the delay of projections, ms, a multiple of dt. Default: 0 from inputs and to outputs, dt
 * between populations. With a delay of 0 between populations, activity arrives within the same time
 * step, as in feed-forward layers.
 */
NAI_API nai_status nai_network_set_delay(nai_network *net, const char *from, const char *to,
                                         double delay);

/**
 * Delays that differ from synapse to synapse: drawn from a normal distribution, ms, again below
 * `least`, and rounded to steps. Such projections are listed (NAI_STORAGE_LISTED) and go to
 * populations; between populations `least` is dt or more. The last call of this, of
 * nai_network_set_conduction() and nai_network_set_delay() counts.
 */
NAI_API nai_status nai_network_set_delays(nai_network *net, const char *from, const char *to,
                                          double mean, double sd, double least);

/**
 * The same by the distance of two units, which have places: offset + distance / speed, with `speed`
 * in mm / ms, which is m / s; rounded to steps, of which there is one at least between populations.
 */
NAI_API nai_status nai_network_set_conduction(nai_network *net, const char *from, const char *to,
                                              double speed, double offset);

/** Allows (1) or forbids (0, default) autapses: synapses of a unit onto itself. */
NAI_API nai_status nai_network_set_autapses(nai_network *net, const char *from, const char *to,
                                            int32_t allowed);

/** How the synapses of a projection are stored, for nai_network_set_storage(). */
enum {
  NAI_STORAGE_CHOSEN =
      0, /**< by the build: listed in networks of 2^26 pairs of units or more, where a
                             projection has 2^18 or more and at most a tenth of them shall have a
                             synapse (by what its constraints say of themselves), and in all
                             networks of 2^18 or more that carry spikes and are not plastic; else
                             dense */
  NAI_STORAGE_DENSE = 1, /**< a matrix: 15 to 45 bytes for each pair of units */
  NAI_STORAGE_LISTED =
      2, /**< those that exist, one after the other: about 50 bytes for each synapse */
  NAI_STORAGE_SHARED =
      3 /**< one weight for all, which are all there (but for autapses): by itself where that is
                             so of 2^12 pairs or more, and weights start from NAI_WEIGHTS_CONSTANT
                             and are not plastic. Senders are added up, in time of their number */
};

/**
 * Sets how projections are stored, which changes what they take of memory and time, not what they
 * compute. Rules that need matrices refuse networks with listed projections (NAI_ERR_UNSUPPORTED).
 */
NAI_API nai_status nai_network_set_storage(nai_network *net, const char *from, const char *to,
                                           int32_t storage);
/** After the build: NAI_STORAGE_DENSE, NAI_STORAGE_LISTED or NAI_STORAGE_SHARED. */
NAI_API nai_status nai_network_storage(int32_t *storage, const nai_network *net, const char *from,
                                       const char *to);

/** Makes projections plastic (1, default) or frozen (0). Before or after the build. */
NAI_API nai_status nai_network_set_plastic(nai_network *net, const char *from, const char *to,
                                           int32_t plastic);

/**
 * Puts short-term plasticity between senders and these projections, before their delay: they carry
 * what is released of what populations send. One object has one x and u for each sending unit,
 * which all projections that carry the same signal and were given the same object share. It steps
 * once at time 0, on the initial rates. NULL: none. Nullable: short_term.
 */
NAI_API nai_status nai_network_set_short_term(nai_network *net, const char *from, const char *to,
                                              nai_short_term *short_term);

/**
 * Attaches a constraint to each of these projections. Constraints are applied in the order in which
 * they were attached.
 */
NAI_API nai_status nai_network_constrain(nai_network *net, const char *from, const char *to,
                                         nai_constraint *constraint);

/**
 * Initial weights of these projections: NAI_WEIGHTS_..., with its numbers. What is drawn gets the
 * sign that Dale's law asks for; a constant must have it. Onto a port that has a unit (mV, nS),
 * weights have no default: the build asks for them.
 */
NAI_API nai_status nai_network_set_initial_weights(nai_network *net, const char *from,
                                                   const char *to, int32_t kind, double a,
                                                   double b);

/**
 * Scales the initial weights among these populations such that their spectral radius is `radius` >
 * 0.
 */
NAI_API nai_status nai_network_set_radius(nai_network *net, const char *names, double radius);

/**
 * E/I balance of the initial weights onto `names`: on (1) or off (0). With balance, the inhibitory
 * weights onto a unit are scaled so that its recurrent weights sum to 0. Default: on where a
 * population receives weights of both signs and all of them are NAI_WEIGHTS_DEFAULT, _BALANCED or
 * _STRONG_WEAK.
 */
NAI_API nai_status nai_network_set_balance(nai_network *net, const char *names, int32_t on);

/**
 * Sets the kernels that run the network: "portable", "avx2", "avx512", "neon" or "blas". Default,
 * or NULL: the best for this processor. Fails if this processor cannot run them. Before the build,
 * or while no task, trainer or state uses the network. Nullable: name.
 */
NAI_API nai_status nai_network_set_kernels(nai_network *net, const char *name);

/**
 * Threads that the build works with, the caller's included: 1 (default) to 256. What is built does
 * not depend on it. Functions of your own are called by the caller's thread alone. Copies have as
 * many.
 */
NAI_API nai_status nai_network_set_threads(nai_network *net, int64_t threads);

/**
 * Ranks that share the network: each of them composes and builds the same network with its end of
 * one exchange, and then has the synapses onto its share of the units of every population, which is
 * all that it keeps and moves. Who fired is exchanged between steps, once for as many steps as the
 * shortest delay allows, so that rates, spikes and outputs are those of the whole network on every
 * rank, with the same bits for any number of ranks and threads. Every rank makes the same calls in
 * the same order: the build and the steps of a state wait for each other.
 *
 * For populations that spike (NAI_MODEL_SPIKES, NAI_MODEL_THREADED, no sizes), with projections
 * between them that are frozen, carry their first signal without short-term plasticity, and have
 * initial weights that are drawn one by one; others are refused by the build. Projections from
 * inputs and to outputs are whole on every rank. Of such a network a state runs one trial, and
 * nai_state_record() gathers variables from all ranks; nai_state_variable() shows others' units as
 * they were gathered last. Trainers, evaluations, copies, model files, pruning and interventions on
 * synapses are refused.
 *
 * Weights that are drawn from fewer than 2048 senders are other ones than without an exchange, as
 * each receiver has random numbers of its own. A rank that fails tells the others, whose calls fail
 * as well. The network keeps a reference. By the host's MPI: examples/mpi_spikes.c.
 */
NAI_API nai_status nai_network_set_exchange(nai_network *net, nai_exchange *exchange);

/**
 * Builds the network: draws positions, synapses and weights from `seed`. Returns the first error of
 * the composition, if there was one.
 */
NAI_API nai_status nai_network_build(nai_network *net, uint64_t seed);

/**
 * @}
 * @name Looking
 * @{
 */

/**
 * Number of parts of a kind, NAI_INPUTS, NAI_POPULATIONS, NAI_OUTPUTS or NAI_PROJECTIONS; -1 for
 * any other kind.
 */
NAI_API int64_t nai_network_count(const nai_network *net, int32_t kind);

/**
 * Name of input, population or output `index`; NULL when there is none. Until the build it lives
 * until the next part is added, then as long as the network.
 */
NAI_API const char *nai_network_name(const nai_network *net, int32_t kind, int64_t index);

/**
 * Number of units or channels of `name`; of all inputs, populations or outputs together when name
 * is NULL; -1 if there is no such name. A port, signal or state, "E:dendrite+", with its copies.
 */
NAI_API int64_t nai_network_size(const nai_network *net, int32_t kind, const char *name);

/** Presynaptic and postsynaptic population (or input, output) of projection `index`: names as of
    nai_network_name(). */
NAI_API nai_status nai_network_projection(const char **from, const char **to,
                                          const nai_network *net, int64_t index);

/** Sign of a population or input. */
NAI_API nai_status nai_network_sign(int32_t *sign, const nai_network *net, const char *name);

/** Leak of a population: NAI_LEAK_... */
NAI_API nai_status nai_network_leak(int32_t *leak, const nai_network *net, const char *name);

/** Transfer function of a population: NAI_TRANSFER_... */
NAI_API nai_status nai_network_transfer(int32_t *transfer, const nai_network *net,
                                        const char *name);

/** The name of the model of a population; lives until the population gets another model. */
NAI_API nai_status nai_network_model(const char **model, const nai_network *net, const char *name);

/** Whether the model of a population spikes (NAI_MODEL_SPIKES): 1 or 0. */
NAI_API nai_status nai_network_spikes(int32_t *spikes, const nai_network *net, const char *name);

/** Names of the signal and of the port that projection `index` goes from and to. */
NAI_API nai_status nai_network_ends(const char **signal, const char **port, const nai_network *net,
                                    int64_t index);

/** Delay of a projection, ms; where those of its synapses differ, about their mean. */
NAI_API nai_status nai_network_delay(double *delay, const nai_network *net, const char *from,
                                     const char *to);

/** The short-term plasticity of a projection, to be destroyed by the caller; NULL for none. */
NAI_API nai_status nai_network_short_term(nai_short_term **out, const nai_network *net,
                                          const char *from, const char *to);

/** Time step, ms. */
NAI_API double nai_network_dt(const nai_network *net);

/** Name of the kernels that run the network. */
NAI_API const char *nai_network_kernels(const nai_network *net);

/** Positions of the units of a population [n, 3], mm. Fails if it has none. */
NAI_API nai_status nai_network_positions(nai_view *out, const nai_network *net, const char *name);

/**
 * @}
 * @name Model file
 * @{
 */

/** Saves a built network as safetensors. If a save is interrupted, the old file remains intact. */
NAI_API nai_status nai_network_save(const nai_network *net, const char *path);

/** What a load is given besides the file. */
typedef struct nai_load_options {
  uint32_t struct_size;               /**< sizeof(nai_load_options) */
  int32_t reserved;                   /**< 0 */
  nai_constraint *const *constraints; /**< [n_constraints] of the user's own. Nullable */
  int64_t n_constraints;              /**< 0 without constraints */
  nai_model *const *models;           /**< [n_models] of the user's own. Nullable */
  int64_t n_models;                   /**< 0 without models */
  int64_t memory_limit; /**< as of nai_network_set_memory_limit(), kept by the network; 0: none */
} nai_load_options;

/* clang-format off */
/** No constraints or models of the user's own, no limit. */
#define NAI_LOAD_OPTIONS_INIT {sizeof(nai_load_options), 0, NULL, 0, NULL, 0, 0}
/* clang-format on */

/**
 * Loads a network. A file that is truncated, or that has wrong sizes, wrong shapes or NaN is
 * refused. Constraints and models of the user's own are not stored: a load fails and names the
 * missing one, unless it is among the options, where it is found by the name in its table.
 * Nullable: options (NAI_LOAD_OPTIONS_INIT).
 */
NAI_API nai_status nai_network_load(nai_network **out, const char *path,
                                    const nai_load_options *options);

/**
 * The bytes of the model file, into `buffer` [capacity]; `size`: how many there are. With a buffer
 * that is NULL only that is told. Errors: NAI_ERR_INVALID for a buffer that is too small, into
 * which nothing is written. Nullable: buffer.
 */
NAI_API nai_status nai_network_save_memory(void *buffer, int64_t capacity, int64_t *size,
                                           const nai_network *net);

/**
 * Loads a network from the bytes of a model file; else as nai_network_load(). Nullable: options.
 */
NAI_API nai_status nai_network_load_memory(nai_network **out, const void *bytes, int64_t size,
                                           const nai_load_options *options);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
