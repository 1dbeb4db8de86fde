/* Running a batch of trials forward, on many threads, keeping only what the network put out. */
#ifndef NAI_EXPERIMENT_FORWARD_H
#define NAI_EXPERIMENT_FORWARD_H

#include "../base/threads.h"
#include "../network/activity.h"
#include "../task/trials.h"

/* Trials that one thread takes at once. Part of no result. */
#define NAI__FORWARD_ROWS 16

typedef struct nai__forward {
  const nai_network *net;
  nai__pool *pool;
  nai__scratch *scratch;  /* one a thread */
  nai__activity activity; /* as few steps as delays need; `trials` of it are in use */
  float *output;          /* [steps][trials][n_outputs] of the last run */
  const nai_trials *trials;
} nai__forward;

/* Room for batches of `trials` trials of `steps` steps. */
nai_status nai__forward_create(nai__forward *out, const nai_network *net, int64_t steps,
                               int64_t trials, int32_t threads);
void nai__forward_destroy(nai__forward *forward);

/*
 * Runs these trials, with the noise that `seed` gives their numbers. No larger than there is room
 * for.
 */
void nai__forward_run(nai__forward *forward, const nai_trials *trials, uint64_t seed);

#endif
