/* Networks of very many parts are composed, built and copied in a time that goes with their number. */
#include <stdio.h>
#include <time.h>

#include "networks.h"

/* Seconds of this process since `before`. */
static double since(clock_t before)
{
  return (double)(clock() - before) / CLOCKS_PER_SEC;
}

/* One projection a call, by names: each was compared with all before, and all were copied. */
START_TEST(many_projections)
{
  enum { SIDE = 200 };
  clock_t start = clock();
  nai_network *net, *copy;
  char from[20], to[20];
  expect_ok(nai_network_create(&net, 20));
  for (int i = 0; i < SIDE; i++) {
    snprintf(from, sizeof from, "p%d", i);
    EXPECT(nai_network_add_population(net, from, 1, NAI_FREE) == NAI_OK);
  }
  for (int i = 0; i < SIDE; i++)
    for (int j = 0; j < SIDE; j++) {
      snprintf(from, sizeof from, "p%d", i);
      snprintf(to, sizeof to, "p%d", j);
      EXPECT(nai_network_connect(net, from, to) == NAI_OK);
      EXPECT(nai_network_set_delay(net, from, to, 40) == NAI_OK);
    }
  EXPECT(nai_network_count(net, NAI_PROJECTIONS) == SIDE * SIDE);
  double delay;
  expect_ok(nai_network_copy(&copy, net));
  expect_ok(nai_network_add_population(copy, "more", 1, NAI_FREE));
  expect_ok(nai_network_connect(copy, "p7", "more"));
  expect_fails(nai_network_connect(copy, "p7", "p8"), NAI_ERR_NAME, "already connected");
  expect_ok(nai_network_build(net, 1));
  expect_ok(nai_network_delay(&delay, net, "p199", "p0"));
  EXPECT(delay == 40);
  nai_network_destroy(copy);
  nai_network_destroy(net);
  ck_assert_double_lt(since(start), 20); /* 0.2 s; 74 s when each was compared with all */
}
END_TEST

START_TEST(many_populations)
{
  enum { MANY = 20000 };
  clock_t start = clock();
  nai_network *net;
  char name[20];
  expect_ok(nai_network_create(&net, 20));
  for (int i = 0; i < MANY; i++) {
    snprintf(name, sizeof name, "p%d", i);
    EXPECT(nai_network_add_population(net, name, 1, NAI_FREE) == NAI_OK);
  }
  EXPECT(nai_network_size(net, NAI_POPULATIONS, NULL) == MANY);
  expect_fails(nai_network_add_population(net, "p19999", 1, NAI_FREE), NAI_ERR_NAME, "taken");
  nai_network_destroy(net);
  ck_assert_double_lt(since(start), 10);
}
END_TEST

Suite *many_suite(void);

Suite *many_suite(void)
{
  Suite *suite = suite_create("many");
  TCase *many = tcase_create("many");
  tcase_set_timeout(many, 120);
  tcase_add_test(many, many_projections);
  tcase_add_test(many, many_populations);
  suite_add_tcase(suite, many);
  return suite;
}
