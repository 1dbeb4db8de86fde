/*
 * Copies of weights that products read: each block whole, in panels, and where few of its synapses
 * exist as lists as well, which batches of trials are multiplied with.
 */
#include "../base/error.h"
#include "../base/memory.h"
#include "network.h"

/* --- lists ------------------------------------------------------------------------------------ */

/* Lists pay where at most so many synapses exist, and not in matrices that are smaller (measured by
 * tests/bench/bench_kernels.c). */
#define MOST_DENSE 0.4
#define LEAST_SIZE 1024

static int64_t count_synapses(const nai__block *b, const uint8_t *exists)
{
  int64_t count = 0;
  for (int64_t i = 0; i < b->at.rows; i++)
    for (int64_t j = 0; j < b->at.columns; j++) count += exists[i * b->at.stride + j] != 0;
  return count;
}

static int lists_pay(const nai__block *b, int64_t synapses)
{
  const int64_t size = b->at.rows * b->at.columns;
  return size >= LEAST_SIZE && (double)synapses <= MOST_DENSE * (double)size &&
         b->at.rows * b->at.stride <= INT32_MAX;
}

static int64_t bytes_of(const nai__block *b, int64_t synapses)
{
  const int64_t pre = b->at.columns, post = b->at.rows;
  return nai__lists_bytes(pre, post, synapses, 1) +
         (b->from_input ? 0 : nai__lists_bytes(post, pre, synapses, 0));
}

/* Synapses of a block that has lists, at most; -1: it will have none. A constraint may leave any. */
static int64_t most_listed(const nai__block *b)
{
  const int64_t limit = (int64_t)(MOST_DENSE * (double)(b->at.rows * b->at.columns));
  return b->least > limit ? -1 : b->most < limit ? b->most : limit;
}

int64_t nai__lists_most(const nai_network *net)
{
  int64_t bytes = 0;
  for (int64_t i = 0; i < net->n_blocks; i++) {
    const int64_t synapses = most_listed(&net->block[i]);
    if (synapses >= 0 && lists_pay(&net->block[i], synapses))
      bytes += bytes_of(&net->block[i], synapses);
  }
  return bytes;
}

int64_t nai__listing_bytes(const nai__listing *listing)
{
  return nai__lists_size(listing->forward) + nai__lists_size(listing->backward);
}

int64_t nai__list_bytes(const nai__block *b, const uint8_t *exists)
{
  const int64_t synapses = count_synapses(b, exists);
  return lists_pay(b, synapses) ? bytes_of(b, synapses) : 0;
}

nai_status nai__list_block(nai__listing *out, const nai__block *b, const uint8_t *exists)
{
  *out = (nai__listing){NULL, NULL};
  if (!lists_pay(b, count_synapses(b, exists))) return NAI_OK;
  nai__list_shape shape = {exists, b->at.stride, b->at.columns, b->at.rows, 1, 1};
  out->forward = nai__lists_create(&shape);
  if (!out->forward) return NAI_ERR_MEMORY;
  if (b->from_input) return NAI_OK;
  shape = (nai__list_shape){exists, b->at.stride, b->at.rows, b->at.columns, 0, 0};
  out->backward = nai__lists_create(&shape);
  if (out->backward) return NAI_OK;
  nai__listing_destroy(out);
  return NAI_ERR_MEMORY;
}

void nai__listing_destroy(nai__listing *listing)
{
  nai__lists_destroy(listing->forward);
  nai__lists_destroy(listing->backward);
  *listing = (nai__listing){NULL, NULL};
}

void nai__use_listing(nai__block *b, const nai__listing *listing)
{
  nai__listing_destroy(&b->listing);
  b->listing = *listing;
}

nai_status nai__list_synapses(nai_network *net)
{
  int64_t bytes = nai__layout_bytes(net);
  for (int64_t i = 0; i < net->n_blocks; i++)
    bytes += nai__list_bytes(&net->block[i], net->exists + net->block[i].at.start);
  NAI__TRY(nai__memory_check(net, bytes, "the network"));
  for (int64_t i = 0; i < net->n_blocks; i++) {
    nai__block *b = &net->block[i];
    nai__listing listing;
    NAI__TRY(nai__list_block(&listing, b, net->exists + b->at.start));
    nai__use_listing(b, &listing);
  }
  return NAI_OK;
}

/* --- packing ---------------------------------------------------------------------------------- */

void nai__pack_block(nai_network *net, int64_t block)
{
  const nai__block *b = &net->block[block];
  const float *w = net->theta + b->at.start;
  net->kernels->pack(b->forward, w, b->at.stride, b->at.columns, b->at.rows, 1);
  if (b->backward) net->kernels->pack(b->backward, w, b->at.stride, b->at.rows, b->at.columns, 0);
  if (b->listing.forward) nai__lists_pack(b->listing.forward, w);
  if (b->listing.backward) nai__lists_pack(b->listing.backward, w);
}

void nai__pack(nai_network *net)
{
  for (int64_t i = 0; i < net->n_blocks; i++) nai__pack_block(net, i);
}

void nai__pack_plastic(nai_network *net)
{
  for (int64_t i = 0; i < net->n_blocks; i++)
    if (!net->block[i].frozen) nai__pack_block(net, i);
}

/* --- products --------------------------------------------------------------------------------- */

static int takes_lists(const nai_network *net, const nai__lists *lists, int64_t rows)
{
  return lists && net->kernels->list_rows && rows >= net->kernels->list_rows;
}

void nai__block_product(const nai_network *net, const nai__block *b, float *c, int64_t ldc,
                        const float *a, int64_t lda, int64_t rows, int accumulate)
{
  const nai__kernels *kernels = net->kernels;
  if (takes_lists(net, b->listing.forward, rows))
    kernels->list_product(c, ldc, a, lda, b->listing.forward, rows, accumulate);
  else
    kernels->product(c, ldc, a, lda, b->forward, rows, b->at.columns, b->at.rows, accumulate);
}

void nai__block_product_back(const nai_network *net, const nai__block *b, const float *packed,
                             float *c, int64_t ldc, const float *a, int64_t lda, int64_t rows,
                             int accumulate)
{
  const nai__kernels *kernels = net->kernels;
  if (packed == b->backward && takes_lists(net, b->listing.backward, rows))
    kernels->list_product(c, ldc, a, lda, b->listing.backward, rows, accumulate);
  else
    kernels->product(c, ldc, a, lda, packed, rows, b->at.rows, b->at.columns, accumulate);
}

int64_t nai__block_scratch(const nai_network *net, const nai__block *b)
{
  const nai__kernels *kernels = net->kernels;
  if (b->listing.forward && kernels->list_rows) return kernels->list_scratch(b->listing.forward);
  return kernels->outer_scratch(b->at.rows, b->at.columns);
}

void nai__block_outer(const nai_network *net, const nai__block *b, float *gradient, const float *d,
                      int64_t ldd, const float *r, int64_t ldr, int64_t rows, int64_t first,
                      int64_t end, int accumulate, float *scratch)
{
  const nai__kernels *kernels = net->kernels;
  if (b->listing.forward && kernels->list_rows)
    kernels->list_outer(gradient + b->at.start, b->at.stride, d, ldd, r, ldr, rows,
                        b->listing.forward, first, end, accumulate, scratch);
  else
    kernels->outer(gradient + b->at.start + first * b->at.stride, b->at.stride, d + first, ldd, r,
                   ldr, rows, end - first, b->at.columns, accumulate, scratch);
}
