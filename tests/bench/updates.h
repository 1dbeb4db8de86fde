/* How long an update of a trainer takes, for the programs that time it. */
#ifndef NAI_BENCH_UPDATES_H
#define NAI_BENCH_UPDATES_H

#include <neuroai/neuroai.h>
#include <stdio.h>
#include <stdlib.h>

#include "measure.h"

static inline void must(nai_status status)
{
  if (status == NAI_OK) return;
  fprintf(stderr, "bench: %s\n", nai_last_error());
  exit(EXIT_FAILURE);
}

/* The trainer alone keeps rule and optimiser. */
static inline nai_trainer *trainer_of(nai_network *net, nai_rule *rule, nai_optimizer *optimizer)
{
  nai_trainer *trainer;
  must(nai_trainer_create(&trainer, net, rule, optimizer, NULL));
  nai_rule_destroy(rule);
  nai_optimizer_destroy(optimizer);
  return trainer;
}

/* The trainer alone keeps the cost. */
static inline void give_cost(nai_trainer *trainer, nai_cost *cost, double beta)
{
  must(nai_trainer_add_cost(trainer, cost, beta));
  nai_cost_destroy(cost);
}

/* Milliseconds of an update: the best of as many as fit in two seconds, and at least five. */
static inline double time_update(nai_trainer *trainer, const nai_trials *trials)
{
  double best = 1e9;
  must(nai_trainer_step(NULL, trainer, trials)); /* takes its memory */
  double end = now() + 2.0;
  for (int times = 0; times < 5 || now() < end; times++) {
    double start = now();
    must(nai_trainer_step(NULL, trainer, trials));
    best = fmin(best, now() - start);
  }
  return best * 1e3;
}

#endif
