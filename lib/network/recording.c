/* Running a state for several steps, and recording what it does: rows of numbers, or spikes as events. */
#include <limits.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/names.h"
#include "../base/structs.h"
#include "events.h"
#include "state.h"

/* What a call records. */
typedef struct record {
  nai_recording *to;
  nai__variable *traced;
  int64_t n_traced;
  int64_t n_watched;
  int64_t most; /* spikes of one step */
} record;

/* --- rows ------------------------------------------------------------------------------------- */

/* Rates now, populations in the order in which they were added: [trials, units]. */
static void copy_rates(const nai_state *state, float *rates)
{
  const nai_network *net = state->net;
  for (int64_t b = 0; b < state->activity.trials; b++)
    for (int64_t i = 0; i < net->n_nodes; i++) {
      const nai__node *node = &net->node[i];
      if (node->kind != NAI_POPULATIONS) continue;
      memcpy(rates + b * net->n_units + node->order, state->now + b * net->ld_units + node->offset,
             (size_t)node->n * sizeof *rates);
    }
}

/* Variables that a list of names means, one after the other, and what they take of a row. */
static nai_status find_traces(nai__variable *out, nai_state *state, const char *names,
                              int64_t width)
{
  char entry[NAI__ENTRY];
  const char *rest = names;
  int64_t n = 0, found = 0;
  int more;
  while ((more = nai__names_next(&rest, entry)) == 1) {
    NAI__TRY(nai__variable_find(&out[n], state, entry));
    found += out[n++].width;
  }
  if (more < 0) return nai__fail(NAI_ERR_NAME, "names has an entry of more than 63 characters");
  if (found == width) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID, "width is %lld, must be %lld, that of '%.60s' together",
                   (long long)width, (long long)found, names);
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

/* Adds spikes of some units: as events `like` this one, whose unit is the first of them. */
static nai_spike *add_units(nai_spike *out, nai_spike like, const int32_t *unit, int64_t n)
{
  const int32_t first = like.unit;
  for (int64_t k = 0; k < n; k++) {
    like.unit = first + unit[k];
    *out++ = like;
  }
  return out;
}

/* Of a row of n rates. */
static nai_spike *add_row(nai_spike *out, nai_spike like, const nai__kernels *kernels,
                          const float *rate, int64_t n)
{
  enum { SOME = 256 };
  int32_t unit[SOME];
  for (int64_t looked = 0; looked < n;) {
    const int64_t found = kernels->find_active(unit, SOME, rate, n, &looked);
    out = add_units(out, like, unit, found);
  }
  return out;
}

/* Of a population; where who fired is asked for again, for its synapses, it is found once. */
static nai_spike *add_spikes(nai_spike *out, nai_spike like, const nai_state *state,
                             const nai__node *node)
{
  const nai__activity *a = &state->activity;
  const int32_t *unit;
  if (!a->events)
    return add_row(out, like, a->net->kernels,
                   nai__rate_at(a, like.step) + like.trial * a->net->ld_units + node->offset,
                   node->n);
  const int64_t n = nai__events_of(&unit, a, node, like.step);
  return add_units(out, like, unit, n);
}

/* Spikes of a step that is kept, by trial and unit. */
static void copy_spikes(const nai_state *state, const record *r, int64_t step)
{
  nai_spike *next = r->to->spikes + r->to->n;
  for (int64_t b = 0; b < state->activity.trials; b++) {
    nai_spike like = {.step = step, .trial = (int32_t)b};
    for (int64_t k = 0; k < r->n_watched; k++) {
      next = add_spikes(next, like, state, state->watched[k]);
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

/* Step t of the call. */
static nai_status run_step(nai_state *state, int64_t t, const float *inputs, const record *r)
{
  const nai_network *net = state->net;
  nai_recording *to = r->to;
  const int64_t trials = state->activity.trials;
  NAI__TRY(nai__state_step(state, inputs ? inputs + t * trials * net->n_inputs : NULL,
                           to->outputs ? to->outputs + t * trials * net->n_outputs : NULL));
  if (to->rates || r->n_traced) nai__state_copy_now(state);
  if (to->rates) copy_rates(state, to->rates + t * trials * net->n_units);
  if (r->n_traced) copy_traces(state, r->traced, r->n_traced, to->traces + t * trials * to->width);
  return NAI_OK;
}

/* How many of the steps that are left are made at once: of some nothing but spikes is recorded. */
static int64_t steps_at_once(const nai_state *state, int64_t left, const record *r)
{
  const int64_t most = r->to->rates || r->n_traced ? 1 : nai__state_most(state),
                steps = left < most ? left : most;
  return has_room(r, steps) ? steps : 1;
}

/* From step t of the call on. */
static nai_status run_some(nai_state *state, int64_t t, int64_t steps, const float *inputs,
                           const record *r)
{
  if (steps > 1)
    NAI__TRY(nai__state_steps(state, steps));
  else
    NAI__TRY(run_step(state, t, inputs, r));
  for (int64_t k = 0; k < steps && r->n_watched; k++)
    copy_spikes(state, r, state->time - steps + 1 + k);
  r->to->made = t + steps;
  return NAI_OK;
}

static nai_status run(nai_state *state, int64_t steps, const float *inputs, const record *r)
{
  nai_status status = NAI_OK;
  NAI__TRY(nai__inputs_finite(state->net, inputs, steps, state->activity.trials));
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

/* The same with variables, of which there are some. */
static nai_status run_traced(nai_state *state, int64_t steps, const float *inputs, record *r,
                             const char *names)
{
  if (!r->to->traces) return nai__fail_null("traces");
  r->n_traced = count_entries(names);
  r->traced = NAI__ARRAY(nai__variable, r->n_traced + 1);
  if (!r->traced) return NAI_ERR_MEMORY;
  nai_status status = find_traces(r->traced, state, names, r->to->width);
  if (status == NAI_OK) status = run(state, steps, inputs, r);
  nai__free(r->traced);
  return status;
}

nai_status nai_state_run(nai_state *state, int64_t steps, const float *inputs, float *outputs,
                         float *rates)
{
  NAI__REQUIRE(state);
  NAI__TRY(check_steps(steps));
  nai_recording to = {.outputs = outputs, .rates = rates};
  return run(state, steps, inputs, &(record){.to = &to});
}

nai_status nai_state_record(nai_state *state, int64_t steps, const float *inputs, float *outputs,
                            float *rates, const char *names, float *traces, int64_t width)
{
  NAI__REQUIRE(state);
  NAI__REQUIRE(names);
  NAI__TRY(check_steps(steps));
  nai_recording to = {.outputs = outputs, .rates = rates, .traces = traces, .width = width};
  return run_traced(state, steps, inputs, &(record){.to = &to}, names);
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

static nai_status record_spikes(nai_state *state, int64_t steps, const float *inputs,
                                nai_recording *to)
{
  record r = {.to = to};
  int64_t units;
  NAI__TRY(check_steps(steps));
  NAI__TRY(find_spiking(&r.n_watched, &units, state, to->populations));
  r.most = units * state->activity.trials;
  NAI__TRY(check_room(to, r.most));
  if (to->variables) return run_traced(state, steps, inputs, &r, to->variables);
  return run(state, steps, inputs, &r);
}

nai_status nai_state_record_spikes(nai_state *state, int64_t steps, const float *inputs,
                                   nai_recording *to)
{
  nai_recording ours;
  NAI__REQUIRE(state);
  NAI__TRY(nai__struct_take(&ours, sizeof ours, to, NAI__FIRST_SIZE(nai_recording, width), "to"));
  ours.made = 0;
  nai_status status = record_spikes(state, steps, inputs, &ours);
  to->n = ours.n;
  to->made = ours.made;
  return status;
}
