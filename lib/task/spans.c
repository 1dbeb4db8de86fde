/* Epochs and parts of trials: when each of them is in each trial. */
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/names.h"
#include "arrays.h"

const nai__when *nai__trials_epoch(const nai_trials *trials, const char *name)
{
  for (int64_t i = 0; i < trials->n_epochs; i++)
    if (strcmp(trials->epoch[i].name, name) == 0) return &trials->epoch[i];
  return NULL;
}

nai_status nai__trials_need_epoch(nai__when **out, nai_trials *trials, const char *name)
{
  const nai__when *found = nai__trials_epoch(trials, name);
  int64_t n = trials->n_epochs;
  if (found) {
    *out = &trials->epoch[found - trials->epoch];
    return NAI_OK;
  }
  nai__when *grown = nai__grow(trials->epoch, n, n + 1, sizeof *grown);
  if (!grown) return NAI_ERR_MEMORY;
  trials->epoch = grown;
  grown[n].step = NAI__ARRAY(int32_t, 2 * trials->trials * trials->own);
  if (!grown[n].step) return NAI_ERR_MEMORY;
  memcpy(grown[n].name, name, strlen(name) + 1);
  trials->n_epochs++;
  *out = &grown[n];
  return NAI_OK;
}

nai_status nai__check_epoch(const int32_t *steps, int64_t trials, int64_t own, int64_t longest,
                            const char *name)
{
  for (int64_t k = 0; k < trials * own; k++) {
    int32_t from = steps[2 * k], end = steps[2 * k + 1];
    if (from >= 0 && from <= end && end <= longest) continue;
    return nai__fail(NAI_ERR_INVALID,
                     "epoch '%.60s' of trial %lld is from step %d to before step %d, must be in "
                     "order and within 0 to %lld",
                     name, (long long)(k / own), (int)from, (int)end, (long long)longest);
  }
  return NAI_OK;
}

nai_status nai_trials_set_epoch(nai_trials *trials, const char *name, const int32_t *steps)
{
  NAI__REQUIRE(trials);
  NAI__REQUIRE(steps);
  NAI__TRY(nai__name_check(name, "name"));
  NAI__TRY(nai__check_epoch(steps, trials->trials, trials->own, trials->steps, name));
  nai__when *epoch;
  NAI__TRY(nai__trials_need_epoch(&epoch, trials, name));
  memcpy(epoch->step, steps, (size_t)(2 * trials->trials * trials->own) * sizeof *steps);
  return NAI_OK;
}

const char *nai_trials_epoch_name(const nai_trials *trials, int64_t index)
{
  return trials && index >= 0 && index < trials->n_epochs ? trials->epoch[index].name : NULL;
}

/* --- parts ------------------------------------------------------------------------------------ */

void nai__trials_part_equally(int32_t *part_end, int64_t trials, int64_t parts, int64_t steps)
{
  for (int64_t b = 0; b < trials; b++)
    for (int64_t p = 0; p < parts; p++)
      part_end[b * parts + p] = (int32_t)((p + 1) * steps / parts);
}

nai_status nai__trials_need_parts(nai_trials *trials, int64_t parts, int own)
{
  int32_t *part_end = NAI__ARRAY(int32_t, trials->trials * parts);
  if (!part_end) return NAI_ERR_MEMORY;
  nai__free(trials->part_end);
  trials->part_end = part_end;
  nai__trials_part_equally(trials->part_end, trials->trials, parts, trials->steps);
  trials->parts = parts;
  trials->own = own ? parts : 1;
  return NAI_OK;
}

nai_status nai__check_parts(const int32_t *part_end, const int32_t *length, int64_t trials,
                            int64_t parts, int exact, const char *what)
{
  for (int64_t b = 0; b < trials; b++) {
    const int32_t *end = part_end + b * parts;
    for (int64_t p = 0; p < parts; p++) {
      int32_t least = exact && p == parts - 1 ? length[b] : p > 0 ? end[p - 1] : 0;
      if (end[p] >= least && end[p] <= length[b]) continue;
      return nai__fail(NAI_ERR_INVALID, "%s[%lld][%lld] is %d, must be %d to %d", what,
                       (long long)b, (long long)p, (int)end[p], (int)least, (int)length[b]);
    }
  }
  return NAI_OK;
}

nai_status nai_trials_set_parts(nai_trials *trials, const int32_t *ends, int64_t parts)
{
  NAI__REQUIRE(trials);
  NAI__REQUIRE(ends);
  if (parts < 1 || parts > trials->steps)
    return nai__fail(NAI_ERR_INVALID, "parts is %lld, must be 1 to %lld, the steps of the trials",
                     (long long)parts, (long long)trials->steps);
  if (trials->n_conditions || trials->n_epochs)
    return nai__fail(NAI_ERR_ORDER, "%s '%s' was set before the parts, which have their own",
                     trials->n_conditions ? "condition" : "epoch",
                     trials->n_conditions ? trials->condition[0].name : trials->epoch[0].name);
  NAI__TRY(nai__check_parts(ends, trials->length, trials->trials, parts, 0, "ends"));
  NAI__TRY(nai__trials_need_parts(trials, parts, 1));
  memcpy(trials->part_end, ends, (size_t)(trials->trials * parts) * sizeof *ends);
  return NAI_OK;
}

void nai__trials_part(int64_t *from, int64_t *end, const nai_trials *trials, int64_t b, int64_t p)
{
  *from = 0;
  *end = trials->length[b];
  if (trials->own == 1) return;
  const int32_t *ends = trials->part_end + b * trials->parts;
  if (ends[p] < *end) *end = ends[p];
  if (p > 0) *from = ends[p - 1] < *end ? ends[p - 1] : *end;
}
