/*
 * Activity: the arrays of a running network, and one time step of it. A state keeps as many steps
 * as delays need and goes round in them; a batch that is learnt from keeps them all. The step is
 * the same.
 *
 * Times: 1 is the first step; rates at 0 and before are the initial ones, inputs before 1 are 0.
 */
#ifndef NAI_NETWORK_ACTIVITY_H
#define NAI_NETWORK_ACTIVITY_H

#include "network.h"

typedef struct nai__activity {
  const nai_network *net;
  int64_t trials;
  int64_t rate_slots, input_slots, output_slots;
  float *rate;    /* [rate_slots][trials][ld_units] */
  float *drive;   /* [output_slots][trials][ld_units]: phi(v) where the leak is on the rate; NULL
                     without */
  float *x;       /* [trials][ld_units]: currents now */
  float *input;   /* [input_slots][trials][ld_inputs] */
  float *output;  /* [output_slots][trials][ld_outputs] */
  uint64_t seed;  /* of the noise */
  uint64_t first; /* number of the first trial */
  const float *inject; /* [ld_units] added to what units receive, or NULL */
  const float *clamp;  /* [ld_units] rates, NaN where free, or NULL */
} nai__activity;

/* Memory of one thread for nai__advance(). */
typedef struct nai__scratch {
  float *v;       /* [rows][ld_units] */
  float *xi;      /* [rows][ld_units] */
  int32_t *index; /* [units or channels] */
} nai__scratch;

/* Slots that `steps` steps need: all of them kept, or (steps == 0) going round. */
int64_t nai__rate_slots(const nai_network *net, int64_t steps);
int64_t nai__input_slots(const nai_network *net, int64_t steps);

/* Rows of trial 0 at time t. */
float *nai__rate_at(const nai__activity *a, int64_t t);
float *nai__input_at(const nai__activity *a, int64_t t);
float *nai__drive_at(const nai__activity *a, int64_t t);
float *nai__output_at(const nai__activity *a, int64_t t);

nai_status nai__scratch_create(nai__scratch *out, const nai_network *net, int64_t rows);
void nai__scratch_destroy(nai__scratch *scratch);

/*
 * Initial state of trials row .. row + rows - 1: currents, and rates at time 0 and before; inputs
 * before 1 are 0.
 */
void nai__begin(const nai__activity *a, int64_t row, int64_t rows);

/*
 * One step of trials row .. row + rows - 1 to time t. inputs: [rows][n_inputs] of these trials, or
 * NULL for 0. Bits depend neither on how trials are grouped nor on the thread.
 */
void nai__advance(const nai__activity *a, int64_t t, int64_t row, int64_t rows, const float *inputs,
                  nai__scratch *scratch);

/* Numbers of trials: noise has 56 bits for them. */
nai_status nai__first_check(uint64_t first, int64_t trials);

#endif
