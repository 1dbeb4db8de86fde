/**
 * @file view.h
 * @brief Views of arrays of the library, without a copy; and named parameters with unit, default
 * and range.
 */
#ifndef NEUROAI_VIEW_H
#define NEUROAI_VIEW_H

#include <stddef.h>

#include <neuroai/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Type of a view's elements. */
enum {
  NAI_FLOAT32 = 1, /**< float */
  NAI_INT32 = 2,   /**< int32_t */
  NAI_UINT8 = 3    /**< uint8_t */
};

/**
 * An array that belongs to a handle. Its address is constant during the life of the handle, unless
 * the function says otherwise; its values change with the handle. Views are read only.
 */
typedef struct nai_view {
  uint32_t struct_size; /**< sizeof(nai_view), filled in by the caller */
  int32_t dtype;        /**< NAI_FLOAT32, NAI_INT32 or NAI_UINT8 */
  const void *data;     /**< first element */
  int64_t ndim;         /**< number of dimensions, 1 to 4 */
  int64_t shape[4];     /**< length of each dimension; 1 past ndim */
  int64_t stride[4];    /**< bytes from one element to the next along each dimension; 0 past ndim */
} nai_view;

/* clang-format off */
/** A nai_view to be filled. */
#define NAI_VIEW_INIT {sizeof(nai_view), 0, NULL, 0, {0, 0, 0, 0}, {0, 0, 0, 0}}
/* clang-format on */

/** A parameter that can be set by name. Its strings live for ever. */
typedef struct nai_parameter {
  uint32_t struct_size; /**< sizeof(nai_parameter), filled in by the caller */
  int32_t list;         /**< 1 if it takes a list of values, from which each trial draws one */
  const char *name;     /**< as in the call that sets it */
  const char *unit;     /**< "ms", "1", ... */
  const char *meaning;  /**< a sentence */
  double initial;       /**< its default (of a list: its first value) */
  double low;           /**< smallest value allowed */
  double high;          /**< largest value allowed */
} nai_parameter;

/* clang-format off */
/** A nai_parameter to be filled. */
#define NAI_PARAMETER_INIT {sizeof(nai_parameter), 0, NULL, NULL, NULL, 0, 0, 0}
/* clang-format on */

#ifdef __cplusplus
}
#endif
#endif
