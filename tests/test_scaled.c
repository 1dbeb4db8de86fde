/* Projections that are scaled or cut, and units that are frozen, during a part of the trial. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "faults.h"
#include "listed.h"
#include "networks.h"
#include "states.h"

enum { STEPS = 12, B = 3 };

static nai_intervention scale(const char *from, const char *to, double factor)
{
  nai_intervention i = NAI_INTERVENTION_INIT;
  i.kind = NAI_SCALE_SYNAPSES;
  i.names = from;
  i.to = to;
  i.value = factor;
  return i;
}

static nai_intervention freeze(const char *names)
{
  nai_intervention i = NAI_INTERVENTION_INIT;
  i.kind = NAI_FREEZE;
  i.names = names;
  return i;
}

static void intervene(nai_state *state, const nai_intervention *i)
{
  expect_ok(nai_state_intervene(state, i, 1));
}

/* --- by hand ---------------------------------------------------------------------------------- */

/* A [2] and B [1], whose rate is what they receive; one matrix has the synapses of all. */
static nai_network *build_pair(void)
{
  nai_network *net = COMPOSE(.dt = 10, .populations = {{"A", 2, NAI_FREE}, {"B", 1, NAI_FREE}},
                             .outputs = {{"z", 1}}, .projections = {{"A", "B z"}, {"B", "A z"}});
  expect_ok(nai_network_set(net, "A B", "tau", 10));
  expect_ok(nai_network_set_transfer(net, "A B", NAI_TRANSFER_LINEAR));
  expect_ok(nai_network_set(net, "A", "bias", 1));
  expect_ok(nai_network_build(net, 1));
  expect_ok(nai_network_set_weights(net, "A", "B", (float[]){0.5f, 0.25f}, 1, 2));
  expect_ok(nai_network_set_weights(net, "B", "A", (float[]){0.125f, -0.5f}, 2, 1));
  expect_ok(nai_network_set_weights(net, "A", "z", (float[]){2, 4}, 1, 2));
  expect_ok(nai_network_set_weights(net, "B", "z", (float[]){8}, 1, 1));
  return net;
}

/* Factors of A's synapses onto B at each step; those onto z stay, of the output only B's are halved. */
START_TEST(factors_of_each_step)
{
  static const double factors[STEPS] = {1, 1, 0.75, 0.25, 0, 0, 0.5, 1, 1, 1, 1, 1};
  nai_network *net = build_pair();
  nai_state *state = make_state(net, 1, 1);
  nai_intervention cut = scale("A", "B", 0), half = scale("B", "z", 0.5);
  cut.start = 20;
  cut.end = 70;
  cut.rise = 20;
  cut.fall = 10;
  half.start = 40;
  intervene(state, &cut);
  intervene(state, &half);
  double a[2] = {0, 0}, b = 0;
  for (int t = 0; t < STEPS; t++) {
    const double before[2] = {a[0], a[1]};
    float z;
    a[0] = 1 + 0.125 * b;
    a[1] = 1 - 0.5 * b;
    b = factors[t] * (0.5 * before[0] + 0.25 * before[1]);
    expect_ok(nai_state_step(&z, state, NULL));
    EXPECT(rate_of(state, "A", 0, 0) == (float)a[0] && rate_of(state, "A", 0, 1) == (float)a[1]);
    EXPECT(rate_of(state, "B", 0, 0) == (float)b);
    ck_assert_float_eq_tol(z, (float)(2 * a[0] + 4 * a[1] + (t >= 4 ? 4 : 8) * b), 1e-6f);
  }
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* Several that act on the same synapses are multiplied; those that are released do nothing. */
START_TEST(factors_are_multiplied_until_they_are_released)
{
  nai_network *net = build_pair();
  nai_state *state = make_state(net, 1, 1);
  nai_intervention both = scale("A", "*", 0.5), one = scale("A", "B", 4);
  const float first = 0.25f;
  one.units = (const int64_t[]){1};
  one.n_units = 1;
  one.values = &first;
  one.n_values = 1;
  nai_intervention held[] = {both, one};
  expect_ok(nai_state_intervene(state, held, 2));
  float z;
  for (int t = 0; t < 2; t++) expect_ok(nai_state_step(&z, state, NULL));
  EXPECT(rate_of(state, "B", 0, 0) == 0.5f * 0.5f + 0.5f * 0.25f * 0.25f);
  expect_ok(nai_state_release(state, "*")); /* it is of units */
  expect_ok(nai_state_run(NULL, NULL, state, 3, NULL));
  expect_ok(nai_state_release_synapses(state, "A", "B"));
  expect_ok(nai_state_step(&z, state, NULL));
  const float a0 = rate_of(state, "A", 0, 0), a1 = rate_of(state, "A", 0, 1);
  expect_ok(nai_state_step(&z, state, NULL));
  EXPECT(rate_of(state, "B", 0, 0) == 0.5f * a0 + 0.25f * a1);
  expect_ok(nai_state_release_synapses(state, "*", "*"));
  nai_state *other = make_state(net, 1, 1);
  ck_assert_int_eq(nai_state_snapshot_size(state), nai_state_snapshot_size(other));
  expect_fails(nai_state_release_synapses(state, "B", "B"), NAI_ERR_NAME, "'B'");
  expect_fails(nai_state_release_synapses(NULL, "B", "A"), NAI_ERR_INVALID, "state is NULL");
  nai_state_destroy(other);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* --- however they are stored ------------------------------------------------------------------ */

/* More senders than bits of a word, in which those are that were chosen. */
enum { SENDERS = 71, RECEIVERS = 30, PAIRS = SENDERS * RECEIVERS };
enum { MATRIX, LIST, SHARED, DELAYED, STORAGES };

/*
 * Senders A or, NULL, an input of that name, and receivers that show what they get; other synapses beside
 * them in the same matrix.
 */
static nai_network *build_senders(const char *model, int storage)
{
  static const int32_t kinds[] = {NAI_STORAGE_DENSE, NAI_STORAGE_LISTED, NAI_STORAGE_SHARED,
                                  NAI_STORAGE_LISTED};
  nai_network *net = COMPOSE(.dt = 1, .populations = {{"R", RECEIVERS, NAI_FREE}});
  nai_constraint *few;
  if (model)
    expect_ok(nai_network_add_population(net, "A", SENDERS, NAI_EXCITATORY));
  else
    expect_ok(nai_network_add_input(net, "A", SENDERS));
  if (model) expect_ok(nai_network_set_model(net, "A", model));
  expect_ok(nai_network_connect(net, "A R", "R"));
  expect_ok(nai_network_set(net, "R", "tau", 1));
  expect_ok(nai_network_set_transfer(net, "R", NAI_TRANSFER_LINEAR));
  expect_ok(nai_network_set_initial_weights(net, "R", "R", NAI_WEIGHTS_CONSTANT, 0, 0));
  expect_ok(nai_network_set_storage(net, "A", "R", kinds[storage]));
  if (storage == SHARED) {
    expect_ok(nai_network_set_initial_weights(net, "A", "R", NAI_WEIGHTS_CONSTANT, 0.3, 0));
    expect_ok(nai_network_set_plastic(net, "A", "R", 0));
  } else {
    constrain_by(net, "A", "R", nai_constraint_create_sparse(&few, 0.4), &few);
  }
  if (storage == DELAYED) expect_ok(nai_network_set_delays(net, "A", "R", 3, 1, 1));
  expect_ok(nai_network_build(net, 5));
  return net;
}

/* What comes of a spike, or a rate of 1, of each sender alone: [RECEIVERS][SENDERS]. */
static void look(float *w, const nai_network *net, int has_input, const nai_intervention *i)
{
  for (int64_t j = 0; j < SENDERS; j++) {
    float u[SENDERS] = {0};
    nai_state *state = make_state(net, 1, 1);
    u[j] = 1;
    if (i) intervene(state, i);
    if (!has_input) expect_ok(nai_state_clamp_units(state, "A", NULL, NAI_ALL_UNITS, u, SENDERS));
    for (int t = 0; t < 10; t++) expect_ok(nai_state_step(NULL, state, has_input ? u : NULL));
    for (int64_t k = 0; k < RECEIVERS; k++) w[k * SENDERS + j] = rate_of(state, "R", 0, k);
    nai_state_destroy(state);
  }
}

/* How many are there, of how many that were; each is as it was, or `factor` of it. */
static int64_t scaled_in(uint8_t *is, const float *w, const float *whole, float factor, int64_t *n)
{
  int64_t found = 0;
  *n = 0;
  for (int k = 0; k < PAIRS; k++) {
    is[k] = whole[k] != 0 && w[k] == whole[k] * factor;
    EXPECT(is[k] || w[k] == whole[k]);
    found += is[k];
    *n += whole[k] != 0;
  }
  return found;
}

static int64_t most_of(int64_t n, double fraction)
{
  return (int64_t)floor(fraction * (double)n + 0.5);
}

static void expect_all_scaled(const nai_network *net, int has_input, const float *whole)
{
  float w[PAIRS], factors[SENDERS];
  for (int j = 0; j < SENDERS; j++) factors[j] = (float)(j % 4) / 2;
  nai_intervention i = scale("A", "R", 0);
  i.values = factors;
  i.n_values = SENDERS;
  look(w, net, has_input, &i);
  for (int k = 0; k < PAIRS; k++) EXPECT(w[k] == whole[k] * factors[k % SENDERS]);
}

/* Units are those of NAI_SCALE with the same seed, all of whose synapses are meant. */
static void expect_units_scaled(const nai_network *net, int has_input, const float *whole)
{
  float w[PAIRS];
  nai_intervention i = scale("A", "R", 0.25);
  i.fraction = 0.3;
  i.of_units = 1;
  i.seed = 4;
  look(w, net, has_input, &i);
  int columns = 0;
  for (int j = 0; j < SENDERS; j++) {
    int same = 0, less = 0;
    for (int k = j; k < PAIRS; k += SENDERS) {
      same += whole[k] != 0 && w[k] == whole[k];
      less += whole[k] != 0 && w[k] == whole[k] * 0.25f;
    }
    EXPECT(same == 0 || less == 0);
    columns += less > 0;
  }
  ck_assert_int_eq(columns, 21); /* 0.3 of 71 */
}

/* Exactly as many as are meant, nested, and the same ones however they are stored. */
static void expect_synapses_scaled(const nai_network *net, int has_input, const float *whole,
                                   uint8_t *few)
{
  float w[PAIRS];
  uint8_t many[PAIRS], others[PAIRS];
  int64_t n, differ = 0;
  nai_intervention i = scale("A", "R", 0.5);
  i.fraction = 0.25;
  i.seed = 9;
  look(w, net, has_input, &i);
  const int64_t found = scaled_in(few, w, whole, 0.5f, &n);
  ck_assert_int_eq(found, most_of(n, 0.25));
  i.fraction = 0.6;
  i.value = 0;
  look(w, net, has_input, &i);
  const int64_t more = scaled_in(many, w, whole, 0, &n);
  ck_assert_int_eq(more, most_of(n, 0.6));
  i.seed = 10;
  look(w, net, has_input, &i);
  scaled_in(others, w, whole, 0, &n);
  for (int k = 0; k < PAIRS; k++) {
    EXPECT(!few[k] || many[k]);
    differ += many[k] != others[k];
  }
  ck_assert_int_gt(differ, n / 10);
  static const int64_t units[] = {3, 17};
  i.units = units;
  i.n_units = 2;
  i.fraction = 0.5;
  look(w, net, has_input, &i);
  scaled_in(others, w, whole, 0, &n);
  for (int k = 0; k < PAIRS; k++)
    EXPECT(!others[k] || k % SENDERS == units[0] || k % SENDERS == units[1]);
}

START_TEST(however_synapses_are_stored)
{
  static const char *const models[] = {NULL, "rate", "lif"};
  uint8_t of_matrix[PAIRS], few[PAIRS];
  for (int m = 0; m < 3; m++)
    for (int storage = 0; storage < STORAGES; storage++) {
      if (storage == DELAYED && !models[m]) continue;
      float whole[PAIRS];
      nai_network *net = build_senders(models[m], storage);
      look(whole, net, !models[m], NULL);
      expect_all_scaled(net, !models[m], whole);
      expect_units_scaled(net, !models[m], whole);
      expect_synapses_scaled(net, !models[m], whole, storage == MATRIX ? of_matrix : few);
      if (storage == LIST) EXPECT(memcmp(few, of_matrix, sizeof few) == 0);
      nai_network_destroy(net);
    }
}
END_TEST

/* Of what is sent by short-term plasticity; it goes on from spikes and rates as if nothing were done. */
START_TEST(short_term_plasticity_goes_on)
{
  nai_network *net = COMPOSE(.dt = 1, .populations = {{"A", 3, NAI_FREE}, {"R", 2, NAI_FREE}},
                             .projections = {{"A", "R"}});
  nai_short_term *short_term;
  const double U = 0.2, tau_x = 100, tau_u = 1000, hz = 1;
  expect_ok(nai_short_term_create(&short_term, 1, &U, &tau_x, &tau_u, &hz));
  expect_ok(nai_network_set_short_term(net, "A", "R", short_term));
  nai_short_term_destroy(short_term);
  expect_ok(nai_network_set(net, "R", "tau", 1));
  expect_ok(nai_network_set_transfer(net, "R", NAI_TRANSFER_LINEAR));
  expect_ok(nai_network_build(net, 5));
  nai_state *state = make_state(net, 1, 1), *whole = make_state(net, 1, 1);
  const float much = 20;
  expect_ok(nai_state_clamp_units(state, "A", NULL, NAI_ALL_UNITS, &much, 1));
  expect_ok(nai_state_clamp_units(whole, "A", NULL, NAI_ALL_UNITS, &much, 1));
  nai_intervention i = scale("A", "R", 0.5);
  i.start = 3;
  i.end = 8;
  intervene(state, &i);
  for (int t = 0; t < STEPS; t++) {
    expect_ok(nai_state_step(NULL, state, NULL));
    expect_ok(nai_state_step(NULL, whole, NULL));
    const float expected = rate_of(whole, "R", 0, 1) * (t >= 3 && t < 8 ? 0.5f : 1);
    ck_assert_float_eq_tol(rate_of(state, "R", 0, 1), expected, 1e-6f * fabsf(expected) + 1e-9f);
    EXPECT(t < 1 || expected != 0);
  }
  nai_state_destroy(whole);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* --- trials ----------------------------------------------------------------------------------- */

/* Rates of all units of a trial, 18 of them. */
static void gather(float *out, const nai_state *state, int64_t trial)
{
  static const char *const names[] = {"E", "I", "layer"};
  for (int k = 0; k < 3; k++) {
    nai_view view = NAI_VIEW_INIT;
    expect_ok(nai_state_rates(&view, state, names[k]));
    for (int64_t u = 0; u < view.shape[1]; u++) *out++ = at(&view, trial, u);
  }
}

/* Steps of its own in each trial; outside of them and in other trials no bit is another. */
START_TEST(each_trial_its_own_steps)
{
  static const int32_t steps[B][2] = {{5, 9}, {0, 0}, {2, 12}};
  static const double fractions[] = {1, 0.3};
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  for (int some = 0; some < 2; some++) {
    nai_intervention i = scale("*", "*", 0.3), alone = i;
    i.fraction = alone.fraction = fractions[some];
    i.of_units = alone.of_units = !some;
    i.steps = &steps[0][0];
    i.n_trials = B;
    nai_state *state = make_state(net, B, 4), *whole = make_state(net, B, 4),
              *third = make_state(net, 1, 4);
    intervene(state, &i);
    expect_ok(nai_state_set_first(third, 2));
    alone.start = 20; /* two steps */
    intervene(third, &alone);
    for (int t = 0; t < STEPS; t++) {
      float a[18], b[18];
      expect_ok(nai_state_step(NULL, state, NULL));
      expect_ok(nai_state_step(NULL, whole, NULL));
      expect_ok(nai_state_step(NULL, third, NULL));
      for (int trial = 0; trial < B; trial++) {
        gather(a, state, trial);
        gather(b, whole, trial);
        const int acts = steps[trial][1] > 0 && t >= steps[trial][0];
        EXPECT((memcmp(a, b, sizeof a) == 0) == !acts);
      }
      gather(b, third, 0);
      EXPECT(memcmp(a, b, sizeof a) == 0);
    }
    nai_state_destroy(third);
    nai_state_destroy(whole);
    nai_state_destroy(state);
  }
  nai_network_destroy(net);
}
END_TEST

/* --- freezing --------------------------------------------------------------------------------- */

/* A has noise and receives from nobody, so that it goes on as if nothing were done. */
static nai_network *build_noisy(const char *model)
{
  nai_network *net = COMPOSE(.dt = 10, .populations = {{"A", 4, NAI_FREE}, {"R", 4, NAI_FREE}});
  if (model) expect_ok(nai_network_set_model(net, "A", model));
  if (!model) expect_ok(nai_network_set_leak(net, "A", NAI_LEAK_RATE));
  expect_ok(nai_network_connect(net, "A R", "R"));
  expect_ok(nai_network_set(net, "A R", "noise", 0.5));
  expect_ok(nai_network_set(net, "A", "bias", 1));
  expect_ok(nai_network_set(net, "A", "initial", 1));
  expect_ok(nai_network_set(net, "R", "tau", 10));
  expect_ok(nai_network_set_transfer(net, "R", NAI_TRANSFER_LINEAR));
  expect_ok(nai_network_build(net, 3));
  return net;
}

START_TEST(frozen_units_keep_what_they_send)
{
  static const char *const models[] = {"rate", NULL, "adaptive_rate"};
  static const int32_t steps[B][2] = {{3, 7}, {5, 12}, {0, 0}};
  for (int m = 0; m < 3; m++) {
    nai_network *net = build_noisy(models[m]);
    nai_state *state = make_state(net, B, 1), *whole = make_state(net, B, 1);
    nai_intervention i = freeze("A");
    i.steps = &steps[0][0];
    i.n_trials = B;
    i.units = (const int64_t[]){0, 2};
    i.n_units = 2;
    intervene(state, &i);
    float held[B][4];
    for (int t = 0; t < STEPS; t++) {
      expect_ok(nai_state_step(NULL, state, NULL));
      expect_ok(nai_state_step(NULL, whole, NULL));
      for (int b = 0; b < B; b++)
        for (int k = 0; k < 4; k++) {
          const int now = k % 2 == 0 && t >= steps[b][0] && t < steps[b][1];
          const float own = rate_of(whole, "A", b, k);
          if (t == steps[b][0]) held[b][k] = own;
          EXPECT(rate_of(state, "A", b, k) == (now ? held[b][k] : own));
          EXPECT(!now || t == steps[b][0] || own != held[b][k]);
          if (!(t > steps[b][0] && steps[b][1])) /* the same noise in all others */
            EXPECT(rate_of(state, "R", b, k) == rate_of(whole, "R", b, k));
        }
    }
    nai_state_destroy(whole);
    nai_state_destroy(state);
    nai_network_destroy(net);
  }
}
END_TEST

/* From before the first step on: what trials start with. Along a ramp the two are mixed. */
START_TEST(frozen_from_the_beginning_and_along_ramps)
{
  nai_network *net = build_noisy("rate");
  nai_state *state = make_state(net, 2, 1), *ramp = make_state(net, 2, 1),
            *whole = make_state(net, 2, 1);
  nai_intervention i = freeze("A"), slowly = freeze("A");
  i.start = -1;
  slowly.end = 40;
  slowly.fall = 20;
  intervene(state, &i);
  intervene(ramp, &slowly);
  const float initial = rate_of(whole, "A", 1, 3);
  float first = 0;
  for (int t = 0; t < 5; t++) {
    static const float much[] = {1, 1, 0.75f, 0.25f, 0};
    expect_ok(nai_state_step(NULL, state, NULL));
    expect_ok(nai_state_step(NULL, ramp, NULL));
    expect_ok(nai_state_step(NULL, whole, NULL));
    const float own = rate_of(whole, "A", 1, 3);
    if (t == 0) first = own;
    EXPECT(rate_of(state, "A", 1, 3) == initial);
    ck_assert_float_eq_tol(rate_of(ramp, "A", 1, 3), own + much[t] * (first - own), 1e-6f);
  }
  nai_state_destroy(whole);
  nai_state_destroy(ramp);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* Units that are released leave what the others hold, of every trial. */
START_TEST(some_frozen_units_are_released)
{
  nai_network *net = build_noisy("rate");
  nai_state *state = make_state(net, 2, 1), *whole = make_state(net, 2, 1);
  nai_intervention i = freeze("A");
  float held[2][4];
  intervene(state, &i);
  for (int t = 0; t < 4; t++) {
    expect_ok(nai_state_step(NULL, state, NULL));
    expect_ok(nai_state_step(NULL, whole, NULL));
    if (t == 1) expect_ok(nai_state_release_units(state, "A", (int64_t[]){1, 2}, 2));
    for (int k = 0; k < 8; k++) {
      const float own = rate_of(whole, "A", k / 4, k % 4);
      if (t == 0) held[k / 4][k % 4] = own;
      EXPECT(rate_of(state, "A", k / 4, k % 4) ==
             (t > 1 && (k % 4 == 1 || k % 4 == 2) ? own : held[k / 4][k % 4]));
    }
  }
  nai_state_destroy(whole);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* --- kept ------------------------------------------------------------------------------------- */

/* All that a snapshot has of such plans, in the middle of them. */
static nai_state *plan_all(const nai_network *net)
{
  nai_state *state = make_state(net, B, 4);
  nai_intervention all[] = {scale("E", "*", 0.5), scale("* stimulus", "E I", 0), freeze("I layer")};
  all[0].fraction = 0.5;
  all[0].of_units = 1;
  all[1].fraction = 0.4;
  all[1].seed = 3;
  expect_ok(nai_state_intervene(state, all, 3));
  expect_ok(nai_state_run(NULL, NULL, state, 3, NULL));
  return state;
}

START_TEST(snapshots_have_them)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_state *state = plan_all(net), *other = make_state(net, B, 7), *third = make_state(net, B, 7);
  const int64_t size = nai_state_snapshot_size(state), plain = nai_state_snapshot_size(third);
  char *snapshot = snapshot_of(state);
  void *before = snapshot_of(third);
  expect_ok(nai_state_restore(other, snapshot, size));
  for (int t = 0; t < 6; t++) {
    EXPECT(same_states(state, other));
    expect_ok(nai_state_step(NULL, state, NULL));
    expect_ok(nai_state_step(NULL, other, NULL));
  }
  expect_bytes_taken_or_refused(third, before, snapshot, plain, size);
  free(before);
  free(snapshot);
  nai_state_destroy(third);
  nai_state_destroy(other);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

START_TEST(steps_allocate_nothing)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_state *state = plan_all(net);
  long before = faults_allocations();
  nai_status status = nai_state_run(NULL, NULL, state, 20, NULL);
  long allocations = faults_allocations() - before;
  expect_ok(status);
  ck_assert_int_eq(allocations, 0);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

static void plan_without_memory(const nai_network *net, const nai_intervention *i, int64_t n)
{
  nai_state *state = make_state(net, B, 1);
  void *before = snapshot_of(state);
  long good = 0;
  for (int done = 0; !done; good++) {
    faults_fail_allocation(good);
    nai_status status = nai_state_intervene(state, i, n);
    faults_fail_allocation(-1);
    done = status == NAI_OK;
    if (!done) ck_assert_int_eq(status, NAI_ERR_MEMORY);
    if (!done) expect_unmoved(state, before);
  }
  ck_assert_int_gt(good, 5);
  free(before);
  nai_state_destroy(state);
}

START_TEST(without_memory_nothing_is_planned)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL),
              *spiking = build_senders("lif", DELAYED);
  nai_intervention i[] = {scale("E", "*", 0.5), freeze("I layer")}, some = scale("A", "R", 0);
  i[0].fraction = some.fraction = 0.5;
  plan_without_memory(net, i, 2);
  plan_without_memory(spiking, &some, 1);
  nai_network_destroy(spiking);
  nai_network_destroy(net);
}
END_TEST

/* --- what is refused -------------------------------------------------------------------------- */

static void expect_refused(nai_state *state, nai_intervention i, nai_status status,
                           const char *words)
{
  void *before = snapshot_of(state);
  expect_fails(nai_state_intervene(state, &i, 1), status, words);
  expect_unmoved(state, before);
  free(before);
}

START_TEST(bad_plans_are_named)
{
  static const float bad[] = {1, NAN}, negative[] = {1, -1};
  static const int64_t outside[] = {7}, twice[] = {1, 1}, two[] = {0, 1};
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_state *state = make_state(net, B, 1);
  nai_intervention i = scale("E", NULL, 1);
  expect_refused(state, i, NAI_ERR_INVALID, "interventions[0]: to is NULL");
  i = scale(NULL, "E", 1);
  expect_refused(state, i, NAI_ERR_INVALID, "names is NULL");
  i = scale("PV", "E", 1);
  expect_refused(state, i, NAI_ERR_NAME, "names: nothing is called 'PV'");
  i = scale("E", "PV", 1);
  expect_refused(state, i, NAI_ERR_NAME, "to: nothing is called 'PV'");
  i = scale("real", "E", 1);
  expect_refused(state, i, NAI_ERR_NAME, "'real'");
  i = scale("E", "*", -1);
  expect_refused(state, i, NAI_ERR_INVALID, "value is -1, must be at least 0, a factor");
  i = scale("E", "*", NAN);
  expect_refused(state, i, NAI_ERR_NONFINITE, "value is nan");
  i = scale("E", "*", 0);
  i.of_units = 2;
  expect_refused(state, i, NAI_ERR_INVALID, "of_units is 2, must be 0 or 1");
  i = scale("E", "*", 0);
  i.fraction = 0.01;
  i.of_units = 1;
  expect_refused(state, i, NAI_ERR_INVALID,
                 "fraction is 0.01, which is none of the 7 units of 'E'");
  i.of_units = 0;
  i.fraction = 0.001;
  expect_refused(state, i, NAI_ERR_INVALID, "fraction is 0.001, which is none of the ");
  i = scale("E", "*", 0);
  i.n_units = 1;
  i.units = outside;
  expect_refused(state, i, NAI_ERR_INVALID, "units[0] is 7, must be 0 to 6, the units of 'E'");
  i.n_units = 2;
  i.units = twice;
  expect_refused(state, i, NAI_ERR_INVALID, "units[1] is 1, which was given before");
  i.units = NULL;
  expect_refused(state, i, NAI_ERR_INVALID, "units is NULL");
  i.n_units = -3;
  expect_refused(state, i, NAI_ERR_INVALID, "n_units is -3");
  i = scale("E", "*", 0);
  i.values = negative;
  i.n_values = 2;
  expect_refused(state, i, NAI_ERR_INVALID, "values has 2 values, must have 1 or 7, one for each");
  i.n_units = 2;
  i.units = two;
  i.values = bad;
  expect_refused(state, i, NAI_ERR_NONFINITE, "values[1] is nan");
  i.values = negative;
  expect_refused(state, i, NAI_ERR_INVALID, "values[1] is -1, must be at least 0");
  i = freeze("E");
  i.value = 1;
  expect_refused(state, i, NAI_ERR_INVALID, "freezing takes no value: the rate stays what it is");
  i = freeze("E");
  i.to = "I";
  expect_refused(state, i, NAI_ERR_INVALID, "to is 'I', but only NAI_SCALE_SYNAPSES");
  i = freeze("E");
  i.of_units = 1;
  expect_refused(state, i, NAI_ERR_INVALID, "of_units is 1, but only NAI_SCALE_SYNAPSES");
  i.kind = 6;
  expect_refused(state, i, NAI_ERR_INVALID, "kind is 6, must be NAI_SILENCE (0) to NAI_FREEZE (5)");
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

Suite *scaled_suite(void);

Suite *scaled_suite(void)
{
  Suite *suite = suite_create("scaled");
  ADD_CASE(suite, "by hand", factors_of_each_step, factors_are_multiplied_until_they_are_released);
  ADD_CASE(suite, "storage", however_synapses_are_stored, short_term_plasticity_goes_on);
  ADD_CASE(suite, "trials", each_trial_its_own_steps);
  ADD_CASE(suite, "frozen", frozen_units_keep_what_they_send,
           frozen_from_the_beginning_and_along_ramps, some_frozen_units_are_released);
  ADD_CASE(suite, "kept", snapshots_have_them, steps_allocate_nothing,
           without_memory_nothing_is_planned);
  ADD_CASE(suite, "refused", bad_plans_are_named);
  return suite;
}
