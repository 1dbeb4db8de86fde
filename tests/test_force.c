/*
 * FORCE and full-FORCE: recursive least squares against what it is to be, in double; constraints,
 * resuming, and what is refused.
 */
#include <check.h>
#include <math.h>
#include <neuroai/neuroai.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/base/random.h"
#include "../lib/train/agent.h"
#include "checks.h"
#include "faults.h"
#include "networks.h"
#include "rules.h"

/* --- what tests share ------------------------------------------------------------------------- */

static nai_rule *force(double lambda, double every)
{
  nai_rule *rule;
  expect_ok(nai_rule_create_force(&rule));
  expect_ok(nai_rule_set(rule, "lambda", lambda));
  expect_ok(nai_rule_set(rule, "update_every", every));
  return rule;
}

static nai_rule *full_force(double lambda, double every)
{
  nai_rule *rule;
  expect_ok(nai_rule_create_full_force(&rule, 4));
  expect_ok(nai_rule_set(rule, "lambda", lambda));
  expect_ok(nai_rule_set(rule, "update_every", every));
  return rule;
}

/* The optimiser is never asked: its rate would show. */
static nai_trainer *trained_by(nai_network *net, nai_rule *rule)
{
  nai_cost *mse;
  nai_trainer *trainer = trainer_of(net, rule, plain_descent(1000));
  expect_ok(nai_cost_create_mse(&mse, "z"));
  expect_ok(nai_trainer_add_cost(trainer, mse, 1));
  nai_cost_destroy(mse);
  return trainer;
}

enum { N = 12, INPUTS = 2, OUTPUTS = 3, COLUMNS = N + INPUTS };

/* Readouts: what of the synapses from the units to the outputs exists. */
enum { FULL, LACKING_ONE, SPARSE, DELAYED, TWO_POPULATIONS, READOUTS };

static int has_synapse(int readout, int64_t o, int64_t j)
{
  if (j >= N) return 0;
  if (readout == LACKING_ONE) return o == 2 || j != 3 * o + 1;
  if (readout == SPARSE) return (5 * j + o) % 3 == 0;
  return 1;
}

static void mask_readout(nai_network *net, int readout)
{
  uint8_t mask[OUTPUTS * N];
  nai_constraint *some;
  for (int k = 0; k < OUTPUTS * N; k++) mask[k] = (uint8_t)has_synapse(readout, k / N, k % N);
  expect_ok(nai_constraint_create_mask(&some, mask, OUTPUTS, N));
  expect_ok(nai_network_constrain(net, "x", "z", some));
  nai_constraint_destroy(some);
}

/* Noisy units whose own weights stay, and a readout. */
static nai_network *compose_open(int readout)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, 10));
  expect_ok(nai_network_add_input(net, "u", INPUTS));
  int64_t first = readout == TWO_POPULATIONS ? 5 : N;
  expect_ok(nai_network_add_population(net, "x", first, NAI_FREE));
  if (first < N) expect_ok(nai_network_add_population(net, "y", N - first, NAI_FREE));
  expect_ok(nai_network_add_output(net, "z", OUTPUTS));
  const char *units = first < N ? "x y" : "x";
  expect_ok(nai_network_set(net, units, "tau", 30));
  expect_ok(nai_network_set(net, units, "noise", 0.4));
  expect_ok(nai_network_set(net, "z", "bias", 0.3));
  expect_ok(nai_network_set_transfer(net, units, NAI_TRANSFER_TANH));
  expect_ok(nai_network_connect(net, "u", units));
  expect_ok(nai_network_connect(net, units, units));
  expect_ok(nai_network_connect(net, units, "z"));
  if (readout == DELAYED) expect_ok(nai_network_set_delay(net, "x", "z", 20));
  if (readout == SPARSE || readout == LACKING_ONE) mask_readout(net, readout);
  return net;
}

static nai_network *build_open(int readout)
{
  nai_network *net = compose_open(readout);
  expect_ok(nai_network_build(net, 3));
  return net;
}

/* An experience of step t, the same whoever asks. */
typedef struct moment {
  float input[INPUTS], target[OUTPUTS];
  nai_experience now;
} moment;

static const nai_experience *meet(moment *m, int64_t t)
{
  expect_ok(nai_random_normals(m->input, INPUTS, 1, (uint64_t)t));
  for (int o = 0; o < OUTPUTS; o++) m->target[o] = sinf(0.1f * (float)((o + 1) * t)) + (float)o;
  m->now = (nai_experience)NAI_EXPERIENCE_INIT;
  m->now.input = m->input;
  m->now.target = m->target;
  return &m->now;
}

static void live(nai_agent *agent, int64_t first, int64_t end)
{
  moment m;
  for (int64_t t = first; t < end; t++) expect_ok(nai_agent_step(NULL, agent, meet(&m, t)));
}

/* Rates of all units, then inputs. */
static void look(double *r, const nai_agent *agent, const moment *m)
{
  const nai_network *net = agent->trainer->plasticity.net;
  const float *rate = nai__rate_at(&agent->activity, agent->online.t);
  for (int64_t u = 0; u < net->n_units; u++) r[u] = (double)rate[u];
  for (int c = 0; c < INPUTS; c++) r[net->n_units + c] = (double)m->input[c];
}

enum { READOUT_SYNAPSES = OUTPUTS * N };

/* Of the synapse from a unit to an output: its weight, or whether it learns; 0 without one. */
static float of_synapse(const nai_network *net, const char *from, int64_t o, int64_t j, int learns)
{
  nai_synapse_arrays all = NAI_SYNAPSE_ARRAYS_INIT;
  int32_t post[READOUT_SYNAPSES], pre[READOUT_SYNAPSES];
  float weight[READOUT_SYNAPSES];
  uint8_t plastic[READOUT_SYNAPSES];
  int64_t n;
  all.post = post;
  all.pre = pre;
  all.weight = weight;
  all.plastic = plastic;
  expect_ok(nai_network_synapses(&all, READOUT_SYNAPSES, &n, net, from, "z"));
  for (int64_t k = 0; k < n; k++)
    if (post[k] == o && pre[k] == j) return learns ? plastic[k] : weight[k];
  return 0;
}

/* Of unit j onto output o, the same. */
static float of_readout(const nai_network *net, int64_t o, int64_t j, int learns)
{
  const int64_t first = nai_network_size(net, NAI_POPULATIONS, "x");
  return j < first ? of_synapse(net, "x", o, j, learns)
                   : of_synapse(net, "y", o, j - first, learns);
}

static float readout_weight(const nai_network *net, int64_t o, int64_t j)
{
  return of_readout(net, o, j, 0);
}

/* Solves a x = b [n], by elimination; a and b are used up. */
static void solve(double *a, double *b, int n)
{
  for (int k = 0; k < n; k++) {
    int best = k;
    for (int i = k; i < n; i++)
      if (fabs(a[i * n + k]) > fabs(a[best * n + k])) best = i;
    for (int j = 0; j < n; j++) {
      double held = a[k * n + j];
      a[k * n + j] = a[best * n + j];
      a[best * n + j] = held;
    }
    double held = b[k];
    b[k] = b[best];
    b[best] = held;
    for (int i = k + 1; i < n; i++) {
      double f = a[i * n + k] / a[k * n + k];
      for (int j = k; j < n; j++) a[i * n + j] -= f * a[k * n + j];
      b[i] -= f * b[k];
    }
  }
  for (int k = n - 1; k >= 0; k--) {
    for (int j = k + 1; j < n; j++) b[k] -= a[k * n + j] * b[j];
    b[k] /= a[k * n + k];
  }
}

/* P of the first fit, n wide; the rule keeps doubles. */
static double *first_p(const nai_trainer *trainer)
{
  ck_assert_str_eq(trainer->plasticity.learner->kept[0].name, "P");
  ck_assert(trainer->plasticity.learner->kept[0].doubles);
  return trainer->plasticity.learner->kept[0].doubles;
}

/* --- P ---------------------------------------------------------------------------------------- */

static int is_positive(const double *p, int64_t ld, int n)
{
  double l[COLUMNS][COLUMNS];
  for (int i = 0; i < n; i++)
    for (int j = 0; j <= i; j++) {
      double sum = p[i * ld + j];
      for (int k = 0; k < j; k++) sum -= l[i][k] * l[j][k];
      if (i == j && !(sum > 0)) return 0;
      l[i][j] = i == j ? sqrt(sum) : sum / l[j][j];
    }
  return 1;
}

/* P (lambda I + sum r r^T) = I, P symmetric to the bit and positive, after ten thousand updates. */
START_TEST(p_is_the_inverse)
{
  static const double lambdas[] = {1, 0.01, 100};
  double lambda = lambdas[_i], a[N][N] = {{0}}, r[COLUMNS], worst = 0;
  nai_network *net = build_open(FULL);
  nai_trainer *trainer = trained_by(net, force(lambda, 1));
  nai_agent *agent;
  moment m;
  expect_ok(nai_agent_create(&agent, trainer));
  for (int i = 0; i < N; i++) a[i][i] = lambda;
  for (int64_t t = 0; t < 10000; t++) {
    expect_ok(nai_agent_step(NULL, agent, meet(&m, t)));
    look(r, agent, &m);
    for (int i = 0; i < N; i++)
      for (int j = 0; j < N; j++) a[i][j] += r[i] * r[j];
  }
  ck_assert_int_eq(nai_agent_updates(agent), 10000);
  ck_assert_int_eq(trainer->plasticity.learner->kept[0].n, N * 16);
  const double *p = first_p(trainer);
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      double sum = i == j ? -1 : 0;
      for (int k = 0; k < N; k++) sum += p[i * 16 + k] * a[k][j];
      worst = fmax(worst, fabs(sum));
      EXPECT(p[i * 16 + j] == p[j * 16 + i]);
    }
  ck_assert_msg(worst < 1e-11, "%g", worst);
  ck_assert(is_positive(p, 16, N));
  nai_agent_destroy(agent);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* e+ = e- / (1 + r^T P r), with P of before: no error grows by its own update. */
START_TEST(an_update_shrinks_its_error)
{
  nai_network *net = build_open(FULL);
  nai_trainer *trainer = trained_by(net, force(0.5, 1));
  nai_agent *agent;
  moment m;
  double p[N * 16], r[COLUMNS];
  float z[OUTPUTS];
  expect_ok(nai_agent_create(&agent, trainer));
  for (int64_t t = 0; t < 500; t++) {
    memcpy(p, first_p(trainer), sizeof p);
    expect_ok(nai_agent_step(z, agent, meet(&m, t)));
    look(r, agent, &m);
    double rpr = 0;
    for (int i = 0; i < N; i++)
      for (int j = 0; j < N; j++) rpr += r[i] * p[i * 16 + j] * r[j];
    EXPECT(rpr >= 0);
    for (int o = 0; o < OUTPUTS; o++) {
      double before = (double)z[o] - (double)m.target[o], after = 0.3 - (double)m.target[o];
      for (int j = 0; j < N; j++) after += (double)readout_weight(net, o, j) * r[j];
      EXPECT(fabs(after - before / (1 + rpr)) < 3e-6);
      EXPECT(fabs(after) <= fabs(before) + 3e-6);
    }
  }
  nai_agent_destroy(agent);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* --- weights ---------------------------------------------------------------------------------- */

enum { LONGEST = 600 };
typedef struct record {
  double r[LONGEST][COLUMNS], f[LONGEST][OUTPUTS];
  int64_t steps;
} record;

/* w = (lambda I + R^T R)^-1 (R^T (f - bias) + lambda w0) of one output; its worst difference. */
static double off_ridge(const record *seen, const nai_network *net, int readout, int64_t o,
                        double lambda, const double *start, int64_t every)
{
  int column[COLUMNS], n = 0, delay = readout == DELAYED ? 2 : 0;
  double a[COLUMNS * COLUMNS] = {0}, b[COLUMNS] = {0}, worst = 0;
  for (int j = 0; j < COLUMNS; j++)
    if (has_synapse(readout, o, j)) column[n++] = j;
  for (int i = 0; i < n; i++) {
    a[i * n + i] = lambda;
    b[i] = lambda * start[column[i]];
  }
  for (int64_t t = every - 1; t < seen->steps; t += every)
    for (int i = 0; i < n; i++) {
      /* rates before the first step are the initial ones, 0 */
      double r = t < delay ? 0 : seen->r[t - delay][column[i]];
      for (int j = 0; j < n; j++)
        a[i * n + j] += r * (t < delay ? 0 : seen->r[t - delay][column[j]]);
      b[i] += r * (seen->f[t][o] - (double)0.3f);
    }
  solve(a, b, n);
  for (int i = 0; i < n; i++)
    worst = fmax(worst, fabs(b[i] - (double)readout_weight(net, o, column[i])));
  return worst;
}

/* On a trajectory that the readout does not move, the weights are those of ridge regression. */
START_TEST(weights_are_those_of_ridge_regression)
{
  static record seen;
  int readout = _i % READOUTS;
  int64_t every = _i / READOUTS ? 3 : 1;
  double lambda = 0.7, start[OUTPUTS][COLUMNS] = {{0}};
  nai_network *net = build_open(readout);
  nai_trainer *trainer = trained_by(net, force(lambda, (double)every));
  nai_agent *agent;
  moment m;
  expect_ok(nai_agent_create(&agent, trainer));
  for (int o = 0; o < OUTPUTS; o++)
    for (int j = 0; j < N; j++) start[o][j] = (double)readout_weight(net, o, j);
  nai_view recurrent = weights_of(net, "x", "x");
  float kept = at(&recurrent, 1, 0);
  seen.steps = LONGEST;
  for (int64_t t = 0; t < seen.steps; t++) {
    expect_ok(nai_agent_step(NULL, agent, meet(&m, t)));
    look(seen.r[t], agent, &m);
    for (int o = 0; o < OUTPUTS; o++) seen.f[t][o] = (double)m.target[o];
  }
  for (int o = 0; o < OUTPUTS; o++) {
    double worst = off_ridge(&seen, net, readout, o, lambda, start[o], every);
    ck_assert_msg(worst < 2e-6, "output %d: %g", o, worst);
    for (int j = 0; j < N; j++)
      if (!has_synapse(readout, o, j)) ck_assert(readout_weight(net, o, j) == 0);
  }
  ck_assert(at(&recurrent, 1, 0) == kept); /* plastic, but not FORCE's to move */
  ck_assert_int_eq(nai_agent_updates(agent), seen.steps / every);
  nai_agent_destroy(agent);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* --- synapses that go, and that begin or cease to learn ---------------------------------------- */

enum { PRUNED, UNITS_PRUNED, FROZEN, THAWED, FROZEN_AND_THAWED, TURNS };

static void turn(nai_network *net, int which)
{
  static const int64_t some[] = {1, 3};
  switch (which) {
  case PRUNED: /* others of each output */
    expect_ok(nai_network_prune(net, "x y", "z", 0.4, 5));
    break;
  case UNITS_PRUNED: expect_ok(nai_network_prune_units(net, "y", some, 2, 1, 0)); break;
  case FROZEN: expect_ok(nai_network_set_plastic(net, "y", "z", 0)); break;
  case THAWED: expect_ok(nai_network_set_plastic(net, "y", "z", 1)); break;
  default: expect_ok(nai_network_set_plastic(net, "x y", "z", 0));
  }
}

static int learns(const nai_network *net, int64_t o, int64_t j)
{
  return of_readout(net, o, j, 1) != 0;
}

/*
 * From then on the weights that learn are those of ridge regression about what they were, weighed by what
 * was seen of them before: A w = A_then w_then + sum of r (f - bias - what the others give).
 */
static double off_resumed(const nai_network *net, int64_t o, const double then[N][N],
                          const double *start, const record *seen)
{
  int column[N], n = 0;
  double a[N * N] = {0}, b[N] = {0}, worst = 0;
  for (int j = 0; j < N; j++)
    if (learns(net, o, j)) column[n++] = j;
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) {
      a[i * n + j] = then[column[i]][column[j]];
      b[i] += a[i * n + j] * start[column[j]];
    }
  for (int64_t t = 0; t < seen->steps; t++) {
    double rest = seen->f[t][o] - (double)0.3f;
    for (int j = 0; j < N; j++)
      if (!learns(net, o, j)) rest -= start[j] * seen->r[t][j];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) a[i * n + j] += seen->r[t][column[i]] * seen->r[t][column[j]];
      b[i] += seen->r[t][column[i]] * rest;
    }
  }
  solve(a, b, n);
  for (int i = 0; i < n; i++)
    worst = fmax(worst, fabs(b[i] - (double)readout_weight(net, o, column[i])));
  return worst;
}

static void live_and_see(record *seen, nai_agent *agent, int64_t first, int64_t steps)
{
  moment m;
  seen->steps = steps;
  for (int64_t t = 0; t < steps; t++) {
    expect_ok(nai_agent_step(NULL, agent, meet(&m, first + t)));
    look(seen->r[t], agent, &m);
    for (int o = 0; o < OUTPUTS; o++) seen->f[t][o] = (double)m.target[o];
  }
}

/* lambda I + what was seen so far; of what begins to learn, lambda alone. */
static void add_seen(double a[N][N], const record *seen, int begins)
{
  for (int64_t t = 0; t < seen->steps; t++)
    for (int i = 0; i < N; i++)
      for (int j = 0; j < N; j++)
        if (!begins || (i < 5 && j < 5)) a[i][j] += seen->r[t][i] * seen->r[t][j];
}

START_TEST(weights_go_on_without_synapses_that_are_gone)
{
  static record seen;
  const double lambda = 0.7;
  double then[N][N] = {{0}}, start[OUTPUTS][N];
  nai_network *net = compose_open(TWO_POPULATIONS);
  if (_i % 2) expect_ok(nai_network_set_storage(net, "x y", "z", NAI_STORAGE_LISTED));
  expect_ok(nai_network_build(net, 3));
  const int which = _i / 2;
  if (which == THAWED) turn(net, FROZEN);
  nai_trainer *trainer = trained_by(net, force(lambda, 1));
  nai_agent *agent;
  expect_ok(nai_agent_create(&agent, trainer));
  for (int i = 0; i < N; i++) then[i][i] = lambda;
  live_and_see(&seen, agent, 0, 40);
  add_seen(then, &seen, which == THAWED);
  turn(net, which);
  if (which == FROZEN_AND_THAWED) {
    live_and_see(&seen, agent, 40, 5);
    add_seen(then, &seen, 0);
    expect_ok(nai_network_set_plastic(net, "x y", "z", 1));
  }
  for (int o = 0; o < OUTPUTS; o++)
    for (int j = 0; j < N; j++) start[o][j] = (double)readout_weight(net, o, j);
  live_and_see(&seen, agent, 45, 60);
  for (int o = 0; o < OUTPUTS; o++) {
    double worst = off_resumed(net, o, (const double(*)[N])then, start[o], &seen);
    ck_assert_msg(worst < 3e-6, "output %d: %g", o, worst);
  }
  nai_agent_destroy(agent);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* One P for outputs that have the same units, or all but one; else one each. */
START_TEST(p_is_shared)
{
  nai_network *net = build_open(_i);
  nai_trainer *trainer = trained_by(net, force(1, 1));
  int64_t doubles = _i == SPARSE ? 3 * 4 * 16 : N * 16; /* sparse: four synapses each */
  ck_assert_int_eq(trainer->plasticity.learner->kept[0].n, doubles);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* --- a population that is the output ---------------------------------------------------------- */

static void connect_loop(nai_network *net, int feeds_back)
{
  static const float identity[OUTPUTS * OUTPUTS] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
  expect_ok(nai_network_connect(net, "x", "x loop"));
  expect_ok(nai_network_connect(net, "loop", "z"));
  expect_ok(nai_network_set_delay(net, "x", "loop", 0));
  expect_ok(nai_network_set_plastic(net, "loop", "z", 0));
  if (feeds_back) expect_ok(nai_network_connect(net, "loop", "x"));
  expect_ok(nai_network_build(net, 3));
  expect_ok(nai_network_set_weights(net, "loop", "z", identity, OUTPUTS, OUTPUTS));
}

static nai_network *build_loop(int feeds_back)
{
  nai_network *net = COMPOSE(.dt = 10, .inputs = {{"u", INPUTS}},
                             .populations = {{"x", N, NAI_FREE}, {"loop", OUTPUTS, NAI_FREE}},
                             .outputs = {{"z", OUTPUTS}}, .projections = {{"u", "x loop"}});
  expect_ok(nai_network_set(net, "x", "tau", 30));
  expect_ok(nai_network_set(net, "x", "noise", 0.4));
  expect_ok(nai_network_set(net, "loop", "tau", 10));
  expect_ok(nai_network_set(net, "loop", "bias", 0.3));
  expect_ok(nai_network_set_transfer(net, "x", NAI_TRANSFER_TANH));
  expect_ok(nai_network_set_transfer(net, "loop", NAI_TRANSFER_LINEAR));
  connect_loop(net, feeds_back);
  return net;
}

/* What is fed back learns as an output does, from units and inputs. */
START_TEST(a_population_learns_as_the_output)
{
  static record seen; /* of units, then of the loop, then of inputs */
  nai_network *net = build_loop(_i);
  nai_trainer *trainer = trained_by(net, force(0.7, 1));
  nai_agent *agent;
  moment m;
  expect_ok(nai_agent_create(&agent, trainer));
  nai_view units = weights_of(net, "x", "loop"), inputs = weights_of(net, "u", "loop"),
           identity = weights_of(net, "loop", "z");
  double a[COLUMNS * COLUMNS], b[COLUMNS], start[OUTPUTS][COLUMNS];
  for (int o = 0; o < OUTPUTS; o++)
    for (int j = 0; j < COLUMNS; j++)
      start[o][j] = (double)(j < N ? at(&units, o, j) : at(&inputs, o, j - N));
  for (int64_t t = 0; t < 400; t++) {
    float z[OUTPUTS];
    double r[COLUMNS + OUTPUTS];
    expect_ok(nai_agent_step(z, agent, meet(&m, t)));
    look(r, agent, &m);
    for (int o = 0; o < OUTPUTS; o++) {
      seen.f[t][o] = (double)m.target[o];
      EXPECT((double)z[o] == r[N + o]);
    }
    memcpy(seen.r[t], r, N * sizeof *r);
    memcpy(seen.r[t] + N, r + N + OUTPUTS, INPUTS * sizeof *r);
  }
  for (int o = 0; o < OUTPUTS; o++) {
    for (int i = 0; i < COLUMNS; i++) {
      b[i] = 0.7 * start[o][i];
      for (int j = 0; j < COLUMNS; j++) a[i * COLUMNS + j] = i == j ? 0.7 : 0;
    }
    for (int64_t t = 0; t < 400; t++)
      for (int i = 0; i < COLUMNS; i++) {
        for (int j = 0; j < COLUMNS; j++) a[i * COLUMNS + j] += seen.r[t][i] * seen.r[t][j];
        b[i] += seen.r[t][i] * (seen.f[t][o] - (double)0.3f);
      }
    solve(a, b, COLUMNS);
    for (int i = 0; i < COLUMNS; i++)
      ck_assert(fabs(b[i] - (double)(i < N ? at(&units, o, i) : at(&inputs, o, i - N))) < 2e-6);
    for (int k = 0; k < OUTPUTS; k++) ck_assert(at(&identity, o, k) == (float)(o == k));
  }
  nai_agent_destroy(agent);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* --- constraints ------------------------------------------------------------------------------ */

/* E and I to the outputs, sparsely, within a limit; one synapse is fixed, others do not exist. */
static nai_network *build_constrained(int plastic)
{
  uint8_t fixed[OUTPUTS * 8] = {0};
  fixed[3] = fixed[9] = 1;
  nai_constraint *sparse, *limit, *some;
  nai_network *net = COMPOSE(.dt = 10, .inputs = {{"u", INPUTS}},
                             .populations = {{"E", 8, NAI_EXCITATORY}, {"I", 4, NAI_INHIBITORY}},
                             .outputs = {{"z", OUTPUTS}},
                             .projections = {{"u", "E I"}, {"E I", "E I"}, {"E I", "z"}});
  expect_ok(nai_network_set_sign(net, "u", NAI_INHIBITORY));
  expect_ok(nai_network_set(net, "E I", "tau", 40));
  expect_ok(nai_network_set(net, "E I", "noise", 0.3));
  expect_ok(nai_network_set_plastic(net, "E I", "E I", plastic));
  expect_ok(nai_constraint_create_sparse(&sparse, 0.6));
  expect_ok(nai_constraint_create_max_weight(&limit, 0.4));
  expect_ok(nai_constraint_create_fixed(&some, fixed, OUTPUTS, 8));
  expect_ok(nai_network_constrain(net, "E I", "E I", sparse));
  expect_ok(nai_network_constrain(net, "I", "z", sparse));
  expect_ok(nai_network_constrain(net, "E", "z", some));
  expect_ok(nai_network_constrain(net, "*", "*", limit));
  nai_constraint_destroy(sparse);
  nai_constraint_destroy(limit);
  nai_constraint_destroy(some);
  expect_ok(nai_network_build(net, 6));
  return net;
}

/* Counts what was moved, too: a constraint that holds because nothing moves holds nothing. */
static int check_constraints(const nai_network *net, const float *before)
{
  int moved = 0;
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    nai_synapses s = nai__synapses(net, p, NULL, NULL);
    for (int64_t i = 0; i < s.n_post; i++)
      for (int64_t j = 0; j < s.n_pre; j++) {
        int64_t x = i * s.stride + j;
        float old = before[p->at.start + x];
        EXPECT(s.weight[x] * (float)s.sign >= 0);
        EXPECT(fabsf(s.weight[x]) <= 0.4f);
        EXPECT(s.exists[x] != 0 || s.weight[x] == 0);
        EXPECT(s.plastic[x] != 0 || s.weight[x] == old);
        moved += s.weight[x] != old;
      }
  }
  return moved;
}

START_TEST(constraints_hold_at_each_step)
{
  nai_network *net = build_constrained(1);
  nai_trainer *trainer = trained_by(net, _i ? full_force(1, 1) : force(1, 1));
  nai_agent *agent;
  moment m;
  int moved = 0;
  size_t bytes = (size_t)net->n_theta * sizeof(float);
  float *before = malloc(bytes), z[OUTPUTS];
  expect_ok(nai_agent_create(&agent, trainer));
  for (int64_t t = 0; t < 300; t++) {
    memcpy(before, net->theta, bytes);
    expect_ok(nai_agent_step(z, agent, meet(&m, t)));
    moved += check_constraints(net, before);
    /* the next step is made with these weights: the packed copies are theirs */
    expect_ok(nai_agent_step(z, agent, &(nai_experience)NAI_EXPERIENCE_INIT));
    const float *rate = nai__rate_at(&agent->activity, agent->online.t);
    for (int64_t o = 0; o < OUTPUTS; o++) {
      nai_view e = weights_of(net, "E", "z"), i = weights_of(net, "I", "z");
      double sum = 0;
      for (int64_t j = 0; j < 8; j++) sum += (double)at(&e, o, j) * (double)rate[j];
      for (int64_t j = 0; j < 4; j++) sum += (double)at(&i, o, j) * (double)rate[8 + j];
      EXPECT(fabs(sum - (double)z[o]) < 1e-5);
    }
  }
  ck_assert_int_gt(moved, 300);
  free(before);
  nai_agent_destroy(agent);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* --- full-FORCE ------------------------------------------------------------------------------- */

/*
 * In double, from the equations: units without noise; without autapses or with them, or in two populations, of which
 * the second one is logistic.
 */
enum { WITHOUT_AUTAPSES, WITH_AUTAPSES, IN_TWO, TAUGHT };
enum { FIRST = 5 }; /* units of the first of two */

typedef struct twin {
  int n, autapses, in_two;
  double w[N][N], in[N][INPUTS], out[OUTPUTS][N], j[N][N], u_out[N][OUTPUTS];
  double x[N], r[N], x_d[N], r_d[N], alpha[N];
  double p[N][N][N], q[N][N]; /* inverses: of a unit's own regressors, and of the readout's */
} twin;

static void draw_teacher(twin *twin, uint64_t seed)
{
  for (int i = 0; i < N; i++) {
    nai__stream j = nai__stream_open(seed, NAI__FOR_FEEDBACK, (uint64_t)i, 3),
                u = nai__stream_open(seed, NAI__FOR_FEEDBACK, (uint64_t)i, 4);
    for (int k = 0; k < N; k++) twin->j[i][k] = 1.5 / sqrt(N) * nai__stream_normal(&j);
    for (int o = 0; o < OUTPUTS; o++) twin->u_out[i][o] = 2 * nai__stream_uniform(&u) - 1;
  }
}

/* What unit i gets from k, or sends to output i, or gets from channel k. */
static double weight_of(const nai_network *net, const char *from, const char *to, int64_t i,
                        int64_t k, int in_two)
{
  const int second_to = in_two && strcmp(to, "x") == 0 && i >= FIRST,
            second_from = in_two && strcmp(from, "x") == 0 && k >= FIRST;
  nai_view w = weights_of(net, second_from ? "y" : from, second_to ? "y" : to);
  return (double)at(&w, second_to ? i - FIRST : i, second_from ? k - FIRST : k);
}

static double rate_of(const twin *twin, int i, double x)
{
  return twin->in_two && i >= FIRST ? 1 / (1 + exp(-x)) : tanh(x);
}

static void start_twin(twin *twin, const nai_network *net, int how)
{
  memset(twin, 0, sizeof *twin);
  twin->autapses = how != WITHOUT_AUTAPSES;
  twin->in_two = how == IN_TWO;
  draw_teacher(twin, 4);
  for (int i = 0; i < N; i++) {
    for (int k = 0; k < N; k++) twin->w[i][k] = weight_of(net, "x", "x", i, k, twin->in_two);
    for (int c = 0; c < INPUTS; c++) twin->in[i][c] = weight_of(net, "u", "x", i, c, twin->in_two);
    for (int o = 0; o < OUTPUTS; o++)
      twin->out[o][i] = weight_of(net, "x", "z", o, i, twin->in_two);
    twin->x[i] = twin->x_d[i] = 0.2;
    twin->r[i] = twin->r_d[i] = rate_of(twin, i, 0.2);
    twin->alpha[i] = 10 / (20 + 5.0 * i);
    twin->q[i][i] = 1;
    for (int k = 0; k < N; k++) twin->p[i][k][k] = 1;
  }
}

/* Recursive least squares as it is written, of one row; `gap` has no regressor, -1: all have one. */
static void learn(double *w, double p[N][N], const double *r, double error, int gap)
{
  double seen[N], q[N] = {0}, rq = 1;
  for (int i = 0; i < N; i++) seen[i] = i == gap ? 0 : r[i];
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) q[i] += p[i][j] * seen[j];
  for (int i = 0; i < N; i++) rq += seen[i] * q[i];
  for (int i = 0; i < N; i++) {
    if (i != gap) w[i] -= error * q[i] / rq;
    for (int j = 0; j < N; j++) p[i][j] -= q[i] * q[j] / rq;
  }
}

static void move_twin(twin *twin, const moment *m, int learns)
{
  double before[N], wanted[N], given[N];
  memcpy(before, twin->r, sizeof before);
  for (int i = 0; i < N; i++) {
    double in = 0;
    wanted[i] = given[i] = 0;
    for (int c = 0; c < INPUTS; c++) in += twin->in[i][c] * (double)m->input[c];
    for (int k = 0; k < N; k++) wanted[i] += twin->j[i][k] * twin->r_d[k];
    for (int o = 0; o < OUTPUTS; o++) wanted[i] += twin->u_out[i][o] * (double)m->target[o];
    for (int k = 0; k < N; k++) given[i] += twin->w[i][k] * before[k];
    twin->x[i] += twin->alpha[i] * (given[i] + in - twin->x[i]);
    twin->x_d[i] += twin->alpha[i] * (wanted[i] + in - twin->x_d[i]);
  }
  for (int i = 0; i < N; i++) {
    twin->r[i] = rate_of(twin, i, twin->x[i]);
    twin->r_d[i] = rate_of(twin, i, twin->x_d[i]);
  }
  if (!learns) return;
  for (int i = 0; i < N; i++)
    learn(twin->w[i], twin->p[i], before, given[i] - wanted[i], twin->autapses ? -1 : i);
  double kept[N][N];
  memcpy(kept, twin->q, sizeof kept);
  for (int o = 0; o < OUTPUTS; o++) {
    double error = -(double)m->target[o];
    for (int k = 0; k < N; k++) error += twin->out[o][k] * twin->r[k];
    memcpy(twin->q, kept, sizeof kept); /* all outputs share it */
    learn(twin->out[o], twin->q, twin->r, error, -1);
  }
}

static nai_network *build_taught(int how)
{
  double tau[N];
  nai_network *net;
  const int64_t first = how == IN_TWO ? FIRST : N;
  const char *units = how == IN_TWO ? "x y" : "x";
  for (int i = 0; i < N; i++) tau[i] = 20 + 5 * i;
  expect_ok(nai_network_create(&net, 10));
  expect_ok(nai_network_add_input(net, "u", INPUTS));
  expect_ok(nai_network_add_population(net, "x", first, NAI_FREE));
  if (how == IN_TWO) expect_ok(nai_network_add_population(net, "y", N - first, NAI_FREE));
  expect_ok(nai_network_add_output(net, "z", OUTPUTS));
  expect_ok(nai_network_set_each(net, "x", "tau", tau, first));
  if (how == IN_TWO) expect_ok(nai_network_set_each(net, "y", "tau", tau + first, N - first));
  expect_ok(nai_network_set(net, units, "initial", 0.2));
  expect_ok(nai_network_set_transfer(net, "x", NAI_TRANSFER_TANH));
  if (how == IN_TWO) expect_ok(nai_network_set_transfer(net, "y", NAI_TRANSFER_LOGISTIC));
  expect_ok(nai_network_connect(net, "u", units));
  expect_ok(nai_network_connect(net, units, units));
  expect_ok(nai_network_connect(net, units, "z"));
  expect_ok(nai_network_set_autapses(net, units, units, how != WITHOUT_AUTAPSES));
  expect_ok(nai_network_build(net, 3));
  return net;
}

START_TEST(full_force_is_its_equations)
{
  static twin twin;
  nai_network *net = build_taught(_i);
  nai_trainer *trainer = trained_by(net, full_force(1, 2));
  nai_agent *agent;
  moment m;
  double worst = 0;
  start_twin(&twin, net, _i);
  ck_assert_int_eq(trainer->plasticity.learner->kept[0].n,
                   2 * N * 16); /* units share one, outputs too */
  expect_ok(nai_agent_create(&agent, trainer));
  for (int64_t t = 1; t <= 60; t++) {
    expect_ok(nai_agent_step(NULL, agent, meet(&m, t)));
    move_twin(&twin, &m, t % 2 == 0);
  }
  for (int i = 0; i < N; i++) {
    for (int k = 0; k < N; k++)
      worst = fmax(worst, fabs(twin.w[i][k] - weight_of(net, "x", "x", i, k, twin.in_two)));
    for (int o = 0; o < OUTPUTS; o++)
      worst = fmax(worst, fabs(twin.out[o][i] - weight_of(net, "x", "z", o, i, twin.in_two)));
    ck_assert(_i || weight_of(net, "x", "x", i, i, 0) == 0);
  }
  ck_assert_msg(worst < 1e-5, "%g", worst);
  nai_agent_destroy(agent);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* --- when it learns --------------------------------------------------------------------------- */

static nai_trainer *either(nai_network *net, int which)
{
  return trained_by(net, which ? full_force(1, 1) : force(1, 1));
}

START_TEST(nothing_is_learnt_without_targets)
{
  nai_network *net = build_open(FULL);
  nai_trainer *trainer = either(net, _i);
  nai_agent *agent;
  moment m;
  expect_ok(nai_agent_create(&agent, trainer));
  uint64_t before = hash_of(net);
  for (int64_t t = 0; t < 20; t++) {
    meet(&m, t);
    m.now.target = t % 2 ? NULL : m.target;
    m.now.weight = t % 2 ? 1 : 0;
    expect_ok(nai_agent_step(NULL, agent, &m.now));
  }
  ck_assert(hash_of(net) == before);
  ck_assert_int_eq(nai_agent_updates(agent), 0);
  live(agent, 20, 21);
  ck_assert(hash_of(net) != before);
  ck_assert_int_eq(nai_agent_updates(agent), 1);
  nai_agent_destroy(agent);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

enum { STEPS = 40, TRIALS = 3 };
static nai_trials *make_trials(const nai_network *net, float mask_of_last)
{
  static float input[STEPS * TRIALS * INPUTS], target[STEPS * TRIALS * OUTPUTS],
      mask[STEPS * TRIALS * OUTPUTS];
  static const int32_t lengths[TRIALS] = {STEPS, 25, 33};
  nai_trials *trials;
  moment m;
  for (int k = 0; k < STEPS * TRIALS; k++) {
    meet(&m, k / TRIALS + 100 * (k % TRIALS));
    memcpy(input + k * INPUTS, m.input, sizeof m.input);
    memcpy(target + k * OUTPUTS, m.target, sizeof m.target);
    for (int o = 0; o < OUTPUTS; o++)
      mask[k * OUTPUTS + o] = k / TRIALS % 5 == 4 ? 0 : o == 2 ? mask_of_last : 0.5f;
  }
  expect_ok(nai_trials_create(&trials, net, STEPS, TRIALS));
  expect_ok(nai_trials_set_inputs(trials, NULL, input, INPUTS));
  expect_ok(nai_trials_set_targets(trials, "z", target, OUTPUTS));
  expect_ok(nai_trials_set_mask(trials, "z", mask, OUTPUTS));
  expect_ok(nai_trials_set_lengths(trials, lengths));
  return trials;
}

/* The trainer's way through a batch is an agent's, step by step, to the bit. */
START_TEST(a_trainer_does_what_an_agent_does)
{
  static const int lengths[TRIALS] = {STEPS, 25, 33};
  uint64_t hash[2], start;
  for (int k = 0; k < 2; k++) {
    nai_network *net = build_open(FULL);
    nai_trainer *trainer = either(net, _i);
    nai_trials *trials = make_trials(net, 1);
    start = hash_of(net);
    if (k == 0) {
      nai_progress now = NAI_PROGRESS_INIT;
      expect_ok(nai_trainer_step(&now, trainer, trials));
      ck_assert(now.cost > 0 && isfinite(now.cost));
    } else {
      nai_agent *agent;
      moment m;
      expect_ok(nai_agent_create(&agent, trainer));
      for (int trial = 0; trial < TRIALS; trial++) {
        if (trial) expect_ok(nai_agent_begin(agent));
        for (int t = 0; t < lengths[trial]; t++) {
          meet(&m, t + 100 * trial);
          if (t % 5 == 4) m.now.target = NULL;
          expect_ok(nai_agent_step(NULL, agent, &m.now));
        }
      }
      nai_agent_destroy(agent);
    }
    hash[k] = hash_of(net);
    nai_trials_destroy(trials);
    nai_trainer_destroy(trainer);
    nai_network_destroy(net);
  }
  ck_assert(hash[0] == hash[1]);
  ck_assert(hash[0] != start);
}
END_TEST

START_TEST(a_masked_channel_learns_nothing)
{
  nai_network *net = build_open(FULL);
  nai_trainer *trainer = trained_by(net, force(1, 1));
  nai_trials *trials = make_trials(net, 0);
  nai_view w = weights_of(net, "x", "z");
  float before = at(&w, 2, 4), other = at(&w, 1, 4);
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  ck_assert(at(&w, 2, 4) == before);
  ck_assert(at(&w, 1, 4) != other);
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

START_TEST(steps_do_not_allocate)
{
  nai_network *net = build_constrained(1);
  nai_trainer *trainer = either(net, _i);
  nai_agent *agent;
  expect_ok(nai_agent_create(&agent, trainer));
  moment m[30];
  for (int64_t t = 0; t < 30; t++) meet(&m[t], t);
  nai_status status = NAI_OK;
  long before = faults_allocations();
  for (int t = 0; t < 30; t++) status |= nai_agent_step(NULL, agent, &m[t].now);
  long after = faults_allocations();
  ck_assert_int_eq(status, NAI_OK);
  ck_assert_int_eq(after, before);
  ck_assert_int_eq(nai_agent_updates(agent), 30);
  nai_agent_destroy(agent);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

START_TEST(a_checkpoint_goes_on)
{
  char path[] = "/tmp/neuroai-force-XXXXXX";
  int file = mkstemp(path);
  ck_assert_int_ge(file, 0);
  close(file);
  uint64_t hash[2];
  for (int k = 0; k < 2; k++) {
    nai_network *net = build_constrained(1);
    nai_trainer *trainer = either(net, _i);
    nai_trials *trials = make_trials(net, 1);
    if (k) expect_ok(nai_trainer_restore(trainer, path));
    for (int step = k ? 2 : 0; step < 4; step++) {
      expect_ok(nai_trainer_step(NULL, trainer, trials));
      if (step == 1) expect_ok(nai_trainer_save(trainer, path));
    }
    hash[k] = hash_of(net);
    nai_trials_destroy(trials);
    nai_trainer_destroy(trainer);
    nai_network_destroy(net);
  }
  remove(path);
  ck_assert(hash[0] == hash[1]);
}
END_TEST

/* A trainer of a network that was pruned meanwhile, and one that is made of it afterwards. */
START_TEST(a_checkpoint_of_a_pruned_network_goes_on)
{
  uint64_t hash[2];
  int64_t size;
  nai_network *net = build_constrained(1);
  nai_trainer *trainer = either(net, _i);
  nai_trials *trials = make_trials(net, 1);
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  expect_ok(nai_network_prune(net, "*", "z", 0.3, 5));
  if (_i) expect_ok(nai_network_prune(net, "E", "I", 0.3, 5));
  expect_ok(nai_trainer_save_memory(NULL, 0, &size, trainer));
  void *buffer = malloc((size_t)size);
  expect_ok(nai_trainer_save_memory(buffer, size, &size, trainer));
  nai_network *copy;
  expect_ok(nai_network_copy(&copy, net));
  nai_trainer *later = either(copy, _i);
  expect_ok(nai_trainer_restore_memory(later, buffer, size));
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  expect_ok(nai_trainer_step(NULL, later, trials));
  hash[0] = hash_of(net);
  hash[1] = hash_of(copy);
  ck_assert(hash[0] == hash[1]);
  free(buffer);
  nai_trials_destroy(trials);
  nai_trainer_destroy(later);
  nai_trainer_destroy(trainer);
  nai_network_destroy(copy);
  nai_network_destroy(net);
}
END_TEST

/* --- errors ----------------------------------------------------------------------------------- */

START_TEST(bad_arguments)
{
  nai_rule *rule;
  expect_fails(nai_rule_create_force(NULL), NAI_ERR_INVALID, "out");
  expect_fails(nai_rule_create_full_force(NULL, 0), NAI_ERR_INVALID, "out");
  expect_ok(nai_rule_create_force(&rule));
  ck_assert_str_eq(nai_rule_name(rule), "force");
  expect_fails(nai_rule_set(rule, "lambda", 0), NAI_ERR_INVALID, "lambda is 0, must be 1e-09");
  expect_fails(nai_rule_set(rule, "update_every", 0), NAI_ERR_INVALID, "update_every is 0");
  expect_fails(nai_rule_set(rule, "update_every", 1.5), NAI_ERR_INVALID, "whole number");
  expect_fails(nai_rule_set(rule, "gain", 1), NAI_ERR_NAME, "force has no parameter 'gain'");
  nai_rule_destroy(rule);
  expect_ok(nai_rule_create_full_force(&rule, 1));
  ck_assert_str_eq(nai_rule_name(rule), "full-force");
  expect_fails(nai_rule_set(rule, "gain", -1), NAI_ERR_INVALID, "gain is -1");
  expect_fails(nai_rule_set(rule, "target_gain", NAN), NAI_ERR_INVALID, "target_gain is nan");
  expect_fails(nai_rule_set(rule, "lambda", 1e10), NAI_ERR_INVALID, "lambda is 1e+10");
  double every, gain;
  expect_ok(nai_rule_get(&every, rule, "update_every"));
  expect_ok(nai_rule_get(&gain, rule, "gain"));
  ck_assert(every == 2 && gain == 1.5);
  nai_rule_destroy(rule);
}
END_TEST

static void expect_refused(nai_network *net, nai_rule *rule, const char *words)
{
  nai_trainer *trainer = (nai_trainer *)1;
  nai_optimizer *sgd = plain_descent(1);
  expect_fails(nai_trainer_create(&trainer, net, rule, sgd, NULL), NAI_ERR_UNSUPPORTED, words);
  ck_assert_ptr_null(trainer);
  nai_rule_destroy(rule);
  nai_optimizer_destroy(sgd);
  nai_network_destroy(net);
}

START_TEST(networks_without_anything_to_learn)
{
  nai_network *net = build_open(FULL);
  expect_ok(nai_network_set_plastic(net, "x", "z", 0));
  expect_refused(net, force(1, 1), "rule 'force' has nothing to learn");
  net = build_open(FULL);
  expect_ok(nai_network_set_plastic(net, "x", "z", 0));
  expect_refused(net, full_force(1, 1), "no plastic synapse onto an output");
  net = build_open(FULL);
  expect_ok(nai_network_set_plastic(net, "x", "x", 0));
  expect_refused(net, full_force(1, 1), "no plastic synapse between units");
  net = compose_one("x", 4, NAI_FREE);
  expect_ok(nai_network_build(net, 1));
  expect_refused(net, force(1, 1), "nothing to learn");
  net = compose_one("x", 4, NAI_FREE);
  expect_ok(nai_network_build(net, 1));
  expect_refused(net, full_force(1, 1), "onto an output");
}
END_TEST

/* A population is the output only if it is just that. */
START_TEST(populations_that_are_no_output)
{
  static const char *const numbers[][2] = {{"loop", "tau"}, {"loop", "gain"}};
  for (int k = 0; k < 4; k++) {
    nai_network *net;
    static const float twice[4] = {2, 0, 0, 2}, once[4] = {1, 0, 0, 1}, full[4] = {1, 0.1f, 0, 1};
    expect_ok(nai_network_create(&net, 10));
    expect_ok(nai_network_add_population(net, "x", 4, NAI_FREE));
    expect_ok(nai_network_add_population(net, "loop", 2, NAI_FREE));
    expect_ok(nai_network_add_output(net, "z", 2));
    expect_ok(nai_network_set(net, "loop", "tau", 10));
    if (k < 2) expect_ok(nai_network_set(net, numbers[k][0], numbers[k][1], 20));
    expect_ok(nai_network_set_transfer(net, "loop", NAI_TRANSFER_LINEAR));
    expect_ok(nai_network_connect(net, "x", "x loop"));
    expect_ok(nai_network_connect(net, "loop", "z"));
    expect_ok(nai_network_set_delay(net, "x", "loop", 0));
    expect_ok(nai_network_set_plastic(net, "loop", "z", 0));
    expect_ok(nai_network_build(net, 3));
    expect_ok(nai_network_set_weights(net, "loop", "z",
                                      k == 2   ? twice
                                      : k == 3 ? full
                                               : once,
                                      2, 2));
    expect_refused(net, force(1, 1), "nothing to learn");
  }
}
END_TEST

START_TEST(networks_that_no_teacher_fits)
{
  nai_network *net = compose_open(FULL);
  expect_ok(nai_network_set_leak(net, "x", NAI_LEAK_RATE));
  expect_ok(nai_network_build(net, 1));
  expect_refused(net, full_force(1, 1), "the leak is not on the current in 'x'");
  net = compose_open(FULL);
  expect_ok(nai_network_set_delay(net, "x", "x", 20));
  expect_ok(nai_network_build(net, 1));
  expect_refused(net, full_force(1, 1), "other than one step from 'x' to 'x'");
  expect_refused(build_loop(0), full_force(1, 1), "other than one step from 'x' to 'loop'");
  expect_refused(build_open(DELAYED), full_force(1, 1), "there is a delay from 'x' to 'z'");
}
END_TEST

START_TEST(costs_and_calls_that_are_refused)
{
  nai_network *net = build_open(FULL);
  nai_trainer *trainer = either(net, _i);
  nai_trials *trials = make_trials(net, 1);
  nai_cost *cost;
  const char *name = _i ? "rule 'full-force'" : "rule 'force'";
  expect_ok(nai_cost_create_l2_rates(&cost, "x"));
  expect_fails(nai_trainer_add_cost(trainer, cost, 1), NAI_ERR_UNSUPPORTED, "other cost on rates");
  ck_assert_ptr_nonnull(strstr(nai_last_error(), name));
  nai_cost_destroy(cost);
  expect_ok(nai_cost_create_l1_weights(&cost, "x", "x"));
  expect_fails(nai_trainer_add_cost(trainer, cost, 1), NAI_ERR_UNSUPPORTED,
               "other cost on weights");
  nai_cost_destroy(cost);
  expect_fails(nai_trainer_estimate_gradient(NULL, trainer, trials), NAI_ERR_UNSUPPORTED,
               "estimates no gradient: it changes the weights directly");
  nai_agent *agent;
  nai_view view = NAI_VIEW_INIT;
  expect_ok(nai_agent_create(&agent, trainer));
  expect_fails(nai_agent_gradient(&view, agent, "x", "z"), NAI_ERR_UNSUPPORTED, "gradient");
  nai_agent_destroy(agent);
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

START_TEST(classes_are_refused)
{
  nai_network *net = build_open(FULL);
  nai_optimizer *sgd = plain_descent(1);
  nai_rule *rule = _i ? full_force(1, 1) : force(1, 1);
  nai_cost *cost;
  nai_trainer *trainer;
  expect_ok(nai_trainer_create(&trainer, net, rule, sgd, NULL));
  expect_ok(nai_cost_create_cross_entropy(&cost, "z"));
  expect_ok(nai_trainer_add_cost(trainer, cost, 1));
  nai_cost_destroy(cost);
  nai_rule_destroy(rule);
  nai_optimizer_destroy(sgd);
  int32_t classes[4] = {0, 1, 2, 1};
  float input[4 * INPUTS] = {0};
  nai_trials *trials;
  expect_ok(nai_trials_create(&trials, net, 4, 1));
  expect_ok(nai_trials_set_inputs(trials, NULL, input, INPUTS));
  expect_ok(nai_trials_set_classes(trials, "z", classes));
  uint64_t before = hash_of(net);
  expect_fails(nai_trainer_step(NULL, trainer, trials), NAI_ERR_UNSUPPORTED,
               "learns targets that are numbers, output 'z' has classes");
  nai_agent *agent;
  expect_ok(nai_agent_create(&agent, trainer));
  nai_experience now = NAI_EXPERIENCE_INIT;
  now.target_class = 1;
  expect_fails(nai_agent_step(NULL, agent, &now), NAI_ERR_UNSUPPORTED, "output 'z' has classes");
  ck_assert(hash_of(net) == before);
  const float target[OUTPUTS] = {1, -1, 2}; /* with numbers too, these are what it learns */
  now.target = target;
  expect_ok(nai_agent_step(NULL, agent, &now));
  ck_assert(hash_of(net) != before);
  nai_agent_destroy(agent);
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* A weight that no float can hold: the step fails and the weights stay. */
START_TEST(weights_that_overflow)
{
  nai_network *net = compose_one("x", 4, NAI_FREE);
  expect_ok(nai_network_add_output(net, "z", 1));
  expect_ok(nai_network_set(net, "x", "initial", 0.01));
  expect_ok(nai_network_set(net, "x", "tau", 1e6));
  expect_ok(nai_network_connect(net, "x", "z"));
  expect_ok(nai_network_build(net, 1));
  nai_trainer *trainer = trained_by(net, force(1e-9, 1));
  nai_agent *agent;
  expect_ok(nai_agent_create(&agent, trainer));
  nai_experience now = NAI_EXPERIENCE_INIT;
  float target = 1e38f;
  now.target = &target;
  now.weight = 1e-30;
  uint64_t before = hash_of(net);
  expect_fails(nai_agent_step(NULL, agent, &now), NAI_ERR_NONFINITE,
               "would make a weight NaN or infinite");
  ck_assert(hash_of(net) == before);
  ck_assert_int_eq(nai_agent_updates(agent), 0);
  nai_agent_destroy(agent);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

START_TEST(failing_allocations)
{
  nai_network *net = build_constrained(1);
  nai_rule *rule = _i ? full_force(1, 1) : force(1, 1);
  nai_optimizer *sgd = plain_descent(1);
  nai_trainer *trainer = NULL;
  nai_agent *agent = NULL;
  for (long n = 0;; n++) {
    faults_fail_allocation(n);
    nai_status status = nai_trainer_create(&trainer, net, rule, sgd, NULL);
    if (status == NAI_OK) status = nai_agent_create(&agent, trainer);
    faults_fail_allocation(-1);
    if (status == NAI_OK) break;
    nai_trainer_destroy(trainer);
    ck_assert_int_eq(status, NAI_ERR_MEMORY);
    ck_assert_int_lt(n, 200);
  }
  nai_agent_destroy(agent);
  nai_trainer_destroy(trainer);
  nai_rule_destroy(rule);
  nai_optimizer_destroy(sgd);
  nai_network_destroy(net);
}
END_TEST

Suite *force_suite(void);

Suite *force_suite(void)
{
  Suite *suite = suite_create("force");
  TCase *squares = tcase_create("squares");
  tcase_set_timeout(squares, 60);
  tcase_add_loop_test(squares, p_is_the_inverse, 0, 3);
  tcase_add_test(squares, an_update_shrinks_its_error);
  tcase_add_loop_test(squares, weights_are_those_of_ridge_regression, 0, 2 * READOUTS);
  tcase_add_loop_test(squares, p_is_shared, 0, READOUTS);
  tcase_add_loop_test(squares, weights_go_on_without_synapses_that_are_gone, 0, 2 * TURNS);
  tcase_add_loop_test(squares, a_population_learns_as_the_output, 0, 2);
  tcase_add_loop_test(squares, full_force_is_its_equations, 0, TAUGHT);
  suite_add_tcase(suite, squares);
  TCase *both = tcase_create("both");
  tcase_add_loop_test(both, constraints_hold_at_each_step, 0, 2);
  tcase_add_loop_test(both, nothing_is_learnt_without_targets, 0, 2);
  tcase_add_loop_test(both, a_trainer_does_what_an_agent_does, 0, 2);
  tcase_add_test(both, a_masked_channel_learns_nothing);
  tcase_add_loop_test(both, steps_do_not_allocate, 0, 2);
  tcase_add_loop_test(both, a_checkpoint_goes_on, 0, 2);
  tcase_add_loop_test(both, a_checkpoint_of_a_pruned_network_goes_on, 0, 2);
  tcase_add_loop_test(both, costs_and_calls_that_are_refused, 0, 2);
  tcase_add_loop_test(both, classes_are_refused, 0, 2);
  tcase_add_loop_test(both, failing_allocations, 0, 2);
  suite_add_tcase(suite, both);
  ADD_CASE(suite, "errors", bad_arguments, networks_without_anything_to_learn,
           populations_that_are_no_output, networks_that_no_teacher_fits, weights_that_overflow);
  return suite;
}
