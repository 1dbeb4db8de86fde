/**
 * @file trainer.h
 * @brief The trainer: an architecture, costs and a learning rule combined.
 *
 * One update: draw a batch of trials, run it, let the rule estimate dJ/dW, add the gradient of the
 * costs on weights, clip, let the optimiser move the plastic weights, apply the constraints. NaN or
 * infinity anywhere stops the update with NAI_ERR_NONFINITE, a message that names population or
 * projection and step, and the weights as they were before it.
 *
 * Each update writes the network: it may not be used elsewhere meanwhile. One call at a time works
 * on a trainer, with its agents, and on a network: another one, from another thread or from a
 * callback of the first, is refused (NAI_ERR_ORDER) and changes nothing. Two threads may share a
 * trainer, but not at once; trainers of one network may take turns. Getters are not refused: they
 * are for the thread that works, in its callbacks, or for any while none does.
 *
 * A call that fails leaves the trainer as it was, to the byte of its checkpoint; in
 * nai_trainer_run(), earlier updates stay. Updates do not allocate once batches have their largest
 * size: nai_trainer_run() makes room for the history of its steps first. Beyond 131072 steps, and
 * in nai_trainer_step(), the history grows by half now and then.
 */
#ifndef NEUROAI_TRAINER_H
#define NEUROAI_TRAINER_H

#include <neuroai/cost.h>
#include <neuroai/optimizer.h>
#include <neuroai/rule.h>
#include <neuroai/task.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A trainer. Keeps all that it was made of alive. */
typedef struct nai_trainer nai_trainer;

/**
 * How a run stands; passed to a progress callback after each update, and filled by
 * nai_trainer_step().
 */
typedef struct nai_progress {
  uint32_t struct_size; /**< sizeof(nai_progress), filled in by the caller of a function that fills
                           one */
  int32_t n_costs;      /**< number of costs */
  int64_t step;         /**< updates made by this trainer, this one included */
  int64_t steps;        /**< the value of `step` at which this run ends */
  double cost;          /**< J, the weighted sum, on the batch of this update */
  const double *costs; /**< [n_costs] its parts, weighted, in the order of nai_trainer_add_cost() */
  double performance;  /**< fraction correct on test trials, at the last evaluation; NaN while there
                          is none */
  double gradient_norm; /**< global norm of the gradient, before clipping */
} nai_progress;

/* clang-format off */
/** A nai_progress to be filled. */
#define NAI_PROGRESS_INIT {sizeof(nai_progress), 0, 0, 0, 0, NULL, 0, 0}
/* clang-format on */

/**
 * Called after each update. Any value but NAI_OK ends the run; what was learnt is kept. It may read
 * the trainer, set its numbers, save it, and call nai_trainer_measure_alignment() and
 * nai_trainer_estimate_gradient(), but not train it.
 */
typedef nai_status (*nai_progress_callback)(const nai_progress *now, void *user);

/** A trainer for a built network. Nullable: task (then nai_trainer_step() is given trials). */
NAI_API nai_status nai_trainer_create(nai_trainer **out, nai_network *net, nai_rule *rule,
                                      nai_optimizer *optimizer, nai_task *task);

/**
 * The same, with a callback that is asked while the trainer is made (a weight mirror's warm-up:
 * updates that are done), and later between the batches of an evaluation in a run (test trials that
 * are done). NAI_STOP ends making it with NAI_ERR_USER, and a run with the updates that were made,
 * without that evaluation. `user` must live as long as the trainer. Nullable: task, watch.
 */
NAI_API nai_status nai_trainer_create_watched(nai_trainer **out, nai_network *net, nai_rule *rule,
                                              nai_optimizer *optimizer, nai_task *task,
                                              nai_work_callback watch, void *user);

/** Nullable: trainer. */
NAI_API void nai_trainer_destroy(nai_trainer *trainer);

/** Adds a cost with its weight beta >= 0. Fails when the network has no such names. */
NAI_API nai_status nai_trainer_add_cost(nai_trainer *trainer, nai_cost *cost, double beta);

/**
 * Sets: "batch" (trials an update; 64), "threads" (1), "seed" (of trials and noise; 0), "clip"
 * (largest global norm of the gradient; 0: off), "evaluate_every" (updates between evaluations on
 * test trials, with one more at the end of a run; 100; 0: never), "evaluate_trials" (500),
 * "stop_at" (performance at which a run ends; 0: never; refused in a run without evaluations).
 */
NAI_API nai_status nai_trainer_set(nai_trainer *trainer, const char *parameter, double value);

/** Reads one. */
NAI_API nai_status nai_trainer_get(double *value, const nai_trainer *trainer,
                                   const char *parameter);

/** Describes parameter `index`; NAI_ERR_INVALID past the last. */
NAI_API nai_status nai_trainer_parameter(nai_parameter *out, int64_t index);

/**
 * `steps` updates from the task; INT64_MAX: until it ends otherwise. Ends early when "stop_at" is
 * reached or the callback does not return NAI_OK; the status is NAI_OK after a positive number, and
 * the callback's own number when it is negative. Nullable: progress, user.
 */
NAI_API nai_status nai_trainer_run(nai_trainer *trainer, int64_t steps,
                                   nai_progress_callback progress, void *user);

/**
 * One update; from these trials, or from the task's next batch when NULL. Nullable: now, trials.
 */
NAI_API nai_status nai_trainer_step(nai_progress *now, nai_trainer *trainer,
                                    const nai_trials *trials);

/**
 * The gradient of J on these trials (or the task's next batch), as the rule estimates it, without
 * an update. Read it by nai_trainer_gradient(). Nullable: now, trials.
 */
NAI_API nai_status nai_trainer_estimate_gradient(nai_progress *now, nai_trainer *trainer,
                                                 const nai_trials *trials);

/**
 * Compares the rule's estimate with the exact gradient, that of backpropagation through time: on
 * the same run of the same trials (or the task's next batch), with its noise and the perturbations
 * of the rule. Read it by nai_trainer_alignment(). Both are of the costs on outputs and rates:
 * those on weights are exact under every rule, and would only hide differences. No update is made,
 * and the memory of the rule is put back; the last gradient is then that of
 * nai_trainer_estimate_gradient() on these trials. A progress callback may call it on the trainer
 * that runs. The first call allocates. Nullable: trials.
 */
NAI_API nai_status nai_trainer_measure_alignment(nai_trainer *trainer, const nai_trials *trials);

/**
 * The last comparison: of a projection; of a bias when `to` is NULL; of all that learns together
 * when `from` is NULL too. `cosine` of the angle between estimate and exact gradient: NaN when
 * either is 0 throughout. `ratio` of their norms, |estimate| / |exact|: NaN when the exact one is
 * 0. Nullable: cosine, ratio, from, to.
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
 * Rates of the last batch [steps, trials, n] of a population, or outputs of an output; an
 * evaluation counts as a batch. Valid until the next one.
 */
NAI_API nai_status nai_trainer_activity(nai_view *out, const nai_trainer *trainer,
                                        const char *name);

/**
 * Feedback weights of the trainer's rule. Onto population `from` from all outputs [n, n_outputs]
 * when `to` is NULL; else in place of the transposed weights of the projection [n of from, n of
 * to]. Valid while the trainer lives. NAI_ERR_UNSUPPORTED for a rule without such weights.
 * Nullable: to.
 */
NAI_API nai_status nai_trainer_feedback(nai_view *out, const nai_trainer *trainer, const char *from,
                                        const char *to);

/**
 * Sets them: `values` is laid out like the view's shape. Where no synapse exists they stay 0.
 * Nullable: to.
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
 * All updates so far: `values` [rows, columns], one row an update, columns NAI_HISTORY_... and then
 * each cost. At most `capacity` numbers are written, whole rows only; `rows` and `columns` are set
 * to how many there are. Nullable: values (when capacity is 0).
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
