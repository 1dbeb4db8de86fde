/*
 * Cells at a step: what the functions of their model are shown of an activity (units/model.h). Pointers
 * are to arrays within, so it stays where it was opened.
 */
#ifndef NAI_RUNNING_MOVE_H
#define NAI_RUNNING_MOVE_H

#include "activity.h"

typedef struct nai__cells_view {
  nai__unit_batch batch;
  const float *parameter[NAI_MOST_PARAMETERS];
  const float *port[NAI_MOST_PORTS], *normal[NAI_MOST_NORMALS];
  float *state[NAI_MOST_STATES], *signal[NAI_MOST_SIGNALS], *constant[NAI__MOST_CONSTANTS];
  /* of the way back: what the functions are given and write */
  const float *error[NAI_MOST_SIGNALS];
  float *carry[NAI_MOST_STATES], *port_error[NAI_MOST_PORTS];
} nai__cells_view;

/* Of `rows` trials, without activity. */
void nai__cells_open(nai__cells_view *out, const nai_network *net, const nai__segment *g,
                     int64_t rows);
/* Ports, states and signals of rows that stand like this: [ld_units], [ld_state], [ld_units]. */
void nai__cells_show(nai__cells_view *view, const nai__segment *g, const float *ports,
                     float *states, float *signals);

/* States of a row at time 0, before `begin`. x [ld_units]: what first states start from, which may learn. */
void nai__cells_start(const nai__segment *g, float *states, const float *x);
/* Trials row .. row + rows - 1 begin. */
void nai__cells_begin(nai__activity *a, const nai__segment *g, int64_t row, int64_t rows);
/* Bit k: nothing arrives at port k. */
uint32_t nai__idle_ports(const nai__activity *a, const nai__segment *g);
/* A step of cells to time t: what is the same for all parts of a segment. */
typedef struct nai__cells_moved {
  nai__activity *a;
  const nai__segment *segment;
  int64_t t, row, rows;
  float *v;        /* [rows][ld_units]: what ports received, without biases */
  const float *xi; /* [rows][ld_units]: normals */
  float *states;   /* [rows][ld_state]: of before, in place or in their own slot, and after */
  float *signals;  /* [rows][ld_units] */
  float *others;   /* the same of signals but the first */
  float *received; /* [rows][ld_units] */
  int32_t again;   /* 1: the first port gets what it did at this step: v has its biases, too */
  /*
   * Of a part that makes several steps, one right after the other, of one trial, while nothing arrives but what
   * its sums are begun for; NULL: each step stands by itself.
   */
  struct nai__cells_run *run;
} nai__cells_moved;

/* What is found out at the first of those steps. 0 before it. */
typedef struct nai__cells_run {
  int32_t steps; /* made so far */
  int32_t biased;
  uint32_t memo; /* nai__unit_batch.memo */
} nai__cells_run;

/* The slot of rates at t has been opened: nai__rate_slot(). */
nai__cells_moved nai__cells_move(nai__activity *a, const nai__segment *g, int64_t t, int64_t row,
                                 int64_t rows, float *v, const float *xi);
/* Before anything is added to what ports of the part receive at a step of a run. */
void nai__cells_begin_sums(const nai__cells_moved *m, int64_t first, int64_t n);
/* Units first .. first + n - 1; all of them where there are no parts. */
void nai__cells_step(const nai__cells_moved *m, int64_t first, int64_t n);
/*
 * Slopes at step t, which the activity has made and kept, into memory of nai__cells_floats(); `view` is
 * opened and shows the states of before.
 */
nai_status nai__cells_slopes(nai__cells_view *view, const nai__activity *a, const nai__segment *g,
                             int64_t t, int64_t row, int64_t rows, float *memory);
int64_t nai__cells_floats(const nai_network *net, int64_t rows);
/* States or signals of the activity: functions get what they may not write as what they may. */
float *nai__writable(const float *row);
/*
 * The way back through step t: `error` [rows][ld_units] has dJ/dsignal and gets dJ/dport; `carry`
 * [rows][ld_state] goes from after the step to before it.
 */
nai_status nai__cells_backward(const nai__activity *a, const nai__segment *g, int64_t t,
                               int64_t row, int64_t rows, float *error, float *carry,
                               float *memory);
/*
 * What ports should have received at step t, less what they did, into error [rows][ld_units]. By states
 * of after step `instant`: t - 1, when what ports receive was sent; t, when units have sent it again.
 */
nai_status nai__cells_errors(const nai__activity *a, const nai__segment *g, int64_t t,
                             int64_t instant, int64_t row, int64_t rows, float *error);
/* The way back at time 0: of signals by states alone, as `begin` made them. */
nai_status nai__cells_slopes_start(nai__cells_view *view, const nai__activity *a,
                                   const nai__segment *g, int64_t row, int64_t rows, float *memory);
/* From time 0 to what states start from: `error` gets dJ/dx_0 of units. */
nai_status nai__cells_backward_start(const nai__activity *a, const nai__segment *g, int64_t row,
                                     int64_t rows, float *error, float *carry, float *memory);

#endif
