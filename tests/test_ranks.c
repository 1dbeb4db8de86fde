/*
 * Networks that ranks share: threads in place of ranks. Spikes, rates, outputs and recorded variables have the
 * bits of one rank; no rank has another's synapses; what fails on one fails on all.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/base/error.h"
#include "../lib/network/network.h"
#include "faults.h"
#include "networks.h"
#include "ranks.h"
#include "rules.h"
#include "states.h"

enum { E = 1500, I = 400, UNITS = E + I, STEPS = 300, ROOM = 1 << 16 };

/* How synapses and their delays are drawn, and what there is besides. */
enum { INDEGREE, TOTAL, SPARSE, OUTDEGREE, MULTAPSES, KINDS };
/* BUSY: nearly all fire at each step, which is more than goes with one gather. */
enum { ONE_DELAY = 0, DRAWN_DELAYS = 1, OUTPUT = 2, DRAWN_WEIGHTS = 4, BUSY = 8, NOISE = 16 };

static void constrain(nai_network *net, int kind)
{
  nai_constraint *c = NULL;
  if (kind == INDEGREE) nai_constraint_create_indegree(&c, 60);
  if (kind == TOTAL) nai_constraint_create_total(&c, 20000);
  if (kind == SPARSE) nai_constraint_create_sparse(&c, 0.06);
  if (kind == OUTDEGREE) nai_constraint_create_outdegree(&c, 30);
  if (kind == MULTAPSES) nai_constraint_create_total_multapses(&c, 20000);
  nai_network_constrain(net, "E I", "E I", c);
  nai_constraint_destroy(c);
}

/* Fires when what it has gathered, of what arrives and of noise, has come to 3. */
static nai_status step_noisy(void *user, nai_unit_batch *b)
{
  (void)user;
  for (int64_t i = 0; i < b->n; i++) {
    float v = 0.9F * b->state[0][i] + 0.1F * b->port[0][i] + b->normal[0][i];
    b->signal[0][i] = v > 3;
    b->state[0][i] = v > 3 ? 0 : v;
  }
  return NAI_OK;
}

static void use_noisy(nai_network *net, const char *names)
{
  static const nai_field v[] = {{.struct_size = sizeof *v, .name = "v"}},
                         input[] = {{.struct_size = sizeof *v, .name = "input"}},
                         spike[] = {{.struct_size = sizeof *v, .name = "spike"}};
  const nai_model_ops ops = {.struct_size = sizeof ops,
                             .flags = NAI_MODEL_THREADED | NAI_MODEL_SPIKES,
                             .name = "noisy",
                             .n_states = 1,
                             .n_ports = 1,
                             .n_signals = 1,
                             .n_normals = 1,
                             .states = v,
                             .ports = input,
                             .signals = spike,
                             .step = step_noisy};
  nai_model *model = NULL;
  nai_model_create(&model, &ops, NULL);
  nai_network_use_model(net, names, model);
  nai_model_destroy(model);
}

/* Not built. Weights and background suit about 15 Hz. */
static nai_network *compose(int kind, int with, int threads, nai_exchange *exchange)
{
  nai_network *net = NULL;
  nai_network_create(&net, 0.5);
  nai_network_add_population(net, "E", E, NAI_EXCITATORY);
  nai_network_add_population(net, "I", I, NAI_INHIBITORY);
  nai_network_set_model(net, "E I", "lif");
  nai_network_set(net, "E I", "tau", 20);
  nai_network_set(net, "E I", "threshold", 20);
  nai_network_set(net, "E I", "reset", 10);
  nai_network_set(net, "E I", "refractory", 2);
  nai_network_set(net, "E I", "background", with & BUSY ? 1e6 : 11000);
  if (with & BUSY) nai_network_set(net, "E I", "refractory", 0);
  nai_network_set(net, "E I", "background_weight", 0.1);
  if (with & NOISE) use_noisy(net, "I");
  nai_network_connect(net, "E I", "E I");
  constrain(net, kind);
  const int32_t drawn = with & DRAWN_WEIGHTS ? NAI_WEIGHTS_NORMAL : NAI_WEIGHTS_CONSTANT;
  nai_network_set_initial_weights(net, "E", "E I", drawn, 0.2, 0.05);
  nai_network_set_initial_weights(net, "I", "E I", drawn, -1, 0.1);
  nai_network_set_plastic(net, "E I", "E I", 0);
  nai_network_set_delay(net, "E I", "E I", 1.5);
  if (with & DRAWN_DELAYS) nai_network_set_delays(net, "E I", "E I", 3, 1, 1);
  if (with & OUTPUT) {
    nai_network_add_input(net, "u", 2);
    nai_network_add_output(net, "z", 2);
    nai_network_connect(net, "E", "z");
    nai_network_connect(net, "u", "I");
    nai_network_set_initial_weights(net, "u", "I", NAI_WEIGHTS_CONSTANT, 1, 0);
    nai_network_set_delay(net, "u", "I", 1);
    nai_network_set_delay(net, "E", "z", 1);
    nai_network_set(net, "z", "tau", 10);
    nai_network_set(net, "u", "noise", 0.1);
  }
  nai_network_set_threads(net, threads);
  if (exchange) nai_network_set_exchange(net, exchange);
  return net;
}

/* What a rank saw. */
typedef struct seen {
  nai_status status;
  char message[256];
  int64_t synapses; /* that it has between populations */
  int64_t n;        /* spikes */
  nai_spike spike[ROOM];
  float rates[UNITS], traces[20][UNITS], outputs[STEPS][2], some_rates[STEPS / 40 + 1][UNITS];
} seen;

typedef struct job {
  int kind, with, threads;
  seen *of; /* [ranks] */
} job;

static int64_t count_synapses(const nai_network *net)
{
  int64_t n = 0;
  for (int64_t k = 0; k < net->n_blocks; k++)
    if (net->block[k].synapses) n += net->block[k].synapses->first[net->block[k].n_post];
  return n;
}

/* In two calls, so that one begins where steps made at once end elsewhere; with a current added for some steps. */
static nai_status record(seen *out, nai_state *state, const job *j)
{
  static const float current = 0.5F;
  float input[STEPS][2];
  for (int t = 0; t < STEPS; t++) input[t][0] = (float)(t % 5), input[t][1] = (float)(t % 7);
  nai_recording r = NAI_RECORDING_INIT;
  r.populations = "E I";
  r.spikes = out->spike;
  r.room = ROOM;
  r.outputs = j->with & OUTPUT ? out->outputs[0] : NULL;
  const float *u = j->with & OUTPUT ? input[0] : NULL;
  const int steps = j->with & BUSY ? 15 : STEPS, some = steps / 3 + 1;
  r.rates = out->some_rates[0];
  r.every = 40;
  if (r.outputs) r.every = 1, r.rates = NULL;
  NAI__TRY(nai_state_record(&r, state, some, u));
  NAI__TRY(nai_state_inject(state, "E", &current, 1));
  if (r.outputs) r.outputs = out->outputs[some];
  if (r.rates) r.rates = out->some_rates[r.rows];
  NAI__TRY(nai_state_record(&r, state, steps - some, u ? u + 2 * (ptrdiff_t)some : NULL));
  NAI__TRY(nai_state_release(state, "E"));
  out->n = r.n;
  NAI__TRY(nai_state_clamp(state, "I", 1));
  NAI__TRY(nai_state_run(NULL, NULL, state, 3, NULL));
  NAI__TRY(nai_state_release(state, "I"));
  NAI__TRY(record_variables(out->traces[0], UNITS, NULL, state, 20, NULL, "E:v I:v"));
  nai_view rates = NAI_VIEW_INIT;
  NAI__TRY(nai_state_rates(&rates, state, "E"));
  memcpy(out->rates, rates.data, E * sizeof(float));
  return NAI_OK;
}

static nai_status simulate(seen *out, const job *j, nai_exchange *exchange)
{
  nai_network *net = compose(j->kind, j->with, j->threads, exchange);
  nai_state *state = NULL;
  nai_status status = nai_network_build(net, 7);
  if (status == NAI_OK) {
    out->synapses = count_synapses(net);
    status = nai_state_create(&state, net, 1, 3);
  }
  if (status == NAI_OK) status = nai_state_set_threads(state, j->threads);
  if (status == NAI_OK) status = record(out, state, j);
  snprintf(out->message, sizeof out->message, "%s", status == NAI_OK ? "" : nai_last_error());
  nai_state_destroy(state);
  nai_network_destroy(net);
  return status;
}

static void simulate_rank(int rank, nai_exchange *exchange, void *argument)
{
  const job *j = argument;
  j->of[rank].status = simulate(&j->of[rank], j, exchange);
  nai_exchange_destroy(exchange);
}

static seen *run_on(int ranks, int kind, int with, int threads)
{
  seen *of = calloc((size_t)ranks, sizeof *of);
  job j = {kind, with, threads, of};
  ranks_plan plan = {.ranks = ranks, .work = simulate_rank, .argument = &j};
  run_ranks(&plan, NULL);
  for (int k = 0; k < ranks; k++)
    ck_assert_msg(of[k].status == NAI_OK, "rank %d: %s", k, of[k].message);
  return of;
}

static void expect_same(const seen *a, const seen *b)
{
  ck_assert_int_eq(a->n, b->n);
  EXPECT(memcmp(a->spike, b->spike, (size_t)a->n * sizeof *a->spike) == 0);
  EXPECT(memcmp(a->rates, b->rates, sizeof a->rates) == 0);
  EXPECT(memcmp(a->traces, b->traces, sizeof a->traces) == 0);
  EXPECT(memcmp(a->outputs, b->outputs, sizeof a->outputs) == 0);
  EXPECT(memcmp(a->some_rates, b->some_rates, sizeof a->some_rates) == 0);
}

static const int withs[] = {ONE_DELAY,     DRAWN_DELAYS, OUTPUT,
                            DRAWN_WEIGHTS, BUSY,         DRAWN_DELAYS | DRAWN_WEIGHTS | OUTPUT,
                            OUTPUT | NOISE};
#define WITHS ((int)(sizeof withs / sizeof *withs))

START_TEST(ranks_have_the_bits_of_one)
{
  static const int teams[][2] = {{2, 1}, {3, 2}, {4, 1}};
  const int kind = _i % KINDS, with = withs[_i / KINDS];
  seen *one = run_on(1, kind, with, 1);
  ck_assert_msg(one->n > 1000 && one->n < ROOM / 2, "%lld spikes", (long long)one->n);
  for (int k = 0; k < 3; k++) {
    const int ranks = teams[k][0];
    seen *all = run_on(ranks, kind, with, teams[k][1]);
    int64_t synapses = 0;
    for (int r = 0; r < ranks; r++) {
      expect_same(one, &all[r]);
      synapses += all[r].synapses;
      EXPECT((double)all[r].synapses < 1.2 * (double)one->synapses / ranks);
    }
    ck_assert_int_eq(synapses, one->synapses);
    free(all);
  }
  free(one);
}
END_TEST

/* Of constant weights, and of drawn ones from many senders, those without an exchange as well. */
START_TEST(without_an_exchange_it_is_the_same)
{
  seen *alone = calloc(1, sizeof *alone);
  const job j = {_i, ONE_DELAY, 1, NULL};
  nai_network *net = compose(j.kind, j.with, 1, NULL);
  expect_ok(nai_network_set_storage(net, "E I", "E I", NAI_STORAGE_LISTED));
  expect_ok(nai_network_build(net, 7));
  nai_state *state;
  expect_ok(nai_state_create(&state, net, 1, 3));
  expect_ok(record(alone, state, &j));
  seen *two = run_on(2, j.kind, j.with, 1);
  expect_same(alone, &two[1]);
  free(two);
  free(alone);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* --- how often they meet ---------------------------------------------------------------------- */

typedef struct turns {
  nai_status status[2];
  int with, clamped;
  int64_t apart; /* steps that one of them runs before the others */
  char message[2][200];
} turns;

/* 300 steps, with what is given and read out at each of them. */
static void run_rank(int rank, nai_exchange *exchange, void *argument)
{
  turns *turns = argument;
  static const float input[STEPS][2];
  float outputs[STEPS][2];
  nai_network *net = compose(SPARSE, turns->with, 1, exchange);
  nai_state *state = NULL;
  nai_status status = nai_network_build(net, 7);
  if (status == NAI_OK) status = nai_state_create(&state, net, 1, 3);
  if (status == NAI_OK && turns->clamped) status = nai_state_clamp(state, "I", 0);
  if (status == NAI_OK && rank == 1 && turns->apart)
    status = nai_state_run(NULL, NULL, state, turns->apart, NULL);
  if (status == NAI_OK)
    status = nai_state_run(turns->with & OUTPUT ? outputs[0] : NULL, NULL, state, STEPS,
                           turns->with & OUTPUT ? input[0] : NULL);
  turns->status[rank] = status;
  snprintf(turns->message[rank], sizeof turns->message[rank], "%s", nai_last_error());
  nai_state_destroy(state);
  nai_network_destroy(net);
  nai_exchange_destroy(exchange);
}

/* A delay of three steps: a hundred gathers, some more where a row had not enough room, and one of the build. */
START_TEST(they_meet_as_often_as_delays_ask)
{
  static const int with[] = {ONE_DELAY, OUTPUT, NOISE, OUTPUT | NOISE};
  for (int k = 0; k < 4; k++) {
    ranks_told told[2];
    turns turns = {.with = with[k]};
    run_ranks(&(ranks_plan){.ranks = 2, .work = run_rank, .argument = &turns}, told);
    EXPECT(turns.status[0] == NAI_OK && turns.status[1] == NAI_OK);
    ck_assert_msg(told[0].gathers > 100 && told[0].gathers < 140, "%ld gathers", told[0].gathers);
  }
}
END_TEST

/* Rates that are imposed on units of others come after what those sent by themselves. */
START_TEST(clamped_ones_meet_at_each_step)
{
  ranks_told told[2];
  turns turns = {.with = OUTPUT, .clamped = 1};
  run_ranks(&(ranks_plan){.ranks = 2, .work = run_rank, .argument = &turns}, told);
  EXPECT(turns.status[0] == NAI_OK && turns.status[1] == NAI_OK);
  EXPECT(told[0].gathers > 300);
}
END_TEST

/* Delays are of three steps. */
START_TEST(all_make_the_same_calls)
{
  turns turns = {.with = ONE_DELAY, .apart = 100};
  run_ranks(&(ranks_plan){.ranks = 2, .work = run_rank, .argument = &turns}, NULL);
  for (int k = 0; k < 2; k++) ck_assert_int_eq(turns.status[k], NAI_ERR_ORDER);
  EXPECT(
      strstr(turns.message[0], "rank 1 of 2 has made 1 steps from step 100 on, this one 3 from"));
  EXPECT(
      strstr(turns.message[1], "rank 0 of 2 has made 3 steps from step 100 on, this one 1 from"));
}
END_TEST

/* --- failures --------------------------------------------------------------------------------- */

START_TEST(a_rank_that_fails_fails_all)
{
  for (long call = 1; call < 40; call += 7) {
    seen *of = calloc(2, sizeof *of);
    job j = {SPARSE, ONE_DELAY, 1, of};
    ranks_plan plan = {
        .ranks = 2, .work = simulate_rank, .argument = &j, .failing = 1, .failing_call = call};
    run_ranks(&plan, NULL);
    for (int k = 0; k < 2; k++) {
      EXPECT(of[k].status == NAI_ERR_USER);
      EXPECT(of[k].message[0] != 0);
    }
    free(of);
  }
}
END_TEST

/* A build that one rank cannot make. */
static void build_rank(int rank, nai_exchange *exchange, void *argument)
{
  seen *of = argument;
  nai_network *net = compose(INDEGREE, ONE_DELAY, 1, exchange);
  if (rank == 1) nai_network_set_memory_limit(net, 1000);
  of[rank].status = nai_network_build(net, 7);
  snprintf(of[rank].message, sizeof of[rank].message, "%s", nai_last_error());
  nai_network_destroy(net);
  nai_exchange_destroy(exchange);
}

START_TEST(a_build_fails_on_all)
{
  seen *of = calloc(3, sizeof *of);
  ranks_plan plan = {.ranks = 3, .work = build_rank, .argument = of};
  run_ranks(&plan, NULL);
  for (int k = 0; k < 3; k++) EXPECT(of[k].status == (k == 1 ? NAI_ERR_MEMORY : NAI_ERR_ORDER));
  EXPECT(strstr(of[1].message, "bytes of memory") != NULL);
  EXPECT(strstr(of[0].message, "failed on rank 1 of 3") != NULL);
  free(of);
}
END_TEST

enum { OTHER_SEED, OTHER_DELAY, WIDE_DELAYS };

/* One rank has another seed, or another delay; of wide ones each has another mean, of its own synapses. */
static void build_other(int rank, nai_exchange *exchange, void *argument)
{
  seen *of = argument;
  const int kind = of[rank].status, is_other = rank == 1;
  nai_network *net = compose(INDEGREE, ONE_DELAY, 1, exchange);
  if (kind == OTHER_DELAY && is_other) expect_ok(nai_network_set_delay(net, "E I", "E I", 9));
  if (kind == WIDE_DELAYS) expect_ok(nai_network_set_delays(net, "E I", "E I", 100, 50, 1));
  of[rank].status = nai_network_build(net, kind == OTHER_SEED && is_other ? 8 : 7);
  snprintf(of[rank].message, sizeof of[rank].message, "%s", nai_last_error());
  nai_network_destroy(net);
  nai_exchange_destroy(exchange);
}

START_TEST(ranks_build_the_same_network)
{
  for (int kind = OTHER_SEED; kind <= WIDE_DELAYS; kind++) {
    seen of[2] = {{.status = kind}, {.status = kind}};
    run_ranks(&(ranks_plan){.ranks = 2, .work = build_other, .argument = of}, NULL);
    for (int k = 0; k < 2; k++) {
      ck_assert_int_eq(of[k].status, kind == WIDE_DELAYS ? NAI_OK : NAI_ERR_ORDER);
      EXPECT(kind == WIDE_DELAYS ||
             strstr(of[k].message, k ? "rank 0 of 2 builds another network"
                                     : "rank 1 of 2 builds another network"));
    }
  }
}
END_TEST

/* A twin that says what this rank says. */
static nai_status echo(void *user, const int64_t *first, const int64_t *bytes, void *all)
{
  (void)user;
  memcpy((char *)all + first[1], (char *)all + first[0],
         (size_t)(bytes[0] < bytes[1] ? bytes[0] : bytes[1]));
  return NAI_OK;
}

/* All of a rank's life; allocations of the build and of the state fail after so many. */
static nai_status live(long good)
{
  nai_exchange_ops ops = {
      .struct_size = sizeof ops, .ranks = 2, .swap = ranks_no_swap, .gather = echo};
  nai_exchange *exchange;
  nai_state *state = NULL;
  NAI__TRY(nai_exchange_create(&exchange, &ops, NULL));
  nai_network *net = compose(TOTAL, DRAWN_DELAYS, 1, exchange);
  nai_exchange_destroy(exchange);
  faults_fail_allocation(good);
  nai_status status = nai_network_build(net, 7);
  if (status == NAI_OK) status = nai_state_create(&state, net, 1, 3);
  faults_fail_allocation(-1);
  if (status == NAI_OK) status = nai_state_run(NULL, NULL, state, 20, NULL);
  nai_state_destroy(state);
  nai_network_destroy(net);
  return status;
}

START_TEST(each_allocation_may_fail)
{
  expect_ok(live(-1));
  const long held = faults_held();
  for (long good = 0;; good++) {
    const nai_status status = live(good);
    ck_assert_int_le(faults_held(), held);
    if (status == NAI_OK) break;
    ck_assert_int_eq(status, NAI_ERR_MEMORY);
    if (good > 40) good += 7;
  }
}
END_TEST

/* --- refusals --------------------------------------------------------------------------------- */

typedef struct refusing {
  const ranks_refusal *what;
  seen *of;
} refusing;

static void refuse_rank(int rank, nai_exchange *exchange, void *argument)
{
  const refusing *r = argument;
  nai_network *net = compose(SPARSE, ONE_DELAY, 1, exchange);
  r->what->spoil(net);
  r->of[rank].status = nai_network_build(net, 7);
  snprintf(r->of[rank].message, sizeof r->of[rank].message, "%s", nai_last_error());
  nai_network_destroy(net);
  nai_exchange_destroy(exchange);
}

START_TEST(a_build_refuses_what_cannot_be_shared)
{
  seen *of = calloc(2, sizeof *of);
  refusing r = {&ranks_refused[_i], of};
  ranks_plan plan = {.ranks = 2, .work = refuse_rank, .argument = &r};
  run_ranks(&plan, NULL);
  for (int k = 0; k < 2; k++) {
    ck_assert_msg(of[k].status == NAI_ERR_UNSUPPORTED, "%d: %s", of[k].status, of[k].message);
    ck_assert_msg(strstr(of[k].message, ranks_refused[_i].says) != NULL, "%s", of[k].message);
  }
  free(of);
}
END_TEST

/* What needs the network whole. */
static void need_whole(int rank, nai_exchange *exchange, void *argument)
{
  int *wrong = argument;
  nai_network *net = compose(SPARSE, OUTPUT, 1, exchange), *copy;
  nai_trainer *trainer;
  nai_state *state;
  nai_rule *rule;
  nai_optimizer *optimizer;
  int64_t bytes;
  wrong[rank] += nai_network_build(net, 7) != NAI_OK;
  wrong[rank] += nai_network_set_exchange(net, exchange) != NAI_ERR_ORDER;
  nai_rule_create_bptt(&rule);
  nai_optimizer_create_sgd(&optimizer, 1);
  wrong[rank] += nai_trainer_create(&trainer, net, rule, optimizer, NULL) != NAI_ERR_UNSUPPORTED;
  wrong[rank] += strstr(nai_last_error(), "which 2 ranks share") == NULL;
  wrong[rank] += nai_network_copy(&copy, net) != NAI_ERR_UNSUPPORTED;
  wrong[rank] += nai_network_save(net, "/nowhere/else") != NAI_ERR_UNSUPPORTED;
  wrong[rank] += nai_network_save_memory(NULL, 0, &bytes, net) != NAI_ERR_UNSUPPORTED;
  wrong[rank] += nai_state_create(&state, net, 2, 1) != NAI_ERR_UNSUPPORTED;
  wrong[rank] += nai_network_set_plastic(net, "E", "I", 1) != NAI_ERR_UNSUPPORTED;
  wrong[rank] += nai_network_prune(net, "E", "I", 0.5, 1) != NAI_ERR_UNSUPPORTED;
  nai_intervention cut = NAI_INTERVENTION_INIT;
  cut.kind = NAI_SCALE_SYNAPSES;
  cut.names = "E";
  cut.to = "I";
  wrong[rank] += nai_state_create(&state, net, 1, 1) != NAI_OK;
  wrong[rank] += nai_state_intervene(state, &cut, 1) != NAI_ERR_UNSUPPORTED;
  nai_state_destroy(state);
  nai_rule_destroy(rule);
  nai_optimizer_destroy(optimizer);
  nai_network_destroy(net);
  nai_exchange_destroy(exchange);
}

START_TEST(what_needs_all_synapses_is_refused)
{
  int wrong[2] = {0};
  ranks_plan plan = {.ranks = 2, .work = need_whole, .argument = wrong};
  run_ranks(&plan, NULL);
  ck_assert_int_eq(wrong[0] + wrong[1], 0);
}
END_TEST

/* What is said before a build is not exceeded by it; and half of it is another rank's. */
static void say_memory(int rank, nai_exchange *exchange, void *argument)
{
  int64_t *bytes = (int64_t *)argument + 2 * rank;
  nai_network *net = compose(INDEGREE, ONE_DELAY, 1, exchange);
  if (nai_network_memory(&bytes[0], net) != NAI_OK || nai_network_build(net, 7) != NAI_OK ||
      nai_network_memory(&bytes[1], net) != NAI_OK)
    bytes[1] = -1;
  nai_network_destroy(net);
  nai_exchange_destroy(exchange);
}

START_TEST(memory_is_said_before)
{
  int64_t one[2], two[4];
  ranks_plan plan = {.ranks = 1, .work = say_memory, .argument = one};
  run_ranks(&plan, NULL);
  plan = (ranks_plan){.ranks = 2, .work = say_memory, .argument = two};
  run_ranks(&plan, NULL);
  EXPECT(one[1] > 0 && one[1] <= one[0]);
  for (int k = 0; k < 2; k++) EXPECT(two[2 * k + 1] > 0 && two[2 * k + 1] <= two[2 * k]);
  EXPECT(two[1] < 0.8 * (double)one[1] && two[0] < 0.8 * (double)one[0]);
}
END_TEST

START_TEST(an_exchange_is_needed)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, 1));
  expect_fails(nai_network_set_exchange(net, NULL), NAI_ERR_INVALID, "exchange");
  expect_fails(nai_network_set_exchange(NULL, NULL), NAI_ERR_INVALID, "net");
  nai_network_destroy(net);
}
END_TEST

Suite *ranks_suite(void)
{
  Suite *suite = suite_create("ranks");
  TCase *tests = tcase_create("ranks");
  tcase_set_timeout(tests, 300);
  tcase_add_loop_test(tests, ranks_have_the_bits_of_one, 0, KINDS * WITHS);
  tcase_add_loop_test(tests, without_an_exchange_it_is_the_same, 0, KINDS);
  tcase_add_test(tests, they_meet_as_often_as_delays_ask);
  tcase_add_test(tests, clamped_ones_meet_at_each_step);
  tcase_add_test(tests, all_make_the_same_calls);
  tcase_add_test(tests, a_rank_that_fails_fails_all);
  tcase_add_test(tests, a_build_fails_on_all);
  tcase_add_test(tests, ranks_build_the_same_network);
  tcase_add_test(tests, each_allocation_may_fail);
  tcase_add_loop_test(tests, a_build_refuses_what_cannot_be_shared, 0, RANKS_REFUSED);
  tcase_add_test(tests, what_needs_all_synapses_is_refused);
  tcase_add_test(tests, memory_is_said_before);
  tcase_add_test(tests, an_exchange_is_needed);
  suite_add_tcase(suite, tests);
  return suite;
}
