/* The result of an evaluation: what happened in each trial, and curves over conditions. */
#include "evaluation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/names.h"
#include "../base/structs.h"
#include "../network/view.h"

/* --- life ------------------------------------------------------------------------------------- */

nai_status nai__evaluation_create(nai_evaluation **out, int64_t trials, int64_t conditions)
{
  nai_evaluation *e = *out = NAI__NEW(nai_evaluation);
  if (!e) return NAI_ERR_MEMORY;
  e->trials = trials;
  e->lowest = INT32_MAX;
  e->highest = -1;
  e->correct = NAI__ARRAY(int32_t, trials);
  e->choice = NAI__ARRAY(int32_t, trials);
  e->finite = NAI__ARRAY(int32_t, trials);
  e->time = NAI__ARRAY(float, trials);
  e->condition = NAI__ARRAY(nai__condition, conditions);
  if (!e->correct || !e->choice || !e->finite || !e->time || !e->condition) return NAI_ERR_MEMORY;
  for (; e->n_conditions < conditions; e->n_conditions++) {
    nai__condition *c = &e->condition[e->n_conditions];
    c->value = NAI__ARRAY(float, trials);
    if (!c->value) return NAI_ERR_MEMORY;
  }
  return NAI_OK;
}

void nai_evaluation_destroy(nai_evaluation *evaluation)
{
  if (!evaluation) return;
  for (int64_t i = 0; i < evaluation->n_conditions; i++) nai__free(evaluation->condition[i].value);
  nai__free(evaluation->condition);
  nai__free(evaluation->correct);
  nai__free(evaluation->choice);
  nai__free(evaluation->finite);
  nai__free(evaluation->time);
  nai__free(evaluation);
}

/* --- looking ---------------------------------------------------------------------------------- */

double nai_evaluation_performance(const nai_evaluation *evaluation)
{
  int64_t judged = 0, correct = 0;
  for (int64_t b = 0; evaluation && b < evaluation->trials; b++) {
    judged += evaluation->correct[b] >= 0;
    correct += evaluation->correct[b] == 1;
  }
  return judged ? (double)correct / (double)judged : NAN;
}

static nai_status view_ints(nai_view *out, const nai_evaluation *evaluation, size_t member)
{
  NAI__TRY(nai__view_check(out));
  NAI__REQUIRE(evaluation);
  int32_t *values;
  memcpy(&values, (const char *)evaluation + member, sizeof values);
  nai__view_ints(out, values, 1, &evaluation->trials, (int64_t[]){1});
  return NAI_OK;
}

nai_status nai_evaluation_correct(nai_view *out, const nai_evaluation *evaluation)
{
  return view_ints(out, evaluation, offsetof(nai_evaluation, correct));
}

nai_status nai_evaluation_choice(nai_view *out, const nai_evaluation *evaluation)
{
  return view_ints(out, evaluation, offsetof(nai_evaluation, choice));
}

nai_status nai_evaluation_finite(nai_view *out, const nai_evaluation *evaluation)
{
  return view_ints(out, evaluation, offsetof(nai_evaluation, finite));
}

nai_status nai_evaluation_time(nai_view *out, const nai_evaluation *evaluation)
{
  NAI__TRY(nai__view_check(out));
  NAI__REQUIRE(evaluation);
  if (!evaluation->has_times)
    return nai__fail(NAI_ERR_UNSUPPORTED,
                     "this evaluation has no reaction times: they come from a task whose judgement "
                     "gives the time of a choice, such as 'song-random-dots-reaction-time'");
  nai__view_floats(out, evaluation->time, 1, &evaluation->trials, (int64_t[]){1});
  return NAI_OK;
}

static nai_status find(const nai__condition **out, const nai_evaluation *e, const char *name,
                       const char *argument)
{
  if (!e) return nai__fail_null("evaluation");
  if (!name) return nai__fail_null(argument);
  char choices[120] = "";
  for (int64_t i = 0; i < e->n_conditions; i++) {
    *out = &e->condition[i];
    if (strcmp(e->condition[i].name, name) == 0) return NAI_OK;
    nai__choices_add(choices, sizeof choices, e->condition[i].name);
  }
  return nai__fail(NAI_ERR_NAME, "no condition is called '%.60s'; %s%s", name,
                   choices[0] ? "there are " : "there is none", choices);
}

nai_status nai_evaluation_condition(nai_view *out, const nai_evaluation *evaluation,
                                    const char *name)
{
  NAI__TRY(nai__view_check(out));
  const nai__condition *condition;
  NAI__TRY(find(&condition, evaluation, name, "name"));
  nai__view_floats(out, condition->value, 1, &evaluation->trials, (int64_t[]){1});
  return NAI_OK;
}

const char *nai_evaluation_condition_name(const nai_evaluation *evaluation, int64_t index)
{
  return evaluation && index >= 0 && index < evaluation->n_conditions
             ? evaluation->condition[index].name
             : NULL;
}

/* --- curves ----------------------------------------------------------------------------------- */

/* A trial that a curve counts. */
typedef struct judged {
  float value;
  int32_t correct, choice;
} judged;

static int compare_values(const void *a, const void *b)
{
  float x = ((const judged *)a)->value, y = ((const judged *)b)->value;
  return (x > y) - (x < y);
}

/* Those that have a value, by ascending value. How many they are. */
static int64_t sort_trials(judged *sorted, const nai_evaluation *e, const float *values)
{
  int64_t n = 0;
  for (int64_t b = 0; b < e->trials; b++)
    if (isfinite(values[b])) sorted[n++] = (judged){values[b], e->correct[b], e->choice[b]};
  qsort(sorted, (size_t)n, sizeof *sorted, compare_values);
  return n;
}

static int same_value(double x, double y)
{
  return fabs(x - y) <= 1e-6 * fmax(fabs(x), fabs(y));
}

/*
 * The means over n trials of one value: of those that can be judged, and of those whose choice is
 * on the scale. NaN where there are none.
 */
static void put_point(const nai_curve_arrays *to, int64_t at, const nai_evaluation *e,
                      const judged *trial, int64_t n)
{
  int64_t judgements = 0, correct = 0, choices = 0, sum = 0;
  for (int64_t k = 0; k < n; k++) {
    judgements += trial[k].correct >= 0;
    correct += trial[k].correct == 1;
    if (trial[k].choice < e->lowest || trial[k].choice > e->highest) continue;
    sum += trial[k].choice - e->lowest;
    choices++;
  }
  double range = e->highest > e->lowest ? e->highest - e->lowest : 1;
  if (to->value) to->value[at] = (double)trial[0].value;
  if (to->correct) to->correct[at] = judgements ? (double)correct / (double)judgements : NAN;
  if (to->choice) to->choice[at] = choices ? (double)sum / (double)choices / range : NAN;
  if (to->trials) to->trials[at] = n;
}

nai_status nai_evaluation_curve(const nai_curve_arrays *arrays, int64_t capacity, int64_t *count,
                                const nai_evaluation *evaluation, const char *condition)
{
  nai_curve_arrays to = NAI_CURVE_ARRAYS_INIT;
  NAI__REQUIRE(count);
  *count = 0;
  if (capacity < 0)
    return nai__fail(NAI_ERR_INVALID, "capacity is %lld, must be at least 0", (long long)capacity);
  if (arrays || capacity > 0)
    NAI__TRY(nai__struct_take(&to, sizeof to, arrays, NAI__FIRST_SIZE(nai_curve_arrays, trials),
                              "arrays"));
  NAI__TRY(nai__struct_reserved(to.reserved, "arrays"));
  const nai__condition *found;
  NAI__TRY(find(&found, evaluation, condition, "condition"));
  judged *sorted = NAI__ARRAY(judged, evaluation->trials);
  if (!sorted) return NAI_ERR_MEMORY;
  int64_t n = sort_trials(sorted, evaluation, found->value);
  for (int64_t start = 0, end; start < n; start = end, ++*count) {
    for (end = start + 1;
         end < n && same_value((double)sorted[start].value, (double)sorted[end].value);)
      end++;
    if (*count < capacity) put_point(&to, *count, evaluation, sorted + start, end - start);
  }
  nai__free(sorted);
  return NAI_OK;
}
