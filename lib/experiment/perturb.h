/*
 * Interventions in the trials of an evaluation: planned once, their steps found for each block of
 * trials.
 */
#ifndef NAI_EXPERIMENT_PERTURB_H
#define NAI_EXPERIMENT_PERTURB_H

#include "../running/plan.h"
#include "../task/trials.h"
#include "forward.h"

typedef struct nai__perturbed {
  nai_intervention *list; /* [n] as they were given, or NULL: none */
  int64_t n;
  uint8_t *met;           /* [n] 1: some trial so far was as its `where` says */
  nai__schedule schedule; /* of a block of trials */
  float *own;             /* [block][ld_units], for the activity */
} nai__perturbed;

/*
 * Plans n interventions in `total` trials, `block` at a time, such as these are. When it fails, the
 * caller destroys what is there.
 */
nai_status nai__perturbed_create(nai__perturbed *out, const nai_network *net,
                                 const nai_intervention *interventions, int64_t n, int64_t total,
                                 int64_t block, const nai_trials *such);
void nai__perturbed_destroy(nai__perturbed *perturbed);

/*
 * Trials first .. first + count - 1 of these, of which the first is trial `number` of all, are the
 * ones that run next; of blocks, in the part that step `step` is in.
 */
void nai__perturbed_next(nai__perturbed *perturbed, nai__forward *forward, const nai_trials *trials,
                         int64_t first, int64_t count, int64_t number, int64_t step);

/* NAI_OK when, of all trials that have run, there are some in which each of them was meant to act. */
nai_status nai__perturbed_met(const nai__perturbed *perturbed);

#endif
