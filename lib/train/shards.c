/*
 * The gradient of J on a batch in shards. What costs have to know of the whole batch is found out first;
 * then each shard is run as a batch of its own, and its gradient added up.
 */
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "trainer.h"

/* Columns of what is told before costs: sum of lengths, longest trial, the mask total of each output. */
enum { LENGTHS, STEPS, MASKS };

/* --- what can be cut ---------------------------------------------------------------------------- */

static nai_status check_ranks(const nai_trainer *trainer)
{
  double shards = trainer->setting[NAI__SHARDS];
  int64_t n = (int64_t)shards, ranks = nai__exchange_ranks(trainer->shards.exchange);
  if (n & (n - 1))
    return nai__fail(NAI_ERR_INVALID, "shards is %g, must be a power of two", shards);
  if (n % ranks)
    return nai__fail(
        NAI_ERR_INVALID,
        "shards is %g, which the %lld ranks of the exchange do not divide: set a power "
        "of two that they do",
        shards, (long long)ranks);
  return NAI_OK;
}

static nai_status check_rule(const nai_trainer *trainer)
{
  const nai_rule *rule = trainer->plasticity.rule;
  double shards = trainer->setting[NAI__SHARDS];
  if (nai__learns_within(rule))
    return nai__fail(
        NAI_ERR_UNSUPPORTED,
        "shards is %g, but rule '%s' changes weights within trials, which come one after "
        "another: set shards to 1",
        shards, rule->kind->name);
  if (rule->kind->in_spans || rule->kind->in_shards) return NAI_OK;
  return nai__fail(NAI_ERR_UNSUPPORTED,
                   "shards is %g, but rule '%s' %s: set shards to 1, or use a rule whose gradient "
                   "is a sum over trials, such as bptt",
                   shards, rule->kind->name,
                   rule->kind->perturb ? "compares the costs of all trials of a batch"
                                       : "remembers trials in their order");
}

static nai_status check_cost(const nai_trainer *trainer, const nai_cost *cost)
{
  int is_whole = cost->ops.on_rates && !(cost->ops.flags & NAI_COST_SEPARABLE);
  if (!cost->ops.on_errors && !is_whole) return NAI_OK;
  return nai__fail(NAI_ERR_UNSUPPORTED,
                   "shards is %g, but cost '%s' needs %s of the whole batch at once: set shards to "
                   "1, or leave the cost out",
                   trainer->setting[NAI__SHARDS], cost->name,
                   is_whole ? "the rates" : "the errors");
}

nai_status nai__trainer_can_shard(const nai_trainer *trainer)
{
  NAI__TRY(check_ranks(trainer));
  if (trainer->setting[NAI__SHARDS] == 1) return NAI_OK;
  NAI__TRY(check_rule(trainer));
  for (int64_t i = 0; i < trainer->plasticity.objective.n; i++)
    NAI__TRY(check_cost(trainer, trainer->plasticity.objective.cost[i].cost));
  return NAI_OK;
}

/* --- room --------------------------------------------------------------------------------------- */

static void drop_trials(nai__shards *s)
{
  for (int64_t j = 0; j < s->here && s->trials; j++) nai_trials_destroy(s->trials[j]);
  nai__free(s->trials);
  s->trials = NULL;
}

static void drop_sums(nai__shards *s)
{
  for (int64_t l = 0; l < s->levels && s->sum; l++) nai__free(s->sum[l]);
  nai__free(s->sum);
  nai__free(s->scratch);
  s->sum = NULL;
  s->scratch = NULL;
}

void nai__shards_destroy(nai__shards *s)
{
  drop_trials(s);
  drop_sums(s);
  nai__free(s->record);
  nai__free(s->number);
  nai__free(s->whole.mask_total);
  nai_exchange_destroy(s->exchange);
  *s = (nai__shards){.exchange = NULL};
}

/* Bits of a power of two below its own. */
static int64_t levels_of(int64_t shards)
{
  int64_t levels = 0;
  while (shards >> (levels + 1)) levels++;
  return levels;
}

/* The first trial of a shard, of a batch of so many. */
static int64_t first_of(const nai__shards *s, int64_t trials, int64_t shard)
{
  return trials * shard / s->all;
}

static int trials_fit(const nai_trainer *trainer, int64_t most)
{
  const nai__shards *s = &trainer->shards;
  const nai_task_ops *ops = &trainer->task->ops;
  return s->trials && s->most >= most && s->trials[0]->capacity >= ops->max_steps &&
         s->trials[0]->parts == ops->parts;
}

static nai_status make_trials(nai_trainer *trainer)
{
  nai__shards *s = &trainer->shards;
  int64_t most = nai__trainer_at_once(trainer);
  if (trials_fit(trainer, most)) return NAI_OK;
  drop_trials(s);
  s->trials = NAI__ARRAY(nai_trials *, s->here);
  if (!s->trials) return NAI_ERR_MEMORY;
  s->most = 0; /* until all are there */
  for (int64_t j = 0; j < s->here; j++)
    NAI__TRY(nai__task_trials(&s->trials[j], trainer->task, most));
  s->most = most;
  return NAI_OK;
}

static nai_status make_sums(nai__shards *s, int64_t n_theta)
{
  int64_t scratch = nai__exchange_scratch(s->exchange, n_theta);
  if (s->sum) return NAI_OK;
  s->levels = levels_of(s->here);
  s->sum = NAI__ARRAY(float *, s->levels + 1);
  if (!s->sum) return NAI_ERR_MEMORY;
  s->scratch = NAI__ARRAY(float, scratch + 1);
  int made = s->scratch != NULL;
  for (int64_t l = 0; l < s->levels && made; l++)
    made = (s->sum[l] = NAI__ARRAY(float, n_theta)) != NULL;
  if (made) return NAI_OK;
  drop_sums(s);
  return NAI_ERR_MEMORY;
}

/* Shards of this rank; and numbers that are told of each. */
static int64_t here_of(const nai_trainer *trainer)
{
  return (int64_t)trainer->setting[NAI__SHARDS] / nai__exchange_ranks(trainer->shards.exchange);
}

static int64_t width_of(const nai_trainer *trainer)
{
  int64_t masks = MASKS + nai_network_count(trainer->plasticity.net, NAI_OUTPUTS);
  return masks > trainer->plasticity.objective.n ? masks : trainer->plasticity.objective.n;
}

/* Memory that goes by the number of shards here is made anew with it. */
static nai_status make_room(nai_trainer *trainer)
{
  nai__shards *s = &trainer->shards;
  const nai_network *net = trainer->plasticity.net;
  int64_t here = here_of(trainer);
  if (here != s->here) {
    drop_trials(s);
    drop_sums(s);
  }
  NAI__TRY(nai__agree_reserve(s, here, width_of(trainer)));
  s->all = (int64_t)trainer->setting[NAI__SHARDS];
  if (!s->whole.mask_total)
    s->whole.mask_total = NAI__ARRAY(double, nai_network_count(net, NAI_OUTPUTS) + 1);
  if (!s->whole.mask_total) return NAI_ERR_MEMORY;
  NAI__TRY(make_trials(trainer));
  return make_sums(s, net->n_theta);
}

static nai_status check(const nai_trainer *trainer)
{
  double shards = trainer->setting[NAI__SHARDS], batch = trainer->setting[NAI__BATCH];
  NAI__TRY(nai__trainer_can_shard(trainer));
  if (!trainer->task)
    return nai__fail(NAI_ERR_ORDER,
                     "shards is %g, but the trainer has no task: make it with one, of given trials "
                     "too, or set shards to 1",
                     shards);
  if (batch >= shards) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID, "shards is %g, but a batch has %g trials: set shards lower",
                   shards, batch);
}

static nai_status prepare(nai_trainer *trainer)
{
  NAI__TRY(check(trainer));
  NAI__TRY(make_room(trainer));
  return nai__kept_save(&trainer->plasticity);
}

/* --- before costs ------------------------------------------------------------------------------- */

static int responds(const nai_trainer *trainer)
{
  return nai__task_responds(trainer->task);
}

/* A task that answers is asked the first time; what it said is given the second time. */
static nai_status run_shard(nai_trainer *trainer, int64_t j, int first)
{
  nai__shards *s = &trainer->shards;
  nai_trials *trials = s->trials[j];
  int64_t shard = nai__exchange_rank(s->exchange) * s->here + j;
  NAI__TRY(nai__trainer_prepare(trainer, trials));
  trainer->batch.before = first_of(s, (int64_t)trainer->setting[NAI__BATCH], shard);
  int answers = first && responds(trainer);
  const nai__showing showing = {.trials = trials,
                                .seed = trainer->seed,
                                .first = trials->first,
                                .pool = trainer->pool,
                                .task = answers ? trainer->task : NULL,
                                .answered = answers ? trials : NULL,
                                .descent = trainer->plasticity.learner->descent};
  nai__pool_watch(trainer->pool, &trainer->watch);
  nai_status status = nai__batch_run(&trainer->batch, &showing);
  nai__pool_watch(trainer->pool, NULL);
  return status;
}

static void tell_trials(const nai__shards *s, int64_t j)
{
  const nai_trials *trials = s->trials[j];
  double *row = nai__agree_row(s, j);
  for (int64_t b = 0; b < trials->trials; b++) row[LENGTHS] += (double)trials->length[b];
  row[STEPS] = (double)trials->steps;
  for (int64_t i = 0; i < trials->n_goals; i++)
    row[MASKS + i] = nai__aim_of(&trials->goal[i], trials).mask_total;
}

static nai_status draw(nai_trainer *trainer, int64_t j)
{
  nai__shards *s = &trainer->shards;
  int64_t batch = (int64_t)trainer->setting[NAI__BATCH],
          shard = nai__exchange_rank(s->exchange) * s->here + j, first = first_of(s, batch, shard),
          count = first_of(s, batch, shard + 1) - first;
  NAI__TRY(nai__task_fill(s->trials[j], trainer->task, trainer->seed, NAI_STREAM_TRAIN,
                          trainer->drawn + (uint64_t)first, count));
  if (responds(trainer)) NAI__TRY(run_shard(trainer, j, 1));
  tell_trials(s, j);
  return NAI_OK;
}

static nai_status draw_all(nai_trainer *trainer)
{
  nai__agree_clear(&trainer->shards);
  for (int64_t j = 0; j < trainer->shards.here; j++) NAI__TRY(draw(trainer, j));
  return NAI_OK;
}

static void find_whole(nai_trainer *trainer)
{
  nai__shards *s = &trainer->shards;
  double steps = 0;
  for (int64_t k = 0; k < s->all; k++) steps = fmax(steps, s->number[k * s->width + STEPS]);
  nai__agree_sum(s, 0, s->width);
  s->whole.trials = (int64_t)trainer->setting[NAI__BATCH];
  s->whole.steps = (int64_t)steps;
  s->whole.lengths = s->number[LENGTHS];
  for (int64_t i = 0; i < s->trials[0]->n_goals; i++) s->whole.mask_total[i] = s->number[MASKS + i];
}

/* --- a shard's gradient --------------------------------------------------------------------------- */

/* Values of costs without their weights, and those of parts with them; that of weights comes later. */
static void tell_costs(const nai__shards *s, int64_t j, const nai__objective *o)
{
  double *row = nai__agree_row(s, j);
  for (int64_t i = 0; i < o->n; i++) {
    row[i] = o->cost[i].value;
    for (int64_t k = 0; k < o->groups; k++) row[i] += o->cost[i].part[k];
  }
}

static nai_status check_finite(nai_trainer *trainer)
{
  nai__objective *o = &trainer->plasticity.objective;
  if (nai__batch_finite(&trainer->batch)) return NAI_OK;
  for (int64_t i = 0; i < o->n; i++) o->value[i] = 0; /* not known yet */
  return nai__fail_nonfinite(&trainer->plasticity, &trainer->batch, trainer->step + 1);
}

static nai_status find_shard(nai_trainer *trainer, int64_t j)
{
  nai__shards *s = &trainer->shards;
  int was_run = s->here == 1 && responds(trainer);
  if (!was_run) NAI__TRY(run_shard(trainer, j, 0));
  nai__pool_watch(trainer->pool, &trainer->watch);
  nai_status status = nai__trainer_estimate(trainer, trainer->plasticity.learner, s->trials[j]);
  nai__pool_watch(trainer->pool, NULL);
  NAI__TRY(status);
  NAI__TRY(check_finite(trainer));
  tell_costs(s, j, &trainer->plasticity.objective);
  return NAI_OK;
}

static void add(float *sum, const float *x, const nai_network *net)
{
  for (int64_t k = 0; k < net->n_stretches; k++)
    for (int64_t i = net->stretch[k].first; i < net->stretch[k].end; i++) sum[i] += x[i];
}

static void keep(float *to, const float *x, const nai_network *net)
{
  for (int64_t k = 0; k < net->n_stretches; k++)
    memcpy(to + net->stretch[k].first, x + net->stretch[k].first,
           (size_t)(net->stretch[k].end - net->stretch[k].first) * sizeof *to);
}

/*
 * With the shard before it, that pair with the pair before it, and so on: as many times as shard j ends
 * larger and larger parts of the tree. The last one leaves the sum of all.
 */
static void add_shard(nai_trainer *trainer, int64_t j)
{
  const nai__shards *s = &trainer->shards;
  const nai_network *net = trainer->plasticity.net;
  float *gradient = trainer->plasticity.gradient;
  int64_t level = 0;
  for (; j >> level & 1; level++) add(gradient, s->sum[level], net);
  if (level < s->levels) keep(s->sum[level], gradient, net);
}

static nai_status find_all(nai_trainer *trainer)
{
  nai__shards *s = &trainer->shards;
  nai_status status = NAI_OK;
  nai__agree_clear(s);
  trainer->plasticity.objective.whole = &s->whole;
  for (int64_t j = 0; j < s->here && status == NAI_OK; j++) {
    status = find_shard(trainer, j);
    if (status == NAI_OK) add_shard(trainer, j);
  }
  trainer->plasticity.objective.whole = NULL;
  return status;
}

/* --- over ranks ----------------------------------------------------------------------------------- */

static nai_status add_ranks(nai_trainer *trainer)
{
  nai__shards *s = &trainer->shards;
  const nai_network *net = trainer->plasticity.net;
  for (int64_t k = 0; k < net->n_stretches && nai__exchange_ranks(s->exchange) > 1; k++)
    NAI__TRY(nai__exchange_sum(s->exchange, trainer->plasticity.gradient + net->stretch[k].first,
                               net->stretch[k].end - net->stretch[k].first, s->scratch));
  return NAI_OK;
}

/* The sums of values over shards, to which costs on weights add their own. */
static void take_costs(nai__shards *s, nai__objective *o)
{
  nai__agree_sum(s, 0, o->n);
  for (int64_t i = 0; i < o->n; i++) {
    o->cost[i].value = s->number[i];
    memset(o->cost[i].part, 0, (size_t)o->groups * sizeof *o->cost[i].part);
  }
}

/* When ranks know nothing of each other, or shards have another size: messages have one of their own. */
static nai_status meet(nai_trainer *trainer, nai_status status)
{
  nai__shards *s = &trainer->shards;
  if (s->met[0] == here_of(trainer) && s->met[1] == width_of(trainer)) return status;
  s->met[0] = 0;
  NAI__TRY(nai__agree(trainer, NAI__MEETING, status));
  s->met[0] = s->here;
  s->met[1] = s->width;
  return NAI_OK;
}

static nai_status find(nai_trainer *trainer, nai_status status)
{
  nai__shards *s = &trainer->shards;
  if (status == NAI_OK) status = draw_all(trainer);
  NAI__TRY(nai__agree(trainer, NAI__BEFORE, status));
  find_whole(trainer);
  NAI__TRY(nai__agree(trainer, NAI__AFTER, find_all(trainer)));
  take_costs(s, &trainer->plasticity.objective);
  NAI__TRY(add_ranks(trainer));
  return nai__trainer_complete(trainer, s->trials[s->here - 1]);
}

nai_status nai__shards_gradient(nai_trainer *trainer, nai_status status)
{
  nai__shards *s = &trainer->shards;
  if (status == NAI_OK) status = prepare(trainer);
  int is_kept = status == NAI_OK;
  status = meet(trainer, status);
  if (s->met[0]) status = find(trainer, status);
  if (status != NAI_OK && is_kept) nai__kept_put_back(&trainer->plasticity);
  return status;
}

/* --- runs ----------------------------------------------------------------------------------------- */

nai_status nai__shards_count(nai_trainer *trainer, nai_status status, double *count, int64_t n)
{
  nai__shards *s = &trainer->shards;
  if (!s->exchange) return status;
  nai__agree_clear(s);
  memcpy(nai__agree_row(s, 0), count, (size_t)n * sizeof *count);
  NAI__TRY(nai__agree(trainer, NAI__EVALUATING, status));
  nai__agree_sum(s, 0, n);
  memcpy(count, s->number, (size_t)n * sizeof *count);
  return NAI_OK;
}

nai_status nai__shards_go_on(nai_trainer *trainer, nai_status status, int *over)
{
  nai__shards *s = &trainer->shards;
  if (!s->exchange || nai__exchange_broken(s->exchange)) return status;
  if (s->all_know && (status < 0 || *over)) return status;
  status = status < 0 ? status : *over ? NAI_STOP : NAI_OK;
  status = nai__agree(trainer, s->met[0] ? NAI__GOING_ON : NAI__MEETING, status);
  if (status > 0) *over = 1;
  return status < 0 ? status : NAI_OK;
}

/* --- the exchange ----------------------------------------------------------------------------------- */

static nai_status set_exchange(nai_trainer *trainer, nai_exchange *exchange)
{
  nai__shards *s = &trainer->shards, before = *s;
  *s = (nai__shards){.exchange = exchange};
  nai_status status = nai__trainer_can_shard(trainer);
  if (status == NAI_OK && exchange) status = nai__agree_reserve(s, 1, MASKS); /* room to meet */
  if (status == NAI_OK && exchange) nai__exchange_keep(exchange);
  if (status == NAI_OK)
    nai__shards_destroy(&before);
  else
    *s = before;
  return status;
}

nai_status nai_trainer_set_exchange(nai_trainer *trainer, nai_exchange *exchange)
{
  nai__work turn;
  NAI__REQUIRE(trainer);
  NAI__TRY(nai__work_begin(&turn, &trainer->plasticity, NAI__MOVING));
  nai_status status = set_exchange(trainer, exchange);
  nai__work_end(&turn);
  return status;
}
