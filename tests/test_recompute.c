/*
 * Trials in spans, of which one is there at a time: the same cost and gradient as of a trial that is kept
 * whole, in less memory; and what cannot be had so.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/train/trainer.h"
#include "areas.h"
#include "faults.h"
#include "own_models.h"
#include "rules.h"
#include "tasks.h"

/* What an estimate leaves. */
typedef struct found {
  double cost, part[8];
  float *gradient, *output;
} found;

/* On the trials, or the task's next ones. */
static found estimate(nai_trainer *trainer, const nai_trials *trials, int64_t recompute)
{
  const nai_network *net = trainer->plasticity.net;
  const nai__batch *batch = &trainer->batch;
  found f = {.cost = 0};
  nai_progress now = NAI_PROGRESS_INIT;
  expect_ok(nai_trainer_set(trainer, "recompute", (double)recompute));
  expect_ok(nai_trainer_estimate_gradient(&now, trainer, trials));
  EXPECT(recompute <= 0 || recompute >= batch->steps || batch->spans.steps == recompute);
  size_t outputs = (size_t)(batch->steps * batch->trials * net->ld_outputs) * sizeof(float);
  f.cost = now.cost;
  memcpy(f.part, now.costs, (size_t)now.n_costs * sizeof *f.part);
  f.gradient = calloc((size_t)net->n_theta, sizeof(float));
  memcpy(f.gradient, trainer->plasticity.gradient, (size_t)net->n_theta * sizeof(float));
  f.output = malloc(outputs);
  memcpy(f.output, batch->activity.output, outputs);
  return f;
}

static void drop(found *f)
{
  free(f->gradient);
  free(f->output);
}

/*
 * Costs, outputs and the gradient of biases and initial states have the same bits, for each is one chain
 * either way; weights get a sum of the spans' sums.
 */
static void expect_same(const nai_trainer *trainer, const found *a, const found *b,
                        const char *what)
{
  const nai_network *net = trainer->plasticity.net;
  const nai__batch *batch = &trainer->batch;
  double most = 0, largest = 0;
  ck_assert_msg(a->cost == b->cost && memcmp(a->part, b->part, sizeof a->part) == 0,
                "%s: cost is %.17g, not %.17g", what, b->cost, a->cost);
  EXPECT(memcmp(a->output, b->output,
                (size_t)(batch->steps * batch->trials * net->ld_outputs) * sizeof(float)) == 0);
  for (int64_t i = 0; i < net->unit_bias; i++) {
    most = fmax(most, fabs((double)a->gradient[i] - (double)b->gradient[i]));
    largest = fmax(largest, fabs((double)a->gradient[i]));
  }
  EXPECT(largest > 0);
  ck_assert_msg(most <= 2e-6 * largest, "%s is off by %g of %g", what, most, largest);
  for (int64_t i = net->unit_bias; i < net->n_theta; i++)
    ck_assert_msg(a->gradient[i] == b->gradient[i], "%s: bias %lld", what, (long long)i);
}

/* Spans of one step, shorter and longer than delays, that divide the steps or do not, and one. */
static const int64_t spans[] = {1, 2, 3, 4, 5, 10, 11, 12, 1000000000, -1};
enum { SPANS = sizeof spans / sizeof *spans };

static void expect_spans_agree(nai_trainer *trainer, const nai_trials *trials, const char *what)
{
  found whole = estimate(trainer, trials, 0);
  for (int k = 0; k < SPANS; k++) {
    char which[96];
    snprintf(which, sizeof which, "%.60s in spans of %lld", what, (long long)spans[k]);
    found f = estimate(trainer, trials, spans[k]);
    expect_same(trainer, &whole, &f, which);
    drop(&f);
  }
  drop(&whole);
}

/* --- networks and rules ----------------------------------------------------------------------- */

static nai_trainer *train_everything(int rule, int32_t transfer, int remembers, const char *kernels)
{
  nai_network *net = build_everything(transfer, kernels);
  if (remembers) remember_outputs(net);
  nai_trainer *trainer = train_everything_by(net, rule_made(rule, 5));
  nai_network_destroy(net);
  return trainer;
}

/* Every rule that walks back, on delays, two leaks, a layer within the step, and coloured noise. */
START_TEST(every_rule_agrees)
{
  static const int64_t numbers[] = {1, 5, 33};
  for (int k = 0; k < 3; k++) {
    nai_trainer *trainer = train_everything(_i, NAI_TRANSFER_TANH, k == 1, NULL);
    nai_trials *trials = any_trials_for_everything(trainer->plasticity.net, numbers[k], 3);
    expect_spans_agree(trainer, trials, all_rules[_i].name);
    nai_trials_destroy(trials);
    nai_trainer_destroy(trainer);
  }
}
END_TEST

static const char *const kernels[] = {"portable", NULL};

START_TEST(every_transfer_function_agrees)
{
  for (int k = 0; k < 2; k++) {
    nai_trainer *trainer = train_everything(0, _i, 1, kernels[k]);
    nai_trials *trials = trials_for_everything(trainer->plasticity.net, 3);
    expect_spans_agree(trainer, trials, "bptt");
    nai_trials_destroy(trials);
    nai_trainer_destroy(trainer);
  }
}
END_TEST

/* Adapting and dendritic units of two areas, which keep states; with noise after the leak. */
START_TEST(cells_agree)
{
  static const char *const nonlinearity[] = {"subtractive", "divisive", "yang2016"};
  nai_network *net = build_areas(nonlinearity[_i / 2], _i % 2);
  nai_trials *trials = trials_for_areas(net, 9);
  for (int rule = 0; rule < n_rules; rule++) {
    if (strcmp(all_rules[rule].name, "weight_mirror") == 0) continue; /* of rate units alone */
    nai_trainer *trainer = trainer_of(net, rule_made(rule, 5), plain_descent(1e-2));
    cost_areas(trainer);
    expect_spans_agree(trainer, trials, all_rules[rule].name);
    nai_trainer_destroy(trainer);
  }
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* Synapses that tire, initial states that learn, rates with noise of their own. */
static nai_network *build_tiring(void)
{
  const double U = 0.3, tau_x = 200, tau_u = 1500, hz = 10;
  nai_short_term *tires;
  nai_network *net =
      COMPOSE(.dt = 10, .inputs = {{"u", 3}},
              .populations = {{"S", 6, NAI_EXCITATORY}, {"I", 5, NAI_INHIBITORY}},
              .outputs = {{"z", 2}}, .projections = {{"u", "S I"}, {"S I", "S I"}, {"S I", "z"}});
  expect_ok(nai_short_term_create(&tires, 1, &U, &tau_x, &tau_u, &hz));
  expect_ok(nai_network_set_short_term(net, "S", "S I z", tires));
  expect_ok(nai_network_set(net, "S I", "initial", 0.4));
  expect_ok(nai_network_set(net, "S I", "plastic_initial", 1));
  expect_ok(nai_network_set(net, "S", "output_noise", 0.05));
  expect_ok(nai_network_set(net, "I", "noise", 0.1));
  expect_ok(nai_network_set_leak(net, "I", NAI_LEAK_RATE));
  expect_ok(nai_network_set_delay(net, "S", "I", 40));
  expect_ok(nai_network_set_delay(net, "u", "S", 70));
  expect_ok(nai_network_build(net, 3));
  nai_short_term_destroy(tires);
  return net;
}

static void cost_tiring(nai_trainer *trainer)
{
  nai_cost *mse, *rates;
  attach_cost(trainer, nai_cost_create_mse(&mse, "z"), &mse, 1);
  attach_cost(trainer, nai_cost_create_l2_rates(&rates, "*"), &rates, 0.01);
}

START_TEST(releases_and_initial_states_agree)
{
  nai_network *net = build_tiring();
  nai_trials *trials = normal_trials(net, "z", 11, 5);
  for (int rule = 0; rule < 7; rule++) {
    nai_trainer *trainer = trainer_of(net, rule_made(rule, 5), plain_descent(1e-2));
    cost_tiring(trainer);
    expect_spans_agree(trainer, trials, all_rules[rule].name);
    nai_trainer_destroy(trainer);
  }
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* Few synapses, which batches are multiplied by as lists where the kernels have them. */
START_TEST(lists_agree)
{
  nai_network *net =
      COMPOSE(.dt = 10, .inputs = {{"u", 3}},
              .populations = {{"E", 50, NAI_EXCITATORY}, {"I", 14, NAI_INHIBITORY}},
              .outputs = {{"z", 2}}, .projections = {{"u", "E I"}, {"E I", "E I"}, {"E", "z"}});
  make_sparse(net, "E I", 0.15);
  expect_ok(nai_network_set_delay(net, "E", "I", 30));
  expect_ok(nai_network_set(net, "E I", "noise", 0.1));
  expect_ok(nai_network_build(net, 3));
  int lists = 0;
  for (int64_t k = 0; k < net->n_blocks; k++) lists += net->block[k].listing.forward != NULL;
  EXPECT(lists > 0 || !net->kernels->list_rows);
  nai_trials *trials = normal_trials(net, "z", 11, 33);
  for (int rule = 0; rule < n_rules; rule++) {
    nai_trainer *trainer = trainer_of(net, rule_made(rule, 5), plain_descent(1e-2));
    nai_cost *mse, *rates;
    attach_cost(trainer, nai_cost_create_mse(&mse, "z"), &mse, 1);
    attach_cost(trainer, nai_cost_create_l2_rates(&rates, "*"), &rates, 0.01);
    expect_spans_agree(trainer, trials, all_rules[rule].name);
    nai_trainer_destroy(trainer);
  }
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* Three threads: the bits of one. */
START_TEST(threads_do_not_matter)
{
  nai_trainer *trainer = train_everything(_i, NAI_TRANSFER_SOFTPLUS, 1, NULL);
  const nai_network *net = trainer->plasticity.net;
  nai_trials *trials = any_trials_for_everything(net, 33, 3);
  for (int k = 0; k < SPANS; k++) {
    expect_ok(nai_trainer_set(trainer, "threads", 1));
    found one = estimate(trainer, trials, spans[k]);
    expect_ok(nai_trainer_set(trainer, "threads", 3));
    found three = estimate(trainer, trials, spans[k]);
    EXPECT(one.cost == three.cost);
    EXPECT(memcmp(one.gradient, three.gradient, (size_t)net->n_theta * sizeof(float)) == 0);
    drop(&one);
    drop(&three);
  }
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
}
END_TEST

static nai_network *any_everything(void)
{
  return build_everything(NAI_TRANSFER_TANH, NULL);
}

static nai_trials *any_trials(const nai_network *net)
{
  return any_trials_for_everything(net, 33, 3);
}

static nai_trainer *train_in_spans(nai_network *net, int number)
{
  nai_trainer *trainer = train_everything_by(net, rule_made(number, 5));
  expect_ok(nai_trainer_set(trainer, "recompute", 3));
  return trainer;
}

START_TEST(updates_keep_their_bits)
{
  const makers make = {any_everything, any_trials, train_in_spans};
  expect_same_bits(&make, _i, 5, 3);
}
END_TEST

/* --- tasks ------------------------------------------------------------------------------------ */

/* Takes the network. */
static nai_trainer *train_on(nai_network *net, const char *name, nai_status made, nai_cost **cost)
{
  nai_task *task = task_for(net, name);
  nai_rule *rule = bptt_rule();
  nai_optimizer *optimizer = adam(1e-3);
  nai_trainer *trainer;
  expect_ok(nai_trainer_create(&trainer, net, rule, optimizer, task));
  attach_cost(trainer, made, cost, 1);
  expect_ok(nai_trainer_set(trainer, "batch", 10));
  expect_ok(nai_trainer_set(trainer, "evaluate_trials", 35));
  nai_rule_destroy(rule);
  nai_optimizer_destroy(optimizer);
  nai_task_destroy(task);
  nai_network_destroy(net);
  return trainer;
}

/* A task that answers within the trial is asked once, at the steps where it answers. */
START_TEST(answers_of_a_task_are_kept)
{
  nai_network *net =
      COMPOSE(.dt = 20, .inputs = {{"stimulus", 16}, {"feedback", 2}},
              .populations = {{"E", 12, NAI_FREE}}, .outputs = {{"response", 3}, {"rule", 2}},
              .projections = {{"stimulus feedback", "E"}, {"E", "E response rule"}});
  expect_ok(nai_network_set(net, "E", "noise", 0.2));
  expect_ok(nai_network_build(net, 1));
  nai_cost *cost;
  nai_trainer *trainer = train_on(net, "wcst", nai_cost_create_mse(&cost, "*"), &cost);
  found whole = estimate(trainer, NULL, 0);
  static const int64_t some[] = {7, 32, 100, -1};
  for (int k = 0; k < 4; k++) {
    found f = estimate(trainer, NULL, some[k]);
    expect_same(trainer, &whole, &f, "wcst");
    drop(&f);
  }
  drop(&whole);
  nai_trainer_destroy(trainer);
}
END_TEST

/* The least spans of a shorter batch may be more, or longer: there is room for them, too. */
START_TEST(batches_may_have_any_length)
{
  nai_network *net = build_tiring();
  nai_trainer *whole = trainer_of(net, bptt_rule(), plain_descent(1e-2)),
              *trainer = trainer_of(net, bptt_rule(), plain_descent(1e-2));
  cost_tiring(whole);
  cost_tiring(trainer);
  for (int k = 0; k < 80; k++) {
    nai_trials *trials = normal_trials(net, "z", k < 60 ? 120 - k : 60 + 5 * k, 1 + k % 3);
    found a = estimate(whole, trials, 0), b = estimate(trainer, trials, -1);
    expect_same(trainer, &a, &b, "a batch");
    drop(&a);
    drop(&b);
    nai_trials_destroy(trials);
  }
  nai_trainer_destroy(whole);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* Runs and evaluations: performances are equal. */
START_TEST(a_run_goes_on_as_before)
{
  double performance[2];
  for (int k = 0; k < 2; k++) {
    nai_network *net = compose_ei_of(20, 3, 16, 4, 3);
    expect_ok(nai_network_build(net, 1));
    nai_cost *cost;
    nai_trainer *trainer = train_on(net, "perceptual-decision-making",
                                    nai_cost_create_cross_entropy(&cost, "choice"), &cost);
    nai_progress now = NAI_PROGRESS_INIT;
    expect_ok(nai_trainer_set(trainer, "evaluate_every", 0));
    expect_ok(nai_trainer_set(trainer, "recompute", k ? -1 : 0));
    expect_ok(nai_trainer_run(trainer, 3, NULL, NULL));
    expect_ok(nai_trainer_set(trainer, "recompute", k ? 6 : 0));
    expect_ok(nai_trainer_set(trainer, "evaluate_every", 2));
    expect_ok(nai_trainer_run(trainer, 5, NULL, NULL));
    expect_ok(nai_trainer_step(&now, trainer, NULL));
    performance[k] = now.performance;
    nai_trainer_destroy(trainer);
  }
  EXPECT(performance[0] == performance[1] && performance[0] > 0);
}
END_TEST

/* Two estimates of one batch, of which the second begins where the first has ended. */
START_TEST(alignment_is_the_same)
{
  double cosine[2], ratio[2];
  nai_trainer *trainer = train_everything(2, NAI_TRANSFER_TANH, 0, NULL);
  nai_trials *trials = trials_for_everything(trainer->plasticity.net, 3);
  for (int k = 0; k < 2; k++) {
    expect_ok(nai_trainer_set(trainer, "recompute", 3 * k));
    expect_ok(nai_trainer_measure_alignment(trainer, trials));
    expect_ok(nai_trainer_alignment(&cosine[k], &ratio[k], trainer, NULL, NULL));
  }
  EXPECT(cosine[0] < 0.999 && fabs(cosine[0] - cosine[1]) < 1e-5);
  EXPECT(fabs(ratio[0] - ratio[1]) < 1e-5);
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
}
END_TEST

/* --- memory ----------------------------------------------------------------------------------- */

enum { UNITS = 112 };

static nai_network *build_wide(void)
{
  nai_network *net =
      COMPOSE(.dt = 10, .inputs = {{"u", 1}}, .populations = {{"E", UNITS, NAI_FREE}},
              .outputs = {{"z", 1}}, .projections = {{"u", "E"}, {"E", "E z"}});
  expect_ok(nai_network_set(net, "E", "noise", 0.1));
  expect_ok(nai_network_build(net, 1));
  return net;
}

/* Bytes that a batch of one trial takes beside outputs, as it is held and as it is told. */
static double bytes_of(nai_network *net, int64_t steps, int64_t recompute)
{
  nai_trials *trials = normal_trials(net, "z", steps, 1);
  int64_t before, told;
  long held = faults_held();
  nai_trainer *trainer = train_by_bptt(net, 1e-3);
  nai_cost *cost;
  attach_cost(trainer, nai_cost_create_mse(&cost, "z"), &cost, 1);
  expect_ok(nai_trainer_set(trainer, "recompute", (double)recompute));
  expect_ok(nai_trainer_memory(&before, trainer));
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  expect_ok(nai_trainer_memory(&told, trainer));
  int64_t network;
  expect_ok(nai_network_memory(&network, net));
  double taken = (double)(faults_held() - held);
  ck_assert_msg(fabs(taken / (double)(told - network) - 1) < 0.05, "%g bytes, not %g", taken,
                (double)(told - network));
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  return (double)(told - before) - 2.0 * 4 * (double)(steps * net->ld_outputs);
}

/* 64 times the steps in 8 times the memory; kept whole, in 64 times. */
START_TEST(memory_grows_as_the_root_of_steps)
{
  nai_network *net = build_wide();
  double few = bytes_of(net, 300, -1), many = bytes_of(net, 19200, -1),
         whole = bytes_of(net, 300, 0), all = bytes_of(net, 19200, 0);
  ck_assert_msg(many < 8.5 * few, "%g is not 8 times %g", many, few);
  ck_assert_msg(all > 60 * whole, "%g is not 64 times %g", all, whole);
  ck_assert_msg(many < all / 60, "%g is not a 60th of %g", many, all);
  nai_network_destroy(net);
}
END_TEST

/* What is chosen takes no more than any other spans do, or all steps. */
START_TEST(the_least_is_chosen)
{
  nai_network *net = _i ? build_areas("divisive", 1) : build_everything(NAI_TRANSFER_TANH, NULL);
  nai__batch batch = {.keeps_currents = 0};
  for (int64_t steps = 1; steps < 200; steps += 1 + steps / 3) {
    nai__means means = {1, NAI__LEAST_MEMORY};
    int64_t chosen = nai__batch_bytes(&batch, net, steps, 8, &means);
    for (means.recompute = 0; means.recompute <= steps; means.recompute++) {
      int64_t bytes = nai__batch_bytes(&batch, net, steps, 8, &means);
      ck_assert_msg((double)chosen <= 1.02 * (double)bytes, "%lld steps: %lld in spans of %lld",
                    (long long)steps, (long long)bytes, (long long)means.recompute);
    }
  }
  nai_network_destroy(net);
}
END_TEST

/* Nothing is taken after the first update; without memory nothing changes. */
START_TEST(no_allocation_and_failing_ones)
{
  nai_trainer *trainer = train_everything(0, NAI_TRANSFER_TANH, 1, NULL);
  nai_network *net = trainer->plasticity.net;
  nai_trials *trials = any_trials_for_everything(net, 33, 3);
  uint64_t hash = hash_of(net);
  expect_ok(nai_trainer_set(trainer, "recompute", 3));
  for (long n = 0;; n++) {
    faults_fail_allocation(n);
    nai_status status = nai_trainer_step(NULL, trainer, trials);
    faults_fail_allocation(-1);
    if (status == NAI_OK) break;
    EXPECT(status == NAI_ERR_MEMORY && hash_of(net) == hash && n < 200);
  }
  EXPECT(hash_of(net) != hash);
  long before = faults_allocations();
  for (int k = 0; k < 3; k++) expect_ok(nai_trainer_step(NULL, trainer, trials));
  EXPECT(faults_allocations() == before);
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
}
END_TEST

/* --- what ends an update ---------------------------------------------------------------------- */

/* Where the first rate is that is not finite: the step is counted from the trial's start. */
START_TEST(nan_is_found_in_its_span)
{
  char message[2][256];
  for (int k = 0; k < 2; k++) {
    nai_trainer *trainer =
        train_everything(0, _i ? NAI_TRANSFER_POWER : NAI_TRANSFER_LINEAR, 0, NULL);
    nai_network *net = trainer->plasticity.net;
    nai_trials *trials = trials_for_everything(net, 3);
    for (int64_t i = 0; i < net->unit_bias; i++) net->theta[i] *= 1e13F;
    nai__pack(net);
    uint64_t hash = hash_of(net);
    expect_ok(nai_trainer_set(trainer, "recompute", 2 * k));
    expect_fails(nai_trainer_step(NULL, trainer, trials), NAI_ERR_NONFINITE, "is not finite: unit");
    EXPECT(hash_of(net) == hash);
    snprintf(message[k], sizeof message[k], "%s", nai_last_error());
    nai_trials_destroy(trials);
    nai_trainer_destroy(trainer);
  }
  ck_assert_str_eq(message[0], message[1]);
}
END_TEST

/* The host says so: in the run, the way back, or a span that is run again. */
typedef struct host {
  int64_t asked, no;
} host;

static nai_status say(int64_t done, int64_t total, void *user)
{
  host *h = user;
  (void)done;
  (void)total;
  return ++h->asked < h->no ? NAI_OK : NAI_STOP;
}

START_TEST(the_host_may_end_it_anywhere)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_trials *trials = any_trials_for_everything(net, 33, 3);
  nai_rule *rule = bptt_rule();
  nai_optimizer *optimizer = plain_descent(1e-2);
  host h = {0, 0};
  nai_trainer *trainer;
  nai_cost *cost;
  expect_ok(nai_trainer_create_watched(&trainer, net, rule, optimizer, NULL, say, &h));
  attach_cost(trainer, nai_cost_create_mse(&cost, "real"), &cost, 1);
  expect_ok(nai_trainer_set(trainer, "recompute", 3));
  trainer->watch.every = 1; /* asked at each step */
  uint64_t hash = hash_of(net);
  int ended = 0;
  for (h.no = 1;; h.no++, ended++) {
    h.asked = 0;
    nai_status status = nai_trainer_step(NULL, trainer, trials);
    if (status == NAI_OK) break;
    EXPECT(status == NAI_ERR_USER && hash_of(net) == hash);
  }
  EXPECT(ended > 3 * EVERYTHING_STEPS && hash_of(net) != hash); /* forward, again, and back */
  nai_optimizer_destroy(optimizer);
  nai_rule_destroy(rule);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* A user's model, on one thread: its function may fail when a span is run again. */
START_TEST(a_model_may_fail_in_a_span)
{
  own_model user = {.fails = OWN_STEP, .fails_after = 1000000, .says = 1, .threaded = 0};
  nai_network *net = COMPOSE(.dt = 10, .inputs = {{"u", 2}}, .populations = {{"A", 5, NAI_FREE}},
                             .outputs = {{"z", 1}});
  nai_model_ops ops = own_adaptive_ops(&user);
  nai_model *model;
  expect_ok(nai_model_create(&model, &ops, &user));
  expect_ok(nai_network_use_model(net, "A", model));
  nai_model_destroy(model);
  expect_ok(nai_network_connect(net, "u", "A"));
  expect_ok(nai_network_connect(net, "A", "A z"));
  expect_ok(nai_network_build(net, 1));
  nai_trials *trials = normal_trials(net, "z", 9, 3);
  nai_trainer *trainer = train_by_bptt(net, 1e-2);
  nai_cost *cost;
  attach_cost(trainer, nai_cost_create_mse(&cost, "z"), &cost, 1);
  expect_spans_agree(trainer, trials, "a user's model");
  expect_ok(nai_trainer_set(trainer, "recompute", 4));
  uint64_t hash = hash_of(net);
  user.fails_after =
      user.calls[OWN_STEP - 1] + 9 + 2; /* nine steps, then those of the second span */
  expect_fails(nai_trainer_step(NULL, trainer, trials), NAI_ERR_USER, "");
  EXPECT(hash_of(net) == hash);
  user.fails = 0;
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  EXPECT(hash_of(net) != hash);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* --- what is refused -------------------------------------------------------------------------- */

static void expect_refused(nai_status made, nai_rule **rule, const char *words)
{
  double recompute;
  nai_network *net = build_wide();
  expect_ok(made);
  nai_trainer *trainer = trainer_of(net, *rule, plain_descent(1e-2));
  expect_fails(nai_trainer_set(trainer, "recompute", 5), NAI_ERR_UNSUPPORTED, words);
  expect_fails(nai_trainer_set(trainer, "recompute", -1), NAI_ERR_UNSUPPORTED, "recompute is -1");
  expect_ok(nai_trainer_get(&recompute, trainer, "recompute"));
  EXPECT(recompute == 0);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}

START_TEST(rules_that_want_all_steps_say_so)
{
  nai_rule *rule;
  expect_refused(nai_rule_create_rtrl(&rule), &rule,
                 "recompute is 5, but rule 'rtrl' needs the rates of all steps at once: set "
                 "recompute to 0, or use a rule that walks back");
  expect_refused(nai_rule_create_uoro(&rule, 1), &rule, "rule 'uoro' needs");
  expect_refused(nai_rule_create_node_perturbation(&rule, 0.1, 1), &rule,
                 "'node_perturbation' needs");
  expect_refused(nai_rule_create_reward_hebbian(&rule, 1), &rule, "rule 'reward_hebbian' needs");
}
END_TEST

/* Also when the rule's number is changed afterwards. */
START_TEST(learning_within_trials_is_refused)
{
  nai_network *net = build_wide();
  nai_trials *trials = normal_trials(net, "z", 9, 3);
  nai_rule *rule;
  nai_optimizer *optimizer = plain_descent(1e-2);
  nai_trainer *trainer;
  nai_cost *cost;
  expect_ok(nai_rule_create_rflo(&rule, 1));
  expect_ok(nai_trainer_create(&trainer, net, rule, optimizer, NULL));
  attach_cost(trainer, nai_cost_create_mse(&cost, "z"), &cost, 1);
  expect_ok(nai_trainer_set(trainer, "recompute", 5));
  expect_ok(nai_rule_set(rule, "update_every", 3));
  expect_fails(nai_trainer_step(NULL, trainer, trials), NAI_ERR_UNSUPPORTED,
               "recompute is 5, but rule 'rflo' with update_every 3 learns as it goes");
  expect_ok(nai_trainer_set(trainer, "batch", 7)); /* a setting of its own */
  expect_ok(nai_trainer_set(trainer, "recompute", 0));
  nai_trainer_destroy(trainer);
  nai_rule_destroy(rule);
  expect_ok(nai_rule_create_rflo(&rule, 1));
  expect_ok(nai_rule_set(rule, "update_every", 3));
  expect_ok(nai_trainer_create(&trainer, net, rule, optimizer, NULL));
  expect_fails(nai_trainer_set(trainer, "recompute", 5), NAI_ERR_UNSUPPORTED,
               "rule 'rflo' with update_every 3 learns as it goes");
  nai_trainer_destroy(trainer);
  nai_rule_destroy(rule);
  nai_optimizer_destroy(optimizer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* Whichever comes first, the cost or the setting; the costs that were there stay. */
START_TEST(costs_that_want_all_steps_are_refused)
{
  static const char *const words[] = {"cost 'rate_target' needs the rates of all steps at once",
                                      "cost 'vanishing_gradient' needs the errors of units of all"};
  for (int k = 0; k < 4; k++) {
    nai_network *net = build_wide();
    nai_trainer *trainer = train_by_bptt(net, 1e-2);
    nai_cost *cost;
    double recompute;
    expect_ok(k % 2 ? nai_cost_create_vanishing_gradient(&cost, "E")
                    : nai_cost_create_rate_target(&cost, "E", 0.3));
    if (k < 2) {
      expect_ok(nai_trainer_set(trainer, "recompute", -1));
      expect_fails(nai_trainer_add_cost(trainer, cost, 1), NAI_ERR_UNSUPPORTED, words[k % 2]);
      EXPECT(nai_trainer_cost_count(trainer) == 0);
      expect_ok(nai_trainer_set(trainer, "recompute", 0));
    }
    expect_ok(nai_trainer_add_cost(trainer, cost, 1));
    expect_fails(nai_trainer_set(trainer, "recompute", 7), NAI_ERR_UNSUPPORTED, words[k % 2]);
    expect_ok(nai_trainer_get(&recompute, trainer, "recompute"));
    EXPECT(recompute == 0 && nai_trainer_cost_count(trainer) == 1);
    nai_cost_destroy(cost);
    nai_trainer_destroy(trainer);
    nai_network_destroy(net);
  }
}
END_TEST

START_TEST(bad_numbers_are_refused)
{
  nai_network *net = build_wide();
  nai_trainer *trainer = train_by_bptt(net, 1e-2);
  double recompute;
  expect_ok(nai_trainer_set(trainer, "recompute", 4));
  expect_fails(nai_trainer_set(trainer, "recompute", -2), NAI_ERR_INVALID,
               "recompute is -2, must be -1 to 1e+09");
  expect_fails(nai_trainer_set(trainer, "recompute", 2.5), NAI_ERR_INVALID,
               "must be a whole number");
  expect_fails(nai_trainer_set(trainer, "recompute", NAN), NAI_ERR_INVALID, "recompute is nan");
  expect_ok(nai_trainer_get(&recompute, trainer, "recompute"));
  EXPECT(recompute == 4);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* Outputs are all there; rates of a trial in spans are not, and of one span they are. */
START_TEST(rates_that_are_not_kept_cannot_be_seen)
{
  nai_network *net = build_wide();
  nai_trials *trials = normal_trials(net, "z", 9, 3);
  nai_trainer *trainer = train_by_bptt(net, 1e-2);
  nai_cost *cost;
  nai_view view = NAI_VIEW_INIT;
  attach_cost(trainer, nai_cost_create_mse(&cost, "z"), &cost, 1);
  expect_ok(nai_trainer_set(trainer, "recompute", 4));
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  expect_ok(nai_trainer_activity(&view, trainer, "z"));
  EXPECT(view.shape[0] == 9 && view.shape[1] == 3);
  expect_fails(nai_trainer_activity(&view, trainer, "E"), NAI_ERR_UNSUPPORTED,
               "the rates of 'E' were kept for 4 of 9 steps at a time: set recompute to 0");
  expect_ok(nai_trainer_set(trainer, "recompute", 9));
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  expect_ok(nai_trainer_activity(&view, trainer, "E"));
  EXPECT(view.shape[0] == 9);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

Suite *recompute_suite(void);

Suite *recompute_suite(void)
{
  Suite *suite = suite_create("recompute");
  TCase *same = tcase_create("the same");
  tcase_set_timeout(same, 60);
  tcase_add_loop_test(same, every_rule_agrees, 0, n_rules);
  tcase_add_loop_test(same, every_transfer_function_agrees, 0, transfers());
  tcase_add_loop_test(same, cells_agree, 0, 6);
  tcase_add_test(same, releases_and_initial_states_agree);
  tcase_add_test(same, lists_agree);
  tcase_add_loop_test(same, threads_do_not_matter, 0, n_rules);
  tcase_add_loop_test(same, updates_keep_their_bits, 0, n_rules);
  suite_add_tcase(suite, same);
  ADD_CASE(suite, "tasks", answers_of_a_task_are_kept, batches_may_have_any_length,
           a_run_goes_on_as_before, alignment_is_the_same);
  TCase *memory = tcase_create("memory");
  tcase_set_timeout(memory, 60);
  tcase_add_test(memory, memory_grows_as_the_root_of_steps);
  tcase_add_loop_test(memory, the_least_is_chosen, 0, 2);
  tcase_add_test(memory, no_allocation_and_failing_ones);
  suite_add_tcase(suite, memory);
  TCase *ends = tcase_create("what ends an update");
  tcase_add_loop_test(ends, nan_is_found_in_its_span, 0, 2);
  tcase_add_test(ends, the_host_may_end_it_anywhere);
  tcase_add_test(ends, a_model_may_fail_in_a_span);
  suite_add_tcase(suite, ends);
  ADD_CASE(suite, "refused", rules_that_want_all_steps_say_so, learning_within_trials_is_refused,
           costs_that_want_all_steps_are_refused, bad_numbers_are_refused,
           rates_that_are_not_kept_cannot_be_seen);
  return suite;
}
