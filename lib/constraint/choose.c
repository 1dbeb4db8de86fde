#include "choose.h"

#include <assert.h>
#include <string.h>

#define ONES UINT64_C(0x0101010101010101)

/* While synapses are chosen: one that is. */
#define CHOSEN 2

nai__stream nai__synapses_stream(uint64_t seed, int64_t row)
{
  return nai__stream_open(seed, NAI__FOR_SYNAPSES, (uint64_t)row, 0);
}

static uint64_t eight(const uint8_t *flags)
{
  uint64_t word;
  memcpy(&word, flags, sizeof word);
  return word;
}

/* Bytes of a sum of up to 31 words do not run over when they are added up. */
int64_t nai__may_exist(const uint8_t *exists, int64_t n)
{
  int64_t may = 0, j = 0;
  while (n - j >= 8) {
    uint64_t sum = 0;
    for (const int64_t end = n - j < 248 ? j + (n - j) / 8 * 8 : j + 248; j < end; j += 8)
      sum += eight(exists + j);
    for (; sum; sum >>= 8) may += (int64_t)(sum & 0xff);
  }
  for (; j < n; j++) may += exists[j];
  return may;
}

/* What is chosen is 1, all else 0. */
static void keep_chosen(uint8_t *exists, int64_t n)
{
  int64_t j = 0;
  for (; n - j >= 8; j += 8) {
    const uint64_t word = eight(exists + j) >> 1 & ONES;
    memcpy(exists + j, &word, sizeof word);
  }
  for (; j < n; j++) exists[j] = exists[j] == CHOSEN;
}

static int64_t draw_index(nai__stream *random, int64_t n)
{
  return n <= UINT32_MAX ? (int64_t)nai__stream_index(random, (uint32_t)n)
                         : nai__stream_below(random, n);
}

/* What may not exist, and what was chosen before, is drawn again. */
static void mark(uint8_t *exists, int64_t n, int64_t wanted, uint8_t as, nai__stream *random)
{
  while (wanted > 0) {
    uint8_t *drawn = &exists[draw_index(random, n)];
    if (*drawn != 1) continue;
    *drawn = as;
    wanted--;
  }
}

/*
 * One after the other, with the probability (still to be drawn) / (still to be seen): Fan, Muller &
 * Rezucha 1962.
 */
static void decide_each(uint8_t *exists, int64_t n, int64_t may, int64_t wanted,
                        nai__stream *random)
{
  for (int64_t j = 0; j < n; j++) {
    if (exists[j] == 0) continue;
    exists[j] = draw_index(random, may--) < wanted;
    wanted -= exists[j];
  }
}

void nai__choose_synapses(uint8_t *exists, int64_t n, int64_t may, int64_t wanted,
                          nai__stream *random)
{
  assert(wanted >= 0 && wanted <= may && may <= n);
  const int stay = wanted <= may - wanted;
  const int64_t fewer = stay ? wanted : may - wanted;
  if ((double)fewer * (double)n >
      (double)may * (double)may) { /* most that are drawn may not exist */
    decide_each(exists, n, may, wanted, random);
    return;
  }
  mark(exists, n, fewer, stay ? CHOSEN : 0, random);
  if (stay) keep_chosen(exists, n);
}

/* --- several of a pair ------------------------------------------------------------------------ */

static int repeat(uint8_t *exists, uint8_t *more)
{
  if (*exists == CHOSEN) return ++*more <= NAI__MOST_REPEATS;
  *exists = CHOSEN;
  *more = 0;
  return 1;
}

static int draw_each(uint8_t *exists, uint8_t *more, int64_t n, int64_t wanted, nai__stream *random)
{
  while (wanted > 0) {
    const int64_t j = draw_index(random, n);
    if (exists[j] == 0) continue;
    if (!repeat(&exists[j], &more[j])) return 0;
    wanted--;
  }
  keep_chosen(exists, n);
  return 1;
}

/* Where few may exist, or many are drawn: how often each of them is. */
static int share_out(uint8_t *exists, uint8_t *more, int64_t n, int64_t may, int64_t wanted,
                     nai__stream *random)
{
  for (int64_t j = 0; j < n; j++) {
    if (exists[j] == 0) continue;
    const int64_t times = nai__stream_binomial(random, wanted, 1, may--);
    if (times > NAI__MOST_REPEATS + 1) return 0;
    exists[j] = times > 0;
    more[j] = times > 0 ? (uint8_t)(times - 1) : 0;
    wanted -= times;
  }
  return 1;
}

int nai__draw_multapses(uint8_t *exists, uint8_t *more, int64_t n, int64_t may, int64_t wanted,
                        nai__stream *random)
{
  assert(may > 0 && may <= n && wanted >= 0);
  if ((double)wanted * (double)n > 8 * (double)may * (double)may)
    return share_out(exists, more, n, may, wanted, random);
  return draw_each(exists, more, n, wanted, random);
}
