/*
 * Releases of a network: found among its projections, given columns, moved after the units that send,
 * and walked back through before them.
 */
#include "releases.h"

#include <assert.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../units/slopes.h"
#include "ends.h"

/* --- which there are -------------------------------------------------------------------------- */

void nai__releases_destroy(nai_network *net)
{
  for (int64_t k = 0; k < net->n_releases; k++) nai__cells_destroy(net->release[k].as_node.cells);
  nai__free(net->release);
  net->release = NULL;
  net->n_releases = 0;
}

/* Those of a node are few: as many as it has objects. */
static int64_t find(const nai_network *net, const nai__projection *p)
{
  int64_t k = net->node[p->from].first_release;
  for (; k >= 0; k = net->release[k].next)
    if (net->release[k].short_term == p->short_term && net->release[k].signal == p->signal)
      return k;
  return -1;
}

static nai_status take_numbers(nai__cells *cells, const nai_short_term *from, int64_t n)
{
  if (!cells) return NAI_ERR_MEMORY;
  for (int k = 0; k < NAI__SHORT_TERM_NUMBERS; k++)
    for (int64_t i = 0; i < n; i++) cells->own[k][i] = from->value[k][from->n == 1 ? 0 : i];
  return NAI_OK;
}

static nai_status add(nai_network *net, const nai__projection *p)
{
  nai__node *node = &net->node[p->from];
  nai__release *made = &net->release[net->n_releases];
  *made = (nai__release){.short_term = p->short_term,
                         .node = p->from,
                         .signal = p->signal,
                         .next = node->first_release,
                         .as_node = {.n = node->n}};
  made->as_node.cells = nai__cells_create(&nai__model_tsodyks_markram, node->n);
  node->first_release = net->n_releases++;
  return take_numbers(made->as_node.cells, p->short_term, node->n);
}

nai_status nai__releases_find(nai_network *net)
{
  int64_t most = 0;
  for (int64_t i = 0; i < net->n_nodes; i++) net->node[i].first_release = -1;
  for (int64_t i = 0; i < net->n_projections; i++) {
    net->projection[i].release = -1;
    most += net->projection[i].short_term != NULL;
  }
  if (!most) return NAI_OK;
  net->release = NAI__ARRAY(nai__release, most);
  if (!net->release) return NAI_ERR_MEMORY;
  for (int64_t i = 0; i < net->n_projections; i++) {
    nai__projection *p = &net->projection[i];
    if (!p->short_term) continue;
    if (find(net, p) < 0) NAI__TRY(add(net, p));
    p->release = find(net, p);
  }
  return NAI_OK;
}

/* --- columns ---------------------------------------------------------------------------------- */

void nai__releases_columns(nai_network *net, const nai__node *node)
{
  for (int64_t k = node->first_release; k >= 0; k = net->release[k].next) {
    nai__release *r = &net->release[k];
    nai__cells *c = r->as_node.cells;
    c->n_ports = c->port_copies[0] = 1;
    c->port[0] = nai__end_column(node, NAI__SOURCE, r->signal);
    c->signal[0] = net->n_columns;
    net->n_columns += node->n;
    for (c->n_states = 0; c->n_states < c->model->ops.n_states; c->n_states++) {
      c->state_copies[c->n_states] = 1;
      c->state[c->n_states] = net->n_state;
      net->n_state += node->n;
    }
    r->segment = (nai__segment){.offset = node->offset,
                                .stage = node->stage,
                                .cells = c,
                                .node = node,
                                .units = {.n = node->n}};
    net->has_cells = 1;
  }
}

nai_status nai__releases_prepare(nai_network *net)
{
  for (int64_t k = 0; k < net->n_releases; k++) {
    NAI__TRY(nai__cells_allocate(&net->release[k].as_node));
    NAI__TRY(nai__cells_prepare(net, &net->release[k].as_node));
  }
  return NAI_OK;
}
