/*
 * Errors on their way back through time. Trials are walked backwards in groups of rows, each group
 * by one thread from the last step to the first; then one product a block turns errors into weight
 * gradients.
 */
#include "backward.h"
#include <assert.h>

#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../network/rate_units.h"
#include "../network/row.h"
#include "../running/release.h"

/* Rows of trials row .. row + rows - 1 at step t, and where a group keeps its bias sums. */
typedef struct group {
  nai__pass *pass;
  const nai__route *route;
  int64_t row, rows;
  int32_t thread;
  double *unit_bias, *output_bias, *unit_initial;
} group;

static float *signal_at(const group *g, int64_t t)
{
  return g->pass->signal +
         ((t - g->pass->first - 1) * g->pass->trials + g->row) * g->pass->net->ld_units;
}

static const float *output_gradient_at(const group *g, int64_t t)
{
  return g->pass->output_gradient + ((t - 1) * g->pass->trials + g->row) * g->pass->net->ld_outputs;
}

/* --- dJ/dr of one stage at one step ----------------------------------------------------------- */

/* 1 when an error at step `later` reaches back to step t. */
static int reaches(const group *g, int64_t t, int64_t later)
{
  int64_t window = g->route->window;
  return later <= g->pass->steps && (!window || (t - 1) / window == (later - 1) / window);
}

/* g += B (error of what this block drives, `delay` steps later), B in place of W^T or W^T itself. */
static void pull(const group *g, int64_t k, int64_t t, int accumulate)
{
  const nai_network *net = g->pass->net;
  const nai__block *block = &net->block[k];
  const float *error =
      block->to_output ? output_gradient_at(g, t + block->delay) : signal_at(g, t + block->delay);
  int64_t lde = block->to_output ? net->ld_outputs : net->ld_units;
  nai__block_product_back(net, block, g->route->backward[k], signal_at(g, t) + block->pre,
                          net->ld_units, error + block->post, lde, g->rows, accumulate);
}

static void pull_direct(const group *g, int64_t t, int64_t stage, int accumulate)
{
  const nai_network *net = g->pass->net;
  int64_t first = net->stage_first[stage], n = net->stage_first[stage + 1] - first;
  net->kernels->product(signal_at(g, t) + first, net->ld_units, output_gradient_at(g, t),
                        net->ld_outputs, g->route->direct[stage], g->rows, net->n_outputs, n,
                        accumulate);
}

/* signal += each unit's own error at step `later`, through its synapse onto itself. */
static void pull_own(const group *g, float *signal, int64_t k, int64_t later)
{
  const nai_network *net = g->pass->net;
  const nai__block *block = &net->block[k];
  const float *error = signal_at(g, later);
  for (int64_t b = 0; b < g->rows; b++)
    for (int64_t u = nai__own_first(block); u < nai__own_end(block); u++)
      signal[b * net->ld_units + u] +=
          nai__own_weight(net, block, u) * error[b * net->ld_units + u];
}

/* The same of a projection onto other ports, or from other signals, of which `block` has one delay. */
static void pull_own_port(const group *g, float *signal, const nai__projection *p,
                          const nai__block *block, int64_t later)
{
  const nai_network *net = g->pass->net;
  const float *error = signal_at(g, later);
  for (int64_t b = 0; b < g->rows; b++)
    for (int64_t i = 0; i < p->n_post; i++)
      signal[b * net->ld_units + p->pre + i % p->n_pre] +=
          nai__weight_in(net, p, block, i, i % p->n_pre) * error[b * net->ld_units + p->post + i];
}

static void pull_own_ports(const group *g, float *signal, int64_t stage, int64_t t, int starting)
{
  const nai_network *net = g->pass->net;
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    const nai__block *first = &net->block[p->block];
    if (p->from != p->to || (!first->from_group && !first->to_group)) continue;
    if (!starting && net->node[p->from].stage != stage) continue;
    for (const nai__block *b = first; b < first + p->n_parts; b++)
      for (int64_t later = starting ? 1 : t + b->delay; later <= t + b->delay; later++)
        if (reaches(g, starting ? 1 : t, later)) pull_own_port(g, signal, p, b, later);
  }
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
  const nai__route *route = g->route;
  const nai_network *net = pass->net;
  int64_t first = net->stage_first[stage], end = net->stage_first[stage + 1];
  int written = pass->has_signal;
  if (net->has_cells) clear(g, t, net->other_first[stage], net->other_first[stage + 1]);
  for (int64_t k = 0; route->backward && k < net->n_blocks; k++) {
    const nai__block *block = &net->block[k];
    if (!route->backward[k] || block->from_stage != stage || !reaches(g, t, t + block->delay))
      continue;
    if (block->from_group) {
      pull(g, k, t, 1);
      continue;
    }
    if (!written && (block->pre != first || block->pre + block->n_pre != end)) {
      clear(g, t, first, end);
      written = 1;
    }
    pull(g, k, t, written);
    written = 1;
  }
  if (route->direct) {
    pull_direct(g, t, stage, written);
    written = 1;
  }
  if (!written) clear(g, t, first, end);
  for (int64_t k = 0; route->own && k < net->n_blocks; k++)
    if (nai__block_is_own(&net->block[k]) && net->block[k].from_stage == stage &&
        reaches(g, t, t + net->block[k].delay))
      pull_own(g, signal_at(g, t), k, t + net->block[k].delay);
  if (route->own && net->has_cells) pull_own_ports(g, signal_at(g, t), stage, t, 0);
  if (pass->rate_signal)
    pass->rate_signal(pass->user, t, g->row, g->rows, first, end, signal_at(g, t));
}

/* --- through the units ------------------------------------------------------------------------ */

static void through_cells(const group *g, const nai__segment *segment, int64_t t)
{
  nai__pass *pass = g->pass;
  if (nai__failure_is(&pass->failed)) return;
  nai__failure_note(&pass->failed,
                    nai__cells_backward(
                        pass->activity, segment, t, g->row, g->rows, signal_at(g, t),
                        pass->state_carry + g->row * pass->net->ld_state, pass->slopes[g->thread]));
}

/* From what synapses release to what units send; before these. */
static void through_releases(const group *g, int64_t t, int64_t stage, float *error)
{
  const nai__pass *pass = g->pass;
  const nai_network *net = pass->net;
  for (int64_t k = 0; k < net->n_releases; k++) {
    const nai__release *release = &net->release[k];
    if (release->segment.stage == stage)
      nai__release_backward(pass->activity, release, t, g->row, g->rows, error,
                            pass->state_carry + g->row * net->ld_state, pass->slopes[g->thread]);
  }
}

/* What the step before will read and write of a row. */
static void ask_for_before(const group *g, int64_t t, int64_t stage, int64_t b)
{
  const nai_network *net = g->pass->net;
  const int64_t first = net->stage_first[stage], end = net->stage_first[stage + 1];
  nai__ask_for(nai__rate_at(g->pass->activity, t - 1) + (g->row + b) * net->ld_units, first, end);
  nai__ask_for(signal_at(g, t - 1) + b * net->ld_units, first, end);
}

static void through_units(const group *g, int64_t t, int64_t stage)
{
  const nai__pass *pass = g->pass;
  const nai_network *net = pass->net;
  const float *rate = nai__rate_at(pass->activity, t) + g->row * net->ld_units;
  const float *drive =
      pass->activity->drive ? nai__drive_at(pass->activity, t) + g->row * net->ld_units : NULL;
  const int asks = t - 1 > pass->first && nai__rates_are_far(pass->activity);
  for (int64_t b = 0; b < g->rows; b++) {
    if (asks) ask_for_before(g, t, stage, b);
    for (int64_t s = 0; s < net->n_segments; s++) {
      const nai__segment *segment = &net->segment[s];
      if (segment->stage != stage || segment->cells) continue;
      int64_t at = b * net->ld_units + segment->offset;
      float *signal = signal_at(g, t) + at, *carry = pass->carry + g->row * net->ld_units + at;
      nai__rate_units_backward(net->kernels, &segment->units, segment->leak, signal, carry,
                               rate + at, drive ? drive + at : NULL);
    }
  }
  for (int64_t s = 0; s < net->n_segments && net->has_cells; s++)
    if (net->segment[s].cells && net->segment[s].stage == stage)
      through_cells(g, &net->segment[s], t);
}

#define SUMS 16

/* Single precision within a step, double across steps; so many sums at once that they stay in registers. */
static void add_rows(double *sum, const float *error, int64_t n, int64_t ld, int64_t rows)
{
  int64_t u = 0;
  for (; u + SUMS <= n; u += SUMS) {
    float step[SUMS] = {0};
    for (int64_t b = 0; b < rows; b++)
      for (int k = 0; k < SUMS; k++) step[k] += error[b * ld + u + k];
    for (int k = 0; k < SUMS; k++) sum[u + k] += (double)step[k];
  }
  for (; u < n; u++) {
    float step = 0;
    for (int64_t b = 0; b < rows; b++) step += error[b * ld + u];
    sum[u] += (double)step;
  }
}

/* Of all trials of a group; sum: of the first ones that are one sum. */
static void add_trials(const group *g, double *sum, const float *error, int64_t n, int64_t ld)
{
  const nai__pass *pass = g->pass;
  for (int64_t b = 0; b < g->rows; b += pass->summed, sum += nai__numbers_width(pass->net))
    add_rows(sum, error + b * ld, n, ld, nai__task_from(b, g->rows, pass->summed));
}

/* --- the initial state ------------------------------------------------------------------------ */

static float *start_of(const group *g)
{
  return g->pass->start + g->row * g->pass->net->ld_units;
}

static int initial_learns(const nai_network *net)
{
  const uint8_t *plastic = net->plastic + net->unit_initial;
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
  for (int64_t k = 0; g->route->backward && k < net->n_blocks; k++) {
    const nai__block *b = &net->block[k];
    for (int64_t t = 1; t <= b->delay && reaches(g, 1, t) && g->route->backward[k]; t++) {
      const float *error = b->to_output ? output_gradient_at(g, t) : signal_at(g, t);
      int64_t lde = b->to_output ? net->ld_outputs : net->ld_units;
      nai__block_product_back(net, b, g->route->backward[k], start_of(g) + b->pre, net->ld_units,
                              error + b->post, lde, g->rows, 1);
    }
  }
  for (int64_t k = 0; g->route->own && k < net->n_blocks; k++)
    for (int64_t t = 1; nai__block_is_own(&net->block[k]) && t <= net->block[k].delay; t++)
      if (reaches(g, 1, t)) pull_own(g, start_of(g), k, t);
  if (g->route->own && net->has_cells) pull_own_ports(g, start_of(g), 0, 0, 1);
}

static void through_start_of_cells(const group *g, const nai__segment *segment)
{
  nai__pass *pass = g->pass;
  if (nai__failure_is(&pass->failed)) return;
  nai__failure_note(&pass->failed,
                    nai__cells_backward_start(pass->activity, segment, g->row, g->rows, start_of(g),
                                              pass->state_carry + g->row * pass->net->ld_state,
                                              pass->slopes[g->thread]));
}

/* On to x_0 where the leak is on the current, and the leak's own path. */
static void through_start(const group *g)
{
  const nai_network *net = g->pass->net;
  const float *rate = nai__rate_at(g->pass->activity, 0) + g->row * net->ld_units;
  for (int64_t b = 0; b < g->rows; b++)
    for (int64_t s = 0; s < net->n_segments; s++) {
      const nai__segment *segment = &net->segment[s];
      if (segment->cells) continue;
      int64_t at = b * net->ld_units + segment->offset;
      float *start = start_of(g) + at, *carry = g->pass->carry + g->row * net->ld_units + at;
      if (segment->leak == NAI_LEAK_CURRENT) {
        net->kernels->current_backward(&segment->units, start, carry, rate + at);
        for (int64_t u = 0; u < segment->units.n; u++) start[u] /= segment->units.alpha[u];
      } else {
        for (int64_t u = 0; u < segment->units.n; u++) start[u] += carry[u];
      }
    }
  for (int64_t s = 0; s < net->n_segments && net->has_cells; s++)
    if (net->segment[s].cells) through_start_of_cells(g, &net->segment[s]);
}

/* --- a group of trials, then all -------------------------------------------------------------- */

typedef struct job {
  nai__pass *pass;
  const nai__route *route;
  int to_weights; /* 1: a group's errors go into its weight gradient at once, while they are near */
} job;

static void clear_carry(const group *g)
{
  const nai_network *net = g->pass->net;
  memset(g->pass->carry + g->row * net->ld_units, 0,
         (size_t)(g->rows * net->ld_units) * sizeof *g->pass->carry);
  if (net->has_cells)
    memset(g->pass->state_carry + g->row * net->ld_state, 0,
           (size_t)(g->rows * net->ld_state) * sizeof *g->pass->state_carry);
}

static group open_group(const job *job, int64_t task, int32_t thread)
{
  nai__pass *pass = job->pass;
  const nai_network *net = pass->net;
  const int64_t width = nai__numbers_width(net);
  group g = {.pass = pass, .route = job->route, .row = task * pass->walked, .thread = thread};
  assert(g.row >= 0 && g.row < pass->trials && g.row % pass->summed == 0);
  g.rows = nai__pass_walked(pass, g.row);
  g.unit_bias = pass->bias_sum + g.row / pass->summed * width;
  g.output_bias = g.unit_bias + net->ld_units;
  g.unit_initial = g.unit_bias + (net->unit_initial - net->unit_bias);
  if (pass->end == pass->steps)
    for (int64_t b = 0; b < g.rows; b += pass->summed)
      memset(g.unit_bias + b / pass->summed * width, 0, (size_t)width * sizeof *g.unit_bias);
  return g;
}

/* 1 when the walk is given up: asked at each of its steps. */
static int is_ended(const group *g, int32_t thread)
{
  return nai__pool_ended(g->pass->pool, thread, g->rows * g->pass->net->n_theta);
}

static void walk_group(void *argument, int64_t task, int32_t thread)
{
  const job *job = argument;
  const nai__pass *pass = job->pass;
  const nai_network *net = pass->net;
  group g = open_group(job, task, thread);
  for (int64_t t = pass->end; t > pass->first && !is_ended(&g, thread); t--) {
    if (!reaches(&g, t, t + 1)) clear_carry(&g);
    for (int64_t stage = net->n_stages - 1; stage >= 0; stage--) {
      collect(&g, t, stage);
      through_releases(&g, t, stage, signal_at(&g, t));
      through_units(&g, t, stage);
    }
    add_trials(&g, g.unit_bias, signal_at(&g, t), net->n_units, net->ld_units);
    add_trials(&g, g.output_bias, output_gradient_at(&g, t), net->n_outputs, net->ld_outputs);
  }
  if (pass->first == 0 && initial_learns(net)) {
    collect_start(&g);
    for (int64_t stage = 0; stage < net->n_stages; stage++)
      through_releases(&g, 0, stage, start_of(&g));
    through_start(&g);
    add_trials(&g, g.unit_initial, start_of(&g), net->n_units, net->ld_units);
  }
  if (job->to_weights) nai__correlate_group(job->pass, task, thread);
}

static void sum_biases(nai__pass *pass)
{
  const nai_network *net = pass->net;
  int64_t width = nai__numbers_width(net), parts = nai__pass_sums(pass);
  float *gradient = pass->gradient + net->unit_bias;
  for (int64_t u = 0; u < width; u++) {
    double sum = 0;
    for (int64_t k = 0; k < parts; k++) sum += pass->bias_sum[k * width + u];
    gradient[u] = (float)sum;
  }
  gradient = pass->gradient + net->output_bias;
  for (int64_t o = 0; pass->is_filtered && o < net->n_outputs; o++)
    gradient[o] = (float)pass->output_bias[o];
}

/*
 * Goes to the span before the one at hand, or to the last one at first: its activity, and the signals of
 * as many steps after it as pull on it. 0: it cannot be had, or the work is given up.
 */
static int go_to_span(nai__pass *pass, int64_t end)
{
  int64_t first = (end - 1) / pass->span * pass->span, after = pass->steps - end,
          step = pass->trials * pass->net->ld_units;
  nai_status status = pass->recall(pass->user, first);
  if (status < 0) nai__failure_note(&pass->failed, status);
  if (status != NAI_OK || nai__pool_answer(pass->pool) != NAI_OK) return 0;
  if (after > pass->net->max_delay) after = pass->net->max_delay;
  memmove(pass->signal + (end - first) * step, pass->signal,
          (size_t)(after * step) * sizeof *pass->signal);
  pass->first = first;
  pass->end = end;
  return 1;
}

void nai__walk_back(nai__pass *pass, const nai__route *route)
{
  int64_t walks = nai__pass_walks(pass);
  nai__catch_up_all(pass->net, route->backward);
  job job = {pass, route,
             pass->sums && pass->walked == pass->rows && nai__pool_threads(pass->pool) <= walks};
  for (int64_t end = pass->steps; end > 0 && go_to_span(pass, end); end = pass->first) {
    nai__pool_run(pass->pool, walks, walk_group, &job);
    if (!pass->sums) nai__correlate(pass);
    if (pass->sums && !job.to_weights) nai__correlate_groups(pass);
  }
  if (pass->sums) nai__correlate_end(pass);
  sum_biases(pass);
}

static void collect_group(void *argument, int64_t task, int32_t thread)
{
  const job *job = argument;
  const nai_network *net = job->pass->net;
  group g = open_group(job, task, thread);
  for (int64_t t = job->pass->steps; t >= 1 && !is_ended(&g, thread); t--) {
    for (int64_t stage = net->n_stages - 1; stage >= 0; stage--) collect(&g, t, stage);
    add_trials(&g, g.output_bias, output_gradient_at(&g, t), net->n_outputs, net->ld_outputs);
  }
}

void nai__collect_signals(nai__pass *pass, const nai__route *route)
{
  job job = {pass, route, 0};
  nai__catch_up_all(pass->net, route->backward);
  memset(pass->gradient, 0, (size_t)pass->net->n_theta * sizeof *pass->gradient);
  nai__pool_run(pass->pool, nai__pass_walks(pass), collect_group, &job);
  sum_biases(pass);
  nai__correlate_outputs(pass);
}

static void bias_group(void *argument, int64_t task, int32_t thread)
{
  const job *job = argument;
  const nai_network *net = job->pass->net;
  group g = open_group(job, task, thread);
  for (int64_t t = job->pass->steps; t >= 1; t--) {
    add_trials(&g, g.unit_bias, signal_at(&g, t), net->n_units, net->ld_units);
    add_trials(&g, g.output_bias, output_gradient_at(&g, t), net->n_outputs, net->ld_outputs);
  }
}

void nai__bias_gradient(nai__pass *pass)
{
  job job = {pass, NULL, 0};
  nai__pool_run(pass->pool, nai__pass_walks(pass), bias_group, &job);
  sum_biases(pass);
}

nai_status nai__estimate_direct(nai__learner *learner, nai__pass *pass)
{
  nai__feedback_renew(&learner->feedback, learner->net);
  nai__route route = {.direct = learner->feedback.stage_packed,
                      .backward = learner->feedback.exact};
  nai__walk_back(pass, &route);
  return NAI_OK;
}

nai_status nai__estimate_feedback(nai__learner *learner, nai__pass *pass)
{
  NAI__TRY(nai__feedback_fit(&learner->feedback, learner->net));
  nai__feedback_renew(&learner->feedback, learner->net);
  nai__route route = {.backward = learner->feedback.packed};
  nai__walk_back(pass, &route);
  return NAI_OK;
}

/* --- transposed weights ----------------------------------------------------------------------- */

static nai_status attach_transposed(nai__learner *learner, int only_outputs)
{
  const nai_network *net = learner->net;
  float **backward = NAI__ARRAY(float *, net->n_blocks + 1);
  if (!backward) return NAI_ERR_MEMORY;
  for (int64_t k = 0; k < net->n_blocks; k++)
    if (!only_outputs || net->block[k].to_output) backward[k] = net->block[k].backward;
  learner->own = backward;
  return NAI_OK;
}

nai_status nai__attach_transposed(nai__learner *learner)
{
  return attach_transposed(learner, 0);
}

nai_status nai__attach_transposed_readout(nai__learner *learner)
{
  return attach_transposed(learner, 1);
}

void nai__detach_transposed(nai__learner *learner)
{
  nai__free(learner->own);
}
