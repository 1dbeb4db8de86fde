/*
 * Interventions in a running network: at once, until they are ended; and as they are planned, each
 * with its time.
 */
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "intervene.h"
#include "plan.h"
#include "state.h"

void nai__state_refresh(nai_state *state)
{
  nai__activity *a = &state->activity;
  a->inject = a->clamp = NULL;
  a->schedule = state->schedule.n ? &state->schedule : NULL;
  for (int64_t u = 0; u < state->net->n_units; u++) {
    if (state->inject[u] != 0) a->inject = state->inject;
    if (!isnan(state->clamp[u])) a->clamp = state->clamp;
  }
}

/*
 * What has changed takes effect. Once rates were imposed, units go on from their own, also after
 * the last of these interventions has ended.
 */
static void apply(nai_state *state)
{
  nai__activity *a = &state->activity;
  nai__state_refresh(state);
  if (a->own || (!a->clamp && !a->schedule)) return;
  memcpy(state->own, state->now, (size_t)(a->trials * state->net->ld_units) * sizeof *state->own);
  a->own = state->own;
}

/* The same when it is what is planned that has changed. */
static void apply_plan(nai_state *state)
{
  nai__activity *a = &state->activity;
  apply(state);
  if (!a->own || state->time > 0) return;
  nai__impose_initial(a, 0, a->trials);
  nai__state_copy_now(state);
  nai__state_show(state);
}

/* --- planned ---------------------------------------------------------------------------------- */

/* others: only what has no place in the rows, in place of what was planned for it. */
static nai_status plan(nai_state *state, nai_intervention *list,
                       const nai_intervention *interventions, int64_t n, int others)
{
  NAI__TRY(nai__plan_take(list, interventions, n, state->net));
  for (int64_t k = 0; k < n; k++)
    NAI__TRY(nai__plan_check_alone(&list[k], k, state->activity.trials, "a state"));
  int64_t before = state->schedule.n;
  NAI__TRY(nai__plan_add(&state->schedule, state->net, list, n, others));
  nai__plan_from_now(&state->schedule, before, list, state->net->dt, state->time);
  if (others) nai__schedule_replace(&state->schedule, before, state->seen);
  nai__schedule_expire(&state->schedule, state->time);
  apply_plan(state);
  return NAI_OK;
}

nai_status nai_state_intervene(nai_state *state, const nai_intervention *interventions, int64_t n)
{
  NAI__REQUIRE(state);
  if (n < 0) return nai__fail(NAI_ERR_INVALID, "n is %lld, must be at least 0", (long long)n);
  if (n > 0) NAI__REQUIRE(interventions);
  nai_intervention *list = NAI__ARRAY(nai_intervention, n);
  if (!list) return NAI_ERR_MEMORY;
  nai_status status = plan(state, list, interventions, n, 0);
  nai__free(list);
  return status;
}

/* Signals and ports that are no unit's first have no place in the rows: planned, from now on. */
static nai_status plan_others(nai_state *state, int32_t kind, const nai__some_units *which,
                              const float *value, int64_t n)
{
  nai_intervention taken, i = NAI_INTERVENTION_INIT;
  if (!strchr(which->names, ':')) return NAI_OK;
  i.kind = kind;
  i.names = which->names;
  i.units = which->units;
  i.n_units = which->n;
  i.values = value;
  i.n_values = n;
  return plan(state, &taken, &i, 1, 1);
}

/* --- clamping --------------------------------------------------------------------------------- */

static nai_status clamp(nai_state *state, const nai__some_units *which, const float *rate,
                        int64_t n)
{
  NAI__REQUIRE(state);
  NAI__TRY(nai__units_check(state->net, which, NAI__SOURCE, state->seen));
  NAI__TRY(nai__unit_values_check(state->net, which, rate, n, "rate"));
  NAI__TRY(plan_others(state, NAI_CLAMP, which, rate, n));
  nai__units_set(state->clamp, state->net, which, NAI__SOURCE, rate, n);
  apply(state);
  return NAI_OK;
}

nai_status nai_state_clamp(nai_state *state, const char *names, double rate)
{
  return clamp(state, &(nai__some_units){.names = names, .n = NAI_ALL_UNITS}, &(float){(float)rate},
               1);
}

nai_status nai_state_clamp_units(nai_state *state, const char *names, const int64_t *units,
                                 int64_t n, const float *rate, int64_t n_rates)
{
  return clamp(state, &(nai__some_units){.names = names, .units = units, .n = n}, rate, n_rates);
}

nai_status nai_state_silence(nai_state *state, const char *names)
{
  return nai_state_clamp(state, names, 0);
}

nai_status nai_state_silence_units(nai_state *state, const char *names, const int64_t *units,
                                   int64_t n)
{
  return nai_state_clamp_units(state, names, units, n, &(float){0}, 1);
}

/* --- injecting -------------------------------------------------------------------------------- */

static nai_status inject(nai_state *state, const nai__some_units *which, const float *current,
                         int64_t n)
{
  NAI__REQUIRE(state);
  NAI__TRY(nai__units_check(state->net, which, NAI__TARGET, state->seen));
  NAI__TRY(nai__unit_values_check(state->net, which, current, n, "current"));
  NAI__TRY(plan_others(state, NAI_INJECT, which, current, n));
  nai__units_set(state->inject, state->net, which, NAI__TARGET, current, n);
  apply(state);
  return NAI_OK;
}

nai_status nai_state_inject(nai_state *state, const char *names, const float *current, int64_t n)
{
  return inject(state, &(nai__some_units){.names = names, .n = NAI_ALL_UNITS}, current, n);
}

nai_status nai_state_inject_units(nai_state *state, const char *names, const int64_t *units,
                                  int64_t n, const float *current, int64_t n_currents)
{
  return inject(state, &(nai__some_units){.names = names, .units = units, .n = n}, current,
                n_currents);
}

/* --- letting go ------------------------------------------------------------------------------- */

static nai_status let_go(nai_state *state, const nai__some_units *which)
{
  NAI__REQUIRE(state);
  NAI__TRY(nai__plan_check_release(state->net, which, state->seen));
  nai__units_set(state->clamp, state->net, which, NAI__SOURCE, &(float){NAN}, 1);
  nai__units_set(state->inject, state->net, which, NAI__TARGET, &(float){0}, 1);
  apply(state);
  if (!state->schedule.n) return NAI_OK;
  nai__plan_release(&state->schedule, state->net, which, state->seen);
  apply_plan(state);
  return NAI_OK;
}

nai_status nai_state_release(nai_state *state, const char *names)
{
  return let_go(state, &(nai__some_units){.names = names, .n = NAI_ALL_UNITS});
}

nai_status nai_state_release_units(nai_state *state, const char *names, const int64_t *units,
                                   int64_t n)
{
  return let_go(state, &(nai__some_units){.names = names, .units = units, .n = n});
}

nai_status nai_state_release_synapses(nai_state *state, const char *from, const char *to)
{
  NAI__REQUIRE(state);
  NAI__TRY(nai__projections_known(state->net, from, to));
  nai__schedule_release_synapses(&state->schedule, state->net, from, to);
  apply_plan(state);
  return NAI_OK;
}
