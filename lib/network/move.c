/* Moving cells: the functions of their model, called on rows of an activity. */
#include "move.h"

#include <assert.h>
#include <string.h>

#include "../base/error.h"
#include "../units/slopes.h"

void nai__cells_open(nai__cells_view *out, const nai_network *net, const nai__segment *g,
                     int64_t rows)
{
  const nai__cells *c = g->cells;
  const nai_model_ops *ops = &c->model->ops;
  memset(out, 0, sizeof *out);
  out->batch.kernels = net->kernels;
  out->batch.units = g->units;
  for (int32_t k = 0; k < ops->n_parameters; k++) out->parameter[k] = c->parameter[k];
  out->batch.shown = (nai_unit_batch){.struct_size = sizeof(nai_unit_batch),
                                      .n = g->units.n,
                                      .trials = rows,
                                      .dt = net->dt,
                                      .size = c->size,
                                      .parameter = out->parameter,
                                      .constant = c->constant,
                                      .port = out->port,
                                      .state = out->state,
                                      .signal = out->signal,
                                      .normal = out->normal,
                                      .port_stride = net->ld_units,
                                      .state_stride = net->ld_state,
                                      .signal_stride = net->ld_units,
                                      .normal_stride = net->ld_units,
                                      .n_states = c->n_states,
                                      .n_ports = c->n_ports,
                                      .first_unit = g->node->order};
}

void nai__cells_show(nai__cells_view *view, const nai_network *net, const nai__segment *g,
                     const float *ports, float *states, float *signals)
{
  const nai__cells *c = g->cells;
  const nai_model_ops *ops = &c->model->ops;
  (void)net;
  for (int32_t k = 0; k < ops->n_ports; k++) view->port[k] = ports ? ports + c->port[k] : NULL;
  for (int32_t k = 0; k < ops->n_states; k++) view->state[k] = states + c->state[k];
  for (int32_t k = 0; k < ops->n_signals; k++) view->signal[k] = signals + c->signal[k];
}

/* --- beginning -------------------------------------------------------------------------------- */

/* The parameter that a state starts from: of its name. */
static int32_t start_of(const nai__cells *c, int32_t state)
{
  return nai__field_find(c->model, NAI_MODEL_PARAMETERS,
                         nai__field_at(c->model->ops.states, state)->name);
}

static void start_state(const nai__cells *c, int32_t k, float *row, int64_t n)
{
  int32_t parameter = start_of(c, k);
  float initial = (float)nai__field_at(c->model->ops.states, k)->initial;
  for (int64_t i = 0; i < c->state_copies[k] * n; i++)
    row[c->state[k] + i] = parameter >= 0 ? c->parameter[parameter][i] : initial;
}

void nai__cells_start(const nai__segment *g, float *states, const float *x)
{
  const nai__cells *c = g->cells;
  for (int32_t k = 0; k < c->model->ops.n_states; k++) start_state(c, k, states, g->units.n);
  if (c->model->ops.n_states && c->state_copies[0] == 1 && start_of(c, 0) < 0)
    for (int64_t i = 0; i < g->units.n; i++) states[c->state[0] + i] += x[g->offset + i];
}

void nai__cells_begin(nai__activity *a, const nai__segment *g, int64_t row, int64_t rows)
{
  const nai_network *net = a->net;
  const nai__cells *c = g->cells;
  const nai_model_ops *ops = &c->model->ops;
  float *states = nai__state_slot(a, 0) + row * net->ld_state,
        *signals = nai__rate_slot(a, 0) + row * net->ld_units;
  nai__cells_view view;
  for (int64_t b = 0; b < rows; b++) {
    float *sent = signals + b * net->ld_units;
    nai__cells_start(g, states + b * net->ld_state, a->x + (row + b) * net->ld_units);
    for (int32_t k = 0; k < ops->n_signals; k++)
      memset(sent + c->signal[k], 0, (size_t)g->units.n * sizeof *sent);
    if (ops->flags & NAI_MODEL_SENDS_STATE)
      memcpy(sent + c->signal[0], states + b * net->ld_state + c->state[0],
             (size_t)g->units.n * sizeof *sent);
  }
  if (!ops->begin) return;
  nai__cells_open(&view, net, g, rows);
  nai__cells_show(&view, net, g, NULL, states, signals);
  view.batch.shown.seed = a->seed;
  view.batch.shown.first = a->first + (uint64_t)row;
  nai__failure_note(&a->failed, nai__model_call(c->model, ops->begin, &view.batch.shown));
}

/* --- a step ----------------------------------------------------------------------------------- */

/* Ports where nothing arrives: a plan or a perturbation may bring something to any. */
static uint32_t idle_ports(const nai__activity *a, const nai__segment *g)
{
  int any = a->schedule || a->inject || (a->perturbation && a->perturbation->size != 0);
  return any ? 0 : g->cells->idle;
}

/* To what port k receives: the same in all trials, copies side by side. */
static void add_constant(const nai_network *net, const nai__segment *g, int32_t k,
                         const float *constant, float *v, int64_t rows)
{
  const nai__cells *c = g->cells;
  for (int64_t b = 0; b < rows; b++)
    for (int64_t i = 0; i < c->port_copies[k] * g->units.n; i++)
      v[b * net->ld_units + c->port[k] + i] += constant[i];
}

static void add_constants(const nai_network *net, const nai__segment *g, float *v, int64_t rows)
{
  const nai__cells *c = g->cells;
  add_constant(net, g, 0, net->theta + net->unit_bias + g->offset, v, rows);
  for (int32_t k = 0; k < c->model->ops.n_ports; k++)
    if (c->added[k] >= 0) add_constant(net, g, k, c->parameter[c->added[k]], v, rows);
}

/* What ports received, for slopes. */
static void keep_ports(nai__activity *a, const nai__segment *g, int64_t t, int64_t row,
                       int64_t rows, const float *v)
{
  const nai_network *net = a->net;
  const nai__cells *c = g->cells;
  float *kept = nai__received_slot(a, t) + row * net->ld_units;
  for (int64_t b = 0; b < rows; b++)
    for (int32_t k = 0; k < c->model->ops.n_ports; k++)
      memcpy(kept + b * net->ld_units + c->port[k], v + b * net->ld_units + c->port[k],
             (size_t)(c->port_copies[k] * g->units.n) * sizeof *v);
}

/* What they send by themselves, which may not be what is imposed on it. */
static void keep_own(nai__activity *a, const nai__segment *g, int64_t row, int64_t rows,
                     const float *signals)
{
  const nai__cells *c = g->cells;
  for (int64_t b = 0; b < rows; b++)
    for (int32_t k = 0; k < c->model->ops.n_signals; k++)
      memcpy(a->own + (row + b) * a->net->ld_units + c->signal[k],
             signals + b * a->net->ld_units + c->signal[k], (size_t)g->units.n * sizeof *signals);
}

static void copy_states(nai__activity *a, const nai__segment *g, int64_t t, int64_t row,
                        int64_t rows)
{
  const nai_network *net = a->net;
  const nai__cells *c = g->cells;
  int64_t first = c->state[0], n = c->n_states * g->units.n;
  const float *before = nai__state_slot(a, t - 1) + row * net->ld_state + first;
  float *after = nai__state_slot(a, t) + row * net->ld_state + first;
  for (int64_t b = 0; b < rows; b++)
    memcpy(after + b * net->ld_state, before + b * net->ld_state, (size_t)n * sizeof *after);
}

void nai__cells_step(nai__activity *a, const nai__segment *g, int64_t t, int64_t row, int64_t rows,
                     float *v, const float *xi)
{
  const nai_network *net = a->net;
  const nai__cells *c = g->cells;
  const nai_model_ops *ops = &c->model->ops;
  nai__cells_view view;
  add_constants(net, g, v, rows);
  keep_ports(a, g, t, row, rows, v);
  if (c->n_states) copy_states(a, g, t, row, rows);
  float *states = nai__state_slot(a, t) + row * net->ld_state,
        *signals = nai__rate_slot(a, t) + row * net->ld_units;
  nai__cells_open(&view, net, g, rows);
  nai__cells_show(&view, net, g, v, states, signals);
  view.batch.idle = idle_ports(a, g);
  for (int32_t k = 0; k < ops->n_normals; k++) view.normal[k] = xi + c->normal[k];
  view.batch.shown.step = t;
  view.batch.shown.seed = a->seed;
  view.batch.shown.first = a->first + (uint64_t)row;
  if (!nai__failure_is(&a->failed)) /* else the activity is not what it should be */
    nai__failure_note(&a->failed, nai__model_call(c->model, ops->step, &view.batch.shown));
  if (a->own) keep_own(a, g, row, rows, signals);
}

/* --- slopes ----------------------------------------------------------------------------------- */

int64_t nai__cells_floats(const nai_network *net, int64_t rows)
{
  int64_t most = 0;
  for (int64_t s = 0; s < net->n_segments; s++) {
    const nai__segment *g = &net->segment[s];
    if (!g->cells) continue;
    int64_t floats = nai__slopes_floats(g->cells->n_states, g->cells->n_ports,
                                        g->cells->model->ops.n_signals, g->units.n * rows);
    if (floats > most) most = floats;
  }
  for (int64_t k = 0; k < net->n_releases; k++) {
    const nai__segment *g = &net->release[k].segment;
    int64_t floats = nai__slopes_floats(g->cells->n_states, 1, 1, g->units.n * rows);
    if (floats > most) most = floats;
  }
  return most;
}

float *nai__writable(const float *row)
{
  float *same;
  memcpy(&same, &row, sizeof same);
  return same;
}

static void show_kept(nai__cells_view *view, const nai__activity *a, const nai__segment *g,
                      int64_t t, int64_t row, int64_t rows)
{
  const nai_network *net = a->net;
  nai__cells_open(view, net, g, rows);
  nai__cells_show(view, net, g, nai__received_at(a, t) + row * net->ld_units,
                  nai__writable(nai__state_at(a, t - 1) + row * net->ld_state),
                  nai__writable(nai__rate_at(a, t) + row * net->ld_units));
  view->batch.idle = idle_ports(a, g);
  view->batch.shown.step = t;
  view->batch.shown.seed = a->seed;
  view->batch.shown.first = a->first + (uint64_t)row;
}

nai_status nai__cells_slopes(nai__cells_view *view, const nai__activity *a, const nai__segment *g,
                             int64_t t, int64_t row, int64_t rows, float *memory)
{
  show_kept(view, a, g, t, row, rows);
  return nai__slopes_find(g->cells->model, &view->batch.shown, memory);
}

nai_status nai__cells_backward(const nai__activity *a, const nai__segment *g, int64_t t,
                               int64_t row, int64_t rows, float *error, float *carry, float *memory)
{
  const nai__cells *c = g->cells;
  const nai_model_ops *ops = &c->model->ops;
  nai__cells_view view;
  nai_unit_batch *b = &view.batch.shown;
  show_kept(&view, a, g, t, row, rows);
  for (int32_t k = 0; k < ops->n_signals; k++) view.error[k] = error + c->signal[k];
  for (int32_t k = 0; k < ops->n_ports; k++) view.port_error[k] = error + c->port[k];
  for (int32_t k = 0; k < ops->n_states; k++) view.carry[k] = carry + c->state[k];
  b->error = view.error;
  b->port_error = view.port_error;
  b->carry = view.carry;
  if (ops->backward) return nai__model_call(c->model, ops->backward, b);
  NAI__TRY(nai__slopes_find(c->model, b, memory));
  nai__slopes_backward(c->model, b);
  return NAI_OK;
}

nai_status nai__cells_errors(const nai__activity *a, const nai__segment *g, int64_t t, int64_t row,
                             int64_t rows, float *error)
{
  const nai__cells *c = g->cells;
  nai__cells_view view;
  show_kept(&view, a, g, t, row, rows);
  for (int32_t k = 0; k < c->model->ops.n_ports; k++) {
    view.port_error[k] = error + c->port[k];
    for (int64_t b = 0; b < rows; b++)
      memset(view.port_error[k] + b * a->net->ld_units, 0,
             (size_t)(c->port_copies[k] * g->units.n) * sizeof *error);
  }
  view.batch.shown.port_error = view.port_error;
  return nai__model_call(c->model, c->model->ops.errors, &view.batch.shown);
}

/*
 * dsignal/dstate of what `begin` made, into memory: the table's slopes at step 0. Without `begin` there
 * is none but of a state that is sent.
 */
nai_status nai__cells_slopes_start(nai__cells_view *view, const nai__activity *a,
                                   const nai__segment *g, int64_t row, int64_t rows, float *memory)
{
  const nai_network *net = a->net;
  const nai__cells *c = g->cells;
  const nai_model_ops *ops = &c->model->ops;
  nai_unit_batch *b = &view->batch.shown;
  nai__cells_open(view, net, g, rows);
  nai__cells_show(view, net, g, nai__received_at(a, 1) + row * net->ld_units,
                  nai__writable(nai__state_at(a, 0) + row * net->ld_state),
                  nai__writable(nai__rate_at(a, 0) + row * net->ld_units));
  if (ops->begin) return nai__slopes_find(c->model, b, memory);
  int64_t count = b->n * rows;
  b->slope_stride = count;
  b->zs = memory;
  memset(memory, 0, (size_t)(ops->n_signals * c->n_states * count) * sizeof *memory);
  if (ops->flags & NAI_MODEL_SENDS_STATE)
    for (int64_t i = 0; i < count; i++) memory[i] = 1;
  return NAI_OK;
}

nai_status nai__cells_backward_start(const nai__activity *a, const nai__segment *g, int64_t row,
                                     int64_t rows, float *error, float *carry, float *memory)
{
  const nai_network *net = a->net;
  const nai__cells *c = g->cells;
  nai__cells_view view;
  NAI__TRY(nai__cells_slopes_start(&view, a, g, row, rows, memory));
  const nai_unit_batch *b = &view.batch.shown;
  for (int64_t k = 0; k < rows; k++)
    for (int64_t i = 0; i < b->n; i++) {
      float sum = c->n_states ? carry[k * net->ld_state + c->state[0] + i] : 0;
      for (int32_t z = 0; z < c->model->ops.n_signals && c->n_states; z++)
        sum += b->zs[z * c->n_states * b->slope_stride + k * b->n + i] *
               error[k * net->ld_units + c->signal[z] + i];
      error[k * net->ld_units + g->offset + i] = sum;
    }
  return NAI_OK;
}
