/* Rate units' part of nai_network_check_model(). */
#ifndef NAI_NETWORK_RATE_CHECK_H
#define NAI_NETWORK_RATE_CHECK_H

#include "network.h"

/* The slopes that the kernels' way back has, of a population of rate units, against their step. */
nai_status nai__rate_check(const nai_network *net, const nai__node *node);

#endif
