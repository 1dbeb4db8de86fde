/*
 * Evaluating: blocks of trials, a task's or given ones, through the network, each judged, all of it
 * kept by trial and by condition.
 */
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/structs.h"
#include "../base/watch.h"
#include "../task/arrays.h"
#include "../task/task.h"
#include "evaluation.h"
#include "forward.h"
#include "perturb.h"

/* Trials that run together. */
#define BLOCK 64

/* Far more than anybody evaluates, and far below what memory has. */
#define MOST_TRIALS 100000000

/* An evaluation that is being made. */
typedef struct work {
  nai_evaluation *e;
  const nai_network *net;
  const nai_task *task;    /* or NULL: trials are judged by class */
  const nai_trials *given; /* trials to run; NULL: the task's */
  nai_trials *drawn;       /* a block of the task's trials */
  nai_evaluation_options options;
  nai__forward forward;
  nai__perturbed perturbed;
  int64_t done, total;
} work;

/* --- judging ---------------------------------------------------------------------------------- */

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
static void scale_choices(const work *w, const nai_trials *trials, int64_t b, int64_t p,
                          int32_t choice)
{
  int64_t step;
  const nai__goal *goal =
      w->task && w->task->ops.judge ? NULL : nai__trials_judged_at(&step, trials, b, p);
  if (goal)
    widen(w->e, goal->classes[step * trials->trials + b]);
  else if (choice >= 0)
    widen(w->e, choice);
}

/* Trials first .. first + count - 1 of these, which are the evaluation's next ones. */
static nai_status judge_block(work *w, const nai_trials *trials, int64_t first, int64_t count)
{
  nai_evaluation *e = w->e;
  int64_t n = trials->n_outputs, own = trials->own, done = w->done * own;
  for (int64_t k = 0; k < count * own; k++) {
    nai__verdict verdict;
    NAI__TRY(nai__judge(&verdict, w->task, trials, first + k / own, k % own,
                        w->forward.output + k / own * n, count * n, w->net->dt));
    e->correct[done + k] = verdict.correct;
    e->choice[done + k] = verdict.choice;
    e->time[done + k] = (float)verdict.time;
    e->finite[done + k] = nai__forward_finite(&w->forward, k / own);
    scale_choices(w, trials, first + k / own, k % own, verdict.choice);
  }
  for (int64_t i = 0; i < e->n_conditions; i++)
    memcpy(e->condition[i].value + done, trials->condition[i].value + first * own,
           (size_t)(count * own) * sizeof(float));
  return NAI_OK;
}

/* --- running ---------------------------------------------------------------------------------- */

static nai_status ask(const work *w, int64_t under_way)
{
  const nai__watch watch = {.call = w->options.progress, .user = w->options.user};
  return nai__ask(&watch, w->done + under_way, w->total);
}

/* A block may take a minute: what it has done of its trials is told as well. */
static nai_status ask_within(void *who)
{
  work *w = who;
  return ask(w, nai__forward_done(&w->forward));
}

/* In blocks each part has its own epochs, and is where or not. */
static void part_begins(void *who, int64_t step)
{
  work *w = who;
  const nai__forward *f = &w->forward;
  nai__perturbed_next(&w->perturbed, &w->forward, f->trials, f->first, f->count, w->done, step);
}

static nai_status run_block(work *w, int64_t count)
{
  const nai_trials *trials = w->given;
  int64_t first = w->done;
  if (!trials) {
    NAI__TRY(nai__task_fill(w->drawn, w->task, w->options.seed, NAI_STREAM_TEST, (uint64_t)first,
                            count));
    trials = w->drawn;
    first = 0;
  }
  nai__perturbed_next(&w->perturbed, &w->forward, trials, first, count, w->done, 0);
  NAI__TRY(nai__forward_run(&w->forward, trials, first, count, w->options.seed));
  NAI__TRY(judge_block(w, trials, first, count));
  w->done += count;
  return NAI_OK;
}

/* Above 0: the callback wants no more. */
static nai_status run_blocks(work *w)
{
  while (w->done < w->total) {
    int64_t left = w->total - w->done;
    NAI__TRY(run_block(w, left < BLOCK ? left : BLOCK));
    if (w->options.progress) NAI__TRY(ask(w, 0));
  }
  return NAI_OK;
}

/* --- what it takes ---------------------------------------------------------------------------- */

static void name_conditions(const work *w)
{
  for (int64_t i = 0; i < w->e->n_conditions; i++)
    memcpy(w->e->condition[i].name,
           w->given ? w->given->condition[i].name : w->task->condition_name[i],
           sizeof w->e->condition[i].name);
}

static nai_status prepare_forward(work *w, int64_t room)
{
  const nai_trials *trials = w->given ? w->given : w->drawn;
  NAI__TRY(nai__trials_fit(trials, w->net));
  NAI__TRY(nai__perturbed_create(&w->perturbed, w->net, w->options.interventions,
                                 w->options.n_interventions, w->total, room, trials));
  NAI__TRY(nai__forward_create(&w->forward, w->net, trials->capacity, room, w->options.threads));
  w->forward.ask = w->options.progress ? ask_within : NULL;
  w->forward.before = w->perturbed.n ? part_begins : NULL;
  w->forward.who = w;
  if (!w->given && nai__task_responds(w->task)) {
    w->forward.task = w->task;
    w->forward.answered = w->drawn;
  }
  return NAI_OK;
}

static nai_status prepare(work *w)
{
  int64_t block = w->total < BLOCK ? w->total : BLOCK;
  int64_t conditions = w->given ? w->given->n_conditions : w->task->ops.n_conditions;
  int64_t own = w->given                              ? w->given->own
                : w->task->ops.flags & NAI_TASK_BLOCK ? w->task->ops.parts
                                                      : 1;
  if (w->total > MOST_TRIALS / own)
    return nai__fail(NAI_ERR_INVALID, "trials is %lld, must be 1 to %d parts together",
                     (long long)w->total, MOST_TRIALS);
  NAI__TRY(nai__evaluation_create(&w->e, w->total * own, conditions));
  name_conditions(w);
  if (w->task) NAI__TRY(nai_task_has_times(&w->e->has_times, w->task));
  if (!w->given) NAI__TRY(nai__task_trials(&w->drawn, w->task, block));
  return prepare_forward(w, block);
}

static void release(work *w)
{
  if (w->forward.pool) nai__forward_destroy(&w->forward);
  nai_trials_destroy(w->drawn);
  nai__perturbed_destroy(&w->perturbed);
}

static nai_status evaluate(nai_evaluation **out, work *w)
{
  if (w->options.finite)
    return nai__fail(NAI_ERR_INVALID,
                     "options->finite is for nai_trials_create_played(), must be NULL: an "
                     "evaluation has nai_evaluation_finite()");
  nai_status status = prepare(w);
  if (status == NAI_OK) status = run_blocks(w);
  if (status == NAI_OK) status = nai__perturbed_met(&w->perturbed);
  if (status >= NAI_OK) {
    w->e->trials = w->done * (w->given ? w->given->own : w->drawn->own);
    *out = w->e;
  } else {
    nai_evaluation_destroy(w->e);
  }
  release(w);
  return status < NAI_OK ? status : NAI_OK;
}

/* --- three ways to ask for it ----------------------------------------------------------------- */

static nai_status take_options(work *w, const nai_evaluation_options *options)
{
  const nai_evaluation_options standard = NAI_EVALUATION_OPTIONS_INIT;
  NAI__TRY(nai__struct_take(&w->options, sizeof w->options, options ? options : &standard,
                            NAI__FIRST_SIZE(nai_evaluation_options, user), "options"));
  NAI__TRY(nai__struct_reserved(w->options.reserved, "options"));
  if (w->options.n_interventions < 0)
    return nai__fail(NAI_ERR_INVALID, "options->n_interventions is %lld, must be at least 0",
                     (long long)w->options.n_interventions);
  if (w->options.n_interventions > 0 && !w->options.interventions)
    return nai__fail_null("interventions");
  return NAI_OK;
}

static nai_status check_dt(const nai_network *net, const nai_task *task)
{
  if (!task || net->dt == task->net->dt) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID, "the network's dt is %g ms, that of task %.60s is %g ms",
                   net->dt, task->name, task->net->dt);
}

static nai_status take_task(work *w, const nai_network *net, const nai_task *task, int64_t trials,
                            const nai_evaluation_options *options)
{
  NAI__TRY(nai__require_built(net, "net"));
  NAI__TRY(nai__whole_check(net, "an evaluation"));
  NAI__REQUIRE(task);
  if (trials < 1 || trials > MOST_TRIALS)
    return nai__fail(NAI_ERR_INVALID, "trials is %lld, must be 1 to %d", (long long)trials,
                     MOST_TRIALS);
  NAI__TRY(check_dt(net, task));
  *w = (work){.net = net, .task = task, .total = trials};
  return take_options(w, options);
}

nai_status nai_evaluation_create_with(nai_evaluation **out, const nai_network *net,
                                      const nai_task *task, int64_t trials,
                                      const nai_evaluation_options *options)
{
  NAI__REQUIRE(out);
  *out = NULL;
  work w;
  NAI__TRY(take_task(&w, net, task, trials, options));
  return evaluate(out, &w);
}

static nai_status play(work *w)
{
  NAI__TRY(nai__task_trials(&w->drawn, w->task, w->total));
  NAI__TRY(nai__task_fill(w->drawn, w->task, w->options.seed, NAI_STREAM_TEST, 0, w->total));
  if (!nai__task_responds(w->task)) return NAI_OK;
  NAI__TRY(prepare_forward(w, w->total));
  nai__perturbed_next(&w->perturbed, &w->forward, w->drawn, 0, w->total, 0, 0);
  nai_status status = nai__forward_run(&w->forward, w->drawn, 0, w->total, w->options.seed);
  if (status > 0) return nai__fail(NAI_ERR_USER, "stopped before the end of the trials");
  return status == NAI_OK ? nai__perturbed_met(&w->perturbed) : status;
}

static void tell_finite(const work *w)
{
  const int was_run = nai__task_responds(w->task);
  for (int64_t k = 0; w->options.finite && k < w->total; k++)
    w->options.finite[k] = was_run ? nai__forward_finite(&w->forward, k) : 1;
}

nai_status nai_trials_create_played(nai_trials **out, const nai_network *net, const nai_task *task,
                                    int64_t trials, const nai_evaluation_options *options)
{
  NAI__REQUIRE(out);
  *out = NULL;
  work w;
  NAI__TRY(take_task(&w, net, task, trials, options));
  nai_status status = play(&w);
  if (status == NAI_OK) {
    tell_finite(&w);
    *out = w.drawn;
    w.drawn = NULL;
  }
  release(&w);
  return status;
}

nai_status nai_evaluation_create(nai_evaluation **out, const nai_network *net, const nai_task *task,
                                 int64_t trials, uint64_t seed, int64_t threads)
{
  nai_evaluation_options options = NAI_EVALUATION_OPTIONS_INIT;
  options.seed = seed;
  options.threads = threads;
  return nai_evaluation_create_with(out, net, task, trials, &options);
}

nai_status nai_evaluation_create_from_trials(nai_evaluation **out, const nai_network *net,
                                             const nai_trials *trials, const nai_task *task,
                                             const nai_evaluation_options *options)
{
  NAI__REQUIRE(out);
  *out = NULL;
  NAI__TRY(nai__require_built(net, "net"));
  NAI__TRY(nai__whole_check(net, "an evaluation"));
  NAI__REQUIRE(trials);
  NAI__TRY(check_dt(net, task));
  work w = {.net = net, .task = task, .given = trials, .total = trials->trials};
  NAI__TRY(take_options(&w, options));
  return evaluate(out, &w);
}
