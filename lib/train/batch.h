/*
 * The memory of a batch, made once for the largest one seen, and the forward run over it: groups of
 * trials side by side, each by one thread from first step to last, or from span to span.
 */
#ifndef NAI_TRAIN_BATCH_H
#define NAI_TRAIN_BATCH_H

#include "../base/threads.h"
#include "../running/descent.h"
#include "../task/task.h"
#include "spans.h"

#define NAI__MOST_THREADS 256

/* Trials of the smallest group. */
#define NAI__SMALLEST_GROUP 8

/* Trials, numbered from `first`, with the noise of `seed`, and who runs them. */
typedef struct nai__showing {
  const nai_trials *trials;
  uint64_t seed, first;
  nai__pool *pool;
  /* The task that answers between the parts of these trials, its own; NULL: they are given. */
  const nai_task *task;
  nai_trials *answered;
  const nai__descent *descent; /* after the last step; NULL: none */
} nai__showing;

/* How a batch is run: on so many threads, in spans as nai__spans_of() has them. */
typedef struct nai__means {
  int32_t threads;
  int64_t recompute;
} nai__means;

typedef struct nai__batch {
  int64_t steps_room, trials_room, span_room, marks_room;
  int64_t recompute;                           /* for which that is the room */
  int64_t steps, trials, rows, walked, summed; /* of the batch at hand, as of nai__pass */
  int64_t before; /* trials of the whole batch before these, where they are a part of it */
  nai__spans spans;
  float *mark;        /* [spans - 1][trials][nai__mark_floats()]: before each span but the first */
  nai__showing shown; /* whose spans are run again */
  int is_finite;      /* 1: rates of all spans are */
  nai__activity activity;
  float *output_gradient;
  float *signal; /* of as many steps as rates; in spans, of those after it that delays reach, too */
  float *carry;
  float *state_carry; /* [trials][ld_state], of cells */
  float *start;
  double *bias_sum;
  double *output_bias;
  /*
   * [groups - 1][n_theta], and how many floats there is room for. by_groups: of the batch at hand, each
   * group of trials makes weight gradients of its own.
   */
  float *sums;
  int64_t sums_room;
  int by_groups;
  float *outer_scratch[NAI__MOST_THREADS];
  int64_t outer_room;                      /* floats of each */
  float **slopes;                          /* [threads]: of cells, for a group of trials */
  nai__scratch scratch[NAI__MOST_THREADS]; /* one a thread */
  int32_t threads;
  int keeps_currents;
} nai__batch;

/* Groups that so many trials are cut into, at most. */
static inline int64_t nai__most_groups(int64_t trials)
{
  return trials / NAI__SMALLEST_GROUP + 1;
}

/*
 * Room for these trials; allocates only when they are more than all before. Of steps there is room
 * for as many as the trials have: a task's next batch may be longer.
 */
nai_status nai__batch_prepare(nai__batch *batch, const nai_network *net, const nai_trials *trials,
                              const nai__means *means);
/* 1 when there is room for them: nai__batch_prepare() takes no memory. */
int nai__batch_has_room(const nai__batch *batch, const nai_network *net, const nai_trials *trials,
                        const nai__means *means);
/* Bytes that room for so many steps and trials takes. */
int64_t nai__batch_bytes(const nai__batch *batch, const nai_network *net, int64_t steps,
                         int64_t trials, const nai__means *means);
void nai__batch_destroy(nai__batch *batch);
/*
 * Runs the network over the trials; all groups of them come to the end of a part before the task is
 * asked. Some of it when the pool's host ends it: what it answered comes back, as does a failure of
 * the task.
 */
nai_status nai__batch_run(nai__batch *batch, const nai__showing *showing);
/*
 * The span after step `first` as it was run, when another one is there: the same bits. Above 0: the host
 * has ended it.
 */
nai_status nai__batch_recall(nai__batch *batch, int64_t first);
/* What the network put out in it. */
nai__done nai__batch_done(const nai__batch *batch);
/* 1 when rates and outputs are finite. */
int nai__batch_finite(const nai__batch *batch);

#endif
