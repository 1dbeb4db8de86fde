/* Ranks tell each other who fired. */
#include "meeting.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../network/ends.h"
#include "events.h"
#include "move.h"

/* --- a meeting -------------------------------------------------------------------------------- */

void nai__meeting_destroy(nai__meeting *meeting)
{
  if (!meeting) return;
  nai__free(meeting->row);
  nai__free(meeting->bytes);
  nai__free(meeting->mine);
  nai__free(meeting->more);
  nai__free(meeting->heard);
  nai__free(meeting->next);
  nai__free(meeting);
}

/* In a row: rows of all ranks together stay small. */
enum { ALL = 65536, MOST = 1000, LEAST = 15 };

static int64_t within(int64_t least, int64_t n, int64_t most)
{
  return n < least ? least : n > most ? most : n;
}

static int64_t most_in_row(int64_t ranks)
{
  return within(LEAST, ALL / ranks, MOST);
}

/* Twice what the busiest rank said of a step, of all steps, as activity comes and goes. */
static int64_t in_row(int64_t busy, int64_t steps, int64_t most)
{
  return within(LEAST, 2 * busy * steps + 16, most);
}

int64_t nai__row_numbers(const nai_network *net, double numbers, int64_t steps)
{
  return in_row((int64_t)ceil(numbers / (double)steps), steps,
                most_in_row(nai__exchange_ranks(net->exchange)));
}

int64_t nai__meeting_bytes(const nai_network *net, int64_t steps)
{
  const int64_t ranks = nai__exchange_ranks(net->exchange),
                numbers = ranks * (NAI__HEAD + most_in_row(ranks)) + steps * (net->n_units + 1) +
                          2 * steps * (net->n_units + ranks);
  if (!nai__is_shared_out(net)) return 0;
  return (int64_t)sizeof(nai__meeting) + numbers * (int64_t)sizeof(int32_t) +
         ranks * (int64_t)(sizeof(int64_t) + sizeof(int32_t *));
}

nai_status nai__meeting_create(nai__meeting **out, const nai_network *net, int64_t steps)
{
  *out = NULL;
  if (!nai__is_shared_out(net)) return NAI_OK;
  nai__meeting *m = *out = NAI__NEW(nai__meeting);
  if (!m) return NAI_ERR_MEMORY;
  const int64_t ranks = nai__exchange_ranks(net->exchange), all = steps * (net->n_units + ranks);
  m->exchange = net->exchange;
  m->most = most_in_row(ranks);
  m->window = steps;
  m->row = NAI__ARRAY(int32_t, ranks * (NAI__HEAD + m->most));
  m->bytes = NAI__ARRAY(int64_t, ranks);
  m->mine = NAI__ARRAY(int32_t, steps * (net->n_units + 1));
  m->more = NAI__ARRAY(int32_t, all);
  m->heard = NAI__ARRAY(int32_t, all);
  m->next = NAI__ARRAY(const int32_t *, ranks);
  return m->row && m->bytes && m->mine && m->more && m->heard && m->next ? NAI_OK : NAI_ERR_MEMORY;
}

/* Who fired of the units of this rank, from each step of a stage; returns how many numbers that takes. */
static int64_t say(const nai__activity *a, int64_t stage, int64_t t, int64_t end)
{
  const nai_network *net = a->net;
  int32_t *next = a->meeting->mine;
  for (; t < end; t++) {
    int32_t *count = next++;
    for (const nai__segment *g = net->segment; g < net->segment + net->n_segments; g++) {
      if (g->stage != stage) continue;
      const nai__portion mine = nai__mine(net, g->node);
      int64_t looked = 0;
      const int64_t fired = net->kernels->find_active(next, mine.end - mine.first,
                                                      nai__rate_at(a, t) + g->offset + mine.first,
                                                      mine.end - mine.first, &looked);
      for (int64_t k = 0; k < fired; k++) next[k] += (int32_t)(g->offset + mine.first);
      next += fired;
    }
    *count = (int32_t)(next - count - 1);
  }
  return next - a->meeting->mine;
}

static void silence_others(const nai_network *net, const nai__segment *g, float *rates)
{
  const nai__portion mine = nai__mine(net, g->node);
  memset(rates + g->offset, 0, (size_t)mine.first * sizeof *rates);
  memset(rates + g->offset + mine.end, 0, (size_t)(g->units.n - mine.end) * sizeof *rates);
}

/* Where it is known who fired, these alone: a rank should have little to do for units of others. */
void nai__ranks_open(nai__activity *a, int64_t stage, int64_t t)
{
  const nai_network *net = a->net;
  float *rates = nai__writable(nai__rate_at(a, t));
  for (const nai__segment *g = net->segment; g < net->segment + net->n_segments; g++) {
    if (g->stage != stage) continue;
    const int64_t fired = *nai__events_count(a, g->node, t);
    const int32_t *unit = nai__events_list(a, g->node, t);
    if (fired == NAI__UNKNOWN) silence_others(net, g, rates);
    for (int64_t k = 0; k < fired; k++) rates[g->offset + unit[k]] = 0;
  }
}

static int32_t *row_of(const nai__meeting *m, int32_t rank)
{
  return m->row + rank * (NAI__HEAD + m->at_once);
}

/* How many of a rank's numbers went with the row, and how many follow. */
static int64_t told_of(const nai__meeting *m, int32_t rank)
{
  const int64_t n = row_of(m, rank)[NAI__SAYS];
  return n < m->at_once ? n : m->at_once;
}
static int64_t rest_of(const nai__meeting *m, int32_t rank)
{
  return row_of(m, rank)[NAI__SAYS] - told_of(m, rank);
}

/* A step that is far on, in a row. */
static int32_t from_of(int64_t t)
{
  return (int32_t)(t & INT32_MAX);
}

/* What a rank's row is about. */
static nai_status check_row(const nai__meeting *m, int32_t rank, int64_t t, int64_t end)
{
  const int32_t ranks = nai__exchange_ranks(m->exchange), *row = row_of(m, rank);
  if (row[NAI__SAYS] == NAI__HAS_FAILED)
    return nai__fail(NAI_ERR_ORDER, "rank %d of %d has failed at step %lld: see its own error",
                     (int)rank, (int)ranks, (long long)t);
  if (row[NAI__FROM] != from_of(t) || row[NAI__STEPS] != end - t)
    return nai__fail(NAI_ERR_ORDER,
                     "rank %d of %d has made %d steps from step %d on, this one %lld from step "
                     "%lld on: all have to "
                     "make the same calls",
                     (int)rank, (int)ranks, (int)row[NAI__STEPS], (int)row[NAI__FROM],
                     (long long)(end - t), (long long)t);
  return NAI_OK;
}

static nai_status gather_rows(const nai__meeting *m, int64_t says, int64_t t, int64_t end)
{
  const int32_t ranks = nai__exchange_ranks(m->exchange);
  int32_t *mine = row_of(m, nai__exchange_rank(m->exchange));
  mine[NAI__SAYS] = (int32_t)says;
  mine[NAI__FROM] = from_of(t);
  mine[NAI__STEPS] = (int32_t)(end - t);
  if (says > 0)
    memcpy(mine + NAI__HEAD, m->mine,
           (size_t)(says < m->at_once ? says : m->at_once) * sizeof *mine);
  NAI__TRY(
      nai__exchange_rows(m->exchange, m->row, (NAI__HEAD + m->at_once) * (int64_t)sizeof *mine));
  for (int32_t k = 0; k < ranks; k++) NAI__TRY(check_row(m, k, t, end));
  return NAI_OK;
}

static nai_status gather_rest(const nai__meeting *m)
{
  const int32_t ranks = nai__exchange_ranks(m->exchange), me = nai__exchange_rank(m->exchange);
  int64_t before = 0, all = 0;
  for (int32_t k = 0; k < ranks; k++) {
    const int64_t rest = rest_of(m, k);
    m->bytes[k] = rest * (int64_t)sizeof *m->more;
    if (k < me) before += rest;
    all += rest;
  }
  if (all == 0) return NAI_OK;
  memcpy(m->more + before, m->mine + told_of(m, me), (size_t)m->bytes[me]);
  return nai__exchange_pieces(m->exchange, m->more, m->bytes);
}

/* Where all that a rank said is read: in its row, or put together. */
static void join(const nai__meeting *m)
{
  const int32_t *more = m->more;
  int32_t *heard = m->heard;
  for (int32_t k = 0; k < nai__exchange_ranks(m->exchange); k++) {
    const int64_t told = told_of(m, k), rest = rest_of(m, k);
    m->next[k] = row_of(m, k) + NAI__HEAD;
    if (rest == 0) continue;
    m->next[k] = heard;
    memcpy(heard, row_of(m, k) + NAI__HEAD, (size_t)told * sizeof *heard);
    memcpy(heard + told, more, (size_t)rest * sizeof *heard);
    heard += told + rest;
    more += rest;
  }
}

/* As many of these columns as are of the segment: they ascend. Returns how many, -1 where that cannot be. */
static int64_t hear_segment(const nai__activity *a, const nai__segment *g, int64_t t,
                            const int32_t *column, int64_t n)
{
  int32_t *unit = nai__events_list(a, g->node, t);
  int64_t *count = nai__events_count(a, g->node, t), k = 0;
  float *rates = nai__writable(nai__rate_at(a, t));
  unit += *count;
  for (; k < n && column[k] < g->offset + g->units.n; k++) {
    if (column[k] < g->offset || *count + k == g->units.n) return -1;
    unit[k] = column[k] - (int32_t)g->offset;
    rates[column[k]] = 1;
    if (a->own) a->own[column[k]] = 1;
  }
  *count += k;
  return k;
}

/*
 * What all ranks said of step t. Each has said its units in ascending order, and has higher ones than the
 * rank before: so these are the lists that events keep, and nobody has to look for who fired.
 */
static nai_status hear(nai__activity *a, int64_t stage, int64_t t)
{
  const nai_network *net = a->net;
  const nai__meeting *m = a->meeting;
  const nai__segment *end = net->segment + net->n_segments;
  for (const nai__segment *g = net->segment; g < end; g++) {
    if (g->stage != stage) continue;
    *nai__events_count(a, g->node, t) = 0;
    if (a->own) silence_others(net, g, a->own);
  }
  for (int32_t k = 0; k < nai__exchange_ranks(m->exchange); k++) {
    int64_t left = *m->next[k]++;
    for (const nai__segment *g = net->segment; g < end && left; g++) {
      if (g->stage != stage) continue;
      const int64_t heard = hear_segment(a, g, t, m->next[k], left);
      if (heard < 0)
        return nai__fail(NAI_ERR_USER,
                         "rank %d says of step %lld what cannot be: its message is another one's",
                         (int)k, (long long)t);
      m->next[k] += heard;
      left -= heard;
    }
    m->next[k] += left;
  }
  return NAI_OK;
}

/* Numbers that the busiest rank says of a step; all ranks have heard the same, and come to the same. */
static int64_t find_busy(const nai__meeting *m, int64_t steps)
{
  int64_t most = 0;
  for (int32_t k = 0; k < nai__exchange_ranks(m->exchange); k++)
    if (row_of(m, k)[NAI__SAYS] > most) most = row_of(m, k)[NAI__SAYS];
  return (most + steps - 1) / steps;
}

static nai_status meet(nai__activity *a, int64_t stage, int64_t t, int64_t end)
{
  nai__meeting *m = a->meeting;
  m->at_once = in_row(m->busy, m->window, m->most);
  NAI__TRY(gather_rows(m, nai__failure_is(&a->failed) ? NAI__HAS_FAILED : say(a, stage, t, end), t,
                       end));
  NAI__TRY(gather_rest(m));
  join(m);
  for (int64_t s = t; s < end; s++) NAI__TRY(hear(a, stage, s));
  m->busy = find_busy(m, end - t);
  return NAI_OK;
}

void nai__ranks_meet(nai__activity *a, int64_t stage, int64_t t, int64_t end)
{
  nai__failure_note(&a->failed, meet(a, stage, t, end));
}

nai_status nai__ranks_gather(const nai__meeting *m, const nai_network *net, float *x, int64_t n)
{
  for (int32_t k = 0; k < nai__exchange_ranks(m->exchange); k++) {
    const nai__portion range = nai__portion_of(net, n, k);
    m->bytes[k] = (range.end - range.first) * (int64_t)sizeof *x;
  }
  return nai__exchange_pieces(m->exchange, x, m->bytes);
}
