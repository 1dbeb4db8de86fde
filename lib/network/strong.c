/*
 * Strong-sparse, weak-dense (Teramae, Tsubo & Fukai 2012): over weak random weights each unit has
 * one strong excitatory synapse. Among the excitatory units these form cycles, as in orthogonal
 * networks (White, Lee & Sompolinsky 2004), which keep what is sent into them; inhibition of the
 * same sum keeps each row balanced, so that Dale's law leaves no large eigenvalue.
 */
#include "strong.h"

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/random.h"
#include "ends.h"
#include "matching.h"
#include "row.h"

/* The inhibition that balances a strong synapse is spread evenly, but not quite. */
#define INHIBITION_SHAPE 10.0

/* Units are numbered over all populations, in the order in which these were added. */
typedef struct strong {
  nai_network *net;
  const int32_t *on;
  int32_t *excites; /* [n_nodes]: 1 where it sends excitation onto a node that is on */
  int64_t *sender;  /* [n_units]: the units of those, in random order, */
  int64_t *rank;    /* [n_units]: and where each stands in it */
  int64_t n_senders;
  double *inhibition; /* [n_units]: sum of what is drawn for its inhibitory synapses */
} strong;

static int is_among(const strong *strong, const nai__projection *p, int32_t sign)
{
  return strong->on[p->to] && p->sign == sign && p->delay > 0 &&
         strong->net->node[p->from].kind == NAI_POPULATIONS;
}

/* --- from which units ------------------------------------------------------------------------- */

static void find_senders(strong *strong)
{
  const nai_network *net = strong->net;
  for (int64_t k = 0; k < net->n_projections; k++)
    if (is_among(strong, &net->projection[k], 1)) strong->excites[net->projection[k].from] = 1;
  for (int64_t i = 0; i < net->n_nodes; i++)
    for (int64_t j = 0; strong->excites[i] && j < net->node[i].n; j++)
      strong->sender[strong->n_senders++] = net->node[i].order + j;
}

static void shuffle_senders(strong *strong, nai__stream *random)
{
  for (int64_t k = strong->n_senders - 1; k > 0; k--) {
    int64_t other = nai__stream_below(random, k + 1), sender = strong->sender[k];
    strong->sender[k] = strong->sender[other];
    strong->sender[other] = sender;
  }
  for (int64_t k = 0; k < strong->n_senders; k++) strong->rank[strong->sender[k]] = k;
}

static void allow(const strong *strong, nai__matching *m, const nai__projection *p)
{
  const nai_network *net = strong->net;
  const int64_t *rank = strong->rank + net->node[p->from].order;
  for (int64_t i = 0; i < p->n_post; i++)
    for (nai__row row = nai__row_of(net, p, i); nai__row_next(&row);)
      if (p->from != p->to || i != row.pre)
        nai__matching_allow(m, net->node[p->to].order + i, rank[row.pre]);
}

/* --- how strong ------------------------------------------------------------------------------- */

static void excite(const strong *strong, const nai__matching *m, const nai__projection *p)
{
  const nai_network *net = strong->net;
  int64_t first = net->node[p->from].order, onto = net->node[p->to].order;
  for (int64_t i = 0; i < p->n_post; i++) {
    if (m->column[onto + i] < 0) continue;
    int64_t j = strong->sender[m->column[onto + i]] - first;
    for (nai__row row = nai__row_of(net, p, i); nai__row_next(&row);)
      if (row.pre == j) net->theta[row.place] += 1;
  }
}

/* The same numbers twice: first they are added up, then each takes its share of the inhibition. */
static void inhibit(strong *strong, const nai__matching *m, const nai__projection *p, int only_add)
{
  const nai_network *net = strong->net;
  int64_t onto = net->node[p->to].order;
  nai__stream random =
      nai__stream_open(net->seed, NAI__FOR_WEIGHTS, (uint64_t)(p - net->projection), 1);
  for (int64_t i = 0; i < p->n_post; i++)
    for (nai__row row = nai__row_of(net, p, i); nai__row_next(&row);) {
      double share = nai__stream_gamma(&random, INHIBITION_SHAPE),
             *sum = &strong->inhibition[onto + i];
      if (only_add)
        *sum += share;
      else if (share > 0 && m->column[onto + i] >= 0)
        net->theta[row.place] -= (float)(share / *sum);
    }
}

/* Before synapses are wired, signs are those of the senders, but constraints may say others. */
static int may_have(const nai__projection *p, const nai__node *from, int32_t sign)
{
  int is_drawn = p->weights == NAI_WEIGHTS_DEFAULT || p->weights == NAI_WEIGHTS_STRONG_WEAK;
  int32_t by_dale = nai__signal_sign(from, p->signal);
  return is_drawn && (by_dale == sign || (!by_dale && p->n_constraints));
}

int64_t nai__strong_bytes(const nai_network *net)
{
  int excited = 0, inhibited = 0;
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    const nai__node *from = &net->node[p->from];
    if (from->kind != NAI_POPULATIONS || net->node[p->to].kind != NAI_POPULATIONS) continue;
    excited |= may_have(p, from, 1);
    inhibited |= may_have(p, from, -1);
  }
  enum { FRAMES = 2048 };
  const int64_t arrays = FRAMES + 2 * net->n_nodes * (int64_t)sizeof(int32_t) +
                         net->n_units * (int64_t)(2 * sizeof(int64_t) + sizeof(double));
  if (!excited || !inhibited) return arrays;
  int64_t senders = 0;
  for (int64_t i = 0; i < net->n_nodes; i++)
    if (net->node[i].kind == NAI_POPULATIONS && net->node[i].sign >= 0) senders += net->node[i].n;
  return arrays + nai__matching_bytes(net->n_units, senders);
}

/* --- both kinds of receivers ------------------------------------------------------------------ */

static nai_status add_onto(strong *strong, int32_t excites, nai__stream *random)
{
  const nai_network *net = strong->net;
  nai__matching m;
  shuffle_senders(strong, random);
  NAI__TRY(nai__matching_begin(&m, net->n_units, strong->n_senders));
  for (int pass = 0; pass < 3; pass++) {
    for (int64_t k = 0; k < net->n_projections; k++) {
      const nai__projection *p = &net->projection[k];
      if (strong->excites[p->to] != excites) continue;
      if (is_among(strong, p, 1) && pass < 2) (pass ? excite(strong, &m, p) : allow(strong, &m, p));
      if (is_among(strong, p, -1) && pass > 0) inhibit(strong, &m, p, pass == 1);
    }
    if (pass == 0) nai__matching_solve(&m);
  }
  nai__matching_release(&m);
  return NAI_OK;
}

static nai_status add(strong *strong)
{
  if (!strong->excites || !strong->sender || !strong->rank || !strong->inhibition)
    return NAI_ERR_MEMORY;
  nai__stream random = nai__stream_open(strong->net->seed, NAI__FOR_WEIGHTS, 0, 2);
  find_senders(strong);
  if (strong->n_senders == 0) return NAI_OK;
  NAI__TRY(add_onto(strong, 1, &random));
  return add_onto(strong, 0, &random);
}

nai_status nai__add_strong_synapses(nai_network *net, const int32_t *on)
{
  strong strong = {.net = net,
                   .on = on,
                   .excites = NAI__ARRAY(int32_t, net->n_nodes),
                   .sender = NAI__ARRAY(int64_t, net->n_units),
                   .rank = NAI__ARRAY(int64_t, net->n_units),
                   .inhibition = NAI__ARRAY(double, net->n_units)};
  nai_status status = add(&strong);
  nai__free(strong.inhibition);
  nai__free(strong.rank);
  nai__free(strong.sender);
  nai__free(strong.excites);
  return status;
}
