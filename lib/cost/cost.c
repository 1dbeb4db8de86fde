/* The handle of a cost: a copied table, its user, what it is about, a count of references. */
#include "cost.h"

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/structs.h"

static nai_status check_ops(const nai_cost_ops *ops, const char *names, const char *to)
{
  if (!ops->name || !ops->name[0])
    return nai__fail(NAI_ERR_INVALID, "the name of the cost is empty");
  if (ops->flags & ~(uint32_t)(NAI_COST_SEPARABLE | NAI_COST_BY_SYNAPSE))
    return nai__fail(NAI_ERR_INVALID,
                     "flags of cost '%.60s' is %u, must be 0 or made of NAI_COST_SEPARABLE and "
                     "NAI_COST_BY_SYNAPSE",
                     ops->name, (unsigned)ops->flags);
  if (!ops->on_outputs + !ops->on_rates + !ops->on_weights + !ops->on_errors != 3)
    return nai__fail(NAI_ERR_INVALID,
                     "cost '%.60s' must have one of on_outputs, on_rates, on_weights and on_errors",
                     ops->name);
  NAI__REQUIRE(names);
  if (ops->on_weights) NAI__REQUIRE(to);
  return NAI_OK;
}

static nai_status create(nai_cost **out, const nai_cost_ops *ops, void *user, const char *names,
                         const char *to)
{
  NAI__REQUIRE(out);
  NAI__TRY(check_ops(ops, names, to));
  nai_cost *c = NAI__NEW(nai_cost);
  if (!c) return NAI_ERR_MEMORY;
  nai__reference_init(&c->reference);
  c->name = nai__copy_string(ops->name);
  c->names = nai__copy_string(names);
  c->to = to ? nai__copy_string(to) : NULL;
  if (!c->name || !c->names || (to && !c->to)) {
    nai_cost_destroy(c); /* its table is still empty: `user` is released by the caller */
    return NAI_ERR_MEMORY;
  }
  c->ops = *ops;
  c->ops.name = c->name;
  c->user = user;
  *out = c;
  return NAI_OK;
}

nai_status nai_cost_create(nai_cost **out, const nai_cost_ops *ops, const char *names,
                           const char *to, void *user)
{
  if (out) *out = NULL;
  nai_cost_ops table;
  NAI__TRY(
      nai__struct_take(&table, sizeof table, ops, NAI__FIRST_SIZE(nai_cost_ops, destroy), "ops"));
  nai_status status = create(out, &table, user, names, to);
  if (status != NAI_OK && table.destroy) table.destroy(user);
  return status;
}

nai_status nai__cost_create_counted(nai_cost **out, const nai_cost_ops *ops, void *user,
                                    const char *names, const char *to, enum nai__terms terms)
{
  NAI__TRY(nai_cost_create(out, ops, names, to, user));
  (*out)->terms = terms;
  return NAI_OK;
}

nai_status nai_cost_set_normalise(nai_cost *cost, int32_t normalise)
{
  NAI__REQUIRE(cost);
  if (normalise != 0 && normalise != 1)
    return nai__fail(NAI_ERR_INVALID, "normalise is %d, must be 0 or 1", (int)normalise);
  if (normalise == cost->normalise) return NAI_OK;
  if (cost->terms == NAI__NO_TERMS)
    return nai__fail(NAI_ERR_UNSUPPORTED,
                     "cost '%.60s' cannot be normalised: it is a mean already, or one of your own",
                     cost->name);
  if (!nai__reference_only(&cost->reference))
    return nai__fail(NAI_ERR_ORDER, "cost '%.60s' is in use: normalise it before a trainer has it",
                     cost->name);
  cost->normalise = normalise;
  return NAI_OK;
}

const char *nai_cost_name(const nai_cost *cost)
{
  return cost ? cost->name : NULL;
}

void nai__cost_keep(nai_cost *cost)
{
  nai__reference_keep(&cost->reference);
}

void nai_cost_destroy(nai_cost *cost)
{
  if (!cost || !nai__reference_drop(&cost->reference)) return;
  if (cost->ops.destroy) cost->ops.destroy(cost->user);
  nai__free(cost->name);
  nai__free(cost->names);
  nai__free(cost->to);
  nai__free(cost);
}
