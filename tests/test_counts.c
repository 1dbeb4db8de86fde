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

static void words_of(uint32_t word[4], uint32_t number)
{
  uint32_t counter[4] = {number, 9, 5, 7 | 13u << 24};
  nai__philox(word, counter, 2026);
}

static uint32_t word_of(int64_t i)
{
  uint32_t word[4];
  words_of(word, (uint32_t)(i / 4));
  return word[i % 4];
}

/* The number of 48 bits that a unit's count is found from. */
static uint64_t number_of(int64_t unit)
{
  uint32_t word[4];
  words_of(word, (uint32_t)unit | UINT32_C(1) << 31);
  return (uint64_t)(word_of(unit / 2) >> 16 * (unit % 2) & 0xffff) << 32 | word[0];
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

/* Of each number of 16 bits, behind which any may follow. */
START_TEST(test_tally)
{
  enum { N = 70 };
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  nai__guide guide = {.base = 3};
  for (int at = 0; at < 1 << NAI__GUIDE_BITS; at++) { /* thresholds 1000, 40000, 40001, 65535 */
    const int least = at << (16 - NAI__GUIDE_BITS);
    guide.below[at] = least <= 1000 ? 0 : least <= 40000 ? 1 : 3;
    guide.first[at] = least <= 1000 ? 1000 : least <= 40000 ? 40000 : 65535;
    guide.second[at] = least <= 1000 ? 40000 : least <= 40000 ? 40001 : 65535;
  }
  /* One by one around two thresholds, so that they stand at the end of some, too. */
  for (int first = 0; first + N <= 65536; first += first > 39900 && first < 40010 ? 1 : N - 3)
    for (int n = first % 2 ? N : 1 + first % N; n; n = 0) {
      uint16_t half[N];
      int16_t unsaid[N];
      float out[N + 1];
      for (int i = 0; i < N; i++) half[i] = (uint16_t)(first + i);
      out[n] = -1;
      const int64_t left = kernels->tally(out, unsaid, n, half, &guide);
      int64_t found = 0;
      for (int i = 0; i < n; i++) {
        const int h = half[i], said = h != 1000 && h != 40000 && h != 40001 && h != 65535 &&
                                      !(h > 40001 && h < 40960); /* of a bucket that has two */
        if (!said) ck_assert(found < left && unsaid[found] == i);
        found += !said;
        if (said) ck_assert_float_eq(out[i], 3 + (float)((h > 1000) + 2 * (h > 40000)));
      }
      ck_assert_int_eq(found, left);
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

/* Counts of one mean. */
static void draw(const nai__kernels *kernels, float *out, int64_t n, int64_t first, uint64_t seed,
                 uint64_t of_trial, uint32_t step, float scale, const float *rate)
{
  nai__counting by;
  nai__counting_start(&by, kernels, seed, 13, step, scale);
  nai__counts(&by, out, n, first, of_trial, rate);
}

/* Each count is the one whose share of 0 .. 1 the number lies in: one that 16 bits do not say, too. */
START_TEST(test_inverted)
{
  static const float means[] = {1e-6F, 0.001F, 0.24F, 2, 13.7F, 100, 101, 699, 4000};
  for (int m = 0; m < (int)(sizeof means / sizeof *means); m++) {
    enum { UNITS = 20000 };
    static float rate[UNITS], out[UNITS];
    for (int i = 0; i < UNITS; i++) rate[i] = 4 * means[m];
    draw(nai__kernels_best(), out, UNITS, 12, 2026, trial, 9, 0.25F, rate);
    for (int i = 0; i < UNITS; i += m < 6 ? 1 : 50) {
      const double u = (double)number_of(12 + i) * 0x1p-48;
      const int64_t k = (int64_t)out[i];
      ck_assert_double_le(k > 0 ? below(means[m], k - 1) : 0, u + 1e-10);
      ck_assert_double_ge(below(means[m], k), u - 1e-10);
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
    draw(nai__kernels_best(), out, UNITS, 0, 3, 0, step, 1, means);
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

/* No two units have the same numbers, also where normals stand for counts: five standard errors. */
START_TEST(test_units_are_apart)
{
  enum { UNITS = 9, STEPS = 400 };
  static const float means[] = {4, 1e5F};
  double products[UNITS][UNITS] = {{0}};
  const float mean = means[_i];
  float rate[UNITS], out[UNITS];
  for (int i = 0; i < UNITS; i++) rate[i] = mean;
  for (uint32_t step = 0; step < STEPS; step++) {
    draw(nai__kernels_best(), out, UNITS, 0, 5, 0, step, 1, rate);
    for (int i = 0; i < UNITS; i++)
      for (int j = 0; j < UNITS; j++)
        products[i][j] += (double)(out[i] - mean) * (double)(out[j] - mean) / (double)mean;
  }
  for (int i = 0; i < UNITS; i++)
    for (int j = 0; j < i; j++)
      ck_assert_double_lt(fabs(products[i][j] / STEPS), 5 / sqrt((double)STEPS));
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
  draw(nai__kernels_named("portable"), whole, N, 3, 1, 8, 4, 1, mean);
  ck_assert_float_eq(whole[33] + whole[450] + whole[100], 0);
  ck_assert(isnan(whole[310]));
  for (int each = 1; each < N; each += 1 + each / 2) {
    for (int at = 0; at < N; at += each)
      draw(kernels, piece + at, at + each < N ? each : N - at, 3 + at, 1, 8, 4, 1, mean + at);
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
  tcase_add_loop_test(counts, test_units_are_apart, 0, 2);
  tcase_add_loop_test(counts, test_pieces, 0, TABLES);
  suite_add_tcase(suite, counts);
  return suite;
}
