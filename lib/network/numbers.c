/*
 * Numbers of inputs, populations and outputs: the table that describes them, one value a unit; and
 * the arrays that kernels read, derived from them.
 */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/names.h"
#include "network.h"

/* Largest magnitude of a number: far beyond biology, far below where float products overflow. */
#define LARGE 1e6

/*
 * `initial` is also what a model file means that was written before there was such a number: it
 * stays.
 */
static const nai__parameter table[NAI__NUMBERS] = {
    /* low of tau: rule_of() */
    [NAI__INPUT_TAU] = {"tau", "ms", "time constant of the noise that is white", 100, 0, 1e9, 0},
    [NAI__INPUT_NOISE] = {"noise", "1", "standard deviation of the noise", 0, 0, LARGE, 0},
    [NAI__INPUT_NOISE_TAU] = {"noise_tau", "ms", "correlation time of the noise; 0: white", 0, 0,
                              1e9, 0},
    [NAI__BASELINE] = {"baseline", "1", "added to what the task gives", 0, -LARGE, LARGE, 0},
    [NAI__RECTIFY] = {"rectify", "1", "1: inputs below 0 become 0", 0, 0, 1, 1},

    [NAI__TAU] = {"tau", "ms", "time constant of the leak", 100, 0, 1e9, 0},
    [NAI__NOISE] = {"noise", "1", "sigma of the private noise", 0, 0, LARGE, 0},
    [NAI__NOISE_TAU] = {"noise_tau", "ms", "correlation time of the noise; 0: white", 0, 0, 1e9, 0},
    [NAI__BIAS] = {"bias", "1", "added to the input", 0, -LARGE, LARGE, 0},
    [NAI__INITIAL_STATE] = {"initial", "1",
                            "state at time 0: x, or r where the leak is on the rate", 0, -LARGE,
                            LARGE, 0},
    [NAI__GAIN] = {"gain", "1", "factor of the rate", 1, 1e-6, LARGE, 0},
    [NAI__EXPONENT] = {"exponent", "1", "of the transfer function power", 2, 1, 10, 0},
    [NAI__PLASTIC_BIAS] = {"plastic_bias", "1", "1: the bias learns", 1, 0, 1, 1},
    [NAI__PLASTIC_INITIAL_STATE] = {"plastic_initial", "1", "1: the initial state learns", 0, 0, 1,
                                    1},
    [NAI__INITIAL_STATE_MIN] = {"initial_min", "1", "least that an initial state learns to be",
                                -LARGE, -LARGE, LARGE, 0},
    [NAI__INITIAL_STATE_MAX] = {"initial_max", "1", "most that an initial state learns to be",
                                LARGE, -LARGE, LARGE, 0},
    [NAI__OUTPUT_NOISE] = {"output_noise", "1",
                           "standard deviation of what is added after the leak at each step", 0, 0,
                           LARGE, 0},

    [NAI__OUTPUT_BIAS] = {"bias", "1", "added to the output", 0, -LARGE, LARGE, 0},
    [NAI__OUTPUT_PLASTIC_BIAS] = {"plastic_bias", "1", "1: the bias learns", 1, 0, 1, 1},
    [NAI__OUTPUT_TAU] = {"tau", "ms", "time constant of the output's memory; 0: none", 0, 0, 1e9,
                         0},
    [NAI__OUTPUT_GAIN] = {"gain", "1", "factor of what the output receives", 1, 1e-6, LARGE, 0},
};

/* Those of a kind of node stand together. */
static const struct {
  const char *node;
  int first, n;
} kinds[] = {
    [NAI_INPUTS] = {"input", NAI__INPUT_TAU, NAI__TAU - NAI__INPUT_TAU},
    [NAI_POPULATIONS] = {"population", NAI__TAU, NAI__OUTPUT_BIAS - NAI__TAU},
    [NAI_OUTPUTS] = {"output", NAI__OUTPUT_BIAS, NAI__NUMBERS - NAI__OUTPUT_BIAS},
};

const nai__parameter *nai__numbers_of(int32_t kind, int *first, int *n)
{
  assert(kind >= NAI_INPUTS && kind <= NAI_OUTPUTS);
  *first = kinds[kind].first;
  *n = kinds[kind].n;
  return table + *first;
}

const char *nai__number_name(int number)
{
  assert(number >= 0 && number < NAI__NUMBERS);
  return table[number].name;
}

/* A number as this network allows it: a leak is never faster than a time step. */
static nai__parameter rule_of(const nai_network *net, int k)
{
  nai__parameter rule = table[k];
  if (k == NAI__TAU) rule.low = net->dt;
  if (k == NAI__INPUT_TAU) rule.low = net->dt * 1e-3;
  return rule;
}

nai_status nai_network_parameter(nai_parameter *out, const nai_network *net, int32_t kind,
                                 int64_t index)
{
  NAI__REQUIRE(out);
  NAI__REQUIRE(net);
  if (kind < NAI_INPUTS || kind > NAI_OUTPUTS)
    return nai__fail(NAI_ERR_INVALID, "kind is %d, must be %d to %d", (int)kind, NAI_INPUTS,
                     NAI_OUTPUTS);
  const int first = kinds[kind].first, n = kinds[kind].n;
  NAI__TRY(nai__parameter_describe(out, table + first, n, index));
  nai__parameter rule = rule_of(net, first + (int)index);
  out->low = rule.low;
  if (out->initial < rule.low) out->initial = rule.low;
  return NAI_OK;
}

nai_status nai__numbers_create(nai__node *node, double dt)
{
  for (int k = kinds[node->kind].first; k < kinds[node->kind].first + kinds[node->kind].n; k++) {
    node->number[k] = NAI__ARRAY(double, node->n);
    if (!node->number[k]) {
      nai__numbers_destroy(node);
      return NAI_ERR_MEMORY;
    }
    double initial = k == NAI__TAU ? fmax(table[k].initial, dt) : table[k].initial;
    for (int64_t i = 0; i < node->n; i++) node->number[k][i] = initial;
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

/*
 * A number of a node by its name: `number` of the table, or `own` of the model of cells; the other is
 * -1. What it allows, and how many values it has.
 */
typedef struct found {
  int number, own;
  nai__parameter rule;
  int64_t n;
  double *values;
} found;

int nai__number_is_every_model(int k)
{
  return k == NAI__BIAS || (k >= NAI__PLASTIC_BIAS && k <= NAI__INITIAL_STATE_MAX) ||
         k == NAI__INITIAL_STATE;
}

int nai__number_applies(const nai__node *node, int k)
{
  if (!node->cells || nai__number_is_every_model(k)) return 1;
  for (int32_t i = 0; i < node->cells->model->ops.n_parameters; i++)
    if (node->cells->number[i] == k) return 1;
  return 0;
}

static nai__parameter rule_of_field(const nai_network *net, const nai_field *field, int32_t number)
{
  nai__parameter rule = {.name = field->name,
                         .unit = field->unit,
                         .meaning = field->meaning,
                         .initial = field->initial,
                         .low = field->low,
                         .high = field->high,
                         .whole = field->words || field->whole};
  if (field->low == 0 && field->high == 0) {
    rule.low = -LARGE;
    rule.high = LARGE;
  }
  if (number == NAI__TAU) rule.low = fmax(rule.low, net->dt);
  return rule;
}

static void find_own(found *f, const nai_network *net, const nai__node *node, int32_t k)
{
  const nai_field *field = nai__field_at(node->cells->model->ops.parameters, k);
  f->number = node->cells->number[k];
  f->own = f->number < 0 ? k : -1;
  f->rule = rule_of_field(net, field, f->number);
  f->n = node->n * (f->own < 0 ? 1 : nai__cells_copies(node->cells, field));
  f->values = f->own < 0 ? node->number[f->number] : node->cells->own[k];
}

/* The number in the table of a node that is called so; -1. */
static int table_find(const nai__node *node, const char *name)
{
  int first, n;
  nai__numbers_of(node->kind, &first, &n);
  for (int k = first; k < first + n; k++)
    if (strcmp(table[k].name, name) == 0 && (!node->cells || nai__number_is_every_model(k)))
      return k;
  return -1;
}

static nai_status fail_unknown(const nai__node *node, const char *name)
{
  char owner[96], choices[200] = "";
  snprintf(owner, sizeof owner, "%s '%s'", kinds[node->kind].node, node->name);
  int first, n;
  const nai__parameter *numbers = nai__numbers_of(node->kind, &first, &n);
  if (!node->cells) {
    nai__parameter_find(numbers, n, name, owner);
    return NAI_ERR_NAME;
  }
  const nai_model_ops *ops = &node->cells->model->ops;
  for (int32_t k = 0; k < ops->n_parameters; k++)
    nai__choices_add(choices, 120, nai__field_at(ops->parameters, k)->name);
  for (int k = 0; k < n; k++)
    if (nai__number_is_every_model(first + k)) nai__choices_add(choices, 120, numbers[k].name);
  return nai__fail(NAI_ERR_NAME, "%s, of model '%s', has no parameter '%.24s'; it has %s", owner,
                   ops->name, name, choices);
}

/* NAI_ERR_NAME, with a message that lists those that the node has. */
static nai_status number_find(found *f, const nai_network *net, const nai__node *node,
                              const char *name)
{
  int32_t k = node->cells ? nai__field_find(node->cells->model, NAI_MODEL_PARAMETERS, name) : -1;
  if (k >= 0) {
    find_own(f, net, node, k);
    return NAI_OK;
  }
  int number = table_find(node, name);
  if (number < 0) return fail_unknown(node, name);
  *f = (found){number, -1, rule_of(net, number), node->n, node->number[number]};
  return NAI_OK;
}

/* The bounds of an initial state leave something between them. */
static nai_status check_bound(const nai__node *node, int k, const double *values, int64_t n)
{
  if (k != NAI__INITIAL_STATE_MIN && k != NAI__INITIAL_STATE_MAX) return NAI_OK;
  const int least = k == NAI__INITIAL_STATE_MIN;
  const double *other = node->number[least ? NAI__INITIAL_STATE_MAX : NAI__INITIAL_STATE_MIN];
  for (int64_t u = 0; u < node->n; u++) {
    double value = values[n == 1 ? 0 : u];
    if (least ? value > other[u] : value < other[u])
      return nai__fail(NAI_ERR_INVALID, "%s of '%s' is %g, must be at %s initial_%s = %g",
                       table[k].name, node->name, value, least ? "most" : "least",
                       least ? "max" : "min", other[u]);
  }
  return NAI_OK;
}

/* Of a number with copies: one value, one a unit for all of them, or all. */
static nai_status check_count(const nai__node *node, const found *f, int64_t n)
{
  if (n == 1 || n == node->n || n == f->n) return NAI_OK;
  if (f->n != node->n)
    return nai__fail(NAI_ERR_INVALID, "n is %lld, %s of '%s' has %lld values, for %lld units",
                     (long long)n, f->rule.name, node->name, (long long)f->n, (long long)node->n);
  return nai__fail(NAI_ERR_INVALID, "n is %lld, '%s' has %lld units", (long long)n, node->name,
                   (long long)node->n);
}

static nai_status check_node(const nai_network *net, const nai__node *node, const char *parameter,
                             const double *values, int64_t n)
{
  found f;
  NAI__TRY(number_find(&f, net, node, parameter));
  NAI__TRY(check_count(node, &f, n));
  for (int64_t u = 0; u < n; u++) NAI__TRY(nai__parameter_check(&f.rule, values[u], node->name));
  return check_bound(node, f.number, values, n);
}

static nai_status check_set(const nai_network *net, const char *names, const char *parameter,
                            const double *values, int64_t n)
{
  NAI__REQUIRE(parameter);
  NAI__TRY(nai__names_known(net, NAI__ANY_NODE, names, "names"));
  NAI__EACH_NODE(net, i, NAI__ANY_NODE, names)
    NAI__TRY(check_node(net, &net->node[i], parameter, values, n));
  return NAI_OK;
}

int64_t nai__learning_start(const nai_network *net, const nai__node *node, int number)
{
  switch (number) {
  case NAI__BIAS: return net->unit_bias + node->offset;
  case NAI__OUTPUT_BIAS: return net->output_bias + node->offset;
  case NAI__INITIAL_STATE: return net->unit_initial + node->offset;
  default: return -1;
  }
}

int64_t nai__bias_start(const nai_network *net, const nai__node *node)
{
  assert(node->kind != NAI_INPUTS);
  return nai__learning_start(net, node, node->kind == NAI_OUTPUTS ? NAI__OUTPUT_BIAS : NAI__BIAS);
}

/* The number that learns where this one is 1; -1 for what is no such flag. */
static int flagged_by(int k)
{
  switch (k) {
  case NAI__PLASTIC_BIAS: return NAI__BIAS;
  case NAI__OUTPUT_PLASTIC_BIAS: return NAI__OUTPUT_BIAS;
  case NAI__PLASTIC_INITIAL_STATE: return NAI__INITIAL_STATE;
  default: return -1;
  }
}

/* Numbers that can learn stand in theta, and whether they do beside it. */
static void refresh_learning(nai_network *net, const nai__node *node, int k)
{
  int learns = flagged_by(k);
  int64_t at = nai__learning_start(net, node, learns >= 0 ? learns : k);
  if (at < 0) return;
  for (int64_t u = 0; u < node->n; u++) {
    if (learns >= 0)
      net->plastic[at + u] = node->number[k][u] != 0;
    else
      net->theta[at + u] = (float)node->number[k][u];
  }
}

void nai__bound_initial_states(nai_network *net)
{
  for (int64_t i = 0; i < net->n_nodes; i++) {
    const nai__node *node = &net->node[i];
    if (node->kind != NAI_POPULATIONS) continue;
    const double *least = node->number[NAI__INITIAL_STATE_MIN];
    const double *most = node->number[NAI__INITIAL_STATE_MAX];
    float *state = net->theta + net->unit_initial + node->offset;
    const uint8_t *plastic = net->plastic + net->unit_initial + node->offset;
    for (int64_t u = 0; u < node->n; u++) {
      if (!plastic[u]) continue;
      if ((double)state[u] < least[u]) state[u] = (float)least[u];
      if ((double)state[u] > most[u]) state[u] = (float)most[u];
    }
  }
}

void nai__numbers_start(nai_network *net)
{
  for (int64_t i = 0; i < net->n_nodes; i++) {
    const nai__node *node = &net->node[i];
    for (int k = 0; k < NAI__NUMBERS; k++) {
      if (!node->number[k]) continue;
      refresh_learning(net, node, k);
      int64_t at = nai__learning_start(net, node, k);
      for (int64_t u = 0; at >= 0 && u < node->n; u++) net->exists[at + u] = 1;
    }
  }
}

/* What it is now: numbers that learn stand in theta. */
static double value_of(const nai_network *net, const nai__node *node, const found *f, int64_t u)
{
  int64_t at = net->built && f->number >= 0 ? nai__learning_start(net, node, f->number) : -1;
  return at >= 0 ? (double)net->theta[at + u] : f->values[u];
}

static void assign(nai_network *net, const nai__node *node, const found *f, const double *values,
                   int64_t n)
{
  for (int64_t u = 0; u < f->n; u++) f->values[u] = values[n == 1 ? 0 : u % n];
  if (net->built && f->number >= 0) refresh_learning(net, node, f->number);
}

/* After check_set(): all that are named. */
static nai_status assign_all(nai_network *net, const char *names, const char *parameter,
                             const double *values, int64_t n)
{
  NAI__EACH_NODE(net, i, NAI__ANY_NODE, names) {
    found f;
    NAI__TRY(number_find(&f, net, &net->node[i], parameter));
    assign(net, &net->node[i], &f, values, n);
  }
  return NAI_OK;
}

/*
 * What the numbers are now, one node after the other, into `kept`, or with `back` from there; NULL: only
 * how many there are.
 */
static int64_t keep(nai_network *net, const char *names, const char *parameter, double *kept,
                    int back)
{
  int64_t count = 0;
  NAI__EACH_NODE(net, i, NAI__ANY_NODE, names) {
    found f;
    if (number_find(&f, net, &net->node[i], parameter) != NAI_OK) continue; /* it was checked */
    for (int64_t u = 0; kept && !back && u < f.n; u++)
      kept[count + u] = value_of(net, &net->node[i], &f, u);
    if (back) assign(net, &net->node[i], &f, kept + count, f.n);
    count += f.n;
  }
  return count;
}

static nai_status refresh(nai_network *net)
{
  nai__numbers_refresh(net);
  return nai__cells_refresh(net);
}

/* Of a built network, where a model may refuse numbers: then they are as they were. */
static nai_status set_built(nai_network *net, const char *names, const char *parameter,
                            const double *values, int64_t n)
{
  double *kept = NAI__ARRAY(double, keep(net, names, parameter, NULL, 0) + 1);
  if (!kept) return NAI_ERR_MEMORY;
  keep(net, names, parameter, kept, 0);
  nai_status status = assign_all(net, names, parameter, values, n);
  if (status == NAI_OK) status = refresh(net);
  if (status != NAI_OK) {
    keep(net, names, parameter, kept, 1);
    (void)refresh(net);
  }
  nai__free(kept);
  return status;
}

static nai_status set_each(nai_network *net, const char *names, const char *parameter,
                           const double *values, int64_t n)
{
  NAI__REQUIRE(values);
  if (n < 1) return nai__fail(NAI_ERR_INVALID, "n is %lld, must be at least 1", (long long)n);
  NAI__TRY(check_set(net, names, parameter, values, n));
  if (net->built && net->has_cells) return set_built(net, names, parameter, values, n);
  NAI__TRY(assign_all(net, names, parameter, values, n));
  if (net->built) nai__numbers_refresh(net);
  return NAI_OK;
}

/* Numbers may be set after the build too: then a failure is not remembered. */
nai_status nai_network_set_each(nai_network *net, const char *names, const char *parameter,
                                const double *values, int64_t n)
{
  NAI__TRY(nai__may_set(net));
  return nai__remember(net, set_each(net, names, parameter, values, n));
}

nai_status nai_network_set(nai_network *net, const char *names, const char *parameter, double value)
{
  return nai_network_set_each(net, names, parameter, &value, 1);
}

nai_status nai_network_get_each(double *values, int64_t n, const nai_network *net, const char *name,
                                const char *parameter)
{
  NAI__REQUIRE(net);
  NAI__REQUIRE(parameter);
  NAI__REQUIRE(values);
  const nai__node *node;
  NAI__TRY(nai__node_find(&node, net, NAI__ANY_NODE, name, "name"));
  found f;
  NAI__TRY(number_find(&f, net, node, parameter));
  if (n != f.n) return check_count(node, &f, n == 1 || n == node->n ? 0 : n);
  for (int64_t u = 0; u < n; u++) values[u] = value_of(net, node, &f, u);
  return NAI_OK;
}

/* --- words ------------------------------------------------------------------------------------ */

/* Of the parameter of a node: the number that the word stands for. */
static nai_status find_word(int32_t *out, const nai_network *net, const nai__node *node,
                            const char *parameter, const char *word)
{
  found f;
  NAI__TRY(number_find(&f, net, node, parameter));
  const nai_field *field =
      f.own < 0 ? NULL : nai__field_at(node->cells->model->ops.parameters, f.own);
  if (!field || !field->words)
    return nai__fail(NAI_ERR_INVALID, "%s of '%s' is '%.40s', must be a number", parameter,
                     node->name, word);
  *out = nai__field_word(field, word);
  if (*out >= 0) return NAI_OK;
  return nai__fail(NAI_ERR_NAME, "%s of '%s' is '%.40s', must be one of: %s", parameter, node->name,
                   word, field->words);
}

static nai_status choose(nai_network *net, const char *names, const char *parameter,
                         const char *word)
{
  int32_t number = 0;
  NAI__REQUIRE(parameter);
  NAI__REQUIRE(word);
  NAI__TRY(nai__names_known(net, NAI__ANY_NODE, names, "names"));
  NAI__EACH_NODE(net, i, NAI__ANY_NODE, names)
    NAI__TRY(find_word(&number, net, &net->node[i], parameter, word));
  NAI__EACH_NODE(net, i, NAI__ANY_NODE, names) {
    NAI__TRY(find_word(&number, net, &net->node[i], parameter, word));
    double value = number;
    NAI__TRY(set_each(net, net->node[i].name, parameter, &value, 1));
  }
  return NAI_OK;
}

nai_status nai_network_choose(nai_network *net, const char *names, const char *parameter,
                              const char *word)
{
  NAI__TRY(nai__may_set(net));
  return nai__remember(net, choose(net, names, parameter, word));
}

/* --- the arrays that kernels read ------------------------------------------------------------- */

/*
 * Noise of variance 1 with this correlation time, one step on: how much of it is kept, and how much
 * is new. White noise keeps nothing.
 */
static void keep_noise(float *kept, float *fresh, double tau, double dt)
{
  *kept = tau > 0 ? (float)exp(-dt / tau) : 0;
  *fresh = tau > 0 ? (float)sqrt(-expm1(-2 * dt / tau)) : 1;
}

/* What noise of variance 1 is multiplied by, where the kernels add it: docs/equations.md, "Units". */
static double noise_factor(const nai__node *node, double alpha, double noise_tau)
{
  if (node->leak != NAI_LEAK_RATE) return noise_tau > 0 ? alpha : sqrt(2 * alpha);
  return noise_tau > 0 ? 1 : sqrt(2 / alpha);
}

/* 1 when a step needs normals of its units; built-in models with `noise` have them for it alone. */
static int draws(const nai__node *node, double sigma)
{
  if (sigma > 0) return 1;
  if (!node->cells || !node->cells->model->ops.n_normals) return 0;
  if (node->cells->model->own) return 1;
  for (int32_t k = 0; k < node->cells->model->ops.n_parameters; k++)
    if (node->cells->number[k] == NAI__NOISE) return 0;
  return 1;
}

static void refresh_unit(nai_network *net, const nai__node *node, int64_t u)
{
  int64_t ld = net->ld_units;
  float *unit = net->unit + node->offset + u;
  double alpha = net->dt / node->number[NAI__TAU][u];
  double sigma = node->number[NAI__NOISE][u], noise_tau = node->number[NAI__NOISE_TAU][u];
  unit[NAI__ALPHA * ld] = (float)alpha;
  unit[NAI__SIGMA * ld] = (float)(noise_factor(node, alpha, noise_tau) * sigma);
  unit[NAI__GAINS * ld] = (float)node->number[NAI__GAIN][u];
  unit[NAI__EXPONENTS * ld] = (float)node->number[NAI__EXPONENT][u];
  keep_noise(&unit[NAI__KEPT * ld], &unit[NAI__NEW * ld], noise_tau, net->dt);
  double added = node->cells ? 0 : node->number[NAI__OUTPUT_NOISE][u];
  unit[NAI__ADDED * ld] = (float)added;
  if (added > 0) net->has_output_noise = 1;
  if (draws(node, sigma)) net->has_noise = 1;
  if (sigma > 0 && noise_tau > 0) net->has_coloured_noise = 1;
}

static void refresh_channel(nai_network *net, const nai__node *node, int64_t c)
{
  int64_t ld = net->ld_inputs;
  float *channel = net->channel + node->offset + c;
  double sigma = node->number[NAI__INPUT_NOISE][c];
  double noise_tau = node->number[NAI__INPUT_NOISE_TAU][c];
  double factor = noise_tau > 0 ? 1 : sqrt(2 * node->number[NAI__INPUT_TAU][c] / net->dt);
  channel[NAI__CHANNEL_SIGMA * ld] = (float)(factor * sigma);
  channel[NAI__BASELINES * ld] = (float)node->number[NAI__BASELINE][c];
  channel[NAI__RECTIFIED * ld] = (float)node->number[NAI__RECTIFY][c];
  keep_noise(&channel[NAI__CHANNEL_KEPT * ld], &channel[NAI__CHANNEL_NEW * ld], noise_tau, net->dt);
  if (sigma > 0) net->has_input_noise = 1;
  if (sigma > 0 && noise_tau > 0) net->has_coloured_input_noise = 1;
  if (node->number[NAI__BASELINE][c] != 0 || node->number[NAI__RECTIFY][c] != 0)
    net->has_input_shape = 1;
}

static void refresh_readout(nai_network *net, const nai__node *node, int64_t o)
{
  float *readout = net->readout + node->offset + o;
  double tau = node->number[NAI__OUTPUT_TAU][o], gain = node->number[NAI__OUTPUT_GAIN][o];
  readout[NAI__READOUT_KEPT * net->ld_outputs] = tau > 0 ? (float)exp(-net->dt / tau) : 0;
  readout[NAI__READOUT_GAINS * net->ld_outputs] = (float)gain;
  if (tau > 0 || gain != 1) net->has_output_memory = 1;
}

/* A run of units without noise, or with gain 1, takes the shorter way through the kernels. */
static void refresh_segment(nai_network *net, nai__segment *segment)
{
  int64_t ld = net->ld_units;
  const float *unit = net->unit + segment->offset;
  const float *sigma = unit + NAI__SIGMA * ld, *gain = unit + NAI__GAINS * ld;
  nai__units *units = &segment->units;
  units->alpha = unit + NAI__ALPHA * ld;
  units->bias =
      segment->cells ? unit + NAI__ZERO * ld : net->theta + net->unit_bias + segment->offset;
  units->noise = units->gain = units->exponent = NULL;
  for (int64_t u = 0; u < units->n; u++) {
    if (sigma[u] != 0) units->noise = sigma;
    if (gain[u] != 1) units->gain = gain;
  }
  if (units->transfer == NAI__POWER) units->exponent = unit + NAI__EXPONENTS * ld;
}

void nai__numbers_find_noise(nai_network *plan)
{
  plan->has_noise = plan->has_output_noise = 0;
  for (int64_t i = 0; i < plan->n_nodes; i++) {
    const nai__node *node = &plan->node[i];
    for (int64_t u = 0; u < node->n && node->kind == NAI_POPULATIONS; u++) {
      if (draws(node, node->number[NAI__NOISE][u])) plan->has_noise = 1;
      if (!node->cells && node->number[NAI__OUTPUT_NOISE][u] > 0) plan->has_output_noise = 1;
    }
  }
}

void nai__numbers_refresh(nai_network *net)
{
  net->has_noise = net->has_input_noise = net->has_input_shape = 0;
  net->has_output_noise = 0;
  net->has_coloured_noise = net->has_coloured_input_noise = net->has_output_memory = 0;
  for (int64_t i = 0; i < net->n_nodes; i++) {
    const nai__node *node = &net->node[i];
    for (int64_t u = 0; u < node->n; u++) {
      if (node->kind == NAI_POPULATIONS) refresh_unit(net, node, u);
      if (node->kind == NAI_INPUTS) refresh_channel(net, node, u);
      if (node->kind == NAI_OUTPUTS) refresh_readout(net, node, u);
    }
  }
  for (int64_t s = 0; s < net->n_segments; s++) refresh_segment(net, &net->segment[s]);
}
