/*
 * Trials as arrays. Made to be filled again and again without allocation: room for `capacity`
 * steps, of which `steps` are in use; since time comes first, the part in use is contiguous.
 */
#ifndef NAI_TASK_TRIALS_H
#define NAI_TASK_TRIALS_H

#include <neuroai/trials.h>

/* What an output should do. */
typedef struct nai__goal {
  char name[64];
  int64_t n;        /* channels */
  int64_t offset;   /* first column among all output channels */
  float *target;    /* [steps][trials][n], or NULL */
  int32_t *classes; /* [steps][trials], or NULL */
  float *mask;      /* [steps][trials][mask_columns]: 0 beyond a trial's end */
  int64_t mask_columns;
} nai__goal;

typedef struct nai__condition {
  char name[64];
  float *value; /* [trials][own] */
} nai__condition;

/* When an epoch is: from step .. to the one before another. */
typedef struct nai__when {
  char name[64];
  int32_t *step; /* [trials][own][2] */
} nai__when;

typedef struct nai__picks nai__picks;

struct nai_trials {
  int64_t steps, capacity, trials;
  int64_t n_inputs, n_outputs; /* channels */
  float *input;                /* [steps][trials][n_inputs] */
  int32_t *length;             /* [trials] */
  int64_t parts;               /* of a trial; 1: no parts */
  int64_t own;       /* parts of a trial that have their own conditions and epochs: 1 or `parts` */
  int32_t *part_end; /* [trials][parts], ascending; NULL for one part */
  uint64_t
      first; /* number of the first trial; those of the test stream have NAI__TEST_TRIALS set */
  nai__goal *goal; /* one an output, in order */
  int64_t n_goals;
  nai__condition *condition;
  int64_t n_conditions;
  nai__when *epoch;
  int64_t n_epochs;
  int32_t *spans;    /* where a task writes all its epochs, [n_epochs][trials][own][2]; or NULL */
  int32_t *part_now; /* of a task that responds: [trials], for its batch; or NULL */
  struct {
    uint64_t seed, first; /* as the task sees them, who may be asked again */
    int32_t stream;
  } source;
  char (*input_name)[64]; /* [n_named] and where they start and how wide they are, for setting by
                             name */
  int64_t *input_offset, *input_size;
  int64_t n_named;
  nai__picks *picks; /* of a task of recorded trials (recorded.c), else NULL */
};

/*
 * Bit of a trial's number that only the test stream has: the highest of the 56 that noise depends
 * on.
 */
#define NAI__TEST_TRIALS (UINT64_C(1) << 55)

/* Steps from .. end - 1 of part p of trial b; all of the trial's where it has no parts of its own. */
void nai__trials_part(int64_t *from, int64_t *end, const nai_trials *trials, int64_t b, int64_t p);

/* NAI_OK when the trials fit this network: the same inputs and outputs. */
nai_status nai__trials_fit(const nai_trials *trials, const nai_network *net);

#endif
