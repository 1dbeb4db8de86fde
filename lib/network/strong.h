/* Few strong synapses over many weak ones: the strong part of the first weights under Dale's law. */
#ifndef NAI_NETWORK_STRONG_H
#define NAI_NETWORK_STRONG_H

#include "network.h"

/*
 * Adds strong synapses to the recurrent weights onto the nodes where `on` [n_nodes] is not 0. Each of
 * their units gets a synapse of strength 1 from an excitatory unit, and as much inhibition, spread
 * over its inhibitory synapses. Units of nodes that excite get their synapses from different units,
 * none from itself: dense, a random derangement; so do all others among themselves. Where units do
 * not suffice they are used again.
 */
nai_status nai__add_strong_synapses(nai_network *net, const int32_t *on);

/* Before the network is wired: what a build takes for that at most, and gives back. */
int64_t nai__strong_bytes(const nai_network *net);

#endif
