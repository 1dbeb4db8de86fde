/* Interventions on synapses: of which projections, from which senders, and which of them. */
#include "plan_synapses.h"

#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "draw_synapses.h"
#include "draw_units.h"
#include "intervene.h"

/* --- checking --------------------------------------------------------------------------------- */

static int64_t count_senders(const nai_intervention *i, const nai_network *net,
                             const nai__projection *p)
{
  return i->n_units == NAI_ALL_UNITS ? net->node[p->from].n : i->n_units;
}

static nai_status check_values(const nai_intervention *i, const nai_network *net,
                               const nai__projection *p)
{
  const int64_t n = count_senders(i, net, p);
  if (!i->values || i->n_values == 1 || i->n_values == n) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID,
                   "values has %lld values, must have 1 or %lld, one for each unit of '%s'%s",
                   (long long)i->n_values, (long long)n, net->node[p->from].name,
                   i->n_units == NAI_ALL_UNITS ? "" : " that is meant");
}

nai_status nai__plan_synapses_check(const nai_intervention *i, const nai_network *net,
                                    unsigned char *seen)
{
  const nai__some_units which = nai__units_of(i);
  NAI__TRY(nai__whole_check(net, "an intervention on synapses"));
  NAI__TRY(nai__ends_known(net, NAI__SOURCE, i->names, "names"));
  if (!i->to) return nai__fail_null("to");
  NAI__TRY(nai__projections_known(net, i->names, i->to));
  if (i->of_units != 0 && i->of_units != 1)
    return nai__fail(NAI_ERR_INVALID, "of_units is %d, must be 0 or 1", (int)i->of_units);
  NAI__TRY(nai__units_count_check(&which));
  NAI__EACH_PROJECTION(net, p, i->names, i->to) {
    if (i->n_units != NAI_ALL_UNITS) NAI__TRY(nai__units_range_check(&net->node[p->from], &which));
    NAI__TRY(check_values(i, net, p));
  }
  return i->n_units == NAI_ALL_UNITS ? NAI_OK : nai__units_repeated_check(&which, seen);
}

/* --- adding ----------------------------------------------------------------------------------- */

static void fill(nai__act *act, const nai_intervention *i, const nai__candidate *found,
                 int64_t count)
{
  for (int64_t j = 0; j < act->n; j++) {
    act->unit[j] = 0;
    act->value[j] = 1;
  }
  for (int64_t k = 0; k < count; k++) {
    act->unit[found[k].unit] = 1;
    act->value[found[k].unit] =
        i->values ? i->values[i->n_values == 1 ? 0 : found[k].place] : (float)i->value;
  }
}

/* The first part draws for all of them. */
static nai_status add_parts(nai__schedule *schedule, const nai_network *net,
                            const nai__projection *p, const nai_intervention *i, int64_t number,
                            const nai__candidate *found, int64_t count)
{
  uint64_t largest = NAI__ALL_SYNAPSES;
  for (int64_t k = 0; k < p->n_parts; k++) {
    nai__act *act = nai__schedule_add(schedule, NAI_SCALE_SYNAPSES, p->n_pre);
    if (!act) return NAI_ERR_MEMORY;
    act->number = number;
    act->projection = p - net->projection;
    act->block = p->block + k;
    act->rise = nai__steps_of(i->rise, net->dt);
    act->fall = nai__steps_of(i->fall, net->dt);
    act->seed = i->seed;
    fill(act, i, found, count);
    if (i->of_units || i->fraction == 1) continue;
    if (k == 0) {
      NAI__TRY(nai__draw_synapses(act, net, i->fraction));
      largest = act->largest;
    }
    act->largest = largest;
    NAI__TRY(nai__mark_synapses(act, net));
  }
  return NAI_OK;
}

static nai_status add(nai__schedule *schedule, const nai_network *net, const nai__projection *p,
                      const nai_intervention *i, int64_t number)
{
  nai_intervention drawn = *i;
  int64_t count;
  if (!i->of_units) drawn.fraction = 1; /* it is of their synapses */
  nai__candidate *found = NAI__ARRAY(nai__candidate, count_senders(i, net, p));
  if (!found) return NAI_ERR_MEMORY;
  nai_status status = nai__draw_units(&count, found, &net->node[p->from], &drawn);
  if (status == NAI_OK && count > 0) status = add_parts(schedule, net, p, i, number, found, count);
  nai__free(found);
  return status;
}

nai_status nai__plan_synapses_add(nai__schedule *schedule, const nai_network *net,
                                  const nai_intervention *i, int64_t number)
{
  NAI__EACH_PROJECTION(net, p, i->names, i->to) NAI__TRY(add(schedule, net, p, i, number));
  return NAI_OK;
}
