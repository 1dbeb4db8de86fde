/*
 * Poisson counts by inversion: the count is the number of k for which a uniform number reaches P(X <= k).
 * Where neighbours have the same mean these thresholds are found once for all of them, else one by one up
 * to the first that is not reached; the same numbers either way.
 */
#include "counts.h"

#include <math.h>
#include <string.h>

#include "../base/philox.h"

/* Units at a time, a multiple of 8; neighbours of one mean from which on a table pays. */
enum { CHUNK = 512, TABLE = 8 };
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

/* 2^48 P(X <= k); 2^48 and above where no number reaches it. */
static uint64_t threshold_of(const walk *w)
{
  const double scaled = w->all * 0x1p48 + 0.5;
  return scaled >= 0x1p48 || w->k > w->last ? UINT64_C(1) << 48 : (uint64_t)scaled;
}

/* A number of 48 bits, of which the last 32 are drawn when they are asked for. */
typedef struct drawn {
  const nai__counting *by;
  int64_t unit;
  uint64_t trial;
  uint32_t half, rest;
  int has_rest;
} drawn;

static uint32_t rest_of(drawn *d)
{
  uint32_t counter[4] = {(uint32_t)d->unit | UINT32_C(1) << 31, d->by->step, (uint32_t)d->trial,
                         ((uint32_t)(d->trial >> 32) & 0x00ffffff) | d->by->purpose << 24},
           word[4];
  if (!d->has_rest) {
    nai__philox(word, counter, d->by->seed);
    d->rest = word[0];
    d->has_rest = 1;
  }
  return d->rest;
}

static int reaches(drawn *d, uint64_t threshold)
{
  const uint64_t first = threshold >> 32;
  return d->half != first ? d->half > first : rest_of(d) >= (uint32_t)threshold;
}

static float count_of(drawn *d, float mean)
{
  walk w = walk_from((double)mean);
  while (reaches(d, threshold_of(&w))) go_on(&w);
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
  for (uint64_t t; (t = threshold_of(&w)) >> 48 == 0 && g->count < NAI__MOST_THRESHOLDS; go_on(&w))
    c->threshold[g->count++] = t;
}

static uint16_t first_bits(const nai__guide *g, int64_t k)
{
  return k < g->count ? (uint16_t)(g->threshold[k] >> 32) : UINT16_MAX;
}

static void guide_to(nai__counting *c, float mean)
{
  nai__guide *g = &c->guide;
  int64_t k = 0;
  find_thresholds(c, mean);
  for (uint64_t at = 0; at < 1U << NAI__GUIDE_BITS; at++) {
    while (k < g->count && g->threshold[k] <= at << (48 - NAI__GUIDE_BITS)) k++;
    g->below[at] = (uint16_t)k;
    g->first[at] = first_bits(g, k);
    g->second[at] = first_bits(g, k + 1);
  }
  c->mean = mean;
}

/* From where the guide points to. */
static float count_on(drawn *d, const nai__guide *g)
{
  int64_t n = g->below[d->half >> (16 - NAI__GUIDE_BITS)];
  while (n < g->count && reaches(d, g->threshold[n])) n++;
  return (float)n + g->base;
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

static void count_by_guide(nai__counting *c, float *out, int64_t n, int64_t first, uint64_t trial,
                           float mean, const uint16_t *half)
{
  int16_t unsaid[CHUNK];
  if (mean != c->mean) guide_to(c, mean);
  const int64_t left = c->kernels->tally(out, unsaid, n, half, &c->guide);
  for (int64_t k = 0; k < left; k++)
    out[unsaid[k]] =
        count_on(&(drawn){c, first + unsaid[k], trial, half[unsaid[k]], 0, 0}, &c->guide);
}

/* Of units of one rate. */
static void count_alike(nai__counting *c, float *out, int64_t n, int64_t first, uint64_t trial,
                        float mean, const uint16_t *half)
{
  if (is_inverted(mean) && (n >= TABLE || mean == c->mean)) {
    count_by_guide(c, out, n, first, trial, mean, half);
    return;
  }
  for (int64_t k = 0; k < n; k++)
    out[k] = is_inverted(mean) ? count_of(&(drawn){c, first + k, trial, half[k], 0, 0}, mean)
                               : plain_count(c, mean, first + k, trial);
}

void nai__counts(nai__counting *c, float *out, int64_t n, int64_t first, uint64_t trial,
                 const float *rate)
{
  uint32_t word[CHUNK / 2 + 4];
  uint16_t half[CHUNK + 8];
  const int64_t odd = first % 8;
  for (int64_t at = 0; at < n; at += CHUNK) {
    const int64_t end = at + CHUNK < n ? at + CHUNK : n, halves = end - at + odd;
    c->kernels->words(word, (halves + 1) / 2, (first - odd + at) / 2, c->seed, c->purpose, trial,
                      c->step);
    memcpy(half, word, (size_t)halves * sizeof *half);
    for (int64_t i = at, same; i < end; i += same) {
      same = alike(rate + i, end - i);
      count_alike(c, out + i, same, first + i, trial, rate[i] * c->scale, half + odd + (i - at));
    }
  }
}
