/*
 * The twenty tasks of Yang et al. 2019 as a table, and the making of their trials. What they are
 * drawn from (durations, coherences) is the caller's: yang.c.
 */
#ifndef NAI_TASK_YANG_TRIALS_H
#define NAI_TASK_YANG_TRIALS_H

#include <neuroai/extend.h>

/* Inputs: fixation, two rings, a unit for each rule. Outputs: fixation, a ring. */
enum {
  NAI__YANG_RING = 32,
  NAI__YANG_RULES = 20,
  NAI__YANG_INPUTS = 1 + 2 * NAI__YANG_RING + NAI__YANG_RULES,
  NAI__YANG_OUTPUTS = 1 + NAI__YANG_RING
};

/* Epochs of a trial in order; what a task has not takes no time. RESPONSE begins with "go". */
enum {
  NAI__YANG_ONSET,
  NAI__YANG_STIMULUS,
  NAI__YANG_DELAY,
  NAI__YANG_SECOND,
  NAI__YANG_WAIT,
  NAI__YANG_RESPONSE,
  NAI__YANG_EPOCHS
};

/* Tasks with the same epochs. */
enum {
  NAI__YANG_FD,
  NAI__YANG_REACT,
  NAI__YANG_DELAYGO,
  NAI__YANG_DM,
  NAI__YANG_DELAYDM,
  NAI__YANG_DMS,
  NAI__YANG_DMC,
  NAI__YANG_FAMILIES
};

/* Conditions of a trial. Angles in radians, 0 to 2 pi; times in ms, whole steps. */
enum {
  NAI__YANG_RULE,              /* 0 to 19 */
  NAI__YANG_ANSWER,            /* angle of the right answer; -1: keep fixating */
  NAI__YANG_ANGLE_1,           /* of the first stimulus */
  NAI__YANG_ANGLE_2,           /* of the second; -1 without one */
  NAI__YANG_STRENGTH_1_RING_1, /* of each stimulus in each ring, 0 where it is not shown */
  NAI__YANG_STRENGTH_1_RING_2,
  NAI__YANG_STRENGTH_2_RING_1,
  NAI__YANG_STRENGTH_2_RING_2,
  NAI__YANG_COHERENCE,         /* that decides; above 0: the second stimulus is stronger */
  NAI__YANG_IGNORED_COHERENCE, /* of the ring that a context task must ignore */
  NAI__YANG_MATCH,             /* 1 or 0; -1 in other tasks */
  NAI__YANG_ONSET_AT,          /* start of the first stimulus */
  NAI__YANG_DELAY_LASTED,      /* from its end to what comes next, in the tasks with a delay */
  NAI__YANG_GO_AT,             /* when the answer is due */
  NAI__YANG_CONDITIONS
};

/* What one number is drawn from, all equally likely; n = 0: there is none. */
typedef struct nai__yang_values {
  const double *value;
  int64_t n;
} nai__yang_values;

/*
 * What the trials of a task are drawn from. An epoch that also has a `most` lasts anything between
 * the two.
 */
typedef struct nai__yang_plan {
  nai__yang_values epoch[NAI__YANG_EPOCHS], most[NAI__YANG_EPOCHS]; /* ms */
  nai__yang_values coherence;
} nai__yang_plan;

/* NAI__YANG_FD, ...: the family of a rule. */
int nai__yang_family(int rule);

/* The grace at the start and after go, in which no output counts. Steps. */
int64_t nai__yang_grace(double dt);

/* The rule of a block, one of these values. */
int nai__yang_draw_rule(const nai_trial_batch *batch, uint64_t block,
                        const nai__yang_values *rules);

/* Fills trial b with one of this rule; trials of a block share durations and rings. */
void nai__yang_fill(nai_trial_batch *batch, int64_t b, int rule, const nai__yang_plan *plan,
                    uint64_t block);

#endif
