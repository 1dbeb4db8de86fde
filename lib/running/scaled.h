/*
 * Synapses that are scaled during a part of the trial: acts of NAI_SCALE_SYNAPSES (schedule.h).
 *
 * A projection may be a rectangle of a block that is one product, and kernels read packed copies of the
 * weights. So where an act goes on in a trial, what its receivers get along the block in this trial is
 * summed anew, from theta and with factors; other receivers, trials, steps and blocks have the usual
 * products, and their bits. Copies of scaled weights would be faster, but they would have to follow what
 * learns, and ramps need others at each step; to add or subtract the difference would leave a rest of
 * what is cut.
 */
#ifndef NAI_RUNNING_SCALED_H
#define NAI_RUNNING_SCALED_H

#include "schedule.h"

/* 1 when something scales synapses of the block at this step, counted from 0, in this trial. */
int nai__scaled_now(const nai__schedule *schedule, int64_t block, int64_t step, int64_t trial);

/* Where and when; and what the product of a row is made with. */
typedef struct nai__scaled {
  const nai_network *net;
  const nai__schedule *schedule;
  int64_t block, step, trial;
  float *row; /* [2][senders]: scratch */
  const float
      *before;     /* [n_post] of a matrix: what c had before the usual product, which is made */
  int32_t *index;  /* [senders]: scratch */
  nai__pool *pool; /* whose threads share receivers of spikes; or NULL */
  const nai__act *one; /* set meanwhile: the only act that goes on, of chosen synapses, */
  float much;          /* and its strength */
} nai__scaled;

/* 1 when the block is a matrix, of whose rows only those are made anew that an act is on. */
static inline int nai__scales_rows(const nai__block *block)
{
  return !block->is_listed && !block->is_shared;
}
/* c [n_post] += what the block brings of `sent`, of its first sender on; of a matrix see `before`. */
void nai__scaled_product(nai__scaled *s, float *c, const float *sent);

#endif
