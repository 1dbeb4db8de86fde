/*
 * Listed projections against dense ones: networks that are the same but for their storage have the same
 * synapses and activity, and learn the same by every rule, cost and constraint, to rounding.
 */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/network/network.h"
#include "../lib/train/trainer.h"
#include "areas.h"
#include "faults.h"
#include "listed.h"
#include "rules.h"
#include "states.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

/* --- wiring ----------------------------------------------------------------------------------- */

/* So many senders that a window has a few rows only, and not all alike. */
enum { SENDERS = 3000, RECEIVERS = 101, WIRINGS = 10 };

static nai_status sparse_of(nai_constraint **out)
{
  return nai_constraint_create_sparse(out, 0.01);
}

static nai_status dense_of(nai_constraint **out)
{
  return nai_constraint_create_sparse(out, 0.9);
}

static nai_status indegree_of(nai_constraint **out)
{
  return nai_constraint_create_indegree(out, 7);
}

static nai_status outdegree_of(nai_constraint **out)
{
  return nai_constraint_create_outdegree(out, 2);
}

static nai_status total_of(nai_constraint **out)
{
  return nai_constraint_create_total(out, 1234);
}

static nai_status distance_of(nai_constraint **out)
{
  return nai_constraint_create_distance(out, 0.5, 0.3);
}

static nai_status mask_of_thirds(nai_constraint **out)
{
  uint8_t *mask = malloc(SENDERS * RECEIVERS);
  for (int k = 0; k < SENDERS * RECEIVERS; k++) mask[k] = k % 3 == 0 && k / SENDERS != 5;
  nai_status status = nai_constraint_create_mask(out, mask, RECEIVERS, SENDERS);
  free(mask);
  return status;
}

static nai_status fixed_of(nai_constraint **out)
{
  uint8_t *fixed = malloc(SENDERS * RECEIVERS);
  for (int k = 0; k < SENDERS * RECEIVERS; k++) fixed[k] = k % 5 == 0;
  nai_status status = nai_constraint_create_fixed(out, fixed, RECEIVERS, SENDERS);
  free(fixed);
  return status;
}

static nai_status list_of(nai_constraint **out)
{
  int64_t pre[500], post[500];
  for (int k = 0; k < 500; k++) pre[k] = k * 5, post[k] = k % RECEIVERS;
  return nai_constraint_create_list(out, pre, post, 500);
}

/* Of a user who knows nothing of rows: even units alone are heard, and nothing onto unit 3 learns. */
static nai_status wire_even(void *user, nai_synapses *s)
{
  (void)user;
  ck_assert_int_eq(s->first_post, 0);
  ck_assert_int_eq(s->n_post, RECEIVERS);
  for (int64_t i = 0; i < s->n_post; i++)
    for (int64_t j = 0; j < s->n_pre; j++) {
      if (j % 2) s->exists[i * s->stride + j] = 0;
      if (i == 3) s->plastic[i * s->stride + j] = 0;
    }
  return NAI_OK;
}

static nai_status own_of(nai_constraint **out)
{
  nai_constraint_ops ops = {.struct_size = sizeof ops, .name = "even", .wire = wire_even};
  return nai_constraint_create(out, &ops, NULL);
}

static nai_status (*const wirings[WIRINGS])(nai_constraint **out) = {
    sparse_of,   dense_of,       indegree_of, outdegree_of, total_of,
    distance_of, mask_of_thirds, fixed_of,    list_of,      own_of};

static nai_network *wired(int32_t storage, int wiring)
{
  nai_network *net = compose_ei_of(20, 3, SENDERS, RECEIVERS, 2);
  nai_constraint *one;
  expect_ok(nai_network_place_box(net, "E I", 1, 1, 1));
  constrain_by(net, "E", "I", wirings[wiring](&one), &one);
  constrain_by(net, "E", "E", nai_constraint_create_indegree(&one, 3), &one);
  constrain_by(net, "I", "E", nai_constraint_create_sparse(&one, 0.05), &one);
  expect_ok(nai_network_set_storage(net, "E I", "E I", storage));
  expect_ok(nai_network_build(net, 3));
  return net;
}

START_TEST(the_same_synapses_by_every_constraint)
{
  nai_network *dense = wired(NAI_STORAGE_DENSE, _i), *listed = wired(NAI_STORAGE_LISTED, _i);
  ck_assert_int_eq(listed_in(dense), 0);
  ck_assert_int_eq(listed_in(listed), 4);
  expect_same_synapses(listed, dense, 0);
  nai_network_destroy(dense);
  nai_network_destroy(listed);
}
END_TEST

/* Several that look at other rows, one after the other, and a user's own among them. */
static nai_status wire_odd(void *user, nai_synapses *s)
{
  ck_assert(pthread_equal(*(pthread_t *)user, pthread_self()));
  for (int64_t i = 0; i < s->n_post; i++)
    for (int64_t j = 0; j < s->n_pre; j++) {
      EXPECT(s->exists[i * s->stride + j] || !s->plastic[i * s->stride + j]);
      if ((s->first_post + i + j) % 7 == 0) s->exists[i * s->stride + j] = 0;
      if ((s->first_post + i) % 5 == 0) s->plastic[i * s->stride + j] = 0;
    }
  return NAI_OK;
}

/* own: which thread may call it; NULL: none of a user's is among them. */
static nai_network *wired_by_many(int32_t storage, int threads, pthread_t *own)
{
  nai_constraint_ops ops = {
      .struct_size = sizeof ops, .name = "odd", .wire = wire_odd, .flags = NAI_CONSTRAINT_BY_ROWS};
  nai_network *net = compose_ei_of(20, 3, SENDERS, RECEIVERS, 2);
  nai_constraint *one;
  constrain_by(net, "E", "I", nai_constraint_create_sparse(&one, 0.7), &one);
  constrain_by(net, "E", "I", nai_constraint_create_outdegree(&one, 9), &one);
  constrain_by(net, "E", "I", mask_of_thirds(&one), &one);
  if (own) constrain_by(net, "E", "I", nai_constraint_create(&one, &ops, own), &one);
  constrain_by(net, "E", "I", fixed_of(&one), &one);
  constrain_by(net, "E", "I", nai_constraint_create_total(&one, 4001), &one);
  constrain_by(net, "E", "I", nai_constraint_create_sparse(&one, 0.5), &one);
  constrain_by(net, "E", "E", nai_constraint_create_sparse(&one, 0.01), &one);
  constrain_by(net, "I", "E", nai_constraint_create_outdegree(&one, 100), &one);
  constrain_by(net, "I", "I", nai_constraint_create_indegree(&one, 4), &one);
  expect_ok(nai_network_set_storage(net, "E I", "E I", storage));
  expect_ok(nai_network_set_threads(net, threads));
  expect_ok(nai_network_build(net, 3));
  return net;
}

START_TEST(the_same_synapses_by_many_constraints)
{
  pthread_t self = pthread_self(), *own = _i ? &self : NULL;
  nai_network *dense = wired_by_many(NAI_STORAGE_DENSE, 1, own);
  for (int threads = 1; threads <= 3; threads++) {
    nai_network *listed = wired_by_many(NAI_STORAGE_LISTED, threads, own);
    expect_same_synapses(listed, dense, 0);
    nai_network_destroy(listed);
  }
  nai_network_destroy(dense);
}
END_TEST

/* --- threads of the build --------------------------------------------------------------------- */

static nai_network *compose_by(int32_t storage, int threads)
{
  nai_network *net = compose_ei_of(20, 3, 2100, 333, 2);
  make_sparse(net, "E I", 0.02);
  expect_ok(nai_network_set_storage(net, "E I", "E I", storage));
  expect_ok(nai_network_set_threads(net, threads));
  return net;
}

/* Long rows, of more than 2048 senders, have weights of their own whatever the storage. */
START_TEST(builds_by_threads_have_the_same_bits)
{
  uint64_t hash[4];
  for (int threads = 1; threads <= 4; threads++) {
    nai_network *net = compose_by(_i, threads);
    expect_ok(nai_network_build(net, 8));
    hash[threads - 1] = hash_of(net);
    nai_network_destroy(net);
  }
  for (int k = 1; k < 4; k++) EXPECT(hash[k] == hash[0]);
  nai_network *listed = compose_by(NAI_STORAGE_LISTED, 2),
              *dense = compose_by(NAI_STORAGE_DENSE, 1);
  expect_ok(nai_network_build(listed, 8));
  expect_ok(nai_network_build(dense, 8));
  expect_same_synapses(listed, dense, 1e-6);
  nai_network_destroy(listed);
  nai_network_destroy(dense);
}
END_TEST

START_TEST(threads_that_cannot_be)
{
  nai_network *net = compose_ei(5, 3), *copy;
  faults_fail_thread(0);
  expect_ok(nai_network_set_threads(net, 3));
  expect_fails(nai_network_build(net, 1), NAI_ERR_MEMORY, "cannot start thread");
  faults_fail_thread(-1);
  nai_network_destroy(net);
  for (int threads = 0; threads <= 257; threads += 257) {
    net = compose_ei(5, 3);
    expect_fails(nai_network_set_threads(net, threads), NAI_ERR_INVALID, "must be 1 to 256");
    nai_network_destroy(net);
  }
  net = compose_ei(5, 3);
  expect_ok(nai_network_set_threads(net, 2));
  expect_ok(nai_network_copy(&copy, net));
  ck_assert_int_eq(copy->threads, 2);
  expect_ok(nai_network_build(net, 1));
  expect_fails(nai_network_set_threads(net, 2), NAI_ERR_ORDER, "is built");
  expect_fails(nai_network_set_threads(NULL, 2), NAI_ERR_INVALID, "net is NULL");
  nai_network_destroy(copy);
  nai_network_destroy(net);
}
END_TEST

/* The failure of the first row that has one is told, whatever thread was there first. */
START_TEST(the_first_failure_is_told)
{
  for (int k = 0; k < 20; k++) {
    nai_network *net = compose_ei_of(20, 3, 2100, 333, 2);
    nai_constraint *many;
    constrain_by(net, "I", "E", nai_constraint_create_indegree(&many, 334), &many);
    expect_ok(nai_network_set_storage(net, "E I", "E I", NAI_STORAGE_LISTED));
    expect_ok(nai_network_set_threads(net, 3));
    expect_fails(nai_network_build(net, 1), NAI_ERR_INVALID, "unit 0 of 'E' can have only 333");
    nai_network_destroy(net);
  }
}
END_TEST

/* --- memory of drawing ------------------------------------------------------------------------- */

/* 36 million pairs have no flags: what the build holds at most is near what it keeps, and is said. */
static nai_network *compose_few(int wiring)
{
  enum { N = 6000 };
  static int64_t pre[1000], post[1000];
  nai_network *net = compose_one("A", N, NAI_FREE);
  nai_constraint *few;
  for (int k = 0; k < 1000; k++) pre[k] = k, post[k] = (k * 31 + 1) % N;
  nai_status made = wiring == 0   ? nai_constraint_create_outdegree(&few, 3)
                    : wiring == 1 ? nai_constraint_create_total(&few, 5000)
                                  : nai_constraint_create_list(&few, pre, post, 1000);
  constrain_by(net, "A", "A", made, &few);
  expect_ok(nai_network_set_storage(net, "A", "A", NAI_STORAGE_LISTED));
  return net;
}

START_TEST(nothing_has_a_flag_a_pair)
{
  static const int64_t synapses[] = {18000, 5000, 1000};
  nai_network *net = compose_few(_i);
  int64_t said, n;
  expect_ok(nai_network_memory(&said, net));
  const long before = faults_held();
  faults_most_held();
  expect_ok(nai_network_build(net, 1));
  const long most = faults_most_held() - before;
  expect_ok(nai_network_synapses(NULL, 0, &n, net, "A", "A"));
  ck_assert_int_eq(n, synapses[_i]);
  ck_assert_int_lt(said, (int64_t)16 << 20);
  ck_assert_int_le(most, said);
  nai_network_destroy(net);
}
END_TEST

/* --- what is chosen --------------------------------------------------------------------------- */

/* The plan alone: nothing is made. */
static int64_t chosen(int64_t units, double density, int32_t storage)
{
  nai_network *net = compose_ei_of(20, 3, units, units / 4, 2);
  make_sparse(net, "E I", density);
  expect_ok(nai_network_set_storage(net, "*", "E I", storage));
  expect_ok(nai__layout_plan(net));
  int64_t listed = listed_in(net);
  nai__layout_destroy(net);
  nai_network_destroy(net);
  return listed;
}

START_TEST(large_and_sparse_projections_are_listed)
{
  ck_assert_int_eq(chosen(10000, 0.05, NAI_STORAGE_CHOSEN), 4);
  ck_assert_int_eq(chosen(10000, 0.11, NAI_STORAGE_CHOSEN), 0);
  ck_assert_int_eq(chosen(6000, 0.05, NAI_STORAGE_CHOSEN), 0);
  ck_assert_int_eq(chosen(10000, 0.05, NAI_STORAGE_DENSE), 0);
  ck_assert_int_eq(chosen(100, 0.5, NAI_STORAGE_LISTED), 6); /* and those from the input */
}
END_TEST

/* Units are placed by the build, before it chooses: a distance leaves few synapses, of branches as well. */
START_TEST(distances_count_where_units_are_drawn)
{
  nai_network *net;
  nai_constraint *few, *near;
  int64_t said;
  int32_t storage;
  const char *const to = _i ? "I:dendrite+" : "I";
  expect_ok(nai_network_create(&net, 2));
  expect_ok(nai_network_add_population(net, "E", 8200, NAI_EXCITATORY));
  expect_ok(nai_network_add_population(net, "I", 64, NAI_FREE));
  if (_i) expect_ok(nai_network_set_model(net, "I", "dendritic"));
  if (_i) expect_ok(nai_network_set_model_size(net, "I", "branches", 3));
  expect_ok(nai_network_connect(net, "E", "E"));
  expect_ok(nai_network_connect(net, "E", to));
  expect_ok(nai_constraint_create_sparse(&few, 1e-4));
  expect_ok(nai_constraint_create_distance(&near, 0.05, 1));
  expect_ok(nai_network_constrain(net, "E", "E", few));
  expect_ok(nai_network_constrain(net, "E", to, near));
  expect_ok(nai_network_place_box(net, "E I", 1, 1, 1));
  const long held = faults_held();
  expect_ok(nai_network_memory(&said, net));
  ck_assert_int_eq(faults_held(), held); /* the plan had places of its own */
  ck_assert_int_lt(said, 16 << 20);
  expect_ok(nai_network_build(net, 1));
  expect_ok(nai_network_storage(&storage, net, "E", to));
  ck_assert_int_eq(storage, NAI_STORAGE_LISTED);
  nai_constraint_destroy(few);
  nai_constraint_destroy(near);
  nai_network_destroy(net);
}
END_TEST

START_TEST(storage_is_told_and_refused)
{
  nai_network *net = compose_ei(5, 3);
  int32_t storage = -1;
  expect_fails(nai_network_storage(&storage, net, "E", "I"), NAI_ERR_ORDER, "net");
  expect_ok(nai_network_set_storage(net, "E", "I", NAI_STORAGE_LISTED));
  expect_ok(nai_network_build(net, 1));
  expect_ok(nai_network_storage(&storage, net, "E", "I"));
  ck_assert_int_eq(storage, NAI_STORAGE_LISTED);
  expect_ok(nai_network_storage(&storage, net, "E", "E"));
  ck_assert_int_eq(storage, NAI_STORAGE_DENSE);
  expect_fails(nai_network_storage(NULL, net, "E", "I"), NAI_ERR_INVALID, "storage is NULL");
  expect_fails(nai_network_storage(&storage, net, "E", "X"), NAI_ERR_NAME, "X");
  expect_fails(nai_network_set_storage(net, "E", "I", NAI_STORAGE_DENSE), NAI_ERR_ORDER, "built");
  nai_network_destroy(net);
  net = compose_ei(5, 3);
  expect_fails(nai_network_set_storage(net, "E", "I", 4), NAI_ERR_INVALID,
               "storage is 4, must be NAI_STORAGE_CHOSEN, NAI_STORAGE_DENSE, NAI_STORAGE_LISTED or "
               "NAI_STORAGE_SHARED");
  nai_network_destroy(net);
}
END_TEST

/* --- a network with all there is -------------------------------------------------------------- */

enum { STEPS = 7, TRIALS = 37 };

/* Two delays, noise, autapses, positions, few synapses of odd numbers of units. */
static nai_network *compose(int32_t storage, const char *kernels)
{
  nai_network *net = compose_ei(161, 58);
  nai_constraint *few;
  expect_ok(nai_network_add_input(net, "more", 65));
  expect_ok(nai_network_connect(net, "more", "E I"));
  expect_ok(nai_network_set_delay(net, "I", "E", 40));
  expect_ok(nai_network_set(net, "E I", "noise", 0.1));
  expect_ok(nai_network_set_autapses(net, "E", "E", 1));
  expect_ok(nai_network_place_box(net, "E I", 1, 2, 0.5));
  make_sparse(net, "E I", 0.08);
  constrain_by(net, "more", "E I", nai_constraint_create_sparse(&few, 0.1), &few);
  expect_ok(nai_network_set_storage(net, "*", "*", storage));
  expect_ok(nai_network_set_kernels(net, kernels));
  return net;
}

static nai_network *build(int32_t storage, const char *kernels)
{
  nai_network *net = compose(storage, kernels);
  expect_ok(nai_network_build(net, 5));
  return net;
}

static nai_trials *batch_of(const nai_network *net)
{
  return normal_trials(net, "choice", STEPS, TRIALS);
}

/* By every table of kernels, of one trial, of a few and of many. */
START_TEST(the_same_activity)
{
  static const int trials[] = {1, 3, TRIALS};
  const char *kernels = nai__kernels_name(_i);
  if (!kernels || !nai__kernels_named(kernels)) return;
  nai_network *dense = build(NAI_STORAGE_DENSE, kernels),
              *listed = build(NAI_STORAGE_LISTED, kernels);
  ck_assert_int_eq(listed_in(listed), listed->n_projections);
  expect_same_synapses(listed, dense, 0);
  for (int k = 0; k < COUNT(trials); k++) {
    nai_state *one = make_state(dense, trials[k], 8), *other = make_state(listed, trials[k], 8);
    expect_ok(nai_state_run(NULL, NULL, one, 3 * STEPS, NULL));
    expect_ok(nai_state_run(NULL, NULL, other, 3 * STEPS, NULL));
    for (int b = 0; b < trials[k]; b++) {
      for (int u = 0; u < 161; u++)
        EXPECT(fabs(rate_of(one, "E", b, u) - rate_of(other, "E", b, u)) <= 1e-6f);
      for (int u = 0; u < 58; u++)
        EXPECT(fabs(rate_of(one, "I", b, u) - rate_of(other, "I", b, u)) <= 1e-6f);
    }
    nai_state_destroy(one);
    nai_state_destroy(other);
  }
  nai_network_destroy(dense);
  nai_network_destroy(listed);
}
END_TEST

/* --- learning --------------------------------------------------------------------------------- */

static nai_trainer *train_by(nai_network *net, int rule, double rate)
{
  nai_cost *cost;
  nai_rule *made = rule_made(rule, 3);
  if (strcmp(made->kind->name, "sign_symmetry") == 0) /* other sizes are drawn for lists */
    expect_ok(nai_rule_set(made, "form", NAI_SIGN_UNIFORM));
  nai_trainer *trainer = trainer_of(net, made, plain_descent(rate));
  attach_cost(trainer, nai_cost_create_mse(&cost, "choice"), &cost, 1);
  attach_cost(trainer, nai_cost_create_l2_rates(&cost, "E I"), &cost, 0.01);
  attach_cost(trainer, nai_cost_create_l1_weights(&cost, "E I", "E I"), &cost, 0.001);
  return trainer;
}

static nai_trainer *train(nai_network *net, int rule)
{
  return train_by(net, rule, 0.1);
}

/* Two updates by each rule: each weight as from matrices, to rounding. */
START_TEST(every_rule_learns_as_from_matrices)
{
  nai_network *net[2] = {build(NAI_STORAGE_LISTED, NULL), build(NAI_STORAGE_DENSE, NULL)};
  nai_trials *trials = batch_of(net[0]);
  nai_trainer *trainer[2] = {train(net[0], _i), train(net[1], _i)};
  if (has_feedback(all_rules[_i].name)) copy_feedback(trainer[1], trainer[0], net[0]);
  for (int update = 0; update < 2; update++)
    for (int k = 0; k < 2; k++) expect_ok(nai_trainer_step(NULL, trainer[k], trials));
  expect_same_synapses(net[0], net[1], 1e-5);
  for (int k = 0; k < 2; k++) {
    nai_trainer_destroy(trainer[k]);
    nai_network_destroy(net[k]);
  }
  nai_trials_destroy(trials);
}
END_TEST

static nai_network *listed(void)
{
  return build(NAI_STORAGE_LISTED, NULL);
}

START_TEST(threads_and_checkpoints_keep_bits)
{
  static const makers make = {listed, batch_of, train};
  expect_same_bits(&make, 0, 4, _i);
}
END_TEST

/* --- tables that know no lists ---------------------------------------------------------------- */

/* Weights of a row add up to 1 at most; whatever is absent is 0. */
static nai_status project_rows(void *user, nai_synapses *s)
{
  int *calls = user;
  ++*calls;
  ck_assert(s->n_post == 58 && s->n_pre == 161 && s->post_position && s->pre_position);
  for (int64_t i = 0; i < s->n_post; i++) {
    float sum = 0;
    for (int64_t j = 0; j < s->n_pre; j++) {
      ck_assert(s->exists[i * s->stride + j] || s->weight[i * s->stride + j] == 0);
      sum += s->weight[i * s->stride + j];
    }
    for (int64_t j = 0; j < s->n_pre && sum > 1; j++) {
      s->weight[i * s->stride + j] /= sum;
      if (s->momentum) s->momentum[i * s->stride + j] /= sum;
    }
  }
  return NAI_OK;
}

static nai_status fail_to_project(void *user, nai_synapses *s)
{
  (void)s;
  nai_set_error("rows are not to be touched");
  return *(int *)user ? NAI_ERR_INVALID : NAI_OK;
}

static nai_trainer *train_with_matrices(nai_network *net)
{
  nai_cost *cost;
  nai_trainer *trainer = trainer_of(net, bptt_rule(), adam(0.01));
  attach_cost(trainer, nai_cost_create_mse(&cost, "choice"), &cost, 1);
  attach_cost(trainer, nai_cost_create_distance(&cost, "E I", "E I"), &cost, 0.01);
  attach_cost(trainer, nai_cost_create_l2_weights(&cost, "*", "E"), &cost, 0.01);
  attach_cost(trainer, nai_cost_create_communicability(&cost, "E I", "E I", 1), &cost, 1e-4);
  attach_cost(trainer, nai_cost_create_vanishing_gradient(&cost, "E I"), &cost, 0.01);
  return trainer;
}

static nai_network *build_projected(int32_t storage, int *calls)
{
  nai_network *net = compose(storage, NULL);
  nai_constraint_ops ops = {.struct_size = sizeof ops, .name = "rows", .project = project_rows};
  nai_constraint *c;
  constrain_by(net, "E", "I", nai_constraint_create(&c, &ops, calls), &c);
  constrain_by(net, "E I", "E", nai_constraint_create_max_weight(&c, 0.2), &c);
  constrain_by(net, "I", "*", nai_constraint_create_dale(&c, NAI_DALE_REFLECT), &c);
  expect_ok(nai_network_build(net, 5));
  return net;
}

START_TEST(costs_and_constraints_as_of_matrices)
{
  int calls[2] = {0, 0};
  nai_network *net[2];
  nai_trials *trials = NULL;
  double total[2];
  for (int k = 0; k < 2; k++) {
    net[k] = build_projected(k ? NAI_STORAGE_DENSE : NAI_STORAGE_LISTED, &calls[k]);
    if (!trials) trials = batch_of(net[k]);
    nai_trainer *trainer = train_with_matrices(net[k]);
    nai_progress result = NAI_PROGRESS_INIT;
    for (int update = 0; update < 3; update++)
      expect_ok(nai_trainer_step(&result, trainer, trials));
    total[k] = result.cost;
    nai_trainer_destroy(trainer);
  }
  ck_assert_int_eq(calls[0], 4);
  ck_assert_int_eq(calls[1], 4);
  EXPECT(fabs(total[0] - total[1]) <= 1e-5 * total[1]);
  expect_same_synapses(net[0], net[1], 1e-5);
  nai_trials_destroy(trials);
  for (int k = 0; k < 2; k++) nai_network_destroy(net[k]);
}
END_TEST

START_TEST(matrices_for_the_call_count_as_memory)
{
  int calls = 0;
  int64_t bytes;
  nai_network *net = build_projected(NAI_STORAGE_LISTED, &calls);
  nai_trainer *trainer = train_with_matrices(net);
  nai_trials *trials = batch_of(net);
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  expect_ok(nai_network_memory(&bytes, net));
  expect_ok(nai_network_set_memory_limit(net, bytes + 1000));
  uint64_t before = hash_of(net);
  expect_fails(
      nai_trainer_step(NULL, trainer, trials), NAI_ERR_MEMORY,
      "a matrix of the listed projection from 'E' to 'E', as 'communicability' knows no lists");
  EXPECT(hash_of(net) == before);
  expect_ok(nai_network_set_memory_limit(net, 0));
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  EXPECT(hash_of(net) != before);
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

START_TEST(a_constraint_that_fails_leaves_all_as_it_was)
{
  int fails = 0;
  nai_network *net = compose(NAI_STORAGE_LISTED, NULL);
  nai_constraint_ops ops = {.struct_size = sizeof ops, .name = "own", .project = fail_to_project};
  nai_constraint *c;
  constrain_by(net, "E", "I", nai_constraint_create(&c, &ops, &fails), &c);
  expect_ok(nai_network_build(net, 5));
  nai_trainer *trainer = train(net, 0);
  nai_trials *trials = batch_of(net);
  uint64_t before = hash_of(net);
  fails = 1;
  expect_fails(nai_trainer_step(NULL, trainer, trials), NAI_ERR_INVALID,
               "rows are not to be touched");
  EXPECT(hash_of(net) == before);
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* --- looking and setting ---------------------------------------------------------------------- */

START_TEST(what_is_shown_and_set)
{
  nai_network *net[2] = {build(NAI_STORAGE_LISTED, NULL), build(NAI_STORAGE_DENSE, NULL)};
  float *w = malloc(58 * 161 * sizeof *w);
  uint8_t *mask = malloc(58 * 161 * sizeof *mask);
  nai_view listed = weights_of(net[0], "E", "I"), dense = weights_of(net[1], "E", "I");
  int64_t n;
  expect_ok(nai_network_synapses(NULL, 0, &n, net[0], "E", "I"));
  ck_assert(listed.shape[0] == 1 && listed.shape[1] == n);
  for (int i = 0; i < 58 * 161; i++) {
    w[i] = 3 * at(&dense, i / 161, i % 161);
    mask[i] = i % 3 > 0;
  }
  for (int k = 0; k < 2; k++) {
    expect_ok(nai_network_set_weights(net[k], "E", "I", w, 58, 161));
    expect_ok(nai_network_set_mask(net[k], "E", "I", mask, 58, 161));
    expect_ok(nai_network_set_plastic(net[k], "E", "E", 0));
    expect_fails(nai_network_set_mask(net[k], "E", "I", mask, 161, 58), NAI_ERR_INVALID, "shape");
  }
  expect_same_synapses(net[0], net[1], 0);
  for (int i = 0; i < 58 * 161; i++) w[i] = 1;
  expect_fails(nai_network_set_weights(net[0], "E", "I", w, 58, 161), NAI_ERR_INVALID,
               "must be 0: no synapse from 'E' to 'I' exists there");
  for (int i = 0; i < 58 * 161; i++) w[i] = -3 * at(&dense, i / 161, i % 161);
  expect_fails(nai_network_set_weights(net[0], "E", "I", w, 58, 161), NAI_ERR_INVALID, "must be");
  expect_same_synapses(net[0], net[1], 0);
  nai_network *copy;
  expect_ok(nai_network_copy(&copy, net[0]));
  expect_same_synapses(copy, net[0], 0);
  ck_assert_int_eq(listed_in(copy), listed_in(net[0]));
  nai_network_destroy(copy);
  nai_trials *trials = batch_of(net[0]);
  for (int k = 0; k < 2; k++) { /* and what was removed stays away */
    nai_trainer *trainer = train(net[k], 0);
    expect_ok(nai_trainer_step(NULL, trainer, trials));
    expect_ok(nai_trainer_step(NULL, trainer, trials));
    nai_trainer_destroy(trainer);
  }
  expect_same_synapses(net[0], net[1], 1e-5);
  nai_trials_destroy(trials);
  for (int k = 0; k < 2; k++) nai_network_destroy(net[k]);
  free(w);
  free(mask);
}
END_TEST

/* --- memory ----------------------------------------------------------------------------------- */

static nai_network *compose_listed(void)
{
  nai_network *net = compose(NAI_STORAGE_LISTED, NULL);
  int64_t pre[] = {3, 4, 5}, post[] = {1, 2, 1};
  nai_constraint *few;
  constrain_by(net, "E", "I", nai_constraint_create_total(&few, 100), &few);
  constrain_by(net, "I", "I", nai_constraint_create_total(&few, 9), &few);
  constrain_by(net, "I", "E", nai_constraint_create_list(&few, pre, post, 3), &few);
  return net;
}

START_TEST(lists_without_memory)
{
  build_without_memory(compose_listed, 100);
}
END_TEST

START_TEST(whole_matrices_without_memory)
{
  int calls = 0, failed = 0;
  nai_network *net = build_projected(NAI_STORAGE_LISTED, &calls);
  nai_trainer *trainer = train_with_matrices(net);
  nai_trials *trials = batch_of(net);
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  nai_status status = NAI_ERR_MEMORY;
  uint64_t before = hash_of(net);
  for (; status == NAI_ERR_MEMORY; failed++) {
    EXPECT(hash_of(net) == before);
    faults_fail_allocation(failed);
    status = nai_trainer_step(NULL, trainer, trials);
    faults_fail_allocation(-1);
  }
  expect_ok(status);
  EXPECT(failed > 4);
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* What the plan says before the build is not exceeded by what is held after it. */
START_TEST(memory_is_said_before)
{
  nai_network *net = compose_ei_of(20, 3, 1600, 400, 2);
  int64_t said, held, synapses;
  make_sparse(net, "E I", 0.02);
  expect_ok(nai_network_set_storage(net, "E I", "E I", NAI_STORAGE_LISTED));
  expect_ok(nai_network_memory(&said, net));
  expect_ok(nai_network_set_memory_limit(net, said / 2));
  nai_network *tight;
  expect_ok(nai_network_copy(&tight, net));
  expect_fails(nai_network_build(tight, 1), NAI_ERR_MEMORY, "the network's limit is");
  nai_network_destroy(tight);
  expect_ok(nai_network_set_memory_limit(net, 0));
  expect_ok(nai_network_build(net, 1));
  expect_ok(nai_network_memory(&held, net));
  expect_ok(nai_network_synapses(NULL, 0, &synapses, net, "E I", "E I"));
  EXPECT(held <= said && said < 2 * held);
  EXPECT(held < 80 * synapses + 1000000);
  nai_network_destroy(net);
}
END_TEST

/* --- within trials, and units of every model --------------------------------------------------- */

static nai_trainer *train_model(nai_network *net, const rule_case *by, int every)
{
  nai_rule *rule;
  nai_cost *cost;
  expect_ok(by->create(&rule, 2));
  if (every && nai_rule_set(rule, "update_every", every) != NAI_OK) {
    nai_rule_destroy(rule);
    return NULL;
  }
  nai_trainer *trainer =
      trainer_of(net, rule, plain_descent(strcmp(by->name, "own") == 0 ? 1e-6 : 0.01));
  attach_cost(trainer, nai_cost_create_mse(&cost, "z"), &cost, 1);
  return trainer;
}

/* Two updates, or with updates within trials, where the rule makes them at all; the same weights. */
static void compare_model(const char *model, const rule_case *rule, int every)
{
  nai_network *net[2] = {build_model(model, NAI_STORAGE_LISTED),
                         build_model(model, NAI_STORAGE_DENSE)};
  nai_trials *trials = trials_for_areas(net[0], 3);
  nai_trainer *trainer[2];
  for (int k = 0; k < 2; k++) trainer[k] = train_model(net[k], rule, every);
  if (trainer[0] && has_feedback(rule->name)) copy_feedback(trainer[1], trainer[0], net[0]);
  for (int k = 0; k < 2 && trainer[k]; k++)
    for (int update = 0; update < 2; update++)
      expect_ok(nai_trainer_step(NULL, trainer[k], trials));
  expect_same_synapses(net[0], net[1], 1e-5);
  for (int k = 0; k < 2; k++) {
    nai_trainer_destroy(trainer[k]);
    nai_network_destroy(net[k]);
  }
  nai_trials_destroy(trials);
}

static int is_taken(nai_network *net, const rule_case *by)
{
  nai_rule *rule;
  nai_trainer *trainer;
  nai_optimizer *descent = plain_descent(0.1);
  expect_ok(by->create(&rule, 2));
  nai_status status = nai_trainer_create(&trainer, net, rule, descent, NULL);
  nai_trainer_destroy(trainer);
  nai_rule_destroy(rule);
  nai_optimizer_destroy(descent);
  nai_network_destroy(net);
  return status == NAI_OK;
}

START_TEST(every_model_by_every_rule)
{
  const rule_case *rule = _i < n_rules ? &all_rules[_i] : &other_rules[_i - n_rules];
  const char *model;
  if (strncmp(rule->name, "sign_symmetry", 13) == 0 && !strstr(rule->name, "uniform"))
    return; /* other sizes are drawn for lists */
  for (int64_t k = 0; (model = nai_model_builtin_name(k)); k++) {
    if (!is_taken(build_model(model, NAI_STORAGE_DENSE), rule)) continue;
    ck_assert_msg(is_taken(build_model(model, NAI_STORAGE_LISTED), rule), "%s of %s", rule->name,
                  model);
    for (int every = 0; every < 3; every++) compare_model(model, rule, every);
  }
}
END_TEST

Suite *storage_suite(void)
{
  Suite *suite = suite_create("storage");
  TCase *wiring = tcase_create("wiring");
  tcase_add_loop_test(wiring, the_same_synapses_by_every_constraint, 0, WIRINGS);
  tcase_add_loop_test(wiring, the_same_synapses_by_many_constraints, 0, 2);
  tcase_add_loop_test(wiring, builds_by_threads_have_the_same_bits, NAI_STORAGE_DENSE,
                      NAI_STORAGE_LISTED + 1);
  tcase_add_test(wiring, threads_that_cannot_be);
  tcase_add_test(wiring, the_first_failure_is_told);
  tcase_add_loop_test(wiring, nothing_has_a_flag_a_pair, 0, 3);
  tcase_add_test(wiring, large_and_sparse_projections_are_listed);
  tcase_add_loop_test(wiring, distances_count_where_units_are_drawn, 0, 2);
  tcase_add_test(wiring, storage_is_told_and_refused);
  suite_add_tcase(suite, wiring);
  TCase *activity = tcase_create("activity");
  tcase_add_loop_test(activity, the_same_activity, 0, 5);
  suite_add_tcase(suite, activity);
  TCase *rules = tcase_create("rules");
  tcase_add_loop_test(rules, every_rule_learns_as_from_matrices, 0, n_rules);
  tcase_add_loop_test(rules, every_model_by_every_rule, 0, n_rules + n_other_rules);
  tcase_add_loop_test(rules, threads_and_checkpoints_keep_bits, 2, 4);
  suite_add_tcase(suite, rules);
  ADD_CASE(suite, "tables", costs_and_constraints_as_of_matrices,
           matrices_for_the_call_count_as_memory, a_constraint_that_fails_leaves_all_as_it_was);
  ADD_CASE(suite, "looking", what_is_shown_and_set);
  ADD_CASE(suite, "memory", lists_without_memory, whole_matrices_without_memory,
           memory_is_said_before);
  return suite;
}
