/* The rule's estimate beside the exact gradient. */
#ifndef NAI_TRAIN_ALIGNMENT_H
#define NAI_TRAIN_ALIGNMENT_H

#include "../learning/rule.h"

/* Made when first asked for. */
typedef struct nai__alignment {
  nai_rule *rule; /* backpropagation through time, and it at work */
  nai__learner *learner;
  float *exact, *estimate; /* as theta is laid out */
  int known;
} nai__alignment;

void nai__alignment_destroy(nai__alignment *alignment);

#endif
