/*
 * A learning rule as the trainer sees it, and the pass over a batch that it works on.
 *
 * A rule gets what a batch did (activity), what the outputs should have done (dJ/dz), and a way to
 * ask for the rate costs' dJ/dr; it writes its estimate of dJ/dtheta. It does not know which costs
 * there are, nor which optimiser follows.
 */
#ifndef NAI_LEARNING_RULE_H
#define NAI_LEARNING_RULE_H

#include <neuroai/rule.h>

#include "../base/reference.h"
#include "../base/threads.h"
#include "../network/activity.h"

typedef struct nai__pass {
  const nai_network *net;
  const nai__activity *activity; /* all steps kept */
  int64_t steps, trials;
  int64_t rows; /* trials that are worked on together; the last rows may be fewer */
  nai__pool *pool;
  const float *output_gradient; /* dJ/dz [steps][trials][ld_outputs] */
  float *signal;  /* [steps][trials][ld_units]: dJ/dr where has_signal, else to be written first */
  int has_signal; /* a rate cost has written all of `signal` */
  /*
   * Adds the other rate costs' dJ/dr of step t (from 1), trials row .. row + rows - 1, units first
   * .. end - 1, to g [rows][ld_units]. A rule calls it once for every step, trial and unit; NULL
   * without such costs.
   */
  void (*rate_signal)(void *user, int64_t t, int64_t row, int64_t rows, int64_t first, int64_t end,
                      float *g);
  void *user;
  float *gradient;       /* out: dJ/dtheta, as theta is laid out; what is not plastic is cleared
                            afterwards */
  float *carry;          /* [trials][ld_units], scratch of the rule */
  float *start;          /* [trials][ld_units], scratch of the rule */
  double *bias_sum;      /* [row blocks][nai__numbers_width()], scratch of the rule */
  float **outer_scratch; /* [threads] */
} nai__pass;

typedef struct nai__rule_ops {
  const char *name;
  int32_t gives_errors; /* 1: leaves dJ/dv of each unit and step in `signal` */
  nai_status (*estimate)(void *user, nai__pass *pass);
  void (*destroy)(void *user);
} nai__rule_ops;

struct nai_rule {
  nai__reference reference;
  nai__rule_ops ops;
  void *user;
};

nai_status nai__rule_create(nai_rule **out, const nai__rule_ops *ops, void *user);
void nai__rule_keep(nai_rule *rule);

/*
 * Weight gradient of every block, from dJ/dv in `signal` and dJ/dz: one product over all steps and
 * trials.
 */
void nai__correlate(nai__pass *pass);

#endif
