/* Built-in constraints by name: those that project, which a model file brings back. */
#include <string.h>

#include "../base/error.h"
#include "builtin.h"

nai_status nai__constraint_builtin_create(nai_constraint **out, const char *name, double value)
{
  *out = NULL;
  if (strcmp(name, "max_weight") == 0) return nai_constraint_create_max_weight(out, value);
  if (strcmp(name, "dale") == 0) {
    if (value == NAI_DALE_CLAMP || value == NAI_DALE_REFLECT || value == NAI_DALE_OFF)
      return nai_constraint_create_dale(out, (int32_t)value);
    return nai__fail(NAI_ERR_INVALID, "mode is %g, must be %d, %d or %d", value, NAI_DALE_CLAMP,
                     NAI_DALE_REFLECT, NAI_DALE_OFF);
  }
  return nai__fail(NAI_ERR_NAME, "no built-in constraint is called '%.60s'", name);
}
