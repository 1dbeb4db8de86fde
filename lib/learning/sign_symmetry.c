/*
 * Sign symmetry (Liao, Leibo & Poggio 2016): errors go back through weights that share the sign of
 * W^T and not its size: all of one size, of random sizes drawn anew for each batch, or of random
 * sizes drawn once.
 */
#include "backward.h"

#include <math.h>

#include "../base/error.h"
#include "../base/philox.h"

/*
 * Sizes are absolute values of normals (so that signs agree), or 1, times sqrt(2 / (n_pre +
 * n_post)), which keeps errors as large as in Xavier's start.
 */
static void redraw(nai__learner *learner, int64_t draw)
{
  const nai_network *net = learner->net;
  int32_t form = (int32_t)learner->rule->number[0];
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    if (net->node[p->from].kind != NAI_POPULATIONS) continue;
    nai_synapses s = nai__synapses(net, p, learner->feedback.weight, NULL);
    double size = sqrt(2 / (double)(s.n_pre + s.n_post));
    nai__stream stream =
        nai__stream_open(nai__seed_derive(learner->rule->seed, NAI__FOR_FEEDBACK, (uint64_t)k),
                         NAI__FOR_FEEDBACK, (uint64_t)draw, 2);
    for (int64_t i = 0; i < s.n_post; i++)
      for (int64_t j = 0; j < s.n_pre; j++) {
        float w = s.weight[i * s.stride + j];
        double m = form == NAI_SIGN_UNIFORM ? 1 : fabs(nai__stream_normal(&stream));
        s.gradient[i * s.stride + j] = (float)(size * m * ((w > 0) - (w < 0)));
      }
  }
  nai__feedback_pack(&learner->feedback, net);
}

static nai_status attach(nai__learner *learner)
{
  NAI__TRY(nai__feedback_weights(learner, 0));
  redraw(learner, 0);
  return NAI_OK;
}

static nai_status estimate(nai__learner *learner, nai__pass *pass)
{
  redraw(learner, (int32_t)learner->rule->number[0] == NAI_SIGN_BATCH ? pass->update : 0);
  return nai__estimate_feedback(learner, pass);
}

nai_status nai_rule_create_sign_symmetry(nai_rule **out, int32_t form, uint64_t seed)
{
  static const nai__parameter parameters[] = {
      {"form", "1", "NAI_SIGN_UNIFORM, _BATCH or _FIXED", 0, 0, NAI_SIGN_FIXED, 1}};
  static const nai__rule_kind kind = {.name = "sign_symmetry",
                                      .parameter = parameters,
                                      .n_parameters = 1,
                                      .makes_feedback = 1,
                                      .costs = NAI__LEARNS_FROM_ACTIVITY,
                                      .attach = attach,
                                      .estimate = estimate};
  NAI__REQUIRE(out);
  *out = NULL;
  NAI__TRY(nai__parameter_check(&parameters[0], form));
  NAI__TRY(nai__rule_create(out, &kind, seed));
  return nai_rule_set(*out, "form", form);
}
