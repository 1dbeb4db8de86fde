/*
 * Dendritic error: each synapse learns from what its compartment should have received, less what it did
 * (Sacramento, Costa, Bengio & Senn 2018, eqs 7 to 10; Urbanczik & Senn 2014). With I = (error of the port)
 * (what the synapse carried),
 *
 *   tau dDelta/dt = -Delta + I,   dW/dt = eta Delta
 *
 * in steps Delta += a (I - Delta), a = dt / tau, at most 1; W += eta dt Delta. The estimate in place of a
 * gradient is minus dt Delta, summed over steps, so that plain descent of rate eta is dW/dt = eta Delta.
 */
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../network/row.h"
#include "../running/move.h"
#include "backward.h"
#include "online.h"

enum { TAU, LAG, EVERY, SWEEP, PARAMETERS };

/* Far more than any activity, far below where single precision ends. */
#define MOST_INDUCED 1e12F

static double share_of(const nai_rule *rule, const nai_network *net)
{
  double tau = rule->number[TAU];
  return tau > net->dt ? net->dt / tau : 1;
}

/* Steps of a trial, from its first on, from which nothing is learnt. */
static int64_t lag_of(const nai_rule *rule, const nai_network *net)
{
  return (int64_t)floor(rule->number[LAG] / net->dt * (1 + 1e-12));
}

static int has_errors(const nai__node *node)
{
  return node->cells && node->cells->model->ops.errors;
}

/* --- what it can drive ------------------------------------------------------------------------ */

static nai_status fail_node(const nai_network *net, const nai__projection *p)
{
  const nai__node *node = &net->node[p->to];
  return nai__fail(NAI_ERR_UNSUPPORTED,
                   "rule 'dendritic_error' needs the errors of ports; '%s' is of model '%s', which "
                   "has none: freeze what is onto it, as from '%s'",
                   node->name, node->cells ? node->cells->model->ops.name : "rate",
                   nai__source_name(net, p));
}

/* What learns is onto ports that have errors, or onto outputs. */
static nai_status check(const nai_network *net)
{
  int any = 0;
  for (int64_t i = 0; i < net->n_nodes; i++) any |= has_errors(&net->node[i]);
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    const nai__node *to = &net->node[p->to];
    if (to->kind == NAI_POPULATIONS && p->plastic && !has_errors(to)) return fail_node(net, p);
  }
  if (any) return NAI_OK;
  return nai__fail(NAI_ERR_UNSUPPORTED,
                   "rule 'dendritic_error' needs the errors of ports, and the network has no "
                   "population of a model that has them, such as 'pyramidal'");
}

/* A sweep comes after the last step of a trial; then nothing is learnt within it. */
static nai_status fail_within(const nai_rule *rule)
{
  return nai__fail(
      NAI_ERR_INVALID,
      "rule 'dendritic_error': update_every is %g, must be 0, as sweep is 1: nothing is "
      "learnt within a trial",
      rule->number[EVERY]);
}

static nai_status attach_sweep(nai__learner *learner)
{
  if (nai__rule_every(learner->rule)) return fail_within(learner->rule);
  return nai__descent_create(&learner->descent, learner->net, "rule 'dendritic_error' with sweep");
}

/* Delta stays from trial to trial, as in the authors' programs, and is `own` of the learner. */
static nai_status attach(nai__learner *learner)
{
  NAI__TRY(check(learner->net));
  if (learner->rule->number[SWEEP] != 0) return attach_sweep(learner);
  learner->own = nai__learner_keep_theta(learner, "induction");
  return learner->own ? NAI_OK : NAI_ERR_MEMORY;
}

/* --- within trials ---------------------------------------------------------------------------- */

static nai_status begin_within(nai__online *online)
{
  if (online->learner->descent) return fail_within(online->learner->rule);
  online->own = NAI__ARRAY(float, online->learner->net->ld_units);
  return online->own ? NAI_OK : NAI_ERR_MEMORY;
}

static void end_within(nai__online *online)
{
  nai__free(online->own);
  online->own = NULL;
}

static nai_status find_errors(const nai__activity *activity, int64_t t, int64_t instant,
                              int64_t row, int64_t rows, float *error)
{
  const nai_network *net = activity->net;
  for (int64_t s = 0; s < net->n_segments; s++)
    if (net->segment[s].cells && net->segment[s].cells->model->ops.errors)
      NAI__TRY(nai__cells_errors(activity, &net->segment[s], t, instant, row, rows, error));
  return NAI_OK;
}

/* Delta = (1 - a) Delta + a error r, of n synapses onto one port of one unit. */
static void follow_row(float *restrict gradient, float *restrict induction,
                       const float *restrict carried, int64_t n, float kept, float gain, float dt)
{
  for (int64_t j = 0; j < n; j++) {
    induction[j] = kept * induction[j] + gain * carried[j];
    gradient[j] -= dt * induction[j];
  }
}

/* What the synapses of a projection, in one of its blocks, carry at this step. */
static const float *carried_by(const nai__online *online, const nai__projection *p, int64_t part)
{
  const nai__block *block = &online->learner->net->block[p->block + part];
  return nai__carried(online->activity, block, online->t) + p->pre - block->pre;
}

static void follow_part(const nai__online *online, const nai__projection *p, int64_t part, float a)
{
  const nai_network *net = online->learner->net;
  const float *error = online->own, *carried = carried_by(online, p, part);
  float *induction = online->learner->own;
  for (int64_t i = 0; i < p->n_post; i++) {
    const nai__strip strip = nai__strip_in(net, p, part, i);
    follow_row(online->gradient + strip.at, induction + strip.at,
               nai__strip_carried(&strip, carried, online->carried[0]), strip.n, 1 - a,
               a * error[p->post + i], (float)net->dt);
  }
}

/* Synapses from what is always 1. */
static void follow_bias(const nai__online *online, const nai__node *node, float a)
{
  const nai_network *net = online->learner->net;
  const float *error = online->own, one = 1;
  float *induction = online->learner->own;
  for (int64_t u = 0; u < node->n; u++) {
    int64_t at = net->unit_bias + node->offset + u;
    follow_row(online->gradient + at, induction + at, &one, 1, 1 - a, a * error[node->offset + u],
               (float)net->dt);
  }
}

static float largest(const float *x, int64_t n)
{
  float most = 0;
  for (int64_t i = 0; i < n; i++) most = fabsf(x[i]) > most ? fabsf(x[i]) : most;
  return most;
}

static int learns(const nai_network *net, const nai__projection *p)
{
  return p->plastic && has_errors(&net->node[p->to]);
}

/* Delta outlives the trial: nothing that could spoil it gets in. */
static nai_status check_induced(const nai__online *online, const nai__projection *p)
{
  const nai_network *net = online->learner->net;
  const float *error = online->own;
  float most = 0;
  for (int64_t part = 0; part < p->n_parts; part++)
    most = fmaxf(most, largest(carried_by(online, p, part), p->n_pre));
  if (largest(error + p->post, p->n_post) * most <= MOST_INDUCED) return NAI_OK;
  return nai__fail(NAI_ERR_NONFINITE,
                   "errors of '%s' times what '%s' sends are above %g at step %lld of the trial: "
                   "look at the inputs",
                   nai__target_name(net, p), nai__source_name(net, p), (double)MOST_INDUCED,
                   (long long)online->t);
}

static nai_status step(nai__online *online)
{
  const nai_network *net = online->learner->net;
  const nai_rule *rule = online->learner->rule;
  online->nothing = online->t <= lag_of(rule, net);
  if (online->nothing) return NAI_OK;
  float a = (float)share_of(rule, net);
  NAI__TRY(find_errors(online->activity, online->t, online->t - 1, 0, 1, online->own));
  for (int64_t k = 0; k < net->n_projections; k++)
    if (learns(net, &net->projection[k])) NAI__TRY(check_induced(online, &net->projection[k]));
  for (int64_t k = 0; k < net->n_projections; k++)
    for (int64_t i = 0; learns(net, &net->projection[k]) && i < net->projection[k].n_parts; i++)
      follow_part(online, &net->projection[k], i, a);
  for (int64_t i = 0; i < net->n_nodes; i++)
    if (has_errors(&net->node[i])) follow_bias(online, &net->node[i], a);
  nai__online_readout(online);
  return NAI_OK;
}

/* --- at the end of trials --------------------------------------------------------------------- */

/*
 * With the weights of the beginning, and Delta 0 there: what is induced at step s of T stays in Delta to the
 * end, and counts for dt times the sum over steps s .. T of a (1 - a)^(t - s).
 */
static double worth(double share, int64_t steps)
{
  return steps > 0 ? 1 - pow(1 - share, (double)steps) : 0;
}

typedef struct job {
  nai__pass *pass;
  double share;
  int64_t lag;
  int swept; /* 1: what ports receive, units have sent after the step, and errors are of that instant */
} job;

static void weigh(const job *job, int64_t t, int64_t trial, float *error)
{
  const nai__pass *pass = job->pass;
  double dt = pass->net->dt, count = worth(job->share, pass->length[trial] - t + 1);
  float factor = (float)(-dt / (double)pass->trials * count);
  for (int64_t u = 0; u < pass->net->n_columns; u++) error[u] = count > 0 ? factor * error[u] : 0;
}

static void find_group(void *argument, int64_t task, int32_t thread)
{
  const job *job = argument;
  nai__pass *pass = job->pass;
  const nai_network *net = pass->net;
  int64_t row = task * pass->walked, rows = nai__pass_walked(pass, row);
  int64_t work = rows * net->n_theta;
  for (int64_t t = 1; t <= pass->steps && !nai__pool_ended(pass->pool, thread, work); t++) {
    float *error = pass->signal + ((t - 1) * pass->trials + row) * net->ld_units;
    memset(error, 0, (size_t)(rows * net->ld_units) * sizeof *error); /* of other units, too */
    if (t <= job->lag) continue;
    nai_status status = find_errors(pass->activity, t, t - !job->swept, row, rows, error);
    if (status != NAI_OK) {
      nai__failure_note(&pass->failed, status);
      return;
    }
    for (int64_t b = 0; b < rows; b++) weigh(job, t, row + b, error + b * net->ld_units);
  }
}

/* After a sweep only what is induced at the last step counts. */
static nai_status only_last(job *job)
{
  const nai__pass *pass = job->pass;
  for (int64_t b = 0; b < pass->trials; b++)
    if (pass->length[b] != pass->steps)
      return nai__fail(
          NAI_ERR_INVALID,
          "trial %lld has %d steps, another one %lld: with sweep all trials of a batch "
          "must be equally long",
          (long long)b, (int)pass->length[b], (long long)pass->steps);
  job->share = 1;
  job->lag = pass->steps - 1;
  job->swept = 1;
  return NAI_OK;
}

static nai_status estimate(nai__learner *learner, nai__pass *pass)
{
  job job = {pass, share_of(learner->rule, pass->net), lag_of(learner->rule, pass->net), 0};
  if (learner->descent) NAI__TRY(only_last(&job));
  nai__pool_run(pass->pool, nai__pass_walks(pass), find_group, &job);
  nai__bias_gradient(pass);
  nai__correlate(pass);
  return NAI_OK;
}

nai_status nai_rule_create_dendritic_error(nai_rule **out)
{
  static const nai__parameter parameters[PARAMETERS] = {
      [TAU] = {"tau", "ms", "time constant of the low-pass of what is induced; 0: none", 30, 0, 1e9,
               0},
      [LAG] = {"lag", "ms", "from the beginning of a trial, in which nothing is learnt", 0, 0, 1e9,
               0},
      [EVERY] = {"update_every", "steps", "steps between updates within a trial; 0: one at its end",
                 1, 0, 1e9, 1},
      [SWEEP] = {"sweep", "1",
                 "1: from the last step and a sweep down from the top alone, without low-pass", 0,
                 0, 1, 1}};
  static const nai__online_ops online = {
      .attach = begin_within, .detach = end_within, .step = step};
  static const nai__rule_kind kind = {.name = "dendritic_error",
                                      .parameter = parameters,
                                      .n_parameters = PARAMETERS,
                                      .costs = NAI__LEARNS_OUTPUTS | NAI__LEARNS_WEIGHTS,
                                      .costless = 1,
                                      .units = NAI__ALL_UNITS,
                                      .released = 1,
                                      .attach = attach,
                                      .estimate = estimate,
                                      .online = &online};
  return nai__rule_create(out, &kind, 0);
}
