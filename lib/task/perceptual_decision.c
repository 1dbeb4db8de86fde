/*
 * Perceptual decision-making (Britten et al. 1992), as neurogym defines it: fixate, watch two noisy
 * stimuli, say which one was stronger. Inputs: fixation cue, stimulus 1, stimulus 2. Classes: 0
 * fixate, 1, 2.
 *
 * Each epoch has as many steps as fit into it. The cue is on during fixation alone; stimulus k is,
 * at each step of its epoch, 1/2 + coherence / 200 cos(theta_k - theta_target) + sigma / sqrt(dt)
 * xi, dt in ms; the right class is the target during the decision, and 0 before.
 */
#include <math.h>

#include "../base/error.h"
#include "../base/philox.h"
#include "../kernels/kernels.h"
#include "builtin.h"

enum { FIXATION, STIMULUS, DELAY, DECISION, SIGMA, COHERENCE, PARAMETERS };
enum { EPOCHS = DECISION + 1 };

/* name, unit, meaning, default, smallest, largest */
static const nai__parameter parameters[PARAMETERS] = {
    [FIXATION] = {"fixation", "ms", "duration of fixation, during which the cue is on", 100, 0, 1e7,
                  0},
    [STIMULUS] = {"stimulus", "ms", "duration of the stimulus epoch", 2000, 0, 1e7, 0},
    [DELAY] = {"delay", "ms", "duration from the end of the stimulus to the decision", 0, 0, 1e7,
               0},
    [DECISION] = {"decision", "ms", "duration of the decision epoch", 100, 0, 1e7, 0},
    [SIGMA] = {"sigma", "sqrt(ms)", "noise of the stimuli, of standard deviation sigma / sqrt(dt)",
               1, 0, 1e6, 0},
    [COHERENCE] = {"coherence", "%", "difference between the two stimuli", 0, 0, 100, 0},
};
static const nai__list_default lists[] = {{COHERENCE, 5, {0, 6.4, 12.8, 25.6, 51.2}}, {0, 0, {0}}};

enum { ABSOLUTE, SIGNED, TARGET, DURATION, CONDITIONS };
static const char *const conditions[CONDITIONS] = {
    [ABSOLUTE] = "coherence",      /* % */
    [SIGNED] = "signed_coherence", /* %, positive for target 2 */
    [TARGET] = "target",           /* 1 or 2 */
    [DURATION] = "stimulus",       /* ms */
};

/* The draw of the target follows those of the parameters. */
#define DRAW_TARGET PARAMETERS

/* Normals that are drawn at once: 128 steps of both stimuli. */
#define CHUNK 256

static nai_status count_steps(int64_t *longest, const nai__parameters *p, double dt)
{
  double least = 0, most = 0;
  for (int e = 0; e < EPOCHS; e++) {
    least += (double)nai__task_steps(nai__list_smallest(&p->list[e]), dt);
    most += (double)nai__task_steps(nai__list_largest(&p->list[e]), dt);
  }
  if (least < 1)
    return nai__fail(NAI_ERR_INVALID,
                     "the epochs of the shortest trial have no step of dt = %g ms in all", dt);
  if (most > NAI__MOST_STEPS)
    return nai__fail(NAI_ERR_INVALID, "the longest trial has %.0f steps, must be at most %d", most,
                     NAI__MOST_STEPS);
  *longest = (int64_t)most;
  return NAI_OK;
}

/* Adds noise to both stimuli of trial b, steps from .. end - 1. */
static void add_noise(nai_trial_batch *batch, int64_t b, int64_t from, int64_t end, float sd)
{
  const nai__kernels *kernels = nai__kernels_best(); /* every table draws the same bits */
  float xi[CHUNK];
  for (int64_t start = from; start < end; start += CHUNK / 2) {
    int64_t steps = end - start < CHUNK / 2 ? end - start : CHUNK / 2;
    kernels->normals(xi, 2 * steps, batch->seed, NAI__FOR_TASK, batch->first + (uint64_t)b,
                     (uint32_t)((start - from) / (CHUNK / 2)));
    for (int64_t t = 0; t < steps; t++) {
      float *stimulus = batch->input + ((start + t) * batch->trials + b) * batch->n_inputs + 1;
      stimulus[0] += sd * xi[2 * t];
      stimulus[1] += sd * xi[2 * t + 1];
    }
  }
}

static void describe(nai_trial_batch *batch, int64_t b, const double drawn[PARAMETERS], int target)
{
  float *condition = batch->condition + b;
  condition[ABSOLUTE * batch->trials] = (float)drawn[COHERENCE];
  condition[SIGNED * batch->trials] =
      (float)(target == 2 ? drawn[COHERENCE] : 0 - drawn[COHERENCE]);
  condition[TARGET * batch->trials] = (float)target;
  condition[DURATION * batch->trials] = (float)drawn[STIMULUS];
}

static void fill_trial(const nai__parameters *p, nai_trial_batch *batch, int64_t b)
{
  uint64_t trial = batch->first + (uint64_t)b;
  double drawn[PARAMETERS];
  for (int k = 0; k < PARAMETERS; k++) drawn[k] = nai__parameters_draw(p, k, batch->seed, trial);
  int target = nai_random_uniform(batch->seed, trial, DRAW_TARGET) < 0.5 ? 1 : 2;
  int64_t end[EPOCHS], t = 0;
  for (int e = 0; e < EPOCHS; e++) end[e] = t += nai__task_steps(drawn[e], batch->dt);

  /* cos(theta_k - theta_target) is 1 for the target and -1 for the other */
  float high = (float)(0.5 + drawn[COHERENCE] / 200), low = (float)(0.5 - drawn[COHERENCE] / 200);
  for (t = 0; t < end[STIMULUS]; t++) {
    float *input = batch->input + (t * batch->trials + b) * batch->n_inputs;
    if (t < end[FIXATION]) {
      input[0] = 1;
      continue;
    }
    input[1] = target == 1 ? high : low;
    input[2] = target == 1 ? low : high;
  }
  add_noise(batch, b, end[FIXATION], end[STIMULUS], (float)(drawn[SIGMA] / sqrt(batch->dt)));
  for (t = end[DELAY]; t < end[DECISION]; t++) batch->classes[t * batch->trials + b] = target;
  batch->length[b] = (int32_t)end[DECISION];
  describe(batch, b, drawn, target);
}

static nai_status generate(void *user, nai_trial_batch *batch)
{
  const nai__builtin_task *task = user;
  for (int64_t b = 0; b < batch->trials; b++) fill_trial(&task->parameters, batch, b);
  return NAI_OK;
}

extern const nai__task_kind nai__perceptual_decision;

const nai__task_kind nai__perceptual_decision = {
    .name = "perceptual-decision-making",
    .n_inputs = 3,
    .n_outputs = 3,
    .has_classes = 1,
    .n_conditions = CONDITIONS,
    .condition_names = conditions,
    .parameters = parameters,
    .n_parameters = PARAMETERS,
    .lists = lists,
    .steps = count_steps,
    .generate = generate,
};
