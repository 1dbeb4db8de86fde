/*
 * Copies of weights that products read: each dense block whole, in panels, and where few of its
 * synapses exist as lists as well, which batches of trials are multiplied with; listed blocks as lists.
 */
#include <assert.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "network.h"

static void count_ways(nai_network *net)
{
  net->n_ways = 0;
  for (int64_t i = 0; i < net->n_nodes; i++)
    net->node[i].n_ways = net->node[i].has_way = net->node[i].has_bits = 0;
  for (int64_t k = 0; k < net->n_blocks; k++) {
    if (!net->block[k].listing.fans) continue;
    net->node[net->block[k].to].n_ways++;
    if (net->block[k].listing.fans->bits) net->node[net->block[k].to].has_bits = 1;
    net->node[net->block[k].from].has_way = 1;
  }
  for (int64_t i = 0; i < net->n_nodes; i++) {
    net->node[i].first_way = net->n_ways;
    net->n_ways += net->node[i].n_ways;
  }
}

static nai_status find_ways(nai_network *net)
{
  count_ways(net);
  nai__free(net->way);
  net->way = NAI__ARRAY(nai__way, net->n_ways + 1);
  if (!net->way) return NAI_ERR_MEMORY;
  net->least_way = INT64_MAX;
  for (int64_t i = 0; i < net->n_nodes; i++) net->node[i].n_ways = 0;
  for (int64_t k = 0; k < net->n_blocks; k++) {
    const nai__block *b = &net->block[k];
    nai__node *to = &net->node[b->to];
    if (!b->listing.fans) continue;
    net->way[to->first_way + to->n_ways++] =
        (nai__way){.block = (int32_t)k, .from = (int32_t)b->from, .delay = (int32_t)b->delay};
    if (b->delay < net->least_way) net->least_way = b->delay;
  }
  return NAI_OK;
}

nai_status nai__list_synapses(nai_network *net)
{
  int64_t bytes = nai__layout_bytes(net);
  for (int64_t i = 0; i < net->n_blocks; i++)
    bytes += nai__list_bytes(net, &net->block[i], net->exists + net->block[i].at.start);
  NAI__TRY(nai__memory_check(net, bytes, "the network"));
  for (int64_t i = 0; i < net->n_blocks; i++) {
    nai__block *b = &net->block[i];
    nai__listing listing;
    NAI__TRY(nai__list_block(&listing, net, b, net->exists + b->at.start));
    nai__use_listing(b, &listing);
  }
  return find_ways(net);
}

/* --- packing ---------------------------------------------------------------------------------- */

int nai__packs_rows(const nai__block *b)
{
  return !b->is_listed && !b->is_shared;
}

void nai__pack_rows(nai_network *net, int64_t block, int64_t first, int64_t end)
{
  const nai__block *b = &net->block[block];
  net->kernels->pack_columns(b->forward, net->theta + b->at.start, b->at.stride, b->n_pre,
                             b->n_post, first, end);
}

void nai__pack_lists(nai_network *net, int64_t block)
{
  nai__block *b = &net->block[block];
  const float *w = net->theta + b->at.start;
  if (b->listing.forward) nai__lists_pack(b->listing.forward, w);
  if (b->listing.row) nai__row_lists_pack(b->listing.row, w);
  if (b->listing.fans) {
    const nai__compressed rows = nai__rows_of_fans(net, b);
    nai__fans_pack(b->listing.fans, &rows, w);
  }
  b->is_behind = !b->from_input;
}

void nai__pack_block(nai_network *net, int64_t block)
{
  const nai__block *b = &net->block[block];
  if (nai__packs_rows(b)) nai__pack_rows(net, block, 0, b->n_post);
  nai__pack_lists(net, block);
}

void nai__catch_up(const nai_network *net, int64_t block)
{
  nai__block *b = &net->block[block];
  const float *w = net->theta + b->at.start;
  if (!b->is_behind) return;
  if (nai__packs_rows(b)) net->kernels->pack(b->backward, w, b->at.stride, b->n_post, b->n_pre, 0);
  if (b->listing.backward) nai__lists_pack(b->listing.backward, w);
  b->is_behind = 0;
}

void nai__catch_up_all(const nai_network *net, float *const *backward)
{
  for (int64_t k = 0; backward && k < net->n_blocks; k++)
    if (backward[k] && backward[k] == net->block[k].backward) nai__catch_up(net, k);
}

int64_t nai__backward_size(const nai_network *net, const nai__block *b)
{
  if (b->is_listed)
    return b->listing.backward ? nai__lists_weights(b->listing.backward) : b->at.columns + 1;
  return net->kernels->packed_size(b->n_post, b->n_pre);
}

void nai__pack_backward(const nai_network *net, const nai__block *b, float *packed,
                        const float *weights)
{
  const float *w = weights + b->at.start;
  if (b->is_listed && !b->listing.backward)
    nai__fans_pack_into(packed, b->listing.fans, b->synapses, w);
  else if (b->is_listed)
    nai__lists_pack_into(packed, b->listing.backward, w);
  else
    net->kernels->pack(packed, w, b->at.stride, b->n_post, b->n_pre, 0);
}

typedef struct packing {
  nai_network *net;
  int64_t first;
} packing;

static void pack_task(void *argument, int64_t k, int32_t thread)
{
  const packing *at = argument;
  (void)thread;
  nai__pack_block(at->net, at->first + k);
}

void nai__pack_blocks(nai_network *net, int64_t first, int64_t end)
{
  packing at = {net, first};
  nai__share(net, end - first, pack_task, &at);
}

void nai__pack(nai_network *net)
{
  nai__pack_blocks(net, 0, net->n_blocks);
}

void nai__pack_projection(nai_network *net, const nai__projection *p)
{
  nai__pack_blocks(net, p->block, p->block + p->n_parts);
}

/* --- products --------------------------------------------------------------------------------- */

static int takes_lists(const nai_network *net, const nai__block *b, const nai__lists *lists,
                       int64_t rows)
{
  return b->is_listed || (lists && net->kernels->list_rows && rows >= net->kernels->list_rows);
}

/* A few trials one after the other: up to so many take no longer than all of them by the whole matrix. */
#define FEW 4

static int takes_rows(const nai_network *net, const nai__block *b, int64_t rows)
{
  return b->listing.row && (b->is_listed || net->kernels->list_rows) && rows <= FEW;
}

void nai__block_product(const nai_network *net, const nai__block *b, float *c, int64_t ldc,
                        const float *a, int64_t lda, int64_t rows, int accumulate)
{
  const nai__kernels *kernels = net->kernels;
  if (b->is_shared)
    for (int64_t i = 0; i < rows; i++)
      nai__shared_product(net, b, c + i * ldc, a + i * lda, accumulate);
  else if (b->listing.fans)
    for (int64_t i = 0; i < rows; i++)
      nai__fans_product(kernels, c + i * ldc, a + i * lda, b->listing.fans, accumulate);
  else if (takes_rows(net, b, rows))
    for (int64_t i = 0; i < rows; i++)
      kernels->list_row(c + i * ldc, a + i * lda, b->listing.row, accumulate);
  else if (takes_lists(net, b, b->listing.forward, rows))
    kernels->list_product(c, ldc, a, lda, b->listing.forward, rows, accumulate);
  else
    kernels->product(c, ldc, a, lda, b->forward, rows, b->n_pre, b->n_post, accumulate);
}

void nai__block_product_back(const nai_network *net, const nai__block *b, float *packed, float *c,
                             int64_t ldc, const float *a, int64_t lda, int64_t rows, int accumulate)
{
  const nai__kernels *kernels = net->kernels;
  assert(packed != b->backward || !b->is_behind);
  if (b->is_shared && packed == b->backward)
    for (int64_t i = 0; i < rows; i++)
      nai__shared_product_back(net, b, c + i * ldc, a + i * lda, accumulate);
  else if (b->is_listed && !b->listing.backward)
    for (int64_t i = 0; i < rows; i++)
      nai__fans_product_back(c + i * ldc, a + i * lda, b->listing.fans,
                             packed == b->backward ? NULL : packed, accumulate);
  else if (b->is_listed && packed != b->backward) {
    nai__lists other = *b->listing.backward;
    other.weight = packed;
    kernels->list_product(c, ldc, a, lda, &other, rows, accumulate);
  } else if (packed == b->backward && takes_lists(net, b, b->listing.backward, rows))
    kernels->list_product(c, ldc, a, lda, b->listing.backward, rows, accumulate);
  else
    kernels->product(c, ldc, a, lda, packed, rows, b->n_post, b->n_pre, accumulate);
}

void nai__block_row(const nai_network *net, const nai__block *b, float *c, const float *a,
                    int accumulate, int32_t *index)
{
  const nai__kernels *kernels = net->kernels;
  if (b->is_shared || b->listing.fans)
    nai__block_product(net, b, c, b->n_post, a, b->n_pre, 1, accumulate);
  else if (takes_rows(net, b, 1))
    kernels->list_row(c, a, b->listing.row, accumulate);
  else if (b->is_listed)
    kernels->list_product(c, b->n_post, a, b->n_pre, b->listing.forward, 1, accumulate);
  else
    kernels->row_product(c, a, b->forward, b->n_pre, b->n_post, accumulate, index);
}

int64_t nai__block_scratch(const nai_network *net, const nai__block *b)
{
  const nai__kernels *kernels = net->kernels;
  if (b->frozen && (b->is_shared || b->listing.fans)) return 1; /* none is asked for */
  if (b->is_listed || (b->listing.forward && kernels->list_rows))
    return kernels->list_scratch(b->listing.forward);
  return kernels->outer_scratch(b->n_post, b->n_pre);
}

void nai__block_outer(const nai_network *net, const nai__block *b, float *gradient, const float *d,
                      int64_t ldd, const float *r, int64_t ldr, nai__rows rows, int64_t first,
                      int64_t end, int accumulate, float *scratch)
{
  const nai__kernels *kernels = net->kernels;
  if (b->is_listed || (b->listing.forward && kernels->list_rows))
    kernels->list_outer(gradient + b->at.start, b->at.stride, d, ldd, r, ldr, rows,
                        b->listing.forward, first, end, accumulate, scratch);
  else
    kernels->outer(gradient + b->at.start + first * b->at.stride, b->at.stride, d + first, ldd, r,
                   ldr, rows, end - first, b->n_pre, accumulate, scratch);
}
