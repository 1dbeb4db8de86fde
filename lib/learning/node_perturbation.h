/* What the two forms of node perturbation share: over batches, and while it happens. */
#ifndef NAI_LEARNING_NODE_PERTURBATION_H
#define NAI_LEARNING_NODE_PERTURBATION_H

#include "online.h"

extern const nai__online_ops nai__node_perturbation_online;

void nai__node_perturbation_of(const nai__learner *learner, nai__perturbation *out);
/* [2] mean reward, and 1 when there is one; kept in checkpoints. */
float *nai__node_perturbation_mean(const nai__learner *learner);
/* How far the mean moves to each reward. */
double nai__node_perturbation_rate(const nai__learner *learner);

#endif
