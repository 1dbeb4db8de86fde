/*
 * The self-predicting state of dendritic microcircuits (Sacramento et al. 2018): interneurons predict the
 * layer above, so that they take off all that it sends to apical dendrites. Pathways are found by their
 * ports. First all is looked at, then weights are set, so that a call that fails changes nothing.
 */
#include <neuroai/anatomy.h>
#include <string.h>

#include "../base/error.h"
#include "../network/ends.h"
#include "../network/row.h"

static int is_pyramidal(const nai__node *node)
{
  return node->cells && strcmp(node->cells->model->ops.name, "pyramidal") == 0;
}

/* 1 when a projection arrives on this port of a pyramidal population. */
static int is_onto(const nai_network *net, const nai__projection *p, const char *port)
{
  const nai__node *to = &net->node[p->to];
  return is_pyramidal(to) && strcmp(nai__end_name(to, NAI__TARGET, p->port), port) == 0;
}

/* A parameter of one unit: the model's own, or one of those that all models may have. */
static double value_of(const nai__node *node, const char *parameter, int64_t unit)
{
  const nai__cells *cells = node->cells;
  int32_t k = nai__field_find(cells->model, NAI_MODEL_PARAMETERS, parameter);
  return cells->own[k] ? cells->own[k][unit] : node->number[cells->number[k]][unit];
}

/* --- interneurons ----------------------------------------------------------------------------- */

static int is_identity(const nai_network *net, const nai__projection *p)
{
  nai_synapses s = nai__synapses(net, p, NULL, NULL);
  if (p->is_listed) return 0;
  for (int64_t i = 0; i < s.n_post; i++)
    for (int64_t j = 0; j < s.n_pre; j++) {
      int64_t k = i * s.stride + j;
      if (s.weight[k] != (i == j ? 1.0F : 0.0F) || s.plastic[k] != 0) return 0;
    }
  return s.n_post == s.n_pre;
}

/*
 * 1 when interneurons `inter` hear the potentials of pyramidal cells `above` on their target, one to one,
 * and nothing else there.
 */
static int predicts(const nai_network *net, int64_t inter, int64_t above)
{
  int found = 0;
  const nai__node *source = &net->node[above];
  NAI__EACH_ONTO(net, p, inter) {
    if (!is_onto(net, p, "target")) continue;
    if (p->from != above || found || !is_identity(net, p)) return 0;
    found = strcmp(nai__end_name(source, NAI__SOURCE, p->signal), "u") == 0;
  }
  return found && is_pyramidal(source);
}

/*
 * What takes off the top-down projection `down`: the one onto the lateral port beside its apical port,
 * from interneurons that predict its source.
 */
static nai_status find_lateral(const nai__projection **out, const nai_network *net,
                               const nai__projection *down)
{
  const char *above = net->node[down->from].name, *cells = net->node[down->to].name;
  *out = NULL;
  NAI__EACH_ONTO(net, p, down->to) {
    if (!is_onto(net, p, "lateral") || p->signal != down->signal) continue;
    if (!predicts(net, p->from, down->from)) continue;
    if (*out)
      return nai__fail(NAI_ERR_UNSUPPORTED,
                       "the network is no microcircuit: '%s' and '%s' both predict '%s' for '%s'",
                       net->node[(*out)->from].name, net->node[p->from].name, above, cells);
    *out = p;
  }
  if (*out) return NAI_OK;
  return nai__fail(NAI_ERR_UNSUPPORTED,
                   "the network is no microcircuit: '%s' reaches '%s:apical', but no interneurons "
                   "that hear '%s:u' on their target, one to one and frozen, reach '%s:lateral'",
                   above, cells, above, cells);
}

/* The one between the same signal and port as `like`, from its source, onto another population. */
static const nai__projection *twin_onto(const nai_network *net, const nai__projection *like,
                                        int64_t to)
{
  NAI__EACH_ONTO(net, p, to)
    if (p->from == like->from && p->signal == like->signal && p->port == like->port) return p;
  return NULL;
}

/* --- weights ---------------------------------------------------------------------------------- */

/* Weights of `to` are a factor, of each receiver, times those of `from`; or only looked at. */
typedef struct change {
  nai_network *net;
  int write;
  const nai__node *above, *inter; /* the factor is that of a prediction; NULL: it is -1 */
} change;

/* How much of what arrives on the basal dendrite reaches the soma, with no error. */
static double share_of(const nai__node *node, int64_t unit)
{
  double basal = value_of(node, "g_basal", unit);
  return basal / (value_of(node, "g_leak", unit) + basal + value_of(node, "g_apical", unit));
}

static double factor_of(const change *c, int64_t unit)
{
  return c->inter ? share_of(c->above, unit) / share_of(c->inter, unit) : -1;
}

/* place: of the synapse in theta; -1: there is none. */
static nai_status check_weight(const nai_network *net, const nai__projection *p, int64_t place,
                               int64_t i, int64_t j, float w)
{
  const char *from = nai__source_name(net, p), *to = nai__target_name(net, p);
  if (w != 0 && place < 0)
    return nai__fail(
        NAI_ERR_UNSUPPORTED,
        "weight [%lld][%lld] from '%s' to '%s' would be %g, but no synapse exists there",
        (long long)i, (long long)j, from, to, (double)w);
  if (w * (float)p->sign < 0)
    return nai__fail(
        NAI_ERR_UNSUPPORTED, "weight [%lld][%lld] from '%s' to '%s' would be %g, but must be %s 0",
        (long long)i, (long long)j, from, to, (double)w, p->sign > 0 ? "at least" : "at most");
  return NAI_OK;
}

static nai_status change_weights(const change *c, const nai__projection *from,
                                 const nai__projection *to)
{
  for (int64_t i = 0; i < to->n_post; i++)
    for (int64_t j = 0; j < to->n_pre; j++) {
      const int64_t given = nai__place_of(c->net, from, i, j),
                    place = nai__place_of(c->net, to, i, j);
      const double weight = given < 0 ? 0 : (double)c->net->theta[given];
      const float w = (float)(0 + factor_of(c, i) * weight);
      if (!c->write) NAI__TRY(check_weight(c->net, to, place, i, j, w));
      if (c->write && place >= 0) c->net->theta[place] = w;
    }
  return NAI_OK;
}

static void change_biases(const change *c)
{
  const float *given = c->net->theta + nai__bias_start(c->net, c->above);
  float *bias = c->net->theta + nai__bias_start(c->net, c->inter);
  for (int64_t i = 0; i < c->inter->n; i++) bias[i] = (float)(factor_of(c, i) * (double)given[i]);
}

/* --- a prediction ----------------------------------------------------------------------------- */

/* Two populations whose rates are the same function of their potentials. */
static nai_status check_alike(const change *c)
{
  static const char *const numbers[] = {"gain", "slope", "threshold", "exponent"};
  const char *differs = c->above->transfer == c->inter->transfer ? NULL : "transfer";
  for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
    for (int64_t i = 0; i < c->inter->n; i++)
      if (value_of(c->above, numbers[k], i) != value_of(c->inter, numbers[k], i))
        differs = numbers[k];
  if (!differs) return NAI_OK;
  return nai__fail(NAI_ERR_UNSUPPORTED, "'%s' cannot predict the rates of '%s': their %s differs",
                   c->inter->name, c->above->name, differs);
}

/* Whoever drives one of the two, on its basal dendrite, has to drive the other. */
static nai_status check_senders(const change *c, int64_t one, int64_t other)
{
  NAI__EACH_ONTO(c->net, p, one) {
    if (!is_onto(c->net, p, "basal") || twin_onto(c->net, p, other)) continue;
    return nai__fail(
        NAI_ERR_UNSUPPORTED,
        "'%s' cannot predict '%s': '%s' reaches the basal dendrite of '%s', but not that of '%s'",
        c->inter->name, c->above->name, c->net->node[p->from].name, c->net->node[one].name,
        c->net->node[other].name);
  }
  return NAI_OK;
}

static nai_status predict(nai_network *net, int64_t inter, int64_t above, int write)
{
  const change c = {net, write, &net->node[above], &net->node[inter]};
  if (!write) {
    NAI__TRY(check_alike(&c));
    NAI__TRY(check_senders(&c, above, inter));
    NAI__TRY(check_senders(&c, inter, above));
  }
  NAI__EACH_ONTO(net, p, above)
    if (is_onto(net, p, "basal")) NAI__TRY(change_weights(&c, p, twin_onto(net, p, inter)));
  if (write) change_biases(&c);
  return NAI_OK;
}

/* Each lateral projection takes off a top-down one. */
static nai_status check_laterals(const nai_network *net, int64_t to)
{
  NAI__EACH_ONTO(net, p, to) {
    int needed = !is_onto(net, p, "lateral");
    NAI__EACH_ONTO(net, down, to)
      needed |= is_onto(net, down, "apical") && predicts(net, p->from, down->from);
    if (needed) continue;
    return nai__fail(NAI_ERR_UNSUPPORTED,
                     "the network is no microcircuit: '%s' reaches '%s:lateral', but predicts none "
                     "of those that reach '%s:apical'",
                     net->node[p->from].name, net->node[to].name, net->node[to].name);
  }
  return NAI_OK;
}

/* Of all projections onto apical ports. */
static nai_status self_predict(nai_network *net, int write)
{
  int64_t found = 0;
  for (int64_t to = 0; to < net->n_nodes; to++) {
    NAI__EACH_ONTO(net, down, to) {
      if (!is_onto(net, down, "apical")) continue;
      const nai__projection *lateral;
      const change c = {net, write, NULL, NULL};
      NAI__TRY(find_lateral(&lateral, net, down));
      NAI__TRY(predict(net, lateral->from, down->from, write));
      NAI__TRY(change_weights(&c, down, lateral));
      found++;
    }
    NAI__TRY(check_laterals(net, to));
  }
  if (found) return NAI_OK;
  return nai__fail(
      NAI_ERR_UNSUPPORTED,
      "the network is no microcircuit: nothing reaches the apical port of a population "
      "of model 'pyramidal'");
}

nai_status nai_network_self_predict(nai_network *net)
{
  NAI__TRY(nai__require_built(net, "net"));
  NAI__TRY(nai__whole_check(net, "a self-predicting microcircuit"));
  NAI__TRY(self_predict(net, 0));
  NAI__TRY(self_predict(net, 1));
  nai__pack(net);
  return NAI_OK;
}
