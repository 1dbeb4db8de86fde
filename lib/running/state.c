/* A running network: activity of a few trials, moved on step by step and looked at. */
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../network/view.h"
#include "events.h"
#include "meeting.h"
#include "parts.h"
#include "state.h"

/* Of one state: 64 GiB. */
#define MOST_FLOATS ((int64_t)1 << 34)

/* --- life ------------------------------------------------------------------------------------- */

/* Several trials are gone through one after the other, each by itself. */
static nai_status events_of(nai_state *state)
{
  if (state->activity.trials > 1) return NAI_OK;
  return nai__events_create(&state->activity.events, &state->activity);
}

/*
 * Columns by which rows of rates may be narrower: those of ports, and of signals that nothing carries. Releases write
 * beside what they are of.
 */
static int64_t spare_columns(const nai_network *net)
{
  for (int64_t k = 0; k < net->n_blocks; k++)
    if (net->block[k].from_group) return 0;
  return net->n_releases ? 0 : net->ld_units - nai__leading(net->n_units);
}

/* One trial has slots for as many steps as are made at once: rates that are read after them, and outputs. */
static nai__activity shape_of(const nai_network *net, int64_t trials)
{
  nai__activity a = nai__activity_shape(net, trials, 0);
  const int64_t steps = trials == 1 ? nai__parts_window(net) : 1;
  a.rate_slots += steps - 1;
  a.narrower = trials == 1 ? spare_columns(net) : 0;
  a.output_slots = steps;
  return a;
}

static int64_t memory_of(const nai__activity *a)
{
  const nai_network *net = a->net;
  return nai__activity_floats(a) + a->trials * (3 * net->ld_units + net->ld_state) +
         2 * net->ld_units;
}

int64_t nai__state_bytes(const nai_network *plan)
{
  enum { SMALL = 8192 }; /* the handles, and the beginnings of arrays */
  const nai__activity a = shape_of(plan, 1);
  return SMALL + memory_of(&a) * (int64_t)sizeof(float) + plan->ld_units +
         plan->n_nodes * (int64_t)sizeof(nai__node *) + nai__events_bytes(plan, a.rate_slots) +
         nai__meeting_bytes(plan, nai__parts_window(plan)) + nai__scratch_bytes(plan, 1);
}

static nai_status allocate(nai_state *state)
{
  const nai_network *net = state->net;
  int64_t floats = nai__activity_floats(&state->activity),
          rows = state->activity.trials * net->ld_units;
  int64_t states = state->activity.trials * net->ld_state;
  state->n_memory = memory_of(&state->activity);
  state->memory = NAI__ARRAY(float, state->n_memory);
  state->seen = NAI__ARRAY(unsigned char, net->ld_units);
  state->watched = NAI__ARRAY(const nai__node *, net->n_nodes);
  if (!state->memory || !state->seen || !state->watched) return NAI_ERR_MEMORY;
  nai__activity_place(&state->activity, state->memory);
  state->now = state->memory + floats;
  state->own = state->now + rows;
  state->shown = state->own + rows;
  state->taken = state->shown + states;
  state->inject = state->taken + rows;
  state->clamp = state->inject + net->ld_units;
  NAI__TRY(events_of(state));
  NAI__TRY(nai__meeting_create(&state->activity.meeting, net, nai__parts_window(net)));
  return nai__scratch_create(&state->scratch, net, state->activity.trials);
}

static nai_status check_trials(const nai_network *net, int64_t trials)
{
  nai__activity one = nai__activity_shape(net, 1, 0);
  int64_t floats = nai__activity_floats(&one) + 5 * net->ld_units + net->ld_state;
  if (floats > MOST_FLOATS)
    return nai__fail(NAI_ERR_MEMORY, "one trial with these delays takes %lld numbers, at most %lld",
                     (long long)floats, (long long)MOST_FLOATS);
  if (trials < 1 || trials > MOST_FLOATS / floats)
    return nai__fail(NAI_ERR_INVALID, "trials is %lld, must be 1 to %lld", (long long)trials,
                     (long long)(MOST_FLOATS / floats));
  return NAI_OK;
}

static nai_status create(nai_state **out, const nai_network *net, int64_t trials, uint64_t seed)
{
  NAI__TRY(nai__require_built(net, "net"));
  NAI__TRY(check_trials(net, trials));
  if (trials > 1) NAI__TRY(nai__whole_check(net, "a state of several trials"));
  nai_state *state = NAI__NEW(nai_state);
  if (!state) return NAI_ERR_MEMORY;
  state->net = net;
  state->kept = nai__network_keep(net);
  state->activity = shape_of(net, trials);
  state->activity.seed = seed;
  state->schedule.trials = trials;
  nai_status status = allocate(state);
  if (status != NAI_OK) {
    nai_state_destroy(state);
    return status;
  }
  nai_state_reset(state);
  *out = state;
  return NAI_OK;
}

nai_status nai_state_create(nai_state **out, const nai_network *net, int64_t trials, uint64_t seed)
{
  NAI__REQUIRE(out);
  *out = NULL;
  return create(out, net, trials, seed);
}

/* --- threads ---------------------------------------------------------------------------------- */

static int64_t trials_of_part(const nai_state *state, int32_t threads)
{
  return (state->activity.trials + threads - 1) / threads;
}

static void release_threads(nai__pool *pool, nai__scratch *parts)
{
  for (int32_t k = 0; parts && k < nai__pool_threads(pool); k++) nai__scratch_destroy(parts + k);
  nai__free(parts);
  nai__pool_destroy(pool);
}

static nai_status create_parts(nai__scratch **out, const nai_state *state, int32_t threads)
{
  *out = NULL;
  if (state->activity.trials == 1) return NAI_OK;
  *out = NAI__ARRAY(nai__scratch, threads);
  if (!*out) return NAI_ERR_MEMORY;
  for (int32_t k = 0; k < threads; k++)
    NAI__TRY(nai__scratch_create(*out + k, state->net, trials_of_part(state, threads)));
  return NAI_OK;
}

nai_status nai_state_set_threads(nai_state *state, int64_t threads)
{
  NAI__REQUIRE(state);
  nai__pool *pool;
  nai__scratch *parts = NULL;
  NAI__TRY(nai__pool_create(&pool, threads));
  nai_status status = threads > 1 ? create_parts(&parts, state, (int32_t)threads) : NAI_OK;
  if (status != NAI_OK || threads == 1) {
    release_threads(pool, parts);
    pool = NULL;
    parts = NULL;
    NAI__TRY(status);
  }
  release_threads(state->pool, state->parts);
  state->pool = pool;
  state->parts = parts;
  state->activity.pool = state->activity.trials == 1 ? pool : NULL;
  return NAI_OK;
}

typedef struct advance {
  nai_state *state;
  const float *inputs;
} advance;

static void advance_part(void *argument, int64_t task, int32_t thread)
{
  const advance *job = argument;
  nai__activity *a = &job->state->activity;
  const int64_t each = trials_of_part(job->state, nai__pool_threads(job->state->pool)),
                first = task * each, left = a->trials - first;
  if (left <= 0) return;
  nai__advance(a, job->state->time, first, left < each ? left : each,
               job->inputs ? job->inputs + first * a->net->n_inputs : NULL,
               &job->state->parts[thread]);
}

/* To state->time. */
static void move_on(nai_state *state, const float *inputs)
{
  nai__activity *a = &state->activity;
  advance job = {state, inputs};
  if (state->parts)
    nai__pool_run_here(state->pool, a->net->is_bound, nai__pool_threads(state->pool), advance_part,
                       &job);
  else
    nai__advance(a, state->time, 0, a->trials, inputs, &state->scratch);
}

/* --- the end ---------------------------------------------------------------------------------- */

void nai_state_destroy(nai_state *state)
{
  if (!state) return;
  release_threads(state->pool, state->parts);
  nai__scratch_destroy(&state->scratch);
  nai__events_destroy(state->activity.events);
  nai__meeting_destroy(state->activity.meeting);
  nai__schedule_cut(&state->schedule, 0);
  nai__free(state->memory);
  nai__free(state->seen);
  nai__free(state->watched);
  nai_network_destroy(state->kept);
  nai__free(state);
}

/*
 * What units send, of one trial; other columns of the row are those of ports, which send nothing. others: where signals
 * but the first are.
 */
static void copy_sent(const nai_network *net, float *to, const float *from, const float *others)
{
  memcpy(to, from, (size_t)net->n_units * sizeof *to);
  for (int64_t s = 0; s < net->n_segments && net->has_cells; s++) {
    const nai__segment *g = &net->segment[s];
    for (int32_t k = 1; g->cells && k < g->cells->model->ops.n_signals; k++)
      memcpy(to + g->cells->signal[k], others + g->cells->signal[k],
             (size_t)g->units.n * sizeof *to);
  }
  for (int64_t k = 0; k < net->n_releases; k++) {
    const nai__segment *g = &net->release[k].segment;
    memcpy(to + g->cells->signal[0], from + g->cells->signal[0], (size_t)g->units.n * sizeof *to);
  }
}

void nai__state_copy_now(nai_state *state)
{
  const nai__activity *a = &state->activity;
  const int64_t ld = state->net->ld_units;
  const float *rates = nai__rate_at(a, state->time);
  for (int64_t b = 0; b < a->trials; b++)
    copy_sent(state->net, state->now + b * ld, rates + b * ld,
              a->other ? a->other : rates + b * ld);
  if (state->shows & NAI__SHOWS_STATES) nai__state_show(state);
}

/* Nothing has arrived yet. */
static void clear_received(nai_state *state)
{
  size_t bytes = (size_t)(state->activity.trials * state->net->ld_units) * sizeof(float);
  memset(state->taken, 0, bytes);
  if (state->activity.received) memset(state->activity.received, 0, bytes);
}

nai_status nai_state_reset(nai_state *state)
{
  NAI__REQUIRE(state);
  nai__activity *a = &state->activity;
  state->time = 0;
  a->inject = a->clamp = a->own = NULL;
  a->schedule = NULL;
  nai__schedule_cut(&state->schedule, 0);
  for (int64_t u = 0; u < state->net->ld_units; u++) {
    state->inject[u] = 0;
    state->clamp[u] = NAN;
  }
  nai__failure_clear(&a->failed);
  nai__begin(a, 0, a->trials);
  clear_received(state);
  nai__state_copy_now(state);
  nai__state_show(state);
  return nai__failure_raise(&a->failed);
}

/* --- running ---------------------------------------------------------------------------------- */

nai_status nai__state_step(nai_state *state, const float *inputs, float *outputs)
{
  nai__activity *a = &state->activity;
  state->time++;
  move_on(state, inputs);
  if (outputs) nai__copy_outputs(outputs, a, state->time, 0, a->trials);
  return nai__failure_raise(&a->failed);
}

int64_t nai__state_most(const nai_state *state)
{
  return nai__parts_most(&state->activity);
}

/*
 * Steps before ranks meet: what units get from others was sent before the first of them, and what depends on others
 * as they are now, outputs alone, is made when all are known.
 */
static void move_apart(nai_state *state, int64_t steps, const float *inputs)
{
  nai__activity *a = &state->activity;
  const int64_t first = state->time + 1, end = first + steps;
  a->meeting->waits = 1;
  for (int64_t t = first; t < end; t++)
    nai__advance(a, t, 0, 1, inputs ? inputs + (t - first) * a->net->n_inputs : NULL,
                 &state->scratch);
  a->meeting->waits = 0;
  nai__ranks_meet(a, 0, first, end);
  for (int64_t t = first; t < end && a->net->n_outputs; t++)
    nai__read_out(a, t, 0, 1, &state->scratch);
}

nai_status nai__state_steps(nai_state *state, int64_t steps, const float *inputs)
{
  nai__activity *a = &state->activity;
  if (nai__parts_alone(a))
    nai__parts_run(a, state->time + 1, steps);
  else
    move_apart(state, steps, inputs);
  state->time += steps;
  return nai__failure_raise(&a->failed);
}

nai_status nai_state_step(float *outputs, nai_state *state, const float *inputs)
{
  NAI__REQUIRE(state);
  NAI__TRY(nai__inputs_finite(state->net, inputs, 1, state->activity.trials));
  const nai_status status = nai__state_step(state, inputs, outputs);
  nai__state_copy_now(state);
  return status;
}

/* --- looking ---------------------------------------------------------------------------------- */

nai_status nai_state_rates(nai_view *out, const nai_state *state, const char *name)
{
  NAI__TRY(nai__view_check(out));
  NAI__REQUIRE(state);
  const nai__node *node;
  NAI__TRY(nai__node_find(&node, state->net, NAI__KIND(NAI_POPULATIONS), name, "name"));
  nai__view_floats(out, state->now + node->offset, 2, (int64_t[]){state->activity.trials, node->n},
                   (int64_t[]){state->net->ld_units, 1});
  return NAI_OK;
}

int64_t nai_state_time(const nai_state *state)
{
  return state ? state->time : -1;
}

nai_status nai_state_set_first(nai_state *state, uint64_t first)
{
  NAI__REQUIRE(state);
  NAI__TRY(nai__first_check(first, state->activity.trials));
  state->activity.first = first;
  return NAI_OK;
}

nai_status nai_state_set_seed(nai_state *state, uint64_t seed)
{
  NAI__REQUIRE(state);
  state->activity.seed = seed;
  return NAI_OK;
}
