/* Tasks: the handle, a user's own ones, and filling trials from a task's stream. */
#include "task.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/names.h"
#include "../base/philox.h"
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
  if (ops->flags & ~(uint32_t)NAI_TASK_CHANNEL_MASK)
    return nai__fail(NAI_ERR_INVALID,
                     "flags of task '%.60s' is %u, must be 0 or NAI_TASK_CHANNEL_MASK", ops->name,
                     (unsigned)ops->flags);
  if (!ops->generate)
    return nai__fail(NAI_ERR_INVALID, "generate of task '%.60s' is NULL", ops->name);
  if (ops->max_steps < 1 || ops->max_steps > INT32_MAX)
    return nai__fail(NAI_ERR_INVALID, "max_steps of task '%.60s' is %lld, must be 1 to %d",
                     ops->name, (long long)ops->max_steps, INT32_MAX);
  if (ops->has_classes != 0 && ops->has_classes != 1)
    return nai__fail(NAI_ERR_INVALID, "has_classes of task '%.60s' is %d, must be 0 or 1",
                     ops->name, (int)ops->has_classes);
  if (ops->n_conditions < 0 || ops->n_conditions > NAI__MOST_CONDITIONS)
    return nai__fail(NAI_ERR_INVALID, "n_conditions of task '%.60s' is %d, must be 0 to %d",
                     ops->name, (int)ops->n_conditions, NAI__MOST_CONDITIONS);
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
  if (!net->n_outputs)
    return nai__fail(NAI_ERR_INVALID, "task %.60s needs an output, the network has none",
                     ops->name);
  return NAI_OK;
}

static nai_status copy_names(nai_task *task, const nai_task_ops *ops)
{
  task->name = nai__copy_string(ops->name);
  task->condition_name = nai__alloc(ops->n_conditions, sizeof *task->condition_name);
  task->epoch_name = nai__alloc(ops->n_epochs, sizeof *task->epoch_name);
  if (!task->name || !task->condition_name || !task->epoch_name) return NAI_ERR_MEMORY;
  for (int32_t i = 0; i < ops->n_conditions; i++)
    memcpy(task->condition_name[i], ops->condition_names[i], strlen(ops->condition_names[i]) + 1);
  for (int64_t i = 0; i < ops->n_epochs; i++)
    memcpy(task->epoch_name[i], ops->epoch_names[i], strlen(ops->epoch_names[i]) + 1);
  task->ops = *ops;
  task->ops.name = task->name;
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
  task->kept = nai__network_keep(net);
  *out = task;
  return NAI_OK;
}

nai_status nai_task_create_own(nai_task **out, const nai_task_ops *ops, void *user,
                               const nai_network *net)
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

void nai_task_destroy(nai_task *task)
{
  if (!task || !nai__reference_drop(&task->reference)) return;
  if (task->ops.destroy) task->ops.destroy(task->user);
  nai_network_destroy(task->kept);
  release(task);
}

/* --- filling trials --------------------------------------------------------------------------- */

static int has_channel_mask(const nai_task *task)
{
  return (task->ops.flags & NAI_TASK_CHANNEL_MASK) != 0;
}

/*
 * 1 when a task's targets, or its mask of every channel, of all outputs side by side, must be dealt
 * out to several goals.
 */
static int deals_targets(const nai_task *task)
{
  return !task->ops.has_classes && nai_network_count(task->net, NAI_OUTPUTS) > 1;
}

static int deals_mask(const nai_task *task)
{
  return has_channel_mask(task) && nai_network_count(task->net, NAI_OUTPUTS) > 1;
}

/*
 * A task writes its conditions, and targets and masks of several outputs, in one array each: behind
 * the inputs. Floats a trial.
 */
static int64_t scratch_size(const nai_task *task)
{
  return task->ops.n_conditions +
         (deals_targets(task) + deals_mask(task)) * task->ops.max_steps * task->ops.n_outputs;
}

static nai_status add_arrays(nai_trials *trials, const nai_task *task)
{
  for (int64_t i = 0; i < trials->n_goals; i++) {
    if (!task->ops.has_classes)
      NAI__TRY(nai__trials_need_targets(trials, &trials->goal[i]));
    else if (i == 0)
      NAI__TRY(nai__trials_need_classes(trials, &trials->goal[i]));
  }
  nai__condition *condition;
  for (int32_t i = 0; i < task->ops.n_conditions; i++)
    NAI__TRY(nai__trials_need_condition(&condition, trials, task->condition_name[i]));
  nai__when *epoch;
  for (int64_t i = 0; i < task->ops.n_epochs; i++)
    NAI__TRY(nai__trials_need_epoch(&epoch, trials, task->epoch_name[i]));
  if (task->ops.n_epochs)
    trials->spans = NAI__ARRAY(int32_t, task->ops.n_epochs * trials->trials * 2);
  return trials->spans || !task->ops.n_epochs ? NAI_OK : NAI_ERR_MEMORY;
}

nai_status nai__task_trials(nai_trials **out, const nai_task *task, int64_t trials)
{
  *out = NULL;
  nai_trials *made;
  int64_t scratch = task->fill ? 0 : scratch_size(task);
  NAI__TRY(nai__trials_make(&made, task->net, task->ops.max_steps, trials, scratch));
  nai_status status = task->add_arrays ? task->add_arrays(made, task) : add_arrays(made, task);
  if (status != NAI_OK)
    nai_trials_destroy(made);
  else
    *out = made;
  return status;
}

static int64_t batch_mask_columns(const nai_task *task)
{
  return has_channel_mask(task) ? task->ops.n_outputs : 1;
}

/* What a task finds: inputs, targets and classes 0, mask 1, all of them of full length. */
static nai_trial_batch open_batch(nai_trials *trials, const nai_task *task, uint64_t seed,
                                  int32_t stream, uint64_t first)
{
  int64_t n = trials->capacity * trials->trials, masks = n * batch_mask_columns(task);
  nai__goal *goal = &trials->goal[0];
  nai_trial_batch batch = {.struct_size = sizeof batch,
                           .stream = stream,
                           .seed = nai__seed_derive(seed, NAI__FOR_TASK, (uint64_t)stream),
                           .first = first,
                           .trials = trials->trials,
                           .steps = trials->capacity,
                           .dt = task->net->dt,
                           .n_inputs = trials->n_inputs,
                           .n_outputs = trials->n_outputs,
                           .n_conditions = task->ops.n_conditions,
                           .input = trials->input,
                           .mask = nai__trials_whole_mask(trials, goal),
                           .length = trials->length,
                           .n_epochs = task->ops.n_epochs,
                           .epoch = trials->spans};
  batch.condition = batch.input + n * batch.n_inputs;
  float *after = batch.condition + batch.n_conditions * batch.trials;
  if (task->ops.has_classes)
    batch.classes = goal->classes;
  else
    batch.target = deals_targets(task) ? after : goal->target;
  if (deals_mask(task)) batch.mask = deals_targets(task) ? after + n * batch.n_outputs : after;
  memset(batch.input, 0, (size_t)(n * batch.n_inputs) * sizeof *batch.input);
  memset(batch.condition, 0, (size_t)(batch.n_conditions * batch.trials) * sizeof *batch.condition);
  if (batch.epoch)
    memset(batch.epoch, 0, (size_t)(2 * batch.n_epochs * batch.trials) * sizeof *batch.epoch);
  if (batch.classes) memset(batch.classes, 0, (size_t)n * sizeof *batch.classes);
  if (batch.target) memset(batch.target, 0, (size_t)(n * batch.n_outputs) * sizeof *batch.target);
  for (int64_t i = 0; i < masks; i++) batch.mask[i] = 1;
  for (int64_t b = 0; b < batch.trials; b++) batch.length[b] = (int32_t)batch.steps;
  return batch;
}

static nai_status check_batch(const nai_trials *trials, const nai_trial_batch *batch,
                              int64_t mask_columns)
{
  int64_t steps = trials->steps, n = trials->trials;
  NAI__TRY(nai__check_finite(batch->input, steps, n, trials->n_inputs, "input"));
  NAI__TRY(nai__check_mask(batch->mask, steps, n, mask_columns));
  for (int64_t e = 0; e < batch->n_epochs; e++)
    NAI__TRY(nai__check_epoch(batch->epoch + 2 * e * n, n, steps, trials->epoch[e].name));
  if (batch->classes) return nai__check_classes(batch->classes, steps, n, trials->goal[0].n);
  return nai__check_targets(batch->target, steps, n, trials->n_outputs, "target");
}

/* Columns `first` .. `first + columns - 1` of `from` [rows][width]. */
static void deal_columns(float *to, int64_t columns, const float *from, int64_t first,
                         int64_t width, int64_t rows)
{
  for (int64_t row = 0; row < rows; row++)
    memcpy(to + row * columns, from + row * width + first, (size_t)columns * sizeof *to);
}

/* From the arrays that the task wrote to those of each output and condition. */
static void deal(nai_trials *trials, const nai_trial_batch *batch, int64_t mask_columns)
{
  int64_t rows = trials->steps * trials->trials;
  for (int64_t i = 0; i < trials->n_goals; i++) {
    nai__goal *goal = &trials->goal[i];
    float *mask = nai__trials_whole_mask(trials, goal);
    if (mask != batch->mask)
      deal_columns(mask, goal->mask_columns, batch->mask, mask_columns > 1 ? goal->offset : 0,
                   mask_columns, rows);
    if (batch->target && batch->target != goal->target)
      deal_columns(goal->target, goal->n, batch->target, goal->offset, batch->n_outputs, rows);
  }
  for (int64_t i = 0; i < batch->n_conditions; i++)
    memcpy(trials->condition[i].value, batch->condition + i * batch->trials,
           (size_t)batch->trials * sizeof *batch->condition);
  for (int64_t e = 0; e < batch->n_epochs; e++)
    memcpy(trials->epoch[e].step, batch->epoch + 2 * e * batch->trials,
           (size_t)(2 * batch->trials) * sizeof *batch->epoch);
  nai__trials_cut(trials);
}

static nai_status check_room(const nai_trials *trials, const nai_task *task)
{
  if (trials->capacity < task->ops.max_steps)
    return nai__fail(
        NAI_ERR_ORDER,
        "task %.60s has trials of %lld steps now, there is room for %lld: its parameters changed",
        task->name, (long long)task->ops.max_steps, (long long)trials->capacity);
  return NAI_OK;
}

/* Says whose batch it was that the message complains of. */
static nai_status fail_batch(const nai_task *task, nai_status status)
{
  return nai__fail(status, "task %.60s: %s", task->name, nai_last_error());
}

nai_status nai__task_fill(nai_trials *trials, const nai_task *task, uint64_t seed, int32_t stream,
                          uint64_t first, int64_t count)
{
  NAI__TRY(check_room(trials, task));
  assert(count >= 1);
  trials->trials = count;
  if (task->fill) return task->fill(trials, task, seed, stream, first);
  trials->steps = trials->capacity;
  trials->first = stream == NAI_STREAM_TEST ? first | NAI__TEST_TRIALS : first;
  for (int64_t i = 0; i < trials->n_goals; i++)
    trials->goal[i].mask_columns = has_channel_mask(task) ? trials->goal[i].n : 1;
  nai_trial_batch batch = open_batch(trials, task, seed, stream, first), given = batch;
  nai__clear_error();
  nai_status status = task->ops.generate(task->user, &given);
  if (status != NAI_OK) return nai__fail_callback(status, "task", task->name);
  status = nai__check_lengths(trials->length, count, trials->capacity);
  if (status != NAI_OK) return fail_batch(task, status);
  trials->steps = 1;
  for (int64_t b = 0; b < count; b++)
    if (trials->length[b] > trials->steps) trials->steps = trials->length[b];
  status = check_batch(trials, &batch, batch_mask_columns(task));
  if (status != NAI_OK) return fail_batch(task, status);
  deal(trials, &batch, batch_mask_columns(task));
  return NAI_OK;
}

static nai_status check_stream(int32_t stream, uint64_t first, int64_t trials)
{
  if (stream != NAI_STREAM_TRAIN && stream != NAI_STREAM_TEST)
    return nai__fail(NAI_ERR_INVALID, "stream is %d, must be NAI_STREAM_TRAIN or NAI_STREAM_TEST",
                     (int)stream);
  if (trials >= 1 && first > NAI__MOST_TRIAL - (uint64_t)trials)
    return nai__fail(NAI_ERR_INVALID,
                     "first is %llu, must be at most 2^55 less the number of trials",
                     (unsigned long long)first);
  return NAI_OK;
}

nai_status nai_task_generate(nai_trials **out, const nai_task *task, uint64_t seed, int32_t stream,
                             uint64_t first, int64_t trials)
{
  NAI__REQUIRE(out);
  *out = NULL;
  NAI__REQUIRE(task);
  NAI__TRY(check_stream(stream, first, trials));
  nai_trials *made;
  NAI__TRY(nai__task_trials(&made, task, trials));
  nai_status status = nai__task_fill(made, task, seed, stream, first, trials);
  if (status != NAI_OK)
    nai_trials_destroy(made);
  else
    *out = made;
  return status;
}
