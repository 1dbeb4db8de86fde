/*
 * A chunk: neighbouring units of one trial of a batch, few enough for arrays of theirs on the stack, and
 * the numbers that are theirs. All of it is inline, so that loops over the units become vectors.
 */
#ifndef NAI_UNITS_CHUNK_H
#define NAI_UNITS_CHUNK_H

#include "model.h"

typedef struct nai__chunk {
  const nai_unit_batch *batch;
  int64_t trial, first, n;
  void *shared; /* by all chunks of the batch */
} nai__chunk;

/* All trials, one after another, `most` units at once. */
static inline void nai__each_chunk_with(const nai_unit_batch *batch, int64_t most,
                                        void (*what)(const nai__chunk *c), void *shared)
{
  for (int64_t trial = 0; trial < batch->trials; trial++)
    for (int64_t first = 0; first < batch->n; first += most) {
      const int64_t left = batch->n - first;
      const nai__chunk c = {batch, trial, first, left < most ? left : most, shared};
      what(&c);
    }
}

static inline void nai__each_chunk(const nai_unit_batch *batch, int64_t most,
                                   void (*what)(const nai__chunk *c))
{
  nai__each_chunk_with(batch, most, what, NULL);
}

static inline const float *nai__chunk_parameter(const nai__chunk *c, int parameter)
{
  return c->batch->parameter[parameter] + c->first;
}

static inline const float *nai__chunk_constant(const nai__chunk *c, int constant)
{
  return c->batch->constant[constant] + c->first;
}

static inline const float *nai__chunk_port(const nai__chunk *c, int port)
{
  return c->batch->port[port] + c->trial * c->batch->port_stride + c->first;
}

static inline float *nai__chunk_state(const nai__chunk *c, int state)
{
  return c->batch->state[state] + c->trial * c->batch->state_stride + c->first;
}

static inline float *nai__chunk_signal(const nai__chunk *c, int signal)
{
  return c->batch->signal[signal] + c->trial * c->batch->signal_stride + c->first;
}

#endif
