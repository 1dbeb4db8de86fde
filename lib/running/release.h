/* What is released by synapses with short-term plasticity (network/releases.h), as time goes on. */
#ifndef NAI_RUNNING_RELEASE_H
#define NAI_RUNNING_RELEASE_H

#include "move.h"

/* --- running ---------------------------------------------------------------------------------- */

/*
 * Trials row .. row + rows - 1 release what their units send at time t, from the states of the time
 * before. May be called again when what is sent has changed.
 */
void nai__release_step(nai__activity *a, const nai__release *release, int64_t t, int64_t row,
                       int64_t rows);
/* All of them at the time that is. */
void nai__release_again(nai__activity *a, int64_t t, int64_t row, int64_t rows);

/* --- slopes ----------------------------------------------------------------------------------- */

/* Of the step to time t, into memory of nai__cells_floats(); `view` shows the states of before. */
void nai__release_slopes(nai__cells_view *view, const nai__activity *a, const nai__release *release,
                         int64_t t, int64_t row, int64_t rows, float *memory);
/*
 * The way back through the step to time t: to dJ/dsent in `error` [rows][ld_units] comes what it costs
 * by what is released; `carry` [rows][ld_state] goes from after the step to before it.
 */
void nai__release_backward(const nai__activity *a, const nai__release *release, int64_t t,
                           int64_t row, int64_t rows, float *error, float *carry, float *memory);

#endif
