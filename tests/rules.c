/* What tests of learning rules share: see rules.h. */
#include "rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "oracle.h"

/* --- every rule ------------------------------------------------------------------------------- */

/* Some have no seed, some have a form besides. */
#define RULE(name, creation)                            \
  static nai_status name(nai_rule **out, uint64_t seed) \
  {                                                     \
    (void)seed;                                         \
    return creation;                                    \
  }

RULE(bptt, nai_rule_create_bptt(out))
RULE(truncated, nai_rule_create_truncated_bptt(out, 4))
RULE(eprop_symmetric, nai_rule_create_eprop(out, NAI_FEEDBACK_SYMMETRIC, seed))
RULE(eprop_random, nai_rule_create_eprop(out, NAI_FEEDBACK_RANDOM, seed))
RULE(eprop_adaptive, nai_rule_create_eprop(out, NAI_FEEDBACK_ADAPTIVE, seed))
RULE(snap1, nai_rule_create_snap1(out))
RULE(sign_uniform, nai_rule_create_sign_symmetry(out, NAI_SIGN_UNIFORM, seed))
RULE(sign_batch, nai_rule_create_sign_symmetry(out, NAI_SIGN_BATCH, seed))
RULE(sign_fixed, nai_rule_create_sign_symmetry(out, NAI_SIGN_FIXED, seed))
RULE(kolen_pollack, nai_rule_create_kolen_pollack(out, 1e-3, seed))

const rule_case all_rules[] = {
    {"bptt", bptt},
    {"truncated_bptt", truncated},
    {"rflo", nai_rule_create_rflo},
    {"eprop_symmetric", eprop_symmetric},
    {"eprop_random", eprop_random},
    {"eprop_adaptive", eprop_adaptive},
    {"snap1", snap1},
    {"feedback_alignment", nai_rule_create_feedback_alignment},
    {"direct_feedback_alignment", nai_rule_create_direct_feedback_alignment},
    {"sign_symmetry uniform", sign_uniform},
    {"sign_symmetry batch", sign_batch},
    {"sign_symmetry fixed", sign_fixed},
    {"kolen_pollack", kolen_pollack},
    {"weight_mirror", nai_rule_create_weight_mirror},
};
const int n_rules = sizeof all_rules / sizeof *all_rules;

/* --- and those of other kinds ------------------------------------------------------------------- */

nai_status hebbian_step(void *user, nai_local_step *s)
{
  (void)user;
  for (int64_t b = 0; b < s->trials; b++)
    for (int64_t i = 0; i < s->n_post; i++)
      for (int64_t j = 0; j < s->n_pre; j++)
        s->change[i * s->stride + j] -= s->post[b * s->n_post + i] * s->pre[b * s->n_pre + j];
  return NAI_OK;
}

static nai_status own(nai_rule **out, uint64_t seed)
{
  nai_rule_ops ops = {
      .struct_size = sizeof ops, .name = "own", .n_traces = 3, .step = hebbian_step};
  return nai_rule_create(out, &ops, seed, NULL);
}

RULE(node_perturbation, nai_rule_create_node_perturbation(out, 0.1, seed))
RULE(rtrl, nai_rule_create_rtrl(out))
RULE(force, nai_rule_create_force(out))
RULE(dendritic_error, nai_rule_create_dendritic_error(out))
RULE(predictive_coding, nai_rule_create_predictive_coding(out))
RULE(equilibrium_propagation,
     nai_rule_create_equilibrium_propagation(out, NAI_NUDGE_SYMMETRIC, seed))

const rule_case other_rules[] = {{"rtrl", rtrl},
                                 {"uoro", nai_rule_create_uoro},
                                 {"own", own},
                                 {"node_perturbation", node_perturbation},
                                 {"reward_hebbian", nai_rule_create_reward_hebbian},
                                 {"force", force},
                                 {"full-force", nai_rule_create_full_force},
                                 {"dendritic_error", dendritic_error},
                                 {"predictive_coding", predictive_coding},
                                 {"equilibrium_propagation", equilibrium_propagation}};
const int n_other_rules = sizeof other_rules / sizeof *other_rules;

nai_rule *rule_made(int number, uint64_t seed)
{
  nai_rule *rule;
  expect_ok(all_rules[number].create(&rule, seed));
  const char *name = nai_rule_name(rule);
  EXPECT(strncmp(all_rules[number].name, name, strlen(name)) == 0);
  return rule;
}

nai_rule *rule_named(const char *name, uint64_t seed)
{
  for (int i = 0; i < n_rules; i++)
    if (strcmp(all_rules[i].name, name) == 0) return rule_made(i, seed);
  ck_abort_msg("there is no rule '%s'", name);
  return NULL;
}

/* --- trainers --------------------------------------------------------------------------------- */

void expect_same_bits(const makers *make, int number, int updates, int threads)
{
  char folder[256], path[300];
  uint64_t hash[3];
  checks_folder(folder);
  snprintf(path, sizeof path, "%s/trainer.safetensors", folder);
  for (int k = 0; k < 3; k++) {
    nai_network *net = make->network();
    nai_trials *trials = make->trials(net);
    uint64_t before = hash_of(net);
    nai_trainer *trainer = make->trainer(net, number);
    expect_ok(nai_trainer_set(trainer, "threads", k == 1 ? threads : 1));
    if (k == 2) expect_ok(nai_trainer_restore(trainer, path));
    for (int update = k == 2 ? 2 : 0; update < updates; update++) {
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

nai_optimizer *plain_descent(double rate)
{
  nai_optimizer *sgd;
  expect_ok(nai_optimizer_create_sgd(&sgd, rate));
  return sgd;
}

nai_optimizer *adam(double rate)
{
  nai_optimizer *optimizer;
  expect_ok(nai_optimizer_create_adam(&optimizer, rate));
  return optimizer;
}

nai_rule *bptt_rule(void)
{
  nai_rule *rule;
  expect_ok(nai_rule_create_bptt(&rule));
  return rule;
}

nai_trainer *train_by_bptt(nai_network *net, double rate)
{
  return trainer_of(net, bptt_rule(), plain_descent(rate));
}

nai_trainer *trainer_of(nai_network *net, nai_rule *rule, nai_optimizer *optimizer)
{
  nai_trainer *trainer;
  expect_ok(nai_trainer_create(&trainer, net, rule, optimizer, NULL));
  nai_rule_destroy(rule);
  nai_optimizer_destroy(optimizer);
  return trainer;
}

void attach_cost(nai_trainer *trainer, nai_status made, nai_cost **cost, double beta)
{
  expect_ok(made);
  expect_ok(nai_trainer_add_cost(trainer, *cost, beta));
  nai_cost_destroy(*cost);
}

nai_trainer *train_everything_by(nai_network *net, nai_rule *rule)
{
  nai_cost *real, *choice, *l1, *l2;
  nai_trainer *trainer = trainer_of(net, rule, plain_descent(1e-2));
  attach_cost(trainer, nai_cost_create_mse(&real, "real"), &real, 0.7);
  attach_cost(trainer, nai_cost_create_cross_entropy(&choice, "choice"), &choice, 1.1);
  attach_cost(trainer, nai_cost_create_l1_rates(&l1, "E I"), &l1, L1_RATES);
  attach_cost(trainer, nai_cost_create_l2_rates(&l2, "*"), &l2, L2_RATES);
  expect_ok(nai_trainer_set(trainer, "seed", 17));
  return trainer;
}

void by_direct_feedback(tangents *tangents, const nai_trainer *trainer)
{
  tangents->kept = TANGENTS_LOCAL;
  tangents->direct = trainer->plasticity.learner->feedback.direct;
}

/* dJ/dz as costs say it: the trainer has taken it back through the memory of outputs. */
static void ask_costs_again(nai_trainer *trainer, const nai_trials *trials)
{
  int has_signal;
  expect_ok(
      nai__costs_before(&has_signal, &trainer->plasticity.objective, &trainer->batch, trials));
}

static void check_by_tangents_on(nai_network *net, const char *rule,
                                 void (*how)(tangents *out, const nai_trainer *trainer))
{
  expect_ok(nai_network_set(net, "E I layer", "plastic_initial", 1));
  nai_trials *trials = trials_for_everything(net, 1);
  nai_trainer *trainer = train_everything_by(net, rule_named(rule, 5));
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
  ask_costs_again(trainer, trials);
  tangents tangents = {.l1 = L1_RATES, .l2 = L2_RATES, .lengths = trials->length};
  how(&tangents, trainer);
  double *expected = tangents_gradient(trainer, &tangents);
  tangents_check(trainer, expected, rule);
  free(expected);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}

void check_by_tangents(int32_t transfer, const char *rule,
                       void (*how)(tangents *out, const nai_trainer *trainer))
{
  const char *kernels;
  for (int k = 0; (kernels = oracle_kernels(k)); k++)
    for (int memory = 0; memory <= (transfer == NAI_TRANSFER_TANH); memory++) {
      nai_network *net = build_everything(transfer, kernels);
      if (memory) remember_outputs(net);
      check_by_tangents_on(net, rule, how);
    }
}
