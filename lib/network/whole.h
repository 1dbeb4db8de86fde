/*
 * A listed projection as a matrix, made for one call of a table that knows no lists: constraints and
 * costs without flags.
 */
#ifndef NAI_NETWORK_WHOLE_H
#define NAI_NETWORK_WHOLE_H

#include "network.h"

typedef struct nai__whole {
  const nai__projection *p;
  nai_synapses shown; /* [n_post][n_pre]; no positions are missing */
  float *floats;      /* weight, then gradient or momentum */
  uint8_t *flags;     /* exists, then plastic */
} nai__whole;

/*
 * Shows weights, flags, and `momentum` where it is there, laid out as theta; the gradient is 0 where one
 * is wanted. NAI_ERR_MEMORY, saying for whom, where the network's limit forbids it. To be closed then, too.
 */
nai_status nai__whole_open(nai__whole *whole, const nai_network *net, const nai__projection *p,
                           const float *momentum, int gradient, const char *user);
/* Takes weights and momentum back. */
void nai__whole_take(const nai__whole *whole, const nai_network *net, float *momentum);
/* Adds what was written to the gradient. */
void nai__whole_add(const nai__whole *whole, const nai_network *net, float *gradient);
void nai__whole_close(nai__whole *whole);

#endif
