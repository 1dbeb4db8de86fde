/* Strong-sparse, weak-dense: the first weights of excitation and inhibition under Dale's law. */
#include <math.h>
#include <stdlib.h>

#include "faults.h"
#include "networks.h"

/* Strong ones are of strength 1 or more; of the weak ones few come near in these networks. */
static int is_strong(const nai_view *w, int64_t i, int64_t j)
{
  return at(w, i, j) >= 1;
}

/*
 * Counts for each unit of `from` onto how many of `to` it has a strong synapse, for each unit of
 * `to` how many it gets; adds to both.
 */
static void count(int *given, int *got, const nai_network *net, const char *from, const char *to)
{
  nai_view w = weights_of(net, from, to);
  for (int64_t i = 0; i < w.shape[0]; i++)
    for (int64_t j = 0; j < w.shape[1]; j++) {
      given[j] += is_strong(&w, i, j);
      got[i] += is_strong(&w, i, j);
    }
}

static void expect_all(const int *counts, int64_t n, int expected)
{
  for (int64_t i = 0; i < n; i++)
    if (counts[i] != expected) ck_abort_msg("unit %d: %d, not %d", (int)i, counts[i], expected);
}

/* Row sums are 0 but for four roundings of each weight: 6 of their standard deviations. */
static void expect_balanced(const nai_network *net, const char *const *from, int n, const char *to)
{
  for (int64_t i = 0; i < nai_network_size(net, NAI_POPULATIONS, to); i++) {
    double sum = 0, square = 0;
    for (int k = 0; k < n; k++) {
      nai_view w = weights_of(net, from[k], to);
      for (int64_t j = 0; j < w.shape[1]; j++) {
        sum += (double)at(&w, i, j);
        square += (double)at(&w, i, j) * (double)at(&w, i, j);
      }
    }
    if (!(fabs(sum) <= 6 * sqrt(4 * square / 3) * 0x1p-24))
      ck_abort_msg("row %d of %s sums to %g", (int)i, to, sum);
  }
}

static nai_network *compose_strong(int64_t n_e, int64_t n_i)
{
  nai_network *net = compose_ei(n_e, n_i);
  expect_ok(nai_network_set_initial_weights(net, "E I", "E I", NAI_WEIGHTS_STRONG_WEAK, 0, 0));
  return net;
}

static nai_network *build_strong(int64_t n_e, int64_t n_i, uint64_t seed)
{
  nai_network *net = compose_strong(n_e, n_i);
  expect_ok(nai_network_build(net, seed));
  return net;
}

/*
 * Two excitatory units and an inhibitory one with an autapse. The strong part is certain: 1 from E2
 * to E1, from E1 to E2, from one of them to I, and -1 from I to all. The weak part has rows of sum 0
 * and radius 0.3: the variances of its columns add up to 0.09, counted within each projection.
 */
START_TEST(the_smallest_by_hand)
{
  nai_network *net = compose_strong(2, 1);
  expect_ok(nai_network_set_autapses(net, "I", "I", 1));
  expect_ok(nai_network_build(net, 3));
  nai_view ee = weights_of(net, "E", "E"), ei = weights_of(net, "E", "I"),
           ie = weights_of(net, "I", "E"), ii = weights_of(net, "I", "I");
  EXPECT(at(&ee, 0, 0) == 0 && at(&ee, 1, 1) == 0);
  double weak[2] = {(double)at(&ee, 0, 1) - 1, (double)at(&ee, 1, 0) - 1};
  double from_i[2] = {(double)at(&ie, 0, 0) + 1, (double)at(&ie, 1, 0) + 1};
  EXPECT(weak[0] > 0 && weak[1] > 0);
  EXPECT(is_strong(&ei, 0, 0) + is_strong(&ei, 0, 1) == 1);
  for (int i = 0; i < 2; i++) ck_assert_double_eq_tol(from_i[i], -weak[i], 1e-6);
  double to_i = (double)at(&ei, 0, 0) + (double)at(&ei, 0, 1) - 1;
  EXPECT(to_i > 0);
  ck_assert_double_eq_tol((double)at(&ii, 0, 0) + 1, -to_i, 1e-6);
  /* a column (0, x) has squared deviations x^2 / 2, one of one row has none */
  double difference = from_i[0] - from_i[1];
  double sum = (weak[0] * weak[0] + weak[1] * weak[1] + difference * difference) / 2;
  ck_assert_double_eq_tol(sqrt(sum / 3), 0.3, 1e-6);
  nai_network_destroy(net);
}
END_TEST

START_TEST(dense_networks_have_a_derangement)
{
  static const char *const both[] = {"E", "I"};
  for (uint64_t seed = 1; seed < 6; seed++) {
    int to_e[80] = {0}, to_i[80] = {0}, e_got[80] = {0}, i_got[20] = {0};
    nai_network *net = build_strong(80, 20, seed);
    count(to_e, e_got, net, "E", "E");
    count(to_i, i_got, net, "E", "I");
    expect_all(to_e, 80, 1);
    expect_all(e_got, 80, 1);
    expect_all(i_got, 20, 1);
    for (int j = 0; j < 80; j++) EXPECT(to_i[j] <= 1);
    expect_balanced(net, both, 2, "E");
    expect_balanced(net, both, 2, "I");
    nai_spectrum s = NAI_SPECTRUM_INIT;
    expect_ok(nai_network_spectrum(&s, NULL, NULL, 0, net, "*"));
    EXPECT(s.radius > 0.8 && s.radius < 1.4); /* permutations have 1 */
    nai_network_destroy(net);
  }
}
END_TEST

/* More inhibitory than excitatory units: each of these serves as many. */
START_TEST(too_few_senders_are_used_again)
{
  int given[10] = {0}, got[30] = {0};
  nai_network *net = build_strong(10, 30, 1);
  count(given, got, net, "E", "I");
  expect_all(given, 10, 3);
  expect_all(got, 30, 1);
  nai_network_destroy(net);
}
END_TEST

static nai_network *build_masked(const uint8_t *mask, int64_t n, uint64_t seed)
{
  nai_network *net = compose_strong(n, 4);
  nai_constraint *constraint;
  expect_ok(nai_constraint_create_mask(&constraint, mask, n, n));
  expect_ok(nai_network_constrain(net, "E", "E", constraint));
  nai_constraint_destroy(constraint);
  expect_ok(nai_network_build(net, seed));
  return net;
}

/*
 * Unit i may get synapses from 0 to i - 1, unit 0 from the last alone: only one choice gives all
 * units senders of their own, from i - 1 to i, and nearly each first choice has to be changed.
 */
START_TEST(masks_with_one_solution)
{
  enum { N = 70 }; /* more than the bits of a word */
  uint8_t mask[N * N] = {0};
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) mask[i * N + j] = i == 0 ? j == N - 1 : j < i;
  for (uint64_t seed = 1; seed < 4; seed++) {
    nai_network *net = build_masked(mask, N, seed);
    nai_view w = weights_of(net, "E", "E");
    for (int i = 0; i < N; i++) EXPECT(is_strong(&w, i, (i + N - 1) % N));
    nai_network_destroy(net);
  }
}
END_TEST

/* Units 0 to 2 have but one sender, 3, which they share; unit 4 has none, and stays without. */
START_TEST(masks_without_a_solution)
{
  enum { N = 6 };
  uint8_t mask[N * N] = {0};
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) mask[i * N + j] = i < 3 ? j == 3 : i != 4;
  nai_network *net = build_masked(mask, N, 1);
  nai_view w = weights_of(net, "E", "E");
  for (int i = 0; i < N; i++) {
    int strong = 0;
    for (int j = 0; j < N; j++) strong += is_strong(&w, i, j);
    ck_assert_int_eq(strong, i != 4);
  }
  nai_network_destroy(net);
}
END_TEST

/* Populations in two areas, with delays and a mask: one matching over all excitatory units. */
START_TEST(several_populations)
{
  static const char *const all[] = {"E", "I", "F", "SST"}, *const excite[] = {"E", "F"};
  nai_network *net = compose_ei(40, 12);
  expect_ok(nai_network_add_population(net, "F", 30, NAI_EXCITATORY));
  expect_ok(nai_network_add_population(net, "SST", 8, NAI_INHIBITORY));
  expect_ok(nai_network_connect(net, "E I", "F SST"));
  expect_ok(nai_network_connect(net, "F SST", "E I F SST"));
  expect_ok(nai_network_set_delay(net, "E", "F", 60));
  expect_ok(nai_network_set_initial_weights(net, "E I F SST", "E I F SST", NAI_WEIGHTS_STRONG_WEAK,
                                            0, 0));
  make_sparse(net, "E I F SST", 0.5);
  expect_ok(nai_network_build(net, 2));
  int given[70] = {0}, to_others[70] = {0}, got[4][40] = {{0}};
  for (int to = 0; to < 4; to++)
    for (int k = 0; k < 2; k++)
      count((to % 2 ? to_others : given) + 40 * k, got[to], net, excite[k], all[to]);
  expect_all(given, 70, 1);
  for (int k = 0; k < 70; k++) EXPECT(to_others[k] <= 1);
  for (int to = 0; to < 4; to++) {
    expect_all(got[to], nai_network_size(net, NAI_POPULATIONS, all[to]), 1);
    expect_balanced(net, all, 4, all[to]);
  }
  nai_network_destroy(net);
}
END_TEST

/* Autapses exist where they are allowed, and are never strong. */
START_TEST(no_unit_excites_itself_strongly)
{
  for (uint64_t seed = 1; seed < 20; seed++) {
    nai_network *net = compose_strong(3, 2);
    expect_ok(nai_network_set_autapses(net, "*", "*", 1));
    expect_ok(nai_network_build(net, seed));
    int given[3] = {0}, got[3] = {0};
    count(given, got, net, "E", "E");
    nai_view w = weights_of(net, "E", "E");
    for (int i = 0; i < 3; i++) EXPECT(at(&w, i, i) > 0 && !is_strong(&w, i, i));
    expect_all(got, 3, 1);
    nai_network_destroy(net);
  }
}
END_TEST

/* Units with branches have none: a row is of a branch, and there are more of them than units. */
START_TEST(units_with_branches_get_none)
{
  nai_network *net = compose_ei(30, 10);
  expect_ok(nai_network_add_population(net, "D", 20, NAI_EXCITATORY));
  expect_ok(nai_network_set_model(net, "D", "dendritic"));
  expect_ok(nai_network_set_model_size(net, "D", "branches", 3));
  expect_ok(nai_network_connect(net, "E I", "D D:dendrite"));
  expect_ok(nai_network_connect(net, "D", "D E I"));
  make_sparse(net, "*", 0.5);
  expect_ok(nai_network_build(net, 2));
  nai_view branches = weights_of(net, "E", "D:dendrite+"), somas = weights_of(net, "D", "D:soma");
  ck_assert_int_eq(branches.shape[0], 60);
  for (int64_t i = 0; i < 60; i++)
    for (int64_t j = 0; j < 30; j++) EXPECT(!is_strong(&branches, i, j));
  for (int64_t i = 0; i < 20; i++)
    for (int64_t j = 0; j < 20; j++) EXPECT(!is_strong(&somas, i, j));
  int given[30] = {0}, got[30] = {0}, from_branched[20] = {0};
  count(given, got, net, "E", "E");
  count(from_branched, got, net, "D", "E");
  expect_all(got, 30, 1); /* rate units have theirs, from whichever */
  nai_network_destroy(net);
}
END_TEST

static uint64_t hash_with(int32_t kind, int32_t sign)
{
  nai_network *net = compose_one("A", 12, sign);
  expect_ok(nai_network_add_population(net, "B", 5, -sign));
  expect_ok(nai_network_add_output(net, "z", 3));
  expect_ok(nai_network_connect(net, "B", "A B"));
  expect_ok(nai_network_connect(net, "A", "B z"));
  expect_ok(nai_network_set_initial_weights(net, "A B", "A B", kind, 0, 0));
  if (kind == NAI_WEIGHTS_BALANCED)
    expect_ok(nai_network_set_initial_weights(net, "A", "z", kind, 0, 0));
  expect_ok(nai_network_build(net, 5));
  uint64_t hash = hash_of(net);
  nai_network_destroy(net);
  return hash;
}

START_TEST(the_default_is_strong_and_weak)
{
  for (int32_t sign = -1; sign <= 1; sign += 2) {
    EXPECT(hash_with(NAI_WEIGHTS_DEFAULT, sign) == hash_with(NAI_WEIGHTS_STRONG_WEAK, sign));
    EXPECT(hash_with(NAI_WEIGHTS_DEFAULT, sign) != hash_with(NAI_WEIGHTS_BALANCED, sign));
  }
  EXPECT(hash_with(NAI_WEIGHTS_DEFAULT, NAI_FREE) == hash_with(NAI_WEIGHTS_BALANCED, NAI_FREE));
}
END_TEST

/* Beside balanced weights, or onto what is not balanced, there are no strong ones. */
START_TEST(the_default_where_nothing_can_be_strong)
{
  for (int unbalanced = 0; unbalanced < 2; unbalanced++) {
    uint64_t hash[2];
    for (int32_t named = 0; named < 2; named++) {
      nai_network *net = compose_ei(20, 5);
      const char *from = named ? "E I" : "E";
      if (unbalanced) expect_ok(nai_network_set_balance(net, "E I", 0));
      if (!unbalanced || named)
        expect_ok(
            nai_network_set_initial_weights(net, from, "E I", NAI_WEIGHTS_BALANCED, NAN, NAN));
      expect_ok(nai_network_build(net, 1));
      hash[named] = hash_of(net);
      nai_network_destroy(net);
    }
    EXPECT(hash[0] == hash[1]);
  }
}
END_TEST

START_TEST(where_it_is_refused)
{
  static const struct {
    const char *from, *to, *other, *no_balance;
  } bad[] = {{"stimulus", "E", NULL, NULL}, {"E", "choice", NULL, NULL}, {"E", "E", "I", NULL},
             {"E I", "E", NULL, "E"},       {"E", "R", NULL, NULL},      {"R", "E", NULL, NULL}};
  for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
    nai_network *net = compose_ei(4, 2);
    expect_ok(nai_network_add_population(net, "R", 3, NAI_FREE));
    expect_ok(nai_network_connect(net, "E", "R"));
    if (k == 5) expect_ok(nai_network_connect(net, "R", "E"));
    expect_ok(nai_network_set_initial_weights(net, bad[k].from, bad[k].to, NAI_WEIGHTS_STRONG_WEAK,
                                              NAN, NAN));
    if (bad[k].other)
      expect_ok(
          nai_network_set_initial_weights(net, bad[k].other, bad[k].to, NAI_WEIGHTS_UNIFORM, 0, 1));
    if (bad[k].no_balance) expect_ok(nai_network_set_balance(net, bad[k].no_balance, 0));
    expect_fails(nai_network_build(net, 1), NAI_ERR_INVALID, "strong and weak weights from '");
    nai_network_destroy(net);
  }
}
END_TEST

START_TEST(building_without_memory)
{
  nai_network *whole = build_strong(6, 3, 2);
  int failures = 0;
  for (nai_status status = NAI_ERR_MEMORY; status != NAI_OK; failures++) {
    nai_network *net = compose_strong(6, 3);
    faults_fail_allocation(failures);
    status = nai_network_build(net, 2);
    faults_fail_allocation(-1);
    EXPECT(status == NAI_OK || status == NAI_ERR_MEMORY);
    if (status == NAI_OK) EXPECT(hash_of(net) == hash_of(whole));
    nai_network_destroy(net);
  }
  ck_assert_int_gt(failures, 20); /* of which 19 are for the strong synapses */
  nai_network_destroy(whole);
}
END_TEST

Suite *strong_suite(void);

Suite *strong_suite(void)
{
  Suite *suite = suite_create("strong");
  ADD_CASE(suite, "start", the_smallest_by_hand, dense_networks_have_a_derangement,
           too_few_senders_are_used_again, several_populations, no_unit_excites_itself_strongly,
           units_with_branches_get_none);
  ADD_CASE(suite, "masks", masks_with_one_solution, masks_without_a_solution);
  ADD_CASE(suite, "choice", the_default_is_strong_and_weak, the_default_where_nothing_can_be_strong,
           where_it_is_refused, building_without_memory);
  return suite;
}
