/*
 * FORCE (Sussillo & Abbott 2009): the readout learns by recursive least squares at every step or
 * every few, so fast that the network always gets back an output that is nearly right.
 *
 * Outputs are no source of projections: what is to be fed back is a population that is the output, a
 * linear one without memory, each unit of which drives a channel of its own with a fixed weight of
 * 1, without delay. Its weights learn by the channel's error.
 */
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../network/row.h"
#include "least_squares.h"

enum { LAMBDA, UPDATE_EVERY, PARAMETERS };

static const nai__parameter parameters[PARAMETERS] = {
    [LAMBDA] = {"lambda", "1", "P starts as I / lambda, when a trainer is made", 1, 1e-9, 1e9, 0},
    [UPDATE_EVERY] = {"update_every", "steps", "steps between updates", 1, 1, 1e9, 1},
};

typedef struct force {
  nai__least_squares *squares;
  int64_t *channel; /* [n_units] the output channel that a unit is; -1: none */
} force;

/* --- populations that are outputs ------------------------------------------------------------- */

static int is_linear(const nai_network *net, int64_t u)
{
  for (int64_t i = 0; i < net->n_segments; i++) {
    const nai__segment *g = &net->segment[i];
    int64_t at = u - g->offset;
    if (at < 0 || at >= g->units.n) continue;
    if (g->cells) return 0;
    return g->units.transfer == NAI_TRANSFER_LINEAR && g->units.alpha[at] == 1 &&
           (!g->units.gain || g->units.gain[at] == 1);
  }
  return 0;
}

/* Fixed synapses of weight 0, which np.eye() makes, are none. */
static int counts(const nai_network *net, int64_t at)
{
  return net->exists[at] != 0 && (net->plastic[at] != 0 || net->theta[at] != 0);
}

/* The weight of the synapse from a unit to a channel; `n` counts those that there are. */
static const float *synapse(const nai_network *net, const nai__block *b, int64_t unit,
                            int64_t channel, int *n)
{
  if (!b->to_output || channel < b->post || channel >= b->post + b->n_post) return NULL;
  if (unit < b->pre || unit >= b->pre + b->n_pre) return NULL;
  const nai__strip strip = nai__strip_of(b, channel - b->post);
  const int64_t pre = unit - b->pre, e = strip.sender ? nai__strip_from(&strip, pre) : pre;
  if (strip.sender && (e == strip.n || strip.sender[e] != pre)) return NULL;
  const int64_t at = strip.at + e;
  if (!counts(net, at)) return NULL;
  ++*n;
  return net->plastic[at] == 0 && b->delay == 0 ? &net->theta[at] : NULL;
}

static int synapses_onto(const nai_network *net, int64_t channel)
{
  int n = 0;
  for (int64_t k = 0; k < net->n_blocks; k++) {
    const nai__block *b = &net->block[k];
    if (!b->to_output || channel < b->post || channel >= b->post + b->n_post) continue;
    const nai__strip strip = nai__strip_of(b, channel - b->post);
    for (int64_t e = 0; e < strip.n; e++) n += counts(net, strip.at + e);
  }
  return n;
}

/* The channel that unit `u` is; -1: none. */
static int64_t channel_of(const nai_network *net, int64_t u)
{
  int64_t found = -1;
  int n = 0;
  if (!is_linear(net, u)) return -1;
  for (int64_t k = 0; k < net->n_blocks; k++)
    for (int64_t o = 0; o < net->n_outputs; o++) {
      const float *w = synapse(net, &net->block[k], u, o, &n);
      if (w && *w == 1 && synapses_onto(net, o) == 1) found = o;
    }
  return n == 1 ? found : -1;
}

/* --- at work ---------------------------------------------------------------------------------- */

/* For the first time, or anew. */
static nai_status find_squares(nai__learner *learner, force *f, int64_t *channel, char *learns)
{
  const nai_network *net = learner->net;
  for (int64_t u = 0; u < net->n_units; u++) {
    channel[u] = channel_of(net, u);
    learns[u] = channel[u] >= 0;
  }
  memset(learns + net->n_units, 1, (size_t)net->n_outputs);
  const nai__fit_request request = {learns, learns + net->n_units, 1,
                                    learner->rule->number[LAMBDA]};
  if (f->squares) return nai__least_squares_renew(&f->squares, learner, &request);
  return nai__least_squares_create(&f->squares, learner, &request);
}

static nai_status find(nai__learner *learner, force *f)
{
  const nai_network *net = learner->net;
  int64_t *channel = NAI__ARRAY(int64_t, net->n_units);
  char *learns = NAI__ARRAY(char, net->n_units + net->n_outputs);
  nai_status status = NAI_ERR_MEMORY;
  if (channel && learns) status = find_squares(learner, f, channel, learns);
  nai__free(learns);
  if (status != NAI_OK) {
    nai__free(channel);
    return status;
  }
  nai__free(f->channel);
  f->channel = channel;
  return NAI_OK;
}

static nai_status attach(nai__learner *learner)
{
  force *f = learner->own = NAI__NEW(force);
  if (!f) return NAI_ERR_MEMORY;
  NAI__TRY(find(learner, f));
  if (f->squares->n_learners) return NAI_OK;
  return nai__fail(NAI_ERR_UNSUPPORTED,
                   "rule 'force' has nothing to learn: there is no plastic synapse onto an output, "
                   "nor onto a linear population without memory that is one");
}

static nai_status fit(nai__learner *learner)
{
  force *f = learner->own;
  return f->squares->changes == learner->net->changes ? NAI_OK : find(learner, f);
}

static void detach(nai__learner *learner)
{
  force *f = learner->own;
  if (!f) return;
  nai__least_squares_destroy(f->squares);
  nai__free(f->channel);
  nai__free(f);
}

/* --- step by step ----------------------------------------------------------------------------- */

static nai_status step(nai__online *online)
{
  const nai__learner *learner = online->learner;
  const nai_network *net = learner->net;
  const force *f = learner->own;
  nai__least_squares *squares = f->squares;
  if (!online->target || online->t % (int64_t)learner->rule->number[UPDATE_EVERY]) return NAI_OK;
  nai__least_squares_outputs(squares, online);
  for (int64_t u = 0; u < net->n_units; u++)
    if (f->channel[u] >= 0) squares->unit_error[u] = squares->output_error[f->channel[u]];
  nai__least_squares_step(squares, online);
  return NAI_OK;
}

/* P is of what senders send, not of a part of it. */
static int wants_whole(const nai__online *online, int64_t block)
{
  const force *f = online->learner->own;
  return f->squares->moves[block];
}

nai_status nai_rule_create_force(nai_rule **out)
{
  static const nai__online_ops online = {
      .step = step, .moves_weights = 1, .needs_targets = 1, .wants_whole = wants_whole};
  static const nai__rule_kind kind = {.name = "force",
                                      .parameter = parameters,
                                      .n_parameters =
                                          NAI__AT_MOST(PARAMETERS, NAI__MOST_RULE_PARAMETERS),
                                      .costs = NAI__LEARNS_OUTPUTS,
                                      .units = NAI__ALL_UNITS,
                                      .attach = attach,
                                      .detach = detach,
                                      .fit = fit,
                                      .estimate = nai__least_squares_estimate,
                                      .online = &online};
  return nai__rule_create(out, &kind, 0);
}
