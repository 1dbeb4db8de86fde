/*
 * Writing safetensors. Large elements come first, so that every tensor is aligned in the file; the
 * same tensors make the same bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "atomic_write.h"
#include "dtypes.h"
#include "safetensors.h"

nai_status nai__tensor_list_add(void **memory, nai__tensor_list *list, const char *name,
                                int32_t dtype, int32_t ndim, const int64_t *shape)
{
  if (list->n == list->capacity) {
    int64_t capacity = 2 * list->capacity + 16;
    nai__tensor_entry *grown = nai__grow(list->entry, list->n, capacity, sizeof *grown);
    if (!grown) return NAI_ERR_MEMORY;
    list->entry = grown;
    list->capacity = capacity;
  }
  nai__tensor_entry *e = &list->entry[list->n];
  e->tensor = (nai__tensor){.dtype = dtype, .ndim = ndim, .count = 1};
  for (int32_t d = 0; d < ndim; d++) e->tensor.count *= e->tensor.shape[d] = shape[d];
  e->memory = nai__alloc(e->tensor.count, (size_t)nai__dtype_size(dtype));
  if (!e->memory) return NAI_ERR_MEMORY;
  e->tensor.data = *memory = e->memory;
  size_t length = strlen(name) < sizeof e->name ? strlen(name) : sizeof e->name - 1;
  memcpy(e->name, name, length);
  e->name[length] = 0;
  list->n++;
  return NAI_OK;
}

void nai__tensor_list_release(nai__tensor_list *list)
{
  for (int64_t i = 0; i < list->n; i++) nai__free(list->entry[i].memory);
  nai__free(list->entry);
  *list = (nai__tensor_list){NULL, 0, 0};
}

/* --- the header ------------------------------------------------------------------------------- */

/* NULL without memory, as all that makes JSON here. */
static json_t *describe(const nai__tensor *t, int64_t start, int64_t end)
{
  json_t *shape = json_array();
  int bad = !shape;
  for (int32_t d = 0; d < t->ndim; d++)
    bad |= json_array_append_new(shape, json_integer(t->shape[d]));
  json_t *info =
      bad ? NULL
          : json_pack("{s:s, s:O, s:[I, I]}", "dtype", nai__dtype_name(t->dtype), "shape", shape,
                      "data_offsets", (json_int_t)start, (json_int_t)end);
  json_decref(shape);
  return info;
}

/*
 * Pieces of the file and what the header says of them, largest elements first; piece 0 and 1 are
 * the header's.
 */
static json_t *arrange(nai__piece *piece, const nai__tensor_list *list, const char *key,
                       const char *note)
{
  json_t *header = json_pack("{s:{s:s}}", "__metadata__", key, note);
  int bad = !header;
  int64_t at = 0, n = 2;
  for (int64_t size = 8; size > 0; size /= 2)
    for (int64_t i = 0; i < list->n; i++) {
      const nai__tensor *t = &list->entry[i].tensor;
      if (nai__dtype_size(t->dtype) != size) continue;
      piece[n++] = (nai__piece){t->data, (size_t)(t->count * size)};
      bad |=
          json_object_set_new(header, list->entry[i].name, describe(t, at, at + t->count * size));
      at += t->count * size;
    }
  if (!bad) return header;
  json_decref(header);
  return NULL;
}

/* There are at least 8 bytes behind the text. */
char *nai__json_print(size_t *bytes, const json_t *json)
{
  *bytes = json_dumpb(json, NULL, 0, JSON_COMPACT);
  char *text = *bytes ? NAI__ARRAY(char, (int64_t)*bytes + 8) : NULL;
  if (!text || json_dumpb(json, text, *bytes, JSON_COMPACT) == *bytes) return text;
  nai__free(text);
  return NULL;
}

/* With spaces at its end, so that the data is aligned to 8 bytes. */
static char *print_header(uint64_t *length, const json_t *header)
{
  size_t bytes;
  char *text = nai__json_print(&bytes, header);
  if (!text) return NULL;
  *length = (bytes + 7) / 8 * 8;
  memset(text + bytes, ' ', *length - bytes);
  return text;
}

nai_status nai__tensor_list_write(const nai__tensor_list *list, const char *path, const char *key,
                                  const char *note)
{
  nai__piece *piece = NAI__ARRAY(nai__piece, list->n + 2);
  if (!piece) return NAI_ERR_MEMORY;
  uint64_t length = 0;
  json_t *header = arrange(piece, list, key, note);
  char *text = header ? print_header(&length, header) : NULL;
  nai_status status = NAI_OK;
  if (text) {
    piece[0] = (nai__piece){&length, sizeof length};
    piece[1] = (nai__piece){text, length};
    status = nai__atomic_write(path, piece, list->n + 2);
  } else {
    status = nai__fail(NAI_ERR_MEMORY, "no memory for the header of a file");
  }
  json_decref(header);
  nai__free(text);
  nai__free(piece);
  return status;
}
