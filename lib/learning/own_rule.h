/*
 * A local rule of the user's own at one time step: a batch goes through its steps after the trials
 * were run, an agent makes them while it runs.
 */
#ifndef NAI_LEARNING_OWN_RULE_H
#define NAI_LEARNING_OWN_RULE_H

#include "rule.h"

typedef struct nai__moment {
  const nai__activity *activity;
  int64_t t;             /* the step at hand, from 1 */
  int64_t steps;         /* of the batch; 0: not known */
  const int32_t *length; /* [trials] steps of each trial; NULL: all go on */
  const float *signal;   /* [trials][ld_units] dJ/dr of this step */
  float *gradient;       /* as theta is laid out: gets the estimate added */
} nai__moment;

/* Trials begin: all traces are 0. Allocates when the trials are more than ever before. */
nai_status nai__own_rule_begin(nai__learner *learner, int64_t trials);

/* One step of all these trials; a failure of the user's function. */
nai_status nai__own_rule_step(nai__learner *learner, const nai__moment *now);

#endif
