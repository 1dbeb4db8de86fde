/* What tests of networks share: see networks.h. */
#include "networks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- composing -------------------------------------------------------------------------------- */

nai_network *compose_ei(int64_t n_e, int64_t n_i)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, 20));
  expect_ok(nai_network_add_input(net, "stimulus", 3));
  expect_ok(nai_network_add_population(net, "E", n_e, NAI_EXCITATORY));
  expect_ok(nai_network_add_population(net, "I", n_i, NAI_INHIBITORY));
  expect_ok(nai_network_add_output(net, "choice", 2));
  expect_ok(nai_network_connect(net, "stimulus", "E I"));
  expect_ok(nai_network_connect(net, "E I", "E I"));
  expect_ok(nai_network_connect(net, "E", "choice"));
  return net;
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

/* --- looking ---------------------------------------------------------------------------------- */

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
  EXPECT(view->dtype == NAI_FLOAT32 && view->ndim <= 2);
  EXPECT(i >= 0 && i < view->shape[0] && j >= 0 && j < view->shape[1]);
  float value;
  memcpy(&value, (const char *)view->data + i * view->stride[0] + j * view->stride[1],
         sizeof value);
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
  if (nai_network_get_each(net, name, parameter, values, n) == NAI_OK)
    hash = add_bytes(hash, values, (size_t)n * sizeof *values);
  free(values);
  return hash;
}

static uint64_t add_node(uint64_t hash, const nai_network *net, int32_t kind, const char *name)
{
  static const char *const numbers[] = {"tau",      "noise",        "bias",     "initial", "gain",
                                        "exponent", "plastic_bias", "baseline", "rectify"};
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
