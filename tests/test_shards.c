/*
 * Batches in shards, and ranks that share them out: the same bits for any number of ranks and of threads,
 * a gradient that is the whole batch's; what cannot be cut, and what happens where a rank fails.
 */
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/train/trainer.h"
#include "faults.h"
#include "ranks.h"
#include "rules.h"
#include "tasks.h"

enum { BATCH = 10, UPDATES = 5, ROWS = 16, COLUMNS = 10 };

/* --- trainers ----------------------------------------------------------------------------------- */

/* A trainer on recorded trials of build_everything(), all of whose costs are sums over trials. */
static nai_trainer *make_trainer(nai_network *net, nai_rule *rule, nai_optimizer *optimizer,
                                 nai_task *task)
{
  nai_trainer *trainer;
  expect_ok(nai_trainer_create(&trainer, net, rule, optimizer, task));
  nai_rule_destroy(rule);
  nai_optimizer_destroy(optimizer);
  nai_task_destroy(task);
  nai_network_destroy(net);
  expect_ok(nai_trainer_set(trainer, "batch", BATCH));
  expect_ok(nai_trainer_set(trainer, "seed", 17));
  expect_ok(nai_trainer_set(trainer, "clip", 0.05));
  expect_ok(nai_trainer_set(trainer, "evaluate_every", 2));
  expect_ok(nai_trainer_set(trainer, "evaluate_trials", 23));
  return trainer;
}

static nai_task *task_of(const nai_network *net, nai_trials *trials)
{
  nai_task *task;
  expect_ok(nai_task_create_from_trials(&task, trials, NULL, net));
  nai_trials_destroy(trials);
  return task;
}

static void cost_everything(nai_trainer *trainer)
{
  nai_cost *real, *choice, *l1, *l2, *wiring;
  attach_cost(trainer, nai_cost_create_mse(&real, "real"), &real, 0.7);
  attach_cost(trainer, nai_cost_create_cross_entropy(&choice, "choice"), &choice, 1.1);
  attach_cost(trainer, nai_cost_create_l1_rates(&l1, "E I"), &l1, L1_RATES);
  expect_ok(nai_cost_create_l2_rates(&l2, "*"));
  expect_ok(nai_cost_set_normalise(l2, 1));
  attach_cost(trainer, NAI_OK, &l2, L2_RATES);
  attach_cost(trainer, nai_cost_create_l2_weights(&wiring, "E I", "E I"), &wiring, 1e-3);
}

/* Delays, noise, Dale's law, masks, lengths, two outputs: by a rule of this number, all_rules first. */
static nai_trainer *everything_with(int number, nai_optimizer *optimizer)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_rule *rule;
  if (number < n_rules)
    rule = rule_made(number, 5);
  else
    expect_ok(other_rules[number - n_rules].create(&rule, 5));
  nai_trainer *trainer =
      make_trainer(net, rule, optimizer, task_of(net, any_trials_for_everything(net, 33, 3)));
  cost_everything(trainer);
  return trainer;
}

static nai_trainer *everything(int number)
{
  return everything_with(number, adam(1e-3));
}

/* A task that answers within its trials, whose masks depend on what it says. */
static nai_trainer *cards(int number)
{
  nai_network *net =
      COMPOSE(.dt = 20, .inputs = {{"stimulus", 16}, {"feedback", 2}},
              .populations = {{"E", 12, NAI_FREE}}, .outputs = {{"response", 3}, {"rule", 2}},
              .projections = {{"stimulus feedback", "E"}, {"E", "E response rule"}});
  (void)number;
  expect_ok(nai_network_set(net, "E", "noise", 0.1));
  expect_ok(nai_network_build(net, 1));
  nai_trainer *trainer = make_trainer(net, bptt_rule(), adam(1e-3), task_for(net, "wcst"));
  nai_cost *cost;
  attach_cost(trainer, nai_cost_create_mse(&cost, "*"), &cost, 1);
  return trainer;
}

/* For rules that go on from where a trial ends: predictive coding, equilibrium propagation. */
static nai_trainer *layers(int number)
{
  nai_network *net =
      COMPOSE(.dt = 20, .inputs = {{"u", 3}},
              .populations = {{"a", 7, NAI_FREE}, {"b", number ? 0 : 6, NAI_FREE}},
              .outputs = {{"y", 2}},
              .projections = {{"u", "a"}, {"a", number ? "y" : "b"}, {number ? NULL : "b", "y"}});
  expect_ok(nai_network_set(net, "a", "tau", number ? 40 : 20));
  if (!number) expect_ok(nai_network_set(net, "b", "tau", 20));
  if (!number) expect_ok(nai_network_set_delay(net, "a", "b", 0));
  expect_ok(nai_network_build(net, 4));
  nai_rule *rule;
  if (number)
    expect_ok(nai_rule_create_equilibrium_propagation(&rule, NAI_NUDGE_RANDOM, 3));
  else
    expect_ok(nai_rule_create_predictive_coding(&rule));
  nai_trials *trials = normal_trials(net, "y", 9, 33);
  float mask[9 * 33] = {0};
  for (int i = 0; i < 33; i++) mask[8 * 33 + i] = 1;
  if (number) expect_ok(nai_trials_set_mask(trials, "y", mask, 1));
  nai_trainer *trainer = make_trainer(net, rule, adam(1e-3), task_of(net, trials));
  nai_cost *cost;
  attach_cost(trainer, nai_cost_create_mse(&cost, "y"), &cost, 1);
  return trainer;
}

/* r^2 of all steps and trials, in parts of the size of the whole batch: as many steps as its longest trial has. */
static nai_status mean_square(void *user, nai_rate_batch *b, double *value)
{
  (void)user;
  double part = 1 / (double)(b->batch_trials * b->batch_steps);
  for (int64_t t = 0; t < b->steps; t++)
    for (int64_t k = 0; k < b->trials; k++)
      for (int64_t u = 0; u < b->n && b->first_step + t < b->length[k]; u++) {
        int64_t at = t * b->step_stride + k * b->stride + u;
        *value += part * (double)b->rate[at] * (double)b->rate[at];
        b->gradient[at] += (float)(b->scale * part * 2 * (double)b->rate[at]);
      }
  return NAI_OK;
}

/* Of 10 trials few are of the longest ones, so that most shards have none of these. */
static nai_trainer *own_cost(int number)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_trials *trials = any_trials_for_everything(net, 33, 3);
  int32_t length[33];
  for (int k = 0; k < 33; k++) length[k] = k % 5 == 3 ? EVERYTHING_STEPS : 4 + k % 3;
  expect_ok(nai_trials_set_lengths(trials, length));
  nai_trainer *trainer = make_trainer(net, bptt_rule(), adam(1e-3), task_of(net, trials));
  const nai_cost_ops ops = {.struct_size = sizeof ops,
                            .flags = NAI_COST_SEPARABLE,
                            .name = "mean_square",
                            .on_rates = mean_square};
  nai_cost *cost;
  (void)number;
  attach_cost(trainer, nai_cost_create(&cost, &ops, "*", NULL, NULL), &cost, 1);
  return trainer;
}

typedef nai_trainer *(*maker)(int number);

/* --- what a run leaves -------------------------------------------------------------------------- */

typedef struct run {
  maker make;
  int number, shards, ranks, threads, updates;
  const char *from, *to; /* checkpoints; or NULL */
  uint64_t hash[MOST_TEST_RANKS];
  double history[MOST_TEST_RANKS][ROWS * COLUMNS];
  double performance[MOST_TEST_RANKS];
} run;

static void look(run *r, int rank, const nai_trainer *trainer)
{
  int64_t rows, columns;
  r->hash[rank] = hash_of(trainer->plasticity.net);
  r->performance[rank] = trainer->performance;
  expect_ok(
      nai_trainer_history(r->history[rank], (int64_t)ROWS * COLUMNS, &rows, &columns, trainer));
  EXPECT(rows <= ROWS && columns <= COLUMNS);
  for (int64_t i = 0; i < rows * columns; i++) /* one NaN is as good as another */
    if (isnan(r->history[rank][i])) r->history[rank][i] = -1;
}

static void work(int rank, nai_exchange *exchange, void *argument)
{
  run *r = argument;
  nai_trainer *trainer = r->make(r->number);
  expect_ok(nai_trainer_set(trainer, "shards", r->shards));
  expect_ok(nai_trainer_set(trainer, "threads", r->threads));
  expect_ok(nai_trainer_set_exchange(trainer, exchange));
  nai_exchange_destroy(exchange);
  if (r->from) expect_ok(nai_trainer_restore(trainer, r->from));
  expect_ok(nai_trainer_run(trainer, r->updates, NULL, NULL));
  if (r->to && rank == r->ranks - 1) expect_ok(nai_trainer_save(trainer, r->to));
  look(r, rank, trainer);
  nai_trainer_destroy(trainer);
}

/* On so many ranks, 0: without an exchange. */
static void make_run(run *r)
{
  const ranks_plan plan = {.ranks = r->ranks, .work = work, .argument = r};
  if (r->ranks)
    run_ranks(&plan, NULL);
  else
    work(0, NULL, r);
}

static void expect_same_runs(const run *a, const run *b, const char *what)
{
  for (int k = 0; k < (b->ranks ? b->ranks : 1); k++) {
    ck_assert_msg(a->hash[0] == b->hash[k], "%s: other weights on %d of %d ranks, %d threads", what,
                  k, b->ranks, b->threads);
    ck_assert_msg(memcmp(a->history[0], b->history[k], sizeof a->history[0]) == 0,
                  "%s: another history on %d of %d ranks", what, k, b->ranks);
  }
}

static void expect_any_ranks_agree(maker make, int number, const char *what)
{
  static const int ranks[] = {1, 2, 4, 4}, threads[] = {1, 1, 1, 3};
  run alone = {.make = make, .number = number, .shards = 4, .threads = 2, .updates = UPDATES};
  make_run(&alone);
  for (int k = 0; k < 4; k++) {
    run r = alone;
    r.ranks = ranks[k];
    r.threads = threads[k];
    make_run(&r);
    expect_same_runs(&alone, &r, what);
  }
}

START_TEST(any_ranks_by_every_rule)
{
  expect_any_ranks_agree(everything, _i, all_rules[_i].name);
}
END_TEST

/* rtrl, uoro, one's own */
START_TEST(any_ranks_by_other_rules)
{
  expect_any_ranks_agree(everything, n_rules + _i, other_rules[_i].name);
}
END_TEST

START_TEST(any_ranks_where_a_task_answers)
{
  expect_any_ranks_agree(cards, 0, "wcst");
}
END_TEST

START_TEST(any_ranks_from_where_trials_end)
{
  expect_any_ranks_agree(layers, _i, _i ? "equilibrium propagation" : "predictive coding");
}
END_TEST

/* Trials grow longer from stage to stage; which stage, all find out together. */
static nai_trainer *in_stages(int number)
{
  nai_network *net = compose_ei_of(20, 3, 16, 4, 3);
  nai_curriculum *stages;
  nai_cost *cost;
  expect_ok(nai_network_build(net, 1));
  nai_trainer *trainer =
      make_trainer(net, bptt_rule(), adam(1e-3), task_for(net, "perceptual-decision-making"));
  attach_cost(trainer, nai_cost_create_cross_entropy(&cost, "choice"), &cost, 1);
  expect_ok(nai_curriculum_create(&stages));
  expect_ok(nai_curriculum_add_stage(stages, "short", 0, 1));
  expect_ok(nai_curriculum_add_stage(stages, "long", 0, 1));
  expect_ok(nai_curriculum_set(stages, "short", "stimulus", (double[]){200}, 1));
  expect_ok(nai_curriculum_set(stages, "long", "stimulus", (double[]){900}, 1));
  expect_ok(nai_trainer_set_curriculum(trainer, stages));
  nai_curriculum_destroy(stages);
  (void)number;
  return trainer;
}

START_TEST(any_ranks_in_stages)
{
  expect_any_ranks_agree(in_stages, 0, "a curriculum");
  run r = {.make = in_stages, .shards = 4, .threads = 1, .updates = UPDATES};
  make_run(&r);
  /* two stages of two updates each, and an end */
  EXPECT(r.history[0][NAI_HISTORY_STAGE] == 0 && r.history[0][3 * 5 + NAI_HISTORY_STAGE] == 1);
  EXPECT(r.history[0][4 * 5 + NAI_HISTORY_COST] == 0);
}
END_TEST

static nai_trainer *by_optimizer(int number)
{
  nai_optimizer *optimizer;
  if (number == 0) expect_ok(nai_optimizer_create_sgd(&optimizer, 1e-2));
  if (number == 1) expect_ok(nai_optimizer_create_momentum(&optimizer, 1e-2));
  if (number == 2) expect_ok(nai_optimizer_create_rmsprop(&optimizer, 1e-3));
  if (number == 3) expect_ok(nai_optimizer_create_adamw(&optimizer, 1e-3));
  nai_trainer *trainer = everything_with(0, optimizer);
  expect_ok(nai_trainer_set_rate(trainer, "E", "I", 0.3));
  expect_ok(nai_trainer_set(trainer, "recompute", number == 3 ? 4 : 0));
  return trainer;
}

START_TEST(any_ranks_by_every_optimiser)
{
  expect_any_ranks_agree(by_optimizer, _i, "an optimiser");
}
END_TEST

/* --- what shards add up to ------------------------------------------------------------------------ */

static double largest_difference(const float *a, const float *b, int64_t n)
{
  double most = 0, largest = 0;
  for (int64_t i = 0; i < n; i++) {
    most = fmax(most, fabs((double)a[i] - (double)b[i]));
    largest = fmax(largest, fabs((double)a[i]));
  }
  EXPECT(largest > 0);
  return most / largest;
}

/*
 * The gradient and the costs of the batch as it is, which is added up in another order: so in single
 * precision. Shards of 10 trials: 5 and 5, 2 and 3, or 1 and 2.
 */
static void expect_whole_gradient(maker make, int number, const char *what)
{
  static const int shards[] = {2, 4, 8};
  nai_trainer *whole = make(number);
  nai_progress all = NAI_PROGRESS_INIT;
  expect_ok(nai_trainer_estimate_gradient(&all, whole, NULL));
  for (int k = 0; k < 3; k++) {
    nai_trainer *cut = make(number);
    nai_progress now = NAI_PROGRESS_INIT;
    expect_ok(nai_trainer_set(cut, "shards", shards[k]));
    expect_ok(nai_trainer_estimate_gradient(&now, cut, NULL));
    for (int i = 0; i < now.n_costs; i++)
      ck_assert_msg(fabs(now.costs[i] - all.costs[i]) <= 1e-6 * fabs(all.costs[i]),
                    "%s, %d shards: cost %d is %.9g, not %.9g", what, shards[k], i, now.costs[i],
                    all.costs[i]);
    double off = largest_difference(whole->plasticity.gradient, cut->plasticity.gradient,
                                    whole->plasticity.net->n_theta);
    ck_assert_msg(off <= 2e-6, "%s, %d shards: the gradient is off by %g", what, shards[k], off);
    nai_trainer_destroy(cut);
  }
  nai_trainer_destroy(whole);
}

START_TEST(shards_add_up_to_the_batch)
{
  for (int rule = 0; rule < n_rules + 3; rule++)
    expect_whole_gradient(everything, rule,
                          rule < n_rules ? all_rules[rule].name : other_rules[rule - n_rules].name);
  expect_whole_gradient(cards, 0, "wcst");
  expect_whole_gradient(own_cost, 0, "own cost");
  for (int k = 0; k < 2; k++) expect_whole_gradient(layers, k, "layers");
}
END_TEST

/* One shard is the batch as it is: with an exchange of one rank, too. */
START_TEST(one_shard_changes_nothing)
{
  run without = {.make = everything, .shards = 1, .threads = 1, .updates = UPDATES}, with = without;
  make_run(&without);
  with.ranks = 1;
  make_run(&with);
  expect_same_runs(&without, &with, "one shard");
}
END_TEST

/* As many as one likes from one update to the next, of batches of any size: room is made anew. */
START_TEST(shards_may_change)
{
  static const int shards[] = {4, 1, 8, 2, 2, 4}, batch[] = {10, 3, 9, 30, 2, 11};
  uint64_t hash[2];
  for (int k = 0; k < 2; k++) {
    nai_trainer *trainer = everything(0);
    for (int i = 0; i < 6; i++) {
      if (k) expect_ok(nai_trainer_set(trainer, "threads", 1 + i % 3));
      expect_ok(nai_trainer_set(trainer, "shards", 1));
      expect_ok(nai_trainer_set(trainer, "batch", batch[i]));
      expect_ok(nai_trainer_set(trainer, "shards", shards[i]));
      expect_ok(nai_trainer_run(trainer, 1, NULL, NULL));
    }
    hash[k] = hash_of(trainer->plasticity.net);
    nai_trainer_destroy(trainer);
  }
  EXPECT(hash[0] == hash[1]);
}
END_TEST

/* --- checkpoints ------------------------------------------------------------------------------------ */

START_TEST(any_ranks_go_on_from_a_checkpoint)
{
  char folder[256], path[300];
  checks_folder(folder);
  snprintf(path, sizeof path, "%s/trainer.safetensors", folder);
  run whole = {.make = everything,
               .number = 12, /* keeps feedback weights */
               .shards = 4,
               .ranks = 2,
               .threads = 1,
               .updates = UPDATES};
  run first = whole, second = whole;
  make_run(&whole);
  first.updates = 2;
  first.to = path;
  make_run(&first);
  second.updates = UPDATES - 2;
  second.from = path;
  for (second.ranks = 0; second.ranks <= 4; second.ranks += second.ranks ? second.ranks : 1) {
    make_run(&second);
    expect_same_runs(&whole, &second, "from a checkpoint");
  }
  nai_trainer *trainer = everything(12);
  double shards;
  expect_ok(nai_trainer_restore(trainer, path));
  expect_ok(nai_trainer_get(&shards, trainer, "shards"));
  EXPECT(shards == 4);
  nai_trainer_destroy(trainer);
  unlink(path);
  rmdir(folder);
}
END_TEST

/* --- failures --------------------------------------------------------------------------------------- */

typedef struct failure {
  char folder[256];
  uint64_t hash; /* after UPDATES of a run without one */
  long calls;    /* of the exchange, by rank 1 */
  int failed[2]; /* whether a rank's run did */
  nai_status status[2];
  char message[2][256];
} failure;

static void checkpoint_path(char path[300], const char *folder, int rank)
{
  snprintf(path, 300, "%s/rank%d.safetensors", folder, rank);
}

/* One update after the other, a checkpoint after each. What fails leaves the trainer as it was. */
static void work_until_failure(int rank, nai_exchange *exchange, void *argument)
{
  failure *f = argument;
  char path[300];
  nai_trainer *trainer = everything(12);
  expect_ok(nai_trainer_set(trainer, "shards", 4));
  expect_ok(nai_trainer_set_exchange(trainer, exchange));
  nai_exchange_destroy(exchange);
  checkpoint_path(path, f->folder, rank);
  expect_ok(nai_trainer_set_checkpoints(trainer, path, 1));
  expect_ok(nai_trainer_save(trainer, path));
  f->status[rank] = nai_trainer_run(trainer, UPDATES, NULL, NULL);
  if (f->status[rank] == NAI_OK) {
    if (rank == 0) f->hash = hash_of(trainer->plasticity.net);
  } else {
    snprintf(f->message[rank], sizeof f->message[rank], "%s", nai_last_error());
    expect_fails(nai_trainer_step(NULL, trainer, NULL), NAI_ERR_ORDER, "has failed before");
    uint64_t left = hash_of(trainer->plasticity.net);
    int64_t updates = nai_trainer_updates(trainer);
    expect_ok(nai_trainer_restore(trainer, path));
    int64_t saved = nai_trainer_updates(trainer); /* of the last update, or before its evaluation */
    EXPECT(saved == updates || saved == updates - 1);
    EXPECT(saved != updates || hash_of(trainer->plasticity.net) == left);
  }
  nai_trainer_destroy(trainer);
}

/* From the checkpoint of the rank that got less far. */
static void go_on(int rank, nai_exchange *exchange, void *argument)
{
  failure *f = argument;
  char path[300];
  nai_trainer *trainer = everything(12), *other = everything(12);
  checkpoint_path(path, f->folder, 1);
  expect_ok(nai_trainer_restore(other, path));
  checkpoint_path(path, f->folder, 0);
  expect_ok(nai_trainer_restore(trainer, path));
  if (nai_trainer_updates(other) < nai_trainer_updates(trainer)) {
    checkpoint_path(path, f->folder, 1);
    expect_ok(nai_trainer_restore(trainer, path));
  }
  expect_ok(nai_trainer_set_exchange(trainer, exchange));
  nai_exchange_destroy(exchange);
  expect_ok(nai_trainer_run(trainer, UPDATES - nai_trainer_updates(trainer), NULL, NULL));
  EXPECT(hash_of(trainer->plasticity.net) == f->hash);
  (void)rank;
  nai_trainer_destroy(trainer);
  nai_trainer_destroy(other);
}

START_TEST(a_rank_may_fail_at_any_call)
{
  failure f = {.hash = 0};
  char path[300];
  checks_folder(f.folder);
  ranks_plan plan = {.ranks = 2, .work = work_until_failure, .argument = &f};
  ranks_told told[2];
  run_ranks(&plan, told);
  EXPECT(f.status[0] == NAI_OK && f.status[1] == NAI_OK);
  long calls = told[1].swaps + told[1].gathers;
  /* a meeting; before, after and on, the halves and the sum of each stretch; evaluations of 3 updates */
  EXPECT(told[0].swaps == told[1].swaps && told[0].gathers == told[1].gathers);
  EXPECT(told[1].gathers == 1 + UPDATES * 3 + told[1].swaps + 3);
  plan.failing = 1;
  for (plan.failing_call = 1; plan.failing_call <= calls; plan.failing_call++) {
    ranks_plan again = {.ranks = 2, .work = go_on, .argument = &f};
    run_ranks(&plan, NULL);
    EXPECT(f.status[1] == NAI_ERR_USER && strcmp(f.message[1], "the line is dead") == 0);
    EXPECT(f.status[0] == NAI_ERR_USER && strcmp(f.message[0], "a rank is gone") == 0);
    run_ranks(&again, NULL);
  }
  for (int k = 0; k < 2; k++) {
    checkpoint_path(path, f.folder, k);
    unlink(path);
  }
  rmdir(f.folder);
}
END_TEST

/* Swaps of halves, quarters, ..., of which each rank hands its part on; and three tables an update. */
START_TEST(what_is_sent_is_known)
{
  nai_trainer *trainer = everything(0);
  const nai_network *net = trainer->plasticity.net;
  long n = 0, stretches = (long)net->n_stretches, costs = trainer->plasticity.objective.n;
  for (int64_t k = 0; k < net->n_stretches; k++)
    n += (long)(net->stretch[k].end - net->stretch[k].first);
  for (int ranks = 2; ranks <= 4; ranks *= 2) {
    run r = {.make = everything, .shards = 4, .ranks = ranks, .threads = 1, .updates = UPDATES};
    const ranks_plan plan = {.ranks = ranks, .work = work, .argument = &r};
    ranks_told told[4];
    long table = 256 + 8 * costs * 4 / ranks, tables = 3 * UPDATES + 3; /* 3 evaluations */
    run_ranks(&plan, told);
    for (int k = 0; k < ranks; k++) {
      EXPECT(told[k].swaps == UPDATES * stretches * (ranks / 2));
      EXPECT(told[k].given == UPDATES * 4 * (n - n / ranks));
      EXPECT(told[k].gathers == 1 + tables + UPDATES * stretches);
      EXPECT(told[k].gathered == 256 + tables * table + UPDATES * 4 * n / ranks);
    }
  }
  nai_trainer_destroy(trainer);
}
END_TEST

/* A cost that fails, or says NaN, on one rank alone. */
typedef struct bad_cost {
  atomic_int calls;
  int bad_call;
  double value;
} bad_cost;

static nai_status bad_on_outputs(void *user, nai_output_batch *batch, double *value)
{
  bad_cost *c = user;
  (void)batch;
  if (++c->calls != c->bad_call) return NAI_OK;
  *value = c->value;
  if (isnan(c->value)) return NAI_OK;
  nai_set_error("this cost has had enough");
  return NAI_ERR_USER;
}

typedef struct bad_run {
  int rank; /* where it goes wrong */
  double value;
  nai_status status[4];
  char message[4][256];
} bad_run;

static void work_badly(int rank, nai_exchange *exchange, void *argument)
{
  bad_run *r = argument;
  nai_trainer *trainer = everything(0);
  bad_cost bad = {.bad_call = rank == r->rank ? 3 : -1, .value = r->value};
  const nai_cost_ops ops = {.struct_size = sizeof ops, .name = "bad", .on_outputs = bad_on_outputs};
  nai_cost *cost;
  attach_cost(trainer, nai_cost_create(&cost, &ops, "real", NULL, &bad), &cost, 1);
  expect_ok(nai_trainer_set(trainer, "shards", 4));
  expect_ok(nai_trainer_set_exchange(trainer, exchange));
  nai_exchange_destroy(exchange);
  uint64_t before = hash_of(trainer->plasticity.net);
  expect_ok(nai_trainer_step(NULL, trainer, NULL));
  EXPECT(hash_of(trainer->plasticity.net) != before);
  before = hash_of(trainer->plasticity.net);
  r->status[rank] = nai_trainer_run(trainer, 3, NULL, NULL);
  snprintf(r->message[rank], sizeof r->message[rank], "%s", nai_last_error());
  EXPECT(hash_of(trainer->plasticity.net) == before && nai_trainer_updates(trainer) == 1);
  bad.bad_call = -1; /* nobody has lost the others */
  expect_ok(nai_trainer_run(trainer, 3, NULL, NULL));
  EXPECT(nai_trainer_updates(trainer) == 4);
  nai_trainer_destroy(trainer);
}

START_TEST(what_fails_on_one_rank_fails_on_all)
{
  for (int k = 0; k < 2; k++) {
    bad_run r = {.rank = 1, .value = k ? NAN : 1};
    const ranks_plan plan = {.ranks = 2, .work = work_badly, .argument = &r};
    run_ranks(&plan, NULL);
    for (int rank = 0; rank < 2; rank++) {
      EXPECT(r.status[rank] == (k ? NAI_ERR_NONFINITE : NAI_ERR_USER));
      EXPECT(strstr(r.message[rank], k ? "cost 'bad' is" : "this cost has had enough"));
    }
    EXPECT(k || strncmp(r.message[0], "rank 1: ", 8) == 0);
    EXPECT(k || strncmp(r.message[1], "this cost", 9) == 0);
  }
}
END_TEST

/* A rank ends its run by itself: all have made the same updates. */
static nai_status enough(const nai_progress *now, void *user)
{
  return now->step >= *(const int *)user ? NAI_STOP : NAI_OK;
}

static nai_status broken(const nai_progress *now, void *user)
{
  (void)user;
  if (now->step < 2) return NAI_OK;
  nai_set_error("the host gave up");
  return NAI_ERR_USER;
}

static void stop_alone(int rank, nai_exchange *exchange, void *argument)
{
  nai_trainer *trainer = everything(0);
  int last = rank == 0 ? 2 : 1000;
  expect_ok(nai_trainer_set(trainer, "shards", 2));
  expect_ok(nai_trainer_set_exchange(trainer, exchange));
  nai_exchange_destroy(exchange);
  expect_ok(nai_trainer_run(trainer, 4, enough, &last));
  EXPECT(nai_trainer_updates(trainer) == 2);
  expect_fails(nai_trainer_run(trainer, 4, rank == 0 ? broken : NULL, NULL), NAI_ERR_USER,
               rank == 0 ? "the host gave up" : "rank 0: the host gave up");
  EXPECT(nai_trainer_updates(trainer) == 3);
  (void)argument;
  nai_trainer_destroy(trainer);
}

START_TEST(who_ends_a_run_ends_it_for_all)
{
  const ranks_plan plan = {.ranks = 2, .work = stop_alone};
  run_ranks(&plan, NULL);
}
END_TEST

/* What one rank has otherwise than the other. */
static const struct {
  const char *setting;
  double value;
  const char *words;
} differences[] = {{"batch", 12, "'batch' is"},
                   {"seed", 18, "'seed' is"},
                   {"clip", 2, "'clip' is"},
                   {NULL, 0, "other weights"}};
enum { DIFFERENCES = sizeof differences / sizeof *differences };

static void differ(int rank, nai_exchange *exchange, void *argument)
{
  int k = *(const int *)argument;
  nai_trainer *trainer = everything(0);
  expect_ok(nai_trainer_set(trainer, "shards", 2));
  expect_ok(nai_trainer_set_exchange(trainer, exchange));
  nai_exchange_destroy(exchange);
  if (rank == 1 && differences[k].setting)
    expect_ok(nai_trainer_set(trainer, differences[k].setting, differences[k].value));
  if (rank == 1 && !differences[k].setting) trainer->plasticity.net->theta[3] += 0.125f;
  uint64_t before = hash_of(trainer->plasticity.net);
  expect_fails(nai_trainer_step(NULL, trainer, NULL), NAI_ERR_ORDER, differences[k].words);
  EXPECT(hash_of(trainer->plasticity.net) == before);
  nai_trainer_destroy(trainer);
}

START_TEST(ranks_that_differ_are_told)
{
  for (int k = 0; k < DIFFERENCES; k++) {
    const ranks_plan plan = {.ranks = 2, .work = differ, .argument = &k};
    run_ranks(&plan, NULL);
  }
}
END_TEST

/* --- refused ---------------------------------------------------------------------------------------- */

static nai_status no_swap(void *user, int64_t partner, const void *give, int64_t give_bytes,
                          void *take, int64_t take_bytes)
{
  (void)user, (void)partner, (void)give, (void)give_bytes;
  memset(take, 0, (size_t)take_bytes);
  return NAI_OK;
}

/* Everybody says what this rank says: `user` is how many there are, and this is the last. */
static nai_status echo(void *user, const int64_t *first, const int64_t *bytes, void *all)
{
  int ranks = *(const int *)user;
  for (int k = 0; k + 1 < ranks; k++) {
    int64_t n = bytes[k] < bytes[ranks - 1] ? bytes[k] : bytes[ranks - 1];
    memcpy((char *)all + first[k], (char *)all + first[ranks - 1], (size_t)n);
  }
  return NAI_OK;
}

static nai_exchange *echo_of(int *ranks)
{
  nai_exchange *exchange;
  const nai_exchange_ops ops = {.struct_size = sizeof ops,
                                .rank = *ranks - 1,
                                .ranks = *ranks,
                                .swap = no_swap,
                                .gather = echo};
  expect_ok(nai_exchange_create(&exchange, &ops, ranks));
  return exchange;
}

static void count_one(void *user)
{
  ++*(int *)user;
}

START_TEST(bad_exchanges_are_refused)
{
  const nai_exchange_ops good = {.struct_size = sizeof good,
                                 .ranks = 2,
                                 .swap = no_swap,
                                 .gather = echo,
                                 .destroy = count_one};
  nai_exchange_ops bad[7] = {good, good, good, good, good, good, good};
  static const char *const words[7] = {
      "flags of the exchange is 1",       "ranks of the exchange is 0",
      "ranks of the exchange is 1048577", "rank of the exchange is 2",
      "rank of the exchange is -1",       "swap of the exchange is NULL",
      "gather of the exchange is NULL"};
  bad[0].flags = 1;
  bad[1].ranks = 0;
  bad[2].ranks = 1048577;
  bad[3].rank = 2;
  bad[4].rank = -1;
  bad[5].swap = NULL;
  bad[6].gather = NULL;
  int released = 0;
  for (int k = 0; k < 7; k++) {
    nai_exchange *exchange = (nai_exchange *)&released;
    expect_fails(nai_exchange_create(&exchange, &bad[k], &released), NAI_ERR_INVALID, words[k]);
    EXPECT(!exchange && released == k + 1);
  }
  expect_fails(nai_exchange_create(NULL, &good, &released), NAI_ERR_INVALID, "out is NULL");
  EXPECT(released == 8);
  nai_exchange *exchange;
  expect_fails(nai_exchange_create(&exchange, NULL, &released), NAI_ERR_INVALID, "ops is NULL");
  EXPECT(released == 8);
  nai_exchange_destroy(NULL);
}
END_TEST

static double shards_of(const nai_trainer *trainer)
{
  double shards;
  expect_ok(nai_trainer_get(&shards, trainer, "shards"));
  return shards;
}

START_TEST(bad_numbers_of_shards_are_refused)
{
  int two = 2, three = 3, eight = 8;
  nai_trainer *trainer = everything(0);
  expect_fails(nai_trainer_set(trainer, "shards", 3), NAI_ERR_INVALID,
               "shards is 3, must be a power of two");
  expect_fails(nai_trainer_set(trainer, "shards", 0), NAI_ERR_INVALID, "shards is 0, must be 1");
  expect_fails(nai_trainer_set(trainer, "shards", 2.5), NAI_ERR_INVALID, "whole number");
  EXPECT(shards_of(trainer) == 1);
  nai_exchange *exchange = echo_of(&two), *odd = echo_of(&three), *many = echo_of(&eight);
  expect_fails(nai_trainer_set_exchange(trainer, exchange), NAI_ERR_INVALID,
               "shards is 1, which the 2 ranks of the exchange do not divide");
  expect_ok(nai_trainer_set(trainer, "shards", 4));
  expect_fails(nai_trainer_set_exchange(trainer, odd), NAI_ERR_INVALID, "3 ranks");
  expect_fails(nai_trainer_set_exchange(trainer, many), NAI_ERR_INVALID, "8 ranks");
  expect_ok(nai_trainer_set_exchange(trainer, exchange));
  expect_fails(nai_trainer_set(trainer, "shards", 1), NAI_ERR_INVALID, "2 ranks");
  EXPECT(shards_of(trainer) == 4);
  expect_ok(nai_trainer_set(trainer, "batch", 3));
  expect_fails(nai_trainer_step(NULL, trainer, NULL), NAI_ERR_INVALID,
               "shards is 4, but a batch has 3 trials");
  expect_ok(nai_trainer_set_exchange(trainer, NULL));
  expect_fails(nai_trainer_step(NULL, trainer, NULL), NAI_ERR_INVALID, "a batch has 3 trials");
  expect_ok(nai_trainer_set(trainer, "batch", 4));
  expect_ok(nai_trainer_step(NULL, trainer, NULL));
  expect_fails(nai_trainer_set_exchange(NULL, exchange), NAI_ERR_INVALID, "trainer is NULL");
  nai_exchange_destroy(exchange);
  nai_exchange_destroy(odd);
  nai_exchange_destroy(many);
  nai_trainer_destroy(trainer);
}
END_TEST

/* More ranks than a checkpoint has shards: nothing has changed. Fewer may go on. */
START_TEST(a_checkpoint_has_shards_for_so_many_ranks)
{
  int two = 2, eight = 8;
  char folder[256], path[300];
  checks_folder(folder);
  snprintf(path, sizeof path, "%s/trainer.safetensors", folder);
  nai_trainer *trainer = everything(0);
  nai_exchange *few = echo_of(&two), *many = echo_of(&eight);
  expect_ok(nai_trainer_set(trainer, "shards", 4));
  expect_ok(nai_trainer_step(NULL, trainer, NULL));
  expect_ok(nai_trainer_save(trainer, path));
  nai_trainer *other = everything(0);
  expect_ok(nai_trainer_set(other, "shards", 16));
  expect_ok(nai_trainer_set_exchange(other, many));
  uint64_t before = hash_of(other->plasticity.net);
  expect_fails(nai_trainer_restore(other, path), NAI_ERR_INVALID,
               "shards is 4, which the 8 ranks of the exchange do not divide");
  EXPECT(shards_of(other) == 16 && hash_of(other->plasticity.net) == before);
  EXPECT(nai_trainer_updates(other) == 0);
  expect_ok(nai_trainer_set_exchange(other, few));
  expect_ok(nai_trainer_restore(other, path));
  EXPECT(shards_of(other) == 4 && hash_of(other->plasticity.net) != before);
  nai_exchange_destroy(few);
  nai_exchange_destroy(many);
  nai_trainer_destroy(other);
  nai_trainer_destroy(trainer);
  unlink(path);
  rmdir(folder);
}
END_TEST

/* Rules that are no sum over trials: node perturbation, FORCE. */
START_TEST(rules_that_cannot_be_cut_say_so)
{
  static const int number[] = {3, 5};
  for (int k = 0; k < 2; k++) {
    nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
    nai_rule *rule;
    char words[96];
    expect_ok(other_rules[number[k]].create(&rule, 5));
    snprintf(words, sizeof words, "shards is 2, but rule '%s'", nai_rule_name(rule));
    nai_trainer *trainer = make_trainer(net, rule, plain_descent(1e-3),
                                        task_of(net, any_trials_for_everything(net, 9, 3)));
    expect_fails(nai_trainer_set(trainer, "shards", 2), NAI_ERR_UNSUPPORTED, words);
    EXPECT(shards_of(trainer) == 1);
    nai_trainer_destroy(trainer);
  }
}
END_TEST

/* Within trials: RFLO that is told so, before and afterwards. */
START_TEST(learning_within_trials_is_refused)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_rule *rule;
  nai_agent *agent;
  expect_ok(nai_rule_create_rflo(&rule, 5));
  nai_optimizer *optimizer = plain_descent(1e-3);
  nai_task *task = task_of(net, any_trials_for_everything(net, 9, 3));
  nai_trainer *trainer;
  expect_ok(nai_trainer_create(&trainer, net, rule, optimizer, task));
  nai_cost *cost;
  attach_cost(trainer, nai_cost_create_mse(&cost, "real"), &cost, 1);
  expect_ok(nai_trainer_set(trainer, "batch", 4));
  expect_ok(nai_trainer_set(trainer, "shards", 2));
  expect_ok(nai_trainer_step(NULL, trainer, NULL));
  expect_fails(nai_agent_create(&agent, trainer), NAI_ERR_UNSUPPORTED,
               "an agent learns step by step");
  expect_ok(nai_rule_set(rule, "update_every", 2));
  expect_fails(nai_trainer_step(NULL, trainer, NULL), NAI_ERR_UNSUPPORTED,
               "rule 'rflo' changes weights within trials");
  expect_ok(nai_rule_set(rule, "update_every", 0));
  nai_trials *trials = any_trials_for_everything(net, 4, 3);
  expect_fails(nai_trainer_step(NULL, trainer, trials), NAI_ERR_UNSUPPORTED,
               "trials that are given at an update are not cut");
  expect_ok(nai_trainer_step(NULL, trainer, NULL));
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  nai_task_destroy(task);
  nai_optimizer_destroy(optimizer);
  nai_rule_destroy(rule);
  nai_network_destroy(net);
}
END_TEST

START_TEST(costs_that_want_the_batch_whole_are_refused)
{
  for (int k = 0; k < 3; k++) {
    static const char *const words[] = {"cost 'rate_target' needs the rates",
                                        "cost 'unit_rate_target' needs the rates",
                                        "cost 'vanishing_gradient' needs the errors"};
    nai_cost *cost;
    if (k == 0) expect_ok(nai_cost_create_rate_target(&cost, "E", 0.1));
    if (k == 1) expect_ok(nai_cost_create_unit_rate_target(&cost, "E", 0.1));
    if (k == 2) expect_ok(nai_cost_create_vanishing_gradient(&cost, "E"));
    nai_trainer *trainer = everything(0);
    expect_ok(nai_trainer_set(trainer, "shards", 2));
    expect_fails(nai_trainer_add_cost(trainer, cost, 1), NAI_ERR_UNSUPPORTED, words[k]);
    EXPECT(nai_trainer_cost_count(trainer) == 5);
    expect_ok(nai_trainer_step(NULL, trainer, NULL));
    expect_ok(nai_trainer_set(trainer, "shards", 1));
    expect_ok(nai_trainer_add_cost(trainer, cost, 1));
    expect_fails(nai_trainer_set(trainer, "shards", 2), NAI_ERR_UNSUPPORTED, words[k]);
    nai_cost_destroy(cost);
    nai_trainer_destroy(trainer);
  }
}
END_TEST

/* Trial `bad` alone excites units that explode. */
static nai_trainer *explosive(int64_t bad)
{
  enum { TRIALS = 10, STEPS = 6 };
  nai_network *net = COMPOSE(.dt = 20, .inputs = {{"u", 1}}, .populations = {{"E", 3, NAI_FREE}},
                             .outputs = {{"z", 1}}, .projections = {{"u", "E"}, {"E", "E z"}});
  expect_ok(nai_network_set_transfer(net, "E", NAI_TRANSFER_RELU));
  expect_ok(nai_network_build(net, 2));
  const float away[3] = {0, 0, 0}, own[9] = {0, 0, 0, 0, 0, 1e20f, 0, 1e20f, 0}, in[3] = {1, 1, 1};
  expect_ok(nai_network_set_weights(net, "u", "E", in, 3, 1));
  expect_ok(nai_network_set_weights(net, "E", "E", own, 3, 3));
  expect_ok(nai_network_set_weights(net, "E", "z", away, 1, 3));
  nai_trials *trials = normal_trials(net, "z", STEPS, TRIALS);
  float inputs[STEPS * TRIALS] = {0};
  for (int t = 0; t < STEPS; t++) inputs[t * TRIALS + bad] = 1;
  expect_ok(nai_trials_set_inputs(trials, "u", inputs, 1));
  nai_trainer *trainer = make_trainer(net, bptt_rule(), adam(1e-3), task_of(net, trials));
  nai_cost *cost;
  attach_cost(trainer, nai_cost_create_mse(&cost, "z"), &cost, 1);
  return trainer;
}

/* Unit, step and trial are told as without shards, whichever shard it is in. */
START_TEST(activity_that_explodes_in_a_shard)
{
  for (int64_t bad = 0; bad < BATCH; bad++) {
    char whole[256];
    for (int shards = 1; shards <= 4; shards *= 4) {
      nai_trainer *trainer = explosive(bad);
      expect_ok(nai_trainer_set(trainer, "shards", shards));
      expect_fails(nai_trainer_step(NULL, trainer, NULL), NAI_ERR_NONFINITE, "'E'");
      if (shards == 1) snprintf(whole, sizeof whole, "%s", nai_last_error());
      ck_assert_str_eq(nai_last_error(), whole);
      nai_trainer_destroy(trainer);
    }
  }
}
END_TEST

/* Whichever it is of those that there are. */
START_TEST(the_first_cost_may_want_the_batch_whole)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_trials *trials = any_trials_for_everything(net, 33, 3);
  nai_trainer *trainer = make_trainer(net, bptt_rule(), adam(1e-3), task_of(net, trials));
  nai_cost *cost;
  attach_cost(trainer, nai_cost_create_rate_target(&cost, "E", 0.1), &cost, 1);
  expect_fails(nai_trainer_set(trainer, "shards", 2), NAI_ERR_UNSUPPORTED, "'rate_target'");
  nai_trainer_destroy(trainer);
}
END_TEST

START_TEST(a_trainer_without_a_task_has_nothing_to_cut)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_trainer *trainer = train_everything_by(net, bptt_rule());
  expect_ok(nai_trainer_set(trainer, "shards", 2));
  expect_fails(nai_trainer_step(NULL, trainer, NULL), NAI_ERR_ORDER, "the trainer has no task");
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* --- memory ------------------------------------------------------------------------------------------- */

static nai_status try_updates(nai_trainer *trainer, nai_exchange *exchange)
{
  nai_status status = nai_trainer_set_exchange(trainer, exchange);
  return status == NAI_OK ? nai_trainer_run(trainer, 2, NULL, NULL) : status;
}

/* Alone, and where the other rank only repeats what this one says. */
START_TEST(each_allocation_may_fail)
{
  for (int ranks = 1; ranks <= 2; ranks++) {
    nai_status status = NAI_ERR_MEMORY;
    for (long good = 0; status != NAI_OK; good++) {
      nai_trainer *trainer = everything(12);
      expect_ok(nai_trainer_set(trainer, "shards", 4));
      nai_exchange *exchange = ranks > 1 ? echo_of(&ranks) : NULL;
      uint64_t before = hash_of(trainer->plasticity.net);
      faults_fail_allocation(good);
      status = try_updates(trainer, exchange);
      faults_fail_allocation(-1);
      if (status != NAI_OK) {
        EXPECT(status == NAI_ERR_MEMORY);
        EXPECT(hash_of(trainer->plasticity.net) == before || nai_trainer_updates(trainer) > 0);
        expect_ok(try_updates(trainer, exchange));
      }
      EXPECT(good < 1000);
      nai_exchange_destroy(exchange);
      nai_trainer_destroy(trainer);
    }
  }
  nai_exchange *exchange;
  const nai_exchange_ops ops = {
      .struct_size = sizeof ops, .ranks = 2, .swap = no_swap, .gather = echo, .destroy = count_one};
  for (long good = 0; good < 3; good++) {
    int released = 0;
    faults_fail_allocation(good);
    nai_status status = nai_exchange_create(&exchange, &ops, &released);
    faults_fail_allocation(-1);
    EXPECT(status == NAI_ERR_MEMORY && released == 1 && !exchange);
  }
}
END_TEST

/* No update takes memory once the first has, and it is told how much. */
START_TEST(updates_take_no_memory)
{
  nai_trainer *trainer = everything(0);
  int64_t whole, cut;
  expect_ok(nai_trainer_set(trainer, "evaluate_every", 0));
  expect_ok(nai_trainer_memory(&whole, trainer));
  expect_ok(nai_trainer_set(trainer, "shards", 4));
  expect_ok(nai_trainer_memory(&cut, trainer));
  EXPECT(cut != whole);
  expect_ok(nai_trainer_run(trainer, 3, NULL, NULL));
  long before = faults_allocations();
  for (int k = 0; k < 3; k++) expect_ok(nai_trainer_step(NULL, trainer, NULL));
  EXPECT(faults_allocations() == before);
  nai_trainer_destroy(trainer);
}
END_TEST

Suite *shards_suite(void);

Suite *shards_suite(void)
{
  Suite *suite = suite_create("shards");
  TCase *same = tcase_create("any ranks");
  tcase_set_timeout(same, 120);
  tcase_add_loop_test(same, any_ranks_by_every_rule, 0, n_rules);
  tcase_add_loop_test(same, any_ranks_by_other_rules, 0, 3);
  tcase_add_loop_test(same, any_ranks_by_every_optimiser, 0, 4);
  tcase_add_loop_test(same, any_ranks_from_where_trials_end, 0, 2);
  tcase_add_test(same, any_ranks_in_stages);
  tcase_add_test(same, any_ranks_where_a_task_answers);
  tcase_add_test(same, any_ranks_go_on_from_a_checkpoint);
  suite_add_tcase(suite, same);
  ADD_CASE(suite, "the batch", shards_add_up_to_the_batch, shards_may_change,
           one_shard_changes_nothing);
  TCase *failures = tcase_create("failures");
  tcase_set_timeout(failures, 120);
  tcase_add_test(failures, a_rank_may_fail_at_any_call);
  tcase_add_test(failures, what_is_sent_is_known);
  tcase_add_test(failures, what_fails_on_one_rank_fails_on_all);
  tcase_add_test(failures, who_ends_a_run_ends_it_for_all);
  tcase_add_test(failures, ranks_that_differ_are_told);
  suite_add_tcase(suite, failures);
  ADD_CASE(suite, "refused", bad_exchanges_are_refused, bad_numbers_of_shards_are_refused,
           a_checkpoint_has_shards_for_so_many_ranks, rules_that_cannot_be_cut_say_so,
           learning_within_trials_is_refused, costs_that_want_the_batch_whole_are_refused,
           the_first_cost_may_want_the_batch_whole, activity_that_explodes_in_a_shard,
           a_trainer_without_a_task_has_nothing_to_cut);
  ADD_CASE(suite, "memory", each_allocation_may_fail, updates_take_no_memory);
  return suite;
}
