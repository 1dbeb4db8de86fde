/*
 * Backpropagation through time: the exact gradient of the discrete equations, whole or truncated to
 * windows (Williams & Peng 1990; the form in which a window's errors stay within it).
 */
#include "backward.h"

#include "../base/error.h"

static nai_status estimate(nai__learner *learner, nai__pass *pass)
{
  nai__route route = {.backward = nai__transposed(learner),
                      .window = (int64_t)learner->rule->number[0]};
  nai__walk_back(pass, &route);
  return NAI_OK;
}

nai_status nai_rule_create_bptt(nai_rule **out)
{
  static const nai__rule_kind kind = {.name = "bptt",
                                      .costs = NAI__LEARNS_FROM_ACTIVITY | NAI__LEARNS_ERRORS,
                                      .attach = nai__attach_transposed,
                                      .detach = nai__detach_transposed,
                                      .estimate = estimate,
                                      .in_spans = 1,
                                      .units = NAI__UNITS_WITH_SLOPES,
                                      .released = 1};
  return nai__rule_create(out, &kind, 0);
}

nai_status nai_rule_create_truncated_bptt(nai_rule **out, int64_t steps)
{
  static const nai__parameter window[] = {
      {"steps", "steps", "length of the windows that errors stay in", 10, 1, 1e9, 1}};
  static const nai__rule_kind kind = {.name = "truncated_bptt",
                                      .parameter = window,
                                      .n_parameters = 1,
                                      .costs = NAI__LEARNS_FROM_ACTIVITY,
                                      .attach = nai__attach_transposed,
                                      .detach = nai__detach_transposed,
                                      .estimate = estimate,
                                      .in_spans = 1,
                                      .units = NAI__UNITS_WITH_SLOPES,
                                      .released = 1};
  NAI__REQUIRE(out);
  *out = NULL;
  NAI__TRY(nai__parameter_check(&window[0], (double)steps, NULL));
  NAI__TRY(nai__rule_create(out, &kind, 0));
  return nai_rule_set(*out, "steps", (double)steps);
}
