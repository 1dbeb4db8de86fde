/* Before weights that are alike and stay may differ, or learn: from then on each has a place of its own. */
#include "../base/error.h"
#include "../base/memory.h"
#include "network.h"

nai_status nai__unshare(nai_network *net, int64_t block)
{
  nai__block *b = &net->block[block];
  if (!b->is_shared) return NAI_OK;
  const int64_t forward = net->kernels->packed_size(b->n_pre, b->n_post),
                backward = b->from_input ? 0 : net->kernels->packed_size(b->n_post, b->n_pre);
  NAI__TRY(
      nai__memory_check(net, nai__layout_bytes(net) + 4 * (forward + backward), "the network"));
  float *there = NAI__ARRAY(float, forward),
        *back = b->from_input ? NULL : NAI__ARRAY(float, backward);
  if (!there || (!back && !b->from_input)) {
    nai__free(there);
    nai__free(back);
    return NAI_ERR_MEMORY;
  }
  nai__free(b->forward);
  nai__free(b->backward);
  b->forward = there;
  b->backward = back;
  b->is_shared = 0;
  nai__pack_block(net, block);
  return NAI_OK;
}

nai_status nai__part_weights(nai_network *net, const nai__projection *p)
{
  NAI__TRY(nai__unshare(net, p->block));
  for (int64_t k = 0; k < p->n_parts; k++) {
    nai__fans *fans = net->block[p->block + k].listing.fans;
    if (fans && !nai__fans_part(fans)) return NAI_ERR_MEMORY;
  }
  return NAI_OK;
}

nai_status nai__make_learnable(nai_network *net, const nai__projection *p)
{
  NAI__TRY(nai__whole_check(net, "a projection that learns"));
  NAI__TRY(nai__unshare(net, p->block));
  for (int64_t k = 0; k < p->n_parts; k++) {
    nai__block *b = &net->block[p->block + k];
    nai__listing listing = {NULL, NULL, NULL, NULL};
    if (!b->listing.fans) continue;
    if (!nai__fans_part(b->listing.fans)) return NAI_ERR_MEMORY;
    nai__pack_block(net, p->block + k);
    if (b->listing.forward) continue;
    nai_status status = nai__list_both(&listing, net, b, b->synapses);
    if (status != NAI_OK) {
      nai__listing_destroy(&listing);
      return status;
    }
    listing.fans = b->listing.fans;
    b->listing = listing;
    nai__pack_block(net, p->block + k);
  }
  return NAI_OK;
}
