/*
 * Hosts that are not kind: they trap floating-point exceptions (Fortran with -ffpe-trap, C++ with
 * feenableexcept), round another way, run on small stacks, write decimal commas, have closed their
 * standard streams, are interrupted by signals, and fork.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <neuroai/neuroai.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lib/base/threads.h"
#include "checks.h"
#include "faults.h"
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
  expect_ok(nai_network_load(&loaded, path, NULL));
  nai_network_destroy(loaded);
  unlink(path);
}

static void run_a_state(const nai_network *net)
{
  nai_state *state;
  float inputs[3 * 5] = {0.5f}, outputs[3 * 16];
  expect_ok(nai_state_create(&state, net, 3, 4));
  for (int t = 0; t < 5; t++) expect_ok(nai_state_step(outputs, state, inputs));
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
  expect_ok(nai_network_set_initial_weights(net, "E", "E", NAI_WEIGHTS_ORTHOGONAL, 0.9, 0));
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

/* --- training in other hosts ------------------------------------------------------------------ */

typedef struct rig {
  nai_network *net;
  nai_task *task;
  nai_trainer *trainer;
} rig;

static rig make_rig(int threads)
{
  rig r;
  nai_cost *cost;
  r.net = compose_ei(40, 10);
  expect_ok(nai_network_set(r.net, "E I", "noise", 0.1));
  expect_ok(nai_network_set(r.net, "E", "tau", 33.3));
  expect_ok(nai_network_build(r.net, 3));
  expect_ok(nai_task_create(&r.task, "go-nogo", r.net));
  nai_rule *rule = bptt_rule();
  nai_optimizer *optimizer = adam(1e-3);
  expect_ok(nai_trainer_create(&r.trainer, r.net, rule, optimizer, r.task));
  nai_optimizer_destroy(optimizer);
  nai_rule_destroy(rule);
  attach_cost(r.trainer, nai_cost_create_cross_entropy(&cost, "choice"), &cost, 1);
  expect_ok(nai_trainer_set(r.trainer, "threads", threads));
  expect_ok(nai_trainer_set(r.trainer, "batch", 64));
  return r;
}

static void destroy_rig(rig *r)
{
  nai_trainer_destroy(r->trainer);
  nai_task_destroy(r->task);
  nai_network_destroy(r->net);
}

/* Files in a folder of their own. */
typedef struct files {
  char folder[256], plain[300], model[300], checkpoint[300];
} files;

static files make_files(void)
{
  files f;
  checks_folder(f.folder);
  snprintf(f.plain, sizeof f.plain, "%s/plain", f.folder);
  snprintf(f.model, sizeof f.model, "%s/model", f.folder);
  snprintf(f.checkpoint, sizeof f.checkpoint, "%s/checkpoint", f.folder);
  return f;
}

static void remove_files(const files *f)
{
  unlink(f->plain);
  unlink(f->model);
  unlink(f->checkpoint);
  ck_assert_int_eq(rmdir(f->folder), 0); /* no temporary file is left */
}

static int same_bytes(const char *one, const char *other)
{
  FILE *a = fopen(one, "rb"), *b = fopen(other, "rb");
  int same = a && b, byte = 0;
  long size = 0;
  for (; same && byte != EOF; size++) same = (byte = getc(a)) == getc(b);
  if (a) fclose(a);
  if (b) fclose(b);
  return same && size > 1000;
}

/* All that touches files, without Check, for children. 1 when all of it succeeds. */
static int use_files(const rig *r, const files *f)
{
  nai_network *loaded = NULL;
  int good = nai_network_save(r->net, f->model) == NAI_OK &&
             nai_network_load(&loaded, f->model, NULL) == NAI_OK &&
             hash_of(loaded) == hash_of(r->net) && nai_network_save(loaded, f->model) == NAI_OK &&
             nai_trainer_save(r->trainer, f->checkpoint) == NAI_OK &&
             nai_trainer_restore(r->trainer, f->checkpoint) == NAI_OK;
  nai_network_destroy(loaded);
  return good;
}

/* What a child process returns; it is killed after two minutes. */
static int status_of(pid_t child)
{
  int status;
  const struct timespec pause = {0, 10000000};
  ck_assert_int_gt(child, 0);
  for (int look = 0; look < 12000; look++) {
    pid_t ended = waitpid(child, &status, WNOHANG);
    if (ended == child) return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    nanosleep(&pause, NULL);
  }
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
  return -1;
}

/* --- small stacks ----------------------------------------------------------------------------- */

#ifdef __has_feature
#define HAS_FEATURE(name) __has_feature(name)
#else
#define HAS_FEATURE(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                             \
    HAS_FEATURE(address_sanitizer) || HAS_FEATURE(thread_sanitizer) || !defined(__OPTIMIZE__) || \
    defined(TESTS_LARGE_FRAMES)
#define SMALL_STACK (512 << 10) /* what they add to frames, or leave in them, is not ours */
#else
#define SMALL_STACK (128 << 10)
#endif

/* Few synapses, many trials: lists are met with blocks of activity on the stack. */
static void *train_by_lists(void *hash)
{
  nai_network *net = compose_ei(400, 100);
  make_sparse(net, "E I", 0.1);
  expect_ok(nai_network_build(net, 1));
  nai_trials *trials = normal_trials(net, "choice", 3, 70);
  nai_trainer *trainer = train_by_bptt(net, 0.01);
  nai_cost *cost;
  attach_cost(trainer, nai_cost_create_mse(&cost, "choice"), &cost, 1);
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  *(uint64_t *)hash = hash_of(net);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
  return NULL;
}

static void *train_evaluate_and_save(void *hash)
{
  files f = make_files();
  rig r = make_rig(2);
  nai_spectrum spectrum = NAI_SPECTRUM_INIT;
  nai_evaluation *evaluation;
  expect_ok(nai_network_spectrum(&spectrum, NULL, NULL, 0, r.net, "*"));
  expect_ok(nai_trainer_run(r.trainer, 2, NULL, NULL));
  ck_assert(use_files(&r, &f));
  expect_ok(nai_evaluation_create(&evaluation, r.net, r.task, 20, 1, 2));
  *(uint64_t *)hash = hash_of(r.net);
  nai_evaluation_destroy(evaluation);
  destroy_rig(&r);
  remove_files(&f);
  return NULL;
}

static void expect_same_on_a_small_stack(void *(*life)(void *hash))
{
  uint64_t here, there = 0;
  pthread_attr_t small;
  pthread_t thread;
  life(&here);
  ck_assert_int_eq(pthread_attr_init(&small), 0);
  ck_assert_int_eq(pthread_attr_setstacksize(&small, SMALL_STACK), 0);
  ck_assert_int_eq(pthread_create(&thread, &small, life, &there), 0);
  ck_assert_int_eq(pthread_join(thread, NULL), 0);
  ck_assert(there == here);
  pthread_attr_destroy(&small);
}

START_TEST(a_life_on_a_small_stack)
{
  expect_same_on_a_small_stack(train_evaluate_and_save);
  expect_same_on_a_small_stack(train_by_lists);
}
END_TEST

typedef struct stacks {
  pthread_barrier_t all; /* so that each thread has one task */
  size_t size[3];
} stacks;

static void look_at_stack(void *argument, int64_t task, int32_t thread)
{
  stacks *stacks = argument;
  pthread_attr_t mine;
  (void)task;
  pthread_barrier_wait(&stacks->all);
  if (pthread_getattr_np(pthread_self(), &mine) != 0) return;
  pthread_attr_getstacksize(&mine, &stacks->size[thread]);
  pthread_attr_destroy(&mine);
}

/* The host's threads get small stacks unless they ask; the library's ask. */
START_TEST(workers_ask_for_their_stacks)
{
  stacks stacks = {.size = {0}};
  pthread_attr_t before, small;
  nai__pool *pool;
  ck_assert_int_eq(pthread_getattr_default_np(&before), 0);
  ck_assert_int_eq(pthread_attr_init(&small), 0);
  ck_assert_int_eq(pthread_attr_setstacksize(&small, 64 << 10), 0);
  ck_assert_int_eq(pthread_setattr_default_np(&small), 0);
  expect_ok(nai__pool_create(&pool, 3));
  ck_assert_int_eq(pthread_setattr_default_np(&before), 0);
  pthread_barrier_init(&stacks.all, NULL, 3);
  nai__pool_run(pool, 3, look_at_stack, &stacks);
  for (int worker = 1; worker < 3; worker++) {
    ck_assert_uint_ge(stacks.size[worker], 1 << 20);
    ck_assert_uint_le(stacks.size[worker],
                      8 << 20); /* one of a thread that ended may be up to 4 times as large */
  }
  pthread_barrier_destroy(&stacks.all);
  nai__pool_destroy(pool);
  pthread_attr_destroy(&small);
  pthread_attr_destroy(&before);
}
END_TEST

/* --- decimal commas --------------------------------------------------------------------------- */

/* Of the C library, else one is compiled. Then LOCPATH is its folder, which has to be removed. */
static void set_comma_locale(const char *folder)
{
  const char *names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "es_ES.UTF-8", "nl_NL.UTF-8"};
  char command[1400];
  for (int i = 0; i < 4; i++)
    if (setlocale(LC_ALL, names[i]) && strcmp(localeconv()->decimal_point, ",") == 0) return;
  snprintf(command, sizeof command,
           "printf '%%s\\n' LC_NUMERIC 'decimal_point \"<U002C>\"' 'thousands_sep \"\"' "
           "'grouping -1' 'END LC_NUMERIC' > '%s/source' && "
           "PATH=$PATH:/usr/sbin:/usr/bin localedef -c -i '%s/source' '%s/comma' > '%s/log' 2>&1",
           folder, folder, folder, folder);
  (void)!system(command); /* it warns of what has no definition, and returns 1 */
  setenv("LOCPATH", folder, 1);
  if (!setlocale(LC_ALL, "comma") || strcmp(localeconv()->decimal_point, ",") != 0)
    ck_abort_msg("no locale with a decimal comma: install one, or localedef");
}

static void leave_comma_locale(const char *folder)
{
  char command[300];
  setlocale(LC_ALL, "C");
  unsetenv("LOCPATH");
  snprintf(command, sizeof command, "rm -r '%s'", folder);
  ck_assert_int_eq(system(command), 0);
}

START_TEST(decimal_commas)
{
  files f = make_files();
  char folder[256], text[32], later[300];
  rig r = make_rig(1);
  nai_network *loaded;
  checks_folder(folder);
  snprintf(later, sizeof later, "%s/later", f.folder);
  expect_ok(nai_trainer_run(r.trainer, 1, NULL, NULL));
  expect_ok(nai_network_save(r.net, f.plain));
  expect_ok(nai_trainer_save(r.trainer, f.checkpoint));

  set_comma_locale(folder);
  snprintf(text, sizeof text, "%.1f", 0.5);
  ck_assert_str_eq(text, "0,5"); /* else this test could not fail */
  expect_ok(nai_network_save(r.net, f.model));
  ck_assert(same_bytes(f.model, f.plain));
  expect_ok(nai_network_load(&loaded, f.plain, NULL));
  ck_assert(hash_of(loaded) == hash_of(r.net));
  expect_ok(nai_network_save(loaded, f.model));
  ck_assert(same_bytes(f.model, f.plain));
  expect_ok(nai_trainer_restore(r.trainer, f.checkpoint));
  expect_ok(nai_trainer_save(r.trainer, later));
  ck_assert(same_bytes(later, f.checkpoint));
  nai_status status = nai_network_set(r.net, "E", "noise", -0.25);
  leave_comma_locale(folder);

  expect_fails(status, NAI_ERR_INVALID, "-0.25");
  nai_network_destroy(loaded);
  destroy_rig(&r);
  unlink(later);
  remove_files(&f);
}
END_TEST

/* --- closed descriptors ----------------------------------------------------------------------- */

/* A file gets the first number that is free: a word on the error stream would get into it. */
static int use_files_closed(const rig *r, const files *f)
{
  int good = 1;
  for (int d = 0; d < 3; d++) close(d);
  good = use_files(r, f) && same_bytes(f->model, f->plain);
  for (int d = 0; d < 3; d++) good = good && fcntl(d, F_GETFD) == -1 && errno == EBADF;
  return good;
}

START_TEST(closed_descriptors)
{
  files f = make_files();
  rig r = make_rig(1);
  char plain[300];
  snprintf(plain, sizeof plain, "%s/other", f.folder);
  expect_ok(nai_trainer_run(r.trainer, 1, NULL, NULL));
  expect_ok(nai_network_save(r.net, f.plain));
  expect_ok(nai_trainer_save(r.trainer, plain));
  pid_t child = fork();
  if (child == 0) _exit(use_files_closed(&r, &f) ? 0 : 1);
  ck_assert_int_eq(status_of(child), 0);
  ck_assert(same_bytes(f.model, f.plain));
  ck_assert(same_bytes(f.checkpoint, plain));
  unlink(plain);
  destroy_rig(&r);
  remove_files(&f);
}
END_TEST

/* Open, and nothing comes out of them, also when something fails. */
START_TEST(nothing_is_printed)
{
  files f = make_files();
  rig r = make_rig(1);
  struct stat about;
  pid_t child = fork();
  if (child == 0) {
    int out = open(f.plain, O_RDWR | O_CREAT | O_EXCL, 0600);
    for (int d = 0; d < 3; d++) dup2(out, d);
    int good = use_files(&r, &f) && nai_network_save(r.net, "/no/such/folder/model") != NAI_OK &&
               nai_trainer_run(r.trainer, 1, NULL, NULL) == NAI_OK;
    _exit(good ? 0 : 1);
  }
  ck_assert_int_eq(status_of(child), 0);
  ck_assert_int_eq(stat(f.plain, &about), 0);
  ck_assert_int_eq(about.st_size, 0);
  destroy_rig(&r);
  remove_files(&f);
}
END_TEST

/* --- signals ---------------------------------------------------------------------------------- */

static volatile sig_atomic_t ticks;

static void tick(int signal)
{
  const struct itimerval none = {{0, 0}, {0, 0}};
  (void)signal;
  if (++ticks == 1000) setitimer(ITIMER_REAL, &none, NULL); /* slow under valgrind */
}

/* Returns how often all went well out of `n`, under a timer of one millisecond. */
static int use_files_under_a_timer(const rig *r, const files *f, int n)
{
  struct sigaction before, action = {.sa_handler = tick}; /* without SA_RESTART */
  struct sigaction ignore = {.sa_handler = SIG_IGN};
  struct itimerval timer = {{0, 1000}, {0, 1000}}, none = {{0, 0}, {0, 0}};
  int good = 0;
  sigaction(SIGALRM, &action, &before);
  setitimer(ITIMER_REAL, &timer, NULL);
  for (int i = 0; i < n || ticks < 20; i++) good += use_files(r, f) ? i < n : -n;
  setitimer(ITIMER_REAL, &none, NULL);
  sigaction(SIGALRM, &ignore, NULL); /* a late one would end the process */
  sigaction(SIGALRM, &before, NULL);
  return good;
}

START_TEST(signals_while_saving)
{
  files f = make_files();
  rig r = make_rig(3);
  expect_ok(nai_trainer_run(r.trainer, 1, NULL, NULL));
  expect_ok(nai_network_save(r.net, f.plain));
  ck_assert_int_eq(use_files_under_a_timer(&r, &f, 5), 5);
  ck_assert(same_bytes(f.model, f.plain));
  destroy_rig(&r);
  remove_files(&f);
}
END_TEST

/* A local file system is rarely interrupted; one behind a network is. */
START_TEST(interrupted_calls)
{
  files f = make_files();
  rig r = make_rig(1);
  expect_ok(nai_network_save(r.net, f.plain));
  faults_interrupt(1);
  int good = 0;
  for (int i = 0; i < 5; i++) good += use_files(&r, &f);
  faults_interrupt(0);
  ck_assert_int_eq(good, 5);
  ck_assert_int_ge(faults_interrupted(), 5 * 10); /* else this test could not fail */
  ck_assert(same_bytes(f.model, f.plain));
  destroy_rig(&r);
  remove_files(&f);
}
END_TEST

/* --- forks ------------------------------------------------------------------------------------ */

START_TEST(a_fork_goes_on_training)
{
  rig r = make_rig(3);
  uint64_t theirs = 0;
  int pipe_of[2];
  expect_ok(nai_trainer_run(r.trainer, 1, NULL, NULL)); /* makes the pool */
  uint64_t before = hash_of(r.net);
  ck_assert_int_eq(pipe(pipe_of), 0);
  pid_t child = fork();
  if (child == 0) {
    int good = nai_trainer_run(r.trainer, 1, NULL, NULL) == NAI_OK;
    uint64_t hash = hash_of(r.net);
    destroy_rig(&r);
    _exit(good && write(pipe_of[1], &hash, sizeof hash) == sizeof hash ? 0 : 1);
  }
  expect_ok(nai_trainer_run(r.trainer, 1, NULL, NULL));
  ck_assert_int_eq(status_of(child), 0);
  ck_assert_int_eq(read(pipe_of[0], &theirs, sizeof theirs), sizeof theirs);
  ck_assert(theirs == hash_of(r.net));
  ck_assert(theirs != before); /* else this test could not fail */
  close(pipe_of[0]);
  close(pipe_of[1]);
  destroy_rig(&r);
}
END_TEST

Suite *host_suite(void)
{
  Suite *suite = suite_create("host");
/* Clang takes leave to divide where the quotient is not used, unless it is told that traps matter. */
#ifdef __clang__
  (void)a_life_under_traps, (void)costs_under_traps;
  ADD_CASE(suite, "traps", initial_weights_under_traps, a_spectrum_leaves_the_flags_alone);
#else
  ADD_CASE(suite, "traps", a_life_under_traps, costs_under_traps, initial_weights_under_traps,
           a_spectrum_leaves_the_flags_alone);
#endif
  ADD_CASE(suite, "rounding", threads_round_as_their_caller);
  ADD_CASE(suite, "stacks", a_life_on_a_small_stack, workers_ask_for_their_stacks);
  ADD_CASE(suite, "locale", decimal_commas);
  ADD_CASE(suite, "descriptors", closed_descriptors, nothing_is_printed);
  ADD_CASE(suite, "signals", signals_while_saving, interrupted_calls);
  ADD_CASE(suite, "forks", a_fork_goes_on_training);
  return suite;
}
