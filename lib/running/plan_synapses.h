/* Interventions on the synapses of projections: checked, and made into acts of a schedule. */
#ifndef NAI_RUNNING_PLAN_SYNAPSES_H
#define NAI_RUNNING_PLAN_SYNAPSES_H

#include "schedule.h"

/*
 * Names, units, values and fraction of one that was taken, of NAI_SCALE_SYNAPSES. `seen`
 * [max(ld_units, ld_inputs)]: 0 before and after.
 */
nai_status nai__plan_synapses_check(const nai_intervention *intervention, const nai_network *net,
                                    unsigned char *seen);

/*
 * Adds its acts: of each projection one for each of its blocks; their windows are empty. When it fails
 * some may be there.
 */
nai_status nai__plan_synapses_add(nai__schedule *schedule, const nai_network *net,
                                  const nai_intervention *intervention, int64_t number);

#endif
