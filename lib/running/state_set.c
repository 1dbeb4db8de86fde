/*
 * What the activity of a population is made of, shown and set. Of rate units with the leak on the current
 * it is the currents, of which the rates are a function; where it is on the rate, the rates alone; of
 * other units the states of their model. What is sent now follows from what is set, as far as it does;
 * at time 0 so does what is under way in delays.
 */
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/finite.h"
#include "../base/names.h"
#include "../network/view.h"
#include "move.h"
#include "release.h"
#include "state.h"

static nai_status find(const nai__node **out, const nai_state *state, const char *name)
{
  NAI__REQUIRE(state);
  return nai__node_find(out, state->net, NAI__KIND(NAI_POPULATIONS), name, "name");
}

/* States of other models are their own. */
static nai_status require_rate_units(const nai__node *node)
{
  if (!node->cells) return NAI_OK;
  return nai__fail(NAI_ERR_UNSUPPORTED,
                   "'%s' is of model '%s': only rate units are read and set so", node->name,
                   node->cells->model->ops.name);
}

static nai_status require_currents(const nai__node *node)
{
  NAI__TRY(require_rate_units(node));
  if (node->leak == NAI_LEAK_CURRENT) return NAI_OK;
  return nai__fail(
      NAI_ERR_UNSUPPORTED,
      "'%s' has its leak %s, and so no currents that last: its rates are what can be read and set",
      node->name, nai__leak_place(node->leak));
}

nai_status nai_state_currents(nai_view *out, const nai_state *state, const char *name)
{
  NAI__TRY(nai__view_check(out));
  const nai__node *node;
  NAI__TRY(find(&node, state, name));
  NAI__TRY(require_currents(node));
  nai__view_floats(out, state->activity.x + node->offset, 2,
                   (int64_t[]){state->activity.trials, node->n},
                   (int64_t[]){state->net->ld_units, 1});
  return NAI_OK;
}

/* --- values ----------------------------------------------------------------------------------- */

/* What is set, of all trials or the same in each: [trials or 1][n]. */
typedef struct values {
  const float *row;
  int64_t trials, n;
} values;

static const float *row_of(const values *v, int64_t trial)
{
  return v->row + (v->trials == 1 ? 0 : trial) * v->n;
}

static nai_status check_finite(const values *v, const char *what)
{
  int64_t at = 0;
  if (nai__all_finite(v->row, v->trials * v->n)) return NAI_OK;
  while (isfinite(v->row[at])) at++;
  return nai__fail(NAI_ERR_NONFINITE, "%s[%lld][%lld] is %g, must be finite", what,
                   (long long)(at / v->n), (long long)(at % v->n), (double)v->row[at]);
}

/* `n` numbers of each trial that `whose` has. */
static nai_status check_values(const nai_state *state, const values *v, int64_t n, const char *what,
                               const char *whose)
{
  const int64_t trials = state->activity.trials;
  if (!v->row) return nai__fail_null(what);
  if (v->n != n)
    return nai__fail(NAI_ERR_INVALID, "n is %lld, must be %lld, the units of '%s'", (long long)v->n,
                     (long long)n, whose);
  if (v->trials != trials && v->trials != 1)
    return nai__fail(NAI_ERR_INVALID, "trials is %lld, must be 1 or %lld", (long long)v->trials,
                     (long long)trials);
  return check_finite(v, what);
}

/* Within what the field allows; bounds that are both 0 allow anything. */
static nai_status check_bounds(const values *v, const nai_field *field, const char *what)
{
  if (field->low == 0 && field->high == 0) return NAI_OK;
  for (int64_t at = 0; at < v->trials * v->n; at++) {
    const double value = (double)v->row[at];
    if (value < field->low || value > field->high)
      return nai__fail(NAI_ERR_INVALID, "%s[%lld][%lld] is %g, must be %g to %g", what,
                       (long long)(at / v->n), (long long)(at % v->n), value, field->low,
                       field->high);
    if (field->whole && value != floor(value))
      return nai__fail(NAI_ERR_INVALID, "%s[%lld][%lld] is %g, must be a whole number", what,
                       (long long)(at / v->n), (long long)(at % v->n), value);
  }
  return NAI_OK;
}

/* To `rows`, trials apart by ld, from this column on. */
static void spread(const nai_state *state, float *rows, int64_t ld, int64_t column, const values *v)
{
  for (int64_t b = 0; b < state->activity.trials; b++)
    memcpy(rows + b * ld + column, row_of(v, b), (size_t)v->n * sizeof *rows);
}

/* --- what is sent ----------------------------------------------------------------------------- */

static void copy_columns(float *out, const float *rows, int64_t column, int64_t n, int64_t trials,
                         int64_t ld)
{
  for (int64_t b = 0; b < trials; b++)
    memcpy(out + b * ld + column, rows + b * ld + column, (size_t)n * sizeof *out);
}

/* The first time of which what is sent follows: at time 0 all that is under way. */
static int64_t first_time(const nai_state *state)
{
  return state->time ? state->time : 1 - state->net->max_delay;
}

/* What synapses release goes with what is sent. */
static void release_now(nai_state *state)
{
  nai__activity *a = &state->activity;
  int64_t ld = state->net->ld_units, rows = a->trials * ld;
  if (!state->net->n_releases) return;
  nai__release_again(a, state->time, 0, a->trials);
  for (int64_t t = 1 - state->net->max_delay; state->time == 0 && t < 0; t++)
    memcpy(nai__rate_slot(a, t), nai__rate_at(a, 0), (size_t)rows * sizeof(float));
  memcpy(state->now, nai__rate_at(a, state->time), (size_t)rows * sizeof(float));
  nai__state_show(state);
}

/* What these columns, of one unit each, send, in v [trials][ld_units]; what is imposed stays. */
static void send(nai_state *state, const int64_t *column, int32_t columns, int64_t n)
{
  nai__activity *a = &state->activity;
  float *rates = state->scratch.v;
  const int64_t ld = state->net->ld_units;
  for (int32_t k = 0; k < columns && a->own; k++)
    copy_columns(a->own, rates, column[k], n, a->trials, ld);
  if (a->own) nai__impose(a, state->time - 1, 0, a->trials, rates);
  for (int32_t k = 0; k < columns; k++) {
    for (int64_t t = first_time(state); t <= state->time; t++)
      copy_columns(column[k] < state->net->n_units ? nai__rate_slot(a, t)
                                                   : nai__others_of(a, nai__rate_slot(a, t)),
                   rates, column[k], n, a->trials, ld);
    copy_columns(state->now, rates, column[k], n, a->trials, ld);
  }
  release_now(state);
}

/* --- rate units ------------------------------------------------------------------------------- */

/* The rates of these currents, in v; by whole segments, of which the population is a part. */
static nai_status find_rates(nai_state *state, const nai__node *node, const values *currents)
{
  const nai_network *net = state->net;
  float *x = state->scratch.xi, *r = state->scratch.v;
  memcpy(x, state->activity.x, (size_t)(state->activity.trials * net->ld_units) * sizeof *x);
  spread(state, x, net->ld_units, node->offset, currents);
  for (int64_t b = 0; b < state->activity.trials; b++) {
    float *row = r + b * net->ld_units;
    for (int64_t k = 0; k < net->n_segments; k++) {
      const nai__segment *g = &net->segment[k];
      if (g->offset >= node->offset + node->n || node->offset >= g->offset + g->units.n) continue;
      net->kernels->transfer(&g->units, row + g->offset, x + b * net->ld_units + g->offset);
    }
    if (!nai__all_finite(row + node->offset, node->n))
      return nai__fail(
          NAI_ERR_NONFINITE,
          "currents: a rate of '%s' in trial %lld would be infinite: they are too large "
          "for its transfer function",
          node->name, (long long)b);
  }
  return NAI_OK;
}

static nai_status set_currents(nai_state *state, const nai__node *node, const values *currents)
{
  NAI__TRY(find_rates(state, node, currents));
  spread(state, state->activity.x, state->net->ld_units, node->offset, currents);
  send(state, &node->offset, 1, node->n);
  return NAI_OK;
}

static void set_rates(nai_state *state, const nai__node *node, const values *rates)
{
  spread(state, state->scratch.v, state->net->ld_units, node->offset, rates);
  send(state, &node->offset, 1, node->n);
}

nai_status nai_state_set_currents(nai_state *state, const char *name, const float *currents,
                                  int64_t n)
{
  const nai__node *node;
  NAI__TRY(find(&node, state, name));
  NAI__TRY(require_currents(node));
  const values given = {currents, state->activity.trials, n};
  NAI__TRY(check_values(state, &given, node->n, "currents", node->name));
  return set_currents(state, node, &given);
}

nai_status nai_state_set_rates(nai_state *state, const char *name, const float *rates, int64_t n)
{
  const nai__node *node;
  NAI__TRY(find(&node, state, name));
  NAI__TRY(require_rate_units(node));
  if (node->leak == NAI_LEAK_CURRENT)
    return nai__fail(
        NAI_ERR_UNSUPPORTED,
        "'%s' has its leak on the current, from which its rates come: its currents are "
        "what can be set",
        node->name);
  const values given = {rates, state->activity.trials, n};
  NAI__TRY(check_values(state, &given, node->n, "rates", node->name));
  set_rates(state, node, &given);
  return NAI_OK;
}

/* --- units of other models -------------------------------------------------------------------- */

static const nai__segment *segment_of(const nai_network *net, const nai__node *node)
{
  const nai__segment *g = net->segment;
  while (g->node != node || !g->cells) g++;
  return g;
}

/* All states of a population, from rows that stand like those of the activity. */
static void copy_states(const nai_state *state, const nai__node *node, float *to, const float *from)
{
  const nai__cells *c = node->cells;
  for (int32_t k = 0; k < c->model->ops.n_states; k++)
    copy_columns(to, from, c->state[k], c->state_copies[k] * node->n, state->activity.trials,
                 state->net->ld_state);
}

/* 1 when signal k follows from the states: a spike is of the step that is over, and stays. */
static int follows(const nai__cells *c, int32_t k)
{
  return k > 0 || !(c->model->ops.flags & NAI_MODEL_SPIKES);
}

/*
 * Signals that follow from these states, in v. `begin` writes them at time 0; it may move states on as well,
 * which therefore are put back by whoever asks, and models of the library that do so have `send`.
 */
static nai_status find_signals(nai_state *state, const nai__node *node, float *states)
{
  const nai__cells *c = node->cells;
  const nai_model *model = c->model;
  nai__activity *a = &state->activity;
  float *signals = state->scratch.v;
  const int64_t ld = state->net->ld_units;
  nai_status (*const make)(void *, nai_unit_batch *) = model->send ? model->send : model->ops.begin;
  for (int32_t k = 0; k < model->ops.n_signals; k++)
    copy_columns(signals, a->own ? a->own : state->now, c->signal[k], node->n, a->trials, ld);
  for (int64_t b = 0; b < a->trials && model->ops.flags & NAI_MODEL_SENDS_STATE; b++)
    memcpy(signals + b * ld + c->signal[0], states + b * state->net->ld_state + c->state[0],
           (size_t)node->n * sizeof *signals);
  if (!make) return NAI_OK;
  const nai__segment *g = segment_of(state->net, node);
  nai__cells_view view;
  nai__cells_open(&view, state->net, g, a->trials);
  nai__cells_show(&view, g, NULL, states, signals);
  view.batch.shown.seed = a->seed;
  view.batch.shown.first = a->first;
  return nai__model_call(model, make, &view.batch.shown);
}

static nai_status check_signals(const nai_state *state, const nai__node *node)
{
  const nai__cells *c = node->cells;
  for (int64_t b = 0; b < state->activity.trials; b++)
    for (int32_t k = 0; k < c->model->ops.n_signals; k++)
      if (!nai__all_finite(state->scratch.v + b * state->net->ld_units + c->signal[k], node->n))
        return nai__fail(NAI_ERR_NONFINITE,
                         "values: a signal of '%s' in trial %lld would not be finite", node->name,
                         (long long)b);
  return NAI_OK;
}

/* Meanwhile states of before are where they are shown, which is 0 as long as nobody looks. */
static nai_status set_state(nai_state *state, const nai__node *node, int32_t k, const values *given)
{
  const nai__cells *c = node->cells;
  nai__activity *a = &state->activity;
  float *states = nai__state_slot(a, state->time);
  const int64_t ld = state->net->ld_state;
  copy_states(state, node, state->shown, states);
  spread(state, states, ld, c->state[k], given);
  nai_status status = find_signals(state, node, states);
  if (status == NAI_OK) status = check_signals(state, node);
  copy_states(state, node, states, state->shown);
  if (status == NAI_OK) spread(state, states, ld, c->state[k], given);
  if (!(state->shows & NAI__SHOWS_STATES))
    memset(state->shown, 0, (size_t)(a->trials * ld) * sizeof *state->shown);
  NAI__TRY(status);
  int64_t column[NAI_MOST_SIGNALS];
  int32_t n = 0;
  for (int32_t z = 0; z < c->model->ops.n_signals; z++)
    if (follows(c, z)) column[n++] = c->signal[z];
  send(state, column, n, node->n);
  nai__state_show(state);
  return NAI_OK;
}

/* --- by name ---------------------------------------------------------------------------------- */

static const nai_field *state_at(const nai__node *node, int32_t k)
{
  const nai_model *model = node->cells ? node->cells->model : &nai__model_rate;
  return nai__field_at(model->ops.states, k);
}

/* Which state of a population "E:x" means. */
static nai_status find_state(const nai__node **node, int32_t *k, const nai_state *state,
                             const char *name)
{
  char entry[NAI__ENTRY], choices[120] = "";
  NAI__TRY(nai__names_only(entry, name, "name"));
  const char *part = nai__names_part(entry);
  NAI__TRY(nai__node_find(node, state->net, NAI__KIND(NAI_POPULATIONS), entry, "name"));
  const int32_t n = (*node)->cells ? (*node)->cells->model->ops.n_states : 1;
  for (*k = 0; *k < n; (*k)++) {
    if (part && strcmp(nai__state_name(*node, *k), part) == 0) return NAI_OK;
    nai__choices_add(choices, sizeof choices, nai__state_name(*node, *k));
  }
  if (!n)
    return nai__fail(NAI_ERR_NAME, "name: '%s' has no states: there is nothing to set",
                     (*node)->name);
  if (!part)
    return nai__fail(NAI_ERR_NAME, "name: '%s' says no state, as in '%s:%s'; it has %s", entry,
                     entry, nai__state_name(*node, 0), choices);
  return nai__fail(NAI_ERR_NAME, "name: '%s' has no state '%.40s'; it has %s", (*node)->name, part,
                   choices);
}

nai_status nai_state_set_variable(nai_state *state, const char *name, const float *numbers,
                                  int64_t trials, int64_t n)
{
  const nai__node *node;
  int32_t k = 0;
  NAI__REQUIRE(state);
  NAI__TRY(find_state(&node, &k, state, name));
  const values given = {numbers, trials, n};
  const int64_t right = node->cells ? node->cells->state_copies[k] * node->n : node->n;
  NAI__TRY(check_values(state, &given, right, "values", name));
  NAI__TRY(check_bounds(&given, state_at(node, k), "values"));
  if (node->cells) return set_state(state, node, k, &given);
  if (node->leak == NAI_LEAK_CURRENT) return set_currents(state, node, &given);
  set_rates(state, node, &given);
  return NAI_OK;
}

/* --- short-term plasticity -------------------------------------------------------------------- */

/* What is released of what is sent, from now on; as the step of the model has it. */
static void send_released(nai_state *state, const nai__cells *c, int64_t n)
{
  nai__activity *a = &state->activity;
  const float *states = nai__state_at(a, state->time);
  for (int64_t t = first_time(state); t <= state->time; t++) {
    float *row = nai__rate_slot(a, t);
    for (int64_t b = 0; b < a->trials; b++) {
      const float *u = states + b * state->net->ld_state + c->state[0],
                  *x = states + b * state->net->ld_state + c->state[1];
      float *sent = row + b * state->net->ld_units;
      for (int64_t i = 0; i < n; i++) sent[c->signal[0] + i] = u[i] * x[i] * sent[c->port[0] + i];
    }
  }
}

static nai_status check_released(const nai_state *state, const values *v, const nai__release *r,
                                 int32_t k, const char *whose)
{
  const nai_field *field = nai__field_at(r->segment.cells->model->ops.states, k);
  if (!v->row) return NAI_OK;
  NAI__TRY(check_values(state, v, r->segment.units.n, field->name, whose));
  return check_bounds(v, field, field->name);
}

nai_status nai_state_set_short_term(nai_state *state, const char *from, const char *to,
                                    const float *u, const float *x, int64_t trials, int64_t n)
{
  const nai__projection *p;
  NAI__REQUIRE(state);
  NAI__TRY(nai__projection_find(&p, state->net, from, to));
  NAI__TRY(nai__require_release(state->net, p));
  const nai__release *release = &state->net->release[p->release];
  const nai__cells *c = release->segment.cells;
  const values given[] = {{u, trials, n}, {x, trials, n}};
  for (int32_t k = 0; k < 2; k++)
    NAI__TRY(check_released(state, &given[k], release, k, nai__source_name(state->net, p)));
  float *states = nai__state_slot(&state->activity, state->time);
  for (int32_t k = 0; k < 2; k++)
    if (given[k].row) spread(state, states, state->net->ld_state, c->state[k], &given[k]);
  send_released(state, c, release->segment.units.n);
  nai__state_copy_now(state);
  nai__state_show(state);
  return NAI_OK;
}
