/* Parts of a file out of memory: see piece.h. */
#include "piece.h"

#include <string.h>

static void copy_run(char *into, const nai__piece *piece, size_t row, size_t at, size_t n)
{
  memcpy(into, (const char *)piece->data + row * piece->stride + at, n);
}

void nai__piece_copy(void *into, const nai__piece *piece, size_t at, size_t n)
{
  char *next = into;
  size_t width = piece->row ? piece->row : piece->size;
  while (n > 0) {
    size_t start = at % width, run = width - start < n ? width - start : n;
    copy_run(next, piece, at / width, start, run);
    next += run;
    at += run;
    n -= run;
  }
}
