/* Filling a public view. */
#include "view.h"

#include "../base/error.h"

nai_status nai__view_check(const nai_view *out)
{
  NAI__REQUIRE(out);
  if (out->struct_size != sizeof *out)
    return nai__fail(NAI_ERR_INVALID, "out->struct_size is %u, must be %zu",
                     (unsigned)out->struct_size, sizeof *out);
  return NAI_OK;
}

static void fill(nai_view *out, int32_t dtype, const void *data, int32_t ndim, const int64_t *shape,
                 const int64_t *stride)
{
  out->dtype = dtype;
  out->data = data;
  out->ndim = ndim;
  out->reserved = 0;
  for (int32_t d = 0; d < 4; d++) {
    out->shape[d] = d < ndim ? shape[d] : 1;
    out->stride[d] = d < ndim ? stride[d] * 4 : 0; /* both types have 4 bytes */
  }
}

void nai__view_floats(nai_view *out, const float *data, int32_t ndim, const int64_t *shape,
                      const int64_t *stride)
{
  fill(out, NAI_FLOAT32, data, ndim, shape, stride);
}

void nai__view_ints(nai_view *out, const int32_t *data, int32_t ndim, const int64_t *shape,
                    const int64_t *stride)
{
  fill(out, NAI_INT32, data, ndim, shape, stride);
}
