/*
 * Gradients forwards: what every weight does to every unit and output, followed from step to step
 * in double (docs/equations.md, "Gradients"; real-time recurrent learning, with parts left out). Slow
 * and simple; the judge of rules, which all go backwards and in single precision.
 *
 * A rule is known here by what of that influence it keeps: all of it; each weight's on its own
 * postsynaptic unit (the eligibility traces p of RFLO and e-prop); that and the way through the
 * unit's own synapse onto itself (SnAp-1).
 */
#ifndef NEUROAI_TESTS_TANGENTS_H
#define NEUROAI_TESTS_TANGENTS_H

#include "../lib/train/trainer.h"

enum { TANGENTS_ALL, TANGENTS_LOCAL, TANGENTS_OWN };

typedef struct tangents {
  int kept;               /* TANGENTS_... */
  int64_t window;         /* influence ends at the borders of windows of so many steps; 0: none */
  const float *through;   /* weights by which it travels, laid out as theta; NULL: the weights */
  const float *direct;    /* [n_outputs][ld_units] from outputs to units; NULL: by the readout */
  double l1, l2;          /* beta of l1_rates of "E I" and of l2_rates of "*" */
  const int32_t *lengths; /* [trials]: steps in which costs on rates count; NULL: all */
} tangents;

/*
 * What a rule should say of the trainer's last batch, laid out as theta; the caller frees it. The
 * forward run is made again in double too, and held against the trainer's.
 */
double *tangents_gradient(const nai_trainer *trainer, const tangents *how);

/* The trainer's gradient against it: within 1e-4 of the largest, array by array. */
void tangents_check(const nai_trainer *trainer, const double *expected, const char *what);

#endif
