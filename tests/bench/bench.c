/*
 * How fast the library is where users wait for it: one update of a trainer at three sizes, and one
 * step of a state. Writes a list of results, to which rivals.py adds what others take for the same.
 *
 *   bench FILE.json [NAME ...]
 *
 * Names are those of the file, such as train/S. By default all but build/100000/0.01, which
 * takes a minute or two and 5 GB; with the name "all" that too.
 */
#include <neuroai/neuroai.h>
#include <stdio.h>
#include <stdlib.h>

#include "results.h"
#include "turns.h"
#include "updates.h"

/*
 * Leaky current ReLU network, Dale's law, mask, noise; masked mean square, L2 rates, L1 weights;
 * Adam. One update is the noise, the forward pass, the costs, the backward pass, the weight
 * gradient and the optimiser.
 */
static const struct workload {
  const char *name;
  int64_t units, steps, trials, inputs, outputs;
} workloads[] = {
    {"train/S", 100, 75, 64, 3, 3},
    {"train/M", 256, 200, 64, 33, 17},
    {"train/L", 1024, 200, 128, 64, 32},
};

/* The same of larger networks of which few synapses exist, listed, beside those of which all do. */
static const struct sparse {
  struct workload work;
  double density;
} sparse[] = {
    {{"sparse/1000", 1000, 100, 32, 3, 3}, 0.1},
    {{"sparse/4000", 4000, 100, 32, 3, 3}, 0.05},
};

/* The sizes above with all synapses. */
static const struct workload whole[] = {
    {"dense/S", 100, 75, 64, 3, 3},
    {"dense/M", 256, 200, 64, 33, 17},
    {"dense/L", 1024, 200, 128, 64, 32},
};

/* One step of one trial, in so many rounds. */
#define ROUNDS 100
static const struct stepped {
  const char *name;
  int64_t units;
  double density;
  int each; /* steps of a round */
} steps[] = {{"step/100", 100, 1.0, 200},         {"step/256", 256, 1.0, 200},
             {"step/1024", 1024, 1.0, 200},       {"step/1024/0.2", 1024, 0.2, 200},
             {"step/1024/0.05", 1024, 0.05, 200}, {"step/20000/0.01", 20000, 0.01, 10}};

static nai_network *make_network(int64_t units, int64_t inputs, int64_t outputs, double density,
                                 int32_t storage)
{
  nai_network *net;
  nai_constraint *sparse;
  must(nai_network_create(&net, 20.0));
  nai_network_add_input(net, "u", inputs);
  nai_network_add_population(net, "E", units * 4 / 5, NAI_EXCITATORY);
  nai_network_add_population(net, "I", units - units * 4 / 5, NAI_INHIBITORY);
  nai_network_add_output(net, "z", outputs);
  nai_network_set(net, "E I", "tau", 100.0);
  nai_network_set(net, "E I", "noise", 0.15);
  nai_network_connect(net, "u", "E I");
  nai_network_connect(net, "E I", "E I");
  nai_network_connect(net, "E I", "z");
  must(nai_constraint_create_sparse(&sparse, density));
  nai_network_constrain(net, "E I", "E I", sparse);
  nai_constraint_destroy(sparse);
  nai_network_set_storage(net, "E I", "E I", storage);
  must(nai_network_build(net, 1));
  return net;
}

/* --- training --------------------------------------------------------------------------------- */

static nai_trials *make_trials(const nai_network *net, const struct workload *w)
{
  nai_trials *trials;
  int64_t n = w->steps * w->trials;
  float *input = malloc((size_t)(n * w->inputs) * sizeof *input);
  float *target = malloc((size_t)(n * w->outputs) * sizeof *target);
  if (!input || !target) exit(EXIT_FAILURE);
  must(nai_random_normals(input, n * w->inputs, 1, 0));
  must(nai_random_normals(target, n * w->outputs, 1, 1));
  must(nai_trials_create(&trials, net, w->steps, w->trials));
  must(nai_trials_set_inputs(trials, NULL, input, w->inputs));
  must(nai_trials_set_targets(trials, "z", target, w->outputs));
  free(input);
  free(target);
  return trials;
}

static nai_trainer *make_trainer(nai_network *net, int threads)
{
  nai_rule *rule;
  nai_optimizer *adam;
  nai_cost *task, *rates, *weights;
  must(nai_rule_create_bptt(&rule));
  must(nai_optimizer_create_adam(&adam, 1e-4));
  must(nai_cost_create_mse(&task, "z"));
  must(nai_cost_create_l2_rates(&rates, "E I"));
  must(nai_cost_create_l1_weights(&weights, "E I", "E I"));
  nai_trainer *trainer = trainer_of(net, rule, adam);
  give_cost(trainer, task, 1.0);
  give_cost(trainer, rates, 1e-6);
  give_cost(trainer, weights, 1e-6);
  must(nai_trainer_set(trainer, "threads", threads));
  return trainer;
}

static void bench_training(nai__json_writer *out, const struct workload *w, double density,
                           int threads, double limit)
{
  nai_network *net = make_network(w->units, w->inputs, w->outputs, density, NAI_STORAGE_DENSE);
  nai_trials *trials = make_trials(net, w);
  nai_trainer *trainer = make_trainer(net, threads);
  double ms = time_update(trainer, trials);
  double flops = 6.0 * (double)(w->units * w->units * w->trials * w->steps);
  double fraction = flops / (ms * 1e-3) / (threads * limit);
  printf("  %-10s %d thread%s %10.2f ms   %5.1f %% of the peak\n", w->name, threads,
         threads > 1 ? "s" : " ", ms, 100 * fraction);
  fflush(stdout);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
  result_begin(out, w->name, ms, threads);
  nai__json_add_real(out, "peak_fraction", fraction);
  result_end(out);
}

static double time_density(const struct workload *w, double density, int32_t storage)
{
  nai_network *net = make_network(w->units, w->inputs, w->outputs, density, storage);
  nai_trials *trials = make_trials(net, w);
  nai_trainer *trainer = make_trainer(net, 1);
  double ms = time_update(trainer, trials);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
  return ms;
}

static void bench_sparse(nai__json_writer *out, const struct sparse *s)
{
  double ms = time_density(&s->work, s->density, NAI_STORAGE_LISTED),
         whole = time_density(&s->work, 1.0, NAI_STORAGE_DENSE);
  printf("  %-11s 1 thread  %10.2f ms   %.2f times as fast as with all synapses\n", s->work.name,
         ms, whole / ms);
  fflush(stdout);
  result_begin(out, s->work.name, ms, 1);
  nai__json_add_real(out, "density", s->density);
  nai__json_add_real(out, "whole_ms", whole);
  result_end(out);
}

/* --- one step --------------------------------------------------------------------------------- */

static double fraction_active(const nai_state *state)
{
  const char *const names[] = {"E", "I"};
  int64_t active = 0, all = 0;
  for (int p = 0; p < COUNT(names); p++) {
    nai_view rates = NAI_VIEW_INIT;
    must(nai_state_rates(&rates, state, names[p]));
    for (int64_t i = 0; i < rates.shape[1]; i++) active += ((const float *)rates.data)[i] > 0;
    all += rates.shape[1];
  }
  return (double)active / (double)all;
}

static void step(void *user)
{
  static const float input[3] = {0.5f, 0.2f, -0.1f};
  float output[3];
  must(nai_state_step(output, user, input));
}

/* The least that a listed synapse takes: its weight, and a number of 16 bits for its sender. */
#define LISTED 6.0

/* Set against arithmetic where all synapses exist, else against the memory that lists are read from. */
static void bench_step(nai__json_writer *out, const struct stepped *s, double limit)
{
  nai_network *net = make_network(s->units, 3, 3, s->density, NAI_STORAGE_CHOSEN);
  nai_state *state;
  must(nai_state_create(&state, net, 1, 1));
  for (int t = 0; t < 200; t++) step(state);
  double active = fraction_active(state), pairs = (double)(s->units * s->units);
  memory lists = memory_of(LISTED * s->density * pairs, 1, 0);
  latency us = take_turns(step, state, ROUNDS, s->each, s->density < 1 ? &lists : NULL);
  double fraction = s->density < 1 ? us.share : 2.0 * pairs / (us.p50 * 1e-6) / limit;
  const char *of = s->density < 1 ? "bandwidth" : "peak";
  printf("  %-15s 1 thread %8.2f us p50 %8.2f p99 %8.2f p99.9  %4.0f %% of the %s, %.0f %% of "
         "units active\n",
         s->name, us.p50, us.p99, us.p999, 100 * fraction, of, 100 * active);
  fflush(stdout);
  memory_release(&lists);
  nai_state_destroy(state);
  nai_network_destroy(net);
  result_begin(out, s->name, us.p50 * 1e-3, 1);
  nai__json_add_real(out, s->density < 1 ? "bandwidth_fraction" : "peak_fraction", fraction);
  nai__json_add_real(out, "density", s->density);
  nai__json_add_real(out, "p50_us", us.p50);
  nai__json_add_real(out, "p99_us", us.p99);
  nai__json_add_real(out, "p999_us", us.p999);
  nai__json_add_real(out, "active", active);
  result_end(out);
}

/* --- building --------------------------------------------------------------------------------- */

#define BUILT "build/100000/0.01"

/*
 * What a synapse cannot do without: its weight, what it is (three flags), its sender; for products forth,
 * back and of one trial its weight and where that is from, its other end; the same end for the gradient.
 * Where weights are from has no place any more (12 of these bytes): it stays here to be compared with before.
 */
#define NEEDED (4.0 + 3 + 4 + 3 * (4 + 4 + 2) + 2)

static nai_network *compose_large(void)
{
  nai_network *net;
  nai_constraint *sparse;
  must(nai_network_create(&net, 1.0));
  nai_network_add_population(net, "E", 80000, NAI_EXCITATORY);
  nai_network_add_population(net, "I", 20000, NAI_INHIBITORY);
  nai_network_connect(net, "E I", "E I");
  nai_network_set_initial_weights(net, "E I", "E I", NAI_WEIGHTS_GAMMA, 2, 1e-3);
  must(nai_constraint_create_sparse(&sparse, 0.01));
  must(nai_network_constrain(net, "E I", "E I", sparse));
  nai_constraint_destroy(sparse);
  return net;
}

static void bench_build(nai__json_writer *out)
{
  for (int threads = 1; threads <= 2; threads++) {
    nai_network *net = compose_large();
    int64_t bytes, synapses;
    must(nai_network_set_threads(net, threads));
    double start = now();
    must(nai_network_build(net, 1));
    double seconds = now() - start;
    must(nai_network_memory(&bytes, net));
    must(nai_network_synapses(NULL, 0, &synapses, net, "E I", "E I"));
    double each = (double)bytes / (double)synapses;
    printf("  %-15s %d thread%s %9.2f s   %.1f bytes a synapse, %.2f times what lists need\n",
           BUILT, threads, threads > 1 ? "s" : " ", seconds, each, each / NEEDED);
    fflush(stdout);
    nai_network_destroy(net);
    result_begin(out, BUILT, 1e3 * seconds, threads);
    nai__json_add_real(out, "bytes_a_synapse", each);
    nai__json_add_real(out, "memory_ratio", each / NEEDED);
    result_end(out);
  }
}

/* --- all of it -------------------------------------------------------------------------------- */

static int wanted(const char *name, int is_slow, char **names, int n)
{
  for (int i = 0; i < n; i++)
    if (strcmp(name, names[i]) == 0 || strcmp("all", names[i]) == 0) return 1;
  return n == 0 && !is_slow;
}

int main(int argc, char **argv)
{
  if (argc < 2) {
    fprintf(stderr, "usage: bench FILE.json [NAME ...]\n");
    return 2;
  }
  double limit = peak();
  nai__json_writer results;
  results_begin(&results, NULL);
  printf("%s\none core: %.0f GF/s\n", nai_build_info(), limit * 1e-9);
  for (int i = 0; i < COUNT(workloads); i++)
    for (int threads = 1; threads <= 2; threads++)
      if (wanted(workloads[i].name, 0, argv + 2, argc - 2))
        bench_training(&results, &workloads[i], 0.2, threads, limit);
  for (int i = 0; i < COUNT(whole); i++)
    if (wanted(whole[i].name, 0, argv + 2, argc - 2))
      bench_training(&results, &whole[i], 1.0, 1, limit);
  for (int i = 0; i < COUNT(sparse); i++)
    if (wanted(sparse[i].work.name, 0, argv + 2, argc - 2)) bench_sparse(&results, &sparse[i]);
  for (int i = 0; i < COUNT(steps); i++)
    if (wanted(steps[i].name, 0, argv + 2, argc - 2)) bench_step(&results, &steps[i], limit);
  if (wanted(BUILT, 1, argv + 2, argc - 2)) bench_build(&results);
  if (results_end(&results, argv[1])) return EXIT_SUCCESS;
  fprintf(stderr, "bench: cannot write %s\n", argv[1]);
  return EXIT_FAILURE;
}
