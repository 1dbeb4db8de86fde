/*
 * Trials of the twenty tasks of Yang et al. 2019, "Task representations in neural networks trained
 * to perform many cognitive tasks", as the authors' program draws them for training.
 *
 * Stimuli are bumps of activity 0.8 exp(-(d / (pi / 8))^2 / 2) on one or both of two rings of 32
 * inputs; the answer is such a bump on the ring of outputs, over a base of 0.05, while the fixation
 * output goes from 0.8 to 0.05. The fixation input is 1 until go, or throughout in tasks whose
 * stimulus says when to go; the rule's input is 1 throughout. Noise of the inputs is the network's.
 *
 * The paper's cost multiplies the error by a mask and squares the product; that mask squared is
 * what a masked mean square needs: 1 before go and 25 after, four times as much for the fixation
 * output, 0 during the first 100 ms and the first 100 ms after go.
 */
#include "yang_trials.h"

#include <math.h>

#include "steps.h"

#define PI 3.14159265358979323846
#define GRACE 100.0 /* ms */

/* --- the tasks -------------------------------------------------------------------------------- */

/* Where stimuli are shown: a ring drawn for each; one of them; both, of which one or both count. */
enum { EITHER, ONLY_1, ONLY_2, ATTEND_1, ATTEND_2, BOTH };

/* The right answer: the stimulus, opposite of it, the stronger one, the second if (not) a match. */
enum { PRO, ANTI, STRONGER, MATCH, NONMATCH };

static const struct {
  int8_t family, rings, answer;
} tasks[NAI__YANG_RULES] = {
    /* fdgo */ {NAI__YANG_FD, EITHER, PRO},
    /* reactgo */ {NAI__YANG_REACT, EITHER, PRO},
    /* delaygo */ {NAI__YANG_DELAYGO, EITHER, PRO},
    /* fdanti */ {NAI__YANG_FD, EITHER, ANTI},
    /* reactanti */ {NAI__YANG_REACT, EITHER, ANTI},
    /* delayanti */ {NAI__YANG_DELAYGO, EITHER, ANTI},
    /* dm1 */ {NAI__YANG_DM, ONLY_1, STRONGER},
    /* dm2 */ {NAI__YANG_DM, ONLY_2, STRONGER},
    /* contextdm1 */ {NAI__YANG_DM, ATTEND_1, STRONGER},
    /* contextdm2 */ {NAI__YANG_DM, ATTEND_2, STRONGER},
    /* multidm */ {NAI__YANG_DM, BOTH, STRONGER},
    /* delaydm1 */ {NAI__YANG_DELAYDM, ONLY_1, STRONGER},
    /* delaydm2 */ {NAI__YANG_DELAYDM, ONLY_2, STRONGER},
    /* contextdelaydm1 */ {NAI__YANG_DELAYDM, ATTEND_1, STRONGER},
    /* contextdelaydm2 */ {NAI__YANG_DELAYDM, ATTEND_2, STRONGER},
    /* multidelaydm */ {NAI__YANG_DELAYDM, BOTH, STRONGER},
    /* dmsgo */ {NAI__YANG_DMS, EITHER, MATCH},
    /* dmsnogo */ {NAI__YANG_DMS, EITHER, NONMATCH},
    /* dmcgo */ {NAI__YANG_DMC, EITHER, MATCH},
    /* dmcnogo */ {NAI__YANG_DMC, EITHER, NONMATCH},
};

/* When the second stimulus is shown: never, with the first, in an epoch of its own, from go on. */
enum { NEVER, TOGETHER, LATER, AT_GO };

static const struct {
  int stays;          /* the first stimulus stays to the end */
  int keeps_fixation; /* the fixation input does */
  int second;
} families[NAI__YANG_FAMILIES] = {
    [NAI__YANG_FD] = {1, 0, NEVER},      [NAI__YANG_REACT] = {1, 1, NEVER},
    [NAI__YANG_DELAYGO] = {0, 0, NEVER}, [NAI__YANG_DM] = {0, 0, TOGETHER},
    [NAI__YANG_DELAYDM] = {0, 0, LATER}, [NAI__YANG_DMS] = {0, 1, AT_GO},
    [NAI__YANG_DMC] = {0, 1, AT_GO},
};

int nai__yang_family(int rule)
{
  return tasks[rule].family;
}

int64_t nai__yang_grace(double dt)
{
  return nai__task_steps(GRACE, dt);
}

/* --- drawing ---------------------------------------------------------------------------------- */

/* A trial on its way into the batch. Index 0 is the first stimulus, or ring, 1 the second. */
typedef struct trial {
  int rule, family;
  int64_t on[2], off[2], go, end; /* steps */
  double angle[2], strength[2][2] /* [stimulus][ring] */, answer, coherence, ignored;
  int shows[2], match;
  double delay;
  int64_t epoch_end[NAI__YANG_EPOCHS];
} trial;

/* Numbers that a trial draws for itself. */
enum {
  DRAW_ANGLE,
  DRAW_SECOND, /* where the second stimulus is */
  DRAW_MATCH,
  DRAW_STRENGTH,                  /* mean, coherence, sign; of each ring */
  DRAW_SHARE = DRAW_STRENGTH + 6, /* difference between the rings, its sign; of each stimulus */
};

/* Numbers that a block draws for all of its trials: three for each epoch, and these. */
enum { BLOCK_RING = 3 * NAI__YANG_EPOCHS, BLOCK_RULE = BLOCK_RING + 2 };

/* No trial has a number so large: blocks never share numbers with trials. */
#define OF_BLOCKS (UINT64_C(1) << 63)

static double draw_block(const nai_trial_batch *batch, uint64_t block, int number)
{
  return nai_random_uniform(batch->seed, OF_BLOCKS | block, (uint64_t)number);
}

static double draw(const nai_trial_batch *batch, int64_t b, int number)
{
  return nai_random_uniform(batch->seed, batch->first + (uint64_t)b, (uint64_t)number);
}

static double between(double low, double high, double u)
{
  return low + (high - low) * u;
}

static double one_of(const nai__yang_values *values, double u)
{
  return values->value[(int64_t)(u * (double)values->n)];
}

int nai__yang_draw_rule(const nai_trial_batch *batch, uint64_t block, const nai__yang_values *rules)
{
  return (int)one_of(rules, draw_block(batch, block, BLOCK_RULE));
}

/* Duration of an epoch, ms. */
static double draw_epoch(const nai_trial_batch *batch, uint64_t block, const nai__yang_plan *plan,
                         int e)
{
  double least = one_of(&plan->epoch[e], draw_block(batch, block, 3 * e));
  if (!plan->most[e].n) return least;
  double most = one_of(&plan->most[e], draw_block(batch, block, 3 * e + 1));
  return between(least, most, draw_block(batch, block, 3 * e + 2));
}

/* Steps from the start to the end of each epoch, and from them when everything comes and goes. */
static void draw_timing(trial *trial, const nai_trial_batch *batch, const nai__yang_plan *plan,
                        uint64_t block)
{
  int64_t end[NAI__YANG_EPOCHS], now = 0;
  for (int e = 0; e < NAI__YANG_EPOCHS; e++) {
    if (plan->epoch[e].n) now += nai__drawn_steps(draw_epoch(batch, block, plan, e), batch->dt);
    end[e] = trial->epoch_end[e] = now;
  }
  int second = families[trial->family].second;
  trial->go = end[NAI__YANG_WAIT];
  trial->end = end[NAI__YANG_RESPONSE];
  trial->on[0] = end[NAI__YANG_ONSET];
  trial->off[0] = families[trial->family].stays ? trial->end : end[NAI__YANG_STIMULUS];
  trial->on[1] = second == TOGETHER ? trial->on[0] : end[NAI__YANG_DELAY];
  trial->off[1] = second == TOGETHER ? trial->off[0]
                  : second == LATER  ? end[NAI__YANG_SECOND]
                                     : trial->end;
  trial->shows[0] = 1;
  trial->shows[1] = second != NEVER;
  trial->delay = (double)(end[NAI__YANG_DELAY] - end[NAI__YANG_STIMULUS]) * batch->dt;
}

static double turn(double angle, double by)
{
  double sum = angle + by;
  return sum >= 2 * PI ? sum - 2 * PI : sum;
}

/* The paper turns by plus or minus a range that is its own mirror image: plus alone is the same. */
static void draw_angles(trial *trial, const nai_trial_batch *batch, int64_t b)
{
  double first = draw(batch, b, DRAW_ANGLE), second = draw(batch, b, DRAW_SECOND);
  trial->match = -1;
  if (trial->family == NAI__YANG_DMC) { /* ten places, the first five are one category */
    int place[2] = {(int)(10 * first), (int)(10 * second)};
    for (int s = 0; s < 2; s++) trial->angle[s] = (2 * place[s] + 1) * (0.1 * PI);
    trial->match = (place[0] < 5) == (place[1] < 5);
    return;
  }
  trial->angle[0] = 2 * PI * first;
  if (trial->family == NAI__YANG_DMS) {
    trial->match = draw(batch, b, DRAW_MATCH) < 0.5;
    trial->angle[1] = trial->match ? trial->angle[0]
                                   : turn(trial->angle[0], between(PI / 9, 17 * PI / 9, second));
  } else {
    trial->angle[1] = turn(trial->angle[0], between(0.5 * PI, 1.5 * PI, second));
  }
}

/* Strengths of both stimuli in one ring; returns its coherence. */
static double draw_pair(double strength[2], const nai_trial_batch *batch, int64_t b, int ring,
                        const nai__yang_plan *plan, int *second_is_right)
{
  int number = DRAW_STRENGTH + 3 * ring;
  double mean = between(0.8, 1.2, draw(batch, b, number));
  double size = one_of(&plan->coherence, draw(batch, b, number + 1));
  *second_is_right = draw(batch, b, number + 2) < 0.5; /* also where there is no difference */
  double coherence = *second_is_right || size == 0 ? size : -size;
  strength[0] = mean - coherence;
  strength[1] = mean + coherence;
  return coherence;
}

/* What the sum over both rings has is shared out unequally, for each stimulus by itself. */
static void share_out(trial *trial, const nai_trial_batch *batch, int64_t b, const double sum[2])
{
  for (int s = 0; s < 2; s++) {
    double part = between(0.2, 0.8, draw(batch, b, DRAW_SHARE + 2 * s));
    double half = (draw(batch, b, DRAW_SHARE + 2 * s + 1) < 0.5 ? part : -part) / 2;
    trial->strength[s][0] = sum[s] * (1 + half);
    trial->strength[s][1] = sum[s] * (1 - half);
  }
}

/* Decisions between two stimuli: their strengths in each ring; returns which of them is right. */
static int draw_decision(trial *trial, const nai_trial_batch *batch, int64_t b,
                         const nai__yang_plan *plan)
{
  int rings = tasks[trial->rule].rings, right[2];
  double pair[2][2], coherence[2];
  for (int r = 0; r < 2; r++) coherence[r] = draw_pair(pair[r], batch, b, r, plan, &right[r]);
  int counts = rings == ONLY_2 || rings == ATTEND_2, other = !counts;
  trial->coherence = coherence[counts];
  if (rings == BOTH) {
    share_out(trial, batch, b, pair[counts]);
    return right[counts];
  }
  int ignores = rings == ATTEND_1 || rings == ATTEND_2;
  trial->ignored = ignores ? coherence[other] : 0;
  for (int s = 0; s < 2; s++) {
    trial->strength[s][counts] = pair[counts][s];
    trial->strength[s][other] = ignores ? pair[other][s] : 0;
  }
  return right[counts];
}

static void draw_rings(trial *trial, const nai_trial_batch *batch, uint64_t block)
{
  for (int s = 0; s < 2; s++)
    if (trial->shows[s])
      trial->strength[s][draw_block(batch, block, BLOCK_RING + s) < 0.5 ? 0 : 1] = 1;
}

static void draw_trial(trial *trial, const nai_trial_batch *batch, int64_t b,
                       const nai__yang_plan *plan, uint64_t block)
{
  draw_timing(trial, batch, plan, block);
  draw_angles(trial, batch, b);
  switch (tasks[trial->rule].answer) {
  case STRONGER: trial->answer = trial->angle[draw_decision(trial, batch, b, plan)]; return;
  case PRO: trial->answer = trial->angle[0]; break;
  case ANTI: trial->answer = turn(trial->angle[0], PI); break;
  case MATCH: trial->answer = trial->match ? trial->angle[1] : -1; break;
  case NONMATCH: trial->answer = trial->match ? -1 : trial->angle[1]; break;
  }
  draw_rings(trial, batch, block);
}

/* --- writing ---------------------------------------------------------------------------------- */

static void make_bump(float out[NAI__YANG_RING], double angle)
{
  for (int k = 0; k < NAI__YANG_RING; k++) {
    double distance = fabs(angle - 2 * PI / NAI__YANG_RING * k);
    distance = fmin(distance, 2 * PI - distance) / (PI / 8);
    out[k] = (float)(0.8 * exp(-0.5 * distance * distance));
  }
}

static void add_bump(float *ring, const float bump[NAI__YANG_RING], double strength)
{
  for (int k = 0; k < NAI__YANG_RING; k++) ring[k] += (float)strength * bump[k];
}

static void write_inputs(const trial *trial, nai_trial_batch *batch, int64_t b)
{
  float bump[2][NAI__YANG_RING];
  for (int s = 0; s < 2; s++) make_bump(bump[s], trial->angle[s]);
  for (int64_t step = 0; step < trial->end; step++) {
    float *input = batch->input + (step * batch->trials + b) * NAI__YANG_INPUTS;
    input[0] = step < trial->go || families[trial->family].keeps_fixation;
    for (int s = 0; s < 2; s++)
      for (int ring = 0; ring < 2; ring++)
        if (trial->shows[s] && trial->strength[s][ring] != 0 && step >= trial->on[s] &&
            step < trial->off[s])
          add_bump(input + 1 + ring * NAI__YANG_RING, bump[s], trial->strength[s][ring]);
    input[1 + 2 * NAI__YANG_RING + trial->rule] = 1;
  }
}

static void write_targets(const trial *trial, nai_trial_batch *batch, int64_t b)
{
  float bump[NAI__YANG_RING];
  int answers = trial->answer >= 0;
  if (answers) make_bump(bump, trial->answer);
  for (int64_t step = 0; step < trial->end; step++) {
    float *target = batch->target + (step * batch->trials + b) * NAI__YANG_OUTPUTS;
    target[0] = step < trial->go || !answers ? 0.8f : 0.05f;
    for (int k = 0; k < NAI__YANG_RING; k++)
      target[1 + k] = 0.05f + (step >= trial->go && answers ? bump[k] : 0);
  }
}

static void write_mask(const trial *trial, nai_trial_batch *batch, int64_t b)
{
  int64_t grace = nai__yang_grace(batch->dt);
  for (int64_t step = 0; step < trial->end; step++) {
    float *mask = batch->mask + (step * batch->trials + b) * NAI__YANG_OUTPUTS;
    float weight = step < grace ? 0 : step < trial->go ? 1 : step < trial->go + grace ? 0 : 25;
    mask[0] = 4 * weight;
    for (int k = 0; k < NAI__YANG_RING; k++) mask[1 + k] = weight;
  }
}

static void describe(const trial *trial, nai_trial_batch *batch, int64_t b)
{
  const double value[NAI__YANG_CONDITIONS] = {
      [NAI__YANG_RULE] = trial->rule,
      [NAI__YANG_ANSWER] = trial->answer,
      [NAI__YANG_ANGLE_1] = trial->angle[0],
      [NAI__YANG_ANGLE_2] = trial->shows[1] ? trial->angle[1] : -1,
      [NAI__YANG_STRENGTH_1_RING_1] = trial->strength[0][0],
      [NAI__YANG_STRENGTH_1_RING_2] = trial->strength[0][1],
      [NAI__YANG_STRENGTH_2_RING_1] = trial->strength[1][0],
      [NAI__YANG_STRENGTH_2_RING_2] = trial->strength[1][1],
      [NAI__YANG_COHERENCE] = trial->coherence,
      [NAI__YANG_IGNORED_COHERENCE] = trial->ignored,
      [NAI__YANG_MATCH] = trial->match,
      [NAI__YANG_ONSET_AT] = (double)trial->on[0] * batch->dt,
      [NAI__YANG_DELAY_LASTED] = trial->delay,
      [NAI__YANG_GO_AT] = (double)trial->go * batch->dt,
  };
  for (int i = 0; i < NAI__YANG_CONDITIONS; i++)
    batch->condition[i * batch->trials + b] = (float)value[i];
}

void nai__yang_fill(nai_trial_batch *batch, int64_t b, int rule, const nai__yang_plan *plan,
                    uint64_t block)
{
  trial trial = {.rule = rule, .family = tasks[rule].family};
  draw_trial(&trial, batch, b, plan, block);
  write_inputs(&trial, batch, b);
  write_targets(&trial, batch, b);
  write_mask(&trial, batch, b);
  batch->length[b] = (int32_t)trial.end;
  for (int e = 0; e < NAI__YANG_EPOCHS; e++) {
    int32_t *step = batch->epoch + 2 * (e * batch->trials + b);
    step[0] = e > 0 ? (int32_t)trial.epoch_end[e - 1] : 0;
    step[1] = (int32_t)trial.epoch_end[e];
  }
  describe(&trial, batch, b);
}
