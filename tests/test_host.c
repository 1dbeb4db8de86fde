/*
 * Hosts that are not kind: they trap floating-point exceptions (Fortran with -ffpe-trap, C++ with
 * feenableexcept), and round another way.
 */
#define _GNU_SOURCE
#include <fenv.h>
#include <neuroai/neuroai.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checks.h"
#include "networks.h"
#include "oracle.h"
#include "rules.h"

#define TRAPS (FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW)

/* --- a life ----------------------------------------------------------------------------------- */

static void save_and_load(const nai_network *net)
{
  char path[] = "/tmp/neuroai-host-XXXXXX";
  int file = mkstemp(path);
  ck_assert(file >= 0);
  close(file);
  nai_network *loaded;
  expect_ok(nai_network_save(net, path));
  expect_ok(nai_network_load(&loaded, path, NULL, 0));
  nai_network_destroy(loaded);
  unlink(path);
}

static void run_a_state(const nai_network *net)
{
  nai_state *state;
  float inputs[3 * 5] = {0.5f}, outputs[3 * 16];
  expect_ok(nai_state_create(&state, net, 3, 4));
  for (int t = 0; t < 5; t++) expect_ok(nai_state_step(state, inputs, outputs));
  nai_state_destroy(state);
}

static void learn_by_every_rule(nai_network *net, const nai_trials *trials)
{
  for (int k = 0; k < n_rules; k++) {
    nai_trainer *trainer = train_everything_by(net, rule_made(k, 5));
    expect_ok(nai_trainer_set(trainer, "threads", 2));
    expect_ok(nai_trainer_step(NULL, trainer, trials));
    nai_trainer_destroy(trainer);
  }
}

/* Composing to destroying, whatever the environment is. */
static void live(int32_t transfer, const char *kernels)
{
  nai_network *net = build_everything(transfer, kernels);
  nai_trials *trials = trials_for_everything(net, 1);
  nai_spectrum spectrum = NAI_SPECTRUM_INIT;
  expect_ok(nai_network_spectrum(&spectrum, NULL, NULL, 0, net, "*"));
  run_a_state(net);
  learn_by_every_rule(net, trials);
  save_and_load(net);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}

/* Costs that divide, on units whose numbers fill no vector, with gains of their own. */
static void learn_by_costs_that_divide(int32_t transfer, const char *kernels)
{
  nai_network *net = compose_ei(5, 2);
  expect_ok(nai_network_set_kernels(net, kernels));
  expect_ok(nai_network_set_transfer(net, "E", transfer));
  expect_ok(nai_network_set(net, "E", "gain", 1.5));
  expect_ok(nai_network_set(net, "E", "exponent", 1.2)); /* squares explode, and that traps */
  expect_ok(nai_network_place_box(net, "E I", 1, 1, 1));
  expect_ok(nai_network_build(net, 3));
  nai_task *task;
  nai_rule *rule;
  nai_optimizer *adam;
  nai_cost *cost;
  nai_trainer *trainer;
  expect_ok(nai_task_create(&task, "go-nogo", net));
  expect_ok(nai_rule_create_bptt(&rule));
  expect_ok(nai_optimizer_create_adam(&adam, 1e-3));
  expect_ok(nai_trainer_create(&trainer, net, rule, adam, task));
  attach_cost(trainer, nai_cost_create_cross_entropy(&cost, "choice"), &cost, 1);
  attach_cost(trainer, nai_cost_create_vanishing_gradient(&cost, "*"), &cost, 0.1);
  attach_cost(trainer, nai_cost_create_distance(&cost, "E I", "E I"), &cost, 0.1);
  attach_cost(trainer, nai_cost_create_communicability(&cost, "E I", "E I", 1), &cost, 0.1);
  expect_ok(nai_trainer_set(trainer, "evaluate_every", 2));
  expect_ok(nai_trainer_set(trainer, "evaluate_trials", 20));
  expect_ok(nai_trainer_set(trainer, "clip", 1));
  expect_ok(nai_trainer_run(trainer, 4, NULL, NULL));
  nai_evaluation *evaluation;
  expect_ok(nai_evaluation_create(&evaluation, net, task, 20, 1, 2));
  nai_evaluation_destroy(evaluation);
  nai_trainer_destroy(trainer);
  nai_optimizer_destroy(adam);
  nai_rule_destroy(rule);
  nai_task_destroy(task);
  nai_network_destroy(net);
}

/* --- traps ------------------------------------------------------------------------------------ */

static void on_every_table(void (*work)(int32_t transfer, const char *kernels))
{
  const char *kernels;
  for (int k = 0; (kernels = oracle_kernels(k)); k++)
    for (int32_t transfer = NAI_TRANSFER_RELU; transfer <= NAI_TRANSFER_POWER; transfer++)
      work(transfer, kernels);
}

START_TEST(a_life_under_traps)
{
  feenableexcept(TRAPS);
  on_every_table(live);
  ck_assert_int_eq(fegetexcept(), TRAPS);
  fedisableexcept(TRAPS);
}
END_TEST

START_TEST(costs_under_traps)
{
  feenableexcept(TRAPS);
  on_every_table(learn_by_costs_that_divide);
  ck_assert_int_eq(fegetexcept(), TRAPS);
  fedisableexcept(TRAPS);
}
END_TEST

START_TEST(initial_weights_under_traps)
{
  feenableexcept(TRAPS);
  nai_network *net = compose_one("E", 37, NAI_FREE);
  expect_ok(nai_network_set_autapses(net, "E", "E", 1));
  expect_ok(nai_network_set_initial(net, "E", "E", NAI_INITIAL_ORTHOGONAL, 0.9, 0));
  expect_ok(nai_network_set_radius(net, "E", 1.2));
  expect_ok(nai_network_build(net, 1));
  fedisableexcept(TRAPS);
  nai_network_destroy(net);
}
END_TEST

/* LAPACK tries out infinities: of that the host sees nothing. */
START_TEST(a_spectrum_leaves_the_flags_alone)
{
  nai_network *net = build_ei(37, 9, 1);
  nai_spectrum spectrum = NAI_SPECTRUM_INIT;
  feclearexcept(FE_ALL_EXCEPT);
  feraiseexcept(FE_UNDERFLOW);
  expect_ok(nai_network_spectrum(&spectrum, NULL, NULL, 0, net, "*"));
  ck_assert(!fetestexcept(FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW));
  ck_assert(fetestexcept(FE_UNDERFLOW));
  nai_network_destroy(net);
}
END_TEST

/* --- rounding --------------------------------------------------------------------------------- */

/* Two updates: the pool is made by the first, before the rounding changes. */
static uint64_t learn_rounding(int threads, int rounding)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_trials *trials = any_trials_for_everything(net, 600, 1);
  nai_trainer *trainer = train_everything_by(net, rule_named("bptt", 1));
  expect_ok(nai_trainer_set(trainer, "threads", threads));
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  ck_assert_int_eq(fesetround(rounding), 0);
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  ck_assert_int_eq(fegetround(), rounding);
  fesetround(FE_TONEAREST);
  uint64_t hash = hash_of(net);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
  return hash;
}

START_TEST(threads_round_as_their_caller)
{
  const int modes[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
  uint64_t nearest = learn_rounding(1, FE_TONEAREST);
  for (int m = 0; m < 4; m++) {
    uint64_t one = learn_rounding(1, modes[m]);
    ck_assert((one == nearest) == (m == 0)); /* else this test could not fail */
    for (int threads = 2; threads <= 3; threads++)
      ck_assert(learn_rounding(threads, modes[m]) == one);
  }
}
END_TEST

Suite *host_suite(void)
{
  Suite *suite = suite_create("host");
  ADD_CASE(suite, "traps", a_life_under_traps, costs_under_traps, initial_weights_under_traps,
           a_spectrum_leaves_the_flags_alone);
  ADD_CASE(suite, "rounding", threads_round_as_their_caller);
  return suite;
}
