/*
 * What a network would take on so many ranks, before it is built. The rank that has the most is planned as
 * a build would lay it out; nothing is drawn.
 */
#include <math.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/structs.h"
#include "../kernels/fans.h"
#include "meeting.h"
#include "parts.h"
#include "state.h"

/* --- one rank of them -------------------------------------------------------------------------- */

/* Nobody is there. */
static nai_status no_swap(void *user, int64_t partner, const void *give, int64_t n_give, void *take,
                          int64_t n_take)
{
  (void)user, (void)partner, (void)give, (void)n_give, (void)take, (void)n_take;
  return NAI_ERR_USER;
}
static nai_status no_gather(void *user, const int64_t *first, const int64_t *bytes, void *all)
{
  (void)user, (void)all, (void)first, (void)bytes;
  return NAI_ERR_USER;
}

/* One rank that nobody has shared the network with is no rank. */
static nai_status make_rank(nai_network *plan, int32_t rank, int32_t ranks)
{
  if (ranks == 1 && !plan->exchange) return NAI_OK;
  const nai_exchange_ops ops = {.struct_size = sizeof ops,
                                .rank = rank,
                                .ranks = ranks,
                                .swap = no_swap,
                                .gather = no_gather};
  nai_exchange *exchange;
  NAI__TRY(nai_exchange_create(&exchange, &ops, NULL));
  nai_exchange_destroy(plan->exchange);
  plan->exchange = exchange;
  return NAI_OK;
}

static nai_status lay_out(nai_network *plan, int32_t rank, int32_t ranks)
{
  NAI__TRY(make_rank(plan, rank, ranks));
  NAI__TRY(nai__shared_check(plan));
  NAI__TRY(nai__place(plan));
  NAI__TRY(nai__layout_plan(plan));
  NAI__TRY(nai__ranks_check(plan));
  nai__numbers_find_noise(plan);
  return NAI_OK;
}

static nai_status plan_rank(nai_network **out, const nai_network *net, int32_t rank, int32_t ranks)
{
  NAI__TRY(nai__plan_create(out, net));
  const nai_status status = lay_out(*out, rank, ranks);
  if (status == NAI_OK) return NAI_OK;
  nai__plan_destroy(*out);
  *out = NULL;
  return status;
}

/* --- which one --------------------------------------------------------------------------------- */

/* Synapses onto each node [n_nodes], on all ranks; returns those of the network. */
static int64_t count_onto(double *onto, nai_network *plan)
{
  nai_exchange *exchange = plan->exchange;
  int64_t all = 0;
  plan->exchange = NULL;
  for (int64_t i = 0; i < plan->n_projections; i++) {
    const int64_t synapses = nai__expected_synapses(plan, &plan->projection[i]);
    onto[plan->projection[i].to] += (double)synapses;
    all += synapses;
  }
  plan->exchange = exchange;
  return all;
}

static double load_of(const nai_network *plan, const double *onto, int32_t rank)
{
  double load = 0;
  for (int64_t i = 0; i < plan->n_nodes; i++) {
    const nai__node *node = &plan->node[i];
    if (node->kind != NAI_POPULATIONS) continue;
    const nai__portion part = nai__portion_of(plan, node->n, rank);
    load += (1 + onto[i] / (double)node->n) * (double)(part.end - part.first);
  }
  return load;
}

/* Portions are whole sixteens, so some have more than others; of equal ones the last, which has the rests. */
static int32_t busiest(const nai_network *plan, const double *onto, int32_t ranks)
{
  int32_t best = ranks - 1;
  double most = load_of(plan, onto, best);
  for (int32_t rank = 0; rank < ranks - 1; rank++) {
    const double load = load_of(plan, onto, rank);
    if (load <= most) continue;
    most = load;
    best = rank;
  }
  return best;
}

/* The plan of the rank that has most, and the synapses of all. */
static nai_status plan_busiest(nai_network **out, int64_t *synapses, const nai_network *net,
                               int32_t ranks)
{
  NAI__TRY(plan_rank(out, net, ranks - 1, ranks));
  double *onto = NAI__ARRAY(double, (*out)->n_nodes);
  nai_status status = onto ? NAI_OK : NAI_ERR_MEMORY;
  int32_t rank = ranks - 1;
  if (onto) *synapses = count_onto(onto, *out);
  if (onto && ranks > 1) rank = busiest(*out, onto, ranks);
  nai__free(onto);
  if (status == NAI_OK && rank == ranks - 1) return NAI_OK;
  nai__plan_destroy(*out);
  *out = NULL;
  return status == NAI_OK ? plan_rank(out, net, rank, ranks) : status;
}

/* --- what it says ------------------------------------------------------------------------------ */

/* The shortest delays that there may be, and the longest that there will be. */
static void stretch(nai_network *plan)
{
  const double ranks = nai__exchange_ranks(plan->exchange);
  for (int64_t i = 0; i < plan->n_projections; i++) {
    const nai__projection *p = &plan->projection[i];
    if (!p->spread) continue;
    const int64_t longest =
        nai__longest_of(plan, p, ranks * (double)plan->block[p->block].at.columns);
    plan->block[p->block].delay = nai__short_delay(plan, p);
    if (longest > plan->max_delay) plan->max_delay = longest;
  }
}

/* Rates of populations, Hz: one for all of them, or one for each. */
typedef struct rates {
  const double *hz;
  int64_t n;
} rates;

/* How often a unit of a node fires; at most once in a step. */
static double rate_of(const nai_network *plan, const rates *r, int64_t node)
{
  int64_t k = 0;
  for (int64_t i = 0; i < node && r->n > 1; i++) k += plan->node[i].kind == NAI_POPULATIONS;
  return fmin(r->hz[k], 1e3 / plan->dt);
}

static void say_units(nai_estimate *e, const nai_network *plan, const rates *r)
{
  for (int64_t i = 0; i < plan->n_nodes; i++) {
    const nai__portion mine = nai__mine(plan, &plan->node[i]);
    if (plan->node[i].kind != NAI_POPULATIONS) continue;
    e->units += plan->node[i].n;
    e->rank_units += mine.end - mine.first;
    e->spikes += rate_of(plan, r, i) * (double)plan->node[i].n;
    e->rank_spikes += rate_of(plan, r, i) * (double)(mine.end - mine.first);
  }
}

/* Spikes of a projection that goes by sender: lists that are looked into, one for each delay. */
static void say_spikes_of(nai_estimate *e, const nai_network *plan, const nai__projection *p,
                          double hz)
{
  const nai__block *b = &plan->block[p->block];
  if (!b->spikes) return;
  const nai__portion mine = nai__mine(plan, &plan->node[p->to]);
  const int64_t n = mine.end - mine.first, synapses = b->at.columns / b->expected;
  const double spikes = hz * (double)b->n_pre,
               lists = (double)b->expected * (double)nai__fan_slices(n);
  e->lists += lists;
  e->fans += spikes * lists;
  if (nai__fans_want_bits(b->n_pre, n, synapses, b->one))
    e->bits += spikes * (double)b->expected * (double)n;
  else
    e->events += hz * (double)b->at.columns;
}

/*
 * A number for each step and one for each spike: as many as a row has room for go with it, and a row has room for
 * twice what the busiest rank said last.
 */
static void say_exchange(nai_estimate *e, const nai_network *plan)
{
  if (!nai__is_shared_out(plan)) return;
  const double size = sizeof(int32_t), stages = (double)plan->n_stages;
  e->exchange_steps = nai__parts_window(plan);
  e->exchanges = plan->n_stages;
  const double steps = (double)e->exchange_steps,
               numbers = steps * (1 + e->rank_spikes * 1e-3 * plan->dt / stages),
               all = steps * (1 + (double)e->rank_units / stages);
  const int64_t row = nai__row_numbers(plan, numbers, e->exchange_steps),
                full = nai__row_numbers(plan, all, e->exchange_steps);
  e->row_bytes = (int64_t)size * (NAI__HEAD + row);
  e->exchange_bytes = stages * size * (NAI__HEAD + (double)row + fmax(0, numbers - (double)row));
  e->most_bytes =
      (int64_t)(stages * size * (NAI__HEAD + (double)full + fmax(0, all - (double)full)));
}

static void say(nai_estimate *e, nai_network *plan, const rates *r)
{
  say_units(e, plan, r);
  for (int64_t i = 0; i < plan->n_projections; i++) {
    const nai__projection *p = &plan->projection[i];
    e->rank_synapses += nai__expected_synapses(plan, p);
    if (nai__spikes(&plan->node[p->from])) say_spikes_of(e, plan, p, rate_of(plan, r, p->from));
  }
  stretch(plan);
  nai__ranks_plan(plan);
  say_exchange(e, plan);
  e->state_bytes = nai__state_bytes(plan);
  nai__widen(plan);
  e->bytes = nai__layout_bytes(plan) + nai__lists_most(plan);
  e->build_bytes = nai__layout_bytes(plan) + nai__draw_bytes(plan);
}

static nai_status check_rates(const nai_network *net, const rates *r)
{
  int64_t populations = 0;
  for (int64_t i = 0; i < net->n_nodes; i++) populations += net->node[i].kind == NAI_POPULATIONS;
  if (r->n != 1 && r->n != populations)
    return nai__fail(NAI_ERR_INVALID, "n is %lld, must be 1 or the number of populations, %lld",
                     (long long)r->n, (long long)populations);
  for (int64_t k = 0; k < r->n; k++)
    if (!(r->hz[k] >= 0 && r->hz[k] <= 1e6))
      return nai__fail(NAI_ERR_INVALID, "hz[%lld] is %g, must be 0 to 1e6", (long long)k, r->hz[k]);
  return NAI_OK;
}

static nai_status estimate(nai_estimate *e, const nai_network *net, int64_t ranks, const rates *r)
{
  NAI__TRY(nai__may_set(net));
  if (ranks < 1 || ranks > NAI__MOST_RANKS)
    return nai__fail(NAI_ERR_INVALID, "ranks is %lld, must be 1 to %d", (long long)ranks,
                     NAI__MOST_RANKS);
  if (!r->hz) return nai__fail(NAI_ERR_INVALID, "hz is NULL");
  NAI__TRY(check_rates(net, r));
  nai_network *plan;
  NAI__TRY(plan_busiest(&plan, &e->synapses, net, (int32_t)ranks));
  say(e, plan, r);
  nai__plan_destroy(plan);
  return NAI_OK;
}

nai_status nai_network_estimate(nai_estimate *out, const nai_network *net, int64_t ranks,
                                const double *hz, int64_t n)
{
  NAI__TRY(nai__struct_check(out, NAI__FIRST_SIZE(nai_estimate, bits), "out"));
  nai_estimate e = {.ranks = ranks};
  NAI__TRY(estimate(&e, net, ranks, &(rates){hz, n}));
  nai__struct_give(out, &e, sizeof e);
  return NAI_OK;
}
