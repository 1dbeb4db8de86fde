/*
 * A constraint and a cost of your own. The constraint is synaptic scaling (Turrigiano et al.
 * 1998): learning redistributes a unit's excitation, but its total stays. The cost makes abrupt
 * changes of firing rates expensive. The program prints what calm activity costs the network.
 */
#include <math.h>
#include <neuroai/extend.h>
#include <neuroai/neuroai.h>
#include <stdio.h>
#include <stdlib.h>

/* Initially and after each update: the weights onto every unit add up to *user. */
static nai_status scale_synapses(void *user, nai_synapses *s)
{
  const double *total = user;
  for (int64_t i = 0; i < s->n_post; i++) {
    float *w = s->weight + i * s->stride;
    double sum = 0;
    for (int64_t j = 0; j < s->n_pre; j++) {
      if (w[j] * (float)s->sign < 0) w[j] = 0; /* Dale's law would take it away after us */
      sum += fabs((double)w[j]);
    }
    for (int64_t j = 0; j < s->n_pre && sum > 0; j++) w[j] *= (float)(*total / sum);
  }
  return NAI_OK;
}

/* J = (1/trials) sum over trials, steps and units of (r(t) - r(t-1))^2, and its gradient. */
static nai_status charge_changes(void *user, nai_rate_batch *b, double *value)
{
  (void)user;
  double mean = 1.0 / (double)b->batch_trials;
  for (int64_t k = 0; k < b->trials; k++)
    for (int64_t t = 1; t < b->length[k]; t++)
      for (int64_t i = 0; i < b->n; i++) {
        int64_t now = t * b->step_stride + k * b->stride + i, before = now - b->step_stride;
        double change = (double)b->rate[now] - (double)b->rate[before];
        *value += mean * change * change;
        if (!b->gradient) continue;
        b->gradient[now] += (float)(b->scale * mean * 2 * change);
        b->gradient[before] -= (float)(b->scale * mean * 2 * change);
      }
  return NAI_OK;
}

static void check(nai_status status)
{
  if (status == NAI_OK) return;
  fprintf(stderr, "%s\n", nai_last_error());
  exit(1);
}

int main(void)
{
  double total = 1.0; /* must outlive the networks that obey it */
  nai_constraint_ops scaling_ops = {
      .struct_size = sizeof scaling_ops, .name = "synaptic scaling", .project = scale_synapses};
  nai_cost_ops changes_ops = {
      .struct_size = sizeof changes_ops, .name = "rate changes", .on_rates = charge_changes};
  nai_constraint *scaling;
  nai_cost *decide, *changes;
  nai_rule *rule;
  nai_optimizer *adam;
  check(nai_constraint_create(&scaling, &scaling_ops, &total));
  check(nai_cost_create(&changes, &changes_ops, "E I", NULL, NULL));
  check(nai_cost_create_cross_entropy(&decide, "choice"));
  check(nai_rule_create_bptt(&rule));
  check(nai_optimizer_create_adam(&adam, 1e-3));

  printf("    beta  changes of rates  correct\n");
  for (double beta = 1e-4; beta < 0.1; beta *= 10) {
    nai_network *net;
    nai_task *task;
    nai_trainer *trainer;
    nai_progress last = NAI_PROGRESS_INIT;
    nai_network_create(&net, 20.0); /* ms */
    nai_network_add_input(net, "stimulus", 3);
    nai_network_add_population(net, "E", 40, NAI_EXCITATORY);
    nai_network_add_population(net, "I", 10, NAI_INHIBITORY);
    nai_network_add_output(net, "choice", 3);
    nai_network_connect(net, "stimulus", "E I");
    nai_network_connect(net, "E I", "E I");
    nai_network_connect(net, "E", "choice");
    nai_network_constrain(net, "E", "E I", scaling);
    check(nai_network_build(net, /* seed */ 1));
    check(nai_task_create(&task, "perceptual-decision-making", net));
    check(nai_task_set(task, "stimulus", 500.0));
    check(nai_trainer_create(&trainer, net, rule, adam, task));
    check(nai_trainer_add_cost(trainer, decide, 1.0));
    check(nai_trainer_add_cost(trainer, changes, beta));
    check(nai_trainer_run(trainer, getenv("NEUROAI_EXAMPLE_QUICK") ? 50 : 1000, NULL, NULL));
    check(nai_trainer_estimate_gradient(&last, trainer,
                                        NULL)); /* the costs once more, on new trials */
    printf("%8g  %16.1f  %7.3f\n", beta, last.costs[1] / beta, last.performance);
    nai_trainer_destroy(trainer);
    nai_task_destroy(task);
    nai_network_destroy(net);
  }
  nai_optimizer_destroy(adam);
  nai_rule_destroy(rule);
  nai_cost_destroy(changes);
  nai_cost_destroy(decide);
  nai_constraint_destroy(scaling);
  return 0;
}
