/*
 * Communicability (Achterberg et al. 2023, after Crofts & Higham 2009): sum |w| d C^exponent. With
 * A = |W| and s of each unit the sum of what it sends, C = exp(M), M = S^-1/2 A S^-1/2, diagonal 0.
 * The gradient goes through A, s and C.
 *
 * M is similar to B = A S^-1, whose columns, one a sender, add up to 1: exp(M) = S^-1/2 exp(B) S^1/2.
 * B has 1-norm 1 whatever the weights are, which is what nai__exponential() asks for. A unit that
 * sends nothing would have infinite elements; its row and its column of M are 0, so that it
 * communicates with nobody.
 */
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../kernels/exponential.h"
#include "../network/network.h"
#include "cost.h"

/* Trainers on so many threads find the memory of their last update again. */
#define MOST_IDLE 16

typedef struct work {
  int64_t projections_room, units_room, n;
  int64_t *post, *pre; /* of each projection: its first row and column */
  int64_t *units;      /* of its target; the port may have more rows */
  double *sent;        /* [n] s */
  double *direct;      /* [n][n] dJ/dA with s and C held */
  double *matrix;      /* for the exponential; the first is B */
} work;

typedef struct communicability {
  double exponent;
  _Atomic(work *) idle[MOST_IDLE];
} communicability;

/* --- memory ----------------------------------------------------------------------------------- */

static void destroy_work(work *w)
{
  if (!w) return;
  nai__free(w->post);
  nai__free(w->pre);
  nai__free(w->units);
  nai__free(w->sent);
  nai__free(w->direct);
  nai__free(w->matrix);
  nai__free(w);
}

static void destroy(void *user)
{
  communicability *c = user;
  for (int i = 0; i < MOST_IDLE; i++) destroy_work(atomic_load(&c->idle[i]));
  nai__free(c);
}

/* Work space that nobody else has; NULL without memory. */
static work *take(communicability *c)
{
  for (int i = 0; i < MOST_IDLE; i++) {
    work *w = atomic_exchange(&c->idle[i], NULL);
    if (w) return w;
  }
  return NAI__NEW(work);
}

static void give_back(communicability *c, work *w)
{
  for (int i = 0; i < MOST_IDLE; i++) {
    work *none = NULL;
    if (atomic_compare_exchange_strong(&c->idle[i], &none, w)) return;
  }
  destroy_work(w);
}

static nai_status make_room_for_projections(work *w, int64_t projections)
{
  if (projections <= w->projections_room) return NAI_OK;
  nai__free(w->post);
  nai__free(w->pre);
  nai__free(w->units);
  w->units = NAI__ARRAY(int64_t, projections);
  w->post = NAI__ARRAY(int64_t, projections);
  w->pre = NAI__ARRAY(int64_t, projections);
  w->projections_room = w->post && w->pre && w->units ? projections : 0;
  return w->projections_room ? NAI_OK : NAI_ERR_MEMORY;
}

static nai_status make_room_for_units(work *w, int64_t units)
{
  if (units <= w->units_room) return NAI_OK;
  if (units > 32768)
    return nai__fail(NAI_ERR_UNSUPPORTED,
                     "'communicability' of %lld units is too large, at most 32768",
                     (long long)units);
  nai__free(w->sent);
  nai__free(w->direct);
  nai__free(w->matrix);
  w->sent = NAI__ARRAY(double, units);
  w->direct = NAI__ARRAY(double, units *units);
  w->matrix = NAI__ARRAY(double, NAI__EXPONENTIAL_ARRAYS *units *units);
  w->units_room = w->sent && w->direct && w->matrix ? units : 0;
  return w->units_room ? NAI_OK : NAI_ERR_MEMORY;
}

/* --- one square matrix ------------------------------------------------------------------------ */

/* 1 when two ends, such as "E:rate" and "E:dendrite+", are of one population. */
static int are_same(const char *a, const char *b)
{
  size_t n = strcspn(a, ":");
  return n == strcspn(b, ":") && strncmp(a, b, n) == 0;
}

/* First row of a population that one of the projections before `k` has too, or -1. */
static int64_t known(const work *w, nai_synapses *const *s, int64_t k, const char *name)
{
  for (int64_t i = 0; i < k; i++) {
    if (are_same(s[i]->from, name)) return w->pre[i];
    if (are_same(s[i]->to, name)) return w->post[i];
  }
  return -1;
}

/* Units of a population, which sends among the projections: rows of a port with copies are more. */
static int64_t units_of(nai_synapses *const *s, int64_t projections, const char *name)
{
  for (int64_t i = 0; i < projections; i++)
    if (are_same(s[i]->from, name)) return s[i]->n_pre;
  return 0;
}

/* Gives each population its rows, in the order in which the projections name them. */
static nai_status lay_out(work *w, nai_synapses *const *s, int64_t projections)
{
  NAI__TRY(make_room_for_projections(w, projections));
  int64_t n = 0;
  for (int64_t k = 0; k < projections; k++) {
    w->pre[k] = known(w, s, k, s[k]->from);
    if (w->pre[k] < 0) {
      w->pre[k] = n;
      n += s[k]->n_pre;
    }
    w->units[k] = units_of(s, projections, s[k]->to);
    w->post[k] = are_same(s[k]->from, s[k]->to) ? w->pre[k] : known(w, s, k, s[k]->to);
    if (w->post[k] < 0) {
      w->post[k] = n;
      n += w->units[k];
    }
  }
  w->n = n;
  return make_room_for_units(w, n);
}

/* B, and s on the way. What is not finite stays so, to be found. */
static void fill(work *w, nai_synapses *const *s, int64_t projections)
{
  int64_t n = w->n;
  double *b = w->matrix;
  memset(b, 0, (size_t)(n * n) * sizeof *b);
  memset(w->direct, 0, (size_t)(n * n) * sizeof *w->direct);
  memset(w->sent, 0, (size_t)n * sizeof *w->sent);
  for (int64_t k = 0; k < projections; k++)
    for (int64_t i = 0; i < s[k]->n_post; i++) {
      const float *weight = s[k]->weight + i * s[k]->stride;
      double *row = b + (w->post[k] + i % w->units[k]) * n + w->pre[k], *sent = w->sent + w->pre[k];
      for (int64_t j = 0; j < s[k]->n_pre; j++) {
        row[j] += fabs((double)weight[j]);
        sent[j] += fabs((double)weight[j]);
      }
    }
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < n; j++)
      b[i * n + j] = w->sent[i] == 0 || w->sent[j] == 0 ? 0 : b[i * n + j] / w->sent[j];
}

/* --- value and gradient ----------------------------------------------------------------------- */

static double distance(const float *p, const float *q)
{
  double sum = 0;
  for (int k = 0; k < 3; k++) {
    double d = (double)p[k] - (double)q[k];
    sum += d * d;
  }
  return sqrt(sum);
}

/*
 * One projection: adds to the value, and writes dJ/dA with C held and dJ/dC, the latter brought into
 * the coordinates of B, [sender][receiver].
 */
static double charge(work *w, const nai_synapses *s, const double *exponential, int64_t k,
                     double exponent)
{
  int64_t first_pre = w->pre[k];
  double value = 0, *direction = nai__exponential_direction(w->matrix, w->n);
  for (int64_t i = 0; i < s->n_post; i++) {
    int64_t post = w->post[k] + i % w->units[k];
    for (int64_t j = 0; j < s->n_pre; j++) {
      int64_t pre = first_pre + j, at = post * w->n + pre;
      double a = fabs((double)s->weight[i * s->stride + j]);
      if (a == 0 || post == pre || w->sent[post] == 0) continue;
      double ratio = sqrt(w->sent[pre] / w->sent[post]), c = exponential[at] * ratio;
      if (c == 0) continue;
      double d = distance(s->post_position + 3 * i, s->pre_position + 3 * j);
      double power = exponent == 1 ? 1 : pow(c, exponent - 1);
      value += a * d * c * power;
      w->direct[at] = d * c * power;
      direction[pre * w->n + post] += a * d * exponent * power * ratio;
    }
  }
  return value;
}

/* dJ/ds of each unit, through M alone, in place of s; q: dJ/dB, [sender][receiver]. */
static void through_sums(const work *w, const double *q, double *slope)
{
  int64_t n = w->n;
  const double *b = w->matrix;
  memset(slope, 0, (size_t)n * sizeof *slope);
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < n; j++) {
      double share = q[j * n + i] * b[i * n + j];
      slope[i] += share;
      slope[j] += share;
    }
  for (int64_t k = 0; k < n; k++) slope[k] = w->sent[k] == 0 ? 0 : -slope[k] / (2 * w->sent[k]);
}

static void add_gradient(const work *w, nai_synapses *s, const double *q, const double *slope,
                         int64_t k, double scale)
{
  int64_t first_pre = w->pre[k];
  for (int64_t i = 0; i < s->n_post; i++) {
    const float *weight = s->weight + i * s->stride;
    float *g = s->gradient + i * s->stride;
    int64_t post = w->post[k] + i % w->units[k];
    for (int64_t j = 0; j < s->n_pre; j++) {
      int64_t pre = first_pre + j;
      if (weight[j] == 0) continue;
      double through = w->sent[post] == 0 ? 0 : q[pre * w->n + post] / w->sent[pre];
      double slope_of_size = w->direct[post * w->n + pre] + through + slope[pre];
      g[j] += (float)(scale * (weight[j] > 0 ? slope_of_size : -slope_of_size));
    }
  }
}

static void evaluate(work *w, const communicability *c, nai_synapses *const *s, int64_t projections,
                     double scale, double *value)
{
  fill(w, s, projections);
  const double *exponential = nai__exponential(w->matrix, w->n);
  double *direction = nai__exponential_direction(w->matrix, w->n);
  memset(direction, 0, (size_t)(w->n * w->n) * sizeof *direction);
  for (int64_t k = 0; k < projections; k++) *value += charge(w, s[k], exponential, k, c->exponent);
  const double *q = nai__exponential_derivative(w->matrix, w->n);
  double *slope = direction; /* has done its work */
  through_sums(w, q, slope);
  for (int64_t k = 0; k < projections; k++) add_gradient(w, s[k], q, slope, k, scale);
}

static nai_status on_weights(void *user, nai_synapses *const *s, int64_t n, double scale,
                             double *value)
{
  communicability *c = user;
  for (int64_t k = 0; k < n; k++)
    if (!s[k]->post_position || !s[k]->pre_position)
      return nai__fail(NAI_ERR_ORDER,
                       "'%s' has no positions, which the cost 'communicability' needs: place it",
                       s[k]->post_position ? s[k]->from : s[k]->to);
  work *w = take(c);
  if (!w) return NAI_ERR_MEMORY;
  nai_status status = lay_out(w, s, n);
  if (status == NAI_OK) evaluate(w, c, s, n, scale, value);
  give_back(c, w);
  return status;
}

/* --- life ------------------------------------------------------------------------------------- */

/* Paths come and go: whoever sends among these projections also has to receive. */
static nai_status check_square(const nai_cost *cost, const nai_network *net)
{
  for (int64_t i = 0; i < net->n_nodes; i++) {
    int sends = 0, receives = 0;
    NAI__EACH_PROJECTION(net, p, cost->names, cost->to) {
      sends |= p->from == i;
      receives |= p->to == i;
    }
    if (sends != receives)
      return nai__fail(NAI_ERR_INVALID,
                       "'%s' only %s among the projections of the cost 'communicability': name "
                       "those among the same populations",
                       net->node[i].name, sends ? "sends" : "receives");
  }
  return NAI_OK;
}

nai_status nai_cost_create_communicability(nai_cost **out, const char *from, const char *to,
                                           double exponent)
{
  NAI__REQUIRE(out);
  *out = NULL;
  NAI__REQUIRE(from);
  NAI__REQUIRE(to);
  if (!(exponent > 0 && exponent <= 100))
    return nai__fail(NAI_ERR_INVALID, "exponent is %g, must be above 0 and at most 100", exponent);
  communicability *c = NAI__NEW(communicability);
  if (!c) return NAI_ERR_MEMORY;
  c->exponent = exponent;
  for (int i = 0; i < MOST_IDLE; i++) atomic_init(&c->idle[i], NULL);
  nai_cost_ops ops = {.struct_size = sizeof ops,
                      .name = "communicability",
                      .on_weights = on_weights,
                      .destroy = destroy};
  NAI__TRY(nai__cost_create_counted(out, &ops, c, from, to, NAI__PER_SYNAPSE));
  (*out)->check = check_square;
  (*out)->number = exponent;
  return NAI_OK;
}
