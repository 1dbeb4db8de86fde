/*
 * Sign symmetry (Liao, Leibo & Poggio 2016): errors go back through weights that share the sign of
 * W^T and not its size: all of one size, of random sizes drawn anew for each batch, or of random
 * sizes drawn once.
 */
#include "backward.h"

#include <math.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/random.h"

/* Sizes, and what they were drawn for. */
typedef struct sizes {
  float *size; /* as theta is laid out */
  int32_t form;
  int64_t draw;
} sizes;

/*
 * Absolute values of normals (so that signs agree), or 1, times sqrt(2 / (n_pre + n_post)), which
 * keeps errors as large as in Xavier's start.
 */
static void draw_projection(const nai__learner *learner, int64_t k)
{
  const sizes *own = learner->own;
  const nai__projection *p = &learner->net->projection[k];
  const nai__rectangle *at = &p->at;
  double scale = sqrt(2 / (double)(p->n_pre + p->n_post));
  nai__stream stream =
      nai__stream_open(nai__seed_derive(learner->rule->seed, NAI__FOR_FEEDBACK, (uint64_t)k),
                       NAI__FOR_FEEDBACK, (uint64_t)own->draw, 2);
  int exact = nai__feedback_is_exact(learner->net, p);
  for (int64_t i = 0; i < at->rows; i++)
    for (int64_t j = 0; j < at->columns; j++) {
      int64_t place = nai__place_in(at, i, j);
      double size = scale * (own->form == NAI_SIGN_UNIFORM ? 1 : fabs(nai__stream_normal(&stream)));
      own->size[place] = exact ? fabsf(learner->net->theta[place]) : (float)size;
    }
}

/* Sizes for the batch of this update. */
static void draw(nai__learner *learner, int64_t update)
{
  sizes *own = learner->own;
  int32_t form = (int32_t)learner->rule->number[0];
  if (form != NAI_SIGN_BATCH) update = 0;
  if (own->form == form && own->draw == update) return;
  own->form = form;
  own->draw = update;
  for (int64_t k = 0; k < learner->net->n_projections; k++) draw_projection(learner, k);
}

/* Signs as the weights have them now. */
static void refresh(nai__learner *learner, int64_t update)
{
  const nai_network *net = learner->net;
  const sizes *own = learner->own;
  draw(learner, update);
  for (int64_t k = 0; k < net->n_blocks; k++) {
    const nai__block *b = &net->block[k];
    if (!learner->feedback.packed[k]) continue;
    for (int64_t i = b->at.start; i < b->at.start + b->at.rows * b->at.stride; i++)
      learner->feedback.weight[i] =
          own->size[i] * (float)((net->theta[i] > 0) - (net->theta[i] < 0));
  }
  nai__feedback_pack(&learner->feedback, net);
}

static void detach(nai__learner *learner)
{
  sizes *own = learner->own;
  if (own) nai__free(own->size);
  nai__free(own);
}

static int64_t memory(const nai_rule *rule, const nai_network *net, int64_t trials, int64_t threads)
{
  return nai__feedback_memory(rule, net, trials, threads) + net->n_theta * (int64_t)sizeof(float);
}

static nai_status attach(nai__learner *learner)
{
  NAI__TRY(nai__feedback_weights(learner, 0));
  sizes *own = learner->own = NAI__NEW(sizes);
  if (!own) return NAI_ERR_MEMORY;
  own->size = NAI__ARRAY(float, learner->net->n_theta);
  if (!own->size) return NAI_ERR_MEMORY;
  own->form = -1;
  refresh(learner, 0);
  return NAI_OK;
}

/* The weights may have been set since the last update. */
static nai_status estimate(nai__learner *learner, nai__pass *pass)
{
  refresh(learner, pass->update);
  return nai__estimate_feedback(learner, pass);
}

static void settled(nai__learner *learner, const nai__moved *now)
{
  refresh(learner, now->update + 1);
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
                                      .memory = memory,
                                      .detach = detach,
                                      .estimate = estimate,
                                      .in_spans = 1,
                                      .units = NAI__UNITS_WITH_SLOPES,
                                      .released = 1,
                                      .settled = settled};
  NAI__REQUIRE(out);
  *out = NULL;
  NAI__TRY(nai__parameter_check(&parameters[0], form, NULL));
  NAI__TRY(nai__rule_create(out, &kind, seed));
  return nai_rule_set(*out, "form", form);
}
