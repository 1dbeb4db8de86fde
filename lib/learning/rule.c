/* The handle of a learning rule, its numbers, and the rule at work on a network. */
#include "rule.h"

#include <assert.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"

nai_status nai__rule_create(nai_rule **out, const nai__rule_kind *kind, uint64_t seed)
{
  NAI__REQUIRE(out);
  *out = NULL;
  assert(kind->n_parameters >= 0 && kind->n_parameters <= NAI__MOST_RULE_PARAMETERS);
  nai_rule *rule = NAI__NEW(nai_rule);
  if (!rule) return NAI_ERR_MEMORY;
  nai__reference_init(&rule->reference);
  rule->kind = kind;
  rule->seed = seed;
  for (int i = 0; i < kind->n_parameters; i++) rule->number[i] = kind->parameter[i].initial;
  *out = rule;
  return NAI_OK;
}

const char *nai_rule_name(const nai_rule *rule)
{
  return rule ? rule->kind->name : NULL;
}

void nai__rule_keep(nai_rule *rule)
{
  nai__reference_keep(&rule->reference);
}

void nai_rule_destroy(nai_rule *rule)
{
  if (!rule || !nai__reference_drop(&rule->reference)) return;
  if (rule->destroy) rule->destroy(rule->user);
  nai__free(rule);
}

/* --- numbers ---------------------------------------------------------------------------------- */

nai_status nai_rule_set(nai_rule *rule, const char *parameter, double value)
{
  NAI__REQUIRE(rule);
  const nai__rule_kind *kind = rule->kind;
  return nai__parameter_set(rule->number, kind->parameter, kind->n_parameters, parameter, value,
                            kind->name);
}

nai_status nai_rule_get(double *value, const nai_rule *rule, const char *parameter)
{
  NAI__REQUIRE(value);
  NAI__REQUIRE(rule);
  const nai__rule_kind *kind = rule->kind;
  return nai__parameter_get(value, rule->number, kind->parameter, kind->n_parameters, parameter,
                            kind->name);
}

nai_status nai_rule_parameter(nai_parameter *out, const nai_rule *rule, int64_t index)
{
  NAI__REQUIRE(rule);
  return nai__parameter_describe(out, rule->kind->parameter, rule->kind->n_parameters, index);
}

int64_t nai__rule_every(const nai_rule *rule)
{
  for (int i = 0; i < rule->kind->n_parameters; i++)
    if (strcmp(rule->kind->parameter[i].name, "update_every") == 0) return (int64_t)rule->number[i];
  return 0;
}

/* --- at work ---------------------------------------------------------------------------------- */

/* By the first projection that has it. */
static nai_status check_released(const nai_rule *rule, const nai_network *net)
{
  if (!net->n_releases || rule->kind->released) return NAI_OK;
  const nai__projection *p = nai__first_released(net);
  return nai__fail(NAI_ERR_UNSUPPORTED,
                   "rule '%s' does not learn where there is short-term plasticity, as from '%s' to "
                   "'%s'",
                   rule->kind->name, nai__source_name(net, p), nai__target_name(net, p));
}

/* By the population that stands in the way. */
static nai_status check_model(const nai__rule_kind *kind, const nai__node *node)
{
  const nai_model_ops *ops = &node->cells->model->ops;
  if (kind->units == NAI__RATE_UNITS)
    return nai__fail(NAI_ERR_UNSUPPORTED,
                     "rule '%s' works with rate units alone%s%s; '%s' is of model '%s'", kind->name,
                     kind->why ? ", " : "", kind->why ? kind->why : "", node->name, ops->name);
  if (kind->units == NAI__UNITS_WITH_SLOPES && !ops->slopes)
    return nai__fail(NAI_ERR_UNSUPPORTED,
                     "rule '%s' needs the slopes of units; '%s' is of model '%s', which has none",
                     kind->name, node->name, ops->name);
  return NAI_OK;
}

static nai_status check_models(const nai_rule *rule, const nai_network *net)
{
  for (int64_t i = 0; i < net->n_nodes && net->has_cells; i++)
    if (net->node[i].cells) NAI__TRY(check_model(rule->kind, &net->node[i]));
  return NAI_OK;
}

nai_status nai__learner_create(nai__learner **out, const nai_rule *rule, const nai_network *net,
                               nai__watch watch, int64_t base)
{
  NAI__TRY(check_models(rule, net));
  NAI__TRY(check_released(rule, net));
  nai__learner *learner = NAI__NEW(nai__learner);
  if (!learner) return NAI_ERR_MEMORY;
  learner->rule = rule;
  learner->net = net;
  learner->watch = watch;
  learner->base = base;
  nai_status status = nai__learner_check(learner, 0);
  if (status == NAI_OK && rule->kind->attach) status = rule->kind->attach(learner);
  if (status != NAI_OK) {
    nai__learner_destroy(learner);
    return status;
  }
  nai__learner_refresh(learner);
  *out = learner;
  return NAI_OK;
}

void nai__learner_destroy(nai__learner *learner)
{
  if (!learner) return;
  if (learner->rule->kind->detach) learner->rule->kind->detach(learner);
  nai__descent_destroy(learner->descent);
  nai__feedback_destroy(&learner->feedback, learner->net);
  for (int i = 0; i < learner->n_kept; i++) nai__kept_release(&learner->kept[i]);
  nai__free(learner);
}

void nai__learner_refresh(nai__learner *learner)
{
  nai__feedback *f = &learner->feedback;
  f->removals = -1; /* what was read, or put back, may be of before */
  if (f->weight)
    nai__feedback_renew(f, learner->net);
  else
    nai__feedback_pack(f, learner->net);
}
