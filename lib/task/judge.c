/*
 * Judging a trial from what the network put out: by the task's own judgement, or by class at the
 * last step that counts.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "arrays.h"
#include "task.h"

/* Two channels that are the largest, to the last bit, are no choice: a network that is silent. */
static int is_shared(const float *z, int64_t n, int64_t largest)
{
  for (int64_t c = largest + 1; c < n; c++)
    if (z[c] == z[largest]) return 1;
  return 0;
}

static void judge_by_class(nai__verdict *out, const nai_trials *trials, int64_t b, int64_t p,
                           const float *output, int64_t step_stride)
{
  int64_t step;
  const nai__goal *goal = nai__trials_judged_at(&step, trials, b, p);
  if (!goal) return;
  const float *z = output + step * step_stride + goal->offset;
  int32_t largest = 0;
  for (int64_t c = 0; c < goal->n; c++) {
    if (!isfinite(z[c])) { /* no choice, and a wrong one */
      out->correct = 0;
      return;
    }
    if (z[c] > z[largest]) largest = (int32_t)c;
  }
  if (is_shared(z, goal->n, largest)) {
    out->correct = 0;
    return;
  }
  out->choice = largest;
  out->correct = largest == goal->classes[step * trials->trials + b];
}

/* The task's conditions of one trial, or part; NaN where trials given as arrays do not say. */
static void gather_conditions(float *out, const nai_task *task, const nai_trials *trials,
                              int64_t one)
{
  for (int64_t i = 0; i < task->ops.n_conditions; i++) {
    out[i] = NAN;
    for (int64_t k = 0; k < trials->n_conditions; k++)
      if (strcmp(trials->condition[k].name, task->condition_name[i]) == 0)
        out[i] = trials->condition[k].value[one];
  }
}

static nai_status judge_by_task(nai__verdict *out, const nai_task *task, const nai_trials *trials,
                                int64_t b, int64_t p, const float *output, int64_t step_stride,
                                double dt)
{
  int64_t from, end;
  nai__trials_part(&from, &end, trials, b, p);
  if (end == from) return NAI_OK; /* a part without steps */
  float condition[NAI__MOST_CONDITIONS];
  assert(task->ops.n_conditions >= 0 && task->ops.n_conditions <= NAI__MOST_CONDITIONS);
  gather_conditions(condition, task, trials, b * trials->own + p);
  nai_judgement judgement = {.struct_size = sizeof judgement,
                             .n_conditions = task->ops.n_conditions,
                             .steps = end - from,
                             .n = trials->n_outputs,
                             .stride = step_stride,
                             .output = output + from * step_stride,
                             .condition = condition,
                             .dt = dt,
                             .correct = -1,
                             .choice = -1,
                             .time = NAN};
  nai__clear_error();
  nai_status status = task->ops.judge(task->user, &judgement);
  if (status != NAI_OK) return nai__fail_callback(status, "judgement of task", task->name);
  if (judgement.correct < -1 || judgement.correct > 1)
    return nai__fail(NAI_ERR_INVALID, "task %.60s judged a trial as %d, must be 1, 0 or -1",
                     task->name, (int)judgement.correct);
  if (judgement.choice < -1)
    return nai__fail(NAI_ERR_INVALID, "task %.60s judged the choice as %d, must be at least -1",
                     task->name, (int)judgement.choice);
  *out = (nai__verdict){judgement.correct, judgement.choice, judgement.time};
  return NAI_OK;
}

nai_status nai__judge(nai__verdict *out, const nai_task *task, const nai_trials *trials, int64_t b,
                      int64_t p, const float *output, int64_t step_stride, double dt)
{
  *out = (nai__verdict){-1, -1, NAN};
  if (task && task->ops.judge)
    return judge_by_task(out, task, trials, b, p, output, step_stride, dt);
  judge_by_class(out, trials, b, p, output, step_stride);
  return NAI_OK;
}
