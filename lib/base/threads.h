/*
 * A pool of threads that share out numbered tasks. Results may not depend on which thread does
 * which task.
 */
#ifndef NAI_BASE_THREADS_H
#define NAI_BASE_THREADS_H

#include <stdint.h>

#include <neuroai/status.h>

#include "watch.h"

typedef struct nai__pool nai__pool;

/* `threads` >= 1 workers, the caller included. With 1 no thread is made. */
nai_status nai__pool_create(nai__pool **out, int64_t threads);
void nai__pool_destroy(nai__pool *pool);
int32_t nai__pool_threads(const nai__pool *pool);

/*
 * Tasks of `each` trials, the last one of what is left: how many n trials make, and how many trials
 * the one from `first` on has.
 */
static inline int64_t nai__tasks_of(int64_t n, int64_t each)
{
  return (n + each - 1) / each;
}

static inline int64_t nai__task_from(int64_t first, int64_t n, int64_t each)
{
  return n - first < each ? n - first : each;
}

/*
 * Runs work(argument, task, thread) for each task 0 .. tasks-1, thread 0 .. threads-1; returns when
 * all are done. Every thread rounds as the caller does now.
 */
void nai__pool_run(nai__pool *pool, int64_t tasks,
                   void (*work)(void *argument, int64_t task, int32_t thread), void *argument);

/* The same on the caller's thread alone, where `here`: for tasks that call what is bound to it. */
void nai__pool_run_here(nai__pool *pool, int here, int64_t tasks,
                        void (*work)(void *argument, int64_t task, int32_t thread), void *argument);

/*
 * From now on the host is asked while the pool is at work, by the caller's thread alone; NULL: no
 * longer. Nothing has been answered then.
 */
void nai__pool_watch(nai__pool *pool, const nai__watch *watch);
/* What the host has answered: NAI_OK, NAI_STOP, or a failure with the caller's message. */
nai_status nai__pool_answer(const nai__pool *pool);
/*
 * For tasks, between their parts: 1 when the work is given up. What they make is of no use then, and
 * no other one is begun. `work`: multiplications of the part.
 */
int nai__pool_ended(nai__pool *pool, int32_t thread, int64_t work);

#endif
