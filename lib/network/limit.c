/* What a network that is laid out takes of memory, and whether it may. */
#include "../base/error.h"
#include "../base/memory.h"
#include "network.h"
#include "releases.h"

/* --- what it holds ---------------------------------------------------------------------------- */

/* Each array begins on a line of its own, behind what malloc keeps of it. */
enum { EACH = 112 };

static int64_t cells_bytes(const nai__node *node)
{
  if (!node->cells) return 0;
  int arrays = 2; /* what functions read, and the cells themselves */
  for (int k = 0; k < NAI_MOST_PARAMETERS; k++) arrays += node->cells->own[k] != NULL;
  return nai__cells_bytes(node) + (int64_t)sizeof(nai__cells) + arrays * EACH;
}

static int64_t place_bytes(const nai__node *node)
{
  if (node->placement == NAI__NOWHERE) return 0;
  const int64_t copies = nai__most_copies(node), of_ports = copies > 1 ? copies : 0;
  return (1 + of_ports) * node->n * 3 * (int64_t)sizeof(float) + 2 * EACH;
}

static int64_t node_bytes(const nai__node *node)
{
  int first, n;
  nai__numbers_of(node->kind, &first, &n);
  return cells_bytes(node) + place_bytes(node) + n * (node->n * (int64_t)sizeof(double) + EACH);
}

/* What a projection holds besides its synapses. A mask is often that of the one before, too. */
static int64_t projection_bytes(const nai__projection *p, const nai__projection *before)
{
  int64_t bytes = (p->n_constraints > 0 ? EACH + 4 * (int64_t)sizeof(nai_constraint *) : 0) +
                  (p->source ? EACH : 0) + (p->target ? EACH : 0);
  for (int64_t c = 0; c < p->n_constraints; c++) {
    const int is_new =
        !before || c >= before->n_constraints || before->constraint[c] != p->constraint[c];
    if (is_new) bytes += p->constraint[c]->bytes + (int64_t)sizeof(nai_constraint) + 4 * EACH;
  }
  if (p->short_term && !(before && before->short_term == p->short_term))
    bytes += (int64_t)sizeof(nai_short_term) + 2 * EACH +
             NAI__SHORT_TERM_NUMBERS * p->short_term->n * (int64_t)sizeof(double);
  return bytes;
}

static int64_t index_bytes(const nai__index *index)
{
  return index->n_slots * (int64_t)sizeof *index->slot + EACH;
}

/* The network itself, and what stands in it in the order of its parts. */
static int64_t table_bytes(const nai_network *net)
{
  enum { ARRAYS = 16 };
  const int64_t nodes = nai__grown_room(net->n_nodes),
                projections = nai__grown_room(net->n_projections);
  int64_t bytes = (int64_t)(sizeof *net + sizeof *net->holders) + ARRAYS * EACH +
                  nodes * (int64_t)(sizeof *net->node + sizeof *net->balance) +
                  projections * (int64_t)sizeof *net->projection + index_bytes(&net->names) +
                  index_bytes(&net->pairs) + net->n_nodes * (int64_t)sizeof *net->segment +
                  2 * (net->n_stages + 1) * (int64_t)sizeof(int64_t);
  for (int64_t i = 0; i < net->n_projections; i++)
    bytes += projection_bytes(&net->projection[i], i ? &net->projection[i - 1] : NULL);
  for (int64_t i = 0; i < net->n_releases; i++)
    bytes += (int64_t)sizeof *net->release + cells_bytes(&net->release[i].as_node);
  /* of a dense network there is room for more blocks than there are */
  if (net->n_projections > net->n_blocks)
    bytes += (net->n_projections - net->n_blocks) * (int64_t)sizeof *net->block;
  return bytes;
}

/* Of a packed copy of a block that errors go back through. */
static int64_t packed_bytes(const nai_network *net, const nai__block *b)
{
  if (b->is_listed || b->is_shared) return 0;
  return net->kernels->packed_size(b->n_post, b->n_pre) * (int64_t)sizeof(float);
}

/*
 * Of a block beside what its arrays hold: with some synapses that is most of it. A projection that is not wired yet may become
 * several of them.
 */
static int64_t frame_bytes(const nai__block *b)
{
  enum { MATRIX = 3, ROWS = 10, LISTS = 17 };
  const int64_t blocks = b->is_listed && !b->synapses && b->expected > 1 ? b->expected : 1;
  const int lists = b->listing.forward || (b->is_listed && !(b->spikes && b->frozen));
  return blocks *
         ((int64_t)sizeof *b + EACH * ((b->is_listed ? ROWS : MATRIX) + (lists ? LISTS : 0)));
}

int64_t nai__arrays_bytes(const nai_network *net)
{
  int64_t floats = net->n_theta + NAI__UNIT_ROWS * net->ld_units +
                   NAI__CHANNEL_ROWS * net->ld_inputs + NAI__READOUT_ROWS * net->ld_outputs;
  int64_t bytes = 3 * net->n_theta;
  for (int64_t i = 0; i < net->n_blocks; i++) {
    const nai__block *b = &net->block[i];
    if (!b->is_listed && !b->is_shared) floats += net->kernels->packed_size(b->n_pre, b->n_post);
    if (!b->from_input) bytes += packed_bytes(net, b);
  }
  return floats * (int64_t)sizeof(float) + bytes;
}

/* Large arrays are whole pages. */
static int64_t with_pages(int64_t bytes)
{
  return bytes + bytes / 128;
}

int64_t nai__layout_bytes(const nai_network *net)
{
  int64_t bytes = nai__arrays_bytes(net) + table_bytes(net);
  for (int64_t i = 0; i < net->n_blocks; i++) {
    const nai__block *b = &net->block[i];
    bytes += nai__listed_bytes(b) + nai__listing_bytes(&b->listing) + frame_bytes(b);
  }
  for (int64_t i = 0; i < net->n_nodes; i++) bytes += node_bytes(&net->node[i]);
  return with_pages(bytes);
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
