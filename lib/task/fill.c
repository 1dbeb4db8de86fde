/* Filling trials from a task's stream: what a task finds and writes, checked, and dealt out. */
#include <assert.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/philox.h"
#include "arrays.h"
#include "task.h"

static int has_channel_mask(const nai_task *task)
{
  return (task->ops.flags & NAI_TASK_CHANNEL_MASK) != 0;
}

static int is_block(const nai_task *task)
{
  return (task->ops.flags & NAI_TASK_BLOCK) != 0;
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
  return task->ops.n_conditions * (is_block(task) ? task->ops.parts : 1) +
         (deals_targets(task) + deals_mask(task)) * task->ops.max_steps * task->ops.n_outputs;
}

static nai_status add_arrays(nai_trials *trials, const nai_task *task)
{
  if (task->ops.parts > 1)
    NAI__TRY(nai__trials_need_parts(trials, task->ops.parts, is_block(task)));
  for (int64_t i = 0; i < trials->n_goals; i++) {
    if (!task->ops.has_classes)
      NAI__TRY(nai__trials_need_targets(trials, &trials->goal[i]));
    else if (i == 0)
      NAI__TRY(nai__trials_need_classes(trials, &trials->goal[i]));
  }
  nai__condition *condition;
  for (int64_t i = 0; i < task->ops.n_conditions; i++)
    NAI__TRY(nai__trials_need_condition(&condition, trials, task->condition_name[i]));
  nai__when *epoch;
  for (int64_t i = 0; i < task->ops.n_epochs; i++)
    NAI__TRY(nai__trials_need_epoch(&epoch, trials, task->epoch_name[i]));
  if (task->ops.n_epochs)
    trials->spans = NAI__ARRAY(int32_t, task->ops.n_epochs * trials->trials * trials->own * 2);
  if (task->ops.respond) trials->part_now = NAI__ARRAY(int32_t, trials->trials);
  return (trials->spans || !task->ops.n_epochs) && (trials->part_now || !task->ops.respond)
             ? NAI_OK
             : NAI_ERR_MEMORY;
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

nai_trial_batch nai__task_batch(const nai_trials *trials, const nai_task *task)
{
  int64_t n = trials->capacity * trials->trials;
  const nai__goal *goal = trials->n_goals ? &trials->goal[0] : NULL;
  nai_trial_batch batch = {.struct_size = sizeof batch,
                           .stream = trials->source.stream,
                           .seed = trials->source.seed,
                           .first = trials->source.first,
                           .trials = trials->trials,
                           .steps = trials->steps,
                           .dt = task->net->dt,
                           .n_inputs = trials->n_inputs,
                           .n_outputs = trials->n_outputs,
                           .n_conditions = task->ops.n_conditions,
                           .input = trials->input,
                           .mask = goal ? nai__trials_whole_mask(trials, goal) : NULL,
                           .length = trials->length,
                           .n_epochs = task->ops.n_epochs,
                           .epoch = trials->spans,
                           .parts = trials->parts,
                           .part_end = trials->part_end};
  batch.condition = batch.input + n * batch.n_inputs;
  float *after = batch.condition + batch.n_conditions * batch.trials * trials->own;
  if (!goal) return batch;
  if (task->ops.has_classes)
    batch.classes = goal->classes;
  else
    batch.target = deals_targets(task) ? after : goal->target;
  if (deals_mask(task)) batch.mask = deals_targets(task) ? after + n * batch.n_outputs : after;
  return batch;
}

/* What a task finds: inputs, targets and classes 0, mask 1, all of them of full length. */
static nai_trial_batch open_batch(nai_trials *trials, const nai_task *task)
{
  nai_trial_batch batch = nai__task_batch(trials, task);
  int64_t n = trials->steps * trials->trials, masks = n * batch_mask_columns(task);
  int64_t own = batch.trials * trials->own;
  memset(batch.input, 0, (size_t)(n * batch.n_inputs) * sizeof *batch.input);
  memset(batch.condition, 0, (size_t)(batch.n_conditions * own) * sizeof *batch.condition);
  if (batch.epoch) memset(batch.epoch, 0, (size_t)(2 * batch.n_epochs * own) * sizeof *batch.epoch);
  if (batch.part_end)
    nai__trials_part_equally(batch.part_end, batch.trials, batch.parts, batch.steps);
  if (batch.classes) memset(batch.classes, 0, (size_t)n * sizeof *batch.classes);
  if (batch.target) memset(batch.target, 0, (size_t)(n * batch.n_outputs) * sizeof *batch.target);
  for (int64_t i = 0; i < masks && batch.mask; i++) batch.mask[i] = 1;
  for (int64_t b = 0; b < batch.trials; b++) batch.length[b] = (int32_t)batch.steps;
  return batch;
}

/* Says at which step a row is: checks count from the first row that they see. */
static nai_status fail_later(nai_status status, int64_t from)
{
  return from == 0
             ? status
             : nai__fail(status, "%s (steps counted from %lld)", nai_last_error(), (long long)from);
}

static nai_status check_rows(const nai_trials *trials, const nai_trial_batch *batch,
                             int64_t mask_columns, int64_t from, int64_t steps)
{
  int64_t n = trials->trials, row = from * n;
  NAI__TRY(
      nai__check_finite(batch->input + row * batch->n_inputs, steps, n, batch->n_inputs, "input"));
  if (!batch->mask) return NAI_OK; /* there is no output */
  NAI__TRY(nai__check_mask(batch->mask + row * mask_columns, steps, n, mask_columns));
  if (batch->classes) return nai__check_classes(batch->classes + row, steps, n, trials->goal[0].n);
  return nai__check_targets(batch->target + row * batch->n_outputs, steps, n, batch->n_outputs,
                            "target");
}

nai_status nai__task_check_steps(const nai_trials *trials, const nai_task *task,
                                 const nai_trial_batch *batch, int64_t from, int64_t end)
{
  nai_status status = check_rows(trials, batch, batch_mask_columns(task), from, end - from);
  return status == NAI_OK ? NAI_OK : fail_later(status, from);
}

nai_status nai__task_check_own(const nai_trials *trials, const nai_trial_batch *batch)
{
  int64_t own = trials->own, n = batch->trials * own;
  for (int64_t e = 0; e < batch->n_epochs; e++)
    NAI__TRY(nai__check_epoch(batch->epoch + 2 * e * n, batch->trials, own, trials->steps,
                              trials->epoch[e].name));
  return NAI_OK;
}

/* Columns `first` .. `first + columns - 1` of `from` [rows][width]. */
static void deal_columns(float *to, int64_t columns, const float *from, int64_t first,
                         int64_t width, int64_t rows)
{
  for (int64_t row = 0; row < rows; row++)
    memcpy(to + row * columns, from + row * width + first, (size_t)columns * sizeof *to);
}

void nai__task_deal_steps(nai_trials *trials, const nai_task *task, const nai_trial_batch *batch,
                          int64_t from, int64_t end)
{
  int64_t row = from * trials->trials, rows = (end - from) * trials->trials;
  int64_t width = batch_mask_columns(task);
  for (int64_t i = 0; i < trials->n_goals; i++) {
    nai__goal *goal = &trials->goal[i];
    float *mask = nai__trials_whole_mask(trials, goal);
    if (mask != batch->mask)
      deal_columns(mask + row * goal->mask_columns, goal->mask_columns, batch->mask + row * width,
                   width > 1 ? goal->offset : 0, width, rows);
    if (batch->target && batch->target != goal->target)
      deal_columns(goal->target + row * goal->n, goal->n, batch->target + row * batch->n_outputs,
                   goal->offset, batch->n_outputs, rows);
  }
  nai__trials_cut_steps(trials, from, end);
}

void nai__task_deal_own(nai_trials *trials, const nai_trial_batch *batch)
{
  int64_t n = batch->trials * trials->own;
  for (int64_t i = 0; i < batch->n_conditions; i++)
    memcpy(trials->condition[i].value, batch->condition + i * n,
           (size_t)n * sizeof *batch->condition);
  for (int64_t e = 0; e < batch->n_epochs; e++)
    memcpy(trials->epoch[e].step, batch->epoch + 2 * e * n, (size_t)(2 * n) * sizeof *batch->epoch);
}

static nai_status check_room(const nai_trials *trials, const nai_task *task)
{
  if (trials->parts != task->ops.parts)
    return nai__fail(NAI_ERR_ORDER,
                     "task %.60s has trials of %lld parts now, there is room for %lld: its "
                     "parameters changed",
                     task->name, (long long)task->ops.parts, (long long)trials->parts);
  if (trials->capacity < task->ops.max_steps)
    return nai__fail(
        NAI_ERR_ORDER,
        "task %.60s has trials of %lld steps now, there is room for %lld: its parameters changed",
        task->name, (long long)task->ops.max_steps, (long long)trials->capacity);
  return NAI_OK;
}

static nai_status check_filled(nai_trials *trials, const nai_task *task,
                               const nai_trial_batch *batch)
{
  NAI__TRY(nai__check_lengths(trials->length, trials->trials, trials->capacity));
  trials->steps = 1;
  for (int64_t b = 0; b < trials->trials; b++)
    if (trials->length[b] > trials->steps) trials->steps = trials->length[b];
  if (batch->part_end)
    NAI__TRY(nai__check_parts(batch->part_end, trials->length, trials->trials, batch->parts, 1,
                              "part_end"));
  NAI__TRY(nai__task_check_steps(trials, task, batch, 0, trials->steps));
  return nai__task_check_own(trials, batch);
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
  trials->source.seed = nai__seed_derive(seed, NAI__FOR_TASK, (uint64_t)stream);
  trials->source.first = first;
  trials->source.stream = stream;
  for (int64_t i = 0; i < trials->n_goals; i++)
    trials->goal[i].mask_columns = has_channel_mask(task) ? trials->goal[i].n : 1;
  nai_trial_batch batch = open_batch(trials, task), given = batch;
  nai__clear_error();
  nai_status status = task->ops.generate(task->user, &given);
  if (status != NAI_OK) return nai__fail_callback(status, "task", task->name);
  status = check_filled(trials, task, &batch);
  if (status != NAI_OK) /* whose batch it was that the message complains of */
    return nai__fail(status, "task %.60s: %s", task->name, nai_last_error());
  nai__task_deal_steps(trials, task, &batch, 0, trials->steps);
  nai__task_deal_own(trials, &batch);
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
