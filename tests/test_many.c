/*
 * What there are very many of takes a time that goes with their number: parts of networks, files of
 * them, names, conditions, values of a condition, updates.
 */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "../lib/network/network.h"
#include "rules.h"
#include "tasks.h"

/* Seconds of this process since `before`. */
static double since(clock_t before)
{
  return (double)(clock() - before) / CLOCKS_PER_SEC;
}

/* One projection a call, by names: each was compared with all before, and all were copied. */
START_TEST(many_projections)
{
  enum { SIDE = 200 };
  clock_t start = clock();
  nai_network *net, *copy;
  char from[20], to[20];
  expect_ok(nai_network_create(&net, 20));
  for (int i = 0; i < SIDE; i++) {
    snprintf(from, sizeof from, "p%d", i);
    EXPECT(nai_network_add_population(net, from, 1, NAI_FREE) == NAI_OK);
  }
  for (int i = 0; i < SIDE; i++)
    for (int j = 0; j < SIDE; j++) {
      snprintf(from, sizeof from, "p%d", i);
      snprintf(to, sizeof to, "p%d", j);
      EXPECT(nai_network_connect(net, from, to) == NAI_OK);
      EXPECT(nai_network_set_delay(net, from, to, 40) == NAI_OK);
    }
  EXPECT(nai_network_count(net, NAI_PROJECTIONS) == SIDE * SIDE);
  double delay;
  expect_ok(nai_network_copy(&copy, net));
  expect_ok(nai_network_add_population(copy, "more", 1, NAI_FREE));
  expect_ok(nai_network_connect(copy, "p7", "more"));
  expect_fails(nai_network_connect(copy, "p7", "p8"), NAI_ERR_NAME, "already connected");
  expect_ok(nai_network_build(net, 1));
  expect_ok(nai_network_delay(&delay, net, "p199", "p0"));
  EXPECT(delay == 40);
  nai_network_destroy(copy);
  nai_network_destroy(net);
  ck_assert_double_lt(since(start), 20); /* 0.2 s; 74 s when each was compared with all */
}
END_TEST

/* Each of them is a block for each of its delays. */
START_TEST(many_projections_with_delays)
{
  enum { SIDE = 64, UNITS = 8 };
  clock_t start = clock();
  nai_network *net, *copy;
  char name[20];
  expect_ok(nai_network_create(&net, 0.1));
  for (int i = 0; i < SIDE; i++) {
    snprintf(name, sizeof name, "p%d", i);
    EXPECT(nai_network_add_population(net, name, UNITS, NAI_FREE) == NAI_OK);
  }
  expect_ok(nai_network_connect(net, "*", "*"));
  expect_ok(nai_network_set_storage(net, "*", "*", NAI_STORAGE_LISTED));
  expect_ok(nai_network_set_delays(net, "*", "*", 3, 1.5, 0.1));
  expect_ok(nai_network_set_delay(net, "p7", "p8", 2));
  expect_ok(nai_network_set_initial_weights(net, "*", "*", NAI_WEIGHTS_CONSTANT, 1, 0));
  expect_ok(nai_network_build(net, 1));
  double delay;
  expect_ok(nai_network_delay(&delay, net, "p7", "p8"));
  EXPECT(delay == 2);
  expect_ok(nai_network_delay(&delay, net, "p63", "p63"));
  EXPECT(fabs(delay - 3) < 0.6); /* the mean of 56 */
  double same;
  expect_ok(nai_network_copy(&copy, net));
  expect_ok(nai_network_delay(&same, copy, "p63", "p63"));
  EXPECT(same == delay);
  nai_network_destroy(copy);
  nai_network_destroy(net);
  ck_assert_double_lt(since(start),
                      20); /* 3 s; a minute or so when each moved the blocks behind it */
}
END_TEST

START_TEST(many_populations)
{
  enum { MANY = 20000 };
  clock_t start = clock();
  nai_network *net;
  char name[20];
  expect_ok(nai_network_create(&net, 20));
  for (int i = 0; i < MANY; i++) {
    snprintf(name, sizeof name, "p%d", i);
    EXPECT(nai_network_add_population(net, name, 1, NAI_FREE) == NAI_OK);
  }
  EXPECT(nai_network_size(net, NAI_POPULATIONS, NULL) == MANY);
  expect_fails(nai_network_add_population(net, "p19999", 1, NAI_FREE), NAI_ERR_NAME, "taken");
  nai_network_destroy(net);
  ck_assert_double_lt(since(start), 10);
}
END_TEST

/* --- four times as many ----------------------------------------------------------------------- */

/* Each does something with n of them, and returns the seconds of this process that it took. */
typedef double work(int64_t n);

/* Memory that was given back is there for the next one: new pages are no part of what is timed. */
static void keep_memory(void)
{
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
#endif
}

/*
 * Four times as many take about four times as long; a quadratic way takes 16 times. The best of
 * three, of time that the processor gave to us, so that a busy machine decides nothing.
 */
static void expect_near_linear(work *of, int64_t n)
{
  double few = INFINITY, many = INFINITY;
  keep_memory();
  for (int k = 0; k < 3; k++) {
    few = fmin(few, of(n));
    many = fmin(many, of(4 * n));
  }
  ck_assert_msg(many < 9 * few + 0.005, "%lld take %.4f s, four times as many %.4f s", (long long)n,
                few, many);
}

/* n populations between an input and an output: no matrix of n x n. */
static nai_network *compose_row(int64_t n)
{
  nai_network *net;
  char name[24];
  expect_ok(nai_network_create(&net, 20));
  expect_ok(nai_network_add_input(net, "u", 1));
  expect_ok(nai_network_add_output(net, "z", 1));
  for (int64_t i = 0; i < n; i++) {
    snprintf(name, sizeof name, "p%lld", (long long)i);
    EXPECT(nai_network_add_population(net, name, 1, NAI_FREE) == NAI_OK);
    EXPECT(nai_network_connect(net, "u", name) == NAI_OK);
    EXPECT(nai_network_connect(net, name, "z") == NAI_OK);
  }
  return net;
}

static double compose(int64_t n)
{
  clock_t start = clock();
  nai_network *net = compose_row(n);
  double seconds = since(start);
  nai_network_destroy(net);
  return seconds;
}

static double find_names(int64_t n)
{
  nai_network *net = compose_row(n);
  char name[24];
  double tau;
  clock_t start = clock();
  for (int64_t i = 0; i < n; i++) {
    snprintf(name, sizeof name, "p%lld", (long long)(i * 7919 % n));
    EXPECT(nai_network_set(net, name, "tau", 50) == NAI_OK);
    EXPECT(nai_network_set_leak(net, name, NAI_LEAK_RATE) == NAI_OK);
    EXPECT(nai_network_set_sign(net, name, NAI_EXCITATORY) == NAI_OK);
    EXPECT(nai_network_place_lattice(net, name, 1) == NAI_OK);
    EXPECT(nai_network_get_each(&tau, 1, net, name, "tau") == NAI_OK && tau == 50);
  }
  double seconds = since(start);
  nai_network_destroy(net);
  return seconds;
}

/* The layout of a chain within a time step: as many stages and blocks; the last links come first. */
static double lay_out(int64_t n)
{
  nai_network *net = compose_row(n);
  char name[24], next[24];
  int64_t bytes;
  for (int64_t i = n - 1; i > 0; i--) {
    snprintf(name, sizeof name, "p%lld", (long long)i - 1);
    snprintf(next, sizeof next, "p%lld", (long long)i);
    EXPECT(nai_network_connect(net, name, next) == NAI_OK);
    EXPECT(nai_network_set_delay(net, name, next, 0) == NAI_OK);
  }
  clock_t start = clock();
  expect_ok(nai_network_memory(&bytes, net));
  double seconds = since(start);
  nai_network_destroy(net);
  return seconds;
}

static double build(int64_t n)
{
  nai_network *net = compose_row(n);
  clock_t start = clock();
  expect_ok(nai_network_build(net, 1));
  double seconds = since(start);
  nai_network_destroy(net);
  return seconds;
}

/* Saves the row, and loads it when `loads`. */
static double save_or_load(int64_t n, int loads)
{
  char folder[256], path[300];
  nai_network *net = compose_row(n), *again;
  checks_folder(folder);
  snprintf(path, sizeof path, "%s/row", folder);
  expect_ok(nai_network_build(net, 1));
  clock_t start = clock();
  expect_ok(nai_network_save(net, path));
  double seconds = since(start);
  if (loads) {
    start = clock();
    expect_ok(nai_network_load(&again, path, NULL));
    seconds = since(start);
    EXPECT(nai_network_count(again, NAI_PROJECTIONS) == 2 * n);
    nai_network_destroy(again);
  }
  nai_network_destroy(net);
  unlink(path);
  rmdir(folder);
  return seconds;
}

static double save(int64_t n)
{
  return save_or_load(n, 0);
}

static double load(int64_t n)
{
  return save_or_load(n, 1);
}

/* A trial for each value of a condition: a curve of n points. */
static double draw_curve(int64_t n)
{
  nai_network *net = build_ei(2, 1, 1);
  nai_trials *trials;
  nai_evaluation *e;
  float *values = malloc((size_t)n * sizeof *values);
  int32_t *classes = calloc((size_t)n, sizeof *classes);
  double *points = malloc((size_t)n * sizeof *points);
  const nai_curve_arrays curve = {.struct_size = sizeof curve, .correct = points};
  int64_t found;
  for (int64_t b = 0; b < n; b++) values[b] = (float)(b * 7919 % n);
  expect_ok(nai_trials_create(&trials, net, 1, n));
  expect_ok(nai_trials_set_classes(trials, "choice", classes));
  clock_t start = clock();
  expect_ok(nai_trials_set_condition(trials, "coherence", values));
  expect_ok(nai_evaluation_create_from_trials(&e, net, trials, NULL, NULL));
  expect_ok(nai_evaluation_curve(&curve, n, &found, e, "coherence"));
  double seconds = since(start);
  EXPECT(found == n);
  nai_evaluation_destroy(e);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
  free(points);
  free(classes);
  free(values);
  return seconds;
}

/* The history of n updates, and what it is kept in. */
static double update(int64_t n)
{
  nai_network *net = build_ei(1, 1, 1);
  nai_trainer *trainer = train_by_bptt(net, 1e-3);
  nai_cost *cost;
  nai_trials *trials;
  int64_t rows, columns;
  attach_cost(trainer, nai_cost_create_mse(&cost, "choice"), &cost, 1);
  expect_ok(nai_trials_create(&trials, net, 1, 1));
  expect_ok(nai_trials_set_targets(trials, "choice", (float[]){1, 0}, 2));
  clock_t start = clock();
  for (int64_t k = 0; k < n; k++) EXPECT(nai_trainer_step(NULL, trainer, trials) == NAI_OK);
  expect_ok(nai_trainer_history(NULL, 0, &rows, &columns, trainer));
  double seconds = since(start);
  EXPECT(rows == n);
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
  return seconds;
}

static const struct {
  work *of;
  int64_t n;
} works[] = {{compose, 4000}, {find_names, 4000}, {lay_out, 16000},    {build, 8000},
             {save, 1000},    {load, 1000},       {draw_curve, 20000}, {update, 10000}};

START_TEST(four_times_as_many_take_about_four_times_as_long)
{
  expect_near_linear(works[_i].of, works[_i].n);
}
END_TEST

/* As if it had as many as it may have: to compose them would take a gigabyte. */
START_TEST(more_parts_than_there_may_be)
{
  enum { MOST = 1 << 20 };
  nai_network *net = compose_one("p", 2, NAI_FREE);
  int64_t n = net->n_nodes;
  net->n_nodes = MOST;
  nai_status status = nai_network_add_input(net, "u", 1);
  net->n_nodes = n;
  expect_fails(
      status, NAI_ERR_INVALID,
      "there are 1048576 inputs, populations and outputs already, the most that there may be");
  EXPECT(nai_network_size(net, NAI_INPUTS, "u") == -1);
  nai_network_destroy(net);

  net = compose_one("p", 2, NAI_FREE);
  expect_ok(nai_network_add_population(net, "q", 2, NAI_FREE));
  n = net->n_projections;
  net->n_projections = MOST;
  status = nai_network_connect(net, "p", "q");
  net->n_projections = n;
  expect_fails(status, NAI_ERR_INVALID, "there are 1048576 projections already");
  nai_network_destroy(net);
}
END_TEST

START_TEST(more_constraints_than_there_may_be)
{
  enum { MOST = 1 << 16 };
  nai_network *net = compose_one("p", 2, NAI_FREE), *copy;
  nai_constraint *c;
  expect_ok(nai_constraint_create_sign(&c, 1));
  for (int k = 0; k < MOST; k++) EXPECT(nai_network_constrain(net, "p", "p", c) == NAI_OK);
  expect_ok(nai_network_copy(&copy, net));
  expect_fails(nai_network_constrain(copy, "p", "p", c), NAI_ERR_INVALID,
               "there are 65536 constraints of a projection already");
  expect_ok(nai_network_build(net, 1));
  nai_constraint_destroy(c);
  nai_network_destroy(copy);
  nai_network_destroy(net);
}
END_TEST

Suite *many_suite(void);

Suite *many_suite(void)
{
  Suite *suite = suite_create("many");
  TCase *many = tcase_create("many");
  tcase_set_timeout(many, 120);
  tcase_add_test(many, many_projections);
  tcase_add_test(many, many_projections_with_delays);
  tcase_add_test(many, many_populations);
  tcase_add_loop_test(many, four_times_as_many_take_about_four_times_as_long, 0,
                      sizeof works / sizeof *works);
  tcase_add_test(many, more_parts_than_there_may_be);
  tcase_add_test(many, more_constraints_than_there_may_be);
  suite_add_tcase(suite, many);
  return suite;
}
