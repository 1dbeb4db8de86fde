/* Saving a network: its arrays as tensors, all else as JSON in the file's metadata. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../constraint/builtin.h"
#include "../network/ends.h"
#include "model.h"
#include "short_terms.h"
#include "synapse_lists.h"

/* --- tensors ---------------------------------------------------------------------------------- */

static nai_status add_number(nai__tensor_list *list, const nai_network *net, const nai__node *node,
                             int k)
{
  char name[NAI__TENSOR_NAME];
  void *values;
  nai__model_node_tensor(name, nai__number_name(k), node->name);
  NAI__TRY(nai__tensor_list_add(&values, list, name, NAI__F64, 1, &node->n));
  return nai_network_get_each(values, node->n, net, node->name, nai__number_name(k));
}

/* 1 for a number that units share, and that does not learn. */
static int is_shared(const nai__node *node, int k)
{
  const double *values = node->number[k], *learns = node->number[NAI__PLASTIC_INITIAL_STATE];
  for (int64_t i = 0; i < node->n; i++)
    if (values[i] != values[0] || (k == NAI__INITIAL_STATE && learns[i] != 0)) return 0;
  return 1;
}

/* Numbers that the first release did not have. */
static int is_new(int k)
{
  switch (k) {
  case NAI__INPUT_NOISE_TAU:
  case NAI__NOISE_TAU:
  case NAI__INITIAL_STATE_MIN:
  case NAI__INITIAL_STATE_MAX:
  case NAI__OUTPUT_NOISE:
  case NAI__OUTPUT_TAU:
  case NAI__OUTPUT_GAIN: return 1;
  default: return 0;
  }
}

/* 1 where they say nothing: without them the file is as it was, and that release can read it. */
static int is_left_out(const nai__node *node, int k)
{
  int first, n;
  const nai__parameter *table = nai__numbers_of(node->kind, &first, &n);
  if (!is_new(k) || (node->cells && node->cells->model->own)) return 0; /* their defaults differ */
  for (int64_t i = 0; i < node->n; i++)
    if (node->number[k][i] != table[k - first].initial) return 0;
  return 1;
}

/*
 * 1 when a node's number goes into the file; the bias does as a tensor of its own, for it may have
 * learnt.
 */
static int is_stored(const nai__node *node, int k)
{
  return node->number[k] && !nai__number_is_bias(k) && !is_left_out(node, k) &&
         nai__number_applies(node, k);
}

/* --- parameters of models --------------------------------------------------------------------- */

static const nai_field *parameter_at(const nai__node *node, int32_t k)
{
  return nai__field_at(node->cells->model->ops.parameters, k);
}

static int64_t values_of(const nai__node *node, int32_t k)
{
  return node->n * nai__cells_copies(node->cells, parameter_at(node, k));
}

static int is_one_value(const nai__node *node, int32_t k)
{
  const double *values = node->cells->own[k];
  for (int64_t i = 0; i < values_of(node, k); i++)
    if (values[i] != values[0]) return 0;
  return 1;
}

static nai_status add_parameters(nai__tensor_list *list, const nai__node *node)
{
  char name[NAI__TENSOR_NAME];
  for (int32_t k = 0; k < node->cells->model->ops.n_parameters; k++) {
    if (!node->cells->own[k] || is_one_value(node, k)) continue;
    int64_t n = values_of(node, k);
    nai__model_node_tensor(name, parameter_at(node, k)->name, node->name);
    NAI__TRY(nai__tensor_list_lend(list, name, NAI__F64, 1, &n, node->cells->own[k]));
  }
  return NAI_OK;
}

static void describe_cells(nai__json_writer *w, const nai__node *node)
{
  const nai_model_ops *ops = &node->cells->model->ops;
  char name[NAI__TENSOR_NAME];
  nai__json_add_text(w, "model", ops->name);
  if (node->cells->model->own) nai__json_add_flag(w, "own", 1);
  nai__json_open(w, "sizes", '{');
  for (int32_t k = 0; k < ops->n_sizes; k++)
    nai__json_add_whole(w, nai__field_at(ops->sizes, k)->name, node->cells->size[k]);
  nai__json_close(w, '}');
  for (int32_t k = 0; k < ops->n_parameters; k++) {
    const char *parameter = parameter_at(node, k)->name;
    if (!node->cells->own[k]) continue;
    nai__model_node_tensor(name, parameter, node->name);
    if (is_one_value(node, k))
      nai__json_add_real(w, parameter, node->cells->own[k][0]);
    else
      nai__json_add_text(w, parameter, name);
  }
}

static nai_status add_node(nai__tensor_list *list, const nai_network *net, const nai__node *node)
{
  char name[NAI__TENSOR_NAME];
  for (int k = 0; k < NAI__NUMBERS; k++)
    if (is_stored(node, k) && !is_shared(node, k)) NAI__TRY(add_number(list, net, node, k));
  if (node->cells) NAI__TRY(add_parameters(list, node));
  if (node->kind != NAI_INPUTS) {
    nai__model_node_tensor(name, "bias", node->name);
    NAI__TRY(nai__tensor_list_lend(list, name, NAI__F32, 1, &node->n,
                                   net->theta + nai__bias_start(net, node)));
  }
  if (node->position) {
    nai__model_node_tensor(name, "position", node->name);
    NAI__TRY(
        nai__tensor_list_lend(list, name, NAI__F32, 2, (int64_t[]){node->n, 3}, node->position));
  }
  return NAI_OK;
}

/* From where they are. */
static nai_status add_synapses(nai__tensor_list *list, const nai_synapses *s, const char *what,
                               int32_t dtype, const void *values)
{
  char name[NAI__TENSOR_NAME];
  nai__model_synapse_tensor(name, what, s->from, s->to);
  return nai__tensor_list_lend_rows(list, name, dtype, s->n_post, s->n_pre, values, s->stride);
}

static nai_status add_projection(nai__tensor_list *list, const nai_network *net,
                                 const nai__projection *p)
{
  nai_synapses s = nai__synapses(net, p, NULL, NULL);
  NAI__TRY(nai__synapse_list_add(list, net, p));
  NAI__TRY(add_synapses(list, &s, "weight", NAI__F32, s.weight));
  NAI__TRY(add_synapses(list, &s, "mask", NAI__U8, s.exists));
  return add_synapses(list, &s, "learns", NAI__U8, net->learns + p->at.start);
}

/* By kind, as a loaded network has them: so that it makes the same file again. */
static nai_status add_all(nai__tensor_list *list, const nai_network *net)
{
  for (int32_t kind = NAI_INPUTS; kind <= NAI_OUTPUTS; kind++)
    for (int64_t i = 0; i < net->n_nodes; i++)
      if (net->node[i].kind == kind) NAI__TRY(add_node(list, net, &net->node[i]));
  for (int64_t i = 0; i < net->n_projections; i++)
    NAI__TRY(add_projection(list, net, &net->projection[i]));
  return NAI_OK;
}

/* --- JSON ------------------------------------------------------------------------------------- */

/* A number that all units share; else the name of the tensor that has them. */
static void describe_number(nai__json_writer *w, const nai__node *node, int k)
{
  char name[NAI__TENSOR_NAME];
  nai__model_node_tensor(name, nai__number_name(k), node->name);
  if (is_shared(node, k))
    nai__json_add_real(w, nai__number_name(k), node->number[k][0]);
  else
    nai__json_add_text(w, nai__number_name(k), name);
}

static void describe_node(nai__json_writer *w, const nai__node *node)
{
  nai__json_open(w, NULL, '{');
  nai__json_add_text(w, "name", node->name);
  nai__json_add_whole(w, "n", node->n);
  if (node->sign || node->kind == NAI_POPULATIONS) nai__json_add_whole(w, "sign", node->sign);
  if (node->kind == NAI_POPULATIONS) {
    nai__json_add_text(w, "leak", nai__model_leak(node->leak));
    nai__json_add_text(w, "transfer", nai_transfer_name(node->transfer));
  }
  if (node->cells) describe_cells(w, node);
  for (int k = 0; k < NAI__NUMBERS; k++)
    if (is_stored(node, k)) describe_number(w, node, k);
  nai__json_close(w, '}');
}

static void describe_nodes(nai__json_writer *w, const char *key, const nai_network *net,
                           int32_t kind)
{
  nai__json_open(w, key, '[');
  for (int64_t i = 0; i < net->n_nodes; i++)
    if (net->node[i].kind == kind) describe_node(w, &net->node[i]);
  nai__json_close(w, ']');
}

/*
 * Those that act after each learning step are found again by name; of the others the name alone is
 * kept, in its place.
 */
static void describe_constraint(nai__json_writer *w, const nai_constraint *constraint)
{
  double value;
  nai__json_open(w, NULL, '{');
  nai__json_add_text(w, "name", nai__constraint_name(constraint));
  if (nai__constraint_projects(constraint)) {
    if (nai__constraint_builtin_value(constraint, &value))
      nai__json_add_real(w, "value", value);
    else
      nai__json_add_flag(w, "own", 1);
  }
  nai__json_close(w, '}');
}

/* Numbers that this kind of initial weights does not read may be anything. */
static double or_0(double value)
{
  return isfinite(value) ? value : 0;
}

static void describe_projection(nai__json_writer *w, const nai_network *net,
                                const nai__projection *p)
{
  nai__json_open(w, NULL, '{');
  nai__json_add_text(w, "from", net->node[p->from].name);
  nai__json_add_text(w, "to", net->node[p->to].name);
  if (p->source)
    nai__json_add_text(w, "signal", nai__end_name(&net->node[p->from], NAI__SOURCE, p->signal));
  if (p->target)
    nai__json_add_text(w, "port", nai__end_name(&net->node[p->to], NAI__TARGET, p->port));
  if (p->release >= 0) nai__json_add_whole(w, "short_term", p->release);
  nai__synapse_list_describe(w, net, p);
  nai__json_add_real(w, "delay", (double)p->delay * net->dt);
  nai__json_add_flag(w, "autapses", p->autapses);
  nai__json_add_flag(w, "plastic", p->plastic);
  nai__json_add_whole(w, "sign", p->sign);
  nai__json_open(w, "initial", '{');
  nai__json_add_text(w, "kind", nai__model_weights(p->weights));
  nai__json_add_real(w, "a", or_0(p->a));
  nai__json_add_real(w, "b", or_0(p->b));
  nai__json_close(w, '}');
  nai__json_open(w, "constraints", '[');
  for (int64_t c = 0; c < p->n_constraints; c++) describe_constraint(w, p->constraint[c]);
  nai__json_close(w, ']');
  nai__json_close(w, '}');
}

static void describe_units(nai__json_writer *w)
{
  static const char *const units[][2] = {
      {"dt", "ms"}, {"tau", "ms"}, {"delay", "ms"}, {"position", "mm"}};
  nai__json_open(w, "units", '{');
  for (int k = 0; k < 4; k++) nai__json_add_text(w, units[k][0], units[k][1]);
  nai__json_close(w, '}');
}

/* What a reader of the first format could not run, or would run without. */
static int needs_format_2(const nai_network *net)
{
  if (net->n_releases) return 1;
  for (int64_t i = 0; i < net->n_nodes; i++)
    if (net->node[i].cells || net->node[i].leak == NAI_LEAK_WHOLE) return 1;
  for (int64_t i = 0; i < net->n_projections; i++)
    if (net->projection[i].is_listed || net->block[net->projection[i].block].is_shared) return 1;
  return 0;
}

void nai__model_describe(nai__json_writer *w, const nai_network *net)
{
  char seed[32];
  snprintf(seed, sizeof seed, "%llu",
           (unsigned long long)net->seed); /* others' numbers end before ours */
  nai__json_add_whole(w, "format",
                      needs_format_2(net) ? NAI__MODEL_FORMAT_CELLS : NAI__MODEL_FORMAT);
  nai__json_add_text(w, "library", nai_version());
  describe_units(w);
  nai__json_add_real(w, "dt", net->dt);
  nai__json_add_text(w, "seed", seed);
  describe_nodes(w, "inputs", net, NAI_INPUTS);
  describe_nodes(w, "populations", net, NAI_POPULATIONS);
  describe_nodes(w, "outputs", net, NAI_OUTPUTS);
  nai__json_open(w, "projections", '[');
  for (int64_t i = 0; i < net->n_projections; i++) describe_projection(w, net, &net->projection[i]);
  nai__json_close(w, ']');
  nai__short_terms_describe(w, net);
}

/* --- saving ----------------------------------------------------------------------------------- */

nai_status nai__model_add(nai__tensor_list *list, const nai_network *net)
{
  NAI__TRY(add_all(list, net));
  return nai__short_terms_add(list, net);
}

nai_status nai__model_write(const nai__tensor_list *list, const nai__sink *to, nai__json_writer *w)
{
  NAI__TRY(nai__json_finish(w));
  return nai__tensor_list_write_to(list, to, NAI__MODEL_KEY, w->text);
}

nai_status nai__model_path(const char *path)
{
  NAI__REQUIRE(path);
  if (!path[0]) return nai__fail(NAI_ERR_INVALID, "path is empty");
  return NAI_OK;
}

nai_status nai__model_buffer(int64_t capacity, const int64_t *size)
{
  NAI__REQUIRE(size);
  if (capacity >= 0) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID, "capacity is %lld, must be at least 0", (long long)capacity);
}

static nai_status write_model(nai__tensor_list *list, nai__json_writer *w, const nai_network *net,
                              const nai__sink *to)
{
  nai__json_open(w, NULL, '{');
  nai__model_describe(w, net);
  nai__json_close(w, '}');
  NAI__TRY(w->status);
  NAI__TRY(nai__model_add(list, net));
  return nai__model_write(list, to, w);
}

static nai_status save(const nai_network *net, const nai__sink *to)
{
  nai__tensor_list list = {NULL, 0, 0};
  nai__json_writer w = {NULL, 0, 0, NAI_OK};
  nai_status status = write_model(&list, &w, net, to);
  nai__tensor_list_release(&list);
  nai__json_writer_release(&w);
  return status;
}

nai_status nai_network_save(const nai_network *net, const char *path)
{
  NAI__TRY(nai__require_built(net, "net"));
  NAI__TRY(nai__whole_check(net, "a model file"));
  NAI__TRY(nai__model_path(path));
  return save(net, &(nai__sink){.path = path});
}

nai_status nai_network_save_memory(void *buffer, int64_t capacity, int64_t *size,
                                   const nai_network *net)
{
  NAI__TRY(nai__model_buffer(capacity, size));
  NAI__TRY(nai__require_built(net, "net"));
  NAI__TRY(nai__whole_check(net, "a model file"));
  return save(net, &(nai__sink){NULL, buffer, capacity, size});
}
