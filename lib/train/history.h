/* What a trainer remembers of its updates: one row each. */
#ifndef NAI_TRAIN_HISTORY_H
#define NAI_TRAIN_HISTORY_H

#include <stdint.h>

#include <neuroai/status.h>

typedef struct nai__history {
  int64_t rows, room, columns;
  double *value; /* [room][columns] */
} nai__history;

/* Room for so many more rows at least; grows in steps, so that most updates allocate nothing. */
/* Bytes that it takes, at least. */
int64_t nai__history_bytes(const nai__history *history);
nai_status nai__history_reserve(nai__history *history, int64_t rows);
/* One more column; NaN in the rows that are there. */
nai_status nai__history_widen(nai__history *history);
/* A row to be filled in; there must be room. */
double *nai__history_add(nai__history *history);
/* The last row; there must be one. */
double *nai__history_last(nai__history *history);
void nai__history_destroy(nai__history *history);

#endif
