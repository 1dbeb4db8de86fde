/**
 * @file cost.h
 * @brief Costs of the task, and of resources that are scarce in a brain. A trainer minimises their
 * weighted sum.
 */
#ifndef NEUROAI_COST_H
#define NEUROAI_COST_H

#include <neuroai/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A cost. A trainer that it is added to keeps a reference. */
typedef struct nai_cost nai_cost;

/** Task: sum m (z-y)^2 / sum m over steps, trials and channels of an output. */
NAI_API nai_status nai_cost_create_mse(nai_cost **out, const char *output);

/** Task: softmax cross-entropy, sum m nll / sum m over steps and trials, m [steps, trials]. */
NAI_API nai_status nai_cost_create_cross_entropy(nai_cost **out, const char *output);

/** Task: sum m (s - y)^2 / sum m of logistic outputs, s = 1 / (1 + exp(-z)) (Yang 2019). */
NAI_API nai_status nai_cost_create_logistic_mse(nai_cost **out, const char *output);

/**
 * Task: binary cross-entropy, separately for each channel: sum m (-y log s - (1-y) log(1-s)) / sum
 * m, s = 1 / (1 + exp(-z)), targets y from 0 to 1.
 */
NAI_API nai_status nai_cost_create_binary_cross_entropy(nai_cost **out, const char *output);

/** sum |w| over these projections. */
NAI_API nai_status nai_cost_create_l1_weights(nai_cost **out, const char *from, const char *to);

/** sum w^2 over these projections. */
NAI_API nai_status nai_cost_create_l2_weights(nai_cost **out, const char *from, const char *to);

/** Wiring: sum |w| d, d the distance between the two units, mm. */
NAI_API nai_status nai_cost_create_distance(nai_cost **out, const char *from, const char *to);

/**
 * Wiring, weighted by communicability, which includes indirect paths (Achterberg 2023): sum |w| d
 * C^exponent. C = exp(S^-1/2 |W| S^-1/2) without its diagonal, S the sum of |W| from each unit
 * within these projections; the communicability of a unit without such weights is 0. All
 * projections together form one square matrix: the same populations have to be presynaptic and
 * postsynaptic; projections that do not exist among them count as 0. exponent: above 0 and at most
 * 100; 1 in the paper. The gradient includes the dependence of C on the weights.
 */
NAI_API nai_status nai_cost_create_communicability(nai_cost **out, const char *from, const char *to,
                                                   double exponent);

/** (1/trials) sum |r| over steps, trials and units. */
NAI_API nai_status nai_cost_create_l1_rates(nai_cost **out, const char *names);

/** (1/trials) sum r^2 over steps, trials and units. */
NAI_API nai_status nai_cost_create_l2_rates(nai_cost **out, const char *names);

/**
 * The term of Song 2016 (Pascanu 2013) against vanishing gradients, on the recurrent weights of
 * these populations: the mean over steps and trials of (|v|^2 / |d|^2 - 1)^2, where d = dJ/dx(t)
 * and v is d propagated back by one step. As in these papers, d is held constant (the immediate
 * gradient). Requires populations with the leak on the current, and a rule that computes errors
 * (BPTT).
 */
NAI_API nai_status nai_cost_create_vanishing_gradient(nai_cost **out, const char *names);

/**
 * Homeostasis (Goudar 2023): |mean of r^2 - target|. The mean is over the steps that count, trials
 * and units of all these populations together. target: 0 to 1e12.
 */
NAI_API nai_status nai_cost_create_rate_target(nai_cost **out, const char *names, double target);

/**
 * Homeostasis of each unit (Bellec 2020): 1/2 sum over units of (f - target)^2, where f is a unit's
 * mean of r over the steps that count and trials; of spikes, so many a step. target: 0 to 1e12.
 */
NAI_API nai_status nai_cost_create_unit_rate_target(nai_cost **out, const char *names,
                                                    double target);

/**
 * Whether a cost is divided by the number of its terms (1) or not (0, default), so that its weight
 * beta does not depend on network size or trial length. L1 and L2 of rates become means over the
 * steps that count, trials and units; costs on weights are divided by the number of existing
 * synapses. To be called before the cost is added to a trainer. Refused (NAI_ERR_UNSUPPORTED) for
 * costs that are means already, and for users' own costs.
 */
NAI_API nai_status nai_cost_set_normalise(nai_cost *cost, int32_t normalise);

/** Name of a cost, such as "cross_entropy". */
NAI_API const char *nai_cost_name(const nai_cost *cost);

/** Gives up the caller's reference. Nullable: cost. */
NAI_API void nai_cost_destroy(nai_cost *cost);

#ifdef __cplusplus
}
#endif
#endif
