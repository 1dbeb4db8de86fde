/* The walk back and tangents, from the slopes of a model. */
#include "slopes.h"

#include <assert.h>
#include <string.h>

#define CHUNK 64 /* units at once */

nai_status nai__slopes_find(const nai_model *model, nai_unit_batch *b, float *memory)
{
  int64_t count = b->n * b->trials, s = b->n_states, p = b->n_ports, z = model->ops.n_signals;
  b->slope_stride = count;
  b->ss = memory;
  b->sp = b->ss + s * s * count;
  b->zs = b->sp + s * p * count;
  b->zp = b->zs + z * s * count;
  memset(memory, 0, (size_t)nai__slopes_floats(s, p, z, count) * sizeof *memory);
  return nai__model_call(model, model->ops.slopes, b);
}

/* --- places: fields with their copies --------------------------------------------------------- */

/* Where each of them stands, of trial 0: field k has copies side by side. Returns how many. */
static int64_t places(float **out, const nai_field *fields, int32_t n_fields, float *const *array,
                      const nai_model *model, const nai_unit_batch *b)
{
  int64_t n = 0;
  for (int32_t k = 0; k < n_fields; k++) {
    const nai_field *field = nai__field_at(fields, k);
    int32_t size = field->copies ? nai__field_find(model, NAI_MODEL_SIZES, field->copies) : -1;
    for (int64_t c = 0; c < (size < 0 ? 1 : b->size[size]); c++) out[n++] = array[k] + c * b->n;
  }
  assert(n <= NAI__MOST_PLACES);
  return n;
}

/* out [count] += sum over k of entry (k, column) x in[k] */
static void add_column(float *out, float in[][CHUNK], int64_t n_in, const float *entry,
                       int64_t columns, int64_t column, int64_t stride, int64_t count)
{
  for (int64_t k = 0; k < n_in; k++) {
    const float *slope = entry + (k * columns + column) * stride;
    for (int64_t i = 0; i < count; i++) out[i] += slope[i] * in[k][i];
  }
}

/* The same over a row: out [count] += sum over k of entry (row, k) x in[k] */
static void add_row(float *out, float in[][CHUNK], int64_t n_in, const float *entry, int64_t row,
                    int64_t stride, int64_t count)
{
  for (int64_t k = 0; k < n_in; k++) {
    const float *slope = entry + (row * n_in + k) * stride;
    for (int64_t i = 0; i < count; i++) out[i] += slope[i] * in[k][i];
  }
}

/* --- backward --------------------------------------------------------------------------------- */

typedef struct ends {
  float *carry[NAI__MOST_PLACES], *port[NAI__MOST_PLACES];
  int64_t n_states, n_ports;
} ends;

static void backward_chunk(const nai_model *model, const nai_unit_batch *b, const ends *e,
                           int64_t trial, int64_t first, int64_t count)
{
  float d[NAI__MOST_PLACES][CHUNK], g[NAI_MOST_SIGNALS][CHUNK];
  size_t bytes = (size_t)count * sizeof(float);
  int64_t at = trial * b->n + first, states = trial * b->state_stride + first,
          ports = trial * b->port_stride + first, n_signals = model->ops.n_signals;
  for (int64_t k = 0; k < e->n_states; k++) memcpy(d[k], e->carry[k] + states, bytes);
  for (int64_t k = 0; k < n_signals; k++)
    memcpy(g[k], b->error[k] + trial * b->signal_stride + first, bytes);
  for (int64_t p = 0; p < e->n_ports; p++) {
    float *out = e->port[p] + ports;
    memset(out, 0, bytes);
    add_column(out, d, e->n_states, b->sp + at, e->n_ports, p, b->slope_stride, count);
    add_column(out, g, n_signals, b->zp + at, e->n_ports, p, b->slope_stride, count);
  }
  for (int64_t s = 0; s < e->n_states; s++) {
    float *out = e->carry[s] + states;
    memset(out, 0, bytes);
    add_column(out, d, e->n_states, b->ss + at, e->n_states, s, b->slope_stride, count);
    add_column(out, g, n_signals, b->zs + at, e->n_states, s, b->slope_stride, count);
  }
}

void nai__slopes_backward(const nai_model *model, nai_unit_batch *b)
{
  const nai_model_ops *ops = &model->ops;
  ends e;
  e.n_states = places(e.carry, ops->states, ops->n_states, b->carry, model, b);
  e.n_ports = places(e.port, ops->ports, ops->n_ports, b->port_error, model, b);
  for (int64_t trial = 0; trial < b->trials; trial++)
    for (int64_t i = 0; i < b->n; i += CHUNK)
      backward_chunk(model, b, &e, trial, i, b->n - i < CHUNK ? b->n - i : CHUNK);
}

/* --- tangents --------------------------------------------------------------------------------- */

/* Ports of tangents are read only; places() hands out what may be written. */
static void ports_of(float **out, const nai_unit_batch *t, int32_t n)
{
  for (int32_t k = 0; k < n; k++) memcpy(&out[k], &t->port[k], sizeof out[k]);
}

static void forward_chunk(const nai_model *model, const nai_unit_batch *s, const nai_unit_batch *t,
                          const ends *e, int64_t row, int64_t first, int64_t count)
{
  float ds[NAI__MOST_PLACES][CHUNK], dv[NAI__MOST_PLACES][CHUNK];
  size_t bytes = (size_t)count * sizeof(float);
  int64_t states = row * t->state_stride + first, ports = row * t->port_stride + first;
  for (int64_t k = 0; k < e->n_states; k++) memcpy(ds[k], e->carry[k] + states, bytes);
  for (int64_t k = 0; k < e->n_ports; k++) memcpy(dv[k], e->port[k] + ports, bytes);
  for (int64_t k = 0; k < e->n_states; k++) {
    float *out = e->carry[k] + states;
    memset(out, 0, bytes);
    add_row(out, ds, e->n_states, s->ss + first, k, s->slope_stride, count);
    add_row(out, dv, e->n_ports, s->sp + first, k, s->slope_stride, count);
  }
  for (int32_t z = 0; z < model->ops.n_signals; z++) {
    float *out = t->signal[z] + row * t->signal_stride + first;
    memset(out, 0, bytes);
    add_row(out, ds, e->n_states, s->zs + first, z, s->slope_stride, count);
    add_row(out, dv, e->n_ports, s->zp + first, z, s->slope_stride, count);
  }
}

void nai__slopes_forward(const nai_model *model, const nai_unit_batch *slopes,
                         nai_unit_batch *tangents)
{
  const nai_model_ops *ops = &model->ops;
  ends e;
  float *port[NAI_MOST_PORTS];
  ports_of(port, tangents, ops->n_ports);
  e.n_states = places(e.carry, ops->states, ops->n_states, tangents->state, model, tangents);
  e.n_ports = places(e.port, ops->ports, ops->n_ports, port, model, tangents);
  for (int64_t row = 0; row < tangents->trials; row++)
    for (int64_t i = 0; i < slopes->n; i += CHUNK)
      forward_chunk(model, slopes, tangents, &e, row, i,
                    slopes->n - i < CHUNK ? slopes->n - i : CHUNK);
}
