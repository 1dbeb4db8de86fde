/*
 * Projections whose synapses share one weight, against the same as matrices: activity and learning to
 * rounding; what makes them matrices again.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/network/network.h"
#include "faults.h"
#include "listed.h"
#include "rules.h"
#include "states.h"

enum { N_E = 67, N_I = 70, STEPS = 6, TRIALS = 9 };

static void give_one_weight(nai_network *net, const char *from, const char *to, double weight,
                            int32_t storage)
{
  expect_ok(nai_network_set_initial_weights(net, from, to, NAI_WEIGHTS_CONSTANT, weight, 0));
  expect_ok(nai_network_set_plastic(net, from, to, 0));
  expect_ok(nai_network_set_storage(net, from, to, storage));
}

/* E to E without autapses, I to I with them and later, I to E beside; from the input, too. */
static nai_network *compose(int32_t storage, const char *kernels)
{
  nai_network *net = compose_ei(N_E, N_I);
  expect_ok(nai_network_add_input(net, "all", 80));
  expect_ok(nai_network_connect(net, "all", "I"));
  expect_ok(nai_network_set(net, "E I", "noise", 0.1));
  expect_ok(nai_network_set_autapses(net, "I", "I", 1));
  expect_ok(nai_network_set_delay(net, "I", "I", 60));
  give_one_weight(net, "E", "E", 0.01, storage);
  give_one_weight(net, "I", "*", -0.002, storage);
  give_one_weight(net, "all", "I", 0.03, storage);
  expect_ok(nai_network_set_kernels(net, kernels));
  return net;
}

static nai_network *build(int32_t storage, const char *kernels)
{
  nai_network *net = compose(storage, kernels);
  expect_ok(nai_network_build(net, 5));
  return net;
}

static nai_network *compose_shared(void)
{
  return compose(NAI_STORAGE_CHOSEN, NULL);
}

static int32_t storage_of(const nai_network *net, const char *from, const char *to)
{
  int32_t storage = -1;
  expect_ok(nai_network_storage(&storage, net, from, to));
  return storage;
}

static nai_trials *batch_of(const nai_network *net)
{
  return normal_trials(net, "choice", STEPS, TRIALS);
}

START_TEST(is_chosen_by_what_is_said)
{
  nai_network *net = build(NAI_STORAGE_CHOSEN, NULL);
  ck_assert_int_eq(storage_of(net, "E", "E"), NAI_STORAGE_SHARED);
  ck_assert_int_eq(storage_of(net, "I", "E"), NAI_STORAGE_SHARED);
  ck_assert_int_eq(storage_of(net, "all", "I"), NAI_STORAGE_SHARED);
  ck_assert_int_eq(storage_of(net, "E", "I"), NAI_STORAGE_DENSE); /* learns */
  ck_assert_float_eq((float)weights_of(net, "E", "E").shape[0], N_E);
  nai_network_destroy(net);
  net = build(NAI_STORAGE_DENSE, NULL);
  ck_assert_int_eq(storage_of(net, "E", "E"), NAI_STORAGE_DENSE);
  nai_network_destroy(net);
  net = compose(NAI_STORAGE_SHARED, NULL);
  expect_ok(nai_network_set_plastic(net, "E", "E", 1));
  expect_fails(nai_network_build(net, 1), NAI_ERR_INVALID,
               "synapses from 'E' to 'E' cannot share one weight");
  nai_network_destroy(net);
}
END_TEST

static void expect_near(const nai_state *one, const nai_state *other, const char *name, int n,
                        int trials)
{
  for (int b = 0; b < trials; b++)
    for (int u = 0; u < n; u++)
      EXPECT(fabs(rate_of(one, name, b, u) - rate_of(other, name, b, u)) <= 2e-6f);
}

/* By every table of kernels, one trial and several. */
START_TEST(the_same_activity)
{
  const char *kernels = nai__kernels_name(_i);
  if (!kernels || !nai__kernels_named(kernels)) return;
  nai_network *dense = build(NAI_STORAGE_DENSE, kernels),
              *shared = build(NAI_STORAGE_SHARED, kernels);
  expect_same_synapses(shared, dense, 0);
  for (int trials = 1; trials <= TRIALS; trials += TRIALS - 1) {
    nai_state *one = make_state(dense, trials, 8), *other = make_state(shared, trials, 8);
    float *inputs = calloc(STEPS * TRIALS * 83, sizeof *inputs);
    expect_ok(nai_random_normals(inputs, STEPS * TRIALS * 83, 1, 0));
    expect_ok(nai_state_run(NULL, NULL, one, STEPS, inputs));
    expect_ok(nai_state_run(NULL, NULL, other, STEPS, inputs));
    expect_near(one, other, "E", N_E, trials);
    expect_near(one, other, "I", N_I, trials);
    ck_assert_float_ne(rate_of(one, "I", 0, 3), rate_of(one, "I", 0, 4));
    free(inputs);
    nai_state_destroy(one);
    nai_state_destroy(other);
  }
  nai_network_destroy(dense);
  nai_network_destroy(shared);
}
END_TEST

static nai_trainer *train(nai_network *net, int rule)
{
  nai_cost *cost;
  nai_trainer *trainer = trainer_of(net, rule_made(rule, 3), plain_descent(0.1));
  attach_cost(trainer, nai_cost_create_mse(&cost, "choice"), &cost, 1);
  attach_cost(trainer, nai_cost_create_l2_rates(&cost, "E I"), &cost, 0.01);
  return trainer;
}

/* Two updates: what learns gets to the same weights, whatever goes back through what is shared. */
START_TEST(every_rule_learns_as_from_matrices)
{
  nai_network *net[2] = {build(NAI_STORAGE_SHARED, NULL), build(NAI_STORAGE_DENSE, NULL)};
  nai_trials *trials = batch_of(net[0]);
  for (int k = 0; k < 2; k++) {
    nai_trainer *trainer = train(net[k], _i);
    for (int update = 0; update < 2; update++) expect_ok(nai_trainer_step(NULL, trainer, trials));
    nai_trainer_destroy(trainer);
  }
  expect_same_synapses(net[0], net[1], 1e-5);
  ck_assert_int_eq(storage_of(net[0], "E", "E"), NAI_STORAGE_SHARED);
  nai_trials_destroy(trials);
  nai_network_destroy(net[0]);
  nai_network_destroy(net[1]);
}
END_TEST

static nai_network *shared(void)
{
  return build(NAI_STORAGE_SHARED, NULL);
}

START_TEST(threads_and_checkpoints_keep_bits)
{
  static const makers make = {shared, batch_of, train};
  expect_same_bits(&make, 0, 4, _i);
}
END_TEST

/* --- other weights ---------------------------------------------------------------------------- */

static void change(nai_network *net, int how)
{
  float *values = calloc(N_E * N_E, sizeof *values);
  uint8_t *mask = calloc(N_E * N_E, sizeof *mask);
  for (int k = 0; k < N_E * N_E; k++) mask[k] = k % 3 && k % (N_E + 1);
  for (int k = 0; k < N_E * N_E; k++) values[k] = mask[k] ? 0.01F : 0;
  if (how == 0)
    expect_ok(nai_network_set_weights(net, "E", "E", values, N_E, N_E));
  else if (how == 1)
    expect_ok(nai_network_set_mask(net, "E", "E", mask, N_E, N_E));
  else
    expect_ok(nai_network_set_plastic(net, "E", "E", 1));
  free(mask);
  free(values);
}

/* They are matrices from then on; in a copy and in a file as well. */
START_TEST(what_differs_is_a_matrix)
{
  char path[300];
  nai_network *net = shared(), *dense = build(NAI_STORAGE_DENSE, NULL), *copy, *loaded;
  checks_folder(path);
  strcat(path, "/model");
  change(net, _i);
  change(dense, _i);
  ck_assert_int_eq(storage_of(net, "E", "E"), NAI_STORAGE_DENSE);
  ck_assert_int_eq(storage_of(net, "all", "I"), NAI_STORAGE_SHARED);
  expect_ok(nai_network_copy(&copy, net));
  expect_ok(nai_network_save(net, path));
  expect_ok(nai_network_load(&loaded, path, NULL));
  nai_network *all[] = {net, copy, loaded, dense};
  nai_trials *trials = batch_of(net);
  for (int k = 0; k < 4; k++) {
    ck_assert_int_eq(storage_of(all[k], "E", "E"), NAI_STORAGE_DENSE);
    nai_trainer *trainer = train(all[k], 0);
    expect_ok(nai_trainer_step(NULL, trainer, trials));
    nai_trainer_destroy(trainer);
    if (k) expect_same_synapses(all[k], net, 1e-5);
  }
  ck_assert_int_eq(storage_of(loaded, "all", "I"), NAI_STORAGE_SHARED);
  nai_trials_destroy(trials);
  for (int k = 0; k < 4; k++) nai_network_destroy(all[k]);
  unlink(path);
}
END_TEST

START_TEST(files_and_copies_share)
{
  char path[300];
  nai_network *net = shared(), *copy, *loaded;
  checks_folder(path);
  strcat(path, "/model");
  expect_ok(nai_network_copy(&copy, net));
  expect_ok(nai_network_save(net, path));
  expect_ok(nai_network_load(&loaded, path, NULL));
  ck_assert_int_eq(storage_of(copy, "I", "I"), NAI_STORAGE_SHARED);
  ck_assert_int_eq(storage_of(loaded, "I", "I"), NAI_STORAGE_SHARED);
  EXPECT(hash_of(copy) == hash_of(net) && hash_of(loaded) == hash_of(net));
  nai_network_destroy(net);
  nai_network_destroy(copy);
  nai_network_destroy(loaded);
  unlink(path);
}
END_TEST

/* A unit alone, which has no synapse onto itself. */
START_TEST(one_unit)
{
  char path[300];
  nai_network *net = compose_one("A", 1, NAI_EXCITATORY), *loaded;
  checks_folder(path);
  strcat(path, "/model");
  give_one_weight(net, "A", "A", 0.5, NAI_STORAGE_SHARED);
  expect_ok(nai_network_set(net, "A", "bias", 1));
  expect_ok(nai_network_build(net, 1));
  nai_state *state = make_state(net, 1, 1);
  expect_ok(nai_state_run(NULL, NULL, state, 500, NULL));
  ck_assert_float_eq_tol(rate_of(state, "A", 0, 0), 1, 1e-5);
  nai_state_destroy(state);
  expect_ok(nai_network_save(net, path));
  expect_ok(nai_network_load(&loaded, path, NULL));
  nai_network_destroy(net);
  nai_network_destroy(loaded);
  unlink(path);
}
END_TEST

/* A file whose weights are not what it says is refused. */
START_TEST(a_file_that_does_not_hold_to_it)
{
  char path[300];
  nai_network *net = shared(), *loaded;
  checks_folder(path);
  strcat(path, "/model");
  net->theta[net->projection[nai__projection_at(net, nai__node_at(net, "E"),
                                                nai__node_at(net, "E"))]
                 .at.start +
             5] = 0.5F;
  expect_ok(nai_network_save(net, path));
  expect_fails(nai_network_load(&loaded, path, NULL), NAI_ERR_FORMAT,
               "synapses from 'E' to 'E' should share one weight, but they differ");
  nai_network_destroy(net);
  unlink(path);
}
END_TEST

START_TEST(without_memory_nothing_changes)
{
  build_without_memory(compose_shared, 30);
  nai_network *net = shared();
  uint64_t before = hash_of(net);
  nai_status status = NAI_ERR_MEMORY;
  int failed = 0;
  for (; status == NAI_ERR_MEMORY; failed++) {
    faults_fail_allocation(failed);
    status = nai_network_set_plastic(net, "E", "E", 1);
    faults_fail_allocation(-1);
    if (status == NAI_OK) break;
    EXPECT(hash_of(net) == before);
    ck_assert_int_eq(storage_of(net, "E", "E"), NAI_STORAGE_SHARED);
  }
  expect_ok(status);
  ck_assert_int_ge(failed, 2);
  nai_network_destroy(net);
}
END_TEST

Suite *shared_suite(void)
{
  Suite *suite = suite_create("shared");
  ADD_CASE(suite, "choice", is_chosen_by_what_is_said);
  TCase *activity = tcase_create("activity");
  tcase_add_loop_test(activity, the_same_activity, 0, 5);
  suite_add_tcase(suite, activity);
  TCase *learning = tcase_create("learning");
  tcase_add_loop_test(learning, every_rule_learns_as_from_matrices, 0, n_rules);
  tcase_add_loop_test(learning, threads_and_checkpoints_keep_bits, 1, 4);
  suite_add_tcase(suite, learning);
  TCase *others = tcase_create("others");
  tcase_add_loop_test(others, what_differs_is_a_matrix, 0, 3);
  tcase_add_test(others, files_and_copies_share);
  tcase_add_test(others, one_unit);
  tcase_add_test(others, a_file_that_does_not_hold_to_it);
  tcase_add_test(others, without_memory_nothing_changes);
  suite_add_tcase(suite, others);
  return suite;
}
