/*
 * Short-term plasticity: the object, and what a network makes of it. A release is the same table as a
 * unit's, put between what a node sends on a signal and the projections that carry it on.
 */
#ifndef NAI_NETWORK_RELEASE_H
#define NAI_NETWORK_RELEASE_H

#include "network.h"

/* In the order of the model's parameters. */
enum { NAI__SHORT_TERM_NUMBERS = 4 };

struct nai_short_term {
  nai__reference reference;
  int64_t n;
  double *value[NAI__SHORT_TERM_NUMBERS]; /* [n] each, in one memory */
};

/* Nullable. */
void nai__short_term_keep(nai_short_term *short_term);
/* To a projection of a network that is composed, when it fits its sender. */
nai_status nai__short_term_give(const nai_network *net, nai__projection *p,
                                nai_short_term *short_term);

/* --- layout ----------------------------------------------------------------------------------- */

/* One release for each node, signal and object that some projections have in common. */
nai_status nai__releases_find(nai_network *net);
void nai__releases_destroy(nai_network *net);
/* Columns of what a node releases, and of its states; counts the network's. */
void nai__releases_columns(nai_network *net, const nai__node *node);
/* Memory and contents of what functions read. */
nai_status nai__releases_prepare(nai_network *net);

#endif
