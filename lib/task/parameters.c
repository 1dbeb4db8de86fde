/* Named parameters of a task, and lists from which each trial draws. */
#include "parameters.h"

#include <neuroai/random.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"

/* Values of a list: more conditions than any experiment has. */
#define MOST_VALUES 4096

static nai_status assign(nai__list *list, const double *values, int64_t n)
{
  double *copy = NAI__ARRAY(double, n);
  if (!copy) return NAI_ERR_MEMORY;
  memcpy(copy, values, (size_t)n * sizeof *values);
  nai__free(list->value);
  *list = (nai__list){copy, n};
  return NAI_OK;
}

static nai_status assign_defaults(nai__parameters *p, const nai__list_default *lists)
{
  for (int i = 0; i < p->n; i++) NAI__TRY(assign(&p->list[i], &p->rule[i].initial, 1));
  for (; lists && lists->n; lists++)
    NAI__TRY(assign(&p->list[lists->parameter], lists->value, lists->n));
  return NAI_OK;
}

nai_status nai__parameters_create(nai__parameters *out, const nai__parameter *rule, int n,
                                  const nai__list_default *lists, const char *owner)
{
  *out = (nai__parameters){.rule = rule, .n = n, .owner = owner};
  out->list = NAI__ARRAY(nai__list, n);
  nai_status status = out->list ? assign_defaults(out, lists) : NAI_ERR_MEMORY;
  if (status != NAI_OK) nai__parameters_destroy(out);
  return status;
}

void nai__parameters_destroy(nai__parameters *parameters)
{
  for (int i = 0; parameters->list && i < parameters->n; i++) nai__free(parameters->list[i].value);
  nai__free(parameters->list);
  parameters->list = NULL;
}

nai_status nai__parameters_replace(nai__parameters *parameters, int *index, nai__list *before,
                                   const char *name, const double *values, int64_t n)
{
  *index = nai__parameter_find(parameters->rule, parameters->n, name, parameters->owner);
  if (*index < 0) return name ? NAI_ERR_NAME : NAI_ERR_INVALID;
  NAI__REQUIRE(values);
  if (n < 1 || n > MOST_VALUES)
    return nai__fail(NAI_ERR_INVALID, "n of '%s' is %lld, must be 1 to %d", name, (long long)n,
                     MOST_VALUES);
  for (int64_t i = 0; i < n; i++)
    NAI__TRY(nai__parameter_check(&parameters->rule[*index], values[i], NULL));
  nai__list list = {NULL, 0};
  NAI__TRY(assign(&list, values, n));
  *before = parameters->list[*index];
  parameters->list[*index] = list;
  return NAI_OK;
}

void nai__parameters_restore(nai__parameters *parameters, int index, nai__list before)
{
  nai__free(parameters->list[index].value);
  parameters->list[index] = before;
}

double nai__parameters_draw(const nai__parameters *parameters, int index, uint64_t seed,
                            uint64_t trial)
{
  const nai__list *list = &parameters->list[index];
  if (list->n == 1) return list->value[0];
  /* below 1, and at these sizes its product with n stays below n */
  double u = nai_random_uniform(seed, trial, (uint64_t)index);
  return list->value[(int64_t)(u * (double)list->n)];
}

double nai__list_smallest(const nai__list *list)
{
  double least = list->value[0];
  for (int64_t i = 1; i < list->n; i++) least = list->value[i] < least ? list->value[i] : least;
  return least;
}

double nai__list_largest(const nai__list *list)
{
  double most = list->value[0];
  for (int64_t i = 1; i < list->n; i++) most = list->value[i] > most ? list->value[i] : most;
  return most;
}
