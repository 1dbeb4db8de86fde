/*
 * Outputs with a memory (docs/equations.md, "Units"): what they hold, that it is part of a state and
 * of a model file, who refuses them. Gradients through them: tests/rules.c and the suites of rules.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "networks.h"
#include "rules.h"
#include "states.h"

#define DT 10.0

enum { UNITS = 4, OUTPUTS = 3, STEPS = 12, TRIALS = 19 };

static const double time_constants[OUTPUTS] = {30, 0, 5}, gains[OUTPUTS] = {0.5, 1, 2};

/* Noisy units "A" and "B", the second read late, output "z". Built. */
static nai_network *build_readers(void)
{
  nai_network *net =
      COMPOSE(.dt = DT, .inputs = {{"u", 2}},
              .populations = {{"A", UNITS, NAI_FREE}, {"B", UNITS, NAI_FREE}},
              .outputs = {{"y", 2}, {"z", OUTPUTS}},
              .projections = {{"u", "A B"}, {"A B", "A B"}, {"A B", "z"}, {"A", "y"}});
  expect_ok(nai_network_set(net, "A B", "noise", 0.3));
  expect_ok(nai_network_set_transfer(net, "A B", NAI_TRANSFER_TANH));
  expect_ok(nai_network_set(net, "z", "bias", 0.25));
  expect_ok(nai_network_set_delay(net, "B", "z", 2 * DT));
  expect_ok(nai_network_build(net, 3));
  return net;
}

static void remember(nai_network *net)
{
  expect_ok(nai_network_set_each(net, "z", "tau", time_constants, OUTPUTS));
  expect_ok(nai_network_set_each(net, "z", "gain", gains, OUTPUTS));
}

/* Outputs [steps][trials][2 + OUTPUTS] of a state from its beginning, to be freed. */
static float *outputs_from(const nai_network *net, int64_t trials, uint64_t first)
{
  float *z = malloc((size_t)(STEPS * trials * (2 + OUTPUTS)) * sizeof *z);
  nai_state *state = make_state(net, trials, 5);
  expect_ok(nai_state_set_first(state, first));
  expect_ok(nai_state_run(z, NULL, state, STEPS, NULL));
  nai_state_destroy(state);
  return z;
}

/* Targets of 0 for "z". */
static nai_trials *make_trials(const nai_network *net, int64_t steps, int64_t n)
{
  static const float nothing[STEPS * TRIALS * OUTPUTS];
  nai_trials *trials;
  expect_ok(nai_trials_create(&trials, net, steps, n));
  expect_ok(nai_trials_set_targets(trials, "z", nothing, OUTPUTS));
  return trials;
}

/* --- by hand ---------------------------------------------------------------------------------- */

/* z = b + y, y_t = exp(-dt / tau) y_(t-1) + gain W r_t, from what the same outputs are without it. */
START_TEST(outputs_hold_what_they_received)
{
  nai_network *net = build_readers();
  float *plain = outputs_from(net, 2, 0);
  remember(net);
  float *held = outputs_from(net, 2, 0);
  double y[2][OUTPUTS] = {{0}};
  for (int t = 0; t < STEPS; t++)
    for (int b = 0; b < 2; b++) {
      const float *was = plain + (t * 2 + b) * (2 + OUTPUTS),
                  *is = held + (t * 2 + b) * (2 + OUTPUTS);
      EXPECT(memcmp(was, is, 2 * sizeof *was) == 0); /* the other output */
      for (int o = 0; o < OUTPUTS; o++) {
        double kept = time_constants[o] > 0 ? exp(-DT / time_constants[o]) : 0;
        y[b][o] = kept * y[b][o] + gains[o] * ((double)was[2 + o] - 0.25);
        ck_assert_double_lt(fabs((double)is[2 + o] - 0.25 - y[b][o]), 2e-6);
      }
    }
  free(plain);
  free(held);
  nai_network_destroy(net);
}
END_TEST

/* A time constant of 0 and a gain of 1 said aloud change no bit. */
START_TEST(no_memory_is_no_memory)
{
  nai_network *net = build_readers();
  float *before = outputs_from(net, 3, 0);
  remember(net);
  expect_ok(nai_network_set(net, "z", "tau", 0));
  expect_ok(nai_network_set(net, "z", "gain", 1));
  float *after = outputs_from(net, 3, 0);
  EXPECT(memcmp(before, after, STEPS * 3 * (2 + OUTPUTS) * sizeof *before) == 0);
  free(before);
  free(after);
  nai_network_destroy(net);
}
END_TEST

/* Bits do not depend on the trials beside it. */
START_TEST(each_trial_has_its_own)
{
  nai_network *net = build_readers();
  remember(net);
  float *all = outputs_from(net, TRIALS, 0);
  for (int64_t b = 0; b < TRIALS; b++) {
    float *one = outputs_from(net, 1, (uint64_t)b);
    for (int64_t t = 0; t < STEPS; t++)
      EXPECT(memcmp(one + t * (2 + OUTPUTS), all + (t * TRIALS + b) * (2 + OUTPUTS),
                    (2 + OUTPUTS) * sizeof *one) == 0);
    free(one);
  }
  free(all);
  nai_network_destroy(net);
}
END_TEST

/* --- states, batches, files ------------------------------------------------------------------- */

START_TEST(a_snapshot_has_it)
{
  nai_network *net = build_readers();
  remember(net);
  nai_state *state = make_state(net, 2, 5), *other = make_state(net, 2, 6);
  float a[5 * 2 * (2 + OUTPUTS)], b[5 * 2 * (2 + OUTPUTS)];
  expect_ok(nai_state_run(NULL, NULL, state, 9, NULL));
  expect_ok(nai_state_run(NULL, NULL, other, 4, NULL));
  void *before = snapshot_of(state);
  expect_ok(nai_state_restore(other, before, nai_state_snapshot_size(other)));
  expect_ok(nai_state_run(a, NULL, state, 5, NULL));
  expect_ok(nai_state_run(b, NULL, other, 5, NULL));
  EXPECT(memcmp(a, b, sizeof a) == 0);
  expect_ok(nai_state_reset(other));
  expect_ok(nai_state_run(NULL, NULL, other, 9, NULL));
  expect_ok(nai_state_run(b, NULL, other, 5, NULL));
  EXPECT(memcmp(a, b, sizeof a) == 0);
  free(before);
  nai_state_destroy(state);
  nai_state_destroy(other);
  nai_network_destroy(net);
}
END_TEST

/* A trainer runs the same trials, any number of times. */
START_TEST(a_batch_has_the_outputs_of_a_state)
{
  nai_network *net = build_readers();
  remember(net);
  nai_trials *trials = make_trials(net, STEPS, TRIALS);
  nai_cost *cost;
  nai_trainer *trainer = train_by_bptt(net, 0.1);
  attach_cost(trainer, nai_cost_create_mse(&cost, "z"), &cost, 1);
  expect_ok(nai_trainer_set(trainer, "seed", 5));
  float *z = outputs_from(net, TRIALS, 0);
  for (int again = 0; again < 2; again++) {
    nai_view view = NAI_VIEW_INIT;
    expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
    expect_ok(nai_trainer_activity(&view, trainer, "z"));
    const char *ours = view.data;
    for (int64_t t = 0; t < STEPS; t++)
      for (int64_t b = 0; b < TRIALS; b++)
        EXPECT(memcmp(ours + t * view.stride[0] + b * view.stride[1],
                      z + (t * TRIALS + b) * (2 + OUTPUTS) + 2, OUTPUTS * sizeof *z) == 0);
  }
  free(z);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* 1 when the text is somewhere in the file. */
static int has_text(const char *path, const char *text)
{
  static char bytes[1 << 16];
  FILE *file = fopen(path, "rb");
  size_t n = fread(bytes, 1, sizeof bytes - 1, file), length = strlen(text);
  fclose(file);
  for (size_t i = 0; i + length <= n; i++)
    if (memcmp(bytes + i, text, length) == 0) return 1;
  return 0;
}

/* And a network without one is written as before there was any. */
START_TEST(a_model_file_has_it)
{
  char path[300], folder[256];
  checks_folder(folder);
  snprintf(path, sizeof path, "%s/outputs.safetensors", folder);
  nai_network *net = build_readers(), *loaded, *copy;
  expect_ok(nai_network_save(net, path));
  EXPECT(!has_text(path, "gain: z") && !has_text(path, "tau: z"));
  remember(net);
  expect_ok(nai_network_save(net, path));
  EXPECT(has_text(path, "gain: z") && has_text(path, "tau: z"));
  expect_ok(nai_network_load(&loaded, path, NULL));
  expect_ok(nai_network_copy(&copy, net));
  const nai_network *made[] = {loaded, copy};
  float *expected = outputs_from(net, 2, 0);
  for (int i = 0; i < 2; i++) {
    double tau[OUTPUTS], gain[OUTPUTS], none[2];
    expect_ok(nai_network_get_each(tau, OUTPUTS, made[i], "z", "tau"));
    expect_ok(nai_network_get_each(gain, OUTPUTS, made[i], "z", "gain"));
    expect_ok(nai_network_get_each(none, 2, made[i], "y", "tau"));
    EXPECT(memcmp(tau, time_constants, sizeof tau) == 0 && memcmp(gain, gains, sizeof gain) == 0);
    EXPECT(none[0] == 0 && none[1] == 0);
    float *z = outputs_from(made[i], 2, 0);
    EXPECT(memcmp(z, expected, STEPS * 2 * (2 + OUTPUTS) * sizeof *z) == 0);
    free(z);
  }
  free(expected);
  nai_network_destroy(loaded);
  nai_network_destroy(copy);
  nai_network_destroy(net);
}
END_TEST

/* --- learning --------------------------------------------------------------------------------- */

START_TEST(threads_change_no_bit)
{
  uint64_t hash[3];
  for (int threads = 1; threads <= 3; threads++) {
    nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
    remember_outputs(net);
    nai_trials *trials = any_trials_for_everything(net, 41, 2);
    nai_trainer *trainer = train_everything_by(net, bptt_rule());
    expect_ok(nai_trainer_set(trainer, "threads", threads));
    for (int k = 0; k < 3; k++) expect_ok(nai_trainer_step(NULL, trainer, trials));
    hash[threads - 1] = hash_of(net);
    nai_trainer_destroy(trainer);
    nai_trials_destroy(trials);
    nai_network_destroy(net);
  }
  EXPECT(hash[0] == hash[1] && hash[0] == hash[2]);
}
END_TEST

/* In trials of different lengths what comes after the end is no error of what was before. */
START_TEST(nothing_comes_from_beyond_the_end)
{
  nai_network *net = build_readers();
  remember(net);
  nai_cost *cost;
  nai_trainer *trainer = train_by_bptt(net, 0.1);
  attach_cost(trainer, nai_cost_create_mse(&cost, "z"), &cost, 1);
  float *gradient[2] = {NULL, NULL};
  for (int longer = 0; longer < 2; longer++) {
    nai_trials *trials = make_trials(net, longer ? STEPS : 6, 1);
    int32_t length = 6;
    expect_ok(nai_trials_set_lengths(trials, &length));
    expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
    size_t bytes = (size_t)trainer->plasticity.net->n_theta * sizeof(float);
    gradient[longer] = malloc(bytes);
    memcpy(gradient[longer], trainer->plasticity.gradient, bytes);
    nai_trials_destroy(trials);
  }
  for (int64_t i = 0; i < trainer->plasticity.net->n_theta; i++)
    ck_assert_double_lt(fabs((double)(gradient[0][i] - gradient[1][i])), 1e-6);
  free(gradient[0]);
  free(gradient[1]);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

static nai_rule *within_trials(const char *name, double update_every)
{
  nai_rule *rule = rule_named(name, 2);
  expect_ok(nai_rule_set(rule, "update_every", update_every));
  return rule;
}

static nai_trainer *train_rates(nai_network *net, nai_rule *rule)
{
  nai_cost *cost;
  nai_trainer *trainer = trainer_of(net, rule, plain_descent(1e-3));
  attach_cost(trainer, nai_cost_create_mse(&cost, "z"), &cost, 1);
  attach_cost(trainer, nai_cost_create_l2_rates(&cost, "*"), &cost, 0.1);
  return trainer;
}

static nai_network *build_rates(int32_t leak)
{
  nai_network *net =
      COMPOSE(.dt = DT, .inputs = {{"u", 2}},
              .populations = {{"A", 5, NAI_FREE}, {"B", 4, NAI_FREE}}, .outputs = {{"z", OUTPUTS}},
              .projections = {{"u", "A B"}, {"A B", "A B"}, {"A B", "z"}});
  nai_network_set_leak(net, "A", leak);
  nai_network_set_transfer(net, "A B", NAI_TRANSFER_TANH);
  nai_network_set(net, "z", "tau", 40);
  nai_network_set_each(net, "z", "gain", gains, OUTPUTS);
  expect_ok(nai_network_build(net, 3));
  return net;
}

/* Traces that are filtered as outputs do it, against errors that are filtered backwards. */
START_TEST(step_by_step_as_in_the_batch)
{
  static const char *const names[] = {"rflo", "eprop_symmetric", "eprop_adaptive"};
  for (int k = 0; k < 3; k++) {
    nai_network *net = build_rates(_i);
    nai_trials *trials = normal_trials(net, "z", STEPS, 1);
    nai_trainer *batch = train_rates(net, rule_named(names[k], 2)),
                *online = train_rates(net, within_trials(names[k], STEPS));
    double largest = 0, apart = 0;
    expect_ok(nai_trainer_estimate_gradient(NULL, batch, trials));
    expect_ok(nai_trainer_step(NULL, online, trials));
    for (int64_t i = 0; i < batch->plasticity.net->n_theta; i++) {
      double a = (double)batch->plasticity.gradient[i], b = (double)online->plasticity.gradient[i];
      largest = fmax(largest, fabs(a));
      apart = fmax(apart, fabs(a - b));
    }
    ck_assert_double_gt(largest, 1e-2);
    ck_assert_msg(apart < 1e-5 * largest, "%s is off by %g of %g", names[k], apart, largest);
    nai_trainer_destroy(batch);
    nai_trainer_destroy(online);
    nai_trials_destroy(trials);
    nai_network_destroy(net);
  }
}
END_TEST

/* --- who refuses it --------------------------------------------------------------------------- */

static const char refusal[] = "cannot learn within a trial through output 'z', which has a memory";

static nai_status make_trainer(nai_trainer **out, nai_network *net, nai_rule *rule)
{
  nai_optimizer *sgd = plain_descent(0.1);
  *out = (nai_trainer *)1;
  nai_status status = nai_trainer_create(out, net, rule, sgd, NULL);
  nai_optimizer_destroy(sgd);
  return status;
}

static nai_status full_force(nai_rule **out)
{
  return nai_rule_create_full_force(out, 1);
}

/* Rules that learn within trials: as soon as a trainer is made, whether it is a memory or a gain. */
START_TEST(trainers_that_learn_within_trials)
{
  static nai_status (*const rules[])(nai_rule **) = {nai_rule_create_force, full_force};
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
    for (int gain = 0; gain < 2; gain++) {
      nai_network *net = build_readers();
      expect_ok(nai_network_set(net, "z", gain ? "gain" : "tau", 2));
      nai_rule *rule;
      nai_trainer *trainer;
      expect_ok(rules[i](&rule));
      expect_fails(make_trainer(&trainer, net, rule), NAI_ERR_UNSUPPORTED, refusal);
      ck_assert_ptr_null(trainer);
      nai_rule_destroy(rule);
      nai_network_destroy(net);
    }
}
END_TEST

/* Rules with traces filter these, by one time constant. */
static const char different[] = "cannot learn within a trial through outputs with different "
                                "memories: tau of 'y' is 0 ms, of 'z' ";

START_TEST(memories_that_differ)
{
  nai_network *net = build_readers();
  remember(net);
  nai_rule *rule;
  nai_trainer *trainer;
  expect_ok(nai_rule_create_rflo(&rule, 1));
  expect_ok(nai_rule_set(rule, "update_every", 3));
  expect_fails(make_trainer(&trainer, net, rule), NAI_ERR_UNSUPPORTED, different);
  ck_assert_ptr_null(trainer);
  nai_rule_destroy(rule);
  nai_network_destroy(net);
}
END_TEST

START_TEST(agents)
{
  nai_network *net = build_readers();
  nai_agent *agent = (nai_agent *)1;
  nai_rule *rule;
  nai_trainer *trainer;
  nai_cost *cost;
  float output[2 + OUTPUTS];
  const nai_experience now = NAI_EXPERIENCE_INIT;
  expect_ok(nai_rule_create_rflo(&rule, 1));
  expect_ok(make_trainer(&trainer, net, rule));
  attach_cost(trainer, nai_cost_create_mse(&cost, "z"), &cost, 1);
  remember(net);
  expect_fails(nai_agent_create(&agent, trainer), NAI_ERR_UNSUPPORTED, different);
  ck_assert_ptr_null(agent);
  expect_ok(nai_network_set(net, "z", "tau", 0));
  expect_ok(nai_network_set(net, "z", "gain", 1));
  expect_ok(nai_agent_create(&agent, trainer));
  expect_ok(nai_agent_step(output, agent, &now));
  expect_ok(nai_network_set(net, "z", "tau", 20)); /* later: then a step is refused */
  expect_fails(nai_agent_step(output, agent, &now), NAI_ERR_UNSUPPORTED, different);
  expect_ok(nai_network_set(net, "y", "tau", 20)); /* it has no room for what outputs hold */
  expect_fails(nai_agent_step(output, agent, &now), NAI_ERR_UNSUPPORTED, "make another one");
  expect_ok(nai_network_set(net, "y z", "tau", 0));
  expect_ok(nai_agent_step(output, agent, &now));
  nai_agent_destroy(agent);
  nai_trainer_destroy(trainer);
  nai_rule_destroy(rule);
  nai_network_destroy(net);
}
END_TEST

START_TEST(what_is_no_time_or_gain)
{
  static const double bad[] = {-1, NAN, INFINITY, 2e9};
  nai_network *net = build_readers();
  remember(net);
  for (int i = 0; i < 4; i++) {
    expect_fails(nai_network_set(net, "z", "tau", bad[i]), NAI_ERR_INVALID, "tau of 'z'");
    expect_fails(nai_network_set(net, "z", "gain", bad[i]), NAI_ERR_INVALID, "gain of 'z'");
  }
  double tau[OUTPUTS];
  expect_ok(nai_network_get_each(tau, OUTPUTS, net, "z", "tau"));
  EXPECT(memcmp(tau, time_constants, sizeof tau) == 0);
  nai_network_destroy(net);
}
END_TEST

Suite *output_memory_suite(void);

Suite *output_memory_suite(void)
{
  Suite *suite = suite_create("output_memory");
  ADD_CASE(suite, "by hand", outputs_hold_what_they_received, no_memory_is_no_memory,
           each_trial_has_its_own);
  ADD_CASE(suite, "kept", a_snapshot_has_it, a_batch_has_the_outputs_of_a_state,
           a_model_file_has_it);
  ADD_CASE(suite, "learning", threads_change_no_bit, nothing_comes_from_beyond_the_end);
  TCase *online = tcase_create("step by step");
  tcase_add_loop_test(online, step_by_step_as_in_the_batch, 0, NAI_LEAK_WHOLE + 1);
  suite_add_tcase(suite, online);
  ADD_CASE(suite, "refused", trainers_that_learn_within_trials, memories_that_differ, agents,
           what_is_no_time_or_gain);
  return suite;
}
