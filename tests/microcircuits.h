/*
 * Cortical microcircuits of pyramidal neurons and interneurons (Sacramento et al. 2018), for tests: inputs
 * "x", "target", "teach"; pyramidal populations "P1" .. "PN"; interneurons "I1" .. "I(N-1)", one for each
 * pyramidal neuron of the next layer.
 */
#ifndef NEUROAI_TESTS_MICROCIRCUITS_H
#define NEUROAI_TESTS_MICROCIRCUITS_H

#include "networks.h"
#include "oracle.h"

typedef struct microcircuit {
  int64_t size[5]; /* of the input, then of each layer */
  int layers;
  double dt; /* 0: 0.1 ms */
} microcircuit;

/* Pathways: from a layer up to pyramidal neurons, down to apical compartments, and between those and
 * interneurons. */
enum { PATH_UP, PATH_DOWN, PATH_IP, PATH_PI, PATHS };

/*
 * Names of both ends of a pathway of layer k, from 1; up: onto it. 0: there is none, as a top layer has no
 * other.
 */
typedef struct path_ends {
  char from[24], to[24];
} path_ends;
int path_of(path_ends *out, const microcircuit *m, int path, int k);

/* Not built; all weights uniform in +-1, logistic transfer functions, W_down fixed, no plastic biases. */
nai_network *compose_microcircuit(const microcircuit *m);

/* What the next step's inputs are: out [trials][channels] from rates and targets of each trial. */
void microcircuit_inputs(float *out, const microcircuit *m, int64_t trials, const double *x,
                         const double *target, double teach);

/* Weights of the lateral pathways in the exact self-predicting state, from those up and down. */
void predict_self(nai_network *net, const microcircuit *m);

/* Cases of tests/reference: microcircuit_..., and their networks with the weights of the case. */
typedef struct microcircuit_case {
  const char *name;
  microcircuit shape;
  double gain, threshold;
  int32_t transfer;
} microcircuit_case;
enum { MICROCIRCUIT_CASES = 2 };
extern const microcircuit_case microcircuit_cases[MICROCIRCUIT_CASES];
oracle microcircuit_open(int number);
/* condition: "free", "taught", "selfpred_free" or "selfpred_taught". Built. */
nai_network *microcircuit_case_network(oracle *o, int number, const char *condition,
                                       const char *dynamics, int32_t prospective);

#endif
