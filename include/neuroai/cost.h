/**
 * @file cost.h
 * @brief Costs: the task, and what a brain could not afford. Added up by a trainer, each with its
 * own weight.
 */
#ifndef NEUROAI_COST_H
#define NEUROAI_COST_H

#include <neuroai/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A cost. Attaching it keeps a reference. */
typedef struct nai_cost nai_cost;

/** Task: sum m (z-y)^2 / sum m over steps, trials and channels of an output. */
NAI_API nai_status nai_cost_create_mse(nai_cost **out, const char *output);

/** Task: softmax cross-entropy, sum m nll / sum m over steps and trials, m [steps, trials]. */
NAI_API nai_status nai_cost_create_cross_entropy(nai_cost **out, const char *output);

/** sum |w| over these projections. */
NAI_API nai_status nai_cost_create_l1_weights(nai_cost **out, const char *from, const char *to);

/** sum w^2 over these projections. */
NAI_API nai_status nai_cost_create_l2_weights(nai_cost **out, const char *from, const char *to);

/** Wiring: sum |w| d, d the distance between the two units, mm. */
NAI_API nai_status nai_cost_create_distance(nai_cost **out, const char *from, const char *to);

/** (1/trials) sum |r| over steps, trials and units. */
NAI_API nai_status nai_cost_create_l1_rates(nai_cost **out, const char *names);

/** (1/trials) sum r^2 over steps, trials and units. */
NAI_API nai_status nai_cost_create_l2_rates(nai_cost **out, const char *names);

/** Name of a cost, such as "cross_entropy". */
NAI_API const char *nai_cost_name(const nai_cost *cost);

/** Gives up the caller's reference. Nullable: cost. */
NAI_API void nai_cost_destroy(nai_cost *cost);

#ifdef __cplusplus
}
#endif
#endif
