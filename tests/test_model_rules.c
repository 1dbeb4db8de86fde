/*
 * Rules on units of every model: what they learn step by step against what they say of a whole trial,
 * and which rules take which models.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <neuroai/extend.h>

#include "../lib/train/agent.h"
#include "../lib/train/trainer.h"
#include "areas.h"
#include "faults.h"
#include "rules.h"

static const struct {
  const char *nonlinearity;
  int32_t lag;
} kinds[] = {{"subtractive", 0}, {"subtractive", 1}, {"divisive", 1}, {"yang2016", 0}};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* --- within a trial --------------------------------------------------------------------------- */

static const char *const live_rules[] = {"rflo", "eprop_symmetric", "eprop_adaptive"};
enum { LIVE_RULES = sizeof live_rules / sizeof *live_rules };

/* every: steps between updates within a trial; 0: the batch form. */
static nai_trainer *train(nai_network *net, const char *name, int64_t every, double rate)
{
  nai_rule *rule = rule_named(name, 5);
  expect_ok(nai_rule_set(rule, "update_every", (double)every));
  nai_trainer *trainer = trainer_of(net, rule, plain_descent(rate));
  cost_areas(trainer);
  return trainer;
}

/* Largest difference of two gradients over the parameters but initial states, of the largest. */
static double difference(const nai_network *net, const float *a, const float *b)
{
  double most = 0, largest = 0;
  for (int64_t i = 0; i < net->unit_initial; i++) {
    most = fmax(most, fabs((double)a[i] - (double)b[i]));
    largest = fmax(largest, fabs((double)a[i]));
  }
  EXPECT(largest > 0);
  return most / largest;
}

/* 1 when a projection's gradient is not 0. */
static int learns(const nai_network *net, const nai__projection *p, const float *gradient)
{
  for (int64_t i = 0; i < p->at.rows; i++)
    for (int64_t j = 0; j < p->at.columns; j++)
      if (gradient[nai__place_in(&p->at, i, j)] != 0) return 1;
  (void)net;
  return 0;
}

/* With weights that stay, an update at the end of the trial has the gradient of the batch form. */
START_TEST(steps_add_up_to_the_batch)
{
  const char *rule = live_rules[_i % LIVE_RULES];
  nai_network *net = build_areas(kinds[_i / LIVE_RULES].nonlinearity, kinds[_i / LIVE_RULES].lag);
  nai_trials *trials = trials_for_areas(net, 1);
  nai_trainer *batch = train(net, rule, 0, 0), *online = train(net, rule, 1000, 0);
  expect_ok(nai_trainer_estimate_gradient(NULL, batch, trials));
  expect_ok(nai_trainer_step(NULL, online, trials));
  double apart = difference(net, batch->plasticity.gradient, online->plasticity.gradient);
  ck_assert_msg(apart < 1e-5, "%s is off by %g", rule, apart);
  for (int64_t k = 0; k < net->n_projections; k++)
    ck_assert_msg(strcmp(rule, "rflo") != 0 ||
                      learns(net, &net->projection[k], online->plasticity.gradient),
                  "nothing is learnt from %s to %s", nai__source_name(net, &net->projection[k]),
                  nai__target_name(net, &net->projection[k]));
  nai_trainer_destroy(batch);
  nai_trainer_destroy(online);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

static nai_network *subtractive_areas(void)
{
  return build_areas("subtractive", 0);
}

static nai_trials *three_trials(const nai_network *net)
{
  return trials_for_areas(net, 3);
}

static nai_trainer *train_within(nai_network *net, int number)
{
  return train(net, live_rules[number], 2, 1e-2);
}

/* An update at every step, of one thread or two, in one go or from a checkpoint: the same bits. */
START_TEST(updates_within_trials_keep_their_bits)
{
  const makers make = {subtractive_areas, three_trials, train_within};
  expect_same_bits(&make, _i, 5, 2);
}
END_TEST

/* The cost falls while an animal lives through the same trial again and again; no memory is asked for. */
START_TEST(agents_learn)
{
  nai_network *net = build_areas("subtractive", _i);
  nai_trainer *trainer = train(net, "eprop_symmetric", 1, 3e-3);
  float input[AREAS_CHANNELS] = {1, -0.5F, 0.3F}, target[AREAS_OUTPUTS] = {0.4F, -0.4F};
  nai_agent *agent;
  double first = 0, last = 0;
  long allocations = 0;
  expect_ok(nai_agent_create(&agent, trainer));
  for (int trial = 0; trial < 60; trial++) {
    expect_ok(nai_agent_begin(agent));
    last = 0;
    for (int t = 0; t < AREAS_STEPS; t++) {
      nai_experience now = NAI_EXPERIENCE_INIT;
      float output[AREAS_OUTPUTS];
      now.input = input;
      now.target = target;
      expect_ok(nai_agent_step(output, agent, &now));
      for (int o = 0; o < AREAS_OUTPUTS; o++) last += pow((double)output[o] - (double)target[o], 2);
    }
    if (trial == 0) first = last;
    if (trial == 0) allocations = faults_allocations();
  }
  EXPECT(faults_allocations() == allocations);
  ck_assert_msg(last < 0.5 * first, "from %g to %g", first, last);
  nai_agent_destroy(agent);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

START_TEST(agents_without_memory)
{
  nai_network *net = build_areas("subtractive", 0);
  nai_trainer *trainer = train(net, "rflo", 1, 1e-3);
  int failures = 0;
  for (nai_status status = NAI_ERR_MEMORY; status != NAI_OK; failures++) {
    nai_agent *agent;
    faults_fail_allocation(failures);
    status = nai_agent_create(&agent, trainer);
    faults_fail_allocation(-1);
    EXPECT(status == NAI_OK || status == NAI_ERR_MEMORY);
    nai_agent_destroy(agent);
  }
  ck_assert_int_gt(failures, 20);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* --- rules of users --------------------------------------------------------------------------- */

enum { MOST_STATES = 8 };

/* One synapse of one trial: change += l (ZS eps + ZP r), eps <- SS eps + SP r. */
static void follow(const nai_local_step *s, int64_t row, float r, int64_t synapse, float *change)
{
  int64_t n = s->n_states, rows = s->trials * s->n_post, each = rows * s->n_pre;
  float eps[MOST_STATES];
  for (int64_t k = 0; k < n; k++) eps[k] = s->trace[k * each + synapse];
  for (int64_t z = 0; z < s->n_signals; z++) {
    float dz = s->zp[z * rows + row] * r;
    for (int64_t k = 0; k < n; k++) dz += s->zs[(z * n + k) * rows + row] * eps[k];
    *change += s->signal[z * rows + row] * dz;
  }
  for (int64_t k = 0; k < n; k++) {
    float now = s->sp[k * rows + row] * r;
    for (int64_t j = 0; j < n; j++) now += s->ss[(k * n + j) * rows + row] * eps[j];
    s->trace[k * each + synapse] = now;
  }
}

/* What a step sees of units of any model, and e-prop or RFLO from slopes. */
static nai_status follow_slopes(void *user, nai_local_step *s)
{
  (void)user;
  int is_rate = strchr(s->to, 'I') != NULL, dendritic = strchr(s->to, 'D') != NULL;
  EXPECT(s->n_states == (is_rate ? 1 : dendritic ? 3 : 2) && s->n_signals == 1);
  EXPECT(is_rate == (s->leak >= 0) && is_rate == (s->alpha != NULL));
  EXPECT(is_rate == (s->slope != NULL));
  if (!s->from) EXPECT(strcmp(s->port, dendritic ? "soma" : "input") == 0);
  for (int64_t b = 0; b < s->trials; b++)
    for (int64_t i = 0; i < s->n_post; i++) {
      int64_t row = b * s->n_post + i;
      if (dendritic || s->leak > NAI_LEAK_CURRENT)
        EXPECT(s->state[row] == s->post[row]);
      else
        EXPECT(fabsf(tanhf(s->state[row]) - s->post[row]) < 1e-5F);
      for (int64_t j = 0; j < s->n_pre; j++)
        follow(s, row, s->pre[b * s->n_pre + j], row * s->n_pre + j, &s->change[i * s->stride + j]);
    }
  return NAI_OK;
}

static nai_trainer *train_own(nai_network *net, int32_t feedback, int64_t every)
{
  nai_rule_ops ops = {.struct_size = sizeof ops,
                      .name = "mine",
                      .feedback = feedback,
                      .n_traces = MOST_STATES,
                      .step = follow_slopes};
  nai_rule *rule;
  expect_ok(nai_rule_create(&rule, &ops, 5, NULL));
  expect_ok(nai_rule_set(rule, "update_every", (double)every));
  nai_trainer *trainer = trainer_of(net, rule, plain_descent(0));
  cost_areas(trainer);
  return trainer;
}

/* A rule written from slopes is e-prop, or RFLO: of a whole batch, and within a trial. */
START_TEST(rules_from_slopes_are_the_built_in_ones)
{
  int random = _i % 2;
  nai_network *net = build_areas(kinds[_i / 2].nonlinearity, kinds[_i / 2].lag);
  nai_trials *trials = trials_for_areas(net, 3), *one = trials_for_areas(net, 1);
  int32_t feedback = random ? NAI_FEEDBACK_RANDOM : NAI_FEEDBACK_SYMMETRIC;
  nai_trainer *mine = train_own(net, feedback, 0), *live = train_own(net, feedback, 1000),
              *theirs = train(net, random ? "rflo" : "eprop_symmetric", 0, 0);
  expect_ok(nai_trainer_estimate_gradient(NULL, mine, trials));
  expect_ok(nai_trainer_estimate_gradient(NULL, theirs, trials));
  double apart = difference(net, theirs->plasticity.gradient, mine->plasticity.gradient);
  ck_assert_msg(apart < 1e-5, "off by %g", apart);
  expect_ok(nai_trainer_step(NULL, live, one));
  expect_ok(nai_trainer_estimate_gradient(NULL, theirs, one));
  apart = difference(net, theirs->plasticity.gradient, live->plasticity.gradient);
  ck_assert_msg(apart < 1e-5, "off by %g within a trial", apart);
  nai_trainer_destroy(mine);
  nai_trainer_destroy(live);
  nai_trainer_destroy(theirs);
  nai_trials_destroy(trials);
  nai_trials_destroy(one);
  nai_network_destroy(net);
}
END_TEST

/* --- random estimates ------------------------------------------------------------------------- */

enum { SAMPLES = 3000 };

/* Means of `SAMPLES` estimates, each in its standard errors from `exact`, of so many new trials each. */
static void check_mean(nai_trainer *trainer, const nai_trials *trials, const float *exact,
                       int64_t drawn)
{
  const nai_network *net = trainer->plasticity.net;
  int64_t n = net->n_theta, random = 0;
  double *sum = calloc((size_t)(2 * n), sizeof *sum), *squares = sum + n, all = 0, largest = 0;
  for (trainer->step = 0; trainer->step < SAMPLES; trainer->step++) {
    expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
    trainer->drawn += drawn;
    for (int64_t i = 0; i < n; i++) {
      double apart = (double)trainer->plasticity.gradient[i] - (double)exact[i];
      sum[i] += apart;
      squares[i] += apart * apart;
      largest = fmax(largest, fabs((double)exact[i]));
    }
  }
  for (int64_t i = 0; i < n; i++) {
    double mean = sum[i] / SAMPLES, variance = squares[i] / SAMPLES - mean * mean;
    if (variance < 1e-10 * largest * largest) continue;
    double errors = mean / sqrt(variance / SAMPLES);
    ck_assert_msg(fabs(errors) < 5, "element %lld is off by %.2f errors", (long long)i, errors);
    all += errors * errors;
    random++;
  }
  ck_assert_int_gt(random, 100);
  ck_assert_msg(all / (double)random < 2, "%g of the variance expected", all / (double)random);
  free(sum);
}

/* UORO is RTRL in the mean. */
START_TEST(uoro_is_exact_on_average)
{
  nai_network *net = build_areas(kinds[_i].nonlinearity, kinds[_i].lag);
  nai_trials *trials = trials_for_areas(net, 2);
  nai_rule *rule[2];
  nai_trainer *trainer[2];
  expect_ok(nai_rule_create_rtrl(&rule[0]));
  expect_ok(nai_rule_create_uoro(&rule[1], 3));
  for (int k = 0; k < 2; k++) cost_areas(trainer[k] = trainer_of(net, rule[k], plain_descent(0)));
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer[0], trials));
  check_mean(trainer[1], trials, trainer[0]->plasticity.gradient, 0);
  for (int k = 0; k < 2; k++) nai_trainer_destroy(trainer[k]);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* One unit, one synapse that learns, and one step at which it carries anything: nothing is random. */
START_TEST(uoro_is_exact_on_one_path)
{
  static const struct {
    const char *model, *port;
  } paths[] = {{"adaptive_rate", "A"}, {"dendritic", "A:dendrite+"}, {"dendritic", "A:soma"}};
  nai_network *net;
  expect_ok(nai_network_create(&net, 10));
  nai_network_add_input(net, "u", 1);
  nai_network_add_population(net, "A", 1, NAI_FREE);
  nai_network_set_model(net, "A", paths[_i].model);
  nai_network_set(net, "A", "tau", 40);
  nai_network_set(net, "A", "plastic_bias", 0);
  nai_network_add_output(net, "z", 1);
  nai_network_connect(net, "u", paths[_i].port);
  nai_network_connect(net, "A", "z");
  expect_ok(nai_network_build(net, 3));
  float input[AREAS_STEPS] = {0.7F}, target[AREAS_STEPS] = {0}, weight = 0.8F;
  nai_trials *trials;
  expect_ok(nai_network_set_weights(net, "u", paths[_i].port, &weight, 1, 1));
  expect_ok(nai_trials_create(&trials, net, AREAS_STEPS, 1));
  expect_ok(nai_trials_set_inputs(trials, NULL, input, 1));
  expect_ok(nai_trials_set_targets(trials, "z", target, 1));
  float gradient[2] = {0};
  for (int k = 0; k < 2; k++) {
    nai_rule *rule;
    nai_view view = NAI_VIEW_INIT;
    expect_ok(k ? nai_rule_create_uoro(&rule, 3) : nai_rule_create_rtrl(&rule));
    nai_trainer *trainer = trainer_of(net, rule, plain_descent(0));
    cost_areas(trainer);
    expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
    expect_ok(nai_trainer_gradient(&view, trainer, "u", paths[_i].port));
    gradient[k] = at(&view, 0, 0);
    nai_trainer_destroy(trainer);
  }
  EXPECT(fabsf(gradient[0]) > 1e-3F);
  ck_assert_msg(fabsf(gradient[0] - gradient[1]) < 1e-5F * fabsf(gradient[0]), "%g, not %g",
                (double)gradient[1], (double)gradient[0]);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* Node perturbation is the exact gradient in the mean, for small perturbations. */
START_TEST(node_perturbation_is_exact_on_average)
{
  nai_network *net = build_areas("subtractive", _i);
  nai_trials *trials = trials_for_areas(net, 2);
  nai_rule *rule;
  expect_ok(nai_network_set(net, "*/E */I", "plastic_initial", 1));
  expect_ok(nai_network_set(net, "*/E", "noise", 0));
  expect_ok(nai_rule_create_node_perturbation(&rule, 1e-2, 3));
  nai_trainer *exact = trainer_of(net, bptt_rule(), plain_descent(0)),
              *trainer = trainer_of(net, rule, plain_descent(0));
  cost_areas(exact);
  cost_areas(trainer);
  expect_ok(nai_trainer_estimate_gradient(NULL, exact, trials));
  float *gradient = malloc((size_t)net->n_theta * sizeof *gradient);
  memcpy(gradient, exact->plasticity.gradient, (size_t)net->n_theta * sizeof *gradient);
  check_mean(trainer, trials, gradient, 2);
  free(gradient);
  nai_trainer_destroy(exact);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* --- every rule on every model ---------------------------------------------------------------- */

static int needs_slopes(const char *rule)
{
  static const char *const others[] = {"own", "node_perturbation", "reward_hebbian", "force"};
  for (size_t k = 0; k < sizeof others / sizeof *others; k++)
    if (strcmp(rule, others[k]) == 0) return 0;
  return 1;
}

/* What a rule says of a model that it does not take; NULL where it does. */
static const char *refusal_of(const char *rule, const char *model)
{
  if (strcmp(rule, "dendritic_error") == 0)
    return strcmp(model, "pyramidal") == 0
               ? NULL
               : "rule 'dendritic_error' needs the errors of ports; 'P' is of model '";
  int is_rate = strcmp(model, "rate") == 0;
  if (strcmp(rule, "predictive_coding") == 0)
    return is_rate
               ? "'P' has a memory, as its tau is above dt"
               : "rule 'predictive_coding' works with rate units alone, whose transfer functions "
                 "it takes errors through; 'P' is of model '";
  if (strcmp(rule, "equilibrium_propagation") == 0)
    return is_rate
               ? "are not the transpose of those back, from 'P' to 'P'"
               : "rule 'equilibrium_propagation' works with rate units alone, which come to rest "
                 "at an energy's minimum; 'P' is of model '";
  if (is_rate) return NULL;
  if (strcmp(rule, "weight_mirror") == 0)
    return "rule 'weight_mirror' works with rate units alone, through whose transfer functions it "
           "sends its noise; 'P' is of model '";
  if (strcmp(rule, "full-force") == 0)
    return "rule 'full-force' works with rate units alone, whose currents a teacher of rate units "
           "gives; 'P' is of model '";
  if (strcmp(model, "lif_conductance") == 0 && needs_slopes(rule))
    return "needs the slopes of units; 'P' is of model 'lif_conductance', which has none";
  return NULL;
}

static void check_training(nai_network *net, const rule_case *rule_case)
{
  nai_rule *rule;
  nai_trials *trials = trials_for_areas(net, 3);
  uint64_t before = hash_of(net);
  expect_ok(rule_case->create(&rule, 2));
  nai_trainer *trainer = trainer_of(net, rule, adam(1e-3));
  nai_cost *c;
  attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 1);
  for (int k = 0; k < 3; k++) expect_ok(nai_trainer_step(NULL, trainer, trials));
  ck_assert_msg(hash_of(net) != before, "%s changes nothing", rule_case->name);
  for (int64_t i = 0; i < net->n_theta; i++) EXPECT(isfinite(net->theta[i]));
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
}

static void check_refusal(nai_network *net, const rule_case *rule_case, const char *words)
{
  nai_rule *rule;
  nai_optimizer *sgd = plain_descent(1e-3);
  nai_trainer *trainer;
  expect_ok(rule_case->create(&rule, 2));
  expect_fails(nai_trainer_create(&trainer, net, rule, sgd, NULL), NAI_ERR_UNSUPPORTED, words);
  ck_assert_ptr_null(trainer);
  nai_rule_destroy(rule);
  nai_optimizer_destroy(sgd);
}

START_TEST(a_rule_trains_every_model_or_refuses_it)
{
  const rule_case *rule = _i < n_rules ? &all_rules[_i] : &other_rules[_i - n_rules];
  const char *model;
  for (int64_t k = 0; (model = nai_model_builtin_name(k)); k++) {
    nai_network *net = build_model(model, NAI_STORAGE_CHOSEN);
    const char *refusal = refusal_of(rule->name, model);
    if (refusal)
      check_refusal(net, rule, refusal);
    else
      check_training(net, rule);
    nai_network_destroy(net);
  }
}
END_TEST

/* --- reward-modulated Hebbian learning -------------------------------------------------------- */

/* sum over t of (r_j(t - 1) (r_i(t) - <r_i>(t - 1)))^3 of the last batch, of one trial. */
static double gathered(const nai_trainer *trainer, int64_t i, int64_t j)
{
  const nai__activity *a = &trainer->batch.activity;
  double mean = (double)nai__rate_at(a, 0)[i], sum = 0;
  for (int64_t t = 1; t <= AREAS_STEPS; t++) {
    double r = (double)nai__rate_at(a, t)[i];
    sum += pow((double)nai__rate_at(a, t - 1)[j] * (r - mean), 3);
    mean = 0.05 * mean + 0.95 * r;
  }
  return sum;
}

/* What units send is what is learnt from, at each of their ports. */
START_TEST(reward_hebbian_learns_from_what_is_sent)
{
  static const char *const ports[] = {"P:soma", "P:dendrite+", "P:dendrite-"};
  nai_network *net = build_model("dendritic", NAI_STORAGE_CHOSEN);
  nai_trials *trials = trials_for_areas(net, 1);
  nai_rule *rule;
  expect_ok(nai_rule_create_reward_hebbian(&rule, 2));
  expect_ok(nai_rule_set(rule, "frequency", 30));
  nai_trainer *trainer = trainer_of(net, rule, plain_descent(1e-3));
  cost_areas(trainer);
  expect_ok(nai_trainer_step(NULL, trainer, trials)); /* from now on there is a mean */
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
  double factor = 0;
  for (int k = 0; k < 3; k++) {
    nai_view view = NAI_VIEW_INIT;
    expect_ok(nai_trainer_gradient(&view, trainer, "P", ports[k]));
    for (int64_t i = 0; i < 4; i++)
      for (int64_t j = 0; j < 4; j++) {
        double ours = (double)at(&view, i, j), e = gathered(trainer, i, j);
        if (factor == 0 && i != j) factor = ours / e;
        EXPECT(i == j ? ours == 0 : fabs(ours - factor * e) < 1e-4 * fabs(factor * e) + 1e-12);
      }
  }
  EXPECT(factor != 0);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

Suite *model_rules_suite(void);

Suite *model_rules_suite(void)
{
  Suite *suite = suite_create("model_rules");
  TCase *live = tcase_create("within a trial");
  tcase_add_loop_test(live, steps_add_up_to_the_batch, 0, KINDS * LIVE_RULES);
  tcase_add_loop_test(live, updates_within_trials_keep_their_bits, 0, LIVE_RULES);
  tcase_add_loop_test(live, agents_learn, 0, 2);
  suite_add_tcase(suite, live);
  TCase *own = tcase_create("own rules");
  tcase_add_loop_test(own, rules_from_slopes_are_the_built_in_ones, 0, 2 * KINDS);
  suite_add_tcase(suite, own);
  TCase *random = tcase_create("random estimates");
  tcase_add_loop_test(random, uoro_is_exact_on_average, 0, KINDS);
  tcase_add_loop_test(random, uoro_is_exact_on_one_path, 0, 3);
  tcase_add_loop_test(random, node_perturbation_is_exact_on_average, 0, 2);
  suite_add_tcase(suite, random);
  TCase *rules = tcase_create("every rule");
  tcase_add_loop_test(rules, a_rule_trains_every_model_or_refuses_it, 0, n_rules + n_other_rules);
  suite_add_tcase(suite, rules);
  ADD_CASE(suite, "hebbian", reward_hebbian_learns_from_what_is_sent);
  ADD_CASE(suite, "memory", agents_without_memory);
  return suite;
}
