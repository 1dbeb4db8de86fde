/* Named parameters of a task, and lists from which each trial draws. */
#include "parameters.h"

#include <assert.h>
#include <neuroai/random.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"

/* Values of a list: more conditions than any experiment has. */
#define MOST_VALUES 4096

/* Room for n values; what a list holds stays. */
static nai_status make_room(nai__list *list, int64_t n)
{
  if (n <= list->room) return NAI_OK;
  double *value = nai__grow(list->value, list->n, n, sizeof *value);
  if (!value) return NAI_ERR_MEMORY;
  list->value = value;
  list->room = n;
  return NAI_OK;
}

static nai_status assign(nai__list *list, const double *values, int64_t n)
{
  NAI__TRY(make_room(list, n));
  memcpy(list->value, values, (size_t)n * sizeof *values);
  list->n = n;
  return NAI_OK;
}

static nai_status assign_defaults(nai__parameters *p, const nai__list_default *lists)
{
  for (int i = 0; i < p->n; i++) NAI__TRY(assign(&p->list[i], &p->rule[i].initial, 1));
  for (; lists && lists->n; lists++) {
    assert(lists->parameter < p->n && lists->n <= NAI__MOST_DEFAULTS);
    NAI__TRY(assign(&p->list[lists->parameter], lists->value, lists->n));
  }
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

int nai__parameters_has_default(const nai__parameters *p, int index, const nai__list_default *lists)
{
  const nai__list *list = &p->list[index];
  for (; lists && lists->n; lists++)
    if (lists->parameter == index)
      return list->n == lists->n &&
             memcmp(list->value, lists->value, (size_t)list->n * sizeof *list->value) == 0;
  return list->n == 1 && list->value[0] == p->rule[index].initial;
}

void nai__lists_release(nai__list *list, int n)
{
  for (int i = 0; list && i < n; i++) nai__free(list[i].value);
  nai__free(list);
}

void nai__parameters_destroy(nai__parameters *parameters)
{
  nai__lists_release(parameters->list, parameters->n);
  nai__free(parameters->spare.value);
  parameters->list = NULL;
  parameters->spare = (nai__list){NULL, 0, 0};
}

nai_status nai__parameters_replace(int *index, nai__parameters *parameters, const char *name,
                                   const double *values, int64_t n)
{
  *index = nai__parameter_find(parameters->rule, parameters->n, name, parameters->owner);
  if (*index < 0) return name ? NAI_ERR_NAME : NAI_ERR_INVALID;
  NAI__REQUIRE(values);
  if (n < 1 || n > MOST_VALUES)
    return nai__fail(NAI_ERR_INVALID, "n of '%s' is %lld, must be 1 to %d", name, (long long)n,
                     MOST_VALUES);
  for (int64_t i = 0; i < n; i++)
    NAI__TRY(nai__parameter_check(&parameters->rule[*index], values[i], NULL));
  NAI__TRY(assign(&parameters->spare, values, n));
  nai__parameters_restore(parameters, *index); /* the one before is the spare one then */
  return NAI_OK;
}

void nai__parameters_restore(nai__parameters *parameters, int index)
{
  nai__list now = parameters->list[index];
  parameters->list[index] = parameters->spare;
  parameters->spare = now;
}

nai_status nai__parameters_reserve(nai__parameters *parameters, int64_t values)
{
  for (int i = 0; i < parameters->n; i++) /* lists change places, so each has room for any */
    if (parameters->list[i].n > values) values = parameters->list[i].n;
  NAI__TRY(make_room(&parameters->spare, values));
  for (int i = 0; i < parameters->n; i++) NAI__TRY(make_room(&parameters->list[i], values));
  return NAI_OK;
}

nai_status nai__parameters_copy(nai__list *past, const nai__parameters *parameters)
{
  for (int i = 0; i < parameters->n; i++)
    NAI__TRY(assign(&past[i], parameters->list[i].value, parameters->list[i].n));
  return NAI_OK;
}

void nai__parameters_swap(nai__list *past, nai__parameters *parameters)
{
  for (int i = 0; i < parameters->n; i++) {
    nai__list now = parameters->list[i];
    parameters->list[i] = past[i];
    past[i] = now;
  }
}

double nai__parameters_draw(const nai__parameters *parameters, int index, uint64_t seed,
                            uint64_t trial)
{
  const nai__list *list = &parameters->list[index];
  assert(index >= 0 && index < parameters->n && list->n >= 1);
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
