/*
 * Running a batch of trials forward: blocks of rows go to threads, and each thread takes its rows
 * through all steps.
 */
#include "forward.h"

#include <assert.h>
#include <string.h>

#include "../base/error.h"
#include "../base/finite.h"
#include "../base/memory.h"

/* Multiplications between two questions, some milliseconds; what a small step and a unit count as. */
#define WORK_BETWEEN 10000000
#define STEP_COSTS 2000
#define UNIT_COSTS 20

static nai_status allocate(nai__forward *f, int64_t steps, int64_t trials)
{
  const nai_network *net = f->net;
  f->room = trials;
  f->rows = net->is_bound && trials > NAI__FORWARD_ROWS ? trials : NAI__FORWARD_ROWS;
  NAI__TRY(nai__activity_create(&f->activity, net, trials, 0));
  f->output = NAI__ARRAY(float, steps *trials * net->n_outputs);
  f->scratch = NAI__ARRAY(nai__scratch, nai__pool_threads(f->pool));
  if (!f->output || !f->scratch) return NAI_ERR_MEMORY;
  for (int32_t k = 0; k < nai__pool_threads(f->pool); k++)
    NAI__TRY(nai__scratch_create(&f->scratch[k], net, f->rows));
  return NAI_OK;
}

nai_status nai__forward_create(nai__forward *out, const nai_network *net, int64_t steps,
                               int64_t trials, int64_t threads)
{
  *out = (nai__forward){.net = net};
  nai_status status = nai__pool_create(&out->pool, threads);
  if (status == NAI_OK) status = allocate(out, steps, trials);
  if (status != NAI_OK) nai__forward_destroy(out);
  return status;
}

void nai__forward_destroy(nai__forward *forward)
{
  for (int32_t k = 0; forward->scratch && k < nai__pool_threads(forward->pool); k++)
    nai__scratch_destroy(&forward->scratch[k]);
  nai__pool_destroy(forward->pool);
  nai__free(forward->scratch);
  nai__activity_destroy(&forward->activity);
  nai__free(forward->output);
  memset(forward, 0, sizeof *forward);
}

/* On the calling thread, and not at every step: asking may take longer than a small network's. */
static void ask(nai__forward *f, int64_t rows)
{
  f->work += rows * (f->net->n_theta + UNIT_COSTS * f->net->n_units) + STEP_COSTS;
  if (!f->ask || f->work < WORK_BETWEEN) return;
  f->work = 0;
  f->answer = f->ask(f->who);
  if (f->answer != NAI_OK) atomic_store_explicit(&f->over, 1, memory_order_relaxed);
}

static void run_rows(void *argument, int64_t task, int32_t thread)
{
  nai__forward *f = argument;
  const nai_trials *trials = f->trials;
  int64_t row = task * f->rows, rows = nai__task_from(row, f->count, f->rows);
  if (f->from == 0) nai__begin(&f->activity, row, rows);
  for (int64_t t = f->from + 1; t <= f->end; t++) {
    if (atomic_load_explicit(&f->over, memory_order_relaxed)) return;
    int64_t at = (t - 1) * trials->trials + f->first + row;
    nai__advance(&f->activity, t, row, rows, trials->input + at * trials->n_inputs,
                 &f->scratch[thread]);
    nai__copy_outputs(f->output + ((t - 1) * f->count + row) * f->net->n_outputs, &f->activity, t,
                      row, rows);
    if (f->ask) atomic_fetch_add_explicit(&f->advanced, rows, memory_order_relaxed);
    if (thread == 0) ask(f, rows);
  }
}

int64_t nai__forward_done(nai__forward *forward)
{
  return atomic_load_explicit(&forward->advanced, memory_order_relaxed) / forward->trials->steps;
}

static nai_status run_steps(nai__forward *forward, int64_t from, int64_t end)
{
  forward->from = from;
  forward->end = end;
  nai__pool_run(forward->pool, nai__tasks_of(forward->count, forward->rows), run_rows, forward);
  NAI__TRY(nai__failure_raise(&forward->activity.failed));
  return forward->answer;
}

nai_status nai__forward_run(nai__forward *forward, const nai_trials *trials, int64_t first,
                            int64_t count, uint64_t seed)
{
  const nai_task *task = forward->task;
  int64_t n = trials->n_outputs;
  const nai__done done = {forward->output, count * n, n};
  int in_parts = trials->own > 1 && forward->before;
  assert(count <= forward->room && first + count <= trials->trials);
  assert(!task || (trials == forward->answered && first == 0 && count == trials->trials));
  forward->trials = trials;
  forward->first = first;
  forward->count = count;
  forward->activity.seed = seed;
  forward->activity.first = trials->first + (uint64_t)first;
  forward->answer = NAI_OK;
  nai__failure_clear(&forward->activity.failed);
  atomic_store_explicit(&forward->over, 0, memory_order_relaxed);
  atomic_store_explicit(&forward->advanced, 0, memory_order_relaxed);
  for (int64_t step = 0, next; step < trials->steps; step = next) {
    next = task || in_parts ? nai__task_next_stop(trials, step, -1) : trials->steps;
    if (in_parts) forward->before(forward->who, step);
    NAI__TRY(run_steps(forward, step, next));
    if (task) NAI__TRY(nai__task_respond(forward->answered, task, next, -1, &done));
  }
  return NAI_OK;
}

int nai__forward_finite(const nai__forward *forward, int64_t row)
{
  const nai__activity *a = &forward->activity;
  const nai_network *net = forward->net;
  int64_t steps = forward->trials->steps, at = row * net->ld_units, n = net->n_outputs;
  int finite = nai__all_finite(nai__rate_at(a, steps) + at, net->n_columns) &&
               nai__all_finite(a->x + at, net->n_columns);
  if (finite && a->state)
    finite = nai__all_finite(nai__state_at(a, steps) + row * net->ld_state, net->ld_state);
  for (int64_t t = 0; finite && t < steps; t++)
    finite = nai__all_finite(forward->output + (t * forward->count + row) * n, n);
  return finite;
}
