/* Theta in slices, which threads share; and weights that are packed slice by slice. */
#include "plasticity.h"

/* Numbers of the smallest slice: threads meet in a fraction of the time that it takes. */
#define LEAST 65536
/* Slices begin where this divides: a page of floats. */
#define GRAIN 1024

static int64_t length_of(const nai_network *net)
{
  const int64_t even = (net->n_theta + NAI__MOST_SLICES - 1) / NAI__MOST_SLICES,
                whole = (even + GRAIN - 1) / GRAIN * GRAIN;
  return whole > LEAST ? whole : LEAST;
}

int64_t nai__slices(const nai_network *net)
{
  return (net->n_theta + length_of(net) - 1) / length_of(net);
}

nai__stretch nai__slice(const nai_network *net, int64_t slice)
{
  const int64_t length = length_of(net), end = (slice + 1) * length;
  return (nai__stretch){slice * length, end < net->n_theta ? end : net->n_theta};
}

/* The first of n, in ascending order, whose end is beyond place `at` of theta. */
static int64_t first_beyond(const nai_network *net, int64_t n,
                            int64_t (*end_of)(const nai_network *net, int64_t number), int64_t at)
{
  int64_t first = 0, end = n;
  while (first < end) {
    const int64_t middle = first + (end - first) / 2;
    if (end_of(net, middle) > at)
      end = middle;
    else
      first = middle + 1;
  }
  return first;
}

static int64_t end_of_stretch(const nai_network *net, int64_t number)
{
  return net->stretch[number].end;
}

int64_t nai__stretch_beyond(const nai_network *net, int64_t at)
{
  return first_beyond(net, net->n_stretches, end_of_stretch, at);
}

nai__stretch nai__stretch_common(nai__stretch one, nai__stretch other)
{
  return (nai__stretch){one.first > other.first ? one.first : other.first,
                        one.end < other.end ? one.end : other.end};
}

void nai__share_slices(nai__pool *pool, const nai_network *net,
                       void (*work)(void *argument, int64_t slice, int32_t thread), void *argument)
{
  const int64_t slices = nai__slices(net);
  if (pool)
    nai__pool_run(pool, slices, work, argument);
  else
    for (int64_t slice = 0; slice < slices; slice++) work(argument, slice, 0);
}

/* --- packing ---------------------------------------------------------------------------------- */

static int64_t end_of_block(const nai_network *net, int64_t number)
{
  const nai__rectangle *at = &net->block[number].at;
  return at->start + at->rows * at->stride;
}

static int moves_rows(const nai__block *b)
{
  return !b->frozen && nai__packs_rows(b);
}

/* Rows of a block that end before place `at` of theta, in whole strips; the last one may be narrower. */
static int64_t rows_before(const nai__block *b, int64_t at)
{
  const int64_t rows = at > b->at.start ? (at - b->at.start) / b->at.stride : 0;
  return rows >= b->n_post ? b->n_post : rows / NAI__PACK_ROWS * NAI__PACK_ROWS;
}

/* The same with the strip that `at` lies in. */
static int64_t rows_up_to(const nai__block *b, int64_t at)
{
  const int64_t strip = NAI__PACK_ROWS * b->at.stride,
                rows = (at - b->at.start + strip - 1) / strip * NAI__PACK_ROWS;
  if (at <= b->at.start) return 0;
  return rows < b->n_post ? rows : b->n_post;
}

void nai__pack_slice(nai_network *net, int64_t slice)
{
  const nai__stretch at = nai__slice(net, slice);
  for (int64_t k = first_beyond(net, net->n_blocks, end_of_block, at.first);
       k < net->n_blocks && net->block[k].at.start < at.end; k++) {
    const nai__block *b = &net->block[k];
    if (!moves_rows(b)) continue;
    const int64_t first = rows_up_to(b, at.first), end = rows_before(b, at.end);
    if (first < end) nai__pack_rows(net, k, first, end);
  }
}

/* Strips that two slices, or more, have a part of. */
static void pack_between(nai_network *net, int64_t block)
{
  const nai__block *b = &net->block[block];
  const int64_t length = length_of(net), last = end_of_block(net, block);
  int64_t done = 0;
  for (int64_t at = (b->at.start / length + 1) * length; at < last; at += length) {
    const int64_t first = rows_before(b, at), end = rows_up_to(b, at);
    if (first < end && end > done) nai__pack_rows(net, block, first > done ? first : done, end);
    done = end > done ? end : done;
  }
}

void nai__pack_rest(nai_network *net)
{
  for (int64_t k = 0; k < net->n_blocks; k++) {
    if (net->block[k].frozen) continue;
    if (moves_rows(&net->block[k])) pack_between(net, k);
    nai__pack_lists(net, k);
  }
}
