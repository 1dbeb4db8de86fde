/*
 * Loading a file of any bytes. What is loaded must run, and is saved and loaded again to the same
 * bytes.
 */
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  nai_network *net, *again;
  nai_state *state;
  target_write(target_path(0), data, size);
  if (nai_network_load(&net, target_path(0), NULL) != NAI_OK) {
    MUST(net == NULL && nai_last_error()[0]);
    return 0;
  }
  MUST(nai_network_save(net, target_path(1)) == NAI_OK);
  MUST(nai_network_load(&again, target_path(1), NULL) == NAI_OK);
  MUST(nai_network_save(again, target_path(2)) == NAI_OK);
  MUST(target_hash(target_path(1)) == target_hash(target_path(2)));
  MUST(nai_state_create(&state, again, 2, 1) == NAI_OK);
  for (int t = 0; t < 3; t++) MUST(nai_state_step(NULL, state, NULL) == NAI_OK);
  nai_state_destroy(state);
  nai_network_destroy(net);
  nai_network_destroy(again);
  return 0;
}
