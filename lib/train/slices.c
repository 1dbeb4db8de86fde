/* Theta in slices, which threads share. */
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

int64_t nai__stretch_beyond(const nai_network *net, int64_t at)
{
  int64_t first = 0, end = net->n_stretches;
  while (first < end) {
    const int64_t middle = first + (end - first) / 2;
    if (net->stretch[middle].end > at)
      end = middle;
    else
      first = middle + 1;
  }
  return first;
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
