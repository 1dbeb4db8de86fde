/*
 * One animal that learns step by step. agent.c: the handle and the public calls; agent_step.c: one
 * step; within.c: a trainer's update when its rule changes weights within trials: an agent lives
 * through them one after another.
 */
#ifndef NAI_TRAIN_AGENT_H
#define NAI_TRAIN_AGENT_H

#include <neuroai/agent.h>

#include "../learning/online.h"
#include "trainer.h"

/* What one output should do at the step at hand. */
typedef struct nai__now {
  const float *target;    /* [n], or NULL */
  const int32_t *classes; /* [1], or NULL */
  const float *mask;      /* [mask_columns] */
  int64_t mask_columns;
  double mask_total; /* over the trial, or what the mask is when there is no trial */
} nai__now;

struct nai_agent {
  nai_trainer *trainer;
  nai__activity activity;
  nai__scratch scratch;
  nai__online online;
  nai__now *now;          /* [outputs] */
  float *output_gradient; /* [ld_outputs] */
  float *rate_gradient;   /* [ld_units] */
  float *zero;            /* [n_inputs] */
  float *target;          /* [n_outputs] */
  double *scale, *value;  /* [n_costs]: factors; sums over the trial, weighted */
  int64_t n_costs;
  double share;     /* of a trial that a step is: what costs on weights count for at each */
  int64_t every;    /* steps between updates */
  int64_t gathered; /* steps since the last one */
  int64_t updates;
  uint64_t trial; /* number of the next */
  float *ready;   /* [ld_units] what units will get from units at the next step */
  int fused;      /* 1: descent in one pass with the traces, from theta, without a gradient */
  int stale;      /* 1: the packed weights are not those of theta */
  float *before;  /* [n_theta] where a trainer's update began */
  char *moved;    /* [n_blocks] 1: the rule has written its weights at this step */
  float mask;     /* of a step outside of a trainer's trials */
  int32_t class;
};

/* --- agent.c ---------------------------------------------------------------------------------- */

/* NAI_OK when a cost can be had step by step. */
nai_status nai__agent_can_learn(const nai_rule *rule, const nai_cost *cost);
/* Without the reference to the trainer that nai_agent_create() keeps. */
nai_status nai__agent_create(nai_agent **out, nai_trainer *trainer);
void nai__agent_destroy(nai_agent *agent);

/* --- agent_step.c ----------------------------------------------------------------------------- */

/* A trial with this number, of so many steps; 0: nobody knows. */
void nai__agent_begin(nai_agent *agent, uint64_t number, int64_t steps);
/* One step; agent->now says what is to be learnt, unless there is nothing. */
nai_status nai__agent_step(nai_agent *agent, const float *input, int taught);
/* Packs the weights anew where they have changed since. */
void nai__agent_pack(nai_agent *agent);
/* Learns what was gathered. */
nai_status nai__agent_settle(nai_agent *agent);

/* --- within.c --------------------------------------------------------------------------------- */

/* 1 when the trainer's rule changes weights within trials. */
int nai__learns_within(const nai_trainer *trainer);
/* One update of the trainer in that way. */
nai_status nai__trainer_live(nai_trainer *trainer, const nai_trials *trials);

#endif
