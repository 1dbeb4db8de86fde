/* Making lists, in the order that the kernels of lists.inc.h want. */
#include "lists.h"

#include <string.h>

#include "../base/memory.h"

static int64_t smaller(int64_t a, int64_t b)
{
  return a < b ? a : b;
}

static int64_t blocks_of(int64_t n, int64_t size)
{
  return (n + size - 1) / size;
}

/* From sender j to receiver i. */
static int64_t place_of(const nai__list_shape *shape, int64_t i, int64_t j)
{
  return shape->transposed ? i * shape->ld + j : j * shape->ld + i;
}

static int exists(const nai__list_shape *shape, int64_t i, int64_t j)
{
  return shape->exists[place_of(shape, i, j)] != 0;
}

/* --- products --------------------------------------------------------------------------------- */

/* The synapses between two blocks: first receiver and sender, how many of each, and how many synapses
 * each receiver has. */
typedef struct region {
  const nai__list_shape *shape;
  int64_t i, j, n, k;
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

static void open_region(region *r, const nai__list_shape *shape, int64_t to, int64_t from)
{
  r->shape = shape;
  r->i = to * NAI__LIST_POST;
  r->j = from * NAI__LIST_PRE;
  r->n = smaller(NAI__LIST_POST, shape->n - r->i);
  r->k = smaller(NAI__LIST_PRE, shape->k - r->j);
  memset(r->count, 0, sizeof r->count);
  for (int64_t i = 0; i < r->n; i++)
    for (int64_t j = 0; j < r->k; j++) r->count[i] += exists(shape, r->i + i, r->j + j);
  sort(r);
}

/* Slots of slice s: as many as its first receiver has synapses. */
static int32_t slots_of(const region *r, int64_t s)
{
  return 4 * s < r->n ? r->count[r->order[4 * s]] : 0;
}

static void fill_receiver(const region *r, int p, int64_t slot, nai__lists *l)
{
  const int64_t i = r->order[p], lane = p % 4;
  for (int64_t j = 0; j < r->k && i < r->n; j++) {
    if (!exists(r->shape, r->i + i, r->j + j)) continue;
    l->pre[4 * slot + lane] = (uint16_t)(j * NAI__LIST_SCALE);
    l->place[4 * slot + lane] = (int32_t)place_of(r->shape, r->i + i, r->j + j);
    slot++;
  }
}

static void fill_region(const region *r, int64_t at, nai__lists *l)
{
  int32_t *first = l->first + at * (NAI__LIST_SLICES + 1);
  memcpy(l->post + at * NAI__LIST_POST, r->order, sizeof r->order);
  for (int p = 0; p < NAI__LIST_POST; p++) fill_receiver(r, p, first[p / 4], l);
}

/* One after the other, in the order in which products meet them. */
static void number_slots(nai__lists *l, const nai__list_shape *shape)
{
  region r;
  l->slots = l->synapses = 0;
  for (int64_t at = 0; at < l->to_blocks * l->from_blocks; at++) {
    int32_t *first = l->first + at * (NAI__LIST_SLICES + 1);
    open_region(&r, shape, at / l->from_blocks, at % l->from_blocks);
    for (int64_t i = 0; i < r.n; i++) l->synapses += r.count[i];
    for (int64_t s = 0; s < NAI__LIST_SLICES; s++) {
      first[s] = (int32_t)l->slots;
      l->slots += slots_of(&r, s);
    }
    first[NAI__LIST_SLICES] = (int32_t)l->slots;
  }
}

static int make_slots(nai__lists *l, const nai__list_shape *shape)
{
  region r;
  l->from_blocks = blocks_of(l->k, NAI__LIST_PRE);
  l->to_blocks = blocks_of(l->n, NAI__LIST_POST);
  const int64_t regions = l->from_blocks * l->to_blocks;
  l->first = NAI__ARRAY(int32_t, regions * (NAI__LIST_SLICES + 1));
  l->post = NAI__ARRAY(uint16_t, regions * NAI__LIST_POST);
  if (!l->first || !l->post) return 0;
  number_slots(l, shape);
  l->pre = NAI__ARRAY(uint16_t, 4 * l->slots + 1);
  l->place = NAI__ARRAY(int32_t, 4 * l->slots + 1);
  l->weight = NAI__ARRAY(float, 4 * l->slots + 1);
  if (!l->pre || !l->place || !l->weight) return 0;
  for (int64_t e = 0; e < 4 * l->slots; e++) {
    l->pre[e] = NAI__LIST_PRE * NAI__LIST_SCALE;
    l->place[e] = -1;
  }
  for (int64_t at = 0; at < regions; at++) {
    open_region(&r, shape, at / l->from_blocks, at % l->from_blocks);
    fill_region(&r, at, l);
  }
  return 1;
}

/* --- the weight gradient ---------------------------------------------------------------------- */

static int64_t count_near(const nai__list_shape *shape, int64_t i, int64_t near)
{
  int64_t count = 0, end = smaller((near + 1) * NAI__LIST_NEAR, shape->k);
  for (int64_t j = near * NAI__LIST_NEAR; j < end; j++) count += exists(shape, i, j);
  return count;
}

static void fill_groups(nai__lists *l, const nai__list_shape *shape, int64_t i, int64_t near)
{
  uint16_t *to = l->sender + 4 * (int64_t)l->start[near * (l->n + 1) + i];
  int64_t end = smaller((near + 1) * NAI__LIST_NEAR, shape->k);
  for (int64_t j = near * NAI__LIST_NEAR; j < end; j++)
    if (exists(shape, i, j)) *to++ = (uint16_t)(j - near * NAI__LIST_NEAR);
}

static int make_groups(nai__lists *l, const nai__list_shape *shape)
{
  l->near = blocks_of(l->k, NAI__LIST_NEAR);
  l->start = NAI__ARRAY(int32_t, l->near * (l->n + 1));
  if (!l->start) return 0;
  for (int64_t near = 0; near < l->near; near++) {
    int32_t *start = l->start + near * (l->n + 1);
    for (int64_t i = 0; i < l->n; i++) {
      start[i] = (int32_t)l->groups;
      l->groups += blocks_of(count_near(shape, i, near), 4);
    }
    start[l->n] = (int32_t)l->groups;
  }
  l->sender = NAI__ARRAY(uint16_t, 4 * l->groups + 1);
  if (!l->sender) return 0;
  for (int64_t e = 0; e < 4 * l->groups; e++) l->sender[e] = NAI__LIST_NEAR;
  for (int64_t near = 0; near < l->near; near++)
    for (int64_t i = 0; i < l->n; i++) fill_groups(l, shape, i, near);
  return 1;
}

/* --- lists ------------------------------------------------------------------------------------ */

nai__lists *nai__lists_create(const nai__list_shape *shape)
{
  nai__lists *l = NAI__NEW(nai__lists);
  if (!l) return NULL;
  l->k = shape->k;
  l->n = shape->n;
  if (make_slots(l, shape) && (!shape->gradient || make_groups(l, shape))) return l;
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

void nai__lists_pack(nai__lists *l, const float *w)
{
  for (int64_t e = 0; e < 4 * l->slots; e++) l->weight[e] = l->place[e] < 0 ? 0 : w[l->place[e]];
}

static int64_t size_of(int64_t regions, int64_t slots, int64_t starts, int64_t groups)
{
  return slots * 4 * (int64_t)(sizeof(uint16_t) + sizeof(int32_t) + sizeof(float)) +
         regions * ((NAI__LIST_SLICES + 1) * (int64_t)sizeof(int32_t) +
                    NAI__LIST_POST * (int64_t)sizeof(uint16_t)) +
         starts * (int64_t)sizeof(int32_t) + groups * 4 * (int64_t)sizeof(uint16_t);
}

int64_t nai__lists_size(const nai__lists *l)
{
  if (!l) return 0;
  return size_of(l->from_blocks * l->to_blocks, l->slots, l->near * (l->n + 1), l->groups);
}

int64_t nai__lists_bytes(int64_t k, int64_t n, int64_t synapses, int gradient)
{
  const int64_t regions = blocks_of(k, NAI__LIST_PRE) * blocks_of(n, NAI__LIST_POST),
                near = blocks_of(k, NAI__LIST_NEAR);
  /* Sorted by their synapses, receivers leave at most one slice's slots empty. */
  const int64_t slots = synapses / 4 + regions * NAI__LIST_PRE;
  const int64_t groups = gradient ? synapses / 4 + near * n : 0;
  return size_of(regions, slots, gradient ? near * (n + 1) : 0, groups);
}
