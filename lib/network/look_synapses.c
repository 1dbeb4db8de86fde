/*
 * The synapses of projections as arrays, in ascending order of (post, pre), however they are stored;
 * and their weights set in that order. All projections onto a unit are walked along together: those
 * from one population are merged.
 */
#include <math.h>
#include <stdlib.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/structs.h"
#include "ends.h"
#include "row.h"

/* A projection onto one copy of its port; of synapses whose delays differ, those of one delay. */
typedef struct stream {
  const nai__projection *p;
  int64_t part;
  const nai__node *from, *to;
  int64_t copy;
  nai__row row;
  int there; /* whether it has a present synapse */
} stream;

/* What is done with synapse k, which is onto unit `post`. */
typedef struct list list;
typedef void visit(list *list, int64_t k, const stream *s, int64_t post);

/* A walk along all of them, and how far it went. */
struct list {
  const nai_network *net;
  visit *visit;
  nai_synapse_arrays arrays; /* of what is written, */
  int64_t capacity, count;
  const float
      *weights; /* or of what is set, into what, and of which projections there is another */
  float *theta;
  uint8_t *is_new;
  nai_status status;
};

static int64_t copies_of(const nai_network *net, const nai__projection *p)
{
  return p->n_post / net->node[p->to].n;
}

static int compare(int64_t a, int64_t b)
{
  return (a > b) - (a < b);
}

static int by_node(const nai__node *a, const nai__node *b)
{
  return a->kind != b->kind ? compare(a->kind, b->kind) : compare(a->order, b->order);
}

/* Receivers, senders, then projections as they were connected, then copies. */
static int by_ends(const void *a, const void *b)
{
  const stream *one = a, *other = b;
  int order = by_node(one->to, other->to);
  if (order == 0) order = by_node(one->from, other->from);
  if (order == 0) order = (one->p > other->p) - (one->p < other->p);
  return order ? order : compare(one->copy, other->copy);
}

static void put(list *out, int64_t k, const stream *s, int64_t post)
{
  const nai_synapse_arrays *to = &out->arrays;
  const nai_network *net = out->net;
  if (k >= out->capacity) return;
  if (to->projection) to->projection[k] = (int32_t)(s->p - net->projection);
  if (to->post) to->post[k] = (int32_t)post;
  if (to->pre) to->pre[k] = (int32_t)s->row.pre;
  if (to->copy) to->copy[k] = (int32_t)s->copy;
  if (to->weight) to->weight[k] = net->theta[s->row.place];
  if (to->delay) to->delay[k] = (double)net->block[s->p->block + s->part].delay * net->dt;
  if (to->plastic) to->plastic[k] = net->plastic[s->row.place];
}

/* The synapses onto one unit from one population, in ascending order of `pre`. */
static void merge(list *out, stream *s, int64_t n, int64_t post)
{
  for (int64_t k = 0; k < n; k++) {
    s[k].row = nai__row_in(out->net, s[k].p, s[k].part, s[k].copy * s[k].to->n + post);
    s[k].there = nai__row_next(&s[k].row);
  }
  for (;;) {
    stream *least = NULL;
    for (int64_t k = 0; k < n; k++)
      if (s[k].there && (!least || s[k].row.pre < least->row.pre)) least = &s[k];
    if (!least) return;
    out->visit(out, out->count++, least, post);
    least->there = nai__row_next(&least->row);
  }
}

/* The end of those that go on from `first` onto the same node, or from the same one as well. */
static int64_t end_of(const stream *s, int64_t first, int64_t n, int same_source)
{
  int64_t end = first + 1;
  while (end < n && s[end].to == s[first].to && (!same_source || s[end].from == s[first].from))
    end++;
  return end;
}

static void walk(list *out, stream *s, int64_t n)
{
  for (int64_t first = 0, end; first < n; first = end) {
    end = end_of(s, first, n, 0);
    for (int64_t post = 0; post < s[first].to->n; post++)
      for (int64_t a = first, b; a < end; a = b) {
        b = end_of(s, a, end, 1);
        merge(out, s + a, b - a, post);
      }
  }
}

static stream *streams_of(int64_t *n, const nai_network *net, const char *from, const char *to)
{
  *n = 0;
  NAI__EACH_PROJECTION(net, p, from, to) *n += copies_of(net, p) * p->n_parts;
  stream *s = NAI__ARRAY(stream, *n);
  int64_t at = 0;
  if (!s) return NULL;
  NAI__EACH_PROJECTION(net, p, from, to)
    for (int64_t c = 0; c < copies_of(net, p) * p->n_parts; c++)
      s[at++] = (stream){.p = p,
                         .part = c % p->n_parts,
                         .from = &net->node[p->from],
                         .to = &net->node[p->to],
                         .copy = c / p->n_parts};
  qsort(s, (size_t)*n, sizeof *s, by_ends);
  return s;
}

nai_status nai_network_synapses(const nai_synapse_arrays *arrays, int64_t capacity, int64_t *count,
                                const nai_network *net, const char *from, const char *to)
{
  list out = {.net = net, .visit = put, .capacity = capacity};
  NAI__REQUIRE(count);
  if (capacity < 0)
    return nai__fail(NAI_ERR_INVALID, "capacity is %lld, must be at least 0", (long long)capacity);
  if (arrays || capacity > 0)
    NAI__TRY(nai__struct_take(&out.arrays, sizeof out.arrays, arrays,
                              NAI__FIRST_SIZE(nai_synapse_arrays, plastic), "arrays"));
  NAI__TRY(nai__struct_reserved(out.arrays.reserved, "arrays"));
  NAI__TRY(nai__require_built(net, "net"));
  NAI__TRY(nai__projections_known(net, from, to));
  int64_t n;
  stream *s = streams_of(&n, net, from, to);
  if (!s) return NAI_ERR_MEMORY;
  walk(&out, s, n);
  nai__free(s);
  *count = out.count;
  return NAI_OK;
}

/* --- weights that are set --------------------------------------------------------------------- */

static void check(list *list, int64_t k, const stream *s, int64_t post)
{
  (void)post;
  if (k >= list->capacity || list->status != NAI_OK) return;
  const float w = list->weights[k];
  if (!isfinite(w))
    list->status = nai__fail(NAI_ERR_NONFINITE, "weights[%lld] is %g", (long long)k, (double)w);
  else if (w * (float)s->p->sign < 0)
    list->status = nai__fail(NAI_ERR_INVALID, "weights[%lld] is %g, must be %s 0 from '%s' to '%s'",
                             (long long)k, (double)w, s->p->sign > 0 ? "at least" : "at most",
                             nai__source_name(list->net, s->p), nai__target_name(list->net, s->p));
  if (w != list->net->theta[s->row.place]) list->is_new[s->p - list->net->projection] = 1;
}

static void set(list *list, int64_t k, const stream *s, int64_t post)
{
  (void)post;
  list->theta[s->row.place] = list->weights[k];
}

static nai_status check_all(list *list, const char *from, const char *to, stream *s,
                            int64_t n_streams)
{
  walk(list, s, n_streams);
  if (list->count == list->capacity) return list->status;
  return nai__fail(NAI_ERR_INVALID,
                   "n is %lld, must be %lld: so many synapses are there from '%.60s' to '%.60s'",
                   (long long)list->capacity, (long long)list->count, from, to);
}

/* Where all stays as it is, what is stored for many together stays so. */
static nai_status set_all(nai_network *net, list *list, const char *from, const char *to, stream *s,
                          int64_t n_streams)
{
  NAI__TRY(check_all(list, from, to, s, n_streams));
  int64_t first = net->n_blocks, end = 0; /* of their blocks: often those of one projection */
  NAI__EACH_PROJECTION(net, p, from, to) {
    if (p->block < first) first = p->block;
    if (p->block + p->n_parts > end) end = p->block + p->n_parts;
    if (list->is_new[p - net->projection]) NAI__TRY(nai__part_weights(net, p));
  }
  list->count = 0;
  list->visit = set;
  list->theta = net->theta;
  walk(list, s, n_streams);
  if (first < end) nai__pack_blocks(net, first, end);
  return NAI_OK;
}

nai_status nai_network_set_synapse_weights(nai_network *net, const char *from, const char *to,
                                           const float *weights, int64_t n)
{
  NAI__TRY(nai__require_built(net, "net"));
  if (n < 0) return nai__fail(NAI_ERR_INVALID, "n is %lld, must be at least 0", (long long)n);
  if (n > 0) NAI__REQUIRE(weights);
  NAI__TRY(nai__projections_known(net, from, to));
  list list = {.net = net, .visit = check, .capacity = n, .weights = weights};
  int64_t n_streams;
  stream *s = streams_of(&n_streams, net, from, to);
  list.is_new = NAI__ARRAY(uint8_t, net->n_projections);
  nai_status status =
      s && list.is_new ? set_all(net, &list, from, to, s, n_streams) : NAI_ERR_MEMORY;
  nai__free(s);
  nai__free(list.is_new);
  return status;
}
