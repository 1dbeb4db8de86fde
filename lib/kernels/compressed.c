/* Compressed rows: from a matrix of flags, and turned. */
#include "compressed.h"

#include <assert.h>
#include <string.h>

#include "../base/memory.h"

static int allocate(nai__compressed *c, int64_t n, int64_t k, int64_t synapses, int places)
{
  *c = (nai__compressed){.n = n,
                         .k = k,
                         .first = NAI__ARRAY(int64_t, n + 1),
                         .sender = NAI__ARRAY(int32_t, synapses + 1),
                         .place = places ? NAI__ARRAY(int32_t, synapses + 1) : NULL};
  if (c->first && c->sender && (c->place || !places)) return 1;
  nai__compressed_release(c);
  return 0;
}

void nai__compressed_release(nai__compressed *c)
{
  nai__free(c->first);
  nai__free(c->sender);
  nai__free(c->place);
  *c = (nai__compressed){0};
}

nai__compressed *nai__compressed_create(int64_t n, int64_t k)
{
  nai__compressed *c = NAI__NEW(nai__compressed);
  if (!c) return NULL;
  c->n = n;
  c->k = k;
  c->first = NAI__ARRAY(int64_t, n + 1);
  if (c->first) return c;
  nai__free(c);
  return NULL;
}

nai__compressed *nai__compressed_copy(const nai__compressed *c)
{
  const int64_t synapses = c->first[c->n];
  nai__compressed *out = nai__compressed_create(c->n, c->k);
  if (!out) return NULL;
  out->sender = NAI__ARRAY(int32_t, synapses);
  out->place = c->place ? NAI__ARRAY(int32_t, synapses) : NULL;
  if (!out->sender || (c->place && !out->place)) {
    nai__compressed_destroy(out);
    return NULL;
  }
  memcpy(out->first, c->first, (size_t)(c->n + 1) * sizeof *out->first);
  memcpy(out->sender, c->sender, (size_t)synapses * sizeof *out->sender);
  if (c->place) memcpy(out->place, c->place, (size_t)synapses * sizeof *out->place);
  return out;
}

void nai__compressed_destroy(nai__compressed *c)
{
  if (c) nai__compressed_release(c);
  nai__free(c);
}

int64_t nai__compressed_bytes(int64_t n, int64_t synapses, int places)
{
  return (n + 1) * (int64_t)sizeof(int64_t) +
         (places ? 2 : 1) * (synapses + 1) * (int64_t)sizeof(int32_t);
}

static int64_t count(const uint8_t *exists, int64_t k)
{
  int64_t synapses = 0;
  for (int64_t j = 0; j < k; j++) synapses += exists[j] != 0;
  return synapses;
}

int nai__compress(nai__compressed *out, const uint8_t *exists, int64_t ld, int64_t n, int64_t k)
{
  int64_t synapses = 0;
  for (int64_t i = 0; i < n; i++) synapses += count(exists + i * ld, k);
  if (!allocate(out, n, k, synapses, 1)) return 0;
  int64_t at = 0;
  for (int64_t i = 0; i < n; i++) {
    out->first[i] = at;
    for (int64_t j = 0; j < k; j++) {
      if (!exists[i * ld + j]) continue;
      out->sender[at] = (int32_t)j;
      out->place[at++] = (int32_t)(i * ld + j);
    }
  }
  out->first[n] = at;
  return 1;
}

int64_t nai__compressed_find(const nai__compressed *c, int64_t receiver, int64_t sender)
{
  int64_t from = c->first[receiver], end = c->first[receiver + 1];
  while (from < end) {
    const int64_t middle = from + (end - from) / 2;
    if (c->sender[middle] == sender) return middle;
    if (c->sender[middle] < sender)
      from = middle + 1;
    else
      end = middle;
  }
  return -1;
}

/* Rows are gone through in order, so what lands in a column is ascending. */
int nai__compress_turned(nai__compressed *out, const nai__compressed *c)
{
  const int64_t synapses = c->first[c->n];
  assert(!c->turned);
  if (!allocate(out, c->k, c->n, synapses, c->place != NULL)) return 0;
  if (!c->place) out->turned = c->first;
  int64_t *next = NAI__ARRAY(int64_t, c->k + 1);
  if (!next) {
    nai__compressed_release(out);
    return 0;
  }
  for (int64_t e = 0; e < synapses; e++) out->first[c->sender[e] + 1]++;
  for (int64_t j = 0; j < c->k; j++) out->first[j + 1] += out->first[j];
  for (int64_t j = 0; j < c->k; j++) next[j] = out->first[j];
  for (int64_t i = 0; i < c->n; i++)
    for (int64_t e = c->first[i]; e < c->first[i + 1]; e++) {
      const int64_t at = next[c->sender[e]]++;
      out->sender[at] = (int32_t)i;
      if (c->place) out->place[at] = c->place[e];
    }
  nai__free(next);
  return 1;
}
