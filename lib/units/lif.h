/*
 * Leaky integrate-and-fire units with or without adaptation: fields, and what step and slopes share.
 * With P = exp(-dt / tau), at step t, all on the right-hand side of the step before but for arrivals:
 *
 *   v~    = v + (1 - P) (rest + drive - v) + gain arrivals + P_exc i_exc + P_inh i_inh
 *   spike = v~ >= threshold + adaptation b, and not refractory
 *   v     = reset at a spike, and where refractory the v of before; else v~
 *   i     = exp(-dt / tau_syn) i + arrivals (exc, inh)          b = exp(-dt / tau_adaptation) b + spike
 *
 * (Rotter & Diesmann 1999; the order is that of NEST's iaf_psc_delta and iaf_psc_exp). With a soft reset v is
 * v~ throughout, and threshold - rest is taken from it a step after the spike (Bellec et al. 2020).
 */
#ifndef NAI_UNITS_LIF_H
#define NAI_UNITS_LIF_H

#include "chunk.h"

enum {
  NAI__LIF_TAU,
  NAI__LIF_CAPACITANCE,
  NAI__LIF_REST,
  NAI__LIF_THRESHOLD,
  NAI__LIF_RESET,
  NAI__LIF_REFRACTORY,
  NAI__LIF_TAU_EXC,
  NAI__LIF_TAU_INH,
  NAI__LIF_DRIVE,
  NAI__LIF_NORMALISE,
  NAI__LIF_BACKGROUND,
  NAI__LIF_BACKGROUND_WEIGHT,
  NAI__LIF_BACKGROUND_EXC,
  NAI__LIF_BACKGROUND_EXC_WEIGHT,
  NAI__LIF_ADAPTATION,
  NAI__LIF_TAU_ADAPTATION,
  NAI__LIF_SOFT_RESET,
  NAI__LIF_RESET_GRADIENT,
  NAI__LIF_SURROGATE,
  NAI__LIF_WIDTH,
  NAI__LIF_DAMPENING,
  NAI__LIF_PARAMETERS
};
enum {
  NAI__LIF_DECAY,    /* 1 - P */
  NAI__LIF_TARGET,   /* rest + drive */
  NAI__LIF_GAIN,     /* of arrivals: 1 or 1 - P */
  NAI__LIF_BY_EXC,   /* mV that v gets of a pA of i_exc */
  NAI__LIF_BY_INH,   /* of i_inh */
  NAI__LIF_KEPT_EXC, /* of i_exc for the next step */
  NAI__LIF_KEPT_INH, /* of i_inh */
  NAI__LIF_KEPT_B,   /* of b */
  NAI__LIF_PERIOD,   /* steps from a spike to the next one at the earliest */
  NAI__LIF_SOFT,     /* what a spike takes from v a step later; 0 where the reset is hard */
  NAI__LIF_FORM,     /* of all units, in the first of them: NAI__LIF_IS_... */
  NAI__LIF_CONSTANTS
};
enum {
  NAI__LIF_IS_ADAPTIVE = 1,
  NAI__LIF_IS_SOFT = 2,
  NAI__LIF_IS_NORMALISED = 4,
  NAI__LIF_IS_SAME = 8 /* all units have the same numbers */
};
enum { NAI__LIF_V, NAI__LIF_I_EXC, NAI__LIF_I_INH, NAI__LIF_WAIT, NAI__LIF_B, NAI__LIF_STATES };
enum {
  NAI__LIF_ONTO_DELTA,
  NAI__LIF_ONTO_EXC,
  NAI__LIF_ONTO_INH,
  NAI__LIF_ONTO_BACKGROUND,
  NAI__LIF_ONTO_BACKGROUND_EXC,
  NAI__LIF_PORTS
};
enum { NAI__LIF_SPIKE, NAI__LIF_SENT_V, NAI__LIF_SIGNALS };

/* Units at once: so many that tables of counts pay, and few enough for the cache. */
#define NAI__LIF_CHUNK 512

/* 1: something may arrive there. */
static inline int nai__lif_hears(const nai__chunk *c, int port)
{
  return (((const nai__unit_batch *)c->batch)->idle >> port & 1) == 0;
}

static inline int nai__lif_is(const nai__chunk *c, int form)
{
  return ((int)c->batch->constant[NAI__LIF_FORM][0] & form) != 0;
}

/* Each chunk of a batch, some of which draw the spikes of backgrounds. */
void nai__lif_each_chunk(const nai_unit_batch *b, void (*what)(const nai__chunk *c));
/* What v gets by arrivals and by currents at this step; in room [NAI__LIF_CHUNK], if need be. */
const float *nai__lif_input(float *room, const nai__chunk *c);

nai_status nai__lif_slopes(void *user, nai_unit_batch *b);
nai_status nai__lif_backward(void *user, nai_unit_batch *b);

#endif
