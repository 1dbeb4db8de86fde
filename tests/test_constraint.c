/* lib/constraint, and the user's own: what synapses may be, at the build and under learning. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/network/network.h"
#include "faults.h"
#include "networks.h"

/* Attaches a constraint and gives up the only other reference. */
static void attach(nai_network *net, const char *from, const char *to, nai_constraint *constraint)
{
  expect_ok(nai_network_constrain(net, from, to, constraint));
  nai_constraint_destroy(constraint);
}

static nai_constraint *sparse(double density)
{
  nai_constraint *c;
  expect_ok(nai_constraint_create_sparse(&c, density));
  return c;
}

static nai_constraint *mask(const uint8_t *array, int64_t n_post, int64_t n_pre)
{
  nai_constraint *c;
  expect_ok(nai_constraint_create_mask(&c, array, n_post, n_pre));
  return c;
}

static nai_constraint *fixed(const uint8_t *array, int64_t n_post, int64_t n_pre)
{
  nai_constraint *c;
  expect_ok(nai_constraint_create_fixed(&c, array, n_post, n_pre));
  return c;
}

static nai_constraint *dale(int32_t mode)
{
  nai_constraint *c;
  expect_ok(nai_constraint_create_dale(&c, mode));
  return c;
}

static nai_constraint *sign(int32_t sign)
{
  nai_constraint *c;
  expect_ok(nai_constraint_create_sign(&c, sign));
  return c;
}

static nai_constraint *nonnegative(void)
{
  nai_constraint *c;
  expect_ok(nai_constraint_create_nonnegative(&c));
  return c;
}

static nai_constraint *max_weight(double limit)
{
  nai_constraint *c;
  expect_ok(nai_constraint_create_max_weight(&c, limit));
  return c;
}

static nai_constraint *distance(double peak, double length)
{
  nai_constraint *c;
  expect_ok(nai_constraint_create_distance(&c, peak, length));
  return c;
}

/* --- which synapses exist --------------------------------------------------------------------- */

/* Population "A" of n_pre sends to "B" of n_post. */
static nai_network *compose_pair(int64_t n_pre, int64_t n_post, int32_t sign_of_a)
{
  nai_network *net =
      COMPOSE(.dt = 20, .populations = {{"A", n_pre, sign_of_a}, {"B", n_post, NAI_FREE}},
              .projections = {{"A", "B"}});
  return net;
}

/* Synapses of A to B, within 5 standard deviations of a binomial; and by row and by column. */
static void expect_density(const nai_network *net, double p)
{
  nai_view view = mask_of(net, "A", "B"), w = weights_of(net, "A", "B");
  int64_t n_post = view.shape[0], n_pre = view.shape[1];
  double all = 0, rows = 0, columns = 0;
  for (int64_t i = 0; i < n_post; i++) {
    double row = 0;
    for (int64_t j = 0; j < n_pre; j++) {
      EXPECT(at(&view, i, j) == 0 || at(&view, i, j) == 1);
      EXPECT((at(&w, i, j) != 0) == (at(&view, i, j) != 0));
      row += (double)at(&view, i, j);
    }
    rows += pow(row - p * (double)n_pre, 2) / ((double)n_pre * p * (1 - p));
    all += row;
  }
  for (int64_t j = 0; j < n_pre; j++) {
    double column = 0;
    for (int64_t i = 0; i < n_post; i++) column += (double)at(&view, i, j);
    columns += pow(column - p * (double)n_post, 2) / ((double)n_post * p * (1 - p));
  }
  double n = (double)(n_post * n_pre);
  ck_assert_double_lt(fabs(all - n * p), 5 * sqrt(n * p * (1 - p)));
  /* chi square with as many degrees of freedom as rows, columns */
  ck_assert_double_lt(fabs(rows - (double)n_post), 5 * sqrt(2 * (double)n_post));
  ck_assert_double_lt(fabs(columns - (double)n_pre), 5 * sqrt(2 * (double)n_pre));
}

static void expect_sparse(int64_t n_pre, int64_t n_post)
{
  static const double densities[] = {0.01, 0.2, 0.5, 0.95};
  for (int k = 0; k < 4; k++) {
    nai_network *net = compose_pair(n_pre, n_post, NAI_FREE);
    attach(net, "A", "B", sparse(densities[k]));
    expect_ok(nai_network_build(net, 5));
    expect_density(net, densities[k]);
    nai_network_destroy(net);
  }
  /* two of them are independent */
  nai_network *net = compose_pair(n_pre, n_post, NAI_FREE);
  nai_constraint *half = sparse(0.5);
  expect_ok(nai_network_constrain(net, "A", "B", half));
  attach(net, "A", "B", half);
  expect_ok(nai_network_build(net, 5));
  expect_density(net, 0.25);
  nai_network_destroy(net);
}

START_TEST(sparse_connection)
{
  expect_sparse(200, 300);
  expect_sparse(3000, 400); /* by skips */
}
END_TEST

START_TEST(all_and_none)
{
  for (int p = 0; p < 2; p++) {
    nai_network *net = compose_pair(20, 30, NAI_FREE), *wide = compose_pair(3000, 1, NAI_FREE);
    attach(net, "A", "B", sparse(p));
    attach(wide, "A", "B", sparse(p));
    expect_ok(nai_network_build(wide, 5));
    nai_view wide_exists = mask_of(wide, "A", "B");
    for (int64_t j = 0; j < 3000; j++) EXPECT(at(&wide_exists, 0, j) == (float)p);
    nai_network_destroy(wide);
    expect_ok(nai_network_build(net, 5));
    nai_view exists = mask_of(net, "A", "B"), learns = plastic_of(net, "A", "B");
    for (int64_t k = 0; k < 600; k++)
      EXPECT(at(&exists, k / 20, k % 20) == (float)p && at(&learns, k / 20, k % 20) == (float)p);
    nai_network_destroy(net);
  }
}
END_TEST

/* Projections that share a constraint draw their own synapses. */
START_TEST(each_projection_draws_its_own)
{
  nai_network *net = build_ei(4, 4, 1);
  nai_network_destroy(net);
  net = compose_ei(20, 20);
  attach(net, "E I", "E I", sparse(0.5));
  expect_ok(nai_network_build(net, 1));
  static const char *const ends[][2] = {{"E", "E"}, {"E", "I"}, {"I", "E"}, {"I", "I"}};
  for (int a = 0; a < 4; a++)
    for (int b = 0; b < a; b++) {
      nai_view x = mask_of(net, ends[a][0], ends[a][1]), y = mask_of(net, ends[b][0], ends[b][1]);
      double same = 0;
      for (int64_t k = 0; k < 400; k++)
        same += k / 20 != k % 20 && at(&x, k / 20, k % 20) == at(&y, k / 20, k % 20);
      ck_assert_double_lt(fabs(same - 190), 5 * sqrt(95));
    }
  nai_network_destroy(net);
}
END_TEST

START_TEST(masks)
{
  uint8_t array[12] = {1, 0, 0, 255, 0, 1, 1, 0, 2, 0, 0, 1};
  nai_network *net = compose_pair(4, 3, NAI_FREE);
  attach(net, "A", "B", mask(array, 3, 4));
  uint8_t was[12];
  memcpy(was, array, sizeof was);
  memset(array, 1, sizeof array); /* it was copied */
  expect_ok(nai_network_build(net, 1));
  nai_view exists = mask_of(net, "A", "B"), w = weights_of(net, "A", "B");
  for (int64_t k = 0; k < 12; k++) {
    EXPECT(at(&exists, k / 4, k % 4) == (was[k] != 0));
    EXPECT((at(&w, k / 4, k % 4) != 0) == (was[k] != 0));
  }
  nai_network_destroy(net);
  static const int64_t shapes[][2] = {{4, 3}, {3, 3}, {2, 4}, {3, 5}, {12, 1}};
  for (int i = 0; i < 5; i++) {
    uint8_t ones[16];
    memset(ones, 1, sizeof ones);
    net = compose_pair(4, 3, NAI_FREE);
    attach(net, "A", "B", mask(ones, shapes[i][0], shapes[i][1]));
    expect_fails(nai_network_build(net, 1), NAI_ERR_INVALID, "from 'A' to 'B' it must be [3, 4]");
    nai_network_destroy(net);
    net = compose_pair(4, 3, NAI_FREE);
    attach(net, "A", "B", fixed(ones, shapes[i][0], shapes[i][1]));
    expect_fails(nai_network_build(net, 1), NAI_ERR_INVALID, "fixed is [");
    nai_network_destroy(net);
  }
}
END_TEST

/* In each tenth of the distances as many synapses as peak exp(-d / length) has it. */
START_TEST(connection_falls_with_distance)
{
  enum { PRE = 300, POST = 400, BINS = 10 };
  const double peak = 0.8, length = 0.4;
  nai_network *net = compose_pair(PRE, POST, NAI_FREE);
  expect_ok(nai_network_place_box(net, "A", 1, 1, 1));
  expect_ok(nai_network_place_sphere(net, "B", 0.5));
  attach(net, "A", "B", distance(peak, length));
  expect_ok(nai_network_build(net, 9));
  nai_view exists = mask_of(net, "A", "B"), pre = positions_of(net, "A"),
           post = positions_of(net, "B");
  double found[BINS] = {0}, expected[BINS] = {0}, variance[BINS] = {0};
  for (int64_t i = 0; i < POST; i++)
    for (int64_t j = 0; j < PRE; j++) {
      double square = 0;
      for (int k = 0; k < 3; k++) square += pow((double)(at(&post, i, k) - at(&pre, j, k)), 2);
      int bin = (int)fmin(sqrt(square) / 0.2, BINS - 1);
      double p = peak * exp(-sqrt(square) / length);
      found[bin] += (double)at(&exists, i, j);
      expected[bin] += p;
      variance[bin] += p * (1 - p);
    }
  for (int b = 0; b < BINS; b++) {
    EXPECT(expected[b] > 10);
    ck_assert_double_lt(fabs(found[b] - expected[b]), 4 * sqrt(variance[b]));
  }
  nai_network_destroy(net);
}
END_TEST

START_TEST(distances_need_positions)
{
  for (int placed = 0; placed < 2; placed++) {
    nai_network *net = compose_pair(4, 3, NAI_FREE);
    expect_ok(nai_network_place_sphere(net, placed ? "A" : "B", 1));
    attach(net, "A", "B", distance(1, 1));
    expect_fails(nai_network_build(net, 1), NAI_ERR_ORDER,
                 placed ? "'B' has no positions" : "'A' has no positions");
    nai_network_destroy(net);
  }
}
END_TEST

static nai_constraint *indegree(int64_t n)
{
  nai_constraint *c;
  expect_ok(nai_constraint_create_indegree(&c, n));
  return c;
}

static nai_constraint *outdegree(int64_t n)
{
  nai_constraint *c;
  expect_ok(nai_constraint_create_outdegree(&c, n));
  return c;
}

static nai_constraint *total(int64_t n)
{
  nai_constraint *c;
  expect_ok(nai_constraint_create_total(&c, n));
  return c;
}

static nai_constraint *list(const int64_t *pre, const int64_t *post, int64_t n)
{
  nai_constraint *c;
  expect_ok(nai_constraint_create_list(&c, pre, post, n));
  return c;
}

static int64_t row_of(const nai_view *exists, int64_t i)
{
  int64_t n = 0;
  for (int64_t j = 0; j < exists->shape[1]; j++) n += at(exists, i, j) != 0;
  return n;
}

static int64_t column_of(const nai_view *exists, int64_t j)
{
  int64_t n = 0;
  for (int64_t i = 0; i < exists->shape[0]; i++) n += at(exists, i, j) != 0;
  return n;
}

/* Each row has as many synapses; columns have what is left to chance. */
START_TEST(each_receiver_has_so_many_senders)
{
  enum { PRE = 200, POST = 300 };
  static const int64_t degrees[] = {0, 1, 40, 199, 200};
  for (int k = 0; k < 5; k++) {
    double n = (double)degrees[k], columns = 0, p = n / PRE;
    nai_network *net = compose_pair(PRE, POST, NAI_FREE);
    attach(net, "A", "B", indegree(degrees[k]));
    expect_ok(nai_network_build(net, 5));
    nai_view exists = mask_of(net, "A", "B");
    for (int64_t i = 0; i < POST; i++) EXPECT(row_of(&exists, i) == degrees[k]);
    for (int64_t j = 0; j < PRE; j++)
      columns +=
          pow((double)column_of(&exists, j) - p * POST, 2) / (POST * fmax(p * (1 - p), 1e-9));
    if (p > 0 && p < 1)
      ck_assert_double_lt(fabs(columns - PRE), 5 * sqrt(2.0 * PRE));
    else
      EXPECT(columns == 0);
    nai_network_destroy(net);
  }
}
END_TEST

START_TEST(each_sender_has_so_many_receivers)
{
  enum { PRE = 300, POST = 200 };
  static const int64_t degrees[] = {0, 1, 40, 199, 200};
  for (int k = 0; k < 5; k++) {
    double n = (double)degrees[k], rows = 0, p = n / POST;
    nai_network *net = compose_pair(PRE, POST, NAI_FREE);
    attach(net, "A", "B", outdegree(degrees[k]));
    expect_ok(nai_network_build(net, 5));
    nai_view exists = mask_of(net, "A", "B");
    for (int64_t j = 0; j < PRE; j++) EXPECT(column_of(&exists, j) == degrees[k]);
    for (int64_t i = 0; i < POST; i++)
      rows += pow((double)row_of(&exists, i) - p * PRE, 2) / (PRE * fmax(p * (1 - p), 1e-9));
    if (p > 0 && p < 1)
      ck_assert_double_lt(fabs(rows - POST), 5 * sqrt(2.0 * POST));
    else
      EXPECT(rows == 0);
    nai_network_destroy(net);
  }
}
END_TEST

/* Rows and columns are as binomial as those of a density. */
START_TEST(a_projection_has_so_many_synapses)
{
  static const int64_t totals[] = {600, 12000, 57000};
  for (int k = 0; k < 3; k++) {
    nai_network *net = compose_pair(200, 300, NAI_FREE);
    attach(net, "A", "B", total(totals[k]));
    expect_ok(nai_network_build(net, 5));
    nai_view exists = mask_of(net, "A", "B");
    int64_t n = 0;
    for (int64_t i = 0; i < 300; i++) n += row_of(&exists, i);
    ck_assert_int_eq(n, totals[k]);
    expect_density(net, (double)totals[k] / 60000);
    nai_network_destroy(net);
  }
}
END_TEST

/*
 * All sets of so many pairs are as likely, over many seeds: chi square. The last but one leaves more than half
 * of them, the last one draws from a few of a row.
 */
static const struct {
  char kind; /* 'i'ndegree, 'o'utdegree, 't'otal */
  int64_t pre, post, n;
  uint8_t allowed[12];
  double sets, most; /* of chi square: one in 10000 is above */
} drawn[] = {
    {'i', 4, 1, 2, {1, 1, 1, 1}, 6, 25.7},
    {'o', 1, 4, 2, {1, 1, 1, 1}, 6, 25.7},
    {'o', 2, 3, 1, {1, 1, 1, 1, 1, 1}, 9, 31.8},
    {'o', 2, 4, 1, {1, 1, 0, 1, 1, 0, 0, 1}, 6, 25.7},
    {'t', 2, 2, 2, {1, 1, 1, 1}, 6, 25.7},
    {'t', 3, 2, 4, {1, 1, 1, 1, 1, 1}, 15, 42.6},
    {'t', 6, 2, 3, {1, 0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 1}, 10, 33.7},
};

static int set_of(int which, int32_t storage, uint64_t seed)
{
  const int64_t pairs = drawn[which].pre * drawn[which].post, n = drawn[which].n;
  nai_network *net = compose_pair(drawn[which].pre, drawn[which].post, NAI_FREE);
  expect_ok(nai_network_set_storage(net, "A", "B", storage));
  attach(net, "A", "B", mask(drawn[which].allowed, drawn[which].post, drawn[which].pre));
  attach(net, "A", "B",
         drawn[which].kind == 'i'   ? indegree(n)
         : drawn[which].kind == 'o' ? outdegree(n)
                                    : total(n));
  expect_ok(nai_network_build(net, seed));
  nai_synapse_arrays found = NAI_SYNAPSE_ARRAYS_INIT;
  int32_t post[12], from[12];
  int64_t synapses;
  int set = 0;
  found.post = post;
  found.pre = from;
  expect_ok(nai_network_synapses(&found, 12, &synapses, net, "A", "B"));
  ck_assert_int_le(synapses, pairs);
  for (int64_t k = 0; k < synapses; k++) set |= 1 << (post[k] * drawn[which].pre + from[k]);
  nai_network_destroy(net);
  return set;
}

START_TEST(all_sets_of_pairs_are_as_likely)
{
  const double runs = 1500, each = runs / drawn[_i].sets;
  double found[4096] = {0}, chi = 0, sets = 0;
  for (uint64_t seed = 0; seed < (uint64_t)runs; seed++) {
    const int set = set_of(_i, NAI_STORAGE_LISTED, seed);
    if (seed < 100) ck_assert_int_eq(set, set_of(_i, NAI_STORAGE_DENSE, seed));
    found[set]++;
  }
  for (int set = 0; set < 4096; set++) {
    sets += found[set] > 0;
    if (found[set] > 0) chi += pow(found[set] - each, 2) / each;
  }
  EXPECT(sets == drawn[_i].sets);
  ck_assert_double_lt(chi, drawn[_i].most);
}
END_TEST

/* Of a recurrent projection: never an autapse, unless these are allowed. */
START_TEST(degrees_leave_autapses_out)
{
  for (int which = 0; which < 3; which++)
    for (int32_t autapses = 0; autapses < 2; autapses++) {
      nai_network *net = compose_one("R", 6, NAI_FREE);
      expect_ok(nai_network_set_autapses(net, "R", "R", autapses));
      attach(net, "R", "R", which == 0 ? indegree(5) : which == 1 ? outdegree(5) : total(30));
      expect_ok(nai_network_build(net, 3));
      nai_view exists = mask_of(net, "R", "R");
      int own = 0;
      for (int64_t i = 0; i < 6; i++) own += at(&exists, i, i) != 0;
      EXPECT(autapses ? own > 0 : own == 0);
      nai_network_destroy(net);
    }
}
END_TEST

/* What a mask before it forbids is not drawn; each is named when there is too little. */
START_TEST(degrees_draw_from_what_is_allowed)
{
  static const uint8_t allowed[12] = {1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 1};
  static const struct {
    int64_t onto, from, total;
    const char *words;
  } cases[] = {
      {3, -1, -1, NULL},
      {-1, 2, -1, NULL},
      {-1, -1, 9, NULL},
      {4, -1, -1, "indegree is 4, but unit 0 of 'B' can have only 3 synapses from 'A'"},
      {-1, 3, -1, "outdegree is 3, but unit 0 of 'A' can have only 2 synapses onto 'B'"},
      {-1, -1, 10, "total is 10, but only 9 synapses can exist from 'A' to 'B'"},
  };
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    nai_network *net = compose_pair(4, 3, NAI_FREE);
    attach(net, "A", "B", mask(allowed, 3, 4));
    attach(net, "A", "B",
           cases[c].onto >= 0   ? indegree(cases[c].onto)
           : cases[c].from >= 0 ? outdegree(cases[c].from)
                                : total(cases[c].total));
    if (cases[c].words) {
      expect_fails(nai_network_build(net, 1), NAI_ERR_INVALID, cases[c].words);
    } else {
      expect_ok(nai_network_build(net, 1));
      nai_view exists = mask_of(net, "A", "B");
      for (int64_t k = 0; k < 12; k++) EXPECT(at(&exists, k / 4, k % 4) <= (float)allowed[k]);
      for (int64_t i = 0; i < 3 && cases[c].onto > 0; i++) EXPECT(row_of(&exists, i) == 3);
      for (int64_t j = 0; j < 4 && cases[c].from > 0; j++) EXPECT(column_of(&exists, j) == 2);
    }
    nai_network_destroy(net);
  }
}
END_TEST

START_TEST(synapses_that_are_listed)
{
  int64_t pre[] = {3, 0, 3, 1}, post[] = {0, 2, 1, 2};
  for (int64_t n = 0; n <= 4; n += 2) {
    nai_network *net = compose_pair(4, 3, NAI_FREE);
    nai_constraint *c = n ? list(pre, post, n) : list(NULL, NULL, 0);
    int64_t was = pre[0];
    pre[0] = 2; /* it was copied */
    attach(net, "A", "B", c);
    expect_ok(nai_network_build(net, 1));
    pre[0] = was;
    nai_view exists = mask_of(net, "A", "B"), w = weights_of(net, "A", "B");
    for (int64_t i = 0; i < 3; i++)
      for (int64_t j = 0; j < 4; j++) {
        int there = 0;
        for (int64_t k = 0; k < n; k++) there |= pre[k] == j && post[k] == i;
        EXPECT((at(&exists, i, j) != 0) == there && (at(&w, i, j) != 0) == there);
      }
    nai_network_destroy(net);
  }
  /* with a mask: what both have */
  static const uint8_t allowed[12] = {1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1};
  nai_network *net = compose_pair(4, 3, NAI_FREE);
  attach(net, "A", "B", mask(allowed, 3, 4));
  attach(net, "A", "B", list(pre, post, 4));
  expect_ok(nai_network_build(net, 1));
  nai_view exists = mask_of(net, "A", "B");
  for (int64_t k = 0; k < 12; k++)
    EXPECT((at(&exists, k / 4, k % 4) != 0) == (k == 7 || k == 8 || k == 9));
  nai_network_destroy(net);
}
END_TEST

START_TEST(lists_that_are_refused)
{
  static const struct {
    int64_t pre[2], post[2];
    const char *words;
  } cases[] = {
      {{0, 6}, {1, 0}, "pre[1] of the list from 'R' to 'R' is 6, but 'R' has 6 units"},
      {{0, 1}, {INT64_MAX, 0}, "post[0] of the list from 'R' to 'R' is 9223372036854775807"},
      {{4, 4}, {2, 2}, "has the pair of pre 4 and post 2 twice, at [1] again"},
      {{1, 3}, {2, 3}, "pre[1] is 3 and post[1] is 3 in the list from 'R' to 'R': an autapse"},
  };
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    nai_network *net = compose_one("R", 6, NAI_FREE);
    attach(net, "R", "R", list(cases[c].pre, cases[c].post, 2));
    expect_fails(nai_network_build(net, 1), NAI_ERR_INVALID, cases[c].words);
    nai_network_destroy(net);
  }
  nai_network *net = compose_one("R", 6, NAI_FREE);
  expect_ok(nai_network_set_autapses(net, "R", "R", 1));
  attach(net, "R", "R", list(cases[3].pre, cases[3].post, 2));
  expect_ok(nai_network_build(net, 1));
  nai_view exists = mask_of(net, "R", "R");
  EXPECT(at(&exists, 3, 3) == 1 && at(&exists, 2, 1) == 1);
  nai_network_destroy(net);
}
END_TEST

/* --- signs ------------------------------------------------------------------------------------ */

/*
 * Of the weights of a projection [10, 10]; where they are drawn from numbers of both signs also that
 * a free one has both.
 */
static void expect_sign(nai_network *net, const char *from, const char *to, int32_t expected,
                        int both)
{
  nai_view w = weights_of(net, from, to);
  int positive = 0, negative = 0;
  for (int64_t k = 0; k < 100; k++) {
    positive += at(&w, k / 10, k % 10) > 0;
    negative += at(&w, k / 10, k % 10) < 0;
  }
  EXPECT((positive > 0) == (expected >= 0));
  EXPECT((negative > 0) == (expected < 0 || (expected == 0 && both)));
  /* and the same may be set */
  float values[100] = {0};
  values[37] = 1;
  EXPECT((nai_network_set_weights(net, from, to, values, 10, 10) == NAI_OK) == (expected >= 0));
  values[37] = -1;
  EXPECT((nai_network_set_weights(net, from, to, values, 10, 10) == NAI_OK) == (expected <= 0));
}

START_TEST(each_projection_has_its_sign)
{
  static const struct {
    int32_t population;
    int which; /* 0 nothing, 1 clamp, 2 reflect, 3 off, 4 sign +, 5 sign -, 6 nonnegative */
    int32_t expected;
  } cases[] = {{NAI_EXCITATORY, 0, 1},  {NAI_EXCITATORY, 1, 1},  {NAI_EXCITATORY, 2, 1},
               {NAI_EXCITATORY, 3, 0},  {NAI_EXCITATORY, 4, 1},  {NAI_EXCITATORY, 5, -1},
               {NAI_INHIBITORY, 0, -1}, {NAI_INHIBITORY, 1, -1}, {NAI_INHIBITORY, 2, -1},
               {NAI_INHIBITORY, 3, 0},  {NAI_INHIBITORY, 4, 1},  {NAI_INHIBITORY, 6, 1},
               {NAI_FREE, 0, 0},        {NAI_FREE, 1, 0},        {NAI_FREE, 2, 0},
               {NAI_FREE, 3, 0},        {NAI_FREE, 5, -1},       {NAI_FREE, 6, 1}};
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    nai_network *net = compose_pair(10, 10, cases[c].population);
    int which = cases[c].which;
    if (which >= 1 && which <= 3)
      attach(net, "A", "B",
             dale((int32_t[]){NAI_DALE_CLAMP, NAI_DALE_REFLECT, NAI_DALE_OFF}[which - 1]));
    if (which == 4 || which == 5) attach(net, "A", "B", sign(which == 4 ? 1 : -1));
    if (which == 6) attach(net, "A", "B", nonnegative());
    expect_ok(nai_network_build(net, 1));
    expect_sign(net, "A", "B", cases[c].expected, 1);
    nai_network_destroy(net);
  }
}
END_TEST

/* As of populations; said before or after they are connected. */
START_TEST(inputs_have_signs)
{
  static const struct {
    int32_t kind;
    int both; /* it draws numbers of both signs */
  } draws[] = {{NAI_WEIGHTS_DEFAULT, 1}, {NAI_WEIGHTS_UNIFORM, 0},   {NAI_WEIGHTS_NORMAL, 1},
               {NAI_WEIGHTS_GAMMA, 0},   {NAI_WEIGHTS_LOGNORMAL, 0}, {NAI_WEIGHTS_ORTHOGONAL, 1}};
  for (int32_t input = NAI_INHIBITORY; input <= NAI_EXCITATORY; input++)
    for (size_t d = 0; d < sizeof draws / sizeof *draws; d++) {
      nai_network *net;
      int32_t sign_of_u = 7;
      expect_ok(nai_network_create(&net, 20));
      expect_ok(nai_network_add_input(net, "u", 10));
      expect_ok(nai_network_add_population(net, "B", 10, NAI_FREE));
      if (d % 2) expect_ok(nai_network_set_sign(net, "u", input));
      expect_ok(nai_network_connect(net, "u B", "B"));
      expect_ok(nai_network_set_initial_weights(net, "u", "B", draws[d].kind, 0.5, 0.7));
      if (d % 2 == 0) expect_ok(nai_network_set_sign(net, "u*", input));
      expect_ok(nai_network_build(net, 1));
      expect_ok(nai_network_sign(&sign_of_u, net, "u"));
      ck_assert_int_eq(sign_of_u, input);
      expect_sign(net, "u", "B", input, draws[d].both);
      expect_sign(net, "B", "B", 0, 1);
      nai_network_destroy(net);
    }
}
END_TEST

/* What is said of one population after another sign was given with it. */
START_TEST(signs_of_populations_can_be_changed)
{
  nai_network *net = compose_pair(10, 10, NAI_EXCITATORY);
  expect_ok(nai_network_set_sign(net, "A", NAI_INHIBITORY));
  expect_ok(nai_network_build(net, 1));
  expect_sign(net, "A", "B", NAI_INHIBITORY, 1);
  nai_network_destroy(net);
}
END_TEST

/* Weights that an optimiser has just moved, and its running means, after clamp and reflect. */
START_TEST(clamped_or_reflected)
{
  static const float moved[4] = {0.5f, -0.25f, 0, -2};
  static const float clamped[4] = {0.5f, 0, 0, 0}, reflected[4] = {0.5f, 0.25f, 0, 2};
  for (int population = -1; population <= 1; population += 2)
    for (int32_t mode = NAI_DALE_OFF; mode <= NAI_DALE_REFLECT; mode++) {
      nai_network *net = compose_pair(4, 1, population);
      attach(net, "A", "B", dale(mode));
      expect_ok(nai_network_build(net, 1));
      float *momentum = calloc((size_t)net->n_theta, sizeof *momentum),
            *before = calloc((size_t)net->n_theta, sizeof *before);
      memcpy(before, net->theta, (size_t)net->n_theta * sizeof *before);
      float *w = net->theta + net->projection[0].at.start,
            *m = momentum + net->projection[0].at.start;
      for (int j = 0; j < 4; j++) {
        w[j] = (float)population * moved[j];
        m[j] = (float)(j + 1);
      }
      expect_ok(nai__project(net, momentum, before));
      for (int j = 0; j < 4; j++) {
        const float *expected = mode == NAI_DALE_OFF     ? moved
                                : mode == NAI_DALE_CLAMP ? clamped
                                                         : reflected;
        EXPECT(w[j] == (float)population * expected[j]);
        int flips = mode == NAI_DALE_REFLECT && moved[j] < 0;
        EXPECT(m[j] == (float)(flips ? -(j + 1) : j + 1));
      }
      free(momentum);
      free(before);
      nai_network_destroy(net);
    }
}
END_TEST

/* Reflecting is training |w|: the same path as a free weight whose absolute value acts. */
START_TEST(reflecting_is_training_the_absolute_value)
{
  nai_network *net = compose_pair(1, 1, NAI_EXCITATORY);
  attach(net, "A", "B", dale(NAI_DALE_REFLECT));
  expect_ok(nai_network_build(net, 1));
  int64_t start = net->projection[0].at.start;
  float *momentum = calloc((size_t)net->n_theta, sizeof *momentum),
        *before = calloc((size_t)net->n_theta, sizeof *before);
  float raw = net->theta[start], raw_mean = 0;
  int crossed = 0;
  for (uint64_t k = 0; k < 300; k++) {
    /* dJ/d|w|, any function of k and of the effective weight */
    float g = (float)nai_random_normal(3, 0, k) + fabsf(raw);
    memcpy(before, net->theta, (size_t)net->n_theta * sizeof *before);
    float *w = &net->theta[start], *m = &momentum[start];
    *m = 0.9f * *m + g;
    *w -= 0.05f * *m;
    expect_ok(nai__project(net, momentum, before));
    float was = raw;
    raw_mean = 0.9f * raw_mean + (raw < 0 ? -g : g);
    raw -= 0.05f * raw_mean;
    crossed += was * raw < 0;
    EXPECT(net->theta[start] == fabsf(raw));
  }
  ck_assert_int_gt(crossed, 10);
  free(momentum);
  free(before);
  nai_network_destroy(net);
}
END_TEST

/* --- under learning --------------------------------------------------------------------------- */

enum { STEPS = 6, TRIALS = 4, CHANNELS = 3, OUTPUTS = 2, UPDATES = 1000 };

/* A trainer with the mean square error of output "z", and trials to be filled. */
struct school {
  nai_trainer *trainer;
  nai_trials *trials;
};

enum { SGD, MOMENTUM, ADAM };

static struct school open_school(nai_network *net, int kind, double rate)
{
  struct school school;
  nai_rule *rule;
  nai_optimizer *optimizer;
  nai_cost *cost;
  expect_ok(nai_rule_create_bptt(&rule));
  expect_ok(kind == SGD        ? nai_optimizer_create_sgd(&optimizer, rate)
            : kind == MOMENTUM ? nai_optimizer_create_momentum(&optimizer, rate)
                               : nai_optimizer_create_adam(&optimizer, rate));
  expect_ok(nai_cost_create_mse(&cost, "z"));
  expect_ok(nai_trainer_create(&school.trainer, net, rule, optimizer, NULL));
  expect_ok(nai_trainer_add_cost(school.trainer, cost, 1));
  expect_ok(nai_trainer_set(school.trainer, "clip", 1));
  expect_ok(nai_trials_create(&school.trials, net, STEPS, TRIALS));
  nai_cost_destroy(cost);
  nai_optimizer_destroy(optimizer);
  nai_rule_destroy(rule);
  return school;
}

/* An update on random inputs and targets. */
static nai_status teach(const struct school *school, uint64_t number)
{
  float inputs[STEPS * TRIALS * CHANNELS], targets[STEPS * TRIALS * OUTPUTS];
  expect_ok(nai_random_normals(inputs, STEPS * TRIALS * CHANNELS, 1, number));
  expect_ok(nai_random_normals(targets, STEPS * TRIALS * OUTPUTS, 2, number));
  for (int i = 0; i < STEPS * TRIALS * OUTPUTS; i++) targets[i] *= 3;
  expect_ok(nai_trials_set_inputs(school->trials, NULL, inputs, CHANNELS));
  expect_ok(nai_trials_set_targets(school->trials, "z", targets, OUTPUTS));
  return nai_trainer_step(NULL, school->trainer, school->trials);
}

static void close_school(struct school *school)
{
  nai_trainer_destroy(school->trainer);
  nai_trials_destroy(school->trials);
}

/* Populations E (6), I (4), F (5, free), input u (inhibitory), output z; nearly all is connected. */
static nai_network *compose_all(void)
{
  nai_network *net =
      COMPOSE(.dt = 20, .inputs = {{"u", CHANNELS}},
              .populations = {{"E", 6, NAI_EXCITATORY},
                              {"I", 4, NAI_INHIBITORY},
                              {"F", 5, NAI_FREE}},
              .outputs = {{"z", OUTPUTS}}, .projections = {{"u", "E I F"}, {"E I F", "E I F z"}});
  expect_ok(nai_network_set_sign(net, "u", NAI_INHIBITORY));
  expect_ok(nai_network_set_transfer(net, "*", NAI_TRANSFER_TANH));
  expect_ok(nai_network_set(net, "E I F", "tau", 40));
  expect_ok(nai_network_set(net, "E I F", "noise", 0.5));
  expect_ok(nai_network_place_box(net, "*", 1, 1, 1));
  return net;
}

/* What must hold of a projection. */
static const struct law {
  const char *from, *to;
  int sign;
  double limit;  /* 0: none */
  int autapses;  /* 1: allowed */
  int reflected; /* 1: no weight is clamped to 0 */
} laws[] = {{"E", "E", 1, 0.3, 0, 1}, {"E", "I", 1, 0, 0, 0},    {"I", "E", -1, 0, 0, 1},
            {"I", "I", 0, 0, 1, 0},   {"F", "F", -1, 0.2, 0, 0}, {"F", "E", 0, 0, 0, 0},
            {"F", "I", 0, 0.4, 0, 0}, {"u", "E", 1, 0.5, 0, 0},  {"u", "F", -1, 0, 0, 1},
            {"u", "I", -1, 0, 0, 0},  {"E", "F", 1, 0, 0, 0},    {"I", "F", 1, 0, 0, 1},
            {"I", "z", -1, 0, 0, 0},  {"E", "z", 1, 0, 0, 0},    {"F", "z", 1, 0.6, 0, 1}};
enum { LAWS = sizeof laws / sizeof *laws };

static const uint8_t mask_ei[24] = {1, 1, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1,
                                    1, 1, 0, 1, 1, 0, 1, 1, 1, 1, 0, 1};
static const uint8_t fixed_ei[24] = {1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0,
                                     1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0};

/* Every built-in constraint, several at once and in several orders. */
static nai_network *build_lawful(void)
{
  nai_network *net = compose_all();
  attach(net, "E", "E", sparse(0.7));
  attach(net, "E", "E", dale(NAI_DALE_REFLECT));
  attach(net, "E", "E", max_weight(0.3));
  attach(net, "E", "I", mask(mask_ei, 4, 6));
  attach(net, "E", "I", fixed(fixed_ei, 4, 6));
  attach(net, "I", "E", dale(NAI_DALE_REFLECT));
  attach(net, "I", "E", sparse(0.8));
  attach(net, "I", "I", dale(NAI_DALE_OFF));
  expect_ok(nai_network_set_autapses(net, "I", "I", 1));
  attach(net, "F", "F", max_weight(0.2));
  attach(net, "F", "F", sign(-1));
  attach(net, "F", "E", fixed(NULL, 0, 0));
  attach(net, "F", "I", max_weight(0.4));
  attach(net, "u", "E", nonnegative());
  attach(net, "u", "E", max_weight(0.5));
  attach(net, "u", "F", dale(NAI_DALE_REFLECT));
  attach(net, "E", "F", distance(0.9, 2));
  attach(net, "I", "F", dale(NAI_DALE_REFLECT)); /* the later sign counts */
  attach(net, "I", "F", nonnegative());
  attach(net, "F", "z", sign(1));
  attach(net, "F", "z", dale(NAI_DALE_REFLECT)); /* of a free population: says nothing */
  attach(net, "F", "z", sign(1));
  attach(net, "F", "z", max_weight(0.6));
  expect_ok(nai_network_set_initial_weights(net, "*", "*", NAI_WEIGHTS_NORMAL, 0, 0.6));
  expect_ok(nai_network_set_plastic(net, "E", "z", 0));
  expect_ok(nai_network_build(net, 3));
  return net;
}

/* A copy of a view, [100] at most. */
struct copy {
  float value[100];
};

static struct copy copy_of(nai_view view)
{
  struct copy c;
  EXPECT(view.shape[0] * view.shape[1] <= 100);
  for (int64_t k = 0; k < view.shape[0] * view.shape[1]; k++)
    c.value[k] = at(&view, k / view.shape[1], k % view.shape[1]);
  return c;
}

static void expect_law(const nai_network *net, const struct law *law, const struct copy *first,
                       const struct copy *existed)
{
  nai_view w = weights_of(net, law->from, law->to), exists = mask_of(net, law->from, law->to),
           learns = plastic_of(net, law->from, law->to);
  for (int64_t k = 0; k < w.shape[0] * w.shape[1]; k++) {
    int64_t i = k / w.shape[1], j = k % w.shape[1];
    float value = at(&w, i, j);
    EXPECT(isfinite(value));
    EXPECT(at(&exists, i, j) == existed->value[k]);
    if (at(&exists, i, j) == 0) EXPECT(value == 0 && at(&learns, i, j) == 0);
    if (at(&learns, i, j) == 0) EXPECT(memcmp(&value, &first->value[k], sizeof value) == 0);
    EXPECT(value * (float)law->sign >= 0);
    if (law->limit > 0) EXPECT(fabsf(value) <= (float)law->limit);
    if (strcmp(law->from, law->to) == 0 && i == j && !law->autapses) EXPECT(value == 0);
  }
}

/* How learning pushed against a law, over all updates. */
struct pressure {
  int plastic, moved, zero, at_limit, positive, negative;
};

static void feel(struct pressure *felt, const nai_network *net, const struct law *law,
                 const struct copy *first)
{
  nai_view w = weights_of(net, law->from, law->to), learns = plastic_of(net, law->from, law->to);
  for (int64_t k = 0; k < w.shape[0] * w.shape[1]; k++) {
    int64_t i = k / w.shape[1], j = k % w.shape[1];
    float value = at(&w, i, j);
    if (at(&learns, i, j) == 0) continue;
    felt->plastic++;
    felt->moved += value != first->value[k];
    felt->zero += value == 0;
    felt->at_limit += fabsf(value) == (float)law->limit;
    felt->positive += value > 0;
    felt->negative += value < 0;
  }
}

/* That the law was needed. */
static void expect_pressure(const struct pressure *felt, const struct law *law)
{
  const char *from = law->from, *to = law->to;
  int frozen = strcmp(from, "E") == 0 && strcmp(to, "z") == 0;
  int all_fixed = strcmp(from, "F") == 0 && strcmp(to, "E") == 0;
  EXPECT((felt->plastic == 0) == (frozen || all_fixed));
  if (felt->plastic == 0) return;
  EXPECT(felt->moved * 2 > felt->plastic);
  if (law->limit > 0 && !felt->at_limit) ck_abort_msg("%s to %s: none at the limit", from, to);
  if (law->sign && !law->reflected && !felt->zero)
    ck_abort_msg("%s to %s: none was clamped", from, to);
  if (law->sign && law->reflected && felt->zero)
    ck_abort_msg("%s to %s: clamped, not reflected", from, to);
  if (!law->sign && !(felt->positive && felt->negative))
    ck_abort_msg("%s to %s: one sign only", from, to);
}

static void expect_lawful_learning(int kind, double rate)
{
  nai_network *net = build_lawful();
  struct copy first[LAWS], existed[LAWS];
  struct pressure felt[LAWS] = {{0}};
  for (int k = 0; k < LAWS; k++) {
    first[k] = copy_of(weights_of(net, laws[k].from, laws[k].to));
    existed[k] = copy_of(mask_of(net, laws[k].from, laws[k].to));
    expect_law(net, &laws[k], &first[k], &existed[k]);
  }
  struct school school = open_school(net, kind, rate);
  for (uint64_t step = 0; step < UPDATES; step++) {
    expect_ok(teach(&school, step));
    for (int k = 0; k < LAWS; k++) {
      expect_law(net, &laws[k], &first[k], &existed[k]);
      feel(&felt[k], net, &laws[k], &first[k]);
    }
  }
  for (int k = 0; k < LAWS; k++) expect_pressure(&felt[k], &laws[k]);
  close_school(&school);
  nai_network_destroy(net);
}

START_TEST(laws_hold_under_gradient_descent)
{
  expect_lawful_learning(SGD, 1);
}
END_TEST

START_TEST(laws_hold_with_momentum)
{
  expect_lawful_learning(MOMENTUM, 0.3);
}
END_TEST

START_TEST(laws_hold_under_adam)
{
  expect_lawful_learning(ADAM, 0.1);
}
END_TEST

/* Without constraints the same learning breaks every one of these laws. */
START_TEST(without_constraints_all_is_broken)
{
  nai_network *net = compose_all();
  attach(net, "*", "*", dale(NAI_DALE_OFF));
  expect_ok(nai_network_set_initial_weights(net, "*", "*", NAI_WEIGHTS_NORMAL, 0, 0.1));
  expect_ok(nai_network_build(net, 3));
  struct school school = open_school(net, SGD, 1);
  float least[LAWS] = {0}, most[LAWS] = {0};
  for (uint64_t step = 0; step < UPDATES; step++) {
    expect_ok(teach(&school, step));
    for (int k = 0; k < LAWS; k++) {
      nai_view w = weights_of(net, laws[k].from, laws[k].to);
      for (int64_t n = 0; n < w.shape[0] * w.shape[1]; n++) {
        least[k] = fminf(least[k], at(&w, n / w.shape[1], n % w.shape[1]));
        most[k] = fmaxf(most[k], at(&w, n / w.shape[1], n % w.shape[1]));
      }
    }
  }
  for (int k = 0; k < LAWS; k++) {
    EXPECT(least[k] < -0.1f && most[k] > 0.1f);
    if (laws[k].limit > 0 && !(fmaxf(most[k], -least[k]) > (float)laws[k].limit))
      ck_abort_msg("%s to %s: %g to %g", laws[k].from, laws[k].to, (double)least[k],
                   (double)most[k]);
  }
  close_school(&school);
  nai_network_destroy(net);
}
END_TEST

/* --- a user's own ----------------------------------------------------------------------------- */

/* What a user's constraint saw, and what it is to do. */
struct own {
  int wired, projected, destroyed;
  char order[64]; /* "a" is added by each project */
  char letter;
  nai_status wire_status, project_status; /* once projected reaches `patience` */
  int patience;
  const char *message;
  int32_t sign; /* that wire writes, when it is not 99 */
  int vandal;   /* 1: writes everywhere, also where it must not */
  int had_momentum;
  nai_synapses seen[16];
  uint64_t seed[16];
};

static void vandalise(nai_synapses *s)
{
  static float elsewhere[4];
  static uint8_t flags[4];
  s->n_post = 100000;
  s->n_pre = 100000;
  s->stride = 1;
  s->weight = s->momentum = elsewhere;
  s->exists = s->plastic = flags;
  s->post_position = s->pre_position = NULL;
  s->from = s->to = NULL;
  s->struct_size = 0;
}

static nai_status own_wire(void *user, nai_synapses *s)
{
  struct own *own = user;
  if (own->wired < 16) {
    own->seen[own->wired] = *s;
    own->seed[own->wired] = s->seed;
  }
  own->wired++;
  if (own->sign != 99) s->sign = own->sign;
  if (own->vandal) {
    for (int64_t i = 0; i < s->n_post; i++)
      for (int64_t j = 0; j < s->n_pre; j++)
        s->exists[i * s->stride + j] = s->plastic[i * s->stride + j] = (uint8_t)(2 + i + 7 * j);
    vandalise(s);
  }
  if (own->wire_status != NAI_OK && own->message) nai_set_error(own->message);
  return own->wire_status;
}

static nai_status own_project(void *user, nai_synapses *s)
{
  struct own *own = user;
  own->projected++;
  own->had_momentum |= s->momentum != NULL;
  size_t length = strlen(own->order);
  if (length < sizeof own->order - 1) own->order[length] = own->letter;
  if (own->vandal) {
    for (int64_t i = 0; i < s->n_post; i++)
      for (int64_t j = 0; j < s->n_pre; j++)
        s->weight[i * s->stride + j] =
            (float)nai_random_normal(s->seed, (uint64_t)own->projected, (uint64_t)(i * 100 + j)) *
            ((i + j) % 3 ? 1 : 100);
    vandalise(s);
  }
  if (own->project_status == NAI_OK || own->projected <= own->patience) return NAI_OK;
  if (own->message) nai_set_error(own->message);
  return own->project_status;
}

static void own_destroy(void *user)
{
  ((struct own *)user)->destroyed++;
}

static nai_constraint_ops own_ops(void)
{
  return (nai_constraint_ops){
      sizeof(nai_constraint_ops), 0, "own", own_wire, own_project, own_destroy};
}

static nai_constraint *own_constraint(struct own *own)
{
  nai_constraint *c;
  nai_constraint_ops ops = own_ops();
  char name[] = "own";
  ops.name = name;
  expect_ok(nai_constraint_create(&c, &ops, own));
  name[0] = 'x'; /* table and name were copied */
  ops.wire = NULL;
  return c;
}

START_TEST(own_constraints_see_their_projection)
{
  struct own own = {.sign = 99};
  nai_network *net = compose_ei(5, 3);
  nai_constraint *c = own_constraint(&own);
  expect_ok(nai_network_place_box(net, "E", 1, 1, 1));
  expect_ok(nai_network_constrain(net, "E I", "*", c));
  expect_ok(nai_network_constrain(net, "stimulus", "E", c));
  nai_constraint_destroy(c);
  expect_ok(nai_network_build(net, 1));
  ck_assert_int_eq(own.wired, 6);
  ck_assert_int_eq(own.projected, 6);
  static const struct {
    const char *from, *to;
    int64_t n_post, n_pre;
    int32_t sign;
    int pre, post; /* placed */
  } expected[] = {{"stimulus", "E", 5, 3, 0, 0, 1}, {"E", "E", 5, 5, 1, 1, 1},
                  {"E", "I", 3, 5, 1, 1, 0},        {"I", "E", 5, 3, -1, 0, 1},
                  {"I", "I", 3, 3, -1, 0, 0},       {"E", "choice", 2, 5, 1, 1, 0}};
  for (int k = 0; k < 6; k++) {
    const nai_synapses *s = &own.seen[k];
    EXPECT(s->struct_size == sizeof *s && s->n_post == expected[k].n_post &&
           s->n_pre == expected[k].n_pre && s->stride >= s->n_pre);
    EXPECT(strcmp(s->from, expected[k].from) == 0 && strcmp(s->to, expected[k].to) == 0);
    EXPECT(s->sign == expected[k].sign && s->population_sign == expected[k].sign);
    EXPECT(s->exists && s->plastic && !s->weight && !s->momentum && !s->gradient);
    EXPECT(!s->pre_position == !expected[k].pre && !s->post_position == !expected[k].post);
    for (int other = 0; other < k; other++) EXPECT(own.seed[k] != own.seed[other]);
  }
  nai_network_destroy(net);
  ck_assert_int_eq(own.destroyed, 1);
}
END_TEST

START_TEST(constraints_act_in_order)
{
  struct own first = {.sign = 99, .letter = 'a'}, second = {.sign = -1, .letter = 'b'};
  nai_network *net = compose_pair(4, 3, NAI_EXCITATORY);
  nai_constraint *a = own_constraint(&first), *b = own_constraint(&second);
  expect_ok(nai_network_constrain(net, "A", "B", a));
  expect_ok(nai_network_constrain(net, "A", "B", b));
  expect_ok(nai_network_constrain(net, "A", "B", a)); /* the same one twice */
  expect_ok(nai_network_build(net, 1));
  EXPECT(first.wired == 2 && second.wired == 1 && first.projected == 2 && second.projected == 1);
  EXPECT(first.seen[0].sign == 1 && second.seen[0].sign == 1 && first.seen[1].sign == -1);
  EXPECT(first.seed[0] != first.seed[1] && first.seed[0] != second.seed[0]);
  nai_network_destroy(net);
  EXPECT(first.destroyed == 0 && second.destroyed == 0);
  nai_constraint_destroy(a);
  nai_constraint_destroy(b);
  EXPECT(first.destroyed == 1 && second.destroyed == 1);
}
END_TEST

/* One constraint in two networks: destroyed once, by whoever comes last. */
START_TEST(own_constraints_are_destroyed_once)
{
  for (int order = 0; order < 3; order++) {
    struct own own = {.sign = 99};
    nai_network *net[2] = {compose_pair(4, 3, NAI_FREE), compose_pair(2, 2, NAI_FREE)};
    nai_constraint *c = own_constraint(&own);
    expect_ok(nai_network_constrain(net[0], "A", "B", c));
    expect_ok(nai_network_constrain(net[1], "A", "B", c));
    if (order == 0) nai_constraint_destroy(c);
    expect_ok(nai_network_build(net[0], 1));
    nai_network_destroy(net[0]);
    if (order == 1) nai_constraint_destroy(c);
    ck_assert_int_eq(own.destroyed, 0);
    nai_network_destroy(net[1]); /* not built */
    ck_assert_int_eq(own.destroyed, order == 2 ? 0 : 1);
    if (order == 2) nai_constraint_destroy(c);
    ck_assert_int_eq(own.destroyed, 1);
  }
  nai_constraint_destroy(NULL);
}
END_TEST

START_TEST(own_tables_that_are_refused)
{
  struct own own = {.sign = 99};
  nai_constraint *c = (nai_constraint *)&own;
  nai_constraint_ops ops = own_ops();
  expect_fails(nai_constraint_create(NULL, &ops, &own), NAI_ERR_INVALID, "out is NULL");
  ck_assert_int_eq(own.destroyed, 1);
  expect_fails(nai_constraint_create(&c, NULL, &own), NAI_ERR_INVALID, "ops is NULL");
  ck_assert_ptr_null(c);
  ck_assert_int_eq(own.destroyed, 1); /* there is no table to destroy it with */
  ops.name = NULL;
  expect_fails(nai_constraint_create(&c, &ops, &own), NAI_ERR_INVALID,
               "the name of the constraint is empty");
  ck_assert_int_eq(own.destroyed, 2);
  ops.name = "";
  expect_fails(nai_constraint_create(&c, &ops, &own), NAI_ERR_INVALID,
               "the name of the constraint is empty");
  ck_assert_int_eq(own.destroyed, 3);
  ops = own_ops();
  ops.flags = 4;
  expect_fails(nai_constraint_create(&c, &ops, &own), NAI_ERR_INVALID, "flags of constraint");
  ck_assert_int_eq(own.destroyed, 4);
  ops = own_ops();
  ops.struct_size = 16;
  expect_fails(nai_constraint_create(&c, &ops, &own), NAI_ERR_INVALID, "struct_size is 16");
  ck_assert_int_eq(own.destroyed, 4); /* a table of another size cannot be read */
  ck_assert_ptr_null(c);
  /* a table of nothing is a constraint that does nothing */
  ops = (nai_constraint_ops){sizeof ops, 0, "nothing", NULL, NULL, NULL};
  expect_ok(nai_constraint_create(&c, &ops, NULL));
  nai_network *net = compose_pair(4, 3, NAI_FREE), *plain = compose_pair(4, 3, NAI_FREE);
  attach(net, "A", "B", c);
  expect_ok(nai_network_build(net, 1));
  expect_ok(nai_network_build(plain, 1));
  EXPECT(hash_of(net) == hash_of(plain));
  nai_network_destroy(net);
  nai_network_destroy(plain);
}
END_TEST

/* Whatever is written, what was absent or fixed before stays so, and signs hold. */
START_TEST(a_vandal_breaks_no_law)
{
  struct own own = {.sign = 99, .vandal = 1};
  nai_network *net = compose_all();
  attach(net, "E", "I", mask(mask_ei, 4, 6));
  attach(net, "E", "I", fixed(fixed_ei, 4, 6));
  attach(net, "*", "*", own_constraint(&own));
  expect_ok(nai_network_set_plastic(net, "E", "z", 0));
  expect_ok(nai_network_build(net, 3));
  static const struct law plain[] = {{"E", "E", 1, 0, 0, 0},  {"E", "I", 1, 0, 0, 0},
                                     {"I", "E", -1, 0, 0, 0}, {"F", "F", 0, 0, 0, 0},
                                     {"u", "F", -1, 0, 0, 0}, {"E", "z", 1, 0, 0, 0}};
  struct copy first[6], existed[6];
  nai_view exists = mask_of(net, "E", "I"), learns = plastic_of(net, "E", "I"),
           all = mask_of(net, "u", "F");
  for (int64_t k = 0; k < 24; k++) {
    EXPECT(at(&exists, k / 6, k % 6) == mask_ei[k]);
    EXPECT(at(&learns, k / 6, k % 6) == (float)(mask_ei[k] && !fixed_ei[k]));
  }
  for (int64_t k = 0; k < 15; k++) EXPECT(at(&all, k / 3, k % 3) == 1); /* 0 or 1, nothing else */
  for (int k = 0; k < 6; k++) {
    first[k] = copy_of(weights_of(net, plain[k].from, plain[k].to));
    existed[k] = copy_of(mask_of(net, plain[k].from, plain[k].to));
  }
  struct school school = open_school(net, MOMENTUM, 0.1);
  for (uint64_t step = 0; step < 100; step++) {
    expect_ok(teach(&school, step));
    for (int k = 0; k < 6; k++) expect_law(net, &plain[k], &first[k], &existed[k]);
  }
  ck_assert_int_eq(own.projected, 101 * own.wired);
  ck_assert_int_eq(own.had_momentum, 1);
  close_school(&school);
  nai_network_destroy(net);
  ck_assert_int_eq(own.destroyed, 1);
}
END_TEST

START_TEST(faults_of_own_constraints_come_out)
{
  static const struct {
    nai_status returned, expected;
    const char *message, *words;
  } faults[] = {{NAI_ERR_USER, NAI_ERR_USER, "these very words", "these very words"},
                {-12345, -12345, "others", "others"},
                {NAI_ERR_FILE, NAI_ERR_FILE, NULL, "constraint own failed with NAI_ERR_FILE"},
                {3, NAI_ERR_USER, NULL, "constraint own returned 3"}};
  for (int i = 0; i < 4; i++)
    for (int in_project = 0; in_project < 2; in_project++) {
      struct own own = {.sign = 99, .message = faults[i].message};
      *(in_project ? &own.project_status : &own.wire_status) = faults[i].returned;
      nai_network *net = compose_pair(4, 3, NAI_FREE);
      attach(net, "A", "B", own_constraint(&own));
      nai_set_error("an old message");
      expect_fails(nai_network_build(net, 1), faults[i].expected, faults[i].words);
      expect_fails(nai_network_build(net, 1), faults[i].expected, faults[i].words);
      ck_assert_int_eq(own.wired, 1);
      nai_network_destroy(net);
      ck_assert_int_eq(own.destroyed, 1);
    }
  static const int32_t signs[] = {2, -2, INT32_MIN, INT32_MAX};
  for (int i = 0; i < 4; i++) {
    struct own own = {.sign = signs[i]};
    nai_network *net = compose_pair(4, 3, NAI_FREE);
    attach(net, "A", "B", own_constraint(&own));
    expect_fails(nai_network_build(net, 1), NAI_ERR_INVALID, "sign from 'A' to 'B' is");
    nai_network_destroy(net);
  }
}
END_TEST

/* A failing update leaves the weights as they were, and the next one may succeed. */
START_TEST(faults_while_learning_change_nothing)
{
  struct own own = {.sign = 99, .vandal = 1, .message = "no more", .patience = 30};
  nai_network *net = compose_all();
  attach(net, "F", "E", own_constraint(&own));
  expect_ok(nai_network_build(net, 3));
  own.project_status = -77;
  struct school school = open_school(net, SGD, 0.1);
  uint64_t number = 0;
  for (; own.projected < 30; number++) expect_ok(teach(&school, number));
  ck_assert_int_eq(own.had_momentum, 0); /* plain gradient descent keeps no mean */
  uint64_t hash = hash_of(net);
  expect_fails(teach(&school, number), -77, "no more");
  expect_fails(teach(&school, number), -77, "no more");
  EXPECT(hash_of(net) == hash);
  own.project_status = NAI_OK;
  expect_ok(teach(&school, number));
  EXPECT(hash_of(net) != hash);
  close_school(&school);
  nai_network_destroy(net);
}
END_TEST

/* --- arguments -------------------------------------------------------------------------------- */

/* Both a code and NULL in the place of the constraint. */
#define NOT_CREATED(call, words)                      \
  do {                                                \
    nai_constraint *c = (nai_constraint *)(void *)&c; \
    expect_fails(call, NAI_ERR_INVALID, words);       \
    ck_assert_ptr_null(c);                            \
  } while (0)

START_TEST(arguments_that_are_refused)
{
  static const double fractions[] = {-1e-9, 1.0001, NAN, INFINITY, -INFINITY};
  uint8_t array[4] = {1, 1, 1, 1};
  for (int i = 0; i < 5; i++) {
    NOT_CREATED(nai_constraint_create_sparse(&c, fractions[i]), "density is");
    NOT_CREATED(nai_constraint_create_distance(&c, fractions[i], 1), "peak is");
  }
  static const double lengths[] = {0, -1, NAN, INFINITY, 1e7};
  for (int i = 0; i < 5; i++) {
    NOT_CREATED(nai_constraint_create_distance(&c, 0.5, lengths[i]), "length is");
    NOT_CREATED(nai_constraint_create_max_weight(&c, lengths[i]), "limit is");
  }
  static const int64_t shapes[][2] = {{0, 2},         {2, 0},         {-1, 2},      {2, -1},
                                      {INT64_MAX, 2}, {2, INT64_MIN}, {10000001, 1}};
  for (int i = 0; i < 7; i++) {
    NOT_CREATED(nai_constraint_create_mask(&c, array, shapes[i][0], shapes[i][1]), "mask is [");
    NOT_CREATED(nai_constraint_create_fixed(&c, array, shapes[i][0], shapes[i][1]), "fixed is [");
  }
  NOT_CREATED(nai_constraint_create_mask(&c, NULL, 2, 2), "mask is NULL");
  static const int64_t degrees[] = {-1, INT64_MIN, INT64_MAX, 100000000000001};
  const int64_t units[3] = {0, 1, -2};
  for (int i = 0; i < 4; i++) {
    NOT_CREATED(nai_constraint_create_indegree(&c, degrees[i]), "indegree is");
    NOT_CREATED(nai_constraint_create_outdegree(&c, degrees[i]), "outdegree is");
    NOT_CREATED(nai_constraint_create_total(&c, degrees[i]), "total is");
    NOT_CREATED(nai_constraint_create_list(&c, units, units, degrees[i]), "n is");
  }
  NOT_CREATED(nai_constraint_create_indegree(&c, 10000001), "must be 0 to 10000000");
  nai_constraint *most; /* what is said to be the most can be had */
  expect_ok(nai_constraint_create_indegree(&most, 10000000));
  nai_constraint_destroy(most);
  expect_ok(nai_constraint_create_total(&most, 100000000000000));
  nai_constraint_destroy(most);
  NOT_CREATED(nai_constraint_create_list(&c, units, units + 1, 2), "post[1] is -2");
  NOT_CREATED(nai_constraint_create_list(&c, units, units, 3), "pre[2] is -2");
  NOT_CREATED(nai_constraint_create_list(&c, NULL, units, 1), "pre is NULL");
  NOT_CREATED(nai_constraint_create_list(&c, units, NULL, 1), "post is NULL");
  expect_fails(nai_constraint_create_indegree(NULL, 1), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_constraint_create_outdegree(NULL, 1), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_constraint_create_total(NULL, 1), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_constraint_create_list(NULL, units, units, 1), NAI_ERR_INVALID, "out is NULL");
  static const int32_t modes[] = {-1, 3, INT32_MAX, INT32_MIN};
  for (int i = 0; i < 4; i++) {
    NOT_CREATED(nai_constraint_create_dale(&c, modes[i]), "mode is");
    NOT_CREATED(nai_constraint_create_sign(&c, i ? modes[i] : 0), "sign is");
  }
  expect_fails(nai_constraint_create_sparse(NULL, 0.5), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_constraint_create_mask(NULL, array, 2, 2), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_constraint_create_dale(NULL, 1), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_constraint_create_sign(NULL, 1), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_constraint_create_nonnegative(NULL), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_constraint_create_fixed(NULL, array, 2, 2), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_constraint_create_max_weight(NULL, 1), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_constraint_create_distance(NULL, 0.5, 1), NAI_ERR_INVALID, "out is NULL");
}
END_TEST

enum { OWN_KIND = 10 };

static nai_status create_kind(nai_constraint **out, int kind, struct own *own)
{
  static const uint8_t array[4] = {1, 1, 1, 1};
  static const int64_t units[2] = {0, 1};
  nai_constraint_ops ops = own_ops();
  switch (kind) {
  case 0: return nai_constraint_create_sparse(out, 0.5);
  case 1: return nai_constraint_create_mask(out, array, 2, 2);
  case 2: return nai_constraint_create_dale(out, NAI_DALE_REFLECT);
  case 3: return nai_constraint_create_sign(out, 1);
  case 4: return nai_constraint_create_nonnegative(out);
  case 5: return nai_constraint_create_fixed(out, array, 2, 2);
  case 6: return nai_constraint_create_max_weight(out, 1);
  case 7: return nai_constraint_create_distance(out, 0.5, 1);
  case 8: return nai_constraint_create_indegree(out, 1);
  case 9: return nai_constraint_create_list(out, units, units, 2);
  default: return nai_constraint_create(out, &ops, own);
  }
}

START_TEST(constraints_without_memory)
{
  for (int kind = 0; kind <= OWN_KIND; kind++) {
    struct own own = {.sign = 99};
    nai_constraint *c = NULL;
    nai_status status = NAI_ERR_MEMORY;
    int failures = 0;
    for (long good = 0; status != NAI_OK; good++) {
      c = (nai_constraint *)(void *)&c;
      faults_fail_allocation(good);
      status = create_kind(&c, kind, &own);
      faults_fail_allocation(-1);
      EXPECT(status == NAI_OK || (status == NAI_ERR_MEMORY && !c));
      failures += status != NAI_OK;
      if (kind == OWN_KIND) EXPECT(own.destroyed == failures);
    }
    ck_assert_int_ge(failures, 2);
    nai_constraint_destroy(c);
    if (kind == OWN_KIND) ck_assert_int_eq(own.destroyed, failures + 1);
  }
}
END_TEST

Suite *constraint_suite(void);

Suite *constraint_suite(void)
{
  Suite *suite = suite_create("constraint");
  ADD_CASE(suite, "synapses", sparse_connection, all_and_none, each_projection_draws_its_own, masks,
           connection_falls_with_distance, distances_need_positions);
  ADD_CASE(suite, "numbers", each_receiver_has_so_many_senders, each_sender_has_so_many_receivers,
           a_projection_has_so_many_synapses, degrees_leave_autapses_out,
           degrees_draw_from_what_is_allowed, synapses_that_are_listed, lists_that_are_refused);
  ADD_CASE(suite, "signs", each_projection_has_its_sign, inputs_have_signs,
           signs_of_populations_can_be_changed, clamped_or_reflected,
           reflecting_is_training_the_absolute_value);
  ADD_CASE(suite, "learning", laws_hold_under_gradient_descent, laws_hold_with_momentum,
           laws_hold_under_adam, without_constraints_all_is_broken);
  ADD_CASE(suite, "own", own_constraints_see_their_projection, constraints_act_in_order,
           own_constraints_are_destroyed_once, own_tables_that_are_refused, a_vandal_breaks_no_law,
           faults_of_own_constraints_come_out, faults_while_learning_change_nothing);
  ADD_CASE(suite, "arguments", arguments_that_are_refused, constraints_without_memory);
  TCase *sets = tcase_create("sets");
  tcase_add_loop_test(sets, all_sets_of_pairs_are_as_likely, 0, sizeof drawn / sizeof *drawn);
  suite_add_tcase(suite, sets);
  return suite;
}
