/* Excitatory and inhibitory units learn to tell which of two noisy stimuli is the stronger one. */
#include <neuroai/neuroai.h>
#include <stdio.h>
#include <stdlib.h>

static void check(nai_status status)
{
  if (status == NAI_OK) return;
  fprintf(stderr, "%s\n", nai_last_error());
  exit(1);
}

int main(void)
{
  nai_network *net;
  nai_constraint *sparse;
  nai_constraint_create_sparse(&sparse, 0.2); /* a fifth of the synapses exist */
  nai_network_create(&net, 20.0);             /* time step, ms */
  nai_network_add_input(net, "stimulus", 3);  /* fixation cue, stimulus 1, stimulus 2 */
  nai_network_add_population(net, "E", 80, NAI_EXCITATORY);
  nai_network_add_population(net, "I", 20, NAI_INHIBITORY);
  nai_network_add_output(net, "choice", 3); /* wait, 1, 2 */
  nai_network_set(net, "E I", "noise", 0.15);
  nai_network_connect(net, "stimulus", "E I");
  nai_network_connect(net, "E I", "E I");
  nai_network_connect(net, "E", "choice");
  nai_network_constrain(net, "E I", "E I", sparse);
  check(nai_network_build(net, /* seed */ 1)); /* gives the first error of all these calls */

  nai_task *task;
  nai_cost *cost;
  nai_rule *rule;
  nai_optimizer *adam;
  nai_trainer *trainer;
  check(nai_task_create(&task, "perceptual-decision-making", net));
  check(nai_task_set(task, "stimulus", 500.0)); /* ms */
  check(nai_cost_create_cross_entropy(&cost, "choice"));
  check(nai_rule_create_bptt(&rule));
  check(nai_optimizer_create_adam(&adam, 1e-3));
  check(nai_trainer_create(&trainer, net, rule, adam, task));
  check(nai_trainer_add_cost(trainer, cost, 1.0));
  check(nai_trainer_run(trainer, getenv("NEUROAI_EXAMPLE_QUICK") ? 50 : 1000, NULL, NULL));
  check(nai_network_save(net, "decision.safetensors"));

  nai_evaluation *test;
  double coherence[8], correct[8];
  nai_curve_arrays curve = NAI_CURVE_ARRAYS_INIT;
  int64_t points;
  curve.value = coherence;
  curve.correct = correct;
  check(nai_evaluation_create(&test, net, task, 5000, /* seed */ 2, /* threads */ 1));
  check(nai_evaluation_curve(&curve, 8, &points, test, "coherence"));
  for (int64_t i = 0; i < points && i < 8; i++)
    printf("coherence %4.1f %%  correct %.3f\n", coherence[i], correct[i]);
  printf("all of them       correct %.3f\n", nai_evaluation_performance(test));

  nai_evaluation_destroy(test); /* in any order: what is attached is kept alive */
  nai_trainer_destroy(trainer);
  nai_optimizer_destroy(adam);
  nai_rule_destroy(rule);
  nai_cost_destroy(cost);
  nai_task_destroy(task);
  nai_constraint_destroy(sparse);
  nai_network_destroy(net);
  return 0;
}
