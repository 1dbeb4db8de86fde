/*
 * Initial weights. What Dale's law costs most networks is their start: purely positive and negative
 * weights have a mean, and the mean makes one huge eigenvalue that drowns the rest. Here the
 * default draws magnitudes, balances each unit's inhibition against its excitation, so that its
 * expected recurrent input is zero, and then scales the matrix to a chosen spectral radius: small
 * where strong synapses come on top (strong.c), which is wherever they can.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/names.h"
#include "../base/random.h"
#include "../kernels/lapack.h"
#include "ends.h"
#include "row.h"
#include "strong.h"

/* Radius of the disc that the default's recurrent eigenvalues fill, */
#define DEFAULT_RADIUS 1.0

/* and that those of the weak weights fill where strong ones come on top. */
#define WEAK_RADIUS 0.3

/* There inhibition is alike onto all: excitation alone differs. */
#define WEAK_INHIBITION_SHAPE 10.0

/*
 * Largest ratio of squared mean to variance of a unit's recurrent weights, absent ones included.
 * Balance keeps the mean out of the eigenvalues, but not out of the dynamics: it turns each
 * difference between E and I activity into drive that all units share, in which stimuli drown.
 * This is the ratio of gamma weights of shape 2 at density 0.2; denser networks get weights that
 * differ more, many weak and few strong.
 */
#define LARGEST_MEAN (2.0 / 13)

/* Input weights make up for what the leak takes from white noise, up to this factor. */
#define LARGEST_INPUT 3.0

/* --- one projection --------------------------------------------------------------------------- */

static int is_recurrent(const nai_network *net, const nai__projection *p)
{
  return p->delay > 0 && net->node[p->from].kind == NAI_POPULATIONS &&
         net->node[p->to].kind == NAI_POPULATIONS;
}

/* Those that are scaled together. */
static int is_default(const nai__projection *p)
{
  return p->weights == NAI_WEIGHTS_DEFAULT || p->weights == NAI_WEIGHTS_BALANCED ||
         p->weights == NAI_WEIGHTS_STRONG_WEAK;
}

/*
 * Excitation and inhibition of a branch arrive on two ports, twins of one name but for the sign: the
 * number of the first of them.
 */
static int32_t twin(const nai_network *net, const nai__projection *p)
{
  const nai__node *node = &net->node[p->to];
  char name[NAI__ENTRY];
  int32_t sign = nai__port_sign(node, p->port);
  if (!sign) return p->port;
  snprintf(name, sizeof name, "%s", nai__end_name(node, NAI__TARGET, p->port));
  name[strlen(name) - 1] = '\0';
  for (int32_t k = 0; k < p->port; k++)
    if (nai__port_sign(node, k) == -sign && nai__end_is(node, NAI__TARGET, k, name)) return k;
  return p->port;
}

/* Synapses that a unit, or a branch, of the target has from nodes of this kind, on average. */
static double fan_in(const nai_network *net, int64_t to, int32_t port, int32_t kind)
{
  double synapses = 0;
  NAI__EACH_ONTO(net, p, to) {
    if (net->node[p->from].kind != kind || twin(net, p) != port) continue;
    nai_synapses s = nai__synapses(net, p, NULL, NULL);
    for (int64_t i = 0; i < s.n_post; i++)
      for (int64_t j = 0; j < s.n_pre; j++) synapses += (double)s.exists[i * s.stride + j];
  }
  return fmax(synapses / (double)nai__end_width(&net->node[to], NAI__TARGET, port), 1);
}

/* A node onto which weights are drawn, one of its ports or two twins. */
typedef struct receiver {
  double fan_in[NAI_OUTPUTS]; /* from inputs and from populations */
  int strong;
} receiver;

/* Fraction of its possible synapses that a projection has. */
static double density(const nai_network *net, const nai__projection *p)
{
  nai_synapses s = nai__synapses(net, p, NULL, NULL);
  double synapses = 0;
  for (int64_t i = 0; i < s.n_post; i++)
    for (int64_t j = 0; j < s.n_pre; j++) synapses += (double)s.exists[i * s.stride + j];
  return synapses / ((double)p->n_post * (double)p->n_pre);
}

/* With density d and shape k, mean^2 / variance = d k / (k + 1 - d k). */
static double gamma_shape(double d)
{
  double least = d * (1 + LARGEST_MEAN) - LARGEST_MEAN;
  return least * 2 > LARGEST_MEAN ? LARGEST_MEAN / least : 2;
}

/* The standard deviation of white noise is sqrt(alpha / (2 - alpha)) behind a leak. */
static double input_factor(const nai_network *net, const nai__projection *p)
{
  const nai__node *node = &net->node[p->to];
  if (p->port) return 1;
  double alpha = 0;
  for (int64_t u = 0; u < node->n; u++)
    alpha += net->dt / node->number[NAI__TAU][u] / (double)node->n;
  return fmin(sqrt((2 - alpha) / alpha), LARGEST_INPUT);
}

/*
 * What a default is drawn with: the shape of recurrent magnitudes under Dale's law, whose size
 * scale_default() sets; the mean of readouts under Dale's law; the standard deviation of all
 * others. The mean of a readout is the standard deviation that a free one has: a smaller one would
 * send so little error back that the readout learns alone for long.
 */
static double default_number(const nai_network *net, const nai__projection *p, const receiver *onto)
{
  const nai__node *pre = &net->node[p->from], *post = &net->node[p->to];
  if (is_recurrent(net, p) && !p->sign) return 1;
  if (is_recurrent(net, p))
    return onto->strong && p->sign < 0 ? WEAK_INHIBITION_SHAPE : gamma_shape(density(net, p));
  double fan = onto->fan_in[pre->kind];
  if (post->kind == NAI_OUTPUTS) return 1 / sqrt(fan);
  double factor = pre->kind == NAI_INPUTS ? input_factor(net, p) : 1;
  int rectifies = post->transfer == NAI_TRANSFER_RELU;
  return factor * sqrt((p->delay == 0 && rectifies ? 2 : 1) / fan);
}

static double draw_default(const nai_network *net, const nai__projection *p, double number,
                           nai__stream *random)
{
  if (p->sign && is_recurrent(net, p)) return nai__stream_gamma(random, number);
  if (!p->sign || net->node[p->to].kind != NAI_OUTPUTS) return number * nai__stream_normal(random);
  return number / 2 * nai__stream_gamma(random, 2);
}

static double draw(const nai_network *net, const nai__projection *p, double number,
                   nai__stream *random)
{
  switch (p->weights) {
  case NAI_WEIGHTS_UNIFORM: return p->a + (p->b - p->a) * nai__stream_uniform(random);
  case NAI_WEIGHTS_NORMAL: return p->a + p->b * nai__stream_normal(random);
  case NAI_WEIGHTS_GAMMA: return p->b * nai__stream_gamma(random, p->a);
  case NAI_WEIGHTS_LOGNORMAL: {
    double variance = log1p(p->b * p->b / (p->a * p->a));
    return p->a * exp(sqrt(variance) * nai__stream_normal(random) - variance / 2);
  }
  default: return draw_default(net, p, number, random);
  }
}

static double with_sign(const nai__projection *p, double w)
{
  return p->sign ? p->sign * fabs(w) : w;
}

static void assign(const nai__projection *p, nai_synapses *s, int64_t i, int64_t j, double w)
{
  int64_t k = i * s->stride + j;
  s->weight[k] = s->exists[k] == 0 ? 0 : (float)with_sign(p, w);
}

/* The same of the synapse at a place in theta, which exists. */
static void assign_at(nai_network *net, const nai__projection *p, int64_t place, double w)
{
  net->theta[place] = (float)with_sign(p, w);
}

static nai_status draw_identity(nai_network *net, const nai__projection *p)
{
  if (p->from == p->to && !p->autapses)
    return nai__fail(NAI_ERR_INVALID,
                     "identity weights from '%s' to itself need autapses, which are not allowed",
                     nai__source_name(net, p));
  for (int64_t i = 0; i < p->n_post; i++)
    for (nai__row row = nai__row_of(net, p, i); nai__row_next(&row);)
      assign_at(net, p, row.place, i == row.pre ? p->a : 0);
  return NAI_OK;
}

/* What was given with its sign keeps it. */
static nai_status set_constant(const nai__projection *p, nai_synapses *s)
{
  if (p->a * p->sign < 0)
    return nai__fail(NAI_ERR_INVALID,
                     "the constant initial weight from '%s' to '%s' is %g, must be %s 0: its "
                     "weights are %s",
                     s->from, s->to, p->a, p->sign > 0 ? "at least" : "at most",
                     p->sign > 0 ? "excitatory" : "inhibitory");
  for (int64_t i = 0; i < s->n_post; i++)
    for (int64_t j = 0; j < s->n_pre; j++) assign(p, s, i, j, p->a);
  return NAI_OK;
}

static nai_status draw_orthogonal(nai_network *net, const nai__projection *p, nai__stream *random)
{
  int wide = p->n_pre > p->n_post;
  int64_t rows = wide ? p->n_pre : p->n_post, columns = wide ? p->n_post : p->n_pre;
  double *q = NAI__ARRAY(double, rows *columns);
  if (!q) return NAI_ERR_MEMORY;
  for (int64_t k = 0; k < rows * columns; k++) q[k] = nai__stream_normal(random);
  nai_status status = nai__orthogonal(q, rows, columns);
  for (int64_t i = 0; i < p->n_post && status == NAI_OK; i++)
    for (nai__row row = nai__row_of(net, p, i); nai__row_next(&row);)
      assign_at(net, p, row.place, p->a * (wide ? q[i * rows + row.pre] : q[row.pre * rows + i]));
  nai__free(q);
  return status;
}

/* Rows from so many senders have streams of their own, so that several may be drawn at once, and all that ranks share: */
#define LONG_ROW 2048
#define ROWS 64 /* by a thread, one after the other */

typedef struct rows {
  nai_network *net;
  const nai__projection *p;
  double number;
} rows;

static void draw_row(const rows *r, int64_t i)
{
  const nai__projection *p = r->p;
  nai__stream random = nai__stream_open(r->net->seed, NAI__FOR_WEIGHTS,
                                        (uint64_t)(p - r->net->projection), (uint32_t)i + 1);
  for (int64_t part = 0; part < p->n_parts; part++) {
    const nai__strip strip = nai__strip_in(r->net, p, part, i);
    for (int64_t at = strip.at; at < strip.at + strip.n; at++)
      if (r->net->exists[at]) assign_at(r->net, p, at, draw(r->net, p, r->number, &random));
  }
}

static void draw_rows(void *argument, int64_t task, int32_t thread)
{
  (void)thread;
  const rows *r = argument;
  for (int64_t i = task * ROWS; i < (task + 1) * ROWS && i < r->p->n_post; i++) draw_row(r, i);
}

/* Of a pair that was drawn several times: the sum of as many weights, after the first from a stream of their own. */
#define REPEATED ((uint64_t)1 << 32)

static void add_repeats(const rows *r, int64_t i)
{
  const nai__projection *p = r->p;
  nai__stream random =
      nai__stream_open(r->net->seed, NAI__FOR_WEIGHTS,
                       REPEATED | (uint64_t)(p - r->net->projection), (uint32_t)i + 1);
  for (int64_t part = 0; part < p->n_parts; part++) {
    const nai__block *b = &r->net->block[p->block + part];
    const nai__strip strip = nai__strip_in(r->net, p, part, i);
    for (int64_t at = strip.at; at < strip.at + strip.n; at++) {
      double w = (double)r->net->theta[at];
      const int more = b->wired[at - b->at.start] >> 1;
      for (int k = 0; k < more; k++)
        w += p->weights == NAI_WEIGHTS_CONSTANT ? p->a
                                                : with_sign(p, draw(r->net, p, r->number, &random));
      r->net->theta[at] = (float)w;
    }
  }
}

static void add_repeats_task(void *argument, int64_t task, int32_t thread)
{
  (void)thread;
  const rows *r = argument;
  for (int64_t i = task * ROWS; i < (task + 1) * ROWS && i < r->p->n_post; i++) add_repeats(r, i);
}

static nai_status draw_once(nai_network *net, const nai__projection *p, double number)
{
  nai_synapses s = nai__synapses(net, p, NULL, NULL);
  nai__stream random =
      nai__stream_open(net->seed, NAI__FOR_WEIGHTS, (uint64_t)(p - net->projection), 0);
  if (p->weights == NAI_WEIGHTS_ORTHOGONAL) return draw_orthogonal(net, p, &random);
  if (p->weights == NAI_WEIGHTS_IDENTITY) return draw_identity(net, p);
  if (p->weights == NAI_WEIGHTS_CONSTANT) return set_constant(p, &s);
  if (p->n_pre >= LONG_ROW || (net->exchange && p->is_listed)) {
    rows r = {net, p, number};
    nai__share(net, (p->n_post + ROWS - 1) / ROWS, draw_rows, &r);
    return NAI_OK;
  }
  for (int64_t i = 0; i < s.n_post; i++)
    for (int64_t j = 0; j < s.n_pre; j++)
      if (s.exists[i * s.stride + j] != 0) assign(p, &s, i, j, draw(net, p, number, &random));
  return NAI_OK;
}

static nai_status draw_projection(nai_network *net, const nai__projection *p, const receiver *onto)
{
  const double number = is_default(p) ? default_number(net, p, onto) : 0;
  NAI__TRY(draw_once(net, p, number));
  rows r = {net, p, number};
  if (nai__multapses(p)) nai__share(net, (p->n_post + ROWS - 1) / ROWS, add_repeats_task, &r);
  return NAI_OK;
}

static nai_status draw_port(nai_network *net, int64_t to, int32_t port, int strong)
{
  receiver onto = {.strong = strong};
  for (int32_t kind = NAI_INPUTS; kind < NAI_OUTPUTS; kind++)
    onto.fan_in[kind] = fan_in(net, to, port, kind);
  NAI__EACH_ONTO(net, p, to)
    if (twin(net, p) == port) NAI__TRY(draw_projection(net, p, &onto));
  return NAI_OK;
}

static nai_status draw_onto(nai_network *net, int64_t to, int strong)
{
  for (int32_t port = 0; port < nai__ends_of(&net->node[to], NAI__TARGET); port++)
    NAI__TRY(draw_port(net, to, port, strong));
  return NAI_OK;
}

/* --- balance ---------------------------------------------------------------------------------- */

/* Sums of the positive and the negative recurrent weights onto unit, or branch, `i` of node `to`. */
static void sums_onto(const nai_network *net, int64_t to, int32_t port, int64_t i, double *positive,
                      double *negative)
{
  *positive = *negative = 0;
  NAI__EACH_ONTO(net, p, to) {
    if (!is_recurrent(net, p) || twin(net, p) != port) continue;
    for (nai__row row = nai__row_of(net, p, i); nai__row_next(&row);) {
      const float w = net->theta[row.place];
      *(w > 0 ? positive : negative) += (double)w;
    }
  }
}

static void scale_negative(nai_network *net, int64_t to, int32_t port, int64_t i, double factor)
{
  NAI__EACH_ONTO(net, p, to) {
    if (!is_recurrent(net, p) || twin(net, p) != port) continue;
    for (nai__row row = nai__row_of(net, p, i); nai__row_next(&row);) {
      float *w = &net->theta[row.place];
      if (*w < 0) *w = (float)(*w * factor);
    }
  }
}

static void balance_node(nai_network *net, int64_t to)
{
  const nai__node *node = &net->node[to];
  for (int32_t port = 0; port < nai__ends_of(node, NAI__TARGET); port++)
    for (int64_t i = 0; i < nai__end_width(node, NAI__TARGET, port); i++) {
      double positive, negative;
      sums_onto(net, to, port, i, &positive, &negative);
      if (positive > 0 && negative < 0) scale_negative(net, to, port, i, positive / -negative);
    }
}

/* The default is strong and weak wherever it can be. */
static int is_strong_weak(const nai__projection *p)
{
  return p->weights == NAI_WEIGHTS_STRONG_WEAK || p->weights == NAI_WEIGHTS_DEFAULT;
}

/* 1 where recurrent weights of both signs arrive, and all of them are of this kind. */
static int gets_both(const nai_network *net, int64_t to, int (*is_kind)(const nai__projection *p))
{
  int excited = 0, inhibited = 0;
  NAI__EACH_ONTO(net, p, to) {
    if (!is_recurrent(net, p)) continue;
    if (!is_kind(p) || !p->sign) return 0;
    excited |= p->sign > 0;
    inhibited |= p->sign < 0;
  }
  return excited && inhibited;
}

/* Not said: on where weights of both signs arrive and all of them are the default's. */
static int is_balanced(const nai_network *net, int64_t to)
{
  if (net->node[to].kind != NAI_POPULATIONS) return 0;
  return net->balance[to] >= 0 ? net->balance[to] : gets_both(net, to, is_default);
}

/* --- strong synapses -------------------------------------------------------------------------- */

/* At rate units where strong weights of both signs arrive, nothing else does, and balance is on. */
static int is_strong(const nai_network *net, int64_t to)
{
  return !net->node[to].cells && is_balanced(net, to) && gets_both(net, to, is_strong_weak);
}

/* Where strong weights were asked for, there must be what they need. */
static nai_status check_strong(const nai_network *net, const int32_t *strong)
{
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    if (p->weights != NAI_WEIGHTS_STRONG_WEAK) continue;
    if (is_recurrent(net, p) && strong[p->to] && !net->node[p->to].cells) continue;
    return nai__fail(NAI_ERR_INVALID,
                     "strong and weak weights from '%s' to '%s' need recurrent excitation and "
                     "inhibition there, balanced, and without other initial weights",
                     net->node[p->from].name, net->node[p->to].name);
  }
  return NAI_OK;
}

/* --- size ------------------------------------------------------------------------------------- */

static void scale(nai_network *net, const nai__projection *p, double factor)
{
  nai_synapses s = nai__synapses(net, p, NULL, NULL);
  for (int64_t i = 0; i < s.n_post; i++)
    for (int64_t j = 0; j < s.n_pre; j++)
      s.weight[i * s.stride + j] = (float)(s.weight[i * s.stride + j] * factor);
}

/* The default's recurrent weights, those onto strong nodes or those onto all others. */
typedef struct group {
  nai_network *net;
  const int32_t *strong;
  int32_t onto_strong;
} group;

static int is_in(const group *g, const nai__projection *p)
{
  return is_default(p) && is_recurrent(g->net, p) && g->strong[p->to] == g->onto_strong;
}

/* Units onto which the group's weights go. */
static int64_t receivers(const group *g)
{
  int64_t units = 0;
  for (int64_t i = 0; i < g->net->n_nodes; i++) {
    int receives = 0;
    NAI__EACH_ONTO(g->net, p, i) receives |= is_in(g, p);
    if (receives) units += g->net->node[i].n;
  }
  return units;
}

/* 1 when scale_default() scales only a part of what a population gets, which ends its balance. */
static int is_mixed(const nai_network *net, int64_t to)
{
  NAI__EACH_ONTO(net, p, to)
    if (is_recurrent(net, p) && !is_default(p)) return 1;
  return 0;
}

/* Of each sender: what it sends to the unit at hand, mean and sum of squares over units. */
typedef struct columns {
  double *w, *mean, *square; /* [n_pre] each, in one memory */
} columns;

/* Branches of a unit are added, before any of them is counted. */
static void add_unit(columns *c, const nai_network *net, const nai__projection *p, int64_t unit)
{
  const int64_t units = net->node[p->to].n;
  for (int64_t i = unit; i < p->n_post; i += units)
    for (nai__row row = nai__row_of(net, p, i); nai__row_next(&row);)
      c->w[row.pre] += (double)net->theta[row.place];
  for (int64_t i = unit; i < p->n_post; i += units)
    for (nai__row row = nai__row_of(net, p, i); nai__row_next(&row);) {
      const double w = c->w[row.pre];
      c->mean[row.pre] += w / (double)units;
      c->square[row.pre] += w * w;
      c->w[row.pre] = 0;
    }
}

static nai_status add_variances(double *sum, const nai_network *net, const nai__projection *p)
{
  const int64_t units = net->node[p->to].n;
  columns c = {.w = NAI__ARRAY(double, 3 * p->n_pre)};
  if (!c.w) return NAI_ERR_MEMORY;
  c.mean = c.w + p->n_pre;
  c.square = c.mean + p->n_pre;
  for (int64_t unit = 0; unit < units; unit++) add_unit(&c, net, p, unit);
  for (int64_t j = 0; j < p->n_pre; j++)
    *sum += c.square[j] - (double)units * c.mean[j] * c.mean[j];
  nai__free(c.w);
  return NAI_OK;
}

/*
 * R^2 = sum of the columns' variances (bulk_radius() of spectrum.c), of the group's weights alone,
 * over the units that receive any: others do not take part in the recurrence.
 */
static nai_status radius_of(double *radius, const group *g)
{
  double sum = 0;
  for (int64_t k = 0; k < g->net->n_projections; k++)
    if (is_in(g, &g->net->projection[k]))
      NAI__TRY(add_variances(&sum, g->net, &g->net->projection[k]));
  *radius = sum > 0 ? sqrt(sum / (double)receivers(g)) : 0;
  return NAI_OK;
}

static nai_status scale_default(nai_network *net, const int32_t *strong, int32_t onto_strong)
{
  group g = {net, strong, onto_strong};
  double radius;
  NAI__TRY(radius_of(&radius, &g));
  for (int64_t k = 0; k < net->n_projections && radius > 0; k++)
    if (is_in(&g, &net->projection[k]))
      scale(net, &net->projection[k], (onto_strong ? WEAK_RADIUS : DEFAULT_RADIUS) / radius);
  return NAI_OK;
}

static nai_status largest_eigenvalue(double *out, const nai_network *net, const char *names)
{
  double *w = NULL;
  int64_t n = 0;
  NAI__TRY(nai__gather(&w, &n, net, names));
  double *values = NAI__ARRAY(double, 2 * n);
  nai_status status = values ? nai__eigenvalues(values, values + n, w, n) : NAI_ERR_MEMORY;
  *out = 0;
  for (int64_t i = 0; i < n && status == NAI_OK; i++)
    *out = fmax(*out, hypot(values[i], values[n + i]));
  nai__free(values);
  nai__free(w);
  return status;
}

static nai_status scale_to_radius(nai_network *net)
{
  if (!net->radius_names) return NAI_OK;
  double radius;
  NAI__TRY(largest_eigenvalue(&radius, net, net->radius_names));
  if (!(radius > 1e-12))
    return nai__fail(NAI_ERR_INVALID,
                     "the weights among '%.60s' have spectral radius %g and cannot be scaled to %g",
                     net->radius_names, radius, net->radius);
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    if (nai__selected(&net->node[p->from], NAI__KIND(NAI_POPULATIONS), net->radius_names) &&
        nai__selected(&net->node[p->to], NAI__KIND(NAI_POPULATIONS), net->radius_names))
      scale(net, p, net->radius / radius);
  }
  return NAI_OK;
}

/* What has no unit starts by itself, at a size that suits; for mV and nS there is none. */
static nai_status check_told(const nai_network *net)
{
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    const nai__node *to = &net->node[p->to];
    const char *unit = nai__port_unit(to, p->port);
    if (p->weights != NAI_WEIGHTS_DEFAULT || strcmp(unit, "1") == 0) continue;
    return nai__fail(
        NAI_ERR_INVALID,
        "the initial weights from '%.60s' to '%.60s' must be told: its port '%.30s' is "
        "in %.20s, for which there is no default",
        nai__source_name(net, p), nai__target_name(net, p), nai__end_name(to, NAI__TARGET, p->port),
        unit);
  }
  return NAI_OK;
}

static nai_status draw_all(nai_network *net, int32_t *strong)
{
  NAI__TRY(check_told(net));
  for (int64_t i = 0; i < net->n_nodes; i++) strong[i] = is_strong(net, i);
  NAI__TRY(check_strong(net, strong));
  for (int64_t i = 0; i < net->n_nodes; i++) NAI__TRY(draw_onto(net, i, strong[i]));
  for (int64_t i = 0; i < net->n_nodes; i++)
    if (is_balanced(net, i)) balance_node(net, i);
  NAI__TRY(scale_default(net, strong, 0));
  NAI__TRY(scale_default(net, strong, 1));
  for (int64_t i = 0; i < net->n_nodes; i++)
    if (is_balanced(net, i) && is_mixed(net, i)) balance_node(net, i);
  NAI__TRY(nai__add_strong_synapses(net, strong));
  return scale_to_radius(net);
}

nai_status nai__initial_weights(nai_network *net)
{
  int32_t *strong = NAI__ARRAY(int32_t, net->n_nodes);
  if (!strong) return NAI_ERR_MEMORY;
  nai_status status = draw_all(net, strong);
  nai__free(strong);
  return status;
}
