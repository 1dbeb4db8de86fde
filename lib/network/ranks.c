/* What ranks that share a network tell each other, and what they can share. */
#include "ranks.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/error.h"
#include "../base/index.h"
#include "../base/memory.h"
#include "ends.h"
#include "events.h"
#include "move.h"

nai_status nai_network_set_exchange(nai_network *net, nai_exchange *exchange)
{
  NAI__TRY(nai__may_compose(net));
  NAI__REQUIRE(exchange);
  nai__exchange_keep(exchange);
  nai_exchange_destroy(net->exchange);
  net->exchange = exchange;
  return NAI_OK;
}

/* --- what can be shared ----------------------------------------------------------------------- */

static nai_status check_population(const nai__node *node)
{
  const nai__segment alone = {.cells = node->cells};
  if (nai__spikes(node) && nai__cells_part(&alone)) return NAI_OK;
  return nai__fail(
      NAI_ERR_UNSUPPORTED,
      "ranks cannot share '%s' of model '%s': they share populations that spike, of models with "
      "NAI_MODEL_THREADED and without sizes",
      node->name, node->cells ? node->cells->model->ops.name : "rate");
}

/* Why synapses between populations cannot be shared; NULL. */
static const char *hindrance_of(const nai__projection *p)
{
  if (p->plastic) return "is plastic: freeze it";
  if (p->release >= 0) return "has short-term plasticity";
  if (p->signal) return "does not carry spikes";
  if (nai__is_projected(p)) return "has constraints that move weights";
  if (!p->is_listed && !p->is_shared)
    return "is stored as a matrix: leave its storage to the library";
  switch (p->weights) {
  case NAI_WEIGHTS_DEFAULT:
  case NAI_WEIGHTS_STRONG_WEAK:
  case NAI_WEIGHTS_ORTHOGONAL:
  case NAI_WEIGHTS_IDENTITY:
    return "has initial weights that depend on each other: tell how to draw them";
  default: return NULL;
  }
}

static nai_status check_projection(const nai_network *net, const nai__projection *p)
{
  const nai__node *from = &net->node[p->from], *to = &net->node[p->to];
  if (from->kind != NAI_POPULATIONS || to->kind != NAI_POPULATIONS) return NAI_OK;
  const char *why = hindrance_of(p);
  if (!why) return NAI_OK;
  return nai__fail(NAI_ERR_UNSUPPORTED,
                   "ranks cannot share the projection from '%s' to '%s', which %s",
                   nai__source_name(net, p), nai__target_name(net, p), why);
}

nai_status nai__ranks_check(const nai_network *net)
{
  if (!net->exchange) return NAI_OK;
  if (net->radius_names)
    return nai__fail(
        NAI_ERR_UNSUPPORTED,
        "ranks cannot share a network with a spectral radius, which needs all of its weights");
  for (int64_t i = 0; i < net->n_nodes; i++) {
    if (net->node[i].kind != NAI_POPULATIONS) continue;
    NAI__TRY(check_population(&net->node[i]));
    if (net->balance[i] > 0)
      return nai__fail(NAI_ERR_UNSUPPORTED,
                       "ranks cannot share a network with balanced weights onto '%s'",
                       net->node[i].name);
  }
  for (int64_t i = 0; i < net->n_projections; i++)
    NAI__TRY(check_projection(net, &net->projection[i]));
  return NAI_OK;
}

nai_status nai__whole_check(const nai_network *net, const char *what)
{
  if (!nai__is_shared_out(net)) return NAI_OK;
  return nai__fail(
      NAI_ERR_UNSUPPORTED,
      "%s needs all synapses of the network, which %d ranks share: build it without an exchange",
      what, (int)nai__exchange_ranks(net->exchange));
}

/* --- the end of a build ----------------------------------------------------------------------- */

static int64_t least_delay(const nai_network *net)
{
  int64_t least = INT64_MAX;
  for (int64_t k = 0; k < net->n_blocks; k++) {
    const nai__block *b = &net->block[k];
    if (!b->from_input && !b->to_output && b->delay < least) least = b->delay;
  }
  return least;
}

void nai__ranks_plan(nai_network *plan)
{
  plan->least_delay = least_delay(plan);
}

/* What a rank says of the network that it has built. */
typedef struct built {
  int64_t least;  /* delay; 0: the build has failed */
  uint64_t print; /* of what all ranks have to have in common, as far as this tells it cheaply */
} built;

static uint64_t print_of(const nai_network *net, uint64_t seed)
{
  uint64_t dt, print;
  memcpy(&dt, &net->dt, sizeof dt);
  print = nai__hash_pair(seed, dt);
  for (int64_t i = 0; i < net->n_nodes; i++)
    print = nai__hash_pair(
        print, nai__hash_pair(nai__hash_text(net->node[i].name), (uint64_t)net->node[i].n));
  for (int64_t i = 0; i < net->n_projections; i++) {
    const nai__projection *p = &net->projection[i];
    print = nai__hash_pair(print, nai__hash_pair((uint64_t)p->from, (uint64_t)p->to));
    print = nai__hash_pair(print, (uint64_t)p->delay);
  }
  return print;
}

/* What rank k says, beside what this one has to say. */
static nai_status hear_of(nai_network *net, const built *all, int32_t k)
{
  const int32_t ranks = nai__exchange_ranks(net->exchange), me = nai__exchange_rank(net->exchange);
  if (all[k].least == 0)
    return nai__fail(NAI_ERR_ORDER,
                     "the build of the network has failed on rank %d of %d, and so it has here",
                     (int)k, (int)ranks);
  if (all[k].print != all[me].print)
    return nai__fail(NAI_ERR_ORDER,
                     "rank %d of %d builds another network than rank %d, or from another seed: all "
                     "have to compose the same one",
                     (int)k, (int)ranks, (int)me);
  if (all[k].least < net->least_delay) net->least_delay = all[k].least;
  return NAI_OK;
}

nai_status nai__ranks_agree(nai_network *net, uint64_t seed, nai_status status)
{
  if (!nai__is_shared_out(net) || nai__exchange_broken(net->exchange)) return status;
  const int32_t ranks = nai__exchange_ranks(net->exchange), me = nai__exchange_rank(net->exchange);
  built *all = NAI__ARRAY(built, ranks);
  if (!all) return status == NAI_OK ? NAI_ERR_MEMORY : status;
  char message[256];
  snprintf(message, sizeof message, "%s", status == NAI_OK ? "" : nai_last_error());
  all[me] = (built){status == NAI_OK ? least_delay(net) : 0, print_of(net, seed)};
  nai_status heard = nai__exchange_rows(net->exchange, all, sizeof *all);
  net->least_delay = INT64_MAX;
  for (int32_t k = 0; k < ranks && heard == NAI_OK && status == NAI_OK; k++)
    heard = hear_of(net, all, k);
  nai__free(all);
  if (status == NAI_OK) return heard;
  return nai__fail(status, "%s", message);
}

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
                numbers = ranks * (1 + most_in_row(ranks)) + steps * (net->n_units + 1) +
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
  m->row = NAI__ARRAY(int32_t, ranks * (1 + m->most));
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
  return m->row + rank * (1 + m->at_once);
}

/* How many of a rank's numbers went with the row, and how many follow. */
static int64_t told_of(const nai__meeting *m, int32_t rank)
{
  const int64_t n = row_of(m, rank)[0];
  return n < m->at_once ? n : m->at_once;
}
static int64_t rest_of(const nai__meeting *m, int32_t rank)
{
  return row_of(m, rank)[0] - told_of(m, rank);
}

static nai_status gather_rows(const nai__meeting *m, int64_t says, int64_t step)
{
  const int32_t ranks = nai__exchange_ranks(m->exchange);
  int32_t *mine = row_of(m, nai__exchange_rank(m->exchange));
  mine[0] = (int32_t)says;
  if (says > 0)
    memcpy(mine + 1, m->mine, (size_t)(says < m->at_once ? says : m->at_once) * sizeof *mine);
  NAI__TRY(nai__exchange_rows(m->exchange, m->row, (1 + m->at_once) * (int64_t)sizeof *mine));
  for (int32_t k = 0; k < ranks; k++)
    if (row_of(m, k)[0] == NAI__HAS_FAILED)
      return nai__fail(NAI_ERR_ORDER, "rank %d of %d has failed at step %lld: see its own error",
                       (int)k, (int)ranks, (long long)step);
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
    m->next[k] = row_of(m, k) + 1;
    if (rest == 0) continue;
    m->next[k] = heard;
    memcpy(heard, row_of(m, k) + 1, (size_t)told * sizeof *heard);
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
    if (row_of(m, k)[0] > most) most = row_of(m, k)[0];
  return (most + steps - 1) / steps;
}

static nai_status meet(nai__activity *a, int64_t stage, int64_t t, int64_t end)
{
  nai__meeting *m = a->meeting;
  m->at_once = in_row(m->busy, end - t, m->most);
  NAI__TRY(
      gather_rows(m, nai__failure_is(&a->failed) ? NAI__HAS_FAILED : say(a, stage, t, end), t));
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
