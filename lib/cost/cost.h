/* A cost as the trainer sees it: a table, its user, and what it is about. */
#ifndef NAI_COST_COST_H
#define NAI_COST_COST_H

#include <neuroai/extend.h>

#include "../base/reference.h"

/* What a cost that is to be normalised is divided by. */
enum nai__terms {
  NAI__NO_TERMS, /* it is a mean already, or a user's own: it cannot be normalised */
  NAI__PER_RATE, /* steps that count, times units: it is a sum over these and a mean over trials */
  NAI__PER_SYNAPSE /* synapses that exist */
};

struct nai_cost {
  nai__reference reference;
  nai_cost_ops ops;
  char *name;
  char *names; /* outputs, populations, or where projections come from */
  char *to;    /* where they go, or NULL */
  void *user;
  /* What follows only built-in costs have; NULL or 0 without. */
  enum nai__terms terms;
  int normalise;
  double number; /* that it was made with: an exponent, a target */
  nai_status (*check)(const nai_cost *cost, const nai_network *net); /* when a trainer takes it */
  /* J and its slope, of the mean of what on_rates adds up over all populations named. */
  double (*of_mean)(const void *user, double mean, double *slope);
};

void nai__cost_keep(nai_cost *cost);
/* nai_cost_create() for a built-in cost that is a sum over such terms. */
nai_status nai__cost_create_counted(nai_cost **out, const nai_cost_ops *ops, void *user,
                                    const char *names, const char *to, enum nai__terms terms);

#endif
