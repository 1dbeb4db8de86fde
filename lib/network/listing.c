/*
 * The lists that products read: of listed blocks, and of dense ones beside the whole matrix where few
 * synapses exist; and what lists take.
 */
#include <stdatomic.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "network.h"

/* Lists pay where at most so many synapses exist, and not in matrices that are smaller (measured by
 * tests/bench/bench_kernels.c). */
#define MOST_DENSE 0.3
#define LEAST_SIZE 1024

static int64_t count_synapses(const nai__block *b, const uint8_t *exists)
{
  int64_t count = 0;
  for (int64_t i = 0; i < b->n_post; i++)
    for (int64_t j = 0; j < b->n_pre; j++) count += exists[i * b->at.stride + j] != 0;
  return count;
}

static int lists_pay(const nai__block *b, int64_t synapses)
{
  const int64_t size = b->n_post * b->n_pre;
  return size >= LEAST_SIZE && (double)synapses <= MOST_DENSE * (double)size &&
         b->at.rows * b->at.stride <= INT32_MAX;
}

/*
 * Where synapses are nearly as many everywhere, what receivers wait for each other is known; elsewhere, at
 * most: senders of those that are taken together may all be others.
 */
static int is_even(const nai__block *b)
{
  return b->thinnest > 0 && b->densest <= 2 * b->thinnest &&
         10 * b->pairs >= 9 * b->n_post * b->n_pre;
}

static int64_t bytes_of(const nai__block *b, int64_t synapses, int even)
{
  const int64_t pre = b->n_pre, post = b->n_post;
  enum { FRAMES = 2048 }; /* of their arrays */
  return FRAMES + nai__lists_bytes(pre, post, synapses, 1) +
         (even ? nai__row_lists_expected(pre, post, synapses, 1)
               : nai__row_lists_bytes(pre, post, synapses)) +
         (b->from_input ? 0 : nai__lists_bytes(post, pre, synapses, 0));
}

/* The compressed rows from which they are made, both ways. */
static int64_t making_of(const nai__block *b, int64_t synapses)
{
  return nai__compressed_bytes(b->n_post, synapses, 1) +
         nai__compressed_bytes(2 * b->n_pre, synapses, 1);
}

/* Receivers that lists by sender are of. */
static int64_t receivers_of(const nai_network *net, const nai__block *b)
{
  const nai__portion mine = nai__mine(net, &net->node[b->to]);
  return nai__is_shared_out(net) ? mine.end - mine.first : b->n_post;
}

/* Of a listed block, before they are there: of the synapses that are expected. */
static int64_t listed_bytes(const nai_network *net, const nai__block *b)
{
  if (!b->is_listed) return 0;
  const int64_t pre = b->n_pre, post = b->n_post, parts = b->expected;
  const int64_t synapses = b->at.columns / parts;
  const int64_t fans =
      b->spikes ? parts * nai__fans_bytes(pre, receivers_of(net, b), synapses, b->one) : 0;
  if (b->spikes && b->frozen) return fans;
  return fans + parts * (nai__lists_expected(pre, post, synapses, 1) +
                         nai__row_lists_expected(pre, post, synapses, 0) +
                         (b->from_input ? 0 : nai__lists_expected(post, pre, synapses, 0)));
}

/* Synapses of a block that has lists, at most; -1: it will have none. A constraint may leave any. */
static int64_t most_listed(const nai__block *b)
{
  const int64_t limit = (int64_t)(MOST_DENSE * (double)(b->n_post * b->n_pre));
  return b->least > limit ? -1 : b->most < limit ? b->most : limit;
}

int64_t nai__lists_most(const nai_network *net)
{
  int64_t bytes = 0;
  for (int64_t i = 0; i < net->n_blocks; i++) {
    const int64_t synapses = most_listed(&net->block[i]);
    bytes += listed_bytes(net, &net->block[i]);
    if (net->block[i].is_listed) continue;
    if (synapses >= 0 && lists_pay(&net->block[i], synapses))
      bytes += bytes_of(&net->block[i], synapses, is_even(&net->block[i]));
  }
  return bytes;
}

/* Of a listed block the rows are there, and places are their order. */
static int64_t making_bytes(const nai__block *b)
{
  const int64_t synapses = b->is_listed ? b->at.columns / b->expected : most_listed(b);
  if (b->is_listed)
    return b->spikes && b->frozen ? 0 : nai__compressed_bytes(2 * b->n_pre, synapses, 0);
  return synapses >= 0 && lists_pay(b, synapses) ? making_of(b, synapses) : 0;
}

int64_t nai__lists_making(const nai_network *net)
{
  int64_t most = 0;
  for (int64_t i = 0; i < net->n_blocks; i++) {
    const int64_t bytes = making_bytes(&net->block[i]);
    if (bytes > most) most = bytes;
  }
  return most;
}

int64_t nai__listing_bytes(const nai__listing *listing)
{
  return nai__lists_size(listing->forward) + nai__lists_size(listing->backward) +
         nai__row_lists_size(listing->row) + nai__fans_size(listing->fans);
}

int64_t nai__listed_bytes(const nai__block *b)
{
  if (!b->is_listed) return 0;
  const int64_t parts = b->synapses ? 1 : b->expected; /* each has its rows */
  return parts * (b->n_post + 1) * (int64_t)sizeof(int64_t) +
         b->at.columns * (int64_t)sizeof(int32_t);
}

int64_t nai__list_bytes(const nai_network *net, const nai__block *b, const uint8_t *exists)
{
  if (b->is_listed) return listed_bytes(net, b) + making_bytes(b);
  const int64_t synapses = count_synapses(b, exists);
  return lists_pay(b, synapses) ? bytes_of(b, synapses, 0) + making_of(b, synapses) : 0;
}

/* The lists of a block, each by a thread. */
typedef struct making {
  nai__listing *out;
  const nai__block *b;
  const nai__compressed *synapses;
  atomic_int lacks_memory;
} making;

static int list_back(nai__listing *out, const nai__block *b, const nai__compressed *synapses)
{
  if (b->from_input) return 1;
  nai__compressed turned;
  if (!nai__compress_turned(&turned, synapses)) return 0;
  out->backward = nai__lists_create(&turned, 0);
  nai__compressed_release(&turned);
  return out->backward != NULL;
}

static void make_one(void *argument, int64_t task, int32_t thread)
{
  (void)thread;
  making *m = argument;
  int well = 1;
  if (task == 0) well = (m->out->forward = nai__lists_create(m->synapses, 1)) != NULL;
  if (task == 1) well = list_back(m->out, m->b, m->synapses);
  if (task == 2) well = nai__row_lists_create(&m->out->row, m->synapses);
  if (!well) atomic_store(&m->lacks_memory, 1);
}

nai_status nai__list_both(nai__listing *out, const nai_network *net, const nai__block *b,
                          const nai__compressed *synapses)
{
  making m = {.out = out, .b = b, .synapses = synapses};
  nai__share(net, 3, make_one, &m);
  return atomic_load(&m.lacks_memory) ? NAI_ERR_MEMORY : NAI_OK;
}

/* What was said to have one weight may have been given others since. */
static int has_one_weight(const nai_network *net, const nai__block *b)
{
  const float *w = net->theta + b->at.start;
  for (int64_t e = 1; e < b->at.columns && b->one; e++)
    if (w[e] != w[0]) return 0;
  return b->one;
}

nai__compressed nai__rows_of_fans(const nai_network *net, const nai__block *b)
{
  const nai__portion mine = nai__mine(net, &net->node[b->to]);
  nai__compressed rows = *b->synapses;
  if (!nai__is_shared_out(net)) return rows;
  rows.n = mine.end - mine.first;
  rows.first += mine.first;
  return rows;
}

static nai_status list_listed(nai__listing *out, const nai_network *net, const nai__block *b)
{
  if (b->spikes) {
    const nai__compressed rows = nai__rows_of_fans(net, b);
    out->fans = nai__fans_create(&rows, has_one_weight(net, b));
    if (!out->fans) return NAI_ERR_MEMORY;
  }
  return b->spikes && b->frozen ? NAI_OK : nai__list_both(out, net, b, b->synapses);
}

nai_status nai__list_block(nai__listing *out, const nai_network *net, const nai__block *b,
                           const uint8_t *exists)
{
  *out = (nai__listing){NULL, NULL, NULL, NULL};
  if (b->is_listed) {
    nai_status status = list_listed(out, net, b);
    if (status != NAI_OK) nai__listing_destroy(out);
    return status;
  }
  if (!lists_pay(b, count_synapses(b, exists))) return NAI_OK;
  nai__compressed synapses;
  if (!nai__compress(&synapses, exists, b->at.stride, b->n_post, b->n_pre)) return NAI_ERR_MEMORY;
  nai_status status = nai__list_both(out, net, b, &synapses);
  nai__compressed_release(&synapses);
  if (status != NAI_OK) nai__listing_destroy(out);
  return status;
}

void nai__listing_destroy(nai__listing *listing)
{
  nai__lists_destroy(listing->forward);
  nai__lists_destroy(listing->backward);
  nai__row_lists_destroy(listing->row);
  nai__fans_destroy(listing->fans);
  *listing = (nai__listing){NULL, NULL, NULL, NULL};
}

void nai__use_listing(nai__block *b, const nai__listing *listing)
{
  nai__listing_destroy(&b->listing);
  b->listing = *listing;
}
