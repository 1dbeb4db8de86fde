/* Finding a built-in task by its name or place, and how it comes to life. */
#include <assert.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../network/network.h"
#include "arrays.h"
#include "epochs.h"
#include "yang.h"

#define ENTRY(name) &nai__##name,
static const nai__task_kind *const kinds[] = {NAI__TASKS(ENTRY)};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* Those of Yang et al. 2019, which are a table of their own, come last. */
const nai__task_kind *nai__task_kind_at(int64_t index)
{
  if (index < 0 || index >= KINDS + NAI__YANG_KINDS) return NULL;
  return index < KINDS ? kinds[index] : &nai__yang[index - KINDS];
}

nai_status nai__task_kind_find(const nai__task_kind **out, const char *name, const char *argument)
{
  if (!name) return nai__fail_null(argument);
  for (int64_t i = 0; (*out = nai__task_kind_at(i)) != NULL; i++)
    if (strcmp((*out)->name, name) == 0) return NAI_OK;
  return nai__fail(NAI_ERR_NAME, "no task is called '%.60s'; the first one is '%s'", name,
                   kinds[0]->name);
}

/* --- making ----------------------------------------------------------------------------------- */

static void destroy(void *user)
{
  nai__builtin_task *b = user;
  nai__parameters_destroy(&b->parameters);
  nai__free(b);
}

/* The classes are those of the first output alone: it must have all of them. */
static nai_status check_classes(const nai__task_kind *kind, const nai_network *net)
{
  const char *output = nai_network_name(net, NAI_OUTPUTS, 0);
  int64_t n = output ? nai_network_size(net, NAI_OUTPUTS, output) : 0;
  if (kind->has_classes && output && nai_network_size(net, NAI_OUTPUTS, NULL) == kind->n_outputs &&
      n != kind->n_outputs)
    return nai__fail(NAI_ERR_INVALID, "task %s has %lld classes, output %s has %lld channels",
                     kind->name, (long long)kind->n_outputs, output, (long long)n);
  return NAI_OK;
}

static nai_status check_single(const nai__task_kind *kind, int index, int64_t n)
{
  if (index < kind->n_parameters - kind->n_single || n == 1) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID, "'%s' of task %s is one value, not a list of %lld",
                   kind->parameters[index].name, kind->name, (long long)n);
}

static nai_status check_inputs(const nai__task_kind *kind, const nai_network *net)
{
  if (!kind->more_inputs || net->n_inputs == kind->n_inputs || net->n_inputs == kind->more_inputs)
    return NAI_OK;
  return nai__fail(NAI_ERR_INVALID,
                   "task %s has %lld input channels (or %lld), the network has %lld", kind->name,
                   (long long)kind->n_inputs, (long long)kind->more_inputs,
                   (long long)net->n_inputs);
}

/* Only all of them together must make trials: so nothing is counted before the last one. */
static nai_status assign(nai__builtin_task *b, const nai_task_setting *settings, int64_t n)
{
  for (int64_t i = 0; i < n; i++) {
    int index;
    NAI__TRY(nai__parameters_replace(&index, &b->parameters, settings[i].parameter,
                                     settings[i].values, settings[i].n));
    NAI__TRY(check_single(b->kind, index, settings[i].n));
  }
  return NAI_OK;
}

/* How long, and of how many parts, its trials are. */
static nai_status measure(nai_task_ops *ops, const nai__builtin_task *b, double dt)
{
  int64_t longest;
  NAI__TRY(nai__longest_trial(&longest, b, dt));
  ops->max_steps = longest;
  ops->parts = b->kind->parts ? b->kind->parts(b) : 1;
  return NAI_OK;
}

static nai_status create(nai_task **out, const nai__task_kind *kind, const nai_network *net,
                         const nai_task_setting *settings, int64_t n)
{
  NAI__TRY(check_classes(kind, net));
  NAI__TRY(check_inputs(kind, net));
  assert(kind->n_conditions <= NAI__MOST_CONDITIONS && kind->n_single <= kind->n_parameters);
  assert(kind->generate || kind->fill);                     /* one of them makes its trials */
  assert(!kind->respond || (kind->flags & NAI_TASK_BLOCK)); /* respond looks for its own epochs */
  nai__builtin_task *b = NAI__NEW(nai__builtin_task);
  if (!b) return NAI_ERR_MEMORY;
  b->kind = kind;
  const char *epoch_names[NAI__MOST_EPOCHS];
  int n_epochs = nai__epoch_count(kind);
  for (int e = 0; e < n_epochs; e++) epoch_names[e] = nai__epoch_name(kind, e);
  nai_task_ops ops = {.struct_size = sizeof ops,
                      .flags = kind->flags,
                      .name = kind->name,
                      .n_inputs = kind->more_inputs && net->n_inputs == kind->more_inputs
                                      ? kind->more_inputs
                                      : kind->n_inputs,
                      .n_outputs = kind->n_outputs,
                      .has_classes = kind->has_classes,
                      .n_conditions = kind->n_conditions,
                      .condition_names = kind->condition_names,
                      .generate = kind->generate ? kind->generate : nai__fill_trials,
                      .judge = kind->judge,
                      .destroy = destroy,
                      .n_epochs = n_epochs,
                      .epoch_names = epoch_names,
                      .respond = kind->respond};
  nai_status status = nai__parameters_create(&b->parameters, kind->parameters, kind->n_parameters,
                                             kind->lists, kind->name);
  if (status == NAI_OK) status = assign(b, settings, n);
  if (status == NAI_OK) status = measure(&ops, b, net->dt);
  if (status == NAI_OK)
    return nai_task_create_own(out, &ops, net, b); /* which destroys b when it fails */
  destroy(b);
  return status;
}

nai_status nai_task_create_with(nai_task **out, const char *name, const nai_network *net,
                                const nai_task_setting *settings, int64_t n)
{
  NAI__REQUIRE(out);
  *out = NULL;
  if (n < 0) return nai__fail(NAI_ERR_INVALID, "n is %lld, must be at least 0", (long long)n);
  if (n > 0) NAI__REQUIRE(settings);
  const nai__task_kind *kind;
  NAI__TRY(nai__task_kind_find(&kind, name, "name"));
  NAI__TRY(nai__require_built(net, "net"));
  return create(out, kind, net, settings, n);
}

nai_status nai_task_create(nai_task **out, const char *name, const nai_network *net)
{
  return nai_task_create_with(out, name, net, NULL, 0);
}

nai_status nai_task_has_times(int32_t *times, const nai_task *task)
{
  NAI__REQUIRE(times);
  *times = 0;
  NAI__REQUIRE(task);
  if (task->ops.judge)
    *times =
        task->ops.destroy == destroy ? ((const nai__builtin_task *)task->user)->kind->timed : -1;
  return NAI_OK;
}

/* --- setting ---------------------------------------------------------------------------------- */

/*
 * Other durations make other longest trials; a list that leaves an epoch without a step is put back.
 */
static nai_status set_list(nai_task *task, const char *parameter, const double *values, int64_t n)
{
  nai__builtin_task *b = task->user;
  int index;
  NAI__TRY(nai__parameters_replace(&index, &b->parameters, parameter, values, n));
  nai_status status = check_single(b->kind, index, n);
  if (status == NAI_OK) status = measure(&task->ops, b, task->net->dt);
  if (status != NAI_OK) nai__parameters_restore(&b->parameters, index);
  return status;
}

nai_status nai_task_set_list(nai_task *task, const char *parameter, const double *values, int64_t n)
{
  NAI__REQUIRE(task);
  if (task->ops.destroy != destroy)
    return nai__fail(NAI_ERR_NAME, "task %.60s has no parameters", task->name);
  return set_list(task, parameter, values, n);
}

nai_status nai_task_set(nai_task *task, const char *parameter, double value)
{
  return nai_task_set_list(task, parameter, &value, 1);
}

nai_status nai_task_get_list(double *values, int64_t capacity, int64_t *count, const nai_task *task,
                             const char *parameter)
{
  NAI__REQUIRE(count);
  NAI__REQUIRE(task);
  if (capacity < 0)
    return nai__fail(NAI_ERR_INVALID, "capacity is %lld, must be at least 0", (long long)capacity);
  if (capacity > 0) NAI__REQUIRE(values);
  if (task->ops.destroy != destroy)
    return nai__fail(NAI_ERR_NAME, "task %.60s has no parameters", task->name);
  const nai__parameters *p = &((const nai__builtin_task *)task->user)->parameters;
  int index = nai__parameter_find(p->rule, p->n, parameter, p->owner);
  if (index < 0) return parameter ? NAI_ERR_NAME : NAI_ERR_INVALID;
  *count = p->list[index].n;
  for (int64_t i = 0; i < *count && i < capacity; i++) values[i] = p->list[index].value[i];
  return NAI_OK;
}

static nai__parameters *parameters_of(const nai_task *task)
{
  return task->ops.destroy == destroy ? &((nai__builtin_task *)task->user)->parameters : NULL;
}

int nai__task_parameter_count(const nai_task *task)
{
  const nai__parameters *p = parameters_of(task);
  return p ? p->n : 0;
}

int nai__task_is_default(const nai_task *task, const char *parameter)
{
  const nai__parameters *p = parameters_of(task);
  int index = p ? nai__parameter_find(p->rule, p->n, parameter, p->owner) : -1;
  return index >= 0 && nai__parameters_has_default(
                           p, index, ((const nai__builtin_task *)task->user)->kind->lists);
}

/* --- what they were --------------------------------------------------------------------------- */

nai_status nai__task_reserve(nai_task *task, int64_t values)
{
  nai__parameters *p = parameters_of(task);
  return p ? nai__parameters_reserve(p, values) : NAI_OK;
}

nai_status nai__task_past_take(nai__task_past *past, const nai_task *task)
{
  const nai__parameters *p = parameters_of(task);
  if (!p) return NAI_OK;
  if (!past->list) past->list = NAI__ARRAY(nai__list, p->n);
  if (!past->list) return NAI_ERR_MEMORY;
  past->n = p->n;
  past->max_steps = task->ops.max_steps;
  past->parts = task->ops.parts;
  return nai__parameters_copy(past->list, p);
}

void nai__task_past_put_back(nai__task_past *past, nai_task *task)
{
  nai__parameters *p = parameters_of(task);
  if (!p) return;
  assert(past->n == p->n);
  nai__parameters_swap(past->list, p);
  task->ops.max_steps = past->max_steps;
  task->ops.parts = past->parts;
}

void nai__task_past_release(nai__task_past *past)
{
  nai__lists_release(past->list, past->n);
  *past = (nai__task_past){.list = NULL};
}
