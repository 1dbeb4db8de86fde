/*
 * Feedback alignment (Lillicrap et al. 2016): errors go back through fixed random weights where
 * backpropagation has W^T, in feed-forward layers and through time. Direct feedback alignment
 * (Nokland 2016): from the outputs straight to every unit; through time it is RFLO by another name.
 */
#include "../base/error.h"
#include "backward.h"

/* --- layer by layer --------------------------------------------------------------------------- */

static nai_status attach(nai__learner *learner)
{
  NAI__TRY(nai__feedback_weights(learner, 0));
  nai__learner_keep_fixed(learner);
  return NAI_OK;
}

nai_status nai_rule_create_feedback_alignment(nai_rule **out, uint64_t seed)
{
  static const nai__rule_kind kind = {.name = "feedback_alignment",
                                      .costs = NAI__LEARNS_FROM_ACTIVITY,
                                      .attach = attach,
                                      .memory = nai__feedback_memory,
                                      .estimate = nai__estimate_feedback,
                                      .in_spans = 1,
                                      .units = NAI__UNITS_WITH_SLOPES,
                                      .released = 1};
  return nai__rule_create(out, &kind, seed);
}

/* --- direct ----------------------------------------------------------------------------------- */

nai_status nai_rule_create_direct_feedback_alignment(nai_rule **out, uint64_t seed)
{
  static const nai__rule_kind kind = {.name = "direct_feedback_alignment",
                                      .costs = NAI__LEARNS_FROM_ACTIVITY,
                                      .attach = nai__feedback_direct_as_readout,
                                      .estimate = nai__estimate_direct,
                                      .in_spans = 1,
                                      .units = NAI__UNITS_WITH_SLOPES,
                                      .released = 1};
  return nai__rule_create(out, &kind, seed);
}
