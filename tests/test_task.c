/* lib/task and lib/experiment: trials as arrays, tasks and their streams, judging, evaluation. */
#include <check.h>
#include <math.h>
#include <neuroai/neuroai.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/task/arrays.h"
#include "../lib/task/task.h"
#include "checks.h"
#include "faults.h"
#include "tasks.h"

#define PERCEPTUAL "perceptual-decision-making"

/* --- networks --------------------------------------------------------------------------------- */

static nai_network *compose(double dt)
{
  nai_network *net = compose_ei_of(dt, 3, 12, 5, 3);
  expect_ok(nai_network_set(net, "E I", "tau", 2 * dt));
  return net;
}

static nai_network *build(double dt)
{
  nai_network *net = compose(dt);
  expect_ok(nai_network_build(net, 3));
  return net;
}

/* Two inputs (1 and 2 channels) and outputs of these sizes (0: none), one population. */
static nai_network *build_with_outputs(int64_t first, int64_t second)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, 10));
  expect_ok(nai_network_add_input(net, "cue", 1));
  expect_ok(nai_network_add_population(net, "E", 4, NAI_FREE));
  expect_ok(nai_network_add_input(net, "stimulus", 2));
  if (first) expect_ok(nai_network_add_output(net, "first", first));
  if (second) expect_ok(nai_network_add_output(net, "second", second));
  expect_ok(nai_network_connect(net, "cue stimulus", "E"));
  if (first) expect_ok(nai_network_connect(net, "E", "first"));
  if (second) expect_ok(nai_network_connect(net, "E", "second"));
  expect_ok(nai_network_build(net, 3));
  return net;
}

/* --- looking at trials ------------------------------------------------------------------------ */

static nai_view look(const nai_trials *trials, int32_t what, const char *name)
{
  nai_view view = NAI_VIEW_INIT;
  expect_ok(nai_trials_view(&view, trials, what, name));
  return view;
}

static float number_at(const nai_view *view, int64_t t, int64_t b, int64_t c)
{
  EXPECT(view->dtype == NAI_FLOAT32);
  EXPECT(t < view->shape[0] && b < view->shape[1] && c < view->shape[2]);
  float value;
  memcpy(&value,
         (const char *)view->data + t * view->stride[0] + b * view->stride[1] + c * view->stride[2],
         sizeof value);
  return value;
}

static int32_t whole_at(const nai_view *view, int64_t t, int64_t b)
{
  EXPECT(view->dtype == NAI_INT32);
  EXPECT(t < view->shape[0] && b < view->shape[1]);
  int32_t value;
  memcpy(&value, (const char *)view->data + t * view->stride[0] + b * view->stride[1],
         sizeof value);
  return value;
}

static float condition_at(const nai_trials *trials, const char *name, int64_t b)
{
  nai_view view = look(trials, NAI_TRIALS_CONDITION, name);
  ck_assert_int_eq(view.ndim, 1);
  return number_at(&view, b, 0, 0);
}

static int32_t length_at(const nai_trials *trials, int64_t b)
{
  nai_view view = look(trials, NAI_TRIALS_LENGTHS, NULL);
  return whole_at(&view, b, 0);
}

/* --- trials as arrays ------------------------------------------------------------------------- */

START_TEST(new_trials_are_blank)
{
  nai_network *net = build(20);
  nai_trials *trials;
  expect_ok(nai_trials_create(&trials, net, 7, 5));
  nai_network_destroy(net); /* trials do not need it */
  nai_view input = look(trials, NAI_TRIALS_INPUTS, NULL),
           mask = look(trials, NAI_TRIALS_MASK, "choice");
  ck_assert_int_eq(input.ndim, 3);
  EXPECT(input.shape[0] == 7 && input.shape[1] == 5 && input.shape[2] == 3);
  EXPECT(mask.shape[0] == 7 && mask.shape[1] == 5 && mask.shape[2] == 1);
  for (int64_t b = 0; b < 5; b++) {
    ck_assert_int_eq(length_at(trials, b), 7);
    for (int64_t t = 0; t < 7; t++) {
      EXPECT(number_at(&mask, t, b, 0) == 1);
      for (int64_t c = 0; c < 3; c++) EXPECT(number_at(&input, t, b, c) == 0);
    }
  }
  nai_view view = NAI_VIEW_INIT;
  expect_fails(nai_trials_view(&view, trials, NAI_TRIALS_TARGETS, "choice"), NAI_ERR_ORDER,
               "choice");
  expect_fails(nai_trials_view(&view, trials, NAI_TRIALS_CLASSES, "choice"), NAI_ERR_ORDER,
               "choice");
  ck_assert_ptr_null(nai_trials_condition_name(trials, 0));
  nai_trials_destroy(trials);
  nai_trials_destroy(NULL);
}
END_TEST

START_TEST(inputs_by_name_and_all_together)
{
  nai_network *net = build_with_outputs(2, 0);
  nai_trials *trials;
  expect_ok(nai_trials_create(&trials, net, 2, 3));
  float all[2 * 3 * 3], stimulus[2 * 3 * 2];
  for (int i = 0; i < 18; i++) all[i] = (float)i;
  for (int i = 0; i < 12; i++) stimulus[i] = (float)(100 + i);
  expect_ok(nai_trials_set_inputs(trials, NULL, all, 3));
  nai_view input = look(trials, NAI_TRIALS_INPUTS, NULL);
  EXPECT(number_at(&input, 1, 2, 1) == 16);
  expect_ok(nai_trials_set_inputs(trials, "stimulus", stimulus, 2));
  for (int64_t t = 0; t < 2; t++)
    for (int64_t b = 0; b < 3; b++) {
      EXPECT(number_at(&input, t, b, 0) == all[(t * 3 + b) * 3]);
      EXPECT(number_at(&input, t, b, 1) == stimulus[(t * 3 + b) * 2]);
      EXPECT(number_at(&input, t, b, 2) == stimulus[(t * 3 + b) * 2 + 1]);
    }
  all[7] = NAN;
  expect_fails(nai_trials_set_inputs(trials, NULL, all, 3), NAI_ERR_NONFINITE,
               "inputs[0][2][1] is nan");
  stimulus[11] = INFINITY;
  expect_fails(nai_trials_set_inputs(trials, "stimulus", stimulus, 2), NAI_ERR_NONFINITE,
               "inputs[1][2][1]");
  expect_fails(nai_trials_set_inputs(trials, NULL, all, 2), NAI_ERR_INVALID, "n is 2");
  expect_fails(nai_trials_set_inputs(trials, "stimulus", stimulus, 3), NAI_ERR_INVALID,
               "2 channels");
  expect_fails(nai_trials_set_inputs(trials, "E", stimulus, 2), NAI_ERR_NAME,
               "no input is called 'E'; there are ");
  expect_fails(nai_trials_set_inputs(trials, NULL, NULL, 3), NAI_ERR_INVALID, "values is NULL");
  expect_fails(nai_trials_set_inputs(NULL, NULL, all, 3), NAI_ERR_INVALID, "trials is NULL");
  EXPECT(number_at(&input, 0, 2, 1) == 104 && number_at(&input, 1, 2, 2) == 111); /* unchanged */
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

START_TEST(targets_and_classes)
{
  nai_network *net = build_with_outputs(2, 3);
  nai_trials *trials;
  expect_ok(nai_trials_create(&trials, net, 2, 2));
  float target[8] = {0, 1, 2, 3, 4, 5, 6, 7};
  int32_t classes[4] = {0, 1, 2, 0};
  expect_ok(nai_trials_set_targets(trials, "first", target, 2));
  expect_ok(nai_trials_set_classes(trials, "second", classes));
  nai_view view = look(trials, NAI_TRIALS_TARGETS, "first"),
           right = look(trials, NAI_TRIALS_CLASSES, "second");
  EXPECT(number_at(&view, 1, 0, 1) == 5);
  ck_assert_int_eq(whole_at(&right, 1, 0), 2);

  target[3] = -INFINITY;
  expect_fails(nai_trials_set_targets(trials, "first", target, 2), NAI_ERR_NONFINITE,
               "targets[0][1][1] is -inf, must be finite");
  target[3] = NAN;
  expect_fails(
      nai_trials_set_targets(trials, "first", target, 2), NAI_ERR_NONFINITE,
      "targets[0][1][1] is nan, must be finite; in steps that do not count write 0 and set "
      "their mask to 0");
  expect_fails(nai_trials_set_targets(trials, "first", target, 3), NAI_ERR_INVALID, "n is 3");
  expect_fails(nai_trials_set_targets(trials, "third", target, 2), NAI_ERR_NAME, "'third'");
  expect_fails(nai_trials_set_targets(trials, NULL, target, 2), NAI_ERR_INVALID, "output is NULL");
  classes[0] = 3;
  expect_fails(nai_trials_set_classes(trials, "second", classes), NAI_ERR_INVALID,
               "classes[0][0] is 3");
  classes[0] = -1;
  expect_fails(nai_trials_set_classes(trials, "second", classes), NAI_ERR_INVALID,
               "classes[0][0] is -1, must be 0 to 2; in steps that do not count (mask 0) write 0");
  expect_fails(nai_trials_set_classes(trials, "second", NULL), NAI_ERR_INVALID, "classes is NULL");
  EXPECT(number_at(&view, 0, 1, 1) == 3 && whole_at(&right, 0, 0) == 0);
  nai_view none = NAI_VIEW_INIT;
  expect_fails(nai_trials_view(&none, trials, NAI_TRIALS_CLASSES, "first"), NAI_ERR_ORDER,
               "no classes");
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* Whatever the order, and again: the mask is the one given, and 0 beyond each trial's end. */
START_TEST(masks_and_lengths_in_any_order)
{
  enum { STEPS = 6, TRIALS = 4 };
  nai_network *net = build(20);
  nai_trials *trials;
  expect_ok(nai_trials_create(&trials, net, STEPS, TRIALS));
  float wide[STEPS * TRIALS * 3], narrow[STEPS * TRIALS];
  for (int i = 0; i < STEPS * TRIALS * 3; i++) wide[i] = (float)(i + 1);
  for (int i = 0; i < STEPS * TRIALS; i++) narrow[i] = (float)(1000 + i);
  static const int32_t lengths[3][TRIALS] = {{1, 6, 3, 2}, {6, 6, 6, 6}, {2, 5, 6, 1}};
  nai_view before = look(trials, NAI_TRIALS_MASK, "choice");
  for (int round = 0; round < 6; round++) {
    const int32_t *length = lengths[round % 3];
    const float *mask = round % 2 ? wide : narrow;
    int columns = round % 2 ? 3 : 1;
    if (round < 3) expect_ok(nai_trials_set_mask(trials, "choice", mask, columns));
    expect_ok(nai_trials_set_lengths(trials, length));
    if (round >= 3) expect_ok(nai_trials_set_mask(trials, "choice", mask, columns));
    nai_view view = look(trials, NAI_TRIALS_MASK, "choice");
    ck_assert_int_eq(view.shape[2], columns);
    ck_assert_ptr_eq(view.data, before.data);
    for (int t = 0; t < STEPS; t++)
      for (int b = 0; b < TRIALS; b++)
        for (int c = 0; c < columns; c++)
          EXPECT(number_at(&view, t, b, c) ==
                 (t < length[b] ? mask[(t * TRIALS + b) * columns + c] : 0));
  }
  wide[5] = -1;
  expect_fails(nai_trials_set_mask(trials, "choice", wide, 3), NAI_ERR_INVALID,
               "mask[0][1][2] is -1");
  wide[5] = NAN;
  expect_fails(nai_trials_set_mask(trials, "choice", wide, 3), NAI_ERR_NONFINITE,
               "mask[0][1][2] is nan");
  expect_fails(nai_trials_set_mask(trials, "choice", narrow, 2), NAI_ERR_INVALID, "1 or 3");
  expect_fails(nai_trials_set_mask(trials, "E", narrow, 1), NAI_ERR_NAME, "'E'");
  expect_fails(nai_trials_set_lengths(trials, (int32_t[]){1, 0, 1, 1}), NAI_ERR_INVALID,
               "lengths[1] is 0");
  expect_fails(nai_trials_set_lengths(trials, (int32_t[]){1, 1, 1, 7}), NAI_ERR_INVALID, "1 to 6");
  expect_fails(nai_trials_set_lengths(trials, NULL), NAI_ERR_INVALID, "lengths is NULL");
  ck_assert_int_eq(length_at(trials, 1), 5);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

START_TEST(conditions_of_trials)
{
  nai_network *net = build(20);
  nai_trials *trials;
  expect_ok(nai_trials_create(&trials, net, 2, 3));
  expect_ok(nai_trials_set_condition(trials, "coherence", (float[]){1, 2, 3}));
  nai_view first = look(trials, NAI_TRIALS_CONDITION, "coherence");
  expect_ok(nai_trials_set_condition(trials, "side", (float[]){4, 5, 6}));
  expect_ok(nai_trials_set_condition(trials, "coherence", (float[]){7, 8, 9}));
  ck_assert_str_eq(nai_trials_condition_name(trials, 0), "coherence");
  ck_assert_str_eq(nai_trials_condition_name(trials, 1), "side");
  ck_assert_ptr_null(nai_trials_condition_name(trials, 2));
  ck_assert_ptr_null(nai_trials_condition_name(trials, -1));
  ck_assert_ptr_null(nai_trials_condition_name(NULL, 0));
  EXPECT(condition_at(trials, "coherence", 2) == 9 && condition_at(trials, "side", 0) == 4);
  ck_assert_ptr_eq(look(trials, NAI_TRIALS_CONDITION, "coherence").data, first.data);
  expect_fails(nai_trials_set_condition(trials, "side", (float[]){1, INFINITY, 1}),
               NAI_ERR_NONFINITE, "values[1] is inf, must be finite, or NaN for none");
  expect_fails(nai_trials_set_condition(trials, "two words", (float[]){1, 1, 1}), NAI_ERR_NAME,
               "two words");
  expect_fails(nai_trials_set_condition(trials, "", (float[]){1, 1, 1}), NAI_ERR_NAME, "empty");
  expect_fails(nai_trials_set_condition(trials, NULL, (float[]){1, 1, 1}), NAI_ERR_INVALID,
               "name is NULL");
  EXPECT(condition_at(trials, "side", 1) == 5);
  expect_ok(nai_trials_set_condition(trials, "side", (float[]){1, NAN, 1}));
  EXPECT(isnan(condition_at(trials, "side", 1)) && condition_at(trials, "side", 2) == 1);
  nai_view view = NAI_VIEW_INIT;
  expect_fails(nai_trials_view(&view, trials, NAI_TRIALS_CONDITION, "rule"), NAI_ERR_NAME,
               "no condition is called 'rule'; there are coherence, side");
  expect_fails(nai_trials_view(&view, trials, NAI_TRIALS_CONDITION, NULL), NAI_ERR_INVALID, "NULL");
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

START_TEST(epochs_of_trials)
{
  nai_network *net = build(20);
  nai_trials *trials;
  expect_ok(nai_trials_create(&trials, net, 4, 2));
  ck_assert_ptr_null(nai_trials_epoch_name(trials, 0));
  expect_ok(nai_trials_set_epoch(trials, "sample", (int32_t[]){0, 1, 0, 2}));
  expect_ok(nai_trials_set_epoch(trials, "delay", (int32_t[]){1, 4, 2, 2}));
  nai_view sample = look(trials, NAI_TRIALS_EPOCH, "sample");
  EXPECT(sample.ndim == 2 && sample.shape[0] == 2 && sample.shape[1] == 2);
  EXPECT(whole_at(&sample, 1, 0) == 0 && whole_at(&sample, 1, 1) == 2);
  expect_ok(nai_trials_set_epoch(trials, "sample", (int32_t[]){3, 4, 0, 0}));
  EXPECT(whole_at(&sample, 0, 0) == 3 && whole_at(&sample, 1, 1) == 0);
  ck_assert_str_eq(nai_trials_epoch_name(trials, 0), "sample");
  ck_assert_str_eq(nai_trials_epoch_name(trials, 1), "delay");
  ck_assert_ptr_null(nai_trials_epoch_name(trials, 2));
  ck_assert_ptr_null(nai_trials_epoch_name(trials, -1));
  ck_assert_ptr_null(nai_trials_epoch_name(NULL, 0));
  static const int32_t bad[3][4] = {{0, 1, -1, 2}, {0, 1, 3, 2}, {0, 1, 2, 5}};
  for (int k = 0; k < 3; k++)
    expect_fails(nai_trials_set_epoch(trials, "delay", bad[k]), NAI_ERR_INVALID,
                 "epoch 'delay' of trial 1");
  expect_fails(nai_trials_set_epoch(trials, "a b", bad[0]), NAI_ERR_NAME, "a b");
  expect_fails(nai_trials_set_epoch(trials, "delay", NULL), NAI_ERR_INVALID, "steps is NULL");
  nai_view delay = look(trials, NAI_TRIALS_EPOCH, "delay");
  EXPECT(whole_at(&delay, 0, 1) == 4 && whole_at(&delay, 1, 1) == 2);
  expect_fails(nai_trials_view(&delay, trials, NAI_TRIALS_EPOCH, "test"), NAI_ERR_NAME,
               "no epoch is called 'test'; there are ");
  expect_fails(nai_trials_view(&delay, trials, NAI_TRIALS_EPOCH, NULL), NAI_ERR_INVALID, "NULL");
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

START_TEST(trials_that_cannot_be)
{
  nai_network *net = compose(20);
  nai_trials *trials = (nai_trials *)&trials;
  expect_fails(nai_trials_create(&trials, net, 2, 2), NAI_ERR_ORDER, "not built");
  ck_assert_ptr_null(trials);
  expect_ok(nai_network_build(net, 1));
  expect_fails(nai_trials_create(&trials, net, 0, 1), NAI_ERR_INVALID, "steps is 0");
  expect_fails(nai_trials_create(&trials, net, -1, 1), NAI_ERR_INVALID, "steps is -1");
  expect_fails(nai_trials_create(&trials, net, INT64_MAX, 1), NAI_ERR_INVALID, "steps is");
  expect_fails(nai_trials_create(&trials, net, INT64_MIN, 1), NAI_ERR_INVALID, "steps is");
  static const int64_t bad[][2] = {
      {1, 0}, {1, -5}, {1, INT64_MAX}, {1 << 20, 1 << 20}, {INT32_MAX, INT32_MAX}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    trials = (nai_trials *)&trials;
    expect_fails(nai_trials_create(&trials, net, bad[i][0], bad[i][1]), NAI_ERR_INVALID, "trials");
    ck_assert_ptr_null(trials);
  }
  expect_fails(nai_trials_create(NULL, net, 1, 1), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_trials_create(&trials, NULL, 1, 1), NAI_ERR_INVALID, "net is NULL");
  expect_ok(nai_trials_create(&trials, net, 1, 1));
  nai_view view = NAI_VIEW_INIT;
  expect_fails(nai_trials_view(&view, trials, 8, NULL), NAI_ERR_INVALID, "what is 8");
  expect_fails(nai_trials_view(&view, trials, -1, NULL), NAI_ERR_INVALID, "what is -1");
  expect_fails(nai_trials_view(&view, NULL, 0, NULL), NAI_ERR_INVALID, "trials is NULL");
  expect_fails(nai_trials_view(NULL, trials, 0, NULL), NAI_ERR_INVALID, "out is NULL");
  view.struct_size = 4;
  expect_fails(nai_trials_view(&view, trials, 0, NULL), NAI_ERR_INVALID, "struct_size is 4");
  expect_ok(nai_trials_set_first(trials, 12));
  ck_assert_uint_eq(trials->first, 12);
  expect_fails(nai_trials_set_first(trials, UINT64_MAX), NAI_ERR_INVALID, "first is");
  ck_assert_uint_eq(trials->first, 12);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

START_TEST(trials_fit_their_own_kind_of_network)
{
  nai_network *own = build_with_outputs(2, 1), *other = build_with_outputs(1, 2),
              *third = build(20);
  nai_trials *trials;
  expect_ok(nai_trials_create(&trials, own, 1, 1));
  expect_ok(nai__trials_fit(trials, own));
  expect_fails(nai__trials_fit(trials, other), NAI_ERR_INVALID, "'first' differs");
  expect_fails(nai__trials_fit(trials, third), NAI_ERR_INVALID, "'stimulus' differs");
  nai_trials_destroy(trials);
  nai_network_destroy(own);
  nai_network_destroy(other);
  nai_network_destroy(third);
}
END_TEST

/* --- the perceptual decision ------------------------------------------------------------------ */

START_TEST(tasks_and_parameters_are_listed)
{
  ck_assert_str_eq(nai_task_builtin_name(0), PERCEPTUAL);
  ck_assert_ptr_null(nai_task_builtin_name(-1));
  int64_t tasks = 0;
  while (nai_task_builtin_name(tasks)) tasks++;
  ck_assert_ptr_null(nai_task_builtin_name(tasks));

  static const struct {
    const char *name, *unit;
    double initial;
  } expected[] = {{"fixation", "ms", 100},      {"stimulus", "ms", 2000}, {"delay", "ms", 0},
                  {"decision", "ms", 100},      {"sigma", "sqrt(ms)", 1}, {"coherence", "%", 0},
                  {"cue_until_decision", "", 0}};
  nai_parameter p = NAI_PARAMETER_INIT;
  for (int64_t i = 0; i < 7; i++) {
    expect_ok(nai_task_parameter(&p, PERCEPTUAL, i));
    ck_assert_str_eq(p.name, expected[i].name);
    ck_assert_str_eq(p.unit, expected[i].unit);
    EXPECT(p.initial == expected[i].initial && p.low <= p.initial && p.initial <= p.high);
    ck_assert_int_eq(p.list, i < 6);
    EXPECT(strlen(p.meaning) > 10);
  }
  expect_fails(nai_task_parameter(&p, PERCEPTUAL, 7), NAI_ERR_INVALID, "index is 7");
  expect_fails(nai_task_parameter(&p, PERCEPTUAL, -1), NAI_ERR_INVALID, "index is -1");
  expect_fails(nai_task_parameter(&p, "no-such-task", 0), NAI_ERR_NAME, "no-such-task");
  expect_fails(nai_task_parameter(&p, NULL, 0), NAI_ERR_INVALID, "task is NULL");
  expect_fails(nai_task_parameter(NULL, PERCEPTUAL, 0), NAI_ERR_INVALID, "out is NULL");
  p.struct_size = 1;
  expect_fails(nai_task_parameter(&p, PERCEPTUAL, 0), NAI_ERR_INVALID, "struct_size is 1");
}
END_TEST

/* Every value of trials without noise, written down from the definition. */
static void check_noiseless(double dt, const double epochs[4], const int64_t ends[4])
{
  static const char *const names[] = {"fixation", "stimulus", "delay", "decision"};
  nai_network *net = build(dt);
  nai_task *task = task_for(net, PERCEPTUAL);
  for (int e = 0; e < 4; e++) expect_ok(nai_task_set(task, names[e], epochs[e]));
  expect_ok(nai_task_set(task, "sigma", 0));
  nai_trials *trials = make_trials_of(task, 5, NAI_STREAM_TRAIN, 0, 40);
  nai_view input = look(trials, NAI_TRIALS_INPUTS, NULL),
           classes = look(trials, NAI_TRIALS_CLASSES, "choice");
  nai_view mask = look(trials, NAI_TRIALS_MASK, "choice");
  ck_assert_int_eq(input.shape[0], ends[3]);
  for (int64_t b = 0; b < 40; b++) {
    int target = (int)condition_at(trials, "target", b);
    float c = condition_at(trials, "coherence", b) / 200;
    ck_assert_int_eq(length_at(trials, b), ends[3]);
    for (int64_t t = 0; t < ends[3]; t++) {
      int stimulus = t >= ends[0] && t < ends[1];
      EXPECT(number_at(&input, t, b, 0) == (t < ends[0]));
      for (int k = 1; k <= 2; k++)
        ck_assert_float_eq_tol(number_at(&input, t, b, k),
                               stimulus ? 0.5f + (k == target ? c : -c) : 0, 1e-7f);
      ck_assert_int_eq(whole_at(&classes, t, b), t >= ends[2] ? target : 0);
      EXPECT(number_at(&mask, t, b, 0) == 1);
    }
  }
  nai_trials_destroy(trials);
  nai_task_destroy(task);
  nai_network_destroy(net);
}

START_TEST(epochs_cue_stimuli_and_classes)
{
  check_noiseless(20, (double[]){100, 2000, 0, 100}, (int64_t[]){5, 105, 105, 110});
  check_noiseless(100, (double[]){100, 2000, 0, 100}, (int64_t[]){1, 21, 21, 22});
  check_noiseless(20, (double[]){200, 500, 300, 100}, (int64_t[]){10, 35, 50, 55});
  /* as many steps as fit into each epoch, and durations that are whole up to rounding are whole */
  check_noiseless(20, (double[]){50, 190, 39.9, 100}, (int64_t[]){2, 11, 12, 17});
  check_noiseless(0.1, (double[]){0.7, 0.3, 0.6, 0.1}, (int64_t[]){7, 10, 16, 17});
  check_noiseless(100, (double[]){0, 300, 0, 100}, (int64_t[]){0, 3, 3, 4});
}
END_TEST

START_TEST(conditions_agree)
{
  nai_network *net = build(100);
  nai_task *task = task_for(net, PERCEPTUAL);
  expect_ok(nai_task_set_list(task, "stimulus", (double[]){300, 500}, 2));
  nai_trials *trials = make_trials_of(task, 8, NAI_STREAM_TEST, 100, 300);
  ck_assert_str_eq(nai_task_name(task), PERCEPTUAL);
  ck_assert_ptr_null(nai_task_name(NULL));
  static const char *const names[] = {"coherence", "signed_coherence", "target", "stimulus"};
  for (int64_t i = 0; i < 4; i++) ck_assert_str_eq(nai_trials_condition_name(trials, i), names[i]);
  ck_assert_ptr_null(nai_trials_condition_name(trials, 4));
  for (int64_t b = 0; b < 300; b++) {
    float c = condition_at(trials, "coherence", b), side = condition_at(trials, "target", b);
    EXPECT(c == 0 || c == 6.4f || c == 12.8f || c == 25.6f || c == 51.2f);
    EXPECT(side == 1 || side == 2);
    EXPECT(condition_at(trials, "signed_coherence", b) == (side == 2 ? c : -c));
    EXPECT(!signbit(condition_at(trials, "signed_coherence", b)) || c > 0);
    ck_assert_int_eq(length_at(trials, b), 2 + condition_at(trials, "stimulus", b) / 100);
  }
  nai_trials_destroy(trials);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

/*
 * Lists: every value, in every pair, as often as chance has it; and masks that end with the trial.
 */
START_TEST(lists_are_drawn_uniformly)
{
  enum { N = 16000 };
  static const double fixation[] = {50, 100, 200, 400}, stimulus[] = {100, 200, 400, 800};
  nai_network *net = build(20);
  nai_task *task = task_for(net, PERCEPTUAL);
  expect_ok(nai_task_set_list(task, "fixation", fixation, 4));
  expect_ok(nai_task_set_list(task, "stimulus", stimulus, 4));
  nai_trials *trials = make_trials_of(task, 2, NAI_STREAM_TRAIN, 0, N);
  nai_view input = look(trials, NAI_TRIALS_INPUTS, NULL),
           mask = look(trials, NAI_TRIALS_MASK, "choice");
  nai_view classes = look(trials, NAI_TRIALS_CLASSES, "choice");
  int64_t steps = input.shape[0];
  ck_assert_int_eq(steps, 20 + 40 + 5);
  double counts[4][4] = {{0}}, left = 0, coherences = 0;
  for (int64_t b = 0; b < N; b++) {
    int64_t cue = 0, length = length_at(trials, b);
    while (cue < steps && number_at(&input, cue, b, 0) == 1) cue++;
    int f = cue == 2 ? 0 : cue == 5 ? 1 : cue == 10 ? 2 : cue == 20 ? 3 : -1;
    int64_t rest = length - cue - 5;
    int wait = rest == 5 ? 0 : rest == 10 ? 1 : rest == 20 ? 2 : rest == 40 ? 3 : -1;
    EXPECT(f >= 0 && wait >= 0);
    counts[f][wait]++;
    left += condition_at(trials, "target", b) == 1;
    coherences += condition_at(trials, "coherence", b) == 51.2f;
    for (int64_t t = 0; t < steps; t++) {
      EXPECT(number_at(&mask, t, b, 0) == (t < length));
      EXPECT((whole_at(&classes, t, b) != 0) == (t < length && t >= length - 5));
      if (t >= length)
        for (int c = 0; c < 3; c++) EXPECT(number_at(&input, t, b, c) == 0);
    }
  }
  double chi_square = 0;
  for (int f = 0; f < 4; f++)
    for (int s = 0; s < 4; s++) chi_square += pow(counts[f][s] - N / 16.0, 2) / (N / 16.0);
  ck_assert_double_lt(chi_square, 15 + 4 * sqrt(30));
  ck_assert_double_lt(fabs(left / N - 0.5), 4 * sqrt(0.25 / N));
  ck_assert_double_lt(fabs(coherences / N - 0.2), 4 * sqrt(0.16 / N));
  nai_trials_destroy(trials);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

/* Mean, variance and independence of the stimulus noise at this time step. */
static void check_noise(double dt, double expected_sd)
{
  enum { N = 400, STEPS = 50 };
  nai_network *net = build(dt);
  nai_task *task = task_for(net, PERCEPTUAL);
  expect_ok(nai_task_set(task, "coherence", 25.6));
  expect_ok(nai_task_set(task, "stimulus", STEPS * dt));
  expect_ok(nai_task_set(task, "fixation", 2 * dt));
  nai_trials *trials = make_trials_of(task, 9, NAI_STREAM_TRAIN, 0, N);
  nai_view input = look(trials, NAI_TRIALS_INPUTS, NULL);
  double sum[2] = {0}, square[2] = {0}, between = 0, in_time = 0, n = (double)N * STEPS;
  for (int64_t b = 0; b < N; b++) {
    int target = (int)condition_at(trials, "target", b);
    double last = 0;
    for (int64_t t = 2; t < 2 + STEPS; t++) {
      double z[2];
      for (int k = 0; k < 2; k++) {
        z[k] = ((double)number_at(&input, t, b, k + 1) - 0.5 - (k + 1 == target ? 0.128 : -0.128)) /
               expected_sd;
        sum[k] += z[k];
        square[k] += z[k] * z[k];
      }
      between += z[0] * z[1];
      in_time += z[0] * last;
      last = z[0];
    }
  }
  for (int k = 0; k < 2; k++) {
    ck_assert_double_lt(fabs(sum[k] / n), 4 / sqrt(n));
    ck_assert_double_lt(fabs(square[k] / n - 1), 4 * sqrt(2 / n));
  }
  ck_assert_double_lt(fabs(between / n), 4 / sqrt(n));
  ck_assert_double_lt(fabs(in_time / n), 4 / sqrt(n));
  nai_trials_destroy(trials);
  nai_task_destroy(task);
  nai_network_destroy(net);
}

START_TEST(stimulus_noise_is_what_neurogym_adds)
{
  check_noise(100, 0.1);
  check_noise(20, 0.22360679774997896);
  check_noise(10, 0.31622776601683794);
}
END_TEST

/* Long stimuli are drawn in pieces: none may come twice. */
START_TEST(long_stimuli_do_not_repeat)
{
  nai_network *net = build(1);
  nai_task *task = task_for(net, PERCEPTUAL);
  expect_ok(nai_task_set(task, "stimulus", 1000));
  nai_trials *trials = make_trials_of(task, 9, NAI_STREAM_TRAIN, 0, 2);
  nai_view input = look(trials, NAI_TRIALS_INPUTS, NULL);
  for (int64_t lag = 1; lag < 1000; lag++) {
    int equal = 0;
    for (int64_t t = 100; t + lag < 1100; t++)
      equal += number_at(&input, t, 0, 1) == number_at(&input, t + lag, 0, 1);
    ck_assert_int_lt(equal, 3);
  }
  nai_trials_destroy(trials);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

/* Adds up the difference of the two stimuli: nobody can do better. Its performance is known. */
START_TEST(ideal_observer_reaches_its_bound)
{
  enum { N = 40000 };
  static const double coherence[] = {0, 6.4, 12.8, 25.6, 51.2};
  nai_network *net = build(20);
  nai_task *task = task_for(net, PERCEPTUAL);
  expect_ok(nai_task_set(task, "stimulus", 500));
  nai_trials *trials = make_trials_of(task, 1, NAI_STREAM_TEST, 0, N);
  nai_view input = look(trials, NAI_TRIALS_INPUTS, NULL);
  double correct[5] = {0}, count[5] = {0}, all = 0, bound = 0;
  for (int64_t b = 0; b < N; b++) {
    double evidence = 0;
    int level = 0;
    for (int64_t t = 0; t < input.shape[0]; t++)
      evidence += (double)number_at(&input, t, b, 2) - (double)number_at(&input, t, b, 1);
    while (fabs(coherence[level] - (double)condition_at(trials, "coherence", b)) > 0.01) level++;
    int right = (evidence > 0 ? 2 : 1) == (int)condition_at(trials, "target", b);
    correct[level] += right;
    count[level]++;
    all += right;
  }
  for (int level = 0; level < 5; level++) {
    double d = coherence[level] / 100 * 5 / (sqrt(0.05) * sqrt(2.0)),
           p = 0.5 * erfc(-d / sqrt(2.0));
    bound += p / 5;
    ck_assert_double_lt(fabs(correct[level] / count[level] - p),
                        4 * sqrt(p * (1 - p) / count[level]) + 1e-4);
  }
  ck_assert_double_eq_tol(bound, 0.8645, 5e-5);
  ck_assert_double_lt(fabs(all / N - 0.8645), 4 * sqrt(0.8645 * 0.1355 / N));
  nai_trials_destroy(trials);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

/* --- streams ---------------------------------------------------------------------------------- */

/* Trial `b` of one batch is trial `c` of another, bit for bit. */
static void check_same_trial(const nai_trials *x, int64_t b, const nai_trials *y, int64_t c)
{
  static const char *const names[] = {"coherence", "signed_coherence", "target", "stimulus"};
  nai_view in_x = look(x, NAI_TRIALS_INPUTS, NULL), in_y = look(y, NAI_TRIALS_INPUTS, NULL);
  nai_view right_x = look(x, NAI_TRIALS_CLASSES, "choice"),
           right_y = look(y, NAI_TRIALS_CLASSES, "choice");
  ck_assert_int_eq(length_at(x, b), length_at(y, c));
  for (int i = 0; i < 4; i++) EXPECT(condition_at(x, names[i], b) == condition_at(y, names[i], c));
  for (int64_t t = 0; t < length_at(x, b); t++) {
    ck_assert_int_eq(whole_at(&right_x, t, b), whole_at(&right_y, t, c));
    for (int64_t k = 0; k < 3; k++) EXPECT(number_at(&in_x, t, b, k) == number_at(&in_y, t, c, k));
  }
}

START_TEST(any_split_into_batches_gives_the_same_trials)
{
  enum { N = 100 };
  nai_network *net = build(20);
  nai_task *task = task_for(net, PERCEPTUAL);
  expect_ok(nai_task_set_list(task, "stimulus", (double[]){100, 400, 800}, 3));
  for (int32_t stream = NAI_STREAM_TRAIN; stream <= NAI_STREAM_TEST; stream++) {
    nai_trials *whole = make_trials_of(task, 77, stream, 1000, N);
    static const int64_t sizes[] = {1, 7, 64};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
      for (int64_t first = 0; first < N; first += sizes[k]) {
        int64_t n = N - first < sizes[k] ? N - first : sizes[k];
        nai_trials *part = make_trials_of(task, 77, stream, 1000 + (uint64_t)first, n);
        for (int64_t b = 0; b < n; b++) check_same_trial(part, b, whole, first + b);
        nai_trials_destroy(part);
      }
    nai_trials_destroy(whole);
  }
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

static int compare_floats(const void *a, const void *b)
{
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

/* Streams and seeds, many trials of each: no stimulus of one is in another. */
START_TEST(streams_and_seeds_share_no_trial)
{
  enum { N = 300, STREAMS = 4 };
  static const struct {
    uint64_t seed;
    int32_t stream;
  } of[STREAMS] = {
      {1, NAI_STREAM_TRAIN}, {1, NAI_STREAM_TEST}, {2, NAI_STREAM_TRAIN}, {2, NAI_STREAM_TEST}};
  static float sum[STREAMS * N];
  nai_network *net = build(20);
  nai_task *task = task_for(net, PERCEPTUAL);
  expect_ok(nai_task_set(task, "coherence", 0));
  for (int s = 0; s < STREAMS; s++) {
    nai_trials *trials = make_trials_of(task, of[s].seed, of[s].stream, 0, N);
    ck_assert_int_eq((trials->first & NAI__TEST_TRIALS) != 0, of[s].stream == NAI_STREAM_TEST);
    nai_view input = look(trials, NAI_TRIALS_INPUTS, NULL);
    for (int64_t b = 0; b < N; b++)
      for (int64_t t = 0; t < 8; t++)
        sum[s * N + b] += number_at(&input, 5 + t, b, 1) * (float)(t + 1);
    nai_trials_destroy(trials);
  }
  qsort(sum, STREAMS * N, sizeof *sum, compare_floats);
  int equal = 0;
  for (int i = 1; i < STREAMS * N; i++) equal += sum[i] == sum[i - 1];
  ck_assert_int_lt(equal, 20); /* 24-bit floats: a few of 1200 meet by chance */
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

/*
 * The numbers of a network's noise must tell the streams apart too, in the bits that kernels read.
 */
START_TEST(test_trials_have_noise_of_their_own)
{
  float train[8], test[8];
  nai__kernels_best()->normals(train, 8, 1, 1, 5, 3);
  nai__kernels_best()->normals(test, 8, 1, 1, 5 | NAI__TEST_TRIALS, 3);
  EXPECT(memcmp(train, test, sizeof train) != 0);
}
END_TEST

/* --- setting and refusing --------------------------------------------------------------------- */

START_TEST(parameters_change_the_room_that_trials_need)
{
  nai_network *net = build(20);
  nai_task *task = task_for(net, PERCEPTUAL);
  ck_assert_int_eq(task->ops.max_steps, 110);
  nai_trials *trials;
  expect_ok(nai__task_trials(&trials, task, 8));
  expect_ok(nai_task_set(task, "stimulus", 500));
  ck_assert_int_eq(task->ops.max_steps, 35);
  expect_ok(nai__task_fill(trials, task, 1, NAI_STREAM_TRAIN, 0, 8));
  ck_assert_int_eq(trials->steps, 35);
  expect_ok(nai_task_set_list(task, "stimulus", (double[]){100, 3000}, 2));
  ck_assert_int_eq(task->ops.max_steps, 160);
  expect_fails(nai__task_fill(trials, task, 1, NAI_STREAM_TRAIN, 0, 8), NAI_ERR_ORDER,
               "room for 110");
  nai_trials_destroy(trials);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

START_TEST(refused_parameters_change_nothing)
{
  nai_network *net = build(20);
  nai_task *task = task_for(net, PERCEPTUAL);
  nai_trials *before = make_trials_of(task, 4, NAI_STREAM_TRAIN, 0, 5);
  static const char *const epochs[] = {"fixation", "stimulus", "delay", "decision"};
  expect_fails(nai_task_set(task, "fixation", -1), NAI_ERR_INVALID, "fixation is -1");
  expect_fails(nai_task_set(task, "stimulus", NAN), NAI_ERR_INVALID, "stimulus is nan");
  expect_fails(nai_task_set(task, "stimulus", INFINITY), NAI_ERR_INVALID, "stimulus is inf");
  expect_fails(nai_task_set(task, "coherence", 101), NAI_ERR_INVALID, "must be 0 to 100");
  expect_fails(nai_task_set(task, "sigma", -0.1), NAI_ERR_INVALID, "sigma");
  expect_fails(nai_task_set(task, "Sigma", 1), NAI_ERR_NAME,
               "no parameter 'Sigma'; it has fixation, ");
  expect_fails(nai_task_set(task, NULL, 1), NAI_ERR_INVALID, "parameter is NULL");
  expect_fails(nai_task_set(NULL, "sigma", 1), NAI_ERR_INVALID, "task is NULL");
  expect_fails(nai_task_set_list(task, "sigma", NULL, 1), NAI_ERR_INVALID, "values is NULL");
  expect_fails(nai_task_set_list(task, "sigma", (double[]){1}, 0), NAI_ERR_INVALID,
               "n of 'sigma' is 0");
  expect_fails(nai_task_set_list(task, "sigma", (double[]){1}, INT64_MAX), NAI_ERR_INVALID,
               "n of 'sigma'");
  expect_fails(nai_task_set_list(task, "sigma", (double[]){1, 2, -3}, 3), NAI_ERR_INVALID, "-3");
  expect_fails(nai_task_set(task, "stimulus", 1e7), NAI_OK, "");
  expect_ok(nai_task_set(task, "stimulus", 2000));
  for (int e = 0; e < 4; e++) {
    expect_fails(nai_task_set(task, epochs[e], 19.9), NAI_ERR_INVALID,
                 "19.9 ms and has no step of dt = 20 ms");
    ck_assert_ptr_nonnull(strstr(nai_last_error(), epochs[e]));
    expect_fails(nai_task_set_list(task, epochs[e], (double[]){100, 1e-3}, 2), NAI_ERR_INVALID,
                 epochs[e]);
  }
  expect_fails(nai_task_set_list(task, "decision", (double[]){0, 500}, 2), NAI_ERR_INVALID,
               "decision is 0 ms and has no step of dt = 20 ms, must be at least dt");
  nai_trials *after = make_trials_of(task, 4, NAI_STREAM_TRAIN, 0, 5);
  for (int64_t b = 0; b < 5; b++) check_same_trial(before, b, after, b);
  nai_trials_destroy(before);
  nai_trials_destroy(after);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

START_TEST(too_many_steps_are_refused)
{
  nai_network *net = build(1);
  nai_task *task = task_for(net, PERCEPTUAL);
  expect_fails(nai_task_set(task, "stimulus", 1e7), NAI_ERR_INVALID, "at most 1000000");
  ck_assert_int_eq(task->ops.max_steps, 2200);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

START_TEST(tasks_need_a_network_that_fits)
{
  nai_network *net = compose(20), *outputs = build_with_outputs(2, 1),
              *few = build_with_outputs(2, 0);
  nai_task *task = (nai_task *)&task;
  expect_fails(nai_task_create(&task, PERCEPTUAL, net), NAI_ERR_ORDER, "not built");
  ck_assert_ptr_null(task);
  expect_ok(nai_network_build(net, 1));
  expect_fails(nai_task_create(&task, PERCEPTUAL, outputs), NAI_ERR_INVALID,
               "3 classes, output first has 2");
  expect_fails(nai_task_create(&task, PERCEPTUAL, few), NAI_ERR_INVALID,
               "3 output channels, the network has 2");
  expect_fails(nai_task_create(&task, "go-nogo!", net), NAI_ERR_NAME, "'go-nogo!'");
  expect_fails(nai_task_create(&task, NULL, net), NAI_ERR_INVALID, "name is NULL");
  expect_fails(nai_task_create(&task, PERCEPTUAL, NULL), NAI_ERR_INVALID, "net is NULL");
  expect_fails(nai_task_create(NULL, PERCEPTUAL, net), NAI_ERR_INVALID, "out is NULL");
  ck_assert_ptr_null(task);
  nai_task_destroy(NULL);

  expect_ok(nai_task_create(&task, PERCEPTUAL, net));
  nai_network_destroy(net); /* the task keeps it */
  nai_trials *trials;
  expect_fails(nai_task_generate(&trials, task, 0, 2, 0, 1), NAI_ERR_INVALID, "stream is 2");
  expect_fails(nai_task_generate(&trials, task, 0, -1, 0, 1), NAI_ERR_INVALID, "stream is -1");
  expect_fails(nai_task_generate(&trials, task, 0, 0, 0, 0), NAI_ERR_INVALID, "trials is 0");
  expect_fails(nai_task_generate(&trials, task, 0, 0, 0, INT64_MAX), NAI_ERR_INVALID, "trials is");
  expect_fails(nai_task_generate(&trials, task, 0, 0, 0, INT64_MIN), NAI_ERR_INVALID, "trials is");
  expect_fails(nai_task_generate(&trials, task, 0, 0, UINT64_MAX, 1), NAI_ERR_INVALID, "first is");
  ck_assert_ptr_null(trials);
  expect_fails(nai_task_generate(NULL, task, 0, 0, 0, 1), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_task_generate(&trials, NULL, 0, 0, 0, 1), NAI_ERR_INVALID, "task is NULL");
  nai_task_destroy(task);
  nai_network_destroy(outputs);
  nai_network_destroy(few);
}
END_TEST

START_TEST(filling_allocates_nothing)
{
  nai_network *net = build(20);
  nai_task *task = task_for(net, PERCEPTUAL);
  expect_ok(nai_task_set_list(task, "stimulus", (double[]){100, 900}, 2));
  nai_trials *trials;
  expect_ok(nai__task_trials(&trials, task, 64));
  long before = faults_allocations();
  nai_status worst = NAI_OK; /* Check's own calls allocate */
  for (uint64_t k = 0; k < 50; k++) {
    nai_status status = nai__task_fill(trials, task, 3, NAI_STREAM_TRAIN, 64 * k, 64 - (int64_t)k);
    if (status != NAI_OK) worst = status;
  }
  ck_assert_int_eq(faults_allocations(), before);
  expect_ok(worst);
  nai_trials_destroy(trials);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

START_TEST(tasks_without_memory)
{
  nai_network *net = build(20);
  long good = 0;
  for (int done = 0; !done; good++) {
    nai_task *task = NULL;
    nai_trials *trials = NULL;
    nai_evaluation *evaluation = NULL;
    faults_fail_allocation(good);
    nai_status status = nai_task_create(&task, PERCEPTUAL, net);
    if (status == NAI_OK) status = nai_task_set_list(task, "stimulus", (double[]){40, 80}, 2);
    if (status == NAI_OK) status = nai_task_generate(&trials, task, 1, NAI_STREAM_TRAIN, 0, 4);
    if (status == NAI_OK) status = nai_trials_set_condition(trials, "more", (float[]){1, 2, 3, 4});
    if (status == NAI_OK)
      status =
          nai_trials_set_targets(trials, "choice", look(trials, NAI_TRIALS_INPUTS, NULL).data, 3);
    if (status == NAI_OK) status = nai_evaluation_create(&evaluation, net, task, 20, 1, 2);
    faults_fail_allocation(-1);
    done = status == NAI_OK;
    if (!done) ck_assert_int_eq(status, NAI_ERR_MEMORY);
    if (!task) ck_assert_ptr_null(trials);
    nai_evaluation_destroy(evaluation);
    nai_trials_destroy(trials);
    nai_task_destroy(task);
  }
  ck_assert_int_gt(good, 30);
  nai_network_destroy(net);
}
END_TEST

/* --- a user's own tasks ----------------------------------------------------------------------- */

typedef struct own {
  int destroyed, generated, judged;
  int64_t mask_columns; /* 0 or 1: the mask has one column */
  nai_status answer;    /* of generate */
  int fault;            /* what generate does wrong */
  int32_t correct, choice;
} own;

static void count_destroy(void *user)
{
  ((own *)user)->destroyed++;
}

/* Everything in the batch is as extend.h promises. Allocates nothing, as Check's macros would. */
static void check_blank(const nai_trial_batch *batch, int64_t mask_columns)
{
  EXPECT(batch->struct_size == sizeof *batch);
  int64_t n = batch->steps * batch->trials;
  for (int64_t i = 0; i < n * batch->n_inputs; i++) EXPECT(batch->input[i] == 0);
  for (int64_t i = 0; i < n * mask_columns; i++) EXPECT(batch->mask[i] == 1);
  for (int64_t i = 0; i < n && batch->classes; i++) EXPECT(batch->classes[i] == 0);
  for (int64_t i = 0; i < n * batch->n_outputs && batch->target; i++) EXPECT(batch->target[i] == 0);
  for (int64_t b = 0; b < batch->trials; b++) EXPECT(batch->length[b] == batch->steps);
  for (int64_t i = 0; i < batch->n_conditions * batch->trials; i++)
    EXPECT(batch->condition[i] == 0);
  EXPECT((batch->classes == NULL) != (batch->target == NULL));
  EXPECT((batch->n_epochs > 0) == (batch->epoch != NULL));
  for (int64_t i = 0; i < 2 * batch->n_epochs * batch->trials; i++) EXPECT(batch->epoch[i] == 0);
}

/*
 * Trial k: inputs 1000 k + 10 t + c, targets minus that, mask t + 2 (+ 10 c), length 1 + k mod
 * steps, conditions k and -k; epochs, where there are two: none, and all of it.
 */
static nai_status count_generate(void *user, nai_trial_batch *batch)
{
  own *o = user;
  o->generated++;
  int64_t columns = o->mask_columns ? o->mask_columns : 1;
  check_blank(batch, columns);
  for (int64_t b = 0; b < batch->trials; b++) {
    int64_t k = (int64_t)batch->first + b;
    batch->length[b] = (int32_t)(1 + k % batch->steps);
    for (int64_t t = 0; t < batch->steps; t++) {
      int64_t row = t * batch->trials + b;
      for (int64_t c = 0; c < batch->n_inputs; c++)
        batch->input[row * batch->n_inputs + c] = (float)(1000 * k + 10 * t + c);
      for (int64_t c = 0; c < batch->n_outputs && batch->target; c++)
        batch->target[row * batch->n_outputs + c] = -(float)(1000 * k + 10 * t + c);
      if (batch->classes) batch->classes[row] = (int32_t)(k % 2);
      for (int64_t c = 0; c < columns; c++)
        batch->mask[row * columns + c] = (float)(t + 2 + 10 * c);
    }
    batch->condition[b] = (float)k;
    if (batch->n_conditions > 1) batch->condition[batch->trials + b] = -(float)k;
    if (batch->n_epochs) batch->epoch[2 * (batch->trials + b) + 1] = batch->length[b];
  }
  if (o->fault == 1) batch->length[0] = 0;
  if (o->fault == 2) batch->length[0] = (int32_t)batch->steps + 1;
  if (o->fault == 3) batch->input[1] = NAN;
  if (o->fault == 4) batch->mask[0] = -1;
  if (o->fault == 5 && batch->classes) batch->classes[0] = 2;
  if (o->fault == 6 && batch->target) batch->target[0] = INFINITY;
  if (o->fault == 7) nai_set_error("own words");
  if (o->fault == 8)
    batch->input = NULL, batch->steps = -5, batch->mask = NULL; /* our copy is its own affair */
  if (o->fault == 9) batch->epoch[1] = (int32_t)batch->steps + 1;
  if (o->fault == 10) batch->epoch[0] = 1;
  return o->answer;
}

static nai_status count_judge(void *user, nai_judgement *judgement)
{
  own *o = user;
  o->judged++;
  ck_assert_uint_eq(judgement->struct_size, sizeof *judgement);
  ck_assert_int_eq(judgement->n_conditions, 2);
  EXPECT(judgement->condition[1] == -judgement->condition[0]);
  ck_assert_int_eq(judgement->correct, -1);
  judgement->correct = o->correct;
  judgement->choice = o->choice;
  return o->answer;
}

static nai_task_ops own_ops(int64_t n_outputs, int has_classes)
{
  static const char *const names[] = {"number", "minus"};
  return (nai_task_ops){.struct_size = sizeof(nai_task_ops),
                        .name = "count",
                        .n_inputs = 3,
                        .n_outputs = n_outputs,
                        .max_steps = 4,
                        .has_classes = has_classes,
                        .n_conditions = 2,
                        .condition_names = names,
                        .generate = count_generate,
                        .destroy = count_destroy};
}

START_TEST(own_task_with_classes)
{
  nai_network *net = build_with_outputs(2, 1);
  own o = {0};
  nai_task_ops ops = own_ops(3, 1);
  nai_task *task;
  expect_ok(nai_task_create_own(&task, &ops, net, &o));
  memset(&ops, 0, sizeof ops); /* the table was copied */
  ck_assert_str_eq(nai_task_name(task), "count");
  expect_fails(nai_task_set(task, "sigma", 1), NAI_ERR_NAME, "count has no parameters");
  nai_trials *trials =
      make_trials_of(task, 1, NAI_STREAM_TEST, 5, 2); /* trials 5 and 6: 2 and 3 steps */
  nai_view input = look(trials, NAI_TRIALS_INPUTS, NULL),
           right = look(trials, NAI_TRIALS_CLASSES, "first");
  EXPECT(input.shape[0] == 3 && input.shape[1] == 2 && input.shape[2] == 3);
  EXPECT(number_at(&input, 2, 1, 2) == 6022);
  EXPECT(whole_at(&right, 0, 0) == 1 && whole_at(&right, 2, 1) == 0);
  static const char *const outputs[] = {"first", "second"};
  for (int i = 0; i < 2; i++) {
    nai_view mask = look(trials, NAI_TRIALS_MASK, outputs[i]);
    for (int64_t t = 0; t < 3; t++) {
      EXPECT(number_at(&mask, t, 0, 0) == (t < 2 ? (float)(t + 2) : 0));
      EXPECT(number_at(&mask, t, 1, 0) == (float)(t + 2));
    }
  }
  EXPECT(condition_at(trials, "number", 1) == 6 && condition_at(trials, "minus", 0) == -5);
  /* what was generated can be changed like any trials */
  expect_ok(nai_trials_set_lengths(trials, (int32_t[]){3, 1}));
  nai_view mask = look(trials, NAI_TRIALS_MASK, "first");
  EXPECT(number_at(&mask, 2, 0, 0) == 4 && number_at(&mask, 2, 1, 0) == 0);
  nai_trials_destroy(trials);
  nai_task_destroy(task);
  ck_assert_int_eq(o.destroyed, 1);
  ck_assert_int_eq(o.generated, 1);
  nai_network_destroy(net);
}
END_TEST

START_TEST(own_task_with_targets_of_two_outputs)
{
  nai_network *net = build_with_outputs(2, 1);
  own o = {0};
  nai_task_ops ops = own_ops(3, 0);
  nai_task *task;
  expect_ok(nai_task_create_own(&task, &ops, net, &o));
  nai_trials *trials = make_trials_of(task, 1, NAI_STREAM_TRAIN, 2, 3);
  nai_view first = look(trials, NAI_TRIALS_TARGETS, "first"),
           second = look(trials, NAI_TRIALS_TARGETS, "second");
  nai_view input = look(trials, NAI_TRIALS_INPUTS, NULL);
  EXPECT(first.shape[2] == 2 && second.shape[2] == 1);
  for (int64_t t = 0; t < 4; t++)
    for (int64_t b = 0; b < 3; b++) {
      float base = (float)(1000 * (2 + b) + 10 * t);
      EXPECT(number_at(&first, t, b, 0) == -base && number_at(&first, t, b, 1) == -base - 1);
      EXPECT(number_at(&second, t, b, 0) == -base - 2);
      EXPECT(number_at(&input, t, b, 2) == base + 2);
    }
  EXPECT(condition_at(trials, "minus", 2) == -4);
  nai_view none = NAI_VIEW_INIT;
  expect_fails(nai_trials_view(&none, trials, NAI_TRIALS_CLASSES, "first"), NAI_ERR_ORDER, "first");
  nai_trials_destroy(trials);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

/* Masks of every channel, of one output and of two: the task's own values, cut at the lengths. */
static void check_channel_mask(int64_t first, int64_t second, int classes)
{
  nai_network *net = build_with_outputs(first, second);
  int64_t sizes[] = {first, second}, offset = 0;
  own o = {.mask_columns = first + second};
  nai_task_ops ops = own_ops(first + second, classes);
  ops.flags = NAI_TASK_CHANNEL_MASK;
  nai_task *task;
  expect_ok(nai_task_create_own(&task, &ops, net, &o));
  nai_trials *trials;
  expect_ok(nai__task_trials(&trials, task, 3));
  expect_ok(nai__task_fill(trials, task, 1, NAI_STREAM_TRAIN, 0, 3));
  long before = faults_allocations();
  nai_status status = nai__task_fill(trials, task, 1, NAI_STREAM_TRAIN, 5, 2);
  long after = faults_allocations();
  expect_ok(status);
  ck_assert_int_eq(after, before);
  static const char *const names[] = {"first", "second"};
  for (int i = 0; i < 2 && sizes[i]; offset += sizes[i++]) {
    nai_view mask = look(trials, NAI_TRIALS_MASK, names[i]);
    ck_assert_int_eq(mask.shape[0], 3); /* trials 5 and 6 have 2 and 3 steps */
    ck_assert_int_eq(mask.shape[2], sizes[i]);
    for (int64_t t = 0; t < 3; t++)
      for (int64_t c = 0; c < sizes[i]; c++) {
        float given = (float)(t + 2 + 10 * (offset + c));
        EXPECT(number_at(&mask, t, 0, c) == (t < 2 ? given : 0));
        EXPECT(number_at(&mask, t, 1, c) == given);
      }
    if (classes) continue;
    nai_view target = look(trials, NAI_TRIALS_TARGETS, names[i]);
    EXPECT(number_at(&target, 2, 1, 0) == -(float)(6020 + offset));
  }
  /* lengths may be set afterwards, as with any trials */
  expect_ok(nai_trials_set_lengths(trials, (int32_t[]){3, 1}));
  nai_view mask = look(trials, NAI_TRIALS_MASK, "first");
  EXPECT(number_at(&mask, 2, 0, 1) == 14 && number_at(&mask, 2, 1, 1) == 0);
  o.fault = 4;
  expect_fails(nai__task_fill(trials, task, 1, NAI_STREAM_TRAIN, 0, 2), NAI_ERR_INVALID,
               "mask[0][0][0] is -1");
  nai_trials_destroy(trials);
  nai_task_destroy(task);
  nai_network_destroy(net);
}

START_TEST(own_tasks_may_mask_every_channel)
{
  for (int classes = 0; classes < 2; classes++) {
    check_channel_mask(3, 0, classes);
    check_channel_mask(2, 1, classes);
    check_channel_mask(2, 3, classes);
  }
}
END_TEST

static nai_task_ops with_epochs(nai_task_ops ops)
{
  static const char *const names[] = {"never", "always"};
  ops.n_epochs = 2;
  ops.epoch_names = names;
  return ops;
}

START_TEST(own_tasks_name_epochs)
{
  nai_network *net = build_with_outputs(2, 1);
  own o = {0};
  nai_task_ops ops = with_epochs(own_ops(3, 1));
  nai_task *task;
  expect_ok(nai_task_create_own(&task, &ops, net, &o));
  nai_trials *trials = make_trials_of(task, 1, NAI_STREAM_TEST, 5, 3); /* 2, 3 and 4 steps */
  ck_assert_str_eq(nai_trials_epoch_name(trials, 0), "never");
  ck_assert_str_eq(nai_trials_epoch_name(trials, 1), "always");
  nai_view never = look(trials, NAI_TRIALS_EPOCH, "never"),
           always = look(trials, NAI_TRIALS_EPOCH, "always");
  for (int64_t b = 0; b < 3; b++) {
    EXPECT(whole_at(&never, b, 0) == 0 && whole_at(&never, b, 1) == 0);
    EXPECT(whole_at(&always, b, 0) == 0 && whole_at(&always, b, 1) == 2 + b);
  }
  nai_trials_destroy(trials);
  o.fault = 9;
  expect_fails(nai_task_generate(&trials, task, 1, 0, 0, 2), NAI_ERR_INVALID,
               "task count: epoch 'never' of trial 0 is from step 0 to before step 5");
  o.fault = 10;
  expect_fails(nai_task_generate(&trials, task, 1, 0, 0, 2), NAI_ERR_INVALID,
               "task count: epoch 'never' of trial 0 is from step 1 to before step 0");
  nai_task_destroy(task);

  /* a program of 0.1.0 has a table without epochs */
  ops.struct_size = offsetof(nai_task_ops, n_epochs);
  o.fault = 0;
  expect_ok(nai_task_create_own(&task, &ops, net, &o));
  trials = make_trials_of(task, 1, NAI_STREAM_TEST, 5, 3);
  ck_assert_ptr_null(nai_trials_epoch_name(trials, 0));
  nai_trials_destroy(trials);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

/* Recorded trials have their epochs with them, in whatever order they are drawn. */
START_TEST(recorded_trials_keep_their_epochs)
{
  nai_network *net = build(20);
  nai_trials *given, *test;
  expect_ok(nai_trials_create(&given, net, 4, 3));
  expect_ok(nai_trials_create(&test, net, 4, 1));
  for (int k = 0; k < 2; k++)
    expect_ok(nai_trials_set_classes(k ? test : given, "choice", (int32_t[12]){0}));
  expect_ok(nai_trials_set_condition(given, "number", (float[]){0, 1, 2}));
  expect_ok(nai_trials_set_condition(test, "number", (float[]){3}));
  expect_ok(nai_trials_set_epoch(given, "sample", (int32_t[]){0, 2, 1, 3, 2, 4}));
  expect_ok(nai_trials_set_epoch(given, "extra", (int32_t[6]){0}));
  expect_ok(nai_trials_set_epoch(test, "sample", (int32_t[]){0, 1}));
  nai_task *task;
  expect_ok(nai_task_create_from_trials(&task, given, test, net));
  nai_trials_destroy(given);
  nai_trials_destroy(test);
  nai_trials *drawn = make_trials(task, 6);
  nai_view steps = look(drawn, NAI_TRIALS_EPOCH, "sample");
  for (int64_t b = 0; b < 6; b++) {
    int32_t number = (int32_t)condition_at(drawn, "number", b);
    EXPECT(whole_at(&steps, b, 0) == number && whole_at(&steps, b, 1) == number + 2);
  }
  ck_assert_ptr_null(nai_trials_epoch_name(drawn, 1)); /* "extra" is not in all of them */
  nai_trials_destroy(drawn);
  drawn = make_trials_of(task, 1, NAI_STREAM_TEST, 0, 2);
  steps = look(drawn, NAI_TRIALS_EPOCH, "sample");
  EXPECT(whole_at(&steps, 1, 0) == 0 && whole_at(&steps, 1, 1) == 1);
  nai_trials_destroy(drawn);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

START_TEST(faults_of_own_tasks_come_out)
{
  static const char *const words[] = {"",
                                      "lengths[0] is 0",
                                      "must be 1 to 4",
                                      "input[0][0][1] is nan",
                                      "mask[0][0][0] is -1",
                                      "classes[0][0] is 2",
                                      "target[0][0][0] is inf"};
  nai_network *net = build_with_outputs(2, 1);
  for (int classes = 0; classes < 2; classes++) {
    own o = {0};
    nai_task_ops ops = own_ops(3, classes);
    nai_task *task;
    expect_ok(nai_task_create_own(&task, &ops, net, &o));
    nai_trials *trials;
    for (o.fault = 1; o.fault <= 6; o.fault++) {
      if (o.fault == (classes ? 6 : 5)) continue;
      nai_status expected = o.fault == 3 || o.fault == 6 ? NAI_ERR_NONFINITE : NAI_ERR_INVALID;
      expect_fails(nai_task_generate(&trials, task, 1, 0, 0, 2), expected, words[o.fault]);
      expect_fails(expected, expected, "task count");
      ck_assert_ptr_null(trials);
    }
    o.answer = -42;
    o.fault = 7;
    expect_fails(nai_task_generate(&trials, task, 1, 0, 0, 2), -42, "own words");
    o.fault = 0;
    expect_fails(nai_task_generate(&trials, task, 1, 0, 0, 2), -42, "task count failed");
    o.answer = 1;
    expect_fails(nai_task_generate(&trials, task, 1, 0, 0, 2), NAI_ERR_USER, "returned 1");
    o.answer = 0;
    o.fault = 8;
    nai_trials_destroy(make_trials_of(task, 1, 0, 0, 2));
    nai_task_destroy(task);
    ck_assert_int_eq(o.destroyed, 1);
  }
  nai_network_destroy(net);
}
END_TEST

START_TEST(tables_that_are_refused)
{
  nai_network *net = build_with_outputs(2, 1), *mute = build_with_outputs(0, 0);
  static const char *const twice[] = {"same", "same"}, *const spaced[] = {"a b", "c"},
                           *const missing[] = {"a", NULL};
  static const char *const words[] = {
      "the name of the task is empty",
      "the name of the task is empty",
      "flags of task 'count' is 5, must be of NAI_TASK_CHANNEL_MASK",
      "generate of task 'count' is NULL",
      "max_steps of task 'count' is 0, must be 1 to 2147483647",
      "max_steps of task 'count' is 9223372036854775807, must be 1 to 2147483647",
      "has_classes of task 'count' is 2, must be 0 or 1",
      "n_conditions of task 'count' is -1, must be 0 to 64",
      "n_conditions of task 'count' is 65, must be 0 to 64",
      "condition_names of task 'count' is NULL",
      "two conditions of task 'count' are called 'same'",
      "the name of a condition \"a b\" has",
      "the name of a condition is NULL",
      "n_epochs of task 'count' is -1, must be 0 to 32",
      "n_epochs of task 'count' is 33, must be 0 to 32",
      "epoch_names of task 'count' is NULL",
      "two epochs of task 'count' are called 'same'",
      "the name of an epoch \"a b\" has",
      "task count has 4 input channels",
      "task count has 2 output channels",
      "parts of task 'count' is -1, must be 0 to 4, its max_steps",
      "parts of task 'count' is 5, must be 0 to 4, its max_steps",
      "net is NULL",
  };
  own o = {0};
  int destroyed = 0;
  for (int k = 0; k < 23; k++) {
    nai_task_ops ops = with_epochs(own_ops(3, 1));
    const nai_network *given = net;
    switch (k) {
    case 0: ops.name = NULL; break;
    case 1: ops.name = ""; break;
    case 2: ops.flags = NAI_TASK_CHANNEL_MASK | 4; break;
    case 3: ops.generate = NULL; break;
    case 4: ops.max_steps = 0; break;
    case 5: ops.max_steps = INT64_MAX; break;
    case 6: ops.has_classes = 2; break;
    case 7: ops.n_conditions = -1; break;
    case 8: ops.n_conditions = 65; break;
    case 9: ops.condition_names = NULL; break;
    case 10: ops.condition_names = twice; break;
    case 11: ops.condition_names = spaced; break;
    case 12: ops.condition_names = missing; break;
    case 13: ops.n_epochs = -1; break;
    case 14: ops.n_epochs = 33; break;
    case 15: ops.epoch_names = NULL; break;
    case 16: ops.epoch_names = twice; break;
    case 17: ops.epoch_names = spaced; break;
    case 18: ops.n_inputs = 4; break;
    case 19: ops.n_outputs = 2; break;
    case 20: ops.parts = -1; break;
    case 21: ops.parts = 5; break;
    case 22: given = NULL; break;
    }
    nai_task *task = (nai_task *)&task;
    nai_status status = nai_task_create_own(&task, &ops, given, &o);
    ck_assert_msg(status < 0, "case %d was accepted", k);
    ck_assert_msg(strncmp(nai_last_error(), words[k], strlen(words[k])) == 0, "case %d: %s", k,
                  nai_last_error());
    ck_assert_ptr_null(task);
    ck_assert_int_eq(o.destroyed, ++destroyed);
  }
  nai_task_ops ops = own_ops(0, 1);
  nai_task *task;
  expect_fails(nai_task_create_own(&task, &ops, mute, &o), NAI_ERR_INVALID,
               "task count has classes, so it needs an output, the network has none");
  expect_fails(nai_task_create_own(NULL, &ops, net, &o), NAI_ERR_INVALID, "out is NULL");
  ck_assert_int_eq(o.destroyed, destroyed + 2);
  ops.struct_size = offsetof(nai_task_ops, destroy); /* then nothing in the table can be believed */
  expect_fails(nai_task_create_own(&task, &ops, net, &o), NAI_ERR_INVALID, "struct_size");
  expect_fails(nai_task_create_own(&task, NULL, net, &o), NAI_ERR_INVALID, "ops is NULL");
  ck_assert_int_eq(o.destroyed, destroyed + 2);
  nai_network_destroy(net);
  nai_network_destroy(mute);
}
END_TEST

/* --- judging ---------------------------------------------------------------------------------- */

START_TEST(judged_by_class_at_the_last_step_that_counts)
{
  nai_network *net = build_with_outputs(2, 3);
  nai_trials *trials;
  expect_ok(nai_trials_create(&trials, net, 4, 2));
  nai__verdict v = {7, 7, 7};
  float z[4][2][5] = {{{0}}};
  expect_ok(nai__judge(&v, NULL, trials, 0, 0, z[0][0], 10, 10)); /* no classes */
  EXPECT(v.correct == -1 && v.choice == -1 && isnan(v.time));
  static const int32_t classes[8] = {0, 0, 1, 1, 2, 2, 0, 0};
  static const float lost[3] = {NAN, -INFINITY, INFINITY};
  expect_ok(nai_trials_set_classes(trials, "second", classes));
  expect_ok(nai_trials_set_lengths(trials, (int32_t[]){4, 3}));
  expect_ok(nai_trials_set_mask(trials, "second", (float[]){1, 1, 1, 1, 1, 1, 0, 1}, 1));
  /* both trials: step 2, whose class is 2; columns 2 to 4 are the second output */
  z[2][0][4] = 1;
  z[2][1][3] = 0.5f;
  z[3][0][2] = z[3][1][2] = 9;
  z[2][0][0] = z[2][1][0] = 99;
  expect_ok(nai__judge(&v, NULL, trials, 0, 0, z[0][0], 10, 10));
  EXPECT(v.correct == 1 && v.choice == 2 && isnan(v.time));
  expect_ok(nai__judge(&v, NULL, trials, 1, 0, z[0][1], 10, 10));
  EXPECT(v.correct == 0 && v.choice == 1 && isnan(v.time));
  for (int k = 0; k < 3; k++) {
    z[2][0][3 + k / 2] = lost[k];
    expect_ok(nai__judge(&v, NULL, trials, 0, 0, z[0][0], 10, 10));
    EXPECT(v.correct == 0 && v.choice == -1 && isnan(v.time));
    z[2][0][3] = 0;
  }
  expect_ok(nai_trials_set_mask(trials, "second", (float[8]){0}, 1));
  expect_ok(nai__judge(&v, NULL, trials, 0, 0, z[0][0], 10, 10));
  EXPECT(v.correct == -1 && v.choice == -1 && isnan(v.time));
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

START_TEST(own_judgement_is_asked)
{
  nai_network *net = build_with_outputs(2, 1);
  own o = {.correct = 0, .choice = 5};
  nai_task_ops ops = own_ops(3, 1);
  ops.judge = count_judge;
  nai_task *task;
  expect_ok(nai_task_create_own(&task, &ops, net, &o));
  nai_evaluation *evaluation;
  expect_ok(nai_evaluation_create(&evaluation, net, task, 70, 1, 1));
  ck_assert_int_eq(o.judged, 70);
  EXPECT(nai_evaluation_performance(evaluation) == 0);
  nai_evaluation_destroy(evaluation);

  o.correct = -1; /* a choice, but no right or wrong */
  expect_ok(nai_evaluation_create(&evaluation, net, task, 8, 1, 1));
  EXPECT(isnan(nai_evaluation_performance(evaluation)));
  double value[8], correct[8], choice[8];
  const nai_curve_arrays curve = {
      .struct_size = sizeof curve, .value = value, .correct = correct, .choice = choice};
  int64_t count;
  expect_ok(nai_evaluation_curve(&curve, 8, &count, evaluation, "minus"));
  ck_assert_int_eq(count, 8);
  EXPECT(value[0] == -7 && value[7] == 0 && isnan(correct[0]) && choice[0] == 0);
  nai_evaluation_destroy(evaluation);

  static const int32_t bad[][2] = {{2, 0}, {-2, 0}, {1, -2}};
  for (int i = 0; i < 3; i++) {
    o.correct = bad[i][0];
    o.choice = bad[i][1];
    expect_fails(nai_evaluation_create(&evaluation, net, task, 3, 1, 1), NAI_ERR_INVALID,
                 "task count");
    ck_assert_ptr_null(evaluation);
  }
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

/* --- evaluation ------------------------------------------------------------------------------- */

/* A network with noise everywhere, delays and both leaks. */
static nai_network *build_noisy(double noise)
{
  nai_network *net = compose(20);
  expect_ok(nai_network_add_population(net, "R", 3, NAI_FREE));
  expect_ok(nai_network_set_leak(net, "R", NAI_LEAK_RATE));
  expect_ok(nai_network_set_transfer(net, "R", NAI_TRANSFER_TANH));
  expect_ok(nai_network_connect(net, "E", "R"));
  expect_ok(nai_network_connect(net, "R", "choice"));
  expect_ok(nai_network_set_delay(net, "E", "R", 60));
  expect_ok(nai_network_set(net, "E I R stimulus", "noise", noise));
  expect_ok(nai_network_build(net, 5));
  return net;
}

static int32_t of_trial(const nai_view *view, int64_t b)
{
  return whole_at(view, b, 0);
}

/* Choices and judgements against the same trials run by hand in a state. */
START_TEST(evaluation_agrees_with_a_state)
{
  enum { N = 150 };
  nai_network *net = build_noisy(0);
  nai_task *task = task_for(net, PERCEPTUAL);
  expect_ok(nai_task_set_list(task, "stimulus", (double[]){100, 300, 500}, 3));
  nai_evaluation *evaluation;
  expect_ok(nai_evaluation_create(&evaluation, net, task, N, 6, 2));
  nai_trials *trials = make_trials_of(task, 6, NAI_STREAM_TEST, 0, N);
  nai_view input = look(trials, NAI_TRIALS_INPUTS, NULL), correct = NAI_VIEW_INIT,
           choice = NAI_VIEW_INIT;
  expect_ok(nai_evaluation_correct(&correct, evaluation));
  expect_ok(nai_evaluation_choice(&choice, evaluation));
  EXPECT(correct.ndim == 1 && correct.shape[0] == N && choice.shape[0] == N);
  nai_state *state;
  expect_ok(nai_state_create(&state, net, N, 0));
  int64_t steps = input.shape[0], right = 0;
  float *z = calloc((size_t)(steps * N * 3), sizeof *z);
  expect_ok(nai_state_run(z, NULL, state, steps, input.data));
  for (int64_t b = 0; b < N; b++) {
    const float *last = z + ((length_at(trials, b) - 1) * N + b) * 3;
    int32_t largest = last[1] > last[0] ? 1 : 0;
    if (last[2] > last[largest]) largest = 2;
    ck_assert_int_eq(of_trial(&choice, b), largest);
    ck_assert_int_eq(of_trial(&correct, b), largest == (int32_t)condition_at(trials, "target", b));
    right += of_trial(&correct, b);
  }
  EXPECT(nai_evaluation_performance(evaluation) == (double)right / N);
  for (int64_t i = 0; nai_evaluation_condition_name(evaluation, i); i++) {
    nai_view values = NAI_VIEW_INIT;
    const char *name = nai_evaluation_condition_name(evaluation, i);
    expect_ok(nai_evaluation_condition(&values, evaluation, name));
    for (int64_t b = 0; b < N; b++)
      EXPECT(number_at(&values, b, 0, 0) == condition_at(trials, name, b));
  }
  free(z);
  nai_state_destroy(state);
  nai_trials_destroy(trials);
  nai_evaluation_destroy(evaluation);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

START_TEST(evaluation_is_the_same_for_any_number_of_threads)
{
  nai_network *net = build_noisy(0.3);
  nai_task *task = task_for(net, PERCEPTUAL);
  expect_ok(nai_task_set(task, "stimulus", 300));
  nai_evaluation *one, *other;
  expect_ok(nai_evaluation_create(&one, net, task, 300, 6, 1));
  nai_view choice = NAI_VIEW_INIT, again = NAI_VIEW_INIT;
  expect_ok(nai_evaluation_choice(&choice, one));
  int seen[3] = {0};
  for (int64_t b = 0; b < 300; b++) seen[of_trial(&choice, b)]++;
  ck_assert_int_ge((seen[0] > 0) + (seen[1] > 0) + (seen[2] > 0), 2); /* else it would be no test */
  for (int32_t threads = 2; threads <= 4; threads++) {
    int64_t n = threads == 4 ? 77 : 300; /* fewer trials are the first ones of more */
    expect_ok(nai_evaluation_create(&other, net, task, n, 6, threads));
    expect_ok(nai_evaluation_choice(&again, other));
    for (int64_t b = 0; b < n; b++) ck_assert_int_eq(of_trial(&choice, b), of_trial(&again, b));
    nai_evaluation_destroy(other);
  }
  expect_ok(nai_evaluation_create(&other, net, task, 300, 7, 1));
  expect_ok(nai_evaluation_choice(&again, other));
  int differ = 0;
  for (int64_t b = 0; b < 300; b++) differ += of_trial(&choice, b) != of_trial(&again, b);
  ck_assert_int_gt(differ, 10);
  nai_evaluation_destroy(one);
  nai_evaluation_destroy(other);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

/*
 * A network made by hand that says the side with the larger sum: the ideal observer, through the
 * whole machinery.
 */
static nai_network *build_observer(void)
{
  nai_network *net =
      COMPOSE(.dt = 20, .inputs = {{"stimulus", 3}}, .populations = {{"sum", 2, NAI_FREE}},
              .outputs = {{"choice", 3}}, .projections = {{"stimulus", "sum"}, {"sum", "choice"}});
  expect_ok(nai_network_set_transfer(net, "sum", NAI_TRANSFER_LINEAR));
  expect_ok(nai_network_set(net, "sum", "tau", 1e9));
  expect_ok(nai_network_build(net, 1));
  expect_ok(
      nai_network_set_weights(net, "stimulus", "sum", (float[]){0, 1e6f, 0, 0, 0, 1e6f}, 2, 3));
  expect_ok(nai_network_set_weights(net, "sum", "choice", (float[]){0, 0, 1, 0, 0, 1}, 3, 2));
  expect_ok(nai_network_set_bias(net, "choice", (float[]){-1000, 0, 0}, 3));
  return net;
}

START_TEST(psychometric_curve_of_an_ideal_observer)
{
  enum { N = 20000 };
  static const double coherence[] = {-51.2, -25.6, -12.8, -6.4, 0, 6.4, 12.8, 25.6, 51.2};
  nai_network *net = build_observer();
  nai_task *task = task_for(net, PERCEPTUAL);
  expect_ok(nai_task_set(task, "stimulus", 500));
  nai_evaluation *evaluation;
  expect_ok(nai_evaluation_create(&evaluation, net, task, N, 11, 2));
  ck_assert_double_lt(fabs(nai_evaluation_performance(evaluation) - 0.8645),
                      4 * sqrt(0.8645 * 0.1355 / N));
  double value[9], correct[9], choice[9];
  int64_t count, trials[9], total = 0;
  const nai_curve_arrays curve = {.struct_size = sizeof curve,
                                  .value = value,
                                  .correct = correct,
                                  .choice = choice,
                                  .trials = trials};
  expect_ok(nai_evaluation_curve(&curve, 9, &count, evaluation, "signed_coherence"));
  ck_assert_int_eq(count, 9);
  for (int i = 0; i < 9; i++) {
    double d = coherence[i] / 100 * 5 / (sqrt(0.05) * sqrt(2.0)), p = 0.5 * erfc(-d / sqrt(2.0));
    double error = 4 * sqrt(p * (1 - p) / (double)trials[i]) + 1e-4;
    ck_assert_double_eq_tol(value[i], coherence[i], 1e-5);
    ck_assert_double_lt(fabs(choice[i] - p), error);
    if (i != 4)
      ck_assert_double_eq_tol(correct[i], i < 4 ? 1 - choice[i] : choice[i], 1e-12);
    else
      ck_assert_double_lt(fabs(correct[i] - 0.5), error);
    total += trials[i];
  }
  ck_assert_int_eq(total, N);
  trials[2] = -7;
  expect_ok(nai_evaluation_curve(&curve, 2, &count, evaluation, "coherence"));
  EXPECT(count == 5 && trials[2] == -7);
  expect_ok(nai_evaluation_curve(NULL, 0, &count, evaluation, "target"));
  ck_assert_int_eq(count, 2);
  nai_evaluation_destroy(evaluation);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

START_TEST(evaluations_that_cannot_be)
{
  nai_network *net = build(20), *slow = build(40), *unbuilt = compose(20),
              *other = build_with_outputs(2, 1);
  nai_task *task = task_for(net, PERCEPTUAL);
  nai_evaluation *e = (nai_evaluation *)&e;
  expect_fails(nai_evaluation_create(NULL, net, task, 1, 0, 1), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_evaluation_create(&e, NULL, task, 1, 0, 1), NAI_ERR_INVALID, "net is NULL");
  expect_fails(nai_evaluation_create(&e, net, NULL, 1, 0, 1), NAI_ERR_INVALID, "task is NULL");
  expect_fails(nai_evaluation_create(&e, unbuilt, task, 1, 0, 1), NAI_ERR_ORDER, "not built");
  expect_fails(nai_evaluation_create(&e, net, task, 0, 0, 1), NAI_ERR_INVALID, "trials is 0");
  expect_fails(nai_evaluation_create(&e, net, task, INT64_MAX, 0, 1), NAI_ERR_INVALID, "trials is");
  expect_fails(nai_evaluation_create(&e, net, task, 1, 0, 0), NAI_ERR_INVALID, "threads is 0");
  expect_fails(nai_evaluation_create(&e, net, task, 1, 0, -3), NAI_ERR_INVALID, "threads is -3");
  expect_fails(nai_evaluation_create(&e, slow, task, 1, 0, 1), NAI_ERR_INVALID, "dt is 40 ms");
  nai_network *wide;
  expect_ok(nai_network_create(&wide, 20));
  expect_ok(nai_network_add_input(wide, "stimulus", 2));
  expect_ok(nai_network_add_population(wide, "E", 2, 0));
  expect_ok(nai_network_build(wide, 0));
  expect_fails(nai_evaluation_create(&e, wide, task, 1, 0, 1), NAI_ERR_INVALID, "channels");
  ck_assert_ptr_null(e);

  expect_ok(nai_evaluation_create(&e, net, task, 3, 0, 1));
  nai_view view = NAI_VIEW_INIT;
  nai_curve_arrays curve = NAI_CURVE_ARRAYS_INIT;
  int64_t count = 5;
  expect_fails(nai_evaluation_condition(&view, e, "side"), NAI_ERR_NAME,
               "no condition is called 'side'; there are ");
  expect_fails(nai_evaluation_condition(&view, e, NULL), NAI_ERR_INVALID, "name is NULL");
  expect_fails(nai_evaluation_condition(&view, NULL, "target"), NAI_ERR_INVALID,
               "evaluation is NULL");
  expect_fails(nai_evaluation_correct(&view, NULL), NAI_ERR_INVALID, "evaluation is NULL");
  expect_fails(nai_evaluation_choice(NULL, e), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_evaluation_curve(&curve, 1, NULL, e, "target"), NAI_ERR_INVALID,
               "count is NULL");
  expect_fails(nai_evaluation_curve(NULL, 1, &count, e, "target"), NAI_ERR_INVALID,
               "arrays is NULL");
  expect_fails(nai_evaluation_curve(&curve, -1, &count, e, "target"), NAI_ERR_INVALID,
               "capacity is -1");
  expect_fails(nai_evaluation_curve(&curve, 1, &count, NULL, "target"), NAI_ERR_INVALID,
               "evaluation is NULL");
  expect_fails(nai_evaluation_curve(&curve, 1, &count, e, NULL), NAI_ERR_INVALID,
               "condition is NULL");
  expect_fails(nai_evaluation_curve(&curve, 1, &count, e, "side"), NAI_ERR_NAME, "'side'");
  curve.struct_size = 8;
  expect_fails(nai_evaluation_curve(&curve, 1, &count, e, "target"), NAI_ERR_INVALID,
               "arrays: struct_size is 8");
  EXPECT(isnan(nai_evaluation_performance(NULL)));
  ck_assert_ptr_null(nai_evaluation_condition_name(e, 4));
  ck_assert_ptr_null(nai_evaluation_condition_name(e, -1));
  ck_assert_ptr_null(nai_evaluation_condition_name(NULL, 0));
  nai_evaluation_destroy(NULL);
  nai_evaluation_destroy(e);
  nai_task_destroy(task);
  nai_network_destroy(net);
  nai_network_destroy(slow);
  nai_network_destroy(unbuilt);
  nai_network_destroy(other);
  nai_network_destroy(wide);
}
END_TEST

/* --- random numbers for extensions ------------------------------------------------------------ */

START_TEST(many_normal_numbers)
{
  enum { N = 100000 };
  static float x[N], y[N];
  expect_ok(nai_random_normals(x, N, 3, 4));
  double mean = 0, square = 0, next = 0;
  for (int i = 0; i < N; i++) {
    mean += (double)x[i] / N;
    square += (double)x[i] * (double)x[i] / N;
    if (i) next += (double)x[i] * (double)x[i - 1] / N;
  }
  ck_assert_double_lt(fabs(mean), 4 / sqrt(N));
  ck_assert_double_lt(fabs(square - 1), 4 * sqrt(2.0 / N));
  ck_assert_double_lt(fabs(next), 4 / sqrt(N));

  /* number i does not depend on how many there are; every bit of seed and stream counts */
  expect_ok(nai_random_normals(y, 101, 3, 4));
  EXPECT(memcmp(x, y, 101 * sizeof *x) == 0);
  for (int bit = 0; bit < 64; bit++) {
    expect_ok(nai_random_normals(y, 16, 3, 4 ^ (uint64_t)1 << bit));
    EXPECT(memcmp(x, y, 16 * sizeof *x) != 0);
    expect_ok(nai_random_normals(y, 16, 3 ^ (uint64_t)1 << bit, 4));
    EXPECT(memcmp(x, y, 16 * sizeof *x) != 0);
  }
  y[0] = 7;
  expect_ok(nai_random_normals(y, 0, 3, 4));
  EXPECT(y[0] == 7);
  expect_fails(nai_random_normals(y, -1, 3, 4), NAI_ERR_INVALID, "n is -1");
  expect_fails(nai_random_normals(y, INT64_MAX, 3, 4), NAI_ERR_INVALID, "n is");
  expect_fails(nai_random_normals(NULL, 1, 3, 4), NAI_ERR_INVALID, "out is NULL");
}
END_TEST

Suite *task_suite(void);

Suite *task_suite(void)
{
  Suite *suite = suite_create("task");
  ADD_CASE(suite, "trials", new_trials_are_blank, inputs_by_name_and_all_together,
           targets_and_classes, masks_and_lengths_in_any_order, conditions_of_trials,
           epochs_of_trials, trials_that_cannot_be, trials_fit_their_own_kind_of_network);
  ADD_CASE(suite, "perceptual", tasks_and_parameters_are_listed, epochs_cue_stimuli_and_classes,
           conditions_agree, lists_are_drawn_uniformly, stimulus_noise_is_what_neurogym_adds,
           long_stimuli_do_not_repeat, ideal_observer_reaches_its_bound);
  ADD_CASE(suite, "streams", any_split_into_batches_gives_the_same_trials,
           streams_and_seeds_share_no_trial, test_trials_have_noise_of_their_own);
  ADD_CASE(suite, "setting", parameters_change_the_room_that_trials_need,
           refused_parameters_change_nothing, too_many_steps_are_refused,
           tasks_need_a_network_that_fits, filling_allocates_nothing, tasks_without_memory);
  ADD_CASE(suite, "own", own_task_with_classes, own_task_with_targets_of_two_outputs,
           own_tasks_may_mask_every_channel, own_tasks_name_epochs,
           recorded_trials_keep_their_epochs, faults_of_own_tasks_come_out,
           tables_that_are_refused);
  ADD_CASE(suite, "judging", judged_by_class_at_the_last_step_that_counts, own_judgement_is_asked);
  ADD_CASE(suite, "evaluation", evaluation_agrees_with_a_state,
           evaluation_is_the_same_for_any_number_of_threads,
           psychometric_curve_of_an_ideal_observer, evaluations_that_cannot_be);
  ADD_CASE(suite, "random", many_normal_numbers);
  return suite;
}
