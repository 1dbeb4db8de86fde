/*
 * Kolen-Pollack learning (Akrout et al. 2019, eqs 16 and 17): feedback alignment whose feedback
 * weights make the same moves as the weights that they stand in for, and decay with them, so that
 * they become their transpose.
 */
#include "backward.h"

#include "../base/error.h"

enum { DECAY };
static const nai__parameter parameters[] = {
    [DECAY] = {"decay", "1", "fraction that both weights lose at each update", 0, 0, 1, 0}};

static nai_status attach(nai__learner *learner)
{
  return nai__feedback_weights(learner, 0);
}

static void moved(nai__learner *learner, const nai__moved *now)
{
  nai__feedback_decay(learner, now->theta, now->before, learner->rule->number[DECAY]);
}

static void settled(nai__learner *learner, const nai__moved *now)
{
  nai__feedback_follow(learner, now->theta, now->before, learner->rule->number[DECAY]);
}

nai_status nai_rule_create_kolen_pollack(nai_rule **out, double decay, uint64_t seed)
{
  static const nai__rule_kind kind = {.name = "kolen_pollack",
                                      .parameter = parameters,
                                      .n_parameters = 1,
                                      .costs = NAI__LEARNS_FROM_ACTIVITY,
                                      .attach = attach,
                                      .memory = nai__feedback_memory,
                                      .estimate = nai__estimate_feedback,
                                      .in_spans = 1,
                                      .units = NAI__UNITS_WITH_SLOPES,
                                      .released = 1,
                                      .moved = moved,
                                      .settled = settled};
  NAI__REQUIRE(out);
  *out = NULL;
  NAI__TRY(nai__parameter_check(&parameters[DECAY], decay, NULL));
  NAI__TRY(nai__rule_create(out, &kind, seed));
  return nai_rule_set(*out, "decay", decay);
}
