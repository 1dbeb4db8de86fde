/* lib/task: what is said of a built-in task before there is one, against networks, tasks and trials. */
#include <neuroai/extend.h>
#include <string.h>

#include "faults.h"
#include "tasks.h"

#define PERCEPTUAL "perceptual-decision-making"

static nai_network *network_of(int64_t n_inputs, int64_t n_outputs)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, 20));
  if (n_inputs) expect_ok(nai_network_add_input(net, "in", n_inputs));
  expect_ok(nai_network_add_population(net, "E", 2, NAI_FREE));
  expect_ok(nai_network_add_output(net, "out", n_outputs));
  if (n_inputs) expect_ok(nai_network_connect(net, "in", "E"));
  expect_ok(nai_network_connect(net, "E", "out"));
  expect_ok(nai_network_build(net, 1));
  return net;
}

static int takes(const char *name, int64_t n_inputs, int64_t n_outputs)
{
  nai_network *net = network_of(n_inputs, n_outputs);
  nai_task *task;
  int made = nai_task_create(&task, name, net) == NAI_OK;
  nai_task_destroy(task);
  nai_network_destroy(net);
  return made;
}

static nai_task_description described(const char *name)
{
  nai_task_description d = NAI_TASK_DESCRIPTION_INIT;
  expect_ok(nai_task_describe(&d, name));
  ck_assert_uint_eq(d.struct_size, sizeof d);
  return d;
}

/* Written down from the publications; WCST with feedback and cards, or the last trial's too. */
START_TEST(sizes_are_those_of_the_tables)
{
  static const struct {
    const char *name;
    int64_t inputs, more, outputs, parameters;
    int32_t classes, times;
    uint32_t flags;
  } expected[] = {
      {PERCEPTUAL, 3, 0, 3, 7, 1, 0, 0},
      {"song-sine", 0, 0, 1, 4, 0, 0, 0},
      {"song-random-dots-reaction-time", 3, 0, 2, 9, 0, 1, 0},
      {"wcst", 18, 37, 5, 13, 0, 0, NAI_TASK_BLOCK},
      {"yang-dm1", 85, 0, 33, 6, 0, 0, NAI_TASK_CHANNEL_MASK},
  };
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
    nai_task_description d = described(expected[i].name);
    ck_assert_int_eq(d.n_inputs, expected[i].inputs);
    ck_assert_int_eq(d.more_inputs, expected[i].more);
    ck_assert_int_eq(d.n_outputs, expected[i].outputs);
    ck_assert_int_eq(d.has_classes, expected[i].classes);
    ck_assert_int_eq(d.has_times, expected[i].times);
    ck_assert_uint_eq(d.flags, expected[i].flags);
    ck_assert_int_eq(d.n_parameters, expected[i].parameters);
  }
}
END_TEST

START_TEST(networks_of_these_sizes_are_taken_and_no_others)
{
  const char *name;
  for (int64_t i = 0; (name = nai_task_builtin_name(i)) != NULL; i++) {
    nai_task_description d = described(name);
    EXPECT(takes(name, d.n_inputs, d.n_outputs));
    EXPECT(!takes(name, d.n_inputs + 1, d.n_outputs) && !takes(name, d.n_inputs, d.n_outputs + 1));
    EXPECT(!d.more_inputs || takes(name, d.more_inputs, d.n_outputs));
  }
}
END_TEST

START_TEST(trials_have_what_is_described)
{
  const char *name;
  for (int64_t i = 0; (name = nai_task_builtin_name(i)) != NULL; i++) {
    nai_task_description d = described(name);
    nai_task *task = make_task(name, 20);
    nai_trials *trials = make_trials(task, 2);
    int32_t times;
    expect_ok(nai_task_has_times(&times, task));
    ck_assert_int_eq(d.has_times, times);
    nai_view view = NAI_VIEW_INIT;
    expect_ok(nai_trials_view(&view, trials,
                              d.has_classes ? NAI_TRIALS_CLASSES : NAI_TRIALS_TARGETS, "out"));
    for (int64_t k = 0; k <= d.n_conditions; k++) {
      const char *said = nai_task_condition_name(name, k);
      const char *found = nai_trials_condition_name(trials, k);
      EXPECT(k < d.n_conditions ? strcmp(said, found) == 0 : !said && !found);
    }
    for (int64_t k = 0; k <= d.n_epochs; k++) {
      const char *said = nai_task_epoch_name(name, k), *found = nai_trials_epoch_name(trials, k);
      EXPECT(k < d.n_epochs ? strcmp(said, found) == 0 : !said && !found);
    }
    int64_t parameters = 0;
    for (nai_parameter p = NAI_PARAMETER_INIT; nai_task_parameter(&p, name, parameters) == NAI_OK;)
      parameters++;
    ck_assert_int_eq(d.n_parameters, parameters);
    nai_trials_destroy(trials);
    nai_task_destroy(task);
  }
}
END_TEST

START_TEST(what_is_no_task_is_refused)
{
  nai_task_description d = NAI_TASK_DESCRIPTION_INIT;
  expect_fails(nai_task_describe(&d, "no-such-task"), NAI_ERR_NAME, "no-such-task");
  expect_fails(nai_task_describe(&d, NULL), NAI_ERR_INVALID, "task is NULL");
  expect_fails(nai_task_describe(NULL, PERCEPTUAL), NAI_ERR_INVALID, "out is NULL");
  d.struct_size = 8;
  expect_fails(nai_task_describe(&d, PERCEPTUAL), NAI_ERR_INVALID, "struct_size is 8");
  ck_assert_int_eq(d.n_inputs, 0);
  ck_assert_ptr_null(nai_task_condition_name("no-such-task", 0));
  ck_assert_ptr_null(nai_task_condition_name(NULL, 0));
  ck_assert_ptr_null(nai_task_condition_name(PERCEPTUAL, -1));
  ck_assert_ptr_null(nai_task_epoch_name("no-such-task", 0));
  ck_assert_ptr_null(nai_task_epoch_name(NULL, 0));
  ck_assert_ptr_null(nai_task_epoch_name(PERCEPTUAL, -1));
}
END_TEST

START_TEST(describing_does_not_allocate)
{
  long before = faults_allocations();
  nai_task_description d = NAI_TASK_DESCRIPTION_INIT;
  EXPECT(nai_task_describe(&d, "wcst") == NAI_OK);
  EXPECT(nai_task_epoch_name("wcst", 3) && nai_task_condition_name("wcst", 3));
  ck_assert_int_eq(faults_allocations(), before);
}
END_TEST

Suite *description_suite(void)
{
  Suite *suite = suite_create("description");
  ADD_CASE(suite, "description", sizes_are_those_of_the_tables,
           networks_of_these_sizes_are_taken_and_no_others, trials_have_what_is_described,
           what_is_no_task_is_refused, describing_does_not_allocate);
  return suite;
}
