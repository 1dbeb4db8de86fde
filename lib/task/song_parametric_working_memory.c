/*
 * Parametric working memory, of Song, Yang & Wang (2016) after Romo et al. (1999): which of two
 * frequencies, a delay apart, was the higher? What it shares with the other tasks of that paper:
 * song.h.
 *
 * Inputs, on during both stimuli: units that rise and that fall with frequency f, 0.4 + 0.8 (f -
 * 10) / 24 and 0.4 + 0.8 (34 - f) / 24. A trial has the frequencies `frequency` and `frequency` +
 * `difference`, in either order; output 0 is right when the first was the higher one. The delay is
 * uniform between its two bounds; published tests had one of 3000 ms: set both.
 */
#include "song.h"

enum {
  FREQUENCY = NAI__SONG_PARAMETERS,
  DIFFERENCE,
  STIMULUS1,
  DELAY_MIN,
  DELAY_MAX,
  STIMULUS2,
  DECISION,
  PARAMETERS
};

/* name, unit, meaning, default, smallest, largest */
static const nai__parameter parameters[PARAMETERS] = {
    NAI__SONG_SHARED(1, 1 / 11.0, 2000),
    [FREQUENCY] = {"frequency", "Hz", "the lower frequency", 10, 0, 1000, 0},
    [DIFFERENCE] = {"difference", "Hz", "how much the other frequency is higher", 8, 1e-3, 1000, 0},
    [STIMULUS1] = {"stimulus1", "ms", "duration of the first stimulus", 500, 0, 1e7, 0},
    [DELAY_MIN] = {"delay_min", "ms", "shortest delay", 2500, 0, 1e7, 0},
    [DELAY_MAX] = {"delay_max", "ms", "longest delay", 3500, 0, 1e7, 0},
    [STIMULUS2] = {"stimulus2", "ms", "duration of the second stimulus", 500, 0, 1e7, 0},
    [DECISION] = {"decision", "ms", "duration of the decision epoch", 300, 0, 1e7, 0},
};
static const nai__list_default lists[] = {{FREQUENCY, 5, {10, 14, 18, 22, 26}}, {0, 0, {0}}};

/* What tuning spans. */
#define LOWEST 10
#define HIGHEST 34

enum { FIRST, SECOND, DELAY, TARGET, CONDITIONS };
static const char *const conditions[CONDITIONS] = {
    [FIRST] = "f1",    /* Hz, 0 in catch trials */
    [SECOND] = "f2",   /* Hz, 0 in catch trials */
    [DELAY] = "delay", /* ms */
    [TARGET] = NAI__SONG_TARGET,
};

enum { FIXATION_EPOCH, F1_EPOCH, DELAY_EPOCH, F2_EPOCH, DECISION_EPOCH, EPOCHS };
static const char *const epoch_names[EPOCHS] = {"fixation", "stimulus1", "delay", "stimulus2",
                                                "decision"};
static const nai__epoch epochs[EPOCHS] = {{NAI__SONG_FIXATION, NAI__LISTED},
                                          {STIMULUS1, NAI__LISTED},
                                          {DELAY_MIN, NAI__UNIFORM},
                                          {STIMULUS2, NAI__LISTED},
                                          {DECISION, NAI__LISTED | NAI__NEEDED}};

enum { DRAW_TARGET = NAI__SONG_DRAWS };

static void show(nai__trial *trial, nai__span span, double f)
{
  nai__set_input(trial, span, 0, 0.4 + 0.8 * (f - LOWEST) / (HIGHEST - LOWEST));
  nai__set_input(trial, span, 1, 0.4 + 0.8 * (HIGHEST - f) / (HIGHEST - LOWEST));
}

static void fill(nai__trial *trial)
{
  if (nai__song_catch(trial, TARGET)) return;
  int right = nai__trial_below(trial, DRAW_TARGET, 2);
  double low = trial->value[FREQUENCY], high = low + trial->value[DIFFERENCE];
  double first = right == 0 ? high : low, second = right == 0 ? low : high;
  show(trial, trial->epoch[F1_EPOCH], first);
  show(trial, trial->epoch[F2_EPOCH], second);
  nai__song_answer(trial, trial->epoch[FIXATION_EPOCH], trial->epoch[DECISION_EPOCH], TARGET,
                   right);
  nai__set_condition(trial, FIRST, first);
  nai__set_condition(trial, SECOND, second);
  nai__set_condition(trial, DELAY, nai__trial_duration(trial, trial->epoch[DELAY_EPOCH]));
}

const nai__task_kind nai__song_parametric_working_memory = {
    .name = "song-parametric-working-memory",
    .n_inputs = 2,
    .n_outputs = 2,
    .n_conditions = CONDITIONS,
    .condition_names = conditions,
    .parameters = parameters,
    .n_parameters = NAI__AT_MOST(PARAMETERS, NAI__MOST_PARAMETERS),
    .lists = lists,
    .steps = nai__song_steps,
    .epochs = epochs,
    .n_epochs = NAI__AT_MOST(EPOCHS, NAI__MOST_EPOCHS),
    .epoch_names = epoch_names,
    .fill = fill,
    .judge = nai__song_judge,
};
