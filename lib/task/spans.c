/* Epochs of trials: when each of them is in each trial. */
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
  grown[n].step = NAI__ARRAY(int32_t, 2 * trials->trials);
  if (!grown[n].step) return NAI_ERR_MEMORY;
  memcpy(grown[n].name, name, strlen(name) + 1);
  trials->n_epochs++;
  *out = &grown[n];
  return NAI_OK;
}

nai_status nai__check_epoch(const int32_t *steps, int64_t trials, int64_t longest, const char *name)
{
  for (int64_t b = 0; b < trials; b++) {
    int32_t from = steps[2 * b], end = steps[2 * b + 1];
    if (from >= 0 && from <= end && end <= longest) continue;
    return nai__fail(NAI_ERR_INVALID,
                     "epoch '%.60s' of trial %lld is from step %d to before step %d, must be in "
                     "order and within 0 to %lld",
                     name, (long long)b, (int)from, (int)end, (long long)longest);
  }
  return NAI_OK;
}

nai_status nai_trials_set_epoch(nai_trials *trials, const char *name, const int32_t *steps)
{
  NAI__REQUIRE(trials);
  NAI__REQUIRE(steps);
  NAI__TRY(nai__name_check(name, "name"));
  NAI__TRY(nai__check_epoch(steps, trials->trials, trials->steps, name));
  nai__when *epoch;
  NAI__TRY(nai__trials_need_epoch(&epoch, trials, name));
  memcpy(epoch->step, steps, (size_t)(2 * trials->trials) * sizeof *steps);
  return NAI_OK;
}

const char *nai_trials_epoch_name(const nai_trials *trials, int64_t index)
{
  return trials && index >= 0 && index < trials->n_epochs ? trials->epoch[index].name : NULL;
}
