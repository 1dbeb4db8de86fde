/*
 * Parametric working memory (Romo et al. 1999), as neurogym's DelayComparison defines it: which of
 * two frequencies, a delay apart, was the higher? Inputs: fixation cue, on until the decision;
 * frequency f as (1 + (f - 10) / 24) / 2, with noise. Classes: 0 fixate, 1 the first, 2 the second.
 *
 * A trial has the frequencies `frequency` and `frequency` + `difference`, in either order: the
 * defaults are neurogym's five pairs. The coding spans 10 to 34 Hz, whatever the frequencies are;
 * neurogym's spans the frequencies that are used, so that others would be coded differently.
 */
#include "neurogym.h"

enum { FIXATION, STIMULUS1, DELAY, STIMULUS2, DECISION, SIGMA, FREQUENCY, DIFFERENCE, PARAMETERS };
enum { EPOCHS = DECISION + 1 };

/* name, unit, meaning, default, smallest, largest */
static const nai__parameter parameters[PARAMETERS] = {
    NAI__FIXATION_ROW(FIXATION, 500),
    [STIMULUS1] = {"stimulus1", "ms", "duration of the first stimulus", 500, 0, 1e7, 0},
    [DELAY] = {"delay", "ms", "duration between the two stimuli", 1000, 0, 1e7, 0},
    [STIMULUS2] = {"stimulus2", "ms", "duration of the second stimulus", 500, 0, 1e7, 0},
    NAI__DECISION_ROW(DECISION, 100),
    NAI__SIGMA_ROW(SIGMA),
    [FREQUENCY] = {"frequency", "Hz", "the lower frequency", 10, 0, 1000, 0},
    [DIFFERENCE] = {"difference", "Hz", "how much the other frequency is higher", 8, 0, 1000, 0},
};
static const nai__list_default lists[] = {{FREQUENCY, 5, {10, 14, 18, 22, 26}}, {0, 0, {0}}};

enum { SIGNED, FIRST, SECOND, DURATION, TARGET, CONDITIONS };
static const char *const conditions[CONDITIONS] = {
    [SIGNED] = "difference", /* f2 - f1, Hz */
    [FIRST] = "f1",          /* Hz */
    [SECOND] = "f2",         /* Hz */
    [DURATION] = "delay",    /* ms */
    [TARGET] = "target",     /* 1 or 2 */
};

static const nai__epoch epochs[EPOCHS] = {{FIXATION, NAI__LISTED},
                                          {STIMULUS1, NAI__LISTED},
                                          {DELAY, NAI__LISTED},
                                          {STIMULUS2, NAI__LISTED},
                                          {DECISION, NAI__LISTED | NAI__NEEDED}};

enum { DRAW_TARGET };

static void show(nai__trial *trial, nai__span span, double f)
{
  nai__set_input(trial, span, 1, (1 + (f - 10) / 24) / 2);
  nai__add_noise(trial, span, 1, 1, nai__neurogym_noise(trial, trial->value[SIGMA]));
}

static void fill(nai__trial *trial)
{
  int target = 1 + nai__trial_below(trial, DRAW_TARGET, 2);
  double low = trial->value[FREQUENCY], high = low + trial->value[DIFFERENCE];
  double first = target == 1 ? high : low, second = target == 1 ? low : high;
  nai__set_cue(trial, trial->epoch[DECISION]);
  show(trial, trial->epoch[STIMULUS1], first);
  show(trial, trial->epoch[STIMULUS2], second);
  nai__set_class(trial, trial->epoch[DECISION], target);
  nai__set_condition(trial, SIGNED, second - first);
  nai__set_condition(trial, FIRST, first);
  nai__set_condition(trial, SECOND, second);
  nai__set_condition(trial, DURATION, nai__trial_duration(trial, trial->epoch[DELAY]));
  nai__set_condition(trial, TARGET, target);
}

const nai__task_kind nai__delay_comparison = {
    .name = "delay-comparison",
    .n_inputs = 2,
    .n_outputs = 3,
    .has_classes = 1,
    .n_conditions = CONDITIONS,
    .condition_names = conditions,
    .parameters = parameters,
    .n_parameters = NAI__AT_MOST(PARAMETERS, NAI__MOST_PARAMETERS),
    .lists = lists,
    .epochs = epochs,
    .n_epochs = NAI__AT_MOST(EPOCHS, NAI__MOST_EPOCHS),
    .fill = fill,
};
