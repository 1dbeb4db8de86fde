/* What tests of networks share: see networks.h. */
#include "networks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- composing -------------------------------------------------------------------------------- */

nai_network *compose_network(const network_plan *plan)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, plan->dt));
  for (const network_part *p = plan->inputs; p->name; p++)
    if (p->n) expect_ok(nai_network_add_input(net, p->name, p->n));
  for (const network_part *p = plan->populations; p->name; p++)
    if (p->n) expect_ok(nai_network_add_population(net, p->name, p->n, p->sign));
  for (const network_part *p = plan->outputs; p->name; p++)
    if (p->n) expect_ok(nai_network_add_output(net, p->name, p->n));
  for (int k = 0; k < 8 && plan->projections[k][0]; k++)
    expect_ok(nai_network_connect(net, plan->projections[k][0], plan->projections[k][1]));
  return net;
}

nai_network *compose_ei_of(double dt, int64_t inputs, int64_t n_e, int64_t n_i, int64_t outputs)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, dt));
  expect_ok(nai_network_add_input(net, "stimulus", inputs));
  expect_ok(nai_network_add_population(net, "E", n_e, NAI_EXCITATORY));
  expect_ok(nai_network_add_population(net, "I", n_i, NAI_INHIBITORY));
  expect_ok(nai_network_add_output(net, "choice", outputs));
  expect_ok(nai_network_connect(net, "stimulus", "E I"));
  expect_ok(nai_network_connect(net, "E I", "E I"));
  expect_ok(nai_network_connect(net, "E", "choice"));
  return net;
}

nai_network *compose_ei(int64_t n_e, int64_t n_i)
{
  return compose_ei_of(20, 3, n_e, n_i, 2);
}

void make_sparse(nai_network *net, const char *names, double density)
{
  nai_constraint *sparse;
  expect_ok(nai_constraint_create_sparse(&sparse, density));
  expect_ok(nai_network_constrain(net, names, names, sparse));
  nai_constraint_destroy(sparse);
}

nai_network *build_ei(int64_t n_e, int64_t n_i, uint64_t seed)
{
  nai_network *net = compose_ei(n_e, n_i);
  expect_ok(nai_network_build(net, seed));
  return net;
}

nai_network *compose_one(const char *name, int64_t n, int32_t sign)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, 20));
  expect_ok(nai_network_add_population(net, name, n, sign));
  expect_ok(nai_network_connect(net, name, name));
  return net;
}

/* --- a network with everything at once -------------------------------------------------------- */

/* Two leaks, a layer within the step, delays of 0 to 3 steps, noise, Dale's law, masks, outputs. */
static void compose_everything(nai_network *net, int32_t transfer)
{
  static const double tau[7] = {20, 30, 45, 60, 80, 35, 10};
  expect_ok(nai_network_add_input(net, "stimulus", 3));
  expect_ok(nai_network_add_input(net, "context", 2));
  expect_ok(nai_network_add_population(net, "E", 7, NAI_EXCITATORY));
  expect_ok(nai_network_add_population(net, "I", 5, NAI_INHIBITORY));
  expect_ok(nai_network_add_population(net, "layer", 6, NAI_FREE));
  expect_ok(nai_network_set_sign(net, "stimulus", NAI_INHIBITORY));
  expect_ok(nai_network_set_sign(net, "context", NAI_EXCITATORY));
  expect_ok(nai_network_add_output(net, "real", 2));
  expect_ok(nai_network_add_output(net, "choice", 3));
  expect_ok(nai_network_set_transfer(net, "*", transfer));
  expect_ok(nai_network_set_each(net, "E", "tau", tau, 7));
  expect_ok(nai_network_set(net, "I", "tau", 25));
  expect_ok(nai_network_set_leak(net, "I", NAI_LEAK_RATE));
  expect_ok(nai_network_set(net, "layer", "tau", 10)); /* no memory */
  expect_ok(nai_network_set(net, "I layer", "gain", transfer == NAI_TRANSFER_POWER ? 0.3 : 0.8));
  expect_ok(nai_network_set(net, "E", "gain", transfer == NAI_TRANSFER_POWER ? 0.4 : 1.1));
  expect_ok(nai_network_set(net, "layer", "exponent", 1.5));
  expect_ok(nai_network_set(net, "E I layer", "noise", 0.1));
  expect_ok(nai_network_set(net, "E I", "initial", 0.2));
  expect_ok(nai_network_set(net, "E I layer", "bias", 0.15));
  expect_ok(nai_network_set(net, "I layer", "noise_tau", 25));
  expect_ok(nai_network_set(net, "stimulus", "noise", 0.1));
  expect_ok(nai_network_set(net, "stimulus", "noise_tau", 40));
  expect_ok(nai_network_set(net, "stimulus", "baseline", 0.2));
  expect_ok(nai_network_set(net, "stimulus", "rectify", 1));
  expect_ok(nai_network_place_box(net, "E I layer", 1, 2, 0.5));
}

static void connect_everything(nai_network *net)
{
  expect_ok(nai_network_connect(net, "stimulus", "E I"));
  expect_ok(nai_network_connect(net, "context", "layer I"));
  expect_ok(nai_network_connect(net, "E I", "E I"));
  expect_ok(nai_network_connect(net, "E", "layer"));
  expect_ok(nai_network_connect(net, "layer", "E layer"));
  expect_ok(nai_network_connect(net, "E layer", "real"));
  expect_ok(nai_network_connect(net, "layer I", "choice"));
  expect_ok(nai_network_set_delay(net, "E", "layer", 0));
  expect_ok(nai_network_set_delay(net, "I", "E", 30));
  expect_ok(nai_network_set_delay(net, "layer", "E", 20));
  expect_ok(nai_network_set_delay(net, "stimulus", "I", 20));
  expect_ok(nai_network_set_delay(net, "I", "choice", 10));
  expect_ok(nai_network_set_autapses(net, "layer", "layer", 1));
  expect_ok(nai_network_set_plastic(net, "context", "layer", 0));
  expect_ok(nai_network_set(net, "real", "plastic_bias", 0));
}

static void constrain_everything(nai_network *net)
{
  uint8_t mask[5 * 7], fixed[6 * 6] = {0};
  for (int k = 0; k < 35; k++) mask[k] = k % 3 != 1;
  for (int k = 0; k < 36; k += 5) fixed[k] = 1;
  nai_constraint *sparse, *some, *kept;
  expect_ok(nai_constraint_create_sparse(&sparse, 0.7));
  expect_ok(nai_constraint_create_mask(&some, mask, 5, 7));
  expect_ok(nai_constraint_create_fixed(&kept, fixed, 6, 6));
  expect_ok(nai_network_constrain(net, "E I", "E", sparse));
  expect_ok(nai_network_constrain(net, "E", "I", some));
  expect_ok(nai_network_constrain(net, "layer", "layer", kept));
  nai_constraint_destroy(sparse);
  nai_constraint_destroy(some);
  nai_constraint_destroy(kept);
}

nai_network *build_everything(int32_t transfer, const char *kernels)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, 10));
  compose_everything(net, transfer);
  connect_everything(net);
  constrain_everything(net);
  expect_ok(nai_network_set_kernels(net, kernels));
  expect_ok(nai_network_build(net, 8));
  return net;
}

void remember_outputs(nai_network *net)
{
  static const double real[2] = {25, 8}, choice[3] = {0, 30, 90}, gain[3] = {1, 0.5, 1.3};
  expect_ok(nai_network_set_each(net, "real", "tau", real, 2));
  expect_ok(nai_network_set_each(net, "choice", "tau", choice, 3));
  expect_ok(nai_network_set_each(net, "choice", "gain", gain, 3));
}

/* Masks of both shapes, lengths from 1 step to all of them. */
static void say_what_counts(nai_trials *trials, int64_t n)
{
  enum { STEPS = EVERYTHING_STEPS };
  static const int32_t length[11] = {STEPS, 4, 7, STEPS, 9, 1, 10, STEPS, 5, 8, STEPS};
  size_t rows = (size_t)(STEPS * n);
  float *each = malloc(rows * 2 * sizeof *each), *mask = malloc(rows * sizeof *mask);
  int32_t *lengths = malloc((size_t)n * sizeof *lengths);
  for (size_t i = 0; i < rows; i++) {
    mask[i] = (float)(i % 4) / 2;
    each[2 * i] = (float)(i % 3);
    each[2 * i + 1] = 0.5f;
  }
  for (int64_t k = 0; k < n; k++) lengths[k] = length[k % 11];
  expect_ok(nai_trials_set_mask(trials, "real", each, 2));
  expect_ok(nai_trials_set_mask(trials, "choice", mask, 1));
  expect_ok(nai_trials_set_lengths(trials, lengths));
  free(each);
  free(mask);
  free(lengths);
}

nai_trials *any_trials_for_everything(const nai_network *net, int64_t n, uint64_t seed)
{
  int64_t rows = EVERYTHING_STEPS * n;
  float *values = malloc((size_t)(rows * 5) * sizeof *values);
  int32_t *classes = malloc((size_t)rows * sizeof *classes);
  nai_trials *trials;
  expect_ok(nai_trials_create(&trials, net, EVERYTHING_STEPS, n));
  expect_ok(nai_random_normals(values, rows * 5, seed, 0));
  expect_ok(nai_trials_set_inputs(trials, NULL, values, 5));
  expect_ok(nai_random_normals(values, rows * 2, seed, 1));
  expect_ok(nai_trials_set_targets(trials, "real", values, 2));
  for (int64_t i = 0; i < rows; i++) classes[i] = (int32_t)(i % 3);
  expect_ok(nai_trials_set_classes(trials, "choice", classes));
  say_what_counts(trials, n);
  free(values);
  free(classes);
  return trials;
}

nai_trials *normal_trials(const nai_network *net, const char *output, int64_t steps, int64_t n)
{
  nai_trials *trials;
  int64_t channels = nai_network_size(net, NAI_INPUTS, NULL),
          outputs = nai_network_size(net, NAI_OUTPUTS, output);
  float *input = malloc((size_t)(steps * n * channels) * sizeof *input),
        *target = malloc((size_t)(steps * n * outputs) * sizeof *target);
  expect_ok(nai_random_normals(input, steps * n * channels, 1, 0));
  expect_ok(nai_random_normals(target, steps * n * outputs, 1, 1));
  expect_ok(nai_trials_create(&trials, net, steps, n));
  expect_ok(nai_trials_set_inputs(trials, NULL, input, channels));
  expect_ok(nai_trials_set_targets(trials, output, target, outputs));
  free(input);
  free(target);
  return trials;
}

void draw_weights(nai_network *net, const char *from, const char *to, int k, double scale)
{
  float w[64];
  nai_view mask = mask_of(net, from, to);
  int64_t n = mask.shape[0] * mask.shape[1];
  char last = to[strlen(to) - 1];
  float sign = last == '+' ? 1 : last == '-' ? -1 : 0;
  EXPECT(n <= 64);
  expect_ok(nai_random_normals(w, n, 7, (uint64_t)k));
  for (int64_t i = 0; i < n; i++) {
    const uint8_t *exists = mask.data;
    w[i] *= (float)scale;
    if (sign != 0) w[i] = sign * (fabsf(w[i]) + 0.05F);
    if (!exists[i / mask.shape[1] * mask.stride[0] + i % mask.shape[1] * mask.stride[1]]) w[i] = 0;
  }
  expect_ok(nai_network_set_weights(net, from, to, w, mask.shape[0], mask.shape[1]));
}

nai_trials *trials_for_everything(const nai_network *net, uint64_t seed)
{
  return any_trials_for_everything(net, EVERYTHING_TRIALS, seed);
}

/* --- looking ---------------------------------------------------------------------------------- */

int32_t transfers(void)
{
  int32_t n = 0;
  while (nai_transfer_name(n)) n++;
  return n;
}

nai_view weights_of(const nai_network *net, const char *from, const char *to)
{
  nai_view view = NAI_VIEW_INIT;
  expect_ok(nai_network_weights(&view, net, from, to));
  return view;
}

nai_view mask_of(const nai_network *net, const char *from, const char *to)
{
  nai_view view = NAI_VIEW_INIT;
  expect_ok(nai_network_mask(&view, net, from, to));
  return view;
}

nai_view plastic_of(const nai_network *net, const char *from, const char *to)
{
  nai_view view = NAI_VIEW_INIT;
  expect_ok(nai_network_plastic(&view, net, from, to));
  return view;
}

nai_view bias_of(const nai_network *net, const char *name)
{
  nai_view view = NAI_VIEW_INIT;
  expect_ok(nai_network_bias(&view, net, name));
  return view;
}

nai_view positions_of(const nai_network *net, const char *name)
{
  nai_view view = NAI_VIEW_INIT;
  expect_ok(nai_network_positions(&view, net, name));
  return view;
}

float at(const nai_view *view, int64_t i, int64_t j)
{
  EXPECT((view->dtype == NAI_FLOAT32 || view->dtype == NAI_UINT8) && view->ndim <= 2);
  EXPECT(i >= 0 && i < view->shape[0] && j >= 0 && j < view->shape[1]);
  const char *element = (const char *)view->data + i * view->stride[0] + j * view->stride[1];
  float value;
  if (view->dtype == NAI_UINT8) return *(const uint8_t *)element;
  memcpy(&value, element, sizeof value);
  return value;
}

/* FNV-1a. */
static uint64_t add_bytes(uint64_t hash, const void *bytes, size_t n)
{
  for (size_t i = 0; i < n; i++)
    hash = (hash ^ ((const unsigned char *)bytes)[i]) * UINT64_C(0x100000001b3);
  return hash;
}

static uint64_t add_view(uint64_t hash, const nai_view *view)
{
  for (int64_t i = 0; i < view->shape[0]; i++)
    for (int64_t j = 0; j < view->shape[1]; j++) {
      float value = at(view, i, j);
      hash = add_bytes(hash, &value, sizeof value);
    }
  return hash;
}

static uint64_t add_number(uint64_t hash, const nai_network *net, const char *name, int64_t n,
                           const char *parameter)
{
  double *values = malloc((size_t)n * sizeof *values);
  if (nai_network_get_each(values, n, net, name, parameter) == NAI_OK)
    hash = add_bytes(hash, values, (size_t)n * sizeof *values);
  free(values);
  return hash;
}

static uint64_t add_node(uint64_t hash, const nai_network *net, int32_t kind, const char *name)
{
  static const char *const numbers[] = {"tau",  "noise",    "noise_tau",    "bias",     "initial",
                                        "gain", "exponent", "plastic_bias", "baseline", "rectify"};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    hash = add_number(hash, net, name, nai_network_size(net, kind, name), numbers[i]);
  if (kind == NAI_INPUTS) return hash;
  nai_view view = bias_of(net, name);
  hash = add_view(hash, &view);
  if (kind == NAI_POPULATIONS && nai_network_positions(&view, net, name) == NAI_OK)
    hash = add_view(hash, &view);
  return hash;
}

uint64_t hash_of(const nai_network *net)
{
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  for (int32_t kind = NAI_INPUTS; kind <= NAI_OUTPUTS; kind++)
    for (int64_t i = 0; i < nai_network_count(net, kind); i++)
      hash = add_node(hash, net, kind, nai_network_name(net, kind, i));
  for (int64_t i = 0; i < nai_network_count(net, NAI_PROJECTIONS); i++) {
    const char *from, *to;
    double delay;
    expect_ok(nai_network_projection(&from, &to, net, i));
    expect_ok(nai_network_delay(&delay, net, from, to));
    nai_view views[] = {weights_of(net, from, to), mask_of(net, from, to),
                        plastic_of(net, from, to)};
    hash = add_bytes(hash, &delay, sizeof delay);
    for (int k = 0; k < 3; k++) hash = add_view(hash, &views[k]);
  }
  return hash;
}

/* --- distributions ---------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

double kolmogorov(double *x, int64_t n, double (*f)(double x))
{
  double most = 0;
  qsort(x, (size_t)n, sizeof *x, ascending);
  for (int64_t i = 0; i < n; i++) {
    double expected = f(x[i]) * (double)n;
    most = fmax(most, fmax(fabs(expected - (double)i), fabs(expected - (double)i - 1)));
  }
  return most / sqrt((double)n);
}
