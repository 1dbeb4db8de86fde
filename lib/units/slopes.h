/*
 * What follows from the slopes of a model. With d = dJ/dstate after the step and g = dJ/dsignal,
 *
 *   port_error = SP^T d + ZP^T g,   carry = SS^T d + ZS^T g,
 *
 * and of tangents ds, dv, s' = SS ds + SP dv, dz = ZS ds + ZP dv.
 */
#ifndef NAI_UNITS_SLOPES_H
#define NAI_UNITS_SLOPES_H

#include "model.h"

/* States, and ports, of a unit with their copies: the most. */
#define NAI__MOST_PLACES 128

/* Floats that the four blocks take for so many units x trials. */
static inline int64_t nai__slopes_floats(int64_t states, int64_t ports, int64_t signals,
                                         int64_t count)
{
  return (states + signals) * (states + ports) * count;
}

/*
 * Slopes into `memory`, from `ports` and `state`s of before and what the step made of them. The
 * batch's n_states and n_ports are set.
 */
nai_status nai__slopes_find(const nai_model *model, nai_unit_batch *b, float *memory);

/* port_error and carry from error and carry, by slopes that were found. error may be port_error. */
void nai__slopes_backward(const nai_model *model, nai_unit_batch *b);

/*
 * A step of tangents, [rows] of them, along one trial whose slopes (of trial 0 of the batch) were
 * found: state moves on, signal is written. port, state, signal and their strides are the tangents',
 * as the batch's own are the activity's. signal may be port.
 */
void nai__slopes_forward(const nai_model *model, const nai_unit_batch *slopes,
                         nai_unit_batch *tangents);

#endif
