/*
 * Recording a part: rows of every k-th step, some columns of variables, spikes of some units; in any
 * pieces the same as of the whole run.
 */
#include <stdlib.h>
#include <string.h>

#include "faults.h"
#include "networks.h"
#include "states.h"

enum { STEPS = 37, TRIALS = 2, E = 5, S = 6, C = 2, UNITS = E + S, WIDTH = E + S, MOST = 4000 };

/* Rate units, and neurons that are driven unequally. */
static nai_network *build(void)
{
  nai_network *net =
      COMPOSE(.dt = 0.5, .inputs = {{"u", C}},
              .populations = {{"E", E, NAI_FREE}, {"S", S, NAI_EXCITATORY}}, .outputs = {{"z", 1}});
  expect_ok(nai_network_set_model(net, "S", "lif"));
  expect_ok(nai_network_connect(net, "u", "E S"));
  expect_ok(nai_network_connect(net, "S", "E"));
  expect_ok(nai_network_connect(net, "E", "z"));
  expect_ok(nai_network_set_initial_weights(net, "u", "S", NAI_WEIGHTS_UNIFORM, 1, 9));
  expect_ok(nai_network_build(net, 3));
  return net;
}

/* What there is of the whole run. */
typedef struct whole {
  float u[STEPS * TRIALS * C], z[STEPS * TRIALS], rates[STEPS * TRIALS * UNITS],
      traces[STEPS * TRIALS * WIDTH];
  nai_spike spike[MOST];
  int64_t n;
} whole;

#define VARIABLES "E:x S:v"

static whole *run_whole(const nai_network *net)
{
  whole *w = calloc(1, sizeof *w);
  nai_state *state = make_state(net, TRIALS, 5);
  for (int k = 0; k < STEPS * TRIALS * C; k++) w->u[k] = (float)(k * 7 % 5) / 4;
  nai_recording r = NAI_RECORDING_INIT;
  r.populations = "S";
  r.spikes = w->spike;
  r.room = MOST;
  r.outputs = w->z;
  r.rates = w->rates;
  r.variables = VARIABLES;
  r.traces = w->traces;
  r.width = WIDTH;
  expect_ok(nai_state_record(&r, state, STEPS, w->u));
  ck_assert_int_eq(r.rows, STEPS);
  ck_assert_int_gt(r.n, 20); /* or there would be nothing to leave out */
  w->n = r.n;
  nai_state_destroy(state);
  return w;
}

/* --- rows and columns ------------------------------------------------------------------------- */

/* Columns in any order, side by side or not, one of them twice. */
static const int64_t columns[] = {E + 4, 0, 1, 2, E + 4, 4, E, E + 1};
enum { CHOSEN = sizeof columns / sizeof *columns };

typedef struct part {
  float z[STEPS * TRIALS], rates[STEPS * TRIALS * UNITS], traces[STEPS * TRIALS * CHOSEN];
  int64_t rows;
} part;

/* In calls of `each` steps, the first of which has `since`. */
static void run_part(part *out, const whole *w, const nai_network *net, int64_t every, int64_t each,
                     int64_t since)
{
  nai_state *state = make_state(net, TRIALS, 5);
  nai_recording r = NAI_RECORDING_INIT;
  r.variables = VARIABLES;
  r.columns = columns;
  r.width = CHOSEN;
  r.every = every;
  r.since = since;
  out->rows = 0;
  for (int64_t t = 0; t < STEPS; t += each) {
    const int64_t steps = each < STEPS - t ? each : STEPS - t;
    r.outputs = out->z + out->rows * TRIALS;
    r.rates = out->rates + out->rows * TRIALS * UNITS;
    r.traces = out->traces + out->rows * TRIALS * CHOSEN;
    expect_ok(nai_state_record(&r, state, steps, w->u + t * TRIALS * C));
    EXPECT(r.made == steps);
    out->rows += r.rows;
  }
  EXPECT(r.since == (since + STEPS) % (every ? every : 1) && nai_state_time(state) == STEPS);
  nai_state_destroy(state);
}

static void expect_part(const part *p, const whole *w, int64_t every, int64_t since)
{
  EXPECT(p->rows == (since + STEPS) / every);
  for (int64_t k = 0; k < p->rows; k++)
    for (int64_t b = 0; b < TRIALS; b++) {
      const int64_t from = ((k + 1) * every - since - 1) * TRIALS + b, to = k * TRIALS + b;
      EXPECT(p->z[to] == w->z[from]);
      EXPECT(memcmp(p->rates + to * UNITS, w->rates + from * UNITS, UNITS * sizeof(float)) == 0);
      for (int c = 0; c < CHOSEN; c++)
        EXPECT(p->traces[to * CHOSEN + c] == w->traces[from * WIDTH + columns[c]]);
    }
}

START_TEST(rows_are_those_of_the_whole)
{
  static part found;
  nai_network *net = build();
  whole *w = run_whole(net);
  for (int64_t every = 0; every <= STEPS + 1; every = every < 4 ? every + 1 : every * 2 + 1)
    for (int64_t each = 1; each <= STEPS; each += 6)
      for (int64_t since = 0; since<every; since += every> 5 ? 4 : 1) {
        run_part(&found, w, net, every, each, since);
        expect_part(&found, w, every ? every : 1, since);
      }
  free(w);
  nai_network_destroy(net);
}
END_TEST

/* x <- x + (1 - x) / 4 from 0: 1/4, 7/16, 37/64, 175/256, 781/1024, 3367/4096; unit 1 gets twice that. */
START_TEST(every_other_step_by_hand)
{
  nai_network *net = COMPOSE(.dt = 5, .populations = {{"A", 2, NAI_FREE}});
  nai_network_set(net, "A", "tau", 20);
  nai_network_set_each(net, "A", "bias", (double[]){1, 2}, 2);
  expect_ok(nai_network_build(net, 1));
  nai_state *state = make_state(net, 1, 1);
  float x[3];
  nai_recording r = NAI_RECORDING_INIT;
  r.variables = "A:x";
  r.columns = (int64_t[]){1};
  r.width = 1;
  r.traces = x;
  r.every = 2;
  expect_ok(nai_state_record(&r, state, 6, NULL));
  EXPECT(r.rows == 3 && r.since == 0);
  EXPECT(x[0] == 7.0F / 8 && x[1] == 175.0F / 128 && x[2] == 3367.0F / 2048);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* --- spikes ----------------------------------------------------------------------------------- */

/* With room for less than all units would need, and steps that are more than one row apart. */
START_TEST(spikes_are_of_some_units)
{
  static nai_spike spike[MOST];
  static const int64_t units[] = {1, 4, 5};
  nai_network *net = build();
  whole *w = run_whole(net);
  nai_state *state = make_state(net, TRIALS, 5);
  nai_recording r = NAI_RECORDING_INIT;
  int64_t n = 0, calls = 0, at = 0;
  r.populations = "S";
  r.units = units;
  r.n_units = 3;
  r.room = TRIALS * 3 + 2;
  r.every = 10;
  for (int64_t t = 0; t < STEPS; t += r.made, calls++) {
    r.n = 0;
    r.spikes = spike + n;
    expect_ok(nai_state_record(&r, state, STEPS - t, w->u + t * TRIALS * C));
    EXPECT(r.made > 0);
    n += r.n;
  }
  for (int64_t k = 0; k < w->n; k++)
    if (w->spike[k].unit == 1 || w->spike[k].unit == 4 || w->spike[k].unit == 5)
      EXPECT(memcmp(&spike[at++], &w->spike[k], sizeof *spike) == 0);
  EXPECT(at == n && n > 5 && n < w->n && calls > 2 && r.since == STEPS % 10);
  nai_state_destroy(state);
  free(w);
  nai_network_destroy(net);
}
END_TEST

/* --- refusals --------------------------------------------------------------------------------- */

static nai_recording good_recording(float *traces, nai_spike *spike)
{
  nai_recording r = NAI_RECORDING_INIT;
  r.populations = "S";
  r.spikes = spike;
  r.room = TRIALS * S;
  r.variables = VARIABLES;
  r.columns = columns;
  r.width = CHOSEN;
  r.traces = traces;
  r.every = 3;
  r.since = 1;
  return r;
}

START_TEST(wrong_parts_are_refused)
{
  float traces[TRIALS * CHOSEN];
  nai_spike spike[TRIALS * S];
  nai_network *net = build();
  nai_state *state = make_state(net, TRIALS, 5);
  void *before = snapshot_of(state);
#define REFUSED(words, ...)                                                     \
  do {                                                                          \
    nai_recording r = good_recording(traces, spike);                            \
    __VA_ARGS__;                                                                \
    const int64_t since = r.since;                                              \
    expect_fails(nai_state_record(&r, state, 1, NULL), NAI_ERR_INVALID, words); \
    EXPECT(r.made == 0 && r.rows == 0 && r.since == since);                     \
    expect_unmoved(state, before);                                              \
  } while (0)
  REFUSED("every is -1, must be at least 1", r.every = -1);
  REFUSED("since is 3, must be 0 to 2", r.since = 3);
  REFUSED("since is -1", r.since = -1);
  REFUSED("since is 1, must be 0 to 0", r.every = 0);
  REFUSED("columns[1] is 11, must be 0 to 10: 'E:x S:v' has 11 numbers",
          (r.columns = (int64_t[]){0, 11}, r.width = 2));
  REFUSED("columns[0] is -1", (r.columns = (int64_t[]){-1}, r.width = 1));
  REFUSED("width is -1, must be at least 0", r.width = -1);
  REFUSED("width is 8, must be 11", r.columns = NULL);
  REFUSED("units[1] is 6, must be 0 to 5: below 6 units",
          (r.units = (int64_t[]){0, 6}, r.n_units = 2));
  REFUSED("units[0] is -1", (r.units = (int64_t[]){-1}, r.n_units = 1));
  REFUSED("units[2] is 2, after 2: they must ascend, none twice",
          (r.units = (int64_t[]){1, 2, 2}, r.n_units = 3));
  REFUSED("n_units is -1", (r.units = columns, r.n_units = -1));
  REFUSED("room is 3, must be at least 4",
          (r.units = (int64_t[]){1, 3}, r.n_units = 2, r.room = 3));
#undef REFUSED
  nai_recording r = good_recording(traces, spike);
  r.width = r.n_units = 0;
  r.units = columns;
  expect_ok(nai_state_record(&r, state, 4, NULL)); /* nothing of either */
  EXPECT(r.rows == 1 && r.n == 0);
  free(before);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

START_TEST(without_memory_nothing_moves)
{
  float traces[TRIALS * CHOSEN];
  nai_spike spike[TRIALS * S];
  nai_network *net = build();
  nai_state *state = make_state(net, TRIALS, 5);
  void *before = snapshot_of(state);
  for (long good = 0;; good++) {
    nai_recording r = good_recording(traces, spike);
    faults_fail_allocation(good);
    nai_status status = nai_state_record(&r, state, 1, NULL);
    faults_fail_allocation(-1);
    if (status == NAI_OK) {
      ck_assert_int_eq(good, 2);
      break;
    }
    EXPECT(status == NAI_ERR_MEMORY && r.rows == 0 && r.since == 1);
    expect_unmoved(state, before);
  }
  free(before);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

Suite *recording_suite(void);

Suite *recording_suite(void)
{
  Suite *suite = suite_create("recording");
  ADD_CASE(suite, "recording", rows_are_those_of_the_whole, every_other_step_by_hand,
           spikes_are_of_some_units);
  ADD_CASE(suite, "refusals", wrong_parts_are_refused, without_memory_nothing_moves);
  return suite;
}
