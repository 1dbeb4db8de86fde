/*
 * Unbiased online recurrent optimisation (Tallec & Ollivier 2018): the influence of all parameters
 * on the state of one trial is a product of two vectors, s of the state and w of the parameters,
 * whose expectation is the influence itself. With random signs nu, one a unit,
 *
 *   s <- p0 J s + p1 D nu,    w <- w / p0 + nu^T M / p1,
 *
 * J the state's own Jacobian, M the state of each unit by the parameters that act on it, and D what
 * a unit's state does within the step (the identity, but where projections have no delay). The state
 * is x where the leak is on the current, else r, and the rates that delays still need. Units of other
 * models have all their states and signals, and a sign a port: what a port moves is a column of SP and ZP,
 * over its length (units/slopes.h).
 *
 * p0 and p1 balance the norms of the two vectors, which keeps the variance small. Unbiased they are
 * whatever p0 makes of the past, and p1 of |nu|: it changes cross terms, whose nu have mean 0. The
 * same holds where a factor is 0 and the product is: both are then cleared. So the vectors may start
 * at 0 (the authors' code draws them), and estimates are unbiased from the first step on.
 */
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/random.h"
#include "../network/row.h"
#include "backward.h"
#include "tangent.h"

/*
 * Trials are dealt out to so many lanes, which threads share out; each has a sum of its own, so the
 * number of threads changes no bit.
 */
#define LANES 16

typedef struct lane {
  nai__tangent tangent; /* rows: s; what is new */
  float *nu;            /* [ld_units] of each port */
  float *factor;        /* [ld_units] nu dx/dv, over p1; the same */
  float *squares;       /* [nai__strip_scratch()] of what a row carries */
  float *carried;       /* [nai__strip_scratch()] for rows of lists */
  float *w, *sum;       /* as theta is laid out */
} lane;

typedef struct uoro {
  lane lane[LANES];
  int64_t lanes;
  int64_t lines; /* rates so many steps old are still to be read */
  char *learns;  /* [ld_units] of a port: 1 when something that is plastic acts on it */
} uoro;

/* What is below counts as 0: its inverse must not overflow. */
#define SMALLEST 1e-30f

enum { OLD, NEW };

/* --- memory ----------------------------------------------------------------------------------- */

static void release(lane *l)
{
  nai__tangent_destroy(&l->tangent);
  nai__free(l->nu);
  nai__free(l->factor);
  nai__free(l->squares);
  nai__free(l->carried);
  nai__free(l->w);
  nai__free(l->sum);
  memset(l, 0, sizeof *l);
}

static void detach(nai__learner *learner)
{
  uoro *u = learner->own;
  if (!u) return;
  for (int64_t i = 0; i < u->lanes; i++) release(&u->lane[i]);
  nai__free(u->learns);
  nai__free(u);
}

static nai_status allocate(lane *l, const nai_network *net)
{
  NAI__TRY(nai__tangent_create(&l->tangent, net, 2));
  l->nu = NAI__ARRAY(float, net->ld_units);
  l->factor = NAI__ARRAY(float, net->ld_units);
  l->squares = NAI__ARRAY(float, nai__strip_scratch(net));
  l->carried = NAI__ARRAY(float, nai__strip_scratch(net));
  l->w = NAI__ARRAY(float, net->n_theta);
  l->sum = NAI__ARRAY(float, net->n_theta);
  return l->nu && l->factor && l->squares && l->carried && l->w && l->sum ? NAI_OK : NAI_ERR_MEMORY;
}

static int64_t memory(const nai_rule *rule, const nai_network *net, int64_t trials, int64_t threads)
{
  (void)rule, (void)threads;
  int64_t lanes = trials < LANES ? trials : LANES;
  return lanes * (nai__tangent_bytes(net, 2) + 2 * net->n_theta * (int64_t)sizeof(float));
}

/* Lanes for so many trials; allocates only when they are more than ever before. */
static nai_status prepare(uoro *u, const nai_network *net, int64_t trials)
{
  for (; u->lanes < LANES && u->lanes < trials; u->lanes++) {
    nai_status status = allocate(&u->lane[u->lanes], net);
    if (status == NAI_OK) continue;
    release(&u->lane[u->lanes]);
    return status;
  }
  return NAI_OK;
}

/* Units read at the next step, outputs have read at this one. */
static int64_t count_lines(const nai_network *net)
{
  int64_t lines = 0;
  for (int64_t k = 0; k < net->n_blocks; k++) {
    const nai__block *b = &net->block[k];
    int64_t oldest = b->to_output ? b->delay : b->delay - 1;
    if (!b->from_input && oldest > lines) lines = oldest;
  }
  return lines;
}

static nai_status attach(nai__learner *learner)
{
  uoro *u = learner->own = NAI__NEW(uoro);
  if (!u) return NAI_ERR_MEMORY;
  u->lines = count_lines(learner->net);
  u->learns = NAI__ARRAY(char, learner->net->ld_units);
  if (!u->learns) return NAI_ERR_MEMORY;
  return prepare(u, learner->net, 1);
}

static int any_plastic(const nai_network *net, int64_t first, int64_t n)
{
  for (int64_t i = first; i < first + n; i++)
    if (net->plastic[i] != 0) return 1;
  return 0;
}

/* What is plastic may have changed since. */
static void find_learning_ports(const uoro *u, const nai_network *net)
{
  for (int64_t i = 0; i < net->n_columns; i++)
    u->learns[i] = i < net->n_units && net->plastic[net->unit_bias + i] != 0;
  for (int64_t k = 0; k < net->n_blocks; k++) {
    const nai__block *b = &net->block[k];
    for (int64_t i = 0; i < b->n_post && !b->to_output; i++) {
      const nai__strip strip = nai__strip_of(b, i);
      if (any_plastic(net, strip.at, strip.n)) u->learns[b->post + i] = 1;
    }
  }
}

/* --- one trial -------------------------------------------------------------------------------- */

typedef struct walk {
  lane *lane;
  int64_t lines;
  const char *learns;
  const nai__pass *pass;
  int64_t trial;
  nai__stream stream;
  double norm; /* |w| squared */
} walk;

/* One bit of a word each. */
static void draw_signs(walk *k)
{
  uint32_t word = 0;
  for (int64_t u = 0; u < k->pass->net->n_columns; u++) {
    if (u % 32 == 0) word = nai__stream_word(&k->stream);
    k->lane->nu[u] = word >> u % 32 & 1 ? 1 : -1;
  }
}

static double squared(const float *x, int64_t n)
{
  double chain[4] = {0};
  int64_t i = 0;
  for (; i + 4 <= n; i += 4)
    for (int c = 0; c < 4; c++) chain[c] += (double)x[i + c] * (double)x[i + c];
  for (; i < n; i++) chain[0] += (double)x[i] * (double)x[i];
  return (chain[0] + chain[1]) + (chain[2] + chain[3]);
}

/* Of units of one model: their states; what they send, where they keep nothing. */
static double cells_norm(const nai__tangent *tangent, const nai__segment *g, int64_t t, int64_t row)
{
  const nai_network *net = tangent->net;
  const nai__cells *c = g->cells;
  const float *sent = nai__tangent_rate(tangent, t) + row * net->ld_units;
  if (c->n_states)
    return squared(tangent->state + row * net->ld_state + c->state[0], c->n_states * g->units.n);
  double sum = 0;
  for (int32_t z = 0; z < c->model->ops.n_signals; z++)
    sum += squared(sent + c->signal[z], g->units.n);
  return sum;
}

/* |s| squared of a row of tangents at time t. */
static double state_norm(const walk *k, int64_t t, int64_t row)
{
  const nai__tangent *tangent = &k->lane->tangent;
  const nai_network *net = tangent->net;
  double sum = 0;
  for (int64_t s = 0; s < net->n_segments; s++) {
    const nai__segment *g = &net->segment[s];
    if (g->cells) {
      sum += cells_norm(tangent, g, t, row);
      continue;
    }
    const float *own = g->leak == NAI_LEAK_CURRENT ? tangent->x : nai__tangent_rate(tangent, t);
    sum += squared(own + row * net->ld_units + g->offset, g->units.n);
  }
  for (int64_t d = 1; d <= k->lines; d++)
    sum += squared(nai__tangent_rate(tangent, t - d) + row * net->ld_units, net->n_columns);
  return sum;
}

/* The root of |w| / |s|; 0 where the product is 0, whatever one of them is. */
static double balance(double w_squared, double s_squared)
{
  return w_squared > 0 && s_squared > 0 ? sqrt(sqrt(w_squared / s_squared)) : 0;
}

static void join_row(float *x, int64_t n, int64_t ld, float p0, float p1)
{
  float *new = x + ld;
  for (int64_t u = 0; u < n; u++) {
    x[u] = p0 * x[u] + p1 * new[u];
    new[u] = 0;
  }
}

/* s becomes p0 s + p1 new; nothing new is left. */
static void join(nai__tangent *tangent, int64_t t, double p0, double p1)
{
  const nai_network *net = tangent->net;
  int64_t n = net->n_columns, ld = net->ld_units;
  join_row(tangent->x, n, ld, (float)p0, (float)p1);
  for (int64_t d = 0; d <= net->max_delay; d++)
    join_row(nai__tangent_rate(tangent, t - d), n, ld, (float)p0, (float)p1);
  join_row(tangent->state, net->n_state, net->ld_state, (float)p0, (float)p1);
}

/* --- synapses and biases ---------------------------------------------------------------------- */

/* |nu^T M| squared; signs do not change it. */
static double new_norm(const walk *k, int64_t t)
{
  const nai_network *net = k->pass->net;
  const float *factor = k->lane->factor;
  double sum = 0;
  for (int64_t n = 0; n < net->n_blocks; n++) {
    const nai__block *b = &net->block[n];
    if (b->to_output) continue;
    const float *sent = nai__source_of(k->pass, b, k->trial, t);
    for (int64_t i = 0; i < b->n_post; i++) {
      const nai__strip strip = nai__strip_of(b, i);
      const float *r = nai__strip_carried(&strip, sent, k->lane->carried);
      const uint8_t *plastic = net->plastic + strip.at;
      double row = 0;
      for (int64_t j = 0; j < strip.n; j++) k->lane->squares[j] = (float)plastic[j] * r[j];
      row = squared(k->lane->squares, strip.n);
      sum += row * (double)factor[b->post + i] * (double)factor[b->post + i];
    }
  }
  for (int64_t u = 0; u < net->n_units; u++)
    sum += (double)((float)net->plastic[net->unit_bias + u] * factor[u]) * (double)factor[u];
  return sum;
}

/*
 * w = keep w + f r on those that are plastic, and sum += gain w. Returns |w| squared.
 */
static double move(float *w, float *sum, const uint8_t *plastic, const float *r, int64_t n,
                   float keep, float f, float gain)
{
  for (int64_t j = 0; j < n; j++) {
    w[j] = (float)plastic[j] * (keep * w[j] + f * r[j]);
    sum[j] += gain * w[j];
  }
  return squared(w, n);
}

/* All of w at step t; its share of the gradient. */
static void move_all(walk *k, int64_t t, float keep, float gain)
{
  const nai_network *net = k->pass->net;
  const lane *l = k->lane;
  k->norm = 0;
  for (int64_t n = 0; n < net->n_blocks; n++) {
    const nai__block *b = &net->block[n];
    if (b->to_output) continue;
    const float *sent = nai__source_of(k->pass, b, k->trial, t);
    for (int64_t i = 0; i < b->n_post; i++) {
      const nai__strip strip = nai__strip_of(b, i);
      const float *r = nai__strip_carried(&strip, sent, l->carried);
      const int64_t at = strip.at;
      k->norm += move(l->w + at, l->sum + at, net->plastic + at, r, strip.n, keep,
                      l->factor[b->post + i], gain);
    }
  }
  int64_t bias = net->unit_bias, initial = net->unit_initial;
  k->norm +=
      move(l->w + bias, l->sum + bias, net->plastic + bias, l->factor, net->n_units, keep, 1, gain);
  k->norm += move(l->w + initial, l->sum + initial, net->plastic + initial, l->tangent.zero,
                  net->n_units, keep, 0, gain);
}

/* --- steps ------------------------------------------------------------------------------------ */

/* Initial states are what the state at time 0 is by: D and M are the identity. */
static void begin(walk *k)
{
  const nai_network *net = k->pass->net;
  const lane *l = k->lane;
  nai__tangent *tangent = &k->lane->tangent;
  const uint8_t *plastic = net->plastic + net->unit_initial;
  nai__tangent_clear(tangent, 2);
  memset(l->w, 0, (size_t)net->n_theta * sizeof *l->w);
  draw_signs(k);
  for (int64_t u = 0; u < net->n_units; u++)
    tangent->x[NEW * net->ld_units + u] = (float)plastic[u] * l->nu[u];
  nai__tangent_begin(tangent, k->pass, k->trial);
  double learn = 0; /* so many */
  for (int64_t u = 0; u < net->n_units; u++) learn += plastic[u];
  double p1 = balance(learn, state_norm(k, 0, NEW));
  join(tangent, 0, 0, p1);
  float *w = l->w + net->unit_initial;
  for (int64_t u = 0; u < net->n_units && p1 > 0; u++)
    w[u] = (float)plastic[u] * l->nu[u] / (float)p1;
  k->norm = squared(w, net->n_units);
}

/* Squares of what port `port` of unit i does to `n` states or signals, by their slopes. */
static double push_on(const nai_unit_batch *b, const float *slopes, int64_t n, int64_t port,
                      int64_t i)
{
  double sum = 0;
  for (int64_t k = 0; k < n; k++)
    sum += pow((double)slopes[(k * b->n_ports + port) * b->slope_stride + i], 2);
  return sum;
}

/*
 * A port of each unit of a run is moved by nu over the length of what it does to states, or where that
 * is nothing to signals, so that this has the length 1: as for rate units, whatever a model makes of
 * its states to send it. One that does nothing, or on which nothing acts that learns, is left alone.
 */
static void perturb_port(walk *k, const nai_unit_batch *b, int32_t n_signals, int64_t column,
                         int64_t port)
{
  const lane *l = k->lane;
  float *v = l->tangent.v + NEW * k->pass->net->ld_units + column;
  for (int64_t i = 0; i < b->n; i++) {
    float length = (float)sqrt(push_on(b, b->sp, b->n_states, port, i));
    if (length < SMALLEST) length = (float)sqrt(push_on(b, b->zp, n_signals, port, i));
    if (length < SMALLEST || !k->learns[column + i]) length = 0;
    l->factor[column + i] = length * l->nu[column + i];
    v[i] = length != 0 ? l->nu[column + i] / length : 0;
  }
}

static void perturb_cells(walk *k, const nai__segment *g)
{
  const nai__cells *c = g->cells;
  nai__cells_view view;
  int64_t port = 0;
  nai__tangent_slopes(&view, &k->lane->tangent, g);
  for (int32_t p = 0; p < c->model->ops.n_ports; p++)
    for (int64_t copy = 0; copy < c->port_copies[p]; copy++)
      perturb_port(k, &view.batch.shown, c->model->ops.n_signals, c->port[p] + copy * g->units.n,
                   port++);
}

/*
 * Each unit's state is moved by nu, so what it receives by nu over dx/dv. Units of slope 0, on whose
 * state no parameter acts, are left alone.
 */
static void perturb(walk *k)
{
  const nai_network *net = k->pass->net;
  const lane *l = k->lane;
  for (int64_t s = 0; s < net->n_segments; s++) {
    const nai__segment *g = &net->segment[s];
    if (g->cells) perturb_cells(k, g);
    for (int64_t i = 0; i < g->units.n && !g->cells; i++) {
      int64_t u = g->offset + i;
      float slope = g->units.alpha[i] * (g->leak != NAI_LEAK_CURRENT ? l->tangent.slope[u] : 1);
      if (fabsf(slope) < SMALLEST) slope = 0;
      l->factor[u] = slope * l->nu[u];
      l->tangent.v[NEW * net->ld_units + u] = slope != 0 ? l->nu[u] / slope : 0;
    }
  }
}

static void step(walk *k, int64_t t)
{
  const nai_network *net = k->pass->net;
  nai__tangent *tangent = &k->lane->tangent;
  nai__tangent_open(tangent, k->pass, k->trial, t);
  draw_signs(k);
  perturb(k);
  nai__tangent_step(tangent, t);
  double p0 = balance(k->norm, state_norm(k, t, OLD)),
         p1 = balance(new_norm(k, t), state_norm(k, t, NEW)), gain[2] = {0};
  join(tangent, t, p0, p1);
  for (int64_t u = 0; u < net->n_columns; u++)
    k->lane->factor[u] = p1 > 0 ? k->lane->factor[u] / (float)p1 : 0;
  nai__tangent_gain(tangent, k->pass, k->trial, t, gain);
  move_all(k, t, p0 > 0 ? 1 / (float)p0 : 0, (float)gain[OLD]);
}

/* --- all trials ------------------------------------------------------------------------------- */

typedef struct job {
  uoro *uoro;
  const nai__pass *pass;
  int64_t lanes;
  uint64_t seed;
} job;

static void walk_lane(void *argument, int64_t task, int32_t thread)
{
  const job *job = argument;
  const nai__pass *pass = job->pass;
  walk k = {.lane = &job->uoro->lane[task],
            .lines = job->uoro->lines,
            .learns = job->uoro->learns,
            .pass = pass};
  memset(k.lane->sum, 0, (size_t)pass->net->n_theta * sizeof *k.lane->sum);
  nai__failure_clear(&k.lane->tangent.failed);
  for (k.trial = task; k.trial < pass->trials; k.trial += job->lanes) {
    int64_t last = nai__last_step(pass, k.trial);
    k.stream = nai__stream_open(job->seed, NAI__FOR_FEEDBACK,
                                pass->activity->first + (uint64_t)k.trial, 0);
    begin(&k);
    int64_t work = 4 * pass->net->n_theta; /* two tangents, two rows of influences */
    for (int64_t t = 1; t <= last && !nai__pool_ended(pass->pool, thread, work); t++) step(&k, t);
  }
}

/* Added to what is there: the readout, and 0 elsewhere. */
static void add_lanes(const job *job)
{
  const nai__pass *pass = job->pass;
  for (int64_t i = 0; i < pass->net->n_theta; i++) {
    double sum = 0;
    for (int64_t n = 0; n < job->lanes; n++) sum += (double)job->uoro->lane[n].sum[i];
    pass->gradient[i] += (float)sum;
  }
}

static nai_status estimate(nai__learner *learner, nai__pass *pass)
{
  uoro *u = learner->own;
  const nai__route nowhere = {.backward = NULL};
  NAI__TRY(prepare(u, pass->net, pass->trials));
  nai__collect_signals(pass, &nowhere); /* the readout, and dJ/dr of costs on rates */
  find_learning_ports(u, pass->net);
  job job = {.uoro = u,
             .pass = pass,
             .lanes = pass->trials < LANES ? pass->trials : LANES,
             .seed =
                 nai__seed_derive(learner->rule->seed, NAI__FOR_FEEDBACK, (uint64_t)pass->update)};
  nai__pool_run_here(pass->pool, pass->net->is_bound, job.lanes, walk_lane, &job);
  add_lanes(&job);
  for (int64_t i = 0; i < job.lanes; i++) NAI__TRY(nai__failure_raise(&u->lane[i].tangent.failed));
  return NAI_OK;
}

nai_status nai_rule_create_uoro(nai_rule **out, uint64_t seed)
{
  static const nai__rule_kind kind = {.name = "uoro",
                                      .costs = NAI__LEARNS_FROM_ACTIVITY,
                                      .units = NAI__UNITS_WITH_SLOPES,
                                      .attach = attach,
                                      .memory = memory,
                                      .detach = detach,
                                      .estimate = estimate,
                                      .in_shards = 1};
  return nai__rule_create(out, &kind, seed);
}
