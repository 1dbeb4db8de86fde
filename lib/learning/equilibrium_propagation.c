/*
 * Equilibrium propagation (Scellier & Bengio 2017). Where weights are symmetric, a network comes to rest
 * where an energy E = -sum over pairs W_ij r_i r_j - sum b_i r_i + (a function of each unit) has a slope of 0.
 * From there it goes on while its units get -beta dC/dr, too, and
 *
 *   dC/dW_ij = limit of -(1 / beta) (r_i r_j at beta - r_i r_j at 0),   dC/db_i = -(1 / beta) (r_i - r_i).
 *
 * The difference of products is taken as D S^T + S D^T, D = difference and S = mean of the two states: it
 * is the same for both directions of a pair, and loses no digits where the states are close.
 */
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/random.h"
#include "../network/row.h"
#include "backward.h"

enum { FORM, BETA, STEPS, PARAMETERS };

static const nai__parameter parameters[PARAMETERS] = {
    [FORM] = {"form", "1", "NAI_NUDGE_ONE_SIDED, _SYMMETRIC or _RANDOM", 0, 0, NAI_NUDGE_RANDOM, 1},
    [BETA] = {"beta", "1", "how much of -dJ/dr of a trial's own cost units get", 0.5, 1e-6, 1e6, 0},
    [STEPS] = {"steps", "steps", "that the nudged network makes", 20, 1, 1e6, 1},
};

typedef struct phases {
  int64_t *back;   /* [n_projections] the one the other way, or -1 */
  int64_t changes; /* of the network, for which these were found */
  int64_t room;    /* trials */
  float *memory;   /* all of these */
  float *given;    /* [trials][ld_units] what units get that stays: inputs */
  float *v;        /* [trials][ld_units] */
  float *x;        /* [trials][ld_units] currents of units with the leak there */
  float *r;        /* [trials][ld_units] */
  float *other;    /* [trials][ld_units] where the first of two nudged phases ended */
  float *z;        /* [trials][ld_outputs] */
  float *pull;     /* [trials][ld_outputs] -beta dJ/dz of a trial's own cost */
  float *
      rates; /* [2][trials][ld_units] S, and rates at the end of the free phase: as of an activity */
} phases;

/* --- the network that it takes ------------------------------------------------------------------- */

static nai_status refuse(const char *why, const char *from, const char *to)
{
  return nai__fail(
      NAI_ERR_UNSUPPORTED,
      "rule 'equilibrium_propagation' needs a network that comes to rest: %s '%s'%s%s%s", why, from,
      to ? " to '" : "", to ? to : "", to ? "'" : "");
}

static nai_status check_node(const nai_network *net, const nai__node *node)
{
  const float *kept = net->readout + NAI__READOUT_KEPT * net->ld_outputs,
              *gain = net->readout + NAI__READOUT_GAINS * net->ld_outputs,
              *noise = net->unit + NAI__SIGMA * net->ld_units,
              *added = net->unit + NAI__ADDED * net->ld_units;
  for (int64_t u = node->offset; u < node->offset + node->n; u++) {
    if (node->kind == NAI_OUTPUTS && net->has_output_memory && (kept[u] != 0 || gain[u] != 1))
      return refuse("there is a memory or a gain in", node->name, NULL);
    if (node->kind == NAI_POPULATIONS && (noise[u] != 0 || added[u] != 0))
      return refuse("there is noise in", node->name, NULL);
  }
  return NAI_OK;
}

static nai_status check(const nai_network *net)
{
  for (int64_t i = 0; i < net->n_nodes; i++) NAI__TRY(check_node(net, &net->node[i]));
  return NAI_OK;
}

static nai_status check_delays(const nai_network *net)
{
  for (int64_t i = 0; i < net->n_projections; i++) {
    const nai__projection *p = &net->projection[i];
    const nai__node *from = &net->node[p->from], *to = &net->node[p->to];
    if (from->kind == NAI_POPULATIONS && to->kind == NAI_POPULATIONS && !nai__delay_is(net, p, 1))
      return refuse("there is a delay other than one step from", from->name, to->name);
    if (to->kind == NAI_OUTPUTS && !nai__delay_is(net, p, 0))
      return refuse("there is a delay from", from->name, to->name);
  }
  return NAI_OK;
}

/* The number of the projection the other way; -1: there is none. */
static int64_t back_of(const nai_network *net, const nai__projection *p)
{
  for (int64_t k = 0; k < net->n_projections; k++)
    if (net->projection[k].from == p->to && net->projection[k].to == p->from) return k;
  return -1;
}

/* Whether each synapse of one, with its weight and whether it learns, is there the other way, too. */
static int has_back(const nai_network *net, const nai__projection *one,
                    const nai__projection *other)
{
  const nai__block *b = &net->block[other->block];
  for (int64_t i = 0; i < one->n_post; i++)
    for (nai__row row = nai__row_of(net, one, i); nai__row_next(&row);) {
      const int64_t place = nai__place_within(net, other, b, row.pre, i);
      const float weight = place < 0 ? 0 : net->theta[place];
      const int plastic = place < 0 ? 0 : net->plastic[place];
      if (net->theta[row.place] != weight || net->plastic[row.place] != plastic) return 0;
    }
  return 1;
}

/* 1 when weights, and which of them learn, are the transpose of those the other way. */
static int are_transposed(const nai_network *net, const nai__projection *there,
                          const nai__projection *here)
{
  return has_back(net, there, here) && has_back(net, here, there);
}

static nai_status find_all_back(const nai_network *net, int64_t *back)
{
  for (int64_t i = 0; i < net->n_projections; i++) {
    const nai__projection *p = &net->projection[i];
    const nai__node *from = &net->node[p->from], *to = &net->node[p->to];
    back[i] = -1;
    if (from->kind != NAI_POPULATIONS || to->kind != NAI_POPULATIONS) continue;
    back[i] = back_of(net, p);
    if (back[i] < 0)
      return refuse("there is none back for the projection from", from->name, to->name);
    if (!are_transposed(net, p, &net->projection[back[i]]))
      return refuse("weights, and which of them learn, are not the transpose of those back, from",
                    from->name, to->name);
  }
  return NAI_OK;
}

/* --- memory --------------------------------------------------------------------------------------- */

static int64_t floats_of(const nai_network *net)
{
  return (6 + net->max_delay) * net->ld_units + 2 * net->ld_outputs;
}

static int64_t memory(const nai_rule *rule, const nai_network *net, int64_t trials, int64_t threads)
{
  (void)rule, (void)threads;
  return trials * floats_of(net) * (int64_t)sizeof(float);
}

/* Synapses may have been removed since, or frozen: one way alone. */
static nai_status find_back(phases *own, const nai_network *net)
{
  if (own->changes == net->changes) return NAI_OK;
  NAI__TRY(find_all_back(net, own->back));
  own->changes = net->changes;
  return NAI_OK;
}

static nai_status attach(nai__learner *learner)
{
  const nai_network *net = learner->net;
  NAI__TRY(check(net));
  NAI__TRY(check_delays(net));
  phases *own = learner->own = NAI__NEW(phases);
  if (!own) return NAI_ERR_MEMORY;
  own->back = NAI__ARRAY(int64_t, net->n_projections + 1);
  own->changes = -1;
  return own->back ? find_back(own, net) : NAI_ERR_MEMORY;
}

static void detach(nai__learner *learner)
{
  phases *own = learner->own;
  if (!own) return;
  nai__free(own->back);
  nai__free(own->memory);
  nai__free(own);
}

static nai_status make_room(phases *own, const nai_network *net, int64_t trials)
{
  if (trials <= own->room) return NAI_OK;
  int64_t units = trials * net->ld_units;
  nai__free(own->memory);
  own->room = 0;
  own->memory = NAI__ARRAY(float, trials *floats_of(net));
  if (!own->memory) return NAI_ERR_MEMORY;
  own->room = trials;
  own->given = own->memory;
  own->v = own->given + units;
  own->x = own->v + units;
  own->r = own->x + units;
  own->other = own->r + units;
  own->rates = own->other + units;
  own->z = own->rates + (net->max_delay + 1) * units;
  own->pull = own->z + trials * net->ld_outputs;
  return NAI_OK;
}

/* --- a phase: groups of trials side by side, the costs between its steps ---------------------------- */

typedef struct job {
  const nai__pass *pass;
  const phases *own;
} job;

typedef struct group {
  const job *job;
  const nai_network *net;
  int64_t row, rows;
} group;

static group group_of(const job *job, int64_t task)
{
  const nai__pass *pass = job->pass;
  int64_t row = task * pass->walked;
  return (group){job, pass->net, row, nai__pass_walked(pass, row)};
}

/* v, or z, += what blocks from inputs or from units bring. */
static void add_products(const group *g, int from_input, int to_output, float *sum)
{
  const nai_network *net = g->net;
  const nai__activity *a = g->job->pass->activity;
  for (int64_t k = 0; k < net->n_blocks; k++) {
    const nai__block *b = &net->block[k];
    if (b->from_input != from_input || b->to_output != to_output) continue;
    int64_t ld = nai__carried_stride(net, b), lds = to_output ? net->ld_outputs : net->ld_units;
    const float *from = from_input ? nai__input_at(a, g->job->pass->steps) : g->job->own->r;
    nai__block_product(net, b, sum + g->row * lds + b->post, lds, from + g->row * ld + b->pre, ld,
                       g->rows, 1);
  }
}

/* v += W_out^T pull. */
static void add_pull(const group *g)
{
  const nai_network *net = g->net;
  const phases *own = g->job->own;
  for (int64_t k = 0; k < net->n_blocks; k++) {
    const nai__block *b = &net->block[k];
    if (b->to_output)
      nai__block_product_back(net, b, b->backward, own->v + g->row * net->ld_units + b->pre,
                              net->ld_units, own->pull + g->row * net->ld_outputs + b->post,
                              net->ld_outputs, g->rows, 1);
  }
}

/* As nai__advance() does, without noise. */
static void move_units(const group *g)
{
  const nai_network *net = g->net;
  const phases *own = g->job->own;
  for (int64_t b = g->row; b < g->row + g->rows; b++)
    for (int64_t s = 0; s < net->n_segments; s++) {
      const nai__segment *segment = &net->segment[s];
      nai__units units = segment->units;
      int64_t at = b * net->ld_units + segment->offset;
      float *r = own->r + at, *x = own->x + at;
      units.noise = NULL;
      if (segment->leak == NAI_LEAK_RATE) {
        net->kernels->rate_forward(&units, r, x, r, own->v + at, NULL);
        continue;
      }
      if (segment->leak == NAI_LEAK_WHOLE) memcpy(x, r, (size_t)units.n * sizeof *x);
      net->kernels->current_forward(&units, x, r, own->v + at, NULL);
    }
}

static void read_out(const group *g)
{
  const nai_network *net = g->net;
  float *z = g->job->own->z;
  for (int64_t b = g->row; b < g->row + g->rows; b++)
    memcpy(z + b * net->ld_outputs, net->theta + net->output_bias,
           (size_t)net->ld_outputs * sizeof *z);
  add_products(g, 0, 1, z);
}

static void begin_group(void *argument, int64_t task, int32_t thread)
{
  (void)thread;
  const job *job = argument;
  const group g = group_of(job, task);
  const phases *own = job->own;
  const nai__activity *a = job->pass->activity;
  int64_t at = g.row * g.net->ld_units;
  size_t bytes = (size_t)(g.rows * g.net->ld_units) * sizeof(float);
  memcpy(own->r + at, nai__rate_at(a, job->pass->steps) + at, bytes);
  memcpy(own->x + at, a->x + at, bytes);
  memset(own->given + at, 0, bytes);
  add_products(&g, 1, 0, own->given);
  read_out(&g);
}

static void step_group(void *argument, int64_t task, int32_t thread)
{
  const job *job = argument;
  const group g = group_of(job, task);
  const phases *own = job->own;
  int64_t at = g.row * g.net->ld_units;
  if (nai__pool_ended(job->pass->pool, thread, g.rows * g.net->n_theta)) return;
  memcpy(own->v + at, own->given + at, (size_t)(g.rows * g.net->ld_units) * sizeof(float));
  add_products(&g, 0, 0, own->v);
  add_pull(&g);
  move_units(&g);
  read_out(&g);
}

/* Leaves rates in `r`. */
static nai_status run_phase(const nai__learner *learner, const nai__pass *pass, double beta)
{
  const phases *own = learner->own;
  const nai_network *net = pass->net;
  job job = {pass, own};
  int64_t groups = nai__pass_walks(pass);
  float push = (float)(-beta * (double)pass->all_trials);
  nai__pool_run(pass->pool, groups, begin_group, &job);
  for (int64_t k = 0; k < (int64_t)learner->rule->number[STEPS]; k++) {
    NAI__TRY(pass->output_signal(pass->user, own->z, own->pull));
    for (int64_t i = 0; i < pass->trials * net->ld_outputs; i++) own->pull[i] *= push;
    nai__pool_run(pass->pool, groups, step_group, &job);
    NAI__TRY(nai__pool_answer(pass->pool));
  }
  return NAI_OK;
}

/* --- the estimate ------------------------------------------------------------------------------------ */

/* The sign of beta in this update. */
static double sign_of(const nai_rule *rule, int64_t update)
{
  if ((int32_t)rule->number[FORM] != NAI_NUDGE_RANDOM) return 1;
  nai__stream stream = nai__stream_open(rule->seed, NAI__FOR_FEEDBACK, (uint64_t)update, 5);
  return nai__stream_uniform(&stream) < 0.5 ? -1 : 1;
}

/* -D over what units were pushed by, in `signal`; S, and the free rates, in `rates`. */
static void compare(const nai__pass *pass, const phases *own, const float *one, const float *two,
                    double size)
{
  int64_t n = pass->trials * pass->net->ld_units;
  float *mean = own->rates + (pass->net->max_delay - 1) * n;
  float factor = (float)(1 / (size * (double)pass->all_trials));
  for (int64_t i = 0; i < n; i++) {
    pass->signal[i] = factor * (two[i] - one[i]);
    mean[i] = 0.5f * (one[i] + two[i]);
  }
  memcpy(mean + n, nai__rate_at(pass->activity, pass->steps), (size_t)n * sizeof *mean);
}

static nai_status run_phases(const nai__learner *learner, const nai__pass *pass)
{
  const nai_rule *rule = learner->rule;
  const phases *own = learner->own;
  double beta = rule->number[BETA] * sign_of(rule, pass->update);
  NAI__TRY(run_phase(learner, pass, beta));
  if ((int32_t)rule->number[FORM] != NAI_NUDGE_SYMMETRIC) {
    compare(pass, own, own->r, nai__rate_at(pass->activity, pass->steps), beta);
    return NAI_OK;
  }
  memcpy(own->other, own->r, (size_t)(pass->trials * pass->net->ld_units) * sizeof *own->r);
  NAI__TRY(run_phase(learner, pass, -beta));
  compare(pass, own, own->other, own->r, 2 * beta);
  return NAI_OK;
}

/* D S^T of one direction and S D^T, which is that of the other, in both. */
static void join_pair(const nai_network *net, const nai__projection *there,
                      const nai__projection *here, float *gradient)
{
  const nai__block *b = &net->block[here->block];
  for (int64_t i = 0; i < there->n_post; i++)
    for (nai__row row = nai__row_of(net, there, i); nai__row_next(&row);) {
      if (there == here && row.pre >= i) break;
      const int64_t place = nai__pair_within(here, b, row.pre, i);
      if (place < 0) continue;
      gradient[row.place] = gradient[place] = gradient[row.place] + gradient[place];
    }
}

static void join(const nai_network *net, const int64_t *back, float *gradient)
{
  for (int64_t k = 0; k < net->n_projections; k++)
    if (back[k] >= k) join_pair(net, &net->projection[k], &net->projection[back[k]], gradient);
}

static nai_status check_lengths(const nai__pass *pass)
{
  for (int64_t k = 0; k < pass->trials; k++)
    if (pass->length[k] != pass->steps)
      return nai__fail(NAI_ERR_UNSUPPORTED,
                       "rule 'equilibrium_propagation' goes on from the last step of trials, and "
                       "trial %lld has %lld of %lld steps",
                       (long long)k, (long long)pass->length[k], (long long)pass->steps);
  return NAI_OK;
}

static nai_status estimate(nai__learner *learner, nai__pass *pass)
{
  const nai_network *net = learner->net;
  phases *own = learner->own;
  NAI__TRY(check(net));
  NAI__TRY(find_back(own, net));
  NAI__TRY(check_lengths(pass));
  NAI__TRY(make_room(own, net, pass->trials));
  for (int64_t k = 0; k < net->n_blocks; k++)
    if (net->block[k].to_output) nai__catch_up(net, k);
  NAI__TRY(run_phases(learner, pass));
  nai__activity rest = *pass->activity;
  rest.input = nai__input_slot(&rest, pass->steps);
  rest.input_slots = 1;
  rest.rate = own->rates;
  rest.rate_slots = net->max_delay + 1;
  nai__pass last = *pass;
  last.steps = last.end = 1;
  last.activity = &rest;
  last.output_gradient += (pass->steps - 1) * pass->trials * net->ld_outputs;
  nai__correlate(&last);
  nai__bias_gradient(&last);
  join(net, own->back, pass->gradient);
  return NAI_OK;
}

nai_status nai_rule_create_equilibrium_propagation(nai_rule **out, int32_t form, uint64_t seed)
{
  static const nai__rule_kind kind = {.name = "equilibrium_propagation",
                                      .parameter = parameters,
                                      .n_parameters =
                                          NAI__AT_MOST(PARAMETERS, NAI__MOST_RULE_PARAMETERS),
                                      .costs = NAI__LEARNS_OUTPUTS | NAI__LEARNS_WEIGHTS,
                                      .why = "which come to rest at an energy's minimum",
                                      .attach = attach,
                                      .detach = detach,
                                      .memory = memory,
                                      .estimate = estimate,
                                      .in_shards = 1};
  NAI__REQUIRE(out);
  *out = NULL;
  NAI__TRY(nai__parameter_check(&parameters[FORM], form, NULL));
  NAI__TRY(nai__rule_create(out, &kind, seed));
  return nai_rule_set(*out, "form", form);
}
