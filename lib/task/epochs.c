/* Trials made of epochs: how long each lasts, and filling them. */
#include "epochs.h"

#include <assert.h>
#include <math.h>

#include "../base/error.h"
#include "../base/philox.h"
#include "../kernels/kernels.h"

/* Normals that are drawn at once. */
#define CHUNK 256

static const double pi = 3.14159265358979323846;

/* --- how long --------------------------------------------------------------------------------- */

static int law_of(const nai__epoch *epoch)
{
  return epoch->law & ~NAI__NEEDED;
}

/* The parameters that bound an epoch: a listed one is both of its own bounds. */
static void find_bounds(int *first, int *second, const nai__epoch *epoch)
{
  *first = epoch->parameter + (law_of(epoch) == NAI__EXPONENTIAL);
  *second = *first + (law_of(epoch) != NAI__LISTED);
}

nai_status nai__check_epochs(const nai__parameters *p, const nai__epoch *epochs, int n, double dt)
{
  for (int e = 0; e < n; e++) {
    int first, second;
    find_bounds(&first, &second, &epochs[e]);
    assert(epochs[e].parameter >= 0 && second < p->n);
    for (int k = first; k <= second; k++)
      NAI__TRY(nai__check_steps(p->list[k].value, p->list[k].n, p->rule[k].name,
                                epochs[e].law & NAI__NEEDED, dt));
  }
  return NAI_OK;
}

/* The shortest that is drawn between 0 and something else has a step all the same. */
static double count_least(const nai__list *first, const nai__list *second, double dt)
{
  double a = nai__list_smallest(first), b = nai__list_smallest(second);
  int64_t steps = nai__task_steps(fmin(a, b), dt);
  return steps < 1 && fmax(a, b) > 0 ? 1 : (double)steps;
}

nai__range nai__epochs_range(const nai__parameters *p, const nai__epoch *epochs, int n, double dt)
{
  nai__range range = {0, 0};
  for (int e = 0; e < n; e++) {
    int first, second;
    find_bounds(&first, &second, &epochs[e]);
    double most = fmax(nai__list_largest(&p->list[first]), nai__list_largest(&p->list[second]));
    range.least += count_least(&p->list[first], &p->list[second], dt);
    range.most += (double)nai__task_steps(most, dt);
  }
  return range;
}

nai_status nai__check_range(int64_t *longest, nai__range range, double dt)
{
  if (range.least < 1)
    return nai__fail(NAI_ERR_INVALID,
                     "the epochs of the shortest trial have no step of dt = %g ms in all", dt);
  if (range.most > NAI__MOST_STEPS)
    return nai__fail(NAI_ERR_INVALID, "the longest trial has %.0f steps, must be at most %d",
                     range.most, NAI__MOST_STEPS);
  *longest = (int64_t)range.most;
  return NAI_OK;
}

nai_status nai__longest_trial(int64_t *longest, const nai__builtin_task *task, double dt)
{
  const nai__task_kind *kind = task->kind;
  NAI__TRY(nai__check_epochs(&task->parameters, kind->epochs, kind->n_epochs, dt));
  if (kind->steps) return kind->steps(longest, task, dt);
  return nai__check_range(
      longest, nai__epochs_range(&task->parameters, kind->epochs, kind->n_epochs, dt), dt);
}

int nai__epoch_count(const nai__task_kind *kind)
{
  return kind->n_epochs + kind->n_more_epochs;
}

const char *nai__epoch_name(const nai__task_kind *kind, int64_t index)
{
  if (index < 0 || index >= nai__epoch_count(kind)) return NULL;
  if (index >= kind->n_epochs) return kind->more_epochs[index - kind->n_epochs];
  if (kind->epoch_names) return kind->epoch_names[index];
  return kind->parameters[kind->epochs[index].parameter].name;
}

/* By the inverse of the distribution: what drawing again until it fits would give. */
static double draw_exponential(double mean, double low, double high, double u)
{
  return fmin(high, low - mean * log1p(u * expm1((low - high) / mean)));
}

static double draw_duration(const nai__trial *trial, const nai__epoch *epoch, int index)
{
  const double *value = &trial->value[epoch->parameter];
  if (law_of(epoch) == NAI__LISTED) return value[0];
  double u =
      nai_random_uniform(trial->batch->seed, trial->number, NAI__DRAW_EPOCHS + (uint64_t)index);
  if (law_of(epoch) == NAI__UNIFORM) return value[0] + u * (value[1] - value[0]);
  return draw_exponential(value[0], fmin(value[1], value[2]), fmax(value[1], value[2]), u);
}

/* --- trials ----------------------------------------------------------------------------------- */

nai__span nai__trial_append(nai__trial *trial, int64_t steps)
{
  nai__span span = {trial->end, trial->end + steps};
  assert(steps >= 0);
  trial->end = span.end;
  return span;
}

nai__span nai__trial_whole(const nai__trial *trial)
{
  return (nai__span){0, trial->end};
}

double nai__trial_duration(const nai__trial *trial, nai__span span)
{
  return (double)(span.end - span.from) * trial->batch->dt;
}

static void open_trial(nai__trial *trial, const nai__builtin_task *task, nai_trial_batch *batch,
                       int64_t b)
{
  const nai__parameters *p = &task->parameters;
  const nai__task_kind *kind = task->kind;
  assert(p->n <= NAI__MOST_PARAMETERS && kind->n_epochs + kind->n_more_epochs <= NAI__MOST_EPOCHS);
  trial->batch = batch;
  trial->b = b;
  trial->number = batch->first + (uint64_t)b;
  trial->parameters = p;
  trial->end = 0;
  trial->chunks = 0;
  for (int k = 0; k < p->n; k++)
    trial->value[k] = nai__parameters_draw(p, k, batch->seed, trial->number);
  for (int e = 0; e < kind->n_epochs; e++) {
    double duration = draw_duration(trial, &kind->epochs[e], e);
    trial->epoch[e] = nai__trial_append(trial, nai__drawn_steps(duration, batch->dt));
  }
  for (int e = kind->n_epochs; e < kind->n_epochs + kind->n_more_epochs; e++)
    trial->epoch[e] = (nai__span){0, 0};
}

static void tell_epochs(const nai__trial *trial)
{
  const nai_trial_batch *batch = trial->batch;
  for (int64_t e = 0; e < batch->n_epochs; e++) {
    int32_t *step = batch->epoch + 2 * (e * batch->trials + trial->b);
    assert(trial->epoch[e].end <= trial->end);
    step[0] = (int32_t)trial->epoch[e].from;
    step[1] = (int32_t)trial->epoch[e].end;
  }
}

nai_status nai__fill_trials(void *user, nai_trial_batch *batch)
{
  const nai__builtin_task *task = user;
  for (int64_t b = 0; b < batch->trials; b++) {
    nai__trial trial;
    open_trial(&trial, task, batch, b);
    task->kind->fill(&trial);
    assert(trial.end >= 1 && trial.end <= batch->steps);
    batch->length[b] = (int32_t)trial.end;
    tell_epochs(&trial);
  }
  return NAI_OK;
}

double nai__trial_uniform(const nai__trial *trial, int k)
{
  assert(trial->parameters->n + k >= 0 && trial->parameters->n + k < NAI__DRAW_EPOCHS);
  return nai_random_uniform(trial->batch->seed, trial->number,
                            (uint64_t)trial->parameters->n + (uint64_t)k);
}

int nai__trial_below(const nai__trial *trial, int k, int n)
{
  return (int)(nai__trial_uniform(trial, k) * n);
}

/* --- filling ---------------------------------------------------------------------------------- */

static int64_t row(const nai__trial *trial, int64_t step)
{
  assert(step >= 0 && step < trial->end && step < trial->batch->steps);
  return step * trial->batch->trials + trial->b;
}

void nai__set_input(nai__trial *trial, nai__span span, int64_t channel, double value)
{
  const nai_trial_batch *batch = trial->batch;
  assert(channel >= 0 && channel < batch->n_inputs);
  for (int64_t t = span.from; t < span.end; t++)
    batch->input[row(trial, t) * batch->n_inputs + channel] = (float)value;
}

void nai__set_target(nai__trial *trial, nai__span span, int64_t channel, double value)
{
  const nai_trial_batch *batch = trial->batch;
  assert(batch->target && channel >= 0 && channel < batch->n_outputs);
  for (int64_t t = span.from; t < span.end; t++)
    batch->target[row(trial, t) * batch->n_outputs + channel] = (float)value;
}

void nai__set_class(nai__trial *trial, nai__span span, int32_t right)
{
  assert(trial->batch->classes && right >= 0 && right < trial->batch->n_outputs);
  for (int64_t t = span.from; t < span.end; t++) trial->batch->classes[row(trial, t)] = right;
}

void nai__set_mask(nai__trial *trial, nai__span span, double value)
{
  for (int64_t t = span.from; t < span.end; t++) trial->batch->mask[row(trial, t)] = (float)value;
}

void nai__set_condition(nai__trial *trial, int condition, double value)
{
  assert(condition >= 0 && condition < trial->batch->n_conditions);
  trial->batch->condition[condition * trial->batch->trials + trial->b] = (float)value;
}

double nai__ring_direction(int k, int n)
{
  return 2 * pi * k / n;
}

void nai__set_ring(nai__trial *trial, nai__span span, int64_t first, int n, double base,
                   double amplitude, double theta)
{
  for (int k = 0; k < n; k++)
    nai__set_input(trial, span, first + k,
                   base + amplitude * cos(nai__ring_direction(k, n) - theta));
}

void nai__add_noise(nai__trial *trial, nai__span span, int64_t first, int64_t n, double sd)
{
  const nai__kernels *kernels = nai__kernels_best(); /* every table draws the same bits */
  const nai_trial_batch *batch = trial->batch;
  float xi[CHUNK];
  assert(n >= 1 && n <= CHUNK && first >= 0 && first + n <= batch->n_inputs);
  for (int64_t start = span.from; start < span.end; start += CHUNK / n) {
    int64_t steps = span.end - start < CHUNK / n ? span.end - start : CHUNK / n;
    kernels->normals(xi, n * steps, batch->seed, NAI__FOR_TASK, trial->number, trial->chunks++);
    for (int64_t t = 0; t < steps; t++)
      for (int64_t k = 0; k < n; k++)
        batch->input[row(trial, start + t) * batch->n_inputs + first + k] +=
            (float)sd * xi[n * t + k];
  }
}

/* --- judging ---------------------------------------------------------------------------------- */

int32_t nai__largest_output(const nai_judgement *judgement, int64_t t)
{
  const float *z = judgement->output + t * judgement->stride;
  int32_t largest = 0;
  for (int64_t c = 0; c < judgement->n; c++) {
    if (!isfinite(z[c])) return -1;
    if (z[c] > z[largest]) largest = (int32_t)c;
  }
  return largest;
}

int32_t nai__single_largest(const nai_judgement *judgement, int64_t t)
{
  const float *z = judgement->output + t * judgement->stride;
  int32_t largest = nai__largest_output(judgement, t);
  for (int64_t c = 0; largest >= 0 && c < judgement->n; c++)
    if (c != largest && z[c] == z[largest]) return -1;
  return largest;
}
