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

/* Types of elements that we read and write. */
enum { NAI__F64, NAI__F32, NAI__I64, NAI__I32, NAI__U8, NAI__DTYPES };

/* Dimensions of a tensor. */
#define NAI__MOST_DIMENSIONS 8

/* Bytes of a name that we write, with the 0 at its end. */
#define NAI__TENSOR_NAME 192

typedef struct nai__tensor {
  int32_t dtype, ndim;
  int64_t shape[NAI__MOST_DIMENSIONS]; /* 1 past ndim */
  int64_t count;                       /* elements */
  const void *data;                    /* of a file read: not aligned, so read it by memcpy */
} nai__tensor;

/* --- reading ---------------------------------------------------------------------------------- */

/* A file that was read; all of its tensors are checked. */
typedef struct nai__tensors {
  nai__json_document header;
  uint8_t *data;
  int64_t size; /* bytes of data */
} nai__tensors;

nai_status nai__tensors_read(nai__tensors *out, const char *path);
void nai__tensors_release(nai__tensors *tensors);

/* 1 when there is such a tensor. */
int nai__tensors_have(const nai__tensors *tensors, const char *name);

/* A tensor by its name; NAI_ERR_FORMAT when there is none. */
nai_status nai__tensors_find(nai__tensor *out, const nai__tensors *tensors, const char *name);

/* The same, which must have this type and shape. */
nai_status nai__tensors_expect(nai__tensor *out, const nai__tensors *tensors, const char *name,
                               int32_t dtype, int32_t ndim, const int64_t *shape);

/* A text of the metadata; NULL when there is none. */
const char *nai__tensors_note(const nai__tensors *tensors, const char *key);

/* --- writing ---------------------------------------------------------------------------------- */

typedef struct nai__tensor_entry {
  char name[NAI__TENSOR_NAME];
  nai__tensor tensor;
  void *memory;
} nai__tensor_entry;

/* Tensors to be written; starts as {NULL, 0, 0}. */
typedef struct nai__tensor_list {
  nai__tensor_entry *entry;
  int64_t n, capacity;
} nai__tensor_list;

/* Adds a tensor; its elements, all 0, are at *memory to be filled in. */
nai_status nai__tensor_list_add(void **memory, nai__tensor_list *list, const char *name,
                                int32_t dtype, int32_t ndim, const int64_t *shape);
void nai__tensor_list_release(nai__tensor_list *list);

/* Writes them, with one text of metadata. The old file stays whole until the new one is. */
nai_status nai__tensor_list_write(const nai__tensor_list *list, const char *path, const char *key,
                                  const char *note);

#endif
