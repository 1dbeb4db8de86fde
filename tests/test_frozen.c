/* Networks of which parts are frozen, whose updates leave these out. */
#include "rules.h"

static void copy_of(float *out, const nai_network *net, const char *from, const char *to)
{
  nai_view w = weights_of(net, from, to);
  for (int64_t i = 0; i < w.shape[0] * w.shape[1]; i++)
    out[i] = at(&w, i / w.shape[1], i % w.shape[1]);
}

static int differ(const float *a, const float *b)
{
  for (int64_t i = 0; i < 18; i++)
    if (a[i] != b[i]) return 1;
  return 0;
}

/* What a batch costs: of the packed weights, which products read. */
static double cost_of(nai_network *net, const nai_trials *trials)
{
  nai_progress now = NAI_PROGRESS_INIT;
  nai_trainer *trainer = train_by_bptt(net, 1);
  nai_cost *cost;
  attach_cost(trainer, nai_cost_create_mse(&cost, "z"), &cost, 1);
  expect_ok(nai_trainer_estimate_gradient(&now, trainer, trials));
  nai_trainer_destroy(trainer);
  return now.cost;
}

/* Frozen and plastic by turns, with new weights while frozen: outputs are always those of a copy. */
START_TEST(what_is_frozen_is_left_out_and_comes_back)
{
  nai_network *net, *copy;
  float before[18] = {0}, after[18] = {0};
  expect_ok(nai_network_create(&net, 1));
  nai_network_add_input(net, "u", 6);
  nai_network_add_population(net, "h", 6, NAI_FREE);
  nai_network_add_output(net, "z", 3);
  nai_network_connect(net, "u", "h");
  nai_network_connect(net, "h", "h z");
  expect_ok(nai_network_set(net, "h", "tau", 2));
  expect_ok(nai_network_build(net, 2));
  nai_trainer *trainer = train_by_bptt(net, 0.3);
  nai_trials *trials = normal_trials(net, "z", 4, 9);
  nai_cost *cost;
  attach_cost(trainer, nai_cost_create_mse(&cost, "z"), &cost, 1);
  for (int turn = 0; turn < 6; turn++) {
    expect_ok(nai_network_set_plastic(net, "h", "z", turn % 2));
    copy_of(before, net, "h", "z");
    if (turn == 2) {
      for (int i = 0; i < 18; i++) before[i] *= 1.5f;
      expect_ok(nai_network_set_weights(net, "h", "z", before, 3, 6));
    }
    expect_ok(nai_trainer_step(NULL, trainer, trials));
    copy_of(after, net, "h", "z");
    ck_assert_int_eq(differ(before, after), turn % 2);
    nai_view g = NAI_VIEW_INIT;
    expect_ok(nai_trainer_gradient(&g, trainer, "h", "z"));
    for (int64_t i = 0; i < 18 && turn % 2 == 0; i++) EXPECT(at(&g, i / 6, i % 6) == 0);
    expect_ok(nai_network_copy(&copy, net));
    ck_assert_double_eq(cost_of(net, trials), cost_of(copy, trials));
    nai_network_destroy(copy);
  }
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

Suite *frozen_suite(void);

Suite *frozen_suite(void)
{
  Suite *suite = suite_create("frozen");
  ADD_CASE(suite, "frozen", what_is_frozen_is_left_out_and_comes_back);
  return suite;
}
