/*
 * A unit model of your own: a rate unit that adapts (Benda & Herz 2003), as a table of fields and
 * functions. The library has the same model: the slopes are checked, the two gradients are compared,
 * then this one learns a decision. own_model.py is its twin.
 */
#include <math.h>
#include <neuroai/neuroai.h>
#include <stdio.h>
#include <stdlib.h>

#define FIELD(field, in, start)                                                   \
  {                                                                               \
    .struct_size = sizeof(nai_field), .name = field, .unit = in, .initial = start \
  }
static const nai_field parameters[] = {FIELD("tau", "ms", 100), FIELD("tau_a", "ms", 500)};
static const nai_field states[] = {FIELD("x", "1", 0), FIELD("a", "1", 0)};
static const nai_field ports[] = {FIELD("v", "1", 0)}, signals[] = {FIELD("r", "1", 0)};

/* x <- (1 - alpha) x + alpha (v - a),  r = tanh(x),  a <- (1 - share) a + share r */
static nai_status step(void *user, nai_unit_batch *b)
{
  (void)user;
  for (int64_t k = 0; k < b->trials; k++)
    for (int64_t i = 0; i < b->n; i++) {
      float alpha = (float)b->dt / b->parameter[0][i], share = (float)b->dt / b->parameter[1][i];
      float *x = b->state[0] + k * b->state_stride + i, *a = b->state[1] + k * b->state_stride + i;
      float *r = b->signal[0] + k * b->signal_stride + i;
      *x += alpha * (b->port[0][k * b->port_stride + i] - *a - *x);
      *r = tanhf(*x);
      *a += share * (*r - *a);
    }
  return NAI_OK;
}

/* Of states and signals after the step by states and ports before it; only to train it. */
static nai_status slopes(void *user, nai_unit_batch *b)
{
  (void)user;
  int64_t next = b->slope_stride; /* from ss[x by x] to ss[x by a], ss[a by x], ss[a by a] */
  for (int64_t k = 0; k < b->trials; k++)
    for (int64_t i = 0; i < b->n; i++) {
      float alpha = (float)b->dt / b->parameter[0][i], share = (float)b->dt / b->parameter[1][i];
      float r = b->signal[0][k * b->signal_stride + i], slope = 1 - r * r;
      float *ss = b->ss + k * b->n + i, *sp = b->sp + k * b->n + i;
      float *zs = b->zs + k * b->n + i, *zp = b->zp + k * b->n + i;
      ss[0] = 1 - alpha;
      ss[next] = -alpha;
      sp[0] = alpha;
      zs[0] = slope * (1 - alpha);
      zs[next] = -slope * alpha;
      zp[0] = slope * alpha;
      ss[2 * next] = share * zs[0];
      ss[3 * next] = 1 - share + share * zs[next];
      sp[next] = share * zp[0];
    }
  return NAI_OK;
}

static void check(nai_status status)
{
  if (status == NAI_OK) return;
  fprintf(stderr, "%s\n", nai_last_error());
  exit(1);
}

/* NULL: with the library's model. */
static nai_network *compose(nai_model *mine)
{
  nai_network *net;
  check(nai_network_create(&net, 20.0)); /* ms */
  nai_network_add_input(net, "stimulus", 3);
  nai_network_add_population(net, "E", 50, NAI_FREE);
  nai_network_add_output(net, "choice", 3);
  if (mine)
    nai_network_use_model(net, "E", mine);
  else
    nai_network_set_model(net, "E", "adaptive_rate");
  if (!mine) nai_network_set_transfer(net, "E", NAI_TRANSFER_TANH);
  nai_network_connect(net, "stimulus E", "E");
  nai_network_connect(net, "E", "choice");
  nai_network_set_initial_weights(net, "stimulus", "E", NAI_WEIGHTS_NORMAL, 0, 0.5);
  nai_network_set_initial_weights(net, "E", "E", NAI_WEIGHTS_NORMAL, 0, 0.1);
  check(nai_network_build(net, /* seed */ 1)); /* says what failed before it, too */
  return net;
}

static nai_trainer *train(nai_network *net, nai_task *task)
{
  nai_trainer *trainer;
  nai_rule *bptt;
  nai_optimizer *adam;
  nai_cost *cost;
  check(nai_rule_create_bptt(&bptt));
  check(nai_optimizer_create_adam(&adam, 2e-3));
  check(nai_trainer_create(&trainer, net, bptt, adam, task));
  check(nai_cost_create_cross_entropy(&cost, "choice"));
  check(nai_trainer_add_cost(trainer, cost, 1.0));
  check(nai_trainer_estimate_gradient(NULL, trainer, NULL)); /* the same trials for every trainer */
  nai_cost_destroy(cost);
  nai_optimizer_destroy(adam);
  nai_rule_destroy(bptt);
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
  nai_model_ops ops = {.struct_size = sizeof ops,
                       .flags = NAI_MODEL_THREADED,
                       .name = "adapting",
                       .n_parameters = 2,
                       .n_states = 2,
                       .n_ports = 1,
                       .n_signals = 1,
                       .parameters = parameters,
                       .states = states,
                       .ports = ports,
                       .signals = signals,
                       .step = step,
                       .slopes = slopes};
  nai_model *model;
  check(nai_model_create(&model, &ops, NULL));
  nai_network *mine = compose(model), *library = compose(NULL);
  nai_model_destroy(model);                  /* the network keeps it */
  check(nai_network_check_model(mine, "E")); /* names the first slope that is wrong */

  nai_task *task;
  check(nai_task_create(&task, "perceptual-decision-making", mine));
  check(nai_task_set(task, "stimulus", 500.0));
  nai_trainer *trainer = train(mine, task), *builtin = train(library, task);
  printf("differs from the library's own by %.1g\n", difference(trainer, builtin));

  int64_t updates = getenv("NEUROAI_EXAMPLE_QUICK") ? 20 : 150;
  nai_evaluation *test;
  check(nai_trainer_run(trainer, updates, NULL, NULL));
  check(nai_evaluation_create(&test, mine, task, 2000, /* seed */ 3, /* threads */ 1));
  printf("correct after %lld updates: %.3f\n", (long long)updates,
         nai_evaluation_performance(test));

  nai_evaluation_destroy(test);
  nai_trainer_destroy(builtin);
  nai_trainer_destroy(trainer);
  nai_task_destroy(task);
  nai_network_destroy(library);
  nai_network_destroy(mine);
  return 0;
}
