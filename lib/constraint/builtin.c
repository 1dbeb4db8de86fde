/* What the built-in constraints share. */
#include "builtin.h"

#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../network/constraint.h"

static void destroy(void *user)
{
  nai__builtin *b = user;
  nai__free(b->array);
  nai__free(b);
}

static nai_status fill(nai__builtin *b, const uint8_t *array, int64_t n_post, int64_t n_pre)
{
  if (!array) return NAI_OK;
  b->array = NAI__ARRAY(uint8_t, n_post * n_pre);
  if (!b->array) return NAI_ERR_MEMORY;
  memcpy(b->array, array, (size_t)(n_post * n_pre));
  b->n_post = n_post;
  b->n_pre = n_pre;
  return NAI_OK;
}

nai_status nai__builtin_create(nai_constraint **out, const char *name, uint32_t flags,
                               nai_status (*wire)(void *user, nai_synapses *synapses),
                               nai_status (*project)(void *user, nai_synapses *synapses),
                               double first, double second, const uint8_t *array, int64_t n_post,
                               int64_t n_pre)
{
  nai__builtin *b = NAI__NEW(nai__builtin);
  if (!b) return NAI_ERR_MEMORY;
  b->value[0] = first;
  b->value[1] = second;
  nai_status status = fill(b, array, n_post, n_pre);
  if (status != NAI_OK) {
    destroy(b);
    return status;
  }
  nai_constraint_ops ops = {sizeof ops, flags, name, wire, project, destroy};
  NAI__TRY(nai_constraint_create(out, &ops, b));
  (*out)->expected = nai__constraint_expected;
  (*out)->is_even = !array && strcmp(name, "distance") != 0;
  (*out)->bytes = array ? n_post * n_pre : 0;
  return NAI_OK;
}

nai_status nai__builtin_create_wired(nai_constraint **out, const char *name, uint32_t flags,
                                     nai_status (*wire)(void *user, nai_synapses *synapses),
                                     const nai__wiring *wiring, double first, const uint8_t *array,
                                     int64_t n_post, int64_t n_pre)
{
  NAI__TRY(nai__builtin_create(out, name, flags, wire, NULL, first, 0, array, n_post, n_pre));
  (*out)->wiring = wiring;
  return NAI_OK;
}

nai_status nai__builtin_fits(const nai__builtin *b, const nai_synapses *s, const char *what)
{
  if (b->array && (b->n_post != s->n_post || b->n_pre != s->n_pre))
    return nai__fail(NAI_ERR_INVALID,
                     "%s is [%lld, %lld], from '%s' to '%s' it must be [%lld, %lld]", what,
                     (long long)b->n_post, (long long)b->n_pre, s->from, s->to,
                     (long long)s->n_post, (long long)s->n_pre);
  return NAI_OK;
}

/* --- for the model file ----------------------------------------------------------------------- */

int nai__constraint_projects(const nai_constraint *constraint)
{
  return constraint->ops.project != NULL;
}

const char *nai__constraint_name(const nai_constraint *constraint)
{
  return constraint->name;
}

int nai__constraint_builtin_value(const nai_constraint *constraint, double *value)
{
  if (constraint->ops.destroy != destroy) return 0;
  *value = ((const nai__builtin *)constraint->user)->value[0];
  return 1;
}
