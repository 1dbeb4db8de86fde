/*
 * For rules that learn from the cost of each trial alone: a batch that is run perturbed, and what
 * each trial costs.
 */
#ifndef NAI_TRAIN_PERTURBED_H
#define NAI_TRAIN_PERTURBED_H

#include "costs.h"

/* The cost of each trial. */
typedef struct nai__scalars {
  int64_t steps, trials; /* room for so many */
  nai__perturbation perturbation;
  double *cost, *perturbed;      /* [trials] as in nai__trial_costs */
  uint32_t *type;                /* [trials] */
  float *output, *target, *mask; /* one trial of one output, [steps][its columns] */
  int32_t *classes;              /* [steps] */
} nai__scalars;

/*
 * Runs the batch as a rule that perturbs wants it. A task that answers between the parts of a trial
 * answers the perturbed network where that is the only run, for so it explores. Where costs with and
 * without perturbation are compared, both are of the same inputs: what it answers to the network as
 * it is.
 */
nai_status nai__perturbed_forward(nai__scalars *scalars, nai__objective *objective,
                                  nai__batch *batch, const nai__learner *learner,
                                  const nai__showing *showing);
/* The costs of trials, after nai__costs_before(); values of rate costs too: the rule asks for none. */
nai_status nai__perturbed_costs(nai__trial_costs *out, nai__scalars *scalars,
                                nai__objective *objective, const nai__batch *batch,
                                const nai_rule *rule, const nai_trials *trials);
void nai__scalars_destroy(nai__scalars *scalars);

#endif
