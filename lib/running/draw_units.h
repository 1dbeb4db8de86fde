/* Which units of a population an intervention means: those that are given, or some of them at random. */
#ifndef NAI_RUNNING_DRAW_UNITS_H
#define NAI_RUNNING_DRAW_UNITS_H

#include <neuroai/intervention.h>

#include "../network/network.h"

/* A unit that may be meant: its place in the list or population, its number, and its lot. */
typedef struct nai__candidate {
  uint64_t lot;
  int64_t place, unit;
} nai__candidate;

/*
 * Those that are meant, ascending; `found` has room for all of `which`. Fails where a fraction of them is
 * none.
 */
nai_status nai__draw_units(int64_t *count, nai__candidate *found, const nai__node *node,
                           const nai_intervention *intervention);

#endif
