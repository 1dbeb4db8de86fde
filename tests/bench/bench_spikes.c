/*
 * How fast networks of spiking neurons run: a second of Brunel's network (2000, J. Comput. Neurosci. 8:183; 12 500
 * neurons, 15.6 million synapses, 0.1 ms a step) in its asynchronous irregular state, on one thread and on
 * two. Beside it what no run by lists of synapses can be faster than: as many increments at random places
 * of an array in the first-level cache as there are events. Adds its results to the file that bench.c wrote.
 *
 *   bench_spikes FILE.json [NAME ...]
 *
 * Names: brunel/12500 (default), brunel/100000, which has 10^8 synapses and takes 1.5 GB.
 */
#include <neuroai/neuroai.h>
#include <stdio.h>
#include <stdlib.h>

#include "results.h"
#include "updates.h"

typedef struct size {
  const char *name;
  int64_t n_e, n_i, indegree_e, indegree_i;
  double weight; /* mV */
  int by_itself; /* 1: also when no names are given */
} size;

static const size sizes[] = {{"brunel/12500", 10000, 2500, 1000, 250, 0.1, 1},
                             {"brunel/100000", 80000, 20000, 800, 200, 0.125, 0}};

static nai_network *make_network(const size *s)
{
  nai_network *net;
  nai_constraint *of_e, *of_i;
  must(nai_network_create(&net, 0.1));
  nai_network_add_population(net, "E", s->n_e, NAI_EXCITATORY);
  nai_network_add_population(net, "I", s->n_i, NAI_INHIBITORY);
  nai_network_set_model(net, "E I", "lif");
  nai_network_set(net, "E I", "tau", 20);
  nai_network_set(net, "E I", "threshold", 20);
  nai_network_set(net, "E I", "reset", 10);
  nai_network_set(net, "E I", "refractory", 2);
  nai_network_set(net, "E I", "background", 2000 / s->weight);
  nai_network_set(net, "E I", "background_weight", s->weight);
  nai_network_connect(net, "E I", "E I");
  must(nai_constraint_create_indegree(&of_e, s->indegree_e));
  must(nai_constraint_create_indegree(&of_i, s->indegree_i));
  nai_network_constrain(net, "E", "E I", of_e);
  nai_network_constrain(net, "I", "E I", of_i);
  nai_constraint_destroy(of_e);
  nai_constraint_destroy(of_i);
  nai_network_set_initial_weights(net, "E", "E I", NAI_WEIGHTS_CONSTANT, s->weight, 0);
  nai_network_set_initial_weights(net, "I", "E I", NAI_WEIGHTS_CONSTANT, -5 * s->weight, 0);
  nai_network_set_plastic(net, "E I", "E I", 0);
  nai_network_set_delay(net, "E I", "E I", 1.5);
  must(nai_network_build(net, 1));
  return net;
}

enum { CELLS = 6250, RANDOM = 1 << 16 };

/* Seconds that one increment at a random place takes at best. */
static double increment(void)
{
  static uint8_t count[CELLS];
  static uint16_t place[RANDOM];
  double seconds;
  for (int k = 0; k < RANDOM; k++) place[k] = (uint16_t)(rand() % CELLS);
  TIME(seconds, for (int k = 0; k < RANDOM; k++) count[place[k]]++);
  return seconds / RANDOM;
}

/* What a second of the network takes: the best of SECONDS after the first half of one. */
typedef struct times {
  double took,
      busy;    /* s; s of all processors in it, which other work on the machine changes less */
  double rate; /* Hz, of all neurons */
} times;

enum { SECONDS = 3 };

static times second(nai_network *net, const size *s, int threads)
{
  times best = {1e9, 0, 0};
  nai_state *state;
  nai_recording to = NAI_RECORDING_INIT;
  to.populations = "E I";
  to.room = 8 * (s->n_e + s->n_i) * 100;
  to.spikes = malloc((size_t)to.room * sizeof *to.spikes);
  must(nai_state_create(&state, net, 1, 1));
  must(nai_state_set_threads(state, threads));
  must(nai_state_run(NULL, NULL, state, 5000, NULL));
  for (int k = 0; k < SECONDS; k++) {
    const clock_t busy = clock();
    const double start = now();
    to.n = 0;
    must(nai_state_record(&to, state, 10000, NULL));
    const double took = now() - start;
    if (to.made != 10000) fprintf(stderr, "room for %lld steps only\n", (long long)to.made);
    best.rate += (double)to.n / (double)(s->n_e + s->n_i) / SECONDS;
    if (took > best.took) continue;
    best.took = took;
    best.busy = (double)(clock() - busy) / CLOCKS_PER_SEC;
  }
  nai_state_destroy(state);
  free(to.spikes);
  return best;
}

static void measure(nai__json_writer *w, const size *s)
{
  const double built = now();
  nai_network *net = make_network(s);
  const double building = now() - built;
  int64_t bytes;
  must(nai_network_memory(&bytes, net));
  for (int threads = 1; threads <= 2; threads++) {
    const times best = second(net, s, threads);
    const double synapses = (double)((s->n_e + s->n_i) * (s->indegree_e + s->indegree_i)),
                 events = best.rate * synapses, least = events * increment();
    char name[64];
    snprintf(name, sizeof name, "%s%s", s->name, threads > 1 ? "/2 threads" : "");
    printf("%s: %.3f s (%.3f of processors) for one of %.1f Hz, %.0f million events, %.2f ns each; "
           "increments alone %.3f s; build %.1f s, %.0f MB\n",
           name, best.took, best.busy, best.rate, events / 1e6, best.took / events * 1e9, least,
           building, (double)bytes / 1e6);
    result_begin(w, name, best.took * 1e3, threads);
    nai__json_add_real(w, "processor_ms", best.busy * 1e3);
    nai__json_add_real(w, "rate_hz", best.rate);
    nai__json_add_real(w, "events_per_s", events);
    nai__json_add_real(w, "limit_ms", least * 1e3);
    nai__json_add_real(w, "build_ms", building * 1e3);
    nai__json_add_real(w, "bytes", (double)bytes);
    result_end(w);
  }
  nai_network_destroy(net);
}

int main(int argc, char **argv)
{
  nai__json_writer w;
  const char *path = argc > 1 ? argv[1] : NULL;
  results_begin(&w, path);
  for (int k = 0; k < COUNT(sizes); k++) {
    int wanted = argc <= 2 && sizes[k].by_itself;
    for (int i = 2; i < argc; i++) wanted |= strcmp(argv[i], sizes[k].name) == 0;
    if (wanted) measure(&w, &sizes[k]);
  }
  return path && !results_end(&w, path);
}
