/*
 * What each program of this folder does, in C: it loads a model file, steps it in a closed loop,
 * trains it until its callback says that it is enough, and prints what the others must print too.
 */
#include <neuroai/neuroai.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void check(nai_status status)
{
  if (status >= 0) return;
  fprintf(stderr, "%s\n", nai_last_error());
  exit(1);
}

static double seconds(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The environment answers: cue, a stimulus that comes and goes, one where choice 1 was stronger. */
static double loop(nai_state *animal)
{
  float in[3] = {1, 0, 0}, out[3] = {0, 0, 0};
  double sum = 0;
  check(nai_state_reset(animal)); /* back to time 0, and the same noise */
  for (int t = 0; t < 1000; t++) {
    in[1] = t % 100 < 50;
    in[2] = out[1] > out[2];
    check(nai_state_step(out, animal, in));
    sum += (double)out[1];
  }
  return sum;
}

static nai_status watch(const nai_progress *now, void *user)
{
  *(double *)user = now->cost;
  return now->step < 20 ? NAI_OK : NAI_STOP;
}

int main(int argc, char **argv)
{
  nai_network *net;
  nai_state *animal;
  check(nai_network_load(&net, argc > 1 ? argv[1] : "decision.safetensors", NULL));
  check(nai_state_create(&animal, net, /* trials at once */ 1, /* seed */ 7));
  double sum = 0, cost = 0, best = 1e9;
  for (int run = 0; run < 20; run++) { /* the same each time; the least time is the step's own */
    const double start = seconds();
    sum = loop(animal);
    const double took = seconds() - start;
    if (took < best) best = took;
  }

  nai_task *task;
  nai_cost *error;
  nai_rule *rule;
  nai_optimizer *adam;
  nai_trainer *trainer;
  check(nai_task_create(&task, "perceptual-decision-making", net));
  check(nai_task_set(task, "stimulus", 500.0)); /* ms */
  check(nai_cost_create_cross_entropy(&error, "choice"));
  check(nai_rule_create_bptt(&rule));
  check(nai_optimizer_create_adam(&adam, 1e-3));
  check(nai_trainer_create(&trainer, net, rule, adam, task));
  check(nai_trainer_add_cost(trainer, error, 1.0));
  check(nai_trainer_set(trainer, "evaluate_every", 0));
  check(nai_trainer_run(trainer, 1000, watch, &cost));

  printf("loop %.6f, cost %.6f after %lld updates\n", sum, cost,
         (long long)nai_trainer_updates(trainer));
  printf("%.2f us a step\n", best * 1e3); /* of 1000 */
  nai_trainer_destroy(trainer);           /* in any order */
  nai_optimizer_destroy(adam);
  nai_rule_destroy(rule);
  nai_cost_destroy(error);
  nai_task_destroy(task);
  nai_state_destroy(animal);
  nai_network_destroy(net);
  return 0;
}
