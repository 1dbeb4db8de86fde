/* What a trainer remembers of its updates: one row each. */
#include "history.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"

/* Rows that there is room for at first. */
#define LEAST_ROOM 4096

static nai_status move_to(nai__history *h, int64_t room, int64_t columns)
{
  double *value = NAI__ARRAY(double, room *columns);
  if (!value) return NAI_ERR_MEMORY;
  for (int64_t i = 0; i < h->rows; i++) {
    memcpy(value + i * columns, h->value + i * h->columns, (size_t)h->columns * sizeof *value);
    for (int64_t k = h->columns; k < columns; k++) value[i * columns + k] = NAN;
  }
  nai__free(h->value);
  h->value = value;
  h->room = room;
  h->columns = columns;
  return NAI_OK;
}

int64_t nai__history_bytes(const nai__history *h)
{
  return (h->room ? h->room : LEAST_ROOM) * h->columns * (int64_t)sizeof(double);
}

nai_status nai__history_reserve(nai__history *h, int64_t rows)
{
  int64_t needed = h->rows + rows;
  if (needed <= h->room) return NAI_OK;
  int64_t room = h->room + h->room / 2;
  if (room < LEAST_ROOM) room = LEAST_ROOM;
  return move_to(h, room > needed ? room : needed, h->columns);
}

nai_status nai__history_widen(nai__history *h)
{
  if (h->room) return move_to(h, h->room, h->columns + 1);
  h->columns++;
  return NAI_OK;
}

double *nai__history_add(nai__history *h)
{
  assert(h->rows < h->room);
  return h->value + h->rows++ * h->columns;
}

double *nai__history_last(nai__history *h)
{
  assert(h->rows > 0);
  return h->value + (h->rows - 1) * h->columns;
}

void nai__history_destroy(nai__history *h)
{
  nai__free(h->value);
  *h = (nai__history){0, 0, 0, NULL};
}
