/*
 * Recursive least squares, for the rules that learn by it: FORCE and full-FORCE.
 *
 * Units and outputs that learn have regressors r: what their plastic synapses carry at a step. For
 * each set of regressors there is one P = (lambda I + sum r r^T)^-1, shared by all that have just
 * these, or all but one of these: so a population without autapses needs no more than one. What
 * has fewer (a sparse readout) has a P of its own.
 *
 * When synapses are pruned, or begin or cease to learn, all this is made anew, and P without some
 * regressors is what their sums alone would have made of it: the inverse of a part of its inverse.
 */
#ifndef NAI_LEARNING_LEAST_SQUARES_H
#define NAI_LEARNING_LEAST_SQUARES_H

#include "online.h"

/* Neighbouring columns of one block: regressors first .. first + n - 1. */
typedef struct nai__regressors {
  int64_t block, column, n, first;
} nai__regressors;

typedef struct nai__fit {
  int64_t n, ld;
  int64_t run, n_runs; /* its regressors, in nai__least_squares.run */
  int64_t learner;     /* the first that learns by it, in .learner */
  double *p;           /* [n][ld], symmetric to the bit */
} nai__fit;

/* A unit or an output that learns. */
typedef struct nai__fitted {
  int64_t post;
  int64_t to_output;
  int64_t without; /* the regressor that it does not have; -1: it has all */
  int64_t next;    /* that learns by the same fit; -1: none */
} nai__fitted;

typedef struct nai__least_squares {
  const nai_network *net;
  nai__fit *fit;
  int64_t n_fits;
  nai__fitted *learner;
  int64_t n_learners;
  nai__regressors *run;
  int64_t n_runs;
  float *unit_error;      /* [n_units], NaN where nothing is to be learnt, as everywhere at first */
  float *output_error;    /* [n_outputs] */
  double *r, *q;          /* [longest ld] of the fit at hand: regressors, P r */
  char *moves;            /* [n_blocks] 1: it has synapses that learn */
  int64_t *first;         /* [n_blocks] of a block's columns among all blocks' */
  double *p;              /* all P, one after the other; the learner keeps them */
  int64_t changes;        /* of the network, before it was made */
  char *has, *any, *held; /* [columns of all blocks] scratch of making the fits */
  nai__regressors *found; /* [columns of all blocks] the same */
  const struct nai__least_squares *past; /* while it is made anew: as it was; else NULL */
} nai__least_squares;

/* Which synapses learn: the plastic ones onto these. */
typedef struct nai__fit_request {
  const char *unit;      /* [n_units] 1: it learns */
  const char *output;    /* [n_outputs] the same */
  int units_from_inputs; /* 1: units learn synapses from inputs too */
  double lambda;
} nai__fit_request;

/*
 * With P in memory that the learner keeps ("P"). What has no plastic synapse is left out, so there may
 * be no learner at all.
 */
nai_status nai__least_squares_create(nai__least_squares **out, nai__learner *learner,
                                     const nai__fit_request *request);
/*
 * Makes it anew where other synapses exist or learn than did. What no longer learns at all keeps its P
 * for when it does again; what begins to learn has P = I / lambda. A failure leaves all as it was.
 */
nai_status nai__least_squares_renew(nai__least_squares **squares, nai__learner *learner,
                                    const nai__fit_request *request);
void nai__least_squares_destroy(nai__least_squares *squares);

/* output_error: what outputs are at the step at hand, less their targets. */
void nai__least_squares_outputs(nai__least_squares *squares, const nai__online *online);
/*
 * One update at the step at hand: for each error e that is a number, w <- w - e k with k = P r / (1 +
 * r^T P r); and P <- P - k (r^T P), for each P that some of these learn by.
 */
void nai__least_squares_step(nai__least_squares *squares, nai__online *online);

/* `estimate` of these rules: they have none of a gradient. */
nai_status nai__least_squares_estimate(nai__learner *learner, nai__pass *pass);

#endif
