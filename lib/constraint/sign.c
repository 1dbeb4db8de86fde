/*
 * Signs: Dale's law, a sign of one's own, no negative weights. The network itself clamps whatever
 * has a sign, so clamping is a matter of saying the sign; mirroring has to be done.
 */
#include <math.h>

#include "../base/error.h"
#include "builtin.h"

/* --- Dale's law ------------------------------------------------------------------------------- */

static nai_status wire_dale(void *user, nai_synapses *s)
{
  const nai__builtin *b = user;
  s->sign = b->value[0] == NAI_DALE_OFF ? 0 : s->population_sign;
  return NAI_OK;
}

/*
 * Mirrored like |W| under training (Yang & Wang 2020): where the raw weight has crossed 0 its
 * gradient changes sign, and so does the running mean of it.
 */
static nai_status reflect(void *user, nai_synapses *s)
{
  (void)user;
  float sign = (float)s->sign;
  for (int64_t i = 0; i < s->n_post && s->sign; i++)
    for (int64_t j = 0; j < s->n_pre; j++) {
      int64_t k = i * s->stride + j;
      if (!(s->weight[k] * sign < 0)) continue;
      s->weight[k] = -s->weight[k];
      if (s->momentum) s->momentum[k] = -s->momentum[k];
    }
  return NAI_OK;
}

nai_status nai_constraint_create_dale(nai_constraint **out, int32_t mode)
{
  NAI__REQUIRE(out);
  *out = NULL;
  if (mode < NAI_DALE_OFF || mode > NAI_DALE_REFLECT)
    return nai__fail(NAI_ERR_INVALID,
                     "mode is %d, must be NAI_DALE_CLAMP, NAI_DALE_REFLECT or NAI_DALE_OFF",
                     (int)mode);
  return nai__builtin_create(out, "dale", NAI_CONSTRAINT_BY_ROWS | NAI_CONSTRAINT_BY_SYNAPSE,
                             wire_dale, mode == NAI_DALE_REFLECT ? reflect : NULL, mode, 0, NULL, 0,
                             0);
}

/* --- a sign of one's own ---------------------------------------------------------------------- */

static nai_status wire_sign(void *user, nai_synapses *s)
{
  const nai__builtin *b = user;
  s->sign = (int32_t)b->value[0];
  return NAI_OK;
}

nai_status nai_constraint_create_sign(nai_constraint **out, int32_t sign)
{
  NAI__REQUIRE(out);
  *out = NULL;
  if (sign != 1 && sign != -1)
    return nai__fail(NAI_ERR_INVALID, "sign is %d, must be +1 or -1", (int)sign);
  return nai__builtin_create(out, "sign", NAI_CONSTRAINT_BY_ROWS, wire_sign, NULL, sign, 0, NULL, 0,
                             0);
}

nai_status nai_constraint_create_nonnegative(nai_constraint **out)
{
  NAI__REQUIRE(out);
  *out = NULL;
  return nai__builtin_create(out, "nonnegative", NAI_CONSTRAINT_BY_ROWS, wire_sign, NULL, 1, 0,
                             NULL, 0, 0);
}
