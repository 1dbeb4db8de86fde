/* Copies of a network in memory, and synapses that are removed after the build. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "faults.h"
#include "networks.h"

enum { STEPS = 12 };

/* Outputs of two trials, as the state gives them. */
static void run(const nai_network *net, float *outputs, int64_t n)
{
  int64_t inputs = nai_network_size(net, NAI_INPUTS, NULL);
  float u[32] = {0.4f, -0.3f, 1};
  EXPECT(2 * inputs <= 32);
  nai_state *state;
  expect_ok(nai_state_create(&state, net, 2, 7));
  for (int t = 0; t < STEPS; t++) expect_ok(nai_state_step(outputs + t * 2 * n, state, u));
  nai_state_destroy(state);
}

static void expect_same_run(const nai_network *a, const nai_network *b)
{
  int64_t n = nai_network_size(a, NAI_OUTPUTS, NULL);
  float x[STEPS * 2 * 16] = {0}, y[STEPS * 2 * 16] = {0};
  EXPECT(n <= 16);
  run(a, x, n);
  run(b, y, n);
  EXPECT(memcmp(x, y, sizeof x) == 0);
}

static void train(nai_network *net, const nai_trials *trials, int updates)
{
  nai_rule *rule;
  nai_optimizer *adam;
  nai_cost *cost;
  nai_trainer *trainer;
  expect_ok(nai_rule_create_bptt(&rule));
  expect_ok(nai_optimizer_create_adam(&adam, 0.01));
  expect_ok(nai_cost_create_mse(&cost, "real"));
  expect_ok(nai_trainer_create(&trainer, net, rule, adam, NULL));
  expect_ok(nai_trainer_add_cost(trainer, cost, 1));
  nai_progress now = NAI_PROGRESS_INIT;
  for (int k = 0; k < updates; k++) expect_ok(nai_trainer_step(&now, trainer, trials));
  nai_trainer_destroy(trainer);
  nai_cost_destroy(cost);
  nai_optimizer_destroy(adam);
  nai_rule_destroy(rule);
}

START_TEST(a_copy_runs_and_learns_the_same)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, "portable"), *copy;
  nai_trials *trials = trials_for_everything(net, 3);
  train(net, trials, 3); /* biases and initial states are no longer what was set */
  expect_ok(nai_network_copy(&copy, net));
  EXPECT(hash_of(copy) == hash_of(net));
  ck_assert_str_eq(nai_network_kernels(copy), "portable");
  expect_same_run(net, copy);
  uint64_t before = hash_of(net);
  train(copy, trials, 4);
  EXPECT(hash_of(net) == before && hash_of(copy) != before); /* independent */
  train(net, trials, 4);
  EXPECT(hash_of(net) == hash_of(copy));
  nai_network_destroy(net); /* and not held by its copy */
  train(copy, trials, 1);
  nai_trials_destroy(trials);
  nai_network_destroy(copy);
}
END_TEST

START_TEST(a_copy_of_what_is_not_built_is_composed_on)
{
  nai_network *net = compose_ei(6, 2), *copy;
  nai_constraint *sparse;
  expect_ok(nai_constraint_create_sparse(&sparse, 0.5));
  expect_ok(nai_network_constrain(net, "E I", "E I", sparse));
  nai_constraint_destroy(sparse);
  expect_ok(nai_network_set_radius(net, "E I", 0.7));
  expect_ok(nai_network_place_box(net, "E", 1, 1, 1));
  expect_ok(nai_network_copy(&copy, net));
  expect_ok(nai_network_add_population(copy, "more", 2, NAI_FREE));
  EXPECT(nai_network_size(net, NAI_POPULATIONS, "more") == -1);
  nai_network_destroy(copy);
  expect_ok(nai_network_copy(&copy, net));
  expect_ok(nai_network_build(net, 4));
  expect_ok(nai_network_build(copy, 4));
  EXPECT(hash_of(net) == hash_of(copy));
  nai_network_destroy(net);
  nai_network_destroy(copy);
}
END_TEST

START_TEST(copies_that_cannot_be)
{
  nai_network *net = build_everything(NAI_TRANSFER_RELU, NULL), *copy = net;
  expect_fails(nai_network_copy(NULL, net), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_network_copy(&copy, NULL), NAI_ERR_INVALID, "net is NULL");
  EXPECT(!copy);
  nai_status status = NAI_ERR_MEMORY;
  for (long good = 0; status != NAI_OK; good++) {
    faults_fail_allocation(good);
    status = nai_network_copy(&copy, net);
    faults_fail_allocation(-1);
    EXPECT(status == NAI_OK || (status == NAI_ERR_MEMORY && !copy));
  }
  EXPECT(hash_of(copy) == hash_of(net));
  nai_network_destroy(copy);
  nai_network_destroy(net);
}
END_TEST

/* Removed: weight 0 now, after training, in a copy and after a file; the others stay. */
START_TEST(what_a_mask_removes_stays_away)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL), *copy, *loaded;
  nai_trials *trials = trials_for_everything(net, 3);
  nai_view w = weights_of(net, "E", "E"), m = mask_of(net, "E", "E"), l = plastic_of(net, "E", "E");
  int64_t n = w.shape[0];
  uint8_t mask[900];
  float existed[900], weight[900];
  EXPECT(n * n <= 900);
  for (int64_t k = 0; k < n * n; k++) {
    existed[k] = at(&m, k / n, k % n);
    weight[k] = at(&w, k / n, k % n);
    mask[k] = k % n > 1; /* the first two units are cut off, and "1" adds nothing */
  }
  expect_ok(nai_network_set_mask(net, "E", "E", mask, n, n));
  for (int64_t k = 0; k < n * n; k++) {
    EXPECT(at(&m, k / n, k % n) == mask[k] * existed[k]);
    EXPECT(at(&w, k / n, k % n) == mask[k] * weight[k]);
    EXPECT(mask[k] || at(&l, k / n, k % n) == 0);
  }
  expect_ok(nai_network_set_plastic(net, "E", "E", 1));
  train(net, trials, 5);
  for (int64_t k = 0; k < n * n; k++) EXPECT(mask[k] || at(&w, k / n, k % n) == 0);
  expect_ok(nai_network_copy(&copy, net));
  EXPECT(hash_of(copy) == hash_of(net));
  expect_same_run(net, copy);
  char folder[256], path[300];
  checks_folder(folder);
  snprintf(path, sizeof path, "%s/removed.safetensors", folder);
  expect_ok(nai_network_save(net, path));
  expect_ok(nai_network_load(&loaded, path, NULL));
  EXPECT(hash_of(loaded) == hash_of(net));
  train(loaded, trials, 2);
  w = weights_of(loaded, "E", "E");
  for (int64_t k = 0; k < n * n; k++) EXPECT(mask[k] || at(&w, k / n, k % n) == 0);
  remove(path);
  remove(folder);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
  nai_network_destroy(copy);
  nai_network_destroy(loaded);
}
END_TEST

START_TEST(masks_that_are_refused)
{
  nai_network *net = build_ei(4, 2, 1), *unbuilt = compose_ei(4, 2);
  uint64_t hash = hash_of(net);
  uint8_t mask[16] = {1, 0, 1};
  expect_fails(nai_network_set_mask(NULL, "E", "E", mask, 4, 4), NAI_ERR_INVALID, "net is NULL");
  expect_fails(nai_network_set_mask(net, "E", "E", NULL, 4, 4), NAI_ERR_INVALID, "mask is NULL");
  expect_fails(nai_network_set_mask(net, NULL, "E", mask, 4, 4), NAI_ERR_INVALID, "from is NULL");
  expect_fails(nai_network_set_mask(net, "E", NULL, mask, 4, 4), NAI_ERR_INVALID, "to is NULL");
  expect_fails(nai_network_set_mask(net, "E", "X", mask, 4, 4), NAI_ERR_NAME,
               "to: nothing is called 'X'");
  expect_fails(nai_network_set_mask(net, "E", "E", mask, 4, 3), NAI_ERR_INVALID,
               "mask: the shape is [4, 3], from 'E' to 'E' it must be [4, 4]");
  expect_fails(nai_network_set_mask(unbuilt, "E", "E", mask, 4, 4), NAI_ERR_ORDER, "not built");
  EXPECT(hash_of(net) == hash);
  nai_network_destroy(unbuilt);
  nai_network_destroy(net);
}
END_TEST

Suite *copy_suite(void);

Suite *copy_suite(void)
{
  Suite *suite = suite_create("copy");
  ADD_CASE(suite, "copies", a_copy_runs_and_learns_the_same,
           a_copy_of_what_is_not_built_is_composed_on, copies_that_cannot_be);
  ADD_CASE(suite, "removed synapses", what_a_mask_removes_stays_away, masks_that_are_refused);
  return suite;
}
