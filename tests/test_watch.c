/* Being asked while a trainer is made and while it evaluates, and saying no. */
#include <string.h>

#include "../lib/train/trainer.h"
#include "checks.h"
#include "networks.h"
#include "rules.h"
#include "tasks.h"

/* A host that answers `answer` from the question `no` on. */
typedef struct host {
  int64_t asked, no, done, total;
  nai_status answer;
} host;

static nai_status say(int64_t done, int64_t total, void *user)
{
  host *h = user;
  h->done = done;
  h->total = total;
  if (++h->asked < h->no) return NAI_OK;
  if (h->answer < 0) nai_set_error("the host has had enough");
  return h->answer;
}

static nai_status make(nai_trainer **out, host *h, double warm_up)
{
  nai_task *task = make_task("perceptual-decision-making", 20);
  nai_network *net = task->kept;
  nai_rule *rule;
  expect_ok(nai_rule_create_weight_mirror(&rule, 1));
  expect_ok(nai_rule_set(rule, "warm_up", warm_up));
  nai_optimizer *optimizer = plain_descent(0.01);
  nai_status status = nai_trainer_create_watched(out, net, rule, optimizer, task, say, h);
  nai_optimizer_destroy(optimizer);
  nai_rule_destroy(rule);
  if (status == NAI_OK) {
    nai_cost *cost;
    const char *output = nai_network_name(net, NAI_OUTPUTS, 0);
    attach_cost(*out, nai_cost_create_cross_entropy(&cost, output), &cost, 1);
    expect_ok(nai_trainer_set(*out, "batch", 10));
    expect_ok(nai_trainer_set(*out, "evaluate_every", 2));
    expect_ok(nai_trainer_set(*out, "evaluate_trials", 35));
  }
  nai_task_destroy(task);
  return status;
}

START_TEST(making_a_trainer_may_be_ended)
{
  host h = {.no = INT64_MAX};
  nai_trainer *trainer;
  expect_ok(make(&trainer, &h, 25));
  ck_assert_int_eq(h.asked, 25);
  EXPECT(h.done == 25 && h.total == 25);
  nai_trainer_destroy(trainer);
  h = (host){.no = 7, .answer = NAI_STOP};
  expect_fails(make(&trainer, &h, 25), NAI_ERR_USER, "stopped after 7 updates in mirror mode");
  ck_assert_ptr_null(trainer);
  h = (host){.no = 3, .answer = NAI_ERR_USER};
  expect_fails(make(&trainer, &h, 25), NAI_ERR_USER, "the host has had enough");
  ck_assert_ptr_null(trainer);
  ck_assert_int_eq(h.asked, 3);
}
END_TEST

START_TEST(an_evaluation_in_a_run_may_be_ended)
{
  host h = {.no = INT64_MAX};
  nai_trainer *trainer;
  expect_ok(make(&trainer, &h, 0));
  ck_assert_int_eq(h.asked, 0);
  expect_ok(nai_trainer_run(trainer, 4, NULL, NULL));
  ck_assert_int_eq(h.asked, 2 * 4);
  EXPECT(h.done == 35 && h.total == 35 && trainer->step == 4);
  double before = trainer->performance;
  h.no = h.asked + 2;
  h.answer = NAI_STOP;
  expect_ok(nai_trainer_run(trainer, 10, NULL, NULL));
  ck_assert_int_eq(trainer->step, 6);
  EXPECT(h.done == 20 && memcmp(&before, &trainer->performance, sizeof before) == 0);
  h.no = h.asked + 1;
  h.answer = NAI_ERR_NAME;
  expect_fails(nai_trainer_run(trainer, 10, NULL, NULL), NAI_ERR_NAME, "the host has had enough");
  ck_assert_int_eq(trainer->step, 8);
  h.no = INT64_MAX; /* and goes on as if nothing had been */
  expect_ok(nai_trainer_run(trainer, 2, NULL, NULL));
  ck_assert_int_eq(trainer->step, 10);
  nai_trainer_destroy(trainer);
}
END_TEST

Suite *watch_suite(void);

Suite *watch_suite(void)
{
  Suite *suite = suite_create("watch");
  ADD_CASE(suite, "watch", making_a_trainer_may_be_ended, an_evaluation_in_a_run_may_be_ended);
  return suite;
}
