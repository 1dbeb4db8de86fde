/* Short-term plasticity in a model file: a list, of which projections name an entry by its number. */
#ifndef NAI_FILE_SHORT_TERMS_H
#define NAI_FILE_SHORT_TERMS_H

#include "model.h"

/* Those of a network, one for each of its releases; nothing where it has none. */
void nai__short_terms_describe(nai__json_writer *w, const nai_network *net);
nai_status nai__short_terms_add(nai__tensor_list *list, const nai_network *net);

/* Those of a file. */
typedef struct nai__short_terms {
  nai_short_term **all;
  int64_t n;
} nai__short_terms;

/* Starts as {NULL, 0}; to be released whatever came of it. */
nai_status nai__short_terms_read(nai__short_terms *out, const nai__json *model,
                                 const nai__tensors *file);
void nai__short_terms_release(nai__short_terms *list);
/* Gives a projection the one that its description names; else none. */
nai_status nai__short_terms_give(const nai__short_terms *list, const nai_network *net,
                                 nai__projection *p, const nai__json *json);

#endif
