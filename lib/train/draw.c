/* The trials of a trainer: its task's, or those that it was given; and room for them. */
#include <stdio.h>

#include "../base/error.h"
#include "trainer.h"

static nai_status make_pool(nai_trainer *trainer)
{
  int32_t threads = (int32_t)trainer->setting[NAI__THREADS];
  if (trainer->pool && nai__pool_threads(trainer->pool) == threads) return NAI_OK;
  nai__pool *pool;
  NAI__TRY(nai__pool_create(&pool, threads));
  nai__pool_destroy(trainer->pool);
  trainer->pool = pool;
  return NAI_OK;
}

nai_status nai__trainer_fill(nai_trainer *trainer, int32_t stream, uint64_t first, int64_t count)
{
  if (!trainer->task)
    return nai__fail(NAI_ERR_ORDER, "the trainer has no task: make it with one, or give it trials");
  int64_t batch = (int64_t)trainer->setting[NAI__BATCH];
  if (!trainer->trials || trainer->trials_made < batch ||
      trainer->trials->capacity < trainer->task->ops.max_steps ||
      trainer->trials->parts != trainer->task->ops.parts) {
    nai_trials *trials;
    NAI__TRY(nai__task_trials(&trials, trainer->task, batch));
    nai_trials_destroy(trainer->trials);
    trainer->trials = trials;
    trainer->trials_made = batch;
  }
  return nai__task_fill(trainer->trials, trainer->task, trainer->seed, stream, first, count);
}

nai_status nai__trainer_draw(const nai_trials **out, nai_trainer *trainer)
{
  NAI__TRY(nai__trainer_fill(trainer, NAI_STREAM_TRAIN, trainer->drawn,
                             (int64_t)trainer->setting[NAI__BATCH]));
  *out = trainer->trials;
  return NAI_OK;
}

int64_t nai__trainer_at_once(const nai_trainer *trainer)
{
  int64_t shards = (int64_t)trainer->setting[NAI__SHARDS];
  return ((int64_t)trainer->setting[NAI__BATCH] + shards - 1) / shards;
}

/* --- room --------------------------------------------------------------------------------------- */

nai__means nai__trainer_means(const nai_trainer *trainer)
{
  return (nai__means){.threads = (int32_t)trainer->setting[NAI__THREADS],
                      .recompute = (int64_t)trainer->setting[NAI__RECOMPUTE]};
}

/* What a cost needs of all steps at once; NULL: nothing of units. */
static const char *whole_need_of(const nai_cost *cost)
{
  if (cost->ops.on_errors) return "the errors of units";
  return cost->ops.on_rates && !(cost->ops.flags & NAI_COST_SEPARABLE) ? "the rates" : NULL;
}

nai_status nai__trainer_can_recompute(const nai_trainer *trainer)
{
  const nai__plasticity *p = &trainer->plasticity;
  double recompute = trainer->setting[NAI__RECOMPUTE];
  if (recompute == 0) return NAI_OK;
  if (!p->rule->kind->in_spans)
    return nai__fail(NAI_ERR_UNSUPPORTED,
                     "recompute is %g, but rule '%s' needs the rates of all steps at once: set "
                     "recompute to 0, or use a rule that walks back through time, such as bptt",
                     recompute, p->rule->kind->name);
  if (nai__learns_within(p->rule))
    return nai__fail(NAI_ERR_UNSUPPORTED,
                     "recompute is %g, but rule '%s' with update_every %lld learns as it goes, and "
                     "does not walk back: set one of the two to 0",
                     recompute, p->rule->kind->name, (long long)nai__rule_every(p->rule));
  for (int64_t i = 0; i < p->objective.n; i++) {
    const nai_cost *cost = p->objective.cost[i].cost;
    const char *what = whole_need_of(cost);
    if (what)
      return nai__fail(
          NAI_ERR_UNSUPPORTED,
          "recompute is %g, but cost '%s' needs %s of all steps at once: set recompute "
          "to 0, or leave the cost out",
          recompute, cost->name, what);
  }
  return NAI_OK;
}

static nai_status check(const nai_trainer *trainer, const nai_trials *trials)
{
  if (!trainer->plasticity.objective.n && !trainer->plasticity.rule->kind->costless)
    return nai__fail(NAI_ERR_ORDER, "the trainer has no cost: add one first");
  NAI__TRY(nai__trainer_can_recompute(trainer));
  return nai__trials_fit(trials, trainer->plasticity.net);
}

/* Sums of gradients in the tree of this rank's shards, and half of one that comes from another rank. */
static int64_t shards_bytes(const nai_trainer *trainer)
{
  const nai_exchange *exchange = trainer->shards.exchange;
  int64_t n = trainer->plasticity.net->n_theta, floats = nai__exchange_scratch(exchange, n);
  int64_t here = (int64_t)trainer->setting[NAI__SHARDS] / nai__exchange_ranks(exchange);
  for (; here > 1; here /= 2) floats += n;
  return floats * (int64_t)sizeof(float);
}

/* All as it was before a trial, and traces, where weights change within trials. */
static int64_t within_bytes(const nai__plasticity *p)
{
  if (!nai__learns_within(p->rule)) return 0;
  int64_t arrays =
      1 + (p->mean != NULL) + (p->square != NULL) + !p->rule->kind->online->moves_weights;
  return arrays * p->net->n_theta * (int64_t)sizeof(float);
}

int64_t nai__trainer_bytes(const nai_trainer *trainer, int64_t steps, int64_t trials)
{
  const nai__batch *batch = &trainer->batch;
  const nai_network *net = trainer->plasticity.net;
  const nai__means means = nai__trainer_means(trainer);
  if (steps < batch->steps_room) steps = batch->steps_room;
  if (trials < batch->trials_room) trials = batch->trials_room;
  return (int64_t)sizeof *trainer + shards_bytes(trainer) + within_bytes(&trainer->plasticity) +
         nai__history_bytes(&trainer->history) +
         nai__plasticity_bytes(&trainer->plasticity, trials, means.threads) +
         nai__batch_bytes(batch, net, steps, trials, &means);
}

static nai_status check_memory(const nai_trainer *trainer, const nai_trials *trials)
{
  char what[96];
  const nai__means means = nai__trainer_means(trainer);
  if (nai__batch_has_room(&trainer->batch, trainer->plasticity.net, trials, &means)) return NAI_OK;
  snprintf(what, sizeof what, "a batch of %lld trials of %lld steps", (long long)trials->trials,
           (long long)trials->capacity);
  return nai__memory_check(trainer->plasticity.net,
                           nai__trainer_bytes(trainer, trials->capacity, trials->trials), what);
}

nai_status nai_trainer_memory(int64_t *bytes, const nai_trainer *trainer)
{
  NAI__REQUIRE(bytes);
  NAI__REQUIRE(trainer);
  const nai_task *task = trainer->task;
  *bytes = nai__trainer_bytes(trainer, task ? task->ops.max_steps : 0,
                              task ? nai__trainer_at_once(trainer) : 0);
  return NAI_OK;
}

nai_status nai__trainer_prepare(nai_trainer *trainer, const nai_trials *trials)
{
  NAI__TRY(check(trainer, trials));
  NAI__TRY(check_memory(trainer, trials));
  NAI__TRY(make_pool(trainer));
  NAI__TRY(nai__objective_reserve(&trainer->plasticity.objective, trials->trials));
  const nai__means means = nai__trainer_means(trainer);
  return nai__batch_prepare(&trainer->batch, trainer->plasticity.net, trials, &means);
}

uint64_t nai__trainer_first(const nai_trainer *trainer, const nai_trials *trials)
{
  return trials == trainer->trials ? trials->first : trials->first + trainer->drawn;
}

nai__showing nai__trainer_showing(nai_trainer *trainer, const nai_trials *trials)
{
  int answers = trials == trainer->trials && nai__task_responds(trainer->task);
  return (nai__showing){.trials = trials,
                        .seed = trainer->seed,
                        .first = nai__trainer_first(trainer, trials),
                        .pool = trainer->pool,
                        .task = answers ? trainer->task : NULL,
                        .answered = answers ? trainer->trials : NULL,
                        .descent = trainer->plasticity.learner->descent};
}
