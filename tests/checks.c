/* What all tests share: expecting, and cases of a suite. */
#include "checks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void checks_case(Suite *suite, const char *name, const TTest *const *tests, size_t n)
{
  TCase *tests_of_case = tcase_create(name);
  for (size_t i = 0; i < n; i++) tcase_add_test(tests_of_case, tests[i]);
  suite_add_tcase(suite, tests_of_case);
}

void checks_folder(char out[256])
{
  const char *where = getenv("TMPDIR");
  if (!where || !where[0]) where = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : P_tmpdir;
  snprintf(out, 256, "%.200s/neuroai-test-XXXXXX", where);
  ck_assert_ptr_nonnull(mkdtemp(out));
}

void expect_ok(nai_status status)
{
  if (status != NAI_OK) ck_abort_msg("%s: %s", nai_status_name(status), nai_last_error());
}

void expect_fails(nai_status status, nai_status expected, const char *words)
{
  if (status != expected)
    ck_abort_msg("%s, expected %s with '%s': %s", nai_status_name(status),
                 nai_status_name(expected), words, nai_last_error());
  if (!strstr(nai_last_error(), words)) ck_abort_msg("'%s' has no '%s'", nai_last_error(), words);
}
