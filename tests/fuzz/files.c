/*
 * Changing files so that they stay files: the header as text, with its length put right, or one of
 * the bytes after it. A change of any byte comes in between.
 */
#include <string.h>

#include "target.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);

/* Bytes before the file itself: what kind of trainer it is for. */
#ifndef BEFORE
#define BEFORE 0
#endif

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
  static uint8_t rest[1 << 20];
  uint64_t length;
  if (size < BEFORE + 8 || seed % 4 == 0) return LLVMFuzzerMutate(data, size, most);
  memcpy(&length, data + BEFORE, 8);
  if (length > size - BEFORE - 8) return LLVMFuzzerMutate(data, size, most);
  uint8_t *header = data + BEFORE + 8;
  size_t after = size - BEFORE - 8 - length;
  if (seed % 4 == 1 && after > 0) {
    LLVMFuzzerMutate(header + length, after, after);
    return size;
  }
  if (after > sizeof rest || most < BEFORE + 8 + after + length) return size;
  memcpy(rest, header + length, after);
  length = LLVMFuzzerMutate(header, length, most - BEFORE - 8 - after);
  memcpy(data + BEFORE, &length, 8);
  memcpy(header + length, rest, after);
  return BEFORE + 8 + length + after;
}
