/* Saving a checkpoint: a network's arrays, and the trainer's. */
#include <neuroai/checkpoint.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "checkpoint.h"

static const char *const settings[] = {"batch", "seed", "clip", "evaluate_every",
                                       "evaluate_trials"};

const char *nai__checkpoint_setting(int index)
{
  return index < (int)(sizeof settings / sizeof *settings) ? settings[index] : NULL;
}

/* --- tensors ---------------------------------------------------------------------------------- */

static nai_status add_tensor(nai__tensor_list *list, const char *name, const void *values,
                             int32_t dtype, int32_t ndim, const int64_t *shape)
{
  void *memory;
  NAI__TRY(nai__tensor_list_add(&memory, list, name, dtype, ndim, shape));
  int64_t n = ndim == 2 ? shape[0] * shape[1] : shape[0];
  if (n) memcpy(memory, values, (size_t)n * (dtype == NAI__F64 ? 8 : 4));
  return NAI_OK;
}

static nai_status add_trainer(nai__tensor_list *list, const nai_trainer *t)
{
  const nai__history *h = &t->history;
  int64_t n = t->net->n_theta, rows[] = {h->rows, h->columns};
  if (t->mean) NAI__TRY(add_tensor(list, "trainer: mean", t->mean, NAI__F32, 1, &n));
  if (t->square) NAI__TRY(add_tensor(list, "trainer: square", t->square, NAI__F32, 1, &n));
  for (int i = 0; i < t->learner->n_kept; i++) {
    const nai__kept *kept = &t->learner->kept[i];
    char name[NAI__TENSOR_NAME];
    nai__model_node_tensor(name, "rule", kept->name);
    int64_t length = kept->doubles ? kept->n / 2 : kept->n;
    NAI__TRY(add_tensor(list, name, kept->value, kept->doubles ? NAI__F64 : NAI__F32, 1, &length));
  }
  NAI__TRY(add_tensor(list, "trainer: history", h->value, NAI__F64, 2, rows));
  if (!t->course.curriculum) return NAI_OK;
  return add_tensor(list, "trainer: staircases", t->course.value, NAI__F64, 1,
                    &t->course.curriculum->n_staircases);
}

/* --- JSON: each of these gives NULL without memory -------------------------------------------- */

static json_t *finish(json_t *value, int bad)
{
  if (!bad) return value;
  json_decref(value);
  return NULL;
}

static json_t *describe_optimizer(const nai_optimizer *optimizer)
{
  json_t *json = json_pack("{s:s}", "name", optimizer->kind->name);
  json_t *schedule = json_array();
  int bad = !json || !schedule;
  for (int i = 0; i < optimizer->kind->n_numbers; i++)
    bad |=
        json_object_set_new(json, optimizer->kind->number[i].name, json_real(optimizer->number[i]));
  for (int64_t i = 0; i < optimizer->n_schedule; i++)
    bad |= json_array_append_new(
        schedule, json_pack("[I, f]", (json_int_t)optimizer->update[i], optimizer->factor[i]));
  bad |= json_object_set_new(json, "schedule", schedule);
  return finish(json, bad);
}

static json_t *describe_rule(const nai_rule *rule)
{
  json_t *json = json_pack("{s:I}", "seed", (json_int_t)rule->seed);
  int bad = !json;
  for (int i = 0; i < rule->kind->n_parameters; i++)
    bad |= json_object_set_new(json, rule->kind->parameter[i].name, json_real(rule->number[i]));
  return finish(json, bad);
}

static json_t *describe_costs(const nai_trainer *t)
{
  json_t *json = json_array();
  int bad = !json;
  for (int64_t i = 0; i < t->n_costs; i++) {
    const nai_cost *cost = t->cost[i].cost;
    bad |= json_array_append_new(json, json_pack("{s:s, s:s, s:s*, s:f, s:b, s:f}", "name",
                                                 cost->name, "of", cost->names, "to", cost->to,
                                                 "beta", t->cost[i].beta, "normalise",
                                                 cost->normalise, "number", cost->number));
  }
  return finish(json, bad);
}

/* 1 when a stage of the trainer's curriculum sets this parameter of the task. */
static int is_staged(const nai_curriculum *c, const char *parameter)
{
  for (int64_t i = 0; c && i < c->n_settings; i++)
    if (strcmp(c->setting[i].parameter, parameter) == 0) return 1;
  for (int64_t i = 0; c && i < c->n_staircases; i++)
    if (strcmp(c->staircase[i].parameter, parameter) == 0) return 1;
  return 0;
}

static json_t *describe_list(const nai_task *task, const char *parameter)
{
  int64_t n = 0;
  if (nai_task_get_list(NULL, 0, &n, task, parameter) != NAI_OK) return NULL;
  double *values = NAI__ARRAY(double, n);
  json_t *json = values ? json_array() : NULL;
  int bad = !json || nai_task_get_list(values, n, &n, task, parameter) != NAI_OK;
  for (int64_t i = 0; i < n && !bad; i++) bad |= json_array_append_new(json, json_real(values[i]));
  nai__free(values);
  return finish(json, bad);
}

/* A task of the user's own has a name only. */
static json_t *describe_task(const nai_trainer *t)
{
  json_t *json = json_pack("{s:s}", "name", t->task->name);
  int bad = !json;
  int64_t n;
  nai_parameter p = NAI_PARAMETER_INIT;
  for (int64_t i = 0; !bad && nai_task_parameter(&p, t->task->name, i) == NAI_OK; i++) {
    if (is_staged(t->course.curriculum, p.name)) continue;
    if (nai_task_get_list(NULL, 0, &n, t->task, p.name) != NAI_OK) break;
    bad |= json_object_set_new(json, p.name, describe_list(t->task, p.name));
  }
  return finish(json, bad);
}

static json_t *describe_stage(const nai_curriculum *c, int64_t k)
{
  const nai__stage *stage = &c->stage[k];
  json_t *json = json_pack("{s:s, s:f, s:I}", "name", stage->name, "criterion", stage->criterion,
                           "evaluations", (json_int_t)stage->evaluations);
  int bad = !json;
  for (int64_t i = 0; i < c->n_settings; i++) {
    const nai__stage_setting *s = &c->setting[i];
    if (s->stage != k) continue;
    json_t *list = json_array();
    for (int64_t v = 0; v < s->n; v++) bad |= json_array_append_new(list, json_real(s->value[v]));
    bad |= json_object_set_new(json, s->parameter, list);
  }
  for (int64_t i = 0; i < c->n_staircases; i++) {
    const nai_staircase *s = &c->staircase[i].rule;
    if (c->staircase[i].stage == k)
      bad |= json_object_set_new(
          json, s->parameter,
          json_pack("[f, f, f, f, f]", s->start, s->hardest, s->step, s->harder_at, s->easier_at));
  }
  return finish(json, bad);
}

static json_t *describe_stages(const nai_curriculum *c)
{
  json_t *json = json_array();
  int bad = !json;
  for (int64_t k = 0; c && k < c->n_stages; k++)
    bad |= json_array_append_new(json, describe_stage(c, k));
  return finish(json, bad);
}

json_t *nai__checkpoint_describe(const nai_trainer *t)
{
  json_t *json = json_pack("{s:s}", "rule", t->rule->kind->name);
  int bad = !json;
  bad |= json_object_set_new(json, "rule_numbers", describe_rule(t->rule));
  bad |= json_object_set_new(json, "optimizer", describe_optimizer(t->optimizer));
  bad |= json_object_set_new(json, "costs", describe_costs(t));
  bad |= json_object_set_new(json, "stages", describe_stages(t->course.curriculum));
  if (t->task) bad |= json_object_set_new(json, "task", describe_task(t));
  return finish(json, bad);
}

static json_t *describe_progress(const nai_trainer *t)
{
  char drawn[32];
  double value;
  snprintf(drawn, sizeof drawn, "%llu", (unsigned long long)t->drawn);
  json_t *json = json_pack("{s:I, s:I, s:s, s:I, s:I}", "updates", (json_int_t)t->step, "moves",
                           (json_int_t)t->moves, "drawn", drawn, "stage",
                           (json_int_t)t->course.stage, "streak", (json_int_t)t->course.streak);
  int bad = !json;
  if (!isnan(t->performance))
    bad |= json_object_set_new(json, "performance", json_real(t->performance));
  for (int i = 0; nai__checkpoint_setting(i); i++) {
    nai_trainer_get(&value, t, nai__checkpoint_setting(i));
    bad |= json_object_set_new(json, nai__checkpoint_setting(i), json_real(value));
  }
  return finish(json, bad);
}

/* --- saving ----------------------------------------------------------------------------------- */

static nai_status save(nai__tensor_list *list, const nai_trainer *trainer, const char *path)
{
  NAI__TRY(nai__model_add(list, trainer->net));
  NAI__TRY(add_trainer(list, trainer));
  json_t *json = nai__model_describe(trainer->net);
  int bad = !json;
  bad |= json_object_set_new(json, "trainer", nai__checkpoint_describe(trainer));
  bad |= json_object_set_new(json, "progress", describe_progress(trainer));
  return nai__model_write(list, path, finish(json, bad));
}

nai_status nai_trainer_save(const nai_trainer *trainer, const char *path)
{
  NAI__REQUIRE(trainer);
  NAI__TRY(nai__model_path(path));
  nai__tensor_list list = {NULL, 0, 0};
  nai_status status = save(&list, trainer, path);
  nai__tensor_list_release(&list);
  return status;
}

nai_status nai_trainer_set_checkpoints(nai_trainer *trainer, const char *path, int64_t every)
{
  NAI__REQUIRE(trainer);
  if (every < 0)
    return nai__fail(NAI_ERR_INVALID, "every is %lld, must be at least 0", (long long)every);
  char *copy = NULL;
  if (every) {
    NAI__TRY(nai__model_path(path));
    copy = nai__copy_string(path);
    if (!copy) return NAI_ERR_MEMORY;
  }
  nai__free(trainer->checkpoints.path);
  trainer->checkpoints = (nai__checkpoints){every, copy, nai_trainer_save};
  return NAI_OK;
}

int64_t nai_trainer_updates(const nai_trainer *trainer)
{
  return trainer ? trainer->step : -1;
}
