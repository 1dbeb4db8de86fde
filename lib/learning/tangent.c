/* One step of tangents along a trial, and what they say of J. */
#include "tangent.h"

#include <assert.h>
#include <string.h>

#include "../base/memory.h"
#include "../running/release.h"
#include "../units/slopes.h"
#include "slopes.h"

/* --- memory ----------------------------------------------------------------------------------- */

/* Floats of the slopes of one run of cells in one trial. */
static int64_t slopes_of(const nai__segment *g)
{
  const nai__cells *c = g->cells;
  return nai__slopes_floats(c->n_states, c->n_ports, c->model->ops.n_signals, g->units.n);
}

static int64_t all_slopes(const nai_network *net)
{
  int64_t floats = 0;
  for (int64_t s = 0; s < net->n_segments; s++)
    if (net->segment[s].cells) floats += slopes_of(&net->segment[s]);
  for (int64_t k = 0; k < net->n_releases; k++) floats += slopes_of(&net->release[k].segment);
  return floats;
}

nai_status nai__tangent_create(nai__tangent *out, const nai_network *net, int64_t rows)
{
  *out = (nai__tangent){.net = net, .room = rows};
  out->rate = NAI__ARRAY(float, (net->max_delay + 1) * rows * net->ld_units + 64);
  out->x = NAI__ARRAY(float, rows * net->ld_units + 64);
  out->v = NAI__ARRAY(float, rows * net->ld_units + 64);
  out->output = NAI__ARRAY(float, rows * net->ld_outputs + 64);
  out->slope = NAI__ARRAY(float, 4 * net->ld_units);
  out->state = NAI__ARRAY(float, rows * net->ld_state + 64);
  out->slopes = NAI__ARRAY(float, all_slopes(net) + 1);
  if (!out->rate || !out->x || !out->v || !out->output || !out->slope || !out->state ||
      !out->slopes) {
    nai__tangent_destroy(out);
    return NAI_ERR_MEMORY;
  }
  out->one = out->slope + net->ld_units;
  out->zero = out->one + net->ld_units;
  out->spare = out->zero + net->ld_units;
  for (int64_t u = 0; u < net->ld_units; u++) out->one[u] = 1;
  return NAI_OK;
}

int64_t nai__tangent_bytes(const nai_network *net, int64_t rows)
{
  return rows * ((net->max_delay + 3) * net->ld_units + net->ld_outputs) * (int64_t)sizeof(float);
}

void nai__tangent_destroy(nai__tangent *tangent)
{
  nai__free(tangent->rate);
  nai__free(tangent->x);
  nai__free(tangent->v);
  nai__free(tangent->output);
  nai__free(tangent->slope);
  nai__free(tangent->state);
  nai__free(tangent->slopes);
  *tangent = (nai__tangent){.net = NULL};
}

float *nai__tangent_rate(const nai__tangent *tangent, int64_t t)
{
  const nai_network *net = tangent->net;
  int64_t slots = net->max_delay + 1;
  return tangent->rate + (t + net->max_delay) % slots * tangent->room * net->ld_units;
}

void nai__tangent_clear(nai__tangent *tangent, int64_t rows)
{
  const nai_network *net = tangent->net;
  size_t bytes = (size_t)(rows * net->ld_units) * sizeof(float);
  assert(rows >= 1 && rows <= tangent->room);
  tangent->rows = rows;
  memset(tangent->x, 0, bytes);
  memset(tangent->state, 0, (size_t)(rows * net->ld_state) * sizeof(float));
  for (int64_t t = -net->max_delay; t <= 0; t++) memset(nai__tangent_rate(tangent, t), 0, bytes);
}

/* --- slopes ----------------------------------------------------------------------------------- */

static void find_slopes(const nai__tangent *tangent, const nai__pass *pass, int64_t trial,
                        int64_t t)
{
  const nai_network *net = tangent->net;
  memcpy(tangent->slope, tangent->one, (size_t)net->n_units * sizeof(float));
  for (int64_t s = 0; s < net->n_segments; s++) {
    const nai__segment *g = &net->segment[s];
    if (g->cells || (g->leak != NAI_LEAK_CURRENT && t == 0)) continue;
    const float *value = g->leak == NAI_LEAK_RATE ? nai__drive_at(pass->activity, t)
                                                  : nai__rate_at(pass->activity, t);
    nai__slopes(net, g->units, g->leak, tangent->one, tangent->slope + g->offset,
                tangent->spare + g->offset, value + trial * net->ld_units + g->offset);
  }
}

/* --- cells ------------------------------------------------------------------------------------ */

/* Where the slopes of a run stand. */
static float *slopes_at(const nai__tangent *tangent, const nai__segment *g)
{
  float *at = tangent->slopes;
  for (const nai__segment *other = tangent->net->segment; other < g; other++)
    if (other->cells) at += slopes_of(other);
  return at;
}

/* Behind those of all runs. */
static float *release_slopes_at(const nai__tangent *tangent, const nai__release *release)
{
  const nai_network *net = tangent->net;
  float *at = slopes_at(tangent, net->segment + net->n_segments);
  for (const nai__release *other = net->release; other < release; other++)
    at += slopes_of(&other->segment);
  return at;
}

static void find_cell_slopes(nai__tangent *tangent, const nai__pass *pass, int64_t trial, int64_t t)
{
  const nai_network *net = tangent->net;
  nai__cells_view view;
  for (int64_t s = 0; s < net->n_segments && net->has_cells; s++) {
    const nai__segment *g = &net->segment[s];
    if (!g->cells) continue;
    nai__failure_note(&tangent->failed, nai__cells_slopes(&view, pass->activity, g, t, trial, 1,
                                                          slopes_at(tangent, g)));
  }
}

static void find_release_slopes(const nai__tangent *tangent, const nai__pass *pass, int64_t trial,
                                int64_t t)
{
  nai__cells_view view;
  for (int64_t k = 0; k < tangent->net->n_releases; k++) {
    const nai__release *release = &tangent->net->release[k];
    nai__release_slopes(&view, pass->activity, release, t, trial, 1,
                        release_slopes_at(tangent, release));
  }
}

/* What nai__cells_slopes() left in memory, again. */
static void show_slopes(nai__cells_view *view, const nai__tangent *tangent, const nai__segment *g,
                        float *memory)
{
  const nai__cells *c = g->cells;
  nai_unit_batch *b = &view->batch.shown;
  nai__cells_open(view, tangent->net, g, 1);
  b->slope_stride = b->n;
  b->ss = memory;
  b->sp = b->ss + c->n_states * c->n_states * b->n;
  b->zs = b->sp + c->n_states * c->n_ports * b->n;
  b->zp = b->zs + c->model->ops.n_signals * c->n_states * b->n;
}

void nai__tangent_slopes(nai__cells_view *view, const nai__tangent *tangent, const nai__segment *g)
{
  show_slopes(view, tangent, g, slopes_at(tangent, g));
}

static void move_cells(const nai__tangent *tangent, const nai__segment *g, int64_t t)
{
  nai__cells_view slopes, tangents;
  show_slopes(&slopes, tangent, g, slopes_at(tangent, g));
  nai__cells_open(&tangents, tangent->net, g, tangent->rows);
  nai__cells_show(&tangents, g, tangent->v, tangent->state, nai__tangent_rate(tangent, t));
  nai__slopes_forward(g->cells->model, &slopes.batch.shown, &tangents.batch.shown);
}

/* What is released at time t, of a stage whose units have moved. */
static void move_releases(const nai__tangent *tangent, int64_t stage, int64_t t)
{
  const nai_network *net = tangent->net;
  float *sent = nai__tangent_rate(tangent, t);
  for (int64_t k = 0; k < net->n_releases; k++) {
    const nai__release *release = &net->release[k];
    const nai__segment *g = &release->segment;
    nai__cells_view slopes, tangents;
    if (g->stage != stage) continue;
    show_slopes(&slopes, tangent, g, release_slopes_at(tangent, release));
    nai__cells_open(&tangents, net, g, tangent->rows);
    nai__cells_show(&tangents, g, sent, tangent->state, sent);
    nai__slopes_forward(g->cells->model, &slopes.batch.shown, &tangents.batch.shown);
  }
}

/* Signals at time 0, from the first state, which x moved. */
static void begin_cells(nai__tangent *tangent, const nai__pass *pass, const nai__segment *g,
                        int64_t trial)
{
  const nai_network *net = tangent->net;
  const nai__cells *c = g->cells;
  nai__cells_view view;
  float *now = nai__tangent_rate(tangent, 0);
  nai__failure_note(&tangent->failed, nai__cells_slopes_start(&view, pass->activity, g, trial, 1,
                                                              slopes_at(tangent, g)));
  const nai_unit_batch *b = &view.batch.shown;
  for (int64_t i = 0; i < tangent->rows && c->n_states; i++)
    for (int64_t u = 0; u < b->n; u++) {
      float dx = tangent->x[i * net->ld_units + g->offset + u];
      tangent->state[i * net->ld_state + c->state[0] + u] = dx;
      for (int32_t z = 0; z < c->model->ops.n_signals; z++)
        now[i * net->ld_units + c->signal[z] + u] =
            b->zs[z * c->n_states * b->slope_stride + u] * dx;
    }
}

/* --- beginning -------------------------------------------------------------------------------- */

/* Before the first step a rate that leaks is the initial state itself: its slope stays 1. */
void nai__tangent_begin(nai__tangent *tangent, const nai__pass *pass, int64_t trial)
{
  const nai_network *net = tangent->net;
  float *now = nai__tangent_rate(tangent, 0);
  find_slopes(tangent, pass, trial, 0);
  for (int64_t i = 0; i < tangent->rows; i++)
    for (int64_t u = 0; u < net->n_units; u++)
      now[i * net->ld_units + u] = tangent->slope[u] * tangent->x[i * net->ld_units + u];
  for (int64_t s = 0; s < net->n_segments && net->has_cells; s++)
    if (net->segment[s].cells) begin_cells(tangent, pass, &net->segment[s], trial);
  find_release_slopes(tangent, pass, trial, 0);
  for (int64_t stage = 0; stage < net->n_stages; stage++) move_releases(tangent, stage, 0);
  for (int64_t t = 1 - net->max_delay; t < 0; t++)
    memcpy(nai__tangent_rate(tangent, t), now,
           (size_t)(tangent->rows * net->ld_units) * sizeof *now);
}

/* --- a step ----------------------------------------------------------------------------------- */

void nai__tangent_open(nai__tangent *tangent, const nai__pass *pass, int64_t trial, int64_t t)
{
  find_slopes(tangent, pass, trial, t);
  find_cell_slopes(tangent, pass, trial, t);
  find_release_slopes(tangent, pass, trial, t);
  memset(tangent->v, 0, (size_t)(tangent->rows * tangent->net->ld_units) * sizeof(float));
}

static void multiply(const nai__tangent *tangent, const nai__block *b, int64_t t, float *c,
                     int64_t ldc)
{
  const nai_network *net = tangent->net;
  const float *source = nai__tangent_rate(tangent, t - b->delay) + b->pre;
  nai__block_product(net, b, c + b->post, ldc, source, net->ld_units, tangent->rows, 1);
}

static void move_segment(const nai__tangent *tangent, const nai__segment *g, int64_t t)
{
  const nai_network *net = tangent->net;
  nai__units units = {.n = g->units.n,
                      .transfer = NAI__LINEAR,
                      .alpha = g->units.alpha,
                      .bias = tangent->zero,
                      .gain = tangent->slope + g->offset};
  float *now = nai__tangent_rate(tangent, t) + g->offset;
  const float *before = nai__tangent_rate(tangent, t - 1) + g->offset;
  for (int64_t i = 0; i < tangent->rows; i++) {
    int64_t at = i * net->ld_units;
    const float *v = tangent->v + g->offset + at;
    float *x = tangent->x + g->offset + at;
    if (g->leak == NAI_LEAK_WHOLE) memcpy(x, before + at, (size_t)units.n * sizeof *x);
    if (g->leak == NAI_LEAK_RATE)
      net->kernels->rate_forward(&units, now + at, tangent->spare, before + at, v, NULL);
    else
      net->kernels->current_forward(&units, x, now + at, v, NULL);
  }
}

void nai__tangent_step(nai__tangent *tangent, int64_t t)
{
  const nai_network *net = tangent->net;
  for (int64_t stage = 0; stage < net->n_stages; stage++) {
    for (int64_t k = 0; k < net->n_blocks; k++) {
      const nai__block *b = &net->block[k];
      if (!b->from_input && !b->to_output && b->to_stage == stage)
        multiply(tangent, b, t, tangent->v, net->ld_units);
    }
    for (int64_t s = 0; s < net->n_segments; s++)
      if (net->segment[s].stage == stage && !net->segment[s].cells)
        move_segment(tangent, &net->segment[s], t);
      else if (net->segment[s].stage == stage)
        move_cells(tangent, &net->segment[s], t);
    move_releases(tangent, stage, t);
  }
}

/* --- what it does to J ------------------------------------------------------------------------ */

static const float *output_gradient(const nai__pass *pass, int64_t trial, int64_t t)
{
  return pass->output_gradient + ((t - 1) * pass->trials + trial) * pass->net->ld_outputs;
}

static const float *rate_gradient(const nai__pass *pass, int64_t trial, int64_t t)
{
  return pass->signal + ((t - 1) * pass->trials + trial) * pass->net->ld_units;
}

/* 1 when costs on rates have a gradient in pass->signal. */
static int has_rate_gradient(const nai__pass *pass)
{
  return pass->has_signal || pass->rate_signal;
}

static int any(const float *x, int64_t n)
{
  for (int64_t i = 0; i < n; i++)
    if (x[i] != 0) return 1;
  return 0;
}

int64_t nai__last_step(const nai__pass *pass, int64_t trial)
{
  const nai_network *net = pass->net;
  int64_t t = pass->steps;
  for (; t > 0; t--)
    if (any(output_gradient(pass, trial, t), net->n_outputs) ||
        (has_rate_gradient(pass) && any(rate_gradient(pass, trial, t), net->n_units)))
      break;
  return t;
}

/* Four chains, for the vectoriser. */
static double dot(const float *a, const float *b, int64_t n)
{
  double chain[4] = {0};
  int64_t i = 0;
  for (; i + 4 <= n; i += 4)
    for (int c = 0; c < 4; c++) chain[c] += (double)a[i + c] * (double)b[i + c];
  for (; i < n; i++) chain[0] += (double)a[i] * (double)b[i];
  return (chain[0] + chain[1]) + (chain[2] + chain[3]);
}

void nai__tangent_gain(nai__tangent *tangent, const nai__pass *pass, int64_t trial, int64_t t,
                       double *sum)
{
  const nai_network *net = tangent->net;
  const float *dz = output_gradient(pass, trial, t);
  if (any(dz, net->n_outputs)) {
    memset(tangent->output, 0, (size_t)(tangent->rows * net->ld_outputs) * sizeof(float));
    for (int64_t k = 0; k < net->n_blocks; k++)
      if (net->block[k].to_output)
        multiply(tangent, &net->block[k], t, tangent->output, net->ld_outputs);
    for (int64_t i = 0; i < tangent->rows; i++)
      sum[i] += dot(dz, tangent->output + i * net->ld_outputs, net->n_outputs);
  }
  if (!has_rate_gradient(pass)) return;
  const float *dr = rate_gradient(pass, trial, t);
  if (!any(dr, net->n_units)) return;
  for (int64_t i = 0; i < tangent->rows; i++)
    sum[i] += dot(dr, nai__tangent_rate(tangent, t) + i * net->ld_units, net->n_units);
}
