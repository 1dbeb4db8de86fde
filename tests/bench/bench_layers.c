/*
 * How fast a network of layers learns from single images: one update by feedback alignment of a
 * network 784-1000-10 on a batch of 64, of which an epoch of MNIST has 938. Inputs are drawn, as what
 * is timed does not depend on them. Adds its results to the file that bench.c wrote.
 *
 *   bench_layers FILE.json
 */
#include <neuroai/neuroai.h>
#include <stdio.h>
#include <stdlib.h>

#include "results.h"
#include "updates.h"

#define PIXELS 784
#define UNITS 1000
#define DIGITS 10
#define BATCH 64
#define SPARE .874f /* 19 normals in 100 are above, as many as pixels of MNIST are not 0 */
#define UPDATES 938 /* of an epoch */

static nai_network *make_network(void)
{
  nai_network *net;
  must(nai_network_create(&net, 1.0));
  nai_network_add_input(net, "u", PIXELS);
  nai_network_add_population(net, "r", UNITS, NAI_FREE);
  nai_network_add_output(net, "z", DIGITS);
  nai_network_set_leak(net, "r", NAI_LEAK_WHOLE);
  nai_network_set_transfer(net, "r", NAI_TRANSFER_RELU);
  nai_network_connect(net, "u", "r");
  nai_network_connect(net, "r", "z");
  must(nai_network_build(net, 1));
  return net;
}

static nai_trainer *make_trainer(nai_network *net, int adaptive)
{
  nai_rule *rule;
  nai_optimizer *optimizer;
  nai_cost *cost;
  must(nai_rule_create_feedback_alignment(&rule, 1));
  must(adaptive ? nai_optimizer_create_adam(&optimizer, 1e-6)
                : nai_optimizer_create_sgd(&optimizer, 1e-6));
  must(nai_cost_create_cross_entropy(&cost, "z"));
  nai_trainer *trainer = trainer_of(net, rule, optimizer);
  give_cost(trainer, cost, 1.0);
  return trainer;
}

static nai_trials *make_trials(const nai_network *net)
{
  static float input[BATCH * PIXELS];
  static int32_t digit[BATCH];
  nai_trials *trials;
  must(nai_random_normals(input, BATCH * PIXELS, 1, 0));
  for (int i = 0; i < BATCH * PIXELS; i++) input[i] = fmaxf(0, input[i] - SPARE);
  for (int i = 0; i < BATCH; i++) digit[i] = i % DIGITS;
  must(nai_trials_create(&trials, net, 1, BATCH));
  must(nai_trials_set_inputs(trials, NULL, input, PIXELS));
  must(nai_trials_set_classes(trials, "z", digit));
  return trials;
}

static void bench_epoch(nai__json_writer *out, const char *name, int adaptive, int threads)
{
  nai_network *net = make_network();
  nai_trainer *trainer = make_trainer(net, adaptive);
  nai_trials *trials = make_trials(net);
  must(nai_trainer_set(trainer, "threads", threads));
  double ms = time_update(trainer, trials);
  printf("  %-11s %d thread%s %10.3f ms   784-1000-10, %d images; an epoch of MNIST %.2f s\n", name,
         threads, threads > 1 ? "s" : " ", ms, BATCH, ms * 1e-3 * UPDATES);
  fflush(stdout);
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
  result_begin(out, name, ms, threads);
  result_end(out);
}

int main(int argc, char **argv)
{
  if (argc != 2) {
    fprintf(stderr, "usage: bench_layers FILE.json\n");
    return EXIT_FAILURE;
  }
  nai__json_writer results;
  results_begin(&results, argv[1]);
  printf("layers that learn by feedback alignment, with gradient descent and with Adam:\n");
  for (int threads = 1; threads <= 2; threads++) {
    bench_epoch(&results, "layers/sgd", 0, threads);
    bench_epoch(&results, "layers/adam", 1, threads);
  }
  if (results_end(&results, argv[1])) return EXIT_SUCCESS;
  fprintf(stderr, "bench_layers: cannot write %s\n", argv[1]);
  return EXIT_FAILURE;
}
