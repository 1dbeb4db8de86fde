/* Filling a public view. */
#ifndef NAI_NETWORK_VIEW_H
#define NAI_NETWORK_VIEW_H

#include <neuroai/view.h>

#include "network.h"

nai_status nai__view_check(const nai_view *out);
/* Strides in elements. */
void nai__view_floats(nai_view *out, const float *data, int32_t ndim, const int64_t *shape,
                      const int64_t *stride);
/* A rectangle of an array laid out as theta: [rows, columns], or the other way round. */
void nai__view_matrix(nai_view *out, const float *array, const nai__rectangle *at);
void nai__view_transposed(nai_view *out, const float *array, const nai__rectangle *at);
void nai__view_flags(nai_view *out, const uint8_t *array, const nai__rectangle *at);
void nai__view_ints(nai_view *out, const int32_t *data, int32_t ndim, const int64_t *shape,
                    const int64_t *stride);

#endif
