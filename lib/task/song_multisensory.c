/*
 * Multisensory integration, of Song, Yang & Wang (2016) after Raposo et al. (2014): say whether the
 * frequency of what is seen, heard, or both lies above a boundary. What it shares with the other
 * tasks of that paper: song.h.
 *
 * Inputs: 0, 2: what is seen, by units that rise and that fall with frequency f, 0.4 + 0.8 (f - 9)
 * / 7 and 0.4 + 0.8 (16 - f) / 7, on during the stimulus; 1, 3: what is heard, likewise; 4: a start
 * cue, 1 from the stimulus to the end (in the published networks no unit listened to it). Output 0
 * is right above the boundary, output 1 at or below it.
 */
#include "song.h"

enum { MODALITY = NAI__SONG_PARAMETERS, FREQUENCY, BOUNDARY, STIMULUS, DECISION, PARAMETERS };

/* name, unit, meaning, default, smallest, largest */
static const nai__parameter parameters[PARAMETERS] = {
    NAI__SONG_SHARED(1, 5 / 25.0, 2500),
    [MODALITY] = {"modality", "", "1 visual, 2 auditory, 3 both", 3, 1, 3, 1},
    [FREQUENCY] = {"frequency", "Hz", "of the events", 9, 0, 1000, 0},
    [BOUNDARY] = {"boundary", "Hz", "above it output 0 is right", 12.5, 0, 1000, 0},
    [STIMULUS] = {"stimulus", "ms", "duration of the stimulus epoch", 1000, 0, 1e7, 0},
    [DECISION] = {"decision", "ms", "duration of the decision epoch", 300, 0, 1e7, 0},
};
static const nai__list_default lists[] = {
    {MODALITY, 3, {1, 2, 3}}, {FREQUENCY, 8, {9, 10, 11, 12, 13, 14, 15, 16}}, {0, 0, {0}}};

/* What tuning spans. */
#define LOWEST 9
#define HIGHEST 16

enum { RATE, SENSES, TARGET, CONDITIONS };
static const char *const conditions[CONDITIONS] = {
    [RATE] = "frequency",  /* Hz, 0 in catch trials */
    [SENSES] = "modality", /* as the parameter; 0 in catch trials */
    [TARGET] = NAI__SONG_TARGET,
};

enum { FIXATION_EPOCH, STIMULUS_EPOCH, DECISION_EPOCH, EPOCHS };
static const nai__epoch epochs[EPOCHS] = {{NAI__SONG_FIXATION, NAI__LISTED},
                                          {STIMULUS, NAI__LISTED},
                                          {DECISION, NAI__LISTED | NAI__NEEDED}};

enum { START_CUE = 4 };

static void fill(nai__trial *trial)
{
  if (nai__song_catch(trial, TARGET)) return;
  int modality = (int)trial->value[MODALITY];
  double f = trial->value[FREQUENCY];
  nai__span stimulus = trial->epoch[STIMULUS_EPOCH], decision = trial->epoch[DECISION_EPOCH];
  for (int sense = 0; sense < 2; sense++) {
    if (!(modality & (1 << sense))) continue;
    nai__set_input(trial, stimulus, sense, 0.4 + 0.8 * (f - LOWEST) / (HIGHEST - LOWEST));
    nai__set_input(trial, stimulus, 2 + sense, 0.4 + 0.8 * (HIGHEST - f) / (HIGHEST - LOWEST));
  }
  nai__set_input(trial, (nai__span){stimulus.from, decision.end}, START_CUE, 1);
  nai__song_answer(trial, trial->epoch[FIXATION_EPOCH], decision, TARGET,
                   f > trial->value[BOUNDARY] ? 0 : 1);
  nai__set_condition(trial, RATE, f);
  nai__set_condition(trial, SENSES, modality);
}

const nai__task_kind nai__song_multisensory = {
    .name = "song-multisensory",
    .n_inputs = 5,
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
