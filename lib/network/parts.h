/*
 * One trial of many cells, moved in parts: what a part of a population receives along synapses by sender is
 * added up, and then the part makes its step, while all of it is in the cache. Parts are shared out to
 * threads; bits do not depend on it.
 */
#ifndef NAI_NETWORK_PARTS_H
#define NAI_NETWORK_PARTS_H

#include "activity.h"

/*
 * The cells of a stage, of an activity that has events. scratch->v has what comes on other ways. Returns 0
 * where they cannot be moved in parts, and nothing is done.
 */
int nai__parts_step(nai__activity *a, int64_t stage, int64_t t, const nai__scratch *scratch);

#endif
