/* Tasks: the handle, and a user's own ones. */
#include "task.h"

#include <stdio.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/names.h"
#include "../base/structs.h"
#include "arrays.h"

/* --- life ------------------------------------------------------------------------------------- */

static nai_status check_names(const char *const *names, int64_t n, const char *what,
                              const char *task)
{
  char argument[32];
  snprintf(argument, sizeof argument, "the name of a%s %s", what[0] == 'e' ? "n" : "", what);
  for (int64_t i = 0; i < n; i++) {
    NAI__TRY(nai__name_check(names[i], argument));
    for (int64_t j = 0; j < i; j++)
      if (strcmp(names[i], names[j]) == 0)
        return nai__fail(NAI_ERR_NAME, "two %ss of task '%.60s' are called '%s'", what, task,
                         names[i]);
  }
  return NAI_OK;
}

static nai_status check_ops(const nai_task_ops *ops)
{
  if (!ops->name || !ops->name[0])
    return nai__fail(NAI_ERR_INVALID, "the name of the task is empty");
  if (ops->flags & ~(uint32_t)(NAI_TASK_CHANNEL_MASK | NAI_TASK_BLOCK))
    return nai__fail(NAI_ERR_INVALID,
                     "flags of task '%.60s' is %u, must be of NAI_TASK_CHANNEL_MASK and "
                     "NAI_TASK_BLOCK",
                     ops->name, (unsigned)ops->flags);
  if (!ops->generate)
    return nai__fail(NAI_ERR_INVALID, "generate of task '%.60s' is NULL", ops->name);
  if (ops->max_steps < 1 || ops->max_steps > INT32_MAX)
    return nai__fail(NAI_ERR_INVALID, "max_steps of task '%.60s' is %lld, must be 1 to %d",
                     ops->name, (long long)ops->max_steps, INT32_MAX);
  if (ops->parts < 0 || ops->parts > ops->max_steps)
    return nai__fail(NAI_ERR_INVALID,
                     "parts of task '%.60s' is %lld, must be 0 to %lld, its max_steps", ops->name,
                     (long long)ops->parts, (long long)ops->max_steps);
  if (ops->has_classes != 0 && ops->has_classes != 1)
    return nai__fail(NAI_ERR_INVALID, "has_classes of task '%.60s' is %d, must be 0 or 1",
                     ops->name, (int)ops->has_classes);
  NAI__TRY(nai__struct_reserved(ops->reserved, "ops"));
  if (ops->n_conditions < 0 || ops->n_conditions > NAI__MOST_CONDITIONS)
    return nai__fail(NAI_ERR_INVALID, "n_conditions of task '%.60s' is %lld, must be 0 to %d",
                     ops->name, (long long)ops->n_conditions, NAI__MOST_CONDITIONS);
  if (ops->n_epochs < 0 || ops->n_epochs > NAI__MOST_NAMED_EPOCHS)
    return nai__fail(NAI_ERR_INVALID, "n_epochs of task '%.60s' is %lld, must be 0 to %d",
                     ops->name, (long long)ops->n_epochs, NAI__MOST_NAMED_EPOCHS);
  if (ops->n_conditions && !ops->condition_names)
    return nai__fail(NAI_ERR_INVALID, "condition_names of task '%.60s' is NULL", ops->name);
  if (ops->n_epochs && !ops->epoch_names)
    return nai__fail(NAI_ERR_INVALID, "epoch_names of task '%.60s' is NULL", ops->name);
  NAI__TRY(check_names(ops->condition_names, ops->n_conditions, "condition", ops->name));
  return check_names(ops->epoch_names, ops->n_epochs, "epoch", ops->name);
}

static nai_status check_network(const nai_task_ops *ops, const nai_network *net)
{
  NAI__TRY(nai__require_built(net, "net"));
  if (ops->n_inputs != net->n_inputs)
    return nai__fail(NAI_ERR_INVALID, "task %.60s has %lld input channels, the network has %lld",
                     ops->name, (long long)ops->n_inputs, (long long)net->n_inputs);
  if (ops->n_outputs != net->n_outputs)
    return nai__fail(NAI_ERR_INVALID, "task %.60s has %lld output channels, the network has %lld",
                     ops->name, (long long)ops->n_outputs, (long long)net->n_outputs);
  if (ops->has_classes && !net->n_outputs)
    return nai__fail(NAI_ERR_INVALID,
                     "task %.60s has classes, so it needs an output, the network has none",
                     ops->name);
  return NAI_OK;
}

static nai_status copy_names(nai_task *task, const nai_task_ops *ops)
{
  task->name = nai__copy_string(ops->name);
  task->condition_name = nai__alloc(ops->n_conditions, sizeof *task->condition_name);
  task->epoch_name = nai__alloc(ops->n_epochs, sizeof *task->epoch_name);
  if (!task->name || !task->condition_name || !task->epoch_name) return NAI_ERR_MEMORY;
  for (int64_t i = 0; i < ops->n_conditions; i++)
    memcpy(task->condition_name[i], ops->condition_names[i], strlen(ops->condition_names[i]) + 1);
  for (int64_t i = 0; i < ops->n_epochs; i++)
    memcpy(task->epoch_name[i], ops->epoch_names[i], strlen(ops->epoch_names[i]) + 1);
  task->ops = *ops;
  task->ops.name = task->name;
  if (!task->ops.parts) task->ops.parts = 1;
  task->ops.condition_names = task->ops.epoch_names = NULL;
  return NAI_OK;
}

static void release(nai_task *task)
{
  nai__free(task->name);
  nai__free(task->condition_name);
  nai__free(task->epoch_name);
  nai__free(task);
}

static nai_status create(nai_task **out, const nai_task_ops *ops, void *user,
                         const nai_network *net)
{
  NAI__REQUIRE(out);
  NAI__TRY(check_ops(ops));
  NAI__TRY(check_network(ops, net));
  nai_task *task = NAI__NEW(nai_task);
  if (!task) return NAI_ERR_MEMORY;
  nai_status status = copy_names(task, ops);
  if (status != NAI_OK) {
    release(task);
    return status;
  }
  nai__reference_init(&task->reference);
  task->user = user;
  task->net = net;
  task->aimless = !net->n_outputs;
  task->kept = nai__network_keep(net);
  *out = task;
  return NAI_OK;
}

nai_status nai_task_create_own(nai_task **out, const nai_task_ops *ops, const nai_network *net,
                               void *user)
{
  if (out) *out = NULL;
  nai_task_ops table;
  NAI__TRY(
      nai__struct_take(&table, sizeof table, ops, NAI__FIRST_SIZE(nai_task_ops, destroy), "ops"));
  nai_status status = create(out, &table, user, net);
  if (status != NAI_OK && table.destroy) table.destroy(user);
  return status;
}

void nai__task_keep(nai_task *task)
{
  nai__reference_keep(&task->reference);
}

const char *nai_task_name(const nai_task *task)
{
  return task ? task->name : NULL;
}

void nai_task_destroy(nai_task *task)
{
  if (!task || !nai__reference_drop(&task->reference)) return;
  if (task->ops.destroy) task->ops.destroy(task->user);
  nai_network_destroy(task->kept);
  release(task);
}
