/* Unit models as a user would write them, with public headers alone: they repeat the built-in ones. */
#ifndef NEUROAI_TESTS_OWN_MODELS_H
#define NEUROAI_TESTS_OWN_MODELS_H

#include <neuroai/neuroai.h>

/* What a model's user counts and does: `user` of all of them, which outlives them. */
typedef struct own_model {
  int destroyed;
  int threaded;     /* 1: NAI_MODEL_THREADED */
  int fused;        /* 1: adaptive_rate has a `backward`, too */
  int fails;        /* this function fails: OWN_PREPARE, ... */
  long fails_after; /* so many calls of it */
  int says;         /* 1: with a message */
  int wrong;        /* this entry of the four slopes, or of the way back, is wrong; from 1 */
  int nan;          /* 1: that entry is NaN */
  long calls[5];
  int64_t most_trials;
  int64_t first_unit; /* of the last call, where not threaded */
  int other_thread;   /* 1: some call came from a thread that is not `thread` */
  unsigned long thread;
} own_model;

enum { OWN_PREPARE = 1, OWN_BEGIN, OWN_STEP, OWN_SLOPES, OWN_BACKWARD };

/*
 * "own_rate", with the leak on the current or on the rate by the word "leak_on"; "own_adaptive",
 * "own_dendritic". Rates are tanh, of the dendritic one softplus.
 */
nai_model_ops own_rate_ops(const own_model *m);
nai_model_ops own_adaptive_ops(const own_model *m);
nai_model_ops own_dendritic_ops(const own_model *m);
/* A spike where v, a leaky integral, is above 1, which sets it back. */
nai_model_ops own_spiking_ops(const own_model *m);

#endif
