/*
 * Eligibility traces and plain descent in one pass over the weights, which makes ready what units receive at
 * the next step as well (traces.c has the traces themselves).
 */
#ifndef NAI_LEARNING_TRACES_PASS_H
#define NAI_LEARNING_TRACES_PASS_H

#include "online.h"

/* What it keeps from step to step. */
typedef struct nai__trace_pass {
  int32_t **
      gap; /* [n_projections][n_post]: the synapse that does not exist, or what traces_pass.c says */
  int64_t removals;        /* gaps were looked for after so many removals */
  char *behind, *differ;   /* [n_projections] 1: all rows have the traces of the first; */
                           /* they have, or may have, traces of their own */
  char *has_gap, *has_any; /* [n_projections] 1: some rows have one such synapse; more of them */
  float *rate, *sum;       /* [rows of a projection] scratch */
} nai__trace_pass;

/* Of the step at hand: traces as theta is laid out, and of each unit what its row has in common. */
typedef struct nai__trace_rows {
  float *synapse;
  const float *decay, *gain, *factor; /* [ld_units] */
} nai__trace_rows;

nai_status nai__trace_pass_make(nai__trace_pass *pass, const nai_network *net);
void nai__trace_pass_release(nai__trace_pass *pass, const nai_network *net);
/* Traces are 0. */
void nai__trace_pass_begin(nai__trace_pass *pass, const nai_network *net);
/* Another way of learning is going to move traces: each row gets its own. */
void nai__trace_pass_part(nai__trace_pass *pass, const nai_network *net, float *synapse);
/* All projections learn. */
void nai__trace_pass_learn(nai__trace_pass *pass, nai__online *online, const nai__fused *fused,
                           const nai__trace_rows *rows);

#endif
