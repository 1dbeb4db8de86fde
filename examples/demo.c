/*
 * The demonstration: excitatory and inhibitory units in a cubic millimetre, with a fifth of the
 * possible synapses, learn a perceptual decision at low rates and with short wires. Then the
 * network is tested and saved. demo.py does the same and draws it.
 */
#include <neuroai/neuroai.h>
#include <stdio.h>
#include <stdlib.h>

static void check(nai_status status)
{
  if (status == NAI_OK) return;
  fprintf(stderr, "%s\n", nai_last_error());
  exit(1);
}

static nai_status print_progress(const nai_progress *now, void *user)
{
  (void)user;
  if (now->step % 10 != 0) return NAI_OK; /* any other value ends the run */
  printf("\r%5lld of %lld updates  cost %.4f = %.4f task + %.4f rates + %.4f wires  correct %.3f",
         (long long)now->step, (long long)now->steps, now->cost, now->costs[0], now->costs[1],
         now->costs[2], now->performance);
  fflush(stdout);
  return NAI_OK;
}

static void print_spectrum(const nai_network *net, const char *when)
{
  nai_spectrum s = NAI_SPECTRUM_INIT;
  check(nai_network_spectrum(&s, NULL, NULL, 0, net, "E I"));
  printf("recurrent weights %s: spectral radius %.2f, bulk %.2f, entropy of singular values %.3f\n",
         when, s.radius, s.bulk, s.entropy);
}

static void print_psychometric_curve(const nai_evaluation *test)
{
  static const char bar[] = "########################################";
  double coherence[16], choice[16];
  nai_curve_arrays curve = NAI_CURVE_ARRAYS_INIT;
  int64_t n;
  curve.value = coherence;
  curve.choice = choice;
  check(nai_evaluation_curve(&curve, 16, &n, test, "signed_coherence"));
  printf("coherence  choice of stimulus 2\n");
  for (int64_t i = 0; i < n && i < 16; i++)
    printf("%7.1f %%  %5.3f  %.*s\n", coherence[i], choice[i],
           choice[i] > 0 ? (int)(40 * choice[i] + 0.5) : 0, bar);
  printf("%.4f correct on new trials; an ideal observer reaches 0.8645\n",
         nai_evaluation_performance(test));
}

int main(void)
{
  nai_network *net;
  nai_constraint *sparse;
  nai_constraint_create_sparse(&sparse, 0.2);
  nai_network_create(&net, 20.0); /* time step, ms */
  nai_network_add_input(net, "stimulus", 3);
  nai_network_add_population(net, "E", 80, NAI_EXCITATORY); /* Dale's law follows from the signs */
  nai_network_add_population(net, "I", 20, NAI_INHIBITORY);
  nai_network_add_output(net, "choice", 3);
  nai_network_set(net, "E I", "tau", 100.0); /* ms */
  nai_network_set(net, "E I", "noise", 0.15);
  nai_network_place_box(net, "E I", 1.0, 1.0, 1.0); /* mm */
  nai_network_connect(net, "stimulus", "E I");
  nai_network_connect(net, "E I", "E I");
  nai_network_connect(net, "E", "choice");
  nai_network_constrain(net, "E I", "E I", sparse);
  check(nai_network_build(net, /* seed */ 1));
  print_spectrum(net, "at the start");

  nai_task *task;
  nai_cost *decide, *quiet, *wires;
  nai_rule *rule;
  nai_optimizer *adam;
  nai_trainer *trainer;
  nai_evaluation *test;
  check(nai_task_create(&task, "perceptual-decision-making", net));
  check(nai_task_set(task, "fixation", 500.0)); /* ms */
  check(nai_task_set(task, "stimulus", 500.0));
  check(nai_cost_create_cross_entropy(&decide, "choice"));
  check(nai_cost_create_l2_rates(&quiet, "E I"));
  check(nai_cost_create_distance(&wires, "E I", "E I"));
  check(nai_rule_create_bptt(&rule));
  check(nai_optimizer_create_adam(&adam, 1e-3));
  check(nai_trainer_create(&trainer, net, rule, adam, task));
  check(nai_trainer_add_cost(trainer, decide, 1.0));
  check(nai_trainer_add_cost(trainer, quiet, 1e-5));
  check(nai_trainer_add_cost(trainer, wires, 1e-5));
  check(nai_trainer_set(trainer, "threads", 2));
  int quick = getenv("NEUROAI_EXAMPLE_QUICK") != NULL;
  check(nai_trainer_run(trainer, quick ? 50 : 1500, print_progress, NULL));
  printf("\n");
  print_spectrum(net, "after learning");
  check(nai_evaluation_create(&test, net, task, quick ? 500 : 10000, /* seed */ 99, 2));
  print_psychometric_curve(test);
  check(nai_network_save(net, "demo.safetensors"));

  nai_evaluation_destroy(test);
  nai_trainer_destroy(trainer);
  nai_optimizer_destroy(adam);
  nai_rule_destroy(rule);
  nai_cost_destroy(wires);
  nai_cost_destroy(quiet);
  nai_cost_destroy(decide);
  nai_task_destroy(task);
  nai_constraint_destroy(sparse);
  nai_network_destroy(net);
  return 0;
}
