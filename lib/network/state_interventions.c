/* Perturbing a running network: units that are clamped or silenced, and currents injected. */
#include <math.h>

#include "../base/error.h"
#include "intervene.h"
#include "state.h"

void nai__state_refresh(nai_state *state)
{
  nai__activity *a = &state->activity;
  a->inject = a->clamp = NULL;
  for (int64_t u = 0; u < state->net->n_units; u++) {
    if (state->inject[u] != 0) a->inject = state->inject;
    if (!isnan(state->clamp[u])) a->clamp = state->clamp;
  }
}

/* --- clamping --------------------------------------------------------------------------------- */

static nai_status clamp(nai_state *state, const nai_units *which, const float *rate, int64_t n)
{
  NAI__REQUIRE(state);
  NAI__TRY(nai__units_check(state->net, which, state->seen));
  NAI__TRY(nai__unit_values_check(state->net, which, rate, n, "rate"));
  nai__units_set(state->clamp, state->net, which, rate, n);
  nai__state_refresh(state);
  return NAI_OK;
}

nai_status nai_state_clamp(nai_state *state, const char *names, float rate)
{
  return clamp(state, &(nai_units){names, NULL, NAI_ALL_UNITS}, &rate, 1);
}

nai_status nai_state_clamp_units(nai_state *state, const char *names, const int64_t *units,
                                 int64_t n, const float *rate, int64_t n_rates)
{
  return clamp(state, &(nai_units){names, units, n}, rate, n_rates);
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

static nai_status inject(nai_state *state, const nai_units *which, const float *current, int64_t n)
{
  NAI__REQUIRE(state);
  NAI__TRY(nai__units_check(state->net, which, state->seen));
  NAI__TRY(nai__unit_values_check(state->net, which, current, n, "current"));
  nai__units_set(state->inject, state->net, which, current, n);
  nai__state_refresh(state);
  return NAI_OK;
}

nai_status nai_state_inject(nai_state *state, const char *names, const float *current, int64_t n)
{
  return inject(state, &(nai_units){names, NULL, NAI_ALL_UNITS}, current, n);
}

nai_status nai_state_inject_units(nai_state *state, const char *names, const int64_t *units,
                                  int64_t n, const float *current, int64_t n_currents)
{
  return inject(state, &(nai_units){names, units, n}, current, n_currents);
}

/* --- letting go ------------------------------------------------------------------------------- */

static nai_status let_go(nai_state *state, const nai_units *which)
{
  NAI__REQUIRE(state);
  NAI__TRY(nai__units_check(state->net, which, state->seen));
  nai__units_set(state->clamp, state->net, which, &(float){NAN}, 1);
  nai__units_set(state->inject, state->net, which, &(float){0}, 1);
  nai__state_refresh(state);
  return NAI_OK;
}

nai_status nai_state_release(nai_state *state, const char *names)
{
  return let_go(state, &(nai_units){names, NULL, NAI_ALL_UNITS});
}

nai_status nai_state_release_units(nai_state *state, const char *names, const int64_t *units,
                                   int64_t n)
{
  return let_go(state, &(nai_units){names, units, n});
}
