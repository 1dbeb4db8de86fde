/* The threads that a build works with. */
#include "../base/error.h"
#include "network.h"

#define MOST_THREADS 256

static nai_status set_threads(nai_network *net, int64_t threads)
{
  if (threads < 1 || threads > MOST_THREADS)
    return nai__fail(NAI_ERR_INVALID, "threads is %lld, must be 1 to %d", (long long)threads,
                     MOST_THREADS);
  net->threads = (int32_t)threads;
  return NAI_OK;
}

nai_status nai_network_set_threads(nai_network *net, int64_t threads)
{
  NAI__TRY(nai__may_compose(net));
  return nai__remember(net, set_threads(net, threads));
}

void nai__share(const nai_network *net, int64_t tasks,
                void (*work)(void *argument, int64_t task, int32_t thread), void *argument)
{
  if (net->pool) {
    nai__pool_run(net->pool, tasks, work, argument);
    return;
  }
  for (int64_t task = 0; task < tasks; task++) work(argument, task, 0);
}
