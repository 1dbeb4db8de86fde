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
 * takes units^2 operations for each parameter, step and trial: for small networks, and for tests of
 * other rules.
 */
NAI_API nai_status nai_rule_create_rtrl(nai_rule **out);

/**
 * Unbiased online recurrent optimisation (Tallec & Ollivier 2018): RTRL with a random product of
 * two vectors, one pair for each trial, in place of the influence matrix. The estimate is noisy,
 * and its mean is the exact gradient; that of the readout is exact. Random signs are functions of
 * `seed` and the numbers of update and trial, so that an estimate can be repeated.
 */
NAI_API nai_status nai_rule_create_uoro(nai_rule **out, uint64_t seed);

/* --- local in space and time ------------------------------------------------------------------ */

/**
 * Random feedback local online learning (Murray 2019): dJ/dW = sum over steps of learning signal
 * times eligibility trace. The signal of a unit is random feedback of dJ/dz plus dJ/dr of the costs
 * on rates; readout weights learn by their exact gradient. `seed`: of the feedback, normal with
 * variance 1 / (channels of all outputs); nai_trainer_set_feedback() sets another. Parameter:
 * "update_every": steps between updates within a trial, the trials of a batch one after another; 0:
 * one update, at the end of the batch.
 */
NAI_API nai_status nai_rule_create_rflo(nai_rule **out, uint64_t seed);

/** Feedback of e-prop. */
enum {
  NAI_FEEDBACK_SYMMETRIC = 0, /**< the transposed readout weights */
  NAI_FEEDBACK_RANDOM = 1,    /**< fixed random weights from the outputs onto all units */
  NAI_FEEDBACK_ADAPTIVE = 2   /**< random weights that change as the readout weights do */
};

/**
 * e-prop (Bellec et al. 2020) for rate units: traces as in RFLO, `feedback` one of
 * NAI_FEEDBACK_.... Parameters: "update_every" as in RFLO; "decay" of adaptive feedback and the
 * readout (1e-4). Units without readout receive a signal by random feedback only.
 */
NAI_API nai_status nai_rule_create_eprop(nai_rule **out, int32_t feedback, uint64_t seed);

/**
 * SnAp-1 (Menick et al. 2021): as symmetric e-prop, with traces that include a unit's synapse onto
 * itself.
 */
NAI_API nai_status nai_rule_create_snap1(nai_rule **out);

/* --- by recursive least squares --------------------------------------------------------------- */

/**
 * FORCE (Sussillo & Abbott 2009): recursive least squares changes the weights within the trial,
 * with P = (lambda I + sum r r^T)^-1. The plastic weights onto outputs learn, by the error z -
 * target; all other weights stay, plastic or not. To feed an output back into the network,
 * represent it by a linear population without memory (tau = dt, gain 1) that drives the output's
 * channels one to one by fixed weights of 1; then the plastic weights onto this population learn,
 * and its projections into the network are the feedback.
 *
 * The trials of a batch are run one after another; nothing is learnt at steps without a target or
 * with a mask of 0. Targets must be numbers. The optimiser, which a trainer always has, is not
 * used. Constraints hold after each update. Costs, on outputs alone, are only reported. Parameters:
 * "lambda" (1; as of when a trainer is made), "update_every" (1; steps between updates).
 */
NAI_API nai_status nai_rule_create_force(nai_rule **out);

/**
 * full-FORCE (DePasquale et al. 2018): as FORCE, and the plastic weights between units learn too,
 * so that each unit receives what it receives in a teacher: a network of the same units with the
 * same inputs, random recurrent weights (normal, variance gain^2 / N), and the targets as further
 * input (weights uniform in +-target_gain). The teacher is drawn from `seed`, has the network's
 * initial state, no noise, and an input of 0 where there is no target. For networks of units with
 * the leak on the current, delays of one step between units and none to outputs; weights from
 * inputs stay. Parameters: "gain" (1.5), "target_gain" (1), "lambda" (1), these as of when a
 * trainer is made, and "update_every" (2).
 */
NAI_API nai_status nai_rule_create_full_force(nai_rule **out, uint64_t seed);

/* --- without transport of weights ------------------------------------------------------------- */

/**
 * Feedback alignment (Lillicrap et al. 2016): fixed random weights in place of the transposed
 * weights of backpropagation, within a step and through time.
 */
NAI_API nai_status nai_rule_create_feedback_alignment(nai_rule **out, uint64_t seed);

/**
 * Direct feedback alignment (Nokland 2016): fixed random weights from the outputs to all units,
 * with the scale of the initial readout weights.
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
 * Kolen-Pollack learning (Akrout et al. 2019): feedback weights change as the weights do, and both
 * lose the fraction `decay` (0 to 1) at each update, so that their difference shrinks by the factor
 * 1 - decay. Weights from inputs, which have no feedback, do not decay. Parameter: "decay".
 */
NAI_API nai_status nai_rule_create_kolen_pollack(nai_rule **out, double decay, uint64_t seed);

/**
 * Weight mirror (Akrout et al. 2019): with each update, each projection is driven with noise, and
 * its feedback weights move towards the correlation of the units before and after it, which on
 * average is the slope of the units times the weights. Parameters: "rate" (of this change; 0.01),
 * "noise" (its standard deviation; 0.1), "samples" (drawn for an update; 128), "warm_up" (such
 * updates when the trainer is made; 0).
 */
NAI_API nai_status nai_rule_create_weight_mirror(nai_rule **out, uint64_t seed);

/* --- from the cost of each trial alone -------------------------------------------------------- */

/**
 * Node perturbation (Fiete & Seung 2006): each trial is run twice with the same noise, once with
 * normals of standard deviation `sd` (1e-6 to 1e3) added to what each unit and output receives, and
 * to initial states that learn. The change of the trial's cost times what was added estimates the
 * gradient, without bias as sd goes to 0; its variance grows with the number of units and steps.
 * The activity of the trainer is that of the run without. Costs on outputs must be sums over trials
 * (nai_output_batch.mask_total). In an agent every step is perturbed, and learning is from rewards,
 * compared with their running mean. Parameters: "sd"; "mean_rate" (fraction by which that mean
 * moves towards each reward; 0.1).
 */
NAI_API nai_status nai_rule_create_node_perturbation(nai_rule **out, double sd, uint64_t seed);

/**
 * Reward-modulated Hebbian learning (Miconi 2017): currents are perturbed at random, and each
 * synapse between units changes by the sum over the trial of the cube of (presynaptic rate times
 * change of the postsynaptic current), times the reward of the trial minus the mean for trials of
 * its type; biases, as from a rate of 1. Weights from inputs and to outputs stay. With plain
 * descent at the rate eta and one trial an update it is the paper's rule (eta 0.5 there); with
 * larger batches, the change is the mean over trials. Trials are of one type where all their
 * conditions are equal; the first of a type only sets its mean. For units with the leak on the
 * current.
 *
 * Parameters: "frequency" (3 Hz: perturbations of each unit), "amplitude" (0.5: they are uniform in
 * +- that), "activity_memory" (0.05) and "reward_memory" (0.33: what running means of currents and
 * of rewards keep), "limit" (1e-4: largest change of a weight at an update, for any optimiser; 0:
 * none), "types" (16, at most 256: further types share the last), "times_mean" (0; 1 multiplies
 * changes with the type's mean cost, as in the paper's program, which also has eta 0.1,
 * reward_memory 0.75 and limit 3e-4).
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
