/*
 * Faults on demand. The test program is linked with -Wl,--wrap for these functions, so that tests
 * can count what the library asks for and refuse it. Only calls from the library and from tests are
 * seen, not those from shared libraries.
 */
#ifndef NEUROAI_TESTS_FAULTS_H
#define NEUROAI_TESTS_FAULTS_H

#include <stddef.h>

/* Allocations (aligned_alloc, malloc, calloc, realloc) so far. */
long faults_allocations(void);

/*
 * Bytes that these hold now, less what was freed that others have allocated: for differences. And
 * the most so far, which is begun anew.
 */
long faults_held(void);
long faults_most_held(void);

/*
 * The calloc after `good` more ones fails, and so does every later one; -1: none fails. All
 * memory of the library comes from calloc. The pattern: for (n = 0; ; n++) { fail after n;
 * call; fail after -1; stop when it succeeded }.
 */
void faults_fail_allocation(long good);

/* The same for pthread_create. */
void faults_fail_thread(long good);

/* Calls to the system: those that a save or a load makes, newlocale and sysconf. */
enum {
  FAULTS_OPEN,
  FAULTS_READ,
  FAULTS_WRITE,
  FAULTS_FLUSH,
  FAULTS_RENAME,
  FAULTS_MODE,
  FAULTS_LOCALE,
  FAULTS_ASK
};

/*
 * The call of this kind after `good` more ones fails with this errno, and so does every later one;
 * -1: none fails. An error of 0: a read finds the end of the file. One kind at a time.
 */
void faults_fail_call(int kind, long good, int error);

/* Calls of the BLAS for products so far. */
long faults_blas_calls(void);

/*
 * on: every other open, read, write and flush is interrupted by a signal (EINTR), as on a file
 * system behind a network.
 */
void faults_interrupt(int on);
/* Calls that were interrupted so far. */
long faults_interrupted(void);

/* Reads and writes take so many bytes at most, as of large files; 0: all that is asked for. */
void faults_piecemeal(size_t bytes);

#endif
