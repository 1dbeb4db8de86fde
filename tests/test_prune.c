/* Synapses and units that are pruned: absent from then on, in training, copies, files and checkpoints. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/network/network.h"
#include "../lib/train/trainer.h"
#include "faults.h"
#include "listed.h"
#include "networks.h"
#include "rules.h"
#include "states.h"

enum { STEPS = 12, MOST = 4000 };

static int64_t count_of(const nai_network *net, const char *from, const char *to)
{
  int64_t n;
  expect_ok(nai_network_synapses(NULL, 0, &n, net, from, to));
  return n;
}

/* --- which ------------------------------------------------------------------------------------ */

enum { MATRIX, LIST, SHARED, SPIKES, STORAGES };

static nai_network *build(int storage)
{
  static const int32_t kinds[] = {NAI_STORAGE_DENSE, NAI_STORAGE_LISTED, NAI_STORAGE_SHARED,
                                  NAI_STORAGE_LISTED};
  nai_network *net = COMPOSE(.dt = 1, .inputs = {{"u", 3}},
                             .populations = {{"E", 40, NAI_EXCITATORY}, {"I", 30, NAI_INHIBITORY}},
                             .outputs = {{"z", 2}});
  nai_constraint *few;
  if (storage == SPIKES) {
    expect_ok(nai_network_set_model(net, "E I", "lif"));
    expect_ok(nai_network_set(net, "E", "background", 9000));
    expect_ok(nai_network_set(net, "E", "background_weight", 1));
  }
  expect_ok(nai_network_connect(net, "u", "E"));
  expect_ok(nai_network_connect(net, "E I", "E I"));
  expect_ok(nai_network_connect(net, "E", "z"));
  if (storage == SPIKES) {
    expect_ok(nai_network_set_initial_weights(net, "u E", "*", NAI_WEIGHTS_UNIFORM, 0, 0.5));
    expect_ok(nai_network_set_initial_weights(net, "I", "*", NAI_WEIGHTS_UNIFORM, -0.5, 0));
  }
  if (storage == SHARED || storage == SPIKES) {
    expect_ok(nai_network_set_initial_weights(net, "E", "I", NAI_WEIGHTS_CONSTANT,
                                              storage == SPIKES ? 3 : 0.02, 0));
    expect_ok(nai_network_set_plastic(net, "E", "I", 0));
  }
  if (storage != SHARED) constrain_by(net, "E", "I", nai_constraint_create_sparse(&few, 0.6), &few);
  expect_ok(nai_network_set_storage(net, "E", "I", kinds[storage]));
  expect_ok(nai_network_build(net, 5));
  return net;
}

/* Rates of both populations with a constant input, summed over some steps. */
static void run(float *out, const nai_network *net, const nai_intervention *i)
{
  const float u[] = {1, -1, 0.5f};
  nai_state *state = make_state(net, 1, 3);
  if (i) expect_ok(nai_state_intervene(state, i, 1));
  memset(out, 0, 70 * sizeof *out);
  for (int t = 0; t < 60; t++) {
    expect_ok(nai_state_step(NULL, state, u));
    for (int k = 0; k < 40; k++) out[k] += rate_of(state, "E", 0, k);
    for (int k = 0; k < 30; k++) out[40 + k] += rate_of(state, "I", 0, k);
  }
  nai_state_destroy(state);
}

static void expect_near(const float *a, const float *b)
{
  for (int k = 0; k < 70; k++)
    ck_assert_float_eq_tol(a[k], b[k], 2e-4f); /* chains of 60 steps, summed */
}

/* What is pruned is what an intervention with the same fraction and seed cuts. */
START_TEST(those_that_interventions_cut)
{
  for (int storage = 0; storage < STORAGES; storage++) {
    float whole[70], cut[70], pruned[70], loaded[70];
    nai_network *net = build(storage), *copy, *again;
    const int64_t n = count_of(net, "E", "I"), others = count_of(net, "*", "*") - n;
    nai_intervention i = NAI_INTERVENTION_INIT;
    i.kind = NAI_SCALE_SYNAPSES;
    i.names = "E";
    i.to = "I";
    i.fraction = 0.4;
    i.seed = 8;
    run(whole, net, NULL);
    run(cut, net, &i);
    expect_ok(nai_network_prune(net, "E", "I", 0.4, 8));
    ck_assert_int_eq(count_of(net, "E", "I"), n - (int64_t)floor(0.4 * (double)n + 0.5));
    ck_assert_int_eq(count_of(net, "*", "*") - count_of(net, "E", "I"), others);
    run(pruned, net, NULL);
    expect_near(cut, pruned);
    EXPECT(memcmp(whole, pruned, sizeof whole) != 0);
    expect_ok(nai_network_copy(&copy, net));
    run(loaded, copy, NULL);
    EXPECT(memcmp(loaded, pruned, sizeof pruned) == 0 && hash_of(copy) == hash_of(net));
    char folder[256], path[300];
    checks_folder(folder);
    snprintf(path, sizeof path, "%s/pruned.safetensors", folder);
    expect_ok(nai_network_save(net, path));
    expect_ok(nai_network_load(&again, path, NULL));
    run(loaded, again, NULL);
    expect_near(loaded, pruned);
    ck_assert_int_eq(count_of(again, "E", "I"), count_of(net, "E", "I"));
    remove(path);
    remove(folder);
    expect_ok(nai_network_prune(net, "E", "I", 1, 0));
    ck_assert_int_eq(count_of(net, "E", "I"), 0);
    nai_network_destroy(again);
    nai_network_destroy(copy);
    nai_network_destroy(net);
  }
}
END_TEST

/* By hand: of weights 3, -1, 0.5, -2 half are the third and the second. */
START_TEST(the_smallest_ones)
{
  nai_network *net = COMPOSE(.dt = 10, .inputs = {{"u", 2}}, .populations = {{"a", 2, NAI_FREE}},
                             .projections = {{"u", "a"}});
  expect_ok(nai_network_build(net, 1));
  expect_ok(nai_network_set_weights(net, "u", "a", (float[]){3, -1, 0.5f, -2}, 2, 2));
  expect_ok(nai_network_prune_smallest(net, "u", "a", 0.5));
  nai_view w = weights_of(net, "u", "a"), m = mask_of(net, "u", "a"), p = plastic_of(net, "u", "a");
  static const float left[] = {3, 0, 0, -2};
  for (int k = 0; k < 4; k++) {
    EXPECT(at(&w, k / 2, k % 2) == left[k]);
    EXPECT((at(&m, k / 2, k % 2) != 0) == (left[k] != 0) &&
           at(&p, k / 2, k % 2) == at(&m, k / 2, k % 2));
  }
  expect_ok(nai_network_prune_smallest(net, "u", "a", 0.5)); /* of those that are left */
  EXPECT(at(&w, 1, 1) == 0 && at(&w, 0, 0) == 3);
  nai_network_destroy(net);
  net = build(LIST);
  const int64_t n = count_of(net, "E", "I");
  float before[MOST], after[MOST], largest = 0, least = INFINITY;
  nai_synapse_arrays arrays = {.struct_size = sizeof arrays, .weight = before};
  int64_t count;
  expect_ok(nai_network_synapses(&arrays, MOST, &count, net, "E", "I"));
  expect_ok(nai_network_prune_smallest(net, "E", "I", 0.25));
  arrays.weight = after;
  expect_ok(nai_network_synapses(&arrays, MOST, &count, net, "E", "I"));
  ck_assert_int_eq(count, n - (n + 2) / 4);
  for (int64_t k = 0; k < count; k++) least = fminf(least, fabsf(after[k]));
  int64_t below = 0;
  for (int64_t k = 0; k < n; k++) below += fabsf(before[k]) < least;
  for (int64_t k = 0; k < n; k++)
    if (fabsf(before[k]) < least) largest = fmaxf(largest, fabsf(before[k]));
  EXPECT(largest <= least && below <= n - count);
  nai_network_destroy(net);
}
END_TEST

/* Units that are pruned are those that are silenced with the same fraction and seed; they go on by themselves. */
START_TEST(units_and_all_their_synapses)
{
  float silent[70], pruned[70], whole[70];
  nai_network *net = build(MATRIX);
  nai_intervention i = NAI_INTERVENTION_INIT;
  i.names = "E";
  i.fraction = 0.25;
  i.seed = 2;
  run(whole, net, NULL);
  i.start = -1;
  run(silent, net, &i);
  expect_ok(nai_network_prune_units(net, "E", NULL, NAI_ALL_UNITS, 0.25, 2));
  run(pruned, net, NULL);
  int apart = 0;
  nai_view onto = mask_of(net, "u", "E"), from = mask_of(net, "E", "E"),
           out = mask_of(net, "E", "z");
  for (int k = 0; k < 40; k++) {
    int synapses = 0;
    for (int j = 0; j < 3; j++) synapses += at(&onto, k, j) != 0;
    for (int j = 0; j < 40; j++) synapses += (at(&from, k, j) != 0) + (at(&from, j, k) != 0);
    for (int j = 0; j < 2; j++) synapses += at(&out, j, k) != 0;
    apart += synapses == 0;
    EXPECT((synapses == 0) == (silent[k] == 0 && whole[k] != 0) || whole[k] == 0);
    if (synapses) ck_assert_float_eq_tol(pruned[k], silent[k], 2e-4f);
  }
  ck_assert_int_eq(apart, 10);
  for (int k = 40; k < 70; k++) ck_assert_float_eq_tol(pruned[k], silent[k], 2e-4f);
  expect_ok(nai_network_prune_units(net, "I", (int64_t[]){0, 7}, 2, 1, 0));
  nai_view row = mask_of(net, "E", "I");
  for (int j = 0; j < 40; j++) EXPECT(at(&row, 0, j) == 0 && at(&row, 7, j) == 0);
  nai_network_destroy(net);
}
END_TEST

/* --- kept ------------------------------------------------------------------------------------- */

static void expect_absent(const nai_network *net, const uint8_t *gone)
{
  for (int64_t k = 0; k < net->unit_bias; k++)
    if (gone[k]) EXPECT(net->theta[k] == 0 && net->exists[k] == 0 && net->plastic[k] == 0);
}

/* A trainer that was there before, whose moments remember them, and its checkpoint. */
START_TEST(trainers_that_exist_keep_them_away)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_network *copy;
  nai_trials *trials = trials_for_everything(net, 3);
  nai_optimizer *adam;
  nai_rule *bptt;
  nai_cost *c;
  expect_ok(nai_optimizer_create_adam(&adam, 0.05));
  expect_ok(nai_rule_create_bptt(&bptt));
  nai_trainer *trainer = trainer_of(net, bptt, adam), *loaded;
  attach_cost(trainer, nai_cost_create_mse(&c, "real"), &c, 1);
  for (int k = 0; k < 4; k++) expect_ok(nai_trainer_step(NULL, trainer, trials));
  char folder[256], path[300], old[300];
  checks_folder(folder);
  snprintf(path, sizeof path, "%s/pruned.checkpoint", folder);
  snprintf(old, sizeof old, "%s/whole.checkpoint", folder);
  expect_ok(nai_trainer_save(trainer, old));
  uint8_t *gone = calloc((size_t)net->n_theta, 1), *before = malloc((size_t)net->n_theta);
  memcpy(before, net->exists, (size_t)net->n_theta);
  expect_ok(nai_network_prune(net, "*", "*", 0.5, 1));
  expect_fails(nai_trainer_restore(trainer, old), NAI_ERR_INVALID, "is not as it is here");
  int64_t n = 0;
  for (int64_t k = 0; k < net->unit_bias; k++) n += gone[k] = before[k] && !net->exists[k];
  ck_assert_int_gt(n, 50);
  float *theta = malloc((size_t)net->n_theta * sizeof *theta);
  memcpy(theta, net->theta, (size_t)net->n_theta * sizeof *theta);
  for (int k = 0; k < 3; k++) expect_ok(nai_trainer_step(NULL, trainer, trials));
  EXPECT(memcmp(theta, net->theta, (size_t)net->n_theta * sizeof *theta) != 0);
  expect_absent(net, gone);
  expect_ok(nai_trainer_save(trainer, path));
  expect_ok(nai_network_copy(&copy, net));
  expect_ok(nai_rule_create_bptt(&bptt));
  expect_ok(nai_optimizer_create_adam(&adam, 0.05));
  loaded = trainer_of(copy, bptt, adam);
  attach_cost(loaded, nai_cost_create_mse(&c, "real"), &c, 1);
  expect_ok(nai_trainer_restore(loaded, path));
  for (int k = 0; k < 3; k++) {
    expect_ok(nai_trainer_step(NULL, trainer, trials));
    expect_ok(nai_trainer_step(NULL, loaded, trials));
  }
  expect_absent(loaded->plasticity.net, gone);
  for (int64_t k = 0; k < net->n_theta; k++)
    ck_assert_float_eq_tol(net->theta[k], loaded->plasticity.net->theta[k], 1e-5f);
  remove(old);
  remove(path);
  remove(folder);
  free(theta);
  free(before);
  free(gone);
  nai_trainer_destroy(loaded);
  nai_network_destroy(copy);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

static float *gradient_of(nai_trainer *trainer, const nai_trials *trials)
{
  const size_t bytes = (size_t)trainer->plasticity.net->n_theta * sizeof(float);
  float *gradient = malloc(bytes);
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
  memcpy(gradient, trainer->plasticity.gradient, bytes);
  return gradient;
}

static const char *const with_feedback[] = {"feedback_alignment", "kolen_pollack", "weight_mirror",
                                            "eprop_adaptive"};

/* No error comes back by what is gone: as of a trainer that is made afterwards, by the same feedback. */
START_TEST(feedback_goes_with_its_synapses)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL), *copy;
  nai_trials *trials = trials_for_everything(net, 3);
  const size_t bytes = (size_t)net->n_theta * sizeof(float);
  nai_trainer *trainer = train_everything_by(net, rule_named(with_feedback[_i], 5));
  const float *feedback = trainer->plasticity.learner->feedback.weight;
  free(gradient_of(trainer, trials));
  expect_ok(nai_network_prune(net, "*", "*", 0.5, 1));
  expect_ok(nai_network_copy(&copy, net));
  nai_trainer *later = train_everything_by(copy, rule_named(with_feedback[_i], 5));
  float *kept = malloc(bytes), *gradient = gradient_of(trainer, trials);
  memcpy(kept, feedback, bytes);
  for (int64_t k = 0; k < net->unit_bias; k++) EXPECT(net->exists[k] != 0 || feedback[k] == 0);
  memcpy(later->plasticity.learner->feedback.weight, kept, bytes);
  nai__learner_refresh(later->plasticity.learner);
  float *expected = gradient_of(later, trials);
  double largest = 0;
  for (int64_t k = 0; k < net->n_theta; k++) largest = fmax(largest, fabs((double)expected[k]));
  for (int64_t k = 0; k < net->n_theta; k++)
    ck_assert_double_eq_tol((double)gradient[k], (double)expected[k], 1e-5 * largest);
  free(expected);
  free(gradient);
  free(kept);
  nai_trainer_destroy(later);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(copy);
  nai_network_destroy(net);
}
END_TEST

/* A list of spiking senders that begins to learn is read in another order: so is its feedback. */
START_TEST(feedback_of_what_begins_to_learn)
{
  nai_network *net = build(SPIKES);
  nai_trials *trials = normal_trials(net, "z", 6, 3);
  nai_cost *c;
  nai_trainer *trainer = trainer_of(net, rule_named(with_feedback[_i], 1), plain_descent(0));
  attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 1);
  float *before = gradient_of(trainer, trials);
  expect_ok(nai_network_set_plastic(net, "E", "I", 1));
  float *after = gradient_of(trainer, trials);
  double largest = 0;
  for (int64_t k = net->unit_bias; k < net->n_theta; k++) {
    largest = fmax(largest, fabs((double)before[k]));
    ck_assert_float_eq_tol(before[k], after[k], 1e-5F);
  }
  EXPECT(largest > 1e-3);
  free(before);
  free(after);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* Forty steps of an animal whose readout is a list, which begins to learn before or after the agent is made. */
static float *gradient_within(nai_network *net, int after)
{
  const float u[3] = {1, -1, 0.5F}, target[2] = {3, -3};
  nai_experience now = NAI_EXPERIENCE_INIT;
  nai_rule *rule = rule_named("eprop_adaptive", 1);
  nai_cost *c;
  nai_agent *agent;
  nai_view view = NAI_VIEW_INIT;
  expect_ok(nai_rule_set(rule, "update_every", 5));
  expect_ok(nai_rule_set(rule, "decay", 0));
  if (!after) expect_ok(nai_network_set_plastic(net, "E", "z", 1));
  nai_trainer *trainer = trainer_of(net, rule, adam(1e-9));
  attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 1);
  expect_ok(nai_agent_create(&agent, trainer));
  now.input = u;
  now.target = target;
  expect_ok(nai_agent_step(NULL, agent, &now));
  expect_ok(nai_agent_rest(agent));
  if (after) expect_ok(nai_network_set_plastic(net, "E", "z", 1));
  for (int t = 0; t < 39; t++) expect_ok(nai_agent_step(NULL, agent, &now));
  expect_ok(nai_agent_gradient(&view, agent, "E", "E"));
  float *gradient = malloc(1600 * sizeof *gradient);
  for (int64_t i = 0; i < 1600; i++)
    gradient[i] = *(const float *)((const char *)view.data + i / 40 * view.stride[0] +
                                   i % 40 * view.stride[1]);
  nai_agent_destroy(agent);
  nai_trainer_destroy(trainer);
  return gradient;
}

static nai_network *read_by_a_list(void)
{
  nai_network *net = COMPOSE(.dt = 1, .inputs = {{"u", 3}},
                             .populations = {{"E", 40, NAI_EXCITATORY}}, .outputs = {{"z", 2}});
  nai_constraint *few;
  expect_ok(nai_network_set_model(net, "E", "lif"));
  expect_ok(nai_network_connect(net, "u E", "E"));
  expect_ok(nai_network_connect(net, "E", "z"));
  expect_ok(nai_network_set(net, "E", "background", 9000));
  expect_ok(nai_network_set(net, "E", "background_weight", 1));
  expect_ok(nai_network_set_initial_weights(net, "*", "*", NAI_WEIGHTS_UNIFORM, 0, 0.5));
  constrain_by(net, "E", "z", nai_constraint_create_sparse(&few, 0.6), &few);
  expect_ok(nai_network_set_storage(net, "E", "z", NAI_STORAGE_LISTED));
  expect_ok(nai_network_set_plastic(net, "E", "z", 0));
  expect_ok(nai_network_build(net, 5));
  return net;
}

START_TEST(feedback_within_trials_of_what_begins_to_learn)
{
  nai_network *net[2] = {read_by_a_list(), read_by_a_list()};
  float *before = gradient_within(net[0], 0), *after = gradient_within(net[1], 1);
  double largest = 0;
  for (int i = 0; i < 1600; i++) largest = fmax(largest, fabs((double)before[i]));
  EXPECT(largest > 1e-6);
  for (int i = 0; i < 1600; i++)
    EXPECT(fabs((double)before[i] - (double)after[i]) <= 1e-5 * largest);
  free(before);
  free(after);
  nai_network_destroy(net[0]);
  nai_network_destroy(net[1]);
}
END_TEST

/* One weight for all becomes many: errors come back by these, of a trainer that was there before, too. */
START_TEST(errors_come_back_by_what_is_left)
{
  static const char *const rules[] = {"bptt", "eprop_symmetric", "snap1"};
  nai_network *net = build(SHARED), *copy;
  nai_trials *trials = normal_trials(net, "z", 4, 3);
  nai_cost *c;
  nai_trainer *trainer = trainer_of(net, rule_named(rules[_i], 1), plain_descent(0)), *later;
  attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 1);
  free(gradient_of(trainer, trials));
  expect_ok(nai_network_prune(net, "E", "I", 0.5, 1));
  expect_ok(nai_network_copy(&copy, net));
  later = trainer_of(copy, rule_named(rules[_i], 1), plain_descent(0));
  attach_cost(later, nai_cost_create_mse(&c, "z"), &c, 1);
  float *gradient = gradient_of(trainer, trials), *expected = gradient_of(later, trials);
  for (int64_t k = 0; k < net->n_theta; k++)
    ck_assert_float_eq_tol(gradient[k], expected[k], 1e-5F);
  free(expected);
  free(gradient);
  nai_trainer_destroy(later);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(copy);
  nai_network_destroy(net);
}
END_TEST

/* Of an agent that learns in one pass, in the middle of its trial. */
START_TEST(agents_that_exist_keep_them_away)
{
  nai_network *net = COMPOSE(.dt = 10, .inputs = {{"u", 2}}, .populations = {{"a", 9, NAI_FREE}},
                             .outputs = {{"z", 2}}, .projections = {{"u a", "a"}, {"a", "z"}});
  expect_ok(nai_network_build(net, 5));
  nai_rule *rule;
  nai_cost *c;
  nai_agent *agent;
  expect_ok(nai_rule_create_rflo(&rule, 3));
  nai_trainer *trainer = trainer_of(net, rule, plain_descent(0.1));
  attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 1);
  expect_ok(nai_agent_create(&agent, trainer));
  uint8_t *gone = calloc((size_t)net->n_theta, 1), *before = malloc((size_t)net->n_theta);
  memcpy(before, net->exists, (size_t)net->n_theta);
  nai_experience now = NAI_EXPERIENCE_INIT;
  now.input = (const float[]){1, -1};
  now.target = (const float[]){0.5f, 0.5f};
  for (int t = 0; t < STEPS; t++) {
    expect_ok(nai_agent_step(NULL, agent, &now));
    if (t != 4) continue;
    expect_ok(nai_agent_rest(agent));
    expect_ok(nai_network_prune(net, "*", "*", 0.4, 3));
    for (int64_t k = 0; k < net->unit_bias; k++) gone[k] = before[k] && !net->exists[k];
  }
  EXPECT(memchr(gone, 1, (size_t)net->unit_bias) != NULL);
  expect_absent(net, gone);
  free(before);
  free(gone);
  nai_agent_destroy(agent);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* --- what is refused -------------------------------------------------------------------------- */

START_TEST(what_cannot_be_pruned)
{
  static const int64_t outside[] = {40}, twice[] = {1, 1};
  nai_network *net = build(MATRIX), *unbuilt = compose_ei(4, 2);
  const uint64_t hash = hash_of(net);
  expect_fails(nai_network_prune(NULL, "E", "I", 1, 0), NAI_ERR_INVALID, "net is NULL");
  expect_fails(nai_network_prune(unbuilt, "E", "I", 1, 0), NAI_ERR_ORDER, "net");
  expect_fails(nai_network_prune(net, NULL, "I", 1, 0), NAI_ERR_INVALID, "from is NULL");
  expect_fails(nai_network_prune(net, "E", NULL, 1, 0), NAI_ERR_INVALID, "to is NULL");
  expect_fails(nai_network_prune(net, "E", "X", 1, 0), NAI_ERR_NAME, "to: nothing is called 'X'");
  expect_fails(nai_network_prune(net, "u", "I", 1, 0), NAI_ERR_NAME, "'u'");
  expect_fails(nai_network_prune(net, "E", "I", 0, 0), NAI_ERR_INVALID,
               "fraction is 0, must be above 0 and at most 1");
  expect_fails(nai_network_prune(net, "E", "I", NAN, 0), NAI_ERR_INVALID, "fraction is nan");
  expect_fails(nai_network_prune(net, "*", "*", 1e-3, 0), NAI_ERR_INVALID, "which is none of the");
  expect_fails(nai_network_prune_smallest(net, "E", "I", 2), NAI_ERR_INVALID, "fraction is 2");
  expect_fails(nai_network_prune_smallest(net, "*", "*", 1e-3), NAI_ERR_INVALID, "which is none");
  expect_fails(nai_network_prune_units(net, "u", NULL, -1, 1, 0), NAI_ERR_NAME, "'u'");
  expect_fails(nai_network_prune_units(net, NULL, NULL, -1, 1, 0), NAI_ERR_INVALID,
               "names is NULL");
  expect_fails(nai_network_prune_units(net, "E", outside, 1, 1, 0), NAI_ERR_INVALID,
               "units[0] is 40, must be 0 to 39");
  expect_fails(nai_network_prune_units(net, "E", twice, 2, 1, 0), NAI_ERR_INVALID, "given before");
  expect_fails(nai_network_prune_units(net, "E", NULL, 2, 1, 0), NAI_ERR_INVALID, "units is NULL");
  expect_fails(nai_network_prune_units(net, "E", NULL, -1, 0, 0), NAI_ERR_INVALID, "fraction is 0");
  expect_fails(nai_network_prune_units(net, "E", NULL, -1, 0.001, 0), NAI_ERR_INVALID,
               "none of the 40 units of 'E'");
  EXPECT(hash_of(net) == hash);
  nai_network_destroy(unbuilt);
  nai_network_destroy(net);
}
END_TEST

/* Within an update, whose failure would bring weights back. */
static nai_status prune_meanwhile(void *user, nai_synapses *s)
{
  (void)s;
  nai_network **net = user;
  if (*net) expect_fails(nai_network_prune(*net, "*", "*", 1, 0), NAI_ERR_ORDER, "the network");
  return NAI_OK;
}

START_TEST(not_during_an_update)
{
  nai_network *theirs = NULL, *net = compose_ei(6, 3);
  const nai_constraint_ops ops = {
      .struct_size = sizeof ops, .name = "meanwhile", .project = prune_meanwhile};
  nai_constraint *constraint;
  constrain_by(net, "E", "E", nai_constraint_create(&constraint, &ops, &theirs), &constraint);
  expect_ok(nai_network_build(net, 1));
  nai_rule *bptt;
  nai_cost *c;
  expect_ok(nai_rule_create_bptt(&bptt));
  nai_trainer *trainer = trainer_of(net, bptt, plain_descent(0.1));
  attach_cost(trainer, nai_cost_create_mse(&c, "choice"), &c, 1);
  nai_trials *trials = normal_trials(net, "choice", STEPS, 2);
  theirs = net;
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  ck_assert_int_eq(count_of(net, "I", "E"), 18);
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

static void prune_without_memory(int storage, int what)
{
  nai_network *net = build(storage);
  const uint64_t hash = hash_of(net);
  long good = 0;
  for (int done = 0; !done; good++) {
    faults_fail_allocation(good);
    nai_status status = what == 0   ? nai_network_prune(net, "E", "*", 0.5, 1)
                        : what == 1 ? nai_network_prune_smallest(net, "E", "*", 0.5)
                                    : nai_network_prune_units(net, "E I", NULL, -1, 0.5, 1);
    faults_fail_allocation(-1);
    done = status == NAI_OK;
    if (!done) ck_assert_int_eq(status, NAI_ERR_MEMORY);
    EXPECT((hash_of(net) == hash) == !done);
  }
  ck_assert_int_gt(good, 5);
  nai_network_destroy(net);
}

START_TEST(without_memory_all_stay)
{
  for (int what = 0; what < 3; what++) {
    prune_without_memory(MATRIX, what);
    prune_without_memory(SPIKES, what);
    prune_without_memory(SHARED, what);
  }
}
END_TEST

Suite *prune_suite(void);

Suite *prune_suite(void)
{
  Suite *suite = suite_create("prune");
  ADD_CASE(suite, "which", those_that_interventions_cut, the_smallest_ones,
           units_and_all_their_synapses);
  ADD_CASE(suite, "kept", trainers_that_exist_keep_them_away, agents_that_exist_keep_them_away);
  TCase *feedback = tcase_create("feedback");
  suite_add_tcase(suite, feedback);
  tcase_add_loop_test(feedback, feedback_goes_with_its_synapses, 0, 4);
  tcase_add_loop_test(feedback, errors_come_back_by_what_is_left, 0, 3);
  tcase_add_loop_test(feedback, feedback_of_what_begins_to_learn, 0, 2);
  tcase_add_test(feedback, feedback_within_trials_of_what_begins_to_learn);
  ADD_CASE(suite, "refused", what_cannot_be_pruned, not_during_an_update, without_memory_all_stay);
  return suite;
}
