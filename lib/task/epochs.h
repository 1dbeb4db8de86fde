/*
 * What makes trials of epochs short to write and to read: how long each epoch lasts, and what
 * inputs, targets, classes and mask are from its first step to its last.
 *
 * A task lists its epochs. nai__fill_trials() opens each trial of a batch: all parameters are drawn
 * and the epochs laid end to end; the task's `fill` then says what happens in each.
 *
 * Every number that a trial draws has a place of its own in the trial's stream, so that what one
 * trial draws never depends on another, nor on how much it drew before: first the parameters, then
 * the task's own draws, and from NAI__DRAW_EPOCHS on the durations of epochs.
 */
#ifndef NAI_TASK_EPOCHS_H
#define NAI_TASK_EPOCHS_H

#include "../base/bound.h"
#include "builtin.h"

#define NAI__MOST_EPOCHS 12
#define NAI__MOST_PARAMETERS 24
#define NAI__DRAW_EPOCHS 4096

/* How the duration of an epoch, ms, comes about. */
enum {
  NAI__LISTED, /* a parameter, as it was drawn */
  /* Uniform between two parameters, in any order: this one and the one after it. */
  NAI__UNIFORM,
  /*
   * Exponential, cut off below and above: a mean, and the two bounds in the parameters after it.
   * As drawing again until the number is between them; equal bounds make a constant.
   */
  NAI__EXPONENTIAL,
  /* Also: a part of the trial without which there is nothing to answer, so that 0 is refused. */
  NAI__NEEDED = 8
};

typedef struct nai__epoch {
  int parameter;
  int law;
} nai__epoch;

/* Steps from .. end - 1 of a trial. */
typedef struct nai__span {
  int64_t from, end;
} nai__span;

typedef struct nai__trial {
  nai_trial_batch *batch;
  int64_t b;       /* its place in the batch */
  uint64_t number; /* its place in the stream */
  const nai__parameters *parameters;
  double value[NAI__MOST_PARAMETERS]; /* what it drew of each parameter */
  nai__span epoch[NAI__MOST_EPOCHS];  /* and after these what else has a name; from 0 to 0 */
  int64_t end;                        /* steps so far; the trial's length in the end */
  uint32_t chunks;                    /* of noise so far */
} nai__trial;

/* --- how long --------------------------------------------------------------------------------- */

/* Steps of the shortest and of the longest trial that these epochs make. */
typedef struct nai__range {
  double least, most;
} nai__range;

/*
 * NAI_OK when each epoch whose duration is above 0 has a step, and each that is needed. Durations
 * drawn between two bounds are cut down to a step at least.
 */
nai_status nai__check_epochs(const nai__parameters *parameters, const nai__epoch *epochs, int n,
                             double dt);

nai__range nai__epochs_range(const nai__parameters *parameters, const nai__epoch *epochs, int n,
                             double dt);

/* Writes the longest; fails when there could be a trial without a step, or one of too many. */
nai_status nai__check_range(int64_t *longest, nai__range range, double dt);

/* Steps of the longest trial of a task, by its `steps` or its epochs. */
nai_status nai__longest_trial(int64_t *longest, const nai__builtin_task *task, double dt);

/* --- filling ---------------------------------------------------------------------------------- */

/*
 * The `generate` of a task of epochs: opens each trial of the batch, with its epochs, lets `fill` do
 * its part and writes its length.
 */
nai_status nai__fill_trials(void *user, nai_trial_batch *batch);

/* How many epochs a kind has, and what number `index` is called; NULL past the last. */
int nai__epoch_count(const nai__task_kind *kind);
const char *nai__epoch_name(const nai__task_kind *kind, int64_t index);

/* An epoch more, after what there is. */
nai__span nai__trial_append(nai__trial *trial, int64_t steps);

/* The whole trial as it is now. */
nai__span nai__trial_whole(const nai__trial *trial);

/* Duration of an epoch, ms. */
double nai__trial_duration(const nai__trial *trial, nai__span span);

/* The task's own draw k: uniform in [0, 1); or one of 0 .. n - 1. */
double nai__trial_uniform(const nai__trial *trial, int k);
int nai__trial_below(const nai__trial *trial, int k, int n);

/* Sets one channel, or the class, or the mask, during a span. */
void nai__set_input(nai__trial *trial, nai__span span, int64_t channel, double value);
void nai__set_target(nai__trial *trial, nai__span span, int64_t channel, double value);
void nai__set_class(nai__trial *trial, nai__span span, int32_t right);
void nai__set_mask(nai__trial *trial, nai__span span, double value);
void nai__set_condition(nai__trial *trial, int condition, double value);

/*
 * A ring of n channels with preferred directions 2 pi k / n: base + amplitude cos(direction -
 * theta).
 */
void nai__set_ring(nai__trial *trial, nai__span span, int64_t first, int n, double base,
                   double amplitude, double theta);

/* Direction k of a ring of n, for theta above. */
double nai__ring_direction(int k, int n);

/* Adds independent normal noise to channels first .. first + n - 1. */
void nai__add_noise(nai__trial *trial, nai__span span, int64_t first, int64_t n, double sd);

/* --- judging ---------------------------------------------------------------------------------- */

/* The largest of n outputs at step t; -1 when one of them is not finite. */
int32_t nai__largest_output(const nai_judgement *judgement, int64_t t);

/* The same where every output is a choice: -1 also when it is not larger than all others. */
int32_t nai__single_largest(const nai_judgement *judgement, int64_t t);

#endif
