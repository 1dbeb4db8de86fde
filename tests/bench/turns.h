/*
 * What a step takes beside what memory allows, in turn: what else the machine does, and where its
 * clock stands, meets both alike.
 */
#ifndef NAI_BENCH_TURNS_H
#define NAI_BENCH_TURNS_H

#include <stdlib.h>

#include "measure.h"

/* With the widest vectors of the processor. */
typedef float sixteen __attribute__((vector_size(64)));
#if defined(__x86_64__)
#define WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define WIDE
#endif

/* --- memory ----------------------------------------------------------------------------------- */

/* Arrays of as many numbers as a step cannot do without. */
typedef struct memory {
  float *array[2];
  int64_t n; /* of each; a multiple of 64 */
  int arrays, is_written;
} memory;

static inline memory memory_of(double bytes, int arrays, int is_written)
{
  memory m = {{NULL, NULL}, (int64_t)(bytes / (4 * arrays)) / 64 * 64, arrays, is_written};
  for (int k = 0; k < arrays; k++) {
    m.array[k] = aligned_alloc(64, (size_t)m.n * sizeof(float));
    if (!m.array[k]) exit(EXIT_FAILURE);
    for (int64_t i = 0; i < m.n; i++) m.array[k][i] = 1;
  }
  return m;
}

static inline void memory_release(memory *m)
{
  for (int k = 0; k < m->arrays; k++) free(m->array[k]);
}

WIDE static void read_and_write(float *a, int64_t n)
{
  for (int64_t i = 0; i < n; i += 16) *(sixteen *)(a + i) *= 0.9999f;
}

WIDE static void only_read(const float *a, int64_t n)
{
  static volatile float sink;
  sixteen sum[4] = {{0}, {0}, {0}, {0}};
  for (int64_t i = 0; i < n; i += 64)
    for (int k = 0; k < 4; k++) sum[k] += *(const sixteen *)(a + i + 16 * k);
  sum[0] += sum[1] + sum[2] + sum[3];
  sink = sum[0][0];
  (void)sink;
}

/*
 * One array after the other: two at once take turns for the same sets of the cache, which costs up to
 * half of the speed.
 */
static inline void pass_over(void *user)
{
  memory *m = user;
  for (int k = 0; k < m->arrays; k++)
    if (m->is_written)
      read_and_write(m->array[k], m->n);
    else
      only_read(m->array[k], m->n);
}

/* --- in turn ---------------------------------------------------------------------------------- */

/* Microseconds; pass: over the memory, 0 without; share: of what memory allows. */
typedef struct latency {
  double p50, p99, p999, pass, share;
} latency;

static inline int ascending(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static inline double sorted_at(double *us, int n, double share)
{
  qsort(us, (size_t)n, sizeof *us, ascending);
  return us[(int)(n * share)];
}

static inline double *times_of(int n)
{
  double *us = malloc((size_t)n * sizeof *us);
  if (!us) exit(EXIT_FAILURE);
  return us;
}

static inline double fastest(const double *us, int n)
{
  double best = us[0];
  for (int k = 1; k < n; k++) best = fmin(best, us[k]);
  return best;
}

/* `n` calls, after some that bring their memory back; the time of each, in microseconds. */
static inline void time_each(double *us, int n, void (*work)(void *), void *user)
{
  for (int k = -n / 10 - 1; k < n; k++) {
    double start = now();
    work(user);
    if (k >= 0) us[k] = (now() - start) * 1e6;
  }
}

/*
 * In each round so many steps, and as many passes over the memory. The share is the median over rounds
 * of what the fastest of both are to each other. Nullable: limit.
 */
static inline latency take_turns(void (*step)(void *), void *user, int rounds, int each,
                                 memory *limit)
{
  double *us = times_of(rounds * each), *pass = times_of(each), *of_pass = times_of(rounds),
         *share = times_of(rounds);
  for (int k = 0; k < rounds; k++) {
    time_each(us + k * each, each, step, user);
    if (!limit) continue;
    time_each(pass, each, pass_over, limit);
    of_pass[k] = fastest(pass, each);
    share[k] = of_pass[k] / fastest(us + k * each, each);
  }
  latency out = {.p50 = sorted_at(us, rounds * each, 0.5),
                 .p99 = sorted_at(us, rounds * each, 0.99),
                 .p999 = sorted_at(us, rounds * each, 0.999),
                 .pass = limit ? sorted_at(of_pass, rounds, 0.5) : 0,
                 .share = limit ? sorted_at(share, rounds, 0.5) : 0};
  free(us), free(pass), free(of_pass), free(share);
  return out;
}

#endif
