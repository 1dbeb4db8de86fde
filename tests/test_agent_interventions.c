/*
 * Interventions on agents: what is learnt meanwhile, against central differences where the rule is exact (no
 * recurrence), and in one pass as in several.
 */
#include <check.h>
#include <math.h>
#include <neuroai/neuroai.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/train/agent.h"
#include "faults.h"
#include "listed.h"
#include "networks.h"
#include "rules.h"
#include "states.h"

enum { STEPS = 12, A = 5 };

static nai_rule *eprop(int64_t every)
{
  nai_rule *rule;
  expect_ok(nai_rule_create_eprop(&rule, NAI_FEEDBACK_SYMMETRIC, 3));
  expect_ok(nai_rule_set(rule, "update_every", (double)every));
  return rule;
}

static nai_intervention scale(const char *from, const char *to, double factor)
{
  nai_intervention i = plan(NAI_SCALE_SYNAPSES, from, factor);
  i.to = to;
  return i;
}

static float input[STEPS * 2], target[STEPS * 2];

static void step(nai_agent *agent, int t)
{
  nai_experience now = NAI_EXPERIENCE_INIT;
  now.input = input + 2 * t;
  now.target = target + 2 * t;
  expect_ok(nai_agent_step(NULL, agent, &now));
}

/* --- against central differences -------------------------------------------------------------- */

enum { CURRENT, RATE, WHOLE, CELLS, MEMORY, KINDS };

/* u -> a -> z: what a unit sends has its own weights as the only way to them. */
static nai_network *build_chain(int kind)
{
  static const int32_t leaks[] = {NAI_LEAK_CURRENT, NAI_LEAK_RATE, NAI_LEAK_WHOLE};
  nai_network *net = COMPOSE(.dt = 10, .inputs = {{"u", 2}}, .populations = {{"a", A, NAI_FREE}},
                             .outputs = {{"z", 2}});
  if (kind < CELLS) expect_ok(nai_network_set_leak(net, "a", leaks[kind]));
  if (kind == CELLS) {
    expect_ok(nai_network_set_model(net, "a", "adaptive_rate"));
    expect_ok(nai_network_set(net, "a", "adaptation", 0.7));
  }
  if (kind == MEMORY) expect_ok(nai_network_set(net, "z", "tau", 40));
  expect_ok(nai_network_connect(net, "u", "a"));
  expect_ok(nai_network_connect(net, "a", "z"));
  expect_ok(nai_network_set(net, "a", "tau", 40));
  expect_ok(nai_network_set(net, "a", "initial", 0.2));
  expect_ok(nai_network_set_transfer(net, "a", NAI_TRANSFER_SOFTPLUS));
  expect_ok(nai_network_build(net, 5));
  return net;
}

/* An agent that never updates has made its trial: J of all steps. */
static nai_agent *run_agent(double *value, nai_trainer *trainer, const nai_intervention *i)
{
  nai_agent *agent;
  expect_ok(nai_agent_create(&agent, trainer));
  if (i) expect_ok(nai_agent_intervene(agent, i, 1));
  for (int t = 0; t < STEPS; t++) step(agent, t);
  *value = agent->value[0] + agent->value[1];
  return agent;
}

static double value_at(nai_trainer *trainer, const nai_intervention *i, int64_t place, float w)
{
  float *theta = trainer->plasticity.net->theta, before = theta[place];
  double value;
  theta[place] = w;
  nai__pack(trainer->plasticity.net);
  nai_agent_destroy(run_agent(&value, trainer, i));
  theta[place] = before;
  nai__pack(trainer->plasticity.net);
  return value;
}

/* Sums in single precision, of numbers near 1; by steps of 0.01 a slope is known to some 1e-4. */
static void expect_slopes(int kind, const nai_intervention *i)
{
  nai_network *net = build_chain(kind);
  nai_trainer *trainer = trainer_of(net, eprop(2 * STEPS), plain_descent(0));
  nai_cost *c;
  double value, largest = 0, most = 0;
  attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 1);
  attach_cost(trainer, nai_cost_create_l2_rates(&c, "a"), &c, 0.2);
  nai_agent *agent = run_agent(&value, trainer, i);
  float *gradient = malloc((size_t)net->n_theta * sizeof *gradient);
  memcpy(gradient, agent->online.gradient, (size_t)net->n_theta * sizeof *gradient);
  nai_agent_destroy(agent);
  for (int64_t k = 0; k < net->n_theta; k++) {
    const double h = 0.01, w = (double)net->theta[k];
    if (net->plastic[k] == 0) continue;
    const double slope =
        (value_at(trainer, i, k, (float)(w + h)) - value_at(trainer, i, k, (float)(w - h))) /
        (2 * h);
    largest = fmax(largest, fabs(slope));
    most = fmax(most, fabs(slope - (double)gradient[k]));
  }
  ck_assert_double_gt(largest, 0.05);
  ck_assert_double_lt(most / largest, 1e-4);
  free(gradient);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}

START_TEST(gradients_are_those_of_what_is_done)
{
  static const int64_t some[] = {1, 3};
  static const float factors[] = {0.5f, 2};
  nai_intervention acts[] = {plan(NAI_SILENCE, "a", 0), plan(NAI_CLAMP, "a", 0.4),
                             plan(NAI_SCALE, "a", 0), plan(NAI_INJECT, "a", 0.3)};
  for (int k = 0; k < 4; k++) {
    acts[k].units = some;
    acts[k].n_units = 2;
    acts[k].start = 30;
    acts[k].end = 90;
  }
  acts[1].rise = 40;
  acts[2].value = 0;
  acts[2].values = factors;
  acts[2].n_values = 2;
  acts[2].fall = 20;
  expect_slopes(_i, NULL);
  for (int k = 0; k < 4; k++) expect_slopes(_i, &acts[k]);
}
END_TEST

/* Some of the synapses, and factors of their own of each sender; onto an output, errors come back by them. */
START_TEST(gradients_are_those_of_what_is_scaled)
{
  static const float factors[A] = {0.5f, 2, 0, 1, 3};
  nai_intervention some = scale("u", "a", 0), each = scale("a", "z", 0);
  some.start = 30;
  some.end = 90;
  some.rise = 40;
  some.fraction = 0.5;
  each.values = factors;
  each.n_values = A;
  each.start = 20;
  each.end = 100;
  each.fall = 30;
  expect_slopes(_i, &some);
  if (_i != MEMORY) expect_slopes(_i, &each);
  some.fraction = 1;
  some.value = 1.5;
  expect_slopes(_i, &some);
}
END_TEST

/* --- however they are stored ------------------------------------------------------------------ */

/* Recurrent, with every synapse at 0.4: rate units, and others of a model. */
static nai_network *build_stored(int32_t storage, const char *model)
{
  nai_network *net =
      COMPOSE(.dt = 1, .inputs = {{"u", 2}},
              .populations = {{"a", 9, NAI_FREE}, {"b", 7, NAI_EXCITATORY}}, .outputs = {{"z", 2}});
  static const char *const ends[][2] = {{"u", "a"}, {"u", "b"}, {"a", "a"}, {"a", "b"},
                                        {"b", "a"}, {"b", "b"}, {"a", "z"}, {"b", "z"}};
  nai_constraint *sparse;
  expect_ok(nai_network_set(net, "a", "initial", 0.2));
  expect_ok(nai_network_set_model(net, "b", model));
  for (size_t k = 0; k < sizeof ends / sizeof *ends; k++) {
    expect_ok(nai_network_connect(net, ends[k][0], ends[k][1]));
    constrain_by(net, ends[k][0], ends[k][1], nai_constraint_create_sparse(&sparse, 0.6), &sparse);
    expect_ok(nai_network_set_storage(net, ends[k][0], ends[k][1], storage));
  }
  if (strcmp(model, "lif") == 0) {
    expect_ok(nai_network_set(net, "b", "drive", 60)); /* they fire from the eighth step on */
    expect_ok(nai_network_set_initial_weights(net, "u a b", "b", NAI_WEIGHTS_UNIFORM, 0, 3));
  }
  expect_ok(nai_network_build(net, 5));
  return net;
}

static void learn_stored(nai_network *net, int scaled)
{
  nai_trainer *trainer = trainer_of(net, eprop(1), plain_descent(0.05));
  nai_cost *c;
  nai_agent *agent;
  attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 1);
  expect_ok(nai_agent_create(&agent, trainer));
  nai_intervention i[] = {scale("*", "*", 0.25), scale("b", "a z", 0)};
  i[0].fraction = 0.5;
  i[0].rise = 4;
  i[1].start = 5;
  if (scaled) expect_ok(nai_agent_intervene(agent, i, 2));
  for (int t = 0; t < STEPS; t++) step(agent, t);
  expect_ok(nai_agent_rest(agent));
  nai_agent_destroy(agent);
  nai_trainer_destroy(trainer);
}

START_TEST(lists_learn_as_matrices_do)
{
  static const char *const models[] = {"rate", "adaptive_rate", "lif"};
  nai_network *net[3];
  for (int k = 0; k < 3; k++) {
    net[k] = build_stored(k ? NAI_STORAGE_DENSE : NAI_STORAGE_LISTED, models[_i]);
    learn_stored(net[k], k < 2);
  }
  ck_assert_int_gt(listed_in(net[0]), 0);
  ck_assert_int_eq(listed_in(net[1]), 0);
  expect_same_synapses(net[0], net[1], 1e-5);
  ck_assert(hash_of(net[1]) != hash_of(net[2]));
  for (int k = 0; k < 3; k++) nai_network_destroy(net[k]);
}
END_TEST

/* --- as a state ------------------------------------------------------------------------------- */

/* An agent that learns nothing does what a state does with the same plan; in one pass sums are in another order. */
START_TEST(an_agent_plays_as_a_state)
{
  nai_network *net = build_stored(_i ? NAI_STORAGE_LISTED : NAI_STORAGE_DENSE, "rate");
  nai_rule *rule;
  expect_ok(nai_rule_create_rflo(&rule, 3));
  nai_trainer *trainer = trainer_of(net, rule, plain_descent(0));
  nai_cost *c;
  nai_agent *agent;
  attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 1);
  expect_ok(nai_network_set(net, "a b", "noise", 0.1));
  expect_ok(nai_agent_create(&agent, trainer));
  nai_state *state = make_state(net, 1, 0), *free_one = make_state(net, 1, 0);
  ck_assert_int_eq(agent->fused, 1);
  nai_intervention i[] = {scale("a", "*", 0.5), scale("u", "b", 3)};
  i[0].fraction = 0.7;
  i[0].end = 9;
  i[0].fall = 3;
  int differ = 0;
  for (int t = 0; t < STEPS; t++) {
    float z[3][2];
    nai_experience now = NAI_EXPERIENCE_INIT;
    now.input = input + 2 * t;
    now.target = target + 2 * t;
    if (t == 3) expect_ok(nai_agent_intervene(agent, i, 2));
    if (t == 3) expect_ok(nai_state_intervene(state, i, 2));
    if (t == 7) expect_ok(nai_agent_release_synapses(agent, "u", "*"));
    if (t == 7) expect_ok(nai_state_release_synapses(state, "u", "*"));
    expect_ok(nai_agent_step(z[0], agent, &now));
    expect_ok(nai_state_step(z[1], state, now.input));
    expect_ok(nai_state_step(z[2], free_one, now.input));
    for (int o = 0; o < 2; o++) ck_assert_float_eq_tol(z[0][o], z[1][o], 1e-5f);
    differ += fabsf(z[0][0] - z[2][0]) > 1e-3f;
    EXPECT((agent->online.factor != NULL) == (t >= 3 && t < 12));
  }
  ck_assert_int_gt(differ, 5);
  expect_ok(nai_agent_begin(agent));
  EXPECT(!agent->online.factor && agent->fused && agent->schedule.n == 0);
  nai_state_destroy(free_one);
  nai_state_destroy(state);
  nai_agent_destroy(agent);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* By hand: what is cut stays, by whichever rule, and so does what only cut synapses tell of errors. */
START_TEST(what_is_cut_learns_nothing)
{
  nai_network *net = build_chain(CURRENT);
  nai_rule *rule;
  if (_i == 0)
    rule = eprop(1);
  else if (_i == 1)
    expect_ok(nai_rule_create_node_perturbation(&rule, 0.3, 4));
  else
    expect_ok(nai_rule_create_force(&rule));
  nai_trainer *trainer = trainer_of(net, rule, plain_descent(0.1));
  nai_cost *c;
  nai_agent *agent;
  attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 1);
  expect_ok(nai_agent_create(&agent, trainer));
  nai_intervention i[] = {scale("u", "a", 0), scale("a", "z", 0)};
  for (int k = 0; k < 2; k++) {
    static const int64_t one[] = {1};
    i[k].units = one;
    i[k].n_units = 1;
  }
  expect_ok(nai_agent_intervene(agent, i, _i == 2 ? 1 : 2));
  float *before = malloc((size_t)net->n_theta * sizeof *before);
  memcpy(before, net->theta, (size_t)net->n_theta * sizeof *before);
  for (int t = 0; t < STEPS; t++) {
    nai_experience now = NAI_EXPERIENCE_INIT;
    now.input = input + 2 * t;
    now.target = target + 2 * t;
    now.reward = target[2 * t];
    now.has_reward = _i == 1;
    expect_ok(nai_agent_step(NULL, agent, &now));
  }
  expect_ok(nai_agent_rest(agent));
  nai_view onto = weights_of(net, "u", "a"), from = weights_of(net, "a", "z");
  for (int k = 0; k < A; k++)
    for (int o = 0; o < 2; o++) {
      const float *w = (const float *)onto.data + k * onto.stride[0] / (int64_t)sizeof *w + o,
                  *out = (const float *)from.data + o * from.stride[0] / (int64_t)sizeof *w + k;
      const int still = _i == 2 || o == 1 || (_i == 0 && k == 1);
      EXPECT((*w == before[w - net->theta]) == still);
      EXPECT((*out == before[out - net->theta]) == (_i < 2 && k == 1));
    }
  free(before);
  nai_agent_destroy(agent);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* By hand: the weights onto a silenced or frozen unit, and those from a silenced one, stay. */
START_TEST(a_unit_that_is_held_learns_nothing)
{
  for (int frozen = 0; frozen < 2; frozen++) {
    nai_network *net = build_chain(CURRENT);
    nai_trainer *trainer = trainer_of(net, eprop(1), plain_descent(0.1));
    nai_cost *c;
    nai_agent *agent;
    attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 1);
    expect_ok(nai_agent_create(&agent, trainer));
    nai_intervention i = plan(frozen ? NAI_FREEZE : NAI_SILENCE, "a", 0);
    i.units = (const int64_t[]){2};
    i.n_units = 1;
    if (frozen) i.start = -1;
    expect_ok(nai_agent_intervene(agent, &i, 1));
    float *before = malloc((size_t)net->n_theta * sizeof *before);
    memcpy(before, net->theta, (size_t)net->n_theta * sizeof *before);
    for (int t = 0; t < STEPS; t++) step(agent, t);
    expect_ok(nai_agent_rest(agent));
    nai_view rate = NAI_VIEW_INIT, onto = weights_of(net, "u", "a"),
             from = weights_of(net, "a", "z");
    expect_ok(nai_agent_activity(&rate, agent, "a"));
    const double initial = log1p(exp(0.2));
    ck_assert_float_eq_tol(at(&rate, 0, 2), frozen ? (float)initial : 0, 1e-6f);
    for (int k = 0; k < A; k++) {
      const float *w = (const float *)onto.data + k * onto.stride[0] / (int64_t)sizeof *w;
      EXPECT((w[0] == before[w - net->theta]) == (k == 2));
      const float *out = (const float *)from.data + k;
      EXPECT((*out == before[out - net->theta]) == (k == 2 && !frozen));
    }
    free(before);
    nai_agent_destroy(agent);
    nai_trainer_destroy(trainer);
    nai_network_destroy(net);
  }
}
END_TEST

/* --- in one pass ------------------------------------------------------------------------------ */

/*
 * Recurrence, a delay, noise: every weight after a trial of plain descent; clipped far off: in several passes.
 * apart: units have time constants of their own, so no trace is that of all rows; 2: in three steps alone.
 */
static float *learn(int32_t leak, int apart, double clip, int64_t *n)
{
  const double tau[] = {40, 100, 60, 100};
  nai_network *net =
      COMPOSE(.dt = 10, .inputs = {{"u", 2}},
              .populations = {{"a", 9, NAI_FREE}, {"b", 4, NAI_EXCITATORY}}, .outputs = {{"z", 2}},
              .projections = {{"u", "a b"}, {"a b", "a b"}, {"a b", "z"}});
  expect_ok(nai_network_set_leak(net, "a", leak));
  expect_ok(nai_network_set(net, "a b", "noise", 0.1));
  expect_ok(nai_network_set(net, "a b", "initial", 0.2));
  expect_ok(nai_network_set_delay(net, "a", "b", 20));
  if (apart == 1) expect_ok(nai_network_set_each(net, "b", "tau", tau, 4));
  expect_ok(nai_network_build(net, 5));
  nai_rule *rule;
  expect_ok(nai_rule_create_rflo(&rule, 3));
  nai_trainer *trainer = trainer_of(net, rule, plain_descent(0.05));
  nai_cost *c;
  nai_agent *agent;
  attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 1);
  expect_ok(nai_trainer_set(trainer, "clip", clip));
  expect_ok(nai_agent_create(&agent, trainer));
  ck_assert_int_eq(agent->fused, clip == 0);
  nai_intervention both[] = {plan(NAI_CLAMP, "a", 0.5), plan(NAI_SCALE, "b", 0.5)},
                   half = scale("a", "b z", 0.5);
  both[0].start = -1;
  both[0].end = 40;
  both[0].fraction = 0.5;
  both[1].start = 30;
  expect_ok(nai_agent_intervene(agent, both, 2));
  for (int t = 0; t < STEPS; t++) {
    if (t == 3 && apart == 2) expect_ok(nai_network_set_each(net, "b", "tau", tau, 4));
    if (t == 6 && apart == 2) expect_ok(nai_network_set(net, "b", "tau", 50));
    if (t == 8) expect_ok(nai_agent_release(agent, "b"));
    if (t == 9) expect_ok(nai_agent_intervene(agent, &half, 1)); /* in several from here on */
    ck_assert_int_eq(agent->fused, clip == 0 && t < 9);
    step(agent, t);
  }
  expect_ok(nai_agent_rest(agent));
  *n = net->n_theta;
  float *theta = malloc((size_t)*n * sizeof *theta);
  memcpy(theta, net->theta, (size_t)*n * sizeof *theta);
  nai_agent_destroy(agent);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
  return theta;
}

START_TEST(in_one_pass_as_in_several)
{
  int64_t n;
  const int leak = _i % (NAI_LEAK_WHOLE + 1), apart = _i / (NAI_LEAK_WHOLE + 1);
  float *one = learn(leak, apart, 0, &n), *several = learn(leak, apart, 1e6, &n);
  for (int64_t k = 0; k < n; k++) ck_assert_float_eq_tol(one[k], several[k], 1e-5f);
  free(one);
  free(several);
}
END_TEST

/* --- life ------------------------------------------------------------------------------------- */

/* A trial that begins is free; one that is released goes on from its own rates. */
START_TEST(they_end_with_the_trial)
{
  nai_network *net = build_chain(RATE);
  nai_trainer *trainer = trainer_of(net, eprop(1), plain_descent(0));
  nai_agent *agent, *whole;
  nai_view rate = NAI_VIEW_INIT, own = NAI_VIEW_INIT;
  expect_ok(nai_agent_create(&agent, trainer));
  expect_ok(nai_agent_create(&whole, trainer));
  nai_intervention i = plan(NAI_SILENCE, "a", 0);
  for (int trial = 0; trial < 2; trial++) {
    if (trial == 0) expect_ok(nai_agent_intervene(agent, &i, 1));
    for (int t = 0; t < 6; t++) {
      if (t == 3) expect_ok(nai_agent_release_units(agent, "a", (int64_t[]){0, 4}, 2));
      step(agent, t);
      step(whole, t);
      expect_ok(nai_agent_activity(&rate, agent, "a"));
      expect_ok(nai_agent_activity(&own, whole, "a"));
      for (int k = 0; k < A; k++) {
        const int held = trial == 0 && (t < 3 || (k > 0 && k < 4));
        EXPECT(at(&rate, 0, k) == (held ? 0 : at(&own, 0, k)));
      }
    }
    expect_ok(nai_agent_begin(agent));
    expect_ok(nai_agent_begin(whole));
  }
  nai_agent_destroy(agent);
  nai_agent_destroy(whole);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

START_TEST(what_agents_refuse)
{
  static const nai_where where = {"context", 1};
  nai_network *net = build_chain(CURRENT);
  nai_trainer *trainer = trainer_of(net, eprop(1), plain_descent(0));
  nai_agent *agent;
  expect_ok(nai_agent_create(&agent, trainer));
  nai_intervention i = scale("u", "a", 0);
  i.epoch = "delay";
  expect_fails(nai_agent_intervene(agent, &i, 1), NAI_ERR_UNSUPPORTED, "an agent has no epochs");
  i = scale("u", "z", 0);
  expect_fails(nai_agent_intervene(agent, &i, 1), NAI_ERR_NAME, "projection");
  expect_fails(nai_agent_release_synapses(agent, "u", "z"), NAI_ERR_NAME, "projection");
  expect_fails(nai_agent_release_synapses(NULL, "u", "a"), NAI_ERR_INVALID, "agent is NULL");
  EXPECT(!agent->factor);
  i = plan(NAI_SILENCE, "a", 0);
  i.epoch = "delay";
  expect_fails(nai_agent_intervene(agent, &i, 1), NAI_ERR_UNSUPPORTED,
               "epoch is 'delay', but an agent has no epochs");
  i.epoch = NULL;
  i.where = &where;
  i.n_where = 1;
  expect_fails(nai_agent_intervene(agent, &i, 1), NAI_ERR_UNSUPPORTED,
               "an agent has no conditions");
  i = plan(NAI_SILENCE, "b", 0);
  expect_fails(nai_agent_intervene(agent, &i, 1), NAI_ERR_NAME, "nothing is called 'b'");
  expect_fails(nai_agent_intervene(agent, &i, -1), NAI_ERR_INVALID, "n is -1");
  expect_fails(nai_agent_intervene(agent, NULL, 1), NAI_ERR_INVALID, "interventions is NULL");
  expect_fails(nai_agent_intervene(NULL, &i, 1), NAI_ERR_INVALID, "agent is NULL");
  expect_fails(nai_agent_release(agent, "b"), NAI_ERR_NAME, "nothing is called 'b'");
  expect_fails(nai_agent_release_units(agent, "a", NULL, 2), NAI_ERR_INVALID, "units is NULL");
  expect_fails(nai_agent_release(NULL, "a"), NAI_ERR_INVALID, "agent is NULL");
  ck_assert_int_eq(agent->schedule.n, 0);
  nai_agent_destroy(agent);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
  net = build_chain(CELLS);
  expect_ok(nai_network_set(net, "z", "tau", 50));
  trainer = trainer_of(net, eprop(1), plain_descent(0));
  expect_ok(nai_agent_create(&agent, trainer));
  i = plan(NAI_SILENCE, "a", 0);
  expect_fails(nai_agent_intervene(agent, &i, 1), NAI_ERR_UNSUPPORTED,
               "can only be given currents");
  i = plan(NAI_INJECT, "a", 1);
  expect_ok(nai_agent_intervene(agent, &i, 1));
  nai_agent_destroy(agent);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

static void expect_whole(nai_network *net, nai_rule *rule, const char *from, const char *to,
                         const char *why)
{
  nai_trainer *trainer = trainer_of(net, rule, plain_descent(0));
  nai_agent *agent;
  const nai_intervention i = scale(from, to, 0.5);
  expect_ok(nai_agent_create(&agent, trainer));
  if (why)
    expect_fails(nai_agent_intervene(agent, &i, 1), NAI_ERR_UNSUPPORTED, why);
  else
    expect_ok(nai_agent_intervene(agent, &i, 1));
  ck_assert_int_eq(agent->schedule.n, why ? 0 : 1);
  nai_agent_destroy(agent);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}

START_TEST(projections_that_must_be_whole)
{
  nai_rule *rule;
  expect_ok(nai_rule_create_force(&rule));
  expect_whole(build_chain(CURRENT), rule, "a", "z",
               "interventions[0]: an agent cannot have synapses from 'a' to 'z' scaled: its rule");
  expect_ok(nai_rule_create_force(&rule));
  expect_whole(build_chain(CURRENT), rule, "u", "a", NULL);
  expect_ok(nai_rule_create_full_force(&rule, 1));
  expect_whole(build_stored(NAI_STORAGE_DENSE, "rate"), rule, "u", "a", "by least squares");
  expect_whole(build_chain(MEMORY), eprop(1), "a", "z", "outputs have a memory");
  expect_whole(build_chain(MEMORY), eprop(1), "u", "a", NULL);
  nai_network *net = COMPOSE(.dt = 10, .populations = {{"a", A, NAI_FREE}}, .outputs = {{"z", 2}},
                             .projections = {{"a", "z"}, {"a", "a"}});
  expect_ok(nai_network_set_storage(net, "a", "z", NAI_STORAGE_SHARED));
  expect_ok(nai_network_set_initial_weights(net, "a", "z", NAI_WEIGHTS_CONSTANT, 0.3, 0));
  expect_ok(nai_network_set_plastic(net, "a", "z", 0));
  expect_ok(nai_network_build(net, 1));
  expect_whole(net, eprop(1), "a", "z", "they have one weight");
}
END_TEST

START_TEST(memory_is_taken_when_it_is_planned)
{
  nai_network *net = build_chain(CURRENT);
  nai_trainer *trainer = trainer_of(net, eprop(1), plain_descent(0.1));
  nai_cost *c;
  nai_agent *agent;
  attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 1);
  expect_ok(nai_agent_create(&agent, trainer));
  nai_intervention i[] = {plan(NAI_SILENCE, "a", 0), plan(NAI_FREEZE, "a", 0),
                          scale("u a", "*", 0.5)};
  i[2].fraction = 0.5;
  i[2].rise = 50;
  long good = 0;
  for (int done = 0; !done; good++) {
    faults_fail_allocation(good);
    nai_status status = nai_agent_intervene(agent, i, 3);
    faults_fail_allocation(-1);
    done = status == NAI_OK;
    if (!done) ck_assert_int_eq(status, NAI_ERR_MEMORY);
    if (!done) ck_assert_int_eq(agent->schedule.n, 0);
  }
  ck_assert_int_gt(good, 5);
  long before = faults_allocations();
  for (int t = 0; t < STEPS; t++) step(agent, t);
  ck_assert_int_eq(faults_allocations(), before);
  nai_agent_destroy(agent);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

static void draw_trial(void)
{
  expect_ok(nai_random_normals(input, STEPS * 2, 1, 0));
  expect_ok(nai_random_normals(target, STEPS * 2, 1, 1));
}

Suite *agent_interventions_suite(void);

Suite *agent_interventions_suite(void)
{
  Suite *suite = suite_create("agent_interventions");
  TCase *slopes = tcase_create("slopes"), *pass = tcase_create("one pass");
  tcase_add_checked_fixture(slopes, draw_trial, NULL);
  tcase_add_loop_test(slopes, gradients_are_those_of_what_is_done, 0, KINDS);
  tcase_add_loop_test(slopes, gradients_are_those_of_what_is_scaled, 0, KINDS);
  tcase_add_loop_test(slopes, lists_learn_as_matrices_do, 0, 3);
  tcase_add_loop_test(slopes, an_agent_plays_as_a_state, 0, 2);
  tcase_add_loop_test(slopes, what_is_cut_learns_nothing, 0, 3);
  tcase_add_test(slopes, a_unit_that_is_held_learns_nothing);
  suite_add_tcase(suite, slopes);
  tcase_add_checked_fixture(pass, draw_trial, NULL);
  tcase_add_loop_test(pass, in_one_pass_as_in_several, 0, 3 * (NAI_LEAK_WHOLE + 1));
  suite_add_tcase(suite, pass);
  ADD_CASE(suite, "life", they_end_with_the_trial, what_agents_refuse,
           projections_that_must_be_whole, memory_is_taken_when_it_is_planned);
  return suite;
}
