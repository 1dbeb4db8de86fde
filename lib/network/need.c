/* How much memory a network needs, before it is taken. */
#include "../base/error.h"
#include "network.h"

nai_status nai_network_memory(int64_t *bytes, const nai_network *net)
{
  NAI__REQUIRE(bytes);
  NAI__TRY(nai__may_set(net));
  if (net->built) {
    *bytes = nai__layout_bytes(net);
    return NAI_OK;
  }
  nai_network *plan; /* the layout is written into the network */
  NAI__TRY(nai__plan_create(&plan, net));
  nai_status status = nai__place(plan);
  if (status == NAI_OK) status = nai__layout_plan(plan);
  if (status == NAI_OK) {
    nai__widen(plan);
    *bytes = nai__layout_bytes(plan) + nai__draw_bytes(plan);
  }
  nai__plan_destroy(plan);
  return status;
}

static nai_status set_limit(nai_network *net, int64_t bytes)
{
  if (bytes < 0)
    return nai__fail(NAI_ERR_INVALID, "bytes is %lld, must be at least 0", (long long)bytes);
  net->memory_limit = bytes;
  return NAI_OK;
}

nai_status nai_network_set_memory_limit(nai_network *net, int64_t bytes)
{
  NAI__TRY(nai__may_set(net));
  return nai__remember(net, set_limit(net, bytes));
}
