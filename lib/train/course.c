/*
 * A trainer's way through its curriculum: stages begin, staircases move, parameters of the task
 * follow.
 */
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "curriculum.h"

/* Values of a task's parameters, to be put back. */
typedef struct kept {
  const char *parameter;
  double *value;
  int64_t n;
} kept;

/* --- one stage -------------------------------------------------------------------------------- */

static nai_status set_value(nai_task *task, const nai__stage_staircase *s, double value)
{
  return nai_task_set(task, s->parameter, value);
}

/* What a stage sets, and where its staircases start. */
static nai_status apply_stage(const nai_curriculum *c, nai_task *task, int64_t stage)
{
  for (int64_t i = 0; i < c->n_settings; i++) {
    const nai__stage_setting *s = &c->setting[i];
    if (s->stage == stage) NAI__TRY(nai_task_set_list(task, s->parameter, s->value, s->n));
  }
  for (int64_t i = 0; i < c->n_staircases; i++)
    if (c->staircase[i].stage == stage)
      NAI__TRY(set_value(task, &c->staircase[i], c->staircase[i].rule.start));
  return NAI_OK;
}

static nai_status fail_stage(const nai_curriculum *c, int64_t stage, nai_status status)
{
  if (status == NAI_OK || status == NAI_ERR_MEMORY) return status;
  return nai__fail(status, "stage '%s': %s", c->stage[stage].name, nai_last_error());
}

/* The user's own part of a stage's beginning. */
static nai_status call(const nai__course *course)
{
  const nai_curriculum *c = course->curriculum;
  if (!c->callback || course->stage == c->n_stages) return NAI_OK;
  const char *name = c->stage[course->stage].name;
  nai__clear_error();
  nai_status status = c->callback(course->stage, name, c->user);
  return status < 0 ? nai__fail_callback(status, "stage", name) : NAI_OK;
}

static nai_status begin(const nai__course *course, nai_task *task)
{
  const nai_curriculum *c = course->curriculum;
  if (course->stage == c->n_stages) return NAI_OK;
  NAI__TRY(fail_stage(c, course->stage, apply_stage(c, task, course->stage)));
  return call(course);
}

/* --- trying all of them, and putting the task back -------------------------------------------- */

static nai_status keep(kept *out, const nai_task *task, const char *parameter)
{
  int64_t n;
  NAI__TRY(nai_task_get_list(NULL, 0, &n, task, parameter));
  out->value = NAI__ARRAY(double, n);
  if (!out->value) return NAI_ERR_MEMORY;
  out->parameter = parameter;
  return nai_task_get_list(out->value, n, &out->n, task, parameter);
}

static nai_status keep_all(kept *out, const nai_curriculum *c, const nai_task *task)
{
  for (int64_t i = 0; i < c->n_settings; i++)
    NAI__TRY(fail_stage(c, c->setting[i].stage, keep(&out[i], task, c->setting[i].parameter)));
  for (int64_t i = 0; i < c->n_staircases; i++)
    NAI__TRY(fail_stage(c, c->staircase[i].stage,
                        keep(&out[c->n_settings + i], task, c->staircase[i].parameter)));
  return NAI_OK;
}

static nai_status try_stages(const nai_curriculum *c, nai_task *task)
{
  for (int64_t stage = 0; stage < c->n_stages; stage++) {
    NAI__TRY(fail_stage(c, stage, apply_stage(c, task, stage)));
    for (int64_t i = 0; i < c->n_staircases; i++) {
      const nai__stage_staircase *s = &c->staircase[i];
      if (s->stage == stage) NAI__TRY(fail_stage(c, stage, set_value(task, s, s->rule.hardest)));
    }
  }
  return NAI_OK;
}

/*
 * Values that hold together are put back in some order; one that does not fit yet is left for the
 * next round.
 */
static nai_status put_back(nai_task *task, kept *values, int64_t n)
{
  nai_status status = NAI_OK;
  for (int64_t round = 0; round < n; round++) {
    status = NAI_OK;
    for (int64_t i = 0; i < n; i++) {
      nai_status one = !values[i].value ? NAI_OK
                                        : nai_task_set_list(task, values[i].parameter,
                                                            values[i].value, values[i].n);
      if (one != NAI_OK) status = one;
    }
    if (status == NAI_OK) break;
  }
  return status;
}

static nai_status try_out(const nai_curriculum *c, nai_task *task)
{
  int64_t n = c->n_settings + c->n_staircases;
  char message[256];
  kept *values = NAI__ARRAY(kept, n + 1);
  if (!values) return NAI_ERR_MEMORY;
  nai_status status = keep_all(values, c, task);
  if (status == NAI_OK) status = try_stages(c, task);
  if (status != NAI_OK) {
    strncpy(message, nai_last_error(), sizeof message - 1);
    message[sizeof message - 1] = 0;
  }
  nai_status back = put_back(task, values, n);
  for (int64_t i = 0; i < n; i++) nai__free(values[i].value);
  nai__free(values);
  return status != NAI_OK ? nai__fail(status, "%s", message) : back;
}

/* --- the course ------------------------------------------------------------------------------- */

void nai__course_end(nai__course *course)
{
  nai_curriculum_destroy(course->curriculum);
  nai__free(course->value);
  *course = (nai__course){NULL, 0, 0, NULL};
}

static nai_status open_course(nai__course *out, nai_curriculum *c)
{
  *out = (nai__course){c, 0, 0, NAI__ARRAY(double, c->n_staircases + 1)};
  if (!out->value) return NAI_ERR_MEMORY;
  for (int64_t i = 0; i < c->n_staircases; i++) out->value[i] = c->staircase[i].rule.start;
  return NAI_OK;
}

nai_status nai__course_start(nai__course *out, nai_curriculum *curriculum, nai_task *task)
{
  nai__course course;
  NAI__TRY(try_out(curriculum, task));
  NAI__TRY(open_course(&course, curriculum));
  nai_status status = begin(&course, task);
  if (status != NAI_OK) {
    nai__free(course.value);
    return status;
  }
  nai__reference_keep(&curriculum->reference);
  curriculum->attached = 1;
  *out = course;
  return NAI_OK;
}

/* --- after an evaluation ---------------------------------------------------------------------- */

static double next_value(const nai_staircase *rule, double value, double performance)
{
  double up = rule->hardest > rule->start ? rule->step : -rule->step;
  double low = rule->hardest > rule->start ? rule->start : rule->hardest;
  double high = rule->hardest > rule->start ? rule->hardest : rule->start;
  if (performance >= rule->harder_at)
    value += up;
  else if (performance < rule->easier_at)
    value -= up;
  return value < low ? low : value > high ? high : value;
}

/* 1 when all staircases of this stage were at their end before they moved. */
static nai_status climb(nai__course *course, nai_task *task, double performance, int *at_end)
{
  const nai_curriculum *c = course->curriculum;
  *at_end = 1;
  for (int64_t i = 0; i < c->n_staircases; i++) {
    const nai__stage_staircase *s = &c->staircase[i];
    if (s->stage != course->stage) continue;
    if (course->value[i] != s->rule.hardest) *at_end = 0;
    double value = next_value(&s->rule, course->value[i], performance);
    NAI__TRY(fail_stage(c, course->stage, set_value(task, s, value)));
    course->value[i] = value;
  }
  return NAI_OK;
}

nai_status nai__course_evaluated(nai__course *course, nai_task *task, double performance, int *met)
{
  const nai_curriculum *c = course->curriculum;
  *met = 0;
  if (!c || course->stage == c->n_stages) return NAI_OK;
  const nai__stage *stage = &c->stage[course->stage];
  int at_end;
  NAI__TRY(climb(course, task, performance, &at_end));
  course->streak = at_end && performance >= stage->criterion ? course->streak + 1 : 0;
  if (course->streak < stage->evaluations) return NAI_OK;
  course->stage++;
  course->streak = 0;
  *met = course->stage == c->n_stages;
  return begin(course, task);
}

nai_status nai__course_resume(nai__course *course, nai_task *task, int64_t stage, int64_t streak,
                              const double *value)
{
  const nai_curriculum *c = course->curriculum;
  for (int64_t k = 0; k <= stage && k < c->n_stages; k++) {
    NAI__TRY(fail_stage(c, k, apply_stage(c, task, k)));
    for (int64_t i = 0; i < c->n_staircases; i++)
      if (c->staircase[i].stage == k)
        NAI__TRY(fail_stage(c, k, set_value(task, &c->staircase[i], value[i])));
  }
  course->stage = stage;
  course->streak = streak;
  memcpy(course->value, value, (size_t)c->n_staircases * sizeof *value);
  return call(course);
}
