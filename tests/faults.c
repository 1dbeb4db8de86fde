/* Faults on demand: see faults.h. Counters are atomic, for the library's threads. */
#include "faults.h"

#include <cblas.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <malloc.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

static atomic_long allocations;
static atomic_long good_allocations = -1;
static atomic_long good_threads = -1;
static atomic_long interrupted;
static atomic_int interrupting, turn;
static atomic_size_t most_at_once = SIZE_MAX;
static atomic_long good_calls = -1;
static atomic_int failing_kind, failing_error;

void *__real_aligned_alloc(size_t alignment, size_t size);
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void __real_free(void *block);
int __real_pthread_create(pthread_t *id, const pthread_attr_t *attributes, void *(*start)(void *),
                          void *argument);
int __real_open(const char *path, int flags, ...);
ssize_t __real_pread(int file, void *into, size_t size, off_t at);
ssize_t __real_write(int file, const void *from, size_t size);
int __real_fsync(int file);
int __real_rename(const char *from, const char *to);
int __real_fchmod(int file, mode_t mode);
locale_t __real_newlocale(int mask, const char *name, locale_t base);
long __real_sysconf(int name);
void __real_cblas_sgemm(CBLAS_ORDER order, CBLAS_TRANSPOSE of_a, CBLAS_TRANSPOSE of_b, int m, int n,
                        int k, float alpha, const float *a, int lda, const float *b, int ldb,
                        float beta, float *c, int ldc);
void __real_cblas_sgemv(CBLAS_ORDER order, CBLAS_TRANSPOSE of_a, int m, int n, float alpha,
                        const float *a, int lda, const float *x, int step_x, float beta, float *y,
                        int step_y);
void __real_cblas_saxpy(int n, float alpha, const float *x, int step_x, float *y, int step_y);
void __real_cblas_dgemm(CBLAS_ORDER order, CBLAS_TRANSPOSE of_a, CBLAS_TRANSPOSE of_b, int m, int n,
                        int k, double alpha, const double *a, int lda, const double *b, int ldb,
                        double beta, double *c, int ldc);

void *__wrap_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
void __wrap_free(void *block);
int __wrap_pthread_create(pthread_t *id, const pthread_attr_t *attributes, void *(*start)(void *),
                          void *argument);
void faults_piecemeal(size_t bytes)
{
  atomic_store(&most_at_once, bytes ? bytes : SIZE_MAX);
}

static size_t at_once(size_t size)
{
  const size_t most = atomic_load(&most_at_once);
  return size < most ? size : most;
}

int __wrap_open(const char *path, int flags, ...);
ssize_t __wrap_pread(int file, void *into, size_t size, off_t at);
ssize_t __wrap_write(int file, const void *from, size_t size);
int __wrap_fsync(int file);
int __wrap_rename(const char *from, const char *to);
int __wrap_fchmod(int file, mode_t mode);
locale_t __wrap_newlocale(int mask, const char *name, locale_t base);
long __wrap_sysconf(int name);
void __wrap_cblas_sgemm(CBLAS_ORDER order, CBLAS_TRANSPOSE of_a, CBLAS_TRANSPOSE of_b, int m, int n,
                        int k, float alpha, const float *a, int lda, const float *b, int ldb,
                        float beta, float *c, int ldc);
void __wrap_cblas_sgemv(CBLAS_ORDER order, CBLAS_TRANSPOSE of_a, int m, int n, float alpha,
                        const float *a, int lda, const float *x, int step_x, float beta, float *y,
                        int step_y);
void __wrap_cblas_saxpy(int n, float alpha, const float *x, int step_x, float *y, int step_y);
void __wrap_cblas_dgemm(CBLAS_ORDER order, CBLAS_TRANSPOSE of_a, CBLAS_TRANSPOSE of_b, int m, int n,
                        int k, double alpha, const double *a, int lda, const double *b, int ldb,
                        double beta, double *c, int ldc);

/* 1 when this call is to fail; counts down to 0 and stays there, -1 means never. */
static int is_refused(atomic_long *good)
{
  long left = atomic_load(good);
  while (left > 0) {
    if (atomic_compare_exchange_weak(good, &left, left - 1)) return 0;
  }
  return left == 0;
}

long faults_allocations(void)
{
  return atomic_load(&allocations);
}

void faults_fail_allocation(long good)
{
  atomic_store(&good_allocations, good);
}

/* --- bytes ------------------------------------------------------------------------------------ */

static atomic_long held, most_held;

static void *hold(void *block)
{
  long now = (long)malloc_usable_size(block), most = atomic_load(&most_held);
  now += atomic_fetch_add(&held, now);
  while (now > most && !atomic_compare_exchange_weak(&most_held, &most, now)) continue;
  return block;
}

void __wrap_free(void *block)
{
  atomic_fetch_sub(&held, (long)malloc_usable_size(block));
  __real_free(block);
}

long faults_held(void)
{
  return atomic_load(&held);
}

long faults_most_held(void)
{
  return atomic_exchange(&most_held, atomic_load(&held));
}

void faults_fail_thread(long good)
{
  atomic_store(&good_threads, good);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
  atomic_fetch_add(&allocations, 1);
  return hold(__real_aligned_alloc(alignment, size));
}

void *__wrap_malloc(size_t size)
{
  atomic_fetch_add(&allocations, 1);
  return hold(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
  atomic_fetch_add(&allocations, 1);
  if (is_refused(&good_allocations)) {
    errno = ENOMEM;
    return NULL;
  }
  return hold(__real_calloc(count, size));
}

void *__wrap_realloc(void *block, size_t size)
{
  atomic_fetch_add(&allocations, 1);
  atomic_fetch_sub(&held, (long)malloc_usable_size(block));
  return hold(__real_realloc(block, size));
}

int __wrap_pthread_create(pthread_t *id, const pthread_attr_t *attributes, void *(*start)(void *),
                          void *argument)
{
  if (is_refused(&good_threads)) return EAGAIN;
  return __real_pthread_create(id, attributes, start, argument);
}

/* --- calls to the system ---------------------------------------------------------------------- */

void faults_fail_call(int kind, long good, int error)
{
  atomic_store(&failing_kind, kind);
  atomic_store(&failing_error, error);
  atomic_store(&good_calls, good);
}

static int fails(int kind)
{
  if (atomic_load(&failing_kind) != kind || !is_refused(&good_calls)) return 0;
  errno = atomic_load(&failing_error);
  return 1;
}

/* --- interruptions ---------------------------------------------------------------------------- */

void faults_interrupt(int on)
{
  atomic_store(&interrupting, on);
}

long faults_interrupted(void)
{
  return atomic_load(&interrupted);
}

static int is_interrupted(void)
{
  if (!atomic_load(&interrupting) || atomic_fetch_add(&turn, 1) % 2) return 0;
  atomic_fetch_add(&interrupted, 1);
  errno = EINTR;
  return 1;
}

int __wrap_open(const char *path, int flags, ...)
{
  int mode = 0;
  if (flags & O_CREAT) {
    va_list rest;
    va_start(rest, flags);
    mode = va_arg(rest, int);
    va_end(rest);
  }
  return fails(FAULTS_OPEN) || is_interrupted() ? -1 : __real_open(path, flags, mode);
}

ssize_t __wrap_pread(int file, void *into, size_t size, off_t at)
{
  if (fails(FAULTS_READ)) return errno ? -1 : 0;
  return is_interrupted() ? -1 : __real_pread(file, into, at_once(size), at);
}

ssize_t __wrap_write(int file, const void *from, size_t size)
{
  return fails(FAULTS_WRITE) || is_interrupted() ? -1 : __real_write(file, from, at_once(size));
}

int __wrap_fsync(int file)
{
  return fails(FAULTS_FLUSH) || is_interrupted() ? -1 : __real_fsync(file);
}

int __wrap_rename(const char *from, const char *to)
{
  return fails(FAULTS_RENAME) ? -1 : __real_rename(from, to);
}

int __wrap_fchmod(int file, mode_t mode)
{
  return fails(FAULTS_MODE) || is_interrupted() ? -1 : __real_fchmod(file, mode);
}

locale_t __wrap_newlocale(int mask, const char *name, locale_t base)
{
  return fails(FAULTS_LOCALE) ? (locale_t)0 : __real_newlocale(mask, name, base);
}

long __wrap_sysconf(int name)
{
  return fails(FAULTS_ASK) ? -1 : __real_sysconf(name);
}

/* --- the BLAS --------------------------------------------------------------------------------- */

static atomic_long blas_calls;

long faults_blas_calls(void)
{
  return atomic_load(&blas_calls);
}

void __wrap_cblas_sgemm(CBLAS_ORDER order, CBLAS_TRANSPOSE of_a, CBLAS_TRANSPOSE of_b, int m, int n,
                        int k, float alpha, const float *a, int lda, const float *b, int ldb,
                        float beta, float *c, int ldc)
{
  atomic_fetch_add(&blas_calls, 1);
  __real_cblas_sgemm(order, of_a, of_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

void __wrap_cblas_sgemv(CBLAS_ORDER order, CBLAS_TRANSPOSE of_a, int m, int n, float alpha,
                        const float *a, int lda, const float *x, int step_x, float beta, float *y,
                        int step_y)
{
  atomic_fetch_add(&blas_calls, 1);
  __real_cblas_sgemv(order, of_a, m, n, alpha, a, lda, x, step_x, beta, y, step_y);
}

void __wrap_cblas_saxpy(int n, float alpha, const float *x, int step_x, float *y, int step_y)
{
  atomic_fetch_add(&blas_calls, 1);
  __real_cblas_saxpy(n, alpha, x, step_x, y, step_y);
}

void __wrap_cblas_dgemm(CBLAS_ORDER order, CBLAS_TRANSPOSE of_a, CBLAS_TRANSPOSE of_b, int m, int n,
                        int k, double alpha, const double *a, int lda, const double *b, int ldb,
                        double beta, double *c, int ldc)
{
  atomic_fetch_add(&blas_calls, 1);
  __real_cblas_dgemm(order, of_a, of_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}
