/* Types of elements, as safetensors calls them. */
#ifndef NAI_FILE_DTYPES_H
#define NAI_FILE_DTYPES_H

#include "safetensors.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "safetensors files are little-endian, and so must be this machine"
#endif

/* Name, such as "F32", and bytes. */
const char *nai__dtype_name(int32_t dtype);
int64_t nai__dtype_size(int32_t dtype);
/* -1 for a name that we do not know. */
int32_t nai__dtype_find(const char *name);

#endif
