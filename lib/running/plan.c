/* Interventions: read from what users give, checked, and made into acts. */
#include "plan.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/structs.h"
#include "draw_units.h"
#include "intervene.h"
#include "plan_synapses.h"

/* Of times, ms: above any experiment. */
#define MOST_MS 1e12

/* The message of what failed, with "interventions[k]" before it. */
static nai_status fail_at(int64_t k, nai_status status)
{
  char message[256];
  snprintf(message, sizeof message, "%s", nai_last_error());
  return nai__fail(status, "interventions[%lld]: %s", (long long)k, message);
}

/* --- taking ----------------------------------------------------------------------------------- */

static nai_status check_time(const char *name, double ms)
{
  if (ms >= 0 && ms <= MOST_MS) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID, "%s is %g ms, must be 0 to %g", name, ms, MOST_MS);
}

static nai_status check_times(const nai_intervention *i, double dt)
{
  if (!(i->start <= MOST_MS))
    return nai__fail(NAI_ERR_INVALID, "start is %g ms, must be at most %g", i->start, MOST_MS);
  NAI__TRY(check_time("end", i->end));
  NAI__TRY(check_time("rise", i->rise));
  NAI__TRY(check_time("fall", i->fall));
  if (i->end == 0) return NAI_OK;
  if (!(i->end > i->start))
    return nai__fail(NAI_ERR_INVALID, "end is %g ms, must be above start, %g ms, or 0: to the end",
                     i->end, i->start);
  if (nai__steps_of(i->end, dt) > nai__steps_of(fmax(0, i->start), dt)) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID, "from %g to %g ms there is no step of dt = %g ms", i->start,
                   i->end, dt);
}

static nai_status check_factors(const nai_intervention *i)
{
  if (i->kind != NAI_SCALE && i->kind != NAI_SCALE_SYNAPSES) return NAI_OK;
  for (int64_t k = 0; k < i->n_values; k++)
    if (i->values[k] < 0)
      return nai__fail(NAI_ERR_INVALID, "values[%lld] is %g, must be at least 0, a factor",
                       (long long)k, (double)i->values[k]);
  if (!i->values && i->value < 0)
    return nai__fail(NAI_ERR_INVALID, "value is %g, must be at least 0, a factor", i->value);
  return NAI_OK;
}

static nai_status check_values(const nai_intervention *i, const nai_network *net)
{
  const nai__some_units which = nai__units_of(i);
  if (i->n_values < 0)
    return nai__fail(NAI_ERR_INVALID, "n_values is %lld, must be at least 0",
                     (long long)i->n_values);
  if (i->n_values > 0 && !i->values) return nai__fail_null("values");
  if (i->kind == NAI_SILENCE && (i->values || i->value != 0))
    return nai__fail(NAI_ERR_INVALID, "silence takes no %s: the rate is 0",
                     i->values ? "values" : "value");
  if (i->kind == NAI_FREEZE && (i->values || i->value != 0))
    return nai__fail(NAI_ERR_INVALID, "freezing takes no %s: the rate stays what it is",
                     i->values ? "values" : "value");
  if (i->values && i->kind == NAI_SCALE_SYNAPSES)
    NAI__TRY(nai__values_finite(i->values, i->n_values, "values"));
  else if (i->values)
    NAI__TRY(nai__unit_values_check(net, &which, i->values, i->n_values, "values"));
  if (!isfinite((float)i->value))
    return nai__fail(NAI_ERR_NONFINITE, "value is %g, must be finite", i->value);
  return check_factors(i);
}

/* What they act on: what units receive, or what they send. */
static int side_of(const nai_intervention *i)
{
  return i->kind == NAI_INJECT ? NAI__TARGET : NAI__SOURCE;
}

static nai_status check_units(const nai_intervention *i, const nai_network *net,
                              unsigned char *seen)
{
  if (i->to)
    return nai__fail(NAI_ERR_INVALID, "to is '%.60s', but only NAI_SCALE_SYNAPSES acts on synapses",
                     i->to);
  if (i->of_units)
    return nai__fail(NAI_ERR_INVALID,
                     "of_units is %d, but only NAI_SCALE_SYNAPSES acts on synapses",
                     (int)i->of_units);
  const nai__some_units which = nai__units_of(i);
  return nai__units_check(net, &which, side_of(i), seen);
}

static nai_status check_which(const nai_intervention *i, const nai_network *net,
                              unsigned char *seen)
{
  if (i->kind < NAI_SILENCE || i->kind > NAI_FREEZE)
    return nai__fail(NAI_ERR_INVALID, "kind is %d, must be NAI_SILENCE (%d) to NAI_FREEZE (%d)",
                     (int)i->kind, NAI_SILENCE, NAI_FREEZE);
  if (i->kind == NAI_SCALE_SYNAPSES)
    NAI__TRY(nai__plan_synapses_check(i, net, seen));
  else
    NAI__TRY(check_units(i, net, seen));
  if (!(i->fraction > 0 && i->fraction <= 1))
    return nai__fail(NAI_ERR_INVALID, "fraction is %g, must be above 0 and at most 1", i->fraction);
  return NAI_OK;
}

static nai_status check_lists(const nai_intervention *i)
{
  if (i->n_trials < 0)
    return nai__fail(NAI_ERR_INVALID, "n_trials is %lld, must be at least 0",
                     (long long)i->n_trials);
  if (i->steps && i->epoch)
    return nai__fail(NAI_ERR_INVALID, "epoch '%.60s' and steps: give one of them", i->epoch);
  if (i->n_where < 0)
    return nai__fail(NAI_ERR_INVALID, "n_where is %lld, must be at least 0", (long long)i->n_where);
  if (i->n_where > 0 && !i->where) return nai__fail_null("where");
  for (int64_t k = 0; k < i->n_where; k++)
    if (!i->where[k].condition)
      return nai__fail(NAI_ERR_INVALID, "where[%lld].condition is NULL", (long long)k);
  return NAI_OK;
}

static nai_status check(const nai_intervention *i, const nai_network *net, unsigned char *seen)
{
  NAI__TRY(check_which(i, net, seen));
  NAI__TRY(check_values(i, net));
  NAI__TRY(check_times(i, net->dt));
  return check_lists(i);
}

/* Entries lie as far apart as the first one's size says, which all of them have. */
static nai_status take(nai_intervention *out, const nai_intervention *interventions, int64_t k)
{
  uint32_t first, size;
  memcpy(&first, interventions, sizeof first);
  const char *theirs = (const char *)interventions + (size_t)k * first;
  NAI__TRY(nai__struct_take(out, sizeof *out, theirs, NAI__FIRST_SIZE(nai_intervention, reserved),
                            "intervention"));
  NAI__TRY(nai__struct_reserved(out->reserved, "intervention"));
  memcpy(&size, theirs, sizeof size);
  if (size == first) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID, "struct_size is %u, but %u in the first: they must be the same",
                   (unsigned)size, (unsigned)first);
}

nai_status nai__plan_take(nai_intervention *out, const nai_intervention *interventions, int64_t n,
                          const nai_network *net)
{
  const int64_t most = net->ld_units > net->ld_inputs ? net->ld_units : net->ld_inputs;
  unsigned char *seen = NAI__ARRAY(unsigned char, most);
  nai_status status = seen ? NAI_OK : NAI_ERR_MEMORY;
  for (int64_t k = 0; k < n && status == NAI_OK; k++) {
    status = take(&out[k], interventions, k);
    if (status == NAI_OK) status = check(&out[k], net, seen);
    if (status != NAI_OK) fail_at(k, status);
  }
  nai__free(seen);
  return status;
}

/* --- whose ------------------------------------------------------------------------------------ */

/* On one signal or port, with its copies, of the units that were found. */
static void fill(nai__act *act, const nai__node *node, int32_t end, const nai_intervention *i,
                 double dt, const nai__candidate *found, int64_t count)
{
  int64_t first = nai__end_column(node, side_of(i), end);
  act->stage = node->stage;
  act->rise = nai__steps_of(i->rise, dt);
  act->fall = nai__steps_of(i->fall, dt);
  for (int64_t k = 0; k < act->n; k++) {
    const nai__candidate *c = &found[k % count];
    act->unit[k] = first + k / count * node->n + c->unit;
    act->value[k] = i->values ? i->values[i->n_values == 1 ? 0 : c->place] : (float)i->value;
  }
}

static nai_status add_ends(nai__schedule *schedule, const nai_network *net, const nai__node *node,
                           const nai_intervention *i, int64_t number, const nai__candidate *found,
                           int64_t count, int others)
{
  uint32_t ends;
  int side = side_of(i);
  NAI__TRY(nai__units_ends(&ends, node, side, i->names));
  for (int32_t end = others ? 1 : 0; end < nai__ends_of(node, side) && count > 0; end++) {
    if (!(ends >> end & 1)) continue;
    nai__act *act = nai__schedule_add(schedule, i->kind == NAI_SILENCE ? NAI_CLAMP : i->kind,
                                      count * (nai__end_width(node, side, end) / node->n));
    if (!act) return NAI_ERR_MEMORY;
    fill(act, node, end, i, net->dt, found, count);
    act->number = number;
  }
  return NAI_OK;
}

static nai_status add_node(nai__schedule *schedule, const nai_network *net, const nai__node *node,
                           const nai_intervention *i, int64_t number, int others)
{
  int64_t n = i->n_units == NAI_ALL_UNITS ? node->n : i->n_units, count;
  nai__candidate *found = NAI__ARRAY(nai__candidate, n);
  if (!found) return NAI_ERR_MEMORY;
  nai_status status = nai__draw_units(&count, found, node, i);
  if (status == NAI_OK) status = add_ends(schedule, net, node, i, number, found, count, others);
  nai__free(found);
  return status;
}

static nai_status add(nai__schedule *schedule, const nai_network *net, const nai_intervention *i,
                      int64_t number, int others)
{
  if (i->kind == NAI_SCALE_SYNAPSES) return nai__plan_synapses_add(schedule, net, i, number);
  NAI__EACH_NODE(net, k, NAI__KIND(NAI_POPULATIONS), i->names)
    NAI__TRY(add_node(schedule, net, &net->node[k], i, number, others));
  return NAI_OK;
}

nai_status nai__plan_add(nai__schedule *schedule, const nai_network *net,
                         const nai_intervention *interventions, int64_t n, int others)
{
  int64_t before = schedule->n;
  for (int64_t k = 0; k < n; k++) {
    nai_status status = add(schedule, net, &interventions[k], k, others);
    if (status == NAI_OK) continue;
    nai__schedule_cut(schedule, before);
    return fail_at(k, status);
  }
  return NAI_OK;
}

/* --- when ------------------------------------------------------------------------------------- */

nai_status nai__plan_check_trials(const nai_intervention *i, int64_t k, int64_t trials)
{
  if ((i->steps || i->trials) && i->n_trials != trials)
    return nai__fail(NAI_ERR_INVALID,
                     "interventions[%lld]: n_trials is %lld, must be %lld, as many as there are",
                     (long long)k, (long long)i->n_trials, (long long)trials);
  for (int64_t b = 0; i->steps && b < trials; b++)
    if (i->steps[2 * b] < 0 || i->steps[2 * b + 1] < i->steps[2 * b])
      return nai__fail(
          NAI_ERR_INVALID,
          "interventions[%lld]: steps[%lld] are %d and %d, must be 0 or more, in order",
          (long long)k, (long long)b, (int)i->steps[2 * b], (int)i->steps[2 * b + 1]);
  return NAI_OK;
}

nai__window nai__plan_window(const nai_intervention *i, double dt, int64_t b, nai__window span)
{
  const nai__window none = {0, 0};
  if (i->trials && !i->trials[b]) return none;
  if (i->steps) {
    nai__window given = {i->steps[2 * b], i->steps[2 * b + 1]};
    span = (nai__window){given.first, given.end < span.end ? given.end : span.end};
  }
  nai__window window = {span.first + nai__steps_of(fmax(0, i->start), dt), span.end};
  if (i->end > 0 && span.end - span.first > nai__steps_of(i->end, dt))
    window.end = span.first + nai__steps_of(i->end, dt);
  if (window.first >= window.end) return none;
  if (window.first == 0 && i->start < 0) window.first = NAI__BEFORE_STEPS;
  return window;
}

/* --- of who has no trials --------------------------------------------------------------------- */

nai_status nai__plan_check_alone(const nai_intervention *i, int64_t k, int64_t trials,
                                 const char *who)
{
  if (i->epoch)
    return nai__fail(NAI_ERR_UNSUPPORTED,
                     "interventions[%lld]: epoch is '%.60s', but %s has no epochs: give steps, or "
                     "start and end",
                     (long long)k, i->epoch, who);
  if (i->n_where > 0)
    return nai__fail(NAI_ERR_UNSUPPORTED,
                     "interventions[%lld]: where names condition '%.60s', but %s has no "
                     "conditions: give trials",
                     (long long)k, i->where[0].condition, who);
  if (i->fall > 0 && i->end == 0 && !i->steps)
    return nai__fail(NAI_ERR_INVALID,
                     "interventions[%lld]: fall is %g ms, but there is no end: give end, or steps",
                     (long long)k, i->fall);
  return nai__plan_check_trials(i, k, trials);
}

void nai__plan_from_now(nai__schedule *schedule, int64_t before, const nai_intervention *list,
                        double dt, int64_t time)
{
  const nai__window ever = {0, INT64_MAX};
  for (int64_t k = before; k < schedule->n; k++) {
    nai__act *act = &schedule->act[k];
    for (int64_t b = 0; b < schedule->trials; b++) {
      nai__window w = nai__plan_window(&list[act->number], dt, b, ever);
      if (w.end < INT64_MAX) w.end += time;
      if (time > 0 || w.first > 0) w.first = time + (w.first < 0 ? 0 : w.first);
      act->window[b] = w;
    }
  }
}

/* A part may be a port or a signal. */
nai_status nai__plan_check_release(const nai_network *net, const nai__some_units *which,
                                   unsigned char *seen)
{
  nai_status status = nai__units_check(net, which, NAI__TARGET, seen);
  if (status != NAI_ERR_NAME || !strchr(which->names, ':')) return status;
  return nai__units_check(net, which, NAI__SOURCE, seen);
}

void nai__plan_release(nai__schedule *schedule, const nai_network *net,
                       const nai__some_units *which, unsigned char *seen)
{
  static const int sides[] = {NAI__SOURCE, NAI__TARGET};
  for (int k = 0; k < 2; k++) {
    nai__units_mark(seen, net, which, sides[k], 1);
    nai__schedule_release(schedule, sides[k] == NAI__TARGET, seen);
    nai__units_mark(seen, net, which, sides[k], 0);
  }
}
