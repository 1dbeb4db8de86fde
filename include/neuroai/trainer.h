/**
 * @file trainer.h
 * @brief The trainer: combines an architecture, costs and a learning rule.
 *
 * In one update, the trainer draws a batch of trials, runs it, estimates dJ/dW by the rule, adds
 * the gradient of the costs on weights, clips, changes the plastic weights by the optimiser, and
 * applies the constraints. If NaN or infinity arises, the update fails with NAI_ERR_NONFINITE, the
 * message names population or projection and step, and the weights stay as they were.
 *
 * Each update changes the network, which may not be used elsewhere at the same time. Only one call
 * at a time may work on a trainer (with its agents) and on a network: a second call, from another
 * thread or from a callback of the first, is refused (NAI_ERR_ORDER) and changes nothing. Two
 * threads may share a trainer, but not at once; trainers of the same network may take turns.
 * Getters are not refused: they may be called by the thread that trains, in its callbacks, or by
 * any thread while no call is in progress.
 *
 * After a call that fails, the trainer is as it was, to the byte of its checkpoint; in
 * nai_trainer_run(), earlier updates are kept. Updates do not allocate memory once batches have
 * reached their largest size: nai_trainer_run() allocates the history of its steps first. Beyond
 * 131072 steps, and in nai_trainer_step(), the history is occasionally enlarged by half.
 */
#ifndef NEUROAI_TRAINER_H
#define NEUROAI_TRAINER_H

#include <neuroai/cost.h>
#include <neuroai/exchange.h>
#include <neuroai/optimizer.h>
#include <neuroai/rule.h>
#include <neuroai/task.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A trainer. It keeps the objects that it was created with alive. */
typedef struct nai_trainer nai_trainer;

/**
 * Progress of a run; passed to the progress callback after each update, and filled by
 * nai_trainer_step().
 */
typedef struct nai_progress {
  uint32_t struct_size; /**< sizeof(nai_progress), filled in by the caller of a function that fills
                           one */
  int32_t reserved;     /**< 0 */
  int64_t step;         /**< number of updates of this trainer, including this one */
  int64_t steps;        /**< value of `step` at the end of this run */
  double cost;          /**< J, the weighted sum, on the batch of this update */
  int64_t n_costs;      /**< number of costs */
  const double
      *costs; /**< [n_costs] its parts, weighted, as they were added; until the next update */
  double performance;   /**< fraction correct on test trials at the last evaluation; NaN before the
                          first */
  double gradient_norm; /**< global norm of the gradient, before clipping */
} nai_progress;

/* clang-format off */
/** A nai_progress to be filled. */
#define NAI_PROGRESS_INIT {sizeof(nai_progress), 0, 0, 0, 0, 0, NULL, 0, 0}
/* clang-format on */

/**
 * Called after each update. Any value other than NAI_OK ends the run; what was learnt is kept. The
 * callback may read the trainer, set its parameters, save it, and call
 * nai_trainer_measure_alignment() and nai_trainer_estimate_gradient(), but not train.
 */
typedef nai_status (*nai_progress_callback)(const nai_progress *now, void *user);

/** Creates a trainer of a built network. Nullable: task (then nai_trainer_step() needs trials). */
NAI_API nai_status nai_trainer_create(nai_trainer **out, nai_network *net, nai_rule *rule,
                                      nai_optimizer *optimizer, nai_task *task);

/**
 * The same, with a callback that is called during the warm-up of a weight mirror (with the number
 * of warm-up updates), within a batch that takes long (0 of 0), and between the batches of an
 * evaluation in a run (with the number of test trials). If it returns NAI_STOP, creation, an
 * update, a gradient or an alignment fails with NAI_ERR_USER, and a run ends with the updates made
 * so far and without that evaluation; an update that was ended leaves the trainer as it was. `user`
 * must live as long as the trainer. Nullable: task, watch.
 */
NAI_API nai_status nai_trainer_create_watched(nai_trainer **out, nai_network *net, nai_rule *rule,
                                              nai_optimizer *optimizer, nai_task *task,
                                              nai_work_callback watch, void *user);

/** Nullable: trainer. */
NAI_API void nai_trainer_destroy(nai_trainer *trainer);

/** Adds a cost with the weight beta >= 0. Fails if the network has no such names. */
NAI_API nai_status nai_trainer_add_cost(nai_trainer *trainer, nai_cost *cost, double beta);

/**
 * Sets a parameter: "batch" (trials per update; 64), "threads" (1), "seed" (of trials and noise; 0;
 * here up to 2^53), "clip" (largest global norm of the gradient; 0: off), "evaluate_every" (updates
 * between evaluations on test trials, with one more at the end of a run; 100; 0: never),
 * "evaluate_trials" (500), "stop_at" (performance at which a run ends; 0: never; refused in a run
 * without evaluations), "recompute" (0), "shards" (1).
 *
 * "recompute" trades time for memory in long trials: the rates of only so many steps are kept at a
 * time, and the state before each such span of steps, from which the span is run again when the
 * gradient needs it (Chen et al. 2016). -1: as many steps as take the least memory, about the
 * square root of all; 0: all steps are kept. Costs, outputs and the gradient of biases have the
 * same bits as with 0, the gradient of weights is added up in another order. An update takes about
 * a third longer. Outputs of all steps are kept, as are the trials themselves. Only for rules that
 * walk back through time: backpropagation, whole or truncated, feedback alignment and its kin,
 * RFLO and e-prop without "update_every", SnAp-1; others, and costs that need all rates or errors
 * at once, are refused with NAI_ERR_UNSUPPORTED. Not in checkpoints.
 *
 * "shards", a power of two, cuts each batch of the task into so many fixed parts, which are run one
 * after the other, or by several ranks (nai_trainer_set_exchange()). Their gradients, and what
 * costs have to know of the whole batch, are added up in one fixed binary tree: same bits for any
 * number of ranks and of threads, at the same number of shards; with 1 those of a batch as it is.
 * At most as many as a batch has trials. Refused by name (NAI_ERR_UNSUPPORTED): rules that compare
 * trials with each other or learn within them, costs that need all rates or errors of a batch at
 * once, agents, and trials that are given at an update. In checkpoints.
 */
NAI_API nai_status nai_trainer_set(nai_trainer *trainer, const char *parameter, double value);

/** Sets the seed of trials and noise to any number, which as "seed" is a double. */
NAI_API nai_status nai_trainer_set_seed(nai_trainer *trainer, uint64_t seed);

/** The seed of trials and noise; 0 when trainer is NULL. */
NAI_API uint64_t nai_trainer_seed(const nai_trainer *trainer);

/** Reads a parameter. Errors: NAI_ERR_UNSUPPORTED for a "seed" above 2^53. */
NAI_API nai_status nai_trainer_get(double *value, const nai_trainer *trainer,
                                   const char *parameter);

/**
 * Shares out training among the ranks of an exchange (exchange.h), whose number must divide
 * "shards": each works out the shards that are its own, and the gradients are added up over all of
 * them, so that all make the same update. Test trials of evaluations in a run are shared out, too.
 *
 * Each rank has built the same network from the same seed, made the same trainer, and makes the
 * same calls: nai_trainer_run(), nai_trainer_step() and nai_trainer_estimate_gradient() of all
 * ranks work together. Who saves checkpoints is up to the host; any number of ranks may go on from
 * one. Ranks tell each other their settings and a sum over their weights: if these differ, the
 * update is refused on all of them (NAI_ERR_ORDER). What fails on one rank fails on all, with its
 * message; a run that one of them ends, ends on all after the same update. When the exchange itself
 * fails, as a rank has died, the update is undone; go on from a checkpoint, with another exchange.
 *
 * nai_trainer_activity() shows the last shard of this rank. nai_trainer_measure_alignment()
 * runs the whole batch on the rank that calls it. NULL: this rank is the only one. Nullable:
 * exchange.
 */
NAI_API nai_status nai_trainer_set_exchange(nai_trainer *trainer, nai_exchange *exchange);

/**
 * Has evaluations in a run judged by the task `judge`, whose own judgement reads the conditions of
 * the test trials by name, in place of by class: with the result of
 * nai_evaluation_create_from_trials(). For trainers whose task was made from trials
 * (nai_task_create_from_trials()); of others NAI_ERR_INVALID. `judge` fits the network as a task of
 * the trainer would; NULL: by class again. Not in checkpoints. Nullable: judge.
 */
NAI_API nai_status nai_trainer_set_judge(nai_trainer *trainer, nai_task *judge);

/**
 * Multiplies the learning rate of projections by a factor, 0 to 1e6 (1), for every optimiser; with
 * to == NULL, that of the biases of populations or outputs `from`. What is not the optimiser's
 * stays: "clip" sees the whole gradient, and a rule's own decay of weights goes on
 * (nai_network_set_plastic() freezes a projection). A checkpoint has the factors, which must be the
 * same to go on. Refused for rules without an optimiser (FORCE). Nullable: to.
 */
NAI_API nai_status nai_trainer_set_rate(nai_trainer *trainer, const char *from, const char *to,
                                        double factor);

/** Reads the factor of a projection, or of the bias of `from`. Nullable: to. */
NAI_API nai_status nai_trainer_rate(double *factor, const nai_trainer *trainer, const char *from,
                                    const char *to);

/**
 * Bytes of memory that training takes, with its network: gradient, moments, all of these and the
 * weights as they were before an update, what the rule keeps, and the activity of a batch: of the
 * "batch" and "threads" that are set and the longest trials of its task, or of the largest batch so
 * far. Not counted: trials themselves, agents, costs on errors, and the second estimate of a
 * measured alignment. What would exceed the network's limit (nai_network_set_memory_limit()) fails
 * with NAI_ERR_MEMORY before it is taken: making the trainer, or the first larger batch.
 */
NAI_API nai_status nai_trainer_memory(int64_t *bytes, const nai_trainer *trainer);

/** Describes parameter `index`; NAI_ERR_INVALID past the last. */
NAI_API nai_status nai_trainer_parameter(nai_parameter *out, int64_t index);

/**
 * Makes `steps` updates with trials of the task; INT64_MAX: no limit. The run ends early when
 * "stop_at" is reached, or when the callback does not return NAI_OK: with the status NAI_OK after a
 * positive number, and with the callback's status if it is negative. Nullable: progress, user.
 */
NAI_API nai_status nai_trainer_run(nai_trainer *trainer, int64_t steps,
                                   nai_progress_callback progress, void *user);

/**
 * Makes one update with these trials, or with the task's next batch if NULL. Nullable: now, trials.
 */
NAI_API nai_status nai_trainer_step(nai_progress *now, nai_trainer *trainer,
                                    const nai_trials *trials);

/**
 * Estimates the gradient of J on these trials (or the task's next batch) by the rule, without an
 * update. Read it by nai_trainer_gradient(). Nullable: now, trials.
 */
NAI_API nai_status nai_trainer_estimate_gradient(nai_progress *now, nai_trainer *trainer,
                                                 const nai_trials *trials);

/**
 * Compares the rule's estimate with the exact gradient (backpropagation through time), on the same
 * run of the same trials (or the task's next batch), including the noise and the perturbations of
 * the rule. Read the result by nai_trainer_alignment(). Both gradients are of the costs on outputs
 * and rates: the gradient of costs on weights is exact under every rule, and would only hide
 * differences. No update is made, and the state of the rule is restored; the last gradient is then
 * that of nai_trainer_estimate_gradient() on these trials. May be called from a progress callback.
 * The first call allocates memory. Nullable: trials.
 */
NAI_API nai_status nai_trainer_measure_alignment(nai_trainer *trainer, const nai_trials *trials);

/**
 * The last comparison: of a projection; of a bias if `to` is NULL; of all plastic parameters
 * together if `from` is NULL too. `cosine`: of the angle between estimate and exact gradient; NaN
 * if either is 0. `ratio`: |estimate| / |exact gradient|; NaN if the exact gradient is 0. Nullable:
 * cosine, ratio, from, to.
 */
NAI_API nai_status nai_trainer_alignment(double *cosine, double *ratio, const nai_trainer *trainer,
                                         const char *from, const char *to);

/**
 * The last gradient: of a projection [n_post, n_pre]; of a bias [n] when `to` is NULL. Nullable:
 * to.
 */
NAI_API nai_status nai_trainer_gradient(nai_view *out, const nai_trainer *trainer, const char *from,
                                        const char *to);

/** The last gradient of a population's initial state [n]; 0 where "plastic_initial" is 0. */
NAI_API nai_status nai_trainer_initial_state_gradient(nai_view *out, const nai_trainer *trainer,
                                                      const char *population);

/**
 * Rates of a population, or values of an output, in the last batch [steps, trials, n]; batches of
 * evaluations count too. Valid until the next batch. Rates of which "recompute" kept a part are
 * refused.
 */
NAI_API nai_status nai_trainer_activity(nai_view *out, const nai_trainer *trainer,
                                        const char *name);

/**
 * Feedback weights of the trainer's rule: onto population `from` from all outputs [n, n_outputs] if
 * `to` is NULL, else the weights in place of the transposed weights of the projection [n of from, n
 * of to]. Valid while the trainer lives. NAI_ERR_UNSUPPORTED for a rule without such weights.
 * Nullable: to.
 */
NAI_API nai_status nai_trainer_feedback(nai_view *out, const nai_trainer *trainer, const char *from,
                                        const char *to);

/**
 * Sets feedback weights: `values` has the shape of the view. They stay 0 where no synapse exists.
 * NAI_ERR_UNSUPPORTED for a frozen readout of another signal than the first ("E:v"), whose errors
 * go back by its own weights. Nullable: to.
 */
NAI_API nai_status nai_trainer_set_feedback(nai_trainer *trainer, const char *from, const char *to,
                                            const float *values);

/** Columns of nai_trainer_history() before those of the costs. */
enum {
  NAI_HISTORY_COST = 0,          /**< J */
  NAI_HISTORY_GRADIENT_NORM = 1, /**< before clipping */
  NAI_HISTORY_PERFORMANCE = 2,   /**< NaN where no evaluation followed the update */
  NAI_HISTORY_STAGE = 3,         /**< of the curriculum during the update; -1 without one */
  NAI_HISTORY_COSTS = 4          /**< the first cost, weighted; the others follow */
};

/**
 * The history of all updates so far: `values` [rows, columns], one row per update, columns
 * NAI_HISTORY_..., then one for each cost. At most `capacity` numbers are written, whole rows only;
 * `rows` and `columns` become the numbers of rows and columns. Nullable: values (when capacity is
 * 0).
 */
NAI_API nai_status nai_trainer_history(double *values, int64_t capacity, int64_t *rows,
                                       int64_t *columns, const nai_trainer *trainer);

/** Number of costs; -1 when trainer is NULL. */
NAI_API int64_t nai_trainer_cost_count(const nai_trainer *trainer);

/** Name of cost `index`, in the order in which they were added; NULL when there is none. */
NAI_API const char *nai_trainer_cost_name(const nai_trainer *trainer, int64_t index);

/** Value of cost `index`, weighted, on the last batch; NaN when there is no such cost. */
NAI_API double nai_trainer_cost_value(const nai_trainer *trainer, int64_t index);

#ifdef __cplusplus
}
#endif
#endif
