/*
 * Bipartite matching by augmenting paths (Berge 1957), each found breadth first over rows of bits:
 * a row that finds no free column takes that of another row which can change to a free one.
 */
#include "matching.h"

#include <string.h>

#include "../base/memory.h"

enum { BITS = 64 };

int64_t nai__matching_bytes(int64_t rows, int64_t columns)
{
  int64_t words = (columns + BITS - 1) / BITS;
  return ((rows + 2) * words + 2 * rows + 2 * columns) * (int64_t)sizeof(int64_t);
}

nai_status nai__matching_begin(nai__matching *m, int64_t rows, int64_t columns)
{
  *m = (nai__matching){.rows = rows, .columns = columns, .words = (columns + BITS - 1) / BITS};
  m->may = NAI__ARRAY(uint64_t, rows * m->words);
  m->column = NAI__ARRAY(int64_t, rows);
  m->row = NAI__ARRAY(int64_t, columns);
  m->via = NAI__ARRAY(int64_t, columns);
  m->queue = NAI__ARRAY(int64_t, rows);
  m->free = NAI__ARRAY(uint64_t, m->words);
  m->fresh = NAI__ARRAY(uint64_t, m->words);
  if (m->may && m->column && m->row && m->via && m->queue && m->free && m->fresh) return NAI_OK;
  nai__matching_release(m);
  return NAI_ERR_MEMORY;
}

void nai__matching_release(nai__matching *m)
{
  nai__free(m->may);
  nai__free(m->column);
  nai__free(m->row);
  nai__free(m->via);
  nai__free(m->queue);
  nai__free(m->free);
  nai__free(m->fresh);
  *m = (nai__matching){0};
}

void nai__matching_allow(nai__matching *m, int64_t row, int64_t column)
{
  m->may[row * m->words + column / BITS] |= (uint64_t)1 << column % BITS;
}

/* The first column of a row that is in `among`, from word *word on, or -1. */
static int64_t first_among(const nai__matching *m, int64_t row, const uint64_t *among,
                           int64_t *word)
{
  const uint64_t *may = m->may + row * m->words;
  for (; *word < m->words; (*word)++) {
    uint64_t bits = may[*word] & among[*word];
    int64_t column = *word * BITS;
    if (!bits) continue;
    while (!(bits & 1)) bits >>= 1, column++;
    return column;
  }
  return -1;
}

static void take_out(uint64_t *bits, int64_t column)
{
  bits[column / BITS] &= ~((uint64_t)1 << column % BITS);
}

/* `row` takes the column; who changes for that takes the one that led to it, and so on. */
static void change_along(nai__matching *m, int64_t row, int64_t column)
{
  take_out(m->free, column);
  for (;;) {
    int64_t left = m->column[row];
    m->column[row] = column;
    m->row[column] = row;
    if (left < 0) return;
    column = left;
    row = m->via[column];
  }
}

/* 1 when the row got a column. */
static int augment(nai__matching *m, int64_t row)
{
  int64_t waiting = 0, known = 0;
  memset(m->fresh, 0xff, (size_t)m->words * sizeof *m->fresh);
  m->queue[known++] = row;
  while (waiting < known) {
    int64_t from = m->queue[waiting++], word = 0;
    int64_t column = first_among(m, from, m->free, &word);
    if (column >= 0) {
      change_along(m, from, column);
      return 1;
    }
    for (word = 0; (column = first_among(m, from, m->fresh, &word)) >= 0;) {
      take_out(m->fresh, column);
      m->via[column] = from;
      m->queue[known++] = m->row[column];
    }
  }
  return 0;
}

void nai__matching_solve(nai__matching *m)
{
  for (int64_t i = 0; i < m->rows; i++) m->column[i] = -1;
  for (int64_t found = 1; found > 0;) {
    found = 0;
    memset(m->free, 0xff, (size_t)m->words * sizeof *m->free);
    for (int64_t i = 0; i < m->rows; i++)
      if (m->column[i] < 0) found += augment(m, i);
  }
}
