/*
 * A trainer's way through its curriculum: stages begin, staircases move, parameters of the task
 * follow.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "curriculum.h"

/* --- one stage -------------------------------------------------------------------------------- */

static nai_status set_value(nai_task *task, const nai__stage_staircase *staircase, double value)
{
  return nai_task_set(task, staircase->parameter, value);
}

/* What a stage sets, and where its staircases start. */
static nai_status apply_stage(const nai_curriculum *c, nai_task *task, int64_t stage)
{
  for (int64_t i = 0; i < c->n_settings; i++) {
    const nai__stage_setting *setting = &c->setting[i];
    if (setting->stage == stage)
      NAI__TRY(nai_task_set_list(task, setting->parameter, setting->value, setting->n));
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

/*
 * Both ends of a staircase and the values beside them: of a duration those near 0 may be refused.
 * From the easy end it comes to within a step of the hard one, and from there back by whole steps.
 */
static nai_status try_staircase(nai_task *task, const nai__stage_staircase *staircase)
{
  const nai_staircase *rule = &staircase->rule;
  double width = fabs(rule->hardest - rule->start), step = fmin(rule->step, width);
  double up = rule->hardest > rule->start ? 1 : -1;
  assert(width > 0); /* start and hardest differ */
  double steps = floor(width / step);
  const double value[] = {rule->start + up * step, rule->hardest - up * step,
                          rule->start + up * step * steps, rule->hardest - up * step * steps,
                          rule->hardest};
  double low = fmin(rule->start, rule->hardest), high = fmax(rule->start, rule->hardest);
  for (int i = 0; i < 5; i++) NAI__TRY(set_value(task, staircase, fmin(high, fmax(low, value[i]))));
  return NAI_OK;
}

static nai_status try_stages(const nai_curriculum *c, nai_task *task)
{
  for (int64_t stage = 0; stage < c->n_stages; stage++) {
    NAI__TRY(fail_stage(c, stage, apply_stage(c, task, stage)));
    for (int64_t i = 0; i < c->n_staircases; i++) {
      const nai__stage_staircase *staircase = &c->staircase[i];
      if (staircase->stage == stage) NAI__TRY(fail_stage(c, stage, try_staircase(task, staircase)));
    }
  }
  return NAI_OK;
}

/* All of them, and the task as it was. Needs its past. */
static nai_status try_out(nai__course *course, nai_task *task)
{
  nai_status status = try_stages(course->curriculum, task);
  nai__task_past_put_back(&course->past, task);
  return status;
}

/* --- the course ------------------------------------------------------------------------------- */

void nai__course_end(nai__course *course)
{
  nai_curriculum_destroy(course->curriculum);
  nai__free(course->value);
  nai__free(course->value_before);
  nai__task_past_release(&course->past);
  *course = (nai__course){.curriculum = NULL};
}

/* Values that any stage sets at once: as much room as the task's lists need. */
static int64_t most_values(const nai_curriculum *c)
{
  int64_t most = 1;
  for (int64_t i = 0; i < c->n_settings; i++)
    if (c->setting[i].n > most) most = c->setting[i].n;
  return most;
}

static nai_status open_course(nai__course *course, nai_task *task)
{
  const nai_curriculum *c = course->curriculum;
  course->value = NAI__ARRAY(double, c->n_staircases + 1);
  course->value_before = NAI__ARRAY(double, c->n_staircases + 1);
  if (!course->value || !course->value_before) return NAI_ERR_MEMORY;
  for (int64_t i = 0; i < c->n_staircases; i++) course->value[i] = c->staircase[i].rule.start;
  NAI__TRY(nai__task_reserve(task, most_values(c)));
  NAI__TRY(nai__task_past_take(&course->past, task));
  NAI__TRY(try_out(course, task));
  NAI__TRY(nai__task_reserve(task, most_values(c))); /* the lists with room are in the past now */
  NAI__TRY(nai__task_past_take(&course->past, task));
  nai_status status = begin(course, task);
  if (status != NAI_OK) nai__task_past_put_back(&course->past, task);
  return status;
}

nai_status nai__course_start(nai__course *out, nai_curriculum *curriculum, nai_task *task)
{
  nai__course course = {.curriculum = curriculum};
  nai__reference_keep(&curriculum->reference);
  nai_status status = open_course(&course, task);
  if (status != NAI_OK) {
    nai__course_end(&course);
    return status;
  }
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

/* 1 when all staircases of this stage were at their end, and have stayed there. */
static nai_status climb(nai__course *course, nai_task *task, double performance, int *at_end)
{
  const nai_curriculum *c = course->curriculum;
  *at_end = 1;
  for (int64_t i = 0; i < c->n_staircases; i++) {
    const nai__stage_staircase *staircase = &c->staircase[i];
    if (staircase->stage != course->stage) continue;
    if (course->value[i] != staircase->rule.hardest) *at_end = 0;
    double value = next_value(&staircase->rule, course->value[i], performance);
    NAI__TRY(fail_stage(c, course->stage, set_value(task, staircase, value)));
    course->value[i] = value;
    if (value != staircase->rule.hardest) *at_end = 0;
  }
  return NAI_OK;
}

static nai_status advance(nai__course *course, nai_task *task, double performance, int *met)
{
  const nai_curriculum *c = course->curriculum;
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

/* --- going on, or staying where it was ---------------------------------------------------------- */

static nai_status remember(nai__course *course, const nai_task *task)
{
  size_t bytes = (size_t)course->curriculum->n_staircases * sizeof *course->value;
  assert(course->stage >= 0 && course->stage <= course->curriculum->n_stages);
  memcpy(course->value_before, course->value, bytes);
  course->stage_before = course->stage;
  course->streak_before = course->streak;
  return nai__task_past_take(&course->past, task);
}

static void go_back(nai__course *course, nai_task *task)
{
  size_t bytes = (size_t)course->curriculum->n_staircases * sizeof *course->value;
  memcpy(course->value, course->value_before, bytes);
  course->stage = course->stage_before;
  course->streak = course->streak_before;
  nai__task_past_put_back(&course->past, task);
}

nai_status nai__course_evaluated(int *met, nai__course *course, nai_task *task, double performance)
{
  *met = 0;
  if (!course->curriculum || course->stage == course->curriculum->n_stages) return NAI_OK;
  NAI__TRY(remember(course, task));
  nai_status status = advance(course, task, performance, met);
  if (status != NAI_OK) go_back(course, task);
  return status;
}

static nai_status resume(nai__course *course, nai_task *task, int64_t stage, int64_t streak,
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

nai_status nai__course_resume(nai__course *course, nai_task *task, int64_t stage, int64_t streak,
                              const double *value)
{
  NAI__TRY(remember(course, task));
  nai_status status = resume(course, task, stage, streak, value);
  if (status != NAI_OK) go_back(course, task);
  return status;
}
