/*
 * Eligibility traces of the local rules, step by step (Murray 2019, eqs 3 to 6; docs/rules.md):
 * one number a synapse. Shared by the rules that differ in the learning signal alone.
 */
#ifndef NAI_LEARNING_TRACES_H
#define NAI_LEARNING_TRACES_H

#include "online.h"

/* Their parameter: steps between updates. */
#define NAI__UPDATE_EVERY                                                                          \
  {                                                                                                \
    "update_every", "steps", "steps between updates within a trial; 0: one at its end", 0, 0, 1e9, \
        1                                                                                          \
  }

/* RFLO and random e-prop: the signal comes by direct feedback. */
extern const nai__online_ops nai__traces_direct;
/* Symmetric e-prop: by the transposed readout. */
extern const nai__online_ops nai__traces_symmetric;
/* Adaptive e-prop: by feedback weights that follow the readout. */
extern const nai__online_ops nai__traces_adaptive;

#endif
