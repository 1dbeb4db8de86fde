#include "descent.h"

#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"

/* A population with something onto other ports. */
typedef struct turn {
  const nai__segment *segment;
  int others; /* 1: nothing that its first ports get changes before it */
} turn;

struct nai__descent {
  int64_t n;
  turn turn[]; /* [n] in order */
};

/* Onto a port other than the first. */
static int comes_down(const nai_network *net, const nai__projection *p)
{
  return p->port > 0 && net->node[p->from].kind == NAI_POPULATIONS;
}

static nai_status check(const nai_network *net, const char *who)
{
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    if (net->node[p->from].kind != NAI_POPULATIONS || net->node[p->to].kind != NAI_POPULATIONS)
      continue;
    if (p->release >= 0)
      return nai__fail(NAI_ERR_UNSUPPORTED,
                       "%s: what '%s' sends has short-term plasticity, and cannot be sent again",
                       who, net->node[p->from].name);
    if (p->port == 0 && p->delay > 0)
      return nai__fail(NAI_ERR_UNSUPPORTED,
                       "%s: from '%s' to '%s' has a delay of %lld steps, must have none; where it "
                       "is part of a loop, give what goes down a delay",
                       who, net->node[p->from].name, net->node[p->to].name, (long long)p->delay);
  }
  return NAI_OK;
}

/* 1 when all that send to other ports of a node have their place. */
static int is_next(const nai_network *net, const char *placed, int64_t node)
{
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    if (p->to == node && comes_down(net, p) && !placed[p->from]) return 0;
  }
  return 1;
}

static int gets_some(const nai_network *net, int64_t node)
{
  for (int64_t k = 0; k < net->n_projections; k++)
    if (net->projection[k].to == node && comes_down(net, &net->projection[k])) return 1;
  return 0;
}

/* 1 when no population of those with a turn so far sends to its first ports. */
static int gets_only_others(const nai__descent *descent, const nai_network *net, int64_t node)
{
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    if (p->to != node || p->port > 0) continue;
    if (net->block[p->block].listing.fans) return 0;
    for (int64_t i = 0; i < descent->n; i++)
      if (descent->turn[i].segment->node == &net->node[p->from]) return 0;
  }
  return 1;
}

static const nai__segment *segment_of(const nai_network *net, const nai__node *node)
{
  for (int64_t s = 0; s < net->n_segments; s++)
    if (net->segment[s].cells && net->segment[s].node == node) return &net->segment[s];
  return NULL;
}

/* The next population in the order; -1 where there is none. */
static int64_t find_next(const nai_network *net, const char *placed)
{
  for (int64_t i = 0; i < net->n_nodes; i++)
    if (net->node[i].kind == NAI_POPULATIONS && !placed[i] && is_next(net, placed, i)) return i;
  return -1;
}

static int64_t find_left(const nai_network *net, const char *placed)
{
  for (int64_t i = 0; i < net->n_nodes; i++)
    if (net->node[i].kind == NAI_POPULATIONS && !placed[i]) return i;
  return -1;
}

static nai_status order(nai__descent *descent, const nai_network *net, char *placed,
                        const char *who)
{
  for (int64_t i; (i = find_next(net, placed)) >= 0; placed[i] = 1) {
    const nai__segment *segment = segment_of(net, &net->node[i]);
    if (!segment || !gets_some(net, i)) continue;
    const int others = gets_only_others(descent, net, i);
    descent->turn[descent->n++] = (turn){segment, others};
  }
  int64_t left = find_left(net, placed);
  if (left < 0) return NAI_OK;
  return nai__fail(
      NAI_ERR_UNSUPPORTED,
      "%s: what goes down to '%s' comes from there, too: it must go from layer to layer", who,
      net->node[left].name);
}

nai_status nai__descent_create(nai__descent **out, const nai_network *net, const char *who)
{
  NAI__TRY(check(net, who));
  nai__descent *descent = nai__alloc(1, sizeof **out + (size_t)net->n_segments * sizeof(turn));
  char *placed = NAI__ARRAY(char, net->n_nodes + 1);
  nai_status status = descent && placed ? order(descent, net, placed, who) : NAI_ERR_MEMORY;
  nai__free(placed);
  if (status == NAI_OK)
    *out = descent;
  else
    nai__free(descent);
  return status;
}

void nai__descent_destroy(nai__descent *descent)
{
  nai__free(descent);
}

/* Rates at step t to all steps before that delays reach. */
static void hold(nai__activity *a, int64_t t, int64_t row, int64_t rows)
{
  const nai_network *net = a->net;
  size_t bytes = (size_t)(rows * net->ld_units) * sizeof *a->rate;
  for (int64_t d = 1; d <= net->max_delay; d++)
    memcpy(nai__rate_slot(a, t - d) + row * net->ld_units,
           nai__rate_slot(a, t) + row * net->ld_units, bytes);
}

void nai__descend(const nai__descent *descent, nai__activity *a, int64_t t, int64_t row,
                  int64_t rows, nai__scratch *scratch)
{
  for (int64_t i = 0; i < descent->n; i++)
    nai__advance_again(a, descent->turn[i].segment, descent->turn[i].others, t, row, rows, scratch);
  hold(a, t, row, rows);
}
