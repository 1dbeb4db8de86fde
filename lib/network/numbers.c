/*
 * Numbers of inputs, populations and outputs: their names, units and ranges, one value a unit; and
 * the arrays that kernels read, derived from them.
 */
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "network.h"

#define INPUTS NAI__KIND(NAI_INPUTS)
#define POPULATIONS NAI__KIND(NAI_POPULATIONS)
#define OUTPUTS NAI__KIND(NAI_OUTPUTS)

/* Largest magnitude of a number: far beyond biology, far below where float products overflow. */
#define LARGE 1e6

static const struct number {
  const char *name;
  int kinds;
  double initial, low, high;
  int whole; /* 1: 0 or 1 only */
} table[NAI__NUMBERS] = {
    [NAI__TAU] = {"tau", INPUTS | POPULATIONS, 100, 0, 1e9, 0}, /* low is dt, for populations */
    [NAI__NOISE] = {"noise", INPUTS | POPULATIONS, 0, 0, LARGE, 0},
    [NAI__BIAS] = {"bias", POPULATIONS | OUTPUTS, 0, -LARGE, LARGE, 0},
    [NAI__INITIAL] = {"initial", POPULATIONS, 0, -LARGE, LARGE, 0},
    [NAI__GAIN] = {"gain", POPULATIONS, 1, 1e-6, LARGE, 0},
    [NAI__EXPONENT] = {"exponent", POPULATIONS, 2, 1, 10, 0},
    [NAI__PLASTIC_BIAS] = {"plastic_bias", POPULATIONS | OUTPUTS, 1, 0, 1, 1},
    [NAI__PLASTIC_INITIAL] = {"plastic_initial", POPULATIONS, 0, 0, 1, 1},
    [NAI__BASELINE] = {"baseline", INPUTS, 0, -LARGE, LARGE, 0},
    [NAI__RECTIFY] = {"rectify", INPUTS, 0, 0, 1, 1},
};

const char *nai__number_name(int number)
{
  return number >= 0 && number < NAI__NUMBERS ? table[number].name : NULL;
}

nai_status nai__numbers_create(nai__node *node)
{
  for (int k = 0; k < NAI__NUMBERS; k++) {
    if (!(table[k].kinds & NAI__KIND(node->kind))) continue;
    node->number[k] = NAI__ARRAY(double, node->n);
    if (!node->number[k]) {
      nai__numbers_destroy(node);
      return NAI_ERR_MEMORY;
    }
    for (int64_t i = 0; i < node->n; i++) node->number[k][i] = table[k].initial;
  }
  return NAI_OK;
}

void nai__numbers_destroy(nai__node *node)
{
  for (int k = 0; k < NAI__NUMBERS; k++) {
    nai__free(node->number[k]);
    node->number[k] = NULL;
  }
}

static int number_find(const char *name)
{
  for (int k = 0; k < NAI__NUMBERS; k++)
    if (strcmp(table[k].name, name) == 0) return k;
  return -1;
}

static const char *kind_name(int32_t kind)
{
  return kind == NAI_INPUTS ? "input" : kind == NAI_OUTPUTS ? "output" : "population";
}

static nai_status check_value(const nai_network *net, const nai__node *node, int k, double value)
{
  double low = k == NAI__TAU ? net->dt * (node->kind == NAI_POPULATIONS ? 1 : 1e-3) : table[k].low;
  if (!(value >= low && value <= table[k].high))
    return nai__fail(NAI_ERR_INVALID, "%s of '%s' is %g, must be %g to %g", table[k].name,
                     node->name, value, low, table[k].high);
  if (table[k].whole && value != 0 && value != 1)
    return nai__fail(NAI_ERR_INVALID, "%s of '%s' is %g, must be 0 or 1", table[k].name, node->name,
                     value);
  return NAI_OK;
}

static nai_status check_set(const nai_network *net, const char *names, const char *parameter,
                            const double *values, int64_t n)
{
  NAI__REQUIRE(parameter);
  NAI__TRY(nai__names_known(net, NAI__ANY_NODE, names, "names"));
  int k = number_find(parameter);
  if (k < 0) return nai__fail(NAI_ERR_NAME, "parameter '%s' is unknown", parameter);
  for (int64_t i = 0; i < net->n_nodes; i++) {
    const nai__node *node = &net->node[i];
    if (!nai__selected(node, NAI__ANY_NODE, names)) continue;
    if (!node->number[k])
      return nai__fail(NAI_ERR_NAME, "%s '%s' has no parameter '%s'", kind_name(node->kind),
                       node->name, parameter);
    if (n != 1 && n != node->n)
      return nai__fail(NAI_ERR_INVALID, "n is %lld, '%s' has %lld units", (long long)n, node->name,
                       (long long)node->n);
    for (int64_t u = 0; u < n; u++) NAI__TRY(check_value(net, node, k, values[u]));
  }
  return NAI_OK;
}

int64_t nai__learning_start(const nai_network *net, const nai__node *node, int number)
{
  if (number == NAI__BIAS && node->kind == NAI_OUTPUTS) return net->output_bias + node->offset;
  if (number == NAI__BIAS && node->kind == NAI_POPULATIONS) return net->unit_bias + node->offset;
  if (number == NAI__INITIAL && node->kind == NAI_POPULATIONS)
    return net->unit_initial + node->offset;
  return -1;
}

/* Numbers that can learn stand in theta, and whether they do beside it. */
static void refresh_learning(nai_network *net, const nai__node *node, int k)
{
  int flag = k == NAI__PLASTIC_BIAS || k == NAI__PLASTIC_INITIAL;
  int64_t at = nai__learning_start(net, node,
                                   k == NAI__PLASTIC_BIAS      ? NAI__BIAS
                                   : k == NAI__PLASTIC_INITIAL ? NAI__INITIAL
                                                               : k);
  if (at < 0) return;
  float *array = flag ? net->plastic : net->theta;
  for (int64_t u = 0; u < node->n; u++) array[at + u] = (float)node->number[k][u];
}

static void assign(nai_network *net, const char *names, int k, const double *values, int64_t n)
{
  for (int64_t i = 0; i < net->n_nodes; i++) {
    nai__node *node = &net->node[i];
    if (!nai__selected(node, NAI__ANY_NODE, names)) continue;
    for (int64_t u = 0; u < node->n; u++) node->number[k][u] = values[n == 1 ? 0 : u];
    if (net->built) refresh_learning(net, node, k);
  }
  if (net->built) nai__numbers_refresh(net);
}

static nai_status set_each(nai_network *net, const char *names, const char *parameter,
                           const double *values, int64_t n)
{
  NAI__REQUIRE(values);
  if (n < 1) return nai__fail(NAI_ERR_INVALID, "n is %lld, must be at least 1", (long long)n);
  NAI__TRY(check_set(net, names, parameter, values, n));
  assign(net, names, number_find(parameter), values, n);
  return NAI_OK;
}

/* Numbers may be set after the build too: then a failure is not remembered. */
nai_status nai_network_set_each(nai_network *net, const char *names, const char *parameter,
                                const double *values, int64_t n)
{
  NAI__REQUIRE(net);
  if (net->error) return nai__again(net);
  nai_status status = set_each(net, names, parameter, values, n);
  return net->built ? status : nai__remember(net, status);
}

nai_status nai_network_set(nai_network *net, const char *names, const char *parameter, double value)
{
  return nai_network_set_each(net, names, parameter, &value, 1);
}

nai_status nai_network_get_each(const nai_network *net, const char *name, const char *parameter,
                                double *values, int64_t n)
{
  NAI__REQUIRE(net);
  NAI__REQUIRE(parameter);
  NAI__REQUIRE(values);
  const nai__node *node;
  NAI__TRY(nai__node_find(&node, net, NAI__ANY_NODE, name, "name"));
  int k = number_find(parameter);
  if (k < 0 || !node->number[k])
    return nai__fail(NAI_ERR_NAME, "%s '%s' has no parameter '%s'", kind_name(node->kind),
                     node->name, parameter);
  if (n != node->n)
    return nai__fail(NAI_ERR_INVALID, "n is %lld, '%s' has %lld units", (long long)n, node->name,
                     (long long)node->n);
  int64_t at = net->built ? nai__learning_start(net, node, k) : -1;
  for (int64_t u = 0; u < n; u++)
    values[u] = at >= 0 ? (double)net->theta[at + u] : node->number[k][u];
  return NAI_OK;
}

/* --- the arrays that kernels read ------------------------------------------------------------- */

static void refresh_unit(nai_network *net, const nai__node *node, int64_t u)
{
  int64_t ld = net->ld_units, at = node->offset + u;
  double alpha = net->dt / node->number[NAI__TAU][u];
  double sigma = node->number[NAI__NOISE][u];
  net->unit[at] = (float)alpha;
  net->unit[ld + at] =
      (float)(node->leak == NAI_LEAK_CURRENT ? sqrt(2 * alpha) * sigma : sqrt(2 / alpha) * sigma);
  net->unit[2 * ld + at] = (float)node->number[NAI__GAIN][u];
  net->unit[3 * ld + at] = (float)node->number[NAI__EXPONENT][u];
  if (sigma > 0) net->has_noise = 1;
}

static void refresh_channel(nai_network *net, const nai__node *node, int64_t c)
{
  int64_t ld = net->ld_inputs, at = node->offset + c;
  double sigma = node->number[NAI__NOISE][c];
  net->channel[at] = (float)(sqrt(2 * node->number[NAI__TAU][c] / net->dt) * sigma);
  net->channel[ld + at] = (float)node->number[NAI__BASELINE][c];
  net->channel[2 * ld + at] = (float)node->number[NAI__RECTIFY][c];
  if (sigma > 0) net->has_input_noise = 1;
  if (node->number[NAI__BASELINE][c] != 0 || node->number[NAI__RECTIFY][c] != 0)
    net->has_input_shape = 1;
}

/* A run of units without noise, or with gain 1, takes the shorter way through the kernels. */
static void refresh_segment(nai_network *net, nai__segment *segment)
{
  int64_t ld = net->ld_units;
  const float *alpha = net->unit + segment->offset;
  nai__units *units = &segment->units;
  units->alpha = alpha;
  units->bias = net->theta + net->unit_bias + segment->offset;
  units->noise = units->gain = units->exponent = NULL;
  for (int64_t u = 0; u < units->n; u++) {
    if (alpha[ld + u] != 0) units->noise = alpha + ld;
    if (alpha[2 * ld + u] != 1) units->gain = alpha + 2 * ld;
  }
  if (units->transfer == NAI__POWER) units->exponent = alpha + 3 * ld;
}

void nai__numbers_refresh(nai_network *net)
{
  net->has_noise = net->has_input_noise = net->has_input_shape = 0;
  for (int64_t i = 0; i < net->n_nodes; i++) {
    const nai__node *node = &net->node[i];
    for (int64_t u = 0; u < node->n; u++) {
      if (node->kind == NAI_POPULATIONS) refresh_unit(net, node, u);
      if (node->kind == NAI_INPUTS) refresh_channel(net, node, u);
    }
  }
  for (int64_t s = 0; s < net->n_segments; s++) refresh_segment(net, &net->segment[s]);
}
