/*
 * Backpropagation through time: the exact gradient of the discrete equations (design.md, section
 * 4). Trials are walked backwards in groups of rows, each group by one thread from the last step to
 * the first; then one product a block turns errors into weight gradients.
 */
#include <string.h>

#include "rule.h"

/* Rows of trials row .. row + rows - 1 at step t, and where a group keeps its bias sums. */
typedef struct group {
  nai__pass *pass;
  int64_t row, rows;
  double *unit_bias, *output_bias, *unit_initial;
} group;

static float *signal_at(const group *g, int64_t t)
{
  return g->pass->signal + ((t - 1) * g->pass->trials + g->row) * g->pass->net->ld_units;
}

static const float *output_gradient_at(const group *g, int64_t t)
{
  return g->pass->output_gradient + ((t - 1) * g->pass->trials + g->row) * g->pass->net->ld_outputs;
}

/* --- dJ/dr of one stage at one step ----------------------------------------------------------- */

/* g += W^T (error of what this block drives, `delay` steps later). */
static void pull(const group *g, const nai__block *block, int64_t t, int accumulate)
{
  const nai_network *net = g->pass->net;
  const float *error =
      block->to_output ? output_gradient_at(g, t + block->delay) : signal_at(g, t + block->delay);
  int64_t lde = block->to_output ? net->ld_outputs : net->ld_units;
  net->kernels->product(signal_at(g, t) + block->pre, net->ld_units, error + block->post, lde,
                        block->backward, g->rows, block->n_post, block->n_pre, accumulate);
}

static void clear(const group *g, int64_t t, int64_t first, int64_t end)
{
  float *signal = signal_at(g, t);
  for (int64_t b = 0; b < g->rows; b++)
    memset(signal + b * g->pass->net->ld_units + first, 0, (size_t)(end - first) * sizeof *signal);
}

static void collect(const group *g, int64_t t, int64_t stage)
{
  const nai__pass *pass = g->pass;
  const nai_network *net = pass->net;
  int64_t first = net->stage_first[stage], end = net->stage_first[stage + 1];
  int written = pass->has_signal;
  for (int64_t k = 0; k < net->n_blocks; k++) {
    const nai__block *block = &net->block[k];
    if (block->from_input || block->from_stage != stage || t + block->delay > pass->steps) continue;
    if (!written && (block->pre != first || block->pre + block->n_pre != end)) {
      clear(g, t, first, end);
      written = 1;
    }
    pull(g, block, t, written);
    written = 1;
  }
  if (!written) clear(g, t, first, end);
  if (pass->rate_signal)
    pass->rate_signal(pass->user, t, g->row, g->rows, first, end, signal_at(g, t));
}

/* --- through the units ------------------------------------------------------------------------ */

static void through_units(const group *g, int64_t t, int64_t stage)
{
  const nai__pass *pass = g->pass;
  const nai_network *net = pass->net;
  const float *rate = nai__rate_at(pass->activity, t) + g->row * net->ld_units;
  const float *drive =
      pass->activity->drive ? nai__drive_at(pass->activity, t) + g->row * net->ld_units : NULL;
  for (int64_t b = 0; b < g->rows; b++)
    for (int64_t s = 0; s < net->n_segments; s++) {
      const nai__segment *segment = &net->segment[s];
      if (segment->stage != stage) continue;
      int64_t at = b * net->ld_units + segment->offset;
      float *signal = signal_at(g, t) + at, *carry = pass->carry + g->row * net->ld_units + at;
      if (segment->leak == NAI_LEAK_CURRENT)
        net->kernels->current_backward(&segment->units, signal, carry, rate + at);
      else
        net->kernels->rate_backward(&segment->units, signal, carry, drive + at);
    }
}

/* Single precision within a step, double across steps. */
static void add_rows(double *sum, const float *error, int64_t n, int64_t ld, int64_t rows)
{
  float step[64];
  for (int64_t first = 0; first < n; first += 64) {
    int64_t count = n - first < 64 ? n - first : 64;
    memset(step, 0, sizeof step);
    for (int64_t b = 0; b < rows; b++)
      for (int64_t u = 0; u < count; u++) step[u] += error[b * ld + first + u];
    for (int64_t u = 0; u < count; u++) sum[first + u] += (double)step[u];
  }
}

/* --- the initial state ------------------------------------------------------------------------ */

static float *start_of(const group *g)
{
  return g->pass->start + g->row * g->pass->net->ld_units;
}

static int initial_learns(const nai_network *net)
{
  const float *plastic = net->plastic + net->unit_initial;
  for (int64_t u = 0; u < net->n_units; u++)
    if (plastic[u] != 0) return 1;
  return 0;
}

/* dJ/dr of all times before the first step: the rates there are the initial ones. */
static void collect_start(const group *g)
{
  const nai__pass *pass = g->pass;
  const nai_network *net = pass->net;
  memset(start_of(g), 0, (size_t)(g->rows * net->ld_units) * sizeof(float));
  for (int64_t k = 0; k < net->n_blocks; k++) {
    const nai__block *b = &net->block[k];
    for (int64_t t = 1; t <= b->delay && t <= pass->steps && !b->from_input; t++) {
      const float *error = b->to_output ? output_gradient_at(g, t) : signal_at(g, t);
      int64_t lde = b->to_output ? net->ld_outputs : net->ld_units;
      net->kernels->product(start_of(g) + b->pre, net->ld_units, error + b->post, lde, b->backward,
                            g->rows, b->n_post, b->n_pre, 1);
    }
  }
}

/* On to x_0 where the leak is on the current, and the leak's own path. */
static void through_start(const group *g)
{
  const nai_network *net = g->pass->net;
  const float *rate = nai__rate_at(g->pass->activity, 0) + g->row * net->ld_units;
  for (int64_t b = 0; b < g->rows; b++)
    for (int64_t s = 0; s < net->n_segments; s++) {
      const nai__segment *segment = &net->segment[s];
      int64_t at = b * net->ld_units + segment->offset;
      float *start = start_of(g) + at, *carry = g->pass->carry + g->row * net->ld_units + at;
      if (segment->leak == NAI_LEAK_CURRENT) {
        net->kernels->current_backward(&segment->units, start, carry, rate + at);
        for (int64_t u = 0; u < segment->units.n; u++) start[u] /= segment->units.alpha[u];
      } else {
        for (int64_t u = 0; u < segment->units.n; u++) start[u] += carry[u];
      }
    }
}

/* --- a group of trials, then all -------------------------------------------------------------- */

static void walk_back(void *argument, int64_t task, int32_t thread)
{
  (void)thread;
  nai__pass *pass = argument;
  const nai_network *net = pass->net;
  group g = {.pass = pass, .row = task * pass->rows};
  g.rows = pass->trials - g.row < pass->rows ? pass->trials - g.row : pass->rows;
  g.unit_bias = pass->bias_sum + task * nai__numbers_width(net);
  g.output_bias = g.unit_bias + net->ld_units;
  g.unit_initial = g.output_bias + net->ld_outputs;
  memset(g.unit_bias, 0, (size_t)nai__numbers_width(net) * sizeof *g.unit_bias);
  memset(pass->carry + g.row * net->ld_units, 0,
         (size_t)(g.rows * net->ld_units) * sizeof *pass->carry);
  for (int64_t t = pass->steps; t >= 1; t--) {
    for (int64_t stage = net->n_stages - 1; stage >= 0; stage--) {
      collect(&g, t, stage);
      through_units(&g, t, stage);
    }
    add_rows(g.unit_bias, signal_at(&g, t), net->n_units, net->ld_units, g.rows);
    add_rows(g.output_bias, output_gradient_at(&g, t), net->n_outputs, net->ld_outputs, g.rows);
  }
  if (initial_learns(net)) {
    collect_start(&g);
    through_start(&g);
    add_rows(g.unit_initial, start_of(&g), net->n_units, net->ld_units, g.rows);
  }
}

static void sum_biases(nai__pass *pass, int64_t groups)
{
  const nai_network *net = pass->net;
  int64_t width = nai__numbers_width(net);
  float *gradient = pass->gradient + net->unit_bias;
  for (int64_t u = 0; u < width; u++) {
    double sum = 0;
    for (int64_t k = 0; k < groups; k++) sum += pass->bias_sum[k * width + u];
    gradient[u] = (float)sum;
  }
}

static nai_status estimate(void *user, nai__pass *pass)
{
  (void)user;
  int64_t groups = (pass->trials + pass->rows - 1) / pass->rows;
  nai__pool_run(pass->pool, groups, walk_back, pass);
  sum_biases(pass, groups);
  nai__correlate(pass);
  return NAI_OK;
}

nai_status nai_rule_create_bptt(nai_rule **out)
{
  static const nai__rule_ops ops = {.name = "bptt", .gives_errors = 1, .estimate = estimate};
  return nai__rule_create(out, &ops, NULL);
}
