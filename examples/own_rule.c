/*
 * A learning rule of your own: random feedback local online learning (Murray 2019), written as a
 * function of what is available at a synapse. The library has the same rule, so the two gradients
 * are compared; then this one learns a decision.
 */
#include <math.h>
#include <neuroai/extend.h>
#include <neuroai/neuroai.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_STATES = 2 }; /* rate units have one, those that adapt two */

/*
 * One step at the synapses of one projection, in all trials. The eligibility traces eps of a synapse,
 * one for each state of its postsynaptic unit, are the local part of how its weight has moved that
 * state; learning signal times what they and the synapse now do to the rate is the estimate of the
 * gradient. From the slopes of a step this is right for units of every model. For a rate unit,
 * x(t) = (1 - alpha) x(t-1) + alpha (W r + b), r = phi(x):  eps(t) = (1 - alpha) eps(t-1) + alpha r
 */
static void follow_synapses(const nai_local_step *s, int64_t row, const float *pre, float *change)
{
  int64_t n = s->n_states, rows = s->trials * s->n_post;
  for (int64_t i = 0; i < s->n_pre; i++) {
    float *trace = s->trace + row * s->n_pre + i, eps[MOST_STATES], moved = s->zp[row] * pre[i];
    for (int64_t k = 0; k < n; k++) {
      eps[k] = trace[k * rows * s->n_pre];
      moved += s->zs[k * rows + row] * eps[k];
    }
    change[i] += s->signal[row] * moved;
    for (int64_t k = 0; k < n; k++) {
      float now = s->sp[k * rows + row] * pre[i];
      for (int64_t j = 0; j < n; j++) now += s->ss[(k * n + j) * rows + row] * eps[j];
      trace[k * rows * s->n_pre] = now;
    }
  }
}

static nai_status follow_traces(void *user, nai_local_step *s)
{
  (void)user;
  if (s->n_states > MOST_STATES) {
    nai_set_error("my RFLO keeps 2 traces; these units have more states");
    return NAI_ERR_UNSUPPORTED;
  }
  for (int64_t b = 0; b < s->trials; b++)
    for (int64_t i = 0; i < s->n_post; i++)
      follow_synapses(s, b * s->n_post + i, s->pre + b * s->n_pre, s->change + i * s->stride);
  return NAI_OK;
}

static void check(nai_status status)
{
  if (status == NAI_OK) return;
  fprintf(stderr, "%s\n", nai_last_error());
  exit(1);
}

static nai_trainer *train(nai_network *net, nai_rule *rule, nai_task *task)
{
  nai_trainer *trainer;
  nai_optimizer *adam;
  nai_cost *cost;
  check(nai_optimizer_create_adam(&adam, 2e-3));
  check(nai_trainer_create(&trainer, net, rule, adam, task));
  check(nai_cost_create_cross_entropy(&cost, "choice"));
  check(nai_trainer_add_cost(trainer, cost, 1.0));
  check(nai_trainer_estimate_gradient(NULL, trainer, NULL)); /* the same trials for every trainer */
  nai_cost_destroy(cost);
  nai_optimizer_destroy(adam);
  return trainer;
}

/* Largest difference of the gradients from E to E, as a fraction of the largest element. */
static double difference(const nai_trainer *a, const nai_trainer *b)
{
  nai_view x = NAI_VIEW_INIT, y = NAI_VIEW_INIT;
  check(nai_trainer_gradient(&x, a, "E", "E"));
  check(nai_trainer_gradient(&y, b, "E", "E"));
  double largest = 0, apart = 0;
  for (int64_t i = 0; i < x.shape[0]; i++)
    for (int64_t j = 0; j < x.shape[1]; j++) {
      const char *p = (const char *)x.data + i * x.stride[0] + j * x.stride[1];
      const char *q = (const char *)y.data + i * y.stride[0] + j * y.stride[1];
      double ours = (double)*(const float *)p, theirs = (double)*(const float *)q;
      largest = fmax(largest, fabs(theirs));
      apart = fmax(apart, fabs(ours - theirs));
    }
  return apart / largest;
}

int main(void)
{
  nai_network *net;
  nai_network_create(&net, 20.0); /* ms */
  nai_network_add_input(net, "stimulus", 3);
  nai_network_add_population(net, "E", 40, NAI_EXCITATORY);
  nai_network_add_population(net, "I", 10, NAI_INHIBITORY);
  nai_network_add_output(net, "choice", 3);
  nai_network_connect(net, "stimulus", "E I");
  nai_network_connect(net, "E I", "E I");
  nai_network_connect(net, "E", "choice");
  check(nai_network_build(net, /* seed */ 1));
  nai_task *task;
  check(nai_task_create(&task, "perceptual-decision-making", net));
  check(nai_task_set(task, "stimulus", 500.0));

  nai_rule_ops ops = {.struct_size = sizeof ops,
                      .name = "my RFLO",
                      .feedback = NAI_FEEDBACK_RANDOM,
                      .n_traces = MOST_STATES,
                      .step = follow_traces};
  nai_rule *mine, *rflo;
  check(nai_rule_create(&mine, &ops, /* seed of the feedback */ 7, NULL));
  check(nai_rule_create_rflo(&rflo, 7));
  nai_trainer *trainer = train(net, mine, task), *builtin = train(net, rflo, task);
  printf("differs from the library's own by %.1g\n", difference(trainer, builtin));

  int64_t updates = getenv("NEUROAI_EXAMPLE_QUICK") ? 100 : 300;
  nai_evaluation *test;
  check(nai_trainer_run(trainer, updates, NULL, NULL));
  check(nai_evaluation_create(&test, net, task, 2000, /* seed */ 3, /* threads */ 1));
  printf("correct after %lld updates: %.3f\n", (long long)updates,
         nai_evaluation_performance(test));

  nai_evaluation_destroy(test);
  nai_trainer_destroy(builtin);
  nai_trainer_destroy(trainer);
  nai_rule_destroy(rflo);
  nai_rule_destroy(mine);
  nai_task_destroy(task);
  nai_network_destroy(net);
  return 0;
}
