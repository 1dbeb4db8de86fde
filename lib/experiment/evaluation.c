/*
 * Evaluation: batches of test trials through the network, each judged, all of it kept by trial and
 * by condition.
 */
#include <neuroai/evaluation.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../network/view.h"
#include "../task/arrays.h"
#include "../task/task.h"
#include "forward.h"

/* Trials that run together. */
#define BATCH 64

/* Far more than anybody evaluates, and far below what memory has. */
#define MOST_TRIALS 100000000

struct nai_evaluation {
  int64_t trials;
  int32_t *correct, *choice; /* [trials] */
  float *time;               /* [trials], ms */
  int32_t lowest, highest;   /* of the choices that are right in some trial */
  nai__condition *condition;
  int64_t n_conditions;
};

/* --- life ------------------------------------------------------------------------------------- */

static nai_status allocate(nai_evaluation *e, const nai_task *task)
{
  e->correct = NAI__ARRAY(int32_t, e->trials);
  e->choice = NAI__ARRAY(int32_t, e->trials);
  e->condition = NAI__ARRAY(nai__condition, task->ops.n_conditions);
  e->time = NAI__ARRAY(float, e->trials);
  if (!e->correct || !e->choice || !e->time || !e->condition) return NAI_ERR_MEMORY;
  for (; e->n_conditions < task->ops.n_conditions; e->n_conditions++) {
    nai__condition *c = &e->condition[e->n_conditions];
    memcpy(c->name, task->condition_name[e->n_conditions], sizeof c->name);
    c->value = NAI__ARRAY(float, e->trials);
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
  nai__free(evaluation->time);
  nai__free(evaluation);
}

/* --- running ---------------------------------------------------------------------------------- */

static void widen(nai_evaluation *e, int32_t choice)
{
  if (choice < e->lowest) e->lowest = choice;
  if (choice > e->highest) e->highest = choice;
}

/*
 * What is right in trial b makes the scale of choices, so that a lapse into a choice that never is
 * (fixating, say) does not; only the task's own judge keeps to itself what is right, and then the
 * choices made do.
 */
static void scale_choices(nai_evaluation *e, const nai_task *task, const nai_trials *trials,
                          int64_t b, int32_t choice)
{
  int64_t step;
  const nai__goal *goal = task->ops.judge ? NULL : nai__trials_judged_at(&step, trials, b);
  if (goal)
    widen(e, goal->classes[step * trials->trials + b]);
  else if (choice >= 0)
    widen(e, choice);
}

static nai_status judge_batch(nai_evaluation *e, const nai_task *task, const nai_trials *trials,
                              const float *output, int64_t first)
{
  for (int64_t b = 0; b < trials->trials; b++) {
    nai__verdict verdict;
    NAI__TRY(nai__judge(&verdict, task, trials, b, output + b * trials->n_outputs,
                        trials->trials * trials->n_outputs, task->net->dt));
    e->correct[first + b] = verdict.correct;
    e->choice[first + b] = verdict.choice;
    e->time[first + b] = (float)verdict.time;
    scale_choices(e, task, trials, b, e->choice[first + b]);
  }
  for (int64_t i = 0; i < e->n_conditions; i++)
    memcpy(e->condition[i].value + first, trials->condition[i].value,
           (size_t)trials->trials * sizeof(float));
  return NAI_OK;
}

static nai_status run_batches(nai_evaluation *e, const nai_task *task, nai_trials *trials,
                              nai__forward *forward, uint64_t seed)
{
  for (int64_t first = 0; first < e->trials; first += BATCH) {
    int64_t count = e->trials - first < BATCH ? e->trials - first : BATCH;
    NAI__TRY(nai__task_fill(trials, task, seed, NAI_STREAM_TEST, (uint64_t)first, count));
    nai__forward_run(forward, trials, seed);
    NAI__TRY(judge_batch(e, task, trials, forward->output, first));
  }
  return NAI_OK;
}

static nai_status run(nai_evaluation *e, const nai_network *net, const nai_task *task,
                      uint64_t seed, int32_t threads)
{
  nai_trials *trials;
  nai__forward forward;
  NAI__TRY(allocate(e, task));
  NAI__TRY(nai__task_trials(&trials, task, e->trials < BATCH ? e->trials : BATCH));
  nai_status status = nai__trials_fit(trials, net);
  if (status == NAI_OK)
    status = nai__forward_create(&forward, net, trials->capacity, trials->trials, threads);
  if (status == NAI_OK) {
    status = run_batches(e, task, trials, &forward, seed);
    nai__forward_destroy(&forward);
  }
  nai_trials_destroy(trials);
  return status;
}

nai_status nai_evaluation_create(nai_evaluation **out, const nai_network *net, const nai_task *task,
                                 int64_t trials, uint64_t seed, int32_t threads)
{
  NAI__REQUIRE(out);
  *out = NULL;
  NAI__TRY(nai__require_built(net, "net"));
  NAI__REQUIRE(task);
  if (trials < 1 || trials > MOST_TRIALS)
    return nai__fail(NAI_ERR_INVALID, "trials is %lld, must be 1 to %d", (long long)trials,
                     MOST_TRIALS);
  if (net->dt != task->net->dt)
    return nai__fail(NAI_ERR_INVALID, "the network's dt is %g ms, that of task %.60s is %g ms",
                     net->dt, task->name, task->net->dt);
  nai_evaluation *e = NAI__NEW(nai_evaluation);
  if (!e) return NAI_ERR_MEMORY;
  e->trials = trials;
  e->lowest = INT32_MAX;
  e->highest = -1;
  nai_status status = run(e, net, task, seed, threads);
  if (status != NAI_OK)
    nai_evaluation_destroy(e);
  else
    *out = e;
  return status;
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

nai_status nai_evaluation_time(nai_view *out, const nai_evaluation *evaluation)
{
  NAI__TRY(nai__view_check(out));
  NAI__REQUIRE(evaluation);
  nai__view_floats(out, evaluation->time, 1, &evaluation->trials, (int64_t[]){1});
  return NAI_OK;
}

static nai_status find(const nai__condition **out, const nai_evaluation *e, const char *name,
                       const char *argument)
{
  if (!e) return nai__fail_null("evaluation");
  if (!name) return nai__fail_null(argument);
  for (int64_t i = 0; i < e->n_conditions; i++) {
    *out = &e->condition[i];
    if (strcmp(e->condition[i].name, name) == 0) return NAI_OK;
  }
  return nai__fail(NAI_ERR_NAME, "no condition is called '%.60s'; the first one is '%s'", name,
                   e->n_conditions ? e->condition[0].name : "none");
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

/* By ascending value. */
static void sort_trials(judged *sorted, const nai_evaluation *e, const float *values)
{
  for (int64_t b = 0; b < e->trials; b++)
    sorted[b] = (judged){values[b], e->correct[b], e->choice[b]};
  qsort(sorted, (size_t)e->trials, sizeof *sorted, compare_values);
}

static int same_value(double x, double y)
{
  return fabs(x - y) <= 1e-6 * fmax(fabs(x), fabs(y));
}

/*
 * The means over n trials of one value: of those that can be judged, and of those whose choice is
 * on the scale. NaN where there are none.
 */
static nai_point make_point(const nai_evaluation *e, const judged *trial, int64_t n)
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
  return (nai_point){.value = (double)trial[0].value,
                     .correct = judgements ? (double)correct / (double)judgements : NAN,
                     .choice = choices ? (double)sum / (double)choices / range : NAN,
                     .trials = n};
}

nai_status nai_evaluation_curve(nai_point *points, int64_t capacity, int64_t *count,
                                const nai_evaluation *evaluation, const char *condition)
{
  NAI__REQUIRE(count);
  *count = 0;
  if (capacity < 0)
    return nai__fail(NAI_ERR_INVALID, "capacity is %lld, must be at least 0", (long long)capacity);
  if (capacity > 0) NAI__REQUIRE(points);
  const nai__condition *found;
  NAI__TRY(find(&found, evaluation, condition, "condition"));
  judged *sorted = NAI__ARRAY(judged, evaluation->trials);
  if (!sorted) return NAI_ERR_MEMORY;
  int64_t n = evaluation->trials;
  sort_trials(sorted, evaluation, found->value);
  for (int64_t start = 0, end; start < n; start = end, ++*count) {
    for (end = start + 1;
         end < n && same_value((double)sorted[start].value, (double)sorted[end].value);)
      end++;
    if (*count < capacity) points[*count] = make_point(evaluation, sorted + start, end - start);
  }
  nai__free(sorted);
  return NAI_OK;
}
