/* Learning-rate schedules: factors by hand, refusals, memory. */
#include <check.h>
#include <math.h>
#include <neuroai/neuroai.h>
#include <stdint.h>
#include <string.h>

#include "faults.h"

static nai_optimizer *make(void)
{
  nai_optimizer *sgd;
  ck_assert_int_eq(nai_optimizer_create_sgd(&sgd, 0.5), NAI_OK);
  return sgd;
}

START_TEST(test_factors)
{
  nai_optimizer *sgd = make();
  ck_assert_double_eq(nai_optimizer_factor(sgd, 12), 1);
  int64_t update[] = {10, 20, 40};
  double factor[] = {0, 1, 0.5};
  ck_assert_int_eq(nai_optimizer_set_schedule(sgd, update, factor, 3), NAI_OK);
  const int64_t at[] = {-5, 0, 10, 15, 20, 30, 40, 41, INT64_MAX};
  const double expected[] = {0, 0, 0, 0.5, 1, 0.75, 0.5, 0.5, 0.5};
  for (int i = 0; i < 9; i++) ck_assert_double_eq(nai_optimizer_factor(sgd, at[i]), expected[i]);
  ck_assert_int_eq(nai_optimizer_set_schedule(sgd, update, factor, 1), NAI_OK);
  ck_assert_double_eq(nai_optimizer_factor(sgd, 1000), 0);
  ck_assert_int_eq(nai_optimizer_set_schedule(sgd, NULL, NULL, 0), NAI_OK);
  ck_assert_double_eq(nai_optimizer_factor(sgd, 1000), 1);
  ck_assert(isnan(nai_optimizer_factor(NULL, 0)));
  nai_optimizer_destroy(sgd);
}
END_TEST

static void refuse(nai_optimizer *sgd, const int64_t *update, const double *factor, int64_t n,
                   const char *names)
{
  ck_assert_int_eq(nai_optimizer_set_schedule(sgd, update, factor, n), NAI_ERR_INVALID);
  ck_assert_msg(strstr(nai_last_error(), names) != NULL, "'%s' is not in: %s", names,
                nai_last_error());
  if (sgd) ck_assert_double_eq(nai_optimizer_factor(sgd, 3), 0.25);
}

START_TEST(test_refusals_change_nothing)
{
  nai_optimizer *sgd = make();
  int64_t update[] = {0, 5}, same[] = {5, 5}, back[] = {5, 4}, before[] = {-1, 4};
  double factor[] = {0.25, 0.25}, negative[] = {1, -0.1}, nan[] = {1, NAN}, huge[] = {1, 1e9};
  ck_assert_int_eq(nai_optimizer_set_schedule(sgd, update, factor, 2), NAI_OK);
  refuse(NULL, update, factor, 2, "optimizer");
  refuse(sgd, NULL, factor, 2, "update");
  refuse(sgd, update, NULL, 2, "factor");
  refuse(sgd, update, factor, -1, "n is -1");
  refuse(sgd, update, factor, INT64_MAX, "n is");
  refuse(sgd, same, factor, 2, "update[1] is 5, must be at least 6");
  refuse(sgd, back, factor, 2, "update[1]");
  refuse(sgd, before, factor, 2, "update[0]");
  refuse(sgd, update, negative, 2, "factor[1] is -0.1");
  refuse(sgd, update, nan, 2, "factor[1]");
  refuse(sgd, update, huge, 2, "factor[1]");
  const double least_and_most[] = {0, 1e6};
  ck_assert_int_eq(nai_optimizer_set_schedule(sgd, update, least_and_most, 2), NAI_OK);
  nai_optimizer_destroy(sgd);
}
END_TEST

START_TEST(test_failing_allocations)
{
  nai_optimizer *sgd = make();
  int64_t update[] = {0, 5};
  double first[] = {0.25, 0.25}, second[] = {0.5, 0.5};
  ck_assert_int_eq(nai_optimizer_set_schedule(sgd, update, first, 2), NAI_OK);
  for (int good = 0; good < 2; good++) {
    faults_fail_allocation(good);
    nai_status status = nai_optimizer_set_schedule(sgd, update, second, 2);
    faults_fail_allocation(-1);
    ck_assert_int_eq(status, NAI_ERR_MEMORY);
    ck_assert_double_eq(nai_optimizer_factor(sgd, 3), 0.25);
  }
  nai_optimizer_destroy(sgd);
}
END_TEST

Suite *schedule_suite(void)
{
  Suite *suite = suite_create("schedule");
  TCase *cases = tcase_create("schedule");
  tcase_add_test(cases, test_factors);
  tcase_add_test(cases, test_refusals_change_nothing);
  tcase_add_test(cases, test_failing_allocations);
  suite_add_tcase(suite, cases);
  return suite;
}
