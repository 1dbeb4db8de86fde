/*
 * Poisson counts: the words that they are found from, their distribution by its own formula, and that a
 * count depends on nothing but its mean, seed, purpose, trial, step and unit.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/base/philox.h"
#include "../lib/kernels/counts.h"
#include "../lib/kernels/kernels.h"
#include "checks.h"

enum { TABLES = 5 };

static const nai__kernels *table_of(int index)
{
  const char *name = nai__kernels_name(index);
  return name ? nai__kernels_named(name) : NULL;
}

static uint32_t word_of(int64_t unit)
{
  uint32_t counter[4] = {(uint32_t)(unit / 4), 9, 5, 7 | 13u << 24}, word[4];
  nai__philox(word, counter, 2026);
  return word[unit % 4];
}

static const uint64_t trial = 5 | UINT64_C(7) << 32;

START_TEST(test_words)
{
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  for (int64_t n = 1; n < 300; n += n < 40 ? 1 : 37)
    for (int64_t first = 0; first < 24; first += 4) {
      uint32_t word[301];
      word[n] = 77;
      kernels->words(word, n, first, 2026, 13, trial, 9);
      for (int64_t i = 0; i < n; i++) ck_assert_uint_eq(word[i], word_of(first + i));
      ck_assert_uint_eq(word[n], 77);
    }
}
END_TEST

START_TEST(test_tally)
{
  static const uint32_t threshold[] = {1, 7, UINT32_C(0x80000000), UINT32_MAX};
  static const uint32_t word[] = {
      0, 1, 6, 7, UINT32_C(0x7fffffff), UINT32_C(0x80000000), UINT32_MAX - 1, UINT32_MAX};
  static const float expected[] = {3, 4, 4, 5, 5, 6, 6, 7};
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  for (int64_t n = 1; n <= 8; n++) {
    float out[9];
    out[n] = -1;
    kernels->tally(out, n, word, threshold, 4, 3);
    for (int64_t i = 0; i < n; i++) ck_assert_float_eq(out[i], expected[i]);
    ck_assert_float_eq(out[n], -1);
  }
}
END_TEST

/* P(X <= k) by its sum, in logarithms. */
static double below(double mean, int64_t k)
{
  double sum = 0;
  for (int64_t i = 0; i <= k; i++) sum += exp((double)i * log(mean) - mean - lgamma((double)i + 1));
  return sum;
}

/* Each count is the one whose share of 0 .. 1 the word lies in. */
START_TEST(test_inverted)
{
  static const float means[] = {1e-6F, 0.001F, 0.24F, 2, 13.7F, 100, 101, 699, 4000};
  for (int m = 0; m < (int)(sizeof means / sizeof *means); m++) {
    float mean[64], out[64];
    for (int i = 0; i < 64; i++) mean[i] = means[m];
    nai__counts(nai__kernels_best(), out, 64, 12, mean, 2026, 13, trial, 9);
    for (int i = 0; i < 64; i++) {
      const double u = (double)word_of(12 + i) * 0x1p-32;
      const int64_t k = (int64_t)out[i];
      ck_assert_double_le(k > 0 ? below(means[m], k - 1) : 0, u + 1e-9);
      ck_assert_double_ge(below(means[m], k), u - 1e-9);
    }
  }
}
END_TEST

/* Mean and variance over many steps; 5 standard errors. */
static void expect_moments(float mean)
{
  enum { UNITS = 250, STEPS = 400 };
  double sum = 0, squares = 0, n = (double)UNITS * STEPS;
  float means[UNITS], out[UNITS];
  for (int i = 0; i < UNITS; i++) means[i] = mean;
  for (uint32_t step = 0; step < STEPS; step++) {
    nai__counts(nai__kernels_best(), out, UNITS, 0, means, 3, 13, 0, step);
    for (int i = 0; i < UNITS; i++) {
      ck_assert_float_eq(out[i], rintf(out[i]));
      sum += (double)out[i] - (double)mean;
      squares += pow((double)out[i] - (double)mean, 2);
    }
  }
  const double variance = (double)mean;
  ck_assert_double_lt(fabs(sum / n), 5 * sqrt(variance / n));
  ck_assert_double_lt(fabs(squares / n / variance - 1), 5 * sqrt((2 + 1 / variance) / n));
}

START_TEST(test_moments)
{
  static const float means[] = {0.01F, 0.24F, 2, 40, 1000, 4096, 1e5F};
  expect_moments(means[_i]);
}
END_TEST

/* In one call or in pieces, from any unit, among units of other means, with every table. */
START_TEST(test_pieces)
{
  enum { N = 700 };
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  float mean[N], whole[N], piece[N];
  for (int i = 0; i < N; i++)
    mean[i] = i < 300 ? 2 : i < 400 ? 0.1F * (float)(i - 300) : i < 500 ? 5000 : 30.5F;
  mean[33] = mean[450] = 0;
  mean[100] = -1;
  mean[101] = 7;
  mean[310] = NAN;
  nai__counts(nai__kernels_named("portable"), whole, N, 3, mean, 1, 13, 8, 4);
  ck_assert_float_eq(whole[33] + whole[450] + whole[100], 0);
  ck_assert(isnan(whole[310]));
  for (int each = 1; each < N; each += 1 + each / 2) {
    for (int at = 0; at < N; at += each)
      nai__counts(kernels, piece + at, at + each < N ? each : N - at, 3 + at, mean + at, 1, 13, 8,
                  4);
    ck_assert_int_eq(memcmp(piece, whole, sizeof piece), 0);
  }
}
END_TEST

Suite *counts_suite(void)
{
  Suite *suite = suite_create("counts");
  TCase *words = tcase_create("words");
  tcase_add_loop_test(words, test_words, 0, TABLES);
  tcase_add_loop_test(words, test_tally, 0, TABLES);
  suite_add_tcase(suite, words);
  TCase *counts = tcase_create("counts");
  tcase_add_test(counts, test_inverted);
  tcase_add_loop_test(counts, test_moments, 0, 7);
  tcase_add_loop_test(counts, test_pieces, 0, TABLES);
  suite_add_tcase(suite, counts);
  return suite;
}
