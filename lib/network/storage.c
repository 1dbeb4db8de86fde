/*
 * How the synapses of a projection are stored: as a matrix, in which absent ones have a place, too, or
 * as a list of those that were wired. It follows from what was said of the network alone.
 */
#include <math.h>

#include "../base/error.h"
#include "network.h"

/* Small networks are matrices throughout: what a matrix can do, and lists cannot, costs them little. */
#define LARGE_NETWORK ((int64_t)1 << 26)
#define LARGE_PROJECTION ((int64_t)1 << 18)
#define MOST_DENSE 0.1

/* -1: not known. */
static double expected(const nai_network *net, const nai__projection *p)
{
  const nai__pairs pairs = {.n_post = p->n_post,
                            .n_pre = p->n_pre,
                            .diagonal = p->from != p->to || p->autapses,
                            .post_position = nai__onto_position(net, p),
                            .pre_position = net->node[p->from].position};
  double synapses = (double)p->n_post * (double)p->n_pre;
  if (!pairs.diagonal) synapses -= (double)p->n_post;
  for (int64_t c = 0; c < p->n_constraints; c++) {
    const nai_constraint *constraint = p->constraint[c];
    if (!constraint->ops.wire) continue;
    if (!constraint->expected || !constraint->expected(&synapses, constraint, &pairs)) return -1;
  }
  return synapses;
}

int64_t nai__expected_synapses(const nai_network *net, const nai__projection *p)
{
  const double synapses = expected(net, p);
  const nai__portion mine = nai__mine(net, &net->node[p->to]);
  const double share = (double)(mine.end - mine.first) / (double)net->node[p->to].n;
  return (int64_t)(share *
                   (synapses < 0 ? MOST_DENSE * (double)p->n_post * (double)p->n_pre : synapses));
}

int64_t nai__margin(int64_t mean)
{
  return (int64_t)ceil(5 * sqrt((double)mean));
}

void nai__widen(nai_network *plan)
{
  for (int64_t i = 0; i < plan->n_blocks; i++) {
    nai__block *b = &plan->block[i];
    if (!b->is_listed) continue;
    const int64_t more = nai__margin(b->at.columns);
    b->at.columns += more;
    plan->n_theta += more;
  }
}

/*
 * Masks, lists and distances leave whatever they leave: of two of them nobody knows how many pairs both
 * have. What is drawn after something else was may be fewer than is expected.
 */
nai__bounds nai__synapse_bounds(const nai_network *net, const nai__projection *p)
{
  const int diagonal = p->from != p->to || p->autapses;
  const int64_t pairs = p->n_post * p->n_pre - (diagonal ? 0 : p->n_post);
  const double synapses = expected(net, p);
  int wired = 0, uneven = 0;
  for (int64_t c = 0; c < p->n_constraints; c++) {
    if (!p->constraint[c]->ops.wire) continue;
    wired++;
    uneven += !p->constraint[c]->is_even;
  }
  if (synapses < 0 || uneven > 1) return (nai__bounds){.most = pairs};
  const int64_t mean = (int64_t)synapses, margin = wired ? nai__margin(mean) + 1 : 0;
  return (nai__bounds){.most = mean < pairs - margin ? mean + margin : pairs,
                       .least = wired > 1 || mean < margin ? 0 : mean - margin,
                       .density = uneven || pairs == 0 ? 0 : synapses / (double)pairs};
}

static int is_sparse(const nai_network *net, const nai__projection *p)
{
  const double pairs = (double)p->n_post * (double)p->n_pre, synapses = expected(net, p);
  return pairs >= (double)LARGE_PROJECTION && synapses >= 0 && synapses <= MOST_DENSE * pairs;
}

/*
 * Spikes onto weights that stay: of a list only the events are gone through, whatever the density. What learns
 * needs the other lists as well. Ranks share nothing else.
 */
static int goes_by_events(const nai_network *net, const nai__projection *p)
{
  return nai__spikes(&net->node[p->from]) && !p->signal && p->release < 0 && !p->plastic &&
         !nai__is_projected(p) && !nai__can_share(p) &&
         (net->exchange || p->n_post * p->n_pre >= LARGE_PROJECTION);
}

/* What a pair has of several synapses is kept with lists alone, and is a sum of draws. */
static nai_status check_multapses(const nai_network *net, const nai__projection *p)
{
  if (!nai__multapses(p)) return NAI_OK;
  const char *from = nai__source_name(net, p), *to = nai__target_name(net, p);
  if (nai__multapses(p) > 1)
    return nai__fail(NAI_ERR_INVALID,
                     "two constraints draw several synapses of a pair from '%s' to '%s': one may",
                     from, to);
  if (p->storage == NAI_STORAGE_DENSE)
    return nai__fail(NAI_ERR_INVALID,
                     "pairs of units from '%s' to '%s' may have several synapses, so they are "
                     "listed: their storage cannot be dense",
                     from, to);
  if (p->weights == NAI_WEIGHTS_ORTHOGONAL || p->weights == NAI_WEIGHTS_IDENTITY)
    return nai__fail(NAI_ERR_INVALID,
                     "pairs of units from '%s' to '%s' may have several synapses, so initial "
                     "weights cannot be %s",
                     from, to, p->weights == NAI_WEIGHTS_IDENTITY ? "an identity" : "orthogonal");
  return NAI_OK;
}

nai_status nai__choose_storage(nai_network *net)
{
  double pairs = 0;
  for (int64_t i = 0; i < net->n_projections; i++)
    pairs += (double)net->projection[i].n_post * (double)net->projection[i].n_pre;
  for (int64_t i = 0; i < net->n_projections; i++) {
    nai__projection *p = &net->projection[i];
    p->is_listed = p->storage == NAI_STORAGE_LISTED;
    if (p->storage == NAI_STORAGE_CHOSEN)
      p->is_listed =
          (pairs >= (double)LARGE_NETWORK && is_sparse(net, p)) || goes_by_events(net, p);
    if (p->spread && p->storage == NAI_STORAGE_DENSE)
      return nai__fail(NAI_ERR_INVALID,
                       "the delays of synapses from '%s' to '%s' differ, so they are listed: their "
                       "storage cannot be dense",
                       nai__source_name(net, p), nai__target_name(net, p));
    NAI__TRY(check_multapses(net, p));
    if (p->spread || nai__multapses(p)) p->is_listed = 1;
    nai__choose_shared(p);
  }
  return NAI_OK;
}
