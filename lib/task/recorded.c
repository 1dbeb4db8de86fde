/*
 * Given trials, such as recorded ones, as a task. Training goes through all of them, pass after
 * pass, each in an order of its own, which is a function of seed and pass; testing has them in the
 * order in which they were given.
 */
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/random.h"
#include "../running/activity.h"
#include "arrays.h"
#include "task.h"

/* Bit of the number of a training trial's noise: test trials have their own numbers, from 0 on. */
#define TRAINING_TRIALS (UINT64_C(1) << 54)

typedef struct recorded {
  nai_trials *train, *test; /* test may be the same */
} recorded;

/* Which trials a batch is made of. One of these goes with the arrays of every batch. */
struct nai__picks {
  uint64_t seed; /* of the order, and the number of its pass; known: 0 while there is none */
  int64_t pass, known;
  int64_t *batch;  /* [trials of a batch] */
  int64_t order[]; /* [recorded trials], then the batch */
};

/* --- copies ----------------------------------------------------------------------------------- */

static nai_status copy_goal(nai_trials *copy, const nai_trials *trials, int64_t i)
{
  const nai__goal *from = &trials->goal[i];
  nai__goal *to = &copy->goal[i];
  size_t values = (size_t)(trials->steps * trials->trials);
  to->mask_columns = from->mask_columns;
  memcpy(nai__trials_whole_mask(copy, to), nai__trials_whole_mask(trials, from),
         values * (size_t)from->mask_columns * sizeof(float));
  if (from->target) {
    NAI__TRY(nai__trials_need_targets(copy, to));
    memcpy(to->target, from->target, values * (size_t)from->n * sizeof(float));
  }
  if (from->classes) {
    NAI__TRY(nai__trials_need_classes(copy, to));
    memcpy(to->classes, from->classes, values * sizeof(int32_t));
  }
  return NAI_OK;
}

static nai_status copy_arrays(nai_trials *copy, const nai_trials *trials)
{
  memcpy(copy->input, trials->input,
         (size_t)(trials->steps * trials->trials * trials->n_inputs) * sizeof *copy->input);
  memcpy(copy->length, trials->length, (size_t)trials->trials * sizeof *copy->length);
  copy->first = trials->first;
  if (trials->own > 1) NAI__TRY(nai_trials_set_parts(copy, trials->part_end, trials->parts));
  for (int64_t i = 0; i < trials->n_goals; i++) NAI__TRY(copy_goal(copy, trials, i));
  for (int64_t i = 0; i < trials->n_conditions; i++) {
    nai__condition *condition;
    NAI__TRY(nai__trials_need_condition(&condition, copy, trials->condition[i].name));
    memcpy(condition->value, trials->condition[i].value,
           (size_t)(trials->trials * trials->own) * sizeof *condition->value);
  }
  for (int64_t i = 0; i < trials->n_epochs; i++)
    NAI__TRY(nai_trials_set_epoch(copy, trials->epoch[i].name, trials->epoch[i].step));
  nai__trials_cut(copy);
  return NAI_OK;
}

static nai_status copy_trials(nai_trials **out, const nai_trials *trials, const nai_network *net)
{
  NAI__TRY(nai__trials_fit(trials, net));
  NAI__TRY(nai__trials_make(out, net, trials->steps, trials->trials, 0));
  return copy_arrays(*out, trials);
}

static void destroy(void *user)
{
  recorded *r = user;
  if (r->test != r->train) nai_trials_destroy(r->test);
  nai_trials_destroy(r->train);
  nai__free(r);
}

/* --- filling ---------------------------------------------------------------------------------- */

static nai_status add_arrays(nai_trials *trials, const nai_task *task)
{
  const recorded *r = task->user;
  if (task->ops.parts > 1) NAI__TRY(nai__trials_need_parts(trials, task->ops.parts, 1));
  for (int64_t i = 0; i < trials->n_goals; i++) {
    if (r->train->goal[i].target) NAI__TRY(nai__trials_need_targets(trials, &trials->goal[i]));
    if (r->train->goal[i].classes) NAI__TRY(nai__trials_need_classes(trials, &trials->goal[i]));
  }
  nai__condition *condition;
  for (int64_t i = 0; i < task->ops.n_conditions; i++)
    NAI__TRY(nai__trials_need_condition(&condition, trials, task->condition_name[i]));
  nai__when *epoch;
  for (int64_t i = 0; i < r->train->n_epochs; i++)
    if (nai__trials_epoch(r->test, r->train->epoch[i].name))
      NAI__TRY(nai__trials_need_epoch(&epoch, trials, r->train->epoch[i].name));
  int64_t numbers = r->train->trials + trials->trials;
  nai__picks *picks = nai__alloc(1, sizeof *picks + (size_t)numbers * sizeof *picks->order);
  if (!picks) return NAI_ERR_MEMORY;
  picks->batch = picks->order + r->train->trials;
  trials->picks = picks;
  return NAI_OK;
}

static void shuffle(nai__picks *picks, int64_t n, uint64_t seed, int64_t pass)
{
  if (picks->known && picks->seed == seed && picks->pass == pass) return;
  nai__stream stream = nai__stream_open(nai__seed_derive(seed, NAI__FOR_TASK, NAI_STREAM_TRAIN),
                                        NAI__FOR_TASK, (uint64_t)pass, 0);
  for (int64_t i = 0; i < n; i++) picks->order[i] = i;
  for (int64_t i = n - 1; i > 0; i--) {
    int64_t k = nai__stream_below(&stream, i + 1), other = picks->order[k];
    picks->order[k] = picks->order[i];
    picks->order[i] = other;
  }
  picks->seed = seed;
  picks->pass = pass;
  picks->known = 1;
}

static void pick(nai_trials *trials, const nai_trials *from, uint64_t seed, int32_t stream,
                 uint64_t first)
{
  nai__picks *picks = trials->picks;
  for (int64_t b = 0; b < trials->trials; b++) {
    int64_t number = (int64_t)first + b, place = number % from->trials;
    if (stream == NAI_STREAM_TRAIN) shuffle(picks, from->trials, seed, number / from->trials);
    picks->batch[b] = stream == NAI_STREAM_TRAIN ? picks->order[place] : place;
  }
}

/* Values of the picked trials, `size` bytes a step and trial. */
static void gather(void *to, const void *from, size_t size, const nai_trials *trials,
                   const nai_trials *source)
{
  char *out = to;
  if (!to || !size) return;
  for (int64_t t = 0; t < trials->steps; t++)
    for (int64_t b = 0; b < trials->trials; b++, out += size) {
      int64_t at = t * source->trials + trials->picks->batch[b];
      memcpy(out, (const char *)from + (size_t)at * size, size);
    }
}

static void gather_goal(nai_trials *trials, const nai_trials *source, int64_t i)
{
  nai__goal *to = &trials->goal[i];
  const nai__goal *from = &source->goal[i];
  to->mask_columns = from->mask_columns;
  gather(to->target, from->target, (size_t)to->n * sizeof(float), trials, source);
  gather(to->classes, from->classes, sizeof(int32_t), trials, source);
  gather(nai__trials_whole_mask(trials, to), nai__trials_whole_mask(source, from),
         (size_t)from->mask_columns * sizeof(float), trials, source);
}

/* Values of the picked trials, `size` bytes a trial. */
static void gather_trials(void *to, const void *from, size_t size, const nai_trials *trials)
{
  for (int64_t b = 0; b < trials->trials; b++)
    memcpy((char *)to + (size_t)b * size,
           (const char *)from + (size_t)trials->picks->batch[b] * size, size);
}

static void gather_conditions(nai_trials *trials, const nai_trials *source)
{
  size_t size = (size_t)source->own * sizeof(float);
  for (int64_t i = 0; i < trials->n_conditions; i++)
    for (int64_t k = 0; k < source->n_conditions; k++)
      if (strcmp(trials->condition[i].name, source->condition[k].name) == 0)
        gather_trials(trials->condition[i].value, source->condition[k].value, size, trials);
}

static void gather_epochs(nai_trials *trials, const nai_trials *source)
{
  size_t size = 2 * (size_t)source->own * sizeof(int32_t);
  for (int64_t i = 0; i < trials->n_epochs; i++)
    gather_trials(trials->epoch[i].step, nai__trials_epoch(source, trials->epoch[i].name)->step,
                  size, trials);
}

static nai_status fill(nai_trials *trials, const nai_task *task, uint64_t seed, int32_t stream,
                       uint64_t first)
{
  const recorded *r = task->user;
  const nai_trials *source = stream == NAI_STREAM_TRAIN ? r->train : r->test;
  uint64_t number = stream == NAI_STREAM_TRAIN ? first | TRAINING_TRIALS : source->first + first;
  NAI__TRY(nai__first_check(number, trials->trials));
  trials->first = number;
  pick(trials, source, seed, stream, first);
  trials->steps = 1;
  for (int64_t b = 0; b < trials->trials; b++) {
    trials->length[b] = source->length[trials->picks->batch[b]];
    if (trials->length[b] > trials->steps) trials->steps = trials->length[b];
  }
  gather(trials->input, source->input, (size_t)trials->n_inputs * sizeof(float), trials, source);
  for (int64_t i = 0; i < trials->n_goals; i++) gather_goal(trials, source, i);
  gather_conditions(trials, source);
  gather_epochs(trials, source);
  if (source->own > 1)
    gather_trials(trials->part_end, source->part_end,
                  (size_t)source->parts * sizeof *source->part_end, trials);
  nai__trials_cut(trials);
  return NAI_OK;
}

/* --- the task --------------------------------------------------------------------------------- */

static int has_condition(const nai_trials *trials, const char *name)
{
  for (int64_t i = 0; i < trials->n_conditions; i++)
    if (strcmp(trials->condition[i].name, name) == 0) return 1;
  return 0;
}

/* Names of the conditions that both have. */
static nai_status name_conditions(const char *names[NAI__MOST_CONDITIONS], int64_t *n,
                                  const recorded *r)
{
  *n = 0;
  for (int64_t i = 0; i < r->train->n_conditions; i++) {
    if (!has_condition(r->test, r->train->condition[i].name)) continue;
    if (*n == NAI__MOST_CONDITIONS)
      return nai__fail(NAI_ERR_INVALID, "the trials have more than %d conditions",
                       NAI__MOST_CONDITIONS);
    names[(*n)++] = r->train->condition[i].name;
  }
  return NAI_OK;
}

static const char *kind_of(const nai__goal *goal)
{
  if (goal->classes) return goal->target ? "classes and targets" : "classes";
  return goal->target ? "targets" : "neither classes nor targets";
}

static nai_status check(const recorded *r)
{
  if (r->train->own != r->test->own)
    return nai__fail(NAI_ERR_INVALID, "the trials have %lld parts, the test trials %lld",
                     (long long)r->train->own, (long long)r->test->own);
  for (int64_t i = 0; i < r->train->n_goals; i++) {
    const nai__goal *train = &r->train->goal[i], *test = &r->test->goal[i];
    if (!train->classes != !test->classes || !train->target != !test->target)
      return nai__fail(NAI_ERR_INVALID, "output '%s': the trials have %s, the test trials %s",
                       train->name, kind_of(train), kind_of(test));
  }
  return NAI_OK;
}

static int has_aims(const nai_trials *trials)
{
  for (int64_t i = 0; i < trials->n_goals; i++)
    if (trials->goal[i].classes || trials->goal[i].target) return 1;
  return 0;
}

/* The table wants one; trials come from fill(). */
static nai_status generate(void *user, nai_trial_batch *batch)
{
  (void)user;
  (void)batch;
  return NAI_ERR_UNSUPPORTED;
}

/* Takes over `r`, whatever happens. */
static nai_status create(nai_task **out, recorded *r, const nai_network *net)
{
  const char *names[NAI__MOST_CONDITIONS];
  const nai_trials *longer = r->train->steps > r->test->steps ? r->train : r->test;
  nai_task_ops ops = {.struct_size = sizeof ops,
                      .name = "recorded_trials",
                      .n_inputs = net->n_inputs,
                      .n_outputs = net->n_outputs,
                      .max_steps = longer->steps,
                      .has_classes = r->train->n_goals && r->train->goal[0].classes,
                      .condition_names = names,
                      .generate = generate,
                      .destroy = destroy,
                      .flags = r->train->own > 1 ? NAI_TASK_BLOCK : 0,
                      .parts = r->train->own};
  nai_status status = name_conditions(names, &ops.n_conditions, r);
  if (status != NAI_OK) {
    destroy(r);
    return status;
  }
  NAI__TRY(nai_task_create_own(out, &ops, net, r));
  (*out)->add_arrays = add_arrays;
  (*out)->fill = fill;
  (*out)->test = r->test;
  (*out)->aimless = !has_aims(r->train);
  return NAI_OK;
}

nai_status nai_task_create_from_trials(nai_task **out, const nai_trials *trials,
                                       const nai_trials *test, const nai_network *net)
{
  NAI__REQUIRE(out);
  *out = NULL;
  NAI__REQUIRE(trials);
  NAI__TRY(nai__require_built(net, "net"));
  recorded *r = NAI__NEW(recorded);
  if (!r) return NAI_ERR_MEMORY;
  nai_status status = copy_trials(&r->train, trials, net);
  if (status == NAI_OK && test)
    status = copy_trials(&r->test, test, net);
  else
    r->test = r->train;
  if (status == NAI_OK) status = check(r);
  if (status == NAI_OK) return create(out, r, net);
  destroy(r);
  return status;
}
