/*
 * A task that answers what the network chose: two options, of which one is rewarded until that
 * reverses, unannounced. A trial is a block of choices; after each of them respond() sees it, and the
 * next one begins with whether it was rewarded.
 */
#include <neuroai/extend.h>
#include <neuroai/neuroai.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHOICES = 15, LENGTH = 8, ANSWER = 3 }; /* steps of 20 ms: a choice, and when it is due */
enum { REWARDED, FIRST, SECOND, INPUTS };

static nai_status make_blocks(void *user, nai_trial_batch *batch)
{
  (void)user;
  for (int64_t b = 0; b < batch->trials; b++) {
    uint64_t block = batch->first + (uint64_t)b; /* all random numbers are a function of it */
    int right = nai_random_uniform(batch->seed, block, 0) < 0.5, since = -1;
    for (int64_t k = 0; k < CHOICES; k++) {
      int reverses = k > 0 && nai_random_uniform(batch->seed, block, 1 + (uint64_t)k) < 0.15;
      if (reverses) right = 1 - right;
      since = reverses ? 0 : since < 0 ? -1 : since + 1;
      for (int64_t t = k * LENGTH; t < (k + 1) * LENGTH; t++) {
        batch->classes[t * batch->trials + b] = right;
        batch->mask[t * batch->trials + b] = t >= (k + 1) * LENGTH - ANSWER;
      }
      batch->condition[b * CHOICES + k] = (float)since; /* of each choice */
    }
  }
  return NAI_OK; /* parts are equal already */
}

/* Called when a part of some trials has ended: here of all of them at once. */
static nai_status reward(void *user, nai_trial_batch *batch)
{
  (void)user;
  if (batch->step == batch->steps) return NAI_OK; /* nothing comes after it */
  for (int64_t b = 0; b < batch->trials; b++) {
    const float *z =
        batch->output + (batch->step - 1) * batch->output_step + b * batch->output_trial;
    int choice = z[1] > z[0];
    int rewarded = choice == batch->classes[(batch->step - 1) * batch->trials + b];
    float *next = batch->input + (batch->step * batch->trials + b) * batch->n_inputs;
    next[REWARDED] = rewarded ? 1 : -1;
    next[choice ? SECOND : FIRST] = 1;
  }
  return NAI_OK;
}

static void check(nai_status status)
{
  if (status == NAI_OK) return;
  fprintf(stderr, "%s\n", nai_last_error());
  exit(1);
}

static nai_network *make_network(void)
{
  nai_network *net;
  check(nai_network_create(&net, 20.0));
  check(nai_network_add_input(net, "outcome", INPUTS));
  check(nai_network_add_population(net, "units", 50, NAI_FREE));
  check(nai_network_add_output(net, "choice", 2));
  check(nai_network_connect(net, "outcome", "units"));
  check(nai_network_connect(net, "units", "units choice"));
  check(nai_network_build(net, 1));
  return net;
}

static nai_task *make_task(const nai_network *net)
{
  static const char *const conditions[] = {"since_reversal"};
  nai_task_ops ops = {.struct_size = sizeof ops,
                      .flags = NAI_TASK_BLOCK, /* each part is judged, and has conditions */
                      .name = "reversal",
                      .n_inputs = INPUTS,
                      .n_outputs = 2,
                      .max_steps = CHOICES * LENGTH,
                      .has_classes = 1,
                      .n_conditions = 1,
                      .condition_names = conditions,
                      .generate = make_blocks,
                      .parts = CHOICES,
                      .respond = reward};
  nai_task *task;
  check(nai_task_create_own(&task, &ops, net, NULL));
  return task;
}

static void print_curve(const nai_network *net, const nai_task *task)
{
  nai_evaluation *evaluation;
  double since[CHOICES + 1], correct[CHOICES + 1];
  nai_curve_arrays curve = NAI_CURVE_ARRAYS_INIT;
  int64_t count;
  curve.value = since;
  curve.correct = correct;
  check(nai_evaluation_create(&evaluation, net, task, 300, 5, 2));
  check(nai_evaluation_curve(&curve, CHOICES + 1, &count, evaluation, "since_reversal"));
  for (int64_t i = 0; i < count && since[i] < 5; i++)
    if (since[i] >= 0)
      printf("%2.0f choices after a reversal: correct %.3f\n", since[i], correct[i]);
  nai_evaluation_destroy(evaluation);
}

int main(void)
{
  nai_network *net = make_network();
  nai_task *task = make_task(net);
  nai_cost *cost;
  nai_rule *rule;
  nai_optimizer *adam;
  nai_trainer *trainer;
  check(nai_cost_create_cross_entropy(&cost, "choice"));
  check(nai_rule_create_bptt(&rule));
  check(nai_optimizer_create_adam(&adam, 3e-3));
  check(nai_trainer_create(&trainer, net, rule, adam, task));
  check(nai_trainer_add_cost(trainer, cost, 1.0));
  check(nai_trainer_set(trainer, "clip", 1));
  check(nai_trainer_run(trainer, getenv("NEUROAI_EXAMPLE_QUICK") ? 20 : 400, NULL, NULL));
  print_curve(net, task);

  nai_trainer_destroy(trainer);
  nai_optimizer_destroy(adam);
  nai_rule_destroy(rule);
  nai_cost_destroy(cost);
  nai_task_destroy(task);
  nai_network_destroy(net);
  return 0;
}
