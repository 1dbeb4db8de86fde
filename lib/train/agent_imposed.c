/* What interventions mean for an agent's rule at a step: what follows its own rate, and what is scaled. */
#include "../running/draw_synapses.h"
#include "agent.h"

/* Whether any synapses are scaled at this step, and whether factors are not those of the step before. */
static int find_scaled(int *changes, const nai__schedule *schedule, int64_t step)
{
  int any = 0;
  *changes = 0;
  for (int64_t k = 0; k < schedule->n; k++) {
    const nai__act *act = &schedule->act[k];
    if (!nai__act_scales_synapses(act)) continue;
    const float much = nai__act_strength(act, 0, step);
    any |= much != 0;
    *changes |= much != nai__act_strength(act, 0, step - 1);
  }
  return any;
}

/* Of projections that keep one weight nothing learns. */
static void fill_factors(nai_agent *agent, int64_t step)
{
  const nai_network *net = agent->plasticity->net;
  for (int64_t k = 0; k < net->n_theta; k++) agent->factor[k] = 1;
  for (int64_t k = 0; k < agent->schedule.n; k++) {
    const nai__act *act = &agent->schedule.act[k];
    if (!nai__act_scales_synapses(act) || net->projection[act->projection].is_shared) continue;
    const float much = nai__act_strength(act, 0, step);
    if (much != 0) nai__multiply_factors(agent->factor, act, net, much);
  }
}

static void find_factors(nai_agent *agent)
{
  const int64_t step = agent->online.t - 1;
  int changes;
  const int any = find_scaled(&changes, &agent->schedule, step);
  if (any && (changes || !agent->has_factor)) fill_factors(agent, step);
  agent->has_factor = any;
  agent->online.factor = any ? agent->factor : NULL;
}

void nai__agent_find_imposed(nai_agent *agent)
{
  agent->online.follows = agent->online.factor = NULL;
  if (!agent->activity.schedule) return;
  nai__schedule_follows(&agent->schedule, agent->online.t - 1, 0, agent->follows,
                        agent->plasticity->net->ld_units);
  agent->online.follows = agent->follows;
  find_factors(agent);
}
