/*
 * Rules on units of every model: what they learn step by step against what they say of a whole trial,
 * and which rules take which models.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* An update at every step, of one thread or two, in one go or from a checkpoint: the same bits. */
START_TEST(updates_within_trials_keep_their_bits)
{
  const char *rule = live_rules[_i];
  char folder[256], path[300];
  checks_folder(folder);
  snprintf(path, sizeof path, "%s/trainer.safetensors", folder);
  uint64_t hash[3];
  for (int k = 0; k < 3; k++) {
    nai_network *net = build_areas("subtractive", 0);
    nai_trials *trials = trials_for_areas(net, 3);
    uint64_t before = hash_of(net);
    nai_trainer *trainer = train(net, rule, 2, 1e-2);
    expect_ok(nai_trainer_set(trainer, "threads", k == 1 ? 2 : 1));
    if (k == 2) expect_ok(nai_trainer_restore(trainer, path));
    for (int update = k == 2 ? 2 : 0; update < 5; update++) {
      if (update == 2 && k == 0) expect_ok(nai_trainer_save(trainer, path));
      expect_ok(nai_trainer_step(NULL, trainer, trials));
    }
    hash[k] = hash_of(net);
    EXPECT(hash[k] != before);
    nai_trainer_destroy(trainer);
    nai_trials_destroy(trials);
    nai_network_destroy(net);
  }
  EXPECT(hash[0] == hash[1] && hash[0] == hash[2]);
  unlink(path);
  rmdir(folder);
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

Suite *model_rules_suite(void);

Suite *model_rules_suite(void)
{
  Suite *suite = suite_create("model_rules");
  TCase *live = tcase_create("within a trial");
  tcase_add_loop_test(live, steps_add_up_to_the_batch, 0, KINDS * LIVE_RULES);
  tcase_add_loop_test(live, updates_within_trials_keep_their_bits, 0, LIVE_RULES);
  tcase_add_loop_test(live, agents_learn, 0, 2);
  suite_add_tcase(suite, live);
  ADD_CASE(suite, "memory", agents_without_memory);
  return suite;
}
