/*
 * One animal that learns step by step. agent_step.c: one step; agent_imposed.c: what interventions mean
 * for the rule at it, agent_interventions.c: planning them; agent.c: its memory. The public calls
 * are in acting.c; trainers have agents too, for rules that change weights within trials (within.c).
 */
#ifndef NAI_TRAIN_AGENT_H
#define NAI_TRAIN_AGENT_H

#include <neuroai/agent.h>

#include "../learning/online.h"
#include "../running/intervene.h"
#include "plasticity.h"
#include "settings.h"

struct nai_agent {
  nai_trainer *trainer; /* that a user's agent keeps alive; NULL in a trainer's own */
  nai__plasticity *plasticity;
  const double *setting; /* [NAI__SETTINGS] of the trainer */
  const uint64_t *seed;  /* of the trainer */
  nai__activity activity;
  nai__scratch scratch;
  nai__online online;
  nai__aim *aim;          /* [outputs] what each should do at the step at hand */
  float *output_gradient; /* [ld_outputs] */
  float *rate_gradient;   /* [ld_units] */
  float *zero;            /* [n_inputs] */
  float *target;          /* [n_outputs] */
  double *scale, *value;  /* [n_costs]: factors; sums over the trial, weighted */
  int64_t n_costs;
  double share;     /* of a trial that a step is: what costs on weights count for at each */
  int64_t every;    /* steps between updates */
  int64_t gathered; /* steps since the last one */
  int64_t updates;  /* made by this agent */
  int64_t update;   /* of the trainer that it lives for; 0: its own count */
  uint64_t trial;   /* number of the next */
  float *ready;     /* [ld_units] what units will get from units at the next step */
  int fused;        /* 1: descent in one pass with the traces, from theta, without a gradient */
  int stale;        /* 1: the packed weights are not those of theta */
  nai__past before; /* where the trainer's update began; 0 in a user's agent */
  float *carried, *carried_next; /* [nai__strip_scratch()] each, for rows of lists */
  char *moved;                   /* [n_blocks] 1: the rule has written its weights at this step */
  float mask;                    /* of a step outside of a trainer's trials */
  nai__schedule schedule;        /* what is done to its units */
  float *own, *follows; /* [ld_units] each: rates of their own, for the activity; for the rule */
  float *factor;        /* as theta is laid out: of synapses that are scaled; NULL before any was */
  int has_factor;       /* 1: it is that of the step before */
  unsigned char *seen;  /* [ld_units] 0, for nai__units_check() */
  int at_work;          /* 1: a call of a user's agent works on it */
  int given_up;         /* 1: and a callback has destroyed it meanwhile */
  int32_t class;
};

/* --- agent_imposed.c -------------------------------------------------------------------------- */

/* When the activity has made the step at hand. */
void nai__agent_find_imposed(nai_agent *agent);

/* --- agent_step.c ----------------------------------------------------------------------------- */

/* A trial with this number, of so many steps; 0: nobody has said how many. */
void nai__agent_begin(nai_agent *agent, uint64_t number, int64_t steps);
/* One step; agent->aim is what is to be learnt, unless there is nothing. */
nai_status nai__agent_step(nai_agent *agent, const float *input, int taught);
/* Packs the weights anew where they have changed since. */
void nai__agent_pack(nai_agent *agent);
/* Learns what was gathered. */
nai_status nai__agent_settle(nai_agent *agent);

/* The products that the first step finds ready, from the rates that there are. */
void nai__agent_make_ready(nai_agent *agent);
/* From now on, until the trial ends, traces and descent are passes of their own. */
void nai__agent_part_passes(nai_agent *agent);

/* --- agent_interventions.c -------------------------------------------------------------------- */

/* Plans interventions from now on, until the trial ends; ends those on these units. */
nai_status nai__agent_intervene(nai_agent *agent, const nai_intervention *interventions, int64_t n);
nai_status nai__agent_release(nai_agent *agent, const nai__some_units *which);
nai_status nai__agent_release_synapses(nai_agent *agent, const char *from, const char *to);

/* --- agent.c ---------------------------------------------------------------------------------- */

/* 1 when a rule changes weights within trials. */
int nai__learns_within(const nai_rule *rule);
/* NAI_OK when a cost can be had step by step. */
nai_status nai__agent_can_learn(const nai_rule *rule, const nai_cost *cost);
/* Both must outlive the agent. */
nai_status nai__agent_create(nai_agent **out, nai__plasticity *plasticity, const double *setting,
                             const uint64_t *seed);
void nai__agent_destroy(nai_agent *agent);

#endif
