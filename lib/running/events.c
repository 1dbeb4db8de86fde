/* Who fired at which step, found where it is asked for first. */
#include "events.h"

#include "../base/error.h"
#include "../base/memory.h"

static int has_fans(const nai_network *net)
{
  for (int64_t i = 0; i < net->n_blocks; i++)
    if (net->block[i].listing.fans) return 1;
  return 0;
}

int64_t nai__events_bytes(const nai_network *net, int64_t slots)
{
  return slots *
         (net->n_units * (int64_t)sizeof(int32_t) + net->n_nodes * (int64_t)sizeof(int64_t));
}

nai_status nai__events_create(nai__events **out, const nai__activity *a)
{
  *out = NULL;
  if (!has_fans(a->net) && !nai__is_shared_out(a->net)) return NAI_OK;
  nai__events *e = NAI__NEW(nai__events);
  if (!e) return NAI_ERR_MEMORY;
  e->slots = a->rate_slots;
  e->units = a->net->n_units;
  e->nodes = a->net->n_nodes;
  e->sender = NAI__ARRAY(int32_t, e->slots * e->units);
  e->count = NAI__ARRAY(int64_t, e->slots * e->nodes);
  if (!e->sender || !e->count) {
    nai__events_destroy(e);
    return NAI_ERR_MEMORY;
  }
  nai__events_forget_all(e);
  *out = e;
  return NAI_OK;
}

void nai__events_destroy(nai__events *events)
{
  if (!events) return;
  nai__free(events->sender);
  nai__free(events->count);
  nai__free(events);
}

int64_t nai__events_of(const int32_t **out, const nai__activity *a, const nai__node *node,
                       int64_t t)
{
  int64_t *count = nai__events_count(a, node, t), looked = 0;
  int32_t *sender = nai__events_list(a, node, t);
  if (*count == NAI__UNKNOWN)
    *count = a->net->kernels->find_active(sender, node->n, nai__rate_at(a, t) + node->offset,
                                          node->n, &looked);
  *out = sender;
  return *count;
}

void nai__events_find(const nai__activity *a, int64_t first, int64_t last)
{
  const nai_network *net = a->net;
  const int32_t *sender;
  if (first <= a->events->known) first = a->events->known + 1;
  for (int64_t t = first; t <= last; t++)
    for (int64_t i = 0; i < net->n_nodes; i++)
      if (net->node[i].has_way) nai__events_of(&sender, a, &net->node[i], t);
  if (last > a->events->known) a->events->known = last;
}

void nai__events_forget_all(nai__events *events)
{
  for (int64_t slot = 0; events && slot < events->slots; slot++)
    nai__events_forget(events, slot, INT64_MIN + 1); /* before all times */
}
