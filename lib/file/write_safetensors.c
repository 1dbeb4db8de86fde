/*
 * Writing safetensors. Large elements come first, so that every tensor is aligned in the file; the
 * same tensors make the same bytes.
 */
#include <assert.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "atomic_write.h"
#include "dtypes.h"
#include "safetensors.h"

/* A new entry; it counts when its elements are there. */
static nai_status add_entry(nai__tensor_entry **out, nai__tensor_list *list, const char *name,
                            int32_t dtype, int32_t ndim, const int64_t *shape)
{
  if (list->n == list->capacity) {
    int64_t capacity = 2 * list->capacity + 16;
    nai__tensor_entry *grown = nai__grow(list->entry, list->n, capacity, sizeof *grown);
    if (!grown) return NAI_ERR_MEMORY;
    list->entry = grown;
    list->capacity = capacity;
  }
  nai__tensor_entry *e = *out = &list->entry[list->n];
  e->tensor = (nai__tensor){.dtype = dtype, .ndim = ndim, .count = 1};
  for (int32_t d = 0; d < ndim; d++) e->tensor.count *= e->tensor.shape[d] = shape[d];
  e->piece = (nai__piece){.size = (size_t)(e->tensor.count * nai__dtype_size(dtype))};
  e->memory = NULL;
  assert(strlen(name) < sizeof e->name);
  strcpy(e->name, name);
  return NAI_OK;
}

nai_status nai__tensor_list_add(void **memory, nai__tensor_list *list, const char *name,
                                int32_t dtype, int32_t ndim, const int64_t *shape)
{
  nai__tensor_entry *e;
  NAI__TRY(add_entry(&e, list, name, dtype, ndim, shape));
  *memory = nai__alloc(e->tensor.count, (size_t)nai__dtype_size(dtype));
  if (!*memory) return NAI_ERR_MEMORY;
  e->piece.data = e->memory = *memory;
  list->n++;
  return NAI_OK;
}

nai_status nai__tensor_list_lend(nai__tensor_list *list, const char *name, int32_t dtype,
                                 int32_t ndim, const int64_t *shape, const void *data)
{
  nai__tensor_entry *e;
  NAI__TRY(add_entry(&e, list, name, dtype, ndim, shape));
  e->piece.data = data;
  list->n++;
  return NAI_OK;
}

nai_status nai__tensor_list_lend_rows(nai__tensor_list *list, const char *name, int32_t dtype,
                                      int64_t rows, int64_t columns, const void *data,
                                      int64_t stride)
{
  const int64_t shape[] = {rows, columns};
  NAI__TRY(nai__tensor_list_lend(list, name, dtype, 2, shape, data));
  nai__piece *piece = &list->entry[list->n - 1].piece;
  piece->row = (size_t)(columns * nai__dtype_size(dtype));
  piece->stride = (size_t)(stride * nai__dtype_size(dtype));
  return NAI_OK;
}

void nai__tensor_list_release(nai__tensor_list *list)
{
  for (int64_t i = 0; i < list->n; i++) nai__free(list->entry[i].memory);
  nai__free(list->entry);
  *list = (nai__tensor_list){NULL, 0, 0};
}

/* --- the header ------------------------------------------------------------------------------- */

static void describe(nai__json_writer *w, const char *name, const nai__tensor *tensor,
                     int64_t start, int64_t end)
{
  nai__json_open(w, name, '{');
  nai__json_add_text(w, "dtype", nai__dtype_name(tensor->dtype));
  nai__json_open(w, "shape", '[');
  for (int32_t d = 0; d < tensor->ndim; d++) nai__json_add_whole(w, NULL, tensor->shape[d]);
  nai__json_close(w, ']');
  nai__json_open(w, "data_offsets", '[');
  nai__json_add_whole(w, NULL, start);
  nai__json_add_whole(w, NULL, end);
  nai__json_close(w, ']');
  nai__json_close(w, '}');
}

/*
 * Pieces of the file and what the header says of them, largest elements first; piece 0 and 1 are
 * the header's. The header ends with spaces, so that the data is aligned to 8 bytes.
 */
static nai_status arrange(nai__json_writer *w, nai__piece *piece, const nai__tensor_list *list,
                          const char *key, const char *note)
{
  int64_t at = 0, n = 2;
  nai__json_open(w, NULL, '{');
  nai__json_open(w, "__metadata__", '{');
  nai__json_add_text(w, key, note);
  nai__json_close(w, '}');
  for (int64_t size = 8; size > 0; size /= 2)
    for (int64_t i = 0; i < list->n; i++) {
      const nai__tensor *tensor = &list->entry[i].tensor;
      if (nai__dtype_size(tensor->dtype) != size) continue;
      piece[n++] = list->entry[i].piece;
      describe(w, list->entry[i].name, tensor, at, at + tensor->count * size);
      at += tensor->count * size;
    }
  nai__json_close(w, '}');
  NAI__TRY(nai__json_finish(w));
  while (w->size % 8) w->text[w->size++] = ' ';
  return NAI_OK;
}

static nai_status write_memory(const nai__sink *to, const nai__piece *piece, int64_t n)
{
  int64_t size = 0, at = 0;
  for (int64_t i = 0; i < n; i++) size += (int64_t)piece[i].size;
  *to->size = size;
  if (!to->buffer) return NAI_OK;
  if (to->capacity < size)
    return nai__fail(NAI_ERR_INVALID, "capacity is %lld, must be at least %lld",
                     (long long)to->capacity, (long long)size);
  for (int64_t i = 0; i < n; at += (int64_t)piece[i++].size)
    nai__piece_copy((uint8_t *)to->buffer + at, &piece[i], 0, piece[i].size);
  return NAI_OK;
}

nai_status nai__tensor_list_write_to(const nai__tensor_list *list, const nai__sink *to,
                                     const char *key, const char *note)
{
  nai__piece *piece = NAI__ARRAY(nai__piece, list->n + 2);
  if (!piece) return NAI_ERR_MEMORY;
  nai__json_writer header = {NULL, 0, 0, NAI_OK};
  nai_status status = arrange(&header, piece, list, key, note);
  if (status == NAI_OK) {
    uint64_t length = (uint64_t)header.size;
    piece[0] = (nai__piece){.data = &length, .size = sizeof length};
    piece[1] = (nai__piece){.data = header.text, .size = length};
    status = to->path ? nai__atomic_write(to->path, piece, list->n + 2)
                      : write_memory(to, piece, list->n + 2);
  }
  nai__json_writer_release(&header);
  nai__free(piece);
  return status;
}

nai_status nai__tensor_list_write(const nai__tensor_list *list, const char *path, const char *key,
                                  const char *note)
{
  return nai__tensor_list_write_to(list, &(nai__sink){.path = path}, key, note);
}
