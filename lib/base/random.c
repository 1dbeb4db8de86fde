/*
 * Random numbers in double precision: sequential streams for what is drawn once (weights, synapses,
 * positions, trials), and numbered draws for extensions. The elementary functions are our own, of
 * additions, multiplications, divisions and square roots only, so that a seed gives the same bits
 * on every machine whatever its libm.
 */
#include <neuroai/random.h>

#include <assert.h>
#include <math.h>
#include <string.h>

#include "random.h"

/* The leading 32 bits of ln 2: k * LN2_HIGH is exact. */
#define LN2_HIGH 6.93147180369123816490e-01
#define LN2_LOW 1.90821492927058770002e-10
#define QUARTER_PI 0.78539816339744830962

/* Kinds of numbered draws; part of the counter. */
enum { DRAW_UNIFORM = 0, DRAW_NORMAL = 1 };

/* artanh(s) / s - 1 for |s| < 0.172. */
static double rest_of_artanh(double s)
{
  static const double share[] = {1.0 / 23, 1.0 / 21, 1.0 / 19, 1.0 / 17, 1.0 / 15, 1.0 / 13,
                                 1.0 / 11, 1.0 / 9,  1.0 / 7,  1.0 / 5,  1.0 / 3};
  double z = s * s, sum = 0;
  for (int k = 0; k < 11; k++)
    sum = (sum + share[k]) * z; /* z < 0.0295: the next term is below 1e-19 */
  return sum;
}

/*
 * log x of a normal, positive, finite x: log m + k ln 2 with m in [sqrt 1/2, sqrt 2), log m = 2
 * artanh((m-1)/(m+1)).
 */
static double own_log(double x)
{
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  assert(bits >> 52 > 0 && bits >> 52 < 2047); /* so frexp() is no more than this */
  int exponent = (int)(bits >> 52) - 1022;
  bits = (bits & 0x000fffffffffffffu) | 0x3fe0000000000000u;
  double m;
  memcpy(&m, &bits, sizeof m);
  if (m < 0.70710678118654752440) {
    m += m;
    exponent--;
  }
  const double s = (m - 1) / (m + 1);
  return exponent * LN2_HIGH + (2 * s + (2 * s * rest_of_artanh(s) + exponent * LN2_LOW));
}

double nai__log_ratio(double a, double b)
{
  const double ratio = a / b;
  if (!(ratio > 0.7 && ratio < 1.4)) return own_log(ratio);
  const double s = (a - b) / (a + b); /* no digit of a small difference is lost */
  return 2 * s + 2 * s * rest_of_artanh(s);
}

/* e^x for x <= 0, by its series over [-ln 2 / 2, ln 2 / 2]. */
static double own_exp(double x)
{
  if (x < -745) return 0;
  int k = (int)floor(x * 1.44269504088896340736 + 0.5);
  double r = (x - k * LN2_HIGH) - k * LN2_LOW, sum = 1;
  for (int n = 14; n >= 1; n--) sum = 1 + sum * r / n;
  return ldexp(sum, k);
}

/* cos(2 pi u) for u in [0, 1), by the series of sine and cosine over an eighth of the circle. */
static double own_cos_turn(double u)
{
  int octant = (int)(u * 8);
  double f = u * 8 - octant; /* exact */
  int swap = octant & 1;     /* odd octants run back from the next axis */
  double x = (swap ? 1 - f : f) * QUARTER_PI, z = x * x;
  int axis = (octant + 1) / 2 & 3; /* the nearest multiple of a quarter turn */
  double sum = 1;
  if (axis & 1) {
    for (int n = 18; n >= 2; n -= 2) sum = 1 - sum * z / (n * (n + 1)); /* sine */
    sum *= x;
    /* cos(axis pi/2 + d) = -+ sin d, and d < 0 in odd octants */
    return (axis == 1) == (swap == 0) ? -sum : sum;
  }
  for (int n = 17; n >= 1; n -= 2) sum = 1 - sum * z / (n * (n + 1)); /* cosine */
  return axis == 2 ? -sum : sum;
}

/* 53 bits of two words, in [0, 1). */
static double uniform_of(uint32_t high, uint32_t low)
{
  return ((double)(high >> 5) * 67108864.0 + (double)(low >> 6)) * (1.0 / 9007199254740992.0);
}

/* Box and Muller 1958, the cosine of the pair: four words make one number, always. */
static double normal_of(const uint32_t word[4])
{
  double u = 1 - uniform_of(word[0], word[1]); /* (0, 1] */
  return sqrt(-2 * own_log(u)) * own_cos_turn(uniform_of(word[2], word[3]));
}

nai__stream nai__stream_open(uint64_t seed, uint32_t purpose, uint64_t a, uint32_t b)
{
  nai__stream random;
  assert(b < 1u << 24 && purpose < 1u << 8); /* they share a word */
  memset(&random, 0, sizeof random);
  random.key = seed;
  random.counter[1] = (uint32_t)a;
  random.counter[2] = (uint32_t)(a >> 32);
  random.counter[3] = purpose << 24 | (b & 0x00ffffffu);
  random.used = 4;
  return random;
}

uint32_t nai__stream_word(nai__stream *random)
{
  if (random->used == 4) {
    nai__philox(random->word, random->counter, random->key);
    random->counter[0]++;
    random->used = 0;
  }
  return random->word[random->used++];
}

double nai__stream_uniform(nai__stream *random)
{
  uint32_t high = nai__stream_word(random);
  return uniform_of(high, nai__stream_word(random));
}

double nai__stream_normal(nai__stream *random)
{
  uint32_t word[4];
  for (int i = 0; i < 4; i++) word[i] = nai__stream_word(random);
  return normal_of(word);
}

/*
 * G. Marsaglia and W. W. Tsang, "A simple method for generating gamma variables", ACM TOMS 26
 * (2000).
 */
double nai__stream_gamma(nai__stream *random, double shape)
{
  if (!(shape > 0)) return 0;
  double boost = 1;
  if (shape < 1) {
    boost = own_exp(own_log(1 - nai__stream_uniform(random)) / shape);
    shape += 1;
  }
  double d = shape - 1.0 / 3, c = 1 / sqrt(9 * d);
  for (;;) {
    double x = nai__stream_normal(random), v = 1 + c * x;
    double u = 1 - nai__stream_uniform(random);
    if (v <= 0) continue;
    v = v * v * v;
    if (u < 1 - 0.0331 * (x * x) * (x * x))
      return boost * d * v; /* what follows would say so, too */
    if (own_log(u) < 0.5 * x * x + d - d * v + d * own_log(v)) return boost * d * v;
  }
}

int64_t nai__stream_below(nai__stream *random, int64_t n)
{
  if (n <= 1) return 0;
  uint64_t range = (uint64_t)n;
  uint64_t unfair =
      (0 - range) % range; /* 2^64 mod n: so many of the smallest numbers are drawn again */
  uint64_t x;
  do x = nai__stream_long(random);
  while (x < unfair);
  return (int64_t)(x % range);
}

/*
 * The four words of draw `index`. All of `stream` and `index` count, so the stream goes into the
 * key.
 */
static void draw(uint32_t word[4], uint64_t seed, uint64_t stream, uint64_t index, uint32_t kind)
{
  const uint32_t counter[4] = {(uint32_t)index, (uint32_t)(index >> 32), kind,
                               (uint32_t)NAI__FOR_USER << 24};
  nai__philox(word, counter, nai__seed_derive(seed, NAI__FOR_USER, stream));
}

double nai_random_uniform(uint64_t seed, uint64_t stream, uint64_t index)
{
  uint32_t word[4];
  draw(word, seed, stream, index, DRAW_UNIFORM);
  return uniform_of(word[0], word[1]);
}

double nai_random_normal(uint64_t seed, uint64_t stream, uint64_t index)
{
  uint32_t word[4];
  draw(word, seed, stream, index, DRAW_NORMAL);
  return normal_of(word);
}
