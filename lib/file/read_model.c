/*
 * Loading a network. First everything that the file says of sizes is held against the tensors that
 * are there, so that memory is only asked for what the file has; then the network is composed by
 * the same calls as a user's, which check every number; then the arrays are put in place, each
 * value checked. Any failure gives the whole of it up.
 */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/names.h"
#include "../base/structs.h"
#include "../constraint/builtin.h"
#include "../network/ends.h"
#include "json.h"
#include "model.h"
#include "short_terms.h"
#include "synapse_lists.h"

/* Units of a node, and its place among all nodes: they are added in the order of the file. */
typedef struct named {
  const char *name;
  int64_t n, node;
} named;

typedef struct loader {
  nai__tensors file;
  nai__json_document model;
  named *sizes; /* [n_sizes] units of each node, in the order of the names */
  int64_t n_sizes;
  nai_network *net;
  nai__short_terms short_terms;
  nai_load_options given;
} loader;

/* Kinds of nodes, as the file calls them. */
static const char *const kind_names[] = {
    [NAI_INPUTS] = "inputs", [NAI_POPULATIONS] = "populations", [NAI_OUTPUTS] = "outputs"};

/* What has been found in order before: it is there and fits. */
static void sure(nai_status status)
{
  assert(status == NAI_OK);
  (void)status;
}

/* What composing a network says of wrong numbers and names is the file's fault here. */
static nai_status as_format(nai_status status)
{
  if (status == NAI_OK || status == NAI_ERR_MEMORY) return status;
  return nai__fail(NAI_ERR_FORMAT, "%s", nai_last_error());
}

static nai_status read_word(int32_t *out, const nai__json *object, const char *key,
                            const char *(*word)(int32_t))
{
  const char *text;
  NAI__TRY(nai__json_text(&text, object, key));
  *out = nai__model_find(word, text);
  return *out >= 0 ? NAI_OK
                   : nai__fail(NAI_ERR_FORMAT, "'%s' is '%.60s', which is unknown", key, text);
}

/* --- sizes: what is said against what is there ------------------------------------------------ */

/* What a node has beside its numbers. */
static int is_word(const char *key, int32_t kind)
{
  static const char *const words[] = {"name", "n", "sign", "leak", "transfer"};
  static const int count[] = {[NAI_INPUTS] = 3, [NAI_POPULATIONS] = 5, [NAI_OUTPUTS] = 2};
  for (int k = 0; k < count[kind]; k++)
    if (strcmp(words[k], key) == 0) return 1;
  return 0;
}

/* Parameters of a model have checks of their own, when the model is known. */
static nai_status check_cell_keys(const nai__json *json, const nai_model *model, const char *node)
{
  for (const nai__json *e = nai__json_first(json); e; e = e->next) {
    if (is_word(e->key, NAI_POPULATIONS) || strcmp(e->key, "model") == 0 ||
        strcmp(e->key, "own") == 0 || strcmp(e->key, "sizes") == 0 ||
        nai__field_find(model, NAI_MODEL_PARAMETERS, e->key) >= 0)
      continue;
    int first, n, k = 0;
    const nai__parameter *table = nai__numbers_of(NAI_POPULATIONS, &first, &n);
    while (k < n && strcmp(table[k].name, e->key) != 0) k++;
    if (k == n || !nai__number_is_every_model(first + k))
      return nai__fail(NAI_ERR_FORMAT, "'%s', of model '%s', has no parameter '%.60s'", node,
                       model->ops.name, e->key);
  }
  return NAI_OK;
}

/* Files say which models are the user's own: those there were when they were written. */
static int is_own(const nai__json *json)
{
  const nai__json *own = nai__json_get(json, "own");
  return own && own->kind == NAI__JSON_TRUE;
}

static nai_model *find_own_model(const loader *l, const char *name)
{
  for (int64_t i = 0; i < l->given.n_models; i++)
    if (strcmp(l->given.models[i]->ops.name, name) == 0) return l->given.models[i];
  return NULL;
}

/* The model of a population. */
static nai_status find_model(const nai_model **out, const loader *l, const nai__json *json)
{
  const char *name;
  NAI__TRY(nai__json_text(&name, json, "model"));
  *out = is_own(json) ? find_own_model(l, name) : nai__model_named(name);
  if (*out) return NAI_OK;
  return is_own(json)
             ? nai__fail(NAI_ERR_NAME, "it needs the user's own model '%.80s', which was not given",
                         name)
             : as_format(NAI_ERR_NAME);
}

/* A number that this library has not may change what the network does. */
static nai_status check_keys(const loader *l, const nai__json *json, int32_t kind, const char *node)
{
  if (kind == NAI_POPULATIONS && nai__json_get(json, "model")) {
    const nai_model *model;
    NAI__TRY(find_model(&model, l, json));
    return check_cell_keys(json, model, node);
  }
  char owner[96];
  int first, n;
  const nai__parameter *table = nai__numbers_of(kind, &first, &n);
  snprintf(owner, sizeof owner, "'%s'", node);
  for (const nai__json *e = nai__json_first(json); e; e = e->next) {
    if (is_word(e->key, kind)) continue;
    int k = nai__parameter_find(table, n, e->key, owner);
    if (k < 0) return as_format(NAI_ERR_NAME);
    if (nai__number_is_bias(first + k))
      return nai__fail(NAI_ERR_FORMAT, "'bias' of '%s' must be a tensor", node);
  }
  return NAI_OK;
}

/* Numbers that differ between units are a tensor, of the right name. */
static nai_status check_numbers(const loader *l, const nai__json *json, int32_t kind,
                                const char *node, int64_t n)
{
  char name[NAI__TENSOR_NAME];
  nai__tensor tensor;
  int first, numbers;
  nai__numbers_of(kind, &first, &numbers);
  for (int k = first; k < first + numbers; k++) {
    const char *text = nai__json_string(nai__json_get(json, nai__number_name(k)));
    if (!text) continue;
    nai__model_node_tensor(name, nai__number_name(k), node);
    if (strcmp(text, name) != 0)
      return nai__fail(NAI_ERR_FORMAT, "%s of '%s' is '%.60s', must be a number or '%s'",
                       nai__number_name(k), node, text, name);
    NAI__TRY(nai__tensors_expect(&tensor, &l->file, name, NAI__F64, 1, &n));
  }
  return NAI_OK;
}

static nai_status check_node(loader *l, const nai__json *json, int32_t kind)
{
  const char *node;
  char name[NAI__TENSOR_NAME];
  int64_t n;
  nai__tensor tensor;
  NAI__TRY(nai__json_text(&node, json, "name"));
  NAI__TRY(as_format(nai__name_check(node, "name")));
  NAI__TRY(nai__json_whole(&n, json, "n", 1, INT32_MAX));
  NAI__TRY(check_keys(l, json, kind, node));
  NAI__TRY(check_numbers(l, json, kind, node, n));
  if (kind != NAI_INPUTS) {
    nai__model_node_tensor(name, "bias", node);
    NAI__TRY(nai__tensors_expect(&tensor, &l->file, name, NAI__F32, 1, &n));
  }
  nai__model_node_tensor(name, "position", node);
  if (kind == NAI_POPULATIONS && nai__tensors_have(&l->file, name))
    NAI__TRY(nai__tensors_expect(&tensor, &l->file, name, NAI__F32, 2, (int64_t[]){n, 3}));
  l->sizes[l->n_sizes] = (named){node, n, l->n_sizes};
  l->n_sizes++;
  return NAI_OK;
}

static int compare_names(const void *a, const void *b)
{
  return strcmp(((const named *)a)->name, ((const named *)b)->name);
}

static nai_status read_end(const named **out, const loader *l, const nai__json *json,
                           const char *key)
{
  named wanted = {NULL, 0, 0};
  NAI__TRY(nai__json_text(&wanted.name, json, key));
  *out = bsearch(&wanted, l->sizes, (size_t)l->n_sizes, sizeof wanted, compare_names);
  return *out ? NAI_OK
              : nai__fail(NAI_ERR_FORMAT, "a projection names '%.60s', which is not there",
                          wanted.name);
}

/* The arrays of a projection. */
static nai_status check_arrays(const loader *l, const nai__json *json, const char *from,
                               const char *to, int64_t n_post, int64_t n_pre)
{
  static const struct {
    const char *what;
    int32_t dtype;
  } arrays[] = {{"weight", NAI__F32}, {"mask", NAI__U8}, {"learns", NAI__U8}};
  int64_t shape[] = {n_post, n_pre};
  nai__listed said;
  char name[NAI__TENSOR_NAME];
  nai__tensor tensor;
  NAI__TRY(nai__synapse_list_said(&said, json));
  if (said.is_listed) NAI__TRY(nai__synapse_list_shape(shape, &l->file, &said, from, to, n_post));
  for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++) {
    nai__model_synapse_tensor(name, arrays[k].what, from, to);
    NAI__TRY(nai__tensors_expect(&tensor, &l->file, name, arrays[k].dtype, 2, shape));
  }
  return NAI_OK;
}

static nai_status check_projection(const loader *l, const nai__json *json)
{
  const named *from, *to;
  NAI__TRY(read_end(&from, l, json, "from"));
  NAI__TRY(read_end(&to, l, json, "to"));
  if (nai__json_get(json, "port") || nai__json_get(json, "signal")) return NAI_OK; /* later */
  return check_arrays(l, json, from->name, to->name, to->n, from->n);
}

static nai_status check_nodes(loader *l)
{
  const nai__json *list;
  int64_t n = 0;
  for (int32_t kind = NAI_INPUTS; kind <= NAI_OUTPUTS; kind++) {
    NAI__TRY(nai__json_list(&list, l->model.root, kind_names[kind]));
    n += list->n;
  }
  l->sizes = NAI__ARRAY(named, n);
  if (!l->sizes) return NAI_ERR_MEMORY;
  for (int32_t kind = NAI_INPUTS; kind <= NAI_OUTPUTS; kind++)
    for (const nai__json *e = nai__json_first(nai__json_get(l->model.root, kind_names[kind])); e;
         e = e->next)
      NAI__TRY(check_node(l, e, kind));
  qsort(l->sizes, (size_t)l->n_sizes, sizeof *l->sizes, compare_names);
  for (int64_t i = 1; i < l->n_sizes; i++)
    if (compare_names(&l->sizes[i - 1], &l->sizes[i]) == 0)
      return nai__fail(NAI_ERR_FORMAT, "'%s' is there twice", l->sizes[i].name);
  return NAI_OK;
}

static nai_status check_sizes(loader *l)
{
  const nai__json *list;
  NAI__TRY(check_nodes(l));
  NAI__TRY(nai__json_list(&list, l->model.root, "projections"));
  for (const nai__json *e = nai__json_first(list); e; e = e->next) NAI__TRY(check_projection(l, e));
  return NAI_OK;
}

/* --- nodes ------------------------------------------------------------------------------------ */

/*
 * The elements in memory of their own, aligned; freed by the caller. Checked for type and shape
 * already.
 */
static nai_status copy_tensor(void **out, const loader *l, const char *name, size_t size)
{
  nai__tensor tensor;
  sure(nai__tensors_find(&tensor, &l->file, name));
  *out = nai__alloc(tensor.count, size);
  if (!*out) return NAI_ERR_MEMORY;
  nai_status status = nai__tensors_read(*out, &l->file, &tensor, 0, tensor.count);
  if (status != NAI_OK) nai__free(*out);
  return status;
}

/* A number that the file has not is of a later library than the file's: it keeps its default. */
static nai_status set_number(loader *l, const nai__json *json, const char *node, int64_t n, int k)
{
  const char *parameter = nai__number_name(k);
  if (!nai__json_get(json, parameter)) return NAI_OK;
  const char *tensor = nai__json_string(nai__json_get(json, parameter));
  if (!tensor) {
    double value = 0;
    NAI__TRY(nai__json_real(&value, json, parameter));
    return as_format(nai_network_set(l->net, node, parameter, value));
  }
  void *values;
  NAI__TRY(copy_tensor(&values, l, tensor, sizeof(double)));
  nai_status status = as_format(nai_network_set_each(l->net, node, parameter, values, n));
  nai__free(values);
  return status;
}

static nai_status set_position(loader *l, const char *node, int64_t n)
{
  char name[NAI__TENSOR_NAME];
  nai__model_node_tensor(name, "position", node);
  if (!nai__tensors_have(&l->file, name)) return NAI_OK;
  void *values;
  NAI__TRY(copy_tensor(&values, l, name, sizeof(float)));
  nai_status status = as_format(nai_network_set_positions(l->net, node, values, n));
  nai__free(values);
  return status;
}

static nai_status set_parameter(loader *l, const nai__json *json, const nai__node *node, int32_t k)
{
  const nai_field *field = nai__field_at(node->cells->model->ops.parameters, k);
  const char *text = nai__json_string(nai__json_get(json, field->name));
  int64_t n = node->n * nai__cells_copies(node->cells, field);
  char name[NAI__TENSOR_NAME];
  nai__tensor tensor;
  if (!nai__json_get(json, field->name) || !node->cells->own[k]) return NAI_OK;
  if (!text) {
    double value = 0;
    NAI__TRY(nai__json_real(&value, json, field->name));
    return as_format(nai_network_set(l->net, node->name, field->name, value));
  }
  nai__model_node_tensor(name, field->name, node->name);
  if (strcmp(text, name) != 0)
    return nai__fail(NAI_ERR_FORMAT, "%s of '%s' is '%.60s', must be a number or '%s'", field->name,
                     node->name, text, name);
  NAI__TRY(nai__tensors_expect(&tensor, &l->file, name, NAI__F64, 1, &n));
  void *values;
  NAI__TRY(copy_tensor(&values, l, name, sizeof(double)));
  nai_status status = as_format(nai_network_set_each(l->net, node->name, field->name, values, n));
  nai__free(values);
  return status;
}

/* An absent size or parameter is its default. */
static nai_status set_cells(loader *l, const nai__json *json, const char *name)
{
  const nai_model *model;
  if (!nai__json_get(json, "model")) return NAI_OK;
  NAI__TRY(find_model(&model, l, json));
  NAI__TRY(model->own ? nai_network_use_model(l->net, name, find_own_model(l, model->ops.name))
                      : nai_network_set_model(l->net, name, model->ops.name));
  const nai__node *node = &l->net->node[l->net->n_nodes - 1];
  const nai__json *sizes = nai__json_get(json, "sizes");
  for (const nai__json *e = sizes ? nai__json_first(sizes) : NULL; e; e = e->next) {
    int64_t n = 0;
    NAI__TRY(nai__json_whole(&n, sizes, e->key, 0, INT32_MAX));
    NAI__TRY(as_format(nai_network_set_model_size(l->net, name, e->key, n)));
  }
  for (int32_t k = 0; node->cells && k < node->cells->model->ops.n_parameters; k++)
    NAI__TRY(set_parameter(l, json, node, k));
  return NAI_OK;
}

static nai_status add_population(loader *l, const nai__json *json, const char *name, int64_t n)
{
  int64_t sign;
  int32_t leak, transfer;
  NAI__TRY(nai__json_whole(&sign, json, "sign", -1, 1));
  NAI__TRY(read_word(&leak, json, "leak", nai__model_leak));
  NAI__TRY(read_word(&transfer, json, "transfer", nai_transfer_name));
  NAI__TRY(as_format(nai_network_add_population(l->net, name, n, (int32_t)sign)));
  sure(nai_network_set_leak(l->net, name, leak));
  sure(nai_network_set_transfer(l->net, name, transfer));
  NAI__TRY(set_cells(l, json, name));
  return set_position(l, name, n);
}

/* Inputs without one are free, as all were before they could have a sign. */
static nai_status add_input(loader *l, const nai__json *json, const char *name, int64_t n)
{
  int64_t sign = NAI_FREE;
  if (nai__json_get(json, "sign")) NAI__TRY(nai__json_whole(&sign, json, "sign", -1, 1));
  NAI__TRY(as_format(nai_network_add_input(l->net, name, n)));
  return as_format(nai_network_set_sign(l->net, name, (int32_t)sign));
}

static nai_status add_node(loader *l, const nai__json *json, int32_t kind)
{
  const char *name;
  int64_t n;
  sure(nai__json_text(&name, json, "name"));
  sure(nai__json_whole(&n, json, "n", 1, INT32_MAX));
  if (kind == NAI_INPUTS) NAI__TRY(add_input(l, json, name, n));
  if (kind == NAI_POPULATIONS) NAI__TRY(add_population(l, json, name, n));
  if (kind == NAI_OUTPUTS) NAI__TRY(as_format(nai_network_add_output(l->net, name, n)));
  const nai__node *node = &l->net->node[l->net->n_nodes - 1];
  for (int k = 0; k < NAI__NUMBERS; k++)
    if (node->number[k] && !nai__number_is_bias(k) && nai__number_applies(node, k))
      NAI__TRY(set_number(l, json, name, n, k));
  return NAI_OK;
}

/* --- projections ------------------------------------------------------------------------------ */

static nai_constraint *find_own(const loader *l, const char *name)
{
  for (int64_t i = 0; i < l->given.n_constraints; i++)
    if (strcmp(nai__constraint_name(l->given.constraints[i]), name) == 0)
      return l->given.constraints[i];
  return NULL;
}

/*
 * A new reference to what the file calls so. Constraints that only chose synapses and signs have
 * done their work: their name keeps their place, for the seeds of those after them.
 */
static nai_status make_constraint(nai_constraint **out, const loader *l, const nai__json *json)
{
  const char *name;
  NAI__TRY(nai__json_text(&name, json, "name"));
  double value;
  if (nai__json_number(&value, nai__json_get(json, "value")))
    return as_format(nai__constraint_builtin_create(out, name, value));
  *out = find_own(l, name);
  if (*out) {
    nai__constraint_keep(*out);
    return NAI_OK;
  }
  if (is_own(json))
    return nai__fail(NAI_ERR_NAME,
                     "it needs the user's own constraint '%.80s', which was not given", name);
  nai_constraint_ops ops = {.struct_size = sizeof ops, .name = name};
  return as_format(nai_constraint_create(out, &ops, NULL));
}

static nai_status add_constraints(const loader *l, nai__projection *p, const nai__json *json)
{
  const nai__json *list;
  NAI__TRY(nai__json_list(&list, json, "constraints"));
  for (const nai__json *entry = nai__json_first(list); entry; entry = entry->next) {
    nai_constraint *constraint;
    NAI__TRY(make_constraint(&constraint, l, entry));
    nai_status status = as_format(nai__projection_constrain(p, constraint));
    nai_constraint_destroy(constraint);
    if (status != NAI_OK) return status;
  }
  return NAI_OK;
}

/* How its weights started is told, and no longer used. */
static nai_status read_initial(nai__projection *p, const nai__json *json)
{
  const nai__json *initial = nai__json_get(json, "initial");
  NAI__TRY(read_word(&p->weights, initial, "kind", nai__model_weights));
  NAI__TRY(nai__json_real(&p->a, initial, "a"));
  return nai__json_real(&p->b, initial, "b");
}

/* The end of a node that is called so, or its first one. */
static nai_status read_part(int32_t *end, const nai__json *json, const nai__node *node, int side)
{
  const char *key = side == NAI__SOURCE ? "signal" : "port", *part;
  *end = 0;
  if (!nai__json_get(json, key)) return NAI_OK;
  NAI__TRY(nai__json_text(&part, json, key));
  for (*end = 0; *end < nai__ends_of(node, side); ++*end)
    if (strcmp(nai__end_name(node, side, *end), part) == 0) return NAI_OK;
  return nai__fail(NAI_ERR_FORMAT, "'%s' has no %s '%.60s'", node->name, key, part);
}

/* Of a projection between ports: its arrays, now that their sizes are known. */
static nai_status check_part(const loader *l, const nai__projection *p, const nai__json *json)
{
  return check_arrays(l, json, nai__source_name(l->net, p), nai__target_name(l->net, p),
                      nai__end_width(&l->net->node[p->to], NAI__TARGET, p->port),
                      l->net->node[p->from].n);
}

static nai_status add_projection(loader *l, const nai__json *json)
{
  const named *from, *to;
  int64_t sign;
  int32_t signal, port;
  sure(read_end(&from, l, json, "from"));
  sure(read_end(&to, l, json, "to"));
  NAI__TRY(read_part(&signal, json, &l->net->node[from->node], NAI__SOURCE));
  NAI__TRY(read_part(&port, json, &l->net->node[to->node], NAI__TARGET));
  NAI__TRY(as_format(nai__connect(l->net, from->node, signal, to->node, port)));
  nai__projection *p = &l->net->projection[l->net->n_projections - 1];
  nai__listed said;
  NAI__TRY(check_part(l, p, json));
  sure(nai__synapse_list_said(&said, json));
  nai__synapse_list_give(p, &said);
  NAI__TRY(nai__short_terms_give(&l->short_terms, l->net, p, json));
  NAI__TRY(nai__json_real(&p->delay_ms, json, "delay"));
  NAI__TRY(as_format(nai__delay_check(l->net, p->delay_ms)));
  NAI__TRY(nai__json_flag(&p->autapses, json, "autapses"));
  NAI__TRY(nai__json_flag(&p->plastic, json, "plastic"));
  NAI__TRY(nai__json_whole(&sign, json, "sign", -1, 1));
  p->sign = (int32_t)sign;
  NAI__TRY(read_initial(p, json));
  return add_constraints(l, p, json);
}

/* --- composing -------------------------------------------------------------------------------- */

static nai_status read_seed(uint64_t *out, const nai__json *model)
{
  const char *text;
  NAI__TRY(nai__json_text(&text, model, "seed"));
  return nai__model_number(out, text)
             ? NAI_OK
             : nai__fail(NAI_ERR_FORMAT, "'seed' is '%.40s', must be a number of 64 bits", text);
}

static nai_status compose(loader *l)
{
  const nai__json *list;
  double dt = 0;
  NAI__TRY(nai__json_real(&dt, l->model.root, "dt"));
  NAI__TRY(as_format(nai_network_create(&l->net, dt)));
  NAI__TRY(nai_network_set_memory_limit(l->net, l->given.memory_limit));
  for (int32_t kind = NAI_INPUTS; kind <= NAI_OUTPUTS; kind++) {
    sure(nai__json_list(&list, l->model.root, kind_names[kind]));
    for (const nai__json *e = nai__json_first(list); e; e = e->next) NAI__TRY(add_node(l, e, kind));
  }
  NAI__TRY(nai__short_terms_read(&l->short_terms, l->model.root, &l->file));
  sure(nai__json_list(&list, l->model.root, "projections"));
  for (const nai__json *e = nai__json_first(list); e; e = e->next) NAI__TRY(add_projection(l, e));
  NAI__TRY(read_seed(&l->net->seed, l->model.root));
  return NAI_OK;
}

/* --- arrays ----------------------------------------------------------------------------------- */

static nai_status fail_flag(const char *name, int64_t i, int64_t j, int value)
{
  return nai__fail(NAI_ERR_FORMAT, "tensor '%s' [%lld][%lld] is %d, must be 0 or 1", name,
                   (long long)i, (long long)j, value);
}

/* Flags are 0 or 1; they are bytes in the file. */
static nai_status fill_flags(uint8_t *flags, const loader *l, const nai_synapses *s,
                             const char *what)
{
  char name[NAI__TENSOR_NAME];
  nai__tensor tensor;
  nai__model_synapse_tensor(name, what, s->from, s->to);
  sure(nai__tensors_find(&tensor, &l->file, name));
  for (int64_t i = 0; i < s->n_post; i++) {
    uint8_t *row = flags + i * s->stride;
    NAI__TRY(nai__tensors_read(row, &l->file, &tensor, i * s->n_pre, s->n_pre));
    for (int64_t j = 0; j < s->n_pre; j++)
      if (row[j] > 1) return fail_flag(name, i, j, row[j]);
  }
  return NAI_OK;
}

static nai_status check_synapse(const nai_synapses *s, const uint8_t *learns, int64_t i, int64_t j)
{
  int64_t k = i * s->stride + j;
  float w = s->weight[k];
  const char *must = NULL;
  if (!isfinite(w))
    must = "finite";
  else if (w != 0 && s->exists[k] == 0)
    must = "0, for there is no synapse";
  else if (w * (float)s->sign < 0)
    must = s->sign > 0 ? "at least 0" : "at most 0";
  if (must)
    return nai__fail(NAI_ERR_FORMAT, "tensor 'weight: %s -> %s' [%lld][%lld] is %g, must be %s",
                     s->from, s->to, (long long)i, (long long)j, (double)w, must);
  if (learns[k] != 0 && s->exists[k] == 0)
    return nai__fail(NAI_ERR_FORMAT,
                     "tensor 'learns: %s -> %s' [%lld][%lld] is 1, but there is no synapse",
                     s->from, s->to, (long long)i, (long long)j);
  return NAI_OK;
}

nai_status nai__model_fill_weights(float *theta, const nai__tensors *file, const nai_network *net,
                                   const nai__projection *p)
{
  nai_synapses s = nai__synapses(net, p, NULL, NULL);
  char name[NAI__TENSOR_NAME];
  nai__tensor tensor;
  s.weight = theta + p->at.start;
  nai__model_synapse_tensor(name, "weight", s.from, s.to);
  sure(nai__tensors_find(&tensor, file, name));
  for (int64_t i = 0; i < s.n_post; i++)
    NAI__TRY(nai__tensors_read(s.weight + i * s.stride, file, &tensor, i * s.n_pre, s.n_pre));
  for (int64_t i = 0; i < s.n_post; i++)
    for (int64_t j = 0; j < s.n_pre; j++)
      NAI__TRY(check_synapse(&s, net->learns + p->at.start, i, j));
  return NAI_OK;
}

nai_status nai__model_fill_bias(float *theta, const nai__tensors *file, const nai_network *net,
                                const nai__node *node)
{
  char name[NAI__TENSOR_NAME];
  nai__tensor tensor;
  nai__model_node_tensor(name, "bias", node->name);
  sure(nai__tensors_find(&tensor, file, name));
  float *bias = theta + nai__bias_start(net, node);
  NAI__TRY(nai__tensors_read(bias, file, &tensor, 0, node->n));
  for (int64_t u = 0; u < node->n; u++)
    if (!isfinite(bias[u]))
      return nai__fail(NAI_ERR_FORMAT, "tensor '%s' [%lld] is %g, must be finite", name,
                       (long long)u, (double)bias[u]);
  return NAI_OK;
}

static nai_status fill_projection(const loader *l, const nai__projection *p)
{
  nai_synapses s = nai__synapses(l->net, p, NULL, NULL);
  NAI__TRY(fill_flags(s.exists, l, &s, "mask"));
  NAI__TRY(fill_flags(l->net->learns + p->at.start, l, &s, "learns"));
  return nai__model_fill_weights(l->net->theta, &l->file, l->net, p);
}

static nai_status fill(loader *l)
{
  nai_network *net = l->net;
  NAI__TRY(as_format(nai__layout_plan(net)));
  NAI__TRY(nai__synapse_lists_read(net, &l->file));
  NAI__TRY(as_format(nai__layout(net, 0)));
  for (int64_t i = 0; i < net->n_nodes; i++)
    if (net->node[i].kind != NAI_INPUTS)
      NAI__TRY(nai__model_fill_bias(net->theta, &l->file, net, &net->node[i]));
  for (int64_t i = 0; i < net->n_projections; i++)
    NAI__TRY(fill_projection(l, &net->projection[i]));
  return nai__assembled(net);
}

/* --- loading ---------------------------------------------------------------------------------- */

nai_status nai__model_parse(nai__json_document *out, const nai__tensors *file)
{
  int64_t format;
  const char *note = nai__tensors_note(file, NAI__MODEL_KEY);
  if (!note)
    return nai__fail(NAI_ERR_FORMAT, "its metadata has no text '" NAI__MODEL_KEY
                                     "': it is no model file of libneuroai");
  NAI__TRY(nai__json_parse(out, note, strlen(note), "the description of the network"));
  return nai__json_whole(&format, out->root, "format", 1, NAI__MODEL_FORMAT_CELLS);
}

static nai_status load(loader *l, const nai__source *from)
{
  NAI__TRY(nai__tensors_open_from(&l->file, from));
  NAI__TRY(nai__model_parse(&l->model, &l->file));
  NAI__TRY(check_sizes(l));
  NAI__TRY(compose(l));
  return fill(l);
}

static nai_status check_constraints(nai_constraint *const *constraints, int64_t n)
{
  if (n < 0)
    return nai__fail(NAI_ERR_INVALID, "n_constraints is %lld, must be at least 0", (long long)n);
  if (n > 0) NAI__REQUIRE(constraints);
  for (int64_t i = 0; i < n; i++)
    if (!constraints[i])
      return nai__fail(NAI_ERR_INVALID, "constraints[%lld] is NULL", (long long)i);
  return NAI_OK;
}

static nai_status check_models(nai_model *const *models, int64_t n)
{
  if (n < 0)
    return nai__fail(NAI_ERR_INVALID, "n_models is %lld, must be at least 0", (long long)n);
  if (n > 0) NAI__REQUIRE(models);
  for (int64_t i = 0; i < n; i++)
    if (!models[i]) return nai__fail(NAI_ERR_INVALID, "models[%lld] is NULL", (long long)i);
  return NAI_OK;
}

nai_status nai__model_bytes(const void *bytes, int64_t size)
{
  NAI__REQUIRE(bytes);
  if (size >= 0) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID, "size is %lld, must be at least 0", (long long)size);
}

void nai__model_blame(nai_status status, const char *kind, const nai__source *from)
{
  const size_t length = from->path ? strlen(from->path) : 0;
  if (!from->path)
    nai__fail(status, "%s in memory: %s", kind, nai_last_error());
  else
    nai__fail(status, "%s '%s': %s", kind, from->path + (length > 60 ? length - 60 : 0),
              nai_last_error());
}

/* What is asked of a load, besides where from. */
static nai_status take_options(nai_load_options *out, const nai_load_options *options)
{
  const nai_load_options standard = NAI_LOAD_OPTIONS_INIT;
  NAI__TRY(nai__struct_take(out, sizeof *out, options ? options : &standard,
                            NAI__FIRST_SIZE(nai_load_options, memory_limit), "options"));
  NAI__TRY(nai__struct_reserved(out->reserved, "options"));
  NAI__TRY(check_constraints(out->constraints, out->n_constraints));
  NAI__TRY(check_models(out->models, out->n_models));
  if (out->memory_limit >= 0) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID, "memory_limit is %lld, must be at least 0",
                   (long long)out->memory_limit);
}

static nai_status load_from(nai_network **out, loader *l, const nai__source *from)
{
  nai_status status = load(l, from);
  if (status == NAI_OK) {
    *out = l->net;
  } else {
    nai__model_blame(status, from->path ? "model file" : "model", from);
    nai_network_destroy(l->net);
  }
  nai__short_terms_release(&l->short_terms);
  nai__free(l->sizes);
  nai__json_release(&l->model);
  nai__tensors_close(&l->file);
  return status;
}

nai_status nai_network_load(nai_network **out, const char *path, const nai_load_options *options)
{
  loader l = {.file.file = -1};
  NAI__REQUIRE(out);
  *out = NULL;
  NAI__REQUIRE(path);
  NAI__TRY(take_options(&l.given, options));
  return load_from(out, &l, &(nai__source){.path = path});
}

nai_status nai_network_load_memory(nai_network **out, const void *bytes, int64_t size,
                                   const nai_load_options *options)
{
  loader l = {.file.file = -1};
  NAI__REQUIRE(out);
  *out = NULL;
  NAI__TRY(nai__model_bytes(bytes, size));
  NAI__TRY(take_options(&l.given, options));
  return load_from(out, &l, &(nai__source){NULL, bytes, size});
}
