/**
 * @file agent.h
 * @brief An agent: the network of a trainer as one animal that learns while it acts. Each call
 * makes one time step and one update, in bounded time and without allocation, for closed loops.
 *
 * An agent learns by the trainer's rule, optimiser, costs and constraints, from the input, target
 * and reward of each step; the trainer's task and batch settings are not used. Rules for agents:
 * RFLO, e-prop, FORCE, full-FORCE, node perturbation, dendritic error, and local rules of the
 * user's own. Each update changes the network, which may not be used elsewhere during a trial;
 * after nai_agent_rest() others may use the changed network.
 */
#ifndef NEUROAI_AGENT_H
#define NEUROAI_AGENT_H

#include <neuroai/intervention.h>
#include <neuroai/trainer.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An agent. Keeps the trainer alive. */
typedef struct nai_agent nai_agent;

/** What an agent is given at one step. */
typedef struct nai_experience {
  uint32_t struct_size; /**< sizeof(nai_experience) */
  int32_t target_class; /**< correct class of the first output, for costs on classes; -1: none */
  const float *input;   /**< [n_inputs], all inputs in order; NULL: all 0 */
  const float *target;  /**< [n_outputs], desired outputs; NULL: none */
  double weight;        /**< of the costs on outputs at this step, >= 0, like a value of a mask */
  double reward;        /**< for rules that learn from rewards; read if has_reward is 1 */
  int32_t has_reward;   /**< 1: there is a reward (below 0: a punishment) at this step; else 0 */
  int32_t reserved;     /**< 0 */
} nai_experience;

/* clang-format off */
/** A step without input, target or reward. */
#define NAI_EXPERIENCE_INIT {sizeof(nai_experience), -1, NULL, NULL, 1, 0, 0, 0}
/* clang-format on */

/**
 * Creates an agent of a trainer that has its costs already, at the start of the first trial. Fails
 * when the trainer's rule cannot learn within a trial.
 */
NAI_API nai_status nai_agent_create(nai_agent **out, nai_trainer *trainer);

/** Nullable: agent. */
NAI_API void nai_agent_destroy(nai_agent *agent);

/**
 * Begins a trial with the initial state, traces of 0, and the noise of the next trial. Changes that
 * a rule with "update_every" has accumulated since the last update are applied first.
 */
NAI_API nai_status nai_agent_begin(nai_agent *agent);

/**
 * Makes one time step and, unless the rule's "update_every" is above 1, one update. J of a step is
 * the sum of the costs on outputs (a mean over channels, times `weight`), rates and weights at this
 * step. A rule without gradient, such as FORCE, does not use the optimiser. Inputs, targets and
 * rewards that are not finite are refused, and nothing changes. If NaN or infinity arises, or a
 * cost of the user's own fails, the step fails and the weights stay as they were before the update,
 * but the network has already made the time step: begin the next trial by nai_agent_begin(), which
 * resets activity and traces. `output` [n_outputs] receives the outputs, as they are before the
 * update. Nullable: output.
 */
NAI_API nai_status nai_agent_step(float *output, nai_agent *agent, const nai_experience *now);

/**
 * Applies accumulated changes, as nai_agent_begin() does, and releases the network for other uses.
 * The next step continues from the current state.
 */
NAI_API nai_status nai_agent_rest(nai_agent *agent);

/**
 * Plans `n` interventions besides those that there are; their times count from now, and they end
 * with the trial. What units send is imposed; their states, and the rule's eligibility traces, go
 * on from their own meanwhile. RFLO and e-prop learn nothing onto a unit from the steps in which it
 * is silenced, clamped or frozen, and `factor` times as much from those in which it is scaled: an
 * error counts for a unit as far as what it sends follows its own rate. What synapses carry, and
 * the rates that costs see, are those that are imposed. Other rules learn from what is sent and
 * received.
 *
 * Where synapses are scaled (NAI_SCALE_SYNAPSES), RFLO, e-prop, node perturbation and the readout
 * of rules of the user's own learn from the factor times what is sent, and errors that come back by
 * the weights themselves come by them scaled: it is the gradient of the network as it is meanwhile,
 * by the weight before the factor. What is cut learns nothing. Plain descent then goes on in
 * several passes, to the end of the trial. FORCE refuses it of what it learns, full-FORCE of
 * everything, and all do of synapses onto outputs that have a memory or keep one weight
 * (NAI_ERR_UNSUPPORTED).
 *
 * A call that fails changes nothing. Errors: NAI_ERR_UNSUPPORTED for an epoch or conditions.
 * Nullable: interventions (when n is 0).
 */
NAI_API nai_status nai_agent_intervene(nai_agent *agent, const nai_intervention *interventions,
                                       int64_t n);

/** Ends all interventions in these populations. */
NAI_API nai_status nai_agent_release(nai_agent *agent, const char *names);

/** The same for some units, as in nai_state_clamp_units(). */
NAI_API nai_status nai_agent_release_units(nai_agent *agent, const char *names,
                                           const int64_t *units, int64_t n);

/** Ends all that is planned for projections from and to these. */
NAI_API nai_status nai_agent_release_synapses(nai_agent *agent, const char *from, const char *to);

/** Current rates of a population, or values of an output: [1, n]. Valid while the agent lives. */
NAI_API nai_status nai_agent_activity(nai_view *out, const nai_agent *agent, const char *name);

/**
 * The estimate of the gradient at the last update: of a projection [n_post, n_pre], or of a bias
 * [n] when `to` is NULL. Fails for agents that store no gradient: those with FORCE, and those with
 * SGD that update weights and traces in one pass. Nullable: to.
 */
NAI_API nai_status nai_agent_gradient(nai_view *out, const nai_agent *agent, const char *from,
                                      const char *to);

/** Updates made so far; -1 for NULL. */
NAI_API int64_t nai_agent_updates(const nai_agent *agent);

#ifdef __cplusplus
}
#endif
#endif
