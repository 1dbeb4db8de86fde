/*
 * Sequences of eye movements, of Song, Yang & Wang (2016) after Averbeck & Lee (2007): start in the
 * middle of a grid of three by three dots and make the three movements that belong to the sequence
 * asked for. Outputs: where the eye looks, x and y, dots at -0.5, 0 and 0.5.
 *
 * Inputs: 0 .. 8: the dots shown (0, 1, 2 the upper row, from the left): in fixation the middle one,
 * in each movement the dot where it starts and the two where it could end; 9 .. 16: which sequence,
 * 1 during the whole trial. Targets: the middle in fixation, then where each movement ends. The mask
 * is 0 between trials, which come first. Baseline, noise and rectification of inputs are the
 * network's. In the published training the state was meant to carry over from trial to trial; here
 * each trial starts anew, as it did in effect.
 *
 * Judged by the root mean square error over what counts: correct when it is at most `tolerance` (the
 * published criterion is 0.05 over all trials). The choice is the sequence, 0 .. 7, whose dots are
 * the nearest at the last step of each movement; -1 when no sequence is.
 */
#include <math.h>

#include "epochs.h"

enum { BETWEEN, FIXATION, MOVEMENT, SEQUENCE, TOLERANCE, PARAMETERS };

/* name, unit, meaning, default, smallest, largest */
static const nai__parameter parameters[PARAMETERS] = {
    [BETWEEN] = {"between", "ms", "duration from the last trial to fixation", 1000, 0, 1e7, 0},
    [FIXATION] = {"fixation", "ms", "duration of fixation", 1000, 0, 1e7, 0},
    [MOVEMENT] = {"movement", "ms", "duration of each of the three movements", 500, 0, 1e7, 0},
    [SEQUENCE] = {"sequence", "", "which sequence", 1, 1, 8, 1},
    [TOLERANCE] = {"tolerance", "", "largest root mean square error of a correct trial", 0.05, 0,
                   1e6, 0},
};
static const nai__list_default lists[] = {{SEQUENCE, 8, {1, 2, 3, 4, 5, 6, 7, 8}}, {0, 0, {0}}};

enum { WHICH, BETWEEN_DURATION, FIXATION_DURATION, MOVEMENT_DURATION, CONDITIONS };
static const char *const conditions[CONDITIONS] = {
    [WHICH] = "sequence",             /* 1 to 8 */
    [BETWEEN_DURATION] = "between",   /* ms */
    [FIXATION_DURATION] = "fixation", /* ms */
    [MOVEMENT_DURATION] = "movement", /* ms */
};

enum { BETWEEN_EPOCH, FIXATION_EPOCH, MOVEMENTS, EPOCHS = MOVEMENTS + 3 };
static const char *const epoch_names[EPOCHS] = {"between", "fixation", "movement1", "movement2",
                                                "movement3"};
static const nai__epoch epochs[EPOCHS] = {
    {BETWEEN, NAI__LISTED},
    {FIXATION, NAI__LISTED},
    {MOVEMENT, NAI__LISTED | NAI__NEEDED},
    {MOVEMENT, NAI__LISTED | NAI__NEEDED},
    {MOVEMENT, NAI__LISTED | NAI__NEEDED},
};

enum { SEQUENCES = 8, MIDDLE = 4, FIRST_SEQUENCE_INPUT = 9 };

/* The dot where each movement starts, and at last where the sequence ends. */
static const int sequences[SEQUENCES][4] = {{MIDDLE, 5, 1, 0}, {MIDDLE, 3, 1, 2}, {MIDDLE, 3, 7, 8},
                                            {MIDDLE, 5, 7, 6}, {MIDDLE, 5, 1, 2}, {MIDDLE, 3, 1, 0},
                                            {MIDDLE, 3, 7, 6}, {MIDDLE, 5, 7, 8}};

/* Where a movement from each dot could end. */
static const int ends[9][2] = {
    [1] = {0, 2}, [3] = {1, 7}, [4] = {3, 5}, [5] = {1, 7}, [7] = {6, 8}};

static double dot_x(int dot)
{
  return 0.5 * (dot % 3) - 0.5;
}

static double dot_y(int dot)
{
  return 0.5 - 0.5 * (dot / 3);
}

static void look_at(nai__trial *trial, nai__span span, int dot)
{
  nai__set_target(trial, span, 0, dot_x(dot));
  nai__set_target(trial, span, 1, dot_y(dot));
}

static void fill(nai__trial *trial)
{
  int which = (int)trial->value[SEQUENCE] - 1;
  const int *sequence = sequences[which];
  nai__set_input(trial, nai__trial_whole(trial), FIRST_SEQUENCE_INPUT + which, 1);
  nai__set_mask(trial, trial->epoch[BETWEEN_EPOCH], 0);
  nai__set_input(trial, trial->epoch[FIXATION_EPOCH], MIDDLE, 1);
  look_at(trial, trial->epoch[FIXATION_EPOCH], MIDDLE);
  for (int m = 0; m < 3; m++) {
    nai__span movement = trial->epoch[MOVEMENTS + m];
    nai__set_input(trial, movement, sequence[m], 1);
    for (int k = 0; k < 2; k++) nai__set_input(trial, movement, ends[sequence[m]][k], 1);
    look_at(trial, movement, sequence[m + 1]);
  }
  nai__set_condition(trial, WHICH, which + 1);
  nai__set_condition(trial, BETWEEN_DURATION,
                     nai__trial_duration(trial, trial->epoch[BETWEEN_EPOCH]));
  nai__set_condition(trial, FIXATION_DURATION,
                     nai__trial_duration(trial, trial->epoch[FIXATION_EPOCH]));
  nai__set_condition(trial, MOVEMENT_DURATION, nai__trial_duration(trial, trial->epoch[MOVEMENTS]));
}

/* --- judging ---------------------------------------------------------------------------------- */

static double square_error(const float *z, int dot)
{
  double x = (double)z[0] - dot_x(dot), y = (double)z[1] - dot_y(dot);
  return x * x + y * y;
}

static int nearest_dot(const float *z)
{
  int nearest = 0;
  for (int dot = 1; dot < 9; dot++)
    if (square_error(z, dot) < square_error(z, nearest)) nearest = dot;
  return nearest;
}

static int32_t find_sequence(const int dot[3])
{
  for (int32_t s = 0; s < SEQUENCES; s++)
    if (sequences[s][1] == dot[0] && sequences[s][2] == dot[1] && sequences[s][3] == dot[2])
      return s;
  return -1;
}

/* Steps in a condition that is a duration. */
static int64_t count(const nai_judgement *judgement, int condition)
{
  return llround((double)judgement->condition[condition] / judgement->dt);
}

/* Trials given as arrays may not say what they are, or not be what they say. */
static int can_judge(const nai_judgement *judgement)
{
  for (int c = 0; c < CONDITIONS; c++)
    if (!(judgement->condition[c] >= 0)) return 0;
  if (judgement->condition[WHICH] < 1 || judgement->condition[WHICH] > SEQUENCES) return 0;
  int64_t counted = count(judgement, FIXATION_DURATION) + 3 * count(judgement, MOVEMENT_DURATION);
  return counted > 0 && count(judgement, BETWEEN_DURATION) + counted == judgement->steps;
}

static nai_status judge(void *user, nai_judgement *judgement)
{
  const nai__builtin_task *task = user;
  if (!can_judge(judgement)) return NAI_OK;
  const int *sequence = sequences[(int)judgement->condition[WHICH] - 1];
  int64_t t = count(judgement, BETWEEN_DURATION), counted = judgement->steps - t;
  int64_t fixation = count(judgement, FIXATION_DURATION);
  int64_t movement = count(judgement, MOVEMENT_DURATION);
  int dot[3] = {-1, -1, -1};
  double sum = 0;
  for (int e = 0; e < 4; e++) {
    int64_t end = t + (e == 0 ? fixation : movement);
    for (; t < end; t++)
      sum += square_error(judgement->output + t * judgement->stride, sequence[e]);
    if (e > 0 && movement > 0)
      dot[e - 1] = nearest_dot(judgement->output + (t - 1) * judgement->stride);
  }
  judgement->correct =
      sqrt(sum / (2 * (double)counted)) <= task->parameters.list[TOLERANCE].value[0];
  judgement->choice = !isfinite(sum) ? -1 : find_sequence(dot);
  return NAI_OK;
}

const nai__task_kind nai__song_eye_movement_sequence = {
    .name = "song-eye-movement-sequence",
    .n_inputs = 17,
    .n_outputs = 2,
    .n_conditions = CONDITIONS,
    .condition_names = conditions,
    .parameters = parameters,
    .n_parameters = NAI__AT_MOST(PARAMETERS, NAI__MOST_PARAMETERS),
    .n_single = PARAMETERS - TOLERANCE,
    .lists = lists,
    .epochs = epochs,
    .n_epochs = NAI__AT_MOST(EPOCHS, NAI__MOST_EPOCHS),
    .epoch_names = epoch_names,
    .fill = fill,
    .judge = judge,
};
