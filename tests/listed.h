/* What tests of listed projections share: the synapses of a network, and those of two held together. */
#ifndef NEUROAI_TESTS_LISTED_H
#define NEUROAI_TESTS_LISTED_H

#include <neuroai/trainer.h>

#include "networks.h"

typedef struct synapses {
  int64_t n;
  int32_t *projection, *post, *pre;
  float *weight;
  uint8_t *plastic;
} synapses;

/* Of all projections, in ascending order of (post, pre). */
synapses synapses_of(const nai_network *net);
void synapses_free(synapses *s);
/* The same synapses, with weights that differ by `most` of the largest at most. */
void expect_same_synapses(const nai_network *one, const nai_network *other, double most);
/* Projections that are listed. */
int64_t listed_in(const nai_network *net);
/* Attaches it, and gives it up; `made`: what making it returned, so that both fit in one line. */
void constrain_by(nai_network *net, const char *from, const char *to, nai_status made,
                  nai_constraint **constraint);
/* Built and copied; each allocation fails in turn, of which there are more than `least`. */
void build_without_memory(nai_network *(*compose)(void), int least);
/*
 * Gives the trainer of a dense network the feedback of the same network with lists, which has a number for
 * each synapse. Which rules have some, by their names.
 */
void copy_feedback(nai_trainer *to, const nai_trainer *from, const nai_network *listed);
int has_feedback(const char *rule);

#endif
