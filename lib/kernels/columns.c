/* Making lists by sender from compressed rows. */
#include "columns.h"

#include <string.h>

#include "../base/memory.h"

static int64_t slices_of(int64_t n)
{
  return (n + NAI__COLUMN_SLICE - 1) / NAI__COLUMN_SLICE;
}

int64_t nai__columns_bytes(int64_t k, int64_t n, int64_t synapses, int places)
{
  const int64_t each = (int64_t)(sizeof(uint16_t) + sizeof(float) + (places ? sizeof(int32_t) : 0));
  return (slices_of(n) * 2 * k + 1) * (int64_t)sizeof(int64_t) + synapses * each;
}

/* Where synapses of sender j onto the slice of receiver i stand among the beginnings. */
static int64_t column_of(const nai__columns *c, int64_t j, int64_t i)
{
  return i / NAI__COLUMN_SLICE * c->k + j;
}

static void count(nai__columns *c, const nai__compressed *synapses)
{
  for (int64_t i = 0; i < c->n; i++)
    for (int64_t e = synapses->first[i]; e < synapses->first[i + 1]; e++)
      c->first[column_of(c, synapses->sender[e], i) + 1]++;
  for (int64_t at = 0; at < c->slices * c->k; at++) c->first[at + 1] += c->first[at];
}

static void start(nai__columns *c)
{
  memcpy(c->next, c->first, (size_t)(c->slices * c->k) * sizeof *c->next);
}

static void fill(nai__columns *c, const nai__compressed *synapses)
{
  start(c);
  for (int64_t i = 0; i < c->n; i++)
    for (int64_t e = synapses->first[i]; e < synapses->first[i + 1]; e++) {
      const int64_t at = c->next[column_of(c, synapses->sender[e], i)]++;
      c->receiver[at] = (uint16_t)(i % NAI__COLUMN_SLICE);
      if (c->place) c->place[at] = synapses->place[e];
    }
}

nai__columns *nai__columns_create(const nai__compressed *synapses)
{
  const int64_t count_all = synapses->first[synapses->n];
  nai__columns *c = NAI__NEW(nai__columns);
  if (!c) return NULL;
  c->k = synapses->k;
  c->n = synapses->n;
  c->slices = slices_of(c->n);
  c->synapses = synapses->place ? NULL : synapses;
  c->first = NAI__ARRAY(int64_t, c->slices * c->k + 1);
  c->next = NAI__ARRAY(int64_t, c->slices * c->k + 1);
  c->receiver = NAI__ARRAY(uint16_t, count_all + 1);
  c->place = synapses->place ? NAI__ARRAY(int32_t, count_all + 1) : NULL;
  c->weight = NAI__ARRAY(float, count_all + 1);
  if (c->first && c->next && c->receiver && c->weight && (c->place || c->synapses)) {
    count(c, synapses);
    fill(c, synapses);
    return c;
  }
  nai__columns_destroy(c);
  return NULL;
}

void nai__columns_destroy(nai__columns *columns)
{
  if (!columns) return;
  nai__free(columns->first);
  nai__free(columns->next);
  nai__free(columns->receiver);
  nai__free(columns->place);
  nai__free(columns->weight);
  nai__free(columns);
}

static void pack_in_order(nai__columns *c, const float *w)
{
  const nai__compressed *synapses = c->synapses;
  start(c);
  for (int64_t i = 0; i < c->n; i++)
    for (int64_t e = synapses->first[i]; e < synapses->first[i + 1]; e++)
      c->weight[c->next[column_of(c, synapses->sender[e], i)]++] = w[e];
}

void nai__columns_pack(nai__columns *columns, const float *w)
{
  const int64_t synapses = columns->first[columns->slices * columns->k];
  if (columns->place)
    for (int64_t e = 0; e < synapses; e++) columns->weight[e] = w[columns->place[e]];
  else
    pack_in_order(columns, w);
}
