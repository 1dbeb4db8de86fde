/*
 * Where the leak is on the current and units have one alpha, the rows of a projection have one trace, that of
 * their senders. It is moved in the first row, and the others read it: half of what would go through the
 * memory, and rows that learn four at a time. Who needs traces of each row gets copies.
 */
#include "traces_pass.h"

#include <math.h>
#include <string.h>

#include "../base/memory.h"

/*
 * What is plastic in a row of a projection: all of it, all but one synapse that does not exist (the
 * autapse), or anything.
 */
enum { EVERYTHING = -1, ANYTHING = -2 };

static int32_t find_gap(const nai_network *net, const nai__strip *strip)
{
  const uint8_t *plastic = net->plastic + strip->at, *exists = net->exists + strip->at;
  int32_t gap = EVERYTHING;
  for (int64_t j = 0; j < strip->n; j++) {
    if (plastic[j] != 0) continue;
    if (exists[j] != 0 || gap != EVERYTHING) return ANYTHING;
    gap = (int32_t)j;
  }
  return gap;
}

static void find_gaps(nai__trace_pass *own, const nai_network *net)
{
  own->removals = net->removals;
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    own->has_gap[k] = own->has_any[k] = 0;
    for (int64_t i = 0; i < p->n_post; i++) {
      const nai__strip strip = nai__strip_in(net, p, 0, i);
      const int32_t gap = own->gap[k][i] = p->n_parts == 1 ? find_gap(net, &strip) : ANYTHING;
      own->has_gap[k] |= gap >= 0;
      own->has_any[k] |= gap == ANYTHING;
    }
  }
}

static nai_status make_gaps(nai__trace_pass *own, const nai_network *net)
{
  own->gap = NAI__ARRAY(int32_t *, net->n_projections + 1);
  if (!own->gap) return NAI_ERR_MEMORY;
  for (int64_t k = 0; k < net->n_projections; k++) {
    own->gap[k] = NAI__ARRAY(int32_t, net->projection[k].n_post);
    if (!own->gap[k]) return NAI_ERR_MEMORY;
  }
  find_gaps(own, net);
  return NAI_OK;
}

nai_status nai__trace_pass_make(nai__trace_pass *own, const nai_network *net)
{
  const int64_t rows = net->ld_units > net->ld_outputs ? net->ld_units : net->ld_outputs;
  own->behind = NAI__ARRAY(char, 4 * net->n_projections + 1);
  own->rate = NAI__ARRAY(float, 2 * rows);
  if (!own->behind || !own->rate) return NAI_ERR_MEMORY;
  own->differ = own->behind + net->n_projections;
  own->has_gap = own->differ + net->n_projections;
  own->has_any = own->has_gap + net->n_projections;
  own->sum = own->rate + rows;
  return make_gaps(own, net);
}

void nai__trace_pass_release(nai__trace_pass *own, const nai_network *net)
{
  for (int64_t k = 0; own->gap && k < net->n_projections; k++) nai__free(own->gap[k]);
  nai__free(own->gap);
  nai__free(own->behind);
  nai__free(own->rate);
}

void nai__trace_pass_begin(nai__trace_pass *own, const nai_network *net)
{
  memset(own->behind, 0, (size_t)(2 * net->n_projections));
}

/* --- rows of one trace ------------------------------------------------------------------------ */

static void part_rows(nai__trace_pass *own, const nai_network *net, float *synapse, int64_t k)
{
  const nai__projection *p = &net->projection[k];
  own->differ[k] = 1;
  if (!own->behind[k]) return;
  own->behind[k] = 0;
  const float *first = synapse + nai__strip_in(net, p, 0, 0).at;
  for (int64_t i = 1; i < p->n_post; i++) {
    const nai__strip strip = nai__strip_in(net, p, 0, i);
    memcpy(synapse + strip.at, first, (size_t)strip.n * sizeof *first);
  }
}

void nai__trace_pass_part(nai__trace_pass *own, const nai_network *net, float *synapse)
{
  for (int64_t k = 0; k < net->n_projections; k++) part_rows(own, net, synapse, k);
}

/* Whether at this step, as at all before it, the first row's trace is that of the others. */
static int is_one_trace(nai__trace_pass *own, const nai_network *net, const nai__trace_rows *rows,
                        int64_t k)
{
  const nai__projection *p = &net->projection[k];
  const nai__node *to = &net->node[p->to];
  const float *decay = rows->decay + to->offset, *gain = rows->gain + to->offset;
  int differ = own->differ[k] || p->is_listed;
  for (int64_t i = 1; i < to->n; i++) differ |= (decay[i] != decay[0]) | (gain[i] != gain[0]);
  if (differ) part_rows(own, net, rows->synapse, k);
  return !differ;
}

/* A single gap learns with the others and is closed again: two calls would take twice the time. */
static float close_gap(float *w, const float *next, int32_t gap, float sum)
{
  if (next) sum -= w[gap] * next[gap];
  w[gap] = 0;
  return sum;
}

static float learn_row(const nai_network *net, nai__learning_row *row, int32_t gap)
{
  if (gap != ANYTHING) row->plastic = NULL;
  const float sum = net->kernels->learn_row(row);
  return gap < 0 ? sum : close_gap(row->w, row->next, gap, sum);
}

/* --- a projection learns ---------------------------------------------------------------------- */

/* One block of a projection at the step at hand. */
typedef struct learning {
  const nai_network *net;
  nai__trace_pass *own;
  const nai__online *online;
  const nai__fused *fused;
  const nai__trace_rows *rows;
  const nai__projection *p;
  const nai__block *b;
  int64_t k, part;
  const float *sent, *next; /* by its senders, now and at the next step; NULL: that is not known */
  const float *factor;      /* [n_post] */
  float *ready;             /* [n_post]; NULL: it is not made ready */
  float low, high;
} learning;

static void look_at(learning *l, int64_t k, int64_t part)
{
  const nai__projection *p = l->p = &l->net->projection[k];
  const nai__block *b = l->b = &l->net->block[p->block + part];
  const int64_t skip = l->net->node[p->from].offset - b->pre, to = l->net->node[p->to].offset;
  const nai__activity *a = l->online->activity;
  const int is_ready = nai__block_is_ready(b);
  l->k = k;
  l->part = part;
  l->sent = nai__carried(a, b, l->online->t) + skip;
  l->next = is_ready ? nai__carried(a, b, l->online->t + 1) + skip : NULL;
  l->factor = (b->to_output ? l->online->output_gradient : l->rows->factor) + to;
  l->ready = is_ready ? l->fused->ready + to : NULL;
  l->low = p->sign > 0 ? 0 : -INFINITY;
  l->high = p->sign < 0 ? 0 : INFINITY;
}

/* Row i. trace: that of its senders, which another row has moved on; NULL: its own. */
static void learn_one(const learning *l, int64_t i, const float *trace)
{
  const nai__strip strip = nai__strip_in(l->net, l->p, l->part, i);
  const int64_t at = strip.at, u = l->net->node[l->p->to].offset + i;
  const int moves = !trace && !l->b->to_output;
  nai__learning_row row = {
      .n = strip.n,
      .w = l->fused->theta + at,
      .p = moves ? l->rows->synapse + at : NULL,
      .plastic = l->net->plastic + at,
      .pre = trace ? trace : nai__strip_carried(&strip, l->sent, l->online->carried[0]),
      .next = l->next ? nai__strip_carried(&strip, l->next, l->online->carried[1]) : NULL,
      .decay = moves ? l->rows->decay[u] : 0,
      .gain = moves ? l->rows->gain[u] : 1,
      .factor = (float)l->fused->rate * l->factor[i],
      .low = l->low,
      .high = l->high};
  const float sum = l->p->plastic ? learn_row(l->net, &row, l->own->gap[l->k][i])
                    : row.next    ? l->net->kernels->row_dot(row.w, row.next, strip.n)
                                  : 0;
  if (l->ready) l->ready[i] += sum;
}

/* Of rows w [.][ld], from row `first` on: what the one synapse that does not exist has got is taken back. */
static void close_gaps(const learning *l, float *w, int64_t ld, int64_t first, int64_t end,
                       float *sum)
{
  const int32_t *const gap = l->own->gap[l->k];
  for (int64_t i = first; i < end; i++, w += ld, sum++)
    if (gap[i] >= 0) *sum = close_gap(w, l->next, gap[i], *sum);
}

/* Rows first .. end - 1, in which all is plastic but one synapse at most. trace: as there. */
static void learn_some(const learning *l, const float *trace, int64_t first, int64_t end)
{
  const int64_t at = nai__place_in(&l->p->at, first, 0), u = l->net->node[l->p->to].offset + first;
  const int moves = !trace && !l->b->to_output;
  float *const w = l->fused->theta + at;
  float *const rate = l->own->rate, *const sum = l->own->sum;
  const nai__learning_rows rows = {.rows = end - first,
                                   .n = l->p->n_pre,
                                   .ld = l->p->at.stride,
                                   .w = w,
                                   .p = moves ? l->rows->synapse + at : NULL,
                                   .pre = trace ? trace : l->sent,
                                   .next = l->next,
                                   .decay = l->rows->decay + u,
                                   .gain = l->rows->gain + u,
                                   .factor = rate,
                                   .low = l->low,
                                   .high = l->high};
  for (int64_t i = first; i < end; i++) rate[i - first] = (float)l->fused->rate * l->factor[i];
  l->net->kernels->learn_rows(sum, &rows);
  if (l->own->has_gap[l->k]) close_gaps(l, w, rows.ld, first, end, sum);
  for (int64_t i = first; i < end && l->ready; i++) l->ready[i] += sum[i - first];
}

/* Of a matrix, from row i on: rows of which anything is plastic singly, those between them together. */
static void learn_rows_from(const learning *l, int64_t i, const float *trace)
{
  const int32_t *const gap = l->own->gap[l->k];
  while (i < l->p->n_post) {
    int64_t end = l->own->has_any[l->k] ? i : l->p->n_post;
    while (end < l->p->n_post && gap[end] != ANYTHING) end++;
    if (end > i)
      learn_some(l, trace, i, end);
    else
      learn_one(l, end++, trace);
    i = end;
  }
}

static void learn_part(const learning *l)
{
  if (!l->p->plastic || l->p->is_listed) {
    for (int64_t i = 0; i < l->p->n_post; i++) learn_one(l, i, NULL);
  } else if (!l->b->to_output && is_one_trace(l->own, l->net, l->rows, l->k)) {
    learn_one(l, 0, NULL);
    l->own->behind[l->k] = 1;
    learn_rows_from(l, 1, l->rows->synapse + nai__place_in(&l->p->at, 0, 0));
  } else {
    learn_rows_from(l, 0, NULL);
  }
}

void nai__trace_pass_learn(nai__trace_pass *own, nai__online *online, const nai__fused *fused,
                           const nai__trace_rows *rows)
{
  const nai_network *net = online->learner->net;
  learning l = {.net = net, .own = own, .online = online, .fused = fused, .rows = rows};
  if (own->removals != net->removals) find_gaps(own, net);
  memset(fused->ready, 0, (size_t)net->ld_units * sizeof *fused->ready);
  for (int64_t k = 0; k < net->n_projections; k++)
    for (int64_t part = 0; part < net->projection[k].n_parts; part++) {
      look_at(&l, k, part);
      learn_part(&l);
    }
}
