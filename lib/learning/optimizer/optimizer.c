/* The handle of an optimiser and its numbers. */
#include "optimizer.h"

#include <assert.h>

#include "../../base/error.h"
#include "../../base/memory.h"

nai_status nai__optimizer_create(nai_optimizer **out, const nai__optimizer_kind *kind, double rate)
{
  NAI__REQUIRE(out);
  *out = NULL;
  assert(kind->n_numbers >= 1 && kind->n_numbers <= NAI__OPTIMIZER_NUMBERS);
  NAI__TRY(nai__parameter_check(&kind->number[0], rate, NULL));
  nai_optimizer *optimizer = NAI__NEW(nai_optimizer);
  if (!optimizer) return NAI_ERR_MEMORY;
  nai__reference_init(&optimizer->reference);
  optimizer->kind = kind;
  for (int i = 0; i < kind->n_numbers; i++) optimizer->number[i] = kind->number[i].initial;
  optimizer->number[0] = rate;
  *out = optimizer;
  return NAI_OK;
}

nai_status nai_optimizer_set(nai_optimizer *optimizer, const char *parameter, double value)
{
  NAI__REQUIRE(optimizer);
  const nai__optimizer_kind *kind = optimizer->kind;
  return nai__parameter_set(optimizer->number, kind->number, kind->n_numbers, parameter, value,
                            kind->name);
}

nai_status nai_optimizer_get(double *value, const nai_optimizer *optimizer, const char *parameter)
{
  NAI__REQUIRE(value);
  NAI__REQUIRE(optimizer);
  const nai__optimizer_kind *kind = optimizer->kind;
  return nai__parameter_get(value, optimizer->number, kind->number, kind->n_numbers, parameter,
                            kind->name);
}

nai_status nai_optimizer_parameter(nai_parameter *out, const nai_optimizer *optimizer,
                                   int64_t index)
{
  NAI__REQUIRE(optimizer);
  return nai__parameter_describe(out, optimizer->kind->number, optimizer->kind->n_numbers, index);
}

const char *nai_optimizer_name(const nai_optimizer *optimizer)
{
  return optimizer ? optimizer->kind->name : NULL;
}

void nai__optimizer_keep(nai_optimizer *optimizer)
{
  nai__reference_keep(&optimizer->reference);
}

void nai_optimizer_destroy(nai_optimizer *optimizer)
{
  if (!optimizer || !nai__reference_drop(&optimizer->reference)) return;
  nai__free(optimizer->update);
  nai__free(optimizer->factor);
  nai__free(optimizer);
}
