/*
 * A sine wave out of nothing, of Song, Yang & Wang (2016): no input; the output is to be amplitude
 * sin(2 pi t / period), t counted from the trial's start and dt at its first step. All trials of
 * one period are the same: what differs is the network's noise.
 *
 * Judged by the root mean square error: correct when it is at most `tolerance` (the published
 * criterion is 0.05 over all trials). There is no choice.
 */
#include <math.h>

#include "../base/error.h"
#include "epochs.h"

enum { PERIOD, PERIODS, AMPLITUDE, TOLERANCE, PARAMETERS };

/* name, unit, meaning, default, smallest, largest */
static const nai__parameter parameters[PARAMETERS] = {
    [PERIOD] = {"period", "ms", "of the wave", 800, 1e-3, 1e7, 0},
    [PERIODS] = {"periods", "", "duration of a trial, in periods", 2, 1e-3, 1e4, 0},
    [AMPLITUDE] = {"amplitude", "", "of the wave", 0.9, -1e6, 1e6, 0},
    [TOLERANCE] = {"tolerance", "", "largest root mean square error of a correct trial", 0.05, 0,
                   1e6, 0},
};

enum { WAVE_PERIOD, WAVE_AMPLITUDE, CONDITIONS };
static const char *const conditions[CONDITIONS] = {
    [WAVE_PERIOD] = "period", /* ms */
    [WAVE_AMPLITUDE] = "amplitude",
};

static nai_status count_steps(int64_t *longest, const nai__builtin_task *task, double dt)
{
  const nai__parameters *p = &task->parameters;
  const nai__list *period = &p->list[PERIOD], *periods = &p->list[PERIODS];
  nai__range range = {
      (double)nai__task_steps(nai__list_smallest(period) * nai__list_smallest(periods), dt),
      (double)nai__task_steps(nai__list_largest(period) * nai__list_largest(periods), dt)};
  NAI__TRY(nai__check_range(longest, range, dt));
  double shortest = nai__list_smallest(period);
  if (!(shortest > 2 * dt)) /* with two steps a period all targets are 0, with fewer another wave */
    return nai__fail(NAI_ERR_INVALID, "period is %g ms, must be more than two steps of dt = %g ms",
                     shortest, dt);
  return NAI_OK;
}

static double wave(double amplitude, double period, int64_t step, double dt)
{
  return amplitude * sin(2 * 3.14159265358979323846 * (double)(step + 1) * dt / period);
}

static void fill(nai__trial *trial)
{
  const double *value = trial->value;
  double dt = trial->batch->dt;
  nai__span whole = nai__trial_append(trial, nai__task_steps(value[PERIOD] * value[PERIODS], dt));
  for (int64_t t = 0; t < whole.end; t++)
    nai__set_target(trial, (nai__span){t, t + 1}, 0, wave(value[AMPLITUDE], value[PERIOD], t, dt));
  nai__set_condition(trial, WAVE_PERIOD, value[PERIOD]);
  nai__set_condition(trial, WAVE_AMPLITUDE, value[AMPLITUDE]);
}

static nai_status judge(void *user, nai_judgement *judgement)
{
  const nai__builtin_task *task = user;
  for (int c = 0; c < CONDITIONS; c++)
    if (isnan(judgement->condition[c])) return NAI_OK;
  double amplitude = (double)judgement->condition[WAVE_AMPLITUDE];
  double period = (double)judgement->condition[WAVE_PERIOD], sum = 0;
  for (int64_t t = 0; t < judgement->steps; t++) {
    double z = (double)judgement->output[t * judgement->stride];
    double error = z - wave(amplitude, period, t, judgement->dt);
    sum += error * error;
  }
  judgement->correct =
      sqrt(sum / (double)judgement->steps) <= task->parameters.list[TOLERANCE].value[0];
  return NAI_OK;
}

const nai__task_kind nai__song_sine = {
    .name = "song-sine",
    .n_inputs = 0,
    .n_outputs = 1,
    .n_conditions = CONDITIONS,
    .condition_names = conditions,
    .parameters = parameters,
    .n_parameters = PARAMETERS,
    .n_single = PARAMETERS - TOLERANCE,
    .steps = count_steps,
    .fill = fill,
    .judge = judge,
};
