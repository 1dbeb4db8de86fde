/*
 * The trainer from inside. Every file of this room stands on those before it in this list, and calls
 * none after it:
 *
 *   history.c, curriculum.c       rows of numbers; stages as an object
 *   course.c                      a way through a curriculum
 *   spans.c, batch.c              a long trial in spans; the memory of a batch
 *   batch_run.c                   the forward run
 *   meet.c, terms.c, costs.c      costs are called; what they are divided by; J over a batch
 *   errors.c, perturbed.c         costs on errors; the cost of each trial
 *   plasticity.c                  what moves weights: rule, objective, gradient, optimiser
 *   finite.c, apply.c             where NaN is; from a gradient to new weights
 *   agent_imposed.c               what interventions mean for the rule of an agent
 *   agent_step.c, agent.c         an animal that learns step by step
 *   draw.c                        trials of a trainer, and room for them
 *   gradient.c                    the gradient of J on a batch
 *   agree.c, shards.c             what ranks tell each other; the gradient on a batch in shards
 *   alignment.c, within.c         compared with the exact one; updates within trials
 *   update.c, run.c               one update; many, with evaluations
 *   trainer.c                     the handle, settings, costs, looking
 *   acting.c                      agents for the user
 */
#ifndef NAI_TRAIN_TRAINER_H
#define NAI_TRAIN_TRAINER_H

#include <neuroai/trainer.h>

#include "../task/task.h"
#include "agent.h"
#include "alignment.h"
#include "curriculum.h"
#include "errors.h"
#include "history.h"
#include "perturbed.h"
#include "plasticity.h"
#include "shards.h"

/* Checkpoints while a run goes on; the room of files knows how, and is not known here. */
typedef struct nai__checkpoints {
  int64_t every; /* updates; 0: none */
  char *path;
  nai_status (*save)(nai_trainer *trainer, const char *path);
} nai__checkpoints;

struct nai_trainer {
  nai__reference reference;
  nai__plasticity plasticity;
  nai_task *task;
  nai_task *judge; /* of test trials that were given; NULL: by class */
  double setting[NAI__SETTINGS];
  uint64_t seed; /* in place of setting[NAI__SEED], which is how it was set last by name */
  nai__pool *pool;
  nai__batch batch;
  nai_trials *trials;  /* drawn from the task */
  int64_t trials_made; /* room of them */
  uint64_t drawn;      /* trials used so far: the number of the next one */
  int64_t step;        /* updates made */
  nai_agent *agent;    /* for updates within trials; NULL before the first */
  double performance;  /* NaN until there is one */
  nai__watch watch;    /* asked within an update, and between the batches of an evaluation */
  nai__course course;
  nai__history history;
  nai__checkpoints checkpoints;
  nai__errors errors;
  nai__alignment alignment;
  nai__scalars scalars;
  nai__shards shards;
};

/* --- draw.c ----------------------------------------------------------------------------------- */

/* `count` trials of a stream of the task, at most a batch, into trainer->trials. */
nai_status nai__trainer_fill(nai_trainer *trainer, int32_t stream, uint64_t first, int64_t count);
/* The task's next batch; `drawn` moves on only when an update has been made. */
nai_status nai__trainer_draw(const nai_trials **out, nai_trainer *trainer);
/* Number of the first of these trials: given ones go on where those before them ended. */
uint64_t nai__trainer_first(const nai_trainer *trainer, const nai_trials *trials);
/* These trials, to be run; the task answers in those that are its own. */
nai__showing nai__trainer_showing(nai_trainer *trainer, const nai_trials *trials);
/* How it runs a batch. */
nai__means nai__trainer_means(const nai_trainer *trainer);
/* NAI_OK unless rule or costs want at once what is recomputed in spans. */
nai_status nai__trainer_can_recompute(const nai_trainer *trainer);
/* Checks the trials, and makes room for them. */
nai_status nai__trainer_prepare(nai_trainer *trainer, const nai_trials *trials);
/* Trials that are run at once: those of a batch, or of its largest shard. */
int64_t nai__trainer_at_once(const nai_trainer *trainer);
/* Bytes that training takes, on batches of so many steps and trials or on the largest so far. */
int64_t nai__trainer_bytes(const nai_trainer *trainer, int64_t steps, int64_t trials);

/* --- gradient.c ------------------------------------------------------------------------------- */

/*
 * Gradient of J on these trials, clipped by nobody: the run, what a learner makes of it (of costs on
 * outputs and rates; not yet cleared where nothing is plastic), and the other costs, the sum and the
 * look for NaN; or all three, of which a failure leaves what the rule remembers as it was. Trials have
 * been prepared for; NAI_STOP: the host has ended it.
 */
nai_status nai__trainer_forward(nai_trainer *trainer, const nai_trials *trials);
nai_status nai__trainer_estimate(nai_trainer *trainer, nai__learner *learner,
                                 const nai_trials *trials);
nai_status nai__trainer_complete(nai_trainer *trainer, const nai_trials *trials);
nai_status nai__trainer_gradient(nai_trainer *trainer, const nai_trials *trials);
/* A failure in place of NAI_STOP: of calls that have no part of their result to give. */
nai_status nai__trainer_stopped(nai_status status);

/* --- agree.c ---------------------------------------------------------------------------------- */

/* Room for `here` rows of `width` numbers of each rank. */
nai_status nai__agree_reserve(nai__shards *shards, int64_t here, int64_t width);
/* The numbers of one of this rank's shards, to be told; all of them 0. */
double *nai__agree_row(const nai__shards *shards, int64_t shard);
void nai__agree_clear(const nai__shards *shards);
/*
 * Tells the others how it went here, and the numbers; takes theirs. A failure here or there is one of
 * all; above 0: somebody wants to end.
 */
nai_status nai__agree(nai_trainer *trainer, enum nai__phase phase, nai_status status);
/* Adds up these columns of all shards in the tree, into the first row. */
void nai__agree_sum(const nai__shards *shards, int64_t first, int64_t end);

/* --- shards.c --------------------------------------------------------------------------------- */

/* NAI_OK unless shards are no power of two, not for all ranks, or nothing for rule or costs. */
nai_status nai__trainer_can_shard(const nai_trainer *trainer);
/*
 * nai__trainer_gradient() of the task's next batch, in shards; all ranks together. A failure that came
 * before is told to the others.
 */
nai_status nai__shards_gradient(nai_trainer *trainer, nai_status status);
/* Adds up counts over ranks, [n] of at most 2. */
nai_status nai__shards_count(nai_trainer *trainer, nai_status status, double *count, int64_t n);
/* Whether a run goes on, on all ranks: after an update, and when something failed before it. */
nai_status nai__shards_go_on(nai_trainer *trainer, nai_status status, int *over);

/* --- within.c --------------------------------------------------------------------------------- */

/* One update of a trainer whose rule changes weights within trials. */
nai_status nai__trainer_live(nai_trainer *trainer, const nai_trials *trials);

/* --- update.c --------------------------------------------------------------------------------- */

/* The gradient on these trials, or with NULL on the task's next ones, in shards. */
nai_status nai__trainer_find(nai_trainer *trainer, const nai_trials *trials);
/* The same trials. */
nai_status nai__trainer_update(nai_trainer *trainer, const nai_trials *trials);
void nai__trainer_progress(nai_progress *now, const nai_trainer *trainer, int64_t steps);

#endif
