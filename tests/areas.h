/*
 * Two areas of units of every model, for tests of rules: in each, adapting units "E", dendritic units "D"
 * of two branches and inhibitory rate units "I", which a delay of 0 puts into a stage of their own; delays
 * of one to three steps within and between the areas; input "u" of 3 channels, output "z" of 2.
 */
#ifndef NEUROAI_TESTS_AREAS_H
#define NEUROAI_TESTS_AREAS_H

#include "networks.h"

enum { AREAS_STEPS = 12, AREAS_CHANNELS = 3, AREAS_OUTPUTS = 2 };

/* Built. lag: of the dendritic units. */
nai_network *build_areas(const char *nonlinearity, int32_t lag);
/* Every port of 4 units of a model gets the input, and what they send. */
nai_network *build_model(const char *model, int32_t storage);
/* Random inputs, and targets for "z". */
nai_trials *trials_for_areas(const nai_network *net, int64_t n);
/* Costs on "z" and on all rates. */
void cost_areas(nai_trainer *trainer);

#endif
