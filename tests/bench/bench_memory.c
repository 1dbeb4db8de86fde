/*
 * Memory and time of an update whose trials are kept whole, and recomputed in spans. Adds to a list of
 * results; `bytes` is what the activity of the batch takes.
 *
 *   bench_memory FILE.json
 */
#include <neuroai/neuroai.h>
#include <stdio.h>
#include <stdlib.h>

#include "results.h"
#include "updates.h"

enum { UNITS = 256, INPUTS = 33, OUTPUTS = 17 };

static const struct {
  int64_t steps, trials;
} sizes[] = {{200, 64}, {100, 1}, {1000, 1}, {10000, 1}, {100000, 1}};

static nai_network *make_network(void)
{
  nai_network *net;
  must(nai_network_create(&net, 20.0));
  nai_network_add_input(net, "u", INPUTS);
  nai_network_add_population(net, "E", UNITS, NAI_FREE);
  nai_network_add_output(net, "z", OUTPUTS);
  nai_network_set(net, "E", "tau", 100.0);
  nai_network_set(net, "E", "noise", 0.15);
  nai_network_connect(net, "u", "E");
  nai_network_connect(net, "E", "E z");
  must(nai_network_build(net, 1));
  return net;
}

static nai_trials *make_trials(const nai_network *net, int64_t steps, int64_t n)
{
  nai_trials *trials;
  int64_t inputs = steps * n * INPUTS, targets = steps * n * OUTPUTS;
  float *values = malloc((size_t)inputs * sizeof *values);
  if (!values) exit(EXIT_FAILURE);
  must(nai_trials_create(&trials, net, steps, n));
  must(nai_random_normals(values, inputs, 1, 0));
  must(nai_trials_set_inputs(trials, NULL, values, INPUTS));
  must(nai_random_normals(values, targets, 1, 1));
  must(nai_trials_set_targets(trials, "z", values, OUTPUTS));
  free(values);
  return trials;
}

static nai_trainer *make_trainer(nai_network *net, double recompute)
{
  nai_rule *rule;
  nai_optimizer *adam;
  nai_cost *task, *rates;
  must(nai_rule_create_bptt(&rule));
  must(nai_optimizer_create_adam(&adam, 1e-4));
  must(nai_cost_create_mse(&task, "z"));
  must(nai_cost_create_l2_rates(&rates, "E"));
  nai_trainer *trainer = trainer_of(net, rule, adam);
  give_cost(trainer, task, 1.0);
  give_cost(trainer, rates, 1e-6);
  must(nai_trainer_set(trainer, "recompute", recompute));
  return trainer;
}

/* Milliseconds of an update. */
static double bench_update(nai__json_writer *out, int64_t steps, int64_t n, double recompute)
{
  char name[64];
  int64_t before, after;
  nai_network *net = make_network();
  nai_trials *trials = make_trials(net, steps, n);
  nai_trainer *trainer = make_trainer(net, recompute);
  must(nai_trainer_memory(&before, trainer));
  double ms = time_update(trainer, trials);
  must(nai_trainer_memory(&after, trainer));
  snprintf(name, sizeof name, "long/%s/%d x %d", recompute == 0 ? "whole" : "spans", (int)steps,
           (int)n);
  printf("  %-24s %10.2f ms %10.3f MB\n", name, ms, 1e-6 * (double)(after - before));
  fflush(stdout);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
  result_begin(out, name, ms, 1);
  nai__json_add_real(out, "bytes", (double)(after - before));
  result_end(out);
  return ms;
}

int main(int argc, char **argv)
{
  if (argc != 2) {
    fprintf(stderr, "usage: bench_memory FILE.json\n");
    return 2;
  }
  nai__json_writer results;
  results_begin(&results, argv[1]);
  printf("%d units, steps x trials: kept whole, and recomputed in spans\n", UNITS);
  for (int i = 0; i < COUNT(sizes); i++) {
    double whole = bench_update(&results, sizes[i].steps, sizes[i].trials, 0),
           spans = bench_update(&results, sizes[i].steps, sizes[i].trials, -1);
    printf("  %24s %10.2f times the time\n", "", spans / whole);
  }
  if (results_end(&results, argv[1])) return EXIT_SUCCESS;
  fprintf(stderr, "bench_memory: cannot write %s\n", argv[1]);
  return EXIT_FAILURE;
}
