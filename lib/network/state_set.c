/*
 * What the activity of a population is made of, shown and set. Where the leak is on the current it is
 * the currents, of which the rates are a function; where it is on the rate, the rates alone.
 */
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/finite.h"
#include "release.h"
#include "state.h"
#include "view.h"

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

/* --- setting ---------------------------------------------------------------------------------- */

static nai_status check_values(const nai_state *state, const nai__node *node, const float *values,
                               int64_t n, const char *what)
{
  if (!values) return nai__fail_null(what);
  if (n != node->n)
    return nai__fail(NAI_ERR_INVALID, "n is %lld, must be %lld, the units of '%s'", (long long)n,
                     (long long)node->n, node->name);
  int64_t at = 0, count = state->activity.trials * n;
  if (nai__all_finite(values, count)) return NAI_OK;
  while (isfinite(values[at])) at++;
  return nai__fail(NAI_ERR_NONFINITE, "%s[%lld][%lld] is %g, must be finite", what,
                   (long long)(at / n), (long long)(at % n), (double)values[at]);
}

static void copy_columns(float *out, const float *rows, const nai__node *node, int64_t trials,
                         int64_t ld)
{
  for (int64_t b = 0; b < trials; b++)
    memcpy(out + b * ld + node->offset, rows + b * ld + node->offset,
           (size_t)node->n * sizeof *out);
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

/* What rates [trials][ld_units] has at this population, in v; rates that are imposed stay. */
static void set_rates(nai_state *state, const nai__node *node)
{
  nai__activity *a = &state->activity;
  float *rates = state->scratch.v;
  int64_t ld = state->net->ld_units, oldest = state->time ? state->time : 1 - state->net->max_delay;
  if (a->own) {
    copy_columns(a->own, rates, node, a->trials, ld);
    nai__impose(a, state->time - 1, 0, a->trials, rates);
  }
  for (int64_t t = oldest; t <= state->time; t++)
    copy_columns(nai__rate_slot(a, t), rates, node, a->trials, ld);
  copy_columns(state->now, rates, node, a->trials, ld);
  release_now(state);
}

static void spread(nai_state *state, const nai__node *node, float *rows, const float *values)
{
  for (int64_t b = 0; b < state->activity.trials; b++)
    memcpy(rows + b * state->net->ld_units + node->offset, values + b * node->n,
           (size_t)node->n * sizeof *rows);
}

/* The rates of these currents, in v; by whole segments, of which the population is a part. */
static nai_status find_rates(nai_state *state, const nai__node *node, const float *currents)
{
  const nai_network *net = state->net;
  float *x = state->scratch.xi, *r = state->scratch.v;
  memcpy(x, state->activity.x, (size_t)(state->activity.trials * net->ld_units) * sizeof *x);
  spread(state, node, x, currents);
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

nai_status nai_state_set_currents(nai_state *state, const char *name, const float *currents,
                                  int64_t n)
{
  const nai__node *node;
  NAI__TRY(find(&node, state, name));
  NAI__TRY(require_currents(node));
  NAI__TRY(check_values(state, node, currents, n, "currents"));
  NAI__TRY(find_rates(state, node, currents));
  spread(state, node, state->activity.x, currents);
  set_rates(state, node);
  return NAI_OK;
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
  NAI__TRY(check_values(state, node, rates, n, "rates"));
  spread(state, node, state->scratch.v, rates);
  set_rates(state, node);
  return NAI_OK;
}
