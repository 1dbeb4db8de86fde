/*
 * The pool. A run is opened, the caller works on it like every other thread, and closes it when no
 * task is left; it waits only for threads that took part. So a worker that wakes up late costs
 * nothing, and even without any worker (in the child of a fork, say) the caller gets everything
 * done.
 *
 * All of a run's life is in one word, `gate`: its number, whether it is open, and how many workers
 * are inside. A worker enters by a compare-and-swap, which fails when the run was closed meanwhile.
 */
#include "threads.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "error.h"
#include "floating.h"
#include "memory.h"

#define MOST_THREADS 1024

/* Multiplications between two questions to the host: some hundredths of a second. */
#define BETWEEN_QUESTIONS ((int64_t)1 << 28)

/*
 * Bytes of a worker's stack, else it is what the host's limit happens to be: 8 MiB or all that
 * `ulimit -s` allows, 128 kB with musl. The library's own tasks fit in 128 kB, BLAS's in as much
 * again; the rest is for callbacks of a program's own costs, which may have deep frames, and for
 * thread-local variables of the host, which count too. Only pages that are touched
 * take memory.
 */
#define STACK ((size_t)2 << 20)

/*
 * How often one looks before it sleeps: about a hundred microseconds, twice what waking up costs, for so
 * long may an update of a small network take between two runs: its costs, its optimiser.
 */
#define LOOKS 256

/* The gate: workers inside in the low 16 bits, then the open bit, then the run's number. */
#define GATE_INSIDE 0xffffu
#define GATE_OPEN ((uint64_t)1 << 16)
#define GATE_RUN ((uint64_t)1 << 17)
_Static_assert(MOST_THREADS <= GATE_INSIDE, "workers are counted in the low bits");

typedef struct worker {
  nai__pool *pool;
  pthread_t id;
  int32_t number;
} worker;

struct nai__pool {
  atomic_uint_fast64_t gate;
  atomic_int_fast64_t next_task;
  atomic_int stopping;
  int64_t tasks;
  void (*work)(void *argument, int64_t task, int32_t thread);
  void *argument;
  nai__watch watch;
  int64_t unasked;   /* multiplications of the caller's thread since the last question */
  atomic_int answer; /* NAI_OK, or what ends the work */
  fenv_t floating;   /* of the caller, for this run */
  pthread_mutex_t mutex;
  pthread_cond_t opened; /* a run was opened, or the pool is stopping */
  pthread_cond_t left;   /* the last worker left a closed run */
  pid_t process;         /* whose threads the workers are: a fork does not copy them */
  int32_t threads;
  worker *workers; /* [threads - 1] */
};

static uint64_t run_number(uint64_t gate)
{
  return gate / GATE_RUN;
}

static void do_tasks(nai__pool *pool, int32_t thread)
{
  for (;;) {
    int64_t task = atomic_fetch_add_explicit(&pool->next_task, 1, memory_order_relaxed);
    if (task >= pool->tasks || nai__pool_answer(pool) != NAI_OK) return;
    pool->work(pool->argument, task, thread);
  }
}

/* 1 when there is a run that this worker has not seen, or when it is time to stop. */
static int has_news(nai__pool *pool, uint64_t seen)
{
  uint64_t gate = atomic_load_explicit(&pool->gate, memory_order_acquire);
  return ((gate & GATE_OPEN) && run_number(gate) != seen) ||
         atomic_load_explicit(&pool->stopping, memory_order_acquire);
}

static void await_news(nai__pool *pool, uint64_t seen)
{
  for (int look = 0; look < LOOKS; look++) {
    if (has_news(pool, seen)) return;
    sched_yield();
  }
  pthread_mutex_lock(&pool->mutex);
  while (!has_news(pool, seen)) pthread_cond_wait(&pool->opened, &pool->mutex);
  pthread_mutex_unlock(&pool->mutex);
}

static void *worker_main(void *argument)
{
  const worker *me = argument;
  nai__pool *pool = me->pool;
  uint64_t seen = 0;
  for (;;) {
    await_news(pool, seen);
    if (atomic_load_explicit(&pool->stopping, memory_order_acquire)) return NULL;
    uint64_t gate = atomic_load_explicit(&pool->gate, memory_order_acquire);
    if (!(gate & GATE_OPEN) || run_number(gate) == seen) continue; /* closed before we came */
    if (!atomic_compare_exchange_strong_explicit(&pool->gate, &gate, gate + 1, memory_order_acquire,
                                                 memory_order_relaxed)) {
      continue; /* another worker entered, or the run was closed: look again */
    }
    seen = run_number(gate);
    nai__floating_follow(&pool->floating);
    do_tasks(pool, me->number);
    uint64_t before = atomic_fetch_sub_explicit(&pool->gate, 1, memory_order_release);
    if (!(before & GATE_OPEN) && (before & GATE_INSIDE) == 1) {
      pthread_mutex_lock(&pool->mutex);
      pthread_cond_signal(&pool->left);
      pthread_mutex_unlock(&pool->mutex);
    }
  }
}

static int is_empty(nai__pool *pool)
{
  return (atomic_load_explicit(&pool->gate, memory_order_acquire) & GATE_INSIDE) == 0;
}

static void await_workers(nai__pool *pool)
{
  for (int look = 0; look < LOOKS; look++) {
    if (is_empty(pool)) return;
    sched_yield();
  }
  pthread_mutex_lock(&pool->mutex);
  while (!is_empty(pool)) pthread_cond_wait(&pool->left, &pool->mutex);
  pthread_mutex_unlock(&pool->mutex);
}

void nai__pool_run(nai__pool *pool, int64_t tasks,
                   void (*work)(void *argument, int64_t task, int32_t thread), void *argument)
{
  nai__pool_run_here(pool, 0, tasks, work, argument);
}

void nai__pool_run_here(nai__pool *pool, int here, int64_t tasks,
                        void (*work)(void *argument, int64_t task, int32_t thread), void *argument)
{
  assert(tasks >= 0);
  if (here || pool->threads == 1 || tasks <= 1 || pool->process != getpid()) {
    for (int64_t task = 0; task < tasks && nai__pool_answer(pool) == NAI_OK; task++)
      work(argument, task, 0);
    return;
  }
  pool->work = work;
  pool->argument = argument;
  pool->tasks = tasks;
  nai__floating_read(&pool->floating);
  atomic_store_explicit(&pool->next_task, 0, memory_order_relaxed);
  atomic_fetch_add_explicit(&pool->gate, GATE_RUN | GATE_OPEN, memory_order_release);

  int64_t wanted = tasks < pool->threads ? tasks : pool->threads;
  pthread_mutex_lock(&pool->mutex);
  for (int64_t i = 1; i < wanted; i++) pthread_cond_signal(&pool->opened);
  pthread_mutex_unlock(&pool->mutex);

  do_tasks(pool, 0);
  atomic_fetch_and_explicit(&pool->gate, ~GATE_OPEN, memory_order_acq_rel);
  await_workers(pool);
}

/*
 * Starts the workers with every signal blocked: a host's handlers run on the host's own threads.
 * Where a system refuses the size of the stack, its own is taken.
 */
static int start_workers(nai__pool *pool)
{
  sigset_t all, before;
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return 0;
  (void)pthread_attr_setstacksize(&attributes, STACK);
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int started = 0;
  while (started < pool->threads - 1) {
    worker *w = &pool->workers[started];
    w->pool = pool;
    w->number = started + 1;
    if (pthread_create(&w->id, &attributes, worker_main, w) != 0) break;
    started++;
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  return started;
}

static void stop_workers(nai__pool *pool, int count)
{
  pthread_mutex_lock(&pool->mutex);
  atomic_store_explicit(&pool->stopping, 1, memory_order_release);
  pthread_cond_broadcast(&pool->opened);
  pthread_mutex_unlock(&pool->mutex);
  for (int i = 0; i < count; i++) pthread_join(pool->workers[i].id, NULL);
}

static void release(nai__pool *pool)
{
  pthread_cond_destroy(&pool->left);
  pthread_cond_destroy(&pool->opened);
  pthread_mutex_destroy(&pool->mutex);
  nai__free(pool->workers);
  nai__free(pool);
}

nai_status nai__pool_create(nai__pool **out, int64_t threads)
{
  NAI__REQUIRE(out);
  *out = NULL;
  if (threads < 1 || threads > MOST_THREADS) {
    return nai__fail(NAI_ERR_INVALID, "threads is %lld, must be 1 to %d", (long long)threads,
                     MOST_THREADS);
  }
  nai__pool *pool = NAI__NEW(nai__pool);
  if (!pool) return NAI_ERR_MEMORY;
  pool->workers = NAI__ARRAY(worker, threads - 1);
  if (!pool->workers) {
    nai__free(pool);
    return NAI_ERR_MEMORY;
  }
  atomic_init(&pool->gate, 0);
  atomic_init(&pool->next_task, 0);
  atomic_init(&pool->stopping, 0);
  atomic_init(&pool->answer, NAI_OK);
  pthread_mutex_init(&pool->mutex, NULL); /* these three cannot fail with default attributes */
  pthread_cond_init(&pool->opened, NULL);
  pthread_cond_init(&pool->left, NULL);
  pool->process = getpid();
  pool->threads = (int32_t)threads;

  int started = start_workers(pool);
  if (started < threads - 1) {
    stop_workers(pool, started);
    release(pool);
    return nai__fail(NAI_ERR_MEMORY, "cannot start thread %d of %d", started + 2, (int)threads);
  }
  *out = pool;
  return NAI_OK;
}

void nai__pool_destroy(nai__pool *pool)
{
  if (!pool) return;
  if (pool->process !=
      getpid()) { /* after a fork: there is nobody to stop, and the locks may be held for ever */
    nai__free(pool->workers);
    nai__free(pool);
    return;
  }
  stop_workers(pool, pool->threads - 1);
  release(pool);
}

int32_t nai__pool_threads(const nai__pool *pool)
{
  return pool->threads;
}

/* --- asking the host ---------------------------------------------------------------------------- */

void nai__pool_watch(nai__pool *pool, const nai__watch *watch)
{
  pool->watch = watch ? *watch : (nai__watch){.call = NULL};
  pool->unasked = 0;
  atomic_store_explicit(&pool->answer, NAI_OK, memory_order_relaxed);
}

nai_status nai__pool_answer(const nai__pool *pool)
{
  return atomic_load_explicit(&pool->answer, memory_order_relaxed);
}

int nai__pool_ended(nai__pool *pool, int32_t thread, int64_t work)
{
  nai_status answer = nai__pool_answer(pool);
  if (answer != NAI_OK) return 1;
  if (thread != 0 || !pool->watch.call) return 0;
  pool->unasked += work;
  if (pool->unasked < (pool->watch.every ? pool->watch.every : BETWEEN_QUESTIONS)) return 0;
  pool->unasked = 0;
  answer = nai__ask(&pool->watch, 0, 0);
  atomic_store_explicit(&pool->answer, answer, memory_order_relaxed);
  return answer != NAI_OK;
}
