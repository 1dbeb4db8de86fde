/*
 * Feedback weights: how errors reach units where a rule does not send them back through the
 * transposed weights. Direct ones go from the outputs to every unit (RFLO, direct feedback
 * alignment, e-prop); the others stand in for the weights of each projection (feedback alignment).
 */
#ifndef NAI_LEARNING_FEEDBACK_H
#define NAI_LEARNING_FEEDBACK_H

#include <neuroai/rule.h>

#include "../network/network.h"

struct nai__learner;

typedef struct nai__feedback {
  float *direct;        /* [n_outputs][ld_units], or NULL */
  float **stage_packed; /* [n_stages] of it: what a stage's units get */
  /*
   * [n_blocks] beside it: W^T of frozen readouts of other signals than first ones, which are there to put
   * them into a cost; NULL for all other blocks. The network's, or, of a matrix in which others stand
   * too, that of `apart`: such a matrix with 0 in place of the others; NULL for all other blocks.
   */
  float **exact, **apart;
  float **room, **room_apart; /* [n_blocks] for these two, where they may be needed; else NULL */
  int64_t n_exact;            /* blocks that there are in `exact` */
  int64_t changes;            /* of the network: which readouts these are was found after so many */
  float *weight;  /* as theta is laid out, so [post][pre]; only between units and to outputs */
  float **packed; /* [n_blocks] of it, as nai__block.backward; NULL from inputs */
  int64_t *laid; /* [n_blocks] how `packed` is laid out: a list of spiking senders that begins to */
                 /* learn is read in another order */
  int64_t removals; /* of the network: so many have been taken out of `weight` */
} nai__feedback;

/*
 * Random direct feedback: normal, of mean 0 and variance 1/n_outputs, so that a unit's signal is as
 * large as the errors of the outputs are (Murray 2019, as in its program). It does not start small
 * where the readout does: costs on rates would drown it.
 */
nai_status nai__feedback_direct(struct nai__learner *learner);
/*
 * With the mean square of the readout weights instead (or of variance 1/n_outputs where these are
 * all 0): errors arrive as large as by way of them, layer by layer.
 */
nai_status nai__feedback_direct_as_readout(struct nai__learner *learner);
/*
 * Random weights for every synapse between units and to outputs, or to outputs alone: normal, of
 * mean 0, with the mean square of the projection's own weights (or of variance 1/n_pre where these
 * are all 0); 0 where no synapse exists.
 */
nai_status nai__feedback_weights(struct nai__learner *learner, int only_outputs);
/*
 * The feedback weights go the way of those that they stand in for, and both decay (Kolen & Pollack
 * 1994; Akrout et al. 2019, eqs 16, 17): W - B^T shrinks by 1 - decay at each update. The weights
 * decay before the constraints; the feedback follows after them, so that it makes the moves that
 * constraints have left. theta: as it is then, `before`: before the optimiser.
 */
void nai__feedback_decay(const struct nai__learner *learner, float *theta, const float *before,
                         double decay);
void nai__feedback_follow(struct nai__learner *learner, const float *theta, const float *before,
                          double decay);
/*
 * Random feedback reaches first signals. What reads another one, and stays, says what it does itself:
 * 1 for such a projection, whose errors go back by its own weights.
 */
int nai__feedback_is_exact(const nai_network *net, const nai__projection *p);
/* Makes room in `packed` as it is read now; before nai__feedback_renew(), which then fills it. */
nai_status nai__feedback_fit(nai__feedback *feedback, const nai_network *net);
/*
 * Before a batch or a trial, as synapses may have been removed and weights set since, or readouts frozen
 * or made plastic: feedback weights of absent synapses are 0, those that are exact are the weights as they
 * are, and what stands in one matrix with others is copied anew.
 */
void nai__feedback_renew(nai__feedback *feedback, const nai_network *net);
/* Bytes of packed copies of such weights: `memory` of a rule. */
int64_t nai__feedback_memory(const nai_rule *rule, const nai_network *net, int64_t trials,
                             int64_t threads);
/* The packed copies that products read, made anew. */
void nai__feedback_pack(nai__feedback *feedback, const nai_network *net);
void nai__feedback_destroy(nai__feedback *feedback, const nai_network *net);

/*
 * One feedback matrix: onto population `from` from the outputs when `to` is NULL, or in place of
 * the transposed weights of the projection. A column of it is a unit of `from`.
 */
typedef struct nai__feedback_matrix {
  float *array;
  nai__rectangle at;
  const uint8_t *exists; /* laid out as the array; NULL: all of them */
  int is_exact;          /* 1: they are those of the projection */
} nai__feedback_matrix;

nai_status nai__feedback_find(nai__feedback_matrix *out, const struct nai__learner *learner,
                              const char *from, const char *to);

#endif
