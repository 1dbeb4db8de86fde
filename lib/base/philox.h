/* Philox4x32-10 (Salmon et al. 2011): four words that are a function of a key and a counter. */
#ifndef NAI_BASE_PHILOX_H
#define NAI_BASE_PHILOX_H

#include <stdint.h>

/*
 * What random numbers are for; part of the counter, so that purposes never share numbers. Values
 * are for ever.
 */
enum nai__purpose {
  NAI__FOR_USER = 0,
  NAI__FOR_NOISE = 1,
  NAI__FOR_INPUT_NOISE = 2,
  NAI__FOR_WEIGHTS = 3,
  NAI__FOR_SYNAPSES = 4,
  NAI__FOR_POSITIONS = 5,
  NAI__FOR_TASK = 6,
  NAI__FOR_FEEDBACK = 7,
  NAI__FOR_PERTURBATION = 8, /* of units */
  NAI__FOR_OUTPUT_PERTURBATION = 9,
  NAI__FOR_INTERVENTION = 10, /* which units */
  NAI__FOR_OUTPUT_NOISE = 11, /* of units, after the leak */
  NAI__FOR_DELAYS = 12,
  NAI__FOR_COUNTS = 13,       /* of background spikes */
  NAI__FOR_OTHER_COUNTS = 14, /* of a second background */
  NAI__FOR_AREAS = 32
};

void nai__philox(uint32_t out[4], const uint32_t counter[4], uint64_t key);

/* Another seed, for stream `label` of this one. */
uint64_t nai__seed_derive(uint64_t seed, uint32_t purpose, uint64_t label);

#endif
