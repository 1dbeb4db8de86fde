/*
 * A constraint as the network sees it: a table and its user. The built-in ones are in
 * lib/constraint.
 */
#ifndef NAI_NETWORK_CONSTRAINT_H
#define NAI_NETWORK_CONSTRAINT_H

#include <neuroai/extend.h>

#include "../base/reference.h"

/* Pairs of units that may have synapses: all, or without those of equal numbers. */
typedef struct nai__pairs {
  int64_t n_post, n_pre;
  int diagonal;
  const float *post_position, *pre_position; /* [n][3]; NULL where units have no place */
} nai__pairs;

struct nai_constraint {
  nai__reference reference;
  nai_constraint_ops ops;
  char *name;
  void *user;
  /*
   * How many synapses it is expected to leave of `*synapses` of these pairs. 0 where that cannot be
   * told before the build: with distance but without places. NULL: a user's own.
   */
  int (*expected)(double *synapses, const nai_constraint *constraint, const nai__pairs *pairs);
};

void nai__constraint_keep(nai_constraint *constraint);

#endif
