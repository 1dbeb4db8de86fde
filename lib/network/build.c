/* Building: from what was said of a network to its arrays. */
#include "../base/error.h"
#include "network.h"

static nai_status build(nai_network *net, uint64_t seed)
{
  net->seed = seed;
  NAI__TRY(nai__shared_check(net));
  NAI__TRY(nai__place(net)); /* how synapses are stored follows from distances, too */
  NAI__TRY(nai__layout_plan(net));
  NAI__TRY(nai__ranks_check(net));
  NAI__TRY(nai__memory_check(net, nai__layout_bytes(net) + nai__draw_bytes(net), "the network"));
  NAI__TRY(nai__wire_listed(net));
  NAI__TRY(nai__split_delays(net));
  NAI__TRY(nai__layout(net, 1));
  NAI__TRY(nai__wire(net));
  nai__numbers_refresh(net);
  NAI__TRY(nai__cells_refresh(net));
  NAI__TRY(nai__initial_weights(net));
  for (int64_t i = 0; i < net->n_blocks; i++) nai__forget_wired(&net->block[i]);
  NAI__TRY(nai__project(net, NULL, NULL));
  NAI__TRY(nai__list_synapses(net));
  nai__pack(net);
  return NAI_OK;
}

nai_status nai__assembled(nai_network *net)
{
  nai__numbers_refresh(net);
  NAI__TRY(nai__cells_refresh(net));
  NAI__TRY(nai__place_ports(net));
  for (int64_t i = 0; i < net->n_projections; i++) nai__refresh_plastic(net, &net->projection[i]);
  nai__find_plastic(net);
  NAI__TRY(nai__shared_verify(net));
  NAI__TRY(nai__list_synapses(net));
  nai__pack(net);
  net->built = 1;
  return NAI_OK;
}

static nai_status build_by_threads(nai_network *net, uint64_t seed)
{
  NAI__TRY(nai__pool_create(&net->pool, net->threads));
  nai_status status = build(net, seed);
  nai__pool_destroy(net->pool);
  net->pool = NULL;
  return status;
}

nai_status nai_network_build(nai_network *net, uint64_t seed)
{
  NAI__TRY(nai__may_set(net));
  if (net->built) return nai__fail(NAI_ERR_ORDER, "the network is built already");
  nai__network_keep(net); /* a constraint's function may give it up */
  nai_status status = nai__ranks_agree(net, seed, build_by_threads(net, seed));
  net->built = status == NAI_OK;
  if (status != NAI_OK) {
    nai__layout_destroy(net);
    status = nai__remember(net, status);
  }
  nai_network_destroy(net);
  return status;
}
