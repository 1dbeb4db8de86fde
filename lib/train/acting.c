/* An agent for the user: the handle, what it is told at a step, and looking at it. */
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/structs.h"
#include "../network/view.h"
#include "trainer.h"

/* --- life ------------------------------------------------------------------------------------- */

static nai_status check_shards(const nai_trainer *trainer)
{
  double shards = trainer->setting[NAI__SHARDS];
  if (shards == 1) return NAI_OK;
  return nai__fail(NAI_ERR_UNSUPPORTED,
                   "shards is %g, but an agent learns step by step, without a batch to cut: set "
                   "shards to 1",
                   shards);
}

nai_status nai_agent_create(nai_agent **out, nai_trainer *trainer)
{
  NAI__REQUIRE(out);
  *out = NULL;
  NAI__REQUIRE(trainer);
  nai__work turn;
  NAI__TRY(check_shards(trainer));
  NAI__TRY(nai__work_begin(&turn, &trainer->plasticity, NAI__LOOKING));
  nai_status status =
      nai__agent_create(out, &trainer->plasticity, trainer->setting, &trainer->seed);
  nai__work_end(&turn);
  if (status != NAI_OK) return status;
  (*out)->trainer = trainer;
  nai__reference_keep(&trainer->reference);
  return NAI_OK;
}

static void release(nai_agent *agent)
{
  nai_trainer *trainer = agent->trainer;
  nai__agent_pack(agent);
  nai__agent_destroy(agent);
  nai_trainer_destroy(trainer);
}

/* From a callback of its own it goes when the call that works on it has ended. */
void nai_agent_destroy(nai_agent *agent)
{
  if (!agent) return;
  if (agent->at_work)
    agent->given_up = 1;
  else
    release(agent);
}

static nai_status enter(nai__work *turn, nai_agent *agent)
{
  NAI__TRY(nai__work_begin(turn, agent->plasticity, NAI__MOVING));
  agent->at_work = 1;
  return NAI_OK;
}

static void leave(const nai__work *turn, nai_agent *agent)
{
  agent->at_work = 0;
  nai__work_end(turn); /* the agent keeps its trainer */
  if (agent->given_up) release(agent);
}

/* --- acting ----------------------------------------------------------------------------------- */

static nai_status rest(nai_agent *agent)
{
  nai__agent_pack(agent);
  return nai__agent_settle(agent);
}

nai_status nai_agent_begin(nai_agent *agent)
{
  nai__work turn;
  NAI__REQUIRE(agent);
  NAI__TRY(enter(&turn, agent));
  nai_status status = rest(agent);
  if (status == NAI_OK) nai__agent_begin(agent, ++agent->trial, 0);
  leave(&turn, agent);
  return status;
}

nai_status nai_agent_rest(nai_agent *agent)
{
  nai__work turn;
  NAI__REQUIRE(agent);
  NAI__TRY(enter(&turn, agent));
  nai_status status = rest(agent);
  leave(&turn, agent);
  return status;
}

static nai_status check_experience(const nai_agent *agent, const nai_experience *now)
{
  const nai_network *net = agent->plasticity->net;
  if (!(now->weight >= 0 && now->weight <= 1e12))
    return nai__fail(NAI_ERR_INVALID, "weight is %g, must be 0 to 1e12", now->weight);
  if (now->has_reward && !isfinite(now->reward))
    return nai__fail(NAI_ERR_NONFINITE, "reward is %g, must be finite", now->reward);
  for (int64_t o = 0; now->target && o < net->n_outputs; o++)
    if (!isfinite(now->target[o]))
      return nai__fail(NAI_ERR_NONFINITE, "target[%lld] is %g, must be finite", (long long)o,
                       (double)now->target[o]);
  if (agent->n_costs != agent->plasticity->objective.n)
    return nai__fail(NAI_ERR_ORDER, "costs were added to the trainer after the agent was created");
  return nai__inputs_finite(net, now->input, 1, 1);
}

/* Classes are of the first output. */
static nai_status check_class(const nai_agent *agent, int32_t class)
{
  const nai_network *net = agent->plasticity->net;
  const char *first = nai_network_name(net, NAI_OUTPUTS, 0);
  int64_t n = first ? nai_network_size(net, NAI_OUTPUTS, first) : 0;
  if (class < -1 || class >= n)
    return nai__fail(NAI_ERR_INVALID, "target_class is %d, must be -1 to %lld", (int)class,
                     (long long)n - 1);
  return NAI_OK;
}

static void take_experience(nai_agent *agent, const nai_experience *now)
{
  int64_t outputs = nai_network_count(agent->plasticity->net, NAI_OUTPUTS);
  agent->mask = (float)now->weight;
  agent->class = now->target_class;
  for (int64_t k = 0; k < outputs; k++) {
    nai__aim *aim = &agent->aim[k];
    aim->target = now->target ? now->target + aim->offset : NULL;
    aim->classes = k == 0 && now->target_class >= 0 ? &agent->class : NULL;
    aim->mask = &agent->mask;
    aim->mask_columns = 1;
    aim->mask_total = 1;
  }
  agent->online.target = now->weight > 0 ? now->target : NULL;
  agent->online.has_reward = now->has_reward;
  agent->online.reward = now->reward;
}

static nai_status step(float *output, nai_agent *agent, const nai_experience *theirs)
{
  nai_experience ours;
  const nai_experience *now = &ours;
  NAI__TRY(nai__struct_take(&ours, sizeof ours, theirs, NAI__FIRST_SIZE(nai_experience, reserved),
                            "now"));
  NAI__TRY(nai__struct_reserved(ours.reserved, "now"));
  NAI__TRY(check_experience(agent, now));
  NAI__TRY(check_class(agent, now->target_class));
  take_experience(agent, now);
  int taught = (now->target || now->target_class >= 0) && now->weight > 0;
  NAI__TRY(nai__agent_step(agent, now->input ? now->input : agent->zero, taught));
  if (output)
    memcpy(output, agent->activity.output,
           (size_t)agent->plasticity->net->n_outputs * sizeof *output);
  return NAI_OK;
}

nai_status nai_agent_step(float *output, nai_agent *agent, const nai_experience *now)
{
  nai__work turn;
  NAI__REQUIRE(agent);
  NAI__TRY(enter(&turn, agent));
  nai_status status = step(output, agent, now);
  leave(&turn, agent);
  return status;
}

/* --- interventions ---------------------------------------------------------------------------- */

nai_status nai_agent_intervene(nai_agent *agent, const nai_intervention *interventions, int64_t n)
{
  nai__work turn;
  NAI__REQUIRE(agent);
  NAI__TRY(enter(&turn, agent));
  nai_status status = nai__agent_intervene(agent, interventions, n);
  leave(&turn, agent);
  return status;
}

nai_status nai_agent_release_units(nai_agent *agent, const char *names, const int64_t *units,
                                   int64_t n)
{
  nai__work turn;
  NAI__REQUIRE(agent);
  NAI__TRY(enter(&turn, agent));
  nai_status status =
      nai__agent_release(agent, &(nai__some_units){.names = names, .units = units, .n = n});
  leave(&turn, agent);
  return status;
}

nai_status nai_agent_release(nai_agent *agent, const char *names)
{
  return nai_agent_release_units(agent, names, NULL, NAI_ALL_UNITS);
}

nai_status nai_agent_release_synapses(nai_agent *agent, const char *from, const char *to)
{
  nai__work turn;
  NAI__REQUIRE(agent);
  NAI__TRY(enter(&turn, agent));
  nai_status status = nai__agent_release_synapses(agent, from, to);
  leave(&turn, agent);
  return status;
}

/* --- looking ---------------------------------------------------------------------------------- */

nai_status nai_agent_activity(nai_view *out, const nai_agent *agent, const char *name)
{
  NAI__TRY(nai__view_check(out));
  NAI__REQUIRE(agent);
  const nai_network *net = agent->plasticity->net;
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
  if (agent->fused || agent->plasticity->rule->kind->online->moves_weights)
    return nai__fail(NAI_ERR_UNSUPPORTED,
                     "this agent changes the weights without a gradient ('%s' by '%s')",
                     agent->plasticity->rule->kind->name, agent->plasticity->optimizer->kind->name);
  return nai_trainer_gradient(out, agent->trainer, from, to);
}

int64_t nai_agent_updates(const nai_agent *agent)
{
  return agent ? agent->updates : -1;
}
