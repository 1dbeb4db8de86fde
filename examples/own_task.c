/*
 * A task of your own: which of two flashes was brighter? Input: one channel. Classes: 0 wait, 1
 * the first, 2 the second. A task is one function that fills a batch of trials.
 */
#include <neuroai/extend.h>
#include <neuroai/neuroai.h>
#include <stdio.h>
#include <stdlib.h>

enum { FLASH = 5, STEPS = 25 }; /* steps of 20 ms: flash, pause, flash, pause, answer */

static nai_status flashes(void *user, nai_trial_batch *batch)
{
  (void)user;
  for (int64_t b = 0; b < batch->trials; b++) {
    uint64_t trial = batch->first + (uint64_t)b; /* all random numbers are a function of it */
    float bright[2];
    for (int k = 0; k < 2; k++)
      bright[k] = (float)nai_random_uniform(batch->seed, trial, (uint64_t)k);
    for (int64_t t = 0; t < STEPS; t++) {
      int epoch = (int)(t / FLASH);
      int64_t at = t * batch->trials + b;
      if (epoch == 0 || epoch == 2) batch->input[at] = bright[epoch / 2];
      if (epoch == 4)
        batch->classes[at] = bright[0] > bright[1] ? 1 : 2;
      else
        batch->mask[at] = 0.1f; /* waiting counts less than answering */
    }
    batch->condition[b] = bright[1] - bright[0];
  }
  return NAI_OK;
}

static nai_status print_progress(const nai_progress *now, void *user)
{
  (void)user;
  if (now->step % 100 == 0)
    printf("%5lld  cost %.3f  correct %.3f\n", (long long)now->step, now->cost, now->performance);
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
  nai_network *net;
  nai_network_create(&net, 20.0);
  nai_network_add_input(net, "light", 1);
  nai_network_add_population(net, "E", 60, NAI_EXCITATORY);
  nai_network_add_population(net, "I", 15, NAI_INHIBITORY);
  nai_network_add_output(net, "choice", 3);
  nai_network_connect(net, "light", "E I");
  nai_network_connect(net, "E I", "E I");
  nai_network_connect(net, "E", "choice");
  check(nai_network_build(net, 1));

  static const char *const conditions[] = {"difference"};
  nai_task_ops ops = {.struct_size = sizeof ops,
                      .name = "two-flashes",
                      .n_inputs = 1,
                      .n_outputs = 3,
                      .max_steps = STEPS,
                      .has_classes = 1,
                      .n_conditions = 1,
                      .condition_names = conditions,
                      .generate = flashes};
  nai_task *task;
  nai_cost *cost;
  nai_rule *rule;
  nai_optimizer *adam;
  nai_trainer *trainer;
  check(nai_task_create_own(&task, &ops, net, NULL));
  check(nai_cost_create_cross_entropy(&cost, "choice"));
  check(nai_rule_create_bptt(&rule));
  check(nai_optimizer_create_adam(&adam, 2e-3));
  check(nai_trainer_create(&trainer, net, rule, adam, task));
  check(nai_trainer_add_cost(trainer, cost, 1.0));
  check(nai_trainer_set(trainer, "stop_at", 0.9));
  int64_t updates = getenv("NEUROAI_EXAMPLE_QUICK") ? 100 : 2000;
  check(nai_trainer_run(trainer, updates, print_progress, NULL));

  nai_trainer_destroy(trainer);
  nai_optimizer_destroy(adam);
  nai_rule_destroy(rule);
  nai_cost_destroy(cost);
  nai_task_destroy(task);
  nai_network_destroy(net);
  return 0;
}
