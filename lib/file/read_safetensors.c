/*
 * Reading safetensors, from anybody: sizes are checked against the file before memory is asked for.
 * The header is read at once, the data where it is wanted, so that there is no second copy of it.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "dtypes.h"
#include "safetensors.h"

/* Longest header, as in the format's own implementation. */
#define MOST_HEADER 100000000

#define METADATA "__metadata__"

/* Bytes that are read at once, for tensors may be small and rows short. */
#define WINDOW 65536

struct nai__window {
  int64_t start, size; /* of what is in it, in the file */
  uint8_t bytes[WINDOW];
};

/* --- one tensor ------------------------------------------------------------------------------- */

/* A whole number that is not below 0. */
static int read_whole(int64_t *out, const nai__json *value)
{
  if (value->kind != NAI__JSON_WHOLE || value->is.whole < 0) return 0;
  *out = value->is.whole;
  return 1;
}

static nai_status read_shape(nai__tensor *out, const nai__json *shape, const char *name)
{
  if (!shape || shape->kind != NAI__JSON_LIST)
    return nai__fail(NAI_ERR_FORMAT, "tensor '%.80s' has no shape", name);
  if (shape->n > NAI__MOST_DIMENSIONS)
    return nai__fail(NAI_ERR_FORMAT, "tensor '%.80s' has %d dimensions, may have %d", name,
                     (int)shape->n, NAI__MOST_DIMENSIONS);
  out->ndim = shape->n;
  out->count = 1;
  const nai__json *size = nai__json_first(shape);
  for (int32_t d = 0; d < NAI__MOST_DIMENSIONS; d++) {
    out->shape[d] = 1;
    if (d < out->ndim && !read_whole(&out->shape[d], size))
      return nai__fail(NAI_ERR_FORMAT, "shape of tensor '%.80s' is not of whole numbers from 0",
                       name);
    if (__builtin_mul_overflow(out->count, out->shape[d], &out->count))
      return nai__fail(NAI_ERR_FORMAT, "shape of tensor '%.80s' overflows", name);
    size = size ? size->next : NULL;
  }
  return NAI_OK;
}

/* Checks all that is said of a tensor, `size` being the bytes of data that there are. */
static nai_status read_tensor(nai__tensor *out, int64_t range[2], const nai__json *info,
                              const char *name, int64_t size)
{
  const char *dtype = nai__json_string(nai__json_get(info, "dtype"));
  if (!dtype) return nai__fail(NAI_ERR_FORMAT, "tensor '%.80s' has no dtype", name);
  out->dtype = nai__dtype_find(dtype);
  if (out->dtype < 0)
    return nai__fail(NAI_ERR_FORMAT, "tensor '%.80s' is of dtype %.20s, which is not supported",
                     name, dtype);
  NAI__TRY(read_shape(out, nai__json_get(info, "shape"), name));
  const nai__json *offsets = nai__json_get(info, "data_offsets"), *start = nai__json_first(offsets);
  if (!offsets || offsets->kind != NAI__JSON_LIST || offsets->n != 2 ||
      !read_whole(&range[0], start) || !read_whole(&range[1], start->next))
    return nai__fail(NAI_ERR_FORMAT, "tensor '%.80s' has no data_offsets", name);
  if (range[0] > range[1] || range[1] > size)
    return nai__fail(NAI_ERR_FORMAT,
                     "tensor '%.80s' is at %lld to %lld, the file has %lld bytes of data", name,
                     (long long)range[0], (long long)range[1], (long long)size);
  int64_t bytes;
  if (__builtin_mul_overflow(out->count, nai__dtype_size(out->dtype), &bytes) ||
      bytes != range[1] - range[0])
    return nai__fail(NAI_ERR_FORMAT, "tensor '%.80s' has %lld bytes, which do not fit its shape",
                     name, (long long)(range[1] - range[0]));
  return NAI_OK;
}

/* --- the header ------------------------------------------------------------------------------- */

typedef struct span {
  int64_t range[2];
} span;

static int compare_spans(const void *a, const void *b)
{
  const span *x = a, *y = b;
  for (int k = 0; k < 2; k++)
    if (x->range[k] != y->range[k]) return x->range[k] < y->range[k] ? -1 : 1;
  return 0;
}

/* One after the other, without gaps, to the end: nothing overlaps and nothing is hidden. */
static nai_status check_spans(span *spans, int64_t n, int64_t size)
{
  qsort(spans, (size_t)n, sizeof *spans, compare_spans);
  int64_t end = 0;
  for (int64_t i = 0; i < n; i++) {
    if (spans[i].range[0] != end)
      return nai__fail(NAI_ERR_FORMAT, "tensors %s at byte %lld of the data",
                       spans[i].range[0] < end ? "overlap" : "leave a gap", (long long)end);
    end = spans[i].range[1];
  }
  if (end != size)
    return nai__fail(NAI_ERR_FORMAT, "tensors end at byte %lld, the file has %lld bytes of data",
                     (long long)end, (long long)size);
  return NAI_OK;
}

static nai_status check_metadata(const nai__json *metadata)
{
  if (metadata->kind != NAI__JSON_OBJECT)
    return nai__fail(NAI_ERR_FORMAT, METADATA " is not an object");
  for (const nai__json *e = nai__json_first(metadata); e; e = e->next)
    if (!nai__json_string(e))
      return nai__fail(NAI_ERR_FORMAT, METADATA " '%.80s' is not a string", e->key);
  return NAI_OK;
}

static nai_status collect_spans(span *spans, int64_t *n, const nai__json *header, int64_t size)
{
  nai__tensor tensor;
  for (const nai__json *e = nai__json_first(header); e; e = e->next)
    if (strcmp(e->key, METADATA) == 0)
      NAI__TRY(check_metadata(e));
    else
      NAI__TRY(read_tensor(&tensor, spans[(*n)++].range, e, e->key, size));
  return NAI_OK;
}

static nai_status check_header(const nai__json *header, int64_t size)
{
  int64_t n = 0;
  span *spans = NAI__ARRAY(span, header->n);
  if (!spans) return NAI_ERR_MEMORY;
  nai_status status = collect_spans(spans, &n, header, size);
  if (status == NAI_OK) status = check_spans(spans, n, size);
  nai__free(spans);
  return status;
}

/* --- the file --------------------------------------------------------------------------------- */

/* The file may have shrunk since its size was asked for. */
static nai_status read_file(int file, void *into, int64_t at, int64_t size)
{
  char *next = into;
  while (size > 0) {
    ssize_t got = pread(file, next, size < (1 << 30) ? (size_t)size : (size_t)1 << 30, (off_t)at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return nai__fail(NAI_ERR_FILE, "cannot be read: %s", strerror(errno));
    if (got == 0) return nai__fail(NAI_ERR_FORMAT, "the file is cut short");
    next += got;
    at += got;
    size -= got;
  }
  return NAI_OK;
}

/* Of what has been checked to lie within it. */
static nai_status read_at(const nai__tensors *tensors, void *into, int64_t at, int64_t size)
{
  if (!tensors->memory) return read_file(tensors->file, into, at, size);
  memcpy(into, tensors->memory + at, (size_t)size);
  return NAI_OK;
}

static nai_status read_header(nai__tensors *out, int64_t length)
{
  char *text = NAI__ARRAY(char, length);
  if (!text) return NAI_ERR_MEMORY;
  nai_status status = read_at(out, text, 8, length);
  if (status == NAI_OK && text[0] != '{')
    status = nai__fail(NAI_ERR_FORMAT, "the header does not start with {");
  if (status == NAI_OK) status = nai__json_parse(&out->header, text, (size_t)length, "the header");
  nai__free(text);
  return status == NAI_OK ? check_header(out->header.root, out->size) : status;
}

/* Of a file of so many bytes. */
static nai_status read_start(nai__tensors *out, int64_t bytes)
{
  uint64_t length;
  int64_t room = bytes - (int64_t)sizeof length;
  if (room < 2)
    return nai__fail(NAI_ERR_FORMAT, "the file has %lld bytes, too few", (long long)bytes);
  NAI__TRY(read_at(out, &length, 0, sizeof length));
  if (length < 2 || length > (uint64_t)room || length > MOST_HEADER)
    return nai__fail(NAI_ERR_FORMAT,
                     "the header has %llu bytes according to the file, the file has %lld",
                     (unsigned long long)length, (long long)bytes);
  out->size = room - (int64_t)length;
  out->data = (int64_t)(sizeof length + length);
  NAI__TRY(read_header(out, (int64_t)length));
  out->window = nai__alloc(1, sizeof *out->window);
  return out->window ? NAI_OK : NAI_ERR_MEMORY;
}

static nai_status open_file(nai__tensors *out, const char *path)
{
  struct stat about;
  do { /* O_NONBLOCK: not to wait for the other end of a pipe */
    out->file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  } while (out->file < 0 && errno == EINTR);
  if (out->file < 0) return nai__fail(NAI_ERR_FILE, "cannot be opened: %s", strerror(errno));
  if (fstat(out->file, &about) != 0)
    return nai__fail(NAI_ERR_FILE, "cannot be read: %s", strerror(errno));
  if (!S_ISREG(about.st_mode)) return nai__fail(NAI_ERR_FILE, "is not a regular file");
  return read_start(out, (int64_t)about.st_size);
}

nai_status nai__tensors_open_from(nai__tensors *out, const nai__source *from)
{
  *out = (nai__tensors){.file = -1, .memory = from->path ? NULL : from->bytes};
  nai_status status = from->path ? open_file(out, from->path) : read_start(out, from->size);
  if (status != NAI_OK) nai__tensors_close(out);
  return status;
}

nai_status nai__tensors_open(nai__tensors *out, const char *path)
{
  return nai__tensors_open_from(out, &(nai__source){.path = path});
}

void nai__tensors_close(nai__tensors *tensors)
{
  nai__json_release(&tensors->header);
  nai__free(tensors->window);
  if (tensors->file >= 0) close(tensors->file);
  *tensors = (nai__tensors){.file = -1};
}

/* Reads a part of the file that fits into the window; the window goes from there as far as it can. */
static nai_status look(struct nai__window *w, const nai__tensors *tensors, int64_t at, int64_t size)
{
  if (at >= w->start && at + size <= w->start + w->size) return NAI_OK;
  int64_t left = tensors->data + tensors->size - at;
  w->start = at;
  w->size = 0; /* unless it is read */
  NAI__TRY(read_at(tensors, w->bytes, at, left < WINDOW ? left : WINDOW));
  w->size = left < WINDOW ? left : WINDOW;
  return NAI_OK;
}

nai_status nai__tensors_read(void *into, const nai__tensors *tensors, const nai__tensor *tensor,
                             int64_t first, int64_t n)
{
  int64_t size = nai__dtype_size(tensor->dtype), at = tensor->start + first * size;
  assert(first >= 0 && n >= 0 && first + n <= tensor->count);
  if (n == 0) return NAI_OK; /* there may be no memory for nothing */
  if (n * size > WINDOW) return read_at(tensors, into, at, n * size);
  NAI__TRY(look(tensors->window, tensors, at, n * size));
  memcpy(into, tensors->window->bytes + (at - tensors->window->start), (size_t)(n * size));
  return NAI_OK;
}

/* --- looking ---------------------------------------------------------------------------------- */

int nai__tensors_have(const nai__tensors *tensors, const char *name)
{
  return strcmp(name, METADATA) != 0 && nai__json_get(tensors->header.root, name) != NULL;
}

nai_status nai__tensors_find(nai__tensor *out, const nai__tensors *tensors, const char *name)
{
  int64_t range[2];
  if (!nai__tensors_have(tensors, name))
    return nai__fail(NAI_ERR_FORMAT, "tensor '%.150s' is missing", name);
  nai_status status =
      read_tensor(out, range, nai__json_get(tensors->header.root, name), name, tensors->size);
  assert(status == NAI_OK); /* as when the file was opened */
  (void)status;
  out->start = tensors->data + range[0];
  return NAI_OK;
}

nai_status nai__tensors_expect(nai__tensor *out, const nai__tensors *tensors, const char *name,
                               int32_t dtype, int32_t ndim, const int64_t *shape)
{
  NAI__TRY(nai__tensors_find(out, tensors, name));
  if (out->dtype != dtype)
    return nai__fail(NAI_ERR_FORMAT, "tensor '%.150s' is of dtype %s, must be %s", name,
                     nai__dtype_name(out->dtype), nai__dtype_name(dtype));
  if (out->ndim != ndim)
    return nai__fail(NAI_ERR_FORMAT, "tensor '%.150s' has %d dimensions, must have %d", name,
                     (int)out->ndim, (int)ndim);
  for (int32_t d = 0; d < ndim; d++)
    if (out->shape[d] != shape[d])
      return nai__fail(NAI_ERR_FORMAT, "dimension %d of tensor '%.150s' is %lld, must be %lld",
                       (int)d, name, (long long)out->shape[d], (long long)shape[d]);
  return NAI_OK;
}

const char *nai__tensors_note(const nai__tensors *tensors, const char *key)
{
  return nai__json_string(nai__json_get(nai__json_get(tensors->header.root, METADATA), key));
}
