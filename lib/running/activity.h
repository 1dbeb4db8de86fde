/*
 * Activity: the arrays of a running network, and one time step of it. A state keeps as many steps
 * as delays need and goes round in them; a batch that is learnt from keeps them all. The step is
 * the same.
 *
 * Times: 1 is the first step; rates at 0 and before are the initial ones, inputs before 1 are 0.
 */
#ifndef NAI_RUNNING_ACTIVITY_H
#define NAI_RUNNING_ACTIVITY_H

#include "../base/failure.h"
#include "../base/threads.h"
#include "../network/network.h"
#include "schedule.h"

/*
 * What units get besides, for rules that learn from what it does to the cost. A function of (seed,
 * trial, step, unit), never mixed up with the noise.
 */
typedef struct nai__perturbation {
  uint64_t seed;
  /*
   * 0: what each port of a unit and each output receives, and initial states that learn, plus `size`
   * times a standard normal. Above 0: with this probability at each step, a unit's current (leak on the
   * current) plus a number uniform in +-size, of cells what their first port receives; outputs and
   * initial states as they are.
   */
  float probability;
  float size; /* 0: none */
} nai__perturbation;

typedef struct nai__events nai__events;
typedef struct nai__meeting nai__meeting;

typedef struct nai__activity {
  const nai_network *net;
  int64_t trials;
  int64_t rate_slots, input_slots, step_slots, output_slots;
  /*
   * Floats that rows of rates lack at their end, of one trial by itself: what is no first signal is there in one row alone,
   * as it is now. 0: none.
   */
  int64_t narrower;
  int64_t
      base; /* all but outputs are kept from the step after this one; and as much before as delays need */
  float *rate;  /* [rate_slots][trials][ld_units], less what is narrower */
  float *other; /* [ld_units]: signals of the last step that are not first ones; NULL: in `rate` */
  float *drive; /* [step_slots][trials][ld_units]: phi(v) where the leak is on the rate; NULL
                     without */
  float *x;     /* [trials][ld_units]: currents now */
  float *current;  /* [step_slots][trials][ld_units]: currents of all steps, where the leak is on
                     the current; NULL: not kept */
  float *state;    /* [state_slots][trials][ld_state]: of cells; NULL without */
  float *received; /* [step_slots][trials][ld_units]: what their ports received, with biases */
  int64_t state_slots;
  nai__failure failed; /* the first failure of a model's function */
  float *noise; /* [trials][ld_units]: noise of units now, of variance 1, where it is coloured;
                         NaN before the first step */
  float *input_noise;  /* [trials][ld_inputs]: the same of channels */
  float *input;        /* [input_slots][trials][ld_inputs] */
  float *output;       /* [output_slots][trials][ld_outputs] */
  float *held;         /* [trials][ld_outputs]: what outputs with a memory hold */
  uint64_t seed;       /* of the noise */
  uint64_t first;      /* number of the first trial */
  float *taken;        /* [trials][ld_units]: what rate units received at the last step, with
                                    biases; NULL: nobody looks */
  const float *inject; /* [ld_units] added to what units receive, or NULL */
  const float *clamp;  /* [ld_units] rates, NaN where free, or NULL */
  const nai__schedule *schedule; /* what is done to units besides, and when, or NULL */
  /*
   * [trials][ld_units] the rates that units have by themselves, from which they go on while others
   * are imposed on what they send; or NULL: none ever are.
   */
  float *own;
  const nai__perturbation *perturbation; /* or NULL */
  /*
   * [ld_units] of one trial: what units get from units of steps before, or NULL. Where it is given,
   * the other products are taken from theta: packed weights are behind when weights change at each
   * step.
   */
  const float *ready;
  /* Of one trial that runs by itself: who fired at which step; or NULL. */
  nai__events *events;
  nai__pool *pool;       /* whose threads share its units out; or NULL */
  nai__meeting *meeting; /* with other ranks that share the network; or NULL */
} nai__activity;

/* Memory of one thread for nai__advance(). */
typedef struct nai__scratch {
  float *v;       /* [rows][ld_units] */
  float *xi;      /* [rows][ld_units] */
  int32_t *index; /* [units or channels]; then what is added after leaks */
} nai__scratch;

/* Slots that `steps` steps need: all of them kept, or (steps == 0; not of states) going round. */
int64_t nai__rate_slots(const nai_network *net, int64_t steps);
int64_t nai__input_slots(const nai_network *net, int64_t steps);
int64_t nai__state_slots(const nai_network *net, int64_t steps);

/* Floats of the rates of so many trials at one time, all of them or one. */
static inline int64_t nai__rate_floats(const nai__activity *a, int64_t trials)
{
  return trials * a->net->ld_units - a->narrower;
}

/* Where signals but first ones stand, of the trial whose row of rates that is. */
static inline float *nai__others_of(const nai__activity *a, float *row)
{
  return a->other ? a->other : row;
}

/* Rows of trial 0 at time t, which is kept: to be read. */
const float *nai__rate_at(const nai__activity *a, int64_t t);
const float *nai__input_at(const nai__activity *a, int64_t t);
const float *nai__drive_at(const nai__activity *a, int64_t t);
const float *nai__output_at(const nai__activity *a, int64_t t);
const float *nai__current_at(const nai__activity *a, int64_t t);
/* Of cells: states after step t (time 0: the initial ones), and what their ports received at it. */
const float *nai__state_at(const nai__activity *a, int64_t t);
const float *nai__received_at(const nai__activity *a, int64_t t);
/* The slot that has the rates of time t. */
int64_t nai__rate_slot_number(const nai__activity *a, int64_t t);
/* The same, to be written. */
float *nai__rate_slot(nai__activity *a, int64_t t);
float *nai__output_slot(nai__activity *a, int64_t t);
float *nai__input_slot(nai__activity *a, int64_t t);
float *nai__drive_slot(nai__activity *a, int64_t t);
float *nai__current_slot(nai__activity *a, int64_t t);
float *nai__state_slot(nai__activity *a, int64_t t);
float *nai__received_slot(nai__activity *a, int64_t t);
/*
 * Whether rates of all steps are more than what stays in a core's caches: then those of the step that comes
 * next are asked for a row at a time, while units move. Rates that stay would only be asked for in vain.
 */
static inline int nai__rates_are_far(const nai__activity *a)
{
  return a->rate_slots * a->trials * a->net->ld_units > 1 << 20;
}

static inline void nai__ask_for(const float *row, int64_t first, int64_t end)
{
  for (int64_t u = first; u < end; u += 16) __builtin_prefetch(row + u, 0, 2);
}
/*
 * What a block carries to time t: of trial 0, from its first column on; and the floats from one
 * trial to the next.
 */
const float *nai__carried(const nai__activity *a, const nai__block *block, int64_t t);
static inline int64_t nai__carried_stride(const nai_network *net, const nai__block *block)
{
  return block->from_input ? net->ld_inputs : net->ld_units;
}
/* Outputs of trials row .. row + rows - 1 at time t, without padding: out [rows][n_outputs]. */
void nai__copy_outputs(float *out, const nai__activity *a, int64_t t, int64_t row, int64_t rows);

/*
 * What a perturbation adds to what ports receive at step t [n_columns]; at t = 0 to initial states;
 * and to outputs [n_outputs]. `trial`: its number. Exactly what nai__begin() and nai__advance() add.
 */
void nai__perturb_units(const nai__perturbation *p, const nai_network *net, uint64_t trial,
                        int64_t t, float *v);
void nai__perturb_outputs(const nai__perturbation *p, const nai_network *net, uint64_t trial,
                          int64_t t, float *z);

/*
 * Of so many trials, with as many steps as delays need; it has no memory yet. before: 1 where the states of
 * cells before a step are asked for after it, as slopes are of them. Those of releases always are.
 */
nai__activity nai__activity_shape(const nai_network *net, int64_t trials, int before);
/* Floats that such an activity takes, and its arrays in a memory of so many, from `rate` on. */
int64_t nai__activity_floats(const nai__activity *a);
void nai__activity_place(nai__activity *a, float *memory);
/* The same with a memory of its own. */
nai_status nai__activity_create(nai__activity *out, const nai_network *net, int64_t trials,
                                int before);
void nai__activity_destroy(nai__activity *activity);

nai_status nai__scratch_create(nai__scratch *out, const nai_network *net, int64_t rows);
int64_t nai__scratch_bytes(const nai_network *net, int64_t rows);
void nai__scratch_destroy(nai__scratch *scratch);

/*
 * Initial state of trials row .. row + rows - 1: currents, and rates at time 0 and before; inputs
 * before 1 are 0.
 */
void nai__begin(nai__activity *a, int64_t row, int64_t rows);

/*
 * The rates that trials row .. row + rows - 1 send at a step, counted from 0, or before the first
 * one, in r [rows][ld_units]: their own, and those that are imposed. Where there are own ones.
 */
void nai__impose(const nai__activity *a, int64_t step, int64_t row, int64_t rows, float *r);
/*
 * At time 0: imposes on rates at time 0 and before what is planned to hold before the first step.
 * Without own rates it does nothing.
 */
void nai__impose_initial(nai__activity *a, int64_t row, int64_t rows);

/*
 * One step of trials row .. row + rows - 1 to time t. inputs: [rows][n_inputs] of these trials, or
 * NULL for 0. Bits depend neither on how trials are grouped nor on the thread.
 */
void nai__advance(nai__activity *a, int64_t t, int64_t row, int64_t rows, const float *inputs,
                  nai__scratch *scratch);

/* Outputs at time t, which come last in a step. */
void nai__read_out(nai__activity *a, int64_t t, int64_t row, int64_t rows, nai__scratch *scratch);

/*
 * Cells of one segment make step t, the last one, once more, from what other units send by now,
 * whatever the delay. With the scratch of this step: its noise is there. others: 1 when nothing that
 * their first ports get has changed since; none of it is spikes along synapses by sender.
 */
void nai__advance_again(nai__activity *a, const nai__segment *g, int others, int64_t t, int64_t row,
                        int64_t rows, nai__scratch *scratch);

/*
 * NAI_OK when inputs [steps][trials][n_inputs] are finite, or NULL; else NAI_ERR_NONFINITE, naming
 * input, channel, trial and, of several steps, the row.
 */
nai_status nai__inputs_finite(const nai_network *net, const float *inputs, int64_t steps,
                              int64_t trials);

/* 1 when what a block brings at a step is known at the end of the one before. */
int nai__block_is_ready(const nai__block *block);
/* c [n_post] += weights of the block, as theta has them, times what it carries at time t; trial 0. */
void nai__add_product(const nai__activity *a, const nai__block *block, int64_t t, float *c);

/* Numbers of trials: noise has 56 bits for them. */
nai_status nai__first_check(uint64_t first, int64_t trials);

#endif
