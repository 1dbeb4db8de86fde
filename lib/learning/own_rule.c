/*
 * Local learning rules of the user's own. At each step, at the biases of each population and at each
 * projection onto it, the user's function sees what synapses can know: activity on both sides, a
 * learning signal, traces that they keep; and adds to the estimate of dJ/dW. It is shown copies,
 * side by side and 0 past a trial's end, so that nothing is learnt from what no longer counts.
 */
#include "own_rule.h"

#include <neuroai/extend.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/structs.h"
#include "../network/row.h"
#include "../running/move.h"
#include "../units/slopes.h"
#include "backward.h"
#include "online.h"
#include "slopes.h"
#include "traces.h"

#define MOST_TRACES 64
#define MOST_GIB 8.0 /* of traces */

/* The user's table: `user` of the rule. */
typedef struct own_rule {
  nai__rule_kind kind;
  nai_rule_ops ops;
  char *name;
  void *user;
} own_rule;

/* What rows of a node have: [..][trials][rows], in memory that all nodes share. */
typedef struct seen {
  const nai__node *node;
  int32_t port;
  int64_t first, copies, rows; /* of the port: counted with copies; rows are copies of all units */
  int64_t n_states, n_signals;
  float *post, *slope, *signal, *state, *ss, *sp, *zs, *zp;
} seen;

/* The rule at work: `own` of the learner. */
typedef struct work {
  float **readout;    /* transposed, as a route has it; NULL with random feedback */
  int64_t n_synapses; /* onto units, and their biases: numbers of one trace in one trial */
  int64_t width;      /* units or channels of the largest node */
  int64_t n_seen;     /* floats of one trial of what rows have, of the node that has most */
  int64_t room;       /* trials that there is room for */
  float *one, *carry; /* [width] alpha with which a backward step gives the slope; its scratch */
  float *trace;
  float *running; /* [trials] */
  float *pre;     /* [trials][n], of the projection at hand */
  float *memory;  /* of what is seen */
  float *slopes;  /* of cells of the node at hand */
  seen seen;
  float *row; /* of what one row has */
  seen one_row;
} work;

static const own_rule *rule_of(const nai__learner *learner)
{
  return learner->rule->user;
}

/* --- memory ----------------------------------------------------------------------------------- */

static void release_room(work *w)
{
  float **array[] = {&w->trace, &w->running, &w->pre, &w->memory, &w->slopes, &w->row};
  for (size_t i = 0; i < sizeof array / sizeof *array; i++) {
    nai__free(*array[i]);
    *array[i] = NULL;
  }
  w->room = 0;
}

static void detach(nai__learner *learner)
{
  work *w = learner->own;
  if (!w) return;
  release_room(w);
  nai__free(w->readout);
  nai__free(w->one);
  nai__free(w->carry);
  nai__free(w);
}

/* Rows at one port of a node. */
static seen rows_of(const nai__node *node, int32_t port)
{
  const nai__cells *c = node->cells;
  seen s = {node, port, 0, 1, node->n, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0};
  if (!c) return s;
  for (int32_t k = 0; k < port; k++) s.first += c->port_copies[k];
  s.copies = c->port_copies[port];
  s.rows = s.copies * node->n;
  s.n_states = c->n_states;
  s.n_signals = c->model->ops.n_signals;
  return s;
}

/* Puts what they have into memory, for so many trials; gives the floats. */
static int64_t lay(seen *s, float *memory, int64_t trials)
{
  int64_t count = s->rows * trials, n = s->n_states, z = s->n_signals, next = 0;
  const struct {
    float **at;
    int64_t n;
  } parts[] = {{&s->post, 1},   {&s->slope, 1}, {&s->signal, z}, {&s->state, n},
               {&s->ss, n * n}, {&s->sp, n},    {&s->zs, z * n}, {&s->zp, z}};
  for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
    if (memory) *parts[k].at = memory + next;
    next += parts[k].n * count;
  }
  return next;
}

static void measure_node(work *w, const nai__node *node)
{
  if (node->n > w->width) w->width = node->n;
  if (node->kind != NAI_POPULATIONS) return;
  w->n_synapses += node->n;
  for (int32_t port = 0; port < (node->cells ? node->cells->model->ops.n_ports : 1); port++) {
    seen s = rows_of(node, port);
    int64_t floats = lay(&s, NULL, 1);
    if (floats > w->n_seen) w->n_seen = floats;
  }
}

/* With traces: of a matrix all pairs. */
static int64_t synapses_of(const nai__projection *p)
{
  return p->is_listed ? p->at.columns : p->n_post * p->n_pre;
}

static void measure(work *w, const nai_network *net)
{
  for (int64_t i = 0; i < net->n_nodes; i++) measure_node(w, &net->node[i]);
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    if (net->node[p->to].kind == NAI_POPULATIONS) w->n_synapses += synapses_of(p);
  }
}

static int64_t memory(const nai_rule *rule, const nai_network *net, int64_t trials, int64_t threads)
{
  (void)threads;
  const own_rule *own = rule->user;
  work w = {.width = 0};
  measure(&w, net);
  int64_t floats = own->ops.n_traces * w.n_synapses + w.width + 2 * w.n_seen;
  if (net->has_cells) floats += nai__cells_floats(net, 1);
  return floats * trials * (int64_t)sizeof(float);
}

static nai_status attach(nai__learner *learner)
{
  float **readout = NULL;
  if (rule_of(learner)->ops.feedback == NAI_FEEDBACK_RANDOM) {
    NAI__TRY(nai__feedback_direct(learner));
  } else {
    NAI__TRY(nai__attach_transposed_readout(learner));
    readout = learner->own;
    learner->own = NULL;
  }
  work *w = learner->own = NAI__NEW(work);
  if (!w) {
    nai__free(readout);
    return NAI_ERR_MEMORY;
  }
  w->readout = readout;
  measure(w, learner->net);
  w->one = NAI__ARRAY(float, w->width);
  w->carry = NAI__ARRAY(float, w->width);
  if (!w->one || !w->carry) return NAI_ERR_MEMORY;
  for (int64_t u = 0; u < w->width; u++) w->one[u] = 1;
  return NAI_OK;
}

static nai_status make_room(work *w, const own_rule *rule, const nai_network *net, int64_t trials)
{
  int64_t n = rule->ops.n_traces;
  double gib = (double)n * (double)w->n_synapses * (double)trials * sizeof(float) / (1 << 30);
  if (gib > MOST_GIB)
    return nai__fail(NAI_ERR_MEMORY,
                     "rule '%.60s' keeps %d of each of %lld synapses and biases for each of %lld "
                     "trials, %.1f GiB, must be at most %g: make batches smaller",
                     rule->name, (int)n, (long long)w->n_synapses, (long long)trials, gib,
                     MOST_GIB);
  release_room(w);
  w->trace = NAI__ARRAY(float, n * w->n_synapses * trials);
  w->running = NAI__ARRAY(float, trials);
  w->pre = NAI__ARRAY(float, trials * w->width);
  w->memory = NAI__ARRAY(float, trials * w->n_seen);
  w->row = NAI__ARRAY(float, trials * w->n_seen);
  w->slopes = NAI__ARRAY(float, net->has_cells ? nai__cells_floats(net, trials) : 1);
  if (w->trace && w->running && w->pre && w->memory && w->slopes && w->row) {
    w->room = trials;
    return NAI_OK;
  }
  release_room(w);
  return NAI_ERR_MEMORY;
}

nai_status nai__own_rule_begin(nai__learner *learner, int64_t trials)
{
  work *w = learner->own;
  const own_rule *rule = rule_of(learner);
  if (trials > w->room) NAI__TRY(make_room(w, rule, learner->net, trials));
  memset(w->trace, 0, (size_t)(rule->ops.n_traces * w->n_synapses * trials) * sizeof *w->trace);
  return NAI_OK;
}

/* --- what synapses see ------------------------------------------------------------------------ */

/* Rows of n, `ld` apart, to side by side; 0 where a trial has ended. */
static void gather(float *out, const float *in, int64_t n, int64_t ld, const float *running,
                   int64_t trials)
{
  for (int64_t b = 0; b < trials; b++) {
    if (running[b] != 0)
      memcpy(out + b * n, in + b * ld, (size_t)n * sizeof *out);
    else
      memset(out + b * n, 0, (size_t)n * sizeof *out);
  }
}

/* The same for each copy. */
static void show(const work *w, float *out, const float *in, int64_t ld, int64_t trials)
{
  const seen *s = &w->seen;
  int64_t n = s->node->n;
  for (int64_t b = 0; b < trials; b++)
    for (int64_t copy = 0; copy < s->copies; copy++, out += n) {
      if (w->running[b] != 0)
        memcpy(out, in + b * ld, (size_t)n * sizeof *out);
      else
        memset(out, 0, (size_t)n * sizeof *out);
    }
}

static void find_slope(const work *w, const nai_network *net, const nai__node *node, float *slope,
                       const float *value)
{
  const float *unit = net->unit + node->offset;
  nai__units units = {.n = node->n,
                      .transfer = node->transfer,
                      .gain = unit + NAI__GAINS * net->ld_units,
                      .exponent = unit + NAI__EXPONENTS * net->ld_units};
  nai__slopes(net, units, node->leak, w->one, slope, w->carry, value);
}

/* The four slopes of rate units, from phi' and alpha. */
static void make_slopes(const work *w, const nai__activity *a)
{
  const seen *s = &w->seen;
  const float *alpha = a->net->unit + s->node->offset;
  int on_current = s->node->leak == NAI_LEAK_CURRENT, on_rate = s->node->leak == NAI_LEAK_RATE;
  for (int64_t b = 0; b < a->trials; b++)
    for (int64_t i = 0; i < s->rows; i++) {
      int64_t at = b * s->rows + i;
      float slope = s->slope[at], gain = w->running[b] * alpha[i];
      float keep = w->running[b] - gain;
      s->ss[at] = on_current || on_rate ? keep : keep * slope;
      s->sp[at] = on_current ? gain : gain * slope;
      s->zs[at] = on_rate ? keep : keep * slope;
      s->zp[at] = gain * slope;
    }
}

/* Currents are kept of all steps, or an agent has those of now. */
static void look_at_rates(const work *w, const nai__moment *now)
{
  const nai__activity *a = now->activity;
  const seen *s = &w->seen;
  const nai__node *node = s->node;
  int64_t ld = a->net->ld_units;
  const float *own = a->own ? a->own : nai__rate_at(a, now->t), /* not what was imposed */
      *value = own + node->offset, *state = value;
  if (node->leak == NAI_LEAK_RATE) value = nai__drive_at(a, now->t) + node->offset;
  if (node->leak == NAI_LEAK_CURRENT)
    state = (a->current ? nai__current_at(a, now->t) : a->x) + node->offset;
  show(w, s->state, state, ld, a->trials);
  for (int64_t b = 0; b < a->trials; b++) {
    float *slope = s->slope + b * node->n;
    if (w->running[b] != 0)
      find_slope(w, a->net, node, slope, value + b * ld);
    else
      memset(slope, 0, (size_t)node->n * sizeof *slope);
  }
  make_slopes(w, a);
}

/* Slopes by this port, or by states: rows of a matrix of so many columns, from column `first` on. */
static void show_slopes(const work *w, float *out, const float *slopes, int64_t columns,
                        int64_t first, const nai_unit_batch *b)
{
  const seen *s = &w->seen;
  for (int64_t k = 0; k < b->trials; k++)
    for (int64_t copy = 0; copy < s->copies; copy++, out += b->n) {
      const float *from =
          slopes + (first < columns ? first + copy : 0) * b->slope_stride + k * b->n;
      for (int64_t i = 0; i < b->n; i++) out[i] = w->running[k] * from[i];
    }
}

static void look_at_slopes(const work *w, const nai_unit_batch *b)
{
  const seen *s = &w->seen;
  int64_t count = b->trials * s->rows, n = s->n_states, ports = b->n_ports,
          stride = b->slope_stride;
  for (int64_t k = 0; k < n; k++)
    show_slopes(w, s->sp + k * count, b->sp + k * ports * stride, ports, s->first, b);
  for (int64_t z = 0; z < s->n_signals; z++)
    show_slopes(w, s->zp + z * count, b->zp + z * ports * stride, ports, s->first, b);
  for (int64_t k = 0; k < n * n; k++)
    show_slopes(w, s->ss + k * count, b->ss + k * stride, 0, 0, b);
  for (int64_t k = 0; k < s->n_signals * n; k++)
    show_slopes(w, s->zs + k * count, b->zs + k * stride, 0, 0, b);
}

static void look_at_cells(const work *w, const nai__moment *now, const nai_unit_batch *slopes)
{
  const nai__activity *a = now->activity;
  const seen *s = &w->seen;
  int64_t count = a->trials * s->rows, first = s->node->cells->state[0];
  for (int64_t k = 0; k < s->n_states; k++)
    show(w, s->state + k * count, nai__state_at(a, now->t) + first + k * s->node->n,
         a->net->ld_state, a->trials);
  if (slopes) look_at_slopes(w, slopes);
}

/* All that rows at a port see. slopes: of cells that have them. */
static void look(work *w, const nai__moment *now, const nai__node *node, int32_t port,
                 const nai_unit_batch *slopes)
{
  const nai__activity *a = now->activity;
  int64_t ld = a->net->ld_units;
  seen *s = &w->seen;
  *s = rows_of(node, port);
  lay(s, w->memory, a->trials);
  show(w, s->post, nai__rate_at(a, now->t) + node->offset, ld, a->trials);
  for (int64_t z = 0; z < s->n_signals; z++)
    show(w, s->signal + z * a->trials * s->rows,
         now->signal + (node->cells ? node->cells->signal[z] : node->offset), ld, a->trials);
  if (node->cells)
    look_at_cells(w, now, slopes);
  else
    look_at_rates(w, now);
}

static const float *sent_by(const nai__moment *now, const nai__projection *p,
                            const nai__block *block)
{
  return nai__carried(now->activity, block, now->t) + p->pre - block->pre;
}

static void gather_pre(const work *w, const nai__moment *now, const nai__projection *p)
{
  const nai__activity *a = now->activity;
  const nai__block *block = &a->net->block[p->block];
  gather(w->pre, sent_by(now, p, block), p->n_pre, nai__carried_stride(a->net, block), w->running,
         a->trials);
}

/* What the synapses of a list carry. */
static void gather_listed(const work *w, const nai__strip *strip, const float *sent, int64_t ld,
                          int64_t trials)
{
  float *out = w->pre;
  for (int64_t b = 0; b < trials; b++, out += strip->n)
    for (int64_t e = 0; e < strip->n; e++)
      out[e] = w->running[b] != 0 ? sent[b * ld + strip->sender[e]] : 0;
}

/* What row i has, of all that is seen. */
static void look_at_row(work *w, int64_t i, int64_t trials)
{
  const seen *from = &w->seen;
  seen *to = &w->one_row;
  *to = *from;
  to->rows = 1;
  const int64_t floats = lay(to, w->row, trials);
  for (int64_t k = 0; k < floats; k++) w->row[k] = w->memory[k * from->rows + i];
}

/* --- calling ---------------------------------------------------------------------------------- */

static nai_status call(const own_rule *rule, nai_local_step *step)
{
  nai__clear_error();
  nai_status status = rule->ops.step(rule->user, step);
  return status == NAI_OK ? NAI_OK : nai__fail_callback(status, "rule", rule->name);
}

/* The biases of a population, as synapses from one unit that is always at 1. */
static nai_local_step step_of(const seen *s, const work *w, const nai__moment *now)
{
  const nai_network *net = now->activity->net;
  const nai__node *node = s->node;
  const nai_model *model = node->cells ? node->cells->model : &nai__model_rate;
  int64_t bias = nai__bias_start(net, node);
  int has_slopes = !node->cells || model->ops.slopes;
  return (nai_local_step){.struct_size = sizeof(nai_local_step),
                          .leak = node->cells ? -1 : node->leak,
                          .to = node->name,
                          .port = nai__field_at(model->ops.ports, s->port)->name,
                          .step = now->t,
                          .steps = now->steps,
                          .trials = now->activity->trials,
                          .n_post = s->rows,
                          .n_pre = 1,
                          .stride = 1,
                          .n_states = s->n_states,
                          .n_signals = s->n_signals,
                          .running = w->running,
                          .pre = w->running,
                          .post = s->post,
                          .state = s->state,
                          .signal = s->signal,
                          .ss = has_slopes ? s->ss : NULL,
                          .sp = has_slopes ? s->sp : NULL,
                          .zs = has_slopes ? s->zs : NULL,
                          .zp = has_slopes ? s->zp : NULL,
                          .slope = node->cells ? NULL : s->slope,
                          .alpha = node->cells ? NULL : net->unit + node->offset,
                          .weight = net->theta + bias,
                          .change = now->gradient + bias};
}

static nai_status call_matrix(work *w, const own_rule *rule, const nai__moment *now,
                              const nai__projection *p, float *trace)
{
  nai_local_step step = step_of(&w->seen, w, now);
  nai_synapses s = nai__synapses(now->activity->net, p, now->gradient, NULL);
  step.from = s.from;
  step.n_pre = s.n_pre;
  step.stride = s.stride;
  step.pre = w->pre;
  step.weight = s.weight;
  step.change = s.gradient;
  step.trace = trace;
  gather_pre(w, now, p);
  return call(rule, &step);
}

static nai_status call_row(work *w, const own_rule *rule, const nai__moment *now,
                           const nai__projection *p, const nai__block *part, int64_t i,
                           float *trace)
{
  const nai__activity *a = now->activity;
  const nai__strip strip = nai__strip_of(part, i);
  if (strip.n == 0) return NAI_OK;
  look_at_row(w, i, a->trials);
  gather_listed(w, &strip, sent_by(now, p, part), nai__carried_stride(a->net, part), a->trials);
  nai_local_step step = step_of(&w->one_row, w, now);
  if (step.alpha) step.alpha += i;
  step.from = nai__source_name(a->net, p);
  step.n_pre = step.stride = strip.n;
  step.pre = w->pre;
  step.weight = a->net->theta + strip.at;
  step.change = now->gradient + strip.at;
  step.trace = trace;
  step.first_post = i;
  step.pre_unit = strip.sender;
  return call(rule, &step);
}

/* Traces of a row follow those of the one before, as its synapses do. */
static nai_status call_list(work *w, const own_rule *rule, const nai__moment *now,
                            const nai__projection *p, float *trace)
{
  const nai__block *part = &now->activity->net->block[p->block];
  const int64_t each = rule->ops.n_traces * now->activity->trials;
  for (const nai__block *end = part + p->n_parts; part < end; part++)
    for (int64_t i = 0; i < p->n_post; i++) {
      NAI__TRY(call_row(w, rule, now, p, part, i, trace));
      if (trace) trace += each * nai__strip_of(part, i).n;
    }
  return NAI_OK;
}

/* Every projection has its place in `trace`, also when it is not plastic now. */
static nai_status call_projections(work *w, const own_rule *rule, const nai__moment *now,
                                   const nai_unit_batch *slopes, float **trace)
{
  const nai_network *net = now->activity->net;
  const nai__node *node = w->seen.node;
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    if (&net->node[p->to] != node) continue;
    float *own = rule->ops.n_traces ? *trace : NULL;
    *trace += rule->ops.n_traces * now->activity->trials * synapses_of(p);
    if (!p->plastic) continue;
    if (p->port != w->seen.port) look(w, now, node, p->port, slopes);
    NAI__TRY((p->is_listed ? call_list : call_matrix)(w, rule, now, p, own));
  }
  return NAI_OK;
}

static const nai__segment *segment_of(const nai_network *net, const nai__node *node)
{
  const nai__segment *g = net->segment;
  while (g->node != node) g++;
  return g;
}

static nai_status call_node(work *w, const own_rule *rule, const nai__moment *now,
                            const nai__node *node, float **trace)
{
  const nai__activity *a = now->activity;
  nai__cells_view view;
  const nai_unit_batch *slopes = NULL;
  if (node->cells && node->cells->model->ops.slopes) {
    NAI__TRY(
        nai__cells_slopes(&view, a, segment_of(a->net, node), now->t, 0, a->trials, w->slopes));
    slopes = &view.batch.shown;
  }
  look(w, now, node, 0, slopes);
  nai_local_step biases = step_of(&w->seen, w, now);
  biases.trace = rule->ops.n_traces ? *trace : NULL;
  *trace += rule->ops.n_traces * a->trials * node->n;
  NAI__TRY(call(rule, &biases));
  return call_projections(w, rule, now, slopes, trace);
}

nai_status nai__own_rule_step(nai__learner *learner, const nai__moment *now)
{
  work *w = learner->own;
  const own_rule *rule = rule_of(learner);
  const nai_network *net = learner->net;
  float *trace = w->trace;
  for (int64_t b = 0; b < now->activity->trials; b++)
    w->running[b] = !now->length || now->t <= now->length[b];
  for (int64_t i = 0; i < net->n_nodes; i++)
    if (net->node[i].kind == NAI_POPULATIONS)
      NAI__TRY(call_node(w, rule, now, &net->node[i], &trace));
  return NAI_OK;
}

/* By what errors of outputs reach units, beside direct feedback where that is random. */
static float *const *readout_of(const nai__learner *learner)
{
  const work *w = learner->own;
  return w->readout ? w->readout : learner->feedback.exact;
}

static nai_status estimate(nai__learner *learner, nai__pass *pass)
{
  nai__feedback_renew(&learner->feedback, learner->net);
  nai__route route = {.backward = readout_of(learner), .direct = learner->feedback.stage_packed};
  NAI__TRY(nai__own_rule_begin(learner, pass->trials));
  nai__collect_signals(pass, &route);
  for (int64_t t = 1; t <= pass->steps; t++) {
    nai__moment now = {.activity = pass->activity,
                       .t = t,
                       .steps = pass->steps,
                       .length = pass->length,
                       .signal = pass->signal + (t - 1) * pass->trials * pass->net->ld_units,
                       .gradient = pass->gradient};
    NAI__TRY(nai__own_rule_step(learner, &now));
    if (nai__pool_ended(pass->pool, 0, pass->trials * pass->net->n_theta)) break;
  }
  return NAI_OK;
}

/* --- while it runs ---------------------------------------------------------------------------- */

/* `own` of the moment: the signal [ld_units]. Traces are the learner's: nothing else may run. */
static void live_detach(nai__online *online)
{
  nai__free(online->own);
  online->own = NULL;
}

static nai_status live_attach(nai__online *online)
{
  NAI__TRY(nai__online_prompt(online, readout_of(online->learner)));
  NAI__TRY(nai__own_rule_begin(online->learner, 1));
  online->own = NAI__ARRAY(float, online->learner->net->ld_units);
  return online->own ? NAI_OK : NAI_ERR_MEMORY;
}

/* There is room for one trial: this cannot fail. */
static void live_begin(nai__online *online)
{
  nai__feedback_renew(&online->learner->feedback, online->learner->net);
  (void)nai__own_rule_begin(online->learner, 1);
}

static nai_status live_step(nai__online *online)
{
  NAI__TRY(nai__online_renew(online));
  nai__online_signal(online, readout_of(online->learner), 1, online->learner->feedback.stage_packed,
                     online->own);
  nai__online_readout(online);
  nai__moment now = {.activity = online->activity,
                     .t = online->t,
                     .signal = online->own,
                     .gradient = online->gradient};
  return nai__own_rule_step(online->learner, &now);
}

static const nai__online_ops live = {
    .attach = live_attach, .detach = live_detach, .begin = live_begin, .step = live_step};
static const nai__parameter parameters[] = {NAI__UPDATE_EVERY};

/* --- the handle ------------------------------------------------------------------------------- */

static nai_status check_ops(const nai_rule_ops *ops)
{
  if (!ops->name || !ops->name[0])
    return nai__fail(NAI_ERR_INVALID, "the name of the rule is empty");
  if (ops->flags)
    return nai__fail(NAI_ERR_INVALID, "flags of rule '%.60s' is %u, must be 0", ops->name,
                     (unsigned)ops->flags);
  if (!ops->step) return nai__fail(NAI_ERR_INVALID, "step of rule '%.60s' is NULL", ops->name);
  if (ops->feedback != NAI_FEEDBACK_SYMMETRIC && ops->feedback != NAI_FEEDBACK_RANDOM)
    return nai__fail(
        NAI_ERR_INVALID,
        "feedback of rule '%.60s' is %d, must be NAI_FEEDBACK_SYMMETRIC or NAI_FEEDBACK_RANDOM",
        ops->name, (int)ops->feedback);
  NAI__TRY(nai__struct_reserved(ops->reserved, "ops"));
  if (ops->n_traces < 0 || ops->n_traces > MOST_TRACES)
    return nai__fail(NAI_ERR_INVALID, "n_traces of rule '%.60s' is %lld, must be 0 to %d",
                     ops->name, (long long)ops->n_traces, MOST_TRACES);
  return NAI_OK;
}

static void release(own_rule *own)
{
  if (own) nai__free(own->name);
  nai__free(own);
}

static void destroy(void *user)
{
  own_rule *own = user;
  if (own->ops.destroy) own->ops.destroy(own->user);
  release(own);
}

static own_rule *copy_ops(const nai_rule_ops *ops, void *user)
{
  own_rule *own = NAI__NEW(own_rule);
  if (!own || !(own->name = nai__copy_string(ops->name))) {
    release(own);
    return NULL;
  }
  own->ops = *ops;
  own->ops.name = own->name;
  own->user = user;
  own->kind = (nai__rule_kind){.name = own->name,
                               .parameter = parameters,
                               .n_parameters = 1,
                               .costs = NAI__LEARNS_FROM_ACTIVITY,
                               .units = NAI__ALL_UNITS,
                               .runs = NAI__KEEPS_CURRENTS,
                               .online = &live,
                               .attach = attach,
                               .memory = memory,
                               .detach = detach,
                               .estimate = estimate,
                               .in_shards = 1};
  return own;
}

static nai_status create(nai_rule **out, const nai_rule_ops *ops, void *user, uint64_t seed)
{
  NAI__REQUIRE(out);
  NAI__TRY(check_ops(ops));
  own_rule *own = copy_ops(ops, user);
  if (!own) return NAI_ERR_MEMORY;
  nai_status status = nai__rule_create(out, &own->kind, seed);
  if (status != NAI_OK) {
    release(own);
    return status;
  }
  (*out)->user = own;
  (*out)->destroy = destroy;
  return NAI_OK;
}

nai_status nai_rule_create(nai_rule **out, const nai_rule_ops *ops, uint64_t seed, void *user)
{
  if (out) *out = NULL;
  nai_rule_ops table;
  NAI__TRY(
      nai__struct_take(&table, sizeof table, ops, NAI__FIRST_SIZE(nai_rule_ops, destroy), "ops"));
  nai_status status = create(out, &table, user, seed);
  if (status != NAI_OK && table.destroy) table.destroy(user);
  return status;
}
