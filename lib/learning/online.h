/*
 * Learning while it happens: one animal, an update at every step or every few. A rule that can do
 * it has a nai__online_ops; what it keeps from step to step (eligibility traces) begins anew with
 * each trial. Nothing allocates after `attach`.
 */
#ifndef NAI_LEARNING_ONLINE_H
#define NAI_LEARNING_ONLINE_H

#include <assert.h>
#include <string.h>

#include "../network/row.h"
#include "rule.h"

typedef struct nai__online {
  nai__learner *learner;
  nai__activity *activity;      /* of one trial; as many steps as delays need */
  int64_t t;                    /* the step at hand, from 1 */
  const float *output_gradient; /* [ld_outputs] dJ/dz(t) */
  const float *rate_gradient;   /* [ld_units] dJ/dr(t) of the costs on rates */
  /*
   * [ld_units] How much of its own rate each sends at this step, where interventions impose others: so much
   * of an error is its own. NULL: all.
   */
  const float *follows;
  /* As theta is laid out: what interventions multiply the product of each synapse with. NULL: 1. */
  const float *factor;
  /* [n_outputs], NaN where none counts; or NULL: none was shown at this step */
  const float *target;
  int32_t has_reward; /* 1: `reward` was given at this step */
  double reward;
  int32_t nothing; /* 1: `step` has nothing to learn from yet */
  float *gradient; /* as theta is laid out: `step` adds the estimate of this step's part of dJ/dW */
  /* Of rules that write theta themselves, all this by nai__online_moves(): */
  char *moved;       /* [n_blocks] 1: its weights are new */
  float *before;     /* as theta is laid out: these blocks as they were */
  float *carried[2]; /* [nai__strip_scratch()] each, for what synapses of a list carry */
  void *own;
} nai__online;

typedef struct nai__online_ops nai__online_ops;

/* A weight update by plain gradient descent in the same pass as the traces. */
typedef struct nai__fused {
  float *theta;
  double rate;  /* learning rate */
  float *ready; /* [ld_units]: what units will receive at t + 1 from units, with the new weights */
} nai__fused;

struct nai__online_ops {
  /* Makes what it keeps from step to step, and releases it. NULL: nothing. */
  nai_status (*attach)(nai__online *online);
  void (*detach)(nai__online *online);
  /* A trial begins: the activity is the initial one. NULL: nothing begins anew. */
  void (*begin)(nai__online *online);
  /* The activity has made the step at hand, and costs have said what they have to say. */
  nai_status (*step)(nai__online *online);
  /* `step` and the descent at once, the readout too; NULL: not in one pass. */
  nai_status (*fused)(nai__online *online, const nai__fused *fused);
  /* 1: `step` writes theta itself, there is no gradient, and no optimiser is asked. */
  int moves_weights;
  int needs_targets; /* 1: it learns numbers; classes are refused */
  int remembers;     /* 1: it learns through outputs with a memory, of one time constant */
  /* 1 when it could not learn while synapses of this block are scaled. NULL: it could. */
  int (*wants_whole)(const nai__online *online, int64_t block);
};

/*
 * `step` is going to write weights of this block. Afterwards constraints are made to hold for it, and
 * what reads its packed copies gets new ones.
 */
static inline void nai__online_moves(nai__online *online, int64_t block)
{
  const nai_network *net = online->learner->net;
  const nai__block *b = &net->block[block];
  assert(block >= 0 && block < net->n_blocks);
  memcpy(online->before + b->at.start, net->theta + b->at.start,
         (size_t)(b->at.rows * b->at.stride) * sizeof *net->theta);
  online->moved[block] = 1;
}

/* What synapses of a strip carry, [n], times their factors; in scratch where that is not what is sent. */
static inline const float *nai__online_carried(const nai__online *online, const nai__strip *strip,
                                               const float *sent, float *scratch)
{
  const float *r = nai__strip_carried(strip, sent, scratch);
  if (!online->factor) return r;
  for (int64_t j = 0; j < strip->n; j++) scratch[j] = online->factor[strip->at + j] * r[j];
  return scratch;
}

/*
 * signal [ld_units] = dJ/dr of each unit (of cells, dJ/dsignal) at this step: what rate costs say, plus
 * the errors of the outputs by packed blocks (as nai__route.backward, to outputs) or by direct feedback;
 * either NULL. transposed: 1 when these blocks are W^T, which is scaled where W is.
 */
void nai__online_signal(const nai__online *online, float *const *backward, int transposed,
                        float *const *direct, float *signal);
/* Adds the exact gradient of readout weights and output biases at this step. */
void nai__online_readout(nai__online *online);
/*
 * NAI_OK when no readout by which errors go back ([n_blocks], as a route has it; or NULL) has a delay
 * or short-term plasticity. With a delay, the error that belongs to a rate comes when its trace has
 * moved on; and a rate moves what synapses release at later steps, of which no trace is kept.
 */
nai_status nai__online_prompt(const nai__online *online, float *const *backward);
/*
 * Before a step of a rule with direct feedback: readouts may have been frozen or made plastic since, and
 * those by which errors go back now must not have a delay either.
 */
nai_status nai__online_renew(const nai__online *online);
/*
 * NAI_OK when no output has a memory, nor a gain: through a memory a rate is worth what costs will
 * say of later steps. Or when the rule remembers, and all outputs have the same time constant.
 */
nai_status nai__online_can_read(const nai_rule *rule, const nai_network *net);

#endif
