/* What built-in tasks are, before there is one or a network: names, parameters, sizes. */
#include "../base/error.h"
#include "../base/structs.h"
#include "epochs.h"

const char *nai_task_builtin_name(int64_t index)
{
  const nai__task_kind *kind = nai__task_kind_at(index);
  return kind ? kind->name : NULL;
}

nai_status nai_task_parameter(nai_parameter *out, const char *task, int64_t index)
{
  const nai__task_kind *kind;
  NAI__TRY(nai__task_kind_find(&kind, task, "task"));
  NAI__TRY(nai__parameter_describe(out, kind->parameters, kind->n_parameters, index));
  out->list = index < kind->n_parameters - kind->n_single;
  return NAI_OK;
}

nai_status nai_task_describe(nai_task_description *out, const char *task)
{
  const nai__task_kind *kind;
  NAI__TRY(nai__struct_check(out, NAI__FIRST_SIZE(nai_task_description, n_parameters), "out"));
  NAI__TRY(nai__task_kind_find(&kind, task, "task"));
  const nai_task_description described = {.flags = kind->flags,
                                          .has_classes = kind->has_classes,
                                          .has_times = kind->timed,
                                          .n_inputs = kind->n_inputs,
                                          .more_inputs = kind->more_inputs,
                                          .n_outputs = kind->n_outputs,
                                          .n_conditions = kind->n_conditions,
                                          .n_epochs = nai__epoch_count(kind),
                                          .n_parameters = kind->n_parameters};
  nai__struct_give(out, &described, sizeof described);
  return NAI_OK;
}

const char *nai_task_condition_name(const char *task, int64_t index)
{
  const nai__task_kind *kind;
  if (nai__task_kind_find(&kind, task, "task") != NAI_OK) return NULL;
  return index >= 0 && index < kind->n_conditions ? kind->condition_names[index] : NULL;
}

const char *nai_task_epoch_name(const char *task, int64_t index)
{
  const nai__task_kind *kind;
  if (nai__task_kind_find(&kind, task, "task") != NAI_OK) return NULL;
  return nai__epoch_name(kind, index);
}
