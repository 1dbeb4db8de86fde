/*
 * Node perturbation (Werfel, Xie & Seung 2005; Fiete & Seung 2006): each trial is run twice with the
 * same noise, once with a little more added to what each unit receives and to each output. What
 * that did to the trial's cost, times what was added, is on average the slope:
 *
 *   dJ/dv_i(t) ~ (J' - J) / s xi_i(t),   dJ/dz_k(t) ~ (J' - J) / s xi_k(t),   xi standard normal,
 *
 * without bias to first order in s (and to second, xi being symmetric). Rates are those of the run
 * that was not perturbed. Initial states that learn are perturbed too. A unit of several ports is
 * perturbed at each of them; nothing is asked of its model.
 */
#include <string.h>

#include "../base/error.h"
#include "backward.h"
#include "node_perturbation.h"

enum { SD, MEAN_RATE };
static const nai__parameter parameters[] = {
    [SD] = {"sd", "1", "standard deviation of what is added to units and outputs", 0.3, 1e-6, 1e3,
            0},
    [MEAN_RATE] = {"mean_rate", "1", "how far the mean reward moves to each reward of an agent",
                   0.1, 0, 1, 0}};

static nai_status attach(nai__learner *learner)
{
  learner->own = nai__learner_keep(learner, "mean reward", 2);
  return learner->own ? NAI_OK : NAI_ERR_MEMORY;
}

float *nai__node_perturbation_mean(const nai__learner *learner)
{
  return learner->own;
}

double nai__node_perturbation_rate(const nai__learner *learner)
{
  return learner->rule->number[MEAN_RATE];
}

void nai__node_perturbation_of(const nai__learner *learner, nai__perturbation *out)
{
  *out = (nai__perturbation){.seed = learner->rule->seed, .size = (float)learner->rule->number[SD]};
}

/* What multiplies the perturbation of a trial, which has s in it already. */
static float slope_of(const nai__pass *pass, int64_t trial)
{
  const nai__trial_costs *costs = pass->trial_costs;
  double s = (double)costs->perturbation.size;
  return (float)((costs->perturbed[trial] - costs->cost[trial]) / (s * s));
}

static uint64_t number_of(const nai__pass *pass, int64_t trial)
{
  return pass->activity->first + (uint64_t)trial;
}

/* --- errors ----------------------------------------------------------------------------------- */

static void multiply(float *x, int64_t n, float factor)
{
  for (int64_t u = 0; u < n; u++) x[u] *= factor;
}

/* One trial: dJ/dv in `signal`, dJ/dz; nothing past its end. */
static void estimate_trial(void *argument, int64_t trial, int32_t thread)
{
  (void)thread;
  nai__pass *pass = argument;
  const nai_network *net = pass->net;
  const nai__perturbation *p = &pass->trial_costs->perturbation;
  float slope = slope_of(pass, trial);
  for (int64_t t = 1; t <= pass->steps; t++) {
    int64_t row = (t - 1) * pass->trials + trial;
    float *v = pass->signal + row * net->ld_units,
          *z = pass->output_gradient + row * net->ld_outputs;
    if (t > pass->length[trial]) {
      memset(v, 0, (size_t)net->n_columns * sizeof *v);
      memset(z, 0, (size_t)net->n_outputs * sizeof *z);
      continue;
    }
    nai__perturb_units(p, net, number_of(pass, trial), t, v);
    nai__perturb_outputs(p, net, number_of(pass, trial), t, z);
    multiply(v, net->n_columns, slope);
    multiply(z, net->n_outputs, slope);
  }
}

/* --- initial states --------------------------------------------------------------------------- */

static void estimate_initial(nai__pass *pass)
{
  const nai_network *net = pass->net;
  float *start = pass->start, *gradient = pass->gradient + net->unit_initial;
  double *sum = pass->bias_sum;
  memset(sum, 0, (size_t)net->n_units * sizeof *sum);
  for (int64_t b = 0; b < pass->trials; b++) {
    nai__perturb_units(&pass->trial_costs->perturbation, net, number_of(pass, b), 0, start);
    double slope = (double)slope_of(pass, b);
    for (int64_t u = 0; u < net->n_units; u++) sum[u] += slope * (double)start[u];
  }
  for (int64_t u = 0; u < net->n_units; u++) gradient[u] = (float)sum[u];
}

static nai_status estimate(nai__learner *learner, nai__pass *pass)
{
  (void)learner;
  nai__pool_run(pass->pool, pass->trials, estimate_trial, pass);
  nai__filter_outputs(pass);
  nai__bias_gradient(pass);
  estimate_initial(pass);
  nai__correlate(pass);
  return NAI_OK;
}

nai_status nai_rule_create_node_perturbation(nai_rule **out, double sd, uint64_t seed)
{
  static const nai__rule_kind kind = {.name = "node_perturbation",
                                      .parameter = parameters,
                                      .n_parameters = 2,
                                      .attach = attach,
                                      .online = &nai__node_perturbation_online,
                                      .costs = NAI__LEARNS_OUTPUTS | NAI__LEARNS_RATES |
                                               NAI__LEARNS_WEIGHTS,
                                      .estimate = estimate,
                                      .units = NAI__ALL_UNITS,
                                      .runs = NAI__RUNS_BOTH,
                                      .perturb = nai__node_perturbation_of};
  NAI__REQUIRE(out);
  *out = NULL;
  NAI__TRY(nai__parameter_check(&parameters[SD], sd, NULL));
  NAI__TRY(nai__rule_create(out, &kind, seed));
  return nai_rule_set(*out, "sd", sd);
}
