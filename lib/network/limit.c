/* What a network that is laid out takes of memory, and whether it may. */
#include "../base/error.h"
#include "../base/memory.h"
#include "network.h"

/* --- what it holds ---------------------------------------------------------------------------- */

static int64_t node_bytes(const nai__node *node)
{
  int first, n;
  nai__numbers_of(node->kind, &first, &n);
  return nai__cells_bytes(node) +
         node->n * (n * (int64_t)sizeof(double) +
                    (node->placement != NAI__NOWHERE ? 3 * (int64_t)sizeof(float) : 0));
}

/* Of a packed copy of a block that errors go back through. */
static int64_t packed_bytes(const nai_network *net, const nai__block *b)
{
  if (b->is_listed || b->is_shared) return 0;
  return net->kernels->packed_size(b->n_post, b->n_pre) * (int64_t)sizeof(float);
}

/*
 * Of a block beside what its arrays hold: each of them begins on a line of its own, behind what malloc keeps of it. With some
 * synapses a block that is most of it. A projection that is not wired yet may become several of them.
 */
static int64_t frame_bytes(const nai__block *b)
{
  enum { EACH = 112, LISTED = 10, DENSE = 3 };
  const int64_t blocks = b->is_listed && !b->synapses && b->expected > 1 ? b->expected : 1;
  return blocks * ((int64_t)sizeof *b + EACH * (b->is_listed ? LISTED : DENSE));
}

int64_t nai__layout_bytes(const nai_network *net)
{
  int64_t floats = net->n_theta + NAI__UNIT_ROWS * net->ld_units +
                   NAI__CHANNEL_ROWS * net->ld_inputs + NAI__READOUT_ROWS * net->ld_outputs;
  int64_t bytes = 3 * net->n_theta;
  for (int64_t i = 0; i < net->n_blocks; i++) {
    const nai__block *b = &net->block[i];
    if (!b->is_listed && !b->is_shared) floats += net->kernels->packed_size(b->n_pre, b->n_post);
    if (!b->from_input) bytes += packed_bytes(net, b);
    bytes += nai__listed_bytes(b) + nai__listing_bytes(&b->listing) + frame_bytes(b);
  }
  for (int64_t i = 0; i < net->n_nodes; i++) bytes += node_bytes(&net->node[i]);
  return floats * (int64_t)sizeof(float) + bytes;
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
