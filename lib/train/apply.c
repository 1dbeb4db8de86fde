/*
 * From a gradient to new weights: clipping, the optimiser, what the rule moves itself, constraints;
 * or all as it was.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/finite.h"
#include "plasticity.h"

/* What is not plastic has no gradient: nothing that follows sees it. */
static void clear_frozen(nai__plasticity *p)
{
  const nai_network *net = p->net;
  int64_t cleared = 0;
  for (int64_t k = 0; k < net->n_stretches; k++) {
    const nai__stretch *part = &net->stretch[k];
    memset(p->gradient + cleared, 0, (size_t)(part->first - cleared) * sizeof *p->gradient);
    for (int64_t i = part->first; i < part->end; i++)
      p->gradient[i] = net->plastic[i] != 0 ? p->gradient[i] : 0;
    cleared = part->end;
  }
}

int nai__plasticity_measure(nai__plasticity *p)
{
  clear_frozen(p);
  p->has_gradient = 1;
  p->gradient_norm = nai__norm(p->gradient, p->net->stretch, p->net->n_stretches);
  return isfinite(p->gradient_norm);
}

/* Without moments, which fade where nothing learns, too: of what may learn alone. */
static void move_stretches(const nai__plasticity *p, const nai__move *all)
{
  for (int64_t k = 0; k < p->net->n_stretches; k++) {
    const nai__stretch *part = &p->net->stretch[k];
    nai__move m = *all;
    m.n = part->end - part->first;
    m.theta += part->first;
    m.gradient += part->first;
    m.plastic += part->first;
    nai__optimizer_move(p->optimizer, &m);
  }
}

static void move(nai__plasticity *p, double clip)
{
  const nai_network *net = p->net;
  nai__move m = {.n = net->n_theta,
                 .step = p->moves + 1,
                 .scale = clip > 0 && p->gradient_norm > clip ? clip / p->gradient_norm : 1,
                 .factor = 1,
                 .theta = net->theta,
                 .gradient = p->gradient,
                 .plastic = net->plastic,
                 .mean = p->mean,
                 .square = p->square};
  if (p->factor)
    nai__move_by_parts(p, &m);
  else if (!p->mean && !p->square)
    move_stretches(p, &m);
  else
    nai__optimizer_move(p->optimizer, &m);
}

static int are_finite(const nai_network *net)
{
  for (int64_t k = 0; k < net->n_stretches; k++)
    if (!nai__all_finite(net->theta + net->stretch[k].first,
                         net->stretch[k].end - net->stretch[k].first))
      return 0;
  return 1;
}

static nai_status check_weights(const nai__plasticity *p, int64_t update)
{
  const nai_network *net = p->net;
  if (are_finite(net)) return NAI_OK;
  for (int64_t k = 0; k < net->n_projections; k++) {
    nai_synapses s = nai__synapses(net, &net->projection[k], NULL, NULL);
    for (int64_t i = 0; i < s.n_post; i++)
      for (int64_t j = 0; j < s.n_pre; j++)
        if (!isfinite(s.weight[i * s.stride + j]))
          return nai__fail(
              NAI_ERR_NONFINITE,
              "update %lld would make the weight from '%s' to '%s' at [%lld][%lld] %g: "
              "lower the learning rate, or set clip",
              (long long)update, s.from, s.to, (long long)i, (long long)j,
              (double)s.weight[i * s.stride + j]);
  }
  return nai__fail(NAI_ERR_NONFINITE,
                   "update %lld would make a bias infinite: lower the learning rate, or set clip",
                   (long long)update);
}

nai_status nai__plasticity_apply(nai__plasticity *p, double clip, int64_t update)
{
  nai_network *net = p->net;
  nai__past_take(&p->before, p);
  move(p, clip);
  const nai__rule_kind *rule = p->rule->kind;
  const nai__moved now = {net->theta, p->before.theta, p->moves};
  if (rule->moved) rule->moved(p->learner, &now);
  nai_status status = nai__project(net, p->mean, p->before.theta);
  if (status == NAI_OK) status = check_weights(p, update);
  if (status != NAI_OK) {
    nai__past_put_back(&p->before, p);
    return status;
  }
  if (rule->settled) rule->settled(p->learner, &now);
  nai__pack_plastic(net);
  p->moves++;
  return NAI_OK;
}
