/*
 * One trial of many cells, moved in parts: what a part of a population receives along synapses by sender is
 * added up, and then the part makes its step, while all of it is in the cache. Parts are shared out to
 * threads; bits do not depend on it.
 *
 * Where all that arrives does so after some steps, a part makes as many at once, and threads meet less often.
 */
#ifndef NAI_RUNNING_PARTS_H
#define NAI_RUNNING_PARTS_H

#include "activity.h"

/*
 * The cells of a stage, of an activity that has events. scratch->v has what comes on other ways. Returns 0
 * where they cannot be moved in parts, and nothing is done.
 */
int nai__parts_step(nai__activity *a, int64_t stage, int64_t t, const nai__scratch *scratch);

/* Steps that units of this network may make before others, parts or ranks, have to be asked; 1: at each. */
int64_t nai__parts_window(const nai_network *net);
/* The same as things are now, of an activity with slots for as many. */
int64_t nai__parts_most(const nai__activity *a);
/* 1 where they can be made by nai__parts_run(); else they are those of ranks, who meet after them. */
int nai__parts_alone(const nai__activity *a);
/* Steps t .. t + steps - 1 of all units, at most nai__parts_most(). */
void nai__parts_run(nai__activity *a, int64_t t, int64_t steps);

#endif
