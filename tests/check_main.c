/*
 * The runner of all C tests. suites.h is made by the Makefile from the names of the files
 * tests/test_<noun>.c, each of which has one function `Suite *<noun>_suite(void)`. CK_RUN_SUITE and
 * CK_RUN_CASE pick some of them.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define SUITE(noun) Suite *noun##_suite(void);
#include "suites.h"
#undef SUITE

int main(void)
{
  /*
   * Numeric tests on a busy machine; Check's own limit is 4 s. Before any test case is made, which
   * reads it.
   */
  setenv("CK_DEFAULT_TIMEOUT", "120", 0);
  SRunner *runner = srunner_create(NULL);
#define SUITE(noun) srunner_add_suite(runner, noun##_suite());
#include "suites.h"
#undef SUITE
  srunner_run_all(runner, CK_ENV);
  int tests = srunner_ntests_run(runner), failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  if (tests == 0) fprintf(stderr, "no test was run\n");
  return tests > 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
