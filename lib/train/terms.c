/* Terms of a cost: what it is divided by when it is normalised. */
#include "costs.h"

static double count_units(const nai_network *net, const nai_cost *cost)
{
  double units = 0;
  for (int64_t i = 0; i < net->n_nodes; i++)
    if (nai__cost_sees(cost, &net->node[i])) units += (double)net->node[i].n;
  return units;
}

/* Of so many trials whose lengths add up to this. */
static double rate_terms_of(const nai_network *net, const nai_cost *cost, double lengths,
                            int64_t trials)
{
  return lengths * count_units(net, cost) / (double)trials;
}

double nai__rate_terms(const nai_network *net, const nai_cost *cost, const nai_trials *trials)
{
  double steps = 0;
  for (int64_t k = 0; k < trials->trials; k++) steps += (double)trials->length[k];
  return rate_terms_of(net, cost, steps, trials->trials);
}

static double count_synapses(const nai_network *net, const nai_cost *cost)
{
  int64_t count = 0;
  NAI__EACH_PROJECTION(net, p, cost->names, cost->to) {
    nai_synapses s = nai__synapses(net, p, NULL, NULL);
    for (int64_t i = 0; i < s.n_post; i++)
      for (int64_t j = 0; j < s.n_pre; j++) count += s.exists[i * s.stride + j] != 0;
  }
  return count ? (double)count : 1;
}

double nai__cost_terms(const nai_network *net, const nai_cost *cost, const nai_trials *trials,
                       const nai__whole_batch *whole)
{
  if (!cost->normalise) return 1;
  if (cost->terms != NAI__PER_RATE) return count_synapses(net, cost);
  return whole ? rate_terms_of(net, cost, whole->lengths, whole->trials)
               : nai__rate_terms(net, cost, trials);
}

double nai__cost_terms_of_trial(const nai_network *net, const nai_cost *cost, int64_t steps)
{
  if (!cost->normalise) return 1;
  if (cost->terms != NAI__PER_RATE) return count_synapses(net, cost);
  return (steps ? (double)steps : 1) * count_units(net, cost);
}
