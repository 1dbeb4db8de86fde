/*
 * Predictive coding (Whittington & Bogacz 2017): each layer predicts the next one, x_l = W f(x_(l-1)) + b
 * + error. From the forward sweep on, with the outputs held away from what is predicted of them, units relax
 *
 *   x_l += rate (-error_l + f'(x_l) W^T error_(l+1)),   dW_l = error_l f(x_(l-1))^T,
 *
 * the error of outputs being what they are held away by over their variance: the larger it is, the less
 * they pull, and the nearer are the errors to those of backpropagation.
 * With predictions and slopes frozen at the forward sweep (Millidge, Tschantz & Buckley 2020) they are
 * these after enough steps. Here they are divided by what makes them estimates of dJ/dv.
 */
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "backward.h"

enum { FIXED, STEPS, RATE, REACH, VARIANCE, PARAMETERS };

static const nai__parameter parameters[PARAMETERS] = {
    [FIXED] = {"fixed", "1", "1: predictions stay those of the forward sweep", 0, 0, 1, 1},
    [STEPS] = {"steps", "steps", "of the relaxation", 20, 1, 1e6, 1},
    [RATE] = {"rate", "1", "part of the way that a step of the relaxation takes", 0.2, 1e-6, 1, 0},
    [REACH] = {"reach", "1",
               "how far outputs are held from where they are, times dJ/dz of a trial's own cost", 1,
               1e-6, 1e6, 0},
    [VARIANCE] = {"variance", "1", "of outputs: what their errors are divided by", 10, 1e-6, 1e6,
                  0},
};

typedef struct layers {
  int64_t room;  /* trials */
  float *memory; /* all of these */
  float *pull;   /* [trials][ld_units] what pulls at units and stays: costs on their rates */
  float *given;  /* [trials][ld_units] what units get that stays: biases, inputs */
  float *x;      /* [trials][ld_units] */
  float *first;  /* [trials][ld_outputs] outputs of the forward sweep */
  float *aim;    /* [trials][ld_outputs] dJ/dz there */
} layers;

/* --- the network that it takes ------------------------------------------------------------------- */

static nai_status refuse(const nai__node *node, const char *why)
{
  return nai__fail(NAI_ERR_UNSUPPORTED,
                   "rule 'predictive_coding' works in layers that answer within a step: '%s' %s",
                   node->name, why);
}

static nai_status check_node(const nai_network *net, const nai__node *node)
{
  if (node->kind == NAI_INPUTS) return NAI_OK;
  for (int64_t u = node->offset; u < node->offset + node->n; u++) {
    if (node->kind == NAI_OUTPUTS) {
      if (net->has_output_memory && (net->readout[NAI__READOUT_KEPT * net->ld_outputs + u] != 0 ||
                                     net->readout[NAI__READOUT_GAINS * net->ld_outputs + u] != 1))
        return refuse(node, "has a memory, or a gain");
      continue;
    }
    if (net->unit[NAI__ALPHA * net->ld_units + u] != 1)
      return refuse(node, "has a memory, as its tau is above dt");
    if (net->unit[NAI__SIGMA * net->ld_units + u] != 0 ||
        net->unit[NAI__ADDED * net->ld_units + u] != 0)
      return refuse(node, "has noise");
  }
  return NAI_OK;
}

static nai_status check(const nai_network *net)
{
  for (int64_t i = 0; i < net->n_nodes; i++) NAI__TRY(check_node(net, &net->node[i]));
  for (int64_t i = 0; i < net->n_projections; i++) {
    const nai__projection *p = &net->projection[i];
    if (net->node[p->from].kind == NAI_POPULATIONS && !nai__delay_is(net, p, 0))
      return nai__fail(
          NAI_ERR_UNSUPPORTED,
          "rule 'predictive_coding' works in layers that answer within a step: there is "
          "a delay from '%s' to '%s'",
          net->node[p->from].name, net->node[p->to].name);
  }
  return NAI_OK;
}

/* --- memory --------------------------------------------------------------------------------------- */

static int64_t floats_of(const nai_network *net)
{
  return 3 * net->ld_units + 2 * net->ld_outputs;
}

static int64_t memory(const nai_rule *rule, const nai_network *net, int64_t trials, int64_t threads)
{
  (void)rule, (void)threads;
  return trials * floats_of(net) * (int64_t)sizeof(float);
}

static nai_status attach(nai__learner *learner)
{
  NAI__TRY(check(learner->net));
  learner->own = NAI__NEW(layers);
  return learner->own ? NAI_OK : NAI_ERR_MEMORY;
}

static void detach(nai__learner *learner)
{
  layers *own = learner->own;
  if (own) nai__free(own->memory);
  nai__free(own);
}

static nai_status make_room(layers *own, const nai_network *net, int64_t trials)
{
  if (trials <= own->room) return NAI_OK;
  nai__free(own->memory);
  own->room = 0;
  own->memory = NAI__ARRAY(float, trials *floats_of(net));
  if (!own->memory) return NAI_ERR_MEMORY;
  own->room = trials;
  own->pull = own->memory;
  own->given = own->pull + trials * net->ld_units;
  own->x = own->given + trials * net->ld_units;
  own->first = own->x + trials * net->ld_units;
  own->aim = own->first + trials * net->ld_outputs;
  return NAI_OK;
}

/* --- trials of a group at a step --------------------------------------------------------------------- */

typedef struct job {
  nai__pass *pass;
  nai__activity relaxed; /* its rates are those that units relax to */
  const nai__learner *learner;
} job;

typedef struct group {
  const job *job;
  nai__pass *pass;
  const nai_network *net;
  int64_t row, rows;
  float *error, *output_error;      /* estimates of dJ/dv, dJ/dz */
  const float *rate;                /* of the forward sweep */
  float *relaxed;                   /* rates on their way */
  float *pull, *given, *x, *pulled; /* [rows][ld_units] */
  float *zero;                      /* [rows][ld_units] */
  float *first, *aim;               /* [rows][ld_outputs] */
  float reach, size; /* what outputs, and what units are moved by, is this times dJ/dz, dJ/dv */
} group;

static group group_at(const job *job, int64_t t, int64_t row)
{
  nai__pass *pass = job->pass;
  const nai_network *net = pass->net;
  const layers *own = job->learner->own;
  int64_t units = row * net->ld_units, outputs = row * net->ld_outputs;
  nai__activity relaxed = job->relaxed;
  double reach = job->learner->rule->number[REACH] * (double)pass->all_trials;
  return (group){.job = job,
                 .pass = pass,
                 .net = net,
                 .row = row,
                 .rows = nai__pass_walked(pass, row),
                 .error = pass->signal + (t - 1) * pass->trials * net->ld_units + units,
                 .output_error =
                     pass->output_gradient + (t - 1) * pass->trials * net->ld_outputs + outputs,
                 .rate = nai__rate_at(pass->activity, t) + units,
                 .relaxed = nai__rate_slot(&relaxed, t) + units,
                 .pull = own->pull + units,
                 .given = own->given + units,
                 .x = own->x + units,
                 .pulled = pass->start + units,
                 .zero = pass->carry + units,
                 .first = own->first + outputs,
                 .aim = own->aim + outputs,
                 .reach = (float)reach,
                 .size = (float)(reach / job->learner->rule->number[VARIANCE])};
}

static void clear(const group *g, float *rows)
{
  memset(rows, 0, (size_t)(g->rows * g->net->ld_units) * sizeof *rows);
}

/* dJ/dr of costs on rates, which stays. */
static void ask_costs(const group *g, int64_t t)
{
  const nai__pass *pass = g->pass;
  const nai_network *net = g->net;
  if (!pass->has_signal) clear(g, g->error);
  for (int64_t stage = 0; pass->rate_signal && stage < net->n_stages; stage++)
    pass->rate_signal(pass->user, t, g->row, g->rows, net->stage_first[stage],
                      net->stage_first[stage + 1], g->error);
  memcpy(g->pull, g->error, (size_t)(g->rows * net->ld_units) * sizeof *g->pull);
  clear(g, g->error);
}

/* g += W^T error, of blocks between units, or of those to outputs. */
static void pull_back(const group *g, float *pulled, int to_output)
{
  const nai_network *net = g->net;
  for (int64_t k = 0; k < net->n_blocks; k++) {
    const nai__block *b = &net->block[k];
    if (b->from_input || b->to_output != to_output) continue;
    nai__block_product_back(net, b, b->backward, pulled + b->pre, net->ld_units,
                            (to_output ? g->output_error : g->error) + b->post,
                            to_output ? net->ld_outputs : net->ld_units, g->rows, 1);
  }
}

/* Times f', from the rates; there is no leak, so nothing is carried. */
static void through_slopes(const group *g, float *pulled, const float *rate)
{
  const nai_network *net = g->net;
  for (int64_t i = 0; i < g->rows * net->ld_units; i += net->ld_units)
    for (int64_t s = 0; s < net->n_segments; s++) {
      const nai__segment *segment = &net->segment[s];
      int64_t at = i + segment->offset;
      net->kernels->current_backward(&segment->units, pulled + at, g->zero + at, rate + at);
    }
}

/* --- with fixed predictions ------------------------------------------------------------------------- */

/* error += rate (f' (W^T error + dJ/dr) - error), the outputs' error being dJ/dz. */
static void relax_fixed(const group *g, float rate)
{
  const nai_network *net = g->net;
  memcpy(g->pulled, g->pull, (size_t)(g->rows * net->ld_units) * sizeof *g->pulled);
  pull_back(g, g->pulled, 0);
  through_slopes(g, g->pulled, g->rate);
  for (int64_t b = 0; b < g->rows * net->ld_units; b += net->ld_units)
    for (int64_t u = b; u < b + net->n_units; u++)
      g->error[u] += rate * (g->pulled[u] - g->error[u]);
}

/* --- with predictions that move --------------------------------------------------------------------- */

/* v [rows][ld] += what blocks bring to units of a stage (below 0: of all), or to outputs. */
static void add_products(const group *g, int from_input, int to_output, int64_t stage, int64_t t,
                         float *v)
{
  const nai_network *net = g->net;
  for (int64_t k = 0; k < net->n_blocks; k++) {
    const nai__block *b = &net->block[k];
    if (b->from_input != from_input || b->to_output != to_output) continue;
    if (stage >= 0 && b->to_stage != stage) continue;
    int64_t ld = nai__carried_stride(net, b);
    const float *source =
        from_input ? nai__carried(g->pass->activity, b, t) + g->row * ld : g->relaxed + b->pre;
    nai__block_product(net, b, v + b->post, to_output ? net->ld_outputs : net->ld_units, source, ld,
                       g->rows, 1);
  }
}

static void find_rates(const group *g, int64_t stage)
{
  const nai_network *net = g->net;
  for (int64_t b = 0; b < g->rows * net->ld_units; b += net->ld_units)
    for (int64_t s = 0; s < net->n_segments; s++) {
      const nai__segment *segment = &net->segment[s];
      int64_t at = b + segment->offset;
      if (stage < 0 || segment->stage == stage)
        net->kernels->transfer(&segment->units, g->relaxed + at, g->x + at);
    }
}

/* z [rows][ld_outputs] as the rates of now predict it. */
static void predict_outputs(const group *g, int64_t t, float *z)
{
  const nai_network *net = g->net;
  for (int64_t b = 0; b < g->rows; b++)
    memcpy(z + b * net->ld_outputs, net->theta + net->output_bias,
           (size_t)net->ld_outputs * sizeof *z);
  add_products(g, 0, 1, -1, t, z);
}

/* The forward sweep once more, by the sums that later ones are compared with. */
static void sweep(const group *g, int64_t t)
{
  const nai_network *net = g->net;
  size_t bytes = (size_t)(g->rows * net->ld_units) * sizeof *g->x;
  for (int64_t b = 0; b < g->rows; b++)
    memcpy(g->given + b * net->ld_units, net->theta + net->unit_bias,
           (size_t)net->ld_units * sizeof *g->given);
  add_products(g, 1, 0, -1, t, g->given);
  memcpy(g->x, g->given, bytes);
  for (int64_t stage = 0; stage < net->n_stages; stage++) {
    add_products(g, 0, 0, stage, t, g->x);
    find_rates(g, stage);
  }
  predict_outputs(g, t, g->first);
  memcpy(g->aim, g->output_error, (size_t)(g->rows * net->ld_outputs) * sizeof *g->aim);
}

/* What is predicted less what is there, as estimates of dJ/dv and dJ/dz. */
static void find_errors(const group *g, int64_t t)
{
  const nai_network *net = g->net;
  memcpy(g->error, g->given, (size_t)(g->rows * net->ld_units) * sizeof *g->error);
  add_products(g, 0, 0, -1, t, g->error);
  for (int64_t i = 0; i < g->rows * net->ld_units; i++)
    g->error[i] = (g->error[i] - g->x[i]) / g->size;
  predict_outputs(g, t, g->output_error);
  for (int64_t i = 0; i < g->rows * net->ld_outputs; i++)
    g->output_error[i] = g->aim[i] + (g->output_error[i] - g->first[i]) / g->reach;
}

static void relax(const group *g, float rate)
{
  const nai_network *net = g->net;
  memcpy(g->pulled, g->pull, (size_t)(g->rows * net->ld_units) * sizeof *g->pulled);
  pull_back(g, g->pulled, 0);
  pull_back(g, g->pulled, 1);
  through_slopes(g, g->pulled, g->relaxed);
  for (int64_t i = 0; i < g->rows * net->ld_units; i++)
    g->x[i] -= rate * g->size * (g->pulled[i] - g->error[i]);
  find_rates(g, -1);
}

/* --- the estimate ------------------------------------------------------------------------------------ */

static int is_ended(const group *g, int32_t thread)
{
  return nai__pool_ended(g->pass->pool, thread, g->rows * g->net->n_theta);
}

static void relax_step(const job *job, int64_t t, int64_t row, int32_t thread)
{
  const double *number = job->learner->rule->number;
  const group g = group_at(job, t, row);
  float rate = (float)number[RATE];
  ask_costs(&g, t);
  if (number[FIXED] != 0) {
    pull_back(&g, g.pull, 1);
    for (int64_t k = 0; k < (int64_t)number[STEPS] && !is_ended(&g, thread); k++)
      relax_fixed(&g, rate);
    return;
  }
  sweep(&g, t);
  for (int64_t k = 0; k < (int64_t)number[STEPS] && !is_ended(&g, thread); k++) {
    find_errors(&g, t);
    relax(&g, rate);
  }
  find_errors(&g, t);
}

static void relax_group(void *argument, int64_t task, int32_t thread)
{
  const job *job = argument;
  const nai__pass *pass = job->pass;
  int64_t row = task * pass->walked, rows = nai__pass_walked(pass, row);
  memset(pass->carry + row * pass->net->ld_units, 0,
         (size_t)(rows * pass->net->ld_units) * sizeof *pass->carry);
  for (int64_t t = 1; t <= pass->steps; t++) relax_step(job, t, row, thread);
}

static nai_status estimate(nai__learner *learner, nai__pass *pass)
{
  NAI__TRY(check(learner->net));
  NAI__TRY(make_room(learner->own, learner->net, pass->trials));
  for (int64_t k = 0; k < learner->net->n_blocks; k++) nai__catch_up(learner->net, k);
  job job = {pass, *pass->activity, learner};
  job.relaxed.rate = job.relaxed.current;
  nai__pool_run(pass->pool, nai__pass_walks(pass), relax_group, &job);
  nai__pass relaxed = *pass;
  if (learner->rule->number[FIXED] == 0) relaxed.activity = &job.relaxed;
  nai__correlate(&relaxed);
  nai__bias_gradient(pass);
  return NAI_OK;
}

nai_status nai_rule_create_predictive_coding(nai_rule **out)
{
  static const nai__rule_kind kind = {
      .name = "predictive_coding",
      .parameter = parameters,
      .n_parameters = NAI__AT_MOST(PARAMETERS, NAI__MOST_RULE_PARAMETERS),
      .costs = NAI__LEARNS_FROM_ACTIVITY,
      .why = "whose transfer functions it takes errors through",
      .attach = attach,
      .detach = detach,
      .memory = memory,
      .runs = NAI__KEEPS_CURRENTS, /* of which it makes the rates that units relax to */
      .estimate = estimate,
      .in_shards = 1};
  return nai__rule_create(out, &kind, 0);
}
