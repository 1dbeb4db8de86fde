/*
 * The network of Liu & Wang (2024): two areas of E, PV, SST and VIP cells, dendrites, what is connected
 * with what. Facts 28 and 30 to 32 of what is known of it; 29 and 33 are in test_wcst.c.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "networks.h"
#include "rules.h"
#include "states.h"

enum { STEPS = 12, TRIALS = 3 };

static const char *const areas[] = {"sr", "pfc"};

static void add_area(nai_network *net, const char *area)
{
  char name[4][16];
  const char *const types[] = {"E", "PV", "SST", "VIP"};
  for (int k = 0; k < 4; k++) {
    strcat(strcat(strcpy(name[k], area), "/"), types[k]);
    nai_network_add_population(net, name[k], k ? 10 : 70, k ? NAI_INHIBITORY : NAI_EXCITATORY);
    if (k) nai_network_set_leak(net, name[k], NAI_LEAK_RATE);
    if (!k) nai_network_set_model(net, name[k], "dendritic");
    if (!k) nai_network_set_model_size(net, name[k], "branches", 2);
    nai_network_set(net, name[k], "output_noise", 0.01);
    nai_network_set(net, name[k], "plastic_bias", 0);
  }
}

static const struct {
  const char *from, *to;
} ends[] = {{"sr/E", "sr/E sr/PV sr/SST"},
            {"sr/PV", "sr/E sr/PV"},
            {"sr/VIP", "sr/SST"},
            {"pfc/E", "pfc/E pfc/PV pfc/SST"},
            {"pfc/PV", "pfc/E pfc/PV"},
            {"pfc/VIP", "pfc/SST"},
            {"sr/SST", "sr/E:dendrite sr/PV sr/VIP"},
            {"pfc/SST", "pfc/E:dendrite pfc/PV pfc/VIP"},
            {"pfc/E", "sr/E:dendrite sr/PV sr/SST sr/VIP"},
            {"sr/E", "pfc/E:dendrite pfc/PV"},
            {"stimulus", "sr/E:dendrite sr/PV"},
            {"feedback", "pfc/E:dendrite pfc/PV"},
            {"sr/E", "response"},
            {"pfc/E", "rule"}};

static nai_network *compose_circuit(void)
{
  nai_network *net;
  nai_constraint *free, *contacts;
  expect_ok(nai_network_create(&net, 10));
  nai_network_add_input(net, "stimulus", 16);
  nai_network_add_input(net, "feedback", 2);
  nai_network_set_sign(net, "stimulus feedback", NAI_EXCITATORY);
  nai_network_add_output(net, "response", 3);
  nai_network_add_output(net, "rule", 2);
  for (int a = 0; a < 2; a++) add_area(net, areas[a]);
  for (size_t k = 0; k < sizeof ends / sizeof *ends; k++)
    expect_ok(nai_network_connect(net, ends[k].from, ends[k].to));
  expect_ok(nai_constraint_create_dale(&free, NAI_DALE_OFF));
  expect_ok(nai_network_constrain(net, "*/E", "response rule", free));
  expect_ok(nai_constraint_create_outdegree(&contacts, 28));
  expect_ok(nai_network_constrain(net, "sr/SST", "sr/E:dendrite", contacts));
  nai_constraint_destroy(free);
  nai_constraint_destroy(contacts);
  return net;
}

/* --- sizes ------------------------------------------------------------------------------------ */

/* Fact 28: 480 somata and branches, 16 and 2 inputs, 3 and 2 outputs. */
START_TEST(sizes_are_the_published_ones)
{
  nai_network *net = compose_circuit();
  expect_ok(nai_network_build(net, 1));
  int64_t n = nai_network_size(net, NAI_POPULATIONS, NULL);
  for (int a = 0; a < 2; a++) n += nai_network_size(net, NAI_POPULATIONS, a ? "pfc/E:d" : "sr/E:d");
  ck_assert_int_eq(n, 480);
  ck_assert_int_eq(nai_network_size(net, NAI_INPUTS, NULL), 16 + 2);
  ck_assert_int_eq(nai_network_size(net, NAI_OUTPUTS, NULL), 3 + 2);
  nai_network_destroy(net);
}
END_TEST

static int exists(const nai_view *mask, int64_t i, int64_t j)
{
  return ((const uint8_t *)mask->data)[i * mask->stride[0] + j * mask->stride[1]] != 0;
}

/* Fact 31: each SST cell has 28 contacts with the 140 branches; E units, branches included, per I: 7. */
START_TEST(contacts_with_branches)
{
  for (uint64_t seed = 1; seed <= 3; seed++) {
    nai_network *net = compose_circuit();
    expect_ok(nai_network_build(net, seed));
    nai_view mask = mask_of(net, "sr/SST", "sr/E:dendrite-");
    ck_assert_int_eq(mask.shape[0], 140);
    ck_assert_int_eq(mask.shape[1], 10);
    for (int64_t j = 0; j < 10; j++) {
      int contacts = 0;
      for (int64_t i = 0; i < 140; i++) contacts += exists(&mask, i, j);
      ck_assert_int_eq(contacts, 28);
    }
    nai_network_destroy(net);
  }
  ck_assert_int_eq((2 * 70 + 280) / (2 * 30), 7);
}
END_TEST

/* --- what holds whatever is learnt ------------------------------------------------------------ */

static nai_trials *trials_of(const nai_network *net)
{
  nai_trials *trials;
  enum { IN = 18, OUT = 5 };
  float input[STEPS * TRIALS * IN], target[STEPS * TRIALS * OUT];
  expect_ok(nai_random_normals(input, STEPS * TRIALS * IN, 1, 0));
  expect_ok(nai_random_normals(target, STEPS * TRIALS * OUT, 1, 1));
  expect_ok(nai_trials_create(&trials, net, STEPS, TRIALS));
  expect_ok(nai_trials_set_inputs(trials, NULL, input, IN));
  expect_ok(nai_trials_set_targets(trials, "response", target, 3));
  expect_ok(nai_trials_set_targets(trials, "rule", target + STEPS * TRIALS * 3, 2));
  return trials;
}

/* Absent synapses are 0, the diagonal is absent, and signs are those of the sender. */
static void expect_invariants(const nai_network *net)
{
  int64_t n = nai_network_count(net, NAI_PROJECTIONS);
  for (int64_t k = 0; k < n; k++) {
    const char *from, *to;
    int32_t sign;
    expect_ok(nai_network_projection(&from, &to, net, k));
    nai_view w = weights_of(net, from, to), mask = mask_of(net, from, to);
    char sender[64];
    strcpy(sender, from);
    expect_ok(nai_network_sign(&sign, net, strtok(sender, ":")));
    if (strcmp(to, "response") == 0 || strcmp(to, "rule") == 0) sign = 0;
    for (int64_t i = 0; i < w.shape[0]; i++)
      for (int64_t j = 0; j < w.shape[1]; j++) {
        float value = at(&w, i, j);
        EXPECT(exists(&mask, i, j) || value == 0);
        EXPECT((float)sign * value >= 0 && isfinite(value));
        if (strncmp(from, to, strlen(from)) == 0 && i == j && !strstr(to, "dendrite"))
          EXPECT(!exists(&mask, i, j));
      }
  }
}

/* Two branches add up, each by 1, in the soma's input: nothing learns that. */
static void expect_branches_add_up(const nai_network *net)
{
  nai_state *state = make_state(net, 1, 1);
  nai_view d = NAI_VIEW_INIT, r = NAI_VIEW_INIT, soma = NAI_VIEW_INIT;
  expect_ok(nai_state_variable(&d, state, "pfc/E:d"));
  expect_ok(nai_state_variable(&r, state, "pfc/E:r"));
  expect_ok(nai_state_variable(&soma, state, "pfc/E:soma"));
  float before[70];
  for (int t = 0; t < 4; t++) {
    for (int64_t i = 0; i < 70; i++) before[i] = at(&r, 0, i);
    expect_ok(nai_state_step(NULL, state, NULL));
    double largest = 0;
    for (int64_t i = 0; i < 70; i++) {
      double v = (double)at(&soma, 0, i) + (double)at(&d, 0, i) + (double)at(&d, 0, 70 + i),
             quiet = 0.9 * (double)before[i] + 0.1 * fmax(v, 0);
      largest = fmax(largest, fabs((double)at(&r, 0, i) - quiet));
    }
    EXPECT(largest < 0.05); /* five standard deviations of the noise */
  }
  nai_state_destroy(state);
}

/* Fact 30, after each of 60 updates with steps that are far too large. */
START_TEST(signs_and_masks_hold_whatever_is_learnt)
{
  nai_network *net = compose_circuit();
  expect_ok(nai_network_build(net, 2));
  nai_trials *trials = trials_of(net);
  nai_trainer *trainer = trainer_of(net, bptt_rule(), adam(0.05));
  nai_cost *c;
  attach_cost(trainer, nai_cost_create_mse(&c, "response"), &c, 1);
  attach_cost(trainer, nai_cost_create_mse(&c, "rule"), &c, 1);
  expect_ok(nai_trainer_set(trainer, "clip", 1));
  ck_assert_int_eq(nai_network_count(net, NAI_PROJECTIONS), 30);
  for (int update = 0; update < 60; update++) {
    expect_invariants(net);
    expect_ok(nai_trainer_step(NULL, trainer, trials));
  }
  expect_invariants(net);
  expect_branches_add_up(net);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* --- branches --------------------------------------------------------------------------------- */

/* d of one branch that gets so much excitation and inhibition. */
static double branch(const char *nonlinearity, float excitation, float inhibition)
{
  nai_network *net;
  nai_view d = NAI_VIEW_INIT;
  expect_ok(nai_network_create(&net, 10));
  nai_network_add_population(net, "E", 1, NAI_EXCITATORY);
  nai_network_set_model(net, "E", "dendritic");
  nai_network_choose(net, "E", "nonlinearity", nonlinearity);
  expect_ok(nai_network_build(net, 1));
  nai_state *state = make_state(net, 1, 1);
  expect_ok(nai_state_inject(state, "E:dendrite+", &excitation, 1));
  expect_ok(nai_state_inject(state, "E:dendrite-", &(float){-inhibition}, 1));
  expect_ok(nai_state_step(NULL, state, NULL));
  expect_ok(nai_state_variable(&d, state, "E:d"));
  double value = (double)at(&d, 0, 0);
  nai_state_destroy(state);
  nai_network_destroy(net);
  return value;
}

/* Fact 32. */
START_TEST(branches_have_their_limits)
{
  ck_assert_double_eq_tol(branch("divisive", 0, 0), 0, 1e-4);
  ck_assert_double_eq_tol(branch("divisive", 1000, 0), 1.7616, 1e-4);
  ck_assert_double_eq_tol(branch("divisive", 1000, 1000), -0.2384, 1e-4);
  ck_assert_double_eq_tol(branch("divisive", 1, 1), exp(-1) - 0.238406, 1e-4);
  ck_assert_double_eq(branch("subtractive", 0, 0), 0);
  ck_assert_double_eq_tol(branch("subtractive", 2, 1.5F), tanh(0.5), 1e-6);
  for (float g = 0.01F; g < 2000; g *= 3) {
    double up = branch("subtractive", g, 0), down = branch("subtractive", 0, g);
    EXPECT(up > 0 && up <= 1 && down < 0 && down >= -1);
    EXPECT(up < 1 || g > 5); /* where single precision has no number below 1 */
    EXPECT(fabs(up + down) < 1e-6);
  }
}
END_TEST

Suite *circuit_suite(void);

Suite *circuit_suite(void)
{
  Suite *suite = suite_create("circuit");
  ADD_CASE(suite, "sizes", sizes_are_the_published_ones, contacts_with_branches);
  ADD_CASE(suite, "invariants", signs_and_masks_hold_whatever_is_learnt);
  ADD_CASE(suite, "branches", branches_have_their_limits);
  return suite;
}
