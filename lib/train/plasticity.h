/*
 * What moves weights: a rule at work on a network, an objective, the gradient between them, an
 * optimiser and its moments. A trainer has one, and the agents made of it learn by the same.
 * plasticity.c: its memory; finite.c: where NaN is; apply.c: from the gradient to new weights.
 */
#ifndef NAI_TRAIN_PLASTICITY_H
#define NAI_TRAIN_PLASTICITY_H

#include <neuroai/trainer.h>

#include "../learning/optimizer/optimizer.h"
#include "costs.h"

/* Weights and moments as they were, to be put back when an update fails. */
typedef struct nai__past {
  float *theta;
  float *mean; /* or NULL */
  float *square;
  int64_t moves;
} nai__past;

typedef struct nai__plasticity {
  nai__busy busy; /* of the trainer, or of an agent that was made of it */
  /* Releases its trainer when the call that works on it has ended: a callback gave up the last reference. */
  void (*release)(nai_trainer *trainer);
  nai_trainer *trainer;
  nai_network *net;
  nai_rule *rule;
  nai__learner *learner; /* the rule at work */
  nai_optimizer *optimizer;
  nai__objective objective;
  float *gradient; /* these as theta is laid out */
  float *mean;     /* of the optimiser, or NULL */
  float *square;
  nai__past before; /* the last move */
  char *kept;       /* bytes of what the rule remembers, as it was; made when first asked for */
  size_t kept_room; /* so many of them; a rule may remember more from then on */
  double *factor; /* [n_projections], then [n_nodes] of biases: of the learning rate; NULL: all 1 */
  int64_t moves;  /* by the optimiser: more than updates where weights change within trials */
  double gradient_norm;
  int has_gradient;
  int are_ordinary; /* moments were looked at, and only a mean of gradients has come in since */
} nai__plasticity;

static inline double nai__projection_rate(const nai__plasticity *p, int64_t projection)
{
  return p->factor ? p->factor[projection] : 1;
}

static inline double nai__bias_rate(const nai__plasticity *p, int64_t node)
{
  return p->factor ? p->factor[p->net->n_projections + node] : 1;
}

/* --- plasticity.c ----------------------------------------------------------------------------- */

/* Keeps a reference to each. What a failure has made is released by nai__plasticity_close(). */
nai_status nai__plasticity_open(nai__plasticity *p, nai_network *net, nai_rule *rule,
                                nai_optimizer *optimizer, nai__watch watch);
void nai__plasticity_close(nai__plasticity *p);
/* Bytes that it takes, with its network and its rule at work on batches of so many trials. */
int64_t nai__plasticity_bytes(const nai__plasticity *p, int64_t trials, int64_t threads);

/* A call that works on it, and on its network: begun and ended, lent to a callback meanwhile. */
typedef struct nai__work {
  nai__plasticity *p;
  int before, net_before;
} nai__work;

nai_status nai__work_begin(nai__work *work, nai__plasticity *p, enum nai__doing doing);
/* Last of all: the trainer may be gone afterwards. */
void nai__work_end(const nai__work *work);
/*
 * What a callback may do from now on: to the trainer `doing`, to its network what another trainer
 * needs; NAI__NOTHING: no longer.
 */
void nai__work_lend(nai__plasticity *p, enum nai__doing doing);

nai_status nai__past_create(nai__past *out, const nai__plasticity *p);
void nai__past_destroy(nai__past *past);
void nai__past_take(nai__past *past, const nai__plasticity *p);
/* `n` numbers of theta and of moments from `first` on. */
void nai__past_take_part(nai__past *past, const nai__plasticity *p, int64_t first, int64_t n);
void nai__past_put_back(const nai__past *past, nai__plasticity *p);

/* Saves what the rule remembers, all that its learner keeps and changes; and puts it back. */
nai_status nai__kept_save(nai__plasticity *p);
void nai__kept_put_back(nai__plasticity *p);

/* --- slices.c --------------------------------------------------------------------------------- */

/* Slices that theta is cut into, by its size alone, for threads to share: at most so many. */
#define NAI__MOST_SLICES 64

int64_t nai__slices(const nai_network *net);
nai__stretch nai__slice(const nai_network *net, int64_t slice);
/* The first stretch of `net` that reaches beyond place `at` of theta; what two stretches that meet share. */
int64_t nai__stretch_beyond(const nai_network *net, int64_t at);
nai__stretch nai__stretch_common(nai__stretch one, nai__stretch other);
/* Runs work(argument, slice, thread) for each, on the pool, or without one here. */
void nai__share_slices(nai__pool *pool, const nai_network *net,
                       void (*work)(void *argument, int64_t slice, int32_t thread), void *argument);

/*
 * Packed copies of weights that learn: of rows that lie in a slice, NAI__PACK_ROWS at a time; and, after those of all
 * slices, of the others, and lists.
 */
void nai__pack_slice(nai_network *net, int64_t slice);
void nai__pack_rest(nai_network *net);

/* --- finite.c --------------------------------------------------------------------------------- */

/* Of a gradient that is 0 where nothing may learn. pool: or NULL, to be made here. */
double nai__norm(const float *gradient, const nai_network *net, nai__pool *pool);
/*
 * NAI_ERR_NONFINITE with a message that says where the first NaN or infinity is, and of which
 * update.
 */
nai_status nai__fail_nonfinite(const nai__plasticity *p, nai__batch *batch, int64_t update);

/* --- rates.c ---------------------------------------------------------------------------------- */

/* A move of all of theta, each projection and bias at its own learning rate; of `factor`. */
void nai__move_by_parts(const nai__plasticity *p, const nai__move *all);

/* --- apply.c ---------------------------------------------------------------------------------- */

/*
 * Clears the gradient of what is not plastic, and takes its norm. 0: it is not finite. Here and below:
 * shared out on the pool, if there is one.
 */
int nai__plasticity_measure(nai__plasticity *p, nai__pool *pool);
/*
 * From the gradient that is there to new weights: clipping (0: off), the optimiser, the rule's own
 * moves, constraints. A failure leaves weights and moments as they were, and names the update.
 */
nai_status nai__plasticity_apply(nai__plasticity *p, nai__pool *pool, double clip, int64_t update);

#endif
