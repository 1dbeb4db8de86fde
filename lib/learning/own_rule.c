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

/* The rule at work: `own` of the learner. */
typedef struct work {
  float **readout;    /* transposed, as a route has it; NULL with random feedback */
  int64_t n_synapses; /* onto units, and their biases: numbers of one trace in one trial */
  int64_t width;      /* units or channels of the largest node */
  int64_t room;       /* trials that there is room for */
  float *one, *carry; /* [width] alpha with which a backward step gives the slope; its scratch */
  float *trace;
  float *running;                     /* [trials] */
  float *pre, *post, *slope, *signal; /* [trials][n], of the node at hand */
} work;

static const own_rule *rule_of(const nai__learner *learner)
{
  return learner->rule->user;
}

/* --- memory ----------------------------------------------------------------------------------- */

static void release_room(work *w)
{
  float **array[] = {&w->trace, &w->running, &w->pre, &w->post, &w->slope, &w->signal};
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

static void measure(work *w, const nai_network *net)
{
  for (int64_t i = 0; i < net->n_nodes; i++) {
    if (net->node[i].n > w->width) w->width = net->node[i].n;
    if (net->node[i].kind == NAI_POPULATIONS) w->n_synapses += net->node[i].n;
  }
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__node *from = &net->node[net->projection[k].from],
                    *to = &net->node[net->projection[k].to];
    if (to->kind == NAI_POPULATIONS) w->n_synapses += from->n * to->n;
  }
}

static int64_t memory(const nai_rule *rule, const nai_network *net, int64_t trials, int64_t threads)
{
  (void)threads;
  const own_rule *own = rule->user;
  work w = {.width = 0};
  measure(&w, net);
  return (own->ops.n_traces * w.n_synapses + 4 * w.width) * trials * (int64_t)sizeof(float);
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

static nai_status make_room(work *w, const own_rule *rule, int64_t trials)
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
  w->post = NAI__ARRAY(float, trials * w->width);
  w->slope = NAI__ARRAY(float, trials * w->width);
  w->signal = NAI__ARRAY(float, trials * w->width);
  if (w->trace && w->running && w->pre && w->post && w->slope && w->signal) {
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
  if (trials > w->room) NAI__TRY(make_room(w, rule, trials));
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

static void find_slopes(const work *w, const nai_network *net, const nai__node *node, float *slope,
                        const float *value)
{
  const float *unit = net->unit + node->offset;
  nai__units units = {.n = node->n,
                      .transfer = node->transfer,
                      .gain = unit + 2 * net->ld_units,
                      .exponent = unit + 3 * net->ld_units};
  nai__slopes(net, units, node->leak, w->one, slope, w->carry, value);
}

static void gather_units(const work *w, const nai__moment *now, const nai__node *node)
{
  const nai__activity *a = now->activity;
  const nai_network *net = a->net;
  const float *rate = nai__rate_at(a, now->t) + node->offset, *value = rate;
  if (node->leak == NAI_LEAK_RATE) value = nai__drive_at(a, now->t) + node->offset;
  gather(w->post, rate, node->n, net->ld_units, w->running, a->trials);
  gather(w->signal, now->signal + node->offset, node->n, net->ld_units, w->running, a->trials);
  for (int64_t b = 0; b < a->trials; b++) {
    float *slope = w->slope + b * node->n;
    if (w->running[b] != 0)
      find_slopes(w, net, node, slope, value + b * net->ld_units);
    else
      memset(slope, 0, (size_t)node->n * sizeof *slope);
  }
}

static void gather_pre(const work *w, const nai__moment *now, const nai__projection *p)
{
  const nai__activity *a = now->activity;
  const nai__node *from = &a->net->node[p->from];
  const nai__block *block = &a->net->block[p->block];
  const float *source = nai__carried(a, block, now->t) + from->offset - block->pre;
  gather(w->pre, source, from->n, nai__carried_stride(a->net, block), w->running, a->trials);
}

/* --- calling ---------------------------------------------------------------------------------- */

static nai_status call(const own_rule *rule, nai_local_step *step)
{
  nai__clear_error();
  nai_status status = rule->ops.step(rule->user, step);
  return status == NAI_OK ? NAI_OK : nai__fail_callback(status, "rule", rule->name);
}

/* The biases of a population, as synapses from one unit that is always at 1. */
static nai_local_step step_of(const work *w, const nai__moment *now, const nai__node *node)
{
  const nai_network *net = now->activity->net;
  int64_t bias = nai__bias_start(net, node);
  return (nai_local_step){.struct_size = sizeof(nai_local_step),
                          .leak = node->leak,
                          .to = node->name,
                          .step = now->t,
                          .steps = now->steps,
                          .trials = now->activity->trials,
                          .n_post = node->n,
                          .n_pre = 1,
                          .stride = 1,
                          .running = w->running,
                          .pre = w->running,
                          .post = w->post,
                          .slope = w->slope,
                          .signal = w->signal,
                          .alpha = net->unit + node->offset,
                          .weight = net->theta + bias,
                          .change = now->gradient + bias};
}

/* Every projection has its place in `trace`, also when it is not plastic now. */
static nai_status call_projections(const work *w, const own_rule *rule, const nai__moment *now,
                                   int64_t node, float **trace)
{
  const nai_network *net = now->activity->net;
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    if (p->to != node) continue;
    nai_local_step step = step_of(w, now, &net->node[node]);
    nai_synapses s = nai__synapses(net, p, now->gradient, NULL);
    step.from = s.from;
    step.n_pre = s.n_pre;
    step.stride = s.stride;
    step.pre = w->pre;
    step.weight = s.weight;
    step.change = s.gradient;
    step.trace = rule->ops.n_traces ? *trace : NULL;
    *trace += rule->ops.n_traces * step.trials * s.n_post * s.n_pre;
    if (!p->plastic) continue;
    gather_pre(w, now, p);
    NAI__TRY(call(rule, &step));
  }
  return NAI_OK;
}

nai_status nai__own_rule_step(nai__learner *learner, const nai__moment *now)
{
  const work *w = learner->own;
  const own_rule *rule = rule_of(learner);
  const nai_network *net = learner->net;
  float *trace = w->trace;
  for (int64_t b = 0; b < now->activity->trials; b++)
    w->running[b] = !now->length || now->t <= now->length[b];
  for (int64_t i = 0; i < net->n_nodes; i++) {
    if (net->node[i].kind != NAI_POPULATIONS) continue;
    gather_units(w, now, &net->node[i]);
    nai_local_step biases = step_of(w, now, &net->node[i]);
    biases.trace = rule->ops.n_traces ? trace : NULL;
    trace += rule->ops.n_traces * biases.trials * biases.n_post;
    NAI__TRY(call(rule, &biases));
    NAI__TRY(call_projections(w, rule, now, i, &trace));
  }
  return NAI_OK;
}

static nai_status estimate(nai__learner *learner, nai__pass *pass)
{
  const work *w = learner->own;
  nai__route route = {.backward = w->readout, .direct = learner->feedback.stage_packed};
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
  const work *w = online->learner->own;
  if (w->readout) NAI__TRY(nai__online_prompt(online));
  NAI__TRY(nai__own_rule_begin(online->learner, 1));
  online->own = NAI__ARRAY(float, online->learner->net->ld_units);
  return online->own ? NAI_OK : NAI_ERR_MEMORY;
}

/* There is room for one trial: this cannot fail. */
static void live_begin(nai__online *online)
{
  (void)nai__own_rule_begin(online->learner, 1);
}

static nai_status live_step(nai__online *online)
{
  const work *w = online->learner->own;
  nai__online_signal(online, w->readout, online->learner->feedback.stage_packed, online->own);
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
  if (ops->n_traces < 0 || ops->n_traces > MOST_TRACES)
    return nai__fail(NAI_ERR_INVALID, "n_traces of rule '%.60s' is %d, must be 0 to %d", ops->name,
                     (int)ops->n_traces, MOST_TRACES);
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
                               .online = &live,
                               .attach = attach,
                               .memory = memory,
                               .detach = detach,
                               .estimate = estimate};
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

nai_status nai_rule_create(nai_rule **out, const nai_rule_ops *ops, void *user, uint64_t seed)
{
  if (out) *out = NULL;
  nai_rule_ops table;
  NAI__TRY(
      nai__struct_take(&table, sizeof table, ops, NAI__FIRST_SIZE(nai_rule_ops, destroy), "ops"));
  nai_status status = create(out, &table, user, seed);
  if (status != NAI_OK && table.destroy) table.destroy(user);
  return status;
}
