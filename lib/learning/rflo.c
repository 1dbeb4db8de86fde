/*
 * Random feedback local online learning (Murray 2019, eqs 1 to 6): the exact gradient without what
 * crosses from unit to unit, driven by random feedback from the outputs. Weights are still within a
 * trial here, so the sum over steps of learning signal times eligibility trace is taken in its
 * reverse form (backward.h).
 */
#include "backward.h"
#include "traces.h"

nai_status nai_rule_create_rflo(nai_rule **out, uint64_t seed)
{
  static const nai__parameter parameters[] = {NAI__UPDATE_EVERY};
  static const nai__rule_kind kind = {.name = "rflo",
                                      .parameter = parameters,
                                      .n_parameters = 1,
                                      .online = &nai__traces_direct,
                                      .costs = NAI__LEARNS_FROM_ACTIVITY,
                                      .attach = nai__feedback_direct,
                                      .estimate = nai__estimate_direct,
                                      .in_spans = 1,
                                      .units = NAI__UNITS_WITH_SLOPES,
                                      .released = 1};
  return nai__rule_create(out, &kind, seed);
}
