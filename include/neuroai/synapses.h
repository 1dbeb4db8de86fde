/**
 * @file synapses.h
 * @brief Weights and synapses of a built network: looking at them, setting, pruning.
 *
 * `from` and `to` are names of projections as nai_network_connect() has them; where the call is not
 * on one projection, lists or patterns. Matrices are [n_post, n_pre].
 */
#ifndef NEUROAI_SYNAPSES_H
#define NEUROAI_SYNAPSES_H

#include <neuroai/network.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Effective weights of a projection [n_post, n_pre]; absent synapses are 0. Of a listed one (here,
 * in the two calls below and in nai_trainer_gradient()) [1, synapses]: those that were wired, by
 * delay, row of the matrix and sender.
 */
NAI_API nai_status nai_network_weights(nai_view *out, const nai_network *net, const char *from,
                                       const char *to);

/** 1 where a synapse exists, else 0: uint8 [n_post, n_pre]. */
NAI_API nai_status nai_network_mask(nai_view *out, const nai_network *net, const char *from,
                                    const char *to);

/** 1 where a synapse is plastic, else 0: uint8 [n_post, n_pre]. */
NAI_API nai_status nai_network_plastic(nai_view *out, const nai_network *net, const char *from,
                                       const char *to);

/** Arrays of the caller's for nai_network_synapses(), each [capacity]. Nullable: each of them. */
typedef struct nai_synapse_arrays {
  uint32_t struct_size; /**< sizeof(nai_synapse_arrays), filled in by the caller */
  int32_t reserved;     /**< 0 */
  int32_t *projection;  /**< number of the projection, as in nai_network_projection() */
  int32_t *post;        /**< receiving unit or channel, counted within its population or output */
  int32_t *pre;         /**< sending one, within its population or input */
  int32_t *copy;        /**< copy of the port, such as a branch; 0 where a port has none */
  float *weight;        /**< effective weight */
  double *delay;        /**< ms */
  uint8_t *plastic;     /**< 1 where it is plastic, else 0 */
} nai_synapse_arrays;

/* clang-format off */
/** No arrays: those that are wanted are filled in. */
#define NAI_SYNAPSE_ARRAYS_INIT \
  {sizeof(nai_synapse_arrays), 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL}
/* clang-format on */

/**
 * The synapses of projections one after the other, without those that do not exist: copied into
 * `arrays`, of which at most `capacity` are written. `count` becomes their number, even if capacity
 * is smaller. They are in ascending order of (post, pre): populations in the order in which they
 * were added, before them inputs and behind them outputs; of several between the same two units in
 * the order of their projections, then copies. In the matrix of nai_network_weights() a synapse is
 * in row copy n + post, where n is the number of units. Nullable: arrays (when capacity is 0).
 */
NAI_API nai_status nai_network_synapses(const nai_synapse_arrays *arrays, int64_t capacity,
                                        int64_t *count, const nai_network *net, const char *from,
                                        const char *to);

/** Bias of a population or output [n]. */
NAI_API nai_status nai_network_bias(nai_view *out, const nai_network *net, const char *name);

/**
 * Sets the weights of a projection: `weights` [n_post, n_pre]. Refused if any is not finite, of the
 * wrong sign under Dale's law or a sign constraint, or is not 0 where no synapse exists. Fixed
 * synapses are set too, and keep the new weight.
 */
NAI_API nai_status nai_network_set_weights(nai_network *net, const char *from, const char *to,
                                           const float *weights, int64_t n_post, int64_t n_pre);

/**
 * Sets the weights of all synapses of these projections: `weights` [n], one each in the order of
 * nai_network_synapses(), which says how many there are, n. For projections that are listed, whose
 * matrix has no room. Refused if any is not finite, or of the wrong sign under Dale's law or a sign
 * constraint. Fixed synapses are set too, and keep the new weight. Of a network that ranks share,
 * they are those of this rank. Nullable: weights (when n is 0).
 */
NAI_API nai_status nai_network_set_synapse_weights(nai_network *net, const char *from,
                                                   const char *to, const float *weights, int64_t n);

/**
 * Permanently removes a fraction of the synapses of each of these projections of a built network: 1
 * removes all, less some that are drawn from `seed`, the same ones that an intervention
 * (NAI_SCALE_SYNAPSES) with this fraction and seed means. They are absent from now on: in training,
 * whatever an optimiser still remembers of them, in copies, files and checkpoints; fixed and frozen
 * ones go, too. A call that fails changes nothing. Errors: NAI_ERR_INVALID for a fraction that is
 * not above 0 and at most 1, or of which no synapse is left; NAI_ERR_ORDER during an update.
 */
NAI_API nai_status nai_network_prune(nai_network *net, const char *from, const char *to,
                                     double fraction, uint64_t seed);

/** The same of those with the smallest absolute weights, in each projection. */
NAI_API nai_status nai_network_prune_smallest(nai_network *net, const char *from, const char *to,
                                              double fraction);

/**
 * The same of all synapses onto and from units of these populations: `units` [n], none twice, or
 * NAI_ALL_UNITS (-1) in place of n; a fraction of them, in each population, drawn from `seed`: the
 * same ones that interventions mean. The units stay, and go on by themselves, with their biases and
 * noise. Nullable: units.
 */
NAI_API nai_status nai_network_prune_units(nai_network *net, const char *names,
                                           const int64_t *units, int64_t n, double fraction,
                                           uint64_t seed);

/**
 * Permanently removes synapses of a built network: those where `mask` [n_post, n_pre] is 0. Their
 * weights are exactly 0 from now on, including during training and in the file. No synapse is
 * added where there is none.
 */
NAI_API nai_status nai_network_set_mask(nai_network *net, const char *from, const char *to,
                                        const uint8_t *mask, int64_t n_post, int64_t n_pre);

/** Sets the bias of a population or output: `bias` [n]. */
NAI_API nai_status nai_network_set_bias(nai_network *net, const char *name, const float *bias,
                                        int64_t n);

/** Summary of the eigenvalues and singular values of a recurrent weight matrix. */
typedef struct nai_spectrum {
  uint32_t struct_size; /**< sizeof(nai_spectrum), filled in by the caller */
  int32_t reserved;     /**< 0 */
  int64_t n;            /**< number of units */
  double radius;        /**< largest modulus of an eigenvalue */
  double bulk;    /**< radius of the disc that the eigenvalues of random weights with this variance
                     would fill (Rajan & Abbott 2006) */
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
 * Computes the spectrum of the weights among these populations, all delays together. `real`,
 * `imaginary` [capacity]: the eigenvalues; capacity >= n. Nullable: real, imaginary (both; then
 * eigenvalues are not returned).
 */
NAI_API nai_status nai_network_spectrum(nai_spectrum *out, double *real, double *imaginary,
                                        int64_t capacity, const nai_network *net,
                                        const char *names);

#ifdef __cplusplus
}
#endif
#endif
