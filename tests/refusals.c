/* What rules refuse: see refusals.h. */
#include "refusals.h"

#include "faults.h"
#include "oracle.h"

void expect_refused(nai_network *net, nai_rule *rule, const char *words)
{
  nai_optimizer *sgd = plain_descent(1e-2);
  nai_trainer *trainer = NULL;
  expect_fails(nai_trainer_create(&trainer, net, rule, sgd, NULL), NAI_ERR_UNSUPPORTED, words);
  EXPECT(trainer == NULL);
  nai_rule_destroy(rule);
  nai_optimizer_destroy(sgd);
}

void expect_parts_refused(nai_trainer *trainer, nai_network *net, const nai_trials *trials,
                          nai_rule *(*make)(void), const wrong_part *wrong, size_t n)
{
  for (size_t k = 0; k < n; k++) {
    expect_ok(nai_network_set(net, wrong[k].name, wrong[k].number, wrong[k].value));
    expect_refused(net, make(), wrong[k].words);
    uint64_t before = hash_of(net);
    expect_fails(nai_trainer_step(NULL, trainer, trials), NAI_ERR_UNSUPPORTED, wrong[k].words);
    EXPECT(hash_of(net) == before);
    expect_ok(nai_network_set(net, wrong[k].name, wrong[k].number, wrong[k].usual));
    expect_ok(nai_trainer_step(NULL, trainer, trials));
  }
}

void expect_numbers_refused(nai_rule *rule, const wrong_number *wrong, size_t n)
{
  for (size_t k = 0; k < n; k++) {
    double before, after;
    expect_ok(nai_rule_get(&before, rule, wrong[k].name));
    expect_fails(nai_rule_set(rule, wrong[k].name, wrong[k].value), NAI_ERR_INVALID,
                 wrong[k].words);
    expect_ok(nai_rule_get(&after, rule, wrong[k].name));
    EXPECT(before == after);
  }
}

static nai_status work(nai_trainer **trainer, nai_network *net, nai_rule *rule, nai_optimizer *sgd,
                       nai_cost *mse, const nai_trials *few, const nai_trials *many)
{
  nai_status status = nai_trainer_create(trainer, net, rule, sgd, NULL);
  if (status == NAI_OK) status = nai_trainer_add_cost(*trainer, mse, 0.7);
  if (status == NAI_OK) status = nai_trainer_estimate_gradient(NULL, *trainer, few);
  if (status == NAI_OK) status = nai_trainer_estimate_gradient(NULL, *trainer, many);
  return status;
}

void fail_each_allocation(nai_network *net, nai_rule *(*make)(void), const nai_trials *few,
                          const nai_trials *many)
{
  long n = 0;
  for (nai_status status = NAI_ERR_MEMORY; status != NAI_OK; n++) {
    nai_rule *rule = make();
    nai_optimizer *sgd = plain_descent(1e-2);
    nai_trainer *trainer = NULL;
    nai_cost *mse;
    expect_ok(nai_cost_create_mse(&mse, "y"));
    faults_fail_allocation(n);
    status = work(&trainer, net, rule, sgd, mse, few, many);
    faults_fail_allocation(-1);
    EXPECT(status == NAI_OK || status == NAI_ERR_MEMORY);
    if (trainer) {
      if (nai_trainer_cost_count(trainer) == 0) expect_ok(nai_trainer_add_cost(trainer, mse, 0.7));
      expect_ok(nai_trainer_estimate_gradient(NULL, trainer, many));
    }
    nai_cost_destroy(mse);
    nai_trainer_destroy(trainer);
    nai_rule_destroy(rule);
    nai_optimizer_destroy(sgd);
  }
  EXPECT(n > 20);
}
