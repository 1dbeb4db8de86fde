/* Synapses by sender: made from compressed rows, and multiplied with what few senders send. */
#include "fans.h"

#include <string.h>

#include "../base/memory.h"

/* Spikes onto a receiver are counted in bytes. */
enum { MOST_COUNT = UINT8_MAX };

/* --- life ------------------------------------------------------------------------------------- */

static int64_t slices_of(int64_t n)
{
  return (n + NAI__FAN_SLICE - 1) / NAI__FAN_SLICE;
}

int64_t nai__fans_bytes(int64_t k, int64_t n, int64_t synapses, int has_one_weight)
{
  return slices_of(n) * (2 * k + 1) * (int64_t)sizeof(int64_t) +
         synapses * (int64_t)(sizeof(uint16_t) + (has_one_weight ? 0 : sizeof(float)));
}

static int64_t synapses_of(const nai__fans *f)
{
  return f->slices ? f->first[f->slices * (f->k + 1) - 1] : 0;
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
  nai__free(fans->next);
  nai__free(fans);
}

int nai__fans_part(nai__fans *fans)
{
  if (!fans->weight) fans->weight = NAI__ARRAY(float, synapses_of(fans) + 1);
  return fans->weight != NULL;
}

/* Where each sender's synapses begin, slice by slice. */
static void count(nai__fans *f, const nai__compressed *synapses)
{
  int64_t before = 0;
  for (int64_t i = 0; i < f->n; i++) {
    int64_t *first = f->first + i / NAI__FAN_SLICE * (f->k + 1) + 1;
    for (int64_t e = synapses->first[i], same = 0; e < synapses->first[i + 1]; e++) {
      first[synapses->sender[e]]++;
      same =
          e > synapses->first[i] && synapses->sender[e] == synapses->sender[e - 1] ? same + 1 : 1;
      if (same > f->most) f->most = same;
    }
  }
  for (int64_t s = 0; s < f->slices; s++) {
    int64_t *first = f->first + s * (f->k + 1);
    first[0] = before;
    for (int64_t j = 0; j < f->k; j++) first[j + 1] += first[j];
    before = first[f->k];
  }
}

/* Where the next synapse of each sender goes, from the beginning. */
static void start(const nai__fans *f)
{
  for (int64_t s = 0; s < f->slices; s++)
    memcpy(f->next + s * f->k, f->first + s * (f->k + 1), (size_t)f->k * sizeof *f->next);
}

static void number_receivers(nai__fans *f, const nai__compressed *synapses)
{
  start(f);
  for (int64_t i = 0; i < f->n; i++) {
    int64_t *next = f->next + i / NAI__FAN_SLICE * f->k;
    for (int64_t e = synapses->first[i]; e < synapses->first[i + 1]; e++)
      f->receiver[next[synapses->sender[e]]++] = (uint16_t)(i % NAI__FAN_SLICE);
  }
}

nai__fans *nai__fans_create(const nai__compressed *synapses, int has_one_weight)
{
  nai__fans *f = NAI__NEW(nai__fans);
  if (!f) return NULL;
  f->k = synapses->k;
  f->n = synapses->n;
  f->slices = slices_of(f->n);
  f->first = NAI__ARRAY(int64_t, f->slices * (f->k + 1));
  f->next = NAI__ARRAY(int64_t, f->slices * f->k + 1);
  f->receiver = NAI__ARRAY(uint16_t, synapses->first[synapses->n] + 1);
  if (f->first && f->next && f->receiver) {
    count(f, synapses);
    number_receivers(f, synapses);
    if ((has_one_weight && f->most <= MOST_COUNT) || nai__fans_part(f)) return f;
  }
  nai__fans_destroy(f);
  return NULL;
}

/* --- weights ---------------------------------------------------------------------------------- */

void nai__fans_pack_into(float *weight, const nai__fans *f, const nai__compressed *synapses,
                         const float *w)
{
  start(f);
  for (int64_t i = 0; i < f->n; i++) {
    int64_t *next = f->next + i / NAI__FAN_SLICE * f->k;
    for (int64_t e = synapses->first[i]; e < synapses->first[i + 1]; e++)
      weight[next[synapses->sender[e]]++] = w[nai__compressed_place(synapses, e)];
  }
}

void nai__fans_pack(nai__fans *fans, const nai__compressed *synapses, const float *w)
{
  if (fans->weight)
    nai__fans_pack_into(fans->weight, fans, synapses, w);
  else
    fans->one = synapses_of(fans) ? w[nai__compressed_place(synapses, 0)] : 0;
}

/* --- events ----------------------------------------------------------------------------------- */

/* Active senders that are gone through at once; floats that are looked at together. */
enum { EVENTS = 4096, STRIDE = 32 };

typedef struct events {
  int64_t n, looked; /* found; senders that were looked at */
  int32_t sender[EVENTS];
} events;

static int is_silent(const float *a)
{
  uint32_t word[STRIDE], any = 0;
  memcpy(word, a, sizeof word);
  for (int i = 0; i < STRIDE; i++) any |= word[i] << 1; /* -0 is silent, too */
  return any == 0;
}

/* The next active senders, ascending, from where `events` ended. */
static void find_events(events *found, const float *a, int64_t k)
{
  found->n = 0;
  while (found->looked < k && found->n <= EVENTS - STRIDE) {
    const int64_t j = found->looked, n = k - j < STRIDE ? k - j : STRIDE;
    if (n < STRIDE || !is_silent(a + j))
      for (int64_t i = j; i < j + n; i++)
        if (a[i] != 0) found->sender[found->n++] = (int32_t)i;
    found->looked = j + n;
  }
}

static void add_weights(float *c, const float *a, const nai__fans *f, const int64_t *first,
                        const events *found)
{
  for (int64_t s = 0; s < found->n; s++) {
    const int64_t j = found->sender[s];
    const float sent = a[j];
    for (int64_t e = first[j]; e < first[j + 1]; e++) c[f->receiver[e]] += f->weight[e] * sent;
  }
}

/* One spike each of some senders. */
static void count_spikes(uint8_t *count, const nai__fans *f, const int64_t *first,
                         const int32_t *sender, int64_t n)
{
  for (int64_t s = 0; s < n; s++) {
    const uint16_t *receiver = f->receiver + first[sender[s]];
    const int64_t synapses = first[sender[s] + 1] - first[sender[s]];
    for (int64_t e = 0; e < synapses; e++) count[receiver[e]]++;
  }
}

/* What is no spike, as of a sender that is clamped, as it is; of spikes their sum. */
static void add_counts(float *c, int64_t n, const float *a, const nai__fans *f,
                       const int64_t *first, const events *found)
{
  uint8_t count[NAI__FAN_SLICE];
  int32_t spiked[MOST_COUNT];
  for (int64_t s = 0; s < found->n;) {
    int64_t spikes = 0;
    for (; s < found->n && (spikes + 1) * f->most <= MOST_COUNT; s++) {
      const int64_t j = found->sender[s];
      if (a[j] == 1)
        spiked[spikes++] = (int32_t)j;
      else
        for (int64_t e = first[j]; e < first[j + 1]; e++) c[f->receiver[e]] += f->one * a[j];
    }
    memset(count, 0, (size_t)n);
    count_spikes(count, f, first, spiked, spikes);
    for (int64_t i = 0; i < n; i++) c[i] += f->one * (float)count[i];
  }
}

void nai__fans_product(float *c, const float *a, const nai__fans *f, int64_t first, int64_t end,
                       int accumulate)
{
  events found;
  const int64_t from = first * NAI__FAN_SLICE,
                to = end * NAI__FAN_SLICE < f->n ? end * NAI__FAN_SLICE : f->n;
  if (!accumulate) memset(c + from, 0, (size_t)(to - from) * sizeof *c);
  for (found.looked = 0; found.looked < f->k;) {
    find_events(&found, a, f->k);
    for (int64_t s = first; s < end && found.n; s++) {
      const int64_t at = s * NAI__FAN_SLICE;
      if (f->weight)
        add_weights(c + at, a, f, f->first + s * (f->k + 1), &found);
      else
        add_counts(c + at, to - at < NAI__FAN_SLICE ? to - at : NAI__FAN_SLICE, a, f,
                   f->first + s * (f->k + 1), &found);
    }
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
      const int64_t *first = f->first + s * (f->k + 1) + j;
      const float *from = a + s * NAI__FAN_SLICE;
      for (int64_t e = first[0]; e < first[1]; e++)
        sum += (w ? w[e] : f->one) * from[f->receiver[e]];
    }
    c[j] = (accumulate ? c[j] : 0) + sum;
  }
}
