/* Choosing the model of populations, its sizes, and looking which it is. */
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "network.h"

static const nai_field *parameter_at(const nai__cells *cells, int32_t k)
{
  return nai__field_at(cells->model->ops.parameters, k);
}

#define POPULATIONS NAI__KIND(NAI_POPULATIONS)

/* What is connected has its ports already. */
static nai_status check_free(const nai_network *net, int64_t node)
{
  for (int64_t k = 0; k < net->n_projections; k++)
    if (net->projection[k].from == node || net->projection[k].to == node)
      return nai__fail(NAI_ERR_ORDER, "'%s' is connected: choose its model before",
                       net->node[node].name);
  return NAI_OK;
}

/* The defaults of a model may be others than those of rate units. */
static void take_defaults(nai__node *node, double dt)
{
  for (int32_t k = 0; k < node->cells->model->ops.n_parameters; k++) {
    int32_t number = node->cells->number[k];
    if (number < 0) continue;
    double initial = parameter_at(node->cells, k)->initial;
    if (number == NAI__TAU) initial = fmax(initial, dt);
    for (int64_t i = 0; i < node->n; i++) node->number[number][i] = initial;
  }
}

static nai_status use_model(nai_network *net, const char *names, const nai_model *model)
{
  NAI__TRY(nai__names_known(net, POPULATIONS, names, "names"));
  NAI__EACH_NODE(net, i, POPULATIONS, names) NAI__TRY(check_free(net, i));
  NAI__EACH_NODE(net, i, POPULATIONS, names) {
    nai__node *node = &net->node[i];
    nai__cells *cells = nai__model_is_rate(model) ? NULL : nai__cells_create(model, node->n);
    if (!cells && !nai__model_is_rate(model)) return NAI_ERR_MEMORY;
    nai__cells_destroy(node->cells);
    node->cells = cells;
    if (cells) take_defaults(node, net->dt);
  }
  return NAI_OK;
}

nai_status nai_network_set_model(nai_network *net, const char *names, const char *model)
{
  NAI__TRY(nai__may_compose(net));
  const nai_model *found = nai__model_named(model);
  if (!found) return nai__remember(net, model ? NAI_ERR_NAME : NAI_ERR_INVALID);
  return nai__remember(net, use_model(net, names, found));
}

nai_status nai_network_use_model(nai_network *net, const char *names, nai_model *model)
{
  NAI__TRY(nai__may_compose(net));
  NAI__REQUIRE(model);
  return nai__remember(net, use_model(net, names, model));
}

nai_status nai_network_model(const char **model, const nai_network *net, const char *name)
{
  NAI__REQUIRE(model);
  NAI__REQUIRE(net);
  const nai__node *node;
  NAI__TRY(nai__node_find(&node, net, POPULATIONS, name, "name"));
  *model = node->cells ? node->cells->model->ops.name : nai__model_rate.ops.name;
  return NAI_OK;
}

nai_status nai_network_spikes(int32_t *spikes, const nai_network *net, const char *name)
{
  NAI__REQUIRE(spikes);
  NAI__REQUIRE(net);
  const nai__node *node;
  NAI__TRY(nai__node_find(&node, net, POPULATIONS, name, "name"));
  *spikes = nai__spikes(node);
  return NAI_OK;
}

/* --- sizes and words -------------------------------------------------------------------------- */

static nai_status fail_field(const nai__node *node, int32_t list, const char *what,
                             const char *name)
{
  const nai_model *model = node->cells ? node->cells->model : &nai__model_rate;
  char choices[160];
  nai__fields_choices(choices, sizeof choices, model, list);
  return nai__fail(NAI_ERR_NAME, "'%s' is of model '%s', which has no %s '%.40s'%s%s", node->name,
                   model->ops.name, what, name, choices[0] ? "; it has " : "", choices);
}

static nai_status check_size(const nai_network *net, int64_t i, const char *size, int64_t n)
{
  const nai__node *node = &net->node[i];
  int32_t at = node->cells ? nai__field_find(node->cells->model, NAI_MODEL_SIZES, size) : -1;
  if (at < 0) return fail_field(node, NAI_MODEL_SIZES, "size", size);
  const nai_field *field = nai__field_at(node->cells->model->ops.sizes, at);
  if ((double)n < field->low || (double)n > field->high)
    return nai__fail(NAI_ERR_INVALID, "%s of '%s' is %lld, must be %g to %g", size, node->name,
                     (long long)n, field->low, field->high);
  return check_free(net, i);
}

static nai_status set_size(nai_network *net, const char *names, const char *size, int64_t n)
{
  NAI__REQUIRE(size);
  NAI__TRY(nai__names_known(net, POPULATIONS, names, "names"));
  NAI__EACH_NODE(net, i, POPULATIONS, names) NAI__TRY(check_size(net, i, size, n));
  NAI__EACH_NODE(net, i, POPULATIONS, names) {
    nai__node *node = &net->node[i];
    nai__cells *cells = node->cells;
    cells->size[nai__field_find(cells->model, NAI_MODEL_SIZES, size)] = n;
    for (int32_t k = 0; k < cells->model->ops.n_parameters; k++)
      if (cells->own[k] && parameter_at(cells, k)->copies)
        NAI__TRY(nai__cells_parameter(cells, k, node->n));
  }
  return NAI_OK;
}

nai_status nai_network_set_model_size(nai_network *net, const char *names, const char *size,
                                      int64_t n)
{
  NAI__TRY(nai__may_compose(net));
  return nai__remember(net, set_size(net, names, size, n));
}
