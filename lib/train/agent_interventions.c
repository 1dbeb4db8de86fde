/*
 * Interventions on an agent: what its units send is imposed, while states and eligibility traces go on from
 * their own, so that they are right again when it ends. Meanwhile a unit's errors are worth as much as what
 * it sends follows its own rate: nothing of a unit that is silenced.
 */
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../network/plan.h"
#include "agent.h"

static nai_status check(const nai_agent *agent, const nai_intervention *i, int64_t k)
{
  const nai_network *net = agent->plasticity->net;
  NAI__TRY(nai__plan_check_alone(i, k, 1, "an agent"));
  if (i->kind == NAI_SCALE_SYNAPSES)
    return nai__fail(NAI_ERR_UNSUPPORTED,
                     "interventions[%lld]: an agent's synapses are not scaled, as its rule moves "
                     "them: prune them, or act on units",
                     (long long)k);
  if (net->has_cells && net->has_output_memory && i->kind != NAI_INJECT)
    return nai__fail(
        NAI_ERR_UNSUPPORTED,
        "interventions[%lld]: an agent whose outputs have a memory and whose units are "
        "no rate units can only be given currents",
        (long long)k);
  return NAI_OK;
}

/* Once rates were imposed, units go on from their own, also after the last of these has ended. */
static void apply(nai_agent *agent)
{
  nai__activity *a = &agent->activity;
  const size_t bytes = (size_t)agent->plasticity->net->ld_units * sizeof *agent->own;
  a->schedule = agent->schedule.n ? &agent->schedule : NULL;
  if (a->own || !a->schedule) return;
  memcpy(agent->own, nai__rate_at(a, agent->online.t), bytes);
  a->own = agent->own;
}

static nai_status plan(nai_agent *agent, nai_intervention *list,
                       const nai_intervention *interventions, int64_t n)
{
  const nai_network *net = agent->plasticity->net;
  const int64_t before = agent->schedule.n, now = agent->online.t;
  NAI__TRY(nai__plan_take(list, interventions, n, net));
  for (int64_t k = 0; k < n; k++) NAI__TRY(check(agent, &list[k], k));
  NAI__TRY(nai__plan_add(&agent->schedule, net, list, n, 0));
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

nai_status nai__agent_release(nai_agent *agent, const nai_units *which)
{
  const nai_network *net = agent->plasticity->net;
  NAI__TRY(nai__plan_check_release(net, which, agent->seen));
  nai__plan_release(&agent->schedule, net, which, agent->seen);
  apply(agent);
  return NAI_OK;
}
