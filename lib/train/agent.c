/* The memory of an animal that learns while it acts, and what it can learn. */
#include "agent.h"

#include "../base/error.h"
#include "../base/memory.h"
#include "../network/row.h"

/* --- what it can learn ------------------------------------------------------------------------ */

int nai__learns_within(const nai_rule *rule)
{
  const nai__online_ops *online = rule->kind->online;
  return online && (online->moves_weights || nai__rule_every(rule) > 0);
}

nai_status nai__agent_can_learn(const nai_rule *rule, const nai_cost *cost)
{
  if (!cost->ops.on_rates || (cost->ops.flags & NAI_COST_SEPARABLE)) return NAI_OK;
  return nai__fail(
      NAI_ERR_UNSUPPORTED,
      "rule '%s' cannot learn from cost '%s' within a trial, nor from any other cost on "
      "all rates of a batch together: leave it out, or update at the end of trials",
      rule->kind->name, cost->name);
}

static nai_status check(const nai__plasticity *p)
{
  NAI__TRY(nai__online_can_read(p->rule, p->net));
  if (!p->rule->kind->online)
    return nai__fail(NAI_ERR_UNSUPPORTED,
                     "rule '%s' cannot learn within a trial: use rflo, e-prop, force, "
                     "full-force, node perturbation, dendritic error or a local rule of your own",
                     p->rule->kind->name);
  for (int64_t i = 0; i < p->objective.n; i++)
    NAI__TRY(nai__agent_can_learn(p->rule, p->objective.cost[i].cost));
  return NAI_OK;
}

/* --- life ------------------------------------------------------------------------------------- */

static nai_status allocate(nai_agent *agent)
{
  const nai_network *net = agent->plasticity->net;
  int64_t n_costs = agent->plasticity->objective.n;
  NAI__TRY(nai__activity_create(&agent->activity, net, 1, 1));
  NAI__TRY(nai__scratch_create(&agent->scratch, net, 1));
  agent->aim = NAI__ARRAY(nai__aim, nai_network_count(net, NAI_OUTPUTS) + 1);
  agent->output_gradient = NAI__ARRAY(float, net->ld_outputs + 1);
  agent->rate_gradient = NAI__ARRAY(float, net->ld_units);
  agent->zero = NAI__ARRAY(float, net->n_inputs + 1);
  agent->target = NAI__ARRAY(float, net->n_outputs + 1);
  agent->ready = NAI__ARRAY(float, net->ld_units);
  agent->moved = NAI__ARRAY(char, net->n_blocks);
  agent->schedule.trials = 1;
  agent->own = NAI__ARRAY(float, net->ld_units);
  agent->follows = NAI__ARRAY(float, net->ld_units);
  agent->seen = NAI__ARRAY(unsigned char, net->ld_units);
  agent->carried = NAI__ARRAY(float, nai__strip_scratch(net));
  agent->carried_next = NAI__ARRAY(float, nai__strip_scratch(net));
  agent->scale = NAI__ARRAY(double, n_costs + 1);
  agent->value = NAI__ARRAY(double, n_costs + 1);
  return agent->aim && agent->output_gradient && agent->rate_gradient && agent->zero &&
                 agent->target && agent->ready && agent->moved && agent->carried && agent->own &&
                 agent->follows && agent->seen && agent->carried_next && agent->scale &&
                 agent->value
             ? NAI_OK
             : NAI_ERR_MEMORY;
}

/* Names and places of the outputs; what they should do is filled in at each step. */
static void name_outputs(nai_agent *agent)
{
  const nai_network *net = agent->plasticity->net;
  nai__aim *aim = agent->aim;
  for (int64_t i = 0; i < net->n_nodes; i++) {
    const nai__node *node = &net->node[i];
    if (node->kind == NAI_OUTPUTS)
      *aim++ = (nai__aim){.name = node->name, .n = node->n, .offset = node->offset};
  }
}

static nai_status attach(nai_agent *agent)
{
  nai__plasticity *p = agent->plasticity;
  agent->n_costs = p->objective.n;
  agent->online = (nai__online){.learner = p->learner,
                                .activity = &agent->activity,
                                .output_gradient = agent->output_gradient,
                                .rate_gradient = agent->rate_gradient,
                                .gradient = p->gradient,
                                .moved = agent->moved,
                                .before = p->before.theta,
                                .carried = {agent->carried, agent->carried_next}};
  const nai__online_ops *ops = p->rule->kind->online;
  return ops->attach ? ops->attach(&agent->online) : NAI_OK;
}

nai_status nai__agent_create(nai_agent **out, nai__plasticity *plasticity, const double *setting,
                             const uint64_t *seed)
{
  NAI__TRY(check(plasticity));
  nai_agent *agent = NAI__NEW(nai_agent);
  if (!agent) return NAI_ERR_MEMORY;
  agent->plasticity = plasticity;
  agent->setting = setting;
  agent->seed = seed;
  nai_status status = allocate(agent);
  if (status == NAI_OK) status = attach(agent);
  if (status != NAI_OK) {
    nai__agent_destroy(agent);
    return status;
  }
  name_outputs(agent);
  nai__agent_begin(agent, 0, 0);
  *out = agent;
  return NAI_OK;
}

void nai__agent_destroy(nai_agent *agent)
{
  const nai__online_ops *ops = agent->plasticity->rule->kind->online;
  if (ops->detach) ops->detach(&agent->online);
  nai__activity_destroy(&agent->activity);
  nai__scratch_destroy(&agent->scratch);
  nai__free(agent->aim);
  nai__free(agent->output_gradient);
  nai__free(agent->rate_gradient);
  nai__free(agent->zero);
  nai__free(agent->target);
  nai__free(agent->ready);
  nai__past_destroy(&agent->before);
  nai__free(agent->moved);
  nai__schedule_cut(&agent->schedule, 0);
  nai__free(agent->own);
  nai__free(agent->follows);
  nai__free(agent->factor);
  nai__free(agent->seen);
  nai__free(agent->carried);
  nai__free(agent->carried_next);
  nai__free(agent->scale);
  nai__free(agent->value);
  nai__free(agent);
}
