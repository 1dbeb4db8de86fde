/*
 * How fast the dendritic microcircuit is: one trial of 100 ms of a small one, in which weights move at
 * each of 1000 steps; and one update on a batch of ten images of that of 784-500-500-10, by a step and
 * a descent, of which an epoch of MNIST has 6000. Adds its results to the file that bench.c wrote.
 *
 *   bench_microcircuit FILE.json
 */
#include <neuroai/neuroai.h>
#include <stdio.h>
#include <stdlib.h>

#include "results.h"
#include "updates.h"

#define SMALL_STEPS 1000
#define BATCH 10
#define UPDATES 6000 /* of an epoch */

static nai_network *make_network(const int64_t *sizes, int64_t n, double dt,
                                 const nai_microcircuit *options)
{
  nai_network *net;
  must(nai_network_create(&net, dt));
  must(nai_network_add_microcircuit(net, sizes, n, options));
  must(nai_network_build(net, 1));
  must(nai_network_self_predict(net));
  return net;
}

static nai_trainer *make_trainer(nai_network *net, double tau, double update_every, double sweep)
{
  nai_trainer *trainer;
  nai_rule *rule;
  nai_optimizer *sgd;
  must(nai_rule_create_dendritic_error(&rule));
  must(nai_rule_set(rule, "tau", tau));
  must(nai_rule_set(rule, "update_every", update_every));
  must(nai_rule_set(rule, "sweep", sweep));
  must(nai_optimizer_create_sgd(&sgd, 1e-6)); /* what is timed does not depend on it */
  must(nai_trainer_create(&trainer, net, rule, sgd, NULL));
  nai_rule_destroy(rule);
  nai_optimizer_destroy(sgd);
  return trainer;
}

/* Inputs x, target and teach of all steps, the teacher there. */
static nai_trials *make_trials(const nai_network *net, int64_t steps, int64_t trials,
                               int64_t channels, int64_t outputs)
{
  nai_trials *made;
  int64_t width = channels + 2 * outputs;
  float *input = malloc((size_t)(steps * trials * width) * sizeof *input);
  if (!input) exit(EXIT_FAILURE);
  must(nai_random_normals(input, trials * width, 1, 0));
  for (int64_t i = 0; i < steps * trials; i++) {
    float *row = input + i * width;
    if (i >= trials) memcpy(row, row - trials * width, (size_t)width * sizeof *row);
    for (int64_t c = channels + outputs; c < width; c++) row[c] = 1;
  }
  must(nai_trials_create(&made, net, steps, trials));
  must(nai_trials_set_inputs(made, NULL, input, width));
  free(input);
  return made;
}

static void bench_trial(nai__json_writer *out)
{
  static const int64_t sizes[] = {30, 20, 10};
  nai_microcircuit options = NAI_MICROCIRCUIT_INIT;
  nai_network *net = make_network(sizes, 3, 0.1, &options);
  nai_trainer *trainer = make_trainer(net, 30, 1, 0);
  nai_trials *trials = make_trials(net, SMALL_STEPS, 1, 30, 10);
  double ms = time_update(trainer, trials);
  printf("  circuit/trial  1 thread  %10.3f ms   30-20-10, 1000 steps, weights move at each: %.2f "
         "us\n",
         ms, ms * 1e3 / SMALL_STEPS);
  fflush(stdout);
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
  result_begin(out, "circuit/trial", ms, 1);
  result_end(out);
}

static void bench_images(nai__json_writer *out)
{
  static const int64_t sizes[] = {784, 500, 500, 10};
  nai_microcircuit options = NAI_MICROCIRCUIT_INIT;
  options.delay = 1;
  options.dynamics = "steady";
  options.g_leak = options.noise = 0;
  options.g_apical = 3.0 / 7;
  options.g_soma = 1.0 / 9;
  options.width_up = 0.1;
  options.plastic_lateral = 0;
  options.plastic_bias = 1;
  nai_network *net = make_network(sizes, 4, 1, &options);
  nai_trainer *trainer = make_trainer(net, 0, 0, 1);
  nai_trials *trials = make_trials(net, 1, BATCH, 784, 10);
  double ms = time_update(trainer, trials);
  printf("  circuit/images 1 thread  %10.3f ms   784-500-500-10, %d images; an epoch of MNIST %.1f "
         "s\n",
         ms, BATCH, ms * 1e-3 * UPDATES);
  fflush(stdout);
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
  result_begin(out, "circuit/images", ms, 1);
  result_end(out);
}

int main(int argc, char **argv)
{
  if (argc != 2) {
    fprintf(stderr, "usage: bench_microcircuit FILE.json\n");
    return EXIT_FAILURE;
  }
  nai__json_writer results;
  results_begin(&results, argv[1]);
  printf("dendritic microcircuits:\n");
  bench_trial(&results);
  bench_images(&results);
  if (results_end(&results, argv[1])) return EXIT_SUCCESS;
  fprintf(stderr, "bench_microcircuit: cannot write %s\n", argv[1]);
  return EXIT_FAILURE;
}
