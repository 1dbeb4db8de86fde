/* The memory of a batch. */
#include "batch.h"

#include <assert.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../running/move.h"

/* Kernels may read a vector past the end of a row. */
#define SLACK 64

/* Trials of the largest group; and the fewest of lists, which take vectors of trials. */
#define ROWS 32
#define LISTED 16

static int has_lists(const nai_network *net)
{
  for (int64_t i = 0; i < net->n_blocks; i++)
    if (net->block[i].listing.forward) return 1;
  return 0;
}

/*
 * Trials that are worked on together. Only a function of the batch: so bits do not depend on
 * threads. Few enough that their rates stay in cache and that threads find work, many enough that a
 * product pays.
 */
static int64_t rows_of(const nai_network *net, int64_t trials)
{
  if (net->is_bound) return trials; /* all at once, on the thread that calls */
  if (has_lists(net)) trials *= 2;  /* a synapse's weight and number are read once a group */
  return trials <= 32 ? NAI__SMALLEST_GROUP : trials <= 64 ? 16 : ROWS;
}

/*
 * Trials whose bias gradients and costs are one sum: as many as are ever worked on together by as many
 * threads as may be, so that bits do not depend on threads. Where products of a few trials have bits of
 * their own that is the whole group.
 */
static int64_t summed_of(const nai_network *net, int64_t rows)
{
  if (net->is_bound || net->kernels->outer_rows) return rows;
  return has_lists(net) && rows >= LISTED ? LISTED : NAI__SMALLEST_GROUP;
}

/* Trials that the busiest of some threads meets, where each takes so many at a time. */
static int64_t most_met(const nai__batch *batch, int64_t rows, int64_t threads)
{
  const int64_t times = nai__tasks_of(batch->trials, rows),
                most = (times + threads - 1) / threads * rows;
  return most < batch->trials ? most : batch->trials;
}

/*
 * Trials that one thread takes through time: those of a group; or a part of one, where more threads find
 * work then. Each trial takes a little longer among few.
 */
static int64_t walked_of(const nai__batch *batch, int64_t threads)
{
  int64_t rows = batch->rows;
  while (rows > batch->summed &&
         10 * most_met(batch, rows / 2, threads) < 9 * most_met(batch, rows, threads))
    rows /= 2;
  return rows;
}

/*
 * A group's errors and rates are in the cache of the thread that has made them, and its weight gradient
 * is best made there: where the sums that this takes are small beside these. Whole matrices are faster
 * with all trials at once.
 */
#define SMALL_SUMS 16

/* Floats of sums of all groups but the first; 0: all trials have one sum. */
static int64_t sums_of(const nai_network *net, int64_t steps, int64_t trials)
{
  const int64_t rows = rows_of(net, trials), groups = nai__tasks_of(trials, rows);
  if (!has_lists(net) || !net->kernels->list_rows || net->kernels->outer_rows) return 0;
  return net->n_theta <= steps * rows * net->ld_units / SMALL_SUMS ? (groups - 1) * net->n_theta
                                                                   : 0;
}

static void release(nai__batch *batch)
{
  nai__activity *a = &batch->activity;
  float **array[] = {&a->rate,        &a->drive,
                     &a->x,           &a->noise,
                     &a->input_noise, &a->current,
                     &a->input,       &a->output,
                     &a->held,        &batch->output_gradient,
                     &batch->signal,  &batch->carry,
                     &batch->start,   &a->state,
                     &a->received,    &batch->state_carry,
                     &batch->mark,    &batch->sums};
  for (size_t i = 0; i < sizeof array / sizeof *array; i++) {
    nai__free(*array[i]);
    *array[i] = NULL;
  }
  nai__free(batch->bias_sum);
  nai__free(batch->output_bias);
  batch->bias_sum = batch->output_bias = NULL;
  batch->steps_room = batch->trials_room = batch->span_room = batch->marks_room = 0;
  batch->sums_room = 0;
  batch->steps = 0;
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

typedef struct room {
  int64_t steps, trials, span, marks;
} room;

static int64_t larger(int64_t a, int64_t b)
{
  return a > b ? a : b;
}

/* For so many steps and trials, and what there was room for before. */
static room room_of(const nai__batch *batch, const nai_network *net, int64_t steps, int64_t trials,
                    int64_t recompute)
{
  nai__spans spans = nai__spans_of(net, steps, recompute);
  if (recompute != batch->recompute) return (room){steps, trials, spans.steps, spans.n - 1};
  return (room){larger(steps, batch->steps_room), larger(trials, batch->trials_room),
                larger(spans.steps, batch->span_room), larger(spans.n - 1, batch->marks_room)};
}

static int64_t signal_slots(const nai_network *net, const room *room)
{
  return room->span + (room->marks ? net->max_delay : 0);
}

static nai_status allocate(nai__batch *batch, const nai_network *net, const room *room)
{
  nai__activity *a = &batch->activity;
  int64_t trials = room->trials, units = trials * net->ld_units, outputs = trials * net->ld_outputs,
          rates = nai__rate_slots(net, room->span) * units;
  a->rate = NAI__ARRAY(float, rates + SLACK);
  a->drive = net->has_rate_leak ? NAI__ARRAY(float, room->span *units + SLACK) : NULL;
  a->x = NAI__ARRAY(float, units + SLACK);
  a->noise = NAI__ARRAY(float, units + SLACK);
  a->input_noise = NAI__ARRAY(float, trials * net->ld_inputs + SLACK);
  if (batch->keeps_currents) /* as long as rates: the rule may put what it makes of these there */
    a->current = NAI__ARRAY(float, rates + SLACK);
  a->input = NAI__ARRAY(float, nai__input_slots(net, room->span) * trials * net->ld_inputs + SLACK);
  a->output = NAI__ARRAY(float, room->steps *outputs + SLACK);
  a->held = NAI__ARRAY(float, outputs + SLACK);
  batch->output_gradient = NAI__ARRAY(float, room->steps *outputs + SLACK);
  batch->signal = NAI__ARRAY(float, signal_slots(net, room) * units + SLACK);
  batch->carry = NAI__ARRAY(float, units + SLACK);
  batch->start = NAI__ARRAY(float, units + SLACK);
  batch->bias_sum = NAI__ARRAY(double, nai__most_groups(trials) * nai__numbers_width(net));
  batch->output_bias = NAI__ARRAY(double, net->ld_outputs + 1);
  batch->mark = NAI__ARRAY(float, room->marks *trials *nai__mark_floats(net) + 1);
  if (net->has_cells) {
    a->received = NAI__ARRAY(float, room->span *units + SLACK);
    a->state =
        NAI__ARRAY(float, nai__state_slots(net, room->span) * trials * net->ld_state + SLACK);
    batch->state_carry = NAI__ARRAY(float, trials * net->ld_state + SLACK);
  }
  if (a->rate && (a->drive || !net->has_rate_leak) && a->x && a->noise && a->input_noise &&
      (a->current || !batch->keeps_currents) && a->input && a->output && a->held &&
      batch->output_gradient && batch->signal && batch->carry && batch->start && batch->bias_sum &&
      batch->output_bias && batch->mark &&
      (!net->has_cells || (a->received && a->state && batch->state_carry))) {
    batch->steps_room = room->steps;
    batch->trials_room = trials;
    batch->span_room = room->span;
    batch->marks_room = room->marks;
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
    int64_t floats = nai__block_scratch(net, &net->block[i]);
    if (floats > most) most = floats;
  }
  return most;
}

int64_t nai__batch_bytes(const nai__batch *batch, const nai_network *net, int64_t steps,
                         int64_t trials, const nai__means *means)
{
  room room = room_of(batch, net, steps, trials, means->recompute);
  int64_t ld = net->ld_units > net->ld_inputs ? net->ld_units : net->ld_inputs, span = room.span;
  int64_t units = nai__rate_slots(net, span) * (batch->keeps_currents ? 2 : 1) +
                  signal_slots(net, &room) + (net->has_rate_leak ? span : 0) + 3;
  if (net->has_cells) units += span;
  int64_t floats = units * net->ld_units + nai__input_slots(net, span) * net->ld_inputs +
                   (2 * room.steps + 1) * net->ld_outputs +
                   (nai__state_slots(net, span) + 1) * net->ld_state +
                   room.marks * nai__mark_floats(net);
  return (room.trials * floats + sums_of(net, span, room.trials) +
          means->threads * (3 * ROWS * ld + outer_floats(net))) *
             (int64_t)sizeof(float) +
         nai__most_groups(room.trials) * nai__numbers_width(net) * (int64_t)sizeof(double);
}

static nai_status allocate_threads(nai__batch *batch, const nai_network *net, int32_t threads)
{
  int64_t most = batch->outer_room = outer_floats(net);
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

static int fits(const nai__batch *batch, const room *room, int64_t recompute)
{
  return recompute == batch->recompute && room->steps <= batch->steps_room &&
         room->trials <= batch->trials_room && room->span <= batch->span_room &&
         room->marks <= batch->marks_room;
}

int nai__batch_has_room(const nai__batch *batch, const nai_network *net, const nai_trials *trials,
                        const nai__means *means)
{
  room room = room_of(batch, net, trials->capacity, trials->trials, means->recompute);
  return fits(batch, &room, means->recompute) && means->threads == batch->threads &&
         outer_floats(net) <= batch->outer_room &&
         sums_of(net, room.span, trials->trials) <= batch->sums_room;
}

static nai_status make_room(nai__batch *batch, const nai_network *net, const nai_trials *trials,
                            int64_t recompute)
{
  room room = room_of(batch, net, trials->capacity, trials->trials, recompute);
  if (fits(batch, &room, recompute)) return NAI_OK;
  if (net->is_bound) release_threads(batch); /* their room goes by trials */
  release(batch);
  batch->recompute = recompute;
  return allocate(batch, net, &room);
}

/* For the batch at hand, and for others that there is room for. */
static nai_status make_sums(nai__batch *batch, const nai_network *net, int64_t steps,
                            int64_t trials)
{
  const int64_t floats =
      larger(sums_of(net, steps, trials), sums_of(net, batch->span_room, batch->trials_room));
  if (floats <= batch->sums_room) return NAI_OK;
  nai__free(batch->sums);
  batch->sums_room = 0;
  batch->sums = NAI__ARRAY(float, floats + SLACK);
  if (!batch->sums) return NAI_ERR_MEMORY;
  batch->sums_room = floats;
  return NAI_OK;
}

static void shape(nai__activity *a, const nai_network *net, const nai__batch *batch)
{
  a->net = net;
  a->trials = batch->trials;
  a->base = 0;
  a->rate_slots = nai__rate_slots(net, batch->spans.steps);
  a->input_slots = nai__input_slots(net, batch->spans.steps);
  a->step_slots = batch->spans.steps;
  a->output_slots = batch->steps;
  a->state_slots = nai__state_slots(net, batch->spans.steps);
}

nai_status nai__batch_prepare(nai__batch *batch, const nai_network *net, const nai_trials *trials,
                              const nai__means *means)
{
  int32_t threads = means->threads;
  NAI__TRY(make_room(batch, net, trials, means->recompute));
  if (threads != batch->threads || outer_floats(net) > batch->outer_room) {
    release_threads(batch); /* where a mask has left few synapses, their lists want another room */
    nai_status status = allocate_threads(batch, net, threads);
    if (status != NAI_OK) {
      release_threads(batch);
      return status;
    }
  }
  batch->steps = trials->steps;
  batch->trials = trials->trials;
  batch->before = 0;
  batch->rows = rows_of(net, trials->trials);
  batch->summed = summed_of(net, batch->rows);
  batch->walked = walked_of(batch, threads);
  int64_t length = nai__spans_of(net, trials->capacity, means->recompute).steps;
  batch->spans = nai__spans_of(net, trials->steps, length);
  NAI__TRY(make_sums(batch, net, batch->spans.steps, batch->trials));
  batch->by_groups = sums_of(net, batch->spans.steps, batch->trials) > 0;
  shape(&batch->activity, net, batch);
  return NAI_OK;
}
