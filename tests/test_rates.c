/* Learning rates of single projections and biases: factors on the optimiser's, for each of them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "faults.h"
#include "rules.h"

/* --- optimisers ------------------------------------------------------------------------------- */

typedef nai_status (*making)(nai_optimizer **out, double rate);
static const making optimizers[] = {nai_optimizer_create_sgd, nai_optimizer_create_momentum,
                                    nai_optimizer_create_rmsprop, nai_optimizer_create_adam,
                                    nai_optimizer_create_adamw};
enum { OPTIMIZERS = sizeof optimizers / sizeof *optimizers };

#define RATE 0.01

static nai_optimizer *optimizer_made(int which, double rate)
{
  nai_optimizer *optimizer;
  expect_ok(optimizers[which](&optimizer, rate));
  return optimizer;
}

/* Costs on outputs, rates and weights. */
static nai_trainer *train(nai_network *net, nai_rule *rule, nai_optimizer *optimizer)
{
  nai_cost *c;
  nai_trainer *trainer = trainer_of(net, rule, optimizer);
  attach_cost(trainer, nai_cost_create_mse(&c, "real"), &c, 0.7);
  attach_cost(trainer, nai_cost_create_cross_entropy(&c, "choice"), &c, 1.1);
  attach_cost(trainer, nai_cost_create_l2_weights(&c, "*", "*"), &c, 0.1);
  return trainer;
}

/* theta after so many updates at this rate, with these factors; to be freed. */
typedef void (*rates)(nai_trainer *trainer);

static float *learnt(int which, double rate, rates set, int updates)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_trainer *trainer = train(net, bptt_rule(), optimizer_made(which, rate));
  if (set) set(trainer);
  for (int k = 0; k < updates; k++) {
    nai_trials *trials = trials_for_everything(net, (uint64_t)k);
    expect_ok(nai_trainer_step(NULL, trainer, trials));
    nai_trials_destroy(trials);
  }
  size_t bytes = (size_t)net->n_theta * sizeof(float);
  float *theta = malloc(bytes);
  memcpy(theta, net->theta, bytes);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
  return theta;
}

/* 1 when the bits of a part of theta are the same. */
static int same_part(const float *a, const float *b, const nai__rectangle *at)
{
  for (int64_t i = 0; i < at->rows; i++) {
    int64_t start = nai__place_in(at, i, 0);
    if (memcmp(a + start, b + start, (size_t)at->columns * sizeof *a) != 0) return 0;
  }
  return 1;
}

static int same_projection(const nai_network *net, const float *a, const float *b, const char *from,
                           const char *to)
{
  const nai__projection *p;
  expect_ok(nai__projection_find(&p, net, from, to));
  return same_part(a, b, &p->at);
}

static int same_bias(const nai_network *net, const float *a, const float *b, const char *name)
{
  const nai__node *node;
  expect_ok(nai__node_find(&node, net, NAI__RECEIVERS, name, "name"));
  nai__rectangle at = nai__bias_at(net, node);
  return same_part(a, b, &at);
}

/* --- what a factor is ------------------------------------------------------------------------- */

static void all_thrice(nai_trainer *trainer)
{
  expect_ok(nai_trainer_set_rate(trainer, "*", "*", 3));
  expect_ok(nai_trainer_set_rate(trainer, "*", NULL, 3));
}

static void one_each(nai_trainer *trainer)
{
  expect_ok(nai_trainer_set_rate(trainer, "stimulus", "E", 3));
  expect_ok(nai_trainer_set_rate(trainer, "E I", "I", 3));
  expect_ok(nai_trainer_set_rate(trainer, "layer", "real choice", 0));
  expect_ok(nai_trainer_set_rate(trainer, "I", NULL, 3));
  expect_ok(nai_trainer_set_rate(trainer, "choice", NULL, 0));
}

static void all_ones(nai_trainer *trainer)
{
  all_thrice(trainer);
  expect_ok(nai_trainer_set_rate(trainer, "*", "*", 1));
  expect_ok(nai_trainer_set_rate(trainer, "*", NULL, 1));
}

/* All at a factor: the optimiser at that rate, to the bit, over several updates. */
START_TEST(a_factor_on_all_is_another_rate)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  size_t bytes = (size_t)net->n_theta * sizeof(float);
  float *at_rate = learnt(_i, 3 * RATE, NULL, 5), *by_factor = learnt(_i, RATE, all_thrice, 5);
  EXPECT(memcmp(at_rate, by_factor, bytes) == 0);
  float *plain = learnt(_i, RATE, NULL, 5), *ones = learnt(_i, RATE, all_ones, 5);
  EXPECT(memcmp(plain, ones, bytes) == 0 && memcmp(plain, at_rate, bytes) != 0);
  free(at_rate);
  free(by_factor);
  free(plain);
  free(ones);
  nai_network_destroy(net);
}
END_TEST

/* Each part as the optimiser at its own rate would have it, after an update; 0 stays for ever. */
START_TEST(each_projection_and_bias_has_its_own)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  float *start = learnt(_i, RATE, NULL, 0), *plain = learnt(_i, RATE, NULL, 1),
        *thrice = learnt(_i, 3 * RATE, NULL, 1), *mixed = learnt(_i, RATE, one_each, 1),
        *late = learnt(_i, RATE, one_each, 6);
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    const char *from = net->node[p->from].name, *to = net->node[p->to].name;
    int held = strcmp(from, "layer") == 0 && net->node[p->to].kind == NAI_OUTPUTS;
    int fast = (strcmp(from, "stimulus") == 0 && strcmp(to, "E") == 0) ||
               (strcmp(to, "I") == 0 && net->node[p->from].kind == NAI_POPULATIONS);
    EXPECT(same_projection(net, mixed, held ? start : fast ? thrice : plain, from, to));
    if (held) EXPECT(same_projection(net, late, start, from, to));
    EXPECT(!p->plastic || !same_projection(net, plain, thrice, from, to));
  }
  EXPECT(same_bias(net, mixed, plain, "E") && same_bias(net, mixed, thrice, "I"));
  EXPECT(same_bias(net, mixed, start, "choice") && same_bias(net, late, start, "choice"));
  EXPECT(!same_bias(net, plain, start, "choice"));
  free(start);
  free(plain);
  free(thrice);
  free(mixed);
  free(late);
  nai_network_destroy(net);
}
END_TEST

/* Initial states move at the optimiser's own rate. */
static void slow_weights(nai_trainer *trainer)
{
  expect_ok(nai_network_set(trainer->plasticity.net, "E", "plastic_initial", 1));
  all_thrice(trainer);
}

static void learn_initial(nai_trainer *trainer)
{
  expect_ok(nai_network_set(trainer->plasticity.net, "E", "plastic_initial", 1));
}

START_TEST(initial_states_are_left_alone)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  float *start = learnt(_i, RATE, NULL, 0), *plain = learnt(_i, RATE, learn_initial, 1),
        *other = learnt(_i, RATE, slow_weights, 1);
  size_t bytes = (size_t)net->n_units * sizeof(float);
  EXPECT(memcmp(plain + net->unit_initial, other + net->unit_initial, bytes) == 0);
  EXPECT(memcmp(plain + net->unit_initial, start + net->unit_initial, bytes) != 0);
  free(start);
  free(plain);
  free(other);
  nai_network_destroy(net);
}
END_TEST

START_TEST(factors_can_be_read)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_trainer *trainer = train(net, bptt_rule(), plain_descent(0.1));
  double factor = 7;
  expect_ok(nai_trainer_rate(&factor, trainer, "E", "I"));
  EXPECT(factor == 1);
  one_each(trainer);
  static const struct {
    const char *from, *to;
    double factor;
  } expected[] = {{"stimulus", "E", 3}, {"E", "I", 3},     {"I", "I", 3},       {"E", "E", 1},
                  {"layer", "real", 0}, {"E", "real", 1},  {"I", NULL, 3},      {"E", NULL, 1},
                  {"choice", NULL, 0},  {"real", NULL, 1}, {"stimulus", "I", 1}};
  for (size_t k = 0; k < sizeof expected / sizeof *expected; k++) {
    expect_ok(nai_trainer_rate(&factor, trainer, expected[k].from, expected[k].to));
    EXPECT(factor == expected[k].factor);
  }
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* The limit on the norm is of the gradient, whatever rates are. */
START_TEST(clipping_sees_the_whole_gradient)
{
  double norm[2];
  for (int k = 0; k < 2; k++) {
    nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
    nai_trials *trials = trials_for_everything(net, 1);
    nai_trainer *trainer = train(net, bptt_rule(), plain_descent(0.1));
    nai_progress now = NAI_PROGRESS_INIT;
    if (k) expect_ok(nai_trainer_set_rate(trainer, "*", "*", 0));
    expect_ok(nai_trainer_step(&now, trainer, trials));
    norm[k] = now.gradient_norm;
    nai_trainer_destroy(trainer);
    nai_trials_destroy(trials);
    nai_network_destroy(net);
  }
  EXPECT(norm[0] == norm[1] && norm[0] > 0);
}
END_TEST

/* --- within trials ---------------------------------------------------------------------------- */

static nai_network *build_acting(void)
{
  nai_network *net = COMPOSE(.dt = 10, .inputs = {{"u", 2}}, .populations = {{"a", 5, NAI_FREE}},
                             .outputs = {{"z", 2}}, .projections = {{"u a", "a"}, {"a", "z"}});
  expect_ok(nai_network_set(net, "a", "tau", 30));
  expect_ok(nai_network_build(net, 5));
  return net;
}

static nai_agent *make_agent(nai_trainer **trainer, nai_network *net, double clip)
{
  nai_rule *rule;
  nai_cost *c;
  nai_agent *agent;
  expect_ok(nai_rule_create_rflo(&rule, 1));
  *trainer = trainer_of(net, rule, plain_descent(0.05));
  attach_cost(*trainer, nai_cost_create_mse(&c, "z"), &c, 1);
  expect_ok(nai_trainer_set(*trainer, "clip", clip));
  expect_ok(nai_agent_create(&agent, *trainer));
  return agent;
}

static void act(nai_agent *agent, int steps)
{
  static const float input[2] = {1, -0.5f}, target[2] = {0.3f, -1};
  float output[2];
  for (int t = 0; t < steps; t++) {
    nai_experience now = NAI_EXPERIENCE_INIT;
    now.input = input;
    now.target = target;
    expect_ok(nai_agent_step(output, agent, &now));
  }
}

/*
 * An agent that learns in one pass, to which rates are said in the middle of a trial, learns on as
 * one that never did: `clip` is a limit that nothing reaches, but that keeps it from it.
 */
START_TEST(an_agent_in_the_middle_of_a_trial)
{
  float *theta[2], *before[2];
  nai_network *net = NULL;
  for (int parted = 0; parted < 2; parted++) {
    nai_network_destroy(net);
    net = build_acting();
    nai_trainer *trainer;
    nai_agent *agent = make_agent(&trainer, net, parted ? 1e9 : 0);
    size_t bytes = (size_t)net->n_theta * sizeof(float);
    before[parted] = malloc(bytes);
    theta[parted] = malloc(bytes);
    act(agent, 7);
    ck_assert_int_eq(agent->fused, !parted);
    expect_ok(nai_agent_rest(agent));
    memcpy(before[parted], net->theta, bytes);
    expect_ok(nai_trainer_set_rate(trainer, "u", "a", 0));
    expect_ok(nai_trainer_set_rate(trainer, "a", "a", 0.5));
    act(agent, 9);
    ck_assert_int_eq(agent->fused, 0);
    expect_ok(nai_agent_rest(agent));
    memcpy(theta[parted], net->theta, bytes);
    EXPECT(same_projection(net, theta[parted], before[parted], "u", "a"));
    EXPECT(!same_projection(net, theta[parted], before[parted], "a", "a"));
    nai_agent_destroy(agent);
    nai_trainer_destroy(trainer);
  }
  for (int64_t i = 0; i < net->n_theta; i++)
    ck_assert_double_lt(fabs((double)(theta[0][i] - theta[1][i])), 1e-5);
  for (int k = 0; k < 2; k++) {
    free(before[k]);
    free(theta[k]);
  }
  nai_network_destroy(net);
}
END_TEST

/* --- what cannot be --------------------------------------------------------------------------- */

static void expect_all_ones(const nai_trainer *trainer)
{
  double factor = 7;
  expect_ok(nai_trainer_rate(&factor, trainer, "E", "E"));
  EXPECT(factor == 1);
  ck_assert_ptr_null(trainer->plasticity.factor);
}

START_TEST(factors_that_are_refused)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_trainer *trainer = train(net, bptt_rule(), plain_descent(0.1));
  static const double bad[] = {-1e-9, 1e7, NAN, INFINITY, -INFINITY};
  double factor;
  for (int i = 0; i < 5; i++)
    expect_fails(nai_trainer_set_rate(trainer, "E", "E", bad[i]), NAI_ERR_INVALID, "factor is");
  expect_fails(nai_trainer_set_rate(trainer, "E", "nobody", 1), NAI_ERR_NAME, "'nobody'");
  expect_fails(nai_trainer_set_rate(trainer, "stimulus", "choice", 1), NAI_ERR_NAME, "projection");
  expect_fails(nai_trainer_set_rate(trainer, "stimulus", NULL, 1), NAI_ERR_NAME, "'stimulus'");
  expect_fails(nai_trainer_set_rate(trainer, NULL, NULL, 1), NAI_ERR_INVALID, "from");
  expect_fails(nai_trainer_set_rate(NULL, "E", "E", 1), NAI_ERR_INVALID, "trainer is NULL");
  expect_fails(nai_trainer_rate(&factor, trainer, "E*", "E"), NAI_ERR_NAME, "'E*'");
  expect_fails(nai_trainer_rate(&factor, trainer, "context", NULL), NAI_ERR_NAME, "'context'");
  expect_fails(nai_trainer_rate(NULL, trainer, "E", "E"), NAI_ERR_INVALID, "factor is NULL");
  expect_fails(nai_trainer_rate(&factor, NULL, "E", "E"), NAI_ERR_INVALID, "trainer is NULL");
  expect_all_ones(trainer);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

START_TEST(rules_without_an_optimizer)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_rule *rule;
  expect_ok(nai_rule_create_force(&rule));
  nai_trainer *trainer = trainer_of(net, rule, plain_descent(0.1));
  expect_fails(nai_trainer_set_rate(trainer, "E", "real", 0.5), NAI_ERR_UNSUPPORTED,
               "rule 'force' changes weights without an optimiser");
  expect_all_ones(trainer);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

START_TEST(without_memory)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_trainer *trainer = train(net, bptt_rule(), plain_descent(0.1));
  faults_fail_allocation(0);
  nai_status status = nai_trainer_set_rate(trainer, "E", "E", 0.5);
  faults_fail_allocation(-1);
  ck_assert_int_eq(status, NAI_ERR_MEMORY);
  expect_all_ones(trainer);
  expect_ok(nai_trainer_set_rate(trainer, "E", "E", 0.5));
  nai_trials *trials = trials_for_everything(net, 1);
  for (int k = 0; k < 2; k++) expect_ok(nai_trainer_step(NULL, trainer, trials));
  long before = faults_allocations();
  expect_ok(nai_trainer_set_rate(trainer, "I", "E", 0.5));
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  ck_assert_int_eq(faults_allocations(), before);
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

Suite *rates_suite(void);

Suite *rates_suite(void)
{
  Suite *suite = suite_create("rates");
  TCase *each = tcase_create("optimisers");
  tcase_add_loop_test(each, a_factor_on_all_is_another_rate, 0, OPTIMIZERS);
  tcase_add_loop_test(each, each_projection_and_bias_has_its_own, 0, OPTIMIZERS);
  tcase_add_loop_test(each, initial_states_are_left_alone, 0, OPTIMIZERS);
  suite_add_tcase(suite, each);
  ADD_CASE(suite, "factors", factors_can_be_read, clipping_sees_the_whole_gradient,
           an_agent_in_the_middle_of_a_trial);
  ADD_CASE(suite, "refused", factors_that_are_refused, rules_without_an_optimizer, without_memory);
  return suite;
}
