/*
 * The trainer from inside. trainer.c: the handle, settings, costs, looking; run.c: the loop; below,
 * in this order: batch.c, the memory and the forward run; costs.c, perturbed.c, errors.c;
 * update.c; alignment.c; finite.c. Updates within trials: agent.h.
 */
#ifndef NAI_TRAIN_TRAINER_H
#define NAI_TRAIN_TRAINER_H

#include <neuroai/trainer.h>

#include "../base/threads.h"
#include "../cost/cost.h"
#include "../learning/optimizer/optimizer.h"
#include "../learning/rule.h"
#include "../network/activity.h"
#include "../task/task.h"
#include "curriculum.h"
#include "history.h"

enum nai__setting {
  NAI__BATCH,
  NAI__THREADS,
  NAI__SEED,
  NAI__CLIP,
  NAI__EVALUATE_EVERY,
  NAI__EVALUATE_TRIALS,
  NAI__STOP_AT,
  NAI__SETTINGS
};

typedef struct nai__weighed_cost {
  nai_cost *cost;
  double beta;
  double scale;           /* beta, over the number of terms where it is normalised */
  double value;           /* weighted, of the last batch */
  double *part;           /* [groups] of rate costs that are called in parts */
  nai_synapses *synapses; /* room for all projections */
} nai__weighed_cost;

#define NAI__MOST_THREADS 256

/* Memory of a batch, made once for the largest one seen. */
typedef struct nai__batch {
  int64_t steps_room, trials_room;
  int64_t steps, trials,
      rows; /* of the batch at hand; rows: trials that one thread works on together */
  nai__activity activity;
  float *output_gradient;
  float *signal;
  float *carry;
  float *start;
  double *bias_sum;
  float *outer_scratch[NAI__MOST_THREADS];
  nai__scratch scratch[NAI__MOST_THREADS]; /* one a thread */
  int32_t threads;
  int keeps_currents;
} nai__batch;

/* Checkpoints while a run goes on; the room of files knows how, and is not known here. */
typedef struct nai__checkpoints {
  int64_t every; /* updates; 0: none */
  char *path;
  nai_status (*save)(const nai_trainer *trainer, const char *path);
} nai__checkpoints;

/* Arrays for costs on errors (errors.c), made for the largest batch seen. */
typedef struct nai__errors {
  int64_t room;                             /* floats in each of these */
  float *error, *back, *slope, *gradient;   /* [steps][trials][leading dimension of n] */
  int64_t units;                            /* room of the others */
  float *alpha, *weight, *packed, *scratch; /* weight: then the sum of the outer products */
} nai__errors;

/* The cost of each trial, for rules that learn from it alone (perturbed.c). */
typedef struct nai__scalars {
  int64_t steps, trials; /* room for so many */
  nai__perturbation perturbation;
  double *cost, *perturbed;      /* [trials] as in nai__trial_costs */
  uint32_t *type;                /* [trials] */
  float *output, *target, *mask; /* one trial of one output, [steps][its columns] */
  int32_t *classes;              /* [steps] */
} nai__scalars;

/* The rule's estimate beside the exact gradient (alignment.c); made when first asked for. */
typedef struct nai__alignment {
  nai_rule *rule; /* backpropagation through time, and it at work */
  nai__learner *learner;
  float *exact, *estimate; /* as theta is laid out */
  float *kept;             /* [kept_room] what the rule remembers, put back afterwards */
  int64_t kept_room;
  int known;
} nai__alignment;

struct nai_trainer {
  nai__reference reference;
  nai_network *net;
  nai_rule *rule;
  nai__learner *learner; /* the rule at work */
  nai_optimizer *optimizer;
  nai_task *task;
  double setting[NAI__SETTINGS];
  nai__pool *pool;

  nai__weighed_cost *cost;
  int64_t n_costs;
  double *cost_values;   /* [n_costs] */
  nai_status part_error; /* first failure of a cost that is called in parts, on any thread */
  char part_message[256];

  nai__batch batch;
  nai_trials *trials;  /* drawn from the task */
  int64_t trials_made; /* room of them */
  uint64_t drawn;      /* trials used so far: the number of the next one */
  int64_t step;        /* updates made */
  int64_t moves;       /* by the optimiser: more than updates where weights change within trials */
  struct nai_agent *agent; /* for such updates; NULL before the first */
  double total;            /* J of the last batch */
  double gradient_norm;
  double performance; /* NaN until there is one */
  nai__course course;
  nai__history history;
  nai__checkpoints checkpoints;
  nai__errors errors;
  nai__alignment alignment;
  nai__scalars scalars;

  float *gradient; /* these as theta is laid out */
  float *before;
  float *mean; /* of the optimiser, or NULL */
  float *square;
  int has_gradient;
};

/* --- batch.c ---------------------------------------------------------------------------------- */

/*
 * Room for these trials; allocates only when they are more than all before. Of steps there is room
 * for as many as the trials have: a task's next batch may be longer.
 */
nai_status nai__batch_prepare(nai__batch *batch, const nai_network *net, const nai_trials *trials,
                              int32_t threads);
void nai__batch_destroy(nai__batch *batch);
/* Runs the network over the trials, numbered from `first`, with the noise of `seed`. */
void nai__batch_run(nai__batch *batch, nai__pool *pool, const nai_trials *trials, uint64_t seed,
                    uint64_t first);

/* --- costs.c ---------------------------------------------------------------------------------- */

/* Sum of an output's mask over the batch. */
double nai__mask_total(const nai__goal *goal, const nai_trials *trials);
/* NAI_OK when the network has what the cost names. */
nai_status nai__cost_check(const nai_cost *cost, const nai_network *net);
/*
 * Task costs, and rate costs that want the batch whole. Sets output_gradient, signal and
 * *has_signal.
 */
nai_status nai__costs_before(nai_trainer *trainer, const nai_trials *trials, int *has_signal);
/* What each cost is multiplied with on these trials. */
void nai__costs_scale(nai_trainer *trainer, const nai_trials *trials);
/* What a cost's function returned, with a message that names the cost. */
nai_status nai__cost_finish(const nai_cost *cost, nai_status status);
/* Rates of one population: all steps and trials. */
nai_rate_batch nai__rates_whole(const nai_trainer *trainer, const nai__node *node,
                                const nai_trials *trials, double scale);
/* 1 when there are rate costs that are called in parts. */
int nai__costs_in_parts(const nai_trainer *trainer);
/* rate_signal of the pass: those rate costs. `user`: a nai__parts. */
typedef struct nai__parts {
  nai_trainer *trainer;
  const nai_trials *trials;
} nai__parts;
void nai__costs_part(void *user, int64_t t, int64_t row, int64_t rows, int64_t first, int64_t end,
                     float *g);
/* What a cost's sum is divided by when it is normalised, over one trial of so many steps; else 1. */
double nai__cost_terms(const nai_network *net, const nai_cost *cost, int64_t steps);
/* Adds one cost on weights to *value and `scale` times its gradient to the trainer's. */
nai_status nai__cost_on_weights(nai_trainer *trainer, nai__weighed_cost *c, double scale,
                                double *value);
/* Adds the costs on weights and their gradient, sums up. */
nai_status nai__costs_after(nai_trainer *trainer);

/* --- perturbed.c ------------------------------------------------------------------------------ */

/* Runs the batch as the trainer's rule wants it, with the noise of trials numbered from `first`. */
nai_status nai__perturbed_forward(nai_trainer *trainer, const nai_trials *trials, uint64_t first);
/* The costs of trials, after nai__costs_before(); values of rate costs too: the rule asks for none. */
nai_status nai__perturbed_costs(nai__trial_costs *out, nai_trainer *trainer,
                                const nai_trials *trials);
void nai__scalars_destroy(nai__scalars *scalars);

/* --- errors.c --------------------------------------------------------------------------------- */

/* NAI_OK when rule and network have what a cost on errors needs. */
nai_status nai__errors_check(const nai_trainer *trainer, const nai_cost *cost);
/* Calls the costs on errors, after the rule's estimate; they add to the gradient. */
nai_status nai__costs_errors(nai_trainer *trainer, const nai_trials *trials);
void nai__errors_destroy(nai__errors *errors);

/* --- update.c --------------------------------------------------------------------------------- */

/* `count` trials of a stream of the task, at most a batch, into trainer->trials. */
nai_status nai__trainer_fill(nai_trainer *trainer, int32_t stream, uint64_t first, int64_t count);
nai_status nai__trainer_draw(const nai_trials **out, nai_trainer *trainer);
/* Number of the first of these trials: given ones go on where those before them ended. */
uint64_t nai__trainer_first(const nai_trainer *trainer, const nai_trials *trials);
/* Checks the trials, and makes room for them. */
nai_status nai__trainer_prepare(nai_trainer *trainer, const nai_trials *trials);
/*
 * Gradient of J on these trials, clipped by nobody, into trainer->gradient: the run, what a learner
 * makes of it (of costs on outputs and rates; not yet cleared where nothing is plastic), and the
 * other costs, the sum and the look for NaN.
 */
nai_status nai__trainer_forward(nai_trainer *trainer, const nai_trials *trials);
nai_status nai__trainer_estimate(nai_trainer *trainer, nai__learner *learner,
                                 const nai_trials *trials);
nai_status nai__trainer_complete(nai_trainer *trainer, const nai_trials *trials);
nai_status nai__trainer_gradient(nai_trainer *trainer, const nai_trials *trials);
nai_status nai__trainer_update(nai_trainer *trainer, const nai_trials *trials);
/* Clears the gradient of what is not plastic, and takes its norm. 0: it is not finite. */
int nai__trainer_measure(nai_trainer *trainer);
/*
 * From the gradient that is there to new weights: clipping, the optimiser, the rule's own moves,
 * constraints. A failure leaves the weights as they were.
 */
nai_status nai__trainer_apply(nai_trainer *trainer);
void nai__trainer_progress(nai_progress *now, const nai_trainer *trainer, int64_t steps);

/* --- alignment.c ------------------------------------------------------------------------------ */

void nai__alignment_destroy(nai__alignment *alignment);

/* --- finite.c --------------------------------------------------------------------------------- */

double nai__norm(const float *gradient, int64_t n);
/* NAI_ERR_NONFINITE with a message that says where the first NaN or infinity is. */
nai_status nai__fail_nonfinite(const nai_trainer *trainer);
/* 1 when rates and outputs are finite. */
int nai__batch_finite(const nai__batch *batch);

#endif
