/*
 * A long trial in spans of steps. Of each span but the first a batch keeps the state before it, a mark;
 * of one span it has the steps, which are run again from there when they are wanted: time for memory
 * (Griewank 1992; Chen et al. 2016). Noise is a function of the step, so the steps are the same ones.
 */
#ifndef NAI_TRAIN_SPANS_H
#define NAI_TRAIN_SPANS_H

#include "../running/activity.h"

/* As many steps a span as take the least memory. */
#define NAI__LEAST_MEMORY (-1)

typedef struct nai__spans {
  int64_t steps; /* of a span, of which the last may have fewer */
  int64_t n;
} nai__spans;

/* `recompute`: steps of a span, or NAI__LEAST_MEMORY; 0: all steps are one. */
nai__spans nai__spans_of(const nai_network *net, int64_t steps, int64_t recompute);

/* Floats of a mark, of one trial. */
int64_t nai__mark_floats(const nai_network *net);
/* Takes a mark of all that the step after `base` goes on from, or puts it back. */
void nai__mark_take(float *mark, const nai__activity *a);
void nai__mark_put_back(nai__activity *a, const float *mark);
/* After the last step of a span: the next one follows. */
void nai__spans_move_on(nai__activity *a, int64_t steps);

#endif
