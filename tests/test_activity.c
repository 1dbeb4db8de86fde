/* The activity of a state, looked at and set: currents, rates, each trial on its own. */
#include <math.h>
#include <stdlib.h>

#include "faults.h"
#include "networks.h"
#include "states.h"

enum { B = 3 };

static nai_view currents_of(const nai_state *state, const char *name)
{
  nai_view view = NAI_VIEW_INIT;
  expect_ok(nai_state_currents(&view, state, name));
  return view;
}

static double phi(int32_t transfer, double x)
{
  switch (transfer) {
  case NAI_TRANSFER_RELU: return x > 0 ? x : 0;
  case NAI_TRANSFER_TANH: return tanh(x);
  case NAI_TRANSFER_SOFTPLUS: return log1p(exp(x));
  case NAI_TRANSFER_LOGISTIC: return 1 / (1 + exp(-x));
  case NAI_TRANSFER_LINEAR: return x;
  case NAI_TRANSFER_RECTIFIED_TANH: return x > 0 ? tanh(x) : 0;
  default: return x > 0 ? pow(x, 1.5) : 0;
  }
}

/* --- currents --------------------------------------------------------------------------------- */

/* They are what the equation says, of silent units too; and the view follows the state. */
START_TEST(currents_by_hand)
{
  nai_network *net = compose_one("h", 2, NAI_FREE);
  expect_ok(nai_network_set(net, "h", "tau", 50));
  expect_ok(nai_network_set(net, "h", "bias", -1));
  expect_ok(nai_network_build(net, 1));
  nai_state *state = make_state(net, 1, 1);
  nai_view x = currents_of(state, "h");
  EXPECT(x.ndim == 2 && x.shape[0] == 1 && x.shape[1] == 2 && at(&x, 0, 1) == 0);
  double by_hand = 0;
  for (int t = 0; t < 5; t++) {
    expect_ok(nai_state_step(NULL, state, NULL));
    by_hand = 0.6 * by_hand + 0.4 * -1; /* alpha = 20 / 50 */
    ck_assert_double_eq_tol((double)at(&x, 0, 1), by_hand, 1e-6);
    EXPECT(rate_of(state, "h", 0, 1) == 0);
  }
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* For every transfer function, gains and exponents included: set, read back, and rates with them. */
START_TEST(rates_follow_the_currents_that_are_set)
{
  for (int32_t transfer = NAI_TRANSFER_RELU; transfer <= NAI_TRANSFER_POWER; transfer++) {
    nai_network *net = build_everything(transfer, NULL);
    nai_state *state = make_state(net, B, 1);
    expect_ok(nai_state_run(NULL, NULL, state, 4, NULL));
    float before = rate_of(state, "layer", 1, 2), x[B][7];
    double gain = transfer == NAI_TRANSFER_POWER ? 0.4 : 1.1;
    for (int b = 0; b < B; b++)
      for (int u = 0; u < 7; u++) x[b][u] = 0.3f * (float)(b - 1) + 0.1f * (float)(u - 3);
    expect_ok(nai_state_set_currents(state, "E", x[0], 7));
    nai_view shown = currents_of(state, "E");
    for (int b = 0; b < B; b++)
      for (int u = 0; u < 7; u++) {
        EXPECT(at(&shown, b, u) == x[b][u]);
        double exponent = transfer == NAI_TRANSFER_POWER ? 2 : 1, r = (double)x[b][u];
        r = transfer == NAI_TRANSFER_POWER ? (r > 0 ? pow(r, exponent) : 0) : phi(transfer, r);
        ck_assert_double_eq_tol((double)rate_of(state, "E", b, u), gain * r, 1e-6);
      }
    EXPECT(rate_of(state, "layer", 1, 2) == before && nai_state_time(state) == 4);
    nai_state_destroy(state);
    nai_network_destroy(net);
  }
}
END_TEST

/* --- setting as initial states do ------------------------------------------------------------- */

/* Set at time 0, all is as if the network had these initial states: delays of 3 steps included. */
START_TEST(what_is_set_at_time_0_is_an_initial_state)
{
  nai_network *net = build_everything(NAI_TRANSFER_SOFTPLUS, NULL),
              *other = build_everything(NAI_TRANSFER_SOFTPLUS, NULL);
  double initial[2][7];
  float values[2][B][7];
  for (int k = 0; k < 2; k++)
    for (int u = 0; u < 7; u++)
      for (int b = 0; b < B; b++) {
        initial[k][u] = 0.5 * (k + 1) - 0.25 * u;
        values[k][b][u] = (float)initial[k][u];
      }
  float rates[B][5];
  for (int b = 0; b < B; b++)
    for (int u = 0; u < 5; u++) rates[b][u] = values[1][b][u];
  expect_ok(nai_network_set_each(other, "E", "initial", initial[0], 7));
  expect_ok(nai_network_set_each(other, "I", "initial", initial[1], 5));
  nai_state *set = make_state(net, B, 1), *begun = make_state(other, B, 1);
  EXPECT(!same_states(set, begun));
  expect_ok(nai_state_set_currents(set, "E", values[0][0], 7));
  expect_ok(nai_state_set_rates(set, "I", rates[0], 5));
  for (int t = 0; t < 8; t++) {
    for (int b = 0; b < B; b++) {
      for (int u = 0; u < 7; u++) EXPECT(rate_of(set, "E", b, u) == rate_of(begun, "E", b, u));
      for (int u = 0; u < 5; u++) EXPECT(rate_of(set, "I", b, u) == rate_of(begun, "I", b, u));
      for (int u = 0; u < 6; u++)
        EXPECT(rate_of(set, "layer", b, u) == rate_of(begun, "layer", b, u));
    }
    expect_ok(nai_state_step(NULL, set, NULL));
    expect_ok(nai_state_step(NULL, begun, NULL));
  }
  nai_state_destroy(set);
  nai_state_destroy(begun);
  nai_network_destroy(net);
  nai_network_destroy(other);
}
END_TEST

/* Each trial goes its own way, the one that a state of its own would take. */
START_TEST(each_trial_starts_where_it_is_put)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, "portable");
  float x[B][7], r[B][5];
  for (int b = 0; b < B; b++) {
    for (int u = 0; u < 7; u++) x[b][u] = (float)(b * 7 + u) * 0.1f - 1;
    for (int u = 0; u < 5; u++) r[b][u] = (float)(b + u) * 0.1f;
  }
  nai_state *all = make_state(net, B, 1);
  expect_ok(nai_state_run(NULL, NULL, all, 2, NULL));
  expect_ok(nai_state_set_currents(all, "E", x[0], 7));
  expect_ok(nai_state_set_rates(all, "I", r[0], 5));
  expect_ok(nai_state_run(NULL, NULL, all, 5, NULL));
  for (int b = 0; b < B; b++) {
    nai_state *one = make_state(net, 1, 1);
    expect_ok(nai_state_set_first(one, (uint64_t)b));
    expect_ok(nai_state_run(NULL, NULL, one, 2, NULL));
    expect_ok(nai_state_set_currents(one, "E", x[b], 7));
    expect_ok(nai_state_set_rates(one, "I", r[b], 5));
    expect_ok(nai_state_run(NULL, NULL, one, 5, NULL));
    for (int u = 0; u < 7; u++) EXPECT(rate_of(one, "E", 0, u) == rate_of(all, "E", b, u));
    for (int u = 0; u < 6; u++) EXPECT(rate_of(one, "layer", 0, u) == rate_of(all, "layer", b, u));
    nai_state_destroy(one);
  }
  nai_state_destroy(all);
  nai_network_destroy(net);
}
END_TEST

START_TEST(clamped_units_keep_their_rates)
{
  nai_network *net = build_everything(NAI_TRANSFER_LINEAR, NULL);
  nai_state *state = make_state(net, 1, 1);
  expect_ok(nai_state_clamp_units(state, "E I", (int64_t[]){1}, 1, (float[]){9}, 1));
  const float values[7] = {1, 2, 3, 4, 5, 6, 7};
  expect_ok(nai_state_set_currents(state, "E", values, 7));
  expect_ok(nai_state_set_rates(state, "I", values, 5));
  nai_view x = currents_of(state, "E");
  EXPECT(at(&x, 0, 1) == 2 && rate_of(state, "E", 0, 1) == 9 && rate_of(state, "I", 0, 1) == 9);
  EXPECT(rate_of(state, "E", 0, 0) == 1.1f && rate_of(state, "I", 0, 2) == 3);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

START_TEST(snapshots_hold_what_was_set)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_state *state = make_state(net, 1, 1), *other = make_state(net, 1, 2);
  const float values[7] = {1, 2, -3, 0.4f, 0.5f, 0, 7};
  expect_ok(nai_state_set_currents(state, "E", values, 7));
  void *snapshot = snapshot_of(state);
  expect_ok(nai_state_restore(other, snapshot, nai_state_snapshot_size(state)));
  nai_view x = currents_of(other, "E");
  for (int u = 0; u < 7; u++) EXPECT(at(&x, 0, u) == values[u]);
  expect_ok(nai_state_reset(state));
  x = currents_of(state, "E");
  for (int u = 0; u < 7; u++) EXPECT(at(&x, 0, u) == 0.2f); /* "initial" */
  free(snapshot);
  nai_state_destroy(state);
  nai_state_destroy(other);
  nai_network_destroy(net);
}
END_TEST

/* --- what is refused -------------------------------------------------------------------------- */

START_TEST(what_cannot_be_set_changes_nothing)
{
  nai_network *net = build_everything(NAI_TRANSFER_POWER, NULL);
  nai_state *state = make_state(net, 2, 1);
  expect_ok(nai_state_run(NULL, NULL, state, 3, NULL));
  void *before = snapshot_of(state);
  nai_view view = NAI_VIEW_INIT;
  float values[14] = {0};
  expect_fails(nai_state_currents(&view, state, "I"), NAI_ERR_UNSUPPORTED,
               "'I' has its leak on the rate");
  expect_fails(nai_state_set_currents(state, "I", values, 5), NAI_ERR_UNSUPPORTED,
               "its rates are what can be read and set");
  expect_fails(nai_state_set_rates(state, "E", values, 7), NAI_ERR_UNSUPPORTED,
               "its currents are what can be set");
  expect_fails(nai_state_set_currents(state, "E", values, 6), NAI_ERR_INVALID,
               "n is 6, must be 7, the units of 'E'");
  expect_fails(nai_state_set_rates(state, "I", values, 7), NAI_ERR_INVALID, "n is 7, must be 5");
  expect_fails(nai_state_set_currents(state, "E", NULL, 7), NAI_ERR_INVALID, "currents is NULL");
  expect_fails(nai_state_set_rates(state, "I", NULL, 5), NAI_ERR_INVALID, "rates is NULL");
  values[9] = INFINITY;
  expect_fails(nai_state_set_currents(state, "E", values, 7), NAI_ERR_NONFINITE,
               "currents[1][2] is inf, must be finite");
  values[9] = NAN;
  expect_fails(nai_state_set_rates(state, "I", values, 5), NAI_ERR_NONFINITE,
               "rates[1][4] is nan, must be finite");
  values[9] = 3e38f; /* finite, but not its rate */
  expect_fails(nai_state_set_currents(state, "E", values, 7), NAI_ERR_NONFINITE,
               "a rate of 'E' in trial 1 would be infinite");
  static const char *const names[] = {"stimulus", "choice", "nobody", "*", ""};
  for (int i = 0; i < 5; i++) {
    expect_fails(nai_state_currents(&view, state, names[i]), NAI_ERR_NAME, "name");
    expect_fails(nai_state_set_currents(state, names[i], values, 7), NAI_ERR_NAME, "name");
    expect_fails(nai_state_set_rates(state, names[i], values, 7), NAI_ERR_NAME, "name");
  }
  expect_fails(nai_state_currents(NULL, state, "E"), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_state_currents(&view, state, NULL), NAI_ERR_INVALID, "name is NULL");
  expect_fails(nai_state_currents(&view, NULL, "E"), NAI_ERR_INVALID, "state is NULL");
  expect_fails(nai_state_set_currents(NULL, "E", values, 7), NAI_ERR_INVALID, "state is NULL");
  expect_fails(nai_state_set_rates(NULL, "I", values, 5), NAI_ERR_INVALID, "state is NULL");
  expect_unmoved(state, before);
  free(before);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

START_TEST(setting_allocates_nothing)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_state *state = make_state(net, 1, 1);
  const float values[7] = {0};
  long before = faults_allocations();
  nai_status status[] = {nai_state_set_currents(state, "E", values, 7),
                         nai_state_set_rates(state, "I", values, 5)};
  long allocations = faults_allocations() - before;
  expect_ok(status[0]);
  expect_ok(status[1]);
  ck_assert_int_eq(allocations, 0);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

Suite *activity_suite(void);

Suite *activity_suite(void)
{
  Suite *suite = suite_create("activity");
  ADD_CASE(suite, "currents", currents_by_hand, rates_follow_the_currents_that_are_set);
  ADD_CASE(suite, "set", what_is_set_at_time_0_is_an_initial_state,
           each_trial_starts_where_it_is_put, clamped_units_keep_their_rates,
           snapshots_hold_what_was_set);
  ADD_CASE(suite, "refused", what_cannot_be_set_changes_nothing, setting_allocates_nothing);
  return suite;
}
