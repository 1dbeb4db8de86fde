/* Making lists for one trial, in the order that the kernel of rows.inc.h wants. */
#include "row_lists.h"

#include <math.h>

#include "../base/memory.h"

/*
 * Measured by tests/bench/bench_kernels.c: a matrix beyond the second-level cache is read slower than its
 * synapses are met, a smaller one only where few of them exist. Windows pay from NEAR on.
 */
#define LARGE ((int64_t)500000)
#define MOST_SMALL 0.1
#define NEAR 0.03

static int64_t smaller(int64_t a, int64_t b)
{
  return a < b ? a : b;
}

static int64_t slices_of(int64_t n)
{
  return (n + NAI__ROW_SLICE - 1) / NAI__ROW_SLICE;
}

/* --- whether it pays -------------------------------------------------------------------------- */

static double density_of(int64_t k, int64_t n, int64_t synapses)
{
  return (double)synapses / ((double)k * (double)n);
}

static int pays(int64_t k, int64_t n, int64_t synapses)
{
  return k >= NAI__ROW_WINDOW && k <= INT32_MAX && synapses > 0 && synapses <= INT32_MAX / 2 &&
         (k * n >= LARGE || density_of(k, n, synapses) <= MOST_SMALL);
}

/* No more than this: where receivers of a slice have their senders apart, slots are nearly empty. */
static int64_t most_slots(int64_t k, int64_t synapses)
{
  return synapses / 6 + k;
}

/* --- slots ------------------------------------------------------------------------------------ */

/* What slots are filled from. */
typedef struct source {
  const nai__compressed *synapses;
  int32_t *order; /* [n]: receivers, those with most synapses first */
} source;

static int64_t count_onto(const nai__compressed *c, int64_t i)
{
  return c->first[i + 1] - c->first[i];
}

static int sort(source *from)
{
  const nai__compressed *c = from->synapses;
  from->order = NAI__ARRAY(int32_t, c->n);
  int64_t *begin = NAI__ARRAY(int64_t, c->k + 2);
  if (from->order && begin) {
    for (int64_t i = 0; i < c->n; i++) begin[c->k - count_onto(c, i) + 1]++;
    for (int64_t d = 0; d <= c->k; d++) begin[d + 1] += begin[d];
    for (int64_t i = 0; i < c->n; i++) from->order[begin[c->k - count_onto(c, i)]++] = (int32_t)i;
  }
  nai__free(begin);
  return from->order && begin;
}

/* Where the receivers of a slice have come to. */
typedef struct slice {
  int64_t at[NAI__ROW_SLICE], end[NAI__ROW_SLICE];
} slice;

static slice open_slice(const source *from, int64_t s)
{
  const nai__compressed *c = from->synapses;
  slice out = {{0}, {0}};
  for (int64_t p = 0; p < smaller(NAI__ROW_SLICE, c->n - s * NAI__ROW_SLICE); p++) {
    const int32_t i = from->order[s * NAI__ROW_SLICE + p];
    out.at[p] = c->first[i];
    out.end[p] = c->first[i + 1];
  }
  return out;
}

/* The window of the next slot, which ends within the senders; -1 after the last. */
static int64_t next_window(const source *from, const slice *s)
{
  const int32_t *sender = from->synapses->sender;
  int64_t least = -1;
  for (int p = 0; p < NAI__ROW_SLICE; p++)
    if (s->at[p] < s->end[p] && (least < 0 || sender[s->at[p]] < least)) least = sender[s->at[p]];
  return least < 0 ? -1 : smaller(least / 16 * 16, from->synapses->k - NAI__ROW_WINDOW);
}

static int is_within(const source *from, const slice *s, int p, int64_t window)
{
  return s->at[p] < s->end[p] && from->synapses->sender[s->at[p]] < window + NAI__ROW_WINDOW;
}

/* Slots of all slices; with `out`, which has room for them, fills them. */
static int64_t make_slots(const source *from, nai__row_lists *out)
{
  const nai__compressed *c = from->synapses;
  int64_t slot = 0, window;
  for (int64_t g = 0; g < slices_of(c->n); g++) {
    slice s = open_slice(from, g);
    if (out) out->first[g] = slot;
    for (; (window = next_window(from, &s)) >= 0; slot++)
      for (int p = 0; p < NAI__ROW_SLICE; p++) {
        if (!is_within(from, &s, p, window)) continue;
        const int64_t e = s.at[p]++, lane = slot * NAI__ROW_SLICE + p;
        if (!out) continue;
        out->here[slot] |= (uint16_t)(1 << p);
        if (out->place) out->place[lane] = c->place[e];
        out->start[slot] = (int32_t)window;
        out->sender[lane] = (uint8_t)(c->sender[e] - window);
      }
    if (out) out->first[g + 1] = slot;
  }
  return slot;
}

static nai__row_lists *allocate(const nai__compressed *c, int64_t slots)
{
  nai__row_lists *rows = NAI__NEW(nai__row_lists);
  if (!rows) return NULL;
  rows->k = c->k;
  rows->n = c->n;
  rows->slices = slices_of(c->n);
  rows->slots = slots;
  rows->first = NAI__ARRAY(int64_t, rows->slices + 1);
  rows->post = NAI__ARRAY(int32_t, rows->slices * NAI__ROW_SLICE);
  rows->here = NAI__ARRAY(uint16_t, slots);
  rows->rows = c->place ? NULL : c->first;
  rows->place = c->place ? NAI__ARRAY(int32_t, slots * NAI__ROW_SLICE) : NULL;
  rows->weight = NAI__ARRAY(float, slots *NAI__ROW_SLICE);
  rows->start = NAI__ARRAY(int32_t, slots);
  rows->sender = NAI__ARRAY(uint8_t, slots * NAI__ROW_SLICE);
  if (rows->first && rows->post && rows->here && rows->start && rows->weight &&
      (rows->rows || rows->place) && rows->sender)
    return rows;
  nai__row_lists_destroy(rows);
  return NULL;
}

static nai__row_lists *make_rows(const source *from, int64_t slots)
{
  nai__row_lists *rows = allocate(from->synapses, slots);
  if (!rows) return NULL;
  for (int64_t i = 0; i < rows->slices * NAI__ROW_SLICE; i++)
    rows->post[i] = i < rows->n ? from->order[i] : -1;
  for (int64_t i = 0; i < slots * NAI__ROW_SLICE && rows->place; i++) rows->place[i] = -1;
  make_slots(from, rows);
  return rows;
}

/* --- lists of rows ---------------------------------------------------------------------------- */

static nai__row_lists *list_columns(const nai__compressed *synapses)
{
  nai__row_lists *rows = NAI__NEW(nai__row_lists);
  if (!rows) return NULL;
  rows->k = synapses->k;
  rows->n = synapses->n;
  rows->columns = nai__columns_create(synapses);
  if (rows->columns) return rows;
  nai__row_lists_destroy(rows);
  return NULL;
}

int nai__row_lists_create(nai__row_lists **out, const nai__compressed *synapses)
{
  const int64_t k = synapses->k, n = synapses->n, count = synapses->first[n];
  *out = NULL;
  if (!pays(k, n, count)) return 1;
  if (density_of(k, n, count) < NEAR) return (*out = list_columns(synapses)) != NULL;
  source from = {.synapses = synapses};
  int well = sort(&from);
  if (well) {
    const int64_t slots = make_slots(&from, NULL);
    if (slots <= most_slots(k, count)) well = (*out = make_rows(&from, slots)) != NULL;
  }
  nai__free(from.order);
  return well;
}

void nai__row_lists_destroy(nai__row_lists *rows)
{
  if (!rows) return;
  nai__free(rows->first);
  nai__free(rows->post);
  nai__free(rows->here);
  nai__free(rows->start);
  nai__free(rows->sender);
  nai__free(rows->place);
  nai__free(rows->weight);
  nai__columns_destroy(rows->columns);
  nai__free(rows);
}

/* A receiver's synapses come slot by slot in their order. */
static void pack_in_order(nai__row_lists *rows, const float *w)
{
  for (int64_t g = 0; g < rows->slices; g++) {
    int64_t next[NAI__ROW_SLICE] = {0};
    const int32_t *post = rows->post + g * NAI__ROW_SLICE;
    for (int p = 0; p < NAI__ROW_SLICE; p++)
      if (post[p] >= 0) next[p] = rows->rows[post[p]];
    for (int64_t slot = rows->first[g]; slot < rows->first[g + 1]; slot++)
      for (int p = 0; p < NAI__ROW_SLICE; p++) {
        const int is_here = rows->here[slot] >> p & 1;
        rows->weight[slot * NAI__ROW_SLICE + p] = is_here ? w[next[p]] : 0;
        next[p] += is_here;
      }
  }
}

void nai__row_lists_pack(nai__row_lists *rows, const float *w)
{
  if (rows->columns) {
    nai__columns_pack(rows->columns, w);
    return;
  }
  if (rows->rows) {
    pack_in_order(rows, w);
    return;
  }
  for (int64_t e = 0; e < rows->slots * NAI__ROW_SLICE; e++)
    rows->weight[e] = rows->place[e] < 0 ? 0 : w[rows->place[e]];
}

static int64_t size_of(int64_t slices, int64_t slots, int places)
{
  const int64_t lane =
      (int64_t)(sizeof(uint8_t) + sizeof(float)) + (places ? (int64_t)sizeof(int32_t) : 0);
  const int64_t slot = NAI__ROW_SLICE * lane + (int64_t)(sizeof(uint16_t) + sizeof(int32_t));
  return slots * slot + slices * (int64_t)(sizeof(int64_t) + NAI__ROW_SLICE * sizeof(int32_t));
}

int64_t nai__row_lists_size(const nai__row_lists *rows)
{
  if (!rows) return 0;
  const nai__columns *c = rows->columns;
  if (c) return nai__columns_bytes(c->k, c->n, c->first[c->slices * c->k], c->place != NULL);
  return size_of(rows->slices, rows->slots, rows->place != NULL);
}

int64_t nai__row_lists_bytes(int64_t k, int64_t n, int64_t synapses)
{
  if (k * n < LARGE) synapses = smaller(synapses, (int64_t)(MOST_SMALL * (double)(k * n)));
  if (!pays(k, n, synapses)) return 0;
  const int64_t columns =
      nai__columns_bytes(k, n, smaller(synapses, (int64_t)(NEAR * (double)(k * n))), 1);
  const int64_t slots = size_of(slices_of(n), most_slots(k, synapses), 1);
  return slots > columns ? slots : columns;
}

/*
 * Lanes of slots that stay empty, of all pairs: receivers wait for each other, the longer the fewer synapses they have.
 * Of random synapses, for densities from NEAR to 0.3, and a little above what they are.
 */
#define EMPTY 0.028

int64_t nai__row_lists_expected(int64_t k, int64_t n, int64_t synapses, int places)
{
  /* So many are said that hardly ever there are more. With fewer the other kind of lists may pay, which are larger. */
  const int64_t fewer = synapses - (int64_t)(10 * sqrt((double)synapses));
  if (!pays(k, n, synapses) && !pays(k, n, fewer)) return 0;
  if (density_of(k, n, synapses) < NEAR) return nai__columns_bytes(k, n, synapses, places);
  const int64_t lanes = synapses + (int64_t)(EMPTY * (double)k * (double)n),
                slots = lanes / NAI__ROW_SLICE + slices_of(n);
  return size_of(slices_of(n), smaller(slots, most_slots(k, synapses)), places);
}
