/**
 * @file extend.h
 * @brief The tables by which users add constraints, costs, tasks and local learning rules of their
 * own. The built-in constraints, costs and tasks use the same.
 *
 * A table is copied when the object is created. Every function gets `user` first, and returns
 * NAI_OK or a negative code, which comes back out of the call that led to it; nai_set_error() gives
 * it a message. A function works on a whole projection, population or batch, never on one synapse.
 * It may not call back into the network, trainer or state that called it, nor leave by longjmp or a
 * C++ exception. `destroy(user)` is called exactly once: on the last release, or at once when
 * `create` fails, unless it could not read the table (NULL, a struct_size below that of the first
 * release that had it, or members set that only a newer library has). An extension that was
 * compiled with an older release goes on working: members that its tables lack are NULL or 0.
 */
#ifndef NEUROAI_EXTEND_H
#define NEUROAI_EXTEND_H

#include <neuroai/constraint.h>
#include <neuroai/cost.h>
#include <neuroai/random.h>
#include <neuroai/rule.h>
#include <neuroai/task.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The synapses of one projection. Arrays are [n_post][stride], of which the first n_pre of each
 * row count.
 */
typedef struct nai_synapses {
  uint32_t struct_size; /**< sizeof(nai_synapses) in the library */
  int32_t sign;         /**< of all weights: +1, -1, or 0 for free; `wire` may write it */
  const char *from;     /**< presynaptic population or input */
  const char *to;       /**< postsynaptic population or output */
  int64_t n_post;       /**< postsynaptic units */
  int64_t n_pre;        /**< presynaptic units */
  int64_t stride;       /**< elements from one row to the next, in all of them */
  float *weight;        /**< effective weights; `project` may write it. NULL in `wire` */
  uint8_t *exists;      /**< 1 where a synapse exists, else 0; `wire` may write it */
  uint8_t *plastic;     /**< 1 where it is plastic, else 0; `wire` may write it */
  float *momentum; /**< the optimiser's running mean of the gradient, or NULL; `project` may write
                      it */
  float *gradient; /**< a cost adds scale * dJ/dw here; NULL outside of a cost */
  const float *post_position; /**< [n_post][3], mm, or NULL */
  const float *pre_position;  /**< [n_pre][3], mm, or NULL */
  int32_t population_sign;    /**< of the presynaptic population or input: +1, -1 or 0 */
  int32_t reserved;           /**< 0 */
  uint64_t seed;              /**< for nai_random_...(): differs by projection and by constraint */
} nai_synapses;

/** A constraint's table. A NULL entry does nothing. */
typedef struct nai_constraint_ops {
  uint32_t struct_size; /**< sizeof(nai_constraint_ops) */
  uint32_t flags;       /**< 0 */
  const char *name;     /**< copied; goes into the model file */
  /** At nai_network_build(): exists, plastic, sign. */
  nai_status (*wire)(void *user, nai_synapses *synapses);
  /**
   * After the start and each update: weight, momentum. Weights of a wrong sign, or where no synapse
   * is, are put right after it: one that adds weights up leaves those out.
   */
  nai_status (*project)(void *user, nai_synapses *synapses);
  void (*destroy)(void *user); /**< releases user */
} nai_constraint_ops;

/**
 * A constraint of the user's own. Whatever it writes, signs, absent and fixed synapses hold after
 * it, and what was absent or fixed before it stays so: constraints only take away. Nullable: user.
 */
NAI_API nai_status nai_constraint_create(nai_constraint **out, const nai_constraint_ops *ops,
                                         void *user);

/** An output over a batch, for a task cost. */
typedef struct nai_output_batch {
  uint32_t struct_size; /**< sizeof(nai_output_batch) in the library */
  int32_t mask_columns; /**< 1 or n */
  const char *name;     /**< of the output */
  int64_t steps;        /**< time steps */
  int64_t trials;       /**< trials */
  int64_t n;            /**< channels */
  int64_t stride; /**< floats from one trial to the next in output and gradient; a step is trials *
                     stride */
  const float *output;    /**< z [steps][trials][stride] */
  const float *target;    /**< [steps][trials][n], or NULL */
  const int32_t *classes; /**< [steps][trials], or NULL */
  const float *mask;      /**< [steps][trials][mask_columns]; 0 beyond a trial's end */
  float *gradient; /**< add scale * dJ/dz here, laid out as output; NULL when only the value is
                      wanted */
  double scale;    /**< beta */
  /**
   * Sum of the mask over the whole batch, which a mean over the mask divides by: this may be one
   * trial of it, where a rule needs the costs of single trials, which add up to J.
   */
  double mask_total;
} nai_output_batch;

/** Rates of one population over a batch, or over part of one, for a rate cost. */
typedef struct nai_rate_batch {
  uint32_t struct_size;  /**< sizeof(nai_rate_batch) in the library */
  int32_t reserved;      /**< 0 */
  const char *name;      /**< of the population */
  int64_t steps;         /**< time steps here */
  int64_t trials;        /**< trials here */
  int64_t n;             /**< units */
  int64_t stride;        /**< floats from one trial to the next in rate and gradient */
  int64_t step_stride;   /**< floats from one step to the next */
  int64_t first_step;    /**< time step of the first row, from 0 */
  int64_t batch_trials;  /**< trials of the whole batch: what a mean over trials divides by */
  int64_t batch_steps;   /**< time steps of the whole batch */
  const int32_t *length; /**< [trials] steps of each trial: those from length on do not count */
  const float *rate;     /**< r */
  float *gradient;       /**< add scale * dJ/dr here; NULL when only the value is wanted */
  double scale;          /**< beta */
} nai_rate_batch;

/**
 * The errors that a learning rule propagates back through the units of all populations named, over
 * a batch; for a cost on the flow of errors. Only rules that compute an error for each unit and
 * step provide it (BPTT). Arrays are [steps][trials][stride], of which the first n of each row
 * count.
 */
typedef struct nai_error_batch {
  uint32_t struct_size;  /**< sizeof(nai_error_batch) in the library */
  int32_t reserved;      /**< 0 */
  int64_t steps;         /**< time steps */
  int64_t trials;        /**< trials */
  int64_t n;             /**< units of these populations, in the order in which they were added */
  int64_t stride;        /**< floats from one trial to the next; a step is trials * stride */
  const int32_t *length; /**< [trials] steps of each trial */
  const float *alpha;    /**< [n] dt / tau */
  const float *error;    /**< e = dJ/dv of all costs on outputs and rates */
  const float *back;     /**< W^T e, W from unit to unit by the projections of the default delay */
  const float *slope;    /**< dr/dx */
  float *gradient;       /**< write scale * d(cost)/d(W^T e) here, e being given; 0 on entry */
  double scale;          /**< beta */
} nai_error_batch;

/** Flags of a cost. */
enum {
  NAI_COST_SEPARABLE = 1 /**< on_rates is a sum over steps and trials, and may be called on parts,
                            from several threads */
};

/** A cost's table: exactly one of the four functions. `value`: add J, without beta. */
typedef struct nai_cost_ops {
  uint32_t struct_size; /**< sizeof(nai_cost_ops) */
  uint32_t flags;       /**< 0 or NAI_COST_SEPARABLE */
  const char *name;     /**< copied */
  /** Called for each output named. */
  nai_status (*on_outputs)(void *user, nai_output_batch *batch, double *value);
  /** For each population named. */
  nai_status (*on_rates)(void *user, nai_rate_batch *batch, double *value);
  /** For all projections named, together: `synapses` [n]. */
  nai_status (*on_weights)(void *user, nai_synapses *synapses, int64_t n, double scale,
                           double *value);
  /** For all populations named, together, after the rule has sent its errors back. */
  nai_status (*on_errors)(void *user, nai_error_batch *batch, double *value);
  void (*destroy)(void *user); /**< releases user */
} nai_cost_ops;

/**
 * A cost of the user's own. `names`: outputs (on_outputs), populations (on_rates), or where
 * projections come from (on_weights); `to`: where they go. Nullable: to (without on_weights), user.
 */
NAI_API nai_status nai_cost_create(nai_cost **out, const nai_cost_ops *ops, void *user,
                                   const char *names, const char *to);

/**
 * One time step at the synapses of one projection onto a population, or at its biases (`from` NULL,
 * n_pre 1, pre 1), for a whole batch: what is available at synapses. Past a trial's end its `pre`,
 * `post`, `slope`, `signal` and `running` are 0.
 */
typedef struct nai_local_step {
  uint32_t struct_size; /**< sizeof(nai_local_step) in the library */
  int32_t leak;         /**< of the postsynaptic population: NAI_LEAK_CURRENT or NAI_LEAK_RATE */
  const char *from;     /**< presynaptic population or input; NULL: the biases */
  const char *to;       /**< postsynaptic population */
  int64_t step;         /**< time step, from 1 */
  int64_t steps;        /**< of the batch; 0: unknown */
  int64_t trials;       /**< trials */
  int64_t n_post;       /**< postsynaptic units */
  int64_t n_pre;        /**< presynaptic units */
  int64_t stride;       /**< floats from one row to the next in weight and change */
  const float *running; /**< [trials] 1; 0 past the trial's end */
  const float *pre;     /**< [trials][n_pre] what the projection carried at this step */
  const float *post;    /**< [trials][n_post] rates after this step */
  const float *slope;   /**< [trials][n_post] phi', slope of the transfer function at this step */
  const float *signal;  /**< [trials][n_post] dJ/dr of each rate: feedback of the outputs' errors
                            dJ/dz, and costs on rates */
  const float *alpha;   /**< [n_post] dt / tau */
  const float *weight;  /**< [n_post][stride] effective weights, or biases */
  float *trace;         /**< [n_traces][trials][n_post][n_pre], the rule's own, kept from step to
                            step; 0 at the start of each trial. NULL without traces */
  float *change;        /**< [n_post][stride]: add the estimate of dJ/dW here */
} nai_local_step;

/** A local rule's table. */
typedef struct nai_rule_ops {
  uint32_t struct_size; /**< sizeof(nai_rule_ops) */
  uint32_t flags;       /**< 0 */
  const char *name;     /**< copied; goes into checkpoints */
  int32_t feedback;     /**< how errors of outputs reach units: NAI_FEEDBACK_SYMMETRIC, by the
                           transposed readout; NAI_FEEDBACK_RANDOM, as in RFLO */
  int32_t n_traces;     /**< numbers that each synapse keeps for each trial, 0 to 64 */
  /** At each step: for each population its biases, then each projection onto it that is plastic. */
  nai_status (*step)(void *user, nai_local_step *step);
  void (*destroy)(void *user); /**< releases user */
} nai_rule_ops;

/**
 * A local learning rule of the user's own. Readouts learn by their exact gradient, initial states
 * do not learn; masks, signs, costs on weights and the optimiser are applied by the trainer.
 * `seed`: of random feedback. All of them have the parameter "update_every", as of RFLO. Nullable:
 * user.
 */
NAI_API nai_status nai_rule_create(nai_rule **out, const nai_rule_ops *ops, void *user,
                                   uint64_t seed);

/**
 * A batch of trials for a task to fill. On entry: inputs and targets 0, classes 0, mask 1, length
 * steps.
 */
typedef struct nai_trial_batch {
  uint32_t struct_size; /**< sizeof(nai_trial_batch) in the library */
  int32_t stream;       /**< NAI_STREAM_TRAIN or NAI_STREAM_TEST */
  uint64_t seed;    /**< draw from nai_random_...(seed, trial number, index); streams have different
                       seeds */
  uint64_t first;   /**< number of the first trial */
  int64_t trials;   /**< trials to fill */
  int64_t steps;    /**< room for so many steps */
  double dt;        /**< time step, ms */
  int64_t n_inputs; /**< input channels */
  int64_t n_outputs;    /**< output channels */
  int64_t n_conditions; /**< conditions */
  float *input;         /**< [steps][trials][n_inputs] */
  float *target;        /**< [steps][trials][n_outputs], or NULL for a task with classes */
  int32_t *classes;     /**< [steps][trials], or NULL for a task with targets */
  float *mask;      /**< [steps][trials], or [steps][trials][n_outputs] with NAI_TASK_CHANNEL_MASK;
                      what lies beyond a trial's length is set to 0 afterwards */
  int32_t *length;  /**< [trials], 1 .. steps */
  float *condition; /**< [n_conditions][trials] */
} nai_trial_batch;

/** A trial's outputs, for a task's own judgement. */
typedef struct nai_judgement {
  uint32_t struct_size;   /**< sizeof(nai_judgement) in the library */
  int32_t n_conditions;   /**< conditions */
  int64_t steps;          /**< length of this trial */
  int64_t n;              /**< output channels */
  int64_t stride;         /**< floats from one step to the next in output */
  const float *output;    /**< z [steps][stride] */
  const float *condition; /**< [n_conditions] of this trial */
  double dt;              /**< time step, ms */
  int32_t correct;        /**< to be written: 1, 0, or -1 for no judgement */
  int32_t choice;         /**< to be written: 0, 1, ..., or -1 for none */
  double time; /**< to be written: of the choice, ms from the trial's start; NaN for none */
} nai_judgement;

/** Flags of a task. */
enum {
  NAI_TASK_CHANNEL_MASK = 1 /**< the mask has a value for every output channel */
};

/** A task's table. */
typedef struct nai_task_ops {
  uint32_t struct_size; /**< sizeof(nai_task_ops) */
  uint32_t flags;       /**< 0 or NAI_TASK_CHANNEL_MASK */
  const char *name;     /**< copied */
  int64_t n_inputs;     /**< input channels, all inputs together */
  int64_t n_outputs;    /**< output channels, all outputs together */
  int64_t max_steps;    /**< steps of the longest trial */
  int32_t
      has_classes; /**< 1: the right class of the network's first output; 0: real targets of all */
  int32_t n_conditions;               /**< conditions of a trial */
  const char *const *condition_names; /**< [n_conditions], copied */
  /** Fills a batch. */
  nai_status (*generate)(void *user, nai_trial_batch *batch);
  /** NULL: by class at the last step. */
  nai_status (*judge)(void *user, nai_judgement *judgement);
  void (*destroy)(void *user); /**< releases user */
} nai_task_ops;

/** A task of the user's own. Nullable: user. */
NAI_API nai_status nai_task_create_own(nai_task **out, const nai_task_ops *ops, void *user,
                                       const nai_network *net);

#ifdef __cplusplus
}
#endif
#endif
