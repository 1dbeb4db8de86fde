/* A cost as the trainer sees it: a table, its user, and what it is about. */
#ifndef NAI_COST_COST_H
#define NAI_COST_COST_H

#include <neuroai/extend.h>

#include "../base/reference.h"

struct nai_cost {
  nai__reference reference;
  nai_cost_ops ops;
  char *name;
  char *names; /* outputs, populations, or where projections come from */
  char *to;    /* where they go, or NULL */
  void *user;
};

void nai__cost_keep(nai_cost *cost);

#endif
