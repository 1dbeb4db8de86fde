/* Which synapses an act of NAI_SCALE_SYNAPSES (schedule.h) means, where it means a fraction of them. */
#ifndef NAI_RUNNING_DRAW_SYNAPSES_H
#define NAI_RUNNING_DRAW_SYNAPSES_H

#include "schedule.h"

/* Places of synapses in all blocks of a projection, in a list or a matrix. */
int64_t nai__count_places(const nai_network *net, const nai__projection *p);
/* How many of a projection's n synapses a fraction is, rounded; fails where that is none. */
nai_status nai__count_fraction(int64_t *out, const nai_network *net, const nai__projection *p,
                               double fraction, int64_t n);

/*
 * Draws a fraction of the synapses of an act's projection whose senders are meant: sets `largest`. Their
 * number is rounded; it fails where that is none.
 */
nai_status nai__draw_synapses(nai__act *act, const nai_network *net, double fraction);
/* By it, which ones of the act's block these are. */
nai_status nai__mark_synapses(nai__act *act, const nai_network *net);
/* Marks the places in theta [n_theta] of those of all parts that it means, of lots up to `largest`. */
void nai__drawn_synapses(uint8_t *marks, const nai__act *act, const nai_network *net);
/*
 * Multiplies, as theta is laid out, by its factors those of the act's block that it means, where there is
 * so much of it. Not of projections that keep one weight for all pairs.
 */
void nai__multiply_factors(float *factor, const nai__act *act, const nai_network *net, float much);
/* 1 when an act that was read is on synapses of this network. */
int nai__chooses_synapses(const nai__act *act, const nai_network *net);

#endif
