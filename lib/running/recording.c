/* Running a state for several steps, and recording what it does: rows of numbers, or spikes as events. */
#include <assert.h>
#include <limits.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/names.h"
#include "../base/structs.h"
#include "events.h"
#include "meeting.h"
#include "move.h"
#include "state.h"

/* What a call records. */
typedef struct record {
  nai_recording *to;
  nai__variable *variable; /* that are recorded */
  int64_t n_variables;
  nai__variable *traced; /* runs of columns of them, one after the other in a row */
  int64_t n_traced;
  int64_t n_watched;
  int64_t most; /* spikes of one step */
} record;

/* --- rows ------------------------------------------------------------------------------------- */

/* Rates at time t, populations in the order in which they were added: [trials, units]. */
static void copy_rates(const nai_state *state, int64_t t, float *rates)
{
  const nai_network *net = state->net;
  const float *at = nai__rate_at(&state->activity, t);
  for (int64_t b = 0; b < state->activity.trials; b++)
    for (int64_t i = 0; i < net->n_nodes; i++) {
      const nai__node *node = &net->node[i];
      if (node->kind != NAI_POPULATIONS) continue;
      memcpy(rates + b * net->n_units + node->order, at + b * net->ld_units + node->offset,
             (size_t)node->n * sizeof *rates);
    }
}

/* Variables that a list of names means, and what they take of a row together. */
static nai_status find_variables(nai__variable *out, int64_t *n, int64_t *width, nai_state *state,
                                 const char *names)
{
  char entry[NAI__ENTRY];
  int more;
  for (*n = *width = 0; (more = nai__names_next(&names, entry)) == 1; (*n)++) {
    NAI__TRY(nai__variable_find(&out[*n], state, entry, "variables"));
    *width += out[*n].width;
  }
  if (more == 0) return NAI_OK;
  return nai__names_fail_long("variables");
}

static nai_status check_columns(const nai_recording *to, int64_t width, const char *names)
{
  if (!to->columns && to->width == width) return NAI_OK;
  if (!to->columns)
    return nai__fail(NAI_ERR_INVALID, "width is %lld, must be %lld, that of '%.60s' together",
                     (long long)to->width, (long long)width, names);
  if (to->width < 0)
    return nai__fail(NAI_ERR_INVALID, "width is %lld, must be at least 0, the number of columns",
                     (long long)to->width);
  for (int64_t k = 0; k < to->width; k++)
    if (to->columns[k] < 0 || to->columns[k] >= width)
      return nai__fail(
          NAI_ERR_INVALID, "columns[%lld] is %lld, must be 0 to %lld: '%.60s' has %lld numbers",
          (long long)k, (long long)to->columns[k], (long long)(width - 1), names, (long long)width);
  return NAI_OK;
}

/* Adds columns of a variable to runs of columns: to the last run where they are next to it. */
static int64_t add_columns(nai__variable *run, int64_t n, const nai__variable *of, int64_t first,
                           int64_t width)
{
  nai__variable *last = n ? &run[n - 1] : NULL;
  if (last && last->ld == of->ld && last->now + last->width == of->now + first) {
    last->width += width;
    return n;
  }
  run[n] = (nai__variable){of->now + first, width, of->ld};
  return n + 1;
}

/* All columns, or those that are chosen; how many runs there are. */
static int64_t find_runs(nai__variable *run, const nai_recording *to, const nai__variable *variable,
                         int64_t n)
{
  int64_t runs = 0;
  for (int64_t k = 0; k < n && !to->columns; k++)
    runs = add_columns(run, runs, &variable[k], 0, variable[k].width);
  for (int64_t k = 0; k < to->width && to->columns; k++) {
    const nai__variable *of = variable;
    int64_t column = to->columns[k];
    for (; column >= of->width; of++) column -= of->width;
    runs = add_columns(run, runs, of, column, 1);
  }
  return runs;
}

/* Variables now, [trials][width]. */
static void copy_traces(const nai_state *state, const nai__variable *traced, int64_t n,
                        float *traces)
{
  for (int64_t b = 0; b < state->activity.trials; b++)
    for (int64_t k = 0; k < n; k++) {
      memcpy(traces, traced[k].now + b * traced[k].ld, (size_t)traced[k].width * sizeof *traces);
      traces += traced[k].width;
    }
}

/* --- spikes ----------------------------------------------------------------------------------- */

/* The populations whose spikes are recorded, in state->watched, and how many units they have. */
static nai_status find_spiking(int64_t *n, int64_t *units, nai_state *state, const char *names)
{
  const nai_network *net = state->net;
  *n = *units = 0;
  if (!names) return NAI_OK;
  NAI__TRY(nai__names_known(net, NAI__KIND(NAI_POPULATIONS), names, "populations"));
  NAI__EACH_NODE(net, i, NAI__KIND(NAI_POPULATIONS), names) {
    const nai__node *node = &net->node[i];
    if (!nai__spikes(node))
      return nai__fail(NAI_ERR_UNSUPPORTED, "populations: '%s' does not spike: record its rates",
                       node->name);
    state->watched[(*n)++] = node;
    *units += node->n;
  }
  if (*units <= INT32_MAX) return NAI_OK;
  return nai__fail(NAI_ERR_UNSUPPORTED, "populations has %lld units together, at most %d",
                   (long long)*units, INT32_MAX);
}

/* 1 when it is in the list, which ascends. */
static int is_among(const int64_t *units, int64_t n, int64_t unit)
{
  int64_t low = 0, high = n;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (units[middle] < unit)
      low = middle + 1;
    else
      high = middle;
  }
  return low < n && units[low] == unit;
}

/* Adds spikes of some units: as events `like` this one, whose unit is the first of them. */
static nai_spike *add_units(nai_spike *out, nai_spike like, const nai_recording *to,
                            const int32_t *unit, int64_t n)
{
  const int32_t first = like.unit;
  for (int64_t k = 0; k < n; k++) {
    like.unit = first + unit[k];
    if (!to->units || is_among(to->units, to->n_units, like.unit)) *out++ = like;
  }
  return out;
}

/* Of a row of n rates. */
static nai_spike *add_row(nai_spike *out, nai_spike like, const nai_recording *to,
                          const nai__kernels *kernels, const float *rate, int64_t n)
{
  enum { SOME = 256 };
  int32_t unit[SOME];
  for (int64_t looked = 0; looked < n;) {
    const int64_t found = kernels->find_active(unit, SOME, rate, n, &looked);
    out = add_units(out, like, to, unit, found);
  }
  return out;
}

/* Of a population; where who fired is asked for again, for its synapses, it is found once. */
static nai_spike *add_spikes(nai_spike *out, nai_spike like, const nai_recording *to,
                             const nai_state *state, const nai__node *node)
{
  const nai__activity *a = &state->activity;
  const int32_t *unit;
  if (!a->events)
    return add_row(out, like, to, a->net->kernels,
                   nai__rate_at(a, like.step) + like.trial * a->net->ld_units + node->offset,
                   node->n);
  const int64_t n = nai__events_of(&unit, a, node, like.step);
  return add_units(out, like, to, unit, n);
}

/* Spikes of a step that is kept, by trial and unit. */
static void copy_spikes(const nai_state *state, const record *r, int64_t step)
{
  nai_spike *next = r->to->spikes + r->to->n;
  for (int64_t b = 0; b < state->activity.trials; b++) {
    nai_spike like = {.step = step, .trial = (int32_t)b};
    for (int64_t k = 0; k < r->n_watched; k++) {
      next = add_spikes(next, like, r->to, state, state->watched[k]);
      like.unit += (int32_t)state->watched[k]->n;
    }
  }
  r->to->n = next - r->to->spikes;
}

/* --- running ---------------------------------------------------------------------------------- */

static int has_room(const record *r, int64_t steps)
{
  return !r->n_watched || steps * r->most <= r->to->room - r->to->n;
}

/* Of ranks that share the network each has its own units' numbers. */
static nai_status gather_variables(const nai_state *state, const record *r)
{
  for (int64_t k = 0; k < r->n_variables && state->activity.meeting; k++)
    NAI__TRY(nai__ranks_gather(state->activity.meeting, state->net,
                               nai__writable(r->variable[k].now), r->variable[k].width));
  return NAI_OK;
}

/* The next row, of time t: outputs and rates of steps made at once are kept, variables are those of the last one. */
static nai_status copy_row(nai_state *state, const record *r, int64_t t)
{
  const nai_network *net = state->net;
  nai_recording *to = r->to;
  const int64_t trials = state->activity.trials, at = to->rows++ * trials;
  if (to->outputs)
    nai__copy_outputs(to->outputs + at * net->n_outputs, &state->activity, t, 0, trials);
  if (to->rates) copy_rates(state, t, to->rates + at * net->n_units);
  if (!r->n_traced) return NAI_OK;
  nai__state_copy_now(state);
  NAI__TRY(gather_variables(state, r));
  copy_traces(state, r->traced, r->n_traced, to->traces + at * to->width);
  return NAI_OK;
}

/*
 * How many of the steps that are left are made at once: up to the next row with variables, if there is one, and as
 * many as there is room for. There is for one.
 */
static int64_t steps_at_once(const nai_state *state, int64_t left, const record *r)
{
  int64_t steps = nai__state_most(state);
  const int64_t room = r->most > 0 ? (r->to->room - r->to->n) / r->most : steps;
  if (r->n_traced && steps > r->to->every - r->to->since) steps = r->to->every - r->to->since;
  if (steps > left) steps = left;
  return steps < room ? steps : room > 1 ? room : 1;
}

/* From step t of the call on. */
static nai_status run_some(nai_state *state, int64_t t, int64_t steps, const float *inputs,
                           const record *r)
{
  nai_recording *to = r->to;
  const int64_t row = state->activity.trials * state->net->n_inputs;
  const float *given = inputs ? inputs + t * row : NULL;
  NAI__TRY(steps > 1 ? nai__state_steps(state, steps, given) : nai__state_step(state, given, NULL));
  to->made = t + steps;
  for (int64_t k = state->time - steps + 1; k <= state->time; k++) {
    if (r->n_watched) copy_spikes(state, r, k);
    if (++to->since < to->every) continue;
    to->since = 0;
    NAI__TRY(copy_row(state, r, k));
  }
  return NAI_OK;
}

static nai_status run(nai_state *state, int64_t steps, const float *inputs, const record *r)
{
  nai_status status = NAI_OK;
  NAI__TRY(nai__inputs_finite(state->net, inputs, steps, state->activity.trials));
  assert(r->to->every > 0 && r->to->since >= 0 && r->to->since < r->to->every);
  for (int64_t t = 0, some; t < steps && status == NAI_OK && has_room(r, 1); t += some) {
    some = steps_at_once(state, steps - t, r);
    status = run_some(state, t, some, inputs, r);
  }
  nai__state_copy_now(state); /* once, where none of the steps asked for it */
  return status;
}

static nai_status check_steps(int64_t steps)
{
  if (steps >= 0) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID, "steps is %lld, must be at least 0", (long long)steps);
}

static int64_t count_entries(const char *names)
{
  char entry[NAI__ENTRY];
  int64_t n = 0;
  while (nai__names_next(&names, entry) == 1) n++;
  return n;
}

/* What of the variables goes into a row, in `runs` with room for one of each column. */
static nai_status find_traces(nai__variable *runs, record *r, nai_state *state, const char *names)
{
  int64_t width;
  r->variable = NAI__ARRAY(nai__variable, count_entries(names) + 1);
  if (!r->variable) return NAI_ERR_MEMORY;
  NAI__TRY(find_variables(r->variable, &r->n_variables, &width, state, names));
  NAI__TRY(check_columns(r->to, width, names));
  r->n_traced = find_runs(runs, r->to, r->variable, r->n_variables);
  return NAI_OK;
}

/* The same with variables, of which there are some. */
static nai_status run_traced(nai_state *state, int64_t steps, const float *inputs, record *r,
                             const char *names)
{
  if (!r->to->traces) return nai__fail_null("traces");
  r->traced = NAI__ARRAY(nai__variable, r->to->width > 0 ? r->to->width : 1);
  if (!r->traced) return NAI_ERR_MEMORY;
  nai_status status = find_traces(r->traced, r, state, names);
  if (status == NAI_OK) status = run(state, steps, inputs, r);
  nai__free(r->traced);
  nai__free(r->variable);
  return status;
}

nai_status nai_state_run(float *outputs, float *rates, nai_state *state, int64_t steps,
                         const float *inputs)
{
  NAI__REQUIRE(state);
  NAI__TRY(check_steps(steps));
  nai_recording to = {.outputs = outputs, .rates = rates, .every = 1};
  return run(state, steps, inputs, &(record){.to = &to});
}

static nai_status check_room(const nai_recording *to, int64_t most)
{
  if (!to->populations) return NAI_OK;
  if (!to->spikes) return nai__fail_null("spikes");
  if (to->room < most)
    return nai__fail(NAI_ERR_INVALID,
                     "room is %lld, must be at least %lld: all units of '%.60s' may fire at a step",
                     (long long)to->room, (long long)most, to->populations);
  if (to->n < 0 || to->n > to->room)
    return nai__fail(NAI_ERR_INVALID, "n is %lld, must be 0 to %lld, the room that there is",
                     (long long)to->n, (long long)to->room);
  return NAI_OK;
}

/* How often there are rows: 0 is each step. */
static nai_status check_rows(nai_recording *to)
{
  if (to->every < 0)
    return nai__fail(NAI_ERR_INVALID, "every is %lld, must be at least 1, or 0 for each step",
                     (long long)to->every);
  if (to->every == 0) to->every = 1;
  if (to->since >= 0 && to->since < to->every) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID, "since is %lld, must be 0 to %lld, below every",
                   (long long)to->since, (long long)(to->every - 1));
}

/* How many may fire at a step. */
static nai_status check_units(int64_t *most, const nai_recording *to, int64_t units)
{
  *most = to->units ? to->n_units : units;
  if (!to->units) return NAI_OK;
  if (to->n_units < 0)
    return nai__fail(NAI_ERR_INVALID, "n_units is %lld, must be at least 0",
                     (long long)to->n_units);
  for (int64_t k = 0; k < to->n_units; k++) {
    const int64_t unit = to->units[k];
    if (unit < 0 || unit >= units)
      return nai__fail(NAI_ERR_INVALID, "units[%lld] is %lld, must be 0 to %lld: below %lld units",
                       (long long)k, (long long)unit, (long long)(units - 1), (long long)units);
    if (k && unit <= to->units[k - 1])
      return nai__fail(NAI_ERR_INVALID,
                       "units[%lld] is %lld, after %lld: they must ascend, none twice",
                       (long long)k, (long long)unit, (long long)to->units[k - 1]);
  }
  return NAI_OK;
}

static nai_status record_all(nai_state *state, int64_t steps, const float *inputs,
                             nai_recording *to)
{
  record r = {.to = to};
  int64_t units;
  NAI__TRY(check_steps(steps));
  NAI__TRY(check_rows(to));
  NAI__TRY(find_spiking(&r.n_watched, &units, state, to->populations));
  if (to->populations) NAI__TRY(check_units(&r.most, to, units));
  r.most *= state->activity.trials;
  NAI__TRY(check_room(to, r.most));
  if (to->variables) return run_traced(state, steps, inputs, &r, to->variables);
  return run(state, steps, inputs, &r);
}

nai_status nai_state_record(nai_recording *to, nai_state *state, int64_t steps, const float *inputs)
{
  nai_recording ours;
  NAI__REQUIRE(state);
  NAI__TRY(nai__struct_take(&ours, sizeof ours, to, NAI__FIRST_SIZE(nai_recording, n_units), "to"));
  NAI__TRY(nai__struct_reserved(ours.reserved, "to"));
  ours.made = ours.rows = 0;
  nai_status status = record_all(state, steps, inputs, &ours);
  to->n = ours.n;
  to->made = ours.made;
  to->since = ours.since;
  to->rows = ours.rows;
  return status;
}
