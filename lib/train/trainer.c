/* The handle of a trainer, its settings, its costs, and looking at what it did. */
#include "trainer.h"

#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../network/view.h"

static const nai__parameter settings[NAI__SETTINGS] = {
    [NAI__BATCH] = {"batch", "trials", "trials an update", 64, 1, 1e6, 1},
    [NAI__THREADS] = {"threads", "1", "threads that work on a batch", 1, 1, NAI__MOST_THREADS, 1},
    [NAI__SEED] = {"seed", "1", "of trials and noise", 0, 0, 9007199254740992.0, 1},
    [NAI__CLIP] = {"clip", "1", "largest global norm of the gradient; 0: off", 0, 0, 1e18, 0},
    [NAI__EVALUATE_EVERY] = {"evaluate_every", "updates", "updates between evaluations; 0: never",
                             100, 0, 1e15, 1},
    [NAI__EVALUATE_TRIALS] = {"evaluate_trials", "trials", "test trials of an evaluation", 500, 1,
                              1e9, 1},
    [NAI__STOP_AT] = {"stop_at", "1", "performance at which a run ends; 0: never", 0, 0, 1, 0},
    [NAI__RECOMPUTE] = {"recompute", "steps",
                        "steps that are kept, others are run again for the gradient; 0: all are "
                        "kept; -1: as many as take the least memory",
                        0, NAI__LEAST_MEMORY, 1e9, 1},
    [NAI__SHARDS] = {"shards", "1", "fixed parts of a batch whose gradients are added up in a tree",
                     1, 1, 1048576, 1},
};

/* --- life ------------------------------------------------------------------------------------- */

static nai_status check_task(const nai_task *task, const nai_network *net)
{
  if (!task || task->net == net) return NAI_OK;
  int64_t inputs = nai_network_size(net, NAI_INPUTS, NULL),
          outputs = nai_network_size(net, NAI_OUTPUTS, NULL);
  if (task->ops.n_inputs == inputs && task->ops.n_outputs == outputs && task->net->dt == net->dt)
    return NAI_OK;
  return nai__fail(
      NAI_ERR_INVALID,
      "task '%s' was made for another network: %lld inputs, %lld outputs, dt %g ms, must be "
      "%lld, %lld, %g ms",
      task->name, (long long)task->ops.n_inputs, (long long)task->ops.n_outputs, task->net->dt,
      (long long)inputs, (long long)outputs, net->dt);
}

/* Trials that say nothing of outputs are for rules that learn without costs. */
static nai_status check_aims(const nai_task *task, const nai_rule *rule)
{
  if (!task || !task->aimless || rule->kind->costless) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID,
                   "the trials have neither classes nor targets: there is nothing to learn for "
                   "rule '%s'",
                   rule->kind->name);
}

static nai_status create(nai_trainer **out, nai_network *net, nai_rule *rule,
                         nai_optimizer *optimizer, nai_task *task, nai__watch watch)
{
  NAI__TRY(nai__require_built(net, "net"));
  NAI__TRY(nai__whole_check(net, "a trainer"));
  NAI__REQUIRE(rule);
  NAI__REQUIRE(optimizer);
  NAI__TRY(check_task(task, net));
  NAI__TRY(check_aims(task, rule));
  if (nai__learns_within(rule)) NAI__TRY(nai__online_can_read(rule, net));
  nai_trainer *trainer = NAI__NEW(nai_trainer);
  if (!trainer) return NAI_ERR_MEMORY;
  nai__reference_init(&trainer->reference);
  for (int i = 0; i < NAI__SETTINGS; i++) trainer->setting[i] = settings[i].initial;
  trainer->performance = NAN;
  trainer->watch = watch;
  trainer->history.columns = NAI_HISTORY_COSTS;
  if (task) nai__task_keep(trainer->task = task);
  trainer->batch.keeps_currents = (rule->kind->runs & NAI__KEEPS_CURRENTS) != 0;
  nai_status status = nai__plasticity_open(&trainer->plasticity, net, rule, optimizer, watch);
  if (status != NAI_OK) {
    nai_trainer_destroy(trainer);
    return status;
  }
  *out = trainer;
  return NAI_OK;
}

nai_status nai_trainer_create(nai_trainer **out, nai_network *net, nai_rule *rule,
                              nai_optimizer *optimizer, nai_task *task)
{
  NAI__REQUIRE(out);
  *out = NULL;
  return create(out, net, rule, optimizer, task, (nai__watch){.call = NULL});
}

nai_status nai_trainer_create_watched(nai_trainer **out, nai_network *net, nai_rule *rule,
                                      nai_optimizer *optimizer, nai_task *task,
                                      nai_work_callback watch, void *user)
{
  NAI__REQUIRE(out);
  *out = NULL;
  return create(out, net, rule, optimizer, task, (nai__watch){.call = watch, .user = user});
}

static void release(nai_trainer *trainer)
{
  if (trainer->agent) nai__agent_destroy(trainer->agent);
  nai__pool_destroy(trainer->pool);
  nai__batch_destroy(&trainer->batch);
  nai_trials_destroy(trainer->trials);
  nai__history_destroy(&trainer->history);
  nai__course_end(&trainer->course);
  nai__free(trainer->checkpoints.path);
  nai__errors_destroy(&trainer->errors);
  nai__alignment_destroy(&trainer->alignment);
  nai__scalars_destroy(&trainer->scalars);
  nai__shards_destroy(&trainer->shards);
  nai__plasticity_close(&trainer->plasticity);
  nai_task_destroy(trainer->judge);
  nai_task_destroy(trainer->task);
  nai__free(trainer);
}

/* From a callback of its own it goes when the call that works on it has ended. */
void nai_trainer_destroy(nai_trainer *trainer)
{
  if (!trainer || !nai__reference_drop(&trainer->reference)) return;
  if (!nai__busy_is_taken(&trainer->plasticity.busy)) {
    release(trainer);
    return;
  }
  trainer->plasticity.trainer = trainer;
  trainer->plasticity.release = release;
}

/* --- settings --------------------------------------------------------------------------------- */

static int is_seed(const char *parameter)
{
  return strcmp(parameter, settings[NAI__SEED].name) == 0;
}

nai_status nai_trainer_set(nai_trainer *trainer, const char *parameter, double value)
{
  nai__work turn;
  NAI__REQUIRE(trainer);
  NAI__TRY(nai__work_begin(&turn, &trainer->plasticity, NAI__SETTING));
  double recompute = trainer->setting[NAI__RECOMPUTE], shards = trainer->setting[NAI__SHARDS];
  nai_status status = nai__parameter_set(trainer->setting, settings, NAI__SETTINGS, parameter,
                                         value, "the trainer");
  if (trainer->setting[NAI__RECOMPUTE] != recompute) status = nai__trainer_can_recompute(trainer);
  if (trainer->setting[NAI__SHARDS] != shards) status = nai__trainer_can_shard(trainer);
  if (status != NAI_OK) {
    trainer->setting[NAI__RECOMPUTE] = recompute;
    trainer->setting[NAI__SHARDS] = shards;
  }
  if (status == NAI_OK && is_seed(parameter)) trainer->seed = (uint64_t)trainer->setting[NAI__SEED];
  nai__work_end(&turn);
  return status;
}

nai_status nai_trainer_set_seed(nai_trainer *trainer, uint64_t seed)
{
  nai__work turn;
  NAI__REQUIRE(trainer);
  NAI__TRY(nai__work_begin(&turn, &trainer->plasticity, NAI__SETTING));
  trainer->seed = seed;
  nai__work_end(&turn);
  return NAI_OK;
}

uint64_t nai_trainer_seed(const nai_trainer *trainer)
{
  return trainer ? trainer->seed : 0;
}

/* As a number that others are read as: one that a double may not hold is not told at all. */
static nai_status get_seed(double *value, uint64_t seed)
{
  if (seed > (uint64_t)settings[NAI__SEED].high)
    return nai__fail(NAI_ERR_UNSUPPORTED,
                     "'seed' is %llu, and is read as a double up to %.0f only: ask "
                     "nai_trainer_seed()",
                     (unsigned long long)seed, settings[NAI__SEED].high);
  *value = (double)seed;
  return NAI_OK;
}

nai_status nai_trainer_get(double *value, const nai_trainer *trainer, const char *parameter)
{
  NAI__REQUIRE(value);
  NAI__REQUIRE(trainer);
  if (parameter && is_seed(parameter)) return get_seed(value, trainer->seed);
  return nai__parameter_get(value, trainer->setting, settings, NAI__SETTINGS, parameter,
                            "the trainer");
}

nai_status nai_trainer_parameter(nai_parameter *out, int64_t index)
{
  return nai__parameter_describe(out, settings, NAI__SETTINGS, index);
}

static nai_status set_judge(nai_trainer *trainer, nai_task *judge)
{
  if (!trainer->task || !trainer->task->test)
    return nai__fail(NAI_ERR_INVALID, "judge: is for trainers with given trials, but %s",
                     trainer->task ? "this one has a task, which judges its own"
                                   : "this one has none");
  NAI__TRY(check_task(judge, trainer->plasticity.net));
  if (judge) nai__task_keep(judge);
  nai_task_destroy(trainer->judge);
  trainer->judge = judge;
  return NAI_OK;
}

nai_status nai_trainer_set_judge(nai_trainer *trainer, nai_task *judge)
{
  nai__work turn;
  NAI__REQUIRE(trainer);
  NAI__TRY(nai__work_begin(&turn, &trainer->plasticity, NAI__LOOKING));
  nai_status status = set_judge(trainer, judge);
  nai__work_end(&turn);
  return status;
}

/* --- costs ------------------------------------------------------------------------------------ */

/* What a rule must know how to use, and how to say that it does not. */
static uint32_t needs_of(const nai_cost *cost, const char **what)
{
  if (cost->ops.on_outputs) return *what = "outputs", NAI__LEARNS_OUTPUTS;
  if (cost->ops.on_errors) return *what = "errors of units", NAI__LEARNS_ERRORS;
  if (cost->ops.on_weights) return *what = "weights", NAI__LEARNS_WEIGHTS;
  if (cost->ops.flags & NAI_COST_SEPARABLE) return *what = "rates", NAI__LEARNS_RATES;
  return *what = "all rates of a batch together", NAI__LEARNS_ALL_RATES;
}

static nai_status check_rule(const nai__rule_kind *kind, const nai_cost *cost)
{
  const char *what;
  if (kind->costs & needs_of(cost, &what)) return NAI_OK;
  return nai__fail(NAI_ERR_UNSUPPORTED,
                   "rule '%s' cannot learn from cost '%s', nor from any other cost on %s: leave it "
                   "out, or use bptt",
                   kind->name, cost->name, what);
}

static nai_status add_cost(nai_trainer *trainer, nai_cost *cost, double beta)
{
  if (!(beta >= 0 && beta <= 1e12))
    return nai__fail(NAI_ERR_INVALID, "beta of cost '%s' is %g, must be 0 to 1e12", cost->name,
                     beta);
  nai__plasticity *p = &trainer->plasticity;
  NAI__TRY(nai__cost_check(cost, p->net));
  NAI__TRY(check_rule(p->rule->kind, cost));
  if (nai__learns_within(p->rule)) NAI__TRY(nai__agent_can_learn(p->rule, cost));
  if (cost->ops.on_errors) NAI__TRY(nai__errors_check(p->net, cost));
  NAI__TRY(nai__objective_add(&p->objective, p->net, cost, beta));
  nai_status status = nai__trainer_can_recompute(trainer);
  if (status == NAI_OK) status = nai__trainer_can_shard(trainer);
  if (status == NAI_OK) status = nai__history_widen(&trainer->history);
  if (status != NAI_OK) nai__objective_drop(&p->objective);
  return status;
}

nai_status nai_trainer_add_cost(nai_trainer *trainer, nai_cost *cost, double beta)
{
  nai__work turn;
  NAI__REQUIRE(trainer);
  NAI__REQUIRE(cost);
  NAI__TRY(nai__work_begin(&turn, &trainer->plasticity, NAI__LOOKING));
  nai_status status = add_cost(trainer, cost, beta);
  nai__work_end(&turn);
  return status;
}

static int has_cost(const nai_trainer *trainer, int64_t index)
{
  return trainer && index >= 0 && index < trainer->plasticity.objective.n;
}

int64_t nai_trainer_cost_count(const nai_trainer *trainer)
{
  return trainer ? trainer->plasticity.objective.n : -1;
}

const char *nai_trainer_cost_name(const nai_trainer *trainer, int64_t index)
{
  return has_cost(trainer, index) ? trainer->plasticity.objective.cost[index].cost->name : NULL;
}

double nai_trainer_cost_value(const nai_trainer *trainer, int64_t index)
{
  return has_cost(trainer, index) ? trainer->plasticity.objective.value[index] : NAN;
}

/* --- looking ---------------------------------------------------------------------------------- */

nai_status nai_trainer_gradient(nai_view *out, const nai_trainer *trainer, const char *from,
                                const char *to)
{
  NAI__TRY(nai__view_check(out));
  NAI__REQUIRE(trainer);
  const nai_network *net = trainer->plasticity.net;
  if (!trainer->plasticity.has_gradient)
    return nai__fail(NAI_ERR_ORDER, "there is no gradient yet: the trainer has made no update");
  if (!to) {
    const nai__node *node;
    NAI__TRY(nai__node_find(&node, net, NAI__KIND(NAI_POPULATIONS) | NAI__KIND(NAI_OUTPUTS), from,
                            "from"));
    nai__view_floats(out, trainer->plasticity.gradient + nai__bias_start(net, node), 1, &node->n,
                     (int64_t[]){1});
    return NAI_OK;
  }
  const nai__projection *p;
  NAI__TRY(nai__projection_find(&p, net, from, to));
  nai__view_matrix(out, trainer->plasticity.gradient, &p->at);
  return NAI_OK;
}

nai_status nai_trainer_initial_state_gradient(nai_view *out, const nai_trainer *trainer,
                                              const char *population)
{
  NAI__TRY(nai__view_check(out));
  NAI__REQUIRE(trainer);
  const nai__node *node;
  NAI__TRY(nai__node_find(&node, trainer->plasticity.net, NAI__KIND(NAI_POPULATIONS), population,
                          "population"));
  if (!trainer->plasticity.has_gradient)
    return nai__fail(NAI_ERR_ORDER, "there is no gradient yet: the trainer has made no update");
  nai__view_floats(out,
                   trainer->plasticity.gradient +
                       nai__learning_start(trainer->plasticity.net, node, NAI__INITIAL_STATE),
                   1, &node->n, (int64_t[]){1});
  return NAI_OK;
}

nai_status nai_trainer_activity(nai_view *out, const nai_trainer *trainer, const char *name)
{
  NAI__TRY(nai__view_check(out));
  NAI__REQUIRE(trainer);
  const nai_network *net = trainer->plasticity.net;
  const nai__batch *batch = &trainer->batch;
  const nai__node *node;
  NAI__TRY(nai__node_find(&node, net, NAI__KIND(NAI_POPULATIONS) | NAI__KIND(NAI_OUTPUTS), name,
                          "name"));
  if (!batch->steps)
    return nai__fail(NAI_ERR_ORDER, "there is no activity yet: the trainer has run no batch");
  int outputs = node->kind == NAI_OUTPUTS;
  if (!outputs && batch->spans.n > 1)
    return nai__fail(NAI_ERR_UNSUPPORTED,
                     "the rates of '%s' were kept for %lld of %lld steps at a time: set recompute "
                     "to 0 to look at them all; outputs are kept",
                     node->name, (long long)batch->spans.steps, (long long)batch->steps);
  int64_t ld = outputs ? net->ld_outputs : net->ld_units;
  const float *array = outputs ? batch->activity.output : nai__rate_at(&batch->activity, 1);
  nai__view_floats(out, array + node->offset, 3, (int64_t[]){batch->steps, batch->trials, node->n},
                   (int64_t[]){batch->trials * ld, ld, 1});
  return NAI_OK;
}

/* --- feedback weights ------------------------------------------------------------------------- */

nai_status nai_trainer_feedback(nai_view *out, const nai_trainer *trainer, const char *from,
                                const char *to)
{
  NAI__TRY(nai__view_check(out));
  NAI__REQUIRE(trainer);
  nai__feedback_matrix m;
  nai__learner *learner = trainer->plasticity.learner;
  NAI__TRY(nai__feedback_find(&m, learner, from, to));
  nai__feedback_renew(&learner->feedback, learner->net);
  nai__view_transposed(out, m.array, &m.at);
  return NAI_OK;
}

static nai_status set_feedback(nai_trainer *trainer, const char *from, const char *to,
                               const float *values)
{
  nai__feedback_matrix m;
  NAI__TRY(nai__feedback_find(&m, trainer->plasticity.learner, from, to));
  if (trainer->plasticity.rule->kind->makes_feedback)
    return nai__fail(NAI_ERR_UNSUPPORTED, "rule '%s' makes its feedback from the weights",
                     trainer->plasticity.rule->kind->name);
  if (m.is_exact)
    return nai__fail(
        NAI_ERR_UNSUPPORTED,
        "the readout from '%s' to '%s' is frozen and of another signal than the first: "
        "its errors go back by its own weights",
        from, to);
  for (int64_t i = 0; i < m.at.columns * m.at.rows; i++)
    if (!isfinite(values[i]))
      return nai__fail(NAI_ERR_NONFINITE, "values[%lld][%lld] is %g, must be finite",
                       (long long)(i / m.at.rows), (long long)(i % m.at.rows), (double)values[i]);
  for (int64_t i = 0; i < m.at.columns; i++)
    for (int64_t j = 0; j < m.at.rows; j++) {
      int64_t at = nai__place_in(&m.at, j, i);
      m.array[at] = !m.exists || m.exists[at] != 0 ? values[i * m.at.rows + j] : 0;
    }
  nai__learner_refresh(trainer->plasticity.learner);
  return NAI_OK;
}

nai_status nai_trainer_set_feedback(nai_trainer *trainer, const char *from, const char *to,
                                    const float *values)
{
  nai__work turn;
  NAI__REQUIRE(trainer);
  NAI__REQUIRE(values);
  NAI__TRY(nai__work_begin(&turn, &trainer->plasticity, NAI__LOOKING));
  nai_status status = set_feedback(trainer, from, to, values);
  nai__work_end(&turn);
  return status;
}

/* --- curriculum and history ------------------------------------------------------------------- */

static nai_status start(nai__course *course, nai_trainer *trainer, nai_curriculum *curriculum)
{
  nai__work_lend(&trainer->plasticity, NAI__SETTING); /* to a callback of the stage */
  nai_status status = nai__course_start(course, curriculum, trainer->task);
  nai__work_lend(&trainer->plasticity, NAI__NOTHING);
  return status;
}

static nai_status set_curriculum(nai_trainer *trainer, nai_curriculum *curriculum)
{
  nai__course course = {.curriculum = NULL};
  if (curriculum) {
    if (!trainer->task)
      return nai__fail(NAI_ERR_ORDER, "the trainer has no task: a curriculum needs one");
    if (!curriculum->n_stages)
      return nai__fail(NAI_ERR_INVALID, "the curriculum has no stage: add one first");
    NAI__TRY(start(&course, trainer, curriculum));
  }
  nai__course_end(&trainer->course);
  trainer->course = course;
  return NAI_OK;
}

nai_status nai_trainer_set_curriculum(nai_trainer *trainer, nai_curriculum *curriculum)
{
  nai__work turn;
  NAI__REQUIRE(trainer);
  NAI__TRY(nai__work_begin(&turn, &trainer->plasticity, NAI__LOOKING));
  nai_status status = set_curriculum(trainer, curriculum);
  nai__work_end(&turn);
  return status;
}

int64_t nai_trainer_stage(const nai_trainer *trainer)
{
  return trainer && trainer->course.curriculum ? trainer->course.stage : -1;
}

const char *nai_trainer_stage_name(const nai_trainer *trainer)
{
  const nai_curriculum *c = trainer ? trainer->course.curriculum : NULL;
  return c && trainer->course.stage < c->n_stages ? c->stage[trainer->course.stage].name : NULL;
}

nai_status nai_trainer_history(double *values, int64_t capacity, int64_t *rows, int64_t *columns,
                               const nai_trainer *trainer)
{
  NAI__REQUIRE(rows);
  NAI__REQUIRE(columns);
  NAI__REQUIRE(trainer);
  if (capacity < 0)
    return nai__fail(NAI_ERR_INVALID, "capacity is %lld, must be at least 0", (long long)capacity);
  if (capacity > 0) NAI__REQUIRE(values);
  const nai__history *h = &trainer->history;
  *rows = h->rows;
  *columns = h->columns;
  int64_t fit = capacity / h->columns < h->rows ? capacity / h->columns : h->rows;
  if (fit > 0) memcpy(values, h->value, (size_t)(fit * h->columns) * sizeof *values);
  return NAI_OK;
}
