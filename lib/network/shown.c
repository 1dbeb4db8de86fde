/* A projection as tables are shown it. */
#include "../base/philox.h"
#include "ends.h"

nai_synapses nai__synapses(const nai_network *net, const nai__projection *p, float *gradient,
                           float *momentum)
{
  const nai__node *pre = &net->node[p->from];
  nai_synapses s = {.struct_size = sizeof s,
                    .sign = p->sign,
                    .from = nai__source_name(net, p),
                    .to = nai__target_name(net, p),
                    .n_post = p->at.rows,
                    .n_pre = p->at.columns,
                    .stride = p->at.stride,
                    .weight = net->theta + p->at.start,
                    .exists = net->exists + p->at.start,
                    .plastic = net->plastic + p->at.start,
                    .momentum = momentum ? momentum + p->at.start : NULL,
                    .gradient = gradient ? gradient + p->at.start : NULL,
                    .population_sign = nai__signal_sign(pre, p->signal)};
  if (p->is_listed) return s;
  s.post_position = nai__onto_position(net, p);
  s.pre_position = pre->position;
  return s;
}

uint64_t nai__constraint_seed(const nai_network *net, const nai__projection *p, int64_t constraint)
{
  uint64_t label = (uint64_t)(p - net->projection) << 16 | (uint64_t)constraint;
  return nai__seed_derive(net->seed, NAI__FOR_SYNAPSES, label);
}
