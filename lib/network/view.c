/* Filling a public view. */
#include "view.h"

#include "../base/structs.h"

nai_status nai__view_check(const nai_view *out)
{
  return nai__struct_check(out, NAI__FIRST_SIZE(nai_view, stride), "out");
}

static void fill(nai_view *out, int32_t dtype, const void *data, int32_t ndim, const int64_t *shape,
                 const int64_t *stride)
{
  nai_view view = {.dtype = dtype, .data = data, .ndim = ndim};
  for (int32_t d = 0; d < 4; d++) {
    view.shape[d] = d < ndim ? shape[d] : 1;
    view.stride[d] = d < ndim ? stride[d] * (dtype == NAI_UINT8 ? 1 : 4) : 0;
  }
  nai__struct_give(out, &view, sizeof view);
}

void nai__view_floats(nai_view *out, const float *data, int32_t ndim, const int64_t *shape,
                      const int64_t *stride)
{
  fill(out, NAI_FLOAT32, data, ndim, shape, stride);
}

void nai__view_matrix(nai_view *out, const float *array, const nai__rectangle *at)
{
  nai__view_floats(out, array + at->start, 2, (int64_t[]){at->rows, at->columns},
                   (int64_t[]){at->stride, 1});
}

void nai__view_transposed(nai_view *out, const float *array, const nai__rectangle *at)
{
  nai__view_floats(out, array + at->start, 2, (int64_t[]){at->columns, at->rows},
                   (int64_t[]){1, at->stride});
}

void nai__view_flags(nai_view *out, const uint8_t *array, const nai__rectangle *at)
{
  fill(out, NAI_UINT8, array + at->start, 2, (int64_t[]){at->rows, at->columns},
       (int64_t[]){at->stride, 1});
}

void nai__view_ints(nai_view *out, const int32_t *data, int32_t ndim, const int64_t *shape,
                    const int64_t *stride)
{
  fill(out, NAI_INT32, data, ndim, shape, stride);
}
