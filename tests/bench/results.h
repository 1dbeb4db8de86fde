/* The results of a benchmark: a list of objects, which is the whole of a JSON file. */
#ifndef NAI_BENCH_RESULTS_H
#define NAI_BENCH_RESULTS_H

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "file/json.h"

/* Starts a list; with what a file has already, when there is one. Nullable: path. */
static inline void results_begin(nai__json_writer *w, const char *path)
{
  static char old[1 << 20];
  FILE *file = path ? fopen(path, "rb") : NULL;
  size_t size = file ? fread(old, 1, sizeof old, file) : 0;
  if (file) fclose(file);
  while (size && old[size - 1] != ']') size--;
  *w = (nai__json_writer){NULL, 0, 0, NAI_OK};
  if (!size) {
    nai__json_open(w, NULL, '[');
    return;
  }
  w->room = (int64_t)sizeof old;
  w->text = nai__alloc(w->room, 1);
  if (!w->text) exit(EXIT_FAILURE);
  for (size--; size && (old[size - 1] == '\n' || old[size - 1] == ' ');) size--;
  w->size = (int64_t)size;
  for (size_t i = 0; i < size; i++) w->text[i] = old[i];
}

/* Ends the list and writes it; 0 when that cannot be. */
static inline int results_end(nai__json_writer *w, const char *path)
{
  nai__json_close(w, ']');
  FILE *file = nai__json_finish(w) == NAI_OK ? fopen(path, "wb") : NULL;
  int good = file && fwrite(w->text, 1, (size_t)w->size, file) == (size_t)w->size;
  if (file && fclose(file) != 0) good = 0;
  nai__json_writer_release(w);
  return good;
}

static inline void result_begin(nai__json_writer *w, const char *name, double ms, int threads)
{
  nai__json_open(w, NULL, '{');
  nai__json_add_text(w, "name", name);
  nai__json_add_real(w, "ours_ms", ms);
  nai__json_add_whole(w, "threads", threads);
}

static inline void result_end(nai__json_writer *w)
{
  nai__json_open(w, "rivals", '{');
  nai__json_close(w, '}');
  nai__json_close(w, '}');
}

#endif
