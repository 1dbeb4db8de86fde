/* lib/task: no epoch vanishes, whatever the time step: durations above 0 have a step or are refused. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tasks.h"

static const double time_steps[] = {1,  2,  5,   7,   10,  13,  20,  25,  33,  50,
                                    83, 99, 100, 120, 150, 200, 250, 300, 400, 500};
enum { TIME_STEPS = sizeof time_steps / sizeof *time_steps };

static nai_network *network_for(const nai__task_kind *kind, double dt)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, dt));
  if (kind->n_inputs) expect_ok(nai_network_add_input(net, "in", kind->n_inputs));
  expect_ok(nai_network_add_population(net, "E", 2, 0));
  expect_ok(nai_network_set(net, "E", "tau", 1000));
  expect_ok(nai_network_add_output(net, "out", kind->n_outputs));
  if (kind->n_inputs) expect_ok(nai_network_connect(net, "in", "E"));
  expect_ok(nai_network_connect(net, "E", "out"));
  expect_ok(nai_network_build(net, 1));
  return net;
}

static const nai__parameter *parameter_called(const nai__task_kind *kind, const char *text)
{
  for (int k = 0; k < kind->n_parameters; k++) {
    const nai__parameter *p = &kind->parameters[k];
    size_t length = strlen(p->name);
    if (strncmp(text, p->name, length) == 0 && text[length] == ' ') return p;
  }
  return NULL;
}

/* The message begins with a duration shorter than dt; of a mixed task it is one of the paper's. */
static void expect_named(const nai__task_kind *kind, double dt)
{
  const char *text = nai_last_error();
  char bound[40];
  snprintf(bound, sizeof bound, "no step of dt = %g ms", dt);
  EXPECT(strstr(text, bound) || strstr(text, "of grace after go") || strstr(text, "two steps"));
  const nai__parameter *p = parameter_called(kind, text);
  EXPECT(p || strcmp(kind->name, "yang-mixed") == 0 || strstr(text, "grace") ||
         strncmp(text, "gain", 4) == 0);
}

/* Outputs that are 0 throughout, or ask for the first class only: who never chooses is never right. */
static void check_silence(const nai_task *task, const nai_trials *trials, int64_t b)
{
  float *z = calloc((size_t)(trials->steps * trials->n_outputs), sizeof *z);
  int choice, asked = 1;
  if (task->ops.has_classes && strcmp(task->name, "maze") != 0)
    for (int64_t t = 0; t < trials->steps; t++) z[t * trials->n_outputs] = 1;
  if (strncmp(task->name, "yang", 4) == 0) {
    for (int64_t t = 0; t < trials->steps; t++) z[t * trials->n_outputs] = 5;
    asked = condition_of(trials, "answer", b) >= 0;
  }
  if (strcmp(task->name, "go-nogo") == 0) asked = condition_of(trials, "target", b) == 1;
  int correct = judged(&choice, task, trials, b, z);
  EXPECT(asked ? correct != 1 : correct == 1);
  free(z);
}

static int wants_answer(const nai_trials *trials, int64_t b)
{
  for (int64_t t = 0; t < trials->length[b]; t++)
    if (class_at(trials, t, b) > 0) return 1;
  return 0;
}

static void check_trials(const nai_task *task, const nai__task_kind *kind)
{
  enum { N = 40 };
  nai_trials *trials = make_trials(task, N);
  int is_nogo = strcmp(kind->name, "go-nogo") == 0, is_maze = strcmp(kind->name, "maze") == 0;
  for (int64_t b = 0; b < N; b++) {
    check_silence(task, trials, b);
    if (kind->has_classes && !is_nogo && !is_maze) EXPECT(wants_answer(trials, b));
  }
  nai_trials_destroy(trials);
}

START_TEST(no_epoch_vanishes)
{
  int made = 0, refused = 0;
  for (int64_t i = 0; nai_task_builtin_name(i); i++) {
    const nai__task_kind *kind = nai__task_kind_at(i);
    double dt = time_steps[_i];
    nai_network *net = network_for(kind, dt);
    nai_task *task;
    if (nai_task_create(&task, kind->name, net) == NAI_OK) {
      made++;
      check_trials(task, kind);
      nai_task_destroy(task);
    } else {
      refused++;
      ck_assert_ptr_null(task);
      expect_named(kind, dt);
    }
    nai_network_destroy(net);
  }
  EXPECT(made >= 2 &&
         (time_steps[_i] <= 20 ? refused == 0 : time_steps[_i] <= 100 || refused > 10));
}
END_TEST

/* Each duration of each task in turn, as a number and in a list: what has no step is refused. */
START_TEST(durations_below_a_step_are_refused_everywhere)
{
  for (int64_t i = 0; nai_task_builtin_name(i); i++) {
    const nai__task_kind *kind = nai__task_kind_at(i);
    nai_network *net = network_for(kind, 20);
    nai_task *task;
    expect_ok(nai_task_create(&task, kind->name, net));
    for (int k = 0; k < kind->n_parameters; k++) {
      const nai__parameter *p = &kind->parameters[k];
      if (strcmp(p->unit, "ms") != 0 || strcmp(p->name, "period") == 0 || p->low > 0) continue;
      expect_fails(nai_task_set(task, p->name, 19), NAI_ERR_INVALID, p->name);
      expect_fails(nai_task_set_list(task, p->name, (double[]){p->initial, 0.5}, 2),
                   NAI_ERR_INVALID, p->name);
    }
    check_trials(task, kind);
    nai_task_destroy(task);
    nai_network_destroy(net);
  }
}
END_TEST

static const int32_t *steps_of(const nai_trials *trials, const char *name, int64_t b)
{
  const nai__when *epoch = nai__trials_epoch(trials, name);
  if (!epoch) ck_abort_msg("no epoch is called %s", name);
  return epoch->step + 2 * b;
}

/* The epochs of every task, in the order of a trial; those after the bar overlap others. */
static const struct {
  const char *task, *names;
} listed[] = {
    {"perceptual-decision-making", "fixation stimulus delay decision"},
    {"delay-comparison", "fixation stimulus1 delay stimulus2 decision"},
    {"delay-match-sample", "fixation sample delay test decision"},
    {"delay-match-category", "fixation sample delay test"},
    {"context-decision-making", "fixation stimulus delay decision"},
    {"multisensory-integration", "fixation stimulus decision"},
    {"go-nogo", "fixation stimulus delay decision"},
    {"ready-set-go", "fixation interval set production | ready"},
    {"song-random-dots", "fixation stimulus decision"},
    {"song-random-dots-variable", "fixation stimulus decision"},
    {"song-random-dots-reaction-time", "fixation stimulus | decision"},
    {"song-context-integration", "fixation stimulus decision"},
    {"song-multisensory", "fixation stimulus decision"},
    {"song-parametric-working-memory", "fixation stimulus1 delay stimulus2 decision"},
    {"song-eye-movement-sequence", "between fixation movement1 movement2 movement3"},
    {"song-sine", ""},
    {"maze", "goal delay choices"},
    {"wcst", "feedback interval centre response"},
    {"masse-dms", "fixation sample delay test"},
    {"masse-dmrs", "fixation sample delay test"},
    {"masse-dmc", "fixation sample delay test"},
};

static const char *epochs_of(const char *task)
{
  for (size_t i = 0; i < sizeof listed / sizeof *listed; i++)
    if (strcmp(listed[i].task, task) == 0) return listed[i].names;
  if (strncmp(task, "yang-", 5) == 0) return "onset stimulus delay second wait response";
  return NULL;
}

/*
 * Those before the bar fill the trial, or part of a block, one after the other; a trial of a kind of
 * its own has none.
 */
static void check_epochs(const nai_trials *trials, int64_t b, int64_t p, int in_sequence)
{
  int64_t from, end;
  nai__trials_part(&from, &end, trials, b, p);
  int32_t at = (int32_t)from, any = 0;
  for (int e = 0; e < trials->n_epochs; e++) {
    const int32_t *step = trials->epoch[e].step + 2 * (b * trials->own + p);
    any |= step[1] > 0;
    EXPECT(step[0] <= step[1] && step[1] <= end);
    if (e < in_sequence) EXPECT(step[0] == at || (step[0] == 0 && step[1] == 0));
    if (e < in_sequence) at = step[1];
  }
  if (in_sequence && any) ck_assert_int_eq(at, end);
  if (in_sequence && !any) EXPECT(condition_of(trials, "target", b) == -1); /* a catch trial */
}

START_TEST(every_task_of_epochs_says_when_they_are)
{
  const char *name;
  for (int64_t i = 0; (name = nai_task_builtin_name(i)) != NULL; i++) {
    const char *names = epochs_of(name);
    nai_task *task = make_task(name, 20);
    nai_trials *trials = make_trials(task, 40);
    char found[256] = "";
    int in_sequence = (int)trials->n_epochs;
    if (!names) ck_abort_msg("which epochs has %s?", name);
    for (int64_t e = 0; e < trials->n_epochs; e++) {
      const char *place = strstr(names, "| ");
      if (place && strcmp(place + 2, trials->epoch[e].name) == 0) {
        in_sequence = (int)e;
        strcat(found, "| ");
      }
      strcat(found, trials->epoch[e].name);
      if (e < trials->n_epochs - 1) strcat(found, " ");
    }
    ck_assert_str_eq(found, names);
    for (int64_t k = 0; k < 40 * trials->own; k++)
      check_epochs(trials, k / trials->own, k % trials->own, in_sequence);
    nai_trials_destroy(trials);
    nai_task_destroy(task);
  }
}
END_TEST

/* What is shown and what is asked for begins and ends with its epoch. */
START_TEST(epochs_are_where_things_happen)
{
  nai_task *task = make_task("delay-match-sample", 20);
  set_number(task, "sigma", 0);
  set_numbers(task, "delay", (double[]){200, 700}, 2);
  nai_trials *trials = make_trials(task, 20);
  for (int64_t b = 0; b < 20; b++) {
    const int32_t *sample = steps_of(trials, "sample", b), *test = steps_of(trials, "test", b);
    const int32_t *decision = steps_of(trials, "decision", b),
                  *delay = steps_of(trials, "delay", b);
    EXPECT((delay[1] - delay[0]) * 20 == (int)condition_of(trials, "delay", b));
    for (int32_t t = 0; t < trials->length[b]; t++) {
      int shown = input_at(trials, t, b, 1) != 0 || input_at(trials, t, b, 2) != 0;
      EXPECT(shown == ((t >= sample[0] && t < sample[1]) || (t >= test[0] && t < test[1])));
      EXPECT((class_at(trials, t, b) > 0) == (t >= decision[0] && t < decision[1]));
    }
  }
  nai_trials_destroy(trials);
  nai_task_destroy(task);

  task = make_task("song-random-dots-reaction-time", 20);
  trials = make_trials(task, 60);
  for (int64_t b = 0; b < 60; b++) {
    const int32_t *decision = steps_of(trials, "decision", b),
                  *fixation = steps_of(trials, "fixation", b);
    int is_catch = condition_of(trials, "target", b) < 0;
    EXPECT(is_catch == (decision[1] == 0 && fixation[1] == 0));
    for (int32_t t = 0; !is_catch && t < trials->length[b]; t++)
      EXPECT((mask_at(trials, t, b) > 0) == (t < fixation[1] || t >= decision[0]));
  }
  nai_trials_destroy(trials);
  nai_task_destroy(task);

  task = make_task("yang-delaygo", 20);
  trials = make_trials(task, 20);
  for (int64_t b = 0; b < 20; b++) {
    EXPECT(steps_of(trials, "response", b)[0] * 20 == (int)condition_of(trials, "go", b));
    EXPECT(steps_of(trials, "stimulus", b)[0] * 20 == (int)condition_of(trials, "onset", b));
    EXPECT(steps_of(trials, "second", b)[0] == steps_of(trials, "second", b)[1]);
  }
  nai_trials_destroy(trials);
  nai_task_destroy(task);
}
END_TEST

/* A duration drawn between 0 and something has a step all the same. */
START_TEST(durations_drawn_near_0_have_a_step)
{
  nai_task *task = make_task("song-random-dots-variable", 20);
  set_number(task, "catch", 0);
  set_number(task, "stimulus_min", 0);
  set_number(task, "stimulus_max", 40);
  nai_trials *trials = make_trials(task, 200);
  for (int64_t b = 0; b < 200; b++) EXPECT(condition_of(trials, "stimulus", b) >= 20);
  nai_trials_destroy(trials);
  set_number(task, "stimulus_max", 0); /* both are 0: there is none */
  trials = make_trials(task, 5);
  for (int64_t b = 0; b < 5; b++) EXPECT(condition_of(trials, "stimulus", b) == 0);
  nai_trials_destroy(trials);
  nai_task_destroy(task);
}
END_TEST

START_TEST(values_that_do_together)
{
  const nai__task_kind *kind = nai__task_kind_at(0);
  nai_network *net = network_for(kind, 150);
  nai_task *task;
  const nai_task_setting settings[] = {{"fixation", (double[]){300}, 1},
                                       {"stimulus", (double[]){600, 900}, 2},
                                       {"decision", (double[]){150}, 1}};
  expect_fails(nai_task_create(&task, kind->name, net), NAI_ERR_INVALID, "fixation is 100 ms");
  expect_fails(nai_task_create_with(&task, kind->name, net, settings, 1), NAI_ERR_INVALID,
               "decision is 100 ms");
  expect_fails(nai_task_create_with(&task, kind->name, net, settings, -1), NAI_ERR_INVALID, "n is");
  expect_fails(nai_task_create_with(&task, kind->name, net, NULL, 1), NAI_ERR_INVALID, "settings");
  expect_fails(nai_task_create_with(&task, kind->name, net,
                                    &(nai_task_setting){"sigma", (double[]){-1}, 1}, 1),
               NAI_ERR_INVALID, "sigma is -1");
  expect_fails(nai_task_create_with(&task, kind->name, net, &(nai_task_setting){NULL, NULL, 0}, 1),
               NAI_ERR_INVALID, "parameter is NULL");
  ck_assert_ptr_null(task);
  expect_ok(nai_task_create_with(&task, kind->name, net, settings, 3));
  ck_assert_int_eq(task->ops.max_steps, 2 + 6 + 1);
  check_trials(task, kind);
  nai_task_destroy(task);
  nai_network_destroy(net);
}
END_TEST

START_TEST(a_decision_needs_room)
{
  nai_task *task = make_task("song-random-dots-reaction-time", 20);
  expect_fails(nai_task_set(task, "grace", 800), NAI_ERR_INVALID, "leaves no step");
  expect_ok(nai_task_set(task, "grace", 780));
  expect_fails(nai_task_set(task, "stimulus", 790), NAI_ERR_INVALID, "leaves no step");
  nai_task_destroy(task);
  task = make_task("ready-set-go", 20);
  expect_fails(nai_task_set(task, "gain", 0.001), NAI_ERR_INVALID, "gain is 0.001");
  nai_task_destroy(task);
}
END_TEST

Suite *epochs_suite(void);
Suite *epochs_suite(void)
{
  Suite *suite = suite_create("epochs");
  TCase *steps = tcase_create("steps");
  tcase_add_loop_test(steps, no_epoch_vanishes, 0, TIME_STEPS);
  suite_add_tcase(suite, steps);
  ADD_CASE(suite, "durations", durations_below_a_step_are_refused_everywhere,
           durations_drawn_near_0_have_a_step, values_that_do_together, a_decision_needs_room);
  ADD_CASE(suite, "steps", every_task_of_epochs_says_when_they_are, epochs_are_where_things_happen);
  return suite;
}
