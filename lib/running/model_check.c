/*
 * Holding the slopes of a population's units against central differences of their step, and the fused
 * way back against the slopes. Units are taken along a trajectory of theirs, with random input.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <neuroai/random.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../network/central.h"
#include "../network/rate_check.h"
#include "../units/slopes.h"
#include "move.h"

#define SHARE 1e-3 /* of what comes back by slopes, which the fused way makes in single precision */

/* Arrays are [rows][ld_units], of states [rows][ld_state]. */
typedef struct check {
  const nai_network *net;
  const nai__node *node;
  const nai__segment *g;
  int64_t rows;
  int64_t step; /* 0: of `begin` */
  float *memory, *slopes;
  float *state, *port, *normal; /* before the step */
  float *moved;                 /* states or ports */
  float *error[2];
  float *carry[2];
  float *next[NAI__POINTS], *sent[NAI__POINTS]; /* states and signals after it */
  nai__cells_view view;                         /* has the slopes */
} check;

static nai_status allocate(check *k)
{
  int64_t row = k->rows * k->net->ld_units, state = k->rows * k->net->ld_state,
          moved = row > state ? row : state;
  k->slopes = NAI__ARRAY(float, nai__cells_floats(k->net, k->rows) + 1);
  k->memory = NAI__ARRAY(float, (4 + NAI__POINTS) * row + (3 + NAI__POINTS) * state + moved + 1);
  if (!k->slopes || !k->memory) return NAI_ERR_MEMORY;
  float *at = k->memory;
  k->port = at;
  k->normal = at + row;
  k->error[0] = at + 2 * row;
  k->error[1] = at + 3 * row;
  for (int p = 0; p < NAI__POINTS; p++) k->sent[p] = at + (4 + p) * row;
  at += (4 + NAI__POINTS) * row;
  k->state = at;
  k->carry[0] = at + state;
  k->carry[1] = at + 2 * state;
  for (int p = 0; p < NAI__POINTS; p++) k->next[p] = at + (3 + p) * state;
  k->moved = at + (3 + NAI__POINTS) * state;
  return NAI_OK;
}

/* --- places: fields with their copies --------------------------------------------------------- */

typedef struct place {
  int64_t column, stride; /* the first unit's; floats from a trial to the next */
  char name[80];          /* "d[1]" where there are copies */
} place;

static place place_of(const check *k, int32_t list, int64_t index)
{
  const nai__cells *c = k->g->cells;
  const int64_t *column = list == NAI_MODEL_STATES  ? c->state
                          : list == NAI_MODEL_PORTS ? c->port
                                                    : c->signal;
  int32_t n;
  const nai_field *fields = nai__fields_of(c->model, list, &n);
  place p = {.stride = list == NAI_MODEL_STATES ? k->net->ld_state : k->net->ld_units};
  for (int32_t f = 0; f < n; f++) {
    const nai_field *field = nai__field_at(fields, f);
    int64_t copies = nai__cells_copies(c, field);
    if (index < copies) {
      p.column = column[f] + index * k->g->units.n;
      snprintf(p.name, sizeof p.name, copies > 1 ? "%s[%d]" : "%s", field->name, (int)index);
      return p;
    }
    index -= copies;
  }
  return p;
}

/* --- the function ----------------------------------------------------------------------------- */

/* A step from these states and ports, or the beginning. */
static nai_status run(check *k, int point, const float *states, const float *ports)
{
  const nai_network *net = k->net;
  const nai__cells *c = k->g->cells;
  const nai_model_ops *ops = &c->model->ops;
  nai__cells_view view;
  memcpy(k->next[point], states, (size_t)(k->rows * net->ld_state) * sizeof *states);
  nai__cells_open(&view, net, k->g, k->rows);
  nai__cells_show(&view, k->g, k->step ? ports : NULL, k->next[point], k->sent[point]);
  for (int32_t i = 0; i < ops->n_normals; i++) view.normal[i] = k->normal + c->normal[i];
  view.batch.shown.step = k->step;
  view.batch.shown.seed = NAI__CHECK_SEED;
  return nai__model_call(c->model, k->step ? ops->step : ops->begin, &view.batch.shown);
}

/* plain: without a surrogate for spikes, which differences do not have. */
static nai_status find_slopes(check *k, int plain)
{
  nai__cells_open(&k->view, k->net, k->g, k->rows);
  nai__cells_show(&k->view, k->g, k->port, k->state, k->sent[NAI__HERE]);
  k->view.batch.shown.step = k->step;
  k->view.batch.shown.seed = NAI__CHECK_SEED;
  k->view.batch.plain = plain;
  return nai__slopes_find(k->g->cells->model, &k->view.batch.shown, k->slopes);
}

static int spikes(const check *k)
{
  return (k->g->cells->model->ops.flags & NAI_MODEL_SPIKES) != 0;
}

/* Whether a unit is silent at the place and around it. */
static int is_silent(const check *k, int64_t row, int64_t i)
{
  int64_t at = row * k->net->ld_units + k->g->cells->signal[0] + i;
  for (int p = 0; p < NAI__POINTS; p++)
    if (k->sent[p][at] != 0) return 0;
  return 1;
}

/* --- one slope -------------------------------------------------------------------------------- */

typedef struct entry {
  const char *block; /* "ss", ... */
  place of, by;
  const float *slope;     /* [rows][n] */
  const float *all[2];    /* of the same by all states, by all ports */
  float *const *function; /* [NAI__POINTS] */
  const float *moved;     /* `by` as it was */
} entry;

/* What states and ports add to the unit, as far as their slopes say. */
static double terms_of(const check *k, const entry *e, int64_t row, int64_t i)
{
  const nai_unit_batch *b = &k->view.batch.shown;
  const int64_t n[2] = {b->n_states, k->step ? b->n_ports : 0};
  const int32_t list[2] = {NAI_MODEL_STATES, NAI_MODEL_PORTS};
  double terms = 0;
  for (int by = 0; by < 2; by++)
    for (int64_t j = 0; j < n[by]; j++) {
      place p = place_of(k, list[by], j);
      float x = (by ? k->port : k->state)[row * p.stride + p.column + i];
      terms += fabs((double)e->all[by][j * b->slope_stride + row * b->n + i] * (double)x);
    }
  return terms;
}

static nai_status check_entry(const check *k, const entry *e)
{
  int64_t n = k->g->units.n;
  for (int64_t row = 0; row < k->rows; row++)
    for (int64_t i = 0; i < n; i++) {
      double f[NAI__POINTS], x[NAI__POINTS], slope = (double)e->slope[row * n + i];
      float value = e->moved[row * e->by.stride + e->by.column + i];
      for (int p = 0; p < NAI__POINTS; p++) {
        f[p] = (double)e->function[p][row * e->of.stride + e->of.column + i];
        x[p] = (double)nai__central_moved(value, p);
      }
      if ((spikes(k) && !is_silent(k, row, i)) || nai__central_agrees(slope, f, x, 0) ||
          nai__central_agrees(slope, f, x, terms_of(k, e, row, i)))
        continue;
      return nai__central_fail(&(nai__wrong_slope){.block = e->block,
                                                   .model = k->g->cells->model->ops.name,
                                                   .of = e->of.name,
                                                   .by = e->by.name,
                                                   .population = k->node->name,
                                                   .unit = i,
                                                   .step = k->step,
                                                   .slope = slope,
                                                   .difference = nai__central_slope(f, x),
                                                   .x = x[NAI__HERE]});
    }
  return NAI_OK;
}

/* --- all slopes of a step --------------------------------------------------------------------- */

/* What place `index` of a list, of a unit's states or ports, moves. */
static nai_status check_place(check *k, int32_t list, int64_t index)
{
  const nai_unit_batch *b = &k->view.batch.shown;
  int by_state = list == NAI_MODEL_STATES;
  const float *from = by_state ? k->state : k->port;
  entry e = {.by = place_of(k, list, index), .moved = from};
  for (int p = NAI__LESS; p < NAI__POINTS; p++) {
    memcpy(k->moved, from, (size_t)(k->rows * e.by.stride) * sizeof *from);
    for (int64_t row = 0; row < k->rows; row++)
      for (int64_t i = 0; i < b->n; i++) {
        float *x = k->moved + row * e.by.stride + e.by.column + i;
        *x = nai__central_moved(*x, p);
      }
    NAI__TRY(run(k, p, by_state ? k->moved : k->state, by_state ? k->port : k->moved));
  }
  for (int64_t s = 0; s < b->n_states && k->step; s++) {
    e.block = by_state ? "ss" : "sp";
    e.of = place_of(k, NAI_MODEL_STATES, s);
    e.all[0] = b->ss + s * b->n_states * b->slope_stride;
    e.all[1] = b->sp + s * b->n_ports * b->slope_stride;
    e.slope = e.all[!by_state] + index * b->slope_stride;
    e.function = k->next;
    NAI__TRY(check_entry(k, &e));
  }
  for (int64_t z = 0; z < k->g->cells->model->ops.n_signals && !spikes(k); z++) {
    e.block = by_state ? "zs" : "zp";
    e.of = place_of(k, NAI_MODEL_SIGNALS, z);
    e.all[0] = b->zs + z * b->n_states * b->slope_stride;
    e.all[1] = b->zp + z * b->n_ports * b->slope_stride;
    e.slope = e.all[!by_state] + index * b->slope_stride;
    e.function = k->sent;
    NAI__TRY(check_entry(k, &e));
  }
  return NAI_OK;
}

static nai_status check_slopes(check *k)
{
  NAI__TRY(run(k, NAI__HERE, k->state, k->port));
  NAI__TRY(find_slopes(k, 1));
  for (int64_t s = 0; s < k->g->cells->n_states; s++) NAI__TRY(check_place(k, NAI_MODEL_STATES, s));
  for (int64_t p = 0; p < k->g->cells->n_ports && k->step; p++)
    NAI__TRY(check_place(k, NAI_MODEL_PORTS, p));
  return NAI_OK;
}

/* --- the fused way back ----------------------------------------------------------------------- */

static nai_status compare_way(const check *k, int32_t list, int64_t index)
{
  int by_state = list == NAI_MODEL_STATES;
  float *const *way = by_state ? k->carry : k->error;
  place p = place_of(k, list, index);
  double size = 0;
  for (int compare = 0; compare < 2; compare++)
    for (int64_t row = 0; row < k->rows; row++)
      for (int64_t i = 0; i < k->g->units.n; i++) {
        int64_t at = row * p.stride + p.column + i;
        double fused = (double)way[0][at], made = (double)way[1][at];
        if (size < fabs(made)) size = fabs(made);
        if (!compare || fabs(fused - made) <= SHARE * fmax(fabs(made), 0.1 * size)) continue;
        return nai__fail(NAI_ERR_INVALID,
                         "backward of model '%.30s': %s of '%.24s' is %.6g, by the slopes %.6g, in "
                         "unit %lld of '%.24s' at step %lld",
                         k->g->cells->model->ops.name, by_state ? "carry" : "port_error", p.name,
                         fused, made, (long long)i, k->node->name, (long long)k->step);
      }
  return NAI_OK;
}

/* Both ways from the same errors. */
static nai_status check_backward(check *k)
{
  const nai__cells *c = k->g->cells;
  const nai_model_ops *ops = &c->model->ops;
  int64_t row = k->rows * k->net->ld_units, state = k->rows * k->net->ld_state;
  if (!ops->backward) return NAI_OK;
  NAI__TRY(find_slopes(k, 0));
  for (int way = 1; way >= 0; way--) {
    nai_unit_batch *b = &k->view.batch.shown;
    NAI__TRY(nai_random_normals(k->error[way], row, NAI__CHECK_SEED, 1000 + (uint64_t)k->step));
    NAI__TRY(nai_random_normals(k->carry[way], state, NAI__CHECK_SEED, 2000 + (uint64_t)k->step));
    for (int32_t i = 0; i < ops->n_signals; i++) k->view.error[i] = k->error[way] + c->signal[i];
    for (int32_t i = 0; i < ops->n_ports; i++) k->view.port_error[i] = k->error[way] + c->port[i];
    for (int32_t i = 0; i < ops->n_states; i++) k->view.carry[i] = k->carry[way] + c->state[i];
    b->error = k->view.error;
    b->port_error = k->view.port_error;
    b->carry = k->view.carry;
    if (way)
      nai__slopes_backward(c->model, b);
    else
      NAI__TRY(nai__model_call(c->model, ops->backward, b));
  }
  for (int64_t s = 0; s < c->n_states; s++) NAI__TRY(compare_way(k, NAI_MODEL_STATES, s));
  for (int64_t p = 0; p < c->n_ports; p++) NAI__TRY(compare_way(k, NAI_MODEL_PORTS, p));
  return NAI_OK;
}

/* --- a trajectory ----------------------------------------------------------------------------- */

/* What arrives at a port of a sign has it. */
static nai_status draw(check *k)
{
  const nai__cells *c = k->g->cells;
  const nai_model_ops *ops = &c->model->ops;
  int64_t ld = k->net->ld_units, row = k->rows * ld;
  NAI__TRY(nai_random_normals(k->port, row, NAI__CHECK_SEED, 2 * (uint64_t)k->step));
  NAI__TRY(nai_random_normals(k->normal, row, NAI__CHECK_SEED, 2 * (uint64_t)k->step + 1));
  for (int32_t p = 0; p < ops->n_ports; p++) {
    float sign = (float)nai__field_at(ops->ports, p)->sign;
    for (int64_t b = 0; b < k->rows && sign != 0; b++)
      for (int64_t i = 0; i < c->port_copies[p] * k->g->units.n; i++) {
        float *v = k->port + b * ld + c->port[p] + i;
        *v = sign * fabsf(*v);
      }
  }
  return NAI_OK;
}

static nai_status follow(check *k)
{
  const nai_network *net = k->net;
  const nai_model_ops *ops = &k->g->cells->model->ops;
  for (int64_t b = 0; b < k->rows; b++)
    nai__cells_start(k->g, k->state + b * net->ld_state, net->theta + net->unit_initial);
  if (ops->begin) {
    NAI__TRY(check_slopes(k));
    memcpy(k->state, k->next[NAI__HERE], (size_t)(k->rows * net->ld_state) * sizeof(float));
  }
  for (k->step = 1; k->step <= 1 + (NAI__CHECK_PROBES - 1) * NAI__CHECK_BETWEEN; k->step++) {
    NAI__TRY(draw(k));
    if ((k->step - 1) % NAI__CHECK_BETWEEN == 0) {
      NAI__TRY(check_slopes(k));
      NAI__TRY(check_backward(k));
    }
    NAI__TRY(run(k, NAI__HERE, k->state, k->port));
    memcpy(k->state, k->next[NAI__HERE], (size_t)(k->rows * net->ld_state) * sizeof(float));
  }
  return NAI_OK;
}

static const nai__segment *segment_of(const nai_network *net, const nai__node *node)
{
  for (int64_t s = 0; s < net->n_segments; s++)
    if (net->segment[s].node == node) return &net->segment[s];
  return NULL;
}

nai_status nai_network_check_model(const nai_network *net, const char *population)
{
  const nai__node *node;
  NAI__TRY(nai__require_built(net, "net"));
  NAI__TRY(nai__node_find(&node, net, NAI__KIND(NAI_POPULATIONS), population, "population"));
  if (!node->cells) return nai__rate_check(net, node);
  if (!node->cells->model->ops.slopes)
    return nai__fail(NAI_ERR_UNSUPPORTED, "'%s' is of model '%s', which has no slopes", node->name,
                     node->cells->model->ops.name);
  check k = {.net = net, .node = node, .g = segment_of(net, node)};
  k.rows = node->n < NAI__CHECK_COUNT ? NAI__CHECK_COUNT / node->n : 1;
  nai_status status = allocate(&k);
  if (status == NAI_OK) status = follow(&k);
  nai__free(k.memory);
  nai__free(k.slopes);
  return status;
}
