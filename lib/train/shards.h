/*
 * A batch in shards: fixed parts, whose gradients are added up in one binary tree, whoever works them
 * out. A rank works out those beside each other that are its own. agree.c: what ranks tell each other;
 * shards.c: the gradient.
 */
#ifndef NAI_TRAIN_SHARDS_H
#define NAI_TRAIN_SHARDS_H

#include "../base/exchange.h"
#include "costs.h"

/* What ranks tell each other, and why. */
enum nai__phase {
  NAI__MEETING,    /* settings: before the first shard, and when they have changed */
  NAI__BEFORE,     /* numbers of trials, before costs */
  NAI__AFTER,      /* numbers of costs, before gradients are added up */
  NAI__EVALUATING, /* counts of an evaluation */
  NAI__GOING_ON    /* after each update of a run */
};

typedef struct nai__shards {
  nai_exchange *exchange; /* NULL: this rank is the only one */
  int64_t all, here;      /* shards of a batch, and those of this rank */
  int64_t width;          /* numbers that are told of a shard */
  int64_t most;           /* trials of the largest */
  nai_trials **trials;    /* [here] */
  float **sum;            /* [levels] of the tree within this rank */
  int64_t levels;
  float *scratch; /* of adding up over ranks */
  /* What is told: of each rank a head (agree.c), and [here][width] numbers. */
  char *record;
  double *number; /* [all][width] of all shards, then their sums in the first row */
  int all_know;   /* of the failure, or the end, that was told last */
  int64_t met[2]; /* `here` and `width` of the last meeting; 0: none */
  nai__whole_batch whole;
} nai__shards;

void nai__shards_destroy(nai__shards *shards);

#endif
