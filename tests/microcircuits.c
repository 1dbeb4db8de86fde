/* Microcircuits for tests: see microcircuits.h. */
#include "microcircuits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int path_of(path_ends *out, const microcircuit *m, int path, int k)
{
  if (k < 1 || k > m->layers || (path != PATH_UP && k == m->layers)) return 0;
  switch (path) {
  case PATH_UP:
    snprintf(out->from, sizeof out->from, k == 1 ? "x" : "P%d", k - 1);
    snprintf(out->to, sizeof out->to, "P%d:basal", k);
    break;
  case PATH_DOWN:
    snprintf(out->from, sizeof out->from, "P%d", k + 1);
    snprintf(out->to, sizeof out->to, "P%d:apical", k);
    break;
  case PATH_IP:
    snprintf(out->from, sizeof out->from, "P%d", k);
    snprintf(out->to, sizeof out->to, "I%d:basal", k);
    break;
  default:
    snprintf(out->from, sizeof out->from, "I%d", k);
    snprintf(out->to, sizeof out->to, "P%d:lateral", k);
  }
  return 1;
}

static void frozen_identity(nai_network *net, const char *from, const char *to)
{
  expect_ok(nai_network_connect(net, from, to));
  expect_ok(nai_network_set_initial_weights(net, from, to, NAI_WEIGHTS_IDENTITY, 1, 0));
  expect_ok(nai_network_set_plastic(net, from, to, 0));
}

static void add_populations(nai_network *net, const microcircuit *m)
{
  char name[24];
  for (int k = 1; k <= m->layers; k++) {
    snprintf(name, sizeof name, "P%d", k);
    expect_ok(nai_network_add_population(net, name, m->size[k], NAI_FREE));
  }
  for (int k = 1; k < m->layers; k++) {
    snprintf(name, sizeof name, "I%d", k);
    expect_ok(nai_network_add_population(net, name, m->size[k + 1], NAI_FREE));
  }
  expect_ok(nai_network_set_model(net, "P* I*", "pyramidal"));
  snprintf(name, sizeof name, "P%d", m->layers);
  expect_ok(nai_network_set(net, name, "g_apical", 0));
  expect_ok(nai_network_set(net, "I*", "g_apical", 0));
  expect_ok(nai_network_set(net, "I*", "nudge", 1));
  expect_ok(nai_network_set(net, "P* I*", "plastic_bias", 0));
  expect_ok(nai_network_set_transfer(net, "P* I*", NAI_TRANSFER_LOGISTIC));
}

nai_network *compose_microcircuit(const microcircuit *m)
{
  nai_network *net;
  path_ends ends;
  char from[24], to[24];
  expect_ok(nai_network_create(&net, m->dt > 0 ? m->dt : 0.1));
  expect_ok(nai_network_add_input(net, "x", m->size[0]));
  expect_ok(nai_network_add_input(net, "target", m->size[m->layers]));
  expect_ok(nai_network_add_input(net, "teach", m->size[m->layers]));
  add_populations(net, m);
  for (int k = 1; k <= m->layers; k++)
    for (int path = 0; path < PATHS; path++) {
      if (!path_of(&ends, m, path, k)) continue;
      expect_ok(nai_network_connect(net, ends.from, ends.to));
      expect_ok(
          nai_network_set_initial_weights(net, ends.from, ends.to, NAI_WEIGHTS_UNIFORM, -1, 1));
      expect_ok(nai_network_set_plastic(net, ends.from, ends.to, path != PATH_DOWN));
    }
  for (int k = 1; k < m->layers; k++) {
    snprintf(from, sizeof from, "P%d:u", k + 1);
    snprintf(to, sizeof to, "I%d:target", k);
    frozen_identity(net, from, to);
  }
  snprintf(to, sizeof to, "P%d:target", m->layers);
  frozen_identity(net, "target", to);
  snprintf(to, sizeof to, "P%d:nudge", m->layers);
  frozen_identity(net, "teach", to);
  return net;
}

void microcircuit_inputs(float *out, const microcircuit *m, int64_t trials, const double *x,
                         const double *target, double teach)
{
  int64_t in = m->size[0], top = m->size[m->layers];
  for (int64_t b = 0; b < trials; b++) {
    for (int64_t i = 0; i < in; i++) *out++ = (float)x[b * in + i];
    for (int64_t i = 0; i < top; i++) *out++ = (float)target[b * top + i];
    for (int64_t i = 0; i < top; i++) *out++ = (float)teach;
  }
}

/* The weights of one projection become `factor` times those of another. */
static void take_weights(nai_network *net, const path_ends *to, const path_ends *from,
                         double factor)
{
  nai_view view = weights_of(net, from->from, from->to);
  int64_t rows = view.shape[0], columns = view.shape[1];
  float *w = malloc((size_t)(rows * columns) * sizeof *w);
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++)
      w[i * columns + j] = (float)(factor * (double)at(&view, i, j));
  expect_ok(nai_network_set_weights(net, to->from, to->to, w, rows, columns));
  free(w);
}

/* What all units of a population have. */
static double number_of(const nai_network *net, const char *kind, int k, const char *parameter)
{
  char name[24];
  double values[64] = {0};
  snprintf(name, sizeof name, "%s%d", kind, k);
  expect_ok(nai_network_get_each(values, nai_network_size(net, NAI_POPULATIONS, name), net, name,
                                 parameter));
  return values[0];
}

void predict_self(nai_network *net, const microcircuit *m)
{
  path_ends up, down, ip, pi;
  for (int k = 1; k < m->layers; k++) {
    double leak = number_of(net, "P", k + 1, "g_leak"),
           basal = number_of(net, "P", k + 1, "g_basal"),
           apical = number_of(net, "P", k + 1, "g_apical"),
           inter_leak = number_of(net, "I", k, "g_leak"), inter = number_of(net, "I", k, "g_basal");
    EXPECT(path_of(&up, m, PATH_UP, k + 1) && path_of(&down, m, PATH_DOWN, k));
    EXPECT(path_of(&ip, m, PATH_IP, k) && path_of(&pi, m, PATH_PI, k));
    take_weights(net, &ip, &up, basal / (leak + basal + apical) * (inter_leak + inter) / inter);
    take_weights(net, &pi, &down, -1);
  }
}

/* --- cases of an independent program ---------------------------------------------------------- */

const microcircuit_case microcircuit_cases[MICROCIRCUIT_CASES] = {
    {"microcircuit_logistic", {{6, 5, 4}, 2, 0}, 1, 0, NAI_TRANSFER_LOGISTIC},
    {"microcircuit_softrect_deep", {{5, 7, 6, 3}, 3, 0}, 0.1, 3, NAI_TRANSFER_SOFTPLUS}};

oracle microcircuit_open(int number)
{
  char path[1024];
  oracle o = {.name = microcircuit_cases[number].name};
  snprintf(path, sizeof path, TESTS_FOLDER "/reference/%s.safetensors", o.name);
  expect_ok(nai__tensors_open(&o.file, path));
  return o;
}

static void take_case_weights(oracle *o, nai_network *net, const path_ends *ends, const char *name)
{
  float w[64];
  int64_t shape[4];
  const double *given = oracle_sized(o, name, NULL, shape);
  EXPECT(shape[0] * shape[1] <= 64);
  for (int64_t i = 0; i < shape[0] * shape[1]; i++) w[i] = (float)given[i];
  expect_ok(nai_network_set_weights(net, ends->from, ends->to, w, shape[0], shape[1]));
}

nai_network *microcircuit_case_network(oracle *o, int number, const char *condition,
                                       const char *dynamics, int32_t prospective)
{
  static const char *const names[] = {"W_up%d", "W_down%d", "W_ip%d", "W_pi%d"};
  const microcircuit_case *c = &microcircuit_cases[number];
  nai_network *net = compose_microcircuit(&c->shape);
  path_ends ends;
  char name[32];
  expect_ok(nai_network_choose(net, "P* I*", "dynamics", dynamics));
  expect_ok(nai_network_set(net, "P* I*", "prospective", prospective));
  expect_ok(nai_network_set_transfer(net, "P* I*", c->transfer));
  expect_ok(nai_network_set(net, "P* I*", "gain", c->gain));
  expect_ok(nai_network_set(net, "P* I*", "threshold", c->threshold));
  expect_ok(nai_network_build(net, 1));
  for (int k = 1; k <= c->shape.layers; k++)
    for (int path = 0; path < PATHS; path++) {
      if (!path_of(&ends, &c->shape, path, k)) continue;
      snprintf(name, sizeof name, names[path], k);
      take_case_weights(o, net, &ends, name);
    }
  if (strncmp(condition, "selfpred", 8) == 0) predict_self(net, &c->shape);
  return net;
}
