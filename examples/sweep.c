/*
 * A sweep: networks of three densities and four seeds, each trained by a process of its own. A queue gives
 * them out; the job of a process that was killed is given again, and goes on from its checkpoint. So does the
 * whole program when it is started again in the same folder.
 */
#include <neuroai/neuroai.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DENSITIES = 3, SEEDS = 4, JOBS = DENSITIES * SEEDS, WORKERS = 2, TRIES = 3, UNLUCKY = 5 };
static const double density[DENSITIES] = {0.1, 0.3, 1.0};

typedef struct job {
  char checkpoint[32], result[32];
  double density;
  int seed, tries;
  pid_t process; /* 0: none */
} job;

static void check(nai_status status)
{
  if (status == NAI_OK) return;
  fprintf(stderr, "%s\n", nai_last_error());
  exit(1);
}

/* --- the work of a process -------------------------------------------------------------------- */

static nai_network *build(const job *job)
{
  nai_network *net;
  nai_constraint *sparse;
  check(nai_constraint_create_sparse(&sparse, job->density));
  nai_network_create(&net, 20.0); /* time step, ms */
  nai_network_add_input(net, "stimulus", 3);
  nai_network_add_population(net, "E", 40, NAI_EXCITATORY);
  nai_network_add_population(net, "I", 10, NAI_INHIBITORY);
  nai_network_add_output(net, "choice", 3);
  nai_network_set(net, "E I", "noise", 0.15);
  nai_network_connect(net, "stimulus", "E I");
  nai_network_connect(net, "E I", "E I");
  nai_network_connect(net, "E", "choice");
  nai_network_constrain(net, "E I", "E I", sparse);
  check(nai_network_build(net, (uint64_t)job->seed)); /* gives the first error of all these calls */
  nai_constraint_destroy(sparse);
  return net;
}

/* What the kernel does when memory runs out; here to one network, at its first try. */
static nai_status kill_the_unlucky(const nai_progress *now, void *user)
{
  const job *job = user;
  if (now->step == 30 && job->tries == 1) raise(SIGKILL);
  return NAI_OK;
}

static void write_result(const job *job, double performance)
{
  char beside[48];
  snprintf(beside, sizeof beside, "%s.new", job->result); /* whole, or not there */
  FILE *file = fopen(beside, "w");
  int bad = !file || fprintf(file, "%.17g\n", performance) < 0;
  if (!file || fclose(file) != 0 || bad || rename(beside, job->result) != 0) {
    perror(job->result);
    exit(1);
  }
}

static void train(job *job, int unlucky)
{
  nai_network *net = build(job);
  nai_task *task;
  nai_cost *cost;
  nai_rule *rule;
  nai_optimizer *adam;
  nai_trainer *trainer;
  nai_evaluation *test;
  check(nai_task_create(&task, "perceptual-decision-making", net));
  check(nai_task_set(task, "stimulus", 400.0)); /* ms */
  check(nai_cost_create_cross_entropy(&cost, "choice"));
  check(nai_rule_create_bptt(&rule));
  check(nai_optimizer_create_adam(&adam, 3e-3));
  check(nai_trainer_create(&trainer, net, rule, adam, task));
  check(nai_trainer_add_cost(trainer, cost, 1.0));
  check(nai_trainer_set(trainer, "seed", job->seed));
  if (access(job->checkpoint, F_OK) == 0) check(nai_trainer_restore(trainer, job->checkpoint));
  check(nai_trainer_set_checkpoints(trainer, job->checkpoint, 20));
  int64_t updates = getenv("NEUROAI_EXAMPLE_QUICK") ? 60 : 1000;
  int64_t left = updates - nai_trainer_updates(trainer);
  check(nai_trainer_run(trainer, left > 0 ? left : 0, unlucky ? kill_the_unlucky : NULL, job));
  check(nai_evaluation_create(&test, net, task, 2000, /* seed */ 1, /* threads */ 1));
  write_result(job, nai_evaluation_performance(test));
  nai_evaluation_destroy(test);
  nai_trainer_destroy(trainer);
  nai_optimizer_destroy(adam);
  nai_rule_destroy(rule);
  nai_cost_destroy(cost);
  nai_task_destroy(task);
  nai_network_destroy(net);
}

/* --- the queue -------------------------------------------------------------------------------- */

/* This process calls nothing of the library, so that those it starts begin without its threads and locks. */
static void start(job *job, int unlucky)
{
  job->tries++;
  fflush(NULL);
  job->process = fork();
  if (job->process < 0) {
    perror("fork");
    exit(1);
  }
  if (job->process == 0) {
    train(job, unlucky);
    exit(0);
  }
}

/* Waits until a process has ended; the job of one that was killed is free again. */
static void wait_for_one(job *jobs)
{
  int status;
  pid_t process = wait(&status);
  for (int k = 0; k < JOBS; k++) {
    if (jobs[k].process != process) continue;
    jobs[k].process = 0;
    if (WIFSIGNALED(status))
      printf("network %d was killed by signal %d after try %d\n", k, WTERMSIG(status),
             jobs[k].tries);
    else if (WEXITSTATUS(status) != 0)
      jobs[k].tries = TRIES; /* an error would come again */
  }
}

/* The first job that has no process and no result; -1: there is none. */
static int next_of(const job *jobs)
{
  for (int k = 0; k < JOBS; k++) {
    if (jobs[k].process || jobs[k].tries == TRIES) continue;
    if (access(jobs[k].result, F_OK) != 0) return k;
  }
  return -1;
}

static int report(const job *jobs)
{
  int missing = 0;
  for (int k = 0; k < JOBS; k++) {
    double performance;
    FILE *file = fopen(jobs[k].result, "r");
    int there = file && fscanf(file, "%lf", &performance) == 1;
    if (file) fclose(file);
    printf("density %.1f  seed %d  ", jobs[k].density, jobs[k].seed);
    if (there)
      printf("correct %.3f\n", performance);
    else
      printf("failed\n");
    missing += !there;
  }
  return missing;
}

int main(void)
{
  job jobs[JOBS] = {0};
  for (int k = 0; k < JOBS; k++) {
    snprintf(jobs[k].checkpoint, sizeof jobs[k].checkpoint, "network-%d.safetensors", k);
    snprintf(jobs[k].result, sizeof jobs[k].result, "network-%d.txt", k);
    jobs[k].density = density[k / SEEDS];
    jobs[k].seed = k % SEEDS;
  }
  for (int running = 0;;) {
    int k = running < WORKERS ? next_of(jobs) : -1;
    if (k >= 0) {
      start(&jobs[k], k == UNLUCKY);
      running++;
    } else if (running > 0) {
      wait_for_one(jobs);
      running--;
    } else {
      break;
    }
  }
  return report(jobs) != 0;
}
