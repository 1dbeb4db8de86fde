/* Units with branches have places: what depends on distance sees each branch where its unit is. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rules.h"

enum { N = 4, BRANCHES = 2 };
static const float places[3 * N] = {0, 0, 0, 1, 0, 0, 0, 2, 0, 1, 1, 3};

/* E of rate units, or with two branches that its own synapses are onto. */
static nai_network *compose(int branched)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, 10));
  expect_ok(nai_network_add_input(net, "in", 2));
  expect_ok(nai_network_add_population(net, "E", N, NAI_EXCITATORY));
  if (branched) expect_ok(nai_network_set_model(net, "E", "dendritic"));
  if (branched) expect_ok(nai_network_set_model_size(net, "E", "branches", BRANCHES));
  expect_ok(nai_network_set_positions(net, "E", places, N));
  expect_ok(nai_network_add_output(net, "z", 1));
  expect_ok(nai_network_connect(net, "in", "E"));
  expect_ok(nai_network_connect(net, "E", branched ? "E:dendrite" : "E"));
  expect_ok(nai_network_connect(net, "E", "z"));
  return net;
}

static double weight_of(int branch, int post, int pre)
{
  return post == pre ? 0 : 0.1 * (1 + branch) + 0.03 * post + 0.05 * pre;
}

/* Weights of the branches, or of units the sums of their branches. */
static nai_network *build(int branched)
{
  nai_network *net = compose(branched);
  float w[BRANCHES * N * N] = {0};
  expect_ok(nai_network_build(net, 1));
  for (int k = 0; k < BRANCHES; k++)
    for (int i = 0; i < N; i++)
      for (int j = 0; j < N; j++)
        w[((branched ? k * N : 0) + i) * N + j] += (float)weight_of(k, i, j);
  expect_ok(nai_network_set_weights(net, "E", "E", w, branched ? BRANCHES * N : N, N));
  return net;
}

/* Value of a cost on the weights of E, and its gradient [rows][N]. */
static double cost_of(nai_network *net, int distance, float *gradient)
{
  nai_trainer *trainer = train_by_bptt(net, 1);
  nai_trials *trials = normal_trials(net, "z", 3, 2);
  nai_progress now = NAI_PROGRESS_INIT;
  nai_view view = NAI_VIEW_INIT;
  nai_cost *cost;
  attach_cost(trainer,
              distance ? nai_cost_create_distance(&cost, "E", "E")
                       : nai_cost_create_communicability(&cost, "E", "E", 1),
              &cost, 1);
  expect_ok(nai_trainer_estimate_gradient(&now, trainer, trials));
  expect_ok(nai_trainer_gradient(&view, trainer, "E", "E"));
  for (int64_t i = 0; i < view.shape[0]; i++)
    for (int64_t j = 0; j < N; j++) gradient[i * N + j] = at(&view, i, j);
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  return now.cost;
}

/* Branches cost what one synapse of their sum would, and each pulls at its own weight as that would. */
static void compare(nai_network *branched, int distance)
{
  nai_network *plain = build(0);
  float of_branches[BRANCHES * N * N], of_units[N * N];
  double ours = cost_of(branched, distance, of_branches),
         expected = cost_of(plain, distance, of_units);
  EXPECT(expected > 0.1);
  ck_assert_double_eq_tol(ours, expected, 1e-6 * expected);
  for (int k = 0; k < BRANCHES; k++)
    for (int i = 0; i < N * N; i++)
      ck_assert_double_eq_tol((double)of_branches[k * N * N + i], (double)of_units[i], 1e-6);
  nai_network_destroy(plain);
}

START_TEST(costs_of_distance)
{
  nai_network *net = build(1), *copy;
  char path[64];
  compare(net, _i);
  expect_ok(nai_network_copy(&copy, net));
  compare(copy, _i);
  nai_network_destroy(copy);
  snprintf(path, sizeof path, "/tmp/nai_branches_%d", (int)getpid());
  expect_ok(nai_network_save(net, path));
  expect_ok(nai_network_load(&copy, path, NULL));
  unlink(path);
  compare(copy, _i);
  nai_network_destroy(copy);
  nai_network_destroy(net);
}
END_TEST

/* The probability of a synapse onto a branch is that of its unit's distance: here 1 at 0, else none. */
START_TEST(constraints_of_distance)
{
  static const float pairs[3 * N] = {0, 0, 0, 0, 0, 0, 5, 0, 0, 5, 0, 0};
  nai_network *net = compose(1);
  nai_constraint *near;
  expect_ok(nai_network_set_positions(net, "E", pairs, N));
  expect_ok(nai_constraint_create_distance(&near, 1, 0.01));
  expect_ok(nai_network_constrain(net, "E", "E", near));
  nai_constraint_destroy(near);
  expect_ok(nai_network_build(net, 1));
  nai_view w = weights_of(net, "E", "E");
  ck_assert_int_eq(w.shape[0], BRANCHES * N);
  for (int64_t i = 0; i < w.shape[0]; i++)
    for (int64_t j = 0; j < N; j++)
      ck_assert_int_eq(at(&w, i, j) != 0, i % N != j && i % N / 2 == j / 2);
  nai_network_destroy(net);
}
END_TEST

Suite *branch_positions_suite(void);

Suite *branch_positions_suite(void)
{
  Suite *suite = suite_create("branch_positions");
  TCase *costs = tcase_create("costs");
  tcase_add_loop_test(costs, costs_of_distance, 0, 2);
  suite_add_tcase(suite, costs);
  ADD_CASE(suite, "constraints", constraints_of_distance);
  return suite;
}
