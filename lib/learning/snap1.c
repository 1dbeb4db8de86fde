/*
 * SnAp-1 (Menick et al. 2021): of how weights influence units, only that of a weight on its own
 * postsynaptic unit is kept, with all of that unit's own memory: its leak, and its synapse onto
 * itself. Errors come by the transposed readout weights.
 */
#include "backward.h"

static nai_status estimate(nai__learner *learner, nai__pass *pass)
{
  nai__route route = {.backward = nai__transposed(learner), .own = 1};
  nai__walk_back(pass, &route);
  return NAI_OK;
}

nai_status nai_rule_create_snap1(nai_rule **out)
{
  static const nai__rule_kind kind = {.name = "snap1",
                                      .costs = NAI__LEARNS_FROM_ACTIVITY,
                                      .attach = nai__attach_transposed_readout,
                                      .detach = nai__detach_transposed,
                                      .estimate = estimate,
                                      .in_spans = 1,
                                      .units = NAI__UNITS_WITH_SLOPES,
                                      .released = 1};
  return nai__rule_create(out, &kind, 0);
}
