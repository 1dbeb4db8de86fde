/*
 * Learning within a trial: an agent's steps against the batch form of the same rule, constraints at
 * every step, no allocation, and a trainer whose rule updates within trials.
 */
#include <check.h>
#include <math.h>
#include <neuroai/extend.h>
#include <neuroai/neuroai.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/train/agent.h"
#include "checks.h"
#include "faults.h"
#include "networks.h"
#include "oracle.h"
#include "rules.h"

/* --- what tests share ------------------------------------------------------------------------- */

static nai_rule *rflo(int64_t every)
{
  nai_rule *rule;
  expect_ok(nai_rule_create_rflo(&rule, 3));
  expect_ok(nai_rule_set(rule, "update_every", (double)every));
  return rule;
}

static nai_rule *eprop(int32_t feedback, int64_t every)
{
  nai_rule *rule;
  expect_ok(nai_rule_create_eprop(&rule, feedback, 3));
  expect_ok(nai_rule_set(rule, "update_every", (double)every));
  return rule;
}

/* One population on either leak, or both; a readout without delay; all that e-prop can do. */
static nai_network *build_two(int32_t leak, double delay)
{
  static const double tau[9] = {20, 30, 45, 60, 80, 35, 10, 90, 25};
  nai_network *net =
      COMPOSE(.dt = 10, .inputs = {{"u", 2}},
              .populations = {{"a", 9, NAI_FREE}, {"b", 4, NAI_EXCITATORY}}, .outputs = {{"z", 2}},
              .projections = {{"u", "a b"}, {"a b", "a b"}, {"a b", "z"}});
  expect_ok(nai_network_set_each(net, "a", "tau", tau, 9));
  expect_ok(nai_network_set(net, "b", "tau", 40));
  expect_ok(nai_network_set_leak(net, "a", leak));
  expect_ok(nai_network_set_transfer(net, "a b", NAI_TRANSFER_TANH));
  expect_ok(nai_network_set(net, "a b", "noise", 0.1));
  expect_ok(nai_network_set(net, "a b", "initial", 0.2));
  expect_ok(nai_network_set_delay(net, "a", "b", delay));
  expect_ok(nai_network_set_autapses(net, "a", "a", 1));
  nai_constraint *sparse;
  expect_ok(nai_constraint_create_sparse(&sparse, 0.7));
  expect_ok(nai_network_constrain(net, "a", "a", sparse));
  nai_constraint_destroy(sparse);
  expect_ok(nai_network_build(net, 5));
  return net;
}

enum { STEPS = 13 };
static float the_input[STEPS * 2], the_target[STEPS * 2], the_mask[STEPS];

static nai_trials *one_trial(const nai_network *net)
{
  expect_ok(nai_random_normals(the_input, STEPS * 2, 1, 0));
  expect_ok(nai_random_normals(the_target, STEPS * 2, 1, 1));
  for (int t = 0; t < STEPS; t++) the_mask[t] = (float)(t % 4) / 2;
  nai_trials *trials;
  expect_ok(nai_trials_create(&trials, net, STEPS, 1));
  expect_ok(nai_trials_set_inputs(trials, NULL, the_input, 2));
  expect_ok(nai_trials_set_targets(trials, "z", the_target, 2));
  expect_ok(nai_trials_set_mask(trials, "z", the_mask, 1));
  return trials;
}

static void add_costs(nai_trainer *trainer, const char *units)
{
  nai_cost *c;
  attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 0.7);
  attach_cost(trainer, nai_cost_create_l2_rates(&c, units), &c, 0.01);
  attach_cost(trainer, nai_cost_create_l1_weights(&c, units, units), &c, 0.02);
}

/* Largest difference of two arrays, of the largest of the first. */
static double difference(const float *a, const float *b, int64_t n)
{
  double most = 0, largest = 0;
  for (int64_t i = 0; i < n; i++) {
    most = fmax(most, fabs((double)a[i] - (double)b[i]));
    largest = fmax(largest, fabs((double)a[i]));
  }
  ck_assert(largest > 0);
  return most / largest;
}

/* --- the batch form, step by step ------------------------------------------------------------- */

enum { RFLO, SYMMETRIC, ADAPTIVE, OWN, RULES };
enum { LEAKS = NAI_LEAK_WHOLE + 1 };

/* RFLO as a user writes it: one trace. */
static nai_status own_step(void *user, nai_local_step *s)
{
  (void)user;
  for (int64_t b = 0; b < s->trials; b++)
    for (int64_t i = 0; i < s->n_post; i++) {
      float alpha = s->alpha[i], slope = s->slope[b * s->n_post + i];
      int on_current = s->leak == NAI_LEAK_CURRENT;
      float decay = s->leak == NAI_LEAK_WHOLE ? (1 - alpha) * slope : 1 - alpha;
      for (int64_t j = 0; j < s->n_pre; j++) {
        float *p = s->trace + (b * s->n_post + i) * s->n_pre + j;
        *p = decay * *p + alpha * (on_current ? 1 : slope) * s->pre[b * s->n_pre + j];
        s->change[i * s->stride + j] +=
            s->signal[b * s->n_post + i] * (on_current ? slope : 1) * *p;
      }
    }
  return NAI_OK;
}

static nai_rule *own(int32_t feedback, int64_t every)
{
  nai_rule_ops ops = {.struct_size = sizeof ops,
                      .name = "own",
                      .feedback = feedback,
                      .n_traces = 1,
                      .step = own_step};
  nai_rule *rule;
  expect_ok(nai_rule_create(&rule, &ops, 3, NULL));
  expect_ok(nai_rule_set(rule, "update_every", (double)every));
  return rule;
}

static nai_rule *rule_number(int which, int64_t every)
{
  if (which == OWN) return own(NAI_FEEDBACK_SYMMETRIC, every);
  return which == RFLO
             ? rflo(every)
             : eprop(which == SYMMETRIC ? NAI_FEEDBACK_SYMMETRIC : NAI_FEEDBACK_ADAPTIVE, every);
}

/* With weights that stay, an update at the end of the trial has the gradient of the batch form. */
START_TEST(traces_sum_up_to_the_batch_form)
{
  int which = _i % RULES, leak = _i / RULES % LEAKS;
  nai_network *net = build_two(leak, _i / (LEAKS * RULES) ? 0 : 30);
  nai_trials *trials = one_trial(net);
  nai_trainer *batch = trainer_of(net, rule_number(which, 0), plain_descent(0)),
              *online = trainer_of(net, rule_number(which, 1000), plain_descent(0));
  add_costs(batch, "a b");
  add_costs(online, "a b");
  nai_progress now = NAI_PROGRESS_INIT, live = NAI_PROGRESS_INIT;
  expect_ok(nai_trainer_estimate_gradient(&now, batch, trials));
  expect_ok(nai_trainer_step(&live, online, trials));
  ck_assert(difference(batch->plasticity.gradient, online->plasticity.gradient, net->n_theta) <
            1e-5);
  for (int i = 0; i < now.n_costs; i++)
    ck_assert(fabs(now.costs[i] - live.costs[i]) < 1e-5 * fabs(now.costs[i]));
  /* the activity is that of the batch form, too */
  ck_assert(difference(nai__rate_at(&batch->batch.activity, 1),
                       nai__rate_at(&online->batch.activity, 1), STEPS * net->ld_units) < 1e-6);
  nai_trainer_destroy(batch);
  nai_trainer_destroy(online);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* An update at every step, or every few: with a rate of 0 their gradients add up to the same. */
START_TEST(an_agents_steps_sum_up)
{
  nai_cost *c;
  nai_network *net = build_two(NAI_LEAK_CURRENT, 30);
  nai_trials *trials = one_trial(net);
  nai_trainer *batch = trainer_of(net, rflo(0), plain_descent(0)),
              *online = trainer_of(net, rflo(_i), plain_descent(0));
  add_costs(batch, "a b");
  add_costs(online, "a b");
  expect_ok(nai_trainer_estimate_gradient(NULL, batch, trials));
  nai_agent *agent;
  expect_ok(nai_agent_create(&agent, online));
  float *sum = calloc((size_t)net->n_theta, sizeof *sum);
  double total = 0;
  for (int t = 0; t < STEPS; t++) total += 2 * (double)the_mask[t];
  for (int t = 0; t < STEPS; t++) {
    nai_experience now = NAI_EXPERIENCE_INIT;
    now.input = the_input + 2 * t;
    now.target = the_target + 2 * t;
    now.weight = 2 * (double)the_mask[t] / total; /* a mean over channels, for each step alone */
    int64_t before = nai_agent_updates(agent);
    expect_ok(nai_agent_step(NULL, agent, &now));
    if (t == STEPS - 1) expect_ok(nai_agent_rest(agent));
    if (nai_agent_updates(agent) == before) continue;
    nai_view view = NAI_VIEW_INIT;
    expect_ok(nai_agent_gradient(&view, agent, "a", "b"));
    for (int64_t i = 0; i < net->n_theta; i++) sum[i] += online->plasticity.gradient[i];
  }
  ck_assert_int_eq(nai_agent_updates(agent), (STEPS + _i - 1) / _i);
  /* costs on weights count at each step of an agent, once in a trial of a batch */
  nai_trainer *weights = trainer_of(net, rflo(0), plain_descent(0));
  attach_cost(weights, nai_cost_create_mse(&c, "z"), &c, 0);
  attach_cost(weights, nai_cost_create_l1_weights(&c, "a b", "a b"), &c, 0.02);
  expect_ok(nai_trainer_estimate_gradient(NULL, weights, trials));
  for (int64_t i = 0; i < net->n_theta; i++)
    sum[i] -= (float)(STEPS - 1) * weights->plasticity.gradient[i];
  ck_assert(difference(batch->plasticity.gradient, sum, net->n_theta) < 2e-5);
  free(sum);
  nai_agent_destroy(agent);
  nai_trainer_destroy(weights);
  nai_trainer_destroy(batch);
  nai_trainer_destroy(online);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* --- in one pass ------------------------------------------------------------------------------ */

/* Weights after some trials: in one pass, or with a gradient because something asks to see it. */
static void live(float *theta, nai_network *net, int seen, int trainer_too)
{
  nai_cost *c;
  nai_trials *trials = one_trial(net);
  nai_trainer *trainer = trainer_of(net, rflo(1), plain_descent(0.05));
  attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 0.7);
  attach_cost(trainer, nai_cost_create_l2_rates(&c, "a b"), &c, 0.01);
  if (seen) expect_ok(nai_trainer_set(trainer, "clip", 1e9));
  if (trainer_too) {
    for (int k = 0; k < 4; k++) expect_ok(nai_trainer_step(NULL, trainer, trials));
    ck_assert_int_eq(trainer->agent->fused, !seen);
  } else {
    nai_agent *agent;
    float output[2];
    expect_ok(nai_agent_create(&agent, trainer));
    for (int t = 0; t < 4 * STEPS; t++) {
      nai_experience now = NAI_EXPERIENCE_INIT;
      now.input = the_input + t % STEPS * 2;
      now.target = t % 5 ? the_target + t % STEPS * 2 : NULL;
      expect_ok(nai_agent_step(output, agent, &now));
    }
    ck_assert_int_eq(agent->fused, !seen);
    ck_assert_int_eq(agent->updates, 4 * STEPS);
    expect_ok(nai_agent_rest(agent));
    nai_agent_destroy(agent);
  }
  memcpy(theta, net->theta, (size_t)net->n_theta * sizeof *theta);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
}

START_TEST(one_pass_is_the_same_descent)
{
  const char *kernels;
  for (int k = 0; (kernels = oracle_kernels(k)); k++) {
    nai_network *net[2];
    float *theta[2];
    for (int seen = 0; seen < 2; seen++) {
      net[seen] = build_two(_i % LEAKS, _i % 4 / 2 ? 0 : 20);
      expect_ok(nai_network_set_kernels(net[seen], kernels));
      theta[seen] = malloc((size_t)net[seen]->n_theta * sizeof **theta);
      live(theta[seen], net[seen], seen, _i / 4);
    }
    ck_assert(difference(theta[0], theta[1], net[0]->n_theta) < 1e-5);
    nai_view m = mask_of(net[0], "a", "a"), w = weights_of(net[0], "a", "a"),
             dale = weights_of(net[0], "b", "a");
    for (int64_t i = 0; i < 9; i++)
      for (int64_t j = 0; j < 9; j++) EXPECT(at(&m, i, j) != 0 || at(&w, i, j) == 0);
    for (int64_t i = 0; i < 9; i++)
      for (int64_t j = 0; j < 4; j++) EXPECT(at(&dale, i, j) >= 0);
    for (int s = 0; s < 2; s++) {
      nai_network_destroy(net[s]);
      free(theta[s]);
    }
  }
}
END_TEST

/* --- from a reward alone ---------------------------------------------------------------------- */

enum { ANIMALS = 6000, SHORT = 6 };

static nai_network *build_small(int32_t leak)
{
  nai_network *net = COMPOSE(.dt = 10, .inputs = {{"u", 2}}, .populations = {{"a", 4, NAI_FREE}},
                             .outputs = {{"z", 2}}, .projections = {{"u a", "a"}, {"a", "z"}});
  expect_ok(nai_network_set(net, "a", "tau", 30));
  expect_ok(nai_network_set_leak(net, "a", leak));
  expect_ok(nai_network_set_transfer(net, "a", NAI_TRANSFER_TANH));
  expect_ok(nai_network_set(net, "a", "plastic_initial", 1));
  expect_ok(nai_network_set(net, "a", "initial", 0.3));
  expect_ok(nai_network_build(net, 5));
  return net;
}

/* One trial of an animal that is told minus its cost at the end; returns that cost. */
static double live_and_be_told(nai_agent *agent)
{
  double cost = 0;
  expect_ok(nai_agent_begin(agent));
  for (int t = 0; t < SHORT; t++) {
    nai_experience now = NAI_EXPERIENCE_INIT;
    now.input = the_input + 2 * t;
    expect_ok(nai_agent_step(NULL, agent, &now));
    for (int c = 0; c < 2; c++) {
      double error = (double)agent->activity.output[c] - (double)the_target[2 * t + c];
      cost += error * error / (2 * SHORT);
    }
    if (t < SHORT - 1) continue;
    now.has_reward = 1; /* a step later, from which nothing counts but its own synapses' share */
    now.reward = -cost;
    now.input = NULL;
    expect_ok(nai_agent_step(NULL, agent, &now));
  }
  return cost;
}

/* On average what a reward teaches is the exact gradient: of the steps before it, not of its own. */
START_TEST(a_reward_teaches_the_gradient)
{
  nai_cost *c;
  nai_network *net = build_small(_i ? NAI_LEAK_RATE : NAI_LEAK_CURRENT);
  int64_t n = net->n_theta;
  nai_trials *trials;
  expect_ok(nai_random_normals(the_input, STEPS * 2, 1, 0));
  expect_ok(nai_random_normals(the_target, STEPS * 2, 1, 1));
  expect_ok(nai_trials_create(&trials, net, SHORT, 1));
  expect_ok(nai_trials_set_inputs(trials, NULL, the_input, 2));
  expect_ok(nai_trials_set_targets(trials, "z", the_target, 2));
  nai_rule *rule;
  expect_ok(nai_rule_create_bptt(&rule));
  nai_trainer *exact = trainer_of(net, rule, plain_descent(0));
  attach_cost(exact, nai_cost_create_mse(&c, "z"), &c, 1);
  expect_ok(nai_trainer_estimate_gradient(NULL, exact, trials));
  expect_ok(nai_rule_create_node_perturbation(&rule, 1e-2, 11));
  expect_ok(nai_rule_set(rule, "mean_rate", 0)); /* compared with the first trial, always */
  nai_trainer *trainer = trainer_of(net, rule, plain_descent(0));
  nai_agent *agent;
  expect_ok(nai_agent_create(&agent, trainer));
  double *sum = calloc((size_t)n, sizeof *sum), *square = calloc((size_t)n, sizeof *square);
  live_and_be_told(agent);
  for (int k = 0; k < ANIMALS; k++) {
    live_and_be_told(agent);
    for (int64_t i = 0; i < n; i++) {
      double g = (double)trainer->plasticity.gradient[i];
      sum[i] += g;
      square[i] += g * g;
    }
  }
  ck_assert_int_eq(nai_agent_updates(agent), ANIMALS + 1);
  double z2 = 0, size = 0;
  int elements = 0;
  for (int64_t i = 0; i < n; i++) {
    if (net->plastic[i] == 0) continue;
    double mean = sum[i] / ANIMALS, error = sqrt((square[i] / ANIMALS - mean * mean) / ANIMALS);
    double z = (mean - (double)exact->plasticity.gradient[i]) / error;
    ck_assert_msg(fabs(z) < 4.5, "element %d: %g, exact %g, standard error %g", (int)i, mean,
                  (double)exact->plasticity.gradient[i], error);
    z2 += z * z;
    size += pow((double)exact->plasticity.gradient[i] / error, 2);
    elements++;
  }
  ck_assert_int_ge(elements, 4 * 2 + 12 + 8 + 4 + 2 + 4);
  ck_assert_msg(z2 < elements + 5 * sqrt(2.0 * elements), "%g of %d", z2, elements);
  ck_assert_msg(size > 20.0 * elements, "too noisy to be a test: %g", size / elements);
  free(sum);
  free(square);
  nai_agent_destroy(agent);
  nai_trainer_destroy(trainer);
  nai_trainer_destroy(exact);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* Without reward nothing is learnt; the first one only says what is usual. */
START_TEST(no_reward_no_learning)
{
  nai_network *net = build_small(NAI_LEAK_CURRENT);
  nai_rule *rule;
  expect_ok(nai_rule_create_node_perturbation(&rule, 1e-2, 11));
  nai_trainer *trainer = trainer_of(net, rule, plain_descent(0.1));
  nai_agent *agent;
  expect_ok(nai_agent_create(&agent, trainer));
  uint64_t before = hash_of(net);
  nai_experience now = NAI_EXPERIENCE_INIT;
  for (int t = 0; t < 10; t++) expect_ok(nai_agent_step(NULL, agent, &now));
  ck_assert(hash_of(net) == before && nai_agent_updates(agent) == 0);
  now.has_reward = 1;
  now.reward = 3;
  expect_ok(nai_agent_step(NULL, agent, &now));
  ck_assert(hash_of(net) == before);
  now.reward = 4;
  expect_ok(nai_agent_step(NULL, agent, &now));
  ck_assert(hash_of(net) != before);
  const float *mean = trainer->plasticity.learner->kept[0].floats;
  ck_assert_float_eq_tol(mean[0], 3.1f, 1e-6f);
  nai_agent_destroy(agent);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* --- learning --------------------------------------------------------------------------------- */

static nai_trainer *decision_trainer(nai_network **net, nai_rule *rule, nai_optimizer *optimizer)
{
  nai_cost *c;
  nai_task *task;
  nai_trainer *trainer;
  *net = compose_ei(24, 8);
  expect_ok(nai_network_set(*net, "E I", "tau", 100));
  expect_ok(nai_network_set(*net, "E I", "noise", 0.1));
  make_sparse(*net, "E I", 0.5);
  expect_ok(nai_network_build(*net, 4));
  expect_ok(nai_task_create(&task, "go-nogo", *net));
  expect_ok(nai_trainer_create(&trainer, *net, rule, optimizer, task));
  nai_task_destroy(task);
  nai_rule_destroy(rule);
  nai_optimizer_destroy(optimizer);
  attach_cost(trainer, nai_cost_create_cross_entropy(&c, "choice"), &c, 1);
  return trainer;
}

static void check_constraints(const nai_network *net)
{
  static const char *const names[] = {"E", "I"};
  for (int from = 0; from < 2; from++)
    for (int to = 0; to < 2; to++) {
      nai_view w = weights_of(net, names[from], names[to]),
               m = mask_of(net, names[from], names[to]);
      for (int64_t i = 0; i < w.shape[0]; i++)
        for (int64_t j = 0; j < w.shape[1]; j++) {
          float value = at(&w, i, j);
          EXPECT(from ? value <= 0 : value >= 0);
          EXPECT(at(&m, i, j) != 0 || value == 0);
        }
    }
}

START_TEST(a_trainer_learns_within_trials)
{
  nai_network *net;
  nai_optimizer *adam;
  expect_ok(nai_optimizer_create_adam(&adam, 1e-3));
  nai_trainer *trainer =
      decision_trainer(&net, _i ? eprop(NAI_FEEDBACK_SYMMETRIC, 10) : rflo(5), adam);
  expect_ok(nai_trainer_set(trainer, "batch", 8));
  nai_progress now = NAI_PROGRESS_INIT;
  double first = 0, last = 0;
  for (int k = 0; k < 60; k++) {
    expect_ok(nai_trainer_step(&now, trainer, NULL));
    *(k < 10 ? &first : &last) += k < 10 || k >= 50 ? now.cost : 0;
    check_constraints(net);
  }
  ck_assert_msg(last < 0.6 * first, "from %g to %g", first / 10, last / 10);
  ck_assert(isnan(now.gradient_norm));
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

START_TEST(an_agent_keeps_constraints_and_allocates_nothing)
{
  nai_network *net;
  nai_optimizer *adam;
  expect_ok(nai_optimizer_create_adam(&adam, 1e-2));
  nai_trainer *trainer = decision_trainer(&net, rflo(1), adam);
  nai_agent *agent;
  expect_ok(nai_agent_create(&agent, trainer));
  nai_trainer_destroy(trainer); /* the agent keeps it */
  float input[3], output[2];
  long before = faults_allocations();
  for (int t = 0; t < 1000; t++) {
    nai_experience now = NAI_EXPERIENCE_INIT;
    expect_ok(nai_random_normals(input, 3, 9, (uint64_t)t));
    now.input = input;
    now.target_class = t / 20 % 2;
    expect_ok(nai_agent_step(output, agent, &now));
    if (t % 100 == 99) {
      check_constraints(net);
      expect_ok(nai_agent_begin(agent));
    }
  }
  ck_assert_int_eq(faults_allocations(), before);
  ck_assert_int_eq(nai_agent_updates(agent), 1000);
  ck_assert(isfinite(output[0]));
  nai_agent_destroy(agent);
  nai_network_destroy(net);
}
END_TEST

START_TEST(the_same_run_gives_the_same_bits)
{
  uint64_t hash[2];
  for (int k = 0; k < 2; k++) {
    nai_network *net;
    nai_optimizer *adam;
    expect_ok(nai_optimizer_create_adam(&adam, 1e-3));
    nai_trainer *trainer = decision_trainer(&net, rflo(3), adam);
    expect_ok(nai_trainer_set(trainer, "batch", 4));
    expect_ok(nai_trainer_set(trainer, "threads", k ? 2 : 1));
    for (int i = 0; i < 5; i++) expect_ok(nai_trainer_step(NULL, trainer, NULL));
    hash[k] = hash_of(net);
    nai_trainer_destroy(trainer);
    nai_network_destroy(net);
  }
  ck_assert(hash[0] == hash[1]);
}
END_TEST

START_TEST(a_checkpoint_goes_on)
{
  char path[] = "/tmp/neuroai-agent-XXXXXX";
  int file = mkstemp(path);
  ck_assert_int_ge(file, 0);
  uint64_t hash[2];
  for (int k = 0; k < 2; k++) {
    nai_network *net;
    nai_optimizer *adam;
    expect_ok(nai_optimizer_create_adam(&adam, 1e-3));
    nai_trainer *trainer = decision_trainer(&net, eprop(NAI_FEEDBACK_ADAPTIVE, 4), adam);
    expect_ok(nai_trainer_set(trainer, "batch", 4));
    if (k) expect_ok(nai_trainer_restore(trainer, path));
    for (int i = k ? 3 : 0; i < 6; i++) {
      expect_ok(nai_trainer_step(NULL, trainer, NULL));
      if (i == 2) expect_ok(nai_trainer_save(trainer, path));
    }
    hash[k] = hash_of(net);
    nai_trainer_destroy(trainer);
    nai_network_destroy(net);
  }
  remove(path);
  ck_assert(hash[0] == hash[1]);
}
END_TEST

/* What a shorter trial shows past its end is not what the one before it did there. */
START_TEST(nothing_is_seen_past_a_trials_end)
{
  nai_network *net = build_two(NAI_LEAK_CURRENT, 10);
  nai_trials *trials = one_trial(net);
  nai_trainer *trainer = trainer_of(net, rflo(1), plain_descent(0.01));
  nai_cost *mse;
  expect_ok(nai_cost_create_mse(&mse, "z"));
  expect_ok(nai_trainer_add_cost(trainer, mse, 1));
  nai_cost_destroy(mse);
  nai_view view = NAI_VIEW_INIT;
  for (int32_t length = STEPS; length >= 4; length -= STEPS - 4) {
    expect_ok(nai_trials_set_lengths(trials, &length));
    expect_ok(nai_trainer_step(NULL, trainer, trials));
    expect_ok(nai_trainer_activity(&view, trainer, "a"));
    const float *rate = view.data;
    for (int64_t t = 0; t < STEPS; t++)
      ck_assert((rate[t * view.stride[0] / (int64_t)sizeof *rate] != 0) == (t < length));
  }
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* --- costs ------------------------------------------------------------------------------------ */

static void add_normalised(nai_trainer *trainer, int normalise)
{
  nai_cost *c;
  attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 0.7);
  expect_ok(nai_cost_create_l2_rates(&c, "a b"));
  expect_ok(nai_cost_set_normalise(c, normalise));
  attach_cost(trainer, NAI_OK, &c, 3);
  expect_ok(nai_cost_create_l1_weights(&c, "a b", "a"));
  expect_ok(nai_cost_set_normalise(c, normalise));
  attach_cost(trainer, NAI_OK, &c, 2);
}

/* In a trial that has a length as in the batch form; for an agent each step is all there is. */
START_TEST(normalised_costs_are_means)
{
  nai_network *net = build_two(NAI_LEAK_CURRENT, 30);
  nai_trials *trials = one_trial(net);
  nai_trainer *batch = trainer_of(net, rflo(0), plain_descent(0)),
              *online = trainer_of(net, rflo(1000), plain_descent(0)),
              *sums = trainer_of(net, rflo(1), plain_descent(0)),
              *means = trainer_of(net, rflo(1), plain_descent(0));
  add_normalised(batch, 1);
  add_normalised(online, 1);
  add_normalised(sums, 0);
  add_normalised(means, 1);
  nai_progress now = NAI_PROGRESS_INIT, live = NAI_PROGRESS_INIT;
  expect_ok(nai_trainer_estimate_gradient(&now, batch, trials));
  expect_ok(nai_trainer_step(&live, online, trials));
  ck_assert(difference(batch->plasticity.gradient, online->plasticity.gradient, net->n_theta) <
            1e-5);
  for (int i = 0; i < 3; i++) /* sums of 13 steps in another order */
    ck_assert(fabs(now.costs[i] - live.costs[i]) < 1e-5 * fabs(now.costs[i]));

  double synapses = 0;
  nai_view a = mask_of(net, "a", "a"), b = mask_of(net, "b", "a");
  for (int64_t i = 0; i < 9; i++) {
    for (int64_t j = 0; j < 9; j++) synapses += at(&a, i, j) != 0;
    for (int64_t j = 0; j < 4; j++) synapses += at(&b, i, j) != 0;
  }
  ck_assert(synapses > 9 && synapses < 9 * 13);
  nai_agent *plain, *mean;
  nai_experience step = NAI_EXPERIENCE_INIT;
  step.input = the_input;
  step.target = the_target;
  expect_ok(nai_agent_create(&plain, sums));
  expect_ok(nai_agent_create(&mean, means));
  expect_ok(nai_agent_step(NULL, plain, &step));
  expect_ok(nai_agent_step(NULL, mean, &step));
  ck_assert(plain->value[1] > 0 && plain->value[2] > 0);
  ck_assert_double_eq_tol(mean->value[1], plain->value[1] / 13, 1e-12);
  ck_assert_double_eq_tol(mean->value[2], plain->value[2] / synapses, 1e-12);
  nai_agent_destroy(plain);
  nai_agent_destroy(mean);
  nai_trainer_destroy(batch);
  nai_trainer_destroy(online);
  nai_trainer_destroy(sums);
  nai_trainer_destroy(means);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* A cost on weights that counts for nothing does not ask for a gradient, one that counts does. */
START_TEST(a_cost_of_no_weight_costs_no_pass)
{
  uint64_t hash[2];
  for (int k = 0; k < 3; k++) {
    nai_cost *c;
    nai_network *net = build_two(NAI_LEAK_CURRENT, 10);
    nai_trainer *trainer = trainer_of(net, rflo(1), plain_descent(0.1));
    attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 1);
    if (k) attach_cost(trainer, nai_cost_create_l1_weights(&c, "a", "a"), &c, k == 1 ? 0 : 0.1);
    nai_agent *agent;
    nai_trials *trials = one_trial(net);
    nai_experience now = NAI_EXPERIENCE_INIT;
    now.input = the_input;
    now.target = the_target;
    expect_ok(nai_agent_create(&agent, trainer));
    ck_assert_int_eq(agent->fused, k < 2);
    for (int t = 0; t < 3; t++) expect_ok(nai_agent_step(NULL, agent, &now));
    expect_ok(nai_agent_rest(agent));
    if (k < 2) hash[k] = hash_of(net);
    nai_trials_destroy(trials);
    nai_agent_destroy(agent);
    nai_trainer_destroy(trainer);
    nai_network_destroy(net);
  }
  ck_assert(hash[0] == hash[1]);
}
END_TEST

START_TEST(a_cost_that_comes_later)
{
  nai_cost *c;
  nai_network *net = build_two(NAI_LEAK_CURRENT, 10);
  nai_trials *trials = one_trial(net);
  nai_trainer *trainer = trainer_of(net, rflo(1), adam(0.01));
  nai_progress now = NAI_PROGRESS_INIT;
  attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 1);
  expect_ok(nai_trainer_step(&now, trainer, trials));
  ck_assert_int_eq(now.n_costs, 1);
  attach_cost(trainer, nai_cost_create_l2_rates(&c, "a"), &c, 1);
  expect_ok(nai_trainer_step(&now, trainer, trials));
  ck_assert(now.n_costs == 2 && now.costs[1] > 0);
  ck_assert_double_eq(now.cost, now.costs[0] + now.costs[1]);
  ck_assert_int_eq(now.step, 2);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* Classes are of the first output; costs see only the outputs that they name. */
START_TEST(a_class_is_of_the_first_output)
{
  nai_cost *c;
  nai_network *net = COMPOSE(.dt = 10, .inputs = {{"u", 1}}, .populations = {{"a", 3, NAI_FREE}},
                             .outputs = {{"choice", 3}, {"real", 2}},
                             .projections = {{"u a", "a"}, {"a", "choice real"}});
  expect_ok(nai_network_build(net, 5));
  nai_trainer *trainer = trainer_of(net, rflo(1), plain_descent(0.1));
  attach_cost(trainer, nai_cost_create_cross_entropy(&c, "choice"), &c, 1);
  nai_agent *agent;
  nai_experience now = NAI_EXPERIENCE_INIT;
  now.target_class = 2;
  float choice[3], real[2];
  nai_view b = bias_of(net, "choice"), r = bias_of(net, "real");
  for (int k = 0; k < 3; k++) choice[k] = at(&b, k, 0);
  for (int k = 0; k < 2; k++) real[k] = at(&r, k, 0);
  expect_ok(nai_agent_create(&agent, trainer));
  expect_ok(nai_agent_step(NULL, agent, &now));
  expect_ok(nai_agent_rest(agent));
  b = bias_of(net, "choice"), r = bias_of(net, "real");
  for (int k = 0; k < 3; k++) ck_assert((at(&b, k, 0) > choice[k]) == (k == 2));
  for (int k = 0; k < 2; k++) ck_assert(at(&r, k, 0) == real[k]);
  now.target_class = 3;
  expect_fails(nai_agent_step(NULL, agent, &now), NAI_ERR_INVALID,
               "target_class is 3, must be -1 to 2");
  nai_agent_destroy(agent);
  attach_cost(trainer, nai_cost_create_mse(&c, "real"), &c, 1);
  expect_ok(nai_agent_create(&agent, trainer));
  now.target_class = 2;
  expect_fails(nai_agent_step(NULL, agent, &now), NAI_ERR_ORDER, "output 'real' has no targets");
  nai_agent_destroy(agent);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* A network may be without outputs: then there are no classes. */
START_TEST(no_output_no_class)
{
  nai_cost *c;
  nai_network *net = compose_one("a", 4, NAI_FREE);
  expect_ok(nai_network_set(net, "a", "initial", 0.5));
  expect_ok(nai_network_build(net, 5));
  nai_trainer *trainer = trainer_of(net, own(NAI_FEEDBACK_SYMMETRIC, 1), plain_descent(0.1));
  attach_cost(trainer, nai_cost_create_l2_rates(&c, "a"), &c, 1);
  nai_agent *agent;
  nai_experience now = NAI_EXPERIENCE_INIT;
  expect_ok(nai_agent_create(&agent, trainer));
  uint64_t before = hash_of(net);
  now.target_class = 0;
  expect_fails(nai_agent_step(NULL, agent, &now), NAI_ERR_INVALID,
               "target_class is 0, must be -1 to -1");
  ck_assert(hash_of(net) == before);
  now.target_class = -1;
  for (int t = 0; t < 3; t++) expect_ok(nai_agent_step(NULL, agent, &now));
  expect_ok(nai_agent_rest(agent));
  ck_assert(hash_of(net) != before);
  nai_agent_destroy(agent);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* --- errors ----------------------------------------------------------------------------------- */

START_TEST(rules_that_cannot)
{
  nai_network *net = build_two(NAI_LEAK_CURRENT, 10);
  nai_rule *rule;
  nai_agent *agent = (nai_agent *)1;
  expect_ok(nai_rule_create_bptt(&rule));
  nai_trainer *trainer = trainer_of(net, rule, plain_descent(0.1));
  expect_fails(nai_agent_create(&agent, trainer), NAI_ERR_UNSUPPORTED,
               "rule 'bptt' cannot learn within a trial");
  ck_assert_ptr_null(agent);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);

  net = build_everything(NAI_TRANSFER_TANH, NULL); /* a readout with a delay */
  trainer = trainer_of(net, eprop(NAI_FEEDBACK_SYMMETRIC, 1), plain_descent(0.1));
  expect_fails(nai_agent_create(&agent, trainer), NAI_ERR_UNSUPPORTED, "readout with a delay");
  nai_trainer_destroy(trainer);
  trainer = trainer_of(net, own(NAI_FEEDBACK_SYMMETRIC, 1), plain_descent(0.1));
  expect_fails(nai_agent_create(&agent, trainer), NAI_ERR_UNSUPPORTED, "readout with a delay");
  nai_trainer_destroy(trainer);
  trainer = trainer_of(net, rflo(1), plain_descent(0.1));
  expect_ok(nai_agent_create(&agent, trainer));
  nai_agent_destroy(agent);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
  expect_fails(nai_agent_create(&agent, NULL), NAI_ERR_INVALID, "trainer");
  expect_fails(nai_agent_create(NULL, NULL), NAI_ERR_INVALID, "out");
}
END_TEST

/* No trace is kept of what a rate does to what a synapse releases: nothing is left out in silence. */
START_TEST(readouts_with_short_term_plasticity)
{
  static const char *const rules[] = {"eprop_symmetric", "eprop_adaptive", "rflo"};
  const double U[] = {0.2}, tau[] = {200}, hz[] = {20};
  nai_network *net = COMPOSE(.dt = 10, .inputs = {{"u", 1}}, .populations = {{"E", 2, NAI_FREE}},
                             .outputs = {{"z", 1}}, .projections = {{"u", "E"}, {"E", "z"}});
  nai_short_term *released;
  expect_ok(nai_short_term_create(&released, 1, U, tau, tau, hz));
  expect_ok(nai_network_set_short_term(net, "E", "z", released));
  nai_short_term_destroy(released);
  expect_ok(nai_network_build(net, 1));
  for (int k = 0; k < 3; k++) {
    nai_agent *agent;
    nai_cost *c;
    nai_rule *rule = rule_named(rules[k], 1);
    nai_trainer *trainer = trainer_of(net, rule, plain_descent(0.1));
    attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 1);
    if (k < 2)
      expect_fails(nai_agent_create(&agent, trainer), NAI_ERR_UNSUPPORTED,
                   "cannot learn within a trial through a readout with short-term plasticity, as "
                   "from 'E' to 'z'");
    else
      expect_ok(nai_agent_create(&agent, trainer));
    if (k == 2) nai_agent_destroy(agent);
    nai_trainer_destroy(trainer);
  }
  nai_network_destroy(net);
}
END_TEST

/* A target for the mean rate of a batch is nothing that a step could know. */
START_TEST(costs_that_want_the_batch_whole)
{
  nai_network *net = build_two(NAI_LEAK_CURRENT, 10);
  nai_cost *whole;
  nai_agent *agent;
  expect_ok(nai_cost_create_rate_target(&whole, "a", 0.3));
  nai_trainer *trainer = trainer_of(net, rflo(1), plain_descent(0.1));
  expect_fails(nai_trainer_add_cost(trainer, whole, 1), NAI_ERR_UNSUPPORTED,
               "rule 'rflo' cannot learn from cost 'rate_target' within a trial");
  nai_trainer_destroy(trainer);
  trainer = trainer_of(net, rflo(0), plain_descent(0.1)); /* at the end of trials it can */
  expect_ok(nai_trainer_add_cost(trainer, whole, 1));
  expect_fails(nai_agent_create(&agent, trainer), NAI_ERR_UNSUPPORTED, "'rate_target' within");
  nai_cost_destroy(whole);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* One step of dt / tau = 1/4 from 0: x = bias / 4, and what a linear output reads of it. */
START_TEST(activity_is_that_of_each_part)
{
  nai_network *net =
      COMPOSE(.dt = 25, .populations = {{"E", 3, NAI_FREE}, {"I", 2, NAI_FREE}},
              .outputs = {{"y", 2}, {"z", 1}}, .projections = {{"E", "y"}, {"I", "z"}});
  nai_cost *c;
  nai_view view = NAI_VIEW_INIT;
  expect_ok(nai_network_set(net, "*", "tau", 100));
  expect_ok(nai_network_set(net, "E", "bias", 4));
  expect_ok(nai_network_set(net, "I", "bias", 8));
  expect_ok(nai_network_set_initial_weights(net, "I", "z", NAI_WEIGHTS_CONSTANT, 0.5, 0));
  expect_ok(nai_network_build(net, 1));
  nai_trainer *trainer = trainer_of(net, rflo(1), plain_descent(0.1));
  attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 1);
  nai_agent *agent;
  expect_ok(nai_agent_create(&agent, trainer));
  nai_experience now = NAI_EXPERIENCE_INIT;
  expect_ok(nai_agent_begin(agent));
  expect_ok(nai_agent_step(NULL, agent, &now));
  expect_ok(nai_agent_activity(&view, agent, "E"));
  ck_assert_int_eq(view.shape[1], 3);
  for (int i = 0; i < 3; i++) EXPECT(fabsf(at(&view, 0, i) - 1) < 1e-6f);
  expect_ok(nai_agent_activity(&view, agent, "I"));
  ck_assert_int_eq(view.shape[1], 2);
  for (int i = 0; i < 2; i++) EXPECT(fabsf(at(&view, 0, i) - 2) < 1e-6f);
  expect_ok(nai_agent_activity(&view, agent, "z"));
  EXPECT(fabsf(at(&view, 0, 0) - 2) < 1e-6f);
  nai_agent_destroy(agent);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

START_TEST(bad_experiences)
{
  nai_cost *c;
  nai_network *net = build_two(NAI_LEAK_CURRENT, 10);
  nai_trainer *trainer = trainer_of(net, rflo(1), plain_descent(0.1));
  attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 1);
  nai_agent *agent;
  expect_ok(nai_agent_create(&agent, trainer));
  nai_experience now = NAI_EXPERIENCE_INIT;
  float target[2] = {0, NAN}, input[2] = {INFINITY, 0};
  uint64_t before = hash_of(net);
  expect_fails(nai_agent_step(NULL, agent, NULL), NAI_ERR_INVALID, "now");
  expect_fails(nai_agent_step(NULL, NULL, &now), NAI_ERR_INVALID, "agent");
  now.struct_size = 7;
  expect_fails(nai_agent_step(NULL, agent, &now), NAI_ERR_INVALID, "struct_size is 7");
  now = (nai_experience)NAI_EXPERIENCE_INIT;
  now.weight = -1;
  expect_fails(nai_agent_step(NULL, agent, &now), NAI_ERR_INVALID, "weight is -1");
  now.weight = 1;
  now.target = target;
  expect_fails(nai_agent_step(NULL, agent, &now), NAI_ERR_NONFINITE, "target[1] is nan");
  now.target = NULL;
  now.target_class = 2;
  expect_fails(nai_agent_step(NULL, agent, &now), NAI_ERR_INVALID, "target_class is 2");
  now.target_class = -2;
  expect_fails(nai_agent_step(NULL, agent, &now), NAI_ERR_INVALID, "target_class is -2");
  now.target_class = 1;
  expect_fails(nai_agent_step(NULL, agent, &now), NAI_ERR_ORDER, "no targets");
  now.target_class = -1;
  now.has_reward = 1;
  now.reward = NAN;
  expect_fails(nai_agent_step(NULL, agent, &now), NAI_ERR_NONFINITE, "reward is nan");
  now.has_reward = 0;
  now.input = input;
  target[1] = 1;
  now.target = target;
  float rates[9], output[2];
  nai_view view = NAI_VIEW_INIT;
  expect_ok(nai_agent_activity(&view, agent, "a"));
  memcpy(rates, view.data, sizeof rates);
  expect_fails(nai_agent_step(NULL, agent, &now), NAI_ERR_NONFINITE, "is inf, must be finite");
  expect_ok(nai_agent_activity(&view, agent, "a"));
  ck_assert(memcmp(rates, view.data, sizeof rates) == 0 && hash_of(net) == before);
  now.input = NULL; /* no trial has to begin anew: nothing has moved */
  expect_ok(nai_agent_step(output, agent, &now));
  ck_assert(hash_of(net) != before);
  expect_ok(nai_agent_activity(&view, agent, "z"));
  ck_assert(view.shape[1] == 2 && memcmp(output, view.data, sizeof output) == 0);
  attach_cost(trainer, nai_cost_create_l2_rates(&c, "a"), &c, 1);
  expect_fails(nai_agent_step(NULL, agent, &now), NAI_ERR_ORDER, "costs were added");
  expect_ok(nai_agent_activity(&view, agent, "a"));
  ck_assert_int_eq(view.shape[1], 9);
  expect_fails(nai_agent_gradient(&view, agent, "a", "b"), NAI_ERR_UNSUPPORTED,
               "without a gradient");
  expect_fails(nai_agent_activity(&view, agent, "c"), NAI_ERR_NAME, "c");
  ck_assert_int_eq(nai_agent_updates(NULL), -1);
  expect_fails(nai_agent_begin(NULL), NAI_ERR_INVALID, "agent is NULL");
  expect_fails(nai_agent_rest(NULL), NAI_ERR_INVALID, "agent is NULL");
  expect_fails(nai_agent_activity(NULL, agent, "a"), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_agent_activity(&view, NULL, "a"), NAI_ERR_INVALID, "agent is NULL");
  expect_fails(nai_agent_gradient(NULL, agent, "a", "b"), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_agent_gradient(&view, NULL, "a", "b"), NAI_ERR_INVALID, "agent is NULL");
  now.weight = 1e13;
  expect_fails(nai_agent_step(NULL, agent, &now), NAI_ERR_INVALID, "weight is 1e+13");
  now.weight = 1;
  nai_agent_destroy(NULL);
  nai_agent_destroy(agent);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* --- what fails at a step --------------------------------------------------------------------- */

static nai_status fail_rates(void *user, nai_rate_batch *b, double *value)
{
  *value += 0 * b->scale;
  return *(const nai_status *)user;
}

static nai_status fail_weights(void *user, nai_synapses *const *s, int64_t n, double scale,
                               double *value)
{
  *value += 0 * scale * (double)(n + s[0]->n_post);
  return *(const nai_status *)user;
}

static nai_status fail_rule(void *user, nai_local_step *s)
{
  s->change[0] += 0.1f;
  return *(const nai_status *)user;
}

static nai_status fail_constraint(void *user, nai_synapses *s)
{
  (void)s;
  return *(const nai_status *)user;
}

enum { OF_RATES, OF_WEIGHTS, OF_RULE, OF_CONSTRAINT, OF_MOVES, OWN_PARTS };

static nai_cost *failing_cost(int part, nai_status *answer)
{
  nai_cost_ops ops = {.struct_size = sizeof ops, .flags = 0, .name = "whisker"};
  nai_cost *cost;
  if (part == OF_RATES) {
    ops.on_rates = fail_rates;
    ops.flags = NAI_COST_SEPARABLE;
  } else {
    ops.on_weights = fail_weights;
  }
  expect_ok(nai_cost_create(&cost, &ops, "a", part == OF_RATES ? NULL : "a", answer));
  return cost;
}

static nai_rule *rule_of_part(int part, nai_status *answer)
{
  nai_rule_ops ops = {.struct_size = sizeof ops, .name = "whisker", .step = fail_rule};
  nai_rule *rule;
  if (part == OF_MOVES)
    expect_ok(nai_rule_create_force(&rule));
  else if (part == OF_RULE)
    expect_ok(nai_rule_create(&rule, &ops, 3, answer));
  if (part == OF_RULE) expect_ok(nai_rule_set(rule, "update_every", 1));
  return part == OF_MOVES || part == OF_RULE ? rule : rflo(1);
}

static nai_network *constrained(nai_status *answer)
{
  nai_constraint_ops ops = {
      .struct_size = sizeof ops, .name = "whisker", .project = fail_constraint};
  nai_constraint *constraint;
  nai_network *net = COMPOSE(.dt = 10, .inputs = {{"u", 2}}, .populations = {{"a", 4, NAI_FREE}},
                             .outputs = {{"z", 2}}, .projections = {{"u a", "a"}, {"a", "z"}});
  expect_ok(nai_constraint_create(&constraint, &ops, answer));
  expect_ok(nai_network_constrain(net, "a", "a z", constraint));
  nai_constraint_destroy(constraint);
  expect_ok(nai_network_set(net, "a", "initial", 0.3));
  expect_ok(nai_network_build(net, 5));
  return net;
}

/* An own part that fails: its code, no weight changed, and a trial that begins anew as any other. */
START_TEST(own_parts_that_fail)
{
  nai_status answer = NAI_OK;
  nai_cost *c;
  nai_network *net = _i >= OF_CONSTRAINT ? constrained(&answer) : build_small(NAI_LEAK_CURRENT);
  nai_trainer *trainer = trainer_of(net, rule_of_part(_i, &answer), plain_descent(0.1));
  attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 1);
  if (_i == OF_WEIGHTS) attach_cost(trainer, nai_cost_create_l2_weights(&c, "a", "a"), &c, 0.5);
  if (_i <= OF_WEIGHTS) {
    c = failing_cost(_i, &answer);
    attach_cost(trainer, NAI_OK, &c, 1);
  }
  nai_agent *agent;
  const float input[2] = {1, -1}, target[2] = {1, 2};
  nai_experience now = NAI_EXPERIENCE_INIT;
  now.input = input;
  now.target = target;
  expect_ok(nai_agent_create(&agent, trainer));
  expect_ok(nai_agent_step(NULL, agent, &now));
  ck_assert_int_eq(nai_agent_updates(agent), 1);
  uint64_t before = hash_of(net);
  answer = -31;
  expect_fails(nai_agent_step(NULL, agent, &now), -31, "whisker");
  ck_assert(hash_of(net) == before);
  answer = NAI_OK;
  expect_ok(nai_agent_begin(agent));
  ck_assert(hash_of(net) == before); /* what failed is not learnt now */
  ck_assert_int_eq(nai_agent_updates(agent), 1);
  expect_ok(nai_agent_step(NULL, agent, &now));
  ck_assert_int_eq(nai_agent_updates(agent), 2);
  ck_assert(hash_of(net) != before);
  nai_agent_destroy(agent);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* What is learnt as a trial begins may fail: then none has begun. */
START_TEST(a_beginning_that_fails)
{
  nai_status answer = NAI_OK;
  nai_cost *c = failing_cost(OF_WEIGHTS, &answer);
  nai_network *net = build_small(NAI_LEAK_CURRENT);
  nai_trainer *trainer = trainer_of(net, rflo(5), plain_descent(0.1));
  attach_cost(trainer, NAI_OK, &c, 1);
  attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 1);
  nai_agent *agent;
  const float input[2] = {1, -1}, target[2] = {1, 2};
  float rates[4];
  nai_experience now = NAI_EXPERIENCE_INIT;
  nai_view view = NAI_VIEW_INIT;
  now.input = input;
  now.target = target;
  expect_ok(nai_agent_create(&agent, trainer));
  expect_ok(nai_agent_step(NULL, agent, &now));
  expect_ok(nai_agent_activity(&view, agent, "a"));
  memcpy(rates, view.data, sizeof rates);
  uint64_t before = hash_of(net);
  answer = -31;
  expect_fails(nai_agent_begin(agent), -31, "whisker");
  ck_assert(hash_of(net) == before);
  expect_ok(nai_agent_activity(&view, agent, "a"));
  ck_assert(memcmp(rates, view.data, sizeof rates) == 0);
  expect_ok(nai_agent_begin(agent)); /* nothing is left to be learnt */
  ck_assert(hash_of(net) == before && nai_agent_updates(agent) == 0);
  expect_ok(nai_agent_activity(&view, agent, "a"));
  ck_assert(memcmp(rates, view.data, sizeof rates) != 0);
  nai_agent_destroy(agent);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* In a trainer's trials, at whose end alone it learns. */
START_TEST(the_end_of_a_trial_that_fails)
{
  nai_status answer = NAI_OK;
  nai_cost *c = failing_cost(OF_WEIGHTS, &answer);
  nai_network *net = build_two(NAI_LEAK_CURRENT, 10);
  nai_trials *trials = one_trial(net);
  nai_trainer *trainer = trainer_of(net, rflo(1000), plain_descent(0.1));
  attach_cost(trainer, NAI_OK, &c, 1);
  attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 1);
  uint64_t before = hash_of(net);
  answer = -31;
  expect_fails(nai_trainer_step(NULL, trainer, trials), -31, "whisker");
  ck_assert(hash_of(net) == before);
  answer = NAI_OK;
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  ck_assert(hash_of(net) != before);
  ck_assert_int_eq(nai_trainer_updates(trainer), 1);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/*
 * Infinity in a rate, in an output, in the gradient of a step, in one pass: the weights stay, and
 * the next trial goes as any other.
 */
enum { BY_RATE, BY_OUTPUT, BY_GRADIENT, IN_ONE_PASS, OVERFLOWS };

START_TEST(steps_that_overflow)
{
  static const char *const words[OVERFLOWS] = {
      "a rate or output is NaN or infinite at step 2 of the trial",
      "a rate or output is NaN or infinite at step 2 of the trial",
      "the gradient is NaN or infinite at step 2 of the trial",
      "an input or the gradient is NaN or infinite at step 2 of the trial"};
  nai_cost *c;
  nai_network *net = COMPOSE(.dt = 10, .inputs = {{"u", 1}}, .populations = {{"a", 2, NAI_FREE}},
                             .outputs = {{"z", 1}}, .projections = {{"u a", "a"}, {"a", "z"}});
  expect_ok(nai_network_set_transfer(net, "a", NAI_TRANSFER_RELU));
  expect_ok(nai_network_build(net, 5));
  const float in[2] = {_i == BY_RATE ? 100 : 1, 0}, out[2] = {_i == BY_OUTPUT ? 3e38f : 1, 1};
  expect_ok(nai_network_set_weights(net, "u", "a", in, 2, 1));
  expect_ok(nai_network_set_weights(net, "a", "z", out, 1, 2));
  nai_trainer *trainer =
      trainer_of(net, rflo(1), _i == IN_ONE_PASS ? plain_descent(0.1) : adam(0.1));
  attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 1);
  nai_agent *agent;
  const float large[2] = {_i == BY_RATE ? 3e38f : 1e3f, 0};
  const float target = _i == IN_ONE_PASS ? 3e38f : 1e30f, near = 1;
  nai_experience now = NAI_EXPERIENCE_INIT;
  expect_ok(nai_agent_create(&agent, trainer));
  expect_ok(nai_agent_step(NULL, agent, &now)); /* nothing to learn from */
  int64_t updates = nai_agent_updates(agent);
  uint64_t before = hash_of(net);
  now.input = large;
  now.target = _i >= BY_GRADIENT ? &target : &near;
  now.weight = _i == IN_ONE_PASS ? 1e12 : 1;
  expect_fails(nai_agent_step(NULL, agent, &now), NAI_ERR_NONFINITE, words[_i]);
  ck_assert(hash_of(net) == before);
  ck_assert_int_eq(nai_agent_updates(agent), updates);
  expect_ok(nai_agent_begin(agent));
  ck_assert(hash_of(net) == before);
  now.input = NULL;
  now.target = &near;
  now.weight = 1;
  expect_ok(nai_agent_step(NULL, agent, &now));
  expect_ok(nai_agent_rest(agent));
  ck_assert(hash_of(net) != before);
  ck_assert_int_eq(nai_agent_updates(agent), updates + 1);
  nai_agent_destroy(agent);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* Each allocation of a trainer's first update within trials, and then it goes as any other. */
START_TEST(updates_without_memory)
{
  uint64_t fed = 0;
  for (long good = -1;; good++) {
    nai_network *net = build_two(NAI_LEAK_RATE, 10);
    nai_trials *trials = one_trial(net);
    nai_trainer *trainer = trainer_of(net, rflo(1), adam(0.1));
    add_costs(trainer, "a b");
    uint64_t before = hash_of(net);
    faults_fail_allocation(good); /* -1: none */
    nai_status status = nai_trainer_step(NULL, trainer, trials);
    faults_fail_allocation(-1);
    if (status != NAI_OK) {
      expect_fails(status, NAI_ERR_MEMORY, "memory");
      ck_assert(hash_of(net) == before);
      expect_ok(nai_trainer_step(NULL, trainer, trials));
    }
    if (good < 0) fed = hash_of(net);
    ck_assert(hash_of(net) == fed);
    nai_trainer_destroy(trainer);
    nai_trials_destroy(trials);
    nai_network_destroy(net);
    if (good < 0 || status != NAI_OK) continue;
    ck_assert_int_gt(good, 20);
    break;
  }
}
END_TEST

START_TEST(failing_allocations)
{
  nai_network *net = build_two(NAI_LEAK_RATE, 10);
  nai_trainer *trainer = trainer_of(net, rflo(1), plain_descent(0.1));
  add_costs(trainer, "a b");
  nai_agent *agent = NULL;
  for (long n = 0;; n++) {
    faults_fail_allocation(n);
    nai_status status = nai_agent_create(&agent, trainer);
    faults_fail_allocation(-1);
    if (status == NAI_OK) break;
    ck_assert_int_eq(status, NAI_ERR_MEMORY);
    ck_assert_ptr_null(agent);
    ck_assert_int_lt(n, 100);
  }
  nai_agent_destroy(agent);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

Suite *agent_suite(void);

Suite *agent_suite(void)
{
  Suite *suite = suite_create("agent");
  TCase *forms = tcase_create("forms");
  tcase_add_loop_test(forms, traces_sum_up_to_the_batch_form, 0, 2 * LEAKS * RULES);
  tcase_add_loop_test(forms, an_agents_steps_sum_up, 1, 6);
  tcase_add_loop_test(forms, one_pass_is_the_same_descent, 0, 8);
  suite_add_tcase(suite, forms);
  TCase *rewards = tcase_create("rewards");
  tcase_set_timeout(rewards, 120);
  tcase_add_loop_test(rewards, a_reward_teaches_the_gradient, 0, 2);
  tcase_add_test(rewards, no_reward_no_learning);
  suite_add_tcase(suite, rewards);
  TCase *learning = tcase_create("learning");
  tcase_set_timeout(learning, 60);
  tcase_add_loop_test(learning, a_trainer_learns_within_trials, 0, 2);
  tcase_add_test(learning, an_agent_keeps_constraints_and_allocates_nothing);
  tcase_add_test(learning, the_same_run_gives_the_same_bits);
  tcase_add_test(learning, a_checkpoint_goes_on);
  tcase_add_test(learning, nothing_is_seen_past_a_trials_end);
  suite_add_tcase(suite, learning);
  ADD_CASE(suite, "errors", rules_that_cannot, readouts_with_short_term_plasticity,
           costs_that_want_the_batch_whole, bad_experiences, activity_is_that_of_each_part,
           failing_allocations);
  ADD_CASE(suite, "costs", normalised_costs_are_means, a_cost_of_no_weight_costs_no_pass,
           a_cost_that_comes_later, a_class_is_of_the_first_output, no_output_no_class);
  TCase *failures = tcase_create("failures");
  tcase_add_loop_test(failures, own_parts_that_fail, 0, OWN_PARTS);
  tcase_add_loop_test(failures, steps_that_overflow, 0, OVERFLOWS);
  tcase_add_test(failures, a_beginning_that_fails);
  tcase_add_test(failures, the_end_of_a_trial_that_fails);
  tcase_add_test(failures, updates_without_memory);
  suite_add_tcase(suite, failures);
  return suite;
}
