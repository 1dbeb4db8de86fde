/* The handle of a constraint: a copied table, its user, a count of references. */
#include "constraint.h"

#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/structs.h"

static nai_status check_ops(const nai_constraint_ops *ops)
{
  if (!ops->name || !ops->name[0])
    return nai__fail(NAI_ERR_INVALID, "the name of the constraint is empty");
  if (ops->flags & ~(uint32_t)(NAI_CONSTRAINT_BY_ROWS | NAI_CONSTRAINT_BY_SYNAPSE))
    return nai__fail(NAI_ERR_INVALID,
                     "flags of constraint '%.60s' is %u, must be 0, NAI_CONSTRAINT_BY_ROWS, "
                     "NAI_CONSTRAINT_BY_SYNAPSE or both",
                     ops->name, (unsigned)ops->flags);
  return NAI_OK;
}

static nai_status create(nai_constraint **out, const nai_constraint_ops *ops, void *user)
{
  NAI__REQUIRE(out);
  NAI__TRY(check_ops(ops));
  nai_constraint *c = NAI__NEW(nai_constraint);
  char *name = nai__copy_string(ops->name);
  if (!c || !name) {
    nai__free(c);
    nai__free(name);
    return NAI_ERR_MEMORY;
  }
  nai__reference_init(&c->reference);
  c->ops = *ops;
  c->ops.name = c->name = name;
  c->user = user;
  *out = c;
  return NAI_OK;
}

nai_status nai_constraint_create(nai_constraint **out, const nai_constraint_ops *ops, void *user)
{
  if (out) *out = NULL;
  nai_constraint_ops table;
  NAI__TRY(nai__struct_take(&table, sizeof table, ops, NAI__FIRST_SIZE(nai_constraint_ops, destroy),
                            "ops"));
  nai_status status = create(out, &table, user);
  if (status != NAI_OK && table.destroy) table.destroy(user);
  return status;
}

void nai__constraint_keep(nai_constraint *constraint)
{
  nai__reference_keep(&constraint->reference);
}

void nai_constraint_destroy(nai_constraint *constraint)
{
  if (!constraint || !nai__reference_drop(&constraint->reference)) return;
  if (constraint->ops.destroy) constraint->ops.destroy(constraint->user);
  nai__free(constraint->name);
  nai__free(constraint);
}
