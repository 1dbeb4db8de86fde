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
  for (int32_t k = 0; k < ops->n_constants; k++) out->constant[k] = c->constant[k];
  out->batch.shown = (nai_unit_batch){.struct_size = sizeof(nai_unit_batch),
                                      .n = g->units.n,
                                      .trials = rows,
                                      .dt = net->dt,
                                      .size = c->size,
                                      .parameter = out->parameter,
                                      .constant = out->constant,
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

void nai__cells_show(nai__cells_view *view, const nai__segment *g, const float *ports,
                     float *states, float *signals)
{
  const nai__cells *c = g->cells;
  const nai_model_ops *ops = &c->model->ops;
  for (int32_t k = 0; k < ops->n_ports; k++) view->port[k] = ports ? ports + c->port[k] : NULL;
  for (int32_t k = 0; k < ops->n_states; k++) view->state[k] = states + c->state[k];
  for (int32_t k = 0; k < ops->n_signals; k++) view->signal[k] = signals + c->signal[k];
}

static void show_others(nai__cells_view *view, const nai__segment *g, float *others)
{
  for (int32_t k = 1; k < g->cells->model->ops.n_signals; k++)
    view->signal[k] = others + g->cells->signal[k];
}

float *nai__writable(const float *row)
{
  float *same;
  memcpy(&same, &row, sizeof same);
  return same;
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
        *signals = nai__rate_slot(a, 0) + row * net->ld_units, *others = nai__others_of(a, signals);
  nai__cells_view view;
  for (int64_t b = 0; b < rows; b++) {
    float *sent = signals + b * net->ld_units, *other = others + b * net->ld_units;
    nai__cells_start(g, states + b * net->ld_state, a->x + (row + b) * net->ld_units);
    for (int32_t k = 0; k < ops->n_signals; k++)
      memset((k ? other : sent) + c->signal[k], 0, (size_t)g->units.n * sizeof *sent);
    if (ops->flags & NAI_MODEL_SENDS_STATE)
      memcpy(sent + c->signal[0], states + b * net->ld_state + c->state[0],
             (size_t)g->units.n * sizeof *sent);
  }
  if (!ops->begin) return;
  nai__cells_open(&view, net, g, rows);
  nai__cells_show(&view, g, NULL, states, signals);
  show_others(&view, g, others);
  view.batch.shown.seed = a->seed;
  view.batch.shown.first = a->first + (uint64_t)row;
  nai__failure_note(&a->failed, nai__model_call(c->model, ops->begin, &view.batch.shown));
}

/* --- a step ----------------------------------------------------------------------------------- */

/* A plan or a perturbation may bring something to any. */
uint32_t nai__idle_ports(const nai__activity *a, const nai__segment *g)
{
  int any = a->schedule || a->inject || (a->perturbation && a->perturbation->size != 0);
  return any ? 0 : g->cells->idle;
}

/* To what port k receives: the same in all trials, copies side by side. */
static void add_constant(const nai__cells_moved *m, int32_t k, const float *constant, int64_t first,
                         int64_t n)
{
  const nai__segment *g = m->segment;
  const int64_t count = n == g->units.n ? g->cells->port_copies[k] * n : n;
  for (int64_t b = 0; b < m->rows; b++) {
    float *v = m->v + b * m->a->net->ld_units + g->cells->port[k] + first;
    m->a->net->kernels->add_row(v, constant + first, count);
  }
}

static const float *bias_of(const nai__cells_moved *m)
{
  const nai_network *net = m->a->net;
  return net->theta + net->unit_bias + m->segment->offset;
}

/* What a port receives in a run where no projection is onto it: the same at all of its steps. */
static int is_constant(const nai__cells_moved *m, int32_t k)
{
  return m->run && k > 0 && !(m->segment->cells->fed >> k & 1);
}

static void add_constants(const nai__cells_moved *m, uint32_t idle, int64_t first, int64_t n)
{
  const nai__cells *c = m->segment->cells;
  if ((!m->run || m->run->biased) && !m->again) add_constant(m, 0, bias_of(m), first, n);
  for (int32_t k = m->again; k < c->model->ops.n_ports; k++)
    if (c->added[k] >= 0 && !(idle >> k & 1) && !is_constant(m, k))
      add_constant(m, k, c->parameter[c->added[k]], first, n);
}

static int is_biased(const float *bias, int64_t n)
{
  uint32_t any = 0;
  for (int64_t i = 0; i < n; i++) any |= bias[i] != 0;
  return any != 0;
}

void nai__cells_begin_sums(const nai__cells_moved *m, int64_t first, int64_t n)
{
  const nai__cells *c = m->segment->cells;
  const uint32_t idle = nai__idle_ports(m->a, m->segment);
  if (m->run->steps == 0) m->run->biased = is_biased(bias_of(m) + first, n);
  for (int32_t k = 0; k < c->model->ops.n_ports; k++) {
    float *v = m->v + c->port[k] + first;
    if (!is_constant(m, k))
      memset(v, 0, (size_t)n * sizeof *v);
    else if (!(idle >> k & 1) && m->run->steps == 0)
      memcpy(v, c->parameter[c->added[k]] + first, (size_t)n * sizeof *v);
  }
}

/* Of each trial a run of columns, with their copies where it is all of the units. */
static void copy_columns(const nai__cells_moved *m, float *to, const float *from, int64_t column,
                         int64_t copies, int64_t first, int64_t n)
{
  const int64_t ld = m->a->net->ld_units, count = n == m->segment->units.n ? copies * n : n;
  for (int64_t b = 0; b < m->rows; b++)
    memcpy(to + b * ld + column + first, from + b * ld + column + first,
           (size_t)count * sizeof *to);
}

/* What ports received, for slopes, unless it is summed where it is kept. */
static void keep_ports(const nai__cells_moved *m, int64_t first, int64_t n)
{
  const nai__cells *c = m->segment->cells;
  for (int32_t k = 0; k < c->model->ops.n_ports && m->received != m->v; k++)
    copy_columns(m, m->received, m->v, c->port[k], c->port_copies[k], first, n);
}

/* What they send by themselves, which may not be what is imposed on it. */
static void keep_own(const nai__cells_moved *m, int64_t first, int64_t n)
{
  const nai__cells *c = m->segment->cells;
  for (int32_t k = 0; k < c->model->ops.n_signals; k++)
    copy_columns(m, m->a->own + m->row * m->a->net->ld_units, k ? m->others : m->signals,
                 c->signal[k], 1, first, n);
}

/* Where states of before are kept, too; parts are of states without copies. */
static void copy_states(const nai__cells_moved *m, int64_t first, int64_t n)
{
  const nai_network *net = m->a->net;
  const nai__cells *c = m->segment->cells;
  const float *before = nai__state_at(m->a, m->t - 1) + m->row * net->ld_state;
  if (before == m->states) return;
  for (int64_t b = 0; b < m->rows; b++)
    for (int32_t k = 0; k < c->model->ops.n_states; k++) {
      const int64_t at = b * net->ld_state + c->state[k] + first,
                    count = n == m->segment->units.n ? c->state_copies[k] * n : n;
      memcpy(m->states + at, before + at, (size_t)count * sizeof *before);
    }
}

nai__cells_moved nai__cells_move(nai__activity *a, const nai__segment *g, int64_t t, int64_t row,
                                 int64_t rows, float *v, const float *xi)
{
  const nai_network *net = a->net;
  float *signals = nai__writable(nai__rate_at(a, t)) + row * net->ld_units;
  return (nai__cells_moved){.a = a,
                            .segment = g,
                            .t = t,
                            .row = row,
                            .rows = rows,
                            .v = v,
                            .xi = xi,
                            .states = nai__state_slot(a, t) + row * net->ld_state,
                            .signals = signals,
                            .others = nai__others_of(a, signals),
                            .received = nai__received_slot(a, t) + row * net->ld_units};
}

/* What the view shows of all units, of some: as kernels see them, too. */
static void narrow(nai__cells_view *view, const nai_model_ops *ops, int64_t first, int64_t n)
{
  nai__units *u = &view->batch.units;
  for (int32_t k = 0; k < ops->n_parameters; k++) view->parameter[k] += first;
  for (int32_t k = 0; k < ops->n_constants; k++) view->constant[k] += first;
  for (int32_t k = 0; k < ops->n_ports; k++) view->port[k] += first;
  for (int32_t k = 0; k < ops->n_states; k++) view->state[k] += first;
  for (int32_t k = 0; k < ops->n_signals; k++) view->signal[k] += first;
  for (int32_t k = 0; k < ops->n_normals; k++) view->normal[k] += first;
  view->batch.shown.n = u->n = n;
  view->batch.shown.first_unit += first;
  u->alpha += first;
  u->bias += first;
  if (u->noise) u->noise += first;
  if (u->gain) u->gain += first;
  if (u->exponent) u->exponent += first;
}

void nai__cells_step(const nai__cells_moved *m, int64_t first, int64_t n)
{
  nai__activity *a = m->a;
  const nai__segment *g = m->segment;
  const nai__cells *c = g->cells;
  const nai_model_ops *ops = &c->model->ops;
  const uint32_t idle = nai__idle_ports(a, g);
  nai__cells_view view;
  add_constants(m, idle, first, n);
  keep_ports(m, first, n);
  if (c->n_states) copy_states(m, first, n);
  nai__cells_open(&view, a->net, g, m->rows);
  nai__cells_show(&view, g, m->v, m->states, m->signals);
  show_others(&view, g, m->others);
  for (int32_t k = 0; k < ops->n_normals; k++) view.normal[k] = m->xi + c->normal[k];
  narrow(&view, ops, first, n);
  view.batch.idle = idle;
  view.batch.memo = m->run ? &m->run->memo : NULL;
  view.batch.shown.step = m->t;
  view.batch.shown.seed = a->seed;
  view.batch.shown.first = a->first + (uint64_t)m->row;
  if (!nai__failure_is(&a->failed)) /* else the activity is not what it should be */
    nai__failure_note(&a->failed, nai__model_call(c->model, ops->step, &view.batch.shown));
  if (a->own) keep_own(m, first, n);
  if (m->run) m->run->steps++;
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

/* Step t as it was made; states of after step `instant`. */
static void show_kept(nai__cells_view *view, const nai__activity *a, const nai__segment *g,
                      int64_t t, int64_t instant, int64_t row, int64_t rows)
{
  const nai_network *net = a->net;
  nai__cells_open(view, net, g, rows);
  nai__cells_show(view, g, nai__received_at(a, t) + row * net->ld_units,
                  nai__writable(nai__state_at(a, instant) + row * net->ld_state),
                  nai__writable((a->own ? a->own : nai__rate_at(a, t)) + row * net->ld_units));
  view->batch.idle = nai__idle_ports(a, g);
  view->batch.shown.step = t;
  view->batch.shown.seed = a->seed;
  view->batch.shown.first = a->first + (uint64_t)row;
}

nai_status nai__cells_slopes(nai__cells_view *view, const nai__activity *a, const nai__segment *g,
                             int64_t t, int64_t row, int64_t rows, float *memory)
{
  show_kept(view, a, g, t, t - 1, row, rows);
  return nai__slopes_find(g->cells->model, &view->batch.shown, memory);
}

nai_status nai__cells_backward(const nai__activity *a, const nai__segment *g, int64_t t,
                               int64_t row, int64_t rows, float *error, float *carry, float *memory)
{
  const nai__cells *c = g->cells;
  const nai_model_ops *ops = &c->model->ops;
  nai__cells_view view;
  nai_unit_batch *b = &view.batch.shown;
  show_kept(&view, a, g, t, t - 1, row, rows);
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

nai_status nai__cells_errors(const nai__activity *a, const nai__segment *g, int64_t t,
                             int64_t instant, int64_t row, int64_t rows, float *error)
{
  const nai__cells *c = g->cells;
  nai__cells_view view;
  show_kept(&view, a, g, t, instant, row, rows);
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
  nai__cells_show(view, g, nai__received_at(a, 1) + row * net->ld_units,
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
