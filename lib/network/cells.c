/*
 * Populations of units that are no rate units: which model moves them, their sizes and parameters, and
 * where what they receive, keep and send stands.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../units/slopes.h"
#include "network.h"

/* --- memory ----------------------------------------------------------------------------------- */

void nai__cells_destroy(nai__cells *cells)
{
  if (!cells) return;
  for (int k = 0; k < NAI_MOST_PARAMETERS; k++) nai__free(cells->own[k]);
  nai__free(cells->memory);
  nai__model_drop(cells->model);
  nai__free(cells);
}

static const nai_field *parameter_at(const nai__cells *cells, int32_t k)
{
  return nai__field_at(cells->model->ops.parameters, k);
}

int64_t nai__cells_copies(const nai__cells *cells, const nai_field *field)
{
  if (!field->copies) return 1;
  int32_t size = nai__field_find(cells->model, NAI_MODEL_SIZES, field->copies);
  return size < 0 ? 1 : cells->size[size];
}

/* Room for parameter k, all at its default. */
nai_status nai__cells_parameter(nai__cells *cells, int32_t k, int64_t n)
{
  const nai_field *field = parameter_at(cells, k);
  int64_t count = n * nai__cells_copies(cells, field);
  double *values = NAI__ARRAY(double, count);
  if (!values) return NAI_ERR_MEMORY;
  for (int64_t i = 0; i < count; i++) values[i] = field->initial;
  nai__free(cells->own[k]);
  cells->own[k] = values;
  return NAI_OK;
}

/* Parameters of these names are the numbers that rate units have: kernels read them, too. */
static int32_t common_number(const char *name)
{
  static const struct {
    const char *name;
    int32_t number;
  } common[] = {
      {"tau", NAI__TAU},   {"noise", NAI__NOISE},       {"noise_tau", NAI__NOISE_TAU},
      {"gain", NAI__GAIN}, {"exponent", NAI__EXPONENT}, {"plastic_bias", NAI__PLASTIC_BIAS}};
  for (size_t i = 0; i < sizeof common / sizeof *common; i++)
    if (strcmp(common[i].name, name) == 0) return common[i].number;
  return -1;
}

nai__cells *nai__cells_create(const nai_model *model, int64_t n)
{
  nai__cells *cells = NAI__NEW(nai__cells);
  if (!cells) return NULL;
  cells->model = nai__model_keep(model);
  for (int32_t k = 0; k < model->ops.n_sizes; k++)
    cells->size[k] = (int64_t)nai__field_at(model->ops.sizes, k)->initial;
  for (int32_t k = 0; k < model->ops.n_ports; k++)
    cells->added[k] =
        nai__field_find(model, NAI_MODEL_PARAMETERS, nai__field_at(model->ops.ports, k)->name);
  for (int32_t k = 0; k < model->ops.n_parameters; k++) {
    cells->number[k] = common_number(parameter_at(cells, k)->name);
    if (cells->number[k] >= 0 || nai__cells_parameter(cells, k, n) == NAI_OK) continue;
    nai__cells_destroy(cells);
    return NULL;
  }
  return cells;
}

nai_status nai__cells_copy(nai__cells **out, const nai__cells *from, int64_t n)
{
  *out = NULL;
  if (!from) return NAI_OK;
  nai__cells *cells = nai__cells_create(from->model, n);
  if (!cells) return NAI_ERR_MEMORY;
  *out = cells;
  memcpy(cells->size, from->size, sizeof cells->size);
  for (int32_t k = 0; k < from->model->ops.n_parameters; k++) {
    if (!from->own[k]) continue;
    NAI__TRY(nai__cells_parameter(cells, k, n));
    size_t count = (size_t)(n * nai__cells_copies(cells, parameter_at(cells, k)));
    memcpy(cells->own[k], from->own[k], count * sizeof(double));
  }
  return NAI_OK;
}

/* --- columns ---------------------------------------------------------------------------------- */

static nai_status check_places(const nai__node *node, const char *what, int64_t n)
{
  if (n <= NAI__MOST_PLACES) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID, "a unit of '%s' has %lld %s, may have at most %d", node->name,
                   (long long)n, what, NAI__MOST_PLACES);
}

/* Where fields of a list stand, of which the first `shared` are in the unit's own column. */
static int64_t place(int64_t *column, int64_t *copies, const nai__node *node, int32_t list,
                     int shared, int64_t *next)
{
  int32_t n;
  int64_t count = 0;
  const nai_field *fields = nai__fields_of(node->cells->model, list, &n);
  for (int32_t k = 0; k < n; k++) {
    int64_t each = nai__cells_copies(node->cells, nai__field_at(fields, k));
    column[k] = k < shared ? node->offset : *next;
    if (k >= shared) *next += each * node->n;
    if (copies) copies[k] = each;
    count += each;
  }
  return count;
}

nai_status nai__cells_columns(nai_network *net, nai__node *node)
{
  nai__cells *c = node->cells;
  c->n_ports = place(c->port, c->port_copies, node, NAI_MODEL_PORTS, 1, &net->n_columns);
  place(c->signal, NULL, node, NAI_MODEL_SIGNALS, 1, &net->n_columns);
  c->n_states = place(c->state, c->state_copies, node, NAI_MODEL_STATES, 0, &net->n_state);
  for (int32_t k = 0; k < c->model->ops.n_normals; k++) {
    c->normal[k] = k ? net->n_normals : node->offset;
    if (k) net->n_normals += node->n;
  }
  net->has_cells = 1;
  if (!(c->model->ops.flags & NAI_MODEL_THREADED)) net->is_bound = 1;
  NAI__TRY(check_places(node, "states", c->n_states));
  return check_places(node, "ports", c->n_ports);
}

/* --- what functions read ---------------------------------------------------------------------- */

static int64_t values_of(const nai__node *node, int32_t k)
{
  return node->n * nai__cells_copies(node->cells, parameter_at(node->cells, k));
}

static int64_t floats_of(const nai__node *node)
{
  const nai_model_ops *ops = &node->cells->model->ops;
  int64_t floats = ops->n_constants * node->n;
  for (int32_t k = 0; k < ops->n_parameters; k++) floats += values_of(node, k);
  return floats + 1;
}

int64_t nai__cells_bytes(const nai__node *node)
{
  if (!node->cells) return 0;
  int64_t doubles = 0;
  for (int32_t k = 0; k < node->cells->model->ops.n_parameters; k++)
    if (node->cells->number[k] < 0) doubles += values_of(node, k);
  return doubles * (int64_t)sizeof(double) + floats_of(node) * (int64_t)sizeof(float);
}

nai_status nai__cells_allocate(const nai__node *node)
{
  nai__cells *c = node->cells;
  const nai_model_ops *ops = &c->model->ops;
  nai__free(c->memory);
  c->memory = NAI__ARRAY(float, floats_of(node));
  if (!c->memory) return NAI_ERR_MEMORY;
  float *next = c->memory;
  for (int32_t k = 0; k < ops->n_parameters; k++) {
    c->parameter[k] = next;
    next += values_of(node, k);
  }
  for (int32_t k = 0; k < ops->n_constants; k++, next += node->n) c->constant[k] = next;
  return NAI_OK;
}

/* Whose parameters a built-in model refuses. */
static nai_status blame(const nai__node *node, nai_status status)
{
  char why[160];
  if (status != NAI_ERR_INVALID || node->cells->model->own) return status;
  snprintf(why, sizeof why, "%s", nai_last_error());
  return nai__fail(status, "population '%s': %s", node->name, why);
}

nai_status nai__cells_prepare(const nai_network *net, const nai__node *node)
{
  nai__cells *c = node->cells;
  const nai_model_ops *ops = &c->model->ops;
  for (int32_t k = 0; k < ops->n_parameters; k++) {
    const double *values = c->own[k] ? c->own[k] : node->number[c->number[k]];
    int64_t count = values_of(node, k);
    for (int64_t i = 0; i < count; i++) c->parameter[k][i] = (float)values[i];
  }
  if (!ops->prepare) return NAI_OK;
  const float *parameter[NAI_MOST_PARAMETERS];
  for (int k = 0; k < NAI_MOST_PARAMETERS; k++) parameter[k] = c->parameter[k];
  nai_unit_batch b = {.struct_size = sizeof b,
                      .n = node->n,
                      .trials = 1,
                      .dt = net->dt,
                      .size = c->size,
                      .parameter = parameter,
                      .constant = c->constant,
                      .first_unit = node->order};
  return blame(node, nai__model_call(c->model, ops->prepare, &b));
}

static int is_fed(const nai_network *net, int64_t node, int32_t k)
{
  NAI__EACH_ONTO(net, p, node)
    if (p->port == k) return 1;
  return 0;
}

/* 1 where what port k receives is always 0. The first one has biases. */
static int is_idle(const nai_network *net, int64_t node, int32_t k)
{
  const nai__cells *c = net->node[node].cells;
  if (k == 0 || (c->fed >> k & 1)) return 0;
  for (int64_t i = 0; c->added[k] >= 0 && i < c->port_copies[k] * net->node[node].n; i++)
    if (c->parameter[c->added[k]][i] != 0) return 0;
  return 1;
}

nai_status nai__cells_refresh(nai_network *net)
{
  for (int64_t i = 0; i < net->n_nodes && net->has_cells; i++) {
    nai__cells *c = net->node[i].cells;
    if (!c) continue;
    NAI__TRY(nai__cells_prepare(net, &net->node[i]));
    c->fed = c->idle = 0;
    for (int32_t k = 0; k < c->model->ops.n_ports; k++) {
      c->fed |= (uint32_t)is_fed(net, i, k) << k;
      c->idle |= (uint32_t)is_idle(net, i, k) << k;
    }
  }
  return NAI_OK;
}

int nai__cells_part(const nai__cells *cells)
{
  return cells && (cells->model->ops.flags & NAI_MODEL_THREADED) && cells->model->ops.n_sizes == 0;
}
