/* What tests of networks share: composing, looking. */
#ifndef NEUROAI_TESTS_NETWORKS_H
#define NEUROAI_TESTS_NETWORKS_H

#include "checks.h"

/*
 * A network in one expression: COMPOSE(.dt = 20, .inputs = {{"u", 2}}, .populations = {{"E", 4,
 * NAI_EXCITATORY}}, .outputs = {{"z", 1}}, .projections = {{"u", "E"}, {"E", "E z"}}). Parts are
 * added in this order, and connected; it is not built. Parts of size 0 are left out.
 */
typedef struct network_part {
  const char *name;
  int64_t n;    /* channels or units */
  int32_t sign; /* of a population */
} network_part;

typedef struct network_plan {
  double dt; /* ms */
  network_part inputs[4], populations[5], outputs[4];
  const char *projections[8][2]; /* from, to; each a list of names */
} network_plan;

#define COMPOSE(...) compose_network(&(network_plan){__VA_ARGS__})
nai_network *compose_network(const network_plan *plan);

/* What a load is given: LOADING(.models = &mine, .n_models = 1). */
#define LOADING(...) (&(nai_load_options){.struct_size = sizeof(nai_load_options), __VA_ARGS__})

/*
 * Not built: inputs "stimulus" (3), populations "E" and "I", output "choice" (2), dt 20 ms; input
 * to both, both to both, E to the output.
 */
nai_network *compose_ei(int64_t n_e, int64_t n_i);
/* The same with this time step and these numbers of channels. */
nai_network *compose_ei_of(double dt, int64_t inputs, int64_t n_e, int64_t n_i, int64_t outputs);
nai_network *build_ei(int64_t n_e, int64_t n_i, uint64_t seed);
/* Fewer synapses among these populations; before the build. */
void make_sparse(nai_network *net, const char *names, double density);
/* Not built: one population of its own recurrence. */
nai_network *compose_one(const char *name, int64_t n, int32_t sign);

/*
 * Two leaks, a layer within the step, delays of 0 to 3 steps, noise, Dale's law, masks, fixed and
 * frozen synapses, two outputs: populations "E", "I", "layer", inputs "stimulus" (inhibitory) and
 * "context" (excitatory), outputs "real", "choice". Built. kernels: NULL for best.
 */
nai_network *build_everything(int32_t transfer, const char *kernels);
/* Its outputs get a memory: several time constants, channels without one, several gains. */
void remember_outputs(nai_network *net);
/* For it, with targets, classes, masks and lengths: */
enum { EVERYTHING_STEPS = 11, EVERYTHING_TRIALS = 5 };
nai_trials *trials_for_everything(const nai_network *net, uint64_t seed);
/* `n` of them; every eleventh has the length of the first, the sixth has one step. */
nai_trials *any_trials_for_everything(const nai_network *net, int64_t n, uint64_t seed);
/* Normal inputs, and targets of one output. */
nai_trials *normal_trials(const nai_network *net, const char *output, int64_t steps, int64_t n);
/* Weights of synapses that exist: normal, of stream `k`; onto ports of a sign away from 0, with it. */
void draw_weights(nai_network *net, const char *from, const char *to, int k, double scale);

/* Number of transfer functions. */
int32_t transfers(void);

nai_view weights_of(const nai_network *net, const char *from, const char *to);
nai_view mask_of(const nai_network *net, const char *from, const char *to);
nai_view plastic_of(const nai_network *net, const char *from, const char *to);
nai_view bias_of(const nai_network *net, const char *name);
nai_view positions_of(const nai_network *net, const char *name);
/* An element of a view of floats with two dimensions (or one: j is 0). */
float at(const nai_view *view, int64_t i, int64_t j);

/* Of the bits of all that can be seen of a built network. */
uint64_t hash_of(const nai_network *net);

/* Largest sqrt(n) |F(x) - empirical F(x)|; sorts `x`. Above 2.2 in one of 8000 (Kolmogorov). */
double kolmogorov(double *x, int64_t n, double (*f)(double x));

#endif
