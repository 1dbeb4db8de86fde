/*
 * Forward-mode derivatives of the dynamics, for the rules that carry influence forward in time.
 *
 * A tangent says how everything in one trial moves when something moved a little. Rows of tangents
 * go step by step along the activity that the pass has kept. Their step is the network's own, with
 * the slope of each transfer function in place of the function: weights, leaks, delays and stages
 * are the same, biases, inputs and noise are gone. So the network's kernels make it, with linear
 * units whose gain is the slope.
 */
#ifndef NAI_LEARNING_TANGENT_H
#define NAI_LEARNING_TANGENT_H

#include "../running/move.h"
#include "rule.h"

typedef struct nai__tangent {
  const nai_network *net;
  int64_t room; /* for so many rows */
  int64_t rows; /* at work */
  float *rate;  /* [max_delay + 1][rows][ld_units] dr, going round */
  float *x;     /* [rows][ld_units] dx, where the leak is on the current */
  float
      *v; /* [rows][ld_units] dv: what rows receive at the step at hand, besides what units send */
  float *output; /* [rows][ld_outputs] dz */
  float *slope;  /* [ld_units] dr/dx, or da/dv where the leak is on the rate: of the step at hand */
  float *one, *zero, *spare; /* [ld_units] */
  float *state;              /* [rows][ld_state] ds of cells */
  float *slopes;             /* of all cells in one trial, of the step at hand */
  nai__failure failed;       /* the first failure of a model's function */
} nai__tangent;

nai_status nai__tangent_create(nai__tangent *out, const nai_network *net, int64_t rows);
/* Bytes that it takes, beside its slopes. */
int64_t nai__tangent_bytes(const nai_network *net, int64_t rows);
void nai__tangent_destroy(nai__tangent *tangent);

/* dr of row 0 at time t: the last max_delay + 1 ones are there. */
float *nai__tangent_rate(const nai__tangent *tangent, int64_t t);

/* Nothing has moved. */
void nai__tangent_clear(nai__tangent *tangent, int64_t rows);
/* dx of units at time 0, whatever their leak, were put into `x`: all that follows from it. */
void nai__tangent_begin(nai__tangent *tangent, const nai__pass *pass, int64_t trial);
/* To step t: slopes; v is cleared, to be filled. Then the step, which uses up v. */
void nai__tangent_open(nai__tangent *tangent, const nai__pass *pass, int64_t trial, int64_t t);
void nai__tangent_step(nai__tangent *tangent, int64_t t);
/* The slopes of a run of cells at the step at hand, of one trial. */
void nai__tangent_slopes(nai__cells_view *view, const nai__tangent *tangent, const nai__segment *g);

/* The last step of a trial that J depends on; 0: none. */
int64_t nai__last_step(const nai__pass *pass, int64_t trial);
/* sum [rows] += how J moves by what outputs and rates do at step t. */
void nai__tangent_gain(nai__tangent *tangent, const nai__pass *pass, int64_t trial, int64_t t,
                       double *sum);

/* Rows of one trial at time t of what a block reads. */
static inline const float *nai__source_of(const nai__pass *pass, const nai__block *b, int64_t trial,
                                          int64_t t)
{
  return nai__carried(pass->activity, b, t) + trial * nai__carried_stride(pass->net, b);
}

#endif
