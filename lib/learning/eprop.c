/*
 * e-prop (Bellec et al. 2020) for rate units: the eligibility trace follows the unit's own leak, and
 * the learning signal comes by the transposed readout weights (symmetric), by fixed random ones, or
 * by random ones that follow the readout (adaptive). Where outputs have a memory the paper filters the
 * trace by it once more; here the signal is filtered backwards, which gives the same sum
 * (output_memory.c). Random feedback makes it RFLO.
 */
#include "backward.h"
#include "traces.h"

#include "../base/error.h"

enum { UPDATE_EVERY, DECAY };
static const nai__parameter parameters[] = {
    [UPDATE_EVERY] = NAI__UPDATE_EVERY,
    [DECAY] = {"decay", "1", "adaptive: fraction that readout and feedback lose at each update",
               1e-4, 0, 1, 0}};

/* --- symmetric -------------------------------------------------------------------------------- */

static nai_status estimate_symmetric(nai__learner *learner, nai__pass *pass)
{
  nai__route route = {.backward = nai__transposed(learner)};
  nai__walk_back(pass, &route);
  return NAI_OK;
}

static const nai__rule_kind symmetric = {.name = "eprop_symmetric",
                                         .parameter = parameters,
                                         .n_parameters = 1,
                                         .online = &nai__traces_symmetric,
                                         .costs = NAI__LEARNS_FROM_ACTIVITY,
                                         .attach = nai__attach_transposed_readout,
                                         .detach = nai__detach_transposed,
                                         .estimate = estimate_symmetric,
                                         .in_spans = 1,
                                         .units = NAI__UNITS_WITH_SLOPES,
                                         .released = 1};

/* --- random ----------------------------------------------------------------------------------- */

static const nai__rule_kind random_feedback = {.name = "eprop_random",
                                               .parameter = parameters,
                                               .n_parameters = 1,
                                               .online = &nai__traces_direct,
                                               .costs = NAI__LEARNS_FROM_ACTIVITY,
                                               .attach = nai__feedback_direct,
                                               .estimate = nai__estimate_direct,
                                               .in_spans = 1,
                                               .units = NAI__UNITS_WITH_SLOPES,
                                               .released = 1};

/* --- adaptive --------------------------------------------------------------------------------- */

static nai_status attach_adaptive(nai__learner *learner)
{
  return nai__feedback_weights(learner, 1);
}

static void moved(nai__learner *learner, const nai__moved *now)
{
  nai__feedback_decay(learner, now->theta, now->before, learner->rule->number[DECAY]);
}

static void settled(nai__learner *learner, const nai__moved *now)
{
  nai__feedback_follow(learner, now->theta, now->before, learner->rule->number[DECAY]);
}

static const nai__rule_kind adaptive = {.name = "eprop_adaptive",
                                        .parameter = parameters,
                                        .n_parameters = 2,
                                        .online = &nai__traces_adaptive,
                                        .costs = NAI__LEARNS_FROM_ACTIVITY,
                                        .attach = attach_adaptive,
                                        .estimate = nai__estimate_feedback,
                                        .in_spans = 1,
                                        .units = NAI__UNITS_WITH_SLOPES,
                                        .released = 1,
                                        .moved = moved,
                                        .settled = settled};

nai_status nai_rule_create_eprop(nai_rule **out, int32_t feedback, uint64_t seed)
{
  static const nai__rule_kind *const kinds[] = {[NAI_FEEDBACK_SYMMETRIC] = &symmetric,
                                                [NAI_FEEDBACK_RANDOM] = &random_feedback,
                                                [NAI_FEEDBACK_ADAPTIVE] = &adaptive};
  NAI__REQUIRE(out);
  *out = NULL;
  if (feedback < 0 || feedback > NAI_FEEDBACK_ADAPTIVE)
    return nai__fail(NAI_ERR_INVALID,
                     "feedback is %d, must be NAI_FEEDBACK_SYMMETRIC, _RANDOM or "
                     "_ADAPTIVE",
                     (int)feedback);
  return nai__rule_create(out, kinds[feedback], seed);
}
