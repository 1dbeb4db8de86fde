/* Running trials forward, on many threads, keeping only what the network put out. */
#ifndef NAI_EXPERIMENT_FORWARD_H
#define NAI_EXPERIMENT_FORWARD_H

#include <stdatomic.h>

#include "../base/threads.h"
#include "../running/activity.h"
#include "../task/task.h"

/* Trials that one thread takes at once: part of no result. Functions bound to a thread get all. */
#define NAI__FORWARD_ROWS 16

typedef struct nai__forward {
  const nai_network *net;
  nai__pool *pool;
  nai__scratch *scratch;  /* one a thread */
  nai__activity activity; /* as few steps as delays need; `trials` of it are in use */
  int64_t room;           /* trials that there is memory for */
  int64_t rows;           /* trials at once */
  float *output;          /* [steps][trials][n_outputs] of the last run */
  /* Who answers between the parts of a trial, in trials of its own; NULL: they are given. */
  const nai_task *task;
  nai_trials *answered;
  const nai_trials *trials;
  int64_t first, count; /* those of them that run */
  int64_t from, end;    /* steps */
  /*
   * Asked on the calling thread between steps, every few milliseconds; anything but NAI_OK ends the
   * run with it. Nullable.
   */
  nai_status (*ask)(void *who);
  /* Of blocks: told before each stretch that no part of a trial ends in, from `step` on. Nullable. */
  void (*before)(void *who, int64_t step);
  void *who;
  nai_status answer;
  int64_t work; /* products since it was asked */
  atomic_int over;
  atomic_int_fast64_t advanced; /* steps of all trials, in this run */
} nai__forward;

/* Room for batches of `trials` trials of `steps` steps. */
nai_status nai__forward_create(nai__forward *out, const nai_network *net, int64_t steps,
                               int64_t trials, int64_t threads);
void nai__forward_destroy(nai__forward *forward);

/* Trials that all steps of the run so far would have taken through: for a host that asks meanwhile. */
int64_t nai__forward_done(nai__forward *forward);

/*
 * Runs trials first .. first + count - 1 of these, with the noise that `seed` gives their numbers.
 * No more than there is room for. Fails with what `ask` answers, or with the task.
 */
nai_status nai__forward_run(nai__forward *forward, const nai_trials *trials, int64_t first,
                            int64_t count, uint64_t seed);

/*
 * Of trial `row` of those of the last run: whether its outputs at all steps, and rates, currents and states at the
 * last one, where NaN and infinity stay, are finite.
 */
int nai__forward_finite(const nai__forward *forward, int64_t row);

#endif
