/* Evaluations with options: lesions, callbacks that end them, and trials that were given. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "faults.h"
#include "networks.h"
#include "states.h"
#include "tasks.h"

enum { N = 150 };

/* Noise, delays, two leaks and two stages. */
static nai_network *build_network(void)
{
  nai_network *net =
      COMPOSE(.dt = 20, .inputs = {{"stimulus", 3}},
              .populations = {{"layer", 4, NAI_FREE},
                              {"E", 9, NAI_EXCITATORY},
                              {"I", 4, NAI_INHIBITORY}},
              .outputs = {{"choice", 3}},
              .projections = {
                  {"stimulus", "E I"}, {"E I", "E I"}, {"E", "layer choice"}, {"layer", "choice"}});
  expect_ok(nai_network_set(net, "layer", "tau", 20));
  expect_ok(nai_network_set_leak(net, "I", NAI_LEAK_RATE));
  expect_ok(nai_network_set(net, "stimulus layer E I", "noise", 0.3));
  expect_ok(nai_network_set_delay(net, "E", "layer", 0));
  expect_ok(nai_network_set_delay(net, "I", "E", 60));
  expect_ok(nai_network_build(net, 2));
  return net;
}

static nai_task *perceptual(const nai_network *net)
{
  nai_task *task = task_for(net, "perceptual-decision-making");
  expect_ok(nai_task_set_list(task, "stimulus", (double[]){100, 200, 300}, 3));
  return task;
}

static const int32_t *choices(const nai_evaluation *e)
{
  nai_view view = NAI_VIEW_INIT;
  expect_ok(nai_evaluation_choice(&view, e));
  return view.data;
}

static int64_t trials_of(const nai_evaluation *e)
{
  nai_view view = NAI_VIEW_INIT;
  expect_ok(nai_evaluation_choice(&view, e));
  return view.shape[0];
}

static int same_evaluations(const nai_evaluation *a, const nai_evaluation *b)
{
  nai_view of_a = NAI_VIEW_INIT, of_b = NAI_VIEW_INIT;
  int64_t n = trials_of(a);
  if (n != trials_of(b) || memcmp(choices(a), choices(b), (size_t)n * sizeof(int32_t)) != 0)
    return 0;
  expect_ok(nai_evaluation_correct(&of_a, a));
  expect_ok(nai_evaluation_correct(&of_b, b));
  if (memcmp(of_a.data, of_b.data, (size_t)n * sizeof(int32_t)) != 0) return 0;
  const char *name;
  for (int64_t i = 0; (name = nai_evaluation_condition_name(a, i)); i++) {
    expect_ok(nai_evaluation_condition(&of_a, a, name));
    expect_ok(nai_evaluation_condition(&of_b, b, name));
    if (memcmp(of_a.data, of_b.data, (size_t)n * sizeof(float)) != 0) return 0;
  }
  return nai_evaluation_condition_name(b, 4) == NULL;
}

/* --- lesions ---------------------------------------------------------------------------------- */

/* A lesion. */
#define SILENCE(NAMES, UNITS, N)                                                           \
  {                                                                                        \
    .struct_size = sizeof(nai_intervention), .names = NAMES, .units = UNITS, .n_units = N, \
    .fraction = 1                                                                          \
  }

/* Choices of the same trials, one by one in states that are silenced by hand. */
static void expect_as_states(const nai_evaluation *e, const nai_network *net, const nai_task *task,
                             const nai_intervention *silence, int64_t n_silence)
{
  nai_trials *trials = make_trials_of(task, 6, NAI_STREAM_TEST, 0, N);
  nai_view input = NAI_VIEW_INIT, length = NAI_VIEW_INIT;
  expect_ok(nai_trials_view(&input, trials, NAI_TRIALS_INPUTS, NULL));
  expect_ok(nai_trials_view(&length, trials, NAI_TRIALS_LENGTHS, NULL));
  for (int64_t b = 0; b < N; b++) {
    nai_state *state = make_state(net, 1, 6);
    expect_ok(nai_state_set_first(state, nai_trials_first(trials) + (uint64_t)b));
    for (int64_t k = 0; k < n_silence; k++)
      expect_ok(
          nai_state_silence_units(state, silence[k].names, silence[k].units, silence[k].n_units));
    float z[3];
    for (int64_t t = 0; t < ((const int32_t *)length.data)[b]; t++)
      expect_ok(nai_state_step(z, state, (const float *)input.data + (t * N + b) * 3));
    int32_t largest = z[1] > z[0] ? 1 : 0;
    if (z[2] > z[largest]) largest = 2;
    int shared = (z[0] == z[largest]) + (z[1] == z[largest]) + (z[2] == z[largest]);
    if (shared > 1) largest = -1; /* all are silent: no choice */
    ck_assert_int_eq(choices(e)[b], largest);
    nai_state_destroy(state);
  }
  nai_trials_destroy(trials);
}

START_TEST(lesions_are_those_of_a_state)
{
  nai_network *net = build_network();
  nai_task *task = perceptual(net);
  nai_evaluation *whole, *e;
  expect_ok(nai_evaluation_create(&whole, net, task, N, 6, 1));
  const nai_intervention some[] = {SILENCE("E", ((int64_t[]){7, 2, 3, 0}), 4),
                                   SILENCE("I layer", (int64_t[]){1}, 1)},
                         all[] = {SILENCE("I", NULL, NAI_ALL_UNITS)};
  for (int32_t threads = 1; threads <= 3; threads++) {
    nai_evaluation_options options = NAI_EVALUATION_OPTIONS_INIT;
    options.seed = 6;
    options.threads = threads;
    expect_ok(nai_evaluation_create_with(&e, net, task, N, &options));
    EXPECT(same_evaluations(e, whole));
    nai_evaluation_destroy(e);
    options.interventions = some;
    options.n_interventions = 2;
    expect_ok(nai_evaluation_create_with(&e, net, task, N, &options));
    EXPECT(!same_evaluations(e, whole));
    expect_as_states(e, net, task, some, 2);
    nai_evaluation_destroy(e);
    options.interventions = all;
    options.n_interventions = 1;
    expect_ok(nai_evaluation_create_with(&e, net, task, N, &options));
    EXPECT(!same_evaluations(e, whole));
    expect_as_states(e, net, task, all, 1);
    nai_evaluation_destroy(e);
  }
  expect_ok(nai_evaluation_create(&e, net, task, N, 6, 1)); /* the network itself is whole */
  EXPECT(same_evaluations(e, whole));
  nai_evaluation_destroy(e);
  nai_evaluation_destroy(whole);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

START_TEST(options_that_cannot_be)
{
  nai_network *net = build_network();
  nai_task *task = perceptual(net);
  nai_evaluation *e = (nai_evaluation *)&e;
  nai_evaluation_options options = NAI_EVALUATION_OPTIONS_INIT;
  const nai_intervention outside = SILENCE("E", ((int64_t[]){3, 9}), 2),
                         nobody = SILENCE("F", NULL, NAI_ALL_UNITS);
  options.n_interventions = 1;
  expect_fails(nai_evaluation_create_with(&e, net, task, 5, &options), NAI_ERR_INVALID,
               "interventions is NULL");
  ck_assert_ptr_null(e);
  options.interventions = &outside;
  expect_fails(nai_evaluation_create_with(&e, net, task, 5, &options), NAI_ERR_INVALID,
               "units[1] is 9, must be 0 to 8, the units of 'E'");
  options.interventions = &nobody;
  expect_fails(nai_evaluation_create_with(&e, net, task, 5, &options), NAI_ERR_NAME, "'F'");
  options.n_interventions = -1;
  expect_fails(nai_evaluation_create_with(&e, net, task, 5, &options), NAI_ERR_INVALID,
               "n_interventions is -1");
  options.n_interventions = 0;
  options.threads = 0;
  expect_fails(nai_evaluation_create_with(&e, net, task, 5, &options), NAI_ERR_INVALID,
               "threads is 0");
  options.struct_size = 3;
  expect_fails(nai_evaluation_create_with(&e, net, task, 5, &options), NAI_ERR_INVALID,
               "struct_size is 3");
  expect_fails(nai_evaluation_create_with(NULL, net, task, 5, NULL), NAI_ERR_INVALID, "out is");
  expect_fails(nai_evaluation_create_with(&e, net, NULL, 5, NULL), NAI_ERR_INVALID, "task is");
  expect_fails(nai_evaluation_create_with(&e, net, task, 0, NULL), NAI_ERR_INVALID, "trials is 0");
  ck_assert_ptr_null(e);
  expect_ok(nai_evaluation_create_with(&e, net, task, 5, NULL));
  nai_evaluation_destroy(e);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

/* --- ended ------------------------------------------------------------------------------------ */

typedef struct watcher {
  int64_t calls, done, total, end_at;
  nai_status answer;
  const char *message;
  int wrong, within; /* within: told of trials that are under way */
} watcher;

static nai_status watch(int64_t done, int64_t total, void *user)
{
  watcher *w = user;
  w->wrong |= done < w->done || done > total || (w->total && total != w->total);
  w->within |= done % 64 != 0 && done != total;
  w->calls++;
  w->done = done;
  w->total = total;
  if (done < w->end_at) return NAI_OK;
  if (w->message) nai_set_error(w->message);
  return w->answer;
}

static nai_evaluation_options watched(watcher *w, int32_t threads)
{
  nai_evaluation_options options = NAI_EVALUATION_OPTIONS_INIT;
  options.seed = 6;
  options.threads = threads;
  options.progress = watch;
  options.user = w;
  return options;
}

START_TEST(stopped_evaluations_keep_what_is_done)
{
  nai_network *net = build_network();
  nai_task *task = perceptual(net);
  nai_evaluation *whole, *part;
  expect_ok(nai_evaluation_create(&whole, net, task, 300, 6, 1));
  for (int32_t threads = 1; threads <= 2; threads++)
    for (int64_t end_at = 0; end_at <= 300; end_at += 50) {
      watcher w = {.end_at = end_at, .answer = NAI_STOP};
      nai_evaluation_options options = watched(&w, threads);
      expect_ok(nai_evaluation_create_with(&part, net, task, 300, &options));
      EXPECT(!w.wrong && w.total == 300 && w.calls > 0);
      int64_t n = trials_of(part);
      EXPECT(w.done >= end_at && n <= w.done && n > w.done - 64 && (n % 64 == 0 || n == 300));
      EXPECT(memcmp(choices(part), choices(whole), (size_t)n * sizeof(int32_t)) == 0);
      EXPECT(n > 0 ? nai_evaluation_performance(part) >= 0
                   : isnan(nai_evaluation_performance(part)));
      int64_t count;
      expect_ok(nai_evaluation_curve(NULL, 0, &count, part, "coherence"));
      EXPECT((count > 0) == (n > 0));
      nai_evaluation_destroy(part);
    }
  nai_evaluation_destroy(whole);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

START_TEST(callbacks_that_fail_end_it_without_a_result)
{
  nai_network *net = build_network();
  nai_task *task = perceptual(net);
  for (int32_t threads = 1; threads <= 2; threads++) {
    nai_evaluation *e = (nai_evaluation *)&e;
    watcher w = {.end_at = 64, .answer = NAI_ERR_USER, .message = "that is enough"};
    nai_evaluation_options options = watched(&w, threads);
    expect_fails(nai_evaluation_create_with(&e, net, task, 300, &options), NAI_ERR_USER,
                 "that is enough");
    ck_assert_ptr_null(e);
    EXPECT(w.done >= 64 && w.done <= 128);
    w = (watcher){.end_at = 64, .answer = -77};
    expect_fails(nai_evaluation_create_with(&e, net, task, 300, &options), -77,
                 "callback progress");
    ck_assert_ptr_null(e);
  }
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

/*
 * A large network: within the steps of one block, long before its end. With two threads the other
 * one may have run all of the block before the caller's, which alone asks, got any of it: then the
 * question comes at the end of the block.
 */
START_TEST(they_are_asked_within_a_block)
{
  nai_network *net =
      COMPOSE(.dt = 20, .inputs = {{"stimulus", 3}}, .populations = {{"E", 500, NAI_FREE}},
              .outputs = {{"choice", 3}}, .projections = {{"stimulus", "E"}, {"E", "E choice"}});
  expect_ok(nai_network_build(net, 1));
  nai_task *task = perceptual(net);
  for (int32_t threads = 1; threads <= 2; threads++) {
    watcher w = {.end_at = 1000, .answer = NAI_STOP};
    nai_evaluation_options options = watched(&w, threads);
    nai_evaluation *e, *plain;
    expect_ok(nai_evaluation_create_with(&e, net, task, 64, &options));
    expect_ok(nai_evaluation_create(&plain, net, task, 64, 6, 1));
    ck_assert_int_ge(w.calls, threads == 1 ? 10 : 1);
    EXPECT(!w.wrong && w.done == 64 && (w.within || threads == 2));
    EXPECT(same_evaluations(e, plain));
    nai_evaluation_destroy(e);
    nai_evaluation_destroy(plain);
    w = (watcher){.end_at = 0, .answer = NAI_STOP};
    expect_ok(nai_evaluation_create_with(&e, net, task, 64, &options));
    EXPECT(w.calls == 1 && (trials_of(e) == 0 || (threads == 2 && trials_of(e) == 64)));
    nai_evaluation_destroy(e);
  }
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

/* What units cost counts as well as weights, of which these have next to none. */
START_TEST(they_are_asked_while_units_move)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, 10));
  nai_network_add_input(net, "stimulus", 3);
  nai_network_add_population(net, "E", 1, NAI_FREE);
  nai_network_add_population(net, "S", 1500, NAI_FREE);
  nai_network_set_model(net, "S", "lif");
  nai_network_add_output(net, "choice", 3);
  nai_network_connect(net, "stimulus", "E");
  nai_network_connect(net, "E", "choice");
  expect_ok(nai_network_build(net, 1));
  nai_task *task = perceptual(net);
  nai_evaluation *e;
  watcher w = {.end_at = 1000, .answer = NAI_STOP};
  nai_evaluation_options options = watched(&w, 1);
  expect_ok(nai_evaluation_create_with(&e, net, task, 64, &options));
  ck_assert_int_ge(w.calls, 10);
  EXPECT(!w.wrong && w.within && trials_of(e) == 64);
  nai_evaluation_destroy(e);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

/* --- given trials ----------------------------------------------------------------------------- */

START_TEST(given_trials_are_judged_as_the_task_s)
{
  nai_network *net = build_network();
  nai_task *task = perceptual(net);
  nai_trials *trials = make_trials_of(task, 6, NAI_STREAM_TEST, 0, N);
  nai_evaluation *of_task, *given;
  nai_evaluation_options options = NAI_EVALUATION_OPTIONS_INIT;
  options.seed = 6;
  options.threads = 2;
  expect_ok(nai_evaluation_create(&of_task, net, task, N, 6, 1));
  expect_ok(nai_evaluation_create_from_trials(&given, net, trials, NULL, &options));
  EXPECT(same_evaluations(given, of_task));
  EXPECT(nai_evaluation_performance(given) == nai_evaluation_performance(of_task));
  nai_evaluation_destroy(given);
  expect_ok(nai_evaluation_create_from_trials(&given, net, trials, task, &options));
  EXPECT(same_evaluations(given, of_task));
  nai_evaluation_destroy(given);
  const nai_intervention lesion = SILENCE("E", ((int64_t[]){7, 2, 3, 0}), 4);
  options.interventions = &lesion;
  options.n_interventions = 1;
  expect_ok(nai_evaluation_create_from_trials(&given, net, trials, NULL, &options));
  expect_as_states(given, net, task, &lesion, 1);
  nai_evaluation_destroy(given);
  nai_evaluation_destroy(of_task);
  nai_trials_destroy(trials);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

/* One value of 4 bytes for each trial. */
static void expect_row(const nai_view *view, int64_t trials)
{
  EXPECT(view->ndim == 1 && view->shape[0] == trials && view->shape[1] == 1);
  EXPECT(view->stride[0] == 4 && view->stride[1] == 0);
}

/* Arrays without a task: the last step that counts, and conditions of the user's own. */
START_TEST(recorded_trials)
{
  enum { STEPS = 4, B = 3 };
  nai_network *net = build_network();
  expect_ok(nai_network_set_bias(net, "choice", (float[]){-1000, 1000, 0}, 3)); /* always 1 */
  nai_trials *trials;
  expect_ok(nai_trials_create(&trials, net, STEPS, B));
  const int32_t classes[STEPS][B] = {{0, 0, 1}, {0, 1, 0}, {1, 0, 0}, {2, 2, 0}};
  const float mask[STEPS][B] = {{0, 1, 0}, {0, 1, 0}, {1, 1, 0}, {1, 1, 0}};
  nai_evaluation *e;
  expect_ok(nai_evaluation_create_from_trials(&e, net, trials, NULL, NULL)); /* nothing to judge */
  EXPECT(isnan(nai_evaluation_performance(e)) && choices(e)[0] == -1);
  nai_evaluation_destroy(e);
  expect_ok(nai_trials_set_classes(trials, "choice", classes[0]));
  expect_ok(nai_trials_set_mask(trials, "choice", mask[0], 1));
  expect_ok(nai_trials_set_lengths(trials, (int32_t[]){3, 4, 4}));
  expect_ok(nai_trials_set_condition(trials, "mouse", (float[]){5, 6, 5}));
  expect_ok(nai_evaluation_create_from_trials(&e, net, trials, NULL, NULL));
  nai_view correct = NAI_VIEW_INIT;
  expect_ok(nai_evaluation_correct(&correct, e));
  expect_row(&correct, B);
  nai_view mouse = NAI_VIEW_INIT;
  expect_ok(nai_evaluation_condition(&mouse, e, nai_evaluation_condition_name(e, 0)));
  expect_row(&mouse, B);
  EXPECT(((const float *)mouse.data)[1] == 6);
  ck_assert_ptr_null(nai_evaluation_condition_name(e, 1));
  ck_assert_ptr_null(nai_evaluation_condition_name(e, -1));
  const int32_t *right = correct.data;
  EXPECT(right[0] == 1 && right[1] == 0 && right[2] == -1);
  EXPECT(nai_evaluation_performance(e) == 0.5);
  double fraction[2];
  int64_t count, n[2];
  const nai_curve_arrays curve = {.struct_size = sizeof curve, .correct = fraction, .trials = n};
  expect_ok(nai_evaluation_curve(&curve, 2, &count, e, "mouse"));
  EXPECT(count == 2 && fraction[0] == 1 && fraction[1] == 0 && n[0] == 2);
  nai_evaluation_destroy(e);
  expect_ok(nai_trials_set_condition(trials, "mouse", (float[]){5, NAN, 5})); /* one has none */
  expect_ok(nai_evaluation_create_from_trials(&e, net, trials, NULL, NULL));
  expect_ok(nai_evaluation_curve(&curve, 2, &count, e, "mouse"));
  EXPECT(count == 1 && fraction[0] == 1 && n[0] == 2);
  nai_evaluation_destroy(e);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/*
 * Of 70 trials, which are two blocks, those that get an input: rates that are inf at the last step; then currents and states
 * that are -inf, of silent units; an output that is inf at the first step, of rates that are 1e38 then, and 0 soon.
 */
START_TEST(activity_that_is_not_finite)
{
  enum { STEPS = 6, B = 70 };
  static const struct {
    const char *model, *sends;
    int32_t leak;
    float input;
    int step;
  } cases[] = {{"rate", "other", NAI_LEAK_RATE, 3e38F, STEPS - 1},
               {"rate", "other", NAI_LEAK_CURRENT, -3e38F, STEPS - 1},
               {"adaptive_rate", "other", -1, -3e38F, STEPS - 1},
               {"rate", "E", NAI_LEAK_CURRENT, 1e35F, 0}};
  for (int c = 0; c < 4; c++) {
    nai_network *net =
        COMPOSE(.dt = 1, .inputs = {{"u", 1}},
                .populations = {{"E", 2, NAI_FREE}, {"other", 2, NAI_FREE}}, .outputs = {{"z", 2}});
    expect_ok(nai_network_set_model(net, "E", cases[c].model));
    if (cases[c].leak >= 0) expect_ok(nai_network_set_leak(net, "E", cases[c].leak));
    expect_ok(nai_network_connect(net, "u", "E"));
    expect_ok(nai_network_connect(net, cases[c].sends, "z"));
    expect_ok(nai_network_set(net, "E", "tau", 1));
    expect_ok(nai_network_set_initial_weights(net, "*", "E z", NAI_WEIGHTS_CONSTANT, 1e3, 0));
    expect_ok(nai_network_build(net, 1));
    float inputs[STEPS][B] = {{0}};
    inputs[cases[c].step][3] = inputs[cases[c].step][66] = cases[c].input;
    nai_trials *trials;
    expect_ok(nai_trials_create(&trials, net, STEPS, B));
    expect_ok(nai_trials_set_inputs(trials, "u", inputs[0], 1));
    nai_evaluation_options options = NAI_EVALUATION_OPTIONS_INIT;
    for (options.threads = 1; options.threads <= 3; options.threads++) {
      nai_evaluation *e;
      nai_view finite = NAI_VIEW_INIT;
      expect_ok(nai_evaluation_create_from_trials(&e, net, trials, NULL, &options));
      expect_ok(nai_evaluation_finite(&finite, e));
      EXPECT(finite.ndim == 1 && finite.shape[0] == B);
      for (int b = 0; b < B; b++)
        ck_assert_int_eq(((const int32_t *)finite.data)[b], b != 3 && b != 66);
      nai_evaluation_destroy(e);
    }
    nai_trials_destroy(trials);
    nai_network_destroy(net);
  }
}
END_TEST

/* --- reaction times --------------------------------------------------------------------------- */

static nai_status judge_at_40(void *user, nai_judgement *judgement)
{
  (void)user;
  judgement->correct = judgement->choice = 1;
  judgement->time = 40;
  return NAI_OK;
}

static nai_status fill_nothing(void *user, nai_trial_batch *batch)
{
  (void)user;
  (void)batch;
  return NAI_OK;
}

/* Every built-in task: one has them. */
START_TEST(times_are_of_tasks_that_judge_them)
{
  int with = 0;
  for (int64_t i = 0; nai_task_builtin_name(i); i++) {
    nai_task *task = make_task(nai_task_builtin_name(i), 20);
    int timed = strcmp(nai_task_builtin_name(i), "song-random-dots-reaction-time") == 0;
    int32_t times = 7;
    expect_ok(nai_task_has_times(&times, task));
    ck_assert_int_eq(times, timed);
    with += timed;
    nai_evaluation *e;
    nai_view view = NAI_VIEW_INIT;
    expect_ok(nai_evaluation_create(&e, task->net, task, 3, 1, 1));
    if (timed)
      expect_ok(nai_evaluation_time(&view, e));
    else
      expect_fails(nai_evaluation_time(&view, e), NAI_ERR_UNSUPPORTED, "no reaction times");
    if (timed) expect_row(&view, 3);
    EXPECT(timed == (view.data != NULL));
    nai_evaluation_destroy(e);
    nai_task_destroy(task);
  }
  ck_assert_int_eq(with, 1);
}
END_TEST

/* Conditions 0, 1, 2, 0, ... of which every fourth trial has none. */
static nai_status fill_some_conditions(void *user, nai_trial_batch *batch)
{
  static const float lost[3] = {NAN, INFINITY, -INFINITY};
  (void)user;
  for (int64_t b = 0; b < batch->trials; b++)
    batch->condition[b] = b % 4 == 1 ? lost[b / 4 % 3] : (float)(b % 3);
  return NAI_OK;
}

START_TEST(curves_leave_out_trials_without_a_value)
{
  nai_network *net = build_network();
  const nai_task_ops ops = {.struct_size = sizeof ops,
                            .name = "own",
                            .n_inputs = 3,
                            .n_outputs = 3,
                            .max_steps = 4,
                            .n_conditions = 1,
                            .condition_names = (const char *const[]){"x"},
                            .generate = fill_some_conditions};
  nai_task *task;
  nai_evaluation *e;
  double value[4];
  int64_t count, n[4];
  const nai_curve_arrays curve = {.struct_size = sizeof curve, .value = value, .trials = n};
  expect_ok(nai_task_create_own(&task, &ops, net, NULL));
  expect_ok(nai_evaluation_create(&e, net, task, 24, 1, 1));
  expect_ok(nai_evaluation_curve(&curve, 4, &count, e, "x"));
  ck_assert_int_eq(count, 3);
  for (int k = 0; k < 3; k++) EXPECT(value[k] == k && n[k] == 6);
  nai_evaluation_destroy(e);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

START_TEST(times_of_an_own_judgement)
{
  nai_network *net = build_network();
  nai_task_ops ops = {.struct_size = sizeof ops,
                      .name = "own",
                      .n_inputs = 3,
                      .n_outputs = 3,
                      .max_steps = 4,
                      .generate = fill_nothing};
  nai_task *task;
  nai_evaluation *e;
  nai_view view = NAI_VIEW_INIT;
  for (int judged = 0; judged <= 1; judged++) {
    int32_t times = 7;
    ops.judge = judged ? judge_at_40 : NULL;
    expect_ok(nai_task_create_own(&task, &ops, net, NULL));
    expect_ok(nai_task_has_times(&times, task));
    ck_assert_int_eq(times, -judged);
    expect_ok(nai_evaluation_create(&e, net, task, 3, 1, 1));
    if (judged)
      expect_ok(nai_evaluation_time(&view, e));
    else
      expect_fails(nai_evaluation_time(&view, e), NAI_ERR_UNSUPPORTED, "no reaction times");
    nai_trials *trials = make_trials_of(task, 1, NAI_STREAM_TEST, 0, 3);
    nai_evaluation_destroy(e);
    expect_ok(nai_evaluation_create_from_trials(&e, net, trials, judged ? task : NULL, NULL));
    EXPECT((nai_evaluation_time(&view, e) == NAI_OK) == judged);
    for (int b = 0; b < 3 && judged; b++) EXPECT(((const float *)view.data)[b] == 40);
    nai_trials_destroy(trials);
    nai_evaluation_destroy(e);
    nai_task_destroy(task);
  }
  int32_t times;
  expect_fails(nai_task_has_times(&times, NULL), NAI_ERR_INVALID, "task is NULL");
  expect_fails(nai_task_has_times(NULL, NULL), NAI_ERR_INVALID, "times is NULL");
  nai_network_destroy(net);
}
END_TEST

START_TEST(given_trials_that_cannot_be)
{
  nai_network *net = build_network(), *other = build_ei(3, 2, 1);
  nai_task *task = make_task("perceptual-decision-making", 10);
  nai_trials *trials, *foreign;
  expect_ok(nai_trials_create(&trials, net, 3, 2));
  expect_ok(nai_trials_create(&foreign, other, 3, 2));
  nai_evaluation *e = (nai_evaluation *)&e;
  expect_fails(nai_evaluation_create_from_trials(NULL, net, trials, NULL, NULL), NAI_ERR_INVALID,
               "out is NULL");
  expect_fails(nai_evaluation_create_from_trials(&e, NULL, trials, NULL, NULL), NAI_ERR_INVALID,
               "net is NULL");
  ck_assert_ptr_null(e);
  expect_fails(nai_evaluation_create_from_trials(&e, net, NULL, NULL, NULL), NAI_ERR_INVALID,
               "trials is NULL");
  expect_fails(nai_evaluation_create_from_trials(&e, net, foreign, NULL, NULL), NAI_ERR_INVALID,
               "2 output channels");
  expect_fails(nai_evaluation_create_from_trials(&e, net, trials, task, NULL), NAI_ERR_INVALID,
               "dt is 20 ms");
  ck_assert_ptr_null(e);
  nai_trials_destroy(trials);
  nai_trials_destroy(foreign);
  nai_task_destroy(task);
  nai_network_destroy(net);
  nai_network_destroy(other);
}
END_TEST

START_TEST(evaluations_without_memory)
{
  nai_network *net = build_network();
  nai_task *task = perceptual(net);
  nai_trials *trials = make_trials_of(task, 6, NAI_STREAM_TEST, 0, 20);
  const nai_intervention lesion = SILENCE("E", (int64_t[]){1}, 1);
  watcher w = {.end_at = 1000};
  nai_evaluation_options options = watched(&w, 2);
  options.interventions = &lesion;
  options.n_interventions = 1;
  for (int from_trials = 0; from_trials <= 1; from_trials++) {
    long good = 0;
    for (int done = 0; !done; good++) {
      nai_evaluation *e;
      faults_fail_allocation(good);
      nai_status status = from_trials
                              ? nai_evaluation_create_from_trials(&e, net, trials, NULL, &options)
                              : nai_evaluation_create_with(&e, net, task, 20, &options);
      faults_fail_allocation(-1);
      done = status == NAI_OK;
      if (!done) ck_assert_int_eq(status, NAI_ERR_MEMORY);
      if (!done) ck_assert_ptr_null(e);
      nai_evaluation_destroy(e);
    }
    ck_assert_int_gt(good, 20);
  }
  nai_trials_destroy(trials);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

Suite *evaluation_suite(void);

Suite *evaluation_suite(void)
{
  Suite *suite = suite_create("evaluation");
  ADD_CASE(suite, "lesions", lesions_are_those_of_a_state, options_that_cannot_be);
  ADD_CASE(suite, "ended", stopped_evaluations_keep_what_is_done,
           callbacks_that_fail_end_it_without_a_result, they_are_asked_within_a_block,
           they_are_asked_while_units_move);
  ADD_CASE(suite, "given", given_trials_are_judged_as_the_task_s, recorded_trials,
           given_trials_that_cannot_be, evaluations_without_memory, activity_that_is_not_finite);
  ADD_CASE(suite, "curves", curves_leave_out_trials_without_a_value);
  ADD_CASE(suite, "times", times_are_of_tasks_that_judge_them, times_of_an_own_judgement);
  return suite;
}
