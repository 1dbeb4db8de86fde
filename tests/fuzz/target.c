/* What fuzz targets share: see target.h. */
#include "target.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void target_fail(const char *file, int line, const char *condition)
{
  fprintf(stderr, "%s:%d: '%s' does not hold: %s\n", file, line, condition, nai_last_error());
  abort();
}

/* --- files ------------------------------------------------------------------------------------ */

static char paths[4][256];

static void remove_paths(void)
{
  for (int k = 0; k < 4; k++) unlink(paths[k]);
}

const char *target_path(int number)
{
  if (!paths[0][0]) {
    const char *where = getenv("TMPDIR");
    if (!where || !where[0]) where = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    for (int k = 0; k < 4; k++)
      snprintf(paths[k], sizeof paths[k], "%.200s/neuroai-fuzz-%d-%d", where, (int)getpid(), k);
    atexit(remove_paths);
  }
  return paths[number];
}

void target_write(const char *path, const uint8_t *data, size_t size)
{
  FILE *file = fopen(path, "wb");
  MUST(file != NULL);
  MUST(fwrite(data, 1, size, file) == size);
  MUST(fclose(file) == 0);
}

uint64_t target_hash(const char *path)
{
  static unsigned char bytes[1 << 16];
  uint64_t hash = UINT64_C(14695981039346656037);
  FILE *file = fopen(path, "rb");
  MUST(file != NULL);
  for (size_t n; (n = fread(bytes, 1, sizeof bytes, file)) > 0;)
    for (size_t i = 0; i < n; i++) hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
  fclose(file);
  return hash;
}

/* --- an input, number by number --------------------------------------------------------------- */

uint8_t take_byte(input *in)
{
  if (!in->size) return 0;
  in->size--;
  return *in->data++;
}

int take_choice(input *in, int n)
{
  return take_byte(in) % n;
}

double take_number(input *in)
{
  static const double edges[] = {0,         1,      -1,   0.5,          0.1,    20,  40,
                                 100,       1e-9,   1e9,  1e300,        -1e300, NAN, INFINITY,
                                 -INFINITY, 5e-324, 2.7,  1e-3,         -0.0,   2,   3,
                                 255,       256,    1024, 4294967296.0, 9e18,   1.5};
  int count = (int)(sizeof edges / sizeof *edges), choice = take_byte(in);
  if (choice < 2 * count) return edges[choice % count];
  double value = (double)take_byte(in);
  return choice % 2 ? value : value / 64;
}

int64_t take_whole(input *in)
{
  static const int64_t edges[] = {0,
                                  1,
                                  2,
                                  3,
                                  5,
                                  -1,
                                  7,
                                  8,
                                  16,
                                  17,
                                  31,
                                  INT32_MAX,
                                  INT64_MAX,
                                  INT64_MIN,
                                  (int64_t)1 << 31,
                                  (int64_t)1 << 40};
  int choice = take_byte(in);
  /* mostly what can be */
  return choice < 192 ? choice % 8 : edges[choice % (int)(sizeof edges / sizeof *edges)];
}
