/*
 * Memory of a batch, and the forward run over it: groups of trials side by side, each by one thread
 * from first step to last.
 */
#include "batch.h"

#include <assert.h>

#include "../base/error.h"
#include "../base/finite.h"
#include "../base/memory.h"
#include "../network/move.h"

/* Kernels may read a vector past the end of a row. */
#define SLACK 64

/* Trials of the largest group. */
#define ROWS 32

/*
 * Trials that are worked on together. Only a function of the batch: so bits do not depend on
 * threads. Few enough that their rates stay in cache and that threads find work, many enough that a
 * product pays.
 */
static int64_t rows_of(const nai_network *net, int64_t trials)
{
  if (net->is_bound) return trials; /* all at once, on the thread that calls */
  return trials <= 32 ? NAI__SMALLEST_GROUP : trials <= 64 ? 16 : ROWS;
}

static void release(nai__batch *batch)
{
  nai__activity *a = &batch->activity;
  float **array[] = {
      &a->rate,           &a->drive,     &a->x,         &a->noise, &a->input_noise,
      &a->current,        &a->input,     &a->output,    &a->held,  &batch->output_gradient,
      &batch->signal,     &batch->carry, &batch->start, &a->state, &a->received,
      &batch->state_carry};
  for (size_t i = 0; i < sizeof array / sizeof *array; i++) {
    nai__free(*array[i]);
    *array[i] = NULL;
  }
  nai__free(batch->bias_sum);
  nai__free(batch->output_bias);
  batch->bias_sum = batch->output_bias = NULL;
  batch->steps_room = batch->trials_room = batch->steps = 0;
}

static void release_threads(nai__batch *batch)
{
  for (int32_t i = 0; i < batch->threads; i++) {
    nai__scratch_destroy(&batch->scratch[i]);
    nai__free(batch->outer_scratch[i]);
    batch->outer_scratch[i] = NULL;
    if (batch->slopes) nai__free(batch->slopes[i]);
  }
  nai__free(batch->slopes);
  batch->slopes = NULL;
  batch->threads = 0;
}

void nai__batch_destroy(nai__batch *batch)
{
  release(batch);
  release_threads(batch);
}

static nai_status allocate(nai__batch *batch, const nai_network *net, int64_t steps, int64_t trials)
{
  nai__activity *a = &batch->activity;
  int64_t rows = steps * trials;
  a->rate = NAI__ARRAY(float, nai__rate_slots(net, steps) * trials * net->ld_units + SLACK);
  a->drive = net->has_rate_leak ? NAI__ARRAY(float, rows * net->ld_units + SLACK) : NULL;
  a->x = NAI__ARRAY(float, trials * net->ld_units + SLACK);
  a->noise = NAI__ARRAY(float, trials * net->ld_units + SLACK);
  a->input_noise = NAI__ARRAY(float, trials * net->ld_inputs + SLACK);
  if (batch->keeps_currents) /* as long as rates: the rule may put what it makes of these there */
    a->current = NAI__ARRAY(float, nai__rate_slots(net, steps) * trials * net->ld_units + SLACK);
  a->input = NAI__ARRAY(float, nai__input_slots(net, steps) * trials * net->ld_inputs + SLACK);
  a->output = NAI__ARRAY(float, rows * net->ld_outputs + SLACK);
  a->held = NAI__ARRAY(float, trials * net->ld_outputs + SLACK);
  batch->output_gradient = NAI__ARRAY(float, rows * net->ld_outputs + SLACK);
  batch->signal = NAI__ARRAY(float, rows * net->ld_units + SLACK);
  batch->carry = NAI__ARRAY(float, trials * net->ld_units + SLACK);
  batch->start = NAI__ARRAY(float, trials * net->ld_units + SLACK);
  batch->bias_sum = NAI__ARRAY(double, nai__most_groups(trials) * nai__numbers_width(net));
  batch->output_bias = NAI__ARRAY(double, net->ld_outputs + 1);
  if (net->has_cells) {
    a->received = NAI__ARRAY(float, rows * net->ld_units + SLACK);
    a->state = NAI__ARRAY(float, nai__state_slots(net, steps) * trials * net->ld_state + SLACK);
    batch->state_carry = NAI__ARRAY(float, trials * net->ld_state + SLACK);
  }
  if (a->rate && (a->drive || !net->has_rate_leak) && a->x && a->noise && a->input_noise &&
      (a->current || !batch->keeps_currents) && a->input && a->output && a->held &&
      batch->output_gradient && batch->signal && batch->carry && batch->start && batch->bias_sum &&
      batch->output_bias && (!net->has_cells || (a->received && a->state && batch->state_carry))) {
    batch->steps_room = steps;
    batch->trials_room = trials;
    return NAI_OK;
  }
  release(batch);
  return NAI_ERR_MEMORY;
}

/* Floats of outer()'s scratch, of the block that wants most. */
static int64_t outer_floats(const nai_network *net)
{
  int64_t most = 1;
  for (int64_t i = 0; i < net->n_blocks; i++) {
    const nai__block *b = &net->block[i];
    int64_t floats = net->kernels->outer_scratch(b->at.rows, b->at.columns);
    if (floats > most) most = floats;
  }
  return most;
}

int64_t nai__batch_bytes(const nai__batch *batch, const nai_network *net, int64_t steps,
                         int64_t trials, int64_t threads)
{
  int64_t ld = net->ld_units > net->ld_inputs ? net->ld_units : net->ld_inputs;
  int64_t units = nai__rate_slots(net, steps) * (batch->keeps_currents ? 2 : 1) +
                  steps * (net->has_rate_leak ? 2 : 1) + 3;
  if (net->has_cells) units += steps;
  int64_t floats = trials * (units * net->ld_units + nai__input_slots(net, steps) * net->ld_inputs +
                             (2 * steps + 1) * net->ld_outputs +
                             (nai__state_slots(net, steps) + 1) * net->ld_state);
  return (floats + threads * (3 * ROWS * ld + outer_floats(net))) * (int64_t)sizeof(float) +
         nai__most_groups(trials) * nai__numbers_width(net) * (int64_t)sizeof(double);
}

static nai_status allocate_threads(nai__batch *batch, const nai_network *net, int32_t threads)
{
  int64_t most = outer_floats(net);
  assert(threads >= 1 && threads <= NAI__MOST_THREADS);
  if (net->has_cells && !(batch->slopes = NAI__ARRAY(float *, threads))) return NAI_ERR_MEMORY;
  for (batch->threads = 0; batch->threads < threads; batch->threads++) {
    int32_t i = batch->threads;
    int64_t rows = net->is_bound && batch->trials_room > ROWS ? batch->trials_room : ROWS;
    NAI__TRY(nai__scratch_create(&batch->scratch[i], net, rows));
    batch->outer_scratch[i] = NAI__ARRAY(float, most);
    if (net->has_cells) batch->slopes[i] = NAI__ARRAY(float, nai__cells_floats(net, rows) + 1);
    if (batch->outer_scratch[i] && (!net->has_cells || batch->slopes[i])) continue;
    batch->threads++; /* to be released with the others */
    return NAI_ERR_MEMORY;
  }
  return NAI_OK;
}

static int64_t larger(int64_t a, int64_t b)
{
  return a > b ? a : b;
}

int nai__batch_has_room(const nai__batch *batch, const nai_trials *trials, int32_t threads)
{
  return trials->capacity <= batch->steps_room && trials->trials <= batch->trials_room &&
         threads == batch->threads;
}

nai_status nai__batch_prepare(nai__batch *batch, const nai_network *net, const nai_trials *trials,
                              int32_t threads)
{
  if (trials->capacity > batch->steps_room || trials->trials > batch->trials_room) {
    if (net->is_bound) release_threads(batch); /* their room goes by trials */
    int64_t steps_room = larger(trials->capacity, batch->steps_room);
    int64_t trials_room = larger(trials->trials, batch->trials_room);
    release(batch);
    NAI__TRY(allocate(batch, net, steps_room, trials_room));
  }
  if (threads != batch->threads) {
    release_threads(batch);
    nai_status status = allocate_threads(batch, net, threads);
    if (status != NAI_OK) {
      release_threads(batch);
      return status;
    }
  }
  batch->steps = trials->steps;
  batch->trials = trials->trials;
  batch->rows = rows_of(net, trials->trials);
  nai__activity *a = &batch->activity;
  a->net = net;
  a->trials = trials->trials;
  a->rate_slots = nai__rate_slots(net, trials->steps);
  a->input_slots = nai__input_slots(net, trials->steps);
  a->step_slots = a->output_slots = trials->steps;
  a->state_slots = nai__state_slots(net, trials->steps);
  return NAI_OK;
}

/* --- forward ---------------------------------------------------------------------------------- */

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
  int64_t row = task * batch->rows;
  int64_t rows = batch->trials - row < batch->rows ? batch->trials - row : batch->rows;
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

nai_status nai__batch_run(nai__batch *batch, const nai__showing *showing)
{
  const nai_trials *trials = showing->trials;
  const nai__done done = nai__batch_done(batch);
  assert(trials->trials == batch->trials && trials->steps == batch->steps);
  assert(nai__pool_threads(showing->pool) <= batch->threads);
  batch->activity.seed = showing->seed;
  batch->activity.first = showing->first;
  nai__failure_clear(&batch->activity.failed);
  struct job job = {batch, trials, showing->pool, 0, batch->steps, showing->descent};
  for (; job.from < batch->steps; job.from = job.end) {
    if (showing->task) job.end = nai__task_next_stop(trials, job.from, -1);
    nai__pool_run(showing->pool, (batch->trials + batch->rows - 1) / batch->rows, run_group, &job);
    NAI__TRY(nai__pool_answer(showing->pool));
    NAI__TRY(nai__failure_raise(&batch->activity.failed));
    if (showing->task)
      NAI__TRY(nai__task_respond(showing->answered, showing->task, job.end, -1, &done));
  }
  return NAI_OK;
}

/* --- looking for NaN ---------------------------------------------------------------------------- */

static int has_power(const nai_network *net)
{
  for (int64_t s = 0; s < net->n_segments; s++)
    if (net->segment[s].units.transfer == NAI_TRANSFER_POWER) return 1;
  return 0;
}

/*
 * A rate that is not finite leaves its mark on the last step, for the leak keeps it; but not the
 * power of a current that is finite, and not an output.
 */
int nai__batch_finite(const nai__batch *batch)
{
  const nai_network *net = batch->activity.net;
  int64_t first = has_power(net) ? 1 : batch->steps;
  return nai__all_finite(nai__rate_at(&batch->activity, first),
                         (batch->steps - first + 1) * batch->trials * net->ld_units) &&
         nai__all_finite(batch->activity.output, batch->steps * batch->trials * net->ld_outputs);
}
