/*
 * Multisensory integration, as neurogym defines it: two modalities speak for the same of two
 * choices; a share of the coherence, uniform from none to all, is in the first and the rest in the
 * second. Inputs: fixation cue, on until the decision; stimuli 1, 2 of modality 1; stimuli 1, 2 of
 * modality 2: 1/2 + coherence / 200 cos(theta_k - theta_target) plus noise. Classes: 0 fixate, 1, 2.
 */
#include "neurogym.h"

enum { FIXATION, STIMULUS, DECISION, SIGMA, COHERENCE, PARAMETERS };
enum { EPOCHS = DECISION + 1 };

/* name, unit, meaning, default, smallest, largest */
static const nai__parameter parameters[PARAMETERS] = {
    NAI__FIXATION_ROW(FIXATION, 300),
    [STIMULUS] = {"stimulus", "ms", "duration of the stimulus epoch", 750, 0, 1e7, 0},
    NAI__DECISION_ROW(DECISION, 100),
    NAI__SIGMA_ROW(SIGMA),
    [COHERENCE] = {"coherence", "%", "difference between the stimuli, both modalities together", 5,
                   0, 100, 0},
};
static const nai__list_default lists[] = {{COHERENCE, 3, {5, 15, 50}}, {0, 0, {0}}};

enum { ABSOLUTE, SIGNED, SHARE, TARGET, CONDITIONS };
static const char *const conditions[CONDITIONS] = {
    [ABSOLUTE] = "coherence",      /* % */
    [SIGNED] = "signed_coherence", /* %, positive for target 2 */
    [SHARE] = "share",             /* of the coherence that is in modality 1: 0 to 1 */
    [TARGET] = "target",           /* 1 or 2 */
};

static const nai__epoch epochs[EPOCHS] = {
    {FIXATION, NAI__LISTED}, {STIMULUS, NAI__LISTED}, {DECISION, NAI__LISTED | NAI__NEEDED}};

enum { DRAW_TARGET, DRAW_SHARE };

static void fill(nai__trial *trial)
{
  nai__span stimulus = trial->epoch[STIMULUS];
  int target = 1 + nai__trial_below(trial, DRAW_TARGET, 2);
  double coherence = trial->value[COHERENCE], share = nai__trial_uniform(trial, DRAW_SHARE);
  double theta = nai__ring_direction(target - 1, 2);
  nai__set_cue(trial, trial->epoch[DECISION]);
  nai__set_ring(trial, stimulus, 1, 2, 0.5, coherence * share / 200, theta);
  nai__set_ring(trial, stimulus, 3, 2, 0.5, coherence * (1 - share) / 200, theta);
  nai__add_noise(trial, stimulus, 1, 4, nai__neurogym_noise(trial, trial->value[SIGMA]));
  nai__set_class(trial, trial->epoch[DECISION], target);
  nai__set_condition(trial, ABSOLUTE, coherence);
  nai__set_condition(trial, SIGNED, target == 2 ? coherence : 0 - coherence);
  nai__set_condition(trial, SHARE, share);
  nai__set_condition(trial, TARGET, target);
}

const nai__task_kind nai__multisensory = {
    .name = "multisensory-integration",
    .n_inputs = 5,
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
