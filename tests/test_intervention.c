/* Interventions on some units of some populations: clamping, silencing, injecting, letting go. */
#include <math.h>
#include <stdlib.h>

#include "faults.h"
#include "networks.h"
#include "states.h"

/* build_everything(): populations "E" (7), "I" (5, leak on the rate), "layer" (6, a later stage). */
static const char *const population[] = {"E", "I", "layer"};
static const int64_t size_of[] = {7, 5, 6};

static int among(int64_t unit, const int64_t *units, int64_t n)
{
  for (int64_t k = 0; k < n; k++)
    if (units[k] == unit) return 1;
  return 0;
}

/* --- what they do ----------------------------------------------------------------------------- */

/* Each unit has its own rate, in each trial; the others do not keep still. */
START_TEST(clamping_some_units)
{
  static const int64_t units[] = {4, 0, 2};
  static const float rates[] = {0.5f, -2, 7};
  nai_network *net = build_everything(NAI_TRANSFER_SOFTPLUS, NULL);
  for (int k = 0; k < 3; k++) {
    nai_state *state = make_state(net, 2, 1);
    expect_ok(nai_state_clamp_units(state, population[k], units, 3, rates, 3));
    for (int t = 0; t < 4; t++) {
      expect_ok(nai_state_step(NULL, state, NULL));
      for (int64_t b = 0; b < 2; b++) {
        for (int i = 0; i < 3; i++) EXPECT(rate_of(state, population[k], b, units[i]) == rates[i]);
        for (int p = 0; p < 3; p++)
          for (int64_t u = 0; u < size_of[p]; u++)
            EXPECT((p == k && among(u, units, 3)) || rate_of(state, population[p], b, u) > 0);
      }
    }
    expect_ok(nai_state_release_units(state, population[k], units, 1)); /* unit 4 alone */
    expect_ok(nai_state_step(NULL, state, NULL));
    EXPECT(rate_of(state, population[k], 0, 4) != 0.5f);
    EXPECT(rate_of(state, population[k], 0, 0) == -2 && rate_of(state, population[k], 1, 2) == 7);
    nai_state_destroy(state);
  }
  nai_network_destroy(net);
}
END_TEST

/* Units of each population that is named, and all of them by NAI_ALL_UNITS: one call for several. */
START_TEST(one_call_is_several)
{
  static const int64_t units[] = {1, 4};
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_state *one = make_state(net, 2, 1), *other = make_state(net, 2, 1);
  const float current[] = {0.3f, -0.2f}, all = 0.1f;
  expect_ok(nai_state_silence_units(one, "E la*", units, 2));
  expect_ok(nai_state_inject_units(one, "I", units, 2, current, 2));
  expect_ok(nai_state_inject_units(one, "E", NULL, NAI_ALL_UNITS, &all, 1));
  for (int k = 0; k < 2; k++) {
    expect_ok(nai_state_silence_units(other, "E", &units[k], 1));
    expect_ok(nai_state_clamp_units(other, "layer", &units[k], 1, (float[]){0}, 1));
    expect_ok(nai_state_inject_units(other, "I", &units[k], 1, &current[k], 1));
  }
  expect_ok(nai_state_inject(other, "E", &all, 1));
  expect_ok(nai_state_run(NULL, NULL, one, 6, NULL));
  expect_ok(nai_state_run(NULL, NULL, other, 6, NULL));
  EXPECT(same_states(one, other) && rate_of(one, "E", 0, 4) == 0);
  expect_ok(nai_state_silence_units(one, "E", NULL, NAI_ALL_UNITS));
  expect_ok(nai_state_silence(other, "E"));
  EXPECT(same_states(one, other));
  expect_ok(nai_state_release_units(one, "*", NULL, NAI_ALL_UNITS));
  expect_ok(nai_state_release(other, "*"));
  EXPECT(same_states(one, other));
  nai_state_destroy(one);
  nai_state_destroy(other);
  nai_network_destroy(net);
}
END_TEST

/* No units are no units: not all of them, though there is nothing in the list. */
START_TEST(no_units_are_not_all)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_state *state = make_state(net, 2, 1);
  expect_ok(nai_state_clamp(state, "I", 1));
  void *before = snapshot_of(state);
  const int64_t nothing = 0;
  expect_ok(nai_state_silence_units(state, "E", &nothing, 0));
  expect_ok(nai_state_inject_units(state, "E", &nothing, 0, (float[]){1}, 1));
  expect_ok(nai_state_release_units(state, "*", &nothing, 0));
  expect_unmoved(state, before);
  expect_fails(nai_state_silence_units(state, "E", NULL, 0), NAI_ERR_INVALID, "units is NULL");
  expect_unmoved(state, before);
  free(before);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

START_TEST(snapshots_hold_them)
{
  static const int64_t units[] = {0, 3};
  nai_network *net = build_everything(NAI_TRANSFER_RELU, NULL);
  nai_state *state = make_state(net, 2, 1), *other = make_state(net, 2, 5);
  expect_ok(nai_state_clamp_units(state, "E", units, 2, (float[]){2}, 1));
  expect_ok(nai_state_inject_units(state, "layer", units, 2, (float[]){1, 2}, 2));
  void *snapshot = snapshot_of(state);
  expect_ok(nai_state_restore(other, snapshot, nai_state_snapshot_size(state)));
  expect_ok(nai_state_run(NULL, NULL, state, 5, NULL));
  expect_ok(nai_state_run(NULL, NULL, other, 5, NULL));
  EXPECT(same_states(state, other) && rate_of(other, "E", 1, 3) == 2);
  free(snapshot);
  nai_state_destroy(state);
  nai_state_destroy(other);
  nai_network_destroy(net);
}
END_TEST

/* --- what is refused -------------------------------------------------------------------------- */

typedef struct refusal {
  const char *names;
  int64_t units[3], n;
  nai_status status;
  const char *words;
} refusal;

static const refusal refusals[] = {
    {"E", {0, 7}, 2, NAI_ERR_INVALID, "units[1] is 7, must be 0 to 6, the units of 'E'"},
    {"E", {-1}, 1, NAI_ERR_INVALID, "units[0] is -1, must be 0 to 6"},
    {"E I", {6}, 1, NAI_ERR_INVALID, "units[0] is 6, must be 0 to 4, the units of 'I'"},
    {"*", {1, INT64_MAX}, 2, NAI_ERR_INVALID, "units[1] is 9223372036854775807"},
    {"E", {INT64_MIN}, 1, NAI_ERR_INVALID, "units[0] is -9223372036854775808"},
    {"E", {2, 1, 2}, 3, NAI_ERR_INVALID, "units[2] is 2, which was given before"},
    {"E", {0}, -2, NAI_ERR_INVALID, "n is -2"},
    {"stimulus", {0}, 1, NAI_ERR_NAME, "stimulus"},
    {"E nobody", {0}, 1, NAI_ERR_NAME, "nobody"},
    {"", {0}, 1, NAI_ERR_NAME, "names"},
    {NULL, {0}, 1, NAI_ERR_INVALID, "names is NULL"},
};

START_TEST(bad_units_are_named_and_change_nothing)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_state *state = make_state(net, 2, 1);
  expect_ok(nai_state_clamp(state, "layer", 1));
  void *before = snapshot_of(state);
  const float one = 1;
  for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
    const refusal *r = &refusals[i];
    nai_status got[] = {nai_state_silence_units(state, r->names, r->units, r->n),
                        nai_state_clamp_units(state, r->names, r->units, r->n, &one, 1),
                        nai_state_inject_units(state, r->names, r->units, r->n, &one, 1),
                        nai_state_release_units(state, r->names, r->units, r->n)};
    for (int k = 0; k < 4; k++) expect_fails(got[k], r->status, r->words);
    expect_unmoved(state, before);
  }
  expect_ok(nai_state_silence_units(state, "E", (int64_t[]){2, 1, 0}, 3)); /* none left marked */
  free(before);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

START_TEST(bad_values_are_named_and_change_nothing)
{
  static const int64_t units[] = {0, 1, 2};
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_state *state = make_state(net, 2, 1);
  void *before = snapshot_of(state);
  float bad[] = {0, 1, NAN};
  expect_fails(nai_state_clamp_units(state, "E", units, 3, bad, 3), NAI_ERR_NONFINITE,
               "rate[2] is nan, must be finite");
  expect_fails(nai_state_inject_units(state, "E", units, 3, bad, 3), NAI_ERR_NONFINITE,
               "current[2] is nan, must be finite");
  expect_fails(nai_state_clamp_units(state, "E", units, 3, &bad[2], 1), NAI_ERR_NONFINITE,
               "rate is nan");
  expect_fails(nai_state_clamp_units(state, "E", units, 3, bad, 2), NAI_ERR_INVALID,
               "rate has 2 values, must have 1 or 3");
  expect_fails(nai_state_inject_units(state, "E", units, 2, bad, 0), NAI_ERR_INVALID,
               "current has 0 values, must have 1 or 2");
  expect_fails(nai_state_clamp_units(state, "E I", NULL, NAI_ALL_UNITS, bad, 7), NAI_ERR_INVALID,
               "rate has 7 values, must have 1 or 5, one for each unit of 'I'");
  expect_fails(nai_state_clamp_units(state, "E", units, 3, NULL, 1), NAI_ERR_INVALID,
               "rate is NULL");
  expect_fails(nai_state_inject_units(state, "E", units, 3, NULL, 1), NAI_ERR_INVALID,
               "current is NULL");
  expect_unmoved(state, before);
  expect_fails(nai_state_clamp_units(NULL, "E", units, 3, bad, 1), NAI_ERR_INVALID, "state is");
  expect_fails(nai_state_silence_units(NULL, "E", units, 3), NAI_ERR_INVALID, "state is NULL");
  expect_fails(nai_state_inject_units(NULL, "E", units, 3, bad, 1), NAI_ERR_INVALID, "state is");
  expect_fails(nai_state_release_units(NULL, "E", units, 3), NAI_ERR_INVALID, "state is NULL");
  free(before);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

START_TEST(interventions_allocate_nothing)
{
  static const int64_t units[] = {4, 2, 0};
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_state *state = make_state(net, 2, 1);
  nai_status bad = NAI_OK;
  long before = faults_allocations();
  for (int t = 0; t < 100; t++) {
    nai_status status[] = {nai_state_clamp_units(state, "E I", units, 3, (float[]){1, 2, 3}, 3),
                           nai_state_inject_units(state, "layer", units, 3, (float[]){1}, 1),
                           nai_state_step(NULL, state, NULL),
                           nai_state_silence_units(state, "*", units, 2),
                           nai_state_release_units(state, "*", units, 3)};
    for (size_t k = 0; k < sizeof status / sizeof *status; k++)
      if (status[k] != NAI_OK) bad = status[k];
  }
  long allocations = faults_allocations() - before;
  expect_ok(bad);
  ck_assert_int_eq(allocations, 0);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

Suite *intervention_suite(void);

Suite *intervention_suite(void)
{
  Suite *suite = suite_create("intervention");
  ADD_CASE(suite, "units", clamping_some_units, one_call_is_several, no_units_are_not_all,
           snapshots_hold_them);
  ADD_CASE(suite, "refused", bad_units_are_named_and_change_nothing,
           bad_values_are_named_and_change_nothing, interventions_allocate_nothing);
  return suite;
}
