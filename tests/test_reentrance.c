/*
 * A trainer that is called again while it works: from its own callbacks, or from another thread. It
 * refuses, with a message, and nothing has changed; what only looks goes on working.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rules.h"

typedef struct rig {
  nai_network *net;
  nai_task *task;
  nai_trainer *trainer;
} rig;

static nai_trainer *make_trainer(nai_network *net, nai_task *task, nai_rule *rule)
{
  nai_trainer *trainer;
  nai_optimizer *sgd = plain_descent(1e-2);
  nai_cost *cost;
  expect_ok(nai_trainer_create(&trainer, net, rule, sgd, task));
  attach_cost(trainer, nai_cost_create_cross_entropy(&cost, "choice"), &cost, 1);
  expect_ok(nai_trainer_set(trainer, "batch", 4));
  expect_ok(nai_trainer_set(trainer, "evaluate_trials", 8));
  expect_ok(nai_trainer_set(trainer, "evaluate_every", 1));
  nai_rule_destroy(rule);
  nai_optimizer_destroy(sgd);
  return trainer;
}

static rig make_rig(void)
{
  rig r;
  r.net =
      COMPOSE(.dt = 20.0, .inputs = {{"stimulus", 3}}, .populations = {{"E", 8, NAI_FREE}},
              .outputs = {{"choice", 3}}, .projections = {{"stimulus", "E"}, {"E", "E choice"}});
  expect_ok(nai_network_build(r.net, 3));
  expect_ok(nai_task_create(&r.task, "perceptual-decision-making", r.net));
  expect_ok(nai_task_set(r.task, "fixation", 40));
  expect_ok(nai_task_set(r.task, "stimulus", 100));
  r.trainer = make_trainer(r.net, r.task, rule_named("rflo", 5));
  return r;
}

static void destroy_rig(rig *r)
{
  nai_trainer_destroy(r->trainer);
  nai_task_destroy(r->task);
  nai_network_destroy(r->net);
}

/* Weights after so many updates that nobody disturbed. */
static uint64_t undisturbed(int64_t updates)
{
  rig r = make_rig();
  expect_ok(nai_trainer_run(r.trainer, updates, NULL, NULL));
  uint64_t hash = hash_of(r.net);
  destroy_rig(&r);
  return hash;
}

static void save(nai_trainer *trainer, nai_status expected)
{
  char path[] = "/tmp/neuroai-reentrance-XXXXXX";
  int file = mkstemp(path);
  EXPECT(file >= 0);
  close(file);
  nai_status status = nai_trainer_save(trainer, path);
  unlink(path);
  if (status != expected) ck_abort_msg("saving: %d %s", (int)status, nai_last_error());
}

/* --- from its callbacks ------------------------------------------------------------------------- */

static int64_t calls;

/* What trains is refused; what looks is not. */
static nai_status look_around(const nai_progress *now, void *user)
{
  const rig *r = user;
  nai_agent *agent;
  nai_evaluation *evaluation;
  nai_view view = NAI_VIEW_INIT;
  nai_experience nothing = NAI_EXPERIENCE_INIT;
  calls++;
  uint64_t before = hash_of(r->net);
  expect_fails(nai_trainer_step(NULL, r->trainer, NULL), NAI_ERR_ORDER, "the trainer is at work");
  expect_fails(nai_trainer_run(r->trainer, 1, NULL, NULL), NAI_ERR_ORDER, "cannot train it");
  expect_ok(nai_agent_create(&agent, r->trainer));
  expect_fails(nai_agent_step(NULL, agent, &nothing), NAI_ERR_ORDER, "the trainer is at work");
  expect_fails(nai_agent_begin(agent), NAI_ERR_ORDER, "the trainer is at work");
  expect_fails(nai_agent_rest(agent), NAI_ERR_ORDER, "the trainer is at work");
  nai_agent_destroy(agent);
  expect_ok(nai_trainer_estimate_gradient(NULL, r->trainer, NULL));
  expect_ok(nai_trainer_measure_alignment(r->trainer, NULL));
  expect_ok(nai_trainer_gradient(&view, r->trainer, "E", "choice"));
  expect_ok(nai_trainer_activity(&view, r->trainer, "E"));
  expect_ok(nai_trainer_set(r->trainer, "evaluate_trials", 9));
  expect_ok(nai_evaluation_create(&evaluation, r->net, r->task, 5, 1, 1));
  nai_evaluation_destroy(evaluation);
  save(r->trainer, NAI_OK);
  EXPECT(nai_trainer_updates(r->trainer) == now->step && hash_of(r->net) == before);
  return NAI_OK;
}

START_TEST(a_progress_callback_may_look_but_not_train)
{
  rig r = make_rig();
  calls = 0;
  expect_ok(nai_trainer_run(r.trainer, 5, look_around, &r));
  ck_assert_int_eq(calls, 5);
  ck_assert(hash_of(r.net) == undisturbed(5));
  expect_ok(nai_trainer_step(NULL, r.trainer, NULL)); /* and it is free again */
  destroy_rig(&r);
}
END_TEST

/* Another trainer of the same network may take its turn there. */
static nai_status train_other(const nai_progress *now, void *user)
{
  (void)now;
  expect_ok(nai_trainer_step(NULL, user, NULL));
  return NAI_OK;
}

START_TEST(trainers_of_one_network_take_turns)
{
  rig r = make_rig();
  nai_trainer *other = make_trainer(r.net, r.task, rule_named("bptt", 1));
  expect_ok(nai_trainer_run(r.trainer, 3, train_other, other));
  ck_assert_int_eq(nai_trainer_updates(other), 3);
  nai_trainer_destroy(other);
  destroy_rig(&r);
}
END_TEST

static rig *around;

static void try_all(void)
{
  nai_curriculum *none = NULL;
  nai_cost *cost;
  const float values[3 * 8] = {0};
  calls++;
  expect_fails(nai_trainer_step(NULL, around->trainer, NULL), NAI_ERR_ORDER, "at work");
  expect_fails(nai_trainer_run(around->trainer, 1, NULL, NULL), NAI_ERR_ORDER, "at work");
  expect_fails(nai_trainer_estimate_gradient(NULL, around->trainer, NULL), NAI_ERR_ORDER,
               "at work");
  expect_fails(nai_trainer_measure_alignment(around->trainer, NULL), NAI_ERR_ORDER, "at work");
  expect_fails(nai_trainer_set_curriculum(around->trainer, none), NAI_ERR_ORDER, "at work");
  expect_fails(nai_trainer_restore(around->trainer, "/tmp/none"), NAI_ERR_ORDER, "at work");
  expect_fails(nai_trainer_set_feedback(around->trainer, "E", NULL, values), NAI_ERR_ORDER,
               "at work");
  nai_agent *agent = (nai_agent *)&cost;
  expect_fails(nai_agent_create(&agent, around->trainer), NAI_ERR_ORDER, "at work");
  ck_assert_ptr_null(agent);
  expect_ok(nai_cost_create_l2_rates(&cost, "E"));
  expect_fails(nai_trainer_add_cost(around->trainer, cost, 1), NAI_ERR_ORDER, "at work");
  nai_cost_destroy(cost);
}

static nai_status meddle(void *user, nai_output_batch *b, double *value)
{
  (void)user;
  *value += 0 * b->scale;
  try_all();
  expect_fails(nai_trainer_set(around->trainer, "batch", 90), NAI_ERR_ORDER, "at work");
  expect_fails(nai_trainer_set_checkpoints(around->trainer, NULL, 0), NAI_ERR_ORDER, "at work");
  save(around->trainer, NAI_ERR_ORDER);
  return NAI_OK;
}

START_TEST(a_cost_cannot_use_the_trainer_that_asks_it)
{
  rig r = make_rig();
  nai_cost *cost;
  nai_cost_ops ops = {.struct_size = sizeof ops, .name = "meddling", .on_outputs = meddle};
  expect_ok(nai_cost_create(&cost, &ops, "choice", NULL, NULL));
  expect_ok(nai_trainer_add_cost(r.trainer, cost, 1));
  nai_cost_destroy(cost);
  around = &r;
  calls = 0;
  expect_ok(nai_trainer_run(r.trainer, 2, NULL, NULL));
  nai_agent *agent; /* and while an agent of it acts */
  nai_experience now = NAI_EXPERIENCE_INIT;
  now.target_class = 1;
  expect_ok(nai_agent_create(&agent, r.trainer));
  expect_ok(nai_agent_step(NULL, agent, &now));
  nai_agent_destroy(agent);
  ck_assert_int_eq(calls, 3);
  expect_ok(nai_trainer_set(r.trainer, "batch", 90));
  destroy_rig(&r);
}
END_TEST

/* Of the user's own: numbers of the trainer may be set as a stage begins, and a file be written. */
static nai_status on_stage(int64_t stage, const char *name, void *user)
{
  (void)name;
  (void)user;
  try_all();
  expect_ok(nai_trainer_set(around->trainer, "clip", 1 + (double)stage));
  save(around->trainer, NAI_OK);
  return NAI_OK;
}

START_TEST(a_stage_may_set_numbers)
{
  rig r = make_rig();
  nai_curriculum *c;
  double clip;
  expect_ok(nai_curriculum_create(&c));
  expect_ok(nai_curriculum_add_stage(c, "first", 0, 1));
  expect_ok(nai_curriculum_add_stage(c, "second", 1, 1));
  expect_ok(nai_curriculum_on_stage(c, on_stage, NULL));
  around = &r;
  calls = 0;
  expect_ok(nai_trainer_set_curriculum(r.trainer, c));
  nai_curriculum_destroy(c);
  expect_ok(nai_trainer_run(r.trainer, 2, NULL, NULL));
  ck_assert_int_eq(calls, 2);
  expect_ok(nai_trainer_get(&clip, r.trainer, "clip"));
  ck_assert_double_eq(clip, 2);
  destroy_rig(&r);
}
END_TEST

/* --- from other threads ------------------------------------------------------------------------- */

enum { TRIES = 300 };

static atomic_int done, refused;

static void *keep_stepping(void *trainer)
{
  for (int i = 0; i < TRIES; i++) {
    nai_status status = nai_trainer_step(NULL, trainer, NULL);
    if (status == NAI_OK) atomic_fetch_add(&done, 1);
    if (status == NAI_ERR_ORDER && strstr(nai_last_error(), "at work in another thread"))
      atomic_fetch_add(&refused, 1);
  }
  return NULL;
}

static void *keep_acting(void *agent)
{
  nai_experience now = NAI_EXPERIENCE_INIT;
  now.target_class = 1;
  for (int i = 0; i < TRIES; i++) {
    nai_status status = nai_agent_step(NULL, agent, &now);
    if (status == NAI_OK) atomic_fetch_add(&done, 1);
    if (status == NAI_ERR_ORDER && strstr(nai_last_error(), "at work in another thread"))
      atomic_fetch_add(&refused, 1);
  }
  return NULL;
}

/* Each try is made or refused, and none of them half. */
static void run_both(void *(*one)(void *), void *first, void *(*two)(void *), void *second)
{
  pthread_t other;
  atomic_store(&done, 0);
  atomic_store(&refused, 0);
  EXPECT(pthread_create(&other, NULL, one, first) == 0);
  two(second);
  EXPECT(pthread_join(other, NULL) == 0);
  ck_assert_int_eq(atomic_load(&done) + atomic_load(&refused), 2 * TRIES);
  ck_assert_int_gt(atomic_load(&done), 0);
}

START_TEST(two_threads_and_one_trainer)
{
  rig r = make_rig();
  run_both(keep_stepping, r.trainer, keep_stepping, r.trainer);
  ck_assert_int_eq(nai_trainer_updates(r.trainer), atomic_load(&done));
  rig alone = make_rig();
  for (int i = 0; i < atomic_load(&done); i++)
    expect_ok(nai_trainer_step(NULL, alone.trainer, NULL));
  ck_assert(hash_of(alone.net) == hash_of(r.net));
  destroy_rig(&alone);
  destroy_rig(&r);
}
END_TEST

START_TEST(two_threads_and_one_network)
{
  rig r = make_rig();
  nai_trainer *other = make_trainer(r.net, r.task, rule_named("bptt", 1));
  nai_agent *agent;
  expect_ok(nai_agent_create(&agent, r.trainer));
  run_both(keep_stepping, r.trainer, keep_stepping, other);
  ck_assert_int_eq(nai_trainer_updates(r.trainer) + nai_trainer_updates(other), atomic_load(&done));
  run_both(keep_stepping, other, keep_acting, agent);
  nai_agent_destroy(agent);
  nai_trainer_destroy(other);
  destroy_rig(&r);
}
END_TEST

/* --- destroyed while at work -------------------------------------------------------------------- */

static nai_status give_up_once(const nai_progress *now, void *user)
{
  if (now->step == 1) nai_trainer_destroy(user);
  return NAI_OK;
}

START_TEST(a_trainer_that_its_callback_destroys_goes_at_the_end)
{
  rig r = make_rig();
  expect_ok(nai_trainer_run(r.trainer, 3, give_up_once, r.trainer));
  ck_assert(hash_of(r.net) == undisturbed(3));
  r.trainer = NULL;
  destroy_rig(&r);
}
END_TEST

/* What a cost destroys when it is asked. */
static struct {
  nai_agent *agent;
  nai_trainer *trainer;
} given_up;

static nai_status give_up(void *user, nai_output_batch *b, double *value)
{
  (void)user;
  *value += 0 * b->scale;
  nai_agent_destroy(given_up.agent);
  nai_trainer_destroy(given_up.trainer);
  given_up.agent = NULL;
  given_up.trainer = NULL;
  return NAI_OK;
}

static rig make_giving_up(void)
{
  rig r = make_rig();
  nai_cost *cost;
  nai_cost_ops ops = {.struct_size = sizeof ops, .name = "giving up", .on_outputs = give_up};
  attach_cost(r.trainer, nai_cost_create(&cost, &ops, "*", NULL, NULL), &cost, 1);
  return r;
}

START_TEST(an_agent_that_its_cost_destroys_goes_at_the_end)
{
  rig r = make_giving_up();
  nai_experience now = NAI_EXPERIENCE_INIT;
  float output[3] = {7, 7, 7};
  now.target_class = 1;
  expect_ok(nai_agent_create(&given_up.agent, r.trainer));
  given_up.trainer = _i ? r.trainer : NULL; /* the agent's is the last reference */
  expect_ok(nai_agent_step(output, given_up.agent, &now));
  ck_assert_ptr_null(given_up.agent);
  EXPECT(output[0] != 7 && output[1] != 7);
  if (_i) r.trainer = NULL;
  destroy_rig(&r);
}
END_TEST

START_TEST(a_trainer_that_its_cost_destroys_goes_at_the_end)
{
  rig r = make_giving_up();
  given_up.trainer = r.trainer;
  if (_i)
    expect_ok(nai_trainer_step(NULL, r.trainer, NULL));
  else
    expect_ok(nai_trainer_measure_alignment(r.trainer, NULL));
  ck_assert_ptr_null(given_up.trainer);
  r.trainer = NULL;
  destroy_rig(&r);
}
END_TEST

static nai_status give_up_network(void *user, nai_synapses *s)
{
  EXPECT(s->n_post == 4);
  nai_network_destroy(*(nai_network **)user);
  return NAI_OK;
}

START_TEST(a_network_that_its_constraint_destroys_goes_at_the_end)
{
  static nai_network *net;
  nai_constraint *own;
  nai_constraint_ops ops = {.struct_size = sizeof ops, .name = "own", .wire = give_up_network};
  expect_ok(nai_network_create(&net, 20.0));
  nai_network_add_population(net, "E", 4, NAI_FREE);
  nai_network_connect(net, "E", "E");
  expect_ok(nai_constraint_create(&own, &ops, &net));
  nai_network_constrain(net, "E", "E", own);
  nai_constraint_destroy(own);
  expect_ok(nai_network_build(net, 1));
}
END_TEST

Suite *reentrance_suite(void)
{
  Suite *suite = suite_create("reentrance");
  ADD_CASE(suite, "callbacks", a_progress_callback_may_look_but_not_train,
           trainers_of_one_network_take_turns, a_cost_cannot_use_the_trainer_that_asks_it,
           a_stage_may_set_numbers);
  ADD_CASE(suite, "destroyed", a_trainer_that_its_callback_destroys_goes_at_the_end,
           a_network_that_its_constraint_destroys_goes_at_the_end);
  TCase *costs = tcase_create("costs");
  tcase_add_loop_test(costs, an_agent_that_its_cost_destroys_goes_at_the_end, 0, 2);
  tcase_add_loop_test(costs, a_trainer_that_its_cost_destroys_goes_at_the_end, 0, 2);
  suite_add_tcase(suite, costs);
  ADD_CASE(suite, "threads", two_threads_and_one_trainer, two_threads_and_one_network);
  return suite;
}
