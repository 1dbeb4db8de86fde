/* Writing a file so that whoever opens it finds either the old one or the new one, whole. */
#ifndef NAI_FILE_ATOMIC_WRITE_H
#define NAI_FILE_ATOMIC_WRITE_H

#include <stddef.h>
#include <stdint.h>

#include <neuroai/status.h>

/* A run of bytes of the file. */
typedef struct nai__piece {
  const void *data;
  size_t size;
} nai__piece;

/* Writes the pieces one after the other, and returns when they are on the disk under this name. */
nai_status nai__atomic_write(const char *path, const nai__piece *piece, int64_t n);

#endif
