/**
 * @file constraint.h
 * @brief Constraints on the synapses of a projection. They are created here and attached by
 * nai_network_constrain().
 *
 * A constraint acts twice: when the network is built, it determines which synapses exist, which are
 * plastic, and their sign; after each update, it returns the weights to allowed values. For
 * constraints of your own see extend.h.
 */
#ifndef NEUROAI_CONSTRAINT_H
#define NEUROAI_CONSTRAINT_H

#include <neuroai/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A constraint. What it is attached to keeps a reference: destroy yours in any order. */
typedef struct nai_constraint nai_constraint;

/** How a population or input with a sign obeys Dale's law. */
enum {
  NAI_DALE_CLAMP = 1,   /**< a weight of the wrong sign becomes 0 (Song 2016; the default) */
  NAI_DALE_REFLECT = 2, /**< its sign is flipped: the same as training |W| (Yang & Wang 2020) */
  NAI_DALE_OFF = 0      /**< the projection is exempt from Dale's law */
};

/** Each synapse exists with probability `density`, 0 to 1, drawn when the network is built. */
NAI_API nai_status nai_constraint_create_sparse(nai_constraint **out, double density);

/**
 * Synapses exist only where `mask` [n_post, n_pre] is not 0. The array is copied. If the projection
 * has another shape, nai_network_build() fails.
 */
NAI_API nai_status nai_constraint_create_mask(nai_constraint **out, const uint8_t *mask,
                                              int64_t n_post, int64_t n_pre);

/**
 * Dale's law: all weights from a unit have the sign of its population or input, but of those from a
 * potential such as "E:v" (model.h). `mode`: NAI_DALE_CLAMP, _REFLECT or _OFF.
 */
NAI_API nai_status nai_constraint_create_dale(nai_constraint **out, int32_t mode);

/** All weights of the projection have this sign, +1 or -1, whatever the sign of the sender. */
NAI_API nai_status nai_constraint_create_sign(nai_constraint **out, int32_t sign);

/** No weight of the projection is negative. */
NAI_API nai_status nai_constraint_create_nonnegative(nai_constraint **out);

/**
 * Synapses keep their initial weight exactly where `fixed` [n_post, n_pre] is not 0. Nullable:
 * fixed (then all synapses; n_post and n_pre are not read).
 */
NAI_API nai_status nai_constraint_create_fixed(nai_constraint **out, const uint8_t *fixed,
                                               int64_t n_post, int64_t n_pre);

/** No weight's absolute value exceeds `limit` > 0. */
NAI_API nai_status nai_constraint_create_max_weight(nai_constraint **out, double limit);

/**
 * Each synapse exists with probability `peak` * exp(-distance / `length`), which falls
 * exponentially with the distance of the two units. Both populations need positions. `peak`: 0 to
 * 1; `length`: mm.
 */
NAI_API nai_status nai_constraint_create_distance(nai_constraint **out, double peak, double length);

/**
 * Each receiving unit has exactly `indegree` synapses, 0 to 10^7, from different units. They are
 * drawn when the network is built, from those that constraints before it allow; none of them is an
 * autapse unless autapses are allowed. nai_network_build() fails (NAI_ERR_INVALID) where a unit
 * cannot have as many.
 */
NAI_API nai_status nai_constraint_create_indegree(nai_constraint **out, int64_t indegree);

/** The same from each sending unit: exactly `outdegree` synapses, onto different units. */
NAI_API nai_status nai_constraint_create_outdegree(nai_constraint **out, int64_t outdegree);

/**
 * The projection has exactly `total` synapses, drawn likewise, each of another pair of units: a
 * pair does not have several. `total`: 0 to 10^14.
 */
NAI_API nai_status nai_constraint_create_total(nai_constraint **out, int64_t total);

/**
 * The same with several synapses between two units (multapses), as biological circuits are often
 * laid out: each receiving unit draws `indegree` times one of the units that it may have a synapse
 * from. A pair that is drawn k times, at most 128, has one synapse with one delay, whose initial
 * weight is the sum of k. Such projections are listed.
 */
NAI_API nai_status nai_constraint_create_indegree_multapses(nai_constraint **out, int64_t indegree);

/** And so one of the pairs that may have a synapse is drawn `total` times. */
NAI_API nai_status nai_constraint_create_total_multapses(nai_constraint **out, int64_t total);

/**
 * Synapses exist only from unit pre[k] to unit post[k], k = 0 .. n-1, numbered from 0 within their
 * populations. The arrays are copied. nai_network_build() fails (NAI_ERR_INVALID) where there is no
 * such unit, where a pair is listed twice, and where an autapse is listed that is not allowed.
 * Nullable: pre, post (when n is 0).
 */
NAI_API nai_status nai_constraint_create_list(nai_constraint **out, const int64_t *pre,
                                              const int64_t *post, int64_t n);

/** Gives up the caller's reference. Nullable: constraint. */
NAI_API void nai_constraint_destroy(nai_constraint *constraint);

#ifdef __cplusplus
}
#endif
#endif
