/*
 * Trials of parts, and tasks that answer between them: what they see, what becomes of what they
 * write, by every way in which a batch is run.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../lib/base/memory.h"
#include "../lib/train/trainer.h"
#include "faults.h"
#include "rules.h"
#include "tasks.h"

enum { PARTS = 3, MOST_STEPS = 24, INPUTS = 2 };

/*
 * Each part asks for a class, which its first input says at its first step (1 or -1), when the
 * second one says how the last part went. After an error the class that was right stays right
 * and is shown again. Parts last 3 to 7 steps; the last one of every fifth trial has none.
 */
typedef struct game {
  int calls, fault, ragged;
  int64_t seen; /* parts that ended */
} game;

static int64_t length_of(const game *g, uint64_t k, int64_t p)
{
  if (p == PARTS - 1 && k % 5 == 4 && g->ragged) return 0;
  return g->ragged ? 3 + (int64_t)((k + 2 * (uint64_t)p) % 5) : 5;
}

static void ask_for(nai_trial_batch *batch, int64_t b, int64_t from, int64_t end, int32_t right)
{
  for (int64_t t = from; t < end; t++) {
    batch->classes[t * batch->trials + b] = right;
    batch->input[(t * batch->trials + b) * INPUTS] = t > from ? 0 : right ? 1 : -1;
    batch->mask[t * batch->trials + b] = t == end - 1;
  }
}

static nai_status game_generate(void *user, nai_trial_batch *batch)
{
  game *g = user;
  EXPECT(batch->parts == PARTS && batch->step == 0 && !batch->part && !batch->output);
  for (int64_t i = 0; i < batch->trials * PARTS; i++)
    EXPECT(batch->part_end[i] == (i % PARTS + 1) * batch->steps / PARTS);
  for (int64_t b = 0; b < batch->trials; b++) {
    uint64_t k = batch->first + (uint64_t)b;
    int64_t now = 0;
    for (int64_t p = 0; p < PARTS; p++) {
      int64_t end = now + length_of(g, k, p), place = b * PARTS + p;
      int32_t right = nai_random_uniform(batch->seed, k, (uint64_t)p) < 0.5;
      ask_for(batch, b, now, end, right);
      batch->condition[place] = -1;
      batch->epoch[2 * place] = (int32_t)now;
      batch->epoch[2 * place + 1] = (int32_t)(now + (end > now));
      batch->part_end[place] = (int32_t)(now = end);
    }
    batch->length[b] = (int32_t)now;
  }
  return NAI_OK;
}

static void answer(nai_trial_batch *batch, int64_t b)
{
  int64_t p = batch->part[b], row = (batch->step - 1) * batch->trials + b;
  const float *z = batch->output + (batch->step - 1) * batch->output_step + b * batch->output_trial;
  int32_t right = batch->classes[row], won = (z[1] > z[0]) == right;
  EXPECT(batch->part_end[b * PARTS + p] == batch->step);
  batch->condition[b * PARTS + p] = (float)won;
  if (p == PARTS - 1 || batch->step == batch->length[b]) return;
  batch->input[(batch->step * batch->trials + b) * INPUTS + 1] = won ? 1 : -1;
  if (!won) ask_for(batch, b, batch->step, batch->part_end[b * PARTS + p + 1], right);
}

static nai_status game_respond(void *user, nai_trial_batch *batch)
{
  game *g = user;
  g->calls++;
  if (g->fault == 1) {
    nai_set_error("enough of it");
    return NAI_ERR_USER;
  }
  for (int64_t b = 0; b < batch->trials; b++) {
    if (batch->part[b] < 0) continue;
    g->seen++;
    answer(batch, b);
    int64_t row = batch->step * batch->trials + b;
    if (batch->step == batch->length[b]) continue;
    if (g->fault == 2) batch->input[row * INPUTS] = NAN;
    if (g->fault == 3) batch->classes[row] = 2;
    if (g->fault == 4) batch->mask[row] = -1;
    if (g->fault == 5) batch->epoch[2 * b * PARTS + 1] = 1000;
  }
  return NAI_OK;
}

static nai_network *game_network(double noise)
{
  nai_network *net = COMPOSE(.dt = 20, .inputs = {{"seen", INPUTS}},
                             .populations = {{"E", 12, NAI_EXCITATORY}, {"I", 4, NAI_INHIBITORY}},
                             .outputs = {{"choice", 2}},
                             .projections = {{"seen", "E I"}, {"E I", "E I"}, {"E", "choice"}});
  expect_ok(nai_network_set(net, "E I", "noise", 4 * noise));
  expect_ok(nai_network_set(net, "E I", "bias", 1));
  expect_ok(nai_network_build(net, 3));
  return net;
}

static nai_task *game_task(game *g, const nai_network *net)
{
  static const char *const conditions[] = {"won"}, *const epochs[] = {"start"};
  nai_task_ops ops = {.struct_size = sizeof ops,
                      .flags = NAI_TASK_BLOCK,
                      .name = "game",
                      .n_inputs = INPUTS,
                      .n_outputs = 2,
                      .max_steps = MOST_STEPS,
                      .has_classes = 1,
                      .n_conditions = 1,
                      .condition_names = conditions,
                      .generate = game_generate,
                      .n_epochs = 1,
                      .epoch_names = epochs,
                      .parts = PARTS,
                      .respond = game_respond};
  nai_task *task;
  expect_ok(nai_task_create_own(&task, &ops, net, g));
  return task;
}

static nai_trials *play(const nai_network *net, const nai_task *task, int64_t n, int32_t threads)
{
  nai_evaluation_options options = NAI_EVALUATION_OPTIONS_INIT;
  options.seed = 7;
  options.threads = threads;
  nai_trials *trials;
  expect_ok(nai_trials_create_played(&trials, net, task, n, &options));
  return trials;
}

static nai_trainer *train(nai_network *net, nai_rule *rule, nai_task *task, int64_t batch,
                          int threads)
{
  nai_optimizer *optimizer = plain_descent(0.05);
  nai_trainer *trainer;
  nai_cost *cost;
  expect_ok(nai_trainer_create(&trainer, net, rule, optimizer, task));
  nai_optimizer_destroy(optimizer);
  nai_rule_destroy(rule);
  attach_cost(trainer, nai_cost_create_cross_entropy(&cost, "choice"), &cost, 1);
  expect_ok(nai_trainer_set(trainer, "batch", (double)batch));
  expect_ok(nai_trainer_set(trainer, "evaluate_every", 0));
  expect_ok(nai_trainer_set(trainer, "threads", threads));
  return trainer;
}

/* --- trials ----------------------------------------------------------------------------------- */

START_TEST(parts_of_given_trials)
{
  nai_network *net = game_network(0);
  nai_trials *trials;
  expect_ok(nai_trials_create(&trials, net, 6, 2));
  nai_view view = NAI_VIEW_INIT;
  expect_fails(nai_trials_view(&view, trials, NAI_TRIALS_PARTS, NULL), NAI_ERR_ORDER, "no blocks");
  expect_ok(nai_trials_set_lengths(trials, (int32_t[]){6, 5}));
  static const int32_t bad[4][4] = {{3, 2, 1, 5}, {-1, 6, 1, 5}, {3, 7, 1, 5}, {3, 6, 1, 6}};
  for (int k = 0; k < 4; k++)
    expect_fails(nai_trials_set_parts(trials, bad[k], 2), NAI_ERR_INVALID, "ends[");
  expect_fails(nai_trials_set_parts(trials, bad[0], 0), NAI_ERR_INVALID, "parts is 0");
  expect_fails(nai_trials_set_parts(trials, bad[0], 7), NAI_ERR_INVALID, "parts is 7");
  expect_fails(nai_trials_set_parts(trials, NULL, 2), NAI_ERR_INVALID, "ends is NULL");
  expect_ok(nai_trials_set_parts(trials, (int32_t[]){1, 2, 6, 1, 1, 4}, 3));
  expect_ok(nai_trials_set_parts(trials, (int32_t[]){3, 6, 5, 5}, 2));
  expect_ok(nai_trials_view(&view, trials, NAI_TRIALS_PARTS, NULL));
  EXPECT(view.ndim == 2 && view.shape[0] == 2 && view.shape[1] == 2);
  expect_ok(nai_trials_set_condition(trials, "rule", (float[]){1, 2, 3, 4}));
  expect_fails(nai_trials_set_condition(trials, "rule", (float[]){NAN, 2, INFINITY, 4}),
               NAI_ERR_NONFINITE, "values[1][0] is inf, must be finite, or NaN for none");
  expect_ok(nai_trials_set_epoch(trials, "start", (int32_t[]){0, 1, 3, 4, 0, 1, 0, 0}));
  expect_ok(nai_trials_view(&view, trials, NAI_TRIALS_CONDITION, "rule"));
  EXPECT(view.ndim == 2 && view.shape[0] == 2 && view.shape[1] == 2);
  expect_ok(nai_trials_view(&view, trials, NAI_TRIALS_EPOCH, "start"));
  EXPECT(view.ndim == 3 && view.shape[1] == 2 && view.shape[2] == 2);
  expect_fails(nai_trials_set_parts(trials, (int32_t[]){3, 6, 5, 5}, 2), NAI_ERR_ORDER,
               "condition 'rule' was set before the parts");

  /* each part is judged at its own last step that counts; one without steps is not */
  int32_t classes[12] = {0};
  classes[2 * 2] = classes[2 * 4 + 1] = 1; /* steps 2 of trial 0 and 4 of trial 1 */
  expect_ok(nai_trials_set_classes(trials, "choice", classes));
  nai_evaluation *e;
  expect_ok(nai_evaluation_create_from_trials(&e, net, trials, NULL, NULL));
  nai_view choice = NAI_VIEW_INIT, correct = NAI_VIEW_INIT, rule = NAI_VIEW_INIT;
  expect_ok(nai_evaluation_choice(&choice, e));
  expect_ok(nai_evaluation_correct(&correct, e));
  expect_ok(nai_evaluation_condition(&rule, e, "rule"));
  EXPECT(correct.shape[0] == 4 && rule.shape[0] == 4);
  const int32_t *made = choice.data, *right = correct.data, asked[4] = {1, 0, 1, -1};
  for (int k = 0; k < 4; k++) {
    EXPECT(((const float *)rule.data)[k] == (float)(k + 1));
    EXPECT(k == 3 ? right[k] == -1 && made[k] == -1 : right[k] == (made[k] == asked[k]));
  }
  nai_evaluation_destroy(e);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

START_TEST(parts_of_tasks_are_checked)
{
  nai_network *net = game_network(0);
  game g = {.ragged = 1};
  nai_task *task = game_task(&g, net);
  nai_trials *trials = make_trials(task, 5);
  ck_assert_int_eq(g.calls, 0); /* nobody ran them */
  for (int64_t b = 0; b < 5; b++)
    for (int64_t p = 0; p < PARTS; p++) EXPECT(trials->condition[0].value[b * PARTS + p] == -1);
  EXPECT(trials->part_end[4 * PARTS + 2] == trials->part_end[4 * PARTS + 1]);
  nai_trials_destroy(trials);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

/* --- answering -------------------------------------------------------------------------------- */

/* Given trials repeat the game, and what was answered follows from what was put out. */
START_TEST(what_it_sees_is_what_the_network_put_out)
{
  nai_network *net = game_network(0.2);
  game g = {.ragged = 1};
  nai_task *task = game_task(&g, net);
  nai_trials *trials = play(net, task, 20, 1);
  nai_state *state;
  float z[20][2];
  expect_ok(nai_state_create(&state, net, 20, 7));
  expect_ok(nai_state_set_first(state, nai_trials_first(trials)));
  int64_t won = 0, lost = 0;
  for (int64_t t = 1; t <= trials->steps; t++) {
    expect_ok(nai_state_step(z[0], state, trials->input + (t - 1) * 20 * INPUTS));
    for (int64_t b = 0; b < 20; b++)
      for (int64_t p = 0; p < PARTS - 1; p++) {
        if (trials->part_end[b * PARTS + p] != t || t == trials->length[b]) continue;
        int32_t right = class_at(trials, t - 1, b);
        int good = (z[b][1] > z[b][0]) == right;
        EXPECT(trials->condition[0].value[b * PARTS + p] == (float)good);
        EXPECT(input_at(trials, t, b, 1) == (good ? 1 : -1));
        EXPECT(input_at(trials, t + 1, b, 1) == 0);
        if (!good) EXPECT(class_at(trials, t, b) == right);
        won += good;
        lost += !good;
      }
  }
  if (won <= 5 || lost <= 5) ck_abort_msg("won %d, lost %d", (int)won, (int)lost);
  nai_state_destroy(state);
  nai_trials_destroy(trials);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

/* Trial k does not depend on who is run with it, nor on threads. */
START_TEST(trials_of_a_game_do_not_depend_on_the_batch)
{
  nai_network *net = game_network(0.2);
  game g = {.ragged = 1};
  nai_task *task = game_task(&g, net);
  nai_trials *few = play(net, task, 7, 1);
  for (int32_t threads = 1; threads <= 3; threads++) {
    nai_trials *many = play(net, task, 70, threads);
    for (int64_t b = 0; b < 7; b++)
      for (int64_t t = 0; t < few->length[b]; t++)
        for (int64_t c = 0; c < INPUTS; c++)
          EXPECT(input_at(few, t, b, c) == input_at(many, t, b, c));
    nai_trials_destroy(many);
  }
  nai_trials_destroy(few);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

static uint64_t trained(int32_t number, int threads, int64_t batch)
{
  nai_network *net = game_network(0.1);
  game g = {.ragged = 1};
  nai_task *task = game_task(&g, net);
  nai_trainer *trainer = train(net, rule_made(number, 5), task, batch, threads);
  nai_status status = nai_trainer_run(trainer, 3, NULL, NULL);
  if (status != NAI_OK) ck_abort_msg("%s: %s", all_rules[number].name, nai_last_error());
  uint64_t hash = hash_of(net);
  EXPECT(g.seen > 0);
  nai_trainer_destroy(trainer);
  nai_task_destroy(task);
  nai_network_destroy(net);
  return hash;
}

START_TEST(any_number_of_threads_learns_the_same)
{
  EXPECT(trained(_i, 1, 40) == trained(_i, 3, 40));
}
END_TEST

/* The gradient is that of the trials as they became: none through choices. */
START_TEST(the_gradient_is_that_of_given_trials)
{
  nai_network *net = game_network(0.1);
  game g = {.ragged = 1};
  nai_task *task = game_task(&g, net);
  nai_trainer *trainer = train(net, rule_made(_i, 5), task, 12, 1);
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer, NULL));
  int64_t n = net->n_theta;
  float *drawn = NAI__ARRAY(float, n);
  memcpy(drawn, trainer->plasticity.gradient, (size_t)n * sizeof *drawn);
  double cost = trainer->plasticity.objective.total;
  nai_task *recorded;
  expect_ok(nai_task_create_from_trials(&recorded, trainer->trials, NULL, net));
  nai_trials *given = make_trials_of(recorded, 0, NAI_STREAM_TEST, 0, 12);
  expect_ok(nai_trials_set_first(given, 0));
  int calls = g.calls;
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer, given));
  ck_assert_int_eq(g.calls, calls); /* given trials are as they are */
  EXPECT(memcmp(drawn, trainer->plasticity.gradient, (size_t)n * sizeof *drawn) == 0);
  EXPECT(cost == trainer->plasticity.objective.total && cost > 0);
  nai__free(drawn);
  nai_trials_destroy(given);
  nai_task_destroy(recorded);
  nai_trainer_destroy(trainer);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

/* Both runs of node perturbation are of the inputs that the network as it is was answered. */
START_TEST(costs_with_and_without_perturbation_are_of_the_same_inputs)
{
  nai_network *net = game_network(0.1);
  game g = {.ragged = 0};
  nai_task *task = game_task(&g, net);
  nai_trainer *exact = train(net, bptt_rule(), task, 24, 1);
  expect_ok(nai_trainer_estimate_gradient(NULL, exact, NULL));
  ck_assert_int_eq(g.calls, PARTS);
  nai_rule *rule;
  expect_ok(nai_rule_create_node_perturbation(&rule, 2, 4));
  nai_trainer *trainer = train(net, rule, task, 24, 1);
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer, NULL));
  ck_assert_int_eq(g.calls, 2 * PARTS); /* asked once a part, though the batch is run more often */
  EXPECT(memcmp(trainer->trials->input, exact->trials->input,
                (size_t)(15 * 24 * INPUTS) * sizeof(float)) == 0);
  EXPECT(trainer->plasticity.objective.total == exact->plasticity.objective.total);

  /* with a perturbation that is the only run, the network that explores is the one that is answered */
  expect_ok(nai_rule_create_reward_hebbian(&rule, 4));
  expect_ok(nai_rule_set(rule, "amplitude", 2));
  nai_trainer *explorer = train(net, rule, task, 24, 1);
  expect_ok(nai_trainer_estimate_gradient(NULL, explorer, NULL));
  ck_assert_int_eq(g.calls, 3 * PARTS);
  EXPECT(memcmp(explorer->trials->input, exact->trials->input,
                (size_t)(15 * 24 * INPUTS) * sizeof(float)) != 0);
  nai_trainer_destroy(explorer);
  nai_trainer_destroy(trainer);
  nai_trainer_destroy(exact);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

/* Weights that change within trials: one trial after another, each answered in its turn. */
START_TEST(rules_within_trials_are_answered_too)
{
  nai_network *net = game_network(0.1);
  game g = {.ragged = 1};
  nai_task *task = game_task(&g, net);
  nai_rule *rule;
  expect_ok(nai_rule_create_rflo(&rule, 4));
  expect_ok(nai_rule_set(rule, "update_every", 2));
  nai_trainer *trainer = train(net, rule, task, 10, 1);
  expect_ok(nai_trainer_run(trainer, 1, NULL, NULL));
  ck_assert_int_eq(g.seen, 10 * PARTS - 2); /* two trials have a part less */
  const nai_trials *trials = trainer->trials;
  nai__done done = nai__batch_done(&trainer->batch);
  int told = 0;
  for (int64_t b = 0; b < 10; b++)
    for (int64_t p = 0; p < PARTS - 1; p++) {
      int64_t t = trials->part_end[b * PARTS + p];
      if (t == trials->length[b]) continue;
      const float *z = done.output + (t - 1) * done.step_stride + b * done.trial_stride;
      int good = (z[1] > z[0]) == class_at(trials, t - 1, b);
      EXPECT(input_at(trials, t, b, 1) == (good ? 1 : -1));
      told++;
    }
  ck_assert_int_eq(told, 18);
  uint64_t seen = hash_of(net);
  g.fault = 1;
  expect_fails(nai_trainer_run(trainer, 1, NULL, NULL), NAI_ERR_USER, "enough of it");
  EXPECT(hash_of(net) == seen);
  nai_trainer_destroy(trainer);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

START_TEST(an_evaluation_counts_parts)
{
  nai_network *net = game_network(0.2);
  game g = {.ragged = 1};
  nai_task *task = game_task(&g, net);
  nai_evaluation *e;
  expect_ok(nai_evaluation_create(&e, net, task, 100, 7, 2));
  nai_view correct = NAI_VIEW_INIT, won = NAI_VIEW_INIT;
  expect_ok(nai_evaluation_correct(&correct, e));
  expect_ok(nai_evaluation_condition(&won, e, "won"));
  ck_assert_int_eq(correct.shape[0], 100 * PARTS);
  int64_t judged = 0, good = 0;
  for (int64_t k = 0; k < 100 * PARTS; k++) {
    int32_t c = ((const int32_t *)correct.data)[k];
    EXPECT((c == -1) == (k / PARTS % 5 == 4 && k % PARTS == PARTS - 1));
    if (((const float *)won.data)[k] != (float)c)
      ck_abort_msg("part %d: won %g, correct %d", (int)k, (double)((const float *)won.data)[k], c);
    judged += c >= 0;
    good += c == 1;
  }
  EXPECT(judged == 280 && nai_evaluation_performance(e) == (double)good / 280);
  nai_evaluation_destroy(e);

  nai_trainer *trainer = train(net, bptt_rule(), task, 30, 2);
  expect_ok(nai_trainer_set(trainer, "seed", 7));
  expect_ok(nai_trainer_set(trainer, "evaluate_every", 1));
  expect_ok(nai_trainer_set(trainer, "evaluate_trials", 100));
  expect_ok(nai_trainer_run(trainer, 1, NULL, NULL));
  expect_ok(nai_evaluation_create(&e, net, task, 100, 7, 1));
  EXPECT(trainer->performance == nai_evaluation_performance(e));
  nai_evaluation_destroy(e);
  nai_trainer_destroy(trainer);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

/* Trials that are no blocks, silenced by steps in each part: the choice is that of the last part. */
static void check_by_steps(const nai_network *net, const nai_trials *trials, const int32_t *choice)
{
  nai_trials *plain;
  nai_evaluation *e;
  int32_t steps[PARTS][40];
  nai_intervention silence[PARTS];
  nai_evaluation_options options = NAI_EVALUATION_OPTIONS_INIT;
  expect_ok(nai_trials_create(&plain, net, trials->steps, 20));
  expect_ok(nai_trials_set_inputs(plain, NULL, trials->input, INPUTS));
  expect_ok(nai_trials_set_classes(plain, "choice", trials->goal[0].classes));
  expect_ok(nai_trials_set_mask(plain, "choice", trials->goal[0].mask, 1));
  expect_ok(nai_trials_set_lengths(plain, trials->length));
  expect_ok(nai_trials_set_first(plain, nai_trials_first(trials)));
  for (int p = 0; p < PARTS; p++) {
    const nai_intervention none = NAI_INTERVENTION_INIT;
    silence[p] = none;
    silence[p].names = "E";
    silence[p].steps = steps[p];
    silence[p].n_trials = 20;
    for (int64_t b = 0; b < 20; b++)
      for (int k = 0; k < 2; k++)
        steps[p][2 * b + k] = trials->epoch[0].step[2 * (b * PARTS + p) + k];
  }
  options.seed = 7;
  options.interventions = silence;
  options.n_interventions = PARTS;
  expect_ok(nai_evaluation_create_from_trials(&e, net, plain, NULL, &options));
  nai_view made = NAI_VIEW_INIT;
  expect_ok(nai_evaluation_choice(&made, e));
  for (int64_t b = 0; b < 20; b++)
    EXPECT(((const int32_t *)made.data)[b] == choice[b * PARTS + (b % 5 == 4 ? 1 : 2)]);
  nai_evaluation_destroy(e);
  nai_trials_destroy(plain);
}

/* Silenced during the start of each part where the condition says so, as a state is by hand. */
START_TEST(interventions_find_the_epochs_of_each_part)
{
  nai_network *net = game_network(0.2);
  game g = {.ragged = 1};
  nai_task *task = game_task(&g, net);
  nai_intervention silence = NAI_INTERVENTION_INIT;
  silence.names = "E";
  silence.epoch = "start";
  nai_evaluation_options options = NAI_EVALUATION_OPTIONS_INIT;
  options.seed = 7;
  options.threads = 2;
  options.interventions = &silence;
  options.n_interventions = 1;
  nai_trials *trials;
  expect_ok(nai_trials_create_played(&trials, net, task, 20, &options));
  /* the same trials, given, silenced again: what was answered to them follows from their outputs */
  nai_evaluation *e, *again;
  expect_ok(nai_evaluation_create_from_trials(&e, net, trials, NULL, &options));
  expect_ok(nai_evaluation_create_with(&again, net, task, 20, &options));
  nai_view one = NAI_VIEW_INIT, other = NAI_VIEW_INIT;
  expect_ok(nai_evaluation_choice(&one, e));
  expect_ok(nai_evaluation_choice(&other, again));
  EXPECT(memcmp(one.data, other.data, 60 * sizeof(int32_t)) == 0);
  for (int64_t k = 0; k < 60; k++) {
    int64_t b = k / PARTS, p = k % PARTS, end = trials->part_end[k];
    int32_t choice = ((const int32_t *)one.data)[k];
    if (choice < 0 || end == trials->length[b] || p == PARTS - 1) continue;
    EXPECT(input_at(trials, end, b, 1) == (choice == class_at(trials, end - 1, b) ? 1 : -1));
  }
  check_by_steps(net, trials, one.data);
  nai_evaluation_destroy(e);
  nai_evaluation_destroy(again);

  /* with the epoch of one part that never wins, or of all where none has won yet: other outputs */
  options.n_interventions = 0;
  nai_trials *free_trials;
  expect_ok(nai_trials_create_played(&free_trials, net, task, 20, &options));
  EXPECT(memcmp(free_trials->input, trials->input,
                (size_t)(20 * INPUTS * trials->steps) * sizeof(float)) != 0);
  nai_trials_destroy(free_trials);
  nai_trials_destroy(trials);

  /* a current without bounds in one trial: which one is told, and evaluations have a call for it */
  uint8_t which[20] = {0};
  int32_t finite[20];
  which[3] = 1;
  nai_intervention current = NAI_INTERVENTION_INIT;
  current.kind = NAI_INJECT;
  current.names = "E";
  current.value = 3e38;
  current.trials = which;
  current.n_trials = 20;
  options.interventions = &current;
  options.n_interventions = 1;
  options.finite = finite;
  expect_ok(nai_trials_create_played(&trials, net, task, 20, &options));
  for (int k = 0; k < 20; k++) ck_assert_int_eq(finite[k], k != 3);
  expect_fails(nai_evaluation_create_with(&e, net, task, 20, &options), NAI_ERR_INVALID,
               "options->finite is for nai_trials_create_played(), must be NULL");
  nai_trials_destroy(trials);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

/* --- what goes wrong -------------------------------------------------------------------------- */

/* The network after two updates in which nothing goes wrong. */
static uint64_t learnt_in_two_updates(game *g, int threads)
{
  nai_network *net = game_network(0.1);
  nai_task *task = game_task(g, net);
  nai_trainer *trainer = train(net, bptt_rule(), task, 12, threads);
  expect_ok(nai_trainer_run(trainer, 2, NULL, NULL));
  uint64_t hash = hash_of(net);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
  nai_task_destroy(task);
  return hash;
}

START_TEST(a_failed_answer_changes_nothing)
{
  static const char *const words[] = {"",
                                      "enough of it",
                                      "respond of task game: input[0][0][0] is nan",
                                      "respond of task game: classes[0][0] is 2",
                                      "respond of task game: mask[0][0][0] is -1",
                                      "respond of task game: epoch 'start' of trial 0"};
  nai_network *net = game_network(0.1);
  game g = {.ragged = 0};
  nai_task *task = game_task(&g, net);
  nai_trainer *trainer = train(net, bptt_rule(), task, 12, 2);
  expect_ok(nai_trainer_run(trainer, 1, NULL, NULL));
  uint64_t before = hash_of(net);
  for (g.fault = 1; g.fault <= 5; g.fault++) {
    nai_status code = g.fault == 1   ? NAI_ERR_USER
                      : g.fault == 2 ? NAI_ERR_NONFINITE
                                     : NAI_ERR_INVALID;
    expect_fails(nai_trainer_run(trainer, 1, NULL, NULL), code, words[g.fault]);
    EXPECT(trainer->step == 1 && trainer->drawn == 12 && hash_of(net) == before);
    nai_evaluation *e;
    expect_fails(nai_evaluation_create(&e, net, task, 12, 1, 1), code, words[g.fault]);
    ck_assert_ptr_null(e);
    nai_trials *trials;
    expect_fails(nai_trials_create_played(&trials, net, task, 12, NULL), code, words[g.fault]);
    ck_assert_ptr_null(trials);
  }
  g.fault = 0;
  expect_ok(nai_trainer_run(trainer, 1, NULL, NULL));
  uint64_t after = hash_of(net);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
  nai_task_destroy(task);

  /* as if it had not failed */
  EXPECT(learnt_in_two_updates(&g, 2) == after);
}
END_TEST

/* A host that says no while a part is run: nothing has changed, and the task was asked no further. */
static nai_status refuse(int64_t done, int64_t total, void *user)
{
  game *g = user;
  (void)done;
  (void)total;
  return g->calls > g->fault ? NAI_STOP : NAI_OK;
}

START_TEST(a_host_may_end_it_between_parts)
{
  nai_network *net = game_network(0.1);
  game g = {.ragged = 0};
  nai_task *task = game_task(&g, net);
  nai_trainer *trainer = train(net, bptt_rule(), task, 12, 2);
  expect_ok(nai_trainer_run(trainer, 1, NULL, NULL));
  uint64_t before = hash_of(net);
  trainer->watch = (nai__watch){.call = refuse, .user = &g, .every = 1};
  for (int after = 0; after < PARTS; after++) {
    int calls = g.calls;
    g.fault = 100 + calls + after; /* none of those that game_respond() has */
    g.calls += 100;
    expect_fails(nai_trainer_step(NULL, trainer, NULL), NAI_ERR_USER, "stopped before the end");
    ck_assert_int_eq(g.calls - 100 - calls, after + 1);
    EXPECT(trainer->step == 1 && hash_of(net) == before);
    g.calls = calls;
  }
  trainer->watch = (nai__watch){.call = NULL};
  g.fault = 0;
  expect_ok(nai_trainer_run(trainer, 1, NULL, NULL));
  uint64_t after = hash_of(net);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
  nai_task_destroy(task);
  EXPECT(learnt_in_two_updates(&g, 1) == after);
}
END_TEST

/* A run that goes on from a checkpoint is answered as the one that never ended. */
START_TEST(checkpoints_go_on)
{
  char folder[256], path[300];
  uint64_t hash[2];
  checks_folder(folder);
  snprintf(path, sizeof path, "%s/checkpoint", folder);
  for (int resumed = 0; resumed < 2; resumed++) {
    nai_network *net = game_network(0.1);
    game g = {.ragged = 1};
    nai_task *task = game_task(&g, net);
    nai_trainer *trainer = train(net, rule_named("eprop_random", 3), task, 12, 1);
    if (resumed)
      expect_ok(nai_trainer_restore(trainer, path));
    else
      expect_ok(nai_trainer_run(trainer, 2, NULL, NULL));
    if (!resumed) expect_ok(nai_trainer_save(trainer, path));
    expect_ok(nai_trainer_run(trainer, 2, NULL, NULL));
    hash[resumed] = hash_of(net);
    nai_trainer_destroy(trainer);
    nai_network_destroy(net);
    nai_task_destroy(task);
  }
  EXPECT(hash[0] == hash[1]);
  remove(path);
  remove(folder);
}
END_TEST

START_TEST(answering_allocates_nothing)
{
  nai_network *net = game_network(0.1);
  game g = {.ragged = 1};
  nai_task *task = game_task(&g, net);
  nai_trainer *trainer = train(net, bptt_rule(), task, 12, 1);
  expect_ok(nai_trainer_run(trainer, 2, NULL, NULL));
  long before = faults_allocations();
  nai_status status = nai_trainer_step(NULL, trainer, NULL);
  long after = faults_allocations();
  expect_ok(status);
  ck_assert_int_eq(after, before);
  nai_trainer_destroy(trainer);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

Suite *blocks_suite(void);

Suite *blocks_suite(void)
{
  Suite *suite = suite_create("blocks");
  ADD_CASE(suite, "trials", parts_of_given_trials, parts_of_tasks_are_checked);
  ADD_CASE(suite, "answering", what_it_sees_is_what_the_network_put_out,
           trials_of_a_game_do_not_depend_on_the_batch,
           costs_with_and_without_perturbation_are_of_the_same_inputs,
           rules_within_trials_are_answered_too, an_evaluation_counts_parts,
           interventions_find_the_epochs_of_each_part);
  TCase *rules = tcase_create("rules");
  tcase_add_loop_test(rules, any_number_of_threads_learns_the_same, 0, n_rules);
  tcase_add_loop_test(rules, the_gradient_is_that_of_given_trials, 0, n_rules);
  suite_add_tcase(suite, rules);
  ADD_CASE(suite, "faults", a_failed_answer_changes_nothing, a_host_may_end_it_between_parts,
           checkpoints_go_on, answering_allocates_nothing);
  return suite;
}
