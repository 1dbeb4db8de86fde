/*
 * Poisson counts by inversion: the count is the number of k for which the word reaches 2^32 P(X <= k).
 * Where neighbours have the same mean these thresholds are found once for all of them, else one by one up
 * to the first that is not reached; the same numbers either way.
 */
#include "counts.h"

#include <math.h>
#include <string.h>

/* Units at a time, a multiple of 4; neighbours of one mean from which on a table pays. */
enum { CHUNK = 256, TABLE = 8 };
/* The largest mean that is inverted, and thresholds between both tails there: 13 deviations and some. */
#define MOST_MEAN 4096.0F
enum { MOST_THRESHOLDS = 1024 };

/* P(X = k) and P(X <= k) of a mean, for one k after the other. */
typedef struct walk {
  double mean, one, all;
  int64_t k, last; /* beyond `last` there is less than 2^-40 */
} walk;

/* log k! by Stirling's series: to 1e-13 from 10 on. */
static double log_factorial(double k)
{
  const double over = 1 / k;
  return (k + 0.5) * log(k) - k + 0.91893853320467274178 +
         over * (1.0 / 12 - over * over * (1.0 / 360 - over * over / 1260));
}

/* From the first k that matters: what is below has less than 2^-40. */
static walk walk_from(double mean)
{
  const double deviations = 8 * sqrt(mean), low = floor(mean - deviations - 8);
  const int64_t last = (int64_t)(mean + deviations + 40);
  if (low < 10) return (walk){mean, exp(-mean), exp(-mean), 0, last};
  const double one = exp(low * log(mean) - mean - log_factorial(low));
  return (walk){mean, one, one, (int64_t)low, last};
}

static void go_on(walk *w)
{
  w->one *= w->mean / (double)++w->k;
  w->all += w->one;
}

/* 2^32 P(X <= k); 2^32 and above where no word reaches it. */
static uint64_t threshold_of(const walk *w)
{
  const double scaled = w->all * 0x1p32 + 0.5;
  return scaled >= 0x1p32 || w->k > w->last ? UINT64_C(1) << 32 : (uint64_t)scaled;
}

static float count_of(float mean, uint32_t word)
{
  walk w = walk_from((double)mean);
  while (word >= threshold_of(&w)) go_on(&w);
  return (float)w.k;
}

/* Thresholds of a mean that are neither 0 nor out of reach; base: how many are 0. */
static int64_t thresholds_of(uint32_t threshold[], float *base, float mean)
{
  walk w = walk_from((double)mean);
  int64_t n = 0;
  for (; threshold_of(&w) == 0; go_on(&w)) {
  }
  *base = (float)w.k;
  for (uint64_t t; (t = threshold_of(&w)) >> 32 == 0 && n < MOST_THRESHOLDS; go_on(&w))
    threshold[n++] = (uint32_t)t;
  return n;
}

/* A mean that is not inverted: none, or so large that a normal stands for it. */
static float plain_count(const nai__kernels *kernels, float mean, int64_t unit, uint64_t seed,
                         uint32_t purpose, uint64_t trial, uint32_t step)
{
  float normal[4];
  if (!(mean > 0)) return mean < 0 ? 0 : mean;
  kernels->normals(normal, 4, seed ^ (uint64_t)(unit / 4) << 32, purpose, trial, step);
  return rintf(mean + sqrtf(mean) * normal[unit % 4]);
}

static int is_inverted(float mean)
{
  return mean > 0 && mean <= MOST_MEAN;
}

/* How many have the mean of the first: most often all. */
static int64_t alike(const float *mean, int64_t n)
{
  uint32_t others = 0;
  int64_t same = 1;
  for (int64_t i = 1; i < n; i++) others |= mean[i] != mean[0];
  if (!others) return n;
  while (same < n && mean[same] == mean[0]) same++;
  return same;
}

void nai__counts(const nai__kernels *kernels, float *out, int64_t n, int64_t first,
                 const float *mean, uint64_t seed, uint32_t purpose, uint64_t trial, uint32_t step)
{
  uint32_t word[CHUNK + 4], threshold[MOST_THRESHOLDS];
  const int64_t odd = first % 4;
  float base = 0, of = 0;
  int64_t count = 0;
  for (int64_t at = 0; at < n; at += CHUNK) {
    const int64_t end = at + CHUNK < n ? at + CHUNK : n;
    kernels->words(word, end - at + odd, first - odd + at, seed, purpose, trial, step);
    for (int64_t i = at, same; i < end; i = same) {
      same = i + alike(mean + i, end - i);
      const uint32_t *words = word + odd + (i - at);
      if (!is_inverted(mean[i]))
        for (int64_t k = i; k < same; k++)
          out[k] = plain_count(kernels, mean[k], first + k, seed, purpose, trial, step);
      else if (same - i < TABLE)
        for (int64_t k = i; k < same; k++) out[k] = count_of(mean[k], words[k - i]);
      else {
        if (mean[i] != of) count = thresholds_of(threshold, &base, of = mean[i]);
        kernels->tally(out + i, same - i, words, threshold, count, base);
      }
    }
  }
}
