/* What a network that is laid out takes of memory, and whether it may. */
#include "../base/error.h"
#include "../base/memory.h"
#include "network.h"
#include "strong.h"

/* --- what it holds ---------------------------------------------------------------------------- */

static int64_t node_bytes(const nai__node *node)
{
  int first, n;
  nai__numbers_of(node->kind, &first, &n);
  return node->n * (n * (int64_t)sizeof(double) +
                    (node->placement != NAI__NOWHERE ? 3 * (int64_t)sizeof(float) : 0));
}

int64_t nai__packed_bytes(const nai_network *net, const nai__block *b)
{
  return b->is_listed ? 0 : nai__backward_size(net, b) * (int64_t)sizeof(float);
}

int64_t nai__layout_bytes(const nai_network *net)
{
  int64_t floats = net->n_theta + NAI__UNIT_ROWS * net->ld_units +
                   NAI__CHANNEL_ROWS * net->ld_inputs + NAI__READOUT_ROWS * net->ld_outputs;
  int64_t bytes = 3 * net->n_theta;
  for (int64_t i = 0; i < net->n_blocks; i++) {
    const nai__block *b = &net->block[i];
    if (!b->is_listed) floats += net->kernels->packed_size(b->n_pre, b->n_post);
    if (!b->from_input) bytes += nai__packed_bytes(net, b);
    bytes += nai__listed_bytes(b) + nai__listing_bytes(&b->listing);
  }
  for (int64_t i = 0; i < net->n_nodes; i++) bytes += node_bytes(&net->node[i]);
  return floats * (int64_t)sizeof(float) + bytes;
}

/* --- what the draw takes besides, and gives back ---------------------------------------------- */

/* LAPACK's work space is so many columns of a matrix, at most. */
#define WORK 72

static int64_t matrix_bytes(int64_t rows, int64_t columns)
{
  return (rows + WORK) * columns * (int64_t)sizeof(double);
}

static int64_t larger(int64_t a, int64_t b)
{
  return a > b ? a : b;
}

static int64_t orthogonal_bytes(const nai__projection *p)
{
  if (p->weights != NAI_WEIGHTS_ORTHOGONAL) return 0;
  return p->n_post > p->n_pre ? matrix_bytes(p->n_post, p->n_pre)
                              : matrix_bytes(p->n_pre, p->n_post);
}

static int64_t radius_bytes(const nai_network *net)
{
  int64_t units = 0;
  for (int64_t i = 0; i < net->n_nodes && net->radius_names; i++)
    if (nai__selected(&net->node[i], NAI__KIND(NAI_POPULATIONS), net->radius_names))
      units += net->node[i].n;
  return matrix_bytes(units, units);
}

int64_t nai__draw_bytes(const nai_network *net)
{
  int64_t most = larger(radius_bytes(net), nai__strong_bytes(net));
  for (int64_t i = 0; i < net->n_projections; i++) {
    most = larger(most, nai__wiring_bytes(&net->projection[i]));
    most = larger(most, orthogonal_bytes(&net->projection[i]));
  }
  return larger(most, nai__lists_most(net)); /* there once the draw has given back its own */
}

/* --- whether it may --------------------------------------------------------------------------- */

nai_status nai__memory_check(const nai_network *net, int64_t bytes, const char *what)
{
  int64_t machine = nai__machine_memory();
  if (net->memory_limit && bytes > net->memory_limit)
    return nai__fail(NAI_ERR_MEMORY, "%s needs %lld bytes of memory, the network's limit is %lld",
                     what, (long long)bytes, (long long)net->memory_limit);
  if (!net->memory_limit && bytes > machine)
    return nai__fail(NAI_ERR_MEMORY, "%s needs %lld bytes of memory, the machine has %lld", what,
                     (long long)bytes, (long long)machine);
  return NAI_OK;
}
