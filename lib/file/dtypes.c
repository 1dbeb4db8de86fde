/* Types of elements, as safetensors calls them. */
#include "dtypes.h"

#include <string.h>

static const struct {
  const char *name;
  int64_t size;
} types[NAI__DTYPES] = {
    [NAI__F64] = {"F64", 8}, [NAI__F32] = {"F32", 4}, [NAI__I64] = {"I64", 8},
    [NAI__I32] = {"I32", 4}, [NAI__U8] = {"U8", 1},
};

const char *nai__dtype_name(int32_t dtype)
{
  return types[dtype].name;
}

int64_t nai__dtype_size(int32_t dtype)
{
  return types[dtype].size;
}

int32_t nai__dtype_find(const char *name)
{
  for (int32_t k = 0; k < NAI__DTYPES; k++)
    if (strcmp(types[k].name, name) == 0) return k;
  return -1;
}
