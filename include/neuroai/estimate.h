/**
 * @file estimate.h
 * @brief What a network takes of memory and time, before it is built and after.
 */
#ifndef NEUROAI_ESTIMATE_H
#define NEUROAI_ESTIMATE_H

#include <neuroai/network.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Memory that the build needs at most, in bytes; for a built network, the memory that it holds,
 * with names, numbers of units, and masks or lists of its constraints.
 * Each synapse takes 15 bytes: its weight, two packed copies of it (one from inputs: 11 bytes) and
 * three flags. Absent synapses count, as do all pairs of units between populations that are
 * computed together. Where few synapses exist in what is computed together (at most 3 in 10), lists
 * of them take about 25 bytes more for each that exists. During the build, each synapse of a
 * projection with a mask takes 2 more bytes; orthogonal weights, and each pair of units under a
 * spectral radius, take 8. For training, see nai_trainer_memory().
 */
NAI_API nai_status nai_network_memory(int64_t *bytes, const nai_network *net);

/** What a network would take on so many ranks, as nai_network_estimate() says it. */
typedef struct nai_estimate {
  uint32_t struct_size;   /**< sizeof(nai_estimate), filled in by the caller */
  int32_t reserved;       /**< 0 */
  int64_t ranks;          /**< as asked for */
  int64_t units;          /**< of all populations */
  int64_t rank_units;     /**< those of the rank that has most, which all that follows is of */
  int64_t synapses;       /**< expected on all ranks; of a matrix all pairs that may have one */
  int64_t rank_synapses;  /**< expected on this rank */
  int64_t build_bytes;    /**< memory that its build needs at most */
  int64_t bytes;          /**< memory that the built network holds, at most */
  int64_t state_bytes;    /**< memory of a state of one trial, at most */
  int64_t exchange_steps; /**< steps from one exchange to the next; 0 on one rank */
  int64_t exchanges;      /**< so many then, one for each stage; 0 on one rank */
  int64_t row_bytes;  /**< that a rank sends in each of them with the first message, at the rates */
  int64_t most_bytes; /**< that it sends in all of them, if every unit fires at each step */
  double exchange_bytes; /**< that it sends in all of them, about, at the rates asked for */
  double lists;          /**< lists of synapses by sender that it looks into at each step */
  double spikes;         /**< a second, of all units, at the rates asked for */
  double rank_spikes;    /**< a second, of its units */
  double fans;           /**< a second: senders of spikes looked up in lists */
  double events;         /**< a second: synapses in lists that spikes arrive on */
  double bits;           /**< a second: receivers gone through where lists are rows of bits */
} nai_estimate;

/* clang-format off */
/** A nai_estimate to be filled. */
#define NAI_ESTIMATE_INIT \
  {sizeof(nai_estimate), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
/* clang-format on */

/**
 * Says what a network would take on each of `ranks` ranks that share it (see
 * nai_network_set_exchange()), without an exchange and without building it: 1, the network on one
 * machine. Of a built network, what another build of the same composition would take. hz [n]: mean
 * rates, of all units where n is 1, else of each population. What a build on so many ranks would
 * refuse is refused with the same message (NAI_ERR_UNSUPPORTED; more synapses on a rank than it can
 * have: NAI_ERR_MEMORY). Nothing is drawn, so a network of millions of units is answered as soon as
 * their numbers are read. Memory is what the library asks for; the system may give only what is
 * used of it. Synapses that depend on distance, of units that have no positions yet, count as a
 * tenth of all pairs.
 */
NAI_API nai_status nai_network_estimate(nai_estimate *out, const nai_network *net, int64_t ranks,
                                        const double *hz, int64_t n);

/**
 * Limits the memory of the network, before or after it is built. What needs more than `bytes`
 * fails with NAI_ERR_MEMORY before it takes any memory, and the message gives the need and the
 * limit: the build, copies, and trainers together with the network. 0 (default): the limit is the
 * memory of the machine. Copies have the same limit.
 */
NAI_API nai_status nai_network_set_memory_limit(nai_network *net, int64_t bytes);

#ifdef __cplusplus
}
#endif
#endif
