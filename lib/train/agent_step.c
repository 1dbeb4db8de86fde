/*
 * A step of an agent: the network's, its costs, what the rule makes of them, and the update: of the
 * gradient that was gathered, in one pass with the rule's traces, or by the rule itself.
 */
#include <assert.h>
#include <string.h>

#include "../base/error.h"
#include "../base/finite.h"
#include "agent.h"

/* --- in one pass ------------------------------------------------------------------------------ */

/*
 * Plain descent at every step, at one rate, and nothing that has to see the gradient or all weights:
 * then trace, weight and the next step's product are one pass over the weights.
 */
static int can_fuse(const nai_agent *agent)
{
  const nai__plasticity *p = agent->plasticity;
  const nai__rule_kind *kind = p->rule->kind;
  if (!kind->online->fused || agent->every != 1 || p->factor || p->net->has_cells ||
      p->net->has_output_memory)
    return 0;
  assert(!kind->moved && !kind->settled); /* these would have to see each update */
  if (strcmp(p->optimizer->kind->name, "sgd") != 0 || agent->setting[NAI__CLIP] > 0) return 0;
  for (int64_t i = 0; i < agent->n_costs; i++)
    if (p->objective.cost[i].cost->ops.on_weights && p->objective.cost[i].beta > 0) return 0;
  for (int64_t k = 0; k < p->net->n_projections; k++)
    for (int64_t c = 0; c < p->net->projection[k].n_constraints; c++)
      if (p->net->projection[k].constraint[c]->ops.project) return 0;
  return 1;
}

/* What the first step gets from the initial rates. */
void nai__agent_make_ready(nai_agent *agent)
{
  const nai_network *net = agent->plasticity->net;
  agent->activity.ready = agent->fused ? agent->ready : NULL;
  if (!agent->fused) return;
  memset(agent->ready, 0, (size_t)net->ld_units * sizeof *agent->ready);
  for (int64_t k = 0; k < net->n_blocks; k++)
    if (nai__block_is_ready(&net->block[k]))
      nai__add_product(&agent->activity, &net->block[k], agent->online.t + 1,
                       agent->ready + net->block[k].post);
}

/* Rates of their own may be said in the middle of a trial, or synapses scaled: traces go on. */
void nai__agent_part_passes(nai_agent *agent)
{
  if (!agent->fused) return;
  agent->fused = 0;
  nai__agent_pack(agent);
  nai__agent_make_ready(agent);
}

static nai_status learn_in_one_pass(nai_agent *agent)
{
  nai__plasticity *p = agent->plasticity;
  nai__fused fused = {p->net->theta, nai__optimizer_rate(p->optimizer, p->moves + 1), agent->ready};
  NAI__TRY(p->rule->kind->online->fused(&agent->online, &fused));
  agent->stale = 1;
  agent->updates++;
  p->moves++;
  return NAI_OK;
}

void nai__agent_pack(nai_agent *agent)
{
  if (agent->stale) nai__pack(agent->plasticity->net);
  agent->stale = 0;
}

/* --- interventions ---------------------------------------------------------------------------- */

static void release_all(nai_agent *agent)
{
  nai__schedule_cut(&agent->schedule, 0);
  agent->activity.schedule = NULL;
  agent->activity.own = NULL;
  agent->online.follows = agent->online.factor = NULL;
  agent->has_factor = 0;
}

/* --- a trial begins --------------------------------------------------------------------------- */

void nai__agent_begin(nai_agent *agent, uint64_t number, int64_t steps)
{
  nai__plasticity *p = agent->plasticity;
  assert(agent->n_costs <= p->objective.n); /* room was made for so many */
  agent->activity.seed = *agent->seed;
  agent->activity.first = number;
  agent->share = steps ? 1.0 / (double)steps : 1;
  agent->every = nai__rule_every(p->rule);
  if (agent->every == 0) agent->every = 1;
  agent->gathered = 0;
  agent->online.t = 0;
  for (int64_t i = 0; i < agent->n_costs; i++) {
    agent->value[i] = 0;
    agent->scale[i] = p->objective.cost[i].beta /
                      nai__cost_terms_of_trial(p->net, p->objective.cost[i].cost, steps);
  }
  memset(p->gradient, 0, (size_t)p->net->n_theta * sizeof *p->gradient);
  nai__failure_clear(&agent->activity.failed);
  release_all(agent);
  nai__begin(&agent->activity, 0, 1);
  if (p->rule->kind->online->begin) p->rule->kind->online->begin(&agent->online);
  agent->fused = can_fuse(agent);
  if (!agent->fused) nai__agent_pack(agent);
  nai__agent_make_ready(agent);
}

/* --- costs of a step -------------------------------------------------------------------------- */

static nai_status on_outputs(nai_agent *agent, int64_t i)
{
  const nai__plasticity *p = agent->plasticity;
  const nai_cost *cost = p->objective.cost[i].cost;
  int64_t k = 0;
  double value = 0;
  for (int64_t o = 0; o < p->net->n_nodes; o++) {
    const nai__node *node = &p->net->node[o];
    if (node->kind != NAI_OUTPUTS) continue;
    const nai__aim *aim = &agent->aim[k++];
    if (!nai__selected(node, NAI__KIND(NAI_OUTPUTS), cost->names)) continue;
    const nai__deed deed = {1, 1, p->net->ld_outputs, agent->activity.output + aim->offset,
                            agent->output_gradient + aim->offset};
    NAI__TRY(nai__meet_output(&value, cost, aim, &deed, agent->scale[i]));
  }
  agent->value[i] += agent->scale[i] * value;
  return NAI_OK;
}

static nai_status on_rates(nai_agent *agent, int64_t i)
{
  static const int32_t for_ever = INT32_MAX;
  const nai_network *net = agent->plasticity->net;
  const nai_cost *cost = agent->plasticity->objective.cost[i].cost;
  const nai__rates rates = {.steps = 1,
                            .trials = 1,
                            .stride = net->ld_units,
                            .step_stride = net->ld_units,
                            .first_step = agent->online.t - 1,
                            .batch_trials = 1,
                            .batch_steps = agent->share < 1 ? (int64_t)(1 / agent->share + 0.5) : 1,
                            .length = &for_ever,
                            .rate = nai__rate_at(&agent->activity, agent->online.t),
                            .gradient = agent->rate_gradient};
  double value = 0;
  for (int64_t k = 0; k < net->n_nodes; k++)
    if (nai__cost_sees(cost, &net->node[k]))
      NAI__TRY(nai__meet_rates(&value, cost, &net->node[k], &rates, agent->scale[i]));
  agent->value[i] += agent->scale[i] * value;
  return NAI_OK;
}

static nai_status meet_costs(nai_agent *agent, int taught)
{
  const nai__plasticity *p = agent->plasticity;
  memset(agent->output_gradient, 0, (size_t)p->net->ld_outputs * sizeof(float));
  memset(agent->rate_gradient, 0, (size_t)p->net->ld_units * sizeof(float));
  for (int64_t i = 0; i < agent->n_costs; i++) {
    const nai_cost *cost = p->objective.cost[i].cost;
    if (cost->ops.on_outputs && taught) NAI__TRY(on_outputs(agent, i));
    if (cost->ops.on_rates) NAI__TRY(on_rates(agent, i));
  }
  return NAI_OK;
}

/* --- an update -------------------------------------------------------------------------------- */

/* Of so many steps. */
static nai_status add_weight_costs(nai_agent *agent, int64_t steps)
{
  nai__plasticity *p = agent->plasticity;
  double share = agent->share * (double)steps;
  for (int64_t i = 0; i < agent->n_costs; i++) {
    const nai__weighed_cost *c = &p->objective.cost[i];
    if (!c->cost->ops.on_weights) continue;
    double value = 0;
    NAI__TRY(nai__meet_weights(&value, c->cost, p->net, c->synapses, p->gradient,
                               agent->scale[i] * share));
    agent->value[i] += agent->scale[i] * share * value;
  }
  return NAI_OK;
}

nai_status nai__agent_settle(nai_agent *agent)
{
  nai__plasticity *p = agent->plasticity;
  int64_t steps = agent->gathered;
  if (!steps) return NAI_OK;
  agent->gathered = 0; /* also when it fails: what led to that is not learnt later */
  NAI__TRY(add_weight_costs(agent, steps));
  if (!nai__plasticity_measure(p, NULL))
    return nai__fail(
        NAI_ERR_NONFINITE,
        "the gradient is NaN or infinite at step %lld of the trial: lower the learning "
        "rate, or look at inputs and targets",
        (long long)agent->online.t);
  NAI__TRY(nai__plasticity_apply(p, NULL, agent->setting[NAI__CLIP],
                                 agent->update ? agent->update : agent->updates + 1));
  agent->updates++;
  return NAI_OK;
}

/* --- by a rule that has moved weights --------------------------------------------------------- */

static nai_status check_moves(nai_agent *agent)
{
  nai_network *net = agent->plasticity->net;
  for (int64_t k = 0; k < net->n_blocks; k++) {
    if (!agent->moved[k]) continue;
    NAI__TRY(nai__project_block(net, k, agent->online.before));
    const nai__block *b = &net->block[k];
    if (!nai__all_finite(net->theta + b->at.start, b->at.rows * b->at.stride))
      return nai__fail(NAI_ERR_NONFINITE,
                       "step %lld of the trial would make a weight NaN or infinite: look at inputs "
                       "and targets",
                       (long long)agent->online.t);
  }
  return NAI_OK;
}

/* All that moved stands and constraints hold, or all is as it was. */
static nai_status settle_moves(nai_agent *agent)
{
  nai_network *net = agent->plasticity->net;
  nai_status status = check_moves(agent);
  int any = 0;
  for (int64_t k = 0; k < net->n_blocks; k++) {
    if (!agent->moved[k]) continue;
    const nai__block *b = &net->block[k];
    if (status != NAI_OK)
      memcpy(net->theta + b->at.start, agent->online.before + b->at.start,
             (size_t)(b->at.rows * b->at.stride) * sizeof(float));
    nai__pack_block(net, k);
    agent->moved[k] = 0;
    any = 1;
  }
  agent->updates += any && status == NAI_OK;
  return status;
}

/* --- a step ----------------------------------------------------------------------------------- */

/* A rule that learns numbers is not to go by in silence where there are none. */
static nai_status check_targets(const nai_agent *agent)
{
  const nai_network *net = agent->plasticity->net;
  const nai__rule_kind *kind = agent->plasticity->rule->kind;
  int64_t k = 0;
  for (int64_t i = 0; i < net->n_nodes && kind->online->needs_targets; i++) {
    if (net->node[i].kind != NAI_OUTPUTS) continue;
    if (agent->aim[k].classes && !agent->aim[k].target)
      return nai__fail(NAI_ERR_UNSUPPORTED,
                       "rule '%s' learns targets that are numbers, output '%s' has classes",
                       kind->name, net->node[i].name);
    k++;
  }
  return NAI_OK;
}

static nai_status check_finite(const nai_agent *agent)
{
  const nai_network *net = agent->plasticity->net;
  if (nai__all_finite(nai__rate_at(&agent->activity, agent->online.t), net->n_columns) &&
      nai__all_finite(agent->activity.output, net->n_outputs))
    return NAI_OK;
  return nai__fail(NAI_ERR_NONFINITE,
                   "a rate or output is NaN or infinite at step %lld of the trial: lower the "
                   "%s, or look at the inputs",
                   (long long)agent->online.t,
                   agent->plasticity->rule->kind->online->needs_targets
                       ? "spectral radius of weights"
                       : "learning rate");
}

nai_status nai__agent_step(nai_agent *agent, const float *input, int taught)
{
  nai__plasticity *p = agent->plasticity;
  const nai__online_ops *ops = p->rule->kind->online;
  if (p->factor || p->net->has_output_memory) nai__agent_part_passes(agent);
  if (agent->gathered == 0 && !ops->moves_weights && !agent->fused)
    memset(p->gradient, 0, (size_t)p->net->n_theta * sizeof *p->gradient);
  NAI__TRY(check_targets(agent));
  NAI__TRY(nai__learner_fit(p->learner)); /* synapses may have been pruned since */
  if (p->net->has_output_memory) NAI__TRY(nai__online_can_read(p->rule, p->net)); /* set since */
  agent->online.t++;
  nai__advance(&agent->activity, agent->online.t, 0, 1, input, &agent->scratch);
  NAI__TRY(nai__failure_raise(&agent->activity.failed)); /* also of the beginning */
  NAI__TRY(check_finite(agent));
  nai__agent_find_imposed(agent);
  NAI__TRY(meet_costs(agent, taught));
  if (agent->fused) return learn_in_one_pass(agent);
  NAI__TRY(ops->step(&agent->online));
  if (agent->online.nothing) return NAI_OK;
  if (ops->moves_weights) return settle_moves(agent);
  agent->gathered++;
  return agent->gathered >= agent->every ? nai__agent_settle(agent) : NAI_OK;
}
