/*
 * Interventions on an agent: what its units send is imposed, while states and eligibility traces go on from
 * their own, so that they are right again when it ends. Meanwhile a unit's errors are worth as much as what
 * it sends follows its own rate: nothing of a unit that is silenced. Synapses that are scaled carry as much
 * less, or more, and so do the traces; what learns is the weight that is scaled.
 */
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../running/plan.h"
#include "agent.h"

/* --- what it can have ------------------------------------------------------------------------- */

static nai_status refuse(const nai_network *net, const nai__projection *p, int64_t k,
                         const char *why)
{
  return nai__fail(
      NAI_ERR_UNSUPPORTED,
      "interventions[%lld]: an agent cannot have synapses from '%s' to '%s' scaled: %s",
      (long long)k, nai__source_name(net, p), nai__target_name(net, p), why);
}

static int wants_whole(const nai_agent *agent, const nai__projection *p)
{
  const nai__online_ops *ops = agent->plasticity->rule->kind->online;
  for (int64_t part = 0; ops->wants_whole && part < p->n_parts; part++)
    if (ops->wants_whole(&agent->online, p->block + part)) return 1;
  return 0;
}

static nai_status check_synapses(const nai_agent *agent, const nai_intervention *i, int64_t k)
{
  const nai_network *net = agent->plasticity->net;
  NAI__EACH_PROJECTION(net, p, i->names, i->to) {
    const int to_output = net->block[p->block].to_output;
    if (wants_whole(agent, p))
      return refuse(net, p, k, "its rule learns by least squares from all that is sent there");
    if (to_output && net->has_output_memory)
      return refuse(net, p, k,
                    "outputs have a memory, in which a rate has as many parts as factors");
    if (to_output && p->is_shared)
      return refuse(net, p, k, "they have one weight, by which errors go back as a whole");
  }
  return NAI_OK;
}

static nai_status check(const nai_agent *agent, const nai_intervention *i, int64_t k)
{
  const nai_network *net = agent->plasticity->net;
  NAI__TRY(nai__plan_check_alone(i, k, 1, "an agent"));
  if (i->kind == NAI_SCALE_SYNAPSES) return check_synapses(agent, i, k);
  if (net->has_cells && net->has_output_memory && i->kind != NAI_INJECT)
    return nai__fail(
        NAI_ERR_UNSUPPORTED,
        "interventions[%lld]: an agent whose outputs have a memory and whose units are "
        "no rate units can only be given currents",
        (long long)k);
  return NAI_OK;
}

/* --- planning --------------------------------------------------------------------------------- */

/* Once rates were imposed, units go on from their own, also after the last of these has ended. */
static void apply(nai_agent *agent)
{
  nai__activity *a = &agent->activity;
  const size_t bytes = (size_t)agent->plasticity->net->ld_units * sizeof *agent->own;
  a->schedule = agent->schedule.n ? &agent->schedule : NULL;
  agent->has_factor = 0;
  if (a->own || !a->schedule) return;
  memcpy(agent->own, nai__rate_at(a, agent->online.t), bytes);
  a->own = agent->own;
}

static int scales_synapses(const nai_intervention *list, int64_t n)
{
  for (int64_t k = 0; k < n; k++)
    if (list[k].kind == NAI_SCALE_SYNAPSES) return 1;
  return 0;
}

/* Room for factors, once. */
static nai_status make_factors(nai_agent *agent)
{
  if (!agent->factor) agent->factor = NAI__ARRAY(float, agent->plasticity->net->n_theta);
  return agent->factor ? NAI_OK : NAI_ERR_MEMORY;
}

static nai_status plan(nai_agent *agent, nai_intervention *list,
                       const nai_intervention *interventions, int64_t n)
{
  const nai_network *net = agent->plasticity->net;
  const int64_t before = agent->schedule.n, now = agent->online.t;
  NAI__TRY(nai__plan_take(list, interventions, n, net));
  for (int64_t k = 0; k < n; k++) NAI__TRY(check(agent, &list[k], k));
  if (scales_synapses(list, n)) NAI__TRY(make_factors(agent));
  NAI__TRY(nai__plan_add(&agent->schedule, net, list, n, 0));
  if (scales_synapses(list, n)) nai__agent_part_passes(agent);
  nai__plan_from_now(&agent->schedule, before, list, net->dt, now);
  nai__schedule_expire(&agent->schedule, now);
  apply(agent);
  if (now > 0) return NAI_OK;
  nai__impose_initial(&agent->activity, 0, 1);
  nai__agent_make_ready(agent);
  return NAI_OK;
}

nai_status nai__agent_intervene(nai_agent *agent, const nai_intervention *interventions, int64_t n)
{
  if (n < 0) return nai__fail(NAI_ERR_INVALID, "n is %lld, must be at least 0", (long long)n);
  if (n > 0) NAI__REQUIRE(interventions);
  nai_intervention *list = NAI__ARRAY(nai_intervention, n);
  if (!list) return NAI_ERR_MEMORY;
  nai_status status = plan(agent, list, interventions, n);
  nai__free(list);
  return status;
}

nai_status nai__agent_release(nai_agent *agent, const nai__some_units *which)
{
  const nai_network *net = agent->plasticity->net;
  NAI__TRY(nai__plan_check_release(net, which, agent->seen));
  nai__plan_release(&agent->schedule, net, which, agent->seen);
  apply(agent);
  return NAI_OK;
}

nai_status nai__agent_release_synapses(nai_agent *agent, const char *from, const char *to)
{
  const nai_network *net = agent->plasticity->net;
  NAI__TRY(nai__projections_known(net, from, to));
  nai__schedule_release_synapses(&agent->schedule, net, from, to);
  apply(agent);
  return NAI_OK;
}
