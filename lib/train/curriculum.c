/* The curriculum as an object: stages, what they set, their staircases. */
#include "curriculum.h"

#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/names.h"
#include "../base/structs.h"

/* --- life ------------------------------------------------------------------------------------- */

nai_status nai_curriculum_create(nai_curriculum **out)
{
  NAI__REQUIRE(out);
  *out = NAI__NEW(nai_curriculum);
  if (!*out) return NAI_ERR_MEMORY;
  nai__reference_init(&(*out)->reference);
  return NAI_OK;
}

void nai_curriculum_destroy(nai_curriculum *curriculum)
{
  if (!curriculum || !nai__reference_drop(&curriculum->reference)) return;
  for (int64_t i = 0; i < curriculum->n_settings; i++) {
    nai__free(curriculum->setting[i].parameter);
    nai__free(curriculum->setting[i].value);
  }
  for (int64_t i = 0; i < curriculum->n_staircases; i++)
    nai__free(curriculum->staircase[i].parameter);
  nai__free(curriculum->stage);
  nai__free(curriculum->setting);
  nai__free(curriculum->staircase);
  nai__free(curriculum);
}

/* --- checks ----------------------------------------------------------------------------------- */

static nai_status may_change(const nai_curriculum *curriculum)
{
  NAI__REQUIRE(curriculum);
  if (curriculum->attached)
    return nai__fail(NAI_ERR_ORDER, "a trainer uses the curriculum: its stages are fixed");
  return NAI_OK;
}

static int64_t stage_index(const nai_curriculum *curriculum, const char *name)
{
  for (int64_t i = 0; i < curriculum->n_stages; i++)
    if (strcmp(curriculum->stage[i].name, name) == 0) return i;
  return -1;
}

static nai_status find_stage(int64_t *out, const nai_curriculum *curriculum, const char *name)
{
  if (!name) return nai__fail_null("stage");
  char choices[120] = "";
  *out = stage_index(curriculum, name);
  if (*out >= 0) return NAI_OK;
  for (int64_t i = 0; i < curriculum->n_stages; i++)
    nai__choices_add(choices, sizeof choices, curriculum->stage[i].name);
  return nai__fail(NAI_ERR_NAME, "the curriculum has no stage '%.60s'; it has %s", name,
                   choices[0] ? choices : "none yet");
}

static nai_status check_performance(double value, const char *what)
{
  if (value >= 0 && value <= 1) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID, "%s is %g, must be 0 to 1", what, value);
}

static nai_status check_staircase(const nai_staircase *staircase)
{
  if (!staircase->parameter) return nai__fail_null("parameter of the staircase");
  if (!isfinite(staircase->start) || !isfinite(staircase->hardest) ||
      staircase->start == staircase->hardest)
    return nai__fail(NAI_ERR_INVALID,
                     "staircase->start is %g and hardest %g, must be finite and differ",
                     staircase->start, staircase->hardest);
  if (!(staircase->step > 0 && isfinite(staircase->step)))
    return nai__fail(NAI_ERR_INVALID, "staircase->step is %g, must be above 0", staircase->step);
  NAI__TRY(check_performance(staircase->harder_at, "staircase->harder_at"));
  NAI__TRY(check_performance(staircase->easier_at, "staircase->easier_at"));
  if (staircase->easier_at > staircase->harder_at)
    return nai__fail(NAI_ERR_INVALID, "staircase->easier_at is %g, above harder_at, %g",
                     staircase->easier_at, staircase->harder_at);
  return NAI_OK;
}

/* --- stages ----------------------------------------------------------------------------------- */

nai_status nai_curriculum_add_stage(nai_curriculum *curriculum, const char *name, double criterion,
                                    int64_t evaluations)
{
  NAI__TRY(may_change(curriculum));
  NAI__TRY(nai__name_check(name, "name"));
  if (stage_index(curriculum, name) >= 0)
    return nai__fail(NAI_ERR_NAME, "the curriculum has a stage '%s' already", name);
  NAI__TRY(check_performance(criterion, "criterion"));
  if (evaluations < 1)
    return nai__fail(NAI_ERR_INVALID, "evaluations is %lld, must be at least 1",
                     (long long)evaluations);
  int64_t n = curriculum->n_stages;
  nai__stage *stages = nai__grow(curriculum->stage, n, n + 1, sizeof *stages);
  if (!stages) return NAI_ERR_MEMORY;
  curriculum->stage = stages;
  stages[n] = (nai__stage){.criterion = criterion, .evaluations = evaluations};
  strcpy(stages[n].name, name);
  curriculum->n_stages++;
  return NAI_OK;
}

nai_status nai_curriculum_set(nai_curriculum *curriculum, const char *stage, const char *parameter,
                              const double *values, int64_t n)
{
  int64_t index;
  NAI__TRY(may_change(curriculum));
  NAI__TRY(find_stage(&index, curriculum, stage));
  NAI__REQUIRE(parameter);
  NAI__REQUIRE(values);
  if (n < 1 || n > 4096)
    return nai__fail(NAI_ERR_INVALID, "n is %lld, must be 1 to 4096", (long long)n);
  int64_t count = curriculum->n_settings;
  nai__stage_setting *settings = nai__grow(curriculum->setting, count, count + 1, sizeof *settings);
  if (!settings) return NAI_ERR_MEMORY;
  curriculum->setting = settings;
  nai__stage_setting setting = {index, nai__copy_string(parameter), NAI__ARRAY(double, n), n};
  if (!setting.parameter || !setting.value) {
    nai__free(setting.parameter);
    nai__free(setting.value);
    return NAI_ERR_MEMORY;
  }
  memcpy(setting.value, values, (size_t)n * sizeof *values);
  settings[count] = setting;
  curriculum->n_settings++;
  return NAI_OK;
}

nai_status nai_curriculum_add_staircase(nai_curriculum *curriculum, const char *stage,
                                        const nai_staircase *staircase)
{
  int64_t index;
  NAI__TRY(may_change(curriculum));
  NAI__TRY(find_stage(&index, curriculum, stage));
  nai_staircase rule;
  NAI__TRY(nai__struct_take(&rule, sizeof rule, staircase,
                            NAI__FIRST_SIZE(nai_staircase, easier_at), "staircase"));
  NAI__TRY(nai__struct_reserved(rule.reserved, "staircase"));
  NAI__TRY(check_staircase(&rule));
  int64_t n = curriculum->n_staircases;
  nai__stage_staircase *staircases = nai__grow(curriculum->staircase, n, n + 1, sizeof *staircases);
  if (!staircases) return NAI_ERR_MEMORY;
  curriculum->staircase = staircases;
  char *parameter = nai__copy_string(rule.parameter);
  if (!parameter) return NAI_ERR_MEMORY;
  staircases[n] = (nai__stage_staircase){index, parameter, rule};
  staircases[n].rule.parameter = parameter;
  curriculum->n_staircases++;
  return NAI_OK;
}

nai_status nai_curriculum_on_stage(nai_curriculum *curriculum, nai_stage_callback callback,
                                   void *user)
{
  NAI__TRY(may_change(curriculum));
  curriculum->callback = callback;
  curriculum->user = user;
  return NAI_OK;
}

int64_t nai_curriculum_stage_count(const nai_curriculum *curriculum)
{
  return curriculum ? curriculum->n_stages : -1;
}
