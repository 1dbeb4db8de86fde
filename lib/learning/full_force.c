/*
 * full-FORCE (DePasquale et al. 2018): a teacher network with the same units and random recurrent
 * weights is driven by the inputs and, unlike the network itself, by what the outputs should be. By
 * recursive least squares the network's recurrent synapses learn to give each unit what the
 * teacher's recurrent synapses and the targets give it there,
 *
 *   W r(t-1) -> g J r_D(t-1) + u_out f(t),    x_D(t) = (1 - alpha) x_D(t-1) + alpha (that + inputs + b),
 *
 * and the readout learns f. J is normal with variance 1/N, u_out uniform in +-1. The authors' program
 * moves the teacher by exp(-dt/tau); here it makes the steps of the network, which are what W is to
 * make of it.
 */
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/random.h"
#include "least_squares.h"

enum { GAIN, TARGET_GAIN, LAMBDA, UPDATE_EVERY, PARAMETERS };

static const nai__parameter parameters[PARAMETERS] = {
    [GAIN] = {"gain", "1", "of the teacher's recurrent weights, as of when a trainer is made", 1.5,
              0, 1e6, 0},
    [TARGET_GAIN] = {"target_gain", "1", "of the targets onto the teacher, as of then too", 1, 0,
                     1e6, 0},
    [LAMBDA] = {"lambda", "1", "P starts as I / lambda, when a trainer is made", 1, 1e-9, 1e9, 0},
    [UPDATE_EVERY] = {"update_every", "steps", "steps between updates", 2, 1, 1e9, 1},
};

typedef struct full_force {
  nai__least_squares *squares;
  float *recurrent; /* g J, packed: units to units */
  float *from;      /* target_gain u_out, packed: outputs to units */
} full_force;

/* --- the network that it can teach ------------------------------------------------------------ */

static nai_status refuse(const char *why, const char *from, const char *to)
{
  return nai__fail(NAI_ERR_UNSUPPORTED,
                   "rule 'full-force' cannot teach this network: %s '%s'%s%s%s", why, from,
                   to ? " to '" : "", to ? to : "", to ? "'" : "");
}

static nai_status check_network(const nai_network *net)
{
  for (int64_t i = 0; i < net->n_nodes; i++)
    if (net->node[i].kind == NAI_POPULATIONS && net->node[i].leak != NAI_LEAK_CURRENT)
      return refuse("it learns currents, and the leak is not on the current in", net->node[i].name,
                    NULL);
  for (int64_t i = 0; i < net->n_projections; i++) {
    const nai__projection *p = &net->projection[i];
    const nai__node *from = &net->node[p->from], *to = &net->node[p->to];
    if (from->kind == NAI_POPULATIONS && to->kind == NAI_POPULATIONS && !nai__delay_is(net, p, 1))
      return refuse("there is a delay other than one step from", from->name, to->name);
    if (from->kind == NAI_POPULATIONS && to->kind == NAI_OUTPUTS && !nai__delay_is(net, p, 0))
      return refuse("there is a delay from", from->name, to->name);
  }
  return NAI_OK;
}

static nai_status check_learners(const nai__least_squares *squares)
{
  int64_t units = 0;
  for (int64_t i = 0; i < squares->n_learners; i++) units += !squares->learner[i].to_output;
  if (units > 0 && units < squares->n_learners) return NAI_OK;
  return nai__fail(NAI_ERR_UNSUPPORTED,
                   "rule 'full-force' has nothing to learn: there is no plastic synapse %s",
                   units ? "onto an output" : "between units");
}

/* --- the teacher ------------------------------------------------------------------------------ */

static nai_status draw_recurrent(full_force *f, const nai__learner *learner)
{
  const nai_network *net = learner->net;
  int64_t n = net->n_units;
  double sd = learner->rule->number[GAIN] / sqrt((double)n);
  float *j = NAI__ARRAY(float, n * net->ld_units);
  f->recurrent = NAI__ARRAY(float, net->kernels->packed_size(n, n));
  if (!j || !f->recurrent) {
    nai__free(j);
    return NAI_ERR_MEMORY;
  }
  for (int64_t u = 0; u < n; u++) {
    nai__stream stream = nai__stream_open(learner->rule->seed, NAI__FOR_FEEDBACK, (uint64_t)u, 3);
    for (int64_t k = 0; k < n; k++)
      j[u * net->ld_units + k] = (float)(sd * nai__stream_normal(&stream));
  }
  net->kernels->pack(f->recurrent, j, net->ld_units, n, n, 1);
  nai__free(j);
  return NAI_OK;
}

static nai_status draw_from_targets(full_force *f, const nai__learner *learner)
{
  const nai_network *net = learner->net;
  double size = learner->rule->number[TARGET_GAIN];
  float *w = NAI__ARRAY(float, net->n_units * net->ld_outputs);
  f->from = NAI__ARRAY(float, net->kernels->packed_size(net->n_outputs, net->n_units));
  if (!w || !f->from) {
    nai__free(w);
    return NAI_ERR_MEMORY;
  }
  for (int64_t u = 0; u < net->n_units; u++) {
    nai__stream stream = nai__stream_open(learner->rule->seed, NAI__FOR_FEEDBACK, (uint64_t)u, 4);
    for (int64_t o = 0; o < net->n_outputs; o++)
      w[u * net->ld_outputs + o] = (float)(size * (2 * nai__stream_uniform(&stream) - 1));
  }
  net->kernels->pack(f->from, w, net->ld_outputs, net->n_outputs, net->n_units, 1);
  nai__free(w);
  return NAI_OK;
}

/* --- at work ---------------------------------------------------------------------------------- */

static nai_status find_squares(nai__learner *learner, full_force *f)
{
  const nai_network *net = learner->net;
  int64_t n = net->n_units + net->n_outputs;
  char *learns = NAI__ARRAY(char, n);
  if (!learns) return NAI_ERR_MEMORY;
  memset(learns, 1, (size_t)n);
  const nai__fit_request request = {learns, learns + net->n_units, 0,
                                    learner->rule->number[LAMBDA]};
  nai_status status = f->squares ? nai__least_squares_renew(&f->squares, learner, &request)
                                 : nai__least_squares_create(&f->squares, learner, &request);
  nai__free(learns);
  return status;
}

static nai_status fit(nai__learner *learner)
{
  full_force *f = learner->own;
  return f->squares->changes == learner->net->changes ? NAI_OK : find_squares(learner, f);
}

/* The teacher, and its weights as they are drawn. */
static int64_t memory(const nai_rule *rule, const nai_network *net, int64_t trials, int64_t threads)
{
  (void)rule, (void)trials, (void)threads;
  int64_t packed = net->kernels->packed_size(net->n_units, net->n_units);
  return (packed + net->n_units * net->ld_units) * (int64_t)sizeof(float);
}

static nai_status attach(nai__learner *learner)
{
  NAI__TRY(check_network(learner->net));
  full_force *f = learner->own = NAI__NEW(full_force);
  if (!f) return NAI_ERR_MEMORY;
  NAI__TRY(find_squares(learner, f));
  NAI__TRY(check_learners(f->squares));
  NAI__TRY(draw_recurrent(f, learner));
  return draw_from_targets(f, learner);
}

static void detach(nai__learner *learner)
{
  full_force *f = learner->own;
  if (!f) return;
  nai__least_squares_destroy(f->squares);
  nai__free(f->recurrent);
  nai__free(f->from);
  nai__free(f);
}

/* --- step by step ----------------------------------------------------------------------------- */

typedef struct teacher {
  float *x, *r; /* [ld_units] currents and rates */
  float
      *wanted; /* [ld_units] what it gives to each unit by its recurrent synapses and the targets */
  float *v;    /* [ld_units] that and what comes from inputs */
  float *given;  /* [ld_units] what the network gives by its recurrent synapses */
  float *target; /* [ld_outputs], 0 where none is known */
} teacher;

static void detach_online(nai__online *online)
{
  teacher *teacher = online->own;
  if (!teacher) return;
  nai__free(teacher->x);
  nai__free(teacher);
  online->own = NULL;
}

static nai_status attach_online(nai__online *online)
{
  const nai_network *net = online->learner->net;
  teacher *teacher = online->own = NAI__NEW(struct teacher);
  if (!teacher) return NAI_ERR_MEMORY;
  float *memory = teacher->x = NAI__ARRAY(float, 5 * net->ld_units + net->ld_outputs);
  if (!memory) return NAI_ERR_MEMORY;
  teacher->r = memory + net->ld_units;
  teacher->wanted = memory + 2 * net->ld_units;
  teacher->v = memory + 3 * net->ld_units;
  teacher->given = memory + 4 * net->ld_units;
  teacher->target = memory + 5 * net->ld_units;
  return NAI_OK;
}

static void begin(nai__online *online)
{
  const nai_network *net = online->learner->net;
  teacher *teacher = online->own;
  memcpy(teacher->x, net->theta + net->unit_initial, (size_t)net->n_units * sizeof *teacher->x);
  for (int64_t i = 0; i < net->n_segments; i++) {
    const nai__segment *g = &net->segment[i];
    net->kernels->transfer(&g->units, teacher->r + g->offset, teacher->x + g->offset);
  }
}

/* v += what the blocks from inputs, or from units, carry. */
static void add_received(const nai__online *online, int from_input, float *v)
{
  const nai_network *net = online->learner->net;
  for (int64_t k = 0; k < net->n_blocks; k++) {
    const nai__block *b = &net->block[k];
    if (b->to_output || b->from_input != from_input) continue;
    nai__block_product(net, b, v + b->post, net->ld_units,
                       nai__carried(online->activity, b, online->t), nai__carried_stride(net, b), 1,
                       1);
  }
}

/* Without noise. */
static void move_teacher(nai__online *online, const full_force *f)
{
  const nai_network *net = online->learner->net;
  teacher *teacher = online->own;
  for (int64_t o = 0; o < net->n_outputs; o++) {
    int known = online->target && !isnan(online->target[o]);
    teacher->target[o] = known ? online->target[o] : 0;
  }
  net->kernels->product(teacher->wanted, net->ld_units, teacher->r, net->ld_units, f->recurrent, 1,
                        net->n_units, net->n_units, 0);
  net->kernels->product(teacher->wanted, net->ld_units, teacher->target, net->ld_outputs, f->from,
                        1, net->n_outputs, net->n_units, 1);
  memcpy(teacher->v, teacher->wanted, (size_t)net->n_units * sizeof *teacher->v);
  add_received(online, 1, teacher->v);
  for (int64_t i = 0; i < net->n_segments; i++) {
    nai__units units = net->segment[i].units;
    int64_t at = net->segment[i].offset;
    units.noise = NULL;
    net->kernels->current_forward(&units, teacher->x + at, teacher->r + at, teacher->v + at, NULL);
  }
}

static nai_status step(nai__online *online)
{
  const nai__learner *learner = online->learner;
  const nai_network *net = learner->net;
  const full_force *f = learner->own;
  teacher *teacher = online->own;
  move_teacher(online, f);
  if (!online->target || online->t % (int64_t)learner->rule->number[UPDATE_EVERY]) return NAI_OK;
  memset(teacher->given, 0, (size_t)net->n_units * sizeof *teacher->given);
  add_received(online, 0, teacher->given);
  for (int64_t u = 0; u < net->n_units; u++)
    f->squares->unit_error[u] = teacher->given[u] - teacher->wanted[u];
  nai__least_squares_outputs(f->squares, online);
  nai__least_squares_step(f->squares, online);
  return NAI_OK;
}

/* Any of them: the teacher is compared with what the network receives by all. */
static int wants_whole(const nai__online *online, int64_t block)
{
  (void)online;
  (void)block;
  return 1;
}

nai_status nai_rule_create_full_force(nai_rule **out, uint64_t seed)
{
  static const nai__online_ops online = {.attach = attach_online,
                                         .detach = detach_online,
                                         .begin = begin,
                                         .step = step,
                                         .moves_weights = 1,
                                         .needs_targets = 1,
                                         .wants_whole = wants_whole};
  static const nai__rule_kind kind = {.name = "full-force",
                                      .parameter = parameters,
                                      .n_parameters =
                                          NAI__AT_MOST(PARAMETERS, NAI__MOST_RULE_PARAMETERS),
                                      .costs = NAI__LEARNS_OUTPUTS,
                                      .why = "whose currents a teacher of rate units gives",
                                      .attach = attach,
                                      .memory = memory,
                                      .detach = detach,
                                      .fit = fit,
                                      .estimate = nai__least_squares_estimate,
                                      .online = &online};
  return nai__rule_create(out, &kind, seed);
}
