/**
 * @file rule.h
 * @brief Learning rules: where the estimate of dJ/dW comes from.
 */
#ifndef NEUROAI_RULE_H
#define NEUROAI_RULE_H

#include <neuroai/status.h>
#include <neuroai/view.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A learning rule. Attaching it keeps a reference. */
typedef struct nai_rule nai_rule;

/* --- exact ------------------------------------------------------------------------------------ */

/** Backpropagation through time: the exact gradient. */
NAI_API nai_status nai_rule_create_bptt(nai_rule **out);

/**
 * Backpropagation through time within windows of `steps` >= 1 steps: errors do not cross from one
 * to the one before it. Exact when a window holds the trial. Parameter: "steps".
 */
NAI_API nai_status nai_rule_create_truncated_bptt(nai_rule **out, int64_t steps);

/* --- local in space and time ------------------------------------------------------------------ */

/**
 * Random feedback local online learning (Murray 2019): dJ/dW = sum over steps of learning signal
 * times eligibility trace. The signal of a unit is random feedback of dJ/dz, and the rate costs' own
 * dJ/dr; readout weights learn by their exact gradient. `seed`: of the feedback, which starts as
 * large as the readout weights are; nai_trainer_set_feedback() sets another.
 */
NAI_API nai_status nai_rule_create_rflo(nai_rule **out, uint64_t seed);

/** Feedback of e-prop. */
enum {
  NAI_FEEDBACK_SYMMETRIC = 0, /**< the transposed readout weights */
  NAI_FEEDBACK_RANDOM = 1,    /**< fixed random weights from the outputs onto all units */
  NAI_FEEDBACK_ADAPTIVE = 2   /**< random weights that make the moves of the readout weights */
};

/**
 * e-prop (Bellec et al. 2020) for rate units: traces as in RFLO, `feedback` one of NAI_FEEDBACK_....
 * Adaptive feedback decays with the readout; parameter "decay" (1e-4 an update). Units without
 * readout get no signal but by random feedback.
 */
NAI_API nai_status nai_rule_create_eprop(nai_rule **out, int32_t feedback, uint64_t seed);

/**
 * SnAp-1 (Menick et al. 2021): as symmetric e-prop, and the trace also follows a unit's synapse onto
 * itself.
 */
NAI_API nai_status nai_rule_create_snap1(nai_rule **out);

/* --- without transport of weights ------------------------------------------------------------- */

/**
 * Feedback alignment (Lillicrap et al. 2016): fixed random weights where backpropagation, within a
 * step and through time, has the transposed ones.
 */
NAI_API nai_status nai_rule_create_feedback_alignment(nai_rule **out, uint64_t seed);

/** Direct feedback alignment (Nokland 2016): fixed random weights from the outputs to every unit. */
NAI_API nai_status nai_rule_create_direct_feedback_alignment(nai_rule **out, uint64_t seed);

/** Sizes of the feedback weights of sign symmetry; their signs are those of the weights. */
enum {
  NAI_SIGN_UNIFORM = 0, /**< all alike (uSF) */
  NAI_SIGN_BATCH = 1,   /**< random, drawn anew for each batch (brSF) */
  NAI_SIGN_FIXED = 2    /**< random, drawn once (frSF) */
};

/** Sign symmetry (Liao, Leibo & Poggio 2016). `form`: NAI_SIGN_.... */
NAI_API nai_status nai_rule_create_sign_symmetry(nai_rule **out, int32_t form, uint64_t seed);

/**
 * Kolen-Pollack learning (Akrout et al. 2019): feedback weights make the moves of the weights, and
 * both lose the fraction `decay` (0 to 1) at each update; so what they differ by shrinks by 1 -
 * decay. Weights from inputs, which have no feedback, do not decay. Parameter: "decay".
 */
NAI_API nai_status nai_rule_create_kolen_pollack(nai_rule **out, double decay, uint64_t seed);

/**
 * Weight mirror (Akrout et al. 2019): before each update, each projection is driven with noise, and
 * its feedback weights move towards the correlation of the units before and after it, which on
 * average is the slope of the units times the weights. Parameters: "rate" (of that move; 0.01),
 * "noise" (its standard deviation; 0.1), "samples" (drawn for an update; 128).
 */
NAI_API nai_status nai_rule_create_weight_mirror(nai_rule **out, uint64_t seed);

/* --- all rules -------------------------------------------------------------------------------- */

/** Sets a number of a rule by name; what follows uses it. */
NAI_API nai_status nai_rule_set(nai_rule *rule, const char *parameter, double value);

/** Reads one. */
NAI_API nai_status nai_rule_get(double *value, const nai_rule *rule, const char *parameter);

/** Describes parameter `index` of a rule; NAI_ERR_INVALID past the last. */
NAI_API nai_status nai_rule_parameter(nai_parameter *out, const nai_rule *rule, int64_t index);

/** Name of a rule, such as "bptt". */
NAI_API const char *nai_rule_name(const nai_rule *rule);

/** Gives up the caller's reference. Nullable: rule. */
NAI_API void nai_rule_destroy(nai_rule *rule);

#ifdef __cplusplus
}
#endif
#endif
