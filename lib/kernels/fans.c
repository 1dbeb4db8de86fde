/* Synapses by sender: made from compressed rows, and multiplied with what few senders send. */
#include "fans.h"

#include <string.h>

#include "../base/memory.h"
#include "kernels.h"

/* Spikes onto a receiver are counted in bytes. */
enum { MOST_COUNT = UINT8_MAX };

/* --- life ------------------------------------------------------------------------------------- */

/* Rows of bits take less time than lists where so many of the synapses exist. */
#define LEAST_DENSITY 0.05

static int wants_bits(int64_t k, int64_t n, int64_t synapses)
{
  return (double)synapses >= LEAST_DENSITY * (double)k * (double)n;
}

int nai__fans_want_bits(int64_t k, int64_t n, int64_t synapses, int has_one_weight)
{
  return has_one_weight && wants_bits(k, n, synapses);
}

/* Bytes. */
static int64_t bits_of(int64_t k, int64_t n)
{
  return k * nai__fan_slices(n) * (nai__fan_slice(n) / 8);
}

int64_t nai__fans_bytes(int64_t k, int64_t n, int64_t synapses, int has_one_weight)
{
  return (nai__fan_slices(n) * k + 1) * (int64_t)sizeof(uint32_t) +
         (has_one_weight && wants_bits(k, n, synapses) ? bits_of(k, n) : 0) +
         synapses * (int64_t)(sizeof(uint16_t) + (has_one_weight ? 0 : sizeof(float)));
}

static int64_t synapses_of(const nai__fans *f)
{
  return f->first[f->slices * f->k];
}

int64_t nai__fans_size(const nai__fans *fans)
{
  return fans ? nai__fans_bytes(fans->k, fans->n, synapses_of(fans), !fans->weight) : 0;
}

void nai__fans_destroy(nai__fans *fans)
{
  if (!fans) return;
  nai__free(fans->first);
  nai__free(fans->receiver);
  nai__free(fans->weight);
  nai__free(fans->bits);
  nai__free(fans);
}

int nai__fans_part(nai__fans *fans)
{
  if (!fans->weight) fans->weight = NAI__ARRAY(float, synapses_of(fans) + 1);
  return fans->weight != NULL;
}

/* Where synapses of sender j onto the slice of receiver i stand among the beginnings. */
static int64_t fan_of(const nai__fans *f, int64_t j, int64_t i)
{
  return j * f->slices + i / f->slice;
}

/* Where each sender's synapses begin, slice by slice. */
static void count(nai__fans *f, const nai__compressed *synapses)
{
  f->most = 1; /* also of none: so many spikes are counted at once that a count holds them */
  for (int64_t i = 0; i < f->n; i++)
    for (int64_t e = synapses->first[i], same = 0; e < synapses->first[i + 1]; e++) {
      const int32_t j = synapses->sender[e];
      f->first[fan_of(f, j, i) + 1]++;
      same = e > synapses->first[i] && synapses->sender[e - 1] == j ? same + 1 : 1;
      if (same > f->most) f->most = same;
    }
  for (int64_t k = 0; k < f->k * f->slices; k++) f->first[k + 1] += f->first[k];
}

/*
 * Where the next synapse of each sender goes. Beginnings are moved on meanwhile, each to the next one, and then put back:
 * nobody else reads them while synapses get weights.
 */
static int64_t next_of(const nai__fans *f, int64_t fan)
{
  return f->first[fan]++;
}

static void put_back(const nai__fans *f)
{
  memmove(f->first + 1, f->first, (size_t)(f->k * f->slices) * sizeof *f->first);
  f->first[0] = 0;
}

static void number_receivers(nai__fans *f, const nai__compressed *synapses)
{
  for (int64_t i = 0; i < f->n; i++)
    for (int64_t e = synapses->first[i]; e < synapses->first[i + 1]; e++)
      f->receiver[next_of(f, fan_of(f, synapses->sender[e], i))] = (uint16_t)(i % f->slice);
  put_back(f);
}

/* Rows of bits, where they pay; 0 without memory. */
static int give_bits(nai__fans *f)
{
  if (f->most > 1 || !wants_bits(f->k, f->n, synapses_of(f))) return 1;
  f->bits = NAI__ARRAY(uint64_t, bits_of(f->k, f->n) / 8);
  for (int64_t fan = 0; f->bits && fan < f->k * f->slices; fan++) {
    uint64_t *row = f->bits + fan * (f->slice / 64);
    for (int64_t e = f->first[fan]; e < f->first[fan + 1]; e++)
      row[f->receiver[e] / 64] |= UINT64_C(1) << f->receiver[e] % 64;
  }
  return f->bits != NULL;
}

nai__fans *nai__fans_create(const nai__compressed *synapses, int has_one_weight)
{
  nai__fans *f = NAI__NEW(nai__fans);
  if (!f) return NULL;
  f->k = synapses->k;
  f->n = synapses->n;
  f->slice = nai__fan_slice(f->n);
  f->slices = nai__fan_slices(f->n);
  f->first =
      NAI__ARRAY(uint32_t, f->slices * f->k + 1); /* synapses of a network are at most 2^31 */
  f->receiver = NAI__ARRAY(uint16_t, synapses->first[synapses->n] + 1);
  if (f->first && f->receiver) {
    count(f, synapses);
    number_receivers(f, synapses);
    if (has_one_weight && f->most <= MOST_COUNT) {
      if (give_bits(f)) return f;
    } else if (nai__fans_part(f)) {
      return f;
    }
  }
  nai__fans_destroy(f);
  return NULL;
}

/* --- weights ---------------------------------------------------------------------------------- */

void nai__fans_pack_into(float *weight, const nai__fans *f, const nai__compressed *synapses,
                         const float *w)
{
  for (int64_t i = 0; i < f->n; i++)
    for (int64_t e = synapses->first[i]; e < synapses->first[i + 1]; e++)
      weight[next_of(f, fan_of(f, synapses->sender[e], i))] = w[nai__compressed_place(synapses, e)];
  put_back(f);
}

void nai__fans_pack(nai__fans *fans, const nai__compressed *synapses, const float *w)
{
  if (fans->weight)
    nai__fans_pack_into(fans->weight, fans, synapses, w);
  else
    fans->one = synapses_of(fans) ? w[nai__compressed_place(synapses, 0)] : 0;
}

/* Several may ask at once: the scratch of packing is not for them. */
int32_t *nai__fans_places(const nai__fans *f, const nai__compressed *synapses)
{
  int32_t *where = NAI__ARRAY(int32_t, synapses_of(f) + 1),
          *next = NAI__ARRAY(int32_t, f->k * f->slices);
  for (int64_t i = 0; i < f->n && where && next; i++)
    for (int64_t e = synapses->first[i]; e < synapses->first[i + 1]; e++) {
      const int64_t fan = fan_of(f, synapses->sender[e], i);
      where[e] = (int32_t)(f->first[fan] + next[fan]++);
    }
  if (!next) {
    nai__free(where);
    where = NULL;
  }
  nai__free(next);
  return where;
}

/* --- events ----------------------------------------------------------------------------------- */

/* Active senders that are gone through at once. */
enum { EVENTS = 16 * MOST_COUNT };

/*
 * Synapses of an active sender stand anywhere in memory: where they begin is asked for while some senders
 * before it are gone through, then the synapses themselves, up to so many lines of the cache.
 */
enum { BEGINNINGS_AHEAD = 16, SYNAPSES_AHEAD = 4, MOST_LINES = 32 };

static void ask_for(const void *first, const void *end)
{
  const char *line = first, *last = end;
  if (last > line + 64 * MOST_LINES) last = line + 64 * MOST_LINES;
  for (; line < last; line += 64) __builtin_prefetch(line);
}

static void look_ahead(const nai__fans *f, int64_t slice, const int32_t *sender, int64_t s,
                       int64_t n)
{
  if (s + BEGINNINGS_AHEAD < n)
    __builtin_prefetch(f->first + sender[s + BEGINNINGS_AHEAD] * f->slices + slice);
  if (s + SYNAPSES_AHEAD >= n) return;
  const uint32_t *first = f->first + sender[s + SYNAPSES_AHEAD] * f->slices + slice;
  ask_for(f->receiver + first[0], f->receiver + first[1]);
  if (f->weight) ask_for(f->weight + first[0], f->weight + first[1]);
}

/* Synapses of one sender onto a slice. */
typedef struct fan {
  int64_t first, end;
} fan;

static fan fan_at(const nai__fans *f, int64_t slice, int64_t j)
{
  const uint32_t *first = f->first + j * f->slices + slice;
  return (fan){first[0], first[1]};
}

static void add_weights(float *c, const float *a, const nai__fans *f, int64_t slice,
                        const int32_t *sender, int64_t n)
{
  for (int64_t s = 0; s < n; s++) {
    const fan to = fan_at(f, slice, sender[s]);
    const float sent = a[sender[s]];
    look_ahead(f, slice, sender, s, n);
    for (int64_t e = to.first; e < to.end; e++) c[f->receiver[e]] += f->weight[e] * sent;
  }
}

/* One spike each of some senders. */
static void count_spikes(uint8_t *count, const nai__fans *f, int64_t slice, const int32_t *sender,
                         int64_t n)
{
  for (int64_t s = 0; s < n; s++) {
    const fan to = fan_at(f, slice, sender[s]);
    const uint16_t *receiver = f->receiver;
    int64_t e = to.first;
    look_ahead(f, slice, sender, s, n);
    for (; e + 4 <= to.end; e += 4) {
      uint64_t four;
      memcpy(&four, receiver + e, sizeof four);
      count[four & 0xffff]++;
      count[four >> 16 & 0xffff]++;
      count[four >> 32 & 0xffff]++;
      count[four >> 48]++;
    }
    for (; e < to.end; e++) count[receiver[e]]++;
  }
}

/* What is no spike, as of a sender that is clamped, as it is. */
static void add_other(float *c, float sent, const nai__fans *f, fan to)
{
  for (int64_t e = to.first; e < to.end; e++) c[f->receiver[e]] += f->one * sent;
}

static void add_spikes(const nai__kernels *kernels, float *c, int64_t n_receivers,
                       const nai__fans *f, int64_t slice, const int32_t *spiked, int64_t spikes)
{
  const int64_t words = f->slice / 64;
  uint8_t count[NAI__MOST_FAN_SLICE];
  if (f->bits) {
    kernels->add_bits(c, n_receivers, f->one, f->bits + slice * words, f->slices * words, spiked,
                      spikes);
    return;
  }
  memset(count, 0, (size_t)n_receivers);
  count_spikes(count, f, slice, spiked, spikes);
  for (int64_t i = 0; i < n_receivers; i++) c[i] += f->one * (float)count[i];
}

/* Of spikes their sum. */
static void add_counts(const nai__kernels *kernels, float *c, int64_t n_receivers, const float *a,
                       const nai__fans *f, int64_t slice, const int32_t *sender, int64_t n)
{
  int32_t spiked[MOST_COUNT];
  for (int64_t s = 0; s < n;) {
    int64_t spikes = 0;
    for (; s < n && (spikes + 1) * f->most <= MOST_COUNT; s++)
      if (a[sender[s]] == 1)
        spiked[spikes++] = sender[s];
      else
        add_other(c, a[sender[s]], f, fan_at(f, slice, sender[s]));
    add_spikes(kernels, c, n_receivers, f, slice, spiked, spikes);
  }
}

static void add_slice(const nai__kernels *kernels, float *c, const float *a, const nai__fans *f,
                      int64_t slice, const int32_t *sender, int64_t n)
{
  const int64_t at = slice * f->slice, left = f->n - at;
  for (int64_t s = 0; s < n; s += EVENTS) {
    const int64_t some = n - s < EVENTS ? n - s : EVENTS;
    if (f->weight)
      add_weights(c + at, a, f, slice, sender + s, some);
    else
      add_counts(kernels, c + at, left < f->slice ? left : f->slice, a, f, slice, sender + s, some);
  }
}

void nai__fans_add(const nai__kernels *kernels, float *c, const float *a, const nai__fans *f,
                   int64_t first, int64_t end, const int32_t *sender, int64_t n)
{
  for (int64_t s = first; s < end && n; s++) add_slice(kernels, c, a, f, s, sender, n);
}

void nai__fans_ask(const nai__fans *f, int64_t slice, const int32_t *sender, int64_t n)
{
  if (n == 0) return; /* mostly, where projections are many; then not even *f is read */
  const int64_t words = f->slice / 64, left = f->n - slice * f->slice,
                bytes = (left < f->slice ? left : f->slice) / 8;
  for (int64_t s = 0; f->bits && s < n; s++) {
    const char *row = (const char *)(f->bits + (sender[s] * f->slices + slice) * words);
    for (int64_t at = 0; at < bytes; at += 64) __builtin_prefetch(row + at, 0, 2);
  }
}

void nai__fans_product(const nai__kernels *kernels, float *c, const float *a, const nai__fans *f,
                       int accumulate)
{
  int32_t sender[EVENTS];
  if (!accumulate) memset(c, 0, (size_t)f->n * sizeof *c);
  for (int64_t looked = 0; looked < f->k;) {
    const int64_t n = kernels->find_active(sender, EVENTS, a, f->k, &looked);
    for (int64_t slice = 0; slice < f->slices; slice++) nai__fans_ask(f, slice, sender, n);
    nai__fans_add(kernels, c, a, f, 0, f->slices, sender, n);
  }
}

/* --- back ------------------------------------------------------------------------------------- */

void nai__fans_product_back(float *c, const float *a, const nai__fans *f, const float *weight,
                            int accumulate)
{
  const float *w = weight ? weight : f->weight;
  for (int64_t j = 0; j < f->k; j++) {
    float sum = 0;
    for (int64_t s = 0; s < f->slices; s++) {
      const uint32_t *first = f->first + j * f->slices + s;
      const float *from = a + s * f->slice;
      for (int64_t e = first[0]; e < first[1]; e++)
        sum += (w ? w[e] : f->one) * from[f->receiver[e]];
    }
    c[j] = (accumulate ? c[j] : 0) + sum;
  }
}
