/* The memory of what moves weights. */
#include "plasticity.h"

#include "../base/memory.h"

static nai_status allocate(nai__plasticity *p)
{
  int64_t n = p->net->n_theta;
  const nai__optimizer_kind *kind = p->optimizer->kind;
  p->gradient = NAI__ARRAY(float, n);
  p->before = NAI__ARRAY(float, n);
  if (kind->keeps_mean) p->mean = NAI__ARRAY(float, n);
  if (kind->keeps_square) p->square = NAI__ARRAY(float, n);
  return p->gradient && p->before && (p->mean || !kind->keeps_mean) &&
                 (p->square || !kind->keeps_square)
             ? NAI_OK
             : NAI_ERR_MEMORY;
}

nai_status nai__plasticity_open(nai__plasticity *p, nai_network *net, nai_rule *rule,
                                nai_optimizer *optimizer)
{
  nai__network_keep(p->net = net);
  nai__rule_keep(p->rule = rule);
  nai__optimizer_keep(p->optimizer = optimizer);
  nai_status status = allocate(p);
  return status == NAI_OK ? nai__learner_create(&p->learner, rule, net) : status;
}

void nai__plasticity_close(nai__plasticity *p)
{
  nai__objective_destroy(&p->objective);
  nai__free(p->gradient);
  nai__free(p->before);
  nai__free(p->mean);
  nai__free(p->square);
  nai__learner_destroy(p->learner);
  nai_optimizer_destroy(p->optimizer);
  nai_rule_destroy(p->rule);
  nai_network_destroy(p->net);
}
