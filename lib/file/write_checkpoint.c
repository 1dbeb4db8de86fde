/* Saving a checkpoint: a network's arrays, and the trainer's. */
#include <neuroai/checkpoint.h>

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "checkpoint.h"

static const char *const settings[] = {"batch", "clip", "evaluate_every", "evaluate_trials"};

const char *nai__checkpoint_setting(int index)
{
  return index < (int)(sizeof settings / sizeof *settings) ? settings[index] : NULL;
}

/* --- tensors ---------------------------------------------------------------------------------- */

static nai_status add_kept(nai__tensor_list *list, const nai_network *net, const nai__kept *kept)
{
  char name[NAI__TENSOR_NAME];
  if (kept->as_theta) return nai__theta_add(list, net, kept->name, kept->floats);
  nai__model_node_tensor(name, "rule", kept->name);
  return nai__tensor_list_lend(list, name, kept->doubles ? NAI__F64 : NAI__F32, 1, &kept->n,
                               nai__kept_memory(kept));
}

static nai_status add_trainer(nai__tensor_list *list, const nai_trainer *trainer)
{
  const nai__history *h = &trainer->history;
  const nai__plasticity *p = &trainer->plasticity;
  int64_t rows[] = {h->rows, h->columns};
  if (p->mean) NAI__TRY(nai__theta_add(list, p->net, "mean", p->mean));
  if (p->square) NAI__TRY(nai__theta_add(list, p->net, "square", p->square));
  for (int i = 0; i < p->learner->n_kept; i++)
    NAI__TRY(add_kept(list, p->net, &p->learner->kept[i]));
  NAI__TRY(nai__tensor_list_lend(list, "trainer: history", NAI__F64, 2, rows, h->value));
  if (!trainer->course.curriculum) return NAI_OK;
  return nai__tensor_list_lend(list, "trainer: staircases", NAI__F64, 1,
                               &trainer->course.curriculum->n_staircases, trainer->course.value);
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void describe_list(nai__json_writer *w, const char *key, const double *values, int64_t n)
{
  nai__json_open(w, key, '[');
  for (int64_t i = 0; i < n; i++) nai__json_add_real(w, NULL, values[i]);
  nai__json_close(w, ']');
}

/* 1 when there is a file, and this entry of it has no such number. */
static int lacks(const nai__json *file, const char *entry, const char *number)
{
  return file && !nai__json_get(nai__json_get(file, entry), number);
}

static void describe_numbers(nai__json_writer *w, const nai__parameter *table, int n,
                             const double *number, const nai__json *file, const char *entry)
{
  for (int i = 0; i < n; i++)
    if (number[i] != table[i].initial || !lacks(file, entry, table[i].name))
      nai__json_add_real(w, table[i].name, number[i]);
}

static void describe_optimizer(nai__json_writer *w, const nai_optimizer *optimizer,
                               const nai__json *file)
{
  nai__json_open(w, "optimizer", '{');
  nai__json_add_text(w, "name", optimizer->kind->name);
  describe_numbers(w, optimizer->kind->number, optimizer->kind->n_numbers, optimizer->number, file,
                   "optimizer");
  nai__json_open(w, "schedule", '[');
  for (int64_t i = 0; i < optimizer->n_schedule; i++) {
    nai__json_open(w, NULL, '[');
    nai__json_add_whole(w, NULL, optimizer->update[i]);
    nai__json_add_real(w, NULL, optimizer->factor[i]);
    nai__json_close(w, ']');
  }
  nai__json_close(w, ']');
  nai__json_close(w, '}');
}

/* 1 where a projection or bias has a learning rate of its own. */
static int has_rates(const nai__plasticity *p)
{
  int64_t n = p->net->n_projections + p->net->n_nodes;
  for (int64_t i = 0; p->factor && i < n; i++)
    if (p->factor[i] != 1) return 1;
  return 0;
}

/* Only where there are any: earlier releases had none. */
static void describe_rates(nai__json_writer *w, const nai__plasticity *p)
{
  const nai_network *net = p->net;
  if (!has_rates(p)) return;
  nai__json_open(w, "rates", '{');
  for (int64_t k = 0; k < net->n_projections; k++) {
    char name[NAI__TENSOR_NAME];
    snprintf(name, sizeof name, "%s -> %s", nai__source_name(net, &net->projection[k]),
             nai__target_name(net, &net->projection[k]));
    if (p->factor[k] != 1) nai__json_add_real(w, name, p->factor[k]);
  }
  for (int64_t i = 0; i < net->n_nodes; i++)
    if (nai__bias_rate(p, i) != 1) nai__json_add_real(w, net->node[i].name, nai__bias_rate(p, i));
  nai__json_close(w, '}');
}

static void describe_rule(nai__json_writer *w, const nai_rule *rule, const nai__json *file)
{
  nai__json_add_text(w, "rule", rule->kind->name);
  nai__json_open(w, "rule_numbers", '{');
  nai__json_add_whole(w, "seed", (int64_t)rule->seed);
  describe_numbers(w, rule->kind->parameter, rule->kind->n_parameters, rule->number, file,
                   "rule_numbers");
  nai__json_close(w, '}');
}

static void describe_costs(nai__json_writer *w, const nai_trainer *trainer)
{
  nai__json_open(w, "costs", '[');
  for (int64_t i = 0; i < trainer->plasticity.objective.n; i++) {
    const nai_cost *cost = trainer->plasticity.objective.cost[i].cost;
    nai__json_open(w, NULL, '{');
    nai__json_add_text(w, "name", cost->name);
    nai__json_add_text(w, "of", cost->names);
    if (cost->to) nai__json_add_text(w, "to", cost->to);
    nai__json_add_real(w, "beta", trainer->plasticity.objective.cost[i].beta);
    nai__json_add_flag(w, "normalise", cost->normalise);
    nai__json_add_real(w, "number", cost->number);
    nai__json_close(w, '}');
  }
  nai__json_close(w, ']');
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

static nai_status describe_parameter(nai__json_writer *w, const nai_task *task,
                                     const char *parameter)
{
  int64_t n = 0;
  nai_status status = nai_task_get_list(NULL, 0, &n, task, parameter);
  assert(status == NAI_OK); /* it is one of the task's */
  double *values = NAI__ARRAY(double, n);
  if (!values) return NAI_ERR_MEMORY;
  status = nai_task_get_list(values, n, &n, task, parameter);
  assert(status == NAI_OK);
  (void)status;
  describe_list(w, parameter, values, n);
  nai__free(values);
  return NAI_OK;
}

/*
 * A task of the user's own has a name only. No call may fail here but for want of memory, as the
 * message of that one would be lost.
 */
static void describe_task(nai__json_writer *w, const nai_trainer *trainer, const nai__json *file)
{
  const nai_task *task = trainer->task;
  nai_parameter p = NAI_PARAMETER_INIT;
  nai__json_open(w, "task", '{');
  nai__json_add_text(w, "name", task->name);
  for (int i = 0; i < nai__task_parameter_count(task); i++) {
    nai_status status = nai_task_parameter(&p, task->name, i);
    assert(status == NAI_OK);
    if (is_staged(trainer->course.curriculum, p.name)) continue;
    if (lacks(file, "task", p.name) && nai__task_is_default(task, p.name)) continue;
    status = describe_parameter(w, task, p.name);
    if (w->status == NAI_OK) w->status = status;
  }
  nai__json_close(w, '}');
}

/* The last setting of a parameter is what a stage begins with. */
static int is_set_again(const nai_curriculum *c, int64_t i)
{
  for (int64_t k = i + 1; k < c->n_settings; k++)
    if (c->setting[k].stage == c->setting[i].stage &&
        strcmp(c->setting[k].parameter, c->setting[i].parameter) == 0)
      return 1;
  for (int64_t k = 0; k < c->n_staircases; k++)
    if (c->staircase[k].stage == c->setting[i].stage &&
        strcmp(c->staircase[k].parameter, c->setting[i].parameter) == 0)
      return 1;
  return 0;
}

static int climbs_again(const nai_curriculum *c, int64_t i)
{
  for (int64_t k = i + 1; k < c->n_staircases; k++)
    if (c->staircase[k].stage == c->staircase[i].stage &&
        strcmp(c->staircase[k].parameter, c->staircase[i].parameter) == 0)
      return 1;
  return 0;
}

static void describe_stage(nai__json_writer *w, const nai_curriculum *c, int64_t k)
{
  nai__json_open(w, NULL, '{');
  nai__json_add_text(w, "name", c->stage[k].name);
  nai__json_add_real(w, "criterion", c->stage[k].criterion);
  nai__json_add_whole(w, "evaluations", c->stage[k].evaluations);
  for (int64_t i = 0; i < c->n_settings; i++) {
    const nai__stage_setting *setting = &c->setting[i];
    if (setting->stage == k && !is_set_again(c, i))
      describe_list(w, setting->parameter, setting->value, setting->n);
  }
  for (int64_t i = 0; i < c->n_staircases; i++) {
    const nai_staircase *staircase = &c->staircase[i].rule;
    if (c->staircase[i].stage == k && !climbs_again(c, i))
      describe_list(w, staircase->parameter,
                    (double[]){staircase->start, staircase->hardest, staircase->step,
                               staircase->harder_at, staircase->easier_at},
                    5);
  }
  nai__json_close(w, '}');
}

void nai__checkpoint_describe(nai__json_writer *w, const nai_trainer *trainer,
                              const nai__json *file)
{
  const nai_curriculum *c = trainer->course.curriculum;
  nai__json_open(w, "trainer", '{');
  describe_rule(w, trainer->plasticity.rule, file);
  describe_optimizer(w, trainer->plasticity.optimizer, file);
  describe_rates(w, &trainer->plasticity);
  describe_costs(w, trainer);
  nai__json_open(w, "stages", '[');
  for (int64_t k = 0; c && k < c->n_stages; k++) describe_stage(w, c, k);
  nai__json_close(w, ']');
  if (trainer->task) describe_task(w, trainer, file);
  nai__json_close(w, '}');
}

/* A number, as in earlier releases, where a double holds it; else in words, as they could not set it. */
static void describe_seed(nai__json_writer *w, uint64_t seed)
{
  char text[32];
  snprintf(text, sizeof text, "%llu", (unsigned long long)seed);
  if (seed >> 53)
    nai__json_add_text(w, "seed", text);
  else
    nai__json_add_real(w, "seed", (double)seed);
}

static void describe_progress(nai__json_writer *w, const nai_trainer *trainer)
{
  char drawn[32];
  double value;
  snprintf(drawn, sizeof drawn, "%llu", (unsigned long long)trainer->drawn);
  nai__json_open(w, "progress", '{');
  nai__json_add_whole(w, "updates", trainer->step);
  nai__json_add_whole(w, "moves", trainer->plasticity.moves);
  nai__json_add_text(w, "drawn", drawn);
  nai__json_add_whole(w, "stage", trainer->course.stage);
  nai__json_add_whole(w, "streak", trainer->course.streak);
  if (!isnan(trainer->performance)) nai__json_add_real(w, "performance", trainer->performance);
  describe_seed(w, trainer->seed);
  for (int i = 0; nai__checkpoint_setting(i); i++) {
    nai_trainer_get(&value, trainer, nai__checkpoint_setting(i));
    nai__json_add_real(w, nai__checkpoint_setting(i), value);
  }
  nai_trainer_get(&value, trainer, "shards");
  if (value != 1) nai__json_add_real(w, "shards", value); /* earlier releases had one */
  nai__json_close(w, '}');
}

/* --- saving ----------------------------------------------------------------------------------- */

static nai_status write_trainer(nai__tensor_list *list, nai__json_writer *w,
                                const nai_trainer *trainer, const nai__sink *to)
{
  nai__json_open(w, NULL, '{');
  nai__model_describe(w, trainer->plasticity.net);
  nai__checkpoint_describe(w, trainer, NULL);
  describe_progress(w, trainer);
  nai__json_close(w, '}');
  NAI__TRY(w->status);
  NAI__TRY(nai__model_add(list, trainer->plasticity.net));
  NAI__TRY(add_trainer(list, trainer));
  return nai__model_write(list, to, w);
}

static nai_status save(nai_trainer *trainer, const nai__sink *to)
{
  nai__work turn;
  NAI__TRY(nai__work_begin(&turn, &trainer->plasticity, NAI__SETTING));
  nai__tensor_list list = {NULL, 0, 0};
  nai__json_writer w = {NULL, 0, 0, NAI_OK};
  nai_status status = nai__learner_fit(trainer->plasticity.learner);
  if (status == NAI_OK) status = write_trainer(&list, &w, trainer, to);
  nai__tensor_list_release(&list);
  nai__json_writer_release(&w);
  nai__work_end(&turn);
  return status;
}

nai_status nai_trainer_save(nai_trainer *trainer, const char *path)
{
  NAI__REQUIRE(trainer);
  NAI__TRY(nai__model_path(path));
  return save(trainer, &(nai__sink){.path = path});
}

nai_status nai_trainer_save_memory(void *buffer, int64_t capacity, int64_t *size,
                                   nai_trainer *trainer)
{
  NAI__TRY(nai__model_buffer(capacity, size));
  NAI__REQUIRE(trainer);
  return save(trainer, &(nai__sink){NULL, buffer, capacity, size});
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
  nai__work turn;
  nai_status status = nai__work_begin(&turn, &trainer->plasticity, NAI__SETTING);
  if (status != NAI_OK) {
    nai__free(copy);
    return status;
  }
  nai__free(trainer->checkpoints.path);
  trainer->checkpoints = (nai__checkpoints){every, copy, nai_trainer_save};
  nai__work_end(&turn);
  return NAI_OK;
}

int64_t nai_trainer_updates(const nai_trainer *trainer)
{
  return trainer ? trainer->step : -1;
}
