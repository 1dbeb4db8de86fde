/*
 * What is done to units, and when in each trial: acts, each on units of one population. The step
 * (activity.c) applies those whose time it is. Costs nothing where no act goes on.
 */
#ifndef NAI_NETWORK_SCHEDULE_H
#define NAI_NETWORK_SCHEDULE_H

#include <neuroai/intervention.h>

#include "network.h"

/* What a trial starts with, before its step 0. */
#define NAI__BEFORE_STEPS (-1)

/* Steps first .. end - 1 of a trial; from NAI__BEFORE_STEPS on also what it starts with. */
typedef struct nai__window {
  int64_t first, end;
} nai__window;

typedef struct nai__act {
  int32_t kind;
  int64_t number; /* of its intervention, among those that were given with it */
  int64_t stage;
  int64_t rise, fall;  /* steps */
  nai__window *window; /* [trials]: its own memory, which the others are in, too */
  int64_t n;
  int64_t *unit; /* [n] columns of what they send or, for a current, receive */
  float *value;  /* [n] */
} nai__act;

typedef struct nai__schedule {
  nai__act *act;
  int64_t n;
  int64_t trials;
} nai__schedule;

/* An act more, of n units, its windows empty. NULL: no memory. */
nai__act *nai__schedule_add(nai__schedule *schedule, int64_t n);
/* Takes acts n, n + 1, ... away. */
void nai__schedule_cut(nai__schedule *schedule, int64_t n);
/* Takes those away that are over at this step in all trials. */
void nai__schedule_expire(nai__schedule *schedule, int64_t step);
/* Acts from `before` on take the place of earlier ones of their kind on the same columns. */
void nai__schedule_replace(nai__schedule *schedule, int64_t before, unsigned char *seen);
/* Takes columns away that are marked in `seen` [ld_units]: of currents, or of all the others. */
void nai__schedule_release(nai__schedule *schedule, int injects, const unsigned char *seen);

/*
 * Of one stage at a step, counted from 0: adds currents to what units receive, v [rows][ld]; and
 * imposes rates, r [rows][ld]; of trials row .. row + rows - 1.
 */
void nai__schedule_inject(const nai__schedule *schedule, int64_t stage, int64_t step, int64_t row,
                          int64_t rows, float *v, int64_t ld);
void nai__schedule_impose(const nai__schedule *schedule, int64_t stage, int64_t step, int64_t row,
                          int64_t rows, float *r, int64_t ld);

/* As bytes, and back: NAI_ERR_FORMAT when they are not of this network and number of trials. */
int64_t nai__schedule_size(const nai__schedule *schedule);
void nai__schedule_write(char *out, const nai__schedule *schedule);
nai_status nai__schedule_read(nai__schedule *out, const nai_network *net, int64_t trials,
                              const char *bytes, int64_t size);

#endif
