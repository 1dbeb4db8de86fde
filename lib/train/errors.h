/* Costs on errors: how what a rule sends back fares on its way. */
#ifndef NAI_TRAIN_ERRORS_H
#define NAI_TRAIN_ERRORS_H

#include "costs.h"

/* Arrays for them, made for the largest batch seen. */
typedef struct nai__errors {
  int64_t room;                             /* floats in each of these */
  float *error, *back, *slope, *gradient;   /* [steps][trials][leading dimension of n] */
  int64_t units;                            /* room of the others */
  float *alpha, *weight, *packed, *scratch; /* weight: then the sum of the outer products */
} nai__errors;

/* NAI_OK when the network has what a cost on errors needs. */
nai_status nai__errors_check(const nai_network *net, const nai_cost *cost);
/*
 * Calls the costs on errors, after the rule's estimate of the batch's errors; they add to the
 * gradient, laid out as theta.
 */
nai_status nai__costs_errors(nai__errors *errors, nai__objective *objective,
                             const nai__batch *batch, const nai_trials *trials, float *gradient);
void nai__errors_destroy(nai__errors *errors);

#endif
