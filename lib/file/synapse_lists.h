/*
 * Listed projections in a model file: "first: E -> I" [post + 1] and "sender: E -> I" [synapses], as
 * compressed rows have them; "weight", "mask" and "learns" are then [1, synapses]. Where delays differ,
 * there is "delays: E -> I", steps, ascending, and "first" is [delays (post + 1)]: the synapses of one delay
 * behind those of the other.
 */
#ifndef NAI_FILE_SYNAPSE_LISTS_H
#define NAI_FILE_SYNAPSE_LISTS_H

#include "model.h"

/* What a projection's description says; nothing where it is dense. */
void nai__synapse_list_describe(nai__json_writer *w, const nai_network *net,
                                const nai__projection *p);
nai_status nai__synapse_list_add(nai__tensor_list *list, const nai_network *net,
                                 const nai__projection *p);

/* What a description says of it: 0 where it is dense; else 1, or how many delays it has. */
typedef struct nai__listed {
  int32_t is_listed, is_shared, differ;
  int64_t delays;
} nai__listed;
nai_status nai__synapse_list_said(nai__listed *out, const nai__json *json);
/* The shape of its arrays, by that of its list, which must be for so many receivers. */
nai_status nai__synapse_list_shape(int64_t shape[2], const nai__tensors *file,
                                   const nai__listed *said, const char *from, const char *to,
                                   int64_t n_post);
/* Makes a projection as it was said. */
void nai__synapse_list_give(nai__projection *p, const nai__listed *said);
/* The lists of a network that is laid out but for its arrays; each number is checked. */
nai_status nai__synapse_lists_read(nai_network *net, const nai__tensors *file);

#endif
