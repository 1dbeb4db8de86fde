/*
 * The forward run over a batch: groups of trials side by side, each by one thread, over all steps or
 * span after span; and a span once more.
 */
#include "batch.h"

#include <assert.h>

#include "../base/error.h"
#include "../base/finite.h"

/* --- looking for NaN ---------------------------------------------------------------------------- */

/* To the end of the part that is given, and of the span. */
static int64_t end_of(const nai__batch *batch, int64_t stop)
{
  int64_t end = batch->activity.base + batch->spans.steps;
  return stop < end ? stop : end;
}

static int has_power(const nai_network *net)
{
  for (int64_t s = 0; s < net->n_segments; s++)
    if (net->segment[s].units.transfer == NAI_TRANSFER_POWER) return 1;
  return 0;
}

/*
 * A rate that is not finite leaves its mark on the last step, for the leak keeps it; but not the
 * power of a current that is finite. Of the span that is there.
 */
static int rates_finite(const nai__batch *batch)
{
  const nai__activity *a = &batch->activity;
  int64_t end = end_of(batch, batch->steps), first = has_power(a->net) ? a->base + 1 : end;
  return nai__all_finite(nai__rate_at(a, first),
                         (end - first + 1) * batch->trials * a->net->ld_units);
}

/* --- running ---------------------------------------------------------------------------------- */

struct job {
  nai__batch *batch;
  const nai_trials *trials;
  nai__pool *pool;
  int64_t from, end; /* steps */
  const nai__descent *descent;
};

static void run_group(void *argument, int64_t task, int32_t thread)
{
  const struct job *job = argument;
  nai__batch *batch = job->batch;
  const nai_trials *trials = job->trials;
  int64_t row = task * batch->walked, rows = nai__task_from(row, batch->trials, batch->walked);
  if (job->from == 0) nai__begin(&batch->activity, row, rows);
  int64_t work = rows * batch->activity.net->n_theta;
  for (int64_t t = job->from + 1; t <= job->end && !nai__pool_ended(job->pool, thread, work); t++) {
    const float *inputs = trials->input + ((t - 1) * trials->trials + row) * trials->n_inputs;
    nai__advance(&batch->activity, t, row, rows, inputs, &batch->scratch[thread]);
    if (t == batch->steps && job->descent)
      nai__descend(job->descent, &batch->activity, t, row, rows, &batch->scratch[thread]);
  }
}

nai__done nai__batch_done(const nai__batch *batch)
{
  int64_t ld = batch->activity.net->ld_outputs;
  return (nai__done){nai__output_at(&batch->activity, 1), batch->trials * ld, ld};
}

/* All steps from job->from to job->end, of one span. */
static nai_status run_steps(nai__batch *batch, struct job *job)
{
  nai__pool_run(job->pool, nai__tasks_of(batch->trials, batch->walked), run_group, job);
  NAI__TRY(nai__pool_answer(job->pool));
  return nai__failure_raise(&batch->activity.failed);
}

static float *mark_before(const nai__batch *batch, int64_t first)
{
  int64_t floats = batch->trials * nai__mark_floats(batch->activity.net);
  return batch->mark + (first / batch->spans.steps - 1) * floats;
}

static void start_span(nai__batch *batch)
{
  batch->is_finite = batch->is_finite && rates_finite(batch);
  nai__spans_move_on(&batch->activity, batch->spans.steps);
  nai__mark_take(mark_before(batch, batch->activity.base), &batch->activity);
}

nai_status nai__batch_run(nai__batch *batch, const nai__showing *showing)
{
  const nai_trials *trials = showing->trials;
  const nai__done done = nai__batch_done(batch);
  assert(trials->trials == batch->trials && trials->steps == batch->steps);
  assert(nai__pool_threads(showing->pool) <= batch->threads);
  batch->shown = *showing;
  batch->is_finite = 1;
  batch->activity.base = 0;
  batch->activity.seed = showing->seed;
  batch->activity.first = showing->first;
  nai__failure_clear(&batch->activity.failed);
  struct job job = {batch, trials, showing->pool, 0, 0, showing->descent};
  int64_t stop = showing->task ? 0 : batch->steps;
  for (; job.from < batch->steps; job.from = job.end) {
    if (stop == job.from) stop = nai__task_next_stop(trials, job.from, -1);
    if (job.from == batch->activity.base + batch->spans.steps) start_span(batch);
    job.end = end_of(batch, stop);
    NAI__TRY(run_steps(batch, &job));
    if (showing->task && job.end == stop)
      NAI__TRY(nai__task_respond(showing->answered, showing->task, job.end, -1, &done));
  }
  batch->is_finite = batch->is_finite && rates_finite(batch);
  return NAI_OK;
}

int nai__batch_finite(const nai__batch *batch)
{
  return batch->is_finite &&
         nai__all_finite(batch->activity.output,
                         batch->steps * batch->trials * batch->activity.net->ld_outputs);
}

nai_status nai__batch_recall(nai__batch *batch, int64_t first)
{
  if (first == batch->activity.base) return NAI_OK;
  batch->activity.base = first;
  if (first) nai__mark_put_back(&batch->activity, mark_before(batch, first));
  struct job job = {batch, batch->shown.trials, batch->shown.pool, first, 0, NULL};
  job.end = end_of(batch, batch->steps);
  return run_steps(batch, &job);
}
