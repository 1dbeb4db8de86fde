/**
 * @file network.h
 * @brief The architecture: inputs, populations, outputs, projections; then the weights.
 *
 * A network is composed by name, built once, and then has weights. While it is composed it
 * remembers its first error: later calls on it do nothing and return that error, so that a builder
 * may check once, at nai_network_build(). After it is built a failing call changes nothing.
 *
 * Where a call takes `names`, it takes a list separated by spaces, each entry a name or a shell
 * pattern ("pfc?E*").
 *
 * Threads: a built network may be read by any number of threads at once; calls that are not `const`
 * in the network need it alone.
 */
#ifndef NEUROAI_NETWORK_H
#define NEUROAI_NETWORK_H

#include <neuroai/constraint.h>
#include <neuroai/view.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A network. */
typedef struct nai_network nai_network;

/** Sign of all that a population or input sends (Dale's law). */
enum {
  NAI_EXCITATORY = 1,  /**< its weights are >= 0 */
  NAI_INHIBITORY = -1, /**< its weights are <= 0 */
  NAI_FREE = 0         /**< either */
};

/** Where a population's leak acts; v is the summed input, xi standard normal, alpha = dt / tau. */
enum {
  NAI_LEAK_CURRENT =
      0, /**< x' = (1-alpha) x + alpha v + sqrt(2 alpha) noise xi, r = phi(x)      (Song 2016) */
  NAI_LEAK_RATE =
      1 /**< r' = (1-alpha) r + alpha phi(v + sqrt(2/alpha) noise xi)  (Yang 2019, Murray 2019) */
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

/** What can be counted and named. */
enum {
  NAI_INPUTS = 0,      /**< inputs, in the order they were added */
  NAI_POPULATIONS = 1, /**< populations, likewise */
  NAI_OUTPUTS = 2,     /**< outputs, likewise */
  NAI_PROJECTIONS = 3  /**< projections, in the order they were connected */
};

/** Initial weights, for nai_network_set_initial_weights(). `a` and `b` are given with the name. */
enum {
  NAI_WEIGHTS_DEFAULT =
      0, /**< gamma under Dale's law, E and I balanced; else normal. a, b not read */
  NAI_WEIGHTS_UNIFORM = 1, /**< from a to b */
  NAI_WEIGHTS_NORMAL = 2,  /**< mean a, standard deviation b */
  NAI_WEIGHTS_GAMMA = 3,   /**< shape a, scale b */
  NAI_WEIGHTS_LOGNORMAL =
      4, /**< mean a and standard deviation b of the weight itself, not of its logarithm */
  NAI_WEIGHTS_ORTHOGONAL =
      5, /**< random orthogonal times a (rows or columns orthonormal when not square) */
  NAI_WEIGHTS_IDENTITY =
      6 /**< a where post == pre, else 0; needs a square projection that allows autapses */
};

/**
 * @name Composing
 * @{
 */

/** A new, empty network. `dt`: time step, ms, 1e-9 to 1e6. */
NAI_API nai_status nai_network_create(nai_network **out, double dt);

/**
 * A network of its own that is the same: composition, weights, masks, positions, kernels. It runs
 * and learns with the same bits. Constraints are shared, as each keeps a reference.
 */
NAI_API nai_status nai_network_copy(nai_network **out, const nai_network *net);

/** Gives up the caller's reference. Nullable: net. */
NAI_API void nai_network_destroy(nai_network *net);

/**
 * Adds an input of `n` channels. Names have 1 to 63 characters: ASCII letters, digits and signs,
 * but no spaces and none of : * ? [ ] and backslash.
 */
NAI_API nai_status nai_network_add_input(nai_network *net, const char *name, int64_t n);

/** Adds a population of `n` units. `sign`: NAI_EXCITATORY, NAI_INHIBITORY or NAI_FREE. */
NAI_API nai_status nai_network_add_population(nai_network *net, const char *name, int64_t n,
                                              int32_t sign);

/**
 * Sign of all that these inputs or populations send: NAI_EXCITATORY, NAI_INHIBITORY or NAI_FREE, as
 * inputs are. Before the network is built.
 */
NAI_API nai_status nai_network_set_sign(nai_network *net, const char *names, int32_t sign);

/** Adds a linear output of `n` channels. */
NAI_API nai_status nai_network_add_output(nai_network *net, const char *name, int64_t n);

/**
 * Sets a number of populations, inputs or outputs; before or after the network is built.
 * Populations: "tau" (ms, >= dt; 100), "noise" (0), "bias" (0), "initial" (x_0, or r_0 where the
 * leak is on the rate; 0), "gain" (1), "exponent" (2; NAI_TRANSFER_POWER only), "plastic_bias" (1
 * or 0; 1), "plastic_initial" (1 or 0; 0): the initial state learns. Inputs (Song 2016): u =
 * [baseline + task + sqrt(2 tau / dt) noise xi]: "noise" (0), "tau" (ms; 100), "baseline" (0),
 * "rectify" (1 or 0; 0). Outputs: "bias" (0), "plastic_bias" (1).
 */
NAI_API nai_status nai_network_set(nai_network *net, const char *names, const char *parameter,
                                   double value);

/** The same with one value for each unit or channel: `n` values, used for each name. */
NAI_API nai_status nai_network_set_each(nai_network *net, const char *names, const char *parameter,
                                        const double *values, int64_t n);

/** Reads them: `values` [n], n the size of `name`. */
NAI_API nai_status nai_network_get_each(const nai_network *net, const char *name,
                                        const char *parameter, double *values, int64_t n);

/**
 * Describes number `index` of what nai_network_set() takes for this kind: NAI_INPUTS,
 * NAI_POPULATIONS or NAI_OUTPUTS. NAI_ERR_INVALID past the last.
 */
NAI_API nai_status nai_network_parameter(nai_parameter *out, const nai_network *net, int32_t kind,
                                         int64_t index);

/** Where the leak acts: NAI_LEAK_CURRENT (default) or NAI_LEAK_RATE. */
NAI_API nai_status nai_network_set_leak(nai_network *net, const char *names, int32_t leak);

/** Transfer function: NAI_TRANSFER_RELU (default) or another. */
NAI_API nai_status nai_network_set_transfer(nai_network *net, const char *names, int32_t transfer);

/** Places units at random in a box of these sides, mm. The draw is made by nai_network_build(). */
NAI_API nai_status nai_network_place_box(nai_network *net, const char *names, double x, double y,
                                         double z);

/** Places units at random on a sphere of this radius, mm. */
NAI_API nai_status nai_network_place_sphere(nai_network *net, const char *names, double radius);

/**
 * Places units on a cubic lattice with this spacing, mm, filled x first; all `names` together make
 * one lattice.
 */
NAI_API nai_status nai_network_place_lattice(nai_network *net, const char *names, double spacing);

/**
 * Places the units of one population: `positions` [n, 3], mm. Before or after the network is
 * built.
 */
NAI_API nai_status nai_network_set_positions(nai_network *net, const char *name,
                                             const float *positions, int64_t n);

/**
 * Connects each of `from` to each of `to`: inputs to populations, populations to populations,
 * populations to outputs. All synapses exist but those that a constraint removes, and autapses.
 */
NAI_API nai_status nai_network_connect(nai_network *net, const char *from, const char *to);

/**
 * Delay of projections, ms, a multiple of dt. 0 is the same step: the default of inputs and
 * outputs, and between populations a feed-forward layer. Default between populations: dt.
 */
NAI_API nai_status nai_network_set_delay(nai_network *net, const char *from, const char *to,
                                         double delay);

/** Allows (1) or forbids (0, default) synapses of a unit onto itself. */
NAI_API nai_status nai_network_set_autapses(nai_network *net, const char *from, const char *to,
                                            int32_t allowed);

/** Plastic (1, default) or frozen (0) projections; before or after the network is built. */
NAI_API nai_status nai_network_set_plastic(nai_network *net, const char *from, const char *to,
                                           int32_t plastic);

/**
 * Attaches a constraint to each of these projections. They act in the order in which they were
 * attached.
 */
NAI_API nai_status nai_network_constrain(nai_network *net, const char *from, const char *to,
                                         nai_constraint *constraint);

/**
 * Initial weights of these projections: NAI_WEIGHTS_..., with its numbers. Signs follow Dale's law.
 */
NAI_API nai_status nai_network_set_initial_weights(nai_network *net, const char *from,
                                                   const char *to, int32_t kind, double a,
                                                   double b);

/**
 * The weights among these populations are scaled at the build so that their spectral radius is
 * `radius` > 0.
 */
NAI_API nai_status nai_network_set_radius(nai_network *net, const char *names, double radius);

/**
 * E/I balance of the initial weights onto `names`: on (1) or off (0). When on, the inhibitory
 * weights onto a unit are scaled so that its recurrent weights sum to 0. Default: on where a
 * population receives weights of both signs and all of them are NAI_WEIGHTS_DEFAULT.
 */
NAI_API nai_status nai_network_set_balance(nai_network *net, const char *names, int32_t on);

/**
 * Which kernels run the network: "portable", "avx2", "avx512", "blas". Default, or NULL: the best
 * for this processor. Kernels that this processor cannot run are an error. Before the network is
 * built, or while no task, trainer or state uses it. Nullable: name.
 */
NAI_API nai_status nai_network_set_kernels(nai_network *net, const char *name);

/**
 * Bytes of memory that the build takes at most, beside the numbers of the units; of a built network
 * those that it took. Training takes several times as much.
 */
NAI_API nai_status nai_network_memory(int64_t *bytes, const nai_network *net);

/**
 * The build fails with NAI_ERR_MEMORY, before it takes any, where it needs more than `bytes`. 0
 * (the default): more than the machine has. Loading and copying have the same limit.
 */
NAI_API nai_status nai_network_set_memory_limit(nai_network *net, int64_t bytes);

/**
 * Draws positions, synapses and weights from `seed`. Returns the first error of the composition,
 * if there was one.
 */
NAI_API nai_status nai_network_build(nai_network *net, uint64_t seed);

/**
 * @}
 * @name Looking
 * @{
 */

/**
 * How many there are: NAI_INPUTS, NAI_POPULATIONS, NAI_OUTPUTS or NAI_PROJECTIONS; -1 for another
 * kind.
 */
NAI_API int64_t nai_network_count(const nai_network *net, int32_t kind);

/**
 * Name of input, population or output `index`; NULL when there is none. Lives as long as the
 * network.
 */
NAI_API const char *nai_network_name(const nai_network *net, int32_t kind, int64_t index);

/**
 * Units or channels of `name`; of all inputs, populations or outputs together when name is NULL;
 * -1 for no such name.
 */
NAI_API int64_t nai_network_size(const nai_network *net, int32_t kind, const char *name);

/** The two ends of projection `index`. */
NAI_API nai_status nai_network_projection(const char **from, const char **to,
                                          const nai_network *net, int64_t index);

/** Sign of a population or input. */
NAI_API nai_status nai_network_sign(int32_t *sign, const nai_network *net, const char *name);

/** Where a population's leak acts: NAI_LEAK_... */
NAI_API nai_status nai_network_leak(int32_t *leak, const nai_network *net, const char *name);

/** Transfer function of a population: NAI_TRANSFER_... */
NAI_API nai_status nai_network_transfer(int32_t *transfer, const nai_network *net,
                                        const char *name);

/** Delay of a projection, ms. */
NAI_API nai_status nai_network_delay(double *delay, const nai_network *net, const char *from,
                                     const char *to);

/** Time step, ms. */
NAI_API double nai_network_dt(const nai_network *net);

/** Name of the kernels that run the network. */
NAI_API const char *nai_network_kernels(const nai_network *net);

/** Effective weights of a projection [n_post, n_pre]; absent synapses are 0. */
NAI_API nai_status nai_network_weights(nai_view *out, const nai_network *net, const char *from,
                                       const char *to);

/** 1 where a synapse exists, else 0: uint8 [n_post, n_pre]. */
NAI_API nai_status nai_network_mask(nai_view *out, const nai_network *net, const char *from,
                                    const char *to);

/** 1 where a synapse is plastic, else 0: uint8 [n_post, n_pre]. */
NAI_API nai_status nai_network_plastic(nai_view *out, const nai_network *net, const char *from,
                                       const char *to);

/** Bias of a population or output [n]. */
NAI_API nai_status nai_network_bias(nai_view *out, const nai_network *net, const char *name);

/** Positions of a population's units [n, 3], mm; an error where it has none. */
NAI_API nai_status nai_network_positions(nai_view *out, const nai_network *net, const char *name);

/**
 * Sets the weights of a projection: `weights` [n_post, n_pre]. Refused when not finite, of the
 * wrong sign under Dale's law or a sign constraint, or not 0 where no synapse exists. A fixed
 * synapse takes the value as its own.
 */
NAI_API nai_status nai_network_set_weights(nai_network *net, const char *from, const char *to,
                                           const float *weights, int64_t n_post, int64_t n_pre);

/**
 * Removes synapses of a built network for good: those where `mask` [n_post, n_pre] is 0. Their
 * weights are exactly 0 from now on, also in training and in the file. All others stay as they are:
 * where there is no synapse none comes, as with a mask constraint. Refused when not finite.
 */
NAI_API nai_status nai_network_set_mask(nai_network *net, const char *from, const char *to,
                                        const float *mask, int64_t n_post, int64_t n_pre);

/** Sets the bias of a population or output: `bias` [n]. */
NAI_API nai_status nai_network_set_bias(nai_network *net, const char *name, const float *bias,
                                        int64_t n);

/** Summary of the eigenvalues and singular values of a recurrent weight matrix. */
typedef struct nai_spectrum {
  uint32_t struct_size; /**< sizeof(nai_spectrum), filled in by the caller */
  uint32_t reserved;    /**< 0 */
  int64_t n;            /**< number of units */
  double radius;        /**< largest modulus of an eigenvalue */
  double bulk;    /**< radius of the disc that random weights of this variance would fill (Rajan &
                     Abbott 2006) */
  double outlier; /**< radius / bulk: about 1 for a balanced network, large for one dominated by its
                     mean */
  double entropy; /**< entropy of the normalised singular values, divided by log(n): 1 when all are
                     equal */
} nai_spectrum;

/* clang-format off */
/** A nai_spectrum to be filled. */
#define NAI_SPECTRUM_INIT {sizeof(nai_spectrum), 0, 0, 0, 0, 0, 0}
/* clang-format on */

/**
 * Spectrum of the weights among these populations, all delays together.
 * `real`, `imaginary` [capacity]: the eigenvalues; capacity >= n. Nullable: real, imaginary (both,
 * then without eigenvalues).
 */
NAI_API nai_status nai_network_spectrum(nai_spectrum *out, double *real, double *imaginary,
                                        int64_t capacity, const nai_network *net,
                                        const char *names);

/**
 * @}
 * @name Model file
 * @{
 */

/** Saves a built network as safetensors. An interrupted save leaves the old file whole. */
NAI_API nai_status nai_network_save(const nai_network *net, const char *path);

/**
 * Loads one. A file that is cut short, lies about sizes, has wrong shapes or NaN is refused.
 * A user's own constraint cannot come from a file: the load fails and names it, unless it is among
 * the `n` given in `own` (matched by the name in their table). Nullable: own (when n is 0).
 */
NAI_API nai_status nai_network_load(nai_network **out, const char *path, nai_constraint *const *own,
                                    int64_t n);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
