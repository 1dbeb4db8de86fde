/*
 * Perceptual decision-making (Britten et al. 1992), as neurogym defines it: fixate, watch two noisy
 * stimuli, say which one was stronger. Inputs: fixation cue, stimulus 1, stimulus 2. Classes: 0
 * fixate, 1, 2.
 *
 * Each epoch has as many steps as fit into it. The cue is on during fixation alone, or until the
 * decision, which a delay that varies needs; stimulus k is, at each step of its epoch, 1/2 +
 * coherence / 200 cos(theta_k - theta_target) + sigma / sqrt(dt) xi, dt in ms; the right class is
 * the target during the decision, and 0 before.
 */
#include "neurogym.h"

enum { FIXATION, STIMULUS, DELAY, DECISION, SIGMA, COHERENCE, CUE, PARAMETERS };
enum { EPOCHS = DECISION + 1 };

/* name, unit, meaning, default, smallest, largest */
static const nai__parameter parameters[PARAMETERS] = {
    NAI__FIXATION_ROW(FIXATION, 100),
    [STIMULUS] = {"stimulus", "ms", "duration of the stimulus epoch", 2000, 0, 1e7, 0},
    [DELAY] = {"delay", "ms", "duration from the end of the stimulus to the decision", 0, 0, 1e7,
               0},
    NAI__DECISION_ROW(DECISION, 100),
    NAI__SIGMA_ROW(SIGMA),
    [COHERENCE] = {"coherence", "%", "difference between the two stimuli", 0, 0, 100, 0},
    NAI__CUE_UNTIL_DECISION_ROW(CUE),
};
static const nai__list_default lists[] = {{COHERENCE, 5, {0, 6.4, 12.8, 25.6, 51.2}}, {0, 0, {0}}};

enum { ABSOLUTE, SIGNED, TARGET, DURATION, CONDITIONS };
static const char *const conditions[CONDITIONS] = {
    [ABSOLUTE] = "coherence",      /* % */
    [SIGNED] = "signed_coherence", /* %, positive for target 2 */
    [TARGET] = "target",           /* 1 or 2 */
    [DURATION] = "stimulus",       /* ms */
};

static const nai__epoch epochs[EPOCHS] = {{FIXATION, NAI__LISTED},
                                          {STIMULUS, NAI__LISTED},
                                          {DELAY, NAI__LISTED},
                                          {DECISION, NAI__LISTED | NAI__NEEDED}};

enum { DRAW_TARGET = NAI__FIRST_DRAW_AFTER_CUE };

static void fill(nai__trial *trial)
{
  const double *value = trial->value;
  const nai__span *epoch = trial->epoch;
  int target = 1 + nai__trial_below(trial, DRAW_TARGET, 2);
  nai__set_cue(trial, epoch[value[CUE] != 0 ? DECISION : STIMULUS]);
  nai__set_ring(trial, epoch[STIMULUS], 1, 2, 0.5, value[COHERENCE] / 200,
                nai__ring_direction(target - 1, 2));
  nai__add_noise(trial, epoch[STIMULUS], 1, 2, nai__neurogym_noise(trial, value[SIGMA]));
  nai__set_class(trial, epoch[DECISION], target);
  nai__set_condition(trial, ABSOLUTE, value[COHERENCE]);
  nai__set_condition(trial, SIGNED, target == 2 ? value[COHERENCE] : 0 - value[COHERENCE]);
  nai__set_condition(trial, TARGET, target);
  nai__set_condition(trial, DURATION, value[STIMULUS]);
}

const nai__task_kind nai__perceptual_decision = {
    .name = "perceptual-decision-making",
    .n_inputs = 3,
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
