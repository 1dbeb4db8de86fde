/*
 * Matching: giving each of some rows a column of its own among those that it may have, to as many
 * rows as can have one.
 */
#ifndef NAI_NETWORK_MATCHING_H
#define NAI_NETWORK_MATCHING_H

#include <stdint.h>

#include <neuroai/status.h>

/* Starts as {0}; ends with nai__matching_release(). */
typedef struct nai__matching {
  int64_t rows, columns;
  int64_t words;   /* of a row of bits */
  uint64_t *may;   /* [rows][words]: bit `column` is 1 where the row may have it */
  int64_t *column; /* [rows]: the answer; -1: none */
  int64_t *row;    /* [columns]: who has it; -1: nobody */
  int64_t *via;    /* [columns]: the row from which the search came to it */
  int64_t *queue;  /* [rows]: rows to which the search came */
  uint64_t *free;  /* bits of the columns that nobody has */
  uint64_t *fresh; /* bits of the columns to which the search did not come */
} nai__matching;

/* Nobody may have anything yet. */
nai_status nai__matching_begin(nai__matching *m, int64_t rows, int64_t columns);
int64_t nai__matching_bytes(int64_t rows, int64_t columns); /* that this takes */
void nai__matching_allow(nai__matching *m, int64_t row, int64_t column);
/*
 * A matching of the largest size; where the columns do not suffice, the rows that are left share
 * them again, in as many rounds as it takes. Only rows that may have no column get none. Rows
 * prefer the first columns, so it is random where columns are in random order.
 */
void nai__matching_solve(nai__matching *m);
void nai__matching_release(nai__matching *m);

#endif
