/*
 * What ranks tell each other: that all is well, that they are doing the same thing, and a few numbers.
 * A failure of one of them is one of all, so that none waits for another.
 */
#include <stdio.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "trainer.h"

#define N_SETTINGS 3
#define N_TERMS 9

/* Whether ranks work on the same thing: each of these must be the same. */
static const struct {
  const char *name;
  int is_whole;
} term[N_TERMS] = {{"batch", 0}, {"shards", 0}, {"clip", 0},  {"seed", 1}, {"weights", 1},
                   {"costs", 1}, {"update", 1}, {"trial", 1}, {"call", 1}};

typedef struct head {
  double number[N_SETTINGS]; /* settings */
  uint64_t whole[N_TERMS - N_SETTINGS];
  uint64_t hash; /* of all weights; 0: not told */
  int64_t status;
  char message[168];
} head;

/* Four chains, each of which depends on every bit of its weights. */
static uint64_t hash_of(const nai_network *net)
{
  uint64_t chain[4] = {1, 2, 3, 4}, word;
  for (int64_t i = 0; i < net->n_theta; i += 8) /* theta is a multiple of 16 floats */
    for (int c = 0; c < 4; c++) {
      memcpy(&word, net->theta + i + 2 * c, sizeof word);
      chain[c] = (chain[c] ^ word) * UINT64_C(0x9e3779b97f4a7c15);
      chain[c] ^= chain[c] >> 29;
    }
  return (chain[0] ^ chain[1] * 3 ^ chain[2] * 5 ^ chain[3] * 7) | 1;
}

/* --- room ------------------------------------------------------------------------------------- */

static int64_t row_floats(const nai__shards *s)
{
  return s->here * s->width;
}

static int64_t bytes_of(const nai__shards *s, enum nai__phase phase)
{
  int64_t numbers = phase == NAI__MEETING ? 0 : row_floats(s);
  return (int64_t)sizeof(head) + numbers * (int64_t)sizeof(double);
}

nai_status nai__agree_reserve(nai__shards *s, int64_t here, int64_t width)
{
  if (s->record && s->here == here && s->width == width) return NAI_OK;
  int64_t ranks = nai__exchange_ranks(s->exchange);
  const nai__shards wanted = {.here = here, .width = width};
  char *record = NAI__ARRAY(char, ranks *bytes_of(&wanted, NAI__BEFORE));
  double *number = NAI__ARRAY(double, ranks *here *width + 1);
  if (!record || !number) {
    nai__free(record);
    nai__free(number);
    return NAI_ERR_MEMORY;
  }
  nai__free(s->record);
  nai__free(s->number);
  s->record = record;
  s->number = number;
  s->here = here;
  s->width = width;
  return NAI_OK;
}

/* --- one's own ---------------------------------------------------------------------------------- */

static head head_of(const nai_trainer *trainer, enum nai__phase phase, nai_status status)
{
  const nai__plasticity *p = &trainer->plasticity;
  const double *setting = trainer->setting;
  head h;
  memset(&h, 0, sizeof h); /* what is between members, too */
  h.number[0] = setting[NAI__BATCH];
  h.number[1] = setting[NAI__SHARDS];
  h.number[2] = setting[NAI__CLIP];
  h.whole[0] = trainer->seed;
  h.whole[1] = (uint64_t)p->net->n_theta;
  h.whole[2] = (uint64_t)p->objective.n;
  h.whole[3] = (uint64_t)trainer->step;
  h.whole[4] = trainer->drawn;
  h.whole[5] = (uint64_t)phase;
  h.status = status;
  if (phase == NAI__BEFORE && status == NAI_OK) h.hash = hash_of(p->net);
  if (status < 0) snprintf(h.message, sizeof h.message, "%s", nai_last_error());
  return h;
}

/* --- what the others say ------------------------------------------------------------------------ */

/* The first rank that failed, or else the first that wants to end. */
static nai_status answer(const nai__shards *s, int64_t bytes)
{
  int32_t ranks = nai__exchange_ranks(s->exchange), me = nai__exchange_rank(s->exchange);
  nai_status stop = NAI_OK;
  for (int32_t k = 0; k < ranks; k++) {
    const head *h = (const head *)(s->record + k * bytes);
    if (h->status > 0) stop = NAI_STOP;
    if (h->status >= 0) continue;
    return k == me ? nai__fail((nai_status)h->status, "%s", h->message)
                   : nai__fail((nai_status)h->status, "rank %d: %s", (int)k, h->message);
  }
  return stop;
}

static nai_status differ(int32_t rank, int i, const head *theirs, const head *ours)
{
  if (term[i].is_whole)
    return nai__fail(NAI_ERR_ORDER,
                     "ranks do different things: '%s' is %llu on rank %d and %llu on this one; "
                     "restore one checkpoint on all of them",
                     term[i].name, (unsigned long long)theirs->whole[i - N_SETTINGS], (int)rank,
                     (unsigned long long)ours->whole[i - N_SETTINGS]);
  return nai__fail(NAI_ERR_ORDER,
                   "ranks do different things: '%s' is %g on rank %d and %g on this one",
                   term[i].name, theirs->number[i], (int)rank, ours->number[i]);
}

static nai_status compare(const nai__shards *s, int64_t bytes)
{
  int32_t ranks = nai__exchange_ranks(s->exchange), me = nai__exchange_rank(s->exchange);
  const head *ours = (const head *)(s->record + me * bytes);
  for (int32_t k = 0; k < ranks; k++) {
    const head *h = (const head *)(s->record + k * bytes);
    for (int i = 0; i < N_TERMS; i++)
      if (i < N_SETTINGS ? h->number[i] != ours->number[i]
                         : h->whole[i - N_SETTINGS] != ours->whole[i - N_SETTINGS])
        return differ(k, i, h, ours);
    if (h->hash != ours->hash)
      return nai__fail(NAI_ERR_ORDER,
                       "ranks do different things: rank %d has other weights than this one; build "
                       "with one seed, or restore one checkpoint on all of them",
                       (int)k);
  }
  return NAI_OK;
}

static void collect(nai__shards *s, int64_t bytes)
{
  int32_t ranks = nai__exchange_ranks(s->exchange);
  for (int32_t k = 0; k < ranks; k++)
    memcpy(s->number + k * row_floats(s), s->record + k * bytes + sizeof(head),
           (size_t)row_floats(s) * sizeof(double));
}

/* --- telling ------------------------------------------------------------------------------------ */

double *nai__agree_row(const nai__shards *s, int64_t shard)
{
  char *mine = s->record + nai__exchange_rank(s->exchange) * bytes_of(s, NAI__BEFORE);
  return (double *)(mine + sizeof(head)) + shard * s->width;
}

void nai__agree_clear(const nai__shards *s)
{
  memset(nai__agree_row(s, 0), 0, (size_t)row_floats(s) * sizeof(double));
}

nai_status nai__agree(nai_trainer *trainer, enum nai__phase phase, nai_status status)
{
  nai__shards *s = &trainer->shards;
  int64_t bytes = bytes_of(s, phase);
  if (!s->exchange) {
    if (status == NAI_OK && phase != NAI__MEETING) collect(s, bytes);
    return status;
  }
  head h = head_of(trainer, phase, status);
  s->all_know = 0;
  memcpy(s->record + nai__exchange_rank(s->exchange) * bytes, &h, sizeof h);
  NAI__TRY(nai__exchange_rows(s->exchange, s->record, bytes));
  status = answer(s, bytes);
  if (status == NAI_OK) status = compare(s, bytes);
  s->all_know = status != NAI_OK;
  NAI__TRY(status);
  if (phase != NAI__MEETING) collect(s, bytes);
  return NAI_OK;
}

/* Pairs of neighbours, then pairs of pairs; columns first .. end - 1. The sums stand in the first row. */
void nai__agree_sum(const nai__shards *s, int64_t first, int64_t end)
{
  for (int64_t apart = 1; apart < s->all; apart *= 2)
    for (int64_t k = 0; k + apart < s->all; k += 2 * apart)
      for (int64_t c = first; c < end; c++)
        s->number[k * s->width + c] += s->number[(k + apart) * s->width + c];
}
