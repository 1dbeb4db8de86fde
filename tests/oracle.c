/* Reference cases: see oracle.h. */
#include "oracle.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/kernels/kernels.h"

#define FOLDER TESTS_FOLDER "/reference/"

static void check_ok(const oracle *o, nai_status status)
{
  if (status != NAI_OK)
    ck_abort_msg("%s: %s: %s", o->name, nai_status_name(status), nai_last_error());
}

static int is_recurrent(const oracle *o)
{
  return strncmp(o->name, "rnn_", 4) == 0;
}

static const char *text(const oracle *o, const char *key)
{
  const char *value = nai__json_string(nai__json_get(o->about, key));
  if (!value) ck_abort_msg("%s: the index has no '%s'", o->name, key);
  return value;
}

double oracle_number(const nai__json *object, const char *key)
{
  double value = 0;
  nai__json_number(&value, nai__json_get(object, key));
  return value;
}

static double beta(const oracle *o, const char *key)
{
  return oracle_number(nai__json_get(o->about, "betas"), key);
}

/* --- arrays ----------------------------------------------------------------------------------- */

static double element(const oracle *o, const nai__tensor *tensor, int64_t i)
{
  int64_t whole;
  double value;
  int is_whole = tensor->dtype == NAI__I64;
  check_ok(o, nai__tensors_read(is_whole ? (void *)&whole : &value, &o->file, tensor, i, 1));
  return is_whole ? (double)whole : value;
}

const double *oracle_sized(oracle *o, const char *name, int64_t *count, int64_t *shape)
{
  nai__tensor tensor;
  check_ok(o, nai__tensors_find(&tensor, &o->file, name));
  if (tensor.dtype != NAI__F64 && tensor.dtype != NAI__I64)
    ck_abort_msg("%s: '%s' is neither F64 nor I64", o->name, name);
  if (o->n_arrays == sizeof o->array / sizeof *o->array) ck_abort_msg("too many arrays");
  double *values = malloc((size_t)tensor.count * sizeof *values);
  o->array[o->n_arrays++] = values;
  for (int64_t i = 0; i < tensor.count; i++) values[i] = element(o, &tensor, i);
  if (count) *count = tensor.count;
  for (int d = 0; shape && d < 4; d++) shape[d] = tensor.shape[d];
  return values;
}

const double *oracle_array(oracle *o, const char *name)
{
  return oracle_sized(o, name, NULL, NULL);
}

/* Rows first .. first + n - 1, columns likewise, of an array [..][width], as floats on loan. */
static float *rectangle(const double *values, int64_t width, int64_t row, int64_t rows,
                        int64_t column, int64_t columns)
{
  float *out = malloc((size_t)(rows * columns) * sizeof *out);
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++)
      out[i * columns + j] = (float)values[(row + i) * width + column + j];
  return out;
}

static float *floats(const double *values, int64_t n)
{
  return rectangle(values, n, 0, 1, 0, n);
}

/* --- opening ---------------------------------------------------------------------------------- */

static int is_known(const nai__json *about)
{
  return !nai__json_get(nai__json_get(about, "betas"), "communicability");
}

nai__json_document oracle_index(void)
{
  static char bytes[1 << 16];
  nai__json_document index = {NULL, NULL};
  FILE *file = fopen(FOLDER "index.json", "rb");
  size_t size = file ? fread(bytes, 1, sizeof bytes, file) : 0;
  if (file) fclose(file);
  if (!size || size == sizeof bytes) ck_abort_msg("index.json: %zu bytes", size);
  if (nai__json_parse(&index, bytes, size, "index.json") != NAI_OK)
    ck_abort_msg("%s", nai_last_error());
  return index;
}

/* Populations of one sign are neighbours in every case. */
static void find_parts(oracle *o)
{
  static const char *const layer[] = {"h1", "h2", "h3", "h4"};
  if (!is_recurrent(o)) {
    const nai__json *size = nai__json_first(nai__json_get(o->about, "sizes"));
    for (int i = 0; (size = size->next)->next; i++)
      o->part[o->n_parts++] = (oracle_part){layer[i], 0, size->is.whole};
    return;
  }
  int64_t n, n_e = 0;
  const double *sign = oracle_sized(o, "sign", &n, NULL);
  o->part[o->n_parts++] = (oracle_part){"p", 0, n};
  if (nai__json_get(o->about, "dale")->kind != NAI__JSON_TRUE) return;
  while (n_e < n && sign[n_e] > 0) n_e++;
  for (int64_t i = n_e; i < n; i++) ck_assert_double_lt(sign[i], 0);
  o->part[0] = (oracle_part){"pE", 0, n_e};
  o->part[o->n_parts++] = (oracle_part){"pI", n_e, n - n_e};
}

int oracle_open(oracle *out, const char *prefix, int number)
{
  *out = (oracle){.name = "index.json"};
  out->index = oracle_index();
  for (const nai__json *about = nai__json_first(out->index.root); about; about = about->next) {
    if (strncmp(about->key, prefix, strlen(prefix)) != 0 || !is_known(about) || number-- > 0)
      continue;
    out->name = about->key;
    out->about = about;
    break;
  }
  if (!out->about) {
    nai__json_release(&out->index);
    return 0;
  }
  char path[1024];
  snprintf(path, sizeof path, FOLDER "%s.safetensors", out->name);
  check_ok(out, nai__tensors_open(&out->file, path));
  find_parts(out);
  return 1;
}

void oracle_close(oracle *o)
{
  for (int i = 0; i < o->n_arrays; i++) free(o->array[i]);
  nai__tensors_close(&o->file);
  nai__json_release(&o->index);
}

const char *oracle_kernels(int number)
{
  const char *name;
  for (int i = 0; (name = nai__kernels_name(i)); i++)
    if (nai__kernels_named(name) && number-- == 0) return name;
  return NULL;
}

/* --- recurrent networks ----------------------------------------------------------------------- */

static int32_t transfer(const oracle *o)
{
  for (int32_t i = 0; nai_transfer_name(i); i++)
    if (strcmp(text(o, "phi"), nai_transfer_name(i)) == 0) return i;
  ck_abort_msg("%s: transfer function '%s' is unknown", o->name, text(o, "phi"));
  return -1;
}

static int64_t units(const oracle *o)
{
  return o->part[o->n_parts - 1].first + o->part[o->n_parts - 1].n;
}

static void add_population(oracle *o, nai_network *net, const oracle_part *part)
{
  double dt = nai_network_dt(net), tau[64];
  const double *alpha = oracle_array(o, "alpha") + part->first;
  const double *initial = oracle_array(o, "x0") + part->first; /* the same for every trial */
  for (int64_t i = 0; i < part->n; i++) tau[i] = dt / alpha[i];
  int32_t sign = o->n_parts == 1 ? NAI_FREE : part->first ? NAI_INHIBITORY : NAI_EXCITATORY;
  check_ok(o, nai_network_add_population(net, part->name, part->n, sign));
  check_ok(
      o, nai_network_set_leak(net, part->name,
                              strcmp(text(o, "kind"), "rate") ? NAI_LEAK_CURRENT : NAI_LEAK_RATE));
  check_ok(o, nai_network_set_transfer(net, part->name, transfer(o)));
  check_ok(o, nai_network_set_each(net, part->name, "tau", tau, part->n));
  check_ok(o, nai_network_set_each(net, part->name, "initial", initial, part->n));
  float *position = rectangle(oracle_array(o, "position"), 3, part->first, part->n, 0, 3);
  check_ok(o, nai_network_set_positions(net, part->name, position, part->n));
  free(position);
}

static void add_mask(oracle *o, nai_network *net, const oracle_part *pre, const oracle_part *post)
{
  const double *values = oracle_array(o, "mask");
  uint8_t *mask = malloc((size_t)(pre->n * post->n));
  for (int64_t i = 0; i < post->n; i++)
    for (int64_t j = 0; j < pre->n; j++)
      mask[i * pre->n + j] = values[(post->first + i) * units(o) + pre->first + j] != 0;
  nai_constraint *constraint;
  check_ok(o, nai_constraint_create_mask(&constraint, mask, post->n, pre->n));
  check_ok(o, nai_network_constrain(net, pre->name, post->name, constraint));
  nai_constraint_destroy(constraint);
  free(mask);
}

/* The cases do not say that readout weights have signs. */
static void free_readout(const oracle *o, nai_network *net)
{
  nai_constraint *off;
  check_ok(o, nai_constraint_create_dale(&off, NAI_DALE_OFF));
  check_ok(o, nai_network_constrain(net, "p*", "z", off));
  nai_constraint_destroy(off);
}

static void compose_recurrent(oracle *o, nai_network *net)
{
  int64_t u[4], z[4];
  oracle_sized(o, "u", NULL, u);
  oracle_sized(o, "b_out", NULL, z);
  check_ok(o, nai_network_add_input(net, "u", u[2]));
  for (int k = 0; k < o->n_parts; k++) add_population(o, net, &o->part[k]);
  check_ok(o, nai_network_add_output(net, "z", z[0]));
  check_ok(o, nai_network_connect(net, "u", "p*"));
  check_ok(o, nai_network_connect(net, "p*", "p*"));
  check_ok(o, nai_network_connect(net, "p*", "z"));
  for (int k = 0; k < o->n_parts; k++)
    for (int l = 0; l < o->n_parts; l++) add_mask(o, net, &o->part[k], &o->part[l]);
  if (o->n_parts > 1) free_readout(o, net);
}

static void set_weights(oracle *o, nai_network *net, const char *array, const oracle_part *pre,
                        const oracle_part *post)
{
  int64_t shape[4];
  const double *values = oracle_sized(o, array, NULL, shape);
  float *w = rectangle(values, shape[1], post->first, post->n, pre->first, pre->n);
  check_ok(o, nai_network_set_weights(net, pre->name, post->name, w, post->n, pre->n));
  free(w);
}

static void set_bias(oracle *o, nai_network *net, const char *array, const oracle_part *part)
{
  float *bias = floats(oracle_array(o, array) + part->first, part->n);
  check_ok(o, nai_network_set_bias(net, part->name, bias, part->n));
  free(bias);
}

static void weigh_recurrent(oracle *o, nai_network *net)
{
  const oracle_part u = {"u", 0, nai_network_size(net, NAI_INPUTS, NULL)},
                    z = {"z", 0, nai_network_size(net, NAI_OUTPUTS, NULL)};
  for (int k = 0; k < o->n_parts; k++) {
    set_weights(o, net, "W_in", &u, &o->part[k]);
    set_weights(o, net, "W_out", &o->part[k], &z);
    set_bias(o, net, "b_rec", &o->part[k]);
    for (int l = 0; l < o->n_parts; l++) set_weights(o, net, "W_rec", &o->part[l], &o->part[k]);
  }
  set_bias(o, net, "b_out", &z);
}

/* --- feed-forward networks -------------------------------------------------------------------- */

/* Input u, layers h1, h2, ... without memory, output z: link `i` of the chain. */
static oracle_part link(const oracle *o, int i)
{
  const nai__json *size = nai__json_first(nai__json_get(o->about, "sizes"));
  for (int k = 0; k < i; k++) size = size->next;
  int64_t n = size->is.whole;
  return (oracle_part){i == 0 ? "u" : i <= o->n_parts ? o->part[i - 1].name : "z", 0, n};
}

static void compose_layers(const oracle *o, nai_network *net)
{
  for (int i = 0; i < o->n_parts + 2; i++) {
    oracle_part at = link(o, i), before = link(o, i ? i - 1 : 0);
    if (i == 0) {
      check_ok(o, nai_network_add_input(net, at.name, at.n));
      continue;
    }
    if (i > o->n_parts) {
      check_ok(o, nai_network_add_output(net, at.name, at.n));
    } else {
      check_ok(o, nai_network_add_population(net, at.name, at.n, NAI_FREE));
      check_ok(o, nai_network_set(net, at.name, "tau", nai_network_dt(net)));
      check_ok(o, nai_network_set_transfer(net, at.name, transfer(o)));
    }
    check_ok(o, nai_network_connect(net, before.name, at.name));
    check_ok(o, nai_network_set_delay(net, before.name, at.name, 0));
  }
}

static void weigh_layers(oracle *o, nai_network *net)
{
  for (int i = 0; i <= o->n_parts; i++) {
    oracle_part pre = link(o, i), post = link(o, i + 1);
    char w[32], b[32];
    snprintf(w, sizeof w, "W%d", i);
    snprintf(b, sizeof b, "b%d", i);
    set_weights(o, net, w, &pre, &post);
    set_bias(o, net, b, &post);
  }
}

/* --- network, trials, trainer ----------------------------------------------------------------- */

nai_network *oracle_network(oracle *o, const char *kernels)
{
  nai_network *net;
  double dt = is_recurrent(o) ? oracle_number(o->about, "dt") : 1;
  check_ok(o, nai_network_create(&net, dt));
  check_ok(o, nai_network_set_kernels(net, kernels));
  if (is_recurrent(o))
    compose_recurrent(o, net);
  else
    compose_layers(o, net);
  check_ok(o, nai_network_build(net, 5));
  if (is_recurrent(o))
    weigh_recurrent(o, net);
  else
    weigh_layers(o, net);
  return net;
}

static void set_goal(oracle *o, nai_trials *trials, int64_t channels)
{
  int64_t count;
  const double *y = oracle_sized(o, "y", &count, NULL);
  if (strcmp(text(o, "cost"), "mse") == 0) {
    float *targets = floats(y, count);
    check_ok(o, nai_trials_set_targets(trials, "z", targets, channels));
    free(targets);
    return;
  }
  int32_t *classes = malloc((size_t)count * sizeof *classes);
  for (int64_t i = 0; i < count; i++) classes[i] = (int32_t)y[i];
  check_ok(o, nai_trials_set_classes(trials, "z", classes));
  free(classes);
}

nai_trials *oracle_trials(oracle *o, const nai_network *net)
{
  int64_t shape[4], count, n = nai_network_size(net, NAI_INPUTS, NULL);
  const double *u = oracle_sized(o, is_recurrent(o) ? "u" : "x", &count, shape);
  nai_trials *trials;
  check_ok(o, nai_trials_create(&trials, net, is_recurrent(o) ? shape[0] : 1,
                                is_recurrent(o) ? shape[1] : shape[0]));
  float *inputs = floats(u, count);
  check_ok(o, nai_trials_set_inputs(trials, NULL, inputs, n));
  free(inputs);
  set_goal(o, trials, nai_network_size(net, NAI_OUTPUTS, NULL));
  if (!is_recurrent(o)) return trials;
  const double *m = oracle_sized(o, "m", &count, shape);
  float *mask = floats(m, count);
  check_ok(o, nai_trials_set_mask(trials, "z", mask, shape[2]));
  free(mask);
  return trials;
}

static void add_cost(const oracle *o, nai_trainer *trainer, nai_cost *cost, double scale)
{
  check_ok(o, nai_trainer_add_cost(trainer, cost, scale));
  nai_cost_destroy(cost);
}

static void add_penalties(const oracle *o, nai_trainer *trainer)
{
  nai_cost *cost;
  if (beta(o, "l1_weight") > 0) {
    check_ok(o, nai_cost_create_l1_weights(&cost, "p*", "p*"));
    add_cost(o, trainer, cost, beta(o, "l1_weight"));
  }
  if (beta(o, "l2_rate") > 0) {
    check_ok(o, nai_cost_create_l2_rates(&cost, "p*"));
    add_cost(o, trainer, cost, beta(o, "l2_rate"));
  }
  if (beta(o, "distance") > 0) {
    check_ok(o, nai_cost_create_distance(&cost, "p*", "p*"));
    add_cost(o, trainer, cost, beta(o, "distance"));
  }
}

nai_trainer *oracle_trainer_with(oracle *o, nai_network *net, nai_rule *rule, int only_task)
{
  nai_optimizer *sgd;
  nai_trainer *trainer;
  nai_cost *cost;
  check_ok(o, nai_optimizer_create_sgd(&sgd, 1e-3));
  check_ok(o, nai_trainer_create(&trainer, net, rule, sgd, NULL));
  nai_optimizer_destroy(sgd);
  check_ok(o, strcmp(text(o, "cost"), "mse") ? nai_cost_create_cross_entropy(&cost, "z")
                                             : nai_cost_create_mse(&cost, "z"));
  add_cost(o, trainer, cost, 1);
  if (!only_task) add_penalties(o, trainer);
  return trainer;
}

nai_trainer *oracle_trainer(oracle *o, nai_network *net)
{
  nai_rule *bptt;
  check_ok(o, nai_rule_create_bptt(&bptt));
  nai_trainer *trainer = oracle_trainer_with(o, net, bptt, 0);
  nai_rule_destroy(bptt);
  return trainer;
}

/* --- comparing -------------------------------------------------------------------------------- */

void oracle_copy(double *out, int64_t ld, const nai_view *view)
{
  int64_t columns = view->shape[view->ndim - 1], rows = 1;
  for (int32_t d = 0; d + 1 < view->ndim; d++) rows *= view->shape[d];
  int64_t inner = view->ndim == 3 ? view->shape[1] : rows;
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++) {
      int64_t at = j * view->stride[view->ndim - 1];
      if (view->ndim == 2) at += i * view->stride[0];
      if (view->ndim == 3) at += i / inner * view->stride[0] + i % inner * view->stride[1];
      float value;
      memcpy(&value, (const char *)view->data + at, sizeof value);
      out[i * ld + j] = (double)value;
    }
}

void oracle_check(const oracle *o, const char *what, const double *ours, const double *expected,
                  int64_t n)
{
  double largest = 0, worst = 0;
  int64_t at = 0;
  for (int64_t i = 0; i < n; i++) {
    largest = fmax(largest, fabs(expected[i]));
    double error = fabs(ours[i] - expected[i]);
    if (error <= worst) continue; /* not so for NaN */
    worst = isnan(error) ? INFINITY : error;
    at = i;
  }
  if (!(worst <= 1e-4 * largest))
    ck_abort_msg("%s: %s[%lld] is %g, expected %g: off by %.2g of the largest", o->name, what,
                 (long long)at, ours[at], expected[at], worst / largest);
}

/* --- gradients -------------------------------------------------------------------------------- */

/* Populations (or input, output) that an array's rows and columns belong to. */
typedef struct side {
  const oracle_part *part;
  int n;
} side;

static void compare_gradient(oracle *o, const nai_trainer *trainer, const char *name, side pre,
                             side post)
{
  int64_t count, shape[4];
  const double *expected = oracle_sized(o, name, &count, shape);
  double *ours = malloc((size_t)count * sizeof *ours);
  for (int64_t i = 0; i < count; i++) ours[i] = NAN; /* what is not gathered shows */
  for (int k = 0; k < post.n; k++)
    for (int l = 0; l < (pre.n ? pre.n : 1); l++) {
      const char *from = pre.n ? pre.part[l].name : post.part[k].name;
      int64_t column = pre.n ? pre.part[l].first : 0;
      nai_view view = NAI_VIEW_INIT;
      check_ok(o, nai_trainer_gradient(&view, trainer, from, pre.n ? post.part[k].name : NULL));
      oracle_copy(ours + post.part[k].first * shape[1] + column, shape[1], &view);
    }
  oracle_check(o, name, ours, expected, count);
  free(ours);
}

void oracle_check_gradient(oracle *o, const nai_trainer *trainer, const char *prefix,
                           const char *name)
{
  const oracle_part input = {"u", 0, 0}, output = {"z", 0, 0};
  side u = {&input, 1}, z = {&output, 1}, p = {o->part, o->n_parts}, none = {NULL, 0};
  int to_bias = name[0] == 'b', to_output = strcmp(name + 1, "_out") == 0;
  char array[64];
  snprintf(array, sizeof array, "%s%s", prefix, name);
  if (name[1] == '_') {
    side pre = strcmp(name + 2, "in") == 0 ? u : p;
    compare_gradient(o, trainer, array, to_bias ? none : pre, to_output ? z : p);
    return;
  }
  oracle_part before = link(o, atoi(name + 1)), after = link(o, atoi(name + 1) + 1);
  compare_gradient(o, trainer, array, to_bias ? none : (side){&before, 1}, (side){&after, 1});
}
