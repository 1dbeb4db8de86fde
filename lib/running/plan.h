/* Interventions as they are given, checked and made into acts of a schedule (schedule.h). */
#ifndef NAI_RUNNING_PLAN_H
#define NAI_RUNNING_PLAN_H

#include "intervene.h"
#include "schedule.h"

/*
 * Copies n interventions to out [n], with members that the caller's struct lacks as in
 * NAI_INTERVENTION_INIT, and checks all that does not depend on the trials; the arrays stay the
 * caller's. Messages name "interventions[k]".
 */
nai_status nai__plan_take(nai_intervention *out, const nai_intervention *interventions, int64_t n,
                          const nai_network *net);

/*
 * Adds the acts of n interventions that were taken, their windows empty; of schedule->trials trials.
 * others: not those on first signals and ports. When it fails, the schedule is as it was.
 */
nai_status nai__plan_add(nai__schedule *schedule, const nai_network *net,
                         const nai_intervention *interventions, int64_t n, int others);

/* NAI_OK when steps and trials of interventions[k] are of `trials` trials, and in order. */
nai_status nai__plan_check_trials(const nai_intervention *intervention, int64_t k, int64_t trials);

/*
 * The steps of trial b, of those of an epoch or of the trial; also what the trial starts with, when
 * that is meant. Empty in trials that are not meant.
 */
nai__window nai__plan_window(const nai_intervention *intervention, double dt, int64_t b,
                             nai__window span);

/*
 * Of states and agents, which have neither epochs nor conditions: that interventions[k] asks for none, and
 * its trials; windows of acts from `before` on, counted from the step after `time`.
 */
nai_status nai__plan_check_alone(const nai_intervention *intervention, int64_t k, int64_t trials,
                                 const char *who);
void nai__plan_from_now(nai__schedule *schedule, int64_t before, const nai_intervention *list,
                        double dt, int64_t time);
/* Ends acts on these units, on what they receive and send. `seen` [ld_units]: 0 before and after. */
nai_status nai__plan_check_release(const nai_network *net, const nai__some_units *which,
                                   unsigned char *seen);
void nai__plan_release(nai__schedule *schedule, const nai_network *net,
                       const nai__some_units *which, unsigned char *seen);

#endif
