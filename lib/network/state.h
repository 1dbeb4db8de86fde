/* A running network, as the files that move, perturb and keep it see it. */
#ifndef NAI_NETWORK_STATE_H
#define NAI_NETWORK_STATE_H

#include <neuroai/state.h>

#include "activity.h"

struct nai_state {
  const nai_network *net;
  nai_network *kept; /* the same, for the end */
  nai__activity activity;
  nai__scratch scratch;
  int64_t time;
  int64_t n_memory; /* floats */
  float *memory;    /* the activity, then now, own, inject, clamp */
  float *inject;    /* [ld_units] */
  float *clamp;     /* [ld_units] */
  float *now;       /* [trials][ld_units]: rates, at an address that stays */
  float *own;       /* [trials][ld_units]: of the activity, as soon as it needs them */
  nai__schedule schedule;
  unsigned char *seen; /* [ld_units] 0, for nai__units_check() */
};

/* What is injected and clamped now is what the step reads; without any it reads nothing. */
void nai__state_refresh(nai_state *state);

#endif
