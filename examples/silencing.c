/* A network learns to decide and to wait; then each cell type is silenced in each epoch of the trial. */
#include <neuroai/neuroai.h>
#include <stdio.h>
#include <stdlib.h>

static void check(nai_status status)
{
  if (status == NAI_OK) return;
  fprintf(stderr, "%s\n", nai_last_error());
  exit(1);
}

/* Fraction correct on the same trials, with this population silenced in this epoch; NULL: never. */
static double perform(const nai_network *net, const nai_task *task, const char *name,
                      const char *epoch)
{
  nai_intervention light = NAI_INTERVENTION_INIT; /* silences */
  light.names = name;                             /* all units of it; or some, or a fraction */
  light.epoch = epoch;
  light.fall = 60.0; /* ms at its end */
  nai_evaluation_options options = NAI_EVALUATION_OPTIONS_INIT;
  options.interventions = &light;
  options.n_interventions = name != NULL;
  nai_evaluation *test;
  check(nai_evaluation_create_with(&test, net, task, 2000, &options));
  double correct = nai_evaluation_performance(test);
  nai_evaluation_destroy(test);
  return correct;
}

int main(void)
{
  static const char *const names[] = {"E", "PV", "SST"};
  static const char *const epochs[] = {"fixation", "stimulus", "delay", "decision"};
  static const double coherences[] = {12.8, 25.6, 51.2}; /* percent */
  nai_network *net;
  nai_constraint *dale;
  nai_constraint_create_dale(&dale, NAI_DALE_CLAMP);
  nai_network_create(&net, 20.0); /* time step, ms */
  nai_network_add_input(net, "stimulus", 3);
  nai_network_add_population(net, "E", 80, NAI_EXCITATORY);
  nai_network_add_population(net, "PV", 10, NAI_INHIBITORY);
  nai_network_add_population(net, "SST", 10, NAI_INHIBITORY);
  nai_network_add_output(net, "choice", 3);
  nai_network_set(net, "E PV SST", "noise", 0.15);
  nai_network_set(net, "PV", "tau", 50.0); /* ms */
  nai_network_connect(net, "stimulus", "E PV");
  nai_network_connect(net, "E PV SST", "E PV");
  nai_network_connect(net, "E PV", "SST");
  nai_network_connect(net, "E", "choice");
  nai_network_constrain(net, "E PV SST", "*", dale);
  check(nai_network_build(net, /* seed */ 1)); /* gives the first error of all these calls */

  nai_task *task;
  nai_cost *cost;
  nai_rule *rule;
  nai_optimizer *adam;
  nai_trainer *trainer;
  check(nai_task_create(&task, "perceptual-decision-making", net));
  check(nai_task_set_list(task, "coherence", coherences, 3));
  check(nai_task_set_list(task, "delay", (double[]){300.0, 600.0}, 2)); /* ms, one in each trial */
  check(nai_task_set(task, "cue_until_decision", 1.0));
  check(nai_cost_create_cross_entropy(&cost, "choice"));
  check(nai_rule_create_bptt(&rule));
  check(nai_optimizer_create_adam(&adam, 1e-3));
  check(nai_trainer_create(&trainer, net, rule, adam, task));
  check(nai_trainer_add_cost(trainer, cost, 1.0));
  check(nai_trainer_run(trainer, getenv("NEUROAI_EXAMPLE_QUICK") ? 10 : 500, NULL, NULL));

  printf("correct: %.3f; silenced in\n     ", perform(net, task, NULL, NULL));
  for (int e = 0; e < 4; e++) printf(" %9s", epochs[e]);
  for (int k = 0; k < 3; k++) {
    printf("\n%-5s", names[k]);
    for (int e = 0; e < 4; e++) printf(" %9.3f", perform(net, task, names[k], epochs[e]));
  }
  printf("\n");

  nai_trainer_destroy(trainer); /* in any order: what is attached is kept alive */
  nai_optimizer_destroy(adam);
  nai_rule_destroy(rule);
  nai_cost_destroy(cost);
  nai_task_destroy(task);
  nai_constraint_destroy(dale);
  nai_network_destroy(net);
  return 0;
}
