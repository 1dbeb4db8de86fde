/* Several synapses of one pair of units: how they are drawn, what weight they have, what is refused. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/constraint/choose.h"
#include "../lib/network/network.h"
#include "faults.h"
#include "listed.h"

static nai_network *compose_pair(int64_t n_pre, int64_t n_post)
{
  return COMPOSE(.dt = 20, .populations = {{"A", n_pre, NAI_FREE}, {"B", n_post, NAI_FREE}},
                 .projections = {{"A", "B"}});
}

static void draw_total(nai_network *net, int64_t n)
{
  nai_constraint *c;
  constrain_by(net, "A", "B", nai_constraint_create_total_multapses(&c, n), &c);
}

static void draw_indegree(nai_network *net, int64_t n)
{
  nai_constraint *c;
  constrain_by(net, "A", "B", nai_constraint_create_indegree_multapses(&c, n), &c);
}

static void mask_by(nai_network *net, const uint8_t *allowed, int64_t n_post, int64_t n_pre)
{
  nai_constraint *c;
  constrain_by(net, "A", "B", nai_constraint_create_mask(&c, allowed, n_post, n_pre), &c);
}

/* The weights of a network as a matrix, by the one weight that a synapse has. */
static int64_t times_of(int *times, const nai_network *net, int64_t n_pre, double one)
{
  synapses s = synapses_of(net);
  int64_t all = 0;
  for (int64_t k = 0; k < s.n; k++) {
    const int n = (int)lround((double)s.weight[k] / one);
    ck_assert_double_eq_tol((double)s.weight[k], n * one, 1e-5 * n * fabs(one));
    ck_assert_int_ge(n, 1);
    times[s.post[k] * n_pre + s.pre[k]] = n;
    all += n;
  }
  synapses_free(&s);
  return all;
}

/* --- how they are drawn ----------------------------------------------------------------------- */

/* Two draws among four pairs, one of which a mask forbids or not: chi square of what can come out. */
START_TEST(each_draw_is_of_any_pair)
{
  enum { RUNS = 2000 };
  static const uint8_t allowed[2][4] = {{1, 1, 1, 1}, {1, 0, 1, 1}};
  const uint8_t *may = allowed[_i];
  double found[256] = {0}, chi = 0, pairs = 0, sum = 0, kinds = 0;
  for (int k = 0; k < 4; k++) pairs += may[k];
  for (uint64_t seed = 0; seed < RUNS; seed++) {
    nai_network *net = compose_pair(2, 2);
    int times[4] = {0};
    mask_by(net, may, 2, 2);
    draw_total(net, 2);
    expect_ok(nai_network_set_initial_weights(net, "A", "B", NAI_WEIGHTS_CONSTANT, 0.1, 0));
    expect_ok(nai_network_build(net, seed));
    ck_assert_int_eq(times_of(times, net, 2, 0.1), 2);
    found[times[0] | times[1] << 2 | times[2] << 4 | times[3] << 6]++;
    nai_network_destroy(net);
  }
  for (int a = 0; a < 4; a++)
    for (int b = a; b < 4; b++) {
      if (!may[a] || !may[b]) continue;
      const double expected = RUNS * (a == b ? 1 : 2) / (pairs * pairs);
      chi += pow(found[(1 << 2 * a) + (1 << 2 * b)] - expected, 2) / expected;
      sum += found[(1 << 2 * a) + (1 << 2 * b)];
      kinds++;
    }
  ck_assert_int_eq((int)sum, RUNS);
  ck_assert_double_lt(chi, kinds == 10 ? 33.7 : 25.7); /* one in 10000 is above */
}
END_TEST

/* Many draws among few, of which each has a binomial number, and few among many: by their moments. */
START_TEST(numbers_of_a_pair_are_binomial)
{
  static const int64_t draws[2] = {60, 60}, senders[2] = {5, 400};
  const double n = (double)draws[_i], p = 1 / (double)senders[_i];
  enum { POST = 500 };
  static int times[POST * 400];
  memset(times, 0, sizeof times);
  nai_network *net = compose_pair(senders[_i], POST);
  draw_indegree(net, draws[_i]);
  expect_ok(nai_network_set_initial_weights(net, "A", "B", NAI_WEIGHTS_CONSTANT, -0.25, 0));
  expect_ok(nai_network_build(net, 2));
  ck_assert_int_eq(times_of(times, net, senders[_i], -0.25), POST * draws[_i]);
  double variance = 0;
  for (int64_t i = 0; i < POST; i++) {
    int64_t row = 0;
    for (int64_t j = 0; j < senders[_i]; j++) {
      const int k = times[i * senders[_i] + j];
      row += k;
      variance += pow(k - n * p, 2) / (double)(POST * senders[_i]);
    }
    ck_assert_int_eq(row, draws[_i]);
  }
  ck_assert_double_eq_tol(variance / (n * p * (1 - p)), 1, 0.15);
  nai_network_destroy(net);
}
END_TEST

/* --- weights, delays, threads ----------------------------------------------------------------- */

static nai_network *compose_many(int threads)
{
  nai_network *net = compose_pair(2100, 150);
  draw_total(net, 60000);
  expect_ok(nai_network_set_initial_weights(net, "A", "B", NAI_WEIGHTS_NORMAL, 1, 0.1));
  expect_ok(nai_network_set_delays(net, "A", "B", 60, 30, 20));
  expect_ok(nai_network_set_threads(net, threads));
  return net;
}

/* A pair that was drawn k times has the sum of k weights: means and variances add up. */
START_TEST(weights_add_up)
{
  nai_network *net = compose_many(1);
  expect_ok(nai_network_build(net, 6));
  synapses s = synapses_of(net);
  double sum = 0, off = 0;
  int64_t several = 0;
  for (int64_t k = 0; k < s.n; k++) {
    const double times = round((double)s.weight[k]);
    sum += (double)s.weight[k];
    off += pow((double)s.weight[k] - times, 2);
    several += times > 1;
  }
  ck_assert_double_eq_tol(sum, 60000, 4 * 0.1 * sqrt(60000)); /* normal of a variance of .01 each */
  ck_assert_double_eq_tol(off / (60000 * 0.01), 1, 0.03);
  /* of 315000 pairs: n (1 - exp(-m) - m exp(-m)) have several, m = 60000 / n */
  ck_assert_double_eq_tol((double)several, 5038, 4 * sqrt(5038));
  synapses_free(&s);
  nai_network_destroy(net);
}
END_TEST

START_TEST(any_number_of_threads_draws_the_same)
{
  nai_network *one = compose_many(1);
  expect_ok(nai_network_build(one, 6));
  for (int threads = 2; threads <= 3; threads++) {
    nai_network *net = compose_many(threads);
    expect_ok(nai_network_build(net, 6));
    expect_same_synapses(net, one, 0);
    for (int64_t i = 0; i < net->n_blocks; i++) ck_assert_ptr_null(net->block[i].wired);
    nai_network_destroy(net);
  }
  nai_network_destroy(one);
}
END_TEST

/* Drawn by a constraint, then thinned out and fixed by others: what stays keeps its number. */
START_TEST(other_constraints_act_on_pairs)
{
  nai_network *all = compose_pair(50, 40), *some = compose_pair(50, 40);
  int before[2000] = {0}, after[2000] = {0};
  nai_constraint *c;
  draw_total(all, 4000);
  draw_total(some, 4000);
  constrain_by(some, "A", "B", nai_constraint_create_sparse(&c, 0.5), &c);
  constrain_by(some, "A", "B", nai_constraint_create_fixed(&c, NULL, 0, 0), &c);
  for (int k = 0; k < 2; k++) {
    nai_network *net = k ? some : all;
    expect_ok(nai_network_set_initial_weights(net, "A", "B", NAI_WEIGHTS_CONSTANT, 2, 0));
    expect_ok(nai_network_build(net, 7));
    times_of(k ? after : before, net, 50, 2);
  }
  synapses s = synapses_of(some);
  int kept = 0;
  for (int k = 0; k < 2000; k++) {
    EXPECT(after[k] == 0 || after[k] == before[k]);
    kept += after[k] > 1;
  }
  ck_assert_int_gt(kept, 100);
  for (int64_t k = 0; k < s.n; k++) ck_assert_int_eq(s.plastic[k], 0);
  synapses_free(&s);
  nai_network_destroy(all);
  nai_network_destroy(some);
}
END_TEST

/* --- refusals --------------------------------------------------------------------------------- */

START_TEST(what_cannot_be)
{
  static const uint8_t nowhere[6] = {0};
  static const char *const words[] = {
      "storage cannot be dense",
      "two constraints draw several synapses",
      "initial weights cannot be orthogonal",
      "initial weights cannot be an identity",
      "total is 5, but no synapses can exist from 'A' to 'B'",
      "indegree is 5, but unit 0 of 'B' can have no synapses from 'A'",
      "unit 0 of 'B' has drawn more than 128 synapses from a unit of 'A'"};
  for (int k = 0; k < 7; k++) {
    nai_network *net = compose_pair(k == 3 ? 2 : 3, 2);
    if (k == 4 || k == 5) mask_by(net, nowhere, 2, 3);
    if (k == 0) expect_ok(nai_network_set_storage(net, "A", "B", NAI_STORAGE_DENSE));
    if (k == 1) draw_total(net, 5);
    if (k == 2)
      expect_ok(nai_network_set_initial_weights(net, "A", "B", NAI_WEIGHTS_ORTHOGONAL, 1, 0));
    if (k == 3)
      expect_ok(nai_network_set_initial_weights(net, "A", "B", NAI_WEIGHTS_IDENTITY, 1, 0));
    if (k >= 5)
      draw_indegree(net, k == 5 ? 5 : 400);
    else
      draw_total(net, 5);
    expect_fails(nai_network_build(net, 1), NAI_ERR_INVALID, words[k]);
    nai_network_destroy(net);
  }
}
END_TEST

START_TEST(numbers_that_cannot_be)
{
  nai_constraint *c = (nai_constraint *)&c;
  expect_fails(nai_constraint_create_total_multapses(&c, -1), NAI_ERR_INVALID, "total is -1");
  ck_assert_ptr_null(c);
  expect_fails(nai_constraint_create_indegree_multapses(&c, 10000001), NAI_ERR_INVALID,
               "indegree is 10000001, must be 0 to 10000000");
  expect_fails(nai_constraint_create_total_multapses(NULL, 1), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_constraint_create_indegree_multapses(NULL, 1), NAI_ERR_INVALID, "out is NULL");
  nai_network *net = compose_pair(3, 2);
  static const uint8_t nowhere[6] = {0};
  mask_by(net, nowhere, 2, 3);
  draw_indegree(net, 0);
  expect_ok(nai_network_build(net, 1));
  nai_network_destroy(net);
}
END_TEST

static nai_network *compose_small(void)
{
  nai_network *net = compose_pair(12, 9);
  draw_total(net, 200);
  expect_ok(nai_network_set_delays(net, "A", "B", 60, 30, 20));
  return net;
}

START_TEST(each_allocation_fails)
{
  build_without_memory(compose_small, 20);
}
END_TEST

/* Two synapses of three pairs that may be, of a thousand: each is any of them. */
START_TEST(few_pairs_share_few_synapses)
{
  enum { N = 1000, SEEDS = 600 };
  static const int may[] = {10, 500, 999};
  int of_pair[3] = {0}, twice = 0;
  for (uint64_t seed = 0; seed < SEEDS; seed++) {
    uint8_t exists[N] = {0}, more[N] = {0};
    nai__stream random = nai__stream_open(seed, NAI__FOR_AREAS, 0, 1);
    int all = 0, marked = 0;
    for (int k = 0; k < 3; k++) exists[may[k]] = 1;
    EXPECT(nai__draw_multapses(exists, more, N, 3, 2, &random));
    for (int k = 0; k < 3; k++) {
      const int times = exists[may[k]] ? 1 + more[may[k]] : 0;
      of_pair[k] += times;
      twice += times == 2;
      all += times;
      marked += exists[may[k]] != 0;
    }
    EXPECT(all == 2);
    for (int j = 0; j < N; j++) marked -= exists[j] != 0;
    EXPECT(marked == 0); /* nowhere else */
  }
  /* 1200 draws of probability 1/3, and 600 of 1/3 that both are one: four standard deviations */
  for (int k = 0; k < 3; k++) ck_assert_int_le(abs(of_pair[k] - 400), 66);
  ck_assert_int_le(abs(twice - 200), 47);
}
END_TEST

Suite *multapses_suite(void);

Suite *multapses_suite(void)
{
  Suite *suite = suite_create("multapses");
  ADD_CASE(suite, "weights", few_pairs_share_few_synapses, weights_add_up,
           any_number_of_threads_draws_the_same, other_constraints_act_on_pairs);
  ADD_CASE(suite, "refusals", what_cannot_be, numbers_that_cannot_be, each_allocation_fails);
  TCase *draws = tcase_create("draws");
  tcase_add_loop_test(draws, each_draw_is_of_any_pair, 0, 2);
  tcase_add_loop_test(draws, numbers_of_a_pair_are_binomial, 0, 2);
  suite_add_tcase(suite, draws);
  return suite;
}
