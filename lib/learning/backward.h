/*
 * The walk back through time that many rules share. They differ in the way that errors take: which
 * matrix stands where W^T stands in backpropagation, or none; so each is a route. Transfer
 * functions, leaks, delays, stages, biases and initial states are the walk's own.
 *
 * With errors that come straight from the outputs to each unit and go no further, the walk is the
 * reverse form of a local rule: sum over t of l(t) p(t), p the eligibility trace, equals the sum of
 * (l filtered backwards) times what the trace filters forwards.
 */
#ifndef NAI_LEARNING_BACKWARD_H
#define NAI_LEARNING_BACKWARD_H

#include "rule.h"

typedef struct nai__route {
  /*
   * [n_blocks] packed as nai__block.backward is: what an error is multiplied with on its way back;
   * NULL for a block: none comes through it; NULL: through no block.
   */
  float *const *backward;
  float *const *direct; /* [n_stages] packed: from dJ/dz straight to the units; or NULL */
  int own;              /* 1: through a unit's synapse onto itself, nothing else between units */
  int64_t window;       /* errors stay within windows of so many steps; 0: the whole trial */
} nai__route;

/* Fills pass->gradient, and leaves dJ/dv as the route has it in pass->signal. */
void nai__walk_back(nai__pass *pass, const nai__route *route);

/*
 * Errors brought to the units and no further, by a route without ways from unit to unit: leaves
 * dJ/dr in pass->signal, and in pass->gradient the exact gradient of the readout, 0 elsewhere.
 */
void nai__collect_signals(nai__pass *pass, const nai__route *route);

/* For rules that have written dJ/dv and dJ/dz themselves: biases' gradient; 0 for initial states. */
void nai__bias_gradient(nai__pass *pass);

/* `estimate` of rules whose errors come by the learner's direct feedback, or by its feedback weights. */
nai_status nai__estimate_direct(nai__learner *learner, nai__pass *pass);
nai_status nai__estimate_feedback(nai__learner *learner, nai__pass *pass);

/*
 * The transposed weights of all blocks, or of those to outputs alone (for rules that are exact up
 * to the outputs), as a route's `backward`. Attached as the learner's `own`.
 */
nai_status nai__attach_transposed(nai__learner *learner);
nai_status nai__attach_transposed_readout(nai__learner *learner);
void nai__detach_transposed(nai__learner *learner);
static inline float *const *nai__transposed(const nai__learner *learner)
{
  float **backward = learner->own;
  for (int64_t k = 0; k < learner->net->n_blocks; k++) /* one weight may have become many since */
    if (backward[k]) backward[k] = learner->net->block[k].backward;
  return backward;
}

/* 1 when a block holds synapses of units onto themselves, from their first signal to their first port. */
static inline int nai__block_is_own(const nai__block *b)
{
  return !b->from_input && !b->to_output && b->from_stage == b->to_stage && !b->from_group &&
         !b->to_group;
}

/* Units that a block both comes from and goes to. */
static inline int64_t nai__own_first(const nai__block *b)
{
  return b->pre > b->post ? b->pre : b->post;
}

static inline int64_t nai__own_end(const nai__block *b)
{
  int64_t pre = b->pre + b->n_pre, post = b->post + b->n_post;
  return pre < post ? pre : post;
}

static inline float nai__own_weight(const nai_network *net, const nai__block *b, int64_t u)
{
  if (b->is_listed) {
    const int64_t e = nai__compressed_find(b->synapses, u - b->post, u - b->pre);
    return e < 0 ? 0 : net->theta[b->at.start + e];
  }
  return net->theta[b->at.start + (u - b->post) * b->at.stride + u - b->pre];
}

#endif
