/* Writing a file so that whoever opens it finds either the old one or the new one, whole. */
#ifndef NAI_FILE_ATOMIC_WRITE_H
#define NAI_FILE_ATOMIC_WRITE_H

#include <stdint.h>

#include "piece.h"

/*
 * Writes the pieces one after the other, and returns when they are on the disk under this name. A
 * symbolic link stays one: what it leads to is written, also where nothing is there yet.
 */
nai_status nai__atomic_write(const char *path, const nai__piece *piece, int64_t n);

#endif
