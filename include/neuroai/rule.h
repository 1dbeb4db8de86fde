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

/* --- forward in time -------------------------------------------------------------------------- */

/**
 * Real-time recurrent learning (Williams & Zipser 1989): the exact gradient, forward in time. It
 * costs units^2 a parameter, step and trial: for small networks, and to test others by.
 */
NAI_API nai_status nai_rule_create_rtrl(nai_rule **out);

/**
 * Unbiased online recurrent optimisation (Tallec & Ollivier 2018): RTRL whose influence matrix is a
 * random product of two vectors, one pair a trial. The estimate is noisy, its mean is the exact
 * gradient; that of the readout is exact. `seed`: of the random signs, with the number of the update
 * and of the trial; so an estimate repeats.
 */
NAI_API nai_status nai_rule_create_uoro(nai_rule **out, uint64_t seed);

/* --- local in space and time ------------------------------------------------------------------ */

/**
 * Random feedback local online learning (Murray 2019): dJ/dW = sum over steps of learning signal
 * times eligibility trace. The signal of a unit is random feedback of dJ/dz, and the rate costs' own
 * dJ/dr; readout weights learn by their exact gradient. `seed`: of the feedback, normal
 * with variance 1 / (channels of all outputs); nai_trainer_set_feedback() sets another. Parameter:
 * "update_every": steps between updates within a trial, the trials of a batch one after another; 0:
 * one update, at the end of the batch.
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
 * Parameters: "update_every" as in RFLO; "decay" of adaptive feedback and the readout (1e-4). Units without
 * readout get no signal but by random feedback.
 */
NAI_API nai_status nai_rule_create_eprop(nai_rule **out, int32_t feedback, uint64_t seed);

/**
 * SnAp-1 (Menick et al. 2021): as symmetric e-prop, and the trace also follows a unit's synapse onto
 * itself.
 */
NAI_API nai_status nai_rule_create_snap1(nai_rule **out);

/* --- by recursive least squares --------------------------------------------------------------- */

/**
 * FORCE (Sussillo & Abbott 2009): recursive least squares moves the weights within the trial, as
 * P = (lambda I + sum r r^T)^-1 has it. What learns are the plastic weights onto outputs, by the
 * error z - target; all other weights stay, plastic or not. To feed an output back into the network,
 * let a linear population without memory (tau = dt, gain 1) stand for it: one that drives the
 * output's channels one to one by fixed weights of 1; then the plastic weights onto it learn, and what
 * it projects into the network is feedback.
 *
 * Each trial of a batch is lived through, one after another; steps without a target, or with a mask of
 * 0, teach nothing. Targets must be numbers. No optimiser is asked, though a trainer takes one.
 * Constraints hold after each update. Costs, on outputs alone, only say how well it goes. Parameters:
 * "lambda" (1; as of when a trainer is made), "update_every" (1; steps between updates).
 */
NAI_API nai_status nai_rule_create_force(nai_rule **out);

/**
 * full-FORCE (DePasquale et al. 2018): as FORCE, and the plastic weights between units learn too, to
 * give each unit what it gets in a teacher: a network of the same units with the same inputs, random
 * recurrent weights (normal, variance gain^2 / N), and the targets as further input (weights uniform
 * in +-target_gain). The teacher is random by `seed`, starts each trial as the network does, has no
 * noise, and gets 0 where there is no target. For networks of units with the leak on the current,
 * delays of one step between units and none to outputs; weights from inputs stay. Parameters: "gain"
 * (1.5), "target_gain" (1), "lambda" (1), these as of when a trainer is made, and "update_every" (2).
 */
NAI_API nai_status nai_rule_create_full_force(nai_rule **out, uint64_t seed);

/* --- without transport of weights ------------------------------------------------------------- */

/**
 * Feedback alignment (Lillicrap et al. 2016): fixed random weights where backpropagation, within a
 * step and through time, has the transposed ones.
 */
NAI_API nai_status nai_rule_create_feedback_alignment(nai_rule **out, uint64_t seed);

/**
 * Direct feedback alignment (Nokland 2016): fixed random weights from the outputs to every unit, at
 * first as large as the readout weights are.
 */
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
 * Weight mirror (Akrout et al. 2019): with each update, each projection is driven with noise, and
 * its feedback weights move towards the correlation of the units before and after it, which on
 * average is the slope of the units times the weights. Parameters: "rate" (of that move; 0.01),
 * "noise" (its standard deviation; 0.1), "samples" (drawn for an update; 128), "warm_up" (such moves
 * when the trainer is made; 0).
 */
NAI_API nai_status nai_rule_create_weight_mirror(nai_rule **out, uint64_t seed);

/* --- from the cost of each trial alone -------------------------------------------------------- */

/**
 * Node perturbation (Fiete & Seung 2006): each trial is run twice with the same noise, once with
 * normals of standard deviation `sd` (1e-6 to 1e3) added to what each unit and output receives, and
 * to initial states that learn. What that did to the trial's cost, times what was added, estimates
 * the gradient without bias as sd goes to 0; its variance grows with the number of units and steps.
 * The activity of the trainer is that of the run without. Costs on outputs must be sums over trials
 * (nai_output_batch.mask_total). Of an agent every step is perturbed, and it learns from rewards,
 * compared with their running mean. Parameters: "sd"; "mean_rate" (how far that mean moves to each
 * reward; 0.1).
 */
NAI_API nai_status nai_rule_create_node_perturbation(nai_rule **out, double sd, uint64_t seed);

/**
 * Reward-modulated Hebbian learning (Miconi 2017): currents are pushed at random, and each synapse
 * between units moves by the sum over the trial of the cube of (rate before it times change of
 * current after it), times how much better than usual for its type the trial went; biases as from a
 * rate of 1. Weights from inputs and to outputs stay. With plain descent at the rate eta and one
 * trial an update it is the paper's rule (eta 0.5 there); larger batches move by the mean over
 * trials. Trials are of one type where all their conditions are equal; the first of a type only
 * sets its mean. For units with the leak on the current.
 *
 * Parameters: "frequency" (3 Hz: pushes of each unit), "amplitude" (0.5: a push is uniform in +-
 * that), "activity_memory" (0.05) and "reward_memory" (0.33: what running means of currents and
 * rewards keep), "limit" (1e-4: largest move of a weight at an update, whatever the optimiser; 0:
 * none), "types" (16, at most 256: further types share the last), "times_mean" (0; 1 multiplies moves
 * with the type's mean cost, as in the paper's program, which also has eta 0.1, reward_memory 0.75
 * and limit 3e-4).
 */
NAI_API nai_status nai_rule_create_reward_hebbian(nai_rule **out, uint64_t seed);

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
