/* One animal that learns while it acts: the handle, what it is told at a step, and looking at it. */
#include "agent.h"

#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../network/view.h"

/* --- life ------------------------------------------------------------------------------------- */

static nai_status allocate(nai_agent *agent)
{
  nai_trainer *t = agent->trainer;
  const nai_network *net = t->net;
  NAI__TRY(nai__activity_create(&agent->activity, net, 1));
  NAI__TRY(nai__scratch_create(&agent->scratch, net, 1));
  agent->now = NAI__ARRAY(nai__now, nai_network_count(net, NAI_OUTPUTS) + 1);
  agent->output_gradient = NAI__ARRAY(float, net->ld_outputs + 1);
  agent->rate_gradient = NAI__ARRAY(float, net->ld_units);
  agent->zero = NAI__ARRAY(float, net->n_inputs + 1);
  agent->target = NAI__ARRAY(float, net->n_outputs + 1);
  agent->ready = NAI__ARRAY(float, net->ld_units);
  agent->before = NAI__ARRAY(float, net->n_theta);
  agent->moved = NAI__ARRAY(char, net->n_blocks);
  agent->scale = NAI__ARRAY(double, t->n_costs + 1);
  agent->value = NAI__ARRAY(double, t->n_costs + 1);
  return agent->now && agent->output_gradient && agent->rate_gradient && agent->zero &&
                 agent->target && agent->ready && agent->before && agent->moved && agent->scale &&
                 agent->value
             ? NAI_OK
             : NAI_ERR_MEMORY;
}

static nai_status attach(nai_agent *agent)
{
  nai_trainer *t = agent->trainer;
  agent->n_costs = t->n_costs;
  agent->online = (nai__online){.learner = t->learner,
                                .activity = &agent->activity,
                                .output_gradient = agent->output_gradient,
                                .rate_gradient = agent->rate_gradient,
                                .gradient = t->gradient,
                                .moved = agent->moved,
                                .before = t->before};
  const nai__online_ops *ops = t->rule->kind->online;
  return ops->attach ? ops->attach(&agent->online) : NAI_OK;
}

nai_status nai__agent_can_learn(const nai_rule *rule, const nai_cost *cost)
{
  if (!cost->ops.on_rates || (cost->ops.flags & NAI_COST_SEPARABLE)) return NAI_OK;
  return nai__fail(NAI_ERR_UNSUPPORTED,
                   "rule '%s' cannot learn from cost '%s' within a trial, as from no cost on all "
                   "rates of a batch together: leave it out, or update at the end of trials",
                   rule->kind->name, cost->name);
}

static nai_status check(const nai_trainer *trainer)
{
  if (!trainer->rule->kind->online)
    return nai__fail(NAI_ERR_UNSUPPORTED,
                     "rule '%s' cannot learn within a trial: use rflo, e-prop, force, node "
                     "perturbation or a rule of your own",
                     trainer->rule->kind->name);
  for (int64_t i = 0; i < trainer->n_costs; i++)
    NAI__TRY(nai__agent_can_learn(trainer->rule, trainer->cost[i].cost));
  return NAI_OK;
}

nai_status nai__agent_create(nai_agent **out, nai_trainer *trainer)
{
  NAI__TRY(check(trainer));
  nai_agent *agent = NAI__NEW(nai_agent);
  if (!agent) return NAI_ERR_MEMORY;
  agent->trainer = trainer;
  nai_status status = allocate(agent);
  if (status == NAI_OK) status = attach(agent);
  if (status != NAI_OK) {
    nai__agent_destroy(agent);
    return status;
  }
  nai__agent_begin(agent, 0, 0);
  *out = agent;
  return NAI_OK;
}

void nai__agent_destroy(nai_agent *agent)
{
  const nai__online_ops *ops = agent->trainer->rule->kind->online;
  if (ops->detach) ops->detach(&agent->online);
  nai__activity_destroy(&agent->activity);
  nai__scratch_destroy(&agent->scratch);
  nai__free(agent->now);
  nai__free(agent->output_gradient);
  nai__free(agent->rate_gradient);
  nai__free(agent->zero);
  nai__free(agent->target);
  nai__free(agent->ready);
  nai__free(agent->before);
  nai__free(agent->moved);
  nai__free(agent->scale);
  nai__free(agent->value);
  nai__free(agent);
}

nai_status nai_agent_create(nai_agent **out, nai_trainer *trainer)
{
  NAI__REQUIRE(out);
  *out = NULL;
  NAI__REQUIRE(trainer);
  NAI__TRY(nai__agent_create(out, trainer));
  nai__reference_keep(&trainer->reference);
  return NAI_OK;
}

void nai_agent_destroy(nai_agent *agent)
{
  if (!agent) return;
  nai_trainer *trainer = agent->trainer;
  nai__agent_pack(agent);
  nai__agent_destroy(agent);
  nai_trainer_destroy(trainer);
}

/* --- acting ----------------------------------------------------------------------------------- */

nai_status nai_agent_begin(nai_agent *agent)
{
  NAI__REQUIRE(agent);
  NAI__TRY(nai_agent_rest(agent));
  agent->trial++;
  nai__agent_begin(agent, agent->trial, 0);
  return NAI_OK;
}

nai_status nai_agent_rest(nai_agent *agent)
{
  NAI__REQUIRE(agent);
  nai__agent_pack(agent);
  return nai__agent_settle(agent);
}

static nai_status check_experience(const nai_agent *agent, const nai_experience *now)
{
  NAI__REQUIRE(now);
  if (now->struct_size != sizeof *now)
    return nai__fail(NAI_ERR_INVALID, "now->struct_size is %u, must be %zu",
                     (unsigned)now->struct_size, sizeof *now);
  if (!(now->weight >= 0 && now->weight <= 1e12))
    return nai__fail(NAI_ERR_INVALID, "now->weight is %g, must be 0 to 1e12", now->weight);
  if (now->has_reward && !isfinite(now->reward))
    return nai__fail(NAI_ERR_NONFINITE, "now->reward is %g, must be finite", now->reward);
  for (int64_t o = 0; now->target && o < agent->trainer->net->n_outputs; o++)
    if (!isfinite(now->target[o]))
      return nai__fail(NAI_ERR_NONFINITE, "now->target[%lld] is %g, must be finite", (long long)o,
                       (double)now->target[o]);
  if (agent->n_costs != agent->trainer->n_costs)
    return nai__fail(NAI_ERR_ORDER, "the trainer has got costs since the agent was made");
  return NAI_OK;
}

/* Classes are of the first output. */
static nai_status check_class(const nai_agent *agent, int32_t class)
{
  const nai_network *net = agent->trainer->net;
  const char *first = nai_network_name(net, NAI_OUTPUTS, 0);
  int64_t n = first ? nai_network_size(net, NAI_OUTPUTS, first) : 0;
  if (class < -1 || class >= n)
    return nai__fail(NAI_ERR_INVALID, "now->target_class is %d, must be -1 to %lld", (int)class,
                     (long long)n - 1);
  return NAI_OK;
}

static void take_experience(nai_agent *agent, const nai_experience *now)
{
  const nai_network *net = agent->trainer->net;
  int64_t k = 0;
  agent->mask = (float)now->weight;
  agent->class = now->target_class;
  for (int64_t i = 0; i < net->n_nodes; i++) {
    const nai__node *node = &net->node[i];
    if (node->kind != NAI_OUTPUTS) continue;
    agent->now[k] = (nai__now){.target = now->target ? now->target + node->offset : NULL,
                               .classes = k == 0 && now->target_class >= 0 ? &agent->class : NULL,
                               .mask = &agent->mask,
                               .mask_columns = 1,
                               .mask_total = 1};
    k++;
  }
  agent->online.target = now->weight > 0 ? now->target : NULL;
  agent->online.has_reward = now->has_reward;
  agent->online.reward = now->reward;
}

nai_status nai_agent_step(float *output, nai_agent *agent, const nai_experience *now)
{
  NAI__REQUIRE(agent);
  NAI__TRY(check_experience(agent, now));
  NAI__TRY(check_class(agent, now->target_class));
  take_experience(agent, now);
  int taught = (now->target || now->target_class >= 0) && now->weight > 0;
  NAI__TRY(nai__agent_step(agent, now->input ? now->input : agent->zero, taught));
  if (output)
    memcpy(output, agent->activity.output, (size_t)agent->trainer->net->n_outputs * sizeof *output);
  return NAI_OK;
}

/* --- looking ---------------------------------------------------------------------------------- */

nai_status nai_agent_activity(nai_view *out, const nai_agent *agent, const char *name)
{
  NAI__TRY(nai__view_check(out));
  NAI__REQUIRE(agent);
  const nai_network *net = agent->trainer->net;
  const nai__node *node;
  NAI__TRY(nai__node_find(&node, net, NAI__KIND(NAI_POPULATIONS) | NAI__KIND(NAI_OUTPUTS), name,
                          "name"));
  const float *array = node->kind == NAI_OUTPUTS ? agent->activity.output
                                                 : nai__rate_at(&agent->activity, agent->online.t);
  nai__view_floats(out, array + node->offset, 2, (int64_t[]){1, node->n}, (int64_t[]){node->n, 1});
  return NAI_OK;
}

nai_status nai_agent_gradient(nai_view *out, const nai_agent *agent, const char *from,
                              const char *to)
{
  NAI__TRY(nai__view_check(out));
  NAI__REQUIRE(agent);
  if (agent->fused || agent->trainer->rule->kind->online->moves_weights)
    return nai__fail(NAI_ERR_UNSUPPORTED,
                     "this agent moves the weights without a gradient ('%s' by '%s')",
                     agent->trainer->rule->kind->name, agent->trainer->optimizer->kind->name);
  return nai_trainer_gradient(out, agent->trainer, from, to);
}

int64_t nai_agent_updates(const nai_agent *agent)
{
  return agent ? agent->updates : -1;
}
