/*
 * Delayed match to sample (Miller et al. 1996) and to category (Freedman & Assad 2006), as
 * neurogym defines them: a sample direction, a delay, a test direction: do they match? Inputs:
 * fixation cue, on until the answer; a ring, 1/2 + 1/2 cos(preferred direction - direction), with
 * noise. Classes: 0 fixate, 1 match, 2 non-match.
 *
 * To sample: a ring of two; the sample is one of its two directions, a non-match the other one; the
 * answer is in a decision epoch after the test. To category: sample and test are any direction, in
 * category 0 below pi and 1 from pi on; they match when their categories do; the answer is during
 * the test. This ring has sixteen directions, as in neurogym's own collection of the tasks of Yang
 * et al. (2019). Its default of two, at 0 and pi, makes the task impossible: directions theta and
 * 2 pi - theta look the same there and are in different categories.
 */
#include "neurogym.h"

enum { FIXATION, SAMPLE, DELAY, TEST, CATEGORY_EPOCHS, SAMPLE_EPOCHS = CATEGORY_EPOCHS + 1 };
/* Both have their epochs first; `sigma` is last. */
enum { CATEGORY_SIGMA = CATEGORY_EPOCHS, CATEGORY_PARAMETERS };
enum { DECISION = TEST + 1, SAMPLE_SIGMA, SAMPLE_PARAMETERS };

enum { SAMPLE_RING = 2, CATEGORY_RING = 16 };

/* name, unit, meaning, default, smallest, largest */
static const nai__parameter sample_parameters[SAMPLE_PARAMETERS] = {
    NAI__FIXATION_ROW(FIXATION, 300),
    [SAMPLE] = {"sample", "ms", "duration of the sample", 500, 0, 1e7, 0},
    [DELAY] = {"delay", "ms", "duration between sample and test", 1000, 0, 1e7, 0},
    [TEST] = {"test", "ms", "duration of the test", 500, 0, 1e7, 0},
    NAI__DECISION_ROW(DECISION, 900),
    NAI__SIGMA_ROW(SAMPLE_SIGMA),
};
static const nai__parameter category_parameters[CATEGORY_PARAMETERS] = {
    NAI__FIXATION_ROW(FIXATION, 500),
    [SAMPLE] = {"sample", "ms", "duration of the sample", 650, 0, 1e7, 0},
    [DELAY] = {"delay", "ms", "duration between sample and test", 1000, 0, 1e7, 0},
    [TEST] = {"test", "ms", "duration of the test, during which the answer is due", 650, 0, 1e7, 0},
    NAI__SIGMA_ROW(CATEGORY_SIGMA),
};

enum { TARGET, SAMPLE_DIRECTION, TEST_DIRECTION, DURATION, CONDITIONS };
static const char *const conditions[CONDITIONS] = {
    [TARGET] = "target",           /* 1 match, 2 non-match */
    [SAMPLE_DIRECTION] = "sample", /* radians */
    [TEST_DIRECTION] = "test",     /* radians */
    [DURATION] = "delay",          /* ms */
};

static const nai__epoch epochs[SAMPLE_EPOCHS] = {{FIXATION, NAI__LISTED},
                                                 {SAMPLE, NAI__LISTED},
                                                 {DELAY, NAI__LISTED},
                                                 {TEST, NAI__LISTED | NAI__NEEDED},
                                                 {DECISION, NAI__LISTED | NAI__NEEDED}};

enum { DRAW_TARGET, DRAW_SAMPLE, DRAW_SAMPLE_DIRECTION, DRAW_TEST_DIRECTION };

/* Everything, once it is known what is shown and when the answer is due. */
static void show(nai__trial *trial, int ring, double sigma, double sample, double test, int target,
                 nai__span answer)
{
  const nai__span *epoch = trial->epoch;
  nai__set_cue(trial, answer);
  nai__set_ring(trial, epoch[SAMPLE], 1, ring, 0.5, 0.5, sample);
  nai__set_ring(trial, epoch[TEST], 1, ring, 0.5, 0.5, test);
  nai__add_noise(trial, epoch[SAMPLE], 1, ring, nai__neurogym_noise(trial, sigma));
  nai__add_noise(trial, epoch[TEST], 1, ring, nai__neurogym_noise(trial, sigma));
  nai__set_class(trial, answer, target);
  nai__set_condition(trial, TARGET, target);
  nai__set_condition(trial, SAMPLE_DIRECTION, sample);
  nai__set_condition(trial, TEST_DIRECTION, test);
  nai__set_condition(trial, DURATION, nai__trial_duration(trial, epoch[DELAY]));
}

static void fill_sample(nai__trial *trial)
{
  int target = 1 + nai__trial_below(trial, DRAW_TARGET, 2);
  int sample = nai__trial_below(trial, DRAW_SAMPLE, SAMPLE_RING);
  int test = target == 1 ? sample : 1 - sample;
  show(trial, SAMPLE_RING, trial->value[SAMPLE_SIGMA], nai__ring_direction(sample, SAMPLE_RING),
       nai__ring_direction(test, SAMPLE_RING), target, trial->epoch[DECISION]);
}

/* Somewhere in a category: each is half of the circle. */
static double draw_direction(const nai__trial *trial, int draw, int category)
{
  return nai__ring_direction(1, 2) * (category + nai__trial_uniform(trial, draw));
}

static void fill_category(nai__trial *trial)
{
  int target = 1 + nai__trial_below(trial, DRAW_TARGET, 2);
  int sample = nai__trial_below(trial, DRAW_SAMPLE, 2);
  int test = target == 1 ? sample : 1 - sample;
  show(trial, CATEGORY_RING, trial->value[CATEGORY_SIGMA],
       draw_direction(trial, DRAW_SAMPLE_DIRECTION, sample),
       draw_direction(trial, DRAW_TEST_DIRECTION, test), target, trial->epoch[TEST]);
}

const nai__task_kind nai__delay_match_sample = {
    .name = "delay-match-sample",
    .n_inputs = 1 + SAMPLE_RING,
    .n_outputs = 3,
    .has_classes = 1,
    .n_conditions = CONDITIONS,
    .condition_names = conditions,
    .parameters = sample_parameters,
    .n_parameters = NAI__AT_MOST(SAMPLE_PARAMETERS, NAI__MOST_PARAMETERS),
    .epochs = epochs,
    .n_epochs = NAI__AT_MOST(SAMPLE_EPOCHS, NAI__MOST_EPOCHS),
    .fill = fill_sample,
};

const nai__task_kind nai__delay_match_category = {
    .name = "delay-match-category",
    .n_inputs = 1 + CATEGORY_RING,
    .n_outputs = 3,
    .has_classes = 1,
    .n_conditions = CONDITIONS,
    .condition_names = conditions,
    .parameters = category_parameters,
    .n_parameters = NAI__AT_MOST(CATEGORY_PARAMETERS, NAI__MOST_PARAMETERS),
    .epochs = epochs,
    .n_epochs = NAI__AT_MOST(CATEGORY_EPOCHS, NAI__MOST_EPOCHS),
    .fill = fill_category,
};
