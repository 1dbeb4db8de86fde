/*
 * A descent: after the last step of a trial, what was said at the top of a network of layers comes
 * down to its bottom at once, layer by layer. Populations make the step once more, in an order in which
 * those that send to ports other than the first stand before those that they send to; each gets what
 * all others send by now. With units that are at once at their steady state, a step and a descent are
 * the two steps of Sacramento et al. 2018, section 3.4.
 */
#ifndef NAI_RUNNING_DESCENT_H
#define NAI_RUNNING_DESCENT_H

#include "activity.h"

typedef struct nai__descent nai__descent;

/*
 * NAI_ERR_UNSUPPORTED, with a message that begins with `who`, for networks where there is no such
 * order, or where first ports get from other populations what these sent before the step.
 */
nai_status nai__descent_create(nai__descent **out, const nai_network *net, const char *who);
void nai__descent_destroy(nai__descent *descent);
/*
 * Of trials row .. row + rows - 1 after step t, with the scratch of this step. Afterwards it is as if
 * units had sent all the time what they send now.
 */
void nai__descend(const nai__descent *descent, nai__activity *a, int64_t t, int64_t row,
                  int64_t rows, nai__scratch *scratch);

#endif
