/*
 * How fast a spatially embedded network learns (Achterberg et al. 2023, the authors' demonstration):
 * one update of 100 serial relu units on a lattice, 128 trials of the maze of 50 steps, noise on the
 * inputs, cross-entropy at the last step and 0.3 times communicability, Adam. Adds its results to
 * the file that bench.c wrote; with what costs are before and after a few updates without noise, so
 * that sernn.py can start from the same weights and see that it does the same.
 *
 *   bench_sernn FILE.json
 */
#include <neuroai/neuroai.h>
#include <stdio.h>
#include <stdlib.h>

#include "results.h"
#include "updates.h"

enum { UNITS = 100, STEPS = 50, TRIALS = 128, INPUTS = 8, WAYS = 4, PROBLEMS = 8, UPDATES = 20 };
#define GAMMA 0.3
#define NOISE 0.05
#define RATE 1e-3

/* Goal, the way that leads to it, the other open one. */
static const int problems[PROBLEMS][3] = {{1, 1, 0}, {1, 2, 3}, {3, 3, 0}, {2, 3, 2},
                                          {2, 0, 1}, {0, 1, 2}, {3, 2, 0}, {0, 0, 2}};

/* Weights [post, pre] between -limit and limit, which a few lines of any language draw as well. */
static void set_weights(nai_network *net, const char *from, const char *to, int64_t n_post,
                        int64_t n_pre, double limit, uint32_t state)
{
  static float weight[UNITS * UNITS];
  for (int64_t k = 0; k < n_post * n_pre; k++) {
    state = (1103515245u * state + 12345u) % (1u << 31);
    weight[k] = (float)(limit * ((double)state / (1 << 30) - 1));
  }
  must(nai_network_set_weights(net, from, to, weight, n_post, n_pre));
}

static nai_network *make_network(void)
{
  nai_network *net;
  must(nai_network_create(&net, 1.0));
  nai_network_add_input(net, "maze", INPUTS);
  nai_network_add_population(net, "h", UNITS, NAI_FREE);
  nai_network_add_output(net, "way", WAYS);
  nai_network_set(net, "maze h", "tau", 1.0); /* units without a memory of their own */
  nai_network_place_lattice(net, "h", 1.0);
  nai_network_connect(net, "maze", "h");
  nai_network_connect(net, "h", "h");
  nai_network_connect(net, "h", "way");
  nai_network_set_autapses(net, "h", "h", 1);
  must(nai_network_build(net, 1));
  set_weights(net, "maze", "h", UNITS, INPUTS, sqrt(6.0 / (UNITS + INPUTS)), 1);
  set_weights(net, "h", "h", UNITS, UNITS, sqrt(3.0 / UNITS), 2);
  set_weights(net, "h", "way", WAYS, UNITS, sqrt(6.0 / (UNITS + WAYS)), 3);
  return net;
}

/* The goal for 20 steps, nothing for 10, the open ways for 20. */
static nai_trials *make_trials(const nai_network *net)
{
  static float input[STEPS][TRIALS][INPUTS], mask[STEPS][TRIALS];
  static int32_t way[STEPS][TRIALS];
  nai_trials *trials;
  for (int b = 0; b < TRIALS; b++) {
    const int *problem = problems[b % PROBLEMS];
    for (int t = 0; t < STEPS; t++) {
      way[t][b] = problem[1];
      mask[t][b] = t == STEPS - 1;
      if (t < 20) input[t][b][problem[0]] = 1;
      if (t >= 30) input[t][b][4 + problem[1]] = input[t][b][4 + problem[2]] = 1;
    }
  }
  must(nai_trials_create(&trials, net, STEPS, TRIALS));
  must(nai_trials_set_inputs(trials, NULL, &input[0][0][0], INPUTS));
  must(nai_trials_set_classes(trials, "way", &way[0][0]));
  must(nai_trials_set_mask(trials, "way", &mask[0][0], 1));
  return trials;
}

static nai_trainer *make_trainer(nai_network *net, int in_space, int threads)
{
  nai_rule *rule;
  nai_optimizer *adam;
  nai_cost *task, *structure;
  must(nai_rule_create_bptt(&rule));
  must(nai_optimizer_create_adam(&adam, RATE));
  must(nai_cost_create_cross_entropy(&task, "way"));
  nai_trainer *trainer = trainer_of(net, rule, adam);
  give_cost(trainer, task, 1.0);
  if (in_space) {
    must(nai_cost_create_communicability(&structure, "h", "h", 1));
    give_cost(trainer, structure, GAMMA);
  }
  must(nai_trainer_set(trainer, "threads", threads));
  return trainer;
}

/* Costs before and after a few updates without noise. */
static void add_costs(nai__json_writer *out)
{
  nai_network *net = make_network();
  nai_trials *trials = make_trials(net);
  nai_trainer *trainer = make_trainer(net, 1, 1);
  nai_progress moment = NAI_PROGRESS_INIT;
  must(nai_trainer_estimate_gradient(&moment, trainer, trials));
  nai__json_add_real(out, "cost", moment.cost);
  nai__json_add_real(out, "structure", moment.costs[1]);
  for (int k = 0; k < UPDATES; k++) must(nai_trainer_step(NULL, trainer, trials));
  must(nai_trainer_estimate_gradient(&moment, trainer, trials));
  nai__json_add_real(out, "cost_after", moment.cost);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}

static double time_sernn(int in_space, int threads)
{
  nai_network *net = make_network();
  nai_trials *trials = make_trials(net);
  nai_network_set(net, "maze", "noise", NOISE / sqrt(2)); /* NOISE a step */
  nai_trainer *trainer = make_trainer(net, in_space, threads);
  double ms = time_update(trainer, trials);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
  return ms;
}

static void bench_sernn(nai__json_writer *out, int threads, double limit)
{
  double ms = time_sernn(1, threads), without = time_sernn(0, threads);
  double flops = 6.0 * UNITS * UNITS * TRIALS * STEPS;
  double fraction = flops / (ms * 1e-3) / (threads * limit);
  printf("  %-10s %d thread%s %10.3f ms   %.1f %% of the peak; %.3f ms without the cost in space\n",
         "sernn", threads, threads > 1 ? "s" : " ", ms, 100 * fraction, without);
  fflush(stdout);
  result_begin(out, "sernn", ms, threads);
  nai__json_add_real(out, "peak_fraction", fraction);
  nai__json_add_real(out, "without_ms", without);
  add_costs(out);
  result_end(out);
}

int main(int argc, char **argv)
{
  if (argc != 2) {
    fprintf(stderr, "usage: bench_sernn FILE.json\n");
    return EXIT_FAILURE;
  }
  double limit = peak();
  nai__json_writer results;
  results_begin(&results, argv[1]);
  printf("a network in space, its wires paid for by communicability:\n");
  for (int threads = 1; threads <= 2; threads++) bench_sernn(&results, threads, limit);
  if (results_end(&results, argv[1])) return EXIT_SUCCESS;
  fprintf(stderr, "bench_sernn: cannot write %s\n", argv[1]);
  return EXIT_FAILURE;
}
