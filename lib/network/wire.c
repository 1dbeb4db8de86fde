/*
 * Wiring, at the build: which synapses exist, which learn, what sign they have. Constraints speak in
 * the order in which they were attached; what holds whatever they wrote is made to hold after them.
 *
 * A dense projection is wired where its flags stay. A listed one is wired some rows at a time, in
 * scratch, from which its synapses are taken.
 */
#include <math.h>
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
  uint8_t *before = NAI__ARRAY(uint8_t, nai__wiring_bytes(p));
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

/* What was wired before there were flags. */
static void take_wired(nai_network *net, const nai__projection *p)
{
  memset(net->exists + p->at.start, 1, (size_t)p->at.columns);
  for (nai__block *b = &net->block[p->block]; b < &net->block[p->block + p->n_parts]; b++) {
    memcpy(net->learns + b->at.start, b->wired, (size_t)b->at.columns);
    nai__free(b->wired);
    b->wired = NULL;
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

static int goes_by_rows(const nai__projection *p)
{
  for (int64_t c = 0; c < p->n_constraints; c++)
    if (p->constraint[c]->ops.wire && !(p->constraint[c]->ops.flags & NAI_CONSTRAINT_BY_ROWS))
      return 0;
  return 1;
}

static int64_t rows_of_window(const nai__projection *p)
{
  const int64_t rows = WINDOW / p->n_pre;
  return !goes_by_rows(p) || rows > p->n_post ? p->n_post : rows > 0 ? rows : 1;
}

int64_t nai__wiring_bytes(const nai__projection *p)
{
  if (p->is_listed) return 4 * rows_of_window(p) * p->n_pre;
  return nai__is_wired(p) ? 2 * p->at.rows * p->at.stride : 0;
}

/* Synapses as they are found; `room` of them have memory. */
typedef struct found {
  nai__compressed *list;
  uint8_t *learns;
  int64_t n, room;
} found;

static nai_status make_room(found *f, int64_t more)
{
  if (f->n + more <= f->room) return NAI_OK;
  const int64_t room = f->n + more + f->room / 2;
  if (room > INT32_MAX)
    return nai__fail(NAI_ERR_MEMORY,
                     "a listed projection has more than %lld synapses: connect parts of it",
                     (long long)INT32_MAX);
  int32_t *sender = nai__grow(f->list->sender, f->n, room, sizeof *sender);
  if (!sender) return NAI_ERR_MEMORY;
  f->list->sender = sender;
  uint8_t *learns = nai__grow(f->learns, f->n, room, sizeof *learns);
  if (!learns) return NAI_ERR_MEMORY;
  f->learns = learns;
  f->room = room;
  return NAI_OK;
}

static nai_status take_row(found *f, const uint8_t *exists, const uint8_t *learns, int64_t n)
{
  NAI__TRY(make_room(f, n));
  for (const uint8_t *at = exists; (at = memchr(at, 1, (size_t)(exists + n - at))); at++) {
    const int64_t j = at - exists;
    f->list->sender[f->n] = (int32_t)j;
    f->learns[f->n++] = learns[j];
  }
  return NAI_OK;
}

static nai_status wire_windows(const nai_network *net, const nai__projection *p, found *f,
                               nai_synapses *s, uint8_t *before)
{
  const int64_t rows = s->n_post;
  const float *position = s->post_position;
  for (int64_t first = 0; first < p->n_post; first += rows) {
    s->first_post = first;
    if (position) s->post_position = position + 3 * first;
    s->n_post = p->n_post - first < rows ? p->n_post - first : rows;
    NAI__TRY(wire_rows(net, p, s, before));
    for (int64_t i = 0; i < s->n_post; i++) {
      NAI__TRY(take_row(f, s->exists + i * s->stride, s->plastic + i * s->stride, s->n_pre));
      f->list->first[first + i + 1] = f->n;
    }
  }
  return NAI_OK;
}

/* As nai__synapses(), of the first rows, in scratch. */
static nai_synapses window_of(const nai_network *net, const nai__projection *p, uint8_t *scratch)
{
  const nai__node *pre = &net->node[p->from];
  const int64_t rows = rows_of_window(p);
  return (nai_synapses){.struct_size = sizeof(nai_synapses),
                        .from = nai__source_name(net, p),
                        .to = nai__target_name(net, p),
                        .n_post = rows,
                        .n_pre = p->n_pre,
                        .stride = p->n_pre,
                        .exists = scratch,
                        .plastic = scratch + rows * p->n_pre,
                        .post_position = nai__onto_position(net, p),
                        .pre_position = pre->position,
                        .population_sign = pre->sign};
}

static nai_status list_projection(nai_network *net, nai__projection *p, found *f)
{
  uint8_t *scratch = NAI__ARRAY(uint8_t, nai__wiring_bytes(p));
  if (!scratch) return NAI_ERR_MEMORY;
  const double expected = (double)nai__expected_synapses(net, p);
  nai_status status = make_room(f, (int64_t)(expected + 6 * sqrt(expected)) + p->n_pre);
  nai_synapses s = window_of(net, p, scratch);
  if (status == NAI_OK) status = wire_windows(net, p, f, &s, scratch + 2 * s.n_post * s.stride);
  nai__free(scratch);
  return status == NAI_OK ? take_sign(net, p, &s) : status;
}

static nai_status wire_listed(nai_network *net, nai__projection *p)
{
  nai__block *b = &net->block[p->block];
  b->synapses = nai__compressed_create(p->n_post, p->n_pre);
  if (!b->synapses) return NAI_ERR_MEMORY;
  found f = {.list = b->synapses};
  nai_status status = list_projection(net, p, &f);
  b->wired = f.learns;
  return status;
}

nai_status nai__wire_listed(nai_network *net)
{
  for (int64_t i = 0; i < net->n_projections; i++)
    if (net->projection[i].is_listed) NAI__TRY(wire_listed(net, &net->projection[i]));
  return NAI_OK;
}
