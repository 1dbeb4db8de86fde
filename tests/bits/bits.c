/*
 * Bits of what networks learn and do: weights after 50 updates of many networks and rules, rates of
 * states. Prints a line for each, to be compared with what another version prints on the same
 * machine (bits.sh). Only the public interface, and no more of it than older versions have.
 *
 *   bits KERNELS
 */
#include <neuroai/neuroai.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UPDATES 50

static const char *kernels;

static void must(nai_status status)
{
  if (status == NAI_OK) return;
  fprintf(stderr, "bits: %s\n", nai_last_error());
  exit(EXIT_FAILURE);
}

/* --- sums of bits (FNV-1a) -------------------------------------------------------------------- */

static uint64_t add_floats(uint64_t sum, const float *x, int64_t n)
{
  for (int64_t i = 0; i < n; i++) {
    uint32_t word;
    memcpy(&word, &x[i], sizeof word);
    sum = (sum ^ word) * 0x100000001b3u;
  }
  return sum;
}

static uint64_t add_view(uint64_t sum, const nai_view *v)
{
  int64_t columns = v->ndim > 1 ? v->shape[1] : 1;
  for (int64_t i = 0; i < v->shape[0]; i++)
    for (int64_t j = 0; j < columns; j++)
      sum = add_floats(
          sum, (const float *)((const char *)v->data + i * v->stride[0] + j * v->stride[1]), 1);
  return sum;
}

static uint64_t weights_of(const nai_network *net)
{
  uint64_t sum = 0xcbf29ce484222325u;
  const char *from, *to;
  for (int64_t k = 0; nai_network_projection(&from, &to, net, k) == NAI_OK; k++) {
    nai_view v = NAI_VIEW_INIT;
    must(nai_network_weights(&v, net, from, to));
    sum = add_view(sum, &v);
  }
  for (int32_t kind = NAI_POPULATIONS; kind <= NAI_OUTPUTS; kind++)
    for (int64_t i = 0; i < nai_network_count(net, kind); i++) {
      nai_view v = NAI_VIEW_INIT;
      must(nai_network_bias(&v, net, nai_network_name(net, kind, i)));
      sum = add_view(sum, &v);
    }
  return sum;
}

static void say(const char *what, uint64_t sum)
{
  printf("%-10s %-28s %016llx\n", kernels, what, (unsigned long long)sum);
  fflush(stdout);
}

/* --- networks --------------------------------------------------------------------------------- */

typedef struct size {
  int64_t units, steps, trials, inputs, outputs;
} size;

static nai_network *finish(nai_network *net)
{
  must(nai_network_set_kernels(net, kernels));
  must(nai_network_build(net, 1));
  return net;
}

/* Dale's law, sparse, noisy: the workloads of tests/bench. */
static nai_network *ei(size s)
{
  nai_network *net;
  nai_constraint *sparse;
  must(nai_network_create(&net, 20.0));
  nai_network_add_input(net, "u", s.inputs);
  nai_network_add_population(net, "E", s.units * 4 / 5, NAI_EXCITATORY);
  nai_network_add_population(net, "I", s.units - s.units * 4 / 5, NAI_INHIBITORY);
  nai_network_add_output(net, "z", s.outputs);
  nai_network_set(net, "E I", "tau", 100.0);
  nai_network_set(net, "E I", "noise", 0.15);
  nai_network_connect(net, "u", "E I");
  nai_network_connect(net, "E I", "E I");
  nai_network_connect(net, "E I", "z");
  must(nai_constraint_create_sparse(&sparse, 0.2));
  nai_network_constrain(net, "E I", "E I", sparse);
  nai_constraint_destroy(sparse);
  return finish(net);
}

static nai_network *two_populations(size s)
{
  nai_network *net;
  must(nai_network_create(&net, 10.0));
  nai_network_add_input(net, "u", s.inputs);
  nai_network_add_population(net, "A", s.units / 2, NAI_FREE);
  nai_network_add_population(net, "B", s.units - s.units / 2, NAI_FREE);
  nai_network_add_output(net, "z", s.outputs);
  return net;
}

/* Both tanh; leaks on the current and on the rate. */
static nai_network *plain(size s)
{
  nai_network *net = two_populations(s);
  nai_network_set_transfer(net, "A B", NAI_TRANSFER_TANH);
  nai_network_set_leak(net, "B", NAI_LEAK_RATE);
  nai_network_set(net, "B", "gain", 1.25);
  nai_network_set(net, "A", "plastic_initial", 1);
  nai_network_set(net, "A", "initial", 0.1);
  nai_network_connect(net, "u", "A");
  nai_network_connect(net, "A B", "A B");
  nai_network_connect(net, "A B", "z");
  return finish(net);
}

/* As FORCE and the Hebbian rule want it: leaks on the current. */
static nai_network *single(size s)
{
  nai_network *net;
  must(nai_network_create(&net, 10.0));
  nai_network_add_input(net, "u", s.inputs);
  nai_network_add_population(net, "A", s.units, NAI_FREE);
  nai_network_add_output(net, "z", s.outputs);
  nai_network_set_transfer(net, "A", NAI_TRANSFER_TANH);
  nai_network_connect(net, "u", "A");
  nai_network_connect(net, "A", "A");
  nai_network_connect(net, "A", "z");
  return finish(net);
}

static nai_network *layered(size s)
{
  nai_network *net = two_populations(s);
  nai_network_set(net, "A B", "tau", 10.0);
  nai_network_connect(net, "u", "A");
  nai_network_connect(net, "A", "B");
  nai_network_set_delay(net, "A", "B", 0);
  nai_network_connect(net, "B", "z");
  return finish(net);
}

static nai_network *delayed(size s)
{
  nai_network *net = two_populations(s);
  nai_network_set_transfer(net, "A B", NAI_TRANSFER_SOFTPLUS);
  nai_network_set(net, "A", "noise", 0.1);
  nai_network_set(net, "A", "noise_tau", 30);
  nai_network_connect(net, "u", "A B");
  nai_network_connect(net, "A B", "A B");
  nai_network_connect(net, "A B", "z");
  nai_network_set_delay(net, "A", "B", 30);
  nai_network_set_delay(net, "u", "B", 20);
  nai_network_set_delay(net, "B", "z", 10);
  return finish(net);
}

/* --- training --------------------------------------------------------------------------------- */

static nai_trials *make_trials(const nai_network *net, size s)
{
  nai_trials *trials;
  int64_t n = s.steps * s.trials;
  float *input = malloc((size_t)(n * s.inputs) * sizeof *input);
  float *target = malloc((size_t)(n * s.outputs) * sizeof *target);
  if (!input || !target) exit(EXIT_FAILURE);
  must(nai_random_normals(input, n * s.inputs, 1, 0));
  must(nai_random_normals(target, n * s.outputs, 1, 1));
  must(nai_trials_create(&trials, net, s.steps, s.trials));
  must(nai_trials_set_inputs(trials, NULL, input, s.inputs));
  must(nai_trials_set_targets(trials, "z", target, s.outputs));
  free(input);
  free(target);
  return trials;
}

/* Gives up `rule`. With rates: a cost on them too. */
static nai_trainer *make_trainer(nai_network *net, nai_rule *rule, int rates)
{
  nai_trainer *trainer;
  nai_optimizer *adam;
  nai_cost *cost;
  must(nai_optimizer_create_adam(&adam, 1e-3));
  must(nai_trainer_create(&trainer, net, rule, adam, NULL));
  must(nai_cost_create_mse(&cost, "z"));
  must(nai_trainer_add_cost(trainer, cost, 1.0));
  nai_cost_destroy(cost);
  if (rates) {
    must(nai_cost_create_l2_rates(&cost, "*"));
    must(nai_trainer_add_cost(trainer, cost, 1e-4));
    nai_cost_destroy(cost);
  }
  must(nai_trainer_set(trainer, "threads", 2));
  nai_rule_destroy(rule);
  nai_optimizer_destroy(adam);
  return trainer;
}

static void learn(const char *what, nai_network *net, nai_rule *rule, size s, int rates)
{
  nai_trials *trials = make_trials(net, s);
  nai_trainer *trainer = make_trainer(net, rule, rates);
  for (int i = 0; i < UPDATES; i++) must(nai_trainer_step(NULL, trainer, trials));
  say(what, weights_of(net));
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}

static nai_rule *bptt(void)
{
  nai_rule *rule;
  must(nai_rule_create_bptt(&rule));
  return rule;
}

static void networks(void)
{
  const size S = {100, 75, 64, 3, 3}, M = {256, 200, 64, 33, 17}, tiny = {40, 20, 16, 3, 2};
  learn("S", ei(S), bptt(), S, 1);
  learn("M", ei(M), bptt(), M, 1);
  learn("small", ei(tiny), bptt(), tiny, 1);
  learn("plain", plain(tiny), bptt(), tiny, 1);
  learn("layered", layered(tiny), bptt(), tiny, 1);
  learn("delayed", delayed(tiny), bptt(), tiny, 1);
}

enum {
  BPTT_10,
  RTRL,
  UORO,
  RFLO,
  EPROP,
  EPROP_RANDOM,
  EPROP_ADAPTIVE,
  SNAP1,
  FA,
  DFA,
  SIGN,
  KP,
  WM,
  NODE,
  EVERY
};

static const char *const rule_name[EVERY] = {"truncated_bptt", "rtrl",
                                             "uoro",           "rflo",
                                             "eprop",          "eprop random",
                                             "eprop adaptive", "snap1",
                                             "feedback",       "direct",
                                             "sign symmetry",  "kolen-pollack",
                                             "weight mirror",  "node perturbation"};

static nai_rule *rule_number(int k)
{
  nai_rule *r = NULL;
  switch (k) {
  case BPTT_10: must(nai_rule_create_truncated_bptt(&r, 10)); break;
  case RTRL: must(nai_rule_create_rtrl(&r)); break;
  case UORO: must(nai_rule_create_uoro(&r, 3)); break;
  case RFLO: must(nai_rule_create_rflo(&r, 3)); break;
  case EPROP: must(nai_rule_create_eprop(&r, NAI_FEEDBACK_SYMMETRIC, 3)); break;
  case EPROP_RANDOM: must(nai_rule_create_eprop(&r, NAI_FEEDBACK_RANDOM, 3)); break;
  case EPROP_ADAPTIVE: must(nai_rule_create_eprop(&r, NAI_FEEDBACK_ADAPTIVE, 3)); break;
  case SNAP1: must(nai_rule_create_snap1(&r)); break;
  case FA: must(nai_rule_create_feedback_alignment(&r, 3)); break;
  case DFA: must(nai_rule_create_direct_feedback_alignment(&r, 3)); break;
  case SIGN: must(nai_rule_create_sign_symmetry(&r, 0, 3)); break;
  case KP: must(nai_rule_create_kolen_pollack(&r, 1e-3, 3)); break;
  case WM: must(nai_rule_create_weight_mirror(&r, 3)); break;
  default: must(nai_rule_create_node_perturbation(&r, 0.01, 3)); break;
  }
  return r;
}

static void rules(void)
{
  const size s = {40, 20, 16, 3, 2};
  char what[64];
  for (int k = 0; k < EVERY; k++) {
    snprintf(what, sizeof what, "%s, plain", rule_name[k]);
    learn(what, plain(s), rule_number(k), s, k != NODE);
    if (k == RTRL) continue; /* long enough */
    snprintf(what, sizeof what, "%s, delayed", rule_name[k]);
    learn(what, delayed(s), rule_number(k), s, 0);
  }
  static const int within[] = {RFLO, EPROP, EPROP_RANDOM, EPROP_ADAPTIVE};
  for (size_t k = 0; k < sizeof within / sizeof *within; k++) {
    nai_rule *rule = rule_number(within[k]);
    must(nai_rule_set(rule, "update_every", 1));
    snprintf(what, sizeof what, "%s, every step", rule_name[within[k]]);
    learn(what, plain(s), rule, s, 0);
  }
  nai_rule *force;
  must(nai_rule_create_force(&force));
  learn("force", single(s), force, s, 0);
}

/* --- states ----------------------------------------------------------------------------------- */

static void run(const char *what, nai_network *net, size s, int64_t trials)
{
  int64_t units = 0, n = s.steps * trials;
  for (int64_t i = 0; i < nai_network_count(net, NAI_POPULATIONS); i++)
    units += nai_network_size(net, NAI_POPULATIONS, nai_network_name(net, NAI_POPULATIONS, i));
  float *input = calloc((size_t)(n * s.inputs), sizeof *input),
        *output = calloc((size_t)(n * s.outputs), sizeof *output),
        *rates = calloc((size_t)(n * units), sizeof *rates);
  if (!input || !output || !rates) exit(EXIT_FAILURE);
  must(nai_random_normals(input, n * s.inputs, 1, 0));
  nai_state *state;
  must(nai_state_create(&state, net, trials, 5));
#ifdef NAI_LOAD_OPTIONS_INIT
  must(nai_state_run(output, rates, state, s.steps, input));
#else /* commits before 0.2.0 have what is filled last */
  must(nai_state_run(state, s.steps, input, output, rates));
#endif
  uint64_t sum = add_floats(0xcbf29ce484222325u, rates, n * units);
  say(what, add_floats(sum, output, n * s.outputs));
  nai_state_destroy(state);
  nai_network_destroy(net);
  free(input);
  free(output);
  free(rates);
}

static void states(void)
{
  const size s = {100, 100, 1, 3, 3};
  run("state, one trial", ei(s), s, 1);
  run("state, 20 trials", ei(s), s, 20);
  run("state, plain", plain(s), s, 1);
  run("state, layered", layered(s), s, 3);
  run("state, delayed", delayed(s), s, 3);
}

int main(int argc, char **argv)
{
  if (argc != 2) {
    fprintf(stderr, "bits KERNELS\n");
    return EXIT_FAILURE;
  }
  kernels = argv[1];
  networks();
  rules();
  states();
  return EXIT_SUCCESS;
}
