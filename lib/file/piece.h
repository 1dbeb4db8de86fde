/*
 * A run of bytes of a file, as it lies in memory: all together, or in rows that are apart. So large
 * arrays are written from where they are.
 */
#ifndef NAI_FILE_PIECE_H
#define NAI_FILE_PIECE_H

#include <stddef.h>

#include <neuroai/status.h>

typedef struct nai__piece {
  const void *data;
  size_t size;   /* bytes in the file */
  size_t row;    /* of which so many make a row; 0: all lie together, as in the file */
  size_t stride; /* bytes in memory from a row to the next */
} nai__piece;

/* Bytes `at` to `at` + n of it. */
void nai__piece_copy(void *into, const nai__piece *piece, size_t at, size_t n);

#endif
