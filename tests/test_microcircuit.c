/* lib/anatomy: dendritic microcircuits laid out in one call, and their self-predicting state. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "faults.h"
#include "listed.h"
#include "microcircuits.h"
#include "networks.h"

static const nai_microcircuit defaults = NAI_MICROCIRCUIT_INIT;

static nai_network *empty(void)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, 0.1));
  return net;
}

static nai_network *build(const int64_t *sizes, int64_t n, const nai_microcircuit *options)
{
  nai_network *net = empty();
  expect_ok(nai_network_add_microcircuit(net, sizes, n, options));
  expect_ok(nai_network_build(net, 1));
  return net;
}

static double number_of(const nai_network *net, const char *name, const char *parameter)
{
  double values[64];
  expect_ok(nai_network_get_each(values, nai_network_size(net, NAI_POPULATIONS, name), net, name,
                                 parameter));
  return values[0];
}

/* --- laying out ------------------------------------------------------------------------------- */

START_TEST(pathways_of_a_deep_circuit)
{
  const int64_t sizes[] = {4, 6, 5, 3};
  static const char *const pathways[][2] = {
      {"x", "P1:basal"},        {"P1:rate", "P2:basal"},   {"P1:rate", "I1:basal"},
      {"P2:rate", "P1:apical"}, {"I1:rate", "P1:lateral"}, {"P2:rate", "P3:basal"},
      {"P2:rate", "I2:basal"},  {"P3:rate", "P2:apical"},  {"I2:rate", "P2:lateral"},
      {"P2:u", "I1:target"},    {"P3:u", "I2:target"},     {"target", "P3:target"},
      {"teach", "P3:nudge"}};
  nai_network *net = build(sizes, 4, &defaults);
  const int64_t n = sizeof pathways / sizeof *pathways;
  ck_assert_int_eq(nai_network_count(net, NAI_PROJECTIONS), n);
  for (int64_t k = 0; k < n; k++) {
    const char *from, *to;
    expect_ok(nai_network_projection(&from, &to, net, k));
    ck_assert_str_eq(from, pathways[k][0]);
    ck_assert_str_eq(to, pathways[k][1]);
    nai_view plastic = plastic_of(net, from, to), w = weights_of(net, from, to);
    int learns = ((const uint8_t *)plastic.data)[0], one_to_one = k >= 9;
    ck_assert_int_eq(learns, !one_to_one && !strstr(to, "apical"));
    for (int64_t i = 0; i < w.shape[0]; i++)
      for (int64_t j = 0; j < w.shape[1]; j++)
        EXPECT(one_to_one ? at(&w, i, j) == (float)(i == j) : fabsf(at(&w, i, j)) <= 1);
  }
  ck_assert_int_eq(nai_network_size(net, NAI_POPULATIONS, "I1"), 5);
  ck_assert_int_eq(nai_network_size(net, NAI_INPUTS, "teach"), 3);
  ck_assert_double_eq(number_of(net, "P2", "g_apical"), 0.8);
  ck_assert_double_eq(number_of(net, "P3", "g_apical"), 0);
  ck_assert_double_eq(number_of(net, "I2", "g_apical"), 0);
  ck_assert_double_eq(number_of(net, "I2", "nudge"), 1);
  ck_assert_double_eq(number_of(net, "I2", "noise"), 0.1);
  nai_network_destroy(net);
  net = build(sizes, 2, &defaults);
  ck_assert_int_eq(nai_network_count(net, NAI_POPULATIONS), 1);
  nai_network_destroy(net);
}
END_TEST

START_TEST(options_that_are_refused)
{
  const int64_t sizes[] = {3, 2, 2}, none[] = {3, 0, 2};
  struct {
    nai_microcircuit options;
    const char *words;
    nai_status status;
  } cases[18];
  const int n = sizeof cases / sizeof *cases;
  for (int i = 0; i < n; i++) cases[i].options = defaults, cases[i].status = NAI_ERR_INVALID;
#define CASE(i, member, value, what) cases[i].options.member = value, cases[i].words = what
  CASE(0, struct_size, 8, "struct_size");
  CASE(1, transfer, 99, "transfer is 99");
  CASE(2, gain, 0, "gain");
  CASE(3, slope, NAN, "slope");
  CASE(4, threshold, 1e9, "threshold");
  CASE(5, g_leak, -1, "g_leak");
  CASE(6, g_basal, 0, "g_basal");
  CASE(7, g_dendrite, -1, "g_basal");
  CASE(8, g_apical, -1, "g_apical");
  CASE(9, g_soma, INFINITY, "g_soma");
  CASE(10, noise, -1, "noise");
  CASE(11, width_up, -1, "width_up is -1, must be 0 to 1e");
  CASE(12, width_lateral, NAN, "width_lateral");
  CASE(13, plastic_inter, 2, "plastic_inter is 2, must be 0 or 1");
  CASE(14, plastic_bias, -1, "plastic_bias is -1");
  CASE(15, prospective, 3, "prospective is 3");
  CASE(16, dale, -1, "dale is -1");
  CASE(17, dynamics, "slow", "slow");
  cases[17].status = NAI_ERR_NAME;
  for (int i = 0; i < n; i++) {
    nai_network *net = empty();
    expect_fails(nai_network_add_microcircuit(net, sizes, 3, &cases[i].options), cases[i].status,
                 cases[i].words);
    expect_fails(nai_network_build(net, 1), cases[i].status, cases[i].words);
    nai_network_destroy(net);
  }
  expect_fails(nai_network_add_microcircuit(NULL, sizes, 3, &defaults), NAI_ERR_INVALID, "net");
  struct {
    const int64_t *sizes;
    int64_t n;
    const nai_microcircuit *options;
    const char *words;
  } others[] = {{NULL, 3, &defaults, "sizes is NULL"},
                {sizes, 1, &defaults, "n is 1, must be 2 to 1024"},
                {sizes, 1025, &defaults, "n is 1025"},
                {none, 3, &defaults, "sizes[1] is 0, must be at least 1"},
                {sizes, 3, NULL, "options is NULL"}};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    nai_network *net = empty();
    expect_fails(nai_network_add_microcircuit(net, others[i].sizes, others[i].n, others[i].options),
                 NAI_ERR_INVALID, others[i].words);
    nai_network_destroy(net);
  }
  nai_network *net = build(sizes, 3, &defaults);
  expect_fails(nai_network_add_microcircuit(net, sizes, 3, &defaults), NAI_ERR_ORDER, "is built");
  nai_network_destroy(net);
  net = empty();
  expect_ok(nai_network_add_input(net, "x", 2));
  expect_fails(nai_network_add_microcircuit(net, sizes, 3, &defaults), NAI_ERR_NAME,
               "'x' is taken");
  nai_network_destroy(net);
}
END_TEST

START_TEST(circuits_without_memory)
{
  const int64_t sizes[] = {3, 2, 2};
  nai_status status = NAI_ERR_MEMORY;
  long failures = 0;
  for (long good = 0; status != NAI_OK; good++) {
    nai_network *net = empty();
    faults_fail_allocation(good);
    status = nai_network_add_microcircuit(net, sizes, 3, &defaults);
    faults_fail_allocation(-1);
    EXPECT(status == NAI_OK || status == NAI_ERR_MEMORY);
    failures += status != NAI_OK;
    nai_network_destroy(net);
  }
  ck_assert_int_ge(failures, 10);
}
END_TEST

/* Dale's law: signs of senders, and what a bias takes off: a mean of width / 2 from 6 cells at a rate of 1/2. */
START_TEST(circuits_under_dales_law)
{
  const int64_t sizes[] = {4, 6, 5, 3};
  nai_microcircuit options = defaults;
  options.dale = 1;
  options.width_inter = 0.5;
  nai_network *net = build(sizes, 4, &options);
  int32_t sign;
  expect_ok(nai_network_sign(&sign, net, "P2"));
  ck_assert_int_eq(sign, NAI_EXCITATORY);
  expect_ok(nai_network_sign(&sign, net, "I2"));
  ck_assert_int_eq(sign, NAI_INHIBITORY);
  expect_ok(nai_network_sign(&sign, net, "x"));
  ck_assert_int_eq(sign, NAI_FREE);
  nai_view up = weights_of(net, "P1:rate", "P2:basal"),
           down = weights_of(net, "P2:rate", "P1:apical"),
           lateral = weights_of(net, "I1:rate", "P1:lateral");
  for (int64_t i = 0; i < 5; i++)
    for (int64_t j = 0; j < 6; j++)
      EXPECT(at(&up, i, j) >= 0 && at(&down, j, i) >= 0 && at(&lateral, j, i) <= 0);
  nai_view first = bias_of(net, "P1"), above = bias_of(net, "P2"), inter = bias_of(net, "I1");
  ck_assert_float_eq(at(&first, 0, 0), 0);
  ck_assert_float_eq_tol(at(&above, 0, 0), -1.5F, 1e-6F);
  ck_assert_float_eq_tol(at(&inter, 0, 0), -0.75F, 1e-6F);
  expect_ok(nai_network_self_predict(net));
  inter = bias_of(net, "I1");
  ck_assert_float_eq_tol(at(&inter, 0, 0), -1.5F * 1.1F / 1.9F, 1e-6F);
  nai_network_destroy(net);
}
END_TEST

/* --- the self-predicting state ---------------------------------------------------------------- */

/* What is given and what is made from it, one of them a list and the other a matrix. */
START_TEST(self_predicting_lists)
{
  static const microcircuit shape = {{4, 5, 3}, 2, 0};
  nai_network *net[2];
  for (int k = 0; k < 2; k++) {
    const int32_t storage = k ? NAI_STORAGE_LISTED : NAI_STORAGE_DENSE;
    net[k] = compose_microcircuit(&shape);
    expect_ok(nai_network_set_storage(net[k], "P1", "P2:basal", storage));
    expect_ok(nai_network_set_storage(net[k], "I1", "P1:lateral", storage));
    expect_ok(nai_network_build(net[k], 3));
    expect_ok(nai_network_self_predict(net[k]));
  }
  ck_assert_int_eq(listed_in(net[1]), 2);
  expect_same_synapses(net[1], net[0], 0);
  for (int k = 0; k < 2; k++) nai_network_destroy(net[k]);
}
END_TEST

/* Factor 1 under the output, (g_leak + g_basal) / (g_leak + g_basal + g_apical) elsewhere; -1 lateral. */
START_TEST(weights_of_the_self_predicting_state)
{
  const int64_t sizes[] = {4, 6, 5, 3};
  nai_network *net = build(sizes, 4, &defaults);
  const float bias[] = {1, -2, 3, -4, 5};
  expect_ok(nai_network_set_bias(net, "P2", bias, 5));
  expect_ok(nai_network_self_predict(net));
  static const struct {
    const char *ends[2], *of[2];
    double factor;
  } expected[] = {
      {{"P1", "I1:basal"}, {"P1", "P2:basal"}, 1.1 / 1.9},
      {{"P2", "I2:basal"}, {"P2", "P3:basal"}, 1},
      {{"I1", "P1:lateral"}, {"P2:rate", "P1:apical"}, -1},
      {{"I2", "P2:lateral"}, {"P3:rate", "P2:apical"}, -1},
  };
  for (size_t k = 0; k < sizeof expected / sizeof *expected; k++) {
    char from[32], of[32];
    snprintf(from, sizeof from, "%s:rate", expected[k].ends[0]);
    snprintf(of, sizeof of, "%s%s", expected[k].of[0],
             strchr(expected[k].of[0], ':') ? "" : ":rate");
    nai_view w = weights_of(net, from, expected[k].ends[1]),
             like = weights_of(net, of, expected[k].of[1]);
    for (int64_t i = 0; i < w.shape[0]; i++)
      for (int64_t j = 0; j < w.shape[1]; j++)
        EXPECT(at(&w, i, j) == (float)(expected[k].factor * (double)at(&like, i, j)));
  }
  nai_view inter = bias_of(net, "I1");
  for (int i = 0; i < 5; i++) EXPECT(at(&inter, i, 0) == (float)(1.1 / 1.9 * (double)bias[i]));
  nai_network_destroy(net);
}
END_TEST

/* Largest |v_A| of a layer after each of `steps` steps with changing input. */
static float largest_apical(const nai_network *net, int64_t steps)
{
  nai_state *state;
  float x[6] = {0}, largest = 0;
  expect_ok(nai_state_create(&state, net, 1, 1));
  for (int64_t t = 0; t < steps; t++) {
    x[t / 100 % 4] = (float)((t / 100 * 7 % 5) - 2);
    expect_ok(nai_state_step(NULL, state, x));
    nai_view apical = NAI_VIEW_INIT, lateral = NAI_VIEW_INIT;
    expect_ok(nai_state_variable(&apical, state, "P1:apical"));
    expect_ok(nai_state_variable(&lateral, state, "P1:lateral"));
    for (int64_t i = 0; i < apical.shape[1]; i++)
      largest = fmaxf(largest, fabsf(at(&apical, 0, i) + at(&lateral, 0, i)));
  }
  nai_state_destroy(state);
  return largest;
}

START_TEST(apical_potentials_are_zero_without_a_teacher)
{
  const int64_t sizes[] = {4, 6, 1};
  nai_microcircuit options = defaults;
  options.noise = 0;
  nai_network *net = build(sizes, 3, &options);
  ck_assert_float_gt(largest_apical(net, 400), 0.1F);
  expect_ok(nai_network_self_predict(net));
  ck_assert_float_lt(largest_apical(net, 400), 1e-6F);
  nai_network_destroy(net);
}
END_TEST

/* Two layers by hand; `spoil` says what is wrong. */
enum spoil {
  NOTHING,
  NO_LATERAL,
  LEARNS,
  NO_IDENTITY,
  RATES,
  DEAF,
  ALSO_HEARS,
  STRAY,
  TWINS,
  HOLES,
  OTHER_TRANSFER,
  OTHER_SLOPE,
  WRONG_SIGN,
  FROM_INPUT,
  SPOILS
};

static void connect(nai_network *net, const char *from, const char *to)
{
  expect_ok(nai_network_connect(net, from, to));
  expect_ok(nai_network_set_initial_weights(net, from, to, NAI_WEIGHTS_UNIFORM, -1, 1));
}

static void connect_identity(nai_network *net, const char *from, const char *to)
{
  connect(net, from, to);
  expect_ok(nai_network_set_initial_weights(net, from, to, NAI_WEIGHTS_IDENTITY, 1, 0));
  expect_ok(nai_network_set_plastic(net, from, to, 0));
}

static void add(nai_network *net, const char *name, int64_t n, int32_t sign)
{
  expect_ok(nai_network_add_population(net, name, n, sign));
  expect_ok(nai_network_set_model(net, name, "pyramidal"));
}

static void add_more(nai_network *net, enum spoil spoil)
{
  if (spoil == ALSO_HEARS) connect(net, "in", "sst:basal");
  if (spoil == FROM_INPUT) connect(net, "in", "low:apical");
  if (spoil == STRAY) connect(net, "low", "low:lateral");
  if (spoil == OTHER_TRANSFER) expect_ok(nai_network_set_transfer(net, "sst", NAI_TRANSFER_TANH));
  if (spoil == OTHER_SLOPE) expect_ok(nai_network_set(net, "sst", "slope", 2));
  if (spoil != TWINS) return;
  add(net, "twin", 4, NAI_FREE);
  connect(net, "low", "twin:basal");
  connect(net, "twin", "low:lateral");
  connect_identity(net, "high:u", "twin:target");
}

static nai_network *spoilt(enum spoil spoil)
{
  nai_network *net = empty();
  expect_ok(nai_network_add_input(net, "in", 3));
  add(net, "low", 5, NAI_FREE);
  add(net, "high", 4, NAI_FREE);
  add(net, "sst", 4, spoil == WRONG_SIGN ? NAI_EXCITATORY : NAI_FREE);
  connect(net, "in", "low:basal");
  connect(net, "low", "high:basal");
  connect(net, "high", "low:apical");
  if (spoil != DEAF) connect(net, "low", "sst:basal");
  if (spoil == HOLES) {
    nai_constraint *sparse;
    expect_ok(nai_constraint_create_sparse(&sparse, 0.5));
    expect_ok(nai_network_constrain(net, "low", "sst:basal", sparse));
    nai_constraint_destroy(sparse);
  }
  if (spoil != NO_LATERAL) connect(net, "sst", "low:lateral");
  const char *heard = spoil == RATES ? "high" : "high:u";
  connect_identity(net, heard, "sst:target");
  if (spoil == LEARNS) expect_ok(nai_network_set_plastic(net, heard, "sst:target", 1));
  if (spoil == NO_IDENTITY)
    expect_ok(
        nai_network_set_initial_weights(net, heard, "sst:target", NAI_WEIGHTS_CONSTANT, 1, 0));
  add_more(net, spoil);
  expect_ok(nai_network_build(net, 1));
  return net;
}

START_TEST(what_is_no_microcircuit)
{
  static const char *const words[SPOILS] = {
      [NO_LATERAL] = "'high' reaches 'low:apical', but no interneurons that hear 'high:u'",
      [LEARNS] = "one to one and frozen",
      [NO_IDENTITY] = "one to one and frozen",
      [RATES] = "one to one and frozen",
      [DEAF] = "'low' reaches the basal dendrite of 'high', but not that of 'sst'",
      [ALSO_HEARS] = "'in' reaches the basal dendrite of 'sst', but not that of 'high'",
      [STRAY] = "'low' reaches 'low:lateral', but predicts none",
      [TWINS] = "both predict 'high' for 'low'",
      [HOLES] = "no synapse exists there",
      [OTHER_TRANSFER] = "their transfer differs",
      [OTHER_SLOPE] = "their slope differs",
      [WRONG_SIGN] = "must be at least 0",
      [FROM_INPUT] = "'in' reaches 'low:apical', but no interneurons",
  };
  nai_network *net = spoilt(NOTHING);
  expect_ok(nai_network_self_predict(net));
  nai_network_destroy(net);
  for (int spoil = NOTHING + 1; spoil < SPOILS; spoil++) {
    net = spoilt((enum spoil)spoil);
    uint64_t before = hash_of(net);
    expect_fails(nai_network_self_predict(net), NAI_ERR_UNSUPPORTED, words[spoil]);
    EXPECT(hash_of(net) == before);
    nai_network_destroy(net);
  }
  net = build_ei(4, 2, 1);
  expect_fails(nai_network_self_predict(net), NAI_ERR_UNSUPPORTED, "nothing reaches the apical");
  nai_network_destroy(net);
  net = empty();
  expect_fails(nai_network_self_predict(net), NAI_ERR_ORDER, "is not built yet");
  nai_network_destroy(net);
  expect_fails(nai_network_self_predict(NULL), NAI_ERR_INVALID, "net is NULL");
}
END_TEST

Suite *microcircuit_suite(void);
Suite *microcircuit_suite(void)
{
  Suite *suite = suite_create("microcircuit");
  ADD_CASE(suite, "layout", pathways_of_a_deep_circuit, options_that_are_refused,
           circuits_without_memory, circuits_under_dales_law);
  ADD_CASE(suite, "self_predict", weights_of_the_self_predicting_state, self_predicting_lists,
           apical_potentials_are_zero_without_a_teacher, what_is_no_microcircuit);
  return suite;
}
