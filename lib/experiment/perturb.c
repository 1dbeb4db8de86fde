/* Interventions in the trials of an evaluation: in which of them, and in which of their steps. */
#include "perturb.h"

#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../task/arrays.h"

/* --- in which trials -------------------------------------------------------------------------- */

static const nai__condition *condition_of(const nai_trials *trials, const char *name)
{
  for (int64_t i = 0; i < trials->n_conditions; i++)
    if (strcmp(trials->condition[i].name, name) == 0) return &trials->condition[i];
  return NULL;
}

static nai_status check_where(const nai_intervention *i, int64_t k, const nai_trials *such)
{
  for (int64_t w = 0; w < i->n_where; w++) {
    const char *name = i->where[w].condition;
    if (condition_of(such, name)) continue;
    return nai__fail(NAI_ERR_NAME,
                     "interventions[%lld]: where: no condition is called '%.60s'; the first one is "
                     "'%s'",
                     (long long)k, name, such->n_conditions ? such->condition[0].name : "none");
  }
  return NAI_OK;
}

/* Conditions are floats: what is near counts as the decimal that they were set to. */
static int is_where(const nai_intervention *i, const nai_trials *trials, int64_t one)
{
  for (int64_t w = 0; w < i->n_where; w++) {
    double has = (double)condition_of(trials, i->where[w].condition)->value[one];
    if (!(fabs(has - i->where[w].value) <= 1e-5 * fabs(i->where[w].value))) return 0;
  }
  return 1;
}

/* --- in which steps --------------------------------------------------------------------------- */

static nai_status check_epoch(const nai_intervention *i, int64_t k, const nai_trials *such)
{
  if (!i->epoch || nai__trials_epoch(such, i->epoch)) return NAI_OK;
  return nai__fail(
      NAI_ERR_NAME,
      "interventions[%lld]: epoch: no epoch of these trials is called '%.60s'; the first "
      "one is '%s'",
      (long long)k, i->epoch, such->n_epochs ? such->epoch[0].name : "none");
}

/* Of blocks each part is a trial, unless steps are given, which count from the block's start. */
static nai__window span_of(const nai_intervention *i, const nai_trials *trials, int64_t b,
                           int64_t p)
{
  int64_t from, end;
  nai__trials_part(&from, &end, trials, b, p);
  if (i->steps) return (nai__window){0, trials->length[b]};
  if (!i->epoch) return (nai__window){from, end};
  const int32_t *step = nai__trials_epoch(trials, i->epoch)->step + 2 * (b * trials->own + p);
  return (nai__window){step[0], step[1] < end ? step[1] : end};
}

/* The part of trial b that a step is in, counted from 0; the last one after its end. */
static int64_t part_at(const nai_trials *trials, int64_t b, int64_t step)
{
  int64_t p = 0;
  while (p < trials->own - 1 && trials->part_end[b * trials->parts + p] <= step) p++;
  return p;
}

/* --- all of them ------------------------------------------------------------------------------ */

static nai_status check(const nai_intervention *i, int64_t k, int64_t total, const nai_trials *such)
{
  NAI__TRY(nai__plan_check_trials(i, k, total));
  NAI__TRY(check_where(i, k, such));
  return check_epoch(i, k, such);
}

nai_status nai__perturbed_create(nai__perturbed *out, const nai_network *net,
                                 const nai_intervention *interventions, int64_t n, int64_t total,
                                 int64_t block, const nai_trials *such)
{
  *out = (nai__perturbed){.n = n, .schedule.trials = block};
  if (n == 0) return NAI_OK;
  out->list = NAI__ARRAY(nai_intervention, n);
  out->met = NAI__ARRAY(uint8_t, n);
  out->own = NAI__ARRAY(float, block * net->ld_units);
  if (!out->list || !out->met || !out->own) return NAI_ERR_MEMORY;
  NAI__TRY(nai__plan_take(out->list, interventions, n, net));
  for (int64_t k = 0; k < n; k++) NAI__TRY(check(&out->list[k], k, total, such));
  return nai__plan_add(&out->schedule, net, out->list, n, 0);
}

void nai__perturbed_destroy(nai__perturbed *perturbed)
{
  nai__schedule_cut(&perturbed->schedule, 0);
  nai__free(perturbed->list);
  nai__free(perturbed->met);
  nai__free(perturbed->own);
  *perturbed = (nai__perturbed){.list = NULL};
}

static void set_window(nai__perturbed *perturbed, nai__act *act, int64_t k, double dt,
                       const nai_trials *trials, int64_t b, int64_t number, int64_t step)
{
  const nai_intervention *i = &perturbed->list[act->number];
  int64_t p = part_at(trials, b, step);
  act->window[k] = (nai__window){0, 0};
  if (!is_where(i, trials, b * trials->own + p)) return;
  perturbed->met[act->number] = 1;
  act->window[k] = nai__plan_window(i, dt, number, span_of(i, trials, b, p));
}

void nai__perturbed_next(nai__perturbed *perturbed, nai__forward *forward, const nai_trials *trials,
                         int64_t first, int64_t count, int64_t number, int64_t step)
{
  nai__schedule *schedule = &perturbed->schedule;
  for (int64_t a = 0; a < schedule->n; a++)
    for (int64_t k = 0; k < count; k++)
      set_window(perturbed, &schedule->act[a], k, forward->net->dt, trials, first + k, number + k,
                 step);
  forward->activity.schedule = schedule->n ? schedule : NULL;
  forward->activity.own = schedule->n ? perturbed->own : NULL;
}

nai_status nai__perturbed_met(const nai__perturbed *perturbed)
{
  for (int64_t a = 0; a < perturbed->schedule.n; a++) {
    int64_t k = perturbed->schedule.act[a].number;
    const nai_intervention *i = &perturbed->list[k];
    if (perturbed->met[k]) continue;
    return nai__fail(NAI_ERR_INVALID, "interventions[%lld]: where: no trial has %.60s %g%s",
                     (long long)k, i->where[0].condition, i->where[0].value,
                     i->n_where > 1 ? " and all the others" : "");
  }
  return NAI_OK;
}
