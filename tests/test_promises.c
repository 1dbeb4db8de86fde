/* What holds for every call of a trainer: a rule asks about all, a failure leaves all as it was. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/train/trainer.h"
#include "faults.h"
#include "rules.h"
#include "tasks.h"

/* --- a rule that does not ask ------------------------------------------------------------------- */

/* An estimate that asks rate costs about none but the first steps. */
static int64_t asked_steps;

static nai_status keep_count(nai__learner *learner)
{
  return nai__learner_keep(learner, "count", 1) ? NAI_OK : NAI_ERR_MEMORY;
}

static nai_status ask_some(nai__learner *learner, nai__pass *pass)
{
  const nai_network *net = learner->net;
  learner->kept[0].floats[0] += 1;
  memset(pass->gradient, 0, (size_t)net->n_theta * sizeof *pass->gradient);
  memset(pass->signal, 0, (size_t)(pass->steps * pass->trials * net->ld_units) * sizeof(float));
  for (int64_t t = 1; t <= asked_steps && pass->rate_signal; t++)
    for (int64_t row = 0; row < pass->trials; row += pass->rows) {
      int64_t rows = pass->trials - row < pass->rows ? pass->trials - row : pass->rows;
      float *g = pass->signal + ((t - 1) * pass->trials + row) * net->ld_units;
      pass->rate_signal(pass->user, t, row, rows, 0, net->n_units, g);
    }
  return NAI_OK;
}

START_TEST(a_rule_that_does_not_ask_about_all_rates_is_refused)
{
  static const nai__rule_kind kind = {.name = "forgetful",
                                      .costs = NAI__LEARNS_FROM_ACTIVITY,
                                      .attach = keep_count,
                                      .estimate = ask_some};
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_trials *trials = trials_for_everything(net, 3);
  nai_rule *rule;
  expect_ok(nai__rule_create(&rule, &kind, 0));
  nai_trainer *trainer = train_everything_by(net, rule);
  uint64_t before = hash_of(net);
  nai_progress now = NAI_PROGRESS_INIT;
  asked_steps = EVERYTHING_STEPS;
  expect_ok(nai_trainer_estimate_gradient(&now, trainer, trials));
  asked_steps = EVERYTHING_STEPS - 1;
  expect_fails(nai_trainer_step(NULL, trainer, trials), NAI_ERR_UNSUPPORTED,
               "rule 'forgetful' evaluated the costs on rates for");
  asked_steps = 0;
  expect_fails(nai_trainer_step(NULL, trainer, trials), NAI_ERR_UNSUPPORTED, "for 0 of");
  ck_assert(hash_of(net) == before);
  ck_assert_float_eq(trainer->plasticity.learner->kept[0].floats[0], 1); /* of what went well */
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* --- all that there is to a trainer ------------------------------------------------------------- */

typedef struct rig {
  nai_network *net;
  nai_task *task;
  nai_trainer *trainer;
} rig;

/* What a user's callbacks do: fail at the call after so many good ones; -1: never. */
static struct {
  int64_t cost, constraint, stage;
} good;

static int fails(int64_t *left)
{
  if (*left < 0) return 0;
  return (*left)-- == 0;
}

static nai_status cost_of_outputs(void *user, nai_output_batch *b, double *value)
{
  (void)user;
  *value += 0 * b->scale;
  return fails(&good.cost) ? -107 : NAI_OK;
}

static nai_status cost_of_rates(void *user, nai_rate_batch *b, double *value)
{
  (void)user;
  *value += 0 * b->scale;
  return fails(&good.cost) ? -107 : NAI_OK;
}

static nai_status cost_of_weights(void *user, nai_synapses *const *s, int64_t n, double scale,
                                  double *value)
{
  (void)user;
  *value += 0 * scale * (double)n * (double)s[0]->n_pre;
  return fails(&good.cost) ? -107 : NAI_OK;
}

static nai_status keep_weights(void *user, nai_synapses *s)
{
  (void)user;
  (void)s;
  return fails(&good.constraint) ? -108 : NAI_OK;
}

static nai_status note_stage(int64_t stage, const char *name, void *user)
{
  (void)stage;
  (void)name;
  (void)user;
  return fails(&good.stage) ? -109 : NAI_OK;
}

static nai_network *make_network(void)
{
  nai_constraint *own;
  nai_constraint_ops ops = {.struct_size = sizeof ops, .name = "own", .project = keep_weights};
  good.cost = good.constraint = good.stage = -1;
  nai_network *net =
      COMPOSE(.dt = 20.0, .inputs = {{"stimulus", 3}}, .populations = {{"E", 12, NAI_FREE}},
              .outputs = {{"choice", 3}}, .projections = {{"stimulus", "E"}, {"E", "E choice"}});
  nai_network_set(net, "E", "noise", 0.1);
  expect_ok(nai_constraint_create(&own, &ops, NULL));
  nai_network_constrain(net, "E", "choice", own);
  nai_constraint_destroy(own);
  expect_ok(nai_network_build(net, 3));
  return net;
}

/* The second one is met after so many good evaluations. */
static nai_curriculum *stages_of(int64_t evaluations)
{
  nai_curriculum *c;
  nai_staircase stair = falling_coherence();
  expect_ok(nai_curriculum_create(&c));
  expect_ok(nai_curriculum_add_stage(c, "first", 0, 1));
  expect_ok(nai_curriculum_add_stage(c, "second", 1, evaluations));
  expect_ok(nai_curriculum_set(c, "first", "fixation", (double[]){20, 60}, 2));
  expect_ok(nai_curriculum_set(c, "second", "stimulus", (double[]){60, 120, 100}, 3));
  expect_ok(nai_curriculum_add_staircase(c, "second", &stair));
  expect_ok(nai_curriculum_on_stage(c, note_stage, NULL));
  return c;
}

static nai_curriculum *make_stages(void)
{
  return stages_of(1);
}

static nai_status adopt(rig *r, nai_curriculum *c)
{
  nai_status status = nai_trainer_set_curriculum(r->trainer, c);
  nai_curriculum_destroy(c);
  return status;
}

/* A rule, an optimiser with both moments, and costs; a curriculum besides. */
static rig make_rig(nai_rule *rule)
{
  rig r = {.net = make_network()};
  nai_optimizer *adam;
  nai_cost *cost;
  expect_ok(nai_task_create(&r.task, "perceptual-decision-making", r.net));
  expect_ok(nai_task_set(r.task, "fixation", 40));
  expect_ok(nai_task_set(r.task, "stimulus", 100));
  expect_ok(nai_optimizer_create_adam(&adam, 1e-2));
  expect_ok(nai_trainer_create(&r.trainer, r.net, rule, adam, r.task));
  attach_cost(r.trainer, nai_cost_create_cross_entropy(&cost, "choice"), &cost, 1);
  expect_ok(nai_trainer_set(r.trainer, "batch", 6));
  expect_ok(nai_trainer_set(r.trainer, "evaluate_trials", 10));
  expect_ok(nai_trainer_set(r.trainer, "evaluate_every", 1));
  nai_rule_destroy(rule);
  nai_optimizer_destroy(adam);
  return r;
}

static void destroy_rig(rig *r)
{
  nai_trainer_destroy(r->trainer);
  nai_task_destroy(r->task);
  nai_network_destroy(r->net);
}

static char folder[64], saved[96], other[96];

static void open_folder(void)
{
  strcpy(folder, "/tmp/neuroai-promises-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(folder));
  snprintf(saved, sizeof saved, "%s/saved.safetensors", folder);
  snprintf(other, sizeof other, "%s/other.safetensors", folder);
}

static nai_rule *within(void);

static void close_folder(void)
{
  unlink(saved);
  unlink(other);
  rmdir(folder);
}

static uint64_t fold(uint64_t hash, const void *bytes, size_t n)
{
  for (size_t i = 0; i < n; i++)
    hash = (hash ^ ((const unsigned char *)bytes)[i]) * UINT64_C(1099511628211);
  return hash;
}

/* Of all that a checkpoint holds, and of the task's parameters. */
static uint64_t state_of(const rig *r)
{
  uint64_t hash = UINT64_C(14695981039346656037);
  unsigned char part[4096];
  double values[16];
  int64_t n;
  nai_parameter p = NAI_PARAMETER_INIT;
  expect_ok(nai_trainer_save(r->trainer, saved));
  FILE *file = fopen(saved, "rb");
  ck_assert_ptr_nonnull(file);
  for (size_t got; (got = fread(part, 1, sizeof part, file)) > 0;) hash = fold(hash, part, got);
  fclose(file);
  for (int64_t i = 0; nai_task_parameter(&p, nai_task_name(r->task), i) == NAI_OK; i++) {
    expect_ok(nai_task_get_list(values, 16, &n, r->task, p.name));
    hash = fold(hash, values, (size_t)n * sizeof *values);
  }
  return hash;
}

/* --- updates that the host ends ------------------------------------------------------------------ */

/* A host that is asked as often as can be, and answers `answer` from the question `no` on. */
typedef struct host {
  int64_t asked, no;
  nai_status answer;
} host;

static nai_status say(int64_t done, int64_t total, void *user)
{
  host *h = user;
  ck_assert(0 <= done && done <= total);
  if (++h->asked < h->no) return NAI_OK;
  nai_set_error("the host has had enough");
  return h->answer;
}

enum { WITHIN, PERTURBED, HEBBIAN, OTHERS };

static nai_rule *rule_at(int number)
{
  nai_rule *rule;
  if (number >= OTHERS) return rule_made(number - OTHERS, 5);
  if (number == WITHIN) return within();
  if (number == PERTURBED)
    expect_ok(nai_rule_create_node_perturbation(&rule, 0.1, 5));
  else
    expect_ok(nai_rule_create_reward_hebbian(&rule, 5));
  return rule;
}

static rig make_watched(int number, host *h, double threads)
{
  rig r = make_rig(rule_at(number));
  expect_ok(nai_trainer_set(r.trainer, "evaluate_every", 0));
  expect_ok(nai_trainer_set(r.trainer, "batch", 20)); /* three groups of trials */
  expect_ok(nai_trainer_set(r.trainer, "threads", threads));
  r.trainer->watch = (nai__watch){.call = say, .user = h, .every = 1};
  return r;
}

static void end_at(rig *r, host *h, int64_t no)
{
  uint64_t before = state_of(r);
  *h = (host){.no = no, .answer = NAI_STOP};
  expect_fails(nai_trainer_step(NULL, r->trainer, NULL), NAI_ERR_USER, "stopped before the end");
  ck_assert_int_eq(h->asked, no); /* and never again */
  ck_assert(state_of(r) == before);
  *h = (host){.no = no, .answer = -107};
  ck_assert_int_eq(nai_trainer_step(NULL, r->trainer, NULL), -107);
  ck_assert_str_eq(nai_last_error(), "the host has had enough");
  ck_assert(state_of(r) == before);
  *h = (host){.no = no, .answer = NAI_STOP};
  if (r->trainer->plasticity.rule->kind->estimate &&
      !nai__learns_within(r->trainer->plasticity.rule))
    expect_fails(nai_trainer_measure_alignment(r->trainer, NULL), NAI_ERR_USER, "stopped");
  ck_assert(state_of(r) == before);
}

START_TEST(an_update_that_the_host_ends_changes_nothing)
{
  host never = {.no = INT64_MAX}, h = never;
  rig whole = make_watched(_i, &never, 1), r = make_watched(_i, &h, 1);
  open_folder();
  expect_ok(nai_trainer_run(whole.trainer, 2, NULL, NULL));
  expect_ok(nai_trainer_run(r.trainer, 1, NULL, NULL));
  int64_t questions = h.asked;
  ck_assert_int_ge(questions, 12); /* a step of the trials each, and more on the way back */
  end_at(&r, &h, 1);
  end_at(&r, &h, questions / 2);
  end_at(&r, &h, questions);
  h = never;
  expect_ok(nai_trainer_run(r.trainer, 1, NULL, NULL)); /* goes on as if nothing had been */
  ck_assert(state_of(&r) == state_of(&whole));
  close_folder();
  destroy_rig(&r);
  destroy_rig(&whole);
}
END_TEST

/* Other threads hear of it too; a run ends with the updates that were made. */
START_TEST(a_run_that_the_host_ends_in_an_update_keeps_those_before)
{
  host h = {.no = INT64_MAX};
  rig r = make_watched(OTHERS, &h, 3);
  open_folder();
  expect_ok(nai_trainer_run(r.trainer, 2, NULL, NULL));
  uint64_t before = state_of(&r);
  h = (host){.no = 2, .answer = NAI_STOP};
  expect_ok(nai_trainer_run(r.trainer, 5, NULL, NULL));
  ck_assert_int_eq(nai_trainer_updates(r.trainer), 2);
  ck_assert(state_of(&r) == before);
  h = (host){.no = 1, .answer = -107}; /* evaluations are asked within as well */
  expect_ok(nai_trainer_set(r.trainer, "evaluate_every", 1));
  ck_assert_int_eq(nai_trainer_run(r.trainer, 5, NULL, NULL), -107);
  ck_assert_int_eq(nai_trainer_updates(r.trainer), 2);
  h = (host){.no = INT64_MAX};
  expect_ok(nai_trainer_run(r.trainer, 1, NULL, NULL));
  ck_assert_int_eq(nai_trainer_updates(r.trainer), 3);
  close_folder();
  destroy_rig(&r);
}
END_TEST

/* The table of a network, and what it is asked for of its largest block. */
static const nai__kernels *asked;
static int64_t calls, most_units;

static void count(int64_t rows, int64_t units, int accumulate)
{
  if (units < most_units) return;
  ck_assert_int_eq(units, most_units); /* never a part of them, for each part reads all rates */
  ck_assert(calls == 0 ? !accumulate : accumulate);
  ck_assert(rows % NAI__OUTER_DEPTH == 0);
  calls++;
}

static void count_outer(float *w, int64_t ldw, const float *d, int64_t ldd, const float *r,
                        int64_t ldr, nai__rows rows, int64_t m, int64_t n, int accumulate,
                        float *scratch)
{
  count(rows.n, m, accumulate);
  asked->outer(w, ldw, d, ldd, r, ldr, rows, m, n, accumulate, scratch);
}

static void count_list_outer(float *w, int64_t ldw, const float *d, int64_t ldd, const float *r,
                             int64_t ldr, nai__rows rows, const nai__lists *lists, int64_t first,
                             int64_t end, int accumulate, float *scratch)
{
  count(rows.n, end - first, accumulate);
  asked->list_outer(w, ldw, d, ldd, r, ldr, rows, lists, first, end, accumulate, scratch);
}

/* Between steps and trials, of which there are more than may pass before the host is asked. */
START_TEST(a_large_gradient_is_made_in_pieces_of_all_units)
{
  most_units = 512;
  nai_network *net = COMPOSE(.dt = 20, .populations = {{"E", most_units, 0}}, .outputs = {{"z", 1}},
                             .projections = {{"E", "E z"}});
  if (_i) make_sparse(net, "E", 0.1);
  expect_ok(nai_network_build(net, 1));
  asked = net->kernels;
  nai__kernels counting = *asked;
  counting.outer = count_outer;
  counting.list_outer = count_list_outer;
  nai_trials *trials = normal_trials(net, "z", 96, 64);
  nai_trainer *trainer = train_by_bptt(net, 0.01);
  nai_cost *mse;
  attach_cost(trainer, nai_cost_create_mse(&mse, "z"), &mse, 1);
  net->kernels = &counting;
  calls = 0;
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  ck_assert_int_eq(calls, 2);
  net->kernels = asked;
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* --- calls that are refused --------------------------------------------------------------------- */

#define REFUSED(call)                                                                   \
  do {                                                                                  \
    if ((call) == NAI_OK) ck_abort_msg("accepted: %s", #call);                          \
    if (state_of(&r) != before) ck_abort_msg("%s: %s", #call, "something has changed"); \
  } while (0)

static nai_curriculum *odd_stages(const char *parameter, double value)
{
  nai_curriculum *c = make_stages();
  expect_ok(nai_curriculum_set(c, "second", parameter, &value, 1));
  return c;
}

START_TEST(a_call_that_is_refused_changes_nothing)
{
  rig r = make_rig(rule_named("rflo", 5));
  open_folder();
  expect_ok(adopt(&r, make_stages()));
  expect_ok(nai_trainer_run(r.trainer, 3, NULL, NULL)); /* on to the second stage */
  ck_assert_int_eq(nai_trainer_stage(r.trainer), 1);
  nai_network *another = build_ei(4, 2, 1);
  nai_trials *foreign;
  nai_cost *cost;
  nai_progress odd = NAI_PROGRESS_INIT;
  const float values[36] = {[7] = NAN};
  odd.struct_size = 3;
  expect_ok(nai_trials_create(&foreign, another, 4, 2));
  uint64_t before = state_of(&r);
  REFUSED(nai_trainer_run(r.trainer, -1, NULL, NULL));
  REFUSED(nai_trainer_step(NULL, r.trainer, foreign));
  REFUSED(nai_trainer_step(&odd, r.trainer, NULL));
  REFUSED(nai_trainer_estimate_gradient(NULL, r.trainer, foreign));
  REFUSED(nai_trainer_measure_alignment(r.trainer, foreign));
  REFUSED(nai_trainer_set(r.trainer, "batch", 0));
  REFUSED(nai_trainer_set(r.trainer, "clip", NAN));
  REFUSED(nai_trainer_set(r.trainer, "bach", 3));
  REFUSED(nai_trainer_set_feedback(r.trainer, "E", NULL, values));
  REFUSED(nai_trainer_set_checkpoints(r.trainer, NULL, 3));
  REFUSED(nai_trainer_set_checkpoints(r.trainer, "", 3));
  REFUSED(nai_trainer_save(r.trainer, "/nowhere/at/all"));
  REFUSED(nai_trainer_restore(r.trainer, "/nowhere/at/all"));
  REFUSED(adopt(&r, odd_stages("stimulus", -1)));
  REFUSED(adopt(&r, odd_stages("nothing", 1)));
  good.stage = 0;
  REFUSED(adopt(&r, make_stages()));
  expect_ok(nai_cost_create_mse(&cost, "nothing"));
  REFUSED(nai_trainer_add_cost(r.trainer, cost, 1));
  nai_cost_destroy(cost);
  expect_ok(nai_cost_create_vanishing_gradient(&cost, "E"));
  REFUSED(nai_trainer_add_cost(r.trainer, cost, 1));
  nai_cost_destroy(cost);
  nai_trials_destroy(foreign);
  nai_network_destroy(another);
  close_folder();
  destroy_rig(&r);
}
END_TEST

/* The file is good, and the last thing that restoring asks for is not. */
START_TEST(a_stage_that_fails_leaves_all_as_it_was)
{
  rig r = make_rig(bptt_rule());
  open_folder();
  good.stage = 0;
  uint64_t before = state_of(&r);
  REFUSED(adopt(&r, make_stages())); /* the first one */
  expect_ok(adopt(&r, make_stages()));
  expect_ok(nai_trainer_set(r.trainer, "evaluate_every", 0));
  expect_ok(nai_trainer_run(r.trainer, 1, NULL, NULL));
  before = state_of(&r);
  expect_ok(nai_trainer_set(r.trainer, "evaluate_every", 1));
  good.stage = 0; /* the second one, in a run: all but its update is as it was */
  ck_assert_int_eq(nai_trainer_run(r.trainer, 1, NULL, NULL), -109);
  ck_assert_int_eq(nai_trainer_stage(r.trainer), 0);
  ck_assert_int_eq(nai_trainer_updates(r.trainer), 2);
  expect_ok(nai_trainer_run(r.trainer, 2, NULL, NULL));
  ck_assert_int_eq(nai_trainer_stage(r.trainer), 1);
  expect_ok(nai_trainer_save(r.trainer, other));
  destroy_rig(&r);

  r = make_rig(bptt_rule());
  expect_ok(adopt(&r, make_stages()));
  expect_ok(nai_trainer_set(r.trainer, "batch", 5));
  before = state_of(&r);
  good.stage = 0; /* the second one, of a checkpoint */
  REFUSED(nai_trainer_restore(r.trainer, other));
  expect_ok(nai_trainer_restore(r.trainer, other));
  ck_assert(state_of(&r) != before);
  close_folder();
  destroy_rig(&r);
}
END_TEST

/* --- very many steps ---------------------------------------------------------------------------- */

static nai_status stop_soon(const nai_progress *now, void *user)
{
  ck_assert_int_eq(now->steps, INT64_MAX);
  return now->step == *(const int64_t *)user ? NAI_STOP : NAI_OK;
}

START_TEST(a_run_without_an_end)
{
  rig r = make_rig(bptt_rule());
  int64_t last = 5;
  expect_ok(nai_trainer_run(r.trainer, 2, NULL, NULL));
  expect_ok(nai_trainer_run(r.trainer, INT64_MAX, stop_soon, &last));
  ck_assert_int_eq(nai_trainer_updates(r.trainer), 5);
  last = 6;
  expect_ok(nai_trainer_run(r.trainer, INT64_MAX - 4, stop_soon, &last)); /* one more than fits */
  ck_assert_int_eq(nai_trainer_updates(r.trainer), 6);
  expect_ok(nai_trainer_set(r.trainer, "stop_at", 0.9));
  expect_ok(nai_trainer_set(r.trainer, "evaluate_every", 0));
  expect_fails(nai_trainer_run(r.trainer, 1, NULL, NULL), NAI_ERR_INVALID, "evaluate_every is 0");
  ck_assert_int_eq(nai_trainer_updates(r.trainer), 6);
  destroy_rig(&r);
}
END_TEST

/* --- updates do not allocate -------------------------------------------------------------------- */

START_TEST(updates_do_not_allocate)
{
  for (int staged = 0; staged < 2; staged++) {
    rig r = make_rig(_i ? within() : bptt_rule());
    if (staged) expect_ok(adopt(&r, stages_of(INT64_MAX)));
    if (!staged) expect_ok(nai_trainer_set(r.trainer, "evaluate_every", 50));
    expect_ok(nai_trainer_run(r.trainer, 2, NULL, NULL));
    long before = faults_allocations();
    for (int i = 0; i < 2000 && !staged; i++) expect_ok(nai_trainer_step(NULL, r.trainer, NULL));
    expect_ok(nai_trainer_run(r.trainer, 2000, NULL, NULL));
    ck_assert_int_eq(faults_allocations(), before);
    ck_assert_int_eq(nai_trainer_updates(r.trainer), staged ? 2002 : 4002);
    destroy_rig(&r);
  }
}
END_TEST

/* --- updates that fail -------------------------------------------------------------------------- */

/* Rules that remember something, move weights themselves, or learn within trials. */
static nai_rule *within(void)
{
  nai_rule *rule = rule_named("rflo", 5);
  expect_ok(nai_rule_set(rule, "update_every", 2));
  return rule;
}

static nai_rule *adaptive(void)
{
  return rule_named("eprop_adaptive", 5);
}

static nai_rule *perturbing(void)
{
  nai_rule *rule;
  expect_ok(nai_rule_create_node_perturbation(&rule, 0.1, 3));
  return rule;
}

static nai_rule *hebbian(void)
{
  nai_rule *rule;
  expect_ok(nai_rule_create_reward_hebbian(&rule, 3));
  return rule;
}

static nai_rule *mirror(void)
{
  nai_rule *rule;
  expect_ok(nai_rule_create_weight_mirror(&rule, 3));
  return rule;
}

static nai_rule *(*const rules[])(void) = {bptt_rule,  within,  adaptive,
                                           perturbing, hebbian, mirror};

static void add_own(nai_trainer *trainer, int kind)
{
  nai_cost *cost;
  nai_cost_ops ops = {.struct_size = sizeof ops, .name = "own", .flags = NAI_COST_SEPARABLE};
  if (kind == 0) ops.on_outputs = cost_of_outputs, ops.flags = 0;
  if (kind == 1) ops.on_rates = cost_of_rates;
  if (kind == 2) ops.on_weights = cost_of_weights, ops.flags = 0;
  expect_ok(nai_cost_create(&cost, &ops, kind == 0 ? "choice" : "E", kind == 2 ? "E" : NULL, NULL));
  expect_ok(nai_trainer_add_cost(trainer, cost, 0.5));
  nai_cost_destroy(cost);
}

START_TEST(an_update_that_fails_changes_nothing)
{
  for (int kind = 0; kind < 4; kind++) { /* three kinds of cost, and a constraint */
    rig r = make_rig(rules[_i]());
    open_folder();
    if (kind < 3) add_own(r.trainer, kind);
    for (int i = 0; i < 3; i++) expect_ok(nai_trainer_step(NULL, r.trainer, NULL));
    uint64_t before = state_of(&r);
    int64_t *left = kind < 3 ? &good.cost : &good.constraint, n = 0;
    for (nai_status status = -1; status != NAI_OK; n = n < 8 ? n + 1 : 2 * n) {
      *left = n;
      status = nai_trainer_step(NULL, r.trainer, NULL);
      if (status != NAI_OK && state_of(&r) != before)
        ck_abort_msg("kind %d: a failure at call %lld leaves something", kind, (long long)n);
    }
    ck_assert_int_gt(n, 1);
    *left = -1;
    close_folder();
    destroy_rig(&r);
  }
}
END_TEST

/* --- memory ------------------------------------------------------------------------------------- */

static nai_status call(rig *r, int which)
{
  nai_cost *cost;
  nai_status status;
  switch (which) {
  case 0: return nai_trainer_step(NULL, r->trainer, NULL);
  case 1: return nai_trainer_run(r->trainer, 1, NULL, NULL);
  case 2: return nai_trainer_estimate_gradient(NULL, r->trainer, NULL);
  case 3: return nai_trainer_measure_alignment(r->trainer, NULL);
  case 4: return nai_trainer_set_checkpoints(r->trainer, other, 2);
  case 5: return nai_trainer_restore(r->trainer, other);
  case 6: return nai_trainer_save(r->trainer, other);
  case 7: return adopt(r, make_stages());
  default:
    status = nai_cost_create_l2_rates(&cost, "E");
    if (status == NAI_OK) status = nai_trainer_add_cost(r->trainer, cost, 1);
    nai_cost_destroy(cost);
    return status;
  }
}

enum { CALLS = 9 };

/* A trainer that has learnt a little, and a file of one that has learnt more. */
static rig make_learnt(nai_rule *(*rule)(void))
{
  rig r = make_rig(rule());
  expect_ok(nai_trainer_run(r.trainer, 3, NULL, NULL));
  expect_ok(nai_trainer_save(r.trainer, other));
  destroy_rig(&r);
  r = make_rig(rule());
  expect_ok(nai_trainer_set(r.trainer, "threads", 2));
  return r;
}

START_TEST(a_call_without_memory_changes_nothing)
{
  nai_rule *(*const of[])(void) = {bptt_rule, within};
  for (int k = 0; k < 2; k++) {
    open_folder();
    rig r = make_learnt(of[k]);
    uint64_t before = state_of(&r);
    long n = 0;
    for (nai_status status = NAI_ERR_MEMORY; status != NAI_OK; n++) {
      nai_curriculum *stages = _i == 7 ? make_stages() : NULL;
      faults_fail_allocation(n);
      status = _i == 7 ? adopt(&r, stages) : call(&r, _i);
      faults_fail_allocation(-1);
      if (status == NAI_ERR_UNSUPPORTED) break; /* no estimate to compare */
      if (status == NAI_OK) break;
      ck_assert_int_eq(status, NAI_ERR_MEMORY);
      if (nai_trainer_updates(r.trainer) == 0 && state_of(&r) != before)
        ck_abort_msg("allocation %ld of call %d: something has changed", n, _i);
    }
    close_folder();
    destroy_rig(&r);
  }
}
END_TEST

Suite *promises_suite(void)
{
  Suite *suite = suite_create("promises");
  ADD_CASE(suite, "rules", a_rule_that_does_not_ask_about_all_rates_is_refused);
  ADD_CASE(suite, "refusals", a_call_that_is_refused_changes_nothing,
           a_stage_that_fails_leaves_all_as_it_was);
  ADD_CASE(suite, "runs", a_run_without_an_end);
  TCase *ending = tcase_create("ending");
  tcase_add_loop_test(ending, an_update_that_the_host_ends_changes_nothing, 0, OTHERS + n_rules);
  tcase_add_test(ending, a_run_that_the_host_ends_in_an_update_keeps_those_before);
  tcase_add_loop_test(ending, a_large_gradient_is_made_in_pieces_of_all_units, 0, 2);
  suite_add_tcase(suite, ending);
  TCase *allocating = tcase_create("allocations");
  tcase_add_loop_test(allocating, updates_do_not_allocate, 0, 2);
  suite_add_tcase(suite, allocating);
  TCase *failing = tcase_create("failures");
  tcase_add_loop_test(failing, an_update_that_fails_changes_nothing, 0,
                      (int)(sizeof rules / sizeof *rules));
  tcase_add_loop_test(failing, a_call_without_memory_changes_nothing, 0, CALLS);
  suite_add_tcase(suite, failing);
  return suite;
}
