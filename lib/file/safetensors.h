/*
 * The safetensors format: 8 bytes of header length (little-endian), a JSON header of names, types,
 * shapes and offsets, then the data. Reading trusts nothing: every number is checked against the
 * size of the file before memory is asked for.
 */
#ifndef NAI_FILE_SAFETENSORS_H
#define NAI_FILE_SAFETENSORS_H

#include <stdint.h>

#include <neuroai/status.h>

#include "json.h"
#include "piece.h"

/* Types of elements that we read and write. */
enum { NAI__F64, NAI__F32, NAI__I64, NAI__I32, NAI__U8, NAI__DTYPES };

/* Dimensions of a tensor. */
#define NAI__MOST_DIMENSIONS 8

/* Bytes of a name that we write, with the 0 at its end. */
#define NAI__TENSOR_NAME 320

typedef struct nai__tensor {
  int32_t dtype, ndim;
  int64_t shape[NAI__MOST_DIMENSIONS]; /* 1 past ndim */
  int64_t count;                       /* elements */
  int64_t start;                       /* in the file, bytes */
} nai__tensor;

/* --- reading ---------------------------------------------------------------------------------- */

/* Where a file is read from: a path, or memory that stays as it is as long as it is open. */
typedef struct nai__source {
  const char *path; /* NULL: from memory */
  const void *bytes;
  int64_t size;
} nai__source;

/* A file that is open; all that its header says of tensors is checked. */
typedef struct nai__tensors {
  nai__json_document header;
  int64_t data, size;         /* where it starts in the file, and its bytes */
  int file;                   /* -1 when none is open */
  const uint8_t *memory;      /* the file, where it is in memory; NULL */
  struct nai__window *window; /* the part of the file that was read last */
} nai__tensors;

nai_status nai__tensors_open(nai__tensors *out, const char *path);
nai_status nai__tensors_open_from(nai__tensors *out, const nai__source *from);
void nai__tensors_close(nai__tensors *tensors);

/* 1 when there is such a tensor. */
int nai__tensors_have(const nai__tensors *tensors, const char *name);

/* A tensor by its name; NAI_ERR_FORMAT when there is none. */
nai_status nai__tensors_find(nai__tensor *out, const nai__tensors *tensors, const char *name);

/* The same, which must have this type and shape. */
nai_status nai__tensors_expect(nai__tensor *out, const nai__tensors *tensors, const char *name,
                               int32_t dtype, int32_t ndim, const int64_t *shape);

/* Elements `first` to `first` + n, in the order of the file. */
nai_status nai__tensors_read(void *into, const nai__tensors *tensors, const nai__tensor *tensor,
                             int64_t first, int64_t n);

/* A text of the metadata; NULL when there is none. */
const char *nai__tensors_note(const nai__tensors *tensors, const char *key);

/* --- writing ---------------------------------------------------------------------------------- */

/* Where a file is written to: a path, or a buffer. */
typedef struct nai__sink {
  const char *path; /* NULL: into memory */
  void *buffer;     /* [capacity] bytes; NULL: its size is all that is wanted */
  int64_t capacity;
  int64_t *size; /* bytes of the file, whether they fit or not */
} nai__sink;

typedef struct nai__tensor_entry {
  char name[NAI__TENSOR_NAME];
  nai__tensor tensor;
  nai__piece piece;
  void *memory; /* NULL when the elements are lent */
} nai__tensor_entry;

/* Tensors to be written; starts as {NULL, 0, 0}. */
typedef struct nai__tensor_list {
  nai__tensor_entry *entry;
  int64_t n, capacity;
} nai__tensor_list;

/* Adds a tensor; its elements, all 0, are at *memory to be filled in. */
nai_status nai__tensor_list_add(void **memory, nai__tensor_list *list, const char *name,
                                int32_t dtype, int32_t ndim, const int64_t *shape);
/* Adds a tensor whose elements lie together at `data`, and stay there until it is written. */
nai_status nai__tensor_list_lend(nai__tensor_list *list, const char *name, int32_t dtype,
                                 int32_t ndim, const int64_t *shape, const void *data);
/* The same of a matrix [rows][columns] whose rows are `stride` elements apart. */
nai_status nai__tensor_list_lend_rows(nai__tensor_list *list, const char *name, int32_t dtype,
                                      int64_t rows, int64_t columns, const void *data,
                                      int64_t stride);
void nai__tensor_list_release(nai__tensor_list *list);

/* Writes them, with one text of metadata. The old file stays whole until the new one is. */
nai_status nai__tensor_list_write(const nai__tensor_list *list, const char *path, const char *key,
                                  const char *note);
/* The same to there; into memory that is too small nothing. */
nai_status nai__tensor_list_write_to(const nai__tensor_list *list, const nai__sink *to,
                                     const char *key, const char *note);

#endif
