/*
 * Looking at variables of populations by their names: each follows the equation of its model from the
 * others that are recorded; what imposed rates hide; ports that get a current; what is refused.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/network/network.h"
#include "faults.h"
#include "networks.h"
#include "rules.h"
#include "states.h"

enum { STEPS = 9, TRIALS = 2, CHANNELS = 2 };

/* dt / tau of all units. */
#define ALPHA 0.25

static nai_network *build(void)
{
  nai_network *net = COMPOSE(.dt = 10, .inputs = {{"u", CHANNELS}},
                             .populations = {{"A", 3, NAI_FREE},
                                             {"D", 2, NAI_EXCITATORY},
                                             {"R", 2, NAI_FREE},
                                             {"X", 2, NAI_FREE}},
                             .outputs = {{"z", 1}});
  nai_network_add_population(net, "I", 2, NAI_INHIBITORY);
  nai_network_set_model(net, "A", "adaptive_rate");
  nai_network_set(net, "A", "tau_adaptation", 80);
  nai_network_set(net, "A", "adaptation", 0.5);
  nai_network_set_model(net, "D", "dendritic");
  nai_network_set_model_size(net, "D", "branches", 2);
  nai_network_set_leak(net, "R", NAI_LEAK_RATE);
  nai_network_set(net, "A D R X I", "bias", 0.125);
  nai_network_set(net, "A D R X I", "tau", 40);
  nai_network_set_transfer(net, "A D R X I", NAI_TRANSFER_LINEAR);
  nai_network_connect(net, "u", "A D R X I");
  nai_network_connect(net, "A", "R X");
  nai_network_connect(net, "D", "D:dendrite I");
  nai_network_connect(net, "I", "D:dendrite");
  nai_network_connect(net, "A D R X", "z");
  expect_ok(nai_network_build(net, 4));
  return net;
}

static void draw_inputs(float *u)
{
  expect_ok(nai_random_normals(u, (int64_t)STEPS * TRIALS * CHANNELS, 8, 0));
}

static nai_view variable_of(nai_state *state, const char *name)
{
  nai_view view = NAI_VIEW_INIT;
  expect_ok(nai_state_variable(&view, state, name));
  return view;
}

/* Variable `name` at each step: [STEPS][TRIALS][width]; to be freed. */
static float *trace_of(const nai_network *net, const char *name, int64_t *width)
{
  float u[STEPS * TRIALS * CHANNELS];
  nai_state *state = make_state(net, TRIALS, 1);
  draw_inputs(u);
  *width = nai_network_size(net, NAI_POPULATIONS, name);
  float *trace = malloc((size_t)(STEPS * TRIALS * *width) * sizeof *trace);
  expect_ok(record_variables(trace, *width, NULL, state, STEPS, u, name));
  nai_state_destroy(state);
  return trace;
}

/* --- equations -------------------------------------------------------------------------------- */

static void expect_close(double a, double b)
{
  ck_assert_double_eq_tol(a, b, 1e-5 * (1 + fabs(b))); /* float against double */
}

/* x = (1 - alpha) before + alpha v, of a trace where `before` is the same one step earlier. */
static void expect_leak(const float *x, const float *v, const float *less, int64_t n, double first)
{
  for (int64_t k = 0; k < STEPS * n; k++) {
    double before = k < n ? first : (double)x[k - n], a = less && k >= n ? (double)less[k - n] : 0;
    expect_close((double)x[k], (1 - ALPHA) * before + ALPHA * ((double)v[k] - a));
  }
}

START_TEST(variables_follow_their_equations)
{
  nai_network *net = build();
  static const struct {
    const char *state, *port, *less;
  } leaks[] = {{"X:x", "X:input", NULL}, {"R:r", "R:input", NULL}, {"A:x", "A:input", "A:a"}};
  for (int k = 0; k < 3; k++) {
    int64_t n, m, l = 0;
    float *x = trace_of(net, leaks[k].state, &n), *v = trace_of(net, leaks[k].port, &m),
          *less = leaks[k].less ? trace_of(net, leaks[k].less, &l) : NULL;
    EXPECT(n == m && (!less || l == n));
    expect_leak(x, v, less, n * TRIALS, 0);
    free(x);
    free(v);
    free(less);
  }
  nai_network_destroy(net);
}
END_TEST

/* r = (1 - alpha) r + alpha (soma + sum of d), d = tanh(excitation + inhibition). */
START_TEST(branches_follow_their_equations)
{
  nai_network *net = build();
  int64_t n, ns, nd, ne, ni;
  float *r = trace_of(net, "D:r", &n), *soma = trace_of(net, "D:soma", &ns),
        *d = trace_of(net, "D:d", &nd), *e = trace_of(net, "D:dendrite+", &ne),
        *i = trace_of(net, "D:dendrite-", &ni);
  EXPECT(n == 2 && ns == 2 && nd == 4 && ne == 4 && ni == 4);
  int inhibited = 0;
  for (int64_t k = 0; k < STEPS * TRIALS * nd; k++) {
    expect_close((double)d[k], tanh((double)e[k] + (double)i[k]));
    inhibited |= i[k] != 0;
  }
  EXPECT(inhibited);
  for (int64_t k = 0; k < STEPS * TRIALS * n; k++) {
    double before = k < TRIALS * n ? 0 : (double)r[k - TRIALS * n];
    const float *branch = d + k / n * nd + k % n;
    expect_close((double)r[k], (1 - ALPHA) * before + ALPHA * ((double)soma[k] + (double)branch[0] +
                                                               (double)branch[n]));
  }
  free(r);
  free(soma);
  free(d);
  free(e);
  free(i);
  nai_network_destroy(net);
}
END_TEST

/* --- a view ----------------------------------------------------------------------------------- */

static const char *const names[] = {"A",       "A:rate",      "A:x",         "A:a", "A:input",
                                    "D:r",     "D:d",         "D:dendrite+", "R:r", "R:rate",
                                    "R:input", "D:dendrite-", "X:x",         "X",   "X:input"};
enum { NAMES = sizeof names / sizeof *names };

START_TEST(views_stay_and_records_are_what_they_show)
{
  nai_network *net = build();
  float u[STEPS * TRIALS * CHANNELS], trace[STEPS * TRIALS * 64];
  nai_view view[NAMES];
  nai_state *state = make_state(net, TRIALS, 1), *other = make_state(net, TRIALS, 1);
  draw_inputs(u);
  char list[256] = "";
  int64_t width = 0;
  for (int k = 0; k < NAMES; k++) {
    view[k] = variable_of(state, names[k]);
    EXPECT(view[k].shape[0] == TRIALS);
    EXPECT(view[k].shape[1] == nai_network_size(net, NAI_POPULATIONS, names[k]));
    width += view[k].shape[1];
    strcat(strcat(list, names[k]), " ");
  }
  EXPECT(width <= 64);
  expect_ok(record_variables(trace, width, NULL, other, STEPS, u, list));
  long allocations = faults_allocations();
  const float *next = trace;
  for (int64_t t = 0; t < STEPS; t++) {
    expect_ok(nai_state_step(NULL, state, u + t * TRIALS * CHANNELS));
    for (int64_t b = 0; b < TRIALS; b++)
      for (int k = 0; k < NAMES; k++)
        for (int64_t i = 0; i < view[k].shape[1]; i++) EXPECT(at(&view[k], b, i) == *next++);
  }
  EXPECT(faults_allocations() == allocations);
  EXPECT(same_states(state, other));
  nai_state_destroy(state);
  nai_state_destroy(other);
  nai_network_destroy(net);
}
END_TEST

/* Looking changes nothing; at time 0, and after going back to it, nothing has arrived. */
START_TEST(looking_changes_nothing)
{
  nai_network *net = build();
  float u[STEPS * TRIALS * CHANNELS], rates[STEPS * TRIALS * 11], blind[STEPS * TRIALS * 11];
  nai_state *state = make_state(net, TRIALS, 1), *other = make_state(net, TRIALS, 1);
  draw_inputs(u);
  expect_ok(nai_state_run(NULL, blind, other, STEPS, u));
  for (int again = 0; again < 2; again++) {
    for (int k = 0; k < NAMES; k++) {
      nai_view view = variable_of(state, names[k]);
      EXPECT(at(&view, 1, 1) == 0);
    }
    expect_ok(nai_state_run(NULL, rates, state, STEPS, u));
    EXPECT(memcmp(rates, blind, sizeof rates) == 0);
    nai_view a = variable_of(state, "A:a"), input = variable_of(state, "R:input");
    EXPECT(at(&a, 1, 1) != 0 && at(&input, 1, 1) != 0);
    expect_ok(nai_state_reset(state));
  }
  nai_view a = variable_of(state, "A:a"), b = variable_of(other, "A:a");
  void *before = snapshot_of(other);
  expect_ok(nai_state_restore(state, before, nai_state_snapshot_size(state)));
  EXPECT(at(&a, 1, 2) == at(&b, 1, 2) && at(&a, 1, 2) != 0);
  free(before);
  nai_state_destroy(state);
  nai_state_destroy(other);
  nai_network_destroy(net);
}
END_TEST

/* --- interventions ---------------------------------------------------------------------------- */

START_TEST(states_go_on_under_imposed_rates)
{
  nai_network *net = build();
  float u[STEPS * TRIALS * CHANNELS];
  nai_state *state = make_state(net, TRIALS, 1);
  draw_inputs(u);
  nai_view sent = variable_of(state, "R:rate"), own = variable_of(state, "R:r"),
           input = variable_of(state, "R:input"), cell = variable_of(state, "D:r"),
           cell_sent = variable_of(state, "D:rate");
  expect_ok(nai_state_clamp(state, "R D", 3));
  double r = 0;
  for (int64_t t = 0; t < STEPS; t++) {
    if (t == STEPS - 2) expect_ok(nai_state_release(state, "*"));
    expect_ok(nai_state_step(NULL, state, u + t * TRIALS * CHANNELS));
    r = (1 - ALPHA) * r + ALPHA * (double)at(&input, 0, 1);
    expect_close((double)at(&own, 0, 1), r);
    EXPECT((at(&sent, 0, 1) == 3) == (t < STEPS - 2));
    EXPECT((at(&cell_sent, 0, 1) == 3) == (t < STEPS - 2));
    EXPECT(at(&cell, 0, 1) != 3);
  }
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

START_TEST(currents_arrive_at_the_port_that_is_named)
{
  nai_network *net = build();
  static const char *const ports[] = {"D:dendrite+", "D:soma", "A:input", "R:input", "X:input"};
  for (int k = 0; k < 5; k++) {
    nai_state *state = make_state(net, 1, 1), *still = make_state(net, 1, 1);
    expect_ok(nai_state_inject(state, ports[k], &(float){0.5F}, 1));
    for (int other = 0; other < 5; other++) {
      nai_view with = variable_of(state, ports[other]), without = variable_of(still, ports[other]);
      expect_ok(nai_state_reset(state));
      expect_ok(nai_state_reset(still));
      expect_ok(nai_state_inject(state, ports[k], &(float){0.5F}, 1));
      expect_ok(nai_state_step(NULL, state, NULL));
      expect_ok(nai_state_step(NULL, still, NULL));
      for (int64_t i = 0; i < with.shape[1]; i++)
        expect_close((double)at(&with, 0, i), (double)at(&without, 0, i) + (other == k ? 0.5 : 0));
    }
    nai_state_destroy(state);
    nai_state_destroy(still);
  }
  nai_network_destroy(net);
}
END_TEST

/* --- refusals --------------------------------------------------------------------------------- */

START_TEST(unknown_variables_are_refused)
{
  static const struct {
    const char *name, *words;
  } wrong[] = {{"A:v", "'A' has no signal, state or port 'v'; it has rate, x, a, input"},
               {"R:x", "'R' has no signal, state or port 'x'; it has rate, r, input"},
               {"X:r", "'X' has no signal, state or port 'r'; it has rate, x, input"},
               {"D:dendrite", "'D:dendrite' may be dendrite+, dendrite-: say which"},
               {"Q:x", "nothing is called 'Q' among the populations: A, D, R, X, I"},
               {"u", "'u' is one of the inputs, must be one of the populations"},
               {"A D", "must be one name"},
               {"", "must be one name"},
               {"*:x", "name is '*:x', must be one name"},
               {"a_name_of_more_than_sixty_three_characters_which_no_population_has",
                "name has an entry of more than 63 characters"}};
  nai_network *net = build();
  nai_state *state = make_state(net, TRIALS, 1);
  nai_view view = NAI_VIEW_INIT;
  float trace[STEPS * TRIALS * 8];
  for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++)
    expect_fails(nai_state_variable(&view, state, wrong[k].name), NAI_ERR_NAME, wrong[k].words);
  expect_fails(nai_state_variable(&view, state, NULL), NAI_ERR_INVALID, "name");
  expect_fails(nai_state_variable(&view, NULL, "A"), NAI_ERR_INVALID, "state");
  expect_fails(nai_state_variable(NULL, state, "A"), NAI_ERR_INVALID, "out");
  expect_fails(record_variables(trace, 6, NULL, state, 2, NULL, "A:a A:q"), NAI_ERR_NAME,
               "variables: 'A' has no signal, state or port 'q'");
  expect_fails(record_variables(trace, 6, NULL, state, 2, NULL, "A:a D:d"), NAI_ERR_INVALID,
               "width is 6, must be 7, that of 'A:a D:d' together");
  expect_fails(record_variables(trace, 3, NULL, state, -1, NULL, "A:a"), NAI_ERR_INVALID,
               "steps is -1");
  expect_fails(record_variables(NULL, 3, NULL, state, 2, NULL, "A:a"), NAI_ERR_INVALID, "traces");
  expect_fails(record_variables(trace, 3, NULL, NULL, 2, NULL, "A:a"), NAI_ERR_INVALID, "state");
  char lengthy[80] = "A:";
  memset(lengthy + 2, 'a', 70);
  expect_fails(record_variables(trace, 3, NULL, state, 2, NULL, lengthy), NAI_ERR_NAME,
               "more than 63 characters");
  faults_fail_allocation(0);
  nai_status status = record_variables(trace, 3, NULL, state, 2, NULL, "A:rate");
  faults_fail_allocation(-1);
  EXPECT(status == NAI_ERR_MEMORY);
  EXPECT(nai_state_time(state) == 0);
  EXPECT(nai_network_size(net, NAI_POPULATIONS, "A:q") == -1);
  EXPECT(nai_network_size(net, NAI_POPULATIONS, "R:x") == -1);
  EXPECT(nai_network_size(net, NAI_POPULATIONS, "R:r") == 2);
  EXPECT(nai_network_size(net, NAI_INPUTS, "u:x") == -1);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* --- a signal that is not the first ------------------------------------------------------------ */

/* Leaky units that send two: tanh of their state, and the state. */
static nai_status two_step(void *user, nai_unit_batch *b)
{
  (void)user;
  for (int64_t k = 0; k < b->trials; k++)
    for (int64_t i = 0; i < b->n; i++) {
      float alpha = (float)b->dt / b->parameter[0][i], *x = b->state[0] + k * b->state_stride + i;
      *x = (1 - alpha) * *x + alpha * b->port[0][k * b->port_stride + i];
      b->signal[0][k * b->signal_stride + i] = tanhf(*x);
      b->signal[1][k * b->signal_stride + i] = *x;
    }
  return NAI_OK;
}

static nai_status two_slopes(void *user, nai_unit_batch *b)
{
  (void)user;
  for (int64_t k = 0; k < b->trials; k++)
    for (int64_t i = 0; i < b->n; i++) {
      float alpha = (float)b->dt / b->parameter[0][i], r = b->signal[0][k * b->signal_stride + i];
      int64_t at = k * b->n + i;
      b->ss[at] = b->zs[b->slope_stride + at] = 1 - alpha;
      b->sp[at] = b->zp[b->slope_stride + at] = alpha;
      b->zs[at] = (1 - alpha) * (1 - r * r);
      b->zp[at] = alpha * (1 - r * r);
    }
  return NAI_OK;
}

static const nai_field two_parameters[] = {NAI__FIELD("tau", "ms", "of the leak", 40, 0, 1e9)};
static const nai_field two_states[] = {NAI__FIELD("x", "1", "state", 0, 0, 0)};
static const nai_field two_ports[] = {NAI__FIELD("input", "1", "input", 0, 0, 0)};
static const nai_field two_signals[] = {NAI__FIELD("rate", "1", "tanh of x", 0, 0, 0),
                                        NAI__FIELD("v", "1", "x", 0, 0, 0)};
static const nai_model two = {.ops = {.struct_size = sizeof(nai_model_ops),
                                      .flags = NAI_MODEL_THREADED,
                                      .name = "two",
                                      .n_parameters = 1,
                                      .n_states = 1,
                                      .n_ports = 1,
                                      .n_signals = 2,
                                      .parameters = two_parameters,
                                      .states = two_states,
                                      .ports = two_ports,
                                      .signals = two_signals,
                                      .step = two_step,
                                      .slopes = two_slopes}};

enum { CELLS = 3, WATCHED = 7 };

/* T's second signal is what output "watch" has, by an identity that does not learn. */
/* `delay` ms: of what is watched. */
/*
 * beside: 1, and output "z" has it by weights that learn, which stand in the same matrix; 2: "z" by
 * frozen ones and "y" by some that learn.
 */
static nai_network *build_with(double delay, int beside)
{
  nai_network *net =
      COMPOSE(.dt = 10, .inputs = {{"u", CHANNELS}},
              .populations = {{"T", CELLS, NAI_FREE}, {"R", 2, NAI_FREE}},
              .outputs = {
                  {"watch", CELLS}, {"z", beside ? CELLS : 0}, {"y", beside > 1 ? CELLS : 0}});
  const char *const all = beside > 1 ? "watch z y" : beside ? "watch z" : "watch";
  nai__node *node = &net->node[nai__node_at(net, "T")];
  node->cells = nai__cells_create(&two, CELLS);
  for (int i = 0; i < CELLS; i++) node->number[NAI__TAU][i] = 40;
  nai_network_connect(net, "u", "T R");
  nai_network_connect(net, "T R", "T R");
  nai_network_connect(net, "T:v", all);
  nai_network_set_initial_weights(net, "T:v", "watch", NAI_WEIGHTS_IDENTITY, 1, 0);
  nai_network_set_plastic(net, "T:v", beside > 1 ? "watch z" : "watch", 0);
  nai_network_set_delay(net, "T:v", all, delay);
  expect_ok(nai_network_build(net, 3));
  return net;
}

static nai_network *build_watched(double delay)
{
  return build_with(delay, 0);
}

START_TEST(other_signals_are_seen)
{
  nai_network *net = build_watched(0);
  nai_state *state = make_state(net, TRIALS, 1);
  float input[TRIALS * CHANNELS] = {1, -2, 0.5F, 3}, output[TRIALS * CELLS];
  nai_view v = variable_of(state, "T:v"), x = variable_of(state, "T:x"),
           r = variable_of(state, "T");
  for (int t = 0; t < 4; t++) {
    expect_ok(nai_state_step(output, state, input));
    for (int64_t b = 0; b < TRIALS; b++)
      for (int64_t i = 0; i < CELLS; i++) {
        EXPECT(at(&v, b, i) == at(&x, b, i) && at(&v, b, i) == output[b * CELLS + i]);
        expect_close((double)at(&r, b, i), tanh((double)at(&v, b, i)));
      }
  }
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* Costs on rates see first signals: they may be named, others are refused. */
START_TEST(costs_on_rates_see_first_signals)
{
  static const struct {
    const char *names, *words;
  } wrong[] = {{"T:v",
                "l2_rates: 'v' of 'T' is not its first signal, which is what costs on rates see: "
                "connect 'T:v' to an output by frozen identity weights"},
               {"R T:v", "'v' of 'T' is not its first signal"},
               {"*:v", "'v' of 'T' is not its first signal"},
               {"R:x", "'R' has no signal 'x'; it has rate"},
               {"watch:v", "'watch' is one of the outputs, must be one of the populations"}};
  static const char *const same[][2] = {{"T", "T:rate"}, {"*", "*:rate"}, {"R T", "R:rate T"}};
  nai_network *net = build_watched(0);
  nai_trials *trials = normal_trials(net, "watch", WATCHED, TRIALS);
  for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
    nai_trainer *trainer = train_by_bptt(net, 0);
    nai_cost *cost;
    expect_ok(nai_cost_create_l2_rates(&cost, wrong[k].names));
    expect_fails(nai_trainer_add_cost(trainer, cost, 1), NAI_ERR_NAME, wrong[k].words);
    nai_cost_destroy(cost);
    nai_trainer_destroy(trainer);
  }
  for (int k = 0; k < 3; k++) {
    nai_progress now[2] = {NAI_PROGRESS_INIT, NAI_PROGRESS_INIT};
    for (int named = 0; named < 2; named++) {
      nai_trainer *trainer = train_by_bptt(net, 0);
      nai_cost *c;
      attach_cost(trainer, nai_cost_create_l2_rates(&c, same[k][named]), &c, 1);
      expect_ok(nai_trainer_estimate_gradient(&now[named], trainer, trials));
      nai_trainer_destroy(trainer);
    }
    EXPECT(now[0].cost == now[1].cost && now[0].cost > 0);
  }
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

static double cost_of(nai_trainer *trainer, const nai_trials *trials)
{
  nai_progress now = NAI_PROGRESS_INIT;
  expect_ok(nai_trainer_estimate_gradient(&now, trainer, trials));
  return now.cost;
}

/* The cost of a state by way of an output: its gradient by central differences, by two rules. */
START_TEST(a_state_in_a_cost)
{
  nai_network *net = build_watched(0);
  nai_trials *trials = normal_trials(net, "watch", WATCHED, TRIALS);
  float w[CELLS * CHANNELS], before[CELLS * CHANNELS];
  nai_view weights = weights_of(net, "u", "T");
  for (int64_t k = 0; k < CELLS * CHANNELS; k++)
    w[k] = before[k] = at(&weights, k / CHANNELS, k % CHANNELS);
  for (int forward = 0; forward < 2; forward++) {
    nai_rule *rule = bptt_rule();
    if (forward) {
      nai_rule_destroy(rule);
      expect_ok(nai_rule_create_rtrl(&rule));
    }
    nai_trainer *trainer = trainer_of(net, rule, plain_descent(0));
    nai_cost *c;
    nai_view g = NAI_VIEW_INIT;
    float gradient[CELLS * CHANNELS];
    attach_cost(trainer, nai_cost_create_mse(&c, "watch"), &c, 1);
    cost_of(trainer, trials);
    expect_ok(nai_trainer_gradient(&g, trainer, "u", "T"));
    for (int64_t k = 0; k < CELLS * CHANNELS; k++) gradient[k] = at(&g, k / CHANNELS, k % CHANNELS);
    for (int64_t k = 0; k < CELLS * CHANNELS; k++) {
      double cost[2];
      for (int up = 0; up < 2; up++) {
        w[k] = before[k] + (up ? 0.01F : -0.01F);
        expect_ok(nai_network_set_weights(net, "u", "T", w, CELLS, CHANNELS));
        cost[up] = cost_of(trainer, trials);
      }
      w[k] = before[k];
      ck_assert_double_eq_tol((cost[1] - cost[0]) / 0.02, (double)gradient[k], 1e-3);
      EXPECT(gradient[k] != 0);
    }
    expect_ok(nai_network_set_weights(net, "u", "T", before, CELLS, CHANNELS));
    nai_trainer_destroy(trainer);
  }
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* It is learnt, and the identity stays. */
START_TEST(a_state_is_taught)
{
  nai_network *net = build_watched(0);
  nai_trials *trials = normal_trials(net, "watch", WATCHED, TRIALS);
  nai_trainer *trainer = trainer_of(net, bptt_rule(), adam(0.01));
  nai_cost *c;
  attach_cost(trainer, nai_cost_create_mse(&c, "watch"), &c, 1);
  double first = cost_of(trainer, trials);
  for (int k = 0; k < 200; k++) expect_ok(nai_trainer_step(NULL, trainer, trials));
  ck_assert_double_lt(cost_of(trainer, trials), 0.7 * first);
  nai_view w = weights_of(net, "T:v", "watch");
  for (int64_t i = 0; i < CELLS; i++)
    for (int64_t j = 0; j < CELLS; j++) EXPECT(at(&w, i, j) == (i == j));
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

static void copy_watched(float *gradient, nai_trainer *trainer, const nai_trials *trials)
{
  nai_view g = NAI_VIEW_INIT;
  cost_of(trainer, trials);
  expect_ok(nai_trainer_gradient(&g, trainer, "u", "T"));
  for (int64_t k = 0; k < CELLS * CHANNELS; k++) gradient[k] = at(&g, k / CHANNELS, k % CHANNELS);
}

/* What learning signals of all that a unit sends there are, and nothing of what it does. */
static nai_status by_signal(void *user, nai_local_step *s)
{
  (void)user;
  int64_t rows = s->trials * s->n_post;
  for (int64_t z = 0; z < s->n_signals; z++)
    for (int64_t b = 0; b < rows; b++)
      for (int64_t j = 0; j < s->n_pre; j++)
        s->change[b % s->n_post * s->stride + j] +=
            s->signal[z * rows + b] * s->pre[b / s->n_post * s->n_pre + j];
  return NAI_OK;
}

static nai_rule *own_by_signal(int32_t feedback)
{
  nai_rule *rule;
  nai_rule_ops ops = {
      .struct_size = sizeof ops, .name = "by signal", .feedback = feedback, .step = by_signal};
  expect_ok(nai_rule_create(&rule, &ops, 1, NULL));
  return rule;
}

/* 0, 1: by the transposed readout; 2 and on: by random feedback. */
enum { EXACT_RULES = 5 };
static nai_rule *rule_of_exactness(int k)
{
  nai_rule *rule;
  switch (k) {
  case 0: expect_ok(nai_rule_create_eprop(&rule, NAI_FEEDBACK_SYMMETRIC, 1)); return rule;
  case 1: return own_by_signal(NAI_FEEDBACK_SYMMETRIC);
  case 2: expect_ok(nai_rule_create_rflo(&rule, 1)); return rule;
  case 3: return own_by_signal(NAI_FEEDBACK_RANDOM);
  default: expect_ok(nai_rule_create_direct_feedback_alignment(&rule, 1)); return rule;
  }
}

static const double watch_delays[] = {0, 10, 30}; /* ms */

/* Of rule k, without what random feedback adds to first signals. */
static nai_trainer *train_exactly(nai_network *net, int k, int64_t every)
{
  enum { MOST = 4 * CELLS }; /* of all outputs */
  static const float none[MOST * CELLS];
  nai_cost *c;
  ck_assert_int_le(nai_network_size(net, NAI_OUTPUTS, NULL), MOST);
  nai_rule *rule = rule_of_exactness(k);
  if (every) expect_ok(nai_rule_set(rule, "update_every", (double)every));
  nai_trainer *trainer = trainer_of(net, rule, plain_descent(0));
  attach_cost(trainer, nai_cost_create_mse(&c, "watch"), &c, 1);
  if (k > 1) expect_ok(nai_trainer_set_feedback(trainer, "T", NULL, none));
  if (k > 1) expect_ok(nai_trainer_set_feedback(trainer, "R", NULL, none));
  return trainer;
}

/* What is left is that of the transposed readout: also where one that learns is in the same matrix. */
START_TEST(frozen_readouts_send_their_exact_error)
{
  nai_network *net = _i < 3 ? build_watched(watch_delays[_i]) : build_with(watch_delays[_i - 3], 1);
  nai_trials *trials = normal_trials(net, "watch", WATCHED, TRIALS);
  float gradient[EXACT_RULES][CELLS * CHANNELS];
  for (int k = 0; k < EXACT_RULES; k++) {
    nai_trainer *trainer = train_exactly(net, k, 0);
    copy_watched(gradient[k], trainer, trials);
    nai_trainer_destroy(trainer);
    for (int64_t i = 0; i < CELLS * CHANNELS; i++) {
      EXPECT(gradient[k][i] != 0);
      ck_assert_float_eq_tol(gradient[k][i], gradient[k == 1 || k == 3][i], 1e-6F);
    }
  }
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

static void expect_same(const nai_view g[2])
{
  for (int64_t i = 0; i < CELLS; i++)
    for (int64_t j = 0; j < CHANNELS; j++) {
      EXPECT(at(&g[0], i, j) != 0);
      ck_assert_float_eq_tol(at(&g[0], i, j), at(&g[1], i, j), 1e-6F);
    }
}

/* The same step by step; and of weights that are set between updates. */
START_TEST(frozen_readouts_send_it_step_by_step)
{
  nai_network *net = build_with(0, _i);
  nai_trials *trials = normal_trials(net, "watch", WATCHED, 1);
  float twice[CELLS * CELLS] = {0};
  for (int i = 0; i < CELLS; i++) twice[i * CELLS + i] = 2;
  nai_trainer *trainer[2] = {train_exactly(net, 0, WATCHED), train_exactly(net, 2, WATCHED)};
  for (int again = 0; again < 2; again++) {
    nai_view g[2] = {NAI_VIEW_INIT, NAI_VIEW_INIT};
    for (int k = 0; k < 2; k++) {
      expect_ok(nai_trainer_step(NULL, trainer[k], trials));
      expect_ok(nai_trainer_gradient(&g[k], trainer[k], "u", "T"));
    }
    expect_same(g);
    expect_ok(nai_network_set_weights(net, "T:v", "watch", twice, CELLS, CELLS));
  }
  for (int k = 0; k < 2; k++) nai_trainer_destroy(trainer[k]);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* And while they are scaled. */
START_TEST(scaled_frozen_readouts_send_a_part)
{
  nai_network *net = build_with(0, _i);
  const float input[CHANNELS] = {1, -1}, target[2 * CELLS] = {0};
  nai_agent *agent[2];
  nai_view g[2] = {NAI_VIEW_INIT, NAI_VIEW_INIT};
  nai_experience now = NAI_EXPERIENCE_INIT;
  nai_intervention half = NAI_INTERVENTION_INIT;
  half.kind = NAI_SCALE_SYNAPSES;
  half.names = "T:v";
  half.to = "watch";
  half.value = 0.5;
  now.input = input;
  now.target = target;
  for (int k = 0; k < 2; k++) {
    nai_trainer *trainer = train_exactly(net, k ? 2 : 0, 0);
    expect_ok(nai_agent_create(&agent[k], trainer));
    nai_trainer_destroy(trainer);
    expect_ok(nai_agent_intervene(agent[k], &half, 1));
    for (int t = 0; t < WATCHED; t++) expect_ok(nai_agent_step(NULL, agent[k], &now));
    expect_ok(nai_agent_gradient(&g[k], agent[k], "u", "T"));
    expect_ok(nai_agent_rest(agent[k]));
  }
  expect_same(g);
  for (int k = 0; k < 2; k++) nai_agent_destroy(agent[k]);
  nai_network_destroy(net);
}
END_TEST

/* Frozen when the trainers are there already; and made plastic again: then it sends no error any more. */
START_TEST(readouts_are_frozen_later)
{
  nai_network *net = build_with(0, _i % 3);
  const int64_t every = _i / 3 ? WATCHED : 0;
  nai_trials *trials = normal_trials(net, "watch", WATCHED, 1);
  nai_trainer *trainer[EXACT_RULES];
  float gradient[EXACT_RULES][CELLS * CHANNELS];
  const int rules = every ? 4 : EXACT_RULES;
  expect_ok(nai_network_set_plastic(net, "T:v", "watch", 1));
  for (int k = 0; k < rules; k++) trainer[k] = train_exactly(net, k, every);
  for (int turn = 0; turn < 4; turn++) {
    expect_ok(nai_network_set_plastic(net, "T:v", "watch", turn % 2 == 0));
    for (int k = 0; k < rules; k++) {
      nai_view g = NAI_VIEW_INIT;
      if (every)
        expect_ok(nai_trainer_step(NULL, trainer[k], trials));
      else
        expect_ok(nai_trainer_estimate_gradient(NULL, trainer[k], trials));
      expect_ok(nai_trainer_gradient(&g, trainer[k], "u", "T"));
      for (int64_t i = 0; i < CELLS * CHANNELS; i++) {
        gradient[k][i] = at(&g, i / CHANNELS, i % CHANNELS);
        float wanted = turn % 2 == 0 && k > 1 ? 0 : gradient[k == 1 || k == 3][i];
        ck_assert_msg(fabsf(gradient[k][i] - wanted) < 1e-6F, "turn %d rule %d: %g, not %g", turn,
                      k, (double)gradient[k][i], (double)wanted);
      }
    }
  }
  for (int k = 0; k < rules; k++) nai_trainer_destroy(trainer[k]);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* Within a trial of an agent, too; and one with a delay is refused as soon as it is frozen. */
START_TEST(readouts_are_frozen_within_a_trial)
{
  const float input[CHANNELS] = {1, -1}, target[CELLS] = {0.5F, 1, 2};
  nai_network *net = build_watched(_i ? 10 : 0);
  nai_experience now = NAI_EXPERIENCE_INIT;
  nai_agent *agent;
  nai_view g = NAI_VIEW_INIT;
  now.input = input;
  now.target = target;
  for (int own = 0; own < 2; own++) {
    expect_ok(nai_network_set_plastic(net, "T:v", "watch", 1));
    nai_trainer *trainer = train_exactly(net, own ? 3 : 2, 0);
    expect_ok(nai_agent_create(&agent, trainer));
    for (int frozen = 0; frozen < 2; frozen++) {
      expect_ok(nai_network_set_plastic(net, "T:v", "watch", !frozen));
      for (int t = 0; t < 2; t++)
        if (frozen && _i) {
          expect_fails(nai_agent_step(NULL, agent, &now), NAI_ERR_UNSUPPORTED,
                       "cannot learn within a trial through a readout with a delay");
        } else {
          expect_ok(nai_agent_step(NULL, agent, &now));
          expect_ok(nai_agent_gradient(&g, agent, "u", "T"));
          EXPECT((at(&g, 1, 1) != 0) == frozen);
        }
    }
    nai_agent_destroy(agent);
    nai_trainer_destroy(trainer);
  }
  nai_network_destroy(net);
}
END_TEST

/* Feedback weights of projections: those of such a readout are its own. */
/* Also of weights that are set later, and of a readout that is plastic when the trainer is made. */
static void expect_own_feedback(nai_network *net, nai_trainer *trainer, const nai_trials *trials,
                                const char *rule)
{
  static const float others[CELLS * CELLS] = {1, 2, 3, -4, 5, 6, 7, -8, 9};
  float identity[CELLS * CELLS] = {0}, found[2][CELLS * CHANNELS];
  nai_cost *c;
  for (int i = 0; i < CELLS; i++) identity[i * CELLS + i] = 1;
  for (int k = 0; k < 2; k++) {
    expect_ok(nai_network_set_weights(net, "T:v", "watch", identity, CELLS, CELLS));
    expect_ok(nai_network_set_plastic(net, "T:v", "watch", !k));
    nai_trainer *other = trainer_of(net, rule_named(rule, 1), plain_descent(0));
    attach_cost(other, nai_cost_create_mse(&c, "watch"), &c, 1);
    cost_of(other, trials);
    expect_ok(nai_network_set_plastic(net, "T:v", "watch", 0));
    expect_ok(nai_network_set_weights(net, "T:v", "watch", others, CELLS, CELLS));
    copy_watched(found[0], k ? trainer : other, trials);
    nai_trainer *now = trainer_of(net, rule_named(rule, 1), plain_descent(0));
    attach_cost(now, nai_cost_create_mse(&c, "watch"), &c, 1);
    copy_watched(found[1], now, trials);
    for (int i = 0; i < CELLS * CHANNELS; i++)
      ck_assert_msg(found[0][i] == found[1][i] && found[0][i] != 0, "%s: %g, not %g", rule,
                    (double)found[0][i], (double)found[1][i]);
    nai_trainer_destroy(now);
    nai_trainer_destroy(other);
  }
  expect_fails(nai_trainer_set_feedback(trainer, "T:v", "watch", others), NAI_ERR_UNSUPPORTED,
               strncmp(rule, "sign", 4) == 0 ? "makes its feedback" : "by its own weights");
  expect_ok(nai_network_set_weights(net, "T:v", "watch", identity, CELLS, CELLS));
}

START_TEST(feedback_of_frozen_readouts_is_their_own)
{
  nai_network *net = build_watched(watch_delays[_i]);
  nai_trials *trials = normal_trials(net, "watch", WATCHED, TRIALS);
  static const char *const names[] = {"feedback_alignment", "sign_symmetry uniform",
                                      "sign_symmetry fixed", "kolen_pollack", "eprop_adaptive"};
  for (int k = 0; k < 5; k++) {
    nai_cost *c;
    nai_view back = NAI_VIEW_INIT;
    nai_trainer *trainer = trainer_of(net, rule_named(names[k], 1), plain_descent(0));
    attach_cost(trainer, nai_cost_create_mse(&c, "watch"), &c, 1);
    cost_of(trainer, trials);
    expect_ok(nai_trainer_feedback(&back, trainer, "T:v", "watch"));
    for (int64_t i = 0; i < CELLS; i++)
      for (int64_t j = 0; j < CELLS; j++)
        ck_assert_msg(at(&back, i, j) == (i == j), "%s", names[k]);
    expect_own_feedback(net, trainer, trials, names[k]);
    nai_trainer_destroy(trainer);
  }
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* Within a trial the error of a delayed one would come too late: it is not left out in silence. */
START_TEST(delayed_frozen_readouts_need_whole_trials)
{
  for (int k = 0; k < 2; k++) {
    nai_network *net = build_watched(watch_delays[k]);
    for (int own = 0; own < 2; own++) {
      nai_cost *c;
      nai_agent *agent;
      nai_trainer *trainer = trainer_of(net, rule_of_exactness(2 + own), plain_descent(0.1));
      attach_cost(trainer, nai_cost_create_mse(&c, "watch"), &c, 1);
      if (k)
        expect_fails(nai_agent_create(&agent, trainer), NAI_ERR_UNSUPPORTED,
                     "cannot learn within a trial through a readout with a delay");
      else
        expect_ok(nai_agent_create(&agent, trainer));
      if (!k) nai_agent_destroy(agent);
      nai_trainer_destroy(trainer);
    }
    nai_network_destroy(net);
  }
}
END_TEST

/* --- a port that has a unit -------------------------------------------------------------------- */

static nai_network *compose_volts(const nai_model *model)
{
  nai_network *net = COMPOSE(.dt = 10, .inputs = {{"u", 1}},
                             .populations = {{"T", 2, NAI_INHIBITORY}}, .outputs = {{"z", 1}});
  nai__node *node = &net->node[nai__node_at(net, "T")];
  node->cells = nai__cells_create(model, 2);
  for (int i = 0; i < 2; i++) node->number[NAI__TAU][i] = 40;
  nai_network_connect(net, "T", "T z");
  return net;
}

/* It has no default weights; told ones keep the sign that they were given. */
START_TEST(weights_in_a_unit_must_be_told)
{
  nai_field port = two_ports[0];
  nai_model volts = two;
  port.unit = "mV";
  volts.ops.ports = &port;
  for (int told = -1; told < 3; told++) {
    nai_network *net = compose_volts(&volts);
    if (told >= 0)
      nai_network_set_initial_weights(net, "T", "T", NAI_WEIGHTS_CONSTANT, told == 2 ? 0.3 : -0.3,
                                      0);
    if (told == 1) nai_network_connect(net, "u", "T");
    nai_status status = nai_network_build(net, 1);
    if (told == -1)
      expect_fails(
          status, NAI_ERR_INVALID,
          "the initial weights from 'T:rate' to 'T' must be told: its port 'input' is in mV, for "
          "which there is no default");
    else if (told == 1)
      expect_fails(status, NAI_ERR_INVALID, "the initial weights from 'u' to 'T' must be told");
    else if (told == 2)
      expect_fails(status, NAI_ERR_INVALID, "is 0.3, must be at most 0");
    else
      expect_ok(status);
    nai_network_destroy(net);
  }
  port.unit = NULL; /* as "1" */
  nai_network *net = compose_volts(&volts);
  expect_ok(nai_network_build(net, 1));
  nai_network_destroy(net);
}
END_TEST

Suite *variables_suite(void);

Suite *variables_suite(void)
{
  Suite *suite = suite_create("variables");
  ADD_CASE(suite, "equations", variables_follow_their_equations, branches_follow_their_equations);
  ADD_CASE(suite, "views", views_stay_and_records_are_what_they_show, looking_changes_nothing);
  ADD_CASE(suite, "interventions", states_go_on_under_imposed_rates,
           currents_arrive_at_the_port_that_is_named);
  ADD_CASE(suite, "refusals", unknown_variables_are_refused);
  ADD_CASE(suite, "signals", other_signals_are_seen, costs_on_rates_see_first_signals,
           a_state_in_a_cost, a_state_is_taught, delayed_frozen_readouts_need_whole_trials);
  TCase *frozen = tcase_create("frozen");
  tcase_add_loop_test(frozen, frozen_readouts_send_their_exact_error, 0, 6);
  tcase_add_loop_test(frozen, frozen_readouts_send_it_step_by_step, 0, 2);
  tcase_add_loop_test(frozen, scaled_frozen_readouts_send_a_part, 0, 2);
  tcase_add_loop_test(frozen, feedback_of_frozen_readouts_is_their_own, 0, 3);
  tcase_add_loop_test(frozen, readouts_are_frozen_later, 0, 6);
  tcase_add_loop_test(frozen, readouts_are_frozen_within_a_trial, 0, 2);
  suite_add_tcase(suite, frozen);
  ADD_CASE(suite, "units", weights_in_a_unit_must_be_told);
  return suite;
}
