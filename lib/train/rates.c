/* Learning rates of single projections and biases: factors on the optimiser's. */
#include <math.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "trainer.h"

static int64_t count(const nai_network *net)
{
  return net->n_projections + net->n_nodes;
}

/* Where one of these is said for the first time, all others are 1. */
static nai_status make_room(nai__plasticity *p)
{
  if (p->factor) return NAI_OK;
  double *factor = NAI__ARRAY(double, count(p->net));
  if (!factor) return NAI_ERR_MEMORY;
  for (int64_t i = 0; i < count(p->net); i++) factor[i] = 1;
  p->factor = factor;
  return NAI_OK;
}

static nai_status check(const nai__plasticity *p, const char *from, const char *to, double factor)
{
  if (to)
    NAI__TRY(nai__projections_known(p->net, from, to));
  else
    NAI__TRY(nai__names_known(p->net, NAI__RECEIVERS, from, "from"));
  if (!(factor >= 0 && factor <= 1e6))
    return nai__fail(NAI_ERR_INVALID, "factor is %g, must be 0 to 1e6", factor);
  if (!p->rule->kind->online || !p->rule->kind->online->moves_weights) return NAI_OK;
  return nai__fail(NAI_ERR_UNSUPPORTED,
                   "rule '%s' changes weights without an optimiser: they have no learning rate",
                   p->rule->kind->name);
}

static nai_status set_rate(nai__plasticity *p, const char *from, const char *to, double factor)
{
  NAI__TRY(check(p, from, to, factor));
  NAI__TRY(make_room(p));
  if (to) {
    NAI__EACH_PROJECTION(p->net, projection, from, to)
      p->factor[projection - p->net->projection] = factor;
  } else {
    NAI__EACH_NODE(p->net, i, NAI__RECEIVERS, from) p->factor[p->net->n_projections + i] = factor;
  }
  return NAI_OK;
}

nai_status nai_trainer_set_rate(nai_trainer *trainer, const char *from, const char *to,
                                double factor)
{
  nai__work turn;
  NAI__REQUIRE(trainer);
  NAI__TRY(nai__work_begin(&turn, &trainer->plasticity, NAI__SETTING));
  nai_status status = set_rate(&trainer->plasticity, from, to, factor);
  nai__work_end(&turn);
  return status;
}

nai_status nai_trainer_rate(double *factor, const nai_trainer *trainer, const char *from,
                            const char *to)
{
  NAI__REQUIRE(factor);
  NAI__REQUIRE(trainer);
  const nai__plasticity *p = &trainer->plasticity;
  const nai__node *node;
  const nai__projection *projection;
  if (to) {
    NAI__TRY(nai__projection_find(&projection, p->net, from, to));
    *factor = nai__projection_rate(p, projection - p->net->projection);
  } else {
    NAI__TRY(nai__node_find(&node, p->net, NAI__RECEIVERS, from, "from"));
    *factor = nai__bias_rate(p, node - p->net->node);
  }
  return NAI_OK;
}

/* --- in an update ----------------------------------------------------------------------------- */

static float *or_null(float *array, int64_t start)
{
  return array ? array + start : NULL;
}

static void move_part(const nai__plasticity *p, const nai__move *all, const nai__rectangle *at,
                      double factor)
{
  for (int64_t i = 0; i < at->rows; i++) {
    int64_t start = nai__place_in(at, i, 0);
    nai__move m = *all;
    m.n = at->columns;
    m.factor = factor;
    m.theta += start;
    m.gradient += start;
    m.plastic += start;
    m.mean = or_null(all->mean, start);
    m.square = or_null(all->square, start);
    nai__optimizer_move(p->optimizer, &m);
  }
}

void nai__move_by_parts(const nai__plasticity *p, const nai__move *all)
{
  const nai_network *net = p->net;
  for (int64_t k = 0; k < net->n_projections; k++)
    if (all->mean || all->square || net->projection[k].plastic)
      move_part(p, all, &net->projection[k].at, nai__projection_rate(p, k));
  for (int64_t i = 0; i < net->n_nodes; i++) {
    const nai__node *node = &net->node[i];
    if (node->kind == NAI_INPUTS) continue;
    nai__rectangle bias = nai__bias_at(net, node);
    move_part(p, all, &bias, nai__bias_rate(p, i));
  }
  const nai__rectangle initial = {net->unit_initial, 1, net->n_units, net->n_units};
  move_part(p, all, &initial, 1);
}
