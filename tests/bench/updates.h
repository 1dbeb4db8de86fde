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
