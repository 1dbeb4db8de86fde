/* What holds for every call of a trainer: a rule asks about all, a failure leaves all as it was. */
#include <string.h>

#include "../lib/train/trainer.h"
#include "rules.h"

/* --- a rule that does not ask ------------------------------------------------------------------- */

/* An estimate that asks rate costs about none but the first steps. */
static int64_t asked_steps;

static nai_status ask_some(nai__learner *learner, nai__pass *pass)
{
  const nai_network *net = learner->net;
  memset(pass->gradient, 0, (size_t)net->n_theta * sizeof *pass->gradient);
  memset(pass->signal, 0, (size_t)(pass->steps * pass->trials * net->ld_units) * sizeof(float));
  for (int64_t t = 1; t <= asked_steps && pass->rate_signal; t++)
    for (int64_t row = 0; row < pass->trials; row += pass->rows) {
      int64_t rows = pass->trials - row < pass->rows ? pass->trials - row : pass->rows;
      float *g = pass->signal + ((t - 1) * pass->trials + row) * net->ld_units;
      pass->rate_signal(pass->user, t, row, rows, 0, net->n_units, g);
    }
  return NAI_OK;
}

START_TEST(a_rule_that_does_not_ask_about_all_rates_is_refused)
{
  static const nai__rule_kind kind = {
      .name = "forgetful", .costs = NAI__LEARNS_FROM_ACTIVITY, .estimate = ask_some};
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_trials *trials = trials_for_everything(net, 3);
  nai_rule *rule;
  expect_ok(nai__rule_create(&rule, &kind, 0));
  nai_trainer *trainer = train_everything_by(net, rule);
  uint64_t before = hash_of(net);
  nai_progress now = NAI_PROGRESS_INIT;
  asked_steps = EVERYTHING_STEPS;
  expect_ok(nai_trainer_estimate_gradient(&now, trainer, trials));
  asked_steps = EVERYTHING_STEPS - 1;
  expect_fails(nai_trainer_step(NULL, trainer, trials), NAI_ERR_UNSUPPORTED,
               "rule 'forgetful' asked costs on rates about");
  asked_steps = 0;
  expect_fails(nai_trainer_step(NULL, trainer, trials), NAI_ERR_UNSUPPORTED, "about 0 of");
  ck_assert(hash_of(net) == before);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

Suite *promises_suite(void)
{
  Suite *suite = suite_create("promises");
  ADD_CASE(suite, "rules", a_rule_that_does_not_ask_about_all_rates_is_refused);
  return suite;
}
