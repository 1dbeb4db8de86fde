/*
 * Eligibility vectors of units that are no rate units, step by step: of each synapse as many numbers as
 * its receiving unit has states (eps), and by the slopes of the unit's model
 *
 *   change += l (ZS eps + ZP r),   eps <- SS eps + SP r,
 *
 * l what each signal of the unit is worth, r what the synapse carried (Bellec et al. 2020, eqs 13 and 14).
 */
#ifndef NAI_LEARNING_ELIGIBILITY_H
#define NAI_LEARNING_ELIGIBILITY_H

#include "online.h"

typedef struct nai__eligibility nai__eligibility;

/* NULL in a network of rate units alone. */
nai_status nai__eligibility_create(nai__eligibility **out, const nai_network *net);
void nai__eligibility_destroy(nai__eligibility *eligibility);
/* A trial begins. */
void nai__eligibility_clear(nai__eligibility *eligibility);
/*
 * Of outputs with a memory: what they say of a signal of a step ago, and of all before, is `signal` [ld_units],
 * less by `kept` for each step.
 */
typedef struct nai__memory {
  float kept;
  const float *signal;
} nai__memory;
/*
 * The step at hand. signal [ld_units]: dJ/dsignal of each unit; online->gradient gets what this step says
 * of synapses onto these units, and of biases. memory: or NULL; only of a network whose outputs had one
 * when this was made.
 */
nai_status nai__eligibility_step(nai__eligibility *eligibility, const nai__online *online,
                                 const float *signal, const nai__memory *memory);

#endif
