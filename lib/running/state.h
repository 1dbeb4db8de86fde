/* A running network, as the files that move, perturb and keep it see it. */
#ifndef NAI_RUNNING_STATE_H
#define NAI_RUNNING_STATE_H

#include <neuroai/state.h>

#include "activity.h"

/* What a state keeps up to date only once somebody looks at it. */
enum { NAI__SHOWS_STATES = 1, NAI__SHOWS_TAKEN = 2, NAI__SHOWS_OWN = 4 };

struct nai_state {
  const nai_network *net;
  nai_network *kept; /* the same, for the end */
  nai__activity activity;
  nai__scratch scratch;
  nai__pool *pool;     /* NULL: the caller's thread alone */
  nai__scratch *parts; /* [threads] of the trials of each; NULL with one trial */
  int64_t time;
  int64_t n_memory; /* floats */
  float *memory;    /* the activity, then now, own, shown, taken, inject, clamp */
  float *inject;    /* [ld_units] */
  float *clamp;     /* [ld_units] */
  float *now;       /* [trials][ld_units]: rates, at an address that stays */
  float *own;       /* [trials][ld_units]: of the activity, as soon as it needs them */
  float *shown;     /* [trials][ld_state]: states of cells now, at an address that stays */
  float *taken;     /* [trials][ld_units]: what rate units received at the last step */
  uint32_t shows;   /* NAI__SHOWS_...: which of these somebody looks at */
  nai__schedule schedule;
  unsigned char *seen;       /* [ld_units] 0, for nai__units_check() */
  const nai__node **watched; /* [n_nodes]: room for those whose spikes a call records */
};

/* What a state of one trial takes of memory, at most; of a network that is laid out. */
int64_t nai__state_bytes(const nai_network *plan);

/*
 * One step, of inputs that are finite; nullable: inputs, outputs. What stands at addresses that stay is
 * behind until it is copied, before anybody looks.
 */
nai_status nai__state_step(nai_state *state, const float *inputs, float *outputs);
void nai__state_copy_now(nai_state *state);
/* How many steps may be made at once; and so many of them, at least 2. Nullable: inputs [steps][n_inputs]. */
int64_t nai__state_most(const nai_state *state);
nai_status nai__state_steps(nai_state *state, int64_t steps, const float *inputs);

/* What is injected and clamped now is what the step reads; without any it reads nothing. */
void nai__state_refresh(nai_state *state);

/* A variable of a population: [trials][width], trials apart by ld. */
typedef struct nai__variable {
  const float *now;
  int64_t width, ld;
} nai__variable;

/* By its name; from then on the state keeps it up to date. */
nai_status nai__variable_find(nai__variable *out, nai_state *state, const char *name,
                              const char *argument);
/* The state of rate units is called after what leaks. */
const char *nai__state_name(const nai__node *node, int32_t k);
/* NAI_OK when there is short-term plasticity of this projection. */
nai_status nai__require_release(const nai_network *net, const nai__projection *p);
/* What somebody looks at is again what the activity has. */
void nai__state_show(nai_state *state);

#endif
