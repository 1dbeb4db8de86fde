/*
 * Named parameters of a task: each holds a list of values from which every trial draws one, all
 * equally likely. A list of one value is a constant. What all task families share.
 */
#ifndef NAI_TASK_PARAMETERS_H
#define NAI_TASK_PARAMETERS_H

#include "../base/parameter.h"

#define NAI__MOST_DEFAULTS 32

/* A parameter whose default is a list: its index and the list. A table of these ends with n = 0. */
typedef struct nai__list_default {
  int parameter;
  int n;
  double value[NAI__MOST_DEFAULTS];
} nai__list_default;

typedef struct nai__list {
  double *value;
  int64_t n, room;
} nai__list;

typedef struct nai__parameters {
  const nai__parameter *rule; /* [n] */
  nai__list *list;            /* [n] */
  nai__list spare;            /* where a new list is made; then the one that it took the place of */
  int n;
  const char *owner; /* for messages */
} nai__parameters;

/* With the defaults. `lists` Nullable. */
nai_status nai__parameters_create(nai__parameters *out, const nai__parameter *rule, int n,
                                  const nai__list_default *lists, const char *owner);
void nai__parameters_destroy(nai__parameters *parameters);
/* 1 when a list is what it was at first. */
int nai__parameters_has_default(const nai__parameters *parameters, int index,
                                const nai__list_default *lists);

/*
 * Replaces a list, without allocation where the spare one has room. A task that cannot live with the
 * new one puts the old one back by nai__parameters_restore(), before anything else is replaced.
 */
nai_status nai__parameters_replace(int *index, nai__parameters *parameters, const char *name,
                                   const double *values, int64_t n);
void nai__parameters_restore(nai__parameters *parameters, int index);

/* Room in all lists for so many values, and for any of them: replacing one does not allocate then. */
nai_status nai__parameters_reserve(nai__parameters *parameters, int64_t values);
/*
 * Copies all lists into `past` [n], which is 0 at first and may be copied into again. Then swapping
 * puts them back, which cannot fail. The caller releases `past` by nai__lists_release().
 */
nai_status nai__parameters_copy(nai__list *past, const nai__parameters *parameters);
void nai__parameters_swap(nai__list *past, nai__parameters *parameters);
void nai__lists_release(nai__list *list, int n);

/*
 * What trial `trial` of this seed draws from list `index`. Numbers 0 .. n-1 of the trial's stream
 * of nai_random_uniform() are the lists' own.
 */
double nai__parameters_draw(const nai__parameters *parameters, int index, uint64_t seed,
                            uint64_t trial);

double nai__list_smallest(const nai__list *list);
double nai__list_largest(const nai__list *list);

#endif
