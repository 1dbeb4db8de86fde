/*
 * Ranks that share a network: each has the synapses onto some units of every population, moves these, and hears from
 * the others who fired. What is exchanged are the numbers of units, once for all steps that parts make at once.
 */
#ifndef NAI_RUNNING_MEETING_H
#define NAI_RUNNING_MEETING_H

#include "activity.h"

/*
 * What a rank says of some steps are numbers: of each step how many fired, and their columns. Most of the time all of
 * it goes with one gather, of rows: how many numbers there are, or that the rank has failed; which steps they are of;
 * and the first of them. The rest follows in another one. Rows are equally long whatever steps they are of.
 */
enum { NAI__SAYS, NAI__FROM, NAI__STEPS, NAI__HEAD };
enum { NAI__HAS_FAILED = -1 };

struct nai__meeting {
  nai_exchange *exchange;
  int waits;            /* 1: steps are made, and told later */
  int64_t window;       /* steps that may be made between meetings */
  int64_t busy;         /* numbers that the busiest rank said of a step, when they met last */
  int64_t at_once;      /* numbers in a row: twice that for a window, as activity comes and goes */
  int64_t most;         /* that they may be */
  int32_t *row;         /* [ranks][NAI__HEAD + at_once] */
  int64_t *bytes;       /* [ranks] of what follows */
  int32_t *mine;        /* all that this rank says */
  int32_t *more;        /* what followed, of all ranks, one behind the other */
  int32_t *heard;       /* all that was said by those of whom something followed */
  const int32_t **next; /* [ranks] of what each said, where it is read */
};

/* Of a state of one trial, which makes at most so many steps between meetings; NULL where nothing is shared. */
nai_status nai__meeting_create(nai__meeting **out, const nai_network *net, int64_t steps);
void nai__meeting_destroy(nai__meeting *meeting);
/*
 * Of a network that is laid out: what one takes, which has room for so many steps; and numbers in a row, where the
 * busiest rank says so many of that many steps.
 */
int64_t nai__meeting_bytes(const nai_network *net, int64_t steps);
int64_t nai__row_numbers(const nai_network *net, double numbers, int64_t steps);

/* Before units of a stage make step t: what was sent by others when its row was written last is wiped off. */
void nai__ranks_open(nai__activity *a, int64_t stage, int64_t t);
/*
 * What others sent at steps t .. end - 1 of a stage, whose own units have made them. A failure, of a rank or of the
 * exchange, is noted in the activity.
 */
void nai__ranks_meet(nai__activity *a, int64_t stage, int64_t t, int64_t end);

/* 1 while steps are made of which ranks have not told each other. */
static inline int nai__meets_later(const nai__activity *a)
{
  return a->meeting && a->meeting->waits;
}

/* Of n numbers, one a unit, those of others. */
nai_status nai__ranks_gather(const nai__meeting *meeting, const nai_network *net, float *x,
                             int64_t n);

#endif
