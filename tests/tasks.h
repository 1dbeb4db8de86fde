/* What tests of built-in tasks share: making one, reading its trials, and what holds for all. */
#ifndef NEUROAI_TESTS_TASKS_H
#define NEUROAI_TESTS_TASKS_H

#include "../lib/task/arrays.h"
#include "../lib/task/builtin.h"
#include "../lib/task/task.h"
#include "networks.h"

/* A task, with a network of the right numbers of channels that it alone keeps. */
nai_task *make_task(const char *name, double dt);

/* One for a network of the test's own. */
nai_task *task_for(const nai_network *net, const char *name);

void set_number(nai_task *task, const char *parameter, double value);
void set_numbers(nai_task *task, const char *parameter, const double *values, int64_t n);

/* Training trials 0 .. n - 1 of seed 5; or any. */
nai_trials *make_trials(const nai_task *task, int64_t n);
nai_trials *make_trials_of(const nai_task *task, uint64_t seed, int32_t stream, uint64_t first,
                           int64_t n);

float input_at(const nai_trials *trials, int64_t t, int64_t b, int64_t channel);
float target_at(const nai_trials *trials, int64_t t, int64_t b, int64_t channel);
float mask_at(const nai_trials *trials, int64_t t, int64_t b);
int32_t class_at(const nai_trials *trials, int64_t t, int64_t b);
double condition_of(const nai_trials *trials, const char *name, int64_t b);

/* Expected and found within single precision. */
void expect_near(double found, double expected);

/* k of n with probability p: within four standard deviations. */
void expect_share(double k, double n, double p);

/* The judgement of trial b, of outputs z [steps][outputs]; returns correct. */
int judged(int *choice, const nai_task *task, const nai_trials *trials, int64_t b, const float *z);

/* A staircase of "coherence" from 100 to 20 %, by 15. */
nai_staircase falling_coherence(void);

/* Normal distribution function. */
double normal_below(double x);

/*
 * What holds for every task: batches may be split, streams and seeds differ (`fixed`: unless all
 * trials are the same), what lies beyond a trial's end is 0, bad parameters are refused by name and
 * change nothing, filling does not allocate.
 */
void check_any_task(const char *name, double dt, int fixed);

/*
 * The stimulus noise: what `sigma` 1 adds to trials of `sigma` 0 is normal with standard deviation
 * sqrt(1 / dt) and independent, in channels first .. first + n - 1, and nothing in the others; not
 * 0 at `steps` steps of each trial.
 */
void check_stimulus_noise(const char *name, double dt, int64_t first, int64_t n, int64_t steps);

#endif
