/*
 * How fast local rules are: what RFLO adds to the forward run at the end of a trial, in the reverse
 * form that the library has and in the trace form of the paper; and one step of an agent that learns
 * at each, as a share of the machine's bandwidth for reading and writing what has to change. Adds
 * its results to the file that bench.c wrote.
 *
 *   bench_rules FILE.json
 */
#include <neuroai/neuroai.h>
#include <stdio.h>
#include <stdlib.h>

#include "results.h"
#include "train/trainer.h"
#include "turns.h"
#include "updates.h"

static float *floats(int64_t n)
{
  float *p = aligned_alloc(64, (size_t)((n + 15) / 16 * 64));
  if (!p) exit(EXIT_FAILURE);
  must(nai_random_normals(p, n, 1, 0));
  return p;
}

static nai_network *make_network(int64_t units, int64_t inputs, int64_t outputs, int32_t leak)
{
  nai_network *net;
  must(nai_network_create(&net, 20.0));
  nai_network_add_input(net, "u", inputs);
  nai_network_add_population(net, "r", units, NAI_FREE);
  nai_network_add_output(net, "z", outputs);
  nai_network_set(net, "r", "tau", 100.0);
  nai_network_set_leak(net, "r", leak);
  nai_network_set_transfer(net, "r", NAI_TRANSFER_TANH); /* rates that cannot run away */
  nai_network_connect(net, "u r", "r");
  nai_network_connect(net, "r", "z");
  must(nai_network_build(net, 1));
  return net;
}

static nai_trainer *make_trainer(nai_network *net, double update_every)
{
  nai_rule *rule;
  nai_optimizer *sgd;
  nai_cost *cost;
  must(nai_rule_create_rflo(&rule, 1));
  must(nai_rule_set(rule, "update_every", update_every));
  must(nai_optimizer_create_sgd(&sgd, 1e-6));
  must(nai_cost_create_mse(&cost, "z"));
  nai_trainer *trainer = trainer_of(net, rule, sgd);
  give_cost(trainer, cost, 1.0);
  return trainer;
}

/* --- at the end of a trial -------------------------------------------------------------------- */

static const struct workload {
  const char *name;
  int64_t units, steps, trials, inputs, outputs;
} workloads[] = {{"rflo/S", 100, 75, 64, 3, 3}, {"rflo/M", 256, 200, 64, 33, 17}};

/* The trace form, well written: for each step, trial and row one pass over trace and gradient. */
WIDE static void trace_form(const struct workload *w, const float *r, const float *slope,
                            const float *l, float *trace, float *gradient)
{
  int64_t n = w->units, ld = (n + 15) / 16 * 16;
  for (int64_t t = 0; t < w->steps; t++)
    for (int64_t b = 0; b < w->trials; b++)
      for (int64_t i = 0; i < n; i++) {
        int64_t at = (t * w->trials + b) * ld;
        float factor = l[at + i] * slope[at + i];
        float *p = trace + (b * n + i) * ld, *g = gradient + i * ld;
        for (int64_t j = 0; j < ld; j += 16) {
          sixteen q = 0.8f * *(sixteen *)(p + j) + 0.2f * *(const sixteen *)(r + at + j);
          *(sixteen *)(p + j) = q;
          *(sixteen *)(g + j) += factor * q;
        }
      }
}

static double time_trace_form(const struct workload *w)
{
  int64_t ld = (w->units + 15) / 16 * 16, rows = w->steps * w->trials;
  float *r = floats(rows * ld), *slope = floats(rows * ld), *l = floats(rows * ld);
  float *trace = floats(w->trials * w->units * ld), *gradient = floats(w->units * ld);
  double best = 1e9;
  for (int k = 0; k < 5; k++) {
    double start = now();
    trace_form(w, r, slope, l, trace, gradient);
    best = fmin(best, now() - start);
  }
  free(r), free(slope), free(l), free(trace), free(gradient);
  return best * 1e3;
}

static nai_trials *make_trials(const nai_network *net, const struct workload *w)
{
  nai_trials *trials;
  int64_t rows = w->steps * w->trials;
  float *input = floats(rows * w->inputs), *target = floats(rows * w->outputs);
  must(nai_trials_create(&trials, net, w->steps, w->trials));
  must(nai_trials_set_inputs(trials, NULL, input, w->inputs));
  must(nai_trials_set_targets(trials, "z", target, w->outputs));
  free(input), free(target);
  return trials;
}

/* The estimate alone: costs, the filter run backwards, the product. */
static double time_reverse_form(nai_trainer *trainer, const nai_trials *trials)
{
  double best = 1e9, end = now() + 1;
  must(nai__trainer_prepare(trainer, trials));
  must(nai__trainer_forward(trainer, trials));
  for (int times = 0; times < 5 || now() < end; times++) {
    double start = now();
    must(nai__trainer_estimate(trainer, trainer->plasticity.learner, trials));
    best = fmin(best, now() - start);
  }
  return best * 1e3;
}

/*
 * Of the products: recurrent, input and output weights' gradients, and errors through the feedback.
 */
static double flops_of(const struct workload *w)
{
  return 2.0 * (double)(w->steps * w->trials * w->units) *
         (double)(w->units + w->inputs + 2 * w->outputs);
}

static void bench_batch(nai__json_writer *out, const struct workload *w, double limit)
{
  nai_network *net = make_network(w->units, w->inputs, w->outputs, NAI_LEAK_CURRENT);
  nai_trials *trials = make_trials(net, w);
  nai_trainer *trainer = make_trainer(net, 0);
  double ours = time_reverse_form(trainer, trials), trace = time_trace_form(w);
  double fraction = flops_of(w) / (ours * 1e-3) / limit;
  printf("  %-10s 1 thread  %10.3f ms   %.1f %% of the peak; the trace form %.1f times as long\n",
         w->name, ours, 100 * fraction, trace / ours);
  fflush(stdout);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
  result_begin(out, w->name, ours, 1);
  nai__json_add_real(out, "peak_fraction", fraction);
  nai__json_add_real(out, "trace_ms", trace);
  result_end(out);
}

/* --- at every step ---------------------------------------------------------------------------- */

typedef struct moment {
  nai_agent *agent;
  nai_experience experience;
} moment;

static void step(void *user)
{
  moment *at = user;
  float z[3];
  must(nai_agent_step(z, at->agent, &at->experience));
}

/*
 * Beside passes over a weight and a trace of each pair, read and written, as they are where the leak is on the
 * rate ("traces"). Where it is on the current, rows have one trace, and weights alone are.
 */
static void bench_agent(nai__json_writer *out, const char *what, int32_t leak, int64_t units,
                        int rounds, int each)
{
  nai_network *net = make_network(units, 3, 3, leak);
  nai_trainer *trainer = make_trainer(net, 1);
  float input[3] = {0.5f, -0.3f, 0.1f}, target[3] = {0.1f, 0, -0.1f};
  moment at = {NULL, NAI_EXPERIENCE_INIT};
  at.experience.input = input;
  at.experience.target = target;
  must(nai_agent_create(&at.agent, trainer));
  double bytes = 16.0 * (double)(units * units);
  memory both = memory_of(bytes / 2, 2, 1);
  latency us = take_turns(step, &at, rounds, each, &both);
  char name[32];
  snprintf(name, sizeof name, "%s/%d", what, (int)units);
  printf(
      "  %-11s 1 thread %10.2f us   p99 %.2f  p99.9 %.2f   %.0f %% of the bandwidth, %.0f GB/s\n",
      name, us.p50, us.p99, us.p999, 100 * us.share, bytes / us.pass * 1e-3);
  fflush(stdout);
  memory_release(&both);
  nai_agent_destroy(at.agent);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
  result_begin(out, name, us.p50 * 1e-3, 1);
  nai__json_add_real(out, "p99_us", us.p99);
  nai__json_add_real(out, "p999_us", us.p999);
  nai__json_add_real(out, "bandwidth", bytes / us.pass * 1e6);
  nai__json_add_real(out, "bandwidth_fraction", us.share);
  result_end(out);
}

int main(int argc, char **argv)
{
  if (argc != 2) {
    fprintf(stderr, "usage: bench_rules FILE.json\n");
    return EXIT_FAILURE;
  }
  double limit = peak();
  nai__json_writer results;
  results_begin(&results, argv[1]);
  printf("what RFLO makes of a batch, and an agent's step with RFLO:\n");
  for (int i = 0; i < COUNT(workloads); i++) bench_batch(&results, &workloads[i], limit);
  for (int own = 0; own < 2; own++) {
    const char *const what = own ? "traces" : "agent";
    const int32_t leak = own ? NAI_LEAK_RATE : NAI_LEAK_CURRENT;
    bench_agent(&results, what, leak, 256, 100, 200);
    bench_agent(&results, what, leak, 1024, 100, 50);
    bench_agent(&results, what, leak, 4096, 100, 3);
  }
  if (results_end(&results, argv[1])) return EXIT_SUCCESS;
  fprintf(stderr, "bench_rules: cannot write %s\n", argv[1]);
  return EXIT_FAILURE;
}
