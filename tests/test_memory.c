/* Memory: what the library tells that it needs is what it takes, and limits hold. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/network/network.h"
#include "../lib/train/trainer.h"
#include "faults.h"
#include "rules.h"
#include "tasks.h"

/* --- a network -------------------------------------------------------------------------------- */

static nai_network *compose_large(void)
{
  nai_network *net = compose_ei(240, 60);
  expect_ok(nai_network_add_input(net, "more", 100));
  expect_ok(nai_network_connect(net, "more", "E I"));
  return net;
}

/* What a build takes, by the bytes that the library asks for: at least a share of what was told. */
static void expect_build_takes(nai_network *net, double share)
{
  int64_t most, left;
  long before = faults_held();
  expect_ok(nai_network_memory(&most, net));
  EXPECT(faults_held() == before);
  faults_most_held();
  expect_ok(nai_network_build(net, 1));
  double taken = (double)(faults_most_held() - before), held = (double)(faults_held() - before);
  if (!(taken <= (double)most && taken > share * (double)most))
    ck_abort_msg("%.0f bytes, not %.0f", taken, (double)most);
  expect_ok(nai_network_memory(&left, net));
  EXPECT(held <= (double)left && held > 0.9 * (double)left);
  nai_network_destroy(net);
}

START_TEST(a_build_takes_what_was_told)
{
  expect_build_takes(compose_large(), 0.9);
  nai_network *net = compose_large();
  make_sparse(net, "E I", 0.3);
  expect_build_takes(net, 0.85); /* a mask may leave more synapses to be listed */
  net = compose_large();
  expect_ok(nai_network_set_radius(net, "E I", 1.2));
  expect_build_takes(net, 0.9);
  net = compose_large();
  expect_ok(nai_network_set_initial_weights(net, "more", "E", NAI_WEIGHTS_ORTHOGONAL, 1, 0));
  expect_build_takes(net, 0.9);
}
END_TEST

/* One copy of theta, three of flags, and two packed ones of what errors go back through. */
START_TEST(bytes_of_a_synapse)
{
  enum { N = 496 }; /* rows have no padding */
  nai_network *net = compose_one("E", N, NAI_FREE);
  int64_t bytes;
  expect_ok(nai_network_memory(&bytes, net));
  /* doubles and floats of a unit; strong synapses; tables; ends of pages */
  double numbers = 8.0 * 11 * N + 20 * 4.0 * N + 8 * 3.0 * N + 16384 + 15.0 * N * N / 100;
  EXPECT((double)bytes >= 15.0 * N * N && (double)bytes <= 15.0 * N * N + numbers);
  nai_network_destroy(net);
}
END_TEST

/* --- training --------------------------------------------------------------------------------- */

static nai_network *build_large(void)
{
  nai_network *net = compose_large();
  expect_ok(nai_network_build(net, 1));
  return net;
}

enum { STEPS = 12, TRIALS = 9 };

static nai_trials *some_trials(const nai_network *net)
{
  nai_trials *trials;
  expect_ok(nai_trials_create(&trials, net, STEPS, TRIALS));
  float *target = calloc(STEPS * TRIALS * 2, sizeof *target);
  expect_ok(nai_trials_set_targets(trials, "choice", target, 2));
  free(target);
  return trials;
}

static void expect_training_takes(nai_rule *rule)
{
  nai_network *net = build_large();
  nai_trials *trials = some_trials(net);
  long before = faults_held();
  int64_t network, bytes;
  char name[64];
  snprintf(name, sizeof name, "%s", nai_rule_name(rule));
  expect_ok(nai_network_memory(&network, net));
  nai_trainer *trainer = trainer_of(net, rule, adam(0.001));
  nai_cost *cost;
  attach_cost(trainer, nai_cost_create_mse(&cost, "choice"), &cost, 1);
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  expect_ok(nai_trainer_memory(&bytes, trainer));
  double held = (double)(faults_held() - before), told = (double)(bytes - network);
  if (!(held <= 1.02 * told && held > 0.9 * told))
    ck_abort_msg("rule %s: %g bytes, not %g", name, held, told);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}

START_TEST(training_takes_what_is_told)
{
  expect_training_takes(rule_made(_i, 3));
}
END_TEST

START_TEST(other_rules_too)
{
  nai_rule *rule;
  expect_ok(nai_rule_create_force(&rule));
  expect_training_takes(rule);
  expect_ok(nai_rule_create_full_force(&rule, 3));
  expect_training_takes(rule);
  expect_ok(nai_rule_create_uoro(&rule, 3));
  expect_training_takes(rule);
  expect_ok(nai_rule_create_node_perturbation(&rule, 0.1, 3));
  expect_training_takes(rule);
  expect_ok(nai_rule_create_rflo(&rule, 3));
  expect_ok(nai_rule_set(rule, "update_every", 4));
  expect_training_takes(rule);
}
END_TEST

/* The same limit, less one byte, refuses what it allows. */
START_TEST(training_is_refused_before_it_takes_memory)
{
  int64_t network, bytes;
  nai_network *net = build_large();
  nai_trials *trials = some_trials(net);
  expect_ok(nai_network_memory(&network, net));
  nai_rule *rule = rule_made(_i, 3);
  nai_optimizer *optimizer = adam(0.001);
  nai_trainer *trainer;
  expect_ok(nai_network_set_memory_limit(net, network + 6 * 4 * net->n_theta - 1));
  long before = faults_held();
  faults_most_held();
  expect_fails(nai_trainer_create(&trainer, net, rule, optimizer, NULL), NAI_ERR_MEMORY,
               "the network's limit is");
  ck_assert_ptr_null(trainer);
  EXPECT(faults_most_held() - before < 12000 && faults_held() <= before);
  expect_ok(nai_network_set_memory_limit(net, 0));
  trainer = trainer_of(net, rule, optimizer);
  nai_cost *cost;
  attach_cost(trainer, nai_cost_create_mse(&cost, "choice"), &cost, 1);
  expect_ok(nai_trainer_memory(&bytes, trainer));
  expect_ok(nai_network_set_memory_limit(net, bytes + 1000));
  uint64_t hash = hash_of(net);
  expect_fails(nai_trainer_step(NULL, trainer, trials), NAI_ERR_MEMORY,
               "a batch of 9 trials of 12 steps needs");
  EXPECT(hash_of(net) == hash);
  expect_ok(nai_network_set_memory_limit(net, 0));
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  expect_ok(nai_trainer_memory(&bytes, trainer));
  expect_ok(nai_network_set_memory_limit(net, bytes));
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* Before the first update: of the task's trials, as many as are set. */
START_TEST(a_task_is_counted)
{
  nai_network *net = compose_ei_of(20, 3, 40, 10, 3);
  expect_ok(nai_network_build(net, 1));
  nai_task *task = task_for(net, "perceptual-decision-making");
  nai_rule *rule = bptt_rule();
  nai_optimizer *optimizer = adam(0.001);
  nai_trainer *trainer;
  nai_cost *cost;
  int64_t few, many, then;
  expect_ok(nai_trainer_create(&trainer, net, rule, optimizer, task));
  expect_ok(nai_cost_create_cross_entropy(&cost, "choice"));
  expect_ok(nai_trainer_add_cost(trainer, cost, 1));
  expect_ok(nai_trainer_set(trainer, "batch", 8));
  expect_ok(nai_trainer_memory(&few, trainer));
  expect_ok(nai_trainer_set(trainer, "batch", 80));
  expect_ok(nai_trainer_memory(&many, trainer));
  EXPECT(many > 2 * few);
  expect_ok(nai_trainer_step(NULL, trainer, NULL));
  expect_ok(nai_trainer_memory(&then, trainer));
  EXPECT(then == many);
  expect_fails(nai_trainer_memory(NULL, trainer), NAI_ERR_INVALID, "bytes is NULL");
  expect_fails(nai_trainer_memory(&many, NULL), NAI_ERR_INVALID, "trainer is NULL");
  nai_cost_destroy(cost);
  nai_rule_destroy(rule);
  nai_optimizer_destroy(optimizer);
  nai_trainer_destroy(trainer);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

/*
 * What an update has to keep: rates and signals of all steps, inputs, outputs and dJ/dz, the weights, their
 * gradient and two moments. Of a large one: 1024 units, 128 trials of 200 steps.
 */
START_TEST(a_large_update_takes_what_must_be_kept)
{
  enum { N = 1024, LONG = 200, MANY = 128, IN = 64, OUT = 32 };
  nai_network *net =
      COMPOSE(.dt = 20, .inputs = {{"u", IN}},
              .populations = {{"E", N * 4 / 5, NAI_EXCITATORY},
                              {"I", N - N * 4 / 5, NAI_INHIBITORY}},
              .outputs = {{"z", OUT}}, .projections = {{"u", "E I"}, {"E I", "E I"}, {"E I", "z"}});
  expect_ok(nai_network_build(net, 1));
  nai_trainer *trainer = trainer_of(net, bptt_rule(), adam(0.001));
  double activity = LONG * MANY * (2.0 * N + IN + 2 * OUT), weights = 1.0 * N * (N + IN + OUT),
         must = 4 * (activity + 4 * weights);
  double takes = (double)nai__trainer_bytes(trainer, LONG, MANY);
  ck_assert_msg(takes < 1.2 * must, "%g bytes, %g times %g", takes, takes / must, must);
  expect_ok(nai_trainer_set(trainer, "recompute", 50));
  takes = (double)nai__trainer_bytes(trainer, LONG, MANY);
  ck_assert_msg(takes < 0.5 * must, "%g bytes, %g times %g", takes, takes / must, must);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* --- files ------------------------------------------------------------------------------------ */

START_TEST(a_load_has_a_limit)
{
  char folder[256], path[300];
  checks_folder(folder);
  snprintf(path, sizeof path, "%s/model", folder);
  nai_network *net = build_large(), *loaded;
  int64_t bytes;
  expect_ok(nai_network_memory(&bytes, net));
  expect_ok(nai_network_save(net, path));
  faults_most_held();
  long before = faults_held();
  expect_fails(nai_network_load(&loaded, path, LOADING(.memory_limit = bytes - 1)), NAI_ERR_MEMORY,
               "the network's limit is");
  ck_assert_ptr_null(loaded);
  EXPECT(faults_most_held() - before < bytes / 8 && faults_held() <= before);
  expect_fails(nai_network_load(&loaded, path, LOADING(.memory_limit = -1)), NAI_ERR_INVALID,
               "memory_limit is -1");
  expect_ok(nai_network_load(&loaded, path, LOADING(.memory_limit = bytes)));
  EXPECT(hash_of(loaded) == hash_of(net));
  nai_network *copy;
  expect_ok(nai_network_copy(&copy, loaded));
  nai_rule *rule = bptt_rule();
  nai_optimizer *optimizer = adam(0.001);
  nai_trainer *trainer;
  expect_fails(nai_trainer_create(&trainer, copy, rule, optimizer, NULL), NAI_ERR_MEMORY,
               "training needs");
  nai_rule_destroy(rule);
  nai_optimizer_destroy(optimizer);
  nai_network_destroy(copy);
  nai_network_destroy(loaded);
  nai_network_destroy(net);
  unlink(path);
  rmdir(folder);
}
END_TEST

/* --- what the system gives -------------------------------------------------------------------- */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED 1
#endif
#endif

/* Bytes by which the most that a process has had of memory grows while it builds and saves. */
static double resident_bytes(void)
{
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return 1024.0 * (double)usage.ru_maxrss;
}

/* What errors go back through, 4 bytes of 15, is there, but nothing has been written to it yet. */
static int build_and_save(const char *path)
{
  nai_network *net;
  int64_t bytes;
  if (nai_network_create(&net, 20) || nai_network_add_population(net, "E", 2000, NAI_FREE) ||
      nai_network_connect(net, "E", "E") || nai_network_memory(&bytes, net))
    return 2;
  double before = resident_bytes();
  if (nai_network_build(net, 1) || nai_network_save(net, path)) return 3;
  double taken = resident_bytes() - before;
  const double told = (double)bytes * 11 / 15;
  return taken > 1.1 * told || taken < 0.9 * told;
}

START_TEST(the_system_gives_what_was_told)
{
#ifdef IS_SANITIZED
  return;
#endif
  char folder[256], path[300];
  checks_folder(folder);
  snprintf(path, sizeof path, "%s/model", folder);
  int status = 0;
  pid_t child = fork(); /* the most that this process has had may be more */
  if (child == 0) _exit(build_and_save(path));
  ck_assert(child > 0 && waitpid(child, &status, 0) == child);
  unlink(path);
  rmdir(folder);
  ck_assert(WIFEXITED(status));
  ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

Suite *memory_suite(void);

Suite *memory_suite(void)
{
  Suite *suite = suite_create("memory");
  ADD_CASE(suite, "network", a_build_takes_what_was_told, bytes_of_a_synapse,
           the_system_gives_what_was_told);
  TCase *training = tcase_create("training");
  tcase_set_timeout(training, 60);
  tcase_add_loop_test(training, training_takes_what_is_told, 0, n_rules);
  tcase_add_loop_test(training, training_is_refused_before_it_takes_memory, 0, n_rules);
  tcase_add_test(training, other_rules_too);
  tcase_add_test(training, a_task_is_counted);
  tcase_add_test(training, a_large_update_takes_what_must_be_kept);
  suite_add_tcase(suite, training);
  ADD_CASE(suite, "files", a_load_has_a_limit);
  return suite;
}
