/*
 * Ends of projections: signals of the source and ports of the target, by number, name and sign. Inputs
 * send one signal, outputs have one port.
 */
#ifndef NAI_NETWORK_ENDS_H
#define NAI_NETWORK_ENDS_H

#include "network.h"

enum { NAI__SOURCE, NAI__TARGET };

/* Number, name and sign of a node's ends on a side; of units of an end: with the copies of a port. */
int32_t nai__ends_of(const nai__node *node, int side);
const char *nai__end_name(const nai__node *node, int side, int32_t end);
/* Of what it sends: that of the node, by Dale's law, but of a potential 0. */
int32_t nai__signal_sign(const nai__node *node, int32_t signal);
int32_t nai__port_sign(const nai__node *node, int32_t port);
const char *nai__port_unit(const nai__node *node, int32_t port); /* "1", "mV" */
int64_t nai__end_width(const nai__node *node, int side, int32_t end);
/* Its first column, of a network that is laid out. */
int64_t nai__end_column(const nai__node *node, int side, int32_t end);
/* 1 when a part's name means this end; NULL means every one. */
int nai__end_is(const nai__node *node, int side, int32_t end, const char *part);
/* 1 when an entry of the list means this end of this node. */
int nai__end_listed(const nai__node *node, int side, int32_t end, const char *list);
/*
 * Those ends, as bits, to which the list connects a node: where it names no part, the first one. A port
 * of two signs is chosen by that of the sender's signal; free ones must name it with its sign.
 */
uint32_t nai__signals_meant(const nai__node *node, const char *list);
nai_status nai__ports_meant(uint32_t *ends, const nai__node *node, const char *list,
                            const nai__node *sender, int32_t signal);
/* "E:dendrite+", in memory of its own, where a node has several ends; else NULL. */
nai_status nai__end_full_name(char **out, const nai__node *node, int side, int32_t end);

#endif
