/* Making lists for one trial of lists for many, in the order that the kernel of rows.inc.h wants. */
#include "row_lists.h"

#include <string.h>

#include "../base/memory.h"

/*
 * Measured by tests/bench/bench_kernels.c: a matrix beyond the second-level cache is read slower than its
 * synapses are met, a smaller one only where few of them exist. Windows pay from NEAR on.
 */
#define LARGE ((int64_t)500000)
#define MOST_SMALL 0.1
#define NEAR 0.03

/* All synapses, receiver by receiver, senders ascending. */
typedef struct chains {
  const nai__lists *lists;
  int64_t *start;  /* [n + 1] */
  int32_t *sender; /* [synapses] */
  int32_t *place;  /* [synapses] */
  int32_t *order;  /* [n]: those with most synapses first */
} chains;

static int64_t smaller(int64_t a, int64_t b)
{
  return a < b ? a : b;
}

/* --- whether it pays -------------------------------------------------------------------------- */

static double density_of(int64_t k, int64_t n, int64_t synapses)
{
  return (double)synapses / ((double)k * (double)n);
}

static int pays(int64_t k, int64_t n, int64_t synapses)
{
  return k >= NAI__ROW_WINDOW && k <= 65536 && synapses > 0 && synapses <= INT32_MAX / 2 &&
         (k * n >= LARGE || density_of(k, n, synapses) <= MOST_SMALL);
}

static int is_near(const nai__lists *l)
{
  return density_of(l->k, l->n, l->synapses) >= NEAR;
}

/* No more than this: where receivers of a slice have their senders apart, slots are nearly empty. */
static int64_t most_slots(int64_t k, int64_t synapses)
{
  return synapses / 6 + k;
}

/* --- chains ----------------------------------------------------------------------------------- */

/* Calls for each synapse of lists, senders of each receiver ascending: receiver, sender, place. */
static void each_synapse(chains *c, void (*visit)(chains *, int64_t, int64_t, int64_t))
{
  const nai__lists *l = c->lists;
  for (int64_t at = 0; at < l->to_blocks * l->from_blocks; at++) {
    const int32_t *first = l->first + at * (NAI__LIST_SLICES + 1);
    const int64_t i0 = at / l->from_blocks * NAI__LIST_POST,
                  j0 = at % l->from_blocks * NAI__LIST_PRE;
    for (int64_t s = 0; s < NAI__LIST_SLICES; s++)
      for (int64_t e = 4 * (int64_t)first[s]; e < 4 * (int64_t)first[s + 1]; e++) {
        if (l->pre[e] == NAI__LIST_PRE * NAI__LIST_SCALE) continue;
        visit(c, i0 + l->post[at * NAI__LIST_POST + 4 * s + e % 4],
              j0 + l->pre[e] / NAI__LIST_SCALE, e);
      }
  }
}

static void count(chains *c, int64_t i, int64_t j, int64_t e)
{
  (void)j, (void)e;
  c->start[i + 1]++;
}

static void fill(chains *c, int64_t i, int64_t j, int64_t e)
{
  c->sender[c->start[i]] = (int32_t)j;
  c->place[c->start[i]++] = (int32_t)e;
}

static int sort(chains *c)
{
  const int64_t k = c->lists->k, n = c->lists->n;
  int64_t *begin = NAI__ARRAY(int64_t, k + 2);
  if (!begin) return 0;
  for (int64_t i = 0; i < n; i++) begin[k - (c->start[i + 1] - c->start[i]) + 1]++;
  for (int64_t d = 0; d <= k; d++) begin[d + 1] += begin[d];
  for (int64_t i = 0; i < n; i++)
    c->order[begin[k - (c->start[i + 1] - c->start[i])]++] = (int32_t)i;
  nai__free(begin);
  return 1;
}

static int make_chains(chains *c)
{
  const nai__lists *l = c->lists;
  c->start = NAI__ARRAY(int64_t, l->n + 1);
  c->sender = NAI__ARRAY(int32_t, l->synapses);
  c->place = NAI__ARRAY(int32_t, l->synapses);
  c->order = NAI__ARRAY(int32_t, l->n);
  if (!c->start || !c->sender || !c->place || !c->order) return 0;
  each_synapse(c, count);
  for (int64_t i = 0; i < l->n; i++) c->start[i + 1] += c->start[i];
  each_synapse(c, fill); /* moves each start on to the next one */
  memmove(c->start + 1, c->start, (size_t)l->n * sizeof *c->start);
  c->start[0] = 0;
  return sort(c);
}

static void free_chains(chains *c)
{
  nai__free(c->start);
  nai__free(c->sender);
  nai__free(c->place);
  nai__free(c->order);
}

/* --- slots ------------------------------------------------------------------------------------ */

/* Where the receivers of a slice have come to. */
typedef struct slice {
  int64_t at[NAI__ROW_SLICE], end[NAI__ROW_SLICE];
} slice;

static slice open_slice(const chains *c, int64_t s)
{
  slice out = {{0}, {0}};
  for (int64_t p = 0; p < smaller(NAI__ROW_SLICE, c->lists->n - s * NAI__ROW_SLICE); p++) {
    const int32_t i = c->order[s * NAI__ROW_SLICE + p];
    out.at[p] = c->start[i];
    out.end[p] = c->start[i + 1];
  }
  return out;
}

/* The window of the next slot, and of far ones 0; -1 after the last. It ends within the senders. */
static int64_t next_window(const chains *c, const slice *s, int near)
{
  int64_t least = -1;
  for (int p = 0; p < NAI__ROW_SLICE; p++)
    if (s->at[p] < s->end[p] && (least < 0 || c->sender[s->at[p]] < least))
      least = c->sender[s->at[p]];
  if (least < 0) return -1;
  return near ? smaller(least / 16 * 16, c->lists->k - NAI__ROW_WINDOW) : 0;
}

static int is_within(const chains *c, const slice *s, int p, int64_t window, int near)
{
  return s->at[p] < s->end[p] && (!near || c->sender[s->at[p]] < window + NAI__ROW_WINDOW);
}

/* Slots of all slices; with `out`, which has room for them, fills them. */
static int64_t make_slots(const chains *c, int near, nai__row_lists *out)
{
  int64_t slot = 0, window;
  for (int64_t g = 0; g < (c->lists->n + NAI__ROW_SLICE - 1) / NAI__ROW_SLICE; g++) {
    slice s = open_slice(c, g);
    if (out) out->first[g] = slot;
    for (; (window = next_window(c, &s, near)) >= 0; slot++)
      for (int p = 0; p < NAI__ROW_SLICE; p++) {
        if (!is_within(c, &s, p, window, near)) continue;
        const int64_t e = s.at[p]++, lane = slot * NAI__ROW_SLICE + p;
        if (!out) continue;
        out->here[slot] |= (uint16_t)(1 << p);
        out->place[lane] = c->place[e];
        if (near) out->start[slot] = (uint16_t)window;
        if (near)
          out->near[lane] = (uint8_t)(c->sender[e] - window);
        else
          out->far[lane] = (uint16_t)c->sender[e];
      }
    if (out) out->first[g + 1] = slot;
  }
  return slot;
}

static nai__row_lists *allocate(const nai__lists *l, int64_t slots, int near)
{
  nai__row_lists *rows = NAI__NEW(nai__row_lists);
  if (!rows) return NULL;
  rows->k = l->k;
  rows->n = l->n;
  rows->slices = (l->n + NAI__ROW_SLICE - 1) / NAI__ROW_SLICE;
  rows->slots = slots;
  rows->first = NAI__ARRAY(int64_t, rows->slices + 1);
  rows->post = NAI__ARRAY(int32_t, rows->slices * NAI__ROW_SLICE);
  rows->here = NAI__ARRAY(uint16_t, slots);
  rows->place = NAI__ARRAY(int32_t, slots * NAI__ROW_SLICE);
  rows->weight = NAI__ARRAY(float, slots *NAI__ROW_SLICE);
  if (near) rows->start = NAI__ARRAY(uint16_t, slots);
  if (near) rows->near = NAI__ARRAY(uint8_t, slots * NAI__ROW_SLICE);
  if (!near) rows->far = NAI__ARRAY(uint16_t, slots * NAI__ROW_SLICE);
  if (rows->first && rows->post && rows->here && rows->place && rows->weight &&
      (near ? rows->start && rows->near : rows->far != NULL))
    return rows;
  nai__row_lists_destroy(rows);
  return NULL;
}

static nai__row_lists *make_rows(const chains *c, int64_t slots, int near)
{
  nai__row_lists *rows = allocate(c->lists, slots, near);
  if (!rows) return NULL;
  for (int64_t i = 0; i < rows->slices * NAI__ROW_SLICE; i++)
    rows->post[i] = i < rows->n ? c->order[i] : -1;
  for (int64_t i = 0; i < slots * NAI__ROW_SLICE; i++) rows->place[i] = -1;
  make_slots(c, near, rows);
  return rows;
}

/* --- lists of rows ---------------------------------------------------------------------------- */

int nai__row_lists_create(nai__row_lists **out, const nai__lists *lists)
{
  *out = NULL;
  if (!pays(lists->k, lists->n, lists->synapses)) return 1;
  const int near = is_near(lists);
  chains c = {.lists = lists};
  int well = make_chains(&c);
  if (well) {
    const int64_t slots = make_slots(&c, near, NULL);
    if (slots <= most_slots(lists->k, lists->synapses))
      well = (*out = make_rows(&c, slots, near)) != NULL;
  }
  free_chains(&c);
  return well;
}

void nai__row_lists_destroy(nai__row_lists *rows)
{
  if (!rows) return;
  nai__free(rows->first);
  nai__free(rows->post);
  nai__free(rows->here);
  nai__free(rows->start);
  nai__free(rows->near);
  nai__free(rows->far);
  nai__free(rows->place);
  nai__free(rows->weight);
  nai__free(rows);
}

void nai__row_lists_pack(nai__row_lists *rows, const nai__lists *lists)
{
  for (int64_t e = 0; e < rows->slots * NAI__ROW_SLICE; e++)
    rows->weight[e] = rows->place[e] < 0 ? 0 : lists->weight[rows->place[e]];
}

static int64_t size_of(int64_t slices, int64_t slots)
{
  const int64_t slot =
      NAI__ROW_SLICE * (int64_t)(sizeof(uint16_t) + sizeof(int32_t) + sizeof(float)) +
      (int64_t)sizeof(uint16_t);
  return slots * slot + slices * (int64_t)(sizeof(int64_t) + NAI__ROW_SLICE * sizeof(int32_t));
}

int64_t nai__row_lists_size(const nai__row_lists *rows)
{
  return rows ? size_of(rows->slices, rows->slots) : 0;
}

int64_t nai__row_lists_bytes(int64_t k, int64_t n, int64_t synapses)
{
  if (k * n < LARGE) synapses = smaller(synapses, (int64_t)(MOST_SMALL * (double)(k * n)));
  if (!pays(k, n, synapses)) return 0;
  return size_of((n + NAI__ROW_SLICE - 1) / NAI__ROW_SLICE, most_slots(k, synapses));
}
