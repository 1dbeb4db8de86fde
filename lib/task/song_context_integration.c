/*
 * Context-dependent integration, of Song, Yang & Wang (2016) after Mante et al. (2013): motion and
 * colour each speak for one of two choices, and the context says which of them counts. What it
 * shares with the other tasks of that paper: song.h.
 *
 * Inputs, on during the stimulus: 0, 1: context, 1 for motion or colour; 2, 3: motion, (1 +
 * coherence / 100) / 2 for the output that it speaks for and (1 - coherence / 100) / 2 for the
 * other; 4, 5: colour likewise. Both draw coherence and side on their own.
 */
#include "song.h"

enum { CONTEXT = NAI__SONG_PARAMETERS, MOTION, COLOUR, STIMULUS, DECISION, PARAMETERS };

/* name, unit, meaning, default, smallest, largest */
static const nai__parameter parameters[PARAMETERS] = {
    NAI__SONG_SHARED(1, 1 / 73.0, 2000),
    [CONTEXT] = {"context", "", "what counts: 1 motion, 2 colour", 1, 1, 2, 1},
    [MOTION] = {"motion", "%", "coherence of motion", 5, 0, 100, 0},
    [COLOUR] = {"colour", "%", "coherence of colour", 5, 0, 100, 0},
    [STIMULUS] = {"stimulus", "ms", "duration of the stimulus epoch", 800, 0, 1e7, 0},
    [DECISION] = {"decision", "ms", "duration of the decision epoch", 300, 0, 1e7, 0},
};
static const nai__list_default lists[] = {
    {CONTEXT, 2, {1, 2}}, {MOTION, 3, {5, 15, 50}}, {COLOUR, 3, {5, 15, 50}}, {0, 0, {0}}};

enum { WHICH, SIGNED_MOTION, SIGNED_COLOUR, SIGNED, TARGET, CONDITIONS };
static const char *const conditions[CONDITIONS] = {
    [WHICH] = "context",           /* 1 motion, 2 colour, 0 in catch trials */
    [SIGNED_MOTION] = "motion",    /* %, positive for output 1 */
    [SIGNED_COLOUR] = "colour",    /* %, positive for output 1 */
    [SIGNED] = "signed_coherence", /* of what counts */
    [TARGET] = NAI__SONG_TARGET,
};

enum { FIXATION_EPOCH, STIMULUS_EPOCH, DECISION_EPOCH, EPOCHS };
static const nai__epoch epochs[EPOCHS] = {{NAI__SONG_FIXATION, NAI__LISTED},
                                          {STIMULUS, NAI__LISTED},
                                          {DECISION, NAI__LISTED | NAI__NEEDED}};

enum { DRAW_MOTION = NAI__SONG_DRAWS, DRAW_COLOUR };

/* Coherence with a sign, %; channels first and first + 1. */
static double show(nai__trial *trial, int64_t first, double coherence, int side)
{
  nai__span stimulus = trial->epoch[STIMULUS_EPOCH];
  nai__set_input(trial, stimulus, first + side, (1 + coherence / 100) / 2);
  nai__set_input(trial, stimulus, first + 1 - side, (1 - coherence / 100) / 2);
  return side == 1 ? coherence : 0 - coherence;
}

static void fill(nai__trial *trial)
{
  if (nai__song_catch(trial, TARGET)) return;
  int context = (int)trial->value[CONTEXT];
  int motion = nai__trial_below(trial, DRAW_MOTION, 2);
  int colour = nai__trial_below(trial, DRAW_COLOUR, 2);
  nai__set_input(trial, trial->epoch[STIMULUS_EPOCH], context - 1, 1);
  double signed_motion = show(trial, 2, trial->value[MOTION], motion);
  double signed_colour = show(trial, 4, trial->value[COLOUR], colour);
  nai__song_answer(trial, trial->epoch[FIXATION_EPOCH], trial->epoch[DECISION_EPOCH], TARGET,
                   context == 1 ? motion : colour);
  nai__set_condition(trial, WHICH, context);
  nai__set_condition(trial, SIGNED_MOTION, signed_motion);
  nai__set_condition(trial, SIGNED_COLOUR, signed_colour);
  nai__set_condition(trial, SIGNED, context == 1 ? signed_motion : signed_colour);
}

const nai__task_kind nai__song_context_integration = {
    .name = "song-context-integration",
    .n_inputs = 6,
    .n_outputs = 2,
    .n_conditions = CONDITIONS,
    .condition_names = conditions,
    .parameters = parameters,
    .n_parameters = NAI__AT_MOST(PARAMETERS, NAI__MOST_PARAMETERS),
    .lists = lists,
    .steps = nai__song_steps,
    .epochs = epochs,
    .n_epochs = NAI__AT_MOST(EPOCHS, NAI__MOST_EPOCHS),
    .fill = fill,
    .judge = nai__song_judge,
};
