/*
 * Slopes held against central differences: how far a number is moved, when a slope is that of what a
 * function did, and how it is said that it is not.
 */
#ifndef NAI_NETWORK_CENTRAL_H
#define NAI_NETWORK_CENTRAL_H

#include <neuroai/status.h>
#include <stdint.h>

/* Units are taken along a trajectory of theirs, with random input: */
#define NAI__CHECK_SEED 20260
#define NAI__CHECK_PROBES 4  /* steps that are looked at, */
#define NAI__CHECK_BETWEEN 5 /* each so many steps after the one before; */
#define NAI__CHECK_COUNT 256 /* units x trials, about */

/* What the function was at a place and on both sides of it. */
enum { NAI__HERE, NAI__LESS, NAI__MORE, NAI__LEAST, NAI__MOST, NAI__POINTS };

/* Where a number is moved to. */
float nai__central_moved(float x, int point);
/* f over x from the side that is less to the side that is more. */
double nai__central_slope(const double f[NAI__POINTS], const double x[NAI__POINTS]);
/*
 * 1 when the slope is that of f at x. There are three doubts: what rounding makes of a difference, how
 * much it depends on the distance, and kinks and edges, where there is no slope. `terms`: how large
 * numbers are that f is added up from, for where they cancel, rounding is larger than that of f.
 */
int nai__central_agrees(double slope, const double f[NAI__POINTS], const double x[NAI__POINTS],
                        double terms);

/* A slope that does not: `block` is "ss", ..., `of` and `by` are names. */
typedef struct nai__wrong_slope {
  const char *block, *model, *of, *by, *population;
  int64_t unit, step;
  double slope, difference, x;
} nai__wrong_slope;

nai_status nai__central_fail(const nai__wrong_slope *wrong);

#endif
