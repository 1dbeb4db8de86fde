/*
 * States of units that are set by name: at time 0 as initial states are, later as if the units had come
 * to them; what is sent then; short-term plasticity; what is refused leaves all as it was.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "faults.h"
#include "networks.h"
#include "own_models.h"
#include "states.h"

enum { TRIALS = 3, N = 5, STEPS = 12 };

/* A population of the model sends to rate units, at once and along three steps; R has its leak on the rate. */
static nai_network *build_with(const char *model, const double *initial, int plastic)
{
  nai_network *net =
      COMPOSE(.dt = 0.5, .inputs = {{"u", 2}},
              .populations = {{"P", N, NAI_FREE}, {"Q", 2, NAI_FREE}, {"R", 2, NAI_FREE}},
              .outputs = {{"z", 1}});
  nai_short_term *short_term;
  const double U = 0.4, tau = 50, hz = 300;
  expect_ok(nai_network_set_model(net, "P", model));
  expect_ok(nai_network_set_leak(net, "R", NAI_LEAK_RATE));
  expect_ok(nai_network_set_transfer(net, "R", NAI_TRANSFER_LINEAR));
  if (initial) expect_ok(nai_network_set_each(net, "P", "initial", initial, N));
  expect_ok(nai_network_connect(net, "u", "P"));
  expect_ok(nai_network_connect(net, "P", "Q R"));
  expect_ok(nai_network_connect(net, "Q R", "R z"));
  expect_ok(nai_network_set_delay(net, "P", "Q", 1.5));
  expect_ok(nai_network_set_initial_weights(net, "u", "P", NAI_WEIGHTS_UNIFORM, 0.1, 0.9));
  expect_ok(nai_network_set_initial_weights(net, "P", "Q R", NAI_WEIGHTS_CONSTANT, 0.25, 0));
  expect_ok(nai_short_term_create(&short_term, 1, &U, &tau, &tau, &hz));
  if (plastic) expect_ok(nai_network_set_short_term(net, "Q", "R", short_term));
  nai_short_term_destroy(short_term);
  expect_ok(nai_network_build(net, 3));
  return net;
}

static nai_network *build(const char *model, const double *initial)
{
  return build_with(model, initial, 1);
}

/* State k of P; NULL after the last. */
static const char *state_of(const char *model, int64_t k)
{
  static char name[80];
  nai_field field = NAI_FIELD_INIT;
  if (nai_model_field(&field, model, NAI_MODEL_STATES, k) != NAI_OK) return NULL;
  strcpy(name, "P:");
  return strncat(name, field.name, 70);
}

static nai_view shown(nai_state *state, const char *name)
{
  nai_view view = NAI_VIEW_INIT;
  expect_ok(nai_state_variable(&view, state, name));
  return view;
}

/* As they are now: [trials][n], to be freed. */
static float *values_of(nai_state *state, const char *name, int64_t *n)
{
  nai_view view = shown(state, name);
  *n = view.shape[1];
  float *out = calloc((size_t)(view.shape[0] * *n), sizeof *out);
  for (int64_t b = 0; b < view.shape[0]; b++)
    for (int64_t i = 0; i < *n; i++) out[b * *n + i] = at(&view, b, i);
  return out;
}

static void run(nai_state *state, int64_t steps, float *rates)
{
  static float u[STEPS * TRIALS * 2];
  expect_ok(nai_random_normals(u, STEPS * TRIALS * 2, 6, 0));
  for (int k = 0; k < STEPS * TRIALS * 2; k++) u[k] = fabsf(u[k]) * 20;
  expect_ok(nai_state_run(NULL, rates, state, steps, u));
}

/* --- at time 0 -------------------------------------------------------------------------------- */

/* For the first state of each model, which initial values are of. */
static void expect_initial(const char *model, int plastic)
{
  static float rates[2][STEPS * TRIALS * (N + 4)];
  double initial[N];
  const double size = strncmp(model, "lif", 3) == 0 ? 8 : 0.125; /* mV, so that spikes come of it */
  for (int i = 0; i < N; i++) initial[i] = size * (i + 1);
  nai_network *net = build_with(model, NULL, plastic), *other = build_with(model, initial, plastic);
  nai_state *set = make_state(net, TRIALS, 1), *begun = make_state(other, TRIALS, 1);
  int64_t n;
  const char *name = strcmp(model, "rate") == 0 ? "P:x" : state_of(model, 0);
  float *values = values_of(begun, name, &n);
  ck_assert_int_eq(n, N);
  expect_ok(nai_state_set_variable(set, name, values, TRIALS, n));
  for (int64_t b = 0; b < TRIALS; b++)
    for (int i = 0; i < N; i++) EXPECT(rate_of(set, "P", b, i) == rate_of(begun, "P", b, i));
  run(set, STEPS, rates[0]);
  run(begun, STEPS, rates[1]);
  EXPECT(memcmp(rates[0], rates[1], sizeof rates[0]) == 0);
  nai_state_destroy(begun);
  begun = make_state(net, TRIALS, 1);
  run(begun, STEPS, rates[1]);
  EXPECT(memcmp(rates[0], rates[1], sizeof rates[0]) !=
         0); /* without it they would not be the same */
  free(values);
  nai_state_destroy(set);
  nai_state_destroy(begun);
  nai_network_destroy(net);
  nai_network_destroy(other);
}

START_TEST(what_is_set_at_time_0_is_an_initial_state)
{
  int models = 0;
  for (int64_t k = 0; nai_model_builtin_name(k); k++) {
    const char *model = nai_model_builtin_name(k);
    if (!state_of(model, 0)) continue;
    expect_initial(model, 0);
    expect_initial(model, 1);
    models++;
  }
  ck_assert_int_ge(models, 7);
}
END_TEST

/* --- later ------------------------------------------------------------------------------------ */

/* Setting all states to what they are moves nothing, also while some units are clamped. */
static void expect_same(const char *model, int clamped)
{
  nai_network *net = build(model, NULL);
  nai_state *state = make_state(net, TRIALS, 1);
  const int64_t unit[] = {1, 3};
  if (clamped) expect_ok(nai_state_clamp_units(state, "P Q R", unit, 1, (float[]){0.5F}, 1));
  run(state, STEPS, NULL);
  int64_t n;
  for (int64_t k = 0; state_of(model, k); k++) {
    const char *name = strcmp(model, "rate") == 0 ? "P:x" : state_of(model, k);
    float *values = values_of(state, name, &n);
    void *before = snapshot_of(state);
    expect_ok(nai_state_set_variable(state, name, values, TRIALS, n));
    expect_unmoved(state, before);
    free(before);
    if (strcmp(name + 2, "wait") != 0 && strcmp(name + 2, "S") != 0)
      values[n + 1] += 0.5F;
    else
      values[n + 1] = 1;
    float *same = values_of(state, name, &n);
    expect_ok(nai_state_set_variable(state, name, values, TRIALS, n));
    nai_view now = shown(state, name);
    for (int64_t b = 0; b < TRIALS; b++)
      for (int64_t i = 0; i < n; i++) EXPECT(at(&now, b, i) == values[b * n + i]);
    expect_ok(nai_state_set_variable(state, name, same, TRIALS, n));
    free(same);
    free(values);
  }
  nai_state_destroy(state);
  nai_network_destroy(net);
}

START_TEST(setting_what_is_there_moves_nothing)
{
  for (int64_t k = 0; nai_model_builtin_name(k); k++)
    for (int clamped = 0; clamped < 2; clamped++) expect_same(nai_model_builtin_name(k), clamped);
}
END_TEST

/* Each trial goes its own way, as in a state of its own; and the same values may be of all trials. */
START_TEST(each_trial_has_its_own)
{
  static float rates[STEPS * TRIALS * (N + 4)], one[STEPS * (N + 4)];
  nai_network *net = build("adaptive_rate", NULL);
  nai_state *all = make_state(net, TRIALS, 1);
  float a[TRIALS][N];
  for (int b = 0; b < TRIALS; b++)
    for (int i = 0; i < N; i++) a[b][i] = 0.5F * (float)b - 0.25F * (float)i;
  expect_ok(nai_state_run(NULL, NULL, all, 3, NULL));
  expect_ok(nai_state_set_variable(all, "P:x", a[0], TRIALS, N));
  expect_ok(nai_state_set_variable(all, "P:a", a[1], 1, N));
  expect_ok(nai_state_run(NULL, rates, all, STEPS, NULL));
  for (int b = 0; b < TRIALS; b++) {
    nai_state *alone = make_state(net, 1, 1);
    expect_ok(nai_state_set_first(alone, (uint64_t)b));
    expect_ok(nai_state_run(NULL, NULL, alone, 3, NULL));
    expect_ok(nai_state_set_variable(alone, "P:x", a[b], 1, N));
    expect_ok(nai_state_set_variable(alone, "P:a", a[1], 1, N));
    expect_ok(nai_state_run(NULL, one, alone, STEPS, NULL));
    for (int t = 0; t < STEPS; t++)
      EXPECT(memcmp(one + t * (N + 4), rates + (t * TRIALS + b) * (N + 4), (N + 4) * sizeof *one) ==
             0);
    nai_state_destroy(alone);
  }
  nai_state_destroy(all);
  nai_network_destroy(net);
}
END_TEST

/* tau 20, dt .5, rest -70, threshold -50: from v = -40 a neuron fires at the next step, unless it must wait. */
START_TEST(neurons_fire_when_they_may)
{
  static const float wait[] = {0, 1, 2, 4};
  nai_network *net = build("lif", NULL);
  expect_ok(nai_network_set(net, "P", "rest", -70));
  expect_ok(nai_network_set(net, "P", "reset", -65));
  expect_ok(nai_network_set(net, "P", "threshold", -50));
  nai_state *state = make_state(net, 1, 1);
  const float v[N] = {-40, -40, -40, -40, -70}, waits[N] = {wait[0], wait[1], wait[2], wait[3], 0};
  expect_ok(nai_state_run(NULL, NULL, state, 2, NULL));
  expect_ok(nai_state_set_variable(state, "P:v", v, 1, N));
  expect_ok(nai_state_set_variable(state, "P:wait", waits, 1, N));
  nai_view sent = NAI_VIEW_INIT;
  expect_ok(nai_state_variable(&sent, state, "P:v"));
  EXPECT(at(&sent, 0, 3) == -40 && rate_of(state, "P", 0, 0) == 0);
  for (int t = 1; t <= 4; t++) {
    expect_ok(nai_state_step(NULL, state, NULL));
    for (int i = 0; i < 4; i++)
      EXPECT(rate_of(state, "P", 0, i) == ((wait[i] > 1 ? wait[i] : 1) == (float)t ? 1 : 0));
    if (t < 4) EXPECT(at(&sent, 0, 3) == -40); /* held */
    EXPECT(rate_of(state, "P", 0, 4) == 0);
  }
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* A spike of the step that is over is sent all the same; what is under way in a delay of three steps, too. */
START_TEST(what_was_sent_stays)
{
  nai_network *net = build("lif", NULL), *rates = build("adaptive_rate", NULL);
  nai_state *state = make_state(net, 1, 1), *other = make_state(rates, 1, 1);
  float v[N] = {100, 100, 100, 100, 100}, q[4];
  expect_ok(nai_state_set_variable(state, "P:v", v, 1, N));
  expect_ok(nai_state_step(NULL, state, NULL));
  EXPECT(rate_of(state, "P", 0, 2) == 1);
  for (int i = 0; i < N; i++) v[i] = -70;
  expect_ok(nai_state_set_variable(state, "P:v", v, 1, N));
  EXPECT(rate_of(state, "P", 0, 2) == 1);
  for (int i = 0; i < N; i++) v[i] = 1;
  expect_ok(nai_state_step(NULL, other, NULL));
  expect_ok(nai_state_set_variable(other, "P:x", v, 1, N));
  for (int t = 0; t < 4; t++) {
    q[t] = rate_of(other, "Q", 0, 0);
    expect_ok(nai_state_step(NULL, other, NULL));
  }
  EXPECT(q[0] == 0 && q[1] == 0 && q[2] == 0 && q[3] > 0); /* .5 ms steps along 1.5 ms */
  nai_state_destroy(state);
  nai_state_destroy(other);
  nai_network_destroy(net);
  nai_network_destroy(rates);
}
END_TEST

/* --- short-term plasticity -------------------------------------------------------------------- */

/*
 * dt / tau .01, R = 300 Hz .5 ms = .15, U .4; Q is clamped to 1. From u .5, x .25: .125 is released now; then
 * x <- .25 + .01 .75 - .15 .5 .25 = .23875, u <- .5 + .01 (.4 - .5) + .15 .4 .5 = .529.
 */
START_TEST(short_term_plasticity_by_hand)
{
  nai_network *net = build("rate", NULL);
  nai_state *state = make_state(net, TRIALS, 1), *other = make_state(net, TRIALS, 1);
  nai_view u = NAI_VIEW_INIT, x = NAI_VIEW_INIT;
  float us[TRIALS][2], xs[2] = {0.25F, 1};
  for (int b = 0; b < TRIALS; b++) us[b][0] = us[b][1] = 0.25F * (float)(b + 1);
  expect_ok(nai_state_clamp(state, "Q", 1));
  expect_ok(nai_state_clamp(other, "Q", 1));
  expect_ok(nai_state_run(NULL, NULL, state, 2, NULL));
  expect_ok(nai_state_run(NULL, NULL, other, 2, NULL));
  expect_ok(nai_state_short_term(&u, &x, state, "Q", "R"));
  expect_ok(nai_state_set_short_term(state, "Q", "R", us[0], NULL, TRIALS, 2));
  expect_ok(nai_state_set_short_term(state, "Q", "R", NULL, xs, 1, 2));
  EXPECT(at(&u, 1, 0) == 0.5F && at(&x, 1, 0) == 0.25F && at(&u, 2, 1) == 0.75F &&
         at(&x, 2, 1) == 1);
  expect_ok(nai_state_step(NULL, state, NULL));
  expect_ok(nai_state_step(NULL, other, NULL));
  ck_assert_double_eq_tol((double)at(&x, 1, 0), 0.23875, 1e-6);
  ck_assert_double_eq_tol((double)at(&u, 1, 0), 0.529, 1e-6);
  EXPECT(rate_of(state, "R", 1, 0) !=
         rate_of(other, "R", 1, 0)); /* what was released has arrived */
  nai_view all = weights_of(net, "Q", "R");
  double less = 0, share = 0.5 / 100; /* dt / tau of R, which is linear */
  nai_view ux = NAI_VIEW_INIT, xx = NAI_VIEW_INIT;
  nai_state *third = make_state(net, TRIALS, 1);
  expect_ok(nai_state_clamp(third, "Q", 1));
  expect_ok(nai_state_run(NULL, NULL, third, 2, NULL));
  expect_ok(nai_state_short_term(&ux, &xx, third, "Q", "R"));
  for (int j = 0; j < 2; j++)
    less += (double)at(&all, 0, j) *
            ((double)(us[1][j] * xs[j]) - (double)(at(&ux, 1, j) * at(&xx, 1, j)));
  ck_assert_double_eq_tol((double)(rate_of(state, "R", 1, 0) - rate_of(other, "R", 1, 0)),
                          share * less, 1e-6);
  nai_state_destroy(state);
  nai_state_destroy(other);
  nai_state_destroy(third);
  nai_network_destroy(net);
}
END_TEST

/* At time 0 what is under way in delays is released so, too; setting what is there moves nothing. */
START_TEST(short_term_plasticity_at_time_0_and_later)
{
  nai_network *net = build("rate", NULL);
  nai_state *state = make_state(net, 1, 1);
  const float u[] = {0.5F, 0.75F}, x[] = {0.25F, 1}, currents[] = {2, 4};
  nai_view shown_u = NAI_VIEW_INIT, shown_x = NAI_VIEW_INIT;
  expect_ok(nai_state_short_term(&shown_u, &shown_x, state, "Q", "R"));
  expect_ok(nai_state_set_currents(state, "Q", currents, 2));
  expect_ok(nai_state_set_short_term(state, "Q", "R", u, x, 1, 2));
  EXPECT(at(&shown_u, 0, 1) == 0.75F && at(&shown_x, 0, 0) == 0.25F);
  nai_view w = weights_of(net, "Q", "R");
  const double in = (double)at(&w, 0, 0) * 0.125 * 2 + (double)at(&w, 0, 1) * 0.75 * 4;
  expect_ok(nai_state_step(NULL, state, NULL));
  ck_assert_double_eq_tol((double)rate_of(state, "R", 0, 0), in * 0.5 / 100, 1e-6);
  expect_ok(nai_state_run(NULL, NULL, state, 5, NULL));
  float us[2], xs[2];
  for (int i = 0; i < 2; i++) {
    us[i] = at(&shown_u, 0, i);
    xs[i] = at(&shown_x, 0, i);
  }
  void *before = snapshot_of(state);
  expect_ok(nai_state_set_short_term(state, "Q", "R", us, xs, 1, 2));
  expect_unmoved(state, before);
  free(before);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* --- seeds ------------------------------------------------------------------------------------ */

START_TEST(noise_goes_on_from_another_seed)
{
  nai_network *net = compose_one("A", 3, NAI_FREE);
  float rates[3][3];
  nai_network_set(net, "A", "noise", 1);
  expect_ok(nai_network_build(net, 1));
  for (int k = 0; k < 3; k++) {
    nai_state *state = make_state(net, 1, k < 2 ? 7 : 8), *from = make_state(net, 1, 8);
    void *here = NULL;
    expect_ok(nai_state_run(NULL, NULL, from, 4, NULL));
    here = snapshot_of(from);
    expect_ok(nai_state_restore(state, here, nai_state_snapshot_size(state)));
    if (k < 2) expect_ok(nai_state_set_seed(state, 7)); /* a snapshot has its own */
    expect_ok(nai_state_step(NULL, state, NULL));
    for (int i = 0; i < 3; i++) rates[k][i] = rate_of(state, "A", 0, i);
    free(here);
    nai_state_destroy(state);
    nai_state_destroy(from);
  }
  EXPECT(memcmp(rates[0], rates[1], sizeof rates[0]) == 0);
  EXPECT(memcmp(rates[0], rates[2], sizeof rates[0]) != 0);
  expect_fails(nai_state_set_seed(NULL, 1), NAI_ERR_INVALID, "state is NULL");
  nai_network_destroy(net);
}
END_TEST

/* --- refusals --------------------------------------------------------------------------------- */

START_TEST(wrong_values_are_refused)
{
  nai_network *net = build("lif", NULL);
  nai_state *state = make_state(net, TRIALS, 1);
  float v[TRIALS][N] = {{0}};
  run(state, 4, NULL);
  void *before = snapshot_of(state);
#define REFUSED(name, code, words) \
  expect_fails(nai_state_set_variable(state, name, v[0], TRIALS, N), code, words)
  REFUSED("P", NAI_ERR_NAME,
          "name: 'P' says no state, as in 'P:v'; it has v, i_exc, i_inh, wait, b");
  REFUSED("P:spike", NAI_ERR_NAME, "name: 'P' has no state 'spike'; it has v, i_exc");
  REFUSED("P:delta", NAI_ERR_NAME, "has no state 'delta'");
  REFUSED("Q:r", NAI_ERR_NAME, "name: 'Q' has no state 'r'; it has x");
  REFUSED("R:x", NAI_ERR_NAME, "name: 'R' has no state 'x'; it has r");
  REFUSED("z:x", NAI_ERR_NAME, "'z' is one of the outputs");
  REFUSED("P:v Q:x", NAI_ERR_NAME, "must be one name");
  REFUSED("", NAI_ERR_NAME, "must be one name");
  REFUSED("Q:a_state_of_more_than_sixty_three_characters_which_no_population_has_xy", NAI_ERR_NAME,
          "name has an entry of more than 63 characters");
  REFUSED(NULL, NAI_ERR_INVALID, "name is NULL");
  REFUSED("Q:x", NAI_ERR_INVALID, "n is 5, must be 2, the units of 'Q:x'");
  v[1][2] = NAN;
  REFUSED("P:v", NAI_ERR_NONFINITE, "values[1][2] is nan, must be finite");
  v[1][2] = -1;
  REFUSED("P:wait", NAI_ERR_INVALID, "values[1][2] is -1, must be 0 to");
  v[1][2] = 0.5F;
  REFUSED("P:wait", NAI_ERR_INVALID, "values[1][2] is 0.5, must be a whole number");
#undef REFUSED
  expect_fails(nai_state_set_variable(state, "P:v", NULL, 1, N), NAI_ERR_INVALID, "values is NULL");
  expect_fails(nai_state_set_variable(state, "P:v", v[0], 2, N), NAI_ERR_INVALID,
               "trials is 2, must be 1 or 3");
  expect_fails(nai_state_set_variable(NULL, "P:v", v[0], 1, N), NAI_ERR_INVALID, "state is NULL");
  const float good[2] = {0, 1}, bad[2] = {0, 1.5F};
#define REFUSED(code, words, ...) \
  expect_fails(nai_state_set_short_term(state, __VA_ARGS__), code, words)
  REFUSED(NAI_ERR_INVALID, "u[0][1] is 1.5, must be 0 to 1", "Q", "R", bad, good, 1, 2);
  REFUSED(NAI_ERR_INVALID, "x[0][1] is 1.5, must be 0 to 1", "Q", "R", good, bad, 1, 2);
  REFUSED(NAI_ERR_INVALID, "n is 3, must be 2, the units of 'Q'", "Q", "R", good, NULL, 1, 3);
  REFUSED(NAI_ERR_INVALID, "trials is 2, must be 1 or 3", "Q", "R", NULL, good, 2, 2);
  REFUSED(NAI_ERR_INVALID, "there is no short-term plasticity from 'Q' to 'z'", "Q", "z", good,
          good, 1, 2);
  REFUSED(NAI_ERR_NAME, "", "Q", "P", good, good, 1, 2);
#undef REFUSED
  expect_fails(nai_state_set_short_term(NULL, "Q", "R", good, good, 1, 2), NAI_ERR_INVALID,
               "state is NULL");
  expect_unmoved(state, before);
  free(before);
  nai_state_destroy(state);
  nai_network_destroy(net);
  net = build("poisson", NULL);
  state = make_state(net, 1, 1);
  expect_fails(nai_state_set_variable(state, "P:v", v[0], 1, N), NAI_ERR_NAME,
               "name: 'P' has no states: there is nothing to set");
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* A rate that would be infinite, whether somebody looks at states or not. */
START_TEST(signals_stay_finite)
{
  nai_network *net = COMPOSE(.dt = 1, .populations = {{"P", N, NAI_FREE}});
  float x[N] = {0, 1e30F, 0, 0, 0};
  expect_ok(nai_network_set_model(net, "P", "adaptive_rate"));
  expect_ok(nai_network_set_transfer(net, "P", NAI_TRANSFER_POWER));
  expect_ok(nai_network_build(net, 1));
  nai_state *state = make_state(net, 1, 1);
  for (int looks = 0; looks < 2; looks++) {
    if (looks) shown(state, "P:a");
    void *before = snapshot_of(state);
    expect_fails(nai_state_set_variable(state, "P:x", x, 1, N), NAI_ERR_NONFINITE,
                 "values: a signal of 'P' in trial 0 would not be finite");
    expect_unmoved(state, before);
    free(before);
  }
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* Signals of a user's model are what `begin` makes of its states; where it fails nothing has moved. */
START_TEST(own_models_send_what_they_begin_with)
{
  own_model calls = {0};
  nai_network *net = COMPOSE(.dt = 1, .populations = {{"P", N, NAI_FREE}});
  nai_model_ops ops = own_adaptive_ops(&calls);
  nai_model *model;
  const float x[N] = {0, 1, -1, 2, 0.5F};
  expect_ok(nai_model_create(&model, &ops, &calls));
  expect_ok(nai_network_use_model(net, "P", model));
  nai_model_destroy(model);
  expect_ok(nai_network_build(net, 1));
  nai_state *state = make_state(net, 1, 1);
  expect_ok(nai_state_run(NULL, NULL, state, 3, NULL));
  void *before = snapshot_of(state);
  calls.fails = OWN_BEGIN;
  calls.says = 1;
  EXPECT(nai_state_set_variable(state, "P:x", x, 1, N) == NAI_ERR_USER);
  expect_unmoved(state, before);
  free(before);
  calls.fails = 0;
  const long allocations = faults_allocations();
  expect_ok(nai_state_set_variable(state, "P:x", x, 1, N));
  ck_assert_int_eq(faults_allocations(), allocations);
  for (int i = 0; i < N; i++)
    ck_assert_double_eq_tol((double)rate_of(state, "P", 0, i), tanh((double)x[i]), 1e-6);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

Suite *state_values_suite(void);

Suite *state_values_suite(void)
{
  Suite *suite = suite_create("state_values");
  ADD_CASE(suite, "states", what_is_set_at_time_0_is_an_initial_state,
           setting_what_is_there_moves_nothing, each_trial_has_its_own, neurons_fire_when_they_may,
           what_was_sent_stays, own_models_send_what_they_begin_with);
  ADD_CASE(suite, "short_term", short_term_plasticity_by_hand,
           short_term_plasticity_at_time_0_and_later);
  ADD_CASE(suite, "seeds", noise_goes_on_from_another_seed);
  ADD_CASE(suite, "refusals", wrong_values_are_refused, signals_stay_finite);
  return suite;
}
