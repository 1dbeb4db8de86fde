/*
 * Variables of a population by their names: signals, states and ports, "E:a". Signals are what is sent,
 * states what units have by themselves. What a running network does not need at a place that stays is
 * kept there from the first look on.
 */
#include <string.h>

#include "../base/error.h"
#include "../base/names.h"
#include "../network/ends.h"
#include "../network/view.h"
#include "state.h"

enum { SIGNAL, STATE, PORT, LISTS };
static const int32_t list_of[LISTS] = {
    [SIGNAL] = NAI_MODEL_SIGNALS, [STATE] = NAI_MODEL_STATES, [PORT] = NAI_MODEL_PORTS};

const char *nai__state_name(const nai__node *node, int32_t k)
{
  if (!node->cells) return node->leak == NAI_LEAK_CURRENT ? "x" : "r";
  return nai__field_at(node->cells->model->ops.states, k)->name;
}

static const char *name_of(const nai__node *node, int list, int32_t k)
{
  int32_t n;
  if (list == STATE) return nai__state_name(node, k);
  const nai_model *model = node->cells ? node->cells->model : &nai__model_rate;
  return nai__field_at(nai__fields_of(model, list_of[list], &n), k)->name;
}

static int32_t count_of(const nai__node *node, int list)
{
  int32_t n;
  nai__fields_of(node->cells ? node->cells->model : &nai__model_rate, list_of[list], &n);
  return n;
}

/* --- finding ---------------------------------------------------------------------------------- */

typedef struct place {
  int list;
  int32_t index;
} place;

static nai_status fail_unknown(const nai__node *node, const char *part, const char *argument)
{
  char choices[120] = "";
  for (int list = 0; list < LISTS; list++)
    for (int32_t k = 0; k < count_of(node, list); k++)
      nai__choices_add(choices, sizeof choices, name_of(node, list, k));
  return nai__fail(NAI_ERR_NAME, "%s: '%s' has no signal, state or port '%.40s'; it has %s",
                   argument, node->name, part, choices);
}

static nai_status find_port(place *out, const nai__node *node, const char *part,
                            const char *argument)
{
  char choices[120] = "";
  int32_t n = 0;
  for (int32_t k = 0; k < count_of(node, PORT); k++) {
    if (!nai__end_is(node, NAI__TARGET, k, part)) continue;
    *out = (place){PORT, k};
    n++;
    nai__choices_add(choices, sizeof choices, name_of(node, PORT, k));
  }
  if (n == 1) return NAI_OK;
  if (!n) return fail_unknown(node, part, argument);
  return nai__fail(NAI_ERR_NAME, "%s: '%s:%.40s' may be %s: say which", argument, node->name, part,
                   choices);
}

/* Without a part: the first signal. */
static nai_status find_part(place *out, const nai__node *node, const char *part,
                            const char *argument)
{
  *out = (place){SIGNAL, 0};
  for (int list = SIGNAL; part && list <= STATE; list++)
    for (int32_t k = 0; k < count_of(node, list); k++) {
      *out = (place){list, k};
      if (strcmp(name_of(node, list, k), part) == 0) return NAI_OK;
    }
  return part ? find_port(out, node, part, argument) : NAI_OK;
}

static nai__variable variable_at(const nai_state *state, const nai__node *node, place at)
{
  const nai_network *net = state->net;
  const nai__cells *c = node->cells;
  int64_t column = node->offset;
  if (at.list == SIGNAL)
    return (nai__variable){state->now + (c ? c->signal[at.index] : column), node->n, net->ld_units};
  if (c && at.list == STATE)
    return (nai__variable){state->shown + c->state[at.index], c->state_copies[at.index] * node->n,
                           net->ld_state};
  if (c)
    return (nai__variable){state->activity.received + c->port[at.index],
                           c->port_copies[at.index] * node->n, net->ld_units};
  if (at.list == PORT) return (nai__variable){state->taken + column, node->n, net->ld_units};
  const float *rows = node->leak == NAI_LEAK_CURRENT ? state->activity.x : state->own;
  return (nai__variable){rows + column, node->n, net->ld_units};
}

/* What must be kept for it. */
static uint32_t needed(const nai__node *node, place at)
{
  if (at.list == SIGNAL) return 0;
  if (node->cells) return at.list == STATE ? NAI__SHOWS_STATES : 0;
  if (at.list == PORT) return NAI__SHOWS_TAKEN;
  return node->leak == NAI_LEAK_CURRENT ? 0 : NAI__SHOWS_OWN;
}

static void keep(nai_state *state, uint32_t what)
{
  uint32_t more = what & ~state->shows;
  state->shows |= more;
  if (more) nai__state_show(state);
}

nai_status nai__variable_find(nai__variable *out, nai_state *state, const char *name,
                              const char *argument)
{
  char entry[NAI__ENTRY];
  const nai__node *node;
  place at;
  NAI__TRY(nai__names_only(entry, name, argument));
  const char *part = nai__names_part(entry);
  NAI__TRY(nai__node_find(&node, state->net, NAI__KIND(NAI_POPULATIONS), entry, argument));
  NAI__TRY(find_part(&at, node, part, argument));
  keep(state, needed(node, at));
  *out = variable_at(state, node, at);
  return NAI_OK;
}

/* --- keeping ---------------------------------------------------------------------------------- */

void nai__state_show(nai_state *state)
{
  nai__activity *a = &state->activity;
  if (state->shows & NAI__SHOWS_STATES)
    memcpy(state->shown, nai__state_at(a, state->time),
           (size_t)(a->trials * state->net->ld_state) * sizeof *state->shown);
  a->taken = state->shows & NAI__SHOWS_TAKEN ? state->taken : NULL;
  if (!(state->shows & NAI__SHOWS_OWN) || a->own) return;
  memcpy(state->own, state->now, (size_t)(a->trials * state->net->ld_units) * sizeof *state->own);
  a->own = state->own;
}

/* --- public ----------------------------------------------------------------------------------- */

nai_status nai_state_variable(nai_view *out, nai_state *state, const char *name)
{
  nai__variable found;
  NAI__TRY(nai__view_check(out));
  NAI__REQUIRE(state);
  NAI__TRY(nai__variable_find(&found, state, name, "name"));
  nai__view_floats(out, found.now, 2, (int64_t[]){state->activity.trials, found.width},
                   (int64_t[]){found.ld, 1});
  return NAI_OK;
}

/* State k of a release. */
static nai_status show_release(nai_view *out, const nai_state *state, const nai__release *release,
                               int32_t k)
{
  if (!out) return NAI_OK;
  NAI__TRY(nai__view_check(out));
  nai__view_floats(out, state->shown + release->segment.cells->state[k], 2,
                   (int64_t[]){state->activity.trials, release->segment.units.n},
                   (int64_t[]){state->net->ld_state, 1});
  return NAI_OK;
}

nai_status nai__require_release(const nai_network *net, const nai__projection *p)
{
  if (p->release >= 0) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID, "there is no short-term plasticity from '%s' to '%s'",
                   nai__source_name(net, p), nai__target_name(net, p));
}

nai_status nai_state_short_term(nai_view *u, nai_view *x, nai_state *state, const char *from,
                                const char *to)
{
  const nai__projection *p;
  NAI__REQUIRE(state);
  NAI__TRY(nai__projection_find(&p, state->net, from, to));
  NAI__TRY(nai__require_release(state->net, p));
  const nai__release *release = &state->net->release[p->release];
  keep(state, NAI__SHOWS_STATES);
  NAI__TRY(show_release(u, state, release, 0));
  return show_release(x, state, release, 1);
}
