/* The list of unit models, and their fields. */
#include "model.h"

#include <string.h>

#include "../base/error.h"
#include "../base/names.h"
#include "../base/structs.h"

#define ENTRY(name) &nai__model_##name,
static const nai_model *const builtin[] = {NAI__MODELS(ENTRY)};
static const nai_model *const releases[] = {NAI__RELEASES(ENTRY)};
#undef ENTRY
#define N_BUILTIN ((int64_t)(sizeof builtin / sizeof *builtin))

const char *nai_model_builtin_name(int64_t index)
{
  return index >= 0 && index < N_BUILTIN ? builtin[index]->ops.name : NULL;
}

/* One that stands between a sender and its projections; NULL. */
static const nai_model *release_named(const char *name)
{
  for (size_t i = 0; i < sizeof releases / sizeof *releases; i++)
    if (strcmp(releases[i]->ops.name, name) == 0) return releases[i];
  return NULL;
}

const nai_model *nai__model_named(const char *name)
{
  char choices[160] = "";
  if (!name) {
    nai__fail_null("model");
    return NULL;
  }
  for (int64_t i = 0; i < N_BUILTIN; i++) {
    if (strcmp(builtin[i]->ops.name, name) == 0) return builtin[i];
    nai__choices_add(choices, sizeof choices, builtin[i]->ops.name);
  }
  if (release_named(name))
    nai__fail(NAI_ERR_NAME,
              "'%s' is no model of a population: it stands before projections, where "
              "nai_network_set_short_term() puts it; there are %s",
              name, choices);
  else
    nai__fail(NAI_ERR_NAME, "no model is called '%.60s'; there are %s", name, choices);
  return NULL;
}

/* --- fields ----------------------------------------------------------------------------------- */

const nai_field *nai__fields_of(const nai_model *model, int32_t list, int32_t *n)
{
  const nai_model_ops *ops = &model->ops;
  switch (list) {
  case NAI_MODEL_SIZES: *n = (int32_t)ops->n_sizes; return ops->sizes;
  case NAI_MODEL_PARAMETERS: *n = (int32_t)ops->n_parameters; return ops->parameters;
  case NAI_MODEL_STATES: *n = (int32_t)ops->n_states; return ops->states;
  case NAI_MODEL_PORTS: *n = (int32_t)ops->n_ports; return ops->ports;
  default: *n = (int32_t)ops->n_signals; return ops->signals;
  }
}

int32_t nai__field_find(const nai_model *model, int32_t list, const char *name)
{
  int32_t n;
  const nai_field *fields = nai__fields_of(model, list, &n);
  for (int32_t i = 0; i < n; i++)
    if (strcmp(nai__field_at(fields, i)->name, name) == 0) return i;
  return -1;
}

void nai__fields_choices(char *choices, size_t size, const nai_model *model, int32_t list)
{
  int32_t n;
  const nai_field *fields = nai__fields_of(model, list, &n);
  choices[0] = '\0';
  for (int32_t i = 0; i < n; i++) nai__choices_add(choices, size, nai__field_at(fields, i)->name);
}

int32_t nai__field_word(const nai_field *field, const char *word)
{
  const char *rest = field->words;
  char entry[NAI__ENTRY];
  for (int32_t i = 0; rest && nai__names_next(&rest, entry) == 1; i++)
    if (strcmp(entry, word) == 0) return i;
  return -1;
}

int nai__port_is(const nai_model *model, int32_t index, const char *name)
{
  const nai_field *port = nai__field_at(model->ops.ports, index);
  if (strcmp(port->name, name) == 0) return 1;
  size_t length = strlen(port->name);
  return port->sign != 0 && strlen(name) == length - 1 &&
         strncmp(port->name, name, length - 1) == 0;
}

nai_status nai_model_field(nai_field *out, const char *model, int32_t list, int64_t index)
{
  NAI__TRY(nai__struct_check(out, NAI__FIRST_SIZE(nai_field, potential), "out"));
  const nai_model *found = model ? release_named(model) : NULL;
  if (!found) found = nai__model_named(model);
  if (!found) return model ? NAI_ERR_NAME : NAI_ERR_INVALID;
  if (list < NAI_MODEL_SIZES || list > NAI_MODEL_SIGNALS)
    return nai__fail(NAI_ERR_INVALID, "list is %d, must be %d to %d", (int)list, NAI_MODEL_SIZES,
                     NAI_MODEL_SIGNALS);
  int32_t n;
  const nai_field *fields = nai__fields_of(found, list, &n);
  if (index < 0 || index >= n)
    return nai__fail(NAI_ERR_INVALID, "index is %lld, must be 0 to %d", (long long)index,
                     (int)n - 1);
  nai__struct_give(out, nai__field_at(fields, index), sizeof(nai_field));
  return NAI_OK;
}

/* --- at work ---------------------------------------------------------------------------------- */

nai_status nai__model_call(const nai_model *model,
                           nai_status (*function)(void *user, nai_unit_batch *batch),
                           nai_unit_batch *batch)
{
  nai__clear_error();
  nai_status status = function(model->user, batch);
  return status == NAI_OK ? NAI_OK : nai__fail_callback(status, "model", model->ops.name);
}
