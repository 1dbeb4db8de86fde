/* What all tests share: expecting, and cases of a suite. */
#ifndef NEUROAI_TESTS_CHECKS_H
#define NEUROAI_TESTS_CHECKS_H

#include <check.h>
#include <neuroai/neuroai.h>
#include <stddef.h>

/* For loops: Check's own macros write to a pipe each time, and that is slow. */
#define EXPECT(condition)                                             \
  do {                                                                \
    if (!(condition)) ck_abort_msg("'%s' does not hold", #condition); \
  } while (0)

#define ADD_CASE(suite, name, ...)                                 \
  do {                                                             \
    const TTest *const tests[] = {__VA_ARGS__};                    \
    checks_case(suite, name, tests, sizeof tests / sizeof *tests); \
  } while (0)

void checks_case(Suite *suite, const char *name, const TTest *const *tests, size_t n);

/*
 * A new, empty folder: in $TMPDIR, else in memory where there is some for files, for every save is
 * flushed to the disk.
 */
void checks_folder(char out[256]);

void expect_ok(nai_status status);
/* A failure with this code whose message has these words. */
void expect_fails(nai_status status, nai_status expected, const char *words);

#endif
