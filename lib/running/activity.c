/*
 * One time step: inputs, then stage by stage products, noise, leak and transfer, then outputs
 * (docs/equations.md, "Units").
 */
#include "activity.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/philox.h"
#include "../network/rate_units.h"
#include "events.h"
#include "meeting.h"
#include "move.h"
#include "parts.h"
#include "release.h"
#include "scaled.h"

/* --- outputs ------------------------------------------------------------------------------------ */

void nai__copy_outputs(float *out, const nai__activity *a, int64_t t, int64_t row, int64_t rows)
{
  const nai_network *net = a->net;
  const float *z = nai__output_at(a, t) + row * net->ld_outputs;
  for (int64_t b = 0; b < rows; b++)
    memcpy(out + b * net->n_outputs, z + b * net->ld_outputs, (size_t)net->n_outputs * sizeof *out);
}

/* --- perturbation ----------------------------------------------------------------------------- */

static void draw_normals(const nai__perturbation *p, const nai_network *net, uint32_t purpose,
                         uint64_t trial, int64_t t, float *out, int64_t n)
{
  net->kernels->normals(out, n, p->seed, purpose, trial, (uint32_t)t);
  for (int64_t u = 0; u < n; u++) out[u] *= p->size;
}

/*
 * Two words a unit: whether, and how far. What moves a current by d is d / alpha as an input; cells get d
 * itself, on their first ports.
 */
static void draw_rare(const nai__perturbation *p, const nai_network *net, uint64_t trial, int64_t t,
                      float *v)
{
  const float *alpha = net->unit;
  uint32_t word[4] = {0};
  for (int64_t u = 0; u < net->n_units; u++) {
    const uint32_t counter[4] = {(uint32_t)(u / 2), (uint32_t)t, (uint32_t)trial,
                                 ((uint32_t)(trial >> 32) & 0x00ffffff) |
                                     (uint32_t)NAI__FOR_PERTURBATION << 24};
    if (u % 2 == 0) nai__philox(word, counter, p->seed);
    double chance = (double)word[u % 2 * 2] * 0x1p-32,
           where = (double)word[u % 2 * 2 + 1] * 0x1p-32;
    v[u] = chance < (double)p->probability
               ? (float)((2 * where - 1) * (double)p->size / (double)alpha[u])
               : 0;
  }
  for (int64_t s = 0; s < net->n_segments && net->has_cells; s++) {
    const nai__segment *g = &net->segment[s];
    for (int64_t u = g->offset; u < g->offset + g->units.n && g->cells; u++) v[u] *= alpha[u];
  }
  memset(v + net->n_units, 0, (size_t)(net->n_columns - net->n_units) * sizeof *v);
}

void nai__perturb_units(const nai__perturbation *p, const nai_network *net, uint64_t trial,
                        int64_t t, float *v)
{
  const uint8_t *learns = net->plastic + net->unit_initial;
  if (p->probability > 0)
    draw_rare(p, net, trial, t, v);
  else
    draw_normals(p, net, NAI__FOR_PERTURBATION, trial, t, v, net->n_columns);
  for (int64_t u = 0; u < net->n_columns && t == 0; u++)
    if (u >= net->n_units || learns[u] == 0 || p->probability > 0) v[u] = 0;
}

void nai__perturb_outputs(const nai__perturbation *p, const nai_network *net, uint64_t trial,
                          int64_t t, float *z)
{
  if (p->probability > 0)
    memset(z, 0, (size_t)net->n_outputs * sizeof *z);
  else
    draw_normals(p, net, NAI__FOR_OUTPUT_PERTURBATION, trial, t, z, net->n_outputs);
}

/* NULL when there is none. */
static const nai__perturbation *perturbation_of(const nai__activity *a)
{
  return a->perturbation && a->perturbation->size != 0 ? a->perturbation : NULL;
}

/* --- scratch ---------------------------------------------------------------------------------- */

static int64_t scratch_row(const nai_network *net)
{
  return net->ld_units > net->ld_inputs ? net->ld_units : net->ld_inputs;
}

/*
 * Behind the index, as tables of scratch are in every trainer: two rows of senders and one of receivers for
 * products that are scaled, then [rows][ld_units] of what is added.
 */
static float *scaled_of(const nai__scratch *scratch, const nai_network *net)
{
  return (float *)(void *)(scratch->index + scratch_row(net) + 16);
}

static int64_t scaled_floats(const nai_network *net)
{
  return 2 * scratch_row(net) + (net->ld_units > net->ld_outputs ? net->ld_units : net->ld_outputs);
}

static float *added_of(const nai__scratch *scratch, const nai_network *net)
{
  return scaled_of(scratch, net) + scaled_floats(net);
}

nai_status nai__scratch_create(nai__scratch *out, const nai_network *net, int64_t rows)
{
  int64_t ld = scratch_row(net);
  out->v = NAI__ARRAY(float, rows *ld);
  out->xi = NAI__ARRAY(float, rows *ld);
  out->index = NAI__ARRAY(int32_t, ld + 16 + scaled_floats(net) + rows * ld);
  if (out->v && out->xi && out->index) return NAI_OK;
  nai__scratch_destroy(out);
  return NAI_ERR_MEMORY;
}

int64_t nai__scratch_bytes(const nai_network *net, int64_t rows)
{
  const int64_t ld = scratch_row(net);
  return (3 * rows * ld + ld + 16 + scaled_floats(net)) * (int64_t)sizeof(float);
}

void nai__scratch_destroy(nai__scratch *scratch)
{
  nai__free(scratch->v);
  nai__free(scratch->xi);
  nai__free(scratch->index);
  *scratch = (nai__scratch){NULL, NULL, NULL};
}

/* --- arrays ----------------------------------------------------------------------------------- */

nai__activity nai__activity_shape(const nai_network *net, int64_t trials, int before)
{
  return (nai__activity){.net = net,
                         .trials = trials,
                         .rate_slots = nai__rate_slots(net, 0),
                         .input_slots = nai__input_slots(net, 0),
                         .step_slots = 1,
                         .output_slots = 1,
                         .state_slots = nai__state_slots(net, before || net->n_releases)};
}

int64_t nai__activity_floats(const nai__activity *a)
{
  return a->rate_slots * nai__rate_floats(a, a->trials) + (a->narrower ? a->net->ld_units : 0) +
         a->trials *
             (3 * a->net->ld_units + (a->input_slots + 1) * a->net->ld_inputs +
              (a->output_slots + 1) * a->net->ld_outputs + a->state_slots * a->net->ld_state +
              (a->net->has_cells ? a->net->ld_units : 0));
}

void nai__activity_place(nai__activity *a, float *memory)
{
  const nai_network *net = a->net;
  a->rate = memory;
  a->x = a->rate + a->rate_slots * nai__rate_floats(a, a->trials);
  a->drive = a->x + a->trials * net->ld_units;
  a->noise = a->drive + a->trials * net->ld_units;
  a->input_noise = a->noise + a->trials * net->ld_units;
  a->input = a->input_noise + a->trials * net->ld_inputs;
  float *next = a->input + a->input_slots * a->trials * net->ld_inputs;
  if (net->has_cells) {
    a->received = next;
    a->state = a->received + a->trials * net->ld_units;
    next = a->state + a->state_slots * a->trials * net->ld_state;
  }
  if (a->narrower) {
    a->other = next;
    next += net->ld_units;
  }
  a->output = next; /* rows of outputs may be of any length */
  a->held = a->output + a->output_slots * a->trials * net->ld_outputs;
}

nai_status nai__activity_create(nai__activity *out, const nai_network *net, int64_t trials,
                                int before)
{
  *out = nai__activity_shape(net, trials, before);
  float *memory = NAI__ARRAY(float, nai__activity_floats(out));
  if (!memory) return NAI_ERR_MEMORY;
  nai__activity_place(out, memory);
  return NAI_OK;
}

void nai__activity_destroy(nai__activity *a)
{
  nai__free(a->rate);
  a->rate = a->drive = a->x = a->noise = a->input_noise = a->input = a->output = a->held = NULL;
  a->state = a->received = NULL;
}

/* --- beginning -------------------------------------------------------------------------------- */

static void begin_row(const nai__activity *a, int64_t trial, float *x, float *r)
{
  const nai_network *net = a->net;
  const nai__perturbation *perturbation = perturbation_of(a);
  const float *initial = net->theta + net->unit_initial;
  if (perturbation) {
    nai__perturb_units(perturbation, net, a->first + (uint64_t)trial, 0, x);
    for (int64_t u = 0; u < net->n_units; u++) x[u] += initial[u];
  } else {
    memcpy(x, initial, (size_t)net->n_units * sizeof *x);
  }
  for (int64_t s = 0; s < net->n_segments; s++) {
    const nai__segment *g = &net->segment[s];
    if (g->cells) continue;
    if (g->leak != NAI_LEAK_CURRENT)
      memcpy(r + g->offset, x + g->offset, (size_t)g->units.n * sizeof *r);
    else
      net->kernels->transfer(&g->units, r + g->offset, x + g->offset);
  }
}

/* Nothing is kept from before the first step, so that noise starts in its stationary distribution. */
static void begin_noise(float *noise, int64_t n)
{
  for (int64_t u = 0; u < n; u++) noise[u] = NAN;
}

/* On rates of one stage, r [rows][ld_units], at a step; nullable: where its other signals stand. */
static void impose(const nai__activity *a, int64_t stage, int64_t step, int64_t row, int64_t rows,
                   float *r, float *other)
{
  const nai_network *net = a->net;
  int64_t first = net->stage_first[stage], end = net->stage_first[stage + 1];
  for (int64_t b = 0; b < rows && a->clamp; b++)
    for (int64_t u = first; u < end; u++)
      if (!isnan(a->clamp[u])) r[b * net->ld_units + u] = a->clamp[u];
  if (a->schedule)
    nai__schedule_impose(a->schedule, stage, step, row, rows, r, other, net->n_units,
                         net->ld_units);
}

void nai__impose(const nai__activity *a, int64_t step, int64_t row, int64_t rows, float *r)
{
  const nai_network *net = a->net;
  memcpy(r, a->own + row * net->ld_units, (size_t)(rows * net->ld_units) * sizeof *r);
  for (int64_t stage = 0; stage < net->n_stages; stage++)
    impose(a, stage, step, row, rows, r, NULL);
}

/* At time 0 and before: what is sent there is the same. */
static void release_initial(nai__activity *a, int64_t row, int64_t rows)
{
  const nai_network *net = a->net;
  nai__release_again(a, 0, row, rows);
  for (int64_t t = 1 - net->max_delay; t < 0; t++)
    memcpy(nai__rate_slot(a, t) + row * net->ld_units, nai__rate_at(a, 0) + row * net->ld_units,
           (size_t)(rows * net->ld_units) * sizeof(float));
}

void nai__impose_initial(nai__activity *a, int64_t row, int64_t rows)
{
  const nai_network *net = a->net;
  int64_t at = row * net->ld_units;
  for (int64_t t = 1 - net->max_delay; t < 1 && a->own; t++) {
    float *r = nai__rate_slot(a, t) + at;
    memcpy(r, a->own + at, (size_t)nai__rate_floats(a, rows) * sizeof *r);
    if (a->other) memcpy(a->other, a->own, (size_t)net->ld_units * sizeof *r);
    for (int64_t stage = 0; stage < net->n_stages && a->schedule; stage++)
      nai__schedule_impose(a->schedule, stage, NAI__BEFORE_STEPS, row, rows, r, a->other,
                           net->n_units, net->ld_units);
  }
  if (a->own && net->n_releases) release_initial(a, row, rows);
}

void nai__begin(nai__activity *a, int64_t row, int64_t rows)
{
  const nai_network *net = a->net;
  assert(row >= 0 && row + rows <= a->trials);
  begin_noise(a->noise + row * net->ld_units, rows * net->ld_units);
  begin_noise(a->input_noise + row * net->ld_inputs, rows * net->ld_inputs);
  memset(a->held + row * net->ld_outputs, 0, (size_t)(rows * net->ld_outputs) * sizeof *a->held);
  for (int64_t b = row; b < row + rows; b++)
    begin_row(a, b, a->x + b * net->ld_units, nai__rate_slot(a, 0) + b * net->ld_units);
  for (int64_t s = 0; s < net->n_segments && net->has_cells; s++)
    if (net->segment[s].cells) nai__cells_begin(a, &net->segment[s], row, rows);
  nai__release_again(a, 0, row, rows);
  for (int64_t b = row; b < row + rows; b++) {
    const float *r = nai__rate_at(a, 0) + b * net->ld_units;
    for (int64_t t = 1 - net->max_delay; t < 0; t++)
      memcpy(nai__rate_slot(a, t) + b * net->ld_units, r,
             (size_t)(a->narrower ? net->n_units : net->n_columns) * sizeof *r);
    for (int64_t t = 1 - net->max_input_delay; t < 1; t++)
      memset(nai__input_slot(a, t) + b * net->ld_inputs, 0, (size_t)net->n_inputs * sizeof *r);
  }
  if (!a->own) return;
  if (a->other) memcpy(a->own, a->other, (size_t)net->ld_units * sizeof *a->own);
  memcpy(a->own + row * net->ld_units, nai__rate_slot(a, 0) + row * net->ld_units,
         (size_t)(a->other ? net->n_units : rows * net->ld_units) * sizeof *a->own);
  nai__impose_initial(a, row, rows);
}

/* --- noise ------------------------------------------------------------------------------------ */

/*
 * Ornstein-Uhlenbeck noise of variance 1, by its exact solution over a step: n xi, standard normal
 * variables, become n now, and are what is kept for the next step (Uhlenbeck & Ornstein 1930).
 */
static void colour(float *xi, float *noise, const float *kept, const float *fresh, int64_t n)
{
  for (int64_t u = 0; u < n; u++) {
    float past = noise[u];
    xi[u] = isnan(past) ? xi[u] : kept[u] * past + fresh[u] * xi[u];
    noise[u] = xi[u];
  }
}

static void draw_noise(const nai__activity *a, int64_t t, int64_t row, int64_t rows,
                       nai__scratch *scratch)
{
  const nai_network *net = a->net;
  if (!net->has_noise) return;
  net->kernels->normal_rows(scratch->xi, net->ld_units, rows, net->n_normals, a->seed,
                            NAI__FOR_NOISE, a->first + (uint64_t)row, (uint32_t)t);
  for (int64_t b = 0; b < rows && net->has_coloured_noise; b++)
    colour(scratch->xi + b * net->ld_units, a->noise + (row + b) * net->ld_units,
           net->unit + NAI__KEPT * net->ld_units, net->unit + NAI__NEW * net->ld_units,
           net->n_units);
}

/*
 * What is added after the leak. Where the transfer function comes after that it goes through the leak,
 * which takes alpha of it: the kernels have nothing between the two.
 */
static void draw_output_noise(const nai__activity *a, int64_t t, int64_t trial, float *added)
{
  const nai_network *net = a->net;
  const float *sd = net->unit + NAI__ADDED * net->ld_units, *alpha = net->unit;
  net->kernels->normals(added, net->n_units, a->seed, NAI__FOR_OUTPUT_NOISE,
                        a->first + (uint64_t)trial, (uint32_t)t);
  for (int64_t s = 0; s < net->n_segments; s++) {
    const nai__segment *g = &net->segment[s];
    for (int64_t u = g->offset; u < g->offset + g->units.n; u++)
      added[u] *= g->leak != NAI_LEAK_RATE && !g->cells ? sd[u] / alpha[u] : sd[u];
  }
}

static void draw_input_noise(const nai__activity *a, int64_t t, int64_t trial, float *xi)
{
  const nai_network *net = a->net;
  if (!net->has_input_noise) return;
  net->kernels->normals(xi, net->n_inputs, a->seed, NAI__FOR_INPUT_NOISE,
                        a->first + (uint64_t)trial, (uint32_t)t);
  if (net->has_coloured_input_noise)
    colour(xi, a->input_noise + trial * net->ld_inputs,
           net->channel + NAI__CHANNEL_KEPT * net->ld_inputs,
           net->channel + NAI__CHANNEL_NEW * net->ld_inputs, net->n_inputs);
}

/* --- inputs ----------------------------------------------------------------------------------- */

/* u = [baseline + task + noise], rectified or not, on every step (Song 2016). */
static void shape_inputs(const nai__activity *a, int64_t t, int64_t trial, float *u, float *xi)
{
  const nai_network *net = a->net;
  const float *noise = net->channel + NAI__CHANNEL_SIGMA * net->ld_inputs,
              *baseline = net->channel + NAI__BASELINES * net->ld_inputs,
              *rectify = net->channel + NAI__RECTIFIED * net->ld_inputs;
  draw_input_noise(a, t, trial, xi);
  for (int64_t c = 0; c < net->n_inputs; c++) {
    float value = u[c] + baseline[c] + (noise[c] != 0 ? noise[c] * xi[c] : 0);
    u[c] = rectify[c] != 0 && value < 0 ? 0 : value;
  }
}

static void take_inputs(nai__activity *a, int64_t t, int64_t row, int64_t rows, const float *inputs,
                        nai__scratch *scratch)
{
  const nai_network *net = a->net;
  size_t bytes = (size_t)net->n_inputs * sizeof *inputs;
  for (int64_t b = 0; b < rows; b++) {
    float *u = nai__input_slot(a, t) + (row + b) * net->ld_inputs;
    if (inputs)
      memcpy(u, inputs + b * net->n_inputs, bytes);
    else
      memset(u, 0, bytes);
    if (net->has_input_noise || net->has_input_shape) shape_inputs(a, t, row + b, u, scratch->xi);
  }
}

/* --- products from theta ---------------------------------------------------------------------- */

int nai__block_is_ready(const nai__block *block)
{
  return !block->from_input && !block->to_output && block->delay > 0;
}

/* Packed lists are older than theta here. */
static void add_listed(const nai_network *net, const nai__block *block, const float *source,
                       float *c)
{
  const nai__compressed *list = block->synapses;
  const float *w = net->theta + block->at.start;
  for (int64_t i = 0; i < list->n; i++)
    for (int64_t e = list->first[i]; e < list->first[i + 1]; e++)
      c[i] += w[e] * source[list->sender[e]];
}

void nai__add_product(const nai__activity *a, const nai__block *block, int64_t t, float *c)
{
  const nai_network *net = a->net;
  const float *source = nai__carried(a, block, t);
  if (block->is_shared) {
    nai__shared_product(net, block, c, source, 1);
    return;
  }
  if (block->is_listed) {
    add_listed(net, block, source, c);
    return;
  }
  net->kernels->add_dots(c, net->theta + block->at.start, block->at.stride, source, block->n_post,
                         block->n_pre);
}

/* --- products --------------------------------------------------------------------------------- */

/* 1 when synapses of the block are scaled in some of these trials at step t. */
static int is_scaled(const nai__activity *a, const nai__block *block, int64_t t, int64_t row,
                     int64_t rows)
{
  for (int64_t b = row; b < row + rows && a->schedule; b++)
    if (nai__scaled_now(a->schedule, block - a->net->block, t - 1, b)) return 1;
  return 0;
}

/* What arrives at time t. */
static void multiply_as_usual(const nai__activity *a, const nai__block *block, int64_t t,
                              int64_t row, int64_t rows, float *c, int64_t ldc, int accumulate,
                              nai__scratch *scratch)
{
  const nai_network *net = a->net;
  if (a->ready) {
    nai__add_product(a, block, t, c);
    return;
  }
  int64_t lda = nai__carried_stride(net, block);
  const float *source = nai__carried(a, block, t) + row * lda;
  if (rows == 1)
    nai__block_row(net, block, c, source, accumulate, scratch->index);
  else
    nai__block_product(net, block, c, ldc, source, lda, rows, accumulate);
}

/* What arrives at time `arrives`, in step t. */
static void multiply_scaled(const nai__activity *a, const nai__block *block, int64_t arrives,
                            int64_t t, int64_t trial, float *c, int accumulate,
                            nai__scratch *scratch)
{
  const nai_network *net = a->net;
  float *row = scaled_of(scratch, net), *before = row + 2 * scratch_row(net);
  const size_t bytes = (size_t)block->n_post * sizeof *c;
  nai__scaled s = {.net = net,
                   .schedule = a->schedule,
                   .block = block - net->block,
                   .step = t - 1,
                   .trial = trial,
                   .row = row,
                   .before = before,
                   .index = scratch->index,
                   .pool = a->events ? a->pool : NULL};
  if (!accumulate) memset(c, 0, bytes);
  if (nai__scales_rows(block)) {
    memcpy(before, c, bytes);
    multiply_as_usual(a, block, arrives, trial, 1, c, block->n_post, 1, scratch);
  }
  nai__scaled_product(&s, c,
                      nai__carried(a, block, arrives) + trial * nai__carried_stride(net, block));
}

static void multiply(const nai__activity *a, const nai__block *block, int64_t arrives, int64_t t,
                     int64_t row, int64_t rows, float *c, int64_t ldc, int accumulate,
                     nai__scratch *scratch)
{
  if (!is_scaled(a, block, t, row, rows)) {
    multiply_as_usual(a, block, arrives, row, rows, c, ldc, accumulate, scratch);
    return;
  }
  for (int64_t b = row; b < row + rows; b++, c += ldc)
    if (is_scaled(a, block, t, b, 1))
      multiply_scaled(a, block, arrives, t, b, c, accumulate, scratch);
    else
      multiply_as_usual(a, block, arrives, b, 1, c, ldc, accumulate, scratch);
}

static void clear_columns(float *v, int64_t ld, int64_t first, int64_t end, int64_t rows)
{
  for (int64_t b = 0; b < rows; b++)
    memset(v + b * ld + first, 0, (size_t)(end - first) * sizeof *v);
}

static void add_ready(const nai__activity *a, int64_t first, int64_t end, float *v, int accumulate)
{
  for (int64_t u = first; u < end; u++) v[u] = (accumulate ? v[u] : 0) + a->ready[u];
}

/* What units get from other units as these are now, whatever the delay, or as they were. */
enum { AS_SENT, AS_NOW };

static int64_t arrives(const nai__block *block, int64_t t, int when)
{
  return when == AS_NOW && !block->from_input ? t + block->delay : t;
}

/* Other ports: of a state that keeps what it receives there, but for those where nothing ever arrives. */
static void clear_ports(const nai__activity *a, int64_t stage, int64_t rows, float *v)
{
  const nai_network *net = a->net;
  if (a->step_slots > 1) {
    clear_columns(v, net->ld_units, net->other_first[stage], net->other_first[stage + 1], rows);
    return;
  }
  for (int64_t s = 0; s < net->n_segments; s++) {
    const nai__segment *g = &net->segment[s];
    if (g->stage != stage || !g->cells) continue;
    const uint32_t idle = nai__idle_ports(a, g);
    for (int32_t k = 1; k < g->cells->model->ops.n_ports; k++)
      if (!(idle >> k & 1))
        clear_columns(v, net->ld_units, g->cells->port[k],
                      g->cells->port[k] + g->cells->port_copies[k] * g->units.n, rows);
  }
}

/* What else a step gives to units of a stage: interventions. */
static void inject(const nai__activity *a, int64_t stage, int64_t t, int64_t row, int64_t rows,
                   float *v)
{
  const nai_network *net = a->net;
  if (a->schedule) nai__schedule_inject(a->schedule, stage, t - 1, row, rows, v, net->ld_units);
  for (int64_t b = 0; b < rows && a->inject; b++)
    for (int64_t u = net->stage_first[stage]; u < net->stage_first[stage + 1]; u++)
      v[b * net->ld_units + u] += a->inject[u];
}

/* 1 when what comes from units of steps before is there; not where it is scaled by now. */
static int is_ready(const nai__activity *a, int64_t stage, int64_t t)
{
  const nai_network *net = a->net;
  for (int64_t k = 0; k < net->n_blocks && a->ready && a->schedule; k++)
    if (net->block[k].to_stage == stage && nai__block_is_ready(&net->block[k]) &&
        is_scaled(a, &net->block[k], t, 0, 1))
      return 0;
  return a->ready != NULL;
}

/*
 * v [rows][ld_units] of one stage, biases apart: they are the transfer kernels' part. Added to what a
 * perturbation has written there. What comes along synapses by sender is not in it yet: whoever moves
 * units in parts adds that in parts.
 */
static void sum_inputs(const nai__activity *a, int64_t stage, int64_t t, int when, int64_t row,
                       int64_t rows, nai__scratch *scratch)
{
  const nai_network *net = a->net;
  int64_t first = net->stage_first[stage], end = net->stage_first[stage + 1];
  int accumulate = perturbation_of(a) != NULL;
  const int ready = is_ready(a, stage, t);
  if (ready) {
    add_ready(a, first, end, scratch->v, accumulate);
    accumulate = 1;
  }
  if (net->has_cells && !perturbation_of(a)) clear_ports(a, stage, rows, scratch->v);
  for (int64_t k = 0; k < net->n_blocks; k++) {
    const nai__block *block = &net->block[k];
    if (block->to_output || block->to_stage != stage || block->listing.fans) continue;
    if (ready && nai__block_is_ready(block)) continue;
    if (block->to_group) {
      multiply(a, block, arrives(block, t, when), t, row, rows, scratch->v + block->post,
               net->ld_units, 1, scratch);
      continue;
    }
    if (!accumulate && (block->post != first || block->post + block->n_post != end)) {
      clear_columns(scratch->v, net->ld_units, first, end, rows);
      accumulate = 1;
    }
    multiply(a, block, arrives(block, t, when), t, row, rows, scratch->v + block->post,
             net->ld_units, accumulate, scratch);
    accumulate = 1;
  }
  if (!accumulate) clear_columns(scratch->v, net->ld_units, first, end, rows);
  inject(a, stage, t, row, rows, scratch->v);
}

/*
 * After it: what comes along synapses by sender where some are scaled, whole, before units may move in
 * parts; the order of a trial's sums is then the same whether they do.
 */
static void sum_scaled_spikes(const nai__activity *a, int64_t stage, int64_t t, int when,
                              int64_t row, int64_t rows, nai__scratch *scratch)
{
  const nai_network *net = a->net;
  for (int64_t k = 0; k < net->n_blocks && a->schedule; k++) {
    const nai__block *block = &net->block[k];
    if (block->to_output || block->to_stage != stage || !block->listing.fans) continue;
    for (int64_t b = 0; b < rows; b++)
      if (is_scaled(a, block, t, row + b, 1))
        multiply_scaled(a, block, arrives(block, t, when), t, row + b,
                        scratch->v + b * net->ld_units + block->post, 1, scratch);
  }
}

/* All others. */
static void sum_spikes(const nai__activity *a, int64_t stage, int64_t t, int when, int64_t row,
                       int64_t rows, nai__scratch *scratch)
{
  const nai_network *net = a->net;
  for (int64_t k = 0; k < net->n_blocks; k++) {
    const nai__block *block = &net->block[k];
    if (block->to_output || block->to_stage != stage || !block->listing.fans) continue;
    if (is_ready(a, stage, t) && nai__block_is_ready(block)) continue;
    float *v = scratch->v + block->post;
    if (!is_scaled(a, block, t, row, rows))
      multiply_as_usual(a, block, arrives(block, t, when), row, rows, v, net->ld_units, 1, scratch);
    else
      for (int64_t b = 0; b < rows; b++)
        if (!is_scaled(a, block, t, row + b, 1))
          multiply_as_usual(a, block, arrives(block, t, when), row + b, 1, v + b * net->ld_units,
                            net->ld_units, 1, scratch);
  }
}

/* --- units ------------------------------------------------------------------------------------ */

static void add(float *sum, const float *x, int64_t n)
{
  for (int64_t u = 0; u < n; u++) sum[u] += x[u];
}

/* Before noise that goes with it. */
static void keep_taken(const nai__activity *a, const nai__segment *g, int64_t trial, const float *v)
{
  float *taken = a->taken + trial * a->net->ld_units + g->offset;
  for (int64_t i = 0; i < g->units.n; i++) taken[i] = v[i] + g->units.bias[i];
}

/* added: noise after the leak, or NULL. */
static void move_segment(nai__activity *a, const nai__segment *g, int64_t t, int64_t trial,
                         float *v, const float *xi, const float *added)
{
  const nai_network *net = a->net;
  int64_t at = trial * net->ld_units + g->offset;
  float *r = nai__rate_slot(a, t) + at;
  const float *before = (a->own ? a->own : nai__rate_at(a, t - 1)) + at;
  v += g->offset;
  xi += g->offset;
  if (a->taken) keep_taken(a, g, trial, v);
  if (added && g->leak != NAI_LEAK_RATE) add(v, added + g->offset, g->units.n);
  nai__rate_units_forward(net->kernels, &g->units, g->leak, a->x + at, r,
                          g->leak == NAI_LEAK_RATE ? nai__drive_slot(a, t) + at : NULL, before, v,
                          xi);
  if (added && g->leak == NAI_LEAK_RATE) add(r, added + g->offset, g->units.n);
  if (a->current && g->leak == NAI_LEAK_CURRENT)
    memcpy(nai__current_slot(a, t) + at, a->x + at, (size_t)g->units.n * sizeof *r);
  if (a->own) memcpy(a->own + at, r, (size_t)g->units.n * sizeof *r);
}

static void move_cells(nai__activity *a, const nai__segment *g, int64_t t, int64_t row,
                       int64_t rows, const nai__scratch *scratch, int32_t again)
{
  nai__rate_slot(a, t); /* it will be written */
  nai__cells_moved moved = nai__cells_move(a, g, t, row, rows, scratch->v, scratch->xi);
  moved.again = again;
  nai__cells_step(&moved, 0, g->units.n);
}

/* in_parts: 1 where the cells of the stage have moved already. */
static void move_units(nai__activity *a, int64_t stage, int64_t t, int64_t row, int64_t rows,
                       nai__scratch *scratch, int in_parts)
{
  const nai_network *net = a->net;
  const int asks = nai__rates_are_far(a) && nai__rate_slot_number(a, t) + 1 < a->rate_slots;
  const float *const next = asks ? nai__rate_slot(a, t) + a->trials * net->ld_units : NULL;
  for (int64_t b = 0; b < rows; b++) {
    if (asks)
      nai__ask_for(next + (row + b) * net->ld_units, net->stage_first[stage],
                   net->stage_first[stage + 1]);
    for (int64_t s = 0; s < net->n_segments; s++)
      if (net->segment[s].stage == stage && !net->segment[s].cells)
        move_segment(a, &net->segment[s], t, row + b, scratch->v + b * net->ld_units,
                     scratch->xi + b * net->ld_units,
                     net->has_output_noise ? added_of(scratch, net) + b * net->ld_units : NULL);
  }
  for (int64_t s = 0; s < net->n_segments && net->has_cells && !in_parts; s++)
    if (net->segment[s].stage == stage && net->segment[s].cells)
      move_cells(a, &net->segment[s], t, row, rows, scratch, 0);
  if (a->own)
    impose(a, stage, t - 1, row, rows, nai__rate_slot(a, t) + row * net->ld_units, a->other);
  for (int64_t k = 0; k < net->n_releases; k++)
    if (net->release[k].segment.stage == stage)
      nai__release_step(a, &net->release[k], t, row, rows);
}

/* Before anything is added: all stages. */
static void perturb(const nai__activity *a, int64_t t, int64_t row, int64_t rows,
                    nai__scratch *scratch)
{
  const nai__perturbation *perturbation = perturbation_of(a);
  for (int64_t b = 0; b < rows && perturbation; b++)
    nai__perturb_units(perturbation, a->net, a->first + (uint64_t)(row + b), t,
                       scratch->v + b * a->net->ld_units);
}

static void perturb_outputs(const nai__activity *a, int64_t t, int64_t trial, float *z)
{
  const nai_network *net = a->net;
  const float *bias = net->theta + net->output_bias;
  nai__perturb_outputs(a->perturbation, net, a->first + (uint64_t)trial, t, z);
  for (int64_t u = 0; u < net->n_outputs; u++) z[u] += bias[u];
}

/* What outputs hold, before they receive what comes at this step. */
static void fade(const nai_network *net, float *held, int64_t rows)
{
  const float *kept = net->readout + NAI__READOUT_KEPT * net->ld_outputs;
  for (int64_t b = 0; b < rows; b++, held += net->ld_outputs)
    for (int64_t u = 0; u < net->n_outputs; u++) held[u] = kept[u] != 0 ? kept[u] * held[u] : 0;
}

static void add_held(const nai_network *net, float *z, const float *held, int64_t rows)
{
  const float *gain = net->readout + NAI__READOUT_GAINS * net->ld_outputs;
  for (int64_t b = 0; b < rows; b++, z += net->ld_outputs, held += net->ld_outputs)
    for (int64_t u = 0; u < net->n_outputs; u++) z[u] += gain[u] * held[u];
}

void nai__read_out(nai__activity *a, int64_t t, int64_t row, int64_t rows, nai__scratch *scratch)
{
  const nai_network *net = a->net;
  float *z = nai__output_slot(a, t) + row * net->ld_outputs, *sum = z;
  const float *bias = net->theta + net->output_bias;
  if (net->has_output_memory) {
    sum = a->held + row * net->ld_outputs;
    fade(net, sum, rows);
  }
  for (int64_t b = 0; b < rows; b++)
    if (perturbation_of(a))
      perturb_outputs(a, t, row + b, z + b * net->ld_outputs);
    else
      memcpy(z + b * net->ld_outputs, bias, (size_t)net->n_outputs * sizeof *z);
  for (int64_t k = 0; k < net->n_blocks; k++) {
    const nai__block *block = &net->block[k];
    if (block->to_output)
      multiply(a, block, t, t, row, rows, sum + block->post, net->ld_outputs, 1, scratch);
  }
  if (net->has_output_memory) add_held(net, z, sum, rows);
}

void nai__advance(nai__activity *a, int64_t t, int64_t row, int64_t rows, const float *inputs,
                  nai__scratch *scratch)
{
  const nai_network *net = a->net;
  nai__scratch own = *scratch;
  assert(row >= 0 && rows >= 1 && row + rows <= a->trials);
  assert(!a->ready || rows == 1);
  if (net->has_cells) /* where it is kept, so that it need not be copied */
    own.v = nai__received_slot(a, t) + row * net->ld_units;
  if (net->n_inputs) take_inputs(a, t, row, rows, inputs, scratch);
  draw_noise(a, t, row, rows, scratch);
  for (int64_t b = 0; b < rows && net->has_output_noise; b++)
    draw_output_noise(a, t, row + b, added_of(scratch, net) + b * net->ld_units);
  perturb(a, t, row, rows, &own);
  for (int64_t stage = 0; stage < net->n_stages; stage++) {
    sum_inputs(a, stage, t, AS_SENT, row, rows, &own);
    sum_scaled_spikes(a, stage, t, AS_SENT, row, rows, &own);
    const int in_parts = a->events && nai__parts_step(a, stage, t, &own);
    if (!in_parts) sum_spikes(a, stage, t, AS_SENT, row, rows, &own);
    move_units(a, stage, t, row, rows, &own, in_parts);
  }
  if (net->n_outputs && !nai__meets_later(a)) nai__read_out(a, t, row, rows, scratch);
}

/* In place of sum_inputs(): what first ports received at step t, biases among it, and others get by now. */
static void sum_others(const nai__activity *a, const nai__segment *g, int64_t t, int64_t row,
                       int64_t rows, nai__scratch *scratch)
{
  const nai_network *net = a->net;
  const float *received = nai__received_at(a, t) + row * net->ld_units + g->cells->port[0];
  const size_t bytes = (size_t)(g->cells->port_copies[0] * g->units.n) * sizeof *received;
  for (int64_t b = 0; b < rows * net->ld_units; b += net->ld_units)
    memcpy(scratch->v + b + g->cells->port[0], received + b, bytes);
  clear_ports(a, g->stage, rows, scratch->v);
  for (int64_t k = 0; k < net->n_blocks; k++) {
    const nai__block *block = &net->block[k];
    if (block->to_stage == g->stage && block->to_group && !block->listing.fans)
      multiply(a, block, arrives(block, t, AS_NOW), t, row, rows, scratch->v + block->post,
               net->ld_units, 1, scratch);
  }
}

void nai__advance_again(nai__activity *a, const nai__segment *g, int others, int64_t t, int64_t row,
                        int64_t rows, nai__scratch *scratch)
{
  assert(g->cells && !a->ready && !perturbation_of(a));
  const int again = others && !a->schedule && !a->inject;
  if (again)
    sum_others(a, g, t, row, rows, scratch);
  else
    sum_inputs(a, g->stage, t, AS_NOW, row, rows, scratch);
  sum_scaled_spikes(a, g->stage, t, AS_NOW, row, rows, scratch);
  sum_spikes(a, g->stage, t, AS_NOW, row, rows, scratch);
  move_cells(a, g, t, row, rows, scratch, again);
}

nai_status nai__first_check(uint64_t first, int64_t trials)
{
  if (first <= ((uint64_t)1 << 56) - (uint64_t)trials) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID, "first is %llu, must be at most 2^56 less the number of trials",
                   (unsigned long long)first);
}
