/*
 * How fast Wang's decision circuit (2002) is, 2000 neurons with conductances, all to all: a second of one
 * trial, and of eight at once. Adds its results to the file that bench.c wrote.
 *
 *   bench_wang FILE.json
 */
#include <neuroai/neuroai.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "results.h"
#include "updates.h"

#define DT 0.1
#define WARM 2000 /* steps, until its neurons fire */
#define STEPS 100

static void add_neurons(nai_network *net, const char *name, int64_t n)
{
  const int inhibits = name[0] == 'I';
  must(nai_network_add_population(net, name, n, inhibits ? NAI_INHIBITORY : NAI_EXCITATORY));
  must(nai_network_set_model(net, name, "lif_conductance"));
  must(nai_network_set(net, name, "background", 2400));
  if (!inhibits) return;
  must(nai_network_set(net, name, "capacitance", 200));
  must(nai_network_set(net, name, "g_leak", 20));
  must(nai_network_set(net, name, "refractory", 1));
  must(nai_network_set(net, name, "background_weight", 1.62));
}

static void connect(nai_network *net, const char *from, const char *to, const char *port, double w)
{
  char target[16];
  snprintf(target, sizeof target, "%s:%s", to, port);
  must(nai_network_connect(net, from, target));
  must(nai_network_set_initial_weights(net, from, target, NAI_WEIGHTS_CONSTANT, w, 0));
  must(nai_network_set_delay(net, from, target, 0.5));
  must(nai_network_set_plastic(net, from, target, 0));
  must(nai_network_set_autapses(net, from, target, 1));
}

static nai_network *make_network(void)
{
  static const char *const pools[] = {"A", "B", "N", "I"};
  static const int64_t sizes[] = {240, 240, 1120, 400};
  nai_network *net;
  must(nai_network_create(&net, DT));
  for (int k = 0; k < 4; k++) add_neurons(net, pools[k], sizes[k]);
  for (int to = 0; to < 4; to++) {
    const int inhibits = to == 3;
    for (int from = 0; from < 3; from++) {
      char gate[16];
      double w = to >= 2 ? 1 : from == to ? 1.7 : 0.8765;
      snprintf(gate, sizeof gate, "%s:nmda", pools[from]);
      connect(net, pools[from], pools[to], "ampa", w * (inhibits ? 0.04 : 0.05));
      connect(net, gate, pools[to], "nmda", w * (inhibits ? 0.13 : 0.165));
    }
    connect(net, "I", pools[to], "gaba", inhibits ? -1 : -1.3);
  }
  must(nai_network_build(net, 1));
  return net;
}

static void bench(nai__json_writer *out, const nai_network *net, int64_t trials, const char *name)
{
  nai_state *state;
  double seconds;
  must(nai_state_create(&state, net, trials, 1));
  must(nai_state_run(NULL, NULL, state, WARM, NULL));
  TIME(seconds, must(nai_state_run(NULL, NULL, state, STEPS, NULL)));
  double us = seconds * 1e6 / (double)(STEPS * trials);
  printf("  %-14s 1 thread  %10.3f ms   %lld x 1 s: %.1f us a step of a trial\n", name,
         us * 1e-3 * 1000 / DT * (double)trials, (long long)trials, us);
  fflush(stdout);
  nai_state_destroy(state);
  result_begin(out, name, us * 1e-3 * 1000 / DT * (double)trials, 1);
  result_end(out);
}

int main(int argc, char **argv)
{
  if (argc != 2) {
    fprintf(stderr, "usage: bench_wang FILE.json\n");
    return EXIT_FAILURE;
  }
  nai__json_writer results;
  results_begin(&results, argv[1]);
  printf("Wang's decision circuit:\n");
  nai_network *net = make_network();
  bench(&results, net, 1, "wang/trial");
  bench(&results, net, 8, "wang/trials");
  nai_network_destroy(net);
  if (results_end(&results, argv[1])) return EXIT_SUCCESS;
  fprintf(stderr, "bench_wang: cannot write %s\n", argv[1]);
  return EXIT_FAILURE;
}
