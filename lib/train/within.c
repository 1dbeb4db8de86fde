/*
 * A trainer's update when its rule changes weights within trials: an agent lives through the trials
 * of the batch, one after another, as an animal would.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "trainer.h"

/* Sum of one trial's mask: what a cost that is a mean over it divides by. */
static double mask_total(const nai_trials *trials, const nai__goal *goal, int64_t trial)
{
  double sum = 0;
  for (int64_t t = 0; t < trials->length[trial]; t++)
    for (int64_t c = 0; c < goal->mask_columns; c++)
      sum += (double)goal->mask[(t * trials->trials + trial) * goal->mask_columns + c];
  return sum;
}

static void take_goals(nai_agent *agent, const nai_trials *trials, int64_t trial, int64_t t)
{
  int64_t row = t * trials->trials + trial;
  assert(trials->n_goals == nai_network_count(agent->plasticity->net, NAI_OUTPUTS));
  for (int64_t i = 0; i < trials->n_goals; i++) {
    const nai__goal *goal = &trials->goal[i];
    nai__aim *aim = &agent->aim[i];
    if (t == 0) aim->mask_total = mask_total(trials, goal, trial);
    aim->target = goal->target ? goal->target + row * goal->n : NULL;
    aim->classes = goal->classes ? goal->classes + row : NULL;
    aim->mask = goal->mask + row * goal->mask_columns;
    aim->mask_columns = goal->mask_columns;
  }
}

/* What all outputs should be, side by side; NaN where it does not count, NULL where nothing does. */
static const float *gather_targets(nai_agent *agent, const nai_trials *trials)
{
  int counts = 0;
  for (int64_t i = 0; i < trials->n_goals; i++) {
    const nai__aim *aim = &agent->aim[i];
    const nai__goal *goal = &trials->goal[i];
    for (int64_t c = 0; c < goal->n; c++) {
      int known = aim->target && aim->mask[aim->mask_columns > 1 ? c : 0] > 0;
      agent->target[goal->offset + c] = known ? aim->target[c] : NAN;
      counts |= known;
    }
  }
  return counts ? agent->target : NULL;
}

/* Where the batch keeps what it did, for those who look at it. */
static void keep_activity(const nai_agent *agent, nai__batch *batch, int64_t trial, int64_t t)
{
  const nai_network *net = agent->plasticity->net;
  memcpy(nai__rate_slot(&batch->activity, t) + trial * net->ld_units,
         nai__rate_at(&agent->activity, t), (size_t)net->n_columns * sizeof(float));
  memcpy(nai__output_slot(&batch->activity, t) + trial * net->ld_outputs, agent->activity.output,
         (size_t)net->n_outputs * sizeof(float));
}

/* Past its end a trial was not lived: nothing of the batch before is to be seen there. */
static void clear_rest(const nai_network *net, nai__batch *batch, int64_t trial, int64_t steps)
{
  for (int64_t t = steps + 1; t <= batch->steps; t++) {
    memset(nai__rate_slot(&batch->activity, t) + trial * net->ld_units, 0,
           (size_t)net->n_columns * sizeof(float));
    memset(nai__output_slot(&batch->activity, t) + trial * net->ld_outputs, 0,
           (size_t)net->n_outputs * sizeof(float));
  }
}

static nai_status live_trial(nai_trainer *trainer, const nai_trials *trials, int64_t trial,
                             uint64_t first)
{
  nai_agent *agent = trainer->agent;
  const nai__showing showing = nai__trainer_showing(trainer, trials);
  const nai__done done = nai__batch_done(&trainer->batch);
  int64_t steps = trials->length[trial];
  int64_t stop = showing.task ? nai__task_next_stop(trials, 0, trial) : steps + 1;
  nai__agent_begin(agent, first + (uint64_t)trial, steps);
  for (int64_t t = 0; t < steps; t++) {
    take_goals(agent, trials, trial, t);
    agent->online.target = gather_targets(agent, trials);
    const float *input = trials->input + (t * trials->trials + trial) * trials->n_inputs;
    NAI__TRY(nai__agent_step(agent, input, 1));
    if (nai__pool_ended(trainer->pool, 0, 4 * trainer->plasticity.net->n_theta))
      return nai__pool_answer(trainer->pool);
    keep_activity(agent, &trainer->batch, trial, t + 1);
    if (t + 1 < stop) continue;
    NAI__TRY(nai__task_respond(showing.answered, showing.task, stop, trial, &done));
    stop = nai__task_next_stop(trials, stop, trial);
  }
  clear_rest(trainer->plasticity.net, &trainer->batch, trial, steps);
  NAI__TRY(nai__agent_settle(agent));
  for (int64_t i = 0; i < agent->plasticity->objective.n; i++)
    trainer->plasticity.objective.value[i] += agent->value[i] / (double)trials->trials;
  return NAI_OK;
}

static void drop_agent(nai_trainer *trainer)
{
  if (trainer->agent) nai__agent_destroy(trainer->agent);
  trainer->agent = NULL;
}

/* An agent with the costs that the trainer has now. */
static nai_status prepare(nai_trainer *trainer)
{
  if (trainer->agent && trainer->agent->n_costs == trainer->plasticity.objective.n) return NAI_OK;
  drop_agent(trainer);
  NAI__TRY(
      nai__agent_create(&trainer->agent, &trainer->plasticity, trainer->setting, &trainer->seed));
  nai_status status = nai__past_create(&trainer->agent->before, &trainer->plasticity);
  if (status != NAI_OK) drop_agent(trainer);
  return status;
}

static nai_status live(nai_trainer *trainer, const nai_trials *trials, uint64_t first)
{
  nai__objective *o = &trainer->plasticity.objective;
  for (int64_t i = 0; i < o->n; i++) o->value[i] = 0;
  for (int64_t trial = 0; trial < trials->trials; trial++)
    NAI__TRY(live_trial(trainer, trials, trial, first));
  return NAI_OK;
}

static void put_back(nai_trainer *trainer)
{
  nai__past_put_back(&trainer->agent->before, &trainer->plasticity);
  nai__kept_put_back(&trainer->plasticity);
  trainer->agent->stale = 1;
}

nai_status nai__trainer_live(nai_trainer *trainer, const nai_trials *trials)
{
  nai__objective *o = &trainer->plasticity.objective;
  NAI__TRY(nai__trainer_prepare(trainer, trials));
  NAI__TRY(prepare(trainer));
  NAI__TRY(nai__kept_save(&trainer->plasticity));
  nai__past_take(&trainer->agent->before, &trainer->plasticity);
  trainer->agent->update = trainer->step + 1;
  nai__pool_watch(trainer->pool, &trainer->watch);
  nai_status status = live(trainer, trials, nai__trainer_first(trainer, trials));
  nai__pool_watch(trainer->pool, NULL);
  if (status != NAI_OK) put_back(trainer);
  nai__agent_pack(trainer->agent);
  o->total = 0;
  for (int64_t i = 0; i < o->n; i++) o->total += o->value[i];
  trainer->plasticity.gradient_norm = NAN;
  return status;
}
