/*
 * Random dots, the decision of Song, Yang & Wang (2016) after Roitman & Shadlen (2002): say which
 * of two inputs is the stronger. What it shares with the other tasks of that paper: song.h.
 *
 * During the stimulus input k is (1 + coherence / 100) / 2 when output k is the right one, and
 * (1 - coherence / 100) / 2 when it is not. Three forms:
 * - fixed duration: fixation, stimulus, decision; two inputs.
 * - variable: the stimulus is exponential, cut off at both ends (Kiani et al. 2008); the third
 *   input is a start cue, 1 during the stimulus.
 * - reaction time: the decision begins `grace` after the stimulus and ends with it; start cue as
 *   above. The right output is to reach 1.2, and the first one above `threshold` is the choice. If
 *   neither ever is, the choice is the larger one at the trial's end, as it was while the published
 *   networks learned.
 */
#include "../base/error.h"
#include "song.h"

/* DECISION is `grace` in the reaction-time form. */
enum { COHERENCE = NAI__SONG_PARAMETERS, DECISION, STIMULUS, FIXED_PARAMETERS };
enum { STIMULUS_MIN = FIXED_PARAMETERS, STIMULUS_MAX, VARIABLE_PARAMETERS };
enum { THRESHOLD = FIXED_PARAMETERS, REACTION_PARAMETERS };

#define COHERENCE_ROW \
  [COHERENCE] = {"coherence", "%", "difference between the two stimuli", 3.2, 0, 100, 0}
#define DECISION_ROW \
  [DECISION] = {"decision", "ms", "duration of the decision epoch", 300, 0, 1e7, 0}

/* name, unit, meaning, default, smallest, largest */
static const nai__parameter fixed_parameters[FIXED_PARAMETERS] = {
    NAI__SONG_SHARED(1, 1 / 11.0, 2000),
    COHERENCE_ROW,
    DECISION_ROW,
    [STIMULUS] = {"stimulus", "ms", "duration of the stimulus epoch", 800, 0, 1e7, 0},
};
static const nai__parameter variable_parameters[VARIABLE_PARAMETERS] = {
    NAI__SONG_SHARED(1, 1 / 11.0, 2000),
    COHERENCE_ROW,
    DECISION_ROW,
    [STIMULUS] = {"stimulus", "ms",
                  "mean of the exponential from which the duration of the stimulus is drawn", 330,
                  1e-3, 1e7, 0},
    [STIMULUS_MIN] = {"stimulus_min", "ms", "shortest stimulus", 80, 0, 1e7, 0},
    [STIMULUS_MAX] = {"stimulus_max", "ms", "longest stimulus", 1500, 0, 1e7, 0},
};
static const nai__parameter reaction_parameters[REACTION_PARAMETERS] = {
    NAI__SONG_SHARED(1.2, 5 / 11.0, 2000),
    COHERENCE_ROW,
    [DECISION] = {"grace", "ms", "from the start of the stimulus to that of the decision", 300, 0,
                  1e7, 0},
    [STIMULUS] = {"stimulus", "ms", "duration of the stimulus, to the end of the trial", 800, 0,
                  1e7, 0},
    [THRESHOLD] = {"threshold", "", "the first output above it is the choice", 1, -1e6, 1e6, 0},
};
static const nai__list_default lists[] = {{COHERENCE, 5, {3.2, 6.4, 12.8, 25.6, 51.2}},
                                          {0, 0, {0}}};

enum { ABSOLUTE, SIGNED, DURATION, ONSET, TARGET, CONDITIONS };
static const char *const conditions[CONDITIONS] = {
    [ABSOLUTE] = "coherence",      /* %, 0 in catch trials */
    [SIGNED] = "signed_coherence", /* %, positive for output 1 */
    [DURATION] = "stimulus",       /* ms */
    [ONSET] = "onset",             /* of the stimulus, ms: reaction times count from here */
    [TARGET] = NAI__SONG_TARGET,
};

enum { FIXATION_EPOCH, STIMULUS_EPOCH, DECISION_EPOCH, EPOCHS };
static const nai__epoch fixed_epochs[EPOCHS] = {{NAI__SONG_FIXATION, NAI__LISTED},
                                                {STIMULUS, NAI__LISTED},
                                                {DECISION, NAI__LISTED | NAI__NEEDED}};
static const nai__epoch variable_epochs[EPOCHS] = {{NAI__SONG_FIXATION, NAI__LISTED},
                                                   {STIMULUS, NAI__EXPONENTIAL},
                                                   {DECISION, NAI__LISTED | NAI__NEEDED}};
/* In the reaction-time form the decision is a part of the stimulus. */
enum { REACTION_EPOCHS = DECISION_EPOCH };
static const char *const within_stimulus[] = {"decision"};

enum { DRAW_TARGET = NAI__SONG_DRAWS };

/* Everything but the answer; -1 in a catch trial, else the right output. */
static int show(nai__trial *trial)
{
  if (nai__song_catch(trial, TARGET)) return -1;
  int right = nai__trial_below(trial, DRAW_TARGET, 2);
  double coherence = trial->value[COHERENCE];
  nai__span stimulus = trial->epoch[STIMULUS_EPOCH];
  nai__set_input(trial, stimulus, right, (1 + coherence / 100) / 2);
  nai__set_input(trial, stimulus, 1 - right, (1 - coherence / 100) / 2);
  nai__set_condition(trial, ABSOLUTE, coherence);
  nai__set_condition(trial, SIGNED, right == 1 ? coherence : 0 - coherence);
  nai__set_condition(trial, DURATION, nai__trial_duration(trial, stimulus));
  nai__set_condition(trial, ONSET, (double)stimulus.from * trial->batch->dt);
  return right;
}

static void fill_fixed(nai__trial *trial)
{
  int right = show(trial);
  if (right < 0) return;
  nai__song_answer(trial, trial->epoch[FIXATION_EPOCH], trial->epoch[DECISION_EPOCH], TARGET,
                   right);
}

static void set_start_cue(nai__trial *trial)
{
  nai__set_input(trial, trial->epoch[STIMULUS_EPOCH], 2, 1);
}

static void fill_variable(nai__trial *trial)
{
  int right = show(trial);
  if (right < 0) return;
  set_start_cue(trial);
  nai__song_answer(trial, trial->epoch[FIXATION_EPOCH], trial->epoch[DECISION_EPOCH], TARGET,
                   right);
}

static void fill_reaction(nai__trial *trial)
{
  int right = show(trial);
  if (right < 0) return;
  set_start_cue(trial);
  nai__span decision = trial->epoch[STIMULUS_EPOCH];
  decision.from += nai__task_steps(trial->value[DECISION], trial->batch->dt);
  trial->epoch[DECISION_EPOCH] = decision;
  nai__song_answer(trial, trial->epoch[FIXATION_EPOCH], decision, TARGET, right);
}

/*
 * The first output above the threshold; of two at the same step the larger one. There is none once
 * an output has not been finite, whatever the outputs are at the end.
 */
static nai_status judge_reaction(void *user, nai_judgement *judgement)
{
  const nai__builtin_task *task = user;
  double threshold = task->parameters.list[THRESHOLD].value[0];
  if (!(judgement->condition[TARGET] >= 0)) return NAI_OK;
  for (int64_t t = 0; t < judgement->steps; t++) {
    int32_t largest = nai__largest_output(judgement, t);
    if (largest < 0) {
      judgement->correct = 0;
      return NAI_OK;
    }
    if (!((double)judgement->output[t * judgement->stride + largest] > threshold)) continue;
    judgement->choice = largest;
    judgement->correct = (float)largest == judgement->condition[TARGET];
    judgement->time = (double)(t + 1) * judgement->dt;
    return NAI_OK;
  }
  return nai__song_judge(user, judgement);
}

/* The decision begins within the stimulus. */
static nai_status count_reaction_steps(int64_t *longest, const nai__builtin_task *task, double dt)
{
  const nai__parameters *p = &task->parameters;
  const nai__list *grace = &p->list[DECISION];
  NAI__TRY(nai__check_steps(grace->value, grace->n, p->rule[DECISION].name, 0, dt));
  double latest = nai__list_largest(grace), shortest = nai__list_smallest(&p->list[STIMULUS]);
  if (nai__task_steps(latest, dt) >= nai__task_steps(shortest, dt))
    return nai__fail(NAI_ERR_INVALID,
                     "a grace of %g ms leaves no step of dt = %g ms for the decision in a stimulus "
                     "of %g ms",
                     latest, dt, shortest);
  return nai__song_steps(longest, task, dt);
}

const nai__task_kind nai__song_random_dots = {
    .name = "song-random-dots",
    .n_inputs = 2,
    .n_outputs = 2,
    .n_conditions = CONDITIONS,
    .condition_names = conditions,
    .parameters = fixed_parameters,
    .n_parameters = NAI__AT_MOST(FIXED_PARAMETERS, NAI__MOST_PARAMETERS),
    .lists = lists,
    .steps = nai__song_steps,
    .epochs = fixed_epochs,
    .n_epochs = NAI__AT_MOST(EPOCHS, NAI__MOST_EPOCHS),
    .fill = fill_fixed,
    .judge = nai__song_judge,
};

const nai__task_kind nai__song_random_dots_variable = {
    .name = "song-random-dots-variable",
    .n_inputs = 3,
    .n_outputs = 2,
    .n_conditions = CONDITIONS,
    .condition_names = conditions,
    .parameters = variable_parameters,
    .n_parameters = NAI__AT_MOST(VARIABLE_PARAMETERS, NAI__MOST_PARAMETERS),
    .lists = lists,
    .steps = nai__song_steps,
    .epochs = variable_epochs,
    .n_epochs = NAI__AT_MOST(EPOCHS, NAI__MOST_EPOCHS),
    .fill = fill_variable,
    .judge = nai__song_judge,
};

const nai__task_kind nai__song_random_dots_reaction_time = {
    .name = "song-random-dots-reaction-time",
    .n_inputs = 3,
    .n_outputs = 2,
    .n_conditions = CONDITIONS,
    .condition_names = conditions,
    .parameters = reaction_parameters,
    .n_parameters = NAI__AT_MOST(REACTION_PARAMETERS, NAI__MOST_PARAMETERS),
    .n_single = REACTION_PARAMETERS - THRESHOLD,
    .lists = lists,
    .steps = count_reaction_steps,
    .epochs = fixed_epochs,
    .n_epochs = NAI__AT_MOST(REACTION_EPOCHS, NAI__MOST_EPOCHS),
    .more_epochs = within_stimulus,
    .n_more_epochs = 1,
    .fill = fill_reaction,
    .judge = judge_reaction,
    .timed = 1,
};
