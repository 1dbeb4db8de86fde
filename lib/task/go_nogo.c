/*
 * Go or no-go, as neurogym defines it: one of two stimuli, a delay, and a decision in which to go
 * after one of them and to do nothing after the other. Inputs: fixation cue, on until the decision;
 * no-go stimulus; go stimulus. Without noise. Classes: 0 fixate, 1 go; judged at the last step.
 */
#include "epochs.h"

enum { FIXATION, STIMULUS, DELAY, DECISION, PROBABILITY, PARAMETERS };
enum { EPOCHS = DECISION + 1 };

/* name, unit, meaning, default, smallest, largest */
static const nai__parameter parameters[PARAMETERS] = {
    [FIXATION] = {"fixation", "ms", "duration of fixation", 0, 0, 1e7, 0},
    [STIMULUS] = {"stimulus", "ms", "duration of the stimulus epoch", 500, 0, 1e7, 0},
    [DELAY] = {"delay", "ms", "duration from the end of the stimulus to the decision", 500, 0, 1e7,
               0},
    [DECISION] = {"decision", "ms", "duration of the decision epoch", 500, 0, 1e7, 0},
    [PROBABILITY] = {"go_probability", "", "probability of a go trial", 0.5, 0, 1, 0},
};

enum { TARGET, CONDITIONS };
static const char *const conditions[CONDITIONS] = {
    [TARGET] = "target", /* 0 no-go, 1 go */
};

static const nai__epoch epochs[EPOCHS] = {{FIXATION, NAI__LISTED},
                                          {STIMULUS, NAI__LISTED},
                                          {DELAY, NAI__LISTED},
                                          {DECISION, NAI__LISTED | NAI__NEEDED}};

enum { DRAW_TARGET };

static void fill(nai__trial *trial)
{
  int go = nai__trial_uniform(trial, DRAW_TARGET) < trial->value[PROBABILITY];
  nai__set_input(trial, (nai__span){0, trial->epoch[DECISION].from}, 0, 1);
  nai__set_input(trial, trial->epoch[STIMULUS], 1 + go, 1);
  nai__set_class(trial, trial->epoch[DECISION], go);
  nai__set_condition(trial, TARGET, go);
}

const nai__task_kind nai__go_nogo = {
    .name = "go-nogo",
    .n_inputs = 3,
    .n_outputs = 2,
    .has_classes = 1,
    .n_conditions = CONDITIONS,
    .condition_names = conditions,
    .parameters = parameters,
    .n_parameters = NAI__AT_MOST(PARAMETERS, NAI__MOST_PARAMETERS),
    .epochs = epochs,
    .n_epochs = NAI__AT_MOST(EPOCHS, NAI__MOST_EPOCHS),
    .fill = fill,
};
