/* Making lists, in the order that the kernels of lists.inc.h want. */
#include "lists.h"

#include <math.h>
#include <string.h>

#include "../base/memory.h"

#define NO_SENDER (NAI__LIST_PRE * NAI__LIST_SCALE)

static int64_t smaller(int64_t a, int64_t b)
{
  return a < b ? a : b;
}

static int64_t blocks_of(int64_t n, int64_t size)
{
  return (n + size - 1) / size;
}

/* --- products --------------------------------------------------------------------------------- */

/*
 * A block of receivers goes from one block of senders to the next: how many receivers there are, how
 * many synapses each has from these senders, and the first of them.
 */
typedef struct region {
  const nai__compressed *synapses;
  int64_t i, j, n;
  int64_t next[NAI__LIST_POST];
  int32_t count[NAI__LIST_POST];
  uint16_t order[NAI__LIST_POST]; /* receivers, those with most synapses first */
} region;

static void sort(region *r)
{
  int32_t begin[NAI__LIST_PRE + 2] = {0};
  for (int64_t i = 0; i < r->n; i++) begin[NAI__LIST_PRE - r->count[i] + 1]++;
  for (int c = 0; c <= NAI__LIST_PRE; c++) begin[c + 1] += begin[c];
  for (int64_t i = 0; i < r->n; i++) r->order[begin[NAI__LIST_PRE - r->count[i]]++] = (uint16_t)i;
  for (int64_t i = r->n; i < NAI__LIST_POST; i++) r->order[i] = (uint16_t)i;
}

static void count_synapses(region *r)
{
  const nai__compressed *c = r->synapses;
  for (int64_t i = 0; i < r->n; i++) {
    int64_t e = r->next[i];
    while (e < c->first[r->i + i + 1] && c->sender[e] < r->j + NAI__LIST_PRE) e++;
    r->count[i] = (int32_t)(e - r->next[i]);
  }
  sort(r);
}

/* With the first block of senders. */
static void open_region(region *r, const nai__compressed *synapses, int64_t to)
{
  *r = (region){.synapses = synapses, .i = to * NAI__LIST_POST};
  r->n = smaller(NAI__LIST_POST, synapses->n - r->i);
  for (int64_t i = 0; i < r->n; i++) r->next[i] = synapses->first[r->i + i];
  count_synapses(r);
}

static void next_region(region *r)
{
  for (int64_t i = 0; i < r->n; i++) r->next[i] += r->count[i];
  r->j += NAI__LIST_PRE;
  count_synapses(r);
}

/* Slots of slice s: as many as its first receiver has synapses. */
static int32_t slots_of(const region *r, int64_t s)
{
  return 4 * s < r->n ? r->count[r->order[4 * s]] : 0;
}

static void fill_receiver(const region *r, int p, int64_t slot, nai__lists *l)
{
  const int64_t i = r->order[p];
  for (int32_t e = 0; e < r->count[i]; e++) {
    const int64_t at = 4 * (slot + e) + p % 4, from = r->next[i] + e;
    l->pre[at] = (uint16_t)((r->synapses->sender[from] - r->j) * NAI__LIST_SCALE);
    if (l->place) l->place[at] = r->synapses->place[from];
  }
}

static void fill_region(const region *r, int64_t at, nai__lists *l)
{
  int32_t *first = l->first + at * (NAI__LIST_SLICES + 1);
  memcpy(l->post + at * NAI__LIST_POST, r->order, sizeof r->order);
  for (int p = 0; p < r->n; p++) fill_receiver(r, p, first[p / 4], l);
}

static void number_region(const region *r, int64_t at, nai__lists *l)
{
  int32_t *first = l->first + at * (NAI__LIST_SLICES + 1);
  for (int64_t s = 0; s < NAI__LIST_SLICES; s++) {
    first[s] = (int32_t)l->slots;
    l->slots += slots_of(r, s);
  }
  first[NAI__LIST_SLICES] = (int32_t)l->slots;
}

/* In the order in which products meet them. */
static void each_region(nai__lists *l, const nai__compressed *synapses,
                        void (*use)(const region *r, int64_t at, nai__lists *l))
{
  region r;
  for (int64_t to = 0; to < l->to_blocks; to++) {
    open_region(&r, synapses, to);
    for (int64_t from = 0; from < l->from_blocks; from++) {
      use(&r, to * l->from_blocks + from, l);
      next_region(&r);
    }
  }
}

static int make_slots(nai__lists *l, const nai__compressed *synapses)
{
  l->from_blocks = blocks_of(l->k, NAI__LIST_PRE);
  l->to_blocks = blocks_of(l->n, NAI__LIST_POST);
  const int64_t regions = l->from_blocks * l->to_blocks;
  l->first = NAI__ARRAY(int32_t, regions * (NAI__LIST_SLICES + 1));
  l->post = NAI__ARRAY(uint16_t, regions * NAI__LIST_POST);
  if (!l->first || !l->post) return 0;
  each_region(l, synapses, number_region);
  l->pre = NAI__ARRAY(uint16_t, 4 * l->slots + 1);
  if (synapses->place) l->place = NAI__ARRAY(int32_t, 4 * l->slots + 1);
  l->weight = NAI__ARRAY(float, 4 * l->slots + 1);
  if (!l->pre || (synapses->place && !l->place) || !l->weight) return 0;
  for (int64_t e = 0; e < 4 * l->slots; e++) l->pre[e] = NO_SENDER;
  for (int64_t e = 0; e < 4 * l->slots && l->place; e++) l->place[e] = -1;
  each_region(l, synapses, fill_region);
  return 1;
}

/* --- the weight gradient ---------------------------------------------------------------------- */

/* Groups of four that a receiver has in each block of senders: into the start of the next receiver. */
static void count_groups(nai__lists *l, const nai__compressed *c)
{
  for (int64_t i = 0; i < l->n; i++)
    for (int64_t e = c->first[i]; e < c->first[i + 1];) {
      const int64_t near = c->sender[e] / NAI__LIST_NEAR;
      int64_t count = 0;
      while (e < c->first[i + 1] && c->sender[e] / NAI__LIST_NEAR == near) count++, e++;
      l->start[near * (l->n + 1) + i] = (int32_t)blocks_of(count, 4);
    }
}

static void number_groups(nai__lists *l)
{
  for (int64_t near = 0; near < l->near; near++) {
    int32_t *start = l->start + near * (l->n + 1);
    for (int64_t i = 0; i <= l->n; i++) {
      const int32_t groups = start[i];
      start[i] = (int32_t)l->groups;
      l->groups += groups;
    }
  }
}

static void fill_groups(nai__lists *l, const nai__compressed *c)
{
  for (int64_t i = 0; i < l->n; i++)
    for (int64_t e = c->first[i]; e < c->first[i + 1];) {
      const int64_t near = c->sender[e] / NAI__LIST_NEAR;
      uint16_t *to = l->sender + 4 * (int64_t)l->start[near * (l->n + 1) + i];
      while (e < c->first[i + 1] && c->sender[e] / NAI__LIST_NEAR == near)
        *to++ = (uint16_t)(c->sender[e++] % NAI__LIST_NEAR);
    }
}

static int make_groups(nai__lists *l, const nai__compressed *synapses)
{
  l->near = blocks_of(l->k, NAI__LIST_NEAR);
  l->start = NAI__ARRAY(int32_t, l->near * (l->n + 1));
  if (!l->start) return 0;
  count_groups(l, synapses);
  number_groups(l);
  l->sender = NAI__ARRAY(uint16_t, 4 * l->groups + 1);
  if (!l->sender) return 0;
  for (int64_t e = 0; e < 4 * l->groups; e++) l->sender[e] = NAI__LIST_NEAR;
  fill_groups(l, synapses);
  return 1;
}

/* --- lists ------------------------------------------------------------------------------------ */

nai__lists *nai__lists_create(const nai__compressed *synapses, int gradient)
{
  nai__lists *l = NAI__NEW(nai__lists);
  if (!l) return NULL;
  l->k = synapses->k;
  l->n = synapses->n;
  l->synapses = synapses->first[synapses->n];
  l->rows = synapses->place || synapses->turned ? NULL : synapses->first;
  l->turned = synapses->turned;
  if (make_slots(l, synapses) && (!gradient || make_groups(l, synapses))) return l;
  nai__lists_destroy(l);
  return NULL;
}

void nai__lists_destroy(nai__lists *l)
{
  if (!l) return;
  nai__free(l->first);
  nai__free(l->post);
  nai__free(l->pre);
  nai__free(l->place);
  nai__free(l->weight);
  nai__free(l->start);
  nai__free(l->sender);
  nai__free(l);
}

int64_t nai__lists_weights(const nai__lists *l)
{
  return 4 * l->slots + 1;
}

/* --- weights ---------------------------------------------------------------------------------- */

/* Slots of the receiver at position p of a region: from its slice's first one on, so far apart. */
static int32_t first_slot(const nai__lists *l, int64_t at, int64_t p)
{
  return l->first[at * (NAI__LIST_SLICES + 1) + p / 4];
}

/* Its weights, from w, as many as it has synapses there; behind them 0. Their number. */
static int64_t pack_receiver(float *weight, const nai__lists *l, int64_t at, int64_t p,
                             const float *w)
{
  const int64_t end = first_slot(l, at, p + 4);
  int64_t n = 0;
  for (int64_t slot = first_slot(l, at, p); slot < end; slot++) {
    const int64_t e = 4 * slot + p % 4;
    weight[e] = l->pre[e] == NO_SENDER ? 0 : w[n++];
  }
  return n;
}

/* What a receiver has from one block of senders follows what it had from the one before. */
static void pack_in_order(float *weight, const nai__lists *l, const float *w)
{
  for (int64_t to = 0; to < l->to_blocks; to++) {
    const int64_t i = to * NAI__LIST_POST, n = smaller(NAI__LIST_POST, l->n - i);
    int64_t next[NAI__LIST_POST] = {0};
    memcpy(next, l->rows + i, (size_t)n * sizeof *next);
    for (int64_t from = 0; from < l->from_blocks; from++) {
      const int64_t at = to * l->from_blocks + from;
      const uint16_t *post = l->post + at * NAI__LIST_POST;
      for (int64_t p = 0; p < NAI__LIST_POST; p++)
        next[post[p]] += pack_receiver(weight, l, at, p, w + next[post[p]]);
    }
  }
}

/* The weights of receiver p, each of which is the next one of its sender. */
static void pack_turned_receiver(float *weight, const nai__lists *l, int64_t at, int64_t p,
                                 int64_t *next, const float *w)
{
  const int64_t end = first_slot(l, at, p + 4);
  for (int64_t slot = first_slot(l, at, p); slot < end; slot++) {
    const int64_t e = 4 * slot + p % 4;
    weight[e] = l->pre[e] == NO_SENDER ? 0 : w[next[l->pre[e] / NAI__LIST_SCALE]++];
  }
}

/* Senders meet their receivers in ascending order: block by block, and within a block. */
static void pack_turned(float *weight, const nai__lists *l, const float *w)
{
  for (int64_t from = 0; from < l->from_blocks; from++) {
    const int64_t j = from * NAI__LIST_PRE;
    int64_t next[NAI__LIST_PRE] = {0};
    memcpy(next, l->turned + j, (size_t)smaller(NAI__LIST_PRE, l->k - j) * sizeof *next);
    for (int64_t to = 0; to < l->to_blocks; to++) {
      const int64_t at = to * l->from_blocks + from;
      uint16_t position[NAI__LIST_POST];
      for (int p = 0; p < NAI__LIST_POST; p++)
        position[l->post[at * NAI__LIST_POST + p]] = (uint16_t)p;
      for (int i = 0; i < NAI__LIST_POST; i++)
        pack_turned_receiver(weight, l, at, position[i], next, w);
    }
  }
}

void nai__lists_pack_into(float *weight, const nai__lists *l, const float *w)
{
  if (l->rows) pack_in_order(weight, l, w);
  if (l->turned) pack_turned(weight, l, w);
  if (!l->place) return;
  for (int64_t e = 0; e < 4 * l->slots; e++) weight[e] = l->place[e] < 0 ? 0 : w[l->place[e]];
}

void nai__lists_pack(nai__lists *l, const float *w)
{
  nai__lists_pack_into(l->weight, l, w);
}

static int64_t size_of(int64_t regions, int64_t slots, int places, int64_t starts, int64_t groups)
{
  const int64_t slot =
      (int64_t)(sizeof(uint16_t) + sizeof(float)) + (places ? (int64_t)sizeof(int32_t) : 0);
  return slots * 4 * slot +
         regions * ((NAI__LIST_SLICES + 1) * (int64_t)sizeof(int32_t) +
                    NAI__LIST_POST * (int64_t)sizeof(uint16_t)) +
         starts * (int64_t)sizeof(int32_t) + groups * 4 * (int64_t)sizeof(uint16_t);
}

int64_t nai__lists_size(const nai__lists *l)
{
  if (!l) return 0;
  return size_of(l->from_blocks * l->to_blocks, l->slots, l->place != NULL, l->near * (l->n + 1),
                 l->groups);
}

int64_t nai__lists_bytes(int64_t k, int64_t n, int64_t synapses, int gradient)
{
  const int64_t regions = blocks_of(k, NAI__LIST_PRE) * blocks_of(n, NAI__LIST_POST),
                near = blocks_of(k, NAI__LIST_NEAR);
  /* Sorted by their synapses, receivers leave at most one slice's slots empty. */
  const int64_t slots = synapses / 4 + regions * NAI__LIST_PRE;
  const int64_t groups = gradient ? synapses / 4 + near * n : 0;
  return size_of(regions, slots, 1, gradient ? near * (n + 1) : 0, groups);
}

/*
 * What is free of the last group of four that a receiver has of a block of senders, in groups: the mean
 * over numbers of synapses of a Poisson distribution.
 */
static double open_group(double mean)
{
  return (1.5 - 0.5 * exp(-2 * mean) + exp(-mean) * (sin(mean) - cos(mean))) / 4;
}

int64_t nai__lists_expected(int64_t k, int64_t n, int64_t synapses, int gradient)
{
  const int64_t regions = blocks_of(k, NAI__LIST_PRE) * blocks_of(n, NAI__LIST_POST),
                near = blocks_of(k, NAI__LIST_NEAR);
  const double density = (double)synapses / ((double)k * (double)n);
  /* Slots of a region that are empty: those that its fullest receiver has more than others. */
  const double each = (double)smaller(k, NAI__LIST_PRE) * density, empty = 2.5 * sqrt(each) + 1;
  const int64_t slots = synapses / 4 + (int64_t)((double)regions * empty);
  const double last = open_group((double)smaller(k, NAI__LIST_NEAR) * density);
  const double groups = (double)synapses / 4 + last * (double)(near * n);
  return size_of(regions, slots, 0, gradient ? near * (n + 1) : 0, gradient ? (int64_t)groups : 0);
}
