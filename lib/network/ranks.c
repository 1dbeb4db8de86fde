/* What ranks can share of a network, and what they tell each other at the end of its build. */
#include <stdio.h>
#include <string.h>

#include "../base/error.h"
#include "../base/index.h"
#include "../base/memory.h"
#include "network.h"

nai_status nai_network_set_exchange(nai_network *net, nai_exchange *exchange)
{
  NAI__TRY(nai__may_compose(net));
  NAI__REQUIRE(exchange);
  nai__exchange_keep(exchange);
  nai_exchange_destroy(net->exchange);
  net->exchange = exchange;
  return NAI_OK;
}

/* --- what can be shared ----------------------------------------------------------------------- */

static nai_status check_population(const nai__node *node)
{
  if (nai__spikes(node) && nai__cells_part(node->cells)) return NAI_OK;
  return nai__fail(
      NAI_ERR_UNSUPPORTED,
      "ranks cannot share '%s' of model '%s': they share populations that spike, of models with "
      "NAI_MODEL_THREADED and without sizes",
      node->name, node->cells ? node->cells->model->ops.name : "rate");
}

/* Why synapses between populations cannot be shared; NULL. */
static const char *hindrance_of(const nai__projection *p)
{
  if (p->plastic) return "is plastic: freeze it";
  if (p->release >= 0) return "has short-term plasticity";
  if (p->signal) return "does not carry spikes";
  if (nai__is_projected(p)) return "has constraints that move weights";
  if (!p->is_listed && !p->is_shared)
    return "is stored as a matrix: leave its storage to the library";
  switch (p->weights) {
  case NAI_WEIGHTS_DEFAULT:
  case NAI_WEIGHTS_STRONG_WEAK:
  case NAI_WEIGHTS_ORTHOGONAL:
  case NAI_WEIGHTS_IDENTITY:
    return "has initial weights that depend on each other: tell how to draw them";
  default: return NULL;
  }
}

static nai_status check_projection(const nai_network *net, const nai__projection *p)
{
  const nai__node *from = &net->node[p->from], *to = &net->node[p->to];
  if (from->kind != NAI_POPULATIONS || to->kind != NAI_POPULATIONS) return NAI_OK;
  const char *why = hindrance_of(p);
  if (!why) return NAI_OK;
  return nai__fail(NAI_ERR_UNSUPPORTED,
                   "ranks cannot share the projection from '%s' to '%s', which %s",
                   nai__source_name(net, p), nai__target_name(net, p), why);
}

nai_status nai__ranks_check(const nai_network *net)
{
  if (!net->exchange) return NAI_OK;
  if (net->radius_names)
    return nai__fail(
        NAI_ERR_UNSUPPORTED,
        "ranks cannot share a network with a spectral radius, which needs all of its weights");
  for (int64_t i = 0; i < net->n_nodes; i++) {
    if (net->node[i].kind != NAI_POPULATIONS) continue;
    NAI__TRY(check_population(&net->node[i]));
    if (net->balance[i] > 0)
      return nai__fail(NAI_ERR_UNSUPPORTED,
                       "ranks cannot share a network with balanced weights onto '%s'",
                       net->node[i].name);
  }
  for (int64_t i = 0; i < net->n_projections; i++)
    NAI__TRY(check_projection(net, &net->projection[i]));
  return NAI_OK;
}

nai_status nai__whole_check(const nai_network *net, const char *what)
{
  if (!nai__is_shared_out(net)) return NAI_OK;
  return nai__fail(
      NAI_ERR_UNSUPPORTED,
      "%s needs all synapses of the network, which %d ranks share: build it without an exchange",
      what, (int)nai__exchange_ranks(net->exchange));
}

/* --- the end of a build ----------------------------------------------------------------------- */

static int64_t least_delay(const nai_network *net)
{
  int64_t least = INT64_MAX;
  for (int64_t k = 0; k < net->n_blocks; k++) {
    const nai__block *b = &net->block[k];
    if (!b->from_input && !b->to_output && b->delay < least) least = b->delay;
  }
  return least;
}

void nai__ranks_plan(nai_network *plan)
{
  plan->least_delay = least_delay(plan);
}

/* What a rank says of the network that it has built. */
typedef struct built {
  int64_t least;  /* delay; 0: the build has failed */
  uint64_t print; /* of what all ranks have to have in common, as far as this tells it cheaply */
} built;

static uint64_t bits_of(double x)
{
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static uint64_t print_of(const nai_network *net, uint64_t seed)
{
  uint64_t print = nai__hash_pair(seed, bits_of(net->dt));
  for (int64_t i = 0; i < net->n_nodes; i++)
    print = nai__hash_pair(
        print, nai__hash_pair(nai__hash_text(net->node[i].name), (uint64_t)net->node[i].n));
  for (int64_t i = 0; i < net->n_projections; i++) {
    const nai__projection *p = &net->projection[i];
    print = nai__hash_pair(print, nai__hash_pair((uint64_t)p->from, (uint64_t)p->to));
    print =
        nai__hash_pair(print, p->spread ? 0 : (uint64_t)p->delay); /* else of its own synapses */
    for (int k = 0; k < 3 && p->spread; k++)
      print = nai__hash_pair(print, bits_of(p->spread_by[k]));
  }
  return print;
}

/* What rank k says, beside what this one has to say. */
static nai_status hear_of(nai_network *net, const built *all, int32_t k)
{
  const int32_t ranks = nai__exchange_ranks(net->exchange), me = nai__exchange_rank(net->exchange);
  if (all[k].least == 0)
    return nai__fail(NAI_ERR_ORDER,
                     "the build of the network has failed on rank %d of %d, and so it has here",
                     (int)k, (int)ranks);
  if (all[k].print != all[me].print)
    return nai__fail(NAI_ERR_ORDER,
                     "rank %d of %d builds another network than rank %d, or from another seed: all "
                     "have to compose the same one",
                     (int)k, (int)ranks, (int)me);
  if (all[k].least < net->least_delay) net->least_delay = all[k].least;
  return NAI_OK;
}

nai_status nai__ranks_agree(nai_network *net, uint64_t seed, nai_status status)
{
  if (!nai__is_shared_out(net) || nai__exchange_broken(net->exchange)) return status;
  const int32_t ranks = nai__exchange_ranks(net->exchange), me = nai__exchange_rank(net->exchange);
  built *all = NAI__ARRAY(built, ranks);
  if (!all) return status == NAI_OK ? NAI_ERR_MEMORY : status;
  char message[256];
  snprintf(message, sizeof message, "%s", status == NAI_OK ? "" : nai_last_error());
  all[me] = (built){status == NAI_OK ? least_delay(net) : 0, print_of(net, seed)};
  nai_status heard = nai__exchange_rows(net->exchange, all, sizeof *all);
  net->least_delay = INT64_MAX;
  for (int32_t k = 0; k < ranks && heard == NAI_OK && status == NAI_OK; k++)
    heard = hear_of(net, all, k);
  nai__free(all);
  if (status == NAI_OK) return heard;
  return nai__fail(status, "%s", message);
}
