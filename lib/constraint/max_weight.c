/* No synapse is stronger than a limit. */
#include "../base/error.h"
#include "builtin.h"

static nai_status limit(void *user, nai_synapses *s)
{
  const nai__builtin *b = user;
  float most = (float)b->value[0];
  for (int64_t i = 0; i < s->n_post; i++) {
    float *w = s->weight + i * s->stride;
    for (int64_t j = 0; j < s->n_pre; j++) w[j] = w[j] > most ? most : w[j] < -most ? -most : w[j];
  }
  return NAI_OK;
}

nai_status nai_constraint_create_max_weight(nai_constraint **out, double limit_value)
{
  NAI__REQUIRE(out);
  *out = NULL;
  if (!(limit_value > 0 && limit_value <= 1e6))
    return nai__fail(NAI_ERR_INVALID, "limit is %g, must be above 0 and at most 1e6", limit_value);
  return nai__builtin_create(out, "max_weight", NAI_CONSTRAINT_BY_SYNAPSE, NULL, limit, limit_value,
                             0, NULL, 0, 0);
}
