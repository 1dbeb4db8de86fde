/* lib/base/sampling.h: how many things of a kind, and which. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "base/sampling.h"
#include "checks.h"

#define DRAWS 20000

/* By libm, apart from what the library computes. */
static double log_factorial(double n)
{
  return lgamma(n + 1);
}

static double log_choose(double n, double k)
{
  return log_factorial(n) - log_factorial(k) - log_factorial(n - k);
}

/* --- which ------------------------------------------------------------------------------------ */

START_TEST(words_become_numbers_below_n)
{
  nai__stream stream = nai__stream_open(3, NAI__FOR_SYNAPSES, 0, 0), copy = stream;
  int counts[7] = {0};
  for (int k = 0; k < 70000; k++) {
    const uint32_t draw = nai__stream_index(&stream, 7);
    ck_assert_uint_lt(draw, 7);
    counts[draw]++;
  }
  for (int k = 0; k < 7; k++)
    ck_assert_int_lt(abs(counts[k] - 10000), 4 * 93); /* sd = sqrt(10000 6/7) = 93 */
  ck_assert_uint_eq(nai__stream_index(&copy, 1), 0);
  /* of 3 2^30 a quarter of all words is unfair: the numbers stay in three thirds */
  int thirds[3] = {0};
  for (int k = 0; k < 30000; k++) thirds[nai__stream_index(&stream, 3u << 30) >> 30]++;
  for (int k = 0; k < 3; k++) ck_assert_int_lt(abs(thirds[k] - 10000), 4 * 82);
}
END_TEST

/* --- logarithms ------------------------------------------------------------------------------- */

START_TEST(logarithms_of_ratios)
{
  for (double b = 1e-3; b < 1e15; b *= 1.7)
    for (double factor = 1e-3; factor < 1e3; factor *= 1.13) {
      const double expected = log(b * factor / b);
      ck_assert_double_le(fabs(nai__log_ratio(b * factor, b) - expected),
                          4e-16 * fmax(1, fabs(expected)));
    }
  ck_assert(nai__log_ratio(5, 5) == 0);
  const double large = 0x1p50; /* ln(1 + x) = x - x^2 / 2: all digits are there */
  ck_assert_double_eq_tol(nai__log_ratio(large + 1, large) * large, 1, 1e-15);
  ck_assert_double_eq_tol(nai__log_ratio(large - 1, large) * large, -1, 1e-15);
}
END_TEST

/* --- a hypergeometric number ------------------------------------------------------------------ */

static const struct {
  int64_t drawn, marked, all;
} urns[] = {{1, 1, 2},        {3, 2, 5},     {5, 3, 10},    {2, 9, 10},
            {30, 4, 60},      {50, 30, 100}, {90, 80, 100}, {1000, 20, 100000},
            {700, 650, 1000}, {1, 3, 1000},  {12, 12, 24},  {40, 4000, 8000}};

/* Chi square over what is possible, what is rare being taken together. */
START_TEST(hypergeometric_numbers)
{
  const int64_t drawn = urns[_i].drawn, marked = urns[_i].marked, all = urns[_i].all;
  const int64_t least = drawn + marked > all ? drawn + marked - all : 0,
                most = drawn < marked ? drawn : marked;
  int *found = calloc((size_t)most + 1, sizeof *found);
  nai__stream stream = nai__stream_open(4, NAI__FOR_SYNAPSES, (uint64_t)_i, 0);
  for (int k = 0; k < DRAWS; k++) {
    const int64_t draw = nai__stream_hypergeometric(&stream, drawn, marked, all);
    ck_assert_int_ge(draw, least);
    ck_assert_int_le(draw, most);
    found[draw]++;
  }
  double chi = 0, bins = 0, sum = 0, rare = 0, rarely = 0;
  for (int64_t k = least; k <= most; k++) {
    const double p = exp(log_choose((double)marked, (double)k) +
                         log_choose((double)(all - marked), (double)(drawn - k)) -
                         log_choose((double)all, (double)drawn));
    sum += p;
    if (p * DRAWS < 10) {
      rare += p * DRAWS, rarely += found[k];
      continue;
    }
    chi += pow(found[k] - p * DRAWS, 2) / (p * DRAWS);
    bins++;
  }
  ck_assert_double_eq_tol(sum, 1, 1e-9);
  if (rare > 1) chi += pow(rarely - rare, 2) / rare, bins++;
  ck_assert_double_lt(chi, bins - 1 + 5 * sqrt(2 * (bins - 1)) + 3);
  free(found);
}
END_TEST

/* Of so many that floats of a logarithm of a factorial would have lost all: mean and variance. */
START_TEST(hypergeometric_numbers_of_very_many)
{
  const double drawn = 1e5, marked = 3e13, all = 1e14, share = marked / all;
  const double mean = drawn * share, variance = drawn * share * (1 - share);
  nai__stream stream = nai__stream_open(5, NAI__FOR_SYNAPSES, 0, 0);
  double first = 0, second = 0;
  for (int k = 0; k < DRAWS; k++) {
    const double off =
        (double)nai__stream_hypergeometric(&stream, 100000, 30000000000000, 100000000000000) - mean;
    first += off / DRAWS, second += off * off / DRAWS;
  }
  ck_assert_double_lt(fabs(first), 4 * sqrt(variance / DRAWS));
  ck_assert_double_lt(fabs(second / variance - 1), 4 * sqrt(2.0 / DRAWS));
}
END_TEST

START_TEST(hypergeometric_numbers_that_are_certain)
{
  nai__stream stream = nai__stream_open(6, NAI__FOR_SYNAPSES, 0, 0);
  ck_assert_int_eq(nai__stream_hypergeometric(&stream, 0, 3, 8), 0);
  ck_assert_int_eq(nai__stream_hypergeometric(&stream, 3, 0, 8), 0);
  ck_assert_int_eq(nai__stream_hypergeometric(&stream, 8, 3, 8), 3);
  ck_assert_int_eq(nai__stream_hypergeometric(&stream, 5, 8, 8), 5);
  ck_assert_int_eq(nai__stream_hypergeometric(&stream, 0, 0, 0), 0);
  ck_assert_int_eq(stream.used, 4); /* and need no number */
}
END_TEST

/* --- a binomial number ------------------------------------------------------------------------ */

static const struct {
  int64_t n, part, whole;
} trials[] = {{1, 1, 2},     {7, 1, 3},        {40, 39, 40},
              {30, 1, 1000}, {500, 250, 1000}, {100000, 1, 20000}};

START_TEST(binomial_numbers)
{
  const int64_t n = trials[_i].n;
  const double p = (double)trials[_i].part / (double)trials[_i].whole;
  int *found = calloc((size_t)n + 1, sizeof *found);
  nai__stream stream = nai__stream_open(7, NAI__FOR_SYNAPSES, (uint64_t)_i, 0);
  for (int k = 0; k < DRAWS; k++) {
    const int64_t draw = nai__stream_binomial(&stream, n, trials[_i].part, trials[_i].whole);
    ck_assert_int_ge(draw, 0);
    ck_assert_int_le(draw, n);
    found[draw]++;
  }
  double chi = 0, bins = 0, rare = 0, rarely = 0;
  for (int64_t k = 0; k <= n; k++) {
    const double expected = DRAWS * exp(log_choose((double)n, (double)k) + (double)k * log(p) +
                                        (double)(n - k) * log1p(-p));
    if (expected < 10) {
      rare += expected, rarely += found[k];
      continue;
    }
    chi += pow(found[k] - expected, 2) / expected;
    bins++;
  }
  if (rare > 1) chi += pow(rarely - rare, 2) / rare, bins++;
  ck_assert_double_lt(chi, bins - 1 + 5 * sqrt(2 * (bins - 1)) + 3);
  free(found);
}
END_TEST

START_TEST(binomial_numbers_that_are_certain)
{
  nai__stream stream = nai__stream_open(8, NAI__FOR_SYNAPSES, 0, 0);
  ck_assert_int_eq(nai__stream_binomial(&stream, 0, 1, 2), 0);
  ck_assert_int_eq(nai__stream_binomial(&stream, 9, 0, 2), 0);
  ck_assert_int_eq(nai__stream_binomial(&stream, 9, 2, 2), 9);
  ck_assert_int_eq(stream.used, 4);
}
END_TEST

/* A seed's numbers are for ever. */
START_TEST(numbers_stay_the_same)
{
  nai__stream stream = nai__stream_open(1, NAI__FOR_SYNAPSES, 2, 3);
  ck_assert_uint_eq(nai__stream_index(&stream, 1000000), 20542);
  ck_assert_int_eq(nai__stream_hypergeometric(&stream, 1000, 300000, 1000000), 295);
}
END_TEST

Suite *sampling_suite(void);

Suite *sampling_suite(void)
{
  Suite *suite = suite_create("sampling");
  ADD_CASE(suite, "which", words_become_numbers_below_n);
  ADD_CASE(suite, "logarithms", logarithms_of_ratios);
  ADD_CASE(suite, "numbers", hypergeometric_numbers_of_very_many,
           hypergeometric_numbers_that_are_certain, binomial_numbers_that_are_certain,
           numbers_stay_the_same);
  TCase *loops = tcase_create("distributions");
  tcase_add_loop_test(loops, hypergeometric_numbers, 0, sizeof urns / sizeof *urns);
  tcase_add_loop_test(loops, binomial_numbers, 0, sizeof trials / sizeof *trials);
  suite_add_tcase(suite, loops);
  return suite;
}
