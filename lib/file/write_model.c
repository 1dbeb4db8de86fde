/* Saving a network: its arrays as tensors, all else as JSON in the file's metadata. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../constraint/builtin.h"
#include "model.h"

/* --- tensors ---------------------------------------------------------------------------------- */

static nai_status add_number(nai__tensor_list *list, const nai_network *net, const nai__node *node,
                             int k)
{
  char name[NAI__TENSOR_NAME];
  void *values;
  nai__model_node_tensor(name, nai__number_name(k), node->name);
  NAI__TRY(nai__tensor_list_add(&values, list, name, NAI__F64, 1, &node->n));
  return nai_network_get_each(net, node->name, nai__number_name(k), values, node->n);
}

/* 1 for a number that units share, and that does not learn. */
static int is_shared(const nai__node *node, int k)
{
  const double *values = node->number[k], *learns = node->number[NAI__PLASTIC_INITIAL];
  for (int64_t i = 0; i < node->n; i++)
    if (values[i] != values[0] || (k == NAI__INITIAL && learns[i] != 0)) return 0;
  return 1;
}

/*
 * 1 when a node's number goes into the file; the bias does as a tensor of its own, for it may have
 * learnt.
 */
static int is_stored(const nai__node *node, int k)
{
  return node->number[k] && k != NAI__BIAS;
}

static nai_status add_node(nai__tensor_list *list, const nai_network *net, const nai__node *node)
{
  char name[NAI__TENSOR_NAME];
  void *values;
  for (int k = 0; k < NAI__NUMBERS; k++)
    if (is_stored(node, k) && !is_shared(node, k)) NAI__TRY(add_number(list, net, node, k));
  if (node->kind != NAI_INPUTS) {
    nai__model_node_tensor(name, "bias", node->name);
    NAI__TRY(nai__tensor_list_add(&values, list, name, NAI__F32, 1, &node->n));
    memcpy(values, net->theta + nai__bias_start(net, node), (size_t)node->n * sizeof(float));
  }
  if (node->position) {
    nai__model_node_tensor(name, "position", node->name);
    NAI__TRY(nai__tensor_list_add(&values, list, name, NAI__F32, 2, (int64_t[]){node->n, 3}));
    memcpy(values, node->position, (size_t)(3 * node->n) * sizeof(float));
  }
  return NAI_OK;
}

/* 1 where an array of 0 and 1, laid out as theta, is not 0. */
static nai_status add_flags(nai__tensor_list *list, const nai_synapses *s, const char *what,
                            const float *flags)
{
  char name[NAI__TENSOR_NAME];
  void *memory;
  nai__model_synapse_tensor(name, what, s->from, s->to);
  NAI__TRY(nai__tensor_list_add(&memory, list, name, NAI__U8, 2, (int64_t[]){s->n_post, s->n_pre}));
  uint8_t *values = memory;
  for (int64_t i = 0; i < s->n_post; i++)
    for (int64_t j = 0; j < s->n_pre; j++) values[i * s->n_pre + j] = flags[i * s->stride + j] != 0;
  return NAI_OK;
}

static nai_status add_projection(nai__tensor_list *list, const nai_network *net,
                                 const nai__projection *p)
{
  nai_synapses s = nai__synapses(net, p, NULL, NULL);
  char name[NAI__TENSOR_NAME];
  void *memory;
  nai__model_synapse_tensor(name, "weight", s.from, s.to);
  NAI__TRY(nai__tensor_list_add(&memory, list, name, NAI__F32, 2, (int64_t[]){s.n_post, s.n_pre}));
  float *values = memory;
  for (int64_t i = 0; i < s.n_post; i++)
    memcpy(values + i * s.n_pre, s.weight + i * s.stride, (size_t)s.n_pre * sizeof *values);
  NAI__TRY(add_flags(list, &s, "mask", s.exists));
  return add_flags(list, &s, "learns", net->learns + p->start);
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

/* --- JSON: each of these gives NULL without memory -------------------------------------------- */

static json_t *finish(json_t *value, int bad)
{
  if (!bad) return value;
  json_decref(value);
  return NULL;
}

/* A number that all units share; else the name of the tensor that has them. */
static json_t *describe_number(const nai__node *node, int k)
{
  char name[NAI__TENSOR_NAME];
  if (is_shared(node, k)) return json_real(node->number[k][0]);
  nai__model_node_tensor(name, nai__number_name(k), node->name);
  return json_string(name);
}

static json_t *describe_node(const nai__node *node)
{
  json_t *json = json_pack("{s:s, s:I}", "name", node->name, "n", (json_int_t)node->n);
  int bad = !json;
  if (node->kind == NAI_POPULATIONS) {
    bad |= json_object_set_new(json, "sign", json_integer(node->sign));
    bad |= json_object_set_new(json, "leak", json_string(nai__model_leak(node->leak)));
    bad |= json_object_set_new(json, "transfer", json_string(nai__model_transfer(node->transfer)));
  }
  for (int k = 0; k < NAI__NUMBERS; k++)
    if (is_stored(node, k))
      bad |= json_object_set_new(json, nai__number_name(k), describe_number(node, k));
  return finish(json, bad);
}

static json_t *describe_nodes(const nai_network *net, int32_t kind)
{
  json_t *json = json_array();
  int bad = !json;
  for (int64_t i = 0; i < net->n_nodes; i++)
    if (net->node[i].kind == kind) bad |= json_array_append_new(json, describe_node(&net->node[i]));
  return finish(json, bad);
}

/*
 * Those that act after each learning step are found again by name; of the others the name alone is
 * kept, in its place.
 */
static json_t *describe_constraint(const nai_constraint *constraint)
{
  double value;
  const char *name = nai__constraint_name(constraint);
  if (!nai__constraint_projects(constraint)) return json_pack("{s:s}", "name", name);
  if (nai__constraint_builtin_value(constraint, &value))
    return json_pack("{s:s, s:f}", "name", name, "value", value);
  return json_pack("{s:s, s:b}", "name", name, "own", 1);
}

/* Numbers that this kind of initial weights does not read may be anything. */
static double or_0(double value)
{
  return isfinite(value) ? value : 0;
}

static json_t *describe_projection(const nai_network *net, const nai__projection *p)
{
  json_t *constraints = json_array();
  int bad = !constraints;
  for (int64_t c = 0; c < p->n_constraints; c++)
    bad |= json_array_append_new(constraints, describe_constraint(p->constraint[c]));
  json_t *json = bad ? NULL
                     : json_pack("{s:s, s:s, s:f, s:b, s:b, s:i, s:{s:s, s:f, s:f}, s:O}", "from",
                                 net->node[p->from].name, "to", net->node[p->to].name, "delay",
                                 (double)p->delay * net->dt, "autapses", (int)p->autapses,
                                 "plastic", (int)p->plastic, "sign", (int)p->sign, "initial",
                                 "kind", nai__model_initial(p->initial), "a", or_0(p->a), "b",
                                 or_0(p->b), "constraints", constraints);
  json_decref(constraints);
  return json;
}

static json_t *describe_projections(const nai_network *net)
{
  json_t *json = json_array();
  int bad = !json;
  for (int64_t i = 0; i < net->n_projections; i++)
    bad |= json_array_append_new(json, describe_projection(net, &net->projection[i]));
  return finish(json, bad);
}

json_t *nai__model_describe(const nai_network *net)
{
  char seed[32];
  snprintf(seed, sizeof seed, "%llu",
           (unsigned long long)net->seed); /* JSON's numbers end before ours */
  json_t *json = json_pack("{s:i, s:s, s:{s:s, s:s, s:s, s:s}, s:f, s:s}", "format",
                           NAI__MODEL_FORMAT, "library", nai_version(), "units", "dt", "ms", "tau",
                           "ms", "delay", "ms", "position", "mm", "dt", net->dt, "seed", seed);
  int bad = !json;
  bad |= json_object_set_new(json, "inputs", describe_nodes(net, NAI_INPUTS));
  bad |= json_object_set_new(json, "populations", describe_nodes(net, NAI_POPULATIONS));
  bad |= json_object_set_new(json, "outputs", describe_nodes(net, NAI_OUTPUTS));
  bad |= json_object_set_new(json, "projections", describe_projections(net));
  return finish(json, bad);
}

/* --- saving ----------------------------------------------------------------------------------- */

/* JSON is UTF-8, and users name their constraints as they like. */
static nai_status check_constraints(const nai_network *net)
{
  for (int64_t i = 0; i < net->n_projections; i++)
    for (int64_t c = 0; c < net->projection[i].n_constraints; c++) {
      json_t *name = json_string(nai__constraint_name(net->projection[i].constraint[c]));
      if (!name)
        return nai__fail(NAI_ERR_NAME, "a constraint from '%s' has a name that is not UTF-8",
                         net->node[net->projection[i].from].name);
      json_decref(name);
    }
  return NAI_OK;
}

nai_status nai__model_add(nai__tensor_list *list, const nai_network *net)
{
  NAI__TRY(check_constraints(net));
  return add_all(list, net);
}

nai_status nai__model_write(const nai__tensor_list *list, const char *path, json_t *json)
{
  size_t bytes;
  char *note = json ? nai__json_print(&bytes, json) : NULL;
  nai_status status = note ? nai__tensor_list_write(list, path, NAI__MODEL_KEY, note)
                           : nai__fail(NAI_ERR_MEMORY, "no memory to describe the network");
  nai__free(note);
  json_decref(json);
  return status;
}

nai_status nai__model_path(const char *path)
{
  NAI__REQUIRE(path);
  if (!path[0]) return nai__fail(NAI_ERR_INVALID, "path is empty");
  return NAI_OK;
}

nai_status nai_network_save(const nai_network *net, const char *path)
{
  NAI__TRY(nai__require_built(net, "net"));
  NAI__TRY(nai__model_path(path));
  nai__tensor_list list = {NULL, 0, 0};
  nai_status status = nai__model_add(&list, net);
  if (status == NAI_OK) status = nai__model_write(&list, path, nai__model_describe(net));
  nai__tensor_list_release(&list);
  return status;
}
