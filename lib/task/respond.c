/*
 * A task that answers what the network does: between the parts of a trial it is asked, and what it
 * writes is given from then on.
 */
#include <assert.h>

#include "../base/error.h"
#include "arrays.h"
#include "task.h"

int nai__task_responds(const nai_task *task)
{
  return task && task->ops.respond;
}

/* The last part of trial b that ends at this step and has steps; -1: none does. */
static int32_t ended_part(const nai_trials *trials, int64_t b, int64_t step)
{
  if (trials->parts == 1) return trials->length[b] == step ? 0 : -1;
  const int32_t *end = trials->part_end + b * trials->parts;
  for (int64_t p = 0; p < trials->parts && end[p] <= step; p++)
    if (end[p] == step && end[p] > (p > 0 ? end[p - 1] : 0)) return (int32_t)p;
  return -1;
}

int64_t nai__task_next_stop(const nai_trials *trials, int64_t step, int64_t trial)
{
  int64_t next = trial < 0 ? trials->steps : trials->length[trial];
  int64_t first = trial < 0 ? 0 : trial, end = trial < 0 ? trials->trials : trial + 1;
  for (int64_t b = first; b < end; b++) {
    if (trials->length[b] > step && trials->length[b] < next) next = trials->length[b];
    for (int64_t p = 0; p < trials->parts && trials->part_end; p++) {
      int32_t at = trials->part_end[b * trials->parts + p];
      if (at <= step) continue;
      if (at < next) next = at;
      break;
    }
  }
  return next;
}

static nai_status answer(nai_trials *trials, const nai_task *task, int64_t step, int64_t next,
                         const nai__done *done)
{
  const nai_trial_batch batch = nai__task_batch(trials, task);
  nai_trial_batch given = batch;
  given.step = step;
  given.part = trials->part_now;
  given.output = done->output;
  given.output_step = done->step_stride;
  given.output_trial = done->trial_stride;
  nai__clear_error();
  nai_status status = task->ops.respond(task->user, &given);
  if (status != NAI_OK) return nai__fail_callback(status, "respond of task", task->name);
  if (next > step) status = nai__task_check_steps(trials, task, &batch, step, next);
  if (status == NAI_OK) status = nai__task_check_own(trials, &batch);
  if (status != NAI_OK)
    return nai__fail(status, "respond of task %.60s: %s", task->name, nai_last_error());
  if (next > step) nai__task_deal_steps(trials, task, &batch, step, next);
  nai__task_deal_own(trials, &batch);
  return NAI_OK;
}

nai_status nai__task_respond(nai_trials *trials, const nai_task *task, int64_t step, int64_t trial,
                             const nai__done *done)
{
  int any = 0;
  assert(trials->part_now);
  for (int64_t b = 0; b < trials->trials; b++) {
    trials->part_now[b] = trial < 0 || trial == b ? ended_part(trials, b, step) : -1;
    any |= trials->part_now[b] >= 0;
  }
  return any ? answer(trials, task, step, nai__task_next_stop(trials, step, trial), done) : NAI_OK;
}
