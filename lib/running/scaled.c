/* Products of blocks of which some synapses are scaled. */
#include "scaled.h"

#include <string.h>

/* --- which acts ------------------------------------------------------------------------------- */

static float strength(const nai__act *act, int64_t block, int64_t step, int64_t trial)
{
  if (!nai__act_scales_synapses(act) || act->block != block) return 0;
  return nai__act_strength(act, trial, step);
}

int nai__scaled_now(const nai__schedule *schedule, int64_t block, int64_t step, int64_t trial)
{
  for (int64_t k = 0; schedule && k < schedule->n; k++)
    if (strength(&schedule->act[k], block, step, trial) != 0) return 1;
  return 0;
}

static float strength_now(const nai__scaled *s, const nai__act *act)
{
  return strength(act, s->block, s->step, s->trial);
}

static const nai__block *block_of(const nai__scaled *s)
{
  return &s->net->block[s->block];
}

static const nai__projection *projection_of(const nai__scaled *s, const nai__act *act)
{
  return &s->net->projection[act->projection];
}

/* All acts of the schedule that go on in this block. */
#define EACH_ACT(s, act, much)                                                                \
  for (const nai__act *act = (s)->schedule->act; act < (s)->schedule->act + (s)->schedule->n; \
       act++)                                                                                 \
    for (float much = strength_now(s, act); much != 0; much = 0)

static int is_chosen(const nai__act *act, int64_t place)
{
  return (int)(act->chosen[place / 64] >> place % 64 & 1);
}

/* --- dense: rows of theta --------------------------------------------------------------------- */

/* Rows of the block that an act is on. */
static int64_t first_row(const nai__scaled *s, const nai__act *act)
{
  return projection_of(s, act)->post - block_of(s)->post;
}

static int64_t end_row(const nai__scaled *s, const nai__act *act)
{
  return first_row(s, act) + projection_of(s, act)->n_post;
}

static int64_t first_column(const nai__scaled *s, const nai__act *act)
{
  return projection_of(s, act)->pre - block_of(s)->pre;
}

static int is_on_row(const nai__scaled *s, const nai__act *act, int64_t row)
{
  return row >= first_row(s, act) && row < end_row(s, act);
}

/* The row after `row` at which acts begin or end, so that the same ones are on all before it. */
static int64_t run_end(const nai__scaled *s, int64_t row)
{
  int64_t end = block_of(s)->n_post;
  EACH_ACT(s, act, much)
  {
    if (first_row(s, act) > row && first_row(s, act) < end) end = first_row(s, act);
    if (end_row(s, act) > row && end_row(s, act) < end) end = end_row(s, act);
  }
  return end;
}

static void weigh_senders(float *sent, const nai__act *act, float much)
{
  for (int64_t j = 0; j < act->n; j++) sent[j] *= nai__act_factor(act->value[j], much);
}

/* What acts on all synapses of their senders leave of what these send to such a row. */
static const float *sent_to(const nai__scaled *s, int64_t row, const float *sent)
{
  float *out = s->row;
  memcpy(out, sent, (size_t)block_of(s)->n_pre * sizeof *out);
  EACH_ACT(s, act, much)
  if (!act->chosen && is_on_row(s, act, row)) weigh_senders(out + first_column(s, act), act, much);
  return out;
}

/* 64 bits from `first` on; there is a word behind the last one. */
static uint64_t word_from(const uint64_t *bits, int64_t first)
{
  const int64_t shift = first % 64;
  const uint64_t *word = bits + first / 64;
  return shift ? word[0] >> shift | word[1] << (64 - shift) : word[0];
}

/* Of n weights, those that were chosen, whose bits begin with `first`. */
static void weigh_chosen(float *w, const nai__act *act, float much, int64_t first)
{
  for (int64_t j = 0; j < act->n; j += 64) {
    uint64_t word = word_from(act->chosen, first + j);
    if (act->n - j < 64) word &= (UINT64_C(1) << (act->n - j)) - 1;
    for (; word; word &= word - 1) {
      const int64_t k = j + __builtin_ctzll(word);
      w[k] *= nai__act_factor(act->value[k], much);
    }
  }
}

/* The weights onto a row, those that were chosen scaled. */
static const float *weights_onto(const nai__scaled *s, int64_t row, const float *w)
{
  const nai__block *b = block_of(s);
  float *out = s->row + b->n_pre;
  int any = 0;
  EACH_ACT(s, act, much)
  {
    if (!act->chosen || !is_on_row(s, act, row)) continue;
    if (!any++) memcpy(out, w, (size_t)b->n_pre * sizeof *out);
    weigh_chosen(out + first_column(s, act), act, much, (row - first_row(s, act)) * act->n);
  }
  return any ? out : w;
}

static int is_scaled_row(const nai__scaled *s, int64_t row)
{
  int any = 0;
  EACH_ACT(s, act, much) any |= is_on_row(s, act, row);
  return any;
}

static void renew_rows(const nai__scaled *s, float *c, const float *sent)
{
  const nai__block *b = block_of(s);
  for (int64_t row = 0, end; row < b->n_post; row = end) {
    end = run_end(s, row);
    if (!is_scaled_row(s, row)) continue;
    const float *arrives = sent_to(s, row, sent);
    for (int64_t i = row; i < end; i++) {
      const float *w = s->net->theta + b->at.start + i * b->at.stride;
      c[i] = s->before[i] + s->net->kernels->row_dot(weights_onto(s, i, w), arrives, b->n_pre);
    }
  }
}

/* --- lists: of one projection ------------------------------------------------------------------ */

/* Of acts on all synapses of their senders: what is left of what is sent. */
static const float *sent_along(const nai__scaled *s, const float *sent)
{
  memcpy(s->row, sent, (size_t)block_of(s)->n_pre * sizeof *sent);
  EACH_ACT(s, act, much) if (!act->chosen) weigh_senders(s->row, act, much);
  return s->row;
}

/* Of a synapse: most often there is one act, whose strength is known. */
static float factor_of(const nai__scaled *s, int64_t place, int64_t sender)
{
  float factor = 1;
  if (s->one) return is_chosen(s->one, place) ? nai__act_factor(s->one->value[sender], s->much) : 1;
  EACH_ACT(s, act, much)
  if (act->chosen && is_chosen(act, place)) factor *= nai__act_factor(act->value[sender], much);
  return factor;
}

/* Whether factors are those of single synapses. */
static int find_chosen(nai__scaled *s)
{
  int n = 0, any = 0;
  EACH_ACT(s, act, much)
  {
    any |= act->chosen != NULL;
    s->one = n++ == 0 && act->chosen ? act : NULL;
    s->much = much;
  }
  return any;
}

static void add_list(nai__scaled *s, float *c, const float *sent)
{
  const nai__block *b = block_of(s);
  const nai__compressed *list = b->synapses;
  const float *w = s->net->theta + b->at.start, *arrives = sent_along(s, sent);
  const int some = find_chosen(s);
  for (int64_t i = 0; i < list->n; i++)
    for (int64_t e = list->first[i]; e < list->first[i + 1]; e++) {
      const int32_t j = list->sender[e];
      c[i] += w[e] * (some ? factor_of(s, e, j) : 1) * arrives[j];
    }
}

/* --- by sender: only who fired ----------------------------------------------------------------- */

typedef struct fired {
  const nai__scaled *s;
  float *c;
  const float *sent;
  const int32_t *sender;
  int64_t n;
} fired;

static void add_slice(void *argument, int64_t slice, int32_t thread)
{
  const fired *f = argument;
  (void)thread;
  nai__fans_add(f->s->net->kernels, f->c, f->sent, block_of(f->s)->listing.fans, slice, slice + 1,
                f->sender, f->n);
}

static void add_slice_of_chosen(void *argument, int64_t slice, int32_t thread)
{
  const fired *f = argument;
  const nai__fans *fans = block_of(f->s)->listing.fans;
  float *c = f->c + slice * fans->slice;
  (void)thread;
  for (int64_t k = 0; k < f->n; k++) {
    const int64_t j = f->sender[k];
    const uint32_t *first = fans->first + j * fans->slices + slice;
    for (int64_t e = first[0]; e < first[1]; e++)
      c[fans->receiver[e]] +=
          (fans->weight ? fans->weight[e] : fans->one) * factor_of(f->s, e, j) * f->sent[j];
  }
}

static void add_fans(nai__scaled *s, float *c, const float *sent)
{
  const nai__block *b = block_of(s);
  int64_t looked = 0;
  fired f = {s, c, sent_along(s, sent), s->index, 0};
  f.n = s->net->kernels->find_active(s->index, b->n_pre, f.sent, b->n_pre, &looked);
  void (*add)(void *, int64_t, int32_t) = find_chosen(s) ? add_slice_of_chosen : add_slice;
  if (s->pool)
    nai__pool_run(s->pool, b->listing.fans->slices, add, &f);
  else
    for (int64_t slice = 0; slice < b->listing.fans->slices; slice++) add(&f, slice, 0);
}

/* --- shared weights ----------------------------------------------------------------------------- */

/* Sums of what is sent, unless some of the synapses of a projection are meant: then its rows. */
static void add_shared(const nai__scaled *s, float *c, const float *sent)
{
  const nai__block *b = block_of(s);
  for (const nai__projection *p = nai__projection_number(s->net, b->first_shared); p;
       p = nai__projection_number(s->net, p->next_shared)) {
    const int64_t post = p->post - b->post, pre = p->pre - b->pre;
    int some = 0;
    const float *arrives = sent;
    EACH_ACT(s, act, much)
    {
      if (projection_of(s, act) != p) continue;
      some |= act->chosen != NULL;
      arrives = s->row;
    }
    if (arrives != sent) sent_to(s, post, sent);
    if (!some) nai__shared_add(s->net, b, p, c, arrives);
    for (int64_t i = post; i < post + p->n_post && some; i++) {
      const float *w = s->net->theta + nai__place_in(&p->at, i - post, 0) - pre;
      c[i] += s->net->kernels->row_dot(weights_onto(s, i, w) + pre, arrives + pre, p->n_pre);
    }
  }
}

void nai__scaled_product(nai__scaled *s, float *c, const float *sent)
{
  const nai__block *b = block_of(s);
  if (nai__scales_rows(b))
    renew_rows(s, c, sent);
  else if (b->is_shared)
    add_shared(s, c, sent);
  else if (b->listing.fans)
    add_fans(s, c, sent);
  else
    add_list(s, c, sent);
}
