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
/* The largest mean that is inverted: NAI__MOST_THRESHOLDS are 13 deviations of it and some. */
#define MOST_MEAN 4096.0F

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

/* Thresholds of a mean that are neither 0 nor out of reach, after as many as `base` that are 0. */
static void find_thresholds(nai__counting *c, float mean)
{
  walk w = walk_from((double)mean);
  nai__guide *g = &c->guide;
  g->threshold = c->threshold;
  g->count = 0;
  for (; threshold_of(&w) == 0; go_on(&w)) {
  }
  g->base = (float)w.k;
  for (uint64_t t; (t = threshold_of(&w)) >> 32 == 0 && g->count < NAI__MOST_THRESHOLDS; go_on(&w))
    c->threshold[g->count++] = (uint32_t)t;
}

static void guide_to(nai__counting *c, float mean)
{
  nai__guide *g = &c->guide;
  int64_t k = 0;
  find_thresholds(c, mean);
  for (uint32_t at = 0; at < 1U << NAI__GUIDE_BITS; at++) {
    const uint32_t least = at << (32 - NAI__GUIDE_BITS);
    while (k < g->count && g->threshold[k] <= least) k++;
    g->below[at] = (uint32_t)k;
    g->first[at] = k < g->count ? g->threshold[k] : UINT32_MAX;
    g->second[at] = k + 1 < g->count ? g->threshold[k + 1] : UINT32_MAX;
  }
  c->mean = mean;
}

/* A mean that is not inverted: none, or so large that a normal stands for it. */
static float plain_count(const nai__counting *c, float mean, int64_t unit, uint64_t trial)
{
  float normal[4];
  if (!(mean > 0)) return mean < 0 ? 0 : mean;
  c->kernels->normals(normal, 4, c->seed ^ (uint64_t)(unit / 4) << 32, c->purpose, trial, c->step);
  return rintf(mean + sqrtf(mean) * normal[unit % 4]);
}

static int is_inverted(float mean)
{
  return mean > 0 && mean <= MOST_MEAN;
}

/* How many have the rate of the first, to the bit: most often all. */
static int64_t alike(const float *rate, int64_t n)
{
  int64_t same = 1;
  if (memcmp(rate, rate + 1, (size_t)(n - 1) * sizeof *rate) == 0) return n;
  while (memcmp(rate, rate + same, sizeof *rate) == 0) same++;
  return same;
}

/* Of units of one rate. */
static void count_alike(nai__counting *c, float *out, int64_t n, int64_t first, uint64_t trial,
                        float mean, const uint32_t *word)
{
  if (!is_inverted(mean)) {
    for (int64_t k = 0; k < n; k++) out[k] = plain_count(c, mean, first + k, trial);
  } else if (n < TABLE && mean != c->mean) {
    for (int64_t k = 0; k < n; k++) out[k] = count_of(mean, word[k]);
  } else {
    if (mean != c->mean) guide_to(c, mean);
    c->kernels->tally(out, n, word, &c->guide);
  }
}

void nai__counts(nai__counting *c, float *out, int64_t n, int64_t first, uint64_t trial,
                 const float *rate)
{
  uint32_t word[CHUNK + 4];
  const int64_t odd = first % 4;
  for (int64_t at = 0; at < n; at += CHUNK) {
    const int64_t end = at + CHUNK < n ? at + CHUNK : n;
    c->kernels->words(word, end - at + odd, first - odd + at, c->seed, c->purpose, trial, c->step);
    for (int64_t i = at, same; i < end; i += same) {
      same = alike(rate + i, end - i);
      count_alike(c, out + i, same, first + i, trial, rate[i] * c->scale, word + odd + (i - at));
    }
  }
}
