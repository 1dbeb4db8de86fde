/* States: steps by hand, noise, delays, perturbation, snapshots, threads. */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "faults.h"
#include "networks.h"
#include "states.h"

static nai_view rates_of(const nai_state *state, const char *name)
{
  nai_view view = NAI_VIEW_INIT;
  expect_ok(nai_state_rates(&view, state, name));
  return view;
}

static void set_weight(nai_network *net, const char *from, const char *to, float w)
{
  expect_ok(nai_network_set_weights(net, from, to, &w, 1, 1));
}

/* The names of all tables of kernels; "blas" promises no bits, so it is the last. */
static const char *const tables[] = {"portable", "avx2", "avx512", "neon", "blas"};
enum { TABLES = 5 };

/* 0 where this processor cannot run them. */
static int use_kernels(nai_network *net, int table)
{
  return nai_network_set_kernels(net, tables[table]) == NAI_OK;
}

/* --- steps by hand ---------------------------------------------------------------------------- */

/* Units A and B, alpha 0.2, driven by u, read by z = 2 rA - rB + 0.5. */
static nai_network *two_units(int32_t leak)
{
  nai_network *net =
      COMPOSE(.dt = 20, .inputs = {{"u", 1}},
              .populations = {{"A", 1, NAI_FREE}, {"B", 1, NAI_FREE}}, .outputs = {{"z", 1}},
              .projections = {{"u", "A"}, {"A", "B z"}, {"B", "A z"}});
  expect_ok(nai_network_set_leak(net, "A B", leak));
  expect_ok(nai_network_set(net, "A", "bias", 0.1));
  expect_ok(nai_network_set(net, "B", "bias", 0.2));
  expect_ok(nai_network_set(net, "z", "bias", 0.5));
  return net;
}

static void weigh_two_units(nai_network *net)
{
  expect_ok(nai_network_build(net, 1));
  set_weight(net, "u", "A", 1);
  set_weight(net, "B", "A", 0.5f);
  set_weight(net, "A", "B", -0.4f);
  set_weight(net, "A", "z", 2);
  set_weight(net, "B", "z", -1);
}

static void expect_steps(nai_network *net, const double expected[4][3])
{
  for (int table = 0; table < TABLES; table++) {
    if (!use_kernels(net, table)) continue;
    nai_state *state = make_state(net, 1, 1);
    ck_assert_double_eq_tol((double)rate_of(state, "A", 0, 0), expected[0][0], 1e-7);
    ck_assert_double_eq_tol((double)rate_of(state, "B", 0, 0), expected[0][1], 1e-7);
    for (int t = 1; t < 4; t++) {
      float u = t == 1 ? 1 : 0, z = NAN;
      expect_ok(nai_state_step(&z, state, &u));
      ck_assert_double_eq_tol((double)rate_of(state, "A", 0, 0), expected[t][0], 2e-7);
      ck_assert_double_eq_tol((double)rate_of(state, "B", 0, 0), expected[t][1], 2e-7);
      ck_assert_double_eq_tol((double)z, expected[t][2], 5e-7);
    }
    nai_state_destroy(state);
  }
}

START_TEST(leak_on_the_current_by_hand)
{
  nai_network *net = two_units(NAI_LEAK_CURRENT);
  expect_ok(nai_network_set(net, "A", "initial", 1));
  expect_ok(nai_network_set(net, "B", "initial", -1));
  weigh_two_units(net);
  /*
   * relu. Step 1: vA = 1 + 0 + 0.1 = 1.1, xA = 0.8 + 0.22 = 1.02; vB = -0.4 + 0.2 = -0.2, xB =
   * -0.8 - 0.04 = -0.84. Step 2: vA = 0.1, xA = 0.816 + 0.02 = 0.836; vB = -0.408 + 0.2 = -0.208,
   * xB = -0.672 - 0.0416 = -0.7136. Step 3: xA = 0.6688 + 0.02 = 0.6888.
   */
  static const double expected[4][3] = {
      {1, 0, 0}, {1.02, 0, 2.54}, {0.836, 0, 2.172}, {0.6888, 0, 1.8776}};
  expect_steps(net, expected);
  nai_network_destroy(net);
}
END_TEST

START_TEST(leak_on_the_rate_by_hand)
{
  nai_network *net = two_units(NAI_LEAK_RATE);
  expect_ok(nai_network_set(net, "A", "initial", 0.5));
  expect_ok(nai_network_set(net, "B", "initial", 0.25));
  weigh_two_units(net);
  /*
   * relu. Step 1: vA = 0.125 + 1 + 0.1 = 1.225, rA = 0.4 + 0.245 = 0.645; vB = -0.2 + 0.2 = 0, rB =
   * 0.2. Step 2: vA = 0.1 + 0.1 = 0.2, rA = 0.516 + 0.04 = 0.556; vB = -0.258 + 0.2 < 0, rB = 0.16.
   * Step 3: vA = 0.08 + 0.1, rA = 0.4448 + 0.036 = 0.4808; vB = -0.2224 + 0.2 < 0, rB = 0.128.
   */
  static const double expected[4][3] = {
      {0.5, 0.25, 0}, {0.645, 0.2, 1.59}, {0.556, 0.16, 1.452}, {0.4808, 0.128, 1.3336}};
  expect_steps(net, expected);
  nai_network_destroy(net);
}
END_TEST

static double transfer_of(int32_t transfer, double x)
{
  switch (transfer) {
  case NAI_TRANSFER_RELU: return x > 0 ? x : 0;
  case NAI_TRANSFER_TANH: return tanh(x);
  case NAI_TRANSFER_SOFTPLUS: return log1p(exp(x));
  case NAI_TRANSFER_LOGISTIC: return 1 / (1 + exp(-x));
  case NAI_TRANSFER_LINEAR: return x;
  case NAI_TRANSFER_RECTIFIED_TANH: return x > 0 ? tanh(x) : 0;
  case NAI_TRANSFER_POWER: return x > 0 ? pow(x, 1.5) : 0;
  default: ck_abort_msg("what is transfer function %d?", (int)transfer);
  }
}

/* A unit alone, with gain 3 (and exponent 1.5): each transfer function under each leak. */
START_TEST(transfer_functions)
{
  for (int32_t transfer = 0; transfer < transfers(); transfer++)
    for (int32_t leak = NAI_LEAK_CURRENT; leak <= NAI_LEAK_RATE; leak++) {
      nai_network *net;
      expect_ok(nai_network_create(&net, 20));
      expect_ok(nai_network_add_population(net, "A", 1, NAI_FREE));
      expect_ok(nai_network_set_transfer(net, "A", transfer));
      expect_ok(nai_network_set_leak(net, "A", leak));
      expect_ok(nai_network_set(net, "A", "tau", 50));
      expect_ok(nai_network_set(net, "A", "gain", 3));
      expect_ok(nai_network_set(net, "A", "exponent", 1.5));
      expect_ok(nai_network_set(net, "A", "initial", 0.3));
      expect_ok(nai_network_build(net, 1));
      nai_state *state = make_state(net, 1, 1);
      double x = 0.3, r = leak == NAI_LEAK_RATE ? 0.3 : 3 * transfer_of(transfer, x);
      for (int t = 0; t < 40; t++) {
        if (fabs((double)rate_of(state, "A", 0, 0) - r) > 2e-6 * (1 + fabs(r)))
          ck_abort_msg("transfer %d, leak %d, step %d: %.9g, not %.9g", (int)transfer, (int)leak, t,
                       (double)rate_of(state, "A", 0, 0), r);
        float current = 2 * sinf(0.4f * (float)t);
        expect_ok(nai_state_inject(state, "A", &current, 1));
        expect_ok(nai_state_step(NULL, state, NULL));
        if (leak == NAI_LEAK_RATE) {
          r = 0.6 * r + 0.4 * 3 * transfer_of(transfer, (double)current);
        } else {
          x = 0.6 * x + 0.4 * (double)current;
          r = 3 * transfer_of(transfer, x);
        }
      }
      nai_state_destroy(state);
      nai_network_destroy(net);
    }
}
END_TEST

/* u = [baseline + task], rectified or not, channel by channel. */
START_TEST(inputs_are_shaped)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, 20));
  expect_ok(nai_network_add_population(net, "A", 3, NAI_FREE));
  expect_ok(nai_network_add_input(net, "first", 1));
  expect_ok(nai_network_add_input(net, "second", 2));
  expect_ok(nai_network_set_transfer(net, "A", NAI_TRANSFER_LINEAR));
  expect_ok(nai_network_set(net, "A", "tau", 20)); /* no memory: the rate is the input */
  expect_ok(nai_network_connect(net, "first second", "A"));
  expect_ok(nai_network_set(net, "first", "baseline", 0.25));
  expect_ok(nai_network_set(net, "second", "baseline", -1));
  expect_ok(nai_network_set_each(net, "second", "rectify", (double[]){1, 0}, 2));
  expect_ok(nai_network_build(net, 1));
  expect_ok(nai_network_set_weights(net, "first", "A", (float[]){1, 0, 0}, 3, 1));
  expect_ok(nai_network_set_weights(net, "second", "A", (float[]){0, 0, 1, 0, 0, 1}, 3, 2));
  nai_state *state = make_state(net, 2, 1);
  const float inputs[6] = {1, 0.5f, 0.5f, -2, 3, 3};
  expect_ok(nai_state_step(NULL, state, inputs));
  static const float expected[2][3] = {{1.25f, 0, -0.5f}, {-1.75f, 2, 2}};
  for (int b = 0; b < 2; b++)
    for (int u = 0; u < 3; u++) EXPECT(rate_of(state, "A", b, u) == expected[b][u]);
  expect_ok(nai_state_step(NULL, state, NULL)); /* no task: the baseline is left */
  EXPECT(rate_of(state, "A", 0, 0) == 0.25f && rate_of(state, "A", 1, 2) == -1);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* Numbers may change while a state runs. */
START_TEST(numbers_act_at_once)
{
  nai_network *net = two_units(NAI_LEAK_CURRENT);
  weigh_two_units(net);
  nai_state *state = make_state(net, 1, 1);
  float u = 1, z;
  expect_ok(nai_state_step(&z, state, &u)); /* xA = 0.2 * 1.1, xB = 0.2 * 0.2 */
  expect_ok(nai_network_set(net, "A", "tau", 40));
  expect_ok(nai_network_set(net, "A", "bias", 0.3));
  expect_ok(nai_network_set(net, "B", "gain", 2));
  expect_ok(nai_network_set(net, "z", "bias", 0));
  expect_ok(nai_state_step(&z, state, NULL));
  double a = 0.5 * 0.22 + 0.5 * (0.5 * 0.04 + 0.3), b = 2 * (0.8 * 0.04 + 0.2 * (0.2 - 0.4 * 0.22));
  ck_assert_double_eq_tol((double)rate_of(state, "A", 0, 0), a, 1e-7);
  ck_assert_double_eq_tol((double)rate_of(state, "B", 0, 0), b, 1e-7);
  ck_assert_double_eq_tol((double)z, 2 * a - b, 1e-6);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* --- delays ----------------------------------------------------------------------------------- */

/* A pulse in u reaches A, B and z after the delays between them. */
START_TEST(a_pulse_takes_as_long_as_its_delays)
{
  static const struct {
    double u_to_a, a_to_b, b_to_z; /* steps */
  } cases[] = {{0, 1, 0}, {0, 0, 0}, {3, 0, 0}, {0, 7, 0}, {0, 1, 5}, {2, 4, 1}, {40, 1, 30}};
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    nai_network *net;
    expect_ok(nai_network_create(&net, 10));
    expect_ok(nai_network_add_population(net, "B", 1, NAI_FREE)); /* not in the order of stages */
    expect_ok(nai_network_add_population(net, "A", 1, NAI_FREE));
    expect_ok(nai_network_add_input(net, "u", 1));
    expect_ok(nai_network_add_output(net, "z", 1));
    expect_ok(nai_network_set(net, "A B", "tau", 10));
    expect_ok(nai_network_connect(net, "u", "A"));
    expect_ok(nai_network_connect(net, "A", "B"));
    expect_ok(nai_network_connect(net, "B", "z"));
    expect_ok(nai_network_set_delay(net, "u", "A", 10 * cases[c].u_to_a));
    expect_ok(nai_network_set_delay(net, "A", "B", 10 * cases[c].a_to_b));
    expect_ok(nai_network_set_delay(net, "B", "z", 10 * cases[c].b_to_z));
    expect_ok(nai_network_build(net, 1));
    set_weight(net, "u", "A", 1);
    set_weight(net, "A", "B", 2);
    set_weight(net, "B", "z", 3);
    nai_state *state = make_state(net, 1, 1);
    int at_a = (int)cases[c].u_to_a, at_b = at_a + (int)cases[c].a_to_b,
        at_z = at_b + (int)cases[c].b_to_z;
    for (int pulse = 0; pulse < 2; pulse++) /* the ring of past steps has gone round by then */
      for (int t = 0; t < 100; t++) {
        float u = t == 0 ? 1 : 0, z = NAN;
        expect_ok(nai_state_step(&z, state, &u));
        EXPECT(rate_of(state, "A", 0, 0) == (t == at_a ? 1 : 0));
        EXPECT(rate_of(state, "B", 0, 0) == (t == at_b ? 2 : 0));
        EXPECT(z == (t == at_z ? 6 : 0));
      }
    nai_state_destroy(state);
    nai_network_destroy(net);
  }
}
END_TEST

/* Before time 0 rates were the initial ones, and inputs 0. */
START_TEST(what_delays_carry_at_first)
{
  nai_network *net = COMPOSE(.dt = 10, .populations = {{"A", 1, NAI_FREE}, {"B", 1, NAI_FREE}},
                             .projections = {{"A", "B"}});
  expect_ok(nai_network_set(net, "A B", "tau", 10));
  expect_ok(nai_network_set(net, "A", "initial", 2));
  expect_ok(nai_network_set_delay(net, "A", "B", 30));
  expect_ok(nai_network_build(net, 1));
  set_weight(net, "A", "B", 0.5f);
  nai_state *state = make_state(net, 1, 1);
  for (int t = 1; t <= 6; t++) {
    expect_ok(nai_state_step(NULL, state, NULL));
    EXPECT(rate_of(state, "A", 0, 0) == 0); /* nothing drives it, and it has no memory */
    EXPECT(rate_of(state, "B", 0, 0) == (t <= 3 ? 1 : 0));
  }
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* --- the same bits ---------------------------------------------------------------------------- */

enum { T = 25, B = 37, CHANNELS = 5, UNITS = 34, OUTPUTS = 3 };

/* Both leaks, several transfer functions, stages, delays, noise of units and of inputs. */
static nai_network *compose_rich(void)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, 10));
  expect_ok(nai_network_add_population(net, "layer", 9, NAI_FREE));
  expect_ok(nai_network_add_input(net, "cue", 2));
  expect_ok(nai_network_add_population(net, "E", 17, NAI_EXCITATORY));
  expect_ok(nai_network_add_input(net, "stimulus", 3));
  expect_ok(nai_network_add_output(net, "z", 2));
  expect_ok(nai_network_add_population(net, "I", 8, NAI_INHIBITORY));
  expect_ok(nai_network_add_output(net, "y", 1));
  expect_ok(nai_network_set_leak(net, "I", NAI_LEAK_RATE));
  expect_ok(nai_network_set_transfer(net, "I", NAI_TRANSFER_SOFTPLUS));
  expect_ok(nai_network_set_transfer(net, "layer", NAI_TRANSFER_TANH));
  expect_ok(nai_network_set(net, "E I", "tau", 50));
  expect_ok(nai_network_set(net, "layer", "tau", 10));
  expect_ok(nai_network_set(net, "E I", "noise", 0.2));
  expect_ok(nai_network_set(net, "cue", "noise", 0.1));
  expect_ok(nai_network_set(net, "I cue", "noise_tau", 30));
  expect_ok(nai_network_set(net, "E I", "initial", 0.5));
  expect_ok(nai_network_set(net, "E", "gain", 1.5));
  expect_ok(nai_network_connect(net, "cue", "E"));
  expect_ok(nai_network_connect(net, "stimulus", "E I layer"));
  expect_ok(nai_network_connect(net, "E I", "E I"));
  expect_ok(nai_network_connect(net, "E", "layer z"));
  expect_ok(nai_network_connect(net, "layer", "y"));
  expect_ok(nai_network_set_delay(net, "E", "layer", 0));
  expect_ok(nai_network_set_delay(net, "I", "E", 40));
  expect_ok(nai_network_set_delay(net, "stimulus", "I", 20));
  expect_ok(nai_network_set_delay(net, "E", "z", 10));
  return net;
}

static nai_network *build_rich(void)
{
  nai_network *net = compose_rich();
  expect_ok(nai_network_build(net, 6));
  return net;
}

static float *random_inputs(int64_t trials)
{
  float *inputs = malloc((size_t)(T * trials * CHANNELS) * sizeof *inputs);
  expect_ok(nai_random_normals(inputs, T * trials * CHANNELS, 17, 0));
  return inputs;
}

/* Outputs and rates of a run. */
struct record {
  float *output; /* [T][trials][OUTPUTS] */
  float *rate;   /* [T][trials][UNITS] */
  size_t output_bytes, rate_bytes;
};

static struct record new_record(int64_t trials)
{
  struct record r = {.output_bytes = (size_t)(T * trials * OUTPUTS) * sizeof(float),
                     .rate_bytes = (size_t)(T * trials * UNITS) * sizeof(float)};
  r.output = malloc(r.output_bytes);
  r.rate = malloc(r.rate_bytes);
  memset(r.output, 0xff, r.output_bytes);
  memset(r.rate, 0xff, r.rate_bytes);
  return r;
}

static void free_record(struct record *r)
{
  free(r->output);
  free(r->rate);
}

static int same_record(const struct record *a, const struct record *b)
{
  return memcmp(a->output, b->output, a->output_bytes) == 0 &&
         memcmp(a->rate, b->rate, a->rate_bytes) == 0;
}

static struct record run(nai_state *state, int64_t trials, const float *inputs)
{
  struct record r = new_record(trials);
  expect_ok(nai_state_run(r.output, r.rate, state, T, inputs));
  return r;
}

/* The same by single steps, the rates looked at after each. */
static struct record run_by_steps(nai_state *state, int64_t trials, const float *inputs)
{
  static const char *const names[] = {"layer", "E", "I"};
  struct record r = new_record(trials);
  for (int64_t t = 0; t < T; t++) {
    expect_ok(
        nai_state_step(r.output + t * trials * OUTPUTS, state, inputs + t * trials * CHANNELS));
    int64_t unit = 0;
    for (int k = 0; k < 3; k++) {
      nai_view view = rates_of(state, names[k]);
      EXPECT(view.shape[0] == trials);
      for (int64_t u = 0; u < view.shape[1]; u++, unit++)
        for (int64_t b = 0; b < trials; b++)
          r.rate[(t * trials + b) * UNITS + unit] = at(&view, b, u);
    }
    EXPECT(unit == UNITS && nai_state_time(state) == t + 1);
  }
  return r;
}

START_TEST(steps_and_runs_agree)
{
  nai_network *net = build_rich();
  float *inputs = random_inputs(B);
  struct record first = {0};
  for (int table = 0; table < TABLES; table++) {
    if (!use_kernels(net, table)) continue;
    nai_state *one = make_state(net, B, 9), *two = make_state(net, B, 9);
    struct record a = run(one, B, inputs), b = run_by_steps(two, B, inputs);
    EXPECT(same_record(&a, &b));
    for (int64_t k = 0; k < T * B * UNITS; k++) EXPECT(isfinite(a.rate[k]));
    nai_state_destroy(one);
    nai_state_destroy(two);
    free_record(&b);
    if (!first.rate) {
      first = a;
      continue;
    }
    /* tables differ by rounding alone */
    for (int64_t k = 0; k < T * B * UNITS; k++)
      EXPECT(fabsf(a.rate[k] - first.rate[k]) < 2e-5f * (1 + fabsf(first.rate[k])));
    free_record(&a);
  }
  free_record(&first);
  free(inputs);
  nai_network_destroy(net);
}
END_TEST

/* What a trainer sees of a batch of `trials` from number `first`. */
static struct record run_by_trainer(nai_network *net, int64_t trials, uint64_t first,
                                    const float *inputs, int threads)
{
  nai_trainer *trainer;
  nai_rule *rule;
  nai_optimizer *sgd;
  nai_cost *quiet;
  nai_trials *batch;
  expect_ok(nai_rule_create_bptt(&rule));
  expect_ok(nai_optimizer_create_sgd(&sgd, 0.1));
  expect_ok(nai_cost_create_l2_rates(&quiet, "E"));
  expect_ok(nai_trainer_create(&trainer, net, rule, sgd, NULL));
  expect_ok(nai_trainer_add_cost(trainer, quiet, 1));
  expect_ok(nai_trainer_set(trainer, "seed", 9));
  expect_ok(nai_trainer_set(trainer, "threads", threads));
  expect_ok(nai_trials_create(&batch, net, T, trials));
  expect_ok(nai_trials_set_inputs(batch, NULL, inputs, CHANNELS));
  expect_ok(nai_trials_set_first(batch, first));
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer, batch));
  struct record r = new_record(trials);
  static const char *const names[] = {"layer", "E", "I", "z", "y"};
  int64_t column = 0;
  for (int k = 0; k < 5; k++) {
    nai_view view = NAI_VIEW_INIT;
    expect_ok(nai_trainer_activity(&view, trainer, names[k]));
    float *to = k < 3 ? r.rate : r.output;
    int64_t width = k < 3 ? UNITS : OUTPUTS;
    if (k == 3) column = 0;
    for (int64_t t = 0; t < T; t++)
      for (int64_t b = 0; b < trials; b++)
        memcpy(to + (t * trials + b) * width + column,
               (const char *)view.data + t * view.stride[0] + b * view.stride[1],
               (size_t)view.shape[2] * sizeof *to);
    column += view.shape[2];
  }
  nai_trainer_destroy(trainer);
  nai_trials_destroy(batch);
  nai_cost_destroy(quiet);
  nai_optimizer_destroy(sgd);
  nai_rule_destroy(rule);
  return r;
}

START_TEST(a_trainer_sees_what_a_state_does)
{
  nai_network *net = build_rich();
  float *inputs = random_inputs(B);
  for (int table = 0; table < TABLES - 1; table++) {
    if (!use_kernels(net, table)) continue;
    nai_state *state = make_state(net, B, 9);
    struct record a = run(state, B, inputs);
    for (int threads = 1; threads <= 3; threads += 2) {
      struct record b = run_by_trainer(net, B, 0, inputs, threads);
      EXPECT(same_record(&a, &b));
      free_record(&b);
    }
    free_record(&a);
    nai_state_destroy(state);
  }
  free(inputs);
  nai_network_destroy(net);
}
END_TEST

/* Each trial of a state of several is that trial alone, to the bit. */
START_TEST(trials_at_once_are_each_alone)
{
  nai_network *net = build_rich();
  float *inputs = random_inputs(B), alone[T * CHANNELS];
  for (int table = 0; table < TABLES - 1; table++) {
    if (!use_kernels(net, table)) continue;
    nai_state *all = make_state(net, B, 9);
    struct record together = run(all, B, inputs);
    nai_state_destroy(all);
    for (uint64_t b = 0; b < B; b++) {
      for (int64_t t = 0; t < T; t++)
        memcpy(alone + t * CHANNELS, inputs + (t * B + (int64_t)b) * CHANNELS,
               CHANNELS * sizeof *alone);
      struct record one = run_by_trainer(net, 1, b, alone, 1); /* a state begins with trial 0 */
      if (b == 0) {
        nai_state *state = make_state(net, 1, 9);
        struct record own = run(state, 1, alone);
        EXPECT(same_record(&own, &one));
        free_record(&own);
        nai_state_destroy(state);
      }
      for (int64_t t = 0; t < T; t++) {
        EXPECT(memcmp(one.rate + t * UNITS, together.rate + (t * B + (int64_t)b) * UNITS,
                      UNITS * sizeof(float)) == 0);
        EXPECT(memcmp(one.output + t * OUTPUTS, together.output + (t * B + (int64_t)b) * OUTPUTS,
                      OUTPUTS * sizeof(float)) == 0);
      }
      free_record(&one);
    }
    free_record(&together);
  }
  free(inputs);
  nai_network_destroy(net);
}
END_TEST

START_TEST(seeds_and_resets)
{
  nai_network *net = build_rich();
  float *inputs = random_inputs(2), current = 1;
  nai_state *state = make_state(net, 2, 9), *other = make_state(net, 2, 10);
  nai_network_destroy(net); /* states keep it alive */
  struct record a = run(state, 2, inputs), b = run(other, 2, inputs), more = run(state, 2, inputs);
  EXPECT(!same_record(&a, &b) && !same_record(&a, &more));
  ck_assert_int_eq(nai_state_time(state), 2 * T);
  expect_ok(nai_state_clamp(state, "E", 3));
  expect_ok(nai_state_inject(state, "I", &current, 1));
  expect_ok(nai_state_reset(state));
  ck_assert_int_eq(nai_state_time(state), 0);
  EXPECT(rate_of(state, "I", 1, 7) == 0.5f && rate_of(state, "E", 0, 0) == 0.75f);
  struct record again = run(state, 2, inputs);
  EXPECT(same_record(&a, &again));
  free_record(&a);
  free_record(&b);
  free_record(&more);
  free_record(&again);
  free(inputs);
  nai_state_destroy(state);
  nai_state_destroy(other);
  nai_state_destroy(NULL);
}
END_TEST

START_TEST(runs_of_nothing_and_in_pieces)
{
  nai_network *net = build_rich();
  float *inputs = random_inputs(3);
  nai_state *one = make_state(net, 3, 9), *two = make_state(net, 3, 9);
  struct record a = run(one, 3, inputs), b = new_record(3);
  expect_ok(nai_state_run(b.output, b.rate, two, 0, inputs));
  ck_assert_int_eq(nai_state_time(two), 0);
  for (int64_t t = 0; t < T;) {
    int64_t steps = t + 7 < T ? 7 : T - t;
    expect_ok(nai_state_run(b.output + t * 3 * OUTPUTS, b.rate + t * 3 * UNITS, two, steps,
                            inputs + t * 3 * CHANNELS));
    t += steps;
  }
  EXPECT(same_record(&a, &b));
  free_record(&a);
  free_record(&b);
  free(inputs);
  nai_state_destroy(one);
  nai_state_destroy(two);
  nai_network_destroy(net);
}
END_TEST

/* --- looking ---------------------------------------------------------------------------------- */

START_TEST(rates_are_a_view_that_stays)
{
  nai_network *net = build_rich();
  nai_state *state = make_state(net, 3, 1);
  nai_view e = rates_of(state, "E"), layer = rates_of(state, "layer");
  EXPECT(e.ndim == 2 && e.dtype == NAI_FLOAT32 && e.shape[0] == 3 && e.shape[1] == 17);
  EXPECT(e.stride[1] == sizeof(float) && layer.shape[1] == 9 && layer.data != e.data);
  for (int64_t b = 0; b < 3; b++) EXPECT(at(&e, b, 16) == 0.75f); /* gain 1.5, initial 0.5 */
  for (int t = 0; t < 20; t++) {
    expect_ok(nai_state_step(NULL, state, NULL));
    EXPECT(rates_of(state, "E").data == e.data);
    EXPECT(at(&e, 2, 3) == rate_of(state, "E", 2, 3));
  }
  int moved = 0, apart = 0; /* each trial has its noise */
  for (int64_t u = 0; u < 17; u++)
    moved += at(&e, 0, u) != 0.75f, apart += at(&e, 0, u) != at(&e, 1, u);
  EXPECT(moved == 17 && apart > 0);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* --- perturbing ------------------------------------------------------------------------------- */

START_TEST(clamping_and_releasing)
{
  for (int32_t leak = NAI_LEAK_CURRENT; leak <= NAI_LEAK_RATE; leak++) {
    nai_network *net = two_units(leak);
    weigh_two_units(net);
    nai_state *state = make_state(net, 1, 1), *free_running = make_state(net, 1, 1);
    float z, other;
    expect_ok(nai_state_clamp(state, "B", -3));
    double a = 0;
    for (int t = 0; t < 5; t++) {
      expect_ok(nai_state_step(&z, state, NULL));
      expect_ok(nai_state_step(&other, free_running, NULL));
      EXPECT(rate_of(state, "B", 0, 0) == -3);
      double v = 0.1 + 0.5 * (t ? -3 : 0); /* one step after */
      a = 0.8 * a + 0.2 * (leak == NAI_LEAK_RATE && v < 0 ? 0 : v);
      ck_assert_double_eq_tol((double)rate_of(state, "A", 0, 0), a > 0 ? a : 0, 1e-6);
      ck_assert_double_eq_tol((double)z, 2 * (a > 0 ? a : 0) + 3 + 0.5, 1e-5);
      EXPECT(rate_of(free_running, "B", 0, 0) >= 0); /* another state of the same network */
    }
    expect_ok(nai_state_release(state, "*"));
    expect_ok(nai_state_step(NULL, state, NULL));
    EXPECT(rate_of(state, "B", 0, 0) != -3);
    expect_ok(nai_state_silence(state, "A B"));
    for (int t = 0; t < 3; t++) {
      expect_ok(nai_state_step(&z, state, NULL));
      EXPECT(rate_of(state, "A", 0, 0) == 0 && rate_of(state, "B", 0, 0) == 0 && z == 0.5f);
    }
    nai_state_destroy(state);
    nai_state_destroy(free_running);
    nai_network_destroy(net);
  }
}
END_TEST

START_TEST(injected_currents)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, 20));
  expect_ok(nai_network_add_population(net, "A", 3, NAI_FREE));
  expect_ok(nai_network_add_population(net, "B", 2, NAI_FREE));
  expect_ok(nai_network_set(net, "A B", "tau", 20)); /* no memory: the rate is the current */
  expect_ok(nai_network_build(net, 1));
  nai_state *state = make_state(net, 2, 1);
  const float three[3] = {1, 2, 3}, one = 7;
  expect_ok(nai_state_inject(state, "A", three, 3));
  expect_ok(nai_state_inject(state, "B", &one, 1));
  for (int t = 0; t < 2; t++) {
    expect_ok(nai_state_step(NULL, state, NULL));
    for (int b = 0; b < 2; b++)
      for (int u = 0; u < 3; u++) EXPECT(rate_of(state, "A", b, u) == three[u]);
    EXPECT(rate_of(state, "B", 1, 1) == 7);
  }
  expect_ok(nai_state_inject(state, "A B", (float[]){4}, 1)); /* instead, not on top */
  expect_ok(nai_state_step(NULL, state, NULL));
  EXPECT(rate_of(state, "A", 0, 2) == 4 && rate_of(state, "B", 0, 0) == 4);
  expect_ok(nai_state_clamp(state, "A", 9)); /* whatever it receives */
  expect_ok(nai_state_release(state, "B"));
  expect_ok(nai_state_step(NULL, state, NULL));
  EXPECT(rate_of(state, "A", 0, 0) == 9 && rate_of(state, "B", 0, 0) == 0);
  expect_ok(nai_state_release(state, "A")); /* both ends */
  expect_ok(nai_state_step(NULL, state, NULL));
  EXPECT(rate_of(state, "A", 0, 0) == 0);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* A lesion of a population is the network without its weights. */
START_TEST(silencing_is_a_lesion)
{
  nai_network *net = build_rich(), *cut = build_rich();
  static const char *const ends[][2] = {{"I", "E"}, {"I", "I"}};
  static const float zero[17 * 8] = {0};
  for (int k = 0; k < 2; k++)
    expect_ok(nai_network_set_weights(cut, ends[k][0], ends[k][1], zero, k ? 8 : 17, 8));
  expect_ok(nai_network_set(net, "I", "initial", 0));
  expect_ok(nai_network_set(cut, "I", "initial", 0));
  float *inputs = random_inputs(2);
  nai_state *lesioned = make_state(net, 2, 3), *without = make_state(cut, 2, 3);
  expect_ok(nai_state_silence(lesioned, "I"));
  struct record a = run(lesioned, 2, inputs), b = run(without, 2, inputs);
  for (int64_t k = 0; k < T * 2; k++)
    for (int64_t u = 0; u < UNITS; u++)
      EXPECT(u < 26 ? a.rate[k * UNITS + u] == b.rate[k * UNITS + u] : a.rate[k * UNITS + u] == 0);
  EXPECT(memcmp(a.output, b.output, a.output_bytes) == 0);
  free_record(&a);
  free_record(&b);
  free(inputs);
  nai_state_destroy(lesioned);
  nai_state_destroy(without);
  nai_network_destroy(net);
  nai_network_destroy(cut);
}
END_TEST

/* --- snapshots -------------------------------------------------------------------------------- */

START_TEST(snapshots_hold_all_that_the_future_depends_on)
{
  nai_network *net = build_rich();
  float *inputs = random_inputs(3);
  nai_state *state = make_state(net, 3, 9), *other = make_state(net, 3, 1234);
  int64_t size = nai_state_snapshot_size(state);
  void *snapshot = malloc((size_t)size), *second = malloc((size_t)size);
  struct record before = run(state, 3, inputs);
  expect_ok(nai_state_clamp(state, "layer", 0.3));
  expect_ok(nai_state_inject(state, "E", (float[]){0.2f}, 1));
  expect_ok(nai_state_run(NULL, NULL, state, 3, inputs));
  expect_ok(nai_state_snapshot(snapshot, size, state));
  struct record future = run(state, 3, inputs);
  expect_ok(nai_state_release(state, "*"));
  expect_ok(nai_state_run(NULL, NULL, state, 5, inputs));
  nai_state *both[] = {state, other}; /* back, and into another state */
  expect_ok(nai_state_clamp(other, "I", 5));
  for (int k = 0; k < 2; k++) {
    expect_ok(nai_state_restore(both[k], snapshot, size));
    ck_assert_int_eq(nai_state_time(both[k]), T + 3);
    expect_ok(nai_state_snapshot(second, size, both[k]));
    EXPECT(memcmp(snapshot, second, (size_t)size) == 0);
    EXPECT(rate_of(both[k], "layer", 2, 8) == 0.3f);
    struct record again = run(both[k], 3, inputs);
    EXPECT(same_record(&future, &again));
    free_record(&again);
  }
  EXPECT(!same_record(&before, &future));
  free_record(&before);
  free_record(&future);
  free(snapshot);
  free(second);
  free(inputs);
  nai_state_destroy(state);
  nai_state_destroy(other);
  nai_network_destroy(net);
}
END_TEST

/* Networks of as many numbers as compose_ei(4, 4), but not the same one. */
static nai_network *another(int which)
{
  nai_network *net;
  if (which == 0) return build_ei(5, 3, 1);
  if (which == 1) return build_ei(4, 4, 1);
  expect_ok(nai_network_create(&net, 20));
  expect_ok(nai_network_add_input(net, "stimulus", 3));
  expect_ok(nai_network_add_population(net, which == 2 ? "I" : "E", 4, NAI_EXCITATORY));
  expect_ok(nai_network_add_population(net, which == 2 ? "E" : "I", 4, NAI_INHIBITORY));
  expect_ok(nai_network_add_output(net, "choice", 2));
  if (which == 3) expect_ok(nai_network_set_leak(net, "I", NAI_LEAK_RATE));
  if (which == 4) {
    expect_ok(nai_network_connect(net, "I", "E")); /* another order of stages */
    expect_ok(nai_network_set_delay(net, "I", "E", 0));
  }
  expect_ok(nai_network_build(net, 1));
  return net;
}

static nai_network *build_pools(const char *model)
{
  nai_network *net = COMPOSE(.dt = 2, .populations = {{"A", 3}}, .outputs = {{"z", 1}});
  expect_ok(nai_network_set_model(net, "A", model));
  expect_ok(nai_network_connect(net, "A", "z"));
  expect_ok(nai_network_build(net, 1));
  return net;
}

/* As many numbers, in the same places, of units with the same names. */
START_TEST(snapshots_of_other_models_are_refused)
{
  nai_network *net = build_pools("wong_wang"), *others = build_pools("adaptive_rate");
  nai_state *state = make_state(net, 2, 9), *other = make_state(others, 2, 9);
  int64_t size = nai_state_snapshot_size(state);
  char *own = malloc((size_t)size);
  ck_assert_int_eq(nai_state_snapshot_size(other), size);
  expect_ok(nai_state_run(NULL, NULL, state, 4, NULL));
  expect_ok(nai_state_snapshot(own, size, state));
  expect_fails(nai_state_restore(other, own, size), NAI_ERR_FORMAT, "another network");
  ck_assert_int_eq(nai_state_time(other), 0);
  expect_ok(nai_state_restore(state, own, size));
  nai_state_destroy(state);
  nai_state_destroy(other);
  nai_network_destroy(net);
  nai_network_destroy(others);
  free(own);
}
END_TEST

START_TEST(snapshots_of_others_are_refused)
{
  nai_network *net = build_ei(4, 4, 2);
  nai_state *state = make_state(net, 3, 9);
  int64_t size = nai_state_snapshot_size(state);
  char *own = malloc((size_t)size), *changed = malloc((size_t)size);
  expect_ok(nai_state_run(NULL, NULL, state, 4, NULL));
  expect_ok(nai_state_snapshot(own, size, state));
  for (int which = 0; which < 5; which++) {
    nai_network *others = another(which);
    nai_state *other = make_state(others, 3, 9);
    EXPECT(nai_state_snapshot_size(other) == size);
    expect_ok(nai_state_snapshot(changed, size, other));
    if (which == 1) { /* the same structure: weights may have been learnt meanwhile */
      expect_ok(nai_state_restore(state, changed, size));
      expect_ok(nai_state_restore(state, own, size));
    } else {
      expect_fails(nai_state_restore(state, changed, size), NAI_ERR_FORMAT, "another network");
    }
    nai_state_destroy(other);
    nai_network_destroy(others);
  }
  memcpy(changed, own, (size_t)size);
  changed[0] ^= 1; /* of another version of the library */
  expect_fails(nai_state_restore(state, changed, size), NAI_ERR_FORMAT, "snapshot");
  memcpy(changed, own, (size_t)size); /* after magic, network, numbers and trials: the time */
  memcpy(changed + 4 * sizeof(int64_t), &(int64_t){INT64_MAX}, sizeof(int64_t));
  expect_fails(nai_state_restore(state, changed, size), NAI_ERR_FORMAT, "snapshot");
  memset(changed, 0, (size_t)size);
  expect_fails(nai_state_restore(state, changed, size), NAI_ERR_FORMAT, "snapshot");
  memset(changed, 0xff, (size_t)size);
  expect_fails(nai_state_restore(state, changed, size), NAI_ERR_FORMAT, "snapshot");
  nai_state *fewer = make_state(net, 2, 9);
  int64_t smaller = nai_state_snapshot_size(fewer);
  expect_fails(nai_state_restore(fewer, own, size), NAI_ERR_INVALID, "size is");
  expect_fails(nai_state_restore(fewer, own, smaller), NAI_ERR_FORMAT, "number of trials");
  static const int64_t sizes[] = {0, -1, 8, INT64_MAX, INT64_MIN};
  for (int i = 0; i < 5; i++) {
    expect_fails(nai_state_snapshot(changed, sizes[i], state), NAI_ERR_INVALID, "size is");
    expect_fails(nai_state_restore(state, own, sizes[i]), NAI_ERR_INVALID, "size is");
  }
  expect_ok(nai_state_snapshot(changed, size, state));
  EXPECT(memcmp(changed, own, (size_t)size) == 0); /* nothing has changed by all that */
  nai_state_destroy(fewer);
  nai_state_destroy(state);
  nai_network_destroy(net);
  free(own);
  free(changed);
}
END_TEST

/* --- noise ------------------------------------------------------------------------------------ */

/*
 * Linear units without input: x is an autoregressive process with a = 1 - alpha, of variance 2
 * alpha sigma^2 / (1 - a^2) = sigma^2 / (1 - alpha / 2); on the rate alpha^2 (2 / alpha) gives the
 * same. The estimate of a variance from n steps has relative variance (2 / n) (1 + a^2) / (1 -
 * a^2); here n = 2.5 million and 1 % is more than 4.6 standard deviations for every alpha.
 */
static void expect_stationary(int32_t leak, double tau, double sigma)
{
  enum { N = 256, TRIALS = 32, STEPS = 300 };
  nai_network *net;
  expect_ok(nai_network_create(&net, 20));
  expect_ok(nai_network_add_population(net, "A", N, NAI_FREE));
  expect_ok(nai_network_set_transfer(net, "A", NAI_TRANSFER_LINEAR));
  expect_ok(nai_network_set_leak(net, "A", leak));
  expect_ok(nai_network_set(net, "A", "tau", tau));
  expect_ok(nai_network_set(net, "A", "noise", sigma));
  expect_ok(nai_network_build(net, 1));
  nai_state *state = make_state(net, TRIALS, 77);
  float *rates = malloc((size_t)N * TRIALS * STEPS * sizeof *rates);
  expect_ok(nai_state_run(NULL, NULL, state, 200, NULL)); /* until it is stationary */
  expect_ok(nai_state_run(NULL, rates, state, STEPS, NULL));
  double alpha = 20 / tau, a = 1 - alpha, n = (double)N * TRIALS * STEPS;
  double variance = sigma * sigma / (1 - alpha / 2), mean = 0, square = 0, next = 0, across = 0;
  for (int64_t k = 0; k < (int64_t)n; k++) {
    double x = (double)rates[k];
    mean += x / n;
    square += x * x / n;
    if (k + N * TRIALS < (int64_t)n) next += x * (double)rates[k + N * TRIALS] / (n - N * TRIALS);
    if (k % (N * TRIALS) + N < N * TRIALS && k % N + 1 < N) /* the next unit of the next trial */
      across += x * (double)rates[k + N + 1] / n;
  }
  double spread = sqrt(2 / n * (1 + a * a) / (1 - a * a));
  ck_assert_double_lt(spread * 4.6, 0.01);
  ck_assert_double_lt(fabs(square / variance - 1), 0.01);
  ck_assert_double_lt(fabs(mean), 4 * sqrt(variance / n * (1 + a) / (1 - a)));
  ck_assert_double_lt(fabs(next / variance - a), 0.01);
  ck_assert_double_lt(fabs(across / variance), 4 * spread); /* independent */
  free(rates);
  nai_state_destroy(state);
  nai_network_destroy(net);
}

START_TEST(noise_has_its_stationary_variance)
{
  expect_stationary(NAI_LEAK_CURRENT, 100, 0.15);
  expect_stationary(NAI_LEAK_CURRENT, 25, 3);
  expect_stationary(NAI_LEAK_RATE, 100, 0.15);
  expect_stationary(NAI_LEAK_RATE, 40, 1);
}
END_TEST

/* Without memory each step shows sqrt(2 tau / dt) noise xi, new on every step, kurtosis 3. */
START_TEST(input_noise)
{
  enum { N = 64, TRIALS = 16, STEPS = 600 };
  nai_network *net = COMPOSE(.dt = 20, .inputs = {{"u", N}}, .populations = {{"A", N, NAI_FREE}},
                             .projections = {{"u", "A"}});
  expect_ok(nai_network_set_transfer(net, "A", NAI_TRANSFER_LINEAR));
  expect_ok(nai_network_set(net, "A", "tau", 20));
  expect_ok(nai_network_set(net, "u", "noise", 0.01));
  expect_ok(nai_network_set(net, "u", "tau", 90));
  expect_ok(nai_network_set(net, "u", "baseline", 0.2));
  expect_ok(nai_network_set_initial_weights(net, "u", "A", NAI_WEIGHTS_IDENTITY, 1, 0));
  expect_ok(nai_network_build(net, 1));
  nai_state *state = make_state(net, TRIALS, 5);
  float *rates = malloc((size_t)N * TRIALS * STEPS * sizeof *rates);
  expect_ok(nai_state_run(NULL, rates, state, STEPS, NULL));
  double n = (double)N * TRIALS * STEPS, mean = 0, square = 0, fourth = 0, next = 0;
  for (int64_t k = 0; k < (int64_t)n; k++) {
    double z = ((double)rates[k] - 0.2) / (0.01 * 3), after = 0;
    if (k + N * TRIALS < (int64_t)n) after = ((double)rates[k + N * TRIALS] - 0.2) / 0.03;
    mean += z / n;
    square += z * z / n;
    fourth += z * z * z * z / n;
    next += z * after / n;
  }
  ck_assert_double_lt(fabs(mean), 4 / sqrt(n));
  ck_assert_double_lt(fabs(square - 1), 4 * sqrt(2 / n));
  ck_assert_double_lt(fabs(fourth - 3), 4 * sqrt(96 / n));
  ck_assert_double_lt(fabs(next), 4 / sqrt(n));
  free(rates);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* --- threads and memory ----------------------------------------------------------------------- */

enum { THREADS = 4 };

struct runner {
  const nai_network *net;
  const float *inputs;
  uint64_t seed;
  struct record record;
  nai_status status;
};

/* Check's macros are not for other threads: the status is judged by the one that waits. */
static void *run_on_a_thread(void *argument)
{
  struct runner *r = argument;
  nai_state *state;
  r->status = nai_state_create(&state, r->net, 3, r->seed);
  if (r->status != NAI_OK) return NULL;
  for (int repeat = 0; repeat < 5 && r->status == NAI_OK; repeat++) {
    r->status = nai_state_silence(state, "I");
    if (r->status == NAI_OK) r->status = nai_state_reset(state);
    if (r->status == NAI_OK)
      r->status = nai_state_run(r->record.output, r->record.rate, state, T, r->inputs);
  }
  nai_state_destroy(state);
  return NULL;
}

START_TEST(many_states_on_many_threads)
{
  nai_network *net = build_rich();
  float *inputs = random_inputs(3);
  struct runner runner[THREADS];
  pthread_t thread[THREADS];
  uint64_t hash = hash_of(net);
  for (int k = 0; k < THREADS; k++) {
    runner[k] = (struct runner){net, inputs, (uint64_t)k / 2, new_record(3), NAI_OK};
    ck_assert_int_eq(pthread_create(&thread[k], NULL, run_on_a_thread, &runner[k]), 0);
  }
  nai_state *state = make_state(net, 3, 1); /* and one here */
  struct record own = run(state, 3, inputs);
  nai_state_destroy(state);
  for (int k = 0; k < THREADS; k++) {
    ck_assert_int_eq(pthread_join(thread[k], NULL), 0);
    expect_ok(runner[k].status);
  }
  EXPECT(same_record(&runner[0].record, &runner[1].record));
  EXPECT(same_record(&runner[2].record, &own) && same_record(&runner[3].record, &own));
  EXPECT(!same_record(&runner[0].record, &own));
  EXPECT(hash_of(net) == hash);
  for (int k = 0; k < THREADS; k++) free_record(&runner[k].record);
  free_record(&own);
  free(inputs);
  nai_network_destroy(net);
}
END_TEST

START_TEST(running_allocates_nothing)
{
  nai_network *net = build_rich();
  for (int table = 0; table < TABLES; table++) {
    if (!use_kernels(net, table)) continue;
    float *inputs = random_inputs(B), *output = malloc(B * OUTPUTS * sizeof *output);
    for (int64_t trials = 1; trials <= B; trials += B - 1) {
      nai_state *state = make_state(net, trials, 1);
      int64_t size = nai_state_snapshot_size(state);
      void *snapshot = malloc((size_t)size);
      nai_status bad = NAI_OK;
      nai_view view = NAI_VIEW_INIT;
      const float current = 0.1f;
      long before = faults_allocations();
      for (int t = 0; t < 1000; t++) {
        nai_status status[] = {nai_state_step(output, state, inputs),
                               nai_state_run(NULL, NULL, state, 2, inputs),
                               t % 100 == 0 ? nai_state_clamp(state, "E", 1) : NAI_OK,
                               t % 100 == 10 ? nai_state_inject(state, "*", &current, 1) : NAI_OK,
                               t % 100 == 20 ? nai_state_release(state, "E I") : NAI_OK,
                               t % 100 == 30 ? nai_state_snapshot(snapshot, size, state) : NAI_OK,
                               t % 100 == 40 ? nai_state_restore(state, snapshot, size) : NAI_OK,
                               t % 100 == 50 ? nai_state_rates(&view, state, "I") : NAI_OK,
                               t % 100 == 60 ? nai_state_silence(state, "layer") : NAI_OK,
                               t % 100 == 70 ? nai_state_reset(state) : NAI_OK};
        for (size_t k = 0; k < sizeof status / sizeof *status; k++)
          if (status[k] != NAI_OK) bad = status[k];
      }
      long allocations = faults_allocations() - before;
      expect_ok(bad);
      ck_assert_int_eq(allocations, 0);
      free(snapshot);
      nai_state_destroy(state);
    }
    free(inputs);
    free(output);
  }
  nai_network_destroy(net);
}
END_TEST

START_TEST(states_without_memory)
{
  nai_network *net = build_rich();
  nai_state *state = NULL;
  nai_status status = NAI_ERR_MEMORY;
  int failures = 0;
  for (long good = 0; status != NAI_OK; good++) {
    state = (nai_state *)(void *)&state;
    faults_fail_allocation(good);
    status = nai_state_create(&state, net, 2, 1);
    faults_fail_allocation(-1);
    EXPECT(status == NAI_OK || (status == NAI_ERR_MEMORY && !state));
    failures += status != NAI_OK;
    /* a state that failed holds nothing */
    if (status != NAI_OK) expect_ok(nai_network_set_kernels(net, NULL));
  }
  ck_assert_int_ge(failures, 4);
  expect_fails(nai_network_set_kernels(net, NULL), NAI_ERR_ORDER, "uses the network");
  expect_ok(nai_state_step(NULL, state, NULL));
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* --- arguments -------------------------------------------------------------------------------- */

#define NOT_CREATED(net, trials, code, words)                            \
  do {                                                                   \
    nai_state *state = (nai_state *)(void *)&state;                      \
    expect_fails(nai_state_create(&state, net, trials, 1), code, words); \
    ck_assert_ptr_null(state);                                           \
  } while (0)

START_TEST(states_that_cannot_be)
{
  nai_network *net = compose_ei(4, 2);
  NOT_CREATED(net, 1, NAI_ERR_ORDER, "net is not built");
  expect_ok(nai_network_build(net, 1));
  static const int64_t counts[] = {0, -1, INT64_MIN, INT64_MAX, INT64_C(1) << 40};
  for (int i = 0; i < 5; i++) NOT_CREATED(net, counts[i], NAI_ERR_INVALID, "trials is");
  NOT_CREATED(NULL, 1, NAI_ERR_INVALID, "net is NULL");
  expect_fails(nai_state_create(NULL, net, 1, 1), NAI_ERR_INVALID, "out is NULL");
  nai_network_destroy(net);
  /* delays so long that one trial is too large, and so that many trials are */
  net = COMPOSE(.dt = 20, .inputs = {{"u", 200000}}, .populations = {{"A", 1, NAI_FREE}},
                .projections = {{"u", "A"}});
  expect_ok(nai_network_set_delay(net, "u", "A", 2000000));
  expect_ok(nai_network_build(net, 1));
  NOT_CREATED(net, 1, NAI_ERR_MEMORY, "numbers");
  NOT_CREATED(net, INT64_C(1) << 29, NAI_ERR_MEMORY, "numbers");
  nai_network_destroy(net);
}
END_TEST

START_TEST(arguments_that_are_refused)
{
  nai_network *net = build_rich();
  nai_state *state = make_state(net, 2, 1);
  expect_ok(nai_state_run(NULL, NULL, state, 3, NULL));
  int64_t size = nai_state_snapshot_size(state);
  void *before = malloc((size_t)size), *after = malloc((size_t)size);
  expect_ok(nai_state_snapshot(before, size, state));
  const float current[17] = {0};
  static const float bad[] = {NAN, INFINITY, -INFINITY};
  expect_fails(nai_state_clamp(state, "E", 1e39), NAI_ERR_NONFINITE,
               "rate is inf"); /* as a float */
  expect_fails(nai_state_run(NULL, NULL, state, -1, NULL), NAI_ERR_INVALID, "steps is -1");
  expect_fails(nai_state_run(NULL, NULL, state, INT64_MIN, NULL), NAI_ERR_INVALID, "steps is");
  for (int i = 0; i < 3; i++) {
    float last[17] = {0};
    last[16] = bad[i];
    expect_fails(nai_state_clamp(state, "E", (double)bad[i]), NAI_ERR_NONFINITE, "rate is");
    expect_fails(nai_state_inject(state, "I", &bad[i], 1), NAI_ERR_NONFINITE, "current is");
    expect_fails(nai_state_inject(state, "E", last, 17), NAI_ERR_NONFINITE, "current[16] is");
  }
  static const int64_t counts[] = {0, -1, 8, 18, INT64_MAX, INT64_MIN};
  for (int i = 0; i < 6; i++)
    expect_fails(nai_state_inject(state, "E", current, counts[i]), NAI_ERR_INVALID,
                 "must have 1 or 17");
  expect_fails(nai_state_inject(state, "E I", current, 17), NAI_ERR_INVALID, "'I'");
  static const char *const names[] = {"", " ", "nobody", "E nobody", "cue", "z", "x*"};
  nai_view view = NAI_VIEW_INIT;
  for (int i = 0; i < 7; i++) {
    expect_fails(nai_state_clamp(state, names[i], 1), NAI_ERR_NAME, "names");
    expect_fails(nai_state_silence(state, names[i]), NAI_ERR_NAME, "names");
    expect_fails(nai_state_inject(state, names[i], current, 1), NAI_ERR_NAME, "names");
    expect_fails(nai_state_release(state, names[i]), NAI_ERR_NAME, "names");
    expect_fails(nai_state_rates(&view, state, names[i]), NAI_ERR_NAME, "name");
  }
  expect_fails(nai_state_rates(&view, state, "*"), NAI_ERR_NAME, "'*'");
  expect_fails(nai_state_clamp(state, NULL, 1), NAI_ERR_INVALID, "names is NULL");
  expect_fails(nai_state_silence(state, NULL), NAI_ERR_INVALID, "names is NULL");
  expect_fails(nai_state_inject(state, NULL, current, 1), NAI_ERR_INVALID, "names is NULL");
  expect_fails(nai_state_inject(state, "E", NULL, 1), NAI_ERR_INVALID, "current is NULL");
  expect_fails(nai_state_release(state, NULL), NAI_ERR_INVALID, "names is NULL");
  expect_fails(nai_state_rates(&view, state, NULL), NAI_ERR_INVALID, "name is NULL");
  expect_fails(nai_state_rates(NULL, state, "E"), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_state_snapshot(NULL, size, state), NAI_ERR_INVALID, "buffer is NULL");
  expect_fails(nai_state_restore(state, NULL, size), NAI_ERR_INVALID, "buffer is NULL");
  ck_assert_ptr_null(view.data);
  view.struct_size = 1;
  expect_fails(nai_state_rates(&view, state, "E"), NAI_ERR_INVALID, "struct_size is 1");
  expect_ok(nai_state_snapshot(after, size, state));
  EXPECT(memcmp(before, after, (size_t)size) == 0);
  free(before);
  free(after);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

START_TEST(no_state)
{
  float current = 0;
  char buffer[8];
  nai_view view = NAI_VIEW_INIT;
  expect_fails(nai_state_step(NULL, NULL, NULL), NAI_ERR_INVALID, "state is NULL");
  expect_fails(nai_state_run(NULL, NULL, NULL, 1, NULL), NAI_ERR_INVALID, "state is NULL");
  expect_fails(nai_state_reset(NULL), NAI_ERR_INVALID, "state is NULL");
  expect_fails(nai_state_clamp(NULL, "E", 1), NAI_ERR_INVALID, "state is NULL");
  expect_fails(nai_state_silence(NULL, "E"), NAI_ERR_INVALID, "state is NULL");
  expect_fails(nai_state_inject(NULL, "E", &current, 1), NAI_ERR_INVALID, "state is NULL");
  expect_fails(nai_state_release(NULL, "E"), NAI_ERR_INVALID, "state is NULL");
  expect_fails(nai_state_rates(&view, NULL, "E"), NAI_ERR_INVALID, "state is NULL");
  expect_fails(nai_state_snapshot(buffer, 8, NULL), NAI_ERR_INVALID, "state is NULL");
  expect_fails(nai_state_restore(NULL, buffer, 8), NAI_ERR_INVALID, "state is NULL");
  ck_assert_int_eq(nai_state_time(NULL), -1);
  ck_assert_int_eq(nai_state_snapshot_size(NULL), -1);
}
END_TEST

/* A trial by its number: the same bits alone and among others, also after a snapshot. */
START_TEST(trials_have_numbers)
{
  nai_network *net = compose_ei(12, 4);
  nai_network_set(net, "E I", "noise", 0.2);
  expect_ok(nai_network_build(net, 3));
  nai_state *four, *one, *other;
  expect_ok(nai_state_create(&four, net, 4, 9));
  expect_ok(nai_state_create(&one, net, 1, 9));
  expect_ok(nai_state_create(&other, net, 1, 1));
  expect_ok(nai_state_set_first(four, 100));
  expect_ok(nai_state_set_first(one, 102));
  float z[4][2], alone[2];
  char *snapshot = malloc((size_t)nai_state_snapshot_size(one));
  for (int t = 0; t < 20; t++) {
    expect_ok(nai_state_step(z[0], four, NULL));
    if (t == 10) {
      expect_ok(nai_state_snapshot(snapshot, nai_state_snapshot_size(one), one));
      expect_ok(nai_state_restore(other, snapshot, nai_state_snapshot_size(one)));
    }
    expect_ok(nai_state_step(alone, t < 10 ? one : other, NULL));
    EXPECT(memcmp(z[2], alone, sizeof alone) == 0);
    EXPECT(memcmp(z[1], alone, sizeof alone) != 0);
  }
  free(snapshot);
  expect_fails(nai_state_set_first(NULL, 0), NAI_ERR_INVALID, "state");
  expect_fails(nai_state_set_first(four, UINT64_MAX), NAI_ERR_INVALID, "first is");
  expect_fails(nai_state_set_first(four, (UINT64_C(1) << 56) - 3), NAI_ERR_INVALID, "first is");
  expect_ok(nai_state_set_first(four, (UINT64_C(1) << 56) - 4));
  ck_assert(nai_trials_first(NULL) == 0);
  nai_state_destroy(four);
  nai_state_destroy(one);
  nai_state_destroy(other);
  nai_network_destroy(net);
}
END_TEST

Suite *state_suite(void);

Suite *state_suite(void)
{
  Suite *suite = suite_create("state");
  ADD_CASE(suite, "by_hand", leak_on_the_current_by_hand, leak_on_the_rate_by_hand,
           transfer_functions, inputs_are_shaped, numbers_act_at_once);
  ADD_CASE(suite, "delays", a_pulse_takes_as_long_as_its_delays, what_delays_carry_at_first);
  ADD_CASE(suite, "bits", steps_and_runs_agree, a_trainer_sees_what_a_state_does,
           trials_at_once_are_each_alone, seeds_and_resets, runs_of_nothing_and_in_pieces);
  ADD_CASE(suite, "looking", rates_are_a_view_that_stays);
  ADD_CASE(suite, "perturbing", clamping_and_releasing, injected_currents, silencing_is_a_lesion);
  ADD_CASE(suite, "snapshots", snapshots_hold_all_that_the_future_depends_on,
           snapshots_of_others_are_refused, snapshots_of_other_models_are_refused);
  ADD_CASE(suite, "noise", noise_has_its_stationary_variance, input_noise);
  ADD_CASE(suite, "threads", many_states_on_many_threads, running_allocates_nothing,
           states_without_memory);
  ADD_CASE(suite, "arguments", states_that_cannot_be, arguments_that_are_refused, no_state);
  ADD_CASE(suite, "numbers of trials", trials_have_numbers);
  return suite;
}
