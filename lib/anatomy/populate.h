/* What laying out one area and connecting several share. */
#ifndef NAI_ANATOMY_POPULATE_H
#define NAI_ANATOMY_POPULATE_H

#include <neuroai/network.h>

/*
 * Connects `from` to `to`, a name that may have a port, by synapses that exist with this
 * probability; times exp(-distance / length) where length is above 0.
 */
nai_status nai__connect_with(nai_network *net, const char *from, const char *to, double probability,
                             double length);

#endif
