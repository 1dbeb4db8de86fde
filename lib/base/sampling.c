/*
 * Numbers of things by the ratio of uniforms: E. Stadlober, "The ratio of uniforms approach for
 * generating discrete random variates", J. Comput. Appl. Math. 31 (1990). (x, y) is uniform over a
 * rectangle; floor(a + y / x) is taken where x^2 is at most its probability over that of the mode. A few
 * numbers are enough whatever the sizes, and the distribution is exact as far as logarithms are.
 */
#include "sampling.h"

#include <assert.h>
#include <math.h>

/* D. Lemire, "Fast random integer generation in an interval", ACM TOMACS 29 (2019). */
uint32_t nai__stream_index(nai__stream *random, uint32_t n)
{
  uint64_t product = (uint64_t)nai__stream_word(random) * n;
  if ((uint32_t)product < n)
    for (const uint32_t unfair = (0 - n) % n; (uint32_t)product < unfair;)
      product = (uint64_t)nai__stream_word(random) * n;
  return (uint32_t)(product >> 32);
}

/* --- factorials ------------------------------------------------------------------------------- */

/* ln n! - ((n + 1/2) ln(n + 1) - (n + 1) + ln(2 pi) / 2): what Stirling's formula lacks. */
static double stirling_rest(double n)
{
  static const double few[] = {0.08106146679532726,  0.04134069595540929,  0.02767792568499834,
                               0.02079067210376509,  0.01664469118982119,  0.01387612882307075,
                               0.01189670994589177,  0.01041126526197210,  0.009255462182712733,
                               0.008330563433362871, 0.007573675487951841, 0.006942840107209530};
  if (n < 12) return few[(int)n];
  const double one = 1 / (n + 1), square = one * one;
  return one * (1.0 / 12 - square * (1.0 / 360 - square * (1.0 / 1260 - square / 1680)));
}

/* ln(a! / b!), where each is large and they are alike too. */
static double log_factorials(double a, double b)
{
  if (a == b) return 0;
  return (a + 0.5) * nai__log_ratio(a + 1, b + 1) + (a - b) * (nai__log_ratio(b + 1, 1) - 1) +
         (stirling_rest(a) - stirling_rest(b));
}

/* --- a hypergeometric number ------------------------------------------------------------------ */

typedef struct urn {
  double drawn, marked, all;
  double low, high, mode; /* what is possible, what is likeliest */
} urn;

static urn urn_of(int64_t drawn, int64_t marked, int64_t all)
{
  assert(drawn >= 0 && drawn <= all && marked >= 0 && marked <= all);
  urn u = {.drawn = (double)drawn, .marked = (double)marked, .all = (double)all};
  u.low = fmax(0, u.drawn + u.marked - u.all);
  u.high = fmin(u.drawn, u.marked);
  u.mode = floor((u.drawn + 1) * ((u.marked + 1) / (u.all + 2)));
  u.mode = fmin(fmax(u.mode, u.low), u.high); /* whatever was rounded */
  return u;
}

/* ln of the probability of k over that of the mode. */
static double log_odds(const urn *u, double k)
{
  const double m = u->mode, unmarked = u->all - u->marked - u->drawn;
  return -(log_factorials(k, m) + log_factorials(u->marked - k, u->marked - m) +
           log_factorials(u->drawn - k, u->drawn - m) + log_factorials(unmarked + k, unmarked + m));
}

/* Half of the rectangle's breadth for a variance: Stadlober's table mountain, which is above all these. */
static double breadth(double variance)
{
  return 1.7155277699214135 * sqrt(variance + 0.5) +
         0.8989161620588988; /* 2 sqrt(2/e), 3 - 2 sqrt(3/e) */
}

/* The first two tests are bounds of the last one. */
static int accepts(double x, double log_odds)
{
  if (x * (4 - x) - 3 <= log_odds) return 1;
  if (x * (x - log_odds) >= 1) return 0;
  return 2 * nai__log_ratio(x, 1) <= log_odds;
}

/* One that is possible, wherever the centre is; then it is for `accepts` to say. */
static double propose(nai__stream *random, double *x, double centre, double b, double low,
                      double high)
{
  for (;;) {
    *x = 1 - nai__stream_uniform(random);
    const double k = floor(centre + b * (nai__stream_uniform(random) - 0.5) / *x);
    if (k >= low && k <= high) return k;
  }
}

int64_t nai__stream_hypergeometric(nai__stream *random, int64_t drawn, int64_t marked, int64_t all)
{
  const urn u = urn_of(drawn, marked, all);
  if (u.low == u.high) return (int64_t)u.low;
  const double share = u.marked / u.all;
  const double variance = u.drawn * share * (1 - share) * (u.all - u.drawn) / (u.all - 1);
  const double centre = u.drawn * share + 0.5, b = breadth(variance);
  for (double x;;) {
    const double k = propose(random, &x, centre, b, u.low, u.high);
    if (accepts(x, log_odds(&u, k))) return (int64_t)k;
  }
}

/* --- a binomial number ------------------------------------------------------------------------ */

int64_t nai__stream_binomial(nai__stream *random, int64_t n, int64_t part, int64_t whole)
{
  assert(n >= 0 && part >= 0 && part <= whole);
  if (part == 0 || n == 0) return 0;
  if (part == whole) return n;
  const double most = (double)n, p = (double)part / (double)whole;
  const double mean = most * p, mode = fmin(floor((most + 1) * p), most);
  const double b = breadth(mean * (1 - p)),
               log_p = nai__log_ratio((double)part, (double)(whole - part));
  for (double x;;) {
    const double k = propose(random, &x, mean + 0.5, b, 0, most);
    const double odds =
        (k - mode) * log_p - (log_factorials(k, mode) + log_factorials(most - k, most - mode));
    if (accepts(x, odds)) return (int64_t)k;
  }
}
