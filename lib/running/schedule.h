/*
 * What is done to units and synapses, and when in each trial: acts, each on units of one population or
 * on synapses of one block. The step (activity.c) applies those whose time it is; those on synapses are
 * in scaled.h. Costs nothing where no act goes on.
 */
#ifndef NAI_RUNNING_SCHEDULE_H
#define NAI_RUNNING_SCHEDULE_H

#include <neuroai/intervention.h>

#include "../network/network.h"

#define NAI__ALL_SYNAPSES UINT64_MAX

/* What a trial starts with, before its step 0. */
#define NAI__BEFORE_STEPS (-1)

/* Later than any run comes to, while sums of a few such numbers are whole numbers still. */
#define NAI__LATEST_STEP (INT64_C(1) << 53)

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
  float *held;   /* [trials][n] of NAI_FREEZE: what they sent at the first step; else NULL */
  /*
   * Of NAI_SCALE_SYNAPSES: n is the projection's senders, `unit` 1 for those that are meant, and `value`
   * their factors, 1 for all others.
   */
  int64_t projection, block;
  uint64_t seed, largest; /* of lots of synapses that are meant: NAI__ALL_SYNAPSES, or `chosen` */
  /*
   * Bits of these synapses: of a matrix [n_post][n_pre], of a list in its order, or in that of its fans.
   * It is a memory of its own.
   */
  uint64_t *chosen;
} nai__act;

typedef struct nai__schedule {
  nai__act *act;
  int64_t n;
  int64_t trials;
} nai__schedule;

/* Steps in so many ms, as tasks count those of their epochs; at most NAI__LATEST_STEP. */
int64_t nai__steps_of(double ms, double dt);

/* What it acts on. */
static inline int nai__act_injects(const nai__act *act)
{
  return act->kind == NAI_INJECT;
}
static inline int nai__act_scales_synapses(const nai__act *act)
{
  return act->kind == NAI_SCALE_SYNAPSES;
}

/* How much of it there is at a step, 0 .. 1; along ramps as they are in the middle of the step. */
float nai__act_strength(const nai__act *act, int64_t trial, int64_t step);
/* Its factor where there is so much of it. */
static inline float nai__act_factor(float value, float much)
{
  return much == 1 ? value : 1 + much * (value - 1);
}

/* An act more, of n units, its windows empty. NULL: no memory. */
nai__act *nai__schedule_add(nai__schedule *schedule, int32_t kind, int64_t n);
/* Takes acts n, n + 1, ... away. */
void nai__schedule_cut(nai__schedule *schedule, int64_t n);
/* Takes those away that are over at this step in all trials. */
void nai__schedule_expire(nai__schedule *schedule, int64_t step);
/* Acts from `before` on take the place of earlier ones of their kind on the same columns. */
void nai__schedule_replace(nai__schedule *schedule, int64_t before, unsigned char *seen);
/* Takes columns away that are marked in `seen` [ld_units]: of currents, or of all the others. */
void nai__schedule_release(nai__schedule *schedule, int injects, const unsigned char *seen);
/* Takes those on synapses between these names away. */
void nai__schedule_release_synapses(nai__schedule *schedule, const nai_network *net,
                                    const char *from, const char *to);

/*
 * Of one stage at a step, counted from 0: adds currents to what units receive, v [rows][ld]; and
 * imposes rates, r [rows][ld]; of trials row .. row + rows - 1.
 */
void nai__schedule_inject(const nai__schedule *schedule, int64_t stage, int64_t step, int64_t row,
                          int64_t rows, float *v, int64_t ld);
/* other: where columns from n_first on stand, of one trial; NULL: in r. */
void nai__schedule_impose(const nai__schedule *schedule, int64_t stage, int64_t step, int64_t row,
                          int64_t rows, float *r, float *other, int64_t n_first, int64_t ld);

/*
 * How much of its own rate each column of what is sent follows at a step, [ld_units]: 1 where nothing is
 * imposed, the factor of what is scaled, 0 of what is clamped or frozen.
 */
void nai__schedule_follows(const nai__schedule *schedule, int64_t step, int64_t trial,
                           float *follows, int64_t ld);

/* As bytes, and back: NAI_ERR_FORMAT when they are not of this network and number of trials. */
int64_t nai__schedule_size(const nai__schedule *schedule);
void nai__schedule_write(char *out, const nai__schedule *schedule);
nai_status nai__schedule_read(nai__schedule *out, const nai_network *net, int64_t trials,
                              const char *bytes, int64_t size);

#endif
