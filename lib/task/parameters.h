/*
 * Named parameters of a task: each holds a list of values from which every trial draws one, all
 * equally likely. A list of one value is a constant. What all task families share.
 */
#ifndef NAI_TASK_PARAMETERS_H
#define NAI_TASK_PARAMETERS_H

#include "../base/parameter.h"

/* A parameter whose default is a list: its index and the list. A table of these ends with n = 0. */
typedef struct nai__list_default {
  int parameter;
  int n;
  double value[32];
} nai__list_default;

typedef struct nai__list {
  double *value;
  int64_t n;
} nai__list;

typedef struct nai__parameters {
  const nai__parameter *rule; /* [n] */
  nai__list *list;            /* [n] */
  int n;
  const char *owner; /* for messages */
} nai__parameters;

/* With the defaults. `lists` Nullable. */
nai_status nai__parameters_create(nai__parameters *out, const nai__parameter *rule, int n,
                                  const nai__list_default *lists, const char *owner);
void nai__parameters_destroy(nai__parameters *parameters);

/*
 * Replaces a list. The old one goes to `before`, so that a task that cannot live with the new one
 * puts it back by nai__parameters_restore(); else the caller frees before->value.
 */
nai_status nai__parameters_replace(nai__parameters *parameters, int *index, nai__list *before,
                                   const char *name, const double *values, int64_t n);
void nai__parameters_restore(nai__parameters *parameters, int index, nai__list before);

/*
 * What trial `trial` of this seed draws from list `index`. Numbers 0 .. n-1 of the trial's stream
 * of nai_random_uniform() are the lists' own.
 */
double nai__parameters_draw(const nai__parameters *parameters, int index, uint64_t seed,
                            uint64_t trial);

double nai__list_smallest(const nai__list *list);
double nai__list_largest(const nai__list *list);

#endif
