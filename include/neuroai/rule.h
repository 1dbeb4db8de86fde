/**
 * @file rule.h
 * @brief Learning rules: they estimate dJ/dW, or change the weights directly.
 */
#ifndef NEUROAI_RULE_H
#define NEUROAI_RULE_H

#include <neuroai/status.h>
#include <neuroai/view.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A learning rule. A trainer that uses it keeps a reference. */
typedef struct nai_rule nai_rule;

/* --- exact ------------------------------------------------------------------------------------ */

/** Backpropagation through time: the exact gradient. */
NAI_API nai_status nai_rule_create_bptt(nai_rule **out);

/**
 * Backpropagation through time within windows of `steps` >= 1 steps: errors do not propagate from
 * one window into the previous one. Exact if a window is as long as the trial. Parameter: "steps".
 */
NAI_API nai_status nai_rule_create_truncated_bptt(nai_rule **out, int64_t steps);

/* --- forward in time -------------------------------------------------------------------------- */

/**
 * Real-time recurrent learning (Williams & Zipser 1989): the exact gradient, computed forward in
 * time. It needs units^2 operations for each parameter, step and trial: for small networks, and for
 * tests of other rules.
 */
NAI_API nai_status nai_rule_create_rtrl(nai_rule **out);

/**
 * Unbiased online recurrent optimisation (Tallec & Ollivier 2018): RTRL with a random product of
 * two vectors, one pair for each trial, in place of the influence matrix. The estimate is noisy,
 * and its mean is the exact gradient; the gradient of the readout is exact. The random signs depend
 * on `seed` and the numbers of update and trial, so an estimate can be repeated.
 */
NAI_API nai_status nai_rule_create_uoro(nai_rule **out, uint64_t seed);

/* --- local in space and time ------------------------------------------------------------------ */

/**
 * Random feedback local online learning (Murray 2019): dJ/dW = sum over steps of learning signal
 * times eligibility trace. The learning signal of a unit is random feedback of dJ/dz plus dJ/dr of
 * the costs on rates; readout weights learn by their exact gradient. `seed`: of the feedback
 * weights, normal with variance 1 / (channels of all outputs); nai_trainer_set_feedback() replaces
 * them. Parameter: "update_every": number of steps between updates within a trial (the trials of a
 * batch are then run one after another); 0: one update at the end of the batch.
 */
NAI_API nai_status nai_rule_create_rflo(nai_rule **out, uint64_t seed);

/** Feedback of e-prop. */
enum {
  NAI_FEEDBACK_SYMMETRIC = 0, /**< the transposed readout weights */
  NAI_FEEDBACK_RANDOM = 1,    /**< fixed random weights from the outputs onto all units */
  NAI_FEEDBACK_ADAPTIVE = 2   /**< random weights that change as the readout weights do */
};

/**
 * e-prop (Bellec et al. 2020) for rate units: traces as in RFLO, `feedback`: NAI_FEEDBACK_....
 * Parameters: "update_every" as in RFLO; "decay" of adaptive feedback weights and of the readout
 * (1e-4). With symmetric feedback, units without readout receive no learning signal from outputs.
 */
NAI_API nai_status nai_rule_create_eprop(nai_rule **out, int32_t feedback, uint64_t seed);

/**
 * SnAp-1 (Menick et al. 2021): symmetric e-prop with traces that take account of autapses.
 */
NAI_API nai_status nai_rule_create_snap1(nai_rule **out);

/* --- by recursive least squares --------------------------------------------------------------- */

/**
 * FORCE (Sussillo & Abbott 2009): recursive least squares changes the weights within the trial,
 * with P = (lambda I + sum r r^T)^-1. The plastic weights onto outputs learn from the error z -
 * target; all other weights are constant, plastic or not. To feed an output back into the network,
 * represent it by a linear population without memory (tau = dt, gain 1) that drives the channels of
 * the output one to one with fixed weights of 1. Then the plastic weights onto this population
 * learn, and its projections into the network are the feedback.
 *
 * Where synapses are pruned or frozen later, P goes on as that of the others; what begins to learn
 * has P = I / lambda.
 *
 * The trials of a batch are run one after another. Weights do not change at steps without a target
 * or with a mask of 0. Targets must be real values, not classes. The optimiser of the trainer is
 * not used. Constraints are applied after each update. Costs may be on outputs only, and are only
 * reported. Parameters: "lambda" (1; read when a trainer is created), "update_every" (1; steps
 * between updates).
 */
NAI_API nai_status nai_rule_create_force(nai_rule **out);

/**
 * full-FORCE (DePasquale et al. 2018): as FORCE, but the plastic weights between units learn too,
 * such that each unit receives the same input as in a teacher. The teacher is a network of the same
 * units with the same inputs, random recurrent weights (normal, variance gain^2 / N), and the
 * targets as additional inputs (weights uniform in +-target_gain; 0 where there is no target). Its
 * weights are drawn from `seed`; it has the initial state of the network, and no noise. For
 * networks with the leak on the current, delays of one step between units and of 0 to outputs;
 * weights from inputs are constant. Parameters: "gain" (1.5), "target_gain" (1) and "lambda" (1),
 * which are read when a trainer is created, and "update_every" (2).
 */
NAI_API nai_status nai_rule_create_full_force(nai_rule **out, uint64_t seed);

/* --- without weight transport ----------------------------------------------------------------- */

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
 * Kolen-Pollack learning (Akrout et al. 2019): feedback weights receive the same updates as the
 * weights, and both lose the fraction `decay` (0 to 1) at each update, so their difference shrinks
 * by the factor 1 - decay. Weights from inputs have no feedback and do not decay. Parameter:
 * "decay".
 */
NAI_API nai_status nai_rule_create_kolen_pollack(nai_rule **out, double decay, uint64_t seed);

/**
 * Weight mirror (Akrout et al. 2019): at each update, each projection is driven with noise, and its
 * feedback weights move towards the correlation of presynaptic and postsynaptic activity, which on
 * average is the slope of the units times the weights. Parameters: "rate" (of this change; 0.01),
 * "noise" (its standard deviation; 0.1), "samples" (of noise per update; 128), "warm_up" (number of
 * such updates when the trainer is created; 0).
 */
NAI_API nai_status nai_rule_create_weight_mirror(nai_rule **out, uint64_t seed);

/* --- by relaxation to a nudged state ---------------------------------------------------------- */

/**
 * Predictive coding (Whittington & Bogacz 2017) in layers of rate units that answer within a step:
 * tau = dt, no delays, no noise, outputs without memory. Each layer predicts the next one. From the
 * forward sweep on, with outputs held away from it, units x move for "steps" (20) steps by "rate"
 * (0.2) times f'(x) W^T (errors that they make) - (their own error), and dJ/dW is the error of the
 * receiving unit times the rate of the sending one. Outputs are held at z - reach dJ/dz of the
 * trial's own cost, "reach" 1 by default: for a mean square error over n outputs, n / 2 is at the
 * target. Their errors are divided by "variance" (10), and all errors by what makes them estimates
 * of the gradient, to which they tend as the variance grows. "fixed" 1 (0): predictions and slopes
 * stay those of the forward sweep (Millidge, Tschantz & Buckley 2020); after many steps the
 * estimate is the gradient, whatever reach and variance. The time steps of a trial are independent.
 */
NAI_API nai_status nai_rule_create_predictive_coding(nai_rule **out);

/** How equilibrium propagation nudges. */
enum {
  NAI_NUDGE_ONE_SIDED = 0, /**< by beta; what the estimate is off by falls with beta */
  NAI_NUDGE_SYMMETRIC = 1, /**< by beta and by -beta; it falls with the square of beta */
  NAI_NUDGE_RANDOM = 2     /**< by beta or -beta, drawn for each update */
};

/**
 * Equilibrium propagation (Scellier & Bengio 2017) in networks of rate units whose weights are
 * symmetric: the projection from A to B has the transposed weights of that from B to A, and stays
 * so, if both learn at one rate. They are to be set so before a trainer is made
 * (nai_network_set_weights()), which refuses others. The steps of a trial are the free phase, at
 * whose end units should be at rest. From there the rule makes "steps" (20) steps in which units
 * get -beta dJ/dr of the trial's own cost, too, by way of the readout, "beta" 0.5 by default, with
 * the inputs of the last step and costs of outputs as they are then. Both directions of a pair
 * learn from -(1 / beta) times the change of r_i r_j, biases and weights from inputs likewise;
 * readouts by their exact gradient. With small beta and enough steps it is the gradient of the cost
 * of the last step at rest, with respect to weights that both directions share. `form`:
 * NAI_NUDGE_...; `seed`: of random signs. Costs may be on outputs and weights. Delays of one step
 * between units, no noise, outputs without memory, trials of one length.
 */
NAI_API nai_status nai_rule_create_equilibrium_propagation(nai_rule **out, int32_t form,
                                                           uint64_t seed);

/* --- in dendrites ----------------------------------------------------------------------------- */

/**
 * Dendritic error (Sacramento, Costa, Bengio & Senn 2018): synapses onto populations whose model
 * has errors of its ports, such as "pyramidal" (docs/models.md), learn from these and from what
 * they carry, without a cost: tau dDelta/dt = -Delta + (error of the port) (carried), dW/dt = eta
 * Delta. Biases are synapses from 1. The estimate is minus the integral of Delta over ms, so
 * nai_optimizer_create_sgd(&sgd, 1) and nai_trainer_set_rate() with a projection's eta (in 1/ms)
 * are this equation. Delta is kept from trial to trial, and by checkpoints.
 *
 * A trainer needs no cost, trials no targets, the network no outputs; J is 0 then. Costs on
 * outputs train the readouts alone; those on weights add their own gradient. What is onto
 * populations without such errors must be frozen, and their biases do not learn. Errors:
 * NAI_ERR_UNSUPPORTED when a trainer is made otherwise, naming population and model.
 *
 * Parameters: "tau" (30 ms; 0: no low-pass), "lag" (0 ms: nothing is learnt that long from the
 * beginning of each trial), "update_every" (1; steps between updates within a trial, the trials of
 * a batch one after another; 0: one update at the end of the batch, of the mean over its trials,
 * each of which begins with Delta = 0), "sweep" (0).
 *
 * "sweep" 1, with "update_every" 0, is the two-step form (section 3.4 of the paper): after the last
 * step of a trial populations make it once more, from the top down, each from what those above send
 * by then; what is induced after that, dt times, is the update, without low-pass. With units whose
 * dynamics are "steady", one step up and the sweep down take the place of the time to settle. What
 * goes down must have a delay, so that what goes up comes within the step (nai_microcircuit.delay);
 * NAI_ERR_UNSUPPORTED otherwise, when a trainer is made. Trials of a batch are equally long.
 */
NAI_API nai_status nai_rule_create_dendritic_error(nai_rule **out);

/* --- from the cost of each trial alone -------------------------------------------------------- */

/**
 * Node perturbation (Fiete & Seung 2006): each trial is run twice with the same noise, the second
 * time with perturbations added to the input of each unit and output, and to plastic initial
 * states. Perturbations are normal with standard deviation `sd` (1e-6 to 1e3). The change of the
 * cost of a trial times the perturbation estimates the gradient, without bias as sd goes to 0; the
 * variance grows with the number of units and steps. The activity of the trainer is that of the
 * unperturbed run. Costs on outputs must be sums over trials (nai_output_batch.mask_total). In an
 * agent every step is perturbed, and weights change with rewards, relative to their running mean.
 * Parameters: "sd"; "mean_rate" (fraction by which that mean moves towards each reward; 0.1).
 */
NAI_API nai_status nai_rule_create_node_perturbation(nai_rule **out, double sd, uint64_t seed);

/**
 * Reward-modulated Hebbian learning (Miconi 2017): currents are perturbed at random. Each weight
 * between units changes by the sum over the trial of the cube of (presynaptic rate times deviation
 * of the postsynaptic current from its running mean), times the reward of the trial minus the mean
 * reward of trials of the same type; biases change as weights from a unit with rate 1. Weights from
 * inputs and onto outputs are constant. With SGD and one trial per update this is the rule of the
 * paper (learning rate 0.5 there); with larger batches, changes are averaged over trials. Trials
 * are of the same type if all their conditions are equal; the first trial of a type only sets its
 * mean. For units with the leak on the current.
 *
 * Parameters: "frequency" of the perturbations of each unit (3 Hz), "amplitude" (0.5; perturbations
 * are uniform in +-amplitude), "activity_memory" (0.05) and "reward_memory" (0.33), the fractions
 * that running means of currents and of rewards keep, "limit" (1e-4: largest change of a weight per
 * update, for any optimiser; 0: no limit), "types" (16, at most 256; further types share the last),
 * "times_mean" (0; 1 multiplies changes by the mean cost of the type, as in the program of the
 * paper, which also has a learning rate of 0.1, reward_memory 0.75 and limit 3e-4).
 */
NAI_API nai_status nai_rule_create_reward_hebbian(nai_rule **out, uint64_t seed);

/* --- all rules -------------------------------------------------------------------------------- */

/** Sets a parameter of a rule, used from then on. */
NAI_API nai_status nai_rule_set(nai_rule *rule, const char *parameter, double value);

/** Reads a parameter. */
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
