/*
 * What fuzz targets share. A target is LLVMFuzzerTestOneInput(): libFuzzer calls it with inputs that
 * it makes from those before, replay.c with those of files. What must not be ends the process.
 */
#ifndef NEUROAI_FUZZ_TARGET_H
#define NEUROAI_FUZZ_TARGET_H

#include <neuroai/neuroai.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process, with the library's message. */
#define MUST(condition)                                            \
  do {                                                             \
    if (!(condition)) target_fail(__FILE__, __LINE__, #condition); \
  } while (0)
void target_fail(const char *file, int line, const char *condition);

/* Path of a file of this process in memory, or in $TMPDIR; number: 0 to 3. It is removed at the end. */
const char *target_path(int number);
void target_write(const char *path, const uint8_t *data, size_t size);
/* A hash of what the file holds. */
uint64_t target_hash(const char *path);

/* An input that is read number by number; 0 when it is at its end. */
typedef struct input {
  const uint8_t *data;
  size_t size;
} input;
uint8_t take_byte(input *in);
/* 0 to n - 1. */
int take_choice(input *in, int n);
/* A number that is likely to be at the edge of something. */
double take_number(input *in);
int64_t take_whole(input *in);

/* --- trainers, of every kind that a checkpoint can be of (trainers.c) --------------------------- */

#define TRAINERS 24

/* A network for trainer `kind`. */
nai_network *target_network(int kind);
/* It, not yet trained. */
nai_trainer *target_trainer(nai_network *net, int kind);

#endif
