/* The result of an evaluation, as the file that fills it sees it. */
#ifndef NAI_EXPERIMENT_EVALUATION_H
#define NAI_EXPERIMENT_EVALUATION_H

#include <neuroai/evaluation.h>

#include "../task/trials.h"

struct nai_evaluation {
  int64_t trials;
  int32_t *correct, *choice; /* [trials] */
  int32_t *finite;           /* [trials]: 1, 0 */
  float *time;               /* [trials], ms */
  int32_t has_times;         /* 0: nobody judges when a choice is made */
  int32_t lowest, highest;   /* of the choices that are right in some trial */
  nai__condition *condition;
  int64_t n_conditions;
};

/*
 * Room for so many trials and conditions, which have no names yet. When it fails, the caller
 * destroys what is there.
 */
nai_status nai__evaluation_create(nai_evaluation **out, int64_t trials, int64_t conditions);

#endif
