/*
 * Wiring, at the build: which synapses exist, which learn, what sign they have. Constraints speak in
 * the order in which they were attached; what holds whatever they wrote is made to hold after them.
 *
 * A dense projection is wired where its flags stay. A listed one is wired some rows at a time, in
 * scratch, from which its synapses are taken.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "ends.h"

/* Flags of a window of rows: so many that all of a constraint's arrays stay in the second-level cache. */
#define WINDOW ((int64_t)1 << 17)

/* --- what a constraint wrote ------------------------------------------------------------------ */

/* A port may have copies, each of all units. */
static void allow_all(const nai__projection *p, const nai_synapses *s)
{
  for (int64_t i = 0; i < s->n_post; i++) {
    uint8_t *exists = s->exists + i * s->stride, *plastic = s->plastic + i * s->stride;
    memset(exists, 1, (size_t)s->n_pre);
    memset(plastic, 1, (size_t)s->n_pre);
    if (p->from == p->to && !p->autapses)
      exists[(s->first_post + i) % s->n_pre] = plastic[(s->first_post + i) % s->n_pre] = 0;
  }
}

static uint64_t eight(const uint8_t *flags)
{
  uint64_t word;
  memcpy(&word, flags, sizeof word);
  return word;
}

/*
 * Whatever a table wrote: 0 or 1, nothing that was absent or fixed before it comes back, nothing
 * absent learns. Most of what lists are made from is absent: eight at once.
 */
static void tidy_row(uint8_t *exists, uint8_t *plastic, const uint8_t *existed,
                     const uint8_t *learned, int64_t n)
{
  for (int64_t j = 0; j < n;) {
    if (n - j >= 8 && (eight(exists + j) == 0 || eight(existed + j) == 0)) {
      memset(exists + j, 0, 8);
      memset(plastic + j, 0, 8);
      j += 8;
      continue;
    }
    for (const int64_t end = n - j < 8 ? n : j + 8; j < end; j++) {
      exists[j] = exists[j] != 0 && existed[j] != 0;
      plastic[j] = plastic[j] != 0 && learned[j] != 0 && exists[j] != 0;
    }
  }
}

/* before: room for both flags of all that is shown. */
static nai_status wire_constraint(const nai_constraint *constraint, nai_synapses *s,
                                  uint8_t *before)
{
  const int64_t n = (s->n_post - 1) * s->stride + s->n_pre;
  memcpy(before, s->exists, (size_t)n);
  memcpy(before + n, s->plastic, (size_t)n);
  nai__clear_error();
  nai_synapses shown = *s; /* of what is written into the struct itself only the sign counts */
  nai_status status = constraint->ops.wire(constraint->user, &shown);
  s->sign = shown.sign;
  for (int64_t i = 0, at = 0; i < s->n_post; i++, at += s->stride)
    tidy_row(s->exists + at, s->plastic + at, before + at, before + n + at, s->n_pre);
  return status == NAI_OK ? NAI_OK : nai__fail_callback(status, "constraint", constraint->name);
}

/* The rows that `s` shows, by all constraints. */
static nai_status wire_rows(const nai_network *net, const nai__projection *p, nai_synapses *s,
                            uint8_t *before)
{
  s->sign = s->population_sign;
  allow_all(p, s);
  for (int64_t c = 0; c < p->n_constraints; c++) {
    s->seed = nai__constraint_seed(net, p, c);
    if (p->constraint[c]->ops.wire) NAI__TRY(wire_constraint(p->constraint[c], s, before));
  }
  return NAI_OK;
}

/* --- signs ------------------------------------------------------------------------------------ */

/* A port of one sign gives it to what is free, and refuses the other. */
static nai_status check_port(const nai_network *net, const nai__projection *p, int32_t *sign)
{
  int32_t port = nai__port_sign(&net->node[p->to], p->port);
  if (port && *sign == -port)
    return nai__fail(NAI_ERR_INVALID, "'%s' is %s, so it cannot drive '%s'",
                     nai__source_name(net, p), *sign > 0 ? "excitatory" : "inhibitory",
                     nai__target_name(net, p));
  if (port) *sign = port;
  return NAI_OK;
}

static nai_status take_sign(const nai_network *net, nai__projection *p, const nai_synapses *s)
{
  int32_t sign = s->sign;
  if (sign < -1 || sign > 1)
    return nai__fail(NAI_ERR_INVALID, "sign from '%s' to '%s' is %d, must be -1, 0 or 1", s->from,
                     s->to, (int)sign);
  NAI__TRY(check_port(net, p, &sign));
  p->sign = sign;
  return NAI_OK;
}

/* --- a matrix --------------------------------------------------------------------------------- */

static nai_status wire_dense(nai_network *net, nai__projection *p)
{
  nai_synapses s = nai__synapses(net, p, NULL, NULL);
  uint8_t *before = NAI__ARRAY(uint8_t, nai__wiring_bytes(net, p));
  if (!before) return NAI_ERR_MEMORY;
  s.weight = NULL;
  s.plastic = net->learns + p->at.start;
  nai_status status = wire_rows(net, p, &s, before);
  nai__free(before);
  NAI__TRY(status);
  NAI__TRY(take_sign(net, p, &s));
  nai__refresh_plastic(net, p);
  return NAI_OK;
}

void nai__forget_wired(nai__block *b)
{
  nai__free(b->wired);
  b->wired = NULL;
}

/* What was wired before there were flags. */
static void take_wired(nai_network *net, const nai__projection *p)
{
  memset(net->exists + p->at.start, 1, (size_t)p->at.columns);
  for (nai__block *b = &net->block[p->block]; b < &net->block[p->block + p->n_parts]; b++) {
    for (int64_t e = 0; e < b->at.columns; e++) net->learns[b->at.start + e] = b->wired[e] & 1;
    if (!nai__multapses(p)) nai__forget_wired(b);
  }
  nai__refresh_plastic(net, p);
}

nai_status nai__wire(nai_network *net)
{
  for (int64_t i = 0; i < net->n_projections; i++) {
    nai__projection *p = &net->projection[i];
    if (p->is_listed)
      take_wired(net, p);
    else
      NAI__TRY(wire_dense(net, p));
  }
  nai__find_plastic(net);
  return NAI_OK;
}

/* --- a list ----------------------------------------------------------------------------------- */

/*
 * Windows of rows are wired one after the other, each from the flags of its pairs to its synapses; where
 * constraints are built-in ones that do not ask for an order, by several threads, each of which has some
 * of `MOST_CHUNKS` parts of all rows.
 */
#define MOST_CHUNKS 64

static int goes_by_rows(const nai__projection *p)
{
  for (int64_t c = 0; c < p->n_constraints; c++) {
    const nai_constraint *constraint = p->constraint[c];
    if (!constraint->ops.wire || constraint->wiring) continue;
    if (!(constraint->ops.flags & NAI_CONSTRAINT_BY_ROWS)) return 0;
  }
  return 1;
}

/* By the functions of users nothing happens in another thread, nor in another order. */
static int goes_in_any_order(const nai__projection *p)
{
  for (int64_t c = 0; c < p->n_constraints; c++) {
    const nai_constraint *constraint = p->constraint[c];
    if (!constraint->ops.wire) continue;
    if (!nai__constraint_is_builtin(constraint)) return 0;
    if (constraint->wiring && constraint->wiring->start) return 0;
  }
  return goes_by_rows(p);
}

static int64_t rows_of_window(const nai__projection *p)
{
  const int64_t rows = WINDOW / p->n_pre;
  return !goes_by_rows(p) || rows > p->n_post ? p->n_post : rows > 0 ? rows : 1;
}

/* Rows of a chunk: whole windows. */
static int64_t rows_of_chunk(const nai_network *net, const nai__projection *p)
{
  const int64_t rows = rows_of_window(p), windows = (p->n_post + rows - 1) / rows;
  if (net->threads == 1 || !goes_in_any_order(p)) return p->n_post;
  return (windows + MOST_CHUNKS - 1) / MOST_CHUNKS * rows;
}

static int64_t scratch_of(const nai__projection *p)
{
  return (nai__multapses(p) ? 5 : 4) * rows_of_window(p) * p->n_pre;
}

/* How often the pairs of a window were drawn after the first time; behind its other flags. */
static uint8_t *repeats_of(const nai__projection *p, uint8_t *scratch)
{
  return nai__multapses(p) ? scratch + 4 * rows_of_window(p) * p->n_pre : NULL;
}

int64_t nai__wiring_bytes(const nai_network *net, const nai__projection *p)
{
  if (!p->is_listed) return nai__is_wired(p) ? 2 * p->at.rows * p->at.stride : 0;
  int64_t bytes = (rows_of_chunk(net, p) < p->n_post ? net->threads : 1) * scratch_of(p);
  for (int64_t c = 0; c < p->n_constraints; c++) {
    const nai_constraint *constraint = p->constraint[c];
    if (constraint->wiring)
      bytes += constraint->wiring->bytes(constraint->user, p->n_post, p->n_pre);
  }
  return bytes;
}

/* Synapses of some rows as they are found; `room` of them have memory. */
typedef struct found {
  int32_t *sender;
  uint8_t *learns;
  int64_t n, room;
  nai_status status;
  char message[256]; /* where it is a failure */
} found;

/* A projection that is being wired. */
typedef struct wiring {
  const nai_network *net;
  const nai__projection *p;
  nai__compressed *list; /* of which `first` is filled, within each chunk from 0 */
  void **own;            /* [n_constraints] of those that have some */
  uint8_t *scratch;      /* [threads][scratch_of()] */
  found *chunk;
  int64_t chunk_rows;
  int32_t sign;
} wiring;

static nai_status check_room(int64_t synapses)
{
  if (synapses <= INT32_MAX) return NAI_OK;
  return nai__fail(NAI_ERR_MEMORY,
                   "a listed projection has more than %lld synapses: connect parts of it",
                   (long long)INT32_MAX);
}

static nai_status make_room(found *f, int64_t more)
{
  if (f->n + more <= f->room) return NAI_OK;
  const int64_t room = f->n + more + f->room / 2;
  NAI__TRY(check_room(room));
  int32_t *sender = nai__grow(f->sender, f->n, room, sizeof *sender);
  if (!sender) return NAI_ERR_MEMORY;
  f->sender = sender;
  uint8_t *learns = nai__grow(f->learns, f->n, room, sizeof *learns);
  if (!learns) return NAI_ERR_MEMORY;
  f->learns = learns;
  f->room = room;
  return NAI_OK;
}

/* more: Nullable */
static nai_status take_row(found *f, const uint8_t *exists, const uint8_t *learns,
                           const uint8_t *more, int64_t n)
{
  NAI__TRY(make_room(f, n));
  for (const uint8_t *at = exists; (at = memchr(at, 1, (size_t)(exists + n - at))); at++) {
    const int64_t j = at - exists;
    f->sender[f->n] = (int32_t)j;
    f->learns[f->n++] = more ? (uint8_t)(learns[j] | more[j] << 1) : learns[j];
  }
  return NAI_OK;
}

/* What is absent does not learn, which a user's function may go by. */
static void clear_absent(nai_synapses *s)
{
  for (int64_t k = 0; k < s->n_post * s->stride; k++)
    if (s->exists[k] == 0) s->plastic[k] = 0;
}

/* The rows that `s` shows, by the first so many constraints. Of what is absent `plastic` may be anything. */
static nai_status wire_window(const wiring *w, nai_synapses *s, int64_t constraints)
{
  const nai__projection *p = w->p;
  s->sign = s->population_sign;
  allow_all(p, s);
  for (int64_t c = 0; c < constraints; c++) {
    const nai_constraint *constraint = p->constraint[c];
    if (!constraint->ops.wire) continue;
    s->seed = nai__constraint_seed(w->net, p, c);
    if (nai__constraint_has_multapses(constraint)) {
      NAI__TRY(constraint->wiring->wire_multapses(w->own[c], s, repeats_of(p, s->exists)));
    } else if (constraint->wiring) {
      NAI__TRY(constraint->wiring->wire(w->own[c], s));
    } else if (nai__constraint_is_builtin(constraint)) {
      NAI__TRY(constraint->ops.wire(constraint->user, s));
    } else {
      clear_absent(s);
      NAI__TRY(wire_constraint(constraint, s, s->exists + 2 * rows_of_window(p) * p->n_pre));
    }
  }
  return NAI_OK;
}

/* As nai__synapses(), of rows that are still to come, in scratch. */
static nai_synapses window_of(const wiring *w, uint8_t *scratch)
{
  const nai__projection *p = w->p;
  const nai__node *pre = &w->net->node[p->from];
  return (nai_synapses){.struct_size = sizeof(nai_synapses),
                        .from = nai__source_name(w->net, p),
                        .to = nai__target_name(w->net, p),
                        .n_post = p->n_post,
                        .n_pre = p->n_pre,
                        .stride = p->n_pre,
                        .exists = scratch,
                        .plastic = scratch ? scratch + rows_of_window(p) * p->n_pre : NULL,
                        .post_position = nai__onto_position(w->net, p),
                        .pre_position = pre->position,
                        .population_sign = nai__signal_sign(pre, p->signal)};
}

/* The window that begins with this row. */
static nai_synapses window_at(const wiring *w, uint8_t *scratch, int64_t first, int64_t end)
{
  const int64_t rows = rows_of_window(w->p);
  nai_synapses s = window_of(w, scratch);
  s.first_post = first;
  if (s.post_position) s.post_position += 3 * first;
  s.n_post = end - first < rows ? end - first : rows;
  return s;
}

/* The first row comes, by the first so many constraints. */
static void start_all(const wiring *w, int64_t constraints)
{
  for (int64_t c = 0; c < constraints; c++)
    if (w->own[c] && w->p->constraint[c]->wiring->start)
      w->p->constraint[c]->wiring->start(w->own[c]);
}

/* All rows, as they are before constraint number c, for those that have to look at them first. */
static nai_status look_before(const wiring *w, int64_t c)
{
  const nai__projection *p = w->p;
  const nai__wiring *by = p->constraint[c]->wiring;
  if (!by || !by->look) return NAI_OK;
  start_all(w, c);
  for (int64_t first = 0; first < p->n_post; first += rows_of_window(p)) {
    nai_synapses s = window_at(w, w->scratch, first, p->n_post);
    NAI__TRY(wire_window(w, &s, c));
    by->look(w->own[c], &s);
  }
  nai_synapses all = window_of(w, NULL);
  all.seed = nai__constraint_seed(w->net, p, c);
  return by->draw(w->own[c], &all);
}

static nai_status begin_all(wiring *w)
{
  const nai__projection *p = w->p;
  const nai_synapses all = window_of(w, NULL);
  w->own = NAI__ARRAY(void *, p->n_constraints + 1);
  if (!w->own) return NAI_ERR_MEMORY;
  for (int64_t c = 0; c < p->n_constraints; c++)
    if (p->constraint[c]->wiring)
      NAI__TRY(p->constraint[c]->wiring->begin(&w->own[c], p->constraint[c]->user, &all));
  for (int64_t c = 0; c < p->n_constraints; c++) NAI__TRY(look_before(w, c));
  start_all(w, p->n_constraints);
  return NAI_OK;
}

/* 1 where this rank has the synapses onto row i. */
static int is_mine(const wiring *w, int64_t i)
{
  const nai__node *to = &w->net->node[w->p->to];
  const nai__portion mine = nai__mine(w->net, to);
  return i % to->n >= mine.first && i % to->n < mine.end;
}

/* Rows of others: they are drawn where those behind them go on from there, but not kept. */
static int may_skip(const wiring *w, int64_t first, int64_t rows)
{
  if (!nai__is_shared_out(w->net) || !goes_in_any_order(w->p)) return 0;
  for (int64_t i = first; i < first + rows; i++)
    if (is_mine(w, i)) return 0;
  return 1;
}

static nai_status wire_chunk(wiring *w, int64_t chunk, uint8_t *scratch)
{
  const int64_t begin = chunk * w->chunk_rows, more = begin + w->chunk_rows,
                end = more < w->p->n_post ? more : w->p->n_post;
  const double expected =
      (double)nai__expected_synapses(w->net, w->p) * (double)(end - begin) / (double)w->p->n_post;
  found *f = &w->chunk[chunk];
  NAI__TRY(make_room(f, (int64_t)(expected + 6 * sqrt(expected)) + w->p->n_pre));
  for (int64_t first = begin, rows; first < end; first += rows) {
    nai_synapses s = window_at(w, scratch, first, end);
    rows = s.n_post;
    const int skips =
        may_skip(w, first, rows) && first + rows < w->p->n_post; /* the last one has the sign */
    if (!skips) NAI__TRY(wire_window(w, &s, w->p->n_constraints));
    const uint8_t *more = repeats_of(w->p, scratch);
    for (int64_t i = 0; i < rows; i++) {
      const int64_t at = i * s.stride;
      if (!skips && is_mine(w, first + i))
        NAI__TRY(take_row(f, s.exists + at, s.plastic + at, more ? more + at : NULL, s.n_pre));
      w->list->first[first + i + 1] = f->n;
    }
    if (end == w->p->n_post) w->sign = s.sign;
  }
  return NAI_OK;
}

/* The first failure is that of the first rows that have one, whichever thread was there first. */
static void wire_task(void *argument, int64_t chunk, int32_t thread)
{
  wiring *w = argument;
  found *f = &w->chunk[chunk];
  f->status = wire_chunk(w, chunk, w->scratch + thread * scratch_of(w->p));
  if (f->status != NAI_OK) snprintf(f->message, sizeof f->message, "%s", nai_last_error());
}

/* What was found, one behind the other. */
static void join_task(void *argument, int64_t chunk, int32_t thread)
{
  (void)thread;
  wiring *w = argument;
  found *f = &w->chunk[chunk];
  nai__block *b = &w->net->block[w->p->block];
  int64_t before = 0;
  for (int64_t c = 0; c < chunk; c++) before += w->chunk[c].n;
  memcpy(w->list->sender + before, f->sender, (size_t)f->n * sizeof *f->sender);
  memcpy(b->wired + before, f->learns, (size_t)f->n);
  const int64_t more = (chunk + 1) * w->chunk_rows, end = more < w->p->n_post ? more : w->p->n_post;
  for (int64_t i = chunk * w->chunk_rows; i < end; i++) w->list->first[i + 1] += before;
}

static nai_status join_chunks(wiring *w, int64_t chunks)
{
  nai__block *b = &w->net->block[w->p->block];
  int64_t synapses = 0;
  for (int64_t c = 0; c < chunks; c++) {
    if (w->chunk[c].status != NAI_OK)
      return nai__fail(w->chunk[c].status, "%s", w->chunk[c].message);
    synapses += w->chunk[c].n;
  }
  NAI__TRY(check_room(synapses));
  w->list->sender = NAI__ARRAY(int32_t, synapses + 1);
  b->wired = NAI__ARRAY(uint8_t, synapses + 1);
  if (!w->list->sender || !b->wired) return NAI_ERR_MEMORY;
  nai__share(w->net, chunks, join_task, w);
  return NAI_OK;
}

static nai_status wire_chunks(wiring *w)
{
  const nai__projection *p = w->p;
  const int64_t chunks = (p->n_post + w->chunk_rows - 1) / w->chunk_rows;
  w->scratch = NAI__ARRAY(uint8_t, (chunks > 1 ? w->net->threads : 1) * scratch_of(p));
  w->chunk = NAI__ARRAY(found, chunks);
  if (!w->scratch || !w->chunk) return NAI_ERR_MEMORY;
  NAI__TRY(begin_all(w));
  nai__share(w->net, chunks, wire_task, w);
  nai_status status = join_chunks(w, chunks);
  for (int64_t c = 0; c < chunks; c++) {
    nai__free(w->chunk[c].sender);
    nai__free(w->chunk[c].learns);
  }
  return status;
}

static nai_status take_listed_sign(const nai_network *net, nai__projection *p, const wiring *w)
{
  nai_synapses s = window_of(w, NULL);
  s.sign = w->sign;
  return take_sign(net, p, &s);
}

static nai_status wire_listed(nai_network *net, nai__projection *p)
{
  nai__block *b = &net->block[p->block];
  b->synapses = nai__compressed_create(p->n_post, p->n_pre);
  if (!b->synapses) return NAI_ERR_MEMORY;
  wiring w = {.net = net, .p = p, .list = b->synapses, .chunk_rows = rows_of_chunk(net, p)};
  nai_status status = wire_chunks(&w);
  for (int64_t c = 0; c < p->n_constraints && w.own; c++)
    if (w.own[c]) p->constraint[c]->wiring->end(w.own[c]);
  nai__free(w.own);
  nai__free(w.scratch);
  nai__free(w.chunk);
  return status == NAI_OK ? take_listed_sign(net, p, &w) : status;
}

nai_status nai__wire_listed(nai_network *net)
{
  for (int64_t i = 0; i < net->n_projections; i++)
    if (net->projection[i].is_listed) NAI__TRY(wire_listed(net, &net->projection[i]));
  return NAI_OK;
}
