/* The handle of a learning rule. */
#include "rule.h"

#include "../base/error.h"
#include "../base/memory.h"

nai_status nai__rule_create(nai_rule **out, const nai__rule_ops *ops, void *user)
{
  NAI__REQUIRE(out);
  *out = NULL;
  nai_rule *rule = NAI__NEW(nai_rule);
  if (!rule) return NAI_ERR_MEMORY;
  nai__reference_init(&rule->reference);
  rule->ops = *ops;
  rule->user = user;
  *out = rule;
  return NAI_OK;
}

const char *nai_rule_name(const nai_rule *rule)
{
  return rule ? rule->ops.name : NULL;
}

void nai__rule_keep(nai_rule *rule)
{
  nai__reference_keep(&rule->reference);
}

void nai_rule_destroy(nai_rule *rule)
{
  if (!rule || !nai__reference_drop(&rule->reference)) return;
  if (rule->ops.destroy) rule->ops.destroy(rule->user);
  nai__free(rule);
}
