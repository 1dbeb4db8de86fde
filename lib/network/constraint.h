/*
 * A constraint as the network sees it: a table and its user. The built-in ones are in
 * lib/constraint.
 */
#ifndef NAI_NETWORK_CONSTRAINT_H
#define NAI_NETWORK_CONSTRAINT_H

#include <neuroai/extend.h>

#include "../base/reference.h"

struct nai_constraint {
  nai__reference reference;
  nai_constraint_ops ops;
  char *name;
  void *user;
};

void nai__constraint_keep(nai_constraint *constraint);

#endif
