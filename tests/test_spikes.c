/*
 * Recording spikes as events: they are what rates show, in any chunks, of some populations or all, with
 * variables beside them, under interventions and from where a state was; a buffer that is full; what is
 * refused.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "faults.h"
#include "networks.h"
#include "own_models.h"
#include "states.h"

enum { STEPS = 40, TRIALS = 3, A = 37, B = 18, UNITS = A + B + 2, MOST = STEPS * TRIALS * (A + B) };

static own_model calls;

/* Populations A and B spike, R in between does not; A's units are driven unequally, some never fire. */
static nai_network *build(void)
{
  nai_network *net = COMPOSE(.dt = 1, .inputs = {{"u", 2}},
                             .populations = {{"A", A, NAI_EXCITATORY}, {"R", 2, NAI_FREE}});
  nai_network_add_population(net, "B", B, NAI_INHIBITORY);
  nai_model *model;
  nai_model_ops ops = own_spiking_ops(&calls);
  expect_ok(nai_model_create(&model, &ops, &calls));
  expect_ok(nai_network_use_model(net, "A B", model));
  nai_model_destroy(model);
  nai_network_add_output(net, "z", 1);
  nai_network_connect(net, "u", "A B");
  nai_network_connect(net, "A", "B R z");
  nai_network_connect(net, "B", "A");
  nai_network_set_initial_weights(net, "u", "A B", NAI_WEIGHTS_NORMAL, 0.1, 0.5);
  nai_network_set_initial_weights(net, "A", "B", NAI_WEIGHTS_UNIFORM, 0, 0.1);
  nai_network_set_initial_weights(net, "B", "A", NAI_WEIGHTS_UNIFORM, -0.1, 0);
  expect_ok(nai_network_build(net, 4));
  return net;
}

static void draw_inputs(float *u)
{
  expect_ok(nai_random_normals(u, (int64_t)STEPS * TRIALS * 2, 8, 0));
}

typedef struct events {
  nai_spike spike[MOST];
  int64_t n;
} events;

/* The spikes of a dense record [STEPS][TRIALS][UNITS], as events of these columns. */
static void events_of(events *out, const float *rates, int64_t before, const int *column, int n)
{
  out->n = 0;
  for (int64_t t = 0; t < STEPS; t++)
    for (int32_t b = 0; b < TRIALS; b++)
      for (int32_t i = 0; i < n; i++)
        if (rates[(t * TRIALS + b) * UNITS + column[i]] != 0)
          out->spike[out->n++] = (nai_spike){before + t + 1, b, i};
}

static int columns_of(int *column, int with_a, int with_b)
{
  int n = 0;
  for (int i = 0; with_a && i < A; i++) column[n++] = i;
  for (int i = 0; with_b && i < B; i++) column[n++] = A + 2 + i;
  return n;
}

static void expect_events(const nai_recording *r, const events *expected)
{
  ck_assert_int_eq(r->n, expected->n);
  EXPECT(memcmp(r->spikes, expected->spike, (size_t)r->n * sizeof *r->spikes) == 0);
}

/* --- what is recorded ------------------------------------------------------------------------- */

START_TEST(events_are_what_rates_show)
{
  static const struct {
    const char *names;
    int a, b;
  } chosen[] = {{"A", 1, 0}, {"B", 0, 1}, {"B A", 1, 1}, {"[AB]", 1, 1}, {NULL, 0, 0}};
  static float u[STEPS * TRIALS * 2], rates[STEPS * TRIALS * UNITS], again[STEPS * TRIALS * UNITS];
  static float z[STEPS * TRIALS], z_again[STEPS * TRIALS];
  static events expected, found;
  nai_network *net = build();
  draw_inputs(u);
  for (size_t k = 0; k < sizeof chosen / sizeof *chosen; k++) {
    nai_state *state = make_state(net, TRIALS, 1), *other = make_state(net, TRIALS, 1);
    int column[UNITS];
    expect_ok(nai_state_run(z, rates, other, STEPS, u));
    events_of(&expected, rates, 0, column, columns_of(column, chosen[k].a, chosen[k].b));
    EXPECT((expected.n > 50) == (chosen[k].names != NULL)); /* or the test could not fail */
    nai_recording r = NAI_RECORDING_INIT;
    r.populations = chosen[k].names;
    r.spikes = found.spike;
    r.room = MOST;
    r.outputs = z_again;
    r.rates = again;
    expect_ok(nai_state_record(&r, state, STEPS, u));
    ck_assert_int_eq(r.made, STEPS);
    expect_events(&r, &expected);
    EXPECT(memcmp(rates, again, sizeof rates) == 0 && memcmp(z, z_again, sizeof z) == 0);
    EXPECT(same_states(state, other));
    nai_state_destroy(state);
    nai_state_destroy(other);
  }
  nai_network_destroy(net);
}
END_TEST

/* A unit that gets 1 at each step: v = .5, .95, 1.355, which is above 1 and leaves .355; and so on. */
START_TEST(a_train_is_as_computed_by_hand)
{
  nai_network *net = COMPOSE(.dt = 1, .inputs = {{"u", 1}}, .populations = {{"A", 1, NAI_FREE}});
  nai_model *model;
  nai_model_ops ops = own_spiking_ops(&calls);
  expect_ok(nai_model_create(&model, &ops, &calls));
  expect_ok(nai_network_use_model(net, "A", model));
  nai_model_destroy(model);
  nai_network_connect(net, "u", "A");
  nai_network_set_initial_weights(net, "u", "A", NAI_WEIGHTS_CONSTANT, 1, 0);
  expect_ok(nai_network_build(net, 1));
  float u[8] = {1, 1, 1, 1, 1, 1, 1, 1};
  /* .5 .95 1.355 -> .355; .8195 1.23755 -> .23755; .713795 1.1424155 -> .1424155; .62817395 */
  static const int64_t steps[] = {3, 5, 7};
  nai_spike spike[8];
  nai_recording r = NAI_RECORDING_INIT;
  r.populations = "A";
  r.spikes = spike;
  r.room = 8;
  nai_state *state = make_state(net, 1, 1);
  expect_ok(nai_state_record(&r, state, 8, u));
  ck_assert_int_eq(r.n, 3);
  for (int k = 0; k < 3; k++)
    EXPECT(spike[k].step == steps[k] && spike[k].trial == 0 && spike[k].unit == 0);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

START_TEST(variables_are_recorded_beside_spikes)
{
  static float u[STEPS * TRIALS * 2], rates[STEPS * TRIALS * UNITS];
  static float trace[STEPS * TRIALS * (A + 2)], same[STEPS * TRIALS * (A + 2)];
  static events expected, found;
  nai_network *net = build();
  nai_state *state = make_state(net, TRIALS, 1), *other = make_state(net, TRIALS, 1);
  int column[UNITS];
  draw_inputs(u);
  expect_ok(record_variables(same, A + 2, rates, other, STEPS, u, "A:x R"));
  events_of(&expected, rates, 0, column, columns_of(column, 0, 1));
  nai_recording r = NAI_RECORDING_INIT;
  r.populations = "B";
  r.spikes = found.spike;
  r.room = MOST;
  r.variables = "A:x R";
  r.traces = trace;
  r.width = A + 2;
  expect_ok(nai_state_record(&r, state, STEPS, u));
  expect_events(&r, &expected);
  EXPECT(memcmp(trace, same, sizeof trace) == 0);
  nai_state_destroy(state);
  nai_state_destroy(other);
  nai_network_destroy(net);
}
END_TEST

/* --- chunks ----------------------------------------------------------------------------------- */

/* A buffer of any size, emptied whenever it is full, holds the same spikes; nothing is allocated. */
START_TEST(a_full_buffer_is_emptied_and_the_run_goes_on)
{
  static float u[STEPS * TRIALS * 2], rates[STEPS * TRIALS * UNITS];
  static events expected, found;
  nai_network *net = build();
  int column[UNITS], least = TRIALS * (A + B), calls_made = 0;
  draw_inputs(u);
  nai_state *other = make_state(net, TRIALS, 1);
  expect_ok(nai_state_run(NULL, rates, other, STEPS, u));
  events_of(&expected, rates, 0, column, columns_of(column, 1, 1));
  for (int64_t room = least; room <= least + 40; room += 20) {
    nai_state *state = make_state(net, TRIALS, 1);
    nai_recording r = NAI_RECORDING_INIT;
    nai_spike *buffer = calloc((size_t)room, sizeof *buffer);
    r.populations = "A B";
    r.spikes = buffer;
    r.room = room;
    found.n = calls_made = 0;
    long allocations = faults_allocations();
    for (int64_t done = 0; done < STEPS; done += r.made, calls_made++) {
      expect_ok(nai_state_record(&r, state, STEPS - done, u + done * TRIALS * 2));
      EXPECT(r.made > 0 && nai_state_time(state) == done + r.made);
      memcpy(found.spike + found.n, buffer, (size_t)r.n * sizeof *buffer);
      found.n += r.n;
      r.n = 0;
    }
    EXPECT(faults_allocations() == allocations);
    EXPECT(calls_made > 3);
    ck_assert_int_eq(found.n, expected.n);
    EXPECT(memcmp(found.spike, expected.spike, (size_t)found.n * sizeof *found.spike) == 0);
    EXPECT(same_states(state, other));
    free(buffer);
    nai_state_destroy(state);
  }
  nai_state_destroy(other);
  nai_network_destroy(net);
}
END_TEST

/* A call adds to what there is, from where the state is; without room it makes no step. */
START_TEST(a_call_adds_to_what_there_is)
{
  static float u[STEPS * TRIALS * 2], rates[STEPS * TRIALS * UNITS];
  static events expected, found;
  nai_network *net = build();
  nai_state *state = make_state(net, TRIALS, 1), *other = make_state(net, TRIALS, 1);
  int column[UNITS];
  draw_inputs(u);
  expect_ok(nai_state_run(NULL, NULL, other, 5, NULL));
  expect_ok(nai_state_run(NULL, rates, other, STEPS, u));
  expect_ok(nai_state_run(NULL, NULL, state, 5, NULL));
  events_of(&expected, rates, 5, column, columns_of(column, 1, 1));
  nai_recording r = NAI_RECORDING_INIT;
  r.populations = "A B";
  r.spikes = found.spike;
  r.room = MOST;
  for (int64_t t = 0; t < STEPS; t++) {
    expect_ok(nai_state_record(&r, state, 1, u + t * TRIALS * 2));
    ck_assert_int_eq(r.made, 1);
  }
  expect_events(&r, &expected);
  r.room = r.n + TRIALS * (A + B) - 1;
  expect_ok(nai_state_record(&r, state, 3, NULL));
  EXPECT(r.made == 0 && r.n == expected.n && nai_state_time(state) == 5 + STEPS);
  nai_state_destroy(state);
  nai_state_destroy(other);
  nai_network_destroy(net);
}
END_TEST

START_TEST(imposed_rates_count_where_they_are_not_zero)
{
  static events found;
  nai_network *net = build();
  nai_state *state = make_state(net, 1, 1);
  nai_recording r = NAI_RECORDING_INIT;
  r.populations = "A";
  r.spikes = found.spike;
  r.room = MOST;
  expect_ok(nai_state_silence(state, "A B"));
  expect_ok(nai_state_clamp_units(state, "A", (int64_t[]){3, A - 1}, 2, (float[]){1, 0.25F}, 2));
  expect_ok(nai_state_clamp_units(state, "A", (int64_t[]){5}, 1, &(float){-0.0F}, 1));
  expect_ok(nai_state_record(&r, state, 2, NULL));
  ck_assert_int_eq(r.n, 4);
  for (int k = 0; k < 4; k++)
    EXPECT(found.spike[k].step == 1 + k / 2 && found.spike[k].unit == (k % 2 ? A - 1 : 3));
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* --- refusals --------------------------------------------------------------------------------- */

START_TEST(wrong_recordings_are_refused)
{
  static events found;
  nai_network *net = build();
  nai_state *state = make_state(net, TRIALS, 1);
  void *before = snapshot_of(state);
  float trace[8], u[TRIALS * 2] = {0, 1, 2, 3, 4, 0};
  nai_recording good = NAI_RECORDING_INIT;
  good.populations = "A B";
  good.spikes = found.spike;
  good.room = MOST;
  good.n = 7;
#define REFUSED(code, words, ...)                                 \
  do {                                                            \
    nai_recording r = good;                                       \
    __VA_ARGS__;                                                  \
    expect_fails(nai_state_record(&r, state, 1, u), code, words); \
    EXPECT(r.made == 0);                                          \
    expect_unmoved(state, before);                                \
  } while (0)
  REFUSED(NAI_ERR_UNSUPPORTED, "populations: 'R' does not spike: record its rates",
          r.populations = "A R");
  REFUSED(NAI_ERR_NAME, "populations: nothing is called 'Q'", r.populations = "A Q");
  REFUSED(NAI_ERR_NAME, "populations", r.populations = "A:x");
  REFUSED(NAI_ERR_INVALID, "spikes is NULL", r.spikes = NULL);
  REFUSED(NAI_ERR_INVALID, "room is 164, must be at least 165: all units of 'A B' may fire",
          r.room = 164);
  REFUSED(NAI_ERR_INVALID, "n is 201, must be 0 to 200", (r.room = 200, r.n = 201));
  REFUSED(NAI_ERR_INVALID, "n is -1", r.n = -1);
  REFUSED(NAI_ERR_INVALID, "traces is NULL", r.variables = "A:x");
  REFUSED(NAI_ERR_INVALID, "width is 8, must be 37",
          (r.variables = "A:x", r.traces = trace, r.width = 8));
  REFUSED(NAI_ERR_INVALID, "to: struct_size is 4", r.struct_size = 4);
  REFUSED(NAI_ERR_NONFINITE, "'u', channel 1 of trial 0 is inf", u[1] = INFINITY);
#undef REFUSED
  expect_fails(nai_state_record(&good, NULL, 1, NULL), NAI_ERR_INVALID, "state is NULL");
  expect_fails(nai_state_record(NULL, state, 1, NULL), NAI_ERR_INVALID, "to is NULL");
  expect_fails(nai_state_record(&good, state, -1, NULL), NAI_ERR_INVALID, "steps is -1");
  free(before);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* With variables a call takes memory for their places; without it nothing has moved. */
START_TEST(without_memory_nothing_moves)
{
  static events found;
  nai_network *net = build();
  nai_state *state = make_state(net, TRIALS, 1);
  void *before = snapshot_of(state);
  float trace[TRIALS * A];
  nai_recording r = NAI_RECORDING_INIT;
  r.populations = "B";
  r.spikes = found.spike;
  r.room = MOST;
  r.variables = "A:x";
  r.traces = trace;
  r.width = A;
  faults_fail_allocation(0);
  nai_status status = nai_state_record(&r, state, 1, NULL);
  faults_fail_allocation(-1);
  EXPECT(status == NAI_ERR_MEMORY && r.made == 0);
  expect_unmoved(state, before);
  for (long good = 0;; good++) {
    nai_state *fresh = NULL;
    faults_fail_allocation(good);
    status = nai_state_create(&fresh, net, 1, 1);
    faults_fail_allocation(-1);
    nai_state_destroy(fresh);
    if (status == NAI_OK) break;
    EXPECT(status == NAI_ERR_MEMORY && !fresh);
  }
  free(before);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* When a model's function fails in a step, what came before it is there. */
START_TEST(a_failing_step_leaves_what_came_before)
{
  static events found;
  nai_network *net = build();
  nai_state *state = make_state(net, 1, 1);
  nai_recording r = NAI_RECORDING_INIT;
  r.populations = "A";
  r.spikes = found.spike;
  r.room = MOST;
  expect_ok(nai_state_clamp(state, "A", 1));
  calls = (own_model){.fails = OWN_STEP, .fails_after = 5};
  nai_status status = nai_state_record(&r, state, 9, NULL);
  calls = (own_model){0};
  EXPECT(status == NAI_ERR_USER);
  EXPECT(r.made >= 2 && r.made < 9 && r.n == r.made * A); /* two populations call it at each step */
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

START_TEST(a_network_says_what_spikes)
{
  nai_network *net = build();
  int32_t spikes = -1;
  expect_ok(nai_network_spikes(&spikes, net, "A"));
  ck_assert_int_eq(spikes, 1);
  expect_ok(nai_network_spikes(&spikes, net, "R"));
  ck_assert_int_eq(spikes, 0);
  expect_fails(nai_network_spikes(&spikes, net, "z"), NAI_ERR_NAME, "'z' is one of the outputs");
  expect_fails(nai_network_spikes(NULL, net, "A"), NAI_ERR_INVALID, "spikes is NULL");
  expect_fails(nai_network_spikes(&spikes, NULL, "A"), NAI_ERR_INVALID, "net is NULL");
  nai_network_destroy(net);
}
END_TEST

Suite *spikes_suite(void);

Suite *spikes_suite(void)
{
  Suite *suite = suite_create("spikes");
  ADD_CASE(suite, "recording", events_are_what_rates_show, a_train_is_as_computed_by_hand,
           variables_are_recorded_beside_spikes, a_full_buffer_is_emptied_and_the_run_goes_on,
           a_call_adds_to_what_there_is, imposed_rates_count_where_they_are_not_zero);
  ADD_CASE(suite, "refusals", wrong_recordings_are_refused, without_memory_nothing_moves,
           a_failing_step_leaves_what_came_before, a_network_says_what_spikes);
  return suite;
}
