/*
 * Context-dependent decision-making (Mante et al. 2013), as neurogym defines it with an explicit
 * context: two modalities each show two noisy stimuli; say which one was stronger in the modality
 * that counts. Inputs: fixation cue; stimuli 1, 2 of modality 1; stimuli 1, 2 of modality 2;
 * contexts 1, 2. Classes: 0 fixate, 1, 2.
 *
 * The cue is on during fixation alone, or until the decision; the context during the whole trial;
 * stimulus k of a modality is 1/2 + coherence / 200 cos(theta_k - theta) plus noise, and each
 * modality draws coherence and side on its own. The delay is exponential, cut off at both ends.
 * Neurogym's implicit context, one modality that always counts, is `context` 1 or 2.
 *
 * With neurogym's cue, the default, no input tells when a delay is over: a network that is trained
 * on it learns to fixate for good. With `cue_until_decision` 1, or with a delay that is always the
 * same, the task can be learnt.
 */
#include "neurogym.h"

enum {
  FIXATION,
  STIMULUS,
  DELAY,
  DELAY_MIN,
  DELAY_MAX,
  DECISION,
  SIGMA,
  CONTEXT,
  COHERENCE1,
  COHERENCE2,
  CUE,
  PARAMETERS
};

/* name, unit, meaning, default, smallest, largest */
static const nai__parameter parameters[PARAMETERS] = {
    NAI__FIXATION_ROW(FIXATION, 300),
    [STIMULUS] = {"stimulus", "ms", "duration of the stimulus epoch", 750, 0, 1e7, 0},
    [DELAY] = {"delay", "ms", "mean of the exponential from which the delay is drawn", 600, 1e-3,
               1e7, 0},
    [DELAY_MIN] = {"delay_min", "ms", "shortest delay", 300, 0, 1e7, 0},
    [DELAY_MAX] = {"delay_max", "ms", "longest delay", 3000, 0, 1e7, 0},
    NAI__DECISION_ROW(DECISION, 100),
    NAI__SIGMA_ROW(SIGMA),
    [CONTEXT] = {"context", "", "the modality that counts", 1, 1, 2, 1},
    [COHERENCE1] = {"coherence1", "%", "difference between the stimuli of modality 1", 5, 0, 100,
                    0},
    [COHERENCE2] = {"coherence2", "%", "difference between the stimuli of modality 2", 5, 0, 100,
                    0},
    NAI__CUE_UNTIL_DECISION_ROW(CUE),
};
static const nai__list_default lists[] = {
    {CONTEXT, 2, {1, 2}}, {COHERENCE1, 3, {5, 15, 50}}, {COHERENCE2, 3, {5, 15, 50}}, {0, 0, {0}}};

enum { SIGNED, SIGNED1, SIGNED2, WHICH, DURATION, TARGET, CONDITIONS };
static const char *const conditions[CONDITIONS] = {
    [SIGNED] = "signed_coherence",   /* of the modality that counts: %, positive for target 2 */
    [SIGNED1] = "signed_coherence1", /* of modality 1 */
    [SIGNED2] = "signed_coherence2", /* of modality 2 */
    [WHICH] = "context",             /* 1 or 2 */
    [DURATION] = "delay",            /* ms */
    [TARGET] = "target",             /* 1 or 2 */
};

enum { FIXATION_EPOCH, STIMULUS_EPOCH, DELAY_EPOCH, DECISION_EPOCH, EPOCHS };
static const nai__epoch epochs[EPOCHS] = {{FIXATION, NAI__LISTED},
                                          {STIMULUS, NAI__LISTED},
                                          {DELAY, NAI__EXPONENTIAL},
                                          {DECISION, NAI__LISTED | NAI__NEEDED}};

enum { DRAW_TARGET = NAI__FIRST_DRAW_AFTER_CUE, DRAW_OTHER };
enum { FIRST_CONTEXT_INPUT = 5 };

/* Coherence with a sign, %. */
static double show(nai__trial *trial, int modality, int side)
{
  double coherence = trial->value[modality == 1 ? COHERENCE1 : COHERENCE2];
  nai__set_ring(trial, trial->epoch[STIMULUS_EPOCH], 2 * modality - 1, 2, 0.5, coherence / 200,
                nai__ring_direction(side - 1, 2));
  return side == 2 ? coherence : 0 - coherence;
}

static void fill(nai__trial *trial)
{
  int context = (int)trial->value[CONTEXT];
  int target = 1 + nai__trial_below(trial, DRAW_TARGET, 2);
  int other = 1 + nai__trial_below(trial, DRAW_OTHER, 2);
  nai__set_cue(trial, trial->epoch[trial->value[CUE] != 0 ? DECISION_EPOCH : STIMULUS_EPOCH]);
  double first = show(trial, 1, context == 1 ? target : other);
  double second = show(trial, 2, context == 2 ? target : other);
  nai__add_noise(trial, trial->epoch[STIMULUS_EPOCH], 1, 4,
                 nai__neurogym_noise(trial, trial->value[SIGMA]));
  nai__set_input(trial, nai__trial_whole(trial), FIRST_CONTEXT_INPUT + context - 1, 1);
  nai__set_class(trial, trial->epoch[DECISION_EPOCH], target);
  nai__set_condition(trial, SIGNED, context == 1 ? first : second);
  nai__set_condition(trial, SIGNED1, first);
  nai__set_condition(trial, SIGNED2, second);
  nai__set_condition(trial, WHICH, context);
  nai__set_condition(trial, DURATION, nai__trial_duration(trial, trial->epoch[DELAY_EPOCH]));
  nai__set_condition(trial, TARGET, target);
}

const nai__task_kind nai__context_decision = {
    .name = "context-decision-making",
    .n_inputs = 7,
    .n_outputs = 3,
    .has_classes = 1,
    .n_conditions = CONDITIONS,
    .condition_names = conditions,
    .parameters = parameters,
    .n_parameters = NAI__AT_MOST(PARAMETERS, NAI__MOST_PARAMETERS),
    .n_single = PARAMETERS - CUE,
    .lists = lists,
    .epochs = epochs,
    .n_epochs = NAI__AT_MOST(EPOCHS, NAI__MOST_EPOCHS),
    .fill = fill,
};
