/**
 * @file extend.h
 * @brief Tables with which users add their own constraints, costs, tasks and local learning rules;
 * that of a unit model is in model.h.
 * The built-in constraints, costs and tasks use the same tables.
 *
 * A table is copied when the object is created. Every function receives `user` as its first
 * argument, and returns NAI_OK or a negative code, which the call that led to it returns;
 * nai_set_error() sets the message. A function works on a whole projection, population or batch,
 * never on one synapse. It may not call the network, trainer or state by which it was called, nor
 * leave by longjmp or a C++ exception. `destroy(user)` is called exactly once: when the last
 * reference is given up, or immediately when `create` fails, unless the table could not be read
 * (NULL, a struct_size below that of the first release that had it, or members set that only a
 * newer library has). An extension that was compiled with an older release continues to work:
 * members that its tables lack are taken as NULL or 0.
 */
#ifndef NEUROAI_EXTEND_H
#define NEUROAI_EXTEND_H

#include <neuroai/constraint.h>
#include <neuroai/cost.h>
#include <neuroai/model.h>
#include <neuroai/random.h>
#include <neuroai/rule.h>
#include <neuroai/task.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The synapses of one projection. Arrays are [n_post][stride]; only the first n_pre values of each
 * row are used.
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
  int32_t population_sign;    /**< of the presynaptic population or input: +1, -1 or 0; 0 where it
                                   sends a potential (model.h) */
  int32_t reserved;           /**< 0 */
  uint64_t seed;              /**< for nai_random_...(): differs by projection and by constraint */
  int64_t first_post; /**< number of the first of these postsynaptic units, where only some rows are
                         here; else 0 */
} nai_synapses;

/**
 * What a constraint can do with listed projections (NAI_STORAGE_LISTED). One without flags is shown
 * them whole, as a matrix that is made for the call and takes memory for each pair of units.
 */
enum {
  /** `wire` may be shown some rows at a time: what it does to a row depends on that row alone,
      whose number is first_post + i. */
  NAI_CONSTRAINT_BY_ROWS = 1,
  /** `project` may be shown the synapses that exist in one row, without their ends and positions:
      what it does to a synapse depends on that synapse alone. */
  NAI_CONSTRAINT_BY_SYNAPSE = 2
};

/** A constraint's table. A NULL entry does nothing. */
typedef struct nai_constraint_ops {
  uint32_t struct_size; /**< sizeof(nai_constraint_ops) */
  uint32_t flags;       /**< 0 or NAI_CONSTRAINT_... */
  const char *name;     /**< copied; goes into the model file */
  /** At nai_network_build(): exists, plastic, sign. */
  nai_status (*wire)(void *user, nai_synapses *synapses);
  /**
   * After the initial weights are drawn and after each update: weight, momentum. Weights that have
   * the wrong sign, or where no synapse exists, are corrected afterwards: do not include them in
   * sums.
   */
  nai_status (*project)(void *user, nai_synapses *synapses);
  void (*destroy)(void *user); /**< releases user */
} nai_constraint_ops;

/**
 * A constraint of the user's own. Signs, absent synapses and fixed synapses are enforced after it,
 * and it cannot add synapses or plasticity that earlier constraints removed. Nullable: user.
 */
NAI_API nai_status nai_constraint_create(nai_constraint **out, const nai_constraint_ops *ops,
                                         void *user);

/** An output over a batch, for a task cost. */
typedef struct nai_output_batch {
  uint32_t struct_size; /**< sizeof(nai_output_batch) in the library */
  int32_t reserved;     /**< 0 */
  const char *name;     /**< of the output */
  int64_t steps;        /**< time steps */
  int64_t trials;       /**< trials */
  int64_t n;            /**< channels */
  int64_t stride; /**< floats from one trial to the next in output and gradient; a step is trials *
                     stride */
  int64_t mask_columns;   /**< 1 or n */
  const float *output;    /**< z [steps][trials][stride] */
  const float *target;    /**< [steps][trials][n], or NULL */
  const int32_t *classes; /**< [steps][trials], or NULL */
  const float *mask;      /**< [steps][trials][mask_columns]; 0 beyond a trial's end */
  float *gradient; /**< add scale * dJ/dz here, laid out as output; NULL when only the value is
                      needed */
  double scale;    /**< beta */
  /**
   * Sum of the mask over the whole batch; divide by it for a mean over the mask. These arrays may
   * be a single trial of the batch, if a rule needs the costs of single trials, which add up to J.
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
  int64_t batch_trials;  /**< trials of the whole batch; divide by it for a mean over trials */
  int64_t batch_steps;   /**< time steps of the whole batch */
  const int32_t *length; /**< [trials] steps of each trial; later ones do not count */
  const float *rate;     /**< r */
  float *gradient;       /**< add scale * dJ/dr here; NULL when only the value is needed */
  double scale;          /**< beta */
} nai_rate_batch;

/**
 * The errors that a learning rule propagates back through the units of all populations named, over
 * a batch; for a cost on the propagation of errors. Only rules that compute an error for each unit
 * and step (BPTT) provide them. Arrays are [steps][trials][stride]; only the first n values of each
 * row are used.
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
  const float *back;     /**< W^T e, with W of the projections that have the default delay */
  const float *slope;    /**< dr/dx */
  float *gradient;       /**< write scale * d(cost)/d(W^T e) here, for constant e; 0 on entry */
  double scale;          /**< beta */
} nai_error_batch;

/** Flags of a cost. */
enum {
  NAI_COST_SEPARABLE = 1, /**< on_rates is a sum over steps and trials, and may be called on parts,
                            from several threads */
  NAI_COST_BY_SYNAPSE = 2 /**< on_weights is a sum over synapses that exist, and may be called on
                            parts: of listed projections (NAI_STORAGE_LISTED) it is shown
                            those of one row at a time, pre_position being that of their senders.
                            Without it a matrix is made for the call */
};

/** A cost's table: exactly one of the four functions. `value`: add J to it, without beta. */
typedef struct nai_cost_ops {
  uint32_t struct_size; /**< sizeof(nai_cost_ops) */
  uint32_t flags;       /**< 0 or NAI_COST_... */
  const char *name;     /**< copied */
  /** Called for each output named. */
  nai_status (*on_outputs)(void *user, nai_output_batch *batch, double *value);
  /** For each population named. */
  nai_status (*on_rates)(void *user, nai_rate_batch *batch, double *value);
  /**
   * For all projections named, together: `synapses` [n], a pointer to each, as a table that has
   * grown in a newer library is longer than the one that this was compiled with.
   */
  nai_status (*on_weights)(void *user, nai_synapses *const *synapses, int64_t n, double scale,
                           double *value);
  /** For all populations named, together, after the rule has sent its errors back. */
  nai_status (*on_errors)(void *user, nai_error_batch *batch, double *value);
  void (*destroy)(void *user); /**< releases user */
} nai_cost_ops;

/**
 * A cost of the user's own. `names`: outputs (on_outputs), populations (on_rates), or where
 * projections come from (on_weights); `to`: where they go. Nullable: to (without on_weights), user.
 */
NAI_API nai_status nai_cost_create(nai_cost **out, const nai_cost_ops *ops, const char *names,
                                   const char *to, void *user);

/**
 * The quantities that are available at the synapses of one projection onto a population, or at its
 * biases (`from` NULL, n_pre 1, pre 1), in one time step of a whole batch. Each row is a
 * postsynaptic unit, or of a port that has copies (branches) one of these: units side by side, copy
 * by copy. Beyond the end of a trial all but `weight`, `trace` and `change` is 0.
 *
 * The slopes say how a unit's states after the step, and its signals, depend on its states before
 * the step (ss, zs) and on what this port received (sp, zp), whatever its model is. With r what a
 * synapse carried and l the signals' learning signals, local rules follow from (docs/rules.md)
 *
 *     change += sum over z of l_z (sum over s of zs[z][s] eps[s] + zp[z] r)
 *     eps[s] <- sum over k of ss[s][k] eps[k] + sp[s] r
 *
 * Rate units have one state, x where the leak is on the current, else r:
 *
 * on the current: ss = 1 - alpha,        sp = alpha,      zs = (1 - alpha) phi', zp = alpha phi'
 * on the rate:    ss = 1 - alpha,        sp = alpha phi', zs = 1 - alpha,        zp = alpha phi'
 * whole:          ss = (1 - alpha) phi', sp = alpha phi', zs = (1 - alpha) phi', zp = alpha phi'
 */
typedef struct nai_local_step {
  uint32_t struct_size; /**< sizeof(nai_local_step) in the library */
  int32_t leak;      /**< of postsynaptic rate units: NAI_LEAK_...; of units of another model -1 */
  const char *from;  /**< presynaptic population or input; NULL: the biases */
  const char *to;    /**< postsynaptic population */
  const char *port;  /**< of it, on which the synapses are */
  int64_t step;      /**< time step, from 1 */
  int64_t steps;     /**< of the batch; 0: unknown */
  int64_t trials;    /**< trials */
  int64_t n_post;    /**< rows: postsynaptic units, times the copies of the port */
  int64_t n_pre;     /**< presynaptic units */
  int64_t stride;    /**< floats from one row to the next in weight and change */
  int64_t n_states;  /**< states of a postsynaptic unit, with their copies */
  int64_t n_signals; /**< signals that it sends */
  const float *running; /**< [trials] 1; 0 beyond the end of a trial */
  const float *pre;  /**< [trials][n_pre] what presynaptic units send, as it arrives at this step */
  const float *post; /**< [trials][n_post] rates (first signals) after this step */
  const float *state;  /**< [n_states][trials][n_post] states after this step */
  const float *signal; /**< [n_signals][trials][n_post] dJ/dr of each rate, or of each signal:
                           feedback of the outputs' errors dJ/dz, and costs on rates */
  const float *ss; /**< [n_states after][n_states before][trials][n_post] state by state. NULL, as
                           the next three: the model has no slopes */
  const float *sp; /**< [n_states][trials][n_post] state by what this port received */
  const float *zs; /**< [n_signals][n_states][trials][n_post] signal by state */
  const float *zp; /**< [n_signals][trials][n_post] signal by what this port received */
  const float
      *slope; /**< [trials][n_post] phi', slope of the transfer function of rate units at this
                           step; NULL of other models */
  const float *alpha;  /**< [n_post] dt / tau of rate units; NULL of other models */
  const float *weight; /**< [n_post][stride] effective weights, or biases */
  float *trace;        /**< [n_traces][trials][n_post][n_pre], of the rule, kept from step to step;
                            0 at the start of each trial. NULL without traces */
  float *change;       /**< [n_post][stride]: add the estimate of dJ/dW here */
  int64_t first_post;  /**< number of the row that is shown, where it is one of a list; else 0 */
  const int32_t *pre_unit; /**< [n_pre] presynaptic units of a list's row, ascending; NULL: all of
                              them in order */
} nai_local_step;

/** A local rule's table. */
typedef struct nai_rule_ops {
  uint32_t struct_size; /**< sizeof(nai_rule_ops) */
  uint32_t flags;       /**< 0 */
  const char *name;     /**< copied; goes into checkpoints */
  int32_t feedback;     /**< how errors of outputs reach units: NAI_FEEDBACK_SYMMETRIC, by the
                           transposed readout; NAI_FEEDBACK_RANDOM, as in RFLO */
  int32_t reserved;     /**< 0 */
  int64_t n_traces;     /**< traces of each synapse and trial, 0 to 64 */
  /**
   * At each step: for each population its biases, then each projection onto it that is plastic. A
   * listed projection (NAI_STORAGE_LISTED) is shown one row after the other: n_post is 1, n_pre the
   * number of synapses onto that unit, and all arrays are of these alone; where delays differ, so
   * often for each delay. What a rule does to each synapse by itself needs to know nothing of it.
   */
  nai_status (*step)(void *user, nai_local_step *step);
  void (*destroy)(void *user); /**< releases user */
} nai_rule_ops;

/**
 * A local learning rule of the user's own. Readouts learn by their exact gradient; initial states
 * do not learn; masks, signs, costs on weights and the optimiser are applied by the trainer.
 * `seed`: of random feedback. The parameter "update_every" is as in RFLO. Nullable: user.
 */
NAI_API nai_status nai_rule_create(nai_rule **out, const nai_rule_ops *ops, uint64_t seed,
                                   void *user);

/**
 * A batch of trials for a task to fill, or to answer. On entry to generate: inputs and targets 0,
 * classes 0, mask 1, length steps, parts of equal lengths, epochs without steps.
 *
 * `own` is 1, and with NAI_TASK_BLOCK it is `parts`: a block's parts have conditions and epochs of
 * their own.
 */
typedef struct nai_trial_batch {
  uint32_t struct_size; /**< sizeof(nai_trial_batch) in the library */
  int32_t stream;       /**< NAI_STREAM_TRAIN or NAI_STREAM_TEST */
  uint64_t seed; /**< for nai_random_...(seed, trial number, index); streams have different seeds */
  uint64_t first;       /**< number of the first trial */
  int64_t trials;       /**< trials to fill */
  int64_t steps;        /**< largest number of steps of a trial */
  double dt;            /**< time step, ms */
  int64_t n_inputs;     /**< input channels */
  int64_t n_outputs;    /**< output channels */
  int64_t n_conditions; /**< conditions */
  float *input;         /**< [steps][trials][n_inputs] */
  float *target;        /**< [steps][trials][n_outputs]; NULL for a task with classes, or without
                           outputs */
  int32_t *classes;     /**< [steps][trials], or NULL for a task with targets */
  float *mask;       /**< [steps][trials], or [steps][trials][n_outputs] with NAI_TASK_CHANNEL_MASK;
                      set to 0 beyond the length of a trial afterwards; NULL without outputs */
  int32_t *length;   /**< [trials], 1 .. steps; respond only reads it */
  float *condition;  /**< [n_conditions][trials][own]; NaN: a trial has none */
  int64_t n_epochs;  /**< named epochs */
  int32_t *epoch;    /**< [n_epochs][trials][own][2]: first step and the one after the last, as in
                      nai_trials_set_epoch(); on entry 0, an epoch without steps. NULL for none */
  int64_t parts;     /**< parts of a trial, at least 1 */
  int32_t *part_end; /**< [trials][parts]: steps until the end of each part, in ascending order; of
                        the last, the trial's length. Two that are equal: a part without steps. NULL
                        for a task of one part; respond only reads it */
  int64_t step;      /**< in respond: steps made, so the first one that it may change; else 0 */
  const int32_t *part;  /**< in respond: [trials], the part that ended just now, or -1; else NULL */
  const float *output;  /**< in respond: z of steps 0 .. step - 1 of trials that ended a part; else
                          NULL */
  int64_t output_step;  /**< floats from one step to the next in output */
  int64_t output_trial; /**< floats from one trial to the next in output */
} nai_trial_batch;

/** A trial's outputs, for a task's own judgement. */
typedef struct nai_judgement {
  uint32_t struct_size;   /**< sizeof(nai_judgement) in the library */
  int32_t reserved;       /**< 0 */
  int64_t n_conditions;   /**< conditions */
  int64_t steps;          /**< length of this trial */
  int64_t n;              /**< output channels */
  int64_t stride;         /**< floats from one step to the next in output */
  const float *output;    /**< z [steps][stride] */
  const float *condition; /**< [n_conditions] of this trial */
  double dt;              /**< time step, ms */
  int32_t correct;        /**< to be written: 1, 0, or -1 if the trial cannot be judged */
  int32_t choice;         /**< to be written: 0, 1, ..., or -1 for none */
  double time; /**< to be written: of the choice, ms from the start of the trial; NaN for none */
} nai_judgement;

/** Flags of a task. */
enum {
  NAI_TASK_CHANNEL_MASK = 1, /**< the mask has a value for every output channel */
  /**
   * A trial is a block: each part is judged by itself, as a trial is, and has conditions and epochs
   * of its own. The network goes on from one to the next. An evaluation counts parts.
   */
  NAI_TASK_BLOCK = 2
};

/** A task's table. */
typedef struct nai_task_ops {
  uint32_t struct_size; /**< sizeof(nai_task_ops) */
  uint32_t flags;       /**< 0, or NAI_TASK_CHANNEL_MASK | NAI_TASK_BLOCK or one of them */
  const char *name;     /**< copied */
  int64_t n_inputs;     /**< input channels, all inputs together */
  int64_t n_outputs;    /**< output channels, all outputs together */
  int64_t max_steps;    /**< steps of the longest trial */
  int32_t has_classes;  /**< 1: classes of the first output; 0: real targets of all outputs */
  int32_t reserved;     /**< 0 */
  int64_t n_conditions; /**< conditions of a trial */
  const char *const *condition_names; /**< [n_conditions], copied */
  /** Fills a batch. */
  nai_status (*generate)(void *user, nai_trial_batch *batch);
  /** Judges a trial. NULL: by class at the last step that counts. */
  nai_status (*judge)(void *user, nai_judgement *judgement);
  void (*destroy)(void *user);    /**< releases user */
  int64_t n_epochs;               /**< named epochs of a trial, such as "delay"; at most 32 */
  const char *const *epoch_names; /**< [n_epochs], copied. Nullable: when n_epochs is 0 */
  int64_t parts;                  /**< parts of a trial, at most max_steps; 0: one */
  /**
   * Answers what the network did: called on the caller's thread when a part of some trials has
   * ended (those with part >= 0), for all of them at once; the others of the batch may be further
   * or less far. It sees their outputs and may change, from `step` on, inputs, targets or classes
   * and mask of these trials, and all their conditions and epochs. What it wrote is given: no rule
   * takes a gradient through choices. It must depend on nothing but the batch and its numbers; it
   * is called for trials that a trainer or an evaluation draws, again where they are run again.
   * NULL: trials are as generated.
   */
  nai_status (*respond)(void *user, nai_trial_batch *batch);
} nai_task_ops;

/** A task of the user's own. Nullable: user. */
NAI_API nai_status nai_task_create_own(nai_task **out, const nai_task_ops *ops,
                                       const nai_network *net, void *user);

#ifdef __cplusplus
}
#endif
#endif
