/**
 * @file agent.h
 * @brief An agent: the network of a trainer as one animal that learns while it acts. Each call
 * makes one step and one update, in bounded time and without allocation, for closed loops.
 *
 * It learns by the trainer's rule, optimiser, costs and constraints, from what it is given at each
 * step; the trainer's task and batch settings are not used. Rules that can do so: RFLO, e-prop,
 * FORCE, full-FORCE, node perturbation, a user's own. The network is written at each update: it may
 * not be used elsewhere meanwhile, and others may use the changed network after nai_agent_rest().
 */
#ifndef NEUROAI_AGENT_H
#define NEUROAI_AGENT_H

#include <neuroai/trainer.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An agent. Keeps the trainer alive. */
typedef struct nai_agent nai_agent;

/** What an agent is given at one step. */
typedef struct nai_experience {
  uint32_t struct_size; /**< sizeof(nai_experience) */
  int32_t target_class; /**< right class of the first output, for costs that need one; -1: none */
  const float *input;   /**< [n_inputs], all inputs in order; NULL: all 0 */
  const float *target;  /**< [n_outputs], desired outputs; NULL: none are given */
  double weight;        /**< of this step's costs on outputs, >= 0; as a mask holds it */
  double reward;        /**< where has_reward, for rules that learn from a scalar */
  int32_t has_reward;   /**< 1: a reward (or, below 0, a punishment) is given at this step */
  int32_t reserved;     /**< 0 */
} nai_experience;

/* clang-format off */
/** A step without input, target or reward. */
#define NAI_EXPERIENCE_INIT {sizeof(nai_experience), -1, NULL, NULL, 1, 0, 0, 0}
/* clang-format on */

/**
 * An agent for a trainer with its costs attached, at the start of its first trial. Fails when the
 * trainer's rule cannot learn within a trial.
 */
NAI_API nai_status nai_agent_create(nai_agent **out, nai_trainer *trainer);

/** Nullable: agent. */
NAI_API void nai_agent_destroy(nai_agent *agent);

/**
 * Begins a trial: initial state, traces of 0, the noise of the next trial. What a rule with
 * "update_every" has gathered since its last update is applied first.
 */
NAI_API nai_status nai_agent_begin(nai_agent *agent);

/**
 * One step and, unless the rule's "update_every" is larger, one update. J of a step is the sum of
 * the costs on outputs (a mean over channels, times `weight`), on rates and on weights at this
 * step. A rule without gradient, such as FORCE, needs no optimiser. NaN or infinity makes it fail
 * with the weights as they were before the update; nai_agent_begin() clears its remains from the
 * traces. Inputs, targets and rewards that are not finite are refused before anything moves.
 * `output` [n_outputs] receives the outputs from before the update. Nullable: output.
 */
NAI_API nai_status nai_agent_step(float *output, nai_agent *agent, const nai_experience *now);

/**
 * Ends the current trial, as nai_agent_begin() does, and leaves the network to other users as it is
 * now. The next step continues from the current state.
 */
NAI_API nai_status nai_agent_rest(nai_agent *agent);

/** Rates of a population now [1, n]; or outputs of an output. Valid while the agent lives. */
NAI_API nai_status nai_agent_activity(nai_view *out, const nai_agent *agent, const char *name);

/**
 * The estimate of the gradient that led to the last update: of a projection [n_post, n_pre], of a
 * bias [n] when `to` is NULL. Fails for agents whose updates need none: those by FORCE, and by
 * plain descent in one pass with the traces. Nullable: to.
 */
NAI_API nai_status nai_agent_gradient(nai_view *out, const nai_agent *agent, const char *from,
                                      const char *to);

/** Updates made so far; -1 for NULL. */
NAI_API int64_t nai_agent_updates(const nai_agent *agent);

#ifdef __cplusplus
}
#endif
#endif
