/*
 * A network that is the same as another, in memory of its own; and one to plan with, whose numbers and
 * positions are the other's.
 */
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "network.h"
#include "releases.h"

/* A copy of n elements, or NULL where there is nothing to copy. */
static nai_status copy_array(void *out, const void *array, int64_t n, size_t size)
{
  void *copy = NULL;
  if (array) {
    copy = nai__alloc(n, size);
    if (!copy) return NAI_ERR_MEMORY;
    memcpy(copy, array, (size_t)n * size);
  }
  memcpy(out, &copy, sizeof copy);
  return NAI_OK;
}

/* What is the other's stays where it is. */
static nai_status lend_cells(nai__node *node, const nai__node *from)
{
  node->cells = NULL;
  if (!from->cells) return NAI_OK;
  node->cells = NAI__NEW(nai__cells);
  if (!node->cells) return NAI_ERR_MEMORY;
  *node->cells = *from->cells;
  nai__model_keep(from->cells->model);
  return NAI_OK;
}

/* A plan has places of its own where the build draws them. */
static int is_drawn(const nai__node *node)
{
  return node->placement != NAI__NOWHERE && node->placement != NAI__GIVEN;
}

static nai_status copy_node(nai_network *net, const nai__node *from, int lent)
{
  NAI__TRY(nai__index_add(&net->names, nai__hash_text(from->name), net->n_nodes));
  nai__node *node = &net->node[net->n_nodes++]; /* what fails is destroyed with the rest */
  *node = *from;
  if (lent) {
    node->port_position = NULL;
    if (is_drawn(node)) node->position = NULL;
    return lend_cells(node, from);
  }
  memset(node->number, 0, sizeof node->number);
  node->position = node->port_position = NULL;
  node->cells = NULL;
  NAI__TRY(nai__cells_copy(&node->cells, from->cells, from->n));
  for (int k = 0; k < NAI__NUMBERS; k++)
    NAI__TRY(copy_array(&node->number[k], from->number[k], from->n, sizeof(double)));
  return copy_array(&node->position, from->position, 3 * from->n, sizeof(float));
}

static nai_status copy_projection(nai_network *net, const nai__projection *from)
{
  nai__projection *p = &net->projection[net->n_projections];
  *p = *from;
  p->constraint = NULL;
  p->source = p->target = NULL;
  p->n_constraints = 0;
  NAI__TRY(nai__projection_index(net, net->n_projections));
  net->n_projections++;
  nai__short_term_keep(p->short_term);
  if (from->source && !(p->source = nai__copy_string(from->source))) return NAI_ERR_MEMORY;
  if (from->target && !(p->target = nai__copy_string(from->target))) return NAI_ERR_MEMORY;
  if (from->n_constraints) {
    p->constraint = NAI__ARRAY(nai_constraint *, nai__grown_room(from->n_constraints));
    if (!p->constraint) return NAI_ERR_MEMORY;
    memcpy(p->constraint, from->constraint, (size_t)from->n_constraints * sizeof *from->constraint);
  }
  p->n_constraints = from->n_constraints;
  for (int64_t c = 0; c < p->n_constraints; c++) nai__constraint_keep(p->constraint[c]);
  return NAI_OK;
}

static nai_status copy_composition(nai_network *net, const nai_network *from, int lent)
{
  net->node = NAI__ARRAY(nai__node, nai__grown_room(from->n_nodes));
  net->projection = NAI__ARRAY(nai__projection, nai__grown_room(from->n_projections));
  if (!net->node || !net->projection) return NAI_ERR_MEMORY;
  for (int64_t i = 0; i < from->n_nodes; i++) NAI__TRY(copy_node(net, &from->node[i], lent));
  for (int64_t i = 0; i < from->n_projections; i++)
    NAI__TRY(copy_projection(net, &from->projection[i]));
  net->balance = NAI__ARRAY(int32_t, nai__grown_room(from->n_nodes));
  if (!net->balance) return NAI_ERR_MEMORY;
  for (int64_t i = 0; i < from->n_nodes; i++) net->balance[i] = from->balance[i];
  memcpy(net->added, from->added, sizeof net->added);
  net->n_lattices = from->n_lattices;
  if (from->radius_names) {
    net->radius_names = nai__copy_string(from->radius_names);
    if (!net->radius_names) return NAI_ERR_MEMORY;
  }
  net->radius = from->radius;
  net->memory_limit = from->memory_limit;
  net->threads = from->threads;
  if (from->exchange) nai__exchange_keep(from->exchange);
  net->exchange = from->exchange;
  net->seed = from->seed;
  net->kernels = from->kernels;
  net->error = from->error;
  memcpy(net->message, from->message, sizeof net->message);
  return NAI_OK;
}

static nai_status copy_parts(nai_network *net, const nai_network *from)
{
  int64_t *parts = NAI__ARRAY(int64_t, net->n_projections);
  if (!parts) return NAI_ERR_MEMORY;
  for (int64_t i = 0; i < net->n_projections; i++) {
    net->projection[i].delay = from->projection[i].delay;
    parts[i] = from->projection[i].n_parts;
  }
  const nai_status status = nai__add_parts(net, parts);
  nai__free(parts);
  return status;
}

/* The layout follows from the composition alone, so arrays that are laid out by it are alike. */
static nai_status copy_arrays(nai_network *net, const nai_network *from)
{
  /* As it was chosen: units may have been placed anew since. */
  for (int64_t i = 0; i < net->n_projections; i++)
    net->projection[i].storage = from->projection[i].is_listed   ? NAI_STORAGE_LISTED
                                 : from->projection[i].is_shared ? NAI_STORAGE_SHARED
                                                                 : NAI_STORAGE_DENSE;
  NAI__TRY(nai__layout_plan(net));
  NAI__TRY(copy_parts(net, from));
  for (int64_t i = 0; i < net->n_blocks; i++)
    if (net->block[i].is_listed) {
      net->block[i].delay = from->block[i].delay;
      net->block[i].longest = from->block[i].longest;
      net->block[i].synapses = nai__compressed_copy(from->block[i].synapses);
      if (!net->block[i].synapses) return NAI_ERR_MEMORY;
    }
  NAI__TRY(nai__layout(net, 0));
  for (int64_t i = 0; i < net->n_blocks; i++)
    if (!from->block[i].is_shared) NAI__TRY(nai__unshare(net, i));
  size_t n = (size_t)from->n_theta;
  memcpy(net->theta, from->theta, n * sizeof *net->theta);
  memcpy(net->exists, from->exists, n);
  memcpy(net->learns, from->learns, n);
  memcpy(net->plastic, from->plastic, n);
  nai__find_plastic(net);
  nai__numbers_refresh(net);
  NAI__TRY(nai__cells_refresh(net));
  NAI__TRY(nai__place_ports(net));
  NAI__TRY(nai__list_synapses(net));
  nai__pack(net);
  net->built = 1;
  return NAI_OK;
}

nai_status nai_network_copy(nai_network **out, const nai_network *net)
{
  NAI__REQUIRE(out);
  *out = NULL;
  NAI__REQUIRE(net);
  if (net->built) NAI__TRY(nai__whole_check(net, "a copy"));
  nai_network *copy;
  NAI__TRY(nai_network_create(&copy, net->dt));
  nai_status status = copy_composition(copy, net, 0);
  if (status == NAI_OK && net->built) status = copy_arrays(copy, net);
  if (status == NAI_OK)
    *out = copy;
  else
    nai_network_destroy(copy);
  return status;
}

/* --- a plan ----------------------------------------------------------------------------------- */

void nai__plan_destroy(nai_network *plan)
{
  for (int64_t i = 0; plan && i < plan->n_nodes; i++) {
    nai__node *node = &plan->node[i];
    memset(node->number, 0, sizeof node->number);
    if (!is_drawn(node)) node->position = NULL;
    if (!node->cells) continue;
    memset(node->cells->own, 0, sizeof node->cells->own);
    node->cells->memory = NULL;
  }
  nai_network_destroy(plan);
}

nai_status nai__plan_create(nai_network **out, const nai_network *net)
{
  *out = NULL;
  nai_network *plan;
  NAI__TRY(nai_network_create(&plan, net->dt));
  nai_status status = copy_composition(plan, net, 1);
  if (status == NAI_OK)
    *out = plan;
  else
    nai__plan_destroy(plan);
  return status;
}
